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

from connectivity.kernels._jit import inlined_kernel, kernel, parallel_kernel
from connectivity.kernels.multigrid.product import Graph
from connectivity.kernels.multigrid.special import add_parent, settle
from connectivity.kernels.multigrid.weights import HOLD, TIE, WEAK

__all__ = [
    "ANCHOR",
    "Parents",
    "choose_points",
    "graph_diagonal",
    "points_beside",
    "promote",
    "tie_lines",
    "tie_rest",
    "write_rows",
]

RUN = 2048
"""Unknowns that a thread takes at a time."""
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
def _set_point(parent: Int2, weight: Single2, count: Byte1, stage: Byte1, i: int, now: int) -> None:
    parent[i, 0] = i
    weight[i, 0] = 1.0
    count[i] = 1
    stage[i] = now


@kernel
def _choose(
    start: Int1,
    coupling: Single1,
    ground: Single1,
    row: Int1,
    col: Int1,
    first: int,
    end: int,
    kind: Byte1,
    strongest: Single1,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    stage: Byte1,
) -> None:
    for i in range(first, end):
        total = np.float64(0.0)
        most = np.float32(0.0)
        for k in range(start[i], start[i + 1]):
            total += coupling[k]
            most = max(most, coupling[k])
        strongest[i] = most
        if total <= ground[i] or most == 0.0:
            kind[i] = DEAD
        elif (row[i] | col[i]) & 1 == 0 or start[i + 1] - start[i] > ANCHOR:
            kind[i] = POINT
            parent[i, 0] = i
            weight[i, 0] = 1.0
            count[i] = 1
            stage[i] = 1
        else:
            kind[i] = OPEN


@parallel_kernel
def choose_points(graph: Graph, parents: Parents) -> None:
    """Kind and strongest coupling of each unknown; coarse points get stage 1."""
    start, coupling, ground = graph.start, graph.coupling, graph.ground
    row, col, kind, strongest = parents.row, parents.col, parents.kind, parents.strongest
    parent, weight, count, stage = parents.parent, parents.weight, parents.n_parent, parents.stage
    for run in prange((kind.size + RUN - 1) // RUN):
        first, end = run * RUN, min((run + 1) * RUN, kind.size)
        _choose(start, coupling, ground, row, col, first, end, kind, strongest, parent, weight, count, stage)


@kernel
def _points_beside(
    start: Int1,
    column: Int1,
    coupling: Single1,
    row: Int1,
    col: Int1,
    kind: Byte1,
    strongest: Single1,
    stage: Byte1,
    first: int,
    end: int,
    beside: Int2,
) -> None:
    for i in range(first, end):
        if kind[i] != OPEN or (row[i] + col[i]) & 1 == 0:
            continue
        before = after = TIE * np.float64(strongest[i])
        for k in range(start[i], start[i + 1]):
            s = column[k]
            if stage[s] != 1 or (row[s] != row[i] and col[s] != col[i]):
                continue
            edge = np.float64(coupling[k])
            if row[s] + col[s] < row[i] + col[i]:
                if edge >= before:
                    beside[i, 0], before = s, edge
            elif edge >= after:
                beside[i, 1], after = s, edge


@parallel_kernel
def points_beside(graph: Graph, parents: Parents, beside: Int2) -> None:
    """Coarse points in line with unknowns on one coarse line, and tied to them: before and after; -1 = none."""
    start, column, coupling = graph.start, graph.column, graph.coupling
    row, col, kind, strongest, stage = parents.row, parents.col, parents.kind, parents.strongest, parents.stage
    for run in prange((kind.size + RUN - 1) // RUN):
        first, end = run * RUN, min((run + 1) * RUN, kind.size)
        _points_beside(start, column, coupling, row, col, kind, strongest, stage, first, end, beside)


@inlined_kernel
def _point_behind(row: Int1, col: Int1, beside: Int2, i: int, q: int) -> int:
    """Coarse point that the coupling of a line unknown i to its diagonal neighbour q counts for; -1 = none."""
    near = (0 if row[i] < row[q] else 1) if row[i] & 1 == 0 else (0 if col[i] < col[q] else 1)
    return beside[q, near] if beside[q, near] >= 0 else beside[q, 1 - near]


@kernel
def _tie_lines(
    start: Int1,
    column: Int1,
    coupling: Single1,
    row: Int1,
    col: Int1,
    kind: Byte1,
    strongest: Single1,
    beside: Int2,
    first: int,
    end: int,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    stage: Byte1,
) -> None:
    for i in range(first, end):
        if kind[i] != OPEN or (row[i] + col[i]) & 1 == 0:
            continue
        n = 0
        total = np.float64(0.0)
        least = WEAK * np.float64(strongest[i])
        for k in range(start[i], start[i + 1]):
            q, edge = column[k], np.float64(coupling[k])
            if edge <= 0.0 or edge < least or kind[q] == DEAD:
                continue
            who = -1
            if kind[q] == POINT:
                who = q
            elif row[q] != row[i] and col[q] != col[i]:
                who = _point_behind(row, col, beside, i, q)
            if who < 0:
                continue
            total += edge
            if n > 0 and parent[i, 0] == who:
                weight[i, 0] += edge
            elif n > 1 and parent[i, 1] == who:
                weight[i, 1] += edge
            else:
                n = add_parent(parent[i], weight[i], n, who, edge)
        if total > HOLD * strongest[i]:
            count[i] = settle(parent[i], weight[i], n)
            stage[i] = 2


@parallel_kernel
def tie_lines(graph: Graph, parents: Parents, beside: Int2) -> None:
    """Parents of the unknowns on one coarse line; what succeeds gets stage 2. ``beside`` from `points_beside`."""
    start, column, coupling = graph.start, graph.column, graph.coupling
    row, col, kind, strongest = parents.row, parents.col, parents.kind, parents.strongest
    parent, weight, count, stage = parents.parent, parents.weight, parents.n_parent, parents.stage
    for run in prange((kind.size + RUN - 1) // RUN):
        first, end = run * RUN, min((run + 1) * RUN, kind.size)
        _tie_lines(start, column, coupling, row, col, kind, strongest, beside, first, end, parent, weight, count, stage)


@kernel
def _tie_rest(
    start: Int1,
    column: Int1,
    coupling: Single1,
    kind: Byte1,
    strongest: Single1,
    first: int,
    end: int,
    now: int,
    parent: Int2,
    weight: Single2,
    count: Byte1,
    stage: Byte1,
) -> None:
    for i in range(first, end):
        if kind[i] != OPEN or stage[i] != 0:
            continue
        n = 0
        total = np.float64(0.0)
        least = WEAK * np.float64(strongest[i])
        for k in range(start[i], start[i + 1]):
            q, edge = column[k], np.float64(coupling[k])
            if edge <= 0.0 or edge < least or stage[q] == 0 or stage[q] >= now:
                continue
            for t in range(count[q]):
                n = add_parent(parent[i], weight[i], n, parent[q, t], edge * weight[q, t])
            total += edge
        if total > HOLD * strongest[i]:
            count[i] = settle(parent[i], weight[i], n)
            stage[i] = now


@parallel_kernel
def tie_rest(graph: Graph, parents: Parents, now: int) -> None:
    """Parents of the others from neighbours of an earlier stage; what succeeds gets stage ``now``."""
    start, column, coupling = graph.start, graph.column, graph.coupling
    kind, strongest = parents.kind, parents.strongest
    parent, weight, count, stage = parents.parent, parents.weight, parents.n_parent, parents.stage
    for run in prange((kind.size + RUN - 1) // RUN):
        first, end = run * RUN, min((run + 1) * RUN, kind.size)
        _tie_rest(start, column, coupling, kind, strongest, first, end, now, parent, weight, count, stage)


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
            _set_point(parents.parent, parents.weight, parents.n_parent, parents.stage, i, now)
    return left


@parallel_kernel
def write_rows(parents: Parents, number: Int1, start: Int1, column: Int1, weight: Single1) -> None:
    """The lists as rows of a sparse matrix; ``number`` gives the coarse number of a coarse point."""
    for i in prange(number.size):
        for t in range(parents.n_parent[i]):
            column[start[i] + t] = number[parents.parent[i, t]]
            weight[start[i] + t] = parents.weight[i, t]
