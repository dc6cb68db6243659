"""Names in a study that stand for something else in it: each must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from rasters.plain import unknown
from scenarios.study.faults import KeyPath

__all__ = ["reference_faults"]

Study = Any
"""`scenarios.study.schema.Study`, which asks here when it is made and so cannot be imported."""
Found = Iterator[tuple[KeyPath, str]]


def reference_faults(study: Study) -> list[tuple[KeyPath, str]]:
    """Every key whose value names something that the study does not have, and what else does not go together."""
    return [*_species(study), *_layers(study), *_designs(study), *_actions(study), *_twice(study), *_together(study)]


def _missing(key: KeyPath, kind: str, name: str, known: Collection[str]) -> Found:
    if name not in known:
        yield key, unknown(kind, name, known)


def _species(study: Study) -> Found:
    """Also as names of keys."""
    permeability = study.fences.permeability.items()
    keys: list[KeyPath] = [("routes", name) for name in study.routes]
    keys += [("fences", "permeability", line, name) for line, by_species in permeability for name in by_species]
    for one in keys:
        yield from _missing(one, "species", str(one[-1]), study.species)
    yield from ((("species", name), "has no entry in `routes`") for name in study.species if name not in study.routes)
    named: list[tuple[KeyPath, Collection[str]]] = [
        (("actions", name, "species"), action.species or ()) for name, action in study.actions.items()
    ]
    named += [(("designs", name, "use_factor"), design.use_factor) for name, design in study.designs.items()]
    named += [(("openings", i, "use_factor"), rule.use_factor) for i, rule in enumerate(study.openings)]
    for key, names in named:
        for name in names:
            yield from _missing(key, "species", name, study.species)


def _layers(study: Study) -> Found:
    for name, layer in study.layers.items():
        if layer.source is not None:
            yield from _missing(("layers", name, "source"), "layer", layer.source, study.layers)


def _designs(study: Study) -> Found:
    used: list[tuple[KeyPath, str]] = [
        (("openings", i, "design"), rule.design) for i, rule in enumerate(study.openings)
    ]
    candidates = study.candidates
    used += [(("candidates", "design"), candidates.design)]
    used += [(("candidates", "more_designs", i), name) for i, name in enumerate(candidates.more_designs)]
    used += [
        (("candidates", "points", i, "design"), one.design) for i, one in enumerate(candidates.points) if one.design
    ]
    for key, name in used:
        yield from _missing(key, "design", name, study.designs)


def _actions(study: Study) -> Found:
    named: list[tuple[KeyPath, str]] = [(("done", i), name) for i, name in enumerate(study.done)]
    named += [(("portfolio", "actions", i), name) for i, name in enumerate(study.portfolio.actions)]
    for key, name in named:
        yield from _missing(key, "action", name, study.actions)


def _twice(study: Study) -> Found:
    seen: set[str] = set()
    keys: list[tuple[KeyPath, str]] = [(("openings", i, "id"), rule.id) for i, rule in enumerate(study.openings)]
    keys += [(("candidates", "points", i, "id"), point.id) for i, point in enumerate(study.candidates.points)]
    for key, name in keys:
        if name in seen:
            yield key, f"openings and candidates use the id {name!r} twice; rename one"
        seen.add(name)


def _together(study: Study) -> Found:
    if study.ranking.arriving_weight > 0 and study.mortality is None:
        yield ("ranking", "arriving_weight"), "needs `mortality`; add e.g. `mortality: {reach_km: 300}`"
    if not sum(entry.weight for entry in study.species.values()) > 0:
        yield ("species",), "every weight is 0; at least one must be > 0"
