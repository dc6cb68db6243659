"""From a study and tracks to everything that is said about them: one function, no files written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scenarios.evidence.overlay import Overlay
from scenarios.evidence.reranking import Reranked, rerank
from scenarios.field_data.faults import Fault, Faults
from scenarios.land.inputs import Inputs
from scenarios.model.parameter_words import named
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.study.load import ResolvedStudy
from scenarios.tracks.encounters import encounter_table, rate_table, stretch_table
from scenarios.tracks.ground import Ground, SpeciesTracks, ground_of, tracks_of
from scenarios.tracks.overlays import permeability_overlay, profile_overlay
from scenarios.tracks.predicts import Results, prediction_table
from scenarios.tracks.reading import Tracks
from scenarios.tracks.selection import Selection, select, selection_table
from scenarios.tracks.steps import nominal_intervals
from scenarios.tracks.worth import Worth, interval_table, steps_of, worth_of, worth_table

__all__ = ["Findings", "TracksJob", "find"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracksJob:
    """What is asked: a study in one scenario, and tracks."""

    name: str
    resolved: ResolvedStudy
    inputs: Inputs
    species: tuple[str, ...]
    tracks: Tracks
    overrides: Mapping[str, Any]
    ranking: bool
    seed: int
    results: Results | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the collars say; each table is described by the function that makes it.

    ``permeability`` and ``profile`` are None where the tracks are too thin to change a number; ``reranked`` is None then, or where it
    was not asked for.
    """

    job: TracksJob
    ground: Ground
    tracks: tuple[SpeciesTracks, ...]
    faults: tuple[Fault, ...]
    animals: pd.DataFrame
    encounters: pd.DataFrame
    rates: pd.DataFrame
    stretches: pd.DataFrame
    worth: tuple[Worth, ...]
    worth_rows: pd.DataFrame
    intervals: pd.DataFrame
    selections: tuple[Selection, ...]
    coefficients: pd.DataFrame
    predictions: pd.DataFrame
    permeability: Overlay | None
    profile: Overlay | None
    reranked: Reranked | None

    def label(self, species: str, say: Language = ENGLISH) -> str:
        """Name of a species for people."""
        profile = self.job.inputs.profiles[species]
        return say(str(profile.labels.get("en", profile.name)))

    def line_label(self, line: str, say: Language = ENGLISH) -> str:
        """A fence line by the name that its fences share, else by its id as words."""
        names = {fence.name for fence in self.ground.fences if fence.fence_line == line}
        return say(names.pop()) if len(names) == 1 and all(names) else named(line, say)


STEPS_PER_SPECIES = 4
"""Steps that `find` tells for each species that has tracks, besides two and those of the ranking."""


def find(job: TracksJob, step: Callable[[str], None]) -> Findings:
    """Encounters, weights, selection, and what follows for the next run."""
    settings, faults = job.tracks.settings, Faults()
    ground = ground_of(job.tracks, job.inputs, faults)
    tracks = tuple(tracks_of(job.tracks, job.inputs, ground, job.species, faults))
    found: dict[str, list[Any]] = {
        name: [] for name in ("encounters", "rates", "stretches", "worth", "intervals", "selections", "predictions")
    }
    for number, mine in enumerate(tracks):
        rng = np.random.default_rng([job.seed, number])
        step(f"encounters: {mine.species}")
        encounters = encounter_table(mine, ground, settings)
        found["encounters"].append(encounters)
        found["rates"].append(rate_table(encounters, mine, ground))
        found["stretches"].append(stretch_table(encounters, mine, ground))
        telling = mine.without(settings.held_out)
        step(f"which land they choose: {mine.species}")
        selection = _selection(job, telling, ground, rng)
        found["selections"].append(selection)
        step(f"crossings: {mine.species}")
        profile = job.inputs.profiles[mine.species]
        worth = worth_of(telling, ground, job.resolved, profile, settings, rng, selection)
        found["worth"] += worth
        step(f"by interval: {mine.species}")
        found["intervals"].append(interval_table(telling, ground, settings, rng, worth))
        if job.results is not None:
            found["predictions"].append(prediction_table(mine, ground, job.results, tuple(settings.held_out), rng))
    title, synthetic = job.tracks.title, job.tracks.synthetic
    permeability = permeability_overlay(job.resolved, found["worth"], title, synthetic=synthetic)
    profile_found = profile_overlay(job.resolved, found["selections"], title, synthetic=synthetic)
    return Findings(
        job=job, ground=ground, tracks=tracks, faults=(*job.tracks.faults, *faults.warnings),
        animals=_animals(job, tracks, found["encounters"]),
        encounters=_together(found["encounters"]), rates=_together(found["rates"]), stretches=_together(found["stretches"]),
        worth=tuple(found["worth"]), worth_rows=worth_table(found["worth"]), intervals=_together(found["intervals"]),
        selections=tuple(found["selections"]), coefficients=_together([selection_table(one) for one in found["selections"]]),
        predictions=_together(found["predictions"]), permeability=permeability, profile=profile_found,
        reranked=_reranked(job, permeability, step),
    )  # fmt: skip


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of those that have rows."""
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame()


def _selection(job: TracksJob, tracks: SpeciesTracks, ground: Ground, rng: np.random.Generator) -> Selection:
    profile, layers = job.inputs.profiles[tracks.species], job.inputs.layers
    wanted = job.tracks.settings.habitat or list(
        dict.fromkeys(rule.layer for rule in (*profile.rules, *profile.factors))
    )
    names = [name for name in wanted if name in layers]
    return select(tracks.species, steps_of(tracks, job.tracks.settings), ground, layers, names, rng)


def _animals(job: TracksJob, tracks: tuple[SpeciesTracks, ...], encounters: list[pd.DataFrame]) -> pd.DataFrame:
    """One row per animal that counts: fixes, interval, days, longest gap, encounters, and rows that were left out by reason."""
    rows = []
    for mine, met in zip(tracks, encounters, strict=True):
        counted = met["animal"].value_counts() if len(met) else pd.Series(dtype=int)
        for number, name in enumerate(mine.names):
            hours = mine.hours[mine.animal == number]
            between = np.diff(hours)
            rows.append(
                {
                    "species": mine.species, "animal": name, "fixes": hours.size,
                    "fix_interval_h": float(next(iter(nominal_intervals(between)), np.nan)), "animal_days": float(mine.days[number]),
                    "longest_gap_h": float(between.max(initial=0.0)), "encounters": int(counted.get(name, 0)),
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.merge(job.tracks.counts.drop(columns="fixes"), on="animal", how="left") if len(table) else table


def _reranked(job: TracksJob, measured: Overlay | None, step: Callable[[str], None]) -> Reranked | None:
    if measured is None or not job.ranking or not job.inputs.cuts.fences:
        return None
    stated = Overlay(study=measured.study, note="as stated", set={})
    return rerank(job.name, job.resolved.scenario, dict(job.overrides), stated, measured, job.species, step)
