"""What a manifest of results must hold before anything is read by it: a file from elsewhere may hold anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rasters.errors import DataError
from rasters.files.confined import fault_of_path
from scenarios.outputs.audience import Audience
from scenarios.study.base import FileName, Identifier, Shape
from scenarios.study.faults import KeyPath, dotted, faults_in_words
from scenarios.study.schema import Study

__all__ = ["require_settings", "require_shape"]


def _within(text: str) -> str:
    if fault := fault_of_path(text):
        raise ValueError(f"{fault}; a manifest names only what lies in its folder")
    return text


Inside = Annotated[str, AfterValidator(_within), Shape("a name below the folder of results", "closed/walker")]
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
    bases: dict[Inside, _Basis] = {}
    lang: Literal["en", "ru", "kk"] | None = None


class _Machine(_Part):
    threads: Cells = 1


class _Run(_Part):
    study: Identifier
    scenario: Inside
    species: Identifier
    titles: dict[str, str]
    words: dict[str, dict[str, str]] = {}
    passage_words: dict[str, dict[str, str]] = {}
    grid: _Grid
    audience: Annotated[Audience, Field(strict=False)]
    sensitivity_deg: Finite
    sk42_operation: str
    assumptions: list[str]
    reports: list[_Report]
    seconds: dict[str, Finite]
    fence_formula: int = 1


class _Scenario(BaseModel, extra="allow"):
    credits: list[str] = []


class _Manifest(_Part):
    command: list[str] = []
    runs: list[_Run]
    outputs: dict[Inside, dict[str, Any]]
    scenarios: dict[Inside, _Scenario]
    settings: _Settings
    inputs: dict[FileName, _Described]
    versions: dict[str, str]
    machine: _Machine


def require_shape(path: Path, manifest: dict[str, Any]) -> None:
    """DataError with everything that is not as otkel writes it, by key."""
    _require(_Manifest, manifest, f"{path}: is not what otkel wrote; restore it, or run the study again", ())


def require_settings(path: Path, manifest: dict[str, Any]) -> None:
    """The same for the settings of studies that a manifest states; one that was written for others states none."""
    for name, settings in manifest["scenarios"].items():
        if "grid" in settings:
            _require(Study, settings, f"{path}: its settings are none of a study", ("scenarios", name))


def _require(model: type[BaseModel], data: dict[str, Any], head: str, key: KeyPath) -> None:
    try:
        model.model_validate(data)
    except ValidationError as error:
        faults = faults_in_words(error, model, lambda _: dotted(key))
        raise DataError("\n".join([head, *faults])) from error
