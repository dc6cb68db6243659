"""Exact value of every set of openings: resistance, conductance, arriving current and least cost.

The landscape is reduced once (`connectivity.reduction.reduce`) to focal regions and both ends of every edge that a candidate opens,
or searched once from each of them for least cost. What is left is a matrix of effective resistances, or of least costs,
between a few nodes; opening an edge changes it in closed form (`connectivity.kernels.openings`), whether or not a fence
is sealed. Thousands of sets take about a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.kernels.openings import costs_of_sets, open_conductance, open_cost, resistances_of_sets
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distances
from connectivity.openings.edges import OpenableEdges
from connectivity.reduction.network import ReducedNetwork
from rasters.arrays import Reals
from rasters.errors import DataError

__all__ = ["CircuitOfSets", "DistancesOfSets", "Pairs", "no_sets", "single_sets"]

Sets = NDArray[np.bool_]
CHUNK = 20_000
"""Sets worked on at a time by one thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """From where to where, as positions in a list of focal regions.

    Parameters
    ----------
    first : tuple of int
    second : tuple of tuple of int
        Where to; several regions together are reached as soon as one of them is.
    """

    first: tuple[int, ...]
    second: tuple[tuple[int, ...], ...]

    @classmethod
    def to_any(cls, origins: int, targets: int) -> Pairs:
        """From each of the first regions to all the targets behind them together."""
        together = tuple(range(origins, origins + targets))
        return cls(first=tuple(range(origins)), second=(together,) * origins)

    @classmethod
    def between(cls, pairs: Sequence[tuple[int, int]]) -> Pairs:
        """One region to one."""
        return cls(first=tuple(a for a, _ in pairs), second=tuple((b,) for _, b in pairs))

    @classmethod
    def every(cls, regions: int) -> Pairs:
        """Each region with each other, once."""
        return cls.between([(a, b) for a in range(regions) for b in range(a + 1, regions)])

    @property
    def size(self) -> int:
        """Number of pairs."""
        return len(self.first)


def no_sets(n_candidates: int) -> Sets:
    """(1, n_candidates): nothing opened."""
    return np.zeros((1, n_candidates), bool)


def single_sets(n_candidates: int) -> Sets:
    """(n_candidates, n_candidates): each candidate alone."""
    return np.eye(n_candidates, dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CircuitOfSets:
    """A reduced landscape on which any set of candidates is opened exactly.

    Parameters
    ----------
    resistance : (n, n) float64
        Effective resistance between nodes [ohm] with every candidate closed; inf where nothing joins them.
    edges : OpenableEdges
    first, second : (e,) int64
        Nodes of each edge.
    source, target : (p,) int64
        Nodes of each pair.
    ground : int
        The node where walkers die, -1 where nobody does.
    """

    resistance: Reals
    edges: OpenableEdges
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    ground: int = -1

    @classmethod
    def build(cls, network: ReducedNetwork, edges: OpenableEdges, regions: int, pairs: Pairs) -> CircuitOfSets:
        """From a reduced landscape in which the regions are numbered from 1 and both ends of every edge are kept.

        Regions that a pair aims at together are held together for all pairs; they must be the same for all, or one each.
        """
        together = sorted({group for group in pairs.second if len(group) > 1})
        if len(together) > 1 or (together and any(group not in together for group in pairs.second)):
            raise DataError("pairs must all aim at the same regions together, or each at one region")
        at = np.array([network.index_of_region(number + 1) for number in range(regions)], np.int64)
        merged, node = _merged(network, at[list(together[0])] if together else at[:0])
        look = _node_of_cells(network)
        return cls(
            resistance=_resistances(network, merged),
            edges=edges,
            first=node[look[edges.first]],
            second=node[look[edges.second]],
            source=node[at[list(pairs.first)]],
            target=node[at[[group[0] for group in pairs.second]]],
            ground=merged.shape[0] - 1 if network.ground.any() else -1,
        )

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.edges.n_candidates

    def resistances(self, sets: Sets) -> Reals:
        """(s, p) effective resistance [ohm] of each pair with each set open; inf where it stays apart."""
        focal, back = self._focal()
        here, there, _ = back
        return self._values(sets, focal, lambda block: block[:, here, there])

    def conductances(self, sets: Sets) -> Reals:
        """(s, p) effective conductance [S]; 0 where a pair stays apart."""
        with np.errstate(divide="ignore"):
            return 1.0 / self.resistances(sets)

    def arriving(self, sets: Sets) -> Reals:
        """(s, p) share of the walkers from a pair's source that reach its target before they die [1].

        With the target at 1 V and the ground at 0 V it is the voltage at the source, which follows from the resistances
        between the three (Doyle and Snell, Random Walks and Electric Networks, 1984).
        """
        focal, back = self._focal()
        return self._values(sets, focal, lambda block: _arriving(block, *back, grounded=self.ground >= 0))

    def opened(self, conductance: Reals) -> CircuitOfSets:
        """The same with conductance [S] (e,) added to the edges, once and for all."""
        matrix = self.resistance.copy()
        size = matrix.shape[0]
        scratch = np.empty(size), np.empty(size)
        for e in np.flatnonzero(conductance > 0):
            open_conductance(matrix, size, self.first[e], self.second[e], conductance[e], *scratch)
        return replace(self, resistance=matrix)

    def only(self, candidates: Sequence[int]) -> CircuitOfSets:
        """The same for some of the candidates, on the nodes that they need."""
        edges = self.edges.only(candidates)
        keep_edge = _edges_kept(self.edges, edges)
        first, second = self.first[keep_edge], self.second[keep_edge]
        ground = [self.ground] if self.ground >= 0 else []
        nodes = np.unique(np.concatenate([first, second, self.source, self.target, np.array(ground, np.int64)]))
        find = np.searchsorted
        return CircuitOfSets(
            resistance=self.resistance[np.ix_(nodes, nodes)],
            edges=edges,
            first=find(nodes, first),
            second=find(nodes, second),
            source=find(nodes, self.source),
            target=find(nodes, self.target),
            ground=int(find(nodes, self.ground)) if ground else -1,
        )

    def _focal(self) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64], int]]:
        """Distinct nodes of the pairs (and ground, last), and each pair's place among them."""
        focal, back = np.unique(np.concatenate([self.source, self.target]), return_inverse=True)
        if self.ground >= 0:
            focal = np.append(focal, self.ground)
        return focal, (back[: self.source.size], back[self.source.size :], focal.size - 1)

    def _values(self, sets: Sets, focal: NDArray[np.int64], read: Callable[[Reals], Reals]) -> Reals:
        def work(part: Sets) -> Reals:
            delta = self.edges.delta[self.edges.states(part)]
            block = np.empty((part.shape[0], focal.size, focal.size))
            used = np.flatnonzero((delta > 0).any(axis=0))
            resistances_of_sets(
                self.resistance,
                focal,
                self.first[used],
                self.second[used],
                np.ascontiguousarray(delta[:, used]),
                0,
                part.shape[0],
                block,
            )
            return read(block)

        return in_chunks(sets, work)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistancesOfSets:
    """Least costs between focal regions and gap ends, on which any set of candidates is opened exactly.

    Parameters
    ----------
    cost_m : (n, n) float64
        Least cost between nodes [effective m] with every candidate closed; regions first.
    edges : OpenableEdges
    first, second : (e,) int64
        Nodes of each edge.
    pairs : Pairs
    """

    cost_m: Reals
    edges: OpenableEdges
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    pairs: Pairs

    @classmethod
    def build(
        cls,
        stencil: Stencil,
        from_regions: Sequence[CostDistance],
        edges: OpenableEdges,
        pairs: Pairs,
        *,
        between_gaps: bool = True,
        threads: int = 2,
    ) -> DistancesOfSets:
        """Search once from each end of each edge.

        Parameters
        ----------
        from_regions : sequence of CostDistance
            Searched from each region that pairs name, on ``stencil``.
        between_gaps : bool
            Without it, no search from the edges: ways through more than one of them are left out, which is enough, and
            exact, for single openings.

        Notes
        -----
        Takes one search per node: about a tenth of a second for a million cells.
        """
        cells, place = np.unique(np.concatenate([edges.first, edges.second]), return_inverse=True)
        rows, cols = np.divmod(cells, stencil.shape[1])
        n = len(from_regions)
        matrix = np.full((n + cells.size, n + cells.size), np.inf)
        np.fill_diagonal(matrix, 0.0)

        def read(number: int, found: CostDistance) -> None:
            matrix[number, :n] = [found.to(one.source) for one in from_regions]
            matrix[number, n:] = found.cwd[rows, cols]

        def search(number: int) -> None:
            read(n + number, cost_weighted_distances(stencil, [_cell_region(stencil, int(cells[number]))])[0])

        for number, found in enumerate(from_regions):
            read(number, found)
        with ThreadPoolExecutor(max_workers=threads) as pool:
            list(pool.map(search, range(cells.size if between_gaps else 0)))
        at = place + n
        return cls(
            cost_m=np.minimum(matrix, matrix.T),
            edges=edges,
            first=at[: edges.size],
            second=at[edges.size :],
            pairs=pairs,
        )

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.edges.n_candidates

    def distances(self, sets: Sets) -> Reals:
        """(s, p) least cost [effective m] of each pair with each set open; inf where it stays apart."""
        focal, here, there, group = self._focal()

        def work(part: Sets) -> Reals:
            cost = self.edges.cost_m[self.edges.states(part)]
            block = np.empty((part.shape[0], focal.size, focal.size))
            costs_of_sets(self.cost_m, focal, self.first, self.second, cost, 0, part.shape[0], block)
            return np.minimum.reduceat(block[:, here, there], group, axis=1)

        return in_chunks(sets, work)

    def only(self, candidates: Sequence[int]) -> DistancesOfSets:
        """The same for some of the candidates."""
        edges = self.edges.only(candidates)
        keep = _edges_kept(self.edges, edges)
        return replace(self, edges=edges, first=self.first[keep], second=self.second[keep])

    def opened(self, state: NDArray[np.int64]) -> Reals:
        """(n, n) least costs with the edges in the given states (e,)."""
        matrix, size = self.cost_m.copy(), self.cost_m.shape[0]
        scratch = np.empty(size), np.empty(size)
        for e in np.flatnonzero(np.isfinite(self.edges.cost_m[state])):
            open_cost(matrix, size, self.first[e], self.second[e], self.edges.cost_m[state[e]], *scratch)
        return matrix

    def _focal(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Distinct regions of the pairs; both places of each single way of each pair; where each pair's ways begin."""
        here = [a for a, group in zip(self.pairs.first, self.pairs.second, strict=True) for _ in group]
        there = [b for group in self.pairs.second for b in group]
        start = np.cumsum([0, *(len(group) for group in self.pairs.second)])[:-1]
        focal, back = np.unique(np.array([*here, *there], np.int64), return_inverse=True)
        return focal, back[: len(here)], back[len(here) :], start


def in_chunks(sets: Sets, work: Callable[[Sets], Reals]) -> Reals:
    """Rows of ``work`` for all sets, some thousand at a time on every processor."""
    sets = np.atleast_2d(np.asarray(sets, bool))
    parts = [sets[i : i + CHUNK] for i in range(0, max(sets.shape[0], 1), CHUNK)]
    if len(parts) == 1:
        return work(parts[0])
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return np.concatenate(list(pool.map(work, parts)))


def _arriving(block: Reals, here: NDArray[np.int64], there: NDArray[np.int64], ground: int, *, grounded: bool) -> Reals:
    between = block[:, here, there]
    if not grounded:
        return np.isfinite(between).astype(np.float64)
    dies, stays = block[:, here, ground], block[:, there, ground]
    with np.errstate(invalid="ignore"):
        share = 0.5 * (1.0 + (dies - between) / stays)
    share = np.where(np.isinf(dies) & np.isfinite(between), 1.0, share)
    return np.clip(np.where(np.isinf(between), 0.0, share), 0.0, 1.0)


def _merged(network: ReducedNetwork, together: NDArray[np.int64]) -> tuple[Reals, NDArray[np.int64]]:
    """Conductances with some nodes made one and ground as the last node, and where each node went."""
    if np.isinf(network.ground).any():
        raise DataError("a node of the reduced landscape is held at 0 V; reduce without it and name it as a target")
    circuit = np.zeros((network.size + 1, network.size + 1))
    circuit[:-1, :-1] = network.conductance
    circuit[-1, :-1] = circuit[:-1, -1] = network.ground
    if not network.ground.any():
        circuit = circuit[:-1, :-1]
    node = np.arange(circuit.shape[0])
    if together.size > 1:
        circuit[together[0]] = circuit[together].sum(axis=0)
        circuit[:, together[0]] = circuit[:, together].sum(axis=1)
        circuit[together[0], together[0]] = 0.0
        rest = np.setdiff1d(node, together[1:])
        node = np.searchsorted(rest, np.where(np.isin(node, together), together[0], node))
        circuit = circuit[np.ix_(rest, rest)]
    return np.ascontiguousarray(circuit), node


def _resistances(network: ReducedNetwork, circuit: Reals) -> Reals:
    """Effective resistance between all nodes of a network without ground; inf between its parts."""
    size = circuit.shape[0]
    bare = replace(
        network,
        cell=np.zeros((size, 2), np.int32),
        region=np.zeros(size, np.int32),
        lookup=np.empty((2, 0), np.int64),
        conductance=circuit,
        ground=np.zeros(size),
        component=np.zeros(size, np.int32),
    )
    return bare.effective_resistances()


def _node_of_cells(network: ReducedNetwork) -> NDArray[np.int64]:
    """(height x width,) node of each flat cell; -1 where it was not kept."""
    look = np.full(network.shape[0] * network.shape[1], -1, np.int64)
    look[network.lookup[0]] = network.lookup[1]
    return look


def _edges_kept(every: OpenableEdges, some: OpenableEdges) -> NDArray[np.int64]:
    """Place in ``every`` of the edges of ``some``."""
    n = every.shape[0] * every.shape[1]
    known = every.first * n + every.second
    order = np.argsort(known)
    return order[np.searchsorted(known[order], some.first * n + some.second)]


def _cell_region(stencil: Stencil, cell: int) -> FocalRegion:
    row, col = divmod(cell, stencil.shape[1])
    return FocalRegion.cell(f"cell {row}, {col}", row, col, stencil.surface.grid)
