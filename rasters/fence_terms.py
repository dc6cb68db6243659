"""What each row of cut edges adds to its edge, closed fences and openings on them, and how that changes with the land beside them.

Every term is in proportion to the mean resistance of the land at an edge (`rasters.openings.land_beside`): of its own edge for a
closed fence, of the first edge that it opens for an opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.fences import CutEdges, FenceTerms, fence_ohm, sum_terms
from rasters.openings import FenceModel, OpeningEdges, land_beside
from rasters.steps import passed_cells
from rasters.surface import ResistanceSurface

__all__ = ["OhmSlopes", "closed_cost_m", "fence_terms", "land_gradient", "ohm_slopes", "row_terms", "terms_of_others"]


def closed_cost_m(cuts: CutEdges, surface: ResistanceSurface, model: FenceModel) -> NDArray[np.float64]:
    """(n,) cost that each row of ``cuts`` adds to its edge or step, without openings [effective m]."""
    worth = np.array([model.worth_m[fence.id] for fence in cuts.fences])[cuts.fence] if cuts.size else np.empty(0)
    return np.where(cuts.parts_sides, worth * land_beside(cuts, surface), 0.0)


def row_terms(
    cuts: CutEdges, surface: ResistanceSurface, model: FenceModel, openings: Sequence[OpeningEdges] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost [effective m] and resistance [ohm] that each row of ``cuts`` adds to its edge, openings included.

    Within one fence an opening stands in parallel with the fence itself: conductances add up, and an animal takes the
    cheaper route. A row that does not part sides adds nothing.
    """
    cost = closed_cost_m(cuts, surface, model)
    siemens = _reciprocal(fence_ohm(cuts, cost, model.neighbours))
    for edges in openings:
        cost[edges.rows] = np.minimum(cost[edges.rows], edges.cost_m)
        np.add.at(siemens, edges.rows, _reciprocal(edges.ohm))
    return cost, _reciprocal(siemens)


def fence_terms(
    cuts: CutEdges, surface: ResistanceSurface, model: FenceModel, openings: Sequence[OpeningEdges] = ()
) -> FenceTerms:
    """Terms of all fences with their openings; fences that cut the same edge stand in series and add up."""
    return sum_terms(cuts, *row_terms(cuts, surface, model, openings))


def terms_of_others(cuts: CutEdges, own: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each row of ``cuts``, the sum of the other rows' terms on the same edge; mostly 0."""
    key = (cuts.row.astype(np.int64) * cuts.grid.width + cuts.col) * 4 + cuts.step
    _, edge = np.unique(key, return_inverse=True)
    closed = np.isinf(own)
    finite = np.where(closed, 0.0, own)
    n_closed = np.bincount(edge, weights=closed)[edge] - closed
    alone = np.bincount(edge)[edge] == 1
    others = np.where(alone, 0.0, np.maximum(np.bincount(edge, weights=finite)[edge] - finite, 0.0))
    return np.where(n_closed > 0, np.inf, others)


def _reciprocal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.divide(1.0, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class OhmSlopes:
    """How the ohm of rows of cut edges changes with the land, one entry for a row and each way through its fence there.

    Parameters
    ----------
    rows, land_rows : (n,) intp
        The row, and the row whose land the way is in proportion to.
    ohm : (n,) float64
        Change of the row's ohm when that land's resistance grows by a factor e, to first order [ohm].
    """

    rows: NDArray[np.intp]
    land_rows: NDArray[np.intp]
    ohm: NDArray[np.float64]


def ohm_slopes(
    cuts: CutEdges,
    surface: ResistanceSurface,
    model: FenceModel,
    openings: Sequence[OpeningEdges],
    row_ohm: NDArray[np.float64],
) -> OhmSlopes:
    """Slopes of the ohm that `rasters.fence_terms.row_terms` gives; ways of infinite resistance have none.

    Parameters
    ----------
    row_ohm : (n_cut,) float64
        What `row_terms` gave for the same arguments [ohm].
    """
    every = np.arange(cuts.size)
    closed = fence_ohm(cuts, closed_cost_m(cuts, surface, model), model.neighbours)
    rows = np.concatenate([every, *(edges.rows for edges in openings)]).astype(np.intp)
    land_rows = np.concatenate([every, *(edges.land_rows for edges in openings)]).astype(np.intp)
    way = np.concatenate([closed, *(edges.ohm for edges in openings)])
    counts = np.isfinite(way) & (way > 0) & np.isfinite(row_ohm[rows])
    rows, way = rows[counts], way[counts]
    return OhmSlopes(rows=rows, land_rows=land_rows[counts], ohm=row_ohm[rows] ** 2 / way)


def land_gradient(cuts: CutEdges, surface: ResistanceSurface, per_land: NDArray[np.float64]) -> NDArray[np.float64]:
    """(height, width) change of a quantity per unit of each cell's resistance, from that with the land at cut edges.

    Parameters
    ----------
    per_land : (n_cut,) float64
        Change when the land at the edge of a row grows by a factor e, to first order.
    """
    out = np.zeros(cuts.grid.shape)
    per_unit = per_land / land_beside(cuts, surface)
    for number in np.unique(cuts.step):
        here = cuts.step == number
        for d_row, d_col, share in passed_cells(cuts.steps[number]):
            cells = cuts.row[here] + d_row, cuts.col[here] + d_col
            used = ~(surface.nodata[cells] | surface.barrier[cells])
            np.add.at(out, cells, np.where(used, share * per_unit[here], 0.0))
    return out
