"""What a fence is worth to a species: from a permeability to metres of open land, in this one place.

An animal to which a fence is worth kappa metres would as soon walk kappa metres through open land more as cross it. In a
circuit the fence adds what kappa metres of the land beside it resist, in least cost what they cost (`rasters.openings`). Kappa
follows from what was counted at the fence, and the same count means another kappa at another scale:

===========  ======================================================  ==========================================
per          value                                                   kappa
===========  ======================================================  ==========================================
encounter    share p of the encounters that end on the other side    (pi / 2) scale_m (1 / p - 1)
step         weight w of a step across, relative to the same step    (pi / 4) scale_m (1 / w - 1)
             without the fence
buffer       share p of the stays within a buffer around the fence   2 scale_m (p0 / p - 1)
             that end on the other side; p0 of a line without one
===========  ======================================================  ==========================================

``scale_m`` is the mean free path (over which an animal keeps its direction), mean squared over mean step length, and half
the width of the buffer. 0 seals the fence at every scale; 1 (p0 in a buffer) is no fence.

Encounters and steps are the jump of density that a wall makes in a diffuse flux of walkers, in units of land; tests simulate
the walkers. The pi / 2 is for a fence that turns animals back like a mirror: about 1.43 if they leave in any direction, 0.71 if they
stop and turn about at random, each time they run into it again being an encounter of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from rasters.errors import FenceError
from rasters.numbers import figure

__all__ = ["NUMBERS", "PER_SCALE", "Per", "Permeability", "share_of_encounters", "worth_m"]

Per = Literal["encounter", "step", "buffer"]

PER_SCALE: Mapping[Per, float] = {"encounter": math.pi / 2, "step": math.pi / 4, "buffer": 2.0}
"""Metres of land per metre of scale and odds of being turned back."""

NUMBERS = ("value", "scale_m", "without_fence", "worth_km")
"""Names of the numbers that a `Permeability` may state."""


def worth_m(value: float, *, per: Per, scale_m: float, without_fence: float = 1.0) -> float:
    """Metres of open land that a fence is worth, from what was counted at it; see the module's text.

    Parameters
    ----------
    value : float
        In [0, 1]; 0 gives inf.
    per : {"encounter", "step", "buffer"}
    scale_m : float
        > 0; [m].
    without_fence : float
        Of a buffer: the same share at a line without a fence, in (0, 1]. A fence that is crossed more often is worth 0.

    Raises
    ------
    FenceError
        For numbers outside these ranges.
    """
    if not (scale_m > 0 and math.isfinite(scale_m)):
        raise FenceError(f"scale_m must be > 0 and finite, not {scale_m!r}")
    if per not in PER_SCALE:
        raise FenceError(f"a permeability is per {', '.join(map(repr, get_args(Per)))}, not {per!r}")
    for name, share in (("permeability", value), ("without_fence", without_fence)):
        if not 0.0 <= share <= 1.0:
            raise FenceError(f"{name} must be in [0, 1], not {share!r}")
    return math.inf if value == 0.0 else PER_SCALE[per] * scale_m * max(without_fence / value - 1.0, 0.0)


def share_of_encounters(worth_m: float, free_path_m: float) -> float:
    """Share of the encounters that end on the other side of a fence worth this many metres [1]; 0 without a free path."""
    return 1.0 if worth_m == 0.0 else 1.0 / (1.0 + worth_m / (PER_SCALE["encounter"] * max(free_path_m, 1e-300)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permeability:
    """How a species gets past a fence as somebody stated it: counted at some scale, or its worth itself.

    Parameters
    ----------
    value, per, scale_m, without_fence
        As in `worth_m`; only ``value`` where it is 0 or 1 and no scale matters.
    worth_km : float, optional
        Instead of all these: kilometres of open land that crossing is taken to be worth.
    origin : str
    """

    value: float | None = None
    per: Per | None = None
    scale_m: float | None = None
    without_fence: float | None = None
    worth_km: float | None = None
    origin: str

    @property
    def worth_m(self) -> float:
        """Metres of open land that crossing is worth; inf where the fence is sealed."""
        if self.worth_km is not None:
            return 1000.0 * self.worth_km
        free = 1.0 if self.without_fence is None else self.without_fence
        if self.value is not None and self.per is not None and self.scale_m is not None:
            return worth_m(self.value, per=self.per, scale_m=self.scale_m, without_fence=free)
        if self.value in (0.0, 1.0):
            return 0.0 if self.value else math.inf
        raise FenceError(f"permeability {self.value!r} does not say at which scale it was measured")

    @property
    def stated(self) -> tuple[str, float]:
        """Name and value of the number that says how much gets across."""
        if self.worth_km is not None:
            return "worth_km", self.worth_km
        return "value", math.nan if self.value is None else self.value

    def numbers(self) -> dict[str, float]:
        """What it states in numbers that might as well be others, by name; none where 0 or 1 stands without a scale."""
        found = {name: getattr(self, name) for name in NUMBERS if self.per or self.worth_km is not None}
        return {name: number for name, number in found.items() if number is not None}

    def with_numbers(self, numbers: Mapping[str, float]) -> Permeability:
        """The same with other numbers."""
        return replace(self, **numbers)  # type: ignore[arg-type]

    def in_words(self) -> str:
        """``worth 49 km of open land`` and from what, for messages and tables."""
        worth = self.worth_m
        if math.isinf(worth):
            return "is sealed"
        if worth == 0.0:
            return "is no hindrance"
        return f"is worth {figure(worth / 1000, 'km', 3)} km of open land" + (
            f", from a permeability of {self.value:g} per {self.per} at {self.scale_m:g} m" if self.per else ""
        )
