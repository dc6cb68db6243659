"""Where synthetic animals go: the study solved on coarse cells, with its best passages opened. SYNTHETIC, for trying things out."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.errors import ConfigError, PlannerWarning
from scenarios.evidence.linking import Landmarks, landmarks_of
from scenarios.evidence.settings import StatedPassage
from scenarios.land.inputs import Inputs, read_inputs, study_grid
from scenarios.land.prepared import prepare_species
from scenarios.model.ranking import combine_species
from scenarios.model.species_run import run_species
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy, resolve
from scenarios.uncertainty.draws import score_candidates

__all__ = ["SyntheticLand", "field_at", "synthetic_land"]

MOST_CELLS = 150_000
"""The study is solved on cells so coarse that there are no more than these: patterns, not detail, are wanted."""
N_PASSAGES = 5
MORE_CANDIDATES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticLand:
    """The study on coarse cells, with passages opened.

    Parameters
    ----------
    resolved, inputs
        The study with its closed fences.
    marks : Landmarks
        Its fences and places, and the opened passages.
    stated : tuple of StatedPassage
        The passages as ``evidence.yaml`` names them.
    current : dict of str to (height, width) float64
        Species -> current density with the passages open [A/m].
    use_factor : dict of (design, species) to float
        What the animals really do, not what the species files say.
    others : DataFrame
        Candidates that stay closed, best, middling and worst: ``candidate, fence, along_m``.
    """

    resolved: ResolvedStudy
    inputs: Inputs
    marks: Landmarks
    stated: tuple[StatedPassage, ...]
    current: dict[str, NDArray[np.float64]]
    use_factor: dict[tuple[str, str], float]
    others: pd.DataFrame


def synthetic_land(
    name: str,
    scenario: str | None,
    overrides: Mapping[str, Any],
    rng: np.random.Generator,
    opened: str,
    reporter: Reporter,
) -> SyntheticLand:
    """Solve the study on coarse cells: rank, open the best passages, send walkers through.

    Raises
    ------
    ConfigError
        No candidate improves connectivity, so there is nothing to open.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        closed = _coarse(name, scenario, overrides)
        inputs = read_inputs(closed)
        ranking = _ranking(closed, inputs, reporter)
        designs = list(closed.study.designs)
        stated = _stated(ranking, closed.study.candidates.design, designs, opened)
        factors = _true_factors(inputs, designs, rng)
        marks = landmarks_of(closed, inputs, stated)
        current = _current(closed, marks, factors, reporter)
    others = _others(ranking, [one.candidate for one in stated])
    return SyntheticLand(
        resolved=closed, inputs=inputs, marks=marks, stated=stated, current=current, use_factor=factors, others=others
    )


def _coarse(name: str, scenario: str | None, overrides: Mapping[str, Any]) -> ResolvedStudy:
    resolved = resolve(name, scenario, overrides)
    grid = study_grid(resolved)
    factor = int(np.ceil(np.sqrt(grid.height * grid.width / MOST_CELLS)))
    if factor <= 1 or resolved.study.grid.like is None:
        return resolved
    return resolve(name, scenario, {**overrides, "grid.cell_m": factor * grid.cell_width_m})


def _ranking(resolved: ResolvedStudy, inputs: Inputs, reporter: Reporter) -> pd.DataFrame:
    rankings = {}
    for species in inputs.profiles:
        reporter.step(f"synthetic: ranking for {species}")
        rankings[species] = score_candidates(prepare_species(resolved, inputs, species))
    if not any(len(table) for table in rankings.values()):
        raise ConfigError(
            f"{resolved.path}: no fence is active in scenario {resolved.scenario}, so there is nothing to open"
        )
    return combine_species(resolved.study, rankings)


def _stated(ranking: pd.DataFrame, design: str, designs: Sequence[str], opened: str) -> tuple[StatedPassage, ...]:
    """The best passages of the shortlist; every third one in the study's second design."""
    best = ranking[ranking["selected"]].head(N_PASSAGES)
    if not len(best):
        raise ConfigError("no candidate passage improves connectivity in this scenario, so there is nothing to open")
    second = next((name for name in designs if name != design), design)
    return tuple(
        StatedPassage(
            id=f"synthetic-p{i + 1}", candidate=str(name), design=second if i % 3 == 2 else design, opened=opened
        )
        for i, name in enumerate(best["candidate"])
    )


def _true_factors(inputs: Inputs, designs: Sequence[str], rng: np.random.Generator) -> dict[tuple[str, str], float]:
    """Use factors that differ from the species files by a random factor of their odds."""
    out = {}
    for design in designs:
        for species, profile in inputs.profiles.items():
            stated = profile.use_factor.get(design)
            if stated is not None and stated.value < 1:
                odds = stated.value / (1 - stated.value) * np.exp(rng.normal(0.0, 0.9))
                out[design, species] = float(np.clip(odds / (1 + odds), 0.03, 0.97))
    return out


def _current(
    closed: ResolvedStudy, marks: Landmarks, factors: Mapping[tuple[str, str], float], reporter: Reporter
) -> dict[str, NDArray[np.float64]]:
    """Current density of each species with the passages open and their true use factors."""
    opened = _opened(closed, marks, factors)
    inputs, out = read_inputs(opened), {}
    for species in inputs.profiles:
        reporter.step(f"synthetic: movement of {species}")
        out[species] = np.nan_to_num(run_species(prepare_species(opened, inputs, species)).current_density)
    return out


def _opened(closed: ResolvedStudy, marks: Landmarks, factors: Mapping[tuple[str, str], float]) -> ResolvedStudy:
    by_id = {fence.id: fence for fence in marks.fences}
    x, y = np.array([p.x for p in marks.passages]), np.array([p.y for p in marks.passages])
    lon, lat = marks.grid.lonlat(x, y)
    rules = [
        {
            "id": p.id,
            "fence_line": by_id[p.fence].fence_line,
            "design": p.design,
            "lon": float(lon[i]),
            "lat": float(lat[i]),
            "use_factor": {species: value for (design, species), value in factors.items() if design == p.design},
        }
        for i, p in enumerate(marks.passages)
    ]
    settings = copy.deepcopy(closed.settings)
    own = settings.get("openings", [])
    there = {rule["id"] for rule in own}
    settings["openings"] = [*own, *(rule for rule in rules if rule["id"] not in there)]
    study = type(closed.study).model_validate(settings)
    return ResolvedStudy(
        study=study,
        scenario=closed.scenario,
        scenario_title=closed.scenario_title,
        folder=closed.folder,
        path=closed.path,
        settings=settings,
        changes=closed.changes,
    )


def _others(ranking: pd.DataFrame, taken: Sequence[str | None]) -> pd.DataFrame:
    """Closed candidates from the best to the worst."""
    left = ranking[~ranking["candidate"].isin(taken)].reset_index(drop=True)
    at = np.unique(np.linspace(0, max(0, len(left) - 1), MORE_CANDIDATES).astype(int))
    return left.iloc[at[at < len(left)]][["candidate", "fence", "along_m"]]


def field_at(land: SyntheticLand, species: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean current density of the 3 x 3 cells around each position [A/m]."""
    field, grid = land.current[species], land.marks.grid
    out = np.zeros(x.size)
    for i, (px, py) in enumerate(zip(x, y, strict=True)):
        row, col = grid.cell_at(x=float(px), y=float(py))
        out[i] = field[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2].mean()
    return out
