"""Where focal cells sit in a linear system: nodes, and sums over them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.pairs import FocalCells
from rasters.arrays import Reals

__all__ = ["PairStatus", "node_cell", "node_cells", "node_sums", "pair_status", "unsolved_resistance"]

PairStatus = Literal["solved", "same_node", "apart", "no_node", "excluded"]


def node_cell(focal: FocalCells, number: int) -> tuple[int, int]:
    """First cell of a focal node."""
    rows, cols = focal.cells(number)
    return int(rows[0]), int(cols[0])


def node_cells(system: Laplacian, row: int, col: int) -> NDArray[np.bool_]:
    """(height, width) bool: every cell of one cell's node."""
    number = system.region[row, col]
    if number > 0:
        return system.region == number
    alone = np.zeros(system.shape, np.bool_)
    alone[row, col] = True
    return alone


def node_sums(system: Laplacian, values: Reals) -> Reals:
    """(height, width) sum over each region at its first cell, 0 at its others and where there is no node."""
    out = np.where(system.active, values, 0.0)
    member = np.flatnonzero(system.region)
    if member.size:
        _, first, place = np.unique(system.region.ravel()[member], return_index=True, return_inverse=True)
        total = np.bincount(place, weights=out.ravel()[member])
        out.ravel()[member] = 0.0
        out.ravel()[member[first]] = total
    return out


def pair_status(
    system: Laplacian, component: NDArray[np.int32], focal: FocalCells, first: int, second: int
) -> PairStatus:
    """Whether two focal nodes can be solved on a system, or why not."""
    a, b = node_cell(focal, first), node_cell(focal, second)
    if component[a] < 0 or component[b] < 0:
        return "no_node"
    if a == b or system.region[a] == system.region[b] > 0:
        return "same_node"
    return "solved" if component[a] == component[b] else "apart"


def unsolved_resistance(status: PairStatus) -> float:
    """Effective resistance [ohm] that goes without a solve."""
    return {"same_node": 0.0, "excluded": np.nan}.get(status, np.inf)
