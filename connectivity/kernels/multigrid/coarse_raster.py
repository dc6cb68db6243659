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

__all__ = ["add_far", "far_rows", "gather", "line_shares", "split_couplings", "spread"]

STRIP = 1024
"""Unknowns that a thread takes at a time."""

Bool1 = NDArray[np.bool_]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Int1 = NDArray[np.int32]


@kernel
def _direction(step: int, odd: bool, cols: int) -> int:
    """Direction 0..3 of a neighbour ``step`` flat indices away, 4 for the opposite ones, 5 if it is none."""
    if odd:
        if step == 1 - cols:
            return 0
        if step == 2 * cols:
            return 1
        if step == cols + 1:
            return 2
        if step == cols:
            return 3
        return 4 if step in (-cols, -2 * cols, -3 * cols, 1 - 3 * cols) else 5
    if step == cols:
        return 0
    if step == 2 * cols:
        return 1
    if step == 3 * cols:
        return 2
    if step == 3 * cols - 1:
        return 3
    return 4 if step in (cols - 1, -2 * cols, -cols - 1, -cols) else 5


@kernel
def _split_row(
    start: Int1, column: Int1, coupling: Single1, at: Int1, below: int, cols: int, i: int, g: Single2
) -> int:
    here = at[i]
    odd = here // cols & 1 == 1
    count = 0
    for k in range(start[i], start[i + 1]):
        there = at[column[k]]
        way = _direction(there - here, odd, cols) if here < below and there < below else 5
        if way < 4:
            g[way, here] = coupling[k]
        count += way == 5
    return count


@parallel_kernel
def split_couplings(
    start: Int1, column: Int1, coupling: Single1, at: Int1, below: int, cols: int, g: Single2, far: Int1
) -> None:
    """Couplings between neighbours into ``g`` (4, flat), and the number of far ones of each unknown.

    ``at``: flat index of each unknown in a field of ``cols`` columns, from ``below`` on where it is not gridded.
    """
    for i in prange(at.size):
        far[i] = _split_row(start, column, coupling, at, below, cols, i, g)


@kernel
def _far_row(
    start: Int1, column: Int1, coupling: Single1, at: Int1, below: int, cols: int, i: int,
    n: int, out: Int1, out_coupling: Single1,
) -> None:  # fmt: skip
    here = at[i]
    odd = here // cols & 1 == 1
    for k in range(start[i], start[i + 1]):
        there = at[column[k]]
        if here >= below or there >= below or _direction(there - here, odd, cols) == 5:
            out[n] = there
            out_coupling[n] = coupling[k]
            n += 1


@parallel_kernel
def far_rows(
    cell: Int1,
    start: Int1,
    column: Int1,
    coupling: Single1,
    at: Int1,
    below: int,
    cols: int,
    out_start: Int1,
    out: Int1,
    out_coupling: Single1,
) -> None:
    """Far couplings of the unknowns ``cell``, towards flat indices."""
    for s in prange(cell.size):
        _far_row(start, column, coupling, at, below, cols, cell[s], out_start[s], out, out_coupling)


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


@kernel
def _spread(at: Int1, values: Single1, k: int, end: int, out: Single1) -> None:
    for t in range(k, end):
        if at[t] >= 0:
            out[at[t]] = values[t]


@parallel_kernel
def spread(at: Int1, values: Single2, out: Single2) -> None:
    """``out[m, at[k]] = values[m, k]`` where ``at`` is not negative."""
    for strip in prange((at.size + STRIP - 1) // STRIP):
        for m in range(values.shape[0]):
            _spread(at, values[m], strip * STRIP, min((strip + 1) * STRIP, at.size), out[m])


@kernel
def _gather(at: Int1, field: Single1, k: int, end: int, out: Single1) -> None:
    for t in range(k, end):
        out[t] = field[at[t]] if at[t] >= 0 else np.float32(0.0)


@parallel_kernel
def gather(at: Int1, field: Single2, out: Single2) -> None:
    """``out[m, k] = field[m, at[k]]``, zero where ``at`` is negative."""
    for strip in prange((at.size + STRIP - 1) // STRIP):
        for m in range(out.shape[0]):
            _gather(at, field[m], strip * STRIP, min((strip + 1) * STRIP, at.size), out[m])


@kernel
def _sums(start: Int1, column: Int1, coupling: Single1, x: Single1, at: Int1, s: int, end: int, out: Single1) -> None:
    for row in range(s, end):
        total = np.float32(0.0)
        for k in range(start[row], start[row + 1]):
            total += coupling[k] * x[column[k]]
        out[at[row] if at.size else row] += total


@parallel_kernel
def add_far(start: Int1, column: Int1, coupling: Single1, x: Single2, at: Int1, out: Single2) -> None:
    """``out[m, at[s]] += sum of coupling x`` over the far couplings of row s; ``out[m, s]`` where ``at`` is empty."""
    rows = start.size - 1
    for strip in prange((rows + STRIP - 1) // STRIP):
        for m in range(out.shape[0]):
            _sums(start, column, coupling, x[m], at, strip * STRIP, min((strip + 1) * STRIP, rows), out[m])
