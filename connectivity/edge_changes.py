"""Exact effect of changed edges on effective resistance, from the reduced network.

A reduced network has a few hundred or thousand nodes. Opening a passage adds conductance ``delta`` between two of them.
With ``G`` the potentials of the network with one node of every component held at zero, ``B`` the incidence of the changed
edges and ``C`` the membership of floating components, the currents ``x`` through the new conductances and the offsets
``c`` of floating components solve::

    (diag(1/delta) + B'GB) x - B'C c = B'G e_s
                      C'B x          = C' e_s

which is the Woodbury identity where nothing is apart, and stays exact where an opening joins two sides that were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csgraph

__all__ = ["EdgeChange", "SourcesToTarget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeChange:
    """A set of edges whose conductance changes together.

    Parameters
    ----------
    first, second : (m,) int64
        Nodes of the reduced network.
    delta : (m,) float64
        Change of conductance [S]; 0 is left out, ``inf`` not allowed.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    delta: NDArray[np.float64]

    @classmethod
    def together(cls, changes: Sequence[EdgeChange]) -> EdgeChange:
        """Several changes at once."""
        return cls(
            first=np.concatenate([c.first for c in changes] or [np.empty(0, np.int64)]),
            second=np.concatenate([c.second for c in changes] or [np.empty(0, np.int64)]),
            delta=np.concatenate([c.delta for c in changes] or [np.empty(0)]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesToTarget:
    """A network seen from several sources to one target, which may be many nodes held together.

    Parameters
    ----------
    potential : (k, k) float64
        Volts at the row's node for 1 A into the column's node, one node of each component held at 0 V; the target is
        the held node of its own component.
    component : (k,) int32
    node : (n,) int64
        Node here of each node of the network that it was made from.
    sources : (n_source,) int64
    target : int
    """

    potential: NDArray[np.float64]
    component: NDArray[np.int32]
    node: NDArray[np.int64]
    sources: NDArray[np.int64]
    target: int

    @classmethod
    def build(cls, conductance: NDArray[np.float64], sources: Sequence[int], targets: Sequence[int]) -> SourcesToTarget:
        """Merge the targets into one node and find the potentials.

        Parameters
        ----------
        conductance : (n, n) float64
            Symmetric, zero diagonal [S].
        """
        node, merged = _merge(conductance, targets)
        target = int(node[targets[0]])
        _, component = csgraph.connected_components(merged > 0, directed=False)
        return cls(
            potential=_potentials(merged, component, target), component=component, node=node,
            sources=node[np.asarray(sources, np.int64)], target=target,
        )  # fmt: skip

    def resistances(self, change: EdgeChange | None = None) -> NDArray[np.float64]:
        """(n_source,) effective resistance to the target [ohm] after a change; inf where it stays apart."""
        joined, first, second, delta = self._relevant(change)
        out = np.full(self.sources.size, np.inf)
        if not first.size:
            there = self.component[self.sources] == self.component[self.target]
            out[there] = self.potential[self.sources, self.sources][there]
            return out
        inside = joined[self.component[self.sources]]
        if inside.any():
            out[inside] = self._changed(self.sources[inside], first, second, delta, joined)
        return out

    def _relevant(
        self, change: EdgeChange | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Components joined with the target after the change, and the changed edges among them."""
        joined = np.zeros(int(self.component.max()) + 1, bool)
        joined[self.component[self.target]] = True
        none = np.empty(0, np.int64)
        if change is None or not change.delta.size:
            return joined, none, none, np.empty(0)
        first, second = self.node[change.first], self.node[change.second]
        a, b = self.component[first], self.component[second]
        for _ in range(change.delta.size):
            met = (joined[a] | joined[b]) & (change.delta > 0)
            before = joined.sum()
            joined[a[met]] = joined[b[met]] = True
            if joined.sum() == before:
                break
        keep = joined[a] & joined[b] & (first != second) & (change.delta != 0)
        return joined, first[keep], second[keep], change.delta[keep]

    def _changed(
        self,
        sources: NDArray[np.int64],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        delta: NDArray[np.float64],
        joined: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        floating = np.flatnonzero(joined & (np.arange(joined.size) != self.component[self.target]))
        number = np.full(joined.size, -1)
        number[floating] = np.arange(floating.size)
        m, n = first.size, floating.size
        matrix, loads = np.zeros((m + n, m + n)), np.zeros((m + n, sources.size))
        drop = self._between(first) - self._between(second)
        matrix[:m, :m] = drop[:, first] - drop[:, second] + np.diag(1.0 / delta)
        loads[:m] = drop[:, sources]
        for ends, sign in ((first, 1.0), (second, -1.0)):
            edge = np.flatnonzero(number[self.component[ends]] >= 0)
            which = m + number[self.component[ends[edge]]]
            np.add.at(matrix, (edge, which), -sign)
            np.add.at(matrix, (which, edge), sign)
        apart = np.flatnonzero(number[self.component[sources]] >= 0)
        loads[m + number[self.component[sources[apart]]], apart] = 1.0
        solved = np.linalg.solve(matrix, loads)
        offset = np.append(solved[m:], np.zeros((1, sources.size)), axis=0)
        volts = self._between(sources)[np.arange(sources.size), sources]
        volts = volts - np.einsum("es,es->s", drop[:, sources], solved[:m])
        return np.asarray(volts + offset[number[self.component[sources]], np.arange(sources.size)])

    def _between(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(len(rows), k) potentials; zero across components."""
        return self.potential[rows]


def _merge(conductance: NDArray[np.float64], targets: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    n = conductance.shape[0]
    rest = np.setdiff1d(np.arange(n), np.asarray(targets, np.int64))
    node = np.full(n, rest.size, np.int64)
    node[rest] = np.arange(rest.size)
    merged = np.zeros((rest.size + 1, rest.size + 1))
    merged[:-1, :-1] = conductance[np.ix_(rest, rest)]
    merged[-1, :-1] = merged[:-1, -1] = conductance[np.ix_(rest, np.asarray(targets, np.int64))].sum(axis=1)
    return node, merged


def _potentials(merged: NDArray[np.float64], component: NDArray[np.int32], target: int) -> NDArray[np.float64]:
    potential = np.zeros_like(merged)
    for number in range(int(component.max()) + 1):
        members = np.flatnonzero(component == number)
        held = target if component[target] == number else members[0]
        free = members[members != held]
        if free.size:
            laplacian = np.diag(merged[free].sum(axis=1)) - merged[np.ix_(free, free)]
            potential[np.ix_(free, free)] = cho_solve(cho_factor(laplacian), np.eye(free.size))
    return potential
