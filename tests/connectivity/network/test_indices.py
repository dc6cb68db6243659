import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.network.indices import (
    DispersalKernel,
    link_importance,
    node_importance,
    probability_of_connectivity,
)
from rasters.errors import DataError

HALF = DispersalKernel(distance_m=200.0)


def random_graph(seed: int, n: int = 7) -> nx.Graph:
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(n, 0.5, seed=seed)
    for node in graph:
        graph.nodes[node]["area_km2"] = float(rng.uniform(0.0, 10.0))
    for a, b in graph.edges:
        graph.edges[a, b]["cost_m"] = float(rng.choice([0.0, *rng.uniform(10.0, 500.0, 4)]))
    graph.nodes[0]["area_km2"] = 1.0
    return graph


def best_products(graph: nx.Graph, kernel: DispersalKernel) -> np.ndarray:
    """Largest product of probabilities over every simple path: the definition, slowly."""
    nodes = list(graph)
    best = np.eye(len(nodes))
    for i, a in enumerate(nodes):
        for j, b in enumerate(nodes):
            for path in nx.all_simple_paths(graph, a, b) if a != b else ():
                links = [graph.edges[edge]["cost_m"] for edge in itertools.pairwise(path)]
                best[i, j] = max(best[i, j], float(np.prod(kernel.of(links))))
    return best


@given(st.integers(0, 300), st.sampled_from(["exponential", "gaussian", "step"]))
def test_connection_is_the_best_product_over_all_ways(seed: int, shape: str) -> None:
    graph, kernel = random_graph(seed, 6), DispersalKernel(distance_m=150.0, probability=0.3, shape=shape)
    index = probability_of_connectivity(graph, kernel)
    assert np.allclose(index.connection, best_products(graph, kernel), rtol=1e-12, atol=1e-300)
    area = np.array([graph.nodes[n]["area_km2"] for n in graph])
    assert index.numerator == pytest.approx(area @ index.connection @ area)
    assert index.equivalent_area**2 == pytest.approx(index.numerator)


def test_two_cores_by_hand() -> None:
    graph = nx.Graph()
    graph.add_node("a", area_km2=3.0)
    graph.add_node("b", area_km2=4.0)
    graph.add_edge("a", "b", cost_m=400.0)
    index = probability_of_connectivity(graph, HALF, landscape=10.0)
    assert index.numerator == pytest.approx(9 + 16 + 2 * 12 / 4)
    assert index.value == pytest.approx(index.numerator / 100)
    assert link_importance(graph, HALF).change[0] == pytest.approx(100 * 6 / 31)


def test_a_stepping_stone_is_all_connector() -> None:
    graph = nx.path_graph(3)
    nx.set_node_attributes(graph, {0: 5.0, 1: 0.0, 2: 5.0}, "area_km2")
    nx.set_edge_attributes(graph, 200.0, "cost_m")
    found = node_importance(graph, HALF)
    assert found.intra[1] == found.flux[1] == 0.0
    assert found.connector[1] == pytest.approx(100 * 2 * 25 / 4 / (50 + 2 * 25 / 4))


@given(st.integers(0, 100))
def test_parts_add_up_and_none_is_negative(seed: int) -> None:
    graph = random_graph(seed)
    found = node_importance(graph, HALF)
    assert np.allclose(found.change, found.intra + found.flux + found.connector)
    for part in (found.intra, found.flux, found.connector):
        assert part.min() > -1e-9
    assert found.change.max() <= 100 + 1e-9


@given(st.integers(0, 100))
def test_dpc_is_what_is_lost_when_the_core_is_taken_out(seed: int) -> None:
    graph = random_graph(seed)
    whole = probability_of_connectivity(graph, HALF).numerator
    found = node_importance(graph, HALF)
    for node, change in zip(found.names, found.change, strict=True):
        rest = graph.copy()
        rest.remove_node(node)
        left = probability_of_connectivity(rest, HALF).numerator
        assert change == pytest.approx(100 * (whole - left) / whole, abs=1e-9)
    links = link_importance(graph, HALF)
    for (a, b), change in zip(links.names, links.change, strict=True):
        rest = graph.copy()
        rest.remove_edge(a, b)
        left = probability_of_connectivity(rest, HALF).numerator
        assert change == pytest.approx(100 * (whole - left) / whole, abs=1e-9)


@given(st.integers(0, 100), st.floats(1.0, 50.0))
def test_more_cost_never_connects_better(seed: int, more: float) -> None:
    graph = random_graph(seed)
    before = probability_of_connectivity(graph, HALF).numerator
    for edge in graph.edges:
        graph.edges[edge]["cost_m"] *= more
    assert probability_of_connectivity(graph, HALF).numerator <= before + 1e-9


def test_kernels_take_their_value_at_the_distance() -> None:
    for shape in ("exponential", "gaussian"):
        kernel = DispersalKernel(distance_m=600.0, probability=0.2, shape=shape)
        assert kernel.of([0.0, 600.0]) == pytest.approx([1.0, 0.2])
    assert DispersalKernel(distance_m=600.0).alpha_per_m == pytest.approx(math.log(2) / 600)
    assert DispersalKernel(distance_m=600.0).of(np.inf) == 0.0
    assert DispersalKernel(distance_m=600.0, shape="step").of([600.0, 600.1]).tolist() == [1.0, 0.0]
    with pytest.raises(DataError, match=r"in \(0, 1\)"):
        DispersalKernel(distance_m=600.0, probability=1.0)


def test_a_missing_attribute_is_named() -> None:
    graph = nx.path_graph(2)
    with pytest.raises(DataError, match="area_km2"):
        probability_of_connectivity(graph, HALF)
