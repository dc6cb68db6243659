"""Distance to features: shapes burnt into the grid, and exact Euclidean distance between cell centres."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rasters.errors import DataError, GridMismatchError
from rasters.grid import Grid
from rasters.surface import Layer

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["burn", "distance_to"]


def distance_to(mask: NDArray[np.bool_], grid: Grid, name: str, nodata: NDArray[np.bool_] | None = None) -> Layer:
    """Distance from each cell's centre to the nearest marked cell's centre [m].

    Parameters
    ----------
    mask : (height, width) bool
        The feature's cells; their distance is 0.
    grid : Grid
        In metres; cells may be oblong.
    name : str
        Of the new layer, such as ``settlement_distance_m``.
    nodata : (height, width) bool, optional
        Where the distance is to count as unknown, for instance beyond the area in which the feature was mapped.

    Returns
    -------
    Layer
        In metres, ``inf`` everywhere if no cell is marked: nothing to be near to.

    Notes
    -----
    Exact Euclidean distance transform; features outside the grid are not seen, so the grid should reach beyond the
    study area by the largest distance that matters.
    """
    from scipy.ndimage import distance_transform_edt

    grid.require_metres()
    if mask.shape != grid.shape:
        raise GridMismatchError(f"{name}: a mask of shape {mask.shape} does not fit the grid of shape {grid.shape}")
    if mask.any():
        values = distance_transform_edt(~mask, sampling=(grid.cell_height_m, grid.cell_width_m))
    else:
        values = np.full(grid.shape, np.inf)
    unknown = np.zeros(grid.shape, dtype=bool) if nodata is None else nodata
    return Layer(name=name, values=values, nodata=unknown, grid=grid, unit="m")


def burn(geometries: Iterable[BaseGeometry], grid: Grid, *, all_touched: bool) -> NDArray[np.bool_]:
    """Cells that shapes cover.

    Parameters
    ----------
    geometries : iterable of shapely geometries
        Points, lines or polygons in the grid's CRS; empty ones are skipped.
    grid : Grid
    all_touched : bool
        Every cell that a shape touches (lines, small settlements), or only those whose centre it covers (areas).

    Returns
    -------
    (height, width) bool
    """
    from rasterio.features import rasterize

    shapes = [(shape, 1) for shape in geometries if not shape.is_empty]
    for shape, _ in shapes:
        if not np.isfinite(shape.bounds).all():
            raise DataError(
                f"a {shape.geom_type} has coordinates that are not finite: {shape.bounds}; "
                "was it projected from outside the area of its CRS?"
            )
    if not shapes:
        return np.zeros(grid.shape, dtype=bool)
    burnt = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=all_touched, dtype="uint8")
    return np.asarray(burnt, dtype=bool)
