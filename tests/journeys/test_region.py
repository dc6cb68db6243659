"""A second region, Koytendag, from a server on loopback: one command, then check and run."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import rasterio
import yaml
from shapely import LineString, box

from tests.support.journey import Journey
from tests.support.koytendag import RELIEF, write_tiles
from tests.support.osm_pbf import write_pbf
from tests.support.places import ROOT
from tests.support.public_sources import serving


@pytest.mark.skipif(not RELIEF.is_file(), reason="the relief of Koytendag is not here (../shared/data/region)")
def test_koytendag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "www"
    write_tiles(root, 66, 37, 68, 39)
    user = Journey(folder=tmp_path)
    with serving(root) as served:
        for name in ("DEM", "WORLDCOVER"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        asked = ("region", "--bbox", 66.3, 37.3, 67.5, 38.7, "--cell-m", 4000, "--species", "urial")
        broken = next((root / "v200/2021/map").glob("*N36E066*"))
        whole = broken.read_bytes()
        broken.write_bytes(b"<html>come back later</html>")
        told = user.command(*asked, "--out", "koytendag", code=4).stderr
        assert f"{broken.name}: what came is no raster" in told and not (tmp_path / "koytendag").exists()
        broken.write_bytes(whole)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "again_kept"))
        before = len(served.asked)
        planned = user.command(*asked, "--out", "koytendag", "--plan").stdout
        assert "MB to fetch" in planned and " 0.00 MB to fetch" not in planned
        assert all(part.startswith("bytes=0-") for _, part in served.asked[before:])
        refused = user.command(*asked, "--out", "koytendag", "--most-mb", 0.1, code=2).stderr
        assert "--most-mb 0.1" in refused and not (tmp_path / "koytendag").exists()
        user.command(*asked, "--out", "koytendag")
        n_asked = len(served.asked)
    user.command(*asked, "--out", "again", "--offline")
    assert len(served.asked) == n_asked
    for one in ("elevation_m.tif", "landcover.tif", "slope_percent.tif"):
        with rasterio.open(tmp_path / "koytendag/data" / one) as a, rasterio.open(tmp_path / "again/data" / one) as b:
            assert (a.read() == b.read()).all()

    sources = yaml.safe_load((tmp_path / "koytendag/SOURCES.yaml").read_text(encoding="utf-8"))["sources"]
    assert [row["licence"] != "" for row in sources] == [True, True]
    assert all(len(file["sha256"]) == 64 or file["n_bytes"] == 0 for row in sources for file in row["files"])


def commands_of_the_page() -> list[list[str]]:
    """Commands of the tutorial from `otkel region` on."""
    text = (ROOT / "docs/tutorial/own-region.md").read_text(encoding="utf-8").partition("## Or let `otkel region`")[2]
    return [line.split()[1:] for line in text.splitlines() if line.startswith("    otkel ")]


def draw_fence(study: Path) -> None:
    """As a user would: a line in QGIS, and its name in three places of study.yaml."""
    line = LineString(
        [(65.3, 37.45), (66.5, 37.33), (67.8, 37.18), (68.3, 37.05), (69.1, 37.3), (69.6, 37.6), (70.8, 37.7)]
    )
    columns = {
        "id": ["amu"],
        "name": ["Along the Amu Darya"],
        "fence_line": ["border"],
        "geometry_status": ["schematic"],
    }
    fences = gpd.GeoDataFrame(columns, geometry=[line.segmentize(0.05)], crs="EPSG:4326")
    fences.to_file(study / "data/fences.gpkg", layer="fences")
    text = (study / "study.yaml").read_text(encoding="utf-8")
    separations = "active: [border]\n  separations:\n    - { fences: [border], side_a: [south], side_b: [north] }"
    for before, after in {"coverage: unknown": "coverage: partial", "active: []": separations}.items():
        assert text.count(f"\n  {before}") == 1
        text = text.replace(f"\n  {before}", f"\n  {after}")
    (study / "study.yaml").write_text(text, encoding="utf-8")


@pytest.mark.skipif(not RELIEF.is_file(), reason="the relief of Koytendag is not here (../shared/data/region)")
def test_the_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command, as it stands; a fence is drawn before the check."""
    write_tiles(tmp_path / "www", 65, 35, 71, 41, dem_pixels=200, cover_pixels=600)
    fence = {"barrier": "fence", "fence_type": "barbed_wire"}
    line = [(66.2, 37.5), (67.1, 37.5)]
    write_pbf(tmp_path / "turkmenistan-latest.osm.pbf", [(line, fence)], [(66.2, 37.5, {"barrier": "gate"})])
    gpd.GeoDataFrame({"NAME": ["Koytendag"]}, geometry=[box(66.3, 37.6, 66.7, 38)], crs="EPSG:4326").to_file(
        tmp_path / "wdpa.gpkg"
    )
    way = {"type": "way", "id": 1, "tags": fence, "geometry": [{"lon": x, "lat": y} for x, y in line]}
    user = Journey(folder=tmp_path)
    with serving(tmp_path / "www") as served:
        served.answer = lambda _: json.dumps({"elements": [way]}).encode()
        for name in ("DEM", "WORLDCOVER", "OVERPASS"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        commands = commands_of_the_page()
        assert [words[0] for words in commands] == ["region", "region", "check", "run", "doctor", "region", "region"]
        said = {}
        for words in commands:
            if words[0] == "check":
                draw_fence(tmp_path / "koytendag")
            said[words[0]] = user.command(*words)
        sent = served.sent
    assert (
        "FAIL" not in said["check"].stderr and "none both" in said["check"].stderr and "partial" in said["check"].stderr
    )
    results = tmp_path / "results/koytendag"
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "unknown, not absent" in page and "Copernicus" in page and "Along the Amu Darya" in page
    assert "неизвестны" in page and "unknown, not absent" in (results / "manifest.json").read_text(encoding="utf-8")
    assert sorted(path.parent.name for path in results.rglob("map.png")) == ["leopard", "urial"]
    assert (
        "Copernicus_DSM_COG_30_N37_00_E066_00_DEM.tif" in said["doctor"].stdout
        and "fetched files" in said["doctor"].stdout
    )
    assert 0.5e6 < sent < 20e6
    for study in ("koytendag_osm", "kugitang"):
        text = yaml.safe_load((tmp_path / study / "study.yaml").read_text(encoding="utf-8"))
        assert text["fences"]["active"] == ["osm_barbed_wire"] and text["fences"]["coverage"] == "partial"
    assert list(gpd.read_file(tmp_path / "koytendag_osm/data/reserves.gpkg")["name"]) == ["Koytendag"]
