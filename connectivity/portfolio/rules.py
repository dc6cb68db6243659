"""What a set of candidates must keep to: budget, must-have, must-not, spacing, at most this many of a group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rasters.errors import ConfigError

__all__ = ["Limit", "Rules", "spacing_limits"]

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``most`` of some candidates."""

    name: str
    members: NDArray[np.bool_]
    most: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """Which sets of candidates may be chosen.

    Parameters
    ----------
    cost : (n,) float64
        >= 0 [cost units].
    budget : float
        [cost units].
    must_have, must_not : (n,) bool
    limits : tuple of Limit
        Spacing too: at most one within each window along a fence.
    """

    cost: NDArray[np.float64]
    budget: float
    must_have: NDArray[np.bool_]
    must_not: NDArray[np.bool_]
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cost) & (self.cost >= 0)).all():
            raise ConfigError("costs of candidates must be finite and >= 0")
        if not self.budget >= 0:
            raise ConfigError(f"the budget must be >= 0, not {self.budget!r}")

    @classmethod
    def plain(cls, cost: NDArray[np.float64], budget: float, limits: tuple[Limit, ...] = ()) -> Rules:
        """Nothing forced in or out."""
        none = np.zeros(cost.size, bool)
        return cls(cost=cost, budget=budget, must_have=none, must_not=none.copy(), limits=limits)

    @property
    def size(self) -> int:
        """Number of candidates."""
        return int(self.cost.size)

    def tightened(self, budget: float, without: Sequence[int]) -> Rules:
        """Another budget, and some candidates left out."""
        must_not = self.must_not.copy()
        must_not[list(without)] = True
        return replace(self, budget=budget, must_not=must_not)

    def cost_of(self, chosen: Sequence[int] | NDArray[np.intp]) -> float:
        """Cost of a set."""
        return float(self.cost[list(chosen)].sum())

    def allowed(self, sets: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(s,) whether each set keeps to the rules."""
        fits = sets @ self.cost <= self.budget + ROUNDING
        fits &= sets[:, self.must_have].all(axis=1) & ~sets[:, self.must_not].any(axis=1)
        if self.limits and sets.size:
            members = np.column_stack([limit.members for limit in self.limits]).astype(np.float32)
            most = np.array([limit.most for limit in self.limits], np.float32)
            fits &= (sets.astype(np.float32) @ members <= most).all(axis=1)
        return fits

    def open_to_choice(self) -> NDArray[np.int64]:
        """Candidates that are neither forced in nor out and that the budget could pay for."""
        left = self.budget - self.cost[self.must_have].sum()
        return np.flatnonzero(~self.must_have & ~self.must_not & (self.cost <= left + ROUNDING))

    def count_sets(self, most: int) -> int:
        """An upper estimate of how many sets there are, by budget alone; stops counting beyond ``most``."""
        free = self.open_to_choice()
        left = self.budget - self.cost[self.must_have].sum()
        affordable = int((np.cumsum(np.sort(self.cost[free])) <= left + ROUNDING).sum())
        total = 0
        for k in range(affordable + 1):
            total += math.comb(free.size, k)
            if total > most:
                break
        return total

    def nothing_fits(self) -> str:
        """Why no set is left, as far as can be said."""
        forced = float(self.cost[self.must_have].sum())
        if forced > self.budget + ROUNDING:
            return f"the must-have candidates cost {forced:g} and the budget is {self.budget:g}; raise it or drop some"
        if (self.must_have & self.must_not).any():
            return "a candidate is both must-have and must-not; decide which"
        return "the must-have candidates break a spacing or an at-most rule; drop some or relax the rule"


def spacing_limits(line: Sequence[str], along_m: NDArray[np.float64], spacing_m: float) -> tuple[Limit, ...]:
    """At most one candidate within any ``spacing_m`` [m] of a line; with 0, one at any place."""
    lines = np.asarray(line)
    out = []
    for name in dict.fromkeys(lines.tolist()):
        here = np.flatnonzero(lines == name)
        here = here[np.argsort(along_m[here], kind="stable")]
        end = np.searchsorted(along_m[here], along_m[here] + max(spacing_m, 1e-3), side="left")
        for k in range(here.size):
            if end[k] > k + 1 and (k == 0 or end[k] > end[k - 1]):
                members = np.zeros(lines.size, bool)
                members[here[k : end[k]]] = True
                where = f"{name} from {along_m[here[k]] / 1000:.1f} km"
                out.append(Limit(name=f"spacing of {spacing_m:g} m on {where}", members=members, most=1))
    return tuple(out)
