"""What a team states beside its collars: ``tracks.yaml``. The docstring under each key is its manual."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from scenarios.field_data.settings import TableMapping
from scenarios.statistics.fence_encounters import BehaviourRule
from scenarios.study.base import Metres, Model, Shape
from scenarios.study.documents import read_document, validate

__all__ = ["SETTINGS", "AnimalStated", "TrackFile", "TracksSettings", "read_settings"]

SETTINGS = "tracks.yaml"


def _a_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError("should be a day of the calendar, written YYYY-MM-DD") from error


Day = Annotated[str, AfterValidator(_a_day), Shape("a day, written YYYY-MM-DD", "2024-05-31")]
Hours = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class TrackFile(TableMapping):
    """A file of fixes and what its columns are: `animal`, `time`, `lon`, `lat`, and `species` and `visible` where there are any."""

    example: ClassVar[str] = "{file: collars.csv, columns: {animal: id, time: when, lon: x, lat: y}}"
    crs: Annotated[str, Shape("a reference system", "EPSG:32642")] | None = None
    """Reference system of `lon` and `lat` of a CSV file, where they are not degrees of WGS 84."""
    layer: str | None = None
    """Layer of a GeoPackage that has several."""


class AnimalStated(Model):
    """What is known of one animal."""

    example: ClassVar[str] = "{species: kulan, first: 2024-05-02, last: 2025-01-31}"
    species: str | None = None
    """Species of the study, where the file does not say it."""
    first: Day | None = None
    """First day that counts: fixes before it are of a collar that was not on the animal, or of one that had just been caught."""
    last: Day | None = None
    """Last day that counts, before the collar came off or the animal died."""

    @model_validator(mode="after")
    def _in_order(self) -> AnimalStated:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"last: {self.last} is before first: {self.first}; swap or correct them")
        return self


class TracksSettings(Model):
    """What is stated about a set of tracks. Every key has a default; Movebank files need no file of settings at all."""

    synthetic: bool = False
    """The tracks were made by a simulator; every page says so."""
    files: list[TrackFile] = []
    """Files beside the settings, and what their columns are; default: every CSV, GPX and GeoPackage file there."""
    time_zone: Annotated[str, Shape("the name of a time zone", "Asia/Aqtau")] | None = None
    """Zone of times written without one, such as `Asia/Aqtau`; those of Movebank and GPX are UTC."""
    time_format: Annotated[str, Shape("", "%d.%m.%Y %H:%M")] | None = None
    """How times are written where it is not ISO 8601, such as `%d.%m.%Y %H:%M`."""
    species: dict[str, str] = {}
    """Scientific name in the data -> species of the study, where the names differ; `*` stands for all animals without a name."""
    animals: dict[str, AnimalStated] = {}
    """Animal -> its species and the days that count."""
    held_out: list[str] = []
    """Animals whose steps tell no worth of a fence and no choice of land, so that maps can be tried at them."""
    most_kmh: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    """Speed between fixes that no animal keeps up: a fix that is left and reached faster is left out [km/h]."""
    encounter_m: Metres = 100.0
    """A fix within this distance of a fence is at it [m]."""
    short_h: Hours = 4.0
    """Longest encounter that is a bounce or a quick cross [hours]."""
    long_h: Hours = 36.0
    """Longest encounter that is not trapped [hours]."""
    window_h: Hours = 168.0
    """Time around an encounter with whose straightness its own is compared [hours]."""
    most_crossings: Count = 0
    """Crossings up to which a longer encounter counts as back and forth or tracing."""
    least_step_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """Shorter steps are errors of the receiver, not movement [m]."""
    available: Annotated[int, Field(ge=5, le=500)] = 40
    """Available steps that are drawn for each step near a fence."""
    headings: Literal["turning", "uniform"] = "turning"
    """Where available steps lead: by the animal's own turning angles away from fences, or anywhere."""
    habitat: list[str] = []
    """Layers of the study that say which land animals prefer; default: those of the species' rules."""
    prior_weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4.0
    """How many crossings the stated permeability of a fence is worth: a small number gives way soon."""

    @property
    def rule(self) -> BehaviourRule:
        """What parts the classes of behaviour."""
        return BehaviourRule(
            short_h=self.short_h, long_h=self.long_h, window_h=self.window_h, most_crossings=self.most_crossings
        )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"unknown time zone {name!r}; write one such as Asia/Aqtau or Etc/GMT-5") from error
        return name


def read_settings(path: Path | None) -> TracksSettings:
    """Read ``tracks.yaml``; without a path everything is as by default.

    Raises
    ------
    ConfigError
        With every fault, each with its line.
    """
    if path is None:
        return TracksSettings()
    document = read_document(path)
    return validate(TracksSettings, document.data, document)
