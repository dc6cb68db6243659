"""Omnidirectional connectivity of a study's resistance surface, fences included, or of a resistance raster."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.windows import Window
from connectivity.moving_window.landscape import WindowSettings
from connectivity.moving_window.tiles import normalised_current
from rasters.crs import warn_of_scale
from rasters.errors import DataError, OptionError
from rasters.fences import FenceTerms
from rasters.files.writing import write_cog
from rasters.grid import Grid
from scenarios.land.inputs import read_inputs
from scenarios.land.memory import Stage
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.words import WORKING_NOTE
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy, resolve
from scenarios.windows.files import LandscapeFiles, RasterFile
from scenarios.windows.job import Machines, WindowJob, sum_windows
from scenarios.windows.total import Band, WindowTotal, window_total, write_cog_in_bands

__all__ = ["WindowRequest", "run_window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRequest:
    """Sizes of the windows, and what is a source.

    Parameters
    ----------
    radius_km, buffer_km : float
        Sources lie within ``radius_km`` of a target; current may flow ``buffer_km`` farther [km].
    block_km : float
        Side of the square that shares one target [km], brought to an odd number of cells.
    cutoff : float
        Cells with a higher resistance are no sources; the others send 1 / resistance [A].
    """

    radius_km: float
    buffer_km: float = 0.0
    block_km: float = 0.0
    cutoff: float = np.inf

    def __post_init__(self) -> None:
        if not (0 < self.radius_km < np.inf and self.cutoff > 0):
            raise OptionError(f"--radius-km {self.radius_km:g}, --cutoff {self.cutoff:g}: should be > 0")
        if not (0 <= self.buffer_km < np.inf and 0 <= self.block_km < np.inf):
            raise OptionError(f"--buffer-km {self.buffer_km:g}, --block-km {self.block_km:g}: should be >= 0")

    def settings(self, grid: Grid, neighbours: Any = 8) -> WindowSettings:
        """The same in cells of a grid."""
        cell_km = grid.cell_width_m / 1000
        if abs(grid.cell_height_m / grid.cell_width_m - 1) > 1e-6:
            raise DataError(f"windows are round in cells, and cells of {grid} are not square; warp it to square ones")
        return WindowSettings(
            radius=self.radius_km / cell_km,
            buffer=self.buffer_km / cell_km,
            block=2 * round(max(self.block_km / cell_km - 1, 0) / 2) + 1,
            neighbours=neighbours,
            flow_potential=True,
        )


def run_window(
    name: str,
    request: WindowRequest,
    out: Path,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    machines: Machines | None = None,
    reporter: Reporter | None = None,
) -> Summary[dict[str, dict[str, Any]]]:
    """Cumulative current, flow potential and their ratio, one folder for each species.

    Parameters
    ----------
    name : str
        A study, or a GeoTIFF of resistance: > 0, infinite on barriers, no data where unknown. A raster is never in memory
        whole.
    out : path
        Folder of the results; replaced if it holds an earlier run.
    """
    machines, reporter = machines or Machines(threads=os.cpu_count() or 1), reporter or Reporter(quiet=True)
    figures: dict[str, dict[str, Any]] = {}
    is_raster = Path(name).suffix.lower() in (".tif", ".tiff")
    resolved = [] if is_raster else [resolve(name, scenario, overrides)]
    with results_folder(out, resolved) as job:
        if is_raster:
            path = Path(name)
            files = LandscapeFiles(
                resistance=RasterFile(path=path),
                cutoff=request.cutoff,
                edge_rule="mean_resistance",
                fence=FenceTerms.none(),
            )
            figures["raster"] = _windows(files, request, job.folder, machines, reporter, {"resistance": path.name})
            job.inputs = {path.name: path}
        for study in resolved:
            for prepared in _prepared(study, species):
                id = prepared.profile.id
                figures[id] = _species(study, prepared, request, job.folder / id, machines, reporter)
        job.settings = asdict(request) | {"figures": figures}
    notes = [f"note: {note}" for found in figures.values() for note in found["notes"]]
    notes += [
        f"{name}: {found['windows']} windows in {found['tiles']} tiles, {found['seconds']:.1f} s"
        for name, found in figures.items()
    ]
    return job.summary(figures, {"species": figures}, notes, opens="")


def _prepared(resolved: ResolvedStudy, species: Sequence[str] | None) -> list[Prepared]:
    """Every check of every species, before the first solve."""
    inputs = read_inputs(resolved, species, stage=Stage.CHECKED)
    return [prepare_species(resolved, inputs, name) for name in inputs.profiles]


def _species(
    resolved: ResolvedStudy,
    prepared: Prepared,
    request: WindowRequest,
    folder: Path,
    machines: Machines,
    reporter: Reporter,
) -> dict[str, Any]:
    """Write the resistance of a species and run the windows over that file, with its fence edges."""
    surface = prepared.surface
    folder.mkdir()
    path = write_cog(
        folder / "resistance.tif",
        np.where(surface.barrier, np.inf, surface.values),
        surface.grid,
        nodata=surface.nodata,
        description="Resistance [1]",
        unit="1",
    )
    solver = resolved.study.solver
    files = LandscapeFiles(
        resistance=RasterFile(path=path),
        cutoff=request.cutoff,
        edge_rule=solver.edge_rule,
        neighbours=solver.neighbours,
        fence=Landscape(prepared).terms,
    )
    tags = {"study": resolved.study.study, "scenario": resolved.scenario, "species": prepared.profile.id}
    return _windows(files, request, folder, machines, reporter, tags)


def _windows(
    files: LandscapeFiles,
    request: WindowRequest,
    folder: Path,
    machines: Machines,
    reporter: Reporter,
    tags: dict[str, str],
) -> dict[str, Any]:
    grid = files.grid()
    grid.require_metres()
    if "species" not in tags:
        warn_of_scale(grid)
    notes = files.check()[1]
    job = WindowJob(files=files, settings=request.settings(grid, files.neighbours))
    label = tags.get("species", "windows")
    with window_total(folder, grid.shape, flow_potential=True) as total:
        figures = sum_windows(
            job, total, machines, began=lambda n: reporter.expect(n, label), progress=lambda: reporter.step(label)
        )
        sizes = {"radius_cells": f"{job.settings.radius:g}", "block_cells": str(job.settings.block)}
        _write(files, total, grid, folder, tags | sizes | {"audience": WORKING_NOTE})
    return figures | {"cells": grid.n_cells, **sizes, "notes": notes}


def _write(files: LandscapeFiles, total: WindowTotal, grid: Grid, folder: Path, tags: dict[str, str]) -> None:
    def normalised(window: Window) -> NDArray[np.float64]:
        return normalised_current(total.current(window), total.flow_potential(window))

    def known(band: Band) -> Band:
        return lambda window: np.where(np.isnan(files.values(window)), np.nan, band(window))

    for stem, title, unit, band in (
        ("cumulative_current", "Cumulative current", "A", total.current),
        ("flow_potential", "Flow potential", "A", total.flow_potential),
        ("normalised_current", "Current over flow potential", "1", normalised),
    ):
        write_cog_in_bands(
            folder / f"{stem}.tif",
            grid.shape,
            known(band),
            description=f"{title} [{unit}]",
            unit=unit,
            tags=tags,
            crs=grid.pyproj_crs.to_wkt(),
            transform=grid.transform,
        )
