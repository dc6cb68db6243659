"""Levels of the fence-aware multigrid: how a landscape is made coarser.

The finest level is the raster itself, four conductances a cell (`kernels.multigrid_layout`). Coarser levels are sparse
graphs: interpolation follows the conductances and stops at fences and shores (`kernels.multigrid_weights`,
`kernels.multigrid_coarsen`), and the operators are exact Galerkin products (`kernels.multigrid_product`), after Dendy, Black
box multigrid, J. Comput. Phys. 48 (1982), with coarse points added wherever the usual ones leave a cell without a tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu
from threadpoolctl import threadpool_limits

from connectivity.circuit.multigrid.coarse_raster import CoarseRaster, Places, coarse_raster
from connectivity.circuit.multigrid.raster_level import ROUNDS
from connectivity.circuit.multigrid.rows import Buffers, allocate, transposed, with_diagonal
from connectivity.kernels.multigrid import coarsen, product
from connectivity.kernels.multigrid.order import order_rows
from connectivity.kernels.multigrid.product import Graph, Rows
from connectivity.kernels.multigrid.special import CAPACITY

__all__ = ["TAIL", "CoarseLevel", "Coarsest", "build_coarse_levels"]

Single = NDArray[np.float32]
Double = NDArray[np.float64]
Int = NDArray[np.int32]
Long = NDArray[np.int64]

DENSE = 600
"""A level of so few unknowns is solved directly."""
STALLED = 0.8
"""A level that shrinks less than this ends the hierarchy."""
RASTERS = 2
"""This many levels below the finest are rasters where that suits them; they are visited once a cycle."""
TAIL = 16000
"""Levels of so few unknowns belong to one thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseLevel:
    """A graph with its interpolation ``p`` from the next level and ``r``, its transpose."""

    graph: Graph
    before: Int
    inside: Int
    bounds: Int
    p: Rows
    r: Rows

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return int(self.graph.ground.size)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in [*self.graph, *self.p, *self.r, self.before, self.inside, self.bounds])


class Coarsest:
    """Direct solve of the last level; components without ground are pinned at their mean."""

    def __init__(self, graph: Graph) -> None:
        size = graph.ground.size
        self.size = int(size)
        coupling = sparse.csr_array((graph.coupling.astype(np.float64), graph.column, graph.start), shape=(size, size))
        coupling = ((coupling + coupling.T) * 0.5).tocsr()
        diagonal = np.asarray(coupling.sum(axis=1)).ravel() + graph.ground
        matrix = sparse.diags_array(np.where(diagonal > 0, diagonal, 1.0)) - coupling
        loose = _loose_components(coupling, graph.ground)
        self._alive = diagonal > 0
        self.dense: Double | None = None
        if size <= 4 * DENSE:
            dense = matrix.toarray()
            for members in loose:
                dense[np.ix_(members, members)] += diagonal[members].mean() / members.size
            with threadpool_limits(1):
                inverse = np.linalg.inv(dense)
            self.dense = (inverse + inverse.T) * 0.5 * np.outer(self._alive, self._alive)
        else:
            pin = np.zeros(size)
            for members in loose:
                pin[members[0]] = diagonal[members[0]]
            self._factor = splu((matrix + sparse.diags_array(pin)).tocsc())

    def solve(self, b: Single, x: Single) -> None:
        """Currents (size, n) to voltages ``x``."""
        if self.dense is not None:
            x[...] = self.dense @ b.astype(np.float64)
        else:
            x[...] = self._factor.solve(b.astype(np.float64)) * self._alive[:, None]

    @property
    def nbytes(self) -> int:
        """Bytes of the factor."""
        return int(self.dense.nbytes if self.dense is not None else self._factor.nnz * 12)


def _loose_components(coupling: sparse.csr_array, ground: Single) -> list[Long]:
    """Unknowns of each connected component of several unknowns without any ground."""
    count, label = csgraph.connected_components(coupling, directed=False)
    grounded = np.bincount(label, weights=ground, minlength=count) > 0
    order = np.argsort(label, kind="stable")
    pieces = np.split(order, np.cumsum(np.bincount(label, minlength=count))[:-1]) if count else []
    return [piece for k, piece in enumerate(pieces) if not grounded[k] and piece.size > 1]


def build_coarse_levels(
    graph: Graph, places: Places, threads: int
) -> tuple[list[CoarseRaster | CoarseLevel], Coarsest]:
    """All levels below the finest."""
    levels: list[CoarseRaster | CoarseLevel] = []
    while graph.ground.size > DENSE:
        p, point = _interpolate(graph, places.row, places.col)
        n_next = int(point.sum())
        if n_next > STALLED * graph.ground.size:
            break
        r, next_places = transposed(p, n_next), places.of(point)
        following = _next_graph(graph, p, r, threads)
        level = None
        if len(levels) < RASTERS and graph.ground.size > TAIL:
            level = coarse_raster(graph, places, p, next_places)
        levels.append(level or _graph_level(graph, places, p, r, threads))
        graph, places = following, next_places
    return levels, Coarsest(graph)


def _graph_level(graph: Graph, places: Places, p: Rows, r: Rows, threads: int) -> CoarseLevel:
    bounds = _block_bounds(places.n_main, places.row, threads if graph.ground.size > TAIL else 1)
    before, inside = np.empty(graph.ground.size, np.int32), np.empty(graph.ground.size, np.int32)
    order_rows(graph.start, graph.column, graph.coupling, bounds, before, inside)
    return CoarseLevel(graph=graph, before=before, inside=inside, bounds=bounds, p=p, r=r)


def _interpolate(graph: Graph, row: Int, col: Int) -> tuple[Rows, NDArray[np.bool_]]:
    """Interpolation of a graph's unknowns, and which of them are coarse points."""
    n = graph.ground.size
    parents = coarsen.Parents(
        row=row,
        col=col,
        kind=np.zeros(n, np.int8),
        strongest=np.empty(n, np.float32),
        parent=np.zeros((n, CAPACITY), np.int32),
        weight=np.zeros((n, CAPACITY), np.float32),
        n_parent=np.zeros(n, np.int8),
        stage=np.zeros(n, np.int8),
    )
    coarsen.choose_points(graph, parents)
    beside = np.full((n, 2), -1, np.int32)
    coarsen.points_beside(graph, parents, beside)
    coarsen.tie_lines(graph, parents, beside)
    now, left = 3, 1
    while left:
        for _ in range(ROUNDS):
            coarsen.tie_rest(graph, parents, now)
            now += 1
        left = coarsen.promote(graph, parents, now)
        now += 1
    point = parents.kind == coarsen.POINT
    number = (np.cumsum(point, dtype=np.int64) - 1).astype(np.int32)
    start = np.concatenate([[0], np.cumsum(parents.n_parent, dtype=np.int64)]).astype(np.int32)
    rows = Rows(start=start, column=np.empty(start[-1], np.int32), weight=np.empty(start[-1], np.float32))
    coarsen.write_rows(parents, number, rows.start, rows.column, rows.weight)
    return rows, point


def _next_graph(graph: Graph, p: Rows, r: Rows, threads: int) -> Graph:
    n_next = r.start.size - 1
    buffers = Buffers(n_next, threads, int(1.5 * graph.column.size * n_next / graph.ground.size))
    while buffers.wanting:
        product.graph_rows(graph, p, r, *buffers.arrays())
    start, column, coupling = allocate(buffers.size)
    buffers.copy_to(np.arange(n_next, dtype=np.int32), start, column, coupling)
    ground = np.zeros(n_next, np.float64)
    if graph.ground.any():
        product.graph_ground(graph, p, np.empty(graph.ground.size, np.float64), ground)
    return with_diagonal(start, column, coupling, ground.astype(np.float32))


def _block_bounds(n_main: int, row: Int, threads: int) -> Int:
    """Runs of unknowns of each thread: a share of those in raster order, and the appended ones of the same rows."""
    cut = np.linspace(0, n_main, threads + 1).astype(np.int64)
    north = (
        [np.count_nonzero(row[n_main:] < row[min(k, n_main - 1)]) for k in cut[1:-1]] if n_main else [0] * (threads - 1)
    )
    extra = n_main + np.array([0, *north, row.size - n_main])
    return np.column_stack([cut[:-1], cut[1:], extra[:-1], extra[1:]]).astype(np.int32)
