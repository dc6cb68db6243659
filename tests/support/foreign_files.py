"""Vector files as they come in real life, with the faults that they come with; written here, in every format that is imported."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import Transformer
from shapely import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from tests.support.tiny_study import CRS, at_km, line_km

__all__ = ["CASES", "Case", "degrees", "write_dbf_code"]

TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
FENCE = [(3.0, 26.0), (11.0, 25.4), (19.0, 26.2), (27.0, 25.8), (36.0, 26.5)]
"""A fence line across the tiny study [km]."""
KAZAKH, RUSSIAN, GERMAN = "Үстірт қоршауы", "Пограничная ограда", "Grenzzäunchen"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file and what is to come of it.

    Parameters
    ----------
    write : callable
        Writes it into a folder; returns the file.
    options : mapping
        Of the import.
    shapes : tuple of geometries
        What has to come in [m on the tiny study's grid], in any order.
    within_m : float
        How far shapes may lie from these.
    told : tuple of str
        Beginnings of lines of the table, as ``group what``.
    """

    name: str
    fault: str
    kind: str
    write: Callable[[Path], Path]
    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[BaseGeometry, ...]
    within_m: float = 0.02
    told: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def degrees(shape: BaseGeometry) -> BaseGeometry:
    """A shape of the tiny study in degrees."""
    return shapely.transform(shape, lambda xy: np.column_stack(TO_DEGREES.transform(*xy.T)))


def fence(*, start: int = 0, end: int | None = None, north: float = 0.0) -> LineString:
    return line_km([(x, y + north) for x, y in FENCE[start:end]])


def area(x: float, y: float, km: float = 2.0) -> Polygon:
    return shapely.box(*at_km(x, y), *at_km(x + km, y + km))


def frame(
    shapes: Sequence[BaseGeometry | None], crs: str | None = "EPSG:4326", **columns: list[Any]
) -> gpd.GeoDataFrame:
    """In degrees, or in another system; shapes are of the tiny study."""
    whole = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)
    if crs is None:
        whole = whole.to_crs("EPSG:4326")
        return whole.set_crs(None, allow_override=True)
    return whole.to_crs(crs)


def saved(name: str, driver: str, *layers: tuple[str, gpd.GeoDataFrame], **options: Any) -> Callable[[Path], Path]:
    """Writes layers with a driver of GDAL."""

    def write(folder: Path) -> Path:
        path = folder / name
        for number, (layer, each) in enumerate(layers):
            more = {"append": True} if number and driver != "GPKG" else {}
            pyogrio.write_dataframe(each, path, layer=layer, driver=driver, **more, **options)
        return path

    return write


def measured(write: Callable[[Path], Path], layer: str, shape: LineString) -> Callable[[Path], Path]:
    """The same GeoPackage with a measure at every vertex of its first feature, which drivers here do not write."""

    def again(folder: Path) -> Path:
        path = write(folder)
        rows = [(x, y, 10.0 * i) for i, (x, y) in enumerate(shapely.get_coordinates(degrees(shape)))]
        head = b"GP\0\1" + (4326).to_bytes(4, "little")
        blob = head + struct.pack("<BII", 1, 2002, len(rows)) + b"".join(struct.pack("<3d", *row) for row in rows)
        with closing(sqlite3.connect(path)) as base, base:
            for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                base.execute(f'DROP TRIGGER "{name}"')
            base.execute("UPDATE gpkg_geometry_columns SET m = 1 WHERE table_name = ?", [layer])
            base.execute(f'UPDATE "{layer}" SET geom = ? WHERE fid = 1', [blob])
        return path

    return again


def text(name: str, content: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content.encode(encoding))
        return folder / name

    return write


def gpx(name: str, *parts: str) -> Callable[[Path], Path]:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="eTrex" xmlns="http://www.topografix.com/GPX/1/1">'
    return text(name, f"{head}{''.join(parts)}</gpx>")


def points_of(shape: LineString, tag: str) -> str:
    spots = shapely.get_coordinates(degrees(shape))
    return "".join(
        f'<{tag} lat="{y:.8f}" lon="{x:.8f}"><ele>{100 + i}</ele><time>2024-05-0{i % 9 + 1}T06:00:00Z</time></{tag}>'
        for i, (x, y) in enumerate(spots)
    )


def track(name: str, *segments: LineString) -> str:
    within = "".join(f"<trkseg>{points_of(one, 'trkpt')}</trkseg>" for one in segments)
    return f"<trk><name>{name}</name>{within}</trk>"


def waypoint(name: str, x: float, y: float) -> str:
    lon, lat = TO_DEGREES.transform(*at_km(x, y))
    return f'<wpt lat="{lat:.8f}" lon="{lon:.8f}"><name>{name}</name><sym>Flag</sym></wpt>'


def kml(*marks: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(marks)}</Document></kml>'


def kml_places(shape: BaseGeometry, height: float = 120.0) -> str:
    return " ".join(f"{x:.9f},{y:.9f},{height:g}" for x, y in shapely.get_coordinates(degrees(shape)))


def kml_line(shape: LineString) -> str:
    return f"<LineString><coordinates>{kml_places(shape)}</coordinates></LineString>"


def kml_area(shape: Polygon) -> str:
    ring = f"<LinearRing><coordinates>{kml_places(shape)}</coordinates></LinearRing>"
    return f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"


def mark(name: str, shape: str, **data: str) -> str:
    more = "".join(f'<Data name="{key}"><value>{value}</value></Data>' for key, value in data.items())
    return f"<Placemark><name>{name}</name>{f'<ExtendedData>{more}</ExtendedData>' if more else ''}{shape}</Placemark>"


def kmz(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", content)
            archive.writestr("files/picture.png", b"\x89PNG")
        return folder / name

    return write


def geojson(
    file: str, shapes: Sequence[BaseGeometry | None], start: str = "", /, **columns: list[Any]
) -> Callable[[Path], Path]:
    """Positions as they are given; ``start`` comes before the text."""
    rows = [
        {
            "type": "Feature",
            "properties": {key: values[i] for key, values in columns.items()},
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        }
        for i, shape in enumerate(shapes)
    ]
    return text(file, start + json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False))


def write_dbf_code(path: Path, code: int) -> None:
    """The language byte of a dBASE table."""
    content = bytearray(path.read_bytes())
    content[29] = code
    path.write_bytes(bytes(content))


def shapefile(
    name: str, whole: gpd.GeoDataFrame, encoding: str, *, without: Sequence[str] = (), cpg: str = "", code: int = 0
) -> Callable[[Path], Path]:
    """A Shapefile whose text is of some code, and what it says of that."""

    def write(folder: Path) -> Path:
        path = folder / name
        columns = [column for column in whole.columns if column != "geometry"]
        as_bytes = {
            column: [str(one).encode(encoding).decode("latin-1") for one in whole[column]] for column in columns
        }
        pyogrio.write_dataframe(whole.assign(**as_bytes), path, driver="ESRI Shapefile", encoding="ISO-8859-1")
        write_dbf_code(path.with_suffix(".dbf"), code)
        path.with_suffix(".cpg").unlink(missing_ok=True)
        if cpg:
            path.with_suffix(".cpg").write_text(cpg)
        for suffix in without:
            path.with_suffix(suffix).unlink()
        return path

    return write


def ways(*places: tuple[int, int]) -> list[LineString]:
    """Pieces of the fence from vertex to vertex, the other way round where the second is less."""
    return [fence(start=a, end=b + 1) if a < b else shapely.reverse(fence(start=b, end=a + 1)) for a, b in places]


def shifted(shape: LineString, metres: float) -> LineString:
    """Its first vertex moved eastwards."""
    xy = shapely.get_coordinates(shape)
    xy[0, 0] += metres
    return LineString(xy)


def with_height(shape: BaseGeometry) -> BaseGeometry:
    return shapely.force_3d(shape, 250.0)


BOW_TIE = Polygon([at_km(5, 30), at_km(9, 34), at_km(9, 30), at_km(5, 34)])
HOLED = area(20, 30, 6).difference(area(22, 32, 2))
OVER = fence(north=4)
DRAWN = {"geometry_status": "digitised", "origin": "test"}
WALKED = {"geometry_status": "surveyed"}

CASES: tuple[Case, ...] = (
    Case(
        name="track.gpx",
        fault="three segments with heights and times, 8 m apart",
        kind="fences",
        write=gpx(
            "track.gpx", track("Fence", fence(end=3), shifted(fence(start=2, end=4), 8), shifted(fence(start=3), 8))
        ),
        options={**WALKED, "snap_m": 20.0},
        shapes=(fence(),),
        told=("corrected ends moved",),
    ),
    Case(
        name="there_and_back.gpx",
        fault="walked there and back",
        kind="fences",
        write=gpx("there_and_back.gpx", track("Fence", LineString([*fence().coords, *list(fence().coords)[-2::-1]]))),
        options=WALKED,
        shapes=(fence(),),
        told=("look at lines that cross or touch themselves",),
        within_m=0.05,
    ),
    Case(
        name="route.gpx",
        fault="a route, with waypoints that are none of it",
        kind="fences",
        write=gpx("route.gpx", waypoint("Camp", 5, 5), f"<rte><name>Fence</name>{points_of(fence(), 'rtept')}</rte>"),
        options=WALKED,
        shapes=(fence(),),
        told=("read layers not taken",),
        names=("Fence",),
    ),
    Case(
        name="gates.gpx",
        fault="waypoints: one twice, one 12 km outside",
        kind="passages",
        write=gpx(
            "gates.gpx",
            *(
                waypoint(n, x, y)
                for n, x, y in (("Gate 1", 12, 20.6), ("Gate 1", 12, 20.6), ("Gate 2", 24, 18.2), ("Far", 24, 52))
            ),
        ),
        options={"state": "existing", "design": "wires_out"},
        shapes=(Point(at_km(12, 20.6)), Point(at_km(24, 18.2))),
        told=("left out outside the grid", "left out at the same place"),
        names=("Gate 1", "Gate 2"),
    ),
    Case(
        name="folders.kml",
        fault="two folders, attributes as extended data, heights",
        kind="fences",
        write=text(
            "folders.kml",
            kml(
                f"<Folder><name>West</name>{mark(KAZAKH, kml_line(fence(end=3)), country='KZ')}</Folder>",
                f"<Folder><name>East</name>{mark(KAZAKH, kml_line(fence(start=2)), country='KZ')}</Folder>",
            ),
        ),
        options={**DRAWN, "layers": ["all"]},
        shapes=(fence(),),
        names=(KAZAKH,),
        told=("corrected heights", "corrected broken ways"),
    ),
    Case(
        name="mixed.kml",
        fault="points and polygons among the lines",
        kind="fences",
        write=text(
            "mixed.kml",
            kml(
                mark("Post", f"<Point><coordinates>{kml_places(Point(at_km(5, 5)))}</coordinates></Point>"),
                mark("Yard", kml_area(area(5, 5))),
                mark("Fence", f"<MultiGeometry>{kml_line(fence(end=3))}{kml_line(fence(start=2))}</MultiGeometry>"),
            ),
        ),
        options=DRAWN,
        shapes=(fence(),),
        names=("Fence",),
        told=("left out points", "left out polygons"),
    ),
    Case(
        name="linked.kml",
        fault="links to a server, which are not followed",
        kind="fences",
        write=text(
            "linked.kml",
            kml(
                "<NetworkLink><name>More</name><Link><href>http://127.0.0.1:9/more.kml</href></Link></NetworkLink>",
                mark("Fence", kml_line(fence())),
            ),
        ),
        options=DRAWN,
        shapes=(fence(),),
        told=("look at 1 network links",),
    ),
    Case(
        name="earth.kmz",
        fault="zipped, polygons with heights",
        kind="cores",
        write=kmz(
            "earth.kmz",
            kml(mark("Northern core", kml_area(area(14, 30))), mark("Southern core", kml_area(area(14, 3)))),
        ),
        options=DRAWN,
        shapes=(area(14, 30), area(14, 3)),
        names=("Northern core", "Southern core"),
        told=("corrected heights",),
    ),
    Case(
        name="ways.geojson",
        fault="four broken ways, out of order, one reversed",
        kind="fences",
        write=geojson(
            "ways.geojson", [degrees(one) for one in ways((2, 3), (0, 1), (2, 1), (3, 4))], osm_id=[4, 2, 9, 7]
        ),
        options=DRAWN,
        shapes=(fence(),),
        told=("corrected broken ways joined",),
    ),
    Case(
        name="twice.geojson",
        fault="drawn twice, once the other way round",
        kind="fences",
        write=geojson(
            "twice.geojson",
            [degrees(one) for one in (fence(), OVER, fence(), shapely.reverse(OVER))],
            name=["a", "b", "c", "d"],
        ),
        options=DRAWN,
        shapes=(fence(), OVER),
        names=("a", "b"),
        told=("left out drawn twice", "left out drawn twice, the other way"),
    ),
    Case(
        name="metres.geojson",
        fault="metres of UTM zone 40 where the format has degrees",
        kind="fences",
        write=geojson("metres.geojson", [frame([fence()], "EPSG:32640").geometry[0]], name=["Fence"]),
        options={**DRAWN, "crs": "EPSG:32640"},
        shapes=(fence(),),
        names=("Fence",),
        told=("look at reference system",),
    ),
    Case(
        name="swapped.geojson",
        fault="latitude before longitude",
        kind="fences",
        write=geojson("swapped.geojson", [shapely.transform(degrees(fence()), lambda xy: xy[:, ::-1])]),
        options={**DRAWN, "swap_xy": True},
        shapes=(fence(),),
    ),
    Case(
        name="collection.geojson",
        fault="a collection, an empty and a missing geometry",
        kind="fences",
        write=geojson(
            "collection.geojson",
            [shapely.GeometryCollection([degrees(fence()), degrees(Point(at_km(5, 5)))]), None, LineString()],
        ),
        options=DRAWN,
        shapes=(fence(),),
        told=("left out points", "left out without a geometry"),
    ),
    Case(
        name="marked.geojson",
        fault="a byte-order mark, lists as attributes, repeated vertices",
        kind="fences",
        write=geojson(
            "marked.geojson",
            [degrees(LineString([p for p in fence().coords for _ in (0, 1)]))],
            "\ufeff",
            name=[RUSSIAN],
            tags=[["a", "b"]],
        ),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
        told=("corrected repeated vertices",),
    ),
    Case(
        name="layers.gpkg",
        fault="several layers, one asked for; measures",
        kind="fences",
        write=measured(
            saved(
                "layers.gpkg",
                "GPKG",
                ("roads", frame([OVER], name=["Road"])),
                ("fence", frame([fence()], name=["Fence"])),
            ),
            "fence",
            fence(),
        ),
        options={**DRAWN, "layers": ["fence"]},
        shapes=(fence(),),
        names=("Fence",),
        told=("read layers not taken", "corrected measures"),
    ),
    Case(
        name="utm.gpkg",
        fault="UTM zone 40; two of three features outside the grid",
        kind="fences",
        write=saved(
            "utm.gpkg",
            "GPKG",
            ("fences", frame([fence(), fence(north=60), fence(north=80)], "EPSG:32640", name=["In", "Out", "Out"])),
        ),
        options=DRAWN,
        shapes=(fence(),),
        names=("In",),
        told=("left out outside the grid",),
    ),
    Case(
        name="ids.gpkg",
        fault="one id given twice",
        kind="fences",
        write=saved("ids.gpkg", "GPKG", ("fences", frame([fence(), OVER], id=["7", "7"], name=["One", "Two"]))),
        options=DRAWN,
        shapes=(fence(), OVER),
        names=("One", "Two"),
        told=("corrected ids given twice",),
    ),
    Case(
        name="bow_tie.gpkg",
        fault="an outline that crosses itself, one drawn twice",
        kind="reserves",
        write=saved("bow_tie.gpkg", "GPKG", ("reserves", frame([BOW_TIE, HOLED, HOLED], name=["Bow", "Hole", "Hole"]))),
        options=DRAWN,
        shapes=(shapely.make_valid(BOW_TIE), HOLED),
        names=("Bow", "Hole"),
        told=("corrected outlines that were not valid", "left out drawn twice"),
    ),
    Case(
        name="knots.gpkg",
        fault="a loop, a spur of 90 m, an end 3 m short of another line",
        kind="fences",
        write=saved(
            "knots.gpkg",
            "GPKG",
            (
                "fences",
                frame(
                    [
                        line_km([(3, 26), (19, 26.2)]),
                        line_km([(19, 26.2), (36, 26.5)]),
                        line_km([(19, 26.2), (19, 26.29)]),
                        line_km([(11, 30), (11, 26.103)]),
                        line_km([(28, 30), (32, 34), (32, 30), (28, 34)]),
                    ],
                    name=["Main", "Main", "Spur", "Branch", "Loop"],
                ),
            ),
        ),
        options={**DRAWN, "snap_m": 5.0},
        shapes=(
            line_km([(3, 26), (19, 26.2), (36, 26.5)]),
            line_km([(19, 26.2), (19, 26.29)]),
            line_km([(11, 30), (11, 26.1)]),
            line_km([(28, 30), (32, 34), (32, 30), (28, 34)]),
        ),
        told=("look at lines that cross", "look at spurs", "corrected ends moved", "look at gaps"),
        names=("Main", "Spur", "Branch", "Loop"),
        within_m=0.05,
    ),
    Case(
        name="cp1251.shp",
        fault="cp1251 without .cpg",
        kind="fences",
        write=shapefile("cp1251.shp", frame([fence()], name=[RUSSIAN]), "cp1251", code=0x57),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
        told=("read text",),
    ),
    Case(
        name="utf8.shp",
        fault="UTF-8 with .cpg; names of attributes cut to ten letters",
        kind="fences",
        write=shapefile(
            "utf8.shp", frame([fence()], name=[KAZAKH], geometry_status=["surveyed"]), "utf-8", cpg="UTF-8"
        ),
        shapes=(fence(),),
        names=(KAZAKH,),
    ),
    Case(
        name="latin1.shp",
        fault="Latin-1 without .cpg",
        kind="fences",
        write=shapefile("latin1.shp", frame([fence()], name=[GERMAN]), "latin-1"),
        options=DRAWN,
        shapes=(fence(),),
        names=(GERMAN,),
    ),
    Case(
        name="dos.shp",
        fault="cp866, as its table says",
        kind="fences",
        write=shapefile("dos.shp", frame([fence()], name=[RUSSIAN]), "cp866", code=0x65),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
    ),
    Case(
        name="liar.shp",
        fault=".cpg says UTF-8, the text is cp1251",
        kind="fences",
        write=shapefile("liar.shp", frame([fence()], name=[RUSSIAN]), "cp1251", cpg="UTF-8"),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
    ),
    Case(
        name="no_index.shp",
        fault="sent without .shx",
        kind="fences",
        write=shapefile("no_index.shp", frame([fence()], name=[RUSSIAN]), "utf-8", cpg="UTF-8", without=(".shx",)),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
        told=("look at its index",),
    ),
    Case(
        name="pulkovo.shp",
        fault="Gauss-Krueger zone 10 on Pulkovo 1942, without .prj",
        kind="fences",
        write=shapefile(
            "pulkovo.shp", frame([fence()], "EPSG:28410", name=[RUSSIAN]), "utf-8", cpg="65001", without=(".prj",)
        ),
        options={**DRAWN, "crs": "EPSG:28410"},
        shapes=(fence(),),
        names=(RUSSIAN,),
    ),
    Case(
        name="plan.dxf",
        fault="a drawing with layers, without a reference system",
        kind="fences",
        write=saved(
            "plan.dxf",
            "DXF",
            (
                "entities",
                frame([fence(), OVER], "EPSG:32640", Layer=["FENCE", "ROAD"]).set_crs(None, allow_override=True),
            ),
        ),
        options={**DRAWN, "crs": "EPSG:32640", "layers": ["fence"]},
        shapes=(fence(),),
        names=("FENCE",),
        told=("read layers not taken",),
    ),
    Case(
        name="outlines.dxf",
        fault="closed lines where outlines are meant, one left open",
        kind="cores",
        write=saved(
            "outlines.dxf",
            "DXF",
            (
                "entities",
                frame([area(14, 30).exterior, area(14, 3).exterior, fence()], "EPSG:32640", Layer=["CORE"] * 3).set_crs(
                    None, allow_override=True
                ),
            ),
        ),
        options={**DRAWN, "crs": "EPSG:32640"},
        shapes=(area(14, 30), area(14, 3)),
        told=("corrected closed lines", "left out lines that are not closed"),
        within_m=0.05,
    ),
    Case(
        name="mapinfo.tab",
        fault="MapInfo, Windows Cyrillic",
        kind="fences",
        write=saved(
            "mapinfo.tab", "MapInfo File", ("mapinfo", frame([fence()], Название=[RUSSIAN])), encoding="CP1251"
        ),
        options=DRAWN,
        shapes=(fence(),),
        names=(RUSSIAN,),
        within_m=0.2,
    ),
    Case(
        name="gates.mif",
        fault="MapInfo exchange: points with width, state and design; one design unknown",
        kind="passages",
        write=saved(
            "gates.mif",
            "MapInfo File",
            (
                "gates",
                frame(
                    [Point(at_km(12, 20.6)), Point(at_km(24, 18.2)), Point(at_km(30, 18.8))],
                    name=["A", "B", "C"],
                    width=["6 m", "", "x"],
                    state=["existing", "planned", "existing"],
                    design=["wires out", "bridge", "ladder"],
                ),
            ),
        ),
        shapes=(Point(at_km(12, 20.6)), Point(at_km(24, 18.2))),
        names=("A", "B"),
        told=("left out of a design",),
    ),
    Case(
        name="several.fgb",
        fault="FlatGeobuf: several points in one feature, proposed",
        kind="passages",
        write=saved(
            "several.fgb",
            "FlatGeobuf",
            ("several", frame([MultiPoint([at_km(12, 20.6), at_km(24, 18.2)])], name=["Pair"])),
        ),
        options={"state": "proposed", "design": "bridge"},
        shapes=(Point(at_km(12, 20.6)), Point(at_km(24, 18.2))),
    ),
    Case(
        name="heights.json",
        fault="heights of a fence as text, one of them in centimetres",
        kind="fences",
        write=geojson(
            "heights.json",
            [degrees(fence()), degrees(OVER)],
            line=["low", "high"],
            Height=["1,7 m", "170"],
            strands=[8, 8],
            bottom_m=[0.2, 0.2],
        ),
        options=DRAWN,
        shapes=(fence(), OVER),
        told=("came in fences.wires.low", "left out wires of high"),
    ),
)
"""Real-life files; one for each format and fault that was met."""
