"""Paths back to the source, read off exact distances: no parent is stored.

A cell's distance is ``min_n d_n + edge`` to the last bit, because the search added the same two numbers. ``cwd`` and
``resistance`` have no halo; the arrays of `connectivity.kernels.search.dijkstra.Edges` number the haloed cells.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.search.dijkstra import Edges, edge_cost, fence_row
from connectivity.kernels.search.far_steps import FarEdges, far_parent

__all__ = ["inherit_labels", "trace"]


@kernel
def _parent(
    row: int, col: int, cwd: NDArray[np.float64], resistance: NDArray[np.float64], edges: Edges
) -> tuple[int, int]:
    """Row and column of the neighbour that a cell's least cost came through, the first of equals; (-1, -1) where there is none."""
    height, width = cwd.shape
    cell = (row + 1) * (width + 2) + col + 1
    fence = fence_row(cell, edges.fence_cell)
    here, best, to_row, to_col = resistance[row, col], math.inf, -1, -1
    for k in range(edges.step.shape[0]):
        r, c = row + edges.step[k, 0], col + edges.step[k, 1]
        if 0 <= r < height and 0 <= c < width and cwd[r, c] < cwd[row, col]:
            edge = edge_cost(here, resistance[r, c], cell + edges.offset[k], cell, k, edges)
            if fence >= 0:
                edge += edges.fence_cost[fence, k]
            if cwd[r, c] + edge < best:
                best, to_row, to_col = cwd[r, c] + edge, r, c
    return to_row, to_col


@kernel
def trace(
    row: int,
    col: int,
    cwd: NDArray[np.float64],
    resistance: NDArray[np.float64],
    near: Edges,
    far: FarEdges | None,
    out: NDArray[np.int64],
) -> int:
    """Cells (row, col) from a cell back to where no lower neighbour is left, into ``out`` (n, 2).

    Returns how many cells the path has, which may be more than fit: call again with a longer ``out``.
    """
    n = 0
    while row >= 0:
        if n < out.shape[0]:
            out[n, 0], out[n, 1] = row, col
        n += 1
        if far is None:
            row, col = _parent(row, col, cwd, resistance, near)
        else:
            row, col = far_parent(row, col, cwd, far)
    return n


@kernel
def inherit_labels(
    cwd: NDArray[np.float64], resistance: NDArray[np.float64], edges: Edges, label: NDArray[np.int32]
) -> int:
    """Give each reached cell (0 < cwd < inf) the label of the source its path leads to; sources are labelled before.

    Returns 0, or 1 + the flat number of the first cell whose path ends before a source (see `trace`).
    """
    width = cwd.shape[1]
    for first_row in range(cwd.shape[0]):
        for first_col in range(width):
            row, col = first_row, first_col
            while label[row, col] == 0 and 0.0 < cwd[row, col] < math.inf:
                to_row, to_col = _parent(row, col, cwd, resistance, edges)
                if to_row < 0:
                    return row * width + col + 1
                row, col = to_row, to_col
            found = label[row, col]
            row, col = first_row, first_col
            while label[row, col] == 0 and 0.0 < cwd[row, col] < math.inf:
                label[row, col] = found
                row, col = _parent(row, col, cwd, resistance, edges)
    return 0
