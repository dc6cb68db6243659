"""A second region, Koytendag, from a server on loopback: one command, then check and run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rasterio
import yaml

from tests.support.journey import Journey
from tests.support.koytendag import RELIEF, write_tiles
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
    told = user.command("check", "koytendag").stderr
    assert "FAIL" not in told and "unknown, not absent" in told
    user.command("run", "koytendag", "--out", "results", "--json")
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "unknown, not absent" in page and "Copernicus" in page
    manifest = json.loads((tmp_path / "results/manifest.json").read_text(encoding="utf-8"))
    assert "unknown, not absent" in json.dumps(manifest)
