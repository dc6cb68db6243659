import numpy as np
import pytest
from affine import Affine

from connectivity.focal import FocalRegion, region_labels
from rasters.errors import FocalNodeError, GridMismatchError
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

GRID = Grid("EPSG:6933", Affine(30, 0, 0, 0, -30, 0), (4, 5))


def surface() -> ResistanceSurface:
    values = np.ones(GRID.shape)
    values[0, 0], values[0, 1] = np.nan, np.inf
    return ResistanceSurface.from_array(values, GRID)


def test_a_cell_is_a_region_of_one() -> None:
    den = FocalRegion.cell("den", 2, 3, GRID)
    assert (den.size, den.mask.sum(), den.mask[2, 3]) == (1, 1, True)
    rows, cols = den.check_on(surface())
    assert (rows.tolist(), cols.tolist()) == ([2], [3])


def test_cells_are_sorted_and_counted_once() -> None:
    region = FocalRegion(id="a", rows=np.array([3, 1, 3, 1]), cols=np.array([0, 4, 0, 2]), grid=GRID)
    assert region.rows.tolist() == [1, 1, 3]
    assert region.cols.tolist() == [2, 4, 0]
    with pytest.raises(ValueError, match="read-only"):
        region.rows[0] = 0


def test_mask_round_trip() -> None:
    mask = np.random.default_rng(1).random(GRID.shape) < 0.4
    region = FocalRegion.from_mask("a", mask, GRID)
    assert np.array_equal(region.mask, mask)
    assert region.size == mask.sum()


def test_impassable_cells_are_left_out() -> None:
    region = FocalRegion.from_mask("park", np.ones(GRID.shape, dtype=bool), GRID)
    rows, cols = region.check_on(surface())
    assert rows.size == GRID.n_cells - 2
    assert (0, 0) not in set(zip(rows.tolist(), cols.tolist(), strict=True))


@pytest.mark.parametrize(
    ("row", "col", "words"),
    [(0, 0, "on no data"), (0, 1, "on a barrier"), (4, 0, "outside the grid"), (-1, 2, "outside the grid")],
)
def test_a_lost_cell_says_why(row: int, col: int, words: str) -> None:
    with pytest.raises(FocalNodeError, match=rf"'den'.*{words}.*row {row}, col {col}"):
        FocalRegion.cell("den", row, col, GRID).check_on(surface())


def test_a_lost_region_counts_its_cells() -> None:
    region = FocalRegion(id="park", rows=np.array([0, 0, 9]), cols=np.array([0, 1, 9]), grid=GRID)
    with pytest.raises(FocalNodeError, match="1 outside the grid, 1 on no data, 1 on a barrier"):
        region.check_on(surface())


def test_empty_regions_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(FocalNodeError, match="no cell on the grid"):
        FocalRegion.from_mask("a", np.zeros(GRID.shape, dtype=bool), GRID)
    with pytest.raises(FocalNodeError, match="does not fit"):
        FocalRegion.from_mask("a", np.ones((2, 2), dtype=bool), GRID)
    with pytest.raises(FocalNodeError, match="needs cells"):
        FocalRegion(id="a", rows=np.array([1, 2]), cols=np.array([1]), grid=GRID)


def test_another_grid_is_refused() -> None:
    other = Grid("EPSG:6933", Affine(60, 0, 0, 0, -60, 0), (4, 5))
    with pytest.raises(GridMismatchError, match="'den'"):
        FocalRegion.cell("den", 2, 2, other).check_on(surface())


def test_labels_count_from_one_in_order() -> None:
    labels = region_labels([FocalRegion.cell("a", 1, 1, GRID), FocalRegion.cell("b", 0, 4, GRID)])
    assert (labels.dtype, labels[1, 1], labels[0, 4], labels.sum()) == (np.int32, 1, 2, 3)


def test_overlap_names_both_and_the_first_cell() -> None:
    a = FocalRegion(id="west", rows=np.array([1, 2, 3]), cols=np.array([1, 1, 1]), grid=GRID)
    b = FocalRegion(id="east", rows=np.array([0, 2, 3]), cols=np.array([1, 1, 1]), grid=GRID)
    with pytest.raises(FocalNodeError, match="'west' and 'east' share 2 cells, first at row 2, col 1"):
        region_labels([a, b])
    with pytest.raises(FocalNodeError, match="no focal region"):
        region_labels([])
