"""The grid: where a cell is. Every coordinate operation of the project goes through here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rasters.errors import DataError, FocalNodeError, GeographicCRSError, GridMismatchError, written

if TYPE_CHECKING:
    from pyproj import CRS, Transformer

__all__ = ["Grid"]

UTM_REACH = 4.5
"""Degrees from its central meridian up to which a UTM zone is proposed: lengths are within 0.3 % there."""
ROUNDING = 1e-6
"""Share of a cell by which bounds may miss a multiple of the cell, so that a rounding error does not add a row."""


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid of rectangular cells.

    Parameters
    ----------
    crs : str
        Anything pyproj understands: ``"EPSG:32640"``, WKT, a PROJ string.
    transform : Affine
        Maps (column, row) of a cell's upper left corner to map x, y.
    shape : tuple of int
        (height, width) in cells; row 0 is the northernmost.
    """

    crs: str
    transform: Affine
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise DataError(f"a grid needs at least one cell, not {self.shape[0]} x {self.shape[1]}")
        if self.transform.b or self.transform.d or self.transform.a <= 0 or self.transform.e >= 0:
            raise DataError("the grid must be north-up without rotation; warp the raster first")

    @classmethod
    def from_bounds(cls, crs: str, bounds: tuple[float, float, float, float], cell_m: float) -> Grid:
        """Smallest grid of square cells that covers (xmin, ymin, xmax, ymax), aligned to multiples of the cell."""
        xmin, ymin, xmax, ymax = (limit / cell_m for limit in bounds)
        left, bottom = math.floor(xmin + ROUNDING), math.floor(ymin + ROUNDING)
        width, height = math.ceil(xmax - ROUNDING) - left, math.ceil(ymax - ROUNDING) - bottom
        top = (bottom + height) * cell_m
        return cls(crs, Affine(cell_m, 0, left * cell_m, 0, -cell_m, top), (height, width))

    @property
    def height(self) -> int:
        """Rows."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.shape[1]

    @property
    def n_cells(self) -> int:
        """Rows times columns."""
        return self.shape[0] * self.shape[1]

    @property
    def cell_width_m(self) -> float:
        """West-east size of a cell in metres (map units)."""
        return float(self.transform.a)

    @property
    def cell_height_m(self) -> float:
        """North-south size of a cell in metres (map units)."""
        return float(-self.transform.e)

    @property
    def cell_area_km2(self) -> float:
        """Area of a cell in square kilometres."""
        return self.cell_width_m * self.cell_height_m / 1e6

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) in map units."""
        left, top = self.transform.c, self.transform.f
        return (left, top - self.height * self.cell_height_m, left + self.width * self.cell_width_m, top)

    @cached_property
    def pyproj_crs(self) -> CRS:
        """The coordinate reference system as a pyproj object."""
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            return CRS.from_user_input(self.crs)
        except CRSError as error:
            raise DataError(
                f"unknown coordinate reference system {self.crs!r}; give an EPSG code (such as EPSG:32640), WKT or a PROJ string"
            ) from error

    def require_metres(self) -> None:
        """Raise GeographicCRSError unless map units are metres of a system with a place on Earth."""
        crs = self.pyproj_crs
        if crs.geodetic_crs is None:
            raise GeographicCRSError(
                f"{crs.name}: has no datum, and so no place on Earth; assign the projected system of the data (gdal_edit -a_srs EPSG:...)"
            )
        unit = crs.axis_info[0].unit_name if crs.axis_info else "unknown"
        if crs.is_geographic or unit not in ("metre", "meter", "m"):
            raise GeographicCRSError(
                f"{self.crs}: units are {unit}, but distances are needed in metres; choose a projected CRS that "
                f"fits the area: {self.fit_crs()}"
            )

    def fit_crs(self) -> str:
        """A coordinate reference system whose metres are true over this grid: a UTM zone, or for larger areas one around it."""
        from pyproj.exceptions import ProjError

        left, bottom, right, top = self.bounds
        x = np.array([left, left, right, right, (left + right) / 2])
        y = np.array([bottom, top, bottom, top, (bottom + top) / 2])
        try:
            lon, lat = self.transformer("EPSG:4326").transform(x, y, direction="INVERSE", errcheck=True)
        except ProjError:
            return "a UTM zone"
        zone = min(int((lon[-1] + 180) // 6) + 1, 60)
        if np.abs(lon - (6 * zone - 183)).max() <= UTM_REACH and np.abs(lat).max() < 84:
            return f"EPSG:{(32600 if lat[-1] >= 0 else 32700) + zone} (UTM zone {zone}{'N' if lat[-1] >= 0 else 'S'})"
        return f"'+proj=laea +lat_0={lat[-1]:.0f} +lon_0={lon[-1]:.0f} +datum=WGS84 +units=m' (equal area around its middle)"

    def require_same(self, other: Grid, name: str = "the layer") -> None:
        """Raise GridMismatchError, showing both grids, unless ``other`` is this grid."""
        near = all(
            math.isclose(a, b, rel_tol=0, abs_tol=1e-6 * self.cell_width_m)
            for a, b in zip(self.transform, other.transform, strict=True)
        )
        if self.shape != other.shape or not near or self.pyproj_crs != other.pyproj_crs:
            raise GridMismatchError(f"{name} is on {other}, the study on {self}; warp it to the study grid")

    def xy(
        self, row: NDArray[np.integer] | int, col: NDArray[np.integer] | int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map x, y of cell centres; arrays or single cells."""
        x = self.transform.c + (np.asarray(col, dtype=np.float64) + 0.5) * self.transform.a
        y = self.transform.f + (np.asarray(row, dtype=np.float64) + 0.5) * self.transform.e
        return x, y

    def cells_at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row, column of the cells that hold map positions, not checked against the edge of the grid."""
        col = np.floor((np.asarray(x, dtype=np.float64) - self.transform.c) / self.transform.a).astype(np.int64)
        row = np.floor((np.asarray(y, dtype=np.float64) - self.transform.f) / self.transform.e).astype(np.int64)
        return row, col

    def cell_at(self, *, x: float, y: float) -> tuple[int, int]:
        """Row, column of the cell that holds a map position; FocalNodeError outside."""
        row, col = (int(v) for v in self.cells_at(np.float64(x), np.float64(y)))  # type: ignore[arg-type]
        if not self.holds(row, col):
            raise FocalNodeError(f"x={x:.1f}, y={y:.1f} is outside the grid {self.bounds}")
        return row, col

    def holds(self, row: int, col: int) -> bool:
        """Whether (row, col) is a cell of this grid."""
        return 0 <= row < self.height and 0 <= col < self.width

    def transformer(self, crs: str) -> Transformer:
        """From ``crs`` (x, y order: lon, lat) to this grid's map units."""
        from pyproj import Transformer

        return Transformer.from_crs(crs, self.pyproj_crs, always_xy=True)

    @cached_property
    def _from_degrees(self) -> Transformer:
        return self.transformer("EPSG:4326")

    def lonlat(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Longitude and latitude of map positions [degrees, WGS 84]; numbers or arrays, as given."""
        lon, lat = self._from_degrees.transform(x, y, direction="INVERSE")
        return lon, lat

    def map_xy(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        """Map x, y of longitudes and latitudes [degrees, WGS 84]; inf where the projection has no place for them."""
        x, y = self._from_degrees.transform(lon, lat)
        return x, y

    def coarsened(self, factor: int) -> Grid:
        """The grid of blocks of ``factor`` x ``factor`` cells; the last row and column may reach beyond this grid."""
        shape = (-(-self.height // factor), -(-self.width // factor))
        t = self.transform
        return Grid(self.crs, Affine(t.a * factor, 0, t.c, 0, t.e * factor, t.f), shape)

    def __str__(self) -> str:
        name = self.crs if len(self.crs) < 40 else self.pyproj_crs.name
        if name == "unknown" and (projection := self.pyproj_crs.coordinate_operation) is not None:
            name = projection.method_name
        cells = f"{self.height} x {self.width} cells of {written(self.cell_width_m)} x {written(self.cell_height_m)} m"
        return f"{cells} at x={written(self.transform.c)}, y={written(self.transform.f)} in {name}"

    def __iter__(self) -> Iterator[object]:
        raise TypeError("a Grid is not a pair; use .shape, .transform or .xy()")
