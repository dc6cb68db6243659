"""Openings that stand in a scenario and candidates for new ones, for one species."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point

from connectivity.openings.profile import candidates_along
from rasters.errors import ConfigError
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, OpeningEdges, open_edges
from rasters.plain import unknown
from rasters.profile import SpeciesProfile
from rasters.surface import ResistanceSurface
from scenarios.land.actions import removed_stretches
from scenarios.land.inputs import Inputs
from scenarios.study.fences import CandidatePoint, OpeningRule
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study

__all__ = [
    "FARTHEST_M",
    "SpeciesContext",
    "Standing",
    "candidate_openings",
    "habituated",
    "nearest_fence",
    "removable_stretches",
    "standing_openings",
    "stated_places",
    "too_far",
]

FARTHEST_M = 20_000.0
"""A proposed point farther than this from every active fence is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An opening that stands, and the rule of the study that says so; None for a stretch of fence that an action takes away."""

    edges: OpeningEdges
    rule: OpeningRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesContext:
    """One species in one scenario: what openings depend on."""

    resolved: ResolvedStudy
    inputs: Inputs
    profile: SpeciesProfile
    surface: ResistanceSurface
    model: FenceModel

    def fences_on(self, lines: Sequence[str]) -> list[Fence]:
        """Active fences of some fence lines."""
        return [f for f in self.inputs.cuts.fences if f.fence_line in lines]

    def along(
        self,
        lines: Sequence[str],
        every_m: float,
        design: str,
        width_m: float,
        months: Sequence[int] = (),
        suffix: str = "",
        rule: OpeningRule | None = None,
    ) -> tuple[OpeningEdges, ...]:
        """Openings at regular distances along the active fences of some lines."""
        return candidates_along(
            self.inputs.cuts,
            self.surface,
            self.model,
            [f.id for f in self.fences_on(lines)],
            every_m=every_m,
            width_m=width_m,
            design=design,
            use_factor=self.use_factor(design, months, rule),
            suffix=suffix,
        )

    def is_open(self, design: str, months: Sequence[int] = ()) -> bool:
        """Whether an opening of a design is open in the month that is looked at."""
        study = self.resolved.study
        open_in = months or study.designs[design].months
        return study.month is None or not open_in or study.month in open_in

    def stands(self, rule: OpeningRule) -> bool:
        """Whether an opening is there in the year, and open in the month, that are looked at."""
        year = self.resolved.study.year
        later = year is not None and rule.opened is not None and rule.opened > year
        return not later and self.is_open(rule.design, rule.months)

    def use_factor(self, design: str, months: Sequence[int] = (), rule: OpeningRule | None = None) -> float:
        """Use factor of an opening [1], times its share of the year where no month is set.

        What was measured there comes before the study's value of the design, and that before the profile's. A rule that says
        when it was opened has the share of it that animals have come to by the study's year.
        """
        study = self.resolved.study
        measured = rule.use_factor if rule else {}
        stated = (study.designs[design].use_factor | measured).get(self.profile.id)
        use = self.profile.use_factor_of(design).value if stated is None else stated
        use *= habituated(study, self.profile, rule) if rule else 1.0
        open_in = set(months or study.designs[design].months)
        return use * len(open_in) / 12 if open_in and study.month is None else use


def habituated(study: Study, profile: SpeciesProfile, rule: OpeningRule) -> float:
    """Share of the use factor that an opening has in the study's year [1]; 1 where a year or the species' curve is not stated."""
    if study.year is None or rule.opened is None or profile.habituation is None:
        return 1.0
    return profile.habituation.at(study.year - rule.opened)


def candidate_openings(context: SpeciesContext) -> tuple[OpeningEdges, ...]:
    """Regularly spaced candidates on the active fences, in every design, then the study's own points."""
    study = context.resolved.study
    settings = study.candidates
    lines = settings.fence_lines if settings.fence_lines is not None else study.fences.active
    regular: list[OpeningEdges] = []
    for design in (settings.design, *settings.more_designs):
        suffix = "" if design == settings.design else f"-{design}"
        if context.is_open(design):
            regular += context.along(lines, settings.every_m, design, study.designs[design].width_m, (), suffix)
    fences = context.fences_on(lines)
    points = [p for p in settings.points if fences and context.is_open(p.design or settings.design, p.months)]
    return (*regular, *(_at_point(context, fences, point) for point in points))


def standing_openings(context: SpeciesContext, candidates: Sequence[OpeningEdges]) -> tuple[Standing, ...]:
    """What the study's `openings` open on fences that are active, and stretches of fence that were taken away."""
    out: list[Standing] = []
    for rule in context.resolved.study.openings:
        fences = context.fences_on([rule.fence_line])
        if not fences or not context.stands(rule):
            continue
        width = rule.width_m or context.resolved.study.designs[rule.design].width_m
        if rule.every_m is not None:
            opened = context.along([rule.fence_line], rule.every_m, rule.design, width, rule.months, rule=rule)
        elif rule.at:
            opened = tuple(_reopened(context, candidates, name, rule, width) for name in rule.at)
        else:
            point = CandidatePoint(
                id=rule.id,
                lon=rule.lon or 0.0,
                lat=rule.lat or 0.0,
                width_m=width,
                design=rule.design,
                months=rule.months,
            )
            opened = (_at_point(context, fences, point, rule),)
        out += [Standing(edges=edges, rule=rule) for edges in opened]
    removed = [edges for name, edges in removable_stretches(context) if name in context.resolved.study.done]
    return (*out, *(Standing(edges=edges) for edges in removed))


def removable_stretches(context: SpeciesContext) -> list[tuple[str, OpeningEdges]]:
    """Each action that takes a stretch of an active fence away, done or not, and the edges that it opens."""
    cuts, known = context.inputs.cuts, [fence.id for fence in context.inputs.all_fences]
    for name, action in context.resolved.study.actions.items():
        if action.fence is not None and action.fence not in known:
            raise ConfigError(f"{context.resolved.path}: actions.{name}.fence: {unknown('fence', action.fence, known)}")
    stretches = removed_stretches(context.resolved, cuts.fences, context.profile.id)
    return [(name, open_edges(cuts, context.surface, opening, context.model)) for name, opening in stretches]


def _reopened(
    context: SpeciesContext, candidates: Sequence[OpeningEdges], name: str, rule: OpeningRule, width_m: float
) -> OpeningEdges:
    """A candidate of the study, opened with the rule's design."""
    for candidate in candidates:
        if candidate.opening.id == name:
            use = context.use_factor(rule.design, rule.months, rule)
            opening = Opening(
                id=f"{rule.id}-{name}",
                fence=candidate.opening.fence,
                along_m=candidate.opening.along_m,
                width_m=width_m,
                use_factor=use,
                design=rule.design,
            )
            return open_edges(context.inputs.cuts, context.surface, opening, context.model)
    raise ConfigError(
        f"{context.resolved.path}: openings.{rule.id}.at: unknown candidate {name!r} on the active fences; the ids are in "
        "passages.csv of a run"
    )


def stated_places(study: Study, active: Sequence[Fence]) -> list[tuple[str, CandidatePoint | OpeningRule, list[Fence]]]:
    """Every longitude and latitude in the study that one of the active fences could be opened at: key, place, those fences."""
    lines = study.candidates.fence_lines if study.candidates.fence_lines is not None else study.fences.active
    points, rules = enumerate(study.candidates.points), enumerate(study.openings)
    named: list[tuple[str, CandidatePoint | OpeningRule, Sequence[str]]] = [
        (f"candidates.points[{i}]", point, lines) for i, point in points
    ]
    named += [(f"openings[{i}]", rule, [rule.fence_line]) for i, rule in rules if rule.lon is not None]
    found = [(key, place, [fence for fence in active if fence.fence_line in on]) for key, place, on in named]
    return [(key, place, fences) for key, place, fences in found if fences]


def nearest_fence(
    grid: Grid, fences: Sequence[Fence], place: CandidatePoint | OpeningRule
) -> tuple[Fence, Point, float]:
    """The fence nearest to a longitude and latitude, the place on the map, and how far apart they are [m]."""
    point = Point(grid.map_xy(place.lon, place.lat))
    fence = min(fences, key=lambda f: f.line.distance(point))
    return fence, point, float(fence.line.distance(point))


def too_far(place: CandidatePoint | OpeningRule, fence: Fence, away_m: float) -> str:
    """That a place is on no fence, in words."""
    return (
        f"lon {place.lon}, lat {place.lat} is {away_m / 1000:.0f} km from the nearest active fence ({fence.id}); check that lon and "
        "lat are not swapped"
    )


def _at_point(
    context: SpeciesContext, fences: Sequence[Fence], point: CandidatePoint, rule: OpeningRule | None = None
) -> OpeningEdges:
    """An opening on the fence nearest to a longitude and latitude."""
    fence, place, away = nearest_fence(context.inputs.grid, fences, point)
    where = f"{context.resolved.path}: {point.id}"
    if not away <= FARTHEST_M:
        raise ConfigError(f"{where}: {too_far(point, fence, away)}")
    study = context.resolved.study
    design = point.design or study.candidates.design
    opening = Opening(
        id=point.id,
        fence=fence.id,
        along_m=fence.along(place),
        width_m=point.width_m or study.designs[design].width_m,
        use_factor=context.use_factor(design, point.months, rule),
        design=design,
    )
    edges = open_edges(context.inputs.cuts, context.surface, opening, context.model)
    if not edges.rows.size:
        raise ConfigError(
            f"{where}: no two passable cells face each other across {fence.id} at {opening.along_m / 1000:.1f} km; "
            "move it off the water or unknown ground"
        )
    return edges
