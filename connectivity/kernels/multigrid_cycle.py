"""The cycle on coarse levels: graphs in rows, fields (n_rhs, n) float32.

Gauss-Seidel within blocks of unknowns, one block a thread, Jacobi between blocks: forward from zero on the way down, its
adjoint backward on the way up. Each row is ordered: [smoothed before, in the block | smoothed after, in the block | other
blocks]. The forward sweep from zero reads the first part only, the residual after it the others.

A block is two runs of unknowns, ``bounds[t] = (first, last + 1, first, last + 1)``: those in raster order and the appended. Rows
are taken STRIP at a time through all right-hand sides, so that a strip is read from memory once.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid_product import Graph, Rows

__all__ = [
    "add_product",
    "order_rows",
    "product",
    "prolong_graph",
    "residual_after",
    "residual_graph",
    "restrict_graph",
    "subtract_graph",
    "subtract_product",
    "sweep_down",
    "sweep_down_run",
    "sweep_up",
    "sweep_up_run",
]

STRIP = 1024
"""Rows taken through all right-hand sides at a time."""

Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]


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


@kernel
def sweep_down_run(
    start: Int1,
    before: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    b: Single1,
    x: Single1,
    first: int,
    last: int,
) -> None:
    """Forward sweep from zero over rows first..last."""
    for i in range(first, last):
        total = b[i]
        for k in range(start[i], before[i]):
            total += coupling[k] * x[column[k]]
        x[i] = total * inverse[i]


@kernel
def sweep_up_run(
    start: Int1,
    inside: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    b: Single1,
    old: Single1,
    x: Single1,
    first: int,
    last: int,
) -> None:
    """Backward sweep over rows first..last; other blocks are read from ``old``."""
    for i in range(last - 1, first - 1, -1):
        total = b[i]
        for k in range(start[i], inside[i]):
            total += coupling[k] * x[column[k]]
        for k in range(inside[i], start[i + 1]):
            total += coupling[k] * old[column[k]]
        x[i] = total * inverse[i]


@kernel
def residual_after(
    before: Int1, start: Int1, column: Int1, coupling: Single1, x: Single1, out: Single1, first: int, last: int
) -> None:
    """Residual after `sweep_down_run`, rows first..last."""
    for i in range(first, last):
        total = np.float32(0.0)
        for k in range(before[i], start[i + 1]):
            total += coupling[k] * x[column[k]]
        out[i] = total


@kernel
def subtract_product(
    start: Int1, column: Int1, coupling: Single1, ground: Single1, x: Single1, b: Single1, first: int, last: int
) -> None:
    """``b -= A x`` in differences, rows first..last."""
    for i in range(first, last):
        here = x[i]
        total = ground[i] * here
        for k in range(start[i], start[i + 1]):
            total += coupling[k] * (here - x[column[k]])
        b[i] -= total


@kernel
def product(start: Int1, column: Int1, weight: Single1, x: Single1, out: Single1, first: int, last: int) -> None:
    """``out = R x`` for rows first..last of a sparse matrix R."""
    for i in range(first, last):
        total = np.float32(0.0)
        for k in range(start[i], start[i + 1]):
            total += weight[k] * x[column[k]]
        out[i] = total


@kernel
def add_product(start: Int1, column: Int1, weight: Single1, x: Single1, out: Single1, first: int, last: int) -> None:
    """``out += P x`` for rows first..last of a sparse matrix P."""
    for i in range(first, last):
        total = np.float32(0.0)
        for k in range(start[i], start[i + 1]):
            total += weight[k] * x[column[k]]
        out[i] += total


@kernel
def _sweep_down_block(
    start: Int1, before: Int1, column: Int1, coupling: Single1, inverse: Single1, block: Int1, b: Single2, x: Single2
) -> None:
    for part in range(0, 4, 2):
        for first in range(block[part], block[part + 1], STRIP):
            last = min(first + STRIP, block[part + 1])
            for m in range(b.shape[0]):
                sweep_down_run(start, before, column, coupling, inverse, b[m], x[m], first, last)


@parallel_kernel
def sweep_down(graph: Graph, before: Int1, bounds: Int2, b: Single2, x: Single2) -> None:
    """Forward sweep from zero."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_down_block(start, before, column, coupling, inverse, bounds[t], b, x)


@kernel
def _sweep_up_block(
    start: Int1,
    inside: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    block: Int1,
    b: Single2,
    old: Single2,
    x: Single2,
) -> None:
    for part in range(2, -1, -2):
        for last in range(block[part + 1], block[part], -STRIP):
            first = max(last - STRIP, block[part])
            for m in range(b.shape[0]):
                sweep_up_run(start, inside, column, coupling, inverse, b[m], old[m], x[m], first, last)


@parallel_kernel
def sweep_up(graph: Graph, inside: Int1, bounds: Int2, b: Single2, old: Single2, x: Single2) -> None:
    """Backward sweep; other blocks are read from ``old``, a copy of x."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_up_block(start, inside, column, coupling, inverse, bounds[t], b, old, x)


@parallel_kernel
def residual_graph(graph: Graph, before: Int1, x: Single2, out: Single2) -> None:
    """Residual after `sweep_down`."""
    start, column, coupling = graph.start, graph.column, graph.coupling
    for strip in prange((out.shape[1] + STRIP - 1) // STRIP):
        for m in range(x.shape[0]):
            last = min((strip + 1) * STRIP, out.shape[1])
            residual_after(before, start, column, coupling, x[m], out[m], strip * STRIP, last)


@parallel_kernel
def subtract_graph(graph: Graph, x: Single2, b: Single2) -> None:
    """``b -= A x`` in differences."""
    start, column, coupling, ground = graph.start, graph.column, graph.coupling, graph.ground
    for strip in prange((b.shape[1] + STRIP - 1) // STRIP):
        for m in range(x.shape[0]):
            last = min((strip + 1) * STRIP, b.shape[1])
            subtract_product(start, column, coupling, ground, x[m], b[m], strip * STRIP, last)


@parallel_kernel
def restrict_graph(r: Rows, fine: Single2, out: Single2) -> None:
    """``out = P^T fine``, with ``r`` the rows of P^T."""
    start, column, weight = r.start, r.column, r.weight
    for strip in prange((out.shape[1] + STRIP - 1) // STRIP):
        for m in range(fine.shape[0]):
            last = min((strip + 1) * STRIP, out.shape[1])
            product(start, column, weight, fine[m], out[m], strip * STRIP, last)


@parallel_kernel
def prolong_graph(p: Rows, coarse: Single2, x: Single2) -> None:
    """``x += P coarse``."""
    start, column, weight = p.start, p.column, p.weight
    for strip in prange((x.shape[1] + STRIP - 1) // STRIP):
        for m in range(x.shape[0]):
            last = min((strip + 1) * STRIP, x.shape[1])
            add_product(start, column, weight, coarse[m], x[m], strip * STRIP, last)
