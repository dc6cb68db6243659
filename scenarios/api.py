"""For scripts and notebooks: open a study, run a scenario, read and compare results; everything as tables and arrays.

>>> import scenarios
>>> study = scenarios.open("ustyurt")
>>> study
OpenStudy(ustyurt: Ustyurt and Kopet Dag, Turkmenistan to Kazakhstan; 5 scenarios, 4 species)

Nothing is written unless ``out`` names a folder. What goes wrong is an exception of `rasters.errors`, with the file, key and
value at fault and what to do.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rasters.errors import ConfigError
from scenarios.compare_session import write_comparison
from scenarios.comparison import Comparison, Side, compare_sides
from scenarios.inputs import read_inputs
from scenarios.load import ResolvedStudy, find_study, resolve
from scenarios.outputs import geopackage
from scenarios.outputs.compare_words import figure_words
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.rasters import SURFACES
from scenarios.outputs.words import note_of, schematic_note
from scenarios.prepared import prepare_species
from scenarios.progress import Reporter
from scenarios.ranking import combine_species
from scenarios.results import SpeciesRun, elevation_of, shortlist
from scenarios.session import run_study
from scenarios.steps import open_store, solve_step
from scenarios.stored import StoredResults, as_stored, read_results, rounded

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

__all__ = ["LAYERS", "OpenStudy", "Result", "Results", "SpeciesResult", "compare", "open", "read", "run"]

LAYERS: dict[str, Callable[[SpeciesRun], gpd.GeoDataFrame]] = {
    "passages": geopackage.passage_layer,
    "paths": geopackage.path_layer,
    "corridors": geopackage.corridor_layer,
    "fences": geopackage.fence_layer,
    "fence_lines": geopackage.line_layer,
    "places": geopackage.place_layer,
}
"""What `SpeciesResult.to_geodataframe` knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStudy:
    """A study that was found and read; nothing has been computed.

    Parameters
    ----------
    path : Path
        Its study.yaml.
    id, title : str
    scenarios : dict of str to str
        Scenario -> name for people; the first is the default.
    species : tuple of str
    settings : dict
        The study as plain data, as its file says it.
    """

    path: Path
    id: str
    title: str
    scenarios: dict[str, str]
    species: tuple[str, ...]
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return f"OpenStudy({self.id}: {self.title}; {len(self.scenarios)} scenarios, {len(self.species)} species)"

    def _repr_html_(self) -> str:
        rows = [(name, title) for name, title in self.scenarios.items()]
        return f"<p><b>{html.escape(self.title)}</b>: {', '.join(self.species)}</p>" + _html(
            ("scenario", "title"), rows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesResult:
    """What one scenario says about one species: tables as attributes, arrays and layers by a call.

    Parameters
    ----------
    run : SpeciesRun
        All of it; see `scenarios.results`.
    """

    run: SpeciesRun

    @property
    def name(self) -> str:
        """The species' name for people."""
        return self.run.titles.get("species", self.run.species)

    @property
    def pairs(self) -> pd.DataFrame:
        """Costs and resistances between cores and targets; units in ``run.units``."""
        return self.run.pairs

    @property
    def passages(self) -> pd.DataFrame:
        """Candidate passages, best first, with every component of their score."""
        return self.run.ranking

    @property
    def shortlist(self) -> pd.DataFrame:
        """The best candidates that keep their distance from each other."""
        return shortlist(self.run.ranking)

    @property
    def profile(self) -> pd.DataFrame:
        """Gain along every fence."""
        return self.run.profile

    @property
    def indicators(self) -> pd.DataFrame:
        """One row per indicator: see `scenarios.indicators`."""
        return self.run.indicators

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is only assumed."""
        return self.run.assumptions

    def to_xarray(self) -> xr.Dataset:
        """The rasters with coordinates, units and coordinate reference system.

        Returns
        -------
        Dataset
            (y, x): ``resistance`` [1], ``cost_weighted_distance`` and ``corridor`` [effective m], ``current_density`` [A/m], and
            ``elevation`` [m] where there is one; ``inf`` is no way (or impassable), NaN not known. ``spatial_ref`` holds the CRS
            as CF and GDAL write it, so that ``.rio`` of rioxarray finds it.
        """
        return _dataset(self.run)

    def to_geodataframe(self, layer: str) -> gpd.GeoDataFrame:
        """One of `LAYERS`: ``"passages"``, ``"paths"``, ``"corridors"``, ``"fences"``, ``"fence_lines"``, ``"places"``.

        Raises
        ------
        ConfigError
            No such layer; names those that there are.
        """
        if layer not in LAYERS:
            raise ConfigError(f"no layer {layer!r}; there are {', '.join(LAYERS)}")
        return LAYERS[layer](self.run)

    def __repr__(self) -> str:
        reached, cost, best = _in_short(self.run)
        return f"SpeciesResult({self.run.species} in {self.run.scenario}: {reached}; {cost}; best passage {best}; {self.run.grid})"

    def _repr_html_(self) -> str:
        return _html(("species", "cores", "least cost", "best passage"), [(self.name, *_in_short(self.run))])


@dataclass(frozen=True, kw_only=True)
class Result(Mapping[str, SpeciesResult]):
    """What one scenario says: species -> `SpeciesResult`, read or computed already.

    Parameters
    ----------
    side : Side
        Where the species' runs come from.
    folder : Path or None
        Where the results lie, if they were written.
    """

    side: Side
    folder: Path | None = None

    def __getitem__(self, species: str) -> SpeciesResult:
        if species not in self.side.species:
            raise KeyError(f"no species {species!r}; there are {', '.join(self.side.species)}")
        return self._all[species]

    def __iter__(self) -> Iterator[str]:
        return iter(self.side.species)

    def __len__(self) -> int:
        return len(self.side.species)

    @cached_property
    def _all(self) -> dict[str, SpeciesResult]:
        return {species: SpeciesResult(run=self.side.read(species)) for species in self.side.species}

    @property
    def scenario(self) -> str:
        """Id of the scenario."""
        return self.side.label

    @property
    def title(self) -> str:
        """Name of the scenario for people."""
        return self.side.title

    @property
    def combined(self) -> pd.DataFrame:
        """Candidate passages ranked for all species together."""
        return self.side.combined if self.side.combined is not None else pd.DataFrame()

    @property
    def indicators(self) -> pd.DataFrame:
        """The indicators of all species below each other."""
        return self._stacked("indicators")

    @property
    def pairs(self) -> pd.DataFrame:
        """Costs and resistances of all species below each other."""
        return self._stacked("pairs")

    def _stacked(self, name: str) -> pd.DataFrame:
        tables = [getattr(one, name).assign(species=species) for species, one in self.items()]
        table = pd.concat(tables, ignore_index=True)
        return table[["species", *(c for c in table.columns if c != "species")]]

    def __repr__(self) -> str:
        where = "" if self.folder is None else f"; in {self.folder}"
        return f"Result({self.scenario}: {', '.join(self)}{where})"

    def _repr_html_(self) -> str:
        rows = [(one.name, *_in_short(one.run)) for one in self.values()]
        return f"<p><b>{html.escape(self.title)}</b></p>" + _html(
            ("species", "cores", "least cost", "best passage"), rows
        )


@dataclass(frozen=True, kw_only=True)
class Results(Mapping[str, Result]):
    """A folder of results: scenario -> `Result`, each read when it is asked for."""

    stored: StoredResults

    def __getitem__(self, scenario: str) -> Result:
        if scenario not in self.stored.scenarios:
            raise KeyError(f"no scenario {scenario!r}; there are {', '.join(self.stored.scenarios)}")
        return self._all[scenario]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored.scenarios)

    def __len__(self) -> int:
        return len(self.stored.scenarios)

    @cached_property
    def _all(self) -> dict[str, Result]:
        return {side.label: Result(side=side, folder=self.stored.folder) for side in Side.all_of(self.stored)}

    def __repr__(self) -> str:
        return f"Results({self.stored.folder}: scenarios {', '.join(self)}; species {', '.join(self.stored.species)})"


# ------------------------------------------------------------------------------------------------------------- functions


def open(study: str | Path) -> OpenStudy:
    """Find and read a study; every key of its file is checked.

    Parameters
    ----------
    study : str or path
        A bundled study, a folder with a study.yaml, or a YAML file.

    Raises
    ------
    LayerNotFoundError
        There is none.
    ConfigError
        Its file is wrong; names every fault with its line.
    """
    resolved = resolve(str(study))
    titles = {name: entry.title or name for name, entry in resolved.study.scenarios.items()}
    return OpenStudy(
        path=find_study(str(study)), id=resolved.study.study, title=resolved.study.title,
        scenarios=titles or {resolved.scenario: resolved.scenario_title}, species=tuple(resolved.study.species),
        settings=resolved.settings,
    )  # fmt: skip


def run(
    study: OpenStudy | str | Path,
    scenario: str | None = None,
    *,
    species: Sequence[str] | str | None = None,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cache: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Run one scenario of a study.

    Parameters
    ----------
    study : OpenStudy, str or path
    scenario : str, optional
        Default: the study's first.
    species : str or sequence of str, optional
        Only these.
    overrides : mapping, optional
        Dotted key of the study -> value: ``{"candidates.every_m": 5000}``.
    out : path, optional
        Folder to write everything to that `otkel run` writes; without it nothing is written.
    cache : bool
        Keep solved steps in the user's cache, and take them from there.
    progress : callable, optional
        Told each step as it begins: ``print``.

    Returns
    -------
    Result
        The same numbers whether it is written or not: as the files have them.

    Raises
    ------
    ConfigError, DataError, SolverError, ExportError
        As at the command line.
    """
    name = str(study.path if isinstance(study, OpenStudy) else study)
    chosen = [species] if isinstance(species, str) else None if species is None else list(species)
    resolved = resolve(name, scenario, overrides)
    store = open_store() if cache else None
    if out is not None:
        summary = run_study(
            name, [resolved.scenario], chosen, Path(out), dict(overrides or {}), Reporter(quiet=True), store
        )
        runs, combined, folder = summary.runs, summary.combined[resolved.scenario], Path(out)
        return _result(resolved, runs, combined, folder)
    inputs = read_inputs(resolved, chosen)
    prepared = {one: prepare_species(resolved, inputs, one) for one in inputs.profiles}
    runs = tuple(
        as_stored(solve_step(resolved, one, store, _told(progress, one), prepared=ready))
        for one, ready in prepared.items()
    )
    combined = rounded(combine_species(resolved.study, {one.species: one.ranking for one in runs}))
    return _result(resolved, runs, combined, None)


def read(folder: str | Path, *, check: bool = False) -> Results:
    """Open a folder that `otkel run` wrote.

    Parameters
    ----------
    folder : path
    check : bool
        First compare every file with its hash in the manifest.

    Raises
    ------
    LayerNotFoundError, DataError
        Something is not there, was changed, or was written by another version.
    """
    return Results(stored=read_results(folder, check=check))


Comparable = Result | Results | str | Path


def compare(
    *results: Comparable | Mapping[str, Result], base: str | None = None, out: str | Path | None = None
) -> Comparison:
    """Compare results with each other.

    Parameters
    ----------
    *results : Result, Results, path, or one mapping of names to Result
        Of `Results` every scenario is a side; a mapping gives the sides their names.
    base : str, optional
        The side that the others are compared with; default the first.
    out : path, optional
        Folder to write the tables, maps, the figure and the page to; without it nothing is written.

    Returns
    -------
    Comparison
        Its tables are DataFrames; ``figure()`` draws it.

    Raises
    ------
    ConfigError
        Fewer than two sides, or runs whose numbers do not mean the same; names each key that differs.
    """
    found = compare_sides(_distinct([side for one in results for side in _sides(one)]), base)
    if out is not None:
        stored = [one for result in results for one in _stored(result)]
        with atomic_folder(out) as folder:
            write_comparison(found, folder, stored)
    return found


def _sides(one: Comparable | Mapping[str, Result]) -> list[Side]:
    if isinstance(one, Result):
        return [one.side]
    if isinstance(one, str | Path):
        return list(Side.all_of(read_results(one)))
    return [replace(result.side, label=str(name), title=str(name)) for name, result in one.items()]


def _stored(one: Comparable | Mapping[str, Result]) -> list[StoredResults]:
    """Results on disk, which have borders and credits."""
    if isinstance(one, Results):
        return [one.stored]
    if isinstance(one, str | Path):
        return [read_results(one)]
    folders = {result.folder for result in ([one] if isinstance(one, Result) else one.values())}
    return [read_results(folder) for folder in sorted(folder for folder in folders if folder is not None)]


def _distinct(sides: list[Side]) -> list[Side]:
    """Sides of one name are numbered from the second."""
    seen: dict[str, int] = {}
    out = []
    for side in sides:
        seen[side.label] = seen.get(side.label, 0) + 1
        number = seen[side.label]
        out.append(
            side if number == 1 else replace(side, label=f"{side.label} ({number})", title=f"{side.title} ({number})")
        )
    return out


def _result(resolved: ResolvedStudy, runs: Sequence[SpeciesRun], combined: pd.DataFrame, folder: Path | None) -> Result:
    by_species = {one.species: one for one in runs}
    side = Side(
        label=resolved.scenario, title=resolved.scenario_title, species=tuple(by_species), settings=resolved.settings, inputs={},
        read=by_species.__getitem__, combined=combined,
    )  # fmt: skip
    return Result(side=side, folder=folder)


def _told(progress: Callable[[str], None] | None, species: str) -> Callable[[str], None]:
    return lambda step: None if progress is None else progress(f"{species}: {step}")


def _in_short(run: SpeciesRun) -> tuple[str, str, str]:
    """Cores that arrive, what it costs them, and the best passage."""
    costs = run.pairs.loc[run.pairs["target"] == "any", "least_cost_m"].to_numpy(float)
    reached = int(np.isfinite(costs).sum())
    middle = float(np.median(costs)) / 1000.0 if costs.size else np.nan
    cost = (
        f"least cost {figure_words(middle)} effective km (median)"
        if np.isfinite(middle)
        else "no way for half of them or more"
    )
    best = shortlist(run.ranking)
    return (
        f"{reached} of {costs.size} cores reach a target",
        cost,
        str(best["candidate"].iloc[0]) if len(best) else "none",
    )


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(word)}</th>" for word in heads)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _dataset(run: SpeciesRun) -> xr.Dataset:
    import xarray as xr

    grid = run.grid
    x, _ = grid.xy(np.zeros(grid.width, int), np.arange(grid.width))
    _, y = grid.xy(np.arange(grid.height), np.zeros(grid.height, int))
    arrays = {
        "resistance": np.where(run.surface.barrier, np.inf, np.where(run.surface.nodata, np.nan, run.surface.values)),
        "cost_weighted_distance": run.cwd,
        "corridor": run.corridor,
        "current_density": run.current_density,
    }
    data = {
        surface.stem: (
            ("y", "x"), arrays[surface.stem],
            {"units": surface.unit, "long_name": surface.title, "description": surface.meaning, "special_values": surface.special,
             "grid_mapping": "spatial_ref"},
        )
        for surface in SURFACES
    }  # fmt: skip
    relief = elevation_of(run)
    if relief is not None:
        values = np.where(relief.nodata, np.nan, relief.values)
        data["elevation"] = (
            ("y", "x"),
            values,
            {"units": relief.unit, "long_name": "Elevation", "grid_mapping": "spatial_ref"},
        )
    metres = {"units": "m", "standard_name": "projection_{}_coordinate", "axis": "{}"}
    coords = {
        axis: (
            axis,
            values,
            {key: text.format(axis if key == "standard_name" else axis.upper()) for key, text in metres.items()},
        )
        for axis, values in (("x", x), ("y", y))
    }
    attrs = {
        "study": run.study, "scenario": run.scenario, "species": run.species, "audience": note_of(run),
        "geometry": schematic_note(run) or "surveyed", "assumptions": " ".join(run.assumptions),
    }  # fmt: skip
    return xr.Dataset(data, coords={**coords, "spatial_ref": ((), 0, _crs_attributes(run))}, attrs=attrs)


def _crs_attributes(run: SpeciesRun) -> dict[str, Any]:
    """The CRS as CF conventions and as GDAL name it, and the transform in GDAL's order."""
    grid, crs = run.grid, run.grid.pyproj_crs
    wkt = crs.to_wkt()
    return {
        **crs.to_cf(),
        "crs_wkt": wkt,
        "spatial_ref": wkt,
        "GeoTransform": " ".join(f"{v:.17g}" for v in grid.transform.to_gdal()),
    }
