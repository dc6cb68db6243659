"""Which edges of a grid a fence crosses.

The test is exact: vertices are snapped to 1/16384 of a cell and compared in integers, and a vertex or a cell centre
that lies exactly on the other line is moved by a symbolic (eps, eps^2), so that a line through a lattice point cuts each
edge once and never leaks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rasters.errors import FenceError
from rasters.fences import CutEdges, Fence, Steps, edge_key
from rasters.grid import Grid
from rasters.kernels.fence_cut import UNITS, cut_segment
from rasters.steps import STEPS

__all__ = ["cut_edges", "touches"]

WIGGLE = 4.0
"""Cells along a line within which it may cross an edge again without being another stretch of fence."""

LONGEST = 1 << 30
"""Longest straight piece of a fence [1/UNITS cells]: up to there no product in `rasters.kernels.fence_cut` overflows."""


def cut_edges(fences: Sequence[Fence], grid: Grid, *, steps: Steps = STEPS) -> CutEdges:
    """Find every grid edge that a fence crosses; with other ``steps``, every such step between cells.

    Fences of one line that touch are cut as one line, so that it does not matter into how many features it was drawn.
    An edge that a line crosses again within `WIGGLE` cells along it counts once, at the first crossing: such wiggles are
    below the grid's resolution. What comes back later is another stretch of fence, and stands on its own.

    Raises
    ------
    FenceError
        When two fences share an id, or none of them touches the grid.
    """
    _require_distinct(fences)
    _require_touching(fences, grid)
    number = itertools.count()
    found = [_cut_line(members, fences, grid, steps, number) for members in _lines(fences)]
    joined = _Cuts(*(np.concatenate(column) for column in zip(_Cuts.none(), *found, strict=True)))
    order = np.lexsort((joined.along_m, joined.fence))
    edge = joined.edge[order]
    return CutEdges(
        fences=tuple(fences),
        grid=grid,
        fence=joined.fence[order],
        run=joined.run[order],
        row=edge[:, 0].copy(),
        col=edge[:, 1].copy(),
        step=edge[:, 2].astype(np.int8),
        along_m=joined.along_m[order],
        parts_sides=joined.odd[order],
        normal=joined.normal[order],
        steps=steps,
    )


class _Cuts(NamedTuple):
    """(n, 3) row, col, step; (n,) metres on the line; (n,) crossed an odd number of times; (n, 2) normal; (n,) fence, run."""

    edge: NDArray[np.int32]
    along_m: NDArray[np.float64]
    odd: NDArray[np.bool_]
    normal: NDArray[np.float64]
    fence: NDArray[np.int32]
    run: NDArray[np.int32]

    @classmethod
    def none(cls) -> _Cuts:
        whole = np.empty(0, np.int32)
        return cls(np.empty((0, 3), np.int32), np.empty(0), np.empty(0, bool), np.empty((0, 2)), whole, whole)


class _Part(NamedTuple):
    """One part of a fence: its index, where it starts on the line [m], and (n, 2) vertices."""

    fence: int
    start_m: float
    xy: NDArray[np.float64]


def _require_distinct(fences: Sequence[Fence]) -> None:
    seen: set[str] = set()
    for fence in fences:
        if fence.id in seen:
            raise FenceError(f"two fences have the id {fence.id!r}; ids must be unique")
        seen.add(fence.id)


def _require_touching(fences: Sequence[Fence], grid: Grid) -> None:
    if fences and not any(touches(fence, grid) for fence in fences):
        fence = fences[0]
        raise FenceError(
            f"fence {fence.id!r} lies outside the grid: the fence spans {_round(fence.line.bounds)}, the grid "
            f"{_round(grid.bounds)}; check its coordinate reference system"
        )


def _lines(fences: Sequence[Fence]) -> list[list[int]]:
    """Indices of the fences of each line; one without a line is its own."""
    lines: dict[tuple[bool, str], list[int]] = {}
    for i, fence in enumerate(fences):
        lines.setdefault((bool(fence.fence_line), fence.fence_line or fence.id), []).append(i)
    return list(lines.values())


def _runs(members: Sequence[int], fences: Sequence[Fence]) -> list[list[_Part]]:
    """The line's parts in order along it, those that go on from each other together."""
    parts = [
        _Part(i, float(start), np.asarray(part.coords, dtype=np.float64)[:, :2])
        for i in members
        for (start, _), part in zip(fences[i].spans_m, fences[i].parts, strict=True)
    ]
    runs: list[list[_Part]] = []
    for part in sorted(parts, key=lambda one: one.start_m):
        last = runs[-1][-1] if runs else None
        if last is not None and part.start_m > last.start_m and (part.xy[0] == last.xy[-1]).all():
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def _cut_line(
    members: Sequence[int], fences: Sequence[Fence], grid: Grid, steps: Steps, number: Iterator[int]
) -> _Cuts:
    """What the fences of one line cut, each edge once for each fence."""
    found = [_cut_run(run, fences, grid, steps, next(number)) for run in _runs(members, fences)]
    cuts = _Cuts(*(np.concatenate(column) for column in zip(*found, strict=True)))
    key, cell = edge_key(cuts.edge, grid, len(steps)), math.sqrt(grid.cell_width_m * grid.cell_height_m)
    order = np.lexsort((cuts.along_m, key))
    new = np.diff(key[order], prepend=-1) != 0
    new |= np.diff(cuts.along_m[order], prepend=-np.inf) > WIGGLE * cell
    count = np.diff(np.append(np.flatnonzero(new), order.size))
    first, odd = order[new], count % 2 == 1
    once = np.lexsort((cuts.along_m[first], ~odd, cuts.fence[first], key[first]))
    same = (np.diff(key[first][once], prepend=-1) == 0) & (np.diff(cuts.fence[first][once], prepend=-1) == 0)
    kept = once[~same]
    return _Cuts(*(column[first[kept]] for column in cuts))._replace(odd=odd[kept])


def _cut_run(run: Sequence[_Part], fences: Sequence[Fence], grid: Grid, steps: Steps, number: int) -> _Cuts:
    """Every crossing of a piece of line without a gap; several of one edge each count."""
    xy = np.concatenate([run[0].xy, *(part.xy[1:] for part in run[1:])])
    lengths = np.hypot(*np.diff(xy, axis=0).T)
    part_of = np.repeat(np.arange(len(run)), [len(part.xy) - 1 for part in run])
    within = np.concatenate([np.cumsum(lengths[part_of == k]) - lengths[part_of == k] for k in range(len(run))])
    starts = np.array([part.start_m for part in run])[part_of] + within
    found = _cut_part(_snap(xy, grid, fences[run[0].fence].id), grid, steps)
    segment = np.concatenate([np.empty(0, int), *(np.full(len(share), k) for k, _, share in found)])
    edge = np.concatenate([np.empty((0, 3), np.int32), *(edges for _, edges, _ in found)])
    share = np.concatenate([np.empty(0), *(shares for _, _, shares in found)])
    fence = np.array([part.fence for part in run], np.int32)[part_of[segment]]
    at, cell = np.concatenate([[0.0], np.cumsum(lengths)]), math.sqrt(grid.cell_width_m * grid.cell_height_m)
    normal = _normals(xy, at, at[segment] + share * lengths[segment], cell)
    along = starts[segment] + share * lengths[segment]
    return _Cuts(edge, along, np.ones(along.size, bool), normal, fence, np.full(along.size, number, np.int32))


def _normals(
    xy: NDArray[np.float64], at: NDArray[np.float64], middle: NDArray[np.float64], reach_m: float
) -> NDArray[np.float64]:
    """(n, 2) unit normals of the chords ``reach_m`` to either side of places on a line, with ``at`` of its vertices."""
    before, after = (np.clip(middle + side, 0.0, at[-1]) for side in (-reach_m, reach_m))
    chord = np.stack([np.interp(after, at, v) - np.interp(before, at, v) for v in xy.T], axis=1)
    length = np.hypot(*chord.T)[:, None]
    across = np.stack([chord[:, 1], -chord[:, 0]], axis=1)
    return np.divide(across, length, out=np.tile([1.0, 0.0], (middle.size, 1)), where=length > 0)


def touches(fence: Fence, grid: Grid) -> bool:
    """Whether a fence may reach into the grid, by its outline."""
    xmin, ymin, xmax, ymax = grid.bounds
    left, bottom, right, top = fence.line.bounds
    return not (left > xmax or right < xmin or bottom > ymax or top < ymin)


def _round(values: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(v) for v in values)


def _snap(xy: NDArray[np.float64], grid: Grid, fence: str) -> NDArray[np.int64]:
    """Vertices in 1/UNITS cells from the centre of cell (0, 0): column, row."""
    col = (xy[:, 0] - grid.transform.c) / grid.cell_width_m - 0.5
    row = (grid.transform.f - xy[:, 1]) / grid.cell_height_m - 0.5
    units = np.rint(np.stack([col, row], axis=1) * UNITS)
    low, high = np.minimum(units[:-1], units[1:]), np.maximum(units[:-1], units[1:])
    near = ((high >= -UNITS) & (low <= np.array([grid.width, grid.height]) * UNITS)).all(axis=1)
    if (near & ((high - low).max(axis=1) > LONGEST)).any():
        raise FenceError(
            f"fence {fence!r}: a straight piece of it is longer than {LONGEST // UNITS} cells, too long to be cut "
            "exactly; add vertices, or clip the line to the surroundings of the study area"
        )
    return np.clip(units, -16 * LONGEST, 16 * LONGEST).astype(np.int64)


def _cut_part(
    vertices: NDArray[np.int64], grid: Grid, steps: Steps
) -> list[tuple[int, NDArray[np.int32], NDArray[np.float64]]]:
    """For each segment that cuts something: its number, (n, 3) edges and (n,) shares of the segment."""
    vectors = np.array(steps, np.int64)
    edge, share = np.empty((64, 3), np.int32), np.empty(64)
    cuts = []
    for segment, ((ax, ay), (bx, by)) in enumerate(itertools.pairwise(vertices)):
        arguments = (ax, ay, bx, by, grid.height, grid.width, vectors, 0)
        count = cut_segment(*arguments, len(share), edge, share)
        if count > len(share):
            edge, share = np.empty((2 * count, 3), np.int32), np.empty(2 * count)
            cut_segment(*arguments, len(share), edge, share)
        if count:
            cuts.append((segment, edge[:count].copy(), share[:count].copy()))
    return cuts
