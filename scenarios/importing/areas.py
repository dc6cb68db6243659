"""Reserves and cores as people draw them: closed lines, rings that cross themselves, drawn twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from scenarios.importing.account import Account, some
from scenarios.importing.features import LINES, Feature
from scenarios.importing.lines import geometry_key

__all__ = ["cleaned_areas"]

LEAST_M2 = 1.0
"""Smaller ones are no areas [m2]."""
CLOSED_M = 0.01
"""Ends of a closed line are at most this far apart [m]."""


def cleaned_areas(features: Sequence[Feature], account: Account) -> list[Feature]:
    """Valid polygons, each once; closed lines are taken for their outline."""
    closed = [one for one in features if one.shape.geom_type in LINES]
    outlined = {id(one): _enclosed(one.shape) for one in closed}
    opened = [one.place for one in closed if outlined[id(one)] is None]
    account.tell("left out", len(opened), "lines that are not closed", some(opened))
    account.tell("corrected", len(closed) - len(opened), "closed lines taken for outlines")
    areas = []
    for one in features:
        outline = outlined.get(id(one), one.shape)
        if outline is not None:
            areas.append(replace(one, shape=outline))
    return _once(_valid(areas, account), account)


def _enclosed(shape: BaseGeometry) -> BaseGeometry | None:
    """What closed lines enclose, a ring within another being a hole; None where one is not closed."""
    rings = [shapely.get_coordinates(part) for part in shapely.get_parts(shape)]
    if not all(len(xy) > 3 and np.hypot(*(xy[0] - xy[-1])) <= CLOSED_M for xy in rings):
        return None
    polygons = [Polygon(np.vstack([xy[:-1], xy[:1]])) for xy in rings]
    whole: BaseGeometry = Polygon()
    for polygon in sorted(polygons, key=lambda one: -one.area):
        whole = whole.symmetric_difference(shapely.make_valid(polygon))
    return whole


def _valid(features: Sequence[Feature], account: Account) -> list[Feature]:
    found, corrected, empty = [], [], []
    for one in features:
        shape = one.shape if one.shape.is_valid else shapely.make_valid(one.shape)
        parts = [part for part in _polygons(shape) if part.area > LEAST_M2]
        if not parts:
            empty.append(one.place)
            continue
        if not one.shape.is_valid:
            corrected.append(f"{one.place} ({shapely.is_valid_reason(one.shape).partition('[')[0].strip().lower()})")
        found.append(replace(one, shape=parts[0] if len(parts) == 1 else MultiPolygon(parts)))
    account.tell("corrected", len(corrected), "outlines that were not valid", some(corrected))
    account.tell("left out", len(empty), "outlines without an area", some(empty))
    return found


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    parts = shapely.get_parts(shape).tolist()
    return [
        one
        for part in parts
        for one in (shapely.get_parts(part) if "Multi" in part.geom_type else [part])
        if one.geom_type == "Polygon"
    ]


def _once(features: Sequence[Feature], account: Account) -> list[Feature]:
    seen: set[bytes] = set()
    found: list[Feature] = []
    twice: list[Feature] = []
    for one in features:
        key = geometry_key(one.shape)
        (twice if key in seen else found).append(one)
        seen.add(key)
    account.tell("left out", len(twice), "drawn twice", some([one.place for one in twice]))
    return found
