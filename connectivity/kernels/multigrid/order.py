"""Order of the entries in the rows of a coarse level.

Gauss-Seidel runs within blocks of unknowns, one block a thread, and Jacobi between blocks. Each row is ordered: [smoothed
before, in the block | smoothed after, in the block | other blocks]. A block is two runs of unknowns, ``bounds[t] = (first, last +
1, first, last + 1)``: those in raster order and the appended.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel

__all__ = ["order_rows"]

Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Single1 = NDArray[np.float32]


@kernel
def _sort_row(column: Int1, coupling: Single1, first: int, last: int) -> None:
    """Insertion sort by number."""
    for k in range(first + 1, last):
        q, edge = column[k], coupling[k]
        at = k
        while at > first and column[at - 1] > q:
            column[at] = column[at - 1]
            coupling[at] = coupling[at - 1]
            at -= 1
        column[at] = q
        coupling[at] = edge


@kernel
def _inside(q: int, b0: int, b1: int, b2: int, b3: int) -> bool:
    return b0 <= q < b1 or b2 <= q < b3


@kernel
def _outside_last(column: Int1, coupling: Single1, first: int, last: int, b0: int, b1: int, b2: int, b3: int) -> int:
    """Move the entries of other blocks to the end of a sorted row; returns where they start."""
    end = first
    for k in range(first, last):
        if _inside(column[k], b0, b1, b2, b3):
            q, edge = column[k], coupling[k]
            for at in range(k, end, -1):
                column[at] = column[at - 1]
                coupling[at] = coupling[at - 1]
            column[end] = q
            coupling[end] = edge
            end += 1
    return end


@kernel
def _order_run(
    start: Int1, column: Int1, coupling: Single1, block: Int1, part: int, before: Int1, inside: Int1
) -> None:
    b0, b1, b2, b3 = block[0], block[1], block[2], block[3]
    for i in range(block[part], block[part + 1]):
        first, last = start[i], start[i + 1]
        _sort_row(column, coupling, first, last)
        end = _outside_last(column, coupling, first, last, b0, b1, b2, b3)
        at = first
        while at < end and column[at] < i:
            at += 1
        before[i] = at
        inside[i] = end


@parallel_kernel
def order_rows(start: Int1, column: Int1, coupling: Single1, bounds: Int2, before: Int1, inside: Int1) -> None:
    """Order every row for its block; ``before`` and ``inside`` are where its first and second parts end."""
    for t in prange(bounds.shape[0]):
        for part in range(0, 4, 2):
            _order_run(start, column, coupling, bounds[t], part, before, inside)
