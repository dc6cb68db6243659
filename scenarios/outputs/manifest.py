"""``manifest.json``: what was run, on what, with what, and how it went; enough to run it again.

Files are named relative to their study; of the machine it says processor, memory and system, but no user, host or folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rasters.crs import scale_of
from rasters.fences import FORMULA
from rasters.files.writing import replacing
from rasters.grid import Grid
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience, promised_deg
from scenarios.outputs.folder import MARKER
from scenarios.outputs.release import reader_of
from scenarios.outputs.sk42 import operation_of
from scenarios.outputs.words import audience_of, schematic_note
from scenarios.records.hashing import canonical_json, sha256_of, versions

__all__ = ["FORMAT", "Provenance", "outputs_of", "refresh_outputs", "run_entry", "write_manifest"]

FORMAT = 2
"""Format of a folder of results; a reader refuses any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a folder of results came from, for those who may know.

    Parameters
    ----------
    command : sequence of str
        Words of the command line.
    settings : mapping
        Options that are not part of a scenario: threads, seeds, solver.
    scenarios : mapping
        Scenario id -> the scenario with every default filled in.
    inputs : mapping of str to path
        Name as the study writes it -> where the file is; hashed.
    as_read : mapping of Path to str
        SHA-256 of inputs as they were read, which is what counts where a file has changed since.
    seeds : mapping of str to int
        Of what was drawn by chance; empty where nothing is.
    crs_operations : sequence of mapping
        As `scenarios.land.provenance.crs_operations` gives them.
    machine, measured : mapping
        As `scenarios.records.machine.machine` gives it and `scenarios.records.machine.Meter` reads it.
    started, finished : str
        ISO 8601 times.
    """

    command: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    scenarios: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    as_read: Mapping[Path, str] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    crs_operations: Sequence[Mapping[str, Any]] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    finished: str = ""

    def for_reader(self, audience: Audience) -> dict[str, Any]:
        """Plain data; others than those who may see all learn only whom to thank: settings name places, hashes of files confirm
        guesses, times join files."""
        if audience is not Audience.RESTRICTED:
            thanks = {name: {"credits": settings.get("credits", [])} for name, settings in self.scenarios.items()}
            return Provenance(scenarios=thanks).for_reader(Audience.RESTRICTED)
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        read_as = data.pop("as_read")
        files = {
            name: _described(path) | ({"sha256": read_as[path]} if path in read_as else {})
            for name, path in self.inputs.items()
        }
        return data | {"inputs": files}


def write_manifest(
    folder: Path,
    runs: Sequence[Ground],
    provenance: Provenance,
    *,
    kind: str = "",
    said: tuple[Audience, str] | None = None,
) -> Path:
    """Write ``manifest.json`` into a result folder, after everything else.

    Parameters
    ----------
    folder : path
        Its files are listed with size and hash.
    runs : sequence of Ground
    provenance : Provenance
    kind : str
        The command that can run it again from this file, if there is one.
    said : (Audience, str), optional
        For whom the files are and what was done to them, where no run says so.
    """
    audience, note = said or audience_of(runs)
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "audience": audience,
        "audience_note": note,
        "versions": versions(),
        "fence_formula": min((run.fence_formula for run in runs), default=FORMULA),
        "runs": [run_entry(run) for run in runs],
        "outputs": outputs_of(folder),
    } | provenance.for_reader(audience)
    with replacing(folder / MARKER) as part:
        part.write_text(canonical_json(manifest), encoding="utf-8")
    return folder / MARKER


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
        "words": run.words,
        "passage_words": run.passage_words,
        "grid": _grid(run.grid),
        "geometry_note": schematic_note(run),
        "geometry_statuses": {
            "fences": sorted({fence.geometry_status for fence in run.cuts.fences}),
            "places": sorted({place.geometry_status for place in run.places}),
        },
        "audience": reader_of(run),
        "sensitivity_deg": run.sensitivity_deg,
        "promised_deg": promised_deg(run.sensitivity_deg),
        "openings_stand": run.openings_stand,
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
        "crs_wkt": grid.pyproj_crs.to_wkt(),
        "transform": list(grid.transform)[:6],
        "shape": list(grid.shape),
        "map_metres_per_metre": [round(scale.least, 4), round(scale.most, 4)],
    }
