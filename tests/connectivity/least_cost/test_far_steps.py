"""Least cost with 16 and 32 neighbours: against a plain graph, the straight line, and fences counted by shapely."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely import LineString, Polygon, box

from connectivity.focal import FocalRegion
from connectivity.landscape.slope_cost import SlopeCost
from connectivity.landscape.stencil import Stencil, build_stencil, with_far_steps
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.paths import cost_allocation, least_cost_path
from rasters.errors import DataError
from rasters.fence_cuts import WIGGLE, cut_edges
from rasters.fences import CutEdges, Fence, FenceTerms, sum_terms
from rasters.steps import FAR_STEPS, passed_cells
from rasters.surface import ResistanceSurface
from tests.support.landscapes import grid_of, random_surface

FAR = (16, 32)


def far_terms(fences: list[Fence], surface: ResistanceSurface, neighbours: int, worth: float) -> FenceTerms:
    cuts = cut_edges(fences, surface.grid, steps=FAR_STEPS[neighbours])
    cuts = cuts.only(cuts.parts_sides)
    return sum_terms(cuts, np.full(cuts.size, worth), np.zeros(cuts.size))


def stencil_of(
    surface: ResistanceSurface, neighbours: int, fences: list[Fence] | None = None, worth: float = math.inf, **more: str
) -> Stencil:
    near, far = FenceTerms.none(), FenceTerms.none()
    if fences:
        cuts = cut_edges(fences, surface.grid)
        near = sum_terms(cuts, np.where(cuts.parts_sides, worth, 0.0), np.zeros(cuts.size))
        far = far_terms(fences, surface, neighbours, worth)
    return with_far_steps(build_stencil(surface, near, **more), neighbours, far)  # type: ignore[arg-type]


def parted_by_hand(line: LineString, row: int, col: int, step: tuple[int, int], surface: ResistanceSurface) -> bool:
    """Whether a step's straight segment crosses some stretch of a line an odd number of times; through no cell's centre.

    Crossings that follow each other within `WIGGLE` cells along the line are of one stretch.
    """
    x, y = surface.grid.xy([row, row + step[0]], [col, col + step[1]])
    segment, points = LineString(list(zip(x, y, strict=True))), list(line.coords)
    at, before = [], 0.0
    for piece in map(LineString, itertools.pairwise(points)):
        if segment.crosses(piece):
            at.append(before + piece.project(segment.intersection(piece)))
        before += piece.length
    cell = math.sqrt(surface.grid.cell_width_m * surface.grid.cell_height_m)
    new = np.diff(np.sort(at), prepend=-math.inf) > WIGGLE * cell
    return bool((np.bincount(np.cumsum(new)) % 2).any())


@pytest.mark.parametrize("step", FAR_STEPS[32])
def test_a_step_passes_through_the_cells_that_its_line_crosses(step: tuple[int, int]) -> None:
    line = LineString([(0, 0), (step[1], step[0])])
    found = {(row, col): share for row, col, share in passed_cells(step)}
    assert sum(found.values()) == pytest.approx(1.0)
    for row in range(-4, 5):
        for col in range(-4, 5):
            inside = line.intersection(box(col - 0.5, row - 0.5, col + 0.5, row + 0.5)).length / line.length
            assert found.get((row, col), 0.0) == pytest.approx(inside, abs=1e-12)


@pytest.mark.parametrize("neighbours", FAR)
@pytest.mark.parametrize("rule", ["mean_resistance", "mean_conductance"])
def test_distances_of_a_plain_graph(neighbours: int, rule: str) -> None:
    """Every step written out one by one, on oblong cells with gaps and a fence that costs and one that is closed."""
    grid = grid_of((13, 17), (90.0, 120.0))
    surface = random_surface(5, grid, lost=0.15)
    fences = [Fence(id="a", line=LineString([(101, 547), (803, 1483), (1303, 649)]))]
    for worth in (700.0, math.inf):
        stencil = stencil_of(surface, neighbours, fences, worth, edge_rule=rule)
        values, passable = surface.values, surface.passable
        first, second, cost = [], [], []
        for step in [(0, 1), (1, 0), (1, 1), (1, -1), *FAR_STEPS[neighbours]]:
            length = math.hypot(step[0] * 120.0, step[1] * 90.0)
            for row in range(grid.shape[0]):
                for col in range(grid.shape[1]):
                    cells = [(row + r, col + c, share) for r, c, share in passed_cells(step)]
                    inside = all(0 <= r < grid.shape[0] and 0 <= c < grid.shape[1] for r, c, _ in cells)
                    if not inside or not all(passable[r, c] for r, c, _ in cells):
                        continue
                    mean = sum(
                        share * (values[r, c] if rule == "mean_resistance" else 1 / values[r, c])
                        for r, c, share in cells
                    )
                    odd = parted_by_hand(fences[0].line, row, col, step, surface)
                    edge = length * (mean if rule == "mean_resistance" else 1 / mean) + (worth if odd else 0.0)
                    if math.isfinite(edge):
                        first.append(row * grid.shape[1] + col)
                        second.append((row + step[0]) * grid.shape[1] + col + step[1])
                        cost.append(edge)
        graph = csr_array((cost, (first, second)), shape=(grid.n_cells, grid.n_cells))
        start = int(np.flatnonzero(passable.ravel())[0])
        wanted = dijkstra(graph, directed=False, indices=start).reshape(grid.shape)
        source = FocalRegion.cell("start", *divmod(start, grid.shape[1]), grid)
        found = cost_weighted_distance(stencil, source).cwd
        np.testing.assert_allclose(found[passable], wanted[passable], rtol=1e-12)


@pytest.mark.parametrize(("neighbours", "most", "mean"), [(8, 0.0824, 0.055), (16, 0.0275, 0.014), (32, 0.0132, 0.005)])
def test_how_much_longer_a_way_over_open_land_is(neighbours: int, most: float, mean: float) -> None:
    grid = grid_of((161, 161))
    surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
    stencil = build_stencil(surface) if neighbours == 8 else stencil_of(surface, neighbours)
    cwd = cost_weighted_distance(stencil, FocalRegion.cell("middle", 80, 80, grid)).cwd
    rows, cols = np.indices(grid.shape) - 80
    straight = np.hypot(rows, cols) * grid.cell_width_m
    ring = (straight > 60 * grid.cell_width_m) & (straight < 80 * grid.cell_width_m)
    excess = cwd[ring] / straight[ring] - 1
    assert excess.min() > -1e-12
    assert most - 0.002 < excess.max() < most + 1e-4
    assert excess.mean() == pytest.approx(mean, abs=0.001)


@pytest.mark.parametrize("neighbours", FAR)
@pytest.mark.parametrize("seed", range(6))
def test_cuts_of_random_lines_are_those_of_shapely(neighbours: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = grid_of((9, 11))
    surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
    xmin, ymin, xmax, ymax = grid.bounds
    points = rng.uniform((xmin - 100, ymin - 100), (xmax + 100, ymax + 100), (5, 2))
    line = LineString(points)
    cuts: CutEdges = cut_edges([Fence(id="a", line=line)], grid, steps=FAR_STEPS[neighbours])
    odd = set(zip(cuts.row, cuts.col, cuts.step, strict=True)) if cuts.size else set()
    odd = {
        (int(r), int(c), int(k))
        for (r, c, k), parts in zip(zip(cuts.row, cuts.col, cuts.step, strict=True), cuts.parts_sides, strict=True)
        if parts
    }
    wanted = set()
    for k, step in enumerate(FAR_STEPS[neighbours]):
        for row in range(grid.shape[0] - step[0]):
            for col in range(max(0, -step[1]), grid.shape[1] - max(0, step[1])):
                if parted_by_hand(line, row, col, step, surface):
                    wanted.add((row, col, k))
    assert odd == wanted
    assert len(wanted) > 5


@pytest.mark.parametrize("neighbours", FAR)
@pytest.mark.parametrize("shift", [0.0, 0.37])
def test_a_closed_ring_is_tight(neighbours: int, shift: float) -> None:
    """Also where it runs through the centres of cells and along their edges."""
    grid = grid_of((21, 21), (100.0, 100.0))
    surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
    x, y = grid.xy([5, 5, 12, 16, 10], [5, 14, 16, 9, 4])
    ring = Polygon(list(zip(x + 100 * shift, y - 100 * shift, strict=True)))
    fences = [Fence(id="ring", line=LineString(ring.exterior.coords))]
    cwd = cost_weighted_distance(stencil_of(surface, neighbours, fences), FocalRegion.cell("in", 9, 9, grid)).cwd
    assert np.isinf(cwd[0]).all() and np.isinf(cwd[-1]).all() and np.isinf(cwd[:, 0]).all()
    assert np.isfinite(cwd).sum() > 60


@pytest.mark.parametrize("neighbours", FAR)
def test_a_path_costs_what_the_distance_says_and_counts_its_crossings(neighbours: int) -> None:
    grid = grid_of((40, 40), (100.0, 100.0))
    surface = random_surface(2, grid, lost=0.05)
    xmin, ymin, xmax, _ = grid.bounds
    line = LineString([(xmin - 10, ymin + 1933), (xmax + 10, ymin + 2171)])
    stencil = stencil_of(surface, neighbours, [Fence(id="a", line=line)], 500.0)
    free = stencil_of(surface, neighbours)
    rows, cols = (index[surface.passable] for index in np.indices(grid.shape))
    start, end = (FocalRegion.cell(name, int(rows[i]), int(cols[i]), grid) for name, i in (("a", 0), ("b", -1)))
    path = least_cost_path(cost_weighted_distance(stencil, start), end)
    assert stencil.far is not None and free.far is not None
    total = 0.0
    for (a, b), (c, d) in zip(
        zip(path.rows[:-1], path.cols[:-1], strict=True), zip(path.rows[1:], path.cols[1:], strict=True), strict=True
    ):
        one, two = sorted([(int(a), int(b)), (int(c), int(d))])
        step = (two[0] - one[0], two[1] - one[1])
        k = free.far.steps.tolist().index(list(step))
        total += free.far.cost[k, one[0], one[1]]
    assert path.fence_edges.size % 2 == 1
    assert path.cost_m == pytest.approx(total + 500.0 * path.fence_edges.size, rel=1e-12)
    assert max(np.abs(np.diff(path.rows)).max(), np.abs(np.diff(path.cols)).max()) >= 2


def test_what_needs_neighbours_refuses_far_steps() -> None:
    grid = grid_of((5, 6))
    surface = random_surface(1, grid, lost=0.0)
    stencil, den = stencil_of(surface, 16), FocalRegion.cell("den", 0, 0, grid)
    with pytest.raises(DataError, match="slope needs least cost with 8 or 4"):
        cost_weighted_distance(stencil, den, slope=SlopeCost.__new__(SlopeCost))
    with pytest.raises(DataError, match="allocation needs least cost with 8 or 4"):
        cost_allocation(stencil, [den])
    for neighbours, near, said in ((24, 8, "16 or 32 neighbours"), (16, 4, "needs a stencil of 8")):
        with pytest.raises(DataError, match=said):
            with_far_steps(build_stencil(surface, neighbours=near), neighbours, FenceTerms.none())  # type: ignore[arg-type]


def test_a_grid_smaller_than_a_step() -> None:
    grid = grid_of((1, 3))
    cwd = cost_weighted_distance(
        stencil_of(ResistanceSurface.from_array(np.ones((1, 3)), grid), 32), FocalRegion.cell("den", 0, 0, grid)
    ).cwd
    np.testing.assert_allclose(cwd[0], np.arange(3) * grid.cell_width_m)
