"""Which solvers of circuits there are: the one list that `solve`, the modes, studies, commands and messages read.

Importing this module imports no solver: each is brought in when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from rasters.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from connectivity.landscape.laplacian import Laplacian
    from connectivity.report import SolveReport

__all__ = ["METHODS", "REDUCTION", "RESISTANCE_METHODS", "SOLVERS", "Solver", "Stop", "known_method", "solvers_for"]

AUTO = "auto"
REDUCTION = "reduction"
"""Not a solver: eliminates every other cell exactly (`connectivity.reduction`), and so gives resistances, but no maps."""
SMALL = 20_000
Stop = Literal["residual", "energy"]


class Ready(Protocol):
    """A circuit that is set up, for any number of solves."""

    def __call__(
        self, current: NDArray[np.float64], *, tolerance: float, stop: Stop
    ) -> tuple[NDArray[np.float64], SolveReport]:
        """As `connectivity.circuit.solve.solve`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """A way to solve circuits.

    Parameters
    ----------
    accepts : callable
        Whether ``"auto"`` may take it for this many cells. It tries those that do in the order of `SOLVERS`: the next one where one
        does not reach the tolerance.
    ready : callable
        Sets up a circuit, once for all solves of it.
    note : str
        What it is, for help texts and pages.
    """

    accepts: Callable[[int], bool]
    ready: Callable[[Laplacian], Ready]
    note: str


def _direct(system: Laplacian) -> Ready:
    from connectivity.circuit.reference import reference_voltages

    return lambda current, *, tolerance, **_: reference_voltages(system, current, tolerance=tolerance)


def _multigrid(system: Laplacian) -> Ready:
    from connectivity.circuit.multigrid.solver import MultigridSolver

    return MultigridSolver.build(system).solve


def _amg(system: Laplacian) -> Ready:
    from connectivity.circuit.reference import reference_voltages

    return lambda current, *, tolerance, **_: reference_voltages(system, current, method="amg-cg", tolerance=tolerance)


SOLVERS = {
    "sparse-direct": Solver(
        accepts=lambda cells: cells <= SMALL,
        ready=_direct,
        note="sparse LU factors (SuperLU), refined",
    ),
    "multigrid": Solver(
        accepts=lambda cells: True,
        ready=_multigrid,
        note="multigrid that knows fences, as preconditioner; for many cells",
    ),
    "amg": Solver(
        accepts=lambda cells: False, ready=_amg, note="algebraic multigrid (pyamg), as preconditioner; for comparison"
    ),
}
METHODS = (AUTO, *SOLVERS)
"""What may be asked for where maps are wanted."""
RESISTANCE_METHODS = (*METHODS, REDUCTION)
"""What may be asked for where resistances alone are wanted."""


def known_method(name: str, choices: tuple[str, ...] = METHODS) -> str:
    """The name, if there is such a method.

    Raises
    ------
    ConfigError
        Otherwise; names those that there are.
    """
    if name not in choices:
        raise ConfigError(f"unknown solver {name!r}; choose {', '.join(choices[:-1])} or {choices[-1]}")
    return name


def solvers_for(cells: int, method: str = AUTO) -> tuple[str, ...]:
    """The solvers that a method stands for with this many cells, in the order in which they are tried."""
    if known_method(method) != AUTO:
        return (method,)
    return tuple(name for name, solver in SOLVERS.items() if solver.accepts(cells))
