"""The map of a species' corridors: numbered routes, where they meet fences, where they are weakest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.patheffects import Normal, withStroke
from scipy.spatial import KDTree

from rasters.numbers import figure
from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.features import draw_borders, draw_corridor, draw_places, draw_plain_fences
from scenarios.outputs.cartography.furniture import Bounds, Say
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import Scene, legend_of_ground, make_scene
from scenarios.outputs.cartography.sheet import INK, Sheet, Texts, new_sheet, save_png
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import schematic_note

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["MAP_TITLE", "READING", "write_corridor_map"]

CROSSING, WEAK = "#8c1d04", "#111111"

MAP_TITLE = "Corridors and where they meet fences"
READING = (
    "Each number is a corridor that differs from the cheaper ones; dashed where only open fences would let it through. Crosses "
    "are where it meets a fence, diamonds where it is weakest. Blue is where other cheap routes run."
)


def write_corridor_map(
    found: SpeciesCorridors,
    path: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> Path:
    """Draw the listed corridors of one species as a PNG."""
    scene = make_scene(found.ground, borders, credits, say)
    sheet = _open_sheet(found, scene)
    sheet.panel.heading("Other cheap routes")
    draw_corridor(sheet, scene, found.corridor)
    sheet.panel.heading("Corridors by cost [effective km]")
    _draw_routes(sheet, found)
    sheet.panel.heading("Also on the map")
    draw_borders(sheet, scene)
    draw_plain_fences(sheet, scene)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, [], [route.path.xy for route in found.shortlist])
    legend_of_ground(sheet, scene)
    sheet.panel.closing("How to read it", (READING,))
    sheet.panel.closing("Assumed", found.ground.assumptions)
    return save_png(sheet.figure, path)


def _open_sheet(found: SpeciesCorridors, scene: Scene) -> Sheet:
    run, say = found.ground, scene.say
    title = say(MAP_TITLE)
    species, study, scenario = (say(run.titles.get(key, getattr(run, key))) for key in ("species", "study", "scenario"))
    texts = Texts(
        title=f"{species}: {title[0].lower()}{title[1:]}",
        subtitle=f"{study}   \u00b7   {scenario}",
        badge=badge(Audience.RESTRICTED),
        warning=schematic_note(run),
        credits=scene.credits,
    )
    return new_sheet(run.grid, _bounds(found), texts, say=say)


def _bounds(found: SpeciesCorridors) -> Bounds:
    """The part of the grid that holds the listed corridors and all places, with room around."""
    west, south, east, north = found.ground.grid.bounds
    boxes = [place.geometry.bounds for place in found.ground.places]
    for route in found.shortlist:
        x, y = route.path.xy
        boxes.append((x.min(), y.min(), x.max(), y.max()))
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    room = 0.06 * float(max(high - low)) + 5 * found.ground.grid.cell_width_m
    return (
        max(west, float(low[0]) - room),
        max(south, float(low[1]) - room),
        min(east, float(high[0]) + room),
        min(north, float(high[1]) + room),
    )


def _draw_routes(sheet: Sheet, found: SpeciesCorridors) -> None:
    """The listed routes with their numbers, costs in the legend; the first on top."""
    listed = found.shortlist
    if not listed:
        sheet.panel.text("None: no core reaches a target, fences or not.", size=8.6, color=INK)
        return
    colours = mpl.colormaps["plasma"](np.linspace(0.0, 0.85, len(listed)))
    for route, colour in list(zip(listed, colours, strict=True))[::-1]:
        halo = [withStroke(linewidth=4.2, foreground="white", alpha=0.9), Normal()]
        style = (0, (4, 1.6)) if route.status == "closed" else "solid"
        x, y = route.path.xy
        sheet.axes.plot(x, y, color=colour, linewidth=2.3, linestyle=style, zorder=5, path_effects=halo)
        _draw_marks(sheet, route)
    for route, colour in zip(listed, colours, strict=True):
        _number(sheet, route, listed, colour)
        style = (0, (4, 1.6)) if route.status == "closed" else "solid"
        sheet.panel.line(_entry(found, route, sheet.say), color=colour, linewidth=2.3, linestyle=style)
    sheet.panel.line(
        "where it meets a fence", color=CROSSING, marker="X", linestyle="none", markeredgecolor="white", markevery=[1]
    )
    sheet.panel.line(
        "where it is weakest", color=WEAK, marker="D", linestyle="none", markeredgecolor="white", markevery=[1]
    )


def _entry(found: SpeciesCorridors, route: CorridorRoute, say: Say) -> str:
    """One line of the legend: number, ends, cost."""
    cost = route.cost_open_m if route.status == "closed" else route.cost_m
    ends = f"{say(found.name_of(route.source))} \u2013 {say(found.name_of(route.target))}"
    return f"{route.distinct}. {ends}: {say(figure(cost / 1000, digits=3))}"


def _draw_marks(sheet: Sheet, route: CorridorRoute) -> None:
    for crossing in route.crossings:
        sheet.axes.plot(crossing.x, crossing.y, "X", markersize=7, color=CROSSING, markeredgecolor="white", zorder=7)
    if route.weakest is not None:
        x, y = route.weakest.x, route.weakest.y
        sheet.axes.plot(x, y, "D", markersize=5, color=WEAK, markeredgecolor="white", zorder=7)


def _number(sheet: Sheet, route: CorridorRoute, listed: Sequence[CorridorRoute], colour: np.ndarray) -> None:
    """The route's number where it is farthest from all others."""
    own = np.column_stack(route.path.xy)
    others = [np.column_stack(r.path.xy) for r in listed if r is not route]
    away = KDTree(np.concatenate(others)).query(own)[0] if others else np.zeros(len(own))
    spot = own[int(np.argmax(away)) if away.max() > 0 else len(own) // 2]
    box = {"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": colour, "linewidth": 1.6}
    sheet.axes.text(
        spot[0],
        spot[1],
        str(route.distinct),
        fontsize=8,
        fontweight="bold",
        color=INK,
        ha="center",
        va="center",
        zorder=9,
        bbox=box,
        clip_on=True,
    )
