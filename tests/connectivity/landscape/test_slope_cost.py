"""Directed costs of slope against their published formulas, and against networkx on a directed graph."""

import math

import networkx as nx
import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.slope_cost import SlopeCost, SlopeFunction, TravelDirection, factor_of_slope
from connectivity.landscape.stencil import STEPS, FenceTerms, Stencil, build_stencil
from connectivity.least_cost.corridors import corridor
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distance
from connectivity.least_cost.paths import cost_allocation, least_cost_path
from rasters.errors import DataError, GridMismatchError
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

FUNCTIONS: tuple[SlopeFunction, ...] = ("tobler", "irmischer_clarke", "minetti")


def hills(shape: tuple[int, int], **options: object) -> tuple[Stencil, NDArray[np.float64]]:
    rng = np.random.default_rng(4)
    values = np.exp(rng.uniform(0, 2, shape))
    values[rng.random(shape) < 0.1] = np.inf
    values[0, 0] = values[-1, -1] = 1.0
    surface = ResistanceSurface.from_array(values, Grid("EPSG:6933", Affine(30, 0, 0, 0, -40, 0), shape))
    fence = FenceTerms(
        row=np.array([1, 2], np.int32),
        col=np.array([1, 3], np.int32),
        step=np.array([0, 1], np.int8),
        cost_m=np.array([25.0, math.inf]),
        ohm=np.array([25.0, math.inf]),
    )
    return build_stencil(surface, fence, **options), rng.uniform(0, 60, shape)  # type: ignore[arg-type]


def run(stencil: Stencil, slope: SlopeCost | None, row: int, col: int) -> CostDistance:
    return cost_weighted_distance(
        stencil, FocalRegion.cell(f"{row},{col}", row, col, stencil.surface.grid), slope=slope
    )


def directed_graph(stencil: Stencil, slope: SlopeCost) -> "nx.DiGraph[tuple[int, int]]":
    plain = build_stencil(stencil.surface, neighbours=stencil.neighbours, edge_rule=stencil.edge_rule).cost()
    fence = stencil.cost() - np.where(np.isfinite(plain), plain, 0.0)
    graph: nx.DiGraph[tuple[int, int]] = nx.DiGraph()
    for k, row, col in np.argwhere(np.isfinite(plain)):
        first, second = (int(row), int(col)), (int(row + STEPS[k][0]), int(col + STEPS[k][1]))
        for a, b in ((first, second), (second, first)):
            rise = (slope.elevation_m[b] - slope.elevation_m[a]) / stencil.step_m()[k]
            factor = float(factor_of_slope(slope.function, np.array([rise]))[0])
            graph.add_edge(a, b, weight=float(plain[k, row, col]) * factor + float(fence[k, row, col]))
    return graph if slope.direction == "from_source" else graph.reverse()


def test_tobler_is_his_walking_speed() -> None:
    slope = np.linspace(-0.6, 0.6, 25)
    speed = 6 * np.exp(-3.5 * np.abs(slope + 0.05))
    np.testing.assert_allclose(factor_of_slope("tobler", slope), speed[12] / speed, rtol=1e-12)


def test_irmischer_clarke_is_their_off_path_speed() -> None:
    percent = np.linspace(-60, 60, 25)
    speed = 0.11 + 0.67 * np.exp(-((percent + 2) ** 2) / (2 * 30**2))
    np.testing.assert_allclose(factor_of_slope("irmischer_clarke", percent / 100), speed[12] / speed, rtol=1e-12)


def test_minetti_is_their_polynomial() -> None:
    i = np.linspace(-0.45, 0.45, 19)
    cost = np.polyval([280.5, -58.7, -76.8, 51.9, 19.6, 2.5], i)
    np.testing.assert_allclose(factor_of_slope("minetti", i), cost / 2.5, rtol=1e-12)
    assert factor_of_slope("minetti", np.array([2.0])) == factor_of_slope("minetti", np.array([0.45]))


def test_uphill_and_downhill_on_a_ramp() -> None:
    surface = ResistanceSurface.from_array(
        np.full((1, 11), 2.0), Grid("EPSG:6933", Affine(50, 0, 0, 0, -50, 0), (1, 11))
    )
    stencil = build_stencil(surface)
    slope = SlopeCost(elevation_m=np.arange(11)[None, :] * 5.0)
    up, down = run(stencil, slope, 0, 0).cwd[0, 10], run(stencil, slope, 0, 10).cwd[0, 0]
    assert up == pytest.approx(10 * 50 * 2 * math.exp(3.5 * 0.10))
    assert down == pytest.approx(10 * 50 * 2 * math.exp(3.5 * 0.0))


def test_level_ground_changes_nothing() -> None:
    stencil, elevation = hills((12, 15))
    for function in FUNCTIONS:
        level = SlopeCost(elevation_m=np.full_like(elevation, 700.0), function=function)
        np.testing.assert_array_equal(run(stencil, level, 0, 0).cwd, run(stencil, None, 0, 0).cwd)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("direction", ["from_source", "to_source"])
@pytest.mark.parametrize("rule", ["mean_resistance", "mean_conductance"])
def test_equals_networkx_on_directed_edges(function: SlopeFunction, direction: TravelDirection, rule: str) -> None:
    stencil, elevation = hills((12, 15), edge_rule=rule)
    slope = SlopeCost(elevation_m=elevation, function=function, direction=direction)
    found = run(stencil, slope, 0, 0)
    expected = np.full(stencil.shape, np.inf)
    graph = directed_graph(stencil, slope)
    for cell, cost in nx.single_source_dijkstra_path_length(graph, (0, 0)).items():
        expected[cell] = cost
    np.testing.assert_allclose(found.cwd, expected, rtol=1e-12)
    path = least_cost_path(found, FocalRegion.cell("end", 11, 14, stencil.surface.grid))
    cells = list(zip(path.rows.tolist(), path.cols.tolist(), strict=True))
    assert path.status == "reached"
    assert nx.path_weight(graph, cells, "weight") == pytest.approx(path.cost_m, rel=1e-12)


def test_from_here_to_there_is_the_same_seen_from_both_ends() -> None:
    stencil, elevation = hills((12, 15))
    leave, arrive = (SlopeCost(elevation_m=elevation, direction=d) for d in ("from_source", "to_source"))
    a, b = run(stencil, leave, 0, 0), run(stencil, arrive, 11, 14)
    assert a.cwd[11, 14] == pytest.approx(b.cwd[0, 0], rel=1e-12)
    assert run(stencil, leave, 11, 14).cwd[0, 0] != pytest.approx(b.cwd[0, 0], rel=1e-3)
    way = corridor(a, b)
    assert way.least_cost_m == pytest.approx(a.cwd[11, 14], rel=1e-12)
    path = least_cost_path(a, b.source)
    assert (way.excess_m[path.rows, path.cols] == 0).all()
    with pytest.raises(DataError, match="both distances go from_source"):
        corridor(a, run(stencil, leave, 11, 14))


def test_allocation_with_slope_is_the_minimum() -> None:
    stencil, elevation = hills((12, 15))
    slope = SlopeCost(elevation_m=elevation)
    ends = [FocalRegion.cell("a", 0, 0, stencil.surface.grid), FocalRegion.cell("b", 11, 14, stencil.surface.grid)]
    each = np.stack([cost_weighted_distance(stencil, end, slope=slope).cwd for end in ends])
    found = cost_allocation(stencil, ends, slope=slope)
    np.testing.assert_array_equal(found.cwd, each.min(axis=0))
    own = np.take_along_axis(each, found.label[None].astype(np.int64) - 1, axis=0)[0]
    reached = np.isfinite(found.cwd)
    np.testing.assert_array_equal(own[reached], found.cwd[reached])


def test_faults_are_named() -> None:
    stencil, elevation = hills((6, 7))
    with pytest.raises(DataError, match="slope function must be one of tobler"):
        SlopeCost(elevation_m=elevation, function="naismith")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="direction"):
        SlopeCost(elevation_m=elevation, direction="sideways")  # type: ignore[arg-type]
    with pytest.raises(GridMismatchError, match="elevation has shape"):
        run(stencil, SlopeCost(elevation_m=elevation[:3]), 0, 0)
    elevation[0, 0] = np.nan
    with pytest.raises(DataError, match="1 passable cells, first at row 0, col 0"):
        run(stencil, SlopeCost(elevation_m=elevation), 0, 0)
