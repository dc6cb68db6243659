"""Fences: lines that cut the edges between cells, and never change a cell.

A fence is a polyline. Every grid edge whose centre-to-centre segment meets it is *cut* and carries the fence's term.
The test is exact: vertices are snapped to 1/16384 of a cell and compared in integers, and a vertex or a cell centre
that lies exactly on the other line is moved by a symbolic (eps, eps^2), so that a line through a lattice point cuts each
edge once and never leaks.

How permeability becomes cost, in this one place
-------------------------------------------------
``kappa = reference_m x (1 / permeability - 1)`` [effective m]: an animal to which a fence has permeability p would
rather walk kappa metres through best habitat than cross it. Permeability 1 adds nothing, 0 closes the edge.
``reference_m`` is an assumption of the study, or follows from how p was measured (`worth_m`). In a circuit the fence
resists as kappa metres of land do, whatever its direction (`fence_ohm`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from rasters.errors import FenceError
from rasters.grid import Grid
from rasters.kernels.fence_cut import UNITS, cut_segment
from rasters.steps import STEPS, Neighbours, step_ratio, step_vectors_m

__all__ = [
    "FORMULA",
    "STEPS",
    "CutEdges",
    "Fence",
    "FenceTerms",
    "crossing_cost_m",
    "cut_edges",
    "fence_ohm",
    "perpendicular_m",
    "sum_terms",
    "worth_m",
]

FORMULA = 2
"""Version of what a fence and an opening put on the edges they cut; results of different versions do not compare."""

FLATTEST = 0.05
"""Least share of its length that a step counts as across the fence: an edge along the line is no perfect barrier."""

SPECULAR = math.pi / 2
"""Metres of land per free path and refused crossing, for walks that a fence turns back like a mirror."""

STEPWISE = math.pi / 4
"""The same per mean-square step over mean step, for walks that weigh each step across by its own."""

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
    normal : (n, 2) float64
        Unit normal of the fence there, x eastwards and y northwards, of its chord over one cell to either side.
    """

    fences: tuple[Fence, ...]
    grid: Grid
    fence: NDArray[np.int32]
    row: NDArray[np.int32]
    col: NDArray[np.int32]
    step: NDArray[np.int8]
    along_m: NDArray[np.float64]
    parts_sides: NDArray[np.bool_]
    normal: NDArray[np.float64]

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


def worth_m(value: float, *, per: Literal["encounter", "step"], scale_m: float) -> float:
    """Metres of open land that a fence is worth to a walker, from a permeability that was measured [effective m].

    Parameters
    ----------
    value : float
        In [0, 1]. Per encounter: share of the encounters that end on the other side. Per step: weight of a step across
        the fence, relative to the same step without one.
    per : {"encounter", "step"}
    scale_m : float
        Per encounter: mean free path, the distance over which the walk keeps its direction. Per step: mean squared over
        mean length of the steps. > 0; [m].

    Raises
    ------
    FenceError
        For a value or scale outside these ranges.

    Notes
    -----
    The jump of density at a wall that lets a share p of a diffuse flux through, for specular reflection:
    ``(pi / 2) scale_m (1 / p - 1)`` in the plane. For steps of relative weight w it is ``(pi / 4) scale_m (1 / w - 1)``,
    exact as w goes to 0. Both are the extra resistance of a slab in units of land, and are tested on simulated walks.
    """
    if not (scale_m > 0 and math.isfinite(scale_m)):
        raise FenceError(f"scale_m must be > 0 and finite, not {scale_m!r}")
    if per not in ("encounter", "step"):
        raise FenceError(f"a permeability is per 'encounter' or per 'step', not {per!r}")
    return crossing_cost_m(value, scale_m * (SPECULAR if per == "encounter" else STEPWISE))


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
        along_m=joined.along_m, parts_sides=joined.odd, normal=joined.normal,
    )  # fmt: skip


class _Cuts(NamedTuple):
    """(n, 3) row, col, step; (n,) metres along the fence; (n,) whether crossed an odd number of times; (n, 2) normal."""

    edge: NDArray[np.int32]
    along_m: NDArray[np.float64]
    odd: NDArray[np.bool_]
    normal: NDArray[np.float64]

    @classmethod
    def none(cls) -> _Cuts:
        return cls(np.empty((0, 3), np.int32), np.empty(0), np.empty(0, bool), np.empty((0, 2)))


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
    cell = math.sqrt(grid.cell_width_m * grid.cell_height_m)
    return _Cuts(all_edges[keep], all_along[keep], count[along_fence] % 2 == 1, _normals(fence, all_along[keep], cell))


def _normals(fence: Fence, along_m: NDArray[np.float64], reach_m: float) -> NDArray[np.float64]:
    """(n, 2) unit normals of the chords ``reach_m`` to either side of places on a fence, within the part they lie on."""
    out = np.empty((along_m.size, 2))
    ends = np.cumsum([part.length for part in fence.parts])
    number = np.minimum(np.searchsorted(ends, along_m), len(ends) - 1)
    for k in np.unique(number):
        here, part = number == k, fence.parts[k]
        xy = np.asarray(part.coords, dtype=np.float64)[:, :2]
        at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        middle = along_m[here] - (ends[k] - part.length)
        before, after = (np.clip(middle + side, 0.0, at[-1]) for side in (-reach_m, reach_m))
        chord = np.stack([np.interp(after, at, v) - np.interp(before, at, v) for v in xy.T], axis=1)
        length = np.hypot(*chord.T)[:, None]
        across = np.stack([chord[:, 1], -chord[:, 0]], axis=1)
        out[here] = np.divide(across, length, out=np.tile([1.0, 0.0], (middle.size, 1)), where=length > 0)
    return out


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


def perpendicular_m(cuts: CutEdges, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float64]:
    """(n,) how far cut edges, all or some, lead across their fence, ``|n . d|`` [m]; at least a twentieth of their length."""
    step = step_vectors_m(cuts.grid)[cuts.step[rows]]
    return np.maximum(np.abs((cuts.normal[rows] * step).sum(axis=1)), FLATTEST * np.hypot(*step.T))


def fence_ohm(cuts: CutEdges, worth_m: NDArray[np.float64], neighbours: Neighbours) -> NDArray[np.float64]:
    """(n,) ohm that fences worth (n,) metres of land of resistance 1 add to the edges they cut.

    ``kappa step_ratio / |n . d|``: in a field of any direction every edge that crosses the line then carries the current
    that it would carry without the fence at a drop larger by that of kappa metres of land, so that a straight fence resists
    the same at every angle, on either stencil. Edges that a fence crosses an even number of times join cells on one side
    of it and get nothing.
    """
    ohm = worth_m * step_ratio(cuts.grid, neighbours)[cuts.step] / perpendicular_m(cuts)
    return np.where(cuts.parts_sides, ohm, 0.0)
