"""A monotone bucket queue of cells: radix buckets of 256 per level, entries in small chunks of one pool.

A key is a whole number below 2**40, never smaller than the current one. Slot ``256 level + byte`` holds the keys that
agree with the current key above byte ``level`` and have ``byte`` there, so that level 0 holds the next 256 keys one by
one and level 4 whatever lies far away (Cherkassky, Goldberg and Silverstein 1999, "Buckets, heaps, lists, and monotone
priority queues", SIAM J. Comput. 28). Entries are never deleted: whoever takes one out checks that it still holds.

Arrays: ``chunks`` (n, CHUNK) int32 entries; ``link`` (n,) int32 next chunk of the same list, -1 at its end; ``slots``
(SLOTS, 2) int32 first chunk (-1 = empty) and number of entries in it, the others being full; ``free`` (2,) int64 first
free chunk and number of free chunks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel

__all__ = ["CHUNK", "LEVELS", "SLOTS", "detach", "grow", "next_key", "push", "release", "slot_of"]

CHUNK = 64
LEVELS = 5
SLOTS = 256 * LEVELS


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
def push(
    cell: int,
    slot: int,
    chunks: NDArray[np.int32],
    link: NDArray[np.int32],
    slots: NDArray[np.int32],
    free: NDArray[np.int64],
) -> None:
    """Put a cell into a slot. At least one chunk must be free."""
    chunk, count = slots[slot, 0], slots[slot, 1]
    if chunk < 0 or count == CHUNK:
        fresh = free[0]
        free[0] = link[fresh]
        free[1] -= 1
        link[fresh] = chunk
        slots[slot, 0] = fresh
        chunk, count = fresh, 0
    chunks[chunk, count] = cell
    slots[slot, 1] = count + 1


@kernel
def detach(slot: int, slots: NDArray[np.int32]) -> tuple[int, int]:
    """Empty a slot; its first chunk and the number of entries in that chunk."""
    chunk, count = slots[slot, 0], slots[slot, 1]
    slots[slot, 0] = -1
    slots[slot, 1] = 0
    return chunk, count


@kernel
def release(chunk: int, link: NDArray[np.int32], free: NDArray[np.int64]) -> int:
    """Give a chunk of a detached list back to the pool; the list's next chunk."""
    following: int = link[chunk]
    link[chunk] = free[0]
    free[0] = chunk
    free[1] += 1
    return following


@kernel
def grow(
    chunks: NDArray[np.int32], link: NDArray[np.int32], free: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Twice the pool with the same content; the new half is free."""
    n = link.size
    wider, longer = np.empty((2 * n, CHUNK), np.int32), np.empty(2 * n, np.int32)
    wider[:n] = chunks
    longer[:n] = link
    for chunk in range(n, 2 * n):
        longer[chunk] = chunk + 1
    longer[2 * n - 1] = free[0]
    free[0] = n
    free[1] += n
    return wider, longer


@kernel
def next_key(current: int, slots: NDArray[np.int32]) -> tuple[int, int]:
    """Smallest key whose slot may hold entries, and its level; (-1, 0) when the queue is empty."""
    for level in range(LEVELS):
        shift = 8 * level
        first = (current >> shift) & 255
        for byte in range(first, 256):
            if slots[256 * level + byte, 0] >= 0:
                above = (current >> (shift + 8)) << (shift + 8)
                return above | (byte << shift), level
    return -1, 0
