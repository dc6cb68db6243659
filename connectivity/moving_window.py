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

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from connectivity.cell_circuit import edge_conductance
from connectivity.stencil import EdgeRule, Neighbours, Stencil
from connectivity.window_circuit import WindowMethod, uniform_circuit, window_circuit
from connectivity.windows import Window
from rasters.errors import DataError, GridMismatchError

__all__ = [
    "Condition",
    "Tile",
    "TilePatch",
    "WindowCurrents",
    "WindowLandscape",
    "WindowSettings",
    "moving_window",
    "normalised_current",
    "ordered",
    "plan_tiles",
    "solve_tile",
]

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
T = TypeVar("T")
R = TypeVar("R")

LARGEST_CORE = 2048
"""Longest side of the target cells of one tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """What a window is.

    Parameters
    ----------
    radius : float
        Sources lie within this distance of a target [cells].
    buffer : float
        Width of the ring around them without sources, through which current may flow [cells].
    block : int
        Side of the square of cells that share one target, its centre [cells]; odd.
    neighbours : {8, 4}
    flow_potential : bool
        Whether the same currents over uniform ground are wanted.
    correct_artifacts : bool
        Whether current is scaled by what blocks do to it on uniform ground.
    cut_block_as_omniscape : bool
        Omniscape leaves out the block's own sources where they stand in a full window, and so the wrong ones where the
        window is cut by the map's upper or left edge. Otherwise the block is left out wherever it is.
    method : {"auto", "direct", "multigrid"}
        Solver of the windows.
    """

    radius: float
    buffer: float = 0.0
    block: int = 1
    neighbours: Neighbours = 8
    flow_potential: bool = False
    correct_artifacts: bool = True
    cut_block_as_omniscape: bool = False
    method: WindowMethod = "auto"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius) and self.radius >= 1):
            raise DataError(f"radius must be at least one cell, not {self.radius!r}")
        if not (math.isfinite(self.buffer) and self.buffer >= 0):
            raise DataError(f"buffer must be >= 0 cells, not {self.buffer!r}")
        if self.block < 1 or self.block % 2 == 0:
            raise DataError(f"block must be an odd number of cells, not {self.block!r}")
        if self.half_block >= self.radius:
            raise DataError(
                f"a block of {self.block} cells leaves no source within a radius of {self.radius:g}; choose a smaller block"
            )
        if self.neighbours not in (4, 8):
            raise DataError(f"neighbours must be 4 or 8, not {self.neighbours!r}")

    @property
    def reach(self) -> int:
        """Half of a window's side [cells], without its centre."""
        return math.floor(self.radius + self.buffer)

    @property
    def half_block(self) -> int:
        """Half of a block's side [cells], without its centre."""
        return (self.block - 1) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which sources may send current to a target: those with a value like the target's.

    Parameters
    ----------
    present : (height, width) float64
        Value of each source cell; NaN where unknown.
    future : (height, width) float64
        Value of target cells, the same array if nothing changes.
    rule : {"within", "equal"}
        ``"within"``: the source's value minus the median of the block's is between ``lower`` and ``upper``; ``"equal"``: it
        is the block's most frequent value.
    """

    present: Reals
    future: Reals
    rule: Literal["within", "equal"]
    lower: float = 0.0
    upper: float = 0.0

    def crop(self, cut: tuple[slice, slice]) -> Condition:
        """Of a part of the landscape."""
        return Condition(
            present=self.present[cut], future=self.future[cut], rule=self.rule, lower=self.lower, upper=self.upper
        )

    def keeps(self, window: tuple[slice, slice], block: tuple[slice, slice]) -> Flags:
        """Cells of the window whose sources may send."""
        here, there = self.present[window], self.future[block]
        if self.rule == "equal":
            return here == _most_frequent(there)
        known = there[~np.isnan(there)]
        change = here - (np.median(known) if known.size else np.nan)
        return (self.lower <= change) & (change <= self.upper)


def _most_frequent(values: Reals) -> float:
    """The value that is first to reach the highest count, column by column; NaN if there is none."""
    counts: dict[float, int] = {}
    best, most = math.nan, 0
    for value in values.ravel(order="F").tolist():
        if value == value:
            counts[value] = counts.get(value, 0) + 1
            if counts[value] > most:
                best, most = value, counts[value]
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLandscape:
    """A landscape, or the part of one that a tile needs.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S] in the order of `rasters.fences.STEPS`; 0 = no edge.
    active : (height, width) bool
        Cells that are nodes.
    source : (height, width) float64
        Strength of each cell as a source [A], 0 where it is none.
    region : (height, width) int32, optional
        Cells with the same number > 0 are one node; windows that hold any are solved more slowly.
    conditions : tuple of Condition
    """

    conductance: Reals
    active: Flags
    source: Reals
    region: NDArray[np.int32] | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        shape = self.active.shape
        fields = [
            self.source.shape,
            *(c.present.shape for c in self.conditions),
            *(c.future.shape for c in self.conditions),
        ]
        fields += [] if self.region is None else [self.region.shape]
        if self.conductance.shape != (4, *shape) or any(field != shape for field in fields):
            raise GridMismatchError(f"conductance, sources and conditions do not all fit cells of shape {shape}")
        if not (np.isfinite(self.source).all() and (self.source >= 0).all()):
            row, col = np.argwhere(~(np.isfinite(self.source) & (self.source >= 0)))[0]
            raise DataError(
                f"source strength must be finite and >= 0, but is {self.source[row, col]:g} at row {row}, col {col}"
            )

    @classmethod
    def of_cells(
        cls,
        conductance: Reals,
        source: Reals,
        conditions: tuple[Condition, ...] = (),
        *,
        neighbours: Neighbours = 8,
        edge_rule: EdgeRule = "mean_conductance",
    ) -> WindowLandscape:
        """From the conductance of each cell [S], 0 where there is none."""
        edges = edge_conductance(conductance, neighbours=neighbours, edge_rule=edge_rule)
        return cls(conductance=edges, active=conductance > 0, source=source, conditions=conditions)

    @classmethod
    def of_stencil(cls, stencil: Stencil, source: Reals, region: NDArray[np.int32] | None = None) -> WindowLandscape:
        """From a stencil, with the edges that fences cut."""
        return cls(conductance=stencil.conductance(), active=stencil.surface.passable, source=source, region=region)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.active.shape
        return height, width

    def crop(self, window: Window) -> WindowLandscape:
        """The landscape of a window."""
        cut = window.slices
        return WindowLandscape(
            conductance=self.conductance[:, cut[0], cut[1]], active=self.active[cut], source=self.source[cut],
            region=None if self.region is None else self.region[cut],
            conditions=tuple(condition.crop(cut) for condition in self.conditions),
        )  # fmt: skip


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
    current = np.zeros(landscape.shape)
    potential = np.zeros(landscape.shape) if settings.flow_potential else None
    solved = 0
    for row in tile.rows:
        for col in tile.cols:
            view = _View.around(row - tile.window.row, col - tile.window.col, landscape.shape, settings)
            amps = _amps(landscape, view, settings)
            if amps is None:
                continue
            solved += 1
            current[view.cells] += _scaled(_current(landscape, view, amps, settings), view, settings)
            if potential is not None:
                circuit = uniform_circuit(amps.shape, view.row, view.col, settings.neighbours, settings.method)
                potential[view.cells] += _scaled(circuit.currents(amps), view, settings)
    return TilePatch(current=current, flow_potential=potential, solved=solved)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One window of a tile: its cells, those of a full window that are left of it, and the target's place in it."""

    cells: tuple[slice, slice]
    full: tuple[slice, slice]
    block: tuple[slice, slice]
    row: int
    col: int

    @classmethod
    def around(cls, row: int, col: int, shape: tuple[int, int], settings: WindowSettings) -> _View:
        reach, half = settings.reach, settings.half_block
        top, left = max(row - reach, 0), max(col - reach, 0)
        bottom, right = min(row + reach + 1, shape[0]), min(col + reach + 1, shape[1])
        up, aside = reach - (row - top), reach - (col - left)
        return cls(
            cells=(slice(top, bottom), slice(left, right)),
            full=(slice(up, up + bottom - top), slice(aside, aside + right - left)),
            block=(slice(row - half, row + half + 1), slice(col - half, col + half + 1)),
            row=row - top, col=col - left,
        )  # fmt: skip

    def own_block(self, settings: WindowSettings) -> tuple[slice, slice]:
        """Cells of the window whose sources are left out."""
        half = settings.half_block
        row, col = (settings.reach, settings.reach) if settings.cut_block_as_omniscape else (self.row, self.col)
        return slice(row - half, row + half + 1), slice(col - half, col + half + 1)


def _amps(landscape: WindowLandscape, view: _View, settings: WindowSettings) -> Reals | None:
    """What each cell of a window sends to its target [A]; None if nothing does."""
    total = float(landscape.source[view.block].sum())
    if total <= 0:
        return None
    amps = np.where(_disc(settings.reach, settings.radius)[view.full], landscape.source[view.cells], 0.0)
    amps[view.own_block(settings)] = 0.0
    there = float(amps.sum())
    if there <= 0:
        return None
    amps *= total / there
    for condition in landscape.conditions:
        amps[~condition.keeps(view.cells, view.block)] = 0.0
    return amps


def _current(landscape: WindowLandscape, view: _View, amps: Reals, settings: WindowSettings) -> Reals:
    """Current through each cell of a window [A]."""
    inside = landscape.active[view.cells] & _disc(settings.reach, settings.radius + settings.buffer)[view.full]
    if not inside[view.row, view.col]:
        return np.zeros(inside.shape)
    edges = landscape.conductance[:, view.cells[0], view.cells[1]]
    region = None if landscape.region is None else landscape.region[view.cells]
    return window_circuit(edges, inside, view.row, view.col, region, method=settings.method).currents(amps)


def _scaled(current: Reals, view: _View, settings: WindowSettings) -> Reals:
    if not settings.correct_artifacts or settings.block == 1:
        return current
    return current * artifact_factor(settings)[view.full]


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
