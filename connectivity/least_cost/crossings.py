"""What a path costs step by step, where it meets fences, and what it passes through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.stencil import STEPS, Stencil
from connectivity.least_cost.paths import LeastCostPath
from rasters.errors import GridMismatchError
from rasters.fences import CutEdges

__all__ = [
    "FenceCrossing",
    "crossings_of_fences",
    "path_fence_crossings",
    "path_shares",
    "step_costs_m",
    "step_lengths_m",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceCrossing:
    """A place where a path crosses a fence line.

    Parameters
    ----------
    fence, fence_line : str
        Ids of the fence and of the line along the border that it belongs to.
    along_m : float
        Distance from the fence's start [m].
    path_m : float
        Distance from the path's start [m].
    x, y : float
        Map position on the fence.
    row : int
        Position in the `CutEdges`.
    """

    fence: str
    fence_line: str
    along_m: float
    path_m: float
    x: float
    y: float
    row: int


def path_fence_crossings(path: LeastCostPath, cuts: CutEdges) -> tuple[FenceCrossing, ...]:
    """Every fence crossing of a path, in the order in which it meets them.

    Parameters
    ----------
    path : LeastCostPath
        On any edges; whether a fence was in force when it was found does not matter.
    cuts : CutEdges
        The fences to look for.

    Notes
    -----
    An edge that a fence only touches back and forth (an even number of times) joins two cells on the same side: it is
    no crossing, though it carries the fence's cost.
    """
    path.grid.require_same(cuts.grid, "the fences")
    crossings = crossings_of_fences(path.rows, path.cols, cuts)
    walked = np.concatenate([[0.0], np.cumsum(step_lengths_m(path))])
    out = []
    for step, row in crossings:
        fence = cuts.fences[cuts.fence[row]]
        along = float(cuts.along_m[row])
        place = fence.point_at(along)
        out.append(
            FenceCrossing(
                fence=fence.id,
                fence_line=fence.fence_line,
                along_m=along,
                x=place.x,
                y=place.y,
                row=row,
                path_m=float(0.5 * (walked[step] + walked[step + 1])),
            )
        )
    return tuple(out)


def crossings_of_fences(rows: NDArray[np.int32], cols: NDArray[np.int32], cuts: CutEdges) -> list[tuple[int, int]]:
    """(step of the path, row of ``cuts``) of every crossing that changes sides, in path order."""
    if rows.size < 2 or not cuts.size:
        return []
    edge = edge_keys(rows, cols, cuts.grid.width)
    key = (cuts.row.astype(np.int64) * cuts.grid.width + cuts.col) * len(STEPS) + cuts.step
    order = np.argsort(key, kind="stable")
    first, last = (np.searchsorted(key[order], edge, side=side) for side in ("left", "right"))
    found = [(int(step), int(row)) for step in np.flatnonzero(last > first) for row in order[first[step] : last[step]]]
    return [(step, row) for step, row in found if cuts.parts_sides[row]]


def edge_keys(rows: NDArray[np.int32], cols: NDArray[np.int32], width: int) -> NDArray[np.int64]:
    """One number for each edge of a path: (first cell) * 4 + direction, as edges are stored."""
    d_row, d_col = np.diff(rows.astype(np.int64)), np.diff(cols.astype(np.int64))
    forward = (d_row > 0) | ((d_row == 0) & (d_col > 0))
    sign = np.where(forward, 1, -1)
    first_row, first_col = np.where(forward, rows[:-1], rows[1:]), np.where(forward, cols[:-1], cols[1:])
    step = np.select([(d_row * sign == r) & (d_col * sign == c) for r, c in STEPS], range(len(STEPS)), default=-1)
    if (step < 0).any():
        raise GridMismatchError("the cells of a path must be neighbours")
    keys: NDArray[np.int64] = (first_row.astype(np.int64) * width + first_col) * len(STEPS) + step
    return keys


def step_lengths_m(path: LeastCostPath) -> NDArray[np.float64]:
    """Length of each step of a path [m]."""
    grid = path.grid
    lengths: NDArray[np.float64] = np.hypot(
        np.diff(path.rows) * grid.cell_height_m, np.diff(path.cols) * grid.cell_width_m
    )
    return lengths


def step_costs_m(
    stencil: Stencil, rows: NDArray[np.int32], cols: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost of the ground and of the fences on each step of a path.

    Parameters
    ----------
    stencil : Stencil
        Need not be the one that the path was found on.
    rows, cols : (n,) int32
        Neighbouring cells.

    Returns
    -------
    ground, fence : (n - 1,) float64
        [effective m]; ``inf`` on a step into a cell that is not passable, or over a closed fence.
    """
    if rows.size < 2:
        return np.empty(0), np.empty(0)
    edge = edge_keys(rows, cols, stencil.shape[1])
    resistance = np.where(stencil.surface.passable[rows, cols], stencil.surface.values[rows, cols], np.inf)
    a, b = resistance[:-1], resistance[1:]
    both = np.isfinite(a) & np.isfinite(b)
    rule = np.full(a.shape, np.inf)
    mean = stencil.edge_rule == "mean_resistance"
    rule[both] = 0.5 * (a[both] + b[both]) if mean else 2.0 / (1.0 / a[both] + 1.0 / b[both])
    terms = stencil.fence
    key = (terms.row.astype(np.int64) * stencil.shape[1] + terms.col) * len(STEPS) + terms.step
    order = np.argsort(key)
    fence = np.zeros(edge.size)
    if key.size:
        place = np.minimum(np.searchsorted(key[order], edge), key.size - 1)
        met = key[order][place] == edge
        fence[met] = terms.cost_m[order][place[met]]
    return rule * stencil.step_m()[edge % len(STEPS)], fence


def path_shares(path: LeastCostPath, masks: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    """Share of a path's length inside each of several masks [1]; half of a step belongs to either of its cells.

    Parameters
    ----------
    path : LeastCostPath
    masks : mapping of str to (height, width) bool
        Reserves, countries; they may overlap or leave gaps.
    """
    _require_shape(masks, path.grid.shape)
    half = 0.5 * step_lengths_m(path)
    weight = np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half]) if path.rows.size else np.empty(0)
    total = float(weight.sum())
    if total == 0:
        return dict.fromkeys(masks, float("nan"))
    return {name: float(weight[mask[path.rows, path.cols]].sum()) / total for name, mask in masks.items()}


def _require_shape(masks: Mapping[str, NDArray[np.bool_]], shape: Sequence[int]) -> None:
    for name, mask in masks.items():
        if mask.shape != tuple(shape):
            raise GridMismatchError(f"mask {name!r} of shape {mask.shape} does not fit the grid {tuple(shape)}")
