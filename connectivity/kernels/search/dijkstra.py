"""Cost-weighted distance: Dijkstra's search over a raster with a bucket queue.

Cells lie in a halo of one cell on each side, numbered row by row: ``cells[i]`` is (resistance, distance). The sign of
the resistance is a flag: negative where the edges of the cell need a closer look (fence, slope, other
rule). A distance of
-inf marks cells that cannot be entered (halo, barrier, no data), so that no test of bounds is needed. Directions 0..3
are those of `rasters.fences.STEPS` (E, S, SE, SW), and the second half of the directions is opposite to the first.

A chunk of cells is relaxed in two passes: all its offers ``d_i + edge_ij < d_j`` first, in a loop without branches, so
that the processor overlaps its waits for memory; then each offer is taken if it is still good.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.search.bucket_queue import CHUNK, SLOTS, grow, key_of, new_chunk, next_key, release, slot_of
from connectivity.kernels.search.far_steps import FarEdges, far_offers
from connectivity.kernels.search.slope import LEVEL, slope_factor

__all__ = ["Edges", "edge_cost", "fence_row", "spread"]


class Edges(NamedTuple):
    """What steps between neighbours cost; the second half of the n directions is opposite to the first.

    ``step`` (n, 2) rows and columns and ``offset`` (n,) in the haloed array; ``half_length`` (n,) [m]; ``fence_cost`` (m, n) of the
    haloed cells ``fence_cell`` (m,), sorted; ``rise`` the elevations [m] of the haloed cells, looked at unless ``slope_kind`` is LEVEL.
    """

    step: NDArray[np.int64]
    offset: NDArray[np.int64]
    half_length: NDArray[np.float64]
    harmonic: bool
    fence_cell: NDArray[np.int64]
    fence_cost: NDArray[np.float64]
    slope_kind: int
    rise: NDArray[np.float64]


@kernel
def edge_cost(here: float, there: float, cell: int, other: int, k: int, edges: Edges) -> float:
    """Step length times edge rule times slope factor [effective m]; without slope the same to the last bit both ways."""
    half_length = edges.half_length[k]
    edge = (here + there) * half_length
    if edges.harmonic:
        edge = 4.0 / (1.0 / here + 1.0 / there) * half_length
    if edges.slope_kind != LEVEL:
        edge *= slope_factor(edges.slope_kind, (edges.rise[other] - edges.rise[cell]) / (2.0 * half_length))
    return edge


@kernel
def fence_row(cell: int, fence_cell: NDArray[np.int64]) -> int:
    """Row of a cell in the fence table, whose cells (n,) are sorted; -1 where it has none."""
    low, high = 0, fence_cell.size
    while low < high:
        middle = (low + high) // 2
        if fence_cell[middle] < cell:
            low = middle + 1
        else:
            high = middle
    return low if low < fence_cell.size and fence_cell[low] == cell else -1


@kernel
def spread(
    seeds: NDArray[np.int64],
    near: Edges,
    far: FarEdges | None,
    per_m: float,
    unreached: float,
    cells: NDArray[np.float64],
) -> None:
    """Least cost from the seeds to every cell, ``d_j = min_i d_i + edge_ij``, into ``cells[:, 1]`` [effective m].

    A bucket is 1 / ``per_m`` wide; cells of one bucket are corrected until none changes, so any width gives the same
    distances. ``unreached`` is what the distance of a cell not yet reached starts from and may not exceed. Steps are ``near``,
    or instead of them ``far``; which of the two is settled when this is compiled.
    """
    many = 8 * CHUNK if far is None else 2 * far.step.shape[0] * CHUNK
    tail, free = np.zeros(SLOTS, np.int64), np.zeros(2, np.int64)
    pool = grow(1024 + many + seeds.size // (CHUNK - 1), np.zeros(CHUNK, np.int32), free)
    deliver(seeds, np.zeros(seeds.size), seeds.size, 0, per_m, unreached, tail, free, pool, cells)
    target, offer, special = np.empty(many + 1, np.int64), np.empty(many + 1), np.empty(CHUNK + 1, np.int64)
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
                if far is None:
                    n, n_special = _offers(entries, current, per_m, near, cells, target, offer, special)
                    if n_special > 0:
                        n = _special_offers(special[:n_special], n, near, cells, target, offer)
                else:
                    n = far_offers(entries, current, per_m, far, cells, target, offer)
                deliver(target, offer, n, current, per_m, unreached, tail, free, pool, cells)
            place = release(chunk, pool, free)
        current, level = next_key(current, tail)


@kernel
def refile(
    entries: NDArray[np.int32],
    current: int,
    per_m: float,
    tail: NDArray[np.int64],
    free: NDArray[np.int64],
    pool: NDArray[np.int32],
    cells: NDArray[np.float64],
) -> None:
    """Spread entries of an upper level over the levels below it, dropping cells that have moved ahead."""
    for entry in range(entries.size):
        cell = entries[entry]
        key = key_of(cells[cell, 1], per_m)
        if key >= current:
            slot = slot_of(key, current)
            place = tail[slot]
            if place % CHUNK == 0:
                place = new_chunk(place, pool, free)
            pool[place] = cell
            tail[slot] = place + 1


@kernel
def _offers(
    entries: NDArray[np.int32],
    current: int,
    per_m: float,
    edges: Edges,
    cells: NDArray[np.float64],
    target: NDArray[np.int64],
    offer: NDArray[np.float64],
    special: NDArray[np.int64],
) -> tuple[int, int]:
    """What the entries that belong to the current key can offer to their neighbours where edges are plain.

    Fills ``target`` and ``offer`` (cell, distance) and ``special`` (cells left for a closer look); how many of each.
    """
    n, n_special = 0, 0
    for entry in range(entries.size):
        cell = np.int64(entries[entry])
        here, start = cells[np.uint64(cell), 0], cells[np.uint64(cell), 1]
        live = key_of(start, per_m) == current
        special[n_special] = cell
        n_special += live & (here < 0.0)
        open_cell = live & (here > 0.0)
        for k in range(edges.offset.size):
            other = np.uint64(cell + edges.offset[k])
            reached = start + (here + math.fabs(cells[other, 0])) * edges.half_length[k]
            target[n], offer[n] = other, reached
            n += open_cell & (reached < cells[other, 1])
    return n, n_special


@kernel
def _special_offers(
    special: NDArray[np.int64],
    n: int,
    edges: Edges,
    cells: NDArray[np.float64],
    target: NDArray[np.int64],
    offer: NDArray[np.float64],
) -> int:
    """Append the offers of cells with fences, slope or the other edge rule; how many offers there are now."""
    for i in range(special.size):
        cell = special[i]
        here, start = -cells[cell, 0], cells[cell, 1]
        row = fence_row(cell, edges.fence_cell)
        for k in range(edges.offset.size):
            other = cell + edges.offset[k]
            edge = edge_cost(here, math.fabs(cells[other, 0]), cell, other, k, edges)
            if row >= 0:
                edge += edges.fence_cost[row, k]
            target[n], offer[n] = other, start + edge
            n += start + edge < cells[other, 1]
    return n


@kernel
def deliver(
    target: NDArray[np.int64],
    offer: NDArray[np.float64],
    n: int,
    current: int,
    per_m: float,
    unreached: float,
    tail: NDArray[np.int64],
    free: NDArray[np.int64],
    pool: NDArray[np.int32],
    cells: NDArray[np.float64],
) -> None:
    """Take the offers that are still good, and queue the cells unless they wait in the right slot already."""
    for i in range(n):
        cell, reached = target[i], offer[i]
        before = cells[cell, 1]
        if reached < before:
            cells[cell, 1] = reached
            key = key_of(reached, per_m)
            slot = slot_of(key, current)
            if before == unreached or key == current or slot != slot_of(key_of(before, per_m), current):
                place = tail[slot]
                if place % CHUNK == 0:
                    place = new_chunk(place, pool, free)
                pool[place] = cell
                tail[slot] = place + 1
