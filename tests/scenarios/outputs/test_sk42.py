"""SK-42 coordinates: one pinned operation, zones, and coordinates in words; checked against formulas and PROJ's own path."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Proj, Transformer

from rasters.errors import ConfigError
from rasters.grid import Grid
from scenarios.outputs.sk42 import (
    area_of_grid,
    datum_operation,
    dms_text,
    from_gauss_kruger,
    mgrs_text,
    to_gauss_kruger,
    zone_of,
)

REGION = (50.0, 35.0, 63.0, 46.0)


def test_the_region_gets_the_general_operation_with_its_accuracy():
    found = datum_operation(REGION)
    assert (found.code, found.accuracy_m) == ("EPSG:15865", 4.5)
    assert "Pulkovo 1942 to WGS 84 (16)" in found.note and "4.5 m" in found.note


def test_a_study_may_pin_another():
    named = datum_operation(REGION, "EPSG:1291")
    assert named.accuracy_m == 44.0
    away = np.hypot(*(np.array(named.to_sk42(55.0, 42.0)) - datum_operation(REGION).to_sk42(55.0, 42.0)))
    assert 1e-6 < away < 1e-3


def test_an_unknown_operation_is_an_error_that_lists_the_others():
    with pytest.raises(ConfigError, match=r"EPSG:99999.*EPSG:15865"):
        datum_operation(REGION, "EPSG:99999")


def test_one_operation_for_the_whole_study_where_proj_would_change_it():
    """Along a fence PROJ's default jumps; the pinned shift is smooth."""
    lat = np.linspace(40.0, 43.0, 61)
    operation = datum_operation(REGION)
    _, pinned = operation.to_sk42(np.full(61, 51.0), lat)
    default = Transformer.from_crs("EPSG:4326", "EPSG:4284", always_xy=True).transform(np.full(61, 51.0), lat)[1]
    jumps = [np.abs(np.diff(shifted - lat, n=2)).max() * 111_000 for shifted in (pinned, default)]
    assert jumps[0] < 0.1
    assert jumps[1] > 1.0


def test_helmert_by_hand():
    """The seven parameters of EPSG:15865 (coordinate frame), applied to geocentric coordinates."""
    lon, lat = 55.634895, 41.284459
    to_xyz = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    x, y, z = to_xyz.transform(lon, lat, 0.0)
    tx, ty, tz, ry, rz = 25.0, -141.0, -78.5, math.radians(-0.35 / 3600), math.radians(-0.736 / 3600)
    # from SK-42 to WGS 84: X' = T + R X with the frame rotated; its inverse to first order
    dx, dy, dz = x - tx, y - ty, z - tz
    sx, sy, sz = dx - rz * dy + ry * dz, dy + rz * dx, dz - ry * dx
    to_degrees = Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=cart +ellps=krass +step +proj=unitconvert +xy_out=deg"
    )
    want = to_degrees.transform(sx, sy, sz)
    assert datum_operation(REGION).to_sk42(lon, lat) == pytest.approx(want[:2], abs=2e-7)


def test_gauss_kruger_is_a_transverse_mercator_on_krassowsky():
    operation = datum_operation(REGION)
    lon, lat = 55.634895, 41.284459
    found = to_gauss_kruger(operation, lon, lat)
    plane = Proj("+proj=tmerc +lat_0=0 +lon_0=57 +k=1 +x_0=500000 +y_0=0 +ellps=krass")
    east, north = plane(*operation.to_sk42(lon, lat))
    assert found.zone.tolist() == [10]
    assert found.east_m[0] == pytest.approx(10_000_000 + east, abs=0.01)
    assert found.north_m[0] == pytest.approx(north, abs=0.01)


@given(st.floats(49.0, 65.0), st.floats(35.5, 46.0))
@settings(max_examples=60, deadline=None)
def test_there_and_back_within_a_millimetre(lon, lat):
    operation = datum_operation(REGION)
    grid = to_gauss_kruger(operation, lon, lat)
    back = from_gauss_kruger(operation, grid.north_m, grid.east_m)
    assert np.hypot(back[0][0] - lon, back[1][0] - lat) * 111_000 < 1e-3


def test_zones_of_six_degrees_and_neighbours():
    assert zone_of([48.01, 53.99, 54.01, 60.01]).tolist() == [9, 9, 10, 11]
    operation = datum_operation(REGION)
    own, other = to_gauss_kruger(operation, 54.2, 42.0), to_gauss_kruger(operation, 54.2, 42.0, zone=9)
    assert (own.zone[0], other.zone[0]) == (10, 9)
    assert int(other.east_m[0] // 1e6) == 9
    both = [from_gauss_kruger(operation, one.north_m, one.east_m) for one in (own, other)]
    assert np.allclose(both[0], both[1], atol=1e-7)


def test_degrees_never_show_sixty():
    assert dms_text(55.999999999, 41.0) == ("56\u00b000'00.0\"E", "41\u00b000'00.0\"N")
    assert dms_text(-0.5, -41.284459) == ("00\u00b030'00.0\"W", "41\u00b017'04.1\"S")
    assert dms_text(105.5, 41.5, decimals=0) == ("105\u00b030'00\"E", "41\u00b030'00\"N")


@given(st.floats(-179.9, 179.9), st.floats(-79.9, 79.9))
@settings(max_examples=60, deadline=None)
def test_degrees_read_back(lon, lat):
    def value(text: str) -> float:
        degrees, rest = text[:-1].split("\u00b0")
        minutes, seconds = rest.rstrip('"').split("'")
        assert float(minutes) < 60 and float(seconds) < 60
        return (float(degrees) + float(minutes) / 60 + float(seconds) / 3600) * (-1 if text[-1] in "WS" else 1)

    east, north = dms_text(lon, lat, decimals=2)
    assert value(east) == pytest.approx(lon, abs=2e-6)
    assert value(north) == pytest.approx(lat, abs=2e-6)


def test_mgrs_is_utm_in_squares():
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:32640", always_xy=True).transform(55.634895, 41.284459)
    assert mgrs_text(55.634895, 41.284459) == f"40T CL {int(east) % 100_000:05d} {int(north) % 100_000:05d}"
    assert (
        mgrs_text(55.634895, 41.284459, 2)
        == f"40T CL {int(east) % 100_000 // 1000:02d} {int(north) % 100_000 // 1000:02d}"
    )


def test_area_of_a_grid_holds_its_corners():
    grid = Grid.from_bounds("+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m", (-4e4, -3e4, 4e4, 3e4), 1000.0)
    west, south, east, north = area_of_grid(grid)
    lon, lat = grid.transformer("EPSG:4326").transform([-4e4, 4e4], [-3e4, 3e4], direction="INVERSE")
    assert west <= min(lon) and max(lon) <= east and south <= min(lat) and max(lat) <= north
