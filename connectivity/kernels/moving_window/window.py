"""Eliminate one window: whole boxes as they were eliminated for all, what is cut by its rim and the lines above afresh.

The result is a list of *steps* in the order of elimination, (n, `STEP`) int64: a box of a block (0, block row and column,
box), a front of the window's own (1, where its ids are, own cells, all cells, where its panel is) or a cut leaf (2, where
its ids are, cells, cells around it, where its spread is, where its band is).
"""

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import packed_size
from connectivity.kernels.dissection.front import PLAIN, Box, clear_places
from connectivity.kernels.moving_window.blocks import (
    COUNTS,
    IDS,
    LEAF,
    LEFT,
    LINE,
    SQUARES,
    VERTICAL,
    close_front,
    ensure,
)
from connectivity.kernels.moving_window.fronts import halves, open_front, pinned_rows
from connectivity.kernels.moving_window.leaf import BAND, reduce_leaf

__all__ = ["STEP", "dissect_window", "holds"]

STEP = 6
_DEEPEST = 64
_LEAF_ROOM = 49 * 32 + 49 * BAND


@kernel
def holds(mask, row, col, box, height, width):
    """Whether a mask with its first cell at (row, col) holds a box and the cells around it, as far as the raster goes.

    The mask is a disc or a rectangle, so that the corners decide.
    """
    r0, r1 = max(box.row0 - 1, 0) - row, min(box.row1 + 1, height) - 1 - row
    c0, c1 = max(box.col0 - 1, 0) - col, min(box.col1 + 1, width) - 1 - col
    if r0 < 0 or c0 < 0 or r1 >= mask.shape[0] or c1 >= mask.shape[1]:
        return False
    return mask[r0, c0] and mask[r0, c1] and mask[r1, c0] and mask[r1, c1]


@kernel
def _touches(mask, row, col, box):
    """Whether a mask holds any cell of a box: the one nearest to its middle decides."""
    r = min(max(row + mask.shape[0] // 2, box.row0), box.row1 - 1) - row
    c = min(max(col + mask.shape[1] // 2, box.col0), box.col1 - 1) - col
    return 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c]


@kernel
def _put_box(todo, level, box, first_row, last_row, first_col, last_col, u):
    row = todo[level]
    row[0], row[1], row[2], row[3] = box.row0, box.row1, box.col0, box.col1
    row[4], row[5], row[6], row[7] = box.north, box.south, box.west, box.east
    row[8], row[9], row[10], row[11], row[12], row[13] = first_row, last_row, first_col, last_col, u, 0


@kernel
def _cut_of(blocks, row):
    """How a box on the way down is cut: vertical or not, at which line, between which blocks."""
    plan, pitch = blocks.plan, blocks.pitch
    if row[12] >= 0:
        vertical = plan[row[12], VERTICAL] == 1
        return vertical, (row[10] if vertical else row[8]) * pitch + plan[row[12], LINE], 0
    vertical = row[11] - row[10] >= row[9] - row[8]
    middle = (row[10] + row[11]) // 2 if vertical else (row[8] + row[9]) // 2
    return vertical, middle * pitch - 1, middle


@kernel
def _put_half(blocks, todo, level, half, second, vertical, middle):
    """Put one half of the box at a level on the way down."""
    row = todo[level]
    i0, i1, j0, j1, u = row[8], row[9], row[10], row[11], row[12]
    if u >= 0:
        u = blocks.plan[u, LEFT + (1 if second else 0)]
    elif vertical:
        j0, j1 = (middle, j1) if second else (j0, middle)
    else:
        i0, i1 = (middle, i1) if second else (i0, middle)
    _put_box(todo, level + 1, half, i0, i1, j0, j1, u)


@kernel
def _any_on(node, own):
    """Whether a line has a cell."""
    for row in range(own.row0, own.row1):
        for col in range(own.col0, own.col1):
            if node[row, col] == PLAIN:
                return True
    return False


@kernel
def _note(left, n, kind, size, ids, values):
    left[n, 0], left[n, 1], left[n, 2], left[n, 3] = kind, size, ids, values


@kernel
def dissect_window(land, blocks, bench, node, mask, row, col, bounds):
    """Eliminate all cells of a window; returns (steps, cells joined to nothing any more, room that was short).

    node (H, W) int32 marks the window's cells; mask and its place (row, col) say which boxes are whole; bounds: first and
    last cell row and column, last not included. The third number is 0, or 1 for ids, 2 for the stack, 3 for the factor, 4
    for steps: nothing is then left behind, and the caller tries again with more.
    """
    plan, pitch = blocks.plan, blocks.pitch
    height, width = node.shape
    n_box = plan.shape[0]
    todo, left = np.empty((_DEEPEST, 16), np.int64), np.zeros((_DEEPEST + 2, 4), np.int64)
    kids = np.zeros((2, 4), np.int64)
    i0, i1, j0, j1 = bounds[0] // pitch, bounds[1] // pitch + 1, bounds[2] // pitch, bounds[3] // pitch + 1
    whole = Box(i0 * pitch, min(i1 * pitch - 1, height), j0 * pitch, min(j1 * pitch - 1, width), -1, -1, -1, -1, -1, 0)
    _put_box(todo, 0, whole, i0, i1, j0, j1, -1)
    level = n_left = n_step = pinned = 0
    ids = top = used = np.int64(0)
    while level >= 0:
        here = todo[level]
        box = Box(here[0], here[1], here[2], here[3], here[4], here[5], here[6], here[7], -1, 0)
        if n_step + 2 > bench.steps.shape[0]:
            return n_step, pinned, 4
        if here[13] == 0:
            if box.row0 >= box.row1 or box.col0 >= box.col1 or not _touches(mask, row, col, box):
                level -= 1
                continue
            if here[12] < 0 and here[9] - here[8] == 1 and here[11] - here[10] == 1:
                here[12] = n_box - 1
            u = here[12]
            if u >= 0 and holds(mask, row, col, box, height, width):
                if ids + 8 * pitch * 8 + 256 > bench.ids.size:
                    return n_step, pinned, 1
                if top + 64 * pitch * pitch > bench.stack.size:
                    return n_step, pinned, 2
                block = ensure(land, blocks, bench, here[8], here[10], u, ids, top)
                counts = block * blocks.room_ints + plan[u, COUNTS]
                first = block * blocks.room_ints + plan[u, IDS] + blocks.ints[counts + 1]
                n = np.int64(blocks.ints[counts + 2])
                pinned += blocks.ints[counts + 3]
                for k in range(n):
                    bench.ids[ids + k] = blocks.ints[first + k]
                _note(left, n_left, 0, n, ids, block * blocks.room_reals + plan[u, SQUARES])
                ids += n
                step = bench.steps[n_step]
                step[0], step[1], step[2], step[3] = 0, here[8], here[10], u
                n_left, n_step, level = n_left + 1, n_step + 1, level - 1
                continue
            if u >= 0 and plan[u, LEAF] == 1:
                if ids + 128 > bench.ids.size:
                    return n_step, pinned, 1
                if top + 1024 > bench.stack.size:
                    return n_step, pinned, 2
                if used + _LEAF_ROOM > bench.factor.size:
                    return n_step, pinned, 3
                n, m, alone = reduce_leaf(
                    land.conductance,
                    node,
                    box.row0,
                    box.row1,
                    box.col0,
                    box.col1,
                    bench.place,
                    bench.ids,
                    ids,
                    bench.rim,
                    bench.factor,
                    used + 49 * BAND,
                    used,
                    bench.stack,
                    top,
                )
                pinned += alone
                _note(left, n_left, 2, m, ids + n, top)
                step = bench.steps[n_step]
                step[0], step[1], step[2], step[3], step[4], step[5] = 2, ids, n, m, used + 49 * BAND, used
                ids, top, used = ids + n + m, top + m * m, used + 49 * BAND + n * m
                n_left, n_step, level = n_left + 1, n_step + 1, level - 1
                continue
        vertical, line, middle = _cut_of(blocks, here)
        if here[13] < 2 and line >= (box.col1 if vertical else box.row1):
            if here[12] >= 0:
                here[12] = plan[here[12], LEFT]
            elif vertical:
                here[11] = middle
            else:
                here[9] = middle
            continue
        one, two, own = halves(box, vertical, line, level)
        here[13] += 1
        if here[13] == 1:
            here[14] = n_left
            _put_half(blocks, todo, level, one, False, vertical, middle)
            level += 1
            continue
        if here[13] == 2:
            _put_half(blocks, todo, level, two, True, vertical, middle)
            level += 1
            continue
        level -= 1
        n_kid = n_left - here[14]
        if n_kid < 2 and not _any_on(node, own):
            continue
        n_child = 0
        base = top
        for k in range(n_kid):
            kid = left[here[14] + k]
            kids[k, 0], kids[k, 1], kids[k, 3] = kid[0], kid[1], kid[3]
            n_child += kid[1]
            if kid[0] > 0:
                base = min(base, kid[3])
        if ids + 3 * (n_child + 2 * (height + width)) > bench.ids.size:
            return n_step, pinned, 1
        start, at = ids, ids
        for k in range(n_kid):
            of = left[here[14] + k, 2]
            kids[k, 2] = at
            for j in range(kids[k, 1]):
                bench.ids[at + j] = bench.ids[of + j]
            at += kids[k, 1]
        n_own, size, n_edge = open_front(
            land.conductance,
            land.ground,
            node,
            own,
            box,
            bench.ends,
            bench.weight,
            bench.place,
            bench.around,
            bench.ids,
            start,
            n_child,
        )
        rest = size - n_own
        short = 0
        if top + packed_size(rest) > bench.stack.size:
            short = 2
        if used + n_own * size > bench.factor.size:
            short = 3
        if short > 0:
            clear_places(bench.ids, at, size, bench.place)
            return n_step, pinned, short
        close_front(bench, n_edge, n_own, size, at, kids, n_kid, blocks.reals, bench.factor, used, top)
        pinned += pinned_rows(bench.factor, used, n_own, size)
        for k in range(size):
            bench.ids[start + k] = bench.ids[at + k]
        for k in range(packed_size(rest)):
            bench.stack[base + k] = bench.stack[top + k]
        step = bench.steps[n_step]
        step[0], step[1], step[2], step[3], step[4] = 1, start, n_own, size, used
        n_left = here[14]
        _note(left, n_left, 1, rest, start + n_own, base)
        ids, top, used = start + size, base + packed_size(rest), used + n_own * size
        n_left, n_step = n_left + 1, n_step + 1
    return n_step, pinned, 0
