"""Which country lies where on a sheet: worked out from fences whose country is known and the borders between."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.page import POINT_MM, Page, text_width
from scenarios.outputs.sheets.placing import Board
from scenarios.outputs.sheets.source import SheetSource

__all__ = ["country_at", "draw_countries"]

NAMES = {
    "AF": "Afghanistan",
    "AZ": "Azerbaijan",
    "IR": "Iran",
    "KG": "Kyrgyzstan",
    "KZ": "Kazakhstan",
    "RU": "Russia",
    "TJ": "Tajikistan",
    "TM": "Turkmenistan",
    "UZ": "Uzbekistan",
}
COLOUR, SIZE = "#7d8386", 8.5
ACROSS, UP = 9, 7
"""Places tried for a country's name."""

LEAST_ROOM_MM = 4.0
Borders = list[tuple[Any, tuple[str, str]]]
"""Lines, and the countries on both sides of each."""


def draw_countries(page: Page, board: Board, frame: MapFrame, source: SheetSource) -> None:
    """Each country's name once, where it is far from borders; none where it cannot be worked out.

    Fences for the public are moved to a coarse grid, across the border and back, and tell nothing.
    """
    borders, starts = _borders(frame, source), _known_places(frame, source)
    if not starts or not borders or source.audience is Audience.PUBLIC:
        return
    box = frame.box
    x = box.left + (np.arange(ACROSS) + 0.5) / ACROSS * box.width
    y = box.bottom + (np.arange(UP) + 0.5) / UP * box.height
    paper = np.column_stack([v.ravel() for v in np.meshgrid(x, y)])
    spots: Any = shapely.points(frame.ground_xy(paper))
    room = np.min([shapely.distance(spots, line) for line, _ in borders], axis=0) / frame.metres_per_mm
    room[_at_sea(source, spots)] = 0.0
    missing = {country for _, pair in borders for country in pair}
    for n in np.argsort(-np.minimum(room, 25.0), kind="stable"):
        if room[n] < LEAST_ROOM_MM or not missing:
            return
        country = _agreed(source, starts, spots[n], borders)
        if country in missing and _draw_name(page, board, source, country, paper[n]):
            missing.remove(country)


def _agreed(source: SheetSource, starts: list[tuple[str, Any]], spot: Any, borders: Borders) -> str:
    """The country at a place if every dry way there says the same, else nothing."""
    dry = [(country, start) for country, start in starts if not _crosses_water(source, start, spot)]
    said = {country_at(country, start, spot, borders) for country, start in dry}
    return said.pop() or "" if len(said) == 1 else ""


def _crosses_water(source: SheetSource, start: Any, spot: Any) -> bool:
    """Whether the straight way between two places leads over water, where no border is drawn."""
    n = 2 + int(start.distance(spot) / source.run.grid.cell_width_m)
    way = np.linspace(start.coords[0], spot.coords[0], n)
    return bool(_at_sea(source, shapely.points(way)).any())


def country_at(country: str, start: Any, end: Any, borders: Borders) -> str | None:
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


def _borders(frame: MapFrame, source: SheetSource) -> Borders:
    """Borders near the map with the two countries that each parts, in the study's CRS."""
    table = source.borders
    if table is None or not {"country_a", "country_b"} <= set(table.columns):
        return []
    near = [shapely.clip_by_rect(line, *frame.ground_bounds(0.3)) for line in table.geometry]
    pairs = zip(near, table["country_a"], table["country_b"], strict=True)
    return [(line, (str(a), str(b))) for line, a, b in pairs if not line.is_empty]


def _known_places(frame: MapFrame, source: SheetSource) -> list[tuple[str, Any]]:
    """A few places on the map on fences whose country is known."""
    near = [
        (f.country, shapely.clip_by_rect(f.line, *frame.ground_bounds(0.0)))
        for f in source.run.cuts.fences
        if f.country
    ]
    parts = [(country, part) for country, line in near for part in shapely.get_parts(line) if part.length > 0]
    return [
        (country, part.interpolate(share, normalized=True)) for country, part in parts[:3] for share in (0.2, 0.5, 0.8)
    ]


def _at_sea(source: SheetSource, spots: Any) -> NDArray[np.bool_]:
    """Which places lie on water or beyond the study."""
    run, xy = source.run, shapely.get_coordinates(spots)
    row, col = run.grid.cells_at(xy[:, 0], xy[:, 1])
    inside = (row >= 0) & (col >= 0) & (row < run.grid.height) & (col < run.grid.width)
    row, col = np.where(inside, row, 0), np.where(inside, col, 0)
    away: NDArray[np.bool_] = ~inside | run.surface.barrier[row, col] | run.surface.nodata[row, col]
    return away


def _draw_name(page: Page, board: Board, source: SheetSource, country: str, at: NDArray[np.float64]) -> bool:
    words = source.say(NAMES.get(country, country)).upper()
    width, high = text_width(words, SIZE), 1.17 * SIZE * POINT_MM
    found = board.place(float(at[0]), float(at[1]), width, high, (0.0, 3.0, 6.0))
    if found is None:
        return False
    page.text(
        found.x, found.box.bottom + 0.24 * SIZE * POINT_MM, words, size=SIZE, color=COLOUR, anchor="middle", halo=True
    )
    return True
