import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.least_cost.crossings import step_costs_m
from connectivity.least_cost.diverse_routes import DiversityRules, diverse_routes, overlap_share
from connectivity.least_cost.paths import least_cost_path
from rasters.errors import DataError
from tests.support.small import cell, fence_across, random_values, stencil_of, with_fence


def three_valleys():
    """Valleys of resistance 1, 1.1 and 1.3 through country of 10, joined at either end."""
    values = np.full((31, 60), 10.0)
    for row, resistance in ((5, 1.1), (15, 1.0), (25, 1.3)):
        values[row, 3:57] = resistance
    values[5:26, 3] = values[5:26, 56] = 1.0
    stencil = stencil_of(values)
    return stencil, cell("a", 15, 3, stencil), cell("b", 15, 56, stencil)


def test_each_valley_is_one_way() -> None:
    stencil, a, b = three_valleys()
    distances = cost_weighted_distances(stencil, [a, b])
    routes = diverse_routes(*distances, DiversityRules(most=4, apart_m=400.0, max_stretch=2.0))
    assert [round(float(np.median(r.path.rows))) for r in routes] == [15, 5, 25]
    assert [r.number for r in routes] == [1, 2, 3]
    costs = [r.path.cost_m for r in routes]
    assert costs == sorted(costs) and costs[0] == distances[0].to(b)
    assert routes[0].overlap == 0.0 and max(r.overlap for r in routes) < 0.2
    assert routes[0].penalty == 1.0 < routes[1].penalty


def test_a_way_that_is_too_dear_is_none() -> None:
    stencil, a, b = three_valleys()
    distances = cost_weighted_distances(stencil, [a, b])
    second = diverse_routes(*distances, DiversityRules(most=2, apart_m=400.0, max_stretch=2.0))[1].path.cost_m
    stretch = second / distances[0].to(b)
    for factor, expected in ((stretch * 0.999, 1), (stretch * 1.001, 2)):
        assert len(diverse_routes(*distances, DiversityRules(apart_m=400.0, max_stretch=factor))) == expected
    assert len(diverse_routes(*distances, DiversityRules(most=1))) == 1


@given(st.integers(0, 60), st.sampled_from([0.0, 800.0]))
def test_ways_keep_the_rules_and_state_their_true_cost(seed: int, fence_m: float) -> None:
    stencil = stencil_of(random_values(seed, 16, 24))
    stencil = with_fence(stencil, fence_across(stencil.surface.grid, 12.0), fence_m)
    rng = np.random.default_rng(seed)
    ends = [
        cell(name, int(rng.choice(np.flatnonzero(stencil.surface.passable[:, col]))), col, stencil)
        for name, col in (("a", 1), ("b", 22))
    ]
    distances = cost_weighted_distances(stencil, ends)
    rules = DiversityRules(most=4, apart_m=250.0, max_overlap=0.4, max_stretch=1.8)
    routes = diverse_routes(*distances, rules)
    for i, route in enumerate(routes):
        ground, fence = step_costs_m(stencil, route.path.rows, route.path.cols)
        assert route.path.cost_m == pytest.approx(float((ground + fence).sum()), rel=1e-12)
        assert route.path.cost_m <= 1.8 * routes[0].path.cost_m * (1 + 1e-9)
        assert route.overlap == overlap_share(route.path, [r.path for r in routes[:i]], 250.0)
        assert route.overlap <= 0.4
        for end, position in ((ends[0], 0), (ends[1], -1)):
            assert (route.path.rows[position], route.path.cols[position]) == (end.rows[0], end.cols[0])
    costs = [r.path.cost_m for r in routes]
    assert costs == sorted(costs)


@given(st.integers(0, 100), st.sampled_from(["mean_resistance", "mean_conductance"]))
def test_steps_add_up_to_the_least_cost(seed: int, rule: str) -> None:
    stencil = stencil_of(random_values(seed), edge_rule=rule)
    if rule == "mean_resistance":
        stencil = with_fence(stencil, fence_across(stencil.surface.grid, 8.0), 900.0)
    spots = np.random.default_rng(seed).permutation(np.flatnonzero(stencil.surface.passable))[:2]
    ends = [cell(n, *divmod(int(s), stencil.shape[1]), stencil) for n, s in zip("ab", spots, strict=True)]
    path = least_cost_path(cost_weighted_distances(stencil, ends)[0], ends[1])
    if path.status == "unreachable":
        return
    ground, fence = step_costs_m(stencil, path.rows, path.cols)
    assert float((ground + fence).sum()) == pytest.approx(path.cost_m, rel=1e-12)
    assert np.count_nonzero(fence) == path.fence_edges.size
    back = step_costs_m(stencil, path.rows[::-1], path.cols[::-1])
    assert np.allclose(back[0][::-1], ground) and np.array_equal(back[1][::-1], fence)


def test_steps_into_barriers_cost_without_end() -> None:
    values = np.ones((3, 4))
    values[1, 2] = np.inf
    ground, _ = step_costs_m(stencil_of(values), np.array([1, 1, 1], np.int32), np.array([0, 1, 2], np.int32))
    assert ground.tolist() == [100.0, math.inf]


def test_cores_apart_have_no_way() -> None:
    stencil = stencil_of(np.ones((5, 9)))
    closed = with_fence(stencil, fence_across(stencil.surface.grid, 4.0), math.inf)
    distances = cost_weighted_distances(closed, [cell("a", 2, 1, closed), cell("b", 2, 7, closed)])
    assert diverse_routes(*distances) == ()


def test_rules_and_budgets_are_checked() -> None:
    with pytest.raises(DataError, match="max_overlap"):
        DiversityRules(max_overlap=1.0)
    stencil = stencil_of(np.ones((5, 9)))
    ends = [cell("a", 2, 1, stencil), cell("b", 2, 7, stencil)]
    with pytest.raises(DataError, match="without a budget"):
        diverse_routes(*cost_weighted_distances(stencil, ends, budget_m=1e6))
