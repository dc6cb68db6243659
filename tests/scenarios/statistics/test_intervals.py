"""Jeffreys' interval: tails of a Beta posterior, by integrating it, and the same when successes and failures swap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.statistics.intervals import jeffreys


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.5, 0.8, 0.9]))
def test_tails_by_integration_and_mirrored(successes: int, more: int, level: float) -> None:
    trials = successes + more
    low, high = jeffreys(successes, trials, level)
    mirrored = jeffreys(more, trials, level)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)
    angle = np.linspace(0.0, np.pi / 2, 200_001)
    share = np.sin(angle) ** 2  # the density of the angle is smooth: no pole at 0 and 1
    density = np.sin(angle) ** (2 * successes) * np.cos(angle) ** (2 * more)
    inside = (share >= low) & (share <= high)
    assert density[inside].sum() / density.sum() == pytest.approx(level, abs=1e-3)
