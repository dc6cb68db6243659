import numpy as np
import pytest
from affine import Affine

from rasters.errors import GridMismatchError, ResistanceValueError
from rasters.grid import Grid
from rasters.surface import Layer, ResistanceSurface

GRID = Grid("EPSG:6933", Affine(30, 0, 0, 0, -30, 0), (3, 4))
NONE = np.zeros(GRID.shape, bool)


def test_unknown_impassable_and_costly_are_three_things() -> None:
    values = np.full(GRID.shape, 1e9)
    values[0, 0], values[1, 1] = np.nan, np.inf
    surface = ResistanceSurface.from_array(values, GRID)
    assert (surface.nodata.sum(), surface.barrier.sum(), surface.passable.sum()) == (1, 1, 10)
    assert surface.nodata[0, 0] and surface.barrier[1, 1] and surface.passable[0, 1]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_bad_resistance_is_counted_and_shown(bad: float) -> None:
    values = np.ones(GRID.shape)
    values[1, 2] = values[2, 3] = bad
    with pytest.raises(
        ResistanceValueError, match=r"leopard: 2 cells .* row 1, col 2: .*; mark unknown cells as nodata"
    ):
        ResistanceSurface(values=values, nodata=NONE, barrier=NONE, grid=GRID, name="leopard")


def test_values_under_masks_do_not_matter() -> None:
    values = np.ones(GRID.shape)
    values[0, 0], values[0, 1] = -5, np.nan
    nodata, barrier = NONE.copy(), NONE.copy()
    nodata[0, 0], barrier[0, 1] = True, True
    assert ResistanceSurface(values=values, nodata=nodata, barrier=barrier, grid=GRID).passable.sum() == 10


def test_minus_infinity_is_not_a_barrier() -> None:
    with pytest.raises(ResistanceValueError):
        ResistanceSurface.from_array(np.full(GRID.shape, -np.inf), GRID)


def test_another_shape_is_refused() -> None:
    with pytest.raises(GridMismatchError, match=r"dem: an array of shape \(4, 3\)"):
        Layer(name="dem", values=np.ones((4, 3)), nodata=NONE, grid=GRID, unit="m")
    with pytest.raises(GridMismatchError):
        ResistanceSurface(values=np.ones(GRID.shape), nodata=NONE, barrier=np.zeros((2, 2), bool), grid=GRID)


def test_arrays_cannot_be_changed() -> None:
    layer = Layer(name="dem", values=np.ones(GRID.shape), nodata=NONE, grid=GRID, unit="m")
    surface = ResistanceSurface.from_array(np.ones(GRID.shape), GRID)
    for array in (layer.values, layer.nodata, surface.values, surface.nodata, surface.barrier):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 2


def test_resistance_is_float64_whatever_the_raster_was() -> None:
    surface = ResistanceSurface.from_array(np.ones(GRID.shape, np.float32), GRID)
    assert surface.values.dtype == np.float64
    assert surface.values.flags.c_contiguous
