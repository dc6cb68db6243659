"""Points of somebody's file as openings and candidates of a study: on which fence, of which design, since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import Point

from rasters.errors import ConfigError, OptionError
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.numbers import distance
from rasters.plain import unknown
from scenarios.importing.account import Account, some
from scenarios.importing.asking import Asker
from scenarios.importing.features import Feature
from scenarios.importing.fields import Fields, number_in, slug, text_in
from scenarios.land.openings import FARTHEST_M
from scenarios.study.load import ResolvedStudy

__all__ = ["STATES", "Placed", "placed_passages"]

STATES = ("existing", "planned", "proposed")
SAID = {
    "exists": "existing",
    "built": "existing",
    "open": "existing",
    "существует": "existing",
    "plan": "planned",
    "agreed": "planned",
    "планируется": "planned",
    "candidate": "proposed",
    "proposal": "proposed",
    "предлагается": "proposed",
}
"""Other words for a state."""
ON_FENCE_M = 100.0
"""Passages farther than this from the fence are told [m]."""
SAME_M = 1.0
"""Passages nearer than this to each other are one [m]."""
YEARS = (1900, 2200)
DIGITS = 7
"""Of a degree: a centimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the study gets: rows of `openings` and of `candidates.points`, as plain data."""

    openings: tuple[dict[str, Any], ...]
    points: tuple[dict[str, Any], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all of them."""
        return tuple(row["id"] for row in (*self.openings, *self.points))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    design: str | None
    state: str | None
    line: str | None


def placed_passages(
    features: Sequence[Feature],
    fields: Fields,
    resolved: ResolvedStudy,
    fences: Sequence[Fence],
    grid: Grid,
    asker: Asker,
    account: Account,
    *,
    design: str | None = None,
    state: str | None = None,
    fence_line: str | None = None,
) -> Placed:
    """Each point on the nearest fence, or on that of the line it names.

    Raises
    ------
    OptionError
        A design, state or line that is none; none stated at all, and nobody to ask.
    """
    if not fences:
        raise ConfigError(f"{resolved.path}: fences.file: holds no fence yet; import fences first")
    asked = _asked(fields, resolved, fences, asker, design=design, state=state, line=fence_line)
    points = _single(features, account)
    taken = {rule.id for rule in resolved.study.openings} | {p.id for p in resolved.study.candidates.points}
    openings: list[dict[str, Any]] = []
    proposed: list[dict[str, Any]] = []
    problems: Counter[str] = Counter()
    told: dict[str, list[str]] = {}
    there = _there(resolved, grid)
    for one in points:
        row, is_opening = _row(one, fields, resolved, fences, grid, asked, told, problems)
        if row is None:
            continue
        if any(place.distance(one.shape) <= SAME_M for place in there):
            problems["already in the study at the same place"] += 1
            continue
        row["id"] = _id(one, fields, row, taken, told)
        taken.add(row["id"])
        (openings if is_opening else proposed).append(row)
    for what, count in problems.items():
        account.tell("left out", count, what)
    for what, names in told.items():
        account.tell("look at", len(names), what, some(names))
    account.tell("came in", len(openings), "openings", some([row["id"] for row in openings]))
    account.tell("came in", len(proposed), "proposed places (candidates.points)", some([row["id"] for row in proposed]))
    return Placed(openings=tuple(openings), points=tuple(proposed))


def _asked(
    fields: Fields,
    resolved: ResolvedStudy,
    fences: Sequence[Fence],
    asker: Asker,
    *,
    design: str | None,
    state: str | None,
    line: str | None,
) -> _Asked:
    """What holds for points that say nothing themselves."""
    designs, lines = list(resolved.study.designs), sorted({fence.fence_line for fence in fences})
    for option, given, known in (("design", design, designs), ("state", state, STATES), ("fence_line", line, lines)):
        if given is not None and given not in known:
            raise OptionError(f"--{option.replace('_', '-')}: {unknown(option.replace('_', ' '), given, known)}")
    if state is None and "state" not in fields.of:
        state = asker.choose("Are these passages there, agreed, or only proposed?", STATES, "--state")
    if design is None and "design" not in fields.of:
        question = "Which design have they?"
        design = designs[0] if len(designs) == 1 else asker.choose(question, designs, "--design")
    return _Asked(design=design, state=state, line=line)


def _single(features: Sequence[Feature], account: Account) -> list[Feature]:
    """Points, each once; those of one feature count one by one."""
    parts = [
        Feature(shape=point, row=one.row, place=one.place) for one in features for point in shapely.get_parts(one.shape)
    ]
    kept: list[Feature] = []
    twice: list[str] = []
    for one in parts:
        if any(other.shape.distance(one.shape) <= SAME_M for other in kept):
            twice.append(one.place)
        else:
            kept.append(one)
    account.tell("left out", len(twice), "at the same place as another", some(twice))
    return kept


def _there(resolved: ResolvedStudy, grid: Grid) -> list[Point]:
    study = resolved.study
    stated = [(rule.lon, rule.lat) for rule in study.openings if rule.lon is not None]
    stated += [(point.lon, point.lat) for point in study.candidates.points]
    return [Point(grid.map_xy(lon, lat)) for lon, lat in stated]


def _row(
    one: Feature,
    fields: Fields,
    resolved: ResolvedStudy,
    fences: Sequence[Fence],
    grid: Grid,
    asked: _Asked,
    told: dict[str, list[str]],
    problems: Counter[str],
) -> tuple[dict[str, Any] | None, bool]:
    """A row without its id, and whether it is an opening; None for a point that cannot be one."""
    name = text_in(fields.value(one.row, "name"))
    line = _line(one, fields, fences, asked, told, name)
    near = [fence for fence in fences if line is None or fence.fence_line == line]
    fence = min(near, key=lambda each: each.line.distance(one.shape))
    away = float(fence.line.distance(one.shape))
    if away > FARTHEST_M:
        problems[f"farther than {distance(FARTHEST_M)} from every fence"] += 1
        return None, False
    if away > ON_FENCE_M:
        told.setdefault("passages beside the fence, taken for the nearest place on it", []).append(
            f"{name or one.place} {distance(away)} from {fence.id}"
        )
    design, state = _design(one, fields, resolved, asked), _state(one, fields, asked)
    if design is None or state is None:
        problems[f"of a {'design' if design is None else 'state'} that is not known{_known(design, resolved)}"] += 1
        return None, False
    lon, lat = grid.lonlat(*one.shape.coords[0])
    place = {"lon": round(float(lon), DIGITS), "lat": round(float(lat), DIGITS)}
    width = _width(one, fields, told)
    if state == "proposed":
        return {"design": design, **place, **width}, False
    names = {key: text_in(fields.value(one.row, key)) for key in ("name", "name_ru", "name_kk")}
    return {
        **{key: value for key, value in names.items() if value},
        **({"state": state} if state == "planned" else {}),
        "fence_line": fence.fence_line,
        "design": design,
        **place,
        **width,
        **_opened(one, fields, told),
    }, True


def _known(design: str | None, resolved: ResolvedStudy) -> str:
    return f"; the study has {', '.join(resolved.study.designs)} (--design)" if design is None else " (--state)"


def _line(
    one: Feature, fields: Fields, fences: Sequence[Fence], asked: _Asked, told: dict[str, list[str]], name: str
) -> str | None:
    """The fence line that a point names; None for the nearest."""
    said = text_in(fields.value(one.row, "fence_line"))
    if said and any(fence.fence_line == said for fence in fences):
        return said
    if said:
        told.setdefault("passages on a fence line that the study has not: the nearest is taken", []).append(
            f"{name or one.place} ({said})"
        )
    return asked.line


def _design(one: Feature, fields: Fields, resolved: ResolvedStudy, asked: _Asked) -> str | None:
    """A design of the study: as the point says, by id or by title, else as the option says."""
    said = text_in(fields.value(one.row, "design"))
    names: Mapping[str, str] = {
        key.casefold(): name
        for name, design in resolved.study.designs.items()
        for key in (name, name.replace("_", " "), design.title, design.title_ru, design.title_kk)
        if key
    }
    return names.get(said.casefold(), asked.design)


def _state(one: Feature, fields: Fields, asked: _Asked) -> str | None:
    said = text_in(fields.value(one.row, "state")).casefold()
    return said if said in STATES else SAID.get(said, asked.state)


def _width(one: Feature, fields: Fields, told: dict[str, list[str]]) -> dict[str, float]:
    said = fields.value(one.row, "width_m")
    width = number_in(said)
    if width is not None and width > 0:
        return {"width_m": width}
    if said is not None:
        told.setdefault("widths that are no length: the design's is taken", []).append(f"{one.place} ({text_in(said)})")
    return {}


def _opened(one: Feature, fields: Fields, told: dict[str, list[str]]) -> dict[str, int]:
    said = fields.value(one.row, "opened")
    year = text_in(said)[:4]
    if year.isdecimal() and YEARS[0] <= int(year) <= YEARS[1]:
        return {"opened": int(year)}
    if said is not None:
        told.setdefault("years that are none", []).append(f"{one.place} ({text_in(said)})")
    return {}


def _id(one: Feature, fields: Fields, row: Mapping[str, Any], taken: set[str], told: dict[str, list[str]]) -> str:
    """As the file says where it can be; else after the name; else after the place."""
    said = text_in(fields.value(one.row, "id"))
    place = f"passage_{abs(row['lat']):.3f}{'n' if row['lat'] >= 0 else 's'}_{abs(row['lon']):.3f}{'e' if row['lon'] >= 0 else 'w'}"
    base = said or text_in(fields.value(one.row, "name")) or place
    found = slug(base, taken) or slug(place, taken)
    if said and found != said:
        told.setdefault("ids written otherwise, or numbered", []).append(f"{said} -> {found}")
    return found
