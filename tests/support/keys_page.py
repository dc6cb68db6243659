"""``docs/reference/keys.md`` from the models of settings files: ``python -m tests.support.keys_page`` writes it.

The docstring under each key is its manual; type and example are those that error messages give.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scenarios.batch.schema import Matrix
from scenarios.crime.settings import CrimeSettings
from scenarios.evidence.settings import EvidenceSettings
from scenarios.study.schema import ScenarioFile, Study
from scenarios.study.shapes import Expected, example_of, in_words
from scenarios.study.species import SpeciesFile
from tests.support.places import ROOT

PAGE = ROOT / "docs/reference/keys.md"
FILES: dict[str, tuple[str, type[BaseModel]]] = {
    "study": ("Study file: `study.yaml`", Study),
    "species": ("Species file", SpeciesFile),
    "scenario": ("Scenario in a file of its own", ScenarioFile),
    "matrix": ("Matrix of a batch: `--matrix`", Matrix),
    "evidence": ("Camera traps: `evidence.yaml`", EvidenceSettings),
    "crime": ("Patrols: `crime.yaml`", CrimeSettings),
}
HEAD = """# Keys

Every key of every settings file: what it says, what may stand there, its unit, what holds without it, and a value that
would be taken. A key without a default must be there. Unknown keys are errors. Any key of a study can be overridden by
`--set key.key=value` and in scenarios. Written by `python -m tests.support.keys_page` from the docstrings in `scenarios/study` and beside
the commands.
"""
MARKDOWN = str.maketrans({"|": "\\|", "<": "&lt;", "*": "\\*", "\n": " "})
LONGEST = 90


def page() -> str:
    """The page as text: file by file, the keys of the file and then of each table within it, every table once."""
    seen: dict[type[BaseModel], str] = {}
    return "\n".join([HEAD, *(_file(key, title, model, seen) for key, (title, model) in FILES.items())])


def _file(file: str, title: str, model: type[BaseModel], seen: dict[type[BaseModel], str]) -> str:
    parts, waiting = [f"## {title}\n"], [("", model)]
    while waiting:
        place, one = waiting.pop(0)
        if one not in seen:
            seen[one] = f"{file}-{one.__name__.lower()}"
            inner = [
                (f"{place}.{name}".strip("."), found)
                for name, field in one.model_fields.items()
                for found in _models(field)
            ]
            waiting += [(key, found) for key, found in inner]
            heading = f'### <a id="{seen[one]}"></a>`{place}`\n\n' if place else f'<a id="{seen[one]}"></a>'
            parts.append(heading + _table(one, {found: f"{file}-{found.__name__.lower()}" for _, found in inner}, seen))
    return "\n".join(parts)


def _models(field: FieldInfo) -> list[type[BaseModel]]:
    """Tables that a key holds: itself, in a list, by name."""
    return _within(Expected.of(field.annotation, field.metadata))


def _within(expected: Expected) -> list[type[BaseModel]]:
    if expected.is_model:
        return [expected.kind]
    return [found for one in expected.inner for found in _within(one)] if not isinstance(expected.kind, str) else []


def _table(model: type[BaseModel], anchors: dict[type[BaseModel], str], seen: dict[type[BaseModel], str]) -> str:
    lines = ["| key | meaning | should be | unit | default | example |", "|---|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        links = [f"[keys](#{seen.get(found, anchors[found])})" for found in _models(field)]
        key, expected = field.alias or name, Expected.of(field.annotation, field.metadata)
        meaning = " ".join(filter(None, [_plain(field.description or _own_words(field)), *links]))
        lines.append(
            f"| `{key}` | {meaning} | {_kind(expected)} | {_unit(field)} | {_default(field)} | {_example(expected)} |"
        )
    return f"{_plain(model.__doc__ or '')}\n\n" + "\n".join(lines) + "\n"


def _own_words(field: FieldInfo) -> str:
    """Of a table that its key says nothing more about: what the table says of itself."""
    found = _models(field)
    return (found[0].__doc__ or "") if found else ""


def _kind(expected: Expected) -> str:
    """As error messages say it; which keys a table has stands in its own section."""
    return _plain(re.sub(r"with the keys [\w, .]+", "", in_words(expected)).strip())


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
    return "none" if value is None else _code(value)


def _example(expected: Expected) -> str:
    text = _code(example_of(expected))
    return text if len(text) <= LONGEST else ""


def _code(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return "`" + text.strip().removesuffix("...").strip().replace("|", "\\|") + "`"


def _plain(text: str) -> str:
    parts = re.split(r"(``?[^`]+``?)", " ".join(text.split()))
    return "".join(part.replace("|", "\\|") if part.startswith("`") else part.translate(MARKDOWN) for part in parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
