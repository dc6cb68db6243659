"""The finest level of the cycle: smoothing, restriction and prolongation on the raster itself.

Fields are float32 in the split layout of `multigrid_layout`, with a leading axis of right-hand sides; right-hand sides are the
float64 residuals of conjugate gradients themselves, rounded as they are read. The smoother is
Gauss-Seidel in four colours by the parity of row and column: down in the order (even, even), (even, odd), (odd, even),
(odd, odd), up in the reverse order, its adjoint. Cells of one colour are not neighbours, so the result does not depend on
threads. After a sweep from zero a cell's residual is the sum over neighbours smoothed later, and cells of the last
colour have none: restriction never reads the right-hand side, nor the weights of block centres.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid.layout import D_COL, D_ROW, conductance_to

__all__ = [
    "prolong_blocks",
    "prolong_special",
    "region_residual",
    "restrict_blocks",
    "restrict_special",
    "smooth_down",
    "smooth_up",
    "smooth_up_beside_regions",
    "special_residual",
]

STRIP = 16
"""Pairs of rows that a thread takes at a time."""
PART = 512
"""Special cells that a thread takes at a time."""

Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Double3 = NDArray[np.float64]
Double4 = NDArray[np.float64]
Int1 = NDArray[np.int32]
Long1 = NDArray[np.int64]


@kernel
def _vertical_even(g: Single4, x: Single3, i: int, j: int) -> float:
    """Sum of g x over the six neighbours above and below a cell of an even column."""
    return (
        g[1, i, 0, j] * x[i + 1, 0, j]
        + g[1, i - 1, 0, j] * x[i - 1, 0, j]
        + g[2, i, 0, j] * x[i + 1, 1, j]
        + g[2, i - 1, 1, j - 1] * x[i - 1, 1, j - 1]
        + g[3, i, 0, j] * x[i + 1, 1, j - 1]
        + g[3, i - 1, 1, j] * x[i - 1, 1, j]
    )


@kernel
def _vertical_odd(g: Single4, x: Single3, i: int, j: int) -> float:
    """Sum of g x over the six neighbours above and below a cell of an odd column."""
    return (
        g[1, i, 1, j] * x[i + 1, 1, j]
        + g[1, i - 1, 1, j] * x[i - 1, 1, j]
        + g[2, i, 1, j] * x[i + 1, 0, j + 1]
        + g[2, i - 1, 0, j] * x[i - 1, 0, j]
        + g[3, i, 1, j] * x[i + 1, 0, j]
        + g[3, i - 1, 0, j + 1] * x[i - 1, 0, j + 1]
    )


@kernel
def _beside_even(g: Single4, x: Single3, i: int, j: int) -> float:
    """Sum of g x over the west and east neighbours of a cell of an even column."""
    return g[0, i, 0, j] * x[i, 1, j] + g[0, i, 1, j - 1] * x[i, 1, j - 1]


@kernel
def _beside_odd(g: Single4, x: Single3, i: int, j: int) -> float:
    """Sum of g x over the west and east neighbours of a cell of an odd column."""
    return g[0, i, 1, j] * x[i, 0, j + 1] + g[0, i, 0, j] * x[i, 0, j]


@kernel
def _even_row_down(g: Single4, inverse: Single3, b: Double3, x: Single3, i: int, cols: int) -> None:
    for j in range(1, cols + 1):
        x[i, 0, j] = np.float32(b[i, 0, j]) * inverse[i, 0, j]
    for j in range(1, cols + 1):
        x[i, 1, j] = (np.float32(b[i, 1, j]) + _beside_odd(g, x, i, j)) * inverse[i, 1, j]


@kernel
def _odd_row_down(g: Single4, inverse: Single3, b: Double3, x: Single3, i: int, cols: int) -> None:
    for j in range(1, cols + 1):
        x[i, 0, j] = (np.float32(b[i, 0, j]) + _vertical_even(g, x, i, j)) * inverse[i, 0, j]
    for j in range(1, cols + 1):
        x[i, 1, j] = (np.float32(b[i, 1, j]) + _vertical_odd(g, x, i, j) + _beside_odd(g, x, i, j)) * inverse[i, 1, j]


@parallel_kernel
def smooth_down(g: Single4, inverse: Single3, b: Double4, x: Single4) -> None:
    """One sweep from x = 0: even rows, then odd rows; strip by strip, while rows are in the cache."""
    rows, cols = (b.shape[1] - 2) // 2, b.shape[3] - 2
    for strip in prange((rows + STRIP - 1) // STRIP):
        for block in range(strip * STRIP, min((strip + 1) * STRIP, rows)):
            for m in range(b.shape[0]):
                _even_row_down(g, inverse, b[m], x[m], 2 * block + 1, cols)
                if block > strip * STRIP:
                    _odd_row_down(g, inverse, b[m], x[m], 2 * block, cols)
    for strip in prange((rows + STRIP - 1) // STRIP):
        for m in range(b.shape[0]):
            _odd_row_down(g, inverse, b[m], x[m], 2 * min((strip + 1) * STRIP, rows), cols)


@kernel
def _row_up(g: Single4, inverse: Single3, b: Double3, x: Single3, i: int, cols: int) -> None:
    for j in range(1, cols + 1):
        x[i, 1, j] = (np.float32(b[i, 1, j]) + _vertical_odd(g, x, i, j) + _beside_odd(g, x, i, j)) * inverse[i, 1, j]
    for j in range(1, cols + 1):
        x[i, 0, j] = (np.float32(b[i, 0, j]) + _vertical_even(g, x, i, j) + _beside_even(g, x, i, j)) * inverse[i, 0, j]


@kernel
def _row_up_beside_regions(
    g: Single4, inverse: Single3, b: Double3, x: Single3, i: int, cols: int, row: NDArray[np.float32]
) -> None:
    """The same where cells of zero ``inverse`` keep their value; by way of a row apart, or it would not vectorise."""
    for j in range(1, cols + 1):
        row[j] = (np.float32(b[i, 1, j]) + _vertical_odd(g, x, i, j) + _beside_odd(g, x, i, j)) * inverse[i, 1, j]
    for j in range(1, cols + 1):
        x[i, 1, j] = row[j] if inverse[i, 1, j] > 0.0 else x[i, 1, j]
    for j in range(1, cols + 1):
        row[j] = (np.float32(b[i, 0, j]) + _vertical_even(g, x, i, j) + _beside_even(g, x, i, j)) * inverse[i, 0, j]
    for j in range(1, cols + 1):
        x[i, 0, j] = row[j] if inverse[i, 0, j] > 0.0 else x[i, 0, j]


@parallel_kernel
def smooth_up(g: Single4, inverse: Single3, b: Double4, x: Single4) -> None:
    """One sweep in the reverse order: odd rows, then even rows; strip by strip."""
    rows, cols = (b.shape[1] - 2) // 2, b.shape[3] - 2
    for strip in prange((rows + STRIP - 1) // STRIP):
        for block in range(strip * STRIP, min((strip + 1) * STRIP, rows)):
            for m in range(b.shape[0]):
                _row_up(g, inverse, b[m], x[m], 2 * block + 2, cols)
                if block > strip * STRIP:
                    _row_up(g, inverse, b[m], x[m], 2 * block + 1, cols)
    for strip in prange((rows + STRIP - 1) // STRIP):
        for m in range(b.shape[0]):
            _row_up(g, inverse, b[m], x[m], 2 * strip * STRIP + 1, cols)


@parallel_kernel
def smooth_up_beside_regions(g: Single4, inverse: Single3, b: Double4, x: Single4) -> None:
    """The same, where cells of zero ``inverse`` (regions) keep their value."""
    rows, cols = (b.shape[1] - 2) // 2, b.shape[3] - 2
    for block in prange(rows):
        row = np.empty(cols + 1, np.float32)
        for m in range(b.shape[0]):
            _row_up_beside_regions(g, inverse, b[m], x[m], 2 * block + 2, cols, row)
    for block in prange(rows):
        row = np.empty(cols + 1, np.float32)
        for m in range(b.shape[0]):
            _row_up_beside_regions(g, inverse, b[m], x[m], 2 * block + 1, cols, row)


@parallel_kernel
def restrict_blocks(g: Single4, line: Single4, x: Single4, out: Single2) -> None:
    """Residual after `smooth_down`, restricted to the corners of blocks: ``out[m, I * w + J]``, other entries untouched."""
    rows, cols = (x.shape[1] - 2) // 2, x.shape[3] - 2
    for block in prange(rows):
        i = 2 * block + 1
        odd = np.zeros(cols + 1, np.float32)
        for m in range(x.shape[0]):
            y, low = x[m], block * cols - 1
            for j in range(1, cols + 1):
                odd[j] = _vertical_odd(g, y, i, j)
            for j in range(1, cols + 1):
                total = _vertical_even(g, y, i, j) + _beside_even(g, y, i, j)
                total += line[0, block + 1, j] * odd[j] + line[1, block + 1, j - 1] * odd[j - 1]
                total += line[2, block + 1, j] * _beside_even(g, y, i + 1, j)
                if block > 0:
                    total += line[3, block, j] * _beside_even(g, y, i - 1, j)
                out[m, low + j] = total


@parallel_kernel
def prolong_blocks(line: Single4, coarse: Single2, x: Single4) -> None:
    """Add the coarse correction to corners and to cells between two corners; `smooth_up` sets block centres first."""
    rows, cols = (x.shape[1] - 2) // 2, x.shape[3] - 2
    for block in prange(rows):
        i = 2 * block + 1
        below = (block + 1) * cols if block + 1 < rows else block * cols
        for m in range(x.shape[0]):
            here, next_row = coarse[m, block * cols : block * cols + cols], coarse[m, below : below + cols]
            y = x[m]
            for j in range(1, cols + 1):
                y[i, 0, j] += here[j - 1]
                y[i + 1, 0, j] += line[2, block + 1, j] * here[j - 1] + line[3, block + 1, j] * next_row[j - 1]
            for j in range(1, cols):
                y[i, 1, j] += line[0, block + 1, j] * here[j - 1] + line[1, block + 1, j] * here[j]
            y[i, 1, cols] += line[0, block + 1, cols] * here[cols - 1]


@kernel
def _residuals(g: Single4, cell: Long1, width: int, x: Single3, s: int, end: int, out: Single1) -> None:
    for t in range(s, end):
        row, col = cell[t] // width, cell[t] % width
        i, j = row + 1, (col >> 1) + 1
        if row & 1 == 0 and col & 1 == 1:
            out[t] = _vertical_odd(g, x, i, j)
        elif row & 1 == 1 and col & 1 == 0:
            out[t] = _beside_even(g, x, i, j)
        else:
            out[t] = 0.0


@parallel_kernel
def special_residual(g: Single4, cell: Long1, width: int, x: Single4, out: Single2) -> None:
    """Residual after `smooth_down` of special cells between corners, ``out[m, s]``; zero at corners and block centres."""
    for part in prange((cell.size + PART - 1) // PART):
        for m in range(x.shape[0]):
            _residuals(g, cell, width, x[m], part * PART, min((part + 1) * PART, cell.size), out[m])


@parallel_kernel
def region_residual(g: Single4, cell: Long1, member: Int1, width: int, b: Double4, x: Single4, out: Single2) -> None:
    """Full residual of region cells, at 0 V during `smooth_down`, for the entries ``member`` of the special cells."""
    for t in prange(member.size):
        s = member[t]
        row, col = cell[s] // width, cell[s] % width
        for m in range(x.shape[0]):
            total = np.float32(b[m, row + 1, col & 1, (col >> 1) + 1])
            for k in range(8):
                r, c = row + D_ROW[k], col + D_COL[k]
                total += np.float32(conductance_to(g, row, col, k)) * x[m, r + 1, c & 1, (c >> 1) + 1]
            out[m, s] = total


@kernel
def _restrict_rows(
    start: Int1, child: Int1, weight: Single1, dof: Int1, residual: Single1, t: int, end: int, out: Single1
) -> None:
    for k in range(t, end):
        total = np.float32(0.0)
        for e in range(start[k], start[k + 1]):
            total += weight[e] * residual[child[e]]
        out[dof[k]] += total


@parallel_kernel
def restrict_special(start: Int1, child: Int1, weight: Single1, dof: Int1, residual: Single2, out: Single2) -> None:
    """Add the residuals of the special children ``child[start[t]:start[t + 1]]`` to coarse unknown ``dof[t]``."""
    for part in prange((dof.size + PART - 1) // PART):
        for m in range(out.shape[0]):
            end = min((part + 1) * PART, dof.size)
            _restrict_rows(start, child, weight, dof, residual[m], part * PART, end, out[m])


@kernel
def _prolong_rows(
    cell: Long1, start: Int1, parent: Int1, weight: Single1, width: int, coarse: Single1, s: int, end: int, x: Single3
) -> None:
    for t in range(s, end):
        total = np.float32(0.0)
        for e in range(start[t], start[t + 1]):
            total += weight[e] * coarse[parent[e]]
        row, col = cell[t] // width, cell[t] % width
        x[row + 1, col & 1, (col >> 1) + 1] += total


@parallel_kernel
def prolong_special(
    cell: Long1, start: Int1, parent: Int1, weight: Single1, width: int, coarse: Single2, x: Single4
) -> None:
    """Add the coarse correction to special cells."""
    for part in prange((cell.size + PART - 1) // PART):
        for m in range(x.shape[0]):
            end = min((part + 1) * PART, cell.size)
            _prolong_rows(cell, start, parent, weight, width, coarse[m], part * PART, end, x[m])
