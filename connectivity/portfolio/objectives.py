"""What a set of openings is worth: per species exact values, and linear bounds on them for the search.

An objective is a sum of blocks, one per species. Every block values sets exactly. Some can also be written into a
mixed-integer linear model whose optimum is never below the truth:

*Conductance* is a concave function of the edges' conductances: it is the least energy over all voltages with 1 V between
the ends (Thomson), linear in the conductances for each of them. *Effective resistance* is convex for the same reason. So the
voltages at any set give a linear bound that holds for every set and is exact at that one.
*Least cost* and *ECA* are the best of finitely many routes, each of a fixed cost, which a linear model takes as they are.
*Arriving current* has no such bound: an opening may lead walkers to where they die.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from connectivity.openings.edges import OpenableEdges
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, no_sets
from connectivity.portfolio.linear_model import LinearModel
from connectivity.portfolio.routes import OpeningRoute, routes_of_pair
from connectivity.portfolio.tangents import opened_in_part, own_resistance, tangents
from rasters.arrays import Reals
from rasters.errors import DataError

__all__ = ["ArrivalBlock", "Block", "CircuitBlock", "ModelledBlock", "Objective", "RouteBlock"]

Sets = NDArray[np.bool_]
CUT_TOLERANCE = 1e-7
"""Overestimate, as a share of the unit of value, from which on a bound is tightened."""


class ModelledBlock(Protocol):
    """A block written into a linear model."""

    def tighten(self, x: Reals) -> int:
        """Add rows that the solution breaks; their number."""
        ...


class Block(Protocol):
    """What a set of openings is worth for one species."""

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        ...

    def values(self, sets: Sets) -> Reals:
        """(s,) exact value of sets (s, n_candidates)."""
        ...

    def model(self, lp: LinearModel, opened: NDArray[np.int64], unit: float) -> ModelledBlock | None:
        """Write it into a linear model in multiples of ``unit``, given the columns of the candidates; None if it cannot."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Sum of the blocks' values.

    Parameters
    ----------
    kind : str
        Its name for people.
    blocks : dict of str to Block
        By species.
    """

    kind: str
    blocks: dict[str, Block]

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return next(iter(self.blocks.values())).n_candidates

    def values(self, sets: Sets) -> Reals:
        """(s,) value of sets."""
        return self.by_block(sets).sum(axis=1)

    def by_block(self, sets: Sets) -> Reals:
        """(s, n_block) value of sets, block by block."""
        return np.column_stack([block.values(sets) for block in self.blocks.values()])


class _StateColumns:
    """Columns of a linear model that say which state each edge is in.

    An edge of one candidate is open when the candidate is. An edge of several gets a column for each combination of
    them, at most one of which holds, and only where all of its candidates are open.
    """

    def __init__(self, edges: OpenableEdges, lp: LinearModel, opened: NDArray[np.int64]) -> None:
        self.column = np.full(edges.delta.size, -1, np.int64)
        for edge in range(edges.size):
            slots = np.flatnonzero(edges.slot_edge == edge)
            who, start = edges.slot_candidate[slots], int(edges.state_start[edge])
            if who.size == 1:
                self.column[start + 1] = opened[who[0]]
                continue
            columns = lp.columns((1 << who.size) - 1)
            self.column[start + 1 : start + 1 + columns.size] = columns
            lp.row(columns, np.ones(columns.size), upper=1.0)
            for mask, column in enumerate(columns, start=1):
                for k in range(who.size):
                    if mask >> k & 1:
                        lp.row([column, opened[who[k]]], [1.0, -1.0], upper=0.0)
        self.states = np.flatnonzero(self.column >= 0)

    def shares(self, x: Reals) -> Reals:
        """(n_state,) how far each state holds in a solution."""
        out = np.zeros(self.column.size)
        out[self.states] = x[self.column[self.states]]
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CircuitBlock:
    """Weighted gain of conductance, or fall of resistance, over pairs.

    Parameters
    ----------
    circuit : CircuitOfSets
    weight : (p,) float64
        Value of one siemens gained, or of one ohm lost.
    base : (p,) float64
        Conductance [S] or resistance [ohm] that gains are counted from.
    resistance : bool
        Whether the value is in ohm lost.
    """

    circuit: CircuitOfSets
    weight: Reals
    base: Reals
    resistance: bool = False

    def __post_init__(self) -> None:
        if self.resistance and np.isinf(self.base[self.weight > 0]).any():
            raise DataError(
                "a pair is not joined at all, so that its resistance falls from infinity; choose the objective conductance"
            )

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.circuit.n_candidates

    def values(self, sets: Sets) -> Reals:
        """(s,) weighted gain of sets."""
        return self.terms(sets) @ self.weight

    def terms(self, sets: Sets) -> Reals:
        """(s, p) gain of each pair [S], or fall [ohm]."""
        if self.resistance:
            return np.where(self.weight > 0, self.base - self.circuit.resistances(sets), 0.0)
        return self.circuit.conductances(sets) - self.base

    def model(self, lp: LinearModel, opened: NDArray[np.int64], unit: float) -> ModelledBlock:
        """Bounded by linear rows that `tighten` adds."""
        return _ConcaveModel(self, lp, opened, unit)


class _ConcaveModel:
    """A column for each pair's gain, held down by tangents."""

    def __init__(self, block: CircuitBlock, lp: LinearModel, opened: NDArray[np.int64], unit: float) -> None:
        self.block, self.lp, self.unit = block, lp, unit
        self.states = _StateColumns(block.circuit.edges, lp, opened)
        most = block.terms(np.ones((1, block.n_candidates), bool))[0]
        least = block.terms(no_sets(block.n_candidates))[0]
        self.pairs = np.flatnonzero(block.weight > 0)
        self.scale = unit / block.weight[self.pairs]
        upper = np.maximum(most, least)[self.pairs] / self.scale
        self.gain = lp.columns(self.pairs.size, lower=-np.inf, upper=upper, value=1.0)
        self.own = own_resistance(block.circuit)
        self.tighten(np.zeros(lp.n_columns), everything=True)

    def tighten(self, x: Reals, *, everything: bool = False) -> int:
        """Tangents at a solution, for the pairs whose column is above them."""
        edges = self.block.circuit.edges
        share = self.states.shares(x)
        conductance, slope_of = opened_in_part(edges, share, self.own)
        added = 0
        for level, drop2 in tangents(self.block.circuit, conductance, resistance=self.block.resistance):
            for i, pair in enumerate(self.pairs):
                factor = drop2[pair, edges.edge_of_state] * slope_of / self.scale[i]
                at = (level[pair] - self.block.base[pair] * (-1 if self.block.resistance else 1)) / self.scale[i]
                if everything or x[self.gain[i]] > at + CUT_TOLERANCE:
                    self._cut(i, at - float(factor @ share), factor)
                    added += 1
        return added

    def _cut(self, i: int, constant: float, factor: Reals) -> None:
        """``gain <= constant + factor . states``."""
        columns = [*self.states.column[self.states.states], self.gain[i]]
        self.lp.row(columns, [*(-factor[self.states.states]), 1.0], upper=constant)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteBlock:
    """Value that depends on the least cost of each pair alone: never higher for a higher cost.

    Parameters
    ----------
    distances : DistancesOfSets
    worth : callable
        From least costs (..., p) [effective m] to the worth of each pair (..., p), finite also for inf.
    weight : float
        Value of one unit of ``worth``, or of its root.
    base : float
        Worth, or its root, that gains are counted from.
    inner : float
        Worth that does not depend on any cost.
    root : bool
        Whether the square root of the sum is taken: equivalent connected area.
    """

    distances: DistancesOfSets
    worth: Callable[[Reals], Reals]
    weight: float
    base: float
    inner: float = 0.0
    root: bool = False

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.distances.n_candidates

    def values(self, sets: Sets) -> Reals:
        """(s,) weighted gain of sets."""
        return self.weight * (self.level(sets) - self.base)

    def level(self, sets: Sets) -> Reals:
        """(s,) sum of worth, or its root."""
        total = self.inner + self.worth(self.distances.distances(sets)).sum(axis=-1)
        return np.sqrt(total) if self.root else total

    def model(self, lp: LinearModel, opened: NDArray[np.int64], unit: float) -> ModelledBlock | None:
        """Routes as columns; None when there are too many."""
        pairs = self.distances.pairs
        routes = [routes_of_pair(self.distances, a, b) for a, b in zip(pairs.first, pairs.second, strict=True)]
        if any(found is None for found in routes):
            return None
        return _RouteModel(self, [found or [] for found in routes], lp, opened, unit)


class _RouteModel:
    """One column per route: at most one per pair holds, where all of its edges are open."""

    def __init__(
        self,
        block: RouteBlock,
        routes: list[list[OpeningRoute]],
        lp: LinearModel,
        opened: NDArray[np.int64],
        unit: float,
    ) -> None:
        self.block, self.lp = block, lp
        needed = np.concatenate([opened, _StateColumns(block.distances.edges, lp, opened).column])
        now = block.distances.distances(no_sets(block.n_candidates))[0]
        worth = block.worth(now)
        direct = 0.0 if block.root else block.weight / unit
        self.columns, self.gains = np.empty(0, np.int64), np.empty(0)
        for pair, mine in enumerate(routes):
            if not mine:
                continue
            cost = np.tile(now, (len(mine), 1))
            cost[:, pair] = [route.cost_m for route in mine]
            gain = block.worth(cost)[:, pair] - worth[pair]
            columns = lp.columns(len(mine), value=direct * gain)
            lp.row(columns, np.ones(columns.size), upper=1.0)
            for route, column in zip(mine, columns, strict=True):
                for need in sorted(route.needs):
                    lp.row([column, needed[need]], [1.0, -1.0], upper=0.0)
            self.columns, self.gains = np.append(self.columns, columns), np.append(self.gains, gain)
        self.start = block.inner + float(worth.sum())
        lp.offset += 0.0 if block.root else direct * (self.start - block.base)
        if block.root:
            self.factor = block.weight / unit
            self.gain = lp.columns(1, lower=-np.inf, upper=np.inf, value=1.0)
            self._tangent(self.start)
            self._tangent(self.start + float(self.gains.sum()))

    def tighten(self, x: Reals) -> int:
        """A tangent of the root at the solution."""
        if not self.block.root:
            return 0
        total = self.start + float(self.gains @ x[self.columns])
        if x[self.gain[0]] <= self.factor * (np.sqrt(total) - self.block.base) + CUT_TOLERANCE:
            return 0
        self._tangent(total)
        return 1

    def _tangent(self, total: float) -> None:
        slope = self.factor / (2.0 * np.sqrt(total))
        level = self.factor * (np.sqrt(total) - self.block.base)
        self.lp.row(
            [*self.columns, self.gain[0]], [*(-slope * self.gains), 1.0], upper=level + slope * (self.start - total)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrivalBlock:
    """Weighted gain in the share of walkers that arrive.

    Parameters
    ----------
    circuit : CircuitOfSets
        With ground where walkers die.
    weight : (p,) float64
    base : (p,) float64
        Share [1] that gains are counted from.
    """

    circuit: CircuitOfSets
    weight: Reals
    base: Reals

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.circuit.n_candidates

    def values(self, sets: Sets) -> Reals:
        """(s,) weighted gain of sets."""
        return (self.circuit.arriving(sets) - self.base) @ self.weight

    def model(self, lp: LinearModel, opened: NDArray[np.int64], unit: float) -> ModelledBlock | None:
        """Not to be written as a linear model."""
        return None

    def most(self) -> float:
        """Value if every walker arrived: no set is better."""
        return float((1.0 - self.base) @ self.weight)
