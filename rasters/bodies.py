"""Whether an animal gets past a fence as it stands, and through a passage: lengths against lengths.

A body goes under the lowest strand, between two strands, or over the highest one. A passage must be wide enough besides. What is
not stated is unknown, never a yes: a fit needs every number that it rests on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rasters.profile import Body
from rasters.responses import Stated, is_assumed

__all__ = ["Fit", "Gap", "Verdict", "Wires", "past_fence", "through_gap"]


class Fit(StrEnum):
    """What a body and an opening say of each other."""

    FITS = "fits"
    LOW = "too low"
    HIGH = "too high"
    NARROW = "too narrow"
    CLOSED = "shut out"
    UNKNOWN = "unknown"

    @property
    def impossible(self) -> bool:
        """Whether no animal of the species gets through."""
        return self not in (Fit.FITS, Fit.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """A fence as it stands, strands evenly spaced between the lowest and the highest [m]."""

    top_m: float
    strands: int
    bottom_m: float

    @property
    def spacing_m(self) -> float | None:
        """Height between two strands [m]; None where there is one only."""
        return (self.top_m - self.bottom_m) / (self.strands - 1) if self.strands > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is free in a passage.

    Parameters
    ----------
    width_m : float
    clearance_m : float, optional
        From the ground to the lowest strand that is left [m]; inf where nothing is overhead.
    gap_height_m : float, optional
        Between two strands that are left, or from floor to ceiling of a culvert [m].
    top_m : float, optional
        Highest strand where it was lowered for those that jump [m].
    """

    width_m: float
    clearance_m: float | None = None
    gap_height_m: float | None = None
    top_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it fits, the figures that decide, and whether one of them is only assumed."""

    fit: Fit
    figures: str
    assumed: bool = False

    def __str__(self) -> str:
        """For a table."""
        told = ", ".join(part for part in (self.figures, "assumed" if self.assumed else "") if part)
        return f"{self.fit} ({told})" if told else str(self.fit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way past: whether it is open to the body (None: nobody knows), and the figures."""

    open: bool | None
    figures: str
    need: Stated | None
    over: bool = False

    def verdict(self, fit: Fit) -> Verdict:
        return Verdict(fit=fit, figures=self.figures, assumed=self.need is not None and self.need.assumed)


def through_gap(body: Body, gap: Gap) -> Verdict:
    """Whether a body goes through a passage."""
    wide = _wide_enough(body, gap.width_m)
    ways = _ways(body, gap.clearance_m, gap.gap_height_m, gap.top_m)
    chosen = _open_way(ways)
    if wide.open is False:
        return wide.verdict(Fit.NARROW)
    if not ways:
        return Verdict(fit=Fit.UNKNOWN, figures="no height is stated")
    if chosen is None:
        return ways[0].verdict(Fit.HIGH if all(way.over for way in ways) else Fit.LOW)
    if chosen.open is None or wide.open is None:
        return Verdict(fit=Fit.UNKNOWN, figures=(wide if chosen.open else chosen).figures)
    lengths = [way for way in (chosen, wide) if way.need is not None]
    assumed = any(way.need.assumed for way in lengths if way.need is not None)
    figures = chosen.figures if chosen.need is not None else f"{chosen.figures}, {wide.figures}"
    return Verdict(fit=Fit.FITS, figures=figures, assumed=assumed)


def past_fence(body: Body, wires: Wires | None) -> Verdict:
    """Whether a body gets past a fence as it stands."""
    if body.other_ways:
        assumed = any(map(is_assumed, body.other_ways.values()))
        figures = ", ".join(way.replace("_", " ") for way in body.other_ways)
        return Verdict(fit=Fit.FITS, figures=figures, assumed=assumed)
    if wires is None:
        return Verdict(fit=Fit.UNKNOWN, figures="no wires are stated")
    ways = _ways(body, wires.bottom_m, wires.spacing_m, wires.top_m)
    chosen = _open_way(ways)
    if chosen is None:
        needs = [way.need for way in ways if way.need is not None]
        figures = "; ".join(way.figures for way in ways)
        return Verdict(fit=Fit.CLOSED, figures=figures, assumed=any(need.assumed for need in needs))
    return chosen.verdict(Fit.FITS if chosen.open else Fit.UNKNOWN)


def _wide_enough(body: Body, width_m: float) -> _Way:
    need = body.min_width_m
    if need is None:
        return _Way(open=None, figures="min_width_m of the species is not stated", need=None)
    return _Way(open=width_m >= need.value, figures=f"{width_m:g} m wide, needs {need.value:g} m", need=need)


def _ways(body: Body, under_m: float | None, between_m: float | None, top_m: float | None) -> list[_Way]:
    """The ways that are there; those under everything first."""
    ways = []
    for height, what in ((under_m, "clear"), (between_m, "between strands")):
        if height is not None:
            ways.append(_stooped(height, what, body.crawls_under_m))
    if top_m is not None:
        need = body.jumps_m
        figures = f"top at {top_m:.3g} m, " + ("jumps_m is not stated" if need is None else f"jumps {need.value:g} m")
        jumps = None if need is None else need.value >= top_m
        ways.append(_Way(open=jumps, figures=figures, need=need, over=True))
    return ways


def _stooped(height_m: float, what: str, need: Stated | None) -> _Way:
    if math.isinf(height_m):
        return _Way(open=True, figures="nothing overhead", need=None)
    if need is None:
        return _Way(open=None, figures=f"{height_m:.3g} m {what}, crawls_under_m is not stated", need=None)
    fits = height_m >= need.value
    return _Way(open=fits, figures=f"{height_m:.3g} m {what}, needs {need.value:g} m", need=need)


def _open_way(ways: Sequence[_Way]) -> _Way | None:
    """The first that is open, else the first that nobody knows; None where all are shut."""
    known = [way for way in ways if way.open]
    return next(iter([*known, *(way for way in ways if way.open is None)]), None)
