"""Coordinate lists: a workbook for people, and the same as CSV for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.files.writing import replacing
from rasters.plain import no_formula
from scenarios.outputs.columns import column_of
from scenarios.outputs.field.content import FieldContent
from scenarios.outputs.tables import lon_lat

__all__ = ["LISTED", "head_in", "head_of", "write_csv", "write_workbook"]

LISTED = (
    "number",
    "code",
    "name",
    "state",
    "fence_name",
    "km",
    "sk42_zone",
    "sk42_x_north_m",
    "sk42_y_east_m",
    "lat_deg",
    "lon_deg",
    "dms",
    "mgrs",
    "width_m",
    "design",
    "cost",
    "score",
    "geometry_status",
    "candidate",
)
"""Columns of the list, in order."""
IN_HEADS = ("m", "km")
"""Units that stand behind a column's title."""
FORMATS = {
    "km": "0.0",
    "sk42_x_north_m": "0",
    "sk42_y_east_m": "0",
    "lat_deg": "0.000000",
    "lon_deg": "0.000000",
    "score": "0.000",
}
FONT = {"font_name": "Arial", "font_size": 10}
WIDEST = 60
MARKED = "#F4D7C5"
FIXED = datetime(2000, 1, 1)
"""Stands for the time of writing, so that the same results give the same bytes."""


SYSTEMS = {
    "sk42_zone": "SK-42",
    "sk42_x_north_m": "SK-42",
    "sk42_y_east_m": "SK-42",
    "lat_deg": "WGS 84",
    "lon_deg": "WGS 84",
    "dms": "WGS 84",
    "mgrs": "WGS 84",
}
"""Coordinate system that a column's numbers refer to."""


def head_in(say: Callable[[str], str], name: str) -> str:
    """Head of a column in a language: title, unit, and the system of coordinates."""
    sign = ["\u00b0"] if column_of(name).unit == "degrees" else []
    system = [say(SYSTEMS[name])] if name in SYSTEMS else []
    return ", ".join([say(head_of(name)), *sign, *system])


def head_of(name: str) -> str:
    """Title and unit of a column in English."""
    column = column_of(name)
    return f"{column.title}, {column.unit}" if column.unit in IN_HEADS else column.title


def write_csv(content: FieldContent, path: Path) -> Path:
    """The passages as CSV: UTF-8 with a mark that spreadsheets know it by; notes stand in its last columns."""
    table = content.passages[list(LISTED)].assign(
        **{name: [content.say(word) for word in content.passages[name]] for name in ("geometry_status", "state")},
        crs_operation=content.operation.note,
        audience=content.audience.value,
        audience_note=content.audience_note,
    )
    texts = {
        name: [no_formula(value) for value in table[name]] for name in table if table[name].dtype.kind not in "iufb"
    }
    with replacing(path) as part:
        table.assign(**texts).to_csv(part, index=False, float_format="%.10g", lineterminator="\n", encoding="utf-8-sig")
    return path


def write_workbook(content: FieldContent, path: Path) -> Path:
    """Passages, fences and places with coordinates, and a sheet of explanations."""
    import xlsxwriter

    with replacing(path) as part:
        book = xlsxwriter.Workbook(part, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
        book.set_properties(
            {
                "title": content.title,
                "comments": content.say(content.audience_note),
                "author": "otkel",
                "created": FIXED,
            }
        )
        writer = _Writer(book, content)
        writer.table(content.say("Passages"), _passage_sheet(content))
        writer.table(content.say("Fences"), _fence_sheet(content))
        writer.table(content.say("Places"), _place_sheet(content))
        writer.explanations(content.say("Explanations"))
        book.close()
    return path


def _passage_sheet(content: FieldContent) -> pd.DataFrame:
    table = content.passages[list(LISTED)]
    return table.assign(**{name: [content.say(word) for word in table[name]] for name in ("geometry_status", "state")})


def _fence_sheet(content: FieldContent) -> pd.DataFrame:
    """Each fence with its length; ends are where it leaves the study or meets another."""
    return pd.DataFrame(
        {
            "fence_name": [content.fence_name(fence) for fence in content.fences],
            "length_km": [round(fence.length_m / 1000.0, 1) for fence in content.fences],
            "geometry_status": [content.say(fence.geometry_status) for fence in content.fences],
        }
    )


def _place_sheet(content: FieldContent) -> pd.DataFrame:
    """Each place once, with its middle to 0.01 degree."""
    places = {place.id: place for run in content.runs for place in run.places}.values()
    middles = [place.geometry.representative_point() for place in places]
    x, y = np.array([p.x for p in middles]), np.array([p.y for p in middles])
    lon, lat = lon_lat(content.runs[0].grid, x, y)
    roles = {"from": "Core area", "to": "Target area"}
    return pd.DataFrame(
        {
            "name": [content.say(place.name) for place in places],
            "role": [content.say(roles.get(place.role, place.role)) for place in places],
            "lat_deg": np.round(lat, 2),
            "lon_deg": np.round(lon, 2),
            "geometry_status": [content.say(place.geometry_status) for place in places],
        }
    )


class _Writer:
    """Sheets of one workbook in one style."""

    def __init__(self, book: Any, content: FieldContent) -> None:
        self.book, self.content = book, content
        self.head = book.add_format(FONT | {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = book.add_format(FONT | {"bold": True, "font_size": 14})
        self.mark = book.add_format(FONT | {"bg_color": MARKED})
        self.plain = book.add_format(FONT)
        self.wrapped = book.add_format(FONT | {"text_wrap": True, "valign": "top"})
        self.bold = book.add_format(FONT | {"bold": True, "valign": "top"})

    def table(self, name: str, table: pd.DataFrame) -> None:
        """One table under the title and the marks; it prints on the width of a page, its head on each."""
        sheet = self.book.add_worksheet(name)
        sheet.write_string(0, 0, self.content.title, self.title)
        notes = list(self.content.notes().items())
        for row, (label, text) in enumerate(notes[:3], 1):
            sheet.write_string(row, 0, f"{label}: {text}", self.mark)
        top = len(notes[:3]) + 2
        for col, column in enumerate(table.columns):
            self._column(sheet, top, col, str(column), table[column])
        sheet.freeze_panes(top + 1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(top)
        if len(table):
            sheet.autofilter(top, 0, top + len(table), len(table.columns) - 1)

    def _column(self, sheet: Any, top: int, col: int, column: str, values: pd.Series) -> None:
        head = head_in(self.content.say, column)
        sheet.write_string(top, col, head, self.head)
        style = self.book.add_format(FONT | {"num_format": FORMATS.get(column, "General")})
        for row, value in enumerate(values, top + 1):
            _write(sheet, row, col, value, style)
        longest = max([max(len(word) for word in head.split()), *(len(_shown(value, column)) for value in values)])
        sheet.set_column(col, col, min(longest + 3, WIDEST))

    def explanations(self, name: str) -> None:
        """What each column means, and the notes in full."""
        sheet, say = self.book.add_worksheet(name), self.content.say
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, 1, 110)
        sheet.write_string(0, 0, self.content.title, self.title)
        rows = [*self.content.notes().items(), *((head_in(say, name), say(column_of(name).meaning)) for name in LISTED)]
        for row, (label, text) in enumerate(rows, 2):
            sheet.write_string(row, 0, label, self.bold)
            sheet.write_string(row, 1, text, self.wrapped)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)


def _shown(value: Any, column: str) -> str:
    decimals = FORMATS.get(column, "0.0").partition(".")[2]
    return f"{value:.{len(decimals)}f}" if isinstance(value, float) else str(value)


def _write(sheet: Any, row: int, col: int, value: Any, style: Any) -> None:
    """Text as text, never as a formula or a link; missing numbers stay empty."""
    if isinstance(value, str):
        sheet.write_string(row, col, value, style)
    elif np.isfinite(value):
        sheet.write_number(row, col, float(value), style)
    else:
        sheet.write_blank(row, col, None, style)
