"""How one species meets the fences of a study: what each is worth, how far it looks for a passage, and who says so."""

from __future__ import annotations

from rasters.errors import ConfigError
from rasters.openings import FenceModel
from rasters.permeability import Permeability
from rasters.profile import MOVEMENT, SpeciesProfile
from rasters.responses import Stated
from scenarios.land.inputs import Inputs
from scenarios.study.load import ResolvedStudy

__all__ = ["fence_model", "fences_in_words", "movement_of", "permeability_of"]


def permeability_of(resolved: ResolvedStudy, profile: SpeciesProfile, line: str) -> Permeability:
    """What a fence line lets through of a species; the study's own statement comes before the profile's."""
    stated = resolved.study.fences.permeability.get(line, {}).get(profile.id)
    return profile.permeability_of(line) if stated is None else stated.to_data()


def movement_of(resolved: ResolvedStudy, profile: SpeciesProfile) -> dict[str, Stated]:
    """``free_path_m`` and ``reach_m`` of a species [m]; the study's own statement comes before the profile's.

    Raises
    ------
    ConfigError
        Where neither states them.
    """
    model, found = resolved.study.fences.model, {}
    for name in MOVEMENT:
        own, stated = getattr(model, name), getattr(profile, name)
        if own is None and stated is None:
            raise ConfigError(
                f"{resolved.path}: species.{profile.id}: neither its profile nor `fences.model` states {name}; add e.g. "
                f"`{name}: {{value: 1000, origin: where from}}` to {resolved.study.species[profile.id].profile}"
            )
        found[name] = stated if own is None else Stated(value=own, origin=model.origin)
    return found


def fence_model(resolved: ResolvedStudy, inputs: Inputs, profile: SpeciesProfile) -> FenceModel:
    """What each active fence and each passage is worth to one species."""
    moves = movement_of(resolved, profile)
    return FenceModel(
        worth_m={
            fence.id: permeability_of(resolved, profile, fence.fence_line).worth_m for fence in inputs.cuts.fences
        },
        reach_m=moves["reach_m"].value,
        free_path_m=moves["free_path_m"].value,
        neighbours=resolved.study.solver.neighbours,
    )


def fences_in_words(resolved: ResolvedStudy, inputs: Inputs, profile: SpeciesProfile) -> dict[str, str]:
    """Active fence line -> what it is worth to a species, from what, and who says so."""
    lines = dict.fromkeys(fence.fence_line for fence in inputs.cuts.fences)
    found = {line: permeability_of(resolved, profile, line) for line in lines}
    return {line: f"{profile.name}: {line} {one.in_words()} ({one.origin})." for line, one in found.items()}
