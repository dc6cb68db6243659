"""The part of the study file on choosing: actions other than passages, mortality, budget and rules."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from scenarios.study.base import Amount, FileName, Identifier, Latitude, Longitude, Metres, Model, Shape

__all__ = ["Action", "Area", "AtMost", "Bundles", "Mortality", "MortalityZone", "PortfolioSettings"]

Points = Annotated[
    list[tuple[Longitude, Latitude]],
    Shape("a list of points, each as [lon, lat]", [[56.2, 43.5], [56.4, 43.5], [56.3, 43.7]]),
]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OBJECTIVES = Literal["conductance", "resistance", "least_cost", "eca", "arriving"]


class Area(Model):
    """A piece of land. Give one of `region`, `polygon`, `strip`, or `lon` and `lat` with `radius_m`."""

    example: ClassVar[str] = "{lon: 56.25, lat: 43.5, radius_m: 5000}"
    region: str | None = None
    """Id of a region of the study."""
    polygon: Points = []
    """Corners as lon, lat [degrees, WGS 84]."""
    strip: Points = []
    """Line as lon, lat [degrees, WGS 84], made `width_m` wide."""
    lon: Longitude | None = None
    """Longitude of a centre [degrees, WGS 84]."""
    lat: Latitude | None = None
    """Latitude of a centre [degrees, WGS 84]."""
    radius_m: Metres | None = None
    """Radius around the centre [m]."""
    width_m: Metres = 2_000.0
    """Width of a `strip` [m]."""
    buffer_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Widens the area on all sides [m]."""

    @model_validator(mode="after")
    def _one_way(self) -> Area:
        centre = (self.lon, self.lat, self.radius_m)
        if any(v is not None for v in centre) and None in centre:
            raise ValueError("give `lon`, `lat` and `radius_m` together")
        ways = [self.region is not None, bool(self.polygon), bool(self.strip), self.lon is not None]
        if sum(ways) != 1:
            raise ValueError("give one of `region`, `polygon`, `strip`, or `lon`, `lat` and `radius_m`")
        if self.polygon and len(self.polygon) < 3:
            raise ValueError(f"polygon: has {len(self.polygon)} corners; give at least 3")
        if self.strip and len(self.strip) < 2:
            raise ValueError("strip: give at least 2 points")
        return self


class Action(Model):
    """Something that can be done besides opening a passage. Numbers that are not given leave things as they are."""

    example: ClassVar[str] = "{kind: restore, area: {region: south_hills}, resistance_factor: 0.5, cost: 3}"
    kind: Literal["protect", "restore", "patrol", "remove_fence", "add_fence"]
    """`protect`, `restore`, `patrol`: change what an area costs or how deadly it is. `remove_fence`: takes a stretch of a
    fence away. `add_fence`: builds one."""
    title: str = ""
    """Name for people."""
    title_ru: str = ""
    """Name for people, in Russian."""
    title_kk: str = ""
    """Name for people, in Kazakh."""
    area: Area | None = None
    """For `protect`, `restore`, `patrol`."""
    resistance_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Multiplies resistance in the area, down to the species' minimum [1]."""
    mortality_factor: Factor = 1.0
    """Multiplies mortality in the area [1]."""
    habitat_factor: Factor = 1.0
    """Multiplies the area of focal regions whose centre lies in it, for the objective `eca` [1]."""
    species: list[str] | None = None
    """Only for these species; default all."""
    fence: str | None = None
    """For `remove_fence`: id of the fence."""
    from_m: Annotated[float, Field(ge=0)] = 0.0
    """For `remove_fence`: where the stretch starts, from the start of the fence line [m]; default the fence's start."""
    to_m: Metres | None = None
    """For `remove_fence`: where it ends, from the start of the fence line [m]; default the fence's end."""
    line: Points = []
    """For `add_fence`: the line as lon, lat [degrees, WGS 84]."""
    fence_line: str | None = None
    """For `add_fence`: the fence line it belongs to, which gives its permeability."""
    cost: Amount = 0.0
    """[cost units]."""
    origin: str = "assumption"
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _complete(self) -> Action:
        if self.kind in ("protect", "restore", "patrol"):
            if self.area is None:
                raise ValueError(f"{self.kind} needs an `area`")
            if self.resistance_factor == self.mortality_factor == self.habitat_factor == 1.0:
                raise ValueError(f"{self.kind} changes nothing: give a factor other than 1")
        if self.kind == "remove_fence":
            if self.fence is None:
                raise ValueError("remove_fence needs `fence`")
            if self.to_m is not None and self.to_m <= self.from_m:
                raise ValueError(f"to_m: {self.to_m:g} should be more than from_m {self.from_m:g}")
        if self.kind == "add_fence" and (len(self.line) < 2 or self.fence_line is None):
            raise ValueError("add_fence needs `line` with at least 2 points, and `fence_line`")
        return self

    @property
    def on_land(self) -> bool:
        """Whether it changes the land itself, so that the landscape has to be reduced anew."""
        return self.kind != "remove_fence"


class MortalityZone(Model):
    """Where mortality differs."""

    area: Area
    factor: Factor
    """Multiplies mortality in the area [1]."""


class Mortality(Model):
    """How deadly the land is: poaching, roads. Walkers leave the circuit to the ground."""

    reach_km: Metres
    """Distance through best habitat over which the voltage of a lasting flow falls to 1/e [km]."""
    zones: list[MortalityZone] = []
    surface: FileName | None = None
    """Raster of how deadly each place is relative to `reach_km` [1], such as the poaching risk that `otkel crime` writes;
    1 where it knows nothing."""
    origin: str = "assumption"
    """Where the numbers come from."""


class Bundles(Model):
    """Pairs of passages, one in each of two fence lines along a route."""

    apart_m: Metres = 15_000.0
    """Largest distance between two passages of a bundle [m]."""


class AtMost(Model):
    """At most this many passages of a group. Give any of the other keys; all that are given must hold."""

    example: ClassVar[str] = "{most: 2, fence_line: border}"
    most: Annotated[int, Field(ge=0)]
    """Passages of the group, at most."""
    fence_line: str | None = None
    """Fence line that they stand on."""
    fence: str | None = None
    """Id of the fence that they stand on."""
    country: str | None = None
    """Country whose fence it is."""
    from_km: Annotated[float, Field(ge=0)] | None = None
    """Start of a stretch, from the start of the fence line [km]; needs `fence`."""
    to_km: Annotated[float, Field(ge=0)] | None = None
    """End of a stretch [km]; needs `fence`."""

    @model_validator(mode="after")
    def _some(self) -> AtMost:
        if self.fence_line is None and self.fence is None and self.country is None:
            raise ValueError("give `fence_line`, `fence` or `country`")
        if self.fence is None and (self.from_km is not None or self.to_km is not None):
            raise ValueError("`from_km` and `to_km` need `fence`")
        return self


class PortfolioSettings(Model):
    """Which passages and actions, for a budget: for `otkel passages`."""

    budget: Amount = 6.0
    """[cost units]."""
    objective: OBJECTIVES = "conductance"
    """What is gained, each as the mean over cores of the share of what all fences together take away.
    `conductance`: of all routes together. `resistance`: the same as resistance; every core must reach a target now.
    `least_cost`: of the reciprocal of the least cost. `eca`: equivalent connected area. `arriving`: share of walkers that
    arrive alive, with `mortality`."""
    best: Annotated[int, Field(ge=1)] = 60
    """Candidates among which the set is chosen: the best alone and the best bundles."""
    must_have: list[str] = []
    """Candidates or actions that must be in the set."""
    must_not: list[str] = []
    """Candidates or actions that must not."""
    most: Annotated[int, Field(ge=0)] | None = None
    """Passages in the set, at most."""
    min_spacing_m: Annotated[float, Field(ge=0)] | None = None
    """Least distance along a fence between two passages [m]; default that of `candidates`."""
    at_most: list[AtMost] = []
    actions: list[Identifier] = []
    """Actions that may be chosen too."""
    near_optimal: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Sets that lose at most this share of the best gain count as near-optimal [1]."""
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    """Time for a proof [s]: of the plan, of the frontier of each species, and of what can be replaced."""
    steps: Annotated[int, Field(ge=1, le=100)] = 6
    """Budgets on the frontier, up to twice the budget."""
