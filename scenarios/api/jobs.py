"""The commands of `otkel` for scripts: a function for each, a parameter for each option, by the same name.

What writes a folder gives `Done`: its tables as DataFrames, and what the command would have told. Options that differ in kind: ``--set
KEY=VALUE`` is ``overrides={"key": value}``, ``--json``, ``--quiet`` and ``--verbose`` have no meaning here; ``progress=print`` tells
each step. What goes wrong is an exception of `rasters.errors`, as at the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from rasters.plain import unknown
from scenarios.api.done import Done, Teller, Told
from scenarios.api.given import Folder, Names, Settings, Study, name_of, names_of, path_of, with_evidence
from scenarios.api.results import Results
from scenarios.outputs.job import Summary
from scenarios.outputs.stored import read_results

__all__ = [
    "batch",
    "check",
    "circuitscape",
    "corridors",
    "doctor",
    "explain",
    "export",
    "merge_batch",
    "omniscape",
    "passages",
    "plan",
    "reproduce",
    "run_all",
    "sensitivity",
    "sheet",
    "uncertainty",
    "window",
]


def run_all(
    study: Study, out: Folder, *, scenario: Names = None, species: Names = None, overrides: Settings = None,
    evidence: Folder | None = None, audience: str | None = None, cache: Folder | None = None, no_cache: bool = False,
    lang: str | None = None, progress: Told = None,
) -> Results:  # fmt: skip
    """Run several scenarios into one folder, as `otkel run` does; ``audience``: write only what partners or the public may see."""
    from scenarios.model.steps import open_store
    from scenarios.outputs.audience import Audience, audience_named
    from scenarios.runs.session import run_study

    whom = Audience.RESTRICTED if audience is None else audience_named(audience)
    store = None if no_cache else open_store(path_of(cache))
    chosen = with_evidence(study, evidence, overrides)
    run_study(
        name_of(study), names_of(scenario), names_of(species), Path(out), chosen, Teller(progress), store, whom, lang
    )
    return Results(stored=read_results(Path(out)))


def passages(
    study: Study, out: Folder, *, budget: float | None = None, objective: str | None = None, k: int | None = None, draws: int = 0,
    seed: int = 1, jobs: int = 1, scenario: str | None = None, species: Names = None, overrides: Settings = None,
    evidence: Folder | None = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """Choose passages and other actions for a budget: ``found`` is a `scenarios.passages.choose.PortfolioRun`."""
    from scenarios.passages.session import run_passages

    asked = {"portfolio.budget": budget, "portfolio.objective": objective, "portfolio.most": k}
    chosen = with_evidence(study, evidence, overrides) | {
        key: value for key, value in asked.items() if value is not None
    }
    summary = run_passages(
        name_of(study),
        scenario,
        names_of(species),
        Path(out),
        chosen,
        Teller(progress),
        draws=draws,
        seed=seed,
        jobs=jobs,
        lang=lang,
    )
    return Done(summary=summary)


def uncertainty(
    study: Study, out: Folder, *, draws: int = 64, seed: int = 1, top: int = 10, jobs: int = 1, best: int = 100,
    cache: Folder | None = None, scenario: str | None = None, species: Names = None, overrides: Settings = None,
    lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """Draw uncertain numbers and rank again: how firm the ranking of passages is, and which number matters most."""
    from scenarios.uncertainty.session import run_uncertainty_study

    summary = run_uncertainty_study(
        name_of(study), Path(out), Teller(progress), scenario=scenario, species=names_of(species), overrides=overrides, draws=draws,
        seed=seed, top=top, jobs=jobs, best=best, cache=path_of(cache), lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


def corridors(
    study: Study,
    out: Folder,
    *,
    scenario: Names = None,
    species: Names = None,
    overrides: Settings = None,
    lang: str | None = None,
    progress: Told = None,
) -> Done:
    """Rank every corridor to the targets: ``found`` is a list of `scenarios.corridors.results.SpeciesCorridors`."""
    from scenarios.corridors.session import run_corridor_study

    summary = run_corridor_study(
        name_of(study), names_of(scenario), names_of(species), Path(out), overrides or {}, Teller(progress), lang
    )
    return Done(summary=summary)


def sensitivity(
    study: Study, out: Folder, *, indicator: Names = "conductance", scenario: str | None = None, species: Names = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What results hang on, by exact slopes: ``found`` is a list of `scenarios.sensitivity.files.Sensitivity`."""
    from rasters.errors import OptionError
    from scenarios.sensitivity.indicators import INDICATORS
    from scenarios.sensitivity.session import run_sensitivity

    chosen = tuple(names_of(indicator) or ("conductance",))
    for one in chosen:
        if one not in INDICATORS:
            raise OptionError(f"indicator: {unknown('indicator', one, INDICATORS)}")
    summary = run_sensitivity(
        name_of(study), scenario, names_of(species), chosen, Path(out), overrides or {}, Teller(progress), lang
    )
    return Done(summary=summary)


def plan(
    study: Study, *, scenario: Names = None, species: Names = None, overrides: Settings = None, cache: Folder | None = None,
    progress: Told = None,
) -> Any:  # fmt: skip
    """What a run would take: a `scenarios.runs.plan.Plan`; nothing is solved."""
    from scenarios.model.steps import open_store
    from scenarios.runs.plan import plan_study

    return plan_study(
        name_of(study),
        names_of(scenario),
        names_of(species),
        overrides or {},
        Teller(progress),
        open_store(path_of(cache)),
    )


def check(study: Study, *, scenario: Names = None, overrides: Settings = None, progress: Told = None) -> Any:
    """Check inputs and fences: a `scenarios.runs.findings.CheckReport`, whose ``findings`` say what passed."""
    from scenarios.runs.check import check_study

    return check_study(name_of(study), names_of(scenario), overrides or {}, Teller(progress))


def explain(
    study: Study,
    lon: float,
    lat: float,
    *,
    scenario: str | None = None,
    species: Names = None,
    overrides: Settings = None,
) -> Any:
    """Why the cell at a point [degrees, WGS 84] costs what it costs, rule by rule; ``print`` it for a text."""
    from scenarios.runs.explain import explain_point

    return explain_point(
        name_of(study), lon, lat, scenario=scenario, species=names_of(species), overrides=overrides or {}
    )


def export(
    results: Folder, kind: str, out: Folder, *, scenario: str | None = None, species: Names = None, audience: str | None = None,
    lang: str | None = None, progress: Told = None,
) -> tuple[Path, ...]:  # fmt: skip
    """Write results for people; ``kind`` is one of `scenarios.outputs.kinds.KINDS`, or ``"all"``. Returns the files."""
    from rasters.errors import OptionError
    from scenarios.outputs.exporting import export_results
    from scenarios.outputs.kinds import ALL, KINDS

    if kind not in (ALL, *KINDS):
        raise OptionError(unknown("kind", kind, (ALL, *KINDS)))
    return export_results(
        Path(results),
        kind,
        Path(out),
        Teller(progress),
        scenario=scenario,
        species=names_of(species),
        audience=audience,
        lang=lang,
    ).found


def sheet(
    results: Folder, out: Folder, *, passage: Names = None, fence: str | None = None, from_km: float | None = None,
    to_km: float | None = None, series: bool = False, scale: float | None = None, paper: str = "A4", orientation: str | None = None,
    species: str = "all", scenario: str | None = None, lang: str = "en", audience: str | None = None, geo: bool = True,
) -> Path:  # fmt: skip
    """Write paper sheets as one PDF: an overview, close-ups of passages, or a stretch of fence [km]. Returns the file."""
    from scenarios.outputs.sheets.document import export_sheet
    from scenarios.outputs.sheets.plan import SheetRequest

    request = SheetRequest(
        passages=tuple(names_of(passage) or ()), fence=fence or "", from_km=from_km, to_km=to_km, series=series, scale=scale, paper=paper,
        orientation=orientation,
    )  # fmt: skip
    export_sheet(
        Path(results), request, Path(out), scenario=scenario, species=species, audience=audience, lang=lang, geo=geo
    )
    return Path(out)


def batch(
    study: Study, matrix: Folder, out: Folder, *, jobs: int = 1, keep: Literal["tables", "maps", "all"] = "tables", task: str = "1/1",
    overrides: Settings = None, workers: int | None = None, scheduler: str | None = None, send_files: bool = False,
    cache: Folder | None = None, no_cache: bool = False, progress: Told = None,
) -> Done:  # fmt: skip
    """Do every run of a matrix that is not done yet; ``["summary"]`` is the table of all runs. Failed ones are in ``rows["failed"]``."""
    from scenarios.batch.session import BatchRequest, run_batch
    from scenarios.model.steps import open_store

    number, _, of = task.partition("/")
    request = BatchRequest(
        study=name_of(study), matrix=Path(matrix), out=Path(out), overrides=dict(overrides or {}), keep=keep, jobs=jobs,
        task=int(number), tasks=int(of), workers=workers, scheduler=scheduler, send_files=send_files,
        store=None if no_cache else open_store(path_of(cache)).folder,
    )  # fmt: skip
    return Done(summary=run_batch(request, Teller(progress)))


def merge_batch(folder: Folder, *, partial: bool = False) -> Done:
    """Put the parts of a job array together."""
    from scenarios.batch.session import merge_batch as merge

    return Done(summary=merge(Path(folder), partial=partial))


def window(
    study: Study, radius_km: float, out: Folder, *, block_km: float = 0.0, buffer_km: float = 0.0, cutoff: float = np.inf,
    scenario: str | None = None, species: Names = None, overrides: Settings = None, workers: int | None = None,
    scheduler: str | None = None, send_files: bool = False, progress: Told = None,
) -> Done:  # fmt: skip
    """Omnidirectional connectivity by a moving window of a study, or of a GeoTIFF of resistance."""
    from scenarios.windows.job import machines_of
    from scenarios.windows.study import WindowRequest, run_window

    request = WindowRequest(radius_km=radius_km, buffer_km=buffer_km, block_km=block_km, cutoff=cutoff)
    summary = run_window(
        name_of(study), request, Path(out), scenario=scenario, species=names_of(species), overrides=overrides or {},
        machines=machines_of(workers, scheduler, send_files), reporter=Teller(progress),
    )  # fmt: skip
    return Done(summary=summary)


def circuitscape(job: Folder, *, out: Folder | None = None, method: str = "auto") -> Summary[Any]:
    """Run an existing Circuitscape job."""
    from scenarios.other_programs.circuitscape.job import run_job

    return run_job(Path(job), path_of(out), method)


def omniscape(
    job: Folder, *, out: Folder | None = None, workers: int | None = None, scheduler: str | None = None, send_files: bool = False,
    progress: Told = None,
) -> Summary[Any]:  # fmt: skip
    """Run an existing Omniscape job."""
    from scenarios.other_programs.omniscape.job import run_omniscape
    from scenarios.windows.job import machines_of

    return run_omniscape(Path(job), path_of(out), machines_of(workers, scheduler, send_files), Teller(progress))


def reproduce(
    manifest: Folder, out: Folder, *, study: Study | None = None, cache: Folder | None = None, progress: Told = None
) -> Any:
    """Run the result of a manifest.json again and compare (``otkel run --from``)."""
    from scenarios.model.steps import open_store
    from scenarios.runs.reproduce import reproduce as again

    store = None if cache is None else open_store(Path(cache))
    return again(
        Path(manifest), Path(out), Teller(progress), study=None if study is None else name_of(study), store=store
    )


def doctor(*, sources: bool = False, progress: Told = None) -> Any:
    """What is installed, and whether the solvers agree here: a `scenarios.runs.doctor.DoctorReport`; with ``sources`` also each
    file that was fetched for regions."""
    from scenarios.region.addresses import cache_of_user
    from scenarios.runs.doctor import examine

    kept = cache_of_user()
    listed = [one.as_row() for one in kept.entries()] if sources else []
    return examine(Teller(progress), {"fetched files": kept.in_words()}, listed)
