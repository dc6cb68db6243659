"""From a folder of results to files for people: which kinds there are, for whom, and where they go."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import OptionError
from rasters.files.confined import confined
from rasters.plain import unknown
from scenarios.outputs.audience import Audience, audience_named
from scenarios.outputs.folder import ANOTHER, atomic_folder, made_folder
from scenarios.outputs.generalise import generalised
from scenarios.outputs.job import Summary
from scenarios.outputs.kinds import ALL, KINDS, Export
from scenarios.outputs.manifest import Provenance, write_manifest
from scenarios.outputs.pages.built import copy_built
from scenarios.outputs.release import Release
from scenarios.outputs.report.basis import bases_of
from scenarios.outputs.species import write_run
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.outputs.translate import language, require_language
from scenarios.progress import Reporter
from scenarios.study.base import LANGUAGES

if TYPE_CHECKING:
    from scenarios.outputs.field.content import FieldContent

__all__ = ["export_results", "write_report_folder"]


def export_results(
    results: Path,
    kind: str,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    audience: str | None = None,
    lang: str | None = None,
) -> Summary[tuple[Path, ...]]:
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
    lang : str, optional
        Default: English; a report opens in the reader's own.

    Raises
    ------
    ConfigError
        An unknown name; an audience that the kind cannot serve, or that the results are too coarse for.
    """
    start, asked = time.perf_counter(), None if audience is None else audience_named(audience)
    chosen = list(KINDS) if kind == ALL else [kind]
    spoken = lang or "en"
    require_language(spoken, LANGUAGES if kind == ALL else KINDS[kind].speaks, kind)
    if kind != ALL and asked is not None and asked.level > KINDS[kind].serves.level:
        raise OptionError(
            f"--audience {asked}: {kind} lists passages, which the public does not get; "
            f"ask for {KINDS[kind].serves}, or write {', '.join(_serving(asked))}"
        )
    stored = read_results(results)
    served = {
        name: asked or KINDS[name].serves
        for name in chosen
        if spoken in KINDS[name].speaks and (asked is None or asked.level <= KINDS[name].serves.level)
    }
    exports = _Exports(stored, scenario, species, lang or "", out)
    made_folder(out, ANOTHER)
    reporter.expect(len(served), "reading")
    files: list[Path] = []
    for name, whom in served.items():
        reporter.step(f"{name} for {whom}")
        with stored.blaming_changes():
            files += KINDS[name].write(exports.of(whom))
    audiences = {name: whom.value for name, whom in served.items()}
    left_out = [name for name in chosen if name not in served]
    told = [f"{kind}: left out; {_why(kind, spoken)}" for kind in left_out]
    kinds = ", ".join(f"{kind} for {whom}" for kind, whom in audiences.items())
    return Summary(
        folder=out,
        found=tuple(files),
        seconds=time.perf_counter() - start,
        rows={"files": [str(path) for path in files], "audience": audiences, "left_out": left_out},
        notes=[*map(str, files), *told, f"{len(files)} files: {kinds}"],
    )


def _why(kind: str, lang: str) -> str:
    return (
        "it lists passages, which the public does not get"
        if lang in KINDS[kind].speaks
        else f"it has no words in {lang}"
    )


def _serving(audience: Audience) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.serves.level >= audience.level]


class _Exports:
    """Exports of the kinds of one command; what they share is read once."""

    def __init__(
        self, results: StoredResults, scenario: str | None, species: Sequence[str] | None, lang: str, out: Path
    ) -> None:
        self.results, self.lang, self.out = results, lang, out
        self.asked_scenario = _known("--scenario", scenario, results.scenarios) if scenario is not None else None
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
            results=self.results,
            scenario=self.asked_scenario or "",
            species=self.species,
            audience=audience,
            lang=self.lang,
            out=self.out,
            content=lambda: self._content(audience),
        )

    def _content(self, audience: Audience) -> FieldContent:
        from scenarios.outputs.field.content import field_content

        if not self._runs:
            self._runs = [self.results.run(self.scenario, name) for name in self.species]
        if audience not in self._contents:
            self._contents[audience] = field_content(
                [generalised(run, audience) for run in self._runs],
                combined=self.results.combined.get(self.scenario),
                borders=self.results.borders,
                around=self.results.around,
                credits=self.results.credits,
                lang=self.lang or "en",
            )
        return self._contents[audience]


def _known(option: str, name: str, there: Sequence[str]) -> str:
    if name not in there:
        raise OptionError(f"{option}: {unknown(option.removeprefix('--'), name, there)}")
    return name


def write_report_folder(export: Export, out: Path) -> list[Path]:
    """A whole folder of results, as ``otkel run`` would have written it for the audience; the page to open."""
    results, audience = export.results, export.audience
    results.require_settings()
    target = confined(out, f"{results.study}_{audience}_report{language(export.lang or 'en').suffix}")
    keys = [k for k in results.keys if k[1] in export.species and (not export.scenario or k[0] == export.scenario)]
    by_scenario = (
        ([results.run(*key) for key in every], results.combined.get(scenario))
        for scenario, every in itertools.groupby(keys, lambda key: key[0])
    )
    known = results.manifest if audience is Audience.RESTRICTED else {}
    with atomic_folder(target) as folder:
        names = {run["species"]: run["titles"].get("species", run["species"]) for run in known.get("runs", ())}
        shown = write_run(
            folder,
            by_scenario,
            audience,
            borders=results.borders,
            credits=results.credits,
            bases=bases_of(known),
            around=results.around,
            lang=export.lang,
            built=partial(copy_built, results.folder, folder, names) if known else lambda say: {},
        )
        thanks = {run.scenario: {"credits": list(results.credits)} for run in shown.runs}
        scenarios = {name: known.get("scenarios", thanks)[name] for name in thanks}
        write_manifest(folder, shown.runs, Provenance(scenarios=scenarios, settings=known.get("settings", {})))
    return [target / "report.html"]
