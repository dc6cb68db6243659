"""`otkel species new`: a species file with every key explained, from scratch or from a profile of the library."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from rasters.errors import ExportError, OptionError
from scenarios.exit_codes import ExitCode
from scenarios.keys.describe import Key, KeyTable, tables_of
from scenarios.keys.new_study import TEMPLATES
from scenarios.keys.species_list import read_library
from scenarios.study.documents import parse_yaml
from scenarios.study.load import bundled_profiles
from scenarios.study.species import SpeciesFile

__all__ = ["NewSpecies", "new_species", "species_text"]

WIDTH = 120
SCRATCH: dict[str, Any] = {
    "free_path_m": {"value": 1000, "origin": "PLACEHOLDER"},
    "reach_m": {"value": 500, "origin": "PLACEHOLDER"},
    "body": {
        "crawls_under_m": {"value": 0.5, "origin": "PLACEHOLDER"},
        "jumps_m": {"value": 1, "origin": "PLACEHOLDER"},
        "min_width_m": {"value": 1, "origin": "PLACEHOLDER"},
    },
    "sensitivity_deg": {"value": 0.1, "origin": "PLACEHOLDER"},
    "assumptions": ["Every number of this species is a PLACEHOLDER."],
}
"""What a file from scratch states beside the keys that must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSpecies:
    """A species file that was written; ``study`` where it lies in one."""

    path: Path
    species: str
    source: str = ""
    study: Path | None = None
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        study = None if self.study is None else str(self.study)
        return {"file": str(self.path), "species": self.species, "from": self.source, "study": study}

    def print(self, console: Console) -> None:
        """What was written, and what to do with it."""
        console.print(f"{self.path}: written{f', from {self.source}' if self.source else ''}")
        console.print("replace its numbers, and say under every `origin` where yours is from")
        if self.study is not None:
            line = f"{self.species}: {{ profile: {self.path.relative_to(self.study).as_posix()} }}"
            console.print(f"add under `species` of {self.study / 'study.yaml'}: {line}", markup=False)
            console.print(f"and under `routes` from where to where; then: otkel check {self.study}")


def new_species(species: str, into: Path, source: str | None = None) -> NewSpecies:
    """Write a species file, to ``species/`` of a study or into a folder.

    Parameters
    ----------
    species : str
        Its id, and the name of the file.
    into : path
        A folder; with a study.yaml it is a study.
    source : str, optional
        A profile of the library whose values it takes; default: placeholders.

    Raises
    ------
    OptionError
        No id, no such profile or folder, or the file is there already: nothing is ever overwritten.
    """
    if not (
        species and species.isascii() and species.isidentifier() and species == species.lower() and species[0] != "_"
    ):
        raise OptionError(
            f"species {species!r}: should be a short name of small letters, digits and _, beginning with a letter, such as wild_ass"
        )
    if source is not None:
        read_library(source)
    if not into.is_dir():
        raise OptionError(f"--into {into}: there is no such folder")
    study = into if (into / "study.yaml").is_file() else None
    path = (into / "species" if study else into) / f"{species}.yaml"
    text = species_text(species, source)
    SpeciesFile.model_validate(parse_yaml(text))
    _write_new(path, text)
    return NewSpecies(path=path, species=species, source=source or "", study=study)


def species_text(species: str, source: str | None = None) -> str:
    """The file's text: above each key its meaning, with those of the tables in it."""
    values = _values(species, source)
    head = f"The species `{species}`, written by `otkel species new`. Above each key stands what it means; * must be there."
    if source is None:
        head += " Every number is a PLACEHOLDER: replace it, and say under `origin` where yours is from."
    else:
        head += f" Values and origins are those of {source!r} in the library; they speak of that animal until you change them."
    tables = {table.place: table for table in tables_of("species")}
    models = {table.model: table for table in tables.values()}
    seen: set[type] = set()
    parts = [_comment(head)]
    for key in tables[""].keys:
        explained = [*_explained(key, "", models, seen)]
        parts.append("\n".join([*explained, _value(key, values)]))
    return "\n\n".join(parts) + "\n"


def _values(species: str, source: str | None) -> dict[str, Any]:
    if source is not None:
        known: dict[str, Any] = parse_yaml(bundled_profiles()[source].read_text(encoding="utf-8"))
        return known | {"id": species}
    values: dict[str, Any] = parse_yaml((TEMPLATES / "animal.yaml").read_text(encoding="utf-8"))
    return values | SCRATCH | {"id": species}


def _explained(key: Key, indent: str, models: Mapping[type, KeyTable], seen: set[type]) -> Iterator[str]:
    """Comment lines on a key, then on those of the tables in it that were not explained above."""
    unit = f" [{key.unit}]" if key.unit and f"[{key.unit}]" not in key.meaning else ""
    yield _comment(f"{key.name}{'*' if key.required else ''}: {key.meaning}{unit}", indent)
    for model in key.tables:
        if model in seen and not indent:
            yield _comment("its keys are those explained above", "  ")
        elif model not in seen:
            seen.add(model)
            for one in models[model].keys:
                yield from _explained(one, indent + "  ", models, seen)


def _comment(text: str, indent: str = "") -> str:
    start = f"# {indent}"
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=start + ("    " if indent else "  "),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(key: Key, values: Mapping[str, Any]) -> str:
    if key.name in values:
        value = values[key.name]
        tables = isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))
        flow = None if tables else False  # the innermost tables on a line each
        text: str = yaml.safe_dump(
            {key.name: value}, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=flow
        )
        return text.rstrip()
    return f"# {key.name}: {key.example}" if key.example else f"# {key.name}: (not stated)"


def _write_new(path: Path, text: str) -> None:
    """Whole or not at all, and never over a file that is there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        try:
            os.link(beside, path)
        except FileExistsError:
            raise OptionError(f"{path}: is there already; choose another name, or remove it") from None
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{path}: could not be written ({error.strerror}); choose another folder") from error
