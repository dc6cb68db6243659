"""Which candidates to open for a budget: exact where that can be had, and always with a bound.

Up to some hundred thousand sets are tried one by one. Beyond that a greedy search with single and pair moves and swaps
finds a good set, and a mixed-integer linear model (HiGHS) either proves it the best or finds a better one: its optimum is
never below the truth, and it is tightened at every set that it proposes (outer approximation; Duran and Grossmann,
Math. Programming 36, 1986) until the two meet. Where the objective cannot be written so, what is known of the best is
reported as it is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from connectivity.portfolio.linear_model import LinearModel
from connectivity.portfolio.objectives import ArrivalBlock, ModelledBlock, Objective
from connectivity.portfolio.rules import Rules
from connectivity.portfolio.search import feasible_sets, greedy, improve
from rasters.errors import ConfigError

__all__ = ["Chooser", "Need", "Portfolio"]

MOST_TRIED = 300_000
"""Sets that are tried one by one."""
TOLERANCE = 1e-6
"""Relative gap below which a set is called the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """A set of candidates chosen under a budget.

    Parameters
    ----------
    chosen : tuple of int
        Candidates, increasing.
    value : float
        Exact value of the set, in units of the objective.
    bound : float
        No feasible set is worth more.
    cost, budget : float
        [cost units].
    method : str
        ``"exhaustive"``, ``"milp"`` or ``"search"``.
    seconds : float
    """

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
        if self.bound <= self.value:
            return 0.0
        return (self.bound - self.value) / self.bound if self.bound > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What doing without one chosen candidate costs.

    Parameters
    ----------
    candidate : int
    without : Portfolio
        The best set without it.
    loss : float
        Share of the best value lost [1], at least.
    needed : bool
        Whether it is in every set within the stated share of the best.
    """

    candidate: int
    without: Portfolio
    loss: float
    needed: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Chooser:
    """Answers questions about one objective under one set of rules, and keeps what it learns between them."""

    objective: Objective
    rules: Rules
    most_tried: int = MOST_TRIED
    _table: tuple[NDArray[np.bool_], NDArray[np.float64]] | None = field(default=None, init=False)
    _tried_to: float = field(default=-1.0, init=False)
    _model: _Model | None = field(default=None, init=False)
    _known: list[tuple[int, ...]] = field(default_factory=list, init=False)

    def best(self, budget: float | None = None, *, without: Sequence[int] = (), seconds: float = 60.0) -> Portfolio:
        """The best feasible set.

        Parameters
        ----------
        budget : float, optional
            Default: that of the rules, and never more.
        without : sequence of int
            Candidates that must not be in it.
        seconds : float
            The search for a proof stops then.

        Raises
        ------
        ConfigError
            When the rules allow no set at all.
        """
        start = time.perf_counter()
        budget = self.rules.budget if budget is None else min(budget, self.rules.budget)
        rules = self.rules.tightened(budget, without)
        table = self._tried(rules)
        if table is not None:
            chosen, value, bound, method = *_best_of(table, rules), "exhaustive"
        else:
            chosen, value, bound, method = self._searched(rules, seconds)
            chosen = self._trimmed(chosen, value)
        self._known.append(chosen)
        return Portfolio(
            chosen=chosen,
            value=value,
            bound=max(bound, value),
            cost=rules.cost_of(chosen),
            budget=budget,
            method=method,
            seconds=time.perf_counter() - start,
        )

    def greedy(self, budget: float | None = None, *, pairs: bool = False) -> Portfolio:
        """What adding the best candidate per cost one after the other finds, with pairs of them as steps or without."""
        start = time.perf_counter()
        budget = self.rules.budget if budget is None else budget
        rules = self.rules.tightened(budget, ())
        chosen = greedy(self.objective.values, rules, pairs=pairs)
        value = self.value(chosen)
        return Portfolio(
            chosen=chosen,
            value=value,
            bound=math.inf,
            cost=rules.cost_of(chosen),
            budget=budget,
            method="greedy",
            seconds=time.perf_counter() - start,
        )

    def frontier(self, budgets: Sequence[float], *, seconds: float = 60.0) -> tuple[Portfolio, ...]:
        """The best set for each budget."""
        return tuple(self.best(budget, seconds=seconds / max(len(budgets), 1)) for budget in budgets)

    def needs(self, best: Portfolio, *, within: float, seconds: float = 60.0) -> tuple[Need, ...]:
        """For each chosen candidate, the best that can be done without it.

        Parameters
        ----------
        within : float
            Sets worth at least ``(1 - within)`` of the best are near-optimal [1].
        """
        out = []
        for candidate in best.chosen:
            if self.rules.must_have[candidate]:
                continue
            other = self.best(best.budget, without=[candidate], seconds=seconds / max(len(best.chosen), 1))
            loss = (best.value - other.bound) / best.value if best.value > 0 else 0.0
            out.append(Need(candidate=candidate, without=other, loss=max(loss, 0.0), needed=loss > within))
        return tuple(out)

    def next_gains(self, best: Portfolio) -> NDArray[np.float64]:
        """(n_candidate,) value that each candidate would add to a set; NaN where the rules, but for the budget, forbid it."""
        unlimited = self.rules.tightened(math.inf, ())
        sets = np.zeros((self.rules.size, self.rules.size), bool)
        sets[:, list(best.chosen)] = True
        sets[np.diag_indices(self.rules.size)] = True
        gains = self.objective.values(sets) - best.value
        return np.where(unlimited.allowed(sets), gains, np.nan)

    def value(self, chosen: Sequence[int]) -> float:
        """Exact value of one set."""
        one = np.zeros((1, self.rules.size), bool)
        one[0, list(chosen)] = True
        return float(self.objective.values(one)[0])

    def _tried(self, rules: Rules) -> tuple[NDArray[np.bool_], NDArray[np.float64]] | None:
        """Every set up to at least this budget with its value; None where they are too many."""
        if rules.budget > self._tried_to:
            wider = self.rules.tightened(rules.budget, ())
            if wider.count_sets(self.most_tried) > self.most_tried:
                return None
            sets = feasible_sets(wider)
            self._table, self._tried_to = (sets, self.objective.values(sets)), rules.budget
        return self._table

    def _searched(self, rules: Rules, seconds: float) -> tuple[tuple[int, ...], float, float, str]:
        begun = time.perf_counter()
        chosen = self._good_start(rules)
        value = self.value(chosen)
        if self._model is None:
            self._model = _Model.build(self.objective, self.rules, value)
        if self._model is None:
            return chosen, value, _ceiling(self.objective), "search"
        return self._model.best(rules, chosen, value, seconds - (time.perf_counter() - begun))

    def _trimmed(self, chosen: tuple[int, ...], value: float) -> tuple[int, ...]:
        """Without what adds nothing: dearest first."""
        for candidate in sorted(chosen, key=lambda c: (-self.rules.cost[c], c)):
            fewer = tuple(c for c in chosen if c != candidate)
            if not self.rules.must_have[candidate] and self.value(fewer) >= value:
                chosen = fewer
        return chosen

    def _good_start(self, rules: Rules) -> tuple[int, ...]:
        starts = [greedy(self.objective.values, rules, pairs=True), *(c for c in self._known if _fits(c, rules))]
        values = [self.value(start) for start in starts]
        return improve(self.objective.values, rules, starts[int(np.argmax(values))])


def _fits(chosen: tuple[int, ...], rules: Rules) -> bool:
    one = np.zeros((1, rules.size), bool)
    one[0, list(chosen)] = True
    return bool(rules.allowed(one)[0])


def _best_of(
    table: tuple[NDArray[np.bool_], NDArray[np.float64]], rules: Rules
) -> tuple[tuple[int, ...], float, float]:
    sets, values = table
    there = np.flatnonzero(rules.allowed(sets))
    if not there.size:
        raise ConfigError(rules.nothing_fits())
    top = there[values[there] >= values[there].max()]
    best = min(top, key=lambda i: (rules.cost_of(np.flatnonzero(sets[i])), tuple(np.flatnonzero(sets[i]))))
    value = float(values[best])
    return tuple(int(c) for c in np.flatnonzero(sets[best])), value, value


def _ceiling(objective: Objective) -> float:
    """Worth of everything at its best, where nothing sharper is known."""
    most = [block.most() if isinstance(block, ArrivalBlock) else math.inf for block in objective.blocks.values()]
    return float(sum(most))


class _Model:
    """The linear model of an objective; rows found for one question serve all later ones."""

    def __init__(self, objective: Objective, rules: Rules, unit: float) -> None:
        self.objective, self.unit = objective, unit
        self.lp = LinearModel()
        self.opened = self.lp.columns(rules.size, whole=True)
        self.budget_row = self.lp.row(self.opened, rules.cost, upper=rules.budget)
        for limit in rules.limits:
            members = self.opened[limit.members]
            self.lp.row(members, np.ones(members.size), upper=limit.most)
        self.blocks: list[ModelledBlock | None] = [
            block.model(self.lp, self.opened, unit) for block in objective.blocks.values()
        ]

    @classmethod
    def build(cls, objective: Objective, rules: Rules, value: float) -> _Model | None:
        """None where a block cannot be written so."""
        everything = float(objective.values(np.ones((1, rules.size), bool))[0])
        model = cls(objective, rules, value if value > 0 else max(everything, 1e-300))
        return None if any(block is None for block in model.blocks) else model

    def best(
        self, rules: Rules, chosen: tuple[int, ...], value: float, seconds: float
    ) -> tuple[tuple[int, ...], float, float, str]:
        """Tighten and solve until the bound meets the best set found."""
        end = time.perf_counter() + seconds
        self._set(rules)
        self._relax(end)
        bound = math.inf
        while True:
            left = max(end - time.perf_counter(), 0.1)
            solved = self.lp.maximise(seconds=left)
            bound = min(bound, solved.bound * self.unit)
            if not solved.x.size:
                break
            found = tuple(int(c) for c in np.flatnonzero(solved.x[self.opened] > 0.5))
            worth = self._value(found)
            if worth > value:
                chosen, value = found, worth
            if bound <= value * (1.0 + TOLERANCE) or time.perf_counter() > end or not self._tighten(solved.x):
                break
        return chosen, value, bound, "milp"

    def _relax(self, end: float) -> None:
        """Tangents at the optima of the model without whole numbers: cheap, and most of the work."""
        last = math.inf
        while time.perf_counter() < end:
            solved = self.lp.maximise(relaxed=True)
            if not solved.x.size or solved.value > last * (1.0 - 1e-4) or not self._tighten(solved.x):
                return
            last = solved.value

    def _tighten(self, x: NDArray[np.float64]) -> int:
        return sum(block.tighten(x) for block in self.blocks if block is not None)

    def _set(self, rules: Rules) -> None:
        self.lp.set_row_upper(self.budget_row, rules.budget)
        self.lp.set_bounds(self.opened.tolist(), 0.0, 1.0)
        self.lp.set_bounds(self.opened[rules.must_not].tolist(), 0.0, 0.0)
        self.lp.set_bounds(self.opened[rules.must_have].tolist(), 1.0, 1.0)

    def _value(self, chosen: tuple[int, ...]) -> float:
        one = np.zeros((1, self.opened.size), bool)
        one[0, list(chosen)] = True
        return float(self.objective.values(one)[0])
