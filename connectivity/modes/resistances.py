"""Effective resistance between all pairs of focal nodes, without maps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solvers import REDUCTION, RESISTANCE_METHODS, known_method
from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.cell_circuit import CellCircuit, cell_components
from connectivity.modes.focal_nodes import PairStatus, node_cell, pair_status, unsolved_resistance
from connectivity.modes.injections import from_anchors, merge_reports, solve_injections
from connectivity.modes.pairs import FocalCells, PairRule, kept_focal
from connectivity.reduction.reduce import reduce_landscape
from connectivity.report import SolveReport
from rasters.arrays import Reals
from rasters.errors import MemoryBudgetError

__all__ = ["PairwiseResistances", "pairwise_resistances"]

Nodes = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PairwiseResistances:
    """Effective resistances of focal nodes.

    Parameters
    ----------
    numbers : tuple of int
        The k focal numbers, increasing.
    resistance : (k, k) float64
        [ohm], symmetric, 0 on the diagonal; ``inf`` where apart or on no node, NaN where excluded.
    status : dict of (int, int) to str
        Of each pair, smaller number first; see `connectivity.modes.focal.PairSolution`.
    report : SolveReport
    """

    numbers: tuple[int, ...]
    resistance: Reals
    status: dict[tuple[int, int], PairStatus]
    report: SolveReport

    def __repr__(self) -> str:
        solved = sum(s == "solved" for s in self.status.values())
        return f"PairwiseResistances({len(self.numbers)} nodes, {solved} of {len(self.status)} pairs solved, {self.report.method})"


def pairwise_resistances(
    circuit: CellCircuit,
    focal: FocalCells,
    pairs: PairRule | None = None,
    *,
    method: str = "auto",
    tolerance: float = 1e-9,
) -> PairwiseResistances:
    """Effective resistance between every pair of focal nodes.

    Parameters
    ----------
    circuit, focal, pairs
        As in `connectivity.modes.focal.pairwise`.
    method : str
        One of `connectivity.circuit.solvers.RESISTANCE_METHODS`. Reduction eliminates all other cells once, exactly. The
        solvers solve once per focal node but one in each component.
        ``"auto"``: reduction, or solves where its memory does not suffice.
    tolerance : float
        Of the iterative solvers.
    """
    known_method(method, RESISTANCE_METHODS)
    wanted, focal = kept_focal(circuit.shape, focal, pairs)
    place = {number: i for i, number in enumerate(focal.numbers)}
    ohm = np.zeros((len(place), len(place)))
    status: dict[tuple[int, int], PairStatus] = {}
    reports = []
    for a, b, state, value, report in _all_pairs(circuit, focal, wanted, method, tolerance):
        status[a, b] = state
        ohm[place[a], place[b]] = ohm[place[b], place[a]] = value
        reports.append(report)
    return PairwiseResistances(
        numbers=focal.numbers, resistance=ohm, status=status, report=merge_reports(r for r in reports if r is not None)
    )


Row = tuple[int, int, PairStatus, float, SolveReport | None]


def _all_pairs(
    circuit: CellCircuit, focal: FocalCells, wanted: PairRule, method: str, tolerance: float
) -> Iterator[Row]:
    every = tuple(wanted.of_numbers(focal.numbers))
    if focal.are_points:
        yield from _on_system(circuit.system(), focal, every, method, tolerance)
        return
    for a, b, allowed in every:
        if allowed:
            yield from _on_system(circuit.joined(focal, (a, b)).system(), focal, [(a, b, True)], method, tolerance)
        else:
            yield a, b, "excluded", unsolved_resistance("excluded"), None


def _on_system(
    system: Laplacian,
    focal: FocalCells,
    pairs: tuple[tuple[int, int, bool], ...] | list[tuple[int, int, bool]],
    method: str,
    tolerance: float,
) -> Iterator[Row]:
    component = cell_components(system)
    state = [(a, b, pair_status(system, component, focal, a, b) if wanted else "excluded") for a, b, wanted in pairs]
    used = sorted({n for a, b, status in state if status == "solved" for n in (a, b)})
    cells = [node_cell(focal, n) for n in used]
    table, report = _resistance_table(system, component, cells, method, tolerance) if used else (np.empty((0, 0)), None)
    place = {number: i for i, number in enumerate(used)}
    for a, b, status in state:
        solved = status == "solved"
        yield a, b, status, float(table[place[a], place[b]]) if solved else unsolved_resistance(status), report


def _resistance_table(
    system: Laplacian, component: NDArray[np.int32], cells: Nodes, method: str, tolerance: float
) -> tuple[Reals, SolveReport | None]:
    if method == REDUCTION:
        return _by_reduction(system, cells)
    if method == "auto":
        with suppress(MemoryBudgetError):
            return _by_reduction(system, cells)
    return _by_solves(system, component, cells, method, tolerance)


def _by_reduction(system: Laplacian, cells: Nodes) -> tuple[Reals, SolveReport]:
    keep = np.zeros(system.shape, np.bool_)
    keep[tuple(np.array(cells).T)] = True
    network = reduce_landscape(system, keep)
    return network.effective_resistances([network.index_of(*cell) for cell in cells]), network.report


def _by_solves(
    system: Laplacian, component: NDArray[np.int32], cells: Nodes, method: str, tolerance: float
) -> tuple[Reals, SolveReport]:
    """With 1 A from the first node of the component to node i, ``R_ij = v_ii + v_jj - 2 v_ij`` where v is 0 at the first."""
    rows, cols = np.array(cells).T
    label = component[rows, cols]
    tasks, anchor = from_anchors(system, component, cells)
    volts = np.zeros((len(cells), len(cells)))
    reports = []
    for task, volt, report in solve_injections(tasks, method=method, tolerance=tolerance):
        volts[task.about] = volt[rows, cols] - volt[cells[anchor[task.about]]]
        reports.append(report)
    self_volt = np.diag(volts)
    ohm = self_volt[:, None] + self_volt[None, :] - (volts + volts.T)
    return np.where(label[:, None] == label[None, :], ohm, np.inf), merge_reports(reports)
