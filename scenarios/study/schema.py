"""The study file as frozen models. The docstring under each key is its manual; unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from connectivity.circuit.solvers import known_method
from scenarios.study.base import FileName, Identifier, Metres, Model, Month, Shape, Weight, Year
from scenarios.study.faults import KeyFaults
from scenarios.study.fences import Candidates, Design, Fences, OpeningRule
from scenarios.study.land import ContextName, GridSettings, LayerSource
from scenarios.study.portfolio import Action, Mortality, PortfolioSettings
from scenarios.study.references import reference_faults
from scenarios.study.species import MeasuredLand
from scenarios.study.uncertainty import Uncertainty

__all__ = [
    "CorridorSettings",
    "Ranking",
    "Regions",
    "Routes",
    "ScenarioFile",
    "ScenarioOverrides",
    "Sk42",
    "SolverSettings",
    "SpeciesEntry",
    "Study",
]


class SpeciesEntry(Model):
    """A species of the study."""

    profile: FileName
    """Its profile (YAML)."""
    weight: Weight = 1.0
    """Weight in the combined score [1]; weights are divided by their sum."""
    measured: MeasuredLand | None = None
    """Resistances that tracks tell, in place of the rules of the profile."""


class Regions(Model):
    """Focal regions: cores, targets, stepping stones."""

    file: FileName
    """Vector file with polygons."""
    table: str | None = None
    """Layer within the file."""
    id: str = "id"
    """Attribute with unique ids."""
    name: str = "name_en"
    """Attribute with names for people; attributes `name_ru` and `name_kk` have them in Russian and Kazakh."""
    status: str = "geometry_status"
    """Attribute that says `surveyed` or `schematic`."""


class Routes(Model):
    """From where to where a species shall be able to move."""

    example: ClassVar[str] = "{from: [south_hills], to: [north_park]}"
    origin: list[str] = Field(min_length=1, alias="from")
    """Ids of core regions."""
    targets: list[str] = Field(min_length=1, alias="to")
    """Ids of target regions; reaching any one of them counts."""
    weights: dict[str, Weight] = {}
    """Core or target -> its weight in the mean that ranks passages [1], 1 for those that are not named. As soon as a target is
    named each target counts by itself: the mean is then over every core and target, not over cores that reach any target."""

    @model_validator(mode="after")
    def _apart(self) -> Routes:
        for key, ids in (("from", self.origin), ("to", self.targets)):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"`{key}` names {', '.join(twice)} twice")
        both = sorted(set(self.origin) & set(self.targets))
        if both:
            raise ValueError(f"{', '.join(both)} is both in `from` and in `to`")
        return self

    @model_validator(mode="after")
    def _weighted(self) -> Routes:
        unknown = [name for name in self.weights if name not in {*self.origin, *self.targets}]
        if unknown:
            raise ValueError(f"weights: {', '.join(unknown)} is neither in `from` nor in `to`")
        for key, ids in (("from", self.origin), ("to", self.targets)):
            if not any(self.weights.get(i, 1.0) > 0 for i in ids):
                raise ValueError(f"weights: every place in `{key}` weighs 0; at least one must be > 0")
        return self

    def weight(self, place: str) -> float:
        """Weight of a core or target [1]."""
        return self.weights.get(place, 1.0)

    @property
    def each_target(self) -> bool:
        """Whether each target counts by itself."""
        return any(name in self.weights for name in self.targets)


class Ranking(Model):
    """How components become one score."""

    conductance_weight: Weight = 0.5
    """Weight of the gain in conductance, relative to the best single candidate [1]."""
    least_cost_weight: Weight = 0.5
    """Weight of the gain in least cost, relative to the best single candidate [1]."""
    arriving_weight: Weight = 0.0
    """Weight of the gain in walkers that arrive alive, relative to the best single candidate [1]; needs `mortality`. With it,
    passages on deadly routes lose rank."""
    shortlist: Annotated[int, Field(ge=1)] = 10
    """Passages in the shortlist."""

    @model_validator(mode="after")
    def _some(self) -> Ranking:
        if self.conductance_weight + self.least_cost_weight + self.arriving_weight <= 0:
            raise ValueError("at least one weight must be > 0")
        return self


class CorridorSettings(Model):
    """When a route between two places is another corridor: for `otkel corridors`."""

    alternatives: Annotated[int, Field(ge=1, le=20)] = 3
    """Routes looked for between a core and a target, the cheapest included."""
    apart_m: Metres = 20_000.0
    """Routes closer than this to a cheaper one run near it [m]."""
    max_overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Largest share of a route's length near cheaper ones [1]."""
    max_stretch: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.5
    """Largest cost of a route over the least cost [1]."""
    band_m: Metres = 20_000.0
    """Width of the band around a route in which its resistance and its weakest place are looked for [m]."""
    near_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5_000.0
    """Places within this distance of a route are named as passed [m]."""
    barrier_radii_m: Annotated[list[Metres], Field(min_length=1)] = [1_000.0, 3_000.0, 5_000.0]
    """Radii of the disc of restored ground that barrier scores are for [m]; those under a cell are left out."""
    shortlist: Annotated[int, Field(ge=1)] = 10
    """Corridors of each species that are shown first: the cheapest ones that differ from each other."""


class SolverSettings(Model):
    """Numerical settings."""

    neighbours: Literal[4, 8] = 8
    """Cells that a cell is joined to: along rows and columns, or diagonally too."""
    neighbours_least_cost: Literal[16, 32] | None = None
    """Directions of least-cost searches: straighter routes, for more time and memory. Default: as `neighbours`."""
    edge_rule: Literal["mean_resistance", "mean_conductance"] = "mean_resistance"
    """How the edge between two cells follows from theirs: the mean of the resistances, or of the conductances."""
    method: Annotated[str, AfterValidator(known_method)] = "auto"
    """One of `connectivity.circuit.solvers.METHODS`."""
    tolerance: Annotated[float, Field(gt=0, lt=1e-2)] = 1e-6
    """Relative residual."""

    @model_validator(mode="after")
    def _far(self) -> SolverSettings:
        if self.neighbours_least_cost is not None and self.neighbours != 8:
            raise ValueError("neighbours_least_cost: needs `neighbours: 8`")
        return self


class Sk42(Model):
    """How positions go to the SK-42 maps."""

    operation: Annotated[str, Field(pattern=r"^EPSG:[0-9]+$"), Shape("EPSG: and a number", "EPSG:15865")] | None = None
    """Datum operation between SK-42 and WGS 84, for every export: `EPSG:15865`. Default: the one of the best stated accuracy
    among those that cover the study."""


class ScenarioOverrides(Model):
    """A named set of overrides on the study."""

    title: str = ""
    """Name for people."""
    title_ru: str = ""
    """Name for people, in Russian."""
    title_kk: str = ""
    """Name for people, in Kazakh."""
    set: dict[str, Any] = {}
    """Dotted key of the study -> value: `fences.active: [kz_border_fence]`."""


class ScenarioFile(Model):
    """A scenario in a file of its own, on top of one of the study's: for `otkel run STUDY --scenario FILE.yaml`."""

    scenario: Identifier
    """Id."""
    title: str = ""
    """Name for people."""
    title_ru: str = ""
    """Name for people, in Russian."""
    title_kk: str = ""
    """Name for people, in Kazakh."""
    study: Identifier
    """Id of the study that it was made for."""
    base: Identifier | None = None
    """Scenario of the study that it starts from; default the first."""
    set: dict[str, Any] = {}
    """Dotted key of the study -> value."""


class Study(Model):
    """A study: grid, layers, species, places, fences, candidates, scenarios."""

    study: Identifier
    """Id."""
    title: str
    """Name for people."""
    title_ru: str = ""
    """Name for people, in Russian."""
    title_kk: str = ""
    """Name for people, in Kazakh."""
    description: str = ""
    """What it is about, in some sentences."""
    assumptions: list[str] = []
    """Sentences that go with every map and table."""
    assumptions_ru: list[str] = []
    """The same sentences, in the same order, in Russian."""
    assumptions_kk: list[str] = []
    """The same sentences, in the same order, in Kazakh."""
    credits: list[str] = []
    """Attribution of the data, shown on maps."""
    credits_ru: list[str] = []
    """The same, in the same order, in Russian."""
    credits_kk: list[str] = []
    """The same, in the same order, in Kazakh."""
    grid: GridSettings
    layers: dict[Identifier, LayerSource] = Field(min_length=1)
    species: dict[Identifier, SpeciesEntry] = Field(min_length=1)
    regions: Regions
    routes: dict[str, Routes] = Field(min_length=1)
    """Species -> from, to."""
    fences: Fences
    designs: dict[Identifier, Design] = Field(min_length=1)
    openings: list[OpeningRule] = []
    """Openings that exist."""
    candidates: Candidates
    ranking: Ranking = Ranking()
    corridors: CorridorSettings = CorridorSettings()
    month: Month | None = None
    """Month that is looked at: openings closed in it are shut. Without it a seasonal opening counts for its share of the
    year."""
    year: Year | None = None
    """Year that is looked at; only what openings say of the year they were `opened` depends on it."""
    mortality: Mortality | None = None
    """How deadly the land is; only the objective `arriving` uses it."""
    actions: dict[Identifier, Action] = {}
    """Things that can be done besides opening passages."""
    done: list[Identifier] = []
    """Actions that are carried out in this scenario."""
    portfolio: PortfolioSettings = PortfolioSettings()
    uncertainty: Uncertainty = Uncertainty()
    solver: SolverSettings = SolverSettings()
    sk42: Sk42 = Sk42()
    context: dict[ContextName, FileName] = {}
    """Vector files with a layer of the same name that no cost depends on: `borders` (lines, drawn on maps), `countries`
    (polygons with an attribute `country`: the share of a corridor in each), and for sheets and QGIS `roads` (lines), `water`
    (lines or polygons) and `settlements` (points or polygons with an attribute `name`, where there are such also `name_ru`,
    `name_kk`)."""
    scenarios: dict[Identifier, ScenarioOverrides] = {}

    @model_validator(mode="after")
    def _all_named(self) -> Study:
        faults = reference_faults(self)
        if faults:
            raise KeyFaults(faults)
        return self
