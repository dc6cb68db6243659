"""`otkel window` over rasters as programs write them: one reader, one answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from rasters.errors import DataError
from scenarios.outputs.job import Summary
from scenarios.windows.study import WindowRequest, run_window
from tests.support.places import SHARED

CASES = SHARED / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there")
REQUEST = WindowRequest(radius_km=4, block_km=1)


def unknown_cells(folder: Path) -> int:
    with rasterio.open(folder / "cumulative_current.tif") as file:
        return int(np.isnan(file.read(1)).sum())


def windows(found: Summary) -> int:
    return int(found.found["raster"]["windows"])


@needs_cases
@pytest.mark.parametrize("name", ["nan", "mask", "alpha"])
def test_masks_and_alpha_bands_count(tmp_path: Path, name: str) -> None:
    found = run_window(str(CASES / "05-window-mask-ignored" / f"{name}.tif"), REQUEST, tmp_path / "out")
    assert (windows(found), unknown_cells(tmp_path / "out")) == (179, 1)


@needs_cases
def test_a_scale_counts_and_is_told(tmp_path: Path) -> None:
    request = WindowRequest(radius_km=4, block_km=1, cutoff=10)
    found = {}
    for name in ("resistance", "resistance_scaled"):
        path = CASES / "04-scale-factor-ignored" / f"{name}.tif"
        found[name] = run_window(str(path), request, tmp_path / name)
    assert [windows(one) for one in found.values()] == [92, 92]
    assert "multiplied by 0.1" in found["resistance_scaled"].found["raster"]["notes"][0]


def test_a_turned_raster_gives_the_turned_map(tmp_path: Path) -> None:
    """Stored from south to north, with a huge number for no data: the same maps as of the plain raster."""
    ohm = np.random.default_rng(1).uniform(1, 5, (12, 14)).astype(np.float32)
    ohm[3, 4] = np.nan
    north_up = Affine(500, 0, 500_000, 0, -500, 4_600_000)
    maps = []
    for name, values, transform in (
        ("plain", ohm, north_up),
        ("turned", np.nan_to_num(ohm, nan=-3.4e38)[::-1], north_up @ Affine(1, 0, 0, 0, -1, 12)),
    ):
        path = tmp_path / f"{name}.tif"
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            width=14,
            height=12,
            dtype="float32",
            crs="EPSG:32640",
            transform=transform,
        ) as file:
            file.write(values, 1)
        run_window(str(path), WindowRequest(radius_km=2, block_km=0.5), tmp_path / name)
        with rasterio.open(tmp_path / name / "cumulative_current.tif") as file:
            assert file.transform == north_up
            maps.append(file.read(1))
    np.testing.assert_array_equal(maps[0], maps[1])


def test_a_raster_of_several_bands_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.tif"
    profile = {"driver": "GTiff", "height": 8, "width": 8, "count": 2, "dtype": "float32", "crs": "EPSG:32640"}
    with rasterio.open(path, "w", **profile, transform=Affine(500, 0, 500_000, 0, -500, 4_600_000)) as file:
        file.write(np.ones((2, 8, 8), np.float32))
    with pytest.raises(DataError, match=r"r\.tif: has 2 bands: 1, 2; extract the one that is meant"):
        run_window(str(path), REQUEST, tmp_path / "out")
    assert not (tmp_path / "out").exists()
