"""What `otkel corridors` hands to the exporters: one `SpeciesCorridors` per scenario and species."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.least_cost.crossings import FenceCrossing
from connectivity.least_cost.paths import LeastCostPath
from scenarios.model.ground import Ground

__all__ = ["CorridorRoute", "SpeciesCorridors", "WeakPlace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakPlace:
    """Where the current in the band around a route is most confined.

    ``share`` [1] of all current passes through one cell there; ``path_m`` is measured along the route from its start.
    """

    x: float
    y: float
    path_m: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorridorRoute:
    """One route from a core to a target.

    Parameters
    ----------
    id : str
        ``<source>--<target>-<number>``.
    rank : int
        Among all routes of the species: by cost now, then by cost with the fences open.
    number : int
        1 for the cheapest route of its pair.
    status : str
        ``"reached"``, or ``"closed"``: only with the fences open.
    path : LeastCostPath
        Its geometry; found with the fences as they stand, or without them when closed.
    cost_m : float
        Cost now [effective m]; inf when closed.
    cost_open_m : float
        Cost of the same route without the fences [effective m].
    pair_cost_open_m : float
        Least cost of any route between the pair without the fences [effective m].
    overlap : float
        Share of its length near cheaper routes of its pair [1].
    distinct : int
        Position in the species' list of corridors that differ from each other, 0 where it is not in it.
    crossings : tuple of FenceCrossing
    passes : tuple of str
        Names of the places near it besides its ends, in order.
    share_reserves : float
        Share of its length in reserves [1].
    share_countries : dict of str to float
        The same by country; empty where the study has none.
    resistance_ohm, resistance_open_ohm : float
        Effective resistance of the band around it, cores shorted [ohm], with and without the fences; inf when closed.
    weakest : WeakPlace or None
    """

    id: str
    rank: int
    number: int
    status: str
    path: LeastCostPath
    cost_m: float
    cost_open_m: float
    pair_cost_open_m: float
    overlap: float
    distinct: int
    crossings: tuple[FenceCrossing, ...]
    passes: tuple[str, ...]
    share_reserves: float
    share_countries: dict[str, float]
    resistance_ohm: float
    resistance_open_ohm: float
    weakest: WeakPlace | None

    @property
    def source(self) -> str:
        """Id of the core."""
        return self.path.source

    @property
    def target(self) -> str:
        """Id of the target."""
        return self.path.target

    @property
    def length_m(self) -> float:
        """Length over the ground [m]."""
        return self.path.length_m


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeciesCorridors:
    """Every corridor of one species in one scenario.

    Parameters
    ----------
    ground : Ground
    corridor : (height, width) float64
        Mosaic of the corridors: least extra cost over the best route [effective m].
    routes : tuple of CorridorRoute
        By rank.
    pairs : DataFrame
        One row per core and target: ``source, target, status, least_cost_m, least_cost_open_m, effective_resistance_ohm,
        effective_resistance_open_ohm, routes``.
    links : DataFrame
        The corridor network: one row per link.
    cores : DataFrame
        One row per core or target: what it adds to the network.
    indices : dict
        ``eca_km2``, ``dispersal_m``, ``dispersal_effective_m``.
    band_current : (height, width) float64
        Largest current of any route's band through each cell at 1 A [A].
    barrier_score : (height, width) float64
        Largest barrier score over the network's links and the study's radii [effective m per m restored].
    """

    ground: Ground
    corridor: NDArray[np.float64]
    routes: tuple[CorridorRoute, ...]
    pairs: pd.DataFrame
    links: pd.DataFrame
    cores: pd.DataFrame
    indices: dict[str, float]
    band_current: NDArray[np.float64]
    barrier_score: NDArray[np.float64]

    @property
    def shortlist(self) -> tuple[CorridorRoute, ...]:
        """The cheapest routes that differ from each other, in order."""
        return tuple(sorted((r for r in self.routes if r.distinct), key=lambda r: r.distinct))

    @property
    def best_of_each_core(self) -> tuple[CorridorRoute, ...]:
        """The best route from every core that has one, by rank."""
        best: dict[str, CorridorRoute] = {}
        for route in self.routes:
            best.setdefault(route.source, route)
        return tuple(best.values())

    def name_of(self, place: str) -> str:
        """A place as people know it."""
        return next((p.name for p in self.ground.places if p.id == place), place)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for machines: the shortlist in short."""
        return {
            "scenario": self.ground.scenario,
            "species": self.ground.species,
            "routes": len(self.routes),
            "closed": sum(route.status == "closed" for route in self.routes),
            "shortlist": [
                {
                    "route": r.id,
                    "status": r.status,
                    "cost_m": r.cost_m,
                    "cost_open_m": r.cost_open_m,
                    "length_m": r.length_m,
                    "crossings": [{"fence": c.fence, "along_m": c.along_m} for c in r.crossings],
                }
                for r in self.shortlist
            ],
            "seconds": {name: round(value, 2) for name, value in self.ground.seconds.items()},
        }
