"""Results read back: a folder of `otkel run` -> the `SpeciesRun`s that were written there.

Files keep float32 rasters and nine figures in tables. `as_stored` brings a fresh run to the same precision before anything is
written, so that a run and its stored twin give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from affine import Affine
from numpy.typing import NDArray

from connectivity.report import SolveReport
from rasters.errors import DataError, LayerNotFoundError, PlannerError
from rasters.fence_cuts import cut_edges
from rasters.fences import FORMULA, CutEdges, Fence
from rasters.files.bands import open_band
from rasters.files.confined import confined
from rasters.files.formats import require_plain_vectors
from rasters.grid import Grid
from rasters.plain import as_meant
from rasters.surface import Layer, ResistanceSurface
from scenarios.land.places import FocalPlace, place_of
from scenarios.model.ground import elevation_of
from scenarios.model.naming import passage_names
from scenarios.model.results import SpeciesRun, TracedPath, own_numbers
from scenarios.model.standing import standing_rows
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.gis.context import BORDERS, elevation_file
from scenarios.outputs.manifest import FORMAT
from scenarios.outputs.manifest_shape import require_settings, require_shape
from scenarios.outputs.release import MODEL, Release
from scenarios.outputs.tables import BY_PLACE, RENAMED, STANDING
from scenarios.records.hashing import read_json, sha256_of

if TYPE_CHECKING:
    from scenarios.model.passage_model import PassageModel

__all__ = ["StoredResults", "as_stored", "read_results"]

TEXT = {
    "scenario", "species", "source", "target", "status", "candidate", "fence", "fence_line", "design", "geometry_status",
    "indicator", "unit", "role", "place", "opening", "name", "state", "months", "opened_year",
}  # fmt: skip
WHOLE = {"rank", "number", "fence_crossings", "pairs_joined"}
DEGREES = {"lon_deg": "lon", "lat_deg": "lat"}
FIGURES = 9
"""Significant figures that the tables keep."""


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


def as_stored(run: SpeciesRun) -> SpeciesRun:
    """The run as its files will hold it: rasters and relief in float32, tables with nine significant figures."""
    nodata, surface = run.surface.nodata, run.surface
    resistance = np.where(surface.barrier, np.inf, surface.values)
    relief = elevation_of(run)
    return replace(
        run,
        surface=ResistanceSurface.from_array(_single(resistance, nodata), run.grid, surface.name),
        cwd=_single(run.cwd, nodata), corridor=_single(run.corridor, nodata),
        current_density=_single(run.current_density, nodata), pairs=rounded(run.pairs), profile=rounded(run.profile),
        indicators=rounded(run.indicators), standing=_six_decimals(rounded(run.standing)),
        ranking=_six_decimals(rounded(run.ranking)), by_place=rounded(run.by_place),
        layers=run.layers | ({} if relief is None else {relief.name: replace(relief, values=_single(relief.values))}),
    )  # fmt: skip


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Every column of reals to nine significant figures, as the CSV files have them."""
    reals = table.select_dtypes("floating").columns
    return table.assign(**{str(c): [float(f"{v:.{FIGURES}g}") for v in table[c]] for c in reals})


def _six_decimals(ranking: pd.DataFrame) -> pd.DataFrame:
    """Longitude and latitude to about 0.1 m."""
    return ranking.assign(**{c: np.round(ranking[c].astype(float), 6) for c in ("lon", "lat") if c in ranking})


def _single(values: NDArray[Any], nodata: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    single = np.asarray(values, np.float32).astype(np.float64)
    return single if nodata is None else np.where(nodata, np.nan, single)


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
            return {name: _numbered(table) for name, table in tables.items()}

    @cached_property
    def borders(self) -> gpd.GeoDataFrame | None:
        """Lines drawn on the maps."""
        path = self.folder / BORDERS
        if not self._listed(path):
            return None
        with self.blaming_changes():
            frame = _layer(path, "borders")
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
                raise _gone(path)
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


def _gone(path: Path) -> LayerNotFoundError:
    return LayerNotFoundError(f"{path}: is listed in {MARKER} but is not there; restore it, or run the study again")


def _read_run(entry: Mapping[str, Any], folder: Path, elevation: Path | None) -> Release:
    grid, species = _grid(entry["grid"]), str(entry["species"])
    vectors = folder / "results.gpkg"
    cuts = _cuts(vectors, grid)
    pairs = read_table(folder / "pairs.csv", "source", "target", "status", "least_cost_m")
    relief = {} if elevation is None else {"elevation": _read_layer(elevation, grid)}
    return Release(
        study=entry["study"], scenario=entry["scenario"], species=species, titles=entry["titles"], grid=grid,
        surface=ResistanceSurface.from_array(read_surface(folder / "resistance.tif", grid), grid, species),
        cuts=cuts, places=_places(vectors),
        cwd=read_surface(folder / "cost_weighted_distance.tif", grid), corridor=read_surface(folder / "corridor.tif", grid),
        current_density=read_surface(folder / "current_density.tif", grid), pairs=pairs,
        paths=_paths(vectors, pairs), profile=_profile(folder / "fence_profile.csv"),
        ranking=_ranking(folder / "passages.csv"), by_place=_by_place(folder / BY_PLACE), indicators=_indicators(folder / "indicators.csv"),
        standing=_standing(folder / STANDING, cuts),
        assumptions=_assumptions(entry), fence_formula=_formula(entry),
        layers=relief, reports=tuple(_report(report) for report in entry["reports"]), seconds=entry["seconds"],
        audience=Audience(entry["audience"]), sensitivity_deg=float(entry["sensitivity_deg"]),
        openings_stand=bool(entry.get("openings_stand", True)),
        sk42_operation=entry["sk42_operation"], words=entry.get("words", {}), passage_words=entry.get("passage_words", {}),
        model=_model(folder / MODEL),
    )  # fmt: skip


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


def read_surface(path: Path, grid: Grid) -> NDArray[np.float64]:
    """(height, width) values of a raster of a run; inf is kept, NaN is no data."""
    if not path.is_file():
        raise _gone(path)
    with open_band(path) as band:
        values, known = band.read()
    values = np.where(known, values, np.nan)
    if values.shape != grid.shape:
        raise DataError(f"{path}: has {values.shape} cells, the run {grid.shape}; restore it, or run the study again")
    return values.astype(np.float64)


def _read_layer(path: Path, grid: Grid) -> Layer:
    values = read_surface(path, grid)
    return Layer(name="elevation", values=values, nodata=np.isnan(values), grid=grid, unit="m")


def read_table(path: Path, *needed: str) -> pd.DataFrame:
    """A table of a run with its columns' types; DataError unless it has the columns that are ``needed``."""
    if not path.is_file():
        raise _gone(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        missing = [name for name in needed if name not in table]
        if missing:
            raise ValueError(f"it has no column {', '.join(missing)}")
        return table.assign(**{str(name): _typed(str(name), table[name].map(as_meant)) for name in table})
    except ValueError as error:
        raise DataError(f"{path}: is not the table that otkel wrote: {error}; restore it, or run again") from error


def _typed(name: str, words: pd.Series) -> Any:
    """A column of words as what it is; an empty field is NaN among reals."""
    if name in TEXT:
        return words
    if name == "selected":
        return words == "True"
    return words.astype(int) if name in WHOLE else [float(word) if word else np.nan for word in words]


def _profile(path: Path) -> pd.DataFrame:
    return read_table(path, "fence", "start_m", "end_m", "gain_ohm2", "gain_ohm2_per_km", "geometry_status").drop(
        columns=["gain_ohm2_per_km", "geometry_status"]
    )


def _indicators(path: Path) -> pd.DataFrame:
    return read_table(path, "scenario", "species", "indicator", "value").drop(columns=["scenario", "species"])


def _ranking(path: Path) -> pd.DataFrame:
    there = {after: before for before, after in RENAMED.items()}
    table = read_table(path, "candidate", "x_m", "y_m", "lon_deg", "lat_deg", "score", "selected")
    return _numbered(table.rename(columns=there | DEGREES))


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Without the names, which are made again. Results of before have no numbers: the shortlist gets its places."""
    table = table.drop(columns="name", errors="ignore")
    return table if "number" in table else own_numbers(table)


def _standing(path: Path, cuts: CutEdges) -> pd.DataFrame:
    """Passages that stand; results of before do not list them. A name that is only section and kilometre is none of its own."""
    if not path.is_file():
        return standing_rows()
    table = read_table(path, "opening", "fence", "along_m", "x_m", "y_m", "lon_deg", "lat_deg")
    made = passage_names(cuts.fences, table.assign(name=""))
    table["name"] = [name if name != other else "" for name, other in zip(table["name"], made, strict=True)]
    there = {after: before for before, after in RENAMED.items()} | DEGREES
    return standing_rows(table.rename(columns=there).to_dict("records"))


def _by_place(path: Path) -> pd.DataFrame:
    """Gains of each core and target; results of before have none."""
    return read_table(path, "role", "place", "candidate", "score") if path.is_file() else pd.DataFrame()


def _layer(path: Path, layer: str) -> gpd.GeoDataFrame:
    if not path.is_file():
        raise _gone(path)
    require_plain_vectors(path)
    try:
        return pyogrio.read_dataframe(path, layer=layer)
    except (ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataError(
            f"{path}, layer {layer}: cannot be read: {error}; restore it, or run the study again"
        ) from error


def _cuts(path: Path, grid: Grid) -> CutEdges:
    fences = [
        Fence(
            id=row["fence"], line=row.geometry, name=row["name"], fence_line=row["fence_line"],
            geometry_status=row["geometry_status"], country=row["country"],
            starts_m=tuple(float(start) for start in row["starts_m"].split()),
        )
        for _, row in _layer(path, "fence_lines").iterrows()
    ]  # fmt: skip
    return cut_edges(fences, grid)


def _places(path: Path) -> tuple[FocalPlace, ...]:
    columns = {"id_column": "id", "name_column": "name", "status_column": "geometry_status"}
    return tuple(place_of(row, role=row["role"], **columns) for _, row in _layer(path, "places").iterrows())


def _paths(path: Path, pairs: pd.DataFrame) -> tuple[TracedPath, ...]:
    """One per core, in the order of the pairs; without a line it reaches nothing, or its course was withheld."""
    lines = {row["source"]: row for _, row in _layer(path, "least_cost_paths").iterrows()}
    return tuple(_path(lines.get(source), own) for source, own in pairs.groupby("source", sort=False))


def _path(line: Any, pairs: pd.DataFrame) -> TracedPath:
    if line is None:
        whole, targets = pairs[pairs["target"] == "any"].iloc[0], pairs[pairs["target"] != "any"]
        return TracedPath(
            source=whole["source"], target=targets.loc[targets["least_cost_m"].idxmin(), "target"], status=whole["status"],
            cost_m=whole["least_cost_m"], length_m=1000.0 * whole["path_km"], fence_crossings=int(whole["fence_crossings"]),
            x=np.empty(0), y=np.empty(0),
        )  # fmt: skip
    x, y = np.asarray(line.geometry.coords).T
    return TracedPath(
        source=line["source"], target=line["target"], status=line["status"], cost_m=float(line["cost_m"]),
        length_m=float(line["length_m"]), fence_crossings=int(line["fence_crossings"]), x=x, y=y,
    )  # fmt: skip
