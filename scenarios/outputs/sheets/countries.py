"""Which country lies where on a sheet: worked out from fences whose country is known and the borders between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.page import POINT_MM, Page, text_width
from scenarios.outputs.sheets.placing import Board
from scenarios.outputs.sheets.source import SheetSource

__all__ = ["country_at", "draw_countries"]

NAMES = {
    "AF": "Afghanistan", "AZ": "Azerbaijan", "IR": "Iran", "KG": "Kyrgyzstan", "KZ": "Kazakhstan", "RU": "Russia",
    "TJ": "Tajikistan", "TM": "Turkmenistan", "UZ": "Uzbekistan",
}  # fmt: skip
COLOUR, SIZE = "#7d8386", 8.5
ACROSS, UP = 9, 7
"""Places tried for a country's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """A state border on paper, and the two countries that it parts."""

    line: Any
    pair: tuple[str, str]


def draw_countries(page: Page, board: Board, frame: MapFrame, source: SheetSource) -> None:
    """Each country's name once, where it is far from borders and fences; none where it cannot be worked out."""
    borders, start = _borders(frame, source), _known_place(frame, source)
    if start is None or not borders:
        return
    box = frame.box
    x = box.left + (np.arange(ACROSS) + 0.5) / ACROSS * box.width
    y = box.bottom + (np.arange(UP) + 0.5) / UP * box.height
    spots = shapely.points(np.column_stack([v.ravel() for v in np.meshgrid(x, y)]))
    room = np.min([shapely.distance(spots, border.line) for border in borders], axis=0)
    room[_at_sea(frame, source, spots)] = 0.0
    named: set[str] = set()
    for n in np.argsort(-np.minimum(room, 25.0), kind="stable"):
        country = country_at(start[1], start[0], spots[n], [(b.line, b.pair) for b in borders])
        if (
            room[n] > 4.0
            and country is not None
            and country not in named
            and _draw_name(page, board, source, country, spots[n])
        ):
            named.add(country)


def country_at(country: str, start: Any, end: Any, borders: list[tuple[Any, tuple[str, str]]]) -> str | None:
    """Country at a place, going there straight from a place in a known country; None where borders contradict it.

    Parameters
    ----------
    country : str
        At ``start``.
    start, end : Point
    borders : list of (line, (country, country))
    """
    way = shapely.LineString([start, end])
    met = [
        (way.project(shapely.Point(point)), pair)
        for line, pair in borders
        for point in shapely.get_coordinates(shapely.intersection(way, line))
    ]
    for _, pair in sorted(met):
        if country not in pair:
            return None
        country = pair[1] if country == pair[0] else pair[0]
    return country


def _borders(frame: MapFrame, source: SheetSource) -> list[_Border]:
    frame_of = source.borders
    if frame_of is None or not {"country_a", "country_b"} <= set(frame_of.columns):
        return []
    pairs = zip(frame_of["country_a"], frame_of["country_b"], frame_of.geometry, strict=True)
    found = [_Border(line=frame.on_paper(line), pair=(str(a), str(b))) for a, b, line in pairs]
    return [border for border in found if not border.line.is_empty]


def _known_place(frame: MapFrame, source: SheetSource) -> tuple[Any, str] | None:
    """A place on the map on a fence whose country is known."""
    for fence in source.run.cuts.fences:
        line = frame.on_paper(fence.line)
        if fence.country and not line.is_empty:
            return line.interpolate(0.5, normalized=True) if line.geom_type == "LineString" else _first(
                line
            ), fence.country
    return None


def _first(line: Any) -> Any:
    return shapely.get_parts(line)[0].interpolate(0.5, normalized=True)


def _at_sea(frame: MapFrame, source: SheetSource, spots: Any) -> NDArray[np.bool_]:
    """Which places lie on water or beyond the study."""
    run = source.run
    xy = frame.ground_xy(shapely.get_coordinates(spots))
    row, col = run.grid.cells_at(xy[:, 0], xy[:, 1])
    inside = (row >= 0) & (col >= 0) & (row < run.grid.height) & (col < run.grid.width)
    row, col = np.where(inside, row, 0), np.where(inside, col, 0)
    away: NDArray[np.bool_] = ~inside | run.surface.barrier[row, col] | run.surface.nodata[row, col]
    return away


def _draw_name(page: Page, board: Board, source: SheetSource, country: str, spot: Any) -> bool:
    words = source.say(NAMES.get(country, country)).upper()
    width, high = text_width(words, SIZE), 1.17 * SIZE * POINT_MM
    found = board.place(spot.x, spot.y, width, high, (0.0, 3.0, 6.0))
    if found is None:
        return False
    page.text(
        found.x, found.box.bottom + 0.24 * SIZE * POINT_MM, words, size=SIZE, color=COLOUR, anchor="middle", halo=True
    )
    return True
