"""The ground of a map: land, water, relief, and one surface painted over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb
from numpy.typing import NDArray
from scipy.ndimage import zoom

from scenarios.model.ground import Ground, elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.cartography.furniture import block_mean, block_pick, relief
from scenarios.outputs.cartography.sheet import Sheet
from scenarios.outputs.gis.geopackage import fence_layer
from scenarios.outputs.tables import profile_table
from scenarios.outputs.translate import ENGLISH, Language

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "RunScene",
    "Scene",
    "draw_ground",
    "draw_surface",
    "legend_of_ground",
    "log_norm",
    "make_scene",
    "paint",
    "run_scene",
]

WATER, UNKNOWN, LAND = "#cbdae4", "#e3e0da", "#f3efe6"
MAX_PIXELS = 1400
"""Grids with more rows or columns are drawn from block means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all maps on one ground share, prepared once.

    ``water`` and ``unknown`` are in blocks of ``factor`` cells, coarse enough to draw; ``shade`` is the relief, on a
    small grid ``fine`` times finer than its cells so that hills look like hills. ``say`` says every word.
    """

    run: Ground
    factor: int
    fine: int
    shade: NDArray[np.float64]
    water: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    fences: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame | None
    credits: str
    say: Language = ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScene(Scene):
    """The same with what was solved."""

    run: SpeciesRun


def make_scene(
    ground: Ground, borders: gpd.GeoDataFrame | None, credits: Sequence[str], say: Language = ENGLISH
) -> Scene:
    """Prepare what maps of a ground share; ``borders`` may be in any CRS."""
    return Scene(run=ground, **_shared(ground, borders, credits, say), fences=fence_layer(ground))


def run_scene(
    run: SpeciesRun, borders: gpd.GeoDataFrame | None, credits: Sequence[str], say: Language = ENGLISH
) -> RunScene:
    """The same for a run: fences with their gain."""
    return RunScene(run=run, **_shared(run, borders, credits, say), fences=fence_layer(run, profile_table(run)))


def _shared(run: Ground, borders: gpd.GeoDataFrame | None, credits: Sequence[str], say: Language) -> dict[str, Any]:
    factor = max(1, -(-max(run.grid.shape) // MAX_PIXELS))
    fine = max(1, 900 // max(run.grid.shape))
    return dict(
        factor=factor,
        fine=fine,
        shade=_relief(run, factor, fine),
        water=block_pick(run.surface.barrier, factor),
        unknown=block_pick(run.surface.nodata, factor),
        borders=None if borders is None else borders.to_crs(run.grid.pyproj_crs),
        credits="   \u00b7   ".join(map(say, credits)),
        say=say,
    )


def _relief(run: Ground, factor: int, fine: int) -> NDArray[np.float64]:
    """Brightness of the ground, 1 everywhere if the run has no elevation."""
    layer = elevation_of(run)
    if layer is None:
        return np.ones([-(-n // factor) * fine for n in run.grid.shape])
    elevation = block_mean(np.where(layer.nodata, np.nan, np.asarray(layer.values, dtype=np.float64)), factor)
    if fine > 1:
        known = np.isfinite(elevation)
        smooth = np.where(known, elevation, elevation[known].mean() if known.any() else 0.0)
        elevation = zoom(smooth, fine, order=3, mode="nearest", grid_mode=True)
    return relief(elevation, factor * run.grid.cell_width_m / fine)


def paint(sheet: Sheet, scene: Scene, where: NDArray[np.bool_], color: str, alpha: float = 1.0) -> None:
    """Lay a colour over the marked blocks."""
    rgba = np.zeros((*where.shape, 4), dtype=np.float32)
    rgba[where] = (*to_rgb(color), alpha)
    _show(sheet, scene, rgba)


def _show(sheet: Sheet, scene: Scene, image: NDArray[Any]) -> None:
    west, _, _, north = scene.run.grid.bounds
    cell = scene.factor * scene.run.grid.cell_width_m, scene.factor * scene.run.grid.cell_height_m
    extent = (west, west + scene.water.shape[1] * cell[0], north - scene.water.shape[0] * cell[1], north)
    limits = sheet.axes.get_xlim(), sheet.axes.get_ylim()
    sheet.axes.imshow(image, extent=extent, interpolation="nearest", zorder=1, aspect="auto")
    sheet.axes.set(xlim=limits[0], ylim=limits[1])


def _shaded(scene: Scene, rgb: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Colours under the relief, then water and unknown ground in their own flat colours."""
    image = np.clip(_refined(rgb, scene) * (1.0 + strength * (scene.shade - 1.0))[:, :, None], 0.0, 1.0)
    image[_refined(scene.water, scene)] = to_rgb(WATER)
    image[_refined(scene.unknown, scene)] = to_rgb(UNKNOWN)
    return image


def _refined(cells: NDArray[Any], scene: Scene) -> NDArray[Any]:
    """Each cell repeated for the finer relief."""
    return cells if scene.fine == 1 else cells.repeat(scene.fine, axis=0).repeat(scene.fine, axis=1)


def draw_ground(sheet: Sheet, scene: Scene) -> None:
    """Bare land under the relief, with water and unknown ground."""
    rgb = np.broadcast_to(np.array(to_rgb(LAND)), (*scene.water.shape, 3))
    _show(sheet, scene, _shaded(scene, rgb, 1.0))


def draw_surface(
    sheet: Sheet,
    scene: Scene,
    values: NDArray[np.float64],
    cmap: Colormap,
    norm: Normalize,
    note: str,
    ends: tuple[str, str],
) -> None:
    """Colour the land by ``values`` (blocks; NaN = bare), with its colour bar and words at its ends."""
    rgb = cmap(norm(np.ma.masked_invalid(values)))[:, :, :3]
    rgb[~np.isfinite(values)] = to_rgb(LAND)
    _show(sheet, scene, _shaded(scene, rgb, 0.45))
    sheet.panel.heading("Colours")
    sheet.panel.colour_bar(cmap, norm, note, ends)


def log_norm(values: NDArray[np.float64], low: float, high: float) -> LogNorm:
    """Logarithmic scale between two quantiles of the positive values, at least a factor of two apart."""
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return LogNorm(1.0, 10.0)
    bottom, top = (float(v) for v in np.quantile(positive, [low, high]))
    return LogNorm(bottom, max(top, 2.0 * bottom), clip=True)


def legend_of_ground(sheet: Sheet, scene: Scene) -> None:
    """Legend of water and unknown ground, where there are any."""
    if scene.water.any():
        sheet.panel.patch("water: impassable", facecolor=WATER, edgecolor="#9fb3c0", linewidth=0.5)
    if scene.unknown.any():
        sheet.panel.patch("no data", facecolor=UNKNOWN, edgecolor="#b5b1a8", linewidth=0.5)
