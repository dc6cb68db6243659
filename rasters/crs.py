"""How true the metres of a coordinate reference system are over a study area, and which one would be truer there."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.errors import CrsScaleWarning, GeographicCRSError
from rasters.grid import Grid

__all__ = ["CrsScale", "require_units", "scale_of", "warn_of_scale"]

TRUE = 0.02
"""Share by which map lengths may differ from those on the ground without a word."""
SAMPLES = 7
"""Places along each side of the grid at which the scale is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrsScale:
    """Least and largest metres of the map for a metre on the ground, over all directions and the whole grid.

    Notes
    -----
    The semi-axes of Tissot's indicatrix (Snyder 1987, Map Projections: A Working Manual, USGS Professional Paper 1395).
    """

    crs: str
    least: float
    most: float
    fit: str

    @property
    def is_true(self) -> bool:
        """Whether lengths are within `TRUE`."""
        return max(abs(self.least - 1), abs(self.most - 1)) <= TRUE

    def __str__(self) -> str:
        return (
            f"{self.crs}: a metre on the ground is {self.least:.3f} to {self.most:.3f} of its metres over this area, so lengths, areas "
            f"or slopes are off by up to {100 * max(abs(self.least - 1), abs(self.most - 1)):.0f} %; bring the data to {self.fit}"
        )


def require_units(crs: str, bounds: tuple[float, float, float, float]) -> None:
    """GeographicCRSError where bounds are evidently in other units than those of their system: degrees, or metres."""
    import pyproj

    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return  # the grid says so, with the fix
    in_degrees = all(abs(x) <= 180 for x in bounds[::2]) and all(abs(y) <= 90 for y in bounds[1::2])
    if system.is_projected and in_degrees:
        to_metres = pyproj.Transformer.from_crs("EPSG:4326", system, always_xy=True)
        limits = ", ".join(f"{limit:.0f}" for limit in to_metres.transform_bounds(*bounds))
        raise GeographicCRSError(
            f"{[*bounds]}: these are degrees, but {crs} is in metres; if they are longitudes and latitudes, write [{limits}]"
        )
    if system.is_geographic and max(abs(limit) for limit in bounds) > 360:
        raise GeographicCRSError(
            f"{[*bounds]}: these are metres, but {crs} is in degrees; name in `grid.crs` the projected system that they are of, "
            "such as EPSG:32640"
        )


def scale_of(grid: Grid) -> CrsScale:
    """The scale of a grid's coordinate reference system over the grid, by `pyproj.Proj.get_factors`."""
    from pyproj import Proj

    lon, lat = _places(grid)
    factors = Proj(grid.pyproj_crs).get_factors(lon, lat)
    axes = np.concatenate([np.ravel(factors.tissot_semiminor), np.ravel(factors.tissot_semimajor)])
    axes = axes[np.isfinite(axes)] if np.isfinite(axes).any() else np.ones(1)
    name = grid.crs if len(grid.crs) < 40 else grid.pyproj_crs.name
    return CrsScale(crs=name, least=float(axes.min()), most=float(axes.max()), fit=grid.fit_crs())


def _places(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, bottom, right, top = grid.bounds
    x, y = np.meshgrid(np.linspace(left, right, SAMPLES), np.linspace(bottom, top, SAMPLES))
    geodetic = grid.pyproj_crs.geodetic_crs
    assert geodetic is not None
    lon, lat = grid.transformer(geodetic.to_wkt()).transform(x.ravel(), y.ravel(), direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def warn_of_scale(grid: Grid) -> None:
    """CrsScaleWarning where lengths on the map are off by more than `TRUE`."""
    scale = scale_of(grid)
    if not scale.is_true:
        warnings.warn(str(scale), CrsScaleWarning, stacklevel=3)
