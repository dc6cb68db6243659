"""Small landscapes for the tests of networks and corridors."""

from __future__ import annotations

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import LineString

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import Stencil, build_stencil
from rasters.fence_cuts import cut_edges
from rasters.fences import CutEdges, Fence, sum_terms
from rasters.grid import Grid
from rasters.surface import ResistanceSurface


def grid_of(height: int, width: int, cell_m: float = 100.0) -> Grid:
    return Grid("EPSG:6933", Affine(cell_m, 0, 0, 0, -cell_m, height * cell_m), (height, width))


def stencil_of(values: NDArray[np.float64], cell_m: float = 100.0, **options: object) -> Stencil:
    grid = grid_of(*values.shape, cell_m)
    return build_stencil(ResistanceSurface.from_array(values, grid), **options)  # type: ignore[arg-type]


def random_values(seed: int, height: int = 14, width: int = 17) -> NDArray[np.float64]:
    """Resistances from 1 to 100, a few cells of no data."""
    rng = np.random.default_rng(seed)
    values = np.exp(rng.uniform(0.0, np.log(100.0), (height, width)))
    values[rng.random((height, width)) < 0.04] = np.nan
    return values


def cell(name: str, row: int, col: int, stencil: Stencil) -> FocalRegion:
    return FocalRegion.cell(name, row, col, stencil.surface.grid)


def block(name: str, rows: slice, cols: slice, grid: Grid) -> FocalRegion:
    mask = np.zeros(grid.shape, bool)
    mask[rows, cols] = True
    return FocalRegion.from_mask(name, mask, grid)


def fence_across(grid: Grid, col: float, name: str = "f") -> CutEdges:
    """A north-south fence at so many cells from the left edge, over the grid's whole height."""
    xmin, ymin, _, ymax = grid.bounds
    x = xmin + col * grid.cell_width_m
    return cut_edges([Fence(id=name, line=LineString([(x, ymin - 50.0), (x, ymax + 50.0)]), fence_line="line")], grid)


def with_fence(stencil: Stencil, cuts: CutEdges, cost_m: float, ohm: float | None = None) -> Stencil:
    """The stencil with the same cost on every cut edge."""
    costs = np.full(cuts.size, float(cost_m))
    ohms = np.full(cuts.size, cost_m / stencil.surface.grid.cell_width_m if ohm is None else ohm)
    return build_stencil(
        stencil.surface, sum_terms(cuts, costs, ohms), neighbours=stencil.neighbours, edge_rule=stencil.edge_rule
    )
