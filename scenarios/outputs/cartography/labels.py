"""Names of places and numbers of passages on a map, none over another."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from shapely.geometry import LineString

from scenarios.land.places import FocalPlace
from scenarios.model.results import shortlist
from scenarios.outputs.cartography.features import colour_of
from scenarios.outputs.cartography.furniture import Label, Spot, place_labels
from scenarios.outputs.cartography.scene import RunScene, Scene
from scenarios.outputs.cartography.sheet import INK, Sheet

__all__ = ["draw_labels", "top_passages"]

Course = tuple[NDArray[np.float64], NDArray[np.float64]]
"""x and y of a route."""


def top_passages(scene: RunScene) -> list[tuple[int, float, float]]:
    """Number and map position of the shortlisted candidates."""
    best = shortlist(scene.run.ranking)
    return [(int(n), float(x), float(y)) for n, x, y in zip(best["number"], best["x"], best["y"], strict=True)]


def draw_labels(
    sheet: Sheet,
    scene: Scene,
    passages: list[tuple[int, float, float]],
    routes: Sequence[Course] = (),
    standing: Sequence[tuple[str, float, float]] = (),
) -> None:
    """Numbers of passages, of ``standing`` ones with their squares, and names of places: none over another, nor over its line."""
    low, high = sheet.axes.transAxes.transform([(0, 0), (1, 1)])
    frame = (low[0] + 3, low[1] + 3, high[0] - 3, high[1] - 3)
    to_pixels = sheet.axes.transData.transform
    spots = to_pixels(np.array([p[1:] for p in passages]).reshape(-1, 2))
    places = [place for place in scene.run.places if _is_within(sheet, place)]
    middles = to_pixels(np.array([[p.geometry.centroid.x, p.geometry.centroid.y] for p in places]).reshape(-1, 2))
    sizes = [_text_size(sheet, _wrapped(sheet, place)) for place in places]
    stands = to_pixels(np.array([one[1:] for one in standing]).reshape(-1, 2))
    labels = [Label(x=x, y=y, width=23, height=23, reach=(16, 26, 40, 58, 80, 105)) for x, y in spots]
    labels += [Label(x=x, y=y, width=23, height=15, reach=(8, 16, 28, 42, 60)) for x, y in stands]
    labels += [
        Label(x=x, y=y, width=w, height=h, reach=_reach(sheet, place))
        for place, (x, y), (w, h) in zip(places, middles, sizes, strict=True)
    ]
    marks = np.vstack([spots, stands])
    dots = np.hstack([marks - 6, marks + 6])
    found = place_labels(labels, frame, dots, to_pixels(_line_points(scene, routes)))
    _draw_badges(sheet, passages, spots, found[: len(passages)])
    _draw_standing(sheet, standing, found[len(passages) : len(marks)])
    _draw_names(sheet, places, found[len(marks) :], sizes)


def _line_points(scene: Scene, routes: Sequence[Course]) -> NDArray[np.float64]:
    """Points along fences, outlines and paths, about five cells apart, for labels to keep off them."""
    lines = [line for line in scene.fences.geometry if line.length > 0]
    lines += [place.geometry.boundary for place in scene.run.places]
    lines += [LineString(np.column_stack(course)) for course in routes if course[0].size > 1]
    dense = shapely.segmentize(shapely.line_merge(shapely.union_all(lines)), 5 * scene.run.grid.cell_width_m)
    points = shapely.get_coordinates(dense)
    return points[:: max(1, len(points) // 4000)]


def _reach(sheet: Sheet, place: FocalPlace) -> tuple[float, ...]:
    """Distances [pixels] from a place's middle at which its name may begin: just outside its outline, then farther."""
    west, _, east, _ = place.geometry.bounds
    (left, _), (right, _) = sheet.axes.transData.transform([(west, 0), (east, 0)])
    edge = min((right - left) / 2, 60.0) + 5.0
    return tuple(edge + more for more in (0.0, 8.0, 18.0, 32.0, 50.0))


def _is_within(sheet: Sheet, place: FocalPlace) -> bool:
    (west, east), (south, north) = sheet.axes.get_xlim(), sheet.axes.get_ylim()
    middle = place.geometry.centroid
    return bool(west < middle.x < east and south < middle.y < north)


def _wrapped(sheet: Sheet, place: FocalPlace) -> str:
    return "\n".join(textwrap.wrap(sheet.say(place.name), 26))


def _text_size(sheet: Sheet, text: str) -> tuple[float, float]:
    """Width and height of a place's name in pixels."""
    probe = sheet.figure.text(0, 0, text, fontsize=9, fontweight="bold")
    box = probe.get_window_extent(sheet.figure.canvas.get_renderer())  # type: ignore[attr-defined]
    probe.remove()
    return box.width, box.height


def _draw_names(
    sheet: Sheet, places: list[FocalPlace], found: list[Spot], sizes: Sequence[tuple[float, float]]
) -> None:
    to, back = sheet.axes.transData.transform, sheet.axes.transData.inverted().transform
    halo = [withStroke(linewidth=2.8, foreground="white", alpha=0.92)]
    for place, spot, size in zip(places, found, sizes, strict=True):
        x, y = back((spot.x, spot.y))
        if spot.distance > _reach(sheet, place)[1]:
            middle = place.geometry.centroid
            end = back(_before_label(to((middle.x, middle.y)), spot, size))
            sheet.axes.plot([middle.x, end[0]], [middle.y, end[1]], color=colour_of(place), linewidth=0.7, zorder=6)
        sheet.axes.text(
            x,
            y,
            _wrapped(sheet, place),
            fontsize=9,
            fontweight="bold",
            color=colour_of(place),
            ha="center",
            va="center",
            path_effects=halo,
            zorder=8,
        )


def _before_label(
    start: NDArray[np.float64], spot: Spot, size: tuple[float, float], gap: float = 3.0
) -> NDArray[np.float64]:
    """Where a line from ``start`` to the middle of a label meets the rim of its box [pixels]."""
    step = np.array([spot.x, spot.y]) - start
    with np.errstate(divide="ignore"):
        inside = float(np.min((np.array(size) / 2 + gap) / np.abs(step)))
    return np.asarray(start + step * max(1.0 - inside, 0.0))


def _draw_standing(sheet: Sheet, standing: Sequence[tuple[str, float, float]], found: list[Spot]) -> None:
    """Numbers of passages that stand, with a line to those that came to stand farther off."""
    back = sheet.axes.transData.inverted().transform
    halo = [withStroke(linewidth=2.6, foreground="white", alpha=0.95)]
    for (number, x, y), spot in zip(standing, found, strict=True):
        at = back((spot.x, spot.y))
        if spot.distance > 16:
            sheet.axes.plot([x, at[0]], [y, at[1]], color=INK, linewidth=0.7, zorder=6)
        sheet.axes.text(
            at[0], at[1], number, fontsize=7.5, color=INK, ha="center", va="center", zorder=9, path_effects=halo
        )


def _draw_badges(
    sheet: Sheet, passages: list[tuple[int, float, float]], pixels: NDArray[np.float64], found: list[Spot]
) -> None:
    back = sheet.axes.transData.inverted().transform
    for (number, x, y), _, spot in zip(passages, pixels, found, strict=True):
        at = back((spot.x, spot.y))
        sheet.axes.plot([x, at[0]], [y, at[1]], color=INK, linewidth=0.9, zorder=6)
        sheet.axes.plot(
            x, y, "o", markersize=5.2, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=1.2, zorder=7
        )
        sheet.axes.text(
            at[0],
            at[1],
            str(number),
            fontsize=8,
            fontweight="bold",
            color=INK,
            ha="center",
            va="center",
            zorder=9,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": INK, "linewidth": 1.0},
        )
    if passages:
        sheet.panel.badge(sheet.say("best {n} places for a passage").format(n=len(passages)))
