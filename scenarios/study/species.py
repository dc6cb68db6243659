"""The species file: one YAML per species, checked, and turned into a `rasters.profile.SpeciesProfile`.

The docstrings of the attributes are the manual of the file. Every number stands beside its origin.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from rasters import profile as data
from rasters import responses
from scenarios.study.base import Model, Shape, in_other_languages
from scenarios.study.permeability import PermeabilityModel

__all__ = ["MeasuredLand", "SpeciesFile"]

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
            _check_ascending([point.at for point in self.points], "points: at")
        if self.classes is not None:
            _check_once([str(code) for row in self.classes for code in row.codes], "classes: code")
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


class BodyModel(Model):
    """What a body needs to get past wires. Whether it fits is computed from these lengths and those of designs and fences; a
    permeability or use factor above 0 where no animal fits is an error. A length that is left out stays unknown."""

    crawls_under_m: StatedLength | None = None
    """Least clearance under a strand that it goes under, stooped as far as it does [m]; its standing height if it does not."""
    jumps_m: StatedLength | None = None
    """Highest strand that it goes over [m]; 0: it does not jump."""
    min_width_m: StatedLength | None = None
    """Least width of an opening that it goes into [m]."""
    other_ways: dict[Literal["breaks", "climbs", "digs", "weak_places"], Text] = Field(default_factory=dict)
    """How else it gets past a fence that is shut -> origin. `weak_places`: dips under the lowest strand, slack wires."""

    def to_data(self) -> data.Body:
        """As plain data."""
        lengths = (self.crawls_under_m, self.jumps_m, self.min_width_m)
        crawls, jumps, width = (length.to_data() if length else None for length in lengths)
        return data.Body(
            crawls_under_m=crawls,
            jumps_m=jumps,
            min_width_m=width,
            other_ways={str(k): v for k, v in self.other_ways.items()},
        )


class HabituationModel(Model):
    """How the use of a passage rises after it was opened: straight lines between points, constant beyond the last."""

    example: ClassVar[str] = "{years: [0, 5], share: [0.3, 1], origin: where from}"
    years: Annotated[tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...], Field(min_length=1)]
    """Years since the opening, ascending."""
    share: tuple[PositiveShare, ...]
    """Share of the use factor that the passage has then [1]; never falls, and ends at 1."""
    origin: Text
    """Where the curve comes from."""

    @model_validator(mode="after")
    def _a_rising_curve(self) -> HabituationModel:
        if len(self.years) != len(self.share):
            raise ValueError(f"there are {len(self.years)} years and {len(self.share)} shares; give one share per year")
        _check_ascending(self.years, "years")
        if any(a > b for a, b in itertools.pairwise(self.share)) or self.share[-1] != 1:
            raise ValueError(f"share {list(self.share)} should never fall and end at 1, the use factor itself")
        return self

    def to_data(self) -> data.Habituation:
        """As plain data."""
        return data.Habituation(years=self.years, share=self.share, origin=self.origin)


class Labels(Model):
    """The species' name for readers."""

    en: Text
    """English."""
    ru: Text
    """Russian."""
    kk: Text
    """Kazakh."""


class MeasuredLand(Model):
    """Resistances that tracks tell, in place of the rules of the species' file; `otkel tracks` writes it."""

    example: ClassVar[str] = (
        "{combine: product, origin: 'measured: where from', rules: [{layer: slope_percent, unit: percent, origin: measured, "
        "points: [{at: 0, value: 1}, {at: 30, value: 8}]}]}"
    )
    combine: data.Combine = "product"
    """How the rules' resistances become one."""
    rules: Annotated[tuple[RuleModel, ...], Field(min_length=1)]
    """Layers to resistance, one rule per layer."""
    origin: Text
    """How many animals and steps they are measured from."""

    @model_validator(mode="after")
    def _one_rule_per_layer(self) -> MeasuredLand:
        _check_once([rule.layer for rule in self.rules], "rules: layer")
        return self


class SpeciesFile(Model):
    """One species: what resists its movement, how it meets fences, how far it goes."""

    id: Name
    """Short name for files and tables; the file is called after it."""
    label: Labels
    """Name per language."""
    scientific_name: Text
    """Latin binomial or trinomial."""
    status: Literal["expert placeholder", "published", "fitted to data"]
    """How far to trust the numbers; shown with every result."""
    combine: data.Combine
    """How the rules' resistances become one. ``maximum``: the worst rule decides."""
    minimum: Positive = 1.0
    """Floor of the resistance [1]; 1 is best habitat."""
    rules: Annotated[tuple[RuleModel, ...], Field(min_length=1)]
    """Layers to resistance, one rule per layer."""
    factors: tuple[RuleModel, ...] = ()
    """Layers to multipliers of the combined resistance, one factor per layer."""
    barriers: tuple[BarrierModel, ...] = ()
    """Classes that are impassable."""
    permeability: Annotated[dict[Name, PermeabilityModel], Field(min_length=1)]
    """What a fence lets through, by kind of fence; ``default`` for kinds not listed, and must be there."""
    use_factor: dict[Name, StatedUse] = Field(default_factory=dict)
    """Share of the encounters with a passage that end on the other side, by design, once animals are used to it; 0 for a design
    that they do not fit through."""
    free_path_m: StatedPositive | None = None
    """Distance over which an animal keeps its direction [m], from tracks: the scale of use factors, and of the search for a
    narrow passage. Must be here or under `fences.model` of the study."""
    reach_m: StatedPositive | None = None
    """How far an animal follows a fence to either side, and so finds a passage [m]. Must be here or under `fences.model` of
    the study."""
    body: BodyModel = BodyModel()
    """What it needs to get past wires."""
    habituation: HabituationModel | None = None
    """How the use of a passage rises over the years after its opening; without it the use factor holds at once."""
    dispersal_km: StatedPositive
    """Distance in km at which half of the dispersing animals have stopped; for the probability of connectivity."""
    home_range_km2: StatedPositive | None = None
    """Home range in km2; gives the passage spacing and a dispersal distance to compare with."""
    sensitivity_deg: Sensitivity | None = None
    """Cells that the public gets of this species [degrees]; 0.1 where nothing is stated. See the page on audiences."""
    assumptions: tuple[Text, ...] = ()
    """What a reader of any map or table must know; travels with every result."""
    assumptions_ru: tuple[Text, ...] = ()
    """The same sentences, in the same order, in Russian."""
    assumptions_kk: tuple[Text, ...] = ()
    """The same sentences, in the same order, in Kazakh."""

    @model_validator(mode="after")
    def _one_rule_per_layer(self) -> SpeciesFile:
        _check_once([rule.layer for rule in self.rules], "rules: layer")
        _check_once([factor.layer for factor in self.factors], "factors: layer")
        if "default" not in self.permeability:
            raise ValueError("permeability: give a default for kinds of fence that are not listed")
        return self

    def with_land(self, measured: MeasuredLand | None) -> SpeciesFile:
        """With the rules that tracks tell, if there are any; factors of layers that they speak of would count twice and go."""
        if measured is None:
            return self
        layers = {rule.layer for rule in measured.rules}
        return self.model_copy(
            update={
                "rules": measured.rules, "combine": measured.combine, "status": "fitted to data",
                "factors": tuple(factor for factor in self.factors if factor.layer not in layers),
            }
        )  # fmt: skip

    def to_profile(self) -> data.SpeciesProfile:
        """The profile that `rasters.resistance.build_resistance` works with."""
        return data.SpeciesProfile(
            id=self.id,
            name=self.label.en,
            scientific_name=self.scientific_name,
            labels=self.label.model_dump(),
            status=self.status,
            combine=self.combine,
            minimum=self.minimum,
            rules=tuple(rule.to_data() for rule in self.rules),
            factors=tuple(factor.to_data() for factor in self.factors),
            barriers=tuple(barrier.to_data() for barrier in self.barriers),
            permeability={kind: stated.to_data() for kind, stated in self.permeability.items()},
            use_factor={design: stated.to_data() for design, stated in self.use_factor.items()},
            free_path_m=self.free_path_m.to_data() if self.free_path_m else None,
            reach_m=self.reach_m.to_data() if self.reach_m else None,
            dispersal_km=self.dispersal_km.to_data(),
            home_range_km2=self.home_range_km2.to_data() if self.home_range_km2 else None,
            body=self.body.to_data(),
            habituation=self.habituation.to_data() if self.habituation else None,
            sensitivity_deg=self.sensitivity_deg.to_data() if self.sensitivity_deg else data.MOST_SENSITIVE,
            assumptions=self.assumptions,
            assumptions_in=in_other_languages(self, "assumptions"),
        )


def _check_steps(steps: Sequence[Step]) -> None:
    if steps[-1].below is not None:
        raise ValueError(f"steps: the last row has below: {steps[-1].below:g}; leave it out, so that no value is lost")
    breaks = [step.below for step in steps[:-1]]
    if None in breaks:
        raise ValueError(f"steps[{breaks.index(None)}]: below is missing; only the last row goes without")
    _check_ascending([b for b in breaks if b is not None], "steps: below")


def _check_ascending(numbers: Sequence[float], what: str) -> None:
    for a, b in itertools.pairwise(numbers):
        if not a < b:
            raise ValueError(f"{what} must ascend, but {b:g} follows {a:g}")


def _check_once(names: Sequence[str], what: str) -> None:
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"{what} {twice[0]} is there twice; merge the rows")
