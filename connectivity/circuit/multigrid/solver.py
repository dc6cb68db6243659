"""Fence-aware multigrid: voltages on a raster cut by fences, at a price that grows with its area only.

Conjugate gradients in float64 around a multigrid cycle in float32. Iterations read conductances rounded to float32, which
moves no effective resistance by more than 6e-8 of itself; the residuals that are asked for and reported are those of the
float64 system, and a solve starts afresh from them when they fall short.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.cycle import Hierarchy
from connectivity.circuit.multigrid.hierarchy import build_coarse_levels
from connectivity.circuit.multigrid.raster_level import build_fine_level
from connectivity.circuit.multigrid.run import ROUNDING, Goal, Outcome, solve_batch
from connectivity.circuit.multigrid.system import (
    BATCH,
    Components,
    Flow,
    GroundRegions,
    estimate_bytes,
    held_cells,
    refuse_if_too_big,
)
from connectivity.landscape.laplacian import Laplacian
from connectivity.report import AT_ROUNDING, CONTRAST_ADVICE, SolveReport
from rasters.errors import DataError, SolverError

__all__ = ["MultigridSolver", "Stop", "estimate_bytes"]

Stop = Literal["residual", "energy"]
Double = NDArray[np.float64]

SMALL = 300_000
"""Cells below which threads wait for each other longer than they work."""


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(count)
    try:
        yield
    finally:
        numba.set_num_threads(before)


class MultigridSolver:
    """A landscape prepared for solves with any currents; made by `build`."""

    def __init__(
        self,
        system: Laplacian,
        hierarchy: Hierarchy,
        regions: GroundRegions,
        components: Components,
        *,
        threads: int,
        setup_s: float,
        note: str = "",
    ) -> None:
        self.system = system
        self.hierarchy = hierarchy
        self.threads = threads
        self.setup_s = setup_s
        self._regions = regions
        self._components = components
        self._held = held_cells(system)
        self._note = note

    @classmethod
    def build(cls, system: Laplacian, *, threads: int | None = None) -> MultigridSolver:
        """Set up the hierarchy of a landscape.

        Parameters
        ----------
        system : Laplacian
            Kept, not copied: residuals are taken with its float64 conductances.
        threads : int, optional
            Default: numba's, one for rasters of less than `SMALL` cells. Results are the same to the last bit for a given
            number.

        Raises
        ------
        MemoryBudgetError
            If set-up and the solve of one right-hand side would not fit in memory.
        DataError
            If conductances are infinite or span more than float32 holds.
        """
        if threads is None:
            threads = numba.get_num_threads() if system.active.size >= SMALL else 1
        refuse_if_too_big(system.shape, 1)
        start = time.perf_counter()
        with _threads(threads):
            if np.any(system.ground, where=~system.active):
                system = replace(system, ground=np.where(system.active, system.ground, 0.0))
            held = held_cells(system)
            regions = GroundRegions.of(system.region, system.active & ~held)
            components = Components.of(system, regions)
            fine, graph, places = build_fine_level(system.conductance, system.ground, held, regions, threads)
            coarse, coarsest = build_coarse_levels(graph, places, threads)
        hierarchy = Hierarchy.of(fine, coarse, coarsest)
        return cls(system, hierarchy, regions, components, threads=threads, setup_s=time.perf_counter() - start)

    def solve(
        self, current: Double, *, tolerance: float = 1e-6, stop: Stop = "residual", max_iterations: int = 200
    ) -> tuple[Double, SolveReport]:
        """Voltages for given currents.

        Parameters
        ----------
        current : (height, width) or (n, height, width) float64, A
            Injected into each cell, negative where drawn; a region takes the sum over its cells. In a component without
            ground they sum to zero.
        tolerance : float
            Relative: of the true residual norm, or of the energy error.
        stop : {"residual", "energy"}
            "energy" stops on the estimated error of the energy, that is of effective resistance, and needs about half the
            iterations; voltages are then good to about the square root of the tolerance.
        max_iterations : int
            For each right-hand side.

        Returns
        -------
        voltage : like ``current``, V
            The same on all cells of a region; 0 on cells that are not nodes and in components without current; of mean
            zero over the cells of a component without ground.
        report : SolveReport

        Raises
        ------
        SolverError
            If the tolerance is not reached; it carries the report.
        DataError
            If currents do not cancel in a component without ground, are not finite, or enter cells that are not nodes.
        MemoryBudgetError
            If the right-hand sides do not fit in memory.
        """
        goal = _goal(tolerance, stop, max_iterations)
        field = np.ascontiguousarray(current, np.float64)
        if field.ndim not in (2, 3) or field.shape[-2:] != self.system.shape:
            raise DataError(f"currents of shape {field.shape} do not fit cells of shape {self.system.shape}")
        many = field if field.ndim == 3 else field[None]
        flows = [self._components.check(one) for one in many]
        refuse_if_too_big(self.system.shape, many.shape[0], built=True)
        start = time.perf_counter()
        voltage = np.zeros_like(many)
        with _threads(self.threads):
            outcomes = [
                self._solve_batch(many[k : k + BATCH], flows[k : k + BATCH], voltage[k : k + BATCH], goal)
                for k in range(0, many.shape[0], BATCH)
            ]
        for one in voltage:
            self._components.centre(one)
        solved = max((flow.n_components for flow in flows), default=0)
        report = self._report(outcomes, solved, time.perf_counter() - start)
        if not report.converged:
            raise SolverError(_shortfall(report, goal), report)
        return voltage.reshape(field.shape), report

    def _solve_batch(self, current: Double, flows: list[Flow], voltage: Double, goal: Goal) -> Outcome:
        return solve_batch(self.system, self._held, self.hierarchy, self._regions, current, flows, voltage, goal)

    def _report(self, outcomes: list[Outcome], solved: int, seconds: float) -> SolveReport:
        cells = int(np.count_nonzero(self._components.label >= 0))
        return SolveReport(
            method="multigrid-cg",
            n_unknowns=cells - self._regions.cell.size + self._regions.count,
            iterations=tuple(k for outcome in outcomes for k in outcome.iterations),
            relative_residual=max((float(o.residual.max(initial=0.0)) for o in outcomes), default=0.0),
            energy_error=max((float(o.energy_error.max(initial=0.0)) for o in outcomes), default=0.0),
            converged=all(o.converged for o in outcomes),
            n_components=solved,
            levels=self.hierarchy.depth,
            setup_s=self.setup_s,
            solve_s=seconds,
            bytes_peak=self.hierarchy.nbytes
            + self._components.label.nbytes
            + self._held.nbytes
            + max((o.nbytes for o in outcomes), default=0)
            + 8 * self._held.size * sum(len(o.iterations) for o in outcomes),
            note="; ".join(filter(None, [self._note, AT_ROUNDING if any(o.at_rounding for o in outcomes) else ""])),
        )


def _goal(tolerance: float, stop: Stop, max_iterations: int) -> Goal:
    if stop not in ("residual", "energy"):
        raise DataError(f"stop must be 'residual' or 'energy', not {stop!r}")
    least = 4 * ROUNDING if stop == "energy" else 1e-13
    if not least <= tolerance < 1.0:
        raise DataError(f"tolerance {tolerance!r} is not between {least:.1e} and 1; stop={stop!r} resolves no less")
    if max_iterations < 1:
        raise DataError(f"max_iterations must be >= 1, not {max_iterations!r}")
    return Goal(tolerance=tolerance, energy=stop == "energy", max_iterations=max_iterations)


def _shortfall(report: SolveReport, goal: Goal) -> str:
    reached = report.energy_error if goal.energy else report.relative_residual
    return (
        f"multigrid stopped after {max(report.iterations)} iterations at a relative "
        f"{'energy error' if goal.energy else 'residual'} of {reached:.1e}, short of {goal.tolerance:g}; "
        f"raise max_iterations or the tolerance, or see whether {CONTRAST_ADVICE}"
    )
