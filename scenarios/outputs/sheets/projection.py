"""How the ground comes onto a sheet: an SK-42 Gauss-Krueger zone, or for overviews a projection about its centre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rasters.arrays import Reals
from scenarios.outputs.sk42 import DatumOperation, from_gauss_kruger, to_gauss_kruger, zone_of

if TYPE_CHECKING:
    from pyproj import Transformer

__all__ = ["LARGEST_GRID_SCALE", "SheetProjection"]

LARGEST_GRID_SCALE = 500_000
"""Sheets of smaller scale than 1 : 500 000 reach over too many zones for one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetProjection:
    """From WGS 84 to the plane of a sheet and back.

    Parameters
    ----------
    operation : DatumOperation
        Between WGS 84 and SK-42.
    lon, lat : float
        Middle of the sheet [degrees, WGS 84].
    zone : int or None
        Gauss-Krueger zone, or None for the stereographic projection about the middle: conformal, true to scale there
        and too large by ``r^2 / 4 R^2`` at a distance r, 0.15 % at 500 km.
    """

    operation: DatumOperation
    lon: float
    lat: float
    zone: int | None

    @classmethod
    def for_scale(cls, operation: DatumOperation, lon: float, lat: float, scale: float) -> SheetProjection:
        """The zone of the sheet's middle, or an overview's projection at small scales."""
        zone = int(zone_of(operation.to_sk42(lon, lat)[0])) if scale <= LARGEST_GRID_SCALE else None
        return cls(operation=operation, lon=lon, lat=lat, zone=zone)

    @property
    def central_meridian(self) -> float:
        """Of the zone [degrees]."""
        assert self.zone is not None
        return 6.0 * self.zone - 3.0

    def forward(self, lon: Any, lat: Any) -> tuple[Reals, Reals]:
        """East and north [m] of positions on WGS 84; on the grid of a zone, east has the zone's number in front."""
        lon, lat = np.asarray(lon, float), np.asarray(lat, float)
        if self.zone is None:
            east, north = _stereographic(self.lon, self.lat).transform(lon, lat)
            return east, north
        found = to_gauss_kruger(self.operation, lon.ravel(), lat.ravel(), self.zone)
        return found.east_m.reshape(lon.shape), found.north_m.reshape(lon.shape)

    def inverse(self, east: Any, north: Any) -> tuple[Reals, Reals]:
        """Longitude and latitude [degrees, WGS 84] of positions on the sheet's plane [m]."""
        east, north = np.asarray(east, float), np.asarray(north, float)
        if self.zone is None:
            lon, lat = _stereographic(self.lon, self.lat).transform(east, north, direction="INVERSE")
            return lon, lat
        lon, lat = from_gauss_kruger(self.operation, north.ravel(), east.ravel())
        return lon.reshape(east.shape), lat.reshape(east.shape)

    def true_north_deg(self, east: float, north: float) -> float:
        """Direction of true north at a place, clockwise from the sheet's up [degrees].

        It is the negative of the convergence of meridians: east of the central meridian true north lies to the left.
        """
        lon, lat = self.inverse(east, north)
        x, y = self.forward(np.array([lon, lon]).ravel(), np.array([lat - 0.005, lat + 0.005]).ravel())
        return float(np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0])))


@lru_cache(maxsize=64)
def _stereographic(lon: float, lat: float) -> Transformer:
    from pyproj import Transformer

    crs = f"+proj=stere +lat_0={lat!r} +lon_0={lon!r} +k=1 +datum=WGS84 +units=m +no_defs"
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)
