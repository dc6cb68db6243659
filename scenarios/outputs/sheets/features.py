"""What lies on the ground of a sheet: borders, places, fences with their kilometres, passages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from scenarios.outputs.gis.qgis_styles import STANDS
from scenarios.outputs.sheets.frame import CELL_ALLOWS_MM, MapFrame, parts_of
from scenarios.outputs.sheets.page import INK, Box, Page
from scenarios.outputs.sheets.source import Passage, SheetSource
from scenarios.outputs.words import is_schematic

__all__ = [
    "BORDER",
    "CORE",
    "FENCE",
    "PATH",
    "TARGET",
    "Post",
    "colour_of",
    "draw_border_lines",
    "draw_candidates",
    "draw_fences",
    "draw_paths",
    "draw_places",
    "draw_symbol",
    "paths_show",
    "post_step_m",
    "posts_of",
    "smoothed",
]

BORDER, FENCE, PATH = "#4a4a4a", "#8c1d04", "#0b0b0b"
CORE, TARGET = "#5e3c99", "#00695c"
BORDER_DASH = (2.6, 0.9, 0.4, 0.9)
PATH_DASH = (1.5, 0.7)
SCHEMATIC_DASH = (1.2, 0.6)

SAMPLED, SMOOTH_CELLS = 0.25, 1.2
"""Paths are sampled every quarter of a cell, and smoothed over a little more than a cell to either side."""

POST_STEPS_KM = (1, 2, 5, 10, 20, 50, 100, 200)
POST_LEAST_MM = 9.0

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A kilometre post on the map: where [mm], and the fence's direction there (unit vector towards growing kilometres)."""

    fence: str
    along_m: float
    at: Points
    ahead: Points


def draw_border_lines(page: Page, frame: MapFrame, source: SheetSource, *, fine: bool = False) -> list[Points]:
    """State borders, thin ones if ``fine``; their lines on paper [mm]."""
    if source.borders is None:
        return []
    lines = [part for shape in source.borders.geometry for part in parts_of(frame.on_paper(shape))]
    if lines and fine:
        page.lines(lines, BORDER, 0.15)
    elif lines:
        page.lines(lines, "#ffffff", 1.1, alpha=0.55)
        page.lines(lines, BORDER, 0.32, dash=BORDER_DASH, cap=0)
    return lines


def colour_of(role: str) -> str:
    """Colour of a place by its role."""
    return TARGET if role == "to" else CORE


def draw_places(page: Page, frame: MapFrame, source: SheetSource) -> list[tuple[Any, Any]]:
    """Outlines of cores and targets; the places on the map with their shape on paper [mm]."""
    found = []
    for place in source.run.places:
        shape = frame.on_paper(place.geometry)
        if shape.is_empty or shape.area < 0.05:
            continue
        dash = SCHEMATIC_DASH if is_schematic(place.geometry_status) else ()
        rings = parts_of(shape)
        page.areas(rings, colour_of(place.role), alpha=0.2)
        outline = frame.on_paper(shapely.boundary(place.geometry))
        page.lines(parts_of(outline), colour_of(place.role), 0.3, dash=dash, cap=0)
        found.append((place, shape))
    return found


def paths_show(frame: MapFrame) -> bool:
    """Whether a sheet's scale allows paths: where a cell is over a centimetre on paper, they would be the cells' course."""
    return frame.grid.cell_width_m / frame.metres_per_mm <= CELL_ALLOWS_MM


def draw_paths(page: Page, frame: MapFrame, source: SheetSource) -> list[Points]:
    """Least-cost paths, smooth where their cells would show; their lines on paper [mm]."""
    paths = [shapely.LineString(np.column_stack([p.x, p.y])) for p in source.run.paths if p.x.size > 1]
    if not paths or not paths_show(frame):
        return []
    once = shapely.get_parts(shapely.line_merge(shapely.union_all(paths)))
    lines = [part for line in once for part in parts_of(frame.on_paper(smoothed(line, frame.grid.cell_width_m)))]
    if lines:
        page.lines(lines, "#ffffff", 0.7, alpha=0.7)
        page.lines(lines, PATH, 0.28, dash=PATH_DASH, cap=0)
    return lines


def smoothed(line: Any, cell_m: float) -> Any:
    """A line through cells without the corners that only the cells make; its ends stay where they are."""
    samples = max(2, int(np.ceil(line.length / (SAMPLED * cell_m))) + 1)
    points = shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(0.0, line.length, samples)))
    before, after = 2 * points[0] - points[:0:-1], 2 * points[-1] - points[-2::-1]
    around = np.vstack([before, points, after])
    even = gaussian_filter1d(around, SMOOTH_CELLS / SAMPLED, axis=0)[len(before) : len(before) + samples]
    return shapely.LineString(even) if line.length > 0 else line


def post_step_m(scale: float) -> float:
    """Distance of labelled kilometre posts [m], at least 9 mm on paper."""
    least = POST_LEAST_MM * scale / 1e6
    return 1000.0 * next((km for km in POST_STEPS_KM if km >= least), POST_STEPS_KM[-1])


def posts_of(frame: MapFrame, source: SheetSource) -> list[Post]:
    """Labelled kilometre posts on the map, with the direction of growing kilometres."""
    step = post_step_m(frame.scale)
    return _along_fences(frame, source, step, 0.0)


def _along_fences(frame: MapFrame, source: SheetSource, step: float, first: float) -> list[Post]:
    return [post for fence in source.run.cuts.fences for post in _posts(frame, fence, fence.posts_m(step, first))]


def _posts(frame: MapFrame, fence: Any, along: NDArray[np.float64]) -> list[Post]:
    """Places at distances along a fence that are on the map."""
    if frame.on_paper(fence.line).is_empty:
        return []
    here = _on_fence(frame, fence, along)
    inside = np.array([_within(frame, point) for point in here], dtype=bool)
    nudge = 0.6 * frame.metres_per_mm
    before, after = (_on_fence(frame, fence, along[inside] + shift) for shift in (-nudge, nudge))
    run = after - before
    length = np.maximum(np.hypot(*run.T), 1e-9)[:, None]
    return [
        Post(fence=fence.id, along_m=float(at), at=point, ahead=ahead)
        for at, point, ahead in zip(along[inside], here[inside], run / length, strict=True)
    ]


def _on_fence(frame: MapFrame, fence: Any, along: NDArray[np.float64]) -> Points:
    """(n, 2) mm of places at distances on a fence line."""
    spots = [fence.point_at(float(v)) for v in along]
    return frame.paper_xy(np.array([p.x for p in spots]), np.array([p.y for p in spots]))


def _within(frame: MapFrame, point: Points) -> bool:
    box = frame.box
    return bool(box.left <= point[0] <= box.right and box.bottom <= point[1] <= box.top)


def draw_fences(page: Page, frame: MapFrame, source: SheetSource, posts: list[Post]) -> list[Any]:
    """Fences with post ticks and arrows towards growing kilometres; their lines on paper [mm]."""
    shapes = [frame.on_paper(fence.line) for fence in source.run.cuts.fences]
    lines = [part for shape in shapes for part in parts_of(shape)]
    if not lines:
        return []
    page.lines(lines, "#ffffff", 1.3, alpha=0.75)
    page.lines(lines, FENCE, 0.55)
    side = np.array([[0.0, 1.0], [-1.0, 0.0]])
    ticks = [np.array([post.at - 1.1 * side @ post.ahead, post.at + 1.1 * side @ post.ahead]) for post in posts]
    if ticks:
        page.lines(ticks, FENCE, 0.28, cap=0)
    step = post_step_m(frame.scale)
    for post in _along_fences(frame, source, step, 0.55 * step):
        page.areas([_arrow(post.at + 0.9 * post.ahead, post.ahead)], FENCE)
    return [shape for shape in shapes if not shape.is_empty]


def _arrow(tip: Points, ahead: Points) -> Points:
    """A small triangle pointing ahead."""
    side = np.array([-ahead[1], ahead[0]])
    return np.array([tip, tip - 1.9 * ahead + 0.8 * side, tip - 1.4 * ahead, tip - 1.9 * ahead - 0.8 * side])


def draw_candidates(page: Page, frame: MapFrame, source: SheetSource, shown: Iterable[Passage]) -> bool:
    """Every other candidate as a faint ring; whether there are any on the map."""
    numbered = {passage.candidate for passage in shown}
    table = source.run.ranking
    table = table[~table["candidate"].isin(numbered)]
    if table.empty:
        return False
    at = frame.paper_xy(table["x"].to_numpy(float), table["y"].to_numpy(float))
    inside = [point for point in at if _within(frame, point)]
    radius = 0.55 if frame.scale <= 250_000 else 0.28
    for point in inside:
        page.disc(point[0], point[1], radius, "#ffffff", edge="#b9806f", width=0.13)
    return bool(inside)


def draw_standing(page: Page, frame: MapFrame, source: SheetSource, shown: Iterable[Passage]) -> bool:
    """Every passage that stands and has no number on the map as a square; whether there are any."""
    numbered = {passage.label for passage in shown}
    others = [one for one in source.standing if one.label not in numbered]
    xy = np.array([(one.x, one.y) for one in others]).reshape(-1, 2)
    inside = [point for point in frame.paper_xy(*xy.T) if _within(frame, point)]
    half = 0.6 if frame.scale <= 250_000 else 0.35
    for x, y in inside:
        page.rectangle(Box(x - half, y - half, 2 * half, 2 * half), STANDS, edge=INK, width=0.13)
    return bool(inside)


def draw_symbol(page: Page, at: Points, ahead: Points | None) -> None:
    """A passage: two brackets facing each other across the fence with a white gap between, as maps show an opening."""
    if ahead is None:
        page.disc(at[0], at[1], 0.8, "#ffffff", edge=INK, width=0.3)
        return
    side = np.array([-ahead[1], ahead[0]])
    page.lines([np.array([at - 0.9 * ahead, at + 0.9 * ahead])], "#ffffff", 0.9, cap=0)
    for sign in (-1.0, 1.0):
        post = at + sign * 0.95 * ahead
        wing = sign * 0.55 * ahead
        bracket = np.array([post + wing + 1.5 * side, post + 0.9 * side, post - 0.9 * side, post + wing - 1.5 * side])
        page.lines([bracket], "#ffffff", 0.8)
        page.lines([bracket], INK, 0.38)
