"""Bodies of a study's species against its wires: who fits through which design, and numbers that say more than fits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from rasters.bodies import Gap, Verdict, Wires, past_fence, through_gap
from rasters.errors import ConfigError
from rasters.profile import SpeciesProfile
from scenarios.study.documents import read_document
from scenarios.study.faults import KeyPath, dotted
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study

__all__ = ["design_table", "fence_table", "gap_of", "require_fits", "through_design", "through_line"]

Profiles = Mapping[str, SpeciesProfile]
Fault = tuple[str, KeyPath, float, str]
"""Species whose file the key is in (empty: the study's), key, value, why it is impossible and what to do."""


def gap_of(study: Study, design: str, width_m: float | None = None) -> Gap:
    """What is free in a design, at a place of another width if one is given."""
    built = study.designs[design]
    clearance = math.inf if built.clearance_m == "open" else built.clearance_m
    return Gap(
        width_m=width_m or built.width_m, clearance_m=clearance, gap_height_m=built.gap_height_m, top_m=built.top_m
    )


def through_design(study: Study, design: str, profile: SpeciesProfile, width_m: float | None = None) -> Verdict:
    """Whether a species fits through a design."""
    return through_gap(profile.body, gap_of(study, design, width_m))


def through_line(study: Study, line: str, profile: SpeciesProfile) -> Verdict:
    """Whether a species gets past a fence line as it stands."""
    built = study.fences.wires.get(line)
    wires = None if built is None else Wires(top_m=built.top_m, strands=built.strands, bottom_m=built.bottom_m)
    return past_fence(profile.body, wires)


def require_fits(resolved: ResolvedStudy, profiles: Profiles) -> None:
    """Refuse use factors and permeabilities above 0 where no animal fits, all at once.

    Raises
    ------
    ConfigError
        File, line, key, value, the lengths that decide, and what to do, one line for each.
    """
    every = (*_uses(resolved.study, profiles), *_permeabilities(resolved.study, profiles))
    faults = {(whose, key): _told(resolved, whose, key, value, why) for whose, key, value, why in reversed(every)}
    if faults:
        raise ConfigError("\n".join(reversed(faults.values())))


def design_table(study: Study, profiles: Profiles) -> pd.DataFrame:
    """One row per design: ``design, width_m, clearance_m, gap_height_m, top_m``, and who fits, a column ``fits_SPECIES`` each."""
    rows = []
    for name, built in study.designs.items():
        lengths = {key: getattr(built, key) for key in ("width_m", "clearance_m", "gap_height_m", "top_m")}
        fits = {f"fits_{s}": str(through_design(study, name, profile)) for s, profile in profiles.items()}
        rows.append({"design": name, **lengths, **fits, "origin": built.origin})
    return pd.DataFrame(rows)


def fence_table(study: Study, profiles: Profiles) -> pd.DataFrame:
    """One row per fence line whose wires are stated: ``fence_line, top_m, strands, bottom_m``, and who gets past it as it stands."""
    rows = []
    for name, built in study.fences.wires.items():
        fits = {f"fits_{s}": str(through_line(study, name, profile)) for s, profile in profiles.items()}
        rows.append({"fence_line": name, **built.model_dump(exclude={"origin"}), **fits, "origin": built.origin})
    return pd.DataFrame(rows)


def _uses(study: Study, profiles: Profiles) -> Iterator[Fault]:
    """Use factors above 0 of designs, and of openings and candidates at their own width, that a species does not fit through."""
    for profile in profiles.values():
        for at, design, width_m, measured in _places(study):
            verdict = through_design(study, design, profile, width_m)
            whose, key, value = _counting(study, profile, design, at, measured)
            if verdict.fit.impossible and value > 0:
                why = f"no {profile.id} fits through {design}{' at ' + dotted(at) if at else ''}: {verdict}"
                fix = "state 0, or correct `body` in the species' file or the lengths of the design"
                yield whose, key, value, f"{why}; {fix}"


def _places(study: Study) -> Iterator[tuple[KeyPath, str, float | None, dict[str, float]]]:
    """Key, design, width where it differs, and what was measured there: of the designs themselves first."""
    for name in study.designs:
        yield (), name, None, {}
    for i, rule in enumerate(study.openings):
        yield ("openings", i), rule.design, rule.width_m, rule.use_factor
    for i, point in enumerate(study.candidates.points):
        yield ("candidates", "points", i), point.design or study.candidates.design, point.width_m, {}


def _counting(
    study: Study, profile: SpeciesProfile, design: str, at: KeyPath, measured: Mapping[str, float]
) -> tuple[str, KeyPath, float]:
    """Whose file, key and value of the use factor that counts for a species at a place; 0 where none is stated."""
    own = study.designs[design].use_factor
    if profile.id in measured:
        return "", (*at, "use_factor", profile.id), measured[profile.id]
    if profile.id in own:
        return "", ("designs", design, "use_factor", profile.id), own[profile.id]
    stated = profile.use_factor.get(design)
    return profile.id, ("use_factor", design, "value"), stated.value if stated else 0.0


def _permeabilities(study: Study, profiles: Profiles) -> Iterator[Fault]:
    """Permeabilities above 0 of fence lines that a species does not get past."""
    for line in study.fences.wires:
        for species, profile in profiles.items():
            own = study.fences.permeability.get(line, {}).get(species)
            kind = line if line in profile.permeability else "default"
            stated = profile.permeability_of(line) if own is None else own.to_data()
            key: KeyPath = ("permeability", kind) if own is None else ("fences", "permeability", line, species)
            verdict = through_line(study, line, profile)
            if verdict.fit.impossible and stated.worth_m < math.inf:
                why = f"no {species} gets past {line}: {verdict}; state `value: 0`, or say in `body.other_ways` of the species' file how"
                why += " it does, or correct the lengths in `fences.wires`"
                name, value = stated.stated
                yield species if own is None else "", (*key, name), value, why


def _told(resolved: ResolvedStudy, species: str, key: KeyPath, value: float, why: str) -> str:
    path = resolved.file(resolved.study.species[species].profile) if species else resolved.path
    line = read_document(path).line_of(key)
    return f"{path}{f':{line}' if line else ''}: {dotted(key)}: {value:g}: {why}"
