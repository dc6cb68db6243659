"""A small exact network, and what follows from it by dense algebra."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from connectivity.kernels.dissection.network import network_components
from connectivity.machine import usable_threads
from connectivity.reduction.dense import (
    EdgeSets,
    connected_parts,
    connected_voltages,
    eliminate_first,
    resistances_between,
    set_resistances,
    visits_of,
)
from connectivity.report import SolveReport
from rasters.errors import DataError, FocalNodeError

__all__ = ["ReducedNetwork"]

_ROUNDING = 1e-12

Reals = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedNetwork:
    """Kept nodes of a landscape and the exact conductances between them.

    Parameters
    ----------
    shape : tuple of int
        (height, width) of the raster.
    cell : (k, 2) int32
        Row and column of each node; of a region its first cell.
    region : (k,) int32
        Region number of each node, 0 for a single cell.
    lookup : (2, n) int64
        Flat index of every cell that belongs to a node, increasing, and its node.
    conductance : (k, k) float64
        Symmetric, >= 0, zero diagonal [S].
    ground : (k,) float64
        Conductance to ground [S], ``inf`` for a node held at 0 V.
    component : (k,) int32
        Nodes joined through the landscape, ground apart, share a number.
    report : SolveReport

    Notes
    -----
    Where there is ground it takes part in the circuit as one more node: two nodes that meet only through it have a
    finite effective resistance. Nodes are numbers 0..k-1; see `index_of` and `index_of_region`.
    """

    shape: tuple[int, int]
    cell: Ints
    region: Ints
    lookup: NDArray[np.int64]
    conductance: Reals
    ground: Reals
    component: Ints
    report: SolveReport

    def __post_init__(self) -> None:
        for array in (self.cell, self.region, self.lookup, self.conductance, self.ground, self.component):
            array.flags.writeable = False

    def __repr__(self) -> str:
        """Sizes, not arrays."""
        grounded = int(np.count_nonzero(self.ground))
        return (
            f"ReducedNetwork({self.size} nodes, {int(np.count_nonzero(self.region))} of them regions, "
            f"{int(self.component.max(initial=-1)) + 1} components, {grounded} nodes with ground, {self.report.method})"
        )

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(self.ground.size)

    def index_of(self, row: int, col: int) -> int:
        """Node of a kept cell, or of any cell of a region."""
        flat = row * self.shape[1] + col
        at = int(np.searchsorted(self.lookup[0], flat))
        inside = 0 <= row < self.shape[0] and 0 <= col < self.shape[1]
        if not inside or at == self.lookup.shape[1] or self.lookup[0, at] != flat:
            raise FocalNodeError(f"cell row {row}, col {col} was not kept; mark it in keep before reducing")
        return int(self.lookup[1, at])

    def index_of_region(self, number: int) -> int:
        """Node of a region."""
        at = np.flatnonzero(self.region == number) if number > 0 else np.empty(0, np.intp)
        if at.size == 0:
            known = ", ".join(str(n) for n in self.region[self.region > 0][:10])
            raise FocalNodeError(f"region {number} is not in the network; regions are {known or 'none'}")
        return int(at[0])

    def effective_resistance(self, a: int, b: int) -> float:
        """Voltage between two nodes at 1 A from one to the other [ohm]; ``inf`` where nothing joins them."""
        return float(self.effective_resistances([a, b])[0, 1])

    def effective_resistances(self, nodes: ArrayLike | None = None) -> Reals:
        """Effective resistance between all pairs of nodes.

        Parameters
        ----------
        nodes : (m,) int, optional
            Default: all nodes.

        Returns
        -------
        (m, m) float64
            [ohm], symmetric, 0 on the diagonal, ``inf`` between nodes that neither landscape nor ground joins.
        """
        chosen = self._chosen(nodes)
        distinct, back = np.unique(chosen, return_inverse=True)
        circuit, at = self.reduced_to(distinct)._circuit()
        result = resistances_between(circuit)
        where = at[back]
        return result[np.ix_(where, where)]

    def voltages(self, current: ArrayLike) -> Reals:
        """Voltage of each node for currents put in.

        Parameters
        ----------
        current : (k,) float64
            [A]; the sum must be 0 over every part that no ground joins.

        Returns
        -------
        (k,) float64
            [V] against ground; in a part without ground the lowest node is at 0 V.
        """
        put_in = np.asarray(current, np.float64)
        if put_in.shape != (self.size,) or not np.isfinite(put_in).all():
            raise DataError(f"current must be {self.size} finite numbers, one per node; got shape {put_in.shape}")
        circuit, at = self._circuit()
        total = np.zeros(circuit.shape[0])
        np.add.at(total, at, put_in)
        result = np.zeros(circuit.shape[0])
        for members in connected_parts(circuit):
            grounded = members[-1] == self.size
            here = total[members]
            if not grounded and abs(here.sum()) > _ROUNDING * np.abs(here).sum():
                row, col = self.cell[np.flatnonzero(at == members[0])[0]]
                raise DataError(
                    f"{here.sum():g} A cannot leave the part around row {row}, col {col}: it has no ground; "
                    "take out as much current as is put in"
                )
            volt = connected_voltages(circuit[np.ix_(members, members)], here)
            result[members] = volt if grounded else volt - volt.min()
        return result[at]

    def arriving_current(self, sources: ArrayLike | None = None, targets: ArrayLike | None = None) -> Reals:
        """Share of the current put in at a source that leaves at a target held at 0 V; ground takes the rest.

        Parameters
        ----------
        sources, targets : (m,), (n,) int, optional
            Default: all nodes.

        Returns
        -------
        (m, n) float64
            [1], 1 where source and target are one, 0 where they do not join.

        Notes
        -----
        The probability that a random walker from the source reaches the target before it dies (Doyle and Snell, Random
        Walks and Electric Networks, 1984), ``G_ts / G_tt`` of the grounded network.
        """
        source, target = self._chosen(sources), self._chosen(targets)
        distinct, back = np.unique(np.concatenate([source, target]), return_inverse=True)
        small = self.reduced_to(distinct)
        share = small._arriving()
        return share[np.ix_(back[: source.size], back[source.size :])]

    def _arriving(self) -> Reals:
        circuit, at = self._circuit()
        share = np.eye(circuit.shape[0])
        for members in connected_parts(circuit):
            inner = members[members < self.size]
            if members[-1] != self.size:
                share[np.ix_(members, members)] = 1.0
            elif inner.size:
                visits = visits_of(circuit[np.ix_(members, members)])[:-1, :-1]
                share[np.ix_(inner, inner)] = visits / np.diag(visits)
        result = share[np.ix_(at, at)]
        held = np.flatnonzero(np.isinf(self.ground))
        result[held, :] = 0.0
        result[:, held] = self._into_held(circuit, held)
        result[np.arange(self.size), np.arange(self.size)] = 1.0
        return result

    def _into_held(self, circuit: Reals, held: NDArray[np.intp]) -> Reals:
        """Share that ends in each node held at 0 V: the walk's last step, over all visits."""
        into = np.zeros((self.size, held.size))
        if held.size == 0:
            return into
        for members in connected_parts(circuit):
            if members[-1] == self.size and members.size > 1:
                visits = visits_of(circuit[np.ix_(members, members)])[:-1, :-1]
                into[members[:-1]] = visits @ self.conductance[np.ix_(members[:-1], held)]
        return into

    def changed(self, first: ArrayLike, second: ArrayLike, delta: ArrayLike) -> ReducedNetwork:
        """The network with conductances added to, or taken from, edges between its nodes.

        Parameters
        ----------
        first, second : (e,) int
            Ends of each edge.
        delta : (e,) float64
            [S]; what is taken away must be there.

        Notes
        -----
        Exact, since the edges join kept nodes. Taking a strong edge away leaves the digits of what the landscape offers
        besides it only down to 1e-16 of the edge: where that matters, reduce with the edge closed and open it here.
        """
        ends, add = self._edges(first, second, delta)
        proper = ends[:, 0] != ends[:, 1]
        one, two, add = ends[proper, 0], ends[proper, 1], add[proper]
        conductance = self.conductance.copy()
        np.add.at(conductance, (one, two), add)
        np.add.at(conductance, (two, one), add)
        _check_taken(conductance[one, two], ends[proper], np.abs(add).max(initial=0.0))
        np.maximum(conductance, 0.0, out=conductance)
        component = np.empty(self.size, np.int32)
        network_components(conductance, component)
        return replace(self, conductance=conductance, ground=self.ground.copy(), component=component)

    def reduced_to(self, nodes: ArrayLike) -> ReducedNetwork:
        """The exact network of fewer nodes, in the order given; all others are eliminated."""
        chosen = self._chosen(nodes)
        if np.unique(chosen).size != chosen.size:
            raise DataError("a node is named twice; name each node to keep once")
        conductance, ground = self._eliminate_to(chosen)
        component = np.empty(chosen.size, np.int32)
        network_components(conductance, component)
        new = np.full(self.size, -1, np.int64)
        new[chosen] = np.arange(chosen.size)
        stays = new[self.lookup[1]] >= 0
        return ReducedNetwork(
            shape=self.shape,
            cell=self.cell[chosen],
            region=self.region[chosen],
            lookup=np.stack([self.lookup[0, stays], new[self.lookup[1, stays]]]),
            conductance=conductance,
            ground=ground,
            component=component,
            report=self.report,
        )

    def _eliminate_to(self, chosen: NDArray[np.intp]) -> tuple[Reals, Reals]:
        """Conductance and ground of the chosen nodes; a chosen node held at 0 V stays apart from ground."""
        full = np.zeros((self.size + 1, self.size + 1))
        full[:-1, :-1] = self.conductance
        finite = np.where(np.isinf(self.ground), 0.0, self.ground)
        full[:-1, -1] = full[-1, :-1] = finite
        outside = np.ones(self.size, np.bool_)
        outside[chosen] = False
        held = outside & np.isinf(self.ground)
        if held.any():
            full[-1, :] += full[:-1][held].sum(axis=0)
            full[-1, -1] = 0.0
            full[:, -1] = full[-1, :]
        out = np.flatnonzero(outside & ~held)
        order = np.concatenate([out, chosen, [self.size]])
        small = eliminate_first(full[np.ix_(order, order)], out.size)
        ground = small[:-1, -1].copy()
        ground[np.isinf(self.ground[chosen])] = np.inf
        return np.ascontiguousarray(small[:-1, :-1]), ground

    def _circuit(self) -> tuple[Reals, NDArray[np.intp]]:
        """Dense network with ground last, nodes held at 0 V made part of it, and each node's place in it.

        Places of nodes are their numbers, or ``size`` (ground); nodes at ground leave an empty place behind.
        """
        held = np.isinf(self.ground)
        circuit = np.zeros((self.size + 1, self.size + 1))
        circuit[:-1, :-1] = self.conductance
        circuit[:-1, -1] = np.where(held, 0.0, self.ground)
        if held.any():
            circuit[:-1, -1] += self.conductance[:, held].sum(axis=1)
            circuit[:-1][held] = 0.0
            circuit[:, :-1][:, held] = 0.0
        circuit[-1, :-1] = circuit[:-1, -1]
        return circuit, np.where(held, self.size, np.arange(self.size))

    def resistances_of_sets(
        self,
        pairs: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        delta: ArrayLike,
        sets: ArrayLike,
        *,
        threads: int | None = None,
    ) -> Reals:
        """Effective resistance of pairs of nodes for many sets of changed edges.

        Parameters
        ----------
        pairs : (p, 2) int
        first, second : (e,) int
            Ends of each candidate edge.
        delta : (e,) float64
            Conductance that the candidate adds, or takes when negative [S].
        sets : (s, e) bool
            Which candidates each set holds.
        threads : int, optional
            Default: the processors that this process may use.

        Returns
        -------
        (s, p) float64
            [ohm], ``inf`` where a pair is not joined.

        Notes
        -----
        Microseconds per set for openings: a system as large as the set (Woodbury's identity). Closings, and sets that
        lower a resistance so far that its digits would be lost, take an elimination of all nodes named here.
        """
        ends, add = self._edges(first, second, delta)
        two = np.atleast_2d(np.asarray(pairs, np.intp))
        chosen = np.atleast_2d(np.asarray(sets, np.bool_))
        if chosen.shape[1] != add.size or two.shape[1] != 2:
            raise DataError(f"sets of shape {chosen.shape} and pairs of shape {two.shape} do not fit {add.size} edges")
        _check_taken(self.conductance[ends[:, 0], ends[:, 1]] + add, ends, np.abs(add).max(initial=0.0))
        chosen = chosen & (add != 0.0)
        involved, back = np.unique(np.concatenate([self._chosen(two.ravel()), ends.ravel()]), return_inverse=True)
        circuit, at = self.reduced_to(involved)._circuit()
        place = at[back]
        case = EdgeSets(
            ends=place[two.size :].reshape(-1, 2),
            delta=add,
            start=np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]),
            member=np.nonzero(chosen)[1],
            pairs=place[: two.size].reshape(-1, 2),
        )
        return set_resistances(circuit, case, usable_threads() if threads is None else threads)

    def gain_of_sets(
        self, pairs: ArrayLike, first: ArrayLike, second: ArrayLike, delta: ArrayLike, sets: ArrayLike
    ) -> Reals:
        """Drop of effective resistance [ohm] (s, p) by each set; ``inf`` where it joins a pair, 0 where none is joined."""
        with_set = self.resistances_of_sets(pairs, first, second, delta, sets)
        two = np.atleast_2d(np.asarray(pairs, np.intp))
        none = np.zeros((1, np.asarray(delta).size), np.bool_)
        before = np.broadcast_to(self.resistances_of_sets(two, first, second, delta, none), with_set.shape)
        gain = np.zeros(with_set.shape)
        np.subtract(before, with_set, out=gain, where=~(np.isinf(before) & np.isinf(with_set)))
        return gain

    def resistance_with(self, pair: tuple[int, int], first: ArrayLike, second: ArrayLike, delta: ArrayLike) -> float:
        """Effective resistance of one pair with all the given edges changed [ohm]."""
        every = np.ones((1, np.asarray(delta).size), np.bool_)
        return float(self.resistances_of_sets([pair], first, second, delta, every)[0, 0])

    def _chosen(self, nodes: ArrayLike | None) -> NDArray[np.intp]:
        if nodes is None:
            return np.arange(self.size)
        chosen = np.atleast_1d(np.asarray(nodes))
        if chosen.size and (chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= self.size):
            raise FocalNodeError(f"nodes must be numbers 0..{self.size - 1}; look them up with index_of")
        return chosen.astype(np.intp)

    def _edges(self, first: ArrayLike, second: ArrayLike, delta: ArrayLike) -> tuple[NDArray[np.intp], Reals]:
        ends = np.stack([self._chosen(first), self._chosen(second)], axis=1)
        add = np.atleast_1d(np.asarray(delta, np.float64))
        if add.shape != (ends.shape[0],) or not np.isfinite(add).all():
            raise DataError(f"delta must be {ends.shape[0]} finite numbers, one per edge; got shape {add.shape}")
        return ends, add


def _check_taken(value: Reals, ends: NDArray[np.intp], scale: float) -> None:
    """Refuse conductances below zero by more than rounding."""
    worst = int(np.argmin(value)) if value.size else 0
    if value.size and value[worst] < -_ROUNDING * scale:
        a, b = ends[worst]
        raise DataError(f"edge between nodes {a} and {b} would have conductance {value[worst]:g} S; take away less")
