"""Several routes between two cores that are really different, not one route in several wordings.

The cheapest route comes first. For each further one the ground near the routes found so far is made dearer, until the cheapest
route over it keeps clear of them for a stated share of its length (the penalty method: Chen, Bell and Bogenberger 2007, IEEE
Trans. Intelligent Transportation Systems 8:14). What the route costs is then counted on the true ground again. How much of it
still runs near better routes is its *overlap*, and is part of the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import Stencil
from connectivity.landscape.windows import Window, crop_region, crop_stencil, window_of
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distance
from connectivity.least_cost.crossings import step_costs_m, step_lengths_m
from connectivity.least_cost.paths import LeastCostPath, least_cost_path
from rasters.errors import DataError
from rasters.surface import ResistanceSurface

__all__ = ["DiversityRules", "Route", "diverse_routes", "overlap_share"]

PENALTIES = (1.5, 2.0, 3.0, 5.0, 10.0)
"""How much dearer the ground near better routes is made, in this order, until a route is different enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityRules:
    """When a route counts as another one.

    Parameters
    ----------
    most : int
        Routes looked for, the cheapest included.
    apart_m : float
        Ground within this distance of a better route is near it [m].
    max_overlap : float
        Largest share of a route's length near better ones [1]; what lies near either end, where all routes must meet, does not
        count.
    max_stretch : float
        Largest cost over the least cost [1].
    """

    most: int = 3
    apart_m: float = 20_000.0
    max_overlap: float = 0.5
    max_stretch: float = 1.5

    def __post_init__(self) -> None:
        if self.most < 1 or not self.apart_m > 0 or not 0 <= self.max_overlap < 1 or not self.max_stretch >= 1:
            raise DataError(f"{self}: needs most >= 1, apart_m > 0, max_overlap in [0, 1) and max_stretch >= 1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """One route between two cores.

    Parameters
    ----------
    path : LeastCostPath
        With its true cost.
    number : int
        1 for the cheapest route of its pair, 2 for the next, ...
    overlap : float
        Share of its length near cheaper routes of its pair, ends left out [1]; 0 for the first.
    penalty : float
        How much dearer better routes were made when it was found [1]; 1 for the first.
    """

    path: LeastCostPath
    number: int
    overlap: float
    penalty: float


def diverse_routes(
    from_source: CostDistance, from_target: CostDistance, rules: DiversityRules | None = None
) -> tuple[Route, ...]:
    """The cheapest route between two cores and really different ones.

    Parameters
    ----------
    from_source, from_target : CostDistance
        On one stencil, without a budget or a slope cost.
    rules : DiversityRules, optional

    Returns
    -------
    tuple of Route
        By cost, as many as are found within the rules; empty when the cores are apart.

    Notes
    -----
    Routes that cost more than the stretch allows can be anywhere but on cells whose best route through costs more: those are
    left out of the searches, which changes nothing and saves time.
    """
    rules = rules or DiversityRules()
    if from_source.slope or from_target.slope or math.isfinite(min(from_source.budget_m, from_target.budget_m)):
        raise DataError("diverse routes need cost distances without a budget and without a cost of slope")
    first = least_cost_path(from_source, from_target.source)
    if first.status == "unreachable":
        return ()
    routes = [Route(path=first, number=1, overlap=0.0, penalty=1.0)]
    search = _Search.build(from_source, from_target, first.cost_m * rules.max_stretch)
    while len(routes) < rules.most:
        found = _next_route(search, routes, rules)
        if found is None:
            break
        routes.append(found)
    return _by_cost(routes, rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """The part of the landscape that routes of an acceptable cost can use."""

    stencil: Stencil
    source: FocalRegion
    target: FocalRegion
    window: Window
    whole: Stencil
    most_m: float

    @classmethod
    def build(cls, a: CostDistance, b: CostDistance, most_m: float) -> _Search:
        usable = a.cwd + b.cwd <= most_m * (1 + 1e-9)
        window = window_of(usable)
        return cls(
            stencil=crop_stencil(a.stencil, window, usable),
            source=crop_region(a.source, window),
            target=crop_region(b.source, window),
            window=window,
            whole=a.stencil,
            most_m=most_m,
        )

    def penalised(self, near: NDArray[np.bool_], factor: float) -> Stencil:
        """The same ground, dearer where ``near`` (of the window) is true."""
        surface = self.stencil.surface
        values = np.where(near, surface.values * factor, surface.values)
        dearer = ResistanceSurface(
            values=values, nodata=surface.nodata, barrier=surface.barrier, grid=surface.grid, name=surface.name
        )
        return replace(self.stencil, surface=dearer)

    def path_on(self, stencil: Stencil, known: LeastCostPath) -> LeastCostPath:
        """Cheapest path on a changed stencil, on the whole grid, with its true cost; ``known`` bounds the search."""
        bound = _cost_on(stencil, known.rows - self.window.row, known.cols - self.window.col)
        distance = cost_weighted_distance(stencil, self.source, budget_m=bound * (1 + 1e-9))
        path = least_cost_path(distance, self.target)
        rows, cols = path.rows + np.int32(self.window.row), path.cols + np.int32(self.window.col)
        return replace(path, rows=rows, cols=cols, cost_m=_cost_on(self.whole, rows, cols), grid=known.grid)


def _cost_on(stencil: Stencil, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> float:
    ground, fence = step_costs_m(stencil, rows, cols)
    return float((ground + fence).sum())


def _next_route(search: _Search, routes: list[Route], rules: DiversityRules) -> Route | None:
    """The first route, over rising penalties, that is different enough and not too dear."""
    better = [route.path for route in routes]
    near = _near_paths(better, rules.apart_m, search.window)
    for penalty in PENALTIES:
        path = search.path_on(search.penalised(near, penalty), better[0])
        if path.cost_m > search.most_m:
            return None
        overlap = overlap_share(path, better, rules.apart_m)
        if overlap <= rules.max_overlap:
            return Route(path=path, number=len(routes) + 1, overlap=overlap, penalty=penalty)
    return None


def _by_cost(routes: Sequence[Route], rules: DiversityRules) -> tuple[Route, ...]:
    """Sorted, overlaps counted with the cheaper ones; what then overlaps too much is dropped."""
    kept: list[Route] = []
    for route in sorted(routes, key=lambda r: (r.path.cost_m, r.number)):
        overlap = overlap_share(route.path, [r.path for r in kept], rules.apart_m)
        if overlap <= rules.max_overlap:
            kept.append(replace(route, number=len(kept) + 1, overlap=overlap))
    return tuple(kept)


def _near_paths(paths: Sequence[LeastCostPath], apart_m: float, window: Window) -> NDArray[np.bool_]:
    """Cells of a window within ``apart_m`` of any of the paths, which lie inside it."""
    off_path = np.ones((window.height, window.width), bool)
    for path in paths:
        off_path[path.rows - window.row, path.cols - window.col] = False
    grid = paths[0].grid
    away = distance_transform_edt(off_path, sampling=(grid.cell_height_m, grid.cell_width_m))
    return np.asarray(away <= apart_m)


def overlap_share(path: LeastCostPath, better: Sequence[LeastCostPath], apart_m: float) -> float:
    """Share of a path's length that runs near better routes [1].

    Parameters
    ----------
    path : LeastCostPath
    better : sequence of LeastCostPath
    apart_m : float
        Within this distance of a better route counts as near [m]. What lies within it of either end of the path itself does
        not count; where nothing else is left the share is 1: two places so close have one route.
    """
    xy = np.stack(path.xy, axis=1)
    others = np.concatenate([np.stack(p.xy, axis=1) for p in better] or [np.empty((0, 2))])
    if not others.size:
        return 0.0
    counted = np.linalg.norm(xy - xy[0], axis=1) > apart_m
    counted &= np.linalg.norm(xy - xy[-1], axis=1) > apart_m
    half = 0.5 * step_lengths_m(path)
    weight = (np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half])) * counted
    near = KDTree(others).query(xy)[0] <= apart_m
    total = float(weight.sum())
    return float(weight[near].sum()) / total if total > 0 else 1.0
