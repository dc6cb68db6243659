"""The first coarse operator, from the raster: ``P^T A P`` by elements where interpolation is usual, by rows elsewhere.

Between four corners lie 3 x 3 cells, whose interpolation knows these corners only, and 16 edges (those on the south and east
border belong to the next element). An edge of conductance g adds ``-g d_a d_b`` to the coupling of corners a and b, with ``d``
the difference of its ends' weights. ``element[0..5, I + 1, J + 1]``: couplings NW-NE, NW-SW, NW-SE, NE-SW, NE-SE, SW-SE.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel
from connectivity.kernels.multigrid.layout import D_COL, D_ROW, DEAD, REGULAR, conductance_to
from connectivity.kernels.multigrid.product import CHUNK, Rows, add_entry, store_row
from connectivity.kernels.multigrid.special import CAPACITY, Raster, Special, parents_of

__all__ = [
    "count_parents",
    "element_couplings",
    "find_plain",
    "ground_terms",
    "mark_around",
    "plain_rows",
    "plain_sizes",
    "restrict_ground",
    "special_rows",
    "write_parents",
]

ASCENDING = (6, 5, 7, 4, 0, 3, 1, 2)
"""Directions in the order of the neighbours' numbers."""

Bool1 = NDArray[np.bool_]
Byte1 = NDArray[np.int8]
Byte3 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Double1 = NDArray[np.float64]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Long1 = NDArray[np.int64]


@kernel
def _corner(kind: Byte3, i: int, j: int) -> np.float32:
    return np.float32(kind[i, 0, j] == REGULAR)


@kernel
def _element_row(
    g: Single4, ground: Single3, kind: Byte3, line: Single3, centre: Single3, block: int, element: Single3
) -> None:
    """The elements of one row of blocks."""
    i, k = 2 * block + 1, block + 1
    for j in range(1, g.shape[3] - 1):
        a, b, c, d = _corner(kind, i, j), _corner(kind, i, j + 1), _corner(kind, i + 2, j), _corner(kind, i + 2, j + 1)
        t0, t1, l0, l1 = line[0, k, j], line[1, k, j], line[2, k, j], line[3, k, j]
        u0, u1, r0, r1 = line[0, k + 1, j], line[1, k + 1, j], line[2, k, j + 1], line[3, k, j + 1]
        m0, m1, m2, m3 = centre[0, k, j], centre[1, k, j], centre[2, k, j], centre[3, k, j]
        top = g[0, i, 0, j] * (a - t0) * t1 + g[0, i, 1, j] * t0 * (b - t1) - ground[i, 1, j] * t0 * t1
        left = g[1, i, 0, j] * (a - l0) * l1 + g[1, i + 1, 0, j] * l0 * (c - l1) - ground[i + 1, 0, j] * l0 * l1
        leak = ground[i + 1, 1, j]
        ab, ac, ad = top - leak * m0 * m1, left - leak * m0 * m2, -leak * m0 * m3
        bc, bd, cd = -leak * m1 * m2, -leak * m1 * m3, -leak * m2 * m3
        for e in range(12):
            if e == 0:
                w, da, db, dc, dd = g[1, i, 1, j], m0 - t0, m1 - t1, m2, m3
            elif e == 1:
                w, da, db, dc, dd = g[1, i + 1, 1, j], m0, m1, m2 - u0, m3 - u1
            elif e == 2:
                w, da, db, dc, dd = g[0, i + 1, 0, j], m0 - l0, m1, m2 - l1, m3
            elif e == 3:
                w, da, db, dc, dd = g[0, i + 1, 1, j], m0, m1 - r0, m2, m3 - r1
            elif e == 4:
                w, da, db, dc, dd = g[2, i, 0, j], m0 - a, m1, m2, m3
            elif e == 5:
                w, da, db, dc, dd = g[3, i, 0, j + 1], m0, m1 - b, m2, m3
            elif e == 6:
                w, da, db, dc, dd = g[3, i + 1, 1, j], m0, m1, m2 - c, m3
            elif e == 7:
                w, da, db, dc, dd = g[2, i + 1, 1, j], m0, m1, m2, m3 - d
            elif e == 8:
                w, da, db, dc, dd = g[3, i, 1, j], t0 - l0, t1, -l1, m3 * 0
            elif e == 9:
                w, da, db, dc, dd = g[2, i, 1, j], t0, t1 - r0, m2 * 0, -r1
            elif e == 10:
                w, da, db, dc, dd = g[2, i + 1, 0, j], l0, m1 * 0, l1 - u0, -u1
            else:
                w, da, db, dc, dd = g[3, i + 1, 0, j + 1], m0 * 0, r0, -u0, r1 - u1
            ab -= w * da * db
            ac -= w * da * dc
            ad -= w * da * dd
            bc -= w * db * dc
            bd -= w * db * dd
            cd -= w * dc * dd
        element[0, k, j], element[1, k, j], element[2, k, j] = ab, ac, ad
        element[3, k, j], element[4, k, j], element[5, k, j] = bc, bd, cd


@parallel_kernel
def element_couplings(raster: Raster, element: Single3) -> None:
    """Couplings of the corners of each element, wherever its cells are usual."""
    g, ground, kind, line, centre = raster.g, raster.ground, raster.kind, raster.line, raster.centre
    for block in prange(line.shape[1] - 2):
        _element_row(g, ground, kind, line, centre, block, element)


@kernel
def find_plain(cell: Long1, width: int, rows: int, cols: int, plain: Bool1) -> None:
    """Clear the corners that have a special or region cell within two steps; the others' rows follow from elements."""
    for s in range(cell.size):
        row, col = cell[s] // width, cell[s] % width
        for i in range(max((row - 1) // 2, 0), min((row + 2) // 2 + 1, rows)):
            for j in range(max((col - 1) // 2, 0), min((col + 2) // 2 + 1, cols)):
                plain[i * cols + j] = False


@kernel
def _towards(element: Single3, i: int, j: int, k: int) -> float:
    """Coupling of corner [i, j] (halo counted) to its neighbour in direction k; two elements share an axis coupling."""
    if k == 0:
        return element[0, i, j] + element[5, i - 1, j]
    if k == 4:
        return element[0, i, j - 1] + element[5, i - 1, j - 1]
    if k == 1:
        return element[1, i, j] + element[4, i, j - 1]
    if k == 5:
        return element[1, i - 1, j] + element[4, i - 1, j - 1]
    if k == 2:
        return element[2, i, j]
    if k == 6:
        return element[2, i - 1, j - 1]
    return element[3, i, j - 1] if k == 3 else element[3, i - 1, j]


@parallel_kernel
def plain_sizes(element: Single3, plain: Bool1, size: Int1) -> None:
    """Number of couplings of plain corners."""
    rows, cols = element.shape[1] - 2, element.shape[2] - 2
    for i in prange(rows):
        for j in range(cols):
            if plain[i * cols + j]:
                n = 0
                for k in range(8):
                    n += _towards(element, i + 1, j + 1, k) != 0.0
                size[i * cols + j] = n


@parallel_kernel
def plain_rows(element: Single3, plain: Bool1, start: Int1, column: Int1, coupling: Single1) -> None:
    """Rows of plain corners."""
    rows, cols = element.shape[1] - 2, element.shape[2] - 2
    for i in prange(rows):
        for j in range(cols):
            if plain[i * cols + j]:
                at = start[i * cols + j]
                for k in ASCENDING:
                    value = _towards(element, i + 1, j + 1, k)
                    if value != 0.0:
                        column[at] = (i + D_ROW[k]) * cols + j + D_COL[k]
                        coupling[at] = value
                        at += 1


@inlined_kernel
def _child_weight(kind: Byte3, line: Single3, centre: Single3, block: int, j: int, d_row: int, d_col: int) -> float:
    """Weight of corner (block, j) for the usual cell d_row, d_col away from it."""
    row, col = 2 * block + d_row, 2 * j + d_col
    if row < 0 or col < 0 or kind[row + 1, col & 1, (col >> 1) + 1] != REGULAR:
        return 0.0
    i, k = (row >> 1) + 1, (col >> 1) + 1
    if d_row == 0:
        return 1.0 if d_col == 0 else np.float64(line[0 if d_col > 0 else 1, i, k])
    if d_col == 0:
        return np.float64(line[2 if d_row > 0 else 3, i, k])
    return np.float64(centre[(0 if d_row > 0 else 2) + (0 if d_col > 0 else 1), i, k])


@kernel
def mark_around(cell: Long1, shape: tuple[int, int], needed: Byte1) -> None:
    """Flat cells within four steps of a special cell: all that rows of unknowns beside it read."""
    height, width = shape
    for s in range(cell.size):
        row, col = cell[s] // width, cell[s] % width
        for r in range(max(row - 4, 0), min(row + 5, height)):
            for c in range(max(col - 4, 0), min(col + 5, width)):
                needed[r * width + c] = 1


@parallel_kernel
def count_parents(raster: Raster, special: Special, needed: Byte1, size: Int1) -> None:
    """Number of parents of the needed cells."""
    kind, line, centre = raster.kind, raster.line, raster.centre
    cell, row_start, width = special.cell, special.row_start, special.width
    parent, weight, count = special.parent, special.weight, special.n_parent
    for row in prange(row_start.size - 1):
        names, parts = np.empty(CAPACITY, np.int32), np.empty(CAPACITY, np.float32)
        for col in range(width):
            if needed[row * width + col]:
                size[row * width + col] = parents_of(
                    kind, line, centre, cell, row_start, width, parent, weight, count, row, col, names, parts
                )


@parallel_kernel
def write_parents(raster: Raster, special: Special, needed: Byte1, start: Int1, out: Int1, out_weight: Single1) -> None:
    """Parents of the needed cells as rows."""
    kind, line, centre = raster.kind, raster.line, raster.centre
    cell, row_start, width = special.cell, special.row_start, special.width
    parent, weight, count = special.parent, special.weight, special.n_parent
    for row in prange(row_start.size - 1):
        for col in range(width):
            at = start[row * width + col]
            if needed[row * width + col] and start[row * width + col + 1] > at:
                parents_of(
                    kind, line, centre, cell, row_start, width, parent, weight, count, row, col,
                    out[at:], out_weight[at:],
                )  # fmt: skip


@inlined_kernel
def _special_row(
    g: Single4,
    ground: Single3,
    kind: Byte3,
    line: Single3,
    centre: Single3,
    p_start: Int1,
    p_column: Int1,
    p_weight: Single1,
    cell: Long1,
    width: int,
    child: Int1,
    child_weight: Single1,
    dof: int,
    marker: Int1,
    who: Int1,
    total: Double1,
) -> int:
    """Row of ``P^T A P``, sign of conductances, of an unknown with special children ``child``; returns its size."""
    cols, n_corner = line.shape[2] - 2, (line.shape[1] - 2) * (line.shape[2] - 2)
    around = 9 if dof < n_corner else 0
    n = 0
    for t in range(around + child.size):
        if t < around:
            d_row, d_col = t // 3 - 1, t % 3 - 1
            share = _child_weight(kind, line, centre, dof // cols, dof % cols, d_row, d_col)
            if share == 0.0:
                continue
            row, col = 2 * (dof // cols) + d_row, 2 * (dof % cols) + d_col
        else:
            share = np.float64(child_weight[t - around])
            row, col = cell[child[t - around]] // width, cell[child[t - around]] % width
        here = row * width + col
        whole = np.float64(ground[row + 1, col & 1, (col >> 1) + 1])
        for k in range(8):
            edge = np.float64(conductance_to(g, row, col, k))
            if edge != 0.0:
                whole += edge
                there = here + D_ROW[k] * width + D_COL[k]
                for e in range(p_start[there], p_start[there + 1]):
                    n = add_entry(marker, who, total, n, p_column[e], share * edge * p_weight[e])
        for e in range(p_start[here], p_start[here + 1]):
            n = add_entry(marker, who, total, n, p_column[e], -share * whole * p_weight[e])
    return n


@kernel
def _special_rows_of(
    thread: int,
    n_thread: int,
    raster: Raster,
    p: Rows,
    special: Special,
    children: Rows,
    dofs: Int1,
    size: Int1,
    offset: Long1,
    column: Int1,
    coupling: Single1,
) -> int:
    """All rows of one thread; returns how much of its buffer they take, -1 if it is too small."""
    g, ground, kind, line, centre = raster.g, raster.ground, raster.kind, raster.line, raster.centre
    p_start, p_column, p_weight = p.start, p.column, p.weight
    start, child, child_weight = children.start, children.column, children.weight
    cell, width = special.cell, special.width
    n_coarse = start.size - 1
    marker, who, total = np.full(n_coarse, -1, np.int32), np.empty(n_coarse, np.int32), np.empty(n_coarse, np.float64)
    used = 0
    for chunk in range(thread * CHUNK, dofs.size, n_thread * CHUNK):
        for m in range(chunk, min(chunk + CHUNK, dofs.size)):
            first, last = start[dofs[m]], start[dofs[m] + 1]
            n = _special_row(
                g, ground, kind, line, centre, p_start, p_column, p_weight, cell, width,
                child[first:last], child_weight[first:last], dofs[m], marker, who, total,
            )  # fmt: skip
            end = store_row(marker, who, total, n, dofs[m], used, column, coupling)
            if end < 0:
                return -1
            offset[m] = used
            size[m] = end - used
            used = end
    return used


@parallel_kernel
def special_rows(
    raster: Raster,
    p: Rows,
    special: Special,
    children: Rows,
    dofs: Int1,
    size: Int1,
    offset: Long1,
    column: Int2,
    coupling: Single2,
    used: Long1,
) -> None:
    """Rows of the unknowns ``dofs`` into the threads' buffers; ``used[thread]`` = -1 where one did not suffice.

    ``p``: parents of the cells around special ones; ``children``: special cells of each unknown.
    """
    for thread in prange(used.size):
        used[thread] = _special_rows_of(
            thread, used.size, raster, p, special, children, dofs, size, offset, column[thread], coupling[thread]
        )


@kernel
def _ground_row(g: Single4, ground: Single3, kind: Byte3, row: int, width: int, out: Single3) -> None:
    for col in range(width):
        half, j = col & 1, (col >> 1) + 1
        if kind[row + 1, half, j] != DEAD:
            total = np.float64(ground[row + 1, half, j])
            for k in range(8):
                r, c = row + D_ROW[k], col + D_COL[k]
                if kind[r + 1, c & 1, (c >> 1) + 1] == DEAD:
                    total += conductance_to(g, row, col, k)
            out[row + 1, half, j] = total


@parallel_kernel
def ground_terms(
    g: Single4, ground: Single3, kind: Byte3, grounded: Bool1, shape: tuple[int, int], out: Single3
) -> None:
    """Conductance of each living cell to the ground, directly or through cells that have no parents.

    ``grounded``: rows of the field in which there is ground. Cells without parents are grounded cells.
    """
    for row in prange(shape[0]):
        if grounded[row] or grounded[row + 1] or grounded[row + 2]:
            _ground_row(g, ground, kind, row, shape[1], out)


@parallel_kernel
def restrict_ground(
    raster: Raster, terms: Single3, busy: Bool1, special: Special, children: Rows, out: Single1
) -> None:
    """``out = P^T terms``; ``busy``: rows of the field that are not all zero."""
    child_start, child, child_weight = children.start, children.column, children.weight
    kind, line, centre = raster.kind, raster.line, raster.centre
    cell, width = special.cell, special.width
    cols, n_corner = line.shape[2] - 2, (line.shape[1] - 2) * (line.shape[2] - 2)
    for dof in prange(out.size):
        total = 0.0
        row = 2 * (dof // cols) + 1 if dof < n_corner else 1
        around = dof < n_corner and (busy[row - 1] or busy[row] or busy[row + 1])
        for t in range(9 if around else 0):
            d_row, d_col = t // 3 - 1, t % 3 - 1
            col = 2 * (dof % cols) + d_col
            term = terms[row + d_row, col & 1, (col >> 1) + 1]
            if term != 0.0:
                total += term * _child_weight(kind, line, centre, dof // cols, dof % cols, d_row, d_col)
        for e in range(child_start[dof], child_start[dof + 1]):
            s = child[e]
            col = cell[s] % width
            total += child_weight[e] * terms[cell[s] // width + 1, col & 1, (col >> 1) + 1]
        out[dof] = total
