"""What a team states beside its camera traps: ``evidence.yaml``. The docstring under each key is its manual."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from scenarios.field_data.settings import TableMapping, TimeFormat
from scenarios.study.base import Identifier, Latitude, Longitude, Metres, Model, Shape
from scenarios.study.documents import read_document, validate

__all__ = ["EvidenceSettings", "StatedPassage", "read_settings"]


def _a_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError("should be a day of the calendar, written YYYY-MM-DD") from error


Day = Annotated[str, AfterValidator(_a_day), Shape("a day, written YYYY-MM-DD", "2024-05-31")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class StatedPassage(Model):
    """A passage that is there, or will be: what the cameras beside it are about."""

    example: ClassVar[str] = "{id: north_gate, lon: 56.25, lat: 43.5, design: gate}"
    id: Identifier
    """Its name in the results."""
    candidate: str | None = None
    """Id of the candidate that was opened, as in ``passages.csv`` of a run; or give `lon` and `lat`."""
    lon: Longitude | None = None
    """Longitude [degrees, WGS 84]."""
    lat: Latitude | None = None
    """Latitude [degrees, WGS 84]."""
    design: str
    """One of the study's `designs`."""
    opened: Day | None = None
    """Day on which it was opened, YYYY-MM-DD; cameras before it show what was there without it."""

    @model_validator(mode="after")
    def _one_place(self) -> StatedPassage:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("give both `lon` and `lat`")
        if (self.candidate is None) == (self.lon is None):
            raise ValueError("give one of `candidate`, or `lon` with `lat`")
        return self


class EvidenceSettings(Model):
    """What is stated about a set of camera-trap data. Every key has a default; a Camtrap DP package needs no file at all."""

    synthetic: bool = False
    """The data were made by a simulator; every page says so."""
    tables: dict[Literal["deployments", "media", "observations"], TableMapping] = {}
    """Plain CSV files, where the data are no Camtrap DP package."""
    time_zone: Annotated[str, Shape("the name of a time zone", "Asia/Aqtau")] | None = None
    """Zone of times written without one, such as `Asia/Aqtau`; only for plain CSV files."""
    time_format: TimeFormat | None = None
    """How times are written where it is not ISO 8601, such as `%d.%m.%Y %H:%M`; only for plain CSV files."""
    species: dict[str, str] = {}
    """Scientific name in the data -> species of the study, where the names differ."""
    passages: list[StatedPassage] = []
    """Passages that cameras stand at, besides those that stand in the study."""
    passage_m: Metres = 200.0
    """A camera within this distance of a passage watches it [m]."""
    fence_m: Metres = 500.0
    """A camera within this distance of a fence, but of no passage, watches the fence [m]."""
    event_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """Records of a species at a camera at least this far apart are independent events [minutes]."""
    outside_study: Literal["error", "leave_out"] = "error"
    """What to do with deployments outside the study's grid."""
    prior_weight: Positive = 4.0
    """How many observed animals the use factor of a species file is worth: a small number gives way soon."""
    rate_prior: tuple[Positive, Annotated[float, Field(ge=0)]] = (0.5, 0.0)
    """Shape [1] and rate [camera-days] of the gamma prior of a crossing rate per camera-day; (0.5, 0) is Jeffreys'."""

    @field_validator("passages")
    @classmethod
    def _distinct(cls, passages: list[StatedPassage]) -> list[StatedPassage]:
        ids = [p.id for p in passages]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"duplicate ids: {', '.join(twice)}")
        return passages

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        if name is not None:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(f"unknown time zone {name!r}; write one such as Asia/Aqtau or Etc/GMT-5") from error
        return name


def read_settings(path: Path | None) -> EvidenceSettings:
    """Read ``evidence.yaml``; without a path everything is as by default.

    Raises
    ------
    ConfigError
        With every fault, each with its line.
    """
    if path is None:
        return EvidenceSettings()
    document = read_document(path)
    return validate(EvidenceSettings, document.data, document)
