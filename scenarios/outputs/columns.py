"""Every column of every table, said once in ``columns.tsv``: unit, title, meaning, and how pages show it.

Tables, data dictionaries, pages, GeoPackages, field lists and the reference in the documentation read it; a table with another
column cannot be written.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

__all__ = [
    "COLUMNS",
    "FILED",
    "KINDS",
    "NOTHING",
    "UNFILED",
    "UNITS",
    "Column",
    "Own",
    "column_dictionary",
    "column_of",
    "descriptions",
]

UNITS = (
    "",
    "1",
    "%",
    "m",
    "km",
    "km2",
    "degrees",
    "effective m",
    "ohm",
    "ohm^2",
    "ohm^2/km",
    "siemens",
    "A",
    "A/m",
    "cost units",
    "per cost unit",
    "per 100 km",
    "camera-days",
    "per camera-day",
    "per 100 camera-days",
    "animal-days",
    "per 100 animal-days",
    "collar-months",
    "hours",
    "UTC",
    "local time",
)
"""Every unit in its one spelling: empty for words and names, ``1`` for plain numbers."""
KINDS = ("text", "flag", "number", "share", "position")
SHOWN = {"1": "", "ohm": "\u03a9", "ohm^2": "\u03a9\u00b2", "ohm^2/km": "\u03a9\u00b2/km", "km2": "km\u00b2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of any table.

    Parameters
    ----------
    name : str
        As files have it; ``*`` at its end stands for any rest, which title and meaning hold as ``{}``.
    unit : str
        One of `UNITS`.
    kind : str
        One of `KINDS`; pages show a share as per cent, a position to four decimals, a flag as yes or no.
    title : str
        What people call it.
    meaning : str
        One sentence or more.
    of : str
        Command in whose tables alone it means this; empty for all.
    topic : str
        What it belongs to.
    rest : str
        Of a column that a pattern stands for: what takes the place of ``{}`` in title and meaning.
    """

    name: str
    unit: str
    kind: str
    title: str
    meaning: str
    of: str = ""
    topic: str = ""
    rest: str = ""

    def spoken(self, say: Callable[[str], str]) -> str:
        """Its meaning in another language; of a pattern with the name in its place."""
        pattern = next((one for one in PATTERNS if self.rest and self.name.startswith(one.name[:-1])), None)
        whole = say(self.meaning)
        if pattern is None or whole != self.meaning:
            return whole
        return say(pattern.meaning).replace("{}", say(self.rest))

    @property
    def shown_unit(self) -> str:
        """The unit that pages show: effective kilometres, per cent, signs for ohm; none where the title says it."""
        if self.kind == "share" or self.unit == "effective m":
            return "%" if self.kind == "share" else "effective km"
        return SHOWN.get(self.unit, self.unit)

    @property
    def per_shown(self) -> float:
        """How many of its own units one shown unit is."""
        return 0.01 if self.kind == "share" else 1000.0 if self.unit == "effective m" else 1.0

    def named(self, name: str) -> Column:
        """This pattern for one name."""
        rest = name.removeprefix(self.name[:-1])
        title, meaning = (text.replace("{}", rest.replace("_", " ")) for text in (self.title, self.meaning))
        return replace(self, name=name, title=title, meaning=meaning, rest=rest.replace("_", " "))


Own = Mapping[str, Column]
"""Columns that a user named: options of a matrix, parameters of a study."""
NOTHING: Own = {}


FILED = {"x": "x_m", "y": "y_m", "lon": "lon_deg", "lat": "lat_deg"}
"""Short names of positions in the program -> what every table, layer and file calls them."""

UNFILED = {after: before for before, after in FILED.items()}


def _read(path: Path) -> tuple[Column, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Column(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))


COLUMNS = _read(Path(__file__).with_suffix(".tsv"))
"""All of them."""
BY_NAME = {(column.of, column.name): column for column in COLUMNS}
PATTERNS = sorted((column for column in COLUMNS if column.name.endswith("*")), key=lambda column: -len(column.name))


def column_of(name: str, of: str = "", own: Own = NOTHING) -> Column:
    """What is said of a column.

    Parameters
    ----------
    name : str
    of : str
        The command whose table it stands in; of ``"evidence share"`` what ``"evidence"`` says holds, too.
    own : mapping of str to Column
        Columns that a user named.

    Raises
    ------
    KeyError
        No such column: whoever writes a new one adds it to the registry first.
    """
    name = FILED.get(name, name)
    for command in (of, of.partition(" ")[0], ""):
        if (command, name) in BY_NAME:
            return BY_NAME[command, name]
    if name in own:
        return own[name]
    for pattern in PATTERNS:
        if name.startswith(pattern.name[:-1]):
            return pattern.named(name)
    raise KeyError(f"{name}: a column that scenarios/outputs/columns.tsv does not explain; add it there")


def column_dictionary(
    tables: Mapping[str, pd.DataFrame | Iterable[str]], of: str = "", own: Own = NOTHING
) -> pd.DataFrame:
    """One row per file and column: its unit and meaning."""
    named = ((file, column_of(str(name), of, own)) for file, table in tables.items() for name in table)
    rows = [(file, one.name, one.unit, one.meaning) for file, one in named]
    return pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])


def descriptions(layers: Mapping[str, pd.DataFrame], of: str = "") -> dict[str, dict[str, tuple[str, str]]]:
    """Layer -> column -> title and description, as a GeoPackage keeps them."""
    return {
        layer: {
            one.name: (one.title, one.meaning + (f" [{one.unit}]" if one.unit not in ("", "1") else "")) for one in said
        }
        for layer, frame in layers.items()
        for said in [[column_of(str(name), of) for name in frame.columns if name != "geometry"]]
    }
