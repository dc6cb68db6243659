import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.factorial_paths import factorial_least_cost_paths
from connectivity.least_cost.paths import least_cost_path
from connectivity.least_cost.resistant_kernels import resistant_kernel
from rasters.errors import DataError
from tests.support.small import cell, fence_across, random_values, stencil_of, with_fence


def spots(stencil, seed: int, n: int = 5):
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(stencil.surface.passable))[:n]
    return [cell(f"p{i}", *divmod(int(s), stencil.shape[1]), stencil) for i, s in enumerate(chosen)]


@given(st.integers(0, 100), st.floats(100.0, 20_000.0), st.sampled_from(["linear", "gaussian"]))
@settings(max_examples=50)
def test_kernels_are_those_of_whole_searches(seed: int, reach: float, shape: str) -> None:
    values = random_values(seed, 20, 23)
    values[values < 3] *= 0.5
    stencil = stencil_of(values)
    stencil = with_fence(stencil, fence_across(stencil.surface.grid, 11.0), 700.0)
    homes, weights = spots(stencil, seed), [1.0, 2.0, 0.5, 3.0, 1.5]
    expected = np.zeros(stencil.shape)
    for home, weight in zip(homes, weights, strict=True):
        d = np.nan_to_num(cost_weighted_distance(stencil, home).cwd, nan=np.inf)
        kernel = np.maximum(1 - d / reach, 0) if shape == "linear" else np.exp(-4.5 * (d / reach) ** 2) * (d <= reach)
        expected += weight * kernel
    found = resistant_kernel(stencil, homes, reach, shape=shape, weights=weights)
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert np.array_equal(found, resistant_kernel(stencil, homes, reach, shape=shape, weights=weights, threads=2))


def test_a_kernel_by_hand_and_its_checks() -> None:
    stencil = stencil_of(np.full((3, 9), 2.0))
    found = resistant_kernel(stencil, [cell("a", 1, 4, stencil)], 800.0)
    assert found[1] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0][0:9], abs=1e-12)
    with pytest.raises(DataError, match="reach_m"):
        resistant_kernel(stencil, [], 0.0)
    with pytest.raises(DataError, match="linear"):
        resistant_kernel(stencil, [], 1.0, shape="cone")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="2 weights"):
        resistant_kernel(stencil, [cell("a", 1, 4, stencil)], 1.0, weights=[1.0, 2.0])


@given(st.integers(0, 100))
@settings(max_examples=30)
def test_factorial_paths_are_every_pairs_path(seed: int) -> None:
    stencil = stencil_of(random_values(seed))
    places = spots(stencil, seed)
    expected, joined = np.zeros(stencil.shape, int), 0
    for i, a in enumerate(places):
        distance = cost_weighted_distance(stencil, a)
        for b in places[i + 1 :]:
            path = least_cost_path(distance, b)
            expected[path.rows, path.cols] += 1
            joined += path.status == "reached"
    found = factorial_least_cost_paths(stencil, places, threads=2)
    assert np.array_equal(found.count, expected)
    assert (found.n_pairs, found.n_joined) == (10, joined)


def test_factorial_paths_stop_at_budget_and_fence() -> None:
    stencil = stencil_of(np.ones((5, 20)))
    places = [cell(n, 2, c, stencil) for n, c in (("a", 1), ("b", 5), ("c", 18))]
    near = factorial_least_cost_paths(stencil, places, budget_m=500.0)
    assert (near.n_joined, near.count[2, 1:6].tolist()) == (1, [1] * 5)
    sealed = with_fence(stencil, fence_across(stencil.surface.grid, 10.0), math.inf)
    assert factorial_least_cost_paths(sealed, places).n_joined == 1
    assert "1 of 3 pairs" in repr(near)
