"""Which nodes and edges belong to a front of the dissection of a raster.

The raster is cut by lines one cell wide, each line at its *depth*. A box is what lies between lines. Its own nodes (the
line that cuts it, or all cells of a small box) are eliminated; what is left are the cells around the box and the kept
nodes met so far. All fronts list the cells around a box by the depth of the line they lie in, deepest first, and along
the line, and kept nodes last: so the nodes of a child stand in the same order in its parent.

Ids: a kept node has its number, ground the next one (``n_kept``), a plain cell ``n_kept + 1 + (row - first_row) * width
+ col``.
"""

from typing import Any, NamedTuple

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection_dense import packed_row

__all__ = [
    "NONE",
    "PLAIN",
    "Box",
    "Landscape",
    "add_edges",
    "clear_places",
    "leaf_cells",
    "leaf_edges",
    "line_cells",
    "line_edges",
    "north_or_west",
    "number_front",
    "place_nodes",
    "south_or_east",
]

NONE, PLAIN = -1, -2
_ROW_STEP = (0, 1, 1, 1)
_COL_STEP = (1, 0, 1, -1)


class Landscape(NamedTuple):
    """Conductances (4, H, W) [S], ground (H, W) [S], node (H, W): kept number, PLAIN or NONE; n_kept; first_row of ids."""

    conductance: Any
    ground: Any
    node: Any
    n_kept: Any
    first_row: Any


class Box(NamedTuple):
    """Rows and columns [first, last), and the depth of the line beyond each side, -1 where the raster ends."""

    row0: Any
    row1: Any
    col0: Any
    col1: Any
    north: Any
    south: Any
    west: Any
    east: Any


@kernel
def north_or_west(box, depth):
    """First half of a box cut across its longer side."""
    if box.col1 - box.col0 >= box.row1 - box.row0:
        return Box(box.row0, box.row1, box.col0, (box.col0 + box.col1) // 2, box.north, box.south, box.west, depth)
    return Box(box.row0, (box.row0 + box.row1) // 2, box.col0, box.col1, box.north, depth, box.west, box.east)


@kernel
def south_or_east(box, depth):
    """Second half of a box; the line between the halves belongs to neither."""
    if box.col1 - box.col0 >= box.row1 - box.row0:
        return Box(box.row0, box.row1, (box.col0 + box.col1) // 2 + 1, box.col1, box.north, box.south, depth, box.east)
    return Box((box.row0 + box.row1) // 2 + 1, box.row1, box.col0, box.col1, depth, box.south, box.west, box.east)


@kernel
def _id_of(land, row, col):
    node = land.node[row, col]
    if node == PLAIN:
        return land.n_kept + 1 + (row - land.first_row) * land.node.shape[1] + col
    return node


@kernel
def _put(ends, weight, n, first, second, conductance):
    """Append an edge that joins two different nodes; n of them so far."""
    if second < 0 or first == second or not 0.0 < conductance < float("inf"):
        return n
    ends[n, 0] = first
    ends[n, 1] = second
    weight[n] = conductance
    return n + 1


@kernel
def _inside(box, row, col):
    return box.row0 <= row < box.row1 and box.col0 <= col < box.col1


@kernel
def _on_raster(land, row, col):
    return 0 <= row < land.node.shape[0] and 0 <= col < land.node.shape[1]


@kernel
def _edges_out(land, box, row, col, here, ends, weight, n):
    """Edges of a cell of the box to cells beyond it."""
    for k in range(4):
        r, c = row + _ROW_STEP[k], col + _COL_STEP[k]
        if _on_raster(land, r, c) and not _inside(box, r, c):
            n = _put(ends, weight, n, here, _id_of(land, r, c), land.conductance[k, row, col])
        r, c = row - _ROW_STEP[k], col - _COL_STEP[k]
        if _on_raster(land, r, c) and not _inside(box, r, c):
            n = _put(ends, weight, n, here, _id_of(land, r, c), land.conductance[k, r, c])
    return n


@kernel
def _edges_within(land, box, row, col, here, ends, weight, n):
    """Edges of a cell to later cells of the box."""
    for k in range(4):
        r, c = row + _ROW_STEP[k], col + _COL_STEP[k]
        if _inside(box, r, c):
            n = _put(ends, weight, n, here, _id_of(land, r, c), land.conductance[k, row, col])
    return n


@kernel
def leaf_edges(land, box, ends, weight):
    """All edges with an end in the box, and those to ground. Fills ends (n, 2) and weight (n,); returns n."""
    n = 0
    for row in range(box.row0, box.row1):
        for col in range(box.col0, box.col1):
            here = _id_of(land, row, col)
            if here < 0:
                continue
            n = _put(ends, weight, n, here, land.n_kept, land.ground[row, col])
            n = _edges_within(land, box, row, col, here, ends, weight, n)
            if row == box.row0 or row == box.row1 - 1 or col == box.col0 or col == box.col1 - 1:
                n = _edges_out(land, box, row, col, here, ends, weight, n)
    return n


@kernel
def _line_box(box):
    """The line that cuts the box, as a box."""
    if box.col1 - box.col0 >= box.row1 - box.row0:
        middle = (box.col0 + box.col1) // 2
        return Box(box.row0, box.row1, middle, middle + 1, box.north, box.south, box.west, box.east)
    middle = (box.row0 + box.row1) // 2
    return Box(middle, middle + 1, box.col0, box.col1, box.north, box.south, box.west, box.east)


@kernel
def line_edges(land, box, ends, weight):
    """Edges along the line that cuts the box, from its ends to cells beyond the box, and those to ground."""
    line = _line_box(box)
    n = 0
    for row in range(line.row0, line.row1):
        for col in range(line.col0, line.col1):
            here = _id_of(land, row, col)
            if here < 0:
                continue
            n = _put(ends, weight, n, here, land.n_kept, land.ground[row, col])
            n = _edges_within(land, line, row, col, here, ends, weight, n)
            if row == box.row0 or row == box.row1 - 1 or col == box.col0 or col == box.col1 - 1:
                n = _edges_out(land, box, row, col, here, ends, weight, n)
    return n


@kernel
def leaf_cells(land, box, place, ids):
    """List and place the plain cells of a box; returns how many."""
    n = 0
    for row in range(box.row0, box.row1):
        for col in range(box.col0, box.col1):
            if land.node[row, col] == PLAIN:
                ids[n] = _id_of(land, row, col)
                place[ids[n]] = n
                n += 1
    return n


@kernel
def line_cells(land, box, place, ids):
    """List and place the plain cells of the line that cuts a box; returns how many."""
    return leaf_cells(land, _line_box(box), place, ids)


@kernel
def _mark(node, n_kept, place, kept, n):
    """Note a node that belongs to the front; kept nodes are also listed, n of them so far."""
    if place[node] != -1:
        return n
    place[node] = -2
    if node <= n_kept:
        kept[n] = node
        return n + 1
    return n


@kernel
def number_front(land, box, children, ends, n_edge, n_own, place, kept, ids):
    """Place the nodes of a front beyond its own: cells around the box in order, then kept nodes.

    ``children`` holds the ids left by the two halves, ``ends`` the front's own edges. Fills ids and place (one entry
    per id, -1 before); returns the size of the front.
    """
    n = 0
    for k in range(children.size):
        n = _mark(children[k], land.n_kept, place, kept, n)
    for k in range(n_edge):
        n = _mark(ends[k, 0], land.n_kept, place, kept, n)
        n = _mark(ends[k, 1], land.n_kept, place, kept, n)
    at = _place_ring(land, box, n_own, place, ids)
    if n > 1:
        kept[:n].sort()
    for k in range(n):
        ids[at] = kept[k]
        place[kept[k]] = at
        at += 1
    return at


@kernel
def _place_ring(land, box, at, place, ids):
    """Place the marked cells around a box, deepest line first; a corner belongs to the shallower of its lines."""
    depths = (box.north, box.south, box.west, box.east)
    last = 1 << 30
    for _ in range(4):
        side = -1
        for k in range(4):
            if 0 <= depths[k] < last and (side < 0 or depths[k] > depths[side]):
                side = k
        if side < 0:
            break
        last = depths[side]
        at = _place_side(land, box, side, last, at, place, ids)
    return at


@kernel
def _place_side(land, box, side, depth, at, place, ids):
    width = land.node.shape[1]
    if side < 2:
        row = box.row0 - 1 if side == 0 else box.row1
        first = box.col0 - (1 if depth < box.west else 0)
        last = box.col1 + (1 if depth < box.east else 0)
        start, step, n = row * width + first, 1, last - first
    else:
        col = box.col0 - 1 if side == 2 else box.col1
        first = box.row0 - (1 if depth < box.north else 0)
        last = box.row1 + (1 if depth < box.south else 0)
        start, step, n = first * width + col, width, last - first
    start += land.n_kept + 1 - land.first_row * width
    for k in range(n):
        node = start + k * step
        if place[node] == -2:
            place[node] = at
            ids[at] = node
            at += 1
    return at


@kernel
def place_nodes(ids, place, at, run):
    """Where a child's nodes stand in the front (at), and where each stretch of consecutive places ends (run)."""
    n = ids.size
    for k in range(n):
        at[k] = place[ids[k]]
    for k in range(n - 1, -1, -1):
        run[k] = run[k + 1] if k + 1 < n and at[k + 1] == at[k] + 1 else k + 1


@kernel
def clear_places(ids, place):
    """Forget the places of a front."""
    for k in range(ids.size):
        place[ids[k]] = -1


@kernel
def add_edges(ends, weight, n_edge, place, panel, n_own, n_front, packed):
    """Add a front's own edges."""
    for k in range(n_edge):
        a, b = place[ends[k, 0]], place[ends[k, 1]]
        low, high = min(a, b), max(a, b)
        if low < n_own:
            panel[low * n_front + high] += weight[k]
        else:
            packed[packed_row(low - n_own, n_front - n_own) + high - n_own] += weight[k]
