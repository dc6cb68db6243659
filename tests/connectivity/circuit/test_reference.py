"""The slow solvers against networkx, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.circuit.reference import reference_voltages
from connectivity.landscape.laplacian import Laplacian, node_graph, stencil_laplacian
from connectivity.landscape.stencil import Stencil, build_stencil
from rasters.errors import DataError, GridMismatchError, SolverError
from rasters.surface import ResistanceSurface
from tests.support.landscapes import fence_across, fenced, grid_of, random_surface, slow_graph, slow_resistance

EXACT = 1e-9


def two_cells(stencil: Stencil, seed: int) -> tuple[tuple[int, int], tuple[int, int]]:
    passable = np.argwhere(stencil.surface.passable)
    first, second = np.random.default_rng(seed).choice(len(passable), 2, replace=False)
    return tuple(map(int, passable[first])), tuple(map(int, passable[second]))  # type: ignore[return-value]


def current_between(shape: tuple[int, int], a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
    current = np.zeros(shape)
    current[a] += 1.0
    current[b] -= 1.0
    return current


@given(
    st.integers(0, 10**6),
    st.sampled_from([4, 8]),
    st.sampled_from(["mean_resistance", "mean_conductance"]),
    st.sampled_from([(100.0, 100.0), (30.0, 80.0)]),
    st.sampled_from([0.0, 0.05, 0.5]),
    st.sampled_from([0.0, 0.25]),
)
@settings(max_examples=60)
def test_effective_resistance_is_networkx_resistance_distance(
    seed: int, neighbours: int, rule: str, cell: tuple[float, float], permeability: float, lost: float
) -> None:
    """Holes, fences (sealed ones too), oblong cells, both stencils and rules; 1e-9 relative."""
    grid = grid_of((6, 7), cell)
    stencil, _, _ = fenced(
        random_surface(seed, grid, lost),
        (fence_across(grid),),
        permeability,
        neighbours=neighbours,
        edge_rule=rule,  # type: ignore[arg-type]
    )
    a, b = two_cells(stencil, seed)
    exact = slow_resistance(slow_graph(stencil), a, b)
    system, current = stencil_laplacian(stencil), current_between(stencil.shape, a, b)
    if np.isinf(exact):
        with pytest.raises(DataError, match="has no ground"):
            reference_voltages(system, current)
    else:
        volts, report = reference_voltages(system, current)
        assert volts[a] - volts[b] == pytest.approx(exact, rel=EXACT)
        assert report.converged and report.relative_residual < 1e-9


@given(st.integers(0, 10**6))
@settings(max_examples=25)
def test_regions_are_one_node_wherever_their_cells_lie(seed: int) -> None:
    grid = grid_of((7, 6))
    stencil, _, _ = fenced(random_surface(seed, grid, 0.2), (fence_across(grid),), 0.1)
    region = np.zeros(grid.shape, np.int32)
    region[0, :3], region[2, 5], region[6, 4:] = 1, 1, 7
    system = stencil_laplacian(stencil, region=region)
    here, there = (np.argwhere(system.region == number) for number in (1, 7))
    if not (len(here) and len(there)):
        return
    exact = slow_resistance(slow_graph(stencil, region), ("region", 1), ("region", 7))
    if np.isinf(exact):
        return
    volts, _ = reference_voltages(system, current_between(grid.shape, tuple(here[-1]), tuple(there[0])))
    assert np.ptp(volts[system.region == 1]) == 0
    assert volts[tuple(here[0])] - volts[tuple(there[-1])] == pytest.approx(exact, rel=EXACT)


def test_a_row_of_resistors_by_hand() -> None:
    surface = ResistanceSurface.from_array(np.array([[1.0, 3.0, 5.0]]), grid_of((1, 3)))
    volts, report = reference_voltages(stencil_laplacian(build_stencil(surface)), np.array([[2.0, 0.0, -2.0]]))
    assert volts[0] == pytest.approx([16 / 3, 4 / 3, -20 / 3])
    assert report.n_components == 1


def test_ground_holds_and_drains() -> None:
    """2 A into one end of a row of 1 ohm each: a direct ground at the other end, and one of 0.5 S in the middle."""
    surface = ResistanceSurface.from_array(np.ones((1, 3)), grid_of((1, 3)))
    system = stencil_laplacian(build_stencil(surface), ground=np.array([[0.0, 0.5, np.inf]]))
    volts, _ = reference_voltages(system, np.array([[2.0, 0.0, 0.0]]))
    middle = 2 / 1.5
    assert volts[0] == pytest.approx([middle + 2, middle, 0])


def test_parts_without_ground_have_mean_zero() -> None:
    values = np.ones((3, 5))
    values[:, 2] = np.inf
    system = stencil_laplacian(build_stencil(ResistanceSurface.from_array(values, grid_of((3, 5)))))
    volts, report = reference_voltages(system, current_between((3, 5), (0, 0), (2, 1)))
    assert report.n_components == 2
    assert volts[:, :2].mean() == pytest.approx(0, abs=1e-14)
    assert (volts[:, 2:] == 0).all()


def test_several_currents_at_once_are_each_alone() -> None:
    grid = grid_of((6, 6))
    system = stencil_laplacian(build_stencil(random_surface(5, grid, lost=0.0)))
    loads = np.stack([current_between(grid.shape, (0, 0), (5, 5)), 3 * current_between(grid.shape, (0, 5), (2, 1))])
    both, _ = reference_voltages(system, loads)
    for load, volts in zip(loads, both, strict=True):
        assert volts == pytest.approx(reference_voltages(system, load)[0], rel=1e-10, abs=1e-10)


def test_algebraic_multigrid_agrees_with_the_direct_solver() -> None:
    grid = grid_of((60, 50))
    stencil, _, _ = fenced(random_surface(9, grid), (fence_across(grid),), 0.01)
    a, b = np.argwhere(stencil.surface.passable)[[3, -4]]
    system, current = stencil_laplacian(stencil), current_between(grid.shape, tuple(a), tuple(b))
    direct, _ = reference_voltages(system, current)
    volts, report = reference_voltages(system, current, method="amg-cg", tolerance=1e-11)
    assert volts == pytest.approx(direct, rel=1e-7, abs=1e-7)
    assert report.method == "amg-cg" and 0 < report.iterations[0] < 100


def test_no_convergence_is_an_error_with_its_report() -> None:
    grid = grid_of((20, 20))
    system = stencil_laplacian(build_stencil(random_surface(9, grid, lost=0.0)))
    with pytest.raises(SolverError, match="amg-cg stopped at a relative residual") as caught:
        reference_voltages(system, current_between(grid.shape, (0, 0), (9, 9)), method="amg-cg", tolerance=1e-30)
    assert caught.value.report is not None and not caught.value.report.converged


def test_current_must_enter_nodes_and_balance() -> None:
    values = np.ones((3, 4))
    values[1, 1] = np.nan
    system = stencil_laplacian(build_stencil(ResistanceSurface.from_array(values, grid_of((3, 4)))))
    with pytest.raises(DataError, match="not nodes"):
        reference_voltages(system, current_between((3, 4), (0, 0), (1, 1)))
    alone = np.zeros((3, 4))
    alone[0, 0] = 1.0
    with pytest.raises(DataError, match="1 A flow into it"):
        reference_voltages(system, alone)


def test_a_system_of_wrong_parts_is_refused() -> None:
    shape = (3, 4)
    fits = {
        "conductance": np.zeros((4, *shape)),
        "active": np.ones(shape, bool),
        "ground": np.zeros(shape),
        "region": np.zeros(shape, np.int32),
    }
    Laplacian(**fits)
    with pytest.raises(GridMismatchError, match="do not fit"):
        Laplacian(**fits | {"ground": np.zeros((4, 3))})
    for bad in (-1.0, np.nan):
        with pytest.raises(DataError, match="ground must be >= 0"):
            Laplacian(**fits | {"ground": np.full(shape, bad)})
    with pytest.raises(DataError, match="focal region"):
        Laplacian(**fits | {"active": np.zeros(shape, bool), "region": np.ones(shape, np.int32)})


def test_nodes_are_numbered_regions_first() -> None:
    surface = ResistanceSurface.from_array(np.ones((2, 3)), grid_of((2, 3)))
    region = np.array([[0, 5, 0], [0, 5, 2]], np.int32)
    graph = node_graph(stencil_laplacian(build_stencil(surface, neighbours=4), region=region))
    assert graph.node.tolist() == [[2, 1, 3], [4, 1, 0]]
    assert graph.weight.toarray().tolist() == [
        [0, 1, 0, 1, 0],
        [1, 0, 1, 1, 1],
        [0, 1, 0, 0, 1],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
    ]
    assert graph.component.tolist() == [0] * 5
