"""The species file: one YAML per species, checked, and turned into a `rasters.profile.SpeciesProfile`.

The docstrings of the attributes are the manual of the file. Every number stands beside its origin.
"""

from __future__ import annotations

import itertools
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from rasters import profile as data
from scenarios.study.base import Model, in_other_languages
from scenarios.study.permeability import PermeabilityModel
from scenarios.study.rules import (
    BarrierModel,
    Name,
    Positive,
    PositiveShare,
    RuleModel,
    Sensitivity,
    StatedLength,
    StatedPositive,
    StatedUse,
    Text,
    check_ascending,
    check_once,
)

__all__ = ["MeasuredLand", "SpeciesFile"]


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
        check_ascending(self.years, "years")
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
        check_once([rule.layer for rule in self.rules], "rules: layer")
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
        check_once([rule.layer for rule in self.rules], "rules: layer")
        check_once([factor.layer for factor in self.factors], "factors: layer")
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
                "rules": measured.rules,
                "combine": measured.combine,
                "status": "fitted to data",
                "factors": tuple(factor for factor in self.factors if factor.layer not in layers),
            }
        )

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
