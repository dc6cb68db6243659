"""The matrix of a batch as frozen models. The docstring under each key is its manual; unknown keys are errors."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from scenarios.land.parameters import MOST_DRAWS
from scenarios.outputs.columns import COLUMNS
from scenarios.study.base import Identifier, Metres, Model, Shape

__all__ = ["AXES", "Draws", "Matrix", "MatrixBlock"]

AXES = ("scenario", "species", "cell_m")
"""Axes that every matrix has; those under `set` come on top."""
TAKEN = {*AXES, *(column.name for column in COLUMNS if column.topic in ("run", "batch"))}
"""Columns of a batch's tables."""
OPTION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
AXIS = re.compile(r"^[^\W\d_][\w.-]*$")
"""It heads a column, where spreadsheets would compute what begins with a sign."""
PLAIN = (str, int, float)


def _listed(value: Any) -> Any:
    """One value stands for a list of one."""
    return value if isinstance(value, list) else [value]


OneOrMore = BeforeValidator(_listed, json_schema_input_type=Identifier | list[Identifier])
OneOrMoreNumbers = BeforeValidator(_listed, json_schema_input_type=Metres | list[Metres])


def _once(values: list[Any]) -> list[Any]:
    twice = sorted({str(value) for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is given twice; keep one")
    return values


class MatrixBlock(Model):
    """Every combination of some scenarios, species, cell sizes and overrides."""

    scenario: Annotated[list[Identifier], OneOrMore, Field(min_length=1)] | None = None
    """Scenarios of the study; default all of them."""
    species: Annotated[list[Identifier], OneOrMore, Field(min_length=1)] | None = None
    """Species of the study; default all of them."""
    cell_m: Annotated[list[Metres], OneOrMoreNumbers, Field(min_length=1)] | None = None
    """Cell sizes [m], as the study's `grid.cell_m`; default that of the study."""
    set: dict[str, dict[str, dict[str, Any]] | list[Any]] = {}
    """Axes of overrides. Either a name with named options, each some dotted keys of the study and their values:
    `spacing: {2km: {candidates.every_m: 2000}}`; or a dotted key and its values: `month: [3, 9]`."""

    @field_validator("scenario", "species", "cell_m")
    @classmethod
    def _distinct(cls, values: list[Any] | None) -> list[Any] | None:
        return None if values is None else _once(values)

    @field_validator("set", mode="before")
    @classmethod
    def _texts(cls, axes: Any) -> Any:
        """Names of options may look like numbers."""
        if not isinstance(axes, dict):
            return axes
        return {
            axis: {str(name): keys for name, keys in options.items()} if isinstance(options, dict) else options
            for axis, options in axes.items()
        }

    @field_validator("set")
    @classmethod
    def _usable(cls, axes: dict[str, Any]) -> dict[str, Any]:
        faults = [fault for axis, options in axes.items() for fault in _axis_faults(axis, options)]
        if faults:
            raise ValueError("; ".join(faults))
        return axes


def _axis_faults(axis: str, options: dict[str, dict[str, Any]] | list[Any]) -> list[str]:
    faults = [f"{axis}: this name is taken; choose another"] if axis in TAKEN else []
    if not AXIS.match(axis):
        faults.append(
            f"{axis}: an axis is a dotted key, or a name of letters, digits, '_', '-' and '.' that begins with a letter"
        )
    if not options:
        faults.append(f"{axis}: has no options; give some, or remove it")
    if isinstance(options, dict):
        faults += [
            f"{axis}.{name}: a name is made of letters, digits, '_', '-' and '.', and begins with a letter or digit"
            for name in options
            if not OPTION.match(name)
        ]
        return faults
    if axis == "grid.cell_m":
        faults.append("grid.cell_m: is the axis `cell_m`; write it there")
    faults += [
        f"{axis}: {value!r} has no short name; give named options: {{{axis}: {{some-name: {{{axis}: ...}}}}}}"
        for value in options
        if not isinstance(value, PLAIN) or not OPTION.match(str(value))
    ]
    twice = sorted({str(value) for value in options if options.count(value) > 1})
    return faults + [f"{axis}: {value} is given twice; keep one" for value in twice]


class Draws(Model):
    """Runs with other values of the study's uncertain numbers, as `otkel uncertainty` draws them."""

    count: Annotated[int, Field(ge=2, le=MOST_DRAWS), Shape("", 64)]
    """Draws; a power of two, for which a Sobol sequence is balanced."""
    seed: int = 1
    """The same seed gives the same draws; more draws begin with the same ones."""
    stated: bool = True
    """Run with every number as stated, too."""

    @field_validator("count")
    @classmethod
    def _balanced(cls, count: int) -> int:
        if count & (count - 1):
            raise ValueError(f"is not a power of two; use {1 << count.bit_length()} or {1 << count.bit_length() - 1}")
        return count


class Matrix(MatrixBlock):
    """Which runs a batch has: every combination of its axes, less `exclude`, and those of `include` on top."""

    draws: Draws | None = None
    """Besides or instead of the numbers as stated; holds for all runs."""
    exclude: list[dict[str, Any]] = []
    """Rows of axis: option, or a list of options; a run that agrees with all of a row is left out."""
    include: list[MatrixBlock] = []
    """Further matrices whose runs are added after `exclude`. Where `scenario`, `species` or `cell_m` is not given it is that
    of the whole; axes under `set` are those of the row alone."""
