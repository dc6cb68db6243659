"""What an import changes in study.yaml, besides the features themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasters.files.writing import replacing
from scenarios.importing.account import Account, some
from scenarios.importing.fields import number_in, text_in
from scenarios.study.editing import with_items, with_value
from scenarios.study.faults import KeyPath
from scenarios.study.fences import FenceWires
from scenarios.study.load import ResolvedStudy

__all__ = ["Changes", "activate_lines", "line_values", "route_places", "set_routes"]

SEPARATIONS: KeyPath = ("fences", "separations")
BUILT = ("top_m", "strands", "bottom_m")
HIGHEST_M = 10.0
"""No wire fence is higher; the number is of another unit."""


@dataclass(slots=True)
class Changes:
    """Keys of study.yaml that get another value, and lists that get further items."""

    values: dict[KeyPath, Any] = field(default_factory=dict)
    items: dict[KeyPath, list[Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.items)

    def applied(self, text: str, path: Path) -> str:
        """The text of the study with all of them."""
        for key, value in self.values.items():
            text = with_value(text, key, value, path)
        for key, more in self.items.items():
            text = with_items(text, key, more, path)
        return text


def activate_lines(
    resolved: ResolvedStudy,
    new: Sequence[str],
    there: Collection[str],
    changes: Changes,
    account: Account,
    *,
    active: bool,
) -> None:
    """New fence lines stand; what named lines that are in no file, as a template does, is taken out."""
    settings = resolved.study.fences
    gone = [line for line in settings.active if line not in there]
    fresh = [line for line in new if line not in settings.active] if active else []
    if gone:
        changes.values["fences", "active"] = [*(line for line in settings.active if line in there), *fresh]
        account.tell("corrected", len(gone), "fence lines that are in no file taken out of fences.active", some(gone))
    elif fresh:
        changes.items["fences", "active"] = fresh
    account.tell("came in", len(fresh), "fence lines that stand now (fences.active)", some(fresh))
    kept = [one for one in settings.separations if set(one.fences) <= {*there}]
    _separations(resolved, [one in kept for one in settings.separations], changes, account)
    if settings.coverage == "unknown" and new:
        changes.values["fences", "coverage"] = "partial"


def _separations(resolved: ResolvedStudy, good: Sequence[bool], changes: Changes, account: Account) -> None:
    """Only what can be tested stays."""
    if all(good):
        return
    stated = resolved.settings["fences"].get("separations", [])
    before = changes.values.get(SEPARATIONS, stated)
    left = [row for row, keep in zip(stated, good, strict=True) if keep and row in before]
    changes.values[SEPARATIONS] = left
    account.tell(
        "corrected",
        len(before) - len(left),
        "separations of lines or regions that are in no file taken out",
        "say under fences.separations what the fences keep apart; otkel check proves it",
    )


def route_places(
    resolved: ResolvedStudy,
    roles: Mapping[str, Sequence[str]],
    there: Collection[str],
    changes: Changes,
    account: Account,
) -> None:
    """Places to move ``from`` and ``to`` join the routes of every species; ids that are in no file are taken out.

    A side whose ids are all in no file, and for which nothing comes, stays as it is, and is told.
    """
    dangling: set[str] = set()
    for species, routes in resolved.study.routes.items():
        for side, ids in (("from", routes.origin), ("to", routes.targets)):
            gone = [one for one in ids if one not in there]
            fresh = [one for one in roles.get(side, ()) if one not in (*routes.origin, *routes.targets)]
            left = [*(one for one in ids if one in there), *fresh]
            if gone and not left:
                account.tell(
                    "look at", 1, f"routes.{species}.{side}", f"{some(gone)}: in no file; say who moves between which"
                )
            elif gone:
                changes.values["routes", species, side] = left
                dangling.update(gone)
            elif fresh:
                changes.items["routes", species, side] = fresh
    for side, named in roles.items():
        account.tell("came in", len(named), f"places to move {side} (routes)", some(list(named)))
    account.tell("corrected", len(dangling), "places that are in no file taken out of routes", some(sorted(dangling)))
    good = [{*one.side_a, *one.side_b} <= {*there} for one in resolved.study.fences.separations]
    _separations(resolved, good, changes, account)


def set_routes(resolved: ResolvedStudy, origin: Sequence[str], targets: Sequence[str]) -> None:
    """Every species of a study moves from some places to others, and between no others."""
    text = resolved.path.read_text(encoding="utf-8")
    for species in resolved.study.routes:
        text = with_value(text, ("routes", species, "from"), list(origin), resolved.path)
        text = with_value(text, ("routes", species, "to"), list(targets), resolved.path)
    with replacing(resolved.path) as part:
        part.write_text(text, encoding="utf-8")


def line_values(
    resolved: ResolvedStudy,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    origin: str,
    changes: Changes,
    account: Account,
) -> None:
    """How a line is built and what it lets through, where all its features say the same.

    Parameters
    ----------
    rows : mapping of str to sequence of mappings
        Fence line -> what each of its features says: ``top_m, strands, bottom_m, permeability, worth_km, origin``.
    """
    differ: list[str] = []
    for line, said in rows.items():
        own = {
            name: _one([row.get(name) for row in said], name, line, differ)
            for name in (*BUILT, "permeability", "worth_km")
        }
        sources = list(dict.fromkeys(text_in(row.get("origin")) for row in said if row.get("origin")))
        source = "; ".join(sources[:3]) or origin
        _wires(resolved, line, own, source, changes, account)
        _permeability(resolved, line, own, source, changes, account)
    account.tell("look at", len(differ), "numbers that differ along a fence line, not used", some(differ))


def _one(values: Sequence[Any], name: str, line: str, differ: list[str]) -> float | None:
    """The number that all say; None where nobody does, or not the same."""
    numbers = {number for value in values if value is not None and (number := number_in(value)) is not None}
    if len(numbers) > 1:
        differ.append(f"{name} of {line} ({', '.join(f'{number:g}' for number in sorted(numbers)[:4])})")
    return numbers.pop() if len(numbers) == 1 else None


def _wires(
    resolved: ResolvedStudy, line: str, own: Mapping[str, float | None], origin: str, changes: Changes, account: Account
) -> None:
    stated = {name: own[name] for name in BUILT if own[name] is not None}
    if not stated:
        return
    missing = [name for name in BUILT if name not in stated]
    if missing:
        account.tell(
            "look at", 1, f"wires of {line} not stated", f"there is {_words(stated)}, but no {', '.join(missing)}"
        )
        return
    wires = {"top_m": stated["top_m"], "strands": round(stated["strands"] or 0), "bottom_m": stated["bottom_m"]}
    if not 0 < (stated["top_m"] or 0) <= HIGHEST_M or not _stands(wires):
        text = (
            f"{_words(wires)}: no fence is built like that; heights are in metres, the lowest strand below the highest"
        )
        account.tell("left out", 1, f"wires of {line}", text)
        return
    if line in resolved.study.fences.wires:
        account.tell("look at", 1, f"fences.wires.{line} stays as it is", f"the file says {_words(wires)}")
        return
    changes.values["fences", "wires", line] = {**wires, "origin": origin}
    account.tell("came in", 1, f"fences.wires.{line}", _words(wires))


def _stands(wires: Mapping[str, Any]) -> bool:
    try:
        FenceWires.model_validate({**wires, "origin": "file"})
    except ValueError:
        return False
    return True


def _permeability(
    resolved: ResolvedStudy, line: str, own: Mapping[str, float | None], origin: str, changes: Changes, account: Account
) -> None:
    share, worth = own["permeability"], own["worth_km"]
    if share is None and worth is None:
        return
    if worth is None and share not in (0.0, 1.0):
        text = f"{share:g} says nothing without the scale at which it was measured; state it under fences.permeability"
        account.tell("left out", 1, f"permeability of {line}", text)
        return
    if line in resolved.study.fences.permeability:
        account.tell("look at", 1, f"fences.permeability.{line} stays as it is")
        return
    stated = {"value": share} if worth is None else {"worth_km": worth}
    changes.values["fences", "permeability", line] = {
        species: {**stated, "origin": origin} for species in resolved.study.species
    }
    account.tell("came in", 1, f"fences.permeability.{line}", f"{_words(stated)} for every species")


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
