import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from rasters.errors import DataError, FocalNodeError, GeographicCRSError, GridMismatchError
from rasters.grid import Grid

GRID = Grid("EPSG:6933", Affine(30, 0, 500, 0, -20, 900), (4, 5))


def test_sizes_of_oblong_cells() -> None:
    assert (GRID.height, GRID.width, GRID.n_cells) == (4, 5, 20)
    assert (GRID.cell_width_m, GRID.cell_height_m) == (30, 20)
    assert GRID.cell_area_km2 == pytest.approx(600e-6)
    assert GRID.bounds == (500, 820, 650, 900)


def test_centres_go_south_and_east() -> None:
    x, y = GRID.xy(np.array([0, 3]), np.array([0, 4]))
    assert (x.tolist(), y.tolist()) == ([515, 635], [890, 830])


def test_every_centre_is_in_its_own_cell() -> None:
    rows, cols = np.indices(GRID.shape)
    back = GRID.cells_at(*GRID.xy(rows, cols))
    assert np.array_equal(back[0], rows)
    assert np.array_equal(back[1], cols)


def test_a_cell_holds_its_north_and_west_sides() -> None:
    assert GRID.cell_at(x=500, y=900) == (0, 0)
    assert GRID.cell_at(x=530, y=880) == (1, 1)
    assert GRID.cell_at(x=529.999, y=880.001) == (0, 0)


@pytest.mark.parametrize(("x", "y"), [(499.9, 850), (650, 850), (600, 820), (600, 900.1)])
def test_outside_is_an_error_that_says_where(x: float, y: float) -> None:
    with pytest.raises(FocalNodeError, match=rf"x={x:.1f}, y={y:.1f} is outside"):
        GRID.cell_at(x=x, y=y)


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1, 1e5), st.floats(1, 1e5), st.sampled_from([30, 250, 1000.0])
)
def test_from_bounds_covers_and_is_aligned(x: float, y: float, width: float, height: float, cell: float) -> None:
    grid = Grid.from_bounds("EPSG:6933", (x, y, x + width, y + height), cell)
    xmin, ymin, xmax, ymax = grid.bounds
    slack = 2e-6 * cell
    assert xmin <= x + slack and ymin <= y + slack and xmax >= x + width - slack and ymax >= y + height - slack
    assert max(x - xmin, y - ymin, xmax - x - width, ymax - y - height) < cell + slack
    assert math.remainder(xmin, cell) == pytest.approx(0, abs=1e-6)
    assert math.remainder(ymax, cell) == pytest.approx(0, abs=1e-6)


def test_bounds_that_are_multiples_add_no_cell() -> None:
    for cell in (0.1, 0.3, 0.7, 12.5, 30.0):
        for n in (1, 3, 7, 40, 99):
            grid = Grid.from_bounds("EPSG:6933", (3 * cell, -2 * cell, (3 + n) * cell, (n - 2) * cell), cell)
            assert grid.shape == (n, n), (cell, n)


@pytest.mark.parametrize("bounds", [(10.0, 0.0, 0.0, 10.0), (0.0, 10.0, 10.0, 0.0), (0.0, 0.0, 0.0, 10.0)])
def test_bounds_the_wrong_way_round_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(DataError, match="at least one cell"):
        Grid.from_bounds("EPSG:6933", bounds, 1.0)


@pytest.mark.parametrize(
    "transform", [Affine(30, 1, 0, 0, -30, 0), Affine(30, 0, 0, 0, 30, 0), Affine(-30, 0, 0, 0, -30, 0)]
)
def test_rotated_and_flipped_grids_are_refused(transform: Affine) -> None:
    with pytest.raises(DataError, match="north-up"):
        Grid("EPSG:6933", transform, (4, 5))


def test_a_local_system_is_refused() -> None:
    local = 'LOCAL_CS["site plan",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    with pytest.raises(GeographicCRSError, match="site plan: has no datum, and so no place on Earth; assign"):
        Grid(local, Affine(30, 0, 0, 0, -30, 0), (4, 5)).require_metres()


def test_degrees_are_not_metres() -> None:
    with pytest.raises(GeographicCRSError, match=r"EPSG:4326: units are degree.*projected"):
        Grid("EPSG:4326", Affine(0.1, 0, 50, 0, -0.1, 45), (4, 5)).require_metres()
    with pytest.raises(GeographicCRSError, match="US survey foot"):
        Grid("EPSG:2263", Affine(30, 0, 0, 0, -30, 0), (4, 5)).require_metres()
    for crs in ("EPSG:6933", "EPSG:28409", "+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m"):
        Grid(crs, Affine(30, 0, 0, 0, -30, 0), (4, 5)).require_metres()


def test_an_unknown_crs_is_named() -> None:
    with pytest.raises(DataError, match="EPSG:99999999"):
        Grid("EPSG:99999999", Affine(30, 0, 0, 0, -30, 0), (4, 5)).require_metres()


@pytest.mark.parametrize(
    "other",
    [
        Grid("EPSG:6933", Affine(30, 0, 501, 0, -20, 900), (4, 5)),
        Grid("EPSG:6933", Affine(30, 0, 500, 0, -20, 900), (5, 5)),
        Grid("EPSG:6933", Affine(30, 0, 500, 0, -20.001, 900), (4, 5)),
        Grid("EPSG:32640", Affine(30, 0, 500, 0, -20, 900), (4, 5)),
    ],
)
def test_another_grid_is_shown_beside_this_one(other: Grid) -> None:
    with pytest.raises(GridMismatchError, match=r"layer dem is on .*, the study on .*warp"):
        GRID.require_same(other, "layer dem")


def test_rounding_in_a_file_is_not_another_grid() -> None:
    GRID.require_same(Grid("EPSG:6933", Affine(30 + 1e-12, 0, 500 - 1e-9, 0, -20, 900), (4, 5)))


@pytest.mark.parametrize(
    "crs", ["EPSG:6933", "EPSG:28409", "+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m +no_defs"]
)
def test_one_crs_written_in_several_ways_is_one_grid(crs: str) -> None:
    """A GeoTIFF gives the CRS back as WKT, and some of it under other names."""
    from rasterio.io import MemoryFile

    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=4, width=5, count=1, dtype="uint8", crs=crs, transform=GRID.transform
        ) as file:
            file.write(np.ones((1, 4, 5), np.uint8))
        with memory.open() as file:
            read = Grid(file.crs.to_wkt(), file.transform, file.shape)
    Grid(crs, GRID.transform, GRID.shape).require_same(read)
    read.require_same(Grid(crs, GRID.transform, GRID.shape))


def test_degrees_arrive_in_the_order_lon_lat() -> None:
    grid = Grid("EPSG:32640", Affine(30, 0, 0, 0, -30, 0), (4, 5))
    x, y = grid.map_xy(57.0, 40.0)
    assert x == pytest.approx(500_000, abs=1e-3)
    assert y == pytest.approx(4_427_757.2, abs=0.5)
    lon, lat = grid.lonlat(np.array([x, x + 1000]), np.array([y, y]))
    assert lon[0] == pytest.approx(57.0, abs=1e-9) and lat[0] == pytest.approx(40.0, abs=1e-9)
    assert lon[1] == pytest.approx(57.0 + 1000 / 0.9996 / 85_394, abs=1e-5)


def test_coarsened_keeps_the_corner_and_covers() -> None:
    coarse = GRID.coarsened(3)
    assert coarse.shape == (2, 2)
    assert (coarse.cell_width_m, coarse.cell_height_m) == (90, 60)
    assert (coarse.bounds[0], coarse.bounds[3]) == (GRID.bounds[0], GRID.bounds[3])


def test_a_grid_is_not_a_pair_and_says_what_it_is() -> None:
    with pytest.raises(TypeError, match="not a pair"):
        _, _ = GRID  # type: ignore[misc]
    assert str(GRID) == "4 x 5 cells of 30 x 20 m at x=500, y=900 in EPSG:6933"
