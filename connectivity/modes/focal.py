"""Circuit modes: pairwise, one-to-all, all-to-one and advanced, as Circuitscape defines them.

Circuit theory on landscapes is McRae et al. (2008, Ecology 89:2712); the modes are those of Circuitscape (Anantharaman et
al. 2020, Proc. JuliaCon Conf. 1:58). Maps come one by one, from generators, so that a run of a thousand pairs holds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents
from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.cell_circuit import CellCircuit, cell_components
from connectivity.modes.conflicts import Policy, resolve_conflicts
from connectivity.modes.focal_nodes import node_cell, node_sums
from connectivity.modes.injections import Injection, solve_injections
from connectivity.modes.pairs import FocalCells, PairRule, kept_focal
from connectivity.modes.pairwise import PairSolution, pairwise
from connectivity.report import SolveReport
from rasters.arrays import Reals

__all__ = [
    "AdvancedSolution",
    "CurrentTotals",
    "FocalSolution",
    "PairSolution",
    "advanced",
    "all_to_one",
    "one_to_all",
    "pairwise",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FocalSolution:
    """One focal node against all others.

    Parameters
    ----------
    number : int
    solved : bool
        False where no other focal node can be reached, or nothing flows.
    resistance : float
        One-to-all: voltage of the source per ampere [ohm]. All-to-one: 0, the voltage of the ground. ``inf`` if unsolved.
    voltage, current : (height, width) float64
        [V] and [A], all 0 if unsolved.
    report : SolveReport, optional
    """

    number: int
    solved: bool
    resistance: float
    voltage: Reals
    current: Reals
    report: SolveReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvancedSolution:
    """Any sources and grounds.

    Parameters
    ----------
    voltage, current : (height, width) float64
        [V] and [A]; 0 in components that were not solved.
    solved : (height, width) bool
        Cells of components with sources and grounds.
    report : SolveReport, optional
        None where there was no such component.
    """

    voltage: Reals
    current: Reals
    solved: NDArray[np.bool_]
    report: SolveReport | None = None


class CurrentTotals:
    """Cumulative and maximum current over many maps."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.cumulative = np.zeros(shape)
        self.maximum = np.zeros(shape)
        self.maps = 0

    def add(self, current: Reals) -> None:
        """One more map."""
        self.cumulative += current
        np.maximum(self.maximum, current, out=self.maximum)
        self.maps += 1


def advanced(
    circuit: CellCircuit,
    source: Reals,
    ground: Reals,
    *,
    policy: Policy = "keepall",
    currents: bool = True,
    method: str = "auto",
    tolerance: float = 1e-9,
) -> AdvancedSolution:
    """Voltages and currents from any sources to any grounds.

    Parameters
    ----------
    circuit : CellCircuit
    source : (height, width) float64
        Amperes put into each cell, negative ones taken out; ignored where there is no node.
    ground : (height, width) float64
        Conductance of each cell to ground [S]; ``inf`` is a direct ground, 0 none.
    policy : {"keepall", "rmvsrc", "rmvgnd", "rmvall"}
        What becomes of a node with both; see `connectivity.modes.conflicts.resolve_conflicts`.
    currents : bool
        False leaves the current map at 0.
    method, tolerance
        As in `connectivity.circuit.solve.solve`.

    Notes
    -----
    A component is solved if its sources do not sum to 0 and a ground is left in it.
    """
    system = circuit.system()
    return _grounded(system, cell_components(system), source, ground, policy, currents, method, tolerance)


def _grounded(
    system: Laplacian,
    component: NDArray[np.int32],
    source: Reals,
    ground: Reals,
    policy: Policy,
    currents: bool,
    method: str,
    tolerance: float,
    only: int | None = None,
) -> AdvancedSolution:
    """Solve the components that have sources and grounds, or just one of them."""
    amps, left, finite = resolve_conflicts(node_sums(system, source), node_sums(system, ground), policy)
    live = np.flatnonzero(_sums(component, amps) != 0)
    live = live[_sums(component, left)[live] != 0]
    live = live if only is None else live[live == only]
    solved = np.isin(component, live) & system.active
    if not live.size:
        return AdvancedSolution(voltage=np.zeros(system.shape), current=np.zeros(system.shape), solved=solved)
    grounded = replace(system, ground=np.where(np.isinf(left), np.inf, finite))
    rows, cols = np.nonzero(solved & (amps != 0))
    task = Injection(system=grounded, rows=rows, cols=cols, amps=amps[rows, cols])
    ((_, volt, report),) = solve_injections([task], method=method, tolerance=tolerance)
    volt = np.where(solved, volt, 0.0)
    flow = np.zeros(system.shape)
    if currents:
        for number in live:
            flow += cell_currents(grounded, np.where(component == number, volt, 0.0))
    return AdvancedSolution(voltage=volt, current=flow, solved=solved, report=report)


def _sums(component: NDArray[np.int32], values: Reals) -> Reals:
    inside = component >= 0
    return np.bincount(component[inside], weights=values[inside]).astype(np.float64)


def one_to_all(
    circuit: CellCircuit,
    focal: FocalCells,
    pairs: PairRule | None = None,
    strengths: Mapping[int, float] | None = None,
    *,
    currents: bool = True,
    method: str = "auto",
    tolerance: float = 1e-9,
) -> Iterator[FocalSolution]:
    """Current from each focal node to all others, tied to ground.

    Parameters
    ----------
    circuit : CellCircuit
    focal : FocalCells
        Each region, with the polygons that it touches, is one node.
    pairs : PairRule, optional
        Nodes not wanted with the source are neither grounded nor joined.
    strengths : mapping of int to float, optional
        Amperes of each source; 1 where not named.
    currents, method, tolerance
        As in `advanced`.

    Yields
    ------
    FocalSolution
        By number.
    """
    wanted, focal = kept_focal(circuit.shape, focal, pairs)
    for number, system in _focal_systems(circuit, focal, wanted):
        amps = (strengths or {}).get(number, 1.0)
        source, ground = np.zeros(circuit.shape), np.zeros(circuit.shape)
        source[node_cell(focal, number)] = amps
        for other in focal.numbers:
            if other != number and wanted.allows(number, other):
                ground[focal.cells(other)] = np.inf
        yield _focus(system, focal, number, source, ground, "rmvgnd", amps, currents, method, tolerance)


def all_to_one(
    circuit: CellCircuit,
    focal: FocalCells,
    pairs: PairRule | None = None,
    strengths: Mapping[int, float] | None = None,
    *,
    currents: bool = True,
    method: str = "auto",
    tolerance: float = 1e-9,
) -> Iterator[FocalSolution]:
    """Current from all other focal nodes to each, which is a direct ground; see `one_to_all`.

    Notes
    -----
    With strengths and a rule for pairs, Circuitscape lets the nodes that are not wanted inject 1 A each all the same; so
    does this.
    """
    wanted, focal = kept_focal(circuit.shape, focal, pairs)
    for number, system in _focal_systems(circuit, focal, wanted):
        source, ground = np.zeros(circuit.shape), np.zeros(circuit.shape)
        for other in focal.numbers:
            if other != number:
                source[node_cell(focal, other)] += _injected(number, other, wanted, strengths)
        ground[focal.cells(number)] = np.inf
        yield _focus(system, focal, number, source, ground, "rmvsrc", None, currents, method, tolerance)


def _injected(number: int, other: int, wanted: PairRule, strengths: Mapping[int, float] | None) -> float:
    if wanted.allows(number, other):
        return (strengths or {}).get(other, 1.0)
    return 1.0 if strengths else 0.0


def _focal_systems(circuit: CellCircuit, focal: FocalCells, wanted: PairRule) -> Iterator[tuple[int, Laplacian]]:
    """Each focal node with the system in which it and the nodes wanted with it are joined."""
    before: tuple[int, ...] = ()
    system = circuit.system()
    for number in focal.numbers:
        active = tuple(n for n in focal.numbers if n == number or wanted.allows(number, n))
        if active != before:
            before, system = active, circuit.joined(focal, active).system()
        yield number, system


def _focus(
    system: Laplacian,
    focal: FocalCells,
    number: int,
    source: Reals,
    ground: Reals,
    policy: Policy,
    amps: float | None,
    currents: bool,
    method: str,
    tolerance: float,
) -> FocalSolution:
    component = cell_components(system)
    here = node_cell(focal, number)
    done = _grounded(system, component, source, ground, policy, currents, method, tolerance, only=int(component[here]))
    solved, ohm = done.report is not None, 0.0
    if solved and amps is not None:
        ohm = float(done.voltage[here]) / amps
        solved = ohm != 0.0
    return FocalSolution(
        number=number,
        solved=solved,
        resistance=ohm if solved else np.inf,
        voltage=done.voltage,
        current=done.current,
        report=done.report,
    )
