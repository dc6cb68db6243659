"""From features with tags of OpenStreetMap to the tables of a study, whoever they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rasters.grid import Grid
from scenarios.region.fence_ways import fences_of, metres
from scenarios.region.source import Layers
from scenarios.region.themes import THEMES

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["layers_of"]

SHAPES = {
    "points": ("Point",),
    "lines": ("LineString", "MultiLineString"),
    "multipolygons": ("Polygon", "MultiPolygon"),
}
AT_FENCE_M = 50.0
"""A gate farther than this from every fence that is kept is left out [m]."""
SEVERAL_GATES = "gates that share a cell with another of the same fence"


def layers_of(found: gpd.GeoDataFrame, grid: Grid, origin: str) -> Layers:
    """Tables of all themes.

    Parameters
    ----------
    found : GeoDataFrame
        In the grid's system, with `themes.TAGS` as columns; those that no feature has may lack.
    origin : str
        Of fences, for people.
    """
    import pandas as pd

    tables: dict[str, gpd.GeoDataFrame] = {}
    for name in dict.fromkeys(theme.table for theme in THEMES):
        parts = [
            _chosen(found, theme.shape, theme.key, theme.values, theme.also) for theme in THEMES if theme.table == name
        ]
        tables[name] = pd.concat(parts, ignore_index=True)
    tables["fences"], left_out = fences_of(tables["fences"], grid, origin)
    tables["gates"], away = _gates(tables["gates"], tables["fences"], grid)
    for name in tables.keys() - {"fences", "gates"}:
        tables[name] = _columns(tables[name])
    left_out |= away
    return Layers(
        tables={name: table for name, table in tables.items() if len(table)},
        left_out={what: number for what, number in left_out.items() if number},
    )


def _chosen(
    found: gpd.GeoDataFrame, shape: str, key: str, values: tuple[str, ...], also: tuple[str, str] | None
) -> gpd.GeoDataFrame:
    """Features of a theme; none where the tag lacks."""
    if key not in found or (also and also[0] not in found):
        return found.iloc[:0]
    chosen = found[key].isin(values) & found.geometry.geom_type.isin(SHAPES[shape])
    return found[chosen & (found[also[0]] == also[1])] if also else found[chosen]


def _columns(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Only names and shapes, each once."""
    names = [name for name in ("name", "name_ru", "name_kk") if name in table]
    return table[[*names, "geometry"]].drop_duplicates().reset_index(drop=True)


def _gates(gates: gpd.GeoDataFrame, fences: gpd.GeoDataFrame, grid: Grid) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Gates at fences that are kept, one in each cell of a fence line, a gap first."""
    import geopandas as gpd

    if not len(gates) or not len(fences):
        return gates.iloc[:0], {"gates away from the fences that are kept": len(gates)}
    lines = fences[["fence_line", "geometry"]]
    near = gpd.sjoin_nearest(gates, lines, max_distance=AT_FENCE_M).drop(columns="index_right")
    near = near[~near.index.duplicated()]
    away = len(gates) - len(near)
    rows, cols = grid.cells_at(near.geometry.x.to_numpy(), near.geometry.y.to_numpy())
    near = near.assign(kind=near["barrier"], row=rows, col=cols).sort_values(
        "kind", key=lambda one: one != "entrance", kind="stable"
    )
    inside = near[(near["row"] >= 0) & (near["row"] < grid.height) & (near["col"] >= 0) & (near["col"] < grid.width)]
    kept = inside.drop_duplicates(["fence_line", "row", "col"]).sort_index()
    lon, lat = grid.lonlat(kept.geometry.x.to_numpy(), kept.geometry.y.to_numpy())
    out = gpd.GeoDataFrame(
        {
            "id": [f"osm_gate_{number}" for number in range(1, len(kept) + 1)],
            "name": kept.get("name"),
            "kind": kept["kind"],
            "fence_line": kept["fence_line"],
            "width_m": _numbers(kept, "width", metres),
            "lon_deg": np.round(lon, 6),
            "lat_deg": np.round(lat, 6),
        },
        geometry=kept.geometry,
        crs=gates.crs,
    )
    left = {"gates away from the fences that are kept": away, SEVERAL_GATES: len(inside) - len(kept)}
    return out.reset_index(drop=True), left


def _numbers(table: gpd.GeoDataFrame, column: str, read: Callable[[Any], float]) -> list[float]:
    return [read(value) for value in table[column]] if column in table else [np.nan] * len(table)
