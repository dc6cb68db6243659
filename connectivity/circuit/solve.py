"""Circuit theory on a landscape: voltages, currents, effective resistance.

Every cell is a node, every edge a resistor (McRae et al. 2008, Ecology 89:2712). One solver interface stands in front
of all methods: `solve`. The current through a node is the larger of what flows in and what flows out, so that focal
nodes carry exactly what is injected.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solvers import SOLVERS, Ready, Stop, solvers_for
from connectivity.kernels.circuit.currents import in_and_out, largest_flow
from connectivity.landscape.laplacian import Laplacian
from connectivity.report import SolveReport
from rasters.errors import SolverError
from rasters.fences import STEPS

__all__ = ["CircuitSolution", "cell_currents", "ready_solver", "solve", "solve_circuit"]

_STEPS = np.array(STEPS, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitSolution:
    """Voltages and currents of one or several injections.

    Parameters
    ----------
    voltage : (n, height, width) float64
        Volts.
    current : (n, height, width) float64
        Amperes through each cell's node, max(in, out).
    """

    voltage: NDArray[np.float64]
    current: NDArray[np.float64]
    report: SolveReport


def solve(
    system: Laplacian,
    current: NDArray[np.float64],
    *,
    method: str = "auto",
    tolerance: float = 1e-6,
    stop: Stop = "residual",
) -> tuple[NDArray[np.float64], SolveReport]:
    """Solve ``(L + diag(ground)) v = current``.

    Parameters
    ----------
    system : Laplacian
    current : (height, width) or (n, height, width) float64
        Injected amperes; several right-hand sides share one set-up and are iterated together.
    method : str
        ``"auto"`` or a name in `connectivity.circuit.solvers.SOLVERS`; ``"auto"`` takes the direct solver up to 20 000 cells
        and multigrid beyond, or where the direct one misses.
    tolerance : float
        Relative residual, or relative energy error of multigrid with ``stop="energy"``.
    stop : {"residual", "energy"}
        ``"energy"`` is enough, and cheaper, when only effective resistances are asked for.

    Returns
    -------
    voltage : float64, like ``current``
    report : SolveReport

    Raises
    ------
    ConfigError
        When there is no such solver.
    SolverError
        When the tolerance is not reached; carries the report.
    """
    return ready_solver(system, method)(current, tolerance=tolerance, stop=stop)


def ready_solver(system: Laplacian, method: str = "auto") -> Ready:
    """A circuit that is set up, for any number of solves; see `solve`."""
    *first, last = [SOLVERS[name] for name in solvers_for(int(system.active.sum()), method)]
    if not first:
        return last.ready(system)

    def in_turn(
        current: NDArray[np.float64], *, tolerance: float, stop: Stop
    ) -> tuple[NDArray[np.float64], SolveReport]:
        for solver in first:
            with suppress(SolverError):
                return solver.ready(system)(current, tolerance=tolerance, stop=stop)
        return last.ready(system)(current, tolerance=tolerance, stop=stop)

    return in_turn


def cell_currents(system: Laplacian, voltage: NDArray[np.float64], relative_floor: float = 1e-8) -> NDArray[np.float64]:
    """Current through each node [A], max(in, out); every cell of a region shows its node's value.

    Parameters
    ----------
    voltage : (height, width) float64
    relative_floor : float
        Edge currents below this share of the largest one count as none, as in Circuitscape.

    Returns
    -------
    (height, width) float64, 0 where there is no node
    """
    voltage = np.ascontiguousarray(voltage)
    biggest = np.empty(system.shape[0])
    largest_flow(system.conductance, system.region, voltage, _STEPS, biggest)
    flows = np.empty((2, *system.shape))
    floor = relative_floor * float(biggest.max(initial=0.0))
    in_and_out(system.conductance, system.ground, system.region, voltage, _STEPS, floor, flows)
    member = system.region > 0
    if member.any():
        number = system.region[member]
        for flow in flows:
            flow[member] = np.bincount(number, weights=flow[member])[number]
    return np.maximum(flows[0], flows[1])


def solve_circuit(
    system: Laplacian, current: NDArray[np.float64], *, method: str = "auto", tolerance: float = 1e-6
) -> CircuitSolution:
    """Voltages and node currents for one or several injections; see `solve`."""
    voltage, report = solve(system, current.reshape(-1, *system.shape), method=method, tolerance=tolerance)
    flows = np.stack([cell_currents(system, one) for one in voltage])
    return CircuitSolution(voltage=voltage, current=flows, report=report)
