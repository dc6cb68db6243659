"""Fences: lines that cut the edges between cells, and never change a cell.

A fence is a polyline. Every grid edge whose centre-to-centre segment meets it is *cut* and carries the fence's
term; `rasters.fence_cuts` finds them.

What crossing is worth to a species is said by `rasters.permeability`. In a circuit the fence resists as that many metres of the
land beside it do, whatever its direction (`fence_ohm`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from rasters.errors import FenceError
from rasters.grid import Grid
from rasters.steps import STEPS, Neighbours, step_ratio, step_vectors_m

__all__ = [
    "FORMULA",
    "STEPS",
    "CutEdges",
    "Fence",
    "FenceTerms",
    "edge_key",
    "fence_ohm",
    "perpendicular_m",
    "sum_terms",
]

FORMULA = 3
"""Version of what a fence and an opening put on the edges they cut; results of different versions do not compare."""

FLATTEST = 0.05
"""Least share of its length that a step counts as across the fence: an edge along the line is no perfect barrier."""


Steps = tuple[tuple[int, int], ...]


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
    names : tuple of (str, str)
        Languages, by code, with its name in them.
    starts_m : tuple of float
        Where each part starts on its fence line, whose kilometres run on through all its fences (`rasters.fence_lines`) [m];
        empty: one part after the other, from 0.
    """

    id: str
    line: LineString | MultiLineString
    name: str = ""
    fence_line: str = ""
    geometry_status: str = "schematic"
    country: str = ""
    names: tuple[tuple[str, str], ...] = ()
    starts_m: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.line, LineString | MultiLineString) or self.line.is_empty:
            kind = "empty" if isinstance(self.line, BaseGeometry) and self.line.is_empty else "not a line"
            raise FenceError(
                f"fence {self.id!r}: its geometry is {kind}; draw it as a LineString with two or more vertices"
            )
        if not np.isfinite(np.asarray([c[:2] for part in self.parts for c in part.coords])).all():
            raise FenceError(f"fence {self.id!r}: a vertex is not finite")
        if self.starts_m and (len(self.starts_m) != len(self.parts) or not (np.diff(self.starts_m) > 0).all()):
            raise FenceError(f"fence {self.id!r}: starts_m should say where each of its parts starts, in order")

    @property
    def parts(self) -> tuple[LineString, ...]:
        """The line's parts in order."""
        return tuple(self.line.geoms) if isinstance(self.line, MultiLineString) else (self.line,)

    @property
    def length_m(self) -> float:
        """Length along the line, gaps between parts not counted [m]."""
        return float(self.line.length)

    @property
    def spans_m(self) -> NDArray[np.float64]:
        """(n_part, 2) where each part starts and ends on the fence line [m]."""
        lengths = np.array([part.length for part in self.parts])
        starts = np.array(self.starts_m) if self.starts_m else np.cumsum(lengths) - lengths
        return np.column_stack([starts, starts + lengths])

    @property
    def start_m(self) -> float:
        """Where it starts on its fence line [m]."""
        return float(self.spans_m[0, 0])

    @property
    def end_m(self) -> float:
        """Where it ends on its fence line [m]."""
        return float(self.spans_m[-1, 1])

    def posts_m(self, every_m: float, first_m: float = 0.0) -> NDArray[np.float64]:
        """Distances ``first_m``, ``first_m + every_m``, ... of the fence line that lie on this fence [m]."""
        found = [_posts(start, end, every_m, first_m) for start, end in self.spans_m]
        return np.unique(np.concatenate(found))

    def point_at(self, along_m: float) -> Point:
        """Position at a distance on the fence line; of a place in a gap, the nearer end."""
        spans = self.spans_m
        away = np.maximum(np.maximum(spans[:, 0] - along_m, along_m - spans[:, 1]), 0.0)
        k = int(np.argmin(away))
        return self.parts[k].interpolate(max(along_m - spans[k, 0], 0.0))

    def along(self, point: Point) -> float:
        """Distance on the fence line of the place nearest to ``point`` [m]."""
        k = int(np.argmin([part.distance(point) for part in self.parts]))
        return float(self.spans_m[k, 0] + self.parts[k].project(point))

    def stretch(self, start_m: float, end_m: float) -> BaseGeometry:
        """The piece between two distances on the fence line, within the part at which it starts."""
        spans = self.spans_m
        k = int(np.searchsorted(spans[:, 1], start_m, side="right"))
        if k == len(spans):
            return self.parts[-1]
        start = max(start_m - spans[k, 0], 0.0)
        return substring(self.parts[k], start, max(min(end_m, spans[k, 1]) - spans[k, 0], start))


def _posts(start: float, end: float, every_m: float, first_m: float) -> NDArray[np.float64]:
    """``first_m + k every_m`` in [start, end), counted so that neighbours on a line share the same figures."""
    k = np.arange(max(math.floor((start - first_m) / every_m), 0), math.ceil((end - first_m) / every_m) + 1)
    at = first_m + k * every_m
    return np.asarray(at[(at >= start) & (at < end)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CutEdges:
    """Grid edges cut by fences, sorted by fence and by distance along it; one row per fence and edge.

    Parameters
    ----------
    fence : (n,) int32
        Index into ``fences``.
    run : (n,) int32
        Number of the piece of fence line without a gap that the row lies on; an opening stays within one.
    row, col : (n,) int32
        First cell of the edge.
    step : (n,) int8
        Index into ``steps``.
    along_m : (n,) float64
        Distance on the fence line of the first crossing [m].
    parts_sides : (n,) bool
        Whether the edge crosses the fence an odd number of times, so that its two cells lie on different sides of it.
    normal : (n, 2) float64
        Unit normal of the fence there, x eastwards and y northwards, of its chord over one cell to either side.
    steps : tuple of (row, col)
        The edges of a stencil, or steps beyond it.
    """

    fences: tuple[Fence, ...]
    grid: Grid
    fence: NDArray[np.int32]
    run: NDArray[np.int32]
    row: NDArray[np.int32]
    col: NDArray[np.int32]
    step: NDArray[np.int8]
    along_m: NDArray[np.float64]
    parts_sides: NDArray[np.bool_]
    normal: NDArray[np.float64]
    steps: Steps = STEPS

    @property
    def size(self) -> int:
        """Number of (fence, edge) pairs."""
        return int(self.row.size)

    @property
    def second(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row and column of each edge's second cell."""
        steps = np.array(self.steps, np.int32)
        return self.row + steps[self.step, 0], self.col + steps[self.step, 1]

    def only(self, rows: NDArray[np.bool_]) -> CutEdges:
        """Some of the rows."""
        columns = ("fence", "run", "row", "col", "step", "along_m", "parts_sides", "normal")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def of(self, fence_id: str) -> NDArray[np.intp]:
        """Positions of one fence's rows, in order along it."""
        return np.flatnonzero(self.fence == [f.id for f in self.fences].index(fence_id))

    def of_run(self, fence_id: str, along_m: float) -> NDArray[np.intp]:
        """Positions of the rows on the piece of fence line that a fence has nearest to a distance, in order along it."""
        rows = self.of(fence_id)
        if not rows.size:
            return rows
        here = np.flatnonzero(self.run == self.run[rows[np.argmin(np.abs(self.along_m[rows] - along_m))]])
        return here[np.argsort(self.along_m[here], kind="stable")]


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


def edge_key(edges: NDArray[np.int32], grid: Grid, n_steps: int) -> NDArray[np.int64]:
    """(n,) one number for each of (n, 3) edges: row, column, step."""
    row, col, step = edges.astype(np.int64).T
    return (row * grid.width + col) * n_steps + step


def sum_terms(cuts: CutEdges, cost_m: NDArray[np.float64], ohm: NDArray[np.float64]) -> FenceTerms:
    """Add up what several fences put on one edge.

    Parameters
    ----------
    cost_m, ohm : (n,) float64
        Term of each row of ``cuts``; ``inf`` closes the edge.
    """
    key = edge_key(np.stack([cuts.row, cuts.col, cuts.step], axis=1), cuts.grid, len(cuts.steps))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    total_cost, total_ohm = np.zeros(first.size), np.zeros(first.size)
    np.add.at(total_cost, inverse, cost_m)
    np.add.at(total_ohm, inverse, ohm)
    return FenceTerms(row=cuts.row[first], col=cuts.col[first], step=cuts.step[first], cost_m=total_cost, ohm=total_ohm)


def perpendicular_m(cuts: CutEdges) -> NDArray[np.float64]:
    """(n,) how far cut edges lead across their fence, ``|n . d|`` [m]; at least a twentieth of their length."""
    step = step_vectors_m(cuts.grid)[cuts.step]
    return np.maximum(np.abs((cuts.normal * step).sum(axis=1)), FLATTEST * np.hypot(*step.T))


def fence_ohm(cuts: CutEdges, cost_m: NDArray[np.float64], neighbours: Neighbours) -> NDArray[np.float64]:
    """(n,) ohm that crossings of (n,) effective metres, metres times resistance of the land, add to the edges they cut.

    ``cost step_ratio / |n . d|``: in a field of any direction every edge that crosses the line then carries the current
    that it would carry without the fence at a drop larger by that of so much land, so that a straight fence resists
    the same at every angle, on either stencil. Edges that a fence crosses an even number of times join cells on one side
    of it and get nothing.
    """
    ohm = cost_m * step_ratio(cuts.grid, neighbours)[cuts.step] / perpendicular_m(cuts)
    return np.where(cuts.parts_sides, ohm, 0.0)
