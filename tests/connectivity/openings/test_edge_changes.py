"""Changed edges: closed forms of the test vectors, and re-solving with networkx, parts that are apart included."""

from __future__ import annotations

import json
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from connectivity.edge_changes import EdgeChange, SourcesToTarget
from tests.support.places import SHARED

VECTORS = SHARED / "verify" / "formulas" / "testvectors.json"


def change_of(*edges: tuple[int, int, float]) -> EdgeChange:
    first, second, delta = zip(*edges, strict=True)
    return EdgeChange(first=np.array(first), second=np.array(second), delta=np.array(delta, dtype=float))


def resolved(
    conductance: NDArray[np.float64], sources: list[int], targets: list[int], change: EdgeChange | None
) -> NDArray[np.float64]:
    """The changed network solved from scratch: targets joined by an enormous conductance are merged by hand."""
    full = conductance.copy()
    if change is not None:
        for u, v, delta in zip(change.first, change.second, change.delta, strict=True):
            if u != v:
                full[u, v] += delta
                full[v, u] += delta
    number = {t: "target" for t in targets}
    graph = nx.Graph()
    graph.add_nodes_from(number.get(i, i) for i in range(len(full)))
    for u, v in np.argwhere(np.triu(full) > 0):
        a, b = number.get(int(u), int(u)), number.get(int(v), int(v))
        if a != b:
            old = graph[a][b]["siemens"] if graph.has_edge(a, b) else 0.0
            graph.add_edge(a, b, siemens=old + full[u, v])
    out = []
    for source in sources:
        a = number.get(source, source)
        if not nx.has_path(graph, a, "target"):
            out.append(math.inf)
        else:
            part = graph.subgraph(nx.node_connected_component(graph, a))
            out.append(nx.resistance_distance(part, a, "target", weight="siemens", invert_weight=False))
    return np.array(out)


@st.composite
def networks(draw: st.DrawFn) -> tuple[NDArray[np.float64], list[int], list[int]]:
    """Random networks that often fall apart; sources and targets, which may coincide."""
    n = draw(st.integers(3, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    upper = np.triu(
        np.where(rng.random((n, n)) < draw(st.sampled_from([0.0, 0.2, 0.6])), rng.uniform(0.1, 5, (n, n)), 0), 1
    )
    nodes = rng.permutation(n).tolist()
    n_target = draw(st.integers(1, 2))
    return upper + upper.T, nodes[n_target - draw(st.integers(0, 1)) :][:3], nodes[:n_target]


@given(networks(), st.integers(0, 10**6), st.integers(0, 6))
@settings(max_examples=250)
def test_any_set_of_added_edges_equals_solving_again(
    case: tuple[NDArray[np.float64], list[int], list[int]], seed: int, n_edges: int
) -> None:
    conductance, sources, targets = case
    rng = np.random.default_rng(seed)
    n = len(conductance)
    edges = [
        (int(rng.integers(n)), int(rng.integers(n)), float(rng.choice([0.0, 1e-3, 0.7, 40.0]))) for _ in range(n_edges)
    ]
    change = change_of(*edges) if edges else None
    found = SourcesToTarget.build(conductance, sources, targets).resistances(change)
    assert found == pytest.approx(resolved(conductance, sources, targets, change), rel=1e-9, abs=1e-12)


@given(networks(), st.floats(0.05, 0.95))
@settings(max_examples=80)
def test_weaker_edges_equal_solving_again(case: tuple[NDArray[np.float64], list[int], list[int]], share: float) -> None:
    """A negative change, as when a passage is closed, as long as the edge stays."""
    conductance, sources, targets = case
    edges = np.argwhere(np.triu(conductance) > 0)[:3]
    if not edges.size:
        return
    change = change_of(*((int(u), int(v), -share * float(conductance[u, v])) for u, v in edges))
    found = SourcesToTarget.build(conductance, sources, targets).resistances(change)
    assert found == pytest.approx(resolved(conductance, sources, targets, change), rel=1e-8, abs=1e-12)


def test_no_change_is_the_plain_resistance() -> None:
    line = np.diag([1.0, 0.5, 0.25], 1)
    toward = SourcesToTarget.build(line + line.T, [0, 1, 3], [3])
    assert toward.resistances() == pytest.approx([7, 6, 0])
    nothing = EdgeChange.together([])
    assert toward.resistances(nothing) == pytest.approx([7, 6, 0])
    assert toward.resistances(change_of((1, 1, 5.0))) == pytest.approx([7, 6, 0])
    assert toward.resistances(change_of((0, 2, 0.0))) == pytest.approx([7, 6, 0])


def test_several_targets_are_one_node() -> None:
    """From the middle of 2 + 2 ohm to both ends together: 1 ohm."""
    line = np.diag([0.5, 0.5], 1)
    assert SourcesToTarget.build(line + line.T, [1], [0, 2]).resistances() == pytest.approx([1.0])


def test_together_is_one_after_the_other() -> None:
    rng = np.random.default_rng(4)
    upper = np.triu(rng.uniform(0.1, 2, (6, 6)), 1)
    one, two = change_of((0, 3, 0.7)), change_of((1, 5, 2.0), (2, 4, 0.1))
    changed = upper + upper.T
    for u, v, delta in zip(two.first, two.second, two.delta, strict=True):
        changed[u, v] += delta
        changed[v, u] += delta
    both = SourcesToTarget.build(upper + upper.T, [0, 2], [5]).resistances(EdgeChange.together([one, two]))
    assert both == pytest.approx(SourcesToTarget.build(changed, [0, 2], [5]).resistances(one), rel=1e-12)


def test_opening_one_of_two_sealed_lines_gains_nothing_and_both_do() -> None:
    """Source | pocket | target: either opening alone leaves them apart, both join them in series."""
    conductance = np.zeros((4, 4))
    conductance[1, 2] = conductance[2, 1] = 0.25
    toward = SourcesToTarget.build(conductance, [0], [3])
    outer, inner = change_of((0, 1, 1.0)), change_of((2, 3, 0.5))
    assert np.isposinf(toward.resistances()).all()
    assert np.isposinf(toward.resistances(outer)).all()
    assert np.isposinf(toward.resistances(inner)).all()
    assert toward.resistances(EdgeChange.together([outer, inner])) == pytest.approx([1 + 4 + 2])


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip("the formulas' test vectors are not beside the repository")
    return dict(json.loads(VECTORS.read_text())["laplacian"])


def lattice(vectors: dict[str, Any], without: list[int]) -> NDArray[np.float64]:
    conductance = np.zeros((36, 36))
    for i, ((u, v), siemens) in enumerate(zip(vectors["edges"], vectors["g"], strict=True)):
        if i not in without:
            conductance[u, v] = conductance[v, u] = siemens
    return conductance


def test_vectors_single_edge(vectors: dict[str, Any]) -> None:
    """``R' = R - delta dV^2 / (1 + delta R_uv)``, by the formula and by the module."""
    u, v = vectors["edges"][vectors["edge"]]
    toward = SourcesToTarget.build(lattice(vectors, []), [vectors["s"]], [vectors["t"]])
    assert toward.resistances() == pytest.approx([vectors["R_st"]], rel=1e-12)
    after = toward.resistances(change_of((u, v, vectors["delta"])))[0]
    gain = vectors["delta"] * vectors["dV"] ** 2 / (1 + vectors["delta"] * vectors["R_uv"])
    assert after == pytest.approx(vectors["R_st_after"], rel=1e-12)
    assert vectors["R_st"] - after == pytest.approx(gain, rel=1e-9)


def test_vectors_block_of_edges(vectors: dict[str, Any]) -> None:
    block = vectors["block"]
    edges = [(*vectors["edges"][e], delta) for e, delta in zip(block["edges"], block["delta"], strict=True)]
    toward = SourcesToTarget.build(lattice(vectors, []), [vectors["s"]], [vectors["t"]])
    assert toward.resistances(change_of(*edges)) == pytest.approx([block["R_st_after"]], rel=1e-12)


def test_vectors_bridge_over_a_sealed_fence(vectors: dict[str, Any]) -> None:
    """All edges of a fence cut, then one of them opened: exact, though nothing joined the two sides before."""
    bridge = vectors["bridge"]
    toward = SourcesToTarget.build(lattice(vectors, vectors["fence_cut_edges"]), [vectors["s"]], [vectors["t"]])
    assert np.isposinf(toward.resistances()).all()
    u, v = vectors["edges"][bridge["edge"]]
    assert toward.resistances(change_of((u, v, bridge["delta"]))) == pytest.approx([bridge["R_st"]], rel=1e-12)
