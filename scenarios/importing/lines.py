"""Fence lines as people draw them: drawn twice, in broken ways, with ends that nearly meet, spurs, loops.

Nothing is moved farther than the distance that is asked for; what cannot be decided here is told with its place.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from rasters.fence_faults import fence_faults
from rasters.fence_lines import joined_lines
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.numbers import distance
from scenarios.importing.account import Account, some, where

__all__ = ["DrawnLine", "cleaned_lines", "gaps_left", "geometry_key"]

LEAST_M = 0.001
"""Shorter ones are no lines [m]."""
SAME_M = 0.01
"""Vertices this near to each other are the same when lines are compared [m]."""
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLine:
    """A line with what is known of it.

    Parameters
    ----------
    shape : LineString or MultiLineString
        On the grid [m].
    known : hashable
        Its attributes: lines are joined only where these are equal.
    line : str
        The fence line that it belongs to.
    places : tuple of str
        Which features of the file it was made of.
    """

    shape: BaseGeometry
    known: Hashable
    line: str
    places: tuple[str, ...]


class _Piece(NamedTuple):
    """One part of a line: index of its line, (n, 2) vertices."""

    owner: int
    xy: Points


def cleaned_lines(
    lines: Sequence[DrawnLine], grid: Grid, account: Account, *, snap_m: float, join: bool
) -> list[DrawnLine]:
    """Lines without duplicates, with ends that nearly meet brought together, broken ways joined.

    Parameters
    ----------
    snap_m : float
        Ends at most this far from another end or line are moved onto it [m].
    join : bool
        Whether lines of one fence line with equal attributes that share an end become one.
    """
    pieces = _plain_pieces(lines, account)
    pieces = _drawn_once(pieces, lines, account)
    pieces = _snapped(pieces, snap_m, account)
    whole = [_whole(line, [one.xy for one in own]) for line, own in _by_owner(lines, pieces) if own]
    _tell_crossings(whole, grid, account)
    _tell_spurs(whole, grid, account)
    return _joined(whole, account) if join else whole


def geometry_key(shape: BaseGeometry) -> bytes:
    """The same for shapes that are equal to the centimetre, whichever way and in whatever order they are drawn."""
    rounded = shapely.transform(shape, lambda xy: np.round(xy / SAME_M) * SAME_M + 0.0)
    return bytes(shapely.to_wkb(shapely.normalize(shapely.remove_repeated_points(rounded))))


def gaps_left(fences: Sequence[Fence], grid: Grid, account: Account) -> None:
    """Tell gaps and near misses that stay, which `otkel check` shows on every run."""
    faults = [one for one in fence_faults(fences, grid) if one.kind in ("gap", "near miss")]
    for kind, what in (("gap", "gaps in fence lines, not closed"), ("near miss", "ends that stop short of a fence")):
        own = [one for one in faults if one.kind == kind]
        account.tell("look at", len(own), what, some([f"{one.text} at {where(grid, one.x, one.y)}" for one in own]))


def _plain_pieces(lines: Sequence[DrawnLine], account: Account) -> list[_Piece]:
    """Every part without repeated vertices; those that go nowhere are left out."""
    pieces, repeated, short = [], 0, 0
    for i, line in enumerate(lines):
        for part in shapely.get_parts(line.shape):
            xy = shapely.get_coordinates(part)
            kept = np.append(True, np.hypot(*np.diff(xy, axis=0).T) > 0)
            repeated += int((~kept).sum())
            if kept.sum() > 1 and part.length > LEAST_M:
                pieces.append(_Piece(i, xy[kept]))
            else:
                short += 1
    account.tell("corrected", repeated, "repeated vertices")
    account.tell("left out", short, "lines without a length")
    return pieces


def _drawn_once(pieces: Sequence[_Piece], lines: Sequence[DrawnLine], account: Account) -> list[_Piece]:
    """The first of each that is drawn twice on one fence line, also the other way round."""
    seen: dict[tuple[str, bytes], Points] = {}
    kept: list[_Piece] = []
    same: list[str] = []
    turned: list[str] = []
    for piece in pieces:
        key = (lines[piece.owner].line, geometry_key(LineString(piece.xy)))
        if key not in seen:
            seen[key] = piece.xy
            kept.append(piece)
            continue
        first = seen[key]
        alike = np.hypot(*(first[0] - piece.xy[0])) <= 2 * SAME_M
        (same if alike else turned).append(lines[piece.owner].places[0])
    account.tell("left out", len(same), "drawn twice", some(same))
    account.tell("left out", len(turned), "drawn twice, the other way round", some(turned))
    return kept


def _snapped(pieces: Sequence[_Piece], snap_m: float, account: Account) -> list[_Piece]:
    """Ends onto ends, then free ends onto lines, where they are near enough."""
    if snap_m <= 0 or not pieces:
        return list(pieces)
    moved: list[float] = []
    out = [_Piece(one.owner, one.xy.copy()) for one in pieces]
    _ends_together(out, snap_m, moved)
    out = [one for one in out if LineString(one.xy).length > LEAST_M]
    _ends_onto_lines(out, snap_m, moved)
    farthest = f"at most {distance(max(moved))}, of {distance(snap_m)} (--snap-m)" if moved else ""
    account.tell("corrected", len(moved), "ends moved to close a gap", farthest)
    return out


def _ends_together(pieces: list[_Piece], snap_m: float, moved: list[float]) -> None:
    """Each end onto the nearest other end within reach, nearest pairs first; an end moves once."""
    from scipy.spatial import cKDTree

    ends = np.array([one.xy[k] for one in pieces for k in (0, -1)])
    pairs = cKDTree(ends).query_pairs(snap_m, output_type="ndarray").reshape(-1, 2)
    apart = np.hypot(*(ends[pairs[:, 0]] - ends[pairs[:, 1]]).T)
    at = np.arange(len(ends))
    for i, j in pairs[np.argsort(apart, kind="stable")].tolist():
        own = i // 2 == j // 2
        if own and LineString(pieces[i // 2].xy).length <= 2 * snap_m:
            continue
        first, second = at[i], at[j]
        reach = np.hypot(*(ends[at == second] - ends[first]).T).max()
        if first != second and reach <= snap_m:
            at[at == second] = first
    for k, target in enumerate(at):
        away = float(np.hypot(*(ends[k] - ends[target])))
        if away > 0:
            pieces[k // 2].xy[0 if k % 2 == 0 else -1] = ends[target]
            moved.append(away)


def _ends_onto_lines(pieces: list[_Piece], snap_m: float, moved: list[float]) -> None:
    """Ends that meet no other end onto the line beside them."""
    shapes = [LineString(one.xy) for one in pieces]
    tree = shapely.STRtree(shapes)
    ends = [(k, place, Point(one.xy[place])) for k, one in enumerate(pieces) for place in (0, -1)]
    met: dict[tuple[float, float], int] = {}
    for _, _, end in ends:
        met[end.x, end.y] = met.get((end.x, end.y), 0) + 1
    for k, place, end in ends:
        if met[end.x, end.y] > 1:
            continue
        near = [int(j) for j in tree.query(end, "dwithin", snap_m) if j != k]
        nearest = min(near, key=lambda j: shapes[j].distance(end), default=None)
        if nearest is None or not (away := float(shapes[nearest].distance(end))) > 0:
            continue
        onto = shapes[nearest].interpolate(shapes[nearest].project(end))
        pieces[k].xy[place] = (onto.x, onto.y)
        moved.append(away)


def _by_owner(lines: Sequence[DrawnLine], pieces: Sequence[_Piece]) -> list[tuple[DrawnLine, list[_Piece]]]:
    own: list[list[_Piece]] = [[] for _ in lines]
    for piece in pieces:
        own[piece.owner].append(piece)
    return list(zip(lines, own, strict=True))


def _whole(line: DrawnLine, parts: Sequence[Points]) -> DrawnLine:
    shape = LineString(parts[0]) if len(parts) == 1 else MultiLineString([LineString(xy) for xy in parts])
    return replace(line, shape=shape)


def _tell_crossings(lines: Sequence[DrawnLine], grid: Grid, account: Account) -> None:
    """Lines that cross themselves, and where."""
    places = []
    for line in lines:
        for part in (one for one in shapely.get_parts(line.shape) if not one.is_simple):
            noded = shapely.get_parts(shapely.unary_union(part))
            ends = shapely.get_coordinates([Point(one.coords[k]) for one in noded for k in (0, -1)])
            spots, counts = np.unique(ends, axis=0, return_counts=True)
            crossing = spots[counts > 2]
            x, y = crossing[0] if len(crossing) else shapely.get_coordinates(part)[0]
            places.append(f"{'+'.join(line.places[:2])} at {where(grid, x, y)}")
    account.tell("look at", len(places), "lines that cross or touch themselves", some(places))


def _tell_spurs(lines: Sequence[DrawnLine], grid: Grid, account: Account) -> None:
    """Branches with a free end, where three or more ends meet: all but the two longest of each place."""
    arms: dict[tuple[str, float, float], list[tuple[float, tuple[str, float, float]]]] = {}
    for line in lines:
        for part in shapely.get_parts(line.shape):
            ends = [(line.line, *part.coords[k]) for k in (0, -1)]
            for here, there in (ends, ends[::-1]):
                arms.setdefault(here, []).append((float(part.length), there))
    spurs = []
    for (_, x, y), met in arms.items():
        if len(met) > 2:
            second = sorted((length for length, _ in met), reverse=True)[1]
            short = [length for length, there in met if len(arms[there]) == 1 and length < second]
            spurs += [f"{distance(length)} at {where(grid, x, y)}" for length in short]
    account.tell("look at", len(spurs), "spurs: branches that end nowhere", some(spurs))


def _joined(lines: Sequence[DrawnLine], account: Account) -> list[DrawnLine]:
    """Lines of equal attributes that share an end as one, in order and direction."""
    groups = _connected(lines)
    told: list[str] = []
    out = []
    for members in groups:
        own = [lines[i] for i in members]
        parts = [part for one in own for part in shapely.get_parts(one.shape)]
        shape, words = own[0].shape, tuple[str, ...]()
        if len(parts) > 1:
            placed, words = joined_lines([Fence(id="one", line=MultiLineString(parts), fence_line="one")])
            shape = placed[0].line
        told += [one.partition(": ")[2] for one in words if "drawn twice" in one]
        places = tuple(itertools.chain.from_iterable(one.places for one in own))
        out.append(replace(own[0], shape=shape, places=places))
    ways = sum(len(members) for members in groups if len(members) > 1)
    account.tell("corrected", ways, "broken ways joined", f"into {sum(len(m) > 1 for m in groups)} lines")
    account.tell("corrected", len(told), "lines with stretches drawn twice", some(told))
    return out


def _connected(lines: Sequence[DrawnLine]) -> list[list[int]]:
    """Indices of lines that share an end and everything known, in the order of the first of each."""
    import networkx as nx

    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(lines)))
    first: dict[tuple[Hashable, str, float, float], int] = {}
    for i, line in enumerate(lines):
        for part in shapely.get_parts(line.shape):
            for x, y in (part.coords[0], part.coords[-1]):
                graph.add_edge(first.setdefault((line.known, line.line, x, y), i), i)
    return sorted((sorted(members) for members in nx.connected_components(graph)), key=lambda members: members[0])
