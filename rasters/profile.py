"""What a species file says, as plain data: rules from layers to resistance, barriers, fences, dispersal.

Nothing here reads files (``scenarios.study.species`` does) or rasters (`rasters.resistance` does). Every number keeps
its origin: a source, or "expert placeholder".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from rasters.errors import ConfigError
from rasters.permeability import Permeability
from rasters.plain import unknown
from rasters.responses import Response, Stated

__all__ = [
    "MOST_SENSITIVE",
    "Barrier",
    "Body",
    "Combine",
    "Habituation",
    "Rule",
    "Scaling",
    "SpeciesProfile",
]

EntryT = TypeVar("EntryT")
Combine = Literal["maximum", "product", "sum", "geometric_mean"]

MOVEMENT = ("free_path_m", "reach_m")
"""Lengths of a species' movement at a fence, numbers of the profile that a study may state itself."""

MOST_SENSITIVE = Stated(
    value=0.1, origin="no sensitivity is stated: the coarsest cells that the public gets of any species"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How a slope of the study's cells reads as one of the cells that the thresholds were measured on.

    A layer's value is multiplied by ``(cell / reference_m) ** exponent`` before the rule looks it up: slope falls with
    cell size as a power (Zhang et al. 1999, Earth Surf. Process. Landforms 24:763).
    """

    reference_m: float
    exponent: float
    origin: str

    def factor(self, cell_m: float) -> float:
        """Multiplier [1] for cells of ``cell_m`` metres."""
        return float((cell_m / self.reference_m) ** self.exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From one layer to a resistance, or for a factor to a multiplier of resistance [1].

    Parameters
    ----------
    layer, unit : str
        Which layer, and the unit it must have.
    response : Response
        One of the classes of `rasters.responses`.
    origin : str
        Where the rule as a whole comes from.
    optional : bool
        Left out, and said so, where the study has no such layer.
    if_nodata : Stated, optional
        Value for cells where the layer is unknown; without it they stay unknown.
    scaling : Scaling, optional
        For thresholds on slope that were measured on finer cells.
    """

    layer: str
    unit: str
    response: Response
    origin: str
    optional: bool = False
    if_nodata: Stated | None = None
    scaling: Scaling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """Classes of a layer that the species cannot enter at all."""

    layer: str
    classes: tuple[int, ...]
    origin: str
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a body needs to get past wires; what is not stated is None, and then nothing is said of it.

    Parameters
    ----------
    crawls_under_m : Stated, optional
        Least clearance that it goes under, stooped as far as it does [m]; its standing height if it does not stoop.
    jumps_m : Stated, optional
        Highest strand that it goes over [m]; 0 if it does not jump.
    min_width_m : Stated, optional
        Least width of an opening that it goes into [m].
    other_ways : mapping of str to str
        ``breaks``, ``climbs``, ``digs`` or ``weak_places`` -> origin: how else it gets past a fence that is shut.
    """

    crawls_under_m: Stated | None = None
    jumps_m: Stated | None = None
    min_width_m: Stated | None = None
    other_ways: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habituation:
    """Share of its later use that a passage has some years after it was opened: straight lines between points.

    Parameters
    ----------
    years : tuple of float
        Since the opening, ascending from 0 or more.
    share : tuple of float
        In (0, 1], never falling, 1 at the last.
    origin : str
    """

    years: tuple[float, ...]
    share: tuple[float, ...]
    origin: str

    def at(self, years: float) -> float:
        """Share [1] after this many years; constant before the first point and after the last."""
        found, points = self.share[0], list(zip(self.years, self.share, strict=True))
        for (start, low), (end, high) in itertools.pairwise(points):
            if years > start:
                found = low + (high - low) * min((years - start) / (end - start), 1.0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesProfile:
    """One species: what resists its movement, how it meets fences, how far it goes.

    Parameters
    ----------
    id, name, scientific_name : str
    labels : mapping
        Name per language code: ``en``, ``ru``, ``kk``.
    status : str
        ``"expert placeholder"`` until values are fitted to data or taken from a publication.
    combine : {"maximum", "product", "sum", "geometric_mean"}
        How the resistances of the rules become one; ``maximum`` lets the worst rule decide.
    rules, factors, barriers : tuple
        Resistances to combine; multipliers applied after it; impassable classes.
    minimum : float
        Floor of the result; 1 is best habitat.
    permeability : mapping of fence kind to Permeability
        What crossing such a fence is worth. ``default`` holds for kinds not listed.
    use_factor : mapping of passage design to Stated
        Share in [0, 1] of the encounters with a passage that end on the other side, once animals are used to it; 0 for a
        design that they do not fit through.
    free_path_m, reach_m : Stated, optional
        Over which an animal keeps its direction, and how far it follows a fence to either side; where the study says neither.
    body : Body
    habituation : Habituation, optional
        How use rises over the years after the opening; without it a passage is used at once as later.
    dispersal_km : Stated
        Distance at which half of the dispersing animals have stopped.
    home_range_km2 : Stated, optional
    sensitivity_deg : Stated
        Cells that the public may see of the species [degrees].
    assumptions : tuple of str
        What a reader of any result must know.
    assumptions_in : mapping
        Language -> sentence -> the same in that language.
    """

    id: str
    name: str
    scientific_name: str
    labels: Mapping[str, str]
    status: str
    combine: Combine
    rules: tuple[Rule, ...]
    factors: tuple[Rule, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    minimum: float = 1.0
    permeability: Mapping[str, Permeability] = field(default_factory=dict)
    use_factor: Mapping[str, Stated] = field(default_factory=dict)
    free_path_m: Stated | None = None
    reach_m: Stated | None = None
    dispersal_km: Stated
    home_range_km2: Stated | None = None
    sensitivity_deg: Stated = MOST_SENSITIVE
    body: Body = field(default_factory=Body)
    habituation: Habituation | None = None
    assumptions: tuple[str, ...] = ()
    assumptions_in: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def layers_needed(self) -> tuple[str, ...]:
        """Layers without which no resistance can be built, in order of first use."""
        return self._layer_names(optional=False)

    def layers_optional(self) -> tuple[str, ...]:
        """Layers that are used where the study has them and are not needed otherwise."""
        needed = self.layers_needed()
        return tuple(name for name in self._layer_names(optional=True) if name not in needed)

    def permeability_of(self, fence_kind: str) -> Permeability:
        """How the species gets past a kind of fence, or past those that are not listed."""
        return _look_up(self.permeability, fence_kind, "default", f"{self.id}: permeability of fence kind")

    def use_factor_of(self, design: str) -> Stated:
        """Use factor [0..1] of a passage design."""
        return _look_up(self.use_factor, design, design, f"{self.id}: use factor of passage design")

    def parameters(self) -> dict[str, float]:
        """Every number that an uncertainty analysis may draw, by a stable name such as ``rules.slope_percent[1]``."""
        out: dict[str, float] = {}
        for group, rule in self._rules():
            out |= {f"{group}.{rule.layer}[{i}]": value for i, value in enumerate(rule.response.values)}
        for kind, stated in self.permeability.items():
            out |= {f"permeability.{kind}.{name}": number for name, number in stated.numbers().items()}
        out |= {f"use_factor.{design}": stated.value for design, stated in self.use_factor.items()}
        return out | {name: stated.value for name in MOVEMENT if (stated := getattr(self, name)) is not None}

    def with_parameters(self, changes: Mapping[str, float]) -> SpeciesProfile:
        """The same profile with some of its `parameters` changed; an unknown name is an error."""
        strange = sorted(set(changes) - set(self.parameters()))
        if strange:
            raise ConfigError(f"{self.id}: {unknown('parameter', strange[0], self.parameters())}")
        return replace(
            self,
            rules=tuple(_with_values(rule, "rules", changes) for rule in self.rules),
            factors=tuple(_with_values(rule, "factors", changes) for rule in self.factors),
            permeability={
                kind: _with_numbers(old, f"permeability.{kind}", changes) for kind, old in self.permeability.items()
            },
            use_factor={key: _with_value(old, f"use_factor.{key}", changes) for key, old in self.use_factor.items()},
            free_path_m=self.free_path_m and _with_value(self.free_path_m, "free_path_m", changes),
            reach_m=self.reach_m and _with_value(self.reach_m, "reach_m", changes),
        )

    def _rules(self) -> Iterator[tuple[str, Rule]]:
        yield from (("rules", rule) for rule in self.rules)
        yield from (("factors", rule) for rule in self.factors)

    def _layer_names(self, optional: bool) -> tuple[str, ...]:
        parts: list[Rule | Barrier] = [*self.rules, *self.factors, *self.barriers]
        return tuple(dict.fromkeys(part.layer for part in parts if part.optional == optional))


def _look_up(table: Mapping[str, EntryT], key: str, fallback: str, what: str) -> EntryT:
    found = table.get(key, table.get(fallback))
    if found is None:
        there = ", ".join(sorted(table)) or "none"
        raise ConfigError(f"{what} {key!r} is not stated; choose one of {there}, or add it to the species file")
    return found


def _with_values(rule: Rule, group: str, changes: Mapping[str, float]) -> Rule:
    values = tuple(changes.get(f"{group}.{rule.layer}[{i}]", value) for i, value in enumerate(rule.response.values))
    return replace(rule, response=replace(rule.response, values=values))


def _with_value(old: Stated, key: str, changes: Mapping[str, float]) -> Stated:
    return replace(old, value=changes.get(key, old.value))


def _with_numbers(old: Permeability, key: str, changes: Mapping[str, float]) -> Permeability:
    return old.with_numbers({name: changes.get(f"{key}.{name}", number) for name, number in old.numbers().items()})
