"""What a set of candidates is worth by the small model of the map page, evaluated in Python as the page does it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from connectivity.kernels.openings import open_conductance, open_cost
from connectivity.openings.profile import share_undone
from rasters.arrays import Ints, Reals
from scenarios.model.passage_model import PassageModel


def resistances(model: PassageModel, chosen: Sequence[str]) -> Reals:
    """(n_origin, n_target + 1) effective resistance [ohm] with these candidates open; the last is to all targets at once."""
    matrix, delta = model.resistance.copy(), model.delta[_states(model, chosen)]
    scratch = np.empty(model.size), np.empty(model.size)
    for e in np.flatnonzero(delta > 0):
        open_conductance(matrix, model.size, model.first[e], model.second[e], delta[e], *scratch)
    n, m = len(model.origins), len(model.origins) + len(model.targets)
    single = matrix[:n, n:m].copy()
    for other in range(n + 1, m):
        _short(matrix, n, other)
    return np.column_stack([single, matrix[:n, n]])


def least_costs(model: PassageModel, chosen: Sequence[str]) -> Reals:
    """(n_origin, n_target + 1) least cost [effective m] with these candidates open; the last is to the nearest target."""
    matrix, cost = model.cost_m.copy(), model.state_cost_m[_states(model, chosen)]
    scratch = np.empty(model.size), np.empty(model.size)
    for e in np.flatnonzero(np.isfinite(cost)):
        open_cost(matrix, model.size, model.first[e], model.second[e], cost[e], *scratch)
    between = matrix[: len(model.origins), len(model.origins) : len(model.origins) + len(model.targets)]
    return np.column_stack([between, between.min(axis=1)])


def _states(model: PassageModel, chosen: Sequence[str]) -> Ints:
    """(e,) place of each edge's state in ``delta`` and ``state_cost_m``."""
    is_open = np.isin(model.candidates, list(chosen))
    state = model.state_start[:-1].copy()
    before = np.searchsorted(model.slot_edge, model.slot_edge, side="left")
    bit = np.int64(1) << (np.arange(model.slot_edge.size) - before)
    np.add.at(state, model.slot_edge, np.where(is_open[model.slot_candidate], bit, 0))
    return state


def _short(matrix: Reals, u: int, v: int) -> None:
    """Make two nodes one, in place: a conductance without end between them."""
    size = matrix.shape[0]
    if np.isinf(matrix[u, v]):
        open_cost(matrix, size, u, v, 0.0, np.empty(size), np.empty(size))
    elif matrix[u, v] > 0:
        with np.errstate(invalid="ignore"):
            drop = matrix[v] - matrix[u]
            change = 0.25 / matrix[u, v] * (drop[:, None] - drop) ** 2
        matrix -= np.where(np.isnan(change), 0.0, change)


def set_score(
    model: PassageModel, chosen: Sequence[str], pairs: pd.DataFrame, ranking: pd.DataFrame, weights: tuple[float, float]
) -> float:
    """Score of a set for one species, on the scale of the ranking: 1 is the best single candidate in both parts.

    Without `ranking.arriving_weight` it is what the ranking says of a single candidate.

    Parameters
    ----------
    pairs, ranking : DataFrame
        Of the `SpeciesRun`.
    weights : tuple of float
        Of the gain in conductance and in least cost, from the study's ``ranking``.
    """
    to_any = pairs[pairs["target"] == "any"]
    parts = (
        (
            1.0 / resistances(model, [])[:, -1],
            1.0 / resistances(model, chosen)[:, -1],
            1.0 / to_any["effective_resistance_no_fence_ohm"].to_numpy(),
            ranking["conductance_gain_share"].max(),
        ),
        (
            1.0 / least_costs(model, [])[:, -1],
            1.0 / least_costs(model, chosen)[:, -1],
            1.0 / to_any["least_cost_no_fence_m"].to_numpy(),
            ranking["least_cost_gain_share"].max(),
        ),
    )
    score = 0.0
    for weight, (now, after, without, best) in zip(weights, parts, strict=True):
        share = np.mean([share_undone(n, np.array([a - n]), w)[0] for n, a, w in zip(now, after, without, strict=True)])
        score += weight / sum(weights) * float(share) / best if best > 0 else 0.0
    return score
