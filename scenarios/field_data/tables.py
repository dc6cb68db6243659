"""CSV files of evidence -> typed tables; every value that the standard does not allow is a fault with its row."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from connectivity.machine import available_bytes
from rasters.errors import DataError, LayerNotFoundError, MemoryBudgetError, PlannerWarning
from rasters.files.formats import whole_content
from rasters.plain import HARMFUL, plain_text
from scenarios.field_data.faults import Faults
from scenarios.field_data.settings import TableMapping, TimesOfDay
from scenarios.field_data.standard import Field, TableStandard

__all__ = ["ROW", "mapped", "read_table", "typed_table"]

ROW = "row"
"""Column that keeps the line of the file."""
OFFSET = "utc_offset_min"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})")
ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})\Z")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TIME_WITHOUT_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
HOURS = "HIcsXT"
"""Codes that write a time of day."""
HEAD = 64
CELL_BYTES = 160
"""Of a cell while a table is read: as a text, in its row and in its column."""
MOST_LETTERS = 2**24
"""In a cell."""
OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook, or a zip archive", b"\xd0\xcf\x11\xe0": "an Excel workbook", b"%PDF": "a PDF",
    b"<": "a page of HTML or XML", b"{": "JSON", b"[{": "JSON",
}  # fmt: skip
"""First bytes of what people take for a table."""
SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
EXAMPLES = {"time": "2024-05-01T06:30:00+05:00", "number": "1.5", "integer": "2", "boolean": "true or false"}
WITHOUT_EFFORT = (
    "is empty, so the effort is not known; write when the camera was collected or stopped, or leave the deployment out"
)


def read_table(path: Path, encoding: str | None = None, *, wanted: Callable[[str], bool] | None = None) -> pd.DataFrame:
    """A CSV file, also gzipped under any name, as text with the line of each row.

    In UTF-8, or in UTF-16 where its first bytes say so, unless an ``encoding`` is stated. ``wanted`` says by their names which
    columns are kept; of a file of which none is, all are.

    Raises
    ------
    LayerNotFoundError
        No such file; lists what is there.
    DataError
        Not a CSV file, in another encoding, or with two columns of one name.
    """
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in path.parent.glob("*") if p.is_file())) or "nothing"
        raise LayerNotFoundError(f"{path}: there is no such file; in its folder there is {there}")
    text = _text(path, encoding)
    _require_memory(path, text)
    header, rows, lines = _rows(path, text)
    header = [plain_text(name).strip() for name in header]
    _require_columns(path, header, rows, lines)
    named = [i for i, name in enumerate(header) if name]
    some = [i for i in named if wanted is None or wanted(header[i])] or named
    clean: Callable[[str], str] = plain_text if HARMFUL.search(text) else str
    cells = {header[i]: [clean(row[i]) if i < len(row) else "" for row in rows] for i in some}
    return pd.DataFrame(
        {ROW: np.array(lines, dtype=np.int64)} | {name: pd.Series(cells[name], dtype=str) for name in cells}
    )


def _require_memory(path: Path, text: str) -> None:
    """MemoryBudgetError before cells are made of a text that has more of them than fit: some megabytes of gzip can hold a billion."""
    cells = text.count(",") + text.count("\n") + 1
    need, free = cells * CELL_BYTES, available_bytes()
    if free is not None and need > free:
        raise MemoryBudgetError(
            f"{path}: its {cells} cells need about {need / 2**30:.2f} GiB of memory, and {free / 2**30:.2f} GiB are free; divide it, "
            "or say with OTKEL_MEMORY_GIB how much there is"
        )


def _text(path: Path, encoding: str | None) -> str:
    """The file as text."""
    content = whole_content(path)
    for start, what in OTHER_FORMATS.items():
        if content[:HEAD].lstrip().startswith(start):
            raise DataError(f"{path}: is {what}, and no CSV file; save the table as CSV (UTF-8)")
    try:
        text = content.decode(encoding or _marked(content))
    except LookupError as error:
        raise DataError(f"{path}: encoding: {encoding!r} is no encoding; give one such as cp1251 or utf-8") from error
    except UnicodeError as error:
        raise DataError(
            f"{path}: is not {encoding or 'UTF-8'} text ({error}); save it as UTF-8, or state its encoding beside the file's name in "
            "the settings, such as `encoding: cp1251`"
        ) from error
    if "\0" in text:
        raise DataError(f"{path}: holds NUL characters, as UTF-16 without a mark does; save it as UTF-8")
    if (
        encoding is not None
        and not content.isascii()
        and _is_utf8(content)
        and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig")
    ):
        raise DataError(f"{path}: is UTF-8 text, not {encoding}; leave `encoding` out")
    return text.removeprefix("\ufeff")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _marked(content: bytes) -> str:
    """Encoding by the mark at the beginning of a text."""
    return "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _rows(path: Path, text: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The names of the columns, the rows that are not empty, and the line on which each begins."""
    csv.field_size_limit(MOST_LETTERS)
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    found, starts, line = [], [], 1
    try:
        for row in reader:
            if row and (row[0].strip() or any(cell.strip() for cell in row)):
                found.append(row)
                starts.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}:{line}: is not a table that can be read: {error}; look for a quote that is not closed"
        ) from error
    if not found:
        raise DataError(f"{path}: is not a table that can be read: it is empty")
    return found[0], found[1:], starts[1:]


def _require_columns(path: Path, header: list[str], rows: list[list[str]], lines: list[int]) -> None:
    """DataError for other separators, two columns of one name, and cells beyond the last column."""
    for mark, name in SEPARATORS.items():
        if len(header) <= 2 and any(mark in column for column in header):
            raise DataError(f"{path}: columns are separated by {name}; save it with commas, and decimals with points")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}: the column {twice[0]!r} is given {header.count(twice[0])} times; name each column once"
        )
    nameless = [i for i, name in enumerate(header) if not name]
    for row, line in zip(rows, lines, strict=True):
        if len(row) <= len(header) and not nameless:
            continue
        extra = [cell for cell in [*(row[i] for i in nameless if i < len(row)), *row[len(header) :]] if cell.strip()]
        if extra:
            raise DataError(
                f"{path}:{line}: {extra[0]!r} stands under no column ({len(row)} cells, {len(header)} columns); name its column, or put "
                "quotes around text with commas"
            )


def mapped(table: pd.DataFrame, mapping: TableMapping, settings: TimesOfDay, standard: TableStandard) -> pd.DataFrame:
    """A plain table with the standard's names, words and times."""
    missing = sorted(set(mapping.columns.values()) - set(table.columns))
    if missing:
        raise DataError(
            f"{mapping.file}: has no column {missing[0]!r} that `tables.{standard.name}.columns` names; "
            f"it has {', '.join(c for c in table.columns if c != ROW)}"
        )
    table = table.rename(columns={theirs: ours for ours, theirs in mapping.columns.items()})
    for name, value in mapping.constants.items():
        table[name] = pd.Series(value, index=table.index, dtype=str)
    for name, words in mapping.values.items():
        if name in table:
            table[name] = table[name].replace(words)
    for name in (field.name for field in standard.fields if field.kind == "time" and field.name in table):
        _tell_of_days(table[name], name, mapping.file, settings)
        zoned = {text: _zoned(text, settings) for text in table[name].unique()}
        table[name] = table[name].map(zoned).astype(str)
    if standard.name == "observations":
        _complete_observations(table)
    return table


def _tell_of_days(text: pd.Series, name: str, file: str, settings: TimesOfDay) -> None:
    """How many times are days only: a camera that was taken down on a day counts as taken down when it began."""
    style = settings.time_format
    if style is None:
        days = int(_matches(_stripped(text), DAY).sum())
    else:
        days = 0 if set(HOURS) & set(re.findall(r"%[-#]?([A-Za-z])", style)) else int((text.str.strip() != "").sum())
    if days:
        words = f"{file}: {name}: {days} of {len(text)} values are days without a time of day; they count from 00:00 of that day"
        warnings.warn(words, PlannerWarning, stacklevel=4)


def _complete_observations(table: pd.DataFrame) -> None:
    """What follows from the rest of a plain row: its number as id, its start as end."""
    if "observationID" not in table:
        table["observationID"] = "row-" + table[ROW].astype(str)
    if "eventEnd" not in table and "eventStart" in table:
        table["eventEnd"] = table["eventStart"]


def _zoned(text: str, settings: TimesOfDay) -> str:
    """A time as ISO 8601 with its zone where the settings tell; otherwise as it is, for the check to complain."""
    if not text or TIME.fullmatch(text):
        return text
    try:
        time = _read_time(text, settings.time_format)
        if time.tzinfo is None and settings.time_zone is not None:
            time = time.tz_localize(settings.time_zone)
    except (ValueError, TypeError):
        return text
    return str(time.isoformat()) if time.tzinfo is not None else text


def _read_time(text: str, time_format: str | None) -> pd.Timestamp:
    """A time as the settings say, or as ISO 8601; nothing else, because 01.03.2024 is March in one country and January in another."""
    if time_format is None and not (TIME_WITHOUT_ZONE.fullmatch(text) or DAY.fullmatch(text)):
        raise ValueError("not ISO 8601")
    return pd.Timestamp(pd.to_datetime(text, format=time_format or "ISO8601"))


def typed_table(table: pd.DataFrame, standard: TableStandard, file: str, faults: Faults) -> pd.DataFrame:
    """The table with the standard's columns in their types; what is not allowed goes to ``faults``.

    Times become UTC; ``utc_offset_min`` keeps the offset of the first time field, for the hour of the day.
    """
    _check_columns(table, standard, file, faults)
    out: dict[str, Any] = {ROW: table[ROW]}
    for field in standard.fields:
        text = _stripped(table[field.name]) if field.name in table else pd.Series("", index=table.index)
        if field.name in table:
            _check_presence(text, field, standard, table[ROW], file, faults)
        out[field.name] = _typed(text, field, table[ROW], file, faults)
        if field.kind == "time" and field.required and OFFSET not in out:
            out[OFFSET] = [_offset_min(value[-6:]) for value in text.tolist()]
    return pd.DataFrame(out)


def _stripped(text: pd.Series) -> pd.Series:
    return pd.Series([value.strip() for value in text.tolist()], index=text.index, dtype=str)


def _check_columns(table: pd.DataFrame, standard: TableStandard, file: str, faults: Faults) -> None:
    known = [field.name for field in standard.fields]
    others = [name for name in table.columns if name not in known and name != ROW]
    for name in standard.required:
        if name not in table:
            near = difflib.get_close_matches(name, others, n=1, cutoff=0.5)
            hint = f"; is it {near[0]!r}?" if near else ""
            faults.error("column", file, 1, name, None, f"this column is missing{hint}; the standard requires it")
    for name in others:
        near = difflib.get_close_matches(name, [k for k in known if k not in table], n=1, cutoff=0.8)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        faults.warning("column", file, 1, name, None, f"the standard has no such column; it is not used{hint}")


def _check_presence(
    text: pd.Series, field: Field, standard: TableStandard, rows: pd.Series, file: str, faults: Faults
) -> None:
    if field.required:
        message = WITHOUT_EFFORT if field.name == "deploymentEnd" else "is empty; the standard requires a value"
        for row in rows[text == ""]:
            faults.error("required", file, int(row), field.name, None, message)
    if field.unique:
        first: dict[str, int] = {}
        for row, value in zip(rows, text, strict=True):
            if value and value in first:
                message = f"stands in row {first[value]} already; every {field.name} must be unique"
                faults.error("unique", file, int(row), field.name, value, message)
            first.setdefault(value, int(row))


def _typed(text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults) -> pd.Series:
    convert = {"number": _numbers, "integer": _numbers, "boolean": _booleans, "time": _times, "text": _texts}
    return convert[field.kind](text, field, rows, file, faults)


def _wrong(
    wrong: pd.Series, text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults, message: str
) -> None:
    for row, value in zip(rows[wrong], text[wrong], strict=True):
        faults.error("value", file, int(row), field.name, value, message)


def _numbers(text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults) -> pd.Series:
    given = text != ""
    numbers = pd.to_numeric(text.where(given), errors="coerce")
    _wrong(
        given & numbers.isna(),
        text,
        field,
        rows,
        file,
        faults,
        f"is not a number; write one such as {EXAMPLES['number']}",
    )
    low, high = field.minimum, field.maximum
    limits = " and ".join(
        part for part in (f">= {low:g}" if low is not None else "", f"<= {high:g}" if high is not None else "") if part
    )
    outside = pd.Series(False, index=text.index)
    if low is not None:
        outside |= numbers < low
    if high is not None:
        outside |= numbers > high
    _wrong(outside, text, field, rows, file, faults, f"must be {limits}")
    if field.kind == "integer":
        broken = numbers.notna() & ~outside & (numbers % 1 != 0)
        _wrong(broken, text, field, rows, file, faults, f"must be a whole number such as {EXAMPLES['integer']}")
    return numbers.astype(float)


def _booleans(text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults) -> pd.Series:
    lower = text.str.lower()
    wrong = ~lower.isin(["", "true", "false"])
    _wrong(wrong, text, field, rows, file, faults, f"must be {EXAMPLES['boolean']}")
    return lower == "true"


def _texts(text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults) -> pd.Series:
    given = text != ""
    if field.choices:
        allowed = ", ".join(field.choices)
        _wrong(given & ~text.isin(field.choices), text, field, rows, file, faults, f"must be one of {allowed}")
    if field.pattern:
        fits = _matches(text, re.compile(field.pattern))
        message = "is not allowed here; paths are relative to the package or URLs, media types like image/jpeg"
        _wrong(given & ~fits, text, field, rows, file, faults, message)
    return text


def _times(text: pd.Series, field: Field, rows: pd.Series, file: str, faults: Faults) -> pd.Series:
    given = text != ""
    whole = _matches(text, TIME)
    bare = given & ~whole
    bare[bare] = _matches(text[bare], TIME_WITHOUT_ZONE)
    message = (
        f"has no time zone, or falls into the hour in which the clocks of the stated zone change; write it as {EXAMPLES['time']} "
        "(in a plain CSV, or state time_zone in the settings)"
    )
    _wrong(bare, text, field, rows, file, faults, message)
    times = pd.to_datetime(text.where(whole), utc=True, errors="coerce", format="ISO8601")
    wrong = given & ~bare & times.isna()
    fix = f"is not a time; write it as {EXAMPLES['time']}, or state time_format, such as '%d.%m.%Y %H:%M', in the settings"
    _wrong(wrong, text, field, rows, file, faults, fix)
    return times


def _matches(text: pd.Series, pattern: re.Pattern[str]) -> pd.Series:
    """Whether each text matches as a whole."""
    return pd.Series([pattern.fullmatch(value) is not None for value in text.tolist()], index=text.index, dtype=bool)


@cache
def _offset_min(end: str) -> float:
    """Minutes that a time's zone, of its last six letters, is ahead of UTC; NaN where none is written."""
    found = ZONE.search(end)
    if found is None:
        return float("nan")
    zone = found.group(0)
    if zone == "Z":
        return 0.0
    sign = -1.0 if zone[0] == "-" else 1.0
    return sign * (60.0 * int(zone[1:3]) + int(zone[-2:]))
