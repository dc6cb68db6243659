"""Least-cost search and paths over steps of any reach, whose costs are given edge by edge."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.search.bucket_queue import key_of

__all__ = ["FarEdges", "far_offers", "far_parent"]


class FarEdges(NamedTuple):
    """Steps (m, 2), taken both ways, and their costs (m, height, width) at the first cell [effective m]."""

    step: NDArray[np.int64]
    cost: NDArray[np.float64]


@kernel
def far_offers(
    entries: NDArray[np.int32],
    current: int,
    per_m: float,
    edges: FarEdges,
    cells: NDArray[np.float64],
    target: NDArray[np.int64],
    offer: NDArray[np.float64],
) -> int:
    """What the entries that belong to the current key can offer, into ``target`` and ``offer``; how many."""
    width = edges.cost.shape[2]
    n = 0
    for entry in range(entries.size):
        cell = np.int64(entries[entry])
        start = cells[cell, 1]
        if key_of(start, per_m) != current:
            continue
        row, col = cell // (width + 2) - 1, cell % (width + 2) - 1
        for k in range(2 * edges.step.shape[0]):
            edge, r, c = _step(k, row, col, edges)
            other = (r + 1) * (width + 2) + c + 1
            if edge < math.inf and start + edge < cells[other, 1]:
                target[n], offer[n] = other, start + edge
                n += 1
    return n


@kernel
def _step(k: int, row: int, col: int, edges: FarEdges) -> tuple[float, int, int]:
    """Cost, row and column of a step from a cell, forwards for even ``k`` and backwards for odd; inf beyond the raster."""
    step, cost, way = edges.step, edges.cost, k // 2
    sign = 1 - 2 * (k % 2)
    r, c = row + sign * step[way, 0], col + sign * step[way, 1]
    if r < 0 or c < 0 or r >= cost.shape[1] or c >= cost.shape[2]:
        return math.inf, 0, 0
    return (cost[way, row, col] if sign > 0 else cost[way, r, c]), r, c


@kernel
def far_parent(row: int, col: int, cwd: NDArray[np.float64], edges: FarEdges) -> tuple[int, int]:
    """Row and column that a cell's least cost came through; (-1, -1) where there is none."""
    best, to_row, to_col = math.inf, -1, -1
    for k in range(2 * edges.step.shape[0]):
        edge, r, c = _step(k, row, col, edges)
        if edge < math.inf and cwd[r, c] < cwd[row, col] and cwd[r, c] + edge < best:
            best, to_row, to_col = cwd[r, c] + edge, r, c
    return to_row, to_col
