"""Columns apart: the layout of the finest multigrid level, and the system written in it.

A field over ``height x width`` cells is an array (2 * h + 2, 2, w + 2) with ``h = ceil(height / 2)``, ``w = ceil(width /
2)``: cell (row, col) lies at ``[row + 1, col & 1, (col >> 1) + 1]``. Even and odd columns of a row are contiguous, so that
a coloured sweep walks memory in order; a halo of dead cells saves every test of bounds. Directions 0..3 are
`rasters.fences.STEPS` (E, S, SE, SW), direction k + 4 is opposite to k; an edge is stored at its first cell.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel

__all__ = [
    "DEAD",
    "D_COL",
    "D_ROW",
    "REGION",
    "REGULAR",
    "SPECIAL",
    "classify_cells",
    "component_sums",
    "conductance_range",
    "conductance_to",
    "edge_imbalance",
    "edge_sizes",
    "find_root",
    "label_components",
    "merge_field",
    "shift_components",
    "split_field",
    "split_system",
]

D_ROW = (0, 1, 1, 1, 0, -1, -1, -1)
D_COL = (1, 0, 1, -1, -1, 0, -1, 1)

DEAD, REGULAR, SPECIAL, REGION = 0, 1, 2, 3
"""Cell kinds: needs no coarse help; interpolated from its block's corners; from elsewhere; part of a region."""

Byte3 = NDArray[np.int8]
Single3 = NDArray[np.float32]
Single4 = NDArray[np.float32]
Double2 = NDArray[np.float64]
Double3 = NDArray[np.float64]
Bool2 = NDArray[np.bool_]
Int1 = NDArray[np.int32]


@inlined_kernel
def conductance_to(g: Single4, row: int, col: int, k: int) -> float:
    """Conductance of the edge that leaves cell (row, col) in direction k; 0 = no edge."""
    if k < 4:
        return g[k, row + 1, col & 1, (col >> 1) + 1]
    other = col + D_COL[k]
    return g[k - 4, row + D_ROW[k] + 1, other & 1, (other >> 1) + 1]


@parallel_kernel
def split_system(
    conductance: Double3, ground: Double2, held: Bool2, scale: float, g: Single4, out_ground: Single3
) -> None:
    """Edges (4, H, W) between free cells into ``g``; edges to cells held at 0 V become ground of their other end."""
    height, width = held.shape
    for row in prange(height):
        for col in range(width):
            if held[row, col]:
                continue
            to_ground = ground[row, col]
            for k in range(8):
                r, c = row + D_ROW[k], col + D_COL[k]
                if r < 0 or r >= height or c < 0 or c >= width:
                    continue
                edge = conductance[k, row, col] if k < 4 else conductance[k - 4, r, c]
                if held[r, c]:
                    to_ground += edge
                elif k < 4:
                    g[k, row + 1, col & 1, (col >> 1) + 1] = edge * scale
            out_ground[row + 1, col & 1, (col >> 1) + 1] = to_ground * scale


@kernel
def _range_of(values: NDArray[np.float64], least: float, most: float) -> tuple[float, float]:
    for value in values:
        least = value if 0.0 < value < least else least
        most = value if value > most else most
    return least, most


@parallel_kernel
def conductance_range(conductance: Double3, out: Double2) -> None:
    """``out[row]`` = least positive and greatest conductance of a row (inf and 0 where there is none)."""
    for row in prange(conductance.shape[1]):
        least, most = np.inf, 0.0
        for k in range(4):
            least, most = _range_of(conductance[k, row], least, most)
        out[row, 0] = least
        out[row, 1] = most


@kernel
def _total_and_most(g: Single4, row: int, col: int) -> tuple[float, float]:
    """Sum and greatest of a cell's edges."""
    total = 0.0
    most = 0.0
    for k in range(8):
        edge = np.float64(conductance_to(g, row, col, k))
        total += edge
        most = max(most, edge)
    return total, most


@parallel_kernel
def classify_cells(
    g: Single4, ground: Single3, in_region: Bool2, kind: Byte3, inverse: Single3, strongest: Single3
) -> None:
    """Kind, 1 / (edges + ground) and strongest edge of each cell.

    A cell whose ground outweighs its edges needs no coarse grid. Region cells are not smoothed: inverse 0.
    """
    height, width = in_region.shape
    for row in prange(height):
        for col in range(width):
            total, most = _total_and_most(g, row, col)
            half, j = col & 1, (col >> 1) + 1
            leak = np.float64(ground[row + 1, half, j])
            strongest[row + 1, half, j] = most
            if in_region[row, col]:
                kind[row + 1, half, j] = REGION
            elif total + leak > 0.0:
                kind[row + 1, half, j] = REGULAR if total > leak else DEAD
                inverse[row + 1, half, j] = 1.0 / (total + leak)


@parallel_kernel
def split_field(values: Double3, out: Double3) -> None:
    """(n, H, W) plain into (n, ...) split layout; the halo stays as it is."""
    for row in prange(values.shape[1]):
        for m in range(values.shape[0]):
            for col in range(values.shape[2]):
                out[m, row + 1, col & 1, (col >> 1) + 1] = values[m, row, col]


@parallel_kernel
def merge_field(split: Double3, out: Double3) -> None:
    """(n, ...) split layout into (n, H, W) plain."""
    for row in prange(out.shape[1]):
        for m in range(out.shape[0]):
            for col in range(out.shape[2]):
                out[m, row, col] = split[m, row + 1, col & 1, (col >> 1) + 1]


@parallel_kernel
def edge_imbalance(conductance: Double3, ground: Double2, held: Bool2, v: Double2, out: Double2) -> None:
    """``out -= L v + ground v`` in differences, ``sum g (v_i - v_j)``, in float64; held cells are left alone. All (H, W)."""
    height, width = held.shape
    for row in prange(height):
        for col in range(width):
            if held[row, col]:
                continue
            here = v[row, col]
            total = ground[row, col] * here
            for k in range(8):
                r, c = row + D_ROW[k], col + D_COL[k]
                if r < 0 or r >= height or c < 0 or c >= width:
                    continue
                edge = conductance[k, row, col] if k < 4 else conductance[k - 4, r, c]
                if edge > 0.0:
                    total += edge * (here - v[r, c])
            out[row, col] -= total


@parallel_kernel
def edge_sizes(conductance: Double3, ground: Double2, held: Bool2, v: Double2, out: Double2) -> None:
    """``out = |v_i| (sum g + ground)``, the size of the terms of a cell's balance. All (H, W)."""
    height, width = held.shape
    for row in prange(height):
        for col in range(width):
            if held[row, col]:
                continue
            total = ground[row, col]
            for k in range(8):
                r, c = row + D_ROW[k], col + D_COL[k]
                if 0 <= r < height and 0 <= c < width:
                    total += conductance[k, row, col] if k < 4 else conductance[k - 4, r, c]
            out[row, col] = total * abs(v[row, col])


@kernel
def component_sums(label: NDArray[np.int32], v: Double2, out: NDArray[np.float64], count: NDArray[np.int64]) -> None:
    """Sum of a field (H, W) over each component, and number of its cells."""
    for row in range(label.shape[0]):
        for col in range(label.shape[1]):
            k = label[row, col]
            if k >= 0:
                out[k] += v[row, col]
                count[k] += 1


@parallel_kernel
def shift_components(label: NDArray[np.int32], shift: NDArray[np.float64], v: Double2) -> None:
    """Add each component's shift to its cells."""
    for row in prange(label.shape[0]):
        for col in range(label.shape[1]):
            if label[row, col] >= 0:
                v[row, col] += shift[label[row, col]]


@kernel
def find_root(parent: Int1, cell: int) -> int:
    """Representative of a cell's set, halving the path on the way."""
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@kernel
def _unite(parent: Int1, a: int, b: int) -> None:
    a, b = find_root(parent, a), find_root(parent, b)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@kernel
def label_components(
    conductance: Double3, active: Bool2, region_cell: NDArray[np.int64], region_start: NDArray[np.int64], parent: Int1
) -> int:
    """Number the connected components of the active cells from 0, in raster order; -1 elsewhere. Fills ``parent`` (H * W,).

    ``region_cell[region_start[i]:region_start[i + 1]]`` are the flat cells of region i, one node wherever they lie.
    """
    height, width = active.shape
    for row in range(height):
        for col in range(width):
            cell = row * width + col
            parent[cell] = cell
    for row in range(height):
        for col in range(width):
            for k in range(4):
                if conductance[k, row, col] > 0.0:
                    _unite(parent, row * width + col, (row + D_ROW[k]) * width + col + D_COL[k])
    for i in range(region_start.size - 1):
        for t in range(region_start[i] + 1, region_start[i + 1]):
            _unite(parent, region_cell[region_start[i]], region_cell[t])
    return _number_roots(active, parent)


@kernel
def _number_roots(active: Bool2, parent: Int1) -> int:
    """Replace each cell's parent, never greater than the cell, by the number of its root."""
    width = active.shape[1]
    count = 0
    for cell in range(parent.size):
        if not active[cell // width, cell % width]:
            parent[cell] = -1
        elif parent[cell] == cell:
            parent[cell] = count
            count += 1
        else:
            parent[cell] = parent[parent[cell]]
    return count
