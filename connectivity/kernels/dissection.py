"""Reduce a box of the raster to the cells around it and its kept nodes: multifrontal nested dissection, on a stack.

George, SIAM J. Numer. Anal. 10 (1973) cuts the grid; Duff and Reid, ACM Trans. Math. Softw. 9 (1983) eliminate by dense
fronts. Only the networks left by the two halves are kept, each until its parent has taken it in.
"""

from typing import Any, NamedTuple

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection_dense import add_front, eliminate, packed_size
from connectivity.kernels.dissection_front import (
    PLAIN,
    Box,
    add_edges,
    clear_places,
    leaf_cells,
    leaf_edges,
    line_cells,
    line_edges,
    north_or_west,
    number_front,
    place_nodes,
    south_or_east,
)

__all__ = ["LEAF", "Scratch", "count_kept", "count_ring", "dissect", "is_leaf"]

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
def is_leaf(box):
    """Whether a box is small enough to be eliminated at once."""
    return box.row1 - box.row0 <= LEAF and box.col1 - box.col0 <= LEAF


@kernel
def dissect(land, box, depth, scratch, stack, ids):
    """Reduce a box; its network comes to lie at the start of stack, packed, its nodes in ids; returns their number.

    stack (n,) float64, ids (n,) int32. Boxes are taken halves first: ``todo`` holds the path down to the present one
    with the number of its halves done, ``left`` what lies on the stack: (its nodes, where it starts, where its ids do).
    """
    todo = np.empty((_LEVELS, 9), np.int64)
    left = np.zeros((_LEVELS + 2, 3), np.int64)
    level, n_left = 0, 0
    _push(todo, 0, box)
    while level >= 0:
        row = todo[level]
        here = Box(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
        done = row[8]
        row[8] += 1
        if done < 2 and not is_leaf(here):
            half = north_or_west(here, depth + level) if done == 0 else south_or_east(here, depth + level)
            level += 1
            _push(todo, level, half)
            continue
        if done == 2:
            n_left -= 2
        first_id = left[n_left, 2]
        n_own, n_edge, n_child = _own_nodes(land, here, done, scratch, left[n_left : n_left + 2, 0], ids[first_id:])
        rest = 0
        if n_edge + n_child > 0:
            n_first = left[n_left, 0] if done == 2 else 0
            rest = _reduce_front(
                land, here, scratch, stack[left[n_left, 1] :], ids[first_id:], n_first, n_child - n_first, n_edge, n_own
            )
        left[n_left, 0] = rest
        left[n_left + 1, 1] = left[n_left, 1] + packed_size(rest)
        left[n_left + 1, 2] = first_id + rest
        n_left += 1
        level -= 1
    return left[0, 0]


@kernel
def _push(todo, level, box):
    todo[level, 0], todo[level, 1], todo[level, 2], todo[level, 3] = box.row0, box.row1, box.col0, box.col1
    todo[level, 4], todo[level, 5], todo[level, 6], todo[level, 7] = box.north, box.south, box.west, box.east
    todo[level, 8] = 0


@kernel
def _own_nodes(land, box, done, scratch, n_halves, ids):
    """List a box's own nodes and edges, nodes above those of its halves; returns (nodes, edges, nodes of halves)."""
    if done < 2:
        n_edge = leaf_edges(land, box, scratch.ends, scratch.weight)
        return leaf_cells(land, box, scratch.place, ids) if n_edge > 0 else 0, n_edge, 0
    n_child = n_halves[0] + n_halves[1]
    n_edge = line_edges(land, box, scratch.ends, scratch.weight)
    if n_edge + n_child == 0:
        return 0, 0, 0
    return line_cells(land, box, scratch.place, ids[n_child:]), n_edge, n_child


@kernel
def _reduce_front(land, box, scratch, stack, ids, n_first, n_second, n_edge, n_own):
    """Gather a front above its two children on the stack, eliminate, and put what is left in the children's place."""
    n_child = n_first + n_second
    children, own = ids[:n_child], ids[n_child:]
    size = number_front(land, box, children, scratch.ends, n_edge, n_own, scratch.place, scratch.kept, own)
    rest = size - n_own
    second = packed_size(n_first)
    start = second + packed_size(n_second)
    block = start + n_own * size
    end = block + packed_size(rest)
    for k in range(start, end):
        stack[k] = 0.0
    panel, packed = stack[start:block], stack[block:end]
    add_edges(scratch.ends, scratch.weight, n_edge, scratch.place, panel, n_own, size, packed)
    _add_child(stack[:second], children[:n_first], scratch, panel, n_own, size, packed)
    _add_child(stack[second:start], children[n_first:], scratch, panel, n_own, size, packed)
    clear_places(own[:size], scratch.place)
    eliminate(panel, n_own, size, packed)
    for k in range(end - block):
        stack[k] = stack[block + k]
    for k in range(rest):
        ids[k] = own[n_own + k]
    return rest


@kernel
def _add_child(source, nodes, scratch, panel, n_own, size, packed):
    if nodes.size > 0:
        place_nodes(nodes, scratch.place, scratch.at, scratch.run)
        add_front(source, nodes.size, scratch.at, scratch.run, 0, nodes.size, panel, n_own, size, packed)


@kernel
def count_kept(node, row0, row1, col0, col1, seen):
    """Distinct kept nodes in a window; seen (n_kept + 1,) is False before and after."""
    n = 0
    for row in range(row0, row1):
        for col in range(col0, col1):
            if node[row, col] >= 0 and not seen[node[row, col]]:
                seen[node[row, col]] = True
                n += 1
    for row in range(row0, row1):
        for col in range(col0, col1):
            if node[row, col] >= 0:
                seen[node[row, col]] = False
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
