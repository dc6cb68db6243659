"""A small picture of one passage: relief, corridor, fence with kilometre posts, scale."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, withStroke

from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.cartography.furniture import relief
from scenarios.outputs.field.content import KINDS, PROPOSED, FieldContent
from scenarios.outputs.gis.qgis_styles import CORRIDOR, FENCE, INK, STANDS

__all__ = ["closeup_png"]

HALF_KM = 15.0
SIZE_INCHES = (5.0, 4.75)
DPI = 110
HEIGHT, FOOT = 0.76, 0.115
"""Shares of the picture that are map, and legend below it."""
POST_KM = 5
SCALE_KM = 5
GROUND = "#e9e4d6"


def closeup_png(content: FieldContent, passage: pd.Series) -> bytes:
    """The land 15 km around a passage as PNG, north of the study's grid up."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "otkel"}):
        figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor="white")
        axes = figure.add_axes((0.02, FOOT, 0.96, HEIGHT))
        run, x, y = content.runs[0], float(passage["x"]), float(passage["y"])
        half = 1000.0 * HALF_KM
        _ground(axes, run, (x - half, y - half, x + half, y + half))
        _fences(axes, content, x, y)
        axes.plot(x, y, zorder=6, **_look(passage))
        _scale(axes, content, x, y, half)
        wide = half * SIZE_INCHES[0] * 0.96 / (SIZE_INCHES[1] * HEIGHT)
        axes.set(xlim=(x - wide, x + wide), ylim=(y - half, y + half), xticks=[], yticks=[], aspect="equal")
        _legend(figure, content, passage)
        title = f"{passage['number']}. {passage['name']}"
        marks = [content.say(content.audience.value).upper(), content.say(passage["geometry_status"])]
        figure.text(0.02, 0.95, title, size=9.5)
        figure.text(0.02, 0.91, " \u00b7 ".join(marks), size=7.5, color=FENCE)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None, "Comment": content.say(content.audience_note)})
    return out.getvalue()


def _look(passage: pd.Series) -> dict[str, Any]:
    """How a passage is marked: a yellow disc where it is proposed, a green square where it stands."""
    stands = passage["state"] != PROPOSED
    return {
        "marker": "s" if stands else "o",
        "markersize": 11,
        "markerfacecolor": STANDS if stands else "#ffd54d",
        "markeredgecolor": INK,
        "markeredgewidth": 1.6,
        "linestyle": "none",
    }


def _legend(figure: Figure, content: FieldContent, passage: pd.Series) -> None:
    """What the picture's signs mean, in two rows below it."""
    say = content.say
    passable = Line2D([], [], **_look(passage) | {"markersize": 8, "markeredgewidth": 1.2})
    post = Line2D([], [], color=FENCE, linewidth=2.0, marker="s", markerfacecolor="white", markersize=4)
    entries: list[tuple[Any, str]] = [
        (passable, say(KINDS[passage["state"]])),
        (post, say("Fence, with its kilometres")),
    ]
    if np.isfinite(content.runs[0].corridor).any():
        words = {0.01: say("Corridor, best 1 %"), 0.05: say("Corridor, best 5 %")}
        entries += [(Patch(facecolor=CORRIDOR[share], alpha=0.65), words[share]) for share in sorted(CORRIDOR)]
    figure.legend(
        [sign for sign, _ in entries],
        [words for _, words in entries],
        loc="lower left",
        bbox_to_anchor=(0.01, 0.0),
        ncols=2,
        fontsize=7.2,
        frameon=False,
        borderpad=0.4,
        columnspacing=1.6,
        handlelength=1.6,
    )


def _ground(axes: Axes, run: SpeciesRun, box: tuple[float, float, float, float]) -> None:
    """Relief with the best of the corridor in blue."""
    rows, cols = run.grid.cells_at(np.array([box[0], box[2]]), np.array([box[3], box[1]]))
    r0, r1 = np.clip([rows[0] - 3, rows[1] + 4], 0, run.grid.height)
    c0, c1 = np.clip([cols[0] - 8, cols[1] + 9], 0, run.grid.width)
    if r1 <= r0 or c1 <= c0:
        return
    picture = np.ones((r1 - r0, c1 - c0, 3)) * mpl.colors.to_rgb(GROUND)
    corridor = run.corridor
    for share in (0.05, 0.01):
        finite = np.isfinite(corridor)
        if finite.any():
            inside = corridor[r0:r1, c0:c1] <= np.quantile(corridor[finite], share)
            picture[inside] = 0.35 * picture[inside] + 0.65 * np.array(mpl.colors.to_rgb(CORRIDOR[share]))
    layer = elevation_of(run)
    if layer is not None and min(r1 - r0, c1 - c0) > 2:
        heights = np.where(layer.nodata, np.nan, np.asarray(layer.values, float))[r0:r1, c0:c1]
        picture = np.clip(picture * relief(heights, run.grid.cell_width_m)[..., None], 0, 1)
    left, top = run.grid.transform.c, run.grid.transform.f
    width, height = run.grid.cell_width_m, run.grid.cell_height_m
    axes.imshow(
        picture,
        extent=(left + c0 * width, left + c1 * width, top - r1 * height, top - r0 * height),
        interpolation="bilinear",
        zorder=1,
    )


def _fences(axes: Axes, content: FieldContent, x: float, y: float) -> None:
    around = shapely.Point(x, y).buffer(2500.0 * HALF_KM)
    for fence in content.fences:
        for part in shapely.get_parts(shapely.intersection(fence.line, around)):
            points = shapely.get_coordinates(part)
            axes.plot(points[:, 0], points[:, 1], color=FENCE, linewidth=2.4, zorder=4, path_effects=_halo(4.2))
        for along in fence.posts_m(1000.0 * POST_KM):
            post, km = fence.point_at(along), round(along / 1000.0)
            if abs(post.x - x) < 1100.0 * HALF_KM and abs(post.y - y) < 900.0 * HALF_KM:
                axes.plot(post.x, post.y, "s", color="white", markeredgecolor=FENCE, markersize=4, zorder=5)
                axes.annotate(
                    f"{km}",
                    (post.x, post.y),
                    xytext=(6, 6),
                    textcoords="offset points",
                    size=7.5,
                    zorder=7,
                    path_effects=_halo(2),
                )


def _halo(width: float) -> list[Any]:
    return [withStroke(linewidth=width, foreground="white", alpha=0.9), Normal()]


def _scale(axes: Axes, content: FieldContent, x: float, y: float, half: float) -> None:
    start, at = x - 0.95 * half, y - 0.9 * half
    axes.plot([start, start + 1000.0 * SCALE_KM], [at, at], color=INK, linewidth=3, solid_capstyle="butt", zorder=7)
    axes.annotate(
        f"{SCALE_KM} {content.say('km')}",
        (start, at),
        xytext=(0, 5),
        textcoords="offset points",
        size=8,
        zorder=7,
        path_effects=_halo(2),
    )
