"""What the memory gives, and how near to it an iteration of multigrid comes: bytes moved, by count, over seconds, by clock."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.coarse_raster import CoarseRaster
from connectivity.circuit.multigrid.cycle import SKIP, TWICE, Hierarchy
from connectivity.circuit.multigrid.hierarchy import CoarseLevel
from connectivity.circuit.multigrid.solver import MultigridSolver
from tests.benchmarks.bench_circuit import WARM_UP
from tests.benchmarks.landscapes import Case, build
from tests.benchmarks.measure import Row, in_child

TRIAD = 30_000_000
"""Elements of each array of the bandwidth test; far beyond any cache."""
LOOSE, TIGHT = 1e-2, 1e-6
"""Tolerances of two solves; what the second takes longer is that of its further iterations."""

FINE = {
    "smooth down": 16 + 4 + 8 + 8,
    "residual, restrict": 16 + 4 + 4 + 2,
    "prolong": 4 + 1 + 6,
    "smooth up": 16 + 4 + 8 + 8,
    "directions": 4 + 16,
    "product": 16 + 8 + 16,
    "advance": 16 + 8 + 16 + 8,
    "inner product": 8 + 4,
}
"""Bytes a cell that each kernel of the finest level moves, every array counted once: conductances 16, 1 / diagonal 4,
interpolation 4, fields 8 (float64) or 4; a field that is only written counts twice, for its lines are read first."""
RASTER = 16 + 32 + 26 + 11 + 32 + 16
"""The same for an unknown of a coarse raster: enter, smooth, restrict, prolong, smooth, leave."""


def bytes_per_iteration(hierarchy: Hierarchy) -> float:
    """Bytes that one iteration with one right-hand side moves, by count."""
    height, _, width = hierarchy.fine.inverse.shape
    links = hierarchy.fine.links
    total = sum(FINE.values()) * 2.0 * (height - 2) * (width - 2)
    total += 24 * links.cell.size + _rows(links.parents) + _rows(links.children)
    visits = 1
    for k, level in enumerate(hierarchy.coarse):
        visits *= 2 if SKIP <= k < SKIP + TWICE else 1
        total += visits * (_of_raster(level) if isinstance(level, CoarseRaster) else _of_graph(level))
    if hierarchy.tail is not None:
        total += 2 * visits * sum(a.nbytes for a in hierarchy.tail)
    return total


def _of_raster(level: CoarseRaster) -> float:
    lists = 2 * _rows(level.far) + _rows(level.parents) + _rows(level.children) + 40 * level.cell.size
    return RASTER * level.size + lists


def _of_graph(level: CoarseLevel) -> float:
    """Couplings are read twice, half of them in the sweep down, half for the residual, all in the sweep up."""
    return 2 * _rows(level.graph) + _rows(level.p) + _rows(level.r) + 48 * level.size


def _rows(rows: Any) -> float:
    return float(sum(a.nbytes for a in rows[:3]))


@numba.njit(parallel=True)
def _triad(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> None:
    for i in numba.prange(a.size):
        a[i] = b[i] + 3.0 * c[i]


def triad(*, size: int, repeats: int, threads: int) -> Row:
    """Memory bandwidth as STREAM's triad takes it, the line that a store reads first counted: 32 B per element."""
    a, b, c = np.zeros(size), np.ones(size), np.ones(size)
    _triad(a[:1000], b[:1000], c[:1000])
    clock = time.process_time if threads == 1 else time.perf_counter
    seconds = []
    for _ in range(repeats):
        start = clock()
        _triad(a, b, c)
        seconds.append(clock() - start)
    return {"gb_per_s": 32e-9 * size / min(seconds), "median_gb_per_s": 32e-9 * size / float(np.median(seconds))}


def bandwidth(threads: list[int], *, size: int = TRIAD, repeats: int = 15) -> Iterator[Row]:
    """`triad` with each number of threads."""
    for count in threads:
        yield in_child(triad, count, size=size, repeats=repeats)


def roofline(*, case: dict[str, Any], repeats: int, size: int, threads: int) -> Row:
    """Seconds and bytes of one iteration, best of several, and the triad in the same process."""
    warm, problem = build(WARM_UP), build(Case(**case))
    MultigridSolver.build(warm.system, threads=threads).solve(warm.current)
    solver = MultigridSolver.build(problem.system, threads=threads)
    clock = time.process_time if threads == 1 else time.perf_counter  # others may share the machine
    best: dict[float, float] = {}
    steps: dict[float, int] = {}
    for tolerance in (LOOSE, TIGHT) * repeats:
        start = clock()
        _, report = solver.solve(problem.current, tolerance=tolerance)
        best[tolerance] = min(best.get(tolerance, np.inf), clock() - start)
        steps[tolerance] = report.iterations[0]
    each = (best[TIGHT] - best[LOOSE]) / (steps[TIGHT] - steps[LOOSE])
    moved = bytes_per_iteration(solver.hierarchy)
    cells = problem.system.active.size
    return {
        "iteration_s": each,
        "bytes_moved": moved / cells,
        "gb_per_s": moved / each * 1e-9,
        "triad_gb_per_s": triad(size=size, repeats=5 * repeats, threads=threads)["gb_per_s"],
    }


def rooflines(cases: list[Case], threads: list[int], *, repeats: int = 5, size: int = TRIAD) -> Iterator[Row]:
    """`roofline` in a child for each case and number of threads."""
    for case in cases:
        for count in threads:
            yield in_child(roofline, count, case=dataclasses.asdict(case), repeats=repeats, size=size)
