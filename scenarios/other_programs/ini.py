"""INI files of other programs -> values of known keys: every fault in one go, unknown keys reported, as those programs read them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from rasters.errors import ConfigError, LayerNotFoundError

__all__ = ["ForeignJob", "Reader", "Reading", "base_folder", "plain_path", "read_lines"]

LONGEST = 255
"""Bytes of one name that file systems take."""

JobT = TypeVar("JobT", bound="ForeignJob")
Reader = Callable[[Any, str, int, str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignJob:
    """What a job asks for; the fields that a program adds are the keys of its file.

    Parameters
    ----------
    path : Path
        The INI file.
    base : Path
        Folder that relative paths start from.
    notes : tuple of str
        What was ignored, or is understood differently.
    """

    path: Path
    base: Path
    notes: tuple[str, ...] = ()

    @classmethod
    def named(cls) -> list[tuple[str, str]]:
        """Name and type of every key."""
        own = {field.name for field in fields(ForeignJob)}
        return [(field.name, str(field.type)) for field in fields(cls) if field.name not in own]

    def file(self, key: str) -> Path:
        """Where the file of a key is; LayerNotFoundError if it is not there."""
        text = getattr(self, key)
        path = plain_path(self.base, text)
        if not path.is_file():
            raise LayerNotFoundError(
                f"{self.path}: {key} = {text}: there is no file {path}; correct the path (relative paths start from {self.base})"
            )
        return path


def read_lines(path: Path, program: str) -> list[tuple[int, str]]:
    """Numbered lines that are neither empty, sections nor comments; LayerNotFoundError where there is no file."""
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: there is no such file; give the INI file of {program} job")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\0" in text:
        raise ConfigError(
            f"{path}:{text[: text.index(chr(0))].count(chr(10)) + 1}: holds a NUL character; write it again as text"
        )
    numbered = ((i, line.strip()) for i, line in enumerate(text.splitlines(), start=1))
    return [(i, line) for i, line in numbered if line and line[0] not in "[#;"]


def plain_path(base: Path, text: str) -> Path:
    """A path of the INI file; backslashes are taken for folders where there is no such file.

    ConfigError for what no file system takes as a name.
    """
    if any(len(part.encode("utf-8", "replace")) > LONGEST for part in re.split(r"[\\/]", text)):
        raise ConfigError(f"{text[:80]!r}...: is longer than {LONGEST} bytes, and so names no file; correct the path")
    plain = Path(base, text)
    return plain if plain.exists() or "\\" not in text else Path(base, text.replace("\\", "/"))


def base_folder(path: Path, main_file: str) -> Path:
    """Where relative paths start: the working folder if the job's main file is found from there, or else the first folder
    that has it among that of the INI file and those above it."""
    folder = path.resolve().parent
    for base in (Path.cwd(), folder, *folder.parents):
        if main_file and plain_path(base, main_file).is_file():
            return base
    return Path.cwd()


class Reading:
    """Lines -> values of the keys, with faults and notes on the way; a program adds its own kinds of value.

    Parameters
    ----------
    program : str
        For notes.
    lines : list of (int, str)
        As `read_lines` gives them.
    signs : str
        Characters between key and value; the first that a line has counts.
    """

    def __init__(self, program: str, lines: list[tuple[int, str]], signs: str = "=") -> None:
        self.program, self.signs = program, signs
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.given: dict[str, tuple[int, str]] = {}
        for number, line in lines:
            self._take(number, line)

    def _take(self, number: int, line: str) -> None:
        found = next((sign for sign in self.signs if sign in line), "")
        key, _, value = line.partition(found) if found else ("", "", "")
        key, value = key.strip(), value.strip()
        if not key:
            self.faults.append(f"line {number}: {line!r} is not of the form key = value")
            return
        if key in self.given:
            self.notes.append(
                f"line {number}: {key} is given again; the later value {value!r} counts, as in {self.program}"
            )
        self.given[key] = (number, value)

    def values(self, readers: Mapping[str, Reader], ignored: Collection[str]) -> dict[str, Any]:
        """Of all keys that have a reader and are given; a reader that gives None leaves the default."""
        out = {}
        for key, (number, text) in self.given.items():
            if key in readers:
                value = readers[key](self, key, number, text)
                if value is not None:
                    out[key] = value
            elif key not in ignored:
                near = difflib.get_close_matches(key, [*readers, *ignored], n=1, cutoff=0.75)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.notes.append(f"line {number}: unknown key {key} is ignored, as in {self.program}{hint}")
        return out

    def choice(self, key: str, number: int, text: str, choices: tuple[str, ...]) -> str:
        """One of several words, whatever its case and with - or _."""
        word = text.strip("'\"").lower().replace("_", "-")
        if word in choices:
            return word
        self.faults.append(f"line {number}: {key} = {text}: choose one of {', '.join(choices)}")
        return choices[0]

    def real(self, key: str, number: int, text: str) -> float:
        """Any number, also Inf."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            self.faults.append(f"line {number}: {key} = {text}: write a number")
            return 0.0
        return value

    def checked(self, settings: JobT, notes: Collection[str]) -> JobT:
        """The settings with all notes, or a ConfigError with every fault."""
        if self.faults:
            raise ConfigError("\n".join(f"{settings.path}: {fault}" for fault in self.faults))
        return replace(settings, notes=(*self.notes, *notes))
