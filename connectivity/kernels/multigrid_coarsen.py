"""Interpolation between two coarse levels: the rules of `multigrid_weights` on a graph whose unknowns have places.

Unknowns of even row and even column are coarse points, and so are those with long rows (regions). Others follow the points
that they are tied to, directly, through a diagonal neighbour, or through neighbours that are interpolated already; what is
left over is promoted. Unknowns that their ground outweighs, and those without couplings, need no coarse help.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel, parallel_kernel
from connectivity.kernels.multigrid_product import Graph
from connectivity.kernels.multigrid_special import add_parent, normalise
from connectivity.kernels.multigrid_weights import TIE, WEAK

__all__ = ["ANCHOR", "Parents", "choose_points", "graph_diagonal", "promote", "tie_lines", "tie_rest", "write_rows"]

ANCHOR = 200
"""Unknowns with more couplings than this are always coarse points."""

Byte1 = NDArray[np.int8]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Int1 = NDArray[np.int32]
Int2 = NDArray[np.int32]

DEAD, OPEN, POINT = 0, 1, 2


class Parents(NamedTuple):
    """Interpolation under construction: places (n,), kind, strongest coupling, and lists of parents (n, CAPACITY).

    Parents are numbers of coarse points on this level; ``stage`` 0 = none yet.
    """

    row: Int1
    col: Int1
    kind: Byte1
    strongest: Single1
    parent: Int2
    weight: Single2
    n_parent: Byte1
    stage: Byte1


@parallel_kernel
def graph_diagonal(start: Int1, coupling: Single1, ground: Single1, inverse: Single1) -> None:
    """``inverse = 1 / (couplings + ground)``; 0 where there is neither."""
    for i in prange(ground.size):
        total = np.float64(ground[i])
        for k in range(start[i], start[i + 1]):
            total += coupling[k]
        inverse[i] = 1.0 / total if total > 0.0 else 0.0


@kernel
def _choose(graph: Graph, parents: Parents, i: int) -> None:
    total = np.float64(0.0)
    most = np.float64(0.0)
    for k in range(graph.start[i], graph.start[i + 1]):
        edge = np.float64(graph.coupling[k])
        total += edge
        most = max(most, edge)
    parents.strongest[i] = most
    even = parents.row[i] & 1 == 0 and parents.col[i] & 1 == 0
    if total <= graph.ground[i] or most == 0.0:
        parents.kind[i] = DEAD
    elif even or graph.start[i + 1] - graph.start[i] > ANCHOR:
        parents.kind[i] = POINT
        _set_point(parents, i, 1)
    else:
        parents.kind[i] = OPEN


@parallel_kernel
def choose_points(graph: Graph, parents: Parents) -> None:
    """Kind and strongest coupling of each unknown; coarse points get stage 1."""
    for i in prange(graph.ground.size):
        _choose(graph, parents, i)


@kernel
def _set_point(parents: Parents, i: int, stage: int) -> None:
    parents.parent[i, 0] = i
    parents.weight[i, 0] = 1.0
    parents.n_parent[i] = 1
    parents.stage[i] = stage


@kernel
def _point_behind(graph: Graph, parents: Parents, i: int, q: int) -> int:
    """Coarse point that the coupling of a line unknown i to its diagonal neighbour q counts for; -1 = none."""
    near_row = parents.row[i] if parents.row[i] & 1 == 0 else parents.row[q]
    near_col = parents.col[q] if parents.row[i] & 1 == 0 else parents.col[i]
    least = TIE * parents.strongest[q]
    near = far = -1
    near_tie = far_tie = 0.0
    for k in range(graph.start[q], graph.start[q + 1]):
        s, edge = graph.column[k], graph.coupling[k]
        if parents.stage[s] != 1 or (parents.row[s] != parents.row[q] and parents.col[s] != parents.col[q]):
            continue
        if parents.row[s] == near_row and parents.col[s] == near_col:
            if edge > near_tie:
                near, near_tie = s, edge
        elif edge > far_tie:
            far, far_tie = s, edge
    if near >= 0 and near_tie >= least:
        return near
    if far >= 0 and far_tie >= least:
        return far
    return -1


@kernel
def _tie_line(graph: Graph, parents: Parents, i: int) -> None:
    n = 0
    total = np.float64(0.0)
    least = WEAK * np.float64(parents.strongest[i])
    for k in range(graph.start[i], graph.start[i + 1]):
        q, edge = graph.column[k], np.float64(graph.coupling[k])
        if edge <= 0.0 or edge < least or parents.kind[q] == DEAD:
            continue
        who = -1
        if parents.stage[q] == 1:
            who = q
        elif parents.row[q] != parents.row[i] and parents.col[q] != parents.col[i]:
            who = _point_behind(graph, parents, i, q)
        if who >= 0:
            n = add_parent(parents.parent[i], parents.weight[i], n, who, edge)
            total += edge
    if total > TIE * parents.strongest[i]:
        normalise(parents.weight[i], n)
        parents.n_parent[i] = n
        parents.stage[i] = 2


@parallel_kernel
def tie_lines(graph: Graph, parents: Parents) -> None:
    """Parents of the unknowns on one coarse line; what succeeds gets stage 2."""
    for i in prange(graph.ground.size):
        if parents.kind[i] == OPEN and (parents.row[i] + parents.col[i]) & 1 == 1:
            _tie_line(graph, parents, i)


@kernel
def _tie_others(graph: Graph, parents: Parents, i: int, now: int) -> None:
    n = 0
    total = np.float64(0.0)
    least = WEAK * np.float64(parents.strongest[i])
    for k in range(graph.start[i], graph.start[i + 1]):
        q, edge = graph.column[k], np.float64(graph.coupling[k])
        stage = parents.stage[q]
        if edge <= 0.0 or edge < least or stage == 0 or stage >= now:
            continue
        for t in range(parents.n_parent[q]):
            n = add_parent(parents.parent[i], parents.weight[i], n, parents.parent[q, t], edge * parents.weight[q, t])
        total += edge
    if total > TIE * parents.strongest[i]:
        normalise(parents.weight[i], n)
        parents.n_parent[i] = n
        parents.stage[i] = now


@parallel_kernel
def tie_rest(graph: Graph, parents: Parents, now: int) -> None:
    """Parents of the others from neighbours of an earlier stage; what succeeds gets stage ``now``."""
    for i in prange(graph.ground.size):
        if parents.kind[i] == OPEN and parents.stage[i] == 0:
            _tie_others(graph, parents, i, now)


@kernel
def promote(graph: Graph, parents: Parents, now: int) -> int:
    """Make coarse points of unknowns left over, none tied to another of this round; returns how many were left."""
    left = 0
    for i in range(graph.ground.size):
        if parents.kind[i] != OPEN or parents.stage[i] > 0:
            continue
        left += 1
        covered = False
        for k in range(graph.start[i], graph.start[i + 1]):
            tied = graph.coupling[k] > TIE * parents.strongest[i]
            covered = covered or (tied and parents.stage[graph.column[k]] == now)
        if not covered:
            parents.kind[i] = POINT
            _set_point(parents, i, now)
    return left


@parallel_kernel
def write_rows(parents: Parents, number: Int1, start: Int1, column: Int1, weight: Single1) -> None:
    """The lists as rows of a sparse matrix; ``number`` gives the coarse number of a coarse point."""
    for i in prange(number.size):
        for t in range(parents.n_parent[i]):
            column[start[i] + t] = number[parents.parent[i, t]]
            weight[start[i] + t] = parents.weight[i, t]
