import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from connectivity.focal import FocalRegion
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.paths import least_cost_path
from connectivity.least_cost.randomised_paths import randomised_paths, walk_to_target
from connectivity.network.pinch_points import pinch_points
from rasters.errors import DataError
from tests.support.small import block, cell, fence_across, random_values, stencil_of, with_fence


def random_walk(seed: int, n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Transition probabilities and costs of a random directed graph in which everything reaches the last node."""
    rng = np.random.default_rng(seed)
    affinity = rng.uniform(0.2, 2.0, (n, n)) * (rng.random((n, n)) < 0.4)
    affinity[np.arange(n - 1), np.arange(1, n)] = 1.0
    affinity[-1, 0] = 1.0
    np.fill_diagonal(affinity, 0.0)
    return affinity / affinity.sum(axis=1, keepdims=True), rng.uniform(0.5, 3.0, (n, n)) * (affinity > 0)


def by_iteration(p: np.ndarray, c: np.ndarray, theta: float, target: int) -> tuple[np.ndarray, np.ndarray]:
    """log z and expected cost by summing over ever longer paths, in extended precision."""
    w = p.astype(np.longdouble) * np.exp(-np.longdouble(theta) * c.astype(np.longdouble)) * (p > 0)
    w[target] = 0
    z, paid = np.zeros(len(p), np.longdouble), np.zeros(len(p), np.longdouble)
    z[target] = 1
    for _ in range(4000):
        paid = w @ paid + (w * c) @ z
        z = w @ z
        z[target] = 1
    return np.log(z), paid / z


@given(st.integers(0, 200), st.sampled_from([0.05, 0.3, 2.0, 50.0, 400.0]))
@settings(max_examples=40)
def test_walks_are_the_sum_over_all_paths(seed: int, theta: float) -> None:
    p, c = random_walk(seed)
    found = walk_to_target(sparse.csr_array(p), sparse.csr_array(c), theta, target=8)
    log_z, cost = by_iteration(p, c, theta, 8)
    assert np.allclose(found.free_energy, -log_z / theta, rtol=1e-9, atol=1e-12)
    assert np.allclose(found.expected_cost, cost.astype(float), rtol=1e-9, atol=1e-12)
    assert np.allclose(found.survival, np.exp(log_z).astype(float), rtol=1e-9, atol=1e-300)
    assert (found.free_energy >= found.expected_cost - 1e-9).all()


def test_no_way_to_the_target() -> None:
    p = sparse.csr_array(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    found = walk_to_target(p, p, 1.0, target=2)
    assert found.survival.tolist() == [0.0, 0.0, 1.0]
    assert found.expected_cost.tolist() == [math.inf, math.inf, 0.0]
    assert found.free_energy.tolist() == [math.inf, math.inf, 0.0]


def landscape(seed: int):
    stencil = stencil_of(random_values(seed, 11, 12))
    stencil = with_fence(stencil, fence_across(stencil.surface.grid, 6.0), 400.0)
    grid = stencil.surface.grid
    return stencil, block("a", slice(0, 2), slice(0, 2), grid), block("b", slice(9, 11), slice(10, 12), grid)


@given(st.integers(0, 60))
@settings(max_examples=25)
def test_hot_is_the_current_of_circuit_theory(seed: int) -> None:
    stencil, a, b = landscape(seed)
    everywhere = np.ones(stencil.shape, bool)
    current = pinch_points(stencil, a, b, everywhere)
    hot = randomised_paths(stencil, a, b, 1e14)
    if current.status == "unreachable":
        assert math.isinf(hot.expected_cost_m)
        return
    passable = stencil.surface.passable & ~a.mask & ~b.mask
    assert np.allclose(
        hot.net_flow[passable], current.window.spread(current.current, stencil.surface.grid)[passable], atol=1e-6
    )
    assert hot.net_flow[0, 1] == pytest.approx(1.0, abs=1e-6) or stencil.surface.nodata[0, 1]


@given(st.integers(0, 60))
@settings(max_examples=25)
def test_cold_is_the_least_cost_path(seed: int) -> None:
    stencil, a, b = landscape(seed)
    path = least_cost_path(cost_weighted_distance(stencil, a), b)
    if path.status == "unreachable":
        return
    cold = randomised_paths(stencil, a, b, 0.02)
    assert cold.expected_cost_m == pytest.approx(path.cost_m, rel=1e-3)
    on_path = np.zeros(stencil.shape, bool)
    on_path[path.rows, path.cols] = True
    outside = stencil.surface.passable & ~on_path & ~a.mask & ~b.mask
    assert cold.passages[path.rows, path.cols] == pytest.approx(1.0, abs=0.02)
    assert cold.passages[outside].max() < 0.02


@given(st.integers(0, 60))
@settings(max_examples=25)
def test_warmer_walks_cost_more_and_wander_more(seed: int) -> None:
    stencil, a, b = landscape(seed)
    runs = [randomised_paths(stencil, a, b, t) for t in (30.0, 300.0, 3000.0, 30000.0)]
    if math.isinf(runs[0].expected_cost_m):
        return
    least = least_cost_path(cost_weighted_distance(stencil, a), b).cost_m
    costs = [run.expected_cost_m for run in runs]
    assert least <= costs[0] * (1 + 1e-9)
    assert all(x <= y * (1 + 1e-9) for x, y in itertools.pairwise(costs))
    for run in runs:
        assert run.free_energy_m >= run.expected_cost_m * (1 - 1e-9)
        assert (run.passages >= run.net_flow - 1e-9).all()
        assert run.net_flow.max() == pytest.approx(1.0)


def test_only_the_corridor_is_used_and_sealed_is_never() -> None:
    stencil = stencil_of(np.ones((7, 12)))
    ends = cell("a", 3, 1, stencil), cell("b", 3, 10, stencil)
    lane = np.zeros(stencil.shape, bool)
    lane[3] = True
    found = randomised_paths(stencil, *ends, 500.0, corridor=lane)
    assert found.passages[~lane].max() == 0.0
    assert found.net_flow[3, 1:11] == pytest.approx(1.0)
    assert found.net_flow[3, [0, 11]] == pytest.approx(0.0, abs=1e-12)
    sealed = with_fence(stencil, fence_across(stencil.surface.grid, 6.0), math.inf)
    apart = randomised_paths(sealed, *ends, 500.0)
    assert (apart.expected_cost_m, apart.passages.max()) == (math.inf, 0.0)
    with pytest.raises(DataError, match="temperature_m"):
        randomised_paths(stencil, *ends, 0.0)


def test_a_long_cold_walk_does_not_underflow() -> None:
    stencil = stencil_of(np.full((5, 400), 20.0))
    ends = (FocalRegion.cell("a", 2, 0, stencil.surface.grid), FocalRegion.cell("b", 2, 399, stencil.surface.grid))
    found = randomised_paths(stencil, *ends, 10.0)
    assert found.expected_cost_m == pytest.approx(399 * 2000.0, rel=1e-6)
    assert found.net_flow[2] == pytest.approx(1.0, abs=1e-6)
