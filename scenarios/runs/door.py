"""Everything that a command on a study will read, tried one by one: each fault is found, not only the first."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rasters.errors import LayerNotFoundError, MemoryBudgetError, OptionError, PlannerError
from rasters.grid import Grid
from rasters.surface import Layer
from scenarios.land.actions import relative_mortality
from scenarios.land.inputs import (
    CONTEXT,
    Inputs,
    context_layer,
    read_fences,
    read_inputs,
    read_named_places,
    read_profile,
    study_grid,
)
from scenarios.land.layers import layer_order, read_layer
from scenarios.land.memory import Size, Stage, require_memory
from scenarios.land.openings import FARTHEST_M, nearest_fence, stated_places, too_far
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.runs.findings import Finding
from scenarios.study.documents import read_document, validate
from scenarios.study.fences import Fences
from scenarios.study.load import ResolvedStudy, find_study, resolve
from scenarios.study.schema import Regions
from scenarios.study.species import SpeciesFile

__all__ = ["Entered", "enter"]

T = TypeVar("T")
NEAR_M = 1_000.0
"""A stated place farther than this from its fence is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A scenario, read and ready."""

    resolved: ResolvedStudy
    inputs: Inputs
    prepared: tuple[Prepared, ...]


@dataclass(slots=True)
class _Door:
    """What was found so far; the same fault of several scenarios stands once."""

    findings: list[Finding] = field(default_factory=list)
    lines: set[str] = field(default_factory=set)
    layers: dict[str, dict[str, Layer]] = field(default_factory=dict)
    failed: int = 0

    def attempt(self, check: str, work: Callable[[], T], wanted: str = "") -> T | None:
        """The result, or None and a finding that did not pass; where a file is not there, with what is wanted of it."""
        try:
            return work()
        except (MemoryBudgetError, OptionError):  # no fault of the study
            raise
        except PlannerError as error:
            self.failed += 1
            more = f"; put there {wanted}" if wanted and isinstance(error, LayerNotFoundError) else ""
            new = [f"{line}{more}" for line in str(error).splitlines() if f"{line}{more}" not in self.lines]
            self.lines.update(new)
            self.findings += [Finding(check=check, passed=False, text=line) for line in new]
            return None


def enter(
    name: str, scenarios: Sequence[str] | None, overrides: Mapping[str, Any]
) -> tuple[list[Entered], list[Finding]]:
    """Every scenario that could be read, and every fault of the study, its files and its scenarios.

    Parameters
    ----------
    scenarios : sequence of str, optional
        Default all of the study.
    """
    door = _Door()
    first = door.attempt("study", partial(resolve, name, None, overrides))
    if first is None:
        door.attempt("study", partial(_profiles_of_broken, name, door))
        return [], door.findings
    chosen = tuple(dict.fromkeys(scenarios or first.study.scenarios)) or (None,)
    resolved = [door.attempt(f"scenario {one}", partial(resolve, name, one, overrides)) for one in chosen]
    entered = [_entered(one, door) for one in resolved if one is not None]
    return [one for one in entered if one is not None], door.findings


def _profiles_of_broken(name: str, door: _Door) -> None:
    """Faults of the species files of a study that has faults itself."""
    path = find_study(name)
    species = read_document(path).data.get("species")
    for one, entry in species.items() if isinstance(species, dict) else ():
        profile = entry.get("profile") if isinstance(entry, dict) else None
        if isinstance(profile, str) and ".." not in profile:
            door.attempt(f"species {one}", partial(_require_profile, path.parent / profile))


def _require_profile(path: Path) -> None:
    document = read_document(path)
    validate(SpeciesFile, document.data, document)


def _entered(resolved: ResolvedStudy, door: _Door) -> Entered | None:
    before = door.failed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what can be read is read again, and then they are told
        layers = _parts(resolved, door)
    if door.failed > before:
        return None
    scenario = resolved.scenario
    inputs = door.attempt(f"inputs of {scenario}", partial(read_inputs, resolved, layers=layers, stage=Stage.CHECKED))
    if inputs is None:
        return None
    if _off_fence(resolved, inputs, door):
        return None
    prepared = [
        door.attempt(f"{species} in {scenario}", partial(prepare_species, resolved, inputs, species))
        for species in inputs.profiles
    ]
    ready = tuple(one for one in prepared if one is not None)
    return Entered(resolved=resolved, inputs=inputs, prepared=ready) if len(ready) == len(inputs.profiles) else None


def _parts(resolved: ResolvedStudy, door: _Door) -> dict[str, Layer]:
    """Each file by itself; the layers."""
    study = resolved.study
    for name in study.species:
        door.attempt(f"species {name}", partial(read_profile, resolved, name))
    grid = door.attempt("grid", partial(study_grid, resolved))
    if grid is None:
        return {}
    require_memory(Size.of(resolved, grid, (), None), Stage.CHECKED)
    door.attempt(
        "regions", partial(read_named_places, resolved, grid), _attributes("polygons", study.regions, "id", "name")
    )
    door.attempt(
        "fences", partial(read_fences, resolved, grid), _attributes("lines", study.fences, "id", "name", "line")
    )
    for context in CONTEXT:
        door.attempt(f"context {context}", partial(context_layer, resolved, context, grid))
    if study.mortality is not None and (surface := study.mortality.surface) is not None:
        door.attempt("mortality", partial(relative_mortality, resolved.file(surface), grid))
    return _layers(resolved, grid, door)


def _attributes(shapes: str, stated: Regions | Fences, *keys: str) -> str:
    """What a vector file must hold."""
    *most, last = [f"`{getattr(stated, key)}`" for key in keys]
    return f"{shapes} with the attributes {', '.join(most)} and {last}, in any coordinate reference system"


def _layer_file(resolved: ResolvedStudy, name: str) -> str:
    """What the file of a layer must be."""
    layer = resolved.study.layers[name]
    if layer.reads_relief:
        return "a raster of elevation in metres, on cells finer than the study's"
    if layer.derive is not None:
        return "the vector file that it is derived from"
    grid = "on the grid of the study" if layer.resampling is None else "on any grid that covers the study"
    return f"a raster of one band, unit {layer.unit}, {grid}"


def _layers(resolved: ResolvedStudy, grid: Grid, door: _Door) -> dict[str, Layer]:
    """Read once for all scenarios that have the same ones; without those that cannot be read."""
    known = repr((resolved.study.grid, resolved.study.layers))
    if known not in door.layers:
        done: dict[str, Layer] = {}
        lost: set[str] = set()
        for name in door.attempt("layers", partial(layer_order, resolved)) or ():
            stated = resolved.study.layers[name]
            if stated.file is not None and stated.file in lost:
                continue
            if stated.file is not None and not resolved.file(stated.file).exists():
                lost.add(stated.file)  # told once, of the first layer that needs it
            if stated.source is None or stated.source in done:
                layer = door.attempt(
                    f"layer {name}", partial(read_layer, resolved, name, done, grid), _layer_file(resolved, name)
                )
                done |= {} if layer is None else {name: layer}
        door.layers[known] = done
    door.failed += len(door.layers[known]) < len(resolved.study.layers)
    return door.layers[known]


def _off_fence(resolved: ResolvedStudy, inputs: Inputs, door: _Door) -> bool:
    """Whether a stated place is on no fence; how far the others are from theirs is told."""
    stated = stated_places(resolved.study, inputs.cuts.fences)
    found = [(key, place, *nearest_fence(inputs.grid, fences, place)) for key, place, fences in stated]
    check = f"places of {resolved.scenario}"
    lost = [(key, place, fence, away) for key, place, fence, _, away in found if not away <= FARTHEST_M]
    for key, place, fence, away in lost:
        text = f"{resolved.path}: {key}: {place.id}: {too_far(place, fence, away)}"
        if (known := f"{key} {place.id}") not in door.lines:
            door.findings.append(Finding(check=check, passed=False, text=text))
        door.lines.add(known)
    far = [f"{place.id} is {away / 1000:.1f} km from {fence.id}" for _, place, fence, _, away in found if away > NEAR_M]
    if found and not lost:
        on = f"{len(found)} stated, {len(found) - len(far)} of them within {NEAR_M / 1000:g} km of their fence"
        text = "; ".join([on, *far])
        door.findings.append(Finding(check=check, passed=True, text=text, state="LOOK" if far else ""))
    return bool(lost)
