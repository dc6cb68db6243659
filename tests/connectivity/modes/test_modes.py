"""Modes on circuits small enough to solve by hand."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from affine import Affine

from connectivity.circuit.solvers import RESISTANCE_METHODS
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from connectivity.modes.cell_circuit import CellCircuit, edge_conductance
from connectivity.modes.conflicts import POLICIES, resolve_conflicts
from connectivity.modes.focal import CurrentTotals, advanced, all_to_one, one_to_all, pairwise
from connectivity.modes.pairs import FocalCells, PairRule
from connectivity.modes.resistances import pairwise_resistances
from rasters.errors import DataError, FocalNodeError, GridMismatchError
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

every_method = pytest.mark.parametrize("method", ["sparse-direct", "multigrid"])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """A second thread costs more than it brings on a few cells."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def row_circuit(*ohm: float, polygon: list[int] | None = None) -> CellCircuit:
    """Cells in a row; edges have the mean resistance of their cells; 0 = a hole."""
    siemens = np.array([[1 / r if r else 0.0 for r in ohm]])
    shape = None if polygon is None else np.array([polygon])
    return CellCircuit.of_cells(siemens, shape, edge_rule="mean_resistance")


def ends(circuit: CellCircuit) -> FocalCells:
    height, width = circuit.shape
    return FocalCells.at([1, 2], [0, height - 1], [0, width - 1])


def focal_cells(numbers: list[list[int]]) -> FocalCells:
    """Cells of a raster of numbers; 0 is none."""
    raster = np.array(numbers)
    return FocalCells.at(raster[raster > 0], *np.nonzero(raster))


@every_method
def test_cells_in_a_row_add_up(method):
    circuit = row_circuit(1, 3, 5, 1)
    (pair,) = pairwise(circuit, ends(circuit), method=method)
    assert pair.status == "solved"
    assert pair.resistance == pytest.approx(2 + 4 + 3)
    np.testing.assert_allclose(pair.voltage, [[0, 2, 6, 9]], atol=1e-7)
    np.testing.assert_allclose(pair.current, 1.0, atol=1e-7)


@every_method
def test_two_ways_round_share_the_current(method):
    circuit = CellCircuit.of_cells(np.ones((2, 2)), neighbours=4)
    (pair,) = pairwise(circuit, ends(circuit), method=method)
    assert pair.resistance == pytest.approx(1.0)
    np.testing.assert_allclose(pair.current, [[1.0, 0.5], [0.5, 1.0]], atol=1e-7)


def test_a_diagonal_is_root_two_long():
    circuit = CellCircuit.of_cells(np.ones((2, 2)), neighbours=8)
    (pair,) = pairwise(circuit, ends(circuit))
    assert pair.resistance == pytest.approx(1 / (1 + 1 / math.sqrt(2)))


@pytest.mark.parametrize(
    ("rule", "straight", "diagonal"),
    [("mean_conductance", 5 / 8, 5 / 8 / math.sqrt(2)), ("mean_resistance", 2 / 5, 2 / 5 / math.sqrt(2))],
)
def test_edge_rules(rule, straight, diagonal):
    cells = np.array([[1.0, 1 / 4], [1 / 4, 0.0]])
    edges = edge_conductance(cells, edge_rule=rule)
    assert edges[0, 0, 0] == pytest.approx(straight) and edges[1, 0, 0] == pytest.approx(straight)
    assert edges[3, 0, 1] == pytest.approx(1 / 4 / math.sqrt(2)), "south-west, both cells alike"
    assert np.count_nonzero(edges) == 3, "no edge to the cell without conductance"
    cells = np.array([[1.0, 0.0], [0.0, 1 / 4]])
    assert edge_conductance(cells, edge_rule=rule)[2, 0, 0] == pytest.approx(diagonal)
    assert not edge_conductance(cells, edge_rule=rule, neighbours=4).any()


def test_edges_are_those_of_a_stencil():
    values = np.random.default_rng(3).uniform(1, 50, (5, 6))
    values[2, 2] = np.inf
    grid = Grid("EPSG:6933", Affine(30, 0, 0, 0, -30, 0), values.shape)
    stencil = build_stencil(ResistanceSurface.from_array(values, grid))
    own = edge_conductance(np.where(np.isinf(values), 0.0, 1 / values), edge_rule="mean_resistance")
    np.testing.assert_allclose(own, stencil.conductance(), rtol=1e-14)
    system = stencil_laplacian(stencil)
    circuit = CellCircuit(conductance=system.conductance, habitat=system.active, polygon=system.region.astype(np.int64))
    cells = CellCircuit.of_cells(np.where(np.isinf(values), 0.0, 1 / values), edge_rule="mean_resistance")
    found, direct = (pairwise_resistances(one, ends(circuit)).resistance for one in (circuit, cells))
    np.testing.assert_allclose(found, direct, rtol=1e-12)


class TestPolygons:
    def test_cells_of_a_polygon_are_one_node_wherever_they_lie(self):
        circuit = row_circuit(1, 1, 1, 1, 1, polygon=[0, 7, 0, 7, 0])
        (pair,) = pairwise(circuit, ends(circuit))
        assert pair.resistance == pytest.approx(2.0)
        np.testing.assert_allclose(pair.current, [[1, 1, 0, 1, 1]], atol=1e-12)
        np.testing.assert_allclose(pair.voltage, [[0, 1, 1, 1, 2]], atol=1e-12)

    def test_a_hole_in_a_polygon_belongs_to_its_node_but_has_no_edges(self):
        circuit = row_circuit(1, 1, 0, 1, polygon=[0, -3, -3, 0])
        assert circuit.system().active.all()
        (pair,) = pairwise(circuit, FocalCells.at([1, 2], [0, 0], [0, 2]))
        assert pair.resistance == pytest.approx(1.0)
        np.testing.assert_allclose(pair.current, [[1, 1, 1, 0]], atol=1e-12)
        (apart,) = pairwise(circuit, FocalCells.at([1, 2], [0, 0], [0, 3]))
        assert apart.status == "apart" and np.isinf(apart.resistance)

    def test_a_polygon_without_habitat_stays_out(self):
        circuit = row_circuit(1, 0, 1, polygon=[0, 4, 0])
        assert not circuit.system().active[0, 1]

    def test_two_points_on_one_polygon(self):
        circuit = row_circuit(1, 1, 1, polygon=[2, 0, 2])
        (pair,) = pairwise(circuit, ends(circuit))
        assert pair.status == "same_node" and pair.resistance == 0.0
        assert not pair.voltage.any() and not pair.current.any()

    def test_two_points_on_one_cell(self):
        circuit = row_circuit(1, 1)
        found = pairwise_resistances(circuit, FocalCells.at([5, 2, 9], [0, 0, 0], [0, 1, 0]))
        assert found.numbers == (2, 5, 9)
        assert found.status == {(2, 5): "solved", (2, 9): "solved", (5, 9): "same_node"}
        np.testing.assert_allclose(found.resistance, [[0, 1, 1], [1, 0, 0], [1, 0, 0]])


class TestRegions:
    def test_only_the_two_regions_of_a_pair_are_joined(self):
        circuit = row_circuit(1, 1, 1, 1, 1, 1, 1)
        focal = focal_cells([[1, 1, 0, 3, 3, 0, 2]])
        found = {(p.first, p.second): p.resistance for p in pairwise(circuit, focal)}
        assert found == pytest.approx({(1, 2): 5.0, (1, 3): 2.0, (2, 3): 2.0})

    def test_a_region_joins_the_polygons_that_it_touches(self):
        circuit = row_circuit(1, 1, 1, 1, 1, 1, polygon=[0, 8, 0, 8, 0, 0])
        focal = focal_cells([[1, 1, 0, 0, 0, 2]])
        (pair,) = pairwise(circuit, focal)
        assert pair.resistance == pytest.approx(2.0)
        np.testing.assert_allclose(pair.current, [[1, 1, 0, 1, 1, 1]], atol=1e-12)

    def test_regions_on_one_polygon_are_one_node(self):
        circuit = row_circuit(1, 1, 1, 1, 1, polygon=[0, 8, 0, 8, 0])
        (pair,) = pairwise(circuit, focal_cells([[1, 1, 0, 2, 2]]))
        assert pair.status == "same_node" and pair.resistance == 0.0

    def test_a_region_partly_off_habitat(self):
        circuit = row_circuit(0, 1, 1, 1)
        (pair,) = pairwise(circuit, focal_cells([[1, 1, 0, 2]]))
        assert pair.resistance == pytest.approx(2.0)
        np.testing.assert_allclose(pair.current, [[1, 1, 1, 1]], atol=1e-12)


class TestPairs:
    circuit = CellCircuit.of_cells(np.ones((1, 4)))
    focal = FocalCells.at([1, 2, 3, 4], [0] * 4, [0, 1, 2, 3])

    def test_include_drops_what_it_does_not_name(self):
        rule = PairRule.of("include", [(3, 1)], [1, 2, 3])
        found = pairwise_resistances(self.circuit, self.focal, rule)
        assert found.numbers == (1, 2, 3)
        assert found.status == {(1, 2): "excluded", (1, 3): "solved", (2, 3): "excluded"}
        assert found.resistance[0, 2] == pytest.approx(2.0) and np.isnan(found.resistance[0, 1])

    def test_exclude_drops_the_listed_pairs_only(self):
        rule = PairRule.of("exclude", [(3, 1)], [1, 3])
        excluded = [(p.first, p.second) for p in pairwise(self.circuit, self.focal, rule) if p.status == "excluded"]
        assert excluded == [(1, 3)]

    def test_maps_and_totals(self):
        totals = CurrentTotals(self.circuit.shape)
        for pair in pairwise(self.circuit, self.focal, PairRule.of("include", [(1, 2), (1, 4)], [1, 2, 4])):
            if pair.current is not None:
                totals.add(pair.current)
        np.testing.assert_allclose(totals.cumulative, [[2, 2, 1, 1]], atol=1e-12)
        np.testing.assert_allclose(totals.maximum, 1.0)
        assert totals.maps == 2

    def test_focal_currents_can_be_left_out(self):
        focal = FocalCells.at([1, 2], [0, 0], [0, 3])
        (pair,) = pairwise(self.circuit, focal, focal_currents=False)
        np.testing.assert_allclose(pair.current, [[0, 1, 1, 0]], atol=1e-12)

    def test_a_focal_node_in_a_hole(self):
        circuit = row_circuit(1, 1, 0, 1)
        found = pairwise_resistances(circuit, FocalCells.at([1, 2, 3, 4], [0] * 4, [0, 1, 2, 3]))
        assert found.status[1, 3] == "no_node" and found.status[1, 4] == "apart" and found.status[1, 2] == "solved"
        assert np.isinf(found.resistance[0, 2:]).all()


@pytest.mark.parametrize("method", RESISTANCE_METHODS)
def test_resistances_are_those_of_the_maps(method):
    rng = np.random.default_rng(7)
    cells = 1 / rng.uniform(1, 30, (9, 11))
    cells[rng.random(cells.shape) < 0.15] = 0
    cells[:, 6] = 0
    polygon = np.zeros(cells.shape, int)
    polygon[1:3, 1], polygon[8, 3] = 5, 5
    circuit = CellCircuit.of_cells(cells, polygon)
    focal = FocalCells.at(range(1, 9), [0, 2, 4, 8, 1, 7, 3, 6], [0, 3, 1, 3, 8, 10, 9, 7])
    found = pairwise_resistances(circuit, focal, method=method)
    maps = {(p.first, p.second): p for p in pairwise(circuit, focal, method="sparse-direct")}
    assert {s for s in found.status.values()} >= {"solved", "apart"}
    for (a, b), pair in maps.items():
        assert found.status[a, b] == pair.status
        assert found.resistance[a - 1, b - 1] == pytest.approx(pair.resistance, rel=1e-6)
    np.testing.assert_array_equal(found.resistance, found.resistance.T)


@every_method
def test_superposition_gives_what_pair_by_pair_gives(method, monkeypatch):
    rng = np.random.default_rng(11)
    cells = 1 / rng.uniform(1, 30, (8, 9))
    cells[:, 5] = 0
    circuit = CellCircuit.of_cells(cells)
    focal = FocalCells.at(range(1, 8), [0, 2, 4, 7, 1, 7, 3], [0, 3, 1, 3, 8, 7, 6])
    together = list(pairwise(circuit, focal, method=method))
    monkeypatch.setattr("connectivity.modes.pairwise.SUPERPOSE_BYTES", 0)
    for one, other in zip(together, pairwise(circuit, focal, method=method), strict=True):
        assert (one.first, one.second, one.status) == (other.first, other.second, other.status)
        assert one.resistance == pytest.approx(other.resistance, rel=1e-7)
        if one.status == "solved":
            np.testing.assert_allclose(one.voltage, other.voltage, atol=1e-6)
            np.testing.assert_allclose(one.current, other.current, atol=1e-6)


class TestAdvanced:
    @every_method
    def test_through_a_finite_ground(self, method):
        circuit = row_circuit(1, 1, 1)
        done = advanced(circuit, np.array([[2.0, 0, 0]]), np.array([[0, 0, 0.25]]), method=method)
        np.testing.assert_allclose(done.voltage, [[12, 10, 8]], rtol=1e-7)
        np.testing.assert_allclose(done.current, [[2, 2, 2]], rtol=1e-7)

    @every_method
    def test_a_region_sums_its_sources_and_its_grounds(self, method):
        circuit = row_circuit(1, 1, 1, 1, 1, polygon=[1, 0, 0, 3, 3])
        source, ground = np.array([[1.0, 0, 0, 0, 0]]), np.array([[0, 0, 0, 0.5, 0.5]])
        done = advanced(circuit, source, ground, method=method)
        np.testing.assert_allclose(done.voltage, [[4, 3, 2, 1, 1]], rtol=1e-7)
        np.testing.assert_allclose(done.current, 1.0, rtol=1e-7)
        done = advanced(circuit, source, np.array([[0, 0, 0, 0, np.inf]]), method=method)
        np.testing.assert_allclose(done.voltage, [[3, 2, 1, 0, 0]], atol=1e-7)
        np.testing.assert_allclose(done.current, 1.0, rtol=1e-7)

    def test_components_without_source_or_ground_stay_at_zero(self):
        circuit = row_circuit(1, 1, 0, 1, 1, 0, 1, 1)
        source, ground = np.array([[1.0, 0, 0, 1, 0, 0, 0, 0]]), np.array([[0, np.inf, 0, 0, 0, 0, 0, 1.0]])
        done = advanced(circuit, source, ground)
        np.testing.assert_allclose(done.voltage, [[1, 0, 0, 0, 0, 0, 0, 0]], atol=1e-12)
        assert done.solved.tolist() == [[True, True, False, False, False, False, False, False]]

    def test_sources_that_cancel_are_not_solved(self):
        done = advanced(row_circuit(1, 1, 1), np.array([[1.0, 0, -1.0]]), np.array([[0, np.inf, 0]]))
        assert done.report is None and not done.voltage.any()

    def test_a_sink_draws_current_from_the_ground(self):
        done = advanced(row_circuit(1, 1), np.array([[-1.0, 0.0]]), np.array([[0, 2.0]]))
        np.testing.assert_allclose(done.voltage, [[-1.5, -0.5]])
        np.testing.assert_allclose(done.current, 1.0)

    def test_weak_components_keep_their_small_currents(self):
        circuit = row_circuit(1, 1, 0, 1, 1)
        source, ground = np.array([[1e9, 0, 0, 1e-3, 0]]), np.array([[0, np.inf, 0, 0, np.inf]])
        np.testing.assert_allclose(advanced(circuit, source, ground).current, [[1e9, 1e9, 0, 1e-3, 1e-3]])

    def test_sources_off_the_habitat_are_ignored(self):
        done = advanced(row_circuit(1, 1, 0), np.array([[1.0, 0, 5.0]]), np.array([[0, np.inf, np.inf]]))
        np.testing.assert_allclose(done.current, [[1, 1, 0]])


class TestConflicts:
    source = np.array([2.0, 2.0, -2.0, 0.0, 2.0])
    ground = np.array([0.5, np.inf, np.inf, 0.5, 0.0])

    @pytest.mark.parametrize(
        ("policy", "source_left", "ground_left"),
        [
            ("keepall", [2, 2, -2, 0, 2], [0.5, 0, np.inf, 0.5, 0]),
            ("rmvsrc", [0, 0, 0, 0, 2], [0.5, np.inf, np.inf, 0.5, 0]),
            ("rmvgnd", [2, 2, -2, 0, 2], [0, 0, 0, 0.5, 0]),
            ("rmvall", [0, 0, 0, 0, 2], [0.5, np.inf, np.inf, 0.5, 0]),
        ],
    )
    def test_table(self, policy, source_left, ground_left):
        source, ground, finite = resolve_conflicts(self.source, self.ground, policy)
        assert source.tolist() == source_left and ground.tolist() == ground_left
        assert finite.tolist() == [0.5, 0, 0, 0.5, 0], "finite grounds are remembered before anything is dropped"

    def test_unknown_policy_names_the_choices(self):
        with pytest.raises(DataError, match="keepall, rmvsrc, rmvgnd, rmvall"):
            resolve_conflicts(self.source, self.ground, "keep")
        assert len(POLICIES) == 4


class TestOneToAll:
    circuit = row_circuit(1, 1, 1)
    focal = FocalCells.at([1, 2, 3], [0, 0, 0], [0, 1, 2])

    @every_method
    def test_from_the_middle_to_both_ends(self, method):
        left, middle, right = one_to_all(self.circuit, self.focal, method=method)
        assert [left.resistance, middle.resistance, right.resistance] == pytest.approx([1.0, 0.5, 1.0])
        np.testing.assert_allclose(middle.current, [[0.5, 1, 0.5]], atol=1e-7)
        np.testing.assert_allclose(left.current, [[1, 1, 0]], atol=1e-7)

    def test_strength_scales_the_map_and_not_the_resistance(self):
        (left, *_) = one_to_all(self.circuit, self.focal, strengths={1: 4.0})
        assert left.resistance == pytest.approx(1.0)
        np.testing.assert_allclose(left.current, [[4, 4, 0]])

    def test_pairs_decide_what_is_grounded(self):
        (left, *_) = one_to_all(self.circuit, self.focal, PairRule.of("exclude", [(1, 2)], [1, 2]))
        assert left.resistance == pytest.approx(2.0)

    def test_nothing_to_connect(self):
        circuit = row_circuit(1, 1, 0, 1)
        found = list(one_to_all(circuit, FocalCells.at([1, 2, 3], [0, 0, 0], [0, 1, 3])))
        assert [one.solved for one in found] == [True, True, False]
        assert np.isinf(found[2].resistance) and not found[2].current.any()

    def test_no_current_is_no_solution(self):
        (left, *_) = one_to_all(self.circuit, self.focal, strengths={1: 0.0})
        assert not left.solved

    def test_regions_are_nodes(self):
        circuit = row_circuit(1, 1, 1, 1, 1)
        found = list(one_to_all(circuit, focal_cells([[1, 1, 0, 2, 2]])))
        assert found[0].resistance == pytest.approx(2.0)
        np.testing.assert_allclose(found[0].current, 1.0)


class TestAllToOne:
    circuit = row_circuit(1, 1, 1)
    focal = TestOneToAll.focal

    @every_method
    def test_currents_add_up_towards_the_ground(self, method):
        left, middle, _ = all_to_one(self.circuit, self.focal, method=method)
        np.testing.assert_allclose(left.current, [[2, 2, 1]], atol=1e-7)
        np.testing.assert_allclose(left.voltage, [[0, 2, 3]], atol=1e-7)
        np.testing.assert_allclose(middle.current, [[1, 2, 1]], atol=1e-7)
        assert left.resistance == 0.0 and left.solved

    def test_strengths(self):
        (left, *_) = all_to_one(self.circuit, self.focal, strengths={2: 3.0})
        np.testing.assert_allclose(left.current, [[4, 4, 1]])

    def test_excluded_nodes_inject_one_ampere_where_strengths_vary(self):
        rule = PairRule.of("exclude", [(1, 3)], [1, 3])
        (plain, *_) = all_to_one(self.circuit, self.focal, rule)
        np.testing.assert_allclose(plain.current, [[1, 1, 0]], atol=1e-12)
        (varied, *_) = all_to_one(self.circuit, self.focal, rule, {2: 3.0, 3: 5.0})
        np.testing.assert_allclose(varied.current, [[4, 4, 1]], atol=1e-12)


class TestFaults:
    circuit = row_circuit(1, 1, 1)

    def test_too_few(self):
        with pytest.raises(FocalNodeError, match="two or more"):
            list(pairwise(self.circuit, FocalCells.at([1, 1], [0, 0], [0, 1])))

    def test_outside(self):
        with pytest.raises(FocalNodeError, match="focal node 2 is at row 0, col 3"):
            pairwise_resistances(self.circuit, FocalCells.at([1, 2], [0, 0], [0, 3]))

    def test_numbers(self):
        with pytest.raises(FocalNodeError, match="> 0"):
            FocalCells.at([0, 2], [0, 0], [0, 1])
        with pytest.raises(FocalNodeError, match="do not match"):
            FocalCells.at([1, 2], [0, 0], [0])

    def test_no_habitat(self):
        with pytest.raises(DataError, match="no cell conducts"):
            CellCircuit.of_cells(np.zeros((3, 3)))

    def test_shapes(self):
        with pytest.raises(GridMismatchError):
            CellCircuit.of_cells(np.ones((3, 3)), np.zeros((3, 4), int))
