"""Passages and actions under one budget: one search per combination of actions on the land, and the best of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from connectivity.portfolio.chooser import Chooser, Portfolio
from connectivity.portfolio.objectives import Objective
from connectivity.portfolio.rules import Rules
from rasters.errors import ConfigError

__all__ = ["Alternative", "Choice", "PassagePlan", "combinations_of_actions"]

MOST_ALTERNATIVES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PassagePlan:
    """What is chosen for a budget.

    Parameters
    ----------
    actions : tuple of str
        Actions on the land.
    chosen : tuple of int
        Candidates, by their place in the shortlist.
    value, bound : float
        Gain [1], and what no plan can exceed.
    cost, budget : float
        [cost units].
    method : str
    seconds : float
    """

    actions: tuple[str, ...]
    chosen: tuple[int, ...]
    value: float
    bound: float
    cost: float
    budget: float
    method: str
    seconds: float

    @property
    def gap(self) -> float:
        """Share of the bound that may be missing [1]."""
        return (self.bound - self.value) / self.bound if self.bound > max(self.value, 0.0) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alternative:
    """One combination of actions on the land, and the search among candidates on that land."""

    actions: tuple[str, ...]
    cost: float
    chooser: Chooser


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """All alternatives, under one budget.

    Parameters
    ----------
    alternatives : tuple of Alternative
    budget : float
        [cost units].
    """

    alternatives: tuple[Alternative, ...]
    budget: float

    @classmethod
    def build(
        cls,
        actions: Sequence[tuple[tuple[str, ...], float]],
        objective: Callable[[tuple[str, ...]], Objective],
        rules: Rules,
    ) -> Choice:
        """A search for every combination of actions; ``objective`` values candidates on the land that each makes."""
        alternatives = tuple(
            Alternative(
                actions=names,
                cost=cost,
                chooser=Chooser(objective=objective(names), rules=replace(rules, budget=rules.budget - cost)),
            )
            for names, cost in actions
        )
        return cls(alternatives=alternatives, budget=rules.budget)

    def best(
        self,
        budget: float | None = None,
        *,
        without: Sequence[int] = (),
        without_action: str = "",
        seconds: float = 60.0,
    ) -> PassagePlan:
        """The best plan for a budget; ties go to the cheaper one."""
        budget = self.budget if budget is None else min(budget, self.budget)
        open_ = [a for a in self.alternatives if a.cost <= budget + 1e-9 and without_action not in a.actions]
        found = []
        for one in open_:
            try:
                part = one.chooser.best(budget - one.cost, without=without, seconds=seconds / len(open_))
            except ConfigError as error:
                fault = error
                continue
            found.append(_plan(one, part, budget))
        if not found:
            if open_:
                raise fault
            raise ConfigError(f"no combination of actions that must be there fits a budget of {budget:g}")
        best = max(found, key=lambda plan: (plan.value, -plan.cost))
        return replace(best, bound=max(plan.bound for plan in found), seconds=sum(plan.seconds for plan in found))

    def greedy(self, budget: float | None = None, *, pairs: bool = False) -> PassagePlan:
        """What adding one passage after the other finds, without any action on the land."""
        budget = self.budget if budget is None else budget
        first = self.alternatives[0]
        return _plan(first, first.chooser.greedy(budget - first.cost, pairs=pairs), budget)

    def of(self, plan: PassagePlan) -> Alternative:
        """The alternative that a plan belongs to."""
        return next(a for a in self.alternatives if a.actions == plan.actions)

    def by_species(self, plan: PassagePlan) -> dict[str, float]:
        """Gain of each species [1], not weighted against the others."""
        objective = self.of(plan).chooser.objective
        one = np.zeros((1, objective.n_candidates), bool)
        one[0, list(plan.chosen)] = True
        values = objective.by_block(one)[0]
        return dict(zip(objective.blocks, values.tolist(), strict=True))

    def next_gains(self, plan: PassagePlan) -> NDArray[np.float64]:
        """(n_candidate,) gain that each candidate would add to the plan [1]; NaN where a rule forbids it."""
        chooser = self.of(plan).chooser
        part = Portfolio(
            chosen=plan.chosen, value=plan.value, bound=plan.bound, cost=0.0, budget=math.inf, method="", seconds=0.0
        )
        return chooser.next_gains(part)


def combinations_of_actions(
    cost: dict[str, float], *, must_have: Sequence[str], budget: float
) -> list[tuple[tuple[str, ...], float]]:
    """Every combination of actions that holds the must-have ones and fits the budget, fewest first."""
    out = []
    for k in range(len(cost) + 1):
        for names in combinations(cost, k):
            total = sum(cost[name] for name in names)
            if set(must_have) <= set(names) and total <= budget + 1e-9:
                out.append((names, total))
    if len(out) > MOST_ALTERNATIVES:
        raise ConfigError(
            f"portfolio.actions: {len(cost)} actions on the land make {len(out)} combinations that fit the budget, and each "
            f"is a landscape of its own; name fewer (at most {MOST_ALTERNATIVES} combinations)"
        )
    if not out:
        raise ConfigError(f"portfolio.must_have: the actions alone cost more than the budget of {budget:g}")
    return out


def _plan(one: Alternative, part: Portfolio, budget: float) -> PassagePlan:
    return PassagePlan(
        actions=one.actions,
        chosen=part.chosen,
        value=part.value,
        bound=part.bound,
        cost=part.cost + one.cost,
        budget=budget,
        method=part.method,
        seconds=part.seconds,
    )
