"""From what is asked for to pages: which sheets there are, at what scale, on which paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rasters.errors import OptionError
from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.page import Box
from scenarios.outputs.sheets.request import PUBLIC_SCALE, SheetRequest, require_allowed, require_sense
from scenarios.outputs.sheets.series import Section, divided, fitted_scale, frame_at, outline_of, section_points
from scenarios.outputs.sheets.sheet import Layout, Neighbour, PaperSheet, layout_of
from scenarios.outputs.sheets.source import Passage, SheetSource, fence_of
from scenarios.outputs.sheets.table import HEAD_MM, ROW_MM, table_height

__all__ = ["INDEX_COLUMNS", "PlannedPage", "SheetRequest", "planned_pages"]

CLOSE_UP = {Audience.RESTRICTED: 50_000.0, Audience.PARTNER: 200_000.0}
SERIES = 100_000.0
"""Scales where none is asked for; what is true to a kilometre deserves no large one."""

SHORTLIST, STANDING = "shortlist", "standing"
FEW = 12
"""Passages that stand on one map, up to which they are numbered and listed."""
INDEX_COLUMNS = {"landscape": 4, "portrait": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPage:
    """A page to draw: ``rows`` list the sheets of a series on its index, each with the number of its page."""

    sheet: PaperSheet
    layout: Layout
    rows: tuple[tuple[str, ...], ...] = ()


def planned_pages(source: SheetSource, request: SheetRequest) -> list[PlannedPage]:
    """The pages that answer a request.

    Raises
    ------
    ConfigError
        The request contradicts itself, names what is not there, is too large a scale for what it wants to show, or asks for
        more than its audience may see.
    """
    require_sense(request)
    require_allowed(source.audience, request)
    if request.passages:
        return _close_ups(source, request)
    if not request.fence:
        return [_overview(source, request)]
    start_m, end_m = _stretch(source, request)
    return _series(source, request, start_m, end_m) if request.series else [_section(source, request, start_m, end_m)]


def _subtitle(source: SheetSource) -> str:
    titles, say = source.run.titles, source.say
    parts = (titles.get("study", source.run.study), titles.get("scenario", source.run.scenario))
    return "  \u00b7  ".join((*map(say, parts), source.species_title()))


def _close_ups(source: SheetSource, request: SheetRequest) -> list[PlannedPage]:
    wanted = [passage for name in request.passages for passage in _named(source, name)]
    pages = [_close_up(source, request, passage) for passage in dict.fromkeys(wanted)]
    return _counted(source, pages)


def _named(source: SheetSource, name: str) -> list[Passage]:
    if name == STANDING:
        if not source.standing:
            raise OptionError("--passage standing: no passage stands in this scenario")
        return list(source.standing)
    if name != SHORTLIST:
        return [source.passage(name)]
    if not source.best:
        raise OptionError(
            "--passage shortlist: no passage is on it, because none improves connectivity in this scenario"
        )
    return list(source.best)


def _close_up(source: SheetSource, request: SheetRequest, passage: Passage) -> PlannedPage:
    scale, orientation = request.scale or CLOSE_UP[source.audience], request.orientation or "landscape"
    lon, lat = _lonlat(source, passage.x, passage.y)
    title = source.say("Passage {number}: {fence}, km {km}").format(
        number=passage.label, fence=source.fence_title(passage.fence), km=source.km(passage.along_m)
    )
    title = f"{title} ({source.say(passage.name)})" if passage.name else title
    sheet = PaperSheet(title=title, subtitle=_subtitle(source), scale=scale, lon=lon, lat=lat)
    return _with_passages(source, sheet, request.paper, orientation, first=passage)


def _with_passages(
    source: SheetSource, sheet: PaperSheet, paper: str, orientation: str, first: Passage | None = None
) -> PlannedPage:
    """The sheet with the numbered passages on its map, and room for their table."""
    own: tuple[Passage, ...] = () if first is None else (first,)
    chosen = own
    while True:
        layout = layout_of(paper, orientation, sheet.scale, table_height(len(chosen)), audience=source.audience)
        frame = frame_at(source, sheet.scale, layout.map, sheet.lon, sheet.lat)
        found = own + tuple(p for p in _listed(frame, source) if p != first)
        if len(found) <= len(chosen):
            return PlannedPage(sheet=replace(sheet, passages=found), layout=layout)
        chosen = found


def _listed(frame: MapFrame, source: SheetSource) -> list[Passage]:
    """The numbered passages on a map: those that stand, where they are few, and the proposed ones."""
    standing = _on_map(frame, source.standing)
    return [*(standing if len(standing) <= FEW else ()), *_on_map(frame, source.best)]


def _on_map(frame: MapFrame, passages: Sequence[Passage]) -> list[Passage]:
    if not passages:
        return []
    at = frame.paper_xy(np.array([p.x for p in passages]), np.array([p.y for p in passages]))
    box = frame.box
    inside = np.all((at >= (box.left, box.bottom)) & (at <= (box.right, box.top)), axis=1)
    return [passage for passage, here in zip(passages, inside, strict=True) if here]


def _lonlat(source: SheetSource, x: float, y: float) -> tuple[float, float]:
    lon, lat = source.run.grid.lonlat(x, y)
    return float(lon), float(lat)


def _counted(source: SheetSource, pages: list[PlannedPage]) -> list[PlannedPage]:
    """Pages marked as k of n, if there are several."""
    if len(pages) == 1:
        return pages
    say, total = source.say, len(pages)
    return [
        replace(page, sheet=replace(page.sheet, mark=say("Sheet {n} of {total}").format(n=n, total=total)))
        for n, page in enumerate(pages, 1)
    ]


def _stretch(source: SheetSource, request: SheetRequest) -> tuple[float, float]:
    fence = fence_of(source.run, request.fence)
    first, last = fence.start_m, fence.end_m
    start = first if request.from_km is None else 1000.0 * request.from_km
    end = last if request.to_km is None else 1000.0 * request.to_km
    if not first - 1000.0 < start < end <= last + 1000.0 or start < 0.0:
        raise OptionError(
            f"--from-km {start / 1000:g} --to-km {end / 1000:g}: {request.fence} runs from km {first / 1000:.4g} to km "
            f"{last / 1000:.1f}; give a stretch of it, the smaller kilometre first"
        )
    return max(start, first), min(end, last)


def _best_layout(
    source: SheetSource, request: SheetRequest, points: np.ndarray, table_mm: float, least: float, inset: bool = True
) -> tuple[str, float, float, float]:
    """Orientation with the larger scale (or the one asked for), scale, and middle, so that all points are on the map."""
    found = []
    for orientation in (request.orientation,) if request.orientation else ("landscape", "portrait"):

        def map_at(scale: float, orientation: str = orientation) -> Box:
            return layout_of(request.paper, orientation, scale, table_mm, audience=source.audience, inset=inset).map

        scale, lon, lat = fitted_scale(source, points, map_at, least)
        found.append((scale, orientation, lon, lat))
    scale, orientation, lon, lat = min(found, key=lambda f: f[0])
    if request.scale is not None:
        if request.scale < scale:
            raise OptionError(
                f"--scale {request.scale:g}: what is to be shown does not fit on {request.paper}; the largest scale is "
                f"1 : {scale:,.0f}, or divide it among sheets with --series"
            )
        scale = request.scale
    return orientation, scale, lon, lat


def _overview(source: SheetSource, request: SheetRequest) -> PlannedPage:
    """All fences, places and paths on one sheet."""
    best = (*(source.standing if len(source.standing) <= FEW else ()), *source.best)
    least = PUBLIC_SCALE if source.audience is Audience.PUBLIC else 200_000.0
    orientation, scale, lon, lat = _best_layout(source, request, _extent(source), table_height(len(best)), least, False)
    layout = layout_of(
        request.paper, orientation, scale, table_height(len(best)), audience=source.audience, inset=False
    )
    title = source.say("{species}: fences and passages, overview").format(species=source.species_title())
    if source.audience is Audience.PUBLIC:
        title = source.say("{species}: fences and corridors, overview").format(species=source.species_title())
    sheet = PaperSheet(
        title=title, subtitle=_subtitle(source), scale=scale, lon=lon, lat=lat, passages=best, captions=False
    )
    return PlannedPage(sheet=sheet, layout=layout)


def _extent(source: SheetSource) -> np.ndarray:
    """Corners of the boxes round everything that an overview shows, in degrees."""
    run = source.run
    boxes = [fence.line.bounds for fence in run.cuts.fences] + [place.geometry.bounds for place in run.places]
    boxes = boxes or [run.grid.bounds]
    low = np.array([b[:2] for b in boxes]).min(axis=0)
    high = np.array([b[2:] for b in boxes]).max(axis=0)
    west, south, east, north = run.grid.bounds
    x0, y0, x1, y1 = max(low[0], west), max(low[1], south), min(high[0], east), min(high[1], north)
    t = np.linspace(0, 1, 9)
    x = np.concatenate([x0 + t * (x1 - x0), x0 + t * (x1 - x0), np.full(9, x0), np.full(9, x1)])
    y = np.concatenate([np.full(9, y0), np.full(9, y1), y0 + t * (y1 - y0), y0 + t * (y1 - y0)])
    return np.column_stack(run.grid.lonlat(x, y))


def _section(source: SheetSource, request: SheetRequest, start_m: float, end_m: float) -> PlannedPage:
    """A stretch of fence on one sheet."""
    fence = fence_of(source.run, request.fence)
    points = section_points(source, fence, start_m, end_m, max(200.0, (end_m - start_m) / 500))
    rows = sum(p.fence == fence.id and start_m <= p.along_m <= end_m for p in (*source.standing[:FEW], *source.best))
    orientation, scale, lon, lat = _best_layout(source, request, points, table_height(rows), 25_000.0)
    title = _stretch_title(source, fence.id, start_m, end_m)
    sheet = PaperSheet(
        title=title, subtitle=_subtitle(source), scale=scale, lon=lon, lat=lat, captions=scale <= 250_000.0
    )
    return _with_passages(source, sheet, request.paper, orientation)


def _stretch_title(source: SheetSource, fence: str, start_m: float, end_m: float) -> str:
    return source.say("{fence}, km {start}\u2013{end}").format(
        fence=source.fence_title(fence), start=source.km(start_m), end=source.km(end_m)
    )


def _series(source: SheetSource, request: SheetRequest, start_m: float, end_m: float) -> list[PlannedPage]:
    """An index and the sheets of a stretch of fence."""
    fence, scale = fence_of(source.run, request.fence), request.scale or SERIES
    points = section_points(source, fence, start_m, end_m, max(200.0, (end_m - start_m) / 500))
    orientation = request.orientation or _along(source, points)
    rows = 1
    while True:
        layout = layout_of(request.paper, orientation, scale, table_height(rows), audience=source.audience)
        sections = divided(source, fence, start_m, end_m, scale, layout.map)
        frames = [frame_at(source, scale, layout.map, s.lon, s.lat) for s in sections]
        most = max(len(_listed(frame, source)) for frame in frames)
        if most <= rows:
            break
        rows = most
    return _numbered(source, request, fence.id, scale, orientation, layout, sections, frames)


def _along(source: SheetSource, points: np.ndarray) -> str:
    """The orientation along which a stretch of fence runs."""
    size = np.ptp(points, axis=0) * (np.cos(np.deg2rad(points[:, 1].mean())), 1.0)
    return "landscape" if size[0] >= size[1] else "portrait"


def _numbered(
    source: SheetSource,
    request: SheetRequest,
    fence: str,
    scale: float,
    orientation: str,
    layout: Layout,
    sections: list[Section],
    frames: list[MapFrame],
) -> list[PlannedPage]:
    say, total = source.say, len(sections)
    outlines = [outline_of(frame) for frame in frames]
    others = [Neighbour(number=n + 1, outline=outline) for n, outline in enumerate(outlines)]
    pages = []
    for n, (section, frame) in enumerate(zip(sections, frames, strict=True)):
        sheet = PaperSheet(
            title=_stretch_title(source, fence, section.start_m, section.end_m),
            subtitle=_subtitle(source),
            scale=scale,
            lon=section.lon,
            lat=section.lat,
            passages=tuple(_listed(frame, source)),
            captions=scale <= 250_000.0,
            mark=say("Sheet {n} of {total}").format(n=n + 1, total=total),
            neighbours=tuple(others[m] for m in (n - 1, n + 1) if 0 <= m < total),
        )
        pages.append(PlannedPage(sheet=sheet, layout=layout))
    return [_index(source, request, fence, sections, frames, others, pages), *pages]


def _index(
    source: SheetSource,
    request: SheetRequest,
    fence: str,
    sections: Sequence[Section],
    frames: Sequence[MapFrame],
    others: Sequence[Neighbour],
    pages: Sequence[PlannedPage],
) -> PlannedPage:
    """The sheets of a series on one map, and a list of them."""
    points = np.vstack([other.outline for other in others])
    chosen = replace(request, scale=None)
    table_mm = _list_height(len(sections), "landscape" if request.orientation is None else request.orientation)
    orientation, scale, lon, lat = _best_layout(source, chosen, points, table_mm, 200_000.0)
    listed = _list_height(len(sections), orientation)
    layout = layout_of(request.paper, orientation, scale, listed, audience=source.audience)
    title = source.say("Index of sheets: {stretch}").format(
        stretch=_stretch_title(source, fence, sections[0].start_m, sections[-1].end_m)
    )
    passages = dict.fromkeys(p for page in pages for p in page.sheet.passages)
    rows = tuple(
        (
            str(n),
            f"{source.km(section.start_m)}\u2013{source.km(section.end_m)}",
            str(frame.projection.zone or ""),
            ", ".join(p.label for p in page.sheet.passages) or "\u2013",
        )
        for n, (section, frame, page) in enumerate(zip(sections, frames, pages, strict=True), 1)
    )
    sheet = PaperSheet(
        title=title,
        subtitle=_subtitle(source),
        scale=scale,
        lon=lon,
        lat=lat,
        passages=tuple(passages),
        captions=False,
        mark=source.say("{total} sheets at {scale}").format(
            total=len(sections), scale=_scale_words(pages[0].sheet.scale)
        ),
        sheets=tuple(others),
    )
    return PlannedPage(sheet=sheet, layout=layout, rows=rows)


def _scale_words(scale: float) -> str:
    return "1 : " + f"{scale:,.0f}".replace(",", "\u2009")


def _list_height(n: int, orientation: str) -> float:
    """Height of the list of sheets, in as many columns as the orientation has."""
    return HEAD_MM + ROW_MM * int(np.ceil(n / INDEX_COLUMNS[orientation]))
