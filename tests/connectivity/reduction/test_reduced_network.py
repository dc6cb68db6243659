"""Algebra of the reduced network: closed forms, laws, and the slow obvious way."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.reduction.network import ReducedNetwork
from connectivity.reduction.reduce import reduce_landscape
from connectivity.report import SolveReport
from rasters.errors import DataError, FocalNodeError
from rasters.fences import STEPS
from tests.support.reduction_cases import landscape, random_landscape


def network_of(conductance, ground=None):
    """A network given as a matrix, its nodes the cells of one row."""
    k = conductance.shape[0]
    ground = np.zeros(k) if ground is None else np.asarray(ground, float)
    component = np.zeros(k, np.int32)
    return ReducedNetwork(
        shape=(1, k),
        cell=np.stack([np.zeros(k), np.arange(k)], axis=1).astype(np.int32),
        region=np.zeros(k, np.int32),
        lookup=np.stack([np.arange(k), np.arange(k)]),
        conductance=np.asarray(conductance, float),
        ground=ground,
        component=component,
        report=SolveReport(method="given", n_unknowns=k),
    )


def random_network(seed, k, sparsity=0.5, grounded=0.0, scale=0.0):
    """Symmetric conductances, spread over ``scale`` decades either way."""
    rng = np.random.default_rng(seed)
    upper = np.triu(10.0 ** rng.uniform(-scale, scale, (k, k)) * (rng.random((k, k)) >= sparsity), 1)
    ground = rng.uniform(0.01, 1.0, k) * (rng.random(k) < grounded)
    return network_of(upper + upper.T, ground)


def exact_resistance(conductance, a, b):
    """Effective resistance in rational arithmetic, by eliminating node after node."""
    k = conductance.shape[0]
    weight = [[Fraction(float(conductance[i, j])) for j in range(k)] for i in range(k)]
    for gone in set(range(k)) - {a, b}:
        total = sum(weight[gone])
        for i, j in itertools.permutations(range(k), 2):
            if total and gone not in (i, j):
                weight[i][j] += weight[i][gone] * weight[gone][j] / total
        for i in range(k):
            weight[i][gone] = weight[gone][i] = Fraction(0)
    return float(1 / weight[a][b])


def pseudo_inverse_resistances(network):
    """With ground as a node of its own, through the pseudo-inverse of each connected part."""
    k = network.size
    full = np.zeros((k + 1, k + 1))
    full[:k, :k] = network.conductance
    held = np.isinf(network.ground)
    full[:k, k] = full[k, :k] = np.where(held, 0.0, network.ground)
    at = np.where(held, k, np.arange(k))
    merge = np.zeros((k + 1, k + 1))
    merge[np.arange(k), at] = 1.0
    merge[k, k] = 1.0
    full = merge.T @ full @ merge
    np.fill_diagonal(full, 0.0)
    reach = np.linalg.matrix_power(np.eye(k + 1) + (full > 0), k + 1) > 0
    inverse = np.linalg.pinv(np.diag(full.sum(axis=1)) - full, rcond=1e-13)
    out = np.diag(inverse)[:, None] + np.diag(inverse) - 2 * inverse
    return np.where(reach, out, np.inf)[np.ix_(at, at)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [2, 7, 40, 90])
def test_all_pairs_equal_the_pseudo_inverse(seed, k):
    network = random_network(seed, k, sparsity=0.9 if k > 10 else 0.5, grounded=0.2 * (seed % 2))
    np.testing.assert_allclose(
        network.effective_resistances(), pseudo_inverse_resistances(network), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("seed", range(4))
def test_resistances_keep_their_digits_over_24_decades(seed):
    """Conductances from 1e-12 to 1e12: every pair to 1e-12, against rational arithmetic."""
    network = random_network(seed, 9, sparsity=0.2, scale=12.0)
    resistances = network.effective_resistances()
    for a, b in itertools.combinations(range(9), 2):
        assert resistances[a, b] == pytest.approx(exact_resistance(network.conductance, a, b), rel=1e-12)


def test_triangle_has_closed_form():
    network = network_of(np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]]))
    assert network.effective_resistance(0, 1) == pytest.approx(1 / (1 + 1 / (1 / 2 + 1 / 3)), rel=1e-15)
    assert network.effective_resistance(1, 1) == 0.0


def test_ground_joins_two_parts():
    """Two nodes with 2 S and 4 S to ground and nothing else: 1/2 + 1/4 ohm through the ground."""
    network = network_of(np.zeros((2, 2)), [2.0, 4.0])
    assert network.effective_resistance(0, 1) == pytest.approx(0.75)
    assert network_of(np.zeros((2, 2)), [np.inf, 4.0]).effective_resistance(0, 1) == pytest.approx(0.25)
    assert network_of(np.zeros((2, 2)), [np.inf, np.inf]).effective_resistance(0, 1) == 0.0
    assert network_of(np.zeros((2, 2)), [0.0, 4.0]).effective_resistance(0, 1) == np.inf


def test_voltages_of_a_chain():
    chain = np.diag([1.0, 1.0, 1.0], 1)
    network = network_of(chain + chain.T)
    np.testing.assert_allclose(network.voltages([1.0, 0.0, -1.0, 0.0]), [2.0, 1.0, 0.0, 0.0], atol=1e-15)
    with pytest.raises(DataError, match="cannot leave"):
        network.voltages([1.0, 0.0, 0.0, 0.0])
    grounded = network_of(chain + chain.T, [0.0, 0.0, 0.0, 0.5])
    np.testing.assert_allclose(grounded.voltages([1.0, 0.0, 0.0, 0.0]), [5.0, 4.0, 3.0, 2.0], rtol=1e-15)
    held = network_of(chain + chain.T, [0.0, 0.0, 0.0, np.inf])
    np.testing.assert_allclose(held.voltages([1.0, 0.0, 0.0, 0.0]), [3.0, 2.0, 1.0, 0.0], rtol=1e-15)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), k=st.integers(2, 12), grounded=st.sampled_from([0.0, 0.3, 1.0]))
def test_law_voltages_balance_the_current(seed, k, grounded):
    network = random_network(seed, k, sparsity=0.3, grounded=grounded)
    rng = np.random.default_rng(seed)
    current = rng.normal(size=k)
    for label in np.unique(network_labels(network)):
        members = network_labels(network) == label
        current[members] -= current[members].mean()
    volt = network.voltages(current)
    flow = (network.conductance * (volt[:, None] - volt)).sum(axis=1) + network.ground * volt
    np.testing.assert_allclose(flow, current, atol=1e-9)


def network_labels(network):
    """Component of each node, computed afresh."""
    reach = np.linalg.matrix_power(np.eye(network.size) + (network.conductance > 0), network.size) > 0
    return np.argmax(reach, axis=1)


def walk_shares(network, target):
    """Shares that arrive at a target, from the linear system of the walk itself."""
    k = network.size
    held = np.isinf(network.ground)
    total = network.conductance.sum(axis=1) + np.where(held, 0.0, network.ground)
    matrix, right = np.eye(k), np.zeros(k)
    for i in range(k):
        if i == target or held[i] or total[i] == 0:
            right[i] = float(i == target)
        else:
            matrix[i] -= network.conductance[i] / total[i]
    return np.linalg.lstsq(matrix, right, rcond=None)[0]


@pytest.mark.parametrize("seed", range(6))
def test_arriving_current_equals_the_walk(seed):
    network = random_network(seed, 8, sparsity=0.4, grounded=0.8)
    if seed % 2:
        ground = network.ground.copy()
        ground[[1, 4]] = np.inf
        network = network_of(network.conductance, ground)
    shares = network.arriving_current()
    for target in range(8):
        np.testing.assert_allclose(shares[:, target], walk_shares(network, target), atol=1e-10)
    some = network.arriving_current([3, 0], [5])
    np.testing.assert_allclose(some, shares[np.ix_([3, 0], [5])], rtol=1e-10)


def test_everything_arrives_without_ground():
    chain = np.diag([1.0, 0.0], 1)
    shares = network_of(chain + chain.T).arriving_current()
    np.testing.assert_array_equal(shares, [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def test_tiny_mortality_keeps_its_digits():
    """From one end of a chain the share lost on the way is 1e-15 of what arrives, not rounding."""
    network = network_of(np.array([[0.0, 1.0], [1.0, 0.0]]), [1e-12, 0.0])
    assert network.arriving_current([0], [1])[0, 0] == pytest.approx(1 / (1 + 1e-12), rel=1e-16)


@pytest.mark.parametrize("seed", range(4))
def test_changed_equals_reducing_the_changed_landscape(seed):
    """Opening and closing edges between kept cells, joining parts and parting them, in the network or before it."""
    system, keep = random_landscape(seed, 12, 15, holes=0.1, cuts=0.2, regions=1, grounded=0.05 * (seed % 2), kept=3)
    rng = np.random.default_rng(seed)
    edges, ends = system.conductance.copy(), []
    for k, row, col in rng.permutation(np.argwhere(np.ones((4, 11, 13))))[:300]:
        r, c = row + STEPS[k][0], col + STEPS[k][1]
        free = c >= 0 and system.active[row, col] and system.active[r, c] and system.region[row, col] == 0
        if free and system.region[r, c] == 0 and len(ends) < 8:
            ends.append(((row, col), (r, c), (k, row, col)))
    for one, two, _ in ends:
        keep[one] = keep[two] = True
    network = reduce_landscape(system, keep)
    first = [network.index_of(*one) for one, _, _ in ends]
    second = [network.index_of(*two) for _, two, _ in ends]
    delta = np.array([-edges[at] if i % 2 else rng.uniform(0.1, 3.0) for i, (_, _, at) in enumerate(ends)])
    for (_, _, at), add in zip(ends, delta, strict=True):
        edges[at] += add
    after = reduce_landscape(landscape(edges, system.active, system.ground, system.region), keep)
    changed = network.changed(first, second, delta)
    np.testing.assert_allclose(changed.conductance, after.conductance, rtol=0, atol=1e-10)
    np.testing.assert_allclose(changed.effective_resistances(), after.effective_resistances(), rtol=1e-10)


def test_taking_too_much_is_refused():
    network = network_of(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert network.changed([0], [1], [-1.0]).effective_resistance(0, 1) == np.inf
    for call in (network.changed, lambda *edge: network.resistance_with((0, 1), *edge)):
        with pytest.raises(DataError, match="take away less"):
            call([0], [1], [-1.5])
    with pytest.raises(FocalNodeError, match="numbers 0"):
        network.changed([0], [2], [1.0])


@pytest.mark.parametrize("seed", range(5))
def test_reduced_to_keeps_every_resistance(seed):
    network = random_network(seed, 30, sparsity=0.8, grounded=0.1)
    if seed == 4:
        ground = network.ground.copy()
        ground[[0, 7]] = np.inf
        network = network_of(network.conductance, ground)
    some = np.random.default_rng(seed).permutation(30)[:9]
    small = network.reduced_to(some)
    np.testing.assert_allclose(
        small.effective_resistances(), network.effective_resistances()[np.ix_(some, some)], rtol=1e-10
    )
    assert [small.index_of(0, int(node)) for node in some] == list(range(9))


def sets_one_by_one(network, pairs, first, second, delta, sets):
    """The slow obvious way: change the network, ask for the pair."""
    out = np.empty((len(sets), len(pairs)))
    for s, chosen in enumerate(sets):
        changed = network.changed(first[chosen], second[chosen], delta[chosen])
        for p, (a, b) in enumerate(pairs):
            out[s, p] = changed.effective_resistance(a, b)
    return out


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    k=st.integers(2, 14),
    sparsity=st.sampled_from([0.3, 0.8, 0.95]),
    grounded=st.sampled_from([0.0, 0.2]),
    scale=st.sampled_from([0.0, 3.0]),
    closing=st.booleans(),
)
def test_law_sets_equal_one_by_one(seed, k, sparsity, grounded, scale, closing):
    network = random_network(seed, k, sparsity, grounded, scale)
    rng = np.random.default_rng(seed)
    first, second = rng.integers(k, size=(2, 6))
    delta = rng.uniform(0.0, 2.0, 6)
    if closing:
        _, once = np.unique(np.sort(np.stack([first, second]), axis=0), axis=1, return_index=True)
        delta[once[:3]] = (
            -network.conductance[first[once[:3]], second[once[:3]]] * rng.choice([0.5, 1.0], 3)[: once[:3].size]
        )
    sets = rng.random((7, 6)) < 0.5
    pairs = rng.integers(k, size=(3, 2))
    got = network.resistances_of_sets(pairs, first, second, delta, sets)
    np.testing.assert_allclose(got, sets_one_by_one(network, pairs, first, second, delta, sets), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("leak", [0.0, 1e-12, 1e-6])
def test_sets_through_leaky_and_sealed_lines(leak):
    """Three rooms in a row behind two lines; what an opening is worth, with the leak or without, to 1e-12."""
    network = network_of(
        np.array(
            [
                [0, 3, leak, 0, 0, 0],
                [3, 0, 0, leak, 0, 0],
                [leak, 0, 0, 2, leak, 0],
                [0, leak, 2, 0, 0, leak],
                [0, 0, leak, 0, 0, 5],
                [0, 0, 0, leak, 5, 0],
            ]
        )
    )
    first, second, delta = np.array([0, 3]), np.array([2, 5]), np.array([1.0, 4.0])
    sets = np.array([[False, False], [True, False], [False, True], [True, True]])
    got = network.resistances_of_sets([[1, 4]], first, second, delta, sets)[:, 0]
    for value, chosen in zip(got, sets, strict=True):
        conductance = network.changed(first[chosen], second[chosen], delta[chosen]).conductance
        expected = exact_resistance(conductance, 1, 4) if leak or chosen.all() else np.inf
        assert value == pytest.approx(expected, rel=1e-12)
    gain = network.gain_of_sets([[1, 4]], first, second, delta, sets)[:, 0]
    if leak == 0.0:
        assert gain.tolist() == [0.0, 0.0, 0.0, np.inf]
    else:
        assert (np.diff(gain[[0, 1, 3]]) > 0).all() and gain[3] > gain[2] > 0


def test_threads_and_chunks_change_nothing():
    network = random_network(3, 40, sparsity=0.9)
    rng = np.random.default_rng(0)
    first, second = rng.integers(40, size=(2, 20))
    sets = rng.random((3000, 20)) < 0.2
    one = network.resistances_of_sets([[0, 1]], first, second, np.ones(20), sets, threads=1)
    two = network.resistances_of_sets([[0, 1]], first, second, np.ones(20), sets, threads=2)
    np.testing.assert_array_equal(one, two)


def test_results_are_read_only_and_print_short():
    network = random_network(0, 5)
    with pytest.raises(ValueError, match="read-only"):
        network.conductance[0, 1] = 2.0
    assert "5 nodes" in repr(network) and len(repr(network)) < 200
