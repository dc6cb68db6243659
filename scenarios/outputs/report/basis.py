"""What a scenario that the page saves builds on: which scenario of the study, what was set besides, what stands open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.study.schema import Ranking, Routes

__all__ = ["Basis", "bases_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """How a scenario came to be, as far as another one can stand on it.

    Parameters
    ----------
    base : str
        Scenario of the study's file.
    overrides : dict
        Dotted key -> value, set besides: by a scenario file or on the command line.
    openings : list
        The scenario's own openings, as plain data.
    weights : dict of str to float
        Species -> weight.
    ranking : tuple of float
        Weights of the gains in conductance and in least cost.
    arriving : bool
        Whether the ranking also counts walkers that arrive alive, which the page does not.
    routes : dict of str to Routes
        Species -> cores, targets and what they weigh.
    months : dict of str to list of int
        Candidate of the study's own -> months in which it is open.
    """

    base: str
    overrides: dict[str, Any] = field(default_factory=dict)
    openings: list[Any] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    ranking: tuple[float, float] = (0.5, 0.5)
    arriving: bool = False
    routes: dict[str, Routes] = field(default_factory=dict)
    months: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any], base: str, overrides: Mapping[str, Any]) -> Basis:
        """From a study's settings after all overrides, as a manifest keeps them."""
        ranking = Ranking.model_validate(settings.get("ranking", {}))
        return cls(
            base=base,
            overrides=in_order(dict(overrides)),
            openings=in_order(list(settings.get("openings", []))),
            weights={name: float(entry.get("weight", 1.0)) for name, entry in settings.get("species", {}).items()},
            ranking=(ranking.conductance_weight, ranking.least_cost_weight),
            arriving=ranking.arriving_weight > 0,
            routes={name: Routes.model_validate(routes) for name, routes in settings.get("routes", {}).items()},
            months={point["id"]: point["months"] for point in _points(settings) if point.get("months")},
        )


def in_order(data: Any) -> Any:
    """Plain data with the keys of every table in the order of a manifest, so that a page made from one is the same page."""
    return json.loads(json.dumps(data, sort_keys=True))


def _points(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(settings.get("candidates", {}).get("points", []))


def bases_of(manifest: Mapping[str, Any]) -> dict[str, Basis]:
    """Scenario -> its basis, from the manifest of stored results; none where the manifest names no settings."""
    made = manifest.get("settings", {}).get("bases", {})
    return {
        name: Basis.of(settings, made.get(name, {}).get("base", name), made.get(name, {}).get("overrides", {}))
        for name, settings in manifest.get("scenarios", {}).items()
    }
