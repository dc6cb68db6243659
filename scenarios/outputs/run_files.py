"""The files of one run read back: rasters, tables with their columns' types, layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray

from rasters.errors import DataError, LayerNotFoundError
from rasters.fence_cuts import cut_edges
from rasters.fences import CutEdges, Fence
from rasters.files.bands import open_band
from rasters.files.formats import require_plain_vectors
from rasters.grid import Grid
from rasters.plain import as_meant
from rasters.surface import Layer
from scenarios.land.places import FocalPlace, place_of
from scenarios.model.naming import passage_names
from scenarios.model.results import TracedPath, own_numbers
from scenarios.model.standing import standing_rows
from scenarios.outputs.columns import FILED, UNFILED
from scenarios.outputs.folder import MARKER

__all__ = [
    "gone",
    "numbered_again",
    "read_by_place",
    "read_cuts",
    "read_features",
    "read_indicators",
    "read_layer",
    "read_paths",
    "read_places",
    "read_profile",
    "read_ranking",
    "read_standing",
    "read_surface",
    "read_table",
]


TEXT = {
    "scenario",
    "species",
    "source",
    "target",
    "status",
    "candidate",
    "fence",
    "fence_line",
    "design",
    "geometry_status",
    "indicator",
    "unit",
    "role",
    "place",
    "opening",
    "name",
    "state",
    "months",
    "opened_year",
}


WHOLE = {"rank", "number", "fence_crossings", "pairs_joined"}


def gone(path: Path) -> LayerNotFoundError:
    """The error for a file that the manifest lists and that is not there."""
    return LayerNotFoundError(f"{path}: is listed in {MARKER} but is not there; restore it, or run the study again")


def read_surface(path: Path, grid: Grid) -> NDArray[np.float64]:
    """(height, width) values of a raster of a run; inf is kept, NaN is no data."""
    if not path.is_file():
        raise gone(path)
    with open_band(path) as band:
        values, known = band.read()
    values = np.where(known, values, np.nan)
    if values.shape != grid.shape:
        raise DataError(f"{path}: has {values.shape} cells, the run {grid.shape}; restore it, or run the study again")
    return values.astype(np.float64)


def read_layer(path: Path, grid: Grid) -> Layer:
    """Elevation [m] of a run."""
    values = read_surface(path, grid)
    return Layer(name="elevation", values=values, nodata=np.isnan(values), grid=grid, unit="m")


def read_table(path: Path, *needed: str) -> pd.DataFrame:
    """A table of a run with its columns' types; DataError unless it has the columns that are ``needed``.

    Results of before called positions ``x, y, lon, lat``: they are read as what they are called now.
    """
    if not path.is_file():
        raise gone(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8").rename(columns=FILED)
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


def read_profile(path: Path) -> pd.DataFrame:
    """Gain along the fences, without what is computed again."""
    return read_table(path, "fence", "start_m", "end_m", "gain_ohm2", "gain_ohm2_per_km", "geometry_status").drop(
        columns=["gain_ohm2_per_km", "geometry_status"]
    )


def read_indicators(path: Path) -> pd.DataFrame:
    """Indicators of a run, in long form."""
    return read_table(path, "scenario", "species", "indicator", "value").drop(columns=["scenario", "species"])


def read_ranking(path: Path) -> pd.DataFrame:
    """Candidates, best first, numbered."""
    table = read_table(path, "candidate", "x_m", "y_m", "lon_deg", "lat_deg", "score", "selected")
    return numbered_again(table.rename(columns=UNFILED))


def numbered_again(table: pd.DataFrame) -> pd.DataFrame:
    """Without the names, which are made again. Results of before have no numbers: the shortlist gets its places."""
    table = table.drop(columns="name", errors="ignore")
    return table if "number" in table else own_numbers(table)


def read_standing(path: Path, cuts: CutEdges) -> pd.DataFrame:
    """Passages that stand; results of before do not list them. A name that is only section and kilometre is none of its own."""
    if not path.is_file():
        return standing_rows()
    table = read_table(path, "opening", "fence", "along_m", "x_m", "y_m", "lon_deg", "lat_deg")
    made = passage_names(cuts.fences, table.assign(name=""))
    table["name"] = [name if name != other else "" for name, other in zip(table["name"], made, strict=True)]
    return standing_rows(table.rename(columns=UNFILED).to_dict("records"))


def read_by_place(path: Path) -> pd.DataFrame:
    """Gains of each core and target; results of before have none."""
    return read_table(path, "role", "place", "candidate", "score") if path.is_file() else pd.DataFrame()


def read_features(path: Path, layer: str) -> gpd.GeoDataFrame:
    """A layer of a GeoPackage that otkel wrote; DataError where it cannot be read."""
    if not path.is_file():
        raise gone(path)
    require_plain_vectors(path)
    try:
        return pyogrio.read_dataframe(path, layer=layer)
    except (ValueError, UnboundLocalError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataError(
            f"{path}, layer {layer}: cannot be read: {error}; restore it, or run the study again"
        ) from error


def read_cuts(path: Path, grid: Grid) -> CutEdges:
    """Fences of a run on its grid."""
    fences = [
        Fence(
            id=row["fence"],
            line=row.geometry,
            name=row["name"],
            fence_line=row["fence_line"],
            geometry_status=row["geometry_status"],
            country=row["country"],
            starts_m=tuple(float(start) for start in row["starts_m"].split()),
        )
        for _, row in read_features(path, "fence_lines").iterrows()
    ]
    return cut_edges(fences, grid)


def read_places(path: Path) -> tuple[FocalPlace, ...]:
    """Cores and targets of a run."""
    columns = {"id_column": "id", "name_column": "name", "status_column": "geometry_status"}
    return tuple(place_of(row, role=row["role"], **columns) for _, row in read_features(path, "places").iterrows())


def read_paths(path: Path, pairs: pd.DataFrame) -> tuple[TracedPath, ...]:
    """One per core, in the order of the pairs; without a line it reaches nothing, or its course was withheld."""
    lines = {row["source"]: row for _, row in read_features(path, "least_cost_paths").iterrows()}
    return tuple(_path(lines.get(source), own) for source, own in pairs.groupby("source", sort=False))


def _path(line: Any, pairs: pd.DataFrame) -> TracedPath:
    if line is None:
        whole, targets = pairs[pairs["target"] == "any"].iloc[0], pairs[pairs["target"] != "any"]
        return TracedPath(
            source=whole["source"],
            target=targets.loc[targets["least_cost_m"].idxmin(), "target"],
            status=whole["status"],
            cost_m=whole["least_cost_m"],
            length_m=1000.0 * whole["path_km"],
            fence_crossings=int(whole["fence_crossings"]),
            x=np.empty(0),
            y=np.empty(0),
        )
    x, y = np.asarray(line.geometry.coords).T
    return TracedPath(
        source=line["source"],
        target=line["target"],
        status=line["status"],
        cost_m=float(line["cost_m"]),
        length_m=float(line["length_m"]),
        fence_crossings=int(line["fence_crossings"]),
        x=x,
        y=y,
    )
