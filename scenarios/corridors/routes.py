"""Every corridor of one species from its cores to its targets, with alternatives, ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import distance as distance_between
from shapely.geometry import LineString

from connectivity.focal import FocalRegion
from connectivity.least_cost.corridors import band_around, corridor, corridor_mosaic
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.least_cost.crossings import path_fence_crossings, path_shares, step_costs_m, step_lengths_m
from connectivity.least_cost.diverse_routes import DiversityRules, Route, diverse_routes, overlap_share
from connectivity.least_cost.paths import LeastCostPath
from connectivity.network.barriers import network_barriers
from connectivity.network.indices import DispersalKernel
from connectivity.network.links import CorridorNetwork
from connectivity.network.pinch_points import PinchPoints, corridor_resistance, pinch_points
from rasters.errors import ConfigError
from scenarios.corridors.network import network_tables
from scenarios.corridors.results import CorridorRoute, SpeciesCorridors, WeakPlace
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import Prepared
from scenarios.model.ground import ground_of
from scenarios.model.landscape import Landscape
from scenarios.model.species_run import Clock
from scenarios.model.valuation import dispersal_kernel, equivalent_area_km2
from scenarios.study.schema import CorridorSettings

__all__ = ["Surroundings", "run_corridors"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What routes pass through, on the study's grid.

    Parameters
    ----------
    reserves : (height, width) bool
    countries : dict of str to (height, width) bool
        Empty where the study has none.
    places : tuple of FocalPlace
        Every place that a route may be said to pass.
    """

    reserves: NDArray[np.bool_]
    countries: dict[str, NDArray[np.bool_]]
    places: tuple[FocalPlace, ...]


def _joined(land: Landscape, source: FocalRegion, target: FocalRegion) -> bool:
    """Whether a route leads from one to the other with the fences as they stand."""
    return math.isfinite(land.cwd(source).to(target))


def _used(land: Landscape, source: FocalRegion, target: FocalRegion) -> tuple[CostDistance, CostDistance]:
    """Distances from both ends: now, or without fences where they leave no route."""
    fences = _joined(land, source, target)
    return land.cwd(source, fences=fences), land.cwd(target, fences=fences)


def _require_near_steps(prepared: Prepared) -> None:
    """Alternatives and weakest places are told by steps to neighbours."""
    far = prepared.resolved.study.solver.neighbours_least_cost
    if far is not None:
        raise ConfigError(
            f"{prepared.resolved.path}: solver.neighbours_least_cost: {far} is not for `otkel corridors`, whose routes go from "
            "neighbour to neighbour; leave it out, or add --set solver.neighbours_least_cost=null"
        )


def run_corridors(prepared: Prepared, around: Surroundings, progress: Progress = lambda _: None) -> SpeciesCorridors:
    """Routes from every core to every target with their alternatives, ranked, and the network of all of them."""
    _require_near_steps(prepared)
    clock, land = Clock(progress), Landscape(prepared)
    settings = land.study.corridors
    with clock.step("least cost"):
        now = land.cwds(land.regions)
        land.cwds(land.regions, fences=False)
    with clock.step("alternatives"):
        found = _alternatives(land, settings)
    with clock.step("currents"):
        described = [_described(route, land, around) for route in found]
        routes = _ranked([route for route, _ in described], settings)
        current = _largest([pinch for _, pinch in described], land.surface.grid.shape)
    with clock.step("effective resistance"):
        ohm, open_ohm = land.resistances(), land.resistances(fences=False)
    with clock.step("network"):
        kernel = dispersal_kernel(land)
        through = {"reserves": around.reserves, **around.countries}
        tables = network_tables(land.stencil(), now, ohm, land.cuts, through, kernel)
    with clock.step("barriers"):
        barrier = _barrier_score(tables.network, settings)
    ground = replace(ground_of(prepared), seconds=clock.seconds)
    return SpeciesCorridors(
        barrier_score=barrier,
        ground=ground,
        corridor=_mosaic(land),
        routes=routes,
        band_current=current,
        pairs=_pairs(land, routes, ohm, open_ohm),
        links=tables.links,
        cores=tables.cores,
        indices=_indices(land, kernel),
    )


def _indices(land: Landscape, kernel: DispersalKernel | None) -> dict[str, float]:
    """Figures of the whole network; no area where no target is reached even without fences."""
    stated = {"dispersal_m": land.prepared.profile.dispersal_km.value * 1000.0}
    if kernel is None:
        return stated | {"dispersal_effective_m": math.nan}
    return stated | {"dispersal_effective_m": kernel.distance_m, "eca_km2": equivalent_area_km2(land, kernel)}


def _barrier_score(network: CorridorNetwork, settings: CorridorSettings) -> NDArray[np.float64]:
    """(height, width) largest score over links and the radii of at least a cell; 0 where no link is left."""
    grid = network.stencil.surface.grid
    cell_m = max(grid.cell_width_m, grid.cell_height_m)
    radii = [radius for radius in settings.barrier_radii_m if radius >= cell_m] or [cell_m]
    return network_barriers(network, radii).largest if network.kept else np.zeros(grid.shape)


def _alternatives(land: Landscape, settings: CorridorSettings) -> list[Route]:
    """Really different routes of every pair that anything but fences leaves a route."""
    rules = DiversityRules(
        most=settings.alternatives,
        apart_m=settings.apart_m,
        max_overlap=settings.max_overlap,
        max_stretch=settings.max_stretch,
    )
    pairs = [(origin, target) for origin in land.ends.origins for target in land.ends.targets]
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = pool.map(lambda pair: diverse_routes(*_used(land, *pair), rules), pairs)
        return [route for routes in found for route in routes]


def _described(route: Route, land: Landscape, around: Surroundings) -> tuple[CorridorRoute, PinchPoints]:
    """All that is known about one route but its rank."""
    path, settings, region = route.path, land.study.corridors, {one.id: one for one in land.regions}
    source, target = region[path.source], region[path.target]
    closed = not _joined(land, source, target)
    ground, _ = step_costs_m(land.stencil(fences=False), path.rows, path.cols)
    band = band_around(path, settings.band_m, land.surface.passable)
    pinch = pinch_points(land.stencil(fences=not closed), source, target, band, method="sparse-direct")
    if closed or not land.fenced:
        open_ohm = pinch.effective_resistance_ohm
    else:
        open_ohm = corridor_resistance(land.stencil(fences=False), source, target, band, method="sparse-direct")
    described = CorridorRoute(
        id=f"{path.source}--{path.target}-{route.number}",
        rank=0,
        number=route.number,
        status="closed" if closed else "reached",
        path=path,
        cost_m=math.inf if closed else path.cost_m,
        cost_open_m=float(ground.sum()),
        pair_cost_open_m=land.cwd(source, fences=False).to(target),
        overlap=route.overlap,
        distinct=0,
        crossings=path_fence_crossings(path, land.cuts),
        passes=_passes(path, around.places, settings.near_m),
        share_reserves=path_shares(path, {"in": around.reserves})["in"],
        share_countries=path_shares(path, around.countries),
        resistance_ohm=math.inf if closed else pinch.effective_resistance_ohm,
        resistance_open_ohm=open_ohm,
        weakest=_weakest(pinch, path, settings.band_m),
    )
    return described, pinch


def _passes(path: LeastCostPath, places: Sequence[FocalPlace], near_m: float) -> tuple[str, ...]:
    """Names of the places near a path besides its ends, in the order in which it comes by."""
    if path.rows.size < 2:
        return ()
    line = LineString(np.column_stack(path.xy))
    near = [
        place
        for place in places
        if place.id not in (path.source, path.target) and distance_between(line, place.geometry) <= near_m
    ]
    return tuple(place.name for place in sorted(near, key=lambda p: (line.project(p.geometry.centroid), p.id)))


def _weakest(pinch: PinchPoints, path: LeastCostPath, band_m: float) -> WeakPlace | None:
    """The cell that carries most, away from both ends, and the nearest place of the route."""
    grid = path.grid
    rows, cols = np.mgrid[pinch.window.slices]
    x, y = grid.xy(rows, cols)
    path_x, path_y = path.xy
    away = np.ones(x.shape, bool)
    for end in (0, -1):
        away &= np.hypot(x - path_x[end], y - path_y[end]) > band_m / 2
    row, col, share = pinch.tightest(pinch.window.spread(away, grid).astype(bool))
    if row < 0:
        return None
    at_x, at_y = (float(v) for v in grid.xy(row, col))
    nearest = int(np.argmin(np.hypot(path_x - at_x, path_y - at_y)))
    return WeakPlace(x=at_x, y=at_y, path_m=float(step_lengths_m(path)[:nearest].sum()), share=share)


def _ranked(routes: Sequence[CorridorRoute], settings: CorridorSettings) -> tuple[CorridorRoute, ...]:
    """By cost now, cost with the fences open, id; those that differ from all cheaper ones listed are numbered."""
    out: list[CorridorRoute] = []
    listed: list[LeastCostPath] = []
    order = sorted(routes, key=lambda r: (r.cost_m, r.cost_open_m, r.id))
    for rank, route in enumerate(order, start=1):
        room = len(listed) < settings.shortlist
        differs = room and overlap_share(route.path, listed, settings.apart_m) <= settings.max_overlap
        if differs:
            listed.append(route.path)
        out.append(replace(route, rank=rank, distinct=len(listed) if differs else 0))
    return tuple(out)


def _largest(pinches: Sequence[PinchPoints], shape: tuple[int, int]) -> NDArray[np.float64]:
    """(height, width) largest current of any band [A]."""
    out = np.zeros(shape)
    for pinch in pinches:
        part = out[pinch.window.slices]
        np.maximum(part, np.where(pinch.corridor, pinch.current, 0.0), out=part)
    return out


def _pairs(
    land: Landscape,
    routes: Sequence[CorridorRoute],
    ohm: NDArray[np.float64],
    open_ohm: NDArray[np.float64],
) -> pd.DataFrame:
    records, ends = [], land.ends
    for i, origin in enumerate(ends.origins):
        for j, target in enumerate(ends.targets, start=len(ends.origins)):
            now, free = land.cwd(origin).to(target), land.cwd(origin, fences=False).to(target)
            records.append(
                {
                    "source": origin.id,
                    "target": target.id,
                    "status": "reached" if math.isfinite(now) else "closed" if math.isfinite(free) else "unreachable",
                    "least_cost_m": now,
                    "least_cost_no_fence_m": free,
                    "effective_resistance_ohm": ohm[i, j],
                    "effective_resistance_no_fence_ohm": open_ohm[i, j],
                    "routes": sum((r.source, r.target) == (origin.id, target.id) for r in routes),
                }
            )
    return pd.DataFrame.from_records(records)


def _mosaic(land: Landscape) -> NDArray[np.float64]:
    """Least normalised corridor over cores; of cores that the fences shut in, the one there would be without fences."""
    corridors = []
    for origin in land.ends.origins:
        fences = any(_joined(land, origin, target) for target in land.ends.targets)
        corridors.append(corridor(land.cwd(origin, fences=fences), land.cwd(land.ends.any_target, fences=fences)))
    return corridor_mosaic(corridors).excess_m
