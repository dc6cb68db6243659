"""How a plain CSV file is read as a table of a standard."""

from __future__ import annotations

import re
from typing import Annotated, Protocol

from pydantic import AfterValidator

from scenarios.study.base import FileName, Model, Shape

__all__ = ["DateFormat", "TableMapping", "TimeFormat", "TimesOfDay"]

WHOLE = frozenset("cxs")
"""Codes that write a whole date."""
DAY_OF_YEAR = "j"


def _codes(style: str) -> set[str]:
    return set(re.findall(r"%[-#]?([A-Za-z])", style))


def _writes_days(style: str) -> str:
    """Year, month and day: what is not written would be made up as 1900, January or the first."""
    import pandas as pd

    try:
        pd.to_datetime(pd.Series(["2024-03-01"]), format=style, errors="coerce")
    except (ValueError, re.error) as error:
        raise ValueError(f"{style!r} writes no dates: {error}; write it such as '%d.%m.%Y'") from error
    codes = _codes(style)
    if codes & WHOLE or {"G", "V"} <= codes:
        return style
    missing = [what for what, ways in {"year": "Yy", "month": "mbBj", "day": "dj"}.items() if not codes & set(ways)]
    if missing:
        minutes = "; %M is for minutes, %m for months" if "M" in codes and "month" in missing else ""
        raise ValueError(f"{style!r} says no {' and no '.join(missing)}{minutes}; write it such as '%d.%m.%Y'")
    return style


def _writes_hours(style: str) -> str:
    """Of twelve hours with the half of the day, of twenty-four without: one without the other is read wrong by half a day."""
    codes = _codes(style)
    if "I" in codes and "p" not in codes:
        raise ValueError(f"{style!r}: hours to 12 (%I) need %p, AM or PM; hours to 24 are %H")
    if "p" in codes and "I" not in codes:
        raise ValueError(f"{style!r}: AM and PM (%p) go with hours to 12 (%I), and say nothing beside %H")
    return style


DateFormat = Annotated[str, AfterValidator(_writes_days), AfterValidator(_writes_hours), Shape("", "%d.%m.%Y")]
TimeFormat = Annotated[str, AfterValidator(_writes_days), AfterValidator(_writes_hours), Shape("", "%d.%m.%Y %H:%M")]


class TimesOfDay(Protocol):
    """How times are written in a set of field data."""

    @property
    def time_format(self) -> str | None:
        """Format of times, where it is not ISO 8601."""

    @property
    def time_zone(self) -> str | None:
        """Zone of times that are written without one."""


class TableMapping(Model):
    """A plain CSV file read as one of the standard's tables."""

    file: FileName
    """CSV file, also gzipped (.csv.gz), beside the settings."""
    encoding: str | None = None
    """Encoding of the file, such as `cp1251`, where it is not UTF-8."""
    columns: dict[str, str] = {}
    """Field of the standard -> column of the file, where the names differ."""
    constants: dict[str, str] = {}
    """Field of the standard -> value of every row, where the file has no such column."""
    values: dict[str, dict[str, str]] = {}
    """Field of the standard -> word in the file -> word of the standard."""
