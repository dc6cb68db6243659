"""From layers to resistance: the rules of a species file. Every number stands beside its origin."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from rasters import profile as data
from rasters import responses
from scenarios.study.base import Model, Shape

__all__ = [
    "BarrierModel",
    "RuleModel",
    "Sensitivity",
    "StatedLength",
    "StatedPositive",
    "StatedUse",
    "check_ascending",
    "check_once",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
ClassCode = Annotated[int, Field(ge=0, le=65535), Shape("", 16)]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), Shape("text that is not empty", "where from")
]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*$"),
    Shape("a short name of small letters, digits and _, beginning with a letter", "slope_percent"),
]
TABLES = ("steps", "points", "classes")
"""Keys of a rule that say how a layer becomes a resistance."""


class StatedModel(Model):
    """A number and its origin."""

    value: Finite
    """In the unit that the key names."""
    origin: Text
    """The source, or "expert placeholder" and why this number."""

    def to_data(self) -> responses.Stated:
        """As plain data."""
        return responses.Stated(value=self.value, origin=self.origin)


class StatedPositive(StatedModel):
    """A positive number and its origin."""

    value: Positive
    """In the unit that the key names, > 0."""


class StatedLength(StatedModel):
    """A length of 0 or more and its origin."""

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """[m]."""


class StatedUse(StatedModel):
    """A use factor and its origin."""

    value: Share
    """0: no animal goes through, because it does not fit. 1: every animal that comes to it goes through, as if it were open ground."""


class Sensitivity(StatedModel):
    """How coarse the species is shown to the public, and why."""

    value: Annotated[float, Field(ge=0.01, le=1), Shape("", 0.1)]
    """Size of the cells that the public gets [degrees]: 0.1 for cats, 0.01 to 0.1 for ungulates."""


class Step(Model):
    """One interval of a table of steps."""

    below: Finite | None = None
    """Upper end of the interval, not part of it; left out in the last row, which takes all that is left."""
    value: Positive
    """Resistance of a rule or multiplier of a factor [1], > 0."""
    origin: Text | None = None
    """Where this number comes from, if not from the rule's own origin."""


class Point(Model):
    """One point of a table of straight lines."""

    at: Finite
    """Value of the layer, in the rule's unit."""
    value: Positive
    """Resistance of a rule or multiplier of a factor [1] there, > 0."""
    origin: Text | None = None
    """Where this number comes from, if not from the rule's own origin."""


class ClassRow(Model):
    """One row of a table of classes."""

    codes: Annotated[tuple[ClassCode, ...], Field(min_length=1)]
    """Classes of the layer."""
    means: Text
    """What the classes are, in words."""
    value: Positive
    """Resistance of a rule or multiplier of a factor [1], > 0."""
    origin: Text | None = None
    """Where this number comes from, if not from the rule's own origin."""


class ScalingModel(Model):
    """The cell size that a rule's thresholds were measured at."""

    cell_m: Positive
    """Cell size in metres that the thresholds hold for."""
    exponent: Annotated[float, Field(ge=0, le=1)]
    """The layer is multiplied by (its cell / cell_m) to this power before it is looked up; 0 leaves it as it is. Its cell is the relief's
    where the study gathers terrain from fine relief (`per_cell`), else the study's."""
    origin: Text
    """Where the exponent comes from."""

    def to_data(self) -> data.Scaling:
        """As plain data."""
        return data.Scaling(reference_m=self.cell_m, exponent=self.exponent, origin=self.origin)


class RuleModel(Model):
    """From one layer to a resistance (under ``rules``) or to a multiplier of resistance (under ``factors``).

    Exactly one of ``steps``, ``points`` and ``classes`` says how.
    """

    example: ClassVar[str] = (
        "{layer: slope_percent, unit: percent, origin: where from, points: [{at: 0, value: 1}, {at: 30, value: 8}]}"
    )
    layer: Name
    """Name of a layer of the study."""
    unit: Literal["percent", "deg", "m", "class", "1"]
    """Unit that the layer must have; nothing is converted."""
    origin: Text
    """Where the rule comes from; rows without an origin of their own share it."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] | None = None
    """Table of intervals, ascending."""
    points: Annotated[tuple[Point, ...], Field(min_length=1)] | None = None
    """Table of points, ascending, joined by straight lines; constant beyond the ends."""
    classes: Annotated[tuple[ClassRow, ...], Field(min_length=1)] | None = None
    """Table of classes, for a layer in unit ``class``."""
    otherwise: StatedPositive | None = None
    """Value of classes in no row; without it such a class stops the run."""
    optional: bool = False
    """Leave the rule out, and say so with every result, where the study has no such layer."""
    if_nodata: StatedPositive | None = None
    """Value where the layer is unknown; without it those cells stay unknown."""
    measured_at: ScalingModel | None = None
    """Cell size of the thresholds, for slopes; without it the layer is read as it is."""

    @model_validator(mode="after")
    def _one_table_that_fits(self) -> RuleModel:
        given = [name for name in TABLES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(TABLES)}; there is {' and '.join(given) or 'none'}")
        if (self.unit == "class") != (given == ["classes"]):
            raise ValueError(f"a layer in unit {self.unit!r} cannot have a table of {given[0]}")
        if self.otherwise is not None and self.classes is None:
            raise ValueError("otherwise belongs to a table of classes")
        if self.measured_at is not None and self.classes is not None:
            raise ValueError("measured_at scales numbers, not classes")
        return self

    @model_validator(mode="after")
    def _tables_ascend(self) -> RuleModel:
        if self.steps is not None:
            _check_steps(self.steps)
        if self.points is not None:
            check_ascending([point.at for point in self.points], "points: at")
        if self.classes is not None:
            check_once([str(code) for row in self.classes for code in row.codes], "classes: code")
        return self

    def to_data(self) -> data.Rule:
        """As plain data."""
        return data.Rule(
            layer=self.layer,
            unit=self.unit,
            response=self._response(),
            origin=self.origin,
            optional=self.optional,
            if_nodata=self.if_nodata.to_data() if self.if_nodata else None,
            scaling=self.measured_at.to_data() if self.measured_at else None,
        )

    def _response(self) -> responses.Response:
        rows: Sequence[Step | Point | ClassRow] = self.steps or self.points or self.classes or ()
        values, origins = tuple(row.value for row in rows), tuple(row.origin or self.origin for row in rows)
        if self.steps is not None:
            breaks = tuple(step.below for step in self.steps if step.below is not None)
            return responses.Steps(breaks=breaks, values=values, origins=origins)
        if self.points is not None:
            return responses.PiecewiseLinear(
                at=tuple(point.at for point in self.points), values=values, origins=origins
            )
        default = self.otherwise.to_data() if self.otherwise else None
        codes = tuple(row.codes for row in self.classes or ())
        return responses.Categories(classes=codes, values=values, origins=origins, default=default)


class BarrierModel(Model):
    """Classes that the species cannot enter."""

    layer: Name
    """Name of a layer of the study, in unit ``class``."""
    codes: Annotated[tuple[ClassCode, ...], Field(min_length=1)]
    """Classes that are impassable."""
    means: Text
    """What the classes are, in words."""
    origin: Text
    """Why they are impassable."""
    optional: bool = False
    """Leave the barrier out, and say so, where the study has no such layer."""

    def to_data(self) -> data.Barrier:
        """As plain data."""
        return data.Barrier(layer=self.layer, classes=self.codes, origin=self.origin, optional=self.optional)


def _check_steps(steps: Sequence[Step]) -> None:
    if steps[-1].below is not None:
        raise ValueError(f"steps: the last row has below: {steps[-1].below:g}; leave it out, so that no value is lost")
    breaks = [step.below for step in steps[:-1]]
    if None in breaks:
        raise ValueError(f"steps[{breaks.index(None)}]: below is missing; only the last row goes without")
    check_ascending([b for b in breaks if b is not None], "steps: below")


def check_ascending(numbers: Sequence[float], what: str) -> None:
    """ValueError where a number is not above the one before it."""
    for a, b in itertools.pairwise(numbers):
        if not a < b:
            raise ValueError(f"{what} must ascend, but {b:g} follows {a:g}")


def check_once(names: Sequence[str], what: str) -> None:
    """ValueError where a name stands in two rows."""
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"{what} {twice[0]} is there twice; merge the rows")
