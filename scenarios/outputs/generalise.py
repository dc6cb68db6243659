"""Who may see what: the one place where precision is taken away before anything is written.

Passages, routes and places where animals were recorded guide poachers. Every exporter writes what the run that it is
given holds, and that run says for whom it is:

``restricted``  everything as computed
``partner``     results to 0.01 degree: passages at whole kilometres of fence, routes and outlines rounded, no model of
                passages to try
``public``      the land in cells of ``sensitivity_deg`` of the species (0.1 degree unless its profile says otherwise); how animals
                move in a few classes on cells three times as wide, and only while no opening stands; no passages, no
                routes, no gains along the fence, numbers to two figures

Why nothing once an opening stands: costs, corridors and currents all lead to it, however coarse they are, and two releases
differ where it was opened. What the public then gets depends on no opening, so that releases with other openings are the same
files, byte for byte (``docs/how-to/audiences.md`` has the figures).

Places are moved to a fixed grid of degrees, never by chance: random offsets can be averaged away (Chapman 2020,
doi:10.15468/doc-5jp4-5g10). The same place gives the same answer in every file, so that files cannot be set off against
each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.errors import OptionError
from rasters.fence_cuts import cut_edges
from rasters.fences import CutEdges, Fence
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from scenarios.outputs.audience import FIGURES, PARTNER_DEG, Audience, promised_deg
from scenarios.outputs.release import Release
from scenarios.outputs.tables import lon_lat

if TYPE_CHECKING:
    from scenarios.land.places import FocalPlace
    from scenarios.model.results import SpeciesRun, TracedPath

__all__ = ["cells_within", "generalised", "generalised_ranking", "snapped"]

KM_M = 1000.0
"""A kilometre of fence is what 0.01 degree is on the ground."""
CLASSES = {"cwd": (0.2, 0.4, 0.6, 0.8), "corridor": (0.01, 0.05, 0.2, 0.5), "current_density": (0.5, 0.8, 0.95)}
"""Where the public's classes end, as shares of the area, from low values to high."""
COARSE_ENOUGH = 0.75
"""Cells of at least this share of the audience's cell stay as they are."""
METRES_PER_DEGREE = 111_195.0
WITHHELD = "withheld"
RELIEF = ("elevation_m", "elevation", "dem")


def generalised(run: SpeciesRun, audience: Audience) -> Release:
    """A run with the precision that an audience may have; the only door through which exporters get theirs.

    Raises
    ------
    ConfigError
        The run was generalised before, for an audience that may know less.
    """
    release = run if isinstance(run, Release) else Release.of(run)
    if audience is release.audience:
        return release
    if audience.level < release.audience.level:
        raise OptionError(
            f"--audience {audience}: these results are for {release.audience} already, and what was taken away is gone; "
            "export from the folder of full precision"
        )
    return _for_partner(release) if audience is Audience.PARTNER else _for_public(release)


def _for_partner(run: Release) -> Release:
    changed = _coarse_surfaces(run, PARTNER_DEG) if _is_finer(run.grid, PARTNER_DEG) else {}
    ranking = generalised_ranking(run.ranking, run.cuts.fences, run.grid, Audience.PARTNER)
    return replace(
        run,
        audience=Audience.PARTNER,
        layers=_relief(run),
        model=None,
        places=tuple(_rounded_place(place, run.grid) for place in run.places),
        paths=tuple(_rounded_path(path, run.grid) for path in run.paths),
        profile=_profile_by_km(run.profile),
        ranking=ranking,
        standing=_standing_by_km(run),
        by_place=_by_place(run, ranking),
        **changed,
    )


def _for_public(run: Release) -> Release:
    degrees = run.sensitivity_deg
    return replace(
        run,
        audience=Audience.PUBLIC,
        layers=_relief(run),
        model=None,
        cuts=_rounded_fences(run.cuts, degrees),
        places=tuple(_place_in_cells(place, run.grid, degrees) for place in run.places),
        standing=run.standing.iloc[:0],
        profile=_withheld_profile(_rounded_fences(run.cuts, degrees).fences, run.profile),
        ranking=generalised_ranking(run.ranking, run.cuts.fences, run.grid, Audience.PUBLIC),
        by_place=run.by_place.iloc[:0],
        reports=(),
        seconds={},
        passage_words={},
        **_public_resistance(run, degrees),
        **(_withheld(run) if run.openings_stand else _classed(run)),
    )


def _withheld(run: SpeciesRun) -> dict[str, Any]:
    """What depends on openings, taken away: surfaces without a value, tables without a row."""
    unknown = {name: np.full(run.grid.shape, np.nan) for name in CLASSES}
    return unknown | {"paths": (), "pairs": run.pairs.iloc[:0], "indicators": run.indicators.iloc[:0]}


def _classed(run: SpeciesRun) -> dict[str, Any]:
    """How animals move while no opening stands: classes on the promised cells, numbers to a few figures."""
    cells = cells_within(run.grid, promised_deg(run.sensitivity_deg))
    surfaces = {
        name: _in_classes(_cell_means(getattr(run, name), cells), shares, mean=name == "current_density")
        for name, shares in CLASSES.items()
    }
    paths = tuple(_withheld_path(path) for path in run.paths)
    return surfaces | {"paths": paths, "pairs": _few_figures(run.pairs), "indicators": _few_figures(run.indicators)}


def _public_resistance(run: SpeciesRun, degrees: float) -> dict[str, Any]:
    means = _round(_cell_means(_resistance(run), cells_within(run.grid, degrees)), FIGURES)
    return {"surface": _surface_of(run, means)}


def generalised_ranking(ranking: pd.DataFrame, fences: Iterable[Fence], grid: Grid, audience: Audience) -> pd.DataFrame:
    """A table of candidates for an audience: as it is, by whole kilometres of fence, or without any row.

    Works on the ranking of a species and on that of all species together. For partners a candidate is named after its
    fence and kilometre, and its position is that of the kilometre post, rounded: position, id and kilometre say the same,
    so that together they say no more than one of them.
    """
    if audience is Audience.RESTRICTED:
        return ranking
    if audience is Audience.PUBLIC:
        return ranking.iloc[:0]
    by_id = {fence.id: fence for fence in fences}
    along = np.floor(ranking["along_m"].to_numpy(float) / KM_M) * KM_M
    posts = [by_id[fence].point_at(at) for fence, at in zip(ranking["fence"], along, strict=True)]
    x, y = _snap_xy(grid, np.array([p.x for p in posts]), np.array([p.y for p in posts]), PARTNER_DEG)
    changed = {"candidate": _ids_by_km(ranking, along), "along_m": along, "x": x, "y": y}
    if "lon" in ranking:
        changed["lon"], changed["lat"] = lon_lat(grid, x, y)
    return ranking.assign(**changed)


def _by_place(run: SpeciesRun, ranking: pd.DataFrame) -> pd.DataFrame:
    """Gains of each core and target, with the candidates' names as in the generalised ranking."""
    if not len(run.by_place):
        return run.by_place
    names = dict(zip(run.ranking["candidate"], ranking["candidate"], strict=True))
    return run.by_place.assign(candidate=[names[name] for name in run.by_place["candidate"]])


def _standing_by_km(run: Release) -> pd.DataFrame:
    """The passages that stand, placed as candidates are; where the study asked for them is not told."""
    asked = {"asked_lon_deg": np.nan, "asked_lat_deg": np.nan, "moved_m": np.nan}
    table = run.standing.rename(columns={"opening": "candidate"}).assign(**asked)
    placed = generalised_ranking(table, run.cuts.fences, run.grid, Audience.PARTNER)
    return placed.rename(columns={"candidate": "opening"})


def _ids_by_km(ranking: pd.DataFrame, along: Reals) -> list[str]:
    """``fence-km0370``; several in one kilometre are numbered in the order of their own ids, alike in every table."""
    names = pd.Series(
        [f"{fence}-km{at / KM_M:04.0f}" for fence, at in zip(ranking["fence"], along, strict=True)],
        index=ranking.index,
        dtype=object,
    )
    order = ranking["candidate"].astype(str).argsort(kind="stable")
    number = names.iloc[order].groupby(names.iloc[order], sort=False).cumcount().reindex(names.index)
    return [name if n == 0 else f"{name}-{n + 1}" for name, n in zip(names, number, strict=True)]


def snapped(lon: Any, lat: Any, degrees: float) -> tuple[Reals, Reals]:
    """Positions rounded to the nodes of the fixed grid of ``degrees``; the true place is up to half a cell away."""
    decimals = max(0, int(np.ceil(-np.log10(degrees)))) + 2
    return tuple(np.round(np.round(np.asarray(v, float) / degrees) * degrees, decimals) for v in (lon, lat))  # type: ignore[return-value]


def _snap_xy(grid: Grid, x: Any, y: Any, degrees: float) -> tuple[Reals, Reals]:
    """Map positions moved to the nodes of the grid of degrees."""
    lon, lat = snapped(*lon_lat(grid, x, y), degrees)
    east, north = grid.map_xy(lon, lat)
    return np.asarray(east, float), np.asarray(north, float)


def _relief(run: SpeciesRun) -> dict[str, Any]:
    """The relief is no result and known to all; other layers may come from records."""
    return {name: layer for name, layer in run.layers.items() if name in RELIEF}


def _is_finer(grid: Grid, degrees: float) -> bool:
    return min(grid.cell_width_m, grid.cell_height_m) < COARSE_ENOUGH * degrees * METRES_PER_DEGREE


def cells_within(grid: Grid, degrees: float) -> NDArray[np.int64]:
    """(height, width) number of the fixed cell of ``degrees`` that holds the centre of each cell."""
    return _cells_within(grid, degrees)


@lru_cache(maxsize=4)
def _cells_within(grid: Grid, degrees: float) -> NDArray[np.int64]:
    rows, cols = np.indices(grid.shape)
    lon, lat = grid.lonlat(*grid.xy(rows, cols))
    key = np.floor(lat / degrees).astype(np.int64) * 1_000_000 + np.floor(lon / degrees).astype(np.int64)
    return np.unique(key, return_inverse=True)[1].reshape(grid.shape)


def _coarse_surfaces(run: SpeciesRun, degrees: float) -> dict[str, Any]:
    """The four surfaces as means over the fixed cells, on the run's own grid."""
    cells = cells_within(run.grid, degrees)
    means = {name: _cell_means(getattr(run, name), cells) for name in CLASSES}
    return means | {"surface": _surface_of(run, _cell_means(_resistance(run), cells))}


def _resistance(run: SpeciesRun) -> Reals:
    """(height, width); infinite on barriers, NaN where unknown."""
    surface = run.surface
    return np.where(surface.nodata, np.nan, np.where(surface.barrier, np.inf, surface.values))


def _surface_of(run: SpeciesRun, resistance: Reals) -> ResistanceSurface:
    coarse = ResistanceSurface.from_array(resistance, run.grid, run.surface.name)
    return replace(coarse, assumptions=run.surface.assumptions)


def _in_classes(values: Reals, shares: tuple[float, ...], *, mean: bool) -> Reals:
    """Every finite value as the mean or the highest of its class, rounded; classes end where ``shares`` of the area do."""
    out, finite = values.copy(), np.isfinite(values)
    if finite.any():
        known = values[finite]
        limits = np.unique(np.append(np.quantile(known, shares, method="higher"), known.max()))
        which = np.searchsorted(limits, known)
        shown = np.bincount(which, weights=known) / np.maximum(np.bincount(which), 1) if mean else limits
        out[finite] = _round(shown, FIGURES)[which]
    return out


def _cell_means(values: Reals, cells: NDArray[np.int64]) -> Reals:
    """Mean of the finite values of each fixed cell; unknown or infinite where that is what most of it is."""
    flat, at, n = values.ravel(), cells.ravel(), int(cells.max()) + 1
    finite = np.isfinite(flat)
    total = np.bincount(at, minlength=n)
    known, infinite = np.bincount(at[finite], minlength=n), np.bincount(at[np.isposinf(flat)], minlength=n)
    mean = np.bincount(at[finite], weights=flat[finite], minlength=n) / np.maximum(known, 1)
    mean = np.where(infinite > known, np.inf, mean)
    mean = np.where(2 * (known + infinite) < total, np.nan, mean)
    return mean[cells]


def _round(values: Any, figures: int) -> Reals:
    """To significant figures; infinite and unknown stay."""
    values = np.asarray(values, float)
    out = values.copy()
    real = np.isfinite(values) & (values != 0)
    places = figures - 1 - np.floor(np.log10(np.abs(values[real])))
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    out[real] = np.round(values[real] * up / down) * down / up
    return out


def _few_figures(table: pd.DataFrame) -> pd.DataFrame:
    reals = table.select_dtypes("floating").columns
    return table.assign(**{name: _round(table[name], FIGURES) for name in reals})


def _rounded_path(path: TracedPath, grid: Grid) -> TracedPath:
    if path.x.size == 0:
        return path
    x, y = _snap_xy(grid, path.x, path.y, PARTNER_DEG)
    new = np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))
    return replace(path, x=x[new], y=y[new])


def _withheld_path(path: TracedPath) -> TracedPath:
    """Costs to two figures, no course."""
    cost, length = (float(v) for v in _round([path.cost_m, path.length_m], FIGURES))
    return replace(path, cost_m=cost, length_m=length, x=np.empty(0), y=np.empty(0))


def _rounded_place(place: FocalPlace, grid: Grid) -> FocalPlace:
    """Outline with its vertices on the grid of 0.01 degree."""
    degrees = _to_degrees(place.geometry, grid)
    rounded = shapely.set_precision(degrees, PARTNER_DEG)
    whole = rounded if not rounded.is_empty else _cells_of(degrees, PARTNER_DEG)
    return replace(place, geometry=_to_map(whole, grid))


def _place_in_cells(place: FocalPlace, grid: Grid, degrees: float) -> FocalPlace:
    """The cells of the fixed grid whose centres lie in the place, or the one that holds its middle."""
    return replace(place, geometry=_to_map(_cells_of(_to_degrees(place.geometry, grid), degrees), grid))


def _cells_of(shape: Any, degrees: float) -> Any:
    """Union of the cells of ``degrees`` whose centres lie in a shape given in degrees; never empty."""
    west, south, east, north = shape.bounds
    col = np.arange(np.floor(west / degrees), np.floor(east / degrees) + 1)
    row = np.arange(np.floor(south / degrees), np.floor(north / degrees) + 1)
    cols, rows = (v.ravel() for v in np.meshgrid(col, row))
    inside = shapely.contains_xy(shape, (cols + 0.5) * degrees, (rows + 0.5) * degrees)
    if not inside.any():
        middle = shape.representative_point()
        cols, rows = np.floor(np.array([[middle.x], [middle.y]]) / degrees)
        inside = np.array([True])
    cols, rows = cols[inside], rows[inside]
    cells = shapely.box(cols * degrees, rows * degrees, (cols + 1) * degrees, (rows + 1) * degrees)
    return shapely.union_all(shapely.set_precision(cells, 1e-6))


def _to_degrees(shape: Any, grid: Grid) -> Any:
    return shapely.transform(shape, lambda xy: np.column_stack(lon_lat(grid, xy[:, 0], xy[:, 1])))


def _to_map(shape: Any, grid: Grid) -> Any:
    return shapely.transform(shape, lambda xy: np.column_stack(grid.map_xy(*xy.T)))


def _rounded_fences(cuts: CutEdges, degrees: float) -> CutEdges:
    """Fence lines through the nodes of the grid of degrees, and the edges that those lines cut."""
    return cut_edges([_rounded_fence(fence, cuts.grid, degrees) for fence in cuts.fences], cuts.grid)


def _rounded_fence(fence: Fence, grid: Grid, degrees: float) -> Fence:
    parts = [_rounded_line(shapely.simplify(_to_degrees(part, grid), 0.5 * degrees), degrees) for part in fence.parts]
    kept = [k for k, part in enumerate(parts) if part is not None]
    lines = [parts[k] for k in kept] or [_one_step(_to_degrees(fence.parts[0], grid), degrees)]
    line = lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)
    starts = tuple(fence.starts_m[k] for k in kept or [0]) if fence.starts_m else ()
    return replace(fence, line=_to_map(line, grid), starts_m=starts)


def _rounded_line(line: Any, degrees: float) -> Any:
    """Through the nodes next to the line's vertices; None if that is a single one."""
    lon, lat = shapely.get_coordinates(line).T
    nodes = np.column_stack(snapped(lon, lat, degrees))
    new = np.append(True, (np.diff(nodes, axis=0) != 0).any(axis=1))
    return shapely.LineString(nodes[new]) if new.sum() > 1 else None


def _one_step(line: Any, degrees: float) -> Any:
    """A fence shorter than a cell, as the cell's length eastwards."""
    (lon,), (lat,) = snapped([line.coords[0][0]], [line.coords[0][1]], degrees)
    return shapely.LineString([(lon, lat), (lon + degrees, lat)])


def _profile_by_km(profile: pd.DataFrame) -> pd.DataFrame:
    """The profile in stretches of at least a kilometre, cut at whole ones."""
    lengths = profile["end_m"] - profile["start_m"]
    if not len(profile) or lengths.median() >= KM_M:
        return profile
    km = np.floor((profile["start_m"] + profile["end_m"]) / 2 / KM_M).astype(int)
    rules = {
        name: "sum" if name in ("gain_ohm2", "current_a") else "first" for name in profile.columns if name != "fence"
    }
    merged = profile.groupby(["fence", km], sort=False).agg(rules | {"start_m": "min", "end_m": "max"})
    return merged.reset_index(level=0).reset_index(drop=True)[profile.columns.tolist()]


def _withheld_profile(fences: Iterable[Fence], profile: pd.DataFrame) -> pd.DataFrame:
    """One row per fence, as long as its rounded line, that says that its gains are withheld."""
    rows = [
        {"fence": fence.id, "start_m": fence.start_m, "end_m": fence.end_m, "status": WITHHELD}
        for fence in fences
        if fence.id in set(profile["fence"])
    ]
    reals = {name: "float64" for name in ("start_m", "end_m", "gain_ohm2", "current_a")}
    return pd.DataFrame(rows, columns=profile.columns).astype(reals)
