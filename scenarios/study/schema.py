"""The study file as frozen models. The docstring under each key is its manual; unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectivity.circuit.solvers import known_method
from scenarios.study.base import Amount, FileName, Identifier, Metres, Model, Month, Weight, Year
from scenarios.study.permeability import PermeabilityModel
from scenarios.study.portfolio import Action, Bundles, Mortality, PortfolioSettings
from scenarios.study.uncertainty import Uncertainty

__all__ = [
    "CandidatePoint",
    "Candidates",
    "CorridorSettings",
    "Design",
    "FenceModelSettings",
    "FenceWires",
    "Fences",
    "GridSettings",
    "LayerSource",
    "OpeningRule",
    "Ranking",
    "Regions",
    "Routes",
    "ScenarioFile",
    "ScenarioOverrides",
    "Separation",
    "Sk42",
    "Solver",
    "SpeciesEntry",
    "Study",
]


UseFactor = Annotated[float, Field(ge=0, le=1)]


class GridSettings(Model):
    """The grid that everything is computed on."""

    like: FileName | None = None
    """Raster file whose grid is taken. Give either this or `crs`, `bounds` and `cell_m`."""
    crs: str | None = None
    """Projected coordinate reference system in metres: an EPSG code, WKT or PROJ string."""
    bounds: tuple[float, float, float, float] | None = None
    """xmin, ymin, xmax, ymax in metres of `crs`."""
    cell_m: Metres | None = None
    """Cell size [m]. With `like` it coarsens that grid by a whole factor."""

    @model_validator(mode="after")
    def _one_way(self) -> GridSettings:
        if self.like is None and (self.crs is None or self.bounds is None or self.cell_m is None):
            raise ValueError("give either `like: FILE`, or all of `crs`, `bounds` and `cell_m`")
        if self.like is not None and (self.crs is not None or self.bounds is not None):
            raise ValueError("`like` already fixes crs and bounds; drop one of them")
        if self.bounds is not None and (self.bounds[0] >= self.bounds[2] or self.bounds[1] >= self.bounds[3]):
            raise ValueError(
                f"bounds: {list(self.bounds)} should be xmin, ymin, xmax, ymax with xmin < xmax and ymin < ymax"
            )
        return self


class LayerSource(Model):
    """Where a layer comes from: a raster file, or derived from another layer or a vector file."""

    file: FileName | None = None
    """Raster, or for `burn` and `distance` a vector file."""
    unit: str = "1"
    """Unit of the values: m, percent, class, ..."""
    resampling: Literal["nearest", "bilinear", "average"] | None = None
    """How to bring a raster on another grid to the study's; without it another grid is an error."""
    derive: Literal["slope_percent", "slope_deg", "ruggedness", "distance", "burn"] | None = None
    """`slope_percent`, `slope_deg`, `ruggedness`: from a terrain layer. `burn`: 1 inside the features of a vector file.
    `distance`: metres to the features of a vector file, or to cells of another layer above `above`."""
    source: str | None = None
    """Layer that is derived from."""
    above: float | None = None
    """For `distance` from a layer: cells with a value of at least this."""
    table: str | None = None
    """Layer within the vector file."""
    where: dict[str, list[str]] | None = None
    """Only features whose attribute is one of the values: `{role: [core, target]}`."""
    fill_nodata: float | None = None
    """Value given to cells without data; counted and reported."""

    @model_validator(mode="after")
    def _complete(self) -> LayerSource:
        if self.derive is None and (self.file is None or self.source is not None):
            raise ValueError("a layer needs `file`, or `derive` with `source` or `file`")
        if self.derive in ("slope_percent", "slope_deg", "ruggedness") and self.source is None:
            raise ValueError(f"derive: {self.derive} needs `source: LAYER`")
        if self.derive == "burn" and self.file is None:
            raise ValueError("derive: burn needs a vector `file`")
        if self.derive == "distance" and (self.file is None) == (self.source is None):
            raise ValueError("derive: distance needs either a vector `file`, or `source: LAYER` with `above`")
        if self.derive == "distance" and self.source is not None and self.above is None:
            raise ValueError("derive: distance from a layer needs `above`")
        return self


class SpeciesEntry(Model):
    """A species of the study."""

    profile: FileName
    """Its profile (YAML)."""
    weight: Weight = 1.0
    """Weight in the combined score [1]; weights are divided by their sum."""


class Regions(Model):
    """Focal regions: cores, targets, stepping stones."""

    file: FileName
    """Vector file with polygons."""
    table: str | None = None
    """Layer within the file."""
    id: str = "id"
    """Attribute with unique ids."""
    name: str = "name_en"
    """Attribute with names for people."""
    status: str = "geometry_status"
    """Attribute that says `surveyed` or `schematic`."""


class Routes(Model):
    """From where to where a species shall be able to move."""

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


class Separation(Model):
    """What the closed fences must keep apart: `otkel check` proves it by flood fill."""

    fences: list[str] = Field(min_length=1)
    """Fence lines that are closed together."""
    side_a: list[str] = Field(min_length=1)
    """Regions on one side."""
    side_b: list[str] = Field(min_length=1)
    """Regions on the other."""


class FenceModelSettings(Model):
    """How animals of every species of the study move at a fence, before what their profiles say; see the page on fences."""

    free_path_m: Metres | None = None
    """Distance over which an animal keeps its direction [m]: the scale of use factors, and of the search for a passage."""
    reach_m: Metres | None = None
    """How far an animal follows a fence to either side, and so finds a passage [m]."""
    origin: str = "assumption"
    """Where the numbers come from."""


class FenceWires(Model):
    """How a fence is built: what an animal must get under, between or over. Strands count as evenly spaced."""

    top_m: Metres
    """Height of the highest strand [m]."""
    strands: Annotated[int, Field(ge=1)]
    """Strands one above the other."""
    bottom_m: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Height of the lowest strand over the ground [m]."""
    origin: str = "assumption"
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _stands(self) -> FenceWires:
        if self.bottom_m > self.top_m or (self.strands > 1) == (self.bottom_m == self.top_m):
            raise ValueError(
                f"{self.strands} strands from {self.bottom_m:g} to {self.top_m:g} m: the lowest of several lies below the highest, a "
                "single one is both"
            )
        return self


class Fences(Model):
    """Fence lines."""

    file: FileName
    """Vector file with lines."""
    table: str | None = None
    """Layer within the file."""
    id: str = "id"
    """Attribute with unique ids."""
    name: str = "name"
    """Attribute with names for people."""
    line: str = "fence_line"
    """Attribute that says which line along the border a fence belongs to."""
    status: str = "geometry_status"
    """Attribute that says `surveyed` or `schematic`."""
    country: str = "country"
    """Attribute with the country whose fence it is, where there is one."""
    active: list[str] = []
    """Fence lines that stand in this scenario."""
    permeability: dict[str, dict[str, PermeabilityModel]] = {}
    """Fence line -> species -> what the fence lets through, where it differs from the species' profile."""
    wires: dict[str, FenceWires] = {}
    """Fence line -> how it is built; says who gets past it as it stands. Lines that are not listed stay unknown."""
    model: FenceModelSettings = FenceModelSettings()
    separations: list[Separation] = []


class Design(Model):
    """A way to build a passage."""

    width_m: Metres
    """Width of the opening [m]."""
    clearance_m: Metres | Literal["open"] | None = None
    """Free height from the ground to the lowest strand that is left over it [m]; `open` where nothing is overhead."""
    gap_height_m: Metres | None = None
    """Free height between two strands that are left, or from floor to ceiling of a culvert [m]."""
    top_m: Metres | None = None
    """Height of the highest strand, where it was lowered for animals that jump [m]."""
    cost: Amount = 1.0
    """Cost of one [cost units]."""
    use_factor: dict[str, UseFactor] = {}
    """Species -> use factor, where it differs from the species' profile [1]; 0 for those that do not fit through."""
    months: list[Month] = []
    """Months in which it is open; default all year."""
    origin: str = "assumption"
    """Where the numbers come from."""


class OpeningRule(Model):
    """Openings that stand in a scenario."""

    id: Identifier
    """Unique among openings and candidates."""
    fence_line: str
    """Fence line that is opened."""
    design: str
    """One of the study's `designs`."""
    every_m: Metres | None = None
    """Distance between openings along the line [m]; or give `lon` and `lat`, or `at`."""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Longitude of a single opening [degrees, WGS 84]."""
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Latitude of a single opening [degrees, WGS 84]."""
    at: list[str] = []
    """Candidate ids, as in `passages.csv`: opens these candidates."""
    width_m: Metres | None = None
    """Width [m] where it differs from the design's."""
    months: list[Month] = []
    """Months in which it is open, where they differ from the design's."""
    opened: Year | None = None
    """Year in which it was opened. With the study's `year` it stands from then on, and its use rises as the species' `habituation`
    says; without it animals are used to it."""
    use_factor: dict[str, UseFactor] = {}
    """Species -> use factor that was measured here, before those of the design and the profile [1]."""

    @model_validator(mode="after")
    def _one_place(self) -> OpeningRule:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("give both `lon` and `lat`")
        if sum([self.every_m is not None, self.lon is not None, bool(self.at)]) != 1:
            raise ValueError("give one of `every_m`, `lon` with `lat`, or `at`")
        return self


class CandidatePoint(Model):
    """A place that somebody proposes."""

    id: Identifier
    lon: Annotated[float, Field(ge=-180, le=180)]
    """Longitude [degrees, WGS 84]."""
    lat: Annotated[float, Field(ge=-90, le=90)]
    """Latitude [degrees, WGS 84]."""
    width_m: Metres | None = None
    """Width [m] where it differs from the design's."""
    design: str | None = None
    cost: Amount | None = None
    """Cost [cost units] where it differs from the design's."""
    months: list[Month] = []
    """Months in which it is open, where they differ from the design's."""


class Candidates(Model):
    """Places where a passage could be opened."""

    every_m: Metres = 1_000.0
    """Spacing along each active fence line [m]."""
    design: str
    """One of the study's `designs`."""
    more_designs: list[str] = []
    """Other designs that each regular place may get instead; their ids end in the design's name."""
    fence_lines: list[str] | None = None
    """Only on these lines; default all active ones."""
    min_spacing_m: Annotated[float, Field(ge=0)] = 10_000.0
    """Least distance along a line between two passages of the shortlist [m]."""
    points: list[CandidatePoint] = []
    bundles: Bundles = Bundles()
    """Passages that belong together where several fence lines stand."""

    @field_validator("points")
    @classmethod
    def _distinct(cls, points: list[CandidatePoint]) -> list[CandidatePoint]:
        ids = [p.id for p in points]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"duplicate ids: {', '.join(twice)}")
        return points


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
    """When a way between two places is another corridor: for `otkel corridors`."""

    alternatives: Annotated[int, Field(ge=1, le=20)] = 3
    """Ways looked for between a core and a target, the cheapest included."""
    apart_m: Metres = 20_000.0
    """Ways closer than this to a cheaper one run near it [m]."""
    max_overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Largest share of a way's length near cheaper ones [1]."""
    max_stretch: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.5
    """Largest cost of a way over the least cost [1]."""
    band_m: Metres = 20_000.0
    """Width of the band around a way in which its resistance and its weakest place are looked for [m]."""
    near_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5_000.0
    """Places within this distance of a way are named as passed [m]."""
    barrier_radii_m: Annotated[list[Metres], Field(min_length=1)] = [1_000.0, 3_000.0, 5_000.0]
    """Radii of the disc of restored ground that barrier scores are for [m]; those under a cell are left out."""
    shortlist: Annotated[int, Field(ge=1)] = 10
    """Corridors of each species that are shown first: the cheapest ones that differ from each other."""


class Solver(Model):
    """Numerical settings."""

    neighbours: Literal[4, 8] = 8
    neighbours_least_cost: Literal[16, 32] | None = None
    """Directions of least-cost searches: straighter ways, for more time and memory. Default: as `neighbours`."""
    edge_rule: Literal["mean_resistance", "mean_conductance"] = "mean_resistance"
    method: Annotated[str, AfterValidator(known_method)] = "auto"
    """One of `connectivity.circuit.solvers.METHODS`."""
    tolerance: Annotated[float, Field(gt=0, lt=1e-2)] = 1e-6
    """Relative residual."""

    @model_validator(mode="after")
    def _far(self) -> Solver:
        if self.neighbours_least_cost is not None and self.neighbours != 8:
            raise ValueError("neighbours_least_cost: needs `neighbours: 8`")
        return self


class Sk42(Model):
    """How positions go to the SK-42 maps."""

    operation: Annotated[str, Field(pattern=r"^EPSG:[0-9]+$")] | None = None
    """Datum operation between SK-42 and WGS 84, for every export: `EPSG:15865`. Default: the one of the best stated accuracy
    among those that cover the study."""


class ScenarioOverrides(Model):
    """A named set of overrides on the study."""

    title: str = ""
    """Name for people."""
    set: dict[str, Any] = {}
    """Dotted key of the study -> value: `fences.active: [kz_border_fence]`."""


class ScenarioFile(Model):
    """A scenario in a file of its own, on top of one of the study's: for `otkel run STUDY --scenario FILE.yaml`."""

    scenario: Identifier
    """Id."""
    title: str = ""
    """Name for people."""
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
    description: str = ""
    assumptions: list[str] = []
    """Sentences that go with every map and table."""
    credits: list[str] = []
    """Attribution of the data, shown on maps."""
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
    solver: Solver = Solver()
    sk42: Sk42 = Sk42()
    context: dict[str, FileName] = {}
    """Vector files with a layer of the same name that no cost depends on: `borders` (lines, drawn on maps) and `countries`
    (polygons with an attribute `country`: the share of a corridor in each)."""
    scenarios: dict[Identifier, ScenarioOverrides] = {}

    @model_validator(mode="after")
    def _cross_check(self) -> Study:
        faults = [
            f"routes.{name}: no such species; there are {', '.join(self.species)}"
            for name in self.routes
            if name not in self.species
        ]
        faults += [f"species.{name}: has no entry in `routes`" for name in self.species if name not in self.routes]
        faults += [
            f"fences.permeability.{line}.{name}: no such species; there are {', '.join(self.species)}"
            for line, by_species in self.fences.permeability.items()
            for name in by_species
            if name not in self.species
        ]
        if self.ranking.arriving_weight > 0 and self.mortality is None:
            faults.append("ranking.arriving_weight: needs `mortality`; add e.g. `mortality: {reach_km: 300}`")
        if not sum(entry.weight for entry in self.species.values()) > 0:
            faults.append("species: every weight is 0; at least one must be > 0")
        faults += self._unknown_layers() + self._unknown_designs() + self._twice_used_ids() + self._unknown_actions()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _unknown_layers(self) -> list[str]:
        return [
            f"layers.{name}.source: no layer {layer.source!r}; there are {', '.join(self.layers)}"
            for name, layer in self.layers.items()
            if layer.source is not None and layer.source not in self.layers
        ]

    def _unknown_designs(self) -> list[str]:
        used = [(f"openings[{i}].design", rule.design) for i, rule in enumerate(self.openings)]
        used += [("candidates.design", self.candidates.design)]
        used += [(f"candidates.more_designs[{i}]", name) for i, name in enumerate(self.candidates.more_designs)]
        used += [(f"candidates.points[{i}].design", p.design) for i, p in enumerate(self.candidates.points) if p.design]
        return [
            f"{where}: no design {name!r}; there are {', '.join(self.designs)}"
            for where, name in used
            if name not in self.designs
        ]

    def _unknown_actions(self) -> list[str]:
        named = [("done", name) for name in self.done] + [
            ("portfolio.actions", name) for name in self.portfolio.actions
        ]
        known = ", ".join(self.actions) or "none"
        faults = [
            f"{where}: no action {name!r}; there are {known}" for where, name in named if name not in self.actions
        ]
        species: dict[str, list[str]] = {name: list(action.species or ()) for name, action in self.actions.items()}
        species |= {f"{name}.use_factor": list(design.use_factor) for name, design in self.designs.items()}
        species |= {f"openings.{rule.id}.use_factor": list(rule.use_factor) for rule in self.openings}
        return faults + [
            f"{where}: no species {name!r}; there are {', '.join(self.species)}"
            for where, names in species.items()
            for name in names
            if name not in self.species
        ]

    def _twice_used_ids(self) -> list[str]:
        ids = [rule.id for rule in self.openings] + [point.id for point in self.candidates.points]
        return [f"openings and candidates use the id {i!r} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
