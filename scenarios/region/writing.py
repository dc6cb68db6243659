"""Writes what was read as an ordinary study folder, beside its place, and moves it there when complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import geopandas as gpd
import numpy as np
import yaml
from numpy.typing import NDArray
from shapely import Point

from rasters.errors import DataError, ExportError
from rasters.files.writing import write_cog
from rasters.grid import Grid
from scenarios.outputs.folder import atomic_folder
from scenarios.region.profiles import RegionProfile
from scenarios.region.reading import STEEP_PERCENT, Ground
from scenarios.region.vectors import FENCE_LINE, Found

__all__ = ["DESIGNS", "layers_with", "write_study"]

TEMPLATE = Path(__file__).parent / "templates" / "study.yaml"
WATER_CODE = 80
LAYERS = ("elevation_m", "slope_percent", "ruggedness_m", "landcover", "water", "escape_terrain_distance_m")
"""Layers of the study that profiles may use."""
DESIGNS = ("gate",)
LAYER_OF = {
    "roads": ("road_distance_m", "{ derive: distance, file: data/roads.gpkg }"),
    "settlements": ("settlement_distance_m", "{ derive: distance, file: data/settlements.gpkg }"),
    "reserves": ("reserve", "{ derive: burn, file: data/reserves.gpkg }"),
}
"""Table of a user's file -> the layer that is made of it."""


def write_study(
    folder: Path, grid: Grid, ground: Ground, cover: NDArray[np.uint8], profiles: Mapping[str, RegionProfile],
    sources: Sequence[Mapping[str, Any]], degrees: str, found: Found,
) -> tuple[str, ...]:  # fmt: skip
    """Names of the files that were written.

    Parameters
    ----------
    cover : (height, width)
        WorldCover's codes; 0 where there is no tile, which is sea.
    sources : sequence of mappings
        A row of SOURCES.yaml for each source, with its ``attribution``.
    degrees : str
        The bounds, for people.
    """
    try:
        with atomic_folder(folder) as new:
            (new / "data").mkdir()
            _write_rasters(new / "data", grid, ground, cover)
            _write_places(new / "data", grid, cover)
            for name, table in found.tables.items():
                table.to_file(new / "data" / f"{name}.gpkg", layer=name)
            (new / "species").mkdir()
            for name, profile in profiles.items():
                (new / "species" / f"{name}.yaml").write_text(_yaml(profile.data), encoding="utf-8")
            (new / "SOURCES.yaml").write_text(_yaml({"sources": list(sources)}), encoding="utf-8")
            credits = [str(row["attribution"]) for row in sources]
            text = _study_text(folder.name, grid, ground, profiles, credits, degrees, found)
            (new / "study.yaml").write_text(text, encoding="utf-8")
            return tuple(sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()))
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            f"{folder}: could not be written ({error.strerror}); free space or choose another folder"
        ) from error


def _write_rasters(data: Path, grid: Grid, ground: Ground, cover: NDArray[np.uint8]) -> None:
    for name, values, unit in (
        ("elevation_m", ground.elevation_m, "m"),
        ("slope_percent", ground.slope_percent, "percent"),
        ("slope_max_percent", ground.slope_max_percent, "percent"),
        ("steep_share", ground.steep_share, "1"),
        ("ruggedness_m", ground.ruggedness_m, "m"),
    ):
        write_cog(data / f"{name}.tif", values, grid, description=name, unit=unit)
    water = np.where(cover == 0, 1, np.where(cover == WATER_CODE, 2, 0)).astype(np.uint8)
    for name, codes in (("landcover", cover), ("water", water)):
        write_cog(data / f"{name}.tif", codes, grid, description=name, whole=True)


def _write_places(data: Path, grid: Grid, cover: NDArray[np.uint8]) -> None:
    """Two cores that stand for those nobody has named yet, and a file of fences without one."""
    rows, cols = np.nonzero((cover != 0) & (cover != WATER_CODE))
    if not rows.size:
        raise DataError("the region is all water; choose other bounds")
    radius = max(3 * grid.cell_width_m, 0.03 * grid.height * grid.cell_height_m)
    spots = []
    for share in (0.9, 0.1):
        nearest = int(np.argmin(np.hypot(rows - share * grid.height, cols - grid.width / 2)))
        x, y = grid.xy(int(rows[nearest]), int(cols[nearest]))
        spots.append(Point(float(x), float(y)).buffer(radius))
    cores = gpd.GeoDataFrame(
        {"id": ["south", "north"], "name_en": ["Placeholder in the south", "Placeholder in the north"],
         "geometry_status": ["schematic"] * 2},
        geometry=spots, crs=grid.crs,
    )  # fmt: skip
    cores.to_file(data / "cores.gpkg", layer="cores")
    empty = {key: gpd.pd.Series([], dtype=str) for key in ("id", "name", "fence_line", "geometry_status")}
    gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=grid.crs)).to_file(
        data / "fences.gpkg", layer="fences", geometry_type="LineString"
    )


def _study_text(
    name: str,
    grid: Grid,
    ground: Ground,
    profiles: Mapping[str, RegionProfile],
    credits: Sequence[str],
    degrees: str,
    found: Found,
) -> str:
    every = max(1_000.0, grid.cell_width_m)
    lacking = sorted({layer for profile in profiles.values() for layer in profile.dropped})
    words = {
        "name": name, "title": name.replace("_", " ").replace("-", " "), "degrees": degrees, "crs": grid.crs,
        "bounds": ", ".join(f"{value:.0f}" for value in grid.bounds), "cell_m": f"{grid.cell_width_m:g}",
        "fine_m": f"{ground.fine_m:g}", "steep": f"{STEEP_PERCENT:g}", "every_m": f"{every:g}", "spacing_m": f"{10 * every:g}",
        **_found_words(found), "lacking": ", ".join(lacking) or "none",
        "credits": "\n".join(f"  - {_quoted(one)}" for one in credits),
        "species": "\n".join(f"  {one}: {{ profile: species/{one}.yaml }}" for one in profiles),
        "routes": "\n".join(f"  {one}: {{ from: [south], to: [north] }}" for one in profiles),
    }  # fmt: skip
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(words)


def _found_words(found: Found) -> dict[str, str]:
    """What the study says of layers from files of the user."""
    there = [name for name in found.tables if name in LAYER_OF]
    context = [name for name in ("roads", "settlements") if name in found.tables]
    fenced = "fences" in found.tables
    said = "partial, as far as OpenStreetMap has them" if fenced else "unknown"
    if found.short_fences:
        said += f"; {found.short_fences} short ones are left out"
    return {
        "more_layers": "".join(f"\n  {LAYER_OF[name][0]}: {LAYER_OF[name][1]}" for name in there),
        "context": "".join(f"\n  {name}: data/{name}.gpkg" for name in context) or " {}",
        "said": said, "coverage": "partial" if fenced else "unknown", "active": FENCE_LINE if fenced else "",
    }  # fmt: skip


def layers_with(found: Found) -> tuple[str, ...]:
    """Layers that profiles may use, with those of files of the user."""
    return (*LAYERS, *(LAYER_OF[name][0] for name in found.tables if name in LAYER_OF))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yaml(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
