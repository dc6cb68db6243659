"""What overlapping windows share: blocks of the lattice, eliminated once, on demand.

A block is a square of `PITCH` cells less the line of cells that parts it from the next; inside it is halved by lines down
to `leaf` boxes, by one plan for all blocks. Each box of the plan that a window holds whole, with the cells around it, has
the same part in that window's elimination as in any other, and so have the currents of its cells in proportion.

A row of blocks has its place (*slot*) in the arrays until a row that many rows further down takes it.
"""

from typing import Any, NamedTuple

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import add_front, eliminate, packed_size
from connectivity.kernels.dissection.front import Box, add_edges, clear_places, place_nodes
from connectivity.kernels.moving_window.fronts import add_square, mirror, open_front, pinned_rows
from connectivity.kernels.moving_window.leaf import band_solve, gather_leaf, reduce_leaf

__all__ = [
    "BANDS",
    "CELLS",
    "COL0",
    "COL1",
    "COUNTS",
    "FIELDS",
    "FIRST",
    "IDS",
    "LEAF",
    "LEFT",
    "LINE",
    "PANELS",
    "RIGHT",
    "ROW0",
    "ROW1",
    "RUNS",
    "SQUARES",
    "VERTICAL",
    "Bench",
    "Blocks",
    "Land",
    "block_box",
    "close_front",
    "ensure",
]

# Columns of a plan: a box's cells, how it is cut, where its numbers lie in a block's room.
(ROW0, ROW1, COL0, COL1, LEAF, VERTICAL, LINE, LEFT, RIGHT, FIRST, COUNTS, IDS, PANELS, BANDS, SQUARES, RUNS) = range(
    16
)
FIELDS = 16
CELLS = 4
"""Counts of a box, before its ids: whether it is done, own cells, cells around it, cells joined to nothing."""


class Land(NamedTuple):
    """Of a tile: conductance (4, H, W) [S], ground (H, W) of zeros, node (H, W) int32, source (H * W,) [A]."""

    conductance: Any
    ground: Any
    node: Any
    source: Any


class Blocks(NamedTuple):
    """The plan (n, `FIELDS`) int64, pitch, slot_row (n_slot,) int64, ints and reals of all blocks in their slots.

    ``kept`` (H * W,) is what `fronts.forth_front` leaves of the sources, or in a leaf the voltages of the box alone.
    """

    plan: Any
    pitch: Any
    n_col: Any
    room_ints: Any
    room_reals: Any
    slot_row: Any
    ints: Any
    reals: Any
    kept: Any


class Bench(NamedTuple):
    """One thread's room: scratch of a front, ids, the stack of what boxes left, and the window's factor."""

    place: Any
    ends: Any
    weight: Any
    around: Any
    at: Any
    run: Any
    rim: Any
    work: Any
    ids: Any
    stack: Any
    factor: Any
    steps: Any


@kernel
def block_box(plan, u, row, col, height, width):
    """A box of a block whose first cell is (row, col), cut off where the raster ends."""
    r0, c0 = min(row + plan[u, ROW0], height), min(col + plan[u, COL0], width)
    r1, c1 = min(row + plan[u, ROW1], height), min(col + plan[u, COL1], width)
    return Box(
        r0,
        r1,
        c0,
        c1,
        3 if r0 > 0 else -1,
        2 if r1 < height else -1,
        1 if c0 > 0 else -1,
        0 if c1 < width else -1,
        -1,
        0,
    )


@kernel
def close_front(bench, n_edge, n_own, size, at, kids, n_kid, sources, panel, panel_at, packed_at):
    """Fill a front that was opened with its ids at ``at`` and eliminate it: panel[panel_at:], bench.stack[packed_at:].

    kids (2, 4): kind (0 a square in ``sources``, 1 packed, 2 a square on the stack), cells, where they start in the ids,
    where in the values. ``n_own * size`` entries of the panel are used.
    """
    rest = size - n_own
    stack = bench.stack
    panel[panel_at : panel_at + n_own * size] = 0.0
    stack[packed_at : packed_at + packed_size(rest)] = 0.0
    add_edges(bench.ends, bench.weight, n_edge, bench.place, panel, panel_at, n_own, size, stack, packed_at)
    for k in range(n_kid):
        kind, n, of, values = kids[k, 0], kids[k, 1], kids[k, 2], kids[k, 3]
        place_nodes(bench.ids, of, n, bench.place, bench.at, bench.run)
        if kind == 1:
            add_front(stack, values, n, bench.at, bench.run, 0, n, panel, panel_at, n_own, size, stack, packed_at)
        elif kind == 0:
            add_square(sources, values, n, bench.at, bench.run, panel, panel_at, n_own, size, stack, packed_at)
        else:
            add_square(stack, values, n, bench.at, bench.run, panel, panel_at, n_own, size, stack, packed_at)
    clear_places(bench.ids, at, size, bench.place)
    eliminate(panel, panel_at, n_own, size, stack, packed_at)


@kernel
def _build_leaf(land, blocks, bench, box, counts, ids, values, u):
    plan, ints, reals = blocks.plan, blocks.ints, blocks.reals
    spread, band = values + plan[u, PANELS], values + plan[u, BANDS]
    n, m, pinned = reduce_leaf(
        land.conductance,
        land.node,
        box.row0,
        box.row1,
        box.col0,
        box.col1,
        bench.place,
        ints,
        ids,
        bench.rim,
        reals,
        spread,
        band,
        reals,
        values + plan[u, SQUARES],
    )
    ints[counts], ints[counts + 1], ints[counts + 2], ints[counts + 3] = 1, n, m, pinned
    work = bench.work
    for k in range(n):
        work[k] = land.source[ints[ids + k]]
    run = values + plan[u, RUNS]
    gather_leaf(reals, spread, n, m, work, reals[run : run + m])
    band_solve(reals, band, n, work)
    for k in range(n):
        blocks.kept[ints[ids + k]] = work[k]


@kernel
def _line_of(box, plan, u, row, col):
    """The line that cuts a box, as a box; without cells where it lies beyond the raster."""
    r0, r1, c0, c1, n, s, w, e, n_kept, first_row = box
    if plan[u, VERTICAL] == 1:
        line = col + plan[u, LINE]
        return Box(r0, r1 if line < c1 else r0, line, line + 1, n, s, w, e, n_kept, first_row)
    line = row + plan[u, LINE]
    return Box(line, line + 1, c0, c1 if line < r1 else c0, n, s, w, e, n_kept, first_row)


@kernel
def _build_line(land, blocks, bench, box, own, base_ints, base_reals, u, at, top):
    """Eliminate the line between two boxes; scratch ids from ``at`` on, scratch of the stack from ``top`` on."""
    plan, ints, reals = blocks.plan, blocks.ints, blocks.reals
    kids = np.zeros((2, 4), np.int64)
    n_child = pinned = 0
    for k in range(2):
        kid = plan[u, LEFT + k]
        counts, ids = base_ints + plan[kid, COUNTS], base_ints + plan[kid, IDS]
        first, n = ids + ints[counts + 1], ints[counts + 2]
        pinned += ints[counts + 3]
        kids[k, 1], kids[k, 2], kids[k, 3] = n, at + n_child, base_reals + plan[kid, SQUARES]
        for j in range(n):
            bench.ids[at + n_child + j] = ints[first + j]
        n_child += n
    n_own, size, n_edge = open_front(
        land.conductance,
        land.ground,
        land.node,
        own,
        box,
        bench.ends,
        bench.weight,
        bench.place,
        bench.around,
        bench.ids,
        at,
        n_child,
    )
    counts, ids = base_ints + plan[u, COUNTS], base_ints + plan[u, IDS]
    panel = base_reals + plan[u, PANELS]
    work = bench.work
    _gather_line(land, blocks, bench, kids, base_ints, base_reals, u, at + n_child, n_own, size, work)
    close_front(bench, n_edge, n_own, size, at + n_child, kids, 2, reals, reals, panel, top)
    mirror(bench.stack, top, size - n_own, reals, base_reals + plan[u, SQUARES])
    for k in range(size):
        ints[ids + k] = bench.ids[at + n_child + k]
    pinned += pinned_rows(reals, panel, n_own, size)
    ints[counts], ints[counts + 1], ints[counts + 2], ints[counts + 3] = 1, n_own, size - n_own, pinned
    for k in range(n_own):
        share = work[k] * reals[panel + k * size + k]
        blocks.kept[ints[ids + k]] = share
        for j in range(k + 1, size):
            work[j] += share * reals[panel + k * size + j]
    for k in range(n_own, size):
        reals[base_reals + plan[u, RUNS] + k - n_own] = work[k]


@kernel
def _gather_line(land, blocks, bench, kids, base_ints, base_reals, u, at, n_own, size, work):
    """Sources of the line's cells and what arrives from the boxes beside it: work (size,)."""
    plan = blocks.plan
    for k in range(size):
        work[k] = land.source[bench.ids[at + k]] if k < n_own else 0.0
    for k in range(2):
        kid = plan[u, LEFT + k]
        for j in range(kids[k, 1]):
            work[bench.place[bench.ids[kids[k, 2] + j]]] += blocks.reals[base_reals + plan[kid, RUNS] + j]


@kernel
def ensure(land, blocks, bench, block_row, block_col, box, at, top):
    """Have a box of a block eliminated, with all boxes in it; returns the block's number, for its place in the arrays."""
    plan, ints = blocks.plan, blocks.ints
    height, width = land.node.shape
    slot = block_row % blocks.slot_row.size
    if blocks.slot_row[slot] != block_row:
        blocks.slot_row[slot] = block_row
        for col in range(blocks.n_col):
            for u in range(plan.shape[0]):
                ints[(slot * blocks.n_col + col) * blocks.room_ints + plan[u, COUNTS]] = 0
    block = slot * blocks.n_col + block_col
    base_ints, base_reals = block * blocks.room_ints, block * blocks.room_reals
    row, col = block_row * blocks.pitch, block_col * blocks.pitch
    for u in range(plan[box, FIRST], box + 1):
        if ints[base_ints + plan[u, COUNTS]] == 0:
            here = block_box(plan, u, row, col, height, width)
            if plan[u, LEAF] == 1:
                counts, ids = base_ints + plan[u, COUNTS], base_ints + plan[u, IDS]
                _build_leaf(land, blocks, bench, here, counts, ids, base_reals, u)
            elif here.row0 >= here.row1 or here.col0 >= here.col1:
                counts = base_ints + plan[u, COUNTS]
                ints[counts], ints[counts + 1], ints[counts + 2], ints[counts + 3] = 1, 0, 0, 0
            else:
                own = _line_of(here, plan, u, row, col)
                _build_line(land, blocks, bench, here, own, base_ints, base_reals, u, at, top)
    return block
