"""What the evidence does to the next ranking of passages: the same openings stand, once as stated, once as measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import kendalltau

from scenarios.evidence.overlay import Overlay
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.ranking import combine_species
from scenarios.study.load import resolve
from scenarios.uncertainty.draws import score_candidates

__all__ = ["Reranked", "rerank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranked:
    """Rankings before and after.

    ``table``: one row per candidate: ``candidate, fence, along_m, lat, lon, design``, then ``rank_before, rank_after,
    score_before, score_after, shortlisted_before, shortlisted_after`` over all species, and ``rank_before_SPECIES,
    rank_after_SPECIES``.
    """

    table: pd.DataFrame
    sentences: tuple[str, ...]


def rerank(
    study: str | Path,
    scenario: str | None,
    overrides: dict[str, Any],
    stated: Overlay,
    measured: Overlay,
    species: Sequence[str] | None,
    step: Callable[[str], None],
    what: str = "use factors",
) -> Reranked:
    """Rank all candidates twice, without maps; ``what`` is measured."""
    before = _ranked(study, scenario, {**overrides, **stated.set}, species, lambda s: step(f"ranking as stated: {s}"))
    after = _ranked(
        study, scenario, {**overrides, **measured.set}, species, lambda s: step(f"ranking as measured: {s}")
    )
    columns = ["candidate", "fence", "along_m", "lat", "lon", "design"]
    table = after["all"][columns].copy()
    for when, found in (("before", before), ("after", after)):
        both = found["all"].set_index("candidate")
        table[f"rank_{when}"], table[f"score_{when}"] = (
            table["candidate"].map(both["rank"]),
            table["candidate"].map(both["score"]),
        )
        table[f"shortlisted_{when}"] = table["candidate"].map(both["selected"]).fillna(False).astype(bool)
        for name in (name for name in found if name != "all"):
            table[f"rank_{when}_{name}"] = table["candidate"].map(found[name].set_index("candidate")["rank"])
    return Reranked(table=table, sentences=_sentences(table, what))


def _ranked(
    study: str | Path,
    scenario: str | None,
    overrides: dict[str, Any],
    species: Sequence[str] | None,
    step: Callable[[str], None],
) -> dict[str, pd.DataFrame]:
    resolved = resolve(str(study), scenario, overrides)
    inputs = read_inputs(resolved, species)
    found = {}
    for name in inputs.profiles:
        step(name)
        found[name] = score_candidates(prepare_species(resolved, inputs, name))
    return found | {"all": combine_species(resolved.study, found)}


def _sentences(table: pd.DataFrame, what: str) -> tuple[str, ...]:
    if not len(table) or not table["score_before"].max() > 0:
        return ("No candidate improves connectivity, so there is no ranking to change.",)
    moved = int((table["rank_before"] != table["rank_after"]).sum())
    tau = float(kendalltau(table["rank_before"], table["rank_after"]).statistic) if len(table) > 1 else 1.0
    old, new = (
        set(table.loc[table["shortlisted_before"], "candidate"]),
        set(table.loc[table["shortlisted_after"], "candidate"]),
    )
    best_old, best_new = (table.sort_values(f"rank_{when}")["candidate"].iloc[0] for when in ("before", "after"))
    first = f"{best_new} stays first" if best_old == best_new else f"{best_new} takes the first rank from {best_old}"
    joined, left = sorted(new - old), sorted(old - new)
    swap = f"{', '.join(joined)} come in for {', '.join(left)}" if joined or left else "the same places stay on it"
    return (
        f"With the measured {what} {moved} of {len(table)} candidates change their rank over all species (Kendall's tau "
        f"{tau:.3f}); {first}.",
        f"Of the shortlist of {len(new)}, {len(new & old)} stay: {swap}.{_apart(table, joined, old)}",
    )


def _apart(table: pd.DataFrame, joined: Sequence[str], old: set[str]) -> str:
    """How far newcomers lie from the places that were on the shortlist before, along the same fence."""
    where = table.set_index("candidate")[["fence", "along_m"]]
    before = where.loc[sorted(old)]
    away = []
    for name in joined:
        fence, along = where.loc[name]
        same = before.loc[before["fence"] == fence, "along_m"]
        away.append(float((same - along).abs().min()) / 1000 if len(same) else float("inf"))
    if not away:
        return ""
    named = ", ".join("another fence" if km == float("inf") else f"{km:.0f} km" for km in away)
    return f" The newcomers lie {named} from the nearest place that was on it."
