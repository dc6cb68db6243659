"""Paths back to the source, read off exact distances: no parent is stored.

A cell's distance is ``min_n d_n + edge`` to the last bit, because the search added the same two numbers. Arrays here
have no halo, ``rise`` included; ``fence_cell`` still numbers the haloed array of `connectivity.kernels.search.dijkstra`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.search.dijkstra import edge_cost, fence_row
from connectivity.kernels.search.slope import LEVEL

__all__ = ["inherit_labels", "parent_step", "trace"]


@kernel
def parent_step(
    row: int,
    col: int,
    cwd: NDArray[np.float64],
    resistance: NDArray[np.float64],
    step: NDArray[np.int64],
    half_length: NDArray[np.float64],
    harmonic: bool,
    fence_cell: NDArray[np.int64],
    fence_cost: NDArray[np.float64],
    slope_kind: int,
    rise: NDArray[np.float64],
) -> int:
    """Direction of the neighbour that a cell's least cost came through, the first of equals; -1 where there is none.

    ``step`` (n, 2) are the directions' rows and columns.
    """
    height, width = cwd.shape
    fence = fence_row((row + 1) * (width + 2) + col + 1, fence_cell)
    here, climb = resistance[row, col], 0.0
    best, found = math.inf, -1
    for k in range(step.shape[0]):
        r, c = row + step[k, 0], col + step[k, 1]
        if 0 <= r < height and 0 <= c < width and cwd[r, c] < cwd[row, col]:
            if slope_kind != LEVEL:
                climb = rise[row, col] - rise[r, c]
            edge = edge_cost(here, resistance[r, c], climb, half_length[k], harmonic, slope_kind)
            if fence >= 0:
                edge += fence_cost[fence, k]
            if cwd[r, c] + edge < best:
                best, found = cwd[r, c] + edge, k
    return found


@kernel
def trace(
    row: int,
    col: int,
    cwd: NDArray[np.float64],
    resistance: NDArray[np.float64],
    step: NDArray[np.int64],
    half_length: NDArray[np.float64],
    harmonic: bool,
    fence_cell: NDArray[np.int64],
    fence_cost: NDArray[np.float64],
    slope_kind: int,
    rise: NDArray[np.float64],
    out: NDArray[np.int64],
) -> int:
    """Cells (row, col) from a cell back to where no lower neighbour is left, into ``out`` (n, 2).

    Returns how many cells the path has, which may be more than fit: call again with a longer ``out``.
    """
    n = 0
    while True:
        if n < out.shape[0]:
            out[n, 0], out[n, 1] = row, col
        n += 1
        k = parent_step(
            row, col, cwd, resistance, step, half_length, harmonic, fence_cell, fence_cost, slope_kind, rise
        )
        if k < 0:
            return n
        row, col = row + step[k, 0], col + step[k, 1]


@kernel
def inherit_labels(
    cwd: NDArray[np.float64],
    resistance: NDArray[np.float64],
    step: NDArray[np.int64],
    half_length: NDArray[np.float64],
    harmonic: bool,
    fence_cell: NDArray[np.int64],
    fence_cost: NDArray[np.float64],
    slope_kind: int,
    rise: NDArray[np.float64],
    label: NDArray[np.int32],
) -> int:
    """Give each reached cell (0 < cwd < inf) the label of the source its path leads to; sources are labelled before.

    Returns 0, or 1 + the flat number of the first cell whose path ends before a source (see `trace`).
    """
    width = cwd.shape[1]
    for first_row in range(cwd.shape[0]):
        for first_col in range(width):
            row, col = first_row, first_col
            while label[row, col] == 0 and 0.0 < cwd[row, col] < math.inf:
                k = parent_step(
                    row, col, cwd, resistance, step, half_length, harmonic, fence_cell, fence_cost, slope_kind, rise
                )
                if k < 0:
                    return row * width + col + 1
                row, col = row + step[k, 0], col + step[k, 1]
            found = label[row, col]
            row, col = first_row, first_col
            while label[row, col] == 0 and 0.0 < cwd[row, col] < math.inf:
                label[row, col] = found
                k = parent_step(
                    row, col, cwd, resistance, step, half_length, harmonic, fence_cell, fence_cost, slope_kind, rise
                )
                row, col = row + step[k, 0], col + step[k, 1]
    return 0
