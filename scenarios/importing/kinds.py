"""What each kind of import does with its features: fence lines, reserves, cores, passages."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rasters.errors import DataError, LayerNotFoundError, PlannerWarning
from rasters.fences import Fence
from scenarios.importing.areas import cleaned_areas
from scenarios.importing.features import Feature, require_some_inside
from scenarios.importing.fields import KINDS, slug, text_in
from scenarios.importing.lines import DrawnLine, cleaned_lines, gaps_left
from scenarios.importing.passages import placed_passages
from scenarios.importing.settings import activate_lines, line_values, route_places
from scenarios.importing.storing import Row, ids_of, put
from scenarios.importing.work import ROLES, Work, attributes_of, status_asked, tell_statuses
from scenarios.land.fence_file import read_fences

__all__ = ["TAKEN_IN"]

RESERVE_LAYER = "reserve"


def _fences(work: Work, features: list[Feature]) -> None:
    request, fields = work.request, work.fields
    status, default = status_asked(work), _default_line(work)
    tell_statuses(work, features)
    lines, rows = [], {}
    for one in features:
        line = text_in(fields.value(one.row, "fence_line")) or default
        numbers = {name: fields.value(one.row, name) for name in KINDS["fences"][8:]}
        own = {
            **attributes_of(one, work, status),
            "fence_line": line,
            "country": text_in(fields.value(one.row, "country")),
        }
        own |= {name: value for name, value in numbers.items() if value is not None}
        own["id"] = text_in(fields.value(one.row, "id"))
        rows[one.place] = own
        lines.append(
            DrawnLine(
                shape=one.shape,
                known=tuple(sorted((k, str(v)) for k, v in own.items())),
                line=line,
                places=(one.place,),
            )
        )
    found = cleaned_lines(lines, work.grid, work.account, snap_m=request.snap_m, join="id" not in fields.of)
    if not found:
        raise DataError(f"{request.file}: no line is left that has a length")
    by_line: dict[str, list[dict[str, Any]]] = {}
    for drawn in found:
        for place in drawn.places:
            by_line.setdefault(drawn.line, []).append(rows[place])
    settings = work.resolved.study.fences
    names = {
        "id": settings.id,
        "name": settings.name,
        "fence_line": settings.line,
        "geometry_status": settings.status,
        "country": settings.country,
    }
    table = [({**rows[drawn.places[0]]}, drawn.shape) for drawn in found]
    whole = put(work, ("fences",), settings.file, settings.table, names, table)
    there = {str(line) for line in whole[settings.line]}
    activate_lines(work.resolved, list(by_line), there, work.changes, work.account, active=request.active)
    line_values(work.resolved, by_line, work.origin, work.changes, work.account)
    known = [
        Fence(id=str(i), line=shape, fence_line=str(line))
        for i, line, shape in zip(
            whole[settings.id], whole[settings.line], whole.to_crs(work.grid.pyproj_crs).geometry, strict=True
        )
        if str(line) in by_line
    ]
    gaps_left(known, work.grid, work.account)


def _default_line(work: Work) -> str:
    request = work.request
    if request.fence_line is not None:
        return request.fence_line.strip()
    suggested = slug(request.file.stem) or "fence"
    if "fence_line" in work.fields.of:
        return suggested
    return work.asker.text("Which fence line do they belong to?", suggested, "--fence-line")


def _areas(work: Work, features: list[Feature]) -> None:
    status = status_asked(work)
    tell_statuses(work, features)
    found = cleaned_areas(features, work.account)
    if found:
        found = require_some_inside(found, work.grid, work.account, work.request.file)
    if not found:
        raise DataError(f"{work.request.file}: no area is left; polygons are needed, or closed lines")
    table = [
        ({"id": text_in(work.fields.value(one.row, "id")), **attributes_of(one, work, status)}, one.shape)
        for one in found
    ]
    (_cores if work.request.kind == "cores" else _reserves)(work, found, table)


def _cores(work: Work, found: Sequence[Feature], table: Sequence[Row]) -> None:
    settings = work.resolved.study.regions
    names = {"id": settings.id, "name": settings.name, "geometry_status": settings.status}
    whole = put(work, ("regions",), settings.file, settings.table, names, table)
    roles: dict[str, list[str]] = {}
    for one, name in zip(found, ids_of(whole, settings.id, [shape for _, shape in table], work), strict=True):
        role = text_in(work.fields.value(one.row, "role")).casefold() or work.request.role
        if name and role in ROLES:
            roles.setdefault(role, []).append(name)
    route_places(work.resolved, roles, {str(i) for i in whole[settings.id]}, work.changes, work.account)


def _reserves(work: Work, found: Sequence[Feature], table: Sequence[Row]) -> None:
    burnt = {name: one for name, one in work.resolved.study.layers.items() if one.derive == "burn" and one.file}
    name = next((name for name in burnt if RESERVE_LAYER in name), None)
    if name is None:
        put(work, ("layers", RESERVE_LAYER), "data/reserves.gpkg", None, {}, table)
        work.changes.values["layers", RESERVE_LAYER] = {"derive": "burn", "file": "data/reserves.gpkg"}
        work.account.tell("came in", None, f"layer {RESERVE_LAYER}", "no species has a rule or factor for it yet")
        return
    layer = burnt[name]
    assert layer.file is not None
    where = {column: values[0] for column, values in (layer.where or {}).items()}
    regions = work.resolved.study.regions
    same = regions.file == layer.file and (regions.table or layer.table) == layer.table
    names = {"id": regions.id, "name": regions.name, "geometry_status": regions.status} if same else {}
    put(work, ("layers", name), layer.file, layer.table, names, [({**row, **where}, shape) for row, shape in table])


def _passages(work: Work, features: list[Feature]) -> None:
    request = work.request
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        try:
            fences = read_fences(work.resolved, work.grid)
        except LayerNotFoundError:
            fences = ()
    placed = placed_passages(
        features,
        work.fields,
        work.resolved,
        fences,
        work.grid,
        work.asker,
        work.account,
        design=request.design,
        state=request.state,
        fence_line=request.fence_line,
    )
    if placed.openings:
        work.changes.items["openings",] = [*placed.openings]
    if placed.points:
        work.changes.items["candidates", "points"] = [*placed.points]
    work.ids = placed.ids


TAKEN_IN: Mapping[str, Callable[[Work, list[Feature]], None]] = {
    "fences": _fences,
    "passages": _passages,
    "reserves": _areas,
    "cores": _areas,
}
"""Kind -> what is done with the features that are left of the file."""
