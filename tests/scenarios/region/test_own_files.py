"""A region from files of the user alone: nothing is fetched; fences, roads, settlements and reserves go into the study."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import yaml
from shapely import Polygon, box

from rasters.errors import DataError, ExportError, OptionError
from scenarios.progress import Reporter
from scenarios.region.given import Given, bounds_of
from scenarios.region.session import RegionStudy, make_region
from scenarios.region.source import Place
from scenarios.runs.check import check_study
from tests.support.osm_pbf import write_pbf
from tests.support.public_sources import dem_tile, serving, worldcover_tile

BOUNDS = (10.2, 43.2, 10.6, 43.6)
FENCE = {"barrier": "fence"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    pbf = write_pbf(
        tmp_path / "extract.osm.pbf",
        ways=[
            ([(10.25, 43.4), (10.3, 43.41), (10.35, 43.4)], FENCE),
            ([(10.35, 43.4), (10.45, 43.42), (10.55, 43.4)], FENCE),
            ([(10.4, 43.3), (10.401, 43.3)], FENCE),
            ([(10.3, 43.25), (10.5, 43.26)], {"highway": "primary", "name": "P1"}),
            ([(10.3, 43.27), (10.5, 43.28)], {"highway": "footway"}),
            ([(20.3, 43.25), (20.5, 43.26)], FENCE),
            (
                [(10.25, 43.5), (10.55, 43.5)],
                {"barrier": "fence", "fence_type": "barbed_wire", "height": "1,7 m", "wires": "8"},
            ),
            (
                [(10.55, 43.5), (10.58, 43.5)],
                {"barrier": "fence", "fence_type": "barbed_wire", "height": "tall", "wires": "8"},
            ),
            ([(10.25, 43.55), (10.55, 43.55)], {"barrier": "city_wall"}),
            ([(10.3, 43.3), (10.35, 43.3), (10.35, 43.32), (10.3, 43.3)], {"landuse": "farmyard", **FENCE}),
            ([(10.25, 43.22), (10.55, 43.22)], {"railway": "rail"}),
            ([(10.25, 43.23), (10.55, 43.23)], {"waterway": "canal", "name": "Grand"}),
            ([(10.25, 43.24), (10.55, 43.24)], {"waterway": "river"}),
            ([(10.25, 43.21), (10.55, 43.21)], {"boundary": "administrative", "admin_level": "2"}),
            ([(10.25, 43.215), (10.55, 43.215)], {"boundary": "administrative", "admin_level": "4"}),
            ([(10.5, 43.3), (10.55, 43.3), (10.55, 43.34), (10.5, 43.34), (10.5, 43.3)], {"natural": "water"}),
            (
                [(10.2, 43.3), (10.25, 43.3), (10.25, 43.34), (10.2, 43.3)],
                {"leisure": "nature_reserve", "name": "Oasis"},
            ),
        ],
        points=[
            (10.3, 43.5, {"place": "village", "name": "Aul", "name:ru": "Аул"}),
            (10.4, 43.5, {"place": "locality"}),
            (10.5, 43.5, {"barrier": "gate", "width": "6", "name": "Milk gate"}),
            (10.5001, 43.5, {"barrier": "lift_gate"}),
            (10.45, 43.42, {"barrier": "entrance"}),
            (10.45, 43.48, {"barrier": "gate"}),
        ],
    )
    wdpa = tmp_path / "wdpa.gpkg"
    gpd.GeoDataFrame({"NAME": ["Park"]}, geometry=[box(10.3, 43.45, 10.4, 43.55)], crs="EPSG:4326").to_file(wdpa)
    return {
        "dem": dem_tile(tmp_path, 10, 43, lambda lon, lat: 500 * np.sin(20 * lon) * np.sin(20 * lat) + 600),
        "landcover": worldcover_tile(tmp_path, 9, 42, lambda lon, _: np.where(lon > 10.4, 30, 20)),
        "pbf": pbf,
        "wdpa": wdpa,
    }


def made(folder: Path, **files: Path) -> RegionStudy:
    return make_region(folder, BOUNDS, ["urial"], Reporter(quiet=True), cell_m=1000, offline=True, given=Given(**files))


def test_everything_of_the_files_is_in_the_study(tmp_path: Path, files: dict[str, Path]) -> None:
    made(tmp_path / "tuscany", **files)
    data = tmp_path / "tuscany/data"
    fences = gpd.read_file(data / "fences.gpkg")
    assert sorted(fences["fence_line"]) == ["osm_barbed_wire"] * 2 + ["osm_fence"] * 2 + ["osm_wall"]
    assert {len(line.coords) for line in fences.geometry[fences["fence_line"] == "osm_fence"]} == {
        5,
        4,
    }  # joined; a yard's edge
    wire = fences[fences["fence_line"] == "osm_barbed_wire"].iloc[0]
    assert (wire["height_m"], wire["wires"], wire["geometry_status"]) == (1.7, 8, "unknown")
    assert list(gpd.read_file(data / "roads.gpkg")["name"]) == ["P1"]
    assert list(gpd.read_file(data / "settlements.gpkg")["name"]) == ["Aul"]
    study = yaml.safe_load((tmp_path / "tuscany/study.yaml").read_text(encoding="utf-8"))
    assert study["fences"]["coverage"] == "partial" and set(study["fences"]["active"]) == set(fences["fence_line"])
    assert "partial" in study["assumptions"][0] and "short ones are left out" in study["assumptions"][0]
    assert len(study["assumptions"]) == len(study["assumptions_ru"]) == len(study["assumptions_kk"]) == 7
    assert "No rule of the profiles is left out" in study["assumptions"][5]
    assert any("OpenStreetMap" in one for one in study["credits"])
    sources = yaml.safe_load((tmp_path / "tuscany/SOURCES.yaml").read_text(encoding="utf-8"))["sources"]
    assert [row["licence"][:4] for row in sources[2:]] == ["ODbL", "WDPA"]
    assert sources[2]["left_out"] == {
        "short fences": 1,
        "heights and wires of fences that are no number": 1,
        "gates away from the fences that are kept": 1,
        "gates that share a cell with another of the same fence": 1,
    }
    found = check_study(str(tmp_path / "tuscany"), None, {}, Reporter(quiet=True)).findings
    assert all(one.passed for one in found), [one.text for one in found if not one.passed]
    assert any(one.check == "coverage of fences" and one.text.startswith("partial") for one in found)


def test_without_files_of_the_user_they_are_unknown(tmp_path: Path, files: dict[str, Path]) -> None:
    told = made(tmp_path / "plain", dem=files["dem"], landcover=files["landcover"])
    study = yaml.safe_load((tmp_path / "plain/study.yaml").read_text(encoding="utf-8"))
    assert study["fences"]["coverage"] == told.coverage == "unknown" and study["title"] == "Plain"
    assert "reserve, road_distance_m, settlement_distance_m" in study["assumptions"][3]
    assert "дорог" not in study["assumptions_ru"][3] and "road_distance_m" in study["assumptions_kk"][3]


def test_what_else_openstreetmap_has(tmp_path: Path, files: dict[str, Path]) -> None:
    del files["wdpa"]
    told = made(tmp_path / "tuscany", **files)
    data = tmp_path / "tuscany/data"
    names = {path.stem for path in data.glob("*.gpkg")}
    assert names == {
        "borders",
        "canals",
        "cores",
        "fences",
        "gates",
        "lakes",
        "rail",
        "reserves",
        "rivers",
        "roads",
        "settlements",
        "water",
    }
    assert len(gpd.read_file(data / "borders.gpkg")) == 1 and len(gpd.read_file(data / "water.gpkg")) == 3
    assert list(gpd.read_file(data / "settlements.gpkg")["name_ru"]) == ["Аул"]
    assert list(gpd.read_file(data / "reserves.gpkg")["name"]) == ["Oasis"]
    with rasterio.open(data / "water.tif") as file:
        (lake,) = gpd.read_file(data / "lakes.gpkg").geometry
        row, column = file.index(lake.centroid.x, lake.centroid.y)
        assert file.read(1)[row, column] == 2 and abs((file.read(1) == 2).sum() - lake.area / 1e6) < 6
    study = yaml.safe_load((tmp_path / "tuscany/study.yaml").read_text(encoding="utf-8"))
    assert {"borders", "roads", "settlements", "water"} == {*study["context"]}
    assert study["openings"] == [
        {"id": "osm_gate_2", "fence_line": "osm_fence", "design": "gate", "lon": 10.45, "lat": 43.42}
    ]
    assert study["candidates"]["points"] == [
        {"id": "osm_gate_1", "design": "gate", "lon": 10.5, "lat": 43.5, "width_m": 6.0}
    ]
    passable = study["fences"]["permeability"]
    assert passable["osm_wall"]["urial"]["value"] == 0 and passable["osm_fence"]["urial"]["worth_km"] == 950
    assert all("assumption" in one["urial"]["origin"] for one in passable.values())
    assert told.left_out["short fences"] == 1 and told.fetched_bytes == 0 < told.source_bytes


def test_two_ways_to_openstreetmap_are_one_too_many(tmp_path: Path, files: dict[str, Path]) -> None:
    with pytest.raises(OptionError, match="--overpass: give it or --pbf"):
        Given(pbf=files["pbf"], overpass=True).sources(Place.around(BOUNDS, 1000))


def test_an_extract_is_checked_with_the_hash_beside_it(tmp_path: Path, files: dict[str, Path]) -> None:
    beside = files["pbf"].with_name("extract.osm.pbf.md5")
    beside.write_text(f"{hashlib.md5(files['pbf'].read_bytes()).hexdigest()}  extract.osm.pbf\n", encoding="utf-8")
    made(tmp_path / "right", **files)
    beside.write_text(f"{'0' * 32}  extract.osm.pbf\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"extract\.osm\.pbf: has not the md5 that stands in extract\.osm\.pbf\.md5"):
        made(tmp_path / "wrong", **files)
    assert not (tmp_path / "wrong").exists()


def test_land_cover_in_other_codes_is_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    other = worldcover_tile(tmp_path / "igbp", 9, 42, lambda lon, _: np.full_like(lon, 7))
    with pytest.raises(DataError, match="holds 7, which are not codes of ESA WorldCover"):
        made(tmp_path / "igbp_study", **{**files, "landcover": other})


def test_reserves_that_are_only_proposed_are_left_out(tmp_path: Path, files: dict[str, Path]) -> None:
    areas = {"NAME": ["Park", "Plan", "Knot"], "STATUS": ["Designated", "Proposed", "Established"]}
    knot = Polygon([(10.3, 43.3), (10.4, 43.4), (10.4, 43.3), (10.3, 43.4)])
    shapes = [box(10.3, 43.45, 10.4, 43.55), box(10.4, 43.45, 10.5, 43.55), knot]
    gpd.GeoDataFrame(areas, geometry=shapes, crs="EPSG:4326").to_file(files["wdpa"])
    told = made(tmp_path / "tuscany", **files)
    reserves = gpd.read_file(tmp_path / "tuscany/data/reserves.gpkg")
    assert list(reserves["name"]) == ["Park", "Knot"] and reserves.is_valid.all()
    assert told.left_out["reserves that are only proposed, or of no reported status"] == 1


def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path, files: dict[str, Path]) -> None:
    files["pbf"].write_text("no extract", encoding="utf-8")
    with pytest.raises(DataError, match=r"extract\.osm\.pbf: not a vector file"):
        made(tmp_path / "broken", **files)
    with pytest.raises(OptionError, match=r"--wdpa .*nowhere\.gpkg: is not there"):
        made(tmp_path / "broken", **{**files, "wdpa": tmp_path / "nowhere.gpkg"})
    assert not list(tmp_path.glob("*broken*"))


ELSEWHERE = {
    "dem": "<VRTDataset rasterXSize='4' rasterYSize='4'><SRS>EPSG:4326</SRS><GeoTransform>10,0.1,0,44,0,-0.1</GeoTransform><VRTRasterBand "
    "dataType='Float32' band='1'><SimpleSource><SourceFilename>/vsicurl/{0}/x.tif</SourceFilename></SimpleSource></VRTRasterBand>"
    "</VRTDataset>",
    "wdpa": "<OGRVRTDataSource><OGRVRTLayer name='wdpa'><SrcDataSource>/vsicurl/{0}/x.geojson</SrcDataSource></OGRVRTLayer>"
    "</OGRVRTDataSource>",
    "pbf": "<OGRWFSDataSource><URL>{0}/wfs</URL></OGRWFSDataSource>",
}
ELSEWHERE["landcover"] = ELSEWHERE["dem"]


@pytest.mark.parametrize("what", ELSEWHERE)
def test_a_file_that_sends_the_reader_elsewhere_is_refused_and_nobody_is_called(
    tmp_path: Path, files: dict[str, Path], what: str
) -> None:
    with serving(tmp_path) as server:
        files[what].write_text(ELSEWHERE[what].format(server.address), encoding="utf-8")
        with pytest.raises(DataError, match="of a format that otkel opens"):
            made(tmp_path / "new", **files)
        with pytest.raises(DataError, match="of a format that otkel opens"):
            bounds_of(None, files["wdpa"] if what == "wdpa" else files[what])
    assert not server.asked


def test_numbers_of_a_relief_that_are_not_the_heights_are_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    """A scale, feet, or a mark of no data that no tag explains would make other slopes without a word."""
    with rasterio.open(files["dem"]) as source:
        profile, values = dict(source.profile), source.read(1)
    for change, said in (
        (lambda file: setattr(file, "scales", [0.1]), "have a scale or an offset"),
        (lambda file: file.set_band_unit(1, "ft"), "are in ft"),
        (lambda file: file.write(np.where(values > 1000, -9999, values), 1), "gdal_edit -a_nodata -9999"),
    ):
        other = tmp_path / "other.tif"
        with rasterio.open(other, "w", **{**profile, "driver": "GTiff"}) as file:
            file.write(values, 1)
            change(file)
        with pytest.raises(DataError, match=said):
            made(tmp_path / "new", **{**files, "dem": other})


def test_a_full_disk_leaves_no_study(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pyogrio, "write_dataframe", full)
    with pytest.raises(ExportError, match="No space left on device"):
        made(tmp_path / "full", **files)
    assert not list(tmp_path.glob("*full*"))


def test_a_region_of_water_alone_is_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    sea = worldcover_tile(tmp_path / "sea", 9, 42, lambda lon, _: np.full_like(lon, 80))
    with pytest.raises(DataError, match="all water"):
        made(tmp_path / "wet", **{**files, "landcover": sea})
    assert not list(tmp_path.glob("*wet*"))
