"""Fronts of moving windows: opened, filled from what boxes left, eliminated, swept through forth and back.

Ids are cells, ``row * width + col``. A front's ids are its own cells, then the others. What a box leaves is either a
*square* (m, m), symmetric, of cells in any order, or a *packed* triangle of cells in the order of the front above it.
"""

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import packed_row
from connectivity.kernels.dissection.front import Box, front_edges, number_front, own_cells

__all__ = ["add_square", "back_front", "forth_front", "halves", "mirror", "open_front", "pinned_rows"]


@kernel
def halves(box, vertical, line, depth):
    """The two parts of a box on either side of a line of cells, and the line itself."""
    r0, r1, c0, c1, north, south, west, east, n_kept, first_row = box
    if vertical:
        return (
            Box(r0, r1, c0, line, north, south, west, depth, n_kept, first_row),
            Box(r0, r1, line + 1, c1, north, south, depth, east, n_kept, first_row),
            Box(r0, r1, line, line + 1, north, south, west, east, n_kept, first_row),
        )
    return (
        Box(r0, line, c0, c1, north, depth, west, east, n_kept, first_row),
        Box(line + 1, r1, c0, c1, depth, south, west, east, n_kept, first_row),
        Box(line, line + 1, c0, c1, north, south, west, east, n_kept, first_row),
    )


@kernel
def open_front(conductance, ground, node, own, box, ends, weight, place, kept, ids, at, n_child):
    """List and place a front's cells behind the n_child that its boxes left; returns (own cells, all, edges)."""
    n_edge = front_edges(conductance, ground, node, own, box, ends, weight)
    n_own = own_cells(node, own, box, place, ids, at + n_child)
    size = number_front(node, box, ends, n_edge, n_own, place, kept, ids, at, n_child)
    return n_own, size, n_edge


@kernel
def _add(out, at, values, start, n):
    to, of = np.uint64(at), np.uint64(start)
    for k in range(np.uint64(n)):
        out[to + k] += values[of + k]


@kernel
def add_square(source, source_at, size, place, run, panel, panel_at, n_own, n_front, packed, packed_at):
    """Add what a box left as a square; ``place`` and ``run`` as for `dissection.dense.add_front`, in any order."""
    rest = n_front - n_own
    for row in range(size):
        start = source_at + row * size
        target = place[row]
        if target < n_own:
            at = panel_at + target * n_front
            col = 0
            while col < size:
                end = run[col]
                first = row + 1 if col <= row < end else col
                if first < end and place[first] > target:
                    _add(panel, at + place[first], source, start + first, end - first)
                col = end
        else:
            at = packed_at + packed_row(target - n_own, rest) - n_own
            col = 0
            while col < size:
                end = run[col]
                first = row + 1 if col <= row < end else col
                if first < end and place[first] > target:
                    _add(packed, at + place[first], source, start + first, end - first)
                col = end


@kernel
def mirror(packed, packed_at, size, square, square_at):
    """Write a packed triangle as a square."""
    for row in range(size):
        start = packed_at + packed_row(row, size)
        line = square_at + row * size
        square[line + row] = 0.0
        for col in range(row + 1, size):
            square[line + col] = packed[start + col]
    for first in range(0, size, 16):
        for row in range(first, size):
            for col in range(first, min(first + 16, row)):
                square[square_at + row * size + col] = square[square_at + col * size + row]


@kernel
def pinned_rows(panel, at, n_own, n_front):
    """How many of a front's own cells were joined to nothing any more."""
    n = 0
    for k in range(n_own):
        n += 1 if panel[at + k * n_front + k] == 0.0 else 0
    return n


@kernel
def forth_front(panel, at, n_own, n_front, ids, first_id, load, work):
    """Eliminate a front from the currents load (n_cell,) [A]: its own cells keep what their voltage needs."""
    for k in range(n_own):
        work[k] = load[ids[first_id + k]]
    for k in range(n_own, n_front):
        work[k] = 0.0
    for k in range(n_own):
        row = np.uint64(at + k * n_front)
        share = work[k] * panel[row + np.uint64(k)]
        work[k] = share
        if share != 0.0:
            for j in range(np.uint64(k + 1), np.uint64(n_front)):
                work[j] += share * panel[row + j]
    for k in range(n_own):
        load[ids[first_id + k]] = work[k]
    for k in range(n_own, n_front):
        load[ids[first_id + k]] += work[k]


@kernel
def _product(values, start, other, first, n):
    """Inner product, in eight strands."""
    of, to = np.uint64(start), np.uint64(first)
    a = b = c = d = e = f = g = h = 0.0
    for block in range(np.uint64(n // 8)):
        k = block * np.uint64(8)
        a += values[of + k] * other[to + k]
        b += values[of + k + np.uint64(1)] * other[to + k + np.uint64(1)]
        c += values[of + k + np.uint64(2)] * other[to + k + np.uint64(2)]
        d += values[of + k + np.uint64(3)] * other[to + k + np.uint64(3)]
        e += values[of + k + np.uint64(4)] * other[to + k + np.uint64(4)]
        f += values[of + k + np.uint64(5)] * other[to + k + np.uint64(5)]
        g += values[of + k + np.uint64(6)] * other[to + k + np.uint64(6)]
        h += values[of + k + np.uint64(7)] * other[to + k + np.uint64(7)]
    for j in range(n - n % 8, n):
        a += values[start + j] * other[first + j]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@kernel
def back_front(panel, at, n_own, n_front, ids, first_id, kept, factor, volts, work):
    """Voltages [V] of a front's own cells from those of the others; ``factor * kept`` is what `forth_front` left."""
    for k in range(n_own, n_front):
        work[k] = volts[ids[first_id + k]]
    for k in range(n_own - 1, -1, -1):
        row = at + k * n_front
        total = _product(panel, row + k + 1, work, k + 1, n_front - k - 1)
        work[k] = panel[row + k] * (factor * kept[ids[first_id + k]] + total)
        volts[ids[first_id + k]] = work[k]
