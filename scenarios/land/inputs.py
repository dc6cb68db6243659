"""From a resolved study to arrays: grid, layers, focal regions, fences. The only place of the pipe that opens inputs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from connectivity.focal import FocalRegion
from rasters.crs import require_units, warn_of_scale
from rasters.distance import burn
from rasters.errors import ConfigError, DataError, OptionError, PlannerWarning
from rasters.fence_cuts import cut_edges, touches
from rasters.fences import CutEdges, Fence
from rasters.files.reading import read_grid
from rasters.files.vectors import read_vectors
from rasters.grid import Grid
from rasters.numbers import part_percent
from rasters.plain import unknown
from rasters.profile import SpeciesProfile
from rasters.surface import Layer
from scenarios.land.areas import regions_of_areas
from scenarios.land.attributes import naming, require_columns, require_unique
from scenarios.land.bodies import require_fits
from scenarios.land.fence_file import read_fences
from scenarios.land.layers import read_layers
from scenarios.land.memory import Size, Stage, require_memory
from scenarios.land.places import FocalPlace, place_of
from scenarios.records.fingerprint import file_hash
from scenarios.study.documents import read_document, validate
from scenarios.study.land import ContextName
from scenarios.study.load import ResolvedStudy
from scenarios.study.species import SpeciesFile

if TYPE_CHECKING:
    import geopandas

__all__ = [
    "Inputs",
    "chosen_species",
    "fences_across",
    "input_files",
    "naming",
    "read_fences",
    "read_inputs",
    "read_profile",
    "same_layers",
    "size_of",
    "study_grid",
]


CONTEXT: dict[ContextName, tuple[str, ...]] = {
    "borders": (),
    "countries": ("country",),
    "roads": (),
    "water": (),
    "settlements": ("name",),
}
"""Context layer -> attributes that are read."""
OUTSIDE = 0.001
"""Share of a region outside the grid that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything read from files for one scenario, on the study's grid.

    Parameters
    ----------
    layers : dict of str to Layer
    profiles : dict of str to SpeciesProfile
    regions : dict of str to FocalRegion
        Every region that a route or a separation names.
    places : dict of str to FocalPlace
        The same with names and outlines; ``role`` is empty.
    cuts : CutEdges
        Of the active fences.
    all_fences : tuple of Fence
        Active or not.
    files : dict of Path to str
        Hash of each file as it was read.
    """

    grid: Grid
    layers: dict[str, Layer]
    profiles: dict[str, SpeciesProfile]
    regions: dict[str, FocalRegion]
    places: dict[str, FocalPlace]
    cuts: CutEdges
    all_fences: tuple[Fence, ...]
    files: dict[Path, str] = field(default_factory=dict)

    @property
    def coverage(self) -> str:
        """Share of the grid that each layer knows, in words."""
        return ", ".join(
            f"{name} {part_percent(1 - float(layer.nodata.mean()))}" for name, layer in self.layers.items()
        )


def read_inputs(
    resolved: ResolvedStudy,
    species: Sequence[str] | None = None,
    *,
    layers: dict[str, Layer] | None = None,
    stage: Stage = Stage.SOLVED,
) -> Inputs:
    """Read all that the chosen species need; ``layers`` if they were read before, on the same grid from the same files.

    Raises
    ------
    MemoryBudgetError
        What is read, or what is then done with it as far as a ``stage``, would not fit; nothing was built.
    """
    chosen = chosen_species(resolved, species)
    files = {path: file_hash(path) for path in input_files(resolved) if path.is_file()}
    grid = study_grid(resolved)
    profiles = {name: read_profile(resolved, name) for name in chosen}
    require_fits(resolved, profiles)
    fences = read_fences(resolved, grid)
    require_memory(Size.of(resolved, grid, fences, chosen), stage)
    layers = read_layers(resolved, grid) if layers is None else layers
    places = read_named_places(resolved, grid)
    active = _inside([f for f in fences if f.fence_line in resolved.study.fences.active], grid, resolved)
    with naming(resolved.file(resolved.study.fences.file)):
        cuts = cut_edges(active, grid)
    with naming(resolved.file(resolved.study.regions.file)):
        regions = {name: _region(place, grid) for name, place in places.items()}
    for path, before in files.items():
        if file_hash(path) != before:
            raise DataError(f"{path}: was changed while it was read; run again when it is finished")
    return Inputs(
        grid=grid,
        layers=layers,
        profiles=profiles,
        places=places,
        cuts=cuts,
        all_fences=fences,
        regions=regions,
        files=files,
    )


def _inside(active: list[Fence], grid: Grid, resolved: ResolvedStudy) -> list[Fence]:
    """Fences that may reach into the grid; the others are told, and all are an error of the cut if none does."""
    here = [fence for fence in active if touches(fence, grid)]
    if 0 < len(here) < len(active):
        away = [fence.id for fence in active if not touches(fence, grid)]
        more = f" and {len(away) - 5} more" if len(away) > 5 else ""
        warnings.warn(
            f"{resolved.file(resolved.study.fences.file)}: {len(away)} of {len(active)} active fences lie outside the grid and "
            f"are left out: {', '.join(away[:5])}{more}",
            PlannerWarning,
            stacklevel=3,
        )
    return here or active


def fences_across(region: FocalRegion, cuts: CutEdges) -> list[str]:
    """Fences with cells of a region on both sides: being one node, the region would bridge them."""
    row2, col2 = cuts.second
    mask = region.mask
    within = mask[cuts.row, cuts.col] & mask[row2, col2] & cuts.parts_sides
    return [cuts.fences[i].id for i in np.unique(cuts.fence[within])]


def input_files(resolved: ResolvedStudy) -> list[Path]:
    """Every file that a run reads, for hashing."""
    study = resolved.study
    names = [layer.file for layer in study.layers.values() if layer.file]
    names += [entry.profile for entry in study.species.values()]
    names += [study.regions.file, study.fences.file, *study.context.values()]
    names += [study.grid.like] if study.grid.like else []
    names += [study.mortality.surface] if study.mortality and study.mortality.surface else []
    own = [] if resolved.scenario_file is None else [resolved.scenario_file]
    return [resolved.path, *own, *sorted({resolved.file(name) for name in names})]


def context_layer(resolved: ResolvedStudy, name: ContextName, grid: Grid) -> geopandas.GeoDataFrame | None:
    """The layer of a name in the study's context file of that name, in the grid's CRS; None where it states none.

    Raises
    ------
    DataError
        Also where it has not the attributes that are read.
    """
    file = resolved.study.context.get(name)
    if file is None:
        return None
    path = resolved.file(file)
    return require_columns(read_vectors(path, name, grid), path, list(CONTEXT[name]))


def study_grid(resolved: ResolvedStudy) -> Grid:
    """The study's grid, in metres."""
    settings = resolved.study.grid
    if settings.like is None:
        assert settings.crs is not None and settings.bounds is not None and settings.cell_m is not None
        with naming(f"{resolved.path}: grid.bounds"):
            require_units(settings.crs, settings.bounds)
        where = f"{resolved.path}: grid.crs"
        grid = Grid.from_bounds(settings.crs, settings.bounds, settings.cell_m)
    else:
        where = f"{resolved.path}: grid.like: {settings.like}"
        grid = read_grid(resolved.file(settings.like))
        if settings.cell_m is not None:
            factor = round(settings.cell_m / grid.cell_width_m)
            if factor < 1 or abs(factor * grid.cell_width_m - settings.cell_m) > 1e-6:
                raise ConfigError(
                    f"{resolved.path}: grid.cell_m: {settings.cell_m:g} is not a whole multiple of the {grid.cell_width_m:g} m "
                    f"cells of {settings.like}"
                )
            grid = grid.coarsened(factor)
    with naming(where):
        grid.require_metres()
    warn_of_scale(grid)
    return grid


def same_layers(first: ResolvedStudy, second: ResolvedStudy) -> bool:
    """Whether two scenarios of a study read the same layers on the same grid."""
    one, other = first.study, second.study
    return (first.folder, one.grid, one.layers) == (second.folder, other.grid, other.layers)


def size_of(resolved: Sequence[ResolvedStudy], species: Sequence[str] | None = None) -> Size:
    """What the memory of some scenarios of one study depends on; opens no raster but for its grid."""
    sizes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)  # told when the study is read
        for one in resolved:
            grid = study_grid(one)
            sizes.append(Size.of(one, grid, read_fences(one, grid), species))
    return replace(max(sizes, key=lambda size: size.nodes), scenarios=len(sizes))


def chosen_species(resolved: ResolvedStudy, species: Sequence[str] | None) -> list[str]:
    """The species that are asked for, by default all; OptionError where one is not the study's."""
    known = list(resolved.study.species)
    chosen = list(species) if species else known
    for name in chosen:
        if name not in known:
            raise OptionError(f"--species: {unknown('species', name, known)}")
    return chosen


def read_profile(resolved: ResolvedStudy, name: str) -> SpeciesProfile:
    """The profile of a species of the study; it must go by the study's name for it."""
    document = read_document(resolved.file(resolved.study.species[name].profile))
    file = validate(SpeciesFile, document.data, document)
    if file.id != name:
        line = document.line_of(("id",))
        raise ConfigError(
            f"{document.path}:{line}: id: {file.id!r} is called {name!r} in {resolved.path.name}; give both the same name"
        )
    return file.with_land(resolved.study.species[name].measured).to_profile()


def read_places(resolved: ResolvedStudy, grid: Grid) -> dict[str, FocalPlace]:
    """Id -> place of every region in the study's file, without a role."""
    settings = resolved.study.regions
    path = resolved.file(settings.file)
    features = read_vectors(path, settings.table, grid, id_column=settings.id)
    features = require_columns(features, path, [settings.id], [settings.name, settings.status])
    columns = {"id_column": settings.id, "name_column": settings.name, "status_column": settings.status}
    places = [place_of(row, **columns) for _, row in features.iterrows()]
    require_unique(path, "regions", [place.id for place in places])
    return {place.id: place for place in places}


def read_named_places(resolved: ResolvedStudy, grid: Grid) -> dict[str, FocalPlace]:
    """Regions that a route or a separation names; an unknown id is an error that lists what there is."""
    study, there = resolved.study, read_places(resolved, grid)
    wanted = {i for routes in study.routes.values() for i in (*routes.origin, *routes.targets)}
    wanted |= {i for s in study.fences.separations for i in (*s.side_a, *s.side_b)} | regions_of_areas(resolved)
    missing = sorted(wanted - set(there))
    if missing:
        raise ConfigError(
            f"{resolved.path}: routes: unknown region {', '.join(missing)} in {study.regions.file}; choose one of {', '.join(there)}"
        )
    return {name: there[name] for name in sorted(wanted)}


def _share_inside(shape: BaseGeometry, grid: Grid) -> float:
    """Of its area, or of its length where it has none."""
    size = "area" if shape.area > 0 else "length"
    whole = float(getattr(shape, size))
    return float(getattr(shape.intersection(box(*grid.bounds)), size)) / whole if whole > 0 else 1.0


def _region(place: FocalPlace, grid: Grid) -> FocalRegion:
    outside = 1.0 - _share_inside(place.geometry, grid)
    if OUTSIDE < outside < 1.0:
        warnings.warn(
            f"region {place.id}: {part_percent(outside)} of it lies outside the grid; only what is inside counts",
            PlannerWarning,
            stacklevel=2,
        )
    mask = burn([place.geometry], grid, all_touched=False)
    if not mask.any():
        mask = burn([place.geometry], grid, all_touched=True)
    return FocalRegion.from_mask(place.id, mask, grid)
