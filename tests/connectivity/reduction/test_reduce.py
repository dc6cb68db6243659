"""Exact reduction of a landscape: closed forms, laws, and two independent ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.kernels.circuit.components import label_components, label_nodes
from connectivity.landscape.laplacian import Laplacian, node_graph
from connectivity.reduction.reduce import reduce_landscape
from rasters.errors import DataError, FocalNodeError, GridMismatchError, MemoryBudgetError
from rasters.fences import STEPS
from tests.support.dense_circuit import opened, resistance, voltages
from tests.support.places import ROOT
from tests.support.reduction_cases import landscape, random_landscape, schur_complement

VECTORS = ROOT.parent / "shared" / "verify" / "formulas" / "testvectors.json"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("height", "width"), [(1, 40), (9, 7), (23, 31)])
def test_equals_the_schur_complement_of_a_sparse_factorisation(seed, height, width):
    system, keep = random_landscape(seed, height, width, regions=seed % 3, grounded=0.1 * (seed % 2), held=seed // 3)
    network = reduce_landscape(system, keep, threads=1)
    conductance, ground = schur_complement(system, network)
    np.testing.assert_allclose(network.conductance, conductance, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network.ground, ground, rtol=0, atol=1e-12)


def test_large_fronts_equal_the_schur_complement():
    """210 x 180 cells go through the subtrees, the shared fronts and the row blocks."""
    system, keep = random_landscape(1, 210, 180, holes=0.1, cuts=0.05, regions=2, grounded=0.001, held=2, kept=300)
    network = reduce_landscape(system, keep, threads=2)
    conductance, ground = schur_complement(system, network)
    np.testing.assert_allclose(network.conductance, conductance, rtol=0, atol=1e-11)
    np.testing.assert_allclose(network.ground, ground, rtol=0, atol=1e-11)
    assert network.report.method == "nested-dissection" and network.report.bytes_peak > 0


def test_any_number_of_threads_gives_the_same_bits():
    system, keep = random_landscape(2, 200, 180, kept=20)
    one, two, three = (reduce_landscape(system, keep, threads=n) for n in (1, 2, 3))
    np.testing.assert_array_equal(one.conductance, two.conductance)
    np.testing.assert_array_equal(one.conductance, three.conductance)


@pytest.mark.parametrize("seed", range(3))
def test_resistances_equal_networkx(seed):
    system, keep = random_landscape(10 + seed, 8, 9, holes=0.1, cuts=0.1, kept=6)
    network = reduce_landscape(system, keep)
    graph = nx.Graph()
    for k, (d_row, d_col) in enumerate(STEPS):
        for row, col in np.argwhere(system.conductance[k] > 0):
            weight = float(system.conductance[k, row, col])
            graph.add_edge((int(row), int(col)), (int(row + d_row), int(col + d_col)), weight=weight)
    resistances = network.effective_resistances()
    for a in range(network.size):
        for b in range(a):
            one, two = tuple(network.cell[a].tolist()), tuple(network.cell[b].tolist())
            if network.component[a] != network.component[b]:
                assert resistances[a, b] == np.inf
                continue
            part = graph.subgraph(nx.node_connected_component(graph, one))
            expected = nx.resistance_distance(part, one, two, weight="weight", invert_weight=False)
            assert resistances[a, b] == pytest.approx(expected, rel=1e-9)


def test_published_vectors():
    if not VECTORS.exists():
        pytest.skip("the shared test vectors are not there")
    case = json.loads(VECTORS.read_text())["laplacian"]
    weight = {tuple(edge): g for edge, g in zip(case["edges"], case["g"], strict=True)}
    edges = np.zeros((4, 6, 6))
    for (a, b), g in weight.items():
        edges[0 if b == a + 1 else 1, a // 6, a % 6] = g
    everything = np.ones((6, 6), bool)
    keep = np.zeros(36, bool)
    keep[[case["s"], case["t"], *np.ravel([case["edges"][e] for e in (case["edge"], *case["block"]["edges"])])]] = True
    network = reduce_landscape(landscape(edges), keep.reshape(6, 6))

    def node(cell):
        return network.index_of(cell // 6, cell % 6)

    s, t = node(case["s"]), node(case["t"])
    u, v = (node(cell) for cell in case["edges"][case["edge"]])
    assert network.effective_resistance(s, t) == pytest.approx(case["R_st"], rel=1e-10)
    assert network.effective_resistance(u, v) == pytest.approx(case["R_uv"], rel=1e-10)
    after = resistance(opened(network.conductance, [u], [v], [case["delta"]]), s, t)
    assert after == pytest.approx(case["R_st_after"], rel=1e-10)
    ends = [[node(cell) for cell in case["edges"][e]] for e in case["block"]["edges"]]
    first, second = np.transpose(ends)
    together = resistance(opened(network.conductance, first, second, case["block"]["delta"]), s, t)
    assert together == pytest.approx(case["block"]["R_st_after"], rel=1e-10)
    volt = voltages(network.conductance, s, t)
    assert abs(volt[u] - volt[v]) == pytest.approx(abs(case["dV"]), rel=1e-9)
    whole = reduce_landscape(landscape(edges), everything)
    assert whole.effective_resistances().sum() / 2 == pytest.approx(case["Kirchhoff"], rel=1e-10)


def test_a_sealed_fence_of_the_vectors_opens():
    if not VECTORS.exists():
        pytest.skip("the shared test vectors are not there")
    case = json.loads(VECTORS.read_text())["laplacian"]
    edges = np.zeros((4, 6, 6))
    for e, ((a, b), g) in enumerate(zip(case["edges"], case["g"], strict=True)):
        edges[0 if b == a + 1 else 1, a // 6, a % 6] = 0.0 if e in case["fence_cut_edges"] else g
    ends = case["edges"][case["bridge"]["edge"]]
    keep = np.zeros(36, bool)
    keep[[case["s"], case["t"], *ends]] = True
    network = reduce_landscape(landscape(edges), keep.reshape(6, 6))
    s, t, u, v = (network.index_of(cell // 6, cell % 6) for cell in (case["s"], case["t"], *ends))
    assert network.effective_resistance(s, t) == np.inf
    bridged = opened(network.conductance, [u], [v], [case["bridge"]["delta"]])
    assert resistance(bridged, s, t) == pytest.approx(case["bridge"]["R_st"], rel=1e-10)


def test_row_of_resistors_adds_up():
    edges = np.zeros((4, 1, 5000))
    edges[0, 0, :-1] = 0.25
    keep = np.zeros((1, 5000), bool)
    keep[0, [0, 1000, 4999]] = True
    network = reduce_landscape(landscape(edges), keep)
    np.testing.assert_allclose(network.effective_resistances()[0], [0.0, 4000.0, 4 * 4999.0], rtol=1e-12)


def exact_conductance(edges, keep):
    """Reduced conductances by rational arithmetic."""
    height, width = edges.shape[1:]
    weight = {}
    for k, (d_row, d_col) in enumerate(STEPS):
        for row, col in np.argwhere(edges[k] > 0):
            a, b = int(row * width + col), int((row + d_row) * width + col + d_col)
            weight.setdefault(a, {})[b] = weight.setdefault(b, {})[a] = Fraction(float(edges[k, row, col]))
    for cell in range(height * width):
        if cell in keep:
            continue
        near = weight.pop(cell, {})
        total = sum(near.values())
        for a, share in near.items():
            weight[a].pop(cell)
            for b, other in near.items():
                if a != b:
                    weight[a][b] = weight[a].get(b, Fraction(0)) + share * other / total
    return weight


@pytest.mark.parametrize("leak", [1e-12, 1e-9, 1e-3])
def test_nearly_closed_fence_keeps_its_digits(leak):
    """Every reduced conductance, across the leak too, to 1e-14 of exact rational arithmetic."""
    edges = np.random.default_rng(4).uniform(0.5, 2.0, (4, 6, 7))
    edges[0, :, 2] *= leak
    edges[2, :, 2] *= leak
    edges[3, :, 3] *= leak
    system = landscape(edges)
    keep = np.zeros((6, 7), bool)
    cells = [(0, 0), (5, 1), (1, 5), (4, 6), (2, 2)]
    keep[tuple(np.transpose(cells))] = True
    network = reduce_landscape(system, keep)
    exact = exact_conductance(system.conductance, {row * 7 + col for row, col in cells})
    for a, (row, col) in enumerate(network.cell):
        for b, (r, c) in enumerate(network.cell):
            if a != b:
                expected = float(exact[int(row * 7 + col)][int(r * 7 + c)])
                assert network.conductance[a, b] == pytest.approx(expected, rel=1e-14)


def test_leak_through_a_wide_fence_has_closed_form():
    """A strip cut along a column: three conductors in series, the middle one 1e12 times weaker, rows alike."""
    edges = np.zeros((4, 50, 80))
    edges[0, :, :-1] = 1.0
    edges[0, :, 40] = 1e-12
    region = np.zeros((50, 80), np.int32)
    region[:, 0], region[:, -1] = 1, 2
    system = landscape(edges, region=region)
    network = reduce_landscape(system, np.zeros((50, 80), bool))
    expected = (78 + 1e12) / 50
    assert network.effective_resistance(0, 1) == pytest.approx(expected, rel=1e-13)
    assert network.effective_resistance(0, 1) - 1e12 / 50 == pytest.approx(78 / 50, rel=1e-3)


def test_pocket_without_kept_cell_drops_out():
    """A block of cells joined among themselves but sealed off gives what a hole in its place gives."""
    inside = np.zeros((9, 9), bool)
    inside[3:6, 3:6] = True
    edges = np.ones((4, 9, 9))
    for k, (d_row, d_col) in enumerate(STEPS):
        for row, col in np.argwhere(np.ones((9, 9), bool)):
            r, c = row + d_row, col + d_col
            if 0 <= r < 9 and 0 <= c < 9 and inside[row, col] != inside[r, c]:
                edges[k, row, col] = 0.0
    keep = np.zeros((9, 9), bool)
    keep[0, 0] = keep[8, 8] = True
    sealed, holed = landscape(edges), landscape(edges, active=~inside)
    assert node_graph(sealed).component.max() == 1
    with_pocket, without = (reduce_landscape(system, keep).conductance[0, 1] for system in (sealed, holed))
    assert with_pocket == pytest.approx(without, rel=1e-14)


def test_components_and_isolated_cells():
    edges = np.ones((4, 5, 12))
    edges[0, :, 5] = edges[2, :, 5] = edges[3, :, 6] = 0.0
    active = np.ones((5, 12), bool)
    active[:, 9] = False
    active[1:4, 9] = False
    keep = np.zeros((5, 12), bool)
    keep[0, 0] = keep[4, 4] = keep[2, 7] = keep[2, 11] = True
    network = reduce_landscape(landscape(edges, active), keep)
    left, other, middle, right = (network.index_of(*cell) for cell in ((0, 0), (4, 4), (2, 7), (2, 11)))
    resistances = network.effective_resistances()
    assert np.isfinite(resistances[left, other])
    assert resistances[left, middle] == resistances[middle, right] == np.inf
    assert len(set(network.component.tolist())) == 3


def test_region_of_hundreds_of_cells_is_one_node():
    system, keep = random_landscape(5, 40, 40, holes=0.0, cuts=0.0, kept=3)
    region = np.zeros((40, 40), np.int32)
    region[5:25, 5:25] = 7
    region[39, 0:3] = 7
    shorted = Laplacian(conductance=system.conductance, active=system.active, ground=system.ground, region=region)
    network = reduce_landscape(shorted, keep)
    conductance, _ = schur_complement(shorted, network)
    np.testing.assert_allclose(network.conductance, conductance, rtol=1e-11)
    assert network.index_of_region(7) == network.index_of(20, 20) == network.index_of(39, 1) == 0
    with pytest.raises(FocalNodeError, match="region 3"):
        network.index_of_region(3)
    with pytest.raises(FocalNodeError, match="was not kept"):
        network.index_of(30, 30)


def test_ground_is_exact_and_a_held_cell_becomes_ground():
    edges = np.zeros((4, 1, 4))
    edges[0, 0, :3] = 1.0
    ground = np.array([[0.0, 0.0, 0.0, np.inf]])
    keep = np.array([[True, False, False, False]])
    network = reduce_landscape(landscape(edges, ground=ground), keep)
    assert network.ground[0] == pytest.approx(1 / 3, rel=1e-15)
    kept = reduce_landscape(landscape(edges, ground=ground), np.array([[True, False, False, True]]))
    assert kept.ground.tolist() == [0.0, np.inf]
    assert kept.conductance[0, 1] == pytest.approx(1 / 3, rel=1e-15)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    height=st.integers(1, 14),
    width=st.integers(1, 14),
    holes=st.sampled_from([0.0, 0.2, 0.5]),
    cuts=st.sampled_from([0.0, 0.2, 0.6]),
    regions=st.integers(0, 3),
    grounded=st.sampled_from([0.0, 0.1, 1.0]),
    held=st.integers(0, 2),
)
def test_law_dissection_equals_factorisation(seed, height, width, holes, cuts, regions, grounded, held):
    system, keep = random_landscape(seed, height, width, holes, cuts, regions, grounded, held)
    network = reduce_landscape(system, keep, threads=1)
    conductance, ground = schur_complement(system, network)
    np.testing.assert_allclose(network.conductance, conductance, rtol=0, atol=1e-11)
    np.testing.assert_allclose(network.ground, ground, rtol=0, atol=1e-11)


def turned(array):
    """A raster turned by a quarter: cell (row, col) goes to (width - 1 - col, row)."""
    return np.ascontiguousarray(np.rot90(array))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), height=st.integers(2, 12), width=st.integers(2, 12))
def test_law_a_quarter_turn_changes_nothing(seed, height, width):
    system, keep = random_landscape(seed, height, width, regions=1, grounded=0.1)
    edges = np.zeros((4, width, height))
    for k, (d_row, d_col) in enumerate(STEPS):
        for row, col in np.argwhere(system.conductance[k] > 0):
            one, two = (width - 1 - col, row), (width - 1 - col - d_col, row + d_row)
            (r, c), step = (one, (two[0] - one[0], two[1] - one[1]))
            if step not in STEPS:
                (r, c), step = two, (-step[0], -step[1])
            edges[STEPS.index(step), r, c] = system.conductance[k, row, col]
    other = Laplacian(
        conductance=edges, active=turned(system.active), ground=turned(system.ground), region=turned(system.region)
    )
    before, after = reduce_landscape(system, keep), reduce_landscape(other, turned(keep))
    order = [after.index_of(width - 1 - int(col), int(row)) for row, col in before.cell]
    np.testing.assert_allclose(after.conductance[np.ix_(order, order)], before.conductance, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(after.ground[order], before.ground, rtol=1e-11, atol=1e-300)


def test_faults_are_named():
    edges = np.ones((4, 3, 3))
    system = landscape(edges)
    with pytest.raises(GridMismatchError, match="keep has shape"):
        reduce_landscape(system, np.ones((2, 3), bool))
    with pytest.raises(DataError, match="nothing to keep"):
        reduce_landscape(system, np.zeros((3, 3), bool))
    hole = np.ones((3, 3), bool)
    hole[1, 1] = False
    with pytest.raises(FocalNodeError, match="row 1, col 1"):
        reduce_landscape(landscape(edges, hole), np.ones((3, 3), bool))
    bad = edges.copy()
    bad[1, 0, 2] = -1.0
    with pytest.raises(DataError, match=r"south of cell \(0, 2\)"):
        reduce_landscape(
            Laplacian(conductance=bad, active=system.active, ground=system.ground, region=system.region),
            np.ones((3, 3), bool),
        )
    with pytest.raises(MemoryBudgetError, match="GiB"):
        reduce_landscape(system, np.ones((3, 3), bool), memory_bytes=100)


@pytest.mark.parametrize("seed", range(8))
def test_component_labels_equal_the_graph(seed):
    system, _ = random_landscape(seed, 17, 23, holes=0.3, cuts=0.5, regions=3)
    out = np.empty(system.shape, np.int32)
    n = label_nodes(system.conductance, system.active, system.region, np.full(20, -1, np.int64), out)
    graph = node_graph(system)
    expected = np.where(graph.node >= 0, graph.component[graph.node], -1)
    assert n == graph.component.max() + 1
    assert len(set(zip(out.ravel().tolist(), expected.ravel().tolist(), strict=True))) == n + (~system.active).any()
    plain = Laplacian(
        conductance=system.conductance, active=system.active, ground=system.ground, region=0 * system.region
    )
    n = label_components(system.conductance, system.active, out)
    assert n == node_graph(plain).component.max() + 1
    firsts = [int(np.flatnonzero(out.ravel() == label)[0]) for label in range(n)]
    assert firsts == sorted(firsts) and (out[~system.active] == -1).all()


def test_indices_stay_inside_with_bounds_checked():
    """The kernels of this file once more, compiled with bounds checks, on a case that goes through every branch."""
    code = (
        "import numpy as np\n"
        "from connectivity.reduction.reduce import reduce_landscape\n"
        "from tests.support.reduction_cases import random_landscape, schur_complement\n"
        "for case in ((3, 20, 33), (4, 1, 9), (5, 130, 140)):\n"
        "    system, keep = random_landscape(*case, regions=2, grounded=0.05, held=1, kept=40)\n"
        "    network = reduce_landscape(system, keep, threads=2)\n"
        "    conductance, ground = schur_complement(system, network)\n"
        "    np.testing.assert_allclose(network.conductance, conductance, rtol=0, atol=1e-11)\n"
        "    network.effective_resistances()\n"
    )
    environment = os.environ | {"OTKEL_BOUNDSCHECK": "1", "PYTHONPATH": str(ROOT)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
