"""``docs/reference/columns.md`` from the registry: ``python -m tests.support.columns_page`` writes it."""

from __future__ import annotations

from scenarios.outputs.columns import COLUMNS, Column
from tests.support.places import ROOT

PAGE = ROOT / "docs/reference/columns.md"
HEAD = """# Columns

Every column of every table and layer, with its unit as data dictionaries give it: empty for words and names, 1 for plain numbers.
`columns.csv` in each folder of results says the same of the tables beside it, and a GeoPackage of its layers. Infinite (`inf`) costs and
resistances mean that there is no route. `*` stands for any name. Written by `python -m tests.support.columns_page` from
`scenarios/outputs/columns.tsv`.
"""


def page() -> str:
    """The page as text: what holds in all tables by name, then what one command alone means by a name."""
    commands = dict.fromkeys(sorted({column.of for column in COLUMNS}))
    return "\n".join([HEAD, *(_section(command) for command in commands)])


def _section(command: str) -> str:
    title = f"In tables of `otkel {command}` alone" if command != "columns" else "In `columns.csv`"
    rows = sorted((column for column in COLUMNS if column.of == command), key=lambda column: column.name.lower())
    lines = ["| column | unit | title | meaning |", "|---|---|---|---|", *map(_row, rows)]
    return "\n".join([f"## {title}\n", *lines, ""] if command else [*lines, ""])


def _row(column: Column) -> str:
    return f"| `{column.name}` | {column.unit} | {column.title} | {column.meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
