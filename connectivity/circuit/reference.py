"""The slow, obvious solvers that the fast ones are tested against: sparse Cholesky-like LU, and algebraic multigrid."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import pyamg
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg, splu

from connectivity.landscape.laplacian import Laplacian, NodeGraph, node_graph
from connectivity.report import SolveReport
from rasters.errors import DataError, SolverError

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
        SuperLU with float64 and no tolerance, or conjugate gradients on pyamg's smoothed aggregation.
    tolerance : float
        Relative residual for ``"amg-cg"``.

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
        When conjugate gradients do not converge; carries the report.
    """
    start = time.perf_counter()
    graph = node_graph(system)
    batch = current.reshape(-1, *system.shape)
    loads = np.stack([_node_current(graph, one) for one in batch], axis=1)
    loads[np.isinf(graph.ground)] = 0.0
    _require_balance(graph, loads)
    free, matrix = _free_system(graph)
    setup = time.perf_counter() - start
    solved, iterations = _solve(matrix, loads[free], method, tolerance)
    volts = np.zeros_like(loads)
    volts[free] = solved
    residual = _relative_residual(matrix, solved, loads[free])
    _centre_floating(graph, volts)
    report = SolveReport(
        method=method, n_unknowns=int(free.size), iterations=iterations, relative_residual=residual,
        converged=method == "sparse-direct" or residual <= 10 * tolerance,
        n_components=int(graph.component.max(initial=-1)) + 1, setup_s=setup,
        solve_s=time.perf_counter() - start - setup,
    )  # fmt: skip
    if not report.converged:
        raise SolverError(f"{method} stopped at a relative residual of {residual:.1e}, not {tolerance:.1e}", report)
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


def _free_system(graph: NodeGraph) -> tuple[NDArray[np.intp], sparse.csc_array]:
    """Nodes to solve for (not held at 0 V, not the pinned first node of a floating component) and their matrix."""
    pinned = np.isinf(graph.ground)
    _, first = np.unique(graph.component, return_index=True)
    pinned[first[_floating(graph)]] = True
    free = np.flatnonzero(~pinned)
    finite = np.where(np.isfinite(graph.ground), graph.ground, 0.0)
    diagonal = np.asarray(graph.weight.sum(axis=1)).ravel() + finite
    full = sparse.diags_array(diagonal).tocsr() - graph.weight
    return free, full[free][:, free].tocsc()


def _solve(
    matrix: sparse.csc_array, loads: NDArray[np.float64], method: str, tolerance: float
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    if not matrix.shape[0]:
        return np.zeros_like(loads), ()
    if method == "sparse-direct":
        return splu(matrix, permc_spec="COLAMD").solve(loads), ()
    hierarchy = pyamg.smoothed_aggregation_solver(matrix.tocsr())
    precondition = hierarchy.aspreconditioner()
    solved, counts = np.zeros_like(loads), []
    for i, load in enumerate(loads.T):
        steps: list[None] = []
        solved[:, i], _ = cg(
            matrix,
            load,
            rtol=tolerance,
            atol=0.0,
            maxiter=1000,
            M=precondition,
            callback=lambda _, s=steps: s.append(None),
        )
        counts.append(len(steps))
    return solved, tuple(counts)


def _relative_residual(matrix: sparse.csc_array, solved: NDArray[np.float64], loads: NDArray[np.float64]) -> float:
    size = np.linalg.norm(loads, axis=0)
    error = np.linalg.norm(matrix @ solved - loads, axis=0)
    return float(np.max(error[size > 0] / size[size > 0], initial=0.0))


def _centre_floating(graph: NodeGraph, volts: NDArray[np.float64]) -> None:
    floating = _floating(graph)
    count = np.bincount(graph.component)
    for column in volts.T:
        mean = np.bincount(graph.component, weights=column) / count
        column -= np.where(floating[graph.component], mean[graph.component], 0.0)
