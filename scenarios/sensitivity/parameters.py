"""Which numbers of a species profile an indicator hangs on: its slopes carried on through rules, factors, fences and openings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from rasters.errors import PlannerError
from rasters.openings import FenceModel, OpeningEdges
from rasters.profile import MOVEMENT, SpeciesProfile
from scenarios.land.fences import fence_model
from scenarios.land.openings import SpeciesContext, standing_openings
from scenarios.land.prepared import Prepared, species_surface
from scenarios.sensitivity.indicators import Derivative

__all__ = ["SAME", "origins", "parameter_table"]

STEP = 1e-4
"""Share by which a number is moved to see what it does to the land and the fences; the solve itself is not repeated."""
LEAST_STEP = 1e-6
SAME = 0.01
"""Slopes up and down that differ by less than this share of the larger are one."""
OF_LAND = ("rules.", "factors.")
OF_CLOSED, OF_USE = "permeability.", "use_factor."


def parameter_table(prepared: Prepared, found: Derivative) -> pd.DataFrame:
    """Elasticity of an indicator for every number of the profile, largest first.

    Returns
    -------
    DataFrame
        ``parameter``, ``stated``, ``elasticity_up`` and ``elasticity_down`` [1]: per cent that the indicator changes when the number
        is raised, or lowered, by one per cent, to first order, per such per cent; ``status``: ``"smooth"``, ``"kink"`` where the two
        differ (another rule or habitat decides on one side), ``"end of range"`` where the number can only move one way,
        ``"no effect"``, and ``"sealed"`` for a number of a fence that is shut. NaN where there is no slope.
    """
    profile, chain = prepared.profile, _Chain(prepared=prepared, found=found)
    rows = []
    for name, value in (profile.parameters() | {key: one for key, (one, _) in found.more.items()}).items():
        if name in found.more:
            up = down = found.more[name][1] / found.value if found.value else np.nan
        else:
            down, up = (chain.elasticity(name, value, side) for side in (-1.0, 1.0))
        rows.append((name, value, up, down, _status(prepared, name, value, up, down)))
    table = pd.DataFrame(rows, columns=["parameter", "stated", "elasticity_up", "elasticity_down", "status"])
    size = table[["elasticity_up", "elasticity_down"]].abs().max(axis=1).fillna(-1.0)
    return table.assign(size=size).sort_values("size", ascending=False, kind="stable").drop(columns="size")


def _status(prepared: Prepared, name: str, value: float, up: float, down: float) -> str:
    if name.startswith("permeability.") and value == 0.0:
        return "sealed"
    if np.isnan(up) or np.isnan(down):
        return "end of range"
    if up == down == 0.0:
        return "no effect"
    return "smooth" if abs(up - down) <= SAME * max(abs(up), abs(down)) else "kink"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """From a number of the profile to the land or the fences, and on by the slopes of the indicator."""

    prepared: Prepared
    found: Derivative
    _gradient: dict[str, Reals] = field(default_factory=dict)

    def elasticity(self, name: str, value: float, side: float) -> float:
        """Relative change of the indicator per relative change of a number, moved to one side; NaN where it cannot move there."""
        if not self.found.value or not value:
            return np.nan
        step = side * max(STEP * abs(value), LEAST_STEP)
        try:
            profile = self.prepared.profile.with_parameters({name: value + step})
            change = self._of_land(profile) if name.startswith(OF_LAND) else self._of_fences(name, profile)
        except PlannerError:
            return np.nan
        return change / step * value / self.found.value + 0.0  # no minus zero

    def _of_land(self, profile: SpeciesProfile) -> float:
        prepared = self.prepared
        inputs = replace(prepared.inputs, profiles={**prepared.inputs.profiles, profile.id: profile})
        values = species_surface(prepared.resolved, inputs, profile.id).values
        if "land" not in self._gradient:
            self._gradient["land"] = self.found.gradient
        gradient = self._gradient["land"]
        used = gradient != 0.0
        return float((gradient[used] * (values[used] - prepared.surface.values[used])).sum())

    def _of_fences(self, name: str, profile: SpeciesProfile) -> float:
        designs = {edges.opening.design for edges in self.prepared.standing_edges}
        if name.startswith(OF_USE) and name.removeprefix(OF_USE) not in designs:
            return 0.0
        laid_out: dict[int, tuple[FenceModel, tuple[OpeningEdges, ...]]] = {}
        total = 0.0
        for part in self.found.parts:
            prepared = part.land.prepared
            if id(prepared) not in laid_out:
                laid_out[id(prepared)] = _fences(prepared, profile, same=name.startswith(OF_CLOSED))
            total += part.of_fences(*laid_out[id(prepared)])
        return total


def _fences(prepared: Prepared, profile: SpeciesProfile, *, same: bool) -> tuple[FenceModel, tuple[OpeningEdges, ...]]:
    """What fences and standing passages are worth to a changed profile; ``same``: the passages are laid out as they are."""
    model = fence_model(prepared.resolved, prepared.inputs, profile)
    if same or not prepared.standing:
        return model, prepared.standing_edges
    context = SpeciesContext(
        resolved=prepared.resolved, inputs=prepared.inputs, profile=profile, surface=prepared.surface, model=model
    )
    return model, tuple(one.edges for one in standing_openings(context, prepared.candidates))


def origins(profile: SpeciesProfile) -> Mapping[str, str]:
    """Where each number of a profile comes from."""
    return dict(_origins(profile))


def _origins(profile: SpeciesProfile) -> Iterator[tuple[str, str]]:
    for group, rules in (("rules", profile.rules), ("factors", profile.factors)):
        for rule in rules:
            for number in range(len(rule.response.values)):
                yield f"{group}.{rule.layer}[{number}]", rule.origin
    for kind, one in profile.permeability.items():
        for name in one.numbers():
            yield f"permeability.{kind}.{name}", one.origin
    for design, stated in profile.use_factor.items():
        yield f"use_factor.{design}", stated.origin
    for name in MOVEMENT:
        stated_length = getattr(profile, name)
        if stated_length is not None:
            yield name, stated_length.origin
