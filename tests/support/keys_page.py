"""``docs/reference/keys.md``, as `otkel keys` tells them: ``python -m tests.support.keys_page`` writes it."""

from __future__ import annotations

import re

from pydantic import BaseModel

from scenarios.keys.describe import FILES, Key, KeyTable, tables_of
from tests.support.places import ROOT

PAGE = ROOT / "docs/reference/keys.md"
HEAD = """# Keys

Every key of every settings file: what it says, what may stand there, its unit, what holds without it, and a value that
would be taken. A key without a default must be there. Unknown keys are errors. Any key of a study can be overridden by
`--set key.key=value` and in scenarios. On the terminal: `otkel keys`, `otkel keys study`, `otkel keys fences`; with `--json` for
machines. `otkel new` [writes a study to begin with](../tutorial/own-region.md).

Editors complete keys and show what they mean when they know the schema: `otkel keys study --json-schema > study.schema.json` beside the
file, and as its first line, for Visual Studio Code with the YAML extension and for others that use yaml-language-server:

```yaml
# yaml-language-server: $schema=study.schema.json
```

Written by `python -m tests.support.keys_page` from the docstrings in `scenarios/study` and beside the commands.
"""
MARKDOWN = str.maketrans({"|": "\\|", "<": "&lt;", "*": "\\*"})


def page() -> str:
    """The page as text: file by file, the keys of the file and then of each table within it, every table once."""
    seen: dict[type[BaseModel], str] = {}
    return "\n".join([HEAD, *(_file(key, title, seen) for key, (title, _) in FILES.items())])


def _file(file: str, title: str, seen: dict[type[BaseModel], str]) -> str:
    parts = [f"## {title}\n"]
    for table in tables_of(file, {*seen}):
        seen[table.model] = _anchor(file, table.model)
        heading = f'<a id="{seen[table.model]}"></a>'
        parts.append(heading + _table(table, seen) if not table.place else _within(heading, table, seen))
    return "\n".join(parts)


def _within(heading: str, table: KeyTable, seen: dict[type[BaseModel], str]) -> str:
    return f"### {heading}`{table.place}`\n\n" + _table(table, seen)


def _anchor(file: str, model: type[BaseModel]) -> str:
    return f"{file}-{model.__name__.lower()}"


def _table(table: KeyTable, seen: dict[type[BaseModel], str]) -> str:
    lines = ["| key | meaning | should be | unit | default | example |", "|---|---|---|---|---|---|"]
    lines += [_row(key, table.file, seen) for key in table.keys]
    return f"{_plain(table.meaning)}\n\n" + "\n".join(lines) + "\n"


def _row(key: Key, file: str, seen: dict[type[BaseModel], str]) -> str:
    links = [f"[keys](#{seen.get(found, _anchor(file, found))})" for found in key.tables]
    meaning = " ".join(filter(None, [_plain(key.meaning), *links]))
    default = key.default if key.default in ("", "empty", "none") else _code(key.default)
    return f"| `{key.name}` | {meaning} | {_plain(key.kind)} | {key.unit} | {default} | {_code(key.example)} |"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`" if text else ""


def _plain(text: str) -> str:
    parts = re.split(r"(``?[^`]+``?)", " ".join(text.split()))
    return "".join(part.replace("|", "\\|") if part.startswith("`") else part.translate(MARKDOWN) for part in parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
