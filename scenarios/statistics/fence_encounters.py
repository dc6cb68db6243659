"""What an animal does at a fence, by the published method of Xu et al. 2021 (J. Appl. Ecol. 58:690; R package BaBA).

A run of fixes within a distance of the fence is an encounter. A short one is a bounce, or a quick cross if its path crosses the fence.
A long one is trapped. One between is told by its straightness (way made good over way gone) beside that of windows of the same length in
the days around it: straighter is tracing, more winding back and forth, else average movement. What does not fit the rule is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.arrays import Ints, Reals

__all__ = ["CLASSES", "BehaviourRule", "Encounters", "classify", "runs_within", "straightness"]

CLASSES = ("quick_cross", "bounce", "average_movement", "back_and_forth", "trace", "trapped", "unknown")

LONGEST_GAP = 1.5
"""Nominal intervals between two fixes beyond which a fix is missing and a run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourRule:
    """Times that part the classes.

    Parameters
    ----------
    short_h, long_h, window_h : float
        Longest bounce or quick cross; longest encounter that is not trapped; days around an encounter to compare with [hours].
    most_crossings : int
        Crossings up to which an encounter may be back and forth or tracing.
    deviations : float
        Standard deviations of straightness from the mean, beyond which an encounter is not average.
    """

    short_h: float = 4.0
    long_h: float = 36.0
    window_h: float = 168.0
    most_crossings: int = 0
    deviations: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounters:
    """Encounters of one animal.

    Parameters
    ----------
    first, last : (n,) int
        Fixes of the animal within the distance: the first and last of each run.
    path_first, path_last : (n,) int
        Fixes between which crossings count: of a short encounter one fix more on either side.
    hours : (n,) float
        From the first to the last fix.
    complete : (n,) bool
        Whether a short encounter has a fix on either side.
    """

    first: Ints
    last: Ints
    path_first: Ints
    path_last: Ints
    hours: Reals
    complete: NDArray[np.bool_]


def runs_within(hours: Reals, inside: NDArray[np.bool_], interval_h: float, short_h: float) -> Encounters:
    """Runs of fixes within the distance, without a gap in time.

    Parameters
    ----------
    hours : (n,) float
        Times of an animal's fixes, ascending.
    inside : (n,) bool
        Whether each is within the distance of a fence.
    interval_h : float
        Nominal time between fixes.
    """
    at = np.flatnonzero(inside)
    if not at.size:
        none = np.zeros(0, np.int64)
        return Encounters(
            first=none, last=none, path_first=none, path_last=none, hours=np.zeros(0), complete=np.zeros(0, bool)
        )
    starts = np.concatenate([[0], np.flatnonzero(np.diff(hours[at]) > LONGEST_GAP * interval_h) + 1])
    ends = np.append(starts[1:], at.size) - 1
    first, last = at[starts], at[ends]
    long = hours[last] - hours[first]
    is_short = long <= short_h
    before = np.where(is_short, np.maximum(first - 1, 0), first)
    after = np.where(is_short, np.minimum(last + 1, hours.size - 1), last)
    complete = ~is_short | (after - before == ends - starts + 2)
    return Encounters(first=first, last=last, path_first=before, path_last=after, hours=long, complete=complete)


def straightness(x: Reals, y: Reals) -> float:
    """Way made good over way gone [1]; NaN of one fix or of none that moved."""
    gone = float(np.hypot(np.diff(x), np.diff(y)).sum())
    return float(np.hypot(x[-1] - x[0], y[-1] - y[0])) / gone if gone > 0 else float("nan")


def classify(
    found: Encounters, x: Reals, y: Reals, hours: Reals, crossings: Ints, interval_h: float, rule: BehaviourRule
) -> tuple[list[str], Reals]:
    """Class and straightness of each encounter of an animal.

    Parameters
    ----------
    x, y, hours : (n_fix,) float
        All fixes of the animal [m, m, hours], ascending in time.
    crossings : (n,) int
        How often the path of each encounter crosses the fence.
    """
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    spell = np.concatenate([[0], np.cumsum(np.diff(hours) > LONGEST_GAP * interval_h)])
    names, straight = [], np.full(found.first.size, np.nan)
    for i in range(found.first.size):
        first, last = int(found.first[i]), int(found.last[i])
        straight[i] = straightness(x[first : last + 1], y[first : last + 1])
        if found.hours[i] <= rule.short_h:
            names.append("quick_cross" if crossings[i] else "bounce" if found.complete[i] else "unknown")
        elif found.hours[i] > rule.long_h:
            names.append("trapped")
        else:
            around = _around(x, y, hours, gone, spell, first, last, interval_h, rule)
            names.append(_by_straightness(straight[i], around, int(crossings[i]), interval_h, rule))
    return names, straight


def _around(
    x: Reals,
    y: Reals,
    hours: Reals,
    gone: Reals,
    spell: Ints,
    first: int,
    last: int,
    interval_h: float,
    rule: BehaviourRule,
) -> Reals:
    """Straightness of every window as long as the encounter in the days around it."""
    long = hours[last] - hours[first]
    n = round(long / interval_h)
    low, high = (
        np.searchsorted(hours, hours[first] - rule.window_h / 2),
        np.searchsorted(hours, hours[last] + rule.window_h / 2, "right"),
    )
    found = []
    for one in np.unique(spell[low:high]):
        start, stop = np.searchsorted(spell, one), np.searchsorted(spell, one, "right")
        start, stop = max(int(start), int(low)), min(int(stop), int(high))
        begin = np.arange(start, np.searchsorted(hours[start:stop], hours[stop - 1] - long, "right") + start)
        if not begin.size or hours[stop - 1] - hours[start] < long:
            continue
        begin = begin[begin + n < stop]
        with np.errstate(invalid="ignore"):
            found.append(np.hypot(x[begin + n] - x[begin], y[begin + n] - y[begin]) / (gone[begin + n] - gone[begin]))
    return np.concatenate(found) if found else np.zeros(0)


def _by_straightness(straight: float, around: Reals, crossings: int, interval_h: float, rule: BehaviourRule) -> str:
    if around.size < (rule.window_h / interval_h + 1) / 4:
        return "unknown"
    middle, spread = float(around.mean()), rule.deviations * float(around.std(ddof=1))
    winding, straighter = straight < middle - spread, straight > middle + spread
    if not winding and not straighter:  # also where an animal that stood still leaves nothing to compare with
        return "average_movement"
    if crossings > rule.most_crossings:
        return "unknown"
    return "back_and_forth" if winding else "trace"
