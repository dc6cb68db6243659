"""Which attribute of somebody's file is which of ours: by option, by the names that people use, or by a question."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rasters.errors import OptionError
from rasters.plain import like, plain_text, unknown
from scenarios.importing.account import Account, some
from scenarios.importing.asking import Asker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALIASES", "KINDS", "STATUSES", "Fields", "mapped", "number_in", "slug", "status_in", "text_in"]

NAMES = ("id", "name", "name_ru", "name_kk")
KINDS: dict[str, tuple[str, ...]] = {
    "fences": (
        *NAMES,
        "fence_line",
        "country",
        "geometry_status",
        "origin",
        "top_m",
        "strands",
        "bottom_m",
        "permeability",
        "worth_km",
    ),
    "passages": (*NAMES, "fence_line", "design", "width_m", "state", "opened", "origin"),
    "reserves": (*NAMES, "geometry_status", "origin"),
    "cores": (*NAMES, "geometry_status", "origin", "role"),
}
"""Kind of import -> what can be mapped."""
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "fence_id", "passage_id"),
    "name": ("name", "name_en", "title", "название", "наименование", "имя", "атауы", "nazvanie", "naimenov"),
    "name_ru": ("name_ru", "name:ru"),
    "name_kk": ("name_kk", "name:kk", "name_kz"),
    "fence_line": ("fence_line", "line", "линия"),
    "country": ("country", "iso", "iso_a2", "страна", "ел"),
    "geometry_status": ("geometry_status", "geom_stat", "geometry_s", "geometrysta"),
    "origin": ("origin", "source", "источник", "src"),
    "top_m": ("top_m", "height", "height_m", "высота", "биіктігі"),
    "strands": ("strands", "wires", "нитей", "число_нитей"),
    "bottom_m": ("bottom_m", "lowest_m"),
    "permeability": ("permeability", "permeabil", "проницаемость"),
    "worth_km": ("worth_km",),
    "design": ("design", "конструкция", "тип"),
    "width_m": ("width_m", "width", "ширина", "ені"),
    "state": ("state", "status", "состояние"),
    "opened": ("opened", "opened_year", "year"),
    "role": ("role",),
}
"""What can be mapped -> names of attributes that are taken for it where nothing else is said, the first that is there."""
EMPTY_NAMES = ("layer",)
"""Names of attributes that a drawing has instead of names, tried last."""
STATUSES = ("surveyed", "digitised", "schematic", "unknown")
SAID = {
    "digitized": "digitised",
    "gps": "surveyed",
    "survey": "surveyed",
    "scheme": "schematic",
    "схема": "schematic",
    "съёмка": "surveyed",
    "оцифровано": "digitised",
    "схематично": "schematic",
    "по съёмке": "surveyed",
    "proposed": "proposed",
}
"""Other words for a geometry status."""
NUMBER = re.compile(r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*(m|м|meters?|metres?)?\s*$", re.IGNORECASE)
LONGEST = 60
LATIN_OF = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі",
        re.split(
            " ", "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya a gh q ng o u u h i"
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What can be mapped -> the attribute of the file; only what was found."""

    of: Mapping[str, str]

    def value(self, row: Mapping[str, Any] | pd.Series, name: str) -> Any:
        """What a feature has; None where it has nothing."""
        found = row.get(self.of[name]) if name in self.of else None
        return None if found is None or found != found or found == "" else found


def mapped(kind: str, attributes: Mapping[str, bool], options: Sequence[str], asker: Asker, account: Account) -> Fields:
    """Attributes of a file by option (``name=NAZV``; ``name=`` for none), else by their names, else by question.

    Parameters
    ----------
    attributes : mapping of str to bool
        Those of the file, and whether any feature has something there; empty ones are taken only by option.

    Raises
    ------
    OptionError
        For what cannot be mapped, or an attribute that the file has not.
    """
    stated = dict(_stated(kind, list(attributes), one) for one in options)
    columns = [name for name, filled in attributes.items() if filled]
    found = {name: column for name, column in stated.items() if column}
    taken = set(found.values())
    for name in KINDS[kind]:
        if name not in stated and (column := _alike(name, columns, taken)):
            found[name] = column
            taken.add(column)
    if (
        "name" not in found
        and "name" not in stated
        and asker.answers
        and (left := [c for c in columns if c not in taken])
    ):
        chosen = asker.choose("Which attribute is the name?", [*left, "none"], "--map name=FIELD")
        found |= {"name": chosen} if chosen != "none" else {}
    others = [column for column in columns if column not in found.values()]
    shown = ", ".join(f"{name} from {column}" if name != column else name for name, column in found.items())
    account.tell("read", len(found), "attributes", shown)
    account.tell("read", len(others), "attributes not taken", some(others, 8))
    return Fields(of=found)


def _stated(kind: str, columns: Sequence[str], option: str) -> tuple[str, str]:
    name, equals, column = (part.strip() for part in option.partition("="))
    if not equals or name not in KINDS[kind]:
        hint = like(name, KINDS[kind])
        raise OptionError(f"--map {option!r}: write it as NAME=FIELD; NAME is one of {', '.join(KINDS[kind])}{hint}")
    same = [one for one in columns if one.casefold() == column.casefold()]
    if column and not same:
        raise OptionError(f"--map {option}: {unknown('attribute', column, columns)}")
    return name, (column if column in columns else same[0]) if column else ""


def _alike(name: str, columns: Sequence[str], taken: set[str]) -> str | None:
    plain = {_plain(column): column for column in reversed(columns) if column not in taken}
    wanted = (*ALIASES[name], *(EMPTY_NAMES if name == "name" else ()))
    return next((plain[_plain(alias)] for alias in wanted if _plain(alias) in plain), None)


def _plain(name: str) -> str:
    return name.casefold().removeprefix("ogr_")


def text_in(value: Any) -> str:
    """An attribute as one line of text; whole numbers without their ``.0``."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(plain_text(str(value)).split())


def number_in(value: Any) -> float | None:
    """A number as people write it (``1,7 m``); None for what is none."""
    found = NUMBER.match(str(value)) if value is not None else None
    number = float(found[1].replace(",", ".")) if found else None
    return number if number is not None and math.isfinite(number) else None


def status_in(value: Any) -> str | None:
    """A geometry status; None for words that stand for none."""
    said = text_in(value).casefold()
    return said if said in STATUSES else SAID.get(said)


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A name as an id: small letters, digits and ``_``, Cyrillic in Latin letters; numbered where it is taken."""
    latin = "".join(LATIN_OF.get(one, one).strip("_") if one != "_" else one for one in text.casefold())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST].strip("_")
    there = set(taken)
    if not name or name not in there:
        return name
    return next(f"{name}_{n}" for n in range(2, len(there) + 3) if f"{name}_{n}" not in there)
