"""Dense fronts of conductances: eliminate the first nodes of a network, keep the network of the others.

A front of m nodes, the first e of which are to be eliminated, is held in two flat arrays: the *panel*, rows 0..e-1 of
m entries each, and the *packed* block of the last r = m - e nodes, in row blocks of `ROW_BLOCK` that start at their
diagonal. Only entries right of the diagonal mean anything: conductances, all >= 0.

There is no diagonal to store: a node's diagonal is the sum of its conductances to all nodes not yet eliminated. So
nothing is ever subtracted, each result keeps its digits however weak a link is, and a node with nothing left to reach
is found by an exact zero (Grassmann, Taksar and Heyman, Oper. Res. 33, 1985; O'Cinneide, Numer. Math. 65, 1993).
"""

import math

import numpy as np

from connectivity.kernels._blas import add_product
from connectivity.kernels._jit import kernel

__all__ = [
    "PANEL",
    "ROW_BLOCK",
    "add_front",
    "doubling",
    "eliminate",
    "factor_rows",
    "leading_rows",
    "packed_row",
    "packed_size",
    "scale_columns",
    "update_block",
    "update_rows",
]

PANEL = 32
ROW_BLOCK = 256
_COLUMNS = 128
_SMALL = 16384


@kernel
def packed_row(row, size):
    """Where a row of a packed block lies: entry (row, col) is at this offset plus col."""
    block = row // ROW_BLOCK
    first = block * ROW_BLOCK
    before = ROW_BLOCK * (block * size - ROW_BLOCK * block * (block - 1) // 2)
    return before + (row - first) * (size - first) - first


@kernel
def packed_size(size):
    """Entries of a packed block of ``size`` nodes."""
    full = size // ROW_BLOCK
    rest = size - full * ROW_BLOCK
    return ROW_BLOCK * (full * size - ROW_BLOCK * full * (full - 1) // 2) + rest * rest


@kernel
def add_front(source, size, place, run, first_row, last_row, panel, n_own, n_front, packed):
    """Add rows of a child's packed block to its parent's front.

    ``place`` (size,) is where the child's nodes stand in the front, increasing; ``run`` (size,) ends each stretch of
    consecutive places. Rows of one child go to rows of their own, so that threads can share the rows.
    """
    rest = n_front - n_own
    for row in range(first_row, last_row):
        at = packed_row(row, size)
        target = place[row]
        if target < n_own:
            line, shift = panel[target * n_front : (target + 1) * n_front], 0
        else:
            start = packed_row(target - n_own, rest) + target - n_own
            line, shift = packed[start : start + n_front - target], target
        col = row + 1
        while col < size:
            n = run[col] - col
            part = source[at + col : at + col + n]
            into = line[place[col] - shift : place[col] - shift + n]
            for k in range(n):
                into[k] += part[k]
            col += n


@kernel
def leading_rows(panel, n_front, first, last):
    """Eliminate rows first..last-1 among themselves; their diagonal entries become ``1 / sqrt(d)``, 0 where d is 0."""
    width = last - first
    outside = np.empty(width)
    for k in range(width):
        outside[k] = _total(panel[(first + k) * n_front + last : (first + k + 1) * n_front])
    for k in range(width):
        row = panel[(first + k) * n_front + first : (first + k) * n_front + last]
        total = outside[k] + _total(row[k + 1 :])
        scale = 1.0 / math.sqrt(total) if total > 0.0 else 0.0
        row[k] = scale
        outside[k] *= scale
        for j in range(k + 1, width):
            row[j] *= scale
        for i in range(k + 1, width):
            share = row[i]
            if share > 0.0:
                outside[i] += share * outside[k]
                other = panel[(first + i) * n_front + first : (first + i) * n_front + last]
                for j in range(i + 1, width):
                    other[j] += share * row[j]


@kernel
def _total(values):
    """Sum, in four strands."""
    n = values.size
    a = b = c = d = 0.0
    for k in range(0, n - 3, 4):
        a += values[k]
        b += values[k + 1]
        c += values[k + 2]
        d += values[k + 3]
    for k in range(n - n % 4, n):
        a += values[k]
    return (a + b) + (c + d)


@kernel
def scale_columns(panel, n_front, first, last, start, stop):
    """Carry the elimination of rows first..last-1 to columns start..stop-1: forward substitution, all terms >= 0."""
    for begin in range(start, stop, _COLUMNS):
        end = min(stop, begin + _COLUMNS)
        for k in range(first, last):
            row = panel[k * n_front + begin : k * n_front + end]
            i = first
            while i + 3 < k:
                _add_four(panel, n_front, i, k, begin, end, row)
                i += 4
            while i < k:
                share = panel[i * n_front + k]
                other = panel[i * n_front + begin : i * n_front + end]
                for j in range(end - begin):
                    row[j] += share * other[j]
                i += 1
            scale = panel[k * n_front + k]
            for j in range(end - begin):
                row[j] *= scale


@kernel
def _add_four(panel, n_front, i, col, begin, end, row):
    """Add four rows times their entries in one column."""
    a, b = panel[i * n_front + col], panel[(i + 1) * n_front + col]
    c, d = panel[(i + 2) * n_front + col], panel[(i + 3) * n_front + col]
    row_a = panel[i * n_front + begin : i * n_front + end]
    row_b = panel[(i + 1) * n_front + begin : (i + 1) * n_front + end]
    row_c = panel[(i + 2) * n_front + begin : (i + 2) * n_front + end]
    row_d = panel[(i + 3) * n_front + begin : (i + 3) * n_front + end]
    for j in range(end - begin):
        row[j] += a * row_a[j] + b * row_b[j] + c * row_c[j] + d * row_d[j]


@kernel
def update_rows(panel, n_front, first, middle, last, start, stop):
    """Add what rows first..middle-1 give to rows middle..last-1, in columns start..stop-1."""
    add_product(
        panel[first * n_front + middle :], n_front,
        panel[first * n_front + start :], n_front,
        last - middle, stop - start, middle - first,
        panel[middle * n_front + start :], n_front,
    )  # fmt: skip


@kernel
def doubling(step):
    """Largest power of two that divides step: how many row blocks to carry on after ``step`` of them are done."""
    return step & -step


@kernel
def factor_rows(panel, n_front, n_own):
    """Eliminate the panel's rows in blocks; what blocks give is carried on by powers of two, so in large products."""
    for first in range(0, n_own, PANEL):
        last = min(first + PANEL, n_own)
        leading_rows(panel, n_front, first, last)
        scale_columns(panel, n_front, first, last, last, n_front)
        if last < n_own:
            width = doubling(last // PANEL) * PANEL
            update_rows(panel, n_front, last - width, last, min(last + width, n_own), last, n_front)


@kernel
def update_block(panel, n_own, n_front, block, packed):
    """Add what the eliminated rows give to one row block of the packed part."""
    rest = n_front - n_own
    first = block * ROW_BLOCK
    rows = min(ROW_BLOCK, rest - first)
    lead = panel[n_own + first :]
    out = packed[packed_row(first, rest) + first :]
    add_product(lead, n_front, lead, n_front, rows, rest - first, n_own, out, rest - first)


@kernel
def _update_small(panel, n_own, n_front, packed):
    """The same for a front too small for BLAS: one row at a time, four eliminated nodes at a time."""
    rest = n_front - n_own
    for row in range(rest):
        col = n_own + row
        line = packed[row * rest + row : (row + 1) * rest]
        i = 0
        while i + 3 < n_own:
            _add_four(panel, n_front, i, col, col, n_front, line)
            i += 4
        while i < n_own:
            share = panel[i * n_front + col]
            other = panel[i * n_front + col : (i + 1) * n_front]
            for j in range(rest - row):
                line[j] += share * other[j]
            i += 1


@kernel
def eliminate(panel, n_own, n_front, packed):
    """Eliminate a front's own nodes: the packed block becomes the network of the others."""
    if n_own == 0:
        return
    factor_rows(panel, n_front, n_own)
    rest = n_front - n_own
    if rest <= ROW_BLOCK and n_own * rest * rest <= _SMALL:
        _update_small(panel, n_own, n_front, packed)
        return
    for block in range((rest + ROW_BLOCK - 1) // ROW_BLOCK):
        update_block(panel, n_own, n_front, block, packed)
