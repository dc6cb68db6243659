"""Small jobs that call every kernel with arrays of the types that real ones have: to compile them, and to check their bounds.

Two jobs share almost no kernels, so that they may be compiled side by side: see `connectivity.precompile`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine
from shapely import LineString

from connectivity.circuit.solve import solve, solve_circuit
from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.slope_cost import SlopeCost
from connectivity.landscape.stencil import Stencil, build_stencil, with_far_steps
from connectivity.least_cost.cost_distance import cost_weighted_distance, cost_weighted_distances
from connectivity.least_cost.paths import cost_allocation, least_cost_path
from connectivity.modes.cell_circuit import cell_components
from connectivity.moving_window.landscape import WindowLandscape, WindowSettings
from connectivity.moving_window.tiles import moving_window
from connectivity.network.barriers import least_within
from connectivity.openings.edges import openable_edges
from connectivity.openings.profile import candidates_along
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs, single_sets
from connectivity.reduction.reduce import reduce_landscape
from rasters import terrain
from rasters.arrays import Reals
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms
from rasters.fences import CutEdges, Fence, FenceTerms
from rasters.grid import Grid
from rasters.openings import FenceModel
from rasters.surface import Layer, ResistanceSurface

__all__ = ["circuits", "reduction", "search", "windows"]


@dataclass(frozen=True)
class _Fenced:
    """A random landscape, resistances up to a ratio and a share [1] of holes, one fence of some permeability [1] from side to side."""

    shape: tuple[int, int]
    permeability: float
    holes: float = 0.1
    ratio: float = 30.0

    @cached_property
    def grid(self) -> Grid:
        return Grid("EPSG:6933", Affine(100.0, 0, 0, 0, -100.0, self.shape[0] * 100.0), self.shape)

    @cached_property
    def surface(self) -> ResistanceSurface:
        rng = np.random.default_rng(8)
        values = np.exp(rng.uniform(0, math.log(self.ratio), self.shape))
        kind = rng.random(self.shape)
        values[kind < self.holes / 2], values[kind > 1 - self.holes / 2] = np.nan, np.inf
        return ResistanceSurface.from_array(values, self.grid)

    @cached_property
    def cuts(self) -> CutEdges:
        xmin, ymin, xmax, ymax = self.grid.bounds
        line = LineString(
            [(xmin - 1000, 0.6 * ymax), (0.37 * xmax, 0.45 * ymax + 0.01 * ymin), (xmax + 1000, 0.6 * ymax)]
        )
        return cut_edges([Fence(id="f", line=line, fence_line="f")], self.grid)

    @cached_property
    def model(self) -> FenceModel:
        worth_m = math.inf if self.permeability == 0 else 300.0 * (1 / self.permeability - 1)
        return FenceModel(worth_m={"f": worth_m}, reach_m=250.0, free_path_m=200.0)

    @cached_property
    def stencil(self) -> Stencil:
        return build_stencil(self.surface, fence_terms(self.cuts, self.surface, self.model))

    @cached_property
    def ends(self) -> list[FocalRegion]:
        corners = []
        for number, (rows, cols) in enumerate(((slice(0, 4), slice(0, 4)), (slice(-4, None), slice(-5, None)))):
            mask = np.zeros(self.shape, bool)
            mask[rows, cols] = self.surface.passable[rows, cols]
            corners.append(FocalRegion.from_mask(str(number), mask, self.grid))
        return corners

    def relief(self) -> Reals:
        return np.random.default_rng(1).normal(0, 30, self.shape)


def _landscapes() -> Iterator[_Fenced]:
    """With a leaky fence, and with a sealed one; small enough for bounds checks."""
    for permeability in (0.2, 0.0):
        yield _Fenced((26, 31), permeability)


def search() -> None:
    """Least-cost searches, and what is made of the relief."""
    for land in _landscapes():
        stencil, ends = land.stencil, land.ends
        for slope in (None, SlopeCost(elevation_m=land.relief())):
            distance = cost_weighted_distance(stencil, ends[0], slope=slope)
            least_cost_path(distance, ends[1])
        far = with_far_steps(stencil, 16, FenceTerms.none())
        least_cost_path(cost_weighted_distance(far, ends[0]), ends[1])
        cost_allocation(stencil, ends)
        reachable_cells(stencil, ends[0])
        least_within(distance.cwd, 350.0, land.grid)
    layer = Layer(name="z", values=land.relief(), nodata=land.surface.nodata, grid=land.grid, unit="m")
    terrain.slope(layer, "percent")
    terrain.ruggedness(layer, "riley")


def circuits() -> None:
    """Multigrid with one right-hand side and with several, with regions and without, grounded and not; the direct solver."""
    for land in _landscapes():
        solve_circuit(*_grounded(land), method="sparse-direct")
        _multigrid(land)
    _multigrid(_Fenced((290, 300), 0.2))
    _multigrid(_Fenced((400, 380), 0.2, holes=0.001, ratio=1.2))


def _multigrid(land: _Fenced) -> None:
    """A large landscape has coarse graphs under the raster; a large even one has coarse rasters."""
    system, current = _grounded(land)
    cell_components(system)
    solve_circuit(system, current, method="multigrid")
    held = stencil_laplacian(land.stencil, ground=np.where(current > 0, np.inf, 1e-3 * land.surface.passable))
    solve(held, np.stack([(current == 0) * land.surface.passable * share for share in (0.0, 0.5, 1.0)]))
    floating = stencil_laplacian(land.stencil)
    row = int(0.8 * land.shape[0])
    cols = np.flatnonzero(land.surface.passable[row])[[2, -2]]
    balanced = np.zeros((2, *land.shape))
    balanced[:, row, cols] = [1.0, -1.0]
    solve(floating, balanced * reachable_cells(land.stencil, FocalRegion.cell("a", row, int(cols[0]), land.grid)))


def _grounded(land: _Fenced) -> tuple[Laplacian, Reals]:
    labels = region_labels(land.ends)
    ground = np.where(land.surface.passable, 1e-3, 0.0)
    return stencil_laplacian(land.stencil, region=labels, ground=ground), np.where(labels == 1, 1.0, 0.0)


def reduction() -> None:
    """Exact reduction and the values of sets of openings."""
    for land in _landscapes():
        candidates = candidates_along(
            land.cuts, land.surface, land.model, ["f"], every_m=400.0, width_m=150.0, design="d", use_factor=0.5
        )
        terms = row_terms(land.cuts, land.surface, land.model)
        edges = openable_edges(land.cuts, land.stencil, *terms, [[c] for c in candidates])
        labels = region_labels(land.ends)
        network = reduce_landscape(stencil_laplacian(land.stencil, region=labels), (labels > 0) | edges.cells())
        sets, pairs = single_sets(edges.n_candidates), Pairs.every(2)
        circuit = CircuitOfSets.build(network, edges, 2, pairs)
        circuit.resistances(sets)
        circuit.opened(edges.delta[edges.states(sets[:1])[0]])
        found = cost_weighted_distances(land.stencil, land.ends)
        DistancesOfSets.build(land.stencil, found, edges, pairs).distances(sets)
        network.effective_resistances()


def windows() -> None:
    """Moving windows by dissection and by multigrid, with and without regions."""
    for land in _landscapes():
        strength = np.ones(land.shape) * land.surface.passable
        for settings in (
            WindowSettings(radius=4.0, block=3, flow_potential=True),
            WindowSettings(radius=3.0, method="multigrid"),
        ):
            for region in (None, region_labels(land.ends)):
                moving_window(WindowLandscape.of_stencil(land.stencil, strength, region), settings)
