"""What the study's actions do to the land and the fences: protect, restore, patrol, remove and add fences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from rasters.distance import burn
from rasters.errors import ConfigError, DataError
from rasters.fences import Fence
from rasters.files.reading import read_raster
from rasters.grid import Grid
from rasters.openings import Opening
from rasters.profile import SpeciesProfile
from rasters.surface import ResistanceSurface
from scenarios.land.areas import _to_map
from scenarios.study.load import ResolvedStudy
from scenarios.study.portfolio import Action, Area

if TYPE_CHECKING:
    from scenarios.land.inputs import Inputs

__all__ = [
    "acted_surface",
    "actions_at",
    "area_shape",
    "habitat_factors",
    "mortality_ground",
    "removed_stretches",
    "with_done",
]

REMOVED = "stretch_removed"


def with_done(resolved: ResolvedStudy, names: Sequence[str]) -> ResolvedStudy:
    """The study with more actions carried out."""
    done = list(dict.fromkeys([*resolved.study.done, *names]))
    return replace(resolved, study=resolved.study.model_copy(update={"done": done}))


def acted_surface(
    resolved: ResolvedStudy, inputs: Inputs, profile: SpeciesProfile, surface: ResistanceSurface
) -> ResistanceSurface:
    """Resistance [1] after the actions that are done; never below the species' minimum, and never raised to it."""
    factor = np.ones(surface.grid.shape)
    for _, action in _done(resolved, profile.id):
        if action.area is not None and action.resistance_factor != 1.0:
            factor[_mask(action.area, inputs)] *= action.resistance_factor
    if (factor == 1.0).all():
        return surface
    values = np.maximum(surface.values * factor, np.minimum(surface.values, profile.minimum))
    return replace(surface, values=values)


def actions_at(resolved: ResolvedStudy, inputs: Inputs, species: str, row: int, col: int) -> dict[str, float]:
    """Actions that are done on a cell, and what each multiplies its resistance by [1]."""
    here = [(name, one) for name, one in _done(resolved, species) if one.area and _mask(one.area, inputs)[row, col]]
    return {name: action.resistance_factor for name, action in here}


def mortality_ground(resolved: ResolvedStudy, inputs: Inputs, species: str) -> NDArray[np.float64]:
    """(height, width) conductance to the ground of each cell [S]: its area over the square of the reach, and zones.

    Raises
    ------
    ConfigError
        When the study says nothing on mortality.
    """
    mortality = resolved.study.mortality
    if mortality is None:
        raise ConfigError(
            f"{resolved.path}: mortality: is missing, and the objective arriving needs it; add e.g. `mortality: "
            "{reach_km: 300, origin: ...}`"
        )
    grid = inputs.grid
    ground = np.full(grid.shape, grid.cell_width_m * grid.cell_height_m / (1000.0 * mortality.reach_km) ** 2)
    if mortality.surface is not None:
        ground *= relative_mortality(resolved.file(mortality.surface), grid)
    for zone in mortality.zones:
        ground[_mask(zone.area, inputs)] *= zone.factor
    for _, action in _done(resolved, species):
        if action.area is not None:
            ground[_mask(action.area, inputs)] *= action.mortality_factor
    return ground


def relative_mortality(path: Path, grid: Grid) -> NDArray[np.float64]:
    """What a raster of risk multiplies mortality by [1]; 1 where it has no data."""
    layer = read_raster(path, grid, name="mortality", unit="1", resampling="bilinear")
    values = np.where(layer.nodata | ~np.isfinite(layer.values), 1.0, layer.values.astype(np.float64))
    if (values < 0).any():
        raise DataError(f"{path}: holds {values.min():g}; mortality relative to the average is 0 or more")
    return values


def habitat_factors(
    resolved: ResolvedStudy, inputs: Inputs, species: str, regions: Sequence[str]
) -> NDArray[np.float64]:
    """(n_region,) what the actions that are done multiply each region's area by [1]."""
    factors = np.ones(len(regions))
    for _, action in _done(resolved, species):
        if action.area is None:
            continue
        shape = area_shape(action.area, inputs)
        inside = [shape.covers(inputs.places[name].geometry.centroid) for name in regions]
        factors[inside] *= action.habitat_factor
    return factors


def removed_stretches(resolved: ResolvedStudy, fences: Sequence[Fence], species: str) -> list[tuple[str, Opening]]:
    """Action and opening for each stretch of an active fence that the study can take away, done or not."""
    by_id = {fence.id: fence for fence in fences}
    out = []
    for name, action in resolved.study.actions.items():
        if action.kind != "remove_fence" or (action.species and species not in action.species):
            continue
        if action.fence in by_id:
            out.append((name, _stretch(resolved, name, action, by_id[action.fence])))
    return out


def _stretch(resolved: ResolvedStudy, name: str, action: Action, fence: Fence) -> Opening:
    start = max(action.from_m, fence.start_m)
    end = fence.end_m if action.to_m is None else action.to_m
    if not start < min(end, fence.end_m) or end > fence.end_m + 1.0:
        raise ConfigError(
            f"{resolved.path}: actions.{name}: {action.from_m:g} to {end:g} m does not lie on {fence.id}, which runs from "
            f"{fence.start_m:.0f} to {fence.end_m:.0f} m of its line"
        )
    middle, width = 0.5 * (start + end), end - start
    return Opening(id=name, fence=fence.id, along_m=middle, width_m=width, use_factor=1.0, design=REMOVED)


def area_shape(area: Area, inputs: Inputs) -> BaseGeometry:
    """Outline in the grid's CRS."""
    if area.region is not None:
        shape: BaseGeometry = inputs.places[area.region].geometry
    elif area.polygon:
        shape = Polygon(_to_map(area.polygon, inputs.grid))
    elif area.strip:
        shape = LineString(_to_map(area.strip, inputs.grid)).buffer(0.5 * area.width_m)
    else:
        assert area.lon is not None and area.lat is not None and area.radius_m is not None
        shape = Point(_to_map([(area.lon, area.lat)], inputs.grid)[0]).buffer(area.radius_m)
    return shape.buffer(area.buffer_m) if area.buffer_m else shape


def _mask(area: Area, inputs: Inputs) -> NDArray[np.bool_]:
    mask = burn([area_shape(area, inputs)], inputs.grid, all_touched=False)
    if not mask.any():
        raise DataError(
            "an area of an action or of mortality covers no cell centre of the grid; is it smaller than a cell, or "
            "are lon and lat swapped?"
        )
    return mask


def _done(resolved: ResolvedStudy, species: str) -> Iterator[tuple[str, Action]]:
    for name in resolved.study.done:
        action = resolved.study.actions[name]
        if not action.species or species in action.species:
            yield name, action
