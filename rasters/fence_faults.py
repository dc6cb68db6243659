"""What may be wrong with drawn fence lines: gaps, ends that stop short of a fence or nowhere, lines beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry import LineString, Point

from rasters.fence_lines import GAP_M, SNAP_M
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.numbers import distance

__all__ = ["FenceFault", "fence_faults"]

NEAR_CELLS = 2.0
"""Cells within which an end that meets no fence stops short of one."""

BESIDE_CELLS = 0.25
"""Cells within which two fences run beside each other."""

BESIDE_LEAST_CELLS = 3.0
"""Cells for which they have to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceFault:
    """Something for a person to look at, in words, and where on the map [m]."""

    kind: Literal["gap", "near miss", "open end", "beside"]
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _End:
    fence: int
    part: int
    at: Point


def fence_faults(fences: Sequence[Fence], grid: Grid) -> tuple[FenceFault, ...]:
    """Faults of the lines inside the grid: gaps first, then ends, then fences beside each other.

    A gap lies between free ends of one line at most `rasters.fence_lines.GAP_M` apart. Other free ends stop short of a fence
    within two cells, or are open. All fences that are given count as standing.
    """
    parts = [(i, part) for i, fence in enumerate(fences) for part in fence.parts]
    if not parts:
        return ()
    cell = math.sqrt(grid.cell_width_m * grid.cell_height_m)
    tree = shapely.STRtree([part for _, part in parts])
    ends = [end for end in _free_ends(parts, tree) if _inside(end.at, grid)]
    gaps, left = _gaps(ends, fences)
    return (
        *gaps,
        *(_stops(end, fences, parts, tree, NEAR_CELLS * cell) for end in left),
        *_beside(fences, parts, tree, cell),
    )


def _inside(point: Point, grid: Grid) -> bool:
    west, south, east, north = grid.bounds
    return bool(west <= point.x <= east and south <= point.y <= north)


def _free_ends(parts: Sequence[tuple[int, LineString]], tree: shapely.STRtree) -> list[_End]:
    """Ends that touch nothing but their own part."""
    found = []
    for k, (fence, part) in enumerate(parts):
        for place, other in ((0, -1), (-1, 0)):
            at = Point(part.coords[place])
            touched = [j for j in tree.query(at, "dwithin", SNAP_M).tolist() if j != k]
            if not touched and at.distance(Point(part.coords[other])) > SNAP_M:
                found.append(_End(fence, k, at))
    return found


def _gaps(ends: Sequence[_End], fences: Sequence[Fence]) -> tuple[list[FenceFault], list[_End]]:
    """Pairs of free ends of one line, nearest first, and the ends that are left."""
    pairs = [
        (a.at.distance(b.at), i, j)
        for i, a in enumerate(ends)
        for j, b in enumerate(ends[:i])
        if a.part != b.part and _line(fences[a.fence]) == _line(fences[b.fence])
    ]
    used: set[int] = set()
    found = []
    for metres, i, j in sorted(pairs):
        if metres > GAP_M or i in used or j in used:
            continue
        used |= {i, j}
        one, two = (fences[ends[k].fence].id for k in (j, i))
        names = one if one == two else f"{one} and {two}"
        text = f"fence line {_line(fences[ends[i].fence])!r} has a gap of {distance(metres)} ({names})"
        middle = LineString([ends[i].at, ends[j].at]).centroid
        found.append(FenceFault(kind="gap", text=text, x=middle.x, y=middle.y))
    return found, [end for i, end in enumerate(ends) if i not in used]


def _line(fence: Fence) -> str:
    return fence.fence_line or fence.id


def _stops(
    end: _End, fences: Sequence[Fence], parts: Sequence[tuple[int, LineString]], tree: shapely.STRtree, near_m: float
) -> FenceFault:
    """An end that stops short of a fence, or nowhere."""
    others = [j for j in tree.query(end.at, "dwithin", near_m).tolist() if j != end.part]
    nearest = min(others, key=lambda j: parts[j][1].distance(end.at), default=None)
    who, x, y = fences[end.fence].id, end.at.x, end.at.y
    if nearest is None:
        return FenceFault(kind="open end", text=f"{who} has an open end", x=x, y=y)
    other, metres = fences[parts[nearest][0]].id, parts[nearest][1].distance(end.at)
    return FenceFault(kind="near miss", text=f"{who} ends {distance(metres)} short of {other}", x=x, y=y)


def _beside(
    fences: Sequence[Fence], parts: Sequence[tuple[int, LineString]], tree: shapely.STRtree, cell: float
) -> list[FenceFault]:
    """Pairs of fences that run within a quarter of a cell of each other: an opening in one leaves the other closed."""
    metres: dict[tuple[int, int], float] = {}
    where: dict[tuple[int, int], Point] = {}
    for k, (fence, part) in enumerate(parts):
        band = part.buffer(BESIDE_CELLS * cell)
        for j in (int(j) for j in tree.query(band, "intersects")):
            pair = (min(fence, parts[j][0]), max(fence, parts[j][0]))
            shared = parts[j][1].intersection(band) if j > k else None
            if shared is not None and shared.length > 2.0 * BESIDE_CELLS * cell:
                metres[pair] = metres.get(pair, 0.0) + shared.length
                where.setdefault(pair, shared.representative_point())
    return [
        FenceFault(
            kind="beside",
            x=where[a, b].x,
            y=where[a, b].y,
            text=f"{fences[a].id} and {fences[b].id} run beside each other for {distance(metres[a, b])}: an opening in one leaves "
            "the other closed"
            if a != b
            else f"{fences[a].id} runs beside itself for {distance(metres[a, b])}",
        )
        for a, b in sorted(metres)
        if metres[a, b] > BESIDE_LEAST_CELLS * cell
    ]
