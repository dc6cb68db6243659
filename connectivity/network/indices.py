"""How well a network of habitat is connected as a whole, and what each core and each link adds to it.

*Probability of connectivity* (Saura and Pascual-Hortal 2007, Landscape and Urban Planning 83:91-103)::

    PC = sum_ij a_i a_j p*_ij / A_L^2        ECA = sqrt(sum_ij a_i a_j p*_ij)

with ``a`` the cores' capacity (area, or area times quality), ``p*`` the largest product of link probabilities over all routes
from i to j, and ``A_L`` the landscape's area. ECA, the equivalent connected area (Saura et al. 2011, Ecological
Indicators 11:407), is the area of one core that would be worth as much.

Importance: dPC is the per cent by which PC falls without a core; it parts into *intra* (the core's own area), *flux* (routes
that start or end there) and *connector* (routes of others that run through it) (Saura and Rubio 2010, Ecography 33:523).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from rasters.errors import DataError

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "ConnectivityIndex",
    "DispersalKernel",
    "Importance",
    "equivalent_connected_area",
    "link_importance",
    "node_importance",
    "probability_of_connectivity",
]

KernelShape = Literal["exponential", "gaussian", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DispersalKernel:
    """Probability that an animal disperses over a cost distance.

    Parameters
    ----------
    distance_m : float
        Cost distance [effective m] at which the probability is ``probability``; with ``"step"`` the farthest reached.
    probability : float
        In (0, 1); without meaning for ``"step"``.
    shape : {"exponential", "gaussian", "step"}
        ``p^(d / distance)``, ``p^((d / distance)^2)``, or 1 up to the distance and 0 beyond.
    """

    distance_m: float
    probability: float = 0.5
    shape: KernelShape = "exponential"

    def __post_init__(self) -> None:
        if not 0 < self.distance_m < math.inf:
            raise DataError(f"a dispersal distance must be > 0 and finite, not {self.distance_m!r}")
        if not 0 < self.probability < 1:
            raise DataError(f"the probability at the dispersal distance must be in (0, 1), not {self.probability!r}")
        if self.shape not in ("exponential", "gaussian", "step"):
            raise DataError(f"a kernel is 'exponential', 'gaussian' or 'step', not {self.shape!r}")

    @property
    def alpha_per_m(self) -> float:
        """``-ln p / distance`` [1 / effective m]: the rate of the exponential kernel."""
        return -math.log(self.probability) / self.distance_m

    def minus_log(self, cost_m: ArrayLike) -> NDArray[np.float64]:
        """``-ln`` of the probability of each cost distance [1]; inf where it is 0."""
        cost = np.asarray(cost_m, dtype=np.float64)
        if self.shape == "step":
            return np.where(cost <= self.distance_m, 0.0, np.inf)
        share = cost / self.distance_m
        return -math.log(self.probability) * (share if self.shape == "exponential" else share**2)

    def of(self, cost_m: ArrayLike) -> NDArray[np.float64]:
        """Probability of each cost distance [1]."""
        return np.exp(-self.minus_log(cost_m))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConnectivityIndex:
    """One index of a whole network.

    Parameters
    ----------
    nodes : tuple of str
    connection : (n, n) float64
        ``p*`` between each two nodes [1]; 1 on the diagonal.
    numerator : float
        ``sum_ij a_i a_j connection_ij`` [capacity^2].
    value : float
        The index: numerator over the landscape's area squared [1]; NaN where that was not given.
    equivalent_area : float
        Square root of the numerator [capacity]: ECA.
    """

    nodes: tuple[str, ...]
    connection: NDArray[np.float64]
    numerator: float
    value: float

    @property
    def equivalent_area(self) -> float:
        """Capacity of one core that would be worth as much as the network [capacity]."""
        return math.sqrt(self.numerator)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Importance:
    """What each node, or link, adds to an index, in per cent of it.

    Parameters
    ----------
    names : tuple
        Nodes, or links as pairs of nodes.
    change : (n,) float64
        Per cent by which the index falls without it.
    intra, flux, connector : (n,) float64
        Parts of ``change`` that add up to it; for links all is ``connector``.
    """

    names: tuple[Any, ...]
    change: NDArray[np.float64]
    intra: NDArray[np.float64]
    flux: NDArray[np.float64]
    connector: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Weighted:
    """A graph as arrays: capacity of each node, and links with the length that routes add up."""

    nodes: tuple[Any, ...]
    capacity: NDArray[np.float64]
    ends: NDArray[np.int64]
    length: NDArray[np.float64]

    def without(self, *, node: int | None = None, link: int | None = None) -> _Weighted:
        keep = np.ones(self.length.size, bool)
        capacity = self.capacity.copy()
        if link is not None:
            keep[link] = False
        if node is not None:
            keep &= (self.ends != node).all(axis=1)
            capacity[node] = 0.0
        return _Weighted(nodes=self.nodes, capacity=capacity, ends=self.ends[keep], length=self.length[keep])

    def lengths(self) -> NDArray[np.float64]:
        """(n, n) length of the shortest route between each two nodes; inf where there is none."""
        n, real = len(self.nodes), np.isfinite(self.length)
        rows, cols = self.ends[real].T
        matrix = sparse.coo_array((self.length[real], (rows, cols)), shape=(n, n)).tocsr()
        shortest: NDArray[np.float64] = dijkstra(matrix, directed=False)
        return shortest


def equivalent_connected_area(
    capacity: NDArray[np.float64], cost_m: NDArray[np.float64], kernel: DispersalKernel
) -> float:
    """ECA of places from the least cost between each two of them (Saura et al. 2011).

    Parameters
    ----------
    capacity : (n,) float64
        Of each place: area, or area times quality.
    cost_m : (n (n - 1) / 2,) float64
        Least cost between each two places [effective m], in the order of ``np.triu_indices(n, 1)``; inf where nothing joins
        them. Because it is the least over all routes, routes through other places are in it, and no product of links beats it.
    kernel : DispersalKernel

    Returns
    -------
    float
        Capacity of one place that would be worth as much.
    """
    first, second = np.triu_indices(capacity.size, 1)
    joined = 2.0 * (capacity[first] * capacity[second] * kernel.of(cost_m)).sum()
    return float(np.sqrt((capacity**2).sum() + joined))


def probability_of_connectivity(
    graph: nx.Graph[Any],
    kernel: DispersalKernel,
    *,
    capacity: str = "area_km2",
    cost: str = "cost_m",
    landscape: float = math.nan,
) -> ConnectivityIndex:
    """PC and ECA of a network.

    Parameters
    ----------
    graph : networkx.Graph
        As `connectivity.network.links.network_graph` makes it.
    kernel : DispersalKernel
        Probability of a link from its cost; along a route probabilities multiply, and the best route counts.
    capacity : str
        Node attribute: area, or area times quality.
    cost : str
        Edge attribute: cost distance [effective m].
    landscape : float
        ``A_L``, area of the whole landscape in the unit of ``capacity``; without it ``value`` is NaN.

    Examples
    --------
    Two cores of 3 km2 and 4 km2, joined with probability 1/2:

    >>> import networkx as nx
    >>> graph = nx.Graph()
    >>> graph.add_node("a", area_km2=3.0)
    >>> graph.add_node("b", area_km2=4.0)
    >>> graph.add_edge("a", "b", cost_m=1000.0)
    >>> probability_of_connectivity(graph, DispersalKernel(distance_m=1000.0)).numerator
    37.0
    """
    return _pc(_weighted(graph, capacity, cost, kernel), landscape)


def node_importance(
    graph: nx.Graph[Any], kernel: DispersalKernel, *, capacity: str = "area_km2", cost: str = "cost_m"
) -> Importance:
    """dPC of every node, with its parts."""
    weighted = _weighted(graph, capacity, cost, kernel)
    whole = _pc(weighted)
    left = np.array([_pc(weighted.without(node=i)).numerator for i in range(len(weighted.nodes))])
    area, total = weighted.capacity, whole.numerator
    if total == 0:
        raise DataError("the network has no capacity: every core's is 0")
    change = 100.0 * (total - left) / total
    intra = 100.0 * area**2 / total
    flux = 200.0 * area * (whole.connection @ area - area) / total
    return Importance(names=weighted.nodes, change=change, intra=intra, flux=flux, connector=change - intra - flux)


def link_importance(
    graph: nx.Graph[Any], kernel: DispersalKernel, *, capacity: str = "area_km2", cost: str = "cost_m"
) -> Importance:
    """dPC of every link: the per cent by which PC falls without it, in the order of ``graph.edges``."""
    weighted = _weighted(graph, capacity, cost, kernel)
    whole = _pc(weighted).numerator
    left = np.array([_pc(weighted.without(link=i)).numerator for i in range(weighted.length.size)])
    change = 100.0 * (whole - left) / whole
    none = np.zeros_like(change)
    return Importance(names=tuple(graph.edges), change=change, intra=none, flux=none, connector=change)


def _weighted(graph: nx.Graph[Any], capacity: str, cost: str, kernel: DispersalKernel) -> _Weighted:
    """Each link as long as ``-ln p``."""
    nodes = tuple(graph)
    number = {node: i for i, node in enumerate(nodes)}
    try:
        area = np.array([graph.nodes[node][capacity] for node in nodes], np.float64)
        costs = np.array([data[cost] for _, _, data in graph.edges(data=True)], np.float64)
    except KeyError as error:
        raise DataError(f"the graph lacks the attribute {error} on some node or link; add it") from error
    if not ((area >= 0) & np.isfinite(area)).all() or not (costs >= 0).all():
        raise DataError(f"{capacity} must be finite and >= 0, and {cost} >= 0; look at the network's cores and links")
    ends = np.array([(number[a], number[b]) for a, b in graph.edges], np.int64).reshape(-1, 2)
    return _Weighted(nodes=nodes, capacity=area, ends=ends, length=kernel.minus_log(costs))


def _pc(weighted: _Weighted, landscape: float = math.nan) -> ConnectivityIndex:
    connection = np.exp(-weighted.lengths())
    numerator = float(weighted.capacity @ connection @ weighted.capacity)
    return ConnectivityIndex(
        nodes=weighted.nodes, connection=connection, numerator=numerator, value=numerator / landscape**2
    )
