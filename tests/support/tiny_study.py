"""A whole study of 40 x 40 cells, written to a folder in a moment: hills, a bay of the sea, two fence lines, two species."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import yaml
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

CRS = "EPSG:6933"
CELL_M = 1000.0
SIZE = 40
WEST, SOUTH = 5_400_000.0, 4_960_000.0
NORTH = SOUTH + SIZE * CELL_M

BORDER = [(-5, 19.3), (12, 20.6), (24, 18.2), (45, 21.1)]
"""Across the whole grid, from beyond the west side to beyond the east side [km from the south-west corner]."""
INNER = [(-5, 12.4), (45, 12.8)]

REGIONS = {
    "south_hills": ("Southern hills", 9.0, 4.0),
    "south_plain": ("Southern plain", 30.0, 5.0),
    "north_park": ("Northern park", 14.0, 35.0),
    "north_lake": ("Lake shore", 33.0, 34.0),
}


def at_km(x: float, y: float) -> tuple[float, float]:
    """Map position of a place given in kilometres from the south-west corner."""
    return WEST + 1000 * x, SOUTH + 1000 * y


def line_km(points: list[tuple[float, float]]) -> LineString:
    """A line through places given in kilometres."""
    return LineString([at_km(*p) for p in points])


def write_raster(path: Path, values: NDArray[Any], nodata: float | None = None, crs: str = CRS) -> None:
    """One band on the study's grid."""
    transform = Affine(CELL_M, 0, WEST, 0, -CELL_M, NORTH)
    if crs == "EPSG:4326":
        transform = Affine(0.01, 0, 56.0, 0, -0.01, 42.0)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as file:
        file.write(values, 1)


def elevation() -> NDArray[np.float32]:
    """Smooth hills of 0 to 600 m."""
    rough = np.random.default_rng(3).standard_normal((SIZE, SIZE))
    smooth = gaussian_filter(rough, 2.0, mode="nearest")
    return (600 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def water() -> NDArray[np.uint8]:
    """1 = sea, a bay in the north-west across which the border fence runs into the water."""
    sea = np.zeros((SIZE, SIZE), np.uint8)
    sea[14:24, :6] = 1
    return sea


def write_vectors(
    path: Path, table: str, ids: list[str], shapes: list[BaseGeometry | None], crs: str = CRS, **columns: list[Any]
) -> None:
    """One layer of a GeoPackage."""
    frame = gpd.GeoDataFrame({"id": ids, **columns}, geometry=shapes, crs=crs)
    frame.to_file(path, layer=table, driver="GPKG")


def write_fences(folder: Path, border: list[BaseGeometry | None] | None = None, ids: list[str] | None = None) -> None:
    """The border fence, in one or several features, and the inner line."""
    border = [line_km(BORDER)] if border is None else border
    ids = [f"border_{i}" for i in range(len(border))] + ["inner_0"] if ids is None else ids
    lines = ["border"] * len(border) + ["inner"]
    write_vectors(
        folder / "fences.gpkg",
        "fences",
        ids,
        [*border, line_km(INNER)],
        fence_line=lines,
        name=[i.title() for i in ids],
        geometry_status=["schematic"] * len(ids),
    )


def write_regions(
    folder: Path, moved: dict[str, tuple[float, float]] | None = None, ids: list[str] | None = None
) -> None:
    """Round regions of 2.2 km radius."""
    places = {key: (x, y) for key, (_, x, y) in REGIONS.items()} | (moved or {})
    write_vectors(
        folder / "regions.gpkg",
        "regions",
        ids or list(REGIONS),
        [Point(at_km(*p)).buffer(2200) for p in places.values()],
        name_en=[name for name, _, _ in REGIONS.values()],
        geometry_status=["schematic"] * len(REGIONS),
    )


def let_through(value: float) -> dict[str, Any]:
    """What a fence lets through that is worth 20 km of open land where every other encounter ends on the other side."""
    scale = {} if value in (0, 1) else {"per": "encounter", "scale_m": 40_000 / math.pi}
    return {"value": value, **scale, "origin": "made up"}


def species_settings(id: str, flat: float, permeability: float) -> dict[str, Any]:
    """A species to which flat ground costs ``flat`` and slopes of 5 % and more cost 1."""
    return {
        "id": id,
        "label": {"en": id.title(), "ru": id, "kk": id},
        "scientific_name": f"Fictus {id}",
        "status": "expert placeholder",
        "combine": "maximum",
        "rules": [
            {
                "layer": "slope_percent",
                "unit": "percent",
                "origin": "made up",
                "points": [{"at": 0, "value": flat}, {"at": 5, "value": 1}],
            }
        ],
        "barriers": [{"layer": "water", "codes": [1], "means": "sea", "origin": "made up"}],
        "permeability": {"default": let_through(permeability)},
        "use_factor": {"wires_out": {"value": 0.8, "origin": "made up"}, "bridge": {"value": 0.6, "origin": "made up"}},
        "dispersal_km": {"value": 30, "origin": "made up"},
    }


def study_settings() -> dict[str, Any]:
    """The study file as plain data."""
    routes = {"from": ["south_hills", "south_plain"], "to": ["north_park", "north_lake"]}
    return {
        "study": "tiny",
        "title": "A tiny study",
        "assumptions": ["Everything here is made up."],
        "credits": ["Nobody"],
        "grid": {"like": "dem.tif"},
        "layers": {
            "dem": {"file": "dem.tif", "unit": "m"},
            "slope_percent": {"derive": "slope_percent", "file": "dem.tif", "per_cell": "mean"},
            "water": {"file": "water.tif", "unit": "class"},
        },
        "species": {
            "walker": {"profile": "walker.yaml", "weight": 0.7},
            "digger": {"profile": "digger.yaml", "weight": 0.3},
        },
        "regions": {"file": "regions.gpkg", "table": "regions"},
        "routes": {"walker": routes, "digger": routes},
        "fences": {
            "file": "fences.gpkg",
            "table": "fences",
            "active": ["border"],
            "permeability": {"inner": {"digger": let_through(0.9)}},
            "model": {"free_path_m": 1000, "reach_m": 1000, "origin": "made up"},
            "separations": [
                {
                    "fences": ["border"],
                    "side_a": ["south_hills", "south_plain"],
                    "side_b": ["north_park", "north_lake"],
                },
                {"fences": ["inner"], "side_a": ["south_hills"], "side_b": ["north_park"]},
            ],
        },
        "designs": {"wires_out": {"width_m": 4, "cost": 1}, "bridge": {"width_m": 2500, "cost": 50}},
        "candidates": {"every_m": 2000, "design": "wires_out", "min_spacing_m": 6000},
        "scenarios": {
            "closed": {"title": "Border closed", "set": {}},
            "free": {"title": "No fence", "set": {"fences.active": []}},
            "both": {"title": "Both lines", "set": {"fences.active": ["border", "inner"]}},
        },
    }


def write_yaml(path: Path, settings: dict[str, Any]) -> None:
    """Keys in the order given."""
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")


def write_tiny_study(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Write every file of the study; ``change`` may edit its settings first. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_raster(folder / "dem.tif", elevation(), nodata=-9999)
    write_raster(folder / "water.tif", water())
    write_fences(folder)
    write_regions(folder)
    write_yaml(folder / "walker.yaml", species_settings("walker", 8.0, 0.0))
    write_yaml(folder / "digger.yaml", species_settings("digger", 3.0, 0.4))
    settings = study_settings()
    if change is not None:
        change(settings)
    write_yaml(folder / "study.yaml", settings)
    return folder


def edit(study: Path, *path: str | int, value: Any = None, file: str = "study.yaml") -> int:
    """Set (or with None delete) a key of a YAML file; returns its line."""
    settings = yaml.safe_load((study / file).read_text())
    where = settings
    for key in path[:-1]:
        where = where[key]
    if value is None:
        del where[path[-1]]
    else:
        where[path[-1]] = value
    write_yaml(study / file, settings)
    lines = (study / file).read_text().splitlines()
    return next((i for i, line in enumerate(lines, 1) if str(path[-1]) in line), 0)
