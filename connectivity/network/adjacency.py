"""Which core areas are neighbours: those whose zones touch, by accumulated cost or by straight distance.

Each cell belongs to the zone of the core that is nearest to it; two cores are neighbours where their zones meet (McRae
and Kavanagh 2011, Linkage Mapper: adjacency by cost-weighted and by Euclidean allocation, i.e. Thiessen polygons).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.stencil import STEPS, Stencil
from connectivity.least_cost.paths import cost_allocation
from rasters.errors import DataError

__all__ = [
    "AdjacencyMethod",
    "adjacent_pairs",
    "cost_zones",
    "euclidean_zones",
    "straight_distance_m",
    "touching_zones",
]

AdjacencyMethod = Literal["cost", "euclidean", "all"]
Pair = tuple[int, int]


def adjacent_pairs(
    stencil: Stencil, cores: Sequence[FocalRegion], methods: Collection[AdjacencyMethod] = ("cost", "euclidean")
) -> dict[Pair, tuple[AdjacencyMethod, ...]]:
    """Pairs of neighbouring cores, and by which method they are.

    Parameters
    ----------
    stencil : Stencil
    cores : sequence of FocalRegion
        Disjoint.
    methods : collection of {"cost", "euclidean", "all"}
        A pair counts when any method finds it; ``"all"`` takes every pair.

    Returns
    -------
    dict
        (i, j), i < j, positions in ``cores`` -> the methods that found the pair, in the order of `AdjacencyMethod`.
    """
    known = get_args(AdjacencyMethod)
    wrong = [method for method in methods if method not in known]
    if wrong or not methods:
        raise DataError(f"adjacency methods must be some of {', '.join(known)}, not {wrong or 'none'}")
    found: dict[Pair, list[AdjacencyMethod]] = {}
    for method in (m for m in known if m in methods):
        for pair in _pairs_by(method, stencil, cores):
            found.setdefault(pair, []).append(method)
    return {pair: tuple(found[pair]) for pair in sorted(found)}


def _pairs_by(method: AdjacencyMethod, stencil: Stencil, cores: Sequence[FocalRegion]) -> list[Pair]:
    if method == "all":
        return [(i, j) for i in range(len(cores)) for j in range(i + 1, len(cores))]
    zones = cost_zones(stencil, cores) if method == "cost" else euclidean_zones(stencil, cores)
    return touching_zones(zones)


def cost_zones(stencil: Stencil, cores: Sequence[FocalRegion]) -> NDArray[np.int32]:
    """(height, width) int32: 1 + position of the core that is nearest by accumulated cost, fences included; 0 = none."""
    return cost_allocation(stencil, cores).label


def euclidean_zones(stencil: Stencil, cores: Sequence[FocalRegion]) -> NDArray[np.int32]:
    """(height, width) int32: 1 + position of the core nearest in a straight line, 0 on cells that are not passable."""
    grid = stencil.surface.grid
    labels = region_labels(cores)
    nearest = distance_transform_edt(
        labels == 0, sampling=(grid.cell_height_m, grid.cell_width_m), return_distances=False, return_indices=True
    )
    zones: NDArray[np.int32] = labels[nearest[0], nearest[1]]
    zones[~stencil.surface.passable] = 0
    return zones


def touching_zones(zones: NDArray[np.int32]) -> list[Pair]:
    """Pairs of zones that share a side or a corner of cells.

    Parameters
    ----------
    zones : (height, width) int32
        Zone number from 1; 0 = none.

    Returns
    -------
    list of (i, j)
        Sorted, i < j, counted from 0: zone number less one.
    """
    pairs: set[Pair] = set()
    height, width = zones.shape
    for d_row, d_col in STEPS:
        first = zones[: height - d_row, max(0, -d_col) : width - max(0, d_col)]
        second = zones[d_row:, max(0, d_col) : width + min(0, d_col)]
        meet = (first != second) & (first > 0) & (second > 0)
        ends = np.unique(np.sort(np.stack([first[meet], second[meet]], axis=1), axis=1), axis=0)
        pairs |= {(int(a) - 1, int(b) - 1) for a, b in ends}
    return sorted(pairs)


def straight_distance_m(a: FocalRegion, b: FocalRegion) -> float:
    """Least straight distance between the cell centres of two regions [m]; 0 where they share a cell."""
    return float(KDTree(_positions(a)).query(_positions(b))[0].min())


def _positions(region: FocalRegion) -> NDArray[np.float64]:
    """(n, 2) map positions of the region's cells."""
    return np.stack(region.grid.xy(region.rows, region.cols), axis=1)
