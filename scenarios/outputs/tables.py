"""Tidy CSV tables with units in the column names, and the dictionary of their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rasters.grid import Grid
from rasters.io import replacing
from scenarios.model.results import SpeciesRun
from scenarios.outputs.words import fence_statuses

__all__ = [
    "MEANINGS",
    "column_dictionary",
    "indicator_table",
    "passage_table",
    "profile_table",
    "write_combined",
    "write_csv",
    "write_tables",
]

BY_PLACE = "gains_by_place.csv"
RENAMED = {"x": "x_m", "y": "y_m"}

UNITS = {"x_m": "m", "y_m": "m", "lon_deg": "degrees", "lat_deg": "degrees", "gain_ohm2_per_km": "ohm^2/km"}
"""Units of the columns that are added here; those of the others come with the run."""

MEANINGS = {
    "source": "Core where animals set out.",
    "target": "Place they make for; any = whichever of the targets is nearest, or all of them joined in the circuit.",
    "least_cost_m": "Least accumulated resistance times metres between both, with the scenario's fences; inf: no way.",
    "least_cost_no_fence_m": "The same without any fence.",
    "effective_resistance_ohm": "Resistance of all routes together, with the scenario's fences; inf: no way.",
    "effective_resistance_no_fence_ohm": "The same without any fence.",
    "fence_crossings": "How often the least-cost path crosses a fence.",
    "path_km": "Length of the least-cost path on the map.",
    "rank": "1 = best by the score.",
    "candidate": "Candidate passage.",
    "fence": "Fence that it would open, or that the stretch belongs to.",
    "fence_line": "Line along the border that the fence belongs to.",
    "along_m": "Distance from the start of the fence line.",
    "x_m": "Easting in the study's coordinate reference system.",
    "y_m": "Northing in the study's coordinate reference system.",
    "lon_deg": "Longitude, WGS 84.",
    "lat_deg": "Latitude, WGS 84.",
    "width_m": "Width of the opening.",
    "design": "How it would be built, as the study describes.",
    "use_factor": "How far the species finds and uses such an opening; 1 = as if there were no fence.",
    "cost": "What one of this design costs, in the study's cost units.",
    "score": "What the rank is by; the study states its parts and weights.",
    "gain_ohm2": "Marginal gain: squared voltage across the fence at 1 A, summed over cores and along the line, once per cell's length.",
    "gain_ohm2_per_km": "The same per kilometre of fence.",
    "conductance_gain_s": "Rise of the conductance between cores and targets once it is open.",
    "conductance_gain_share": "The same as a share of what all fences together take away.",
    "resistance_gain_ohm": "Fall of the effective resistance once it is open.",
    "least_cost_gain_m": "Fall of the least cost, summed over cores, once it is open.",
    "least_cost_gain_share": "The same as a share of what all fences together add.",
    "arriving_gain": "Share of walkers that arrive alive more, summed over cores, once it is open.",
    "arriving_gain_share": "The same as a share of what all fences together take away.",
    "pairs_joined": "Cores that reach a target only once it is open.",
    "role": "core: where animals set out; target: what they make for.",
    "place": "Core or target that the gain is for.",
    "weight": "Share of the place in the mean over all places of its role.",
    "selected": "Whether it is in the set chosen under the budget.",
    "start_m": "Where the stretch starts, from the start of the fence line.",
    "end_m": "Where the stretch ends, from the start of the fence line.",
    "current_a": "Current crossing the stretch with 1 A sent from each core.",
    "scenario": "Scenario of the study.",
    "species": "Species of the study.",
    "indicator": "What was measured: a column of pairs.csv, eca_km2 (equivalent connected area: one core that would be worth as "
    "much as all places, joined as they are), or arriving_share (walkers from a core that reach any target alive).",
    "value": "Its value; inf: no way.",
    "unit": "Unit of the value.",
    "status": "ok, or why a number is missing.",
    "geometry_status": "surveyed, or how the line or outline was made; schematic = never surveyed.",
}


def write_tables(run: SpeciesRun, folder: Path) -> list[Path]:
    """Write ``pairs.csv``, ``passages.csv``, ``fence_profile.csv``, ``indicators.csv``, `BY_PLACE` and ``columns.csv``."""
    tables = {"pairs.csv": run.pairs, "passages.csv": passage_table(run), "fence_profile.csv": profile_table(run)}
    tables["indicators.csv"] = indicator_table(run)
    if len(run.by_place):
        tables[BY_PLACE] = run.by_place
    return [
        *(write_csv(folder / name, table) for name, table in tables.items()),
        write_csv(folder / "columns.csv", column_dictionary(tables, run.units)),
    ]


def write_combined(table: pd.DataFrame, folder: Path) -> Path:
    """Write ``combined.csv``: the ranking of a scenario over all species together."""
    return write_csv(folder / "combined.csv", table)


def passage_table(run: SpeciesRun) -> pd.DataFrame:
    """The ranking with geographic coordinates and the status of the fence line's geometry."""
    table = run.ranking.drop(columns=["lon", "lat"], errors="ignore").rename(columns=RENAMED).reset_index(drop=True)
    lon, lat = lon_lat(run.grid, table["x_m"].to_numpy(float), table["y_m"].to_numpy(float))
    after = table.columns.tolist().index("y_m") + 1
    table.insert(after, "lon_deg", lon)
    table.insert(after + 1, "lat_deg", lat)
    table["geometry_status"] = _status_of(table, run)
    return table


def profile_table(run: SpeciesRun) -> pd.DataFrame:
    """The gain profile with the gain per kilometre and the status of the line's geometry."""
    table = run.profile.reset_index(drop=True)
    length_km = (table["end_m"] - table["start_m"]).astype(float) / 1000.0
    per_km = table["gain_ohm2"].astype(float) / length_km.where(length_km > 0)
    table.insert(table.columns.tolist().index("gain_ohm2") + 1, "gain_ohm2_per_km", per_km)
    table["geometry_status"] = _status_of(table, run)
    return table


def indicator_table(run: SpeciesRun) -> pd.DataFrame:
    """The run's indicators with its scenario and species, so that tables of many runs can be put below each other."""
    table = run.indicators.reset_index(drop=True)
    table.insert(0, "scenario", [run.scenario] * len(table))
    table.insert(1, "species", [run.species] * len(table))
    return table


def _status_of(table: pd.DataFrame, run: SpeciesRun) -> list[str]:
    statuses = fence_statuses(run)
    return [statuses.get(fence, "unknown") for fence in table["fence"]]


def lon_lat(grid: Grid, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude [degrees, WGS 84] of map positions, to about 0.1 m."""
    lon, lat = grid.lonlat(x, y)
    return np.round(lon, 6), np.round(lat, 6)


def column_dictionary(tables: dict[str, pd.DataFrame], units: dict[str, str]) -> pd.DataFrame:
    """One row per file and column: its unit and meaning."""
    rows = [
        (file, column, units.get(column, UNITS.get(column, "")), MEANINGS.get(column, ""))
        for file, table in tables.items()
        for column in map(str, table.columns)
    ]
    return pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """A table as UTF-8 with nine figures."""
    with replacing(path) as part:
        table.to_csv(part, index=False, float_format="%.9g", lineterminator="\n", encoding="utf-8")
    return path
