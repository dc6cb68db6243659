"""From solves to a ranked table of candidates: every component in its own column, the score's weights stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from connectivity.openings.profile import FenceProfile, share_undone, spaced_shortlist
from connectivity.openings.sets import no_sets, single_sets
from rasters.arrays import Reals
from rasters.fences import Fence
from rasters.openings import OpeningEdges
from scenarios.model.gains import circuit_gains, least_cost_gains, score_of
from scenarios.model.landscape import Landscape
from scenarios.model.results import SpeciesRun, own_numbers, shortlist
from scenarios.study.schema import Study

__all__ = ["combine_species", "numbered", "places_of_standing", "rank_candidates"]


def rank_candidates(
    land: Landscape, candidates: Sequence[OpeningEdges], profile: FenceProfile | None = None
) -> pd.DataFrame:
    """Gain of each candidate alone, ranked; ties break by score, then cost, then id.

    Parameters
    ----------
    candidates : sequence of OpeningEdges
        Some or all of the landscape's. With some only, the best of these has the score 1.
    profile : FenceProfile, optional
        For ``gain_ohm2``, which is 0 without it.
    """
    ids = [candidate.opening.id for candidate in candidates]
    columns = [_circuit_columns(land, ids), _least_cost_columns(land, ids)]
    if land.study.ranking.arriving_weight > 0:
        columns.append(_arriving_columns(land, ids))
    table = pd.concat([_described(land, candidates, profile), *columns], axis=1)
    table["score"] = score_of(table, land.study)
    return _ordered(table, land.study, "score", places_of_standing(land.prepared.standing_edges, land.cuts.fences))


def places_of_standing(edges: Sequence[OpeningEdges], fences: Sequence[Fence]) -> list[tuple[str, float]]:
    """Fence line and distance on it [m] of each passage that stands."""
    lines = {fence.id: fence.fence_line for fence in fences}
    return [(lines[one.opening.fence], one.opening.along_m) for one in edges]


def combine_species(
    study: Study, rankings: Mapping[str, pd.DataFrame], standing: Sequence[tuple[str, float]] = ()
) -> pd.DataFrame:
    """One ranking for all species: the mean of their scores, weighted as the study says; ``standing`` as `places_of_standing`."""
    total = sum(study.species[name].weight for name in rankings)
    first = next(iter(rankings.values()))
    keys = ["candidate", "fence", "fence_line", "along_m", "x", "y", "lon", "lat", "width_m", "design", "cost"]
    everything = (
        pd.concat([r[keys] for r in rankings.values()]).drop_duplicates("candidate")
        if len(rankings) > 1
        else first[keys]
    )
    table = everything.set_index("candidate", drop=False)
    table["score"] = 0.0
    for name, ranking in rankings.items():
        column = f"score_{name}"
        table[column] = ranking.set_index("candidate")["score"]
        table[column] = table[column].fillna(0.0)
        table["score"] += table[column] * study.species[name].weight / total if total else 0.0
    return _ordered(table.reset_index(drop=True), study, "score", standing)


def numbered(study: Study, runs: Sequence[SpeciesRun]) -> tuple[list[SpeciesRun], pd.DataFrame]:
    """The runs of a scenario and the ranking over all its species, with one ``number`` for a candidate in all of them.

    Candidates on the shortlist of all species together come first, from 1, then those of each species in turn; 0 elsewhere.
    """
    stands = [(str(line), float(at)) for line, at in runs[0].standing[["fence_line", "along_m"]].to_numpy()]
    combined = combine_species(study, {run.species: run.ranking for run in runs}, stands)
    shown = pd.concat([shortlist(table)["candidate"] for table in (combined, *(run.ranking for run in runs))])
    number = {name: one for one, name in enumerate(dict.fromkeys(shown), start=1)}
    tables = [
        table.assign(number=[number.get(name, 0) for name in table["candidate"]])
        for table in (combined, *(run.ranking for run in runs))
    ]
    return [replace(run, ranking=table) for run, table in zip(runs, tables[1:], strict=True)], tables[0]


def _described(land: Landscape, candidates: Sequence[OpeningEdges], profile: FenceProfile | None) -> pd.DataFrame:
    """Who, where and what each candidate is."""
    openings = [candidate.opening for candidate in candidates]
    by_id = {fence.id: fence for fence in land.cuts.fences}
    gain = np.zeros(land.cuts.size) if profile is None else profile.row_gain_ohm2
    fences = [by_id[opening.fence] for opening in openings]
    points = [fence.point_at(opening.along_m) for fence, opening in zip(fences, openings, strict=True)]
    x, y = np.array([p.x for p in points]), np.array([p.y for p in points])
    lon, lat = land.cuts.grid.lonlat(x, y)
    return pd.DataFrame(
        {
            "candidate": [o.id for o in openings],
            "fence": [o.fence for o in openings],
            "fence_line": [f.fence_line for f in fences],
            "along_m": [o.along_m for o in openings],
            "x": x,
            "y": y,
            "lon": lon,
            "lat": lat,
            "width_m": [o.width_m for o in openings],
            "design": [o.design for o in openings],
            "use_factor": [o.use_factor for o in openings],
            "cost": [land.study.designs[o.design].cost for o in openings],
            "gain_ohm2": [gain[c.rows].mean() for c in candidates],
            "geometry_status": [f.geometry_status for f in fences],
        }
    )


def _circuit_columns(land: Landscape, ids: Sequence[str]) -> pd.DataFrame:
    gains = circuit_gains(land, ids, land.pairs_to_any)
    counted = circuit_gains(land, ids, land.counted) if land.counted != land.pairs_to_any else gains
    return pd.DataFrame(
        {
            "resistance_gain_ohm": gains.fallen.sum(axis=0),
            "conductance_gain_s": gains.risen.sum(axis=0),
            "conductance_gain_share": _mean(land, counted.shares),
            "pairs_joined": gains.joined.sum(axis=0),
        }
    )


def _least_cost_columns(land: Landscape, ids: Sequence[str]) -> pd.DataFrame:
    gains = least_cost_gains(land, ids, land.pairs_to_any)
    counted = least_cost_gains(land, ids, land.counted) if land.counted != land.pairs_to_any else gains
    return pd.DataFrame(
        {"least_cost_gain_m": gains.fallen.sum(axis=0), "least_cost_gain_share": _mean(land, counted.shares)}
    )


def _arriving_columns(land: Landscape, ids: Sequence[str]) -> pd.DataFrame:
    """Of the walkers that arrive alive: what mortality brings into the ranking."""
    circuit = land.circuit(ids, pairs=land.counted, mortal=True, singles_only=True)
    now = circuit.arriving(no_sets(len(ids)))[0]
    without = land.circuit(pairs=land.counted, fences=False, mortal=True).arriving(no_sets(0))[0]
    gained = np.maximum(circuit.arriving(single_sets(len(ids))) - now, 0.0).T
    shares = np.array([share_undone(*one) for one in zip(now, gained, without, strict=True)])
    return pd.DataFrame({"arriving_gain": gained.sum(axis=0), "arriving_gain_share": _mean(land, shares)})


def _mean(land: Landscape, shares: Reals) -> Reals:
    """(n_candidate,) weighted mean over the pairs that count."""
    return np.average(shares, axis=0, weights=land.ends.pair_weights)


def _ordered(table: pd.DataFrame, study: Study, by: str, standing: Sequence[tuple[str, float]]) -> pd.DataFrame:
    """Rank, and mark the shortlist that keeps its distance, from passages that stand as well."""
    table = table.sort_values([by, "cost", "candidate"], ascending=[False, True, True], kind="stable").reset_index(
        drop=True
    )
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    useful = [i for i in range(len(table)) if table[by].iloc[i] > 0]
    chosen = spaced_shortlist(
        useful,
        table["fence_line"].tolist(),
        table["along_m"].to_numpy(),
        spacing_m=study.candidates.min_spacing_m,
        most=study.ranking.shortlist,
        standing=standing,
    )
    table["selected"] = table.index.isin(chosen)
    return own_numbers(table)
