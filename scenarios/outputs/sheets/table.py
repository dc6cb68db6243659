"""The coordinate table of a sheet: SK-42 X and Y as readers of such maps write them, degrees, MGRS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rasters.numbers import figure
from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.labels import opening_words
from scenarios.outputs.sheets.page import INK, MUTED, Box, Page, text_width
from scenarios.outputs.sheets.source import Passage, SheetSource
from scenarios.outputs.sk42 import dms_text, mgrs_text, to_gauss_kruger

__all__ = ["HEAD_MM", "ROW_MM", "draw_table", "passage_rows", "table_head", "table_height"]

SIZE = 6.2
ROW_MM, HEAD_MM = 3.4, 3.9
THIN = "\u2009"
RIGHT = (False, False, False, True, True, False, False, False)
"""Which columns are right-aligned."""


def table_height(rows: int) -> float:
    """Height of a table [mm]."""
    return HEAD_MM + ROW_MM * rows if rows else 0.0


def table_head(source: SheetSource) -> tuple[str, ...]:
    """Titles of the columns."""
    say = source.say
    return (
        say("No."),
        say("fence, km"),
        say("opening"),
        f"{say('SK-42')} X {say('(north), m')}",
        "Y " + say("(east), m"),
        say("latitude (WGS 84)"),
        say("longitude (WGS 84)"),
        "MGRS (WGS 84)",
    )


def passage_rows(source: SheetSource, passages: Sequence[Passage], zone: int | None) -> list[tuple[str, ...]]:
    """A row for each passage, with no more figures than its audience may have.

    Parameters
    ----------
    source : SheetSource
    passages : sequence of Passage
    zone : int or None
        Gauss-Krueger zone of the sheet; None puts each passage in its own.
    """
    return [_row(source, passage, zone) for passage in passages]


def _row(source: SheetSource, passage: Passage, zone: int | None) -> tuple[str, ...]:
    lon, lat = (float(v) for v in source.run.grid.lonlat(passage.x, passage.y))
    found = to_gauss_kruger(source.operation, lon, lat, zone)
    north, east = float(found.north_m[0]), float(found.east_m[0])
    where = f"{source.fence_title(passage.fence)}, {source.km(passage.along_m)}"
    opening = opening_words(source, passage)
    if source.audience is Audience.RESTRICTED:
        lon_text, lat_text = map(source.say.angle, dms_text(lon, lat))
        return (passage.label, where, opening, figure(north), figure(east), lat_text, lon_text, mgrs_text(lon, lat))
    rounded = f"{abs(lon):.2f}\u00b0{'EW'[lon < 0]}", f"{abs(lat):.2f}\u00b0{'NS'[lat < 0]}"
    lon_text, lat_text = map(source.say.angle, rounded)
    near = "\u2248" + THIN
    return (
        passage.label,
        where,
        opening,
        near + figure(round(north, -3)),
        near + figure(round(east, -3)),
        lat_text,
        lon_text,
        mgrs_text(lon, lat, 2),
    )


def draw_table(
    page: Page, box: Box, head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool] = RIGHT
) -> None:
    """A table over the full width of its box, from its top downwards; text shrinks until all columns fit."""
    texts = [tuple(head), *(tuple(row) for row in rows)]
    size, widths = _fitted(texts, box.width, right)
    lefts = [box.left + sum(widths[:n]) for n in range(len(widths))]
    page.rectangle(Box(box.left, box.top - HEAD_MM, box.width, HEAD_MM), "#e9e6de")
    for number, row in enumerate(texts):
        base = box.top - HEAD_MM + 1.15 if number == 0 else box.top - HEAD_MM - ROW_MM * number + 1.0
        for words, left, width, to_right in zip(row, lefts, widths, right, strict=True):
            x = left + width - 3.5 if to_right else left + 1.0
            color = MUTED if number == 0 else INK
            page.text(x, base, words, size=size, color=color, anchor="right" if to_right else "left")
        if number:
            _rule(page, box, box.top - HEAD_MM - ROW_MM * number)


def _rule(page: Page, box: Box, y: float) -> None:
    page.lines([np.array([[box.left, y], [box.right, y]])], "#c9c5ba", 0.1)


def _fitted(texts: Sequence[Sequence[str]], room: float, right: Sequence[bool]) -> tuple[float, list[float]]:
    """Size of the text and widths of the columns: what is left over goes to all of them alike."""
    size = SIZE
    while True:
        widths = [
            max(text_width(row[n], size) for row in texts) + (4.5 if right[n] else 2.0) for n in range(len(texts[0]))
        ]
        if sum(widths) <= room or size < 3.5:
            break
        size -= 0.1
    spare = max(0.0, room - sum(widths)) / len(widths)
    return size, [width + spare for width in widths]
