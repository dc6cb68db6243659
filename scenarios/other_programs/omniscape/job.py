"""One Omniscape job: settings and inputs, all windows, and the files in its project folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.windows import Window
from connectivity.moving_window.landscape import WindowSettings
from connectivity.moving_window.tiles import normalised_current
from rasters.errors import ConfigError, DataError, ExportError, GridMismatchError, PlannerError, written
from rasters.files.scratch import scratch_folder
from scenarios.other_programs.circuitscape.lists import split_line, text_lines
from scenarios.other_programs.omniscape.ini import OmniscapeSettings, read_settings
from scenarios.outputs.job import Summary
from scenarios.progress import Reporter
from scenarios.windows.files import ConditionFiles, LandscapeFiles, RasterFile
from scenarios.windows.job import Machines, WindowJob, sum_windows
from scenarios.windows.total import Band, WindowTotal, window_total, write_ascii, write_geotiff

__all__ = ["run_omniscape"]

NODATA = -9999.0


def run_omniscape(
    ini_path: str | Path,
    out_dir: str | Path | None = None,
    machines: Machines | None = None,
    reporter: Reporter | None = None,
) -> Summary[dict[str, Any]]:
    """Run an existing Omniscape job and write its files.

    Parameters
    ----------
    ini_path : path
        The INI file.
    out_dir : path, optional
        Folder in which the project folder is made; default: the folder that relative paths start from.
    machines : Machines, optional
        Default: as many threads as processors, one with ``parallelize = false``.

    Returns
    -------
    Summary of dict
        ``folder`` is the project folder, ``found`` the figures of `scenarios.windows.job.sum_windows`.

    Raises
    ------
    ConfigError, DataError
        What is wrong with settings or inputs, before any solve.
    """
    start = time.perf_counter()
    settings = read_settings(ini_path)
    machines = machines or Machines(threads=(os.cpu_count() or 1) if settings.parallelize else 1)
    reporter = reporter or Reporter(quiet=True)
    landscape, notes = _landscape(settings)
    notes += landscape.check()[1]
    job = WindowJob(files=landscape, settings=_window_settings(settings))
    shape = landscape.resistance.shape()
    project = Path(settings.base if out_dir is None else out_dir, settings.project_name)
    with window_total(project.parent, shape, flow_potential=settings.wants_potential) as total:
        figures = sum_windows(
            job,
            total,
            machines,
            began=lambda n: reporter.expect(n, "windows"),
            progress=lambda: reporter.step("windows"),
        )
        with _scratch_folder(project) as part:
            files = _write(settings, landscape, total, part)
            folder = _take_name(part, project)
    told = [*settings.notes, *notes]
    rows = {"job": str(settings.path), "files": list(files), **figures, "notes": told}
    said = f"{figures['windows']} windows in {figures['tiles']} tiles; {len(files)} files"
    return Summary(
        folder=folder,
        found=figures,
        seconds=time.perf_counter() - start,
        rows=rows,
        notes=[*(f"note: {note}" for note in told), said],
    )


def _window_settings(settings: OmniscapeSettings) -> WindowSettings:
    return WindowSettings(
        radius=settings.radius,
        buffer=settings.buffer,
        block=settings.block,
        neighbours=4 if settings.connect_four_neighbors_only else 8,
        flow_potential=settings.wants_potential,
        correct_artifacts=settings.correct_artifacts,
        cut_block_as_omniscape=True,
    )


def _landscape(settings: OmniscapeSettings) -> tuple[LandscapeFiles, list[str]]:
    """The job's rasters, on one grid, and where they do not lie as they say."""
    landscape = LandscapeFiles(
        resistance=RasterFile(path=settings.file("resistance_file")),
        is_conductance=settings.resistance_is_conductance,
        source=None if settings.source_from_resistance else RasterFile(path=settings.file("source_file")),
        threshold=settings.source_threshold,
        cutoff=settings.r_cutoff,
        reclass=_reclass(settings),
        neighbours=4 if settings.connect_four_neighbors_only else 8,
        conditions=tuple(_condition(settings, number) for number in settings.conditions),
    )
    own = landscape.resistance
    notes: list[str] = []
    for path in landscape.files()[1:]:
        _require_same_grid(settings, own, RasterFile(path=path))
        notes += _misaligned(own, RasterFile(path=path))
    return landscape, notes


def _condition(settings: OmniscapeSettings, number: int) -> ConditionFiles:
    key = f"condition{number}"
    future = settings.file(f"{key}_future_file") if settings.is_future(number) else None
    rule = settings.comparison1 if number == 1 else settings.comparison2
    return ConditionFiles(
        present=RasterFile(path=settings.file(f"{key}_file")),
        future=None if future is None else RasterFile(path=future),
        rule=rule,
        lower=getattr(settings, f"{key}_lower"),
        upper=getattr(settings, f"{key}_upper"),
    )


def _require_same_grid(settings: OmniscapeSettings, own: RasterFile, other: RasterFile) -> None:
    if other.shape() != own.shape():
        raise GridMismatchError(
            f"{other.path}: {' x '.join(map(str, other.shape()))} cells, but {own.path} has "
            f"{' x '.join(map(str, own.shape()))}; bring them to the same grid"
        )
    if not settings.allow_different_projections and own.place()[1] != other.place()[1]:
        raise GridMismatchError(
            f"{other.path}: another coordinate reference system than {own.path}; warp it, or set allow_different_projections "
            "= true if only its name differs"
        )


def _misaligned(own: RasterFile, other: RasterFile) -> list[str]:
    """A note where the upper left corners or the cells of two rasters differ by a tenth of a cell or more."""
    here, there = own.place()[0], other.place()[0]
    if here.a == 0 or there.a == 0:
        flat = own if here.a == 0 else other
        raise DataError(f"{flat.path}: has cells of no width; correct its cellsize")
    apart = max(abs(here.c - there.c), abs(here.f - there.f)) / abs(here.a)
    if apart < 0.1 and abs(there.a / here.a - 1) < 0.01:
        return []
    return [
        f"{other.path}: its upper left corner ({written(there.c)}, {written(there.f)}; cells of {written(there.a)}) is not that of "
        f"{own.path} ({written(here.c)}, {written(here.f)}; {written(here.a)}); cells are matched by row and column, as in Omniscape"
    ]


def _reclass(settings: OmniscapeSettings) -> tuple[tuple[float, float], ...]:
    """Lines ``old new``; ``missing`` means no data."""
    if not settings.reclassify_resistance:
        return ()
    path = settings.file("reclass_table")
    out = []
    for number, line in enumerate(text_lines(path), start=1):
        words = [word.strip("'\"") for word in split_line(line) or ["?"]] if line.strip() else []
        if not words:
            continue
        try:
            old, new = words
            out.append((float(old), np.nan if new.lower() == "missing" else float(new)))
        except ValueError as error:
            raise ConfigError(
                f"{path}: line {number}: {line!r} is not of the form: old value, new value or missing"
            ) from error
    if not out:
        raise DataError(f"{path}: the table is empty; it needs lines of old value and new value")
    return tuple(out)


def _write(settings: OmniscapeSettings, landscape: LandscapeFiles, total: WindowTotal, folder: Path) -> tuple[str, ...]:
    """The files that the job asks for, and the job itself."""
    end = "tif" if settings.write_as_tif else "asc"
    names = []
    for name, band in _maps(settings, landscape, total).items():
        names.append(f"{name}.{end}")
        _write_map(landscape, folder / names[-1], total.shape, band)
    (folder / "config.ini").write_text(settings.as_text(), encoding="utf-8")
    return (*names, "config.ini")


def _maps(settings: OmniscapeSettings, landscape: LandscapeFiles, total: WindowTotal) -> dict[str, Band]:
    def masked(band: Band) -> Band:
        return (lambda window: _masked(landscape, window, band(window))) if settings.mask_nodata else band

    def normalised(window: Window) -> NDArray[np.float64]:
        return normalised_current(total.current(window), total.flow_potential(window))

    def classified(window: Window) -> NDArray[np.float64]:
        return np.nan_to_num(landscape.values(window), nan=NODATA)

    return {
        name: band
        for name, wanted, band in (
            ("cum_currmap", settings.write_raw_currmap, masked(total.current)),
            ("flow_potential", settings.calc_flow_potential, masked(total.flow_potential)),
            ("normalized_cum_currmap", settings.calc_normalized_current, masked(normalised)),
            (
                "classified_resistance",
                settings.reclassify_resistance and settings.write_reclassified_resistance,
                classified,
            ),
        )
        if wanted
    }


def _masked(landscape: LandscapeFiles, window: Window, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(landscape.values(window)), NODATA, values)


def _write_map(landscape: LandscapeFiles, path: Path, shape: tuple[int, int], band: Band) -> None:
    transform, crs = landscape.resistance.place()
    if path.suffix == ".tif":
        write_geotiff(path, shape, band, nodata=NODATA, transform=transform, crs=crs)
        return
    bottom = transform.f + transform.e * shape[0]
    header = (
        f"ncols        {shape[1]}\nnrows        {shape[0]}\nxllcorner    {transform.c!r}\nyllcorner    {bottom!r}\n"
        f"cellsize     {transform.a!r}\nNODATA_value  -9999\n"
    )
    write_ascii(path, shape, band, header)
    if crs:
        path.with_suffix(".prj").write_text(crs, encoding="utf-8")


@contextmanager
def _scratch_folder(project: Path) -> Iterator[Path]:
    """A folder to write into, beside the project's place; what is left of it at the end is removed."""
    try:
        project.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(f".{project.name}.part-", project.parent) as part:
            yield part
    except OSError as error:
        if isinstance(error, PlannerError):
            raise
        raise ExportError(f"{project}: cannot be written: {error}; choose another folder (--out)") from error


def _take_name(part: Path, project: Path) -> Path:
    """Rename a finished folder to the first free name of project, project_1, project_2, ..."""
    number = 0
    while True:
        name = project if number == 0 else project.with_name(f"{project.name}_{number}")
        try:
            name.mkdir()
        except FileExistsError:
            number += 1
            continue
        part.chmod(name.stat().st_mode & 0o777)
        part.replace(name)
        return name
