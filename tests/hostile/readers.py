"""Every reader of otkel by name: what it reads, and the door that the commands use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rasters.files.reading import read_grid, read_raster
from rasters.files.vectors import read_vectors
from scenarios.batch.matrix import expand, read_matrix
from scenarios.batch.plan import BatchRequest, plan_batch
from scenarios.batch.run import resolve_variant
from scenarios.commands.common import parse_overrides
from scenarios.comparison.sides import compare_sides, sides_of
from scenarios.crime.rates import changes, encounter_rates, pike
from scenarios.crime.risk import effort_map, risk_map
from scenarios.crime.tables import read_crime
from scenarios.evidence.findings import EvidenceJob, find
from scenarios.evidence.overlay import read_overlay
from scenarios.evidence.package import read_traps
from scenarios.indicators.years import parse_years
from scenarios.land.inputs import context_layer, read_fences, read_inputs, read_profile
from scenarios.land.prepared import prepare_species
from scenarios.model.steps import StepStore, solve_step, step_key
from scenarios.other_programs.circuitscape.job import run_job
from scenarios.other_programs.omniscape.job import run_omniscape
from scenarios.outputs.exporting import export_results
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.stored import read_results
from scenarios.progress import Reporter
from scenarios.runs.reproduce import stated_run
from scenarios.study.load import ResolvedStudy, resolve
from scenarios.windows.job import Machines
from tests.hostile import seeds
from tests.hostile.door import GRID, Reader
from tests.hostile.field_readers import FIELD_READERS

__all__ = ["READERS"]


def _prepared(resolved: ResolvedStudy) -> None:
    """All that is done before the first solve."""
    inputs = read_inputs(resolved)
    context_layer(resolved, "borders", inputs.grid)
    for name in inputs.profiles:
        step_key(resolved, prepare_species(resolved, inputs, name).profile, inputs.files)


def _resolved(folder: Path, *given: Any, study: str = "study.yaml") -> ResolvedStudy:
    resolved = resolve(str(folder / study), *given)
    for name in resolved.study.species:
        read_profile(resolved, name)
    return resolved


def _study(folder: Path, _: str) -> None:
    _resolved(folder)


def _whole_study(folder: Path, _: str) -> None:
    _prepared(_resolved(folder))


def _whole_other(folder: Path, _: str) -> None:
    _prepared(_resolved(folder, study="other.yaml"))


def _scenario(folder: Path, _: str) -> None:
    _resolved(folder, str(folder / "own.yaml"))


def _whole_scenario(folder: Path, _: str) -> None:
    _prepared(_resolved(folder, str(folder / "own.yaml")))


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_bytes().decode("utf-8", "surrogateescape")


def _overrides(folder: Path, name: str) -> None:
    _resolved(folder, None, parse_overrides([_text(folder, name)]))


def _whole_overrides(folder: Path, name: str) -> None:
    _prepared(_resolved(folder, None, parse_overrides([_text(folder, name)])))


def _overlay(folder: Path, name: str) -> None:
    _resolved(folder, None, read_overlay(folder / name, "tiny").set)


def _whole_overlay(folder: Path, name: str) -> None:
    _prepared(_resolved(folder, None, read_overlay(folder / name, "tiny").set))


def _matrix(folder: Path, name: str) -> None:
    study = str(folder / "study.yaml")
    runs = expand(*read_matrix(folder / name, study), study)
    resolve_variant(study, runs[0].variant, {})


def _whole_matrix(folder: Path, name: str) -> None:
    plan_batch(BatchRequest(study=str(folder / "study.yaml"), matrix=folder / name, out=folder / "batch"))


def _years(folder: Path, name: str) -> None:
    parse_years(str(folder / "study.yaml"), [_text(folder, name)])


def _raster(folder: Path, name: str) -> None:
    path = folder / name
    read_grid(path)
    read_raster(
        path, GRID, name="x", unit="m", resampling=(None, "nearest", "bilinear", "average")[path.stat().st_size % 4]
    )


def _vectors(folder: Path, name: str) -> None:
    table = Path(name).stem
    naming = "id" if table != "borders" else None
    read_vectors(folder / name, table if name.endswith(".gpkg") else None, GRID, id_column=naming)
    if table == "fences":
        study = "study.yaml" if name.endswith(".gpkg") else "other.yaml"
        read_fences(_valid(folder, study), GRID)


@cache
def _valid(folder: Path, study: str) -> ResolvedStudy:
    """A study that is not broken, read once."""
    return resolve(str(folder / study))


def _traps(folder: Path, name: str) -> None:
    read_traps(folder / Path(name).parent)


def _whole_traps(folder: Path, name: str) -> None:
    resolved = resolve(str(folder / "study.yaml"))
    traps = read_traps(folder / Path(name).parent)
    job = EvidenceJob(
        name="tiny", resolved=resolved, inputs=read_inputs(resolved), species=tuple(resolved.study.species), data=traps, overrides={},
        results=None, alternatives={}, ranking=False, seed=1,
    )  # fmt: skip
    find(job, lambda _: None)


def _patrols(folder: Path, _: str) -> None:
    read_crime(folder, GRID)


def _whole_patrols(folder: Path, _: str) -> None:
    data = read_crime(folder, GRID)
    encounter_rates(data), changes(data), pike(data)
    risk_map(effort_map(data, GRID), data.settings.bandwidths_km, data.settings.prior_events)


def _jobs(folder: Path, name: str, jobs: Iterable[str]) -> list[Path]:
    """The job that was broken, or those that name the file that was."""
    return [
        folder / job
        for job in jobs
        if job == name or Path(name).name in (folder / job).read_text(encoding="utf-8", errors="replace")
    ]


def _circuitscape(folder: Path, name: str) -> None:
    run_job(_jobs(folder, name, seeds.JOBS)[-1], folder / "out")


def _whole_circuitscape(folder: Path, name: str) -> None:
    for job in _jobs(folder, name, seeds.JOBS):
        run_job(job, folder / "out")


def _omniscape(folder: Path, name: str) -> None:
    for job in _jobs(folder, name, seeds.WINDOWS):
        run_omniscape(job, folder / "out", Machines(threads=1))


def _manifest(folder: Path, name: str) -> None:
    stated_run(folder / name, str(folder / "study"))


def _results(folder: Path, name: str) -> None:
    stored = read_results(folder / "run")
    repr([stored, stored.combined, stored.borders, stored.credits, stored.run("closed", "walker")])


def _whole_results(folder: Path, name: str) -> None:
    stored = read_results(folder / "run")
    compare_sides(sides_of([stored]))
    export_results(folder / "run", ("csv", "gpx", "geojson")[len(name) % 3], folder / "exported", Reporter(quiet=True))


def _step(folder: Path, name: str) -> None:
    StepStore(folder=folder / "steps").find(Path(name).stem)


def _whole_step(folder: Path, _: str) -> None:
    resolved = resolve(str(folder / "study.yaml"))
    solve_step(resolved, "walker", StepStore(folder=folder / "steps"), inputs=read_inputs(resolved, ["walker"]))


def _names(folder: Path, name: str) -> None:
    text = _text(folder, name).partition("=")[2]
    with atomic_folder(f"{folder / 'under'}/{text}" if ".." not in text else folder / "under") as out:
        (out / "x").write_text("x", encoding="utf-8")


STUDY = Reader(write=seeds.write_study, files=("study.yaml",), read=_study, deep=_whole_study, weight=5)
TRAPS = Reader(
    write=seeds.write_camera_traps, files=("deployments.csv", "observations.csv", "media.csv", "datapackage.json", "evidence.yaml"),
    read=_traps, deep=_whole_traps, weight=2,
)  # fmt: skip
JOBS = Reader(write=seeds.write_jobs, files=tuple(seeds.JOBS), read=_circuitscape, deep=_whole_circuitscape, weight=6)
WINDOWS = Reader(write=seeds.write_jobs, files=tuple(seeds.WINDOWS), read=_omniscape, weight=4)
RESULTS = Reader(write=seeds.write_results, files=("run/manifest.json",), read=_results, deep=_whole_results, weight=6)

READERS: dict[str, Reader] = {
    "study.yaml": STUDY,
    "species.yaml": replace(STUDY, files=("walker.yaml", "digger.yaml"), weight=8),
    "scenario file": replace(STUDY, files=("own.yaml",), read=_scenario, deep=_whole_scenario, weight=3),
    "batch file": replace(STUDY, files=("matrix.yaml",), read=_matrix, deep=_whole_matrix, weight=5),
    "evidence overlay": replace(STUDY, files=("use_factors.yaml",), read=_overlay, deep=_whole_overlay, weight=2),
    "overrides (--set)": replace(STUDY, files=("set-*.value",), read=_overrides, deep=_whole_overrides, weight=4),
    "years (--year)": replace(STUDY, files=("year-*.value",), read=_years, deep=None, weight=4),
    "names (--out)": Reader(write=seeds.write_names, files=("*.value",), read=_names, weight=12),
    "GeoTIFF": replace(STUDY, files=("dem.tif", "water.tif"), read=_raster, weight=24),
    "GeoTIFF, gzipped": replace(STUDY, files=("dem.tif.gz",), read=_raster, deep=_whole_other, weight=12),
    "GeoPackage": replace(STUDY, files=("*.gpkg",), read=_vectors, weight=12),
    "GeoJSON": replace(STUDY, files=("*.geojson",), read=_vectors, deep=_whole_other, weight=10),
    "camera traps": TRAPS,
    "plain tables": replace(TRAPS, files=("plain/*",)),
    "patrols": replace(
        TRAPS,
        write=seeds.write_patrols,
        files=("patrols.csv", "incidents.csv", "crime.yaml"),
        read=_patrols,
        deep=_whole_patrols,
    ),
    "Circuitscape job": JOBS,
    "Circuitscape files": replace(JOBS, files=("*.asc", "*.asc.gz", *sorted(set(seeds.LISTS) - {"reclass.txt"}))),
    "Omniscape job": WINDOWS,
    "Omniscape files": replace(WINDOWS, files=("habitat.asc", "poly.asc", "mask.asc.gz", "reclass.txt")),
    "manifest (--from)": replace(RESULTS, read=_manifest, deep=None, weight=10),
    "results: manifest": RESULTS,
    "results: files": replace(RESULTS, files=("run/**/*.csv", "run/**/*.tif", "run/**/*.gpkg", "run/**/*.npz")),
    "kept steps": Reader(write=seeds.write_step, files=("steps/*.step",), read=_step, deep=_whole_step, weight=8),
    **FIELD_READERS,
}
