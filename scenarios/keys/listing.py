"""`otkel keys`: the keys of settings files for people, machines and editors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from scenarios.exit_codes import ExitCode
from scenarios.keys.describe import FILES, Key, KeyTable, json_schema, tables_named

__all__ = ["KeyList", "SchemaText", "list_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """Tables of keys."""

    tables: Sequence[KeyTable]
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"keys": [row for table in self.tables for row in table.as_rows()]}

    def print(self, console: Console) -> None:
        """A paragraph for each table, two lines for each key."""
        for table in self.tables:
            where = (
                f"{table.place} in {table.file}"
                if table.place
                else f"{FILES[table.file][0].replace('`', '')} ({table.file})"
            )
            console.print(f"\n{where}: {table.meaning}", style="bold")
            for key in table.keys:
                console.print(f"  {f'{table.place}.{key.name}'.strip('.')}: {_in_words(key)}")
                console.print(f"      {key.meaning}", style="dim")


def _in_words(key: Key) -> str:
    default = "must be there" if key.required else f"default {key.default}"
    unit = f" [{key.unit}]" if key.unit else ""
    example = f"; e.g. {key.name}: {key.example}" if key.example else ""
    return f"{key.kind}{unit}; {default}{example}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaText:
    """The JSON Schema of a kind of file."""

    schema: dict[str, Any]
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """The schema."""
        return self.schema

    def print(self, console: Console) -> None:
        """The schema as JSON."""
        console.print(json.dumps(self.schema, indent=1, ensure_ascii=False))


def list_keys(section: str | None, *, as_schema: bool) -> KeyList | SchemaText:
    """The keys of a section, or the JSON Schema of a file."""
    if as_schema:
        return SchemaText(schema=json_schema(section or "study"))
    return KeyList(tables=tables_named(section))
