"""Names and numbers on a map, none over another: passages first, then places, fences, kilometres and heights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from scenarios.outputs.sheets.features import FENCE, Post, colour_of, draw_symbol
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.ground import CONTOUR, SheetGround
from scenarios.outputs.sheets.page import INK, POINT_MM, Box, Face, Page, text_width, wrapped
from scenarios.outputs.sheets.placing import Board, LabelSpot
from scenarios.outputs.sheets.source import Passage, SheetSource

__all__ = ["Drawn", "draw_labels", "label_board", "opening_words"]

BADGE_MM = 4.4
NUMBER, CAPTION, NAME, POST, HEIGHT = 7.0, 6.0, 7.0, 5.6, 4.8
FAR = (2.2, 3.5, 5.0, 7.0, 9.5, 12.5, 16.0, 20.0, 26.0, 34.0, 45.0, 60.0)

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is on a map and wants a label.

    ``places`` pairs a place with its shape on paper; ``fences`` and ``lines`` (borders and paths) are on paper;
    ``passages`` pairs a passage with its place on paper; ``captions`` says whether width and design stand beside its number.
    """

    ground: SheetGround
    places: Sequence[tuple[Any, Any]]
    fences: Sequence[Any]
    lines: Sequence[Points]
    posts: Sequence[Post]
    passages: Sequence[tuple[Passage, Points]]
    captions: bool


def label_board(frame: MapFrame, drawn: Drawn) -> Board:
    """What labels must keep off, and what they better do not cover."""
    lines = [shapely.get_coordinates(shapely.segmentize(line, 1.0)) for line in drawn.fences]
    lines += [shapely.get_coordinates(shapely.segmentize(shape.boundary, 1.5)) for _, shape in drawn.places]
    lines += [
        shapely.get_coordinates(shapely.segmentize(shapely.LineString(path), 1.5))
        for path in drawn.lines
        if len(path) > 1
    ]
    board = Board(frame.box.grown(-0.6), np.vstack(lines) if lines else np.empty((0, 2)))
    board.take(Box(at[0] - 1.6, at[1] - 1.6, 3.2, 3.2) for _, at in drawn.passages)
    return board


def draw_labels(page: Page, board: Board, source: SheetSource, drawn: Drawn) -> None:
    """Every label that finds room; passages always do, if need be far off and without their caption."""
    for passage, at in drawn.passages:
        draw_symbol(page, at, _direction(drawn, passage, at))
    for passage, at in drawn.passages:
        _draw_badge(page, board, source, passage, at, drawn.captions)
    for place, shape in drawn.places:
        _draw_place(page, board, source, place, shape)
    for post in drawn.posts:
        _draw_word(page, board, source.km(post.along_m), post.at, (1.3, 2.2, 3.4), POST, FENCE, "regular")
    _draw_fence_names(page, board, source, drawn)
    _draw_heights(page, board, drawn.ground)


def _direction(drawn: Drawn, passage: Passage, at: Points) -> Points | None:
    """Which way the fence runs at a passage."""
    if not drawn.fences:
        return None
    point = shapely.Point(at)
    line = min(drawn.fences, key=point.distance)
    parts = [part for part in shapely.get_parts(line) if part.length > 0]
    part = min(parts, key=point.distance)
    if part.distance(point) > 1.0:
        return None
    along = part.project(point)
    ends = [part.interpolate(max(0.0, along - 0.8)), part.interpolate(min(part.length, along + 0.8))]
    run = np.array([ends[1].x - ends[0].x, ends[1].y - ends[0].y])
    return run / np.hypot(*run) if np.hypot(*run) > 0 else None


def opening_words(source: SheetSource, passage: Passage) -> str:
    """Width and design of a passage, and whether it stands."""
    words = f"{source.say(f'{passage.width_m:g}')} {source.say('m')}, {source.say.design(passage.design)}"
    return f"{words}, {source.say(passage.state)}" if passage.state else words


def _draw_badge(page: Page, board: Board, source: SheetSource, passage: Passage, at: Points, captioned: bool) -> None:
    caption = opening_words(source, passage) if captioned else ""
    beside = text_width(caption, CAPTION) + 1.0 if caption else 0.0
    spot = board.place(at[0], at[1], _badge_width(passage) + beside, BADGE_MM, FAR)
    if spot is None and caption:
        caption, spot = "", board.place(at[0], at[1], _badge_width(passage), BADGE_MM, FAR)
    if spot is None:
        return
    half, before = _badge_width(passage) / 2, spot.x < at[0]
    x = spot.box.right - half if before else spot.box.left + half
    _leader(page, at, spot, x)
    _badge(page, x, spot.y, passage)
    if caption:
        beside = x - half - 0.6 if before else x + half + 0.6
        base = spot.y - CAPTION * POINT_MM * 0.36
        page.text(beside, base, caption, size=CAPTION, halo=True, anchor="right" if before else "left")


def _badge_width(passage: Passage) -> float:
    return max(BADGE_MM, text_width(passage.label, NUMBER, "bold") + (1.5 if len(passage.label) < 3 else 2.2))


def _badge(page: Page, x: float, y: float, passage: Passage) -> None:
    """Its number in a circle, or in a longer badge if it has more than two figures."""
    wide = _badge_width(passage)
    box = Box(x - wide / 2, y - BADGE_MM / 2, wide, BADGE_MM)
    page.rectangle(box, "#ffffff", edge=INK, width=0.35, radius=BADGE_MM / 2)
    page.text(x, y - NUMBER * POINT_MM * 0.36, passage.label, size=NUMBER, face="bold", anchor="middle")


def _leader(page: Page, at: Points, spot: LabelSpot, x: float) -> None:
    """A line from a symbol's rim to the middle of its badge."""
    to = np.array([x, spot.y]) - at
    length = float(np.hypot(*to))
    if length > 2.0:
        page.lines([np.array([at + to * (1.7 / length), at + to])], INK, 0.2)


def _draw_place(page: Page, board: Board, source: SheetSource, place: Any, shape: Any) -> None:
    """A place's name inside its outline if it fits, or beside it."""
    middle = shapely.get_coordinates(shape.representative_point())[0]
    words = wrapped(source.say(place.name), NAME, 34.0, "bold")
    width = max(text_width(line, NAME, "bold") for line in words)
    line_mm = NAME * POINT_MM * 1.2
    west, south, east, north = shape.bounds
    edge = min(east - west, north - south) / 2 + 1.0
    spot = board.place(middle[0], middle[1], width, line_mm * len(words), (0.0, edge, edge + 3, edge + 7, edge + 12))
    if spot is None:
        return
    for number, line in enumerate(words):
        y = spot.box.top - line_mm * (number + 1) + 0.24 * NAME * POINT_MM
        page.text(spot.x, y, line, size=NAME, face="bold", color=colour_of(place.role), anchor="middle", halo=True)


def _draw_word(
    page: Page, board: Board, words: str, at: Points, reach: tuple[float, ...], size: float, color: str, face: Face
) -> bool:
    """A short label near a point, if there is room."""
    high = 1.17 * size * POINT_MM
    spot = board.place(at[0], at[1], text_width(words, size, face), high, reach, gap=0.25)
    if spot is None:
        return False
    base = spot.box.bottom + 0.24 * size * POINT_MM
    page.text(spot.x, base, words, size=size, face=face, color=color, anchor="middle", halo=True)
    return True


def _draw_fence_names(page: Page, board: Board, source: SheetSource, drawn: Drawn) -> None:
    """Each fence's name once, somewhere along its middle."""
    for fence in dict.fromkeys(post.fence for post in drawn.posts):
        posts = [post for post in drawn.posts if post.fence == fence]
        middle = len(posts) // 2
        for post in sorted(posts, key=lambda p: abs(posts.index(p) - middle)):
            if _draw_word(
                page, board, source.fence_title(fence), post.at, (3.5, 5.0, 7.0), POST + 0.4, FENCE, "italic"
            ):
                break


def _draw_heights(page: Page, board: Board, ground: SheetGround) -> None:
    """Heights of contours, about one to a line, where there is room."""
    lines = sorted(ground.contours, key=lambda c: -len(c[1]))[:14]
    for height, line in lines:
        for share in (0.5, 0.3, 0.7, 0.15, 0.85):
            if _draw_word(
                page, board, f"{height:.0f}", line[int(share * (len(line) - 1))], (0.0,), HEIGHT, CONTOUR, "italic"
            ):
                break
