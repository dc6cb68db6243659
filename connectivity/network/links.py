"""The corridor network: core areas joined by least-cost paths, with rules for which links count.

The steps are those of Linkage Mapper (McRae and Kavanagh 2011): neighbouring cores, least-cost paths between them, links
dropped for length, cost or a core in between, each core's nearest neighbours, and links that join what would otherwise
fall apart ("constellations"). Every link that was looked at stays in the result with its status.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distances
from connectivity.least_cost.crossings import path_fence_crossings, path_shares
from connectivity.least_cost.paths import LeastCostPath, least_cost_path
from connectivity.network.adjacency import AdjacencyMethod, adjacent_pairs, straight_distance_m
from rasters.errors import DataError
from rasters.fences import CutEdges
from rasters.plain import unknown

__all__ = ["CorridorNetwork", "Link", "LinkRules", "LinkStatus", "build_network", "network_graph"]

LinkStatus = Literal[
    "kept", "joins_constellations", "too_far", "unreachable", "intermediate_core", "too_costly", "not_nearest"
]
KEPT: tuple[LinkStatus, ...] = ("kept", "joins_constellations")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """Which links count; a link is given the first status that fits, in the order of these rules.

    Parameters
    ----------
    max_straight_m : float
        Longest straight distance between cores [m]: ``"too_far"`` beyond.
    allow_intermediate : bool
        Whether a least-cost path may run through a third core: else ``"intermediate_core"``.
    max_cost_m : float
        Largest least cost [effective m]: ``"too_costly"`` beyond.
    nearest : int, optional
        Keep a link only if it is among this many nearest of either of its cores: else ``"not_nearest"``.
    nearest_by : {"cost", "straight"}
        What nearest means, also for constellations.
    join_constellations : bool
        Take back the shortest of the links dropped by ``nearest`` that join groups which would be apart.
    """

    max_straight_m: float = math.inf
    allow_intermediate: bool = True
    max_cost_m: float = math.inf
    nearest: int | None = None
    nearest_by: Literal["cost", "straight"] = "cost"
    join_constellations: bool = False

    def __post_init__(self) -> None:
        if not (self.max_straight_m > 0 and self.max_cost_m > 0):
            raise DataError("max_straight_m and max_cost_m must be > 0; leave them out for no limit")
        if self.nearest is not None and self.nearest < 1:
            raise DataError(f"nearest must be at least 1, not {self.nearest}; leave it out to keep all neighbours")
        if self.nearest_by not in ("cost", "straight"):
            raise DataError(f"nearest_by must be 'cost' or 'straight', not {self.nearest_by!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two cores and the cheapest route between them.

    Parameters
    ----------
    a, b : str
        Ids of the cores.
    found_by : tuple of str
        Adjacency methods by which they are neighbours.
    straight_m : float
        Straight distance between them [m].
    path : LeastCostPath
        From ``a`` to ``b``.
    via : tuple of str
        Other cores that the path runs through.
    status : LinkStatus
    """

    a: str
    b: str
    found_by: tuple[AdjacencyMethod, ...]
    straight_m: float
    path: LeastCostPath
    via: tuple[str, ...]
    status: LinkStatus = "kept"

    @property
    def kept(self) -> bool:
        """Whether the link is part of the network."""
        return self.status in KEPT

    @property
    def cost_m(self) -> float:
        """Least cost between the cores [effective m]; inf where they are apart."""
        return self.path.cost_m

    @property
    def path_m(self) -> float:
        """Length of the least-cost path [m]."""
        return self.path.length_m

    @property
    def cost_per_straight(self) -> float:
        """Least cost over straight distance [1]: how hard the country between them is, detours included."""
        return self.cost_m / self.straight_m if self.straight_m > 0 else math.nan

    @property
    def cost_per_path(self) -> float:
        """Least cost over path length [1]: the mean resistance met on the way."""
        return self.cost_m / self.path_m if 0 < self.path_m < math.inf else math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CorridorNetwork:
    """Cores, every link that was looked at, and the distances that they came from.

    Parameters
    ----------
    cores : tuple of FocalRegion
    links : tuple of Link
        In the order of the cores; dropped ones included.
    distances : tuple of CostDistance
        From each core.
    rules : LinkRules
    """

    cores: tuple[FocalRegion, ...]
    links: tuple[Link, ...]
    distances: tuple[CostDistance, ...]
    rules: LinkRules

    @property
    def kept(self) -> tuple[Link, ...]:
        """Links that count."""
        return tuple(link for link in self.links if link.kept)

    @property
    def stencil(self) -> Stencil:
        """The edges that the links were found on."""
        return self.distances[0].stencil

    def distance_from(self, core: str) -> CostDistance:
        """Cost-weighted distance from a core."""
        for distance in self.distances:
            if distance.source.id == core:
                return distance
        raise DataError(unknown("core", core, (c.id for c in self.cores)))

    def link(self, a: str, b: str) -> Link:
        """The link between two cores, in either order."""
        for link in self.links:
            if {link.a, link.b} == {a, b}:
                return link
        raise DataError(f"cores {a!r} and {b!r} are no neighbours in the network")

    def __repr__(self) -> str:
        return f"CorridorNetwork({len(self.cores)} cores, {len(self.kept)} of {len(self.links)} links kept)"


def build_network(
    stencil: Stencil,
    cores: Sequence[FocalRegion],
    *,
    adjacency: Collection[AdjacencyMethod] = ("cost", "euclidean"),
    rules: LinkRules | None = None,
    straight_m: Mapping[tuple[str, str], float] | None = None,
    distances: Sequence[CostDistance] | None = None,
    threads: int = 1,
) -> CorridorNetwork:
    """Link neighbouring cores by least-cost paths, and say which links count.

    Parameters
    ----------
    stencil : Stencil
    cores : sequence of FocalRegion
        Disjoint, two or more.
    adjacency : collection of {"cost", "euclidean", "all"}
        How neighbours are found; any method counts.
    rules : LinkRules, optional
        Default: keep every link.
    straight_m : mapping of (id, id) to float, optional
        Straight distances between cores [m], in either order, where outlines are known better than their cells.
        Default: between the nearest cell centres.
    distances : sequence of CostDistance, optional
        From each core, in their order, where they are known already.
    threads : int
        Searches at a time.
    """
    if len(cores) < 2:
        raise DataError(f"a network needs two cores or more, not {len(cores)}")
    if len({core.id for core in cores}) < len(cores):
        raise DataError("two cores share an id; ids must be unique")
    rules = rules or LinkRules()
    pairs = adjacent_pairs(stencil, cores, adjacency)
    distances = cost_weighted_distances(stencil, cores, threads=threads) if distances is None else tuple(distances)
    if [d.source.id for d in distances] != [core.id for core in cores]:
        raise DataError("distances must be one from each core, in the order of the cores")
    labels = region_labels(cores)
    links = []
    for (i, j), methods in pairs.items():
        a, b = cores[i], cores[j]
        path = least_cost_path(distances[i], b)
        straight = _given(straight_m, a.id, b.id)
        links.append(
            Link(
                a=a.id,
                b=b.id,
                found_by=methods,
                path=path,
                via=_passed_through(path, labels, (i, j), cores),
                straight_m=straight_distance_m(a, b) if straight is None else straight,
            )
        )
    return CorridorNetwork(cores=tuple(cores), links=_judged(links, rules), distances=distances, rules=rules)


def _given(straight_m: Mapping[tuple[str, str], float] | None, a: str, b: str) -> float | None:
    if straight_m is None:
        return None
    found = straight_m.get((a, b), straight_m.get((b, a)))
    if found is None or not found >= 0:
        raise DataError(f"straight_m has no distance >= 0 between {a!r} and {b!r}; give one for every pair")
    return found


def _passed_through(
    path: LeastCostPath, labels: NDArray[np.int32], ends: tuple[int, int], cores: Sequence[FocalRegion]
) -> tuple[str, ...]:
    """Ids of the cores on a path besides its ends, in the order in which it meets them."""
    numbers = labels[path.rows, path.cols]
    met = dict.fromkeys(int(n) - 1 for n in numbers if n)
    return tuple(cores[n].id for n in met if n not in ends)


def _judged(links: Iterable[Link], rules: LinkRules) -> tuple[Link, ...]:
    judged = [replace(link, status=_limit_status(link, rules)) for link in links]
    if rules.nearest is not None:
        near = _nearest(judged, rules)
        judged = [replace(k, status="not_nearest") if k.kept and k not in near else k for k in judged]
    if rules.join_constellations:
        joining = _joining(judged, rules)
        judged = [replace(k, status="joins_constellations") if k in joining else k for k in judged]
    return tuple(judged)


def _limit_status(link: Link, rules: LinkRules) -> LinkStatus:
    if link.straight_m > rules.max_straight_m:
        return "too_far"
    if math.isinf(link.cost_m):
        return "unreachable"
    if link.via and not rules.allow_intermediate:
        return "intermediate_core"
    return "too_costly" if link.cost_m > rules.max_cost_m else "kept"


def _how_near(link: Link, rules: LinkRules) -> float:
    return link.cost_m if rules.nearest_by == "cost" else link.straight_m


def _nearest(links: Sequence[Link], rules: LinkRules) -> list[Link]:
    """Links among the nearest of either core; ties by the order of the links."""
    near: list[Link] = []
    for core in {end for link in links for end in (link.a, link.b)}:
        own = [link for link in links if link.kept and core in (link.a, link.b)]
        near += sorted(own, key=lambda link: _how_near(link, rules))[: rules.nearest]
    return near


def _joining(links: Sequence[Link], rules: LinkRules) -> list[Link]:
    """Links dropped by ``nearest`` on a minimum spanning forest that already has all kept links."""
    graph: nx.Graph[str] = nx.Graph()
    for link in links:
        if link.kept or link.status == "not_nearest":
            graph.add_edge(link.a, link.b, weight=-1.0 if link.kept else _how_near(link, rules), link=link)
    chosen = nx.minimum_spanning_edges(graph, algorithm="kruskal", data=True)
    return [data["link"] for _, _, data in chosen if not data["link"].kept]


def network_graph(
    network: CorridorNetwork,
    *,
    dropped: bool = False,
    resistance_ohm: NDArray[np.float64] | None = None,
    cuts: CutEdges | None = None,
    shares: Mapping[str, NDArray[np.bool_]] | None = None,
) -> nx.Graph[str]:
    """The network as a networkx graph with everything known about each link.

    Parameters
    ----------
    network : CorridorNetwork
    dropped : bool
        With the links that do not count.
    resistance_ohm : (n_core, n_core) float64, optional
        Effective resistance between the cores [ohm], as `ReducedNetwork.effective_resistances` gives it.
    cuts : CutEdges, optional
        Fences to look for along the paths.
    shares : mapping of str to (height, width) bool, optional
        Reserves, countries: the share of each path inside becomes ``share_<name>``.

    Returns
    -------
    networkx.Graph
        Nodes: core ids, with ``n_cells`` and ``area_km2``. Edges: ``cost_m``, ``path_m``, ``straight_m``,
        ``cost_per_straight``, ``cost_per_path``, ``status``, ``via``, ``found_by``, ``link``; as asked for
        ``resistance_ohm``, ``fence_crossings`` (a tuple of `FenceCrossing`), ``n_fence_crossings``, ``share_<name>``.
    """
    graph: nx.Graph[str] = nx.Graph()
    for core in network.cores:
        graph.add_node(core.id, n_cells=core.size, area_km2=core.size * core.grid.cell_area_km2)
    place = {core.id: i for i, core in enumerate(network.cores)}
    for link in network.links if dropped else network.kept:
        graph.add_edge(link.a, link.b, **_attributes(link))
        edge = graph.edges[link.a, link.b]
        if resistance_ohm is not None:
            edge["resistance_ohm"] = float(resistance_ohm[place[link.a], place[link.b]])
        if cuts is not None:
            edge["fence_crossings"] = path_fence_crossings(link.path, cuts)
            edge["n_fence_crossings"] = len(edge["fence_crossings"])
        for name, share in path_shares(link.path, shares or {}).items():
            edge[f"share_{name}"] = share
    return graph


def _attributes(link: Link) -> dict[str, object]:
    names = ("cost_m", "path_m", "straight_m", "cost_per_straight", "cost_per_path", "status", "via", "found_by")
    return {**{name: getattr(link, name) for name in names}, "link": link}
