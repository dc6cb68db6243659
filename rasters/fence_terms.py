"""What each row of cut edges adds to its edge: closed fences, and openings on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rasters.fences import CutEdges, FenceTerms, fence_ohm, sum_terms
from rasters.openings import FenceModel, OpeningEdges, land_beside
from rasters.surface import ResistanceSurface

__all__ = ["closed_cost_m", "fence_terms", "row_terms", "terms_of_others"]


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
