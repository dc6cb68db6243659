"""Pictures of a plan: the gain against the budget, and a map with the gain along the fences and what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from rasters.numbers import percent
from scenarios.land.actions import area_shape
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.features import draw_borders, draw_places, draw_plain_fences
from scenarios.outputs.cartography.furniture import Bounds
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import Scene, draw_ground, legend_of_ground, make_scene
from scenarios.outputs.cartography.sheet import INK, MUTED, Sheet, Texts, new_sheet, save_png
from scenarios.outputs.words import schematic_note
from scenarios.passages.choose import PortfolioRun
from scenarios.passages.words import OBJECTIVES, numbered_items, species_name

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = ["draw_frontier", "write_plan_map"]

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Apart for every kind of colour vision (Okabe and Ito 2008)."""
READING = (
    "A dark stretch of fence is worth opening: its colour is what one opening there gives back of what all fences take away, or "
    "half of what it gives back with its best partner in another line. Numbers are the plan, what adds most first."
)


def draw_frontier(run: PortfolioRun, path: Path) -> Path:
    """What each budget can gain, for all species together and for each if it alone were planned for."""
    figure = Figure(figsize=(9.0, 5.4), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.09, 0.17, 0.66, 0.62))
    names = [n for n in run.frontier["species"].unique() if n != "all"]
    for colour, name in zip(LINES * (1 + len(names) // len(LINES)), names, strict=False):
        _curve(axes, run.frontier[run.frontier["species"] == name], species_name(run, name), colour, 1.4)
    everyone = run.frontier[run.frontier["species"] == "all"]
    _curve(axes, everyone, "all species, weighted", INK, 2.6)
    known = everyone[everyone["gap"] < 0.5]
    axes.fill_between(known["budget"], 100 * known["gain"], 100 * known["bound"], color=INK, alpha=0.15, linewidth=0)
    axes.plot(run.best.budget, 100 * run.best.value, "o", color=INK, markersize=8, zorder=5)
    axes.plot(run.best.budget, 100 * run.greedy.value, "x", color=INK, markersize=7, markeredgewidth=1.8, zorder=5)
    _spread_labels(axes)
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.set_xlabel("budget [cost units]", fontsize=9, color=MUTED)
    axes.set_ylabel("gain [% of what all fences take away]", fontsize=9, color=MUTED)
    axes.grid(color="#e4e7e9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, colors=INK, length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _frontier_words(figure, run)
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


def _frontier_words(figure: Figure, run: PortfolioRun) -> None:
    titles = f"{run.resolved.study.title}   \u00b7   {run.resolved.scenario_title}"
    figure.text(0.03, 0.965, "What a budget can gain", fontsize=15, fontweight="bold", color=INK, va="top")
    figure.text(0.03, 0.9, titles, fontsize=9, color=MUTED, va="top")
    figure.text(0.03, 0.862, f"Objective: {OBJECTIVES[run.settings.objective]}", fontsize=9, color=MUTED, va="top")
    note = (
        "Dot: the plan. Cross: best passage added one by one. Grey: between the best plan found and what none can exceed. Each "
        f"coloured line\nis the best plan for that species alone.   {Audience.RESTRICTED.upper()}"
    )
    figure.text(0.03, 0.015, note, fontsize=7.5, color=MUTED, va="bottom")


def write_plan_map(
    run: PortfolioRun,
    ground: Ground,
    path: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
) -> Path:
    """Draw the fences by their gain, and the plan.

    Parameters
    ----------
    ground : Ground
        Ground, fences and places; none of its numbers is drawn.
    """
    scene = make_scene(ground, borders, credits)
    chosen = _chosen(run)
    sheet = new_sheet(ground.grid, _bounds(run, scene), _texts(run, scene), strip=1.75 if _profile(run) else 0.0)
    draw_ground(sheet, scene)
    sheet.panel.heading("Fences")
    _draw_gain(sheet, scene, run)
    sheet.panel.heading("Also on the map")
    draw_borders(sheet, scene)
    draw_places(sheet, scene)
    _draw_areas(sheet, run)
    draw_labels(sheet, scene, [(n, x, y) for n, _, x, y in chosen])
    legend_of_ground(sheet, scene)
    _plan_list(sheet, run)
    sheet.panel.closing("How to read it", (READING,))
    sheet.panel.closing("Assumed", ground.assumptions)
    if sheet.strip is not None:
        _draw_profile(sheet, run, chosen)
    return save_png(sheet.figure, path)


def _texts(run: PortfolioRun, scene: Scene) -> Texts:
    return Texts(
        title=f"The plan for a budget of {run.best.budget:g}",
        subtitle=f"{run.resolved.study.title}   \u00b7   {run.resolved.scenario_title}   \u00b7   {', '.join(run.prepared)}",
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


def _plan_list(sheet: Sheet, run: PortfolioRun) -> None:
    sheet.panel.heading("The plan")
    if not run.names_of(run.best):
        sheet.panel.text("Nothing improves connectivity under this budget.", size=8.6, color=INK)
        return
    adds, cost = run.parts.set_index("item")["gain"], run.candidates.set_index("candidate")["cost"]
    columns = (0.02, 0.2, -2.2, -2.9)
    sheet.panel.row(("", "passage or action", "cost", "adds"), columns, bold=True)
    for number, name in numbered_items(run):
        price = cost[name] if name in cost.index else run.resolved.study.actions[name].cost
        added = percent(adds[name]) if name in adds.index else "\u2013"
        short = name if len(name) <= 24 else f"{name[:8]}\u2026{name[-15:]}"
        sheet.panel.row((str(number), short, f"{price:g}", added), columns)
    sheet.panel.row(("", "together", f"{run.best.cost:g}", percent(run.best.value)), columns, bold=True)


def _profile(run: PortfolioRun) -> str:
    """The fence line whose gain is drawn under the map: that of most chosen passages."""
    rows = run.candidates[run.candidates["chosen"] & (run.candidates["kind"] == "passage")]
    return str(rows["fence_line"].mode().iloc[0]) if len(rows) and (_shown_gain(run) > 0).any() else ""


def _draw_profile(sheet: Sheet, run: PortfolioRun, chosen: Sequence[tuple[int, str, float, float]]) -> None:
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
    _number_profile(axes, [(n, float(spots[name])) for n, name, _, _ in chosen if name in spots.index], top)
    first = next(f for f in run.inputs.cuts.fences if f.id == own[0])
    title = f"{first.name or first.id} ({first.id})" if len(own) == 1 else line
    axes.set_title(f"Gain along {title}", fontsize=9.5, fontweight="bold", color=INK, loc="left", pad=5)
    axes.set_xlabel("distance along the fence [km]", fontsize=8, color=MUTED, labelpad=2)
    axes.set_ylabel("% of what fences take", fontsize=8, color=MUTED)
    axes.tick_params(labelsize=7.6, length=2.5, width=0.5, colors=MUTED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _number_profile(axes: Axes, spots: Sequence[tuple[int, float]], top: float) -> None:
    """Numbers above the profile, in up to three rows where they stand close."""
    apart = 0.028 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    ends = [-np.inf, -np.inf, -np.inf]
    box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": INK, "linewidth": 0.7}
    for number, x in sorted(spots, key=lambda spot: spot[1]):
        level = next((n for n, end in enumerate(ends) if x - end >= apart), int(np.argmin(ends)))
        ends[level] = x
        y = (1.15 + 0.23 * level) * top
        axes.plot([x, x], [0.0, y], color=INK, linewidth=0.6, linestyle=(0, (2, 2)))
        axes.text(x, y, str(number), fontsize=7.5, fontweight="bold", ha="center", va="center", color=INK, bbox=box)
