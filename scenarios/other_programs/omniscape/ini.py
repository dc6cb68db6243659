"""An Omniscape INI file -> frozen settings; every fault in one go, unknown keys reported."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from rasters.errors import ConfigError, LayerNotFoundError

__all__ = ["OmniscapeSettings", "read_settings"]

Future = Literal["none", "1", "2", "both"]
Rule = Literal["within", "equal"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "compare_to_future": ("none", "1", "2", "both"),
    "comparison1": ("within", "equal"),
    "comparison2": ("within", "equal"),
    "n_conditions": ("1", "2"),
    "precision": ("double", "single"),
}
SOLVERS = ("cg+amg", "cholmod")
IGNORED = frozenset(("solver", "parallel_batch_size", "mask_nodata_value", "max_parallel", "suppress_cs_messages"))
"""Keys that are known and have no effect here, because they say how to compute, not what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniscapeSettings:
    """What an Omniscape job asks for; field names are its keys.

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
    resistance_file: str = ""
    resistance_is_conductance: bool = False
    source_file: str = ""
    project_name: str = ""
    radius: int = 0
    buffer: int = 0
    block_size: int = 1
    source_threshold: float = 0.0
    source_from_resistance: bool = False
    r_cutoff: float = math.inf
    connect_four_neighbors_only: bool = False
    precision: str = "double"
    calc_flow_potential: bool = False
    calc_normalized_current: bool = False
    correct_artifacts: bool = True
    mask_nodata: bool = True
    write_raw_currmap: bool = True
    write_as_tif: bool = True
    parallelize: bool = True
    allow_different_projections: bool = False
    conditional: bool = False
    n_conditions: str = "1"
    compare_to_future: Future = "none"
    condition1_file: str = ""
    condition1_future_file: str = ""
    comparison1: Rule = "within"
    condition1_lower: float = 0.0
    condition1_upper: float = 0.0
    condition2_file: str = ""
    condition2_future_file: str = ""
    comparison2: Rule = "within"
    condition2_lower: float = 0.0
    condition2_upper: float = 0.0
    reclassify_resistance: bool = False
    reclass_table: str = ""
    write_reclassified_resistance: bool = False
    notes: tuple[str, ...] = ()

    @property
    def block(self) -> int:
        """Side of a block [cells], odd."""
        return self.block_size + (self.block_size + 1) % 2

    @property
    def conditions(self) -> tuple[int, ...]:
        """Numbers of the conditions that count."""
        return tuple(range(1, int(self.n_conditions) + 1)) if self.conditional else ()

    @property
    def wants_potential(self) -> bool:
        """Whether flow potential is needed."""
        return self.calc_flow_potential or self.calc_normalized_current

    def is_future(self, number: int) -> bool:
        """Whether a condition compares with another raster at the target."""
        return self.compare_to_future in (str(number), "both")

    def file(self, key: str) -> Path:
        """Where the file of a key is; LayerNotFoundError if it is not there."""
        path = Path(self.base, getattr(self, key))
        if not path.is_file():
            raise LayerNotFoundError(
                f"{self.path}: {key} = {getattr(self, key)}: there is no file {path}; correct the path (relative paths start "
                f"from {self.base})"
            )
        return path

    def as_text(self) -> str:
        """The job as an INI file, every key with the value in effect."""
        lines = ["[Omniscape job as it was run]"]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("path", "base", "notes") and value != "":
                lines.append(f"{field.name} = {str(value).lower() if isinstance(value, bool) else value}")
        return "\n".join(lines) + "\n"


def read_settings(path: str | Path) -> OmniscapeSettings:
    """Read and check an Omniscape INI file.

    Raises
    ------
    ConfigError
        With every fault: file, line, key, value and what may stand there.
    LayerNotFoundError
        When the INI file itself is not there.

    Notes
    -----
    Section names do not matter. Relative paths start from the working folder, as in Omniscape, if the resistance file is
    found from there, or else from the first folder that has it among that of the INI file and those above it.
    """
    path = Path(path)
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: there is no such file; give the INI file of an Omniscape job")
    reading = _Reading(path.read_text(encoding="utf-8-sig", errors="replace"))
    values = reading.values()
    settings = OmniscapeSettings(path=path, base=_base(path, str(values.get("resistance_file", ""))), **values)
    reading.faults += _missing(settings) + _out_of_range(settings)
    if reading.faults:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in reading.faults))
    notes = (*reading.notes, *_remarks(settings))
    return OmniscapeSettings(**{**{f.name: getattr(settings, f.name) for f in fields(settings)}, "notes": notes})


class _Reading:
    """Lines -> values of the keys, with faults and notes on the way."""

    def __init__(self, text: str) -> None:
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.given: dict[str, tuple[int, str]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip() and line.strip()[0] not in "[#;":
                self._take(number, line.strip())

    def _take(self, number: int, line: str) -> None:
        key, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not key:
            self.faults.append(f"line {number}: {line!r} is not of the form key = value")
            return
        if key in self.given:
            self.notes.append(f"line {number}: {key} is given again; the later value {value!r} counts, as in Omniscape")
        self.given[key] = (number, value)

    def values(self) -> dict[str, Any]:
        """Of all keys that matter and are given."""
        out = {}
        for key, (number, text) in self.given.items():
            if key == "solver" and text.lower() not in SOLVERS:
                self.notes.append(
                    f"line {number}: solver = {text}: not one of {', '.join(SOLVERS)}; otkel's own is used anyway"
                )
            elif key in READERS and text:
                out[key] = READERS[key](self, key, number, text)
            elif key not in READERS and key not in IGNORED:
                near = difflib.get_close_matches(key, [*READERS, *IGNORED], n=1, cutoff=0.75)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.notes.append(f"line {number}: unknown key {key} is ignored, as in Omniscape{hint}")
        return out

    def boolean(self, key: str, number: int, text: str) -> bool:
        """True, in any spelling, or false."""
        if text.lower() not in ("true", "false"):
            self.faults.append(f"line {number}: {key} = {text}: write true or false")
        return text.lower() == "true"

    def whole(self, key: str, number: int, text: str) -> int:
        """A whole number."""
        value = self.real(key, number, text)
        if not math.isfinite(value) or value != int(value):
            self.faults.append(f"line {number}: {key} = {text}: write a whole number of cells")
            return 0
        return int(value)

    def real(self, key: str, number: int, text: str) -> float:
        """Any number, also Inf."""
        try:
            value = float(text)
        except ValueError:
            self.faults.append(f"line {number}: {key} = {text}: write a number")
            return 0.0
        if math.isnan(value):
            self.faults.append(f"line {number}: {key} = {text}: write a number")
        return value

    def choice(self, key: str, number: int, text: str) -> str:
        """One of several words, whatever its case."""
        if text.lower() not in CHOICES[key]:
            self.faults.append(f"line {number}: {key} = {text}: choose one of {', '.join(CHOICES[key])}")
            return CHOICES[key][0]
        return text.lower()

    def name(self, key: str, number: int, text: str) -> str:
        """A file or a folder."""
        return text.strip("'\"")


def _readers() -> Mapping[str, Callable[[_Reading, str, int, str], Any]]:
    """How each key of `OmniscapeSettings` is read."""
    kinds: dict[str, Callable[[_Reading, str, int, str], Any]] = {
        "bool": _Reading.boolean, "int": _Reading.whole, "float": _Reading.real, "str": _Reading.name,
    }  # fmt: skip
    keys = [field for field in fields(OmniscapeSettings) if field.name not in ("path", "base", "notes")]
    return {key.name: _Reading.choice if key.name in CHOICES else kinds[str(key.type)] for key in keys}


READERS = _readers()


def _missing(settings: OmniscapeSettings) -> list[str]:
    """Keys without which the job cannot run."""
    needed = {
        "resistance_file": True, "project_name": True, "radius": True,
        "source_file": not settings.source_from_resistance, "reclass_table": settings.reclassify_resistance,
    }  # fmt: skip
    for number in settings.conditions:
        needed[f"condition{number}_file"] = True
        needed[f"condition{number}_future_file"] = settings.is_future(number)
    absent = [key for key, wanted in needed.items() if wanted and not getattr(settings, key)]
    return [f"{key} is not given, but needed here" for key in absent]


def _out_of_range(settings: OmniscapeSettings) -> list[str]:
    least = {"radius": 0, "buffer": 0, "block_size": 1}
    out = [
        f"{key} = {getattr(settings, key)}: must be >= {low}"
        for key, low in least.items()
        if getattr(settings, key) < low
    ]
    if settings.r_cutoff < 0:
        out.append(f"r_cutoff = {settings.r_cutoff:g}: must be >= 0")
    if settings.radius > 0 and settings.block // 2 >= settings.radius:
        out.append(
            f"block_size = {settings.block_size}: leaves no source within radius = {settings.radius}; choose a smaller one"
        )
    for number in settings.conditions:
        low, high = (getattr(settings, f"condition{number}_{end}") for end in ("lower", "upper"))
        if low > high:
            out.append(
                f"condition{number}_lower = {low:g} is above condition{number}_upper = {high:g}; no source would be left"
            )
    return out


def _remarks(settings: OmniscapeSettings) -> list[str]:
    out = []
    if settings.block != settings.block_size:
        out.append(f"block_size = {settings.block_size} is even; {settings.block} is used, as in Omniscape")
    if settings.precision == "single":
        out.append("precision = single: computed in double precision all the same")
    return out


def _base(path: Path, resistance: str) -> Path:
    folder = path.resolve().parent
    for base in (Path.cwd(), folder, *folder.parents):
        if resistance and Path(base, resistance).is_file():
            return base
    return Path.cwd()
