"""Lines that steps may cross: which steps cross which of them, what lies near, and how far along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from rasters.arrays import Ints, Reals

__all__ = ["Lines"]

PIECE = 200_000
"""Steps that are looked at together, so that memory stays small."""
CORNERS = 5
"""Segments of a quarter circle in a buffer, as the published method has them."""


@dataclass(frozen=True, slots=False, kw_only=True)
class Lines:
    """Fence features in a metric reference system, each on a line.

    Parameters
    ----------
    shapes : (n_feature,) array of lines
    line : (n_feature,) int
        Number of the line that each feature belongs to, from 0.
    names : tuple of str
        Of the lines.
    """

    shapes: NDArray[np.object_]
    line: Ints
    names: tuple[str, ...]

    @classmethod
    def of(cls, shapes: Sequence[BaseGeometry], names: Sequence[str]) -> Lines:
        """Features and the name of the line of each."""
        known = tuple(dict.fromkeys(names))
        return cls(
            shapes=np.array(list(shapes), dtype=object),
            line=np.array([known.index(name) for name in names], np.int64),
            names=known,
        )

    @cached_property
    def _segments(self) -> tuple[shapely.STRtree, Ints]:
        """Every straight piece, and the feature that it is of."""
        parts, feature = shapely.get_parts(self.shapes, return_index=True)
        points, part = shapely.get_coordinates(parts, return_index=True)
        joined = part[1:] == part[:-1]
        pairs = np.stack([points[:-1], points[1:]], axis=1)[joined]
        moved = (pairs[:, 0] != pairs[:, 1]).any(axis=1)
        return shapely.STRtree(shapely.linestrings(pairs[moved])), feature[part[:-1][joined][moved]].astype(np.int64)

    @cached_property
    def length_m(self) -> Reals:
        """(n_line,) length of each line [m]."""
        return np.asarray(np.bincount(self.line, shapely.length(self.shapes), minlength=len(self.names)), np.float64)

    def crossed(self, start: Reals, end: Reals) -> NDArray[np.bool_]:
        """(n, n_line) whether straight steps end on the other side of a feature of each line.

        A step that crosses one feature an even number of times ends on the side where it began.

        Parameters
        ----------
        start, end : (n, 2) float64
        """
        out = np.zeros((len(start), len(self.names)), bool)
        tree, feature = self._segments
        for first in range(0, len(start), PIECE):
            part = slice(first, first + PIECE)
            steps = shapely.linestrings(np.stack([start[part], end[part]], axis=1))
            step, segment = tree.query(steps, predicate="intersects")
            pairs, times = np.unique(step * len(self.shapes) + feature[segment], return_counts=True)
            odd = pairs[times % 2 == 1]
            out[first + odd // len(self.shapes), self.line[odd % len(self.shapes)]] = True
        return out

    def times_crossed(self, x: Reals, y: Reals, first: Ints, last: Ints) -> Ints:
        """(n,) how often the path from fix ``first`` to fix ``last`` of each run meets the features, as points in common."""
        size = last - first + 1
        out = np.zeros(first.size, np.int64)
        longer = np.flatnonzero(size >= 2)
        if not longer.size:
            return out
        at = np.concatenate([np.arange(first[i], last[i] + 1) for i in longer])
        whose = np.repeat(np.arange(longer.size), size[longer])
        paths = np.atleast_1d(np.asarray(shapely.linestrings(np.column_stack([x[at], y[at]]), indices=whose)))
        path, feature = self._features.query(paths, predicate="intersects")
        common = shapely.get_num_coordinates(shapely.intersection(paths[path], self.shapes[feature]))
        np.add.at(out, longer[path], common)
        return out

    @cached_property
    def _features(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    def within(self, x: Reals, y: Reals, distance_m: float) -> NDArray[np.bool_]:
        """(n,) whether each place is within a distance of a feature, by buffers whose round ends have `CORNERS` to a quarter."""
        ring = shapely.get_parts(shapely.union_all(shapely.buffer(self.shapes, distance_m, quad_segs=CORNERS)))
        out = np.zeros(x.size, bool)
        for first in range(0, x.size, PIECE):
            places = shapely.STRtree(np.asarray(shapely.points(x[first : first + PIECE], y[first : first + PIECE])))
            out[first + places.query(ring, predicate="intersects")[1]] = True
        return out

    def nearest(self, x: Reals, y: Reals, most_m: float = np.inf) -> tuple[Ints, Reals]:
        """(n,) nearest feature, -1 if none lies within ``most_m``, and how far it is [m]."""
        feature, away = np.full(x.size, -1, np.int64), np.full(x.size, np.inf)
        tree, of = self._segments
        for first in range(0, x.size, PIECE):
            places = shapely.points(x[first : first + PIECE], y[first : first + PIECE])
            limit = None if np.isinf(most_m) else most_m
            (place, segment), distance = tree.query_nearest(
                places, max_distance=limit, return_distance=True, all_matches=False
            )
            feature[first + place], away[first + place] = of[segment], distance
        return feature, away
