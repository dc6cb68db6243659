"""Fences: lines that cut the edges between cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEPS", "FenceTerms"]

STEPS: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(row, col) offset from an edge's first cell to its second: east, south, south-east, south-west."""

@dataclass(frozen=True, slots=True, kw_only=True)
class FenceTerms:
    """What fences add to the edges they cut; each edge at most once.

    Parameters
    ----------
    row, col : (n,) int32
        First cell of the edge.
    step : (n,) int8
        Index into `STEPS`.
    cost_m : (n,) float64
        Extra edge cost [effective m], ``inf`` where the edge is closed.
    ohm : (n,) float64
        Extra edge resistance [ohm], ``inf`` where the edge is closed.
    """

    row: NDArray[np.int32]
    col: NDArray[np.int32]
    step: NDArray[np.int8]
    cost_m: NDArray[np.float64]
    ohm: NDArray[np.float64]

    @classmethod
    def none(cls) -> FenceTerms:
        """No fence at all."""
        whole, real = np.empty(0, np.int32), np.empty(0, np.float64)
        return cls(row=whole, col=whole, step=np.empty(0, np.int8), cost_m=real, ohm=real)

    @property
    def size(self) -> int:
        """Number of edges that carry a term."""
        return int(self.row.size)


