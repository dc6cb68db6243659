"""A small exact network, and what follows from it by dense algebra."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from connectivity.kernels.dissection.network import network_components
from connectivity.reduction.dense import (
    eliminate_first,
    resistances_between,
)
from connectivity.report import SolveReport
from rasters.arrays import Reals
from rasters.errors import DataError, FocalNodeError

__all__ = ["ReducedNetwork"]

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

    def _chosen(self, nodes: ArrayLike | None) -> NDArray[np.intp]:
        if nodes is None:
            return np.arange(self.size)
        chosen = np.atleast_1d(np.asarray(nodes))
        if chosen.size and (chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= self.size):
            raise FocalNodeError(f"nodes must be numbers 0..{self.size - 1}; look them up with index_of")
        return chosen.astype(np.intp)
