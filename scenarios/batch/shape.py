"""What the records of a batch must hold before anything is read by them: a folder may come from elsewhere, or be damaged."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rasters.files.confined import fault_of_path
from scenarios.batch.schema import TAKEN

__all__ = ["is_record", "plan_fault"]

Value = str | int | Annotated[float, Field(allow_inf_nan=False)] | None
Number = int | float | Literal["inf", "-inf"] | None
NAMES = ("best_candidate", "best_fence")
"""Facts that are no numbers."""


def _within(text: str) -> str:
    if fault := fault_of_path(text):
        raise ValueError(fault)
    return text


Run = Annotated[str, AfterValidator(_within)]


class _Part(BaseModel):
    """More keys may stand in it than are named here."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Planned(_Part):
    run: Run
    key: str
    scenario: str
    species: str
    options: dict[str, Any]
    cell_m: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    draw: int | None


class _Plan(_Part):
    axes: list[str]
    runs: list[_Planned]

    @model_validator(mode="after")
    def _distinct(self) -> _Plan:
        names = [run.run for run in self.runs]
        if len({*self.axes}) < len(self.axes) or TAKEN & {*self.axes} or len({*names}) < len(names):
            raise ValueError("an axis or a run is there twice")
        return self


class _Failed(_Part):
    kind: str
    message: str
    exit_code: int


class _EntryRun(_Part):
    scenario: str
    species: str
    audience: str


class _Entry(_Part):
    run: _EntryRun
    inputs: dict[str, Any]
    settings: dict[str, Any]


class _Record(_Part):
    status: Literal["finished", "failed"]
    key: str
    failure: _Failed | None = None
    facts: dict[str, Number | str] = {}
    entry: _Entry | dict[str, None] = {}

    @model_validator(mode="after")
    def _numbers(self) -> _Record:
        if any(
            isinstance(value, str) and name not in NAMES and value not in ("inf", "-inf")
            for name, value in self.facts.items()
        ):
            raise ValueError("a fact is no number")
        return self


def plan_fault(plan: dict[str, Any]) -> str:
    """Where a plan is not what otkel wrote, and why; empty where it is."""
    return _fault(_Plan, plan)


def is_record(found: Any) -> bool:
    """Whether it is what otkel wrote of a run."""
    return not _fault(_Record, found)


def _fault(shape: type[BaseModel], found: Any) -> str:
    try:
        shape.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return ""
