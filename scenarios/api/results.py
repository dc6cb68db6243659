"""What scripts get: a study that was opened, results as mappings, tables as attributes; short in a terminal and a notebook."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rasters.errors import ConfigError
from rasters.numbers import figure
from rasters.plain import unknown
from scenarios.comparison.sides import Side
from scenarios.model.indicators import over_cores
from scenarios.model.results import SpeciesRun, shortlist
from scenarios.outputs.gis import geopackage
from scenarios.outputs.gis.dataset import dataset_of
from scenarios.outputs.stored import StoredResults
from scenarios.outputs.tables import profile_table
from scenarios.outputs.words import schematic_note

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from scenarios.runs.explain import Explanation

__all__ = ["LAYERS", "OpenStudy", "Result", "Results", "SpeciesResult"]

LAYERS: dict[str, Callable[[SpeciesRun], gpd.GeoDataFrame]] = {
    "passages": geopackage.passage_layer,
    "paths": geopackage.path_layer,
    "corridors": lambda run: geopackage.corridor_layer(run, run.corridor),
    "fences": lambda run: geopackage.fence_layer(run, profile_table(run)),
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

    def explain(
        self, lon: float, lat: float, *, scenario: str | None = None, species: Sequence[str] | str | None = None
    ) -> Explanation:
        """Why the cell at a point costs what it costs, rule by rule; ``print`` it for a text.

        Parameters
        ----------
        lon, lat : float
            [degrees, WGS 84].
        scenario : str, optional
            Default: the study's first.
        species : str or sequence of str, optional
            Default: all.

        Raises
        ------
        FocalNodeError
            The point is outside the grid, or without data.
        """
        from scenarios.runs.explain import explain_point

        chosen = [species] if isinstance(species, str) else species
        return explain_point(str(self.path), lon, lat, scenario=scenario, species=chosen)

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
        All of it; see `scenarios.model.results`.
    """

    run: SpeciesRun

    @property
    def name(self) -> str:
        """The species' name for people."""
        return self.run.titles.get("species", self.run.species)

    @property
    def pairs(self) -> pd.DataFrame:
        """Costs and resistances between cores and targets; units in ``scenarios.outputs.columns``."""
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
        """One row per indicator: see `scenarios.model.indicators`."""
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
            ``elevation`` [m] where there is one; ``inf`` is no route (or impassable), NaN not known. ``spatial_ref`` holds the CRS
            as CF and GDAL write it, so that ``.rio`` of rioxarray finds it.
        """
        return dataset_of(self.run)

    def to_geodataframe(self, layer: str) -> gpd.GeoDataFrame:
        """One of `LAYERS`: ``"passages"``, ``"paths"``, ``"corridors"``, ``"fences"``, ``"fence_lines"``, ``"places"``.

        Raises
        ------
        ConfigError
            No such layer; names those that there are.
        """
        if layer not in LAYERS:
            raise ConfigError(unknown("layer", layer, LAYERS))
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
            raise KeyError(unknown("species", species, self.side.species))
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
        note = max((schematic_note(one.run) for one in self.values()), key=len)
        warning = f" \u26a0 {html.escape(note)}" if note else ""
        head = f"<p><b>{html.escape(self.title)}</b>{warning}</p>"
        return head + _html(("species", "cores", "least cost", "best passage"), rows)


@dataclass(frozen=True, kw_only=True)
class Results(Mapping[str, Result]):
    """A folder of results: scenario -> `Result`, each read when it is asked for."""

    stored: StoredResults

    def __getitem__(self, scenario: str) -> Result:
        if scenario not in self.stored.scenarios:
            raise KeyError(unknown("scenario", scenario, self.stored.scenarios))
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


def _in_short(run: SpeciesRun) -> tuple[str, str, str]:
    """Cores that arrive, what it costs them, and the best passage."""
    cores = over_cores(run.pairs.loc[run.pairs["target"] == "any", "least_cost_m"])
    middle = cores.median / 1000.0
    cost = (
        f"least cost {figure(middle)} effective km (median)"
        if np.isfinite(middle)
        else "no route for half of them or more"
    )
    best = shortlist(run.ranking)
    return (
        f"{cores} cores reach a target",
        cost,
        str(best["candidate"].iloc[0]) if len(best) else "none",
    )


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return pd.DataFrame(rows, columns=list(heads)).to_html(index=False)
