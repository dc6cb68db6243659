"""From a study and camera-trap data to everything that is said about them: one function, no files written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.evidence.linking import Landmarks, landmarks_of
from scenarios.evidence.overlay import Overlay, overlay_of
from scenarios.evidence.package import TrapData
from scenarios.evidence.places import occupancy_tables
from scenarios.evidence.predicts import Predictions, check_predictions
from scenarios.evidence.reranking import Reranked, rerank
from scenarios.evidence.use import baci_table, hour_table, season_table, use_factor_table, use_table
from scenarios.evidence.watching import Watch, watch
from scenarios.field_data.faults import Fault, Faults
from scenarios.land.inputs import Inputs
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.use_factor import UseFactors
from scenarios.study.load import ResolvedStudy

__all__ = ["EvidenceJob", "Findings", "find"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceJob:
    """What is asked: a study in one scenario, camera-trap data, and maybe results to compare with."""

    name: str
    resolved: ResolvedStudy
    inputs: Inputs
    species: tuple[str, ...]
    data: TrapData
    overrides: Mapping[str, Any]
    results: Path | None
    alternatives: Mapping[str, Path]
    ranking: bool
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the cameras say; each table is described by the function that makes it.

    ``predictions`` is None without results to compare with; ``reranked`` is None where no use factor was updated or it was
    not asked for.
    """

    job: EvidenceJob
    marks: Landmarks
    watch: Watch
    faults: tuple[Fault, ...]
    use: pd.DataFrame
    seasons: pd.DataFrame
    hours: pd.DataFrame
    baci: pd.DataFrame
    use_factors: pd.DataFrame
    factors: Mapping[tuple[str, str], UseFactors]
    occupancy: pd.DataFrame
    places: pd.DataFrame
    predictions: Predictions | None
    overlay: Overlay
    reranked: Reranked | None

    @property
    def updated(self) -> bool:
        """Whether any use factor was updated."""
        return any(one.status == "updated" for one in self.factors.values())

    def label(self, species: str, say: Language = ENGLISH) -> str:
        """Name of a species for people."""
        profile = self.job.inputs.profiles[species]
        return say(str(profile.labels.get("en", profile.name)))


STEPS = 6
"""Steps that `find` tells, besides those of the ranking."""


def find(job: EvidenceJob, step: Callable[[str], None]) -> Findings:
    """Link, count, estimate, compare, rank again."""
    data, settings, faults = job.data, job.data.settings, Faults()
    step("linking cameras")
    marks = landmarks_of(job.resolved, job.inputs, settings.passages)
    seen = watch(data, marks, job.inputs, faults, job.species)
    step("use of passages")
    prior = settings.rate_prior
    use, factors = use_table(seen, prior), use_factor_table(seen, job.resolved, job.inputs, settings.prior_weight)
    step("occupancy of places")
    occupancy, places = occupancy_tables(seen, marks)
    step("does the model predict")
    predictions = None
    if job.results is not None:
        predictions = check_predictions(
            seen, job.inputs.grid, job.results, job.resolved.scenario, job.alternatives, job.seed
        )
    overlay = overlay_of(job.resolved, marks, factors[1], data.title, synthetic=data.synthetic)
    updated = any(one.status == "updated" for one in factors[1].values())
    reranked = _reranked(job, marks, factors[1], overlay, step) if job.ranking and updated else None
    step("writing")
    return Findings(
        job=job,
        marks=marks,
        watch=seen,
        faults=(*data.faults, *faults.warnings),
        use=use,
        seasons=season_table(seen, prior),
        hours=hour_table(seen, prior),
        baci=baci_table(seen),
        use_factors=factors[0],
        factors=factors[1],
        occupancy=occupancy,
        places=places,
        predictions=predictions,
        overlay=overlay,
        reranked=reranked,
    )


def _reranked(
    job: EvidenceJob,
    marks: Landmarks,
    factors: Mapping[tuple[str, str], UseFactors],
    measured: Overlay,
    step: Callable[[str], None],
) -> Reranked | None:
    if not job.inputs.cuts.fences:
        return None
    stated = overlay_of(job.resolved, marks, factors, job.data.title, synthetic=job.data.synthetic, evidence=False)
    return rerank(job.name, job.resolved.scenario, dict(job.overrides), stated, measured, job.species, step)
