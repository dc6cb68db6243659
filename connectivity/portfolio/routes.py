"""Every combination of openings that could be the cheapest route for some set of them.

A route crosses openings one after the other; between two of them, and before the first and behind the last, it takes the
least cost of the landscape with all candidates closed. Routes grow crossing by crossing, and only where the crossings so
far get them somewhere cheaper than fewer of them would. A route that is no cheaper than one that needs only some of its
openings is left out: no set of openings makes it the best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.openings.sets import DistancesOfSets
from rasters.arrays import Reals

__all__ = ["MOST_ROUTES", "OpeningRoute", "routes_of_pair"]

MOST_ROUTES = 20_000
"""Combinations of one pair that are followed; beyond that the search gives up."""

Needs = frozenset[int]
NOTHING: Needs = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRoute:
    """A route between two focal regions.

    Parameters
    ----------
    cost_m : float
        [effective m].
    needs : frozenset of int
        What must be open: a candidate, or ``n_candidates +`` the state that an edge shared by several must be in.
    """

    cost_m: float
    needs: Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crossings:
    """Each state of each edge, in both directions, (m,)."""

    need: NDArray[np.int64]
    enter: NDArray[np.int64]
    leave: NDArray[np.int64]
    cost_m: Reals

    @classmethod
    def of(cls, distances: DistancesOfSets) -> _Crossings:
        edges = distances.edges
        state = np.flatnonzero(np.isfinite(edges.cost_m))
        edge = np.searchsorted(edges.state_start, state, side="right") - 1
        slots = np.bincount(edges.slot_edge, minlength=edges.size)
        first_slot = np.concatenate([[0], np.cumsum(slots)])[:-1]
        alone = slots[edge] == 1
        need = np.where(alone, edges.slot_candidate[first_slot[edge]], edges.n_candidates + state)
        one, two = distances.first[edge], distances.second[edge]
        return cls(
            need=np.tile(need, 2),
            enter=np.concatenate([one, two]),
            leave=np.concatenate([two, one]),
            cost_m=np.tile(edges.cost_m[state], 2),
        )


def routes_of_pair(distances: DistancesOfSets, origin: int, targets: Sequence[int]) -> list[OpeningRoute] | None:
    """Routes from a region to the cheapest of some others that are cheaper than the route without any opening.

    Returns
    -------
    list of Route or None
        Cheapest first; None when there are too many.
    """
    closed, crossings = distances.cost_m, _Crossings.of(distances)
    everything = distances.opened(distances.edges.state_start[1:] - 1)
    hope = everything[:, list(targets)].min(axis=1)
    reached: dict[Needs, Reals] = {NOTHING: closed[origin]}
    now = float(closed[origin, list(targets)].min())
    level = [NOTHING]
    while level:
        grown: dict[Needs, Reals] = {}
        for needs in level:
            for more, leave, total in _further(reached, needs, crossings, hope, now):
                arrived = grown.setdefault(more, np.full(closed.shape[0], np.inf))
                np.minimum(arrived, (closed[leave] + total[:, None]).min(axis=0), out=arrived)
        for needs, arrived in grown.items():
            reached[needs] = _within(arrived, needs, crossings, closed)
        if len(reached) > MOST_ROUTES:
            return None
        level = list(grown)
    return _useful(reached, targets)


def _further(
    reached: dict[Needs, Reals], needs: Needs, crossings: _Crossings, hope: Reals, now: float
) -> Iterator[tuple[Needs, NDArray[np.int64], Reals]]:
    """Longer combinations, the nodes where they come out and at what cost, where that is cheaper than with fewer."""
    here = reached[needs]
    total = here[crossings.enter] + crossings.cost_m
    useful = (total + hope[crossings.leave] < now) & (total < here[crossings.leave])
    for fewer in _subsets(needs):
        if fewer in reached:
            before = reached[fewer]
            useful &= (here[crossings.enter] < before[crossings.enter]) & (total < before[crossings.leave])
    useful &= ~np.isin(crossings.need, list(needs))
    for need in np.unique(crossings.need[useful]):
        mine = useful & (crossings.need == need)
        yield needs | {int(need)}, crossings.leave[mine], total[mine]


def _within(arrived: Reals, needs: Needs, crossings: _Crossings, closed: Reals) -> Reals:
    """Costs when the combination's own openings may be crossed again, as those of a bundle are."""
    mine = np.flatnonzero(np.isin(crossings.need, list(needs)))
    while True:
        total = arrived[crossings.enter[mine]] + crossings.cost_m[mine]
        better = total < arrived[crossings.leave[mine]]
        if not better.any():
            return arrived
        leave = crossings.leave[mine][better]
        arrived = np.minimum(arrived, (closed[leave] + total[better][:, None]).min(axis=0))


def _useful(reached: dict[Needs, Reals], targets: Sequence[int]) -> list[OpeningRoute]:
    cost = {needs: float(arrived[list(targets)].min()) for needs, arrived in reached.items()}
    kept = [
        OpeningRoute(cost_m=cost[needs], needs=needs)
        for needs in reached
        if needs and all(cost[needs] < cost[fewer] for fewer in _subsets(needs) if fewer in cost)
    ]
    return sorted(kept, key=lambda route: (route.cost_m, sorted(route.needs)))


def _subsets(needs: Needs) -> list[Needs]:
    """All proper subsets."""
    members = sorted(needs)
    masks = range((1 << len(members)) - 1)
    return [frozenset(m for k, m in enumerate(members) if mask >> k & 1) for mask in masks]
