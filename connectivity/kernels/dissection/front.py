"""Which nodes and edges belong to a front of the dissection of a raster.

The raster is cut by lines one cell wide, each line at its *depth*. A box is what lies between lines. Its own nodes (the
line that cuts it, or all cells of a small box) are eliminated; what is left are the cells around the box and the kept
nodes met so far. All fronts list the cells around a box by the depth of the line they lie in, deepest first, and along
the line, and kept nodes last: so the nodes of a child stand in the same order in its parent.

Ids: a kept node has its number, ground the next one (``n_kept``), a plain cell ``n_kept + 1 + (row - first_row) * width
+ col``.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import packed_row

__all__ = [
    "NONE",
    "PLAIN",
    "Box",
    "add_edges",
    "clear_places",
    "dividing_line",
    "front_edges",
    "next_side",
    "north_or_west",
    "number_front",
    "own_cells",
    "place_nodes",
    "side_cells",
    "south_or_east",
]

NONE, PLAIN = -1, -2
_ROW_STEP = (0, 1, 1, 1)
_COL_STEP = (1, 0, 1, -1)


class Box(NamedTuple):
    """Rows and columns [first, last); the depth of the line beyond each side, -1 where the raster ends; how ids count."""

    row0: Any
    row1: Any
    col0: Any
    col1: Any
    north: Any
    south: Any
    west: Any
    east: Any
    n_kept: Any
    first_row: Any


@kernel
def north_or_west(box, depth):
    """First half of a box cut across its longer side."""
    r0, r1, c0, c1, north, south, west, east, n_kept, first_row = box
    if c1 - c0 >= r1 - r0:
        return Box(r0, r1, c0, (c0 + c1) // 2, north, south, west, depth, n_kept, first_row)
    return Box(r0, (r0 + r1) // 2, c0, c1, north, depth, west, east, n_kept, first_row)


@kernel
def south_or_east(box, depth):
    """Second half of a box; the line between the halves belongs to neither."""
    r0, r1, c0, c1, north, south, west, east, n_kept, first_row = box
    if c1 - c0 >= r1 - r0:
        return Box(r0, r1, (c0 + c1) // 2 + 1, c1, north, south, depth, east, n_kept, first_row)
    return Box((r0 + r1) // 2 + 1, r1, c0, c1, depth, south, west, east, n_kept, first_row)


@kernel
def dividing_line(box):
    """The line between the halves, as a box."""
    r0, r1, c0, c1, north, south, west, east, n_kept, first_row = box
    if c1 - c0 >= r1 - r0:
        return Box(r0, r1, (c0 + c1) // 2, (c0 + c1) // 2 + 1, north, south, west, east, n_kept, first_row)
    return Box((r0 + r1) // 2, (r0 + r1) // 2 + 1, c0, c1, north, south, west, east, n_kept, first_row)


@kernel
def _id_of(node, box, row, col):
    number = node[row, col]
    if number == PLAIN:
        return box.n_kept + 1 + (row - box.first_row) * node.shape[1] + col
    return number


@kernel
def _put(ends, weight, n, first, second, conductance):
    """Write an edge as the n-th; returns n + 1 if it joins two different nodes, else n: the next one overwrites it."""
    ends[n, 0] = first
    ends[n, 1] = second
    weight[n] = conductance
    joins = (second >= 0) & (first != second) & (conductance > 0.0) & (conductance < math.inf)
    return n + np.int64(joins)


@kernel
def _inside(box, row, col):
    return box.row0 <= row < box.row1 and box.col0 <= col < box.col1


@kernel
def front_edges(conductance, ground, node, own, box, ends, weight):
    """Edges of a front's own cells: among themselves, to cells beyond the box, and to ground.

    conductance (4, H, W) and ground (H, W) [S], node (H, W). ``own`` is the part of the box whose cells are the front's:
    all of a small box, or its dividing line. Fills ends (n, 2), weight (n,); returns n.
    """
    height, width = node.shape
    n = 0
    for row in range(own.row0, own.row1):
        for col in range(own.col0, own.col1):
            if node[row, col] == NONE:
                continue
            here = _id_of(node, box, row, col)
            n = _put(ends, weight, n, here, box.n_kept, ground[row, col])
            for k in range(4):
                r, c = row + _ROW_STEP[k], col + _COL_STEP[k]
                if r < height and 0 <= c < width and (_inside(own, r, c) or not _inside(box, r, c)):
                    n = _put(ends, weight, n, here, _id_of(node, box, r, c), conductance[k, row, col])
                r, c = row - _ROW_STEP[k], col - _COL_STEP[k]
                if r >= 0 and 0 <= c < width and not _inside(box, r, c):
                    n = _put(ends, weight, n, here, _id_of(node, box, r, c), conductance[k, r, c])
    return n


@kernel
def own_cells(node, own, box, place, ids, first_id):
    """List and place the plain cells of a front, in ids from first_id on; returns how many."""
    n = 0
    for row in range(own.row0, own.row1):
        for col in range(own.col0, own.col1):
            if node[row, col] == PLAIN:
                ids[first_id + n] = _id_of(node, box, row, col)
                place[ids[first_id + n]] = n
                n += 1
    return n


@kernel
def _mark(number, n_kept, place, kept, n):
    """Note a node that belongs to the front; new kept nodes are also listed: returns how many there are now."""
    new = place[number] == -1
    place[number] = -2 if new else place[number]
    kept[n] = number
    return n + np.int64(new & (number <= n_kept))


@kernel
def number_front(node, box, ends, n_edge, n_own, place, kept, ids, first_id, n_child):
    """Place the nodes of a front beyond its own: cells around the box in order, then kept nodes.

    ids holds from first_id on what the two halves left (n_child), then the front's own nodes; the others are put after
    them. ``ends`` are the front's own edges; ``place`` has one entry per id, -1 before. Returns the size of the front.
    """
    n = 0
    for k in range(first_id, first_id + n_child):
        n = _mark(ids[k], box.n_kept, place, kept, n)
    for k in range(n_edge):
        n = _mark(ends[k, 0], box.n_kept, place, kept, n)
        n = _mark(ends[k, 1], box.n_kept, place, kept, n)
    first_id += n_child
    at = _place_ring(node.shape[1], box, n_own, place, ids, first_id)
    if n > 1:
        kept[:n].sort()
    for k in range(n):
        ids[first_id + at] = kept[k]
        place[kept[k]] = at
        at += 1
    return at


@kernel
def _place_ring(width, box, at, place, ids, first_id):
    """Place the marked cells around a box, deepest line first; a corner belongs to the shallower of its lines."""
    depth = 1 << 30
    for _ in range(4):
        side, depth = next_side(box, depth)
        start, stop, step = side_cells(box, side, depth, width)
        for number in range(start, stop, step):
            if place[number] == -2:
                place[number] = at
                ids[first_id + at] = number
                at += 1
    return at


@kernel
def next_side(box, below):
    """The side (north 0, south 1, west 2, east 3) with the deepest line less deep than ``below``, and its depth; or -1."""
    side, depth = -1, -1
    if depth < box.north < below:
        side, depth = 0, box.north
    if depth < box.south < below:
        side, depth = 1, box.south
    if depth < box.west < below:
        side, depth = 2, box.west
    if depth < box.east < below:
        side, depth = 3, box.east
    return side, depth


@kernel
def side_cells(box, side, depth, width):
    """Ids of the cells along a side, as a range; none where there is no side."""
    start = stop = 0
    step = 1
    if 0 <= side < 2:
        row = box.row0 - 1 if side == 0 else box.row1
        start = row * width + box.col0 - (1 if depth < box.west else 0)
        stop = row * width + box.col1 + (1 if depth < box.east else 0)
    elif side > 1:
        col = box.col0 - 1 if side == 2 else box.col1
        start = (box.row0 - (1 if depth < box.north else 0)) * width + col
        stop = (box.row1 + (1 if depth < box.south else 0)) * width + col
        step = width
    shift = box.n_kept + 1 - box.first_row * width
    return start + shift, stop + shift, step


@kernel
def place_nodes(ids, first_id, n, place, at, run):
    """Where a child's n nodes stand in the front (at), and where each stretch of consecutive places ends (run)."""
    for k in range(n):
        at[k] = place[ids[first_id + k]]
    for k in range(n - 1, -1, -1):
        run[k] = run[k + 1] if k + 1 < n and at[k + 1] == at[k] + 1 else k + 1


@kernel
def clear_places(ids, first_id, n, place):
    """Forget the places of a front."""
    for k in range(first_id, first_id + n):
        place[ids[k]] = -1


@kernel
def add_edges(ends, weight, n_edge, place, panel, panel_at, n_own, n_front, packed, packed_at):
    """Add a front's own edges."""
    for k in range(n_edge):
        a, b = place[ends[k, 0]], place[ends[k, 1]]
        low, high = min(a, b), max(a, b)
        if low < n_own:
            panel[panel_at + low * n_front + high] += weight[k]
        else:
            packed[packed_at + packed_row(low - n_own, n_front - n_own) + high - n_own] += weight[k]
