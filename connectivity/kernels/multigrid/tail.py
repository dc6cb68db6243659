"""The smallest levels in one piece: their cycle is a single call, for thousands of tiny loops cost more than the work in them.

Levels k = 0..n - 1 lie one after the other in flat arrays. ``at[k]`` = (first unknown, first entry of ``start``, first entry of
``p_start``, first entry of ``r_start``); unknown numbers are local to a level, positions of entries are those of the flat array.
Level n is solved by a dense inverse; its unknowns follow those of level n - 1. Fields are (all unknowns, LANES); such small levels
take one right-hand side no faster than four.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels._jit import kernel
from connectivity.kernels.multigrid.lanes import (
    LANES,
    add_rows,
    subtract_rows,
    sum_rows,
    sweep_down_run,
    sweep_up_run,
)

__all__ = ["Tail", "tail_cycle"]

Double2 = NDArray[np.float64]
Single1 = NDArray[np.float32]
Single2 = NDArray[np.float32]
Int1 = NDArray[np.int32]
Long2 = NDArray[np.int64]


class Tail(NamedTuple):
    """Flat arrays of the smallest levels; ``inverse`` (1 / diagonals) and ``ground`` by unknown, ``dense`` (n, n)."""

    at: Long2
    start: Int1
    before: Int1
    column: Int1
    coupling: Single1
    ground: Single1
    inverse: Single1
    p_start: Int1
    p_column: Int1
    p_weight: Single1
    r_start: Int1
    r_column: Int1
    r_weight: Single1
    dense: Double2


@kernel
def _dense_solve(dense: Double2, b: Single2, x: Single2) -> None:
    for lane in range(LANES):
        total = np.zeros(b.shape[0], np.float64)
        for i in range(b.shape[0]):
            value = np.float64(b[i, lane])
            if value != 0.0:
                for k in range(b.shape[0]):
                    total[k] += value * dense[i, k]
        x[:, lane] = total


@kernel
def _sizes(tail: Tail, k: int, total: int) -> tuple[int, int, int]:
    """Where level k < n starts, and how many unknowns it and the level below have; ``total`` = all unknowns."""
    n_level = tail.at.shape[0] - 1
    first, below = tail.at[k, 0], tail.at[k + 1, 0]
    end = tail.at[k + 2, 0] if k + 1 < n_level else total
    return first, below - first, end - below


@kernel
def _go_down(tail: Tail, k: int, b: Single2, x: Single2, r: Single2) -> None:
    """Smooth level k from zero and restrict its residual to level k + 1."""
    d, n, n_below = _sizes(tail, k, b.shape[0])
    start, before = tail.start[tail.at[k, 1] : tail.at[k, 1] + n + 1], tail.before[d : d + n]
    sweep_down_run(start, before, tail.column, tail.coupling, tail.inverse[d : d + n], b[d : d + n], x[d : d + n], 0, n)
    sum_rows(before, start[1:], tail.column, tail.coupling, x[d : d + n], 0, n, r[d : d + n])
    r_start = tail.r_start[tail.at[k, 3] : tail.at[k, 3] + n_below + 1]
    sum_rows(r_start, r_start[1:], tail.r_column, tail.r_weight, r[d : d + n], 0, n_below, b[d + n : d + n + n_below])


@kernel
def _go_up(tail: Tail, k: int, b: Single2, x: Single2) -> None:
    """Add the correction of level k + 1 to level k and smooth."""
    d, n, n_below = _sizes(tail, k, b.shape[0])
    start, p_start = (
        tail.start[tail.at[k, 1] : tail.at[k, 1] + n + 1],
        tail.p_start[tail.at[k, 2] : tail.at[k, 2] + n + 1],
    )
    here = x[d : d + n]
    add_rows(p_start, tail.p_column, tail.p_weight, x[d + n : d + n + n_below], 0, n, here)
    inverse = tail.inverse[d : d + n]
    sweep_up_run(start, start[1:], tail.column, tail.coupling, inverse, b[d : d + n], here, here, 0, n)


@kernel
def _begin_again(tail: Tail, k: int, b: Single2, x: Single2, first: Single2) -> None:
    """Put the voltages of level k aside and leave their residual in ``b``."""
    d, n, _ = _sizes(tail, k, b.shape[0])
    first[d : d + n] = x[d : d + n]
    start = tail.start[tail.at[k, 1] : tail.at[k, 1] + n + 1]
    subtract_rows(start, tail.column, tail.coupling, tail.ground[d : d + n], x[d : d + n], 0, n, b[d : d + n])


@kernel
def tail_cycle(tail: Tail, skip: int, twice: int, b: Single2, x: Single2, r: Single2, first: Single2) -> None:
    """A cycle through the tail; after ``skip`` levels, ``twice`` levels are visited twice.

    ``b`` (changed) and ``x`` start with level 0; ``r`` and ``first`` are room for work. All are (all unknowns, LANES).
    """
    n_level = tail.at.shape[0] - 1
    again = np.zeros(n_level, np.bool_)
    k = 0
    while k >= 0:
        while k < n_level:
            _go_down(tail, k, b, x, r)
            k += 1
        d = tail.at[n_level, 0]
        _dense_solve(tail.dense, b[d:], x[d:])
        k -= 1
        while k >= 0:
            _go_up(tail, k, b, x)
            if skip <= k < skip + twice:
                again[k] = not again[k]
                if again[k]:
                    _begin_again(tail, k, b, x, first)
                    break
                d, n, _ = _sizes(tail, k, b.shape[0])
                for i in range(d, d + n):
                    for lane in range(LANES):
                        x[i, lane] += first[i, lane]
            k -= 1
