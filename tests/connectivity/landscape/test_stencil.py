import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.landscape.stencil import Stencil, build_stencil
from rasters.errors import DataError
from rasters.fences import fence_ohm
from rasters.openings import land_beside
from rasters.surface import ResistanceSurface
from tests.support.landscapes import OFFSETS, fence_across, fenced, grid_of, random_surface, slow_graph


@st.composite
def stencils(draw: st.DrawFn) -> Stencil:
    grid = grid_of(
        (draw(st.integers(1, 6)), draw(st.integers(1, 6))), draw(st.sampled_from([(100.0, 100.0), (30.0, 80.0)]))
    )
    surface = random_surface(draw(st.integers(0, 10**6)), grid, lost=draw(st.sampled_from([0.0, 0.3])))
    fences = (fence_across(grid),) if draw(st.booleans()) else ()
    return fenced(
        surface,
        fences,
        draw(st.sampled_from([0.0, 0.3, 1.0])),
        neighbours=draw(st.sampled_from([4, 8])),
        edge_rule=draw(st.sampled_from(["mean_resistance", "mean_conductance"])),
    )[0]


@given(stencils())
@settings(max_examples=100)
def test_every_edge_by_itself(stencil: Stencil) -> None:
    """Dense arrays against the documentation's formulas, edge by edge."""
    conductance, cost, slow = stencil.conductance(), stencil.cost(), slow_graph(stencil)
    n_edges = 0
    for k, (d_row, d_col) in enumerate(OFFSETS):
        for row, col in np.ndindex(stencil.shape):
            u, v = (row, col), (row + d_row, col + d_col)
            if slow.has_edge(u, v) and k < stencil.neighbours // 2:
                n_edges += 1
                assert conductance[k, row, col] == pytest.approx(slow[u][v]["siemens"], rel=1e-14)
                assert cost[k, row, col] == pytest.approx(slow[u][v]["cost"], rel=1e-14)
            else:
                assert conductance[k, row, col] == 0
                assert np.isposinf(cost[k, row, col])
    assert n_edges == slow.number_of_edges()


def test_square_cells_by_hand() -> None:
    surface = ResistanceSurface.from_array(np.array([[1.0, 3.0], [5.0, 7.0]]), grid_of((2, 2)))
    stencil = build_stencil(surface)
    cost, ohm = stencil.cost(), 1 / stencil.conductance()[stencil.conductance() > 0]
    assert (cost[0, 0, 0], cost[1, 0, 0]) == (200, 300)
    assert cost[2, 0, 0] == pytest.approx(400 * np.sqrt(2))
    assert cost[3, 0, 1] == pytest.approx(400 * np.sqrt(2))
    assert sorted(ohm) == pytest.approx([2, 3, 5, 4 * np.sqrt(2), 4 * np.sqrt(2), 6])


def test_oblong_cells_are_a_sheet() -> None:
    """A strip of resistivity 2, three cells of 30 m by 80 m east to west: length over width each."""
    surface = ResistanceSurface.from_array(np.full((1, 3), 2.0), grid_of((1, 3), (30.0, 80.0)))
    stencil = build_stencil(surface, neighbours=4)
    assert 1 / stencil.conductance()[0, 0, :2] == pytest.approx([2 * 30 / 80] * 2)
    assert stencil.cost()[0, 0, :2].tolist() == [60, 60]


@pytest.mark.parametrize("cell", [(100.0, 100.0), (130.0, 100.0), (100.0, 150.0), (200.0, 100.0), (100.0, 400.0)])
@pytest.mark.parametrize("neighbours", [4, 8])
def test_land_conducts_the_same_in_every_direction(cell: tuple[float, float], neighbours: int) -> None:
    """Energy of a field per area, sum of g (E . d)^2 over the steps of an inner cell: sigma E^2 whatever the direction."""
    surface = ResistanceSurface.from_array(np.full((3, 3), 2.0), grid_of((3, 3), cell))
    siemens = build_stencil(surface, neighbours=neighbours).conductance()[:, 1, 1]  # type: ignore[arg-type]
    steps = np.array([(cell[0], 0), (0, cell[1]), (cell[0], cell[1]), (-cell[0], cell[1])])
    sigma = 1.0 if neighbours == 4 else 1.0 + np.sqrt(2.0)
    assert (siemens[: neighbours // 2] > 0).all()
    for angle in np.linspace(0, np.pi, 13):
        along = steps @ [np.cos(angle), np.sin(angle)]
        assert (siemens * along**2).sum() / (cell[0] * cell[1]) == pytest.approx(sigma / 2.0)


def test_square_cells_keep_the_weights_of_circuitscape() -> None:
    for size in (1.0, 90.0, 1000.0, 2000.0):
        stencil = build_stencil(random_surface(1, grid_of((3, 3), (size, size))))
        assert stencil.step_ratio().tolist() == [1.0, 1.0, np.sqrt(2.0), np.sqrt(2.0)]


def test_a_fence_changes_no_cell_and_adds_its_cost() -> None:
    grid = grid_of((6, 5))
    surface = random_surface(3, grid, lost=0.0)
    free, (closed, cuts, _) = build_stencil(surface), fenced(surface, (fence_across(grid),), 0.25)
    at = (cuts.step, cuts.row, cuts.col)
    elsewhere = np.ones(free.cost().shape, bool)
    elsewhere[at] = False
    land = land_beside(cuts, surface)
    assert closed.cost()[at] - free.cost()[at] == pytest.approx(900.0 * land)
    assert np.array_equal(closed.cost()[elsewhere], free.cost()[elsewhere])
    assert np.array_equal(closed.edge_resistance(), free.edge_resistance())
    added = (1 / closed.conductance()[at] - 1 / free.conductance()[at]) / land
    assert added == pytest.approx(fence_ohm(cuts, np.full(cuts.size, 900.0), 8))
    assert (added >= 9.0).all() and (added[cuts.step < 2] < 9.0 * np.sqrt(2)).any()


def test_a_fence_of_permeability_one_is_no_fence() -> None:
    grid = grid_of((6, 5))
    surface = random_surface(3, grid)
    stencil = fenced(surface, (fence_across(grid),), 1.0)[0]
    assert np.array_equal(stencil.conductance(), build_stencil(surface).conductance())
    assert np.array_equal(stencil.cost(), build_stencil(surface).cost())


@pytest.mark.parametrize("rule", ["mean_resistance", "mean_conductance"])
def test_four_neighbours_have_no_diagonals(rule: str) -> None:
    grid = grid_of((6, 5))
    stencil = fenced(random_surface(3, grid), (fence_across(grid),), 0.2, neighbours=4, edge_rule=rule)[0]  # type: ignore[arg-type]
    assert (stencil.conductance()[2:] == 0).all()
    assert np.isposinf(stencil.cost()[2:]).all()
    assert (stencil.fence.step < 2).all()


def test_unknown_choices_are_refused() -> None:
    surface = random_surface(1, grid_of((3, 3)))
    with pytest.raises(DataError, match="neighbours must be 4 or 8, not 6"):
        build_stencil(surface, neighbours=6)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="not 'mean'"):
        build_stencil(surface, edge_rule="mean")  # type: ignore[arg-type]
