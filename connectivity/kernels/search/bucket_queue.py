"""A monotone bucket queue of cells: radix buckets of 256 per level, entries in small chunks of one pool.

A key is a whole number below 2**40, never smaller than the current one. Slot ``256 level + byte`` holds the keys that
agree with the current key above byte ``level`` and have ``byte`` there, so that level 0 holds the next 256 keys one by
one and level 4 whatever lies far away (Cherkassky, Goldberg and Silverstein 1999, "Buckets, heaps, lists, and monotone
priority queues", SIAM J. Comput. 28). Entries are never deleted: whoever takes one out checks that it still holds.

Arrays: ``pool`` (n CHUNK,) int32, where chunk c has the number of the next chunk of its list (-1 at the end) at
``c CHUNK`` and entries behind it; ``tail`` (SLOTS,) int64, where the next entry of each slot goes: 0 = empty, a multiple
of CHUNK = the last chunk is full; ``free`` (2,) int64, first free chunk and number of free chunks.

The step of putting an entry in stands in the callers' loops, as a call would cost more than the step itself::

    place = tail[slot]
    if place % CHUNK == 0:
        place = new_chunk(place, pool, free)
    pool[place] = cell
    tail[slot] = place + 1
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel

__all__ = ["CHUNK", "LEVELS", "SLOTS", "TOP_KEY", "grow", "key_of", "new_chunk", "next_key", "release", "slot_of"]

CHUNK = 64
LEVELS = 5
SLOTS = 256 * LEVELS
TOP_KEY = 2.0**40 - 1.0


@kernel
def key_of(distance: float, per_m: float) -> int:
    """Bucket of a distance [effective m], 1 / per_m wide."""
    return int(min(distance * per_m, TOP_KEY))


@kernel
def slot_of(key: int, current: int) -> int:
    """Slot of a key, given the current one: the highest byte in which they differ, and its value."""
    differ = key ^ current
    if differ < 256:
        return key & 255
    if differ < 65536:
        return 256 + ((key >> 8) & 255)
    if differ < 16777216:
        return 512 + ((key >> 16) & 255)
    if differ < 4294967296:
        return 768 + ((key >> 24) & 255)
    return 1024 + (key >> 32)


@kernel
def next_key(current: int, tail: NDArray[np.int64]) -> tuple[int, int]:
    """Smallest key whose slot may hold entries, and its level; (-1, 0) when the queue is empty."""
    for level in range(LEVELS):
        shift = 8 * level
        for byte in range((current >> shift) & 255, 256):
            if tail[256 * level + byte] > 0:
                above = (current >> (shift + 8)) << (shift + 8)
                return above | (byte << shift), level
    return -1, 0


@kernel
def new_chunk(place: int, pool: NDArray[np.int32], free: NDArray[np.int64]) -> int:
    """Take a free chunk to follow the one that ends before ``place`` (0 = none); its first place. One must be free."""
    chunk = free[0]
    free[0] = pool[chunk * CHUNK]
    free[1] -= 1
    pool[chunk * CHUNK] = place // CHUNK - 1
    first: int = chunk * CHUNK + 1
    return first


@kernel
def release(chunk: int, pool: NDArray[np.int32], free: NDArray[np.int64]) -> int:
    """Give a chunk back to the pool; the place behind the chunk that it followed, 0 where there is none."""
    place: int = (pool[chunk * CHUNK] + 1) * CHUNK
    pool[chunk * CHUNK] = free[0]
    free[0] = chunk
    free[1] += 1
    return place


@kernel
def grow(n: int, pool: NDArray[np.int32], free: NDArray[np.int64]) -> NDArray[np.int32]:
    """Pool of the same content with ``n`` more free chunks."""
    old = pool.size // CHUNK
    wider = np.empty((old + n) * CHUNK, np.int32)
    wider[: pool.size] = pool
    for chunk in range(old, old + n):
        wider[chunk * CHUNK] = chunk + 1
    wider[(old + n - 1) * CHUNK] = free[0]
    free[0] = old
    free[1] += n
    return wider
