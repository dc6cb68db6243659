"""What cost-weighted distances tell: least-cost paths and allocation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion, region_labels
from connectivity.kernels.search.paths import inherit_labels, trace
from connectivity.landscape.slope_cost import SlopeCost
from connectivity.landscape.stencil import STEPS, Stencil
from connectivity.least_cost.cost_distance import CostDistance, search, steps_of
from rasters.errors import DataError, SolverError
from rasters.fences import FenceTerms
from rasters.grid import Grid

__all__ = [
    "CostAllocation",
    "LeastCostPath",
    "PathStatus",
    "cost_allocation",
    "least_cost_path",
]

PathStatus = Literal["reached", "unreachable"]
ROUNDING = 1e-11
"""Share of the least cost below which a difference of two sums along paths is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LeastCostPath:
    """The cheapest route between a source and a target, listed from the source on.

    Parameters
    ----------
    source, target : str
        Names of the two focal regions.
    rows, cols : (n,) int32
        Cells from the source to the target; empty when unreachable.
    length_m : float
        Length over the ground between cell centres [m]; ``inf`` when unreachable.
    cost_m : float
        Least cost [effective m]; ``inf`` when unreachable.
    fence_edges : (n_crossed,) int64
        Rows of the stencil's fence terms that the path crosses, in the order in which it crosses them.
    status : {"reached", "unreachable"}
        Also "unreachable" where the target lies beyond the budget of the search.
    grid : Grid
    """

    source: str
    target: str
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    length_m: float
    cost_m: float
    fence_edges: NDArray[np.int64]
    status: PathStatus
    grid: Grid

    @property
    def xy(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map x and y of the cell centres, two (n,) arrays."""
        return self.grid.xy(self.rows, self.cols)

    def __repr__(self) -> str:
        ends = f"{self.source!r} to {self.target!r}"
        if self.status == "unreachable":
            return f"LeastCostPath({ends}, unreachable)"
        crossed = f"{self.fence_edges.size} fence edges crossed"
        return f"LeastCostPath({ends}, {self.length_m:.6g} m, {self.cost_m:.6g} effective m, {crossed})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CostAllocation:
    """Which source each cell is nearest to by cost: cost-weighted Thiessen polygons.

    Parameters
    ----------
    cwd : (height, width) float64
        Least cost from any source [effective m], ``inf`` and NaN as in `CostDistance`.
    label : (height, width) int32
        1 for the first source, 2 for the second, ...; 0 where none leads. Where two are equally near, either.
    sources : tuple of str
        Names by label - 1.
    grid : Grid
    """

    cwd: NDArray[np.float64]
    label: NDArray[np.int32]
    sources: tuple[str, ...]
    grid: Grid

    def __repr__(self) -> str:
        return f"CostAllocation({len(self.sources)} sources, {np.count_nonzero(self.label)} cells, {self.grid})"


def least_cost_path(distance: CostDistance, target: FocalRegion) -> LeastCostPath:
    """Cheapest path from the source of a cost distance to a region.

    Parameters
    ----------
    distance : CostDistance
    target : FocalRegion
        The path ends at its cheapest cell; the first in row-major order of equals.

    Returns
    -------
    LeastCostPath
        From source to target, though with ``direction="to_source"`` it is walked the other way. Where several paths
        cost the same, one of them, the same on every run.
    """
    rows, cols = target.check_on(distance.stencil.surface)
    nearest = int(np.argmin(distance.cwd[rows, cols]))
    cost = float(distance.cwd[rows[nearest], cols[nearest]])
    if math.isinf(cost):
        return _no_path(distance, target)
    cells = _traced(distance, int(rows[nearest]), int(cols[nearest]))[::-1]
    rows, cols = cells[:, 0].astype(np.int32), cells[:, 1].astype(np.int32)
    cell_m = distance.grid.cell_height_m, distance.grid.cell_width_m
    return LeastCostPath(
        source=distance.source.id,
        target=target.id,
        rows=rows,
        cols=cols,
        length_m=float(np.hypot(np.diff(rows) * cell_m[0], np.diff(cols) * cell_m[1]).sum()),
        cost_m=cost,
        fence_edges=_crossed(distance.stencil, rows, cols),
        status="reached",
        grid=distance.grid,
    )


def _no_path(distance: CostDistance, target: FocalRegion) -> LeastCostPath:
    return LeastCostPath(
        source=distance.source.id,
        target=target.id,
        rows=np.empty(0, np.int32),
        cols=np.empty(0, np.int32),
        length_m=math.inf,
        cost_m=math.inf,
        fence_edges=np.empty(0, np.int64),
        status="unreachable",
        grid=distance.grid,
    )


def _traced(distance: CostDistance, row: int, col: int) -> NDArray[np.int64]:
    """(n, 2) cells from a reached cell back to the source."""
    stencil, cells = distance.stencil, np.empty((4 * sum(distance.stencil.shape), 2), np.int64)
    arguments = (distance.cwd, stencil.surface.values, *steps_of(stencil, distance.slope))
    n = trace(row, col, *arguments, cells)
    if n > len(cells):
        cells = np.empty((n, 2), np.int64)
        trace(row, col, *arguments, cells)
    if distance.cwd[tuple(cells[n - 1])] > 0:
        raise _lost_path(*cells[n - 1])
    return cells[:n]


def _lost_path(row: int, col: int) -> SolverError:
    return SolverError(
        f"a path stops at row {row}, col {col}: a step there is too cheap beside the accumulated cost to change it in "
        "float64; narrow the range of resistances"
    )


def _crossed(stencil: Stencil, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows of the fence terms on the edges of a path, in path order; those of far steps are numbered after the others."""
    if rows.size < 2:
        return np.empty(0, np.int64)
    places, terms = _terms_on(stencil.fence, STEPS, stencil.shape[1], rows, cols)
    if stencil.far is not None:
        beyond, more = _terms_on(
            stencil.far.fence, tuple(map(tuple, stencil.far.steps[len(STEPS) :])), stencil.shape[1], rows, cols
        )
        places, terms = np.append(places, beyond), np.append(terms, more + stencil.fence.size)
    crossed: NDArray[np.int64] = terms[np.argsort(places, kind="stable")]
    return crossed


def _terms_on(
    fence: FenceTerms, steps: tuple[tuple[int, int], ...], width: int, rows: NDArray[np.int32], cols: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places along a path of some steps that carry a fence term, and the rows of the terms."""
    d_row, d_col = np.diff(rows.astype(np.int64)), np.diff(cols.astype(np.int64))
    forward = (d_row > 0) | ((d_row == 0) & (d_col > 0))
    first_row, first_col = np.where(forward, rows[:-1], rows[1:]), np.where(forward, cols[:-1], cols[1:])
    sign = np.where(forward, 1, -1)
    step = np.select([(d_row * sign == r) & (d_col * sign == c) for r, c in steps], range(len(steps)), default=-1)
    edge = np.where(step < 0, -1, (first_row.astype(np.int64) * width + first_col) * len(steps) + step)
    fence_edge = (fence.row.astype(np.int64) * width + fence.col) * len(steps) + fence.step
    order = np.argsort(fence_edge, kind="stable")
    if not order.size:
        return order, order
    found = order[np.minimum(np.searchsorted(fence_edge[order], edge), fence.size - 1)]
    at = np.flatnonzero(fence_edge[found] == edge)
    return at, found[at]


def cost_allocation(
    stencil: Stencil,
    sources: Sequence[FocalRegion],
    *,
    budget_m: float = math.inf,
    slope: SlopeCost | None = None,
) -> CostAllocation:
    """Nearest source of each cell by accumulated cost.

    Parameters
    ----------
    stencil : Stencil
    sources : sequence of FocalRegion
        Disjoint, each with a passable cell.
    budget_m : float
        Cells that cost more from every source [effective m] belong to none.
    slope : SlopeCost, optional
    """
    if stencil.far is not None:
        raise DataError("an allocation needs least cost with 8 or 4 neighbours")
    label = region_labels(sources)
    label[~stencil.surface.passable] = 0
    cwd = search(stencil, sources, budget_m, slope)
    lost = inherit_labels(cwd, stencil.surface.values, steps_of(stencil, slope)[0], label)
    if lost:
        raise _lost_path(*divmod(lost - 1, stencil.shape[1]))
    return CostAllocation(cwd=cwd, label=label, sources=tuple(s.id for s in sources), grid=stencil.surface.grid)
