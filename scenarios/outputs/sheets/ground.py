"""The ground of a sheet: relief and height tints as a picture; water, corridor and contours as areas and lines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from rasters.arrays import Reals
from scenarios.model.ground import elevation_of
from scenarios.outputs.gis.geopackage import CORRIDOR_SHARES
from scenarios.outputs.sheets.frame import CELL_ALLOWS_MM, MapFrame
from scenarios.outputs.sheets.page import Box, Page
from scenarios.outputs.sheets.source import SheetSource

__all__ = [
    "CONTOUR",
    "CORRIDOR_COLOURS",
    "LAND",
    "UNKNOWN",
    "WATER",
    "WATER_EDGE",
    "SheetGround",
    "contour_step",
    "draw_ground",
    "hatching",
]

PIXEL_MM = 0.3
LATTICE_MM = 4.0
"""Positions are worked out every 4 mm and interpolated between."""

WATER, WATER_EDGE, UNKNOWN, LAND = "#cfe0ea", "#6f97b0", "#eceae5", "#f4efe2"
CONTOUR = "#b07d4a"
CORRIDOR_COLOURS = ("#1f5f94", "#5f9fcc")
HATCH_MM, CLOSE_UP_SCALE = 2.4, 250_000.0
LIGHT = 0.47
"""Share of white in the whole picture: dark letters and red lines stay readable on the steepest slope."""

TINTS = ((-150, "#e4e8dc"), (0, "#f1f0e4"), (150, "#f5eedc"), (400, "#eee0c4"), (1000, "#dfcaa6"), (3000, "#c4a884"))
STEPS_M = (20.0, 40.0, 100.0, 200.0, 400.0)
MOST_CONTOURS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetGround:
    """What the ground of a sheet turned out to be, for its legend.

    ``contour_m`` is the contour interval, 0 without contours; ``contours`` are (height [m], (n, 2) mm).
    """

    contour_m: float
    contours: tuple[tuple[float, Reals], ...]
    has_water: bool
    has_unknown: bool
    has_corridor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pixels:
    """Centres of the picture's pixels on paper, and where they lie on the study's grid."""

    x: Reals
    y: Reals
    row: Reals
    col: Reals

    def sample(self, values: Reals, order: int = 1) -> Reals:
        """Values of a grid at the pixels; beyond its edge those of the edge."""
        return map_coordinates(values, [self.row, self.col], order=order, mode="nearest", output=np.float64)

    def outside(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which pixels lie beyond the edge of a grid."""
        beyond: NDArray[np.bool_] = (np.abs(self.row - (shape[0] - 1) / 2) > shape[0] / 2) | (
            np.abs(self.col - (shape[1] - 1) / 2) > shape[1] / 2
        )
        return beyond


def draw_ground(page: Page, frame: MapFrame, source: SheetSource, *, plain: bool = False) -> SheetGround:
    """Draw everything that lies under the lines of a map; ``plain`` leaves out corridor and contours, for an inset."""
    pixels, run = _pixels(frame), source.run
    elevation, unknown = _elevation(source)
    outside = pixels.outside(run.grid.shape)
    page.picture(_picture(pixels, elevation, source.shade), frame.box)
    has_corridor = not plain and _draw_corridor(page, pixels, source, _hatch_mm(frame))
    water = _rings(pixels, _soft(run.surface.barrier), 0.5)
    if water:
        page.areas(water, WATER, edge=WATER_EDGE, width=0.12)
    blank = _rings(pixels, (unknown & ~run.surface.barrier).astype(float), 0.5, outside)
    if blank:
        page.areas(blank, UNKNOWN)
    hidden = (pixels.sample((unknown | run.surface.barrier).astype(float)) > 0.5) | outside
    step, lines = (0.0, []) if plain else _contours(frame, pixels, elevation, hidden)
    if lines:
        _draw_contours(page, step, lines)
    return SheetGround(
        contour_m=step if lines else 0.0,
        contours=tuple(lines),
        has_water=bool(water),
        has_unknown=bool(blank),
        has_corridor=has_corridor,
    )


def _pixels(frame: MapFrame) -> _Pixels:
    box = frame.box
    n_x, n_y = (max(2, int(np.ceil(size / LATTICE_MM)) + 1) for size in (box.width, box.height))
    across, up = np.meshgrid(np.linspace(box.left, box.right, n_x), np.linspace(box.top, box.bottom, n_y))
    xy = frame.ground_xy(np.column_stack([across.ravel(), up.ravel()]))
    t = frame.grid.transform
    col = ((xy[:, 0] - t.c) / t.a - 0.5).reshape(n_y, n_x)
    row = ((xy[:, 1] - t.f) / t.e - 0.5).reshape(n_y, n_x)
    size = (int(box.height / PIXEL_MM), int(box.width / PIXEL_MM))
    factors = (size[0] / n_y, size[1] / n_x)
    fine = [zoom(v, factors, order=1, grid_mode=False) for v in (row, col)]
    height, width = fine[0].shape
    return _Pixels(
        x=np.linspace(box.left, box.right, width), y=np.linspace(box.top, box.bottom, height), row=fine[0], col=fine[1]
    )


def _elevation(source: SheetSource) -> tuple[Reals | None, NDArray[np.bool_]]:
    """Heights with gaps filled by their mean, and where nothing is known."""
    layer, surface = elevation_of(source.run), source.run.surface
    if layer is None:
        return None, surface.nodata
    known = ~layer.nodata
    values = np.asarray(layer.values, dtype=np.float64)
    return np.where(known, values, values[known].mean() if known.any() else 0.0), surface.nodata


def _picture(pixels: _Pixels, elevation: Reals | None, shade: Reals | None) -> NDArray[np.uint8]:
    """Height tints under the relief."""
    low, high = TINTS[0][0], TINTS[-1][0]
    stops = [((height - low) / (high - low), color) for height, color in TINTS]
    tints = LinearSegmentedColormap.from_list("tints", stops, N=512)
    heights = np.full(pixels.row.shape, 150.0) if elevation is None else pixels.sample(elevation)
    rgb = tints(np.clip((heights - low) / (high - low), 0.0, 1.0))[:, :, :3]
    if shade is not None:
        rgb = rgb * (1.0 + 0.7 * (np.clip(pixels.sample(shade, order=3), 0.6, 1.25) - 1.0))[:, :, None]
    pale = LIGHT + (1.0 - LIGHT) * np.clip(rgb, 0.0, 1.0)
    return (pale * 255.0 + 0.5).astype(np.uint8)


def _draw_corridor(page: Page, pixels: _Pixels, source: SheetSource, apart: float) -> bool:
    """The best shares of the corridor; whether any of it is on this sheet."""
    corridor = source.run.corridor
    finite = np.isfinite(corridor)
    drawn = False
    for share, color in sorted(zip(CORRIDOR_SHARES, CORRIDOR_COLOURS, strict=True), reverse=True):
        if not finite.any():
            break
        limit = max(float(np.quantile(corridor[finite], share)), 1.0)
        rings = _rings(pixels, -np.where(finite, np.minimum(corridor, 3.0 * limit), 3.0 * limit), -limit)
        if rings:
            page.areas(rings, color, alpha=0.07)
            with page.clipped_to(rings):
                page.lines(_hatching(pixels, apart), color, 0.16, alpha=0.55)
            drawn = True
    return drawn


def _hatch_mm(frame: MapFrame) -> float:
    """Distance of hatching lines: wider on close-ups, where a corridor may cover the whole map."""
    return HATCH_MM if frame.scale > CLOSE_UP_SCALE else 1.7 * HATCH_MM


def _hatching(pixels: _Pixels, apart: float) -> list[Reals]:
    """Slanting lines over the whole map."""
    return hatching(Box(pixels.x[0], pixels.y[-1], np.ptp(pixels.x), np.ptp(pixels.y)), apart)


def hatching(box: Box, apart: float) -> list[Reals]:
    """Slanting lines over a box, ``apart`` mm from each other along its foot."""
    starts = np.arange(box.left - box.height, box.right, apart)
    return [np.array([[x, box.bottom], [x + box.height, box.top]]) for x in starts]


def _soft(mask: NDArray[np.bool_]) -> Reals:
    """A mask whose outline, at 0.5, is smooth to half a cell."""
    return gaussian_filter(mask.astype(float), 0.6, mode="nearest")


def _rings(pixels: _Pixels, values: Reals, level: float, also: NDArray[np.bool_] | None = None) -> list[Reals]:
    """Outlines on paper of where values are at least ``level``, or pixels in ``also``; holes are rings of their own."""
    from contourpy import contour_generator

    sampled = pixels.sample(values)
    if also is not None:
        sampled = np.where(also, 2.0 * level, sampled)
    if sampled.max() < level:
        return []
    made: Any = contour_generator(pixels.x, pixels.y, sampled, fill_type="OuterOffset")
    points, offsets = made.filled(level, np.inf)
    return [ring[start:end] for ring, offset in zip(points, offsets, strict=True) for start, end in pairwise(offset)]


def contour_step(frame: MapFrame, heights: Reals) -> float:
    """Contour interval [m] for a range of heights; 0 where cells are too large on paper for contours to be honest."""
    cell_mm = frame.grid.cell_width_m / frame.metres_per_mm
    if cell_mm > CELL_ALLOWS_MM or np.ptp(heights) < STEPS_M[0]:
        return 0.0
    return next((step for step in STEPS_M if np.ptp(heights) / step <= MOST_CONTOURS), STEPS_M[-1])


def _contours(
    frame: MapFrame, pixels: _Pixels, elevation: Reals | None, hidden: NDArray[np.bool_]
) -> tuple[float, list[tuple[float, Reals]]]:
    from contourpy import contour_generator

    if elevation is None:
        return 0.0, []
    heights = pixels.sample(gaussian_filter(elevation, 0.8, mode="nearest"), order=3)[::2, ::2]
    step = contour_step(frame, heights)
    if step == 0.0:
        return 0.0, []
    made: Any = contour_generator(pixels.x[::2], pixels.y[::2], np.ma.masked_array(heights, hidden[::2, ::2]))
    levels = np.arange(np.ceil(heights.min() / step) * step, heights.max(), step)
    return step, [(float(z), line) for z in levels for line in made.lines(float(z)) if _length(line) > 8.0]


def _length(line: Reals) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _draw_contours(page: Page, step: float, lines: list[tuple[float, Reals]]) -> None:
    for every, width in ((False, 0.09), (True, 0.2)):
        parts = [line for height, line in lines if (round(height / step) % 5 == 0) is every]
        if parts:
            page.lines(parts, CONTOUR, width, alpha=0.8)
