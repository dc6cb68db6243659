"""Fences: lines that cut the edges between cells, and never change a cell.

A fence is a polyline. Every grid edge whose centre-to-centre segment meets it is *cut* and carries the fence's term.
The test is exact: vertices are snapped to 1/16384 of a cell and compared in integers, and a vertex or a cell centre
that lies exactly on the other line is moved by a symbolic (eps, eps^2), so that a line through a lattice point cuts each
edge once and never leaks.

How permeability becomes cost, in this one place
-------------------------------------------------
``kappa = reference_m x (1 / permeability - 1)`` [effective m]: an animal to which a fence has permeability p would
rather walk kappa metres through best habitat than cross it. Permeability 1 adds nothing, 0 closes the edge.
``reference_m`` is an assumption of the study. In a circuit the fence is a thin strip along the cells' faces: it adds
``kappa / face width`` [ohm] to each edge that it cuts, so that its total does not depend on the cell size.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from rasters.errors import FenceError
from rasters.grid import Grid
from rasters.kernels.fence_cut import UNITS, cut_segment

__all__ = ["STEPS", "CutEdges", "Fence", "FenceTerms", "crossing_cost_m", "cut_edges", "sum_terms"]

STEPS: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(row, col) offset from an edge's first cell to its second: east, south, south-east, south-west."""


LONGEST = 1 << 30
"""Longest straight piece of a fence [1/UNITS cells]: up to there no product in `rasters.kernels.fence_cut` overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A fence line in the grid's CRS.

    Parameters
    ----------
    id : str
        Unique within a study.
    line : LineString or MultiLineString
        In map units of the grid.
    name : str
    fence_line : str
        The line along the border that it belongs to; bundles open one passage in each.
    geometry_status : str
        ``"surveyed"``, ``"schematic"``, ...; shown wherever the geometry is.
    country : str
        Whose fence it is, where that is known.
    """

    id: str
    line: LineString | MultiLineString
    name: str = ""
    fence_line: str = ""
    geometry_status: str = "schematic"
    country: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.line, LineString | MultiLineString) or self.line.is_empty:
            kind = "empty" if isinstance(self.line, BaseGeometry) and self.line.is_empty else "not a line"
            raise FenceError(
                f"fence {self.id!r}: its geometry is {kind}; draw it as a LineString with two or more vertices"
            )
        if not np.isfinite(np.asarray([c[:2] for part in self.parts for c in part.coords])).all():
            raise FenceError(f"fence {self.id!r}: a vertex is not finite")

    @property
    def parts(self) -> tuple[LineString, ...]:
        """The line's parts in order."""
        return tuple(self.line.geoms) if isinstance(self.line, MultiLineString) else (self.line,)

    @property
    def length_m(self) -> float:
        """Length along the line, gaps between parts not counted [m]."""
        return float(self.line.length)

    def point_at(self, along_m: float) -> Point:
        """Position ``along_m`` from the start."""
        left = along_m
        for part in self.parts:
            if left <= part.length:
                return part.interpolate(left)
            left -= part.length
        return Point(self.parts[-1].coords[-1])

    def along(self, point: Point) -> float:
        """Distance from the start to the place on the line nearest to ``point`` [m]."""
        nearest = min(self.parts, key=point.distance)
        before = sum(part.length for part in self.parts[: self.parts.index(nearest)])
        return float(before + nearest.project(point))

    def stretch(self, start_m: float, end_m: float) -> BaseGeometry:
        """The piece between two distances from the start, within one part."""
        left = start_m
        for part in self.parts:
            if left < part.length:
                return substring(part, left, min(left + end_m - start_m, part.length))
            left -= part.length
        return self.parts[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutEdges:
    """Grid edges cut by fences, sorted by fence and by distance along it; one row per fence and edge.

    Parameters
    ----------
    fence : (n,) int32
        Index into ``fences``.
    row, col : (n,) int32
        First cell of the edge.
    step : (n,) int8
        Index into `STEPS`.
    along_m : (n,) float64
        Distance from the fence's start to the first crossing [m].
    parts_sides : (n,) bool
        Whether the edge crosses the fence an odd number of times, so that its two cells lie on different sides of it.
    """

    fences: tuple[Fence, ...]
    grid: Grid
    fence: NDArray[np.int32]
    row: NDArray[np.int32]
    col: NDArray[np.int32]
    step: NDArray[np.int8]
    along_m: NDArray[np.float64]
    parts_sides: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of (fence, edge) pairs."""
        return int(self.row.size)

    @property
    def second(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row and column of each edge's second cell."""
        steps = np.array(STEPS, np.int32)
        return self.row + steps[self.step, 0], self.col + steps[self.step, 1]

    def of(self, fence_id: str) -> NDArray[np.intp]:
        """Positions of one fence's rows, in order along it."""
        return np.flatnonzero(self.fence == [f.id for f in self.fences].index(fence_id))


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


def crossing_cost_m(permeability: float, reference_m: float) -> float:
    """Cost of crossing a fence [effective m]; see the module's text. 0 for permeability 1, inf for 0."""
    if not 0.0 <= permeability <= 1.0:
        raise FenceError(f"permeability must be in [0, 1], not {permeability!r}")
    return float("inf") if permeability == 0.0 else reference_m * (1.0 / permeability - 1.0)


def cut_edges(fences: Sequence[Fence], grid: Grid) -> CutEdges:
    """Find every grid edge that a fence crosses.

    An edge crossed several times by one fence counts once, at the first crossing: wiggles within a cell are below the
    grid's resolution.

    Raises
    ------
    FenceError
        When two fences share an id, or a fence lies wholly outside the grid.
    """
    _require_distinct(fences)
    found = [_cut_one(fence, grid) for fence in fences]
    counts = [one.along_m.size for one in found]
    joined = _Cuts(*(np.concatenate(column) for column in zip(_Cuts.none(), *found, strict=True)))
    return CutEdges(
        fences=tuple(fences), grid=grid, fence=np.repeat(np.arange(len(found), dtype=np.int32), counts),
        row=joined.edge[:, 0].copy(), col=joined.edge[:, 1].copy(), step=joined.edge[:, 2].astype(np.int8),
        along_m=joined.along_m, parts_sides=joined.odd,
    )  # fmt: skip


class _Cuts(NamedTuple):
    """(n, 3) row, col, step; (n,) metres along the fence; (n,) whether crossed an odd number of times."""

    edge: NDArray[np.int32]
    along_m: NDArray[np.float64]
    odd: NDArray[np.bool_]

    @classmethod
    def none(cls) -> _Cuts:
        return cls(np.empty((0, 3), np.int32), np.empty(0), np.empty(0, bool))


def _require_distinct(fences: Sequence[Fence]) -> None:
    seen: set[str] = set()
    for fence in fences:
        if fence.id in seen:
            raise FenceError(f"two fences have the id {fence.id!r}; ids must be unique")
        seen.add(fence.id)


def _cut_one(fence: Fence, grid: Grid) -> _Cuts:
    """What one fence cuts, sorted along it, each edge once."""
    edges, along = [np.empty((0, 3), np.int32)], [np.empty(0)]
    before = 0.0
    for part in fence.parts:
        xy = np.asarray(part.coords, dtype=np.float64)[:, :2]
        lengths = np.hypot(*np.diff(xy, axis=0).T)
        starts = before + np.concatenate([[0.0], np.cumsum(lengths)])
        for segment, edge, share in _cut_part(_snap(xy, grid, fence), grid):
            edges.append(edge)
            along.append(starts[segment] + share * lengths[segment])
        before = starts[-1]
    all_edges, all_along = np.concatenate(edges), np.concatenate(along)
    if not all_along.size and not _touches(fence, grid):
        raise FenceError(
            f"fence {fence.id!r} lies outside the grid: the fence spans {_round(fence.line.bounds)}, the grid "
            f"{_round(grid.bounds)}; check its coordinate reference system"
        )
    order = np.argsort(all_along, kind="stable")
    _, first, count = np.unique(_edge_key(all_edges[order], grid), return_index=True, return_counts=True)
    along_fence = np.argsort(first)
    keep = order[first[along_fence]]
    return _Cuts(all_edges[keep], all_along[keep], count[along_fence] % 2 == 1)


def _touches(fence: Fence, grid: Grid) -> bool:
    xmin, ymin, xmax, ymax = grid.bounds
    left, bottom, right, top = fence.line.bounds
    return not (left > xmax or right < xmin or bottom > ymax or top < ymin)


def _round(values: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(v) for v in values)


def _snap(xy: NDArray[np.float64], grid: Grid, fence: Fence) -> NDArray[np.int64]:
    """Vertices in 1/UNITS cells from the centre of cell (0, 0): column, row."""
    col = (xy[:, 0] - grid.transform.c) / grid.cell_width_m - 0.5
    row = (grid.transform.f - xy[:, 1]) / grid.cell_height_m - 0.5
    units = np.rint(np.stack([col, row], axis=1) * UNITS)
    low, high = np.minimum(units[:-1], units[1:]), np.maximum(units[:-1], units[1:])
    near = ((high >= -UNITS) & (low <= np.array([grid.width, grid.height]) * UNITS)).all(axis=1)
    if (near & ((high - low).max(axis=1) > LONGEST)).any():
        raise FenceError(
            f"fence {fence.id!r}: a straight piece of it is longer than {LONGEST // UNITS} cells, too long to be cut "
            "exactly; add vertices, or clip the line to the surroundings of the study area"
        )
    return np.clip(units, -16 * LONGEST, 16 * LONGEST).astype(np.int64)


def _cut_part(vertices: NDArray[np.int64], grid: Grid) -> list[tuple[int, NDArray[np.int32], NDArray[np.float64]]]:
    """For each segment that cuts something: its number, (n, 3) edges and (n,) shares of the segment."""
    steps = np.array(STEPS, np.int64)
    edge, share = np.empty((64, 3), np.int32), np.empty(64)
    cuts = []
    for segment, ((ax, ay), (bx, by)) in enumerate(itertools.pairwise(vertices)):
        arguments = (ax, ay, bx, by, grid.height, grid.width, steps, 0)
        count = cut_segment(*arguments, len(share), edge, share)
        if count > len(share):
            edge, share = np.empty((2 * count, 3), np.int32), np.empty(2 * count)
            cut_segment(*arguments, len(share), edge, share)
        if count:
            cuts.append((segment, edge[:count].copy(), share[:count].copy()))
    return cuts


def _edge_key(edges: NDArray[np.int32], grid: Grid) -> NDArray[np.int64]:
    row, col, step = edges.astype(np.int64).T
    return (row * grid.width + col) * len(STEPS) + step


def sum_terms(cuts: CutEdges, cost_m: NDArray[np.float64], ohm: NDArray[np.float64]) -> FenceTerms:
    """Add up what several fences put on one edge.

    Parameters
    ----------
    cost_m, ohm : (n,) float64
        Term of each row of ``cuts``; ``inf`` closes the edge.
    """
    key = _edge_key(np.stack([cuts.row, cuts.col, cuts.step], axis=1), cuts.grid)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    total_cost, total_ohm = np.zeros(first.size), np.zeros(first.size)
    np.add.at(total_cost, inverse, cost_m)
    np.add.at(total_ohm, inverse, ohm)
    return FenceTerms(row=cuts.row[first], col=cuts.col[first], step=cuts.step[first], cost_m=total_cost, ohm=total_ohm)
