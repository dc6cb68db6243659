"""The passage sheet: which part of the country it shows, its list, and the gain along a fence under the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from rasters.arrays import Reals
from rasters.numbers import percent
from scenarios.model.naming import passage_names
from scenarios.model.results import shortlist
from scenarios.outputs.cartography.features import gain_scale, relative_gain
from scenarios.outputs.cartography.furniture import Bounds
from scenarios.outputs.cartography.scene import RunScene, Scene
from scenarios.outputs.cartography.sheet import INK, MUTED, Sheet

__all__ = ["draw_profile", "fence_bounds", "has_profile", "number_profile", "passage_list"]

ROWS = 3
"""Of numbers above a profile."""


def fence_bounds(scene: RunScene) -> Bounds:
    """The part of the grid that holds the best passages, or the fences, with room around; the whole grid without."""
    grid, ranking = scene.run.grid, shortlist(scene.run.ranking)
    if len(ranking):
        box = (ranking["x"].min(), ranking["y"].min(), ranking["x"].max(), ranking["y"].max())
    elif not scene.fences.empty:
        box = tuple(scene.fences.total_bounds)
    else:
        return grid.bounds
    west, south, east, north = grid.bounds
    room = max(40 * grid.cell_width_m, 0.14 * max(box[2] - box[0], box[3] - box[1]))
    half = np.array([box[2] - box[0], box[3] - box[1]]) / 2 + room
    half = np.maximum(half, half[::-1] * np.array([1.0, 0.62]))
    half = np.minimum(half, [(east - west) / 2, (north - south) / 2])
    x = float(np.clip((box[0] + box[2]) / 2, west + half[0], east - half[0]))
    y = float(np.clip((box[1] + box[3]) / 2, south + half[1], north - half[1]))
    return (x - half[0], y - half[1], x + half[0], y + half[1])


def passage_list(sheet: Sheet, scene: RunScene) -> None:
    """The best candidates as a small table."""
    best = shortlist(scene.run.ranking)
    sheet.panel.heading("Best candidates")
    if best.empty:
        sheet.panel.text("No candidate passages in this scenario.", size=8.6, color=INK)
        return
    columns = (0.02, 0.2, -2.05, -2.9)
    sheet.panel.row(("", "place", "least cost", "conductance"), columns, bold=True)
    for row, name in zip(
        best.itertuples(index=False), passage_names(scene.run.cuts.fences, best, scene.say), strict=True
    ):
        shares = (percent(row.least_cost_gain_share), percent(row.conductance_gain_share))
        sheet.panel.row((str(row.number), name, *shares), columns, wide={1: 1.24})
    sheet.panel.text(
        "Gain as a share of what the fences take away; every component and its unit is in passages.csv.", size=7.0
    )


def has_profile(scene: Scene) -> bool:
    """Whether opening a fence anywhere improves connectivity."""
    return not scene.fences.empty and bool((scene.fences["gain_ohm2_per_km"].fillna(0.0) > 0).any())


def draw_profile(sheet: Sheet, scene: RunScene) -> None:
    """Under the map: gain per kilometre along the fences of the best passages of one line, with their numbers."""
    profile = scene.fences
    if sheet.strip is None:
        return
    left, bottom, width, height = sheet.strip
    page = sheet.figure.get_size_inches()
    axes = sheet.figure.add_axes(
        ((left + 0.3) / page[0], (bottom + 0.42) / page[1], (width - 0.3) / page[0], (height - 0.78) / page[1])
    )
    line, name = _most_interesting(scene)
    rows = _between(profile.assign(gain=relative_gain(scene)), line, name)
    gain = np.nan_to_num(rows["gain"].to_numpy(dtype=np.float64))
    start, end = rows["start_m"].to_numpy() / 1000.0, rows["end_m"].to_numpy() / 1000.0
    norm, colours = gain_scale()
    fill = colours(norm(np.maximum(gain, norm.vmin or 0.0)))
    axes.add_collection(PolyCollection(_bars(start, end, gain), facecolors=fill, linewidths=0), autolim=False)
    axes.step(np.append(start, end[-1]), np.append(gain, gain[-1]), where="post", color="#4a2c17", linewidth=0.8)
    top = float(gain.max()) or 1.0
    axes.set(xlim=(start[0], end[-1]), ylim=(0, 1.75 * top))
    best = shortlist(scene.run.ranking)
    here = best[best["fence_line"] == line]
    number_profile(axes, list(zip(here["number"], here["along_m"].astype(float) / 1000.0, strict=True)), top)
    names = rows["name"].unique()
    _style_profile(axes, (names[0] or rows["fence"].iloc[0]) if len(names) == 1 else line, sheet)


def _bars(start: Reals, end: Reals, height: Reals) -> list[Reals]:
    """(4, 2) corners of each upright box on the axis; as one collection a thousand are drawn ten times as fast as by ``bar``."""
    low = np.zeros_like(height)
    return list(np.stack([np.stack([start, start, end, end], -1), np.stack([low, height, height, low], -1)], -1))


def _most_interesting(scene: RunScene) -> tuple[str, list[str]]:
    """The fence line with most of the shortlist, and its fences on which that lies."""
    best = shortlist(scene.run.ranking)
    if len(best):
        line = str(best["fence_line"].mode().iloc[0])
        return line, best.loc[best["fence_line"] == line, "fence"].unique().tolist()
    first = scene.fences.loc[scene.fences["gain_ohm2_per_km"].idxmax()]
    return str(first["fence_line"]), [first["fence"]]


def _between(profile: pd.DataFrame, line: str, fences: list[str]) -> pd.DataFrame:
    """Rows of a fence line from the first to the last of some of its fences."""
    own = profile["fence"].isin(fences)
    low, high = profile.loc[own, "start_m"].min(), profile.loc[own, "end_m"].max()
    here = (profile["fence_line"] == line) & (profile["start_m"] >= low) & (profile["end_m"] <= high)
    return profile[here].sort_values("start_m")


def number_profile(axes: Any, spots: Sequence[tuple[int, float]], top: float) -> None:
    """Numbers above a profile, none over another: in rows where they stand close, moved aside where that is not enough.

    Parameters
    ----------
    axes : Axes
        Its limits are set: ``top`` is the highest value, and room for the numbers is left above it.
    spots : sequence of (int, float)
        Number and place along the fence.
    """
    low, high = axes.get_xlim()
    apart = 0.034 * (high - low)
    box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": INK, "linewidth": 0.7}
    listed = sorted(spots, key=lambda spot: spot[1])
    rows = _rows_of([x for _, x in listed], apart)
    for row in range(ROWS):
        mine = [spot for spot, its in zip(listed, rows, strict=True) if its == row]
        y = (1.15 + 0.23 * row) * top
        for (number, x), shown in zip(mine, _spread([x for _, x in mine], apart, low, high), strict=True):
            axes.plot([x, x, shown], [0.0, 1.03 * top, y], color=INK, linewidth=0.6, linestyle=(0, (2, 2)))
            axes.text(
                shown, y, str(number), fontsize=7.5, fontweight="bold", ha="center", va="center", color=INK, bbox=box
            )


def _rows_of(places: Sequence[float], apart: float) -> list[int]:
    """Lowest row in which each place, in order, is far enough from the one before; else that in which most room is left."""
    ends, rows = [-np.inf] * ROWS, []
    for x in places:
        row = next((n for n, end in enumerate(ends) if x - end >= apart), int(np.argmin(ends)))
        ends[row] = x
        rows.append(row)
    return rows


def _spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places in order, moved as little as need be to stand ``apart`` from each other within the limits."""
    shown = np.array(places, float)
    for _ in range(50):
        short = apart - np.diff(shown)
        if not (short > 1e-9).any():
            break
        push = np.clip(short, 0.0, None) / 2
        shown[:-1] -= push
        shown[1:] += push
    room = apart / 2
    return np.clip(shown, low + room, high - room).tolist()


def _style_profile(axes: Any, name: str, sheet: Sheet) -> None:
    say = sheet.say
    axes.set_title(
        say("Gain along “{fence}”").format(fence=say(name)),
        fontsize=9.5,
        fontweight="bold",
        color=INK,
        loc="left",
        pad=5,
    )
    axes.set_xlabel(say("distance along the fence [km]"), fontsize=8, color=MUTED, labelpad=2)
    axes.set_ylabel(say("% of the highest"), fontsize=8, color=MUTED)
    axes.tick_params(labelsize=7.6, length=2.5, width=0.5, colors=MUTED)
    axes.set_yticks([tick for tick in MaxNLocator(4).tick_values(0, 100) if tick <= 100])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(linewidth=0.6, color=MUTED)
