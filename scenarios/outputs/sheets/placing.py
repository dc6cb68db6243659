"""Where labels may stand: never over each other, never outside their map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.outputs.sheets.page import Box

__all__ = ["Board", "LabelSpot"]

DIRECTIONS = np.deg2rad([0, 180, 45, 315, 135, 225, 90, 270, 22, 338, 158, 202, 68, 292, 112, 248])
"""Round a point: right and left first, then corners, then between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpot:
    """Where a label came to stand [mm], and how far from its point it begins."""

    box: Box
    distance: float

    @property
    def x(self) -> float:
        """Middle of the box."""
        return self.box.left + self.box.width / 2

    @property
    def y(self) -> float:
        """Middle of the box."""
        return self.box.bottom + self.box.height / 2


class Board:
    """What is taken on a map.

    Parameters
    ----------
    frame : Box
        Labels stay within it [mm].
    lines : (n, 2) mm
        Points along lines that labels better not cover, about a millimetre apart.
    """

    def __init__(self, frame: Box, lines: NDArray[np.float64]) -> None:
        self.frame = frame
        self.lines = np.asarray(lines, float).reshape(-1, 2)
        self._taken = np.empty((0, 4))

    def take(self, boxes: Iterable[Box]) -> None:
        """Keep labels off these boxes."""
        rows = [(b.left, b.bottom, b.right, b.top) for b in boxes]
        self._taken = np.vstack([self._taken, np.array(rows).reshape(-1, 4)])

    def place(
        self, x: float, y: float, width: float, height: float, reach: Iterable[float], gap: float = 0.5
    ) -> LabelSpot | None:
        """The best free place for a box near a point, which is then taken; None if there is none.

        Free means that with ``gap`` mm around it the box meets nothing that is taken and lies within the map. Among free
        places the best is near and covers few points of lines.
        """
        boxes, distance = _tries(x, y, width, height, tuple(reach))
        free = self._is_free(boxes, gap)
        if not free.any():
            return None
        cost = np.where(free, 0.35 * distance + 3.0 * self._covered(boxes), np.inf)
        low = boxes[int(np.argmin(cost))]
        box = Box(float(low[0]), float(low[1]), width, height)
        self.take([box])
        return LabelSpot(box=box, distance=float(distance[int(np.argmin(cost))]))

    def fits(self, box: Box, gap: float = 0.5) -> bool:
        """Whether a box at a fixed place is free."""
        return bool(self._is_free(np.array([[box.left, box.bottom, box.right, box.top]]), gap)[0])

    def _is_free(self, boxes: NDArray[np.float64], gap: float) -> NDArray[np.bool_]:
        inside = np.all(boxes[:, :2] >= (self.frame.left, self.frame.bottom), axis=1)
        inside &= np.all(boxes[:, 2:] <= (self.frame.right, self.frame.top), axis=1)
        taken = self._taken[None, :, :]
        low, high = boxes[:, None, :2] - gap, boxes[:, None, 2:] + gap
        meets = np.any(np.all((low < taken[:, :, 2:]) & (taken[:, :, :2] < high), axis=2), axis=1)
        return np.asarray(inside & ~meets)

    def _covered(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of lines under each box."""
        near = self.lines
        if len(near) == 0:
            return np.zeros(len(boxes))
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        near = near[((near > low) & (near < high)).all(axis=1)]
        inside = (near[None] > boxes[:, None, :2]) & (near[None] < boxes[:, None, 2:])
        return inside.all(axis=2).sum(axis=1).astype(float)


def _tries(
    x: float, y: float, width: float, height: float, reach: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (n, 4) in rings around a point and how far from it each begins (n,)."""
    gap = np.repeat(np.asarray(reach), DIRECTIONS.size)
    cos, sin = np.tile(np.cos(DIRECTIONS), len(reach)), np.tile(np.sin(DIRECTIONS), len(reach))
    middle_x = x + gap * cos + 0.5 * width * np.clip(1.6 * cos, -1, 1)
    middle_y = y + gap * sin + 0.5 * height * np.clip(1.6 * sin, -1, 1)
    half = np.array([width, height]) / 2
    centres = np.column_stack([middle_x, middle_y])
    return np.hstack([centres - half, centres + half]), gap
