"""Exact Galerkin products between graphs: the coarse operator is ``P^T A P``, nothing dropped.

A graph is rows of couplings (positive = conductance) and, apart from them, conductance to ground: ``P^T (ground + couplings to
unknowns without parents)``, exactly zero where there is no ground, so that a Laplacian keeps its zero row sums in float32.
Sums are taken in float64.

Rows are made by threads, CHUNK at a time in turn, each into its own buffer, and copied into place afterwards: row ``dof`` waits
at ``buffer[thread, offset[dof]]``. A thread whose buffer is full stops and says so; the caller provides a larger one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel

__all__ = ["CHUNK", "Graph", "Rows", "add_entry", "copy_rows", "graph_ground", "graph_rows", "store_row", "transpose"]

CHUNK = 64
"""Rows that a thread takes at a time."""

Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Double1 = NDArray[np.float64]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]
Long1 = NDArray[np.int64]


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


@inlined_kernel
def add_entry(marker: Int1, who: Int1, total: Double1, n: int, column: int, value: float) -> int:
    """Add to the entry of a column in the row under construction; ``marker`` says where it is, -1 = nowhere yet."""
    at = marker[column]
    if at < 0:
        marker[column] = n
        who[n] = column
        total[n] = value
        return n + 1
    total[at] += value
    return n


@inlined_kernel
def store_row(
    marker: Int1, who: Int1, total: Double1, n: int, dof: int, used: int, column: Int1, coupling: Single1
) -> int:
    """Append a row without its own entry and exact zeros to a buffer and clear ``marker``; -1 if the buffer is full."""
    at = used
    for t in range(n):
        marker[who[t]] = -1
        if who[t] != dof and total[t] != 0.0:
            if at < column.size:
                column[at] = who[t]
                coupling[at] = total[t]
            at += 1
    return at if at <= column.size else -1


@inlined_kernel
def _graph_row(
    start: Int1,
    column: Int1,
    coupling: Single1,
    ground: Single1,
    r_column: Int1,
    r_weight: Single1,
    first: int,
    last: int,
    marker: Int1,
    who: Int1,
    total: Double1,
) -> int:
    """Row of ``P^T A``, the rows first..last of P^T's entries; returns its size. ``marker`` is left set."""
    n = 0
    for e in range(first, last):
        i, share = r_column[e], np.float64(r_weight[e])
        whole = np.float64(ground[i])
        for k in range(start[i], start[i + 1]):
            whole += coupling[k]
            n = add_entry(marker, who, total, n, column[k], share * coupling[k])
        n = add_entry(marker, who, total, n, i, -share * whole)
    return n


@inlined_kernel
def _times_p(
    near: Int1,
    near_total: Double1,
    n_near: int,
    p_start: Int1,
    p_column: Int1,
    p_weight: Single1,
    near_marker: Int1,
    marker: Int1,
    who: Int1,
    total: Double1,
) -> int:
    """A row of ``P^T A`` times P; clears ``near_marker``; returns the size of the product."""
    n = 0
    for t in range(n_near):
        j, value = near[t], near_total[t]
        near_marker[j] = -1
        for e in range(p_start[j], p_start[j + 1]):
            n = add_entry(marker, who, total, n, p_column[e], value * p_weight[e])
    return n


@kernel
def _graph_rows_of(
    thread: int,
    n_thread: int,
    graph: Graph,
    p: Rows,
    r: Rows,
    size: Int1,
    offset: Long1,
    out: Int1,
    out_coupling: Single1,
) -> int:
    """All rows of one thread; returns how much of its buffer they take, -1 if it is too small."""
    start, column, coupling, ground = graph.start, graph.column, graph.coupling, graph.ground
    p_start, p_column, p_weight = p.start, p.column, p.weight
    r_start, r_column, r_weight = r.start, r.column, r.weight
    near_marker, near = np.full(ground.size, -1, np.int32), np.empty(ground.size, np.int32)
    marker, who = np.full(size.size, -1, np.int32), np.empty(size.size, np.int32)
    near_total, total = np.empty(ground.size, np.float64), np.empty(size.size, np.float64)
    used = 0
    for chunk in range(thread * CHUNK, size.size, n_thread * CHUNK):
        for dof in range(chunk, min(chunk + CHUNK, size.size)):
            n_near = _graph_row(
                start, column, coupling, ground, r_column, r_weight, r_start[dof], r_start[dof + 1],
                near_marker, near, near_total,
            )  # fmt: skip
            n = _times_p(near, near_total, n_near, p_start, p_column, p_weight, near_marker, marker, who, total)
            end = store_row(marker, who, total, n, dof, used, out, out_coupling)
            if end < 0:
                return -1
            offset[dof] = used
            size[dof] = end - used
            used = end
    return used


@parallel_kernel
def graph_rows(
    graph: Graph, p: Rows, r: Rows, size: Int1, offset: Long1, column: Int2, coupling: Single2, used: Long1
) -> None:
    """Rows of ``P^T A P`` into the buffers, one a thread; ``used[thread]`` = -1 where it did not suffice."""
    for thread in prange(used.size):
        used[thread] = _graph_rows_of(thread, used.size, graph, p, r, size, offset, column[thread], coupling[thread])


@parallel_kernel
def copy_rows(
    dofs: Int1,
    size: Int1,
    offset: Long1,
    column: Int2,
    coupling: Single2,
    start: Int1,
    out: Int1,
    out_coupling: Single1,
) -> None:
    """Rows from the threads' buffers into place: row k of the buffers is unknown ``dofs[k]`` at ``start[dofs[k]]``."""
    for k in prange(dofs.size):
        thread = k // CHUNK % column.shape[0]
        first, at = offset[k], start[dofs[k]]
        for t in range(size[k]):
            out[at + t] = column[thread, first + t]
            out_coupling[at + t] = coupling[thread, first + t]


@kernel
def graph_ground(graph: Graph, p: Rows, leak: Double1, out: Double1) -> None:
    """``out = P^T (ground + couplings to unknowns without parents)``; ``leak`` is room for work, an entry per unknown."""
    out[:] = 0.0
    leak[:] = graph.ground
    for i in range(leak.size):
        if p.start[i] == p.start[i + 1]:
            for k in range(graph.start[i], graph.start[i + 1]):
                leak[graph.column[k]] += graph.coupling[k]
    for i in range(leak.size):
        if leak[i] != 0.0:
            for e in range(p.start[i], p.start[i + 1]):
                out[p.column[e]] += p.weight[e] * leak[i]
