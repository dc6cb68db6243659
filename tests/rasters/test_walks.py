"""Simulated walkers against the formulas that turn what was measured at a fence into metres of open land.

Walkers start at one side of a strip and end at either. One over the share that gets across grows by the same amount for
every metre of land, so that what a fence adds to it is so many metres.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.errors import FenceError
from rasters.openings import FenceModel
from rasters.permeability import share_of_encounters, worth_m

Fence = Callable[[Reals, np.random.Generator], NDArray[np.bool_]]
"""Whether walkers that reach the fence at y (a share of the strip's width) get through."""


def strides_across(half_m: float, walkers: int, fence: Fence, seed: int, free_path: float = 1.0) -> float:
    """Share that crosses a strip ``2 half_m`` long, periodic and 1 wide, straight on over exponential free paths.

    Walkers enter from the left as a diffuse gas would (directions by the cosine); the fence in the middle reflects.
    """
    rng = np.random.default_rng(seed)
    x, y = np.full(walkers, -half_m), rng.random(walkers)
    up = rng.uniform(-1.0, 1.0, walkers)
    across = np.sqrt(1.0 - up**2)
    crossed = 0
    while x.size:
        stride = rng.exponential(free_path, x.size)
        end = x + stride * across
        meets = (x < 0) != (end < 0)
        share = np.divide(x, x - end, out=np.zeros_like(x), where=meets)
        turned = meets & ~fence((y + share * stride * up) % 1.0, rng)
        end = np.where(turned, -end, end)
        y = (y + stride * up) % 1.0
        crossed += int((end > half_m).sum())
        inside = np.abs(end) < half_m
        x, y = end[inside], y[inside]
        angle = rng.uniform(0.0, 2.0 * math.pi, x.size)
        across, up = np.cos(angle), np.sin(angle)
    return crossed / walkers


def nothing(y: Reals, _: np.random.Generator) -> NDArray[np.bool_]:
    return np.ones(y.size, bool)


def share_through(p: float) -> Fence:
    return lambda y, rng: rng.random(y.size) < p


def gap(width: float) -> Fence:
    return lambda y, _: np.abs(y - 0.5) < width / 2


def metres_added(half_m: float, fence: Fence, free_path: float) -> float:
    """Length of open land that lowers the share that crosses as much as the fence does."""
    short, long = (1.0 / strides_across(h, 400_000, nothing, round(h), free_path) for h in (half_m, 3 * half_m))
    closed = 1.0 / strides_across(half_m, 400_000, fence, 7, free_path)
    return (closed - short) / (long - short) * 4 * half_m


@pytest.mark.parametrize(("p", "error"), [(0.5, 0.07), (0.2, 0.04), (0.05, 0.04)])
def test_what_is_crossed_by_a_share_of_the_encounters(p: float, error: float) -> None:
    """The formula takes directions at the fence as those of open land: 4 % too little at one half."""
    added = metres_added(2.0, share_through(p), 1.0)
    assert added == pytest.approx(worth_m(p, per="encounter", scale_m=1.0), rel=error)


@pytest.mark.parametrize(("width", "free_path"), [(0.2, 0.3), (0.05, 0.3), (0.2, 0.15)])
def test_who_looks_for_a_gap_by_chance_pays_for_aiming(width: float, free_path: float) -> None:
    """Narrowing and aiming do not quite add up where the gap is about as wide as the free path: 4 to 13 % too much."""
    model = FenceModel(worth_m={}, reach_m=0.0, free_path_m=free_path)
    assert metres_added(1.0, gap(width), free_path) == pytest.approx(0.93 * _in_every_metre(model, width), rel=0.06)


def test_following_the_fence_widens_a_gap_to_both_sides() -> None:
    """Who reaches the fence within the reach of a gap's middle goes through: as good as a gap of twice the reach."""
    model = FenceModel(worth_m={}, reach_m=0.15, free_path_m=0.3)
    assert model.served_m(0.01) == 0.3 and model.served_m(0.5) == 0.5
    follows: Fence = lambda y, _: np.abs(y - 0.5) < model.reach_m  # noqa: E731
    assert metres_added(1.0, follows, 0.3) == pytest.approx(0.93 * _in_every_metre(model, 0.01), rel=0.06)


def _in_every_metre(model: FenceModel, width: float) -> float:
    """A gap in every metre of fence: ``(2 / pi) ln(1 / sin(pi W / 2))`` metres for the narrowing (a conformal map), and aiming.

    Walkers would have to aim at the metre itself without a fence too, which is land already.
    """
    served = model.served_m(width)
    return 2.0 / math.pi * math.log(1.0 / math.sin(math.pi * served / 2.0)) + model.aiming_worth_m() * (
        1.0 / served - 1.0
    )


def turned_back(half_m: float, walkers: int, p: float, leaving: str, seed: int) -> float:
    """Share that crosses a strip on straight paths of 1 m on average; a fence in its middle lets a share p of encounters through.

    Who is turned back leaves as from a ``mirror``, in ``any direction`` away from the fence, or has to ``stop`` and take any
    direction at all, into the fence too, which it then meets once more.
    """
    rng = np.random.default_rng(seed)
    x, side = np.full(walkers, -half_m), np.full(walkers, -1.0)
    across = np.sqrt(1.0 - rng.uniform(-1.0, 1.0, walkers) ** 2)
    crossed = 0
    while x.size:
        end = x + rng.exponential(1.0, x.size) * across
        meets = np.sign(end) != side
        turned = meets & (rng.random(x.size) >= p)
        side = np.where(meets & ~turned, -side, side)
        end = np.where(turned, -end if leaving == "mirror" else 1e-12 * side, end)
        across = np.cos(rng.uniform(0.0, 2.0 * math.pi, x.size))
        if leaving == "any direction":
            across = np.where(turned, side * np.abs(across), across)
        crossed += int((end > half_m).sum())
        inside = np.abs(end) < half_m
        x, side, across = end[inside], side[inside], across[inside]
    return crossed / walkers


@pytest.mark.parametrize(("leaving", "factor"), [("mirror", math.pi / 2), ("any direction", 1.43), ("stop", 0.72)])
def test_how_animals_leave_a_fence_decides_what_an_encounter_is_worth(leaving: str, factor: float) -> None:
    """Metres per free path and odds of being turned back: pi / 2, a tenth less, and half of that."""
    short, long = (1.0 / turned_back(h, 200_000, 1.0, "mirror", 3) for h in (2.0, 6.0))
    closed = 1.0 / turned_back(2.0, 200_000, 0.1, leaving, 7)
    assert (closed - short) / (long - short) * 8.0 / 9.0 == pytest.approx(factor, rel=0.06)


def steps_across(half_m: float, walkers: int, weight: float, seed: int) -> float:
    """Share that crosses with steps of 1 m in any direction; one across the middle is taken with a weight, else it waits."""
    rng = np.random.default_rng(seed)
    x, crossed = np.full(walkers, -half_m), 0
    while x.size:
        end = x + np.cos(rng.uniform(0.0, 2.0 * math.pi, x.size))
        stays = ((x < 0) != (end < 0)) & (rng.random(x.size) >= weight)
        end = np.where(stays, x, end)
        crossed += int((end > half_m).sum())
        x = end[np.abs(end) <= half_m]
    return crossed / walkers


def test_what_is_stepped_across_with_a_weight() -> None:
    open_ = [1.0 / steps_across(h, 500_000, 1.0, 3) for h in (4.0, 12.0)]
    for weight, walkers in ((0.1, 500_000), (0.03, 1_000_000)):
        closed = 1.0 / steps_across(4.0, walkers, weight, 4)
        added = (closed - open_[0]) / (open_[1] - open_[0]) * 16.0
        assert added == pytest.approx(worth_m(weight, per="step", scale_m=1.0), rel=0.05)


def test_stays_in_a_buffer_tell_the_same_as_encounters() -> None:
    """Walks into a buffer six free paths deep on both sides of the fence: a tenth too little, as they enter it already on their way."""
    free, closed = (turned_back(6.0, 200_000, p, "mirror", 11) for p in (1.0, 0.1))
    expected = 0.9 * worth_m(0.1, per="encounter", scale_m=1.0)
    assert worth_m(closed, per="buffer", scale_m=6.0, without_fence=free) == pytest.approx(expected, rel=0.06)


def test_worth_and_share_of_encounters_are_each_others_inverse() -> None:
    for p in (0.01, 0.3, 1.0):
        assert share_of_encounters(worth_m(p, per="encounter", scale_m=800.0), 800.0) == pytest.approx(p)
    assert share_of_encounters(math.inf, 800.0) == 0.0 and share_of_encounters(5.0, 0.0) < 1e-200


def test_worth_of_a_permeability() -> None:
    assert worth_m(1.0, per="encounter", scale_m=700.0) == worth_m(1.0, per="step", scale_m=700.0) == 0.0
    assert math.isinf(worth_m(0.0, per="encounter", scale_m=700.0))
    assert worth_m(0.5, per="encounter", scale_m=1000.0) == pytest.approx(500 * math.pi)
    assert worth_m(0.5, per="step", scale_m=1000.0) == pytest.approx(250 * math.pi)
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(FenceError, match="scale_m must be > 0"):
            worth_m(0.5, per="step", scale_m=bad)
    assert worth_m(0.6, per="buffer", scale_m=9.0, without_fence=0.5) == 0.0
    with pytest.raises(FenceError, match="permeability must be in"):
        worth_m(1.5, per="step", scale_m=1.0)
    with pytest.raises(FenceError, match="per 'encounter', 'step', 'buffer'"):
        worth_m(0.5, per="crossing", scale_m=1.0)  # type: ignore[arg-type]
