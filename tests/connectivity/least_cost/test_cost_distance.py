"""Cost-weighted distance against closed forms, scikit-image, networkx, and the laws it must obey."""

import itertools
import math
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.graph import MCP_Geometric

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import STEPS, FenceTerms, Stencil, build_stencil
from connectivity.least_cost import cost_distance
from connectivity.least_cost.corridors import corridor
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distance, cost_weighted_distances
from connectivity.least_cost.paths import cost_allocation, least_cost_path
from rasters.errors import DataError, FocalNodeError, SolverError
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from tests.support.places import ROOT

EXACT = 1e-12
"""Relative; sums of the same edges in another order differ by a few roundings of 1e-16 per step."""


def grid_of(shape: tuple[int, int], width_m: float = 30.0, height_m: float = 30.0) -> Grid:
    return Grid("EPSG:6933", Affine(width_m, 0, 0, 0, -height_m, 0), shape)


def fence_of(edges: dict[tuple[int, int, int], float]) -> FenceTerms:
    """Terms from {(row, col, step): cost}."""
    row, col, step = (np.array([edge[k] for edge in edges], dtype=np.int32) for k in range(3))
    cost = np.array(list(edges.values()), dtype=np.float64)
    return FenceTerms(row=row, col=col, step=step.astype(np.int8), cost_m=cost, ohm=cost)


def stencil_of(values: NDArray[np.float64], fence: FenceTerms | None = None, **options: object) -> Stencil:
    cell = options.pop("cell", (30.0, 30.0))
    surface = ResistanceSurface.from_array(values, grid_of(values.shape, *cell))  # type: ignore[misc]
    return build_stencil(surface, fence, **options)  # type: ignore[arg-type]


def wall(shape: tuple[int, int], row: int, cost: float = math.inf, gap: int | None = None) -> FenceTerms:
    """A fence between ``row`` and the next, all along, with one open south edge at column ``gap``."""
    edges = {}
    for col in range(shape[1]):
        if col != gap:
            edges[row, col, 1] = cost
        if col + 1 < shape[1]:
            edges[row, col, 2] = cost
            edges[row, col + 1, 3] = cost
    return fence_of(edges)


def graph_of(stencil: Stencil) -> "nx.Graph[tuple[int, int]]":
    """The same edges as a networkx graph."""
    graph: nx.Graph[tuple[int, int]] = nx.Graph()
    graph.add_nodes_from((int(r), int(c)) for r, c in np.argwhere(stencil.surface.passable))
    for k, row, col in np.argwhere(np.isfinite(stencil.cost())):
        d_row, d_col = STEPS[k]
        cost = float(stencil.cost()[k, row, col])
        graph.add_edge((int(row), int(col)), (int(row + d_row), int(col + d_col)), weight=cost)
    return graph


def networkx_distance(stencil: Stencil, row: int, col: int) -> NDArray[np.float64]:
    out = np.full(stencil.shape, np.inf)
    for (r, c), cost in nx.single_source_dijkstra_path_length(graph_of(stencil), (row, col)).items():
        out[r, c] = cost
    out[stencil.surface.nodata] = np.nan
    return out


def distance(stencil: Stencil, row: int, col: int, budget_m: float = math.inf) -> CostDistance:
    source = FocalRegion.cell(f"{row},{col}", row, col, stencil.surface.grid)
    return cost_weighted_distance(stencil, source, budget_m=budget_m)


@st.composite
def landscapes(draw: st.DrawFn, fences: bool = True) -> tuple[Stencil, tuple[int, int], tuple[int, int]]:
    """A small stencil with holes, barriers and fences, and two passable cells of it."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(2, 7)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = np.exp(rng.uniform(0, math.log(draw(st.sampled_from([1.0, 3.0, 1e2, 1e6]))), shape))
    if draw(st.booleans()):
        values = np.round(values)
    kind = rng.random(shape)
    values[kind < 0.1], values[kind > 0.9] = np.nan, np.inf
    values[0, 0], values[-1, -1] = 1.0, 2.0
    edges: dict[tuple[int, int, int], float] = {}
    for k, (d_row, d_col) in enumerate(STEPS if fences else ()):
        for row, col in np.argwhere(rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))):
            if row + d_row < shape[0] and 0 <= col + d_col < shape[1]:
                edges[int(row), int(col), k] = float(rng.choice([math.inf, 0.5, 1e4]))
    stencil = stencil_of(
        values,
        fence_of(edges) if edges else None,
        neighbours=draw(st.sampled_from([4, 8])),
        edge_rule=draw(st.sampled_from(["mean_resistance", "mean_conductance"])),
        cell=draw(st.sampled_from([(30.0, 30.0), (10.0, 45.0)])),
    )
    cells = np.argwhere(stencil.surface.passable)
    one, two = (tuple(int(v) for v in cells[draw(st.integers(0, len(cells) - 1))]) for _ in range(2))
    return stencil, one, two  # type: ignore[return-value]


def test_uniform_grid_is_octile() -> None:
    cwd = distance(stencil_of(np.full((40, 55), 2.5)), 7, 9).cwd
    d_row, d_col = np.abs(np.arange(40) - 7)[:, None], np.abs(np.arange(55) - 9)[None, :]
    octile = 30 * 2.5 * (np.maximum(d_row, d_col) + (math.sqrt(2) - 1) * np.minimum(d_row, d_col))
    np.testing.assert_allclose(cwd, octile, rtol=EXACT)


def test_uniform_grid_with_four_neighbours_is_manhattan() -> None:
    cwd = distance(stencil_of(np.ones((20, 30)), neighbours=4, cell=(10.0, 25.0)), 0, 0).cwd
    np.testing.assert_allclose(cwd, 25 * np.arange(20)[:, None] + 10 * np.arange(30)[None, :], rtol=EXACT)


@pytest.mark.parametrize("contrast", [1.0, 10.0, 1e3, 1e6, 1e12])
@pytest.mark.parametrize("connected", [True, False])
def test_equals_scikit_image(contrast: float, connected: bool) -> None:
    rng = np.random.default_rng(7)
    values = np.exp(rng.uniform(0, math.log(contrast), (90, 110)))
    values[rng.random(values.shape) < 0.15] = np.nan
    values[30, 40] = 1.0
    ours = distance(stencil_of(values, cell=(1.0, 1.0), neighbours=8 if connected else 4), 30, 40).cwd
    mcp = MCP_Geometric(np.where(np.isnan(values), -1.0, values), fully_connected=connected)
    theirs = mcp.find_costs([(30, 40)])[0]
    np.testing.assert_allclose(ours, np.where(np.isnan(values), np.nan, theirs), rtol=EXACT)


@given(landscapes())
@settings(max_examples=120, deadline=None)
def test_equals_networkx(case: tuple[Stencil, tuple[int, int], tuple[int, int]]) -> None:
    stencil, source, _ = case
    np.testing.assert_allclose(distance(stencil, *source).cwd, networkx_distance(stencil, *source), rtol=EXACT)


@given(landscapes(), st.sampled_from([1e-3, 0.3, 7.0, 1e3, 1e9]))
@settings(max_examples=40, deadline=None)
def test_bucket_width_changes_nothing(case: tuple[Stencil, tuple[int, int], tuple[int, int]], factor: float) -> None:
    stencil, source, _ = case
    with pytest.MonkeyPatch.context() as patch:
        width = cost_distance._bucket_m(stencil)
        patch.setattr(cost_distance, "_bucket_m", lambda _: width * factor)
        other = distance(stencil, *source).cwd
    np.testing.assert_array_equal(distance(stencil, *source).cwd, other)


@given(landscapes())
@settings(max_examples=40, deadline=None)
def test_there_costs_as_much_as_back(case: tuple[Stencil, tuple[int, int], tuple[int, int]]) -> None:
    stencil, one, two = case
    assert distance(stencil, *one).cwd[two] == pytest.approx(distance(stencil, *two).cwd[one], rel=EXACT)


@given(landscapes(fences=False), st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_k_times_the_resistance_costs_k_times_as_much(
    case: tuple[Stencil, tuple[int, int], tuple[int, int]], k: float
) -> None:
    stencil, source, _ = case
    surface = stencil.surface
    scaled = ResistanceSurface(
        values=k * surface.values, nodata=surface.nodata, barrier=surface.barrier, grid=surface.grid
    )
    again = build_stencil(scaled, neighbours=stencil.neighbours, edge_rule=stencil.edge_rule)
    np.testing.assert_allclose(distance(again, *source).cwd, k * distance(stencil, *source).cwd, rtol=1e-11)


@given(landscapes(fences=False))
@settings(max_examples=30, deadline=None)
def test_more_resistance_never_costs_less(case: tuple[Stencil, tuple[int, int], tuple[int, int]]) -> None:
    stencil, source, _ = case
    surface = stencil.surface
    more = surface.values * (1 + np.random.default_rng(0).random(surface.values.shape))
    dearer = ResistanceSurface(values=more, nodata=surface.nodata, barrier=surface.barrier, grid=surface.grid)
    again = build_stencil(dearer, neighbours=stencil.neighbours, edge_rule=stencil.edge_rule)
    before, after = distance(stencil, *source).cwd, distance(again, *source).cwd
    assert (after >= before)[stencil.surface.passable].all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_flips_and_quarter_turns_commute(turns: int, flip: bool) -> None:
    def moved(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.rot90(np.flipud(array) if flip else array, turns)

    rng = np.random.default_rng(3)
    values = np.exp(rng.uniform(0, 4, (31, 23)))
    values[rng.random(values.shape) < 0.1] = np.inf
    start = np.zeros(values.shape)
    start[5, 11], values[5, 11] = 1, 1.0
    row, col = (int(v) for v in np.argwhere(moved(start))[0])
    cell = (20.0, 50.0) if turns % 2 == 0 else (50.0, 20.0)
    turned = distance(stencil_of(np.ascontiguousarray(moved(values)), cell=cell), row, col).cwd
    np.testing.assert_allclose(turned, moved(distance(stencil_of(values, cell=(20.0, 50.0)), 5, 11).cwd), rtol=EXACT)


def test_a_complete_fence_is_an_answer() -> None:
    stencil = stencil_of(np.ones((10, 12)), wall((10, 12), 4))
    from_north = distance(stencil, 0, 0)
    assert np.isfinite(from_north.cwd[:5]).all()
    assert np.isposinf(from_north.cwd[5:]).all()
    path = least_cost_path(from_north, FocalRegion.cell("south", 9, 9, stencil.surface.grid))
    assert (path.status, path.cost_m, path.length_m, path.rows.size) == ("unreachable", math.inf, math.inf, 0)
    between = corridor(from_north, distance(stencil, 9, 9))
    assert (between.status, between.least_cost_m) == ("unreachable", math.inf)
    assert np.isposinf(between.excess_m).all()


def test_a_gap_in_a_fence_is_found() -> None:
    stencil = stencil_of(np.ones((10, 12)), wall((10, 12), 4, gap=7))
    path = least_cost_path(distance(stencil, 4, 0), FocalRegion.cell("south", 5, 0, stencil.surface.grid))
    assert path.cost_m == pytest.approx(30 * 15)
    assert path.fence_edges.size == 0
    assert 7 in path.cols[path.rows == 5]


def test_a_costly_fence_is_crossed_and_named() -> None:
    fence = wall((6, 9), 2, cost=100.0)
    stencil = stencil_of(np.ones((6, 9)), fence)
    path = least_cost_path(distance(stencil, 0, 4), FocalRegion.cell("south", 5, 4, stencil.surface.grid))
    assert path.cost_m == pytest.approx(5 * 30 + 100)
    (crossed,) = path.fence_edges
    assert (fence.row[crossed], fence.col[crossed], fence.step[crossed]) == (2, 4, 1)
    back = least_cost_path(distance(stencil, 5, 0), FocalRegion.cell("north", 0, 8, stencil.surface.grid))
    assert back.fence_edges.size == 1


def test_barriers_are_inf_and_no_data_is_nan() -> None:
    values = np.ones((5, 6))
    values[1, 1], values[2, 2] = np.inf, np.nan
    cwd = distance(stencil_of(values), 0, 0).cwd
    assert np.isposinf(cwd[1, 1])
    assert np.isnan(cwd[2, 2])
    assert np.isfinite(cwd).sum() == 28


def test_values_under_no_data_and_barriers_are_ignored() -> None:
    values = np.ones((5, 6))
    values[1, 1], values[2, 2], values[3, 3] = -7.0, np.nan, 0.0
    hidden = np.zeros((5, 6), dtype=bool)
    hidden[1, 1] = hidden[2, 2] = hidden[3, 3] = True
    grid = grid_of((5, 6))
    nothing = np.zeros_like(hidden)
    for rule in ("mean_resistance", "mean_conductance"):
        one = build_stencil(ResistanceSurface(values=values, nodata=nothing, barrier=hidden, grid=grid), edge_rule=rule)
        two = build_stencil(ResistanceSurface.from_array(np.where(hidden, np.inf, 1.0), grid), edge_rule=rule)
        np.testing.assert_array_equal(distance(one, 0, 0).cwd, distance(two, 0, 0).cwd)


@given(landscapes(), st.floats(0, 1e4))
@settings(max_examples=40, deadline=None)
def test_budget_cuts_and_changes_nothing_else(
    case: tuple[Stencil, tuple[int, int], tuple[int, int]], budget: float
) -> None:
    stencil, source, _ = case
    full = distance(stencil, *source).cwd
    expected = np.where(full > budget, np.inf, full)
    np.testing.assert_array_equal(distance(stencil, *source, budget_m=budget).cwd, expected)


def test_budget_includes_its_own_value() -> None:
    cwd = distance(stencil_of(np.ones((1, 6))), 0, 0, budget_m=90.0).cwd
    assert cwd[0, :4].tolist() == [0, 30, 60, 90]
    assert np.isposinf(cwd[0, 4:]).all()


@given(landscapes())
@settings(max_examples=80, deadline=None)
def test_a_path_costs_what_the_distance_says(case: tuple[Stencil, tuple[int, int], tuple[int, int]]) -> None:
    stencil, source, target = case
    found = distance(stencil, *source)
    path = least_cost_path(found, FocalRegion.cell("target", *target, stencil.surface.grid))
    assert path.cost_m == found.cwd[target]
    if path.status == "unreachable":
        assert path.cost_m == math.inf
        return
    cells = list(zip(path.rows.tolist(), path.cols.tolist(), strict=True))
    assert (cells[0], cells[-1]) == (source, target)
    assert len(set(cells)) == len(cells)
    graph = graph_of(stencil)
    assert sum(graph.edges[a, b]["weight"] for a, b in itertools.pairwise(cells)) == pytest.approx(
        path.cost_m, rel=EXACT
    )
    x, y = path.xy
    assert path.length_m == pytest.approx(np.hypot(np.diff(x), np.diff(y)).sum())
    assert_fence_edges(stencil, cells, path.fence_edges)


def assert_fence_edges(stencil: Stencil, cells: list[tuple[int, int]], crossed: NDArray[np.int64]) -> None:
    number: dict[frozenset[tuple[int, int]], int] = {}
    for n, (row, col, k) in enumerate(zip(stencil.fence.row, stencil.fence.col, stencil.fence.step, strict=True)):
        first = (int(row), int(col))
        number[frozenset([first, (first[0] + STEPS[k][0], first[1] + STEPS[k][1])])] = n
    pairs = (frozenset(pair) for pair in itertools.pairwise(cells))
    assert crossed.tolist() == [number[pair] for pair in pairs if pair in number]


def test_a_region_starts_from_all_its_cells() -> None:
    rng = np.random.default_rng(5)
    stencil = stencil_of(np.exp(rng.uniform(0, 3, (25, 20))))
    region = FocalRegion.from_mask("park", rng.random((25, 20)) < 0.02, stencil.surface.grid)
    singles = [distance(stencil, int(r), int(c)).cwd for r, c in zip(region.rows, region.cols, strict=True)]
    np.testing.assert_array_equal(cost_weighted_distance(stencil, region).cwd, np.min(singles, axis=0))


def test_a_path_ends_at_the_nearest_cell_of_a_region() -> None:
    stencil = stencil_of(np.ones((5, 9)))
    target = FocalRegion(id="east", rows=np.array([2, 2, 2]), cols=np.array([8, 6, 7]), grid=stencil.surface.grid)
    path = least_cost_path(distance(stencil, 2, 0), target)
    assert (path.cols[-1], path.cost_m, path.length_m) == (6, 180.0, 180.0)
    assert path.cols.tolist() == list(range(7))


def test_ties_and_long_detours_are_walked() -> None:
    values = np.ones((61, 61))
    values[1::4, :-1] = np.inf
    values[3::4, 1:] = np.inf
    stencil = stencil_of(values)
    path = least_cost_path(distance(stencil, 0, 0), FocalRegion.cell("end", 60, 60, stencil.surface.grid))
    assert path.status == "reached"
    assert path.rows.size > 30 * 58
    steps = np.maximum(np.abs(np.diff(path.rows)), np.abs(np.diff(path.cols)))
    assert (steps == 1).all()


@given(landscapes())
@settings(max_examples=40, deadline=None)
def test_corridor_is_zero_on_the_path_and_never_negative(
    case: tuple[Stencil, tuple[int, int], tuple[int, int]],
) -> None:
    stencil, source, target = case
    a, b = distance(stencil, *source), distance(stencil, *target)
    between = corridor(a, b)
    excess = between.excess_m[~stencil.surface.nodata]
    assert (excess >= 0).all()
    assert between.least_cost_m == pytest.approx(a.cwd[target], rel=EXACT)
    path = least_cost_path(a, b.source)
    assert (between.excess_m[path.rows, path.cols] == 0).all()
    assert between.status == path.status


@given(landscapes(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_allocation_is_the_minimum_over_sources(
    case: tuple[Stencil, tuple[int, int], tuple[int, int]], seed: int
) -> None:
    stencil = case[0]
    cells = np.random.default_rng(seed).permutation(np.argwhere(stencil.surface.passable))[:3]
    regions = [FocalRegion.cell(str(n), int(r), int(c), stencil.surface.grid) for n, (r, c) in enumerate(cells)]
    found = cost_allocation(stencil, regions)
    each = np.stack([cost_weighted_distance(stencil, region).cwd for region in regions])
    np.testing.assert_array_equal(found.cwd, each.min(axis=0))
    reached = np.isfinite(found.cwd)
    assert ((found.label > 0) == reached).all()
    own = np.take_along_axis(each, found.label[None].astype(np.int64) - 1, axis=0)[0]
    np.testing.assert_allclose(own[reached], found.cwd[reached], rtol=EXACT)


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(11)
    stencil = stencil_of(np.exp(rng.uniform(0, 5, (70, 80))), wall((70, 80), 33, cost=50.0, gap=12))
    sources = [FocalRegion.cell(str(n), n, 2 * n, stencil.surface.grid) for n in range(6)]
    many = cost_weighted_distances(stencil, sources, threads=2)
    for source, found in zip(sources, many, strict=True):
        assert found.source is source
        np.testing.assert_array_equal(found.cwd, cost_weighted_distance(stencil, source).cwd)


def test_faults_are_named() -> None:
    stencil = stencil_of(np.array([[1.0, np.inf]]))
    with pytest.raises(FocalNodeError, match="on a barrier"):
        distance(stencil, 0, 1)
    with pytest.raises(DataError, match="budget_m"):
        distance(stencil, 0, 0, budget_m=-1.0)
    with pytest.raises(DataError, match="budget_m"):
        distance(stencil, 0, 0, budget_m=math.nan)
    with pytest.raises(DataError, match="threads"):
        cost_weighted_distances(stencil, [], threads=0)


def test_steps_lost_in_rounding_are_an_error_and_not_an_endless_path() -> None:
    values = np.ones((3, 12))
    values[:, 3] = 1e20
    stencil = stencil_of(values)
    found = distance(stencil, 1, 0)
    assert np.isfinite(found.cwd).all()
    with pytest.raises(SolverError, match=r"stops at row \d, col (4|5|6|7|8|9|10|11): a step there is too cheap"):
        least_cost_path(found, FocalRegion.cell("end", 1, 11, stencil.surface.grid))
    with pytest.raises(SolverError, match="too cheap"):
        cost_allocation(stencil, [found.source])


def test_results_are_read_only_and_say_what_they_are() -> None:
    found = distance(stencil_of(np.ones((4, 4))), 0, 0)
    with pytest.raises(ValueError, match="read-only"):
        found.cwd[0, 0] = 1.0
    assert "100.0% of cells reached" in repr(found)
    assert found.to(FocalRegion.cell("end", 0, 3, found.grid)) == 90.0


BOUNDS_CHECKED = """
import numpy as np
from tests.connectivity.least_cost.test_cost_distance import *
from connectivity.kernels._jit import BOUNDSCHECK
assert BOUNDSCHECK
rng = np.random.default_rng(2)
for contrast in (2.0, 1e7):
    values = np.exp(rng.uniform(0, np.log(contrast), (150, 170)))
    for stencil in (stencil_of(values, wall(values.shape, 60, cost=20.0, gap=5)), stencil_of(values, neighbours=4)):
        grid = stencil.surface.grid
        found = cost_weighted_distance(stencil, FocalRegion.from_mask("edge", _frame(stencil.shape), grid))
        least_cost_path(found, FocalRegion.cell("end", 75, 75, grid))
        cost_allocation(stencil, [FocalRegion.cell("a", 0, 0, grid), FocalRegion.cell("b", 149, 169, grid)])
print("checked")
"""


def _frame(shape: tuple[int, int]) -> NDArray[np.bool_]:
    frame = np.ones(shape, dtype=bool)
    frame[1:-1, 1:-1] = False
    return frame


def test_kernels_stay_inside_their_arrays() -> None:
    environment = {**os.environ, "OTKEL_BOUNDSCHECK": "1", "PYTHONPATH": str(ROOT)}
    code = BOUNDS_CHECKED.replace(
        "import *", "import *\nfrom tests.connectivity.least_cost.test_cost_distance import _frame"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "checked" in done.stdout
