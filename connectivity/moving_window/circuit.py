"""The circuit of one window on its own: everything that is joined to a target cell, where all current leaves.

Windows of a tile share a `WindowEngine`; here is what stands alone: uniform ground, windows with cells joined into nodes,
and windows whose blocks would not fit in `DIRECT_BYTES`, which are solved by multigrid. They are told apart by size only,
so that a window gives the same numbers wherever it is solved.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents, solve
from connectivity.kernels.circuit.moving_window import keep_edges, node_currents, reach
from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.cell_circuit import cell_components
from connectivity.moving_window.engine import FLOOR, TOLERANCE, WindowEngine
from connectivity.moving_window.lattice import blocks_bytes
from rasters.arrays import Reals

__all__ = ["DIRECT_BYTES", "Circuit", "WindowMethod", "pitch_for", "window_circuit"]

Flags = NDArray[np.bool_]
WindowMethod = Literal["auto", "direct", "multigrid"]

DIRECT_BYTES = 512 * 2**20
"""Most bytes of the blocks that the windows of a tile share; windows whose blocks take more go to multigrid."""
SMALLEST_PITCH = 8

_one_at_a_time = threading.Lock()
"""Held during solves that use numba's own threads, which must not be entered from two threads at once."""


def pitch_for(shape: tuple[int, int], rows: int, method: WindowMethod = "auto") -> int | None:
    """Side of the blocks for windows of a number of rows in a landscape, None for multigrid.

    Measured: blocks of a quarter to a tenth of a window's side come out alike, within a fifth.
    """
    pitch = SMALLEST_PITCH if rows < 24 else 16 if rows < 80 else 32
    while pitch > SMALLEST_PITCH and blocks_bytes(shape, rows, pitch) > DIRECT_BYTES:
        pitch //= 2
    return pitch if _fits(shape, rows, pitch, method) else None


def _fits(shape: tuple[int, int], rows: int, pitch: int, method: WindowMethod) -> bool:
    return method == "direct" or (method == "auto" and blocks_bytes(shape, rows, pitch) <= DIRECT_BYTES)


class Circuit(Protocol):
    """A window ready for solves."""

    def currents(self, amps: Reals) -> Reals:
        """Current through each cell [A] when ``amps`` (height, width) flow in and all leaves at the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dissected:
    """Solved by nested dissection."""

    engine: WindowEngine
    target: tuple[int, int]

    def currents(self, amps: Reals) -> Reals:
        return self.engine.currents(amps, self.target).copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Iterated:
    """Solved by multigrid."""

    system: Laplacian
    node: NDArray[np.int32]

    def currents(self, amps: Reals) -> Reals:
        import numba

        load = np.where((self.node >= 0) & ~np.isinf(self.system.ground), amps, 0.0)
        with _one_at_a_time:
            before = numba.get_num_threads()
            numba.set_num_threads(1)
            try:
                voltage, _ = solve(self.system, load, method="multigrid", tolerance=TOLERANCE)
            finally:
                numba.set_num_threads(before)
        out = np.empty(self.node.shape)
        flows = np.empty((2, *self.node.shape))
        node_currents(self.system.conductance, self.node, voltage, FLOOR, flows, out)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """With cells joined into nodes: solved as a sparse graph."""

    system: Laplacian
    own: Flags

    def currents(self, amps: Reals) -> Reals:
        load = np.where(self.own, amps, 0.0)
        with _one_at_a_time:
            voltage, _ = solve(self.system, load, tolerance=TOLERANCE)
            return cell_currents(self.system, voltage, FLOOR)


def window_circuit(
    conductance: Reals,
    inside: Flags,
    row: int,
    col: int,
    region: NDArray[np.int32] | None = None,
    *,
    method: WindowMethod = "auto",
) -> Circuit:
    """Prepare a window for solves.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S]; edges that leave ``inside`` do not count.
    inside : (height, width) bool
        Cells that may be nodes.
    row, col : int
        Target, held at 0 V. Cells that nothing joins to it take no part.
    region : (height, width) int32, optional
        Cells with the same number > 0 are one node.
    method : {"auto", "direct", "multigrid"}
    """
    conductance = np.ascontiguousarray(conductance)
    if region is not None and (region[inside] > 0).any():
        return _joined(conductance, inside, row, col, region)
    height, width = inside.shape
    if not _fits((height, width), height, SMALLEST_PITCH, method):
        node = np.empty(inside.shape, np.int32)
        reach(conductance, inside, row, col, np.empty(inside.size, np.int64), node)
        return _iterated(conductance, node, row, col)
    engine = WindowEngine(conductance, inside, np.zeros(inside.shape), height, SMALLEST_PITCH)
    engine.eliminate(np.ones(inside.shape, np.bool_), (0, 0))
    return _Dissected(engine=engine, target=(row, col))


def _iterated(conductance: Reals, node: NDArray[np.int32], row: int, col: int) -> _Iterated:
    kept = conductance.copy()
    keep_edges(node, kept)
    ground = np.zeros(node.shape)
    ground[row, col] = np.inf
    system = Laplacian(conductance=kept, active=node >= 0, ground=ground, region=np.zeros(node.shape, np.int32))
    return _Iterated(system=system, node=node)


def _joined(conductance: Reals, inside: Flags, row: int, col: int, region: NDArray[np.int32]) -> _Joined:
    kept = conductance.copy()
    keep_edges(np.where(inside, 0, -1).astype(np.int32), kept)
    ground = np.zeros(inside.shape)
    ground[row, col] = np.inf
    system = Laplacian(
        conductance=kept, active=inside, ground=ground, region=np.where(inside, region, 0).astype(np.int32)
    )
    label = cell_components(system)
    own = inside & (label == label[row, col])
    own[row, col] = False
    if region[row, col] > 0:
        own &= region != region[row, col]
    return _Joined(system=system, own=own)
