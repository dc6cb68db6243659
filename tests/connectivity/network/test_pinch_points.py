import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.landscape.laplacian import node_graph, stencil_laplacian
from connectivity.least_cost.corridors import corridor, within_excess
from connectivity.network.links import build_network
from connectivity.network.pinch_points import pinch_points
from tests.support.small import block, cell, fence_across, random_values, stencil_of, with_fence


def everywhere(stencil) -> np.ndarray:
    return np.ones(stencil.shape, bool)


def test_a_strip_between_two_cores_is_length_over_width() -> None:
    stencil = stencil_of(np.full((5, 12), 3.0), neighbours=4)
    grid = stencil.surface.grid
    west, east = block("w", slice(None), slice(0, 2), grid), block("e", slice(None), slice(10, 12), grid)
    found = pinch_points(stencil, west, east, everywhere(stencil))
    assert found.effective_resistance_ohm == pytest.approx(3.0 * 9 / 5)
    assert np.allclose(found.current[:, 2:10], 0.2)
    assert np.allclose(found.density[:, 2:10], 0.2 / 100)
    assert (found.density[:, :2] == 0).all()
    assert (found.current[:, 0] == pytest.approx(1.0)) and found.status == "reached"


def test_only_the_corridor_carries_current() -> None:
    stencil = stencil_of(np.ones((9, 14)), neighbours=4)
    ends = cell("a", 4, 1, stencil), cell("b", 4, 12, stencil)
    mask = np.zeros(stencil.shape, bool)
    mask[4, 2:12] = True
    found = pinch_points(stencil, *ends, mask)
    assert found.effective_resistance_ohm == pytest.approx(11.0)
    assert found.density[mask] == pytest.approx(0.01)
    assert found.density[~mask].max() == 0.0
    mask[3:6, 2:6] = True
    wider = pinch_points(stencil, *ends, mask)
    assert wider.effective_resistance_ohm < found.effective_resistance_ohm
    row, col, amperes = wider.tightest()
    assert (row, amperes) == (4, pytest.approx(1.0))
    assert col >= 5  # the last cell of the wide part passes all on too
    west = np.zeros(stencil.shape, bool)
    west[:, 3:5] = True
    assert wider.tightest(west)[2] < 1.0


@given(st.integers(0, 60))
def test_resistance_is_that_of_the_pseudo_inverse(seed: int) -> None:
    stencil = stencil_of(random_values(seed, 9, 10))
    grid = stencil.surface.grid
    a, b = block("a", slice(0, 2), slice(0, 2), grid), block("b", slice(7, 9), slice(8, 10), grid)
    mask = np.random.default_rng(seed).random(grid.shape) < 0.8
    found = pinch_points(stencil, a, b, mask)
    inside = (mask | a.mask | b.mask) & stencil.surface.passable
    region = np.where(inside, a.mask.astype(np.int32) + 2 * b.mask, 0).astype(np.int32)
    system = stencil_laplacian(stencil, region=region)
    graph = node_graph(system)
    use = np.unique(graph.node[inside])
    weight = graph.weight.toarray()[np.ix_(use, use)]
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    i, j = (int(np.flatnonzero(use == graph.node[region == n][0])[0]) for n in (1, 2))
    expected = inverse[i, i] + inverse[j, j] - 2 * inverse[i, j]
    if math.isinf(found.effective_resistance_ohm):
        assert abs(inverse[i, j]) < 1e-12
    else:
        assert found.effective_resistance_ohm == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 60))
def test_a_wider_corridor_never_resists_more(seed: int) -> None:
    stencil = stencil_of(random_values(seed))
    network = build_network(stencil, _spots(stencil, seed))
    core = {region.id: region for region in network.cores}
    for link in network.kept:
        excess = corridor(network.distance_from(link.a), network.distance_from(link.b)).excess_m
        n, w = (pinch_points(stencil, core[link.a], core[link.b], within_excess(excess, m)) for m in (500.0, 5000.0))
        assert w.effective_resistance_ohm <= n.effective_resistance_ohm * (1 + 1e-9)
        assert n.effective_resistance_ohm <= link.cost_m / 100 * (1 + 1e-9)
        assert (n.a, n.b) == (link.a, link.b)


def _spots(stencil, seed):
    spots = np.random.default_rng(seed).permutation(np.flatnonzero(stencil.surface.passable))[:3]
    return [cell(f"c{i}", *divmod(int(s), stencil.shape[1]), stencil) for i, s in enumerate(spots)]


def test_a_sealed_fence_and_its_leak() -> None:
    stencil = stencil_of(np.ones((6, 10)))
    ends = cell("a", 3, 1, stencil), cell("b", 3, 8, stencil)
    cuts = fence_across(stencil.surface.grid, 5.0)
    sealed = pinch_points(with_fence(stencil, cuts, math.inf), *ends, everywhere(stencil))
    assert (sealed.effective_resistance_ohm, sealed.status) == (math.inf, "unreachable")
    assert sealed.density.max() == 0.0
    assert sealed.tightest()[:2] == (-1, -1)
    open_ohm = pinch_points(stencil, *ends, everywhere(stencil)).effective_resistance_ohm
    leaky = pinch_points(with_fence(stencil, cuts, 500.0), *ends, everywhere(stencil)).effective_resistance_ohm
    assert open_ohm < leaky < math.inf
