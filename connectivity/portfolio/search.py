"""Sets of candidates, one by one: all of them while they are few, or by greedy steps and swaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from connectivity.portfolio.rules import Rules
from rasters.errors import ConfigError

__all__ = ["feasible_sets", "greedy", "improve"]

Sets = NDArray[np.bool_]
Values = Callable[[Sets], NDArray[np.float64]]
SMALL = 1e-12
"""Relative gain that counts as none."""
MOST_PAIRED = 250
"""Candidates up to which two are added at a time; pairs of more are too many to try."""


def feasible_sets(rules: Rules) -> Sets:
    """(s, n) every set that the rules allow, smaller ones first."""
    layer = rules.must_have[None, :].copy()
    everything = [layer]
    free = rules.open_to_choice()
    while layer.size:
        layer = _one_more(layer, free, rules)
        everything.append(layer)
    sets = np.concatenate(everything)
    return sets[rules.allowed(sets)]


def _one_more(layer: Sets, free: NDArray[np.int64], rules: Rules) -> Sets:
    """Each set with one later candidate added, where that may still be allowed."""
    grown = [np.empty((0, layer.shape[1]), bool)]
    last = np.max(np.where(layer[:, free], np.arange(free.size), -1), axis=1, initial=-1)
    for place, candidate in enumerate(free):
        more = layer[last < place].copy()
        more[:, candidate] = True
        grown.append(more[rules.allowed(more)])
    return np.concatenate(grown)


def greedy(values: Values, rules: Rules, *, pairs: bool) -> tuple[int, ...]:
    """Add what brings most per cost until nothing that fits brings anything.

    Parameters
    ----------
    pairs : bool
        Also add two at a time: behind two closed fences one opening alone brings nothing.
    """
    current = rules.must_have.copy()
    if not rules.allowed(current[None, :])[0]:
        raise ConfigError(rules.nothing_fits())
    now = float(values(current[None, :])[0])
    while True:
        steps = _steps(current, rules, pairs)
        steps = steps[rules.allowed(steps)]
        if not steps.size:
            return _members(current)
        gains = values(steps) - now
        price = np.maximum((steps & ~current) @ rules.cost, SMALL)
        best = int(np.argmax(gains / price))
        if gains[best] <= SMALL * max(abs(now), np.abs(gains).max()):
            return _members(current)
        current, now = steps[best], now + float(gains[best])


def improve(values: Values, rules: Rules, start: Sequence[int]) -> tuple[int, ...]:
    """Exchange one chosen candidate for one or, where that helps, for two others, or add some, as long as it pays."""
    current = np.zeros(rules.size, bool)
    current[list(start)] = True
    now = float(values(current[None, :])[0])
    while True:
        steps = _exchanges(current, rules)
        if not steps.size:
            return _members(current)
        worth = values(steps)
        best = int(np.argmax(worth))
        if worth[best] <= now + SMALL * abs(now):
            return _members(current)
        current, now = steps[best], float(worth[best])


def _members(current: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(c) for c in np.flatnonzero(current))


def _steps(current: NDArray[np.bool_], rules: Rules, pairs: bool) -> Sets:
    free = np.setdiff1d(rules.open_to_choice(), np.flatnonzero(current))
    added: list[tuple[int, ...]] = [(c,) for c in free]
    if pairs and free.size <= MOST_PAIRED:
        added += [(a, b) for i, a in enumerate(free) for b in free[i + 1 :]]
    steps = np.repeat(current[None, :], len(added), axis=0)
    for row, members in enumerate(added):
        steps[row, list(members)] = True
    return steps


def _exchanges(current: NDArray[np.bool_], rules: Rules) -> Sets:
    """Sets that differ by one exchange: one or two out, one or two in, or one in."""
    inside = [int(c) for c in np.flatnonzero(current & ~rules.must_have)]
    out = [_steps(current, rules, pairs=False)]
    for leaving in inside:
        without = current.copy()
        without[leaving] = False
        out.append(_steps(without, rules, pairs=False))
    for i, one in enumerate(inside):
        for two in inside[i + 1 :]:
            without = current.copy()
            without[[one, two]] = False
            out.append(_steps(without, rules, pairs=True))
    steps = np.concatenate(out) if out else np.empty((0, current.size), bool)
    return steps[rules.allowed(steps)]
