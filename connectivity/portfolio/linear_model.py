"""A small mixed-integer linear model that grows row by row, solved by HiGHS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rasters.errors import SolverError

__all__ = ["LinearModel", "LinearSolution"]

SETTINGS = {
    "output_flag": False,
    "threads": 1,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
"""One thread, so that a solve is the same on every machine; gaps are judged outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearSolution:
    """What one solve gave.

    Parameters
    ----------
    x : (n,) float64
        Empty when no solution was found.
    value : float
        Of ``x``; -inf when there is none.
    bound : float
        No solution is better; -inf when it is proven that there is none.
    """

    x: NDArray[np.float64]
    value: float
    bound: float


class LinearModel:
    """Maximise ``value . x`` over columns with bounds, subject to rows; some columns whole numbers.

    Columns and rows are numbered in the order in which they were added.
    """

    def __init__(self) -> None:
        self._highs = highspy.Highs()
        for option, choice in SETTINGS.items():
            self._highs.setOptionValue(option, choice)
        self._highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.n_columns = 0
        self.n_rows = 0
        self.offset = 0.0
        self._whole: list[int] = []

    def columns(
        self, count: int, *, lower: float = 0.0, upper: ArrayLike = 1.0, value: ArrayLike = 0.0, whole: bool = False
    ) -> NDArray[np.int64]:
        """Add columns and return their numbers."""
        first = self.n_columns
        numbers = np.arange(first, first + count)
        self._highs.addVars(count, np.full(count, lower), np.broadcast_to(np.asarray(upper, float), count).copy())
        values = np.broadcast_to(np.asarray(value, float), count).copy()
        self._highs.changeColsCost(count, numbers.astype(np.int32), values)
        if whole:
            self._whole += numbers.tolist()
        self.n_columns += count
        return numbers

    def row(self, columns: ArrayLike, factors: ArrayLike, *, lower: float = -math.inf, upper: float = math.inf) -> int:
        """Add ``lower <= factors . x[columns] <= upper``; columns may be named twice. Returns the row's number."""
        distinct, back = np.unique(np.asarray(columns, np.int64), return_inverse=True)
        total = np.bincount(back, weights=np.asarray(factors, float), minlength=distinct.size)
        there = total != 0
        self._highs.addRow(lower, upper, int(there.sum()), distinct[there].astype(np.int32), total[there])
        self.n_rows += 1
        return self.n_rows - 1

    def set_row_upper(self, row: int, upper: float) -> None:
        """Change a row's upper bound."""
        self._highs.changeRowBounds(row, -math.inf, upper)

    def set_bounds(self, columns: Sequence[int], lower: float, upper: float) -> None:
        """Change the bounds of columns."""
        for column in columns:
            self._highs.changeColBounds(int(column), lower, upper)

    def maximise(
        self, *, relaxed: bool = False, seconds: float = math.inf, start: NDArray[np.float64] | None = None
    ) -> LinearSolution:
        """Solve, all columns real numbers where ``relaxed``.

        Parameters
        ----------
        seconds : float
            The search stops then, with the bound that it has.
        start : (n,) float64, optional
            A solution to begin with.
        """
        kind = highspy.HighsVarType.kContinuous if relaxed else highspy.HighsVarType.kInteger
        whole = np.array(self._whole, np.int32)
        self._highs.changeColsIntegrality(whole.size, whole, np.array([kind] * whole.size))
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + min(seconds, 1e6))
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = list(map(float, start))
            self._highs.setSolution(solution)
        self._highs.run()
        return self._read(relaxed)

    def _read(self, relaxed: bool) -> LinearSolution:
        status, found = self._highs.getModelStatus(), self._highs.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return LinearSolution(x=np.empty(0), value=-math.inf, bound=-math.inf)
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
            raise SolverError(f"HiGHS stopped with status {self._highs.modelStatusToString(status)!r}")
        there = found.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(self._highs.getSolution().col_value) if there else np.empty(0)
        value = found.objective_function_value if there else -math.inf
        finished = status == highspy.HighsModelStatus.kOptimal
        bound = found.mip_dual_bound if not relaxed and self._whole else (value if finished else math.inf)
        return LinearSolution(x=x, value=value + self.offset, bound=bound + self.offset)
