"""Intervals of shares."""

from __future__ import annotations

from scipy.stats import beta

__all__ = ["jeffreys"]


def jeffreys(successes: int, trials: int, level: float) -> tuple[float, float]:
    """Interval of a share [1] under Jeffreys' prior: tails of the posterior Beta(successes + 1/2, failures + 1/2).

    >>> low, high = jeffreys(3, 10, 0.9)
    >>> round(low, 3), round(high, 3)
    (0.112, 0.564)
    """
    tails = (0.5 - level / 2, 0.5 + level / 2)
    low, high = beta.ppf(tails, successes + 0.5, trials - successes + 0.5)
    return float(low), float(high)
