"""Tidy tables of a comparison: indicators, gains and their cost, ranks of passages. ``a`` is the reference, ``b`` the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.portfolio.rank_stability import kendall_taus
from scenarios.model.indicators import INDICATORS, over_cores
from scenarios.model.results import SpeciesRun
from scenarios.study.schema import Routes

__all__ = [
    "HIGHER_IS_BETTER",
    "TOP",
    "agreement_table",
    "difference_table",
    "gain_table",
    "headline_table",
    "place_table",
    "rank_table",
]

TOP = 10
"""The best candidates whose overlap is counted."""
HIGHER_IS_BETTER = ("arriving_share", "eca_km2")
KEYS = ["source", "target", "indicator"]
TO_ANY = "any"

Runs = Mapping[str, Mapping[str, SpeciesRun]]
"""Side -> species -> run."""


def difference_table(runs: Runs, base: str, others: Sequence[str]) -> pd.DataFrame:
    """One row per species, other side, pair and indicator."""
    rows = [
        _compared(runs[base][species], runs[other][species], base, other) for species in runs[base] for other in others
    ]
    return pd.concat(rows, ignore_index=True)


def _compared(a: SpeciesRun, b: SpeciesRun, base: str, other: str) -> pd.DataFrame:
    one, two = (run.indicators.drop(columns="unit").set_index(KEYS) for run in (a, b))
    keys = one.index.append(two.index.difference(one.index, sort=False))
    one, two = one.reindex(keys), two.reindex(keys)
    values_a, values_b = one["value"].to_numpy(float), two["value"].to_numpy(float)
    table = keys.to_frame(index=False)
    table.insert(0, "species", a.species)
    table.insert(1, "base", base)
    table.insert(2, "other", other)
    table["unit"] = [INDICATORS[name] for name in table["indicator"]]
    table["a"], table["b"] = values_a, values_b
    table["difference"], table["ratio"] = difference(values_a, values_b), ratio(values_a, values_b)
    table["status"] = [
        _status(x, y, str(s), str(t))
        for x, y, s, t in zip(values_a, values_b, one["status"], two["status"], strict=True)
    ]
    return table


def difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``b - a``; infinite where only one of them is, NaN where both are or one is not known."""
    with np.errstate(invalid="ignore"):
        return b - a


def ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``b / a``; NaN where ``a`` is 0 or both are infinite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(a == 0, np.nan, b / a)


def _status(a: float, b: float, status_a: str, status_b: str) -> str:
    """What the two values mean to each other, in words."""
    if np.isfinite(a) and np.isfinite(b):
        return "unreachable in both" if a == b == 0 and "unreachable" == status_a == status_b else "compared"
    told = [s for s in (status_a, status_b) if s.startswith("not defined")]
    if told:
        return told[0]
    if "nan" in (status_a, status_b):
        return "only in a" if status_b == "nan" else "only in b"
    if not np.isfinite(a) and not np.isfinite(b):
        return "unreachable in both"
    return "reached only in a" if np.isfinite(a) else "reached only in b"


# ------------------------------------------------------------------------------------------------------------ headlines


def headline_table(runs: Runs) -> pd.DataFrame:
    """One row per species, side and indicator: what stands for a species as a whole.

    Costs and resistances are medians over the cores of the way to any target, so that they are ``inf`` where half of the
    cores are cut off; fences crossed are the mean over the cores that arrive, walkers the mean over all cores.
    """
    rows = [row for side, of_side in runs.items() for run in of_side.values() for row in _headlines(side, run)]
    return pd.DataFrame(rows, columns=["species", "side", "indicator", "value", "unit", "reached", "cores"])


def _headlines(side: str, run: SpeciesRun) -> Iterator[tuple[Any, ...]]:
    table = run.indicators
    to_any = table[table["target"] == TO_ANY]
    cores = over_cores(to_any.loc[to_any["indicator"] == "least_cost_m", "value"])
    for name, unit in INDICATORS.items():
        if name == "path_km":
            continue
        own = table[(table["indicator"] == name) & (table["target"] != TO_ANY) & (table["source"] == "")]
        values = (own if len(own) else to_any[to_any["indicator"] == name])["value"].to_numpy(float)
        if values.size:
            yield run.species, side, name, over_cores(values).median, unit, cores.reached, cores.total


# ---------------------------------------------------------------------------------------------------------------- gains


def gain_table(
    runs: Runs, base: str, others: Sequence[str], weights: Mapping[str, float], routes: Mapping[str, Routes]
) -> pd.DataFrame:
    """One row per species and other side: the share of what the fences take away that is restored, and its cost.

    ``conductance_share`` and ``least_cost_share`` are means over cores, weighted as ``routes`` says: 0 is the reference as it
    is, 1 the same land without any fence, below 0 is worse than the reference. ``extra_cost`` is what the openings and actions
    of ``b`` cost above those of ``a``. With ``weights``, and more than one species, a last row per side has the weighted mean.
    """
    rows = [
        _gain(runs[base][species], runs[other][species], other, routes.get(species))
        for other in others
        for species in runs[base]
    ]
    if weights and len(runs[base]) > 1:
        rows += [_weighted([row for row in rows if row["other"] == other], weights) for other in others]
    table = pd.DataFrame(rows)
    per_cost = table["extra_cost"].where(table["extra_cost"] > 0)
    for name in ("conductance_share", "least_cost_share"):
        table[f"{name}_per_cost"] = table[name] / per_cost
    table["status"] = [_gain_words(row) for row in table.to_dict("records")]
    return table


SHARES = {"conductance_share": "effective_resistance", "least_cost_share": "least_cost"}
UNIT = {"effective_resistance": "ohm", "least_cost": "m"}


def _gain(a: SpeciesRun, b: SpeciesRun, other: str, routes: Routes | None) -> dict[str, Any]:
    row: dict[str, Any] = {"species": a.species, "other": other}
    for name, stem in SHARES.items():
        shares = _given_back(a.pairs, b.pairs, stem)
        row[name] = _mean(shares[(shares["target"] != TO_ANY) == (routes is not None and routes.each_target)], routes)
    for name in ("eca_km2", "arriving_share"):
        now, then = _whole(a, name), _whole(b, name)
        row[f"{name}_gain"] = then - now
    row["extra_cost"] = _whole(b, "cost") - _whole(a, "cost")
    return row


def _given_back(a: pd.DataFrame, b: pd.DataFrame, stem: str) -> pd.DataFrame:
    """``share`` of each pair: (1 / b - 1 / a) / (1 / without fences - 1 / a); NaN where the fences take nothing away."""
    column, unit = f"{stem}_{UNIT[stem]}", UNIT[stem]
    one, two = (table.set_index(["source", "target"]) for table in (a, b))
    with np.errstate(divide="ignore"):
        now, then, free = (
            1.0 / values for values in (one[column], two[column].reindex(one.index), one[f"{stem}_no_fence_{unit}"])
        )
    lost = free - now
    return ((then - now) / lost).where(lost > 1e-9 * free).rename("share").reset_index()


def _mean(shares: pd.DataFrame, routes: Routes | None) -> float:
    """Weighted mean over the pairs from which the fences take something; NaN without any."""
    known = shares.dropna()
    weight = [
        1.0 if routes is None else routes.weight(a) * routes.weight(b)
        for a, b in zip(known["source"], known["target"], strict=True)
    ]
    return float(np.average(known["share"], weights=weight)) if sum(weight) > 0 else np.nan


def place_table(runs: Runs, base: str, others: Sequence[str], routes: Mapping[str, Routes]) -> pd.DataFrame:
    """One row per species, other side, and core or target: the share that is restored for it alone, and its best passage.

    For a target the shares are means over cores on the way to it alone, for a core on the way to any target, or the mean over
    targets where ``routes`` weighs them.
    """
    rows = [
        row
        for other in others
        for species in runs[base]
        for row in _of_places(runs[base][species], runs[other][species], other, routes.get(species))
    ]
    return pd.DataFrame(rows, columns=["species", "other", "role", "place", *SHARES, "best_a", "best_b"])


def _of_places(a: SpeciesRun, b: SpeciesRun, other: str, routes: Routes | None) -> Iterator[tuple[Any, ...]]:
    found = {name: _given_back(a.pairs, b.pairs, stem) for name, stem in SHARES.items()}
    each = routes is not None and routes.each_target
    for role, end in (("core", "source"), ("target", "target")):
        for place in [name for name in dict.fromkeys(a.pairs[end]) if name != TO_ANY]:
            single = end == "target" or each
            own = [table[(table[end] == place) & ((table["target"] != TO_ANY) == single)] for table in found.values()]
            best = [_best_for(run.by_place, place) for run in (a, b)]
            yield (a.species, other, role, place, *(_mean(table, routes) for table in own), *best)


def _best_for(table: pd.DataFrame, place: str) -> str:
    best = table[(table["place"] == place) & (table["rank"] == 1) & (table["score"] > 0)] if len(table) else table
    return str(best["candidate"].iloc[0]) if len(best) else "none"


def _whole(run: SpeciesRun, name: str) -> float:
    """An indicator of the species as a whole, or the mean over its cores; NaN where it was not measured."""
    values = run.indicators.loc[run.indicators["indicator"] == name, "value"].to_numpy(float)
    return float(values.mean()) if values.size else np.nan


def _weighted(rows: Sequence[Mapping[str, Any]], weights: Mapping[str, float]) -> dict[str, Any]:
    """The weighted mean over species; one cost, because the same openings serve all of them."""
    weight = np.array([weights.get(row["species"], 0.0) for row in rows])
    out: dict[str, Any] = {
        "species": "all",
        "other": rows[0]["other"],
        "extra_cost": max(row["extra_cost"] for row in rows),
    }
    for name in SHARES:
        values = np.array([row[name] for row in rows])
        known = np.isfinite(values) & (weight > 0)
        out[name] = float(np.average(values[known], weights=weight[known])) if known.any() else np.nan
    return out


def _gain_words(row: Mapping[str, Any]) -> str:
    if not np.isfinite(row["conductance_share"]) and not np.isfinite(row["least_cost_share"]):
        return "no share: the fences of a take nothing away"
    if not np.isfinite(row["extra_cost"]):
        return "the cost was not measured"
    return (
        "compared"
        if row["extra_cost"] > 0
        else "no gain per cost: b costs no more than a, as far as the study states costs"
    )


# ---------------------------------------------------------------------------------------------------------------- ranks


def rank_table(
    runs: Runs, base: str, others: Sequence[str], combined: Mapping[str, pd.DataFrame], all_species: str
) -> pd.DataFrame:
    """One row per species, other side and candidate that either side has; ``change`` is how many ranks it rose."""
    return pd.concat(
        [_ranks(a, b, species, other) for species, other, a, b in _rankings(runs, base, others, combined, all_species)],
        ignore_index=True,
    )


def _rankings(
    runs: Runs, base: str, others: Sequence[str], combined: Mapping[str, pd.DataFrame], all_species: str
) -> Iterator[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    for other in others:
        if base in combined and other in combined:
            yield all_species, other, combined[base], combined[other]
        for species in runs[base]:
            yield species, other, runs[base][species].ranking, runs[other][species].ranking


def _ranks(a: pd.DataFrame, b: pd.DataFrame, species: str, other: str) -> pd.DataFrame:
    kept = ["candidate", "fence", "along_m", "rank", "score"]
    both = a[kept].merge(
        b[kept], on=["candidate", "fence", "along_m"], how="outer", suffixes=("_a", "_b"), indicator=True
    )
    both = both.sort_values(["rank_a", "rank_b", "candidate"], kind="stable").reset_index(drop=True)
    words = {"both": "compared", "left_only": "only in a", "right_only": "only in b"}
    return pd.DataFrame(
        {
            "species": species,
            "other": other,
            "candidate": both["candidate"],
            "fence": both["fence"],
            "along_m": both["along_m"],
            "rank_a": both["rank_a"],
            "rank_b": both["rank_b"],
            "change": both["rank_a"] - both["rank_b"],
            "score_a": both["score_a"],
            "score_b": both["score_b"],
            "status": [words[str(word)] for word in both["_merge"]],
        }
    )


def agreement_table(
    runs: Runs, base: str, others: Sequence[str], combined: Mapping[str, pd.DataFrame], all_species: str
) -> pd.DataFrame:
    """One row per species and other side: how far the two orders of passages agree."""
    return pd.DataFrame(
        [
            {"species": species, "other": other} | _agreement(a, b)
            for species, other, a, b in _rankings(runs, base, others, combined, all_species)
        ]
    )


def _agreement(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Kendall's tau-b of the scores, which counts ties, over the candidates that both have; overlap of the ten best."""
    common = a[["candidate", "score"]].merge(b[["candidate", "score"]], on="candidate", suffixes=("_a", "_b"))
    tau = np.nan
    if len(common) > 1:
        tau = float(kendall_taus(common[["score_b"]].to_numpy(float).T, common["score_a"].to_numpy(float))[0])
    best = [set(table.loc[table["score"] > 0, "candidate"].head(TOP)) for table in (a, b)]
    return {
        "candidates_a": len(a),
        "candidates_b": len(b),
        "common": len(common),
        "tau_b": tau,
        "top10_common": len(best[0] & best[1]),
        "top10": min(map(len, best)),
        "best_a": _best(a),
        "best_b": _best(b),
        "status": _agreement_words(a, b, tau),
    }


def _best(table: pd.DataFrame) -> str:
    useful = table.loc[table["score"] > 0, "candidate"]
    return str(useful.iloc[0]) if len(useful) else "none"


def _agreement_words(a: pd.DataFrame, b: pd.DataFrame, tau: float) -> str:
    for table, side in ((a, "a"), (b, "b")):
        if not len(table):
            return f"no candidates in {side}"
        if not (table["score"] > 0).any():
            return f"no candidate improves connectivity in {side}"
    return "compared" if np.isfinite(tau) else "no tau: fewer than two common candidates, or all alike"
