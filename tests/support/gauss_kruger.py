"""SK-42 Gauss-Krueger coordinates by formulae of our own, sharing nothing with PROJ: to check what is printed on sheets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

KRASSOVSKY = (6378245.0, 1.0 / 298.3)
WGS84 = (6378137.0, 1.0 / 298.257223563)
SHIFT_M = (25.0, -141.0, -78.5)
TURN_ARCSEC = (0.0, -0.35, -0.736)
"""EPSG:15865, Pulkovo 1942 to WGS 84 (16): Helmert parameters in the coordinate frame convention, no change of scale."""


def geocentric(lon: float, lat: float, ellipsoid: tuple[float, float]) -> NDArray[np.float64]:
    """X, Y, Z [m] of a place on an ellipsoid [degrees]."""
    a, f = ellipsoid
    e2 = f * (2 - f)
    lam, phi = math.radians(lon), math.radians(lat)
    n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    return np.array(
        [n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi)]
    )


def geographic(xyz: NDArray[np.float64], ellipsoid: tuple[float, float]) -> tuple[float, float]:
    """Longitude, latitude [degrees] of a place, by Bowring's iteration."""
    a, f = ellipsoid
    e2 = f * (2 - f)
    x, y, z = xyz
    p = math.hypot(x, y)
    phi = math.atan2(z, p * (1 - e2))
    for _ in range(10):
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(z + e2 * n * math.sin(phi), p)
    return math.degrees(math.atan2(y, x)), math.degrees(phi)


def sk42_degrees(lon: float, lat: float) -> tuple[float, float]:
    """Longitude, latitude on SK-42 of a place on WGS 84, heights taken as 0 on both ellipsoids."""
    rx, ry, rz = (math.radians(v / 3600) for v in TURN_ARCSEC)
    turn = np.array([[1, rz, -ry], [-rz, 1, rx], [ry, -rx, 1]])
    xyz = np.linalg.solve(turn, geocentric(lon, lat, WGS84) - np.array(SHIFT_M))
    return geographic(xyz, KRASSOVSKY)


def gauss_kruger(lon: float, lat: float, zone: int) -> tuple[float, float]:
    """North and east [m] (with the zone's number) of a place on WGS 84.

    Transverse Mercator by Krueger's series in the third flattening, as in Karney (2011), doi:10.1007/s00190-011-0445-3,
    with terms to n^4: good to a micrometre within a zone.
    """
    lon, lat = sk42_degrees(lon, lat)
    a, f = KRASSOVSKY
    n = f / (2 - f)
    e = math.sqrt(f * (2 - f))
    phi, lam = math.radians(lat), math.radians(lon - (6 * zone - 3))
    tau = math.tan(phi)
    sigma = math.sinh(e * math.atanh(e * tau / math.hypot(1, tau)))
    tau1 = tau * math.hypot(1, sigma) - sigma * math.hypot(1, tau)
    xi = math.atan2(tau1, math.cos(lam))
    eta = math.asinh(math.sin(lam) / math.hypot(tau1, math.cos(lam)))
    alpha = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440,
        61 * n**3 / 240 - 103 * n**4 / 140,
        49561 * n**4 / 161280,
    )
    mean = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    north = mean * (xi + sum(c * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, c in enumerate(alpha, 1)))
    east = mean * (eta + sum(c * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, c in enumerate(alpha, 1)))
    return north, zone * 1e6 + 500_000.0 + east
