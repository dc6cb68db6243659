"""Nested dissection of a raster on several threads: subtrees at once, then the large fronts piece by piece.

The tree, and every piece of work that touches a number, is cut by size alone, so that any number of threads gives the
same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.dissection.brick import BRICK_ROOM
from connectivity.kernels.dissection.dense import (
    PANEL,
    ROW_BLOCK,
    add_front,
    doubling,
    eliminate,
    leading_rows,
    packed_size,
    scale_columns,
    update_block,
    update_rows,
)
from connectivity.kernels.dissection.front import (
    Box,
    add_edges,
    clear_places,
    dividing_line,
    front_edges,
    north_or_west,
    number_front,
    own_cells,
    place_nodes,
    south_or_east,
)
from connectivity.kernels.dissection.tree import LEAF, Scratch, count_kept, count_ring, dissect
from connectivity.machine import one_blas_thread
from rasters.arrays import Reals

__all__ = ["Branch", "Dissected", "ReducibleLandscape", "dissect_landscape", "peak_bytes", "plan_tree"]

Ints = NDArray[np.int32]

_SUBTREE_CELLS = 8192
_MAX_DEPTH = 6
_SERIAL_WORK = 2.0e7
_COLUMN_CHUNK = 512
_ROW_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducibleLandscape:
    """What the kernels see of a landscape.

    conductance (4, height, width) and ground (height, width) [S]; node (height, width) int32 is the number of a kept
    node, ``n_kept`` for cells that are part of the ground, PLAIN for cells to eliminate, NONE where there is no node.
    """

    conductance: Reals
    ground: Reals
    node: Ints
    n_kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A box of the tree; ``halves`` is empty where one thread reduces the whole box.

    ``border`` bounds the number of nodes that the box leaves, ``own`` that of the line that cuts it.
    """

    box: Box
    depth: int
    border: int
    own: int
    stack: int
    halves: tuple[Branch, ...] = ()

    def subtrees(self) -> Iterator[Branch]:
        """Boxes that one thread reduces, in the order in which their parents need them."""
        if not self.halves:
            yield self
        for half in self.halves:
            yield from half.subtrees()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a box leaves: ids of its border and the packed network between them."""

    ids: Ints
    packed: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissected:
    """The kept nodes' network, packed (`ids` increasing), and the depth of the tree."""

    ids: Ints
    packed: Reals
    levels: int


def plan_tree(land: ReducibleLandscape) -> Branch:
    """Cut the raster into boxes, with the sizes to expect."""
    height, width = land.node.shape
    depth = int(np.clip(np.log2(max(height * width / _SUBTREE_CELLS, 1.0)), 0, _MAX_DEPTH))
    return _plan(land, Box(0, height, 0, width, -1, -1, -1, -1, land.n_kept, 0), 0, depth)[0]


def _plan(land: ReducibleLandscape, box: Box, depth: int, last: int) -> tuple[Branch, int]:
    """Branch of a box, and a bound on the kept nodes in it and beside it."""
    box_height, box_width = box.row1 - box.row0, box.col1 - box.col0
    ring = int(count_ring(land.node, box.row0, box.row1, box.col0, box.col1))
    if depth == last:
        kept = _count_kept(land, box)
        stack = _stack_need(box_height, box_width, kept + 1)
        return Branch(box=box, depth=depth, border=ring + kept + 1, own=0, stack=stack), kept
    halves = [_plan(land, cut(box, depth), depth + 1, last) for cut in (north_or_west, south_or_east)]
    kept = min(sum(n for _, n in halves), land.n_kept)
    branches = tuple(branch for branch, _ in halves)
    own = min(box_height, box_width)
    return Branch(box=box, depth=depth, border=ring + kept + 1, own=own, stack=0, halves=branches), kept


def _count_kept(land: ReducibleLandscape, box: Box) -> int:
    height, width = land.node.shape
    seen = np.zeros(land.n_kept + 1, np.bool_)
    rows, cols = (max(box.row0 - 1, 0), min(box.row1 + 1, height)), (max(box.col0 - 1, 0), min(box.col1 + 1, width))
    return int(count_kept(land.node, *rows, *cols, seen))


@lru_cache(maxsize=4096)
def _stack_need(height: int, width: int, kept: int) -> int:
    """Entries of the stack that a box may need: its children's networks and its own front."""
    border = _border_bound(height, width, kept)
    if height <= LEAF and width <= LEAF:
        return height * width * (height * width + border) + int(packed_size(border)) + BRICK_ROOM
    long, short = max(height, width), min(height, width)
    first, second = long // 2, long - long // 2 - 1
    left_first = int(packed_size(_border_bound(first, short, kept)))
    left_second = int(packed_size(_border_bound(second, short, kept)))
    front = short * (short + border) + int(packed_size(border))
    return max(
        _stack_need(first, short, kept),
        left_first + _stack_need(second, short, kept),
        left_first + left_second + front,
    )


def _border_bound(height: int, width: int, kept: int) -> int:
    return 2 * (height + width) + 5 + min(kept, height * width)


def peak_bytes(land: ReducibleLandscape, tree: Branch, threads: int) -> int:
    """Most bytes that the dissection may hold at one time, its input apart."""
    subtrees = list(tree.subtrees())
    sizes = [8 * int(packed_size(branch.border)) for branch in subtrees]
    ahead = _look_ahead(threads)
    live, done, peak = 0, 0, 0

    def walk(branch: Branch) -> int:
        nonlocal live, done, peak
        mine = 8 * int(packed_size(branch.border))
        if not branch.halves:
            done += 1
            live += mine
            peak = max(peak, live + sum(sizes[done : done + ahead]))
            return mine
        children = sum(walk(half) for half in branch.halves)
        front = 8 * branch.own * (branch.own + branch.border) + mine
        peak = max(peak, live + front + sum(sizes[done : done + ahead]))
        live += mine - children
        return mine

    walk(tree)
    n_bench = min(threads, len(subtrees))
    bench = 8 * max(branch.stack for branch in subtrees) + 4 * max(_n_local_id(land, branch.box) for branch in subtrees)
    return peak + n_bench * bench + 4 * (land.n_kept + 1 + land.node.size)


def _n_local_id(land: ReducibleLandscape, box: Box) -> int:
    """Ids in use within a box and its border: kept nodes and whole rows of cells."""
    height, width = land.node.shape
    rows = min(box.row1 + 1, height) - max(box.row0 - 1, 0)
    return int(land.n_kept + 1 + rows * width)


def _look_ahead(threads: int) -> int:
    return 0 if threads == 1 else 2 * threads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One thread's room."""

    scratch: Scratch
    stack: Reals
    ids: Ints


def _scratch(land: ReducibleLandscape, n_id: int) -> Scratch:
    height, width = land.node.shape
    n_edge = 3 * max(height, width) + 16 * LEAF * LEAF
    n_node = land.n_kept + 1 + 6 * (height + width) + 64
    return Scratch(
        place=np.full(n_id, -1, np.int32),
        ends=np.empty((n_edge, 2), np.int32),
        weight=np.empty(n_edge),
        kept=np.empty(n_node, np.int32),
        at=np.empty(n_node, np.int32),
        run=np.empty(n_node, np.int32),
    )


class _Workers:
    """Threads, or none: ``each`` runs a function over items and waits, ``start`` gives a result to wait for."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def each(self, function: Callable[[Any], None], items: Sequence[Any]) -> None:
        if self._pool is None or len(items) == 1:
            for item in items:
                function(item)
        else:
            list(self._pool.map(function, items))

    def start(self, function: Callable[[Any], Part], item: Any) -> Future[Part]:
        if self._pool is not None:
            return self._pool.submit(function, item)
        future: Future[Part] = Future()
        future.set_result(function(item))
        return future

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def dissect_landscape(land: ReducibleLandscape, tree: Branch, threads: int) -> Dissected:
    """Reduce the raster to its kept nodes."""
    workers = _Workers(threads)
    try:
        with one_blas_thread():
            part, levels = _Dissection(land, tree, threads, workers).run()
    finally:
        workers.close()
    return Dissected(ids=part.ids, packed=part.packed, levels=levels)


class _Dissection:
    """One run: the benches, the subtrees under way, and the walk up the tree."""

    def __init__(self, land: ReducibleLandscape, tree: Branch, threads: int, workers: _Workers) -> None:
        self.land, self.tree, self.workers = land, tree, workers
        self.waiting = tree.subtrees()
        self.started: SimpleQueue[Future[Part]] = SimpleQueue()
        self.ahead = _look_ahead(threads)
        self.benches: SimpleQueue[_Bench] = SimpleQueue()
        subtrees = list(tree.subtrees())
        for _ in range(min(threads, len(subtrees))):
            self.benches.put(self._bench(subtrees))
        self.scratch = _scratch(land, land.n_kept + 1 + land.node.size) if tree.halves else None

    def _bench(self, subtrees: list[Branch]) -> _Bench:
        n_id = max(_n_local_id(self.land, branch.box) for branch in subtrees)
        height, width = self.land.node.shape
        return _Bench(
            scratch=_scratch(self.land, n_id),
            stack=np.empty(max(branch.stack for branch in subtrees)),
            ids=np.empty(40 * (height + width + self.land.n_kept) + 4096, np.int32),
        )

    def run(self) -> tuple[Part, int]:
        for _ in range(self.ahead):
            self._start_next()
        part = self._reduce(self.tree)
        longest = max(self.land.node.shape)
        return part, 2 * max(int(np.ceil(np.log2(max(longest / LEAF, 1)))), 0) + 1

    def _start_next(self) -> None:
        branch = next(self.waiting, None)
        if branch is not None:
            self.started.put(self.workers.start(self._reduce_subtree, branch))

    def _reduce(self, branch: Branch) -> Part:
        if not branch.halves:
            self._start_next()
            return self.started.get().result()
        first, second = self._reduce(branch.halves[0]), self._reduce(branch.halves[1])
        return self._join(branch, [first, second])

    def _reduce_subtree(self, branch: Branch) -> Part:
        bench = self.benches.get()
        try:
            land, first_row = self.land, max(branch.box.row0 - 1, 0)
            box = branch.box._replace(first_row=first_row)
            n = dissect(
                land.conductance, land.ground, land.node, box, branch.depth, bench.scratch, bench.stack, bench.ids
            )
            ids = bench.ids[:n].copy()
            ids[ids > land.n_kept] += first_row * land.node.shape[1]
            return Part(ids=ids, packed=bench.stack[: packed_size(n)].copy())
        finally:
            self.benches.put(bench)

    def _join(self, branch: Branch, parts: list[Part]) -> Part:
        """One large front: gather the halves, eliminate the line between them."""
        land, box, scratch = self.land, branch.box, self.scratch
        assert scratch is not None
        own = dividing_line(box)
        n_edge = front_edges(land.conductance, land.ground, land.node, own, box, scratch.ends, scratch.weight)
        n_child = sum(part.ids.size for part in parts)
        ids = np.empty(2 * n_child + 2 * n_edge + branch.own, np.int32)
        ids[:n_child] = np.concatenate([part.ids for part in parts])
        n_own = own_cells(land.node, own, box, scratch.place, ids, n_child)
        size = number_front(land.node, box, scratch.ends, n_edge, n_own, scratch.place, scratch.kept, ids, 0, n_child)
        panel, packed = np.zeros(n_own * size), np.zeros(packed_size(size - n_own))
        add_edges(scratch.ends, scratch.weight, n_edge, scratch.place, panel, 0, n_own, size, packed, 0)
        while parts:
            self._add(parts.pop(), panel, n_own, size, packed)
        clear_places(ids, n_child, size, scratch.place)
        self._eliminate(panel, n_own, size, packed)
        return Part(ids=ids[n_child + n_own : n_child + size].copy(), packed=packed)

    def _add(self, part: Part, panel: Reals, n_own: int, size: int, packed: Reals) -> None:
        scratch, n = self.scratch, part.ids.size
        if n == 0:
            return
        assert scratch is not None
        place_nodes(part.ids, 0, n, scratch.place, scratch.at, scratch.run)

        def rows(first: int) -> None:
            last = min(first + _ROW_CHUNK, n)
            add_front(part.packed, 0, n, scratch.at, scratch.run, first, last, panel, 0, n_own, size, packed, 0)

        self.workers.each(rows, range(0, n, _ROW_CHUNK))

    def _eliminate(self, panel: Reals, n_own: int, size: int, packed: Reals) -> None:
        if n_own * size * size < _SERIAL_WORK:
            eliminate(panel, 0, n_own, size, packed, 0)
            return
        for first in range(0, n_own, PANEL):
            self._factor_block(panel, size, first, min(first + PANEL, n_own), n_own)
        blocks = range(-(-(size - n_own) // ROW_BLOCK))
        self.workers.each(lambda block: update_block(panel, 0, n_own, size, block, packed, 0), blocks)

    def _factor_block(self, panel: Reals, size: int, first: int, last: int, n_own: int) -> None:
        """One turn of `factor_rows`, its columns shared out."""
        width = doubling(last // PANEL) * PANEL

        def scale(start: int) -> None:
            scale_columns(panel, 0, size, first, last, start, min(start + _COLUMN_CHUNK, size))

        def update(start: int) -> None:
            end = min(start + _COLUMN_CHUNK, size)
            update_rows(panel, 0, size, last - width, last, min(last + width, n_own), start, end)

        leading_rows(panel, 0, size, first, last)
        self.workers.each(scale, range(last, size, _COLUMN_CHUNK))
        if last < n_own:
            self.workers.each(update, range(last, size, _COLUMN_CHUNK))
