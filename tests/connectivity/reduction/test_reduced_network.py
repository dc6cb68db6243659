"""Algebra of the reduced network: closed forms, laws, and the slow obvious way."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from connectivity.reduction.network import ReducedNetwork
from connectivity.report import SolveReport


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


def test_results_are_read_only_and_print_short():
    network = random_network(0, 5)
    with pytest.raises(ValueError, match="read-only"):
        network.conductance[0, 1] = 2.0
    assert "5 nodes" in repr(network) and len(repr(network)) < 200
