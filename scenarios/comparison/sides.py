"""Results side by side: what two or more runs say of the same species and places, and where they may not be compared.

The first side is the reference, ``a``; every other side is compared with it as ``b``. Numbers mean the same only on one
grid, with one stencil, one objective, the same species and places and for the same audience; anything else is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.errors import ConfigError, LayerNotFoundError, OptionError
from rasters.plain import unknown
from scenarios.comparison.tables import (
    agreement_table,
    difference_table,
    gain_table,
    headline_table,
    place_table,
    rank_table,
)
from scenarios.model.naming import passage_names
from scenarios.outputs.audience import Audience
from scenarios.outputs.release import Release, reader_of
from scenarios.outputs.stored import StoredResults
from scenarios.outputs.translate import ENGLISH, Language, language
from scenarios.outputs.words import audience_of, schematic_note
from scenarios.study.base import without_words
from scenarios.study.schema import Routes, Study

__all__ = ["ALL_SPECIES", "Comparison", "Pairing", "Side", "compare_sides", "folder_and_scenario", "sides_of"]

ALL_SPECIES = "all"
"""Stands for the species in tables about all of them together."""

OBJECTIVE = ("portfolio.objective", "solver.neighbours", "solver.neighbours_least_cost", "solver.edge_rule")
WEIGHTS = re.compile(r"ranking\..*_weight$|routes\.[^.]+\.weights\.")
"""Settings that numbers and scores are defined by, with the weights of the ranking and of places: runs that differ in one do not measure
the same."""

FOR_PEOPLE = without_words(("title", "credits", "assumptions")) | {
    "description",
    "scenarios",
    "uncertainty",
    "corridors",
}
"""Settings that no number of a run depends on, or that are not those of one scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One scenario of one set of results.

    Parameters
    ----------
    label : str
        What tables call it: the scenario, with its folder where two would have the same name.
    title : str
        Name for people.
    species : tuple of str
    settings : mapping
        The study with the scenario's overrides, as plain data; empty where the results do not say.
    inputs : mapping of str to str
        Name of each input file -> SHA-256.
    read : callable
        From a species to its `Release`.
    combined : DataFrame, optional
        Ranking over all species together.
    """

    label: str
    title: str
    species: tuple[str, ...]
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    read: Callable[[str], Release]
    combined: pd.DataFrame | None = None

    @classmethod
    def all_of(cls, results: StoredResults) -> tuple[Side, ...]:
        """Every scenario of a folder of results."""
        return sides_of([results])

    @property
    def folder_name(self) -> str:
        """The label as a name of a folder that is safe on every system and in links."""
        return re.sub(r"[^\w-]+", "-", self.label).strip("-") or "side"

    def __repr__(self) -> str:
        return f"Side({self.label!r}: {', '.join(self.species)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One species on two sides."""

    species: str
    base: Side
    other: Side
    a: Release
    b: Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Several sides against the first.

    Parameters
    ----------
    title : str
        Name of the study for people.
    sides : tuple of Side
        The reference first.
    names : dict of str to str
        Ids of species, places and candidates -> names for people.
    headlines : DataFrame
        One row per species, side and headline indicator: ``species, side, indicator, value, unit, reached, cores``.
    differences : DataFrame
        One row per species, pair and indicator: ``species, base, other, source, target, indicator, unit, a, b, difference, ratio,
        status``. Where one side is unreachable ``difference`` is ``inf`` or ``-inf``; where both are it is empty.
    gains : DataFrame
        One row per species and other side: what is gained, what it costs, and the gain per unit of cost.
    places : DataFrame
        One row per species, other side, and core or target: what is restored for it alone, and its best passage on both sides.
    ranks : DataFrame
        One row per species and candidate passage: rank and score on both sides.
    agreement : DataFrame
        One row per species and other side: Kendall's tau-b over the common candidates, overlap of the ten best.
    settings : DataFrame
        What the sides were given differently: ``other, key, a, b``.
    audience : tuple of Audience and str
        For whom the results are, and what was done for them.
    warning : str
        What is not surveyed on any side.
    """

    title: str
    sides: tuple[Side, ...]
    names: dict[str, str]
    headlines: pd.DataFrame
    differences: pd.DataFrame
    gains: pd.DataFrame
    places: pd.DataFrame
    ranks: pd.DataFrame
    agreement: pd.DataFrame
    settings: pd.DataFrame
    audience: tuple[Audience, str] = (Audience.RESTRICTED, "")
    warning: str = ""
    say: Language = ENGLISH

    @property
    def base(self) -> Side:
        """The reference."""
        return self.sides[0]

    @property
    def others(self) -> tuple[Side, ...]:
        """What is compared with it."""
        return self.sides[1:]

    @property
    def species(self) -> tuple[str, ...]:
        """Species, in the order of the reference."""
        return self.base.species

    def pairings(self, species: str) -> tuple[Pairing, ...]:
        """The runs of a species on the base's and each other side, rasters and all."""
        a = self.base.read(species)
        return tuple(
            Pairing(species=species, base=self.base, other=other, a=a, b=other.read(species)) for other in self.others
        )

    def __repr__(self) -> str:
        others = ", ".join(side.label for side in self.others)
        return f"Comparison({others} with {self.base.label}; species {', '.join(self.species)})"


def sides_of(results: Sequence[StoredResults], chosen: Sequence[str | None] = ()) -> tuple[Side, ...]:
    """Every scenario of stored results as a side.

    Parameters
    ----------
    results : sequence of StoredResults
    chosen : sequence of str or None, optional
        For each of them the only scenario that is wanted; None for all.

    Raises
    ------
    LayerNotFoundError
        A scenario that is wanted is not there.
    """
    wanted = chosen or [None] * len(results)
    for one, only in zip(results, wanted, strict=True):
        one.require_settings()
        if only is not None and only not in one.scenarios:
            raise LayerNotFoundError(f"{one.folder}: {unknown('scenario', only, one.scenarios)}")
    pairs = [(one, s) for one, only in zip(results, wanted, strict=True) for s in one.scenarios if only in (None, s)]
    names = [scenario for _, scenario in pairs]
    return tuple(
        _side(one, scenario, scenario if names.count(scenario) == 1 else f"{one.folder.name}/{scenario}")
        for one, scenario in pairs
    )


def _side(results: StoredResults, scenario: str, label: str) -> Side:
    entries = [entry for entry in results.manifest["runs"] if entry["scenario"] == scenario]
    settings = results.manifest["scenarios"].get(scenario, {})
    return Side(
        label=label,
        title=entries[0]["titles"].get("scenario", scenario),
        species=tuple(e["species"] for e in entries),
        settings=settings if "grid" in settings else {},
        inputs={name: described["sha256"] for name, described in results.manifest["inputs"].items()},
        read=partial(results.run, scenario),
        combined=results.combined.get(scenario),
    )


def compare_sides(sides: Sequence[Side], base: str | None = None, lang: str = "en") -> Comparison:
    """Compare every side with the first, or with the one named ``base``; titles and names are in a language.

    Raises
    ------
    ConfigError
        Fewer than two sides, no side called ``base``, or sides that do not measure the same; names each key that differs.
    """
    ordered = _ordered(sides, base)
    first = ordered[0]
    runs = {side.label: {name: _without_rasters(side.read(name)) for name in side.species} for side in ordered}
    for other in ordered[1:]:
        _require_comparable(first, other, runs[first.label], runs[other.label])
    labels = [side.label for side in ordered[1:]]
    combined = {side.label: side.combined for side in ordered if side.combined is not None}
    every = [run for of_side in runs.values() for run in of_side.values()]
    say = language(lang, every)
    ranks = rank_table(runs, first.label, labels, combined, ALL_SPECIES)
    named = {key: say(name) for key, name in _names(runs[first.label].values()).items()}
    return Comparison(
        title=say(next(iter(runs[first.label].values())).titles.get("study", "")),
        sides=tuple(replace(side, title=say(side.title)) for side in ordered),
        say=say,
        names=_candidate_names(every, ranks, say) | named,
        headlines=headline_table(runs),
        differences=difference_table(runs, first.label, labels),
        gains=gain_table(runs, first.label, labels, _weights(first), _routes(first)),
        places=place_table(runs, first.label, labels, _routes(first)),
        ranks=ranks,
        agreement=agreement_table(runs, first.label, labels, combined, ALL_SPECIES),
        settings=_settings_table(first, ordered[1:]),
        audience=audience_of(runs[first.label].values()),
        warning=max((schematic_note(run) for of_side in runs.values() for run in of_side.values()), key=len),
    )


def _ordered(sides: Sequence[Side], base: str | None) -> list[Side]:
    labels = [side.label for side in sides]
    if len(sides) < 2:
        raise ConfigError(
            f"nothing to compare {', '.join(labels) or 'with'} with: give another folder of results, or one with several scenarios"
        )
    if len({side.folder_name.casefold() for side in sides}) < len(labels):
        raise ConfigError(f"two sides have the same name: {', '.join(labels)}; give folders of different names")
    if base is None:
        return list(sides)
    if base not in labels:
        raise OptionError(f"--base: {unknown('side', base, labels)}")
    return sorted(sides, key=lambda side: side.label != base)


def _without_rasters(run: Release) -> Release:
    """What tables need, so that the runs of many sides fit into memory."""
    nothing = np.empty((0, 0))
    return replace(run, model=None, cwd=nothing, corridor=nothing, current_density=nothing, layers={})


Runs = Mapping[str, Release]


def _require_comparable(first: Side, other: Side, a: Runs, b: Runs) -> None:
    """Raise ConfigError that lists every key in which two sides do not measure the same."""
    faults = list(_faults(first, other, a, b))
    if faults:
        listed = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigError(
            f"{other.label} cannot be compared with {first.label}, because their numbers do not mean the same:\n{listed}\n"
            "run both again with the same settings, or compare other runs"
        )


def _faults(first: Side, other: Side, a: Runs, b: Runs) -> Iterator[str]:
    if set(first.species) != set(other.species):
        yield f"species: {', '.join(sorted(first.species))} against {', '.join(sorted(other.species))}"
    one, two = next(iter(a.values())), next(iter(b.values()))
    if one.study != two.study:
        yield f"study: {one.study} against {two.study}"
    if one.fence_formula != two.fence_formula:
        yield f"fence formula: {one.fence_formula} against {two.fence_formula}; run the older results again"
    if reader_of(one) != reader_of(two):
        yield f"audience: {reader_of(one)} against {reader_of(two)}"
    if (
        one.grid.shape != two.grid.shape
        or one.grid.transform != two.grid.transform
        or one.grid.pyproj_crs != two.grid.pyproj_crs
    ):
        yield f"grid: {one.grid} against {two.grid}"
    for species in sorted(set(a) & set(b)):
        pairs = [set(zip(run.pairs["source"], run.pairs["target"], strict=True)) for run in (a[species], b[species])]
        apart = sorted({place for pair in pairs[0] ^ pairs[1] for place in pair})
        withheld = [side.label for side, pair in zip((first, other), pairs, strict=True) if not pair]
        if withheld:
            yield f"{species}: the numbers of {' and '.join(withheld)} are withheld from the public, because passages stand there"
        elif apart:
            yield f"routes.{species}: other places to start from or to reach: {', '.join(apart)}"
    values = [_flat(side.settings) for side in (first, other)]
    weights = [key for key in {**values[0], **values[1]} if WEIGHTS.match(key)]
    for key in (*weights, *OBJECTIVE) if all(values) else ():
        one_value, other_value = (side.get(key, "not set") for side in values)
        if one_value != other_value:
            yield f"{key}: {one_value} against {other_value}"


def _flat(settings: Mapping[str, Any]) -> dict[str, str]:
    """Dotted key -> value as JSON, with every default filled in; empty without settings."""
    if not settings:
        return {}
    dumped = Study.model_validate(dict(settings)).model_dump(mode="json", by_alias=True)
    return dict(_leaves({key: value for key, value in dumped.items() if key not in FOR_PEOPLE}, ""))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, json.dumps(value, ensure_ascii=False)


def _settings_table(first: Side, others: Sequence[Side]) -> pd.DataFrame:
    rows = [row for other in others for row in _setting_rows(first, other)]
    return pd.DataFrame(rows, columns=["other", "key", "a", "b"])


def _setting_rows(first: Side, other: Side) -> Iterator[tuple[str, str, str, str]]:
    a, b = _flat(first.settings), _flat(other.settings)
    for key in dict.fromkeys([*a, *b]):
        if a.get(key) != b.get(key):
            yield other.label, key, a.get(key, "not set"), b.get(key, "not set")
    for name in sorted(set(first.inputs) & set(other.inputs)):
        if first.inputs[name] != other.inputs[name]:
            yield other.label, f"file {name}", first.inputs[name][:12], other.inputs[name][:12]


def _weights(side: Side) -> dict[str, float]:
    """Species -> the study's weight, where the results say it."""
    if not side.settings:
        return {}
    return {name: entry.weight for name, entry in Study.model_validate(dict(side.settings)).species.items()}


def _routes(side: Side) -> dict[str, Routes]:
    """Species -> cores, targets and their weights, where the results say it."""
    return Study.model_validate(dict(side.settings)).routes if side.settings else {}


def _candidate_names(runs: Sequence[Release], ranks: pd.DataFrame, say: Language) -> dict[str, str]:
    """Candidate -> what people call the passage: its section and kilometre."""
    fences = {fence.id: fence for run in runs for fence in run.cuts.fences}
    once = ranks.drop_duplicates("candidate")
    return dict(zip(once["candidate"], passage_names(tuple(fences.values()), once, say), strict=True))


def _names(runs: Any) -> dict[str, str]:
    names = {"any": "any target", ALL_SPECIES: "all species"}
    for run in runs:
        names[run.species] = run.titles.get("species", run.species)
        names |= {place.id: place.name for place in run.places}
    return names


def folder_and_scenario(given: str | Path) -> tuple[Path, str | None]:
    """A folder of results, or one scenario's folder within it, as people write it."""
    path = Path(given)
    if not (path / "manifest.json").is_file() and (path.parent / "manifest.json").is_file() and path.is_dir():
        return path.parent, path.name
    return path, None
