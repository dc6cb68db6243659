"""``otkel corridors``: from a study to a folder with every corridor, ranked."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from rasters.distance import burn
from rasters.errors import DataError
from rasters.grid import Grid
from rasters.io import read_vectors
from scenarios.corridors.files import write_species_corridors
from scenarios.corridors.page import write_corridor_index
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.routes import Surroundings, run_corridors
from scenarios.corridors.words import describe_route, route_title
from scenarios.land.inputs import context_layer, read_inputs
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.land.provenance import crs_operations, input_paths
from scenarios.outputs.folder import atomic_folder, run_folder
from scenarios.outputs.manifest import write_manifest
from scenarios.progress import Reporter
from scenarios.records.machine import machine, now
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["CorridorSummary", "read_surroundings", "run_corridor_study"]

STEPS = 7
"""Steps told per species: six computed, one written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorSummary:
    """What was found, for the terminal and for machines."""

    folder: Path
    found: tuple[SpeciesCorridors, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        runs = [one.as_dict() for one in self.found]
        return {"folder": str(self.folder), "seconds": round(self.seconds, 2), "runs": runs}

    def print(self, console: Console) -> None:
        """The best three of each species, in words."""
        for one in self.found:
            closed = sum(route.status == "closed" for route in one.routes)
            title = f"{one.ground.titles.get('species', one.ground.species)}, {one.ground.titles.get('scenario', one.ground.scenario)}"
            console.print(f"{title}: {len(one.routes)} ways, {closed} of them closed by fences", style="bold")
            for route in one.shortlist[:3]:
                words = f"  {route.distinct}. {route_title(one, route)}. {describe_route(one, route)}"
                console.print(words, markup=False)
        console.print(
            f"{len(self.found)} runs in {self.seconds:.0f} s; open {self.folder / 'index.html'}", markup=False
        )


def run_corridor_study(
    name: str,
    scenarios: Sequence[str] | None,
    species: Sequence[str] | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
) -> CorridorSummary:
    """Check everything, then search, then write; the folder appears when it is complete."""
    start, began = time.perf_counter(), now()
    resolved = [resolve(name, scenario, overrides) for scenario in scenarios or (None,)]
    with atomic_folder(out) as folder:
        found: list[SpeciesCorridors] = []
        for one in resolved:
            inputs = read_inputs(one, species)
            around = read_surroundings(one, inputs.grid)
            prepared = [prepare_species(one, inputs, profile) for profile in inputs.profiles]
            if not found:
                reporter.expect(len(resolved) * len(prepared) * STEPS, "searching")
            found += [_run_and_write(one, p, around, folder, reporter) for p in prepared]
        write_corridor_index(folder, found, credits=resolved[0].study.credits)
        write_manifest(
            folder, runs=[one.ground for one in found], command=["otkel", *sys.argv[1:]],
            scenarios={r.scenario: r.settings for r in resolved},
            inputs=input_paths(resolved), crs_operations=crs_operations(resolved, found[0].ground.grid), machine=machine(),
            started=began, finished=now(),
        )  # fmt: skip
    return CorridorSummary(folder=out, found=tuple(found), seconds=time.perf_counter() - start)


def _run_and_write(
    resolved: ResolvedStudy, prepared: Prepared, around: Surroundings, folder: Path, reporter: Reporter
) -> SpeciesCorridors:
    label = f"{resolved.scenario}, {prepared.profile.id}"
    found = run_corridors(prepared, around, lambda step: reporter.step(f"{label}: {step}"))
    reporter.step(f"{label}: writing")
    write_species_corridors(
        found, folder / run_folder(found.ground.scenario, found.ground.species), credits=resolved.study.credits,
        borders=context_layer(resolved, "borders", prepared.inputs.grid),
    )  # fmt: skip
    return found


def read_surroundings(resolved: ResolvedStudy, grid: Grid) -> Surroundings:
    """Every place of the study's regions, their cells, and the countries where the study has them."""
    settings = resolved.study.regions
    features = read_vectors(resolved.file(settings.file), settings.table, grid)
    places = tuple(
        FocalPlace(
            id=str(row[settings.id]), name=str(row.get(settings.name) or row[settings.id]), role="", geometry=row.geometry,
            geometry_status=str(row.get(settings.status) or "unknown"),
        )
        for _, row in features.iterrows()
    )  # fmt: skip
    return Surroundings(
        reserves=burn(features.geometry, grid, all_touched=False), countries=_countries(resolved, grid), places=places
    )


def _countries(resolved: ResolvedStudy, grid: Grid) -> dict[str, np.ndarray]:
    features = context_layer(resolved, "countries", grid)
    if features is None:
        return {}
    if "country" not in features.columns:
        path = resolved.file(resolved.study.context["countries"])
        raise DataError(f"{path}: the layer countries has no attribute country; it has {', '.join(features.columns)}")
    return {
        str(code): burn(part.geometry, grid, all_touched=False) for code, part in features.groupby("country", sort=True)
    }
