"""Small landscapes with one or two wiggling fences, candidates in them, and the slow way to value a set: solve again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import LineString

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import Stencil, build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance, cost_weighted_distances
from connectivity.openings.edges import OpenableEdges, openable_edges
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs
from connectivity.reduction.reduce import reduce_landscape
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms
from rasters.fences import CutEdges, Fence
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, OpeningEdges, open_edges
from rasters.surface import ResistanceSurface
from tests.support.dense_circuit import arriving
from tests.support.landscapes import kappa

CELL_M = 1000.0
PAIRS = Pairs.to_any(2, 2)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two cores in the north, two targets in the south, candidates in the fences between."""

    surface: ResistanceSurface
    cuts: CutEdges
    model: FenceModel
    candidates: list[tuple[OpeningEdges, ...]]
    regions: list[FocalRegion]
    ground: NDArray[np.float64]
    neighbours: int = 8

    @property
    def stencil(self) -> Stencil:
        return build_stencil(self.surface, fence_terms(self.cuts, self.surface, self.model), neighbours=self.neighbours)  # type: ignore[arg-type]

    @property
    def edges(self) -> OpenableEdges:
        return openable_edges(self.cuts, self.stencil, *row_terms(self.cuts, self.surface, self.model), self.candidates)

    def circuit(self, *, mortal: bool = False, pairs: Pairs = PAIRS) -> CircuitOfSets:
        system = stencil_laplacian(self.stencil, region_labels(self.regions), self.ground if mortal else None)
        return CircuitOfSets.build(reduce_landscape(system, self.edges.cells(), threads=1), self.edges, 4, pairs)

    def distances(self, pairs: Pairs = PAIRS) -> DistancesOfSets:
        return DistancesOfSets.build(
            self.stencil, cost_weighted_distances(self.stencil, self.regions), self.edges, pairs, threads=1
        )

    def opened(self, chosen: NDArray[np.bool_]) -> Stencil:
        """The landscape built anew with a set open."""
        openings = [o for k in np.flatnonzero(chosen) for o in self.candidates[k]]
        terms = fence_terms(self.cuts, self.surface, self.model, openings)
        return build_stencil(self.surface, terms, neighbours=self.neighbours)  # type: ignore[arg-type]

    def solved_again(self, chosen: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
        """Resistance, share that arrives, and least cost of each core to all targets, from scratch."""
        stencil, labels = self.opened(chosen), region_labels(self.regions)
        labels = np.where(labels > 2, 3, labels).astype(np.int32)
        nothing = np.zeros(stencil.shape, bool)
        network = reduce_landscape(stencil_laplacian(stencil, labels), nothing, threads=1)
        nodes = [network.index_of_region(number) for number in (1, 2, 3)]
        ohm = network.effective_resistances(nodes)[:2, 2]
        mortal = reduce_landscape(stencil_laplacian(stencil, labels, self.ground), nothing, threads=1)
        arrive = np.array([arriving(mortal.conductance, mortal.ground, source, nodes[2]) for source in nodes[:2]])
        found = [cost_weighted_distance(stencil, region) for region in self.regions[:2]]
        cost = [min(cwd.to(target) for target in self.regions[2:]) for cwd in found]
        return ohm, arrive, np.array(cost)


def block(grid: Grid, name: str, row: int, col: int, size: int = 3) -> FocalRegion:
    mask = np.zeros(grid.shape, bool)
    mask[row : row + size, col : col + size] = True
    return FocalRegion.from_mask(name, mask, grid)


def make_case(
    permeability: tuple[float, ...] = (0.0, 0.0),
    *,
    size: int = 24,
    n: int = 8,
    seed: int = 0,
    wide_every: int = 3,
    apart_m: float | None = None,
    neighbours: int = 8,
) -> Case:
    """One fence per permeability; ``apart_m`` puts the second so close to the first that they share edges."""
    rng = np.random.default_rng(seed)
    grid = Grid("EPSG:6933", Affine(CELL_M, 0, 0, 0, -CELL_M, 0), (size, size))
    values = np.exp(rng.normal(0.0, 1.0, (size, size))) + 0.5
    values[rng.random(values.shape) < 0.02] = np.inf
    surface = ResistanceSurface.from_array(values, grid)
    high = -size * CELL_M
    at = (
        [0.4 * high - 310.0, 0.62 * high - 170.0]
        if apart_m is None
        else [0.5 * high - 310.0, 0.5 * high - 310.0 - apart_m]
    )
    fences = [_fence(i, at[i], size) for i in range(len(permeability))]
    cuts = cut_edges(fences, grid)
    model = FenceModel(
        worth_m={f.id: kappa(p, 50_000.0) for f, p in zip(fences, permeability, strict=True)},
        reach_m=1000.0,
        free_path_m=30_000.0,
        neighbours=neighbours,  # type: ignore[arg-type]
    )
    regions = [
        block(grid, "a", 1, 2),
        block(grid, "b", 2, size - 6),
        block(grid, "t", size - 5, size // 2),
        block(grid, "u", size - 4, 2),
    ]
    candidates = [(open_edges(cuts, surface, _opening(fences, k, n, wide_every), model),) for k in range(n)]
    ground = np.full(grid.shape, CELL_M**2 / 30_000.0**2)
    return Case(
        surface=surface,
        cuts=cuts,
        model=model,
        candidates=candidates,
        regions=regions,
        ground=ground,
        neighbours=neighbours,
    )


def _fence(number: int, y: float, size: int) -> Fence:
    width = size * CELL_M
    line = LineString([(-500, y), (0.3 * width, y - 1300), (0.7 * width, y + 700), (width + 500, y)])
    return Fence(id=f"fence{number}", line=line, fence_line=f"line{number}")


def _opening(fences: list[Fence], k: int, n: int, wide_every: int) -> Opening:
    fence = fences[k % len(fences)]
    share = (k // len(fences) + 0.7) / (-(-n // len(fences)) + 0.4)
    wide = wide_every and k % wide_every == 0
    return Opening(
        id=f"c{k}",
        fence=fence.id,
        along_m=share * fence.length_m,
        width_m=2500.0 if wide else 4.0,
        use_factor=1.0 if wide else 0.4,
    )


def every_set(n: int) -> NDArray[np.bool_]:
    """(2**n, n) all subsets."""
    return (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)
