"""Solved steps, kept on disk: what one scenario says about one species, found again by what it depends on.

A step is `scenarios.model.species_run.run_species`. It is kept under a hash of the input files that the species reads, the settings that
its numbers depend on, and the code with its libraries. So a run that was killed goes on where it stopped, and two scenarios
that do not differ for a species share its step. Titles, places and layers are not kept: they come with the inputs.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO

import numba

from rasters.errors import ConfigError, PlannerWarning
from rasters.files.writing import replacing
from rasters.profile import SpeciesProfile
from scenarios.land.inputs import Inputs, read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.ground import Ground, ground_of
from scenarios.model.passage_model import PassageModel, passage_model
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.records.cache import cache_folder
from scenarios.records.content import code_hash, hash_of
from scenarios.records.fingerprint import file_hash
from scenarios.records.packing import pack, unpack
from scenarios.study.base import without_words
from scenarios.study.fences import Design
from scenarios.study.land import LayerSource
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study

__all__ = ["KEPT", "StepStore", "model_step", "open_store", "solve_step", "step_key"]

SUFFIX = ".step"
MAGIC = b"otkel step 1 "
OLD_PART_S = 86_400.0
"""A part that nobody has finished within a day belongs to a process that is gone."""
LIMIT_BYTES = 10 * 2**30
KEPT = "kept"
"""What progress is told of a step that was solved before."""

Progress = Callable[[str], None]

IRRELEVANT = without_words(("title", "assumptions", "credits")) | {
    "study",
    "description",
    "sk42",
    "corridors",
    "portfolio",
    "uncertainty",
    "context",
    "scenarios",
    "species",
    "routes",
    "actions",
    "done",
    "layers",
    "regions",
    "fences",
    "designs",
}
"""Keys of the study that no step depends on, and those of which it depends on a part only."""


SAID = {"name", "scientific_name", "labels", "status", "assumptions", "assumptions_in", "sensitivity_deg", "body"}
"""What a profile says of its species and no number depends on."""


def solve_step(
    resolved: ResolvedStudy,
    species: str,
    store: StepStore | None = None,
    progress: Progress = lambda _: None,
    *,
    inputs: Inputs | None = None,
    prepared: Prepared | None = None,
) -> SpeciesRun:
    """What one scenario says about one species: from the store, or solved and put there.

    Parameters
    ----------
    store : StepStore, optional
        Without one nothing is looked up and nothing is kept.
    progress : callable
        Told each part as it begins; `KEPT` where the step was solved before.
    inputs, prepared : optional
        What has been read or prepared already.

    Notes
    -----
    ``seconds`` of a kept step are those that were measured when it was solved.
    """
    if prepared is None:
        prepared = prepare_species(resolved, inputs or read_inputs(resolved, [species]), species)
    if store is None:
        return run_species(prepared, progress)
    key = step_key(resolved, prepared.profile, prepared.inputs.files)
    solved = store.find(key)
    if solved is not None:
        progress(KEPT)
        return SpeciesRun.on(ground_of(prepared), **solved)
    run = run_species(prepared, progress)
    store.keep(key, {f.name: getattr(run, f.name) for f in fields(run) if f.name not in UNSOLVED}, _facts(run))
    return run


def model_step(prepared: Prepared, candidates: Sequence[str], store: StepStore | None = None) -> PassageModel:
    """`scenarios.model.passage_model.passage_model`, from the store or made and put there."""
    if store is None:
        return passage_model(prepared, candidates)
    step = step_key(prepared.resolved, prepared.profile, prepared.inputs.files)
    key = hash_of(
        {
            "step": step,
            "code": code_hash("scenarios.model.passage_model"),
            "candidates": list(candidates),
        }
    )
    kept: PassageModel | None = store.find(key)
    if kept is not None:
        return kept
    start = time.perf_counter()
    model = passage_model(prepared, candidates)
    facts = {
        "step": step,
        "scenario": prepared.resolved.scenario,
        "species": prepared.profile.id,
        "model": len(candidates),
    }
    store.keep(key, model, facts | {"seconds": {"model": time.perf_counter() - start}})
    return model


def step_key(resolved: ResolvedStudy, profile: SpeciesProfile, read: Mapping[Path, str] | None = None) -> str:
    """32 hexadecimal digits that differ wherever a number of the step may differ; opens no raster.

    ``read`` has the hashes of files as they were read; without it files count as they are now. The number of threads counts,
    because the last bits of a current do depend on it.
    """
    study = resolved.study
    layers = _layers_of(study.layers, profile)
    names = [layer.file for layer in layers.values()] + [study.regions.file, study.fences.file, study.grid.like]
    names += [study.mortality.surface] if study.mortality else []
    paths = {name: resolved.file(name) for name in names if name}
    files = {name: (read or {}).get(path) or file_hash(path) for name, path in paths.items()}
    return hash_of(
        {
            "code": code_hash("scenarios.model.species_run"),
            "threads": numba.get_num_threads(),
            "files": files,
            "profile": _profile(profile),
            "settings": study.model_dump(mode="json", exclude=IRRELEVANT),
            "layers": layers,
            "regions": study.regions.model_dump(mode="json", exclude={"name", "status"}),
            "routes": study.routes[profile.id],
            "fences": _fences_of(study, profile.id),
            "designs": {name: _design(design, profile.id) for name, design in study.designs.items()},
            "costs": {name: study.actions[name].cost for name in study.done},
            "actions": [[name, _action(study, name)] for name in study.done if _touches(study, name, profile.id)],
        }
    )


def _profile(profile: SpeciesProfile) -> dict[str, Any]:
    """A species without its names and what is only said of it."""
    return {key: value for key, value in asdict(profile).items() if key not in SAID}


def _layers_of(sources: dict[str, LayerSource], profile: SpeciesProfile) -> dict[str, LayerSource]:
    """Layers that a species reads, and those that they are derived from."""
    found: dict[str, LayerSource] = {}
    waiting = [name for name in (*profile.layers_needed(), *profile.layers_optional()) if name in sources]
    while waiting:
        name = waiting.pop()
        found[name] = sources[name]
        waiting += [base] if (base := sources[name].source) is not None and base not in found else []
    return found


def _fences_of(study: Study, species: str) -> dict[str, Any]:
    by_line = study.fences.permeability
    own = {line: by_species[species] for line, by_species in by_line.items() if species in by_species}
    settings = study.fences.model_dump(mode="json", exclude={"separations", "permeability", "wires", "name", "status"})
    return settings | {"permeability": own}


def _design(design: Design, species: str) -> dict[str, Any]:
    settings = design.model_dump(mode="json", include={"width_m", "cost", "months"})
    return settings | {"use_factor": design.use_factor.get(species)}


def _touches(study: Study, action: str, species: str) -> bool:
    """Whether an action may change anything for a species; a new fence stands for all."""
    chosen = study.actions[action]
    return not chosen.species or species in chosen.species or chosen.kind == "add_fence"


def _action(study: Study, action: str) -> dict[str, Any]:
    return study.actions[action].model_dump(mode="json", exclude=without_words(["title"]) | {"origin", "species"})


def open_store(folder: Path | None = None) -> StepStore:
    """The store in a folder, by default the user's; ``OTKEL_STEPS_GB`` bounds its size."""
    limit = os.environ.get("OTKEL_STEPS_GB")
    try:
        limit_bytes = LIMIT_BYTES if limit is None else int(float(limit) * 2**30)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"OTKEL_STEPS_GB={limit}: is not a number that bounds anything; give gibibytes, such as 20"
        ) from error
    if limit_bytes < 0:
        raise ConfigError(f"OTKEL_STEPS_GB={limit}: is negative; give gibibytes, such as 20, or run with --no-cache")
    return StepStore(folder=folder or _default_folder(), limit_bytes=limit_bytes)


def _default_folder() -> Path:
    """Where steps are kept unless a folder is named: ``OTKEL_STEPS``, or the user's cache."""
    named = os.environ.get("OTKEL_STEPS")
    return Path(named) if named else cache_folder("steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStore:
    """A folder of solved steps, one file each; several processes may use it at once.

    Parameters
    ----------
    folder : Path
        Made when the first step is kept.
    limit_bytes : int
        Beyond this the steps that were not used for longest are removed.
    kept : set of str
        Keys that this process has found or put there.

    Notes
    -----
    A file is a line with the SHA-256 of all that follows, a line of facts, and the packed step. It is written under a
    temporary name and renamed, so a reader sees a whole file or none. What does not match its checksum is removed, with a
    warning, and solved again.
    """

    folder: Path
    limit_bytes: int = LIMIT_BYTES
    kept: set[str] = field(default_factory=set, init=False, compare=False)

    def find(self, key: str) -> Any | None:
        """What was kept under a key; None where there is nothing."""
        path = self.path_of(key)
        try:
            with path.open("rb") as stream:
                _require_whole(stream)
                stream.readline()
                value = unpack(stream)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, ImportError, EOFError) as error:
            _warn(f"the kept step {path} cannot be used ({error}); it is removed and solved again")
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        self.kept.add(key)
        return value

    def keep(self, key: str, value: Any, facts: Mapping[str, Any]) -> None:
        """Keep a value and facts on how it was got; where it cannot be written the run goes on without, with a warning."""
        path = self.path_of(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as part, part.open("w+b") as stream:
                _write(stream, facts, value)
            self.kept.add(key)
            self._make_room(path)
        except OSError as error:
            _warn(
                f"{facts['scenario']}, {facts['species']}: this step could not be kept ({error}); the run goes on without"
            )

    def way_on(self) -> str:
        """What a command that stops here says of the steps that are kept; empty where none is."""
        several = len(self.kept) > 1
        steps = f"{len(self.kept)} finished step{'s are' if several else ' is'} kept in {self.folder}"
        return f"{steps}; the same command goes on from there" if self.kept else ""

    def has(self, key: str) -> bool:
        """Whether a step is there, unread."""
        return self.path_of(key).is_file()

    def all_facts(self) -> Iterator[dict[str, Any]]:
        """What is said of each step that is there, without reading its arrays."""
        for _, _, path in self._entries():
            try:
                with path.open("rb") as stream:
                    stream.readline()
                    found = json.loads(stream.readline())
            except (OSError, ValueError):
                continue
            if isinstance(found, dict):
                yield found

    def path_of(self, key: str) -> Path:
        """Where a step is, or would be."""
        return self.folder / f"{key}{SUFFIX}"

    def size(self) -> tuple[int, int]:
        """Number of steps and their bytes."""
        sizes = [size for _, size, _ in self._entries()]
        return len(sizes), sum(sizes)

    def clear(self) -> int:
        """Remove every step; the number of bytes that are free again."""
        freed = 0
        for _, size, path in self._entries():
            path.unlink(missing_ok=True)
            freed += size
        return freed

    def _entries(self) -> list[tuple[float, int, Path]]:
        """Time of last use, size and path of each whole step, that used longest ago first; parts being written have a dot."""
        found = []
        for path in self.folder.glob(f"[!.]*{SUFFIX}") if self.folder.is_dir() else ():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime, status.st_size, path))
        return sorted(found)

    def _make_room(self, just_kept: Path) -> None:
        """Remove what was used longest ago until the rest is within the limit, and parts that died with their process."""
        entries = self._entries()
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self.limit_bytes:
                break
            if path != just_kept:
                with suppress(OSError):
                    path.unlink()
                total -= size
        for part in self.folder.glob(f".*.part{SUFFIX}"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > OLD_PART_S:
                    part.unlink()


UNSOLVED = {one.name for one in fields(Ground)} - {"reports", "seconds"}
"""Fields of a `SpeciesRun` that are not kept, because `scenarios.model.ground.ground_of` gives them."""


def _facts(run: SpeciesRun) -> dict[str, Any]:
    return {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "cells": run.grid.n_cells,
        "candidates": len(run.ranking),
        "seconds": run.seconds,
    }


def _write(stream: BinaryIO, facts: Mapping[str, Any], value: Any) -> None:
    """The line of the checksum is filled in last."""
    stream.write(MAGIC + b"0" * 64 + b"\n")
    stream.write(json.dumps(dict(facts)).encode() + b"\n")
    pack(value, stream)
    digest = _digest_of_rest(stream)
    stream.seek(len(MAGIC))
    stream.write(digest)


def _require_whole(stream: BinaryIO) -> None:
    """Raise ValueError unless the rest of the file has the stated checksum; leaves the stream at the line of facts."""
    stated = stream.readline()
    if stated != MAGIC + _digest_of_rest(stream) + b"\n":
        raise ValueError("it is damaged")
    stream.seek(len(stated))


def _digest_of_rest(stream: BinaryIO) -> bytes:
    """SHA-256, in hexadecimal, of all after the first line."""
    stream.seek(len(MAGIC) + 65)
    return hashlib.file_digest(stream, "sha256").hexdigest().encode()  # type: ignore[arg-type]


def _warn(text: str) -> None:
    warnings.warn(text, PlannerWarning, stacklevel=3)
