"""Every way through openings that could be the cheapest for some set of them.

A route is a sequence of opened edges. Between two of them, and before the first and behind the last, it takes the least
cost of the landscape with all candidates closed. A route is left out when it is no cheaper than one that needs fewer
openings: then no set of openings makes it the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.set_values import DistancesOfSets

__all__ = ["MOST_ROUTES", "Route", "routes_of_pair"]

MOST_ROUTES = 20_000
"""Routes of one pair that are followed; beyond that the search gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way between two focal regions.

    Parameters
    ----------
    cost_m : float
        [effective m].
    states : frozenset of int
        Edge states (places in ``OpenableEdges.cost_m``) that it needs.
    """

    cost_m: float
    states: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crossings:
    """Each state of each edge, in both directions, (m,)."""

    state: NDArray[np.int64]
    edge: NDArray[np.int64]
    enter: NDArray[np.int64]
    leave: NDArray[np.int64]
    cost_m: NDArray[np.float64]


def routes_of_pair(distances: DistancesOfSets, origin: int, targets: Sequence[int]) -> list[Route] | None:
    """Routes from a region to the cheapest of some others that are cheaper than the way without any opening.

    Returns
    -------
    list of Route or None
        Cheapest first; None when there are too many.
    """
    closed, crossings = distances.cost_m, _crossings(distances)
    to_target = closed[:, list(targets)].min(axis=1)
    hope = _with_everything(distances)[:, list(targets)].min(axis=1)
    now = to_target[origin]
    found: list[Route] = []
    ends = [(origin, 0.0, frozenset[int](), frozenset[int]())]
    while ends:
        further = []
        for node, cost, states, edges in ends:
            for k, total in _steps(closed, crossings, origin, node, cost, hope, now):
                if int(crossings.edge[k]) in edges:
                    continue
                more = states | {int(crossings.state[k])}
                there = int(crossings.leave[k])
                if total + to_target[there] < now:
                    found.append(Route(cost_m=float(total + to_target[there]), states=more))
                further.append((there, float(total), more, edges | {int(crossings.edge[k])}))
        if len(found) + len(further) > MOST_ROUTES:
            return None
        ends = further
    return _undominated(found)


def _crossings(distances: DistancesOfSets) -> _Crossings:
    edges = distances.edges
    state = np.flatnonzero(np.isfinite(edges.cost_m))
    edge = np.searchsorted(edges.state_start, state, side="right") - 1
    one, two = distances.first[edge], distances.second[edge]
    twice = np.concatenate
    return _Crossings(
        state=twice([state, state]), edge=twice([edge, edge]), enter=twice([one, two]), leave=twice([two, one]),
        cost_m=np.tile(edges.cost_m[state], 2),
    )  # fmt: skip


def _with_everything(distances: DistancesOfSets) -> NDArray[np.float64]:
    return distances.opened(distances.edges.state_start[1:] - 1)


def _steps(
    closed: NDArray[np.float64], crossings: _Crossings, origin: int, node: int, cost: float,
    hope: NDArray[np.float64], now: float,
) -> list[tuple[int, float]]:  # fmt: skip
    """Crossings that lead on: they reach their far side cheaper than without them, and may still beat the way now."""
    total = cost + closed[node, crossings.enter] + crossings.cost_m
    gains = total < np.minimum(closed[origin, crossings.leave], cost + closed[node, crossings.leave])
    useful = np.flatnonzero(gains & (total + hope[crossings.leave] < now))
    return [(int(k), float(total[k])) for k in useful]


def _undominated(routes: list[Route]) -> list[Route]:
    best: dict[frozenset[int], float] = {}
    for route in routes:
        best[route.states] = min(route.cost_m, best.get(route.states, np.inf))
    kept: dict[frozenset[int], float] = {}
    for states, cost in sorted(best.items(), key=lambda item: (len(item[0]), item[1])):
        if not any(cost >= kept[fewer] for fewer in _subsets(states) if fewer in kept):
            kept[states] = cost
    ordered = sorted(kept.items(), key=lambda item: (item[1], sorted(item[0])))
    return [Route(cost_m=cost, states=states) for states, cost in ordered]


def _subsets(states: frozenset[int]) -> list[frozenset[int]]:
    """All proper, non-empty subsets."""
    members = sorted(states)
    masks = range(1, (1 << len(members)) - 1)
    return [frozenset(m for k, m in enumerate(members) if mask >> k & 1) for mask in masks]
