"""Between (height, width) arrays and the haloed cells that `connectivity.kernels.search.dijkstra` searches."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel

__all__ = ["fill_cells", "read_distances"]


@kernel
def fill_cells(
    resistance: NDArray[np.float64],
    nodata: NDArray[np.bool_],
    barrier: NDArray[np.bool_],
    unreached: float,
    cells: NDArray[np.float64],
) -> None:
    """Resistance and ``unreached`` on passable cells, -inf elsewhere. (h, w) -> ((h + 2) (w + 2), 2)."""
    height, width = resistance.shape
    cell = 0
    for row in range(-1, height + 1):
        for col in range(-1, width + 1):
            inside = 0 <= row < height and 0 <= col < width
            if inside and not (nodata[row, col] or barrier[row, col]):
                cells[cell, 0], cells[cell, 1] = resistance[row, col], unreached
            else:
                cells[cell, 0], cells[cell, 1] = 1.0, -math.inf
            cell += 1


@kernel
def read_distances(
    cells: NDArray[np.float64], nodata: NDArray[np.bool_], unreached: float, out: NDArray[np.float64]
) -> None:
    """Distances, ``inf`` where a cell was not reached or cannot be entered, NaN on no data. -> (h, w) [effective m]."""
    height, width = nodata.shape
    for row in range(height):
        for col in range(width):
            distance = cells[(row + 1) * (width + 2) + col + 1, 1]
            if nodata[row, col]:
                out[row, col] = math.nan
            elif distance == unreached or distance < 0.0:
                out[row, col] = math.inf
            else:
                out[row, col] = distance
