"""``manifest.json``: what was run, on what, with what, and how it went; enough to run it again.

Files are named relative to their study; of the machine it says processor, memory and system, but no user, host or folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rasters.crs import scale_of
from rasters.fences import FORMULA
from rasters.files.writing import replacing
from rasters.grid import Grid
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.release import reader_of
from scenarios.outputs.sk42 import operation_of
from scenarios.outputs.words import audience_of, schematic_note
from scenarios.records.hashing import canonical_json, sha256_of, versions

__all__ = ['FORMAT', 'outputs_of', 'refresh_outputs', 'run_entry', 'write_manifest']  # fmt: skip

FORMAT = 2
"""Format of a folder of results; a reader refuses any other."""


def write_manifest(
    folder: str | Path,
    *,
    runs: Iterable[Ground],
    kind: str = "",
    command: Iterable[str] = (),
    settings: Mapping[str, Any] | None = None,
    scenarios: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str | Path] | None = None,
    as_read: Mapping[Path, str] | None = None,
    seeds: Mapping[str, int] | None = None,
    crs_operations: Iterable[Mapping[str, Any]] = (),
    machine: Mapping[str, Any] | None = None,
    measured: Mapping[str, Any] | None = None,
    started: str = "",
    finished: str = "",
    said: tuple[Audience, str] | None = None,
) -> Path:
    """Write ``manifest.json`` into a result folder, after everything else.

    Parameters
    ----------
    folder : path
        Its files are listed with size and hash.
    runs : iterable of Ground
    kind : str
        The command that can run it again from this file, if there is one.
    command : iterable of str
        Words of the command line.
    settings : mapping, optional
        Options that are not part of a scenario: threads, seeds, solver.
    scenarios : mapping, optional
        Scenario id -> the scenario with every default filled in.
    inputs : mapping of str to path, optional
        Name as the study writes it -> where the file is; hashed.
    as_read : mapping of Path to str, optional
        SHA-256 of inputs as they were read, which is what counts where a file has changed since.
    seeds : mapping of str to int, optional
        Of what was drawn by chance; empty where nothing is.
    crs_operations : iterable of mapping, optional
        As `scenarios.land.provenance.crs_operations` gives them.
    machine : mapping, optional
        As `scenarios.land.provenance.machine` gives it.
    measured : mapping, optional
        As `scenarios.land.provenance.Meter` reads it.
    started, finished : str
        ISO 8601 times.
    said : (Audience, str), optional
        For whom the files are and what was done to them, where no run says so.
    """
    folder, listed = Path(folder), list(runs)
    audience, note = said or audience_of(listed)
    provenance = {
        "command": list(command),
        "settings": dict(settings or {}),
        "scenarios": dict(scenarios or {}),
        "inputs": {name: _described(Path(path)) | _read_as(path, as_read) for name, path in (inputs or {}).items()},
        "seeds": dict(seeds or {}),
        "crs_operations": [dict(one) for one in crs_operations],
        "machine": dict(machine or {}),
        "measured": dict(measured or {}),
        "started": started,
        "finished": finished,
    }
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "audience": audience,
        "audience_note": note,
        "versions": versions(),
        "fence_formula": min((run.fence_formula for run in listed), default=FORMULA),
        "runs": [run_entry(run) for run in listed],
        "outputs": outputs_of(folder),
    } | (provenance if audience is Audience.RESTRICTED else _provenance_for_others(scenarios or {}))
    with replacing(folder / MARKER) as part:
        part.write_text(canonical_json(manifest), encoding="utf-8")
    return folder / MARKER


def _provenance_for_others(scenarios: Mapping[str, Any]) -> dict[str, Any]:
    """Only whom to thank: settings name places, hashes of files confirm guesses, times join files."""
    kept = {name: {"credits": settings.get("credits", [])} for name, settings in scenarios.items()}
    hidden: dict[str, Any] = {"command": [], "settings": {}, "inputs": {}, "seeds": {}, "machine": {}, "measured": {}}
    return hidden | {"scenarios": kept, "crs_operations": [], "started": "", "finished": ""}


def _read_as(path: str | Path, as_read: Mapping[Path, str] | None) -> dict[str, str]:
    return {"sha256": as_read[Path(path)]} if as_read and Path(path) in as_read else {}


def _described(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def refresh_outputs(folder: Path) -> None:
    """State anew in a folder's manifest which files it holds, after some were added."""
    manifest = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    with replacing(folder / MARKER) as part:
        part.write_text(canonical_json(manifest | {"outputs": outputs_of(folder)}), encoding="utf-8")


def outputs_of(folder: Path) -> dict[str, Any]:
    """Size and hash of every file of a result folder but its manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MARKER)
    return {path.relative_to(folder).as_posix(): _described(path) for path in files}


def run_entry(run: Ground) -> dict[str, Any]:
    """What a manifest says of a run."""
    return {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "titles": run.titles,
        "grid": _grid(run.grid),
        "geometry_note": schematic_note(run),
        "geometry_statuses": {
            "fences": sorted({fence.geometry_status for fence in run.cuts.fences}),
            "places": sorted({place.geometry_status for place in run.places}),
        },
        "audience": reader_of(run),
        "sensitivity_deg": run.sensitivity_deg,
        "sk42_operation": run.sk42_operation,
        "crs_operation": operation_of(run).note,
        "fence_formula": run.fence_formula,
        "assumptions": run.assumptions,
        "reports": [asdict(report) for report in run.reports],
        "seconds": run.seconds,
    }


def _grid(grid: Grid) -> dict[str, Any]:
    scale = scale_of(grid)
    return {
        "crs_wkt": grid.pyproj_crs.to_wkt(), "transform": list(grid.transform)[:6], "shape": list(grid.shape),
        "map_metres_per_metre": [round(scale.least, 4), round(scale.most, 4)],
    }  # fmt: skip
