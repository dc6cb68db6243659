"""The linear system of a landscape: conductances between cells, to the ground, and cells shorted into one node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from connectivity.landscape.stencil import Stencil
from rasters.errors import DataError, GridMismatchError
from rasters.fences import STEPS

__all__ = ["Laplacian", "NodeGraph", "node_graph", "stencil_laplacian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laplacian:
    """``(L + diag(ground)) v = current`` on a raster.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S] in the order of `rasters.fences.STEPS`; 0 = no edge.
    active : (height, width) bool
        Cells that are nodes. Edges join active cells only.
    ground : (height, width) float64
        Conductance to ground [S]; ``inf`` holds the node at 0 V, 0 = none.
    region : (height, width) int32
        Cells with the same number > 0 are one node, wherever they lie; 0 = a node of its own. Region cells must be active.
    """

    conductance: NDArray[np.float64]
    active: NDArray[np.bool_]
    ground: NDArray[np.float64]
    region: NDArray[np.int32]

    def __post_init__(self) -> None:
        shape = self.active.shape
        if self.conductance.shape != (4, *shape) or self.ground.shape != shape or self.region.shape != shape:
            raise GridMismatchError(
                f"conductance {self.conductance.shape}, ground {self.ground.shape} and region {self.region.shape} "
                f"do not fit cells of shape {shape}"
            )
        if (self.ground < 0).any() or np.isnan(self.ground).any():
            raise DataError("conductance to ground must be >= 0; inf is a direct ground")
        if (self.region.astype(bool) & ~self.active).any():
            raise DataError("a focal region holds cells that are not nodes; drop its no-data cells first")

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.active.shape
        return height, width


def stencil_laplacian(
    stencil: Stencil, region: NDArray[np.int32] | None = None, ground: NDArray[np.float64] | None = None
) -> Laplacian:
    """System of a stencil; region cells that are not passable are dropped from their region."""
    active = stencil.surface.passable
    none = np.zeros(stencil.shape, np.int32)
    return Laplacian(
        conductance=stencil.conductance(),
        active=active,
        ground=np.zeros(stencil.shape) if ground is None else np.where(active, ground, 0.0),
        region=none if region is None else np.where(active, region, 0).astype(np.int32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGraph:
    """The same system as a sparse graph of nodes, for direct solvers and components.

    Parameters
    ----------
    node : (height, width) int32
        Node of each cell, -1 where there is none.
    weight : (n, n) csr_array
        Symmetric conductances [S] between nodes, parallel edges summed, nothing on the diagonal.
    ground : (n,) float64
        Conductance to ground [S] of each node.
    component : (n,) int32
        Connected component of each node.
    """

    node: NDArray[np.int32]
    weight: sparse.csr_array
    ground: NDArray[np.float64]
    component: NDArray[np.int32]


def node_graph(system: Laplacian) -> NodeGraph:
    """Number the nodes (regions first) and gather the edges between them."""
    node = _number_nodes(system)
    n_node = int(node.max(initial=-1)) + 1
    first, second, weight = _edge_list(system.conductance, node)
    distinct = first != second
    upper = sparse.coo_array((weight[distinct], (first[distinct], second[distinct])), shape=(n_node, n_node)).tocsr()
    symmetric = (upper + upper.T).tocsr()
    ground = np.bincount(node[system.active], weights=system.ground[system.active], minlength=n_node).astype(np.float64)
    _, component = csgraph.connected_components(symmetric, directed=False)
    return NodeGraph(node=node, weight=symmetric, ground=ground, component=component)


def _number_nodes(system: Laplacian) -> NDArray[np.int32]:
    in_region = system.region > 0
    labels, inverse = np.unique(system.region[in_region], return_inverse=True)
    node = np.full(system.shape, -1, np.int32)
    node[in_region] = inverse
    single = system.active & ~in_region
    node[single] = labels.size + np.arange(int(single.sum()))
    return node


def _edge_list(
    conductance: NDArray[np.float64], node: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    first, second, weight = [], [], []
    for k, (d_row, d_col) in enumerate(STEPS):
        row, col = np.nonzero(conductance[k])
        first.append(node[row, col])
        second.append(node[row + d_row, col + d_col])
        weight.append(conductance[k, row, col])
    return np.concatenate(first), np.concatenate(second), np.concatenate(weight)
