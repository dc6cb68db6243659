"""Does a map predict where animals went? The mean of its scores along their tracks against that along null tracks.

For each animal the null tracks say how the mean score varies where the map means nothing to it: the same steps, led elsewhere. Its
difference from their mean is weighted by the inverse of their variance, and animals that differ more than that widen the interval. A
map on which use grows with ``exp(slope x score)`` shifts the mean of standard normal scores by ``slope``: from there follows how
many collar-months tell it from chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from rasters.arrays import Reals
from scenarios.statistics.rates import LEVEL

__all__ = ["Shift", "collar_months", "normal_scores", "shift_between", "shift_of"]

POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Mean score along tracks minus that along null tracks, with its interval [standard deviations of the map]; ``weight`` is the
    information in it: one over its variance, animals alike."""

    middle: float
    low: float
    high: float
    weight: float


def normal_scores(values: Reals, among: Reals) -> Reals:
    """Standard normal scores of values by their ranks among others; ties share the middle of their ranks."""
    order = np.sort(among)
    rank = (np.searchsorted(order, values, "left") + np.searchsorted(order, values, "right")) / 2
    return np.asarray(norm.ppf((rank + 0.5) / (order.size + 1)))


def shift_of(seen: Reals, null: Reals, level: float = LEVEL) -> Shift:
    """Of (n_animal,) mean scores against (n_animal, n_draw) of null tracks; an animal whose null tracks are all alike says nothing."""
    spread = null.std(axis=1, ddof=1)
    told = spread > 1e-9
    if not told.any():
        return Shift(middle=float("nan"), low=float("nan"), high=float("nan"), weight=0.0)
    away, weight = (seen - null.mean(axis=1))[told], spread[told] ** -2.0
    whole = float(weight.sum())
    middle = float(weight @ away) / whole
    between = float(weight @ (away - middle) ** 2) / (away.size - 1) if away.size > 1 else 1.0
    half = float(norm.ppf((1 + level) / 2)) * np.sqrt(max(1.0, between) / whole)
    return Shift(middle=middle, low=middle - half, high=middle + half, weight=whole)


def shift_between(seen: Reals, null: Reals, level: float = LEVEL) -> Shift:
    """How much more one map shifts than another, along the same tracks: arrays as of `shift_of` with a last axis of the two maps."""
    return shift_of(seen[..., 0] - seen[..., 1], null[..., 0] - null[..., 1], level)


def collar_months(found: Shift, months: float, slope: float, level: float = LEVEL) -> float:
    """Collar-months after which a map with this slope is told from chance in `POWER` of cases; infinite without information."""
    if not found.weight > 0:
        return float("inf")
    wanted = float(norm.ppf((1 + level) / 2) + norm.ppf(POWER)) ** 2
    return wanted * months / (slope**2 * found.weight)
