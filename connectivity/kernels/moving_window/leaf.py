"""Eliminate a small box of cells: what it leaves to the cells around it, and how their voltages give its own.

A box of h rows has its cells numbered down its columns, so that a cell joins only the next h + 1; the *rim* is the cells
around the box that it is joined to. Nothing is subtracted, as in `dissection.dense`. Kept of a box are

- the *square*: conductances between rim cells (m, m), symmetric, its diagonal meaningless;
- the *spread* (m, n): voltages of the box's n cells for 1 V at one rim cell, row by row; its transpose is what arrives at
  the rim of current that enters the box;
- the *band* (n, `BAND`): the factor of the box alone, ``1 / sqrt(d)`` and then the conductances to the next cells times it.
"""

import math

import numpy as np

from connectivity.kernels._blas import add_product
from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.front import PLAIN

__all__ = ["BAND", "SIDE", "band_solve", "gather_leaf", "leaf_cells", "reduce_leaf", "spread_leaf"]

SIDE = 7
"""Longest side of a box."""
BAND = SIDE + 2
_ROW_STEP = (0, 1, 1, 1, 0, -1, -1, -1)
_COL_STEP = (1, 0, 1, -1, -1, 0, -1, 1)
_RING = 4 * SIDE + 4


@kernel
def leaf_cells(node, r0, r1, c0, c1, place, ids, at):
    """List and place the cells of a box, column by column; returns how many."""
    n = 0
    width = node.shape[1]
    for col in range(c0, c1):
        for row in range(r0, r1):
            if node[row, col] == PLAIN:
                ids[at + n] = row * width + col
                place[row * width + col] = n
                n += 1
    return n


@kernel
def _ring_of(row, col, height, width):
    """Place of a cell around a box of that size, of (row, col) counted from its corner: north, south, west, east."""
    if row < 0:
        return col + 1
    if row >= height:
        return width + 3 + col
    return 2 * width + 4 + row + (0 if col < 0 else height)


@kernel
def _ring_cell(a, r0, r1, c0, c1, width):
    """The cell at a place of the ring."""
    span = c1 - c0 + 2
    if a < span:
        return (r0 - 1) * width + c0 - 1 + a
    if a < 2 * span:
        return r1 * width + c0 - 1 + a - span
    a -= 2 * span
    if a < r1 - r0:
        return (r0 + a) * width + c0 - 1
    return (r0 + a - (r1 - r0)) * width + c1


@kernel
def _enter(conductance, node, r0, r1, c0, c1, place, ids, at, n, band, rim, joined):
    """Enter the conductances of a box's cells, and which places of the ring they join; rim rows are `_RING` long."""
    rows, cols = node.shape
    for k in range(n):
        row, col = ids[at + k] // cols, ids[at + k] % cols
        for s in range(8):
            r, c = row + _ROW_STEP[s], col + _COL_STEP[s]
            if r < 0 or r >= rows or c < 0 or c >= cols or node[r, c] != PLAIN:
                continue
            forth = s < 4
            g = conductance[s % 4, row if forth else r, col if forth else c]
            if not g > 0.0:
                continue
            if r0 <= r < r1 and c0 <= c < c1:
                other = place[r * cols + c]
                if other > k:
                    band[k * BAND + other - k] += g
            else:
                a = _ring_of(r - r0, c - c0, r1 - r0, c1 - c0)
                rim[k * _RING + a] += g
                joined[a] = 1


@kernel
def _choose(r0, r1, c0, c1, width, joined, n, rim, ids, at):
    """List the joined cells of the ring and bring the rim's rows to their number; returns it."""
    m = 0
    for a in range(2 * (r1 - r0 + c1 - c0) + 4):
        if joined[a] == 1:
            ids[at + m] = _ring_cell(a, r0, r1, c0, c1, width)
            joined[m] = a
            m += 1
    for k in range(n):
        for b in range(m):
            rim[k * m + b] = rim[k * _RING + joined[b]]
    return m


@kernel
def _eliminate(band, rim, n, m):
    """Eliminate the cells; rows are left times ``1 / sqrt(d)``; returns how many were joined to nothing any more."""
    pinned = 0
    for k in range(n):
        row, side = k * BAND, np.uint64(k * m)
        total = 0.0
        for t in range(1, BAND):
            total += band[row + t]
        for j in range(np.uint64(m)):
            total += rim[side + j]
        scale = 1.0 / math.sqrt(total) if total > 0.0 else 0.0
        pinned += 0 if total > 0.0 else 1
        band[row] = scale
        for t in range(1, BAND):
            band[row + t] *= scale
        for j in range(np.uint64(m)):
            rim[side + j] *= scale
        for t in range(1, min(BAND, n - k)):
            share = band[row + t]
            if share > 0.0:
                other = np.uint64((k + t) * m)
                for j in range(np.uint64(m)):
                    rim[other + j] += share * rim[side + j]
                for s in range(1, BAND - t):
                    band[(k + t) * BAND + s] += share * band[row + t + s]
    return pinned


@kernel
def _spread(band, rim, n, m, out, at):
    """Walk back up: rim rows become voltages per rim volt; written transposed to out (m, n) at ``at``."""
    for k in range(n - 1, -1, -1):
        side = np.uint64(k * m)
        for t in range(1, min(BAND, n - k)):
            share = band[k * BAND + t]
            if share > 0.0:
                other = np.uint64((k + t) * m)
                for j in range(np.uint64(m)):
                    rim[side + j] += share * rim[other + j]
        scale = band[k * BAND]
        for j in range(np.uint64(m)):
            rim[side + j] *= scale
    for j in range(m):
        for k in range(n):
            out[at + j * n + k] = rim[k * m + j]


@kernel
def reduce_leaf(conductance, node, r0, r1, c0, c1, place, ids, at, rim, values, spread_at, band_at, squares, square_at):
    """Eliminate a box; ids get its cells, then its rim's; returns (n, m, cells joined to nothing any more).

    conductance (4, H, W) [S], node (H, W) int32, place (H * W,) int32 with -1 before and after; ``rim`` (n * ring,) is
    scratch. The spread goes to ``values[spread_at:]``, the band to ``values[band_at:]``, the square to
    ``squares[square_at:]``; ``band_at`` may lie right behind the largest spread.
    """
    width = node.shape[1]
    n = leaf_cells(node, r0, r1, c0, c1, place, ids, at)
    joined = np.zeros(_RING, np.int64)
    band = values[band_at : band_at + n * BAND]
    band[:] = 0.0
    rim[: n * _RING] = 0.0
    _enter(conductance, node, r0, r1, c0, c1, place, ids, at, n, band, rim, joined)
    for k in range(n):
        place[ids[at + k]] = -1
    m = _choose(r0, r1, c0, c1, width, joined, n, rim, ids, at + n)
    pinned = _eliminate(band, rim, n, m)
    squares[square_at : square_at + m * m] = 0.0
    if n > 0 and m > 0:
        add_product(rim, m, rim, m, m, m, n, squares[square_at:], m)
    _spread(band, rim, n, m, values, spread_at)
    return n, m, pinned


@kernel
def band_solve(values, band_at, n, work):
    """Voltages of a box alone, its rim held at 0 V, in place of what enters it: work (n,)."""
    for k in range(n):
        row = band_at + k * BAND
        work[k] *= values[row]
        share = work[k]
        if share != 0.0:
            for t in range(1, min(BAND, n - k)):
                work[k + t] += values[row + t] * share
    for k in range(n - 1, -1, -1):
        row = band_at + k * BAND
        total = work[k]
        for t in range(1, min(BAND, n - k)):
            total += values[row + t] * work[k + t]
        work[k] = total * values[row]


@kernel
def gather_leaf(values, at, n, m, current, work):
    """What of current (n,) that enters a box arrives at its rim: work (m,)."""
    for j in range(m):
        row = at + j * n
        total = 0.0
        for k in range(n):
            total += values[row + k] * current[k]
        work[j] = total


@kernel
def spread_leaf(values, at, n, m, volts, work):
    """Add to work (n,) the voltages that a box has from its rim's, volts (m,)."""
    step, first = np.uint64(n), np.uint64(at)
    j = 0
    while j + 3 < m:
        a, b, c, d = volts[j], volts[j + 1], volts[j + 2], volts[j + 3]
        of = first + np.uint64(j) * step
        of_b = of + step
        of_c = of_b + step
        of_d = of_c + step
        for k in range(step):
            work[k] += (a * values[of + k] + b * values[of_b + k]) + (c * values[of_c + k] + d * values[of_d + k])
        j += 4
    while j < m:
        a, of = volts[j], first + np.uint64(j) * step
        for k in range(step):
            work[k] += a * values[of + k]
        j += 1
