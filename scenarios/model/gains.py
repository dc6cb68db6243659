"""What each candidate alone gives back of what the fences take away: pair by pair, core by core, target by target.

A *share* is of conductance, or of the reciprocal of the least cost: 0 is the scenario as it is, 1 the same land without any
fence. The mean that ranks candidates is over `Landscape.counted`, weighted as the study says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.openings.profile import share_undone
from connectivity.openings.sets import Pairs, no_sets, single_sets
from rasters.arrays import Reals
from rasters.openings import OpeningEdges
from scenarios.model.landscape import Landscape
from scenarios.study.schema import Study

__all__ = ["Gains", "circuit_gains", "gains_by_place", "least_cost_gains", "score_of"]

SHARES = ("conductance_gain_share", "least_cost_gain_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Effective resistances [ohm] or least costs [effective m] of pairs; inf where a pair stays apart.

    Parameters
    ----------
    now, without : (p,) float64
        With the fences as they stand, and without any.
    after : (p, n_candidate) float64
        With one candidate open.
    """

    now: Reals
    after: Reals
    without: Reals

    @property
    def risen(self) -> Reals:
        """(p, n_candidate) rise of the reciprocal, never below 0."""
        return np.maximum(1.0 / self.after - (1.0 / self.now)[:, None], 0.0)

    @property
    def shares(self) -> Reals:
        """(p, n_candidate) share of what the fences take that each candidate gives back [1]."""
        one = zip(1.0 / self.now, self.risen, 1.0 / self.without, strict=True)
        return np.array([share_undone(*values) for values in one])

    @property
    def joined(self) -> NDArray[np.bool_]:
        """(p, n_candidate) whether a candidate joins what was apart."""
        return np.isinf(self.now)[:, None] & np.isfinite(self.after)

    @property
    def fallen(self) -> Reals:
        """(p, n_candidate) fall, never below 0; 0 where it is from infinity."""
        both, now = np.isfinite(self.now)[:, None] & np.isfinite(self.after), self.now[:, None]
        fall = np.subtract(np.broadcast_to(now, both.shape), self.after, where=both, out=np.zeros(both.shape))
        return np.maximum(fall, 0.0)


def circuit_gains(land: Landscape, ids: Sequence[str], pairs: Pairs) -> Gains:
    """Effective resistance of pairs with each candidate alone [ohm]."""
    circuit = land.circuit(ids, pairs=pairs, singles_only=True)
    return Gains(
        now=circuit.resistances(no_sets(len(ids)))[0],
        after=circuit.resistances(single_sets(len(ids))).T,
        without=land.circuit(pairs=pairs, fences=False).resistances(no_sets(0))[0],
    )


def least_cost_gains(land: Landscape, ids: Sequence[str], pairs: Pairs) -> Gains:
    """Least cost of pairs with each candidate alone [effective m]; ``pairs`` are ``land.pairs_to_any`` or ``pairs_apart``."""
    to_any = pairs == land.pairs_to_any
    costs = land.distances_to_any(ids) if to_any else land.distances(ids, pairs, singles_only=True)
    free = land.cwds(land.ends.targets, fences=False)
    without = np.array([[cwd.to(origin) for cwd in free] for origin in land.ends.origins])
    return Gains(
        now=costs.distances(no_sets(len(ids)))[0],
        after=costs.distances(single_sets(len(ids))).T,
        without=without.min(axis=1) if to_any else without.ravel(),
    )


def score_of(shares: pd.DataFrame, study: Study) -> pd.Series:
    """Weighted mean of the shares, each divided by that of the best single candidate; 1 = best in all."""
    ranking = study.ranking
    weights = dict(zip(SHARES, (ranking.conductance_weight, ranking.least_cost_weight), strict=True))
    if "arriving_gain_share" in shares:
        weights["arriving_gain_share"] = ranking.arriving_weight
    if not any(weights.values()):  # the study counts only what arrives, which the shares do not have
        weights = dict.fromkeys(weights, 1.0)
    total = sum(weights.values())
    score = pd.Series(0.0, index=shares.index)
    for column, weight in weights.items():
        best = shares[column].max()
        if best > 0:
            score += weight / total * shares[column] / best
    return score


def gains_by_place(land: Landscape, candidates: Sequence[OpeningEdges]) -> pd.DataFrame:
    """The gain of each candidate for each core and for each target, best first.

    Returns
    -------
    DataFrame
        ``role`` (core, target), ``place``, ``weight`` (its share in the mean over its role), ``rank`` among the candidates for
        this place, ``candidate``, ``conductance_gain_share, least_cost_gain_share``, ``score``. For a target the shares are the
        weighted mean over cores of the way to this target alone; for a core of the way to any target, or the weighted mean
        over targets where the study weighs them. The score is relative to the best single candidate for the place, without
        what ``ranking.arriving_weight`` adds.
    """
    ids = [candidate.opening.id for candidate in candidates]
    cost = [land.study.designs[candidate.opening.design].cost for candidate in candidates]
    parts = []
    for role, place, weight, shares in _places(land, ids):
        table = pd.DataFrame({"role": role, "place": place, "weight": weight, "candidate": ids, "cost": cost} | shares)
        table["score"] = score_of(table, land.study)
        by, up = ["score", "cost", "candidate"], [False, True, True]
        table = table.sort_values(by, ascending=up, kind="stable").drop(columns="cost")
        table.insert(3, "rank", np.arange(1, len(table) + 1))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _places(land: Landscape, ids: Sequence[str]) -> list[tuple[str, str, float, dict[str, Reals]]]:
    """Role, id, weight and (n_candidate,) shares of every core, then of every target."""
    ends, shape = land.ends, (len(land.ends.origins), len(land.ends.targets), len(ids))
    apart = [gain(land, ids, land.pairs_apart).shares.reshape(shape) for gain in (circuit_gains, least_cost_gains)]
    core, target = (_normal(w) for w in (ends.origin_weights, ends.target_weights or (1.0,) * shape[1]))
    if ends.target_weights:
        cores = [np.tensordot(target, shares, (0, 1)) for shares in apart]
    else:
        cores = [gain(land, ids, land.pairs_to_any).shares for gain in (circuit_gains, least_cost_gains)]
    targets = [np.tensordot(core, shares, (0, 0)) for shares in apart]
    every = (("core", ends.origins, core, cores), ("target", ends.targets, target, targets))
    return [
        (role, region.id, float(weight[i]), {name: shares[i] for name, shares in zip(SHARES, found, strict=True)})
        for role, regions, weight, found in every
        for i, region in enumerate(regions)
    ]


def _normal(weights: Sequence[float]) -> Reals:
    return np.array(weights) / sum(weights)
