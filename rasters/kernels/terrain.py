"""Loops over 3 x 3 windows of elevation.

Every kernel takes arrays with a halo of one cell, (H + 2, W + 2): ``z`` values and ``known``, false in the halo and
where there is no data. Cells are written once, by the row's thread. Windows with unknown neighbours use what is known.
"""

import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from rasters.kernels._jit import kernel, parallel_kernel

__all__ = ["horn_gradient", "window_ruggedness"]

Float2 = NDArray[np.float64]
Bool2 = NDArray[np.bool_]


@kernel
def _difference(
    low: float, mid: float, high: float, has_low: bool, has_mid: bool, has_high: bool
) -> tuple[float, float]:
    """Difference per cell along three cells in a row, and its weight: central, else one-sided, else weight 0."""
    if has_low and has_high:
        return 0.5 * (high - low), 1.0
    if has_mid and has_high:
        return high - mid, 1.0
    if has_mid and has_low:
        return mid - low, 1.0
    return 0.0, 0.0


@kernel
def _horn_east(z: Float2, known: Bool2, row: int, col: int) -> tuple[float, float]:
    """Weighted sum (1, 2, 1) of the three rows' west-east differences [m per cell], and the sum of the weights."""
    total = weight = 0.0
    for k in range(-1, 2):
        r = row + k
        d, has = _difference(
            z[r, col - 1], z[r, col], z[r, col + 1], known[r, col - 1], known[r, col], known[r, col + 1]
        )
        w = has * (2.0 - abs(k))
        total += w * d
        weight += w
    return total, weight


@kernel
def _horn_south(z: Float2, known: Bool2, row: int, col: int) -> tuple[float, float]:
    """Weighted sum (1, 2, 1) of the three columns' north-south differences [m per cell], and the sum of the weights."""
    total = weight = 0.0
    for k in range(-1, 2):
        c = col + k
        d, has = _difference(
            z[row - 1, c], z[row, c], z[row + 1, c], known[row - 1, c], known[row, c], known[row + 1, c]
        )
        w = has * (2.0 - abs(k))
        total += w * d
        weight += w
    return total, weight


@parallel_kernel
def horn_gradient(
    z: Float2, known: Bool2, width_m: float, height_m: float, east: Float2, south: Float2, ok: Bool2
) -> None:
    """Rise per metre to the east and to the south, Horn 1981. (H + 2, W + 2) -> (H, W).

    ``dz/dx = [(c + 2f + i) - (a + 2d + g)] / 8 dx`` where all nine cells are known; with unknown cells the mean, with
    the same weights, of the rows' central or one-sided differences, exact on a plane. ``ok`` is false where the cell
    is unknown or nothing is known on one of the two axes.
    """
    for row in prange(east.shape[0]):
        for col in range(east.shape[1]):
            ok[row, col] = False
            if known[row + 1, col + 1]:
                d_east, w_east = _horn_east(z, known, row + 1, col + 1)
                d_south, w_south = _horn_south(z, known, row + 1, col + 1)
                if w_east > 0.0 and w_south > 0.0:
                    east[row, col] = d_east / (w_east * width_m)
                    south[row, col] = d_south / (w_south * height_m)
                    ok[row, col] = True


@parallel_kernel
def window_ruggedness(z: Float2, known: Bool2, squares: bool, out: Float2, ok: Bool2) -> None:
    """Riley's ``sqrt(8 mean (z_k - z)^2)`` if ``squares``, else Wilson's ``mean |z_k - z|``. (H + 2, W + 2) -> (H, W).

    The mean runs over the known neighbours of the eight; ``ok`` is false where there is none.
    """
    for row in prange(out.shape[0]):
        for col in range(out.shape[1]):
            total = 0.0
            count = 0
            here = z[row + 1, col + 1]
            for r in range(row, row + 3):
                for c in range(col, col + 3):
                    if known[r, c] and not (r == row + 1 and c == col + 1):
                        d = z[r, c] - here
                        total += d * d if squares else abs(d)
                        count += 1
            ok[row, col] = known[row + 1, col + 1] and count > 0
            if ok[row, col]:
                out[row, col] = math.sqrt(8.0 * total / count) if squares else total / count
