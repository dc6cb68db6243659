"""Several scenarios and species of one study, from files to a folder of results."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from scenarios.land.inputs import context_layer, read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.land.provenance import crs_operations, input_paths
from scenarios.model.passage_model import choose_candidates, write_model
from scenarios.model.ranking import combine_species
from scenarios.model.results import SpeciesRun
from scenarios.model.steps import KEPT, StepStore, model_step, solve_step
from scenarios.outputs.audience import Audience
from scenarios.outputs.built import write_built
from scenarios.outputs.context import write_context
from scenarios.outputs.exporting import write_for_audience
from scenarios.outputs.folder import RUN, atomic_folder, run_folder
from scenarios.outputs.manifest import write_manifest
from scenarios.outputs.page import write_index
from scenarios.outputs.release import MODEL, Release, reader_of
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.report.page import write_report
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.species import write_species_run
from scenarios.outputs.stored import as_stored, rounded
from scenarios.outputs.tables import write_combined
from scenarios.progress import Reporter
from scenarios.records.machine import Meter, machine, now
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["KIND", "RunSummary", "resolve_all", "run_resolved", "run_study"]

KIND = RUN
"""What a manifest calls results of `otkel run`."""

SOLVED = 5
STEPS = SOLVED + 3
"""Told per scenario and species: parts that are solved, writing, done, the model of passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What was run, for the terminal and for machines."""

    folder: Path
    runs: tuple[SpeciesRun, ...]
    combined: dict[str, pd.DataFrame]
    measured: dict[str, Any]

    @property
    def seconds(self) -> float:
        """By the clock."""
        return float(self.measured["seconds"])

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "folder": str(self.folder),
            **self.measured,
            "runs": [
                {
                    "scenario": run.scenario,
                    "species": run.species,
                    "seconds": {k: round(v, 2) for k, v in run.seconds.items()},
                    "unreachable_pairs": int((run.pairs["status"] != "reached").sum()),
                    "shortlist": run.ranking.loc[run.ranking["selected"], "candidate"].tolist(),
                }
                for run in self.runs
            ],
            "combined": {name: t.loc[t["selected"], "candidate"].tolist() for name, t in self.combined.items()},
        }

    def print(self, console: Console) -> None:
        """The shortlist of each scenario."""
        for name, table in self.combined.items():
            best = table[table["selected"]]
            if not len(best):
                console.print(f"{name}: {self._why_none()}")
                continue
            shown = Table(title=f"{name}: passages that gain most, all species together", title_justify="left")
            for column in ("rank", "passage", "km", "lat", "lon", "score"):
                left = column == "passage"
                shown.add_column(column, justify="left" if left else "right", overflow="fold" if left else "ellipsis")
            for row in best.itertuples():
                shown.add_row(
                    str(row.rank), row.candidate, f"{row.along_m / 1000:.1f}", f"{row.lat:.3f}", f"{row.lon:.3f}",
                    f"{row.score:.4f}",
                )  # fmt: skip
            console.print(shown)
        console.print(
            f"{len(self.runs)} runs in {self.seconds:.0f} s; open {self.folder / 'report.html'} (maps and what-if) or index.html"
        )

    def _why_none(self) -> str:
        """Why no passage is listed: the public gets none, whatever they gain."""
        if any(reader_of(run) is Audience.PUBLIC for run in self.runs):
            return "passages are withheld from the public"
        return "no candidate passage gains anything (no active fence, or fences closed behind each other)"


def run_study(
    name: str,
    scenarios: Sequence[str] | None,
    species: Sequence[str] | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    store: StepStore | None = None,
    audience: Audience = Audience.RESTRICTED,
) -> RunSummary:
    """Check everything, then solve, then write; the folder appears when it is complete.

    With a ``store`` each solved step is kept at once, and taken from there when it was solved before. For an ``audience``
    other than the restricted one only what it may see is written, and told.
    """
    resolved = resolve_all(name, scenarios, overrides)
    if audience is not Audience.RESTRICTED:
        return _run_for(audience, resolved, species, out, reporter, store)
    return run_resolved(resolved, species, out, reporter, store)


def _run_for(
    audience: Audience,
    resolved: Sequence[ResolvedStudy],
    species: Sequence[str] | None,
    out: Path,
    reporter: Reporter,
    store: StepStore | None,
) -> RunSummary:
    """Solve as always, write what an audience may see."""
    meter = Meter()
    with atomic_folder(out, over_run=True) as folder:
        prepared = {r.scenario: _prepare(r, species) for r in resolved}
        reporter.expect(sum(map(len, prepared.values())) * SOLVED, "checking")
        precise: list[SpeciesRun] = []
        combined: dict[str, pd.DataFrame] = {}
        for one in resolved:
            done = [_solved(one, p, reporter, store) for p in prepared.pop(one.scenario)]
            combined[one.scenario] = rounded(combine_species(one.study, {r.species: r.ranking for r in done}))
            precise += done
        reporter.step(f"writing for {audience}", done=0)
        borders, credits = context_layer(resolved[0], "borders", precise[0].grid), resolved[0].study.credits
        runs, tables = write_for_audience(folder, precise, combined, audience, borders=borders, credits=credits)
    return RunSummary(folder=out, runs=runs, combined=tables, measured=meter.read())


def resolve_all(
    name: str, scenarios: Sequence[str] | None, overrides: Mapping[str, Any] | None = None
) -> list[ResolvedStudy]:
    """A study in each of some scenarios, by default its first."""
    return [resolve(name, scenario, overrides) for scenario in tuple(dict.fromkeys(scenarios or ())) or (None,)]


def run_resolved(
    resolved: Sequence[ResolvedStudy],
    species: Sequence[str] | None,
    out: Path,
    reporter: Reporter,
    store: StepStore | None = None,
) -> RunSummary:
    """`run_study` for settings that are resolved already."""
    meter, began = Meter(), now()
    reporter.way_on = str if store is None else store.way_on
    with atomic_folder(out, over_run=True) as folder:
        prepared = {r.scenario: _prepare(r, species) for r in resolved}
        as_read = {
            path: sha for all_of in prepared.values() for one in all_of for path, sha in one.inputs.files.items()
        }
        profiles = {one.profile.id: one.profile for all_of in prepared.values() for one in all_of}
        reporter.expect(sum(map(len, prepared.values())) * STEPS, "checking")
        runs: list[Release] = []
        combined: dict[str, pd.DataFrame] = {}
        for one in resolved:
            ready = prepared.pop(one.scenario)
            done = [_run_and_write(one, p, folder, reporter, store) for p in ready]
            combined[one.scenario] = rounded(combine_species(one.study, {r.species: r.ranking for r in done}))
            write_combined(combined[one.scenario], folder / one.scenario)
            released = _with_models(done, ready, combined[one.scenario], folder, reporter, store)
            reporter.step(f"{one.scenario}: context", done=0)
            write_context(
                folder, released[0], first=runs[0] if runs else None, borders=context_layer(one, "borders", released[0].grid),
                credits=one.study.credits
            )  # fmt: skip
            runs += released
        reporter.step("pages", done=0)
        built = write_built(folder, resolved[0].study, profiles)
        write_report(folder, _contents(resolved, runs, combined))
        write_index(folder, runs, credits=resolved[0].study.credits, combined=combined, built=built)
        write_manifest(
            folder, kind=KIND, runs=runs, command=["otkel", *sys.argv[1:]], scenarios={r.scenario: r.settings for r in resolved},
            settings={"bases": {r.scenario: {"base": r.base or r.scenario, "overrides": r.overrides} for r in resolved}},
            inputs=input_paths(resolved), as_read=as_read, crs_operations=crs_operations(resolved, runs[0].grid), machine=machine(),
            measured=meter.read(), started=began, finished=now(),
        )  # fmt: skip
    return RunSummary(folder=out, runs=tuple(runs), combined=combined, measured=meter.read())


def _contents(
    resolved: Sequence[ResolvedStudy], runs: Sequence[Release], combined: dict[str, pd.DataFrame]
) -> Contents:
    """What the report page shows."""
    return Contents(
        runs=tuple(runs), combined=combined, credits=tuple(resolved[0].study.credits),
        borders=context_layer(resolved[0], "borders", runs[0].grid),
        bases={r.scenario: Basis.of(r.settings, r.base or r.scenario, r.overrides) for r in resolved},
    )  # fmt: skip


def _prepare(resolved: ResolvedStudy, species: Sequence[str] | None) -> list[Prepared]:
    inputs = read_inputs(resolved, species)
    return [prepare_species(resolved, inputs, name) for name in inputs.profiles]


def _solved(resolved: ResolvedStudy, prepared: Prepared, reporter: Reporter, store: StepStore | None) -> SpeciesRun:
    species = prepared.profile.id
    label = f"{resolved.scenario}, {species}"
    run = as_stored(solve_step(resolved, species, store, partial(_tell, reporter, label), prepared=prepared))
    return run


def _run_and_write(
    resolved: ResolvedStudy, prepared: Prepared, folder: Path, reporter: Reporter, store: StepStore | None
) -> SpeciesRun:
    run = _solved(resolved, prepared, reporter, store)
    label = f"{run.scenario}, {run.species}"
    reporter.step(f"{label}: writing")
    write_species_run(
        run,
        folder / run_folder(run.scenario, run.species),
        borders=context_layer(resolved, "borders", run.grid),
        credits=resolved.study.credits,
    )
    reporter.step(f"{label}: done")
    return run


def _with_models(
    runs: Sequence[SpeciesRun],
    prepared: Sequence[Prepared],
    combined: pd.DataFrame,
    folder: Path,
    reporter: Reporter,
    store: StepStore | None,
) -> list[Release]:
    """The runs of a scenario with their models of the same candidates, which the report page tries; none without a fence."""
    chosen = choose_candidates(prepared, [combined, *(run.ranking for run in runs)])
    out = []
    for run, ready in zip(runs, prepared, strict=True):
        reporter.step(f"{run.scenario}, {run.species}: model of passages")
        model = model_step(ready, chosen, store) if chosen else None
        if model is not None:
            write_model(model, folder / run_folder(run.scenario, run.species) / MODEL)
        out.append(Release.of(run, model=model))
    return out


def _tell(reporter: Reporter, label: str, what: str) -> None:
    """A step that is kept is done at once."""
    reporter.step(f"{label}: {what}", done=SOLVED if what == KEPT else 1)
