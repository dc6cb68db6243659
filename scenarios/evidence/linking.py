"""What each camera watches: a passage, a stretch of fence, a core place, or open country."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import Point

from rasters.errors import ConfigError
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.evidence.package import TrapData
from scenarios.evidence.plausible import check_places, coarse_m
from scenarios.evidence.settings import StatedPassage
from scenarios.evidence.tags import tags_of
from scenarios.field_data.faults import Faults
from scenarios.land.inputs import Inputs, read_places
from scenarios.land.places import FocalPlace
from scenarios.study.load import ResolvedStudy

__all__ = ["KnownPassage", "Landmarks", "landmarks_of", "link_deployments"]

NEAREST_FENCE_M = 5_000.0
"""A passage stated by its coordinates must lie within this distance of a fence of the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPassage:
    """A passage that is or will be open; ``opened`` is NaT where the day is not stated."""

    id: str
    design: str
    fence: str
    along_m: float
    x: float
    y: float
    opened: pd.Timestamp
    candidate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """What cameras can be linked to, on the study's grid."""

    grid: Grid
    passages: tuple[KnownPassage, ...]
    fences: tuple[Fence, ...]
    places: tuple[FocalPlace, ...]


def landmarks_of(resolved: ResolvedStudy, inputs: Inputs, stated: Sequence[StatedPassage]) -> Landmarks:
    """The study's fences and regions, the passages that the evidence states, and single openings that stand in the study.

    Raises
    ------
    ConfigError
        A passage of an unknown design or candidate, or far from every fence.
    """
    fences = {fence.id: fence for fence in inputs.all_fences}
    known = {one.id for one in stated}
    standing = [one for one in _standing(resolved) if one.id not in known]
    passages = tuple(_passage(resolved, inputs.grid, fences, one) for one in (*stated, *standing))
    return Landmarks(
        grid=inputs.grid,
        passages=passages,
        fences=inputs.all_fences,
        places=tuple(read_places(resolved, inputs.grid).values()),
    )


def _standing(resolved: ResolvedStudy) -> list[StatedPassage]:
    """The study's own openings at single places; rows of openings at regular distances are no place to stand a camera at."""
    out = []
    for rule in resolved.study.openings:
        if rule.lon is not None:
            out.append(StatedPassage(id=rule.id, lon=rule.lon, lat=rule.lat, design=rule.design))
        elif len(rule.at) == 1:
            out.append(StatedPassage(id=rule.id, candidate=rule.at[0], design=rule.design))
    return out


def _passage(resolved: ResolvedStudy, grid: Grid, fences: dict[str, Fence], one: StatedPassage) -> KnownPassage:
    if one.design not in resolved.study.designs:
        told = unknown("design", one.design, resolved.study.designs)
        raise ConfigError(f"evidence.yaml: passages.{one.id}.design: {told}")
    if one.candidate is not None:
        fence, along_m = _place_of_candidate(one, fences)
    else:
        x, y = grid.map_xy(one.lon, one.lat)
        fence = min(fences.values(), key=lambda f: f.line.distance(Point(x, y)))
        away = fence.line.distance(Point(x, y))
        if not away <= NEAREST_FENCE_M:
            raise ConfigError(
                f"evidence.yaml: passages.{one.id}: lon {one.lon}, lat {one.lat} is {away / 1000:.0f} km from the nearest fence "
                f"({fence.id}); check that lon and lat are not swapped"
            )
        along_m = fence.along(Point(x, y))
    point = fence.point_at(along_m)
    opened = pd.NaT if one.opened is None else pd.Timestamp(one.opened)
    return KnownPassage(
        id=one.id,
        design=one.design,
        fence=fence.id,
        along_m=along_m,
        x=point.x,
        y=point.y,
        opened=opened,
        candidate=one.candidate or "",
    )


def _place_of_candidate(one: StatedPassage, fences: dict[str, Fence]) -> tuple[Fence, float]:
    """A candidate's id says where it is: ``<fence>-km0123.5``."""
    name, _, km = (one.candidate or "").partition("-km")
    try:
        return fences[name], 1000.0 * float(km.split("-")[0])
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"evidence.yaml: passages.{one.id}.candidate: {one.candidate!r} is no candidate on a fence of the study; "
            "the ids are in passages.csv of a run, or give lon and lat"
        ) from error


def link_deployments(data: TrapData, marks: Landmarks, faults: Faults) -> pd.DataFrame:
    """One row per deployment on the study's grid, with what it watches.

    Returns
    -------
    DataFrame
        ``deploymentID, site, lat, lon, x, y, grid_row, grid_col, kind`` (passage, fence, place or open), ``passage, design,
        passage_distance_m, opened, fence, along_m, stretch`` (fence and kilometre), ``fence_distance_m, place``, and
        ``control_of``: a passage's id, or ``any`` for a control of all (tags ``role:control`` and ``control_of:PASSAGE``).
    """
    settings, table = data.settings, data.deployments
    inside = check_places(
        table,
        marks.grid,
        data.file_names["deployments"],
        faults,
        leave_out=settings.outside_study == "leave_out",
        link_m=settings.passage_m,
    )
    kept = table[inside].reset_index(drop=True)
    x, y = marks.grid.map_xy(kept["longitude"].to_numpy(float), kept["latitude"].to_numpy(float))
    rows = [
        _linked(one, float(px), float(py), marks, data) for one, px, py in zip(kept.itertuples(), x, y, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    "deploymentID",
    "site",
    "lat",
    "lon",
    "x",
    "y",
    "grid_row",
    "grid_col",
    "kind",
    "passage",
    "design",
    "passage_distance_m",
    "opened",
    "fence",
    "along_m",
    "stretch",
    "fence_distance_m",
    "place",
    "control_of",
]


def _linked(one: Any, x: float, y: float, marks: Landmarks, data: TrapData) -> dict[str, object]:
    lat, lon = one.latitude, one.longitude
    settings, point = data.settings, Point(x, y)
    fine = coarse_m(lat, lon, one.coordinateUncertainty) <= settings.passage_m
    tags = tags_of(one.deploymentTags) | tags_of(one.deploymentGroups)
    control = tags.get("control_of") or ("any" if tags.get("role") == "control" else "")
    passage = min(marks.passages, key=lambda p: np.hypot(p.x - x, p.y - y), default=None)
    passage_m = np.hypot(passage.x - x, passage.y - y) if passage else np.inf
    fence = min(marks.fences, key=lambda f: f.line.distance(point), default=None)
    fence_m = fence.line.distance(point) if fence else np.inf
    place = next((p.id for p in marks.places if shapely.covers(p.geometry, point)), "")
    at_passage = fine and not control and passage_m <= settings.passage_m
    at_fence = fine and not at_passage and not control and fence_m <= settings.fence_m
    near_fence, along_m = at_fence or at_passage, fence.along(point) if fence else np.nan
    row, col = marks.grid.cell_at(x=x, y=y)
    return {
        "deploymentID": one.deploymentID,
        "site": _site(one),
        "lat": lat,
        "lon": lon,
        "x": x,
        "y": y,
        "grid_row": row,
        "grid_col": col,
        "kind": "passage" if at_passage else "fence" if at_fence else "place" if place else "open",
        "passage": passage.id if passage and at_passage else "",
        "design": passage.design if passage and at_passage else "",
        "passage_distance_m": passage_m,
        "opened": passage.opened if passage and at_passage else pd.NaT,
        "fence": fence.id if fence and near_fence else "",
        "along_m": along_m,
        "stretch": f"{fence.id} km {along_m / 1000:.1f}" if fence and near_fence else "",
        "fence_distance_m": fence_m,
        "place": place,
        "control_of": control,
    }


def _site(one: Any) -> str:
    """Where a camera stood: the standard's location, or its coordinates."""
    named = one.locationID or one.locationName
    return str(named) if named else f"{one.latitude:.4f},{one.longitude:.4f}"
