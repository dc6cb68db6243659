"""Small valid inputs that come from the field and from other programs: collars, files to import, an extract, a batch."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
import yaml
from shapely import LineString, Point

from scenarios.batch.plan import BatchRequest
from scenarios.batch.session import run_batch
from scenarios.evidence.session import run_evidence
from scenarios.land.inputs import read_inputs
from scenarios.progress import Reporter
from scenarios.region.cache import Cache
from scenarios.region.source import Ask, Kept
from scenarios.study.load import resolve
from tests.hostile.seeds import write_camera_traps, write_study
from tests.support.foreign_files import CASES
from tests.support.osm_pbf import write_pbf
from tests.support.tiny_study import CRS, at_km

IMPORTED = (
    "track.gpx",
    "gates.gpx",
    "folders.kml",
    "earth.kmz",
    "ways.geojson",
    "utm.gpkg",
    "cp1251.shp",
    "plan.dxf",
    "mapinfo.tab",
    "gates.mif",
    "several.fgb",
)
"""Files of `tests.support.foreign_files`, one of each format."""
FIX = "event-id,visible,timestamp,location-long,location-lat,individual-local-identifier,individual-taxon-canonical-name\n"
ANIMALS, FIXES = 3, 24
ASK = Ask(url="https://example.org/answer")


def write_tracks(folder: Path) -> None:
    """A study, and collars along its fence in each format, with settings."""
    write_study(folder)
    data = folder / "tracks"
    data.mkdir()
    walks = _walks(folder)
    rows = [
        f"{i},true,2024-05-{1 + hour // 24:02d} {hour % 24:02d}:00:00.000,{lon:.6f},{lat:.6f},{animal},Fictus walker"
        for animal, walk in enumerate(walks[0])
        for i, (hour, (lon, lat)) in enumerate(zip(range(0, 2 * FIXES, 2), walk, strict=True))
    ]
    (folder / "movebank").mkdir()
    (folder / "movebank" / "collars.csv").write_text(FIX + "\n".join(rows) + "\n", encoding="utf-8")
    plain = [
        f"p{animal};{1 + hour // 24:02d}.05.2024 {hour % 24:02d}:00;{lon:.6f};{lat:.6f}".replace(";", ",")
        for animal, walk in enumerate(walks[1])
        for hour, (lon, lat) in zip(range(0, 2 * FIXES, 2), walk, strict=True)
    ]
    (data / "plain.csv.gz").write_bytes(gzip.compress(("who,when,x,y\n" + "\n".join(plain) + "\n").encode(), mtime=0))
    (data / "walk.gpx").write_text(_gpx(walks[2]), encoding="utf-8")
    _points(walks[3]).to_file(data / "points.gpkg", layer="points", driver="GPKG")
    columns = {"animal": "who", "time": "when", "lon": "x", "lat": "y"}
    settings = {
        "files": [
            {"file": "plain.csv.gz", "columns": columns, "constants": {"species": "Fictus digger"}},
            {"file": "walk.gpx"},
            {"file": "points.gpkg"},
        ],
        "time_zone": "Asia/Aqtau",
        "time_format": "%d.%m.%Y %H:%M",
        "species": {"*": "walker"},
        "animals": {"p0": {"species": "digger", "first": "2024-05-01", "last": "2024-05-03"}},
        "most_kmh": 50.0,
        "available": 5,
    }
    (data / "tracks.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def _walks(folder: Path) -> list[list[np.ndarray]]:
    """For each file, the positions of some animals [degrees]."""
    grid, random = read_inputs(resolve(str(folder / "study.yaml"))).grid, np.random.default_rng(2)
    out = []
    for _ in range(4):
        starts = [at_km(x, y) for x, y in random.uniform((8, 16), (34, 24), (ANIMALS, 2))]
        paths = [start + np.cumsum(random.normal(0, 900, (FIXES, 2)), axis=0) for start in starts]
        out.append([np.column_stack(grid.lonlat(*path.T)) for path in paths])
    return out


def _gpx(walks: Sequence[np.ndarray]) -> str:
    tracks = "".join(
        f"<trk><name>g{animal}</name><trkseg>"
        + "".join(
            f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><time>2024-05-{1 + i // 12:02d}T{2 * (i % 12):02d}:00:00Z</time></trkpt>'
            for i, (lon, lat) in enumerate(walk)
        )
        + "</trkseg></trk>"
        for animal, walk in enumerate(walks)
    )
    return f'<?xml version="1.0"?>\n<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">{tracks}</gpx>'


def _points(walks: Sequence[np.ndarray]) -> gpd.GeoDataFrame:
    rows = [
        {"animal": f"k{animal}", "time": f"{1 + i // 12:02d}.05.2024 {2 * (i % 12):02d}:00", "geometry": Point(spot)}
        for animal, walk in enumerate(walks)
        for i, spot in enumerate(walk)
    ]
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def write_imported(folder: Path) -> None:
    """A study, and a file of each format that is imported."""
    write_study(folder)
    (folder / "import").mkdir()
    for case in CASES:
        if case.name in IMPORTED:
            case.write(folder / "import")


def write_more_vectors(folder: Path) -> None:
    """A study whose fences are also in the formats that few people have: FlatGeobuf, KML, GPX, Shapefile."""
    write_study(folder)
    (folder / "other").mkdir()
    fences = gpd.read_file(folder / "fences.gpkg")
    for suffix, driver, crs in (
        ("fgb", "FlatGeobuf", CRS),
        ("shp", "ESRI Shapefile", CRS),
        ("kml", "KML", "EPSG:4326"),
    ):
        pyogrio.write_dataframe(
            fences.to_crs(crs), folder / "other" / f"fences.{suffix}", layer="fences", driver=driver
        )
    lines = fences.to_crs("EPSG:4326").geometry
    (folder / "other" / "fences.gpx").write_text(
        _gpx([shapely.get_coordinates(line) for line in lines]), encoding="utf-8"
    )


def write_extract(folder: Path) -> None:
    """A small extract of OpenStreetMap with its hash beside it, an answer of Overpass, and protected areas."""
    west, south = 60.0, 45.0
    at = [(west + x / 10, south + y / 10) for x, y in ((1, 1), (3, 2), (5, 1), (7, 4), (7, 7), (1, 7))]
    ways = [
        (at[:3], {"barrier": "fence", "name": "A"}),
        (at[1:5], {"highway": "primary"}),
        ([*at[2:6], at[2]], {"natural": "water"}),
    ]
    write_pbf(folder / "a.osm.pbf", ways, [(60.4, 45.4, {"place": "town", "name": "T"})])
    areas = [shapely.box(60.1, 45.1, 60.4, 45.4), shapely.box(60.5, 45.5, 60.6, 45.6)]
    frame = gpd.GeoDataFrame(
        {"NAME": ["A", "B"], "STATUS": ["Designated", "Proposed"]}, geometry=areas, crs="EPSG:4326"
    )
    frame.to_file(folder / "wdpa.gpkg", layer="wdpa", driver="GPKG")
    frame.to_file(folder / "area.geojson", driver="GeoJSON")
    gpd.GeoDataFrame({"x": [1]}, geometry=[LineString(at)], crs="EPSG:4326").to_file(
        folder / "line.gpkg", driver="GPKG"
    )


def write_batch(folder: Path) -> None:
    """A finished batch of two runs."""
    write_study(folder)
    matrix = folder / "small.yaml"
    matrix.write_text("scenario: [closed, free]\nspecies: [walker]\ncell_m: [4000]\n", encoding="utf-8")
    request = BatchRequest(study=str(folder / "study.yaml"), matrix=matrix, out=folder / "batch")
    run_batch(request, Reporter(quiet=True))


def write_fetched(folder: Path) -> None:
    """What is kept of public sources: an entry, its content, and an answer of Overpass."""
    tag = {"barrier": "fence", "fence_type": "chain_link"}
    shape = [{"lon": 60.0 + x, "lat": 45.0 + y} for x, y in ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.1))]
    member = {"type": "way", "ref": 2, "role": "outer", "geometry": shape}
    elements = [
        {"type": "way", "id": 1, "tags": tag, "geometry": shape},
        {
            "type": "node",
            "id": 2,
            "lat": 45.5,
            "lon": 60.5,
            "tags": {"place": "town", "name": "T", "name:ru": "\u0422"},
        },
        {"type": "relation", "id": 3, "tags": {"type": "multipolygon", "natural": "water"}, "members": [member]},
    ]
    answer = json.dumps({"version": 0.6, "elements": elements}).encode()
    (folder / "answer.json").write_bytes(answer)
    sha256 = hashlib.sha256(answer).hexdigest()
    kept = Kept(url=ASK.url, fetched="2024-05-01T00:00:00+00:00", sha256=sha256, n_bytes=len(answer), etag="x")
    for name in ("addresses", "objects"):
        (folder / "sources" / name).mkdir(parents=True)
    (folder / "sources" / "objects" / sha256).write_bytes(answer)
    entry = Cache(folder=folder / "sources", limit_bytes=1e9)._entry(ASK)
    entry.write_text(json.dumps(asdict(kept)), encoding="utf-8")


def write_evidence(folder: Path) -> None:
    """The folder that `otkel evidence` makes of small camera traps."""
    write_camera_traps(folder)
    run_evidence(str(folder / "study.yaml"), folder, folder / "evidence", Reporter(quiet=True), ranking=False)
