"""One sheet: title, map, margin, table and footer on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.sheets.approval import approval_height, draw_approval
from scenarios.outputs.sheets.countries import draw_countries
from scenarios.outputs.sheets.features import (
    draw_border_lines,
    draw_candidates,
    draw_fences,
    draw_paths,
    draw_places,
    draw_standing,
    posts_of,
)
from scenarios.outputs.sheets.frame import MapFrame, framed
from scenarios.outputs.sheets.gridlines import collar_mm, draw_frame, grid_step_m
from scenarios.outputs.sheets.ground import draw_ground
from scenarios.outputs.sheets.labels import Drawn, draw_labels, label_board
from scenarios.outputs.sheets.margin import (
    Legend,
    MarginColumn,
    draw_inset,
    draw_legend,
    draw_north,
    draw_scale,
    legend_entries,
    text_fits,
)
from scenarios.outputs.sheets.notes import notes_of, warning_text
from scenarios.outputs.sheets.page import AMBER, AMBER_INK, INK, MUTED, POINT_MM, Box, Page, text_width, wrapped
from scenarios.outputs.sheets.placing import Board
from scenarios.outputs.sheets.projection import SheetProjection
from scenarios.outputs.sheets.source import Passage, SheetSource
from scenarios.outputs.sheets.surroundings import draw_around, draw_settlement_names
from scenarios.outputs.sheets.table import draw_table, passage_rows, table_head
from scenarios.outputs.words import is_schematic

__all__ = ["PAPERS", "Layout", "Neighbour", "PaperSheet", "draw_sheet", "layout_of"]

PAPERS = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
"""Width and height of upright paper [mm]."""

MARGIN, HEADER, FOOTER, GAP = 7.0, 13.4, 13.0, 3.0
PANEL_WIDE = {"A4": 60.0, "A3": 72.0}
PANEL_HIGH = {"A4": 66.0, "A3": 72.0}
WITHOUT_INSET_MM = 54.0
LEAST_INSET_MM = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of a sheet stand [mm]; ``columns`` are the margin's, one beside the map or three below it."""

    paper: Box
    header: Box
    map: Box
    columns: tuple[Box, ...]
    table: Box
    approval: Box
    footer: Box


def layout_of(
    paper: str, orientation: str, scale: float, table_mm: float, *, audience: Audience, inset: bool = True
) -> Layout:
    """Room for a map of a scale and its margin on a paper, with a table of a height and who answers for it at its foot."""
    short, long = PAPERS[paper]
    width, height = (long, short) if orientation == "landscape" else (short, long)
    inner = width - 2 * MARGIN
    header = Box(MARGIN, height - MARGIN - HEADER, inner, HEADER)
    footer = Box(MARGIN, MARGIN, inner, FOOTER)
    signed = approval_height(audience)
    approval = Box(MARGIN, footer.top + (1.5 if signed else 0.0), inner, signed)
    table = Box(MARGIN, approval.top + (1.5 if table_mm else 0.0), inner, table_mm)
    floor = table.top + 2.0
    if orientation == "landscape":
        panel = Box(width - MARGIN - PANEL_WIDE[paper], floor, PANEL_WIDE[paper], header.bottom - floor)
        around = Box(MARGIN, floor, panel.left - GAP - MARGIN, panel.height)
        columns: tuple[Box, ...] = (panel,)
    else:
        column, deep = (inner - 2 * GAP) / 3, PANEL_HIGH[paper] if inset else WITHOUT_INSET_MM
        columns = tuple(Box(MARGIN + n * (column + GAP), floor, column, deep) for n in range(3))
        around = Box(MARGIN, columns[0].top + GAP, inner, header.bottom - columns[0].top - GAP)
    return Layout(
        paper=Box(0, 0, width, height),
        header=header,
        map=around.grown(-collar_mm(scale)),
        columns=columns,
        table=table,
        approval=approval,
        footer=footer,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another sheet of a series: its number, and its map's outline in degrees (n, 2) lon, lat."""

    number: int
    outline: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSheet:
    """What one sheet shows.

    Parameters
    ----------
    title, subtitle : str
    scale : float
    lon, lat : float
        Middle of the map [degrees, WGS 84].
    passages : tuple of Passage
        With a number, in the table.
    captions : bool
        Whether width and design stand beside the numbers on the map.
    mark : str
        ``"Sheet 3 of 12"``, or empty.
    neighbours : tuple of Neighbour
        Sheets beside this one, named at its edges.
    sheets : tuple of Neighbour
        Sheets to outline with their numbers, on an index.
    """

    title: str
    subtitle: str
    scale: float
    lon: float
    lat: float
    passages: tuple[Passage, ...] = ()
    captions: bool = True
    mark: str = ""
    neighbours: tuple[Neighbour, ...] = ()
    sheets: tuple[Neighbour, ...] = field(default=())


def frame_of(sheet: PaperSheet, layout: Layout, source: SheetSource) -> MapFrame:
    """The map of a sheet."""
    projection = SheetProjection.for_scale(source.operation, sheet.lon, sheet.lat, sheet.scale)
    return framed(projection, sheet.scale, layout.map, source.run.grid, sheet.lon, sheet.lat)


def draw_sheet(page: Page, sheet: PaperSheet, layout: Layout, source: SheetSource) -> MapFrame:
    """Draw a sheet without its table; returns its map."""
    frame = frame_of(sheet, layout, source)
    legend = _draw_map(page, sheet, frame, source)
    draw_frame(page, frame, source.say)
    _draw_header(page, layout.header, sheet, source)
    _draw_margin(page, layout, frame, source, legend)
    draw_approval(page, layout.approval, source)
    _draw_footer(page, layout.footer, source)
    return frame


def draw_passage_table(page: Page, sheet: PaperSheet, layout: Layout, source: SheetSource, zone: int | None) -> None:
    """The table of a sheet's passages, or why there is none."""
    if sheet.passages:
        draw_table(page, layout.table, table_head(source), passage_rows(source, sheet.passages, zone))
    elif layout.table.height:
        words = source.say("No numbered passage lies on this sheet.")
        page.text(layout.table.left, layout.table.top - 3.0, words, size=6.2, color=MUTED)


def _draw_map(page: Page, sheet: PaperSheet, frame: MapFrame, source: SheetSource) -> Legend:
    with page.clipped(frame.box):
        ground = draw_ground(page, frame, source)
        around = draw_around(page, frame, source)
        border = draw_border_lines(page, frame, source)
        places = draw_places(page, frame, source)
        paths = draw_paths(page, frame, source)
        for neighbour in (*sheet.neighbours, *sheet.sheets):
            _outline(page, frame, neighbour, firm=neighbour in sheet.sheets)
        posts = posts_of(frame, source)
        fences = draw_fences(page, frame, source, posts)
        candidates = draw_candidates(page, frame, source, sheet.passages) if sheet.captions else False
        standing = draw_standing(page, frame, source, sheet.passages)
    passages = [(p, frame.paper_xy([p.x], [p.y])[0]) for p in sheet.passages]
    passages = [(p, at) for p, at in passages if shapely.box(*_corners(frame.box)).contains(shapely.Point(at))]
    drawn = Drawn(
        ground=ground,
        places=places,
        fences=fences,
        lines=(*border, *paths),
        posts=posts,
        passages=passages,
        captions=sheet.captions,
    )
    board = label_board(frame, drawn)
    for other in sheet.neighbours:
        _name_neighbour(page, board, frame, other, source)
    _number_sheets(page, board, frame, sheet.sheets)
    draw_labels(page, board, source, drawn)
    draw_settlement_names(page, board, around)
    draw_countries(page, board, frame, source)
    roles = {place.role for place, _ in places}
    return Legend(
        fence=bool(fences),
        schematic_fence=any(is_schematic(f.geometry_status) for f in source.run.cuts.fences),
        passages=any(not p.state for p, _ in passages),
        numbered_standing=any(bool(p.state) for p, _ in passages),
        candidates=candidates,
        standing=standing,
        border=bool(border),
        corridor=ground.has_corridor,
        paths=bool(paths),
        cores="from" in roles,
        targets="to" in roles,
        water=ground.has_water or around.water,
        unknown=ground.has_unknown,
        roads=bool(around.roads),
        settlements=bool(around.settlements),
        contour_m=ground.contour_m,
        grid_m=grid_step_m(frame.scale) if frame.projection.zone is not None else 0.0,
        sheets=bool(sheet.sheets),
    )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return (box.left, box.bottom, box.right, box.top)


def _outline(page: Page, frame: MapFrame, other: Neighbour, *, firm: bool) -> None:
    """Outline of another sheet's map: firm on an index, faint where sheets overlap."""
    ring = frame.paper_lonlat(*other.outline.T)
    ring = np.vstack([ring, ring[:1]])
    if firm:
        page.lines([ring], "#ffffff", 0.9, alpha=0.8)
        page.lines([ring], INK, 0.3)
    else:
        page.lines([ring], MUTED, 0.16, dash=(1.6, 1.0), cap=0)


def _number_sheets(page: Page, board: Board, frame: MapFrame, sheets: Sequence[Neighbour]) -> None:
    """Numbers in the sheets' corners on an index."""
    for other in sheets:
        ring = frame.paper_lonlat(*other.outline.T)
        words, size = str(other.number), 7.5
        middle = ring.mean(axis=0)
        spot = board.place(
            middle[0], middle[1], text_width(words, size, "bold") + 1.2, 3.6, (0.0, 1.5, 3.0, 5.0, 8.0, 12.0)
        )
        if spot is None:
            continue
        page.rectangle(spot.box, INK)
        base = spot.y - 0.36 * size * POINT_MM
        page.text(spot.x, base, words, size=size, face="bold", color="#ffffff", anchor="middle")


def _name_neighbour(page: Page, board: Board, frame: MapFrame, other: Neighbour, source: SheetSource) -> None:
    """A tab at the edge of the map, on the side where the next sheet lies."""
    box = frame.box
    middle = np.array([box.left + box.width / 2, box.bottom + box.height / 2])
    to = frame.paper_lonlat(*other.outline.T).mean(axis=0) - middle
    sides = np.abs(to) / np.array([box.width, box.height])
    arrow = ("\u25b6" if to[0] > 0 else "\u25c0") if sides[0] >= sides[1] else ("\u25b2" if to[1] > 0 else "\u25bc")
    words, size = source.say("sheet {n}").format(n=other.number), 6.2
    words = f"{arrow} {words}" if arrow == "\u25c0" else f"{words} {arrow}"
    wide, high = text_width(words, size, "bold") + 1.6, 3.8
    reach = 0.5 / max(sides.max(), 1e-9)
    at = middle + reach * to
    for shift in (0.0, 8.0, -8.0, 16.0, -16.0, 24.0, -24.0, 36.0, -36.0, 50.0, -50.0):
        x, y = at + (np.array([0.0, shift]) if sides[0] >= sides[1] else np.array([shift, 0.0]))
        left = min(max(x - wide / 2, box.left + 0.8), box.right - wide - 0.8)
        bottom = min(max(y - high / 2, box.bottom + 0.8), box.top - high - 0.8)
        tab = Box(left, bottom, wide, high)
        if board.fits(tab) and not _on_lines(board, tab):
            break
    board.take([tab])
    page.rectangle(tab, "#ffffff", edge=INK, width=0.25)
    page.text(tab.left + wide / 2, bottom + 1.15, words, size=size, face="bold", anchor="middle")


def _on_lines(board: Board, box: Box) -> bool:
    lines = board.lines
    inside = (lines > (box.left, box.bottom)) & (lines < (box.right, box.top))
    return bool(inside.all(axis=1).any())


def _draw_header(page: Page, box: Box, sheet: PaperSheet, source: SheetSource) -> None:
    mark = source.say(badge(source.audience))
    wide = text_width(mark, 7.0, "bold") + 4.0
    tab = Box(box.right - wide, box.top - 11.4, wide, 5.0)
    page.rectangle(tab, INK)
    page.text(tab.left + wide / 2, tab.bottom + 1.55, mark, size=7.0, face="bold", color="#ffffff", anchor="middle")
    beside = (
        page.text(box.right, box.top - 4.6, sheet.mark, size=8.5, face="bold", anchor="right").width
        if sheet.mark
        else 0
    )
    size = text_fits(sheet.title, 13.5, box.width - beside - 4.0, "bold")
    page.text(box.left, box.top - 4.6, sheet.title, size=size, face="bold")
    _draw_subtitle(page, box, sheet.subtitle, box.width - wide - 4.0)


def _draw_subtitle(page: Page, box: Box, words: str, room: float) -> None:
    """In one line or, where the mark leaves no room for that, in two of smaller letters."""
    lines, size, pitch = [words], 7.4, 0.0
    if text_fits(words, size, room) < size:
        size, pitch = 6.4, 1.35
        lines = wrapped(words, size, room)
        lines = lines[:1] + [" ".join(lines[1:])] * (len(lines) > 1)
    for n, line in enumerate(lines):
        up = pitch * (len(lines) - 1 - 2 * n)
        page.text(box.left, box.top - 9.8 + up, line, size=text_fits(line, size, room), color=MUTED)


def _draw_footer(page: Page, box: Box, source: SheetSource) -> None:
    """What is schematic, in a band; sources; what the sheet was made from."""
    warning = warning_text(source)
    if warning:
        band = Box(box.left, box.top - 5.0, box.width, 5.0)
        page.rectangle(band, AMBER)
        words = "\u26a0 " + warning
        size = text_fits(words, 7.4, band.width - 4.0, "bold")
        page.text(band.left + 2.0, band.bottom + 1.6, words, size=size, face="bold", color=AMBER_INK)
    credits = source.say("Sources") + ": " + "; ".join(source.say(c) for c in source.credits)
    lines = [*wrapped(credits, 5.2, box.width)[:2], source.trace]
    for number, line in enumerate(lines):
        size = text_fits(line, 5.2, box.width)
        page.text(box.left, box.top - 5.0 - 2.5 * (number + 1), line, size=size, color=MUTED)


def _draw_margin(page: Page, layout: Layout, frame: MapFrame, source: SheetSource, legend: Legend) -> None:
    """Scale, north, legend, inset and notes: one below the other beside the map, or in three columns under it."""
    columns = [MarginColumn(page, box) for box in layout.columns]
    first, second, last = columns[0], columns[len(columns) // 2], columns[-1]
    beside = len(columns) == 1
    if beside:
        first.gap(1.5)
        _scale_and_north(first, frame, source)
        first.gap(3.0)
    notes = notes_of(source, frame, legend)
    wanted = sum(last.text_height(words) + 0.6 for words in notes)
    below = wanted + 1.5 if beside else 0.0
    draw_legend(first, legend_entries(legend, source.say), source.say, first.left_mm - below)
    if not beside:
        _scale_and_north(second, frame, source)
    last.gap(1.5 if beside else 0.0)
    inset = min(last.left_mm - wanted - 2.5, 46.0)
    if inset >= LEAST_INSET_MM and not _shows_most(frame):
        draw_inset(page, Box(last.box.left, last.at - inset, last.box.width, inset), source, frame)
        last.gap(inset + 2.5)
    for words in notes:
        last.text(words)
        last.gap(0.6)


def _shows_most(frame: MapFrame) -> bool:
    """Whether a sheet shows so much of the study that an inset would say nothing."""
    west, south, east, north = frame.grid.bounds
    left, bottom, right, top = frame.ground_bounds(0.0)
    wide, high = min(right, east) - max(left, west), min(top, north) - max(bottom, south)
    return wide * high > 0.4 * (east - west) * (north - south)


def _scale_and_north(column: MarginColumn, frame: MapFrame, source: SheetSource) -> None:
    draw_scale(column, frame, source)
    column.gap(3.0)
    draw_north(column, frame, source)
