"""For scripts and notebooks: open a study, run a scenario, read and compare results; everything as tables and arrays.

>>> import scenarios
>>> study = scenarios.open("ustyurt")
>>> study
OpenStudy(ustyurt: Ustyurt and Kopet Dag, Turkmenistan to Kazakhstan; 5 scenarios, 4 species)

Nothing is written unless ``out`` names a folder. What goes wrong is an exception of `rasters.errors`, with the file, key and
value at fault and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.api.done import Teller
from scenarios.api.given import with_evidence
from scenarios.api.results import OpenStudy, Result, Results, SpeciesResult
from scenarios.api.shown import ShownComparison
from scenarios.comparison.session import write_comparison
from scenarios.comparison.sides import Side, compare_sides
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.ranking import numbered
from scenarios.model.results import SpeciesRun
from scenarios.model.steps import open_store, solve_step
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.precision import as_stored, rounded
from scenarios.outputs.release import Release
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.runs.session import run_resolved
from scenarios.study.load import ResolvedStudy, find_study, resolve

__all__ = ["OpenStudy", "Result", "Results", "SpeciesResult", "compare", "open", "read", "run"]


def open(study: str | Path) -> OpenStudy:
    """Find and read a study; every key of its file is checked.

    Parameters
    ----------
    study : str or path
        A bundled study, a folder with a study.yaml, or a YAML file.

    Raises
    ------
    LayerNotFoundError
        There is none.
    ConfigError
        Its file is wrong; names every fault with its line.
    """
    resolved = resolve(str(study))
    titles = {name: entry.title or name for name, entry in resolved.study.scenarios.items()}
    return OpenStudy(
        path=find_study(str(study)),
        id=resolved.study.study,
        title=resolved.study.title,
        scenarios=titles or {resolved.scenario: resolved.scenario_title},
        species=tuple(resolved.study.species),
        settings=resolved.settings,
    )


def run(
    study: OpenStudy | str | Path,
    scenario: str | None = None,
    *,
    species: Sequence[str] | str | None = None,
    overrides: Mapping[str, Any] | None = None,
    evidence: str | Path | None = None,
    out: str | Path | None = None,
    cache: bool | str | Path = False,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Run one scenario of a study; `otkel.run_all` writes several into one folder.

    Parameters
    ----------
    study : OpenStudy, str or path
    scenario : str, optional
        Default: the study's first.
    species : str or sequence of str, optional
        Only these.
    overrides : mapping, optional
        Dotted key of the study -> value: ``{"candidates.every_m": 5000}``.
    evidence : path, optional
        ``use_factors.yaml`` of evidence; ``overrides`` come before it.
    out : path, optional
        Folder to write everything to that `otkel run` writes; without it nothing is written.
    cache : bool or path
        Keep solved steps in the user's cache, or in a folder, and take them from there.
    progress : callable, optional
        Told each step as it begins: ``print``.

    Returns
    -------
    Result
        The same numbers whether it is written or not: as the files have them.

    Raises
    ------
    ConfigError, DataError, SolverError, ExportError
        As at the command line.
    """
    name = str(study.path if isinstance(study, OpenStudy) else study)
    chosen = [species] if isinstance(species, str) else None if species is None else list(species)
    settings, said = with_evidence(name, evidence, overrides), dict.fromkeys(overrides or {}, "overrides")
    resolved = resolve(name, scenario, settings, said_in=said)
    store = open_store(None if cache is True else Path(cache)) if cache else None
    if out is not None:
        found = run_resolved([resolved], chosen, Path(out), Teller(progress), store).found
        return _result(resolved, found.runs, found.combined[resolved.scenario], Path(out))
    inputs = read_inputs(resolved, chosen)
    prepared = {one: prepare_species(resolved, inputs, one) for one in inputs.profiles}
    runs, combined = numbered(
        resolved.study,
        [
            as_stored(solve_step(resolved, one, store, _told(progress, one), prepared=ready))
            for one, ready in prepared.items()
        ],
    )
    return _result(resolved, runs, rounded(combined), None)


def read(folder: str | Path, *, check: bool = False) -> Results:
    """Open a folder that `otkel run` wrote.

    Parameters
    ----------
    folder : path
    check : bool
        First compare every file with its hash in the manifest.

    Raises
    ------
    LayerNotFoundError, DataError
        Something is not there, was changed, or was written by another version.
    """
    return Results(stored=read_results(folder, check=check))


Comparable = Result | Results | str | Path


def compare(
    *results: Comparable | Mapping[str, Result],
    base: str | None = None,
    out: str | Path | None = None,
    check: bool = False,
    lang: str | None = None,
) -> ShownComparison:
    """Compare results with each other.

    Parameters
    ----------
    *results : Result, Results, path, or one mapping of names to Result
        Of `Results` every scenario is a side; a mapping gives the sides their names.
    base : str, optional
        The side that the others are compared with; default the first.
    out : path, optional
        Folder to write the tables, maps, the figure and the page to; without it nothing is written.
    check : bool
        First compare every file of results that are given as paths with its hash.
    lang : str, optional
        ``en``, ``ru`` or ``kk``, of titles, names and what is written. Default: English; the map page opens in the reader's own.

    Returns
    -------
    ShownComparison
        Its tables are DataFrames; ``figure()`` draws it.

    Raises
    ------
    ConfigError
        Fewer than two sides, or runs whose numbers do not mean the same; names each key that differs.
    """
    for one in results:
        if check and isinstance(one, str | Path):
            read_results(one, check=True)
    found = ShownComparison.of(
        compare_sides(_distinct([side for one in results for side in _sides(one)]), base, lang or "en")
    )
    if out is not None:
        stored = [one for result in results for one in _stored(result)]
        with atomic_folder(out) as folder:
            write_comparison(found, folder, stored, lang or "")
    return found


def _sides(one: Comparable | Mapping[str, Result]) -> list[Side]:
    if isinstance(one, Result):
        return [one.side]
    if isinstance(one, str | Path):
        return list(Side.all_of(read_results(one)))
    return [replace(result.side, label=str(name), title=str(name)) for name, result in one.items()]


def _stored(one: Comparable | Mapping[str, Result]) -> list[StoredResults]:
    """Results on disk, which have borders and credits."""
    if isinstance(one, Results):
        return [one.stored]
    if isinstance(one, str | Path):
        return [read_results(one)]
    folders = {result.folder for result in ([one] if isinstance(one, Result) else one.values())}
    return [read_results(folder) for folder in sorted(folder for folder in folders if folder is not None)]


def _distinct(sides: list[Side]) -> list[Side]:
    """Sides of one name are numbered from the second."""
    seen: dict[str, int] = {}
    out = []
    for side in sides:
        seen[side.label] = seen.get(side.label, 0) + 1
        number = seen[side.label]
        out.append(
            side if number == 1 else replace(side, label=f"{side.label} ({number})", title=f"{side.title} ({number})")
        )
    return out


def _result(resolved: ResolvedStudy, runs: Sequence[SpeciesRun], combined: pd.DataFrame, folder: Path | None) -> Result:
    by_species = {one.species: Release.of(one) for one in runs}
    side = Side(
        label=resolved.scenario,
        title=resolved.scenario_title,
        species=tuple(by_species),
        settings=resolved.settings,
        inputs={},
        read=by_species.__getitem__,
        combined=combined,
    )
    return Result(side=side, folder=folder)


def _told(progress: Callable[[str], None] | None, species: str) -> Callable[[str], None]:
    return lambda step: None if progress is None else progress(f"{species}: {step}")
