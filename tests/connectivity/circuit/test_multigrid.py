"""Multigrid against a sparse direct solve, and against laws that no solver may break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from connectivity.circuit.multigrid import coarse_raster as multigrid_coarse_raster
from connectivity.circuit.multigrid import cycle as multigrid_cycle
from connectivity.circuit.multigrid import hierarchy as multigrid_hierarchy
from connectivity.circuit.multigrid import system as multigrid_system
from connectivity.circuit.multigrid.solver import MultigridSolver, estimate_bytes
from connectivity.landscape.laplacian import Laplacian, node_graph
from rasters.errors import DataError, MemoryBudgetError, SolverError
from rasters.fences import STEPS


@pytest.fixture(params=["as shipped", "deep"], autouse=True)
def depth(request, monkeypatch):
    """Every test twice: as shipped, and with levels of a few unknowns, so that small rasters pass through all kernels."""
    if request.param == "deep":
        monkeypatch.setattr(multigrid_hierarchy, "DENSE", 10)
        for module in (multigrid_hierarchy, multigrid_cycle):
            monkeypatch.setattr(module, "TAIL", 60)


def make_system(resistance, *, cut=(), permeability=1.0, ground=None, region=None, neighbours=8):
    """Mean-resistance edges of a raster (inf = no data); edges across column ``cut`` are multiplied by a permeability."""
    height, width = resistance.shape
    padded = np.pad(resistance, 1, constant_values=np.inf)
    conductance = np.zeros((4, height, width))
    column = np.arange(width)
    for k, (d_row, d_col) in enumerate(STEPS[: neighbours // 2]):
        there = padded[1 + d_row : height + 1 + d_row, 1 + d_col : width + 1 + d_col]
        conductance[k] = 2.0 / (resistance + there) / np.hypot(d_row, d_col)
        for at in cut:
            conductance[k][:, (column < at) != (column + d_col < at)] *= permeability
    zero = np.zeros(resistance.shape)
    return Laplacian(
        conductance=conductance,
        active=np.isfinite(resistance),
        ground=zero if ground is None else ground,
        region=zero.astype(np.int32) if region is None else region,
    )


def direct(system, current):
    """Voltages by sparse LU; components without ground are shifted to mean zero over their cells."""
    graph = node_graph(system)
    n = graph.ground.size
    held = np.isinf(graph.ground)
    loose = [k for k in range(graph.component.max() + 1) if not (graph.ground[graph.component == k] > 0).any()]
    pinned = np.array([np.flatnonzero(graph.component == k)[0] for k in loose], dtype=int)
    fixed = held.copy()
    fixed[pinned] = True
    diagonal = np.asarray(graph.weight.sum(axis=1)).ravel() + np.where(held, 0.0, graph.ground)
    matrix = (sparse.diags_array(diagonal) - graph.weight).tocsr()
    b = np.bincount(graph.node[system.active], weights=current[system.active], minlength=n)
    v = np.zeros(n)
    free = np.flatnonzero(~fixed)
    v[free] = spsolve(matrix[free][:, free].tocsc(), b[free])
    out = np.where(system.active, v[graph.node], 0.0)
    label = np.where(system.active, graph.component[graph.node], -1)
    for k in loose:
        out[label == k] -= out[label == k].mean()
    return out


def pair(shape, source, sink):
    current = np.zeros(shape)
    current[source] += 1.0
    current[sink] -= 1.0
    return current


def rough(shape, seed, *, contrast=100.0, nodata=0.1):
    """Random resistances over ``contrast`` with blocks and single cells of no data, corners kept."""
    rng = np.random.default_rng(seed)
    resistance = contrast ** rng.random(shape)
    resistance[rng.random(shape) < nodata] = np.inf
    for _ in range(2):
        row, col = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        resistance[row : row + shape[0] // 5, col : col + shape[1] // 5] = np.inf
    resistance[0, 0] = resistance[-1, -1] = 1.0
    return resistance


def connect(resistance):
    """Fill no data on a path along the west and south edges, so that the corners meet."""
    resistance = resistance.copy()
    resistance[:, 0] = np.minimum(resistance[:, 0], 50.0)
    resistance[-1, :] = np.minimum(resistance[-1, :], 50.0)
    return resistance


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (2, 2), (3, 5), (17, 40), (64, 63), (101, 90)])
def test_one_pair_equals_a_direct_solve(shape):
    system = make_system(connect(rough(shape, seed=3)))
    current = pair(shape, (0, 0), (-1, -1))
    voltage, report = MultigridSolver.build(system).solve(current, tolerance=1e-10)
    assert report.converged and report.relative_residual <= 1e-10
    np.testing.assert_allclose(voltage, direct(system, current), atol=1e-8 * max(np.ptp(voltage), 1e-300))


@pytest.mark.parametrize("permeability", [1.0, 1e-2, 1e-6])
@pytest.mark.parametrize("neighbours", [4, 8])
def test_effective_resistance_across_a_fence_within_1e_6(permeability, neighbours):
    shape = (70, 75)
    system = make_system(
        connect(rough(shape, seed=5, nodata=0.05)), cut=(31, 52), permeability=permeability, neighbours=neighbours
    )
    current = pair(shape, (0, 0), (-1, -1))
    voltage, report = MultigridSolver.build(system).solve(current)
    wanted = np.sum(direct(system, current) * current)
    assert np.sum(voltage * current) == pytest.approx(wanted, rel=1e-6)
    assert max(report.iterations) <= 14


@pytest.mark.parametrize("permeability", [1e-9, 1e-12])
def test_a_nearly_closed_fence_keeps_its_digits(permeability):
    """Both sides are equipotential beside such a leak: all resistance lies in the cut edges, in parallel."""
    shape = (70, 75)
    system = make_system(connect(rough(shape, seed=5, nodata=0.05)), cut=(31,), permeability=permeability)
    cut = sum(float(system.conductance[k][:, 30 + (d_col < 0)].sum()) for k, (_, d_col) in enumerate(STEPS) if d_col)
    current = pair(shape, (0, 0), (-1, -1))
    voltage, report = MultigridSolver.build(system).solve(current)
    assert np.sum(voltage * current) == pytest.approx(1.0 / cut, rel=1e-6)
    assert report.relative_residual <= 1e-6 or "rounding" in report.note


def test_a_closed_fence_makes_two_components_each_solved_alone():
    shape = (40, 50)
    system = make_system(np.ones(shape), cut=(23,), permeability=0.0)
    current = pair(shape, (0, 0), (39, 20)) + 2.0 * pair(shape, (5, 30), (20, 45))
    voltage, report = MultigridSolver.build(system).solve(current, tolerance=1e-9)
    np.testing.assert_allclose(voltage, direct(system, current), atol=1e-7)
    assert report.n_components == 2
    one_side, report = MultigridSolver.build(system).solve(pair(shape, (0, 0), (39, 20)))
    assert report.n_components == 1
    assert not one_side[:, 23:].any()


def test_current_across_a_closed_fence_is_refused():
    system = make_system(np.ones((12, 12)), cut=(6,), permeability=0.0)
    with pytest.raises(DataError, match=r"sum to 1 A.*no ground"):
        MultigridSolver.build(system).solve(pair((12, 12), (0, 0), (0, 11)))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(2, 40),
    width=st.integers(2, 40),
    permeability=st.sampled_from([1.0, 0.3, 1e-3, 1e-7, 0.0]),
    nodata=st.sampled_from([0.0, 0.1, 0.4]),
    contrast=st.sampled_from([1.0, 100.0, 1e6]),
)
def test_regions_grounds_holes_and_fences_equal_a_direct_solve(seed, height, width, permeability, nodata, contrast):
    rng = np.random.default_rng(seed)
    shape = (height, width)
    resistance = contrast ** rng.random(shape)
    resistance[rng.random(shape) < nodata] = np.inf
    active = np.isfinite(resistance)
    ground = np.where(active & (rng.random(shape) < 0.05), 10.0 ** rng.uniform(-4, 3, shape), 0.0)
    ground[active & (rng.random(shape) < 0.02)] = np.inf
    region = np.where(active & (rng.random(shape) < 0.1), rng.integers(1, 5, shape), 0).astype(np.int32)
    block = (slice(height // 3, height // 2 + 1), slice(width // 3, width // 2 + 1))
    region[block] = np.where(active[block], 9, 0)
    system = make_system(resistance, cut=(width // 2,), permeability=permeability, ground=ground, region=region)
    graph = node_graph(system)
    grounded = np.bincount(graph.component, weights=graph.ground > 0, minlength=1) > 0
    current = (
        np.where(active & grounded[graph.component[graph.node]], rng.normal(size=shape), 0.0)
        if active.any()
        else np.zeros(shape)
    )
    voltage, report = MultigridSolver.build(system).solve(current, tolerance=1e-10)
    wanted = direct(system, current) if active.any() else current
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(voltage, wanted, atol=1e-7 * scale)
    assert report.converged
    for name in np.unique(region[region > 0]):
        assert np.ptp(voltage[region == name]) == 0.0


def test_kirchhoff_holds_on_every_cell():
    shape = (60, 80)
    system = make_system(connect(rough(shape, seed=8)), cut=(40,), permeability=1e-3)
    current = pair(shape, (0, 0), (-1, -1))
    voltage, _ = MultigridSolver.build(system).solve(current, tolerance=1e-9)
    out = np.zeros(shape)
    for k, (d_row, d_col) in enumerate(STEPS):
        row, col = np.nonzero(system.conductance[k])
        flow = system.conductance[k, row, col] * (voltage[row, col] - voltage[row + d_row, col + d_col])
        np.add.at(out, (row, col), flow)
        np.add.at(out, (row + d_row, col + d_col), -flow)
    assert np.linalg.norm(out - current) < 2e-9 * np.linalg.norm(current)


@pytest.mark.parametrize("factor", [1e-9, 3.7, 1e12])
def test_voltage_scales_with_current_and_against_conductance(factor):
    shape = (33, 47)
    system = make_system(connect(rough(shape, seed=1)))
    scaled = replace(system, conductance=system.conductance * factor)
    current = pair(shape, (0, 0), (-1, -1))
    voltage, _ = MultigridSolver.build(system).solve(current, tolerance=1e-9)
    other, _ = MultigridSolver.build(scaled).solve(current * 5.0, tolerance=1e-9)
    np.testing.assert_allclose(other * factor / 5.0, voltage, atol=1e-7 * np.ptp(voltage))


def test_many_right_hand_sides_equal_single_ones():
    shape = (50, 61)
    system = make_system(connect(rough(shape, seed=2)))
    solver = MultigridSolver.build(system)
    rng = np.random.default_rng(0)
    row, col = np.nonzero(direct(system, pair(shape, (0, 0), (-1, -1))))
    picks = rng.choice(row.size, size=(11, 2))
    current = np.array([pair(shape, (row[a], col[a]), (row[b], col[b])) for a, b in picks] + [np.zeros(shape)])
    together, report = solver.solve(current)
    assert len(report.iterations) == 12 and report.iterations[-1] == 0
    for one, voltage in zip(current, together, strict=True):
        alone, _ = solver.solve(one)
        np.testing.assert_allclose(voltage, alone, atol=2e-6 * max(np.ptp(alone), 1e-300))


def test_same_numbers_again_and_nearly_the_same_with_two_threads():
    shape = (90, 100)
    system = make_system(connect(rough(shape, seed=4, contrast=1e4)), cut=(70,), permeability=1e-4)
    current = pair(shape, (0, 0), (-1, -1))
    first = [MultigridSolver.build(system, threads=t).solve(current)[0] for t in (1, 1, 2, 2)]
    assert (first[0] == first[1]).all()
    assert (first[2] == first[3]).all()
    np.testing.assert_allclose(first[0], first[2], atol=1e-6 * np.ptp(first[0]))


def test_energy_stop_is_as_accurate_as_it_says_and_cheaper():
    shape = (120, 130)
    system = make_system(connect(rough(shape, seed=6, contrast=1e3)), cut=(90,), permeability=1e-3)
    current = pair(shape, (0, 0), (-1, -1))
    solver = MultigridSolver.build(system)
    wanted = np.sum(direct(system, current) * current)
    full = solver.solve(current, tolerance=1e-6)[1]
    for tolerance in (1e-2, 1e-4, 1e-6):
        voltage, report = solver.solve(current, tolerance=tolerance, stop="energy")
        error = abs(np.sum(voltage * current) / wanted - 1.0)
        assert error <= report.energy_error <= tolerance
        assert report.iterations[0] <= full.iterations[0]


def test_energy_stop_knows_an_exact_answer():
    current = pair((2, 1), (0, 0), (1, 0))
    voltage, report = MultigridSolver.build(make_system(np.full((2, 1), 3.0))).solve(current, stop="energy")
    assert np.sum(voltage * current) == pytest.approx(3.0, rel=1e-7)
    assert report.converged and report.energy_error < 1e-6


def test_what_rounding_leaves_of_balanced_currents_is_no_current():
    """A region over a whole component, and a component whose currents cancel to rounding only."""
    region = np.zeros((6, 9), np.int32)
    region[:, :4] = 1
    system = make_system(np.ones((6, 9)), cut=(4,), permeability=0.0, region=region)
    rng = np.random.default_rng(1)
    current = 1e6 * rng.normal(size=(6, 9))
    current[:, :4] -= current[:, :4].mean()
    current[:, 4:] -= current[:, 4:].mean()
    voltage, report = MultigridSolver.build(system).solve(current, tolerance=1e-12)
    assert (voltage[:, :4] == 0.0).all() and report.relative_residual <= 1e-12
    current[:, 4:] = 0.0
    assert not MultigridSolver.build(system).solve(current)[0].any()


@pytest.mark.parametrize("leak", [1e-12, 1e-3, 0.1, 1e20])
def test_ground_everywhere_or_hardly_any_equals_a_direct_solve(leak):
    shape = (50, 60)
    system = make_system(connect(rough(shape, seed=12)))
    system = replace(system, ground=np.where(system.active, leak, np.inf))
    current = np.zeros(shape)
    current[0, 0], current[-1, -1] = 1.0, 0.5
    voltage, _ = MultigridSolver.build(system).solve(current, tolerance=1e-9)
    total = np.sum(voltage[system.active]) * leak
    assert total == pytest.approx(1.5, rel=1e-6)
    if leak < 1.0:
        system = replace(system, ground=np.where(system.active, leak, 0.0))
        np.testing.assert_allclose(voltage, direct(system, current), rtol=1e-4 if leak < 1e-6 else 1e-6, atol=1e-9)


def test_too_few_iterations_is_an_error_with_the_report():
    shape = (90, 90)
    system = make_system(connect(rough(shape, seed=7)))
    with pytest.raises(SolverError, match="after 2 iterations") as caught:
        MultigridSolver.build(system).solve(pair(shape, (0, 0), (-1, -1)), max_iterations=2)
    report = caught.value.report
    assert not report.converged and report.iterations == (2,) and 1e-6 < report.relative_residual < 1.0


def test_more_than_memory_is_refused_before_anything_is_built(monkeypatch):
    system = make_system(np.ones((30, 30)))
    current = pair((30, 30), (0, 0), (29, 29))
    solver = MultigridSolver.build(system)
    monkeypatch.setattr(multigrid_system, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryBudgetError, match="30 x 30 cells"):
        MultigridSolver.build(system)
    with pytest.raises(MemoryBudgetError, match="right-hand sides"):
        solver.solve(current)


def test_counted_memory_is_below_the_estimate():
    shape = (300, 310)
    system = make_system(connect(rough(shape, seed=9, nodata=0.02, contrast=3.0)))
    _, report = MultigridSolver.build(system).solve(pair(shape, (0, 0), (-1, -1)))
    assert report.bytes_peak < estimate_bytes(shape, 1)


@pytest.mark.parametrize(
    ("current", "message"),
    [
        (np.zeros((3, 3)), "do not fit"),
        (np.full((8, 8), np.nan), "finite"),
        (pair((8, 8), (0, 0), (4, 4)), r"\(4, 4\), which is not a node"),
        (np.eye(8)[:, :8] * np.eye(8)[0], "sum to 1 A"),
    ],
)
def test_currents_that_cannot_flow_are_refused(current, message):
    resistance = np.ones((8, 8))
    resistance[4, 4] = np.inf
    with pytest.raises(DataError, match=message):
        MultigridSolver.build(make_system(resistance)).solve(current)


@pytest.mark.parametrize(
    ("name", "value"), [("tolerance", 0.0), ("tolerance", 2.0), ("stop", "time"), ("max_iterations", 0)]
)
def test_options_out_of_range_are_refused(name, value):
    system = make_system(np.ones((4, 4)))
    with pytest.raises(DataError, match=name):
        MultigridSolver.build(system).solve(np.zeros((4, 4)), **{name: value})


def test_conductances_beyond_single_precision_are_refused():
    system = make_system(np.ones((6, 6)), cut=(3,), permeability=1e-60)
    with pytest.raises(DataError, match="decades"):
        MultigridSolver.build(system)
    system = make_system(np.ones((6, 6)), ground=np.full((6, 6), 1e40))
    with pytest.raises(DataError, match="write inf"):
        MultigridSolver.build(system)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.55])
def test_percolation_masks_converge(share):
    rng = np.random.default_rng(11)
    shape = (160, 160)
    resistance = np.where(rng.random(shape) < share, np.inf, 1.0)
    system = make_system(resistance)
    label = node_graph(system)
    sizes = np.bincount(label.component)
    nodes = np.flatnonzero(label.component == sizes.argmax())
    row, col = np.nonzero(np.isin(label.node, nodes))
    current = pair(shape, (row[0], col[0]), (row[-1], col[-1]))
    voltage, report = MultigridSolver.build(system).solve(current)
    assert np.sum(voltage * current) == pytest.approx(np.sum(direct(system, current) * current), rel=1e-6)
    assert max(report.iterations) <= 40


@pytest.mark.parametrize("far", [0.0, 0.1, 1.0])
def test_the_cycle_is_symmetric_and_positive_however_coarse_levels_are_kept(far, monkeypatch):
    """As rasters with any number of far couplings (1), as graphs (0): a preconditioner must be symmetric and positive."""
    monkeypatch.setattr(multigrid_coarse_raster, "FAR", far)
    rng = np.random.default_rng(11)
    resistance = np.where(rng.random((61, 58)) < 0.25, np.inf, 10.0 ** rng.uniform(0, 2, (61, 58)))
    ground = np.where(rng.random(resistance.shape) < 0.01, 0.5, 0.0)
    solver = MultigridSolver.build(make_system(resistance, cut=[20], permeability=1e-4, ground=ground), threads=1)
    cycle = multigrid_cycle.Cycle(solver.hierarchy, 1)
    live = solver.hierarchy.fine.inverse > 0

    def preconditioned(b):
        x = np.zeros(b.shape, np.float32)
        cycle.run(b, x)
        return x.astype(np.float64)

    a, b = (np.where(live, rng.standard_normal(live.shape), 0.0)[None] for _ in range(2))
    x, y = preconditioned(a), preconditioned(b)
    size = np.sqrt((a * x).sum() * (b * y).sum())
    assert (a * x).sum() > 0 < (b * y).sum()
    assert abs((a * y).sum() - (b * x).sum()) < 1e-4 * size


def test_coarse_rasters_solve_what_graphs_solve(monkeypatch):
    rng = np.random.default_rng(5)
    resistance = np.where(rng.random((70, 64)) < 0.35, np.inf, 10.0 ** rng.uniform(0, 3, (70, 64)))
    system = make_system(resistance, cut=[30], permeability=1e-3, ground=np.full(resistance.shape, 1e-4))
    current = np.where(system.active, rng.standard_normal(resistance.shape), 0.0)
    for far in (0.0, 1.0):
        monkeypatch.setattr(multigrid_coarse_raster, "FAR", far)
        voltage, report = MultigridSolver.build(system, threads=1).solve(current, tolerance=1e-10)
        assert max(report.iterations) < 40
        np.testing.assert_allclose(voltage, direct(system, current), rtol=1e-6, atol=1e-6 * np.abs(voltage).max())
