"""What is wrong in a table of evidence: collected row by row, told all at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rasters.errors import DataError, PlannerWarning

__all__ = ["Fault", "Faults"]

MOST_SHOWN = 20
"""Faults of one kind in one field that are written out; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: where it stands, what is there, what to do. ``row`` is the line of the file; 0 for the whole table."""

    level: Literal["error", "warning"]
    kind: str
    table: str
    row: int
    field: str
    value: str
    message: str

    def __str__(self) -> str:
        """Table, row, field, value and the fix in one line."""
        at = f"{self.table}:{self.row}" if self.row else self.table
        field = f": {self.field}" if self.field else ""
        value = f": {self.value!r}" if self.value else ""
        return f"{at}{field}{value}: {self.message}"


@dataclass(slots=True)
class Faults:
    """Faults as they are found."""

    found: list[Fault] = field(default_factory=list)

    def error(self, kind: str, table: str, row: int, name: str, value: object, message: str) -> None:
        """Something without which the numbers would be wrong."""
        self._add("error", kind, table, row, name, value, message)

    def warning(self, kind: str, table: str, row: int, name: str, value: object, message: str) -> None:
        """Something to look at; the numbers stand."""
        self._add("warning", kind, table, row, name, value, message)

    def _add(
        self,
        level: Literal["error", "warning"],
        kind: str,
        table: str,
        row: int,
        name: str,
        value: object,
        message: str,
    ) -> None:
        text = "" if value is None else str(value)
        self.found.append(Fault(level=level, kind=kind, table=table, row=row, field=name, value=text, message=message))

    @property
    def errors(self) -> list[Fault]:
        """Faults that stop the reading."""
        return [fault for fault in self.found if fault.level == "error"]

    @property
    def warnings(self) -> list[Fault]:
        """Faults that do not."""
        return [fault for fault in self.found if fault.level == "warning"]

    def raise_errors(self) -> None:
        """One `DataError` with every error, if there is any."""
        if self.errors:
            raise DataError("\n".join(_lines(self.errors)))

    def warn(self) -> None:
        """One `PlannerWarning` with every warning, if there is any."""
        if self.warnings:
            warnings.warn("\n".join(_lines(self.warnings)), PlannerWarning, stacklevel=2)


def _lines(faults: Sequence[Fault]) -> list[str]:
    """Each fault in a line; of many alike the first ones and how many more."""
    lines: list[str] = []
    kinds = dict.fromkeys((fault.kind, fault.table, fault.field) for fault in faults)
    for kind in kinds:
        alike = [fault for fault in faults if (fault.kind, fault.table, fault.field) == kind]
        lines += map(str, alike[:MOST_SHOWN])
        if len(alike) > MOST_SHOWN:
            lines.append(f"{kind[1]}: {kind[2]}: and {len(alike) - MOST_SHOWN} more rows like these")
    return lines
