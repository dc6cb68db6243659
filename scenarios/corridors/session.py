"""``otkel corridors``: from a study to a folder with every corridor, ranked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from rasters.distance import burn
from rasters.grid import Grid
from scenarios.corridors.files import write_species_corridors
from scenarios.corridors.page import write_corridor_index
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.routes import Surroundings, run_corridors
from scenarios.corridors.words import describe_route, route_title
from scenarios.land.inputs import context_layer, read_inputs, read_places
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.outputs.folder import run_folder
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, language, require_language
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["read_surroundings", "run_corridor_study"]

STEPS = 7
"""Steps told per species: six computed, one written."""


def run_corridor_study(
    name: str,
    scenarios: Sequence[str] | None,
    species: Sequence[str] | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    lang: str | None = None,
) -> Summary[list[SpeciesCorridors]]:
    """Check everything, then search, then write; the folder appears when it is complete. Maps, page and notes are in a language."""
    require_language(lang or "en")
    resolved = [resolve(name, scenario, overrides) for scenario in scenarios or (None,)]
    with results_folder(out, resolved) as job:
        found: list[SpeciesCorridors] = []
        for one in resolved:
            inputs = read_inputs(one, species)
            around = read_surroundings(one, inputs.grid)
            prepared = [prepare_species(one, inputs, profile) for profile in inputs.profiles]
            if not found:
                reporter.expect(len(resolved) * len(prepared) * STEPS, "searching")
            found += [_run_and_write(one, p, around, job.folder, reporter, lang or "en") for p in prepared]
        say = language(lang or "en", [one.ground for one in found])
        write_corridor_index(job.folder, found, credits=resolved[0].study.credits, say=say)
        job.runs = [one.ground for one in found]
    notes = [line for one in found for line in _best(one, say)]
    return job.summary(found, {"runs": [one.as_dict() for one in found]}, [*notes, f"{len(found)} runs"])


def _best(one: SpeciesCorridors, say: Language) -> Iterator[Text | str]:
    """The best three of a species, in words."""
    closed = sum(route.status == "closed" for route in one.routes)
    title = ", ".join(say(one.ground.titles.get(key, getattr(one.ground, key))) for key in ("species", "scenario"))
    told = say("{n} routes, {closed} of them closed by fences").format(n=len(one.routes), closed=closed)
    yield Text(f"{title}: {told}", style="bold")
    for route in one.shortlist[:3]:
        yield f"  {route.distinct}. {route_title(one, route, say)}. {describe_route(one, route, say)}"


def _run_and_write(
    resolved: ResolvedStudy, prepared: Prepared, around: Surroundings, folder: Path, reporter: Reporter, lang: str
) -> SpeciesCorridors:
    label = f"{resolved.scenario}, {prepared.profile.id}"
    found = run_corridors(prepared, around, lambda step: reporter.step(f"{label}: {step}"))
    reporter.step(f"{label}: writing")
    write_species_corridors(
        found,
        folder / run_folder(found.ground.scenario, found.ground.species),
        credits=resolved.study.credits,
        borders=context_layer(resolved, "borders", prepared.inputs.grid),
        say=language(lang, [found.ground]),
    )
    return found


def read_surroundings(resolved: ResolvedStudy, grid: Grid) -> Surroundings:
    """Every place of the study's regions, their cells, and the countries where the study has them."""
    places = tuple(read_places(resolved, grid).values())
    return Surroundings(
        reserves=burn([place.geometry for place in places], grid, all_touched=False),
        countries=_countries(resolved, grid),
        places=places,
    )


def _countries(resolved: ResolvedStudy, grid: Grid) -> dict[str, np.ndarray]:
    features = context_layer(resolved, "countries", grid)
    if features is None:
        return {}
    return {
        str(code): burn(part.geometry, grid, all_touched=False) for code, part in features.groupby("country", sort=True)
    }
