"""Tables of the corridor network between all cores and targets of a species: links, centrality, what each core adds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.network.centrality import CurrentFlowCentrality, current_flow_centrality
from connectivity.network.indices import (
    DispersalKernel,
    link_importance,
    node_importance,
)
from connectivity.network.links import CorridorNetwork, Link, LinkRules, build_network, network_graph
from rasters.fences import CutEdges

__all__ = ["NetworkTables", "network_tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTables:
    """The network; one row per link and one per core."""

    network: CorridorNetwork
    links: pd.DataFrame
    cores: pd.DataFrame


def network_tables(
    stencil: Stencil,
    distances: Sequence[CostDistance],
    resistance_ohm: NDArray[np.float64],
    cuts: CutEdges,
    shares: Mapping[str, NDArray[np.bool_]],
    kernel: DispersalKernel | None,
) -> NetworkTables:
    """The network of neighbouring cores and targets; a route through a third one is no link of its own.

    Parameters
    ----------
    stencil : Stencil
    distances : sequence of CostDistance
        From each core and target.
    resistance_ohm : (n, n) float64
        Effective resistance between them, in the same order [ohm].
    cuts : CutEdges
    shares : mapping of str to (height, width) bool
        Reserves and countries.
    kernel : DispersalKernel, optional
        Probability to disperse, by cost distance; without one nothing is said of importance.
    """
    cores = [distance.source for distance in distances]
    network = build_network(stencil, cores, distances=distances, rules=LinkRules(allow_intermediate=False))
    graph = network_graph(network, resistance_ohm=resistance_ohm, cuts=cuts, shares=shares)
    central = current_flow_centrality(graph)
    links = pd.DataFrame([_link_row(link, graph) for link in network.links])
    return NetworkTables(
        network=network,
        links=_with_link_figures(links, graph, central, kernel),
        cores=_core_table(graph, central, kernel),
    )


def _link_row(link: Link, graph: nx.Graph[Any]) -> dict[str, Any]:
    data = graph.edges[link.a, link.b] if link.kept else {}
    row = {
        "a": link.a,
        "b": link.b,
        "status": link.status,
        "found_by": " ".join(link.found_by),
        "via": " ".join(link.via),
        "cost_m": link.cost_m,
        "path_m": link.path_m,
        "straight_m": link.straight_m,
        "cost_per_straight": link.cost_per_straight,
        "cost_per_path": link.cost_per_path,
        "resistance_ohm": data.get("resistance_ohm", math.inf),
        "fence_crossings": data.get("n_fence_crossings", 0),
        "crossings": "; ".join(f"{c.fence} km {c.along_m / 1000:.1f}" for c in data.get("fence_crossings", ())),
    }
    return row | {name: value for name, value in data.items() if name.startswith("share_")}


def _with_link_figures(
    links: pd.DataFrame, graph: nx.Graph[Any], central: CurrentFlowCentrality, kernel: DispersalKernel | None
) -> pd.DataFrame:
    """Centrality and dPC beside each link; 0 for those that do not count."""
    centrality = {frozenset(edge): value for edge, value in central.link.items()}
    importance: dict[frozenset[Any], float] = {}
    if kernel is not None:
        found = link_importance(graph, kernel)
        importance = {frozenset(edge): value for edge, value in zip(found.names, found.change, strict=True)}
    ends = [frozenset(pair) for pair in zip(links["a"], links["b"], strict=True)]
    return links.assign(
        centrality_a=[centrality.get(pair, 0.0) for pair in ends],
        dpc_percent=[importance.get(pair, 0.0) for pair in ends],
    )


def _core_table(graph: nx.Graph[Any], central: CurrentFlowCentrality, kernel: DispersalKernel | None) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "core": list(graph),
            "area_km2": [graph.nodes[n]["area_km2"] for n in graph],
            "links": [graph.degree(n) for n in graph],
            "centrality_a": [central.node[n] for n in graph],
        }
    )
    if kernel is None:
        return table
    found = node_importance(graph, kernel)
    return table.assign(
        dpc_percent=found.change,
        dpc_intra=found.intra,
        dpc_flux=found.flux,
        dpc_connector=np.where(found.connector > 1e-9, found.connector, 0.0),
    )
