"""Solvers of one grounded pair: this project's, and the other open ones, all from the same conductances.

Each tool has a ``prepare`` that is not timed (the peers' sparse matrix is assembled there, in their favour) and returns
what is timed: set-up and solve of one right-hand side. Peers are imported here, in a measuring process, and nowhere else.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from connectivity.circuit.multigrid.solver import MultigridSolver
from connectivity.landscape.laplacian import node_graph
from connectivity.reduction.reduce import reduce_landscape
from tests.benchmarks.landscapes import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool found [ohm], and how."""

    resistance: float
    iterations: int | None = None
    residual: float | None = None
    setup_s: float | None = None
    solve_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run ready to be timed, and the bytes of the input that it needs beyond the raster's conductances."""

    run: Callable[[], Answer]
    held_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A solver: the module it needs (empty for our own) and how to prepare it for a problem, tolerance and threads."""

    name: str
    module: str
    prepare: Callable[[Problem, float, int], Prepared]

    @property
    def installed(self) -> bool:
        """Whether its module can be found."""
        return not self.module or importlib.util.find_spec(self.module) is not None


def multigrid(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """Our own, stopped on the relative residual."""
    return _multigrid(problem, tolerance, threads, energy=False)


def multigrid_energy(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """Our own, stopped on the error of the effective resistance."""
    return _multigrid(problem, tolerance, threads, energy=True)


def _multigrid(problem: Problem, tolerance: float, threads: int, *, energy: bool) -> Prepared:
    current = problem.current

    def run() -> Answer:
        solver = MultigridSolver.build(problem.system, threads=threads)
        voltage, report = solver.solve(current, tolerance=tolerance, stop="energy" if energy else "residual")
        return Answer(
            resistance=float(voltage[problem.source]),
            iterations=report.iterations[0],
            residual=report.relative_residual,
            setup_s=report.setup_s,
            solve_s=report.solve_s,
        )

    return Prepared(run=run)


def reduction(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """Our own direct method: everything eliminated but the two cells."""
    keep = np.zeros(problem.system.shape, np.bool_)
    keep[problem.source] = True

    def run() -> Answer:
        network = reduce_landscape(problem.system, keep, threads=threads)
        return Answer(resistance=1.0 / float(network.ground[0]))

    return Prepared(run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The grounded system of the pair's component as peers want it: symmetric, positive definite."""

    a: sparse.csr_matrix
    b: NDArray[np.float64]
    source: int

    @property
    def nbytes(self) -> int:
        """Bytes of the compressed rows."""
        return int(self.a.data.nbytes + self.a.indices.nbytes + self.a.indptr.nbytes)

    def answer(self, x: NDArray[np.float64], iterations: int | None = None) -> Answer:
        """With the true residual."""
        residual = float(np.linalg.norm(self.b - self.a @ x) / np.linalg.norm(self.b))
        return Answer(resistance=float(x[self.source]), iterations=iterations, residual=residual)


def matrix_of(problem: Problem) -> Matrix:
    """Assemble the component of the source, without the sink."""
    graph = node_graph(problem.system)
    source, sink = int(graph.node[problem.source]), int(graph.node[problem.sink])
    inside = graph.component == graph.component[source]
    inside[sink] = False
    keep = np.flatnonzero(inside)
    diagonal = np.asarray(graph.weight.sum(axis=1)).ravel()[keep]
    weight = graph.weight[keep][:, keep]
    a = sparse.csr_matrix(sparse.diags_array(diagonal) - weight)
    a.indices, a.indptr = a.indices.astype(np.int32), a.indptr.astype(np.int32)
    a.sort_indices()
    at = int(np.searchsorted(keep, source))
    b = np.zeros(keep.size)
    b[at] = 1.0
    return Matrix(a=a, b=b, source=at)


def smoothed_aggregation(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """Circuitscape's recipe: conjugate gradients on pyamg's smoothed aggregation."""
    import pyamg
    from scipy.sparse.linalg import cg

    matrix = matrix_of(problem)

    def run() -> Answer:
        steps: list[None] = []
        hierarchy = pyamg.smoothed_aggregation_solver(matrix.a)
        x, code = cg(
            matrix.a,
            matrix.b,
            rtol=tolerance,
            atol=0.0,
            maxiter=2000,
            M=hierarchy.aspreconditioner(),
            callback=lambda _: steps.append(None),
        )
        if code:
            raise RuntimeError(f"conjugate gradients stopped with code {code}")
        return matrix.answer(x, len(steps))

    return Prepared(run=run, held_bytes=matrix.nbytes)


def cholmod(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """CHOLMOD's supernodal Cholesky through scikit-sparse."""
    from sksparse.cholmod import cholesky

    matrix = matrix_of(problem)
    upper = matrix.a.tocsc()

    def run() -> Answer:
        return matrix.answer(cholesky(upper)(matrix.b))

    return Prepared(run=run, held_bytes=matrix.nbytes)


def pardiso(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """MKL's PARDISO through pypardiso, for symmetric positive definite matrices."""
    from pypardiso import PyPardisoSolver

    matrix = matrix_of(problem)
    upper = sparse.csr_matrix(sparse.triu(matrix.a))

    def run() -> Answer:
        solver = PyPardisoSolver(mtype=2)
        solver.factorize(upper)
        x = solver.solve(upper, matrix.b)
        solver.free_memory(everything=True)
        return matrix.answer(x)

    return Prepared(run=run, held_bytes=matrix.nbytes)


def _amgcl(coarsening: str) -> Callable[[Problem, float, int], Prepared]:
    def prepare(problem: Problem, tolerance: float, threads: int) -> Prepared:
        import pyamgcl

        matrix = matrix_of(problem)
        choices = {"coarsening.type": coarsening, "relax.type": "gauss_seidel"}

        def run() -> Answer:
            solver = pyamgcl.solver(pyamgcl.amg(matrix.a, choices), {"type": "cg", "tol": tolerance, "maxiter": 2000})
            x = solver(matrix.b)
            answer = matrix.answer(x, int(solver.iters))
            if answer.residual is None or answer.residual > 10 * tolerance:
                raise RuntimeError(f"amgcl stopped at a residual of {answer.residual}")
            return answer

        return Prepared(run=run, held_bytes=matrix.nbytes)

    return prepare


def landschaft_graph(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """landschaft's direct solver on the graph of edges: the only mode in which a fence can lie between cells."""
    from landschaft import circuit

    graph = node_graph(problem.system)
    edges = sparse.coo_array(sparse.triu(graph.weight))
    table = np.column_stack([edges.coords[0] + 1.0, edges.coords[1] + 1.0, edges.data])
    ends = [int(graph.node[problem.source]) + 1, int(graph.node[problem.sink]) + 1]

    def run() -> Answer:
        found = circuit.circuitscape_network_pairwise(table, ends, graph_is_resistance=False, n_threads=threads)
        return Answer(resistance=float(found.resistances[1, 2]))

    return Prepared(run=run, held_bytes=table.nbytes)


def landschaft_raster(problem: Problem, tolerance: float, threads: int) -> Prepared:
    """landschaft's direct solver on the raster of resistances; knows no fence between cells."""
    from landschaft import circuit

    points = np.zeros(problem.system.shape, np.int64)
    points[problem.source], points[problem.sink] = 1, 2

    def run() -> Answer:
        found = circuit.circuitscape_pairwise(problem.resistance, points, avg_resistances=True, n_threads=threads)
        return Answer(resistance=float(found.resistances[1, 2]))

    return Prepared(run=run)


OURS = ("otkel multigrid", "otkel multigrid, energy", "otkel reduction")
ITERATIVE_TOOLS = ("pyamg SA + CG", "amgcl RS + CG", "amgcl SA + CG")
DIRECT_TOOLS = ("CHOLMOD", "PARDISO", "landschaft, graph", "landschaft, raster")
RASTER_ONLY = DIRECT_TOOLS[-1]
TOOLS = {
    tool.name: tool
    for tool in (
        Tool(name=OURS[0], module="", prepare=multigrid),
        Tool(name=OURS[1], module="", prepare=multigrid_energy),
        Tool(name=OURS[2], module="", prepare=reduction),
        Tool(name="pyamg SA + CG", module="pyamg", prepare=smoothed_aggregation),
        Tool(name="amgcl RS + CG", module="pyamgcl", prepare=_amgcl("ruge_stuben")),
        Tool(name="amgcl SA + CG", module="pyamgcl", prepare=_amgcl("smoothed_aggregation")),
        Tool(name="CHOLMOD", module="sksparse", prepare=cholmod),
        Tool(name="PARDISO", module="pypardiso", prepare=pardiso),
        Tool(name="landschaft, graph", module="landschaft", prepare=landschaft_graph),
        Tool(name=RASTER_ONLY, module="landschaft", prepare=landschaft_raster),
    )
}
