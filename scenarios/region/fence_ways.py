"""Fence lines from ways of OpenStreetMap: broken ways joined, what their tags say of height and wires kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import shapely
from shapely import get_parts, line_merge, union_all

from rasters.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["FENCE_LINES", "fences_of", "line_of", "metres"]

LEAST_CELLS = 2
"""Shorter fences, once broken ways are joined, are those of gardens [cells]."""
FENCE_LINES = {
    "osm_wall": "wall",
    "osm_mesh": "mesh",
    "osm_electric": "electric wires",
    "osm_barbed_wire": "barbed wire",
    "osm_wire": "wires",
    "osm_fence": "fence of a build that is not stated",
}
"""Fence line -> how it is built, for people."""
LINE_OF_TYPE = {
    "barbed_wire": "osm_barbed_wire",
    "wire": "osm_wire",
    "electric": "osm_electric",
    "chain_link": "osm_mesh",
    "wire_mesh": "osm_mesh",
    "mesh": "osm_mesh",
    "net": "osm_mesh",
    "concrete": "osm_wall",
    "brick": "osm_wall",
    "corrugated_metal": "osm_wall",
    "metal_sheet": "osm_wall",
    "panel": "osm_wall",
}
FEET = 0.3048
HIGHEST_M = 20.0
"""A number beyond it is not the height or width of what stands in the field [m]."""
NUMBER = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*(m|metres?|meters?|ft|feet|')?\s*$")
ALIKE = ["fence_line", "fence_type", "height_m", "wires"]
"""Ways are joined where they agree in these."""


def fences_of(ways: gpd.GeoDataFrame, grid: Grid, origin: str) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Fences of at least `LEAST_CELLS` cells, longest first, and how many were too short or had tags that are no number.

    Parameters
    ----------
    ways : GeoDataFrame
        With tags of OpenStreetMap; outlines stand for their edge.
    """
    import geopandas as gpd

    table = ways.assign(
        geometry=[way.boundary if way.geom_type.endswith("Polygon") else way for way in ways.geometry],
        fence_line=[
            line_of(_text(row.get("barrier")), _text(row.get("fence_type")), _text(row.get("material")))
            for row in _rows(ways)
        ],
        fence_type=[_text(row.get("fence_type")) for row in _rows(ways)],
        height_m=[metres(row.get("height")) for row in _rows(ways)],
        wires=[_count(row.get("wires")) for row in _rows(ways)],
    )
    no_number = sum(
        _text(row.get(tag)) != "" and np.isnan(value)
        for tag, values in (("height", table["height_m"]), ("wires", table["wires"]))
        for row, value in zip(_rows(ways), values, strict=True)
    )
    rows: list[dict[str, Any]] = []
    for values, group in table.groupby(ALIKE, dropna=False):
        joined = get_parts(line_merge(union_all(group.geometry.to_numpy())))
        rows += [{**dict(zip(ALIKE, values, strict=True)), "geometry": line} for line in joined]
    long = _long_enough([row["geometry"] for row in rows], LEAST_CELLS * grid.cell_width_m)
    kept = sorted((row for row, one in zip(rows, long, strict=True) if one), key=lambda row: -row["geometry"].length)
    named = [
        {
            "id": f"osm_{number}",
            "name": f"OpenStreetMap {number}: {FENCE_LINES[row['fence_line']]}",
            **row,
            "geometry_status": "unknown",
            "origin": origin,
        }
        for number, row in enumerate(kept, 1)
    ]
    columns = ["id", "name", *ALIKE, "geometry_status", "origin", "geometry"]
    out = gpd.GeoDataFrame(named, columns=columns, geometry="geometry", crs=ways.crs)
    return out, {
        "short fences": len(rows) - len(kept),
        "heights and wires of fences that are no number": int(no_number),
    }


def line_of(barrier: str, fence_type: str, material: str) -> str:
    """Fence line by how a fence is built; fences of one line may be given a permeability together."""
    if barrier in ("wall", "city_wall"):
        return "osm_wall"
    return LINE_OF_TYPE.get(fence_type) or LINE_OF_TYPE.get(material) or "osm_fence"


def metres(text: Any) -> float:
    """A length as tags have it, such as ``1.7``, ``1,7 m`` or ``6 ft`` [m]; NaN for what is none."""
    found = NUMBER.match(_text(text))
    if not found:
        return float("nan")
    value = float(found[1].replace(",", ".")) * (FEET if found[2] in ("ft", "feet", "'") else 1.0)
    return round(value, 3) if 0 < value <= HIGHEST_M else float("nan")


def _count(text: Any) -> float:
    """Number of wires; NaN for what is none."""
    return float(_text(text)) if re.fullmatch(r"[1-9]\d?", _text(text)) else float("nan")


def _long_enough(lines: list[Any], least_m: float) -> list[bool]:
    """Whether a line, with all that hang on its ends, is long enough."""
    graph: Any = nx.Graph()
    ends = [[tuple(np.round(line.coords[i], 2)) for i in (0, -1)] for line in lines]
    for line, (first, last) in zip(lines, ends, strict=True):
        before = graph.get_edge_data(first, last, {"length": 0.0})["length"]
        graph.add_edge(first, last, length=before + shapely.length(line))
    total: dict[Any, float] = {}
    for nodes in nx.connected_components(graph):
        total |= dict.fromkeys(nodes, graph.subgraph(nodes).size(weight="length"))
    return [total[first] >= least_m for first, _ in ends]


def _rows(table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    return list(table.drop(columns="geometry").to_dict("records"))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
