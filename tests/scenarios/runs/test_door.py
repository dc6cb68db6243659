"""`otkel check` looks at everything that a command will read, and lists every fault at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import Polygon
from typer.testing import CliRunner

from cli import app
from scenarios.runs.differences import difference_of_files
from tests.support.tiny_study import (
    SIZE,
    SOUTH,
    WEST,
    edit,
    line_km,
    water,
    write_raster,
    write_tiny_study,
    write_vectors,
)

INPUT_DATA = 4


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path / "study")


def faults(study: Path, *options: str) -> list[str]:
    """Everything that did not pass."""
    done = CliRunner().invoke(app, ["check", str(study), "--json", *options])
    assert done.exit_code in (0, INPUT_DATA), done.output + repr(done.exception)
    report = json.loads(done.stdout)
    found = [f"{one['check']}: {one['text']}" for one in report["findings"] if not one["passed"]]
    assert bool(found) == (done.exit_code == INPUT_DATA)
    return found


def found(study: Path, check: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["check", str(study), "--json"])
    (one,) = [one for one in json.loads(done.stdout)["findings"] if one["check"] == check]
    return dict(one)


def one_with(said: list[str], *words: str) -> str:
    (one,) = [text for text in said if all(word in text for word in words)]
    return one


def test_faults_of_every_file_stand_in_one_listing(study: Path) -> None:
    (study / "water.tif").write_text("no raster")
    (study / "regions.gpkg").unlink()
    edit(study, "rules", 0, "unit", value="percents", file="walker.yaml")
    edit(study, "dispersal_km", "value", value="30 km", file="digger.yaml")
    edit(study, "mortality", value={"reach_km": 300, "surface": "risk.tif"})
    edit(study, "context", value={"borders": "nowhere.gpkg"})
    edit(study, "scenarios", "wide", value={"set": {"candidates.every_m": "far"}})
    said = faults(study)
    assert len(said) == 7, said
    one_with(said, "layer water: ", "water.tif", "of a format that otkel opens")
    one_with(said, "regions: ", "regions.gpkg", "no such file")
    one_with(said, "species walker: ", "walker.yaml:", "rules[0].unit: 'percents'")
    one_with(said, "species digger: ", "digger.yaml:", "dispersal_km.value: '30 km'", "write it without a unit: 30")
    one_with(said, "mortality: ", "risk.tif")
    one_with(said, "context borders: ", "nowhere.gpkg")
    one_with(said, "scenario wide: ", "study.yaml:", "candidates.every_m: 'far'")


def test_a_broken_study_does_not_hide_its_species_files(study: Path) -> None:
    edit(study, "title")
    edit(study, "solver", value={"neighbours": 5})
    edit(study, "rules", 0, "unit", value="percents", file="walker.yaml")
    said = faults(study)
    assert len(said) == 3
    one_with(said, "title: is missing")
    one_with(said, "solver.neighbours: 5: should be 4 or 8")
    one_with(said, "species walker: ", "rules[0].unit")


def test_a_fault_that_all_scenarios_share_stands_once(study: Path) -> None:
    (study / "water.tif").unlink()
    assert len(faults(study)) == 1


def test_every_place_that_is_on_no_fence(study: Path) -> None:
    near, swapped = {"lon": 56.0, "lat": 40.6}, {"lon": 40.6, "lat": 56.0}
    edit(study, "candidates", "points", value=[{"id": "lost", **swapped}, {"id": "gone", **near, "lat": 10}])
    edit(study, "openings", value=[{"id": "away", "fence_line": "border", "design": "bridge", **swapped}])
    said = faults(study)
    assert len(said) == 3
    for name, key in (("lost", "candidates.points[0]"), ("gone", "candidates.points[1]"), ("away", "openings[0]")):
        one_with(said, f"places of closed: {study / 'study.yaml'}: {key}: {name}: ", "km from the nearest active fence")


def test_a_place_beside_its_fence_is_to_be_looked_at(study: Path) -> None:
    from pyproj import Transformer

    to_map = Transformer.from_crs("EPSG:6933", "EPSG:4326", always_xy=True)
    places = {"on": (24.0, 18.2), "off": (24.0, 22.2)}
    points = []
    for name, (x, y) in places.items():
        lon, lat = to_map.transform(WEST + 1000 * x, SOUTH + 1000 * y)
        points.append({"id": name, "lon": lon, "lat": lat})
    edit(study, "candidates", "points", value=points)
    one = found(study, "places of closed")
    assert one["passed"] and one["state"] == "LOOK"
    assert one["text"].startswith("2 stated, 1 of them within 1 km of their fence; off is 3.9 km from border_0") or one[
        "text"
    ].startswith("2 stated, 1 of them within 1 km of their fence; off is 4.0 km from border_0")


def test_land_cover_classes_without_a_row_are_all_listed_with_their_cells(study: Path) -> None:
    cover = water()
    cover[0, :7], cover[1, :3] = 40, 60
    write_raster(study / "cover.tif", cover)
    edit(study, "layers", "cover", value={"file": "cover.tif", "unit": "class"})
    rule = {"layer": "cover", "unit": "class", "origin": "x", "classes": [{"codes": [1], "means": "sea", "value": 2}]}
    for name in ("walker", "digger"):
        edit(study, "factors", value=[rule], file=f"{name}.yaml")
    said = faults(study)
    assert len(said) == 2
    inland = SIZE * SIZE - int((water() == 1).sum()) - 10
    one_with(said, "walker in closed", f"no value for cover = 0 ({inland} cells), 40 (7 cells), 60 (3 cells)")
    one_with(said, "digger in closed", "otherwise")


def test_a_context_layer_needs_its_attributes(study: Path) -> None:
    square = Polygon(line_km([(0, 0), (40, 0), (40, 40), (0, 40)]).coords)
    write_vectors(study / "countries.gpkg", "countries", ["a"], [square], land=["KZ"])
    edit(study, "context", value={"countries": "countries.gpkg"})
    (one,) = faults(study)
    assert "countries.gpkg: has no attribute country; it has id, land, geometry" in one


def test_a_context_of_no_use_is_refused(study: Path) -> None:
    edit(study, "context", value={"border": "countries.gpkg"})
    (one,) = faults(study)
    assert "context.border: the name 'border' should be borders, countries, roads, water or settlements" in one


@pytest.mark.parametrize(
    ("crs", "bounds", "words"),
    [
        ("EPSG:32640", [56.0, 42.0, 57.0, 43.0], "if they are longitudes and latitudes, write [417"),
        ("EPSG:4326", [400_000, 4_800_000, 500_000, 4_900_000], "these are metres, but EPSG:4326 is in degrees"),
    ],
)
def test_bounds_in_other_units_than_their_system_are_recognised(
    study: Path, crs: str, bounds: list[float], words: str
) -> None:
    edit(study, "grid", value={"crs": crs, "bounds": bounds, "cell_m": 1000})
    (one,) = faults(study)
    assert "study.yaml: grid.bounds: [" in one and words in one


def test_ids_that_the_study_does_not_use_need_not_be_unique(study: Path) -> None:
    square = Polygon(line_km([(2, 2), (8, 2), (8, 8), (2, 8)]).coords)
    write_vectors(study / "farms.gpkg", "farms", ["same", "same"], [square, square.buffer(500)])
    edit(study, "layers", "farms", value={"derive": "burn", "file": "farms.gpkg", "unit": "class"})
    assert faults(study) == []


def test_a_study_in_order_has_no_faults(study: Path) -> None:
    np.testing.assert_equal(faults(study), [])


VRT = (
    '<VRTDataset rasterXSize="40" rasterYSize="40"><SRS>EPSG:6933</SRS><GeoTransform>5400000,1000,0,5000000,0,-1000</GeoTransform>'
    '<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:9/x.tif</SourceFilename>'
    "</SimpleSource></VRTRasterBand></VRTDataset>"
)
WMS = "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl></Service></GDAL_WMS>"
OGR_VRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='{0}'><SrcDataSource>/vsicurl/http://127.0.0.1:9/x.gpkg</SrcDataSource></OGRVRTLayer>"
    "</OGRVRTDataSource>"
)
RASTERS = {
    "vrt": VRT,
    "service": WMS,
    "address": "http://127.0.0.1:9/x.tif",
    "subdataset": 'NETCDF:"x.nc":y',
    "prefix": "/vsizip/x.zip/y",
}


@pytest.mark.parametrize("text", RASTERS.values(), ids=list(RASTERS))
@pytest.mark.parametrize("door", ["dem.tif", "water.tif", "risk.tif"])
def test_no_raster_of_a_study_opens_another_file_or_address(study: Path, door: str, text: str) -> None:
    """Under ordinary names, at the grid, a layer and the mortality."""
    edit(study, "mortality", value={"reach_km": 300, "surface": "risk.tif"})
    write_raster(study / "risk.tif", np.ones((SIZE, SIZE), np.float32))
    (study / door).write_text(text)
    said = faults(study)
    assert said and all(door in one and "of a format that otkel opens" in one for one in said)


@pytest.mark.parametrize("door", ["regions.gpkg", "fences.gpkg", "borders.gpkg", "countries.gpkg", "farms.gpkg"])
def test_no_vector_file_of_a_study_opens_another_file_or_address(study: Path, door: str) -> None:
    edit(study, "layers", "farms", value={"derive": "burn", "file": "farms.gpkg", "unit": "class"})
    edit(study, "context", value={"borders": "borders.gpkg", "countries": "countries.gpkg"})
    square = Polygon(line_km([(2, 2), (8, 2), (8, 8), (2, 8)]).coords)
    for name in ("borders", "countries", "farms"):
        write_vectors(study / f"{name}.gpkg", name, ["a"], [square], country=["KZ"])
    assert faults(study) == []
    (study / door).write_text(OGR_VRT.format(Path(door).stem))
    said = faults(study)
    assert said and all(door in one and "of a format that otkel opens" in one for one in said)


def test_a_result_beside_a_foreign_manifest_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "old.gpkg").write_text(OGR_VRT.format("fences"))
    write_vectors(tmp_path / "new.gpkg", "fences", ["a"], [line_km([(0, 0), (1, 1)])])
    told = difference_of_files(tmp_path / "old.gpkg", tmp_path / "new.gpkg")
    assert "of a format that otkel opens" in told and "OGR VRT" in told
