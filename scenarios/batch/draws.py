"""Draws of a batch: one set of Sobol points for all its scenarios, so that runs of the same number differ by the scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scenarios.land.inputs import Inputs, read_inputs, same_layers
from scenarios.land.memory import Stage
from scenarios.land.parameters import Changes, parameter_space, sobol_points
from scenarios.study.load import ResolvedStudy

__all__ = ["DrawPlan", "plan_draws"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawPlan:
    """Which coordinate of a point moves what.

    Parameters
    ----------
    axes : tuple of str
        Of all scenarios together; a scenario in which a number plays no part leaves its coordinate out.
    count, seed : int
    """

    axes: tuple[str, ...]
    count: int
    seed: int

    def changes(self, resolved: ResolvedStudy, inputs: Inputs, number: int) -> Changes:
        """Values in draw ``number``, counted from 1; ``inputs`` hold every species of the study."""
        space = parameter_space(resolved, inputs)
        point = sobol_points(self.count, len(self.axes), self.seed)[number - 1]
        return space.at(point[[self.axes.index(name) for name in _distinct(space.axes)]])


def plan_draws(variants: Iterable[ResolvedStudy], count: int, seed: int) -> DrawPlan:
    """Coordinates for every number that is uncertain in any of some variants of a study.

    Raises
    ------
    ConfigError
        When nothing is uncertain in one of them.
    """
    axes: dict[str, None] = {}
    read: tuple[ResolvedStudy, Inputs] | None = None
    for resolved in variants:
        known = read[1].layers if read and same_layers(read[0], resolved) else None
        inputs = read_inputs(resolved, layers=known, stage=Stage.CHECKED)
        read = (resolved, inputs)
        axes |= dict.fromkeys(_distinct(parameter_space(resolved, inputs).axes))
    return DrawPlan(axes=tuple(axes), count=count, seed=seed)


def _distinct(names: Iterable[str]) -> list[str]:
    """The same name again gets a number."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
