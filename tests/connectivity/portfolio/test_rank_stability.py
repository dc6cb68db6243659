"""Statistics of drawn rankings: by hand, by laws, and on a function whose indices are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import qmc

from connectivity.openings.profile import spaced_shortlist
from connectivity.portfolio.rank_stability import (
    first_order,
    kendall_taus,
    neighbours,
    place_ranks,
    ranks_of,
    top_shares,
    worst_case,
)

GAINS = arrays(np.float64, (7, 9), elements=st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0]))


def test_ranks_break_ties_in_the_given_order() -> None:
    ranks = ranks_of(np.array([[0.5, 0.9, 0.5, 0.1]]), np.array([2, 0, 1, 3]))
    assert ranks.tolist() == [[3, 1, 2, 4]]


def test_places_by_hand() -> None:
    """On a line at 0, 4, 9, 30 km and another line: the neighbour within 10 km is one place with the best."""
    along = np.array([0.0, 4.0, 9.0, 30.0, 4.0]) * 1000
    gains = np.array([[0.2, 0.9, 0.8, 0.5, 0.6], [0.9, 0.1, 0.2, 0.0, 0.0]])
    places = place_ranks(gains, np.arange(5), ["a", "a", "a", "a", "b"], along, 10_000.0)
    assert places.tolist() == [[1, 1, 1, 3, 2], [1, 1, 1, 6, 6]]


@given(GAINS, st.floats(0, 60))
@settings(max_examples=60, deadline=None)
def test_the_first_of_each_place_is_the_shortlist_that_keeps_its_distance(gains: np.ndarray, spacing: float) -> None:
    along, line, tie = np.arange(9) * 10.0, ["a"] * 5 + ["b"] * 4, np.arange(9)
    places, ranks = place_ranks(gains, tie, line, along, spacing), ranks_of(gains, tie)
    for row, rank, place in zip(gains, ranks, places, strict=True):
        order = [i for i in np.argsort(rank).tolist() if row[i] > 0]
        chosen = spaced_shortlist(order, line, along, spacing_m=spacing, most=9)
        assert [int(place[i]) for i in chosen] == list(range(1, len(chosen) + 1))


@given(GAINS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_shares_sum_to_the_length_of_the_list(gains: np.ndarray, k: int) -> None:
    ranks = ranks_of(gains, np.arange(9))
    assert top_shares(ranks, k).sum() == pytest.approx(k, rel=1e-12)
    held = top_shares(ranks, k, gains=gains)
    assert held.sum() == pytest.approx(np.minimum((gains > 0).sum(axis=1), k).mean(), abs=1e-12)
    near = neighbours(["a"] * 9, np.arange(9.0), 2.0)
    assert (top_shares(ranks, k, gains=gains, near=near) >= held).all()


def test_neighbours_stand_on_one_line() -> None:
    near = neighbours(["a", "a", "b"], np.array([0.0, 5.0, 5.0]), 10.0)
    assert near.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert (neighbours(["a"] * 3, np.arange(3.0), 0.0) == np.eye(3, dtype=bool)).all()


def test_worst_case_is_undercut_in_one_draw_of_ten() -> None:
    drawn = np.random.default_rng(0).permutation(np.arange(1001.0))[:, None]
    assert worst_case(drawn)[0] == 100.0


def test_tau_of_same_reversed_and_constant_orders() -> None:
    reference = np.array([0.1, 0.4, 0.2, 0.9])
    taus = kendall_taus(np.array([reference * 3, -reference, np.ones(4), [0.2, 0.4, 0.1, 0.9]]), reference)
    assert taus[:2].tolist() == [1.0, -1.0]
    assert np.isnan(taus[2])
    assert taus[3] == pytest.approx((5 - 1) / 6)
    assert np.isnan(kendall_taus(reference[None], np.zeros(4))).all()


def ishigami(points: np.ndarray) -> np.ndarray:
    x1, x2, x3 = (np.pi * (2 * points[:, :3] - 1)).T
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))


def sobol(n: int, d: int, seed: int) -> np.ndarray:
    return np.asarray(qmc.Sobol(d, scramble=True, seed=seed).random(n))


def test_indices_of_the_ishigami_function() -> None:
    """Ishigami and Homma (1990) with a = 7, b = 0.1: 0.3139, 0.4424, 0; a fourth input does nothing.

    Sixteen bins lose 5 % of the second effect, which goes round twice.
    """
    points = sobol(4096, 4, 3)
    found = first_order(points, ishigami(points)[:, None], repeats=60)
    assert found.bins == 16
    expected = np.array([0.3139, 0.4424, 0.0, 0.0])
    assert np.abs(found.index - expected).max() < 0.03
    assert (found.index[:2] > found.noise).all() and (found.index[2:] < 0.01).all()
    assert found.noise < 0.01 and (found.error < 0.03).all()


def test_few_draws_find_the_strong_inputs_within_their_error() -> None:
    """An additive function of 64 draws and 20 inputs: shares 0.64, 0.32 and 0.04 by construction."""
    points = sobol(64, 20, 1)
    weight = np.zeros(20)
    weight[[4, 11, 17]] = np.sqrt([0.64, 0.32, 0.04])
    found = first_order(points, (points @ weight)[:, None])
    assert found.index[4] == pytest.approx(0.64, abs=3 * found.error[4])
    assert found.index[11] == pytest.approx(0.32, abs=3 * found.error[11])
    assert set(np.flatnonzero(found.index > found.noise)) == {4, 11}


def test_outputs_count_by_their_variance() -> None:
    """Two outputs, each moved by one input alone, with variances 3 to 1."""
    points = sobol(1024, 3, 5)
    outputs = np.stack([np.sqrt(3.0) * points[:, 0], points[:, 1]], axis=1)
    found = first_order(points, outputs, repeats=20)
    assert found.index == pytest.approx([0.75, 0.25, 0.0], abs=0.02)


def test_an_input_without_effect_rarely_passes_the_noise() -> None:
    rng = np.random.default_rng(2)
    passed = [
        (found.index > found.noise).any()
        for found in (
            first_order(sobol(64, 10, s), rng.standard_normal((64, 4)), seed=s, repeats=60) for s in range(40)
        )
    ]
    assert np.mean(passed) < 0.2


def test_outputs_that_never_change_have_no_indices() -> None:
    found = first_order(sobol(16, 2, 0), np.ones((16, 3)))
    assert found.index.tolist() == [0.0, 0.0] and found.noise == 0.0
