"""The frame of a map: SK-42 kilometre grid with its labels, degrees of WGS 84, and the lines that carry them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from rasters.arrays import Reals
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.page import INK, POINT_MM, Page, text_width
from scenarios.outputs.sheets.projection import LARGEST_GRID_SCALE
from scenarios.outputs.translate import ENGLISH, Language

__all__ = ["GridLine", "collar_mm", "draw_frame", "grid_lines", "grid_step_m", "split_kilometres"]

GRID_BAND_MM, DEGREE_BAND_MM = 7.4, 4.0
"""Room around a map for its labels: kilometres inside, degrees outside."""

SMALL, LARGE, DEGREES = 4.6, 7.6, 5.4
"""Sizes of text [points]."""

GRID_STEPS_KM = (1, 2, 4, 10, 20, 50)
GRID_LEAST_MM = 18.0
DEGREE_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 300)
DEGREE_LEAST_MM = 24.0
GRID_COLOUR, DEGREE_COLOUR = "#3d4a50", "#5b6468"

Side = Literal["left", "right", "bottom", "top"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLine:
    """A line of the kilometre grid.

    ``kilometres`` is the full number: north from the equator, or east with the zone's number in front; ``at`` is where
    the line crosses the frame [mm].
    """

    kilometres: int
    at: float


def collar_mm(scale: float) -> float:
    """Room around a map for its labels: kilometres inside, degrees outside; overviews have degrees only."""
    return (GRID_BAND_MM if scale <= LARGEST_GRID_SCALE else 0.0) + DEGREE_BAND_MM


def grid_step_m(scale: float) -> float:
    """Distance of grid lines [m]: 1, 2, 4 km at 1 : 50 000, 100 000, 200 000, as the topographic maps have them."""
    least = GRID_LEAST_MM * scale / 1000.0
    return 1000.0 * next((km for km in GRID_STEPS_KM if 1000.0 * km >= least), GRID_STEPS_KM[-1])


def grid_lines(frame: MapFrame) -> tuple[list[GridLine], list[GridLine]]:
    """Lines of equal east, and of equal north, within a map on a zone's grid."""
    west, south, east, north = frame.bounds
    step = grid_step_m(frame.scale)
    across = [
        GridLine(kilometres=round(v / 1000), at=float(frame.paper(v, south)[0, 0]))
        for v in _multiples(west, east, step)
    ]
    up = [
        GridLine(kilometres=round(v / 1000), at=float(frame.paper(west, v)[0, 1]))
        for v in _multiples(south, north, step)
    ]
    return across, up


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def split_kilometres(kilometres: int) -> tuple[str, str]:
    """The hundreds, printed small, and the last two figures: 9543 km is ``("95", "43")``."""
    return str(kilometres // 100), f"{kilometres % 100:02d}"


def draw_frame(page: Page, frame: MapFrame, say: Language = ENGLISH) -> None:
    """Lines and labels of grid and degrees, and the frame's own lines."""
    box = frame.box
    if frame.projection.zone is not None:
        _draw_grid(page, frame)
    _draw_degrees(page, frame, say)
    page.rectangle(box, None, edge=INK, width=0.25)
    page.rectangle(box.grown(collar_mm(frame.scale)), None, edge=INK, width=0.7)


def _draw_grid(page: Page, frame: MapFrame) -> None:
    across, up = grid_lines(frame)
    box = frame.box
    for line in across:
        page.lines([np.array([[line.at, box.bottom], [line.at, box.top]])], GRID_COLOUR, 0.1, alpha=0.7)
    for line in up:
        page.lines([np.array([[box.left, line.at], [box.right, line.at]])], GRID_COLOUR, 0.1, alpha=0.7)
    high = LARGE * POINT_MM * 0.73
    for number, line in enumerate(across):
        full = number in (0, len(across) - 1)
        for y in (box.bottom - 1.6 - high, box.top + 1.6):
            _label(page, line, line.at, y, full, "middle", (box.left, box.right))
    for number, line in enumerate(up):
        full = number in (0, len(up) - 1)
        y = min(max(line.at - high / 2, box.bottom + 0.3), box.top - high - 0.9)
        _label(page, line, box.left - 0.7, y, full, "right", None)
        _label(page, line, box.right + 0.7, y, full, "left", None)


def _label(
    page: Page, line: GridLine, x: float, y: float, full: bool, anchor: str, limits: tuple[float, float] | None
) -> None:
    """A grid label: the last two figures, near the corners with the hundreds small before them."""
    small, large = split_kilometres(line.kilometres)
    before = text_width(small, SMALL) + 0.25 if full else 0.0
    width = before + text_width(large, LARGE)
    left = {"left": x, "middle": x - before - (width - before) / 2, "right": x - width}[anchor]
    if limits is not None:
        left = min(max(left, limits[0]), limits[1] - width)
    if full:
        page.text(left, y + (LARGE - SMALL) * POINT_MM * 0.73, small, size=SMALL)
    page.text(left + before, y, large, size=LARGE)


def _draw_degrees(page: Page, frame: MapFrame, say: Language) -> None:
    """A band of minutes round the frame, crosses or lines inside, labels where there is room."""
    lon_step, lat_step = _degree_steps(frame)
    for side in ("bottom", "top", "left", "right"):
        step = lon_step if side in ("bottom", "top") else lat_step
        values, at = _crossings(frame, side, step)
        _draw_ticks(page, frame, side, at)
        _draw_degree_labels(page, frame, side, zip(values, at, strict=True), partial(_degrees, step=step, say=say))
    _draw_crosses(page, frame, lon_step, lat_step)


def _degree_steps(frame: MapFrame) -> tuple[float, float]:
    """Steps of longitude and latitude [minutes] that are far enough apart on paper for their labels."""
    lon, lat = frame.lonlat(frame.edge())
    per_lon, per_lat = frame.box.width / (60 * np.ptp(lon)), frame.box.height / (60 * np.ptp(lat))
    return tuple(
        next((s for s in DEGREE_STEPS_MIN if s * per >= DEGREE_LEAST_MM), DEGREE_STEPS_MIN[-1])
        for per in (per_lon, per_lat)
    )  # type: ignore[return-value]


def _crossings(frame: MapFrame, side: Side, step_min: float) -> tuple[Reals, Reals]:
    """Minutes that cross a side of the map, and where along it [mm]."""
    box, t = frame.box, np.linspace(0.0, 1.0, 41)
    if side in ("bottom", "top"):
        along = box.left + t * box.width
        y = box.bottom if side == "bottom" else box.top
        minutes = 60.0 * frame.lonlat(np.column_stack([along, np.full(t.size, y)]))[0]
    else:
        along = box.bottom + t * box.height
        x = box.left if side == "left" else box.right
        minutes = 60.0 * frame.lonlat(np.column_stack([np.full(t.size, x), along]))[1]
    low, high = math.ceil(minutes.min() / step_min), math.floor(minutes.max() / step_min)
    values = step_min * np.arange(low, high + 1)
    order = np.argsort(minutes)
    return values, np.interp(values, minutes[order], along[order])


def _draw_ticks(page: Page, frame: MapFrame, side: Side, at: Reals) -> None:
    box, outer = frame.box, GRID_BAND_MM if frame.projection.zone is not None else 0.0
    marks = []
    for v in at:
        if side in ("bottom", "top"):
            y, sign = (box.bottom, -1) if side == "bottom" else (box.top, 1)
            marks.append(np.array([[v, y + sign * outer], [v, y + sign * (outer + 1.0)]]))
        else:
            x, sign = (box.left, -1) if side == "left" else (box.right, 1)
            marks.append(np.array([[x + sign * outer, v], [x + sign * (outer + 1.0), v]]))
    if marks:
        page.lines(marks, DEGREE_COLOUR, 0.2, cap=0)
    if outer:
        page.rectangle(box.grown(outer), None, edge=DEGREE_COLOUR, width=0.1)


def _draw_degree_labels(
    page: Page,
    frame: MapFrame,
    side: Side,
    crossings: Iterable[tuple[float, float]],
    words_of: Callable[[float, str], str],
) -> None:
    box, outer = frame.box, GRID_BAND_MM if frame.projection.zone is not None else 0.0
    for minutes, place in crossings:
        words = words_of(minutes, "EW" if side in ("bottom", "top") else "NS")
        half = text_width(words, DEGREES) / 2 + 0.3
        low, high = (box.left, box.right) if side in ("bottom", "top") else (box.bottom, box.top)
        if not low - outer + half <= place <= high + outer - half:
            continue
        high_mm = DEGREES * POINT_MM * 0.73
        middle = outer + (DEGREE_BAND_MM + 0.6) / 2
        if side in ("bottom", "top"):
            y = box.bottom - middle - high_mm / 2 if side == "bottom" else box.top + middle - high_mm / 2
            page.text(place, y, words, size=DEGREES, color=DEGREE_COLOUR, anchor="middle")
        else:
            x = box.left - middle + high_mm / 2 if side == "left" else box.right + middle + high_mm / 2
            page.text(x, place, words, size=DEGREES, color=DEGREE_COLOUR, anchor="middle", turned=True)


def _degrees(minutes: float, letters: str, *, step: float, say: Language) -> str:
    whole, rest = divmod(round(abs(minutes)), 60)
    letter = letters[0] if minutes >= 0 else letters[1]
    return say.angle(f"{whole}\u00b0{letter}" if step >= 60 else f"{whole}\u00b0{rest:02d}\u2032{letter}")


def _draw_crosses(page: Page, frame: MapFrame, lon_step: float, lat_step: float) -> None:
    """Crosses where meridians and parallels meet; whole lines on sheets without a kilometre grid."""
    lon, lat = frame.lonlat(frame.edge())
    lons = np.array(_multiples(60 * lon.min(), 60 * lon.max(), lon_step)) / 60
    lats = np.array(_multiples(60 * lat.min(), 60 * lat.max(), lat_step)) / 60
    with page.clipped(frame.box):
        if frame.projection.zone is None:
            dense = np.linspace(-0.2, 1.2, 120)
            lat_run, lon_run = lat.min() + dense * np.ptp(lat), lon.min() + dense * np.ptp(lon)
            lines = [frame.paper_lonlat(np.full(dense.size, v), lat_run) for v in lons]
            lines += [frame.paper_lonlat(lon_run, np.full(dense.size, v)) for v in lats]
            if lines:
                page.lines(lines, GRID_COLOUR, 0.09, alpha=0.55)
            return
        points = [p for v in lats for p in frame.paper_lonlat(lons, np.full(lons.size, v))] if lons.size else []
        marks = [np.array([p - d, p + d]) for p in points for d in (np.array([1.3, 0.0]), np.array([0.0, 1.3]))]
        if marks:
            page.lines(marks, DEGREE_COLOUR, 0.14)
