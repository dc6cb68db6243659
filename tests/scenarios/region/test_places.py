"""Where a region lies: outlines of a file, half over sea, across 180 degrees; and where sources are asked."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import Point, box

from rasters.errors import ConfigError, DataError, OptionError
from scenarios.progress import Reporter
from scenarios.region.addresses import addresses_of, cache_of_user, settings_file
from scenarios.region.given import Given, bounds_of
from scenarios.region.session import make_region, plan_region
from scenarios.region.source import Place
from scenarios.runs.check import check_study
from tests.support.public_sources import dem_tile, serving, worldcover_tile


def area(path: Path, shapes: list[object], crs: str | None = "EPSG:4326") -> Path:
    gpd.GeoDataFrame(geometry=shapes, crs=crs).to_file(path)
    return path


def test_bounds_are_those_of_all_features_in_degrees(tmp_path: Path) -> None:
    shapes = [box(66, 37, 67, 38), Point(68, 36.5)]
    assert bounds_of(None, area(tmp_path / "a.gpkg", shapes)) == (66, 36.5, 68, 38)
    utm = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326").to_crs("EPSG:32642")
    utm.to_file(tmp_path / "utm.gpkg")
    assert bounds_of(None, tmp_path / "utm.gpkg") == pytest.approx((66, 36.5, 68, 38), abs=0.06)


def test_an_area_on_both_sides_of_180_degrees_is_the_narrow_one(tmp_path: Path) -> None:
    west, south, east, north = bounds_of(
        None, area(tmp_path / "a.gpkg", [box(179, 65, 180, 66), box(-180, 65, -178.5, 66)])
    )
    assert (west, south, east, north) == (179, 65, -178.5, 66)
    assert Place.around((west, south, east, north), 4000).bounds[2] > 181


@pytest.mark.parametrize(
    ("shapes", "crs", "said"),
    [([], "EPSG:4326", "has no features"), ([Point(1, 2)], None, "has no coordinate reference system")],
)
def test_an_area_that_says_nothing_is_refused(tmp_path: Path, shapes: list[object], crs: str | None, said: str) -> None:
    path = tmp_path / "a.gpkg"
    warnings.simplefilter("ignore", UserWarning)  # of a file without a system
    gpd.GeoDataFrame({"a": [1] * len(shapes)}, geometry=shapes, crs=crs).to_file(
        path, driver="GPKG", geometry_type="Point"
    )
    with pytest.raises(DataError, match=rf"--area .*a\.gpkg: {said}"):
        bounds_of(None, path)


def test_an_area_that_is_no_vector_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_text("nothing", encoding="utf-8")
    with pytest.raises(DataError, match="not a vector file of a format that otkel opens"):
        bounds_of(None, tmp_path / "a.gpkg")


def test_half_over_sea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """East of 51 E there are no tiles, as in the open sea; the coast is at 50.7."""
    root = tmp_path / "www"
    for south in (43, 44):
        dem_tile(root, 50, south, lambda lon, lat: np.clip(3000 * (50.7 - lon), 0, None) * (1 + np.sin(30 * lat) / 4))
    for south in (42, 45):
        worldcover_tile(root, 48, south, lambda lon, _: np.where(lon < 50.7, 30, 80))
    outline = area(tmp_path / "area.gpkg", [box(50.4, 43.7, 51.4, 44.4)])
    with serving(root) as served:
        for name in ("DEM", "WORLDCOVER"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        quiet = Reporter(quiet=True)
        planned = plan_region(bounds_of(None, outline), 2000, Given())
        none = {url for url, size in planned.rows if size == 0 and "DSM" in url}
        assert {re.findall(r"_N(\d\d)_00_E051_00_DEM.tif$", url)[0] for url in none} == {"43", "44"}
        told = make_region(tmp_path / "coast", bounds_of(None, outline), ["urial"], quiet, cell_m=2000)
    with (
        rasterio.open(tmp_path / "coast/data/water.tif") as water,
        rasterio.open(tmp_path / "coast/data/elevation_m.tif") as relief,
    ):
        codes, heights = water.read(1), relief.read(1)
        lon, _ = rasterio.warp.transform(water.crs, "EPSG:4326", *(part.ravel().tolist() for part in _centres(water)))
    lon = np.reshape(lon, codes.shape)
    assert (codes[lon < 50.65] == 0).all() and (codes[lon > 51.05] == 1).all() and (heights[lon > 51.05] == 0).all()
    assert (codes[(lon > 50.75) & (lon < 50.95)] == 2).all()
    assert told.fetched_bytes == told.source_bytes > 0
    found = check_study(str(tmp_path / "coast"), None, {}, quiet).findings
    assert all(one.passed for one in found), [one.text for one in found if not one.passed]


def _centres(file: object) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.indices(file.shape)  # type: ignore[attr-defined]
    at = file.transform  # type: ignore[attr-defined]
    return at.c + (cols + 0.5) * at.a, at.f + (rows + 0.5) * at.e


def test_all_over_sea_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "www").mkdir()
    with serving(tmp_path / "www") as served:
        for name in ("DEM", "WORLDCOVER"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        with pytest.raises(DataError, match="has no tile in these bounds; is it all sea"):
            make_region(tmp_path / "sea", (50, 43, 51, 44), ["urial"], Reporter(quiet=True), cell_m=4000)
    assert not (tmp_path / "sea").exists()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("OTKEL_SOURCES", raising=False)
    settings_file().parent.mkdir(parents=True)
    return settings_file()


def test_addresses_of_options_come_before_the_environment_and_that_before_the_file(
    settings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = addresses_of()
    settings.write_text(
        "addresses: {dem: 'http://file/a', worldcover: 'http://file/b', overpass: 'http://file/c'}\n"
        f"cache: {tmp_path / 'kept'}\ncache_gb: 3\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("OTKEL_URL_WORLDCOVER", "http://variable/b/")
    monkeypatch.setenv("OTKEL_URL_DEM", "http://variable/a")
    found = addresses_of(["dem=http://option/dem-{arc}m"])
    assert found == {
        "wdpa": usual["wdpa"],
        "dem": "http://option/dem-{arc}m",
        "worldcover": "http://variable/b",
        "overpass": "http://file/c",
    }
    assert {*found} == {*usual}
    url = Given(addresses=["dem=http://option/dem-{arc}m"]).sources(Place.around((66, 37, 67, 38), 100))[0]
    assert url.asks(Place.around((66.2, 37.2, 66.4, 37.4), 100))[0].url.startswith(
        "http://option/dem-30m/Copernicus_DSM_COG_10_N37"
    )
    assert cache_of_user().folder == tmp_path / "kept" and cache_of_user().limit_bytes == 3 * 2**30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "addresses: {dem: 'ftp://old'}",
            r"sources\.yaml: addresses\.dem=ftp://old: should be an address that begins with https",
        ),
        (
            "addresses: {dam: 'http://a'}",
            r"addresses\.dam: unknown address 'dam'; did you mean 'dem'.*choose one of dem, worldcover, overpass",
        ),
        ("cache_gb: many", r"sources\.yaml:1: cache_gb"),
        ("mirror: x", r"sources\.yaml:1: mirror"),
    ],
)
def test_settings_that_say_nothing_are_refused(settings: Path, text: str, said: str) -> None:
    settings.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        addresses_of()


def test_an_option_that_is_no_address_is_refused(settings: Path) -> None:
    for wrong in ("dem", "dem=nowhere", "dam=http://a"):
        with pytest.raises(OptionError, match="--address"):
            addresses_of([wrong])
