"""`otkel species list` and `show`: the profiles of the library, and how far their numbers are to be trusted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rasters.bodies import Wires, past_fence
from rasters.errors import OptionError
from rasters.plain import unknown
from rasters.profile import Body
from rasters.responses import Stated, is_assumed
from scenarios.exit_codes import ExitCode
from scenarios.study.documents import read_document, validate
from scenarios.study.load import bundled_profiles
from scenarios.study.rules import RuleModel
from scenarios.study.species import SpeciesFile

__all__ = ["BORDER_WIRES", "SpeciesList", "SpeciesShown", "list_species", "numbers_in", "read_library", "show_species"]

BORDER_WIRES = Wires(top_m=1.7, strands=8, bottom_m=0.21)
"""The border fence of the bundled study, for the column `border fence`."""
BAR = 20
"""Longest bar of a curve [characters]."""
NUMBERS = ("value", "worth_km", "without_fence")
"""Keys that hold a number with an origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesList:
    """A row for each profile of the library."""

    rows: tuple[dict[str, Any], ...]
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"species": [dict(row) for row in self.rows]}

    def print(self, console: Console) -> None:
        """A table, and what comes next."""
        table = Table(box=None, pad_edge=False)
        for title in ("name", "species", "Latin", "body", "border fence as it stands", "origin of the numbers"):
            table.add_column(title, overflow="fold", no_wrap=title == "name")
        for row in self.rows:
            table.add_row(
                *(str(row[key]) for key in ("name", "en", "scientific_name", "body", "border_fence", "origins"))
            )
        console.print(table)
        console.print(
            "border fence: 8 strands to 1.7 m, as in the study ustyurt. No profile is validated. Next: otkel species show NAME, or otkel "
            "species new NAME --from NAME --into STUDY"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesShown:
    """The numbers of a profile with units and origins: ``what, where, value, unit, origin``."""

    name: str
    title: str
    rows: tuple[dict[str, Any], ...]
    assumptions: tuple[str, ...]
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"name": self.name, "numbers": [dict(row) for row in self.rows], "assumptions": list(self.assumptions)}

    def print(self, console: Console) -> None:
        """A table with a bar for each resistance, longest for the highest of its rule, then what a reader must know."""
        console.print(self.title, style="bold")
        table = Table(box=None, pad_edge=False)
        for title in ("what", "where", "value", "unit", "curve", "origin"):
            table.add_column(title, overflow="fold", justify="right" if title == "value" else "left")
        for what, group in itertools.groupby(self.rows, key=lambda row: row["what"]):
            part = list(group)
            most = max((row["value"] for row in part if row["curve"]), default=1.0)
            for i, row in enumerate(part):
                bar = _bar(row["value"], most) if row["curve"] else ""
                table.add_row(
                    what if i == 0 else "", row["where"], f"{row['value']:g}", row["unit"], bar, row["origin"]
                )
        console.print(table)
        for sentence in self.assumptions:
            console.print(f"- {sentence}")


def list_species() -> SpeciesList:
    """The profiles of the library."""
    return SpeciesList(rows=tuple(_row(name) for name in bundled_profiles()))


def show_species(name: str) -> SpeciesShown:
    """The numbers of a profile; OptionError for one that the library has not."""
    file = read_library(name)
    profile = file.to_profile()
    numbers = numbers_in(file.model_dump())
    return SpeciesShown(
        name=name,
        title=f"{file.label.en} ({file.scientific_name}): {_origins(profile.status, [origin for _, origin in numbers])}; the "
        f"{file.combine} of the rules, times the factors, at least {file.minimum:g}",
        rows=tuple(_numbers(file)),
        assumptions=file.assumptions,
    )


def read_library(name: str) -> SpeciesFile:
    """A profile of the library, checked; OptionError for one that it has not."""
    known = bundled_profiles()
    if name not in known:
        raise OptionError(unknown("species", name, known))
    return _read(known[name])


def _read(path: Path) -> SpeciesFile:
    document = read_document(path)
    return validate(SpeciesFile, document.data, document)


def numbers_in(node: Any, origin: str = "") -> list[tuple[float, str]]:
    """Every number of a profile that has an origin, and that origin; rows without one have their rule's."""
    if isinstance(node, Mapping):
        own = str(node.get("origin") or origin)
        here = [(float(node[key]), own) for key in NUMBERS if isinstance(node.get(key), int | float)]
        return here + [found for value in node.values() for found in numbers_in(value, own)]
    if isinstance(node, list | tuple):
        return [found for value in node for found in numbers_in(value, origin)]
    return []


def _row(name: str) -> dict[str, Any]:
    file = read_library(name)
    profile = file.to_profile()
    origins = [origin for _, origin in numbers_in(file.model_dump())]
    return {
        "name": name,
        **{lang: getattr(file.label, lang) for lang in ("en", "ru", "kk")},
        "scientific_name": file.scientific_name,
        "body": _body(profile.body),
        "border_fence": str(past_fence(profile.body, BORDER_WIRES)),
        "status": file.status,
        "numbers": len(origins),
        "assumed": sum(map(is_assumed, origins)),
        "origins": _origins(profile.status, origins),
    }


def _origins(status: str, origins: list[str]) -> str:
    return f"{status}, {sum(map(is_assumed, origins))} of {len(origins)} numbers assumed"


def _body(body: Body) -> str:
    def length(stated: Stated | None) -> str:
        return "?" if stated is None else f"{stated.value:g} m"

    ways = f"; {', '.join(name.replace('_', ' ') for name in body.other_ways)}" if body.other_ways else ""
    over = "does not jump" if body.jumps_m and body.jumps_m.value == 0 else f"over {length(body.jumps_m)}"
    return f"under {length(body.crawls_under_m)}, {over}, {length(body.min_width_m)} wide{ways}"


def _numbers(file: SpeciesFile) -> Iterator[dict[str, Any]]:
    for part in ("rules", "factors"):
        for rule in getattr(file, part):
            yield from _of_rule(part, rule)
    for kind, stated in file.permeability.items():
        for key, number in stated.to_data().numbers().items():
            yield _number(f"permeability.{kind}", key, number, _unit_of(key), stated.origin)
    for design, use in file.use_factor.items():
        yield _number("use_factor", design, use.value, "1", use.origin)
    for key in ("crawls_under_m", "jumps_m", "min_width_m"):
        if (length := getattr(file.body, key)) is not None:
            yield _number("body", key, length.value, "m", length.origin)
    if (rise := file.habituation) is not None:
        for years, share in zip(rise.years, rise.share, strict=True):
            yield _number("habituation", f"year {years:g}", share, "1", rise.origin, curve=True)
    for key, unit in (
        ("free_path_m", "m"),
        ("reach_m", "m"),
        ("dispersal_km", "km"),
        ("home_range_km2", "km2"),
        ("sensitivity_deg", "deg"),
    ):
        if (stated_number := getattr(file, key)) is not None:
            yield _number(key, "", stated_number.value, unit, stated_number.origin)


def _of_rule(part: str, rule: RuleModel) -> Iterator[dict[str, Any]]:
    what = f"{part}.{rule.layer}"
    unit = "" if rule.unit in ("class", "1") else f" {'%' if rule.unit == 'percent' else rule.unit}"
    low = -math.inf
    for step in rule.steps or ():
        where = f"below {step.below:g}{unit}" if step.below is not None else f"from {low:g}{unit} on"
        low = low if step.below is None else step.below
        yield _number(what, where, step.value, "1", step.origin or rule.origin, curve=True)
    for point in rule.points or ():
        yield _number(what, f"at {point.at:g}{unit}", point.value, "1", point.origin or rule.origin, curve=True)
    for row in rule.classes or ():
        where = f"{row.means} ({', '.join(map(str, row.codes))})"
        yield _number(what, where, row.value, "1", row.origin or rule.origin, curve=True)
    if (stated := rule.otherwise) is not None:
        yield _number(what, "other classes", stated.value, "1", stated.origin, curve=True)
    if (stated := rule.if_nodata) is not None:
        yield _number(what, "not known", stated.value, "1", stated.origin, curve=True)
    if (scaling := rule.measured_at) is not None:
        yield _number(
            what, f"exponent to read it on cells of {scaling.cell_m:g} m", scaling.exponent, "1", scaling.origin
        )


def _number(what: str, where: str, value: float, unit: str, origin: str, *, curve: bool = False) -> dict[str, Any]:
    return {"what": what, "where": where, "value": value, "unit": unit, "origin": origin, "curve": curve}


def _unit_of(key: str) -> str:
    return next((unit for end, unit in (("_km", "km"), ("_m", "m")) if key.endswith(end)), "1")


def _bar(value: float, most: float) -> str:
    """Length by the logarithm above 1, by the share below."""
    if most > 1:
        return "█" * max(1, round(BAR * math.log(max(value, 1.0)) / math.log(most)))
    return "█" * max(1, round(BAR * value))
