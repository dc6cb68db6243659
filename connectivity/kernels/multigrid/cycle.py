"""The cycle on coarse levels for one right-hand side: graphs in rows, fields (n,) float32; `multigrid_lanes` takes four.

Down: a forward sweep of Gauss-Seidel from zero, which reads the first part of each row (`multigrid_order`); the residual after it
reads the others. Up: the backward sweep, its adjoint. Parallel loops run over blocks, or over strips of rows.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid.product import Graph, Rows

__all__ = ["STRIP", "add_product", "product", "residual_after", "subtract_product", "sweep_down", "sweep_up"]

STRIP = 1024
"""Rows that a thread takes at a time where their order does not matter."""

Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Single1 = NDArray[np.float32]


@kernel
def _sweep_down(
    start: Int1, before: Int1, column: Int1, coupling: Single1, inverse: Single1, block: Int1, b: Single1, x: Single1
) -> None:
    for part in range(0, 4, 2):
        for i in range(block[part], block[part + 1]):
            total = b[i]
            for k in range(start[i], before[i]):
                total += coupling[k] * x[column[k]]
            x[i] = total * inverse[i]


@parallel_kernel
def sweep_down(graph: Graph, before: Int1, bounds: Int2, b: Single1, x: Single1) -> None:
    """Forward sweep from zero."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_down(start, before, column, coupling, inverse, bounds[t], b, x)


@kernel
def _sweep_up(
    start: Int1,
    inside: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    block: Int1,
    b: Single1,
    old: Single1,
    x: Single1,
) -> None:
    for part in range(2, -1, -2):
        for i in range(block[part + 1] - 1, block[part] - 1, -1):
            total = b[i]
            for k in range(start[i], inside[i]):
                total += coupling[k] * x[column[k]]
            for k in range(inside[i], start[i + 1]):
                total += coupling[k] * old[column[k]]
            x[i] = total * inverse[i]


@parallel_kernel
def sweep_up(graph: Graph, inside: Int1, bounds: Int2, b: Single1, old: Single1, x: Single1) -> None:
    """Backward sweep; other blocks are read from ``old``, a copy of x."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_up(start, inside, column, coupling, inverse, bounds[t], b, old, x)


@kernel
def _sum_from(
    first: Int1, last: Int1, column: Int1, value: Single1, x: Single1, i: int, end: int, out: Single1
) -> None:
    """``out[i] = sum of value x[column]`` over entries first[i]..last[i], rows i..end."""
    for row in range(i, end):
        total = np.float32(0.0)
        for k in range(first[row], last[row]):
            total += value[k] * x[column[k]]
        out[row] = total


@parallel_kernel
def residual_after(graph: Graph, before: Int1, x: Single1, out: Single1) -> None:
    """Residual after `sweep_down`."""
    last, column, coupling = graph.start[1:], graph.column, graph.coupling
    for strip in prange((out.size + STRIP - 1) // STRIP):
        _sum_from(before, last, column, coupling, x, strip * STRIP, min((strip + 1) * STRIP, out.size), out)


@parallel_kernel
def product(r: Rows, x: Single1, out: Single1) -> None:
    """``out = R x``."""
    first, last, column, weight = r.start, r.start[1:], r.column, r.weight
    for strip in prange((out.size + STRIP - 1) // STRIP):
        _sum_from(first, last, column, weight, x, strip * STRIP, min((strip + 1) * STRIP, out.size), out)


@kernel
def _add_rows(start: Int1, column: Int1, weight: Single1, x: Single1, i: int, end: int, out: Single1) -> None:
    for row in range(i, end):
        total = np.float32(0.0)
        for k in range(start[row], start[row + 1]):
            total += weight[k] * x[column[k]]
        out[row] += total


@parallel_kernel
def add_product(p: Rows, x: Single1, out: Single1) -> None:
    """``out += P x``."""
    start, column, weight = p.start, p.column, p.weight
    for strip in prange((out.size + STRIP - 1) // STRIP):
        _add_rows(start, column, weight, x, strip * STRIP, min((strip + 1) * STRIP, out.size), out)


@kernel
def _subtract_rows(
    start: Int1, column: Int1, coupling: Single1, ground: Single1, x: Single1, i: int, end: int, b: Single1
) -> None:
    for row in range(i, end):
        here = x[row]
        total = ground[row] * here
        for k in range(start[row], start[row + 1]):
            total += coupling[k] * (here - x[column[k]])
        b[row] -= total


@parallel_kernel
def subtract_product(graph: Graph, x: Single1, b: Single1) -> None:
    """``b -= A x`` in differences."""
    start, column, coupling, ground = graph.start, graph.column, graph.coupling, graph.ground
    for strip in prange((b.size + STRIP - 1) // STRIP):
        _subtract_rows(start, column, coupling, ground, x, strip * STRIP, min((strip + 1) * STRIP, b.size), b)
