"""What every key of a settings file says, told from the models: the docstring under each key is its manual.

`otkel keys` prints it, ``docs/reference/keys.md`` is written from it, and editors get it as JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rasters.errors import OptionError
from rasters.plain import unknown
from scenarios.batch.schema import Matrix
from scenarios.crime.settings import CrimeSettings
from scenarios.evidence.settings import EvidenceSettings
from scenarios.study.schema import ScenarioFile, Study
from scenarios.study.shapes import Expected, example_of, in_words
from scenarios.study.species import SpeciesFile

__all__ = ["FILES", "Key", "KeyTable", "json_schema", "tables_named", "tables_of"]

FILES: dict[str, tuple[str, type[BaseModel]]] = {
    "study": ("Study file: `study.yaml`", Study),
    "species": ("Species file", SpeciesFile),
    "scenario": ("Scenario in a file of its own", ScenarioFile),
    "matrix": ("Matrix of a batch: `--matrix`", Matrix),
    "evidence": ("Camera traps: `evidence.yaml`", EvidenceSettings),
    "crime": ("Patrols: `crime.yaml`", CrimeSettings),
}
"""Kind of settings file -> its title and its model."""
LONGEST = 90
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table.

    Parameters
    ----------
    meaning : str
        Its manual.
    kind : str
        What may stand there, in words.
    unit, default, example : str
        As YAML; a default is empty where the key must be there, and an example where it would be long.
    tables : tuple of type
        Models of the tables that it holds.
    """

    name: str
    meaning: str
    kind: str
    unit: str
    default: str
    example: str
    required: bool
    tables: tuple[type[BaseModel], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTable:
    """A table of keys: the file itself, with an empty place, or one within it."""

    file: str
    place: str
    model: type[BaseModel]
    meaning: str
    keys: tuple[Key, ...]

    def as_rows(self) -> list[dict[str, Any]]:
        """Plain data."""
        return [
            {"file": self.file, "key": f"{self.place}.{one.name}".strip(".")}
            | {name: value for name, value in asdict(one).items() if name not in ("name", "tables")}
            for one in self.keys
        ]


def tables_of(file: str, seen: set[type[BaseModel]] | None = None) -> Iterator[KeyTable]:
    """The tables of a kind of file, the file's own first, each once; none of ``seen``, which grows."""
    seen = set() if seen is None else seen
    waiting: list[tuple[str, type[BaseModel]]] = [("", FILES[file][1])]
    while waiting:
        place, model = waiting.pop(0)
        if model not in seen:
            seen.add(model)
            keys = tuple(_key(name, field) for name, field in model.model_fields.items())
            waiting += [(f"{place}.{one.name}".strip("."), found) for one in keys for found in one.tables]
            yield KeyTable(file=file, place=place, model=model, meaning=_one_line(model.__doc__), keys=keys)


def tables_named(section: str | None) -> list[KeyTable]:
    """The tables of a section: a kind of file (``study``), or a key with what is below it (``fences``, ``study.fences.wires``).

    Raises
    ------
    OptionError
        There is no such file or key.
    """
    if not section:
        return [table for file in FILES for table in tables_of(file)]
    file, _, below = section.partition(".")
    files, place = ([file], below) if file in FILES else ([*FILES], section)
    every = [table for one in files for table in tables_of(one)]
    found = [table for table in every if not place or _within(table.place, place)]
    if not found:
        found = [held for table in every if (held := _only(table, place))]
    if not found:
        known = [*FILES, *(one.name for table in every if not table.place for one in table.keys)]
        raise OptionError(unknown("section", section, dict.fromkeys(known)))
    return found


def json_schema(file: str) -> dict[str, Any]:
    """JSON Schema of a kind of file: for editors, which then complete keys and show what they mean."""
    if file not in FILES:
        raise OptionError(unknown("file", file, FILES))
    title, model = FILES[file]
    stated = model.model_json_schema(by_alias=True)
    return {"$schema": DIALECT, **stated, "title": f"otkel: {title.replace('`', '')}"}


def _within(place: str, section: str) -> bool:
    return place == section or place.startswith(f"{section}.")


def _only(table: KeyTable, place: str) -> KeyTable | None:
    """A table with one of its keys, where that is the place."""
    keys = tuple(one for one in table.keys if f"{table.place}.{one.name}".strip(".") == place)
    if not keys:
        return None
    return KeyTable(file=table.file, place=table.place, model=table.model, meaning=table.meaning, keys=keys)


def _key(name: str, field: FieldInfo) -> Key:
    expected = Expected.of(field.annotation, field.metadata)
    tables = tuple(_models(expected))
    meaning = field.description or ((tables[0].__doc__ or "") if tables else "")
    example = _as_yaml(example_of(expected))
    return Key(
        name=field.alias or name,
        meaning=_one_line(meaning),
        kind=_kind(expected),
        unit=_unit(field),
        default=_default(field),
        example=example if len(example) <= LONGEST else "",
        required=field.is_required(),
        tables=tables,
    )


def _models(expected: Expected) -> list[type[BaseModel]]:
    """Tables that a key holds: itself, in a list, by name."""
    if expected.is_model:
        return [expected.kind]
    return [found for one in expected.inner for found in _models(one)] if not isinstance(expected.kind, str) else []


def _kind(expected: Expected) -> str:
    """As error messages say it; which keys a table has stands in its own section."""
    return _one_line(re.sub(r"with the keys [\w, .]+", "", in_words(expected)))


def _unit(field: FieldInfo) -> str:
    """The first words in square brackets, where they are no part of an example."""
    found = re.search(r"\[([^\]]+)\]", re.sub(r"`[^`]*`", "", field.description or ""))
    return found.group(1) if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.default if field.default_factory is None else {}
    if isinstance(value, BaseModel) or value in ((), [], {}, "", PydanticUndefined):
        return "empty"
    return "none" if value is None else _as_yaml(value)


def _as_yaml(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.strip().removesuffix("...").strip()


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
