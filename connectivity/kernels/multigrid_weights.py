"""Interpolation between the raster and its coarse points: the cells of even row and even column.

A cell between two corners of its 2 x 2 blocks follows the corners that it is tied to. The conductance towards a diagonal
neighbour counts for the near corner if that neighbour is itself tied to it; otherwise, beside a fence or a shore, for the
corner on the neighbour's other side. Block centres then average the interpolation of their neighbours. Cells whose rule
leads outside the usual corners are *special*: they carry their own list of parents. Special cells left without any parent
become coarse points themselves. Edges weaker than WEAK of a cell's strongest are ignored; TIE of it makes a tie.

``line[0..3, I + 1, J + 1]``: weight of corner (I, J), of corner (I, J + 1) for the cell to the east of the corner; weight
of (I, J), of (I + 1, J) for the cell to the south. ``centre[0..3]``: weights of (I, J), (I, J + 1), (I + 1, J),
(I + 1, J + 1) for the block's centre. Corner (I, J) is coarse unknown ``I * w + J``; regions and promoted cells follow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid_layout import D_COL, D_ROW, DEAD, REGION, REGULAR, SPECIAL, conductance_to

__all__ = [
    "CAPACITY",
    "TIE",
    "WEAK",
    "Raster",
    "Special",
    "add_parent",
    "centre_weights",
    "find_special",
    "line_weights",
    "normalise",
    "parents_of",
    "promote_special",
    "special_lines",
    "special_rest",
]

WEAK = 0.02
TIE = 0.25
CAPACITY = 8
"""Most parents of a cell; the lightest give way."""

Byte1 = NDArray[np.int8]
Byte3 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Long1 = NDArray[np.int64]

FOUND, NEAR, FAR, ELSEWHERE = 1, 2, 3, 4


class Raster(NamedTuple):
    """The finest level while it is being set up; see `multigrid_layout` and the top of this page."""

    g: Single4
    ground: Single3
    kind: Byte3
    strongest: Single3
    line: Single3
    centre: Single3


class Special(NamedTuple):
    """Special and region cells in raster order, (n,), each with a short list of parents, (n, CAPACITY)."""

    cell: Long1
    row_start: Int1
    width: int
    parent: Int2
    weight: Single2
    n_parent: Byte1
    stage: Byte1


@kernel
def _at(field: Byte3, row: int, col: int) -> int:
    return field[row + 1, col & 1, (col >> 1) + 1]


@kernel
def _corner_choice(raster: Raster, row: int, col: int, k: int) -> tuple[int, int, int]:
    """Corner that a line cell's diagonal edge k counts for: (NEAR, FAR or 0, its row, its col)."""
    g, kind, strongest = raster.g, raster.kind, raster.strongest
    q_row, q_col = row + D_ROW[k], col + D_COL[k]
    least = TIE * strongest[q_row + 1, q_col & 1, (q_col >> 1) + 1]
    across = row & 1 == 0
    towards = (5 if D_ROW[k] > 0 else 1) if across else (4 if D_COL[k] > 0 else 0)
    for choice in (NEAR, FAR):
        way = towards if choice == NEAR else (towards + 4) % 8
        r, c = q_row + D_ROW[way], q_col + D_COL[way]
        tie = conductance_to(g, q_row, q_col, way)
        if tie > 0.0 and tie >= least and _at(kind, r, c) != DEAD:
            return choice, r, c
    return 0, 0, 0


@kernel
def _line_edge(raster: Raster, row: int, col: int, k: int) -> tuple[int, int, int]:
    """What edge k of a line cell means: (FOUND or NEAR or FAR corner or ELSEWHERE or 0, row, col)."""
    kind = raster.kind
    r, c = row + D_ROW[k], col + D_COL[k]
    what = _at(kind, r, c)
    if what == DEAD:
        return 0, 0, 0
    if what == REGION:
        return ELSEWHERE, r, c
    if r & 1 == 0 and c & 1 == 0:
        return FOUND, r, c
    if D_ROW[k] != 0 and D_COL[k] != 0:
        return _corner_choice(raster, row, col, k)
    return 0, 0, 0


@kernel
def _two_weights(raster: Raster, row: int, col: int) -> tuple[bool, float, float]:
    """(usual, share of the west or north corner, share of the other) of a line cell."""
    g, kind, strongest = raster.g, raster.kind, raster.strongest
    most = np.float64(strongest[row + 1, col & 1, (col >> 1) + 1])
    first = second = 0.0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        if edge == 0.0 or edge < WEAK * most:
            continue
        what, r, c = _line_edge(raster, row, col, k)
        if what == 0:
            continue
        if what > NEAR or _at(kind, r, c) == REGION:
            return False, 0.0, 0.0
        if r < row or c < col:
            first += edge
        else:
            second += edge
    total = first + second
    if total <= TIE * most:
        return False, 0.0, 0.0
    return True, first / total, second / total


@parallel_kernel
def line_weights(raster: Raster) -> None:
    """Weights of the cells between two corners; marks those that are special."""
    kind, line = raster.kind, raster.line
    rows, cols = line.shape[1] - 2, line.shape[2] - 2
    for block in prange(rows):
        for j in range(cols):
            for side in range(2):
                row, col = 2 * block + side, 2 * j + 1 - side
                if _at(kind, row, col) != REGULAR:
                    continue
                usual, first, second = _two_weights(raster, row, col)
                if usual:
                    line[2 * side, block + 1, j + 1] = first
                    line[2 * side + 1, block + 1, j + 1] = second
                else:
                    kind[row + 1, col & 1, (col >> 1) + 1] = SPECIAL


@kernel
def _corner_shares(line: Single4, row: int, col: int) -> tuple[float, float]:
    """Shares of a usual line cell: of its west or north corner, of its east or south corner."""
    i, j = (row >> 1) + 1, (col >> 1) + 1
    if row & 1 == 0:
        return np.float64(line[0, i, j]), np.float64(line[1, i, j])
    return np.float64(line[2, i, j]), np.float64(line[3, i, j])


@kernel
def _four_weights(raster: Raster, row: int, col: int) -> tuple[float, float, float, float]:
    """Conductance of a block centre towards its four corners (NW, NE, SW, SE); negative if the cell is special."""
    g, kind, line = raster.g, raster.kind, raster.line
    most = np.float64(raster.strongest[row + 1, col & 1, (col >> 1) + 1])
    nw, ne, sw, se = 0.0, 0.0, 0.0, 0.0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        what = _at(kind, row + D_ROW[k], col + D_COL[k])
        if edge == 0.0 or edge < WEAK * most or what == DEAD:
            continue
        if what != REGULAR:
            return -1.0, 0.0, 0.0, 0.0
        south, east = D_ROW[k] > 0, D_COL[k] > 0
        if D_ROW[k] == 0:
            a, b = _corner_shares(line, row, col + D_COL[k])
            nw, ne = (nw, ne + edge * a) if east else (nw + edge * a, ne)
            sw, se = (sw, se + edge * b) if east else (sw + edge * b, se)
        elif D_COL[k] == 0:
            a, b = _corner_shares(line, row + D_ROW[k], col)
            nw, sw = (nw, sw + edge * a) if south else (nw + edge * a, sw)
            ne, se = (ne, se + edge * b) if south else (ne + edge * b, se)
        elif south:
            sw, se = (sw, se + edge) if east else (sw + edge, se)
        else:
            nw, ne = (nw, ne + edge) if east else (nw + edge, ne)
    if nw + ne + sw + se <= TIE * most:
        return -1.0, 0.0, 0.0, 0.0
    return nw, ne, sw, se


@parallel_kernel
def centre_weights(raster: Raster) -> None:
    """Weights of block centres from their corners and line cells; marks those that are special."""
    kind, centre = raster.kind, raster.centre
    for block in prange(centre.shape[1] - 2):
        for j in range(centre.shape[2] - 2):
            if _at(kind, 2 * block + 1, 2 * j + 1) != REGULAR:
                continue
            nw, ne, sw, se = _four_weights(raster, 2 * block + 1, 2 * j + 1)
            total = nw + ne + sw + se
            if total < 0.0:
                kind[2 * block + 2, 1, j + 1] = SPECIAL
            else:
                centre[0, block + 1, j + 1] = nw / total
                centre[1, block + 1, j + 1] = ne / total
                centre[2, block + 1, j + 1] = sw / total
                centre[3, block + 1, j + 1] = se / total


@kernel
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


@kernel
def normalise(weight: Single1, count: int) -> None:
    """Make the weights of a list sum to one."""
    total = 0.0
    for t in range(count):
        total += weight[t]
    for t in range(count):
        weight[t] /= total


@kernel
def find_special(special: Special, row: int, col: int) -> int:
    """Number of a special cell, by bisection in its row."""
    cell = special.cell
    low, high = special.row_start[row], special.row_start[row + 1]
    wanted = row * special.width + col
    while low < high:
        middle = (low + high) // 2
        if cell[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def parents_of(raster: Raster, special: Special, row: int, col: int, who: Int1, share: Single1) -> int:
    """Parents of any cell into the lists ``who`` and ``share``; returns how many."""
    kind, line, centre = raster.kind, raster.line, raster.centre
    parent, weight, count = special.parent, special.weight, special.n_parent
    what = _at(kind, row, col)
    if what == DEAD:
        return 0
    if what != REGULAR:
        s = find_special(special, row, col)
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
    first, second = _corner_shares(line, row, col)
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
def _special_line(raster: Raster, special: Special, s: int, row: int, col: int) -> None:
    kind, cols = raster.kind, raster.line.shape[2] - 2
    parent, weight = special.parent[s], special.weight[s]
    most = np.float64(raster.strongest[row + 1, col & 1, (col >> 1) + 1])
    total = 0.0
    n = 0
    for k in range(8):
        edge = np.float64(conductance_to(raster.g, row, col, k))
        if edge == 0.0 or edge < WEAK * most:
            continue
        what, r, c = _line_edge(raster, row, col, k)
        if what == 0:
            continue
        target = (r >> 1) * cols + (c >> 1)
        if _at(kind, r, c) == REGION:
            target = special.parent[find_special(special, r, c), 0]
        n = add_parent(parent, weight, n, target, edge)
        total += edge
    if total > TIE * most:
        normalise(weight, n)
        special.n_parent[s] = n
        special.stage[s] = 2


@parallel_kernel
def special_lines(raster: Raster, special: Special) -> None:
    """Parents of the special cells between corners. Regions are at stage 1 already; what succeeds gets stage 2."""
    for s in prange(special.cell.size):
        row, col = special.cell[s] // special.width, special.cell[s] % special.width
        if special.stage[s] == 0 and (row + col) & 1 == 1:
            _special_line(raster, special, s, row, col)


@kernel
def _special_other(
    raster: Raster, special: Special, s: int, row: int, col: int, now: int, who: Int1, share: Single1
) -> None:
    parent, weight = special.parent[s], special.weight[s]
    most = np.float64(raster.strongest[row + 1, col & 1, (col >> 1) + 1])
    total = 0.0
    n = 0
    for k in range(8):
        edge = np.float64(conductance_to(raster.g, row, col, k))
        r, c = row + D_ROW[k], col + D_COL[k]
        what = _at(raster.kind, r, c)
        if edge == 0.0 or edge < WEAK * most or what == DEAD:
            continue
        stage = 1 if what == REGULAR else special.stage[find_special(special, r, c)]
        if stage == 0 or stage >= now:
            continue
        for t in range(parents_of(raster, special, r, c, who, share)):
            n = add_parent(parent, weight, n, who[t], edge * share[t])
        total += edge
    if total > TIE * most:
        normalise(weight, n)
        special.n_parent[s] = n
        special.stage[s] = now


@parallel_kernel
def special_rest(raster: Raster, special: Special, now: int) -> None:
    """Parents of special cells from neighbours of an earlier stage; what succeeds gets stage ``now``."""
    for s in prange(special.cell.size):
        if special.stage[s] == 0:
            who, share = np.empty(CAPACITY, np.int32), np.empty(CAPACITY, np.float32)
            _special_other(
                raster, special, s, special.cell[s] // special.width, special.cell[s] % special.width, now, who, share
            )


@kernel
def promote_special(raster: Raster, special: Special, now: int, next_dof: int) -> int:
    """Make coarse points of cells left over, none tied to another of this round; returns the next free unknown."""
    g, kind, strongest = raster.g, raster.kind, raster.strongest
    cell, width, stage = special.cell, special.width, special.stage
    parent, weight, count = special.parent, special.weight, special.n_parent
    for s in range(cell.size):
        if stage[s] > 0:
            continue
        row, col = cell[s] // width, cell[s] % width
        least = TIE * strongest[row + 1, col & 1, (col >> 1) + 1]
        covered = False
        for k in range(8):
            r, c = row + D_ROW[k], col + D_COL[k]
            if conductance_to(g, row, col, k) > least and _at(kind, r, c) == SPECIAL:
                covered = covered or stage[find_special(special, r, c)] == now
        if not covered:
            parent[s, 0] = next_dof
            weight[s, 0] = 1.0
            count[s] = 1
            stage[s] = now
            next_dof += 1
    return next_dof
