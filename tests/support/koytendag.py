"""A second region, Koytendag, as public sources would have it: tiles cut from the relief in ../shared/data/region.

``python -m tests.support.koytendag FOLDER`` serves the whole box of 66 to 70 E and 36 to 40 N until it is interrupted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from tests.support.places import SHARED
from tests.support.public_sources import dem_tile, serving, worldcover_tile

__all__ = ["RELIEF", "cover_of", "truth_of", "write_tiles"]

RELIEF = SHARED / "data/region" / "dem_gebco2023_15s_66E70E_36N40N.tif"
Values = NDArray[np.float64]
Truth = Callable[[Values, Values], Values]


def truth_of(path: Path = RELIEF) -> Truth:
    """Height at a place [m], from degrees; what the file does not reach, a third of a degree in the south, is its mirror image."""
    with rasterio.open(path) as file:
        heights, at = file.read(1).astype(float), file.transform

    def truth(lon: Values, lat: Values) -> Values:
        column, row = (lon - at.c) / at.a, (lat - at.f) / at.e
        return np.asarray(map_coordinates(heights, [row - 0.5, column - 0.5], order=1, mode="mirror"))

    return truth


def cover_of(truth: Truth) -> Truth:
    """Land cover that goes with heights: fields, bare ground, grass, shrub, snow."""

    def cover(lon: Values, lat: Values) -> Values:
        return np.select([truth(lon, lat) < limit for limit in (450, 900, 2500, 4000)], [40, 60, 30, 20], 70)

    return cover


def write_tiles(
    root: Path, west: int, south: int, east: int, north: int, *, dem_pixels: int = 400, cover_pixels: int = 900
) -> None:
    """Tiles of both sources that hold some whole degrees."""
    truth = truth_of()
    for y in range(south, north):
        for x in range(west, east):
            dem_tile(root, x, y, truth, pixels=(dem_pixels, dem_pixels))
    for y in range(south // 3 * 3, north, 3):
        for x in range(west // 3 * 3, east, 3):
            worldcover_tile(root, x, y, cover_of(truth), pixels=cover_pixels)


if __name__ == "__main__":
    write_tiles(Path(sys.argv[1]), 65, 35, 71, 41, dem_pixels=1200, cover_pixels=3600)
    with serving(Path(sys.argv[1])) as server:
        print(server.address, flush=True)
        while True:
            time.sleep(60)
            print(f"{server.sent / 1e6:.1f} MB in {len(server.asked)} answers", flush=True)
