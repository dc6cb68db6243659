"""The cycle on coarse levels: graphs in rows, fields (n_rhs, n) float32.

Gauss-Seidel within blocks of unknowns, one block a thread, Jacobi between blocks: forward from zero on the way down, its
adjoint backward on the way up. Each row is ordered: [smoothed before, in the block | smoothed after, in the block | other
blocks]. The forward sweep from zero reads the first part only, the residual after it the others.

A block is two runs of unknowns, ``bounds[t] = (first, last + 1, first, last + 1)``: those in raster order and those appended.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid_product import Graph, Rows

__all__ = [
    "dense_solve",
    "order_rows",
    "prolong_graph",
    "residual_graph",
    "restrict_graph",
    "sweep_down",
    "sweep_up",
    "total_residual",
]

Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Single1 = NDArray[np.float32]
Double2 = NDArray[np.float64]
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
def dense_solve(inverse: Double2, b: Single2, x: Single2) -> None:
    """``x = inverse b`` on the coarsest level; the symmetric ``inverse`` (n, n) is float64."""
    for m in range(b.shape[0]):
        total = np.zeros(b.shape[1], np.float64)
        for i in range(b.shape[1]):
            value = np.float64(b[m, i])
            for k in range(b.shape[1]):
                total[k] += value * inverse[i, k]
        x[m, :] = total


@parallel_kernel
def sweep_down(graph: Graph, before: Int1, bounds: Int2, b: Single2, x: Single2) -> None:
    """Forward sweep from zero."""
    for t in prange(bounds.shape[0]):
        for m in range(b.shape[0]):
            for part in range(0, 4, 2):
                for i in range(bounds[t, part], bounds[t, part + 1]):
                    total = b[m, i]
                    for k in range(graph.start[i], before[i]):
                        total += graph.coupling[k] * x[m, graph.column[k]]
                    x[m, i] = total * graph.inverse[i]


@parallel_kernel
def residual_graph(graph: Graph, before: Int1, x: Single2, out: Single2) -> None:
    """Residual after `sweep_down`."""
    for i in prange(graph.ground.size):
        for m in range(x.shape[0]):
            total = np.float32(0.0)
            for k in range(before[i], graph.start[i + 1]):
                total += graph.coupling[k] * x[m, graph.column[k]]
            out[m, i] = total


@parallel_kernel
def total_residual(graph: Graph, b: Single2, x: Single2, out: Single2) -> None:
    """``out = b - A x`` in differences."""
    for i in prange(graph.ground.size):
        for m in range(x.shape[0]):
            here = x[m, i]
            total = b[m, i] - graph.ground[i] * here
            for k in range(graph.start[i], graph.start[i + 1]):
                total -= graph.coupling[k] * (here - x[m, graph.column[k]])
            out[m, i] = total


@parallel_kernel
def restrict_graph(r: Rows, fine: Single2, out: Single2) -> None:
    """``out = P^T fine``, with ``r`` the rows of P^T."""
    for i in prange(out.shape[1]):
        for m in range(fine.shape[0]):
            total = np.float32(0.0)
            for k in range(r.start[i], r.start[i + 1]):
                total += r.weight[k] * fine[m, r.column[k]]
            out[m, i] = total


@parallel_kernel
def prolong_graph(p: Rows, coarse: Single2, x: Single2) -> None:
    """``x += P coarse``."""
    for i in prange(x.shape[1]):
        for m in range(x.shape[0]):
            total = np.float32(0.0)
            for k in range(p.start[i], p.start[i + 1]):
                total += p.weight[k] * coarse[m, p.column[k]]
            x[m, i] += total


@parallel_kernel
def sweep_up(graph: Graph, inside: Int1, bounds: Int2, b: Single2, old: Single2, x: Single2) -> None:
    """Backward sweep; other blocks are read from ``old``, a copy of x."""
    for t in prange(bounds.shape[0]):
        for m in range(b.shape[0]):
            for part in range(2, -1, -2):
                for i in range(bounds[t, part + 1] - 1, bounds[t, part] - 1, -1):
                    total = b[m, i]
                    for k in range(graph.start[i], inside[i]):
                        total += graph.coupling[k] * x[m, graph.column[k]]
                    for k in range(inside[i], graph.start[i + 1]):
                        total += graph.coupling[k] * old[m, graph.column[k]]
                    x[m, i] = total * graph.inverse[i]
