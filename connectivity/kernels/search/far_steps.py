"""Least-cost search and paths over steps of any reach, whose costs are given edge by edge."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.search.bucket_queue import CHUNK, SLOTS, grow, key_of, next_key, release
from connectivity.kernels.search.dijkstra import deliver, refile

__all__ = ["spread_far", "trace_far"]


@kernel
def spread_far(
    seeds: NDArray[np.int64],
    step: NDArray[np.int64],
    cost: NDArray[np.float64],
    per_m: float,
    unreached: float,
    cells: NDArray[np.float64],
) -> None:
    """As `connectivity.kernels.search.dijkstra.spread`, for steps (m, 2) both ways at costs (m, h, w) of the first cell."""
    many = 2 * step.shape[0] * CHUNK
    tail, free = np.zeros(SLOTS, np.int64), np.zeros(2, np.int64)
    pool = grow(1024 + many + seeds.size // (CHUNK - 1), np.zeros(CHUNK, np.int32), free)
    deliver(seeds, np.zeros(seeds.size), seeds.size, 0, per_m, unreached, tail, free, pool, cells)
    target, offer = np.empty(many, np.int64), np.empty(many)
    current, level = next_key(0, tail)
    while current >= 0:
        slot = 256 * level + ((current >> (8 * level)) & 255)
        place = tail[slot]
        tail[slot] = 0
        while place > 0:
            if free[1] < many:
                pool = grow(pool.size // CHUNK + many, pool, free)
            chunk = (place - 1) // CHUNK
            entries = pool[chunk * CHUNK + 1 : place]
            if level > 0:
                refile(entries, current, per_m, tail, free, pool, cells)
            else:
                n = _offers(entries, current, per_m, step, cost, cells, target, offer)
                deliver(target, offer, n, current, per_m, unreached, tail, free, pool, cells)
            place = release(chunk, pool, free)
        current, level = next_key(current, tail)


@kernel
def _offers(
    entries: NDArray[np.int32],
    current: int,
    per_m: float,
    step: NDArray[np.int64],
    cost: NDArray[np.float64],
    cells: NDArray[np.float64],
    target: NDArray[np.int64],
    offer: NDArray[np.float64],
) -> int:
    """What the entries that belong to the current key can offer, into ``target`` and ``offer``; how many."""
    width = cost.shape[2]
    n = 0
    for entry in range(entries.size):
        cell = np.int64(entries[entry])
        start = cells[cell, 1]
        if key_of(start, per_m) != current:
            continue
        row, col = cell // (width + 2) - 1, cell % (width + 2) - 1
        for k in range(2 * step.shape[0]):
            edge, r, c = _step(k, row, col, step, cost)
            other = (r + 1) * (width + 2) + c + 1
            if edge < math.inf and start + edge < cells[other, 1]:
                target[n], offer[n] = other, start + edge
                n += 1
    return n


@kernel
def _step(k: int, row: int, col: int, step: NDArray[np.int64], cost: NDArray[np.float64]) -> tuple[float, int, int]:
    """Cost, row and column of a step from a cell, forwards for even ``k`` and backwards for odd; inf beyond the raster."""
    way = k // 2
    sign = 1 - 2 * (k % 2)
    r, c = row + sign * step[way, 0], col + sign * step[way, 1]
    if r < 0 or c < 0 or r >= cost.shape[1] or c >= cost.shape[2]:
        return math.inf, 0, 0
    return (cost[way, row, col] if sign > 0 else cost[way, r, c]), r, c


@kernel
def trace_far(
    row: int,
    col: int,
    cwd: NDArray[np.float64],
    step: NDArray[np.int64],
    cost: NDArray[np.float64],
    out: NDArray[np.int64],
) -> int:
    """As `connectivity.kernels.search.paths.trace`: cells from a cell back to the source, and how many."""
    n = 0
    while True:
        if n < out.shape[0]:
            out[n, 0], out[n, 1] = row, col
        n += 1
        best, to_row, to_col = math.inf, -1, -1
        for k in range(2 * step.shape[0]):
            edge, r, c = _step(k, row, col, step, cost)
            if edge < math.inf and cwd[r, c] < cwd[row, col] and cwd[r, c] + edge < best:
                best, to_row, to_col = cwd[r, c] + edge, r, c
        if to_row < 0:
            return n
        row, col = to_row, to_col
