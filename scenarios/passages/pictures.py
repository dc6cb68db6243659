"""Pictures of a plan: the gain against the budget, and a map with the gain along the fences and what is chosen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from rasters.numbers import percent
from scenarios.land.actions import area_shape
from scenarios.model.ground import Ground
from scenarios.model.naming import full_names
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.chart import GRID, page_of
from scenarios.outputs.cartography.features import draw_borders, draw_places, draw_plain_fences
from scenarios.outputs.cartography.furniture import Bounds
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import Scene, draw_ground, legend_of_ground, make_scene
from scenarios.outputs.cartography.sheet import INK, MUTED, Sheet, Texts, new_sheet, save_png
from scenarios.outputs.cartography.strip import number_profile
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import schematic_note
from scenarios.passages.choose import PortfolioRun
from scenarios.passages.words import OBJECTIVES, item_name, numbered_items, species_name

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = ["draw_frontier", "write_plan_map"]

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Apart for every kind of colour vision (Okabe and Ito 2008)."""
READING = (
    "A dark stretch of fence is worth opening: its colour is what one opening there gives back of what all fences take away, or "
    "half of what it gives back with its best companion on another line. Numbers are the plan, what adds most first."
)


def draw_frontier(run: PortfolioRun, path: Path, say: Language = ENGLISH) -> Path:
    """What each budget can gain, for all species together and for each if it alone were planned for."""
    figure = page_of(9.0, 5.4)
    axes = figure.add_axes((0.09, 0.17, 0.66, 0.62))
    names = [n for n in run.frontier["species"].unique() if n != "all"]
    for colour, name in zip(LINES * (1 + len(names) // len(LINES)), names, strict=False):
        _curve(axes, run.frontier[run.frontier["species"] == name], species_name(run, name, say), colour, 1.4)
    everyone = run.frontier[run.frontier["species"] == "all"]
    _curve(axes, everyone, say("all species, weighted"), INK, 2.6)
    known = everyone[everyone["gap"] < 0.5]
    axes.fill_between(known["budget"], 100 * known["gain"], 100 * known["bound"], color=INK, alpha=0.15, linewidth=0)
    axes.plot(run.best.budget, 100 * run.best.value, "o", color=INK, markersize=8, zorder=5)
    axes.plot(run.best.budget, 100 * run.greedy.value, "x", color=INK, markersize=7, markeredgewidth=1.8, zorder=5)
    _spread_labels(axes)
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.set_xlabel(say("budget [cost units]"), fontsize=9, color=MUTED)
    axes.set_ylabel(say("gain [% of what all fences take away]"), fontsize=9, color=MUTED)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, colors=INK, length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _frontier_words(figure, run, say)
    return save_png(figure, path)


def _curve(axes: Axes, rows: pd.DataFrame, label: str, colour: str, width: float) -> None:
    x, y = np.append(0.0, rows["budget"]), 100 * np.append(0.0, rows["gain"])
    axes.plot(x, y, color=colour, linewidth=width, marker="o", markersize=2.0 + width)
    axes.text(x[-1], y[-1], f"  {label}", color=colour, fontsize=8.5, va="center", clip_on=False, fontweight="bold")


def _spread_labels(axes: Axes) -> None:
    """Move the names at the curves' ends apart."""
    texts = sorted(axes.texts, key=lambda text: text.get_position()[1])
    low, high = axes.get_ylim()
    room, last = 0.055 * (high - low), -np.inf
    for text in texts:
        x, y = text.get_position()
        last = max(y, last + room)
        text.set_position((x, last))


def _frontier_words(figure: Figure, run: PortfolioRun, say: Language) -> None:
    titles = f"{say(run.resolved.study.title)}   \u00b7   {say(run.resolved.scenario_title)}"
    figure.text(0.03, 0.965, say("What a budget can gain"), fontsize=15, fontweight="bold", color=INK, va="top")
    figure.text(0.03, 0.9, titles, fontsize=9, color=MUTED, va="top")
    objective = f"{say('Objective')}: {say(OBJECTIVES[run.settings.objective])}"
    figure.text(0.03, 0.862, objective, fontsize=9, color=MUTED, va="top")
    note = say(
        "Dot: the plan. Cross: best passage added one by one. Grey: between the best plan found and what none can exceed. Each "
        "coloured line is the best plan for that species alone."
    )
    told = textwrap.fill(f"{note}   {say(badge(Audience.RESTRICTED))}", 140)
    figure.text(0.03, 0.015, told, fontsize=7.5, color=MUTED, va="bottom")


def write_plan_map(
    run: PortfolioRun,
    ground: Ground,
    path: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> Path:
    """Draw the fences by their gain, and the plan.

    Parameters
    ----------
    ground : Ground
        Ground, fences and places; none of its numbers is drawn.
    """
    scene = make_scene(ground, borders, credits, say)
    chosen = _chosen(run)
    sheet = new_sheet(
        ground.grid, _bounds(run, scene), _texts(run, scene), strip=1.75 if _profile(run) else 0.0, say=say
    )
    draw_ground(sheet, scene)
    sheet.panel.heading("Fences")
    _draw_gain(sheet, scene, run)
    sheet.panel.heading("Also on the map")
    draw_borders(sheet, scene)
    draw_places(sheet, scene)
    _draw_areas(sheet, run)
    draw_labels(sheet, scene, [(n, x, y) for n, _, x, y in chosen])
    legend_of_ground(sheet, scene)
    _plan_list(sheet, run, say)
    sheet.panel.closing("How to read it", (READING,))
    sheet.panel.closing("Assumed", ground.assumptions)
    if sheet.strip is not None:
        _draw_profile(sheet, run, chosen, say)
    return save_png(sheet.figure, path)


def _texts(run: PortfolioRun, scene: Scene) -> Texts:
    say = scene.say
    species = ", ".join(species_name(run, name, say) for name in run.prepared)
    return Texts(
        title=say("The plan for a budget of {budget} cost units").format(budget=say(f"{run.best.budget:g}")),
        subtitle=f"{say(run.resolved.study.title)}   \u00b7   {say(run.resolved.scenario_title)}   \u00b7   {species}",
        badge=badge(Audience.RESTRICTED),
        warning=schematic_note(scene.run),
        credits=scene.credits,
    )


def _chosen(run: PortfolioRun) -> list[tuple[int, str, float, float]]:
    """Number, id, x and y of each chosen item."""
    spots = run.candidates.set_index("candidate")[["x", "y"]]
    out = []
    for number, name in numbered_items(run):
        action = run.resolved.study.actions.get(name)
        if name in spots.index:
            out.append((number, name, float(spots.at[name, "x"]), float(spots.at[name, "y"])))
        elif action is not None and action.area is not None:
            middle = area_shape(action.area, run.inputs).centroid
            out.append((number, name, middle.x, middle.y))
    return out


def _bounds(run: PortfolioRun, scene: Scene) -> Bounds:
    """Around what is chosen, or the shortlist where nothing is, or the whole grid where nothing helps."""
    rows = run.candidates[run.candidates["chosen"]]
    rows = rows if len(rows) else run.candidates[run.candidates["shortlisted"]]
    west, south, east, north = scene.run.grid.bounds
    spots = np.array([(x, y) for _, _, x, y in _chosen(run)] or rows[["x", "y"]].to_numpy())
    if not len(spots):
        return west, south, east, north
    low, high = spots.min(axis=0), spots.max(axis=0)
    room = max(60 * scene.run.grid.cell_width_m, 0.3 * float((high - low).max()))
    half = (high - low) / 2 + room
    half = np.minimum(np.maximum(half, half[::-1] * [1.0, 0.62]), [(east - west) / 2, (north - south) / 2])
    middle = np.clip((low + high) / 2, [west + half[0], south + half[1]], [east - half[0], north - half[1]])
    return (*(middle - half).tolist(), *(middle + half).tolist())


def _shown_gain(run: PortfolioRun) -> np.ndarray:
    """(n,) what is drawn along the fences [1]."""
    return np.fmax(run.candidates["gain"].to_numpy(float), run.candidates["gain_in_bundle"].to_numpy(float))


def _draw_gain(sheet: Sheet, scene: Scene, run: PortfolioRun) -> None:
    gain = _shown_gain(run)
    draw_plain_fences(sheet, scene)
    if not (gain > 0).any():
        sheet.panel.text("No opening in them improves connectivity, alone or in a bundle.", size=8.6, color=INK)
        return
    lines, values = _stretches(run, gain)
    norm, colours = _scale(gain)
    order = np.argsort(values, kind="stable")
    sheet.axes.add_collection(
        LineCollection([lines[i] for i in order], colors="#26211c", linewidths=4.4, capstyle="round", zorder=4.2)
    )
    shown = colours(norm(np.maximum(values[order], norm.vmin or 0.0)))
    sheet.axes.add_collection(LineCollection([lines[i] for i in order], colors=shown, linewidths=2.8, zorder=4.3))
    sheet.panel.colour_bar(colours, norm, "Gain of one opening [% of what all fences take away]", ("little", "most"))


def _scale(gain: np.ndarray) -> tuple[Normalize, ListedColormap]:
    top = 100 * float(np.nanmax(gain))
    colours = ListedColormap(mpl.colormaps["YlOrRd"](np.linspace(0.0, 0.95, 256)), name="gain")
    return Normalize(0.0, top, clip=True), colours


def _stretches(run: PortfolioRun, gain: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The fence halfway to the next candidate on either side, and its gain in per cent."""
    lines, values = [], []
    passage = run.candidates[run.candidates["kind"] == "passage"]
    for line, group in passage.groupby("fence_line", sort=False):
        mine = [fence for fence in run.inputs.cuts.fences if fence.fence_line == line]
        best = pd.Series(gain[group.index]).groupby(group["along_m"].to_numpy()).max()
        along = best.index.to_numpy(float)
        middle = 0.5 * (along[1:] + along[:-1])
        half = 0.5 * run.resolved.study.candidates.every_m
        start = np.append(along[0] - half, np.maximum(middle, along[1:] - half))
        end = np.append(np.minimum(middle, along[:-1] + half), along[-1] + half)
        for a, b, value in zip(np.maximum(start, 0.0), end, best.to_numpy(), strict=True):
            parts = [f.stretch(max(a, f.start_m), b) for f in mine if a < f.end_m and f.start_m < b]
            lines += [shapely.get_coordinates(part) for part in parts]
            values += [100 * value] * len(parts)
    return lines, np.array(values)


def _draw_areas(sheet: Sheet, run: PortfolioRun) -> None:
    shapes = [run.resolved.study.actions[name].area for name in run.best.actions]
    found = [area_shape(area, run.inputs) for area in shapes if area is not None]
    if not found:
        return
    look: dict[str, Any] = {"facecolor": (*to_rgb("#009e73"), 0.25), "edgecolor": "#006b4f", "linewidth": 1.4}
    rings = [shapely.get_rings(shapely.get_parts(shape)) for shape in found]
    outlines = [
        Outline.make_compound_path(*(Outline(shapely.get_coordinates(r), closed=True) for r in part)) for part in rings
    ]
    sheet.axes.add_collection(PatchCollection([PathPatch(o) for o in outlines], zorder=3.6, **look))
    sheet.panel.patch("area of a chosen action", **look)


def _plan_list(sheet: Sheet, run: PortfolioRun, say: Language) -> None:
    sheet.panel.heading("The plan")
    if not run.names_of(run.best):
        sheet.panel.text("Nothing improves connectivity under this budget.", size=8.6, color=INK)
        return
    adds, cost = run.parts.set_index("item")["gain"], run.candidates.set_index("candidate")["cost"]
    columns = (0.02, 0.2, -2.2, -2.9)
    sheet.panel.row(("", *map(say, ("passage or action", "cost", "adds"))), columns, bold=True)
    for number, name in numbered_items(run):
        price = cost[name] if name in cost.index else run.resolved.study.actions[name].cost
        added = percent(adds[name]) if name in adds.index else "\u2013"
        cells = (str(number), item_name(run, name, say), f"{price:g}", added)
        sheet.panel.row(cells, columns, wide={1: 1.55})
    sheet.panel.row(("", say("together"), f"{run.best.cost:g}", percent(run.best.value)), columns, bold=True)


def _profile(run: PortfolioRun) -> str:
    """The fence line whose gain is drawn under the map: that of most chosen passages."""
    rows = run.candidates[run.candidates["chosen"] & (run.candidates["kind"] == "passage")]
    return str(rows["fence_line"].mode().iloc[0]) if len(rows) and (_shown_gain(run) > 0).any() else ""


def _draw_profile(
    sheet: Sheet, run: PortfolioRun, chosen: Sequence[tuple[int, str, float, float]], say: Language
) -> None:
    assert sheet.strip is not None
    left, bottom, width, height = sheet.strip
    page = sheet.figure.get_size_inches()
    area = ((left + 0.3) / page[0], (bottom + 0.42) / page[1], (width - 0.3) / page[0], (height - 0.78) / page[1])
    axes = sheet.figure.add_axes(area)
    line = _profile(run)
    mine = ((run.candidates["fence_line"] == line) & (run.candidates["kind"] == "passage")).to_numpy()
    own = run.candidates["fence"][mine & run.candidates["chosen"].to_numpy(bool)].unique()
    mine = mine & run.candidates["fence"].isin(own).to_numpy()
    rows = run.candidates[mine].assign(shown=100 * _shown_gain(run)[mine]).sort_values("along_m")
    along, gain = rows["along_m"].to_numpy() / 1000.0, rows["shown"].to_numpy()
    norm, colours = _scale(_shown_gain(run))
    each = run.resolved.study.candidates.every_m / 1000.0
    axes.bar(along, gain, width=each, color=colours(norm(np.maximum(gain, norm.vmin or 0.0))), linewidth=0)
    top = float(gain.max()) or 1.0
    axes.set(xlim=(max(along[0] - each, 0.0), along[-1] + each), ylim=(0, 1.75 * top))
    spots = rows.set_index("candidate")["along_m"] / 1000.0
    number_profile(axes, [(n, float(spots[name])) for n, name, _, _ in chosen if name in spots.index], top)
    title = full_names(run.inputs.cuts.fences, say)[own[0]] if len(own) == 1 else say(line)
    axes.set_title(
        say("Gain along “{fence}”").format(fence=title), fontsize=9.5, fontweight="bold", color=INK, loc="left", pad=5
    )
    axes.set_xlabel(say("distance along the fence [km]"), fontsize=8, color=MUTED, labelpad=2)
    axes.set_ylabel(say("% of what fences take"), fontsize=8, color=MUTED)
    axes.tick_params(labelsize=7.6, length=2.5, width=0.5, colors=MUTED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
