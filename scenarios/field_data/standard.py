"""What a table of field data must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Field", "Kind", "TableStandard"]

Kind = Literal["text", "number", "integer", "boolean", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a table.

    ``minimum`` and ``maximum`` are inclusive; ``choices`` lists the only words allowed; ``pattern`` is a regular
    expression that the whole text must match.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStandard:
    """A table: its fields, its key, and fields that must be a key of another table."""

    name: str
    fields: tuple[Field, ...]
    key: str
    references: tuple[tuple[str, str], ...] = ()

    def field(self, name: str) -> Field | None:
        """The field of a name."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that every row must fill."""
        return tuple(field.name for field in self.fields if field.required)
