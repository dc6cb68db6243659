"""Reduce a box of the raster to the cells around it and its kept nodes: multifrontal nested dissection, on a stack.

George, SIAM J. Numer. Anal. 10 (1973) cuts the grid; Duff and Reid, ACM Trans. Math. Softw. 9 (1983) eliminate by dense
fronts. Only the networks left by the two halves are kept, each until its parent has taken it in.
"""

from typing import Any, NamedTuple

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.brick import BRICK, has_kept, reduce_brick
from connectivity.kernels.dissection.dense import add_front, eliminate, packed_size
from connectivity.kernels.dissection.front import (
    PLAIN,
    Box,
    add_edges,
    clear_places,
    dividing_line,
    front_edges,
    north_or_west,
    number_front,
    own_cells,
    place_nodes,
    south_or_east,
)

__all__ = ["LEAF", "Scratch", "count_kept", "count_ring", "dissect"]

LEAF = 4
_LEVELS = 64


class Scratch(NamedTuple):
    """Working room of one thread.

    ``place`` (n_id,) int32, all -1 between fronts; ``ends`` (n, 2) int32 and ``weight`` (n,) float64 for a front's own
    edges; ``kept``, ``at``, ``run`` (m,) int32 for its nodes.
    """

    place: Any
    ends: Any
    weight: Any
    kept: Any
    at: Any
    run: Any


@kernel
def dissect(conductance, ground, node, box, depth, scratch, stack, ids):
    """Reduce a box; its network comes to lie at the start of stack, packed, its nodes in ids; returns their number.

    conductance (4, H, W) and ground (H, W) [S]; node (H, W): kept number, PLAIN or NONE; stack (n,) float64, ids (n,)
    int32. Boxes are taken halves first: ``todo`` holds the path down to the present one with the number of its halves
    done, ``left`` what lies on the stack: (its nodes, where it starts, where its ids do).
    """
    todo = np.empty((_LEVELS, 9), np.int64)
    left = np.zeros((_LEVELS + 2, 3), np.int64)
    level, n_left = 0, 0
    _push(todo, 0, box)
    while level >= 0:
        row = todo[level]
        here = Box(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], box.n_kept, box.first_row)
        done = row[8]
        row[8] += 1
        longest = max(here.row1 - here.row0, here.col1 - here.col0)
        brick = longest <= BRICK and done == 0 and not has_kept(node, here)
        leaf = longest <= LEAF
        if brick:
            rest = reduce_brick(conductance, ground, node, here, stack, left[n_left, 1], ids, left[n_left, 2])
            _note(left, n_left, rest)
            n_left += 1
            level -= 1
            continue
        if done < 2 and not leaf:
            half = north_or_west(here, depth + level) if done == 0 else south_or_east(here, depth + level)
            level += 1
            _push(todo, level, half)
            continue
        n_first = n_second = 0
        if not leaf:
            n_left -= 2
            n_first, n_second = left[n_left, 0], left[n_left + 1, 0]
        own = here if leaf else dividing_line(here)
        rest = _reduce_front(
            conductance, ground, node, own, here, scratch.place, scratch.ends, scratch.weight, scratch.kept, scratch.at,
            scratch.run, stack, left[n_left, 1], ids, left[n_left, 2], n_first, n_second,
        )  # fmt: skip
        _note(left, n_left, rest)
        n_left += 1
        level -= 1
    return left[0, 0]


@kernel
def _note(left, n_left, rest):
    """Note the size of what lies on top of the stack, and where the next will lie."""
    left[n_left, 0] = rest
    left[n_left + 1, 1] = left[n_left, 1] + packed_size(rest)
    left[n_left + 1, 2] = left[n_left, 2] + rest


@kernel
def _push(todo, level, box):
    todo[level, 0], todo[level, 1], todo[level, 2], todo[level, 3] = box.row0, box.row1, box.col0, box.col1
    todo[level, 4], todo[level, 5], todo[level, 6], todo[level, 7] = box.north, box.south, box.west, box.east
    todo[level, 8] = 0


@kernel
def _reduce_front(
    conductance,
    ground,
    node,
    own,
    box,
    place,
    ends,
    weight,
    kept,
    at,
    run,
    stack,
    top,
    ids,
    first_id,
    n_first,
    n_second,
):
    """Gather a front above its two children on the stack, eliminate, and put what is left in the children's place."""
    n_child = n_first + n_second
    n_edge = front_edges(conductance, ground, node, own, box, ends, weight)
    own_id = first_id + n_child
    n_own = own_cells(node, own, box, place, ids, own_id)
    size = number_front(node, box, ends, n_edge, n_own, place, kept, ids, first_id, n_child)
    rest = size - n_own
    second = top + packed_size(n_first)
    panel = second + packed_size(n_second)
    packed = panel + n_own * size
    end = packed + packed_size(rest)
    _clear(stack, panel, end - panel)
    add_edges(ends, weight, n_edge, place, stack, panel, n_own, size, stack, packed)
    place_nodes(ids, first_id, n_first, place, at, run)
    add_front(stack, top, n_first, at, run, 0, n_first, stack, panel, n_own, size, stack, packed)
    place_nodes(ids, first_id + n_first, n_second, place, at, run)
    add_front(stack, second, n_second, at, run, 0, n_second, stack, panel, n_own, size, stack, packed)
    clear_places(ids, own_id, size, place)
    eliminate(stack, panel, n_own, size, stack, packed)
    _move(stack, packed, top, end - packed)
    for k in range(rest):
        ids[first_id + k] = ids[own_id + n_own + k]
    return rest


@kernel
def _clear(stack, start, n):
    at = np.uint64(start)
    for k in range(np.uint64(n)):
        stack[at + k] = 0.0


@kernel
def _move(stack, start, target, n):
    """Copy downwards, first entry first."""
    of, to = np.uint64(start), np.uint64(target)
    for k in range(np.uint64(n)):
        stack[to + k] = stack[of + k]


@kernel
def count_kept(node, row0, row1, col0, col1, seen):
    """Distinct kept nodes in a window; seen (n_kept + 1,) is False before."""
    n = 0
    for row in range(row0, row1):
        for col in range(col0, col1):
            number = node[row, col]
            if number >= 0 and not seen[number]:
                seen[number] = True
                n += 1
    return n


@kernel
def count_ring(node, row0, row1, col0, col1):
    """Plain cells around a box."""
    n = 0
    for row in range(max(row0 - 1, 0), min(row1 + 1, node.shape[0])):
        whole = row == row0 - 1 or row == row1
        for col in range(max(col0 - 1, 0), min(col1 + 1, node.shape[1])):
            if (whole or col == col0 - 1 or col == col1) and node[row, col] == PLAIN:
                n += 1
    return n
