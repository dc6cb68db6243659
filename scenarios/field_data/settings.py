"""How a plain CSV file is read as a table of a standard."""

from __future__ import annotations

from typing import Protocol

from scenarios.study.base import FileName, Model

__all__ = ["TableMapping", "TimesOfDay"]


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
