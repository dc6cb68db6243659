"""What the evidence does to the next ranking of passages: the same openings stand, once as stated, once as measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

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


def rerank(
    study: str | Path,
    scenario: str | None,
    overrides: dict[str, Any],
    stated: Overlay,
    measured: Overlay,
    species: Sequence[str] | None,
    step: Callable[[str], None],
) -> Reranked:
    """Rank all candidates twice, without maps."""
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
    return Reranked(table=table)


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
