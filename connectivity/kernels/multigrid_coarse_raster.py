"""A coarse level that is a raster for the most part: its couplings in the layout of the finest level, the rest in a list.

Unknowns with a place of their own on the level's raster are *gridded*; others (regions, cells that became coarse points out of
turn) lie in rows below it. Couplings between gridded neighbours are four numbers a cell; all others are *far* and listed
by row. Flat indices are those of a field (rows, 2, cols) in the split layout of `multigrid_layout`.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel

__all__ = ["add_far", "add_far_at", "count_far", "far_rows", "fill_couplings", "gather", "line_shares", "spread"]

Bool1 = NDArray[np.bool_]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Int1 = NDArray[np.int32]


@kernel
def _is_far(row: Int1, col: Int1, gridded: Bool1, i: int, q: int) -> bool:
    return not (gridded[i] and gridded[q] and abs(row[i] - row[q]) <= 1 and abs(col[i] - col[q]) <= 1)


@kernel
def _far_of(start: Int1, column: Int1, row: Int1, col: Int1, gridded: Bool1, i: int) -> int:
    count = 0
    for k in range(start[i], start[i + 1]):
        count += _is_far(row, col, gridded, i, column[k])
    return count


@parallel_kernel
def count_far(start: Int1, column: Int1, row: Int1, col: Int1, gridded: Bool1, out: Int1) -> None:
    """Number of far couplings of each unknown."""
    for i in prange(out.size):
        out[i] = _far_of(start, column, row, col, gridded, i)


@kernel
def _fill_row(
    start: Int1, column: Int1, coupling: Single1, row: Int1, col: Int1, gridded: Bool1, i: int, g: Single4
) -> None:
    for k in range(start[i], start[i + 1]):
        q = column[k]
        if _is_far(row, col, gridded, i, q):
            continue
        south, east = row[q] - row[i], col[q] - col[i]
        if south == 1:
            g[3 if east < 0 else 1 + east, row[i] + 1, col[i] & 1, (col[i] >> 1) + 1] = coupling[k]
        elif south == 0 and east == 1:
            g[0, row[i] + 1, col[i] & 1, (col[i] >> 1) + 1] = coupling[k]


@parallel_kernel
def fill_couplings(
    start: Int1, column: Int1, coupling: Single1, row: Int1, col: Int1, gridded: Bool1, g: Single4
) -> None:
    """Couplings between neighbours into ``g``."""
    for i in prange(row.size):
        _fill_row(start, column, coupling, row, col, gridded, i, g)


@parallel_kernel
def far_rows(
    cell: Int1,
    start: Int1,
    column: Int1,
    coupling: Single1,
    row: Int1,
    col: Int1,
    gridded: Bool1,
    at: Int1,
    out_start: Int1,
    out: Int1,
    out_coupling: Single1,
) -> None:
    """Far couplings of the unknowns ``cell``, towards flat indices; ``at`` is the flat index of each unknown."""
    for s in prange(cell.size):
        i, n = cell[s], out_start[s]
        for k in range(start[i], start[i + 1]):
            if _is_far(row, col, gridded, i, column[k]):
                out[n] = at[column[k]]
                out_coupling[n] = coupling[k]
                n += 1


@kernel
def _shares_of(
    start: Int1, column: Int1, weight: Single1, i: int, r0: int, c0: int, r1: int, c1: int,
    next_row: Int1, next_col: Int1, next_gridded: Bool1,
) -> tuple[bool, float, float]:  # fmt: skip
    """(only these two, weight of the corner at (r0, c0), weight of the one at (r1, c1))."""
    first = second = 0.0
    for e in range(start[i], start[i + 1]):
        q = column[e]
        if next_gridded[q] and next_row[q] == r0 and next_col[q] == c0:
            first = weight[e]
        elif next_gridded[q] and next_row[q] == r1 and next_col[q] == c1:
            second = weight[e]
        else:
            return False, 0.0, 0.0
    return True, first, second


@parallel_kernel
def line_shares(
    start: Int1,
    column: Int1,
    weight: Single1,
    row: Int1,
    col: Int1,
    listed: Bool1,
    next_row: Int1,
    next_col: Int1,
    next_gridded: Bool1,
    line: Single3,
) -> None:
    """Weights of unknowns between two corners, as in `multigrid_weights`; ``listed`` ones are left out, others that have other
    parents become so.
    """
    for i in prange(row.size):
        south, east = row[i] & 1, col[i] & 1
        if listed[i] or south + east != 1:
            continue
        r, c = row[i] >> 1, col[i] >> 1
        usual, first, second = _shares_of(
            start, column, weight, i, r, c, r + south, c + east, next_row, next_col, next_gridded
        )
        if usual:
            line[2 * south, r + 1, c + 1] = first
            line[2 * south + 1, r + 1, c + 1] = second
        else:
            listed[i] = True


@parallel_kernel
def spread(at: Int1, values: Single2, out: Single2) -> None:
    """``out[m, at[k]] = values[m, k]`` where ``at`` is not negative."""
    for k in prange(at.size):
        if at[k] >= 0:
            for m in range(values.shape[0]):
                out[m, at[k]] = values[m, k]


@parallel_kernel
def gather(at: Int1, field: Single2, out: Single2) -> None:
    """``out[m, k] = field[m, at[k]]``, zero where ``at`` is negative."""
    for k in prange(at.size):
        for m in range(out.shape[0]):
            out[m, k] = field[m, at[k]] if at[k] >= 0 else 0.0


@kernel
def _sum(start: Int1, column: Int1, coupling: Single1, s: int, x: Single1) -> np.float32:
    total = np.float32(0.0)
    for k in range(start[s], start[s + 1]):
        total += coupling[k] * x[column[k]]
    return total


@parallel_kernel
def add_far(start: Int1, column: Int1, coupling: Single1, x: Single2, out: Single2) -> None:
    """``out[m, s] += sum of coupling x`` over the far couplings of row s."""
    for s in prange(start.size - 1):
        for m in range(out.shape[0]):
            out[m, s] += _sum(start, column, coupling, s, x[m])


@parallel_kernel
def add_far_at(at: Int1, start: Int1, column: Int1, coupling: Single1, x: Single2, out: Single2) -> None:
    """``out[m, at[s]] += sum of coupling x`` over the far couplings of row s."""
    for s in prange(at.size):
        for m in range(out.shape[0]):
            out[m, at[s]] += _sum(start, column, coupling, s, x[m])
