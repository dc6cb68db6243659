"""Cholesky factor of a banded matrix, row by row of a raster: the direct solver of small windows.

Nodes are numbered along the rows (or columns) of a window, so that neighbours are at most a row apart. Row ``j`` of the
upper factor holds columns ``j`` to ``last[j]`` and lies at ``flat[j * stride + column]``: any block of it is a plain
matrix of row stride ``stride``. Behind the band each row has room for two blocks of zeros, so that the panels of `factor`
are rectangles.
"""

import math

import numpy as np

from connectivity.kernels._blas import add_product
from connectivity.kernels._jit import kernel

__all__ = ["BLOCK", "factor", "substitute"]

BLOCK = 16
"""Rows that are eliminated together."""


@kernel
def _factor_panel(flat, stride, first, last, end):
    """Rows first..last-1 of the factor, columns up to end; returns the first row without a positive pivot, or -1."""
    for j in range(first, last):
        row = flat[j * stride + j : j * stride + end]
        if not row[0] > 0.0:
            return j
        scale = 1.0 / math.sqrt(row[0])
        for k in range(row.size):
            row[k] *= scale
        for i in range(j + 1, last):
            share = row[i - j]
            if share != 0.0:
                below = flat[i * stride + i : i * stride + end]
                right = row[i - j :]
                for k in range(below.size):
                    below[k] -= share * right[k]
    return -1


@kernel
def _update(flat, stride, first, last, end, negative):
    """Take the panel of rows first..last-1 off the rows that it reaches: last..end-1. ``negative`` is scratch."""
    width, depth = end - last, last - first
    for j in range(first, last):
        for k in range(width):
            negative[(j - first) * width + k] = -flat[j * stride + last + k]
    for top in range(last, end, BLOCK):
        rows = min(BLOCK, end - top)
        add_product(
            negative[top - last :], width, flat[first * stride + top :], stride, rows, end - top, depth,
            flat[top * stride + top :], stride,
        )  # fmt: skip


@kernel
def factor(flat, stride, last):
    """Upper Cholesky factor in place of a banded matrix; returns the first row without a positive pivot, or -1.

    flat (n * (stride + 1),) holds the upper triangle; stride >= bandwidth + 2 BLOCK; last (n,) int64, not falling: last
    column of each row, fill included.
    """
    n = last.size
    negative = np.empty(BLOCK * stride)
    for first in range(0, n, BLOCK):
        after = min(first + BLOCK, n)
        end = last[after - 1] + 1
        bad = _factor_panel(flat, stride, first, after, end)
        if bad >= 0:
            return bad
        if end > after:
            _update(flat, stride, first, after, end, negative)
    return -1


@kernel
def substitute(flat, stride, last, values):
    """Solve with the factor, in place: values (n,) [A] becomes [V]."""
    n = last.size
    for j in range(n):
        row = flat[j * stride + j : j * stride + last[j] + 1]
        values[j] /= row[0]
        share = values[j]
        if share != 0.0:
            right = values[j : last[j] + 1]
            for k in range(1, row.size):
                right[k] -= share * row[k]
    for j in range(n - 1, -1, -1):
        row = flat[j * stride + j : j * stride + last[j] + 1]
        right = values[j : last[j] + 1]
        total = values[j]
        for k in range(1, row.size):
            total -= row[k] * right[k]
        values[j] = total / row[0]
