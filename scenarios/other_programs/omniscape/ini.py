"""An Omniscape INI file -> frozen settings; every fault in one go, unknown keys reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scenarios.other_programs.ini import ForeignJob, Reader, Reading, base_folder, read_lines

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
IGNORED = frozenset(("parallel_batch_size", "mask_nodata_value", "max_parallel", "suppress_cs_messages"))
"""Keys that are known and have no effect here, because they say how to compute, not what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniscapeSettings(ForeignJob):
    """What an Omniscape job asks for; field names are its keys."""

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

    def as_text(self) -> str:
        """The job as an INI file, every key with the value in effect."""
        lines = ["[Omniscape job as it was run]"]
        for key, _ in self.named():
            value = getattr(self, key)
            if value != "":
                lines.append(f"{key} = {str(value).lower() if isinstance(value, bool) else value}")
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
    reading = _Reading("Omniscape", read_lines(path, "an Omniscape"))
    values = reading.values(READERS, IGNORED)
    settings = OmniscapeSettings(path=path, base=base_folder(path, str(values.get("resistance_file", ""))), **values)
    reading.faults += _missing(settings) + _out_of_range(settings)
    return reading.checked(settings, _remarks(settings))


class _Reading(Reading):
    """How Omniscape writes values."""

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

    def name(self, key: str, number: int, text: str) -> str:
        """A file or a folder."""
        return text.strip("'\"")


def _solver(reading: Reading, key: str, number: int, text: str) -> None:
    if text.lower() not in SOLVERS:
        reading.notes.append(
            f"line {number}: solver = {text}: not one of {', '.join(SOLVERS)}; otkel's own is used anyway"
        )


def _readers() -> Mapping[str, Reader]:
    """How each key of `OmniscapeSettings` is read; an empty value leaves the default."""
    kinds: dict[str, Reader] = {
        "bool": _Reading.boolean,
        "int": _Reading.whole,
        "float": _Reading.real,
        "str": _Reading.name,
    }

    def reader(key: str, kind: str) -> Reader:
        if key in CHOICES:
            return lambda r, *at: r.choice(*at, CHOICES[key]) if at[2] else None
        return lambda r, *at: kinds[kind](r, *at) if at[2] else None

    return {key: reader(key, kind) for key, kind in OmniscapeSettings.named()} | {"solver": _solver}


READERS = _readers()


def _missing(settings: OmniscapeSettings) -> list[str]:
    """Keys without which the job cannot run."""
    needed = {
        "resistance_file": True,
        "project_name": True,
        "radius": True,
        "source_file": not settings.source_from_resistance,
        "reclass_table": settings.reclassify_resistance,
    }
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
