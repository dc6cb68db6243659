"""What a patrol service states beside its tables: ``crime.yaml``. The docstring under each key is its manual."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rasters.plain import unknown
from scenarios.field_data.settings import DateFormat
from scenarios.study.base import FileName, Model
from scenarios.study.documents import read_document, validate

__all__ = ["COLUMNS", "CrimeSettings", "TableColumns", "read_settings"]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

COLUMNS = {
    "patrols": ("patrol_id", "date", "team", "lon", "lat", "km"),
    "incidents": ("incident_id", "date", "type", "lon", "lat", "patrol_id", "team", "species", "cause"),
}
"""Columns of the two tables; ``km``, ``team``, ``patrol_id``, ``species`` and ``cause`` may be missing or empty."""


Kilometres = Annotated[float, Field(gt=0, le=10_000)]
"""No two places on land are further apart."""


class TableColumns(Model):
    """A CSV file, as SMART or a spreadsheet exports it, and what its columns are called."""

    file: FileName
    """CSV file, also gzipped, beside the settings."""
    encoding: str | None = None
    """Encoding of the file, such as `cp1251`, where it is not UTF-8."""
    columns: dict[str, str] = {}
    """Column of otkel -> column of the file, where the names differ."""
    values: dict[str, dict[str, str]] = {}
    """Column of otkel -> word in the file -> word of otkel, such as `type: {petlya: snare}`."""


class CrimeSettings(Model):
    """What is stated about patrols and incidents. Every key has a default."""

    synthetic: bool = False
    """The data were made by a simulator; every page says so."""
    patrols: TableColumns = TableColumns(file="patrols.csv")
    incidents: TableColumns = TableColumns(file="incidents.csv")
    date_format: DateFormat | None = None
    """How dates are written where it is not YYYY-MM-DD, such as `%d.%m.%Y`."""
    poaching_types: list[str] = ["snare", "trap", "shot", "camp", "carcass"]
    """Types of incident that are signs of poaching, in capital or small letters; of carcasses only those with cause `illegal`."""
    other_types: list[str] = []
    """Types of incident that are no signs of poaching; of types that stand in neither list it is said that they do not count."""
    longest_step_km: Kilometres = 50.0
    """Two points of one patrol's track further apart than this are a fault of the receiver [km]."""
    cell_km: Kilometres = 10.0
    """Side of the cells of the effort map and of the risk surface [km]."""
    bandwidths_km: list[Kilometres] = [10.0, 20.0, 40.0, 80.0]
    """Distances over which neighbouring cells inform each other [km]; the data choose one of them."""
    prior_events: Positive = 1.0
    """How many incidents the average risk is worth where nobody looked: an assumption."""
    patrol_mortality_factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    """What patrols leave of poaching where they are proposed [1]: an assumption."""
    patrol_cost: Positive = 2.0
    """Cost of a proposed patrol area, in cost units of the study: an assumption."""
    outside_study: Literal["error", "leave_out"] = "error"
    """What to do with patrols and incidents outside the study's grid."""

    @model_validator(mode="after")
    def _known_columns(self) -> CrimeSettings:
        for name, table in (("patrols", self.patrols), ("incidents", self.incidents)):
            strangers = sorted({*table.columns, *table.values} - {*COLUMNS[name]})
            if strangers:
                raise ValueError(f"{name}: {unknown('column', strangers[0], COLUMNS[name])}")
        return self


def read_settings(path: Path) -> CrimeSettings:
    """Read ``crime.yaml``; without the file everything is as by default.

    Raises
    ------
    ConfigError
        With every fault, each with its line.
    """
    if not path.is_file():
        return CrimeSettings()
    document = read_document(path)
    return validate(CrimeSettings, document.data, document)
