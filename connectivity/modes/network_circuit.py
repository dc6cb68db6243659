"""Circuits of named nodes and resistors between them: pairwise and advanced modes on a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from connectivity.circuit.measured import (
    EdgeSystem,
    direct_solver,
    measure,
    refined_voltages,
    require_converged,
)
from connectivity.modes.conflicts import Policy, resolve_conflicts
from connectivity.modes.focal_nodes import PairStatus, unsolved_resistance
from connectivity.modes.pairs import PairRule
from connectivity.report import SolveReport
from rasters.arrays import Ints, Reals
from rasters.errors import DataError, FocalNodeError

__all__ = [
    "BranchCurrents",
    "NetworkPair",
    "NetworkSolution",
    "ResistorNetwork",
    "network_advanced",
    "network_pairwise",
]


TOLERANCE = 1e-9
"""Relative residual asked of every solve."""
RELATIVE_FLOOR = 1e-8
"""Branch currents below this share of the largest one count as none, as in Circuitscape."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ResistorNetwork:
    """Nodes 0..n-1 with resistors between them.

    Parameters
    ----------
    first, second : (m,) int64
        Ends of each branch, the smaller node first, every pair once.
    conductance : (m,) float64
        [S], > 0; parallel resistors are summed.
    size : int
        Number of nodes n.
    component : (n,) int32
    """

    first: Ints
    second: Ints
    conductance: Reals
    size: int
    component: NDArray[np.int32]

    @classmethod
    def of_branches(cls, first: ArrayLike, second: ArrayLike, conductance: ArrayLike, size: int) -> ResistorNetwork:
        """From branches in any order; those from a node to itself are dropped."""
        a, b = np.asarray(first, np.int64), np.asarray(second, np.int64)
        siemens = np.asarray(conductance, np.float64)
        if a.size and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= size):
            raise DataError(f"branches join nodes {min(a.min(), b.min())}..{max(a.max(), b.max())}, not 0..{size - 1}")
        if not (np.isfinite(siemens) & (siemens >= 0)).all():
            bad = int(np.flatnonzero(~(np.isfinite(siemens) & (siemens >= 0)))[0])
            raise DataError(f"branch {a[bad]}-{b[bad]} has conductance {siemens[bad]}; it must be finite and >= 0")
        real = (a != b) & (siemens > 0)
        matrix = sparse.coo_array(
            (siemens[real], (np.minimum(a, b)[real], np.maximum(a, b)[real])), shape=(size, size)
        ).tocsr()
        upper = matrix.tocoo()
        component = csgraph.connected_components(matrix, directed=False)[1].astype(np.int32)
        return cls(
            first=upper.row.astype(np.int64),
            second=upper.col.astype(np.int64),
            conductance=upper.data,
            size=size,
            component=component,
        )

    def __repr__(self) -> str:
        return f"ResistorNetwork({self.size} nodes, {self.first.size} branches, {int(self.component.max()) + 1} components)"

    def branch_currents(self, voltage: Reals) -> Reals:
        """(m,) current [A] from the first to the second end; small ones are 0, per component."""
        flow = self.conductance * (voltage[self.first] - voltage[self.second])
        label = self.component[self.first]
        largest = np.zeros(int(self.component.max(initial=-1)) + 1)
        np.maximum.at(largest, label, np.abs(flow))
        return np.where(np.abs(flow) < RELATIVE_FLOOR * largest[label], 0.0, flow)

    def node_currents(self, voltage: Reals, ground: Reals | None = None) -> Reals:
        """(n,) larger of inflow and outflow [A]; ``ground`` are finite conductances to ground [S]."""
        flow = self.branch_currents(voltage)
        forward, back = np.maximum(flow, 0.0), np.maximum(-flow, 0.0)
        leak = np.zeros(self.size) if ground is None else ground * voltage
        out = np.maximum(leak, 0.0) + self._sum(self.first, forward) + self._sum(self.second, back)
        into = np.maximum(-leak, 0.0) + self._sum(self.second, forward) + self._sum(self.first, back)
        return np.maximum(out, into)

    def _sum(self, node: Ints, values: Reals) -> Reals:
        return np.bincount(node, weights=values, minlength=self.size).astype(np.float64)

    def _edges(self, free: Ints, finite: Reals) -> EdgeSystem:
        """The network with finite grounds, all but the free nodes held at 0 V."""
        return EdgeSystem(first=self.first, second=self.second, conductance=self.conductance, ground=finite, free=free)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchCurrents:
    """Branches and the absolute current through each [A]."""

    first: Ints
    second: Ints
    amps: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSolution:
    """Voltages [V] and node currents [A] of all nodes (0 where nothing was solved), and branch currents."""

    voltage: Reals
    node_current: Reals
    branches: BranchCurrents
    report: SolveReport


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPair:
    """1 A into the second focal node, out of the first, which is at 0 V; fields as of `modes.PairSolution`.

    ``nodes`` are those of the pair's component.
    """

    first: int
    second: int
    status: PairStatus
    resistance: float
    nodes: Ints | None = None
    solution: NetworkSolution | None = None


def network_pairwise(
    network: ResistorNetwork, focal: ArrayLike, pairs: PairRule | None = None
) -> Iterator[NetworkPair]:
    """Effective resistance, voltages and currents between every pair of focal nodes.

    Parameters
    ----------
    network : ResistorNetwork
    focal : (k,) int
        Nodes; each once.
    pairs : PairRule, optional
        In numbers of nodes.
    """
    wanted = pairs or PairRule()
    nodes = sorted(n for n in {int(n) for n in np.atleast_1d(np.asarray(focal, np.int64))} if wanted.keeps(n))
    if len(nodes) < 2:
        raise FocalNodeError(f"two or more focal nodes are needed, there are {len(nodes)}: {nodes}")
    outside = [n for n in nodes if not 0 <= n < network.size]
    if outside:
        raise FocalNodeError(f"focal nodes {outside} are not in the network, which has nodes 0..{network.size - 1}")
    from_anchor = _AnchoredVoltages(network)
    for a, b, allowed in wanted.of_numbers(nodes):
        yield _network_pair(network, from_anchor, a, b) if allowed else _unsolved(a, b, "excluded")


def _unsolved(first: int, second: int, status: PairStatus) -> NetworkPair:
    return NetworkPair(first=first, second=second, status=status, resistance=unsolved_resistance(status))


def _network_pair(network: ResistorNetwork, solver: _AnchoredVoltages, a: int, b: int) -> NetworkPair:
    if network.component[a] != network.component[b]:
        return _unsolved(a, b, "apart")
    voltage, report = solver.between(a, b)
    solution = NetworkSolution(
        voltage=voltage,
        node_current=network.node_currents(voltage),
        branches=_branches(network, voltage),
        report=report,
    )
    nodes = np.flatnonzero(network.component == network.component[a])
    ohm = float(voltage[b])
    return NetworkPair(first=a, second=b, status="solved", resistance=ohm, nodes=nodes, solution=solution)


def _branches(network: ResistorNetwork, voltage: Reals) -> BranchCurrents:
    return BranchCurrents(first=network.first, second=network.second, amps=np.abs(network.branch_currents(voltage)))


class _AnchoredVoltages:
    """The network factored once, the first node of every component held at 0 V."""

    def __init__(self, network: ResistorNetwork) -> None:
        start = time.perf_counter()
        self.network = network
        held = np.unique(network.component, return_index=True)[1]
        self.free = np.setdiff1d(np.arange(network.size), held)
        self.edges = network._edges(self.free, np.zeros(network.size))
        self.solver = direct_solver(self.edges)
        self.setup_s = time.perf_counter() - start

    def between(self, a: int, b: int) -> tuple[Reals, SolveReport]:
        """Voltages for 1 A into b and out of a, 0 V at a; 0 in other components."""
        start = time.perf_counter()
        load = np.zeros((self.network.size, 1))
        load[b], load[a] = 1.0, -1.0
        voltage = refined_voltages(self.edges, load, self.solver)
        here = self.network.component == self.network.component[a]
        voltage = np.where(here[:, None], voltage - voltage[a], 0.0)
        n_components = int(self.network.component.max()) + 1
        return voltage[:, 0], _report(self.edges, voltage, load, n_components, self.setup_s, start)


def _report(
    edges: EdgeSystem, voltage: Reals, load: Reals, n_components: int, setup_s: float, start: float
) -> SolveReport:
    """What was measured; SolverError where `TOLERANCE` was missed."""
    found = measure(edges, voltage, load, TOLERANCE)
    report = SolveReport(
        method="sparse-direct",
        n_unknowns=int(edges.free.size),
        n_components=n_components,
        setup_s=setup_s,
        relative_residual=found.relative_residual,
        converged=found.converged,
        note=found.note,
        solve_s=time.perf_counter() - start,
    )
    require_converged(report, TOLERANCE)
    return report


def network_advanced(
    network: ResistorNetwork, source: Reals, ground: Reals, *, policy: Policy = "keepall"
) -> NetworkSolution:
    """Voltages and currents from any sources to any grounds; see `connectivity.modes.focal.advanced`.

    Parameters
    ----------
    network : ResistorNetwork
    source : (n,) float64
        Amperes into each node.
    ground : (n,) float64
        Conductance to ground [S], ``inf`` = direct.
    policy : {"keepall", "rmvsrc", "rmvgnd", "rmvall"}
    """
    start = time.perf_counter()
    amps, left, finite = resolve_conflicts(source, ground, policy)
    live = np.flatnonzero((np.bincount(network.component, amps) != 0) & (np.bincount(network.component, left) != 0))
    solved = np.isin(network.component, live)
    free = np.flatnonzero(solved & ~np.isinf(left))
    edges, load = network._edges(free, finite), amps[:, None]
    voltage = refined_voltages(edges, load, direct_solver(edges))
    report = _report(edges, voltage, load, int(live.size), 0.0, start)
    voltage = voltage[:, 0]
    return NetworkSolution(
        voltage=voltage,
        node_current=network.node_currents(voltage, finite),
        branches=_branches(network, voltage),
        report=report,
    )
