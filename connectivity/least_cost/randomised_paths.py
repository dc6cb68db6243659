"""Randomised shortest paths: between the least-cost path and the random walk, by a temperature.

Animals neither know the cheapest route nor wander blindly. Paths from a source to a target are drawn with probability
proportional to ``p_ref(path) exp(-theta cost(path))``: at high temperature ``T = 1 / theta`` the random walk of circuit theory,
at low temperature the least-cost path (Saerens, Achbany, Fouss and Yen 2009, Neural Computation 21:2363; Kivimaki, Shimbo and
Saerens 2014, Physica A 393:600; Panzacchi et al. 2016, J. Animal Ecology 85:32). With ``W = P_ref o exp(-theta C)`` and the
target absorbing::

    z = W z, z_target = 1                      survival: the partition function of the paths from each cell
    phi = -log(z) / theta                      free energy
    <c>_i = ((I - W)^-1 (W o C) z)_i / z_i     expected cost
    n_i = (e_s' (I - W)^-1)_i z_i / z_s        expected visits of cell i on the way from s
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import splu

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import STEPS, Stencil
from connectivity.landscape.windows import Window, crop_region, crop_stencil, window_of
from rasters.errors import DataError, SolverError
from rasters.grid import Grid

__all__ = ["RandomisedPaths", "WalkToTarget", "randomised_paths", "walk_to_target"]

TINY = 1e-250
"""Survival below which the plain system has lost its digits and the scaled one is solved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkToTarget:
    """Paths from every node to one target.

    Parameters
    ----------
    survival : (n,) float64
        ``z`` [1]: the chance that a walker that dies with ``1 - exp(-theta cost)`` on each step arrives; 1 at the target.
        May underflow to 0 where the free energy does not.
    free_energy : (n,) float64
        ``-log z / theta`` in the unit of the costs; inf where the target cannot be reached.
    expected_cost : (n,) float64
        Mean cost of the paths in the unit of the costs; inf where the target cannot be reached.
    """

    survival: NDArray[np.float64]
    free_energy: NDArray[np.float64]
    expected_cost: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RandomisedPaths:
    """Where animals with some knowledge pass on their way from a source to a target.

    Parameters
    ----------
    temperature_m : float
        ``1 / theta`` [effective m].
    passages : (height, width) float64
        Expected number of visits [1]; a walker may come back. Cells of a region show the region's number.
    net_flow : (height, width) float64
        Net flow through each cell [1]: goings to and fro cancelled; 1 at both ends. The current of circuit theory at
        high temperature.
    expected_cost_m, free_energy_m : float
        From source to target [effective m]; inf when unreachable.
    """

    temperature_m: float
    passages: NDArray[np.float64]
    net_flow: NDArray[np.float64]
    expected_cost_m: float
    free_energy_m: float
    source: str
    target: str
    grid: Grid

    def __repr__(self) -> str:
        ends = f"{self.source!r} to {self.target!r}"
        return f"RandomisedPaths({ends}, T={self.temperature_m:.6g} m, expected cost {self.expected_cost_m:.6g} effective m)"


def walk_to_target(probability: sparse.csr_array, cost: sparse.csr_array, theta: float, target: int) -> WalkToTarget:
    """Survival, free energy and expected cost from every node of a graph to one of them.

    Parameters
    ----------
    probability : (n, n) csr_array
        Reference walk: rows sum to 1.
    cost : (n, n) csr_array
        Cost of each step, on the same edges.
    theta : float
        Inverse temperature, > 0.
    target : int
    """
    steps = probability.tocoo()
    paid = np.asarray(cost.tocsr()[steps.coords[0], steps.coords[1]]).ravel()
    walk = _Walk.build(
        steps.coords[0], steps.coords[1], np.log(steps.data) - theta * paid, paid, probability.shape[0], target
    )
    return walk.result(theta)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Walk:
    """The system ``(I - W) y = .`` with ``z_i = exp(-scale_i) y_i``, so that nothing underflows.

    ``steps`` is W of the scaled system without the target's row, ``paid`` the same times each step's cost.
    """

    steps: sparse.csr_array
    paid: sparse.csr_array
    scale: NDArray[np.float64]
    value: NDArray[np.float64]
    target: int
    factor: Any

    @classmethod
    def build(
        cls,
        first: NDArray[np.integer],
        second: NDArray[np.integer],
        log_weight: NDArray[np.float64],
        cost: NDArray[np.float64],
        n: int,
        target: int,
    ) -> _Walk:
        keep = np.isfinite(log_weight) & (first != target)
        edges = first[keep], second[keep], log_weight[keep], cost[keep]
        plain = cls._scaled(*edges, np.zeros(n), target)
        lowest = plain.value[plain.value > 0].min(initial=1.0)
        reached = _reaches(edges[0], edges[1], n, target)
        if lowest > TINY and (plain.value[reached] > 0).all():
            return plain
        return cls._scaled(*edges, _best_log_weights(*edges[:3], n, target), target)

    @classmethod
    def _scaled(
        cls,
        first: NDArray[np.integer],
        second: NDArray[np.integer],
        log_weight: NDArray[np.float64],
        cost: NDArray[np.float64],
        scale: NDArray[np.float64],
        target: int,
    ) -> _Walk:
        n = scale.size
        with np.errstate(invalid="ignore"):
            weight = np.exp(log_weight + scale[first] - scale[second])
        weight[~np.isfinite(weight)] = 0.0
        steps = sparse.coo_array((weight, (first, second)), shape=(n, n)).tocsr()
        paid = sparse.coo_array((weight * cost, (first, second)), shape=(n, n)).tocsr()
        factor = splu((sparse.eye_array(n) - steps).tocsc())
        value = np.maximum(factor.solve(np.eye(1, n, target)[0]), 0.0)
        if not np.isfinite(value).all():
            raise SolverError(
                "the walk's weights span more than float64 can hold; use another temperature or a smaller area"
            )
        return cls(steps=steps, paid=paid, scale=scale, value=value, target=target, factor=factor)

    def result(self, theta: float) -> WalkToTarget:
        with np.errstate(divide="ignore", invalid="ignore"):
            log_z = np.log(self.value) - self.scale
            expected = self.factor.solve(self.paid @ self.value) / self.value
        log_z[self.value == 0] = -np.inf
        expected[self.value == 0] = np.inf
        free = -log_z / theta + 0.0
        free[self.target] = expected[self.target] = 0.0
        return WalkToTarget(survival=np.exp(log_z), free_energy=free, expected_cost=expected)

    def flows(self, source: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected visits of each node from a source, and the net flow through it."""
        start = np.eye(1, self.value.size, source)[0]
        arrive = np.maximum(self.factor.solve(start, trans="T"), 0.0) / self.value[source]
        over = sparse.diags_array(arrive) @ self.steps @ sparse.diags_array(self.value)
        net = (over - over.T).tocsr()
        net.data = np.maximum(net.data, 0.0)
        out, into = np.asarray(net.sum(axis=1)).ravel(), np.asarray(net.sum(axis=0)).ravel()
        return arrive * self.value, np.maximum(out, into)


def _reaches(first: NDArray[np.integer], second: NDArray[np.integer], n: int, target: int) -> NDArray[np.bool_]:
    ones = sparse.coo_array((np.ones(first.size), (second, first)), shape=(n, n)).tocsr()
    return np.isfinite(dijkstra(ones, indices=target, unweighted=True))


def _best_log_weights(
    first: NDArray[np.integer], second: NDArray[np.integer], log_weight: NDArray[np.float64], n: int, target: int
) -> NDArray[np.float64]:
    """``-log`` of the weight of the heaviest single path from each node to the target; inf where there is none."""
    order = np.argsort(-log_weight, kind="stable")
    edge = first[order].astype(np.int64) * n + second[order]
    _, heaviest = np.unique(edge, return_index=True)
    best = order[heaviest]
    backwards = sparse.coo_array((-log_weight[best], (second[best], first[best])), shape=(n, n)).tocsr()
    found: NDArray[np.float64] = dijkstra(backwards, indices=target)
    return found


def randomised_paths(
    stencil: Stencil,
    source: FocalRegion,
    target: FocalRegion,
    temperature_m: float,
    *,
    corridor: NDArray[np.bool_] | None = None,
) -> RandomisedPaths:
    """Randomised shortest paths through a landscape.

    Parameters
    ----------
    stencil : Stencil
        The reference walk goes to each neighbour with a chance proportional to the edge's conductance; a step costs what
        it does for least-cost paths [effective m], fences included in both.
    source, target : FocalRegion
        Each is one node, as in the circuit.
    temperature_m : float
        ``1 / theta`` [effective m]: detours that cost about this much more are still taken.
    corridor : (height, width) bool, optional
        Cells that may be used, besides the two regions. Default: all. A direct solver is used: keep it below some 1e5 cells.

    Returns
    -------
    RandomisedPaths
        On the whole grid, 0 outside the corridor.
    """
    if not 0 < temperature_m < math.inf:
        raise DataError(f"temperature_m must be > 0 and finite, not {temperature_m!r}")
    part, window, labels = _cut_out(stencil, source, target, corridor)
    grid = stencil.surface.grid
    if not reachable_cells(part, crop_region(source, window))[labels == 2].any():
        none = np.zeros(grid.shape)
        return _paths(temperature_m, none, none.copy(), math.inf, math.inf, source, target, grid)
    node, n = _numbered(part, labels)
    first, second, conductance, cost = _edges(part, node)
    out = np.bincount(first, weights=conductance, minlength=n)
    log_weight = np.log(conductance / out[first]) - cost / temperature_m
    walk = _Walk.build(first, second, log_weight, cost, n, target=1)
    reached = walk.result(1.0 / temperature_m)
    visits, net = walk.flows(source=0)
    return _paths(
        temperature_m,
        _on_grid(visits, node, window, grid),
        _on_grid(net, node, window, grid),
        float(reached.expected_cost[0]),
        float(reached.free_energy[0]),
        source,
        target,
        grid,
    )


def _paths(
    temperature_m: float,
    passages: NDArray[np.float64],
    net_flow: NDArray[np.float64],
    expected_m: float,
    free_m: float,
    source: FocalRegion,
    target: FocalRegion,
    grid: Grid,
) -> RandomisedPaths:
    return RandomisedPaths(
        temperature_m=temperature_m,
        passages=passages,
        net_flow=net_flow,
        expected_cost_m=expected_m,
        free_energy_m=free_m,
        source=source.id,
        target=target.id,
        grid=grid,
    )


def _cut_out(
    stencil: Stencil, source: FocalRegion, target: FocalRegion, corridor: NDArray[np.bool_] | None
) -> tuple[Stencil, Window, NDArray[np.int32]]:
    """The corridor with both regions, numbered 1 and 2."""
    usable = np.ones(stencil.shape, bool) if corridor is None else corridor | source.mask | target.mask
    window = window_of(usable)
    part = crop_stencil(stencil, window, usable)
    labels = region_labels([crop_region(source, window), crop_region(target, window)])
    return part, window, np.where(part.surface.passable, labels, 0).astype(np.int32)


def _numbered(part: Stencil, labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], int]:
    """Node of each cell: 0 the source, 1 the target, -1 none; and their number."""
    node = np.full(part.shape, -1, np.int64)
    single = part.surface.passable & (labels == 0)
    node[single] = 2 + np.arange(int(single.sum()))
    node[labels > 0] = labels[labels > 0] - 1
    return node, 2 + int(single.sum())


def _edges(
    part: Stencil, node: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """First and second node, conductance [S] and cost [effective m] of every directed edge that is open."""
    conductance, cost = stencil_laplacian(part).conductance, part.cost()
    step, row, col = np.nonzero(conductance > 0)
    offset = np.array(STEPS)[step]
    a, b = node[row, col], node[row + offset[:, 0], col + offset[:, 1]]
    apart = a != b
    g, c = conductance[step, row, col][apart], cost[step, row, col][apart]
    a, b = a[apart], b[apart]
    return np.concatenate([a, b]), np.concatenate([b, a]), np.tile(g, 2), np.tile(c, 2)


def _on_grid(values: NDArray[np.float64], node: NDArray[np.int64], window: Window, grid: Grid) -> NDArray[np.float64]:
    return window.spread(np.where(node >= 0, values[node], 0.0), grid)
