"""The projection and the 1 km grid that every bundled layer of the study shares.

Why this projection: cells must have one area everywhere, or current and habitat would be counted twice in the south,
and the study is about as wide as it is high (1 120 x 1 216 km), so an azimuthal equal-area projection in its middle
bends scale least: 0 in the centre, under 0.08 % within 500 km, about 0.2 % in the corners. A conic equal-area one with
two standard parallels has 0.2 % of error in the middle as well, where the fences are.
"""

from __future__ import annotations

from typing import Any

from affine import Affine

__all__ = ["BOUNDS", "CELL_M", "CRS_NAME", "SHAPE", "STUDY_WKT", "TRANSFORM", "projector"]

CRS_NAME = "Ustyurt and Kopet Dag / LAEA 1 km (WGS 84)"

STUDY_WKT = (
    f'PROJCRS["{CRS_NAME}",'
    'BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]],'
    'PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]],ID["EPSG",4326]],'
    'CONVERSION["Lambert azimuthal equal area, 40.5 N 56.5 E",'
    'METHOD["Lambert Azimuthal Equal Area",ID["EPSG",9820]],'
    'PARAMETER["Latitude of natural origin",40.5,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8801]],'
    'PARAMETER["Longitude of natural origin",56.5,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8802]],'
    'PARAMETER["False easting",0,LENGTHUNIT["metre",1],ID["EPSG",8806]],'
    'PARAMETER["False northing",0,LENGTHUNIT["metre",1],ID["EPSG",8807]]],'
    'CS[Cartesian,2],AXIS["easting",east,ORDER[1],LENGTHUNIT["metre",1]],'
    'AXIS["northing",north,ORDER[2],LENGTHUNIT["metre",1]]]'
)
"""Lambert azimuthal equal-area around 40.5 N 56.5 E on WGS 84; metres, x east, y north."""

CELL_M = 1000.0
SHAPE = (1216, 1120)
"""Rows, columns. Multiples of 64 and 32, so that coarse grids nest."""

TRANSFORM = Affine(CELL_M, 0.0, -560_000.0, 0.0, -CELL_M, 608_000.0)
BOUNDS = (-560_000.0, -608_000.0, 560_000.0, 608_000.0)
"""xmin, ymin, xmax, ymax: about 50-63 E, 35-46 N. South of 35 N, in the two lower corners, there are no data."""


def projector() -> Any:
    """From longitude, latitude (WGS 84) to the study's x, y."""
    from pyproj import CRS, Transformer

    return Transformer.from_crs("EPSG:4326", CRS.from_wkt(STUDY_WKT), always_xy=True)
