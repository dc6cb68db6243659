"""One multigrid cycle: an approximate solve in float32, symmetric, for conjugate gradients to lean on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.coarse_raster import CoarseRaster
from connectivity.circuit.multigrid.hierarchy import RASTERS, TAIL, CoarseLevel, Coarsest
from connectivity.circuit.multigrid.raster_level import FineLevel
from connectivity.kernels.multigrid import cycle as single
from connectivity.kernels.multigrid import lanes
from connectivity.kernels.multigrid.lanes import LANES
from connectivity.kernels.multigrid.tail import Tail, tail_cycle

__all__ = ["Cycle", "Hierarchy"]

Single = NDArray[np.float32]
Double = NDArray[np.float64]

SKIP, TWICE = RASTERS, 2
"""After SKIP coarse levels, TWICE levels are visited twice: a cheap way to correct what fences leave of smooth errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All levels of a landscape: the raster, graphs, the smallest graphs in one piece (or none), and a direct solve."""

    fine: FineLevel
    coarse: list[CoarseRaster | CoarseLevel]
    tail: Tail | None
    coarsest: Coarsest
    depth: int

    @classmethod
    def of(cls, fine: FineLevel, levels: list[CoarseRaster | CoarseLevel], coarsest: Coarsest) -> Hierarchy:
        """Pack the levels below `TAIL` unknowns, if the last one is solved densely."""
        n = sum(level.size > TAIL for level in levels)
        depth = 2 + len(levels)
        if coarsest.dense is None:
            return cls(fine=fine, coarse=levels, tail=None, coarsest=coarsest, depth=depth)
        tail = _pack([level for level in levels[n:] if isinstance(level, CoarseLevel)], coarsest.dense)
        return cls(fine=fine, coarse=levels[:n], tail=tail, coarsest=coarsest, depth=depth)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        fine, links = self.fine, self.fine.links
        arrays: list[Any] = [fine.g, fine.ground, fine.inverse, fine.line, links.cell, links.dof, links.in_region]
        arrays += [*links.parents, *links.children, *(self.tail or ())]
        flat = sum(int(a.nbytes) for a in arrays) + (0 if self.tail else self.coarsest.nbytes)
        return flat + sum(level.nbytes for level in self.coarse)


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
    """Fields of a graph: (size,) for one right-hand side, (size, LANES) for several."""

    def __init__(self, size: int, n: int, twice: bool) -> None:
        shape = (size,) if n == 1 else (size, LANES)
        self.b = np.zeros(shape, np.float32)
        self.x = np.zeros(shape, np.float32)
        self.r = np.zeros(shape, np.float32)
        self.first = np.zeros(shape if twice else 0, np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return self.b.nbytes + self.x.nbytes + self.r.nbytes + self.first.nbytes


class _RasterWork:
    """Fields of a coarse raster: (n, ...) in its layout, (n, size) by unknown, (n, corners)."""

    def __init__(self, level: CoarseRaster, n: int) -> None:
        self.b = np.zeros((n, *level.field), np.float32)
        self.x = np.zeros((n, *level.field), np.float32)
        self.by_unknown = np.zeros((n, level.size), np.float32)
        self.grid = np.zeros((n, level.corners), np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return self.b.nbytes + self.x.nbytes + self.by_unknown.nbytes + self.grid.nbytes


class Cycle:
    """A hierarchy with room for ``n`` right-hand sides at a time, LANES at most."""

    def __init__(self, hierarchy: Hierarchy, n: int) -> None:
        self.hierarchy = hierarchy
        self.n = n
        self.kernels = single if n == 1 else lanes
        self.work = [
            _RasterWork(level, n) if isinstance(level, CoarseRaster) else _Work(level.size, n, SKIP <= k < SKIP + TWICE)
            for k, level in enumerate(hierarchy.coarse)
        ]
        tail = hierarchy.tail
        self.last = _Work(hierarchy.coarsest.size + (int(tail.at[-1, 0]) if tail else 0), LANES, True)
        self.n_last = int(tail.at[1, 0]) if tail and len(tail.at) > 1 else hierarchy.coarsest.size

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return self.last.nbytes + sum(work.nbytes for work in self.work)

    def run(self, b: Double, x: Single) -> None:
        """``x ~ A^-1 b`` on the finest level; fields (n, ...) in the split layout."""
        self.hierarchy.fine.down(b, x, self._currents_by_rows(0))
        self._solve(0)
        self.hierarchy.fine.up(b, self._voltages_by_rows(0), x)

    def _currents_by_rows(self, k: int) -> Single:
        """Right-hand sides of coarse level k, (n, size)."""
        work = self.work[k] if k < len(self.work) else None
        return work.by_unknown if isinstance(work, _RasterWork) else self._by_rows(self._currents(k))

    def _voltages_by_rows(self, k: int) -> Single:
        """Where coarse level k leaves its voltages, (n, size)."""
        work = self.work[k] if k < len(self.work) else None
        return work.by_unknown if isinstance(work, _RasterWork) else self._by_rows(self._voltages(k))

    def _by_rows(self, field: Single) -> Single:
        """A field of a graph with right-hand sides first, (n, size)."""
        return field[None] if field.ndim == 1 else field.T[: self.n]

    def _currents(self, k: int) -> Single:
        """Right-hand sides of a graph, coarse level k."""
        return self.work[k].b if k < len(self.work) else self._of_last(self.last.b)

    def _voltages(self, k: int) -> Single:
        """Where a graph, coarse level k, leaves its voltages."""
        return self.work[k].x if k < len(self.work) else self._of_last(self.last.x)

    def _of_last(self, field: Single) -> Single:
        """The first level of the tail; one lane of it for one right-hand side."""
        return field[: self.n_last, 0] if self.n == 1 else field[: self.n_last]

    def _solve(self, k: int) -> None:
        """Approximate solve on coarse level k of its right-hand sides, which change on the way."""
        if k == len(self.work):
            self._solve_last(k)
            return
        level, work = self.hierarchy.coarse[k], self.work[k]
        if isinstance(level, CoarseRaster) and isinstance(work, _RasterWork):
            self._visit_raster(level, work, k)
        elif isinstance(level, CoarseLevel) and isinstance(work, _Work):
            self._visit(level, work, k)
            if work.first.size:
                work.first[...] = work.x
                self.kernels.subtract_product(level.graph, work.x, work.b)
                self._visit(level, work, k)
                work.x += work.first

    def _visit_raster(self, level: CoarseRaster, work: _RasterWork, k: int) -> None:
        level.enter(work.by_unknown, work.b)
        level.down(work.b, work.x, work.grid, self._currents_by_rows(k + 1))
        self._solve(k + 1)
        level.up(work.b, self._voltages_by_rows(k + 1), work.grid, work.x)
        level.leave(work.x, work.by_unknown)

    def _visit(self, level: CoarseLevel, work: _Work, k: int) -> None:
        self.kernels.sweep_down(level.graph, level.before, level.bounds, work.b, work.x)
        self.kernels.residual_after(level.graph, level.before, work.x, work.r)
        self.kernels.product(level.r, work.r, self._currents(k + 1))
        self._solve(k + 1)
        self.kernels.add_product(level.p, self._voltages(k + 1), work.x)
        old = work.x
        if level.bounds.shape[0] > 1:
            work.r[...] = work.x
            old = work.r
        self.kernels.sweep_up(level.graph, level.inside, level.bounds, work.b, old, work.x)

    def _solve_last(self, k: int) -> None:
        """The tail, or the direct solve alone where there is none."""
        last, tail = self.last, self.hierarchy.tail
        if tail is None:
            self.hierarchy.coarsest.solve(last.b, last.x)
        else:
            skip, twice = max(SKIP - k, 0), SKIP + TWICE - max(k, SKIP)
            tail_cycle(tail, skip, twice, last.b, last.x, last.r, last.first)
