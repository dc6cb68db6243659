"""Places that actions and zones of mortality name, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import LineString

from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.study.load import ResolvedStudy

__all__ = ["added_fences", "regions_of_areas"]


def regions_of_areas(resolved: ResolvedStudy) -> set[str]:
    """Regions that an action or a zone of mortality names."""
    study = resolved.study
    areas = [action.area for action in study.actions.values()]
    areas += [zone.area for zone in study.mortality.zones] if study.mortality else []
    return {area.region for area in areas if area is not None and area.region is not None}


def added_fences(resolved: ResolvedStudy, grid: Grid) -> tuple[Fence, ...]:
    """Fences that actions build, done ones only."""
    out = []
    for name in resolved.study.done:
        action = resolved.study.actions[name]
        if action.kind == "add_fence" and action.fence_line is not None:
            line = LineString(_to_map(action.line, grid))
            title = action.title or name
            out.append(Fence(id=name, line=line, name=title, fence_line=action.fence_line, geometry_status="proposed"))
    return tuple(out)


def _to_map(points: Sequence[tuple[float, float]], grid: Grid) -> list[tuple[float, float]]:
    lon, lat = np.array(points, float).T
    x, y = grid.map_xy(lon, lat)
    return list(zip(np.atleast_1d(x).tolist(), np.atleast_1d(y).tolist(), strict=True))
