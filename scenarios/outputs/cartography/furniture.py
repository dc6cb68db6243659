"""The furniture of a map: relief, graticule, scale, north, and labels that keep out of each other's way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rcParams
from numpy.typing import NDArray

from rasters.grid import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

rcParams["text.parse_math"] = False  # what stands between dollar signs in a name is no formula, on any figure

__all__ = [
    "Label",
    "Say",
    "Spot",
    "block_mean",
    "block_pick",
    "graticule",
    "graticule_step",
    "ground_scale",
    "nice_below",
    "north_bearing_deg",
    "place_labels",
    "relief",
]

Bounds = tuple[float, float, float, float]
Say = Callable[[str], str]
"""From English to the language of a picture."""

GRATICULE_STEPS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def block_mean(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """Mean of the finite values in blocks of ``factor`` x ``factor`` cells; NaN where a block has none."""
    if factor == 1:
        return np.where(np.isfinite(values), values, np.nan)
    finite = np.isfinite(values)
    total = _block_sum(np.where(finite, values, 0.0), factor)
    count = _block_sum(finite.astype(np.float64), factor)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _block_sum(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    height, width = (-(-n // factor) for n in values.shape)
    padded = np.zeros((height * factor, width * factor))
    padded[: values.shape[0], : values.shape[1]] = values
    total: NDArray[np.float64] = padded.reshape(height, factor, width, factor).sum(axis=(1, 3))
    return total


def block_pick(mask: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Whether at least half of each block's cells are marked."""
    picked: NDArray[np.bool_] = block_mean(mask.astype(np.float64), factor) >= 0.5
    return picked


def relief(elevation: NDArray[np.float64], cell_m: float) -> NDArray[np.float64]:
    """Brightness of a surface lit from the north-west, 1 on flat ground, within [0.62, 1.22].

    Heights are exaggerated so that the steepest fiftieth of the cells stands at 45 degrees: a relief to read, not to
    measure. Cells of unknown height count as flat.
    """
    filled = np.where(np.isfinite(elevation), elevation, np.nanmean(elevation) if np.isfinite(elevation).any() else 0.0)
    if min(filled.shape) < 2:
        return np.ones(filled.shape)
    south, east = np.gradient(filled, cell_m)
    steep = float(np.quantile(np.hypot(south, east), 0.98)) or 1.0
    south, east = south / steep, east / steep
    light = np.array([-1.0, -1.0, 1.35]) / math.sqrt(1.0 + 1.0 + 1.35**2)
    lit = (-east * light[0] - south * light[1] + light[2]) / np.sqrt(1.0 + east**2 + south**2)
    brightness = 1.0 + 0.45 * (lit / light[2] - 1.0)
    shade: NDArray[np.float64] = np.where(np.isfinite(elevation), np.clip(brightness, 0.62, 1.22), 1.0)
    return shade


def nice_below(limit: float) -> float:
    """Largest of 1, 2 or 5 times a power of ten that is not above ``limit``."""
    power = 10.0 ** math.floor(math.log10(limit))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= limit * (1 + 1e-9))


def ground_scale(grid: Grid, bounds: Bounds) -> float:
    """Metres on the ground per metre of the map, west to east in the middle of ``bounds``."""
    from pyproj import Geod

    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    half = 0.05 * (bounds[2] - bounds[0])
    lon, lat = grid.lonlat([x - half, x + half], [y, y])
    return float(Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2] / (2 * half))


def north_bearing_deg(grid: Grid, bounds: Bounds) -> float:
    """Direction of true north in the middle of ``bounds``, clockwise from the map's up [degrees]."""
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    lon, lat = grid.lonlat(x, y)
    east, north = grid.map_xy(lon, lat + 0.01)
    return math.degrees(math.atan2(east - x, north - y))


def graticule(axes: Axes, grid: Grid, bounds: Bounds, say: Say = str) -> None:
    """Draw meridians and parallels, with degrees on the lower and the left edge."""
    lon, lat = grid.lonlat(*_frame(bounds))
    step = graticule_step(max(np.ptp(lat), np.ptp(lon) * 0.8))
    lats = np.linspace(lat.min() - step, lat.max() + step, 200)
    lons = np.linspace(lon.min() - step, lon.max() + step, 200)
    at_x, at_y = [], []
    for meridian in _multiples(lon.min(), lon.max(), step):
        x, y = grid.map_xy(np.full(lats.size, meridian), lats)
        _thin_line(axes, x, y)
        at_x.append((float(np.interp(bounds[1], y, x)), _degrees(meridian, "EW", step, say)))
    for parallel in _multiples(lat.min(), lat.max(), step):
        x, y = grid.map_xy(lons, np.full(lons.size, parallel))
        _thin_line(axes, x, y)
        at_y.append((float(np.interp(bounds[0], x, y)), _degrees(parallel, "NS", step, say)))
    _set_ticks(
        axes, [t for t in at_x if bounds[0] < t[0] < bounds[2]], [t for t in at_y if bounds[1] < t[0] < bounds[3]]
    )


def _frame(bounds: Bounds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along the edge of a rectangle."""
    x, y = np.linspace(bounds[0], bounds[2], 25), np.linspace(bounds[1], bounds[3], 25)
    edge = np.ones(25)
    return (
        np.concatenate([x, x, bounds[0] * edge, bounds[2] * edge]),
        np.concatenate([bounds[1] * edge, bounds[3] * edge, y, y]),
    )


def graticule_step(span_deg: float) -> float:
    """Degrees between lines of which at most seven cross a span."""
    return next((step for step in GRATICULE_STEPS if span_deg / step <= 6.5), GRATICULE_STEPS[-1])


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _thin_line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    axes.plot(x, y, color="#2b2b2b", linewidth=0.5, alpha=0.28, zorder=2, scalex=False, scaley=False)


def _degrees(value: float, letters: str, step: float, say: Say) -> str:
    decimals = 0 if step >= 1 else 1 if step in (0.1, 0.5) else 2
    angle = say(f"{abs(value):.{decimals}f}") + "\u00b0"
    return angle if abs(value) < 1e-9 else say(f"{{angle}} {letters[value < 0]}").format(angle=angle)


def _set_ticks(axes: Axes, at_x: Sequence[tuple[float, str]], at_y: Sequence[tuple[float, str]]) -> None:
    axes.set_xticks([t[0] for t in at_x], [t[1] for t in at_x])
    axes.set_yticks([t[0] for t in at_y], [t[1] for t in at_y], rotation=90, va="center")
    axes.tick_params(length=3, width=0.6, color="#555555", labelcolor="#444444", labelsize=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A box that wants to stand near a point; all in pixels. ``reach`` is how far from the point it may begin."""

    x: float
    y: float
    width: float
    height: float
    reach: tuple[float, ...] = (7.0, 14.0, 24.0, 38.0, 56.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a label came to stand: its box's centre, and how far it is from its point."""

    x: float
    y: float
    distance: float


def place_labels(
    labels: Sequence[Label], frame: Bounds, obstacles: NDArray[np.float64], lines: NDArray[np.float64]
) -> list[Spot]:
    """Find a place near its point for each label, earlier ones first.

    Parameters
    ----------
    labels : sequence of Label
    frame : xmin, ymin, xmax, ymax
        The map's edge; labels stay inside.
    obstacles : (n, 4)
        Boxes that must stay visible: xmin, ymin, xmax, ymax.
    lines : (m, 2)
        Points along lines that are better not covered.

    A label that stands away from its point is joined to it by a line: that line crosses no earlier label and no other such
    line where there is a choice.
    """
    taken = np.asarray(obstacles, dtype=np.float64).reshape(-1, 4)
    leaders = np.empty((0, 2))
    spots = []
    for label in labels:
        boxes, centres, distance = _tries(label)
        ways = _leaders(label, centres)
        cost = _costs(boxes, frame, taken, lines) + 0.4 * distance + _crossings(ways, boxes, taken, leaders)
        best = int(np.argmin(cost))
        taken = np.vstack([taken, boxes[best]])
        leaders = np.vstack([leaders, ways[best]])
        spots.append(Spot(x=float(centres[best, 0]), y=float(centres[best, 1]), distance=float(distance[best])))
    return spots


def _leaders(label: Label, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m, 2) points along the line from a label's point to each place that it might take, without the point itself."""
    share = np.linspace(0.15, 1.0, 14)[:, None]
    start = np.array([label.x, label.y])
    return np.asarray(start + share * (centres[:, None, :] - start))


def _crossings(
    ways: NDArray[np.float64], boxes: NDArray[np.float64], taken: NDArray[np.float64], leaders: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each leader runs over and each box covers of earlier leaders: a point within a box, or near another leader, counts 60."""
    inside = (ways[:, :, None, :] > taken[None, None, :, :2]) & (ways[:, :, None, :] < taken[None, None, :, 2:])
    over = np.any(inside.all(axis=3), axis=2).sum(axis=1)
    if not len(leaders):
        return 60.0 * over
    near = np.hypot(*np.moveaxis(ways[:, :, None, :] - leaders[None, None], -1, 0)).min(axis=2) < 4.0
    covered = ((leaders[None] > boxes[:, None, :2]) & (leaders[None] < boxes[:, None, 2:])).all(axis=2).sum(axis=1)
    return np.asarray(60.0 * (over + near.sum(axis=1) + covered), dtype=np.float64)


def _tries(label: Label) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (n, 4), their centres (n, 2) and distances from the point (n,): rings of 16 directions, east first."""
    angle = np.deg2rad(np.array([0, 180, 45, 315, 135, 225, 90, 270, 22, 338, 158, 202, 68, 292, 112, 248]))
    gap = np.repeat(np.asarray(label.reach), angle.size)
    cos, sin = np.tile(np.cos(angle), len(label.reach)), np.tile(np.sin(angle), len(label.reach))
    x = label.x + gap * cos + 0.5 * label.width * np.clip(1.6 * cos, -1, 1)
    y = label.y + gap * sin + 0.5 * label.height * np.clip(1.6 * sin, -1, 1)
    half = np.array([label.width, label.height]) / 2 + 1.5
    centres = np.column_stack([x, y])
    return np.hstack([centres - half, centres + half]), centres, gap


def _costs(
    boxes: NDArray[np.float64], frame: Bounds, taken: NDArray[np.float64], lines: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each box covers or sticks out by; square pixels count 1, a point of a line 3."""
    low = np.maximum(boxes[:, None, :2], taken[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], taken[None, :, 2:])
    covered = np.clip(high - low, 0.0, None).prod(axis=2).sum(axis=1)
    outside = np.clip(np.asarray(frame[:2]) - boxes[:, :2], 0, None).sum(axis=1)
    outside += np.clip(boxes[:, 2:] - np.asarray(frame[2:]), 0, None).sum(axis=1)
    inside = (lines[None, :, :] > boxes[:, None, :2]) & (lines[None, :, :] < boxes[:, None, 2:])
    cost: NDArray[np.float64] = covered + 200.0 * outside + 3.0 * inside.all(axis=2).sum(axis=1)
    return cost
