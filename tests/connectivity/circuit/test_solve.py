"""Currents through cells against their definition; laws of resistance; the testvectors' graph."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents, solve, solve_circuit
from connectivity.circuit.solvers import METHODS
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from rasters.errors import ConfigError
from rasters.surface import ResistanceSurface
from tests.support.landscapes import OFFSETS, fence_across, fenced, grid_of, random_surface, slow_graph, slow_resistance
from tests.support.places import SHARED

VECTORS = SHARED / "verify" / "formulas" / "testvectors.json"


def current_between(shape: tuple[int, int], a: tuple[int, int], b: tuple[int, int]) -> NDArray[np.float64]:
    current = np.zeros(shape)
    current[a] += 1.0
    current[b] -= 1.0
    return current


def slow_currents(system: Laplacian, voltage: NDArray[np.float64]) -> NDArray[np.float64]:
    """max(in, out) of each node, by summing over every edge in turn."""
    inflow: dict[Any, float] = {}
    outflow: dict[Any, float] = {}

    def node(row: int, col: int) -> Any:
        number = int(system.region[row, col])
        return ("region", number) if number else (row, col)

    for k, (d_row, d_col) in enumerate(OFFSETS):
        for row, col in np.argwhere(system.conductance[k] > 0):
            row2, col2 = row + d_row, col + d_col
            u, v = node(row, col), node(row2, col2)
            flow = system.conductance[k, row, col] * (voltage[row, col] - voltage[row2, col2])
            if u != v:
                a, b = (u, v) if flow > 0 else (v, u)
                outflow[a] = outflow.get(a, 0.0) + abs(flow)
                inflow[b] = inflow.get(b, 0.0) + abs(flow)
    for row, col in np.argwhere((system.ground > 0) & np.isfinite(system.ground)):
        leak = system.ground[row, col] * voltage[row, col]
        side = outflow if leak > 0 else inflow
        side[node(row, col)] = side.get(node(row, col), 0.0) + abs(leak)
    out = np.zeros(system.shape)
    for row, col in np.argwhere(system.active):
        out[row, col] = max(inflow.get(node(row, col), 0.0), outflow.get(node(row, col), 0.0))
    return out


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_currents_by_their_definition(seed: int, with_region: bool, with_ground: bool) -> None:
    grid = grid_of((6, 7))
    stencil, _, _ = fenced(random_surface(seed, grid, 0.15), (fence_across(grid),), 0.1)
    region, ground = np.zeros(grid.shape, np.int32), np.zeros(grid.shape)
    if with_region:
        region[1:3, 2:4], region[5, 6] = 1, 1
    if with_ground:
        ground[3:5, :3] = 0.01
    system = stencil_laplacian(stencil, region=region, ground=ground)
    voltage = np.where(system.active, np.random.default_rng(seed).normal(size=grid.shape), 0.0)
    for number in np.unique(system.region[system.region > 0]):
        voltage[system.region == number] = 0.3
    assert cell_currents(system, voltage, 0.0) == pytest.approx(slow_currents(system, voltage), rel=1e-12, abs=1e-12)


def test_one_ampere_leaves_the_source_and_arrives() -> None:
    grid = grid_of((9, 8))
    stencil, _, _ = fenced(random_surface(2, grid, 0.0), (fence_across(grid),), 0.05)
    region = np.zeros(grid.shape, np.int32)
    region[0, :2], region[8, 5:] = 1, 2
    system = stencil_laplacian(stencil, region=region, ground=np.where(region == 2, np.inf, 0.0))
    current = np.zeros(grid.shape)
    current[0, 0] = 1.0
    flow = solve_circuit(system, current).current[0]
    assert flow[region > 0] == pytest.approx(1.0, abs=1e-9)
    assert (flow[region == 0] < 1.0).all() and (flow > 0).all()


def test_as_much_flows_in_as_out_between_the_ends() -> None:
    grid = grid_of((9, 8))
    stencil, _, _ = fenced(random_surface(2, grid), (fence_across(grid),), 0.05)
    system = stencil_laplacian(stencil)
    voltage, _ = solve(system, current_between(grid.shape, (0, 1), (8, 6)))
    net = np.zeros(grid.shape)
    for k, (d_row, d_col) in enumerate(OFFSETS):
        for row, col in np.argwhere(system.conductance[k] > 0):
            flow = system.conductance[k, row, col] * (voltage[row, col] - voltage[row + d_row, col + d_col])
            net[row, col] += flow
            net[row + d_row, col + d_col] -= flow
    assert net == pytest.approx(current_between(grid.shape, (0, 1), (8, 6)), abs=1e-10)


def test_flows_below_the_floor_count_as_none() -> None:
    system = stencil_laplacian(build_stencil(ResistanceSurface.from_array(np.ones((1, 4)), grid_of((1, 4)))))
    voltage = np.array([[1.0, 0.0, -1e-9, -1e-9]])
    assert cell_currents(system, voltage)[0].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert cell_currents(system, voltage, 1e-10)[0, 2] == pytest.approx(1e-9)


@given(st.integers(0, 10**6), st.sampled_from([4, 8]))
@settings(max_examples=25)
def test_laws_of_effective_resistance(seed: int, neighbours: int) -> None:
    """Symmetric; k times the resistance, k times the ohm; more resistance or a fence never lowers it; turns commute."""
    grid = grid_of((6, 6))
    values = random_surface(seed, grid, 0.0).values
    rng = np.random.default_rng(seed)
    a, b = (0, int(rng.integers(6))), (5, int(rng.integers(6)))

    def ohm(values: NDArray[np.float64], a: tuple[int, int], b: tuple[int, int], permeability: float = 1.0) -> float:
        surface = ResistanceSurface.from_array(values, grid)
        stencil, _, _ = fenced(surface, (fence_across(grid),), permeability, neighbours=neighbours)  # type: ignore[arg-type]
        volts, _ = solve(stencil_laplacian(stencil), current_between(grid.shape, a, b))
        return float(volts[a] - volts[b])

    base = ohm(values, a, b)
    assert ohm(values, b, a) == pytest.approx(base, rel=1e-10)
    assert ohm(7.5 * values, a, b) == pytest.approx(7.5 * base, rel=1e-10)
    assert ohm(values[::-1, ::-1], (5 - a[0], 5 - a[1]), (5 - b[0], 5 - b[1])) == pytest.approx(base, rel=1e-10)
    assert ohm(values.T, a[::-1], b[::-1]) == pytest.approx(base, rel=1e-10)
    worse = values.copy()
    worse[rng.integers(6), rng.integers(6)] *= 10
    assert ohm(worse, a, b) >= base * (1 - 1e-12)
    assert base * (1 - 1e-12) <= ohm(values, a, b, 0.5) <= ohm(values, a, b, 0.1) * (1 + 1e-12)


def test_every_method_solves_the_same_system() -> None:
    grid = grid_of((12, 13))
    stencil, _, _ = fenced(random_surface(4, grid), (fence_across(grid),), 0.1)
    a, b = (tuple(map(int, cell)) for cell in np.argwhere(stencil.surface.passable)[[2, -3]])
    system, current = stencil_laplacian(stencil), current_between(grid.shape, a, b)  # type: ignore[arg-type]
    exact = slow_resistance(slow_graph(stencil), a, b)
    for method in METHODS:
        volts, report = solve(system, current, method=method, tolerance=1e-10)
        assert volts[a] - volts[b] == pytest.approx(exact, rel=1e-8), method
        assert report.converged
    with pytest.raises(ConfigError, match="unknown solver 'magic'; choose auto"):
        solve(system, current, method="magic")


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip("the formulas' test vectors are not beside the repository")
    return dict(json.loads(VECTORS.read_text())["laplacian"])


def lattice_system(vectors: dict[str, Any], without: tuple[int, ...] = ()) -> Laplacian:
    """The vectors' 6 x 6 grid with its conductances [S]."""
    conductance = np.zeros((4, 6, 6))
    for i, ((u, v), siemens) in enumerate(zip(vectors["edges"], vectors["g"], strict=True)):
        row, col = divmod(min(u, v), 6)
        conductance[0 if abs(u - v) == 1 else 1, row, col] = 0.0 if i in without else siemens
    none = np.zeros((6, 6))
    return Laplacian(conductance=conductance, active=none == 0, ground=none, region=none.astype(np.int32))


def test_vectors_effective_resistance(vectors: dict[str, Any]) -> None:
    volts, _ = solve(lattice_system(vectors), current_between((6, 6), (0, 0), (5, 5)))
    assert volts[0, 0] - volts[5, 5] == pytest.approx(vectors["R_st"], rel=1e-12)
    u, v = vectors["edges"][vectors["edge"]]
    assert abs(volts[divmod(u, 6)] - volts[divmod(v, 6)]) == pytest.approx(vectors["dV"], rel=1e-11)


def test_vectors_all_pairs(vectors: dict[str, Any]) -> None:
    """Kirchhoff index, and the current over every edge and node summed over all pairs."""
    system = lattice_system(vectors)
    pairs = [(a, b) for a in range(36) for b in range(a)]
    loads = np.stack([current_between((6, 6), divmod(a, 6), divmod(b, 6)) for a, b in pairs])
    volts, _ = solve(system, loads)
    flat = volts.reshape(len(pairs), 36)
    ohm = np.array([v[a] - v[b] for v, (a, b) in zip(flat, pairs, strict=True)])
    assert ohm.sum() == pytest.approx(vectors["Kirchhoff"], rel=1e-11)
    for (u, v), siemens, expected in zip(
        vectors["edges"], vectors["g"], vectors["edge_current_sum_all_pairs"], strict=True
    ):
        assert (siemens * abs(flat[:, u] - flat[:, v])).sum() == pytest.approx(expected, rel=1e-10)
    through = sum(cell_currents(system, v, 0.0) for v in volts)
    assert np.ravel(through) == pytest.approx(vectors["node_current_sum_all_pairs"], rel=1e-10)
