"""Least value within a disc around each cell."""

from __future__ import annotations

from connectivity.kernels._jit import kernel


@kernel
def _row_minimum(values, half, forward, backward, out):
    """Least of ``values[x - half : x + half + 1]`` for each x of a row, by van Herk's two running minima.

    Blocks of ``2 half + 1``: ``forward`` runs from each block's start, ``backward`` from its end; beyond the row is inf.
    (width,) arrays; ``forward`` and ``backward`` are (width + 2 half) scratch.
    """
    width, block = out.size, 2 * half + 1
    size = width + 2 * half
    for i in range(size):
        x = i - half
        value = values[x] if 0 <= x < width else float("inf")
        forward[i] = value if i % block == 0 else min(forward[i - 1], value)
    for i in range(size - 1, -1, -1):
        x = i - half
        value = values[x] if 0 <= x < width else float("inf")
        backward[i] = value if i == size - 1 or (i + 1) % block == 0 else min(backward[i + 1], value)
    for x in range(width):
        out[x] = min(backward[x], forward[x + 2 * half])


@kernel
def disc_minimum(values, half_width, forward, backward, line, out):
    """Least of ``values`` over the cells (row + d, col + e) with |d| < n and |e| <= half_width[|d|].

    ``values`` and ``out`` (height, width); ``half_width`` (n,) int64, not growing; ``forward`` and ``backward``
    (width + 2 half_width[0],) and ``line`` (width,) are scratch. Beyond the raster is inf.
    """
    height, width = values.shape
    reach = half_width.size - 1
    out[:] = float("inf")
    for d in range(reach + 1):
        for row in range(height):
            if row - d < 0 and row + d >= height:
                continue
            _row_minimum(values[row], half_width[d], forward, backward, line)
            for target in (row - d, row + d):
                if 0 <= target < height:
                    for x in range(width):
                        if line[x] < out[target, x]:
                            out[target, x] = line[x]
