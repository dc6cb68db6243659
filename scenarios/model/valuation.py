"""What sets of candidates are worth for one species: from a study to exact values, by any of the objectives.

Every objective is the share of what all fences together take away that a set gives back, as the mean over cores (or over
cores and targets) with the study's weights: 0 is the scenario as it is, 1 is the same land without any fence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from connectivity.least_cost.paths import least_cost_path
from connectivity.network.indices import DispersalKernel, equivalent_connected_area
from connectivity.openings.sets import CircuitOfSets, Pairs, no_sets, single_sets
from connectivity.portfolio.objectives import ArrivalBlock, Block, CircuitBlock, RouteBlock
from rasters.arrays import Reals
from rasters.errors import ConfigError
from scenarios.land.actions import habitat_factors
from scenarios.land.inputs import Inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.landscape import Landscape, candidate_ids
from scenarios.study.load import ResolvedStudy

__all__ = ["Reference", "areas_km2", "block_of", "dispersal_kernel", "equivalent_area_km2", "evaluate", "reference_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What gains are counted from, and what would be regained without any fence.

    Parameters
    ----------
    now, without : (p,) float64
        Of each pair, or of the whole for ``eca``: siemens, ohm, effective metres, km2, or a share.
    decay : float
        For ``eca``: probability falls as ``exp(-decay x cost)`` [1 / effective m].
    """

    now: Reals
    without: Reals
    decay: float = 0.0


def reference_of(land: Landscape, objective: str) -> Reference:
    """Solve the scenario as it is and without fences."""
    none = no_sets(0)
    if objective in ("conductance", "resistance", "arriving"):
        mortal = objective == "arriving"
        read: Callable[[CircuitOfSets], Reals] = {
            "conductance": lambda c: c.conductances(none)[0],
            "resistance": lambda c: c.resistances(none)[0],
            "arriving": lambda c: c.arriving(none)[0],
        }[objective]
        without = read(land.circuit(pairs=land.counted, fences=False, mortal=mortal))
        return Reference(now=read(land.circuit(pairs=land.counted, mortal=mortal)), without=without)
    if objective == "least_cost":
        now, without = (land.distances((), land.counted, fences=f).distances(none)[0] for f in (True, False))
        return Reference(now=now, without=without)
    return _eca_reference(land)


def block_of(
    land: Landscape, ids: Sequence[str], objective: str, reference: Reference, *, singles_only: bool = False
) -> Block:
    """Value of sets of candidates for the landscape's species, times its weight; exact.

    ``singles_only`` saves the searches between openings; then only sets of one candidate are valued right.
    """
    weights, pairs = land.weight * land.ends.pair_weights, land.counted
    if objective == "conductance":
        weight = _shares(reference.without - reference.now, weights)
        return CircuitBlock(circuit=land.circuit(ids, pairs=pairs), weight=weight, base=reference.now)
    if objective == "resistance":
        _require_joined(land, reference)
        weight = _shares(reference.now - reference.without, weights)
        return CircuitBlock(circuit=land.circuit(ids, pairs=pairs), weight=weight, base=reference.now, resistance=True)
    if objective == "arriving":
        weight = _shares(reference.without - reference.now, weights)
        return ArrivalBlock(circuit=land.circuit(ids, pairs=pairs, mortal=True), weight=weight, base=reference.now)
    if objective == "least_cost":
        scale = _shares(1.0 / reference.without - 1.0 / reference.now, land.ends.pair_weights)
        base = float((scale / reference.now).sum())
        distances = land.distances(ids, pairs, singles_only=singles_only)
        return RouteBlock(distances=distances, worth=lambda cost: scale / cost, weight=land.weight, base=base)
    area = areas_km2(land)
    now, without = float(reference.now[0]), float(reference.without[0])
    return RouteBlock(
        distances=land.distances(ids, Pairs.every(len(land.regions)), singles_only=singles_only),
        worth=_flows(area, reference.decay),
        root=True,
        inner=float((area**2).sum()),
        base=now,
        weight=land.weight / (without - now) if without > now else 0.0,
    )


def evaluate(
    resolved: ResolvedStudy,
    inputs: Inputs,
    species: str,
    parameters: Mapping[str, float] | None = None,
    *,
    candidates: Sequence[str] | None = None,
    objective: str | None = None,
) -> pd.DataFrame:
    """Gain of each candidate alone for one species, for one draw of its parameters.

    Parameters
    ----------
    parameters : mapping of str to float, optional
        Values that take the place of the profile's own, by the names of `SpeciesProfile.parameters`.
    candidates : sequence of str, optional
        Only these, which is faster; default all of the study.
    objective : str, optional
        Default: the study's.

    Returns
    -------
    DataFrame
        ``candidate``, and ``gain``: share of what the fences take away that it gives back [1].
    """
    profile = inputs.profiles[species].with_parameters(parameters or {})
    prepared = prepare_species(resolved, replace(inputs, profiles={**inputs.profiles, species: profile}), species)
    ids = candidate_ids([prepared]) if candidates is None else tuple(candidates)
    land = Landscape(prepared)
    kind = objective or resolved.study.portfolio.objective
    block = block_of(land, ids, kind, reference_of(land, kind), singles_only=True)
    gains = block.values(single_sets(len(ids))) / land.weight if land.weight > 0 else np.zeros(len(ids))
    return pd.DataFrame({"candidate": list(ids), "gain": gains})


def _shares(lost: Reals, weights: Reals) -> Reals:
    """Value of one unit regained of each pair; 0 for pairs from which the fences take nothing."""
    lost = np.where(np.isfinite(lost), lost, 0.0)
    return np.divide(weights, lost, out=np.zeros_like(lost), where=lost > 1e-12 * np.abs(lost).max(initial=0))


def _require_joined(land: Landscape, reference: Reference) -> None:
    apart = [land.regions[i].id for i, now in zip(land.counted.first, reference.now, strict=True) if np.isinf(now)]
    if apart:
        names, which = ", ".join(dict.fromkeys(apart)), "a" if land.ends.target_weights else "every"
        raise ConfigError(
            f"{land.prepared.resolved.path}: portfolio.objective: 'resistance' cannot be used, because for "
            f"{land.species} {names} is cut off from {which} target and its resistance is infinite; choose conductance"
        )


def areas_km2(land: Landscape) -> Reals:
    """(r,) area of each focal region [km2], times what the actions do to it."""
    factors = habitat_factors(land.prepared.resolved, land.prepared.inputs, land.species, [r.id for r in land.regions])
    return np.array([r.size for r in land.regions]) * land.cuts.grid.cell_area_km2 * factors


def _flows(area: Reals, decay: float) -> Callable[[Reals], Reals]:
    """Twice ``a_i a_j p_ij`` of every pair of regions, as `Pairs.every` lists them."""
    first, second = np.triu_indices(area.size, 1)
    product = 2.0 * area[first] * area[second]
    return lambda cost: product * np.exp(-decay * cost)


def _eca_reference(land: Landscape) -> Reference:
    """Equivalent connected area (Saura et al. 2011) now and without fences [km2]."""
    kernel = dispersal_kernel(land)
    if kernel is None:
        raise ConfigError(
            f"{land.prepared.resolved.path}: portfolio.objective: 'eca' cannot be used: {land.species} reaches no target even "
            "without fences"
        )
    now, without = (equivalent_area_km2(land, kernel, fences=fences) for fences in (True, False))
    return Reference(now=np.array([now]), without=np.array([without]), decay=kernel.alpha_per_m)


def equivalent_area_km2(land: Landscape, kernel: DispersalKernel | None, *, fences: bool = True) -> float:
    """Area of one region that would be worth as much as all of them, joined as they are [km2] (Saura et al. 2011).

    The one definition of ``eca_km2``: `otkel run`, `corridors`, `indicators` and `passages` all show it. NaN without a kernel.
    """
    if kernel is None:
        return float("nan")
    cost = land.distances((), Pairs.every(len(land.regions)), fences=fences).distances(no_sets(0))[0]
    return equivalent_connected_area(areas_km2(land), cost, kernel)


def dispersal_kernel(land: Landscape) -> DispersalKernel | None:
    """Probability to disperse, by cost distance; None where no target is reached even without fences.

    Half arrive over the species' dispersal distance on the ground that its routes without fences cross.
    """
    paths = [least_cost_path(cwd, land.ends.any_target) for cwd in land.cwds(land.ends.origins, fences=False)]
    reached = [path for path in paths if path.status == "reached" and path.length_m > 0]
    if not reached:
        return None
    ratio = sum(path.cost_m for path in reached) / sum(path.length_m for path in reached)
    return DispersalKernel(distance_m=land.prepared.profile.dispersal_km.value * 1000.0 * ratio)
