"""Features into a file of the study: with ids that nobody has, and without those that are there already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry.base import BaseGeometry

from scenarios.importing.account import some
from scenarios.importing.fields import slug
from scenarios.importing.lines import geometry_key
from scenarios.importing.work import Work
from scenarios.importing.writing import extended, joined_frames, stored_features, write_features

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Row", "ids_of", "put"]

SAME_M = 0.05
"""Shapes that differ less than this everywhere are the same [m]."""
Row = tuple[dict[str, Any], BaseGeometry]
"""What is kept of a feature, by our names, and its shape on the grid."""


def put(
    work: Work,
    key: tuple[str, ...],
    name: str,
    table: str | None,
    names: Mapping[str, str],
    features: Sequence[Row],
) -> gpd.GeoDataFrame:
    """Adds features to a file of the study; what the file will hold, in its own system."""
    import geopandas as gpd

    path = work.resolved.file(name)
    stored = stored_features(path, table)
    old = None if stored is None else stored[0]
    layer = table or (stored[1] if stored else key[-1])
    column = names.get("id", "id")
    fresh, old = _numbered(work, features, old, column)
    rows = [{names.get(k, k): v for k, v in row.items()} for row, _ in fresh]
    new = gpd.GeoDataFrame(rows, geometry=[shape for _, shape in fresh], crs=work.grid.pyproj_crs)
    whole = joined_frames(old, new) if fresh else old
    assert whole is not None
    for own in names.values():
        if own not in whole.columns:
            whole[own] = None
    work.ids = tuple(str(row[column]) for row in rows)
    work.account.tell("came in", len(fresh), work.request.kind, some([str(i) for i in work.ids]))
    if fresh:
        target = path if extended(path) else path.with_name(f"{path.stem}.gpkg")
        if target != path:
            work.changes.values[*key, "file"] = target.relative_to(work.resolved.folder).as_posix()
            work.changes.values[*key, "table"] = layer
            work.account.tell("look at", None, f"{name} is not extended", f"all its features are in {target.name} now")
        work.files[target] = partial(write_features, before=path, layer=layer, frame=whole)
    return whole


def _numbered(
    work: Work, features: Sequence[Row], old: gpd.GeoDataFrame | None, column: str
) -> tuple[list[Row], gpd.GeoDataFrame | None]:
    """Features with ids that nobody has, those that the study has already left out."""
    taken = {} if old is None or column not in old else {str(i): k for k, i in zip(old.index, old[column], strict=True)}
    shapes = [] if old is None or not len(old) else list(old.to_crs(work.grid.pyproj_crs).geometry)
    tree = shapely.STRtree(shapes)
    fresh: list[Row] = []
    known: list[str] = []
    clash: list[str] = []
    again: list[str] = []
    replaced: list[str] = []
    ids = set(taken)
    for row, shape in features:
        said = row.get("id", "")
        if said and said in taken and work.request.replace:
            replaced.append(said)
            fresh.append((row, shape))
            continue
        if any(_same(shape, shapes[int(k)]) for k in tree.query(shape)):
            known.append(said or row.get("name", "") or str(len(known) + 1))
            continue
        if said and said in taken:
            clash.append(said)
            continue
        name = _id(row, shape, ids, work.request.kind)
        if said and name != said:
            again.append(f"{said} -> {name}")
        ids.add(name)
        fresh.append(({**row, "id": name}, shape))
    account = work.account
    account.tell("left out", len(known), "in the study already", some(known))
    account.tell(
        "left out", len(clash), "with an id of another feature of the study (--replace takes the new one)", some(clash)
    )
    account.tell("corrected", len(again), "ids given twice, numbered", some(again))
    account.tell("corrected", len(replaced), "features of the study replaced", some(replaced))
    if replaced and old is not None:
        old = old[~old[column].astype(str).isin(replaced)]
    return fresh, old


def _same(one: BaseGeometry, other: BaseGeometry | None) -> bool:
    if other is None or abs(one.length - other.length) > max(SAME_M, 1e-6 * one.length):
        return False
    return bool(one.hausdorff_distance(other) <= SAME_M)


def _id(row: Mapping[str, Any], shape: BaseGeometry, taken: set[str], kind: str) -> str:
    """As the file says; else after the name; else after the shape: the same whenever the same file comes in."""
    said = str(row.get("id", ""))
    if said:
        return (
            said
            if said not in taken
            else next(f"{said}_{n}" for n in range(2, len(taken) + 3) if f"{said}_{n}" not in taken)
        )
    if name := slug(str(row.get("name", "")), taken):
        return name
    base = slug(str(row.get("fence_line", ""))) or kind.removesuffix("s")
    return slug(f"{base}_{hashlib.sha256(geometry_key(shape)).hexdigest()[:6]}", taken)


def ids_of(whole: gpd.GeoDataFrame, column: str, shapes: Sequence[BaseGeometry], work: Work) -> list[str]:
    """Ids that shapes have in the study."""
    there = whole.to_crs(work.grid.pyproj_crs).geometry.to_numpy()
    tree = shapely.STRtree(there)
    found = [next((int(k) for k in tree.query(shape) if _same(shape, there[k])), None) for shape in shapes]
    return ["" if k is None else str(whole[column].iloc[k]) for k in found]
