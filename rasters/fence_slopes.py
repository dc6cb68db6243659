"""How what fences add to edges changes with the land beside them: the chain rule from cut edges back to cells.

Every term is in proportion to the mean resistance of the land at an edge (`rasters.openings.land_beside`): of its own edge for a
closed fence, of the first edge that it opens for an opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.fence_terms import closed_cost_m
from rasters.fences import CutEdges, fence_ohm
from rasters.openings import FenceModel, OpeningEdges, land_beside
from rasters.steps import passed_cells
from rasters.surface import ResistanceSurface

__all__ = ["OhmSlopes", "land_gradient", "ohm_slopes"]


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
