"""Dense fronts of conductances: eliminate the first nodes of a network, keep the network of the others.

A front of m nodes, the first e of which are to be eliminated, is held in two stretches of flat arrays: the *panel*, rows
0..e-1 of m entries each, and the *packed* block of the last r = m - e nodes, in row blocks of `ROW_BLOCK` that start at
their diagonal. Only entries right of the diagonal mean anything: conductances, all >= 0. Each flat array comes with the
offset at which its stretch starts.

There is no diagonal to store: a node's diagonal is the sum of its conductances to all nodes not yet eliminated. So
nothing is ever subtracted, each result keeps its digits however weak a link is, and a node with nothing left to reach
is found by an exact zero (Grassmann, Taksar and Heyman, Oper. Res. 33, 1985; O'Cinneide, Numer. Math. 65, 1993).

Offsets are unsigned where a loop should become vector instructions: numba then leaves out the test for negative ones.
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
def _add(out, at, values, start, n):
    to, of = np.uint64(at), np.uint64(start)
    for k in range(np.uint64(n)):
        out[to + k] += values[of + k]


@kernel
def _add_scaled(out, at, start, n, factor):
    """out[at:] += factor * out[start:], n entries."""
    to, of = np.uint64(at), np.uint64(start)
    for k in range(np.uint64(n)):
        out[to + k] += factor * out[of + k]


@kernel
def _scale(out, at, n, factor):
    to = np.uint64(at)
    for k in range(np.uint64(n)):
        out[to + k] *= factor


@kernel
def _add_four(out, at, panel, start, step, share, n):
    """out[at:] += four rows of the panel, each times its entry in one column.

    The rows start at ``start``, the entries of the column at ``share``, both one ``step`` after the other.
    """
    a, b, c, d = panel[share], panel[share + step], panel[share + 2 * step], panel[share + 3 * step]
    to, of_a, jump = np.uint64(at), np.uint64(start), np.uint64(step)
    of_b, of_c, of_d = of_a + jump, of_a + jump + jump, of_a + jump + jump + jump
    for k in range(np.uint64(n)):
        out[to + k] += (a * panel[of_a + k] + b * panel[of_b + k]) + (c * panel[of_c + k] + d * panel[of_d + k])


@kernel
def _total(values, start, n):
    """Sum, in eight strands."""
    of = np.uint64(start)
    a = b = c = d = e = f = g = h = 0.0
    for block in range(np.uint64(n // 8)):
        k = of + block * np.uint64(8)
        a += values[k]
        b += values[k + np.uint64(1)]
        c += values[k + np.uint64(2)]
        d += values[k + np.uint64(3)]
        e += values[k + np.uint64(4)]
        f += values[k + np.uint64(5)]
        g += values[k + np.uint64(6)]
        h += values[k + np.uint64(7)]
    for j in range(start + n - n % 8, start + n):
        a += values[j]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@kernel
def add_front(
    source, source_at, size, place, run, first_row, last_row, panel, panel_at, n_own, n_front, packed, packed_at
):
    """Add rows of a child's packed block to its parent's front.

    ``place`` (size,) is where the child's nodes stand in the front, increasing; ``run`` (size,) ends each stretch of
    consecutive places. Rows of one child go to rows of their own, so that threads can share the rows.
    """
    rest = n_front - n_own
    for row in range(first_row, last_row):
        start = source_at + packed_row(row, size)
        target = place[row]
        col = row + 1
        if target < n_own:
            at = panel_at + target * n_front
            while col < size:
                _add(panel, at + place[col], source, start + col, run[col] - col)
                col = run[col]
        else:
            at = packed_at + packed_row(target - n_own, rest) - n_own
            while col < size:
                _add(packed, at + place[col], source, start + col, run[col] - col)
                col = run[col]


@kernel
def leading_rows(panel, at, n_front, first, last):
    """Eliminate rows first..last-1 among themselves; their diagonal entries become ``1 / sqrt(d)``, 0 where d is 0.

    The entry left of a row's diagonal, else unused, holds its conductance to all later columns meanwhile.
    """
    for k in range(first, last):
        row = at + k * n_front
        panel[row + k] = _total(panel, row + last, n_front - last)
    for k in range(first, last):
        row = at + k * n_front
        outside = panel[row + k]
        total = outside + _total(panel, row + k + 1, last - k - 1)
        scale = 1.0 / math.sqrt(total) if total > 0.0 else 0.0
        panel[row + k] = scale
        _scale(panel, row + k + 1, last - k - 1, scale)
        outside *= scale
        for i in range(k + 1, last):
            share = panel[row + i]
            if share > 0.0:
                other = at + i * n_front
                panel[other + i] += share * outside
                _add_scaled(panel, other + i + 1, row + i + 1, last - i - 1, share)


@kernel
def scale_columns(panel, at, n_front, first, last, start, stop):
    """Carry the elimination of rows first..last-1 to columns start..stop-1: forward substitution, all terms >= 0."""
    for begin in range(start, stop, _COLUMNS):
        n = min(stop, begin + _COLUMNS) - begin
        for k in range(first, last):
            row = at + k * n_front
            i = first
            while i + 3 < k:
                _add_four(panel, row + begin, panel, at + i * n_front + begin, n_front, at + i * n_front + k, n)
                i += 4
            while i < k:
                _add_scaled(panel, row + begin, at + i * n_front + begin, n, panel[at + i * n_front + k])
                i += 1
            _scale(panel, row + begin, n, panel[row + k])


@kernel
def update_rows(panel, at, n_front, first, middle, last, start, stop):
    """Add what rows first..middle-1 give to rows middle..last-1, in columns start..stop-1."""
    add_product(
        panel[at + first * n_front + middle :], n_front,
        panel[at + first * n_front + start :], n_front,
        last - middle, stop - start, middle - first,
        panel[at + middle * n_front + start :], n_front,
    )  # fmt: skip


@kernel
def doubling(step):
    """Largest power of two that divides step: how many row blocks to carry on after ``step`` of them are done."""
    return step & -step


@kernel
def factor_rows(panel, at, n_front, n_own):
    """Eliminate the panel's rows in blocks; what blocks give is carried on by powers of two, so in large products."""
    for first in range(0, n_own, PANEL):
        last = min(first + PANEL, n_own)
        leading_rows(panel, at, n_front, first, last)
        scale_columns(panel, at, n_front, first, last, last, n_front)
        if last < n_own:
            width = doubling(last // PANEL) * PANEL
            update_rows(panel, at, n_front, last - width, last, min(last + width, n_own), last, n_front)


@kernel
def update_block(panel, at, n_own, n_front, block, packed, packed_at):
    """Add what the eliminated rows give to one row block of the packed part."""
    rest = n_front - n_own
    first = block * ROW_BLOCK
    rows = min(ROW_BLOCK, rest - first)
    lead = panel[at + n_own + first :]
    out = packed[packed_at + packed_row(first, rest) + first :]
    add_product(lead, n_front, lead, n_front, rows, rest - first, n_own, out, rest - first)


@kernel
def _update_small(panel, at, n_own, n_front, packed, packed_at):
    """The same for a front too small for BLAS: one row at a time, four eliminated nodes at a time."""
    rest = n_front - n_own
    for row in range(rest):
        col = at + n_own + row
        line = packed_at + row * rest + row
        i = 0
        while i + 3 < n_own:
            _add_four(packed, line, panel, col + i * n_front, n_front, col + i * n_front, rest - row)
            i += 4
        while i < n_own:
            share = panel[col + i * n_front]
            to, of = np.uint64(line), np.uint64(col + i * n_front)
            for k in range(np.uint64(rest - row)):
                packed[to + k] += share * panel[of + k]
            i += 1


@kernel
def eliminate(panel, at, n_own, n_front, packed, packed_at):
    """Eliminate a front's own nodes: the packed block becomes the network of the others."""
    factor_rows(panel, at, n_front, n_own)
    rest = n_front - n_own
    if rest <= ROW_BLOCK and n_own * rest * rest <= _SMALL:
        _update_small(panel, at, n_own, n_front, packed, packed_at)
    elif n_own > 0:
        for block in range((rest + ROW_BLOCK - 1) // ROW_BLOCK):
            update_block(panel, at, n_own, n_front, block, packed, packed_at)
