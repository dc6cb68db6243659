"""Tiles read into a grid, against the functions that the tiles were made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rasters.grid import Grid
from scenarios.keys.new_study import checked_bounds, grid_around
from scenarios.region.reading import Placed, opened, read_classes, read_ground
from tests.support.public_sources import dem_tile, worldcover_tile

Values = NDArray[np.float64]
PLACES = {
    "four tiles": (10.7, 42.7, 11.3, 43.3),
    "antimeridian": (179.7, 50.2, -179.7, 50.8),
    "60 N": (20.6, 59.7, 21.4, 60.3),
}


def height(lon: Values, lat: Values) -> Values:
    """Smooth hills that do not jump at the antimeridian [m]."""
    return 200 + 100 * np.sin(np.radians(180 * lon)) * np.cos(2 * lat)


def classes(lon: Values, lat: Values) -> Values:
    """Shrub west of a meridian within the region, grass east of it."""
    return np.where(np.sin(np.radians(180 * lon)) > 0, 20, 30)


def lonlat(grid: Grid) -> tuple[Values, Values]:
    rows, columns = np.indices(grid.shape)
    lon, lat = grid.lonlat(*grid.xy(rows, columns))
    return np.asarray(lon), np.asarray(lat)


def real(west: int) -> int:
    return (west + 180) % 360 - 180


@pytest.mark.parametrize("place", PLACES)
def test_relief_is_the_truth_across_borders_of_tiles(tmp_path: Path, place: str) -> None:
    west, south, east, north = checked_bounds(PLACES[place])
    grid = grid_around((west, south, east, north), 500)
    tiles = [
        Placed(path=dem_tile(tmp_path, real(x), y, height, pixels=(1200, 600 if y >= 60 else 1200)), west=x)
        for x in range(int(west // 1), int(east // 1) + 1)
        for y in range(int(south // 1), int(north // 1) + 1)
    ]
    with opened(tiles, (west + east) / 2) as source:
        ground = read_ground(source, grid, 93.0)
    lon, lat = lonlat(grid)
    error = np.abs(ground.elevation_m - height(lon, lat))
    assert np.median(error) < 0.01, np.median(error)
    assert error.max() < 0.5, error.max()
    assert ground.slope_percent.max() < 5 and (ground.slope_max_percent >= ground.slope_percent).all()


def test_slopes_are_those_of_the_fine_relief(tmp_path: Path) -> None:
    """Waves of 1 km: cells of 2 km see nothing of them, their fine slopes do."""
    per_m = 1 / (111_320 * np.cos(np.radians(10.5)))

    def waves(lon: Values, lat: Values) -> Values:
        return 60 * np.sin(2 * np.pi * lon / (1000 * per_m))

    grid = grid_around((10.3, 10.3, 10.7, 10.7), 2000)
    with opened([Placed(path=dem_tile(tmp_path, 10, 10, waves, pixels=(1200, 1200)), west=10)], 10.5) as source:
        ground = read_ground(source, grid, 93.0)
    mean = 100 * 60 * 2 * np.pi / 1000 * 2 / np.pi  # of |cos|
    assert np.median(ground.slope_percent) == pytest.approx(mean, rel=0.15)
    assert np.ptp(ground.elevation_m) < 12 and np.median(ground.steep_share) > 0.1


@pytest.mark.parametrize("place", ["four tiles", "antimeridian"])
def test_classes_are_exact(tmp_path: Path, place: str) -> None:
    west, south, east, north = checked_bounds(PLACES[place])
    grid = grid_around((west, south, east, north), 1000)
    corners = {(int(x // 3) * 3, int(y // 3) * 3) for x in (west, east) for y in (south, north)}
    tiles = [Placed(path=worldcover_tile(tmp_path, real(x), y, classes, pixels=3000), west=x) for x, y in corners]
    with opened(tiles, (west + east) / 2) as source:
        read = read_classes(source, grid, "cover")
    lon, lat = lonlat(grid)
    cut = np.abs((lon + 0.5) % 1 - 0.5) < 0.02  # cells that hold both
    assert (read[~cut] == classes(lon, lat)[~cut]).all() and {20, 30} == set(np.unique(read))
