"""The slow, obvious solvers that the fast ones are tested against: sparse Cholesky-like LU, and algebraic multigrid."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import pyamg
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg

from connectivity.circuit.measured import (
    EdgeSystem,
    Solver,
    direct_solver,
    measure,
    refined_voltages,
    require_converged,
)
from connectivity.landscape.laplacian import Laplacian, NodeGraph, node_graph
from connectivity.report import SolveReport
from rasters.errors import DataError

__all__ = ["reference_voltages"]


def reference_voltages(
    system: Laplacian,
    current: NDArray[np.float64],
    *,
    method: Literal["sparse-direct", "amg-cg"] = "sparse-direct",
    tolerance: float = 1e-10,
) -> tuple[NDArray[np.float64], SolveReport]:
    """Voltages for injected currents, by assembling the sparse matrix.

    Parameters
    ----------
    system : Laplacian
    current : (height, width) or (n, height, width) float64
        Amperes injected into each cell; a region receives the sum over its cells.
    method : {"sparse-direct", "amg-cg"}
        SuperLU, or conjugate gradients on pyamg's smoothed aggregation.
    tolerance : float
        Relative residual, measured on the voltages that are returned; see `connectivity.circuit.measured`.

    Returns
    -------
    voltage : float64, like ``current``
        Volts; in a component without ground the mean over its nodes is zero.
    report : SolveReport

    Raises
    ------
    DataError
        When the currents of a component without ground do not sum to zero.
    SolverError
        When the tolerance is missed; carries the report.
    """
    start = time.perf_counter()
    graph = node_graph(system)
    batch = current.reshape(-1, *system.shape)
    loads = np.stack([_node_current(graph, one) for one in batch], axis=1)
    loads[np.isinf(graph.ground)] = 0.0
    _require_balance(graph, loads)
    edges = _edge_system(graph)
    steps = np.zeros(loads.shape[1], np.int64)
    direct = method == "sparse-direct"
    solver = direct_solver(edges) if direct else _amg_solver(edges, tolerance, steps)
    setup = time.perf_counter() - start
    volts = refined_voltages(edges, loads, solver, 0.0 if direct else tolerance)
    _centre_floating(graph, volts)
    found = measure(edges, volts, loads, tolerance)
    report = SolveReport(
        method=method,
        n_unknowns=int(edges.free.size),
        note=found.note,
        relative_residual=found.relative_residual,
        converged=found.converged,
        iterations=() if direct else tuple(steps.tolist()),
        n_components=int(graph.component.max(initial=-1)) + 1,
        setup_s=setup,
        solve_s=time.perf_counter() - start - setup,
    )
    require_converged(report, tolerance)
    on_cells = np.where(graph.node >= 0, volts.T[:, graph.node], 0.0)
    return on_cells.reshape(current.shape), report


def _node_current(graph: NodeGraph, current: NDArray[np.float64]) -> NDArray[np.float64]:
    held = graph.node >= 0
    if current[~held].any():
        raise DataError("current is injected into cells that are not nodes (no data or barrier)")
    return np.bincount(graph.node[held], weights=current[held], minlength=graph.ground.size).astype(np.float64)


def _floating(graph: NodeGraph) -> NDArray[np.bool_]:
    """Whether each component has no ground at all."""
    grounded = np.zeros(int(graph.component.max(initial=-1)) + 1, bool)
    grounded[graph.component[graph.ground > 0]] = True
    return ~grounded


def _require_balance(graph: NodeGraph, loads: NDArray[np.float64]) -> None:
    floating = _floating(graph)
    for column in loads.T:
        total = np.bincount(graph.component, weights=column, minlength=floating.size)
        size = np.bincount(graph.component, weights=abs(column), minlength=floating.size)
        wrong = np.flatnonzero(floating & (abs(total) > 1e-9 * size) & (size > 0))
        if wrong.size:
            raise DataError(
                f"component {wrong[0]} has no ground, but {total[wrong[0]]:g} A flow into it; currents must sum to zero there"
            )


def _edge_system(graph: NodeGraph) -> EdgeSystem:
    """Free are nodes that are not held at 0 V and not the pinned first node of a floating component."""
    pinned = np.isinf(graph.ground)
    _, first = np.unique(graph.component, return_index=True)
    pinned[first[_floating(graph)]] = True
    upper = sparse.triu(graph.weight).tocoo()
    return EdgeSystem(
        first=upper.row,
        second=upper.col,
        conductance=upper.data,
        free=np.flatnonzero(~pinned),
        ground=np.where(np.isfinite(graph.ground), graph.ground, 0.0),
    )


def _amg_solver(system: EdgeSystem, tolerance: float, steps: NDArray[np.int64]) -> Solver:
    """Conjugate gradients on smoothed aggregation; ``steps`` counts the iterations of each right-hand side."""
    if not system.free.size:
        return np.zeros_like
    matrix = system.matrix().tocsr()
    precondition = pyamg.smoothed_aggregation_solver(matrix).aspreconditioner()

    def solve(loads: NDArray[np.float64]) -> NDArray[np.float64]:
        solved = np.zeros_like(loads)
        for i, load in enumerate(loads.T):

            def count(_: object, i: int = i) -> None:
                steps[i] += 1

            solved[:, i], _ = cg(matrix, load, rtol=tolerance, atol=0.0, maxiter=1000, M=precondition, callback=count)
        return solved

    return solve


def _centre_floating(graph: NodeGraph, volts: NDArray[np.float64]) -> None:
    floating = _floating(graph)
    count = np.bincount(graph.component)
    for column in volts.T:
        mean = np.bincount(graph.component, weights=column) / count
        column -= np.where(floating[graph.component], mean[graph.component], 0.0)
