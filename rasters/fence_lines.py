"""Fence lines: features that belong to one line are put in order, so that its kilometres run on through all of them.

Lines come as many ways, parts out of order or reversed, pieces drawn twice, spurs. What was drawn keeps its feature, with
all that is known of it; joined is only the order: every part is turned to run the line's way and is told where it starts on
the line. Ends at most `SNAP_M` apart are one place. At a branching the longest way through is the line, the rest are spurs.
A gap of at most `GAP_M` does not interrupt a line: its kilometres go on across it, as the crow flies. Pieces farther apart
follow each other in the order of the file, then the spurs. A line runs the way that most of it was drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from rasters.fences import Fence

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["GAP_M", "SNAP_M", "joined_lines", "placed_after"]

SNAP_M = 1.0
"""Ends of one line at most this far apart are the same place [m]."""

GAP_M = 10_000.0
"""Longest gap across which the kilometres of a line go on [m]."""

Points = NDArray[np.float64]


class _Piece(NamedTuple):
    """One part as drawn: index of its fence and (n, 2) vertices."""

    fence: int
    xy: Points

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.xy, axis=0).T).sum())


@dataclass(frozen=True, slots=True)
class _Run:
    """Pieces that go on from each other, each with whether it is turned round."""

    pieces: tuple[tuple[int, bool], ...]

    def turned(self) -> _Run:
        return _Run(tuple((k, not back) for k, back in reversed(self.pieces)))

    def drawn(self, pieces: Sequence[_Piece]) -> float:
        """Metres drawn this way less those drawn the other way."""
        return sum(-pieces[k].length if back else pieces[k].length for k, back in self.pieces)

    def ends(self, pieces: Sequence[_Piece]) -> Points:
        """(2, 2) where it starts and ends."""
        (first, back), (last, over) = self.pieces[0], self.pieces[-1]
        return np.array([pieces[first].xy[-1 if back else 0], pieces[last].xy[0 if over else -1]])


def joined_lines(fences: Sequence[Fence]) -> tuple[tuple[Fence, ...], tuple[str, ...]]:
    """The fences with each line in order, and what was corrected, in words.

    A fence of which every metre was drawn before is left out. One that is alone on its line, in one part, stays as it is.
    """
    lines: dict[tuple[bool, str], list[int]] = {}
    for i, fence in enumerate(fences):
        lines.setdefault((bool(fence.fence_line), fence.fence_line or fence.id), []).append(i)
    found, told = dict[int, Fence](), []
    for (_, name), members in lines.items():
        placed, words = _joined([fences[i] for i in members], name)
        found |= {i: fence for i, fence in zip(members, placed, strict=True) if fence is not None}
        told += words
    return tuple(found[i] for i in sorted(found)), tuple(told)


def placed_after(fence: Fence, others: Iterable[Fence]) -> Fence:
    """A fence added to a line that stands already: its kilometres follow the line's, so that those stay as they are."""
    last = max((one for one in others if one.fence_line == fence.fence_line), key=lambda one: one.end_m, default=None)
    if last is None:
        return fence
    start = last.end_m + last.point_at(last.end_m).distance(fence.point_at(0.0))
    return replace(fence, starts_m=tuple((fence.spans_m[:, 0] + start).tolist()))


def _joined(fences: Sequence[Fence], name: str) -> tuple[list[Fence | None], list[str]]:
    drawn = [
        _Piece(i, np.asarray(part.coords, dtype=np.float64)[:, :2]) for i, f in enumerate(fences) for part in f.parts
    ]
    once, told = _drawn_once(drawn, fences, name)
    if len(once) == 1 and not told:
        return list(fences), told
    pieces, closed = _snapped(once)
    if closed:
        told.append(f"fence line {name!r}: {len(closed)} ends up to {max(closed):.2g} m apart were taken for one place")
    runs = _in_order(pieces)
    starts = _starts(runs, pieces)
    return [_placed(fence, i, pieces, runs, starts) for i, fence in enumerate(fences)], told


def _drawn_once(pieces: list[_Piece], fences: Sequence[Fence], name: str) -> tuple[list[_Piece], list[str]]:
    """Every metre once, of the feature that drew it first, and what was left out."""
    shapes = [LineString(piece.xy) for piece in pieces]
    whole = sum(shape.length for shape in shapes)
    if whole - shapely.unary_union(shapes).length <= SNAP_M:
        return pieces, []
    kept: list[_Piece] = []
    done: BaseGeometry = MultiLineString()
    twice: dict[str, float] = {}
    for piece, shape in zip(pieces, shapes, strict=True):
        alone = shapely.unary_union(shape)
        rest = (shape if shape.length - alone.length <= SNAP_M else alone).difference(done)
        if shape.length - rest.length > SNAP_M:
            twice[fences[piece.fence].id] = twice.get(fences[piece.fence].id, 0.0) + shape.length - rest.length
            kept += [_Piece(piece.fence, xy) for xy in _left(rest, shape)]
        else:
            kept.append(piece)
        done = done.union(shape)
    listed = ", ".join(f"{who} ({metres / 1000:.3g} km)" for who, metres in list(twice.items())[:5])
    more = f" and {len(twice) - 5} more" if len(twice) > 5 else ""
    return kept, [f"fence line {name!r}: drawn twice, counted once: {listed}{more}"]


def _left(rest: shapely.Geometry, drawn: LineString) -> list[Points]:
    """What is left of a line, in its direction, slivers left out."""
    lines = [part for part in shapely.get_parts(shapely.line_merge(rest)) if part.length > SNAP_M]
    found = []
    for line in lines:
        xy = shapely.get_coordinates(line)
        near = [drawn.project(shapely.Point(xy[k])) for k in (0, 1)]
        found.append(xy if near[0] <= near[1] else xy[::-1])
    return found


def _snapped(pieces: Sequence[_Piece]) -> tuple[list[_Piece], list[float]]:
    """Pieces whose ends meet in the same numbers, and how far ends were moved."""
    ends = np.array([piece.xy[k] for piece in pieces for k in (0, -1)])
    label = _clusters(ends, SNAP_M)
    place = ends[np.unique(label, return_index=True)[1]][label].reshape(-1, 2, 2)
    out, moved = [], []
    for piece, (first, last) in zip(pieces, place, strict=True):
        away = [float(np.hypot(*(piece.xy[k] - at))) for k, at in ((0, first), (-1, last))]
        moved += [one for one in away if one > 0]
        if (first == last).all() and piece.length <= SNAP_M:
            continue
        xy = piece.xy.copy()
        xy[0], xy[-1] = first, last
        out.append(_Piece(piece.fence, xy))
    return out, moved


def _clusters(points: Points, within: float) -> NDArray[np.int64]:
    """Number of each point's cluster, in the order of the first of each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = cKDTree(points).query_pairs(within, output_type="ndarray").reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    label = connected_components(graph, directed=False)[1]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _in_order(pieces: Sequence[_Piece]) -> list[_Run]:
    """The line's runs in order and direction: those that make it up, joined across gaps, then spurs."""
    lines, spurs = _runs(pieces)
    turned = [
        [run.turned() for run in reversed(chain)] if sum(run.drawn(pieces) for run in chain) < 0 else chain
        for chain in _across_gaps(lines, pieces)
    ]
    turned.sort(key=lambda chain: min(k for run in chain for k, _ in run.pieces))
    spurs = [run.turned() if run.drawn(pieces) < 0 else run for run in spurs]
    return [*itertools.chain.from_iterable(turned), *spurs]


def _runs(pieces: Sequence[_Piece]) -> tuple[list[_Run], list[_Run]]:
    """The longest way through each connected set of pieces, and the ways through what is left."""
    import networkx as nx

    ends = np.array([piece.xy[k] for piece in pieces for k in (0, -1)])
    node = _clusters(ends, 0.0).reshape(-1, 2)
    graph: nx.MultiGraph[int] = nx.MultiGraph()
    for k, (a, b) in enumerate(node.tolist()):
        graph.add_edge(a, b, key=k, weight=pieces[k].length)
    lines, spurs = [], []
    for part in sorted(map(sorted, nx.connected_components(graph))):
        own = graph.subgraph(part).copy()
        lines.append(_taken(own, node))
        while own.number_of_edges():
            spurs.append(_taken(own, node))
    return lines, sorted(spurs, key=lambda run: min(k for k, _ in run.pieces))


def _taken(graph: nx.MultiGraph[int], node: NDArray[np.int64]) -> _Run:
    """The longest way through a graph, or once round a ring; its edges are removed."""
    import networkx as nx

    start = min(n for n, degree in graph.degree if degree)
    part = nx.node_connected_component(graph, start)
    if all(graph.degree[n] == 2 for n in part):
        first = min(k for a, b, k in graph.subgraph(part).edges(keys=True))
        steps = [(a, b, k) for a, b, k in nx.eulerian_circuit(graph.subgraph(part), int(node[first, 0]), keys=True)]
        if steps[0][2] != first:
            steps = [(b, a, k) for a, b, k in reversed(steps)]
    else:
        far = _farthest(graph, start)[-1]
        way = _farthest(graph, far)
        steps = [(a, b, min(graph[a][b], key=lambda k: graph[a][b][k]["weight"])) for a, b in itertools.pairwise(way)]
    steps = steps or [min(graph.edges(part, keys=True), key=lambda edge: edge[2])]
    graph.remove_edges_from(steps)
    return _Run(tuple((k, bool(node[k, 0] != a)) for a, _, k in steps))


def _farthest(graph: nx.MultiGraph[int], start: int) -> list[int]:
    """Nodes on the shortest route to the node that is farthest."""
    import networkx as nx

    length = nx.single_source_dijkstra_path_length(graph, start)
    return list(nx.dijkstra_path(graph, start, max(length, key=lambda n: (length[n], -n))))


def _across_gaps(runs: Sequence[_Run], pieces: Sequence[_Piece]) -> list[list[_Run]]:
    """Runs joined end to end over the shortest gaps, each end once."""
    ends = np.concatenate([run.ends(pieces) for run in runs])
    pairs = cKDTree(ends).query_pairs(GAP_M, output_type="ndarray").reshape(-1, 2)
    gap = np.hypot(*(ends[pairs[:, 0]] - ends[pairs[:, 1]]).T)
    chains = {i: [run] for i, run in enumerate(runs)}
    chain_of, free = np.arange(len(runs)), np.ones(len(ends), bool)
    for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0], gap))].tolist():
        one, two = int(chain_of[a // 2]), int(chain_of[b // 2])
        if one == two or not (free[a] and free[b]):
            continue
        free[[a, b]] = False
        first, second = chains[one], chains.pop(two)
        if (first[-1].ends(pieces)[1] != ends[a]).any():
            first = [run.turned() for run in reversed(first)]
        if (second[0].ends(pieces)[0] != ends[b]).any():
            second = [run.turned() for run in reversed(second)]
        chains[one] = first + second
        chain_of[chain_of == two] = one
    return list(chains.values())


def _starts(runs: Sequence[_Run], pieces: Sequence[_Piece]) -> dict[int, float]:
    """Where each piece starts on the line [m]."""
    starts, at, last = {}, 0.0, None
    for run in runs:
        ends = run.ends(pieces)
        at += 0.0 if last is None else float(np.hypot(*(ends[0] - last)))
        for k, _ in run.pieces:
            starts[k] = at
            at += pieces[k].length
        last = ends[1]
    return starts


def _placed(
    fence: Fence, number: int, pieces: Sequence[_Piece], runs: Sequence[_Run], starts: dict[int, float]
) -> Fence | None:
    """A fence with its parts in the line's order, those that go on from each other in one."""
    lines: list[Points] = []
    at: list[float] = []
    for run in runs:
        before = -2
        for place, (k, back) in enumerate(run.pieces):
            if pieces[k].fence != number:
                continue
            xy = pieces[k].xy[::-1] if back else pieces[k].xy
            if place == before + 1:
                lines[-1] = np.concatenate([lines[-1], xy[1:]])
            else:
                lines.append(xy)
                at.append(starts[k])
            before = place
    if not lines:
        return None
    line = LineString(lines[0]) if len(lines) == 1 else MultiLineString(lines)
    return replace(fence, line=line, starts_m=() if at == [0.0] else tuple(at))
