"""What sets of candidates are worth for one species: from a study to exact values, by any of the objectives.

Every objective is the share of what all fences together take away that a set gives back, as the mean over cores: 0 is the
scenario as it is, 1 is the same land without any fence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.least_cost.paths import least_cost_path
from connectivity.openings.edges import OpenableEdges, openable_edges
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs, no_sets, single_sets
from connectivity.portfolio.objectives import ArrivalBlock, Block, CircuitBlock, RouteBlock
from connectivity.reduction.reduce import reduce_landscape
from rasters.errors import ConfigError
from rasters.fences import FenceTerms, sum_terms
from rasters.openings import OpeningEdges, row_terms
from scenarios.land.actions import habitat_factors, mortality_ground
from scenarios.land.inputs import Inputs
from scenarios.land.openings import removable_stretches
from scenarios.land.prepared import Prepared, prepare_species, study_stencil
from scenarios.study.load import ResolvedStudy

__all__ = [
    "Land", "Reference", "block_of", "candidate_ids", "circuit_of", "decay_of", "equivalent_area_km2", "evaluate",
    "land_of", "openings_by_id", "reference_of",
]  # fmt: skip

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """One species in one state of the land, its candidates closed.

    Parameters
    ----------
    prepared : Prepared
    ids : tuple of str
        Candidates, in an order that all species share; one that opens nothing for this species has no edges.
    stencil, open_stencil : Stencil
        With the fences as they are, and without any.
    edges : OpenableEdges
    """

    prepared: Prepared
    ids: tuple[str, ...]
    stencil: Stencil
    open_stencil: Stencil
    edges: OpenableEdges

    @property
    def regions(self) -> tuple[FocalRegion, ...]:
        """Origins, then targets."""
        return (*self.prepared.ends.origins, *self.prepared.ends.targets)

    @property
    def to_any(self) -> Pairs:
        """From each origin to all targets together."""
        return Pairs.to_any(len(self.prepared.ends.origins), len(self.prepared.ends.targets))

    @property
    def species(self) -> str:
        """Its id."""
        return self.prepared.context.profile.id

    @property
    def weight(self) -> float:
        """The species' share of the study's weights [1]."""
        species = self.prepared.context.resolved.study.species
        return species[self.species].weight / sum(entry.weight for entry in species.values())


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


def openings_by_id(prepared: Prepared) -> dict[str, OpeningEdges]:
    """Everything that a portfolio may open for a species: passages, and stretches of fence to take away."""
    study = prepared.context.resolved.study
    found = {candidate.opening.id: candidate for candidate in prepared.candidates}
    chosen = set(study.portfolio.actions) - set(study.done)
    return found | {name: edges for name, edges in removable_stretches(prepared.context) if name in chosen}


def candidate_ids(prepared: Sequence[Prepared]) -> tuple[str, ...]:
    """Candidates of all species together, each once."""
    return tuple(dict.fromkeys(name for one in prepared for name in openings_by_id(one)))


def land_of(prepared: Prepared, ids: Sequence[str], *, only_line: str | None = None) -> Land:
    """Stencils and edges of the candidates; with ``only_line`` as if no other fence line stood."""
    context, cuts = prepared.context, prepared.context.inputs.cuts
    row_cost_m, row_ohm = row_terms(cuts, context.model, prepared.standing)
    if only_line is not None:
        other = np.array([fence.fence_line != only_line for fence in cuts.fences])[cuts.fence]
        row_cost_m, row_ohm = np.where(other, 0.0, row_cost_m), np.where(other, 0.0, row_ohm)
    stencil = study_stencil(context.resolved, context.surface, sum_terms(cuts, row_cost_m, row_ohm))
    openings = openings_by_id(prepared)
    edges = openable_edges(
        cuts, stencil, row_cost_m, row_ohm, [(openings[name],) if name in openings else () for name in ids]
    )
    open_stencil = study_stencil(context.resolved, context.surface, FenceTerms.none())
    return Land(prepared=prepared, ids=tuple(ids), stencil=stencil, open_stencil=open_stencil, edges=edges)


def circuit_of(land: Land, *, without_fences: bool = False, mortal: bool = False) -> CircuitOfSets:
    """Reduce the landscape to its focal regions and the ends of all candidates."""
    context, ends = land.prepared.context, land.prepared.ends
    edges = land.edges.only(()) if without_fences else land.edges
    ground = mortality_ground(context.resolved, context.inputs, land.species) if mortal else None
    system = stencil_laplacian(land.open_stencil if without_fences else land.stencil, region=ends.labels, ground=ground)
    network = reduce_landscape(system, edges.cells())
    return CircuitOfSets.build(network, edges, len(land.regions), land.to_any)


def distances_of(
    land: Land, pairs: Pairs, *, without_fences: bool = False, between_gaps: bool = True
) -> DistancesOfSets:
    """Least costs between focal regions and the ends of all candidates."""
    stencil = land.open_stencil if without_fences else land.stencil
    edges = land.edges.only(()) if without_fences else land.edges
    return DistancesOfSets.build(stencil, land.regions, edges, pairs, between_gaps=between_gaps)


def reference_of(land: Land, objective: str) -> Reference:
    """Solve the scenario as it is and without fences; ``land`` needs no candidates for it."""
    bare = replace(land, ids=(), edges=land.edges.only(()))
    none = no_sets(0)
    if objective in ("conductance", "resistance", "arriving"):
        mortal = objective == "arriving"
        read: Callable[[CircuitOfSets], Reals] = {
            "conductance": lambda c: c.conductances(none)[0],
            "resistance": lambda c: c.resistances(none)[0],
            "arriving": lambda c: c.arriving(none)[0],
        }[objective]
        without = read(circuit_of(bare, without_fences=True, mortal=mortal))
        return Reference(now=read(circuit_of(bare, mortal=mortal)), without=without)
    if objective == "least_cost":
        now = distances_of(bare, bare.to_any).distances(none)[0]
        return Reference(now=now, without=distances_of(bare, bare.to_any, without_fences=True).distances(none)[0])
    return _eca_reference(bare)


def block_of(land: Land, objective: str, reference: Reference, *, singles_only: bool = False) -> Block:
    """Value of sets of the land's candidates for its species, times its weight; exact.

    ``singles_only`` saves the searches between openings; then only sets of one candidate are valued right.
    """
    through = not singles_only
    if objective == "conductance":
        weight = _shares(reference.without - reference.now, land.weight)
        return CircuitBlock(circuit=circuit_of(land), weight=weight, base=reference.now)
    if objective == "resistance":
        _require_joined(land, reference)
        weight = _shares(reference.now - reference.without, land.weight)
        return CircuitBlock(circuit=circuit_of(land), weight=weight, base=reference.now, resistance=True)
    if objective == "arriving":
        weight = _shares(reference.without - reference.now, land.weight)
        return ArrivalBlock(circuit=circuit_of(land, mortal=True), weight=weight, base=reference.now)
    if objective == "least_cost":
        scale = _shares(1.0 / reference.without - 1.0 / reference.now, 1.0)
        base = float((scale / reference.now).sum())
        distances = distances_of(land, land.to_any, between_gaps=through)
        return RouteBlock(distances=distances, worth=lambda cost: scale / cost, weight=land.weight, base=base)
    area = _areas(land)
    now, without = float(reference.now[0]), float(reference.without[0])
    return RouteBlock(
        distances=distances_of(land, Pairs.every(len(land.regions)), between_gaps=through),
        worth=_flows(area, reference.decay), root=True, inner=float((area**2).sum()), base=now,
        weight=land.weight / (without - now) if without > now else 0.0,
    )  # fmt: skip


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
    land = land_of(prepared, ids)
    kind = objective or resolved.study.portfolio.objective
    block = block_of(land, kind, reference_of(land, kind), singles_only=True)
    gains = block.values(single_sets(len(ids))) / land.weight if land.weight > 0 else np.zeros(len(ids))
    return pd.DataFrame({"candidate": list(ids), "gain": gains})


def _shares(lost: Reals, weight: float) -> Reals:
    """Value of one unit regained of each pair; 0 for pairs from which the fences take nothing."""
    lost = np.where(np.isfinite(lost), lost, 0.0)
    return np.divide(
        weight / lost.size, lost, out=np.zeros_like(lost), where=lost > 1e-12 * np.abs(lost).max(initial=0)
    )


def _require_joined(land: Land, reference: Reference) -> None:
    apart = [r.id for r, now in zip(land.prepared.ends.origins, reference.now, strict=True) if np.isinf(now)]
    if apart:
        raise ConfigError(
            f"{land.prepared.context.resolved.path}: portfolio.objective: 'resistance' cannot be used, because for "
            f"{land.species} {', '.join(apart)} is cut off from every target and its resistance is infinite; choose conductance"
        )


def _areas(land: Land) -> Reals:
    """(r,) area of each focal region [km2], times what the actions do to it."""
    context = land.prepared.context
    factors = habitat_factors(context.resolved, context.inputs, land.species, [r.id for r in land.regions])
    return np.array([r.size for r in land.regions]) * context.inputs.grid.cell_area_km2 * factors


def _flows(area: Reals, decay: float) -> Callable[[Reals], Reals]:
    """Twice ``a_i a_j p_ij`` of every pair of regions, as `Pairs.every` lists them."""
    first, second = np.triu_indices(area.size, 1)
    product = 2.0 * area[first] * area[second]
    return lambda cost: product * np.exp(-decay * cost)


def _eca_reference(bare: Land) -> Reference:
    """Equivalent connected area (Saura et al. 2011) now and without fences [km2]."""
    decay = decay_of(bare)
    now, without = (equivalent_area_km2(bare, decay, without_fences=w) for w in (False, True))
    return Reference(now=np.array([now]), without=np.array([without]), decay=decay)


def equivalent_area_km2(bare: Land, decay: float, *, without_fences: bool = False) -> float:
    """Area of one region that would be worth as much as all of them, joined as they are [km2] (Saura et al. 2011)."""
    cost = distances_of(bare, Pairs.every(len(bare.regions)), without_fences=without_fences).distances(no_sets(0))[0]
    area = _areas(bare)
    return float(np.sqrt((area**2).sum() + _flows(area, decay)(cost).sum()))


def decay_of(bare: Land) -> float:
    """Fall of the probability to disperse [1 / effective m].

    So that half arrive over the species' dispersal distance on the ground that its routes without fences cross.
    """
    ends = bare.prepared.ends
    found = cost_weighted_distances(bare.open_stencil, ends.origins, threads=2)
    paths = [least_cost_path(cwd, ends.any_target) for cwd in found]
    reached = [path for path in paths if path.status == "reached" and path.length_m > 0]
    if not reached:
        raise ConfigError(
            f"{bare.prepared.context.resolved.path}: portfolio.objective: 'eca' cannot be used: {bare.species} reaches no "
            "target even without fences"
        )
    ratio = sum(path.cost_m for path in reached) / sum(path.length_m for path in reached)
    return float(np.log(2.0) / (bare.prepared.context.profile.dispersal_km.value * 1000.0 * ratio))
