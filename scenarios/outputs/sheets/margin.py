"""What stands beside a map: scale, north, legend, inset, notes; each a block of known height in a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scenarios.outputs.cartography.furniture import nice_below
from scenarios.outputs.gis.qgis_styles import STANDS
from scenarios.outputs.sheets.features import (
    BORDER,
    BORDER_DASH,
    CORE,
    FENCE,
    PATH,
    PATH_DASH,
    SCHEMATIC_DASH,
    TARGET,
    draw_border_lines,
    draw_symbol,
)
from scenarios.outputs.sheets.frame import MapFrame, framed, parts_of
from scenarios.outputs.sheets.ground import (
    CONTOUR,
    CORRIDOR_COLOURS,
    HATCH_MM,
    LAND,
    UNKNOWN,
    WATER,
    WATER_EDGE,
    draw_ground,
    hatching,
)
from scenarios.outputs.sheets.page import INK, MUTED, POINT_MM, Box, Face, Page, text_width, wrapped
from scenarios.outputs.sheets.projection import SheetProjection
from scenarios.outputs.sheets.source import SheetSource
from scenarios.outputs.sheets.surroundings import sign_road, sign_settlement

__all__ = [
    "Entry",
    "Legend",
    "MarginColumn",
    "draw_inset",
    "draw_legend",
    "draw_north",
    "draw_scale",
    "legend_entries",
    "scale_text",
    "text_fits",
]

LINE = 1.25
HEADING, BODY, NOTE = 7.2, 6.2, 5.5
LEGEND_SIZES = (6.2, 5.8, 5.4, 5.0, 4.6)
SIGN_MM = 10.0


class MarginColumn:
    """A column that is filled from its top downwards.

    Parameters
    ----------
    page : Page
    box : Box
        Its room [mm].
    """

    def __init__(self, page: Page, box: Box) -> None:
        self.page, self.box, self.at = page, box, box.top

    @property
    def left_mm(self) -> float:
        """Height that is still free."""
        return self.at - self.box.bottom

    def gap(self, height: float) -> None:
        """Leave room."""
        self.at -= height

    def line(
        self, words: str, size: float = BODY, face: Face = "regular", color: str = INK, indent: float = 0.0
    ) -> None:
        """One line of text."""
        self.at -= 0.95 * size * POINT_MM
        self.page.text(self.box.left + indent, self.at, words, size=size, face=face, color=color)
        self.at -= (LINE - 0.95) * size * POINT_MM

    def heading(self, words: str) -> None:
        """A bold line."""
        self.line(words, HEADING, "bold")
        self.gap(0.5)

    def text(self, words: str, size: float = NOTE, color: str = MUTED, indent: float = 0.0) -> None:
        """Wrapped text."""
        for line in wrapped(words, size, self.box.width - indent):
            self.line(line, size, color=color, indent=indent)

    def text_height(self, words: str, size: float = NOTE) -> float:
        """Height that wrapped text would take."""
        return len(wrapped(words, size, self.box.width)) * LINE * size * POINT_MM


def draw_scale(column: MarginColumn, frame: MapFrame, source: SheetSource) -> None:
    """Scale in figures, in words, and as a bar."""
    say = source.say
    column.line(scale_text(frame.scale), 12.0, "bold")
    column.gap(0.6)
    per_cm = frame.scale / 1e5
    column.line(
        say("1 cm on the sheet is {km} km on the ground").format(km=source.say(f"{per_cm:g}")), NOTE, color=MUTED
    )
    column.gap(3.6)
    _bar(column, frame, source)


def scale_text(scale: float) -> str:
    """``1 : 100 000``."""
    return "1 : " + f"{scale:,.0f}".replace(",", "\u2009")


def _bar(column: MarginColumn, frame: MapFrame, source: SheetSource) -> None:
    """A bar with a finely divided first unit to the left of zero, as on topographic maps."""
    unit = nice_below(0.22 * column.box.width * frame.metres_per_mm)
    step = unit / frame.metres_per_mm
    left, y, page = column.box.left + 1.5, column.at, column.page
    for part in range(5):
        box = Box(left + part * step / 5, y - 1.3, step / 5, 1.3)
        page.rectangle(box, INK if part % 2 == 0 else "#ffffff", edge=INK, width=0.15)
    for part in range(1, 4):
        page.rectangle(
            Box(left + part * step, y - 1.3, step, 1.3), INK if part % 2 == 0 else "#ffffff", edge=INK, width=0.15
        )
    per, name = (1000.0, source.say("km")) if unit >= 1000 else (1.0, source.say("m"))
    for part in range(5):
        words = source.say(f"{abs(part - 1) * unit / per:g}") + (f" {name}" if part == 4 else "")
        page.text(left + part * step, y + 0.9, words, size=NOTE, anchor="left" if part == 4 else "middle")
    column.gap(1.3 + 1.2)


def draw_north(column: MarginColumn, frame: MapFrame, source: SheetSource) -> None:
    """Grid north and true north with the angle between them."""
    say, page = source.say, column.page
    west, south, east, north = frame.bounds
    true = frame.projection.true_north_deg((west + east) / 2, (south + north) / 2)
    on_grid = frame.projection.zone is not None
    high = 15.5 if on_grid else 8.0
    x, foot = column.box.left + 6.5, column.at - high - 3.5
    shown = math.copysign(max(abs(true), 9.0), true) if on_grid and round(abs(true) * 60) > 0 else 0.0
    if on_grid:
        page.lines([np.array([[x, foot], [x, foot + high]])], INK, 0.25)
        page.areas(
            [np.array([[x, foot + high + 1.2], [x - 0.8, foot + high - 1.4], [x + 0.8, foot + high - 1.4]])], INK
        )
    tip = np.array([x + high * math.sin(math.radians(shown)), foot + high * math.cos(math.radians(shown))])
    page.lines([np.array([[x, foot], tip])], INK, 0.25)
    page.areas([_star(tip, 1.5)], INK)
    text = MarginColumn(page, Box(column.box.left + 14.5, foot - 4.0, column.box.width - 14.5, column.at - foot + 4.0))
    for words in _north_words(true, on_grid, say):
        text.text(words, NOTE, INK if words.startswith("\u2191") or words.startswith("\u2605") else MUTED)
    column.at = min(text.at, foot) - 0.5


def _star(at: np.ndarray, radius: float) -> np.ndarray:
    turns = np.deg2rad(90 + 36 * np.arange(10))
    reach = np.where(np.arange(10) % 2 == 0, radius, 0.42 * radius)
    return at + np.column_stack([reach * np.cos(turns), reach * np.sin(turns)])


def _north_words(true: float, on_grid: bool, say: Callable[[str], str]) -> list[str]:
    declination = say("Magnetic declination: not given")
    if not on_grid:
        return ["\u2605 " + say("true north, in the middle of the sheet"), declination]
    minutes = round(abs(true) * 60)
    side = say("east") if true < 0 else say("west")
    angle = f"{minutes // 60}\u00b0{minutes % 60:02d}\u2032"
    words = say("Convergence of meridians in the middle of the sheet: {angle} {side}").format(angle=angle, side=side)
    return [
        "\u2191 " + say("grid north (vertical lines of the grid)"),
        "\u2605 " + say("true north"),
        words,
        declination,
        say("The angle is drawn larger than it is."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What of all that could be on a map is on it."""

    fence: bool
    schematic_fence: bool
    passages: bool
    numbered_standing: bool
    candidates: bool
    standing: bool
    border: bool
    corridor: bool
    paths: bool
    cores: bool
    targets: bool
    water: bool
    unknown: bool
    roads: bool
    settlements: bool
    contour_m: float
    grid_m: float
    sheets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a legend: its words, and what draws its sign at a box."""

    words: str
    draw: Callable[[Page, Box], None]


def legend_entries(legend: Legend, say: Callable[[str], str]) -> list[Entry]:
    """The entries of what is on the map, the most important first."""
    fence = say("fence (schematic); figures: km from its start, arrows: the way they grow")
    if not legend.schematic_fence:
        fence = say("fence; figures: km from its start, arrows: the way they grow")
    every = (
        (legend.passages, say("proposed passage with its number, width and design"), _sign_passage),
        (
            legend.numbered_standing,
            say("passage that stands or is planned, with its number, width and design"),
            _sign_passage,
        ),
        (legend.candidates, say("other places that were examined"), _sign_candidate),
        (legend.standing, say("passage that stands"), _sign_standing),
        (legend.fence, fence, _sign_fence),
        (legend.border, say("state border"), _sign_line(BORDER, 0.32, BORDER_DASH)),
        (legend.corridor, say("modelled corridor: best 1 % and 5 % of the area"), _sign_corridor),
        (legend.paths, say("modelled least-cost path"), _sign_line(PATH, 0.28, PATH_DASH)),
        (legend.cores, say("core area: animals set out here"), _sign_place(CORE)),
        (legend.targets, say("target area of the movement"), _sign_place(TARGET)),
        (legend.water, say("water"), _sign_area(WATER, WATER_EDGE)),
        (legend.roads, say("road"), sign_road),
        (legend.settlements, say("settlement"), sign_settlement),
        (legend.unknown, say("no data"), _sign_area(UNKNOWN, None)),
        (
            legend.contour_m > 0,
            say("contours every {step} m").format(step=f"{legend.contour_m:g}"),
            _sign_line(CONTOUR, 0.2, ()),
        ),
        (
            legend.grid_m > 0,
            say("SK-42 grid, every {step} km").format(step=f"{legend.grid_m / 1000:g}"),
            _sign_line("#3d4a50", 0.1, ()),
        ),
        (legend.sheets, say("sheet of the series with its number"), _sign_sheet),
    )
    return [Entry(words=words, draw=draw) for there, words, draw in every if there]


def draw_legend(column: MarginColumn, entries: Sequence[Entry], say: Callable[[str], str], room: float) -> None:
    """Heading and entries, in the largest text with which they take at most ``room`` mm."""
    column.heading(say("Legend"))
    room -= HEADING * POINT_MM * LINE + 0.5
    heights = {size: _legend_height(column, entries, size) for size in LEGEND_SIZES}
    size = next((size for size in LEGEND_SIZES if heights[size] <= room), LEGEND_SIZES[-1])
    for entry in entries:
        lines, high = _entry_lines(column, entry, size)
        top = column.at
        entry.draw(column.page, Box(column.box.left, top - 0.5 * size * POINT_MM - 1.2, 8.0, 2.4))
        for number, line in enumerate(lines):
            y = top - (0.9 + LINE * number) * size * POINT_MM
            column.page.text(column.box.left + SIGN_MM, y, line, size=size)
        column.at = top - high


def _legend_height(column: MarginColumn, entries: Sequence[Entry], size: float) -> float:
    return sum(_entry_lines(column, entry, size)[1] for entry in entries)


def _entry_lines(column: MarginColumn, entry: Entry, size: float) -> tuple[list[str], float]:
    """Lines of an entry, and the height [mm] that it takes with the gap below it."""
    lines = wrapped(entry.words, size, column.box.width - SIGN_MM)
    return lines, max(2.9, len(lines) * size * POINT_MM * LINE) + 0.12 * size


def _sign_line(color: str, width: float, dash: tuple[float, ...]) -> Callable[[Page, Box], None]:
    def draw(page: Page, box: Box) -> None:
        y = box.bottom + box.height / 2
        page.lines([np.array([[box.left, y], [box.right, y]])], color, width, dash=dash, cap=0)

    return draw


def _sign_area(fill: str, edge: str | None) -> Callable[[Page, Box], None]:
    def draw(page: Page, box: Box) -> None:
        page.rectangle(box, fill, edge=edge, width=0.12)

    return draw


def _sign_place(color: str) -> Callable[[Page, Box], None]:
    def draw(page: Page, box: Box) -> None:
        ring = np.array([(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)])
        page.areas([ring], color, alpha=0.2)
        page.lines([np.vstack([ring, ring[:1]])], color, 0.3, dash=SCHEMATIC_DASH, cap=0)

    return draw


def _sign_corridor(page: Page, box: Box) -> None:
    page.rectangle(box, LAND)
    half = Box(box.left, box.bottom, box.width / 2, box.height)
    for part, color in ((box, CORRIDOR_COLOURS[1]), (half, CORRIDOR_COLOURS[0])):
        with page.clipped(part):
            page.lines(hatching(part, 0.7 * HATCH_MM), color, 0.2, alpha=0.8)


def _sign_fence(page: Page, box: Box) -> None:
    y = box.bottom + box.height / 2
    page.lines([np.array([[box.left, y], [box.right, y]])], FENCE, 0.55)
    page.lines([np.array([[box.left + 1.5, y - 1.1], [box.left + 1.5, y + 1.1]])], FENCE, 0.28, cap=0)
    tip = np.array([box.left + 5.5, y])
    page.areas([tip + np.array([[0.0, 0.0], [-1.9, 0.8], [-1.4, 0.0], [-1.9, -0.8]])], FENCE)


def _sign_passage(page: Page, box: Box) -> None:
    y = box.bottom + box.height / 2
    page.lines([np.array([[box.left, y], [box.right, y]])], FENCE, 0.55)
    draw_symbol(page, np.array([box.left + box.width / 2, y]), np.array([1.0, 0.0]))


def _sign_candidate(page: Page, box: Box) -> None:
    y = box.bottom + box.height / 2
    page.lines([np.array([[box.left, y], [box.right, y]])], FENCE, 0.55)
    page.disc(box.left + box.width / 2, y, 0.55, "#ffffff", edge="#b9806f", width=0.13)


def _sign_standing(page: Page, box: Box) -> None:
    y = box.bottom + box.height / 2
    page.lines([np.array([[box.left, y], [box.right, y]])], FENCE, 0.55)
    page.rectangle(Box(box.left + box.width / 2 - 0.6, y - 0.6, 1.2, 1.2), STANDS, edge=INK, width=0.13)


def _sign_sheet(page: Page, box: Box) -> None:
    page.rectangle(box, None, edge=INK, width=0.3)


def draw_inset(page: Page, box: Box, source: SheetSource, frame: MapFrame) -> None:
    """Where the sheet lies in the study: land and water, borders, fences, and the sheet's outline."""
    run = source.run
    west, south, east, north = run.grid.bounds
    lon, lat = run.grid.lonlat((west + east) / 2, (south + north) / 2)
    whole = SheetProjection(operation=source.operation, lon=float(lon), lat=float(lat), zone=None)
    scale = 1000.0 * max((east - west) / box.width, (north - south) / box.height)
    wide = Box(box.left, box.bottom, min(box.width, 1000.0 * (east - west) / scale), box.height)
    inset = framed(whole, scale, wide, run.grid, float(lon), float(lat))
    draw_ground(page, inset, source, plain=True)
    with page.clipped(wide):
        draw_border_lines(page, inset, source, fine=True)
        fences = [part for fence in run.cuts.fences for part in parts_of(inset.on_paper(fence.line))]
        if fences:
            page.lines(fences, FENCE, 0.3)
        outline = inset.paper_lonlat(*frame.lonlat(np.vstack([frame.edge(8), frame.edge(8)[:1]])))
        _mark(page, outline)
    page.rectangle(wide, None, edge=INK, width=0.2)


def _mark(page: Page, outline: np.ndarray) -> None:
    """The sheet's outline, with arms where it is too small to be seen."""
    size = np.ptp(outline, axis=0)
    if max(size) < 4.0:
        x, y = outline.mean(axis=0)
        ways = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        arms = [np.array([[x, y] + 1.2 * way, [x, y] + 3.4 * way]) for way in ways]
        page.lines(arms, INK, 0.4, cap=0)
    page.areas([outline], "#ffd23f", edge=INK, width=0.35, alpha=0.5)


def text_fits(words: str, size: float, width: float, face: Face = "regular") -> float:
    """The largest size up to ``size`` [points] at which a line is at most ``width`` mm wide."""
    return min(size, size * width / max(text_width(words, size, face), 1e-9))
