"""Indicators with their exact derivatives: one solve more for those that need a second potential, none for the others.

Effective resistance, conductance, walkers that arrive, least cost, equivalent connected area, and the share of what the fences
take away that the standing passages give back. Each is the mean over cores (or cores and targets) with the study's weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from connectivity.circuit.solve import solve
from connectivity.focal import FocalRegion
from connectivity.landscape.derivatives import edge_products
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.least_cost.paths import LeastCostPath, least_cost_path
from connectivity.openings.sets import Pairs
from rasters.arrays import Reals
from rasters.errors import ConfigError
from scenarios.land.actions import mortality_ground
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import areas_km2, dispersal_kernel, equivalent_area_km2
from scenarios.sensitivity.parts import Part, circuit_part, route_part

__all__ = ["BETTER", "INDICATORS", "TITLES", "Derivative", "derivative_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Derivative:
    """An indicator and how it changes with everything it depends on, to first order.

    Parameters
    ----------
    value : float
        Of the indicator, in its unit.
    parts : sequence of Part
        Their sum is the derivative.
    joined, total : int
        Pairs of places that the mean speaks of; all pairs. A pair that nothing joins is left out and told, except where its
        contribution is 0 whatever changes a little.
    more : mapping of str to (float, float)
        Numbers beside land and fences that the indicator depends on: what is stated, and how the indicator changes when it grows by
        a factor e, to first order.
    """

    value: float
    parts: Sequence[Part]
    joined: int
    total: int
    more: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def gradient(self) -> Reals:
        """(height, width) change of the indicator per unit of resistance of each cell."""
        return np.sum([part.gradient for part in self.parts], axis=0)


def derivative_of(land: Landscape, indicator: str) -> Derivative:
    """An indicator of a species with its derivative.

    Parameters
    ----------
    indicator : str
        One of `INDICATORS`.

    Raises
    ------
    ConfigError
        Where the study says nothing of what the indicator needs, or no pair of places is joined.
    """
    return INDICATORS[indicator](land)


def _circuits(land: Landscape, *, fences: bool = True) -> tuple[Reals, list[Part | None]]:
    """Effective resistance [ohm] of each counted pair, and its derivative; inf and None where a pair stays apart."""
    found = np.full(land.counted.size, np.inf)
    parts: list[Part | None] = [None] * land.counted.size
    for number, source, target in _ends(land, land.counted):
        if not np.isfinite(land.cwd(source, fences=fences).to(target)):
            continue
        system = _system(land, target, fences=fences)
        volts = _volts(land, system, source)
        found[number] = volts[source.rows[0], source.cols[0]]
        products = edge_products(system.conductance, volts, volts)
        parts[number] = circuit_part(land, products, fences=fences)
    return found, parts


def _ends(land: Landscape, pairs: Pairs) -> Iterator[tuple[int, FocalRegion, FocalRegion]]:
    """Number, source and target of each pair."""
    for number, (first, second) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        target = land.ends.any_target if len(second) > 1 else land.regions[second[0]]
        yield number, land.regions[first], target


def _system(land: Landscape, target: FocalRegion, *, fences: bool, ground: Reals | None = None) -> Laplacian:
    held = np.zeros(land.cuts.grid.shape) if ground is None else ground
    stencil = land.stencil(fences=fences)
    return stencil_laplacian(stencil, region=land.ends.labels, ground=np.where(target.mask, np.inf, held))


def _volts(land: Landscape, system: Laplacian, source: FocalRegion) -> Reals:
    """Potentials at 1 A from a source to the ground [V]."""
    load = np.zeros(system.shape)
    load[source.rows[0], source.cols[0]] = 1.0
    return _solved(land, system, load)


def _solved(land: Landscape, system: Laplacian, load: Reals) -> Reals:
    solver = land.study.solver
    volts, _ = solve(system, load[None], method=solver.method, tolerance=solver.tolerance)
    return np.where(np.isfinite(volts[0]), volts[0], 0.0)


def _sum(parts: Sequence[Part | None], factors: Reals) -> list[Part]:
    return [part.times(float(f)) for part, f in zip(parts, factors, strict=True) if part is not None and f != 0.0]


def _resistance(land: Landscape) -> Derivative:
    ohm, parts = _circuits(land)
    joined = _joined(land, np.isfinite(ohm))
    weight = np.where(joined, land.ends.pair_weights, 0.0)
    weight /= weight.sum()
    value = float((weight[joined] * ohm[joined]).sum())
    return Derivative(value=value, parts=_sum(parts, weight), joined=int(joined.sum()), total=joined.size)


def _conductance(land: Landscape) -> Derivative:
    ohm, parts = _circuits(land)
    weight, joined = land.ends.pair_weights, np.isfinite(ohm)
    value = float((weight / ohm).sum())
    return Derivative(value=value, parts=_sum(parts, -weight / ohm**2), joined=int(joined.sum()), total=ohm.size)


def _given_back(land: Landscape) -> Derivative:
    """Share of what the closed fences take away from the conductance that the standing passages give back."""
    if not land.prepared.standing:
        raise ConfigError(
            f"{land.prepared.resolved.path}: given_back needs passages that stand, and the scenario has none; choose a scenario with "
            "openings, or another indicator"
        )
    shut = Landscape(replace(land.prepared, standing=()), threads=land.threads)
    solved = [_circuits(shut), _circuits(land), _circuits(land, fences=False)]
    closed, now, without = (1.0 / ohm for ohm, _ in solved)
    weight, lost = land.ends.pair_weights, without - closed
    counts = lost > 1e-12 * np.abs(lost).max(initial=0.0)
    scale = np.divide(weight, lost, out=np.zeros_like(lost), where=counts)
    share = np.divide(now - closed, lost, out=np.zeros_like(lost), where=counts)
    slopes = (scale * (share - 1.0), scale, -scale * share)
    parts = [part for (ohm, found), slope in zip(solved, slopes, strict=True) for part in _sum(found, -slope / ohm**2)]
    value = float((weight * share).sum())
    return Derivative(value=value, parts=parts, joined=int(counts.sum()), total=counts.size)


def _arriving(land: Landscape) -> Derivative:
    """Share of walkers that reach a target before they die."""
    prepared = land.prepared
    ground = mortality_ground(prepared.resolved, prepared.inputs, land.species)
    weights, parts, value, joined = land.ends.pair_weights, [], 0.0, 0
    for number, source, target in _ends(land, land.counted):
        if not np.isfinite(land.cwd(source).to(target)):
            continue
        joined += 1
        system = _system(land, target, fences=True, ground=ground)
        dying = _solved(land, system, np.where(system.active & ~target.mask, ground, 0.0))
        arriving, volts = np.where(system.active, 1.0 - dying, 0.0), _volts(land, system, source)
        share = float(arriving[source.rows[0], source.cols[0]])
        products = edge_products(system.conductance, volts, arriving)
        part = circuit_part(land, products, fences=True, ground=np.where(target.mask, 0.0, -volts * arriving))
        parts.append(part.times(float(weights[number])))
        value += weights[number] * share
    dying_less = -2.0 * sum(float((part.ground * ground).sum()) for part in parts if part.ground is not None)
    reach_km = land.study.mortality.reach_km if land.study.mortality else math.nan
    return Derivative(
        value=float(value),
        parts=parts,
        joined=joined,
        total=weights.size,
        more={"mortality.reach_km": (reach_km, dying_less)},
    )


def _least_cost(land: Landscape) -> Derivative:
    paths = [least_cost_path(land.cwd(source), target) for _, source, target in _ends(land, land.counted)]
    joined = _joined(land, np.array([path.status == "reached" for path in paths]))
    weight = np.where(joined, land.ends.pair_weights, 0.0)
    weight /= weight.sum()
    reached = [(path, float(w)) for path, w in zip(paths, weight, strict=True) if path.status == "reached"]
    parts = [route_part(land, path, fences=True).times(w) for path, w in reached]
    value = sum(w * path.cost_m for path, w in reached)
    return Derivative(value=value, parts=parts, joined=int(joined.sum()), total=joined.size)


def _equivalent_area(land: Landscape) -> Derivative:
    """Equivalent connected area; its dispersal kernel hangs on the routes without fences, and so do these slopes."""
    kernel = dispersal_kernel(land)
    if kernel is None:
        raise ConfigError(
            f"{land.prepared.resolved.path}: eca cannot be used: {land.species} reaches no target even without fences"
        )
    area, value, alpha = areas_km2(land), equivalent_area_km2(land, kernel), kernel.alpha_per_m
    parts, per_alpha, joined = [], 0.0, 0
    pairs = Pairs.every(len(land.regions))
    for number, source, target in _ends(land, pairs):
        path = least_cost_path(land.cwd(source), target)
        if path.status != "reached":
            continue
        joined += 1
        flow = area[pairs.first[number]] * area[pairs.second[number][0]] * math.exp(-alpha * path.cost_m) / value
        per_alpha -= flow * path.cost_m
        parts.append(route_part(land, path, fences=True).times(-alpha * flow))
    stated = land.prepared.profile.dispersal_km.value
    return Derivative(
        value=value,
        parts=parts + _of_kernel(land, per_alpha * alpha),
        joined=joined,
        total=pairs.size,
        more={"dispersal_km": (stated, -per_alpha * alpha)},
    )


def _of_kernel(land: Landscape, per_relative_alpha: float) -> list[Part]:
    """The kernel's rate is inversely proportional to the mean cost of a metre on the routes without fences."""
    cwds = land.cwds(land.ends.origins, fences=False)
    paths: list[LeastCostPath] = [least_cost_path(cwd, land.ends.any_target) for cwd in cwds]
    paths = [path for path in paths if path.status == "reached" and path.length_m > 0]
    cost = sum(path.cost_m for path in paths)
    return [route_part(land, path, fences=False).times(-per_relative_alpha / cost) for path in paths]


def _joined(land: Landscape, joined: np.ndarray) -> np.ndarray:
    if not joined.any():
        raise ConfigError(
            f"{land.prepared.resolved.path}: {land.species}: no core is joined to a target in scenario "
            f"{land.prepared.resolved.scenario}, so its resistance and least cost are infinite and have no slope; choose conductance, "
            "or a scenario in which a passage stands"
        )
    return joined


INDICATORS: dict[str, Callable[[Landscape], Derivative]] = {
    "conductance": _conductance,
    "resistance": _resistance,
    "arriving": _arriving,
    "least_cost": _least_cost,
    "eca": _equivalent_area,
    "given_back": _given_back,
}
"""By the name that ``--indicator`` takes."""

TITLES = {
    "conductance": ("effective conductance between cores and targets", "S"),
    "resistance": ("effective resistance between cores and targets", "ohm"),
    "arriving": ("share of walkers that arrive alive", "1"),
    "least_cost": ("least cost from cores to targets", "effective m"),
    "eca": ("equivalent connected area", "km2"),
    "given_back": ("share that the standing passages give back", "1"),
}
"""What each is, and its unit."""

BETTER = {
    "conductance": 1.0,
    "resistance": -1.0,
    "arriving": 1.0,
    "least_cost": -1.0,
    "eca": 1.0,
    "given_back": 1.0,
}
"""1 where more is better, -1 where less is."""
