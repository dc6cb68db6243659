"""How firm a ranking is, as a picture: the best places, how often they stay among the best, and what moves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scenarios.model.parameter_words import short_name
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.chart import BLUE, ORANGE, page_of, plain_axes
from scenarios.outputs.cartography.sheet import INK, MUTED, save_png
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.uncertainty.stability import ALL, Stability
from scenarios.uncertainty.words import FIRM, Tables, names_of_species

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_stability"]


GREY = "#b8bec2"
DRIVERS = 10
"""Parameters shown in the picture."""


def draw_stability(found: Stability, tables: Tables, path: Path, say: Language = ENGLISH) -> Path:
    """The best places with the ranks that they take, how often they stay among the best, and what moves them."""
    table = tables["stability"]
    best = table[(table["ranking"] == ALL) & table["shortlisted"]].sort_values("place")
    drivers = tables["parameters"]
    drivers = drivers[drivers["ranking"] == ALL].head(DRIVERS)
    width, height = 12.0, 2.6 + 0.36 * max(len(best), len(drivers), 4)
    figure = page_of(width, height)
    names, species = best["name"].tolist(), names_of_species(found)
    causes = [short_name(name, say, species) for name in drivers["parameter"]]
    room, cause_room = _room(names), _room(causes)
    free = width - room - cause_room - 0.85
    lefts = (room, room + 0.52 * free + 0.2, width - 0.55 - 0.24 * free)
    bottom, top = 1.0 / height, 1.0 - 1.25 / height
    axes = [
        figure.add_axes((left / width, bottom, share * free / width, top - bottom))
        for left, share in zip(lefts, (0.52, 0.2, 0.24), strict=True)
    ]
    _draw_ranks(axes[0], found, best, names, say)
    _draw_shares(axes[1], found, best, say)
    _draw_drivers(axes[2], drivers, causes, say)
    _write_head(figure, found, height, say)
    return save_png(figure, path)


def _room(labels: Sequence[str]) -> float:
    """Inches for labels of 8 points."""
    return 0.3 + 0.068 * max(map(len, labels), default=0)


def _write_head(figure: Figure, found: Stability, height: float, say: Language) -> None:
    resolved, names = found.resolved, names_of_species(found)
    species = ", ".join(say(names[name]) for name in found.species)
    drawn = say("{n} Sobol draws of {m} uncertain parameters, seed {seed}")
    told = drawn.format(n=len(found.points), m=len(found.space.axes), seed=found.seed)
    titles = "   \u00b7   ".join((say(resolved.study.title), say(resolved.scenario_title), species, told))
    figure.text(
        0.02, 1 - 0.2 / height, say("How firm is the ranking?"), fontsize=15, fontweight="bold", color=INK, va="top"
    )
    figure.text(0.02, 1 - 0.52 / height, titles, fontsize=8.5, color=MUTED, va="top")
    note = say(
        "A place is all candidates within {km} km of its best. Bounds of the parameters are the study’s assumptions."
    )
    words = f"{note.format(km=say(f'{found.spacing_m / 1000:g}'))}  {say(badge(Audience.RESTRICTED))}"
    figure.text(0.02, 0.2 / height, words, fontsize=7.5, color=MUTED, va="bottom")


def _plain(axes: Axes, title: str, label: str, n: int) -> None:
    """Axes with a row for each of ``n`` places or parameters."""
    plain_axes(axes, title, label)
    axes.set_ylim(n - 0.4, -0.6)
    axes.set_yticks(range(n))


def _draw_ranks(axes: Axes, found: Stability, best: pd.DataFrame, names: Sequence[str], say: Language) -> None:
    y = np.arange(len(best))
    _plain(
        axes, say("Rank among places"), say("rank in the draws (logarithmic): bar 10 to 90 %, line: middle"), len(best)
    )
    if len(best):
        ranks = found.places()[:, best.index]
        axes.hlines(y, ranks.min(axis=0), ranks.max(axis=0), color=GREY, linewidth=1.2, zorder=2)
        axes.hlines(y, best["place_low"], best["place_high"], color=BLUE, linewidth=8, alpha=0.55, zorder=3)
        axes.plot(best["place_median"], y, "|", color=INK, markersize=11, markeredgewidth=2, zorder=4)
        axes.plot(best["place"], y, "D", color=ORANGE, markersize=5, zorder=5, label=say("as stated"))
        axes.legend(
            fontsize=7.5, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderpad=0, handletextpad=0.2
        )
    axes.set_xscale("log")
    axes.axvline(found.top + 0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    last = max(float(found.places()[:, best.index].max(initial=1)), found.top + 1.0)
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500) if t <= last * 1.2]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(0.85, last * 1.15)
    axes.set_yticklabels(names)


def _draw_shares(axes: Axes, found: Stability, best: pd.DataFrame, say: Language) -> None:
    y = np.arange(len(best))
    _plain(axes, say("Among the best {n}").format(n=found.top), say("share of draws"), len(best))
    axes.barh(
        y, best["top_share_place"], height=0.62, color=[BLUE if s > FIRM else GREY for s in best["top_share_place"]]
    )
    for at, share in zip(y.tolist(), best["top_share_place"], strict=True):
        inside = share > 0.3
        axes.text(
            share - 0.03 if inside else share + 0.03,
            at,
            f"{share:.0%}",
            fontsize=8,
            va="center",
            ha="right" if inside else "left",
            color="white" if share > FIRM else INK,
            fontweight="bold",
        )
    axes.axvline(FIRM, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlim(0, 1)
    axes.set_xticks([0, FIRM / 2, FIRM], ["0", f"{FIRM / 2:.0%}", f"{FIRM:.0%}"])
    axes.set_yticklabels([])


def _draw_drivers(axes: Axes, drivers: pd.DataFrame, names: Sequence[str], say: Language) -> None:
    y = np.arange(len(drivers))
    _plain(axes, say("What moves the ranking"), say("share of variance, ± 1 standard error"), len(drivers))
    noise = float(drivers["noise"].iloc[0]) if len(drivers) else 0.0
    axes.axvspan(-1, noise, color="#f0f1f2", zorder=0)
    colour = [ORANGE if matters else GREY for matters in drivers["matters"]]
    axes.barh(y, drivers["index"].clip(lower=0), height=0.62, color=colour, zorder=2)
    axes.errorbar(
        drivers["index"].clip(lower=0), y, xerr=drivers["error"], fmt="none", ecolor=INK, elinewidth=1, zorder=3
    )
    axes.set_xlim(0, max(1.15 * float((drivers["index"] + drivers["error"]).max()), 1.2 * noise, 0.05))
    axes.text(
        noise, len(drivers) - 0.42, say("chance") + " ", fontsize=7, color=MUTED, ha="right", va="bottom", rotation=90
    )
    axes.set_yticklabels(names)
