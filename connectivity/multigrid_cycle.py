"""One multigrid cycle: an approximate solve in float32, symmetric, for conjugate gradients to lean on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels import multigrid_cycle as kernels
from connectivity.multigrid_hierarchy import CoarseLevel, Coarsest, FineLevel

__all__ = ["Cycle", "Hierarchy"]

Single = NDArray[np.float32]

TWICE = (1, 4)
"""Coarse levels, counted from the first, that are visited twice: errors beside fences are cheap to mend there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All levels of a landscape."""

    fine: FineLevel
    coarse: list[CoarseLevel]
    coarsest: Coarsest

    @property
    def depth(self) -> int:
        """Number of levels."""
        return 2 + len(self.coarse)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        fine, links = self.fine, self.fine.links
        total = sum(
            a.nbytes for a in (fine.g, fine.ground, fine.inverse, fine.line, links.cell, links.dof, links.in_region)
        )
        total += sum(a.nbytes for a in (*links.parents, *links.children))
        for level in self.coarse:
            total += sum(a.nbytes for a in (*level.graph, *level.p, *level.r, level.before, level.inside, level.bounds))
        return total + self.coarsest.nbytes


class _Work:
    """Fields of one coarse level for ``n`` right-hand sides."""

    def __init__(self, n: int, size: int, twice: bool) -> None:
        self.b = np.zeros((n, size), np.float32)
        self.x = np.zeros((n, size), np.float32)
        self.r = np.zeros((n, size), np.float32)
        self.first = np.zeros((n, size), np.float32) if twice else None


class Cycle:
    """A hierarchy with room for ``n`` right-hand sides at a time."""

    def __init__(self, hierarchy: Hierarchy, n: int) -> None:
        self.hierarchy = hierarchy
        self.work = [_Work(n, level.size, TWICE[0] <= k < TWICE[1]) for k, level in enumerate(hierarchy.coarse)]
        self.last_x = np.zeros((n, hierarchy.coarsest.size), np.float32)
        self.last = np.zeros((n, hierarchy.coarsest.size), np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the fields."""
        return sum(a.nbytes for w in self.work for a in (w.b, w.x, w.r, w.first) if a is not None)

    def run(self, b: Single, x: Single) -> None:
        """``x ~ A^-1 b`` on the finest level; fields (n, ...) in the split layout."""
        below = self.work[0].b if self.work else self.last
        self.hierarchy.fine.down(b, x, below)
        self.hierarchy.fine.up(b, self._solve(0, below), x)

    def _solve(self, k: int, b: Single) -> Single:
        """Approximate solve on coarse level k."""
        if k == len(self.work):
            self.hierarchy.coarsest.solve(b, self.last_x)
            return self.last_x
        work = self.work[k]
        x = self._visit(k, b)
        if work.first is None:
            return x
        level = self.hierarchy.coarse[k]
        work.first[:] = x
        kernels.total_residual(level.graph, b, work.first, work.r)
        again = work.r.copy()
        x = self._visit(k, again)
        x += work.first
        return x

    def _visit(self, k: int, b: Single) -> Single:
        level, work = self.hierarchy.coarse[k], self.work[k]
        below = self.work[k + 1].b if k + 1 < len(self.work) else self.last
        kernels.sweep_down(level.graph, level.before, level.bounds, b, work.x)
        kernels.residual_graph(level.graph, level.before, work.x, work.r)
        kernels.restrict_graph(level.r, work.r, below)
        kernels.prolong_graph(level.p, self._solve(k + 1, below), work.x)
        old = work.x if level.bounds.shape[0] == 1 else work.x.copy()
        kernels.sweep_up(level.graph, level.inside, level.bounds, b, old, work.x)
        return work.x
