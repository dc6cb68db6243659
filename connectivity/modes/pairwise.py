"""Pairwise mode: voltages and currents between every pair of focal nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents
from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.cell_circuit import CellCircuit, cell_components
from connectivity.modes.focal_nodes import PairStatus, node_cell, node_cells, pair_status, unsolved_resistance
from connectivity.modes.injections import Injection, from_anchors, merge_reports, solve_injections
from connectivity.modes.pairs import FocalCells, PairRule, kept_focal
from connectivity.report import SolveReport
from rasters.arrays import Reals

__all__ = ["PairSolution", "pairwise"]


SUPERPOSE_BYTES = 2**31
"""Voltages that a run of many pairs may hold at once, to save solves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSolution:
    """One pair of focal nodes: 1 A into the second, out of the first, which is at 0 V.

    Parameters
    ----------
    first, second : int
        Focal numbers, the smaller first.
    status : {"solved", "same_node", "apart", "no_node", "excluded"}
        Same node: both in one short-circuit polygon. Apart: nothing joins them. No node: one lies where nothing conducts.
    resistance : float
        Effective resistance [ohm]; ``inf`` where apart or no node, NaN where the pair was excluded.
    voltage, current : (height, width) float64, optional
        [V] and [A]; 0 outside the component of the pair. None unless solved or the same node (all 0).
    report : SolveReport, optional
    """

    first: int
    second: int
    status: PairStatus
    resistance: float
    voltage: Reals | None = None
    current: Reals | None = None
    report: SolveReport | None = None


def pairwise(
    circuit: CellCircuit,
    focal: FocalCells,
    pairs: PairRule | None = None,
    *,
    currents: bool = True,
    focal_currents: bool = True,
    method: str = "auto",
    tolerance: float = 1e-9,
) -> Iterator[PairSolution]:
    """Voltages and currents between every pair of focal nodes.

    Parameters
    ----------
    circuit : CellCircuit
    focal : FocalCells
        If any number has more than one cell, all are regions, and each pair is solved with its two regions short-circuited.
    pairs : PairRule, optional
    currents : bool
        False leaves the current maps out.
    focal_currents : bool
        False sets the current of the two focal nodes themselves to 0.
    method, tolerance
        As in `connectivity.circuit.solve.solve`.

    Yields
    ------
    PairSolution
        For every pair of increasing numbers; excluded and unreachable ones too.
    """
    wanted, focal = kept_focal(circuit.shape, focal, pairs)
    if focal.are_points:
        system = circuit.system()
        solved = _pairs_on(system, focal, tuple(wanted.of_numbers(focal.numbers)), method, tolerance)
        yield from (_with_current(system, pair, focal, currents, focal_currents) for pair in solved)
        return
    for first, second, allowed in wanted.of_numbers(focal.numbers):
        if not allowed:
            yield PairSolution(first=first, second=second, status="excluded", resistance=np.nan)
            continue
        system = circuit.joined(focal, (first, second)).system()
        for pair in _pairs_on(system, focal, ((first, second, True),), method, tolerance):
            yield _with_current(system, pair, focal, currents, focal_currents)


def _pairs_on(
    system: Laplacian, focal: FocalCells, pairs: Iterable[tuple[int, int, bool]], method: str, tolerance: float
) -> Iterator[PairSolution]:
    """Solve pairs on one system, in order; those that need no solve are slipped in at their place."""
    component = cell_components(system)
    state = [(a, b, pair_status(system, component, focal, a, b) if wanted else "excluded") for a, b, wanted in pairs]
    ready = [(a, b) for a, b, status in state if status == "solved"]
    solved = _pair_voltages(system, component, focal, ready, method, tolerance)
    for first, second, status in state:
        if status == "solved":
            volt, report = next(solved)
            yield _solved_pair(first, second, volt, report, focal, component)
        else:
            zeros = np.zeros(system.shape) if status == "same_node" else None
            ohm = unsolved_resistance(status)
            yield PairSolution(first=first, second=second, status=status, resistance=ohm, voltage=zeros)


def _pair_voltages(
    system: Laplacian,
    component: NDArray[np.int32],
    focal: FocalCells,
    pairs: list[tuple[int, int]],
    method: str,
    tolerance: float,
) -> Iterator[tuple[Reals, SolveReport]]:
    """Voltages of each pair, up to a constant: by superposition where that takes fewer solves and fits in memory."""
    numbers = sorted({number for pair in pairs for number in pair})
    if len(pairs) >= len(numbers) and 8 * len(numbers) * component.size <= SUPERPOSE_BYTES:
        yield from _superposed(system, component, focal, numbers, pairs, method, tolerance)
        return
    tasks = (_pair_injection(system, focal, a, b) for a, b in pairs)
    for _, volt, report in solve_injections(tasks, method=method, tolerance=tolerance):
        yield volt, report


def _superposed(
    system: Laplacian,
    component: NDArray[np.int32],
    focal: FocalCells,
    numbers: list[int],
    pairs: list[tuple[int, int]],
    method: str,
    tolerance: float,
) -> Iterator[tuple[Reals, SolveReport]]:
    """From solves of 1 A from an anchor to every other focal node; the voltages of a pair are a difference of two."""
    tasks, anchor = from_anchors(system, component, [node_cell(focal, number) for number in numbers])
    solved = list(solve_injections(tasks, method=method, tolerance=tolerance))
    unit = {numbers[i]: np.zeros(system.shape) for i in set(anchor)}
    unit |= {numbers[task.about]: volt for task, volt, _ in solved}
    report = merge_reports(report for *_, report in solved)
    for a, b in pairs:
        yield unit[b] - unit[a], report


def _pair_injection(system: Laplacian, focal: FocalCells, first: int, second: int) -> Injection:
    rows, cols = np.array([node_cell(focal, second), node_cell(focal, first)]).T
    return Injection(system=system, rows=rows, cols=cols, amps=np.array([1.0, -1.0]))


def _solved_pair(
    first: int, second: int, volt: Reals, report: SolveReport, focal: FocalCells, component: NDArray[np.int32]
) -> PairSolution:
    here = node_cell(focal, first)
    shifted = np.where(component == component[here], volt - volt[here], 0.0)
    ohm = float(shifted[node_cell(focal, second)])
    return PairSolution(first=first, second=second, status="solved", resistance=ohm, voltage=shifted, report=report)


def _with_current(
    system: Laplacian, pair: PairSolution, focal: FocalCells, currents: bool, focal_currents: bool
) -> PairSolution:
    if not currents or pair.voltage is None:
        return pair
    if pair.status == "same_node":
        return replace(pair, current=np.zeros(system.shape))
    current = cell_currents(system, pair.voltage)
    if not focal_currents:
        for number in (pair.first, pair.second):
            current[node_cells(system, *node_cell(focal, number))] = 0.0
    return replace(pair, current=current)
