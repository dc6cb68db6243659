"""Several scenarios and species of one study, from files to a folder of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from connectivity.precompile import compiled_beside
from scenarios.land.inputs import context_layer, read_inputs, same_layers, size_of
from scenarios.land.memory import Stage, require_memory
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.naming import passage_names
from scenarios.model.passage_model import choose_candidates
from scenarios.model.ranking import numbered
from scenarios.model.results import SpeciesRun, shortlist
from scenarios.model.steps import KEPT, StepStore, model_step, solve_step
from scenarios.outputs.audience import Audience
from scenarios.outputs.columns import FILED
from scenarios.outputs.folder import RUN
from scenarios.outputs.gis.context import surroundings_of
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.pages.built import write_built
from scenarios.outputs.precision import as_stored, rounded
from scenarios.outputs.release import Release, reader_of
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.species import write_run
from scenarios.outputs.translate import require_language
from scenarios.outputs.words import line_gaps
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["KIND", "resolve_all", "run_resolved", "run_study", "shortlists"]

KIND = RUN
"""What a manifest calls results of `otkel run`."""

SOLVED = 5
STEPS = SOLVED + 2
"""Told per scenario and species: parts that are solved, the model of passages, writing."""


def run_study(
    name: str,
    scenarios: Sequence[str] | None,
    species: Sequence[str] | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    store: StepStore | None = None,
    audience: Audience = Audience.RESTRICTED,
    lang: str | None = None,
) -> Summary[Contents]:
    """Check everything, then solve, then write; the folder appears when it is complete.

    With a ``store`` each solved step is kept at once, and taken from there when it was solved before. For an ``audience``
    other than the restricted one only what it may see is written, and told. Maps and pages are in the language ``lang``, by default
    English.
    """
    require_language(lang or "en")
    return run_resolved(resolve_all(name, scenarios, overrides), species, out, reporter, store, audience, lang)


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
    audience: Audience = Audience.RESTRICTED,
    lang: str | None = None,
) -> Summary[Contents]:
    """`run_study` for settings that are resolved already."""
    reporter.way_on = str if store is None else store.way_on
    full = audience is Audience.RESTRICTED
    stated: dict[str, Any] = {
        "bases": {r.scenario: {"base": r.base or r.scenario, "overrides": r.overrides} for r in resolved}
    }
    stated |= {"lang": lang} if lang else {}
    require_memory(size_of(resolved, species), Stage.SOLVED)
    kind = KIND if full else ""
    with compiled_beside(), results_folder(out, resolved, over_run=True, kind=kind, settings=stated) as job:
        prepared = _prepared(resolved, species)
        job.as_read = {path: sha for every in prepared for one in every for path, sha in one.inputs.files.items()}
        profiles = {one.profile.id: one.profile for every in prepared for one in every}
        coverage = prepared[0][0].inputs.coverage
        reporter.expect(sum(map(len, prepared)) * STEPS, "checking")
        found = write_run(
            job.folder,
            _solved(resolved, prepared, reporter, store, models=full),
            audience,
            borders=context_layer(resolved[0], "borders", prepared[0][0].inputs.grid),
            credits=resolved[0].study.credits,
            bases={r.scenario: Basis.of(r.settings, r.base or r.scenario, r.overrides) for r in resolved},
            around=surroundings_of(resolved[0], prepared[0][0].inputs.grid),
            lang=lang or "",
            built=partial(write_built, job.folder, resolved[0].study, profiles) if full else lambda say: {},
        )
        job.runs = found.runs
    gaps = sorted({line_gaps(run) for run in found.runs} - {""})
    said = [
        *shortlists(found),
        *gaps,
        f"layers know this share of the grid: {coverage}",
        f"{len(found.runs)} runs; report.html has maps and what-if, index.html all files",
    ]
    return job.summary(found, _rows(found), said, opens="report.html")


def _prepared(resolved: Sequence[ResolvedStudy], species: Sequence[str] | None) -> list[list[Prepared]]:
    """Every species of every scenario; scenarios with the same layers share them."""
    found: list[list[Prepared]] = []
    for one in resolved:
        alike = (every[0] for every in found if same_layers(every[0].resolved, one))
        known = next((first.inputs.layers for first in alike), None)
        inputs = read_inputs(one, species, layers=known)
        found.append([prepare_species(one, inputs, name) for name in inputs.profiles])
    return found


def _solved(
    resolved: Sequence[ResolvedStudy],
    prepared: list[list[Prepared]],
    reporter: Reporter,
    store: StepStore | None,
    *,
    models: bool,
) -> Iterator[tuple[Sequence[SpeciesRun], pd.DataFrame]]:
    """The runs of each scenario and the ranking over its species; what is prepared is let go when its scenario is written."""
    for one in resolved:
        ready = prepared.pop(0)
        runs = []
        for each in ready:
            tell = partial(_tell, reporter, f"{one.scenario}, {each.profile.id}")
            runs.append(as_stored(solve_step(one, each.profile.id, store, tell, prepared=each)))
        runs, combined = numbered(one.study, runs)
        combined = rounded(combined)
        shown = _with_models(runs, ready, combined, reporter, store) if models else runs
        reporter.step(f"{one.scenario}: writing", done=len(runs))
        yield shown, combined
        del ready, runs, shown
    reporter.step("pages", done=0)


def _with_models(
    runs: Sequence[SpeciesRun],
    prepared: Sequence[Prepared],
    combined: pd.DataFrame,
    reporter: Reporter,
    store: StepStore | None,
) -> list[Release]:
    """The runs of a scenario with their models of the same candidates, which the report page tries; none without a fence."""
    chosen = choose_candidates(prepared, [combined, *(run.ranking for run in runs)])
    out = []
    for run, ready in zip(runs, prepared, strict=True):
        reporter.step(f"{run.scenario}, {run.species}: model of passages")
        out.append(Release.of(run, model=model_step(ready, chosen, store) if chosen else None))
    return out


def _rows(found: Contents) -> dict[str, Any]:
    """Plain data: what was run, and its shortlists."""
    return {
        "runs": [
            {
                "scenario": run.scenario,
                "species": run.species,
                "seconds": {k: round(v, 2) for k, v in run.seconds.items()},
                "unreachable_pairs": int((run.pairs["status"] != "reached").sum()),
                "shortlist": run.ranking.loc[run.ranking["selected"], "candidate"].tolist(),
            }
            for run in found.runs
        ],
        "combined": {name: t.loc[t["selected"], "candidate"].tolist() for name, t in found.combined.items()},
        "passages": {name: _passage_rows(found, name, shortlist(t)) for name, t in found.combined.items()},
    }


def _passage_rows(found: Contents, scenario: str, best: pd.DataFrame) -> list[dict[str, Any]]:
    """The shortlist of a scenario with its scores, in the words of ``passages.csv``."""
    columns = ["number", "candidate", "fence", "along_m", "lon", "lat", "design", "score"]
    fences = next((run.cuts.fences for run in found.runs if run.scenario == scenario), ())
    rows = best[[name for name in columns if name in best]].rename(columns=FILED)
    return rows.assign(name=passage_names(fences, best)).to_dict("records") if len(best) else []


def shortlists(found: Contents) -> Iterator[RenderableType]:
    """The shortlist of each scenario, or why there is none."""
    for name, table in found.combined.items():
        best = shortlist(table)
        if not len(best):
            yield f"{name}: {_why_none(found.runs, name)}"
            continue
        shown = Table(title=f"{name}: passages that gain most, all species together", title_justify="left")
        for column in ("no.", "passage", "lat", "lon", "score"):
            left = column == "passage"
            shown.add_column(column, justify="left" if left else "right", overflow="fold" if left else "ellipsis")
        fences = next(run.cuts.fences for run in found.runs if run.scenario == name)
        for row, called in zip(best.itertuples(), passage_names(fences, best), strict=True):
            shown.add_row(str(row.number), Text(called), f"{row.lat:.3f}", f"{row.lon:.3f}", f"{row.score:.4f}")
        yield shown


def _why_none(runs: Sequence[SpeciesRun], scenario: str) -> str:
    """Why no passage is listed: the public gets none, whatever they gain."""
    if any(reader_of(run) is Audience.PUBLIC for run in runs):
        return "passages are withheld from the public"
    if any(len(run.standing) for run in runs if run.scenario == scenario):
        return (
            "no passage is proposed: every place that improves connectivity is nearer to a passage that stands than "
            "candidates.min_spacing_m, or a second fence stays closed"
        )
    return (
        "no single passage improves connectivity: no fence is active, or a second fence behind the first stays closed"
    )


def _tell(reporter: Reporter, label: str, what: str) -> None:
    """A step that is kept is done at once."""
    reporter.step(f"{label}: {what}", done=SOLVED if what == KEPT else 1)
