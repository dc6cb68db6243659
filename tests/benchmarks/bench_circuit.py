"""Circuits: one pair beside the peers, iterations over sizes, hard cases, several right-hand sides, memory bandwidth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from connectivity.circuit.multigrid.solver import MultigridSolver
from tests.benchmarks.landscapes import Case, build
from tests.benchmarks.measure import Row, clocked, in_child, peak_bytes
from tests.benchmarks.peers import RASTER_ONLY, TOOLS

PERMEABILITIES = (1.0, 1e-2, 1e-4, 1e-6, 0.0)
WARM_UP = Case(kind="terrain", height=320, width=320, permeability=0.01)
"""Large enough for every kernel to be loaded, coarse levels included."""


def one_pair(*, tool: str, case: dict[str, Any], tolerance: float, repeats: int, threads: int) -> Row:
    """Set-up and solve of one pair."""
    where = Case(**case)
    TOOLS[tool].prepare(build(WARM_UP), tolerance, threads).run()
    problem = build(where)
    prepared = TOOLS[tool].prepare(problem, tolerance, threads)
    timed = clocked(prepared.run, repeats)
    cells = where.height * where.width
    return {
        "cpu_s": timed.cpu_s,
        "wall_s": timed.wall_s,
        "bytes_per_cell": (timed.grown + prepared.held_bytes) / cells,
        "peak_gib": peak_bytes() / 2**30,
        **dataclasses.asdict(timed.answer),
    }


def measure_pair(tool: str, case: Case, *, tolerance: float, repeats: int, threads: int, timeout_s: float) -> Row:
    """`one_pair` in a child, or a row that says why not."""
    arguments = {"tool": tool, "case": dataclasses.asdict(case), "tolerance": tolerance, "repeats": repeats}
    if not TOOLS[tool].installed:
        return {**arguments, "threads": threads, "status": "not installed"}
    return in_child(one_pair, threads, timeout_s, **arguments)


def pairs(
    cases: list[Case],
    tools: list[str],
    *,
    tolerance: float = 1e-6,
    repeats: int = 3,
    threads: int = 1,
    timeout_s: float = 900.0,
) -> Iterator[Row]:
    """Every tool on every case; a tool for rasters only where there is no fence to cut."""
    for case in cases:
        for tool in tools:
            if tool == RASTER_ONLY and case.permeability not in (None, 1.0):
                continue
            yield measure_pair(tool, case, tolerance=tolerance, repeats=repeats, threads=threads, timeout_s=timeout_s)


def fenced(kind: str, shapes: list[tuple[int, int]], permeabilities: tuple[float, ...] = PERMEABILITIES) -> list[Case]:
    """One kind of landscape in several sizes, with fences of several permeabilities."""
    return [
        Case(kind=kind, height=height, width=width, permeability=permeability)
        for height, width in shapes
        for permeability in permeabilities
    ]


def hard(sides: list[int]) -> list[Case]:
    """Landscapes on which methods for smooth ones fail."""
    return [
        case
        for n in sides
        for case in (
            *(Case(kind="percolation", height=n, width=n, share=share) for share in (0.2, 0.4, 0.55)),
            Case(kind="noise", height=n, width=n),
            Case(kind="roads", height=n, width=n),
        )
    ]


def batch(*, case: dict[str, Any], counts: list[int], repeats: int, threads: int) -> Row:
    """Seconds of 1, 2, 4, ... right-hand sides solved together: 1 A from scattered cells to the sink."""
    problem = build(Case(**case))
    warm = build(WARM_UP)
    for count in counts:
        MultigridSolver.build(warm.system, threads=threads).solve(np.stack([warm.current] * count))
    row, col = np.nonzero(patch(problem.system.active, problem.source) & (problem.system.ground == 0))
    chosen = np.random.default_rng(3).choice(row.size, max(counts), replace=False)
    solver = MultigridSolver.build(problem.system, threads=threads)
    setup = clocked(lambda: MultigridSolver.build(problem.system, threads=threads), repeats)
    cpu, wall, iterations = [], [], []
    for count in counts:
        current = np.zeros((count, *problem.system.shape))
        current[np.arange(count), row[chosen[:count]], col[chosen[:count]]] = 1.0
        timed = clocked(lambda current=current: solver.solve(current)[1], repeats)
        cpu.append(timed.cpu_s)
        wall.append(timed.wall_s)
        iterations.append(max(timed.answer.iterations))
    return {
        "setup_cpu_s": setup.cpu_s,
        "setup_wall_s": setup.wall_s,
        "cpu_s": cpu,
        "wall_s": wall,
        "iterations": iterations,
    }


def patch(active: NDArray[np.bool_], cell: tuple[int, int]) -> NDArray[np.bool_]:
    """The patch of habitat around a cell."""
    label, _ = ndimage.label(active, structure=np.ones((3, 3)))
    return label == label[cell]


def batches(cases: list[Case], counts: list[int], *, repeats: int = 3, threads: int = 1) -> Iterator[Row]:
    """`batch` in a child for each case."""
    for case in cases:
        yield in_child(batch, threads, case=dataclasses.asdict(case), counts=counts, repeats=repeats)
