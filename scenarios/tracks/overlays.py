"""What the next run takes: ``permeability.yaml`` and ``profile.yaml``, each number with what stood before and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rasters.numbers import figure
from scenarios.evidence.overlay import Overlay, Replaced, assumed
from scenarios.study.load import ResolvedStudy
from scenarios.tracks.selection import Covariate, Selection
from scenarios.tracks.worth import Worth

__all__ = ["permeability_overlay", "profile_overlay"]

LARGEST = 1000.0
"""Resistances beyond this are none that tracks could tell."""


def permeability_overlay(
    resolved: ResolvedStudy, found: Sequence[Worth], title: str, *, synthetic: bool
) -> Overlay | None:
    """Posterior weights of the lines that the tracks say something of; None where there are none."""
    told = [one for one in found if one.status == "updated"]
    if not told:
        return None
    study = resolved.study
    own = resolved.settings.get("fences", {}).get("permeability", {})
    lines: dict[str, dict[str, Any]] = {line: dict(by_species) for line, by_species in own.items()}
    for one in told:
        lines.setdefault(one.line.line, {})[one.species] = _stated(one, title, synthetic)
    source = f"{'SYNTHETIC ' if synthetic else ''}tracks: {title}"
    names = ", ".join(f"{one.species} at {one.line.line}" for one in told)
    return Overlay(
        study=study.study,
        note=f"Permeability of fences after {title}",
        synthetic=synthetic,
        set={"fences.permeability": lines}
        | assumed(study, [f"What fences are worth is updated by {source} ({names})."]),
        replaced=[_replaced(one) for one in told],
    )


def _stated(one: Worth, title: str, synthetic: bool) -> dict[str, Any]:
    middle, low, high = (min(max(value, 0.0), 1.0) for value in one.blended.posterior)
    weight = one.line.weight
    origin = (
        f"{'SYNTHETIC ' if synthetic else ''}measured: {title}; {weight.seen} of {weight.expected:.0f} crossings to be expected without a "
        f"fence, {weight.animals} animals; 90 % interval {low:.3g} to {high:.3g}"
    )
    return {"value": round(middle, 6), "per": "step", "scale_m": round(one.line.scale_m, 1), "origin": origin}


def _replaced(one: Worth) -> Replaced:
    weight = one.line.weight
    return Replaced(
        key=f"fences.permeability.{one.line.line}.{one.species}",
        before=f"{one.stated.in_words()} [{one.stated.origin}]",
        after="worth " + _km(one, one.blended.posterior) + " km of open land",
        evidence=f"{weight.seen} crossings seen, {weight.expected:.0f} to be expected without a fence; the tracks alone: {_alone(one)} km",
    )


def _km(one: Worth, weights: tuple[float, float, float]) -> str:
    middle, low, high = weights
    return f"{_figure(one.worth_km(middle))} ({_figure(one.worth_km(high))} to {_figure(one.worth_km(low))})"


def _alone(one: Worth) -> str:
    weight = one.line.weight
    return _km(one, (weight.middle, weight.low, weight.high))


def _figure(km: float) -> str:
    return figure(km, "km", 3)


def profile_overlay(
    resolved: ResolvedStudy, found: Sequence[Selection], title: str, *, synthetic: bool
) -> Overlay | None:
    """Resistances of the layers that steps tell, per species; None where they tell of none."""
    out: dict[str, Any] = {}
    replaced: list[Replaced] = []
    for one in found:
        rules = _rules(one)
        if one.fit is None or not rules:
            continue
        origin = _origin(one, title, synthetic)
        out[f"species.{one.species}.measured"] = {"combine": "product", "origin": origin, "rules": rules}
        layers = ", ".join(rule["layer"] for rule in rules)
        replaced.append(
            Replaced(
                key=f"species.{one.species}.measured",
                before="the rules of its file",
                after=f"resistance by {layers}",
                evidence=origin,
            )
        )
    if not out:
        return None
    names = ", ".join(key.split(".")[1] for key in out)
    sentence = (
        f"Resistances of {names} are measured by step selection on {'SYNTHETIC ' if synthetic else ''}tracks: {title}."
    )
    return Overlay(
        study=resolved.study.study,
        note=f"Resistances after {title}",
        synthetic=synthetic,
        set=out | assumed(resolved.study, [sentence]),
        replaced=replaced,
    )


def _origin(one: Selection, title: str, synthetic: bool) -> str:
    assert one.fit is not None
    mark = "SYNTHETIC " if synthetic else ""
    return f"{mark}measured: {title}; step selection of {one.fit.sets} steps of {one.animals} animals, errors by {one.clustered}"


def _rules(one: Selection) -> list[dict[str, Any]]:
    """A rule for each layer of which an interval leaves out 0."""
    by_layer: dict[str, list[tuple[Covariate, int]]] = {}
    for i, covariate in enumerate(one.covariates):
        by_layer.setdefault(covariate.layer.name, []).append((covariate, i))
    rules = []
    for parts in by_layer.values():
        sure = any(low > 0 or high < 0 for low, high in (one.interval(i) for _, i in parts))
        if sure and one.fit is not None:
            made = _of_numbers if parts[0][0].code is None else _of_classes
            rules.append(made(one, parts))
    return rules


def _told(one: Selection, i: int) -> str:
    assert one.fit is not None
    low, high = one.interval(i)
    return f"measured: coefficient {one.fit.beta[i]:.3g} (90 % {low:.3g} to {high:.3g})"


def _of_numbers(one: Selection, parts: Sequence[tuple[Covariate, int]]) -> dict[str, Any]:
    """Resistance is the inverse of the selection strength, 1 where it is strongest within what animals met."""
    assert one.fit is not None
    covariate, i = parts[0]
    at = np.unique(np.round(np.array(covariate.range), 4))
    log = -float(one.fit.beta[i]) * (at - covariate.mean) / covariate.spread
    values = np.minimum(np.exp(log - log.min()), LARGEST)
    points = [{"at": float(a), "value": round(float(v), 4)} for a, v in zip(at, values, strict=True)]
    return {
        "layer": covariate.layer.name,
        "unit": covariate.layer.unit,
        "points": points,
        "origin": f"{_told(one, i)} per {covariate.spread:.4g} {covariate.layer.unit}; constant beyond what animals met",
    }


def _of_classes(one: Selection, parts: Sequence[tuple[Covariate, int]]) -> dict[str, Any]:
    """Every class by its own coefficient; the commonest is what they are compared with, and rare ones go with it."""
    assert one.fit is not None
    log = np.array([-float(one.fit.beta[i]) for _, i in parts])
    least = min(0.0, float(log.min()))
    rows = [
        {
            "codes": [covariate.code],
            "means": f"class {covariate.code}",
            "value": _bounded(value - least),
            "origin": _told(one, i),
        }
        for (covariate, i), value in zip(parts, log, strict=True)
    ]
    return {
        "layer": parts[0][0].layer.name,
        "unit": "class",
        "origin": "measured: step selection",
        "classes": rows,
        "otherwise": {
            "value": _bounded(-least),
            "origin": "the commonest class, which others are compared with; rare ones go with it",
        },
    }


def _bounded(log: float) -> float:
    return round(float(min(np.exp(log), LARGEST)), 4)
