"""Steps beyond the eight neighbours, for least cost: 16 or 32 directions, each a straight line over several cells.

With eight neighbours a route over open land is up to 8.2 % longer than the straight line, with 16 up to 2.8 %, with 32 up to
1.3 %. A step costs its length times the mean over the cells that its line passes through, weighted by the length in each, plus
the cost of the fences that the line crosses. Circuits know no such steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.errors import DataError
from rasters.fences import FenceTerms
from rasters.steps import FAR_STEPS, STEPS, passed_cells
from rasters.surface import ResistanceSurface

__all__ = ["FarSteps", "far_steps"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FarSteps:
    """Every step of a least-cost search, the near ones first.

    Parameters
    ----------
    steps : (m, 2) int64
        Rows and columns from a step's first cell to its second.
    cost : (m, height, width) float64
        At the first cell; inf where the line leaves passable land or crosses a closed fence [effective m]. 8 m B per cell.
    fence : FenceTerms
        What fences add to the far steps; ``step`` counts in ``rasters.steps.FAR_STEPS``.
    """

    steps: NDArray[np.int64]
    cost: NDArray[np.float64]
    fence: FenceTerms


def far_steps(
    surface: ResistanceSurface, near: NDArray[np.float64], neighbours: int, fence: FenceTerms, *, harmonic: bool
) -> FarSteps:
    """The steps of a stencil of eight neighbours and those beyond.

    Parameters
    ----------
    surface : ResistanceSurface
    near : (4, height, width) float64
        Cost of the edges between eight neighbours [effective m].
    neighbours : {16, 32}
    fence : FenceTerms
        Of `rasters.fences.cut_edges` with ``steps=FAR_STEPS[neighbours]``; one that crosses a fence an even number of times
        carries nothing.
    harmonic : bool
        Whether conductances are averaged along a line, and not resistances.

    Raises
    ------
    DataError
        For other numbers of neighbours.
    """
    if neighbours not in FAR_STEPS:
        raise DataError(f"least cost has 16 or 32 neighbours beyond those of the stencil, not {neighbours!r}")
    steps = FAR_STEPS[neighbours]
    resistance = np.where(surface.passable, surface.values, np.inf)
    cell_m = surface.grid.cell_height_m, surface.grid.cell_width_m
    far = np.stack([_line_mean(resistance, step, harmonic) * math.hypot(*np.multiply(step, cell_m)) for step in steps])
    far[fence.step, fence.row, fence.col] += fence.cost_m
    return FarSteps(steps=np.array([*STEPS, *steps], np.int64), cost=np.concatenate([near, far]), fence=fence)


def _line_mean(resistance: NDArray[np.float64], step: tuple[int, int], harmonic: bool) -> NDArray[np.float64]:
    """(height, width) mean resistance along the line of a step from each cell [1]; inf where it does not exist."""
    height, width = resistance.shape
    values = 1.0 / resistance if harmonic else resistance
    rows, left, right = height - step[0], max(0, -step[1]), width - max(0, step[1])
    out = np.full((height, width), np.inf)
    if rows <= 0 or right <= left:
        return out
    total, closed = np.zeros((rows, right - left)), np.zeros((rows, right - left), bool)
    for row, col, share in passed_cells(step):
        part = (slice(row, row + rows), slice(left + col, right + col))
        total += share * values[part]
        closed |= np.isinf(resistance[part])
    with np.errstate(divide="ignore"):
        out[:rows, left:right] = np.where(closed, np.inf, 1.0 / total if harmonic else total)
    return out
