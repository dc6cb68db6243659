"""What each fence is worth to a species: from steps to a weight, with what was stated before, to kilometres of open land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rasters.permeability import PER_SCALE, Permeability, worth_m
from rasters.profile import SpeciesProfile
from scenarios.land.bodies import through_line
from scenarios.land.fences import permeability_of
from scenarios.statistics.crossing_weight import Blended, CrossingWeight, blend
from scenarios.study.load import ResolvedStudy
from scenarios.tracks.crossing import LineWeight, line_weights, with_controls
from scenarios.tracks.ground import Ground, SpeciesTracks
from scenarios.tracks.selection import Selection, preference_of
from scenarios.tracks.settings import TracksSettings
from scenarios.tracks.steps import Steps, draw_available, make_steps

__all__ = ["Worth", "interval_table", "steps_of", "worth_of", "worth_table"]

THINNED = (2, 3, 6)
"""Every how many-th fix is kept to see how the weight depends on the interval."""
SEALED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What one line is worth to one species, before and after the tracks.

    Parameters
    ----------
    line : LineWeight
    stated : Permeability
        Of the study or the species file.
    stated_weight : float
        The same as a weight of a step of these animals.
    blended : Blended
        Weight as stated, and with the tracks.
    status : str
        ``updated``; ``stays sealed`` where it is stated as sealed and no step crossed; ``body`` where steps crossed and the
        species' body says that none can; else why nothing is known.
    """

    species: str
    line: LineWeight
    stated: Permeability
    stated_weight: float
    blended: Blended
    status: str

    def worth_km(self, weight: float) -> float:
        """Kilometres of open land that a weight is worth at the scale of these steps."""
        return worth_m(min(max(weight, 0.0), 1.0), per="step", scale_m=self.line.scale_m) / 1000.0


def steps_of(tracks: SpeciesTracks, settings: TracksSettings) -> Steps:
    """Steps between following fixes."""
    return make_steps(
        tracks.x, tracks.y, tracks.hours, tracks.animal, least_m=settings.least_step_m, most_kmh=settings.most_kmh
    )


def _weights(
    steps: Steps, ground: Ground, settings: TracksSettings, rng: np.random.Generator, selection: Selection | None
) -> dict[str, LineWeight]:
    lines = with_controls(ground.lines, 2.0 * float(np.quantile(steps.length_m, 0.95)))
    available = draw_available(
        steps, lines, settings.available, rng, fences=ground.lines, uniform=settings.headings == "uniform"
    )
    habitat = None if selection is None else preference_of(selection, available.ends, ground)
    return line_weights(available, lines, habitat, names=ground.lines.names, steps=steps)


def worth_of(
    tracks: SpeciesTracks,
    ground: Ground,
    resolved: ResolvedStudy,
    profile: SpeciesProfile,
    settings: TracksSettings,
    rng: np.random.Generator,
    selection: Selection | None = None,
) -> list[Worth]:
    """Every active line, one after the other."""
    steps = steps_of(tracks, settings)
    if not steps.length_m.size:
        return []
    weights = _weights(steps, ground, settings, rng, selection)
    out = []
    for line, found in weights.items():
        stated = permeability_of(resolved, profile, line)
        before = _weight_of(stated, found.scale_m)
        blended = blend(found.weight, before, settings.prior_weight)
        status = _status(found.weight, before, resolved, profile, line)
        out.append(
            Worth(
                species=tracks.species, line=found, stated=stated, stated_weight=before, blended=blended, status=status
            )
        )
    return out


def _weight_of(stated: Permeability, scale_m: float) -> float:
    """Weight of a step across a fence of this worth; 0 where it is sealed."""
    return 1.0 / (1.0 + stated.worth_m / (PER_SCALE["step"] * scale_m))


def _status(found: CrossingWeight, stated: float, resolved: ResolvedStudy, profile: SpeciesProfile, line: str) -> str:
    if found.status != "ok":
        return found.status
    if stated < SEALED and not found.seen:
        return "stays sealed"
    if line in resolved.study.fences.wires and through_line(resolved.study, line, profile).fit.impossible:
        return "body"
    return "updated"


def worth_table(found: list[Worth]) -> pd.DataFrame:
    """One row per species and line: crossings seen and expected, the weight with its interval, its control, its worth in open land, what
    was stated, and both together."""
    return pd.DataFrame([_row(one) for one in found])


def _row(one: Worth) -> dict[str, object]:
    weight, control = one.line.weight, one.line.control
    prior, posterior = one.blended.prior, one.blended.posterior
    ok = weight.status == "ok"
    nan = float("nan")
    return {
        "species": one.species,
        "fence_line": one.line.line,
        "animals": weight.animals,
        "steps": weight.steps,
        "crossings": weight.seen,
        "expected": weight.expected,
        "weight": weight.middle,
        "low": weight.low,
        "high": weight.high,
        "best": weight.best,
        "dispersion": weight.dispersion,
        "spread": weight.spread,
        "scale_m": one.line.scale_m,
        "worth_km": one.worth_km(weight.middle) if ok else nan,
        "worth_low_km": one.worth_km(weight.high) if ok else nan,
        "worth_high_km": one.worth_km(weight.low) if ok else nan,
        "control": control.middle,
        "control_low": control.low,
        "control_high": control.high,
        "prior": prior[0],
        "prior_low": prior[1],
        "prior_high": prior[2],
        "posterior": posterior[0],
        "posterior_low": posterior[1],
        "posterior_high": posterior[2],
        "stated_km": one.stated.worth_m / 1000.0,
        "posterior_km": one.worth_km(posterior[0]),
        "posterior_low_km": one.worth_km(posterior[2]),
        "posterior_high_km": one.worth_km(posterior[1]),
        "status": one.status,
    }


def interval_table(
    tracks: SpeciesTracks, ground: Ground, settings: TracksSettings, rng: np.random.Generator, worth: list[Worth]
) -> pd.DataFrame:
    """The weight and the worth by interval between fixes: as collars were set, and with fixes left out."""
    rows = [row for one in worth for row in _interval_rows(one.species, one.line, "as set")]
    for every in THINNED:
        steps = steps_of(tracks.thinned(every), settings)
        if steps.length_m.size:
            found = _weights(steps, ground, settings, rng, None)
            rows += [
                row for one in found.values() for row in _interval_rows(tracks.species, one, f"every {every}th fix")
            ]
    return pd.DataFrame(rows)


def _interval_rows(species: str, line: LineWeight, fixes: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for interval, (weight, scale_m) in line.by_interval.items():
        if weight.status == "ok":
            low, middle, high = (
                worth_m(min(one, 1.0), per="step", scale_m=scale_m) / 1000
                for one in (weight.high, weight.middle, weight.low)
            )
            rows.append(
                {
                    "species": species,
                    "fence_line": line.line,
                    "fix_interval_h": interval,
                    "fixes_used": fixes,
                    "crossings": weight.seen,
                    "expected": weight.expected,
                    "weight": weight.middle,
                    "low": weight.low,
                    "high": weight.high,
                    "scale_m": scale_m,
                    "worth_km": middle,
                    "worth_low_km": low,
                    "worth_high_km": high,
                }
            )
    return rows
