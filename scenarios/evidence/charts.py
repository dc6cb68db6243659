"""Pictures of the evidence page, each with its intervals; synthetic data are marked in every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scenarios.evidence.findings import Findings
from scenarios.evidence.words import figure as figure_of
from scenarios.evidence.words import passage_label
from scenarios.model.naming import passage_names
from scenarios.outputs.cartography.chart import (
    BLUE,
    CHART_WIDTH,
    GREEN,
    GREY,
    GRID,
    ORANGE,
    PINK,
    chart,
    plain_axes,
    write_charts,
)
from scenarios.outputs.cartography.sheet import INK, MUTED
from scenarios.outputs.translate import ENGLISH, Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CHARTS", "draw_charts"]

SHORTLIST = 12


def draw_charts(found: Findings, folder: Path, say: Language = ENGLISH) -> dict[str, str]:
    """Draw what there are data for; file name -> what it shows."""
    return write_charts(CHARTS, found, folder, say, synthetic=found.job.data.synthetic)


def _rows_of_axes(figure: Figure, n: int, height: float, *, left: float = 1.7, gap: float = 0.35) -> list[Axes]:
    """n axes side by side under the title."""
    top, bottom = 1 - 1.05 / height, 0.62 / height
    room = (CHART_WIDTH - left - 0.25 - gap * (n - 1)) / n
    return [
        figure.add_axes(((left + i * (room + gap)) / CHART_WIDTH, bottom, room / CHART_WIDTH, top - bottom))
        for i in range(n)
    ]


def _dots(
    axes: Axes, y: Any, table: pd.DataFrame, columns: Sequence[str], colour: str, label: str, marker: str = "o"
) -> None:
    middle, low, high = (table[name].to_numpy(float) for name in columns)
    axes.hlines(y, low, high, color=colour, linewidth=2.2, alpha=0.75)
    axes.plot(middle, y, marker, color=colour, markersize=5.5, label=label, linestyle="none")


def draw_use(found: Findings, say: Language) -> Figure | None:
    """Crossings per 100 camera-days at each passage, before and after."""
    table = found.use[found.use["kind"] == "passage"]
    names = sorted(table["watched"].unique())
    if not names or not (table["status"] == "ok").any():
        return None
    height = 1.9 + 0.42 * len(names)
    figure = chart(
        height, say("Crossings of passages"), say("per 100 camera-days; lines: 90 % intervals; hollow: no data")
    )
    for i, (axes, species) in enumerate(
        zip(_rows_of_axes(figure, len(found.watch.species), height), found.watch.species, strict=True)
    ):
        plain_axes(axes, found.label(species, say), say("per 100 camera-days"))
        mine = table[table["species"] == species].set_index("watched")
        for period, shift, colour, label in (
            ("before", 0.14, GREY, say("before")),
            ("after", -0.14, BLUE, say("after")),
            ("", 0.0, BLUE, say("open")),
        ):
            part = mine[(mine["period"] == period) & (mine["status"] == "ok")]
            if len(part):
                y = np.array([names.index(name) for name in part.index]) - shift
                _dots(axes, y, part, ("rate_per_100", "low_per_100", "high_per_100"), colour, label)
        for name in mine.index[mine["status"] != "ok"]:
            axes.plot(0, names.index(name), "o", color=GREY, markerfacecolor="white")
        axes.set_ylim(len(names) - 0.5, -0.5)
        shown = [passage_label(found, name, say) for name in names]
        axes.set_yticks(range(len(names)), shown if i == 0 else [""] * len(names))
        axes.set_xlim(left=0)
        if i == len(found.watch.species) - 1:
            axes.legend(fontsize=7.5, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=2, borderpad=0)
    return figure


def draw_baci(found: Findings, say: Language) -> Figure | None:
    """Factor by which opening changed crossings, on a logarithmic axis."""
    table = found.baci[found.baci["status"] == "ok"]
    if not len(table):
        return None
    height = 1.8 + 0.45 * len(table)
    figure = chart(
        height,
        say("What opening did"),
        say("crossings after over before at passages, divided by the same at controls; 1 is no change"),
    )
    axes = _rows_of_axes(figure, 1, height)[0]
    plain_axes(axes, "", say("factor (logarithmic), 90 % interval"))
    y = np.arange(len(table))
    _dots(axes, y, table, ("ratio", "low", "high"), BLUE, "")
    for at, row in zip(y.tolist(), table.itertuples(), strict=True):
        axes.text(
            row.high * 1.12,
            at,
            say("{value} ({low} to {high})").format(
                value=figure_of(row.ratio, say), low=figure_of(row.low, say), high=figure_of(row.high, say)
            ),
            fontsize=8,
            va="center",
            color=INK,
        )
    axes.set_xscale("log")
    low, high = min(table["low"].min(), 0.5), table["high"].max()
    axes.set_xlim(low * 0.8, high * (high / low) ** 0.28)
    ticks = [t for t in (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if low * 0.8 <= t <= high * 2]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.axvline(1, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_yticks(y, [found.label(s, say) for s in table["species"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    return figure


def draw_factors(found: Findings, say: Language) -> Figure | None:
    """Use factors as stated and as measured."""
    table = found.use_factors
    if not found.updated:
        return None
    designs = table[table["passage"] == ""].reset_index(drop=True)
    height = 1.9 + 0.42 * len(designs)
    figure = chart(
        height,
        say("Use factors"),
        say("share of a passage that counts; grey: as stated, blue: after the evidence, orange: single passages"),
    )
    axes = _rows_of_axes(figure, 1, height, left=3.0)[0]
    plain_axes(axes, "", say("use factor, 90 % interval"))
    y = np.arange(len(designs))
    _dots(axes, y + 0.16, designs, ("prior", "prior_low", "prior_high"), GREY, say("as stated"), "D")
    mine = designs["status"] == "updated"
    _dots(axes, y[mine] - 0.12, designs[mine], ("mean", "low", "high"), BLUE, say("after the evidence"))
    for at, row in zip(y.tolist(), designs.itertuples(), strict=True):
        part = table[
            (table["species"] == row.species)
            & (table["design"] == row.design)
            & (table["passage"] != "")
            & (table["status"] == "updated")
        ]
        axes.plot(part["mean"], np.full(len(part), at - 0.12), "|", color=ORANGE, markersize=10, markeredgewidth=1.8)
    axes.set_xlim(0, 1)
    axes.set_yticks(y, [f"{found.label(r.species, say)}, {say.design(r.design)}" for r in designs.itertuples()])
    axes.set_ylim(len(designs) - 0.5, -0.6)
    axes.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=2, borderpad=0)
    return figure


def draw_prediction(found: Findings, say: Language) -> Figure | None:
    """Events per camera-day against predicted current, per species."""
    if found.predictions is None or not len(found.predictions.calibration):
        return None
    bins, sites = found.predictions.calibration, found.predictions.sites
    shown = [s for s in found.watch.species if s in set(bins["species"])]
    height = 3.6
    figure = chart(
        height,
        say("Does the model predict?"),
        say("each dot a site; blue: classes of equal numbers of sites with 90 % intervals; both axes logarithmic"),
    )
    for i, (axes, species) in enumerate(
        zip(_rows_of_axes(figure, len(shown), height, left=0.75, gap=0.45), shown, strict=True)
    ):
        plain_axes(axes, found.label(species, say), say("predicted current density [A/m]"))
        mine, part = sites[sites["species"] == species], bins[bins["species"] == species]
        positive = mine.loc[mine["current"] > 0, "current"]
        floor = float(positive.min()) / 2 if len(positive) else 1e-9
        least = 0.3 / float(mine["days"].median())
        rate = np.maximum(mine["events"] / mine["days"], least)
        axes.scatter(mine["current"].clip(lower=floor), rate, s=9, color=GREY, alpha=0.7, linewidths=0)
        axes.errorbar(
            part["predicted"].clip(lower=floor),
            part["rate"],
            yerr=[part["rate"] - part["low"], part["high"] - part["rate"]],
            fmt="o-",
            color=BLUE,
            markersize=4.5,
            linewidth=1.2,
            elinewidth=1.8,
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(bottom=min(0.7 * least, 0.9 * float(part["low"].min())))
        axes.grid(color=GRID, linewidth=0.8)
        axes.minorticks_off()
        if i == 0:
            axes.set_ylabel(say("events per camera-day (lowest row: none)"), fontsize=8, color=MUTED)
    return figure


def draw_hours(found: Findings, say: Language) -> Figure | None:
    """Events at open passages by hour of the day."""
    table = found.hours[found.hours["status"] == "ok"]
    if not len(table) or not table["events"].sum():
        return None
    height = 3.0
    figure = chart(
        height,
        say("Hours of the day"),
        say("events per 100 full days of watching at open passages, local time; lines: 90 % intervals"),
    )
    for axes, species in zip(
        _rows_of_axes(figure, len(found.watch.species), height, left=0.5), found.watch.species, strict=True
    ):
        mine = table[table["species"] == species]
        plain_axes(axes, found.label(species, say), say("hour"))
        axes.bar(mine["hour"], mine["rate_per_100"], width=0.8, color=BLUE, alpha=0.75)
        axes.vlines(mine["hour"], mine["low_per_100"], mine["high_per_100"], color=INK, linewidth=0.9)
        axes.set_xticks([0, 6, 12, 18, 23])
        axes.grid(axis="y", color=GRID, linewidth=0.8)
    return figure


def draw_places(found: Findings, say: Language) -> Figure | None:
    """Probability that each core place is used, per species, and what was seen."""
    table = found.places[found.places["group"] == "place"] if len(found.places) else found.places
    if not len(table) or not (table["days"] > 0).any():
        return None
    table = table.assign(name=[say(name) for name in table["name"]])
    names = list(dict.fromkeys(table["name"]))
    species = list(found.watch.species)
    height = 1.5 + 0.33 * len(names)
    figure = chart(
        height,
        say("Which places are used"),
        say(
            "probability that a place is used where the species was not seen; in brackets: weeks with it of weeks watched"
        ),
    )
    left = 0.5 + 0.066 * max(map(len, names))
    axes = figure.add_axes(
        (left / CHART_WIDTH, 0.15 / height, (CHART_WIDTH - left - 0.3) / CHART_WIDTH, 1 - 1.25 / height)
    )
    values = np.full((len(names), len(species)), np.nan)
    for row in table.itertuples():
        at, column = names.index(row.name), species.index(row.species)
        values[at, column] = row.probability_used
        colour = "white" if row.probability_used > 0.55 else INK
        axes.text(column, at, _used(row, say), ha="center", va="center", fontsize=8, color=colour)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(species)), [found.label(s, say) for s in species])
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=8.5, length=0, colors=INK)
    axes.set_xticks(np.arange(len(species) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


def _used(row: Any, say: Language) -> str:
    """What is known of a place in a few letters; a probability is never shown as zero."""
    if not row.days:
        return say("no data")
    weeks = f"  ({row.detections}/{row.occasions})"
    if not np.isfinite(row.probability_used):
        return f"{say('too few')}{weeks}"
    unseen = "< 1%" if row.probability_used < 0.01 else f"{row.probability_used:.0%}"
    return f"{say('seen') if row.detections else unseen}{weeks}"


def draw_ranking(found: Findings, say: Language) -> Figure | None:
    """The best candidates as stated and as measured, joined by lines."""
    if found.reranked is None:
        return None
    table = found.reranked.table
    shown = (
        table[table["shortlisted_before"] | table["shortlisted_after"]].sort_values("rank_after").head(2 * SHORTLIST)
    )
    if not len(shown):
        return None
    called = dict(zip(shown["candidate"], passage_names(found.marks.fences, shown, say), strict=True))
    height = 1.7 + 0.3 * len(shown)
    figure = chart(
        height,
        say("The next ranking"),
        say("shortlisted candidates, all species together, with the watched passages open; rank among all candidates"),
    )
    axes = figure.add_axes((0.05, 0.2 / height, 0.9, 1 - 1.35 / height))
    before = shown["rank_before"].rank().to_numpy()
    for at, (row, old) in enumerate(zip(shown.itertuples(), before, strict=True), start=1):
        new = ORANGE if not row.shortlisted_before else BLUE
        colour = new if row.shortlisted_after else GREY
        axes.plot([0, 1], [old, at], color=colour, linewidth=1.8, marker="o", markersize=4)
        axes.text(
            -0.02,
            old,
            f"{called[row.candidate]}   {row.rank_before:.0f}",
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
        )
        axes.text(
            1.02, at, f"{row.rank_after:.0f}   {called[row.candidate]}", ha="left", va="center", fontsize=8, color=INK
        )
    axes.set_xlim(-0.75, 1.75)
    axes.set_ylim(len(shown) + 0.6, 0.4)
    axes.text(0, 0.35, say("use factors as stated"), ha="center", fontsize=9, fontweight="bold", color=INK)
    axes.text(1, 0.35, say("as measured"), ha="center", fontsize=9, fontweight="bold", color=INK)
    axes.text(1.75, 0.35, say("orange: new on the shortlist, grey: off it"), ha="right", fontsize=8, color=MUTED)
    axes.axis("off")
    return figure


def draw_map(found: Findings, say: Language) -> Figure | None:
    """Where cameras stand and what they watch."""
    links, marks = found.watch.links.drop_duplicates("site"), found.marks
    if not len(links):
        return None
    x, y = links["x"].to_numpy() / 1000, links["y"].to_numpy() / 1000
    pad = 0.06 * max(np.ptp(x), np.ptp(y), 20.0)
    west, east, south, north = x.min() - pad, x.max() + pad, y.min() - pad, y.max() + pad
    height = float(np.clip((CHART_WIDTH - 3.2) * (north - south) / (east - west) + 1.3, 4.0, 8.0))
    figure = chart(
        height,
        say("Where cameras stand"),
        say("fences and outlines of places as the study has them; kilometres of the study's map"),
    )
    axes = figure.add_axes((0.55 / CHART_WIDTH, 0.5 / height, (CHART_WIDTH - 3.2) / CHART_WIDTH, 1 - 1.25 / height))
    for place in marks.places:
        for part in getattr(place.geometry, "geoms", [place.geometry]):
            px, py = part.exterior.xy
            axes.fill(np.array(px) / 1000, np.array(py) / 1000, facecolor="#e8efe6", edgecolor="#9db39a", linewidth=0.8)
    for i, fence in enumerate(marks.fences):
        for part in getattr(fence.line, "geoms", [fence.line]):
            fx, fy = part.xy
            axes.plot(
                np.array(fx) / 1000,
                np.array(fy) / 1000,
                color=INK,
                linewidth=1.0,
                alpha=0.6,
                label=say("fence") if i == 0 else None,
            )
    what = links["kind"].where(links["control_of"] == "", "control")
    styles = {
        "open": ("o", GREY, "open country"),
        "place": ("o", GREEN, "core place"),
        "fence": ("^", PINK, "fence"),
        "control": ("s", BLUE, "control"),
        "passage": ("D", ORANGE, "passage"),
    }
    for kind, (marker, colour, label) in styles.items():
        mine = (what == kind).to_numpy()
        if mine.any():
            axes.scatter(
                x[mine],
                y[mine],
                s=26,
                marker=marker,
                color=colour,
                edgecolor="white",
                linewidth=0.5,
                label=f"{say(label)} ({mine.sum()})",
                zorder=3,
            )
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8, colors=INK)
    axes.legend(
        fontsize=8.5, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0), title=say("sites"), title_fontsize=9
    )
    return figure


CHARTS: dict[str, tuple[Callable[[Findings, Language], Figure | None], str]] = {
    "cameras.png": (draw_map, "Map of the cameras and what they watch"),
    "use.png": (draw_use, "Crossings per 100 camera-days at each passage"),
    "hours.png": (draw_hours, "Events at open passages by hour of the day"),
    "baci.png": (draw_baci, "Effect of opening on crossings"),
    "use_factors.png": (draw_factors, "Use factors as stated and as measured"),
    "ranking.png": (draw_ranking, "Ranking of candidates before and after the evidence"),
    "prediction.png": (draw_prediction, "Events against predicted current"),
    "places.png": (draw_places, "Probability that each place is used"),
}
