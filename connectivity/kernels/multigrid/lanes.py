"""The cycle on coarse levels for four right-hand sides at a time: as `multigrid_cycle`, with fields (n, 4) float32.

The four lanes of an unknown lie together, so that the price of a row is that of reading it once: extra right-hand sides are
nearly free. Lanes are written out by hand because they must stay in registers.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid.cycle import STRIP
from connectivity.kernels.multigrid.product import Graph, Rows

__all__ = [
    "LANES",
    "add_product",
    "add_rows",
    "product",
    "residual_after",
    "subtract_product",
    "subtract_rows",
    "sum_rows",
    "sweep_down",
    "sweep_down_run",
    "sweep_up",
    "sweep_up_run",
]

LANES = 4

Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]


@kernel
def sweep_down_run(
    start: Int1,
    before: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    b: Single2,
    x: Single2,
    i: int,
    end: int,
) -> None:
    """Forward sweep from zero over rows i..end."""
    for row in range(i, end):
        t0, t1, t2, t3 = b[row, 0], b[row, 1], b[row, 2], b[row, 3]
        for k in range(start[row], before[row]):
            w, q = coupling[k], column[k]
            t0 += w * x[q, 0]
            t1 += w * x[q, 1]
            t2 += w * x[q, 2]
            t3 += w * x[q, 3]
        w = inverse[row]
        x[row, 0], x[row, 1], x[row, 2], x[row, 3] = t0 * w, t1 * w, t2 * w, t3 * w


@kernel
def _sweep_down(
    start: Int1, before: Int1, column: Int1, coupling: Single1, inverse: Single1, block: Int1, b: Single2, x: Single2
) -> None:
    for part in range(0, 4, 2):
        sweep_down_run(start, before, column, coupling, inverse, b, x, block[part], block[part + 1])


@parallel_kernel
def sweep_down(graph: Graph, before: Int1, bounds: Int2, b: Single2, x: Single2) -> None:
    """Forward sweep from zero."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_down(start, before, column, coupling, inverse, bounds[t], b, x)


@kernel
def sweep_up_run(
    start: Int1,
    inside: Int1,
    column: Int1,
    coupling: Single1,
    inverse: Single1,
    b: Single2,
    old: Single2,
    x: Single2,
    i: int,
    end: int,
) -> None:
    """Backward sweep over rows i..end; other blocks are read from ``old``."""
    for row in range(end - 1, i - 1, -1):
        t0, t1, t2, t3 = b[row, 0], b[row, 1], b[row, 2], b[row, 3]
        for k in range(start[row], inside[row]):
            w, q = coupling[k], column[k]
            t0 += w * x[q, 0]
            t1 += w * x[q, 1]
            t2 += w * x[q, 2]
            t3 += w * x[q, 3]
        for k in range(inside[row], start[row + 1]):
            w, q = coupling[k], column[k]
            t0 += w * old[q, 0]
            t1 += w * old[q, 1]
            t2 += w * old[q, 2]
            t3 += w * old[q, 3]
        w = inverse[row]
        x[row, 0], x[row, 1], x[row, 2], x[row, 3] = t0 * w, t1 * w, t2 * w, t3 * w


@kernel
def _sweep_up(
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
        sweep_up_run(start, inside, column, coupling, inverse, b, old, x, block[part], block[part + 1])


@parallel_kernel
def sweep_up(graph: Graph, inside: Int1, bounds: Int2, b: Single2, old: Single2, x: Single2) -> None:
    """Backward sweep; other blocks are read from ``old``, a copy of x."""
    start, column, coupling, inverse = graph.start, graph.column, graph.coupling, graph.inverse
    for t in prange(bounds.shape[0]):
        _sweep_up(start, inside, column, coupling, inverse, bounds[t], b, old, x)


@kernel
def sum_rows(first: Int1, last: Int1, column: Int1, value: Single1, x: Single2, i: int, end: int, out: Single2) -> None:
    """``out[row] = sum of value x[column]`` over entries first[row]..last[row], rows i..end."""
    zero = np.float32(0.0)
    for row in range(i, end):
        t0, t1, t2, t3 = zero, zero, zero, zero
        for k in range(first[row], last[row]):
            w, q = value[k], column[k]
            t0 += w * x[q, 0]
            t1 += w * x[q, 1]
            t2 += w * x[q, 2]
            t3 += w * x[q, 3]
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = t0, t1, t2, t3


@parallel_kernel
def residual_after(graph: Graph, before: Int1, x: Single2, out: Single2) -> None:
    """Residual after `sweep_down`."""
    last, column, coupling = graph.start[1:], graph.column, graph.coupling
    for strip in prange((out.shape[0] + STRIP - 1) // STRIP):
        sum_rows(before, last, column, coupling, x, strip * STRIP, min((strip + 1) * STRIP, out.shape[0]), out)


@parallel_kernel
def product(r: Rows, x: Single2, out: Single2) -> None:
    """``out = R x``."""
    first, last, column, weight = r.start, r.start[1:], r.column, r.weight
    for strip in prange((out.shape[0] + STRIP - 1) // STRIP):
        sum_rows(first, last, column, weight, x, strip * STRIP, min((strip + 1) * STRIP, out.shape[0]), out)


@kernel
def add_rows(start: Int1, column: Int1, weight: Single1, x: Single2, i: int, end: int, out: Single2) -> None:
    """``out += P x``, rows i..end."""
    for row in range(i, end):
        t0, t1, t2, t3 = out[row, 0], out[row, 1], out[row, 2], out[row, 3]
        for k in range(start[row], start[row + 1]):
            w, q = weight[k], column[k]
            t0 += w * x[q, 0]
            t1 += w * x[q, 1]
            t2 += w * x[q, 2]
            t3 += w * x[q, 3]
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = t0, t1, t2, t3


@parallel_kernel
def add_product(p: Rows, x: Single2, out: Single2) -> None:
    """``out += P x``."""
    start, column, weight = p.start, p.column, p.weight
    for strip in prange((out.shape[0] + STRIP - 1) // STRIP):
        add_rows(start, column, weight, x, strip * STRIP, min((strip + 1) * STRIP, out.shape[0]), out)


@kernel
def subtract_rows(
    start: Int1, column: Int1, coupling: Single1, ground: Single1, x: Single2, i: int, end: int, b: Single2
) -> None:
    """``b -= A x`` in differences, rows i..end."""
    for row in range(i, end):
        x0, x1, x2, x3 = x[row, 0], x[row, 1], x[row, 2], x[row, 3]
        w = ground[row]
        t0, t1, t2, t3 = w * x0, w * x1, w * x2, w * x3
        for k in range(start[row], start[row + 1]):
            w, q = coupling[k], column[k]
            t0 += w * (x0 - x[q, 0])
            t1 += w * (x1 - x[q, 1])
            t2 += w * (x2 - x[q, 2])
            t3 += w * (x3 - x[q, 3])
        b[row, 0] -= t0
        b[row, 1] -= t1
        b[row, 2] -= t2
        b[row, 3] -= t3


@parallel_kernel
def subtract_product(graph: Graph, x: Single2, b: Single2) -> None:
    """``b -= A x`` in differences."""
    start, column, coupling, ground = graph.start, graph.column, graph.coupling, graph.ground
    for strip in prange((b.shape[0] + STRIP - 1) // STRIP):
        subtract_rows(start, column, coupling, ground, x, strip * STRIP, min((strip + 1) * STRIP, b.shape[0]), b)
