"""One scenario and species, checked and ready to solve."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from connectivity.focal import FocalRegion, region_labels
from rasters.errors import PlannerWarning
from rasters.openings import OpeningEdges
from rasters.resistance import build_resistance
from rasters.surface import ResistanceSurface
from scenarios.land.actions import acted_surface
from scenarios.land.ends import Ends
from scenarios.land.fences import fence_model
from scenarios.land.inputs import Inputs, fences_across, naming
from scenarios.land.openings import SpeciesContext, Standing, candidate_openings, standing_openings
from scenarios.study.load import ResolvedStudy

__all__ = ["Prepared", "prepare_species", "species_surface"]

ANY_TARGET = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared(SpeciesContext):
    """One scenario and species, checked and ready to solve; nothing has been solved yet."""

    ends: Ends
    candidates: tuple[OpeningEdges, ...]
    standing: tuple[Standing, ...]

    @property
    def standing_edges(self) -> tuple[OpeningEdges, ...]:
        """What the standing openings open."""
        return tuple(one.edges for one in self.standing)


def prepare_species(resolved: ResolvedStudy, inputs: Inputs, species: str) -> Prepared:
    """Resistance, focal cells and openings: every check that needs no solve."""
    profile = inputs.profiles[species]
    surface = species_surface(resolved, inputs, species)
    model = fence_model(resolved, inputs, profile)
    context = SpeciesContext(resolved=resolved, inputs=inputs, profile=profile, surface=surface, model=model)
    ends = _ends(resolved, inputs, species, surface)
    candidates = candidate_openings(context)
    return Prepared(
        resolved=resolved,
        inputs=inputs,
        profile=profile,
        surface=surface,
        model=model,
        ends=ends,
        candidates=candidates,
        standing=standing_openings(context, candidates),
    )


def species_surface(resolved: ResolvedStudy, inputs: Inputs, species: str) -> ResistanceSurface:
    """Resistance of the land to a species, with the actions that are done."""
    profile = inputs.profiles[species]
    return acted_surface(resolved, inputs, profile, build_resistance(inputs.layers, profile))


def _ends(resolved: ResolvedStudy, inputs: Inputs, species: str, surface: ResistanceSurface) -> Ends:
    routes = resolved.study.routes[species]
    with naming(f"{resolved.file(resolved.study.regions.file)}: {species}"):
        origins = tuple(_on_surface(inputs.regions[name], surface) for name in routes.origin)
        targets = tuple(_on_surface(inputs.regions[name], surface) for name in routes.targets)
        labels = region_labels([*origins, *targets])
    for region in (*origins, *targets):
        for fence in fences_across(region, inputs.cuts):
            message = f"{species}: {region.id} lies on both sides of {fence}; as one node it bridges the fence"
            warnings.warn(message, PlannerWarning, stacklevel=2)
    any_target = FocalRegion.from_mask(ANY_TARGET, labels > len(origins), surface.grid)
    return Ends(
        origins=origins,
        targets=targets,
        any_target=any_target,
        labels=labels,
        origin_weights=tuple(routes.weight(region.id) for region in origins),
        target_weights=tuple(routes.weight(region.id) for region in targets) if routes.each_target else (),
    )


def _on_surface(region: FocalRegion, surface: ResistanceSurface) -> FocalRegion:
    rows, cols = region.check_on(surface)
    return FocalRegion(id=region.id, rows=rows, cols=cols, grid=region.grid)
