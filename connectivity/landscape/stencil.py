"""Which cells are neighbours, at what cost and conductance, and where a fence lies between them.

A stencil joins each passable cell to its passable neighbours (4 or 8). Edges are stored once, at their first cell, in
the order of `STEPS`: east, south, south-east, south-west. A fence adds a term to the edges that cross it and never
changes a cell.

Units
-----
*Edge cost* [effective m] is ``step length x edge rule of the two resistances + sum of fence kappa``. *Edge resistance*
[ohm] is ``step ratio x edge rule + sum of fence ohm``, a sheet of unit thickness, so that effective resistance does not
depend on the metre; `rasters.steps` and `rasters.fences` say what the ratio of a step and the ohm of a fence are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.far_steps import FarSteps, far_steps
from rasters.errors import DataError
from rasters.fences import FenceTerms
from rasters.steps import STEPS, Neighbours, step_ratio
from rasters.surface import ResistanceSurface

__all__ = ["STEPS", "EdgeRule", "FenceTerms", "Neighbours", "Stencil", "build_stencil", "mean_of", "with_far_steps"]

EdgeRule = Literal["mean_resistance", "mean_conductance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stencil:
    """Cells, neighbours and fence terms: all that the solvers need.

    ``conductance()`` and ``cost()`` give dense (4, height, width) arrays in the order of `STEPS`; an edge that does not
    exist has conductance 0 and cost ``inf``. ``far`` are the steps of least-cost searches with more neighbours, if any.
    """

    surface: ResistanceSurface
    fence: FenceTerms
    neighbours: Neighbours = 8
    edge_rule: EdgeRule = "mean_resistance"
    far: FarSteps | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self.surface.grid.shape

    def step_m(self) -> NDArray[np.float64]:
        """(4,) length of each step [m]."""
        width, height = self.surface.grid.cell_width_m, self.surface.grid.cell_height_m
        return np.array([width, height, math.hypot(width, height), math.hypot(width, height)])

    def step_ratio(self) -> NDArray[np.float64]:
        """(4,) length over width of each step's strip [1]; 1 and sqrt 2 on square cells. See `rasters.steps`."""
        return step_ratio(self.surface.grid, self.neighbours)

    def edge_resistance(self) -> NDArray[np.float64]:
        """(4, height, width) edge rule of the two cells' resistances [1], without length or fence; inf = no edge."""
        resistance = np.where(self.surface.passable, self.surface.values, np.inf)
        out = np.full((4, *self.shape), np.inf)
        for k, (d_row, d_col) in enumerate(STEPS[: 2 if self.neighbours == 4 else 4]):
            here, there = _edge_views(resistance, d_row, d_col), _edge_views(resistance, -d_row, -d_col)
            _edge_views(out[k], d_row, d_col)[...] = self._rule(here, there)
        return out

    def resistance_at(
        self, row: NDArray[np.int32], col: NDArray[np.int32], step: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """(n,) edge rule of some edges, named by their first cell and step [1], without length or fence; inf = no edge."""
        steps = np.array(STEPS, np.int32)
        resistance = np.where(self.surface.passable, self.surface.values, np.inf)
        mean = self._rule(resistance[row, col], resistance[row + steps[step, 0], col + steps[step, 1]])
        return np.where(step < self.neighbours // 2, mean, np.inf)

    def _rule(self, one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
        apart = np.isinf(one) | np.isinf(two)
        with np.errstate(divide="ignore"):
            return np.where(apart, np.inf, mean_of(one, two, harmonic=self.edge_rule == "mean_conductance"))

    def conductance(self) -> NDArray[np.float64]:
        """(4, height, width) edge conductance [S]."""
        ohm = self.edge_resistance() * self.step_ratio()[:, None, None]
        ohm[self.fence.step, self.fence.row, self.fence.col] += self.fence.ohm
        return np.divide(1.0, ohm, out=ohm)

    def cost(self) -> NDArray[np.float64]:
        """(4, height, width) edge cost [effective m]."""
        cost = self.edge_resistance() * self.step_m()[:, None, None]
        cost[self.fence.step, self.fence.row, self.fence.col] += self.fence.cost_m
        return cost


def with_far_steps(stencil: Stencil, neighbours: int, fence: FenceTerms) -> Stencil:
    """The same, searched for least costs with 16 or 32 neighbours: see `connectivity.landscape.far_steps.far_steps`."""
    if stencil.neighbours != 8:
        raise DataError(f"least cost with {neighbours!r} neighbours needs a stencil of 8, not {stencil.neighbours}")
    harmonic = stencil.edge_rule == "mean_conductance"
    return replace(stencil, far=far_steps(stencil.surface, stencil.cost(), neighbours, fence, harmonic=harmonic))


def mean_of(one: NDArray[np.float64], two: NDArray[np.float64], *, harmonic: bool) -> NDArray[np.float64]:
    """The mean that an edge rule takes of its two cells; the harmonic mean of resistances is that of conductances, inverted."""
    if harmonic:
        return 2.0 / (1.0 / one + 1.0 / two)
    return 0.5 * (one + two)


def _edge_views(array: NDArray[np.float64], d_row: int, d_col: int) -> NDArray[np.float64]:
    """Cells of ``array`` that have a neighbour at (d_row, d_col)."""
    height, width = array.shape
    rows = slice(0, height - d_row) if d_row >= 0 else slice(-d_row, height)
    cols = slice(0, width - d_col) if d_col >= 0 else slice(-d_col, width)
    return array[rows, cols]


def build_stencil(
    surface: ResistanceSurface,
    fence: FenceTerms | None = None,
    *,
    neighbours: Neighbours = 8,
    edge_rule: EdgeRule = "mean_resistance",
) -> Stencil:
    """Join each passable cell to its neighbours.

    Parameters
    ----------
    surface : ResistanceSurface
    fence : FenceTerms, optional
        From `rasters.fences`; None where there is no fence.
    neighbours : {8, 4}
    edge_rule : {"mean_resistance", "mean_conductance"}
        Circuitscape calls them average resistance and average conductance. A fence is added to either, because it is no
        cell; a barrier that is drawn as cells of high resistance saturates under the second.

    Raises
    ------
    DataError
        For other numbers of neighbours and other rules.
    """
    if neighbours not in (4, 8):
        raise DataError(f"neighbours must be 4 or 8, not {neighbours!r}")
    if edge_rule not in ("mean_resistance", "mean_conductance"):
        raise DataError(f"edge_rule must be 'mean_resistance' or 'mean_conductance', not {edge_rule!r}")
    fence = FenceTerms.none() if fence is None else fence
    if neighbours == 4 and fence.size:
        keep = fence.step < 2
        fence = FenceTerms(
            row=fence.row[keep],
            col=fence.col[keep],
            step=fence.step[keep],
            cost_m=fence.cost_m[keep],
            ohm=fence.ohm[keep],
        )
    return Stencil(surface=surface, fence=fence, neighbours=neighbours, edge_rule=edge_rule)
