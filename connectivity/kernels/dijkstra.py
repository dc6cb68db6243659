"""Cost-weighted distance: Dijkstra's search over a raster with a bucket queue.

Cells lie in a halo of one cell on each side, numbered row by row: ``cells[i]`` is (resistance, distance). The sign of
the resistance is a flag: negative where one of the cell's edges carries a fence term. A distance of -inf marks cells
that cannot be entered (halo, barrier, no data), so that no test of bounds is needed. Directions 0..3 are those of
`rasters.fences.STEPS` (E, S, SE, SW), direction k + 4 is opposite to k.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.bucket_queue import CHUNK, SLOTS, detach, grow, next_key, push, release, slot_of

__all__ = ["edge_cost", "fence_term", "spread"]

TOP_KEY = 2.0**40 - 1.0


@kernel
def edge_cost(here: float, there: float, length: float, harmonic: bool) -> float:
    """Step length times the edge rule of two resistances [effective m]; the same to the last bit both ways."""
    if harmonic:
        return (2.0 / (1.0 / here + 1.0 / there)) * length
    return (here + there) * 0.5 * length


@kernel
def fence_term(cell: int, k: int, fence_cell: NDArray[np.int64], fence_cost: NDArray[np.float64]) -> float:
    """Fence cost [effective m] of direction k of a cell; ``fence_cell`` (n,) is sorted, ``fence_cost`` is (n, 8)."""
    low, high = 0, fence_cell.size
    while low < high:
        middle = (low + high) // 2
        if fence_cell[middle] < cell:
            low = middle + 1
        else:
            high = middle
    if low < fence_cell.size and fence_cell[low] == cell:
        cost: float = fence_cost[low, k]
        return cost
    return 0.0


@kernel
def _key(distance: float, per_m: float) -> int:
    return int(min(distance * per_m, TOP_KEY))


@kernel
def _sow(
    seeds: NDArray[np.int64],
    cells: NDArray[np.float64],
    per_m: float,
    chunks: NDArray[np.int32],
    link: NDArray[np.int32],
    slots: NDArray[np.int32],
    free: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Queue the seeds by their distances; the pool, grown where needed."""
    for cell in seeds:
        if free[1] == 0:
            chunks, link = grow(chunks, link, free)
        push(cell, slot_of(_key(cells[cell, 1], per_m), 0), chunks, link, slots, free)
    return chunks, link


@kernel
def _refile(
    current: int,
    level: int,
    cells: NDArray[np.float64],
    per_m: float,
    chunks: NDArray[np.int32],
    link: NDArray[np.int32],
    slots: NDArray[np.int32],
    free: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Spread one slot of an upper level over the levels below it, dropping cells that have moved ahead."""
    chunk, count = detach(256 * level + ((current >> (8 * level)) & 255), slots)
    while chunk >= 0:
        if free[1] < 256:
            chunks, link = grow(chunks, link, free)
        for entry in range(count):
            cell = chunks[chunk, entry]
            key = _key(cells[cell, 1], per_m)
            if key >= current:
                push(cell, slot_of(key, current), chunks, link, slots, free)
        chunk, count = release(chunk, link, free), CHUNK
    return chunks, link


@kernel
def spread(
    seeds: NDArray[np.int64],
    offset: NDArray[np.int64],
    length: NDArray[np.float64],
    harmonic: bool,
    fence_cell: NDArray[np.int64],
    fence_cost: NDArray[np.float64],
    per_m: float,
    unreached: float,
    cells: NDArray[np.float64],
) -> None:
    """Least cost from the seeds to every cell, ``d_j = min_i d_i + edge_ij``, into ``cells[:, 1]`` [effective m].

    A bucket is 1 / ``per_m`` wide; cells of one bucket are corrected until none changes, so any width gives the same
    distances. ``unreached`` is what the distance of a cell not yet reached starts from and may not exceed.
    """
    chunks, link = np.empty((2048, CHUNK), np.int32), np.arange(1, 2049).astype(np.int32)
    slots, free = np.full((SLOTS, 2), -1, np.int32), np.array([0, 2048])
    chunks, link = _sow(seeds, cells, per_m, chunks, link, slots, free)
    current, level = next_key(0, slots)
    while current >= 0:
        if level > 0:
            chunks, link = _refile(current, level, cells, per_m, chunks, link, slots, free)
        else:
            chunk, count = detach(current & 255, slots)
            while chunk >= 0:
                if free[1] < 8 * CHUNK:
                    chunks, link = grow(chunks, link, free)
                for entry in range(count):
                    cell = chunks[chunk, entry]
                    if _key(cells[cell, 1], per_m) == current:
                        _relax(
                            cell, current, offset, length, harmonic, fence_cell, fence_cost, per_m, unreached, cells,
                            chunks, link, slots, free,
                        )  # fmt: skip
                chunk, count = release(chunk, link, free), CHUNK
        current, level = next_key(current, slots)


@kernel
def _relax(
    cell: int,
    current: int,
    offset: NDArray[np.int64],
    length: NDArray[np.float64],
    harmonic: bool,
    fence_cell: NDArray[np.int64],
    fence_cost: NDArray[np.float64],
    per_m: float,
    unreached: float,
    cells: NDArray[np.float64],
    chunks: NDArray[np.int32],
    link: NDArray[np.int32],
    slots: NDArray[np.int32],
    free: NDArray[np.int64],
) -> None:
    """Offer each neighbour of a cell the way through it; queue those that take it."""
    here, start = cells[cell, 0], cells[cell, 1]
    fenced = here < 0.0
    here = math.fabs(here)
    for k in range(offset.size):
        other = cell + offset[k]
        edge = edge_cost(here, math.fabs(cells[other, 0]), length[k], harmonic)
        if fenced:
            edge += fence_term(cell, k, fence_cell, fence_cost)
        reached, before = start + edge, cells[other, 1]
        if reached < before:
            cells[other, 1] = reached
            key = _key(reached, per_m)
            slot = slot_of(key, current)
            if before == unreached or key == current or slot != slot_of(_key(before, per_m), current):
                push(other, slot, chunks, link, slots, free)
