"""The file: pages drawn, bookmarks and links set, georeferenced, written under a temporary name and renamed."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rasters.files.confined import confined
from rasters.files.writing import replacing
from scenarios.model.results import shortlist
from scenarios.outputs.audience import Audience, audience_named, audience_note
from scenarios.outputs.folder import MARKER
from scenarios.outputs.generalise import generalised
from scenarios.outputs.job import Summary
from scenarios.outputs.release import Release
from scenarios.outputs.sheets.frame import MapFrame
from scenarios.outputs.sheets.geo import georeferenced, viewport_of
from scenarios.outputs.sheets.page import POINT_MM, Box, Page, font_name
from scenarios.outputs.sheets.plan import INDEX_COLUMNS, PlannedPage, SheetRequest, planned_pages
from scenarios.outputs.sheets.series import MOST_SHEETS
from scenarios.outputs.sheets.sheet import draw_passage_table, draw_sheet
from scenarios.outputs.sheets.source import SheetSource, shaded_relief
from scenarios.outputs.sheets.subject import ALL, subject_of
from scenarios.outputs.sheets.table import HEAD_MM, ROW_MM, draw_table, passage_rows
from scenarios.outputs.sk42 import operation_of
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.outputs.translate import language
from scenarios.outputs.words import schematic_note
from scenarios.records.content import hash_of
from scenarios.records.hashing import sha256_of

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

    from scenarios.outputs.kinds import Export

__all__ = ["DrawnPage", "default_audience", "draw_pages", "export_sheet", "sheet_source", "write_sheets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPage:
    """A page as it was drawn: its texts' places are known, and its map."""

    page: Page
    frame: MapFrame
    title: str


def default_audience(request: SheetRequest) -> Audience:
    """The least precise audience that a request can serve: the public for an overview, partners for all else."""
    return Audience.PUBLIC if request.is_overview else Audience.PARTNER


def export_sheet(
    folder: Path,
    request: SheetRequest,
    out: Path,
    *,
    scenario: str | None = None,
    species: str = "all",
    audience: str | None = None,
    lang: str = "en",
    geo: bool = True,
) -> Summary[Path]:
    """Write sheets of a folder of results as one PDF.

    Parameters
    ----------
    folder : path
        What `otkel run` wrote.
    request : SheetRequest
    out : path
        The PDF; replaced if it is there.
    scenario : str, optional
        Default: the first.
    species : str
        ``"all"`` for all of the scenario together.
    audience : str, optional
        Default: the least precise that the request can serve.
    lang : str
        ``en``, ``ru`` or ``kk``.
    geo : bool
        Georeference the pages for phones (ISO 32000).
    """
    start = time.perf_counter()
    reader = default_audience(request) if audience is None else audience_named(audience)
    results = read_results(folder)
    source = sheet_source(subject_of(results, scenario, species), results, reader, lang)
    pdf, drawn = draw_pages(source, request)
    if geo:
        pdf = georeferenced(pdf, [viewport_of(one.frame) for one in drawn])
    with replacing(out) as part:
        part.write_bytes(pdf)
    titles = [one.title for one in drawn]
    rows = {
        "file": str(out),
        "pages": titles,
        "scale": drawn[-1].frame.scale,
        "audience": str(reader),
        "bytes": len(pdf),
    }
    said = f"{out}: {len(titles)} pages, {len(pdf) / 1e6:.1f} MB, audience {reader}"
    return Summary(
        folder=out.parent,
        found=out,
        seconds=time.perf_counter() - start,
        rows=rows,
        opens=out.name,
        notes=[said, *(f"  {number:>3}  {title}" for number, title in enumerate(titles, 1))],
    )


def write_sheets(export: Export, out: Path) -> list[Path]:
    """What `otkel export all` writes: a close-up of each passage that stands or is proposed; the overview where there is none."""
    scenario = export.scenario or export.results.scenarios[0]
    species = export.species[0] if len(export.species) == 1 else ALL
    run = subject_of(export.results, scenario, species)
    there = {"standing": 0 < len(run.standing) <= MOST_SHEETS, "shortlist": len(shortlist(run.ranking)) > 0}
    wanted = () if export.audience is Audience.PUBLIC else tuple(name for name, some in there.items() if some)
    suffix = language(export.lang or "en").suffix
    path = confined(out, f"{run.study}_{scenario}_{species}_{export.audience}_sheets{suffix}.pdf")
    done = export_sheet(
        export.results.folder,
        SheetRequest(passages=wanted),
        path,
        scenario=scenario,
        species=species,
        audience=export.audience,
        lang=export.lang or "en",
    )
    return [done.found]


def sheet_source(run: Release, results: StoredResults, audience: Audience, lang: str) -> SheetSource:
    """What all sheets of a run share, with the precision of an audience."""
    shown = generalised(run, audience)
    borders = results.borders
    source = SheetSource(
        run=shown,
        operation=operation_of(run),
        borders=None if borders is None else borders.to_crs(run.grid.pyproj_crs),
        credits=results.credits,
        trace="",
        say=language(lang, [run]),
        shade=shaded_relief(shown),
        around=results.around,
    )
    return replace(source, trace=_trace(source, results))


def _trace(source: SheetSource, results: StoredResults) -> str:
    """What a sheet was made from: for the restricted the run, for partners its day and a hash of nothing but what they are shown.

    The time of a run or the hash of its manifest would let others join files and confirm guesses.
    """
    run, stamp = source.run, str(results.manifest.get("finished", ""))
    parts = [f"otkel {version('otkel')}", f"{run.study}, {run.scenario}, {run.species}"]
    if source.audience is Audience.RESTRICTED:
        parts += [f"{stamp[:16].replace('T', ' ')} UTC", f"manifest sha256 {sha256_of(results.folder / MARKER)[:16]}"]
    if source.audience is Audience.PARTNER:
        rows = passage_rows(source, (*source.standing, *source.best), None)
        parts += [stamp[:10], f"content sha256 {hash_of([parts, rows])[:16]}"]
    return "  \u00b7  ".join(parts)


def draw_pages(source: SheetSource, request: SheetRequest) -> tuple[bytes, list[DrawnPage]]:
    """The PDF of a request, not yet georeferenced, and its pages.

    The same results and request give the same bytes.
    """
    from reportlab import rl_config
    from reportlab.pdfgen.canvas import Canvas

    rl_config.useA85 = 0  # bytes stay bytes: the file is a fifth smaller than as text, and written in half the time
    pages = planned_pages(source, request)
    packed = io.BytesIO()
    font: Any = font_name("regular")
    canvas = Canvas(packed, invariant=1, pageCompression=1, lang=source.say.code, initialFontName=font)
    _describe(canvas, source, pages[0].sheet.title)
    drawn = [_draw(canvas, number, page, source) for number, page in enumerate(pages)]
    if len(pages) > 1:
        canvas.showOutline()
    canvas.save()
    return packed.getvalue(), drawn


def _describe(canvas: Canvas, source: SheetSource, title: str) -> None:
    """The file's own metadata: title, whom it is for, what is schematic."""
    note = audience_note(source.audience, source.run.sensitivity_deg)
    canvas.setTitle(title)
    canvas.setAuthor("otkel")
    told = (note, schematic_note(source.run), source.operation.note)
    canvas.setSubject("; ".join(source.say(text) for text in told if text))
    canvas.setKeywords(f"audience: {source.audience}; {source.trace}")
    canvas.setCreator("otkel")


def _draw(canvas: Canvas, number: int, planned: PlannedPage, source: SheetSource) -> DrawnPage:
    """Draw a page with its bookmark; an index also gets its list and links."""
    layout, sheet = planned.layout, planned.sheet
    page = Page(canvas, layout.paper.width, layout.paper.height)
    canvas.bookmarkPage(_key(number))
    canvas.addOutlineEntry(f"{sheet.mark}: {sheet.title}" if sheet.neighbours else sheet.title, _key(number), 0)
    frame = draw_sheet(page, sheet, layout, source)
    if planned.rows:
        _draw_list(page, layout.table, planned, source)
        _link_outlines(page, frame, planned)
    else:
        draw_passage_table(page, sheet, layout, source, frame.projection.zone)
    canvas.showPage()
    return DrawnPage(page=page, frame=frame, title=sheet.title)


def _key(number: int) -> str:
    return f"page-{number}"


def _draw_list(page: Page, box: Box, planned: PlannedPage, source: SheetSource) -> None:
    """The sheets of a series in columns side by side; each row leads to its page."""
    say = source.say
    columns = INDEX_COLUMNS["landscape" if planned.layout.paper.width > planned.layout.paper.height else "portrait"]
    head = (say("sheet"), say("km of the fence"), say("zone"), say("passages"))
    deep = int(np.ceil(len(planned.rows) / columns))
    wide = (box.width - 3.0 * (columns - 1)) / columns
    for column in range(columns):
        rows = planned.rows[column * deep : (column + 1) * deep]
        if not rows:
            continue
        part = Box(box.left + column * (wide + 3.0), box.bottom, wide, box.height)
        draw_table(page, part, head, rows, right=(False,) * 4)
        for row in range(len(rows)):
            place = Box(part.left, part.top - HEAD_MM - ROW_MM * (row + 1), wide, ROW_MM)
            _link(page, place, column * deep + row + 1)


def _link_outlines(page: Page, frame: MapFrame, planned: PlannedPage) -> None:
    """Each sheet's outline on the index leads to its page."""
    for other in planned.sheet.sheets:
        ring = frame.paper_lonlat(*other.outline.T)
        low, high = ring.min(axis=0), ring.max(axis=0)
        _link(page, Box(low[0], low[1], high[0] - low[0], high[1] - low[1]), other.number)


def _link(page: Page, box: Box, number: int) -> None:
    edges = tuple(v / POINT_MM for v in (box.left, box.bottom, box.right, box.top))
    page.canvas.linkRect("", _key(number), edges, relative=0, thickness=0)
