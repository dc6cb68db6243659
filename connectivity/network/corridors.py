"""Normalised least-cost corridors: their mosaic, where they end, how wide they are.

The excess of a cell is what the best way through it costs more than the least cost, ``CWD_a + CWD_b - LCD`` (McRae and
Kavanagh 2011). Normalised like that, corridors of near and far cores compare, and many are laid over each other by their
minimum. A corridor has no edge of its own: it ends at a stated excess, or at the least excess at which it is everywhere as
wide as asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.measure import label
from skimage.morphology import skeletonize

from connectivity.focal import FocalRegion
from connectivity.landscape.windows import window_of
from connectivity.least_cost.paths import Corridor, LeastCostPath, corridor
from connectivity.network.barriers import least_within
from connectivity.network.links import CorridorNetwork, Link
from rasters.errors import DataError
from rasters.grid import Grid

__all__ = [
    "CorridorMosaic",
    "CorridorWidth",
    "band_around",
    "corridor_mosaic",
    "corridor_width",
    "excess_for_width",
    "link_corridor",
    "within_excess",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CorridorMosaic:
    """Corridors of several links laid over each other by their minimum.

    Parameters
    ----------
    excess_m : (height, width) float64
        Least excess of any link [effective m]; inf where no way leads through, NaN on no data.
    link : (height, width) int32
        Position in ``links`` of the link that it belongs to (the first of equals); -1 where there is none.
    links : tuple of (str, str)
    """

    excess_m: NDArray[np.float64]
    link: NDArray[np.int32]
    links: tuple[tuple[str, str], ...]
    grid: Grid

    def __repr__(self) -> str:
        return f"CorridorMosaic({len(self.links)} links, {self.grid})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorridorWidth:
    """How wide a truncated corridor is along a path.

    Parameters
    ----------
    width_m : (n,) float64
        Width at each cell of the path [m]: twice the distance from the corridor's centreline, where it is nearest to the
        path, to the nearest cell outside, less half a cell on either side. Inside the two ends ``inf``.
    narrowest_m : float
        Least of them; inf where the path has no cell outside its ends.
    row, col : int
        The cell of the path where that is; -1 where there is none.
    centreline : (height, width) bool
        Skeleton of the corridor.
    """

    width_m: NDArray[np.float64]
    narrowest_m: float
    row: int
    col: int
    centreline: NDArray[np.bool_]


def link_corridor(network: CorridorNetwork, link: Link) -> Corridor:
    """The normalised corridor of one link."""
    return corridor(network.distance_from(link.a), network.distance_from(link.b))


def corridor_mosaic(network: CorridorNetwork, links: Sequence[Link] | None = None) -> CorridorMosaic:
    """Normalised corridors of links, mosaicked by minimum.

    Parameters
    ----------
    network : CorridorNetwork
    links : sequence of Link, optional
        Default: all that are kept.
    """
    chosen = network.kept if links is None else tuple(links)
    grid = network.stencil.surface.grid
    excess, owner = np.full(grid.shape, np.inf), np.full(grid.shape, -1, np.int32)
    for number, link in enumerate(chosen):
        here = link_corridor(network, link).excess_m
        better = here < excess
        excess[better], owner[better] = here[better], number
    excess[network.stencil.surface.nodata] = np.nan
    return CorridorMosaic(excess_m=excess, link=owner, links=tuple((k.a, k.b) for k in chosen), grid=grid)


def within_excess(excess_m: NDArray[np.float64], limit_m: float) -> NDArray[np.bool_]:
    """Cells of a corridor truncated by cost.

    Parameters
    ----------
    excess_m : (height, width) float64
        Of a corridor or a mosaic [effective m].
    limit_m : float
        Largest excess that counts [effective m].

    Returns
    -------
    (height, width) bool
        All joined to a cell of excess 0, by its nature: with each cell the whole best way through it is inside.
    """
    if not limit_m >= 0:
        raise DataError(f"the largest excess must be >= 0, not {limit_m!r}")
    return np.isfinite(excess_m) & (excess_m <= limit_m)


def band_around(path: LeastCostPath, width_m: float, passable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells of a corridor truncated by width around a path.

    Parameters
    ----------
    path : LeastCostPath
    width_m : float
        Full width of the band [m]; cells belong to it whose centres are within half of it.
    passable : (height, width) bool

    Returns
    -------
    (height, width) bool
        Passable cells near the path that join it within the band: not what lies behind water.
    """
    if not width_m > 0:
        raise DataError(f"a corridor's width must be > 0, not {width_m!r}")
    on_path = np.zeros(path.grid.shape, bool)
    on_path[path.rows, path.cols] = True
    if not on_path.any():
        return on_path
    near = _within(on_path, width_m / 2, path.grid) & passable
    parts = label(near, connectivity=2)
    return np.isin(parts, np.unique(parts[path.rows, path.cols])) & near


def _within(mask: NDArray[np.bool_], reach_m: float, grid: Grid) -> NDArray[np.bool_]:
    """Cells whose centres are at most ``reach_m`` from one of the mask's."""
    window = window_of(mask)
    up, aside = int(reach_m / grid.cell_height_m) + 1, int(reach_m / grid.cell_width_m) + 1
    rows = slice(max(window.row - up, 0), window.row + window.height + up)
    cols = slice(max(window.col - aside, 0), window.col + window.width + aside)
    away = distance_transform_edt(~mask[rows, cols], sampling=(grid.cell_height_m, grid.cell_width_m))
    out = np.zeros(mask.shape, bool)
    out[rows, cols] = away <= reach_m * (1 + 1e-12)
    return out


def excess_for_width(corridor: Corridor, a: FocalRegion, b: FocalRegion, width_m: float) -> float:
    """Least excess at which a corridor is everywhere as wide as asked for.

    Parameters
    ----------
    corridor : Corridor
    a, b : FocalRegion
        Its ends.
    width_m : float
        [m]: a disc of this diameter must pass from one end to the other inside the corridor. The ends themselves may be
        smaller.

    Returns
    -------
    float
        Excess [effective m] to truncate at; inf where no excess is enough, as between shores that are closer than that.

    Notes
    -----
    The largest excess within the disc around each cell decides whether the disc fits there; the answer is the least level
    at which the fitting cells join both ends.
    """
    if corridor.status == "unreachable":
        return math.inf
    known = np.where(np.isnan(corridor.excess_m), np.inf, corridor.excess_m)
    needed = -_least_within_or_inf(-known, width_m / 2, corridor.grid)
    needed[a.mask | b.mask] = 0.0
    levels = np.unique(needed[np.isfinite(needed)])
    if not _joined(np.isfinite(needed), a, b):
        return math.inf
    low, high = 0, levels.size - 1
    while low < high:
        middle = (low + high) // 2
        if _joined(needed <= levels[middle], a, b):
            high = middle
        else:
            low = middle + 1
    return float(levels[low])


def _least_within_or_inf(values: NDArray[np.float64], radius_m: float, grid: Grid) -> NDArray[np.float64]:
    """`least_within`; where the disc is smaller than a cell the values themselves. Beyond the grid counts as outside."""
    if radius_m < max(grid.cell_width_m, grid.cell_height_m):
        return values
    found = least_within(values, radius_m, grid)
    up, aside = int(radius_m / grid.cell_height_m + 1e-9), int(radius_m / grid.cell_width_m + 1e-9)
    found[:up], found[-up:], found[:, :aside], found[:, -aside:] = -np.inf, -np.inf, -np.inf, -np.inf
    return found


def _joined(mask: NDArray[np.bool_], a: FocalRegion, b: FocalRegion) -> bool:
    parts = label(mask, connectivity=2)
    ends = [set(np.unique(parts[end.rows, end.cols]).tolist()) - {0} for end in (a, b)]
    return bool(ends[0] & ends[1])


def corridor_width(mask: NDArray[np.bool_], path: LeastCostPath, ends: Sequence[FocalRegion] = ()) -> CorridorWidth:
    """Width of a truncated corridor along a path, and where it is narrowest.

    Parameters
    ----------
    mask : (height, width) bool
        The corridor, as `within_excess` or `band_around` give it; should hold the path.
    path : LeastCostPath
    ends : sequence of FocalRegion
        Cores: path cells inside them do not count.
    """
    grid = path.grid
    window = window_of(mask)
    inside = np.pad(mask[window.slices], 1)
    cell = (grid.cell_height_m, grid.cell_width_m)
    centre = skeletonize(inside)
    from_edge = distance_transform_edt(inside, sampling=cell)
    nearest = distance_transform_edt(~centre, sampling=cell, return_distances=False, return_indices=True)
    rows, cols = path.rows - window.row + 1, path.cols - window.col + 1
    at = nearest[0][rows, cols], nearest[1][rows, cols]
    width = np.maximum(2.0 * from_edge[at] - min(cell), min(cell))
    for end in ends:
        width[end.mask[path.rows, path.cols]] = np.inf
    least = int(np.argmin(width)) if width.size else -1
    found = least >= 0 and math.isfinite(width[least])
    line = np.zeros(mask.shape, bool)
    line[window.slices] = centre[1:-1, 1:-1]
    return CorridorWidth(
        width_m=width, narrowest_m=float(width[least]) if found else math.inf, centreline=line,
        row=int(path.rows[least]) if found else -1, col=int(path.cols[least]) if found else -1,
    )  # fmt: skip
