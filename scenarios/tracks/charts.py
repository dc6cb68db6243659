"""Pictures of the page of tracks; synthetic data are marked in every one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenarios.outputs.cartography.chart import (
    BLUE,
    CHART_WIDTH,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    chart,
    plain_axes,
    write_charts,
)
from scenarios.outputs.cartography.sheet import INK
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.tracks.findings import Findings
from scenarios.tracks.words import BEHAVIOURS

__all__ = ["CHARTS", "draw_charts"]

COLOURS = {
    "quick_cross": GREEN,
    "bounce": ORANGE,
    "trace": BLUE,
    "back_and_forth": PINK,
    "trapped": INK,
    "average_movement": GREY,
    "unknown": "#d8dcde",
}
MOST_DRAWN = 20_000
"""Fixes that the map shows as a trail."""
SEALED_KM = 3000.0
"""Where a sealed fence is drawn [km]."""


def draw_charts(found: Findings, folder: Path, say: Language = ENGLISH) -> dict[str, str]:
    """Draw what there are data for; file name -> what it shows."""
    return write_charts(CHARTS, found, folder, say, synthetic=found.job.tracks.synthetic)


def draw_map(found: Findings, say: Language) -> Figure | None:
    """Trails, fences and encounters by class."""
    if not found.tracks:
        return None
    places = [found.ground.grid_xy(one.x, one.y) for one in found.tracks]
    x, y = (np.concatenate([part[i] for part in places]) / 1000 for i in (0, 1))
    pad = 0.05 * max(float(np.ptp(x)), float(np.ptp(y)), 5.0)
    west, east, south, north = x.min() - pad, x.max() + pad, y.min() - pad, y.max() + pad
    height = float(np.clip((CHART_WIDTH - 3.2) * (north - south) / (east - west) + 1.3, 4.0, 8.5))
    figure = chart(
        height, say("Encounters with fences"), say("fences as the study has them; kilometres of the study’s map")
    )
    axes = figure.add_axes((0.55 / CHART_WIDTH, 0.5 / height, (CHART_WIDTH - 3.2) / CHART_WIDTH, 1 - 1.25 / height))
    every = max(1, x.size // MOST_DRAWN)
    fixes = say("fixes") if every == 1 else say("fixes, one in {n}").format(n=every)
    axes.plot(x[::every], y[::every], ",", color="#b9c0c4", label=fixes)
    for i, fence in enumerate(found.ground.fences):
        for part in fence.parts:
            px, py = np.array(part.coords)[:, :2].T / 1000
            axes.plot(px, py, color=INK, linewidth=1.1, label=say("fence") if i == 0 else None)
    for name, colour in COLOURS.items():
        mine = found.encounters[found.encounters["behaviour"] == name] if len(found.encounters) else found.encounters
        if len(mine):
            ex, ey = found.ground.grid.map_xy(mine["lon_deg"].to_numpy(float), mine["lat_deg"].to_numpy(float))
            label = f"{say(BEHAVIOURS[name])} ({len(mine)})"
            axes.scatter(
                ex / 1000, ey / 1000, s=16, color=colour, edgecolor="white", linewidth=0.4, label=label, zorder=3
            )
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8, colors=INK)
    axes.legend(fontsize=8.5, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def draw_worth(found: Findings, say: Language) -> Figure | None:
    """Kilometres of open land: as stated, by the tracks alone, both together."""
    table = found.worth_rows
    table = table[table["worth_km"].notna()] if len(table) else table
    if not len(table):
        return None
    height = 1.7 + 0.75 * len(table)
    note = say("kilometres of open land that crossing is worth; lines: 90 % intervals; an arrow: no end, or sealed")
    figure = chart(height, say("What each fence is worth"), note)
    axes = figure.add_axes((2.9 / CHART_WIDTH, 0.6 / height, 1 - 3.3 / CHART_WIDTH, 1 - 1.4 / height))
    for i, row in enumerate(table.itertuples()):
        for shift, colour, label, (middle, low, high) in (
            (0.22, GREY, say("stated"), (row.stated_km, row.stated_km, row.stated_km)),
            (0.0, ORANGE, say("tracks alone"), (row.worth_km, row.worth_low_km, row.worth_high_km)),
            (-0.22, BLUE, say("together"), (row.posterior_km, row.posterior_low_km, row.posterior_high_km)),
        ):
            low, middle, high = (min(max(float(one), 0.01), SEALED_KM) for one in (low, middle, high))
            axes.hlines(i + shift, low, high, color=colour, linewidth=2.2, alpha=0.75)
            axes.plot(
                middle,
                i + shift,
                "o" if middle < SEALED_KM else ">",
                color=colour,
                markersize=5.5,
                label=label if i == 0 else None,
            )
    axes.set_xscale("log")
    names = [f"{found.label(r.species, say)}\n{found.line_label(r.fence_line, say)}" for r in table.itertuples()]
    axes.set_yticks(range(len(table)), names, fontsize=8.5)
    axes.set_ylim(len(table) - 0.5, -0.5)
    plain_axes(axes, "", say("km of open land"), size=8.5)
    axes.legend(fontsize=8.5, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)
    return figure


CHARTS: dict[str, tuple[Callable[[Findings, Language], Figure | None], str]] = {
    "encounters.png": (draw_map, "Map of the tracks and of encounters with fences by what the animal did"),
    "worth.png": (
        draw_worth,
        "What each fence is worth in kilometres of open land: as stated, by the tracks, and together",
    ),
}
