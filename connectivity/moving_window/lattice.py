"""The lattice of blocks under a tile's windows: how a block is cut, and the room that blocks take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.moving_window.blocks import (
    BANDS,
    CELLS,
    COL0,
    COL1,
    COUNTS,
    FIELDS,
    FIRST,
    IDS,
    LEAF,
    LEFT,
    LINE,
    PANELS,
    RIGHT,
    ROW0,
    ROW1,
    RUNS,
    SQUARES,
    VERTICAL,
)
from connectivity.kernels.moving_window.leaf import BAND, SIDE

__all__ = ["BlockPlan", "block_plan", "blocks_bytes", "slots"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPlan:
    """How every block is cut.

    Parameters
    ----------
    table : (n, FIELDS) int64
        Boxes, those inside another before it; see `connectivity.kernels.moving_window.blocks`.
    pitch : int
        Side of a block with the line after it [cells].
    room_ints, room_reals : int
        Numbers that one block takes.
    """

    table: NDArray[np.int64]
    pitch: int
    room_ints: int
    room_reals: int


@lru_cache
def block_plan(pitch: int) -> BlockPlan:
    """Cut a block of ``pitch - 1`` cells, ``pitch`` being 8 times a power of two, into halves down to leaves."""
    rows: list[NDArray[np.int64]] = []
    room = {"ints": 0, "reals": 0}

    def take(kind: str, size: int) -> int:
        room[kind] += size
        return room[kind] - size

    def cut(r0: int, r1: int, c0: int, c1: int) -> int:
        row = np.zeros(FIELDS, np.int64)
        row[[ROW0, ROW1, COL0, COL1, FIRST]] = r0, r1, c0, c1, len(rows)
        height, width = r1 - r0, c1 - c0
        ring, own = 2 * (height + width) + 4, height * width
        if max(height, width) <= SIDE:
            row[LEAF] = 1
            row[PANELS], row[BANDS] = take("reals", own * ring), take("reals", own * BAND)
        else:
            vertical = width >= height
            line, own = ((c0 + c1) // 2, height) if vertical else ((r0 + r1) // 2, width)
            row[VERTICAL], row[LINE] = vertical, line
            row[LEFT] = cut(r0, r1, c0, line) if vertical else cut(r0, line, c0, c1)
            row[RIGHT] = cut(r0, r1, line + 1, c1) if vertical else cut(line + 1, r1, c0, c1)
            row[PANELS] = take("reals", own * (own + ring))
        row[SQUARES], row[RUNS] = take("reals", ring * ring), take("reals", ring)
        row[COUNTS], row[IDS] = take("ints", CELLS), take("ints", own + ring)
        rows.append(row)
        return len(rows) - 1

    cut(0, pitch - 1, 0, pitch - 1)
    table = np.stack(rows)
    table.flags.writeable = False
    return BlockPlan(table=table, pitch=pitch, room_ints=room["ints"], room_reals=room["reals"])


def slots(shape: tuple[int, int], rows: int, pitch: int) -> tuple[int, int]:
    """Rows of blocks that are held at one time for windows of ``rows`` rows, and blocks in a row."""
    return min(shape[0] // pitch + 1, rows // pitch + 2), shape[1] // pitch + 1


def blocks_bytes(shape: tuple[int, int], rows: int, pitch: int) -> int:
    """Bytes of all blocks that are held at one time."""
    plan, (n_row, n_col) = block_plan(pitch), slots(shape, rows, pitch)
    return n_row * n_col * (4 * plan.room_ints + 8 * plan.room_reals)
