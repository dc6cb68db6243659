"""Results read back: a folder of `otkel run` -> the `SpeciesRun`s that were written there.

Files keep float32 rasters and nine figures in tables. `as_stored` brings a fresh run to the same precision before anything is
written, so that a run and its stored twin give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from affine import Affine

from connectivity.report import SolveReport
from rasters.errors import DataError, LayerNotFoundError, PlannerError
from rasters.fences import FORMULA
from rasters.files.confined import confined
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from scenarios.outputs.audience import Audience
from scenarios.outputs.columns import UNFILED
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.gis.context import SURROUNDINGS, context_file, elevation_file
from scenarios.outputs.manifest import FORMAT
from scenarios.outputs.manifest_shape import require_settings, require_shape
from scenarios.outputs.release import MODEL, Release
from scenarios.outputs.run_files import (
    gone,
    numbered_again,
    read_by_place,
    read_cuts,
    read_features,
    read_indicators,
    read_layer,
    read_paths,
    read_places,
    read_profile,
    read_ranking,
    read_standing,
    read_surface,
    read_table,
)
from scenarios.outputs.tables import BY_PLACE, STANDING
from scenarios.records.hashing import read_json, sha256_of
from scenarios.study.land import ContextName

if TYPE_CHECKING:
    from scenarios.model.passage_model import PassageModel

__all__ = ["StoredResults", "read_results"]
PAIRS = (
    "source",
    "target",
    "status",
    "least_cost_m",
    "least_cost_no_fence_m",
    "effective_resistance_ohm",
    "effective_resistance_no_fence_ohm",
)
"""Columns of a table of pairs that pages and comparisons read."""


def read_results(folder: str | Path, *, check: bool = False) -> StoredResults:
    """Open a folder of results; its files are read when they are asked for.

    Parameters
    ----------
    folder : path
        What `otkel run` wrote.
    check : bool
        First compare every file with the hash in ``manifest.json``.

    Raises
    ------
    LayerNotFoundError
        The folder, its manifest or a file is not there.
    DataError
        It is no result of `otkel run`, another version wrote it, or a file was changed since; names the file.
    """
    results = StoredResults(folder=Path(folder), manifest=_read_manifest(Path(folder)))
    if check:
        results.verify()
    return results


@dataclass(frozen=True, kw_only=True)
class StoredResults:
    """A folder of results.

    Parameters
    ----------
    folder : Path
    manifest : dict
        ``manifest.json``.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def study(self) -> str:
        """Id of the study."""
        return str(self.manifest["runs"][0]["study"])

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """(scenario, species) of every run, in the order in which they were made."""
        return tuple((entry["scenario"], entry["species"]) for entry in self.manifest["runs"])

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios, each once."""
        return tuple(dict.fromkeys(scenario for scenario, _ in self.keys))

    @property
    def species(self) -> tuple[str, ...]:
        """Species, each once."""
        return tuple(dict.fromkeys(species for _, species in self.keys))

    @property
    def credits(self) -> tuple[str, ...]:
        """Attribution that the data ask for."""
        settings: dict[str, Any] = next(iter(self.manifest["scenarios"].values()), {})
        return tuple(settings.get("credits", ()))

    @cached_property
    def runs(self) -> tuple[Release, ...]:
        """Every run; all of them in memory at once. `run` reads one."""
        return tuple(self.run(scenario, species) for scenario, species in self.keys)

    @cached_property
    def combined(self) -> dict[str, pd.DataFrame]:
        """Scenario -> ranking over all species together."""
        paths = {scenario: confined(self.folder, scenario, "combined.csv") for scenario in self.scenarios}
        needed = ("candidate", "score", "selected")
        with self.blaming_changes():
            tables = {name: read_table(path, *needed) for name, path in paths.items() if self._listed(path)}
            return {
                name: numbered_again(table.rename(columns=UNFILED).drop(columns="geometry_status", errors="ignore"))
                for name, table in tables.items()
            }

    @cached_property
    def borders(self) -> gpd.GeoDataFrame | None:
        """Lines drawn on the maps."""
        return self._context("borders")

    @cached_property
    def around(self) -> dict[ContextName, gpd.GeoDataFrame]:
        """Waters, roads and settlements, in the CRS of the results."""
        return {name: found for name in SURROUNDINGS if (found := self._context(name)) is not None}

    def _context(self, name: ContextName) -> gpd.GeoDataFrame | None:
        path = self.folder / context_file(name)
        if not self._listed(path):
            return None
        with self.blaming_changes():
            frame = read_features(path, name)
            return frame.set_crs(_grid(self.manifest["runs"][0]["grid"]).pyproj_crs, allow_override=True)

    def run(self, scenario: str, species: str) -> Release:
        """Read one run."""
        entry = self._entry(scenario, species)
        with self.blaming_changes():
            return _read_run(entry, self.run_folder(scenario, species), self._elevation(scenario))

    def run_folder(self, scenario: str, species: str) -> Path:
        """Where the files of one run lie."""
        return confined(self.folder, scenario, species)

    def require_settings(self) -> None:
        """DataError where the settings in the manifest are none of a study."""
        require_settings(self.folder / MARKER, self.manifest)

    def verify(self) -> None:
        """Compare every file with its hash in the manifest."""
        for name, described in self.manifest["outputs"].items():
            path = confined(self.folder, name)
            if not path.is_file():
                raise gone(path)
            if sha256_of(path) != described.get("sha256"):
                raise DataError(f"{path}: was changed after the run that wrote it; restore it, or run the study again")

    @contextmanager
    def blaming_changes(self) -> Iterator[None]:
        """What breaks within is told as the file that was changed after the run, if one was: nobody can foresee what it holds then."""
        try:
            yield
        except (PlannerError, MemoryError, OSError):
            raise
        except Exception:
            self.verify()
            raise

    def _entry(self, scenario: str, species: str) -> dict[str, Any]:
        for entry in self.manifest["runs"]:
            if (entry["scenario"], entry["species"]) == (scenario, species):
                return entry
        there = ", ".join("/".join(key) for key in self.keys)
        raise LayerNotFoundError(f"{self.folder}: there is no run of {scenario}/{species}; choose one of {there}")

    def _elevation(self, scenario: str) -> Path | None:
        return next((p for p in elevation_file(self.folder, scenario) if self._listed(p)), None)

    def _listed(self, path: Path) -> bool:
        return path.relative_to(self.folder).as_posix() in self.manifest["outputs"]

    def __repr__(self) -> str:
        scenarios, species = ", ".join(self.scenarios), ", ".join(self.species)
        return f"StoredResults({str(self.folder)!r}: study {self.study}; scenarios {scenarios}; species {species})"


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MARKER
    if not path.is_file():
        what = (
            "there is no such folder" if not folder.is_dir() else f"it holds no {MARKER}, so it is no result of otkel"
        )
        raise LayerNotFoundError(f"{folder}: {what}; give a folder that `otkel run` wrote")
    try:
        manifest = read_json(path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read: {error}; run the study again") from error
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise DataError(f"{path}: is no manifest of otkel; give a folder that `otkel run` wrote")
    if manifest["format"] != FORMAT:
        by = _version(manifest)
        raise DataError(
            f"{path}: was written by otkel {by} in format {manifest['format']}, but this version reads format {FORMAT}; "
            "run the study again with this version"
        )
    require_shape(path, manifest)
    tables = [(run_folder(run["scenario"], run["species"]) / "pairs.csv").as_posix() for run in manifest["runs"]]
    if not tables or not set(tables) <= set(manifest["outputs"]):
        raise DataError(
            f"{path}: lists no runs with their tables; give a folder that `otkel run` wrote, not one of another command"
        )
    return manifest


def _version(manifest: Mapping[str, Any]) -> str:
    """Of otkel, as a manifest that may hold anything states it."""
    stated = manifest.get("versions")
    return str(stated.get("otkel", "unknown")) if isinstance(stated, dict) else "unknown"


def _read_run(entry: Mapping[str, Any], folder: Path, elevation: Path | None) -> Release:
    grid, species = _grid(entry["grid"]), str(entry["species"])
    vectors = folder / "results.gpkg"
    cuts = read_cuts(vectors, grid)
    pairs = read_table(folder / "pairs.csv", *PAIRS)
    relief = {} if elevation is None else {"elevation": read_layer(elevation, grid)}
    return Release(
        study=entry["study"],
        scenario=entry["scenario"],
        species=species,
        titles=entry["titles"],
        grid=grid,
        surface=ResistanceSurface.from_array(read_surface(folder / "resistance.tif", grid), grid, species),
        cuts=cuts,
        places=read_places(vectors),
        cwd=read_surface(folder / "cost_weighted_distance.tif", grid),
        corridor=read_surface(folder / "corridor.tif", grid),
        current_density=read_surface(folder / "current_density.tif", grid),
        pairs=pairs,
        paths=read_paths(vectors, pairs),
        profile=read_profile(folder / "fence_profile.csv"),
        ranking=read_ranking(folder / "passages.csv"),
        by_place=read_by_place(folder / BY_PLACE),
        indicators=read_indicators(folder / "indicators.csv"),
        standing=read_standing(folder / STANDING, cuts),
        assumptions=_assumptions(entry),
        fence_formula=_formula(entry),
        layers=relief,
        reports=tuple(_report(report) for report in entry["reports"]),
        seconds=entry["seconds"],
        audience=Audience(entry["audience"]),
        sensitivity_deg=float(entry["sensitivity_deg"]),
        openings_stand=bool(entry.get("openings_stand", True)),
        sk42_operation=entry["sk42_operation"],
        words=entry.get("words", {}),
        passage_words=entry.get("passage_words", {}),
        model=_model(folder / MODEL),
    )


def _formula(entry: Mapping[str, Any]) -> int:
    """Version of the fence formula that a run was made with; results that do not say are of the first."""
    return int(entry.get("fence_formula", 1))


def _assumptions(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What the run states, and that it is of an old formula."""
    formula = _formula(entry)
    old = f"These results are of fence formula {formula}; the present one is {FORMULA}. Run the study again to compare them with new ones."
    return tuple(dict.fromkeys([*entry["assumptions"], *([old] if formula != FORMULA else [])]))


def _model(path: Path) -> PassageModel | None:
    """The small model of passages to try; there is none where no fence stands."""
    if not path.is_file():
        return None
    from scenarios.model.passage_model import read_model

    return read_model(path)


def _grid(described: Mapping[str, Any]) -> Grid:
    height, width = described["shape"]
    return Grid(described["crs_wkt"], Affine(*described["transform"]), (height, width))


def _report(described: Mapping[str, Any]) -> SolveReport:
    """A report as JSON kept it: lists for tuples, null for NaN, words for infinities."""
    words = {"inf": np.inf, "-inf": -np.inf, None: np.nan}
    numbers: dict[str, Any] = {
        key: words.get(value, value) if not isinstance(value, list) else tuple(value)
        for key, value in described.items()
    }
    return SolveReport(**numbers)
