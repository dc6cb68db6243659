"""Conjugate gradients on a batch of right-hand sides, around the multigrid cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.cycle import Cycle, Hierarchy
from connectivity.circuit.multigrid.raster_level import split_shape
from connectivity.circuit.multigrid.system import Flow, GroundRegions
from connectivity.kernels.multigrid import cg as kernels
from connectivity.kernels.multigrid import layout
from connectivity.landscape.laplacian import Laplacian
from connectivity.report import MOST_AT_ROUNDING

__all__ = ["Goal", "Outcome", "solve_batch"]

Double = NDArray[np.float64]

DELAY = 2
"""Iterations that the estimate of the energy error looks back."""
RESTARTS = 6
"""Fresh starts from the float64 residual before a solve is given up."""
PATIENCE = 50
"""Iterations without a smaller residual before a fresh start."""
SLACK = 0.9
"""Share of the tolerance that the running residual goes for, so that the true one meets it."""
REACH = 1e-7
"""Part of a residual that iterations on conductances in float32 can bring it down to."""
EXACT = 1e-13
"""Relative residual at which nothing is left to estimate."""
ROUNDING = 2.0**-24
"""Share of a conductance lost to float32, and at most of an energy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """When to stop: relative residual or relative energy error at most ``tolerance``, or ``max_iterations``."""

    tolerance: float
    energy: bool
    max_iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One batch: iterations, true relative residual and estimated relative energy error per right-hand side."""

    iterations: tuple[int, ...]
    residual: Double
    energy_error: Double
    converged: bool
    at_rounding: bool
    nbytes: int


class _Iteration:
    """Fields of conjugate gradients for ``n`` right-hand sides of norm one, in the split layout."""

    def __init__(self, hierarchy: Hierarchy, regions: GroundRegions, n: int) -> None:
        self.field = (n, *split_shape(hierarchy.fine.shape))
        self.fine, self.regions = hierarchy.fine, regions
        self.x, self.r = np.zeros(self.field), np.zeros(self.field)
        self.z = np.zeros(self.field, np.float32)
        self.partial = np.zeros(self.field[:2])
        self.cycle = Cycle(hierarchy, n)
        self.steps = np.zeros(n, np.int64)
        self.gains: list[Double] = []
        self.energy_error = np.zeros(n)

    @property
    def nbytes(self) -> int:
        """Bytes of all fields while they are in use."""
        return self.cycle.nbytes + 4 * self.x.nbytes + self.z.nbytes

    def run(self, residual: Double, active: NDArray[np.bool_], goal: Goal) -> None:
        """Start afresh from plain residuals (n, height, width), keeping x, until every active one has reached the goal.

        Gives up where nothing more is gained for `PATIENCE` iterations.
        """
        layout.split_field(residual, self.r)
        p, q = np.zeros(self.field), np.zeros(self.field)
        best, since = np.inf, 0
        beta = np.zeros(active.size)
        goal = replace(goal, tolerance=self._within_reach(goal, residual))
        rz = self._precondition()
        while active.any():
            norm = self._step(active, beta, rz, p, q)
            self.steps += active
            self.energy_error[active] = self._estimate(norm)[active]
            reached = self.energy_error if goal.energy else norm / SLACK
            active = active & (reached > goal.tolerance) & (self.steps < goal.max_iterations)
            worst = norm[active].max(initial=0.0)
            since = 0 if worst < best else since + 1
            best = min(best, worst)
            if not active.any() or since > PATIENCE or not np.isfinite(norm).all():
                return
            fresh = self._precondition()
            beta, rz = np.divide(fresh, rz, out=np.zeros_like(rz), where=rz > 0), fresh

    def _within_reach(self, goal: Goal, residual: Double) -> float:
        """Tolerance to iterate to before a fresh start: rounded conductances resolve REACH of a residual, no more."""
        if goal.energy:
            return goal.tolerance
        return max(goal.tolerance, REACH * max(float(np.linalg.norm(r)) for r in residual))

    def _precondition(self) -> Double:
        self.cycle.run(self.r, self.z)
        kernels.inner_rows(self.r, self.z, self.partial)
        return self.partial.sum(axis=1)

    def _step(self, active: NDArray[np.bool_], beta: Double, rz: Double, p: Double, q: Double) -> Double:
        """One step of conjugate gradients; returns the new residual norms."""
        kernels.new_directions(self.z, beta, p)
        kernels.apply_directions(self.fine.g, self.fine.ground, p, q, self.partial)
        kernels.gather_regions(self.regions.cell, self.regions.start, self.fine.shape[1], q)
        pq = self.partial.sum(axis=1)
        alpha = np.divide(rz, pq, out=np.zeros_like(rz), where=active & (pq > 0))
        self.gains.append(alpha * rz)
        kernels.advance(alpha, p, q, self.x, self.r, self.partial)
        return np.sqrt(self.partial.sum(axis=1))

    def _estimate(self, norm: Double) -> Double:
        """Relative error of the energy DELAY iterations ago (Hestenes and Stiefel 1952), a safe guess for now."""
        total = np.sum(self.gains, axis=0)
        late = np.sum(self.gains[-DELAY:], axis=0) if len(self.gains) > DELAY else total
        late = np.where(norm <= EXACT, 0.0, late)
        return np.divide(late, total, out=np.zeros_like(late), where=total > 0) + ROUNDING


def solve_batch(
    system: Laplacian,
    held: NDArray[np.bool_],
    hierarchy: Hierarchy,
    regions: GroundRegions,
    current: Double,
    flows: list[Flow],
    voltage: Double,
    goal: Goal,
) -> Outcome:
    """Solve for currents (n, height, width) into ``voltage``, zero on entry, where the first residual finds room too."""
    n = current.shape[0]
    residual = voltage
    norm = _residual(system, held, regions, current, flows, None, residual)
    nothing = norm <= EXACT * np.array([flow.size for flow in flows])
    norm[nothing], residual[nothing] = 0.0, 0.0
    unit = np.where(norm > 0, norm, 1.0)[:, None, None]
    iteration = _Iteration(hierarchy, regions, n)
    active = norm > 0
    left, bound = np.where(active, 1.0, 0.0), np.full(n, goal.tolerance)
    for _ in range(1 + RESTARTS):
        if not active.any():
            break
        residual /= unit
        iteration.run(residual, active, goal)
        residual = np.empty_like(current)
        layout.merge_field(iteration.x, voltage)
        voltage *= hierarchy.fine.scale * unit
        left = _residual(system, held, regions, current, flows, voltage, residual) / unit[:, 0, 0]
        left[nothing] = 0.0
        rounding = _rounding(system, held, voltage, left > goal.tolerance) / unit[:, 0, 0]
        bound = np.maximum(goal.tolerance, np.minimum(rounding, MOST_AT_ROUNDING))
        active = (left > bound) & (iteration.steps < goal.max_iterations) & (not goal.energy)
    error = iteration.energy_error
    return Outcome(
        iterations=tuple(int(s) for s in iteration.steps),
        residual=left,
        energy_error=error,
        converged=bool((error <= goal.tolerance).all() if goal.energy else (left <= bound).all()),
        at_rounding=bool((left > goal.tolerance).any() and (left <= bound).all()) and not goal.energy,
        nbytes=iteration.nbytes,
    )


def _residual(
    system: Laplacian,
    held: NDArray[np.bool_],
    regions: GroundRegions,
    current: Double,
    flows: list[Flow],
    voltage: Double | None,
    out: Double,
) -> Double:
    """Residual of the float64 system (of zero voltage where None) into ``out``; returns its norms."""
    for m, r in enumerate(out):
        np.copyto(r, current[m])
        r.reshape(-1)[flows[m].cell] -= flows[m].excess
        r[held] = 0.0
        if voltage is not None:
            layout.edge_imbalance(system.conductance, system.ground, held, voltage[m], r)
        regions.gather(r)
    return np.array([np.linalg.norm(r) for r in out])


def _rounding(system: Laplacian, held: NDArray[np.bool_], voltage: Double, wanted: NDArray[np.bool_]) -> Double:
    """Residual norm that rounding voltages to float64 alone may cause: behind a nearly closed fence they are huge."""
    out = np.zeros(voltage.shape[0])
    for m in np.flatnonzero(wanted):
        size = np.zeros(held.shape)
        layout.edge_sizes(system.conductance, system.ground, held, voltage[m], size)
        out[m] = np.finfo(np.float64).eps * np.linalg.norm(size)
    return out
