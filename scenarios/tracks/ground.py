"""Tracks and fences on one flat map in metres, and whose tracks they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from rasters.arrays import Ints, Reals
from rasters.errors import DataError
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.field_data.faults import Faults
from scenarios.land.inputs import Inputs
from scenarios.tracks.lines import Lines
from scenarios.tracks.reading import Tracks

__all__ = ["Ground", "SpeciesTracks", "ground_of", "local_ground", "tracks_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A map around the tracks whose distances are true, and the fences on it.

    Parameters
    ----------
    grid : Grid
        Of the study.
    to_map : Transformer
        From degrees to the map [m].
    fences : tuple of Fence
        Active ones, on the grid.
    lines : Lines
        The same on the map; a feature for each fence.
    """

    grid: Grid
    to_map: Transformer
    fences: tuple[Fence, ...]
    lines: Lines

    def grid_xy(self, x: Reals, y: Reals) -> tuple[Reals, Reals]:
        """Positions on the study's grid of positions on the map."""
        return self.grid.map_xy(*self.to_map.transform(x, y, direction="INVERSE"))

    def lonlat(self, x: Reals, y: Reals) -> tuple[Reals, Reals]:
        """Degrees of positions on the map."""
        return self.to_map.transform(x, y, direction="INVERSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesTracks:
    """Fixes of one species on the map, sorted by animal and time.

    Parameters
    ----------
    species : str
    names : tuple of str
        Of its animals.
    animal : (n,) int
        Number of the animal of each fix.
    x, y, hours : (n,) float64
        [m, m, hours since 1970].
    """

    species: str
    names: tuple[str, ...]
    animal: Ints
    x: Reals
    y: Reals
    hours: Reals

    @property
    def days(self) -> Reals:
        """(n_animal,) days from the first to the last fix of each."""
        first = np.searchsorted(self.animal, np.arange(len(self.names)))
        last = np.searchsorted(self.animal, np.arange(len(self.names)), "right") - 1
        return (self.hours[last] - self.hours[first]) / 24.0

    def without(self, held_out: Sequence[str]) -> SpeciesTracks:
        """Tracks of the other animals."""
        kept = ~np.isin(self.animal, [i for i, name in enumerate(self.names) if name in held_out])
        return self._only(kept)

    def thinned(self, every: int) -> SpeciesTracks:
        """Every so many-th fix of each animal."""
        place = np.arange(self.animal.size) - np.searchsorted(self.animal, self.animal)
        return self._only(place % every == 0)

    def _only(self, kept: np.ndarray) -> SpeciesTracks:
        return SpeciesTracks(
            species=self.species, names=self.names, animal=self.animal[kept], x=self.x[kept], y=self.y[kept], hours=self.hours[kept]
        )  # fmt: skip


def ground_of(tracks: Tracks, inputs: Inputs, faults: Faults) -> Ground:
    """The map around the tracks.

    Raises
    ------
    DataError
        No fix lies in the study; says so of swapped coordinates.
    """
    grid, fixes = inputs.grid, tracks.fixes
    lon, lat = fixes["lon"].to_numpy(float), fixes["lat"].to_numpy(float)
    inside = _within(grid, lon, lat)
    if not inside.any():
        possible = np.abs(lon) <= 90
        swapped = possible.any() and _within(grid, lat[possible], lon[possible]).any()
        fix = (
            "longitude and latitude are swapped: say which is which in tracks.yaml"
            if swapped
            else "choose another study, or correct `crs`"
        )
        raise DataError(
            f"{tracks.title}: none of its {len(fixes)} fixes lies in the study (the first: {lat[0]:g}, {lon[0]:g}); {fix}"
        )
    if not inside.all():
        words = f"{int((~inside).sum())} of {len(fixes)} fixes lie outside the study; they count for movement only"
        faults.warning("place", tracks.title, 0, "lon, lat", None, words)
    return local_ground(inputs, float(np.median(lon[inside])), float(np.median(lat[inside])))


def local_ground(inputs: Inputs, lon: float, lat: float) -> Ground:
    """The map around a place [degrees]: azimuthal equidistant, true to 0.2 % within 600 km."""
    centre = f"+proj=aeqd +lat_0={lat:.4f} +lon_0={lon:.4f} +datum=WGS84 +units=m"
    fences = inputs.cuts.fences
    own = Transformer.from_crs(inputs.grid.pyproj_crs, centre, always_xy=True)
    shapes = [shapely.transform(fence.line, lambda p: np.column_stack(own.transform(*p.T))) for fence in fences]
    return Ground(
        grid=inputs.grid, to_map=Transformer.from_crs("EPSG:4326", centre, always_xy=True), fences=fences,
        lines=Lines.of(shapes, [fence.fence_line for fence in fences]),
    )  # fmt: skip


def _within(grid: Grid, lon: Reals, lat: Reals) -> np.ndarray:
    x, y = grid.map_xy(lon, lat)
    west, south, east, north = grid.bounds
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


def tracks_of(
    tracks: Tracks, inputs: Inputs, ground: Ground, chosen: tuple[str, ...], faults: Faults
) -> list[SpeciesTracks]:
    """Tracks of each of the chosen species that has any; animals of no species of the study are told."""
    fixes = tracks.fixes
    by_animal = fixes.drop_duplicates("animal").set_index("animal")["species"].astype(str)
    species = {str(animal): _species(str(animal), name, tracks, inputs, faults) for animal, name in by_animal.items()}
    faults.raise_errors()
    return [
        _one_species(name, fixes[fixes["animal"].astype(str).map(species) == name], ground)
        for name in chosen
        if name in species.values()
    ]


def _species(animal: str, name: str, tracks: Tracks, inputs: Inputs, faults: Faults) -> str:
    """Species of the study of an animal; empty where it is of another."""
    stated, known = tracks.settings, list(inputs.profiles)
    own = stated.animals[animal].species if animal in stated.animals else None
    own = own or stated.species.get(name) or (None if name else stated.species.get("*"))
    if own is not None:
        if own not in known:
            faults.error("species", "tracks.yaml", 0, "species", own, unknown("species", own, known))
        return own
    if name in known:
        return name
    latin = " ".join(name.split()[:2]).casefold()
    found = [
        one
        for one, profile in inputs.profiles.items()
        if " ".join(profile.scientific_name.split()[:2]).casefold() == latin
    ]
    if found:
        return found[0]
    what = f"is of {name!r}, which is no species of the study" if name else "has no species"
    faults.warning(
        "species",
        tracks.title,
        0,
        animal,
        None,
        f"{what}; it is left out: name it in tracks.yaml, `species` or `animals`",
    )
    return ""


def _one_species(name: str, fixes: pd.DataFrame, ground: Ground) -> SpeciesTracks:
    animals = fixes["animal"].cat.remove_unused_categories()
    x, y = ground.to_map.transform(fixes["lon"].to_numpy(float), fixes["lat"].to_numpy(float))
    hours = fixes["time"].to_numpy("datetime64[ns]").astype(np.int64) / 3.6e12
    return SpeciesTracks(
        species=name, names=tuple(map(str, animals.cat.categories)), animal=animals.cat.codes.to_numpy(np.int64), x=x, y=y, hours=hours
    )  # fmt: skip
