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
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distances
from connectivity.least_cost.crossings import path_fence_crossings, path_shares, step_costs_m, step_lengths_m
from connectivity.least_cost.diverse_routes import DiversityRules, Route, diverse_routes, overlap_share
from connectivity.least_cost.paths import LeastCostPath
from connectivity.network.barriers import network_barriers
from connectivity.network.corridors import band_around
from connectivity.network.links import CorridorNetwork
from connectivity.network.pinch_points import PinchPoints, corridor_resistance, pinch_points
from connectivity.reduction.reduce import reduce_landscape
from rasters.fences import FenceTerms
from rasters.openings import fence_terms
from scenarios.corridors.network import network_tables
from scenarios.corridors.results import CorridorRoute, SpeciesCorridors, WeakPlace
from scenarios.land.ends import Ends
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import Prepared, study_stencil
from scenarios.model.results import SpeciesRun, TracedPath
from scenarios.model.species_run import Clock, places_of, stated_assumptions, titles_of
from scenarios.model.tables import UNITS
from scenarios.study.schema import CorridorSettings

__all__ = ["Surroundings", "run_corridors"]

Progress = Callable[[str], None]
NO_RANKING = ("rank", "candidate", "fence", "fence_line", "along_m", "x", "y", "score", "selected")
NO_PROFILE = ("fence", "start_m", "end_m", "gain_ohm2", "current_a", "status")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Searches:
    """Distances from every core and target, with the fences (``now``) and without (``free``)."""

    stencil: Stencil
    open_stencil: Stencil
    now: dict[str, CostDistance]
    free: dict[str, CostDistance]

    @classmethod
    def build(cls, prepared: Prepared) -> _Searches:
        context, ends = prepared.context, prepared.ends
        terms = fence_terms(context.inputs.cuts, context.model, prepared.standing)
        stencil = study_stencil(context.resolved, context.surface, terms)
        open_stencil = study_stencil(context.resolved, context.surface, FenceTerms.none())
        regions = [*ends.origins, *ends.targets]
        now = cost_weighted_distances(stencil, regions, threads=2)
        free = cost_weighted_distances(open_stencil, regions, threads=2) if terms.size else now
        return cls(
            stencil=stencil, open_stencil=open_stencil, now={d.source.id: d for d in now},
            free={d.source.id: d for d in free},
        )  # fmt: skip

    def joined(self, source: FocalRegion, target: FocalRegion) -> bool:
        """Whether a way leads from one to the other with the fences as they stand."""
        return math.isfinite(self.now[source.id].to(target))

    def used(self, source: FocalRegion, target: FocalRegion) -> tuple[CostDistance, CostDistance]:
        """Distances from both ends: now, or without fences where they leave no way."""
        found = self.now if self.joined(source, target) else self.free
        return found[source.id], found[target.id]


def run_corridors(prepared: Prepared, around: Surroundings, progress: Progress = lambda _: None) -> SpeciesCorridors:
    """Routes from every core to every target with their alternatives, ranked, and the network of all of them."""
    clock = Clock(progress)
    context, ends = prepared.context, prepared.ends
    settings = context.resolved.study.corridors
    with clock.step("least cost"):
        searches = _Searches.build(prepared)
    with clock.step("alternatives"):
        found = _alternatives(searches, ends, settings)
    with clock.step("currents"):
        described = [_described(route, searches, prepared, around) for route in found]
        routes = _ranked([route for route, _ in described], settings)
        current = _largest([pinch for _, pinch in described], context.surface.grid.shape)
    with clock.step("effective resistance"):
        ohm, open_ohm = _resistances(searches, ends)
    with clock.step("network"):
        tables = network_tables(
            searches.stencil, list(searches.now.values()), ohm, context.inputs.cuts,
            {"reserves": around.reserves, **around.countries}, context.profile.dispersal_km.value * 1000.0,
        )  # fmt: skip
    with clock.step("barriers"):
        barrier = _barrier_score(tables.network, settings)
    return SpeciesCorridors(
        barrier_score=barrier, run=_carrier(prepared, searches, routes, clock), routes=routes, band_current=current,
        pairs=_pairs(searches, ends, routes, ohm, open_ohm), links=tables.links, cores=tables.cores, indices=tables.indices,
    )  # fmt: skip


def _barrier_score(network: CorridorNetwork, settings: CorridorSettings) -> NDArray[np.float64]:
    """(height, width) largest score over links and the radii of at least a cell; 0 where no link is left."""
    grid = network.stencil.surface.grid
    cell_m = max(grid.cell_width_m, grid.cell_height_m)
    radii = [radius for radius in settings.barrier_radii_m if radius >= cell_m] or [cell_m]
    return network_barriers(network, radii).largest if network.kept else np.zeros(grid.shape)


def _alternatives(searches: _Searches, ends: Ends, settings: CorridorSettings) -> list[Route]:
    """Really different routes of every pair that anything but fences leaves a way."""
    rules = DiversityRules(
        most=settings.alternatives, apart_m=settings.apart_m, max_overlap=settings.max_overlap,
        max_stretch=settings.max_stretch,
    )  # fmt: skip
    pairs = [(origin, target) for origin in ends.origins for target in ends.targets]
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = pool.map(lambda pair: diverse_routes(*searches.used(*pair), rules), pairs)
        return [route for routes in found for route in routes]


def _described(
    route: Route, searches: _Searches, prepared: Prepared, around: Surroundings
) -> tuple[CorridorRoute, PinchPoints]:
    """All that is known about one route but its rank."""
    path, context = route.path, prepared.context
    settings = context.resolved.study.corridors
    source, target = (searches.now[end].source for end in (path.source, path.target))
    closed = not searches.joined(source, target)
    ground, _ = step_costs_m(searches.open_stencil, path.rows, path.cols)
    band = band_around(path, settings.band_m, context.surface.passable)
    pinch = pinch_points(
        searches.open_stencil if closed else searches.stencil, source, target, band, method="sparse-direct"
    )
    if closed or not searches.stencil.fence.size:
        open_ohm = pinch.effective_resistance_ohm
    else:
        open_ohm = corridor_resistance(searches.open_stencil, source, target, band, method="sparse-direct")
    described = CorridorRoute(
        id=f"{path.source}--{path.target}-{route.number}", rank=0, number=route.number,
        status="closed" if closed else "reached", path=path, cost_m=math.inf if closed else path.cost_m,
        cost_open_m=float(ground.sum()), pair_cost_open_m=searches.free[path.source].to(target), overlap=route.overlap,
        distinct=0, crossings=path_fence_crossings(path, context.inputs.cuts),
        passes=_passes(path, around.places, settings.near_m),
        share_reserves=path_shares(path, {"in": around.reserves})["in"],
        share_countries=path_shares(path, around.countries),
        resistance_ohm=math.inf if closed else pinch.effective_resistance_ohm,
        resistance_open_ohm=open_ohm, weakest=_weakest(pinch, path, settings.band_m),
    )  # fmt: skip
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


def _resistances(searches: _Searches, ends: Ends) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, n) ohm between cores, then targets, now and without fences: all ways through the whole landscape."""
    found: list[NDArray[np.float64]] = []
    for stencil in (searches.stencil, searches.open_stencil):
        if found and not searches.stencil.fence.size:
            return found[0], found[0]
        network = reduce_landscape(stencil_laplacian(stencil, region=ends.labels), ends.labels > 0)
        nodes = [network.index_of_region(i + 1) for i in range(len(ends.origins) + len(ends.targets))]
        found.append(network.effective_resistances(nodes))
    return found[0], found[1]


def _pairs(
    searches: _Searches,
    ends: Ends,
    routes: Sequence[CorridorRoute],
    ohm: NDArray[np.float64],
    open_ohm: NDArray[np.float64],
) -> pd.DataFrame:
    records = []
    for i, origin in enumerate(ends.origins):
        for j, target in enumerate(ends.targets, start=len(ends.origins)):
            now, free = searches.now[origin.id].to(target), searches.free[origin.id].to(target)
            records.append(
                {
                    "source": origin.id, "target": target.id,
                    "status": "reached" if math.isfinite(now) else "closed" if math.isfinite(free) else "unreachable",
                    "least_cost_m": now, "least_cost_no_fence_m": free, "effective_resistance_ohm": ohm[i, j],
                    "effective_resistance_no_fence_ohm": open_ohm[i, j],
                    "routes": sum((r.source, r.target) == (origin.id, target.id) for r in routes),
                }
            )  # fmt: skip
    return pd.DataFrame.from_records(records)


def _carrier(prepared: Prepared, searches: _Searches, routes: Sequence[CorridorRoute], clock: Clock) -> SpeciesRun:
    """What maps, GeoPackage and manifest need of a run; no candidates and no gain profile."""
    context, ends, inputs = prepared.context, prepared.ends, prepared.context.inputs
    cwd = np.minimum.reduce([searches.now[t.id].cwd for t in ends.targets])
    return SpeciesRun(
        study=context.resolved.study.study, scenario=context.resolved.scenario, species=context.profile.id,
        titles=titles_of(context.resolved, context.profile), grid=inputs.grid, surface=context.surface, cuts=inputs.cuts,
        places=places_of(inputs, ends), cwd=cwd, corridor=_mosaic(searches, ends),
        current_density=np.where(context.surface.nodata, np.nan, 0.0), pairs=pd.DataFrame(),
        paths=tuple(_traced(route) for route in routes if route.distinct), profile=_empty(NO_PROFILE),
        ranking=_empty(NO_RANKING), units=UNITS, assumptions=stated_assumptions(context.resolved, inputs, context.surface),
        layers=inputs.layers, seconds=clock.seconds,
    )  # fmt: skip


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    text = ("candidate", "fence", "fence_line", "status")
    return pd.DataFrame({c: np.empty(0, object if c in text else bool if c == "selected" else float) for c in columns})


def _traced(route: CorridorRoute) -> TracedPath:
    x, y = route.path.xy
    return TracedPath(
        source=route.source, target=route.target, status=route.status, cost_m=route.cost_m, length_m=route.length_m,
        fence_crossings=len(route.crossings), x=x, y=y,
    )  # fmt: skip


def _mosaic(searches: _Searches, ends: Ends) -> NDArray[np.float64]:
    """Least normalised corridor over cores; of cores that the fences shut in, the one there would be without fences."""
    best = np.full(searches.stencil.shape, np.inf)
    for origin in ends.origins:
        joined = any(searches.joined(origin, target) for target in ends.targets)
        found = searches.now if joined else searches.free
        excess = found[origin.id].cwd + np.minimum.reduce([found[t.id].cwd for t in ends.targets])
        least = float(np.nanmin(excess))
        if math.isfinite(least):
            np.fmin(best, np.maximum(excess - least, 0.0), out=best)
    best[searches.stencil.surface.nodata] = np.nan
    return best
