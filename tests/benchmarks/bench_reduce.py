"""Exact reduction to a few or many cells, checked against multigrid and a direct solve; cost distance on the whole tile."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.solver import MultigridSolver
from connectivity.focal import FocalRegion
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.reduction.network import ReducedNetwork
from connectivity.reduction.reduce import reduce_landscape
from rasters.fence_terms import fence_terms
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.study.load import resolve
from tests.benchmarks.bench_circuit import WARM_UP, patch
from tests.benchmarks.landscapes import Case, Problem, build, largest, nearest, resistance_of, stencil_of
from tests.benchmarks.measure import Row, clocked, in_child, peak_bytes
from tests.benchmarks.peers import TOOLS

DIRECT = ("CHOLMOD", "PARDISO")
DIRECT_CELLS = 4_100_000
"""Beyond this a sparse factor takes minutes and many gigabytes."""
CHECK_TOLERANCE = 1e-10
STUDY = "ustyurt"

Cell = tuple[int, int]


def reduce_to(*, case: dict[str, Any], kept: int, repeats: int, threads: int) -> Row:
    """Reduce a landscape to ``kept`` cells scattered over one patch of habitat."""
    where = Case(**case)
    problem = build(where)
    system = dataclasses.replace(problem.system, ground=np.zeros(problem.system.shape))
    row, col = np.nonzero(patch(system.active, problem.source))
    at = np.random.default_rng(5).choice(row.size, min(kept, row.size), replace=False)
    keep = np.zeros(system.shape, np.bool_)
    keep[row[at], col[at]] = True
    return _reduced(system, keep, repeats, threads)


def reduce_study(*, scenario: str, species: str, gap_ends: int, repeats: int, threads: int) -> Row:
    """Reduce the bundled study to its focal regions and about ``gap_ends`` ends of gaps along its active fences."""
    system, keep = study_system(scenario, species, gap_ends)
    return _reduced(system, keep, repeats, threads)


def study_system(
    scenario: str, species: str, gap_ends: int, cell_m: float | None = None
) -> tuple[Laplacian, NDArray[np.bool_]]:
    """The study's circuit with its fences, focal regions as nodes and targets at 0 V, and the ends of gaps to keep."""
    resolved = resolve(STUDY, scenario, {} if cell_m is None else {"grid.cell_m": cell_m})
    prepared = prepare_species(resolved, read_inputs(resolved, [species]), species)
    surface, cuts = prepared.surface, prepared.inputs.cuts
    terms, solver = fence_terms(cuts, prepared.surface, prepared.model, prepared.standing_edges), resolved.study.solver
    stencil = build_stencil(surface, terms, neighbours=solver.neighbours, edge_rule=solver.edge_rule)
    ground = np.where(prepared.ends.any_target.mask, np.inf, 0.0)
    system = stencil_laplacian(stencil, region=prepared.ends.labels, ground=ground)
    return system, _gap_ends(system.active, cuts.row, cuts.col, cuts.second, gap_ends)


def _gap_ends(
    active: NDArray[np.bool_],
    row: NDArray[np.int32],
    col: NDArray[np.int32],
    second: tuple[NDArray[np.int32], NDArray[np.int32]],
    wanted: int,
) -> NDArray[np.bool_]:
    """Both ends of cut edges, evenly along the fences, until there are as many as wanted."""
    passable = np.flatnonzero(active[row, col] & active[second[0], second[1]])
    keep = np.zeros(active.shape, np.bool_)
    for edges in range(wanted // 2, passable.size + 1, max(1, wanted // 100)):
        at = passable[np.linspace(0, passable.size - 1, edges).astype(np.int64)]
        keep[row[at], col[at]] = True
        keep[second[0][at], second[1][at]] = True
        if np.count_nonzero(keep) >= wanted:
            break
    return keep


def _reduced(system: Laplacian, keep: NDArray[np.bool_], repeats: int, threads: int) -> Row:
    warm = build(WARM_UP)
    reduce_landscape(warm.system, warm.system.active & (warm.current > 0), threads=threads)
    timed = clocked(lambda: reduce_landscape(system, keep, threads=threads), repeats)
    network: ReducedNetwork = timed.answer
    asked = clocked(lambda: network.effective_resistances(), 1)
    cells = [(int(r), int(c)) for r, c in network.cell]
    return {
        "nodes": network.size,
        "cpu_s": timed.cpu_s,
        "wall_s": timed.wall_s,
        "bytes_per_cell": timed.grown / system.active.size,
        "counted_bytes_per_cell": network.report.bytes_peak / system.active.size,
        "all_pairs_s": asked.wall_s,
        "peak_gib": peak_bytes() / 2**30,
        **_checked(system, network, asked.answer, cells, threads),
    }


def _checked(
    system: Laplacian, network: ReducedNetwork, ohm: NDArray[np.float64], cells: list[Cell], threads: int
) -> Row:
    """Largest relative difference of a few effective resistances from multigrid's, and of one from a direct solve."""
    free = [i for i in range(network.size) if np.isfinite(network.ground[i])]
    others = [j for j in free[1:] if np.isfinite(ohm[free[0], j])]
    pairs = [(free[0], j) for j in others[:: max(1, len(others) // 3)][:3]]
    solver = MultigridSolver.build(system, threads=threads)
    differences = [abs(_by_multigrid(solver, system, cells[i], cells[j]) / ohm[i, j] - 1) for i, j in pairs]
    i, j = pairs[0]
    direct = _by_direct(system, cells[i], cells[j]) if system.active.size <= DIRECT_CELLS else None
    return {
        "from_multigrid": max(differences),
        "from_direct": None if direct is None else abs(direct / ohm[i, j] - 1),
    }


def _by_multigrid(solver: MultigridSolver, system: Laplacian, a: Cell, b: Cell) -> float:
    current = np.zeros(system.shape)
    current[a], current[b] = 1.0, -1.0
    voltage, _ = solver.solve(current, tolerance=CHECK_TOLERANCE)
    return float(voltage[a] - voltage[b])


def _by_direct(system: Laplacian, a: Cell, b: Cell) -> float | None:
    """By the first sparse Cholesky that is installed; for systems without ground and regions."""
    name = next((name for name in DIRECT if TOOLS[name].installed), None)
    if name is None or system.ground.any() or system.region.any():
        return None
    ground = np.zeros(system.shape)
    ground[b] = np.inf
    grounded = dataclasses.replace(system, ground=ground)
    problem = Problem(resistance=np.empty(0), system=grounded, source=a, sink=b)
    return TOOLS[name].prepare(problem, 0.0, 1).run().resistance


def distance(*, case: dict[str, Any], repeats: int, threads: int) -> Row:
    """Cost-weighted distance from one cell to every cell, without a fence."""
    _search_from_middle(resistance_of(WARM_UP))()
    resistance = resistance_of(Case(**case))
    timed = clocked(_search_from_middle(resistance), repeats)
    return {
        "cpu_s": timed.cpu_s,
        "wall_s": timed.wall_s,
        "bytes_per_cell": timed.grown / resistance.size,
        "reached": int(timed.answer),
    }


def _search_from_middle(resistance: NDArray[np.float64]) -> Callable[[], int]:
    stencil = stencil_of(resistance)
    row, col = nearest(largest(~np.isnan(resistance)), 0.5, 0.5)
    source = FocalRegion.cell("start", row, col, stencil.surface.grid)
    return lambda: int(np.isfinite(cost_weighted_distance(stencil, source).cwd).sum())


def reductions(
    scattered: list[tuple[Case, int]], studies: list[tuple[str, str, int]], *, repeats: int = 3, threads: int = 2
) -> Iterator[Row]:
    """`reduce_to` for landscapes and numbers of cells, `reduce_study` for scenarios, species and numbers of gap ends."""
    for case, kept in scattered:
        yield in_child(reduce_to, threads, case=dataclasses.asdict(case), kept=kept, repeats=repeats)
    for scenario, species, gap_ends in studies:
        yield in_child(reduce_study, threads, scenario=scenario, species=species, gap_ends=gap_ends, repeats=repeats)


def distances(cases: list[Case], *, repeats: int = 1, threads: int = 1) -> Iterator[Row]:
    """`distance` in a child for each case."""
    for case in cases:
        yield in_child(distance, threads, case=dataclasses.asdict(case), repeats=repeats)
