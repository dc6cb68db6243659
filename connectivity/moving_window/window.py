"""The windows of a tile: which cells they hold, what enters them, what they add to the sum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.moving_window.flows import add_window, send
from connectivity.modes.cell_circuit import edge_conductance
from connectivity.moving_window.circuit import pitch_for, window_circuit
from connectivity.moving_window.engine import Pure, WindowEngine
from connectivity.moving_window.landscape import WindowLandscape, WindowSettings
from rasters.arrays import Reals

__all__ = ["Entering", "View", "WindowSolver", "artifact_factor"]

Flags = NDArray[np.bool_]

UNIFORM_BYTES = 256 * 2**20
"""Room for factors of uniform ground, one for each shape of a window that the raster's edge cuts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One window of a tile: its rows and columns, where its centre is, and half its side and its block's."""

    top: int
    bottom: int
    left: int
    right: int
    target: tuple[int, int]
    reach: int
    half: int

    @classmethod
    def around(cls, row: int, col: int, shape: tuple[int, int], settings: WindowSettings) -> View:
        """The window of a target."""
        reach = settings.reach
        return cls(
            top=max(row - reach, 0),
            bottom=min(row + reach + 1, shape[0]),
            left=max(col - reach, 0),
            right=min(col + reach + 1, shape[1]),
            target=(row, col),
            reach=reach,
            half=settings.half_block,
        )

    @property
    def cells(self) -> tuple[slice, slice]:
        """Its cells in the tile."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """First and last row and column, last not included."""
        return self.top, self.bottom, self.left, self.right

    @property
    def origin(self) -> tuple[int, int]:
        """Where the first cell of the full window is, in the tile or beyond its edge."""
        return self.target[0] - self.reach, self.target[1] - self.reach

    @property
    def full(self) -> tuple[slice, slice]:
        """Cells of a full window that are left."""
        row, col = self.origin
        return slice(self.top - row, self.bottom - row), slice(self.left - col, self.right - col)

    @property
    def place(self) -> tuple[int, int]:
        """Of the target in the window."""
        return self.target[0] - self.top, self.target[1] - self.left

    @property
    def block(self) -> tuple[slice, slice]:
        """The target's block in the tile."""
        (row, col), half = self.target, self.half
        return slice(row - half, row + half + 1), slice(col - half, col + half + 1)

    def own_block(self, settings: WindowSettings) -> tuple[int, int, int, int]:
        """Rows and columns of the tile, last not included, whose sources are left out."""
        row, col = self.target
        if settings.cut_block_as_omniscape:
            row, col = self.top + self.reach, self.left + self.reach
        return row - self.half, row + self.half + 1, col - self.half, col + self.half + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """What each cell of a window sends to its target [A], (h, w), and the factor on its source, None if it is not the same."""

    amps: Reals
    factor: float | None


class WindowSolver:
    """Windows of one landscape, one after the other."""

    def __init__(self, landscape: WindowLandscape, settings: WindowSettings) -> None:
        self.landscape, self.settings = landscape, settings
        reach = settings.reach
        self.sending = _disc(reach, settings.radius)
        self.disc = _disc(reach, settings.radius + settings.buffer)
        self.scale = np.ones(self.disc.shape)
        if settings.correct_artifacts and settings.block > 1:
            self.scale = artifact_factor(settings)
        self.pitch = pitch_for(landscape.shape, 2 * reach + 1, settings.method)
        self.uniform = _Uniform(settings)
        self._engine: WindowEngine | None = None

    @property
    def engine(self) -> WindowEngine:
        """Made for the first window that needs it."""
        if self._engine is None:
            land, rows = self.landscape, 2 * self.settings.reach + 1
            self._engine = WindowEngine(land.conductance, land.active, land.source, rows, self.pitch or 8)
        return self._engine

    def entering(self, view: View) -> Entering | None:
        """What enters a window; None if nothing does."""
        landscape, settings = self.landscape, self.settings
        total = float(landscape.source[view.block].sum())
        if total <= 0:
            return None
        amps = np.empty((view.bottom - view.top, view.right - view.left))
        there = send(landscape.source, self.sending, view.origin, view.bounds, view.own_block(settings), amps)
        if there <= 0:
            return None
        amps *= total / there
        for condition in landscape.conditions:
            amps[~condition.keeps(view.cells, view.block)] = 0.0
        return Entering(amps=amps, factor=None if landscape.conditions else total / there)

    def add_current(self, view: View, entering: Entering, out: Reals) -> None:
        """Add a window's current to the sum."""
        landscape, settings = self.landscape, self.settings
        if not landscape.active[view.target]:
            return
        region = None if landscape.region is None else landscape.region[view.cells]
        if self.pitch is None or (region is not None and region.any()):
            inside = landscape.active[view.cells] & self.disc[view.full]
            edges = landscape.conductance[:, view.cells[0], view.cells[1]]
            circuit = window_circuit(edges, inside, *view.place, region, method=settings.method)
            current = circuit.currents(entering.amps)
        else:
            pure = None
            if entering.factor is not None:
                block = view.own_block(settings)
                pure = Pure(factor=entering.factor, mask=self.sending, place=view.origin, block=block)
            self.engine.eliminate(self.disc, view.origin)
            current = self.engine.currents(entering.amps, view.target, pure)
        add_window(current, self.scale, view.origin, view.bounds, out)

    def add_potential(self, view: View, entering: Entering, out: Reals) -> None:
        """Add a window's current over uniform ground to the sum."""
        add_window(self.uniform.currents(view, entering.amps), self.scale, view.origin, view.bounds, out)


class _Uniform:
    """Rectangles of unit conductance, eliminated once for all windows of one shape."""

    def __init__(self, settings: WindowSettings) -> None:
        self.settings = settings
        self._engines: dict[tuple[int, int], WindowEngine] = {}

    def currents(self, view: View, amps: Reals) -> Reals:
        height, width = amps.shape
        pitch = pitch_for((height, width), height, self.settings.method)
        if pitch is None:
            edges = edge_conductance(np.ones(amps.shape), neighbours=self.settings.neighbours)
            return window_circuit(edges, np.ones(amps.shape, bool), *view.place, method="multigrid").currents(amps)
        engine = self._engines.get(amps.shape) or self._prepare((height, width))
        return engine.currents(amps, view.place)

    def _prepare(self, shape: tuple[int, int]) -> WindowEngine:
        """Eliminate a shape; the one made first gives way when there is no more room."""
        edges, ones = edge_conductance(np.ones(shape), neighbours=self.settings.neighbours), np.ones(shape, np.bool_)
        engine = WindowEngine(edges, ones, np.zeros(shape), shape[0], 8)
        engine.eliminate(ones, (0, 0))
        while self._engines and sum(other.nbytes for other in self._engines.values()) + engine.nbytes > UNIFORM_BYTES:
            del self._engines[next(iter(self._engines))]
        self._engines[shape] = engine
        return engine


@lru_cache(maxsize=16)
def _disc(reach: int, radius: float) -> Flags:
    """(2 reach + 1, 2 reach + 1) cells within a radius of the centre."""
    away = np.arange(-reach, reach + 1, dtype=np.float64)
    return np.hypot(away[:, None], away) <= radius


@lru_cache(maxsize=4)
def artifact_factor(settings: WindowSettings) -> Reals:
    """What to multiply a full window's current by, so that uniform ground shows no blocks.

    Returns
    -------
    (2 reach + 1, 2 reach + 1) float64
        Current on uniform ground if every cell of the block were a target of its own, over that of the block as a whole.
    """
    reach, half = settings.reach, settings.half_block
    inside, sources = _disc(reach, settings.radius + settings.buffer), _disc(reach, settings.radius).astype(np.float64)
    edges = edge_conductance(inside.astype(np.float64), neighbours=settings.neighbours)
    circuit = window_circuit(edges, inside, reach, reach, method=settings.method)
    one, many = sources.copy(), sources.copy()
    one[reach, reach] = 0.0
    many[reach - half : reach + half + 1, reach - half : reach + half + 1] = 0.0
    single = _box_sum(circuit.currents(one / one.sum()), half)
    block = circuit.currents(many * (settings.block**2 / many.sum()))
    single[block == 0] = 0.0
    return np.where(single == 0, 1.0, single) / np.where(block == 0, 1.0, block)


def _box_sum(values: Reals, half: int) -> Reals:
    """Sum of ``values`` shifted by up to ``half`` cells each way, nothing beyond the edge."""
    out = np.zeros_like(values)
    padded = np.pad(values, half)
    for row in range(2 * half + 1):
        for col in range(2 * half + 1):
            out += padded[row : row + values.shape[0], col : col + values.shape[1]]
    return out
