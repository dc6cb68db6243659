"""Omnidirectional connectivity by a moving window: how much current crosses each cell on the way to anywhere near.

Around each target block, sources within a radius send current to the block's centre; the currents of all windows are
summed (McRae et al. 2016, The Nature Conservancy; Landau et al. 2021, Omniscape.jl, JOSS 6:2829). The same sum over
uniform ground is the flow potential, and current divided by it shows where movement is channelled or blocked. The window
is cut out of *edges*, not cells, so a fence that cuts edges is a fence here, too.

Targets are solved in tiles. A tile needs the landscape of its own window only and gives one patch of the sum, so tiles can
be solved anywhere and rasters need not fit in memory; patches are added in the order of the tiles, so the sum is the same
to the last bit, whoever solved them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from connectivity.landscape.windows import Window
from connectivity.moving_window.landscape import WindowLandscape, WindowSettings
from connectivity.moving_window.window import View, WindowSolver
from rasters.arrays import Reals
from rasters.errors import GridMismatchError

__all__ = [
    "Tile",
    "TilePatch",
    "WindowCurrents",
    "moving_window",
    "normalised_current",
    "ordered",
    "plan_tiles",
    "solve_tile",
]
T = TypeVar("T")
R = TypeVar("R")

LARGEST_CORE = 2048
"""Longest side of the target cells of one tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Neighbouring targets that are solved together.

    Parameters
    ----------
    index : int
        Place in the order of summation.
    rows, cols : range
        Centres of the blocks in the whole raster.
    window : Window
        All cells that their windows touch.
    """

    index: int
    rows: range
    cols: range
    window: Window

    @property
    def size(self) -> int:
        """Number of targets."""
        return len(self.rows) * len(self.cols)


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePatch:
    """What the targets of a tile add to the sum, on the cells of the tile's window.

    Parameters
    ----------
    current : (height, width) float64
        [A].
    flow_potential : (height, width) float64 or None
        [A].
    solved : int
        Targets with at least one source.
    """

    current: Reals
    flow_potential: Reals | None
    solved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCurrents:
    """Sum over all windows.

    Parameters
    ----------
    current : (height, width) float64
        Cumulative current [A].
    flow_potential : (height, width) float64 or None
        The same on uniform ground [A].
    solved : int
        Targets with at least one source.
    """

    current: Reals
    flow_potential: Reals | None
    solved: int

    @property
    def normalised(self) -> Reals | None:
        """(height, width) current over flow potential [1], None without flow potential."""
        return None if self.flow_potential is None else normalised_current(self.current, self.flow_potential)


def normalised_current(current: Reals, flow_potential: Reals) -> Reals:
    """Current over flow potential [1], 0 where there is neither."""
    return np.divide(current, flow_potential, out=np.zeros_like(current), where=flow_potential > 0)


def plan_tiles(shape: tuple[int, int], settings: WindowSettings, core: int | None = None) -> tuple[Tile, ...]:
    """Cut a raster into tiles.

    Parameters
    ----------
    shape : tuple of int
        (height, width) of the raster.
    core : int, optional
        Side of the square of target cells of a tile [cells], brought to whole blocks; default: four times the window's reach, at least 64.

    Notes
    -----
    Blocks start at the upper left corner; cells that are left over at the right and lower edge are no targets, as in
    Omniscape.
    """
    core = min(max(4 * settings.reach, 64), LARGEST_CORE) if core is None else core
    step = -(-core // settings.block) * settings.block
    half, block = settings.half_block, settings.block
    parts = [
        [range(first + half, min(first + step, length - half), block) for first in range(0, length - block + 1, step)]
        for length in shape
    ]
    tiles: list[Tile] = []
    for rows in parts[0]:
        for cols in parts[1]:
            window = _window_of(rows, cols, shape, settings.reach)
            tiles.append(Tile(index=len(tiles), rows=rows, cols=cols, window=window))
    return tuple(tiles)


def _window_of(rows: range, cols: range, shape: tuple[int, int], reach: int) -> Window:
    top, left = max(rows[0] - reach, 0), max(cols[0] - reach, 0)
    bottom, right = min(rows[-1] + reach + 1, shape[0]), min(cols[-1] + reach + 1, shape[1])
    return Window(row=top, col=left, height=bottom - top, width=right - left)


def solve_tile(landscape: WindowLandscape, tile: Tile, settings: WindowSettings) -> TilePatch:
    """Sum of the currents of a tile's targets.

    Parameters
    ----------
    landscape : WindowLandscape
        Of ``tile.window`` alone.
    """
    if landscape.shape != (tile.window.height, tile.window.width):
        raise GridMismatchError(f"a landscape of {landscape.shape} cells does not fit the tile's {tile.window}")
    solver = WindowSolver(landscape, settings)
    current = np.zeros(landscape.shape)
    potential = np.zeros(landscape.shape) if settings.flow_potential else None
    solved = 0
    for row in tile.rows:
        for col in tile.cols:
            view = View.around(row - tile.window.row, col - tile.window.col, landscape.shape, settings)
            entering = solver.entering(view)
            if entering is None:
                continue
            solved += 1
            solver.add_current(view, entering, current)
            if potential is not None:
                solver.add_potential(view, entering, potential)
    return TilePatch(current=current, flow_potential=potential, solved=solved)


def moving_window(
    landscape: WindowLandscape, settings: WindowSettings, *, threads: int = 1, core: int | None = None
) -> WindowCurrents:
    """Cumulative current, and flow potential if asked for, of a landscape in memory.

    Parameters
    ----------
    threads : int
        Tiles solved at once; the sum does not depend on it.
    core : int, optional
        See `plan_tiles`; another value changes the order of summation, that is the last digits.
    """
    current = np.zeros(landscape.shape)
    potential = np.zeros(landscape.shape) if settings.flow_potential else None
    tiles = plan_tiles(landscape.shape, settings, core)
    solved = 0
    patches = ordered(lambda tile: solve_tile(landscape.crop(tile.window), tile, settings), tiles, threads)
    for tile, patch in zip(tiles, patches, strict=True):
        current[tile.window.slices] += patch.current
        if potential is not None and patch.flow_potential is not None:
            potential[tile.window.slices] += patch.flow_potential
        solved += patch.solved
    return WindowCurrents(current=current, flow_potential=potential, solved=solved)


def ordered(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Results in the order of the items, at most three per thread under way; BLAS keeps to one thread meanwhile."""
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        waiting: deque[Callable[[], R]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item).result)
            if len(waiting) >= 3 * threads:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()
