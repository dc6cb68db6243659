"""Elevation, slope, open water and land cover of the study on its 1 km grid.

The elevation is a mean: relief below 1 km is gone from it, and in the Kopet Dag and the Balkhans (54-60.5 E,
36.5-40 N) only 0.2 % of its cells are steeper than 30 %, against 0.6 % of the 30 arc-second cells. Hence the second
layer, the steepest 30 arc-second cell within each: 1.4 % of cells. Even that is a floor, for GLOBE smears cliffs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import Resampling, reproject
from scipy import ndimage

from rasters.errors import DataError
from rasters.files.relief import cell_metres
from scenarios.library.ustyurt.study_grid import SHAPE, STUDY_WKT, TRANSFORM

__all__ = ["DEM_NODATA", "LANDCOVER_NODATA", "SLOPE_NODATA", "WATER_NODATA", "build_rasters"]

DEM_NODATA = -32768
LANDCOVER_NODATA = 0
WATER_NODATA = 255
SLOPE_NODATA = 255
SEA, LAKE = 1, 2
IGBP_WATER = 17

SEA_SEED = (51.0, 42.0)
"""Lon, lat of a place inside the Caspian Sea, which Garabogazgol is joined to."""

DEM_FILLED = "dem_globe30s_filled_46E70E_35N48N.tif"
DEM_RAW = "dem_globe30s_46E70E_35N48N.tif"
WATER = "caspian_water_mask30s.tif"
LANDCOVER = "landcover_mcd12c1_2019_igbp_0p05deg.tif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """A source raster in its own longitude-latitude cells."""

    values: NDArray[np.generic]
    transform: Affine


def read_native(path: Path) -> Native:
    """Band 1 of a source raster."""
    with rasterio.open(path) as source:
        return Native(values=source.read(1), transform=source.transform)


def sea_cells(water: Native) -> NDArray[np.bool_]:
    """Water cells joined to the Caspian; every other water cell is a lake or a river."""
    label, _ = ndimage.label(water.values == 1)
    lon, lat = SEA_SEED
    row, col = (lat - water.transform.f) / water.transform.e, (lon - water.transform.c) / water.transform.a
    caspian = label[int(row), int(col)]
    if caspian == 0:
        raise DataError(f"{WATER}: dry land at {SEA_SEED}, in the middle of the Caspian; is it the right file?")
    return np.asarray(label == caspian)


def open_water(water: Native) -> NDArray[np.bool_]:
    """Water cells without the frame of one cell that clipping the country polygons left around the source."""
    wet = np.zeros(water.values.shape, dtype=bool)
    wet[1:-1, 1:-1] = water.values[1:-1, 1:-1] == 1
    return wet


def level_lakes(filled: Native, raw: Native, water: Native, sea: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Elevation with inland water put back to its own level.

    The filled model gives -28 m, the Caspian's level, to all water, the Aral Sea and mountain lakes too. Inland water
    takes the raw model again; where that holds its stand-in 0 for "below the sea", the median of the lake's shore.
    """
    lake = (water.values == 1) & ~sea
    elevation: NDArray[np.float32] = np.where(lake, raw.values, filled.values).astype(np.float32)
    label, _ = ndimage.label(lake, structure=np.ones((3, 3)))
    for index, window in enumerate(ndimage.find_objects(label), start=1):
        rows, cols = (slice(max(part.start - 1, 0), part.stop + 1) for part in window)
        inside = label[rows, cols] == index
        unknown = inside & (raw.values[rows, cols] == 0)
        if unknown.any():
            shore = ndimage.binary_dilation(inside, np.ones((3, 3))) & ~inside
            elevation[rows, cols][unknown] = np.median(filled.values[rows, cols][shore])
    return elevation


def to_study(
    values: NDArray[np.generic], transform: Affine, how: Resampling, nodata: float, dtype: str = "float32"
) -> NDArray[np.generic]:
    """Warp longitude-latitude cells to the study grid; ``nodata`` where the source does not reach."""
    out = np.full(SHAPE, nodata, dtype=dtype)
    reproject(
        values.astype(dtype),
        out,
        src_transform=transform,
        src_crs="EPSG:4326",
        dst_transform=TRANSFORM,
        dst_crs=STUDY_WKT,
        dst_nodata=nodata,
        resampling=how,
        tolerance=0,
        num_threads=1,
    )
    return out


def share(mask: NDArray[np.bool_], transform: Affine) -> NDArray[np.float64]:
    """Share of each study cell that a native mask covers."""
    return np.asarray(to_study(mask, transform, Resampling.average, -1.0), dtype=np.float64)


def study_elevation(level: Native) -> NDArray[np.int16]:
    """Mean elevation of each cell [m]: the 30 arc-second cells weighted by the area they share with it."""
    mean = to_study(level.values, level.transform, Resampling.average, DEM_NODATA)
    return np.asarray(np.rint(mean), dtype=np.int16)


def slope_percent(native: Native) -> NDArray[np.float64]:
    """Slope of longitude-latitude cells in per cent, after Horn (1981), on the WGS 84 ellipsoid."""
    z = np.pad(native.values.astype(np.float64), 1, mode="edge")
    north, middle, south = z[:-2], z[1:-1], z[2:]
    east_west = sum(k * (row[:, 2:] - row[:, :-2]) for k, row in ((1, north), (2, middle), (1, south))) / 8.0
    weighted = south - north
    north_south = (weighted[:, :-2] + 2.0 * weighted[:, 1:-1] + weighted[:, 2:]) / 8.0
    lat = native.transform.f + native.transform.e * (np.arange(native.values.shape[0]) + 0.5)
    cell_x, cell_y = cell_metres(lat, native.transform)
    return np.asarray(100.0 * np.hypot(east_west / cell_x[:, None], north_south / cell_y[:, None]))


def study_steepest(level: Native) -> NDArray[np.uint8]:
    """Slope of the steepest 30 arc-second cell that a study cell touches, in whole per cent."""
    steepest = to_study(slope_percent(level), level.transform, Resampling.max, float(SLOPE_NODATA))
    return np.asarray(np.rint(steepest), dtype=np.uint8)


def study_water(water: Native, sea: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """1 where most of a cell is sea, 2 where most of it is water and not most of it sea, 0 on land."""
    wet, salt = share(open_water(water), water.transform), share(sea, water.transform)
    out = np.zeros(SHAPE, np.uint8)
    out[wet >= 0.5] = LAKE
    out[salt >= 0.5] = SEA
    out[wet < 0] = WATER_NODATA
    return out


def study_landcover(cover: Native, known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """IGBP class of the nearest source cell, water renumbered from the product's 0 to IGBP's 17."""
    igbp = np.where(cover.values == 0, IGBP_WATER, cover.values)
    out = to_study(igbp, cover.transform, Resampling.nearest, LANDCOVER_NODATA, "uint8")
    return np.where(known, out, LANDCOVER_NODATA).astype(np.uint8)


def write_raster(path: Path, values: NDArray[np.generic], nodata: int, unit: str, description: str) -> None:
    """One tiled, deflated GeoTIFF with CRS, no-data tag, unit and band description."""
    profile = {
        "driver": "GTiff",
        "height": SHAPE[0],
        "width": SHAPE[1],
        "count": 1,
        "dtype": values.dtype.name,
        "crs": STUDY_WKT,
        "transform": TRANSFORM,
        "nodata": nodata,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "predictor": 2,
        "zlevel": 9,
    }
    with rasterio.open(path, "w", **profile) as out:
        out.write(values, 1)
        out.set_band_description(1, description)
        out.set_band_unit(1, unit)


def build_rasters(source: Path, target: Path) -> None:
    """Write dem.tif, slope_max.tif, water.tif and landcover.tif into ``target``."""
    water, filled = read_native(source / WATER), read_native(source / DEM_FILLED)
    sea = sea_cells(water)
    level = Native(values=level_lakes(filled, read_native(source / DEM_RAW), water, sea), transform=filled.transform)
    dem, steepest = study_elevation(level), study_steepest(level)
    wet, cover = study_water(water, sea), study_landcover(read_native(source / LANDCOVER), dem != DEM_NODATA)
    write_raster(target / "dem.tif", dem, DEM_NODATA, "m", "mean elevation of the cell")
    write_raster(target / "slope_max.tif", steepest, SLOPE_NODATA, "%", "slope of the steepest 30 arc-second cell")
    write_raster(target / "water.tif", wet, WATER_NODATA, "1", "open water: 0 none, 1 Caspian, 2 inland")
    write_raster(target / "landcover.tif", cover, LANDCOVER_NODATA, "1", "IGBP land cover class 2019, 17 = water")
