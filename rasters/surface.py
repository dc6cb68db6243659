"""Values on a grid: layers, and the resistance surface that connectivity works on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rasters.errors import GridMismatchError, ResistanceValueError
from rasters.grid import Grid

__all__ = ["Layer", "ResistanceSurface"]


def _frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One quantity on a grid.

    Parameters
    ----------
    name : str
        What the study file calls it.
    values : (height, width) array
        In ``unit``; meaningless where ``nodata`` is true.
    nodata : (height, width) bool
        True where the value is not known.
    unit : str
        ``"m"``, ``"percent"``, ``"class"``, ``"1"``.
    cell_m : float, optional
        Size of the cells that values were computed on [m], where these are finer than the grid's; None: the grid's own.
    """

    name: str
    values: NDArray[np.generic]
    nodata: NDArray[np.bool_]
    grid: Grid
    unit: str
    cell_m: float | None = None

    @property
    def computed_on_m(self) -> float:
        """Size of the cells that values were computed on [m]."""
        return self.cell_m or math.sqrt(self.grid.cell_width_m * self.grid.cell_height_m)

    def __post_init__(self) -> None:
        _require_shape(self.grid, self.name, self.values, self.nodata)
        object.__setattr__(self, "values", _frozen(self.values))
        object.__setattr__(self, "nodata", _frozen(self.nodata))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResistanceSurface:
    """Relative cost of moving through each cell; three things are kept apart: costly, impassable, unknown.

    Parameters
    ----------
    values : (height, width) float64
        Resistance [1], finite and > 0 on passable cells (1 = best habitat); ignored elsewhere.
    nodata : (height, width) bool
        True where resistance is not known.
    barrier : (height, width) bool
        True where the cell is known to be impassable (open water).
    grid : Grid
    name : str
        Species or other name, for messages.
    """

    values: NDArray[np.float64]
    nodata: NDArray[np.bool_]
    barrier: NDArray[np.bool_]
    grid: Grid
    name: str = "resistance"
    assumptions: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _require_shape(self.grid, self.name, self.values, self.nodata, self.barrier)
        values = np.ascontiguousarray(self.values, dtype=np.float64)
        bad = ~(np.isfinite(values) & (values > 0)) & ~self.nodata & ~self.barrier
        if bad.any():
            row, col = (int(v) for v in np.argwhere(bad)[0])
            raise ResistanceValueError(
                f"{self.name}: {int(bad.sum())} cells have a resistance that is not finite and > 0, first at row {row}, "
                f"col {col}: {values[row, col]!r}; mark unknown cells as nodata and impassable ones as barrier"
            )
        object.__setattr__(self, "values", _frozen(values))
        object.__setattr__(self, "nodata", _frozen(self.nodata))
        object.__setattr__(self, "barrier", _frozen(self.barrier))

    @classmethod
    def from_array(cls, values: NDArray[np.float64], grid: Grid, name: str = "resistance") -> ResistanceSurface:
        """Surface from one array: NaN is no data, +inf is a barrier."""
        values = np.asarray(values, dtype=np.float64)
        return cls(values=values, nodata=np.isnan(values), barrier=np.isposinf(values), grid=grid, name=name)

    @property
    def passable(self) -> NDArray[np.bool_]:
        """(height, width) bool: neither unknown nor impassable."""
        return ~(self.nodata | self.barrier)


def _require_shape(grid: Grid, name: str, *arrays: NDArray[np.generic]) -> None:
    for array in arrays:
        if array.shape != grid.shape:
            raise GridMismatchError(
                f"{name}: an array of shape {array.shape} does not fit the grid of shape {grid.shape}"
            )
