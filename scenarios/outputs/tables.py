"""Tidy CSV tables with units in the column names, and the dictionary of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.fences import Fence
from rasters.files.writing import replacing, write_geopackage
from rasters.grid import Grid
from rasters.plain import no_formula
from scenarios.model.ground import Ground
from scenarios.model.naming import passage_names
from scenarios.model.results import SpeciesRun
from scenarios.outputs.columns import FILED, NOTHING, Own, column_dictionary, column_of, descriptions

__all__ = [
    "given_back",
    "indicator_table",
    "named_passages",
    "passage_table",
    "profile_table",
    "standing_passages",
    "write_combined",
    "write_csv",
    "write_dictionary",
    "write_tables",
    "write_vectors",
]

BY_PLACE = "gains_by_place.csv"
STANDING = "standing_passages.csv"


def write_tables(run: SpeciesRun, folder: Path) -> list[Path]:
    """Write ``pairs.csv``, ``passages.csv``, ``fence_profile.csv``, ``indicators.csv``, `STANDING`, `BY_PLACE` and ``columns.csv``."""
    tables = {"pairs.csv": run.pairs, "passages.csv": passage_table(run), "fence_profile.csv": profile_table(run)}
    tables |= {"indicators.csv": indicator_table(run), STANDING: standing_passages(run)}
    return write_dictionary(folder, tables | ({BY_PLACE: run.by_place} if len(run.by_place) else {}))


def write_combined(table: pd.DataFrame, folder: Path) -> Path:
    """Write ``combined.csv``: the ranking of a scenario over all species together."""
    return write_csv(folder / "combined.csv", table)


def passage_table(run: SpeciesRun) -> pd.DataFrame:
    """The ranking with geographic coordinates, names and the status of the fence line's geometry."""
    table = run.ranking.drop(columns=["lon", "lat"], errors="ignore").rename(columns=FILED).reset_index(drop=True)
    lon, lat = lon_lat(run.grid, table["x_m"].to_numpy(float), table["y_m"].to_numpy(float))
    after = table.columns.tolist().index("y_m") + 1
    table.insert(after, "lon_deg", lon)
    table.insert(after + 1, "lat_deg", lat)
    return named_passages(table, run.cuts.fences)


def named_passages(table: pd.DataFrame, fences: Sequence[Fence]) -> pd.DataFrame:
    """A table of candidates with the name of each after its id, and the status of the line that it stands on."""
    named = table.assign(geometry_status=_status_of(table, fences))
    named.insert(table.columns.tolist().index("candidate") + 1, "name", passage_names(fences, table))
    return named


def standing_passages(run: Ground) -> pd.DataFrame:
    """The passages that stand, each with a name and the status of its line."""
    table = run.standing.rename(columns=FILED)
    fences = run.cuts.fences
    return table.assign(name=passage_names(fences, table), geometry_status=_status_of(table, fences))


def given_back(run: SpeciesRun) -> dict[str, float]:
    """What the passages that stand give back, as ``conductance`` and ``least_cost`` shares [1]; empty where none stands."""
    values = dict(zip(run.indicators["indicator"], run.indicators["value"], strict=True)) if len(run.indicators) else {}
    names = {key: f"given_back_{key}_share" for key in ("conductance", "least_cost")}
    return {key: float(values[name]) for key, name in names.items() if len(run.standing) and name in values}


def profile_table(run: SpeciesRun) -> pd.DataFrame:
    """The gain profile with the gain per kilometre and the status of the line's geometry."""
    table = run.profile.reset_index(drop=True)
    length_km = (table["end_m"] - table["start_m"]).astype(float) / 1000.0
    per_km = table["gain_ohm2"].astype(float) / length_km.where(length_km > 0)
    table.insert(table.columns.tolist().index("gain_ohm2") + 1, "gain_ohm2_per_km", per_km)
    table["geometry_status"] = _status_of(table, run.cuts.fences)
    return table


def indicator_table(run: SpeciesRun) -> pd.DataFrame:
    """The run's indicators with its scenario and species, so that tables of many runs can be put below each other."""
    table = run.indicators.reset_index(drop=True)
    table.insert(0, "scenario", [run.scenario] * len(table))
    table.insert(1, "species", [run.species] * len(table))
    return table


def _status_of(table: pd.DataFrame, fences: Sequence[Fence]) -> NDArray[np.object_]:
    statuses = {fence.id: fence.geometry_status for fence in fences}
    return np.array([statuses.get(fence, "unknown") for fence in table["fence"]], dtype=object)


def lon_lat(grid: Grid, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude [degrees, WGS 84] of map positions, to about 0.1 m."""
    lon, lat = grid.lonlat(x, y)
    return np.round(lon, 6), np.round(lat, 6)


def write_dictionary(
    folder: Path, tables: Mapping[str, pd.DataFrame], *, of: str = "", extra: pd.DataFrame | None = None
) -> list[Path]:
    """Write each table under its file's name, and ``columns.csv`` that explains all their columns, and ``extra`` rows."""
    words = pd.concat([column_dictionary(tables, of), *([] if extra is None else [extra])])
    written = [write_csv(folder / name, table, of=of) for name, table in tables.items()]
    return [*written, write_csv(folder / "columns.csv", words, of="columns")]


def write_vectors(
    path: Path,
    layers: Mapping[str, pd.DataFrame],
    *,
    of: str = "",
    styles: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write layers as a GeoPackage that says what each of their columns is; see `rasters.files.writing.write_geopackage`."""
    named = {name: layer.rename(columns=FILED) for name, layer in layers.items()}
    return write_geopackage(path, named, styles=styles, metadata=metadata, columns=descriptions(layers, of))


def write_csv(path: Path, table: pd.DataFrame, *, of: str = "", own: Own = NOTHING) -> Path:
    """A table as UTF-8 with nine figures and no formula in it; KeyError if `scenarios.outputs.columns` does not know one of its columns."""
    for name in map(str, table.columns):
        column_of(name, of, own)
    words = {name: table[name].map(no_formula) for name in table if table[name].dtype.kind not in "iufbMm"}
    with replacing(path) as part:
        table.assign(**words).rename(columns=FILED).to_csv(
            part, index=False, float_format="%.9g", lineterminator="\n", encoding="utf-8"
        )
    return path
