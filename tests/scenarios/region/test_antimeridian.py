"""A region across 180 degrees: tiles and fences of both sides, in one study."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from scenarios.progress import Reporter
from scenarios.region.given import Given
from scenarios.region.session import make_region
from scenarios.runs.check import check_study
from tests.support.osm_pbf import write_pbf
from tests.support.public_sources import dem_tile, serving, worldcover_tile

FENCE = {"barrier": "fence"}


def test_both_sides_are_in_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "www"
    for south in (65, 66):
        for west in (179, -180):
            dem_tile(root, west, south, lambda lon, lat: 300 + 200 * np.sin(np.pi * lon) * np.cos(2 * lat))
    for south in (63, 66):
        for west in (177, -180):
            worldcover_tile(root, west, south, lambda lon, _: np.where(lon > 0, 20, 30))
    ways = [([(179.6, 66.0), (179.99, 66.02)], FENCE), ([(-179.9, 66.0), (-179.6, 66.02)], FENCE)]
    pbf = write_pbf(tmp_path / "extract.osm.pbf", ways, [(-179.7, 66.1, {"place": "town", "name": "Enurmino"})])
    with serving(root) as served:
        for name in ("DEM", "WORLDCOVER"):
            monkeypatch.setenv(f"OTKEL_URL_{name}", served.address)
        monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
        quiet = Reporter(quiet=True)
        make_region(
            tmp_path / "chukotka", (179.4, 65.7, -179.4, 66.3), ["urial"], quiet, cell_m=1000, given=Given(pbf=pbf)
        )
        assert {path for path, _ in served.asked if "E179" in path} and {
            path for path, _ in served.asked if "W180" in path
        }
    fences = gpd.read_file(tmp_path / "chukotka/data/fences.gpkg")
    assert sorted(np.sign(fences.geometry.centroid.x)) == [-1, 1] and fences.length.max() < 20_000
    with rasterio.open(tmp_path / "chukotka/data/landcover.tif") as file:
        cover = file.read(1)
    middle = cover.shape[1] // 2
    assert (cover[:, :middle] == 20).all() and (cover[:, middle:] == 30).all()
    found = check_study(str(tmp_path / "chukotka"), None, {}, quiet).findings
    assert all(one.passed for one in found), [one.text for one in found if not one.passed]
