"""Which ground each sheet shows: everything on one, a fence section on many, and how they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.errors import OptionError
from rasters.fences import Fence
from scenarios.outputs.sheets.frame import MapFrame, framed, round_scale_above
from scenarios.outputs.sheets.page import Box
from scenarios.outputs.sheets.projection import SheetProjection
from scenarios.outputs.sheets.source import SheetSource

__all__ = ["MOST_SHEETS", "Section", "divided", "fitted_scale", "frame_at", "outline_of", "section_points"]

MOST_SHEETS = 60
EDGE_SHARE = 0.07
"""Share of a map's shorter side that is kept free of the fence at each edge: there neighbours show the same ground."""

SAMPLE_MM = 1.0

LonLat = NDArray[np.float64]
"""(n, 2) longitude, latitude [degrees, WGS 84]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The stretch of fence on one sheet of a series, and the sheet's middle [degrees]."""

    start_m: float
    end_m: float
    lon: float
    lat: float


def section_points(source: SheetSource, fence: Fence, start_m: float, end_m: float, every_m: float) -> LonLat:
    """Positions along a stretch of fence, its ends included."""
    n = max(2, int(np.ceil((end_m - start_m) / every_m)) + 1)
    spots = [fence.point_at(float(v)) for v in np.linspace(start_m, end_m, n)]
    lon, lat = source.run.grid.lonlat([p.x for p in spots], [p.y for p in spots])
    return np.column_stack([lon, lat])


def fitted_scale(
    source: SheetSource, points: LonLat, map_at: Callable[[float], Box], least: float = 10_000.0
) -> tuple[float, float, float]:
    """The largest round scale at which all points are on a map, and its middle.

    Parameters
    ----------
    source : SheetSource
    points : (n, 2)
    map_at : callable
        Room for the map at a scale: overviews have a narrower collar.
    least : float
        No larger scale than 1 : least.

    Returns
    -------
    scale, lon, lat : float
    """
    lon, lat = _middle(source, points)
    plane = SheetProjection(operation=source.operation, lon=lon, lat=lat, zone=None)
    east, north = plane.forward(points[:, 0], points[:, 1])
    box = map_at(least)
    scale = round_scale_above(max(least, 1000 * np.ptp(east) / box.width, 1000 * np.ptp(north) / box.height))
    while not _shows(frame_at(source, scale, map_at(scale), lon, lat), points):
        scale = round_scale_above(scale * 1.01)
    return scale, lon, lat


def frame_at(source: SheetSource, scale: float, box: Box, lon: float, lat: float) -> MapFrame:
    """A map of a scale about a middle."""
    projection = SheetProjection.for_scale(source.operation, lon, lat, scale)
    return framed(projection, scale, box, source.run.grid, lon, lat)


def _middle(source: SheetSource, points: LonLat) -> tuple[float, float]:
    """Middle of the box round points, on a plane through them."""
    lon, lat = (float(v) for v in (points.min(axis=0) + points.max(axis=0)) / 2)
    plane = SheetProjection(operation=source.operation, lon=lon, lat=lat, zone=None)
    east, north = plane.forward(points[:, 0], points[:, 1])
    lon, lat = plane.inverse((east.min() + east.max()) / 2, (north.min() + north.max()) / 2)  # type: ignore[assignment]
    return float(lon), float(lat)


def _shows(frame: MapFrame, points: LonLat, share: float = 0.03) -> bool:
    """Whether all points lie on a map, a share of its shorter side away from its edge."""
    inner = frame.box.grown(-share * min(frame.box.width, frame.box.height))
    at = frame.paper_lonlat(points[:, 0], points[:, 1])
    inside = (at >= (inner.left, inner.bottom)) & (at <= (inner.right, inner.top))
    return bool(inside.all())


def divided(source: SheetSource, fence: Fence, start_m: float, end_m: float, scale: float, box: Box) -> list[Section]:
    """Divide a stretch of fence among sheets of a scale, each going as far as its map allows.

    The fence keeps away from the edges, so that neighbours overlap; each sheet starts a little before the end of the one
    before it.

    Raises
    ------
    ConfigError
        More than 60 sheets.
    """
    every = SAMPLE_MM * scale / 1000.0
    n = max(2, int(np.ceil((end_m - start_m) / every)) + 1)
    along = np.linspace(start_m, end_m, n)
    points = section_points(source, fence, start_m, end_m, (end_m - start_m) / (n - 1))
    overlap = max(1, round(EDGE_SHARE * min(box.width, box.height) / SAMPLE_MM))
    sections: list[Section] = []
    first = 0
    while True:
        last, lon, lat = _reach(source, points, first, scale, box)
        sections.append(Section(start_m=float(along[first]), end_m=float(along[last]), lon=lon, lat=lat))
        if last == n - 1:
            return sections
        if len(sections) == MOST_SHEETS:
            raise OptionError(
                f"--scale {scale:g}: this stretch of fence needs more than {MOST_SHEETS} sheets; choose a smaller scale ("
                f"--scale {2 * scale:g}), larger paper, or a shorter stretch with --from-km and --to-km"
            )
        first = max(last - overlap, first + 1)


def _reach(source: SheetSource, points: LonLat, first: int, scale: float, box: Box) -> tuple[int, float, float]:
    """The last point up to which one sheet shows the fence from ``first``, and the sheet's middle."""
    low, high = first + 1, len(points) - 1
    best = (low, *_middle(source, points[first : low + 1]))
    while low <= high:
        last = (low + high) // 2
        part = points[first : last + 1]
        lon, lat = _middle(source, part)
        if _shows(frame_at(source, scale, box, lon, lat), part, EDGE_SHARE):
            best, low = (last, lon, lat), last + 1
        else:
            high = last - 1
    return best


def outline_of(frame: MapFrame) -> LonLat:
    """Outline of a map in degrees."""
    return np.column_stack(frame.lonlat(frame.edge(12)))
