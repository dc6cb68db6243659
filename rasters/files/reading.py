"""Reads rasters.

A raster is one band. Nothing is resampled unless the call says how, and a file that cannot be used says which file,
which layer and which feature.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rasters.errors import DataError, GridMismatchError, LayerNotFoundError, RasterWarning
from rasters.files.bands import EXTRACT, FIRST, Band, open_band
from rasters.grid import Grid
from rasters.surface import Layer

__all__ = ["Resampling", "existing", "read_grid", "read_raster"]

Resampling = Literal["nearest", "bilinear", "average"]

UNUSABLE_SHARE = 0.999
"""A raster with more than this share of its cells unknown is taken for the wrong file or the wrong place."""


AROUND = 64
"""Cells of a file that are read around what is needed of it, so that resampling at the edge finds its neighbours."""
WARP_TOLERANCE = 0.001
"""Error of the positions that warping interpolates [cells of the file]; GDAL's own 0.125 moved elevations by 100 m."""


def read_raster(
    path: str | Path,
    grid: Grid | None = None,
    *,
    name: str,
    unit: str,
    resampling: Resampling | None = None,
    number: int | None = None,
    choose: str = EXTRACT,
) -> Layer:
    """Read a raster by `rasters.files.bands`, on its own grid or brought to another.

    Parameters
    ----------
    path : path
    grid : Grid, optional
        The study grid. A file on another grid is warped to it, which needs ``resampling``.
    name, unit : str
        Of the layer.
    resampling : {"nearest", "bilinear", "average"}, optional
        How to warp: nearest for classes, bilinear for a surface coarser than the grid, average for a finer one.
    number : int, optional
        Of the band, from 1; a file of several bands needs it.
    choose : str
        How to choose a band, for the error about several.

    Returns
    -------
    Layer
        Cells without data as `rasters.files.bands` tells them, or outside the file, are ``nodata``; infinite values are values.
        Nearest keeps the file's type unless it has a scale; the others give float64.

    Raises
    ------
    LayerNotFoundError
        No such file; names files like it.
    GridMismatchError
        The grids differ and no ``resampling`` is given.
    DataError
        Not a raster that otkel opens, several bands without ``number``, no CRS, or as good as no data at all within the grid.

    Warns
    -----
    RasterWarning
        What is not as plain as it looks: a scale, one band of several, numbers taken for no data.
    """
    path = existing(path)
    with open_band(path, number, choose=choose) as band:
        own = _grid_of(band)
        band.require_unit(unit)
        if grid is None or _is_same(grid, own, path, resampling):
            values, known = band.read()
        else:
            values, known = _warped(band, grid, resampling or "nearest")
    _require_data(path, known, "the study grid" if grid is not None else "the file")
    if unit == "class":
        _require_whole(path, values, known)
        band.say_of_classes(values, known)
    for note in band.notes:
        warnings.warn(f"{path}: {note}", RasterWarning, stacklevel=2)
    return Layer(name=name, values=values, nodata=~known, grid=grid or own, unit=unit)


def read_grid(path: str | Path) -> Grid:
    """Read where a raster's cells are, without its values."""
    with open_band(existing(path), FIRST) as band:
        return _grid_of(band)


def _grid_of(band: Band) -> Grid:
    """Where the cells are on the ground; heights that the reference system has besides are none of the grid's."""
    from pyproj import CRS

    if band.crs is None:
        raise DataError(f"{band.path}: no coordinate reference system; assign it (gdal_edit -a_srs EPSG:...)")
    if band.file.transform == Affine.identity():
        raise DataError(f"{band.path}: does not say where its cells are; write it with its place (gdal_edit -a_ullr)")
    system = CRS.from_wkt(band.crs.to_wkt())
    if system.geodetic_crs is None:
        raise DataError(
            f"{band.path}: {system.name}: has no datum, and so no place on Earth; assign the system of the data (gdal_edit -a_srs EPSG:...)"
        )
    try:
        name = system.sub_crs_list[0].to_string() if system.is_compound else band.crs.to_string()
        return Grid(name, band.transform, band.shape)
    except DataError as error:
        raise DataError(f"{band.path}: {error}") from error


def _require_whole(path: Path, values: NDArray[Any], known: NDArray[np.bool_]) -> None:
    """DataError for classes that are no whole numbers: no code would be any of them."""
    if values.dtype.kind != "f":
        return
    broken = known & (values != np.round(values))
    if broken.any():
        raise DataError(
            f"{path}: {np.count_nonzero(broken)} cells hold classes that are no whole numbers, such as {values[broken][0]:.7g}; classes "
            "are never averaged: write it again from the original, with nearest neighbour"
        )


def existing(path: str | Path) -> Path:
    """The path, or LayerNotFoundError naming what else is there."""
    path = Path(path)
    if path.exists():
        return path
    if not path.parent.is_dir():
        raise LayerNotFoundError(f"{path}: there is no such file; the folder {path.parent} does not exist either")
    others = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    same_kind = [other for other in others if other.endswith(path.suffix)]
    like = difflib.get_close_matches(path.name, others, n=3, cutoff=0.5) or same_kind[:8]
    there = f"like it there: {', '.join(like)}" if like else "nothing like it is there"
    raise LayerNotFoundError(f"{path}: there is no such file; {there}")


def _is_same(grid: Grid, own: Grid, path: Path, resampling: Resampling | None) -> bool:
    try:
        grid.require_same(own, str(path))
    except GridMismatchError as error:
        if resampling is None:
            raise GridMismatchError(f"{error}, or say how to resample it (nearest, bilinear, average)") from error
        return False
    return True


def _warped(band: Band, grid: Grid, resampling: Resampling) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values and what is known of them on ``grid``; cells outside the file are unknown."""
    from rasterio.enums import Resampling as Rule
    from rasterio.vrt import WarpedVRT

    if resampling != "nearest" and band.has_codes:
        raise DataError(
            f"{band.path}: has a colour table, so its numbers are codes; only resampling: nearest fits codes"
        )
    strays = () if resampling == "nearest" else sorted(band.never_meant())[:1]
    for number in strays:
        band.say_unknown(number)
    with _alone(band, grid, rewritten=bool(strays)) as alone:
        dtype = alone.dtype if resampling == "nearest" else "float64"
        with WarpedVRT(
            alone.file,
            crs=grid.pyproj_crs.to_wkt(),
            transform=grid.transform,
            width=grid.width,
            height=grid.height,
            resampling=Rule[resampling],
            add_alpha=not alone.alpha,
            dtype=dtype,
            tolerance=WARP_TOLERANCE,
        ) as warped:
            return alone.of_stored(warped.read(alone.number), warped.read(alone.alpha or warped.count) > 0)


@contextmanager
def _alone(band: Band, grid: Grid, *, rewritten: bool) -> Iterator[Band]:
    """The band in a file of its own: GDAL takes a cell for known that any band of a file knows when it warps them.

    ``rewritten`` also where it is alone: with a mask of what is known, where a tag says less. Only what ``grid`` needs is read.
    """
    if band.count == 1 and not rewritten:
        yield band
        return
    import rasterio
    from rasterio.io import MemoryFile

    row, col, height, width = _needed(band, grid)
    values, known = band.read(row, col, height, width)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=height,
            width=width,
            count=1,
            dtype=values.dtype,
            crs=band.crs,
            transform=band.transform @ Affine.translation(col, row),
        ) as file:
            file.write(np.where(known, values, 0).astype(values.dtype), 1)
            file.write_mask(known)
        with memory.open() as file:
            yield Band(file=file, path=band.path, number=1, alpha=0, count=1, scale=1.0, offset=0.0, south_up=False)


def _needed(band: Band, grid: Grid) -> tuple[int, int, int, int]:
    """First row and column, height and width of the part of a raster in which a grid lies, with `AROUND` cells and more around it."""
    from rasterio.errors import CRSError
    from rasterio.warp import transform_bounds

    rows, cols = band.shape
    try:
        left, bottom, right, top = transform_bounds(grid.pyproj_crs.to_wkt(), band.crs, *grid.bounds, densify_pts=65)
    except CRSError:
        return 0, 0, rows, cols
    (x0, y0), (x1, y1) = ~band.transform @ (left, top), ~band.transform @ (right, bottom)
    if not (np.isfinite([x0, y0, x1, y1]).all() and x0 < x1 and y0 < y1):  # across 180 degrees, or around a pole
        return 0, 0, rows, cols
    more_x, more_y = AROUND + 0.1 * (x1 - x0), AROUND + 0.1 * (y1 - y0)
    row, last_row = (int(np.clip(at, 0, rows)) for at in (y0 - more_y, y1 + more_y))
    col, last_col = (int(np.clip(at, 0, cols)) for at in (x0 - more_x, x1 + more_x))
    row, col = min(row, rows - 1), min(col, cols - 1)
    return row, col, max(last_row - row, 1), max(last_col - col, 1)


def _require_data(path: Path, known: NDArray[np.bool_], where: str) -> None:
    share = 1.0 - np.count_nonzero(known) / known.size
    if share == 1.0 or share > UNUSABLE_SHARE:
        raise DataError(
            f"{path}: {100 * share:.4g} % of {where} has no data in this file; is it the right file, "
            "and does it cover the area?"
        )
