"""What solvers hand back: frozen, named, with the report of how the number was got."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["AT_ROUNDING", "CONTRAST_ADVICE", "MOST_AT_ROUNDING", "SolveReport"]

MOST_AT_ROUNDING = 1e-3
"""Largest relative residual that passes because float64 voltages cannot hold a smaller one.

Where a good path lies behind a very bad one, voltages are huge beside the differences that drive the current; at contrasts
of 1e14 what is lost there reaches percents of a resistance, below 1e13 less than 1e-5 of it.
"""
AT_ROUNDING = "residual at the rounding of float64 voltages, which are huge beside the currents' own"
"""Note of a solve that passes so."""
CONTRAST_ADVICE = (
    "conductances span more orders of magnitude than voltages in float64 hold: cap the largest resistances or raise the "
    "smallest, or ask for effective resistances without maps (reduction)"
)
"""What a solve that misses its tolerance says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveReport:
    """How a linear solve went.

    Parameters
    ----------
    method : str
        ``"multigrid-cg"``, ``"nested-dissection"``, ``"sparse-direct"``, ``"amg-cg"``.
    n_unknowns : int
        Nodes solved for.
    iterations : tuple of int
        One per right-hand side; empty for direct methods.
    relative_residual : float
        Largest true residual norm over right-hand sides, divided by that of the right-hand side, in float64, as measured
        on the voltages that are returned; NaN where none was, as after an elimination without a subtraction.
    energy_error : float
        Estimated relative error of the energy (of effective resistance); NaN where not estimated.
    converged : bool
    n_components : int
        Connected components that were solved.
    levels : int
        Depth of the hierarchy, 1 for direct methods.
    setup_s, solve_s : float
        Wall seconds.
    bytes_peak : int
        Counted bytes of the solver's own arrays, 0 where not counted.
    note : str
        Why this method was chosen, or what it had to do.
    """

    method: str
    n_unknowns: int
    iterations: tuple[int, ...] = ()
    relative_residual: float = float("nan")
    energy_error: float = float("nan")
    converged: bool = True
    n_components: int = 1
    levels: int = 1
    setup_s: float = 0.0
    solve_s: float = 0.0
    bytes_peak: int = 0
    note: str = field(default="")

    @property
    def accuracy(self) -> str:
        """What was measured, in words."""
        if math.isnan(self.relative_residual):
            return "exact elimination, no residual" if self.n_unknowns else "nothing to solve"
        return f"relative residual {self.relative_residual:.1e}"
