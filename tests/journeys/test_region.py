"""A second region, Koytendag, from a server on loopback: one command, then check and run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from tests.support.journey import Journey
from tests.support.places import SHARED
from tests.support.public_sources import dem_tile, serving, worldcover_tile

RELIEF = SHARED / "data/region" / "dem_gebco2023_15s_66E70E_36N40N.tif"
Values = NDArray[np.float64]


@pytest.mark.skipif(not RELIEF.is_file(), reason="the relief of Koytendag is not here (../shared/data/region)")
def test_koytendag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rasterio.open(RELIEF) as file:
        heights, at = file.read(1).astype(float), file.transform
        corner, step = (at.c, at.f), (at.a, at.e)

    def truth(lon: Values, lat: Values) -> Values:
        column, row = (lon - corner[0]) / step[0], (lat - corner[1]) / step[1]
        return np.asarray(map_coordinates(heights, [row - 0.5, column - 0.5], order=1, mode="nearest"))

    def cover(lon: Values, lat: Values) -> Values:
        return np.select([truth(lon, lat) < limit for limit in (450, 900, 2500, 4000)], [40, 60, 30, 20], 70)

    root = tmp_path / "www"
    for south in (37, 38):
        for west in (66, 67):
            dem_tile(root, west, south, truth)
    for south in (36, 39):
        worldcover_tile(root, 66, south, cover, pixels=900)
    user = Journey(folder=tmp_path)
    with serving(root) as served:
        for name in ("DEM", "WORLDCOVER"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        asked = ("region", "--bbox", 66.3, 37.3, 67.5, 38.7, "--cell-m", 4000, "--species", "urial")
        planned = user.command(*asked, "--out", "koytendag", "--plan").stdout
        assert "MB to fetch" in planned and "0.0 MB to fetch" not in planned and not served.asked
        refused = user.command(*asked, "--out", "koytendag", "--most-mb", 0.1, code=2).stderr
        assert "--most-mb 0.1" in refused and not (tmp_path / "koytendag").exists()
        broken = next((root / "v200/2021/map").glob("*N36E066*"))
        whole = broken.read_bytes()
        broken.write_bytes(b"<html>come back later</html>")
        told = user.command(*asked, "--out", "koytendag", code=4).stderr
        assert f"{broken.name}: what came is no raster" in told and not (tmp_path / "koytendag").exists()
        broken.write_bytes(whole)
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
    told = user.command("check", "koytendag").stderr
    assert "FAIL" not in told and "unknown, not absent" in told
    user.command("run", "koytendag", "--out", "results", "--json")
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "unknown, not absent" in page and "Copernicus" in page
    manifest = json.loads((tmp_path / "results/manifest.json").read_text(encoding="utf-8"))
    assert "unknown, not absent" in json.dumps(manifest)
