"""Countries, borders, settlements and the schematic fence lines of the study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, substring, unary_union

from scenarios.library.ustyurt.study_grid import BOUNDS, STUDY_WKT, projector

__all__ = [
    "BorderLines",
    "border_lines",
    "build_borders",
    "build_fences",
    "build_places",
    "grid_box",
    "kz_inside",
    "land_polygons",
    "tm_inside",
    "write_layer",
]

COUNTRIES = "countries_osm10m_46E70E_35N48N.gpkg"
PLACES = "places_geonames_cities500.csv"
NAMES = {
    "AFG": ("AF", "Afghanistan"),
    "AZE": ("AZ", "Azerbaijan"),
    "IRN": ("IR", "Iran"),
    "KAZ": ("KZ", "Kazakhstan"),
    "TKM": ("TM", "Turkmenistan"),
    "UZB": ("UZ", "Uzbekistan"),
}
PAIRS = {
    "KZ-TM": ("KAZ", "TKM"),
    "KZ-UZ": ("KAZ", "UZB"),
    "TM-UZ": ("TKM", "UZB"),
    "IR-TM": ("IRN", "TKM"),
    "TM-AF": ("TKM", "AFG"),
    "IR-AF": ("IRN", "AFG"),
}
SIMPLIFY_M = 80.0
"""Tolerance of the shared simplification of the country polygons [m]."""

FRAME_M = 20_000.0
"""How far beyond the grid lines are followed while sides are worked out [m]."""

BEYOND_M = 3_000.0
"""How far fence and border lines run out over the edge of the grid [m]."""

INTO_SEA_M = 5_000.0
"""How far a fence line runs on over the water at the Caspian shore [m]."""

KZ_OFFSET_M, TM_OFFSET_M = 200.0, 5_000.0

FENCES: dict[str, dict[str, Any]] = {
    "kz_border_fence": {
        "fence_line": "kz_border_fence",
        "name": "Kazakhstan border fence",
        "name_ru": "Пограничное заграждение Казахстана",
        "name_kk": "Қазақстанның шекара қоршауы",
        "height_m": 1.7,
        "built": "2011-2012",
        "source": "acbk.kz, saigaresourcecentre.com (height, 8 strands of barbed wire, years); line OpenStreetMap",
        "origin": "schematic: the OpenStreetMap border moved 200 m into Kazakhstan; not surveyed, not for the field",
    },
    "tm_security_line": {
        "fence_line": "tm_security_line",
        "name": "Turkmenistan security line",
        "name_ru": "Инженерная линия Туркменистана",
        "name_kk": "Түрікменстанның қорғаныс шебі",
        "height_m": None,
        "built": None,
        "source": "no description or survey could be had; line OpenStreetMap",
        "origin": "schematic: the OpenStreetMap border moved 5 km into Turkmenistan; not surveyed, not for the field",
    },
}

AKTAU = Point(projector().transform(51.2, 43.65))
DARVAZA = Point(projector().transform(58.4, 40.2))
"""Places well inside Kazakhstan and Turkmenistan, to tell the sides of a border apart."""

BorderLines = dict[str, LineString]
"""Pair -> one line from end to end in study coordinates, inside the frame."""


def grid_box(margin_m: float = 0.0) -> Polygon:
    """The study rectangle, widened by a margin."""
    xmin, ymin, xmax, ymax = BOUNDS
    return box(xmin - margin_m, ymin - margin_m, xmax + margin_m, ymax + margin_m)


def to_decimetres(geometry: BaseGeometry) -> BaseGeometry:
    """Coordinates rounded to 0.1 m, so that a rebuild elsewhere gives the same file."""
    return shapely.transform(geometry, lambda xy: np.round(xy, 1))


def write_layer(path: Path, layer: str, rows: list[dict[str, Any]]) -> None:
    """Append one layer of a GeoPackage in the study CRS."""
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=STUDY_WKT)
    frame["geometry"] = [to_decimetres(shape) for shape in frame.geometry]
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio", append=path.exists())


def land_polygons(source: Path) -> dict[str, BaseGeometry]:
    """Land of the study's countries, lakes left out, simplified so that neighbours still share their edges."""
    frame = gpd.read_file(source / COUNTRIES).set_index("a3").loc[list(NAMES)].to_crs(STUDY_WKT)
    simple = shapely.coverage_simplify(frame.geometry.to_numpy(), SIMPLIFY_M)
    return dict(zip(frame.index, simple, strict=True))


def chain(pieces: list[LineString]) -> LineString:
    """One line through pieces of a border, their gaps bridged straight.

    OSM's land polygons stop at lake and river banks, so a border on the water comes in pieces. From the longest piece
    the nearest end of another is taken up, at whichever end of the chain it is nearer, until none is left.
    """
    left = sorted(pieces, key=lambda piece: -piece.length)
    points = list(left.pop(0).coords)
    while left:
        tries = [
            (Point(points[at]).distance(Point(piece.coords[end])), k, at, end)
            for k, piece in enumerate(left)
            for at in (0, -1)
            for end in (0, -1)
        ]
        _, k, at, end = min(tries)
        piece = list(left.pop(k).coords)
        if at == -1:
            points += piece if end == 0 else piece[::-1]
        else:
            points = (piece if end == -1 else piece[::-1]) + points
    return LineString(points)


def lines_of(geometry: BaseGeometry) -> list[LineString]:
    """The line parts of a geometry, merged where they meet."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "LineString"]
    merged = shapely.line_merge(MultiLineString(parts)) if parts else MultiLineString()
    return [part for part in shapely.get_parts(merged) if part.length > 0]


def shared_line(one: BaseGeometry, other: BaseGeometry) -> LineString:
    """The border between two countries within the frame, from end to end."""
    shared = shapely.intersection(one.boundary, other.boundary)
    return chain(lines_of(shapely.intersection(shared, grid_box(FRAME_M))))


def border_lines(land: dict[str, BaseGeometry]) -> BorderLines:
    """Every border of the study."""
    return {pair: shared_line(land[a], land[b]) for pair, (a, b) in PAIRS.items()}


def into_the_sea(line: LineString) -> LineString:
    """The line with its western end run on due west over the Caspian to the frame."""
    points = list(line.coords)
    if points[0][0] > points[-1][0]:
        points.reverse()
    return LineString([(BOUNDS[0] - 2 * FRAME_M, points[0][1]), *points])


def side_holding(lines: list[LineString], place: Point) -> Polygon:
    """The part of the frame that the lines cut off around a place."""
    frame = grid_box(0.95 * FRAME_M)
    cut = unary_union([frame.boundary, *lines])
    parts: list[Polygon] = [part for part in polygonize(cut) if part.contains(place)]
    return parts[0]


def near_land(land: dict[str, BaseGeometry]) -> BaseGeometry:
    """Land with its lakes, and the sea as far as fence lines run out."""
    whole = unary_union([Polygon(part.exterior) for shape in land.values() for part in shapely.get_parts(shape)])
    outline = [Polygon(part.exterior) for part in shapely.get_parts(whole.buffer(INTO_SEA_M))]
    return unary_union(outline).intersection(grid_box(BEYOND_M))


def inside_of(side: Polygon, line: BaseGeometry, offset_m: float) -> Polygon:
    """The largest part of a side that keeps ``offset_m`` away from a line."""
    parts: list[Polygon] = list(shapely.get_parts(side.difference(line.buffer(offset_m))))
    return max(parts, key=lambda part: part.area)


def offset_line(inside: Polygon, line: BaseGeometry, offset_m: float, extent: BaseGeometry) -> LineString:
    """The edge of ``inside`` that runs along a line at ``offset_m``, as one simple line from west to east."""
    along = inside.exterior.intersection(line.buffer(offset_m + 1.0))
    longest = max(lines_of(along), key=lambda part: part.length)
    kept = max(lines_of(longest.intersection(extent)), key=lambda part: part.length)
    points = list(kept.simplify(min(offset_m / 4.0, 100.0)).coords)
    return LineString(points if points[0][0] < points[-1][0] else points[::-1])


def split_at(line: LineString, place: Point) -> tuple[LineString, LineString]:
    """A line in two parts that share the vertex nearest to a place."""
    cut = line.project(place)
    west, east = substring(line, 0.0, cut), substring(line, cut, line.length)
    return LineString(west.coords), LineString(east.coords)


def kz_inside(lines: BorderLines, offset_m: float = KZ_OFFSET_M) -> Polygon:
    """The Kazakh side of the frame, ``offset_m`` and more from its border with Turkmenistan and Uzbekistan."""
    front = [into_the_sea(lines["KZ-TM"]), lines["KZ-UZ"]]
    return inside_of(side_holding(front, AKTAU), MultiLineString(front), offset_m)


def tm_inside(lines: BorderLines, offset_m: float = TM_OFFSET_M) -> Polygon:
    """The Turkmen side of the frame, ``offset_m`` and more from Kazakhstan, Uzbekistan and Iran."""
    north = [into_the_sea(lines["KZ-TM"]), lines["TM-UZ"]]
    south = [into_the_sea(lines["IR-TM"])]
    side = side_holding([*north, *south, lines["TM-AF"]], DARVAZA)
    return inside_of(side, MultiLineString([*north, *south]), offset_m)


def fence_row(name: str, line: LineString, pair: str, country: str) -> dict[str, Any]:
    """One fence section with its attributes."""
    return {
        "id": f"{name}_{pair.lower().replace('-', '_')}",
        "pair": pair,
        **FENCES[name],
        "country": country,
        "geometry_status": "schematic",
        "length_km": round(line.length / 1000.0, 1),
        "geometry": line,
    }


def kz_fence(lines: BorderLines, extent: BaseGeometry) -> list[dict[str, Any]]:
    """The border fence along Turkmenistan and Uzbekistan: two sections that share a vertex by the tripoint."""
    front = MultiLineString([into_the_sea(lines["KZ-TM"]), lines["KZ-UZ"]])
    whole = offset_line(kz_inside(lines), front, KZ_OFFSET_M, extent)
    west, east = split_at(whole, tripoint(lines))
    return [fence_row("kz_border_fence", west, "KZ-TM", "KZ"), fence_row("kz_border_fence", east, "KZ-UZ", "KZ")]


def tm_line(lines: BorderLines, extent: BaseGeometry) -> list[dict[str, Any]]:
    """The security line along Kazakhstan, Uzbekistan and Iran."""
    inside = tm_inside(lines)
    north = MultiLineString([into_the_sea(lines["KZ-TM"]), lines["TM-UZ"]])
    west, east = split_at(offset_line(inside, north, TM_OFFSET_M, extent), tripoint(lines))
    south = offset_line(inside, into_the_sea(lines["IR-TM"]), TM_OFFSET_M, extent)
    rows = ((west, "KZ-TM"), (east, "TM-UZ"), (south, "IR-TM"))
    return [fence_row("tm_security_line", line, pair, "TM") for line, pair in rows]


def tripoint(lines: BorderLines) -> Point:
    """Where Kazakhstan, Turkmenistan and Uzbekistan meet."""
    return Point(into_the_sea(lines["KZ-TM"]).coords[-1])


def build_fences(lines: BorderLines, land: dict[str, BaseGeometry], target: Path) -> None:
    """Write fences.gpkg."""
    extent = near_land(land)
    write_layer(target / "fences.gpkg", "fences", kz_fence(lines, extent) + tm_line(lines, extent))


def border_row(pair: str, line: LineString) -> dict[str, Any]:
    """One border with its length on the ellipsoid inside the study."""
    inside = line.intersection(grid_box())
    x, y = shapely.get_coordinates(inside).T
    lon, lat = projector().transform(x, y, direction="INVERSE")
    length_km = Geod(ellps="WGS84").line_length(lon, lat) / 1000.0
    one, other = pair.split("-")
    return {"pair": pair, "country_a": one, "country_b": other, "length_km": round(length_km, 1), "geometry": inside}


def country_row(code: str, shape: BaseGeometry) -> dict[str, Any]:
    """One country's land inside the study; islets and ponds under 2 km2 left out."""
    parts = [part for part in shapely.get_parts(shape.intersection(grid_box())) if part.area > 2e6]
    rings = [[ring for ring in part.interiors if Polygon(ring).area > 2e6] for part in parts]
    inside = shapely.MultiPolygon([Polygon(part.exterior, holes) for part, holes in zip(parts, rings, strict=True)])
    short, name = NAMES[code]
    return {"a3": code, "country": short, "name_en": name, "geometry": inside}


def build_borders(lines: BorderLines, land: dict[str, BaseGeometry], target: Path) -> None:
    """Write borders.gpkg: borders and countries inside the grid."""
    path = target / "borders.gpkg"
    write_layer(path, "borders", [border_row(pair, line) for pair, line in lines.items()])
    write_layer(path, "countries", [country_row(code, shape) for code, shape in land.items()])


def build_places(source: Path, target: Path) -> None:
    """Write places.gpkg: the GeoNames settlements inside the grid, the most populous first."""
    table = pd.read_csv(source / PLACES, keep_default_na=False)
    x, y = projector().transform(table["longitude"].to_numpy(), table["latitude"].to_numpy())
    xmin, ymin, xmax, ymax = BOUNDS
    inside = (x > xmin) & (x < xmax) & (y > ymin) & (y < ymax)
    table = table.assign(x=x, y=y)[inside].sort_values(["population", "geonameid"], ascending=[False, True])
    rows = [
        {
            "geonameid": row.geonameid,
            "name": row.name,
            "country": row.countrycode,
            "population": row.population,
            "geometry": Point(row.x, row.y),
        }
        for row in table.itertuples(index=False)
    ]
    write_layer(target / "places.gpkg", "places", rows)
