"""Sparse rows of coarse levels: room for them while threads make them, transposes, diagonals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.multigrid import coarsen, product
from connectivity.kernels.multigrid.product import Graph, Rows
from rasters.errors import DataError

__all__ = ["Buffers", "allocate", "transposed", "with_diagonal"]

Single = NDArray[np.float32]
Int = NDArray[np.int32]
Long = NDArray[np.int64]


class Buffers:
    """Where threads put rows of unknown length; made larger until they suffice."""

    def __init__(self, n_row: int, threads: int, entries: int) -> None:
        self.size, self.offset = np.zeros(n_row, np.int32), np.zeros(n_row, np.int64)
        self.used = np.full(threads, -1, np.int64)
        self._entries = entries // threads + 4096

    @property
    def wanting(self) -> bool:
        """True until every thread has placed its rows."""
        return bool((self.used < 0).any()) and self.size.size > 0

    def arrays(self) -> tuple[Int, Long, Int, Single, Long]:
        """Arguments of the row kernels: sizes, offsets, columns, couplings, use; larger at each call."""
        self.column = np.empty((self.used.size, self._entries), np.int32)
        self.coupling = np.empty((self.used.size, self._entries), np.float32)
        self._entries *= 2
        return self.size, self.offset, self.column, self.coupling, self.used

    def copy_to(self, dofs: Int, start: Int, column: Int, coupling: Single) -> None:
        """Copy each row to its place."""
        if dofs.size:
            product.copy_rows(dofs, self.size, self.offset, self.column, self.coupling, start, column, coupling)


def allocate(size: Int) -> tuple[Int, Int, Single]:
    """Starts of rows of given sizes, and room for their entries."""
    start = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    entries = int(start[-1])
    if entries > np.iinfo(np.int32).max:
        raise DataError(f"a coarse level would hold {entries} couplings, more than 2^31; split the landscape")
    return start.astype(np.int32), np.empty(entries, np.int32), np.empty(entries, np.float32)


def with_diagonal(start: Int, column: Int, coupling: Single, ground: Single) -> Graph:
    """A graph with 1 / (couplings + ground) of its unknowns."""
    inverse = np.empty(ground.size, np.float32)
    coarsen.graph_diagonal(start, coupling, ground, inverse)
    return Graph(start=start, column=column, coupling=coupling, ground=ground, inverse=inverse)


def transposed(rows: Rows, n_column: int) -> Rows:
    """The same matrix by columns."""
    out = Rows(
        start=np.empty(n_column + 1, np.int32), column=np.empty_like(rows.column), weight=np.empty_like(rows.weight)
    )
    product.transpose(rows.start, rows.column, rows.weight, out.start, out.column, out.weight)
    return out
