"""What every map and file needs to know of a scenario and species before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from connectivity.report import SolveReport
from rasters.fences import FORMULA, CutEdges
from rasters.grid import Grid
from rasters.profile import SpeciesProfile
from rasters.surface import Layer, ResistanceSurface
from scenarios.land.ends import Ends
from scenarios.land.fences import fences_in_words, movement_of
from scenarios.land.inputs import Inputs
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import Prepared
from scenarios.model.spoken import Words, passage_words, study_words
from scenarios.model.standing import standing_rows, standing_table
from scenarios.study.load import ResolvedStudy

__all__ = ["Ground", "elevation_of", "ground_of", "places_of", "stated_assumptions", "titles_of"]

ELEVATION = ("elevation_m", "elevation", "dem")
"""Names by which a study may call its relief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Who, where, on what land, and what is only assumed; no number that was solved.

    Parameters
    ----------
    study, scenario, species : str
        Ids; ``titles`` has their names for people: keys ``study``, ``scenario``, ``species``.
    surface : ResistanceSurface
        Resistance [1].
    cuts : CutEdges
        The active fences.
    places : tuple of FocalPlace
    standing : DataFrame
        Passages that stand in the scenario: see `scenarios.model.standing.standing_table`.
    assumptions : tuple of str
        Sentences that every map and manifest repeats.
    reports, seconds
        Of the solves on it, once there are any.
    sensitivity_deg : float
        Size of the cells that the public gets [degrees]: the coarsest of all species that were run together, which share
        passages.
    sk42_operation : str
        Code of the datum operation that the study names; empty to choose, see `scenarios.outputs.sk42`.
    fence_formula : int
        Version of what a fence and an opening put on edges, `rasters.fences.FORMULA`; numbers of two versions do not compare.
    openings_stand : bool
        Whether any fence is opened in the scenario; results that do not say count as if one were.
    words, passage_words : dict
        What the study says in other languages: see `scenarios.model.spoken`.
    """

    study: str
    scenario: str
    species: str
    titles: dict[str, str]
    grid: Grid
    surface: ResistanceSurface
    cuts: CutEdges
    places: tuple[FocalPlace, ...]
    assumptions: tuple[str, ...]
    standing: pd.DataFrame = field(default_factory=standing_rows)
    layers: dict[str, Layer] = field(default_factory=dict)
    reports: tuple[SolveReport, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    sensitivity_deg: float = 0.1
    sk42_operation: str = ""
    fence_formula: int = FORMULA
    openings_stand: bool = True
    words: Words = field(default_factory=dict)
    passage_words: Words = field(default_factory=dict)


def ground_of(prepared: Prepared) -> Ground:
    """What is known of a scenario and species without a solve."""
    resolved, inputs, surface = prepared.resolved, prepared.inputs, prepared.surface
    return Ground(
        study=resolved.study.study,
        scenario=resolved.scenario,
        species=prepared.profile.id,
        titles=titles_of(resolved, prepared.profile),
        grid=inputs.grid,
        surface=surface,
        cuts=inputs.cuts,
        places=places_of(inputs, prepared.ends),
        standing=standing_table(prepared),
        layers=inputs.layers,
        assumptions=(
            *stated_weights(resolved, prepared.profile.id),
            *stated_assumptions(resolved, inputs, prepared.profile, surface),
        ),
        sensitivity_deg=max(profile.sensitivity_deg.value for profile in inputs.profiles.values()),
        sk42_operation=resolved.study.sk42.operation or "",
        openings_stand=bool(prepared.standing),
        words=study_words(resolved, prepared.profile, inputs),
        passage_words=passage_words(resolved.study),
    )


def elevation_of(ground: Ground) -> Layer | None:
    """The layer that relief is drawn from, if there is one."""
    return next((ground.layers[name] for name in ELEVATION if name in ground.layers), None)


def titles_of(resolved: ResolvedStudy, profile: SpeciesProfile) -> dict[str, str]:
    """Names for people of study, scenario and species."""
    return {
        "study": resolved.study.title,
        "scenario": resolved.scenario_title,
        "species": profile.labels.get("en", profile.name),
        "scientific": profile.scientific_name,
    }


def places_of(inputs: Inputs, ends: Ends) -> tuple[FocalPlace, ...]:
    """Cores, then targets, with their roles."""
    origins = [replace(inputs.places[r.id], role="from") for r in ends.origins]
    return (*origins, *(replace(inputs.places[r.id], role="to") for r in ends.targets))


def stated_weights(resolved: ResolvedStudy, species: str) -> tuple[str, ...]:
    """How places count in the mean that ranks passages, where they do not all count alike."""
    routes = resolved.study.routes[species]
    if not routes.weights:
        return ()
    over = "cores and targets" if routes.each_target else "cores that reach any target"
    told = ", ".join(f"{place} {weight:g}" for place, weight in routes.weights.items())
    return (f"Gains are means over {over}, weighted: {told}; places not named 1.",)


def stated_assumptions(
    resolved: ResolvedStudy, inputs: Inputs, profile: SpeciesProfile, surface: ResistanceSurface
) -> tuple[str, ...]:
    """What the study and the species only assume, and what its fences are worth, each once."""
    stated: list[str] = []
    if inputs.cuts.fences:
        moves = movement_of(resolved, profile)
        path, reach = moves["free_path_m"], moves["reach_m"]
        stated = [
            *fences_in_words(resolved, inputs, profile).values(),
            f"{profile.name}: keeps its direction over {path.value:g} m ({path.origin}).",
            f"{profile.name}: follows a fence for {reach.value:g} m to either side, and so finds a passage ({reach.origin}).",
        ]
    return tuple(dict.fromkeys([*resolved.study.assumptions, *surface.assumptions, *stated]))
