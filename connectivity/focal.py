"""Focal regions: the cells that animals set out from and arrive at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rasters.errors import FocalNodeError
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

__all__ = ["FocalRegion", "region_labels"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FocalRegion:
    """A named set of cells of a grid: a focal node is a region of one cell.

    Parameters
    ----------
    id : str
        Name in results and messages.
    rows, cols : (n,) int32
        Its cells in row-major order, each once. Cells outside the grid are kept, and named by `check_on`.
    grid : Grid

    Examples
    --------
    >>> from affine import Affine
    >>> grid = Grid("EPSG:6933", Affine(30, 0, 0, 0, -30, 0), (4, 5))
    >>> FocalRegion.cell("den", 2, 3, grid)
    FocalRegion('den', 1 cell from row 2, col 3)
    """

    id: str
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    grid: Grid

    def __post_init__(self) -> None:
        rows, cols = np.atleast_1d(np.asarray(self.rows)), np.atleast_1d(np.asarray(self.cols))
        if rows.shape != cols.shape or rows.ndim != 1 or not rows.size:
            raise FocalNodeError(f"focal region {self.id!r} needs cells: got rows {rows.shape} and cols {cols.shape}")
        order = np.unique(rows.astype(np.int64) * 2**32 + cols.astype(np.int64), return_index=True)[1]
        for name, values in (("rows", rows), ("cols", cols)):
            cells = values[order].astype(np.int32)
            cells.flags.writeable = False
            object.__setattr__(self, name, cells)

    @classmethod
    def cell(cls, id: str, row: int, col: int, grid: Grid) -> FocalRegion:
        """Region of one cell."""
        return cls(id=id, rows=np.array([row]), cols=np.array([col]), grid=grid)

    @classmethod
    def from_mask(cls, id: str, mask: NDArray[np.bool_], grid: Grid) -> FocalRegion:
        """Region of the true cells of a (height, width) mask; FocalNodeError when there are none."""
        if mask.shape != grid.shape:
            raise FocalNodeError(
                f"focal region {id!r}: a mask of shape {mask.shape} does not fit the grid {grid.shape}"
            )
        if not mask.any():
            raise FocalNodeError(
                f"focal region {id!r} has no cell on the grid; is it smaller than a cell, or elsewhere?"
            )
        rows, cols = np.nonzero(mask)
        return cls(id=id, rows=rows.astype(np.int32), cols=cols.astype(np.int32), grid=grid)

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(self.rows.size)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(height, width) bool: true on its cells."""
        mask = np.zeros(self.grid.shape, dtype=np.bool_)
        rows, cols = self._inside()
        mask[rows, cols] = True
        return mask

    def check_on(self, surface: ResistanceSurface) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of its passable cells.

        Raises
        ------
        FocalNodeError
            When there is none; says how many cells lie outside, on no data and on a barrier.
        GridMismatchError
            When the surface is on another grid.
        """
        surface.grid.require_same(self.grid, f"focal region {self.id!r}")
        rows, cols = self._inside()
        passable = ~(surface.nodata[rows, cols] | surface.barrier[rows, cols])
        if not passable.any():
            raise FocalNodeError(self._lost(surface, rows, cols))
        return rows[passable], cols[passable]

    def _inside(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        height, width = self.grid.shape
        inside = (self.rows >= 0) & (self.rows < height) & (self.cols >= 0) & (self.cols < width)
        return self.rows[inside], self.cols[inside]

    def _lost(self, surface: ResistanceSurface, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> str:
        unknown = int(surface.nodata[rows, cols].sum())
        outside = self.size - rows.size
        counts = {"outside the grid": outside, "on no data": unknown, "on a barrier": rows.size - unknown}
        where = ", ".join(name if self.size == 1 else f"{count} {name}" for name, count in counts.items() if count)
        cells = "its cell is" if self.size == 1 else f"none of its {self.size} cells is passable:"
        return (
            f"focal region {self.id!r}: {cells} {where} (first at row {self.rows[0]}, col {self.cols[0]}; "
            f"the grid has {surface.grid.height} x {surface.grid.width} cells); move it to passable cells"
        )

    def __repr__(self) -> str:
        cells = "1 cell" if self.size == 1 else f"{self.size} cells"
        return f"FocalRegion({self.id!r}, {cells} from row {self.rows[0]}, col {self.cols[0]})"


def region_labels(regions: Sequence[FocalRegion]) -> NDArray[np.int32]:
    """Number of the region that holds each cell.

    Parameters
    ----------
    regions : sequence of FocalRegion, all on one grid

    Returns
    -------
    (height, width) int32
        1 for the first region, 2 for the second, ...; 0 = none.

    Raises
    ------
    FocalNodeError
        When two regions share a cell; names both and the first such cell.
    """
    if not regions:
        raise FocalNodeError("no focal region given")
    labels = np.zeros(regions[0].grid.shape, dtype=np.int32)
    for number, region in enumerate(regions, start=1):
        regions[0].grid.require_same(region.grid, f"focal region {region.id!r}")
        rows, cols = region._inside()
        taken = labels[rows, cols]
        _require_free(regions, region, rows, cols, taken)
        labels[rows, cols] = number
    return labels


def _require_free(
    regions: Sequence[FocalRegion], region: FocalRegion, rows: ArrayLike, cols: ArrayLike, taken: NDArray[np.int32]
) -> None:
    if not taken.any():
        return
    first = int(np.flatnonzero(taken)[0])
    row, col = int(np.asarray(rows)[first]), int(np.asarray(cols)[first])
    raise FocalNodeError(
        f"focal regions {regions[int(taken[first]) - 1].id!r} and {region.id!r} share {np.count_nonzero(taken)} cells, "
        f"first at row {row}, col {col}; make them disjoint or merge them"
    )
