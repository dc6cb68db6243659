"""Slope and ruggedness: exact on planes, against plain numpy, and unknown cells stay unknown."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rasters.errors import DataError, GeographicCRSError
from rasters.grid import Grid
from rasters.surface import Layer
from rasters.terrain import ruggedness, slope

METRES = "EPSG:32640"


def dem(values: NDArray[np.float64], width_m: float = 30.0, height_m: float = 30.0, unknown: object = None) -> Layer:
    nodata = np.zeros(values.shape, bool) if unknown is None else np.asarray(unknown)
    grid = Grid(METRES, Affine(width_m, 0, 500_000, 0, -height_m, 4_000_000), values.shape)
    return Layer(name="elevation_m", values=values, nodata=nodata, grid=grid, unit="m")


def plane(east: float, south: float, shape: tuple[int, int], width_m: float, height_m: float) -> NDArray[np.float64]:
    row, col = np.indices(shape)
    return 100.0 + east * width_m * col + south * height_m * row


def hills(shape: tuple[int, int] = (12, 17), seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 40, shape).cumsum(axis=0).cumsum(axis=1)


def windows(z: NDArray[np.float64]) -> dict[tuple[int, int], NDArray[np.float64]]:
    """The nine neighbours of every inner cell, by (row, col) offset."""
    height, width = z.shape
    offsets = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)]
    return {(r, c): z[1 + r : height - 1 + r, 1 + c : width - 1 + c] for r, c in offsets}


def horn_numpy(z: NDArray[np.float64], width_m: float, height_m: float) -> NDArray[np.float64]:
    """Horn's slope in percent of inner cells, from the published formula."""
    n = windows(z)
    east = n[-1, 1] + 2 * n[0, 1] + n[1, 1] - n[-1, -1] - 2 * n[0, -1] - n[1, -1]
    south = n[1, -1] + 2 * n[1, 0] + n[1, 1] - n[-1, -1] - 2 * n[-1, 0] - n[-1, 1]
    return 100.0 * np.hypot(east / (8 * width_m), south / (8 * height_m))


def inner(layer: Layer) -> NDArray[np.float64]:
    return layer.values[1:-1, 1:-1].astype(np.float64)


@pytest.mark.parametrize(("east", "south"), [(0.1, 0.0), (0.0, -0.3), (0.3, 0.4), (-1.0, 1.0)])
def test_slope_of_a_plane_is_exact_everywhere_borders_and_oblong_cells_included(east: float, south: float) -> None:
    layer = dem(plane(east, south, (5, 6), 30.0, 20.0), 30.0, 20.0)
    assert not slope(layer).nodata.any()
    np.testing.assert_allclose(slope(layer).values, 100 * np.hypot(east, south), rtol=1e-12)
    np.testing.assert_allclose(slope(layer, "deg").values, np.degrees(np.arctan(np.hypot(east, south))), rtol=1e-12)


@given(
    unknown=st.lists(st.booleans(), min_size=30, max_size=30),
    east=st.floats(-2, 2),
    south=st.floats(-2, 2),
)
@settings(max_examples=60, deadline=None)
def test_slope_of_a_plane_is_exact_beside_unknown_cells(unknown: list[bool], east: float, south: float) -> None:
    mask = np.array(unknown).reshape(5, 6)
    values = np.where(mask, -9999.0, plane(east, south, (5, 6), 30.0, 20.0))
    result = slope(dem(values, 30.0, 20.0, mask))
    assert result.nodata[mask].all()
    known = ~result.nodata
    np.testing.assert_allclose(result.values[known], 100 * np.hypot(east, south), rtol=1e-9, atol=1e-9)


def test_unknown_cells_never_leak_their_number() -> None:
    z, mask = hills(), np.zeros((12, 17), bool)
    mask[4:6, 7] = True
    for what in (slope, ruggedness):
        one = what(dem(np.where(mask, -32768.0, z), unknown=mask))
        two = what(dem(np.where(mask, np.nan, z), unknown=mask))
        np.testing.assert_array_equal(one.nodata, two.nodata)
        np.testing.assert_array_equal(one.values[~one.nodata], two.values[~two.nodata])


def test_a_cell_that_knows_only_one_axis_has_no_slope() -> None:
    strip = dem(np.array([[1.0, 2.0, 3.0]]))
    assert slope(strip).nodata.all()
    assert not ruggedness(strip).nodata.any()


def test_a_cell_alone_is_not_called_smooth() -> None:
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    assert ruggedness(dem(np.zeros((3, 3)), unknown=mask)).nodata.all()


def test_slope_equals_the_published_formula() -> None:
    z = hills()
    np.testing.assert_allclose(inner(slope(dem(z, 30, 20))), horn_numpy(z, 30, 20), rtol=1e-12)


def test_hand_calculated_window() -> None:
    z = np.array([[50.0, 45.0, 50.0], [30.0, 30.0, 30.0], [8.0, 10.0, 10.0]])
    layer = dem(z, 5.0, 5.0)
    east = ((50 + 2 * 30 + 10) - (50 + 2 * 30 + 8)) / 40
    south = ((8 + 2 * 10 + 10) - (50 + 2 * 45 + 50)) / 40
    assert slope(layer).values[1, 1] == pytest.approx(100 * np.hypot(east, south))
    differences = np.array([20, 15, 20, 0, 0, 22, 20, 20.0])
    assert ruggedness(layer).values[1, 1] == pytest.approx(np.sqrt((differences**2).sum()))
    assert ruggedness(layer, "wilson").values[1, 1] == pytest.approx(differences.mean())


def test_ruggedness_equals_the_published_formulas() -> None:
    z = hills()
    near = windows(z)
    centre = near.pop((0, 0))
    differences = np.stack([other - centre for other in near.values()])
    np.testing.assert_allclose(inner(ruggedness(dem(z))), np.sqrt((differences**2).sum(axis=0)), rtol=1e-12)
    np.testing.assert_allclose(inner(ruggedness(dem(z), "wilson")), np.abs(differences).mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("what", [slope, ruggedness])
def test_quarter_turns_and_flips_commute(what: object) -> None:
    z = hills((9, 9))
    mask = np.random.default_rng(3).random((9, 9)) < 0.2
    turned = what(dem(np.rot90(z), unknown=np.rot90(mask)))  # type: ignore[operator]
    straight = what(dem(z, unknown=mask))  # type: ignore[operator]
    np.testing.assert_array_equal(turned.nodata, np.rot90(straight.nodata))
    np.testing.assert_allclose(turned.values, np.rot90(straight.values), atol=1e-9)
    flipped = what(dem(z[::-1], unknown=mask[::-1]))  # type: ignore[operator]
    np.testing.assert_allclose(flipped.values, straight.values[::-1], atol=1e-9)


@given(lift=st.floats(-500, 5000), stretch=st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_lifting_changes_nothing_and_stretching_scales(lift: float, stretch: float) -> None:
    z = hills((6, 7))
    np.testing.assert_allclose(slope(dem(z + lift)).values, slope(dem(z)).values, atol=1e-6)
    for what in (slope, ruggedness):
        np.testing.assert_allclose(what(dem(stretch * z)).values, stretch * what(dem(z)).values, rtol=1e-9)


def test_wrong_units_and_degrees_are_refused() -> None:
    grid = Grid("EPSG:4326", Affine(0.01, 0, 50, 0, -0.01, 40), (3, 3))
    zeros, none = np.zeros((3, 3)), np.zeros((3, 3), bool)
    with pytest.raises(GeographicCRSError):
        slope(Layer(name="dem", values=zeros, nodata=none, grid=grid, unit="m"))
    feet = Layer(name="dem", values=zeros, nodata=none, grid=dem(zeros).grid, unit="ft")
    with pytest.raises(DataError, match="'ft'"):
        ruggedness(feet)
    with pytest.raises(DataError, match="radians"):
        slope(dem(zeros), "radians")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="rily"):
        ruggedness(dem(zeros), "rily")  # type: ignore[arg-type]


def gdaldem(mode: list[str], values: NDArray[np.float64], folder: Path) -> NDArray[np.float64]:
    import rasterio

    source, target = folder / "dem.tif", folder / "out.tif"
    grid = dem(values).grid
    profile = {"driver": "GTiff", "height": grid.height, "width": grid.width, "count": 1, "dtype": "float64"}
    with rasterio.open(source, "w", crs=METRES, transform=grid.transform, **profile) as out:
        out.write(values, 1)
    subprocess.run(["gdaldem", mode[0], str(source), str(target), *mode[1:]], check=True, capture_output=True)
    with rasterio.open(target) as result:
        return np.asarray(result.read(1), dtype=np.float64)


@pytest.mark.skipif(shutil.which("gdaldem") is None, reason="gdaldem is not on PATH")
def test_gdaldem_agrees_inside(tmp_path: Path) -> None:
    z = hills()
    pairs = [
        (slope(dem(z)), ["slope", "-p"]),
        (slope(dem(z), "deg"), ["slope"]),
        (ruggedness(dem(z)), ["TRI", "-alg", "Riley"]),
        (ruggedness(dem(z), "wilson"), ["TRI", "-alg", "Wilson"]),
    ]
    for ours, mode in pairs:  # gdaldem computes in float32
        np.testing.assert_allclose(inner(ours), gdaldem(mode, z, tmp_path)[1:-1, 1:-1], rtol=1e-5, err_msg=str(mode))
