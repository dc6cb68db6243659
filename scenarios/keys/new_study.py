"""`otkel new`: a study to begin with, as commented files; or a copy of a bundled one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from pyproj import Transformer
from rich.console import Console

from rasters.errors import ExportError, OptionError
from rasters.files.confined import fault_of_path
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.exit_codes import ExitCode
from scenarios.study.load import LIBRARY, bundled_studies

__all__ = ["NewStudy", "checked_bounds", "copy_study", "grid_around", "require_new", "write_minimal", "write_texts"]

TEMPLATES = Path(__file__).parent / "templates"
WHERE = {"study.yaml": "study.yaml", "animal.yaml": "animal.yaml", "README.md": "data/README.md"}
"""Template -> file of the study."""
CELLS = (50.0, 100.0, 200.0, 250.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
"""Cell sizes that are chosen from [m]."""
MOST_CELLS = 600_000
WIDEST_DEG = 40.0
POINTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStudy:
    """A folder with a study that was written.

    Parameters
    ----------
    missing : tuple of str
        Files that are to be put there.
    """

    folder: Path
    files: tuple[str, ...]
    missing: tuple[str, ...] = ()
    grid: str = ""
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"folder": str(self.folder), "files": list(self.files), "missing": list(self.missing), "grid": self.grid}

    def print(self, console: Console) -> None:
        """What was written, and what comes next."""
        console.print(f"{self.folder}: {', '.join(self.files)}")
        if self.grid:
            console.print(f"grid: {self.grid}")
        if self.missing:
            console.print(
                f"put there: {', '.join(self.missing)}; {self.folder / 'data/README.md'} says what each must have"
            )
            console.print("replace what is marked PLACEHOLDER in study.yaml and animal.yaml")
        console.print(f"then: otkel check {self.folder}")


def write_minimal(folder: Path, bounds_deg: Sequence[float], *, cell_m: float | None = None) -> NewStudy:
    """Write the few keys that must be there, each with a comment, and a species, on an equal-area grid around some bounds.

    Parameters
    ----------
    folder : path
        New; its name is the study's id.
    bounds_deg : four floats
        West, south, east, north [degrees, WGS 84]; east may be less than west, across 180 degrees.
    cell_m : float, optional
        Default: the smallest of `CELLS` that gives at most `MOST_CELLS` cells.
    """
    require_new(folder)
    west, south, east, north = checked_bounds(bounds_deg)
    grid = grid_around((west, south, east, north), cell_m)
    crs, size = grid.crs, grid.cell_width_m
    every = max(1_000.0, size)
    corners = [f"{value:.0f}" for value in grid.bounds]
    words = {
        "name": folder.name,
        "title": folder.name.replace("_", " ").replace("-", " "),
        "crs": crs,
        "bounds": ", ".join(corners),
        "box": " ".join(corners),
        "cell_m": f"{size:g}",
        "every_m": f"{every:g}",
        "spacing_m": f"{10 * every:g}",
        "degrees": f"west {west:g}, south {south:g}, east {east:g}, north {north:g} degrees",
    }
    texts = {
        target: Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(words)
        for name, target in WHERE.items()
    }
    write_texts(folder, texts)
    needed = ("data/dem.tif", "data/landcover.tif", "data/fences.gpkg", "data/cores.gpkg")
    return NewStudy(
        folder=folder,
        files=tuple(texts),
        missing=needed,
        grid=f"{grid.height} x {grid.width} cells of {size:g} m, {crs}",
    )


def grid_around(bounds_deg: Sequence[float], cell_m: float | None = None) -> Grid:
    """An equal-area grid on the middle of some bounds that holds all of them.

    Parameters
    ----------
    bounds_deg : four floats
        As `checked_bounds` gives them.
    cell_m : float, optional
        Default: the smallest of `CELLS` that gives at most `MOST_CELLS` cells.
    """
    if cell_m is not None and not 0 < cell_m < np.inf:
        raise OptionError(f"--cell-m {cell_m:g}: should be > 0")
    west, south, east, north = bounds_deg
    lon, lat = (west + east) / 2, (south + north) / 2
    crs = f"+proj=laea +lat_0={lat:.4g} +lon_0={_normal(lon):.5g} +datum=WGS84 +units=m +no_defs"
    box = _metres(crs, west, south, east, north)
    return Grid.from_bounds(crs, box, _cell_size(box) if cell_m is None else float(cell_m))


def copy_study(folder: Path, example: str) -> NewStudy:
    """Copy a bundled study with its data, to change it."""
    require_new(folder)
    if example not in bundled_studies():
        raise OptionError(f"--example: {unknown('study', example, bundled_studies())}")
    try:
        shutil.copytree(LIBRARY / example, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    except OSError as error:
        raise ExportError(f"{folder}: could not be written ({error.strerror}); choose another folder") from error
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return NewStudy(folder=folder, files=tuple(names))


def require_new(folder: Path) -> None:
    """OptionError unless a study can be written there: a name that can be an id, and nothing there yet."""
    if fault := fault_of_path(folder.name):
        raise OptionError(f"NAME {str(folder)!r}: {fault}")
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", folder.name):
        raise OptionError(
            f"NAME {folder.name!r}: should be small letters, digits, - and _, beginning with a letter or digit, such as north_gate"
        )
    if folder.exists():
        raise OptionError(f"{folder}: is there already; choose another name, or remove it")


def checked_bounds(bounds_deg: Sequence[float], option: str = "--bounds") -> tuple[float, float, float, float]:
    """West, south, east, north in degrees, east past 180 where the bounds cross that meridian; OptionError for what is no region."""
    west, south, east, north = map(float, bounds_deg)
    stated = f"{option} {west:g} {south:g} {east:g} {north:g}"
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 < south < north < 90):
        raise OptionError(
            f"{stated}: give west, south, east and north in degrees, south below north, e.g. 55 42 57.5 44"
        )
    if east < west:
        east += 360
    if not 0 < east - west <= WIDEST_DEG or north - south > WIDEST_DEG:
        raise OptionError(f"{stated}: should be at most {WIDEST_DEG:g} degrees wide and high, and not empty")
    return west, south, east, north


def _normal(lon: float) -> float:
    return (lon + 180) % 360 - 180


def _metres(crs: str, west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    """The box in the grid's system that holds all of the bounds [m]."""
    to_map = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    along, up = np.linspace(west, east, POINTS), np.linspace(south, north, POINTS)
    lon, lat = (part.ravel() for part in np.meshgrid(along, up))
    x, y = to_map.transform(lon, lat)
    return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))


def _cell_size(box: tuple[float, float, float, float]) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    return next((size for size in CELLS if area / size**2 <= MOST_CELLS), CELLS[-1])


def write_texts(folder: Path, texts: dict[str, str]) -> None:
    """Write text files into a folder, with the folders they need."""
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{folder}: could not be written ({error.strerror}); choose another folder") from error
