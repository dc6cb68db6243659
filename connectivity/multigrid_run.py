"""Conjugate gradients on a batch of right-hand sides, around the multigrid cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels import multigrid_cg as kernels
from connectivity.kernels import multigrid_layout as layout
from connectivity.laplacian import Laplacian
from connectivity.multigrid_cycle import Cycle, Hierarchy
from connectivity.multigrid_hierarchy import split_shape
from connectivity.multigrid_system import Regions

__all__ = ["Goal", "Outcome", "solve_batch"]

Double = NDArray[np.float64]

DELAY = 2
"""Iterations that the estimate of the energy error looks back."""
RESTARTS = 6
"""Fresh starts from the float64 residual before a solve is given up."""
PATIENCE = 50
"""Iterations without a smaller residual before a fresh start."""
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

    def __init__(self, hierarchy: Hierarchy, regions: Regions, n: int) -> None:
        field = (n, *split_shape(hierarchy.fine.shape))
        self.fine, self.regions = hierarchy.fine, regions
        self.x, self.r, self.p, self.q = (np.zeros(field) for _ in range(4))
        self.z, self.b = np.zeros(field, np.float32), np.zeros(field, np.float32)
        self.partial = np.zeros(field[:2])
        self.cycle = Cycle(hierarchy, n)
        self.steps = np.zeros(n, np.int64)
        self.gains: list[Double] = []

    @property
    def nbytes(self) -> int:
        """Bytes of all fields."""
        return self.cycle.nbytes + sum(a.nbytes for a in (self.x, self.r, self.p, self.q, self.z, self.b))

    def load(self, residual: Double) -> None:
        """Start afresh from plain residuals (n, height, width), keeping x."""
        layout.split_field(residual, self.r)
        self.b[...] = self.r
        self.p[...] = 0.0

    def energy_error(self) -> Double:
        """Relative error of the energy some steps ago (Hestenes and Stiefel 1952), an upper guess for now."""
        total = np.sum(self.gains, axis=0)
        late = np.sum(self.gains[-DELAY:], axis=0)
        return np.divide(late, total, out=np.zeros_like(late), where=total > 0) + ROUNDING

    def run(self, active: NDArray[np.bool_], goal: Goal) -> None:
        """Iterate until every active right-hand side has reached the goal or nothing more can be gained."""
        best, since = np.inf, 0
        beta = np.zeros(active.size)
        rz = self._precondition()
        while active.any():
            norm = self._step(active, beta, rz)
            self.steps += active
            active = active & ~self._done(norm, goal) & (self.steps < goal.max_iterations)
            since = 0 if norm[active].max(initial=0.0) < best else since + 1
            best = min(best, norm[active].max(initial=0.0))
            if not active.any() or since > PATIENCE or not np.isfinite(norm).all():
                return
            fresh = self._precondition()
            beta, rz = np.divide(fresh, rz, out=np.zeros_like(rz), where=rz > 0), fresh

    def _precondition(self) -> Double:
        self.cycle.run(self.b, self.z)
        kernels.inner_rows(self.r, self.z, self.partial)
        return self.partial.sum(axis=1)

    def _step(self, active: NDArray[np.bool_], beta: Double, rz: Double) -> Double:
        """One step of conjugate gradients; returns the new residual norms."""
        kernels.new_directions(self.z, beta, self.p)
        kernels.apply_directions(self.fine.g, self.fine.ground, self.p, self.q, self.partial)
        kernels.gather_regions(self.regions.cell, self.regions.start, self.fine.shape[1], self.q)
        pq = self.partial.sum(axis=1)
        alpha = np.divide(rz, pq, out=np.zeros_like(rz), where=active & (pq > 0))
        self.gains.append(alpha * rz)
        kernels.advance(alpha, self.p, self.q, self.x, self.r, self.b, self.partial)
        return np.sqrt(self.partial.sum(axis=1))

    def _done(self, norm: Double, goal: Goal) -> NDArray[np.bool_]:
        if not goal.energy:
            return norm <= 0.9 * goal.tolerance
        enough = self.steps > DELAY
        return (enough & (self.energy_error() <= goal.tolerance)) | (norm <= 1e-14)


def solve_batch(
    system: Laplacian,
    held: NDArray[np.bool_],
    hierarchy: Hierarchy,
    regions: Regions,
    current: Double,
    voltage: Double,
    goal: Goal,
) -> Outcome:
    """Solve for currents (n, height, width) into ``voltage``, zero on entry."""
    n = current.shape[0]
    residual = np.where(held, 0.0, current)
    for field in residual:
        regions.gather(field)
    norm = np.sqrt(np.einsum("nhw,nhw->n", residual, residual))
    unit = np.where(norm > 0, norm, 1.0)
    iteration = _Iteration(hierarchy, regions, n)
    residual /= unit[:, None, None]
    active = norm > 0
    bound = np.full(n, goal.tolerance)
    left = np.where(active, 1.0, 0.0)
    for _ in range(1 + RESTARTS):
        if not active.any():
            break
        iteration.load(residual)
        iteration.run(active, goal)
        layout.merge_field(iteration.x, voltage)
        voltage *= hierarchy.fine.scale
        left = _true_residual(system, held, regions, current / unit[:, None, None], voltage, residual)
        bound = np.maximum(goal.tolerance, _rounding(system, held, voltage, left > goal.tolerance))
        active = (left > bound) & (iteration.steps < goal.max_iterations) & (not goal.energy)
    voltage *= unit[:, None, None]
    error = iteration.energy_error() if iteration.gains else np.zeros(n)
    return Outcome(
        iterations=tuple(int(s) for s in iteration.steps),
        residual=left,
        energy_error=error,
        converged=bool((error <= goal.tolerance).all() if goal.energy else (left <= bound).all()),
        at_rounding=bool((left > goal.tolerance).any() and (left <= bound).all()),
        nbytes=iteration.nbytes,
    )


def _rounding(system: Laplacian, held: NDArray[np.bool_], voltage: Double, wanted: NDArray[np.bool_]) -> Double:
    """Residual norm that rounding voltages to float64 alone may cause: behind a nearly closed fence they are huge."""
    out = np.zeros(voltage.shape[0])
    ground = np.where(system.active & ~held, system.ground, 0.0)
    for m in np.flatnonzero(wanted):
        size = np.zeros(held.shape)
        layout.edge_sizes(system.conductance, ground, held, voltage[m], size)
        out[m] = np.finfo(np.float64).eps * np.linalg.norm(size)
    return out


def _true_residual(
    system: Laplacian, held: NDArray[np.bool_], regions: Regions, current: Double, voltage: Double, out: Double
) -> Double:
    """Residual of the float64 system into ``out``; returns its norms."""
    ground = np.where(system.active, system.ground, 0.0)
    for b, v, r in zip(current, voltage, out, strict=True):
        r[...] = np.where(held, 0.0, b)
        layout.edge_imbalance(system.conductance, ground, held, v, r)
        regions.gather(r)
    return np.sqrt(np.einsum("nhw,nhw->n", out, out))
