"""Cells beside fences and shores, whose interpolation leads outside the usual corners.

Special and region cells are listed in raster order, ``cell`` (n,) with ``row_start`` (height + 1,), each with a short list of
parents, (n, CAPACITY). A region's cells have one parent, the region; it is at stage 1. Others take their parents from what
has an earlier stage; what is left over becomes a coarse point.

Loops in parallel hand the arrays that they fill to a kernel: numba drops a store, in the loop itself, to an array that came
out of a tuple.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel
from connectivity.kernels.multigrid.layout import D_COL, D_ROW, DEAD, REGION, REGULAR, SPECIAL, conductance_to
from connectivity.kernels.multigrid.weights import HOLD, TIE, WEAK, corner_shares, kind_at, line_edge

__all__ = [
    "CAPACITY",
    "Raster",
    "Special",
    "add_parent",
    "find_special",
    "parents_of",
    "promote_special",
    "settle",
    "special_lines",
    "special_rest",
]

RUN = 256
"""Special cells that a thread takes at a time."""
CAPACITY = 8
"""Most parents of a cell; the lightest give way."""
LIGHT = 0.1
"""Parents lighter than this, beside the heaviest, are dropped: they would only make coarse rows longer."""

Byte1 = NDArray[np.int8]
Byte3 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Long1 = NDArray[np.int64]


class Raster(NamedTuple):
    """The finest level while it is being set up; see `multigrid_layout` and `multigrid_weights`."""

    g: Single4
    ground: Single3
    kind: Byte3
    strongest: Single3
    line: Single3
    centre: Single3


class Special(NamedTuple):
    """Special and region cells with their parents."""

    cell: Long1
    row_start: Int1
    width: int
    parent: Int2
    weight: Single2
    n_parent: Byte1
    stage: Byte1


@inlined_kernel
def add_parent(parent: Int1, weight: Single1, count: int, who: int, share: float) -> int:
    """Add a share to a parent in a short list; when the list is full the lightest gives way. Returns the new count."""
    for t in range(count):
        if parent[t] == who:
            weight[t] += share
            return count
    if count < parent.size:
        parent[count] = who
        weight[count] = share
        return count + 1
    least = 0
    for t in range(1, count):
        if weight[t] < weight[least]:
            least = t
    if weight[least] < share:
        parent[least] = who
        weight[least] = share
    return count


@inlined_kernel
def settle(parent: Int1, weight: Single1, count: int) -> int:
    """Drop parents lighter than LIGHT of the heaviest and make the others' weights sum to one; returns how many stay."""
    most = 0.0
    for t in range(count):
        most = max(most, weight[t])
    total = 0.0
    kept = 0
    for t in range(count):
        if weight[t] >= LIGHT * most:
            parent[kept] = parent[t]
            weight[kept] = weight[t]
            total += weight[t]
            kept += 1
    for t in range(kept):
        weight[t] /= total
    return kept


@inlined_kernel
def find_special(cell: Long1, row_start: Int1, width: int, row: int, col: int) -> int:
    """Number of a special cell, by bisection in its row."""
    low, high = row_start[row], row_start[row + 1]
    wanted = row * width + col
    while low < high:
        middle = (low + high) // 2
        if cell[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@inlined_kernel
def parents_of(
    kind: Byte3,
    line: Single3,
    centre: Single3,
    cell: Long1,
    row_start: Int1,
    width: int,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    row: int,
    col: int,
    who: Int1,
    share: Single1,
) -> int:
    """Parents of any cell into the lists ``who`` and ``share``; returns how many."""
    what = kind_at(kind, row, col)
    if what == DEAD:
        return 0
    if what != REGULAR:
        s = find_special(cell, row_start, width, row, col)
        for t in range(count[s]):
            who[t] = parent[s, t]
            share[t] = weight[s, t]
        return count[s]
    i, j, w = row >> 1, col >> 1, line.shape[2] - 2
    corner = i * w + j
    if row & 1 == 1 and col & 1 == 1:
        n = 0
        for t in range(4):
            if centre[t, i + 1, j + 1] != 0.0:
                who[n] = corner + (t & 1) + (t >> 1) * w
                share[n] = centre[t, i + 1, j + 1]
                n += 1
        return n
    if row & 1 == 0 and col & 1 == 0:
        who[0] = corner
        share[0] = 1.0
        return 1
    first, second = corner_shares(line, row, col)
    n = 0
    if first != 0.0:
        who[0] = corner
        share[0] = first
        n = 1
    if second != 0.0:
        who[n] = corner + (1 if row & 1 == 0 else w)
        share[n] = second
        n += 1
    return n


@kernel
def _tie_line(
    g: Single4,
    kind: Byte3,
    strongest: Single3,
    cell: Long1,
    row_start: Int1,
    width: int,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    stage: Byte1,
    s: int,
) -> None:
    """Parents of special cell s, between corners, wherever they are; stage 2 if its ties are strong enough."""
    row, col = cell[s] // width, cell[s] % width
    most = np.float64(strongest[row + 1, col & 1, (col >> 1) + 1])
    total = 0.0
    n = 0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        if edge == 0.0 or edge < WEAK * most:
            continue
        what, r, c = line_edge(g, kind, strongest, row, col, k)
        if what == 0:
            continue
        target = (r >> 1) * (kind.shape[2] - 2) + (c >> 1)
        if kind_at(kind, r, c) == REGION:
            target = parent[find_special(cell, row_start, width, r, c), 0]
        n = add_parent(parent[s], weight[s], n, target, edge)
        total += edge
    if total > HOLD * most:
        count[s] = settle(parent[s], weight[s], n)
        stage[s] = 2


@parallel_kernel
def special_lines(raster: Raster, special: Special) -> None:
    """Parents of the special cells between corners; what succeeds gets stage 2."""
    g, kind, strongest = raster.g, raster.kind, raster.strongest
    cell, row_start, width = special.cell, special.row_start, special.width
    parent, weight, count, stage = special.parent, special.weight, special.n_parent, special.stage
    for s in prange(cell.size):
        row, col = cell[s] // width, cell[s] % width
        if stage[s] == 0 and (row + col) & 1 == 1:
            _tie_line(g, kind, strongest, cell, row_start, width, parent, weight, count, stage, s)


@kernel
def _tie_others(
    g: Single4,
    kind: Byte3,
    strongest: Single3,
    line: Single3,
    centre: Single3,
    cell: Long1,
    row_start: Int1,
    width: int,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    stage: Byte1,
    first: int,
    end: int,
    now: int,
) -> None:
    who, share = np.empty(CAPACITY, np.int32), np.empty(CAPACITY, np.float32)
    for s in range(first, end):
        if stage[s] != 0:
            continue
        row, col = cell[s] // width, cell[s] % width
        most = np.float64(strongest[row + 1, col & 1, (col >> 1) + 1])
        total = 0.0
        n = 0
        for k in range(8):
            edge = np.float64(conductance_to(g, row, col, k))
            if edge == 0.0 or edge < WEAK * most:
                continue
            r, c = row + D_ROW[k], col + D_COL[k]
            what = kind_at(kind, r, c)
            if what == DEAD:
                continue
            if what != REGULAR:
                reached = stage[find_special(cell, row_start, width, r, c)]
                if reached == 0 or reached >= now:
                    continue
            found = parents_of(kind, line, centre, cell, row_start, width, parent, weight, count, r, c, who, share)
            for t in range(found):
                n = add_parent(parent[s], weight[s], n, who[t], edge * share[t])
            total += edge
        if total > HOLD * most:
            count[s] = settle(parent[s], weight[s], n)
            stage[s] = now


@parallel_kernel
def special_rest(raster: Raster, special: Special, now: int) -> None:
    """Parents of special cells from neighbours of an earlier stage; what succeeds gets stage ``now``."""
    g, kind, strongest, line, centre = raster.g, raster.kind, raster.strongest, raster.line, raster.centre
    cell, row_start, width = special.cell, special.row_start, special.width
    parent, weight, count, stage = special.parent, special.weight, special.n_parent, special.stage
    for run in prange((cell.size + RUN - 1) // RUN):
        _tie_others(
            g, kind, strongest, line, centre, cell, row_start, width, parent, weight, count, stage,
            run * RUN, min((run + 1) * RUN, cell.size), now,
        )  # fmt: skip


@kernel
def promote_special(raster: Raster, special: Special, now: int, next_dof: int) -> int:
    """Make coarse points of cells left over, none tied to another of this round; returns the next free unknown."""
    g, kind, strongest = raster.g, raster.kind, raster.strongest
    cell, row_start, width, stage = special.cell, special.row_start, special.width, special.stage
    parent, weight, count = special.parent, special.weight, special.n_parent
    for s in range(cell.size):
        if stage[s] > 0:
            continue
        row, col = cell[s] // width, cell[s] % width
        least = TIE * strongest[row + 1, col & 1, (col >> 1) + 1]
        covered = False
        for k in range(8):
            r, c = row + D_ROW[k], col + D_COL[k]
            if conductance_to(g, row, col, k) > least and kind_at(kind, r, c) == SPECIAL:
                covered = covered or stage[find_special(cell, row_start, width, r, c)] == now
        if not covered:
            parent[s, 0] = next_dof
            weight[s, 0] = 1.0
            count[s] = 1
            stage[s] = now
            next_dof += 1
    return next_dof
