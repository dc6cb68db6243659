"""What lies on the ground of a map: corridor, fences, borders, paths, places; each with its legend."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm, to_rgb
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Normal, withStroke
from numpy.typing import NDArray

from rasters.numbers import figure
from scenarios.land.places import FocalPlace
from scenarios.outputs.audience import Audience
from scenarios.outputs.cartography.furniture import block_mean
from scenarios.outputs.cartography.scene import RunScene, Scene, draw_ground, paint
from scenarios.outputs.cartography.sheet import INK, Sheet
from scenarios.outputs.gis.geopackage import CORRIDOR_SHARES
from scenarios.outputs.gis.qgis_styles import STANDS
from scenarios.outputs.release import is_withheld, reader_of

__all__ = [
    "colour_of",
    "draw_borders",
    "draw_corridor",
    "draw_fences",
    "draw_paths",
    "draw_places",
    "draw_plain_fences",
    "draw_standing",
    "gain_scale",
    "numbers_of_standing",
    "relative_gain",
]

CORRIDOR_COLOURS = ("#1f5f94", "#8fbcdc")
NO_GAIN = (
    "No current crosses these closed fences, so there is no marginal gain to draw; shares below come from opening each place in "
    "turn."
)
NO_CORE = "None: no core reaches a target in this scenario."
NO_MOVEMENT = "How animals move is withheld from the public, because an opening stands."
WITHHELD = "Passages, routes and gains along fences are withheld from the public."
CORE, TARGET = "#5e3c99", "#00695c"
FEW = 15
"""Passages that stand, up to which each has its number on a map."""


def draw_corridor(sheet: Sheet, scene: Scene, corridor: NDArray[np.float64]) -> None:
    """The ground with the best shares of the corridor in blue."""
    draw_ground(sheet, scene)
    finite = np.isfinite(corridor)
    if not finite.any():
        sheet.panel.text(NO_MOVEMENT if is_withheld(scene.run) else NO_CORE, size=8.6, color=INK)
        return
    coarse = block_mean(corridor, scene.factor)
    limits = [float(np.quantile(corridor[finite], share)) for share in CORRIDOR_SHARES]
    for limit, color in sorted(zip(limits, CORRIDOR_COLOURS, strict=True), reverse=True):
        with np.errstate(invalid="ignore"):
            paint(sheet, scene, coarse <= limit, color, alpha=0.78)
    for share, limit, color in zip(CORRIDOR_SHARES, limits, CORRIDOR_COLOURS, strict=True):
        label = sheet.say("best {share} % of the area: at most {km} effective km above the best route")
        said = label.format(share=f"{100 * share:.0f}", km=sheet.say(_effective_km(limit)))
        sheet.panel.patch(said, facecolor=color, alpha=0.78)


def _effective_km(metres: float) -> str:
    """Three figures, thousands apart; what is under 10 m is rounding."""
    return figure(metres / 1000.0, "effective km", 3) if metres >= 10.0 else "0"


def _segments(geometries: Any) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """Vertices of every part of every line, and which line each part belongs to."""
    parts, owner = shapely.get_parts(np.asarray(geometries, dtype=object), return_index=True)
    return [shapely.get_coordinates(part) for part in parts], owner


def draw_fences(sheet: Sheet, scene: Scene) -> None:
    """Fence stretches coloured by gain per kilometre, and the colour bar."""
    if scene.fences.empty:
        sheet.panel.text("None in this scenario.", size=8.6, color=INK)
        return
    gain = relative_gain(scene)
    if not (np.isfinite(gain) & (gain > 0)).any():
        draw_plain_fences(sheet, scene)
        sheet.panel.text(WITHHELD if reader_of(scene.run) is Audience.PUBLIC else NO_GAIN, size=8.0)
        return
    norm, colours = gain_scale()
    segments, owner = _segments(scene.fences.geometry)
    order = np.argsort(np.nan_to_num(gain[owner]), kind="stable")
    lines = [segments[i] for i in order]
    shown = np.nan_to_num(gain[owner][order])
    sheet.axes.add_collection(LineCollection(lines, colors="#26211c", linewidths=4.4, capstyle="round", zorder=4))
    colour_of = colours(norm(np.maximum(shown, norm.vmin or 0.0)))
    sheet.axes.add_collection(LineCollection(lines, colors=colour_of, linewidths=2.8, capstyle="butt", zorder=4.1))
    note = "Gain of an opening per km of fence [% of the highest, logarithmic]"
    sheet.panel.colour_bar(colours, norm, note, ("little or none", "most"))


def relative_gain(scene: Scene) -> NDArray[np.float64]:
    """Marginal gain per kilometre of each stretch of fence, as a share of the highest [%]; NaN where nothing was solved."""
    gain = scene.fences["gain_ohm2_per_km"].to_numpy(dtype=np.float64)
    top = float(np.nanmax(gain)) if np.isfinite(gain).any() else 0.0
    return 100.0 * gain / top if top > 0 else gain


def gain_scale() -> tuple[LogNorm, Colormap]:
    """Colours of `relative_gain`: logarithmic, from a thousandth of the highest up."""
    colours = ListedColormap(mpl.colormaps["YlOrRd"](np.linspace(0.0, 0.95, 256)), name="gain")
    return LogNorm(0.1, 100.0, clip=True), colours


def draw_plain_fences(sheet: Sheet, scene: Scene) -> None:
    """Fences in one colour."""
    if scene.fences.empty:
        return
    lines, _ = _segments(scene.fences.geometry)
    sheet.axes.add_collection(LineCollection(lines, colors="white", linewidths=3.2, zorder=4))
    sheet.axes.add_collection(LineCollection(lines, colors="#8c1d04", linewidths=1.7, zorder=4.1))
    sheet.panel.line("fence", color="#8c1d04", linewidth=1.7, casing="white")


def draw_borders(sheet: Sheet, scene: Scene) -> None:
    """State borders, if there are any."""
    if scene.borders is None or scene.borders.empty:
        return
    lines, _ = _segments(scene.borders.geometry)
    style = {"linewidth": 0.9, "linestyle": (0, (6, 2, 1.2, 2)), "color": "#4a4a4a"}
    sheet.axes.add_collection(LineCollection(lines, zorder=3, alpha=0.8, **style))
    sheet.panel.line("state border", **style)


def draw_paths(sheet: Sheet, scene: RunScene) -> None:
    """Least-cost paths, and how many cores have none."""
    paths = [path for path in scene.run.paths if path.x.size > 1]
    style: dict[str, Any] = {"linewidth": 1.5, "linestyle": (0, (4, 1.6)), "color": "#0b0b0b"}
    for path in paths:
        halo = [withStroke(linewidth=3.0, foreground="white", alpha=0.85), Normal()]
        sheet.axes.plot(path.x, path.y, zorder=5, path_effects=halo, **style)
    if paths:
        sheet.panel.line("least-cost path to the nearest target", **style)
    lost = sum(path.status != "reached" for path in scene.run.paths)
    if lost:
        told = sheet.say("{n} of {total} cores reach no target.").format(n=lost, total=len(scene.run.paths))
        sheet.panel.text(told, size=8.2, color=INK)


def numbers_of_standing(scene: Scene) -> list[tuple[str, float, float]]:
    """Number and map position of passages that stand, where they are few enough to be told apart."""
    table = scene.run.standing
    if len(table) > FEW:
        return []
    rows = zip(table["number"], table["x"], table["y"], strict=True) if len(table) else ()
    return [(f"S{number}", float(x), float(y)) for number, x, y in rows]


def draw_standing(sheet: Sheet, scene: Scene) -> None:
    """Passages that stand, as squares; `numbers_of_standing` are labels."""
    table = scene.run.standing
    if table.empty:
        return
    few = len(table) <= FEW
    look: dict[str, Any] = {"marker": "s", "markerfacecolor": STANDS, "markeredgecolor": INK, "linestyle": "none"}
    size = 6.0 if few else 2.2
    sheet.axes.plot(table["x"], table["y"], markersize=size, markeredgewidth=0.9 if few else 0.2, zorder=6.5, **look)
    planned = int((table["state"] == "planned").sum())
    label = "passage that stands ({n}, {m} of them planned)" if planned else "passage that stands ({n})"
    label = "planned passage ({n})" if planned == len(table) else label
    sheet.panel.mark(
        sheet.say(label).format(n=len(table), m=planned), **look | {"markersize": 6.0, "markeredgewidth": 0.9}
    )


def colour_of(place: FocalPlace) -> str:
    """Colour of a place by its role."""
    return TARGET if place.role == "to" else CORE


def draw_places(sheet: Sheet, scene: Scene) -> None:
    """Outlines of cores and targets."""
    for role, label in (("from", "core: animals set out here"), ("to", "target of the movement")):
        places = [place for place in scene.run.places if place.role == role]
        if not places:
            continue
        color = colour_of(places[0])
        look: dict[str, Any] = {"facecolor": (*to_rgb(color), 0.32), "edgecolor": color, "linewidth": 1.5}
        patches = [PathPatch(_outline(place.geometry)) for place in places]
        rim = PatchCollection(patches, zorder=3.4, facecolor="none", edgecolor="white", linewidth=3.2)
        sheet.axes.add_collection(rim)
        sheet.axes.add_collection(PatchCollection(patches, zorder=3.5, **look))
        sheet.panel.patch(label, **look)


def _outline(geometry: Any) -> Outline:
    """Rings of a polygon or several as one matplotlib path."""
    rings = shapely.get_rings(shapely.get_parts(geometry))
    return Outline.make_compound_path(*(Outline(shapely.get_coordinates(ring), closed=True) for ring in rings))
