"""Solves of a sparse circuit that are measured edge by edge, refined, and refused where they miss.

A factor of the assembled matrix has lost what is small beside its diagonal before any solve begins. The residual here is
taken from differences of voltages, ``sum g (v_i - v_j)``, which loses nothing, so that iterative refinement (Higham 2002,
Accuracy and Stability of Numerical Algorithms, ch. 12) corrects for the assembly too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from connectivity.report import AT_ROUNDING, CONTRAST_ADVICE, MOST_AT_ROUNDING, SolveReport
from rasters.arrays import Reals
from rasters.errors import SolverError

__all__ = ["EdgeSystem", "Measure", "direct_solver", "measure", "refined_voltages", "require_converged"]

Solver = Callable[[Reals], Reals]
"""From a right-hand side (n_free, k) to voltages (n_free, k)."""

ROUNDS = 4
"""Most refinements."""
HELPS = 0.5
"""A refinement that leaves more than this share of the residual is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSystem:
    """``sum g (v_i - v_j) + ground_i v_i = load_i`` for the free nodes; all others are held at 0 V.

    Parameters
    ----------
    first, second : (m,) int
        Ends of each edge.
    conductance : (m,) float64
        [S], > 0.
    ground : (n,) float64
        Finite conductance to ground [S].
    free : (n_free,) int
        Nodes to solve for.
    """

    first: NDArray[np.integer]
    second: NDArray[np.integer]
    conductance: Reals
    ground: Reals
    free: NDArray[np.integer]

    def matrix(self) -> sparse.csc_array:
        """Assembled, (n_free, n_free)."""
        both = np.concatenate([self.first, self.second]), np.concatenate([self.second, self.first])
        adjacent = sparse.coo_array((np.tile(self.conductance, 2), both), shape=(self.ground.size,) * 2).tocsr()
        full = sparse.diags_array(np.asarray(adjacent.sum(axis=1)).ravel() + self.ground).tocsr() - adjacent
        return full[self.free][:, self.free].tocsc()

    def residual(self, voltage: Reals, load: Reals) -> Reals:
        """(n_free, k) amperes that voltages (n, k) leave unexplained."""
        out = load - self.ground[:, None] * voltage
        for column, volts in zip(out.T, voltage.T, strict=True):
            flow = self.conductance * (volts[self.first] - volts[self.second])
            column -= np.bincount(self.first, flow, minlength=volts.size)
            column += np.bincount(self.second, flow, minlength=volts.size)
        return out[self.free]

    def rounding(self, voltage: Reals) -> Reals:
        """(k,) residual norm that rounding the voltages (n, k) to float64 alone may cause."""
        degree = self.ground.copy()
        for end in (self.first, self.second):
            degree += np.bincount(end, self.conductance, minlength=degree.size)
        return np.finfo(np.float64).eps * np.linalg.norm(degree[self.free, None] * voltage[self.free], axis=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Largest true relative residual over right-hand sides, and whether each is within what was asked."""

    relative_residual: float
    converged: bool
    note: str


def direct_solver(system: EdgeSystem) -> Solver:
    """LU of the assembled matrix (SuperLU)."""
    if not system.free.size:
        return np.zeros_like
    try:
        solve: Solver = splu(system.matrix(), permc_spec="COLAMD").solve
    except RuntimeError as error:
        raise SolverError(f"the circuit's matrix is singular in float64 ({error}); {CONTRAST_ADVICE}") from error
    return solve


def refined_voltages(system: EdgeSystem, load: Reals, solver: Solver, tolerance: float = 0.0) -> Reals:
    """(n, k) volts for loads (n, k) [A]: solved, then refined until the tolerance is met or it hardly helps any more."""
    voltage = np.zeros_like(load)
    left = load[system.free]
    goal = tolerance * np.linalg.norm(left, axis=0)
    for _ in range(1 + ROUNDS):
        trial = voltage.copy()
        trial[system.free] += solver(left)
        after = system.residual(trial, load)
        before, now = np.linalg.norm(left, axis=0), np.linalg.norm(after, axis=0)
        better = now < before
        voltage[:, better], left[:, better] = trial[:, better], after[:, better]
        if not ((now < HELPS * before) & (now > goal)).any():
            break
    return voltage


def measure(system: EdgeSystem, voltage: Reals, load: Reals, tolerance: float) -> Measure:
    """How far voltages (n, k) are from the loads (n, k), in float64.

    Notes
    -----
    A residual that float64 voltages cannot undercut passes too, up to `MOST_AT_ROUNDING`.
    """
    size = np.linalg.norm(load[system.free], axis=0)
    some = size > 0
    share = np.linalg.norm(system.residual(voltage, load), axis=0)[some] / size[some]
    bound = np.maximum(tolerance, np.minimum(system.rounding(voltage)[some] / size[some], MOST_AT_ROUNDING))
    worst, converged = float(share.max(initial=0.0)), bool((share <= bound).all())
    return Measure(
        relative_residual=worst, converged=converged, note=AT_ROUNDING if converged and worst > tolerance else ""
    )


def require_converged(report: SolveReport, tolerance: float) -> None:
    """Raise SolverError with the report where the tolerance was missed."""
    if not report.converged:
        raise SolverError(
            f"{report.method} stopped at a relative residual of {report.relative_residual:.1e}, not {tolerance:.1e}: {CONTRAST_ADVICE}",
            report,
        )
