"""Lines, points and outlines of the region from files of the user: an OpenStreetMap extract, protected areas of WDPA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import DataError
from rasters.grid import Grid
from scenarios.region.sources import BOUNDS

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["FENCE_LINE", "Found", "read_found"]

FENCE_LINE = "osm_fences"
BARRIERS = "barrier IN ('fence', 'wall', 'city_wall', 'cable_barrier')"
ROADS = "highway IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary')"
PLACES = "place IN ('city', 'town', 'village', 'hamlet')"
LEAST_CELLS = 2
"""Shorter fences, once broken ways are joined, are those of gardens [cells]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the files have in the region: table -> features in the grid's system; only tables with features.

    Parameters
    ----------
    short_fences : int
        Left out.
    """

    tables: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    short_fences: int = 0


def read_found(grid: Grid, bounds: BOUNDS, pbf: Path | None, wdpa: Path | None) -> Found:
    """Fences, roads and settlements of ``.osm.pbf``; reserves of WDPA.

    Raises
    ------
    DataError
        For a file that cannot be read, or that has none of what it is for.
    """
    tables, short = {}, 0
    if pbf is not None:
        fences, short = _fences(_read(pbf, "lines", BARRIERS, bounds, grid), grid)
        tables["fences"] = fences
        tables["roads"] = _named(_read(pbf, "lines", ROADS, bounds, grid), "name")
        tables["settlements"] = _named(_read(pbf, "points", PLACES, bounds, grid), "name")
    if wdpa is not None:
        areas = _read(wdpa, None, None, bounds, grid)
        if "NAME" not in areas:
            raise DataError(f"--wdpa {wdpa}: has no attribute NAME; give the download of WDPA polygons")
        tables["reserves"] = _named(areas[areas.geom_type.isin(["Polygon", "MultiPolygon"])], "NAME")
    return Found(tables={name: table for name, table in tables.items() if len(table)}, short_fences=short)


def _read(path: Path, layer: str | None, where: str | None, bounds: BOUNDS, grid: Grid) -> gpd.GeoDataFrame:
    """Features in the bounds, in the grid's system; across 180 degrees in two goes."""
    import geopandas as gpd
    import pandas as pd
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    west, south, east, north = bounds
    boxes = [(west, south, min(east, 180.0), north)] + ([(-180.0, south, east - 360, north)] if east > 180 else [])
    try:
        parts = [
            pyogrio.read_dataframe(path, layer=layer or 0, where=where, mask=_mask(path, layer, box)) for box in boxes
        ]
    except (DataLayerError, DataSourceError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if parts[0].crs is None:
        raise DataError(f"{path}: has no coordinate reference system")
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs).to_crs(grid.crs)


def _mask(path: Path, layer: str | None, box: BOUNDS) -> object:
    """A box of degrees, in the file's system."""
    import geopandas as gpd
    import pyogrio
    from shapely import box as rectangle

    crs = pyogrio.read_info(path, layer=layer or 0)["crs"] or "EPSG:4326"
    return gpd.GeoSeries([rectangle(*box)], crs="EPSG:4326").to_crs(crs).iloc[0]


def _named(table: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Only names and shapes."""
    return table[[name, "geometry"]].rename(columns={name: "name"})


def _fences(ways: gpd.GeoDataFrame, grid: Grid) -> tuple[gpd.GeoDataFrame, int]:
    """Broken ways joined, long ones kept, and how many were too short."""
    import geopandas as gpd
    from shapely import get_parts, line_merge, union_all

    lines = list(get_parts(line_merge(union_all(ways.geometry.to_numpy()))))
    long = [line for line in lines if line.length >= LEAST_CELLS * grid.cell_width_m]
    ids = [f"osm_{number}" for number in range(1, len(long) + 1)]
    columns = {
        "id": ids, "name": [f"OpenStreetMap fence {n}" for n in range(1, len(long) + 1)], "fence_line": [FENCE_LINE] * len(long),
        "geometry_status": ["unknown"] * len(long), "origin": ["OpenStreetMap, broken ways joined"] * len(long),
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=long, crs=grid.crs), len(lines) - len(long)
