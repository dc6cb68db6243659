"""Factorial least-cost paths: how many of the cheapest routes between all pairs of places run through each cell.

(Cushman, McKelvey and Schwartz 2009, Conservation Biology 23:368; UNICOR, Landguth et al. 2012.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.paths import LeastCostPath, least_cost_path
from rasters.grid import Grid

__all__ = ["PathDensity", "factorial_least_cost_paths"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PathDensity:
    """Least-cost paths of all pairs laid over each other.

    Parameters
    ----------
    count : (height, width) int32
        Paths through each cell.
    n_pairs, n_joined : int
        Pairs looked at, and those that a route joins within the budget.
    """

    count: NDArray[np.int32]
    n_pairs: int
    n_joined: int
    grid: Grid

    def __repr__(self) -> str:
        return (
            f"PathDensity({self.n_joined} of {self.n_pairs} pairs joined, at most {self.count.max()} paths in a cell)"
        )


def factorial_least_cost_paths(
    stencil: Stencil, places: Sequence[FocalRegion], *, budget_m: float = math.inf, threads: int = 1
) -> PathDensity:
    """Count the least-cost paths between all pairs of places through each cell.

    Parameters
    ----------
    stencil : Stencil
    places : sequence of FocalRegion
    budget_m : float
        Pairs that cost more are left out [effective m].
    threads : int
        Places at a time.
    """
    count, joined = np.zeros(stencil.shape, np.int32), 0
    with ThreadPoolExecutor(max_workers=threads) as pool:
        found = pool.map(lambda i: _paths_from(stencil, places, i, budget_m), range(len(places) - 1))
        for path in (path for paths in found for path in paths):
            count[path.rows, path.cols] += 1
            joined += 1
    return PathDensity(count=count, n_pairs=math.comb(len(places), 2), n_joined=joined, grid=stencil.surface.grid)


def _paths_from(stencil: Stencil, places: Sequence[FocalRegion], i: int, budget_m: float) -> list[LeastCostPath]:
    """To every later place that can be reached."""
    distance = cost_weighted_distance(stencil, places[i], budget_m=budget_m)
    paths = [least_cost_path(distance, place) for place in places[i + 1 :]]
    return [path for path in paths if path.status == "reached"]
