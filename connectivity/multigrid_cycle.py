"""One multigrid cycle: an approximate solve in float32, symmetric, for conjugate gradients to lean on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels import multigrid_cycle as kernels
from connectivity.kernels import multigrid_tail as tail_kernels
from connectivity.kernels.multigrid_tail import Tail
from connectivity.multigrid_hierarchy import TAIL, CoarseLevel, Coarsest, FineLevel

__all__ = ["Cycle", "Hierarchy"]

Single = NDArray[np.float32]

SKIP, TWICE = 2, 4
"""After SKIP coarse levels, TWICE levels are visited twice: a cheap way to mend what fences leave of smooth errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All levels of a landscape: the raster, graphs, the smallest graphs in one piece (or none), and a direct solve."""

    fine: FineLevel
    coarse: list[CoarseLevel]
    tail: Tail | None
    coarsest: Coarsest
    depth: int

    @classmethod
    def of(cls, fine: FineLevel, levels: list[CoarseLevel], coarsest: Coarsest) -> Hierarchy:
        """Pack the levels below `TAIL` unknowns, if the last one is solved densely."""
        n = sum(level.size > TAIL for level in levels)
        depth = 2 + len(levels)
        if coarsest.dense is None:
            return cls(fine=fine, coarse=levels, tail=None, coarsest=coarsest, depth=depth)
        tail = _pack(levels[n:], coarsest.dense)
        return cls(fine=fine, coarse=levels[:n], tail=tail, coarsest=coarsest, depth=depth)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        fine, links = self.fine, self.fine.links
        arrays: list[Any] = [fine.g, fine.ground, fine.inverse, fine.line, links.cell, links.dof, links.in_region]
        arrays += [*links.parents, *links.children, *(self.tail or ())]
        for level in self.coarse:
            arrays += [*level.graph, *level.p, *level.r, level.before, level.inside, level.bounds]
        return sum(a.nbytes for a in arrays) + self.coarsest.nbytes


def _pack(levels: list[CoarseLevel], dense: NDArray[np.float64]) -> Tail:
    """The levels one after the other in flat arrays."""
    graphs, ps, rs = [v.graph for v in levels], [v.p for v in levels], [v.r for v in levels]

    def joined(arrays: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype)

    def starts(arrays: list[NDArray[np.int32]]) -> NDArray[np.int32]:
        shift = np.cumsum([0, *(a[-1] for a in arrays)])
        return joined([a + s for a, s in zip(arrays, shift, strict=False)], np.int32)

    shift = np.cumsum([0, *(g.start[-1] for g in graphs)])
    sizes = [[level.size, level.size + 1, level.size + 1, level.r.start.size] for level in levels]
    return Tail(
        at=np.cumsum([[0, 0, 0, 0], *sizes], axis=0).astype(np.int64),
        start=starts([g.start for g in graphs]),
        before=joined([v.before + s for v, s in zip(levels, shift, strict=False)], np.int32),
        column=joined([g.column for g in graphs], np.int32),
        coupling=joined([g.coupling for g in graphs], np.float32),
        ground=joined([g.ground for g in graphs], np.float32),
        inverse=joined([g.inverse for g in graphs], np.float32),
        p_start=starts([p.start for p in ps]),
        p_column=joined([p.column for p in ps], np.int32),
        p_weight=joined([p.weight for p in ps], np.float32),
        r_start=starts([r.start for r in rs]),
        r_column=joined([r.column for r in rs], np.int32),
        r_weight=joined([r.weight for r in rs], np.float32),
        dense=dense,
    )


class _Work:
    """Fields of one coarse level for ``n`` right-hand sides."""

    def __init__(self, n: int, size: int, twice: bool) -> None:
        self.b = np.zeros((n, size), np.float32)
        self.x = np.zeros((n, size), np.float32)
        self.r = np.zeros((n, size), np.float32)
        self.first = np.zeros((n, size), np.float32) if twice else None

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return self.b.nbytes + self.x.nbytes + self.r.nbytes + (0 if self.first is None else self.first.nbytes)


class Cycle:
    """A hierarchy with room for ``n`` right-hand sides at a time."""

    def __init__(self, hierarchy: Hierarchy, n: int) -> None:
        self.hierarchy = hierarchy
        self.work = [_Work(n, level.size, SKIP <= k < SKIP + TWICE) for k, level in enumerate(hierarchy.coarse)]
        tail = hierarchy.tail
        self.last = _Work(n, hierarchy.coarsest.size + (int(tail.at[-1, 0]) if tail else 0), True)
        self.first_of_last = int(tail.at[1, 0]) if tail and len(tail.at) > 1 else hierarchy.coarsest.size

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return self.last.nbytes + sum(work.nbytes for work in self.work)

    def run(self, b: Single, x: Single) -> None:
        """``x ~ A^-1 b`` on the finest level; fields (n, ...) in the split layout."""
        below = self._currents(0)
        self.hierarchy.fine.down(b, x, below)
        self._solve(0)
        self.hierarchy.fine.up(b, self._voltages(0), x)

    def _currents(self, k: int) -> Single:
        """Right-hand sides of coarse level k."""
        return self.work[k].b if k < len(self.work) else self.last.b[:, : self.first_of_last]

    def _voltages(self, k: int) -> Single:
        """Where coarse level k leaves its voltages."""
        return self.work[k].x if k < len(self.work) else self.last.x[:, : self.first_of_last]

    def _solve(self, k: int) -> None:
        """Approximate solve on coarse level k of its right-hand sides, which change on the way."""
        if k == len(self.work):
            self._solve_last(k)
            return
        work = self.work[k]
        self._visit(k)
        if work.first is not None:
            work.first[...] = work.x
            kernels.subtract_graph(self.hierarchy.coarse[k].graph, work.x, work.b)
            self._visit(k)
            work.x += work.first

    def _visit(self, k: int) -> None:
        level, work = self.hierarchy.coarse[k], self.work[k]
        kernels.sweep_down(level.graph, level.before, level.bounds, work.b, work.x)
        kernels.residual_graph(level.graph, level.before, work.x, work.r)
        kernels.restrict_graph(level.r, work.r, self._currents(k + 1))
        self._solve(k + 1)
        kernels.prolong_graph(level.p, self._voltages(k + 1), work.x)
        old = work.x
        if level.bounds.shape[0] > 1:
            work.r[...] = work.x
            old = work.r
        kernels.sweep_up(level.graph, level.inside, level.bounds, work.b, old, work.x)

    def _solve_last(self, k: int) -> None:
        """The tail, or the direct solve alone where there is none."""
        last, tail = self.last, self.hierarchy.tail
        if tail is None:
            self.hierarchy.coarsest.solve(last.b, last.x)
        elif last.first is not None:
            skip, twice = max(SKIP - k, 0), SKIP + TWICE - max(k, SKIP)
            tail_kernels.tail_cycle(tail, skip, twice, last.b, last.x, last.r[0], last.first[0])
