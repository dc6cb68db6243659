"""OpenStreetMap by the Overpass API, for small regions: a request for each tile, one at a time, as its terms of use ask."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely.errors import ShapelyError

from rasters.errors import OptionError
from scenarios.records.hashing import read_json
from scenarios.region.features import layers_of
from scenarios.region.limits import MOST_SQUARE_DEG
from scenarios.region.source import BOUNDS, Ask, Got, Layers, Place
from scenarios.region.sources.osm_extract import OSM_ATTRIBUTION, OSM_LICENCE
from scenarios.region.themes import TAGS, THEMES

__all__ = ["Overpass"]

TILE_DEG = 1.0
TIMEOUT_S = 180
AREAS = {"natural", "landuse", "leisure", "boundary"}
"""Tags of closed ways that are areas."""
ELEMENTS = {"points": ("node",), "lines": ("way",), "multipolygons": ("way", "relation")}


@dataclass(frozen=True, slots=True)
class Overpass:
    """A server that answers queries of the Overpass language."""

    address: str
    key: str = "overpass"
    title: str = "OpenStreetMap by Overpass"
    licence: str = OSM_LICENCE
    attribution: str = OSM_ATTRIBUTION
    by_hand: str = "--pbf"
    files: tuple[Path, ...] = ()

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """A query for each tile. OptionError for a region that is too large."""
        area = sum((east - west) * (north - south) for west, south, east, north in place.boxes)
        if area > MOST_SQUARE_DEG:
            raise OptionError(
                f"--overpass: the region has {area:.1f} square degrees, and public servers are asked for at most {MOST_SQUARE_DEG:g}; "
                "give an extract instead: --pbf FILE, such as of download.geofabrik.de"
            )
        return tuple(Ask(url=self.address, query=query_of(tile)) for box in place.boxes for tile in _tiles(box))

    def fault(self, path: Path) -> str:
        """Whether it is an answer that is complete."""
        try:
            answer = read_json(path)
            elements, remark = answer["elements"], str(answer.get("remark", ""))
            if "error" in remark or not isinstance(elements, list):
                return f"the server did not finish ({remark.strip()})"
            list(_elements(elements))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, ShapelyError):
            return "what came is no answer of Overpass"
        return ""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Tables of all themes; what lies in two tiles once."""
        import geopandas as gpd

        found: dict[tuple[str, int], dict[str, Any] | None] = {}
        for one in got:
            if one.path is not None:
                found |= _elements(read_json(one.path)["elements"])
        rows = [row for row in found.values() if row is not None]
        frame = gpd.GeoDataFrame(rows, columns=[*TAGS, "geometry"], geometry="geometry", crs="EPSG:4326")
        return layers_of(frame.to_crs(place.grid.crs), place.grid, "OpenStreetMap, broken ways joined")


def query_of(box: BOUNDS) -> str:
    """What is asked for a tile [degrees]."""
    west, south, east, north = box
    within = f"({south:.6f},{west:.6f},{north:.6f},{east:.6f})"
    parts = [f"{kind}{theme.ql}{within};" for theme in THEMES for kind in ELEMENTS[theme.shape]]
    return f"[out:json][timeout:{TIMEOUT_S}];({''.join(dict.fromkeys(parts))});out geom;"


def _tiles(box: BOUNDS) -> Iterator[BOUNDS]:
    """Tiles of at most `TILE_DEG` that make up a box."""
    west, south, east, north = box
    nx, ny = math.ceil((east - west) / TILE_DEG), math.ceil((north - south) / TILE_DEG)
    dx, dy = (east - west) / nx, (north - south) / ny
    for j in range(ny):
        for i in range(nx):
            yield west + i * dx, south + j * dy, west + (i + 1) * dx, south + (j + 1) * dy


def _elements(elements: Sequence[dict[str, Any]]) -> Iterator[tuple[tuple[str, int], dict[str, Any] | None]]:
    """Kind and number of each element, and its row."""
    for element in elements:
        yield (str(element["type"]), int(element["id"])), _row(element)


def _row(element: dict[str, Any]) -> dict[str, Any] | None:
    """Tags and shape of an element; None where it has no shape."""
    shape = _shape(element)
    tags = {name.replace(":", "_"): str(value) for name, value in element.get("tags", {}).items()}
    return None if shape is None else {**{tag: tags.get(tag) for tag in TAGS}, "geometry": shape}


def _shape(element: dict[str, Any]) -> Any:
    """Point, line, or area of an element [degrees]."""
    from shapely import LineString, Point, Polygon

    if element["type"] == "node":
        return Point(_place(element))
    if element["type"] == "relation":
        return _area([_line(one) for one in element.get("members", []) if one["type"] == "way"])
    line = _line(element)
    if len(line) < 2:
        return None
    encloses = len(line) > 3 and line[0] == line[-1] and bool(AREAS & {*element.get("tags", {})})
    return Polygon(line) if encloses else LineString(line)


def _line(way: dict[str, Any]) -> list[tuple[float, float]]:
    """Where a way goes; nodes outside the answer are left out."""
    return [_place(node) for node in way.get("geometry") or () if node]


def _place(node: dict[str, Any]) -> tuple[float, float]:
    lon, lat = float(node["lon"]), float(node["lat"])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"lon {lon:g}, lat {lat:g}: no place on Earth")
    return lon, lat


def _area(lines: list[list[tuple[float, float]]]) -> Any:
    """The area that the ways of a relation enclose, holes cut out; None where they close nothing."""
    from shapely import LineString, MultiLineString, build_area, node

    parts = [LineString(line) for line in lines if len(line) > 1]
    area = build_area(node(MultiLineString(parts))) if parts else None
    return None if area is None or area.is_empty else area
