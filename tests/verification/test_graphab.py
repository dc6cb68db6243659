"""PC of Graphab's example graph, and the tables of small exact cases."""

import csv
import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from connectivity.least_cost.randomised_paths import walk_to_target
from connectivity.network.centrality import current_flow_centrality
from connectivity.network.indices import (
    DispersalKernel,
    node_importance,
    probability_of_connectivity,
)
from tests.support.places import SHARED

VERIFY = SHARED / "verify"
pytestmark = pytest.mark.skipif(not VERIFY.is_dir(), reason="the verification data are not here")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def vectors() -> dict:
    return json.loads((VERIFY / "formulas" / "testvectors.json").read_text())


def test_pc_is_graphabs() -> None:
    graph = nx.Graph()
    for patch in rows(VERIFY / "graphab" / "patches.csv"):
        graph.add_node(patch["Id"], capacity_m2=float(patch["Capacity"]))
    for link in rows(VERIFY / "graphab" / "lkst1-links.csv"):
        graph.add_edge(link["ID1"], link["ID2"], cost_m=float(link["Dist"]))
    kernel = DispersalKernel(distance_m=600.0, probability=0.5)
    index = probability_of_connectivity(graph, kernel, capacity="capacity_m2", landscape=3.6e9)
    assert index.value == pytest.approx(2.480545943431007e-10, rel=1e-13)


def small_graph() -> nx.Graph:
    case = vectors()["graph_indices"]
    graph = nx.Graph()
    for node, area in enumerate(case["attr"]):
        graph.add_node(node, area_km2=area)
    graph.add_weighted_edges_from(case["links"], weight="cost_m")
    return graph


def test_pc_eca_and_the_parts_of_dpc() -> None:
    case, graph = vectors()["graph_indices"], small_graph()
    kernel = DispersalKernel(distance_m=case["p05_distance"])
    index = probability_of_connectivity(graph, kernel, landscape=case["A_L"])
    assert index.numerator == pytest.approx(case["PCnum"], rel=1e-12)
    assert index.value == pytest.approx(case["PC"], rel=1e-12)
    assert index.equivalent_area == pytest.approx(case["ECA"], rel=1e-12)
    found = node_importance(graph, kernel)
    for i, expected in enumerate(case["dPC"]):
        parts = {"dPC": found.change, "intra": found.intra, "flux": found.flux, "connector": found.connector}
        assert {name: part[i] for name, part in parts.items()} == pytest.approx(
            {name: expected[name] for name in parts}, abs=1e-10
        )


def test_current_flow_centrality() -> None:
    case = vectors()["laplacian"]
    graph = nx.Graph()
    graph.add_nodes_from(range(36))
    for (a, b), siemens in zip(case["edges"], case["g"], strict=True):
        graph.add_edge(a, b, cost_m=1.0 / siemens)
    found = current_flow_centrality(graph)
    assert np.allclose([found.link[a, b] for a, b in case["edges"]], case["edge_current_sum_all_pairs"], rtol=1e-9)
    assert np.allclose(list(found.node.values()), case["node_current_sum_all_pairs"], rtol=1e-9)


def test_randomised_shortest_paths() -> None:
    case = vectors()["rsp"]
    affinity, cost = np.array(case["aff"]), np.array(case["cost"])
    probability = affinity / affinity.sum(axis=1, keepdims=True)
    found = walk_to_target(sparse.csr_array(probability), sparse.csr_array(cost), case["theta"], case["target"])
    assert found.survival == pytest.approx(case["survival"], rel=1e-10)
    assert found.free_energy == pytest.approx(case["free_energy"], rel=1e-10, abs=1e-12)
    assert found.expected_cost == pytest.approx(case["expected_cost"], rel=1e-10, abs=1e-12)
