"""Coarse levels that are rasters for the most part: the cycle runs on them as on the finest level, without reading a matrix.

The smoother is that of the finest level, Gauss-Seidel in four colours on the couplings between neighbours; far couplings (see
`kernels.multigrid_coarse_raster`) count with the values before the sweep. The sweep up is its adjoint, and the pair converges,
since far couplings, as all, count in full in the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.rows import allocate, transposed
from connectivity.kernels.multigrid import coarse_raster as kernels
from connectivity.kernels.multigrid import fine
from connectivity.kernels.multigrid.product import Graph, Rows

__all__ = ["CoarseRaster", "Places", "coarse_raster"]

Single = NDArray[np.float32]
Int = NDArray[np.int32]
Long = NDArray[np.int64]
Bool = NDArray[np.bool_]

FAR = 0.1
"""A level of which a larger share of couplings is far stays a graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where unknowns of a level lie: row, column, whether alone there, and how many come first in raster order."""

    row: Int
    col: Int
    gridded: Bool
    n_main: int

    def of(self, point: Bool) -> Places:
        """Places of coarse points on the next level."""
        corner = ((self.row | self.col) & 1 == 0) & self.gridded
        return Places(
            row=self.row[point] // 2,
            col=self.col[point] // 2,
            gridded=corner[point],
            n_main=int(point[: self.n_main].sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseRaster:
    """Couplings, 1 / diagonal and weights of unknowns between corners, in the split layout; what does not fit in lists.

    ``at``: flat index of each unknown. ``place``: that of each unknown of the next level among the corners, -1 = none.
    ``cell``: listed unknowns, ``row * width + col``, and ``cell_at``, their flat indices; ``far``: their far couplings;
    ``parents`` and, by unknown ``dof`` of the next level, ``children``: their interpolation.
    """

    g: Single
    inverse: Single
    line: Single
    at: Int
    place: Int
    cell: Long
    cell_at: Int
    far: Rows
    parents: Rows
    children: Rows
    dof: Int

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return int(self.at.size)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        own = (self.g, self.inverse, self.line, self.at, self.place, self.cell, self.cell_at, self.dof)
        arrays: list[NDArray[Any]] = [*own, *self.far, *self.parents, *self.children]
        return sum(a.nbytes for a in arrays)

    @property
    def field(self) -> tuple[int, int, int]:
        """Shape of a field."""
        return self.inverse.shape[0], 2, self.inverse.shape[2]

    @property
    def corners(self) -> int:
        """Number of corners of the raster."""
        return (self.inverse.shape[0] - 2) // 2 * (self.inverse.shape[2] - 2)

    def enter(self, by_unknown: Single, b: Single) -> None:
        """Right-hand sides (n, size) into a field."""
        kernels.spread(self.at, by_unknown, _flat(b))

    def leave(self, x: Single, by_unknown: Single) -> None:
        """A field into voltages (n, size)."""
        kernels.gather(self.at, _flat(x), by_unknown)

    def down(self, b: Single, x: Single, grid: Single, out: Single) -> None:
        """Smooth from zero and restrict the residual to ``out`` (n, n_next); ``grid`` (n, corners) is room for work."""
        fine.smooth_down(self.g, self.inverse, b, x)
        fine.restrict_blocks(self.g, self.line, x, grid)
        kernels.gather(self.place, grid, out)
        residual = np.empty((x.shape[0], self.cell.size), np.float32)
        fine.special_residual(self.g, self.cell, 2 * (x.shape[3] - 2), x, residual)
        kernels.add_far(*self.far, _flat(x), np.empty(0, np.int32), residual)
        children = self.children
        fine.restrict_special(children.start, children.column, children.weight, self.dof, residual, out)

    def up(self, b: Single, coarse: Single, grid: Single, x: Single) -> None:
        """Add the coarse correction and smooth; ``b`` changes."""
        grid[...] = 0.0
        kernels.spread(self.place, coarse, grid)
        fine.prolong_blocks(self.line, grid, x)
        parents, width = self.parents, 2 * (x.shape[3] - 2)
        fine.prolong_special(self.cell, parents.start, parents.column, parents.weight, width, coarse, x)
        kernels.add_far(*self.far, _flat(x), self.cell_at, _flat(b))
        fine.smooth_up(self.g, self.inverse, b, x)


def _flat(field: Single) -> Single:
    return field.reshape(field.shape[0], -1)


def coarse_raster(graph: Graph, places: Places, p: Rows, following: Places) -> CoarseRaster | None:
    """A graph as a raster, or None where too many couplings are far; ``p`` interpolates from the next level's unknowns."""
    row, col, shape = _with_rows_below(places)
    at, cols = ((row + 1) * 2 + (col & 1)) * shape[2] + (col >> 1) + 1, shape[2]
    below = (int(places.row.max()) + 2) * 2 * cols
    g, far_count = np.zeros((4, *shape), np.float32), np.empty(at.size, np.int32)
    kernels.split_couplings(*graph[:3], at, below, cols, g.reshape(4, -1), far_count)
    if far_count.sum() > FAR * graph.column.size:
        return None
    inverse = np.zeros(shape, np.float32)
    inverse.reshape(-1)[at] = graph.inverse
    line = np.zeros((4, shape[0] // 2 + 1, shape[2]), np.float32)
    listed = (far_count > 0) | ~places.gridded
    kernels.line_shares(*p, places.row, places.col, listed, following.row, following.col, following.gridded, line)
    cell = np.flatnonzero(listed).astype(np.int32)
    start, column, coupling = allocate(far_count[cell])
    kernels.far_rows(cell, *graph[:3], at, below, cols, start, column, coupling)
    corner = ((places.row | places.col) & 1 == 0) & places.gridded
    children, dof = _by_dof(_rows_of(p, cell), following.row.size)
    place = np.where(following.gridded, following.row * (shape[2] - 2) + following.col, -1).astype(np.int32)
    return CoarseRaster(
        g=g,
        inverse=inverse,
        line=line,
        at=at,
        place=place,
        cell=row[cell].astype(np.int64) * (2 * (shape[2] - 2)) + col[cell],
        cell_at=at[cell],
        far=Rows(start=start, column=column, weight=coupling),
        parents=_rows_of(p, cell, ~corner[cell]),
        children=children,
        dof=dof,
    )


def _with_rows_below(places: Places) -> tuple[Int, Int, tuple[int, int, int]]:
    """Rows and columns with the unknowns that are not alone in rows below the raster, and the shape of a field."""
    height, width = int(places.row.max()) + 1, int(places.col.max()) // 2 * 2 + 2
    row, col = places.row.copy(), places.col.copy()
    other = np.flatnonzero(~places.gridded)
    below, along = np.divmod(np.arange(other.size, dtype=np.int32), width)
    row[other], col[other] = height + below, along
    height = int(row.max()) // 2 * 2 + 2
    return row, col, (height + 2, 2, width // 2 + 2)


def _rows_of(rows: Rows, which: Int, kept: Bool | None = None) -> Rows:
    """Some rows of a sparse matrix, those not ``kept`` without entries."""
    size = rows.start[which + 1] - rows.start[which]
    if kept is not None:
        size = np.where(kept, size, 0)
    start, _, _ = allocate(size)
    entry = np.repeat(rows.start[which] - start[:-1], size) + np.arange(start[-1])
    return Rows(start=start, column=rows.column[entry], weight=rows.weight[entry])


def _by_dof(rows: Rows, n_column: int) -> tuple[Rows, Int]:
    """The transposed rows that have entries, and which they are."""
    by_dof = transposed(rows, n_column)
    dof = np.flatnonzero(np.diff(by_dof.start)).astype(np.int32)
    start = np.append(by_dof.start[dof], by_dof.start[-1]).astype(np.int32)
    return Rows(start=start, column=by_dof.column, weight=by_dof.weight), dof
