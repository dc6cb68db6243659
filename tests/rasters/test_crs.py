"""Metres of the map beside metres on the ground."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from rasters.crs import scale_of, warn_of_scale
from rasters.errors import CrsScaleWarning, GeographicCRSError
from rasters.grid import Grid


def grid_at(crs: str, lon: float, lat: float, km: float = 20.0) -> Grid:
    x, y = Grid(crs, Affine(1, 0, 0, 0, -1, 0), (1, 1)).transformer("EPSG:4326").transform(lon, lat)
    return Grid(crs, Affine(500 * km, 0, x - 500 * km, 0, -500 * km, y + 500 * km), (2, 2))


def test_mercator_is_the_secant_of_the_latitude() -> None:
    """EPSG:3857 on the sphere: 1 / cos(lat); on the ellipsoid within 0.7 % of it."""
    scale = scale_of(grid_at("EPSG:3857", 56, 43, km=1))
    assert scale.least == pytest.approx(1 / np.cos(np.radians(43)), rel=0.007)
    assert scale.most == pytest.approx(scale.least, rel=0.01)
    with pytest.warns(
        CrsScaleWarning, match=r"EPSG:3857: .*off by up to 3\d %; bring the data to EPSG:32640 \(UTM zone 40N\)"
    ):
        warn_of_scale(grid_at("EPSG:3857", 56, 43))


@settings(max_examples=20, deadline=None)
@given(lon=st.floats(-170, 170), lat=st.floats(-70, 70), azimuth=st.floats(0, 360))
def test_geodesics_are_between_the_least_and_the_most(lon: float, lat: float, azimuth: float) -> None:
    """An independent way: 10 km on the ellipsoid, measured on the map."""
    grid = grid_at("EPSG:6933", lon, lat, km=40)
    lon2, lat2, _ = Geod(ellps="WGS84").fwd(lon, lat, azimuth, 10_000)
    x, y = grid.transformer("EPSG:4326").transform([lon, lon2], [lat, lat2])
    scale = scale_of(grid)
    assert 0.999 * scale.least <= np.hypot(x[1] - x[0], y[1] - y[0]) / 10_000 <= 1.001 * scale.most


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:6933", "EPSG:32645", "EPSG:4326"])
def test_what_is_proposed_is_true(crs: str) -> None:
    for lon, lat, km in ((56.0, 43.0, 100.0), (56.0, -43.0, 100.0), (60.0, 45.0, 1000.0)):
        degrees = Grid(crs, Affine(km / 200, 0, lon - km / 200, 0, -km / 200, lat + km / 200), (2, 2))
        wrong = degrees if crs == "EPSG:4326" else grid_at(crs, lon, lat, km)
        proposed = wrong.fit_crs().split(" (")[0].strip("'")
        assert scale_of(grid_at(proposed, lon, lat, km)).is_true


def test_true_ones_are_silent_and_degrees_get_a_fit_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_scale(grid_at("EPSG:32640", 57, 43))
        warn_of_scale(grid_at("+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m", 56, 42, km=1000))
    with pytest.raises(GeographicCRSError, match=r"EPSG:32639 \(UTM zone 39N\)"):
        Grid("EPSG:4326", Affine(0.1, 0, 50, 0, -0.1, 45), (4, 5)).require_metres()
