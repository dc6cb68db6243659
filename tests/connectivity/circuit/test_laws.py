"""Laws of circuits on small random landscapes with holes, fences and polygons, through every solver."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.sparse import csgraph

from connectivity.circuit.solvers import REDUCTION, RESISTANCE_METHODS, SOLVERS
from connectivity.landscape.laplacian import node_graph
from connectivity.modes.cell_circuit import CellCircuit
from connectivity.modes.focal import PairSolution, advanced, pairwise
from connectivity.modes.pairs import FocalCells
from connectivity.modes.resistances import pairwise_resistances
from rasters.fences import STEPS

every_solver = pytest.mark.parametrize("method", SOLVERS)
every_method = pytest.mark.parametrize("method", [*SOLVERS, REDUCTION])
few = settings(max_examples=12)
CLOSE = 1e-6
"""Relative: iterative solvers are asked for a residual of 1e-9 of the currents put in."""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """A second thread costs more than it brings on a few cells."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@st.composite
def landscapes(draw: st.DrawFn) -> CellCircuit:
    """Resistance 1 to 100, up to a quarter holes, a third of the edges cut, and sometimes a polygon."""
    shape = draw(st.tuples(st.integers(2, 6), st.integers(2, 6)))
    ohm = draw(hnp.arrays(np.float64, shape, elements=st.integers(0, 80).map(lambda k: 10 ** (k / 40))))
    hole = draw(hnp.arrays(np.bool_, shape, elements=st.integers(0, 3).map(lambda k: k == 0)))
    polygon = draw(hnp.arrays(np.int64, shape, elements=st.sampled_from([0, 0, 0, 0, 0, 1])))
    cut = draw(hnp.arrays(np.bool_, (4, *shape), elements=st.integers(0, 2).map(lambda k: k == 0)))
    cells = np.where(hole, 0.0, 1 / ohm)
    assume(np.count_nonzero(cells) >= 3)
    rule = draw(st.sampled_from(["mean_resistance", "mean_conductance"]))
    circuit = CellCircuit.of_cells(cells, polygon, neighbours=draw(st.sampled_from([4, 8])), edge_rule=rule)
    return replace(circuit, conductance=np.where(cut, 0.0, circuit.conductance))


def two_ends(circuit: CellCircuit) -> FocalCells:
    rows, cols = np.nonzero(circuit.habitat)
    return FocalCells.at([1, 2], rows[[0, -1]], cols[[0, -1]])


def solved_pair(circuit: CellCircuit, method: str) -> PairSolution:
    (pair,) = pairwise(circuit, two_ends(circuit), method=method)
    assume(pair.status == "solved")
    return pair


def resistance(circuit: CellCircuit, focal: FocalCells, method: str) -> float:
    return float(pairwise_resistances(circuit, focal, method=method).resistance[0, 1])


def swapped(focal: FocalCells) -> FocalCells:
    return FocalCells(ids=focal.ids, rows=focal.rows[::-1], cols=focal.cols[::-1])


@every_solver
@few
@given(circuit=landscapes())
def test_ends_may_be_swapped(method, circuit):
    pair = solved_pair(circuit, method)
    (back,) = pairwise(circuit, swapped(two_ends(circuit)), method=method)
    assert back.resistance == pytest.approx(pair.resistance, rel=CLOSE)
    np.testing.assert_allclose(back.current, pair.current, atol=1e-5)


@every_method
@few
@given(circuit=landscapes(), factor=st.sampled_from([1e-3, 0.5, 7.0, 1e4]))
def test_resistance_scales(method, circuit, factor):
    focal = two_ends(circuit)
    base = resistance(circuit, focal, method)
    assume(0 < base < np.inf)
    scaled = replace(circuit, conductance=circuit.conductance / factor)
    assert resistance(scaled, focal, method) == pytest.approx(factor * base, rel=CLOSE)


@every_method
@few
@given(circuit=landscapes(), data=st.data())
def test_more_conductance_never_raises_resistance(method, circuit, data):
    """Rayleigh's law, for an edge made stronger and for a fence opened."""
    focal = two_ends(circuit)
    before = resistance(circuit, focal, method)
    strengthened = circuit.conductance.copy()
    k = data.draw(st.integers(0, 3))
    rows, cols = STEPS[k]
    here = np.zeros(circuit.shape, bool)
    height, width = circuit.shape
    here[: height - rows, max(0, -cols) : width - max(0, cols)] = True
    here &= circuit.habitat & np.roll(circuit.habitat, (-rows, -cols), (0, 1))
    assume(here.any())
    row, col = data.draw(st.sampled_from([tuple(cell) for cell in np.argwhere(here)]))
    strengthened[k, row, col] += data.draw(st.sampled_from([1e-3, 0.1, 10.0]))
    after = resistance(replace(circuit, conductance=strengthened), focal, method)
    assert after <= before * (1 + CLOSE)


@every_method
@few
@given(circuit=landscapes())
def test_joining_cells_never_raises_resistance(method, circuit):
    focal = two_ends(circuit)
    joined = replace(
        circuit, polygon=np.where(circuit.polygon == 0, 2 * (np.indices(circuit.shape).sum(0) % 3 == 0), 1)
    )
    assert resistance(joined, focal, method) <= resistance(circuit, focal, method) * (1 + CLOSE)


@every_solver
@few
@given(circuit=landscapes())
def test_kirchhoff(method, circuit):
    """What enters a node leaves it; 1 A enters at one end and leaves at the other; Ohm's law gives the resistance."""
    pair = solved_pair(circuit, method)
    graph = node_graph(circuit.system())
    volt = np.zeros(graph.ground.size)
    volt[graph.node[graph.node >= 0]] = pair.voltage[graph.node >= 0]
    degree = np.asarray(graph.weight.sum(axis=1)).ravel()
    net = degree * volt - graph.weight @ volt
    focal = two_ends(circuit)
    first, second = graph.node[focal.rows, focal.cols]
    wanted = np.zeros(net.size)
    wanted[first], wanted[second] = -1.0, 1.0
    np.testing.assert_allclose(net, wanted, atol=1e-6)
    np.testing.assert_allclose(pair.current[focal.rows, focal.cols], 1.0, atol=1e-6)
    edges = graph.weight.tocoo()
    power = 0.5 * float((edges.data * (volt[edges.row] - volt[edges.col]) ** 2).sum())
    assert power == pytest.approx(pair.resistance, rel=1e-5)
    assert pair.voltage.max() <= pair.resistance * (1 + CLOSE) and pair.voltage.min() >= -CLOSE * pair.resistance


@every_method
@few
@given(circuit=landscapes())
def test_no_more_than_the_best_single_path(method, circuit):
    focal = two_ends(circuit)
    graph = node_graph(circuit.system())
    ohms = sparse.csr_array(
        (1 / graph.weight.data, graph.weight.indices, graph.weight.indptr), shape=graph.weight.shape
    )
    first, second = graph.node[focal.rows, focal.cols]
    path = csgraph.dijkstra(ohms, indices=first)[second]
    found = resistance(circuit, focal, method)
    assert np.isinf(found) == np.isinf(path)
    assert np.isinf(path) or found <= path * (1 + CLOSE)


@every_method
@few
@given(circuit=landscapes())
def test_resistance_is_a_distance(method, circuit):
    rows, cols = np.nonzero(circuit.habitat)
    pick = np.unique(np.linspace(0, rows.size - 1, 5).astype(int))
    assume(pick.size >= 3)
    ohm = pairwise_resistances(circuit, FocalCells.at(pick + 1, rows[pick], cols[pick]), method=method).resistance
    for a, b, c in np.ndindex(*ohm.shape, ohm.shape[0]):
        assert ohm[a, b] <= (ohm[a, c] + ohm[c, b]) * (1 + CLOSE) + 1e-9


def twice(circuit: CellCircuit, joined: list[tuple[tuple[int, int], tuple[int, int]]]) -> CellCircuit:
    """The landscape and a copy below it, apart by a row of holes, with some cells of both joined."""
    height = circuit.shape[0]
    gap = np.zeros((1, circuit.shape[1]))
    stack = [np.concatenate([part, gap, part]) for part in circuit.conductance]
    polygon = np.concatenate([circuit.polygon, gap, 10 * circuit.polygon]).astype(np.int64)
    for number, (above, below) in enumerate(joined, start=100):
        for row, col in (above, (below[0] + height + 1, below[1])):
            same = polygon == polygon[row, col] if polygon[row, col] else np.zeros(polygon.shape, bool)
            same[row, col] = True
            polygon[same] = number
    habitat = np.concatenate([circuit.habitat, gap.astype(bool), circuit.habitat])
    return CellCircuit(conductance=np.stack(stack), habitat=habitat, polygon=polygon)


@every_method
@few
@given(circuit=landscapes())
def test_in_series_and_in_parallel(method, circuit):
    focal = two_ends(circuit)
    base = resistance(circuit, focal, method)
    assume(0 < base < np.inf)
    a, b = zip(focal.rows.tolist(), focal.cols.tolist(), strict=True)
    parallel = twice(circuit, [(a, a), (b, b)])
    assert resistance(parallel, focal, method) == pytest.approx(base / 2, rel=CLOSE)
    series = twice(circuit, [(b, a)])
    far = FocalCells.at([1, 2], [a[0], b[0] + circuit.shape[0] + 1], [a[1], b[1]])
    assert resistance(series, far, method) == pytest.approx(2 * base, rel=CLOSE)


@every_solver
@few
@given(circuit=landscapes(), ground=st.sampled_from([0.01, 1.0, np.inf]), amps=st.sampled_from([1.0, -2.5, 40.0]))
def test_what_is_put_in_flows_to_ground(method, circuit, ground, amps):
    focal = two_ends(circuit)
    pair = solved_pair(circuit, "sparse-direct")
    source, siemens = np.zeros(circuit.shape), np.zeros(circuit.shape)
    source[focal.rows[1], focal.cols[1]] = amps
    siemens[focal.rows[0], focal.cols[0]] = ground
    done = advanced(circuit, source, siemens, method=method)
    np.testing.assert_allclose(done.current[focal.rows, focal.cols], abs(amps), rtol=1e-5)
    volt = done.voltage[focal.rows[1], focal.cols[1]]
    assert volt == pytest.approx(amps * (pair.resistance + 1 / ground), rel=1e-5)


@pytest.mark.parametrize("method", [name for name in RESISTANCE_METHODS if name != "sparse-direct"])
@few
@given(circuit=landscapes())
def test_solvers_agree(method, circuit):
    rows, cols = np.nonzero(circuit.habitat)
    focal = FocalCells.at(range(1, rows.size + 1), rows, cols)
    found = pairwise_resistances(circuit, focal, method=method)
    direct = pairwise_resistances(circuit, focal, method="sparse-direct")
    assert found.status == direct.status
    np.testing.assert_allclose(found.resistance, direct.resistance, rtol=CLOSE, atol=1e-8)
