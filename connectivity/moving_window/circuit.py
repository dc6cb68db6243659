"""The circuit of one window: everything that is joined to a target cell, which is held at 0 V.

Small windows are solved directly, by a banded Cholesky factor that is built without the interpreter lock; windows whose
factor would not fit in `DIRECT_BYTES` by multigrid. Both are told apart by size only, so that a window gives the same
numbers wherever it is solved.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents, solve
from connectivity.kernels.circuit.banded import BLOCK, factor, substitute
from connectivity.kernels.circuit.moving_window import (
    assemble,
    envelope,
    keep_edges,
    node_currents,
    number_nodes,
    reach,
    take_flows,
)
from connectivity.landscape.laplacian import Laplacian
from connectivity.landscape.stencil import Neighbours
from connectivity.modes.cell_circuit import cell_components, edge_conductance
from connectivity.report import CONTRAST_ADVICE, MOST_AT_ROUNDING
from rasters.arrays import Reals
from rasters.errors import SolverError

__all__ = ["Circuit", "WindowMethod", "uniform_circuit", "window_circuit"]

Flags = NDArray[np.bool_]
WindowMethod = Literal["auto", "direct", "multigrid"]

FLOOR = 1e-8
"""Edge currents below this share of a window's largest count as none, as in Circuitscape."""
DIRECT_BYTES = 400 * 2**20
"""Largest banded factor; a disc of 190 cells' radius has one of this size, where multigrid takes as long."""
TOLERANCE = 1e-10
"""Relative residual asked of every solve."""
ROUNDS = 3
"""Refinements of a banded solve before it is given up."""

_one_at_a_time = threading.Lock()
"""Held during solves that use numba's own threads, which must not be entered from two threads at once."""


class Circuit(Protocol):
    """A window ready for solves."""

    def currents(self, amps: Reals) -> Reals:
        """Current through each cell [A] when ``amps`` (height, width) flow in and all leaves at the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Banded:
    """Solved by a banded factor."""

    conductance: Reals
    node: NDArray[np.int32]
    last: NDArray[np.int64]
    stride: int
    flat: Reals

    def currents(self, amps: Reals) -> Reals:
        voltage = self._voltage(amps)
        out = np.empty(self.node.shape)
        node_currents(self.conductance, self.node, voltage, FLOOR, np.empty((2, *self.node.shape)), out)
        return out

    def _voltage(self, amps: Reals) -> Reals:
        """Refined until the true residual meets `TOLERANCE`; SolverError where it stays above `MOST_AT_ROUNDING`."""
        inner = (self.node >= 0) & (self.node < self.last.size)
        number, values = self.node[inner], np.empty(self.last.size)
        voltage, left = np.zeros(self.node.shape), amps
        size = error = float(np.linalg.norm(amps[inner]))
        for _ in range(1 + ROUNDS):
            values[number] = left[inner]
            substitute(self.flat, self.stride, self.last, values)
            voltage[inner] += values[number]
            left = amps.astype(np.float64)
            take_flows(self.conductance, self.node, voltage, left)
            error = float(np.linalg.norm(left[inner]))
            if error <= TOLERANCE * size:
                break
        if not error <= MOST_AT_ROUNDING * size:
            raise SolverError(
                f"a window's currents balance to {error / size if size else error:.1e} only; {CONTRAST_ADVICE}"
            )
        return voltage


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
    node = np.empty(inside.shape, np.int32)
    reach(conductance, inside, row, col, np.empty(inside.size, np.int64), node)
    last = np.empty(number_nodes(row, col, node), np.int64)
    stride = int(envelope(conductance, node, last)) + 2 * BLOCK
    size = last.size * (stride + 1)
    if method == "multigrid" or (method == "auto" and 8 * size > DIRECT_BYTES):
        return _iterated(conductance, node, row, col)
    flat = np.zeros(size)
    assemble(conductance, node, last.size, stride, flat)
    bad = factor(flat, stride, last)
    if bad >= 0:
        raise SolverError(f"a window's equations cannot be solved in float64: {CONTRAST_ADVICE}")
    return _Banded(conductance=conductance, node=node, last=last, stride=stride, flat=flat)


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


@lru_cache(maxsize=4)
def uniform_circuit(
    shape: tuple[int, int], row: int, col: int, neighbours: Neighbours, method: WindowMethod
) -> Circuit:
    """A rectangle of unit conductance, prepared once for all windows of one shape."""
    edges = edge_conductance(np.ones(shape), neighbours=neighbours)
    return window_circuit(edges, np.ones(shape, bool), row, col, method=method)
