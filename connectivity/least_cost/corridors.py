"""Normalised least-cost corridors, their mosaic, and where they end.

The excess of a cell is what the best route through it costs more than the least cost, ``CWD_a + CWD_b - LCD`` (McRae and
Kavanagh 2011). Normalised like that, corridors of near and far cores compare, and many are laid over each other by their
minimum. A corridor has no edge of its own: it ends at a stated excess, or at a stated distance from a path.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.measure import label

from connectivity.landscape.windows import window_of
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.least_cost.paths import ROUNDING, LeastCostPath, PathStatus
from rasters.errors import DataError
from rasters.grid import Grid

__all__ = ["Corridor", "CorridorMosaic", "band_around", "corridor", "corridor_mosaic", "within_excess"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Corridor:
    """How much longer than the least cost a route through each cell is.

    Parameters
    ----------
    excess_m : (height, width) float64
        ``cwd_a + cwd_b - least cost`` [effective m]: 0 on the least-cost path, never negative, ``inf`` where no route
        leads through, NaN on no data.
    least_cost_m : float
        [effective m]; ``inf`` when unreachable.
    status : {"reached", "unreachable"}
    source, target : str
    grid : Grid
    """

    excess_m: NDArray[np.float64]
    least_cost_m: float
    status: PathStatus
    source: str
    target: str
    grid: Grid

    def __repr__(self) -> str:
        least = f"least cost {self.least_cost_m:.6g} effective m"
        return f"Corridor({self.source!r} to {self.target!r}, {self.status}, {least})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CorridorMosaic:
    """Corridors of several links laid over each other by their minimum.

    Parameters
    ----------
    excess_m : (height, width) float64
        Least excess of any link [effective m]; inf where no route leads through, NaN on no data.
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


def corridor(a: CostDistance, b: CostDistance) -> Corridor:
    """Excess cost of the best route between two sources through each cell.

    Parameters
    ----------
    a, b : CostDistance
        From the two ends, on the same stencil.

    Returns
    -------
    Corridor
        With ``excess_m = cwd_a + cwd_b - least cost``; values within rounding of 0 are 0.

    Raises
    ------
    GridMismatchError
        When the two are on different grids.
    DataError
        When slope makes both run away from their sources, or both towards them.
    """
    a.grid.require_same(b.grid, f"the distance from {b.source.id!r}")
    if a.slope and b.slope and a.slope.direction == b.slope.direction:
        raise DataError(f"both distances go {a.slope.direction}; a corridor needs one of each direction to run one way")
    excess = a.cwd + b.cwd
    least = float(np.min(excess, where=~np.isnan(excess), initial=math.inf))
    if math.isfinite(least):
        excess -= least
        excess[excess <= ROUNDING * least] = 0.0
    return Corridor(
        excess_m=excess,
        least_cost_m=least,
        status="reached" if math.isfinite(least) else "unreachable",
        source=a.source.id,
        target=b.source.id,
        grid=a.grid,
    )


def corridor_mosaic(corridors: Iterable[Corridor]) -> CorridorMosaic:
    """Normalised corridors laid over each other by their minimum.

    Parameters
    ----------
    corridors : iterable of Corridor
        At least one, on one grid; looked at one after the other.

    Raises
    ------
    DataError
        There is none, or two are on different grids.
    """
    waiting = iter(corridors)
    first = next(waiting, None)
    if first is None:
        raise DataError("a mosaic needs at least one corridor; none was given")
    excess, links = first.excess_m.copy(), [(first.source, first.target)]
    owner = np.where(np.isfinite(excess), 0, -1).astype(np.int32)
    for one in waiting:
        first.grid.require_same(one.grid, f"the corridor from {one.source!r} to {one.target!r}")
        better = one.excess_m < excess
        excess[better], owner[better] = one.excess_m[better], len(links)
        links.append((one.source, one.target))
    return CorridorMosaic(excess_m=excess, link=owner, links=tuple(links), grid=first.grid)


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
        All joined to a cell of excess 0, by its nature: with each cell the whole best route through it is inside.
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
