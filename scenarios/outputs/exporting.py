"""From a folder of results to files for people: which kinds there are, for whom, and where they go."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rasters.errors import ConfigError, ExportError
from scenarios.model.passage_model import write_model
from scenarios.model.results import SpeciesRun
from scenarios.outputs.audience import Audience, audience_named
from scenarios.outputs.context import write_context
from scenarios.outputs.folder import atomic_folder, run_folder
from scenarios.outputs.generalise import generalised, generalised_ranking
from scenarios.outputs.kinds import ALL, KINDS, Export
from scenarios.outputs.manifest import write_manifest
from scenarios.outputs.page import write_index
from scenarios.outputs.release import MODEL, Release
from scenarios.outputs.report.basis import bases_of
from scenarios.outputs.report.page import write_report
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.species import write_species_run
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.outputs.tables import write_combined
from scenarios.outputs.translate import require_language
from scenarios.progress import Reporter

if TYPE_CHECKING:
    import geopandas as gpd
    from rich.console import Console

    from scenarios.outputs.field.content import FieldContent

__all__ = ["ExportSummary", "export_results", "write_for_audience", "write_report_folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """What was written, for whom."""

    files: tuple[Path, ...]
    audience: dict[str, str]
    left_out: tuple[str, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "files": [str(path) for path in self.files],
            "audience": self.audience,
            "left_out": list(self.left_out),
            "seconds": round(self.seconds, 2),
        }

    def print(self, console: Console) -> None:
        """File by file."""
        for path in self.files:
            console.print(str(path), soft_wrap=True, highlight=False)
        for kind in self.left_out:
            console.print(f"{kind}: left out; it lists passages, which the public does not get")
        kinds = ", ".join(f"{kind} for {audience}" for kind, audience in self.audience.items())
        console.print(f"{len(self.files)} files in {self.seconds:.0f} s: {kinds}")


def export_results(
    results: Path,
    kind: str,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    audience: str | None = None,
    lang: str = "en",
) -> ExportSummary:
    """Write one kind of export, or ``all``, from a folder of results.

    Parameters
    ----------
    results : Path
        Of ``otkel run``.
    out : Path
        Folder; made if it is not there.
    scenario : str, optional
        Default: the first. The report has all of them where none is named.
    species : sequence of str, optional
        Default: all.
    audience : str, optional
        Default: the least precise that each kind can serve.

    Raises
    ------
    ConfigError
        An unknown name; an audience that the kind cannot serve, or that the results are too coarse for.
    """
    start, asked = time.perf_counter(), None if audience is None else audience_named(audience)
    require_language(lang)
    chosen = list(KINDS) if kind == ALL else [kind]
    if kind != ALL and asked is not None and asked.level > KINDS[kind].serves.level:
        raise ConfigError(
            f"--audience {asked}: {kind} lists passages, which the public does not get; "
            f"ask for {KINDS[kind].serves}, or write {', '.join(_serving(asked))}"
        )
    stored = read_results(results)
    served = {
        name: asked or KINDS[name].serves for name in chosen if asked is None or asked.level <= KINDS[name].serves.level
    }
    exports = _Exports(stored, scenario, species, lang, _made(out))
    reporter.expect(len(served), "reading")
    files: list[Path] = []
    for name, whom in served.items():
        reporter.step(f"{name} for {whom}")
        files += KINDS[name].write(exports.of(whom))
    return ExportSummary(
        files=tuple(files), audience={name: whom.value for name, whom in served.items()},
        left_out=tuple(name for name in chosen if name not in served), seconds=time.perf_counter() - start,
    )  # fmt: skip


def _serving(audience: Audience) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.serves.level >= audience.level]


def _made(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{out}: this folder cannot be made: {error}; choose another with --out") from error
    return out


class _Exports:
    """Exports of the kinds of one command; what they share is read once."""

    def __init__(
        self, results: StoredResults, scenario: str | None, species: Sequence[str] | None, lang: str, out: Path
    ) -> None:
        self.results, self.lang, self.out = results, lang, out
        self.asked_scenario = _known("--scenario", scenario, results.scenarios) if scenario else None
        self.scenario = self.asked_scenario or results.scenarios[0]
        there = tuple(name for name in results.species if (self.scenario, name) in results.keys)
        for name in species or ():
            _known("--species", name, there)
        self.species = tuple(name for name in there if not species or name in species)
        self._runs: list[Release] = []
        self._contents: dict[Audience, FieldContent] = {}

    def of(self, audience: Audience) -> Export:
        """For one audience."""
        return Export(
            results=self.results, scenario=self.asked_scenario or "", species=self.species, audience=audience, lang=self.lang,
            out=self.out, content=lambda: self._content(audience),
        )  # fmt: skip

    def _content(self, audience: Audience) -> FieldContent:
        from scenarios.outputs.field.content import field_content

        if not self._runs:
            self._runs = [self.results.run(self.scenario, name) for name in self.species]
        if audience not in self._contents:
            self._contents[audience] = field_content(
                [generalised(run, audience) for run in self._runs], combined=self.results.combined.get(self.scenario),
                borders=self.results.borders, credits=self.results.credits, lang=self.lang,
            )  # fmt: skip
        return self._contents[audience]


def _known(option: str, name: str, there: Sequence[str]) -> str:
    if name not in there:
        raise ConfigError(f"{option} {name!r}: the results have {', '.join(there)}")
    return name


def write_report_folder(export: Export, out: Path) -> list[Path]:
    """A whole folder of results, as ``otkel run`` would have written it for the audience; the page to open."""
    results, target = export.results, out / f"{export.results.study}_{export.audience}_report"
    keys = [k for k in results.keys if k[1] in export.species and (not export.scenario or k[0] == export.scenario)]
    with atomic_folder(target) as folder:
        write_for_audience(
            folder, (results.run(*key) for key in keys), results.combined, export.audience, borders=results.borders,
            credits=results.credits, manifest=results.manifest,
        )  # fmt: skip
    return [target / "report.html"]


def write_for_audience(
    folder: Path,
    runs: Iterable[SpeciesRun],
    combined: Mapping[str, pd.DataFrame],
    audience: Audience,
    *,
    borders: gpd.GeoDataFrame | None,
    credits: Sequence[str],
    manifest: Mapping[str, Any] | None = None,
) -> tuple[tuple[SpeciesRun, ...], dict[str, pd.DataFrame]]:
    """Write a folder of results for an audience: everything goes through `generalised` first.

    Parameters
    ----------
    runs : iterable of SpeciesRun
        As they were computed, scenario by scenario; taken one at a time.
    combined : mapping of str to DataFrame
        Scenario -> ranking over all species.
    manifest : mapping, optional
        Of the results that are copied: with full precision the page's passages can be tried, which needs the settings.

    Returns
    -------
    tuple
        The runs and the rankings as they were written.
    """
    done: list[Release] = []
    tables: dict[str, pd.DataFrame] = {}
    for precise in runs:
        run = generalised(precise, audience)
        write_species_run(run, folder / run_folder(run.scenario, run.species), borders=borders, credits=credits)
        if run.model is not None:
            write_model(run.model, folder / run_folder(run.scenario, run.species) / MODEL)
        if run.scenario not in {other.scenario for other in done}:
            write_context(folder, run, first=done[0] if done else None, borders=borders, credits=credits)
            if run.scenario in combined:
                table = generalised_ranking(combined[run.scenario], precise.cuts.fences, run.grid, audience)
                write_combined(table, folder / run.scenario)
                tables[run.scenario] = table
        done.append(run)
    known = dict(manifest or {}) if audience is Audience.RESTRICTED else {}
    bases = bases_of(known)
    write_report(
        folder, Contents(runs=tuple(done), combined=tables, bases=bases, credits=tuple(credits), borders=borders)
    )
    write_index(folder, done, credits=credits, combined=tables)
    thanks = {run.scenario: {"credits": list(credits)} for run in done}
    scenarios = {name: known.get("scenarios", thanks)[name] for name in thanks}
    write_manifest(folder, runs=done, scenarios=scenarios, settings=known.get("settings"))
    return tuple(done), tables
