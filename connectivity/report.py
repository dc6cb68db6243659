"""What solvers hand back: frozen, named, with the report of how the number was got."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SolveReport"]


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
        Largest true residual norm over right-hand sides, divided by that of the right-hand side, in float64.
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
    relative_residual: float = 0.0
    energy_error: float = float("nan")
    converged: bool = True
    n_components: int = 1
    levels: int = 1
    setup_s: float = 0.0
    solve_s: float = 0.0
    bytes_peak: int = 0
    note: str = field(default="")
