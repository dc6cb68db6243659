import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import minimum_filter

from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.network.barriers import barrier_scores, least_within, network_barriers
from connectivity.network.links import LinkRules, build_network
from rasters.errors import DataError
from tests.support.small import cell, grid_of, random_values, stencil_of


def disc(radius_m: float, cell_m: float) -> np.ndarray:
    n = int(radius_m / cell_m + 1e-9)
    y, x = np.mgrid[-n : n + 1, -n : n + 1]
    return np.hypot(x, y) * cell_m <= radius_m + 1e-6


@given(st.integers(0, 500), st.floats(100.0, 900.0))
def test_disc_minimum_is_scipys(seed: int, radius: float) -> None:
    values = np.random.default_rng(seed).random((11, 13))
    values[values < 0.05] = np.inf
    expected = minimum_filter(values, footprint=disc(radius, 100.0), mode="constant", cval=np.inf)
    assert np.array_equal(least_within(values, radius, grid_of(11, 13)), expected)


def test_disc_in_oblong_cells_and_no_data() -> None:
    values = np.full((5, 5), np.nan)
    values[2, 2] = 7.0
    found = least_within(values, 200.0, grid_of(5, 5))
    assert np.array_equal(np.isfinite(found), disc(200.0, 100.0))
    with pytest.raises(DataError, match="less than a cell"):
        least_within(values, 99.0, grid_of(5, 5))


def test_restoring_a_strip_saves_what_it_costs() -> None:
    """A wall of resistance 51, one cell thick, across uniform ground: closed form along the middle row."""
    values = np.ones((41, 41))
    values[:, 20] = 51.0
    stencil = stencil_of(values)
    pair = tuple(cost_weighted_distances(stencil, [cell("a", 20, 2, stencil), cell("b", 20, 38, stencil)]))
    least = 34 * 100 + 2 * 100 * (1 + 51) / 2
    scores = barrier_scores([pair], [100.0, 300.0])
    assert pair[0].to(pair[1].source) == least
    assert scores.largest[20, 20] == pytest.approx((least - (17 + 17 + 2) * 100) / 200)
    assert scores.best_radius_m[20, 20] == 100.0
    at_300 = barrier_scores([pair], [300.0]).largest[20, 20]
    assert at_300 == pytest.approx((least - 3600) / 600)
    assert scores.largest[20, 5] == 0.0
    assert np.isnan(scores.best_radius_m[20, 5])


def test_best_habitat_has_no_barrier() -> None:
    stencil = stencil_of(np.ones((15, 20)))
    pair = tuple(cost_weighted_distances(stencil, [cell("a", 7, 2, stencil), cell("b", 7, 17, stencil)]))
    assert barrier_scores([pair], [200.0]).largest.max() == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 60))
def test_sum_and_maximum_over_links(seed: int) -> None:
    stencil = stencil_of(random_values(seed))
    spots = np.random.default_rng(seed).permutation(np.flatnonzero(stencil.surface.passable))[:3]
    cores = [cell(f"c{i}", *divmod(int(s), stencil.shape[1]), stencil) for i, s in enumerate(spots)]
    network = build_network(stencil, cores, adjacency=["all"])
    scores = network_barriers(network, [150.0])
    single = [
        barrier_scores([(network.distance_from(k.a), network.distance_from(k.b))], [150.0]).largest
        for k in network.kept
    ]
    assert np.array_equal(scores.largest, np.max(single, axis=0))
    assert np.allclose(scores.total, np.sum(single, axis=0))
    assert scores.shared.min() >= -1e-12


def test_dropped_links_count_only_when_asked_for() -> None:
    stencil = stencil_of(random_values(5))
    ends = [cell("a", 1, 1, stencil), cell("b", 12, 15, stencil)]
    network = build_network(stencil, ends, rules=LinkRules(max_cost_m=1.0))
    with pytest.raises(DataError, match="at least one link"):
        network_barriers(network, [150.0])
    assert network_barriers(network, [150.0], dropped=True).largest.max() > 0
