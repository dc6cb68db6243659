"""What a manifest of results must hold before anything is read by it: a file from elsewhere may hold anything."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rasters.errors import DataError
from scenarios.outputs.audience import Audience
from scenarios.study.base import FileName

__all__ = ["require_shape"]


def _within(text: str) -> str:
    if PurePosixPath(text).is_absolute():
        raise ValueError("leads out of the folder of results")
    return text


Inside = Annotated[FileName, AfterValidator(_within)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Finite | Literal["inf", "-inf"] | None
Cells = Annotated[int, Field(gt=0, lt=2**31)]


class _Part(BaseModel):
    """More keys may stand in it than are named here."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Described(_Part):
    sha256: str


class _Grid(_Part):
    crs_wkt: str
    transform: Annotated[list[Finite], Field(min_length=6, max_length=6)]
    shape: Annotated[list[Cells], Field(min_length=2, max_length=2)]


class _Exact(_Part):
    """No other keys may stand in it."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Report(_Exact):
    """A `connectivity.report.SolveReport` as JSON keeps it."""

    method: str
    n_unknowns: int
    iterations: list[int] = []
    relative_residual: Number = None
    energy_error: Number = None
    converged: bool = True
    n_components: int = 1
    levels: int = 1
    setup_s: Number = 0.0
    solve_s: Number = 0.0
    bytes_peak: int = 0
    note: str = ""


class _Basis(_Exact):
    base: str = ""
    overrides: dict[str, Any] = {}


class _Settings(_Part):
    bases: dict[str, _Basis] = {}


class _Machine(_Part):
    threads: Cells = 1


class _Run(_Part):
    study: str
    scenario: Inside
    species: Inside
    titles: dict[str, str]
    grid: _Grid
    audience: Annotated[Audience, Field(strict=False)]
    sensitivity_deg: Finite
    sk42_operation: str
    assumptions: list[str]
    reports: list[_Report]
    seconds: dict[str, Finite]
    fence_formula: int = 1


class _Manifest(_Part):
    command: list[str] = []
    runs: list[_Run]
    outputs: dict[Inside, dict[str, Any]]
    scenarios: dict[str, dict[str, Any]]
    settings: _Settings
    inputs: dict[FileName, _Described]
    versions: dict[str, str]
    machine: _Machine


def require_shape(path: Path, manifest: dict[str, Any]) -> None:
    """DataError with the place of the first things that are not as otkel writes them."""
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise DataError(
            f"{path}: is not what otkel wrote: {'; '.join(faults[:3])}{more}; restore it, or run the study again"
        ) from error
