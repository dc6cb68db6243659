"""The map on a page: which ground it shows, at what scale, and where each place lies in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.grid import Grid
from scenarios.outputs.sheets.page import Box
from scenarios.outputs.sheets.projection import SheetProjection

__all__ = ["CELL_ALLOWS_MM", "MapFrame", "framed", "parts_of", "round_scale_above"]

CELL_ALLOWS_MM = 10.1
"""Contours and paths are drawn where a cell is at most a centimetre on paper; larger, they would pretend."""

Points = NDArray[np.float64]
ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 7.5, 8.0, 9.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFrame:
    """The map of a sheet.

    Parameters
    ----------
    projection : SheetProjection
    scale : float
        Metres on the ground per metre of paper: 100 000 for 1 : 100 000.
    box : Box
        On the page [mm].
    east, north : float
        Ground at the box's lower left corner [m in the sheet's plane].
    grid : Grid
        The study's grid, in whose CRS geometries come.
    """

    projection: SheetProjection
    scale: float
    box: Box
    east: float
    north: float
    grid: Grid

    @property
    def metres_per_mm(self) -> float:
        """Ground metres to a millimetre of paper."""
        return self.scale / 1000.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the map [m in the sheet's plane]."""
        step = self.metres_per_mm
        return (self.east, self.north, self.east + self.box.width * step, self.north + self.box.height * step)

    def paper(self, east: Any, north: Any) -> Points:
        """(n, 2) mm on the page of places in the sheet's plane."""
        x = self.box.left + (np.asarray(east, float) - self.east) / self.metres_per_mm
        y = self.box.bottom + (np.asarray(north, float) - self.north) / self.metres_per_mm
        return np.column_stack([np.ravel(x), np.ravel(y)])

    def paper_lonlat(self, lon: Any, lat: Any) -> Points:
        """(n, 2) mm on the page of positions on WGS 84."""
        return self.paper(*self.projection.forward(lon, lat))

    def paper_xy(self, x: Any, y: Any) -> Points:
        """(n, 2) mm on the page of map positions of the study's grid."""
        lon, lat = self.grid.lonlat(x, y)
        return self.paper_lonlat(lon, lat)

    def ground_xy(self, points: Points) -> Points:
        """(n, 2) map positions of the study's grid under places on the page [mm]."""
        lon, lat = self.lonlat(points)
        return np.column_stack(self.grid.map_xy(lon, lat))

    def lonlat(self, points: Points) -> tuple[Reals, Reals]:
        """Longitude and latitude [degrees, WGS 84] under places on the page [mm]."""
        points = np.asarray(points, float).reshape(-1, 2)
        east = self.east + (points[:, 0] - self.box.left) * self.metres_per_mm
        north = self.north + (points[:, 1] - self.box.bottom) * self.metres_per_mm
        return self.projection.inverse(east, north)

    def edge(self, n: int = 20) -> Points:
        """(4n, 2) mm round the map, from its lower left corner, anticlockwise."""
        box, t = self.box, np.linspace(0.0, 1.0, n, endpoint=False)
        corners = np.array([[box.left, box.bottom], [box.right, box.bottom], [box.right, box.top], [box.left, box.top]])
        following = np.roll(corners, -1, axis=0)
        return np.vstack([a + t[:, None] * (b - a) for a, b in zip(corners, following, strict=True)])

    def ground_bounds(self, margin: float = 0.05) -> tuple[float, float, float, float]:
        """Bounds of the map in the study's CRS, with a share of its size around."""
        xy = self.ground_xy(self.edge())
        low, high = xy.min(axis=0), xy.max(axis=0)
        room = margin * (high - low)
        return (*(low - room), *(high + room))

    def on_paper(self, geometry: Any) -> Any:
        """A geometry of the study's CRS in page millimetres, cut to the map."""
        near = shapely.clip_by_rect(geometry, *self.ground_bounds())
        if near.is_empty:
            return near
        dense = shapely.segmentize(near, max(2.0 * self.metres_per_mm, 1.0))
        drawn = shapely.transform(dense, lambda xy: self.paper_xy(xy[:, 0], xy[:, 1]))
        drawn = shapely.simplify(drawn, 0.02)
        return shapely.clip_by_rect(drawn, self.box.left, self.box.bottom, self.box.right, self.box.top)


def framed(projection: SheetProjection, scale: float, box: Box, grid: Grid, lon: float, lat: float) -> MapFrame:
    """A map whose middle is at ``lon``, ``lat``."""
    east, north = (float(v) for v in projection.forward(lon, lat))
    step = scale / 1000.0
    return MapFrame(
        projection=projection,
        scale=scale,
        box=box,
        east=east - box.width / 2 * step,
        north=north - box.height / 2 * step,
        grid=grid,
    )


def parts_of(geometry: Any) -> list[Points]:
    """Vertices of every line and ring of a geometry."""
    if geometry.is_empty:
        return []
    simple = shapely.get_parts(geometry)
    if any(part.geom_type.startswith(("Geometry", "Multi")) for part in simple):
        return [points for part in simple for points in parts_of(part)]
    rings = [part for part in simple if part.geom_type == "Polygon"]
    lines = [part for part in simple if part.geom_type in ("LineString", "LinearRing")]
    return [shapely.get_coordinates(part) for part in (*lines, *(r for ring in rings for r in shapely.get_rings(ring)))]


def round_scale_above(least: float) -> float:
    """The largest round scale that still shows everything: the least round denominator not under ``least``."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(step * power for step in ROUND if step * power >= least * (1 - 1e-9)))
