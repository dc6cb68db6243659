"""Steps between fixes, by the interval that a collar was set to, and what an animal could do instead at each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.arrays import Ints, Reals
from scenarios.tracks.lines import Lines

__all__ = ["Available", "Steps", "draw_available", "draw_choices", "make_steps", "nominal_intervals"]

CLOSE = 0.1
"""Share of a nominal interval by which the time of a step may differ from it."""
LEAST_SHARE = 0.2
"""Share of an animal's steps that makes an interval one that its collar was set to."""
LEAST_POOL = 40
"""Steps free of fences that tell turning angles."""
MOST_DRAWN = 6_000_000
LEAST_AVAILABLE = 10
ALIKE = 0.2
"""Share of the pool that counts as about as long."""
BLOCK_H = 168.0
"""Steps of an animal within a week may be alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Steps of at least the least length, each at a nominal interval.

    Parameters
    ----------
    start, end : (n, 2) float64
        Map positions [m].
    begin_h : (n,) float64
        Time of the start [hours since 1970].
    interval_h : (n,) float64
        Nominal [hours].
    length_m : (n,) float64
    before : (n,) float64
        Heading of the step before it [rad], NaN where there is none.
    turn : (n,) float64
        From that heading to its own, in (-pi, pi]; NaN without one.
    animal : (n,) int
    left_out : dict of str to int
        Steps that are not here: ``other interval``, ``too short``, ``too fast``.
    """

    start: Reals
    end: Reals
    begin_h: Reals
    interval_h: Reals
    length_m: Reals
    before: Reals
    turn: Reals
    animal: Ints
    left_out: dict[str, int]

    @property
    def block(self) -> Ints:
        """(n,) number of the week of each."""
        return np.asarray(np.floor(self.begin_h / BLOCK_H), np.int64)

    @property
    def scale_m(self) -> float:
        """Mean squared over mean step length [m], the scale of a weight per step; NaN without steps."""
        return float((self.length_m**2).sum() / self.length_m.sum()) if self.length_m.size else float("nan")

    def only(self, kept: NDArray[np.bool_]) -> Steps:
        """Some of the steps."""
        names = ("start", "end", "begin_h", "interval_h", "length_m", "before", "turn", "animal")
        return Steps(**{name: getattr(self, name)[kept] for name in names}, left_out=self.left_out)


def nominal_intervals(hours: Reals) -> Reals:
    """Intervals that a collar was set to, the most common first, of the times between an animal's fixes [hours]."""
    rounded = np.where(
        hours < 1, np.round(hours * 60) / 60, np.where(hours < 6, np.round(hours * 4) / 4, np.round(hours))
    )
    values, counts = np.unique(rounded[rounded > 0], return_counts=True)
    found: list[float] = []
    for at in np.argsort(-counts, kind="stable"):
        near = (np.abs(hours - values[at]) <= CLOSE * values[at]).mean() if hours.size else 0.0
        if all(abs(values[at] - one) > 1.5 * CLOSE * one for one in found) and (near >= LEAST_SHARE or not found):
            found.append(float(values[at]))
    return np.array(found)


def make_steps(
    x: Reals, y: Reals, hours: Reals, animal: Ints, *, least_m: float = 30.0, most_kmh: float = np.inf
) -> Steps:
    """Steps between following fixes of each animal.

    Parameters
    ----------
    x, y : (n,) float64
        Map positions [m].
    hours : (n,) float64
        Times [hours since 1970], ascending within an animal.
    animal : (n,) int
        Ascending.
    least_m : float
        Shorter steps are left out.
    """
    dx, dy, dt = np.diff(x), np.diff(y), np.diff(hours)
    same = animal[1:] == animal[:-1]
    nominal = np.full(dt.size, np.nan)
    for one in np.unique(animal):
        mine = np.flatnonzero(same & (animal[:-1] == one))
        for interval in nominal_intervals(dt[mine])[::-1]:
            nominal[mine[np.abs(dt[mine] - interval) <= CLOSE * interval]] = interval
    length, heading = np.hypot(dx, dy), np.arctan2(dy, dx)
    fast = same & (length > 1000.0 * most_kmh * dt)
    short = length < max(least_m, 1e-9)
    follows = np.zeros(dt.size, bool)
    follows[1:] = same[1:] & same[:-1] & (nominal[1:] == nominal[:-1]) & ~short[:-1] & ~fast[:-1]
    before = np.full(dt.size, np.nan)
    before[1:] = np.where(follows[1:], heading[:-1], np.nan)
    turn = np.angle(np.exp(1j * (heading - before)))
    kept = same & ~np.isnan(nominal) & ~short & ~fast
    left_out = {
        "other interval": int((same & np.isnan(nominal)).sum()),
        "too short": int((same & short & ~np.isnan(nominal)).sum()),
        "too fast": int((fast & ~np.isnan(nominal)).sum()),
    }
    places = np.column_stack([x, y])
    return Steps(
        start=places[:-1][kept],
        end=places[1:][kept],
        begin_h=hours[:-1][kept],
        interval_h=nominal[kept],
        length_m=length[kept],
        before=before[kept],
        turn=turn[kept],
        animal=animal[:-1][kept],
        left_out=left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """Steps near lines, and where else each could have led.

    Parameters
    ----------
    steps : Steps
        Those whose start lies within their own length of a line.
    ends : (n, 1 + m, 2) float64
        Ends of the step taken, then of those available [m].
    length_m, turn : (n, 1 + m) float64
        Of each; the turn NaN where the heading before is not known.
    """

    steps: Steps
    ends: Reals
    length_m: Reals
    turn: Reals


def draw_available(
    steps: Steps,
    lines: Lines,
    n: int,
    rng: np.random.Generator,
    *,
    fences: Lines,
    uniform: bool = False,
    everywhere: bool = False,
) -> Available:
    """Draw where else each step near a line could have led: as far as it went, in another direction.

    That is exact where steps are chosen among what the animal can do, whatever its lengths: given the length of the step taken, those
    that cross weigh kappa and the others 1. How far an animal goes differs between days and hours, and drawing lengths from other times
    takes that for a fence. Directions turn from the heading before as the animal's own steps of about that length do where no fence
    lies within their length.

    Parameters
    ----------
    lines : Lines
        Steps near any of them are looked at.
    n : int
        Available steps for each; fewer where that would be millions.
    fences : Lines
        Those that may bend a step.
    uniform : bool
        Headings anywhere instead of by turning angles.
    everywhere : bool
        Take steps far from lines, too.
    """
    longest = float(steps.length_m.max(initial=1.0))
    away, free = (one.nearest(steps.start[:, 0], steps.start[:, 1], longest)[1] for one in (lines, fences))
    near = np.flatnonzero((away <= steps.length_m) | everywhere)
    n = int(np.clip(MOST_DRAWN // max(1, near.size), LEAST_AVAILABLE, n))
    before = steps.before[near][:, None]
    angle = rng.uniform(-np.pi, np.pi, (near.size, n))
    if not uniform:
        turned = before + _turns(steps, near, free > steps.length_m, n, rng)
        angle = np.where(np.isnan(turned), angle, turned)
    length = steps.length_m[near][:, None]
    ends = steps.start[near][:, None] + np.stack([length * np.cos(angle), length * np.sin(angle)], axis=2)
    turns = np.angle(np.exp(1j * (angle - before)))
    kept = np.zeros(steps.animal.size, bool)
    kept[near] = True
    return Available(
        steps=steps.only(kept),
        ends=np.concatenate([steps.end[near][:, None], ends], axis=1),
        length_m=np.repeat(length, n + 1, axis=1),
        turn=np.column_stack([steps.turn[near], turns]),
    )


def draw_choices(steps: Steps, n: int, most: int, rng: np.random.Generator) -> Available:
    """For step selection: up to ``most`` steps that follow another, each with others of the animal, length and turn together."""
    follows = np.flatnonzero(~np.isnan(steps.turn))
    chosen = np.sort(rng.choice(follows, min(most, follows.size), replace=False)) if follows.size else follows
    kept = np.zeros(steps.animal.size, bool)
    kept[chosen] = True
    taken = steps.only(kept)
    drawn = np.zeros((chosen.size, n), np.int64)
    for mine in _groups(steps.animal, steps.interval_h):
        pool = mine[~np.isnan(steps.turn[mine])]
        rows = np.searchsorted(chosen, pool[kept[pool]])
        if rows.size:
            drawn[rows] = rng.choice(pool, (rows.size, n))
    length, turn = steps.length_m[drawn], steps.turn[drawn]
    angle = taken.before[:, None] + turn
    ends = taken.start[:, None] + np.stack([length * np.cos(angle), length * np.sin(angle)], axis=2)
    return Available(
        steps=taken,
        ends=np.concatenate([taken.end[:, None], ends], axis=1),
        length_m=np.column_stack([taken.length_m, length]),
        turn=np.column_stack([taken.turn, turn]),
    )


def _groups(*keys: Reals | Ints) -> list[Ints]:
    """Positions of the rows that are alike in all keys."""
    _, group = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    sizes = np.bincount(group.ravel())
    return [np.asarray(part) for part in np.split(order, np.cumsum(sizes)[:-1])] if order.size else []


def _turns(steps: Steps, near: Ints, free: NDArray[np.bool_], n: int, rng: np.random.Generator) -> Reals:
    """(n_near, n) turning angles of steps about as long; NaN, for any heading, where too few are known.

    Of the animal's own steps free of fences at the same interval, else of those of all animals.
    """
    out = np.full((near.size, n), np.nan)
    turned = ~np.isnan(steps.turn) & free
    place = np.full(steps.animal.size, -1)
    place[near] = np.arange(near.size)
    for mine in _groups(steps.animal, steps.interval_h):
        pool = mine[turned[mine]]
        if pool.size < LEAST_POOL:
            pool = np.flatnonzero(turned & (steps.interval_h == steps.interval_h[mine[0]]))
        rows = place[mine][place[mine] >= 0]
        if pool.size >= LEAST_POOL:
            out[rows] = steps.turn[_alike(steps.length_m, pool, steps.length_m[near[rows]], n, rng)]
    return out


def _alike(length: Reals, pool: Ints, wanted: Reals, n: int, rng: np.random.Generator) -> Ints:
    """(n_wanted, n) steps of the pool among the nearest in length."""
    pool = pool[np.argsort(length[pool], kind="stable")]
    half = max(LEAST_POOL // 2, round(ALIKE * pool.size / 2))
    middle = np.clip(np.searchsorted(length[pool], wanted), half, max(half, pool.size - half))
    at = middle[:, None] + rng.integers(-half, half, (wanted.size, n))
    return pool[np.clip(at, 0, pool.size - 1)]
