"""A comparison in words and figures for people: labels, values, changes; the rows of the one-page table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from rasters.numbers import CUT_OFF, DASH, MINUS, NO_ROUTE, figure, signed_percent
from scenarios.comparison.sides import ALL_SPECIES, Comparison
from scenarios.comparison.tables import HIGHER_IS_BETTER
from scenarios.outputs.translate import Language

__all__ = [
    "HEADLINES",
    "Headline",
    "TableRow",
    "change_words",
    "findings",
    "html_table",
    "settings_in_words",
    "table_rows",
    "value_words",
]

SAME = 5e-5
"""A relative change under this share is shown as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """An indicator in words: its label, the unit it is shown in, and how many of its own units that is."""

    indicator: str
    label: str
    unit: str
    per_shown: float = 1.0

    def change(self, a: float, b: float) -> str:
        """What became of its value, in words; counts as a difference."""
        if self.indicator == "fence_crossings" and math.isfinite(a) and math.isfinite(b):
            return "same" if a == b else signed_words(b - a)
        return change_words(a, b)

    @property
    def better(self) -> str:
        """Which way is better."""
        return "higher" if self.indicator in HIGHER_IS_BETTER else "lower"


HEADLINES = (
    Headline(indicator="least_cost_m", label="Least cost to the nearest target", unit="effective km", per_shown=1000.0),
    Headline(indicator="effective_resistance_ohm", label="Effective resistance to all targets", unit="\u03a9"),
    Headline(indicator="fence_crossings", label="Fences crossed on the way", unit=""),
    Headline(indicator="arriving_share", label="Walkers that arrive alive", unit="%", per_shown=0.01),
    Headline(indicator="eca_km2", label="Equivalent connected area", unit="km\u00b2"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of the one-page table: ``cells`` has the reference's value, then value and change of each other side."""

    species: str
    label: str
    unit: str
    cells: tuple[str, ...]


def signed_words(value: float) -> str:
    """A difference with its sign."""
    return ("+" if value > 0 else "") + figure(value, digits=3)


def value_words(value: float, headline: Headline) -> str:
    """A headline's value in the unit it is shown in."""
    return figure(value / headline.per_shown, headline.unit, 3 if headline.unit == "%" else 4)


def change_words(a: float, b: float) -> str:
    """What became of a value: per cent, or words where one of them is no number."""
    if math.isnan(a) and math.isnan(b):
        return DASH
    if not math.isfinite(a) and not math.isfinite(b):
        return f"{NO_ROUTE} in both"
    if not math.isfinite(a):
        return "now reached"
    if not math.isfinite(b):
        return CUT_OFF
    if a == b or (a != 0 and abs(b / a - 1) < SAME):
        return "same"
    if a == 0:
        return "from 0"
    return signed_percent(b / a - 1)


# ------------------------------------------------------------------------------------------------------------ the table


def table_rows(comparison: Comparison) -> list[TableRow]:
    """The rows of the one-page table, species by species, then what the sides cost."""
    rows = [row for species in comparison.species for row in _species_rows(comparison, species)]
    return [_said(row, comparison.say) for row in (*rows, *_cost_rows(comparison))]


def _said(row: TableRow, say: Language) -> TableRow:
    """A row in the comparison's language."""
    cells = tuple(say(cell) for cell in row.cells)
    return TableRow(species=say(row.species), label=say(row.label), unit=say(row.unit), cells=cells)


def _species_rows(comparison: Comparison, species: str) -> Iterator[TableRow]:
    name = comparison.names.get(species, species)
    table = comparison.headlines[comparison.headlines["species"] == species]
    by_side = {side.label: table[table["side"] == side.label] for side in comparison.sides}
    labels = [side.label for side in comparison.others]
    yield TableRow(species=name, label="Cores that reach a target", unit="", cells=_reached(comparison, by_side))
    for headline in HEADLINES:
        values = [_value(by_side[side.label], headline.indicator) for side in comparison.sides]
        if all(value is None for value in values):
            continue
        known = [math.nan if value is None else value for value in values]
        cells = [value_words(known[0], headline)]
        for value in known[1:]:
            cells += [value_words(value, headline), headline.change(known[0], value)]
        yield TableRow(species=name, label=headline.label, unit=headline.unit, cells=tuple(cells))
    yield _share_row(comparison, species, name, labels)
    yield _agreement_row(comparison, species, name, labels)


def _reached(comparison: Comparison, by_side: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    counts = [by_side[side.label].iloc[0] for side in comparison.sides]
    texts = [f"{int(row['reached'])} of {int(row['cores'])}" for row in counts]
    first = int(counts[0]["reached"])
    cells = [texts[0]]
    for row, text in zip(counts[1:], texts[1:], strict=True):
        more = int(row["reached"]) - first
        cells += [text, "same" if not more else signed_words(more)]
    return tuple(cells)


def _value(table: pd.DataFrame, indicator: str) -> float | None:
    found = table.loc[table["indicator"] == indicator, "value"]
    return float(found.iloc[0]) if len(found) else None


def _share_row(comparison: Comparison, species: str, name: str, others: Sequence[str]) -> TableRow:
    cells = [DASH]
    for other in others:
        row = _gain(comparison, species, other)
        cells += [signed_percent(row["conductance_share"]).removeprefix("+"), ""]
    label = "Given back of what the fences take (conductance)"
    return TableRow(species=name, label=label, unit="", cells=tuple(cells))


def _gain(comparison: Comparison, species: str, other: str) -> pd.Series:
    table = comparison.gains
    return table[(table["species"] == species) & (table["other"] == other)].iloc[0]


def _agreement_row(comparison: Comparison, species: str, name: str, others: Sequence[str]) -> TableRow:
    table = comparison.agreement[comparison.agreement["species"] == species].set_index("other")
    names = comparison.names
    cells = [names.get(best := str(table["best_a"].iloc[0]), best)]
    for other in others:
        row = table.loc[other]
        cells += [names.get(best := str(row["best_b"]), best), agreement_words(row)]
    return TableRow(species=name, label="Best passage; agreement of the orders", unit="", cells=tuple(cells))


def agreement_words(row: Any) -> str:
    """How far two orders of passages agree."""
    if not math.isfinite(row["tau_b"]):
        return DASH
    return f"\u03c4 = {row['tau_b']:.2f}, {row['top10_common']} of {row['top10']}".replace("-", MINUS)


def _cost_rows(comparison: Comparison) -> Iterator[TableRow]:
    first = comparison.species[0]
    table = comparison.headlines[comparison.headlines["species"] == first]
    for indicator, label, unit in (
        ("standing_openings", "Openings that stand", ""),
        ("cost", "What they and the actions cost", "cost units"),
    ):
        values = [_value(table[table["side"] == side.label], indicator) or 0.0 for side in comparison.sides]
        cells = [figure(values[0])]
        for value in values[1:]:
            more = value - values[0]
            cells += [figure(value), "same" if not more else signed_words(more)]
        yield TableRow(species="All species", label=label, unit=unit, cells=tuple(cells))
    cells = [DASH]
    for side in comparison.others:
        cells += [per_cost_words(comparison, ALL_SPECIES, side.label), ""]
    yield TableRow(
        species="All species", label="Given back per 100 cost units (weighted mean)", unit="", cells=tuple(cells)
    )


def per_cost_words(comparison: Comparison, species: str, other: str) -> str:
    """Share of conductance restored per hundred cost units; why there is none in words."""
    if species not in set(comparison.gains["species"]):
        return DASH
    row = _gain(comparison, species, other)
    if not math.isfinite(row["conductance_share_per_cost"]):
        return "no cost stated" if row["extra_cost"] <= 0 and math.isfinite(row["conductance_share"]) else DASH
    return signed_percent(100 * row["conductance_share_per_cost"]).removeprefix("+")


def html_table(comparison: Comparison) -> str:
    """The table as plain HTML, for notebooks."""
    change = escape(comparison.say("change"))
    sides = "".join(f"<th>{escape(side.title)}</th><th>{change}</th>" for side in comparison.others)
    head = f"<tr><th></th><th></th><th>{escape(comparison.base.title)}</th>{sides}</tr>"
    rows = [
        f"<tr><td>{escape(row.species)}</td><td>{escape(row.label)}{f' [{row.unit}]' if row.unit else ''}</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        + "</tr>"
        for row in table_rows(comparison)
    ]
    note = f"<p>\u26a0 {escape(comparison.warning)}</p>" if comparison.warning else ""
    return f"{note}<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


# ------------------------------------------------------------------------------------------------------------- sentences


def findings(comparison: Comparison) -> list[str]:
    """What a planner should know first, one sentence for each species and other side."""
    return [
        _finding(comparison, species, side.label, side.title)
        for side in comparison.others
        for species in comparison.species
    ]


def _finding(comparison: Comparison, species: str, other: str, title: str) -> str:
    name = comparison.names.get(species, species)
    table = comparison.headlines[comparison.headlines["species"] == species].set_index(["side", "indicator"])
    base = comparison.base.label
    a, b = (float(table.loc[(side, "least_cost_m"), "value"]) for side in (base, other))
    reached = [int(table.loc[(side, "least_cost_m"), "reached"]) for side in (base, other)]
    cores = int(table.loc[(base, "least_cost_m"), "cores"])
    say, gain = comparison.say, _gain(comparison, species, other)
    values = {
        "n": reached[1],
        "before": reached[0],
        "total": cores,
        "now": say(value_words(b, HEADLINES[0])),
        "then": say(value_words(a, HEADLINES[0])),
        "change": say(change_words(a, b)),
        "share": say(signed_percent(gain["conductance_share"]).removeprefix("+")),
    }
    if reached[0] != reached[1]:
        words = say("{n} of {total} cores reach a target instead of {before}")
    elif not reached[0]:
        return f"{name}, {title}: {say('no core reaches a target, as in the base scenario')}."
    else:
        words = say("the way to the nearest target costs {now} effective km instead of {then} ({change})")
    if values["share"] != DASH:
        words += f"; {say('{share} of the conductance that the fences take is restored')}"
    return f"{name}, {title}: {words.format(**values)}."


# -------------------------------------------------------------------------------------------------------------- settings

SETTINGS = {
    "openings": "Openings that stand",
    "done": "Actions done",
    "fences.active": "Fence lines that stand",
    "fences": "Fences",
    "year": "Year",
    "grid": "Grid",
    "grid.cell_m": "Cell size, m",
    "candidates": "Candidates",
    "candidates.every_m": "Candidates every, m",
    "candidates.design": "Design of candidates",
    "candidates.min_spacing_m": "Least distance between passages, m",
    "candidates.points": "Own candidates",
    "portfolio": "Plan",
    "portfolio.actions": "Actions to choose from",
    "portfolio.budget": "Budget",
    "ranking": "Ranking",
    "routes": "Cores and targets",
    "species": "Species",
    "designs": "Designs",
    "layers": "Layers",
    "mortality": "Mortality",
    "actions": "Actions",
    "file": "File",
}
"""Setting, or section of settings -> what people call it."""


def settings_in_words(comparison: Comparison) -> list[dict[str, str]]:
    """What differs in the settings, for people: what it is called, its key, and both values as words."""
    titles = {side.label: side.title for side in comparison.sides}
    return [
        {
            "other": titles.get(row["other"], row["other"]),
            "key": row["key"],
            "name": setting_name(row["key"], comparison.say),
            "a": setting_words(row["key"], row["a"], comparison.say),
            "b": setting_words(row["key"], row["b"], comparison.say),
        }
        for row in comparison.settings.to_dict("records")
    ]


def setting_name(key: str, say: Language) -> str:
    """What people call a setting: its own name, or that of the section that it is in; empty where none is known."""
    if key.startswith("file "):
        return say(SETTINGS["file"])
    parts = key.split(".")
    known = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((say(SETTINGS[one]) for one in known if one in SETTINGS), "")


def setting_words(key: str, value: str, say: Language) -> str:
    """A value, given as JSON, in words: lists item by item, openings by name, design and place."""
    if key.startswith("file "):
        return f"{say('contents')} {value}"
    try:
        return _value_words(json.loads(value), say) or say("none")
    except ValueError:
        return say(value)


def _value_words(value: Any, say: Language) -> str:
    if isinstance(value, dict):
        return _opening_words(value, say) if "fence_line" in value and "id" in value else _pairs_words(value, say)
    if isinstance(value, list):
        return "; ".join(_value_words(one, say) for one in value)
    if isinstance(value, bool) or value is None:
        return say({True: "yes", False: "no", None: "not set"}[value])
    return say(f"{value:g}" if isinstance(value, float) else str(value).replace("_", " "))


def _pairs_words(value: dict[str, Any], say: Language) -> str:
    told = ((key, _value_words(one, say)) for key, one in value.items() if one not in (None, [], {}, ""))
    return ", ".join(f"{key.replace('_', ' ')}: {words}" for key, words in told)


def _opening_words(rule: dict[str, Any], say: Language) -> str:
    """An opening by name, design and place, with its months where it is not open all year."""
    if rule.get("every_m"):
        where = say("every {metres} m").format(metres=say(f"{rule['every_m']:g}"))
    elif rule.get("lat") is not None:
        where = say.position(float(rule["lat"]), float(rule["lon"]), decimals=3)
    else:
        where = ", ".join(map(str, rule.get("at", ())))
    months = rule.get("months") or []
    season = [f"{say('months')} {', '.join(map(str, months))}"] if months else []
    planned = [say("planned")] if rule.get("state") == "planned" else []
    name = say(rule.get("name") or rule["id"].replace("_", " "))
    return f"{name} ({', '.join([say.design(rule['design']), where, *season, *planned])})"
