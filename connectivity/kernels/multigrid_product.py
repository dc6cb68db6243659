"""Exact Galerkin products: the coarse operator is ``P^T A P``, nothing dropped.

The result is a sparse graph of couplings (positive = conductance) in rows, and apart from it the conductance to ground,
``P^T (ground + edges to cells without parents)``, exactly zero where there is no ground: a Laplacian keeps its zero row
sums in float32. Sums are taken in float64. Rows are written by one thread each, in two passes: sizes, then entries.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid_layout import D_COL, D_ROW, DEAD, REGULAR, conductance_to
from connectivity.kernels.multigrid_weights import CAPACITY, Raster, Special, parents_of

__all__ = [
    "CHUNK",
    "Graph",
    "Rows",
    "compact_rows",
    "fine_rows",
    "fine_sizes",
    "graph_rows",
    "graph_sizes",
    "transpose",
]

CHUNK = 256
"""Rows that a thread takes at a time."""

Byte1 = NDArray[np.int8]
Byte3 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Double1 = NDArray[np.float64]
Double2 = NDArray[np.float64]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Long1 = NDArray[np.int64]


@kernel
def transpose(start: Int1, column: Int1, weight: Single1, out_start: Int1, out_row: Int1, out_weight: Single1) -> None:
    """Rows of a sparse matrix by column; ``out_start`` has one entry more than there are columns."""
    out_start[:] = 0
    for e in range(column.size):
        out_start[column[e] + 1] += 1
    for k in range(out_start.size - 1):
        out_start[k + 1] += out_start[k]
    fill = out_start[:-1].copy()
    for row in range(start.size - 1):
        for e in range(start[row], start[row + 1]):
            k = column[e]
            out_row[fill[k]] = row
            out_weight[fill[k]] = weight[e]
            fill[k] += 1


@kernel
def _add(marker: Int1, who: Int1, total: Double1, n: int, column: int, value: float) -> int:
    """Add to the entry of a column in the row under construction; ``marker`` says where it is."""
    at = marker[column]
    if at < 0:
        at = n
        marker[column] = n
        who[n] = column
        total[n] = 0.0
        n += 1
    total[at] += value
    return n


@kernel
def _child_weight(raster: Raster, block: int, j: int, d_row: int, d_col: int) -> float:
    """Weight of corner (block, j) for the usual cell d_row, d_col away from it."""
    kind, line, centre = raster.kind, raster.line, raster.centre
    row, col = 2 * block + d_row, 2 * j + d_col
    if kind[row + 1, col & 1, (col >> 1) + 1] != REGULAR:
        return 0.0
    i, k = (row >> 1) + 1, (col >> 1) + 1
    if d_row == 0:
        return 1.0 if d_col == 0 else np.float64(line[0 if d_col > 0 else 1, i, k])
    if d_col == 0:
        return np.float64(line[2 if d_row > 0 else 3, i, k])
    return np.float64(centre[(0 if d_row > 0 else 2) + (0 if d_col > 0 else 1), i, k])


@kernel
def _is_plain(kind: Byte3, block: int, j: int, rows: int, cols: int) -> bool:
    """True if no cell within two steps of corner (block, j) is special or in a region."""
    for row in range(max(2 * block - 2, 0), min(2 * block + 3, 2 * rows)):
        for col in range(max(2 * j - 2, 0), min(2 * j + 3, 2 * cols)):
            if kind[row + 1, col & 1, (col >> 1) + 1] > REGULAR:
                return False
    return True


@kernel
def _spread_child(raster: Raster, row: int, col: int, weight: float, up: int, left: int, y: Double2) -> float:
    """Add ``A P e`` of one cell of weight ``weight`` to a 5 x 5 patch; returns what it sends to the ground."""
    g, ground, kind = raster.g, raster.ground, raster.kind
    leak = np.float64(ground[row + 1, col & 1, (col >> 1) + 1])
    total = leak
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        if edge == 0.0:
            continue
        r, c = row + D_ROW[k], col + D_COL[k]
        total += edge
        if kind[r + 1, c & 1, (c >> 1) + 1] == DEAD:
            leak += edge
        y[r - up, c - left] -= edge * weight
    y[row - up, col - left] += total * weight
    return leak * weight


@kernel
def _plain_row(raster: Raster, block: int, j: int, y: Double2, who: Int1, total: Double1) -> tuple[int, float]:
    """Row of a corner whose surroundings follow the usual rule: at most 8 couplings. Returns (their number, ground)."""
    rows, cols = raster.line.shape[1] - 2, raster.line.shape[2] - 2
    up, left = 2 * block - 2, 2 * j - 2
    y[:, :] = 0.0
    leak = 0.0
    for d_row in range(-1, 2):
        for d_col in range(-1, 2):
            if block * 2 + d_row < 0 or j * 2 + d_col < 0:
                continue
            weight = _child_weight(raster, block, j, d_row, d_col)
            if weight != 0.0:
                leak += _spread_child(raster, 2 * block + d_row, 2 * j + d_col, weight, up, left, y)
    n = 0
    for d_i in range(-1, 2):
        for d_j in range(-1, 2):
            other_i, other_j = block + d_i, j + d_j
            inside = 0 <= other_i < rows and 0 <= other_j < cols
            if not inside or (d_i == 0 and d_j == 0):
                continue
            value = 0.0
            for d_row in range(-1, 2):
                row = 2 * d_i + d_row + 2
                if row < 0 or row > 4 or 2 * other_i + d_row < 0:
                    continue
                for d_col in range(-1, 2):
                    col = 2 * d_j + d_col + 2
                    if col < 0 or col > 4 or 2 * other_j + d_col < 0 or y[row, col] == 0.0:
                        continue
                    value += y[row, col] * _child_weight(raster, other_i, other_j, d_row, d_col)
            if value != 0.0:
                who[n] = other_i * cols + other_j
                total[n] = -value
                n += 1
    return n, leak


@kernel
def _add_child(
    raster: Raster,
    special: Special,
    row: int,
    col: int,
    share: float,
    marker: Int1,
    who: Int1,
    total: Double1,
    n: int,
) -> tuple[int, float]:
    """Add ``share * (A P)[child]`` to the row under construction, sign of conductances. Returns (size, ground)."""
    g, ground, kind = raster.g, raster.ground, raster.kind
    names, parts = np.empty(CAPACITY, np.int32), np.empty(CAPACITY, np.float32)
    leak = np.float64(ground[row + 1, col & 1, (col >> 1) + 1])
    whole = leak
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        if edge == 0.0:
            continue
        r, c = row + D_ROW[k], col + D_COL[k]
        whole += edge
        if kind[r + 1, c & 1, (c >> 1) + 1] == DEAD:
            leak += edge
        found = parents_of(raster, special, r, c, names, parts)
        for t in range(found):
            n = _add(marker, who, total, n, names[t], share * edge * parts[t])
    found = parents_of(raster, special, row, col, names, parts)
    for t in range(found):
        n = _add(marker, who, total, n, names[t], -share * whole * parts[t])
    return n, leak * share


@kernel
def _special_row(
    raster: Raster,
    special: Special,
    child_start: Int1,
    child: Int1,
    child_weight: Single1,
    dof: int,
    marker: Int1,
    who: Int1,
    total: Double1,
) -> tuple[int, float]:
    """Row of any coarse unknown. Returns (number of couplings, ground); clears ``marker``."""
    rows, cols = raster.line.shape[1] - 2, raster.line.shape[2] - 2
    n = 0
    ground_sum = 0.0
    if dof < rows * cols:
        block, j = dof // cols, dof % cols
        for d_row in range(-1, 2):
            for d_col in range(-1, 2):
                row, col = 2 * block + d_row, 2 * j + d_col
                if row < 0 or col < 0:
                    continue
                share = _child_weight(raster, block, j, d_row, d_col)
                if share != 0.0:
                    n, leak = _add_child(raster, special, row, col, share, marker, who, total, n)
                    ground_sum += leak
    for e in range(child_start[dof], child_start[dof + 1]):
        s = child[e]
        row, col = special.cell[s] // special.width, special.cell[s] % special.width
        n, leak = _add_child(raster, special, row, col, np.float64(child_weight[e]), marker, who, total, n)
        ground_sum += leak
    return _drop_own(marker, who, total, n, dof), ground_sum


@kernel
def _drop_own(marker: Int1, who: Int1, total: Double1, n: int, dof: int) -> int:
    """Clear the marker and take the unknown's own entry and exact zeros out of its row."""
    kept = 0
    for t in range(n):
        marker[who[t]] = -1
        if who[t] != dof and total[t] != 0.0:
            who[kept] = who[t]
            total[kept] = total[t]
            kept += 1
    return kept


@parallel_kernel
def fine_sizes(
    raster: Raster, special: Special, child_start: Int1, child: Int1, child_weight: Single1, n_thread: int, size: Int1
) -> None:
    """Bound on the couplings of each coarse unknown: 8 in plain surroundings, else counted."""
    rows, cols = raster.line.shape[1] - 2, raster.line.shape[2] - 2
    n_chunk = (size.size + CHUNK - 1) // CHUNK
    for thread in prange(n_thread):
        marker = np.full(size.size, -1, np.int32)
        who, total = np.empty(size.size, np.int32), np.empty(size.size, np.float64)
        for chunk in range(thread, n_chunk, n_thread):
            for dof in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, size.size)):
                block, j = dof // cols, dof % cols
                if block < rows and _is_plain(raster.kind, block, j, rows, cols):
                    size[dof] = 8 if raster.kind[2 * block + 1, 0, j + 1] == REGULAR else 0
                else:
                    size[dof], _ = _special_row(
                        raster, special, child_start, child, child_weight, dof, marker, who, total
                    )


@parallel_kernel
def fine_rows(
    raster: Raster,
    special: Special,
    child_start: Int1,
    child: Int1,
    child_weight: Single1,
    n_thread: int,
    start: Int1,
    size: Int1,
    column: Int1,
    coupling: Single1,
    ground: Single1,
) -> None:
    """Rows of the first coarse operator at ``start``; ``size`` becomes their true length."""
    rows, cols = raster.line.shape[1] - 2, raster.line.shape[2] - 2
    n_chunk = (size.size + CHUNK - 1) // CHUNK
    for thread in prange(n_thread):
        marker = np.full(size.size, -1, np.int32)
        who, total = np.empty(size.size, np.int32), np.empty(size.size, np.float64)
        y = np.empty((5, 5), np.float64)
        for chunk in range(thread, n_chunk, n_thread):
            for dof in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, size.size)):
                if size[dof] == 0 and dof < rows * cols:
                    continue
                block, j = dof // cols, dof % cols
                if block < rows and _is_plain(raster.kind, block, j, rows, cols):
                    n, leak = _plain_row(raster, block, j, y, who, total)
                else:
                    n, leak = _special_row(raster, special, child_start, child, child_weight, dof, marker, who, total)
                size[dof] = n
                ground[dof] = leak
                for t in range(n):
                    column[start[dof] + t] = who[t]
                    coupling[start[dof] + t] = total[t]


class Graph(NamedTuple):
    """A coarse level: rows of couplings, conductance to ground, 1 / diagonal."""

    start: Int1
    column: Int1
    coupling: Single1
    ground: Single1
    inverse: Single1


class Rows(NamedTuple):
    """A sparse matrix by rows."""

    start: Int1
    column: Int1
    weight: Single1


@kernel
def _graph_row(graph: Graph, p: Rows, r: Rows, dof: int, marker: Int1, who: Int1, total: Double1) -> tuple[int, float]:
    """Row of ``P^T A P``. Returns (number of couplings, ground); clears ``marker``."""
    n = 0
    ground_sum = 0.0
    for e in range(r.start[dof], r.start[dof + 1]):
        i, share = r.column[e], np.float64(r.weight[e])
        leak = whole = np.float64(graph.ground[i])
        for k in range(graph.start[i], graph.start[i + 1]):
            j, edge = graph.column[k], np.float64(graph.coupling[k])
            whole += edge
            if p.start[j] == p.start[j + 1]:
                leak += edge
            for t in range(p.start[j], p.start[j + 1]):
                n = _add(marker, who, total, n, p.column[t], share * edge * p.weight[t])
        for t in range(p.start[i], p.start[i + 1]):
            n = _add(marker, who, total, n, p.column[t], -share * whole * p.weight[t])
        ground_sum += share * leak
    return _drop_own(marker, who, total, n, dof), ground_sum


@parallel_kernel
def graph_sizes(graph: Graph, p: Rows, r: Rows, n_thread: int, size: Int1) -> None:
    """Couplings of each unknown of ``P^T A P``."""
    n_chunk = (size.size + CHUNK - 1) // CHUNK
    for thread in prange(n_thread):
        marker = np.full(size.size, -1, np.int32)
        who, total = np.empty(size.size, np.int32), np.empty(size.size, np.float64)
        for chunk in range(thread, n_chunk, n_thread):
            for dof in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, size.size)):
                size[dof], _ = _graph_row(graph, p, r, dof, marker, who, total)


@parallel_kernel
def graph_rows(
    graph: Graph, p: Rows, r: Rows, n_thread: int, start: Int1, column: Int1, coupling: Single1, ground: Single1
) -> None:
    """Rows of ``P^T A P`` at ``start``."""
    n_chunk = (ground.size + CHUNK - 1) // CHUNK
    for thread in prange(n_thread):
        marker = np.full(ground.size, -1, np.int32)
        who, total = np.empty(ground.size, np.int32), np.empty(ground.size, np.float64)
        for chunk in range(thread, n_chunk, n_thread):
            for dof in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, ground.size)):
                n, leak = _graph_row(graph, p, r, dof, marker, who, total)
                ground[dof] = leak
                for t in range(n):
                    column[start[dof] + t] = who[t]
                    coupling[start[dof] + t] = total[t]


@parallel_kernel
def compact_rows(
    start: Int1, size: Int1, column: Int1, coupling: Single1, new_start: Int1, new_column: Int1, new_coupling: Single1
) -> None:
    """Close the gaps left by rows shorter than their bound."""
    for dof in prange(size.size):
        for t in range(size[dof]):
            new_column[new_start[dof] + t] = column[start[dof] + t]
            new_coupling[new_start[dof] + t] = coupling[start[dof] + t]
