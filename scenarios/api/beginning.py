"""The commands that begin a study for scripts: keys, species, regions, new folders; see `scenarios.api.jobs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.api.done import Teller, Told
from scenarios.api.given import Folder, Names, names_of, path_of
from scenarios.region.limits import MOST_MB

__all__ = [
    "keys",
    "new",
    "new_species",
    "region",
    "show_species",
    "species",
]


def keys(section: str | None = None, *, json_schema: bool = False) -> Any:
    """Every key of settings files, or of a section of one, as a DataFrame; with ``json_schema`` the schema of a kind of file."""
    from scenarios.keys.listing import list_keys

    found = list_keys(section, as_schema=json_schema).as_dict()
    return found if json_schema else pd.DataFrame(found["keys"])


def new(
    name: Folder,
    *,
    bounds: Sequence[float] | None = None,
    area: Folder | None = None,
    cell_m: float | None = None,
    public: bool = False,
    dem: Folder | None = None,
    landcover: Folder | None = None,
    species: Names = (),
    fences: Folder | None = None,
    passages: Folder | None = None,
    reserves: Folder | None = None,
    cores: Folder | None = None,
    move_from: Names = (),
    move_to: Names = (),
    geometry_status: str | None = None,
    state: str | None = None,
    example: str | None = None,
    progress: Told = None,
) -> Any:
    """Begin a study, see `otkel new`: for ``bounds`` (west, south, east, north [degrees]) or an ``area``, or a copy of a bundled one."""
    from scenarios.beginning.guided import NewRequest, begin

    request = NewRequest(
        folder=Path(name),
        bounds=None if bounds is None else tuple(bounds),
        area=path_of(area),
        cell_m=cell_m,
        public=public,
        species=tuple(names_of(species) or ()),
        dem=path_of(dem),
        landcover=path_of(landcover),
        fences=path_of(fences),
        passages=path_of(passages),
        reserves=path_of(reserves),
        cores=path_of(cores),
        move_from=tuple(names_of(move_from) or ()),
        move_to=tuple(names_of(move_to) or ()),
        geometry_status=geometry_status,
        state=state,
        example=example,
    )
    return begin(request, Teller(progress))


def species() -> pd.DataFrame:
    """The species profiles of the library: names, body, whether the border fence lets it through, how many numbers are assumed."""
    from scenarios.keys.species_list import list_species

    return pd.DataFrame(list_species().as_dict()["species"])


def show_species(profile: str) -> pd.DataFrame:
    """The numbers of a profile of the library, ``what, where, value, unit, origin``; its assumptions are in ``attrs``."""
    from scenarios.keys.species_list import show_species as show

    shown = show(profile).as_dict()
    table = pd.DataFrame(shown["numbers"]).drop(columns="curve")
    table.attrs["assumptions"] = shown["assumptions"]
    return table


def new_species(profile: str, *, source: str | None = None, into: Folder = ".") -> Any:
    """Write a species file with every key explained, of placeholders or from a profile of the library; nothing is overwritten."""
    from scenarios.keys.species_new import new_species as write

    return write(profile, Path(into), source)


def region(
    out: Folder,
    *,
    bbox: Sequence[float] | None = None,
    area: Folder | None = None,
    cell_m: float | None = None,
    species: Names = "urial",
    plan: bool = False,
    offline: bool = False,
    dem: Folder | None = None,
    landcover: Folder | None = None,
    pbf: Folder | None = None,
    wdpa: Folder | None = None,
    wdpa_country: Names = (),
    overpass: bool = False,
    address: Names = (),
    most_mb: float = MOST_MB,
    progress: Told = None,
) -> Any:
    """Make a study of any region, from its bounds (west, south, east, north [degrees]) or a vector file; see `otkel region`.

    With ``plan`` nothing is made, and what would be fetched is returned. OptionError unless one of ``bbox`` and ``area`` is given.
    """
    from scenarios.region.given import Given, bounds_of
    from scenarios.region.session import make_region, plan_region

    bounds = bounds_of(bbox, path_of(area))
    given = Given(
        dem=path_of(dem),
        landcover=path_of(landcover),
        pbf=path_of(pbf),
        wdpa=path_of(wdpa),
        wdpa_countries=names_of(wdpa_country) or (),
        overpass=overpass,
        addresses=names_of(address) or (),
    )
    if plan:
        return plan_region(bounds, cell_m, given)
    return make_region(
        Path(out),
        bounds,
        names_of(species) or ["urial"],
        Teller(progress),
        given=given,
        cell_m=cell_m,
        offline=offline,
        most_mb=most_mb,
    )
