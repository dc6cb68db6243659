"""Part of a landscape on its own: a rectangle of cells, with or without a mask, as a smaller stencil.

What happens inside a corridor or within reach of a den need not carry the whole raster along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import STEPS, Stencil
from rasters.errors import DataError, GridMismatchError
from rasters.fences import FenceTerms
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

__all__ = ["Window", "crop_region", "crop_stencil", "crop_terms", "window_around", "window_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows ``row`` to ``row + height`` and columns ``col`` to ``col + width`` of a grid."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """To cut an array of the whole grid."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)

    def grid(self, whole: Grid) -> Grid:
        """The grid of these cells alone."""
        t = whole.transform
        corner = t.c + self.col * t.a, t.f + self.row * t.e
        return Grid(whole.crs, Affine(t.a, 0, corner[0], 0, t.e, corner[1]), (self.height, self.width))

    def spread(self, values: NDArray[np.generic], whole: Grid, fill: float = 0.0) -> NDArray[np.float64]:
        """(height, width) of the whole grid with ``values`` in the window and ``fill`` elsewhere."""
        out = np.full(whole.shape, fill)
        out[self.slices] = values
        return out


def window_of(mask: NDArray[np.bool_]) -> Window:
    """Smallest window that holds all true cells."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise DataError("a window around no cell: the mask is empty")
    return _between(rows[0], rows[-1], cols[0], cols[-1])


def window_around(region: FocalRegion, reach_m: float) -> Window:
    """Smallest window that holds every cell within ``reach_m`` of a region [m]."""
    grid = region.grid
    up = math.ceil(min(reach_m / grid.cell_height_m, grid.height))
    aside = math.ceil(min(reach_m / grid.cell_width_m, grid.width))
    rows, cols = region.rows, region.cols
    return _between(
        max(int(rows.min() - up), 0),
        min(int(rows.max() + up), grid.height - 1),
        max(int(cols.min() - aside), 0),
        min(int(cols.max() + aside), grid.width - 1),
    )


def _between(top: int, bottom: int, left: int, right: int) -> Window:
    return Window(row=int(top), col=int(left), height=int(bottom - top) + 1, width=int(right - left) + 1)


def crop_stencil(stencil: Stencil, window: Window, mask: NDArray[np.bool_] | None = None) -> Stencil:
    """The stencil of a window's cells.

    Parameters
    ----------
    stencil : Stencil
    window : Window
    mask : (height, width) bool, optional
        Of the whole grid: cells outside become barriers.
    """
    surface, cut = stencil.surface, window.slices
    if mask is not None and mask.shape != stencil.shape:
        raise GridMismatchError(f"a mask of shape {mask.shape} does not fit the grid {stencil.shape}")
    outside = np.zeros((window.height, window.width), bool) if mask is None else ~mask[cut]
    nodata = surface.nodata[cut]
    part = ResistanceSurface(
        values=surface.values[cut],
        nodata=nodata,
        barrier=surface.barrier[cut] | (outside & ~nodata),
        grid=window.grid(surface.grid),
        name=surface.name,
        assumptions=surface.assumptions,
    )
    return replace(stencil, surface=part, fence=crop_terms(stencil.fence, window))


def crop_terms(fence: FenceTerms, window: Window) -> FenceTerms:
    """Terms on edges that have both cells in the window."""
    steps = np.array(STEPS, np.int32)
    row, col = fence.row - window.row, fence.col - window.col
    row2, col2 = row + steps[fence.step, 0], col + steps[fence.step, 1]
    inside = (np.minimum(row, row2) >= 0) & (np.maximum(row, row2) < window.height)
    inside &= (np.minimum(col, col2) >= 0) & (np.maximum(col, col2) < window.width)
    return FenceTerms(
        row=row[inside], col=col[inside], step=fence.step[inside], cost_m=fence.cost_m[inside], ohm=fence.ohm[inside]
    )


def crop_region(region: FocalRegion, window: Window) -> FocalRegion:
    """The region's cells inside a window, numbered from its corner; FocalNodeError when none is."""
    inside = (region.rows >= window.row) & (region.rows < window.row + window.height)
    inside &= (region.cols >= window.col) & (region.cols < window.col + window.width)
    rows, cols = region.rows[inside] - window.row, region.cols[inside] - window.col
    return FocalRegion(id=region.id, rows=rows, cols=cols, grid=window.grid(region.grid))
