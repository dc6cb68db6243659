"""`otkel run --from manifest.json`: run a result again as its manifest says, and name what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
from rich.console import Console

from rasters.errors import ConfigError, DataError, LayerNotFoundError
from rasters.fences import FORMULA
from rasters.files.confined import confined
from scenarios.exit_codes import ExitCode
from scenarios.model.steps import StepStore
from scenarios.outputs.folder import MARKER
from scenarios.outputs.manifest import FORMAT
from scenarios.outputs.manifest_shape import require_shape
from scenarios.progress import Reporter
from scenarios.records.hashing import read_json, sha256_of, versions
from scenarios.runs.differences import difference_of_files
from scenarios.runs.session import KIND, run_resolved
from scenarios.study.documents import Document, validate
from scenarios.study.load import ResolvedStudy, find_study
from scenarios.study.schema import Study

__all__ = ["Reproduction", "StatedRun", "reproduce", "stated_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What came out the same, and what did not.

    Parameters
    ----------
    folder : Path
        The new results.
    same : tuple of str
        Files with the same bytes.
    differing : dict of str to str
        File -> by how much, or that it is missing or new.
    causes : tuple of str
        Inputs, versions and threads that are not as they were; each may be why, or may not matter.
    """

    folder: Path
    same: tuple[str, ...]
    differing: dict[str, str]
    causes: tuple[str, ...]

    @property
    def reproduced(self) -> bool:
        """Whether every file is the same."""
        return not self.differing

    @property
    def exit_code(self) -> ExitCode:
        """Whether anything differs."""
        return ExitCode.OK if self.reproduced else ExitCode.DIFFERS

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "folder": str(self.folder),
            "reproduced": self.reproduced,
            "same": len(self.same),
            "differing": self.differing,
            "not_as_it_was": list(self.causes),
        }

    def print(self, console: Console) -> None:
        """In words."""
        for cause in self.causes:
            console.print(f"not as it was: {cause}", markup=False)
        for name, text in self.differing.items():
            console.print(f"differs: {name}: {text}", markup=False)
        if self.reproduced:
            console.print(f"reproduced: all {len(self.same)} files are the same, byte for byte")
        else:
            console.print(f"not reproduced: {len(self.differing)} files differ, {len(self.same)} are the same")


def reproduce(
    manifest: Path, out: Path, reporter: Reporter, *, study: str | None = None, store: StepStore | None = None
) -> Reproduction:
    """Run the settings of a manifest again and compare every file.

    Parameters
    ----------
    manifest : Path
        ``manifest.json``, or the folder that it is in. Where the files that it lists still lie beside it, it is told by
        how much new ones differ.
    out : Path
        Folder for the new results.
    study : str, optional
        Where the inputs are; default as the manifest's command names it.
    store : StepStore, optional
        Default none: everything is solved afresh.

    Raises
    ------
    ConfigError
        When it is no manifest of `otkel run`, or was written for others and so names no settings.
    """
    stated = stated_run(manifest, study)
    before = stated.path.parent
    if out.resolve() == before.resolve():
        raise ConfigError(f"{out}: these are the results to compare with; choose another folder with --out")
    causes = [
        *_changed_inputs(stated.manifest, stated.where),
        *_changed_versions(stated.manifest),
        *_changed_formula(stated.manifest),
    ]
    with _as_many_threads(stated.manifest, causes):
        run_resolved(
            stated.resolved, stated.species, out, reporter, store, lang=stated.manifest["settings"].get("lang")
        )
    same, differing = _compared(stated.manifest, before, out)
    return Reproduction(folder=out, same=same, differing=differing, causes=tuple(causes))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRun:
    """What a manifest says was run: itself and where it is, the study's file, its settings in each scenario, and the species."""

    path: Path
    manifest: dict[str, Any]
    where: Path
    resolved: list[ResolvedStudy]
    species: list[str]


def stated_run(manifest: Path, study: str | None = None) -> StatedRun:
    """Read a manifest of `otkel run`; parameters and errors as of `reproduce`."""
    path = manifest / MARKER if manifest.is_dir() else manifest
    stated = _read(path)
    where = find_study(study or _study_of(stated, path))
    species = list(dict.fromkeys(run["species"] for run in stated["runs"]))
    return StatedRun(path=path, manifest=stated, where=where, resolved=_resolved(stated, where, path), species=species)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except OSError as error:
        raise LayerNotFoundError(f"{path}: cannot be read ({error.strerror}); give a {MARKER} or its folder") from error
    except ValueError as error:
        raise DataError(f"{path}: is no manifest: it is not valid JSON ({error})") from error
    if not isinstance(found, dict) or "outputs" not in found:
        raise DataError(f"{path}: is no manifest of results; give the {MARKER} of a folder that `otkel run` wrote")
    if found.get("format") != FORMAT:
        raise DataError(
            f"{path}: has format {found.get('format')}, this version reads {FORMAT}; use the version that wrote it"
        )
    if found.get("kind") != KIND:
        stated = found.get("command")
        command = " ".join(map(str, stated)) if isinstance(stated, list) else ""
        raise ConfigError(
            f"{path}: only results of `otkel run` can be run again from their manifest"
            + (f"; give this command again: {command}" if command else "")
        )
    require_shape(path, found)
    if not found["inputs"]:
        raise ConfigError(
            f"{path}: was written for the audience {found.get('audience')} and so names no settings; "
            "take the manifest of the restricted results"
        )
    return found


def _study_of(stated: Mapping[str, Any], path: Path) -> str:
    """The study as the command line named it."""
    words = stated["command"][2:]
    if not words or words[0].startswith("-"):
        raise ConfigError(
            f"{path}: its command names no study; say where the inputs are: otkel run STUDY --from {path}"
        )
    return str(words[0])


def _resolved(stated: Mapping[str, Any], where: Path, path: Path) -> list[ResolvedStudy]:
    """The settings as they were, whatever the study's file says today; its inputs are found beside that file."""
    titles = {run["scenario"]: run["titles"].get("scenario", run["scenario"]) for run in stated["runs"]}
    words = {run["scenario"]: run.get("words", {}) for run in stated["runs"]}
    names = list(dict.fromkeys(run["scenario"] for run in stated["runs"]))
    if lost := [name for name in names if name not in stated["scenarios"]]:
        raise DataError(f"{path}: states no settings of the scenario {lost[0]}; take a manifest that `otkel run` wrote")
    documents = {name: Document(path=path, data=stated["scenarios"][name], lines={}) for name in names}
    return [
        ResolvedStudy(
            study=validate(Study, document.data, document),
            scenario=name,
            scenario_title=titles[name],
            folder=where.parent,
            path=where,
            settings=document.data,
            changes=(),
            scenario_titles={lang: said[titles[name]] for lang, said in words[name].items() if titles[name] in said},
            **stated["settings"].get("bases", {}).get(name, {}),
        )
        for name, document in documents.items()
    ]


def _changed_inputs(stated: Mapping[str, Any], where: Path) -> Iterator[str]:
    for name, before in stated["inputs"].items():
        path = where.parent / name
        if not path.is_file():
            yield f"the input {name} is not beside {where.name} any more"
        elif sha256_of(path) != before["sha256"]:
            used = "; the settings of the manifest are used" if path == where else ""
            yield f"the input {name} has changed{used}"


def _changed_versions(stated: Mapping[str, Any]) -> Iterator[str]:
    now = versions()
    for name, before in stated["versions"].items():
        if now.get(name) != before:
            yield f"{name} is {now.get(name, 'not there')}, was {before}"


def _changed_formula(stated: Mapping[str, Any]) -> Iterator[str]:
    formula = stated.get("fence_formula", 1)
    if formula != FORMULA:
        yield f"the fence formula is {FORMULA}, it was {formula}: every number at a fence differs"


@contextmanager
def _as_many_threads(stated: Mapping[str, Any], causes: list[str]) -> Iterator[None]:
    """The last bits of a current depend on the number of threads."""
    here, wanted = numba.get_num_threads(), int(stated["machine"].get("threads", numba.get_num_threads()))
    if wanted > numba.config.NUMBA_NUM_THREADS:
        causes.append(f"there are {here} threads, there were {wanted}")
        wanted = here
    numba.set_num_threads(wanted)
    try:
        yield
    finally:
        numba.set_num_threads(here)


def _compared(stated: Mapping[str, Any], before: Path, out: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    now: dict[str, Any] = json.loads((out / MARKER).read_text(encoding="utf-8"))["outputs"]
    was: dict[str, Any] = stated["outputs"]
    same = tuple(name for name in was if name in now and now[name] == was[name])
    differing = {name: "is missing now" for name in was if name not in now}
    differing |= {name: "was not there" for name in now if name not in was}
    for name in was:
        if name in now and now[name] != was[name]:
            differing[name] = _described(confined(before, name), confined(out, name), was[name].get("sha256"))
    return same, dict(sorted(differing.items()))


def _described(old: Path, new: Path, sha256: str | None) -> str:
    if not old.is_file() or sha256_of(old) != sha256:
        return "differs; the earlier file does not lie beside the manifest, so it is not known by how much"
    return difference_of_files(old, new)
