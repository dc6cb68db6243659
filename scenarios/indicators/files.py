"""What `otkel indicators` writes: a tidy table, the changes, a chart, a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.numbers import NO_ROUTE
from scenarios.indicators.values import YEARLY
from scenarios.indicators.years import Year
from scenarios.model.indicators import over_cores
from scenarios.outputs.audience import Audience, audience_note, badge
from scenarios.outputs.cartography.chart import CHART_WIDTH, page_of
from scenarios.outputs.cartography.sheet import INK, MUTED, save_png
from scenarios.outputs.columns import Column, column_dictionary, column_of
from scenarios.outputs.pages.frame import Table, as_table, write_page
from scenarios.outputs.tables import write_dictionary
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.rates import LEVEL

__all__ = ["IndicatorResults", "for_audience", "write_indicators"]

LEAST_CHANGE = 0.005
"""Changes below this share are not worth a sentence."""
SYNTHETIC = "SYNTHETIC field data: made by a simulator, observed by nobody"
ASSUMED = (
    "The model's indicators rest on resistances, permeabilities and use factors that the study only assumes; their intervals are "
    "ranges over draws of those assumptions and no sampling error. Ratios between years use the same draws, so that what is not "
    "known in any year does not hide what changed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorResults:
    """Indicators of all years, of the model and of the field."""

    years: tuple[Year, ...]
    table: pd.DataFrame
    changes: pd.DataFrame
    draws: int
    seed: int
    synthetic: bool
    audience: Audience
    habits: tuple[str, ...] = ()
    """How far animals are used to young openings, in sentences."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Ids of species and of cores -> their names for people."""
    say: Language = ENGLISH

    def name_of(self, id: str) -> str:
        """A species or a core as people know it."""
        return self.say(self.names.get(id, id.replace("_", " ")))

    def sentences(self) -> list[str]:
        """What each year was and what changed, species by species."""
        say = self.say
        said = [f"{say(SYNTHETIC)}."] if self.synthetic else []
        said += [f"{year.year}: {say(year.resolved.scenario_title)}." for year in self.years]
        said += self.habits
        whole = self.changes[self.changes["source"] == ""] if len(self.changes) else self.changes
        for row in whole.to_dict("records"):
            if np.isfinite(row["ratio"]) and abs(row["ratio"] - 1.0) >= LEAST_CHANGE:
                low, high, ratio = (say(f"{row[key]:.3g}") for key in ("low", "high", "ratio"))
                spread = f" ({say('{low} to {high}').format(low=low, high=high)})" if row["low"] < row["high"] else ""
                title = say(_said(row["indicator"]).title)
                who = self.name_of(row["species"])
                said.append(
                    f"{who}, {row['before']} \u2013 {row['year']}: {title[0].lower()}{title[1:]} \u00d7 {ratio}{spread}."
                )
        return said


def for_audience(found: IndicatorResults) -> IndicatorResults:
    """The same without single cores and to two figures for the public; numbers could tell by trial what was opened where."""
    if found.audience is not Audience.PUBLIC:
        return found
    numbers = ["value", "low", "high", "ratio"]
    tables = [table[table["source"] == ""].reset_index(drop=True) for table in (found.table, found.changes)]
    tables = [table.assign(**{n: table[n].map(_two_figures) for n in numbers if n in table}) for table in tables]
    return replace(found, table=tables[0], changes=tables[1])


def _two_figures(value: float) -> float:
    return float(f"{value:.2g}")


def write_indicators(found: IndicatorResults, folder: Path) -> None:
    """Write ``indicators.csv``, ``changes.csv``, ``columns.csv``, ``indicators.png`` and ``index.html``."""
    tables = {"indicators.csv": found.table, "changes.csv": found.changes}
    rows = column_dictionary({"indicators.csv": YEARLY}, "indicators")
    write_dictionary(folder, tables, extra=rows.assign(column="indicator = " + rows["column"]))
    draw_years(found, folder / "indicators.png")
    _write_page(found, folder)


def draw_years(found: IndicatorResults, path: Path) -> Path:
    """One panel per indicator: value and interval by year, a colour and a mark per species; the median over cores."""
    names = [name for name in YEARLY if name in set(found.table["indicator"])]
    rows = -(-len(names) // 2)
    figure = page_of(CHART_WIDTH, 2.7 * rows + 0.9, layout="constrained")
    every = figure.subplots(rows, 2, squeeze=False).ravel()
    species = [name for name in dict.fromkeys(found.table["species"]) if name]
    for axes, name in zip(every, names, strict=False):
        _panel(axes, found, name, species)
    for axes in every[len(names) :]:
        axes.axis("off")
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False, fontsize=9)
    say = found.say
    note = f"{say('SYNTHETIC FIELD DATA')}.  " if found.synthetic else ""
    told = f"{note}{say('Model values rest on assumptions.')}  {say(badge(found.audience))}"
    figure.supxlabel(told, fontsize=8, color=MUTED)
    return save_png(figure, path)


def _panel(axes: Any, found: IndicatorResults, name: str, species: list[str]) -> None:
    colours, marks = mpl.colormaps["cividis"](np.linspace(0.05, 0.85, max(len(species), 1))), "osD^vPX*"
    table = found.table[found.table["indicator"] == name]
    said = _said(name)
    years = [one.year for one in found.years]
    groups = [one for one in species if one in set(table["species"])] or [""]
    for number, one in enumerate(groups):
        cores = _over_cores(table[table["species"] == one]).reindex(years)
        middle = cores[["value", "low", "high"]] / said.per_shown
        at = np.array(years, float) + 0.09 * (number - 0.5 * (len(groups) - 1))
        colour = colours[species.index(one)] if one else "#17445f"
        value = middle["value"].to_numpy(float)
        axes.plot(
            at,
            value,
            marker=marks[number % len(marks)],
            color=colour,
            linewidth=1.0,
            markersize=6,
            label=found.name_of(one) if one else "",
        )
        low, high = middle["low"].to_numpy(float), middle["high"].to_numpy(float)
        with np.errstate(invalid="ignore"):
            there = np.isfinite(low) & np.isfinite(high) & np.isfinite(value)
        axes.vlines(at[there], low[there], high[there], color=colour, linewidth=2.2, alpha=0.55)
        _note_cut_off(axes, at, value, cores, colour, found.say)
    axes.set_title(found.say(said.title), loc="left", fontsize=10.5, color=INK)
    axes.set(ylabel=f"[{found.say(said.shown_unit)}]", xticks=years)
    axes.margins(x=0.12, y=0.1)
    axes.set_ylim(bottom=0.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=MUTED)


def _note_cut_off(
    axes: Any, at: NDArray[np.float64], value: NDArray[np.float64], cores: pd.DataFrame, colour: Any, say: Language
) -> None:
    """Where some cores are cut off, how many reach a target; at the foot of the panel where the median is infinite."""
    for x, y, reached, total in zip(at, value, cores["reached"], cores["total"], strict=True):
        if np.isfinite(total) and reached < total:
            place = (x, y) if np.isfinite(y) else (x, 0.02)
            where = "data" if np.isfinite(y) else axes.get_xaxis_transform()
            note = say(f"{reached:.0f} of {total:.0f}") + ("" if np.isfinite(y) else f"\n{say(NO_ROUTE)}")
            axes.annotate(
                note, place, xycoords=where, xytext=(4, 4), textcoords="offset points", fontsize=7.5, color=colour
            )


def _over_cores(table: pd.DataFrame) -> pd.DataFrame:
    """Median over the cores by year, with ``reached`` of ``total``; a core that is cut off counts, so that it never looks better."""
    rows = {}
    for year, part in table.groupby("year"):
        value, low, high = (over_cores(part[name]) for name in ("value", "low", "high"))
        rows[year] = (value.median, low.median, high.median, value.reached, value.total)
    columns = ["value", "low", "high", "reached", "total"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)


def _write_page(found: IndicatorResults, folder: Path) -> None:
    resolved = found.years[0].resolved
    statements = list(dict.fromkeys(text for year in found.years for text in year.resolved.study.assumptions))
    whole = found.table[(found.table["source"] == "")].drop(columns=["source", "scenario"])
    cores = found.table[found.table["source"] != ""].drop(columns=["scenario"])
    say = found.say
    write_page(
        folder / "index.html",
        "indicators.html",
        study=say(resolved.study.title),
        credits=resolved.study.credits,
        say=say,
        warnings=[SYNTHETIC if found.synthetic else ""],
        audience=(found.audience, audience_note(found.audience)),
        sentences=found.sentences(),
        assumed=say(ASSUMED),
        assumptions=[say(one) for one in statements],
        draws=found.draws,
        seed=found.seed,
        level=f"{LEVEL:.0%}",
        whole=_shown(found, whole),
        cores=_shown(found, cores),
        changes=_shown(found, found.changes),
        meanings={say(one.title): say(one.meaning) for one in map(_said, YEARLY)},
    )


def _said(indicator: str) -> Column:
    return column_of(indicator, "indicators")


def _shown(found: IndicatorResults, table: pd.DataFrame) -> Table:
    """A table for people; words for indicators and names."""
    words = table.assign(indicator=[_said(name).title for name in table["indicator"]]) if len(table) else table
    named = {name: [found.name_of(str(one)) for one in words[name]] for name in ("species", "source") if name in words}
    return as_table(words.assign(**named), say=found.say)
