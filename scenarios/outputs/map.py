"""Maps of a run as PNG: the answer, the surfaces behind it, and the fences with their best passages."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap, Normalize
from numpy.typing import NDArray

from scenarios.model.results import SpeciesRun
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.features import (
    draw_borders,
    draw_corridor,
    draw_fences,
    draw_paths,
    draw_places,
    draw_plain_fences,
    draw_standing,
    numbers_of_standing,
)
from scenarios.outputs.cartography.furniture import Bounds, block_mean, block_pick
from scenarios.outputs.cartography.labels import Course, draw_labels, top_passages
from scenarios.outputs.cartography.scene import (
    RunScene,
    draw_ground,
    draw_surface,
    legend_of_ground,
    log_norm,
    paint,
    run_scene,
)
from scenarios.outputs.cartography.sheet import INK, Sheet, Texts, new_sheet, picture_of, save_png
from scenarios.outputs.cartography.strip import draw_profile, fence_bounds, has_profile, passage_list
from scenarios.outputs.release import is_withheld, reader_of
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import schematic_note

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["MAPS", "map_png", "map_reading", "map_title", "write_maps"]

LOG = logging.getLogger(__name__)

MAPS = {
    "map": "Routes, fences and passages",
    "map_passages": "Where an opening would help most",
    "map_current": "Expected flow of movement",
    "map_cost": "Effort to reach the nearest target",
    "map_resistance": "Resistance to movement",
}
"""File stem -> what the map shows, in the order people should look at them."""

READING = {
    "map": "Blue is where the cheapest routes run. A dark stretch of fence is in the way of much movement; the "
    "numbers are places for an opening, best first.",
    "map_passages": "The gain is what the first metre of opening brings, from one solve: a dark stretch is worth "
    "opening, a pale one is not. The curve below follows one fence from its start.",
    "map_current": "Where random walkers between cores and targets would pass, and how concentrated. It ranks "
    "places; it does not count animals.",
    "map_cost": "Not kilometres walked: a kilometre through a cell of resistance 10 counts ten. Steps in colour at "
    "a fence are the effort of going round or through it.",
    "map_resistance": "1 is the best habitat for this species; 50 means that an animal would rather walk 50 times "
    "as far through the best.",
}
"""What a reader should know, beside each map."""

PUBLIC_TITLES = {"map": "Corridors and fences"}
PUBLIC_READING = {
    "map": "Blue is where the cheapest routes run, as means of coarse cells. Routes, passages and gains along fences are "
    "withheld."
}
"""The same where passages and routes are withheld."""
WITHHELD_TITLE = "Fences and places"
WITHHELD_READING = (
    "Fences are opened in this scenario. How animals move is withheld from the public: it would show where."
)
"""The same where all that depends on openings is withheld."""


def map_title(run: SpeciesRun, stem: str) -> str:
    """What a map shows, as far as its audience may see it."""
    if stem == "map" and is_withheld(run):
        return WITHHELD_TITLE
    return PUBLIC_TITLES.get(stem, MAPS[stem]) if reader_of(run) is Audience.PUBLIC else MAPS[stem]


def map_reading(run: SpeciesRun, stem: str) -> str:
    """What a reader should know beside a map."""
    if stem == "map" and is_withheld(run):
        return WITHHELD_READING
    return PUBLIC_READING.get(stem, READING[stem]) if reader_of(run) is Audience.PUBLIC else READING[stem]


CUT_OFF = "#a7a1b0"


def write_maps(
    run: SpeciesRun,
    folder: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write ``map.png`` and one map for each theme.

    Parameters
    ----------
    run : SpeciesRun
        A layer called ``elevation`` or ``dem`` becomes the relief.
    folder : path
    borders : GeoDataFrame, optional
        Lines, in any CRS.
    credits : sequence of str
        Attribution that the data ask for.
    say : Language
    """
    began, scene = time.perf_counter(), run_scene(run, borders, credits, say)
    files = [save_png(draw(scene).figure, folder / f"{stem}.png") for stem, draw in sheets_of(run).items()]
    LOG.info("%s, %s: maps drawn in %.1f s", run.scenario, run.species, time.perf_counter() - began)
    return files


def sheets_of(run: SpeciesRun) -> dict[str, Callable[[RunScene], Sheet]]:
    """Name of each map that the reader of a run may see -> what draws it."""
    shown: dict[str, Callable[[RunScene], Sheet]] = {"map": _main_map}
    if reader_of(run) is not Audience.PUBLIC:
        shown["map_passages"] = _passage_map
    if not is_withheld(run):
        shown |= {"map_current": _current_map, "map_cost": _cost_map}
    return shown | {"map_resistance": _resistance_map}


def map_png(
    run: SpeciesRun,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
    width: int,
) -> bytes:
    """The main map as PNG, ``width`` pixels wide: to lie within other files."""
    from PIL import Image

    picture = picture_of(_main_map(run_scene(run, borders, credits, say)).figure)
    out = io.BytesIO()
    small = picture.resize((width, round(width * picture.height / picture.width)), resample=Image.Resampling.LANCZOS)
    small.quantize(256, method=Image.Quantize.FASTOCTREE).save(
        out, "PNG"
    )  # median cut loses the colours of small things
    return out.getvalue()


def _open_sheet(scene: RunScene, stem: str, bounds: Bounds | None = None, strip: float = 0.0) -> Sheet:
    run, say = scene.run, scene.say
    title = say(map_title(run, stem))
    species, study, scenario = (say(run.titles.get(key, getattr(run, key))) for key in ("species", "study", "scenario"))
    texts = Texts(
        title=f"{species}: {title[0].lower()}{title[1:]}",
        subtitle=f"{study}   \u00b7   {scenario}",
        badge=badge(reader_of(run)),
        warning=schematic_note(run),
        credits=scene.credits,
    )
    return new_sheet(run.grid, bounds or run.grid.bounds, texts, strip=strip, say=say)


def _main_map(scene: RunScene) -> Sheet:
    sheet = _open_sheet(scene, "map")
    sheet.panel.heading("Corridor")
    draw_corridor(sheet, scene, scene.run.corridor)
    _draw_features(sheet, scene)
    legend_of_ground(sheet, scene)
    _close(sheet, scene, "map")
    return sheet


def _passage_map(scene: RunScene) -> Sheet:
    sheet = _open_sheet(scene, "map_passages", fence_bounds(scene), strip=1.75 if has_profile(scene) else 0.0)
    draw_ground(sheet, scene)
    _draw_features(sheet, scene)
    passage_list(sheet, scene)
    _close(sheet, scene, "map_passages")
    draw_profile(sheet, scene)
    return sheet


def _draw_features(sheet: Sheet, scene: RunScene) -> None:
    """Fences, places, routes and passages, with their names."""
    sheet.panel.heading("Fences")
    draw_fences(sheet, scene)
    sheet.panel.heading("Places and routes")
    draw_borders(sheet, scene)
    draw_paths(sheet, scene)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, top_passages(scene), _courses(scene), numbers_of_standing(scene))
    draw_standing(sheet, scene)


def _current_map(scene: RunScene) -> Sheet:
    values = block_mean(scene.run.current_density, scene.factor)
    values = np.where(values > 0, values, np.nan)
    sheet = _open_sheet(scene, "map_current")
    if not np.isfinite(values).any():
        sheet.panel.heading("Current density")
        sheet.panel.text("No current flows: no core is joined to a target in this scenario.", size=9, color=INK)
        draw_ground(sheet, scene)
        return _finish_theme(sheet, scene, "map_current")
    norm = log_norm(values, 0.25, 0.9995)
    note = "Current density, 1 A sent from each core to the targets [A/m, logarithmic]"
    colours = ListedColormap(mpl.colormaps["magma_r"](np.linspace(0.0, 0.92, 256)), name="flow")
    draw_surface(sheet, scene, values, colours, norm, note, ("little", "much"))
    return _finish_theme(sheet, scene, "map_current")


def _cost_map(scene: RunScene) -> Sheet:
    values = block_mean(scene.run.cwd / 1000.0, scene.factor)
    sheet = _open_sheet(scene, "map_cost")
    finite = values[np.isfinite(values)]
    norm = Normalize(0.0, float(np.quantile(finite, 0.995)) if finite.size and finite.max() > 0 else 1.0)
    note = "Least accumulated resistance \u00d7 distance to the nearest target, fences included [effective km]"
    draw_surface(sheet, scene, values, mpl.colormaps["viridis_r"], norm, note, ("close", "far"))
    cut_off = block_pick(np.isposinf(scene.run.cwd) & scene.run.surface.passable, scene.factor)
    return _finish_theme(sheet, scene, "map_cost", cut_off)


def _resistance_map(scene: RunScene) -> Sheet:
    run = scene.run
    values = block_mean(np.where(run.surface.passable, run.surface.values, np.nan), scene.factor)
    sheet = _open_sheet(scene, "map_resistance")
    norm = log_norm(values, 0.0, 1.0)
    colours = ListedColormap(mpl.colormaps["cividis_r"](np.linspace(0.0, 0.8, 256)), name="resistance")
    note = "Cost of a metre through a cell, relative to best habitat [1]"
    draw_surface(sheet, scene, values, colours, norm, note, ("best habitat", "avoided"))
    return _finish_theme(sheet, scene, "map_resistance")


def _finish_theme(sheet: Sheet, scene: RunScene, stem: str, cut_off: NDArray[np.bool_] | None = None) -> Sheet:
    """Fences, borders and places over a surface, and their legend."""
    sheet.panel.heading("Also on the map")
    if cut_off is not None and cut_off.any():
        paint(sheet, scene, cut_off, CUT_OFF)
        sheet.panel.patch("no route to any target", facecolor=CUT_OFF, edgecolor="none")
    draw_borders(sheet, scene)
    draw_plain_fences(sheet, scene)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, [], _courses(scene))
    legend_of_ground(sheet, scene)
    _close(sheet, scene, stem)
    return sheet


def _courses(scene: RunScene) -> list[Course]:
    return [(path.x, path.y) for path in scene.run.paths]


def _close(sheet: Sheet, scene: RunScene, stem: str) -> None:
    """How to read the map, and what it assumes, as far as there is room."""
    sheet.panel.closing("How to read it", (map_reading(scene.run, stem),))
    sheet.panel.closing("Assumed", scene.run.assumptions)
