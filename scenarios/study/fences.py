"""Study file: fences, and the passages that stand in them or could be built."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from scenarios.study.base import Amount, FileName, Identifier, Latitude, Longitude, Metres, Model, Month, Year
from scenarios.study.permeability import PermeabilityModel
from scenarios.study.portfolio import Bundles

__all__ = [
    "CandidatePoint",
    "Candidates",
    "Design",
    "FenceModelSettings",
    "FenceWires",
    "Fences",
    "OpeningRule",
    "Separation",
]

UseFactor = Annotated[float, Field(ge=0, le=1)]


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
    """Attribute with names for people; attributes `name_ru` and `name_kk` have them in Russian and Kazakh."""
    line: str = "fence_line"
    """Attribute that says which line along the border a fence belongs to."""
    status: str = "geometry_status"
    """Attribute that says `surveyed` or `schematic`."""
    country: str = "country"
    """Attribute with the country whose fence it is, where there is one."""
    coverage: Literal["unknown", "partial", "surveyed"] | None = None
    """How far fences of the region were mapped: a fence that nobody mapped is `unknown`, not absent. `otkel check` repeats it."""
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

    title: str = ""
    """Name for people; default its id, with blanks for `_`."""
    title_ru: str = ""
    """Name for people, in Russian."""
    title_kk: str = ""
    """Name for people, in Kazakh."""
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

    example: ClassVar[str] = "{id: north_gate, fence_line: border, design: gate, lon: 56.25, lat: 43.5}"
    id: Identifier
    """Unique among openings and candidates."""
    name: str = ""
    """What people call it; default its fence and kilometre."""
    name_ru: str = ""
    """What people call it, in Russian."""
    name_kk: str = ""
    """What people call it, in Kazakh."""
    state: Literal["existing", "planned"] = "existing"
    """Whether it is there, or is to be built in this scenario."""
    fence_line: str
    """Fence line that is opened."""
    design: str
    """One of the study's `designs`."""
    every_m: Metres | None = None
    """Distance between openings along the line [m]; or give `lon` and `lat`, or `at`."""
    lon: Longitude | None = None
    """Longitude of a single opening [degrees, WGS 84]."""
    lat: Latitude | None = None
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
    """Unique among openings and candidates."""
    lon: Longitude
    """Longitude [degrees, WGS 84]."""
    lat: Latitude
    """Latitude [degrees, WGS 84]."""
    width_m: Metres | None = None
    """Width [m] where it differs from the design's."""
    design: str | None = None
    """One of the study's `designs`, where it differs from that of `candidates`."""
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
