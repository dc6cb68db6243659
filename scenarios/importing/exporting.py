"""`otkel export study`: fences, passages, reserves and cores of a study, or of results, as files that `otkel import` takes back."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rasters.errors import DataError, LayerNotFoundError, OptionError, PlannerWarning
from rasters.files.confined import confined
from rasters.files.vectors import read_vectors
from rasters.files.writing import replacing
from rasters.plain import unknown
from scenarios.importing.fields import KINDS
from scenarios.land.fence_file import read_fences
from scenarios.land.inputs import read_places, study_grid
from scenarios.outputs.folder import ANOTHER, MARKER, made_folder
from scenarios.outputs.job import Summary
from scenarios.outputs.stored import read_results
from scenarios.study.load import ResolvedStudy, resolve

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["FORMATS", "export_study"]

FORMATS = ("geopackage", "geojson", "kml", "gpx", "shapefile")
SUFFIX = {"geopackage": "gpkg", "geojson": "geojson", "kml": "kml", "gpx": "gpx", "shapefile": "shp"}
DRIVER = {
    "geopackage": "GPKG",
    "geojson": "GeoJSON",
    "kml": "LIBKML",
    "gpx": "GPX",
    "shapefile": "ESRI Shapefile",
}
TOGETHER = ("geopackage", "kml")
"""Formats with all kinds in one file, a layer for each."""
SHORT = {"geometry_status": "geom_stat"}
"""Names of attributes in Shapefiles, which have ten letters."""
SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
OPTIONS: dict[str, dict[str, Any]] = {
    "geojson": {"layer_options": {"RFC7946": "YES", "COORDINATE_PRECISION": "9"}},
    "gpx": {"dataset_options": {"GPX_USE_EXTENSIONS": "YES"}},
    "shapefile": {"encoding": "UTF-8"},
}
Frames = dict[str, "gpd.GeoDataFrame"]


def export_study(
    source: str, to: str, out: Path, *, kinds: Sequence[str] = (), scenario: str | None = None
) -> Summary[tuple[Path, ...]]:
    """Write what a study, or a folder of results, has of some kinds, at full precision.

    Parameters
    ----------
    source : str
        A study, or a folder of `otkel run`, whose fences are those that stand and whose passages all that stand.
    to : str
        One of `FORMATS`.
    kinds : sequence of str
        Of ``fences``, ``passages``, ``reserves`` and ``cores``; by default all that there are.
    scenario : str, optional
        Default: the first.

    Raises
    ------
    OptionError
        An unknown format, kind or scenario.
    DataError
        None of the kinds is there.
    """
    start = time.perf_counter()
    for option, given, known in (("--to", [to], FORMATS), ("--only", kinds, tuple(KINDS))):
        for one in given:
            if one not in known:
                raise OptionError(f"{option}: {unknown('format' if option == '--to' else 'kind', one, known)}")
    name, frames, notes = (
        _of_results(source, scenario) if (Path(source) / MARKER).is_file() else _of_study(source, scenario)
    )
    chosen = {kind: frame for kind, frame in frames.items() if len(frame) and (not kinds or kind in kinds)}
    if not chosen:
        raise DataError(f"{source}: has none of {', '.join(kinds or KINDS)}")
    made_folder(out, ANOTHER)
    files = _written(out, name, to, chosen)
    counts = {kind: len(frame) for kind, frame in chosen.items()}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return Summary(
        folder=out,
        found=files,
        seconds=time.perf_counter() - start,
        rows={"files": [str(path) for path in files], "features": counts},
        notes=[*map(str, files), *notes, f"{said}; full precision: for yourself and those who may have the study"],
    )


def _of_study(source: str, scenario: str | None) -> tuple[str, Frames, list[str]]:
    resolved = resolve(source, scenario)
    grid, frames, notes = study_grid(resolved), Frames(), list[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        readers: Mapping[str, Callable[[], Any]] = {
            "fences": lambda: _fences(resolved, read_fences(resolved, grid), grid.pyproj_crs),
            "passages": lambda: _passages(resolved, grid, notes),
            "reserves": lambda: _reserves(resolved, grid),
            "cores": lambda: _places(read_places(resolved, grid).values(), resolved, grid.pyproj_crs),
        }
        for kind, read in readers.items():
            try:
                frames[kind] = read()
            except LayerNotFoundError as error:
                notes.append(f"{kind}: left out; {error}")
    return resolved.study.study, frames, notes


def _of_results(source: str, scenario: str | None) -> tuple[str, Frames, list[str]]:
    results = read_results(source)
    if scenario is not None and scenario not in results.scenarios:
        raise OptionError(f"--scenario: {unknown('scenario', scenario, results.scenarios)}")
    key = next(key for key in results.keys if scenario in (None, key[0]))
    runs = [results.run(*one) for one in results.keys if one[0] == key[0]]
    run, crs = runs[0], runs[0].grid.pyproj_crs
    places = {place.id: place for one in runs for place in one.places}
    rows = [
        {
            "id": row["opening"],
            "name": row["name"],
            "state": row["state"],
            "fence_line": row["fence_line"],
            "design": row["design"],
            "width_m": row["width_m"],
            "at": (row["x"], row["y"]),
        }
        for row in run.standing.to_dict("records")
        if row["design"]
    ]
    frames = {
        "fences": _fences(None, run.cuts.fences, crs),
        "passages": _frame(rows, [shapely.Point(row.pop("at")) for row in rows], crs),
        "cores": _places(places.values(), None, crs),
    }
    return f"{results.study}_{key[0]}", frames, ["reserves: left out; results do not have them"]


def _frame(rows: Sequence[Mapping[str, Any]], shapes: Sequence[Any], crs: Any) -> gpd.GeoDataFrame:
    """Attributes that any feature has."""
    import geopandas as gpd

    frame = gpd.GeoDataFrame([*rows], geometry=[*shapes], crs=crs)
    empty = [c for c in frame.columns.drop("geometry") if not any(_is_said(value) for value in frame[c])]
    return frame.drop(columns=empty)


def _is_said(value: Any) -> bool:
    return value is not None and value == value and value != ""


def _fences(resolved: ResolvedStudy | None, fences: Sequence[Any], crs: Any) -> gpd.GeoDataFrame:
    """As they are read: each line in order; with the wires of their line."""
    wires = {} if resolved is None else resolved.study.fences.wires
    rows = [
        {
            "id": one.id,
            "name": one.name,
            **{f"name_{lang}": text for lang, text in one.names},
            "fence_line": one.fence_line,
            "country": one.country,
            "geometry_status": one.geometry_status,
            **({} if one.fence_line not in wires else _built(wires[one.fence_line])),
        }
        for one in fences
    ]
    return _frame(rows, [one.line for one in fences], crs)


def _built(wires: Any) -> dict[str, Any]:
    return {"top_m": wires.top_m, "strands": wires.strands, "bottom_m": wires.bottom_m}


def _places(places: Any, resolved: ResolvedStudy | None, crs: Any) -> gpd.GeoDataFrame:
    """With their role, where it is the same for every species."""
    found, routes = list(places), [] if resolved is None else list(resolved.study.routes.values())
    rows = []
    for one in found:
        roles = {"from" for r in routes if one.id in r.origin} | {"to" for r in routes if one.id in r.targets}
        role = one.role if resolved is None else roles.pop() if len(roles) == 1 else ""
        names = {f"name_{lang}": text for lang, text in one.names.items() if lang != "en"}
        rows.append({"id": one.id, "name": one.name, **names, "geometry_status": one.geometry_status, "role": role})
    return _frame(rows, [one.geometry for one in found], crs)


def _passages(resolved: ResolvedStudy, grid: Any, notes: list[str]) -> gpd.GeoDataFrame:
    """Openings and candidates with a place of their own."""
    study, rows, spots = resolved.study, list[dict[str, Any]](), list[tuple[float, float]]()
    for rule in study.openings:
        if rule.lon is None or rule.lat is None:
            notes.append(f"passages: {rule.id} is a rule, not a place; results of `otkel run` have its places")
            continue
        row = {key: getattr(rule, key) for key in ("id", "name", "name_ru", "name_kk", "state", "fence_line", "design")}
        rows.append({**row, "width_m": rule.width_m, "opened": rule.opened})
        spots.append((rule.lon, rule.lat))
    for point in study.candidates.points:
        design = point.design or study.candidates.design
        rows.append({"id": point.id, "state": "proposed", "design": design, "width_m": point.width_m})
        spots.append((point.lon, point.lat))
    return _frame(rows, [shapely.Point(grid.map_xy(*spot)) for spot in spots], grid.pyproj_crs)


def _reserves(resolved: ResolvedStudy, grid: Any) -> gpd.GeoDataFrame:
    """Features of the layer `reserve`, or of one that is called like it."""
    layer = next((one for name, one in resolved.study.layers.items() if "reserve" in name and one.file), None)
    if layer is None or layer.file is None:
        raise LayerNotFoundError("the study has no layer of them")
    frame = read_vectors(resolved.file(layer.file), layer.table, grid)
    for column, values in (layer.where or {}).items():
        frame = frame[frame[column].astype(str).isin(values)]
    regions = resolved.study.regions
    names = {regions.id: "id", regions.name: "name", regions.status: "geometry_status"}
    frame = frame.rename(columns={old: new for old, new in names.items() if old in frame and new not in frame})
    kept = [name for name in KINDS["reserves"] if name in frame]
    return _frame(frame[kept].to_dict("records"), list(frame.geometry), grid.pyproj_crs)


def _written(out: Path, name: str, to: str, frames: Frames) -> tuple[Path, ...]:
    """One file for all kinds, or one for each."""
    if to in TOGETHER:
        path = confined(out, f"{name}.{SUFFIX[to]}")
        _write(path, to, {kind: _shaped(frame, to) for kind, frame in frames.items()})
        return (path,)
    paths = {kind: confined(out, f"{name}_{kind}.{SUFFIX[to]}") for kind in frames}
    for kind, path in paths.items():
        layer = ("waypoints" if kind == "passages" else "tracks") if to == "gpx" else path.stem
        _write(path, to, {layer: _shaped(frames[kind], to)})
    return tuple(paths.values())


def _shaped(frame: gpd.GeoDataFrame, to: str) -> gpd.GeoDataFrame:
    """As the format has it: degrees, names of ten letters, outlines as tracks."""
    if to in ("geojson", "kml", "gpx"):
        frame = frame.to_crs("EPSG:4326")
    if to == "shapefile":
        frame = frame.rename(columns=SHORT)
    if to == "gpx":
        tracks = frame.geom_type.isin(["Polygon", "MultiPolygon", "LineString", "MultiLineString"])
        if tracks.any():
            frame = frame.set_geometry([_track(shape) for shape in frame.geometry])
    return frame


def _track(shape: Any) -> shapely.MultiLineString:
    """Each part, or each ring, as a segment."""
    if "Polygon" in shape.geom_type:
        rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
        return shapely.MultiLineString([shapely.LineString(ring.coords) for ring in rings])
    return shapely.MultiLineString(shapely.get_parts(shape).tolist())


def _write(path: Path, to: str, layers: Frames) -> None:
    import pyogrio

    with replacing(path) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drivers, about names that are as they should be
        for number, (layer, frame) in enumerate(layers.items()):
            more = {"append": True} if number and to != "geopackage" else {}
            plain = frame.replace({np.nan: None}) if to in ("gpx", "kml") else frame
            pyogrio.write_dataframe(plain, part, layer=layer, driver=DRIVER[to], **more, **OPTIONS.get(to, {}))
        if to == "shapefile":
            for suffix in SHAPEFILE_PARTS:
                if part.with_suffix(suffix).is_file():
                    part.with_suffix(suffix).replace(path.with_suffix(suffix))
