"""Distance: against every pair of cells by hand, and shapes land in the cells they cover."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box

from rasters.distance import burn, distance_to
from rasters.errors import DataError, GeographicCRSError, GridMismatchError
from rasters.grid import Grid

GRID = Grid("EPSG:32640", Affine(100, 0, 0, 0, -50, 500), (10, 8))


def by_pairs(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    """Distance to the nearest marked cell by trying them all."""
    x, y = grid.xy(*np.indices(grid.shape))
    there = np.argwhere(mask)
    each = [np.hypot(x - x[r, c], y - y[r, c]) for r, c in there]
    return np.min(each, axis=0)


@given(marked=st.sets(st.integers(0, 79), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_distance_is_euclidean_between_centres_on_oblong_cells(marked: set[int]) -> None:
    mask = np.zeros(80, bool)
    mask[list(marked)] = True
    mask = mask.reshape(GRID.shape)
    layer = distance_to(mask, GRID, "settlement_distance_m")
    np.testing.assert_allclose(layer.values, by_pairs(mask, GRID), rtol=1e-12)
    assert layer.unit == "m"
    assert not layer.nodata.any()


def test_more_features_never_lie_farther() -> None:
    rng = np.random.default_rng(5)
    few = rng.random(GRID.shape) < 0.05
    few[0, 0] = True
    more = few | (rng.random(GRID.shape) < 0.1)
    assert (distance_to(more, GRID, "d").values <= distance_to(few, GRID, "d").values).all()


def test_nothing_to_be_near_to_is_infinitely_far() -> None:
    assert np.isposinf(distance_to(np.zeros(GRID.shape, bool), GRID, "d").values).all()


def test_unmapped_cells_stay_unknown() -> None:
    unmapped = np.zeros(GRID.shape, bool)
    unmapped[:, -1] = True
    layer = distance_to(np.eye(10, 8, dtype=bool), GRID, "d", nodata=unmapped)
    np.testing.assert_array_equal(layer.nodata, unmapped)


def test_degrees_and_other_shapes_are_refused() -> None:
    degrees = Grid("EPSG:4326", Affine(0.1, 0, 50, 0, -0.1, 40), (3, 3))
    with pytest.raises(GeographicCRSError):
        distance_to(np.ones((3, 3), bool), degrees, "d")
    with pytest.raises(GridMismatchError, match=r"\(3, 3\)"):
        distance_to(np.ones((3, 3), bool), GRID, "d")


def test_a_point_marks_the_cell_that_holds_it() -> None:
    row, col = GRID.cell_at(x=430.0, y=260.0)
    mask = burn([Point(430, 260)], GRID, all_touched=True)
    assert np.argwhere(mask).tolist() == [[row, col]]


def test_a_polygon_marks_centres_or_all_it_touches() -> None:
    shape = box(140, 410, 310, 500)
    centres = burn([shape], GRID, all_touched=False)
    x, y = GRID.xy(*np.indices(GRID.shape))
    np.testing.assert_array_equal(centres, (x > 140) & (x < 310) & (y > 410))
    touched = burn([shape], GRID, all_touched=True)
    assert (touched & ~centres).any()
    assert not (centres & ~touched).any()


def test_empty_shapes_and_no_shapes_mark_nothing() -> None:
    assert not burn([], GRID, all_touched=True).any()
    assert not burn([Polygon()], GRID, all_touched=True).any()
    assert burn([LineString([(0, 0), (800, 500)]), Polygon()], GRID, all_touched=True).sum() >= 10


def test_broken_coordinates_are_refused() -> None:
    with pytest.raises(DataError, match="not finite"):
        burn([Point(np.inf, 3.0)], GRID, all_touched=True)
