"""How much each link and each core carries for all the others: current-flow centrality.

The network is read as a circuit, each link a resistor of its cost (or of its effective resistance); 1 A is sent between
every pair of cores, and the absolute currents are added up (Newman 2005, Social Networks 27:39; Centrality Mapper, McRae
2012). Unlike counting shortest paths it credits every alternative route.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networkx as nx

from rasters.errors import DataError

__all__ = ["CurrentFlowCentrality", "current_flow_centrality"]

Edge = tuple[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentFlowCentrality:
    """Currents added up over all pairs of cores.

    Parameters
    ----------
    node : dict
        Core -> sum of the current through it [A]; where it is itself an end of the pair it carries 1 A.
    link : dict
        (a, b) as in ``graph.edges`` -> sum of the absolute current over it [A].
    n_pairs : int
        Pairs of cores that the network joins: divide by it for the mean share of a pair's current.
    """

    node: dict[Any, float]
    link: dict[Edge, float]
    n_pairs: int


def current_flow_centrality(graph: nx.Graph[Any], *, resistance: str = "cost_m") -> CurrentFlowCentrality:
    """Current-flow centrality of every link and core.

    Parameters
    ----------
    graph : networkx.Graph
        As `connectivity.network.links.network_graph` makes it. Parts that do not join are taken one by one.
    resistance : str
        Edge attribute > 0: ``"cost_m"``, or ``"resistance_ohm"``. Links of infinite resistance carry nothing.

    Examples
    --------
    >>> chain = nx.path_graph(["a", "b", "c"])
    >>> nx.set_edge_attributes(chain, 1.0, "cost_m")
    >>> current_flow_centrality(chain).node
    {'a': 2.0, 'b': 3.0, 'c': 2.0}
    """
    circuit = _circuit(graph, resistance)
    node: dict[Any, float] = {}
    link, n_pairs = dict.fromkeys(graph.edges, 0.0), 0
    for members in nx.connected_components(circuit):
        part = circuit.subgraph(members)
        n = part.number_of_nodes()
        through, over = _of_component(part)
        node |= {name: through[name] + n - 1 for name in part}
        for a, b in part.edges:
            link[(a, b) if (a, b) in link else (b, a)] = over[(a, b) if (a, b) in over else (b, a)]
        n_pairs += math.comb(n, 2)
    return CurrentFlowCentrality(node={name: node[name] for name in graph}, link=link, n_pairs=n_pairs)


def _circuit(graph: nx.Graph[Any], resistance: str) -> nx.Graph[Any]:
    circuit: nx.Graph[Any] = nx.Graph()
    circuit.add_nodes_from(graph)
    for a, b, data in graph.edges(data=True):
        value = data.get(resistance)
        if value is None or not value > 0:
            raise DataError(f"link {a!r} - {b!r}: {resistance} must be > 0, not {value!r}")
        if math.isfinite(value):
            circuit.add_edge(a, b, conductance=1.0 / value)
    return circuit


def _of_component(part: nx.Graph[Any]) -> tuple[dict[Any, float], dict[Edge, float]]:
    """Current through the nodes of pairs that do not end there, and over the links, summed over unordered pairs.

    networkx halves the sum over the links, not that over the nodes.
    """
    if part.number_of_nodes() < 2:
        return dict.fromkeys(part, 0.0), {}
    through = nx.current_flow_betweenness_centrality(part, normalized=False, weight="conductance", solver="full")
    over = nx.edge_current_flow_betweenness_centrality(part, normalized=False, weight="conductance", solver="full")
    return through, {edge: 2.0 * current for edge, current in over.items()}
