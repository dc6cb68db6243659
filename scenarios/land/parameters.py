"""Which numbers of a study are uncertain, and what they are in each draw: from the study's `uncertainty` to values."""

from __future__ import annotations

import fnmatch
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.stats import qmc

from rasters.arrays import Reals
from rasters.errors import ConfigError, OptionError
from rasters.permeability import NUMBERS
from rasters.plain import unknown
from rasters.profile import MOVEMENT, SpeciesProfile
from scenarios.land.inputs import Inputs
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study
from scenarios.study.uncertainty import Spread

__all__ = ["MOST_DRAWS", "Changes", "Parameter", "ParameterSpace", "changed", "parameter_space", "sobol_points"]

POOL = 1024
"""Coordinates of the Sobol sequence to pick from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One uncertain number.

    Parameters
    ----------
    key : str
        Name in the species' profile (`SpeciesProfile.parameters`), or dotted key of the study where ``species`` is empty.
    nominal : float
        As stated.
    axis : int
        Which coordinate of a draw moves it; several parameters may share one.
    spread : Spread
    """

    key: str
    species: str
    nominal: float
    axis: int
    spread: Spread

    @property
    def name(self) -> str:
        """Unique in the study."""
        return f"{self.species}.{self.key}" if self.species else self.key

    def at(self, quantile: float) -> float:
        """Its value at a quantile in [0, 1]."""
        amount, nominal = _quantile(self.spread, quantile, self.nominal), self.nominal
        if self.spread.scale == "factor":
            return nominal * amount
        if self.spread.scale == "excess":
            return 1.0 + (nominal - 1.0) * amount
        if self.spread.scale == "odds":
            return nominal * amount / (1.0 - nominal + nominal * amount)
        return amount


def _quantile(spread: Spread, u: float, nominal: float) -> float:
    low, high = spread.bounds
    if spread.shape == "uniform":
        return low + u * (high - low)
    if spread.shape == "log_uniform":
        return float(low * (high / low) ** u)
    peak = nominal if spread.scale == "value" else 1.0
    below = (peak - low) / (high - low)
    if u < below:
        return low + math.sqrt(u * (high - low) * (peak - low))
    return high - math.sqrt((1.0 - u) * (high - low) * (high - peak))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Values that take the place of stated ones: by species and profile key, and by dotted key of the study."""

    profiles: dict[str, dict[str, float]]
    study: dict[str, float]

    @classmethod
    def none(cls) -> Changes:
        """Everything as stated."""
        return cls(profiles={}, study={})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpace:
    """Uncertain numbers, and the coordinates that move them.

    Parameters
    ----------
    parameters : tuple of Parameter
    axes : tuple of str
        Name of each coordinate: a parameter, or what several have in common.
    """

    parameters: tuple[Parameter, ...]
    axes: tuple[str, ...]

    def at(self, point: Reals) -> Changes:
        """Values at a point (d,) of the unit cube."""
        profiles: dict[str, dict[str, float]] = {}
        study: dict[str, float] = {}
        for parameter in self.parameters:
            value = parameter.at(float(point[parameter.axis]))
            into = profiles.setdefault(parameter.species, {}) if parameter.species else study
            into[parameter.key] = value
        return Changes(profiles=profiles, study=study)

    def moved_by(self, axis: int) -> tuple[Parameter, ...]:
        """Parameters that a coordinate moves."""
        return tuple(p for p in self.parameters if p.axis == axis)


MOST_DRAWS = 2**16
"""Each is solved."""


def sobol_points(n: int, dimensions: int, seed: int) -> Reals:
    """(n, dimensions) points of a scrambled Sobol sequence in [0, 1).

    The first points of a longer sequence of the same seed are the same. Sobol (1967), scrambled after Matousek (1998) by
    `scipy.stats.qmc`; only powers of two are balanced, so n must be one.

    Notes
    -----
    In a short sequence many coordinates run in step: in 64 points halves of one are halves or quarters of another, and no
    statistics can tell such parameters apart. So coordinates are picked that do not: see `_apart`.
    """
    if n > MOST_DRAWS:
        raise OptionError(f"--draws: {n} is more than anything needs; draw at most {MOST_DRAWS}")
    if n < 2 or n & (n - 1):
        near = 2 ** max(round(math.log2(max(n, 2))), 1)
        raise OptionError(f"--draws: {n} is not a power of two, and a Sobol sequence is balanced only then; use {near}")
    picked = list(_apart(dimensions))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        sequence = qmc.Sobol(max(picked) + 1, scramble=True, seed=seed)
    return np.asarray(sequence.random(n)[:, picked], np.float64)


@lru_cache
def _apart(dimensions: int) -> tuple[int, ...]:
    """Coordinates of the Sobol sequence whose halves and quarters fall together least within the first 64 points.

    Picked one by one; halves that fall together weigh most, as main effects are told from them. Scrambling leaves both as
    they are. Up to 14 coordinates share nothing, up to 25 no two share their halves.
    """
    quarter = (qmc.Sobol(max(POOL, 2 * dimensions), scramble=False).random(64) * 4).astype(np.int64)
    half = [int("".join(map(str, column)), 2) for column in (quarter >> 1).T]
    inner = [int("".join(map(str, column)), 2) for column in (quarter & 1).T]
    halves: Counter[int] = Counter()
    quarters: Counter[int] = Counter()
    picked: list[int] = []
    while len(picked) < dimensions:
        shared = [
            16 * halves[a] + 4 * (quarters[a] + halves[b] + halves[a ^ b]) + quarters[b] + quarters[a ^ b]
            for a, b in zip(half, inner, strict=True)
        ]
        best = min((one, i) for i, one in enumerate(shared) if i not in picked)[1]
        picked.append(best)
        halves[half[best]] += 1
        quarters.update((inner[best], half[best] ^ inner[best]))
    return tuple(picked)


def parameter_space(resolved: ResolvedStudy, inputs: Inputs) -> ParameterSpace:
    """Every parameter that plays a part in the scenario, is named in `uncertainty`, and can differ from what is stated.

    Raises
    ------
    ConfigError
        For a row that names no parameter at all, and for bounds that a parameter cannot take.
    """
    rows = resolved.study.uncertainty.parameters
    _require_known(resolved, inputs)
    axes: dict[tuple[int, str], int] = {}
    found = []
    for species, key, nominal in _playing(resolved, inputs):
        number = next((i for i, row in enumerate(rows) if _names(row, species, key)), None)
        if number is None:
            continue
        parameter = Parameter(key=key, species=species, nominal=nominal, axis=-1, spread=rows[number])
        _require_possible(resolved, number, parameter)
        if parameter.at(0.0) != parameter.at(1.0):
            label = (number, _axis(parameter))
            found.append(replace(parameter, axis=axes.setdefault(label, len(axes))))
    if not found:
        raise ConfigError(
            f"{resolved.path}: uncertainty: no row names a parameter that plays a part in scenario {resolved.scenario}; add "
            "`uncertainty: {parameters: [{parameter: 'rules.*', excess: [0.5, 2], origin: ...}]}`"
        )
    return ParameterSpace(parameters=tuple(found), axes=tuple(name for _, name in axes))


def changed(resolved: ResolvedStudy, inputs: Inputs, changes: Changes) -> tuple[ResolvedStudy, Inputs]:
    """The study with other values."""
    profiles = {
        name: profile.with_parameters(changes.profiles.get(name, {})) for name, profile in inputs.profiles.items()
    }
    study = resolved.study
    for key, value in changes.study.items():
        study = _with_key(study, key.split("."), value)
    return replace(resolved, study=study), replace(inputs, profiles=profiles)


def _with_key(study: Study, parts: list[str], value: float) -> Study:
    """A copy in which one of the study's uncertain keys has another value."""
    if parts[0] == "designs":
        design = study.designs[parts[1]]
        use = design.model_copy(update={"use_factor": {**design.use_factor, parts[3]: value}})
        return study.model_copy(update={"designs": {**study.designs, parts[1]: use}})
    fences = study.fences
    if parts[1] == "model":
        update: dict[str, object] = {"model": fences.model.model_copy(update={parts[2]: value})}
    else:
        line, species, number = parts[2:]
        stated = fences.permeability[line][species].model_copy(update={number: value})
        update = {"permeability": {**fences.permeability, line: {**fences.permeability[line], species: stated}}}
    return study.model_copy(update={"fences": fences.model_copy(update=update)})


def _all_of_study(study: Study) -> Iterator[tuple[str, float]]:
    model = study.fences.model
    yield from ((f"fences.model.{name}", value) for name in MOVEMENT if (value := getattr(model, name)) is not None)
    for line, by_species in study.fences.permeability.items():
        for species, stated in by_species.items():
            numbers = stated.to_data().numbers()
            yield from ((f"fences.permeability.{line}.{species}.{name}", value) for name, value in numbers.items())
    for design, settings in study.designs.items():
        yield from ((f"designs.{design}.use_factor.{name}", value) for name, value in settings.use_factor.items())


def _playing(resolved: ResolvedStudy, inputs: Inputs) -> Iterator[tuple[str, str, float]]:
    """Species, key and stated value of every parameter on which the scenario depends."""
    study = resolved.study
    lines = {fence.fence_line for fence in inputs.cuts.fences}
    designs = _designs(study)
    for key, value in _all_of_study(study):
        parts = key.split(".")
        if parts[1] == "model" or (parts[3] in inputs.profiles and (parts[1] in designs or parts[2] in lines)):
            yield "", key, value
    for species, profile in inputs.profiles.items():
        for key, value in profile.parameters().items():
            if _plays(study, inputs, profile, key, lines, designs):
                yield species, key, value


def _plays(study: Study, inputs: Inputs, profile: SpeciesProfile, key: str, lines: set[str], designs: set[str]) -> bool:
    group, _, rest = key.partition(".")
    if group in MOVEMENT:
        return getattr(study.fences.model, group) is None
    if group == "permeability":
        own, kind = study.fences.permeability, rest.partition(".")[0]
        left = [line for line in lines if profile.id not in own.get(line, {})]
        return any(kind == (line if line in profile.permeability else "default") for line in left)
    if group == "use_factor":
        return rest in designs and (rest not in study.designs or profile.id not in study.designs[rest].use_factor)
    return rest.partition("[")[0] in inputs.layers


def _designs(study: Study) -> set[str]:
    named = {study.candidates.design, *study.candidates.more_designs, *(rule.design for rule in study.openings)}
    return named | {point.design for point in study.candidates.points if point.design}


def _names(row: Spread, species: str, key: str) -> bool:
    pattern = row.parameter.replace("[", "[[]")
    return fnmatch.fnmatchcase(key, pattern) and (not row.species or species in row.species)


def _axis(parameter: Parameter) -> str:
    if parameter.spread.together == "study":
        return parameter.spread.parameter
    if parameter.spread.together == "species":
        return f"{parameter.species}.{parameter.spread.parameter}" if parameter.species else parameter.spread.parameter
    return parameter.name.partition("[")[0] if parameter.spread.together == "rule" else parameter.name


def _require_known(resolved: ResolvedStudy, inputs: Inputs) -> None:
    study = resolved.study
    known = [("", key) for key, _ in _all_of_study(study)]
    for name, profile in inputs.profiles.items():
        might = [f"permeability.{kind}.{number}" for kind in profile.permeability for number in NUMBERS]
        known += [(name, key) for key in dict.fromkeys([*profile.parameters(), *might])]
    faults = []
    for i, row in enumerate(study.uncertainty.parameters):
        where = f"{resolved.path}: uncertainty.parameters[{i}]"
        absent = [name for name in row.species if name not in study.species]
        if absent:
            faults.append(f"{where}.species: {unknown('species', absent[0], study.species)}")
        elif not any(_names(row, *one) for one in known) and (
            not row.species or set(row.species) & set(inputs.profiles)
        ):
            keys = ", ".join(dict.fromkeys(key for _, key in known))
            faults.append(f"{where}.parameter: {row.parameter!r} names no parameter; choose one of {keys}")
    if faults:
        raise ConfigError("\n".join(faults))


def _require_possible(resolved: ResolvedStudy, number: int, parameter: Parameter) -> None:
    """Both ends of the range must be values that the parameter may have."""
    low, high = parameter.at(0.0), parameter.at(1.0)
    where = f"{resolved.path}: uncertainty.parameters[{number}]"
    field = parameter.key.rpartition(".")[2]
    share = field in ("value", "without_fence") or "use_factor" in parameter.key
    positive = field not in ("value", "worth_km") and parameter.nominal > 0
    if parameter.spread.odds is not None and not share:
        raise ConfigError(
            f"{where}: {parameter.name} is {parameter.nominal:g} and no share; give its bounds as `factor`"
        )
    if min(low, high) < 0 or (positive and min(low, high) <= 0):
        raise ConfigError(f"{where}: {parameter.name} would be {min(low, high):g}; it must stay above 0")
    if share and max(low, high) > 1:
        raise ConfigError(
            f"{where}: {parameter.name} would be {max(low, high):g}; a share is at most 1: give its bounds as `odds`"
        )
    if parameter.spread.shape == "triangular" and parameter.spread.scale == "value":
        first, last = parameter.spread.bounds
        if not first <= parameter.nominal <= last:
            raise ConfigError(
                f"{where}.value: [{first:g}, {last:g}] should hold {parameter.nominal:g}, the stated value of "
                f"{parameter.name}, where a triangle has its peak"
            )
