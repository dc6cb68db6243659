"""From solves to a ranked table of candidates: every component in its own column, the score's weights stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.edge_changes import EdgeChange, SourcesToTarget
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.openings.profile import FenceProfile, least_cost_with, share_undone, spaced_shortlist
from connectivity.reduction.network import ReducedNetwork
from rasters.fences import CutEdges
from rasters.openings import OpeningEdges, terms_of_others
from scenarios.land.ends import Ends
from scenarios.study.schema import Study

__all__ = ["Solved", "combine_species", "edge_changes", "rank_candidates", "region_nodes", "sources_to_target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What the ranking needs of a scenario's solves; ``open_`` means without any fence.

    Parameters
    ----------
    row_cost_m, row_ohm : (n_cut,) float64
        What each row of ``cuts`` adds to its edge now.
    network, open_network : ReducedNetwork
        Focal regions (numbered as in ``ends.labels``) and both ends of every candidate.
    origin_cwd : tuple of CostDistance
    target_cwd : CostDistance
        From all targets together.
    open_cwd : tuple of CostDistance
        From each target.
    """

    cuts: CutEdges
    candidates: tuple[OpeningEdges, ...]
    stencil: Stencil
    ends: Ends
    row_cost_m: NDArray[np.float64]
    row_ohm: NDArray[np.float64]
    network: ReducedNetwork
    open_network: ReducedNetwork
    origin_cwd: tuple[CostDistance, ...]
    target_cwd: CostDistance
    open_cwd: tuple[CostDistance, ...]
    profile: FenceProfile


def rank_candidates(study: Study, solved: Solved, others: Sequence[pd.DataFrame] = ()) -> pd.DataFrame:
    """Gain of each candidate alone, ranked; ties break by score, then cost, then id.

    ``others`` are further columns, a row per candidate of ``solved``.
    """
    table = pd.concat(
        [_described(study, solved), _circuit_columns(solved), _least_cost_columns(solved), *others], axis=1
    )
    table["score"] = _score(table, study)
    return _ordered(table, study, "score")


def _score(table: pd.DataFrame, study: Study) -> pd.Series:
    """Weighted mean of the shares, each divided by that of the best single candidate; 1 = best in all."""
    weights = {
        "conductance_gain_share": study.ranking.conductance_weight,
        "least_cost_gain_share": study.ranking.least_cost_weight,
    }
    if study.ranking.arriving_weight > 0:
        weights["arriving_gain_share"] = study.ranking.arriving_weight
    total = sum(weights.values())
    score = pd.Series(0.0, index=table.index)
    for column, weight in weights.items():
        best = table[column].max()
        if best > 0:
            score += weight / total * table[column] / best
    return score


def combine_species(study: Study, rankings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One ranking for all species: the mean of their scores, weighted as the study says."""
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
    return _ordered(table.reset_index(drop=True), study, "score")


def _described(study: Study, solved: Solved) -> pd.DataFrame:
    """Who, where and what each candidate is."""
    openings = [candidate.opening for candidate in solved.candidates]
    by_id = {fence.id: fence for fence in solved.cuts.fences}
    fences = [by_id[opening.fence] for opening in openings]
    points = [fence.point_at(opening.along_m) for fence, opening in zip(fences, openings, strict=True)]
    x, y = np.array([p.x for p in points]), np.array([p.y for p in points])
    lon, lat = solved.cuts.grid.transformer("EPSG:4326").transform(x, y, direction="INVERSE")
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
            "cost": [study.designs[o.design].cost for o in openings],
            "gain_ohm2": [solved.profile.row_gain_ohm2[c.rows].sum() for c in solved.candidates],
            "geometry_status": [f.geometry_status for f in fences],
        }
    )


def edge_changes(solved: Solved) -> list[EdgeChange]:
    """What opening each candidate does to the reduced network."""
    cuts, stencil = solved.cuts, solved.stencil
    base = _edge_values(stencil, cuts, stencil.step_ratio()) + terms_of_others(cuts, solved.row_ohm)
    row2, col2 = cuts.second
    out = []
    for candidate in solved.candidates:
        rows = candidate.rows
        with np.errstate(divide="ignore"):
            after = 1.0 / (1.0 / solved.row_ohm[rows] + 1.0 / candidate.ohm)
            delta = 1.0 / (base[rows] + after) - 1.0 / (base[rows] + solved.row_ohm[rows])
        first = [solved.network.index_of(int(r), int(c)) for r, c in zip(cuts.row[rows], cuts.col[rows], strict=True)]
        second = [solved.network.index_of(int(r), int(c)) for r, c in zip(row2[rows], col2[rows], strict=True)]
        out.append(EdgeChange(first=np.array(first, np.int64), second=np.array(second, np.int64), delta=delta))
    return out


def _edge_values(stencil: Stencil, cuts: CutEdges, per_step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edge rule x step value of each cut edge, without any fence; inf where a cell is impassable or no such edge is."""
    row2, col2 = cuts.second
    r = np.where(stencil.surface.passable, stencil.surface.values, np.inf)
    mean = 0.5 * (r[cuts.row, cuts.col] + r[row2, col2])
    if stencil.edge_rule == "mean_conductance":
        mean = 2.0 / (1.0 / r[cuts.row, cuts.col] + 1.0 / r[row2, col2])
    return np.where(cuts.step < stencil.neighbours // 2, mean * per_step[cuts.step], np.inf)


def _circuit_columns(solved: Solved) -> pd.DataFrame:
    toward = sources_to_target(solved.network, solved.ends)
    now, without = toward.resistances(), sources_to_target(solved.open_network, solved.ends).resistances()
    after = np.array([toward.resistances(change) for change in edge_changes(solved)]).reshape(-1, now.size).T
    gained = np.maximum(1.0 / after - (1.0 / now)[:, None], 0.0)
    both = np.isfinite(now)[:, None] & np.isfinite(after)
    lost_ohm = np.subtract(np.broadcast_to(now[:, None], after.shape), after, where=both, out=np.zeros_like(after))
    shares = [share_undone(1.0 / n, g, 1.0 / w) for n, g, w in zip(now, gained, without, strict=True)]
    return pd.DataFrame(
        {
            "resistance_gain_ohm": np.maximum(lost_ohm, 0.0).sum(axis=0),
            "conductance_gain_s": gained.sum(axis=0),
            "conductance_gain_share": np.mean(shares, axis=0),
            "pairs_joined": (np.isinf(now)[:, None] & np.isfinite(after)).sum(axis=0),
        }
    )


def region_nodes(network: ReducedNetwork, ends: Ends) -> tuple[list[int], list[int]]:
    """Nodes of the origins and of the targets in a reduced network."""
    numbers = [network.index_of_region(i + 1) for i in range(len(ends.origins) + len(ends.targets))]
    return numbers[: len(ends.origins)], numbers[len(ends.origins) :]


def sources_to_target(network: ReducedNetwork, ends: Ends) -> SourcesToTarget:
    """The network seen from each origin to all targets together."""
    return SourcesToTarget.build(network.conductance, *region_nodes(network, ends))


def _least_cost_columns(solved: Solved) -> pd.DataFrame:
    cuts, stencil = solved.cuts, solved.stencil
    base = _edge_values(stencil, cuts, stencil.step_m()) + terms_of_others(cuts, solved.row_cost_m)
    gains, shares = [], []
    for origin, cwd in zip(solved.ends.origins, solved.origin_cwd, strict=True):
        now, without = solved.target_cwd.to(origin), min(cwd.to(origin) for cwd in solved.open_cwd)
        after = least_cost_with(solved.candidates, cuts, base, cwd.cwd, solved.target_cwd.cwd, now)
        gains.append(np.subtract(now, after, where=np.isfinite(after) & np.isfinite(now), out=np.zeros_like(after)))
        shares.append(share_undone(1.0 / now, 1.0 / after - 1.0 / now, 1.0 / without))
    return pd.DataFrame({"least_cost_gain_m": np.sum(gains, axis=0), "least_cost_gain_share": np.mean(shares, axis=0)})


def _ordered(table: pd.DataFrame, study: Study, by: str) -> pd.DataFrame:
    """Rank, and mark the shortlist that keeps its distance."""
    table = table.sort_values([by, "cost", "candidate"], ascending=[False, True, True], kind="stable").reset_index(
        drop=True
    )
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    useful = [i for i in range(len(table)) if table[by].iloc[i] > 0]
    chosen = spaced_shortlist(
        useful,
        table["fence"].tolist(),
        table["along_m"].to_numpy(),
        spacing_m=study.candidates.min_spacing_m,
        most=study.ranking.shortlist,
    )
    table["selected"] = table.index.isin(chosen)
    return table
