"""A region from files of the user alone: nothing is fetched; fences, roads, settlements and reserves go into the study."""

from __future__ import annotations

import errno
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import yaml
from shapely import box

from rasters.errors import DataError, ExportError, OptionError
from scenarios.progress import Reporter
from scenarios.region.session import RegionStudy, make_region
from scenarios.runs.check import check_study
from tests.support.osm_pbf import write_pbf
from tests.support.public_sources import dem_tile, worldcover_tile

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
        ],
        points=[(10.3, 43.5, {"place": "village", "name": "Aul"}), (10.4, 43.5, {"place": "locality"})],
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
    return make_region(folder, BOUNDS, ["urial"], Reporter(quiet=True), cell_m=1000, offline=True, **files)


def test_everything_of_the_files_is_in_the_study(tmp_path: Path, files: dict[str, Path]) -> None:
    made(tmp_path / "tuscany", **files)
    data = tmp_path / "tuscany/data"
    fences = gpd.read_file(data / "fences.gpkg")
    assert list(fences["fence_line"]) == ["osm_fences"] and len(fences.geometry[0].coords) == 5
    assert list(gpd.read_file(data / "roads.gpkg")["name"]) == ["P1"]
    assert list(gpd.read_file(data / "settlements.gpkg")["name"]) == ["Aul"]
    study = yaml.safe_load((tmp_path / "tuscany/study.yaml").read_text(encoding="utf-8"))
    assert study["fences"]["coverage"] == "partial" and study["fences"]["active"] == ["osm_fences"]
    assert "1 short ones are left out" in study["assumptions"][0] and "left out: none" in study["assumptions"][3]
    assert any("OpenStreetMap" in one for one in study["credits"])
    sources = yaml.safe_load((tmp_path / "tuscany/SOURCES.yaml").read_text(encoding="utf-8"))["sources"]
    assert [row["licence"][:4] for row in sources[2:]] == ["ODbL", "WDPA"]
    found = check_study(str(tmp_path / "tuscany"), None, {}, Reporter(quiet=True)).findings
    assert all(one.passed for one in found), [one.text for one in found if not one.passed]
    assert any(one.check == "coverage of fences" and one.text.startswith("partial") for one in found)


def test_without_files_of_the_user_they_are_unknown(tmp_path: Path, files: dict[str, Path]) -> None:
    told = made(tmp_path / "plain", dem=files["dem"], landcover=files["landcover"])
    study = yaml.safe_load((tmp_path / "plain/study.yaml").read_text(encoding="utf-8"))
    assert study["fences"]["coverage"] == told.coverage == "unknown"
    assert "reserve, road_distance_m, settlement_distance_m" in study["assumptions"][3]


def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path, files: dict[str, Path]) -> None:
    files["pbf"].write_text("no extract", encoding="utf-8")
    with pytest.raises(DataError, match=r"extract\.osm\.pbf: cannot be read"):
        made(tmp_path / "broken", **files)
    with pytest.raises(OptionError, match=r"--wdpa .*nowhere\.gpkg: is not there"):
        made(tmp_path / "broken", **{**files, "wdpa": tmp_path / "nowhere.gpkg"})
    assert not list(tmp_path.glob("*broken*"))


def test_a_full_disk_leaves_no_study(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gpd.GeoDataFrame, "to_file", full)
    with pytest.raises(ExportError, match=r"full: could not be written \(No space left on device\)"):
        made(tmp_path / "full", **files)
    assert not list(tmp_path.glob("*full*"))


def test_a_region_of_water_alone_is_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    sea = worldcover_tile(tmp_path / "sea", 9, 42, lambda lon, _: np.full_like(lon, 80))
    with pytest.raises(DataError, match="all water"):
        made(tmp_path / "wet", **{**files, "landcover": sea})
    assert not list(tmp_path.glob("*wet*"))
