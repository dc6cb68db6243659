"""Terrain of each cell from relief that is finer than the grid: computed on the relief's own cells, then gathered per cell.

Slopes of averaged relief are too low, the more so the larger the cells (Zhang et al. 1999, Earth Surf. Process. Landforms
24:763), so that what is steep would hang on the cell size of a study. Here the slope is that of the relief's cells whatever the
grid is: the mean of a cell of 4 km is that of its sixteen cells of 1 km, its maximum is theirs. Work goes by blocks, so that
memory depends on neither the relief nor the grid.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rasters.errors import DataError, RasterWarning
from rasters.files.bands import EXTRACT, Band, open_band
from rasters.grid import Grid
from rasters.kernels import terrain as kernels
from rasters.surface import Layer
from rasters.terrain import ruggedness, slope

__all__ = ["Measure", "PerCell", "block_terrain", "cell_metres", "escape_distance", "fine_terrain", "pixel_metres"]

Measure = Literal["slope_percent", "slope_deg", "ruggedness"]
PerCell = Literal["mean", "max", "share"]
Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

BLOCK_CELLS = 2**21
"""Cells of relief, or points, that are held at a time."""
MOST_REACH = 512
"""Cells of relief up to which distances are counted."""
KNOWN_SHARE = 0.5
"""A cell counts as known where at least this share of it is."""
COARSE = 1.5
"""Relief with cells this many times as wide as the grid's is told."""
MARGIN = 3
"""Cells of relief read beyond a block: one for slopes, the others because positions are rounded."""
LATTICE = 21
"""Places along each side of a block at which its extent in the relief's system is taken."""
SEMI_MAJOR_M, ECCENTRICITY_2 = 6_378_137.0, 0.006_694_379_990_14
"""Of the WGS 84 ellipsoid."""
UNITS: dict[str, str] = {"slope_percent": "percent", "slope_deg": "deg", "ruggedness": "m"}


def fine_terrain(
    path: str | Path,
    grid: Grid,
    *,
    name: str,
    measure: Measure,
    per_cell: PerCell,
    above: float | None = None,
    number: int | None = None,
    choose: str = EXTRACT,
) -> Layer:
    """Slope or ruggedness of relief on its own cells, gathered in the cells of a grid.

    Parameters
    ----------
    path : path
        Elevation [m] in degrees or metres of any system.
    grid : Grid
    name : str
        Of the layer.
    measure : {"slope_percent", "slope_deg", "ruggedness"}
        As `rasters.terrain` has them.
    per_cell : {"mean", "max", "share"}
        Mean over the cell's area; the greatest that lies in the cell, wholly or partly; share of the area [1] with a value of at
        least ``above``.
    number, choose : int, str
        As `rasters.files.reading.read_raster` has them.

    Returns
    -------
    Layer
        ``cell_m`` is the size of the relief's cells. No data where less than half of a cell has a slope.

    Raises
    ------
    DataError
        No elevation that can be read, none within the grid, or a system that is in neither degrees nor metres.
    """
    if (per_cell == "share") != (above is not None):
        raise DataError(f"{name}: `above` is the threshold of per_cell: share; give both, or neither")
    values, known = np.zeros(grid.shape), np.zeros(grid.shape)
    with open_band(path, number, choose=choose) as band:
        relief = _Relief.of(band, grid)
        side = max(1, int(math.sqrt(BLOCK_CELLS) * relief.finest_m / relief.cell_m))
        for rows, cols in _blocks(grid, side):
            part = relief.part(_part(grid, rows, cols))
            fine, ok = part.measured(measure)
            if above is not None:
                fine = (fine >= above).astype(np.float64)
            values[rows, cols], known[rows, cols] = part.gathered(fine, ok, "max" if per_cell == "max" else "mean")
    unit = "1" if per_cell == "share" else UNITS[measure]
    return _layer(name, grid, values, known, unit, relief)


def escape_distance(
    path: str | Path,
    grid: Grid,
    *,
    name: str,
    above: float,
    at_most_m: float,
    number: int | None = None,
    choose: str = EXTRACT,
) -> Layer:
    """Mean distance of a cell's ground to steep ground [m], both as the relief's own cells have them.

    Parameters
    ----------
    above : float
        Slope of the relief's cells from which on they are steep [percent].
    at_most_m : float
        Larger distances count as this one, also where nothing is steep. A rule that is constant from there on and a straight
        line before it then gives the cell the mean resistance of its ground, whatever the cell size.

    Notes
    -----
    Each cell is taken at ``k x k`` points, ``k`` the power of two for which they are at most a cell of the relief apart; a point
    is as steep as the cell of the relief that it lies in, and distances are those between points (exact Euclidean distance
    transform). Cells twice as wide have the same points. Steep ground beyond the file is not seen.
    """
    values, known = np.zeros(grid.shape), np.zeros(grid.shape)
    with open_band(path, number, choose=choose) as band:
        relief = _Relief.of(band, grid)
        k = 2 ** max(0, math.ceil(math.log2(relief.cell_m / relief.finest_m) - 1e-6))
        step = max(grid.cell_width_m, grid.cell_height_m) / k
        if at_most_m / step > MOST_REACH:
            raise DataError(
                f"{path}: at_most_m: {at_most_m:g} is more than {MOST_REACH} cells of this relief; at most {MOST_REACH * step:.0f} m, or "
                "take the distance from a layer (derive: distance, source: LAYER, above: N)"
            )
        halo = math.ceil(at_most_m / min(grid.cell_width_m, grid.cell_height_m)) if at_most_m > 0 else 0
        side = max(1, int(math.sqrt(BLOCK_CELLS)) // k - 2 * halo)
        for rows, cols in _blocks(grid, side):
            wide = _part(grid, _widened(rows, halo), _widened(cols, halo))
            near, sure = relief.part(wide).distance(above, at_most_m, k)
            inner = (slice(halo, halo + rows.stop - rows.start), slice(halo, halo + cols.stop - cols.start))
            values[rows, cols], known[rows, cols] = near[inner], sure[inner]
    return _layer(name, grid, values, known, "m", relief)


def pixel_metres(path: str | Path, grid: Grid) -> float:
    """Size of a raster's cells in the middle of a grid [m], the root of width times height."""
    with open_band(path, 0) as band:
        return _Relief.of(band, grid).pixel_m


def block_terrain(fine: Float, fine_m: float, k: int, crs: str, steep_percent: float) -> Float:
    """What relief already on a grid ``k`` times as fine as the study's says of each cell: its blocks of k x k.

    Parameters
    ----------
    fine : (k * height + 2, k * width + 2) float64
        Elevation [m] inside a halo of one cell; all of it known.
    fine_m : float
        Size of its cells [m].
    k : int
        Cells of it along each side of a cell.
    crs : str
        Of the grid.
    steep_percent : float
        Slope above which ground is steep [percent].

    Returns
    -------
    (5, height, width) float64
        Mean elevation [m], mean and greatest slope [percent], share that is steep [1], mean ruggedness [m].
    """
    place = Grid(crs, Affine(fine_m, 0, 0, 0, -fine_m, 0), fine.shape)
    layer = Layer(name="relief", values=fine, nodata=np.zeros(fine.shape, bool), grid=place, unit="m")

    def blocks(values: NDArray[Any]) -> NDArray[Any]:
        inner = np.asarray(values)[1:-1, 1:-1]
        cut = inner.reshape(inner.shape[0] // k, k, inner.shape[1] // k, k)
        return cut.swapaxes(1, 2).reshape(cut.shape[0], cut.shape[2], k * k)

    slopes, heights, rough = (blocks(part) for part in (slope(layer).values, fine, ruggedness(layer).values))
    steep = (slopes > steep_percent).mean(-1)
    return np.stack([heights.mean(-1), slopes.mean(-1), slopes.max(-1), steep, rough.mean(-1)])


def cell_metres(lat: Float, transform: Affine, in_degrees: bool = True) -> tuple[Float, Float]:
    """Width and height of a raster's cells on some rows [m].

    Parameters
    ----------
    lat : (n,) float64
        Of the rows' middles [degrees].
    transform : Affine
        Without rotation.
    in_degrees : bool
        On the WGS 84 ellipsoid; else the system's metres as they are.
    """
    if not in_degrees:
        return np.full(lat.shape, transform.a), np.full(lat.shape, -transform.e)
    phi = np.radians(np.clip(lat, -89.9, 89.9))
    flat = 1.0 - ECCENTRICITY_2 * np.sin(phi) ** 2
    width = SEMI_MAJOR_M / np.sqrt(flat) * np.cos(phi) * np.radians(transform.a)
    height = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / flat**1.5 * np.radians(-transform.e)
    return width, height


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relief:
    """An open band of elevation, and how large its cells are on the ground."""

    band: Band
    system: Any
    to_relief: Any
    finest_m: float
    pixel_m: float
    cell_m: float
    """Of the grid."""

    @classmethod
    def of(cls, band: Band, grid: Grid) -> _Relief:
        from pyproj import CRS, Transformer

        if band.crs is None:
            raise DataError(f"{band.path}: no coordinate reference system; assign it (gdal_edit -a_srs EPSG:...)")
        grid.require_metres()
        system, t = CRS.from_wkt(band.crs.to_wkt()), band.transform
        if t.b or t.d:
            raise DataError(f"{band.path}: its cells are turned; warp it to a system without rotation (gdalwarp)")
        if not system.is_geographic:
            Grid(band.crs.to_wkt(), t, band.shape).require_metres()
        to_relief = Transformer.from_crs(grid.pyproj_crs, system, always_xy=True)
        left, bottom, right, top = grid.bounds
        _, lat = to_relief.transform((left + right) / 2, (bottom + top) / 2)
        width, height = cell_metres(np.array([lat]), t, system.is_geographic)
        size = (float(width[0]), float(height[0]))
        cell_m = math.sqrt(grid.cell_width_m * grid.cell_height_m)
        if math.sqrt(size[0] * size[1]) > COARSE * cell_m:
            warnings.warn(
                f"{band.path}: relief of {math.sqrt(size[0] * size[1]):.0f} m is coarser than the cells of {cell_m:.0f} m; what it says "
                "of their terrain is too smooth",
                RasterWarning,
                stacklevel=4,
            )
        return cls(
            band=band,
            system=system,
            to_relief=to_relief,
            finest_m=min(size),
            pixel_m=math.sqrt(size[0] * size[1]),
            cell_m=cell_m,
        )

    def part(self, cells: Grid) -> _Part:
        """The relief that some cells lie in, with a margin; unknown where the file does not reach."""
        left, bottom, right, top = cells.bounds
        x, y = np.meshgrid(np.linspace(left, right, LATTICE), np.linspace(bottom, top, LATTICE))
        x, y = self.to_relief.transform(x, y)
        cols, rows = ~self.band.transform @ (x, y)
        seen = np.isfinite(rows) & np.isfinite(cols)
        row, col = (int(np.floor(part[seen].min())) - MARGIN if seen.any() else 0 for part in (rows, cols))
        end, last = (int(np.ceil(part[seen].max())) + MARGIN if seen.any() else MARGIN for part in (rows, cols))
        z, known = self._read(row, col, max(end - row, MARGIN), max(last - col, MARGIN))
        at = self.band.transform @ Affine.translation(col + 1, row + 1)
        return _Part(relief=self, cells=cells, z=z, known=known, transform=at)

    def _read(self, row: int, col: int, height: int, width: int) -> tuple[Float, Bool]:
        z, known = np.zeros((height, width)), np.zeros((height, width), dtype=bool)
        rows, cols = self.band.shape
        top, left, end, last = max(row, 0), max(col, 0), min(row + height, rows), min(col + width, cols)
        if top < end and left < last:
            values, sure = self.band.read(top, left, end - top, last - left)
            inside = (slice(top - row, end - row), slice(left - col, last - col))
            known[inside] = sure & np.isfinite(values)
            z[inside] = np.where(known[inside], values, 0.0)
        return z, known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Elevation and what is known of it around some cells, in a halo of one; ``transform`` is without the halo."""

    relief: _Relief
    cells: Grid
    z: Float
    known: Bool
    transform: Affine

    def measured(self, measure: Measure) -> tuple[Float, Bool]:
        """The measure on each cell of the relief, and where there is one."""
        shape = (self.z.shape[0] - 2, self.z.shape[1] - 2)
        ok = np.zeros(shape, dtype=bool)
        if measure == "ruggedness":
            out = np.zeros(shape)
            kernels.window_ruggedness(self.z, self.known, True, out, ok)
            return out, ok
        east, south = np.zeros(shape), np.zeros(shape)
        if self.relief.system.is_geographic:
            lat = self.transform.f + self.transform.e * (np.arange(shape[0]) + 0.5)
            width, height = cell_metres(lat, self.transform, True)
            kernels.horn_gradient(self.z, self.known, 1.0, 1.0, east, south, ok)
            east, south = east / width[:, None], south / height[:, None]
        else:
            kernels.horn_gradient(self.z, self.known, self.transform.a, -self.transform.e, east, south, ok)
        rise = np.hypot(east, south)
        return (100.0 * rise if measure == "slope_percent" else np.degrees(np.arctan(rise))), ok

    def gathered(self, fine: Float, ok: Bool, how: Literal["mean", "max"]) -> tuple[Float, Float]:
        """Mean over the known area of each cell, or greatest known value, and the share of the cell that is known."""
        sure = self._warped(ok.astype(np.float64), self.cells, "average")
        if how == "max":
            return self._warped(np.where(ok, fine, -1.0), self.cells, "max"), sure
        total = self._warped(np.where(ok, fine, 0.0), self.cells, "average")
        return np.divide(total, sure, out=np.zeros_like(total), where=sure > 0), sure

    def distance(self, above: float, at_most_m: float, k: int) -> tuple[Float, Float]:
        """Mean distance of each cell's known points to steep ones [m], and the share of the points that are known."""
        from scipy.ndimage import distance_transform_edt

        t, (height, width) = self.cells.transform, self.cells.shape
        points = Grid(self.cells.crs, t @ Affine.scale(1 / k), (height * k, width * k))
        fine, ok = self.measured("slope_percent")
        steep = self._warped((ok & (fine >= above)).astype(np.uint8), points, "nearest") > 0
        sure = self._warped(ok.astype(np.uint8), points, "nearest") > 0
        far = np.full(points.shape, at_most_m, dtype=np.float64)
        if steep.any():
            metres = (points.cell_height_m, points.cell_width_m)
            far = np.minimum(distance_transform_edt(~steep, sampling=metres), at_most_m)
        total, count = (
            part.reshape(height, k, width, k).sum(axis=(1, 3))
            for part in (np.where(sure, far, 0.0), sure.astype(np.float64))
        )
        return np.divide(total, count, out=np.zeros_like(total), where=count > 0), count / k**2

    def _warped(self, fine: NDArray[Any], cells: Grid, how: str) -> NDArray[Any]:
        from rasterio.warp import Resampling, reproject

        out = np.zeros(cells.shape, dtype=fine.dtype)
        reproject(
            fine,
            out,
            src_transform=self.transform,
            src_crs=self.relief.band.crs,
            dst_transform=cells.transform,
            dst_crs=cells.pyproj_crs.to_wkt(),
            resampling=Resampling[how],
            tolerance=0,
            num_threads=1,
            warp_mem_limit=512,
        )
        return out


def _blocks(grid: Grid, side: int) -> Iterator[tuple[slice, slice]]:
    for row in range(0, grid.height, side):
        for col in range(0, grid.width, side):
            yield slice(row, min(row + side, grid.height)), slice(col, min(col + side, grid.width))


def _widened(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop + by)


def _part(grid: Grid, rows: slice, cols: slice) -> Grid:
    """Some cells of a grid, or of its continuation beyond its edge."""
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    return Grid(grid.crs, grid.transform @ Affine.translation(cols.start, rows.start), shape)


def _layer(name: str, grid: Grid, values: Float, known: Float, unit: str, relief: _Relief) -> Layer:
    unknown = known < KNOWN_SHARE - 1e-9
    if unknown.all():
        raise DataError(
            f"{relief.band.path}: has no elevation within the study grid; is it the right file, and does it cover the area?"
        )
    values[unknown] = 0.0
    return Layer(name=name, values=values, nodata=unknown, grid=grid, unit=unit, cell_m=relief.pixel_m)
