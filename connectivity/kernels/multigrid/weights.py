"""Interpolation between the raster and its coarse points: the cells of even row and even column.

A cell between two corners of its 2 x 2 blocks follows the corners that it is tied to. The conductance towards a diagonal
neighbour counts for the near corner if that neighbour is itself tied to it; otherwise, beside a fence or a shore, for the
corner on the neighbour's other side. Block centres then average the interpolation of their neighbours. Cells whose rule
leads outside the usual corners are *special*: they carry their own list of parents. Special cells left without any parent
become coarse points themselves.

``line[0..3, I + 1, J + 1]``: weight of corner (I, J), of corner (I, J + 1) for the cell to the east of the corner; weight
of (I, J), of (I + 1, J) for the cell to the south. ``centre[0..3]``: weights of (I, J), (I, J + 1), (I + 1, J),
(I + 1, J + 1) for the block's centre. Corner (I, J) is coarse unknown ``I * w + J``; regions and promoted cells follow.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel
from connectivity.kernels.multigrid.layout import D_COL, D_ROW, DEAD, REGION, REGULAR, SPECIAL, conductance_to

__all__ = ["HOLD", "TIE", "WEAK", "centre_weights", "corner_shares", "kind_at", "line_edge", "line_weights"]

WEAK = 0.02
"""Edges below this share of a cell's strongest are ignored."""
TIE = 0.25
"""Share of its strongest edge by which a cell must be tied to a corner to count as lying beside it."""
HOLD = 0.8
"""Ties to parents that sum to less than this share of the strongest edge do not hold a cell: it becomes a coarse point."""

Byte3 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]

FOUND, NEAR, FAR, ELSEWHERE = 1, 2, 3, 4


@inlined_kernel
def kind_at(kind: Byte3, row: int, col: int) -> int:
    """Kind of cell (row, col)."""
    return kind[row + 1, col & 1, (col >> 1) + 1]


@kernel
def _corner_choice(g: Single4, kind: Byte3, strongest: Single3, row: int, col: int, k: int) -> tuple[int, int, int]:
    """Corner that a line cell's diagonal edge k counts for: (NEAR, FAR or 0, its row, its col)."""
    q_row, q_col = row + D_ROW[k], col + D_COL[k]
    least = TIE * strongest[q_row + 1, q_col & 1, (q_col >> 1) + 1]
    across = row & 1 == 0
    towards = (5 if D_ROW[k] > 0 else 1) if across else (4 if D_COL[k] > 0 else 0)
    for choice in (NEAR, FAR):
        way = towards if choice == NEAR else (towards + 4) % 8
        r, c = q_row + D_ROW[way], q_col + D_COL[way]
        tie = conductance_to(g, q_row, q_col, way)
        if tie > 0.0 and tie >= least and kind_at(kind, r, c) != DEAD:
            return choice, r, c
    return 0, 0, 0


@kernel
def line_edge(g: Single4, kind: Byte3, strongest: Single3, row: int, col: int, k: int) -> tuple[int, int, int]:
    """What edge k of a line cell means: (FOUND or NEAR or FAR corner or ELSEWHERE or 0, row, col)."""
    r, c = row + D_ROW[k], col + D_COL[k]
    what = kind_at(kind, r, c)
    if what == DEAD:
        return 0, 0, 0
    if what == REGION:
        return ELSEWHERE, r, c
    if r & 1 == 0 and c & 1 == 0:
        return FOUND, r, c
    if D_ROW[k] != 0 and D_COL[k] != 0:
        return _corner_choice(g, kind, strongest, row, col, k)
    return 0, 0, 0


@kernel
def _two_weights(g: Single4, kind: Byte3, strongest: Single3, row: int, col: int) -> tuple[bool, float, float]:
    """(usual, conductance towards the west or north corner, towards the other) of a line cell."""
    most = np.float64(strongest[row + 1, col & 1, (col >> 1) + 1])
    first = second = 0.0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        if edge == 0.0 or edge < WEAK * most:
            continue
        what, r, c = line_edge(g, kind, strongest, row, col, k)
        if what == 0:
            continue
        if what > NEAR or kind_at(kind, r, c) == REGION:
            return False, 0.0, 0.0
        if r < row or c < col:
            first += edge
        else:
            second += edge
    return bool(first + second > HOLD * most), first, second


@kernel
def _is_free(kind: Byte3, i: int, h: int, j: int) -> bool:
    """True for cells that are neither dead nor in a region; unlike REGULAR it holds while others are being marked."""
    return (kind[i, h, j] == REGULAR) | (kind[i, h, j] == SPECIAL)


@kernel
def _share(edge: np.float32, least: np.float32, tie: np.float32, strongest: np.float32) -> np.float32:
    """Part of a diagonal edge that counts for the near corner, -1 if its neighbour is not tied to that corner."""
    found = edge if tie >= np.float32(TIE) * strongest else np.float32(-1.0)
    return found if edge >= least else np.float32(0.0)


@kernel
def _open_across(
    g: Single4, kind: Byte3, strongest: Single3, i: int, cols: int, first: Single1, second: Single1
) -> None:
    """`_two_weights` of the cells [i, 1, j] east of corners, in the open: negative where the rule needs more care.

    Without branches, so that it vectorises.
    """
    for j in range(1, cols + 1):
        ok = _is_free(kind, i, 0, j) & _is_free(kind, i, 0, j + 1) & (kind[i - 1, 1, j] < REGION)
        ok = ok & _is_free(kind, i - 1, 0, j) & _is_free(kind, i - 1, 0, j + 1) & (kind[i + 1, 1, j] < REGION)
        ok = ok & _is_free(kind, i + 1, 0, j) & _is_free(kind, i + 1, 0, j + 1)
        least = np.float32(WEAK) * strongest[i, 1, j]
        nw = _share(g[2, i - 1, 0, j], least, g[1, i - 1, 0, j], strongest[i - 1, 0, j])
        sw = _share(g[3, i, 1, j], least, g[1, i, 0, j], strongest[i + 1, 0, j])
        ne = _share(g[3, i - 1, 0, j + 1], least, g[1, i - 1, 0, j + 1], strongest[i - 1, 0, j + 1])
        se = _share(g[2, i, 1, j], least, g[1, i, 0, j + 1], strongest[i + 1, 0, j + 1])
        west, east = g[0, i, 0, j], g[0, i, 1, j]
        west, east = west if west >= least else np.float32(0.0), east if east >= least else np.float32(0.0)
        ok = ok & (nw >= 0) & (sw >= 0) & (ne >= 0) & (se >= 0)
        ok = ok & (nw + sw + west + ne + se + east > np.float32(HOLD) * strongest[i, 1, j])
        first[j] = nw + sw + west if ok else np.float32(-1.0)
        second[j] = ne + se + east


@kernel
def _open_down(g: Single4, kind: Byte3, strongest: Single3, i: int, cols: int, first: Single1, second: Single1) -> None:
    """`_two_weights` of the cells [i, 0, j] south of corners, in the open: negative where the rule needs more care."""
    for j in range(1, cols + 1):
        ok = _is_free(kind, i - 1, 0, j) & _is_free(kind, i + 1, 0, j) & (kind[i, 1, j] < REGION)
        ok = ok & _is_free(kind, i - 1, 1, j - 1) & _is_free(kind, i - 1, 1, j) & (kind[i, 1, j - 1] < REGION)
        ok = ok & _is_free(kind, i + 1, 1, j - 1) & _is_free(kind, i + 1, 1, j)
        least = np.float32(WEAK) * strongest[i, 0, j]
        nw = _share(g[2, i - 1, 1, j - 1], least, g[0, i - 1, 1, j - 1], strongest[i - 1, 1, j - 1])
        ne = _share(g[3, i - 1, 1, j], least, g[0, i - 1, 0, j], strongest[i - 1, 1, j])
        sw = _share(g[3, i, 0, j], least, g[0, i + 1, 1, j - 1], strongest[i + 1, 1, j - 1])
        se = _share(g[2, i, 0, j], least, g[0, i + 1, 0, j], strongest[i + 1, 1, j])
        north, south = g[1, i - 1, 0, j], g[1, i, 0, j]
        north, south = north if north >= least else np.float32(0.0), south if south >= least else np.float32(0.0)
        ok = ok & (nw >= 0) & (ne >= 0) & (sw >= 0) & (se >= 0)
        ok = ok & (nw + ne + north + sw + se + south > np.float32(HOLD) * strongest[i, 0, j])
        first[j] = nw + ne + north if ok else np.float32(-1.0)
        second[j] = sw + se + south


@kernel
def _line_row(
    g: Single4, kind: Byte3, strongest: Single3, i: int, side: int, first: Single1, second: Single1, line: Single3
) -> None:
    """Weights of one row of line cells, from those in the open where these are not negative."""
    block = (i - 1) // 2
    for j in range(1, first.size):
        if kind[i, 1 - side, j] != REGULAR:
            continue
        usual, one, other = first[j] >= 0.0, np.float64(first[j]), np.float64(second[j])
        if not usual:
            usual, one, other = _two_weights(g, kind, strongest, i - 1, 2 * j - 1 - side)
        if usual:
            line[2 * side, block + 1, j] = one / (one + other)
            line[2 * side + 1, block + 1, j] = other / (one + other)
        else:
            kind[i, 1 - side, j] = SPECIAL


@parallel_kernel
def line_weights(g: Single4, kind: Byte3, strongest: Single3, line: Single3) -> None:
    """Weights of the cells between two corners; marks those that are special."""
    rows, cols = line.shape[1] - 2, line.shape[2] - 2
    for block in prange(rows):
        first, second = np.empty(cols + 1, np.float32), np.empty(cols + 1, np.float32)
        _open_across(g, kind, strongest, 2 * block + 1, cols, first, second)
        _line_row(g, kind, strongest, 2 * block + 1, 0, first, second, line)
        _open_down(g, kind, strongest, 2 * block + 2, cols, first, second)
        _line_row(g, kind, strongest, 2 * block + 2, 1, first, second, line)


@kernel
def corner_shares(line: Single4, row: int, col: int) -> tuple[float, float]:
    """Shares of a usual line cell: of its west or north corner, of its east or south corner."""
    i, j = (row >> 1) + 1, (col >> 1) + 1
    if row & 1 == 0:
        return np.float64(line[0, i, j]), np.float64(line[1, i, j])
    return np.float64(line[2, i, j]), np.float64(line[3, i, j])


@kernel
def _four_weights(
    g: Single4, kind: Byte3, strongest: Single3, line: Single3, row: int, col: int
) -> tuple[float, float, float, float]:
    """Conductance of a block centre towards its four corners (NW, NE, SW, SE); negative if the cell is special."""
    most = np.float64(strongest[row + 1, col & 1, (col >> 1) + 1])
    nw, ne, sw, se = 0.0, 0.0, 0.0, 0.0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        what = kind_at(kind, row + D_ROW[k], col + D_COL[k])
        if edge == 0.0 or edge < WEAK * most or what == DEAD:
            continue
        if what != REGULAR:
            return -1.0, 0.0, 0.0, 0.0
        south, east = D_ROW[k] > 0, D_COL[k] > 0
        if D_ROW[k] == 0:
            a, b = corner_shares(line, row, col + D_COL[k])
            nw, ne = (nw, ne + edge * a) if east else (nw + edge * a, ne)
            sw, se = (sw, se + edge * b) if east else (sw + edge * b, se)
        elif D_COL[k] == 0:
            a, b = corner_shares(line, row + D_ROW[k], col)
            nw, sw = (nw, sw + edge * a) if south else (nw + edge * a, sw)
            ne, se = (ne, se + edge * b) if south else (ne + edge * b, se)
        elif south:
            sw, se = (sw, se + edge) if east else (sw + edge, se)
        else:
            nw, ne = (nw, ne + edge) if east else (nw + edge, ne)
    if nw + ne + sw + se <= HOLD * most:
        return -1.0, 0.0, 0.0, 0.0
    return nw, ne, sw, se


@parallel_kernel
def centre_weights(g: Single4, kind: Byte3, strongest: Single3, line: Single3, centre: Single3) -> None:
    """Weights of block centres from their corners and line cells; marks those that are special."""
    for block in prange(centre.shape[1] - 2):
        for j in range(centre.shape[2] - 2):
            if kind_at(kind, 2 * block + 1, 2 * j + 1) != REGULAR:
                continue
            nw, ne, sw, se = _four_weights(g, kind, strongest, line, 2 * block + 1, 2 * j + 1)
            total = nw + ne + sw + se
            if total < 0.0:
                kind[2 * block + 2, 1, j + 1] = SPECIAL
            else:
                centre[0, block + 1, j + 1] = nw / total
                centre[1, block + 1, j + 1] = ne / total
                centre[2, block + 1, j + 1] = sw / total
                centre[3, block + 1, j + 1] = se / total
