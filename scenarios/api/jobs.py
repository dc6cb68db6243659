"""The commands of `otkel` for scripts: a function for each, a parameter for each option, by the same name.

What writes a folder gives `Done`: its tables as DataFrames, and what the command would have told. Options that differ in kind: ``--set
KEY=VALUE`` is ``overrides={"key": value}``, ``--json``, ``--quiet`` and ``--verbose`` have no meaning here; ``progress=print`` tells
each step. What goes wrong is an exception of `rasters.errors`, as at the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from rasters.plain import unknown
from scenarios.api.done import Done, Teller, Told
from scenarios.api.results import OpenStudy, Results
from scenarios.outputs.job import Summary
from scenarios.outputs.stored import read_results
from scenarios.region.limits import MOST_MB

__all__ = [
    "batch", "check", "circuitscape", "corridors", "crime", "doctor", "evidence", "explain", "export", "indicators",
    "keys", "merge_batch", "new", "new_species", "omniscape", "passages", "plan", "region", "reproduce", "run_all", "sensitivity",
    "share_evidence", "sheet", "show_species", "simulate_evidence", "simulate_tracks", "species", "tracks", "uncertainty",
    "window", "with_evidence",
]  # fmt: skip

Study = OpenStudy | str | Path
Names = Sequence[str] | str | None
Settings = Mapping[str, Any] | None
Folder = str | Path


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
    store = None if no_cache else open_store(_path(cache))
    chosen = with_evidence(study, evidence, overrides)
    run_study(_name(study), _names(scenario), _names(species), Path(out), chosen, Teller(progress), store, whom, lang)
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
        _name(study),
        scenario,
        _names(species),
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
        _name(study), Path(out), Teller(progress), scenario=scenario, species=_names(species), overrides=overrides, draws=draws,
        seed=seed, top=top, jobs=jobs, best=best, cache=_path(cache), lang=lang,
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
        _name(study), _names(scenario), _names(species), Path(out), overrides or {}, Teller(progress), lang
    )
    return Done(summary=summary)


def sensitivity(
    study: Study, out: Folder, *, indicator: Names = "conductance", scenario: str | None = None, species: Names = None,
    overrides: Settings = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What results hang on, by exact slopes: ``found`` is a list of `scenarios.sensitivity.files.Sensitivity`."""
    from rasters.errors import OptionError
    from scenarios.sensitivity.indicators import INDICATORS
    from scenarios.sensitivity.session import run_sensitivity

    chosen = tuple(_names(indicator) or ("conductance",))
    for one in chosen:
        if one not in INDICATORS:
            raise OptionError(f"indicator: {unknown('indicator', one, INDICATORS)}")
    summary = run_sensitivity(
        _name(study), scenario, _names(species), chosen, Path(out), overrides or {}, Teller(progress)
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
        _name(study), _names(scenario), _names(species), overrides or {}, Teller(progress), open_store(_path(cache))
    )


def check(study: Study, *, scenario: Names = None, overrides: Settings = None, progress: Told = None) -> Any:
    """Check inputs and fences: a `scenarios.runs.findings.CheckReport`, whose ``findings`` say what passed."""
    from scenarios.runs.check import check_study

    return check_study(_name(study), _names(scenario), overrides or {}, Teller(progress))


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

    return explain_point(_name(study), lon, lat, scenario=scenario, species=_names(species), overrides=overrides or {})


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
        species=_names(species),
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
        passages=tuple(_names(passage) or ()), fence=fence or "", from_km=from_km, to_km=to_km, series=series, scale=scale, paper=paper,
        orientation=orientation,
    )  # fmt: skip
    export_sheet(
        Path(results), request, Path(out), scenario=scenario, species=species, audience=audience, lang=lang, geo=geo
    )
    return Path(out)


def evidence(
    study: Study, data: Folder, out: Folder, *, results: Folder | None = None, alternative: Mapping[str, Folder] | None = None,
    settings: Folder | None = None, ranking: bool = True, seed: int = 1, scenario: str | None = None, species: Names = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What camera traps say: ``found`` is a `scenarios.evidence.findings.Findings`; ``alternative`` names other results."""
    from scenarios.evidence.session import run_evidence

    summary = run_evidence(
        _name(study), Path(data), Path(out), Teller(progress), results=_path(results),
        alternatives={name: Path(folder) for name, folder in (alternative or {}).items()}, scenario=scenario, species=_names(species),
        overrides=overrides, settings=_path(settings), ranking=ranking, seed=seed, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


def tracks(
    study: Study, data: Folder, out: Folder, *, settings: Folder | None = None, ranking: bool = True, seed: int = 1,
    scenario: str | None = None, species: Names = None, overrides: Settings = None, progress: Told = None,
) -> Done:  # fmt: skip
    """What collars say: ``found`` is a `scenarios.tracks.findings.Findings`."""
    from scenarios.tracks.session import run_tracks

    summary = run_tracks(
        _name(study), Path(data), Path(out), Teller(progress), scenario=scenario, species=_names(species), overrides=overrides,
        settings=_path(settings), ranking=ranking, seed=seed,
    )  # fmt: skip
    return Done(summary=summary)


def simulate_evidence(
    study: Study,
    out: Folder,
    *,
    seed: int = 1,
    scenario: str | None = None,
    overrides: Settings = None,
    progress: Told = None,
) -> Done:
    """Make SYNTHETIC camera-trap and patrol data with their truth."""
    from scenarios.synthetic.traps import simulate_evidence as simulate

    return Done(summary=simulate(_name(study), scenario, Path(out), overrides or {}, Teller(progress), seed=seed))


def simulate_tracks(
    study: Study, out: Folder, *, seed: int = 1, days: int = 240, scenario: str | None = None, overrides: Settings = None,
    progress: Told = None,
) -> Done:  # fmt: skip
    """Make SYNTHETIC tracks of collared animals with their truth."""
    from scenarios.synthetic.walkers import simulate_tracks as simulate

    return Done(
        summary=simulate(_name(study), scenario, Path(out), overrides or {}, Teller(progress), seed=seed, days=days)
    )


def share_evidence(
    study: Study, evidence: Folder, out: Folder, *, audience: str = "public", progress: Told = None
) -> Done:
    """A package of the evidence for partners or the public."""
    from scenarios.evidence.sharing import share_evidence as share

    return Done(summary=share(_name(study), Path(evidence), Path(out), Teller(progress), audience=audience))


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
        study=_name(study), matrix=Path(matrix), out=Path(out), overrides=dict(overrides or {}), keep=keep, jobs=jobs,
        task=int(number), tasks=int(of), workers=workers, scheduler=scheduler, send_files=send_files,
        store=None if no_cache else open_store(_path(cache)).folder,
    )  # fmt: skip
    return Done(summary=run_batch(request, Teller(progress)))


def merge_batch(folder: Folder, *, partial: bool = False) -> Done:
    """Put the parts of a job array together."""
    from scenarios.batch.session import merge_batch as merge

    return Done(summary=merge(Path(folder), partial=partial))


def crime(
    study: Study, data: Folder, out: Folder, *, results: Folder | None = None, audience: str = "partner", scenario: str | None = None,
    overrides: Settings = None, lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """Count what patrols meet: rates, change, blind spots, and a map of poaching risk."""
    from scenarios.crime.session import run_crime

    summary = run_crime(
        _name(study), Path(data), Path(out), Teller(progress), scenario=scenario, overrides=overrides, results=_path(results),
        audience=audience, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


def indicators(
    study: Study, year: Mapping[int, str], out: Folder, *, traps: Folder | None = None, patrols: Folder | None = None, draws: int = 8,
    seed: int = 1, species: Names = None, audience: str = "partner", lang: str | None = None, progress: Told = None,
) -> Done:  # fmt: skip
    """The yearly table: ``year={2025: "baseline", 2026: "agreed-1km"}`` says what stood in each."""
    from scenarios.indicators.session import run_indicators

    summary = run_indicators(
        _name(study), [f"{one}={scenario}" for one, scenario in year.items()], Path(out), Teller(progress), species=_names(species),
        traps=_path(traps), patrols=_path(patrols), draws=draws, seed=seed, audience=audience, lang=lang,
    )  # fmt: skip
    return Done(summary=summary)


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
        _name(study), request, Path(out), scenario=scenario, species=_names(species), overrides=overrides or {},
        machines=machines_of(workers, scheduler, send_files), reporter=Teller(progress),
    )  # fmt: skip
    return Done(summary=summary)


def circuitscape(job: Folder, *, out: Folder | None = None, method: str = "auto") -> Summary[Any]:
    """Run an existing Circuitscape job."""
    from scenarios.other_programs.circuitscape.job import run_job

    return run_job(Path(job), _path(out), method)


def omniscape(
    job: Folder, *, out: Folder | None = None, workers: int | None = None, scheduler: str | None = None, send_files: bool = False,
    progress: Told = None,
) -> Summary[Any]:  # fmt: skip
    """Run an existing Omniscape job."""
    from scenarios.other_programs.omniscape.job import run_omniscape
    from scenarios.windows.job import machines_of

    return run_omniscape(Path(job), _path(out), machines_of(workers, scheduler, send_files), Teller(progress))


def reproduce(
    manifest: Folder, out: Folder, *, study: Study | None = None, cache: Folder | None = None, progress: Told = None
) -> Any:
    """Run the result of a manifest.json again and compare (``otkel run --from``)."""
    from scenarios.model.steps import open_store
    from scenarios.runs.reproduce import reproduce as again

    store = None if cache is None else open_store(Path(cache))
    return again(
        Path(manifest), Path(out), Teller(progress), study=None if study is None else _name(study), store=store
    )


def doctor(*, sources: bool = False, progress: Told = None) -> Any:
    """What is installed, and whether the solvers agree here: a `scenarios.runs.doctor.DoctorReport`; with ``sources`` also each
    file that was fetched for regions."""
    from scenarios.region.addresses import cache_of_user
    from scenarios.runs.doctor import examine

    kept = cache_of_user()
    listed = [one.as_row() for one in kept.entries()] if sources else []
    return examine(Teller(progress), {"fetched files": kept.in_words()}, listed)


def keys(section: str | None = None, *, json_schema: bool = False) -> Any:
    """Every key of settings files, or of a section of one, as a DataFrame; with ``json_schema`` the schema of a kind of file."""
    from scenarios.keys.listing import list_keys

    found = list_keys(section, as_schema=json_schema).as_dict()
    return found if json_schema else pd.DataFrame(found["keys"])


def new(
    name: Folder,
    *,
    bounds: Sequence[float] | None = None,
    area: Folder | None = None,
    cell_m: float | None = None,
    public: bool = False,
    dem: Folder | None = None,
    landcover: Folder | None = None,
    species: Names = (),
    fences: Folder | None = None,
    passages: Folder | None = None,
    reserves: Folder | None = None,
    cores: Folder | None = None,
    move_from: Names = (),
    move_to: Names = (),
    geometry_status: str | None = None,
    state: str | None = None,
    example: str | None = None,
    progress: Told = None,
) -> Any:
    """Begin a study, see `otkel new`: for ``bounds`` (west, south, east, north [degrees]) or an ``area``, or a copy of a bundled one."""
    from scenarios.beginning.guided import NewRequest, begin

    request = NewRequest(
        folder=Path(name),
        bounds=None if bounds is None else tuple(bounds),
        area=_path(area),
        cell_m=cell_m,
        public=public,
        species=tuple(_names(species) or ()),
        dem=_path(dem),
        landcover=_path(landcover),
        fences=_path(fences),
        passages=_path(passages),
        reserves=_path(reserves),
        cores=_path(cores),
        move_from=tuple(_names(move_from) or ()),
        move_to=tuple(_names(move_to) or ()),
        geometry_status=geometry_status,
        state=state,
        example=example,
    )
    return begin(request, Teller(progress))


def species() -> pd.DataFrame:
    """The species profiles of the library: names, body, whether the border fence lets it through, how many numbers are assumed."""
    from scenarios.keys.species_list import list_species

    return pd.DataFrame(list_species().as_dict()["species"])


def show_species(profile: str) -> pd.DataFrame:
    """The numbers of a profile of the library, ``what, where, value, unit, origin``; its assumptions are in ``attrs``."""
    from scenarios.keys.species_list import show_species as show

    shown = show(profile).as_dict()
    table = pd.DataFrame(shown["numbers"]).drop(columns="curve")
    table.attrs["assumptions"] = shown["assumptions"]
    return table


def new_species(profile: str, *, source: str | None = None, into: Folder = ".") -> Any:
    """Write a species file with every key explained, of placeholders or from a profile of the library; nothing is overwritten."""
    from scenarios.keys.species_new import new_species as write

    return write(profile, Path(into), source)


def region(
    out: Folder, *, bbox: Sequence[float] | None = None, area: Folder | None = None, cell_m: float | None = None,
    species: Names = "urial", plan: bool = False, offline: bool = False, dem: Folder | None = None,
    landcover: Folder | None = None, pbf: Folder | None = None, wdpa: Folder | None = None, overpass: bool = False,
    address: Names = (), most_mb: float = MOST_MB, progress: Told = None,
) -> Any:  # fmt: skip
    """Make a study of any region, from its bounds (west, south, east, north [degrees]) or a vector file; see `otkel region`.

    With ``plan`` nothing is made, and what would be fetched is returned. OptionError unless one of ``bbox`` and ``area`` is given.
    """
    from scenarios.region.given import Given, bounds_of
    from scenarios.region.session import make_region, plan_region

    bounds = bounds_of(bbox, _path(area))
    given = Given(
        dem=_path(dem), landcover=_path(landcover), pbf=_path(pbf), wdpa=_path(wdpa), overpass=overpass,
        addresses=_names(address) or (),
    )  # fmt: skip
    if plan:
        return plan_region(bounds, cell_m, given)
    return make_region(
        Path(out), bounds, _names(species) or ["urial"], Teller(progress), given=given, cell_m=cell_m, offline=offline,
        most_mb=most_mb,
    )  # fmt: skip


def with_evidence(study: Study, evidence: Folder | None, overrides: Settings) -> dict[str, Any]:
    """Overrides of evidence, a file or a folder with several, then those that are given, which come first."""
    if evidence is None:
        return dict(overrides or {})
    from scenarios.evidence.taking import take_evidence

    return {**take_evidence(Path(evidence), _name(study)).overrides, **(overrides or {})}


def _name(study: Study) -> str:
    return str(study.path if isinstance(study, OpenStudy) else study)


def _names(names: Names) -> list[str] | None:
    return [names] if isinstance(names, str) else None if names is None else list(names)


def _path(folder: Folder | None) -> Path | None:
    return None if folder is None else Path(folder)
