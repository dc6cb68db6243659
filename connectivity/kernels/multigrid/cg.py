"""Conjugate gradients around the cycle: float64 fields in the split layout, one pass over memory a kernel.

Halos are zero. Sums are taken row by row and added up in row order by the caller, so that they do not depend on threads. Products are in
difference form, ``sum g (v_i - v_j)``: a nearly closed fence loses no digits.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel

__all__ = ["advance", "apply_directions", "gather_regions", "inner_rows", "new_directions"]

Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Double1 = NDArray[np.float64]
Double2 = NDArray[np.float64]
Double3 = NDArray[np.float64]
Double4 = NDArray[np.float64]
Long1 = NDArray[np.int64]


@kernel
def _dot(a: Double1, b: Double1 | Single1) -> float:
    """Inner product in eight sums that do not wait for each other."""
    t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = 0.0
    whole = a.size // 8 * 8
    for k in range(0, whole, 8):
        t0 += a[k] * b[k]
        t1 += a[k + 1] * b[k + 1]
        t2 += a[k + 2] * b[k + 2]
        t3 += a[k + 3] * b[k + 3]
        t4 += a[k + 4] * b[k + 4]
        t5 += a[k + 5] * b[k + 5]
        t6 += a[k + 6] * b[k + 6]
        t7 += a[k + 7] * b[k + 7]
    for k in range(whole, a.size):
        t0 += a[k] * b[k]
    return ((t0 + t1) + (t2 + t3)) + ((t4 + t5) + (t6 + t7))


@kernel
def _even_row(g: Single4, leak: Single2, p: Double3, i: int, cols: int, q: Double3) -> None:
    """One row's even columns of ``q = A p``."""
    for j in range(1, cols + 1):
        v = p[i, 0, j]
        q[i, 0, j] = (
            leak[0, j] * v
            + g[0, i, 0, j] * (v - p[i, 1, j])
            + g[0, i, 1, j - 1] * (v - p[i, 1, j - 1])
            + g[1, i, 0, j] * (v - p[i + 1, 0, j])
            + g[1, i - 1, 0, j] * (v - p[i - 1, 0, j])
            + g[2, i, 0, j] * (v - p[i + 1, 1, j])
            + g[2, i - 1, 1, j - 1] * (v - p[i - 1, 1, j - 1])
            + g[3, i, 0, j] * (v - p[i + 1, 1, j - 1])
            + g[3, i - 1, 1, j] * (v - p[i - 1, 1, j])
        )


@kernel
def _odd_row(g: Single4, leak: Single2, p: Double3, i: int, cols: int, q: Double3) -> None:
    """One row's odd columns of ``q = A p``."""
    for j in range(1, cols + 1):
        v = p[i, 1, j]
        q[i, 1, j] = (
            leak[1, j] * v
            + g[0, i, 1, j] * (v - p[i, 0, j + 1])
            + g[0, i, 0, j] * (v - p[i, 0, j])
            + g[1, i, 1, j] * (v - p[i + 1, 1, j])
            + g[1, i - 1, 1, j] * (v - p[i - 1, 1, j])
            + g[2, i, 1, j] * (v - p[i + 1, 0, j + 1])
            + g[2, i - 1, 0, j] * (v - p[i - 1, 0, j])
            + g[3, i, 1, j] * (v - p[i + 1, 0, j])
            + g[3, i - 1, 0, j + 1] * (v - p[i - 1, 0, j + 1])
        )


@parallel_kernel
def apply_directions(g: Single4, ground: Single3, p: Double4, q: Double4, partial: Double2) -> None:
    """``q = A p``; ``partial[m, row]`` = that row's share of p . q. A ``ground`` of one row stands for all rows."""
    cols = p.shape[3] - 2
    for i in prange(1, p.shape[1] - 1):
        leak = ground[i if ground.shape[0] > 1 else 0]
        for m in range(p.shape[0]):
            _even_row(g, leak, p[m], i, cols, q[m])
            _odd_row(g, leak, p[m], i, cols, q[m])
            partial[m, i] = _dot(p[m, i].reshape(-1), q[m, i].reshape(-1))


@parallel_kernel
def new_directions(z: Single4, beta: Double1, p: Double4) -> None:
    """``p = z + beta p``."""
    for i in prange(1, p.shape[1] - 1):
        for m in range(p.shape[0]):
            for h in range(2):
                for j in range(1, p.shape[3] - 1):
                    p[m, i, h, j] = z[m, i, h, j] + beta[m] * p[m, i, h, j]


@parallel_kernel
def advance(alpha: Double1, p: Double4, q: Double4, x: Double4, r: Double4, partial: Double2) -> None:
    """``x += alpha p``, ``r -= alpha q``; ``partial[m, row]`` = that row's share of r . r."""
    for i in prange(1, p.shape[1] - 1):
        for m in range(p.shape[0]):
            for h in range(2):
                for j in range(1, p.shape[3] - 1):
                    x[m, i, h, j] += alpha[m] * p[m, i, h, j]
                    r[m, i, h, j] -= alpha[m] * q[m, i, h, j]
            row = r[m, i].reshape(-1)
            partial[m, i] = _dot(row, row)


@parallel_kernel
def inner_rows(r: Double4, z: Single4, partial: Double2) -> None:
    """``partial[m, row]`` = that row's share of r . z."""
    for i in prange(1, r.shape[1] - 1):
        for m in range(r.shape[0]):
            partial[m, i] = _dot(r[m, i].reshape(-1), z[m, i].reshape(-1))


@kernel
def gather_regions(cell: Long1, start: Long1, width: int, field: Double4) -> None:
    """Sum each region's entries of a field of currents at its first cell, zero at its others."""
    for region in range(start.size - 1):
        for m in range(field.shape[0]):
            total = 0.0
            for t in range(start[region], start[region + 1]):
                row, col = cell[t] // width, cell[t] % width
                total += field[m, row + 1, col & 1, (col >> 1) + 1]
                field[m, row + 1, col & 1, (col >> 1) + 1] = 0.0
            row, col = cell[start[region]] // width, cell[start[region]] % width
            field[m, row + 1, col & 1, (col >> 1) + 1] = total
