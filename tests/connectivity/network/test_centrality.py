import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.network.centrality import current_flow_centrality
from rasters.errors import DataError


def summed_currents(graph: nx.Graph) -> tuple[dict, dict]:
    """1 A between every pair by a pseudo-inverse, pair by pair."""
    nodes = list(graph)
    weight = nx.to_numpy_array(graph, weight="g")
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    node, link = dict.fromkeys(nodes, 0.0), dict.fromkeys(graph.edges, 0.0)
    for s, t in itertools.combinations(range(len(nodes)), 2):
        if not nx.has_path(graph, nodes[s], nodes[t]):
            continue
        volts = inverse[:, s] - inverse[:, t]
        flow = weight * (volts[:, None] - volts[None, :])
        into = np.maximum(flow.clip(min=0).sum(axis=1), flow.clip(max=0).sum(axis=1) * -1)
        for i, name in enumerate(nodes):
            node[name] += into[i]
        for a, b in link:
            link[a, b] += abs(flow[nodes.index(a), nodes.index(b)])
    return node, link


@given(st.integers(0, 200))
def test_currents_are_those_of_every_pair_added_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(7, 0.4, seed=seed)
    for edge in graph.edges:
        graph.edges[edge]["g"] = float(rng.uniform(0.1, 5.0))
        graph.edges[edge]["cost_m"] = 1.0 / graph.edges[edge]["g"]
    node, link = summed_currents(graph)
    found = current_flow_centrality(graph)
    assert list(found.node) == list(graph)
    assert found.node == pytest.approx(node, abs=1e-9)
    assert found.link == pytest.approx(link, abs=1e-9)


def test_a_chain_by_hand() -> None:
    chain = nx.path_graph(4)
    nx.set_edge_attributes(chain, 7.0, "resistance_ohm")
    found = current_flow_centrality(chain, resistance="resistance_ohm")
    assert found.link == pytest.approx({(0, 1): 3.0, (1, 2): 4.0, (2, 3): 3.0})
    assert found.node == pytest.approx({0: 3.0, 1: 5.0, 2: 5.0, 3: 3.0})
    assert found.n_pairs == 6


def test_infinite_links_and_lonely_cores_carry_nothing() -> None:
    graph = nx.Graph([("a", "b"), ("b", "c")])
    graph.add_node("alone")
    graph.edges["a", "b"]["cost_m"], graph.edges["b", "c"]["cost_m"] = 2.0, np.inf
    found = current_flow_centrality(graph)
    assert found.link == {("a", "b"): 1.0, ("b", "c"): 0.0}
    assert found.node == {"a": 1.0, "b": 1.0, "c": 0.0, "alone": 0.0}
    assert found.n_pairs == 1
    graph.edges["a", "b"]["cost_m"] = 0.0
    with pytest.raises(DataError, match="'a' - 'b': cost_m must be > 0"):
        current_flow_centrality(graph)
