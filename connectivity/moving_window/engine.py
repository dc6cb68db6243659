"""Windows of one landscape, solved one after the other by nested dissection.

George (SIAM J. Numer. Anal. 10, 1973) cuts a grid by lines and eliminates what lies between them first; Duff and Reid (ACM
Trans. Math. Softw. 9, 1983) do it by dense fronts. Here the lines are those of one lattice for all windows, so that whole
blocks are eliminated once and serve every window that holds them; only what a window's rim cuts and the lines between
blocks are eliminated anew. The target is no part of the matrix: it is where all current leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.dissection.front import NONE, PLAIN
from connectivity.kernels.moving_window.blocks import Bench, Blocks, Land
from connectivity.kernels.moving_window.flows import cell_flows, edge_flows, enter, imbalance, join, mark, unmark
from connectivity.kernels.moving_window.leaf import SIDE
from connectivity.kernels.moving_window.sweep import sweep_back, sweep_forth
from connectivity.kernels.moving_window.window import STEP, dissect_window
from connectivity.moving_window.lattice import block_plan, slots
from connectivity.report import CONTRAST_ADVICE, MOST_AT_ROUNDING
from rasters.arrays import Reals
from rasters.errors import SolverError

__all__ = ["FLOOR", "TOLERANCE", "Pure", "WindowEngine"]

Flags = NDArray[np.bool_]

FLOOR = 1e-8
"""Edge currents below this share of a window's largest count as none, as in Circuitscape."""
TOLERANCE = 1e-10
"""Relative residual asked of every solve."""
ROUNDS = 3
"""Refinements of a solve before it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pure:
    """Where the currents of a window are the landscape's sources times one factor.

    Parameters
    ----------
    factor : float
    mask : (h, w) bool
        Cells that send, but for the block.
    place : tuple of int
        Row and column of the mask's first cell.
    block : tuple of int
        First and last row and column, last not included, of the cells that do not send.
    """

    factor: float
    mask: Flags
    place: tuple[int, int]
    block: tuple[int, int, int, int]


class WindowEngine:
    """A landscape, its blocks, and room for one window at a time; not to be shared by threads.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S].
    active : (height, width) bool
    source : (height, width) float64
        Strength of the sources [A].
    rows : int
        Most rows of a window.
    pitch : int
        8 times a power of two.
    """

    def __init__(self, conductance: Reals, active: Flags, source: Reals, rows: int, pitch: int) -> None:
        height, width = active.shape
        plan = block_plan(pitch)
        n_slot, n_col = slots((height, width), rows, pitch)
        self.shape = height, width
        self.land = Land(
            conductance=np.ascontiguousarray(conductance),
            ground=np.zeros(active.shape),
            node=np.where(active, np.int32(PLAIN), np.int32(NONE)),
            source=np.ascontiguousarray(source).reshape(-1),
        )
        self.blocks = Blocks(
            plan=plan.table.copy(),
            pitch=pitch,
            n_col=n_col,
            room_ints=plan.room_ints,
            room_reals=plan.room_reals,
            slot_row=np.full(n_slot, -1, np.int64),
            ints=np.empty(n_slot * n_col * plan.room_ints, np.int32),
            reals=np.empty(n_slot * n_col * plan.room_reals),
            kept=np.zeros(active.size),
        )
        self.bench = _bench(height, width, pitch)
        self.node = np.full(active.shape, NONE, np.int32)
        self.inside, self.load = np.zeros(active.shape), np.zeros(active.shape)
        self.swept, self.volts = np.zeros(active.shape), np.zeros(active.shape)
        side = min(rows, height), width
        self.flow, self.net, self.through = np.empty((4, *side)), np.empty(side), np.empty(side)
        self.peak = np.empty(width)
        self.bounds = np.zeros(4, np.int64)
        self.n_step = self.pinned = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        cells = (self.land, self.blocks, self.bench, (self.node, self.inside, self.load, self.swept, self.volts))
        held = [array.nbytes for group in cells for array in group if isinstance(array, np.ndarray)]
        return sum(held) + self.flow.nbytes + self.net.nbytes + self.through.nbytes

    def eliminate(self, mask: Flags, place: tuple[int, int]) -> None:
        """Eliminate the active cells of a disc or rectangle ``mask`` whose first cell is at ``place``."""
        (height, width), (row, col) = self.shape, place
        unmark(self.bounds, self.node)
        self.bounds = np.array(
            (max(row, 0), min(row + mask.shape[0], height), max(col, 0), min(col + mask.shape[1], width)), np.int64
        )
        mark(self.land.node, mask, row, col, self.bounds, self.node, self.inside)
        short = 1
        while short:
            self.n_step, self.pinned, short = dissect_window(
                self.land, self.blocks, self.bench, self.node, mask, row, col, self.bounds
            )
            if short:
                self.bench = _with_more(self.bench, short)

    def currents(self, amps: Reals, target: tuple[int, int], pure: Pure | None = None) -> Reals:
        """Current through each cell of the window that was eliminated last, (h, w) [A]; a view, until the next call.

        Parameters
        ----------
        amps : (h, w) float64
            What enters each cell of the window [A]; all of it leaves at the target.
        target : tuple of int
            Row and column in the landscape; cells that nothing joins to it take no part.
        """
        height, width = self.bounds[1] - self.bounds[0], self.bounds[3] - self.bounds[2]
        if self.pinned > 1:
            join(self.land.conductance, *target, self.bounds, np.empty(self.node.size, np.int64), self.inside)
        size = enter(amps, self.inside, *target, self.bounds, self.load)
        self.net[:height, :width] = 0.0
        imbalance(self.load, self.net, self.bounds, self.swept)
        largest = self._solve(self.volts, target, pure)
        error = imbalance(self.load, self.net, self.bounds, self.swept)
        for _ in range(ROUNDS):
            if error <= TOLERANCE * size:
                break
            more = np.zeros(self.shape)
            self._solve(more, target, None, volts=self.volts)
            largest = self._flows()
            error = imbalance(self.load, self.net, self.bounds, self.swept)
        if not error <= MOST_AT_ROUNDING * size:
            raise SolverError(
                f"a window's currents balance to {error / size if size else error:.1e} only; {CONTRAST_ADVICE}"
            )
        cell_flows(self.flow, FLOOR * largest, height, width, self.through, self.net)
        return self.through[:height, :width]

    def _solve(self, out: Reals, target: tuple[int, int], pure: Pure | None, volts: Reals | None = None) -> float:
        load = self.swept.reshape(-1)
        if pure is None:
            facts, mask, factor = np.zeros(9, np.int64), np.zeros((1, 1), np.bool_), 1.0
        else:
            facts, mask, factor = np.array((1, *pure.place, *pure.block, *target), np.int64), pure.mask, pure.factor
        sweep_forth(self.land, self.blocks, self.bench, self.n_step, facts, mask, factor, load)
        sweep_back(self.blocks, self.bench, self.n_step, factor, load, out.reshape(-1))
        if volts is not None:
            volts += out
        return self._flows()

    def _flows(self) -> float:
        return float(
            edge_flows(self.land.conductance, self.inside, self.volts, self.bounds, self.flow, self.net, self.peak)
        )


def _bench(height: int, width: int, pitch: int) -> Bench:
    around = 6 * (height + width) + 256
    return Bench(
        place=np.full(height * width, -1, np.int32),
        ends=np.empty((around, 2), np.int32),
        weight=np.empty(around),
        around=np.empty(around, np.int32),
        at=np.empty(around, np.int32),
        run=np.empty(around, np.int32),
        rim=np.empty(SIDE * SIDE * (4 * SIDE + 4)),
        work=np.empty(around + 256),
        ids=np.empty(64 * pitch + 4096, np.int32),
        stack=np.empty(128 * pitch * pitch),
        factor=np.empty(1 << 16),
        steps=np.empty((256, STEP), np.int64),
    )


def _with_more(bench: Bench, short: int) -> Bench:
    """With half as much again of the room that was short."""
    name = ("ids", "stack", "factor", "steps")[short - 1]
    old = getattr(bench, name)
    more = np.empty((old.shape[0] * 3 // 2, *old.shape[1:]), old.dtype)
    return bench._replace(**{name: more})
