"""Years and what stood in each: the model's indicators as stated and in draws of the uncertain numbers, and the field's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from connectivity.machine import one_blas_thread
from rasters.arrays import Reals
from rasters.errors import OptionError, PlannerWarning
from rasters.profile import SpeciesProfile
from scenarios.crime.rates import POACHING, encounter_rates
from scenarios.crime.tables import CrimeData
from scenarios.evidence.watching import Watch
from scenarios.indicators.values import year_values
from scenarios.land.inputs import Inputs, read_inputs
from scenarios.land.openings import habituated
from scenarios.land.parameters import Changes, changed, parameter_space, sobol_points
from scenarios.land.prepared import prepare_species
from scenarios.model.indicators import INDICATORS
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.intervals import jeffreys
from scenarios.statistics.rates import LEVEL
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["Year", "YearTable", "field_rows", "habituation_sentences", "model_rows", "parse_years"]

TAILS = (0.5 - LEVEL / 2, 0.5 + LEVEL / 2)
DRAWN = "range over draws of the uncertain numbers"
COLUMNS = ["year", "scenario", "species", "indicator", "source", "value", "low", "high", "unit", "interval", "status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """A year and the scenario that stood in it."""

    year: int
    resolved: ResolvedStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class YearTable:
    """Indicators of all years.

    Parameters
    ----------
    table : DataFrame
        ``year, scenario, species, indicator, source, value, low, high, unit, interval, status``; ``source`` is the core, empty
        for the species as a whole; ``interval`` says what ``low`` and ``high`` are.
    changes : DataFrame
        ``year, before, species, indicator, source, ratio, low, high``: each year over the year before, in the same draws.
    draws, seed : int
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    draws: int
    seed: int


def parse_years(study: str, texts: Sequence[str]) -> tuple[Year, ...]:
    """``2025=agreed-1km`` -> years in order, each with its resolved scenario.

    Raises
    ------
    ConfigError
        Not of that form, a year twice, or no such scenario.
    """
    years = []
    for text in texts:
        year, equals, scenario = text.partition("=")
        if not equals or not year.strip().isdigit() or not scenario.strip():
            raise OptionError(f"--year {text!r}: write YEAR=SCENARIO, such as 2025=baseline")
        resolved = resolve(study, scenario.strip(), {"year": int(year)}, said_in={"year": f"--year {text}"})
        years.append(Year(year=int(year), resolved=resolved))
    numbers = [one.year for one in years]
    twice = sorted({year for year in numbers if numbers.count(year) > 1})
    if twice:
        raise OptionError(f"--year {twice[0]}: is given twice; each year takes exactly one scenario")
    if not years:
        raise OptionError("give at least one --year YEAR=SCENARIO: what stood in that year")
    return _with_openings_dated(sorted(years, key=lambda one: one.year))


def _with_openings_dated(years: Sequence[Year]) -> tuple[Year, ...]:
    """Openings that do not say when they were opened: in the first year that has them, or, those of the very first, long ago."""
    first: dict[str, int] = {}
    for one in years:
        for rule in one.resolved.study.openings:
            first.setdefault(rule.id, one.year)
    out = []
    for one in years:
        openings = [
            rule
            if rule.opened is not None or first[rule.id] == years[0].year
            else rule.model_copy(update={"opened": first[rule.id]})
            for rule in one.resolved.study.openings
        ]
        study = one.resolved.study.model_copy(update={"openings": openings})
        out.append(replace(one, resolved=replace(one.resolved, study=study)))
    return tuple(out)


def habituation_sentences(
    years: Sequence[Year], profiles: Mapping[str, SpeciesProfile], say: Language = ENGLISH
) -> list[str]:
    """What of its later use each young opening has in each year, by the curves of the species files."""
    said = []
    for one in years:
        study = one.resolved.study
        for rule in study.openings:
            shares = {p.name: habituated(study, p, rule) for p in profiles.values() if p.habituation is not None}
            told = ", ".join(f"{say(name)} {share:.0%}" for name, share in shares.items() if share < 1)
            if told and rule.opened is not None and rule.opened <= one.year:
                text = say(
                    "{year}: {opening}, opened in {opened}, counts with part of its later use: {shares}. Animals come to use a passage "
                    "over years; the curve is that of the species files."
                )
                said.append(
                    text.format(year=one.year, opening=say(rule.name or rule.id), opened=rule.opened, shares=told)
                )
    return said


def model_rows(
    years: Sequence[Year],
    species: Sequence[str] | None,
    *,
    draws: int,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> YearTable:
    """The model's indicators of every year, as stated and with the range over draws.

    The same draws are used in all years, so that what changes between years is not hidden by what is not known in any.
    """
    inputs = [read_inputs(one.resolved, species) for one in years]
    every = _draws(years, inputs, draws, seed)
    values = {one.year: _values_of_year(one, read, every, progress) for one, read in zip(years, inputs, strict=True)}
    scenario = {one.year: one.resolved.scenario for one in years}
    rows = [_row(year, scenario[year], key, found) for year, table in values.items() for key, found in table.items()]
    changes = [
        row
        for before, year in pairwise(years)
        for row in _changes(before.year, year.year, values[before.year], values[year.year])
    ]
    names = ["year", "before", "species", "indicator", "source", "ratio", "low", "high"]
    return YearTable(
        table=pd.DataFrame(rows, columns=COLUMNS), changes=pd.DataFrame(changes, columns=names), draws=draws, seed=seed
    )


Key = tuple[str, str, str]
"""Species, indicator, core."""


def _draws(years: Sequence[Year], inputs: Sequence[Inputs], draws: int, seed: int) -> list[Changes]:
    """As stated, then the draws of the year in which most numbers are uncertain."""
    if not draws:
        return [Changes.none()]
    spaces = [parameter_space(one.resolved, read) for one, read in zip(years, inputs, strict=True)]
    space = max(spaces, key=lambda s: len(s.parameters))
    return [Changes.none(), *(space.at(point) for point in sobol_points(draws, len(space.axes), seed))]


def _values_of_year(
    year: Year, inputs: Inputs, draws: Sequence[Changes], progress: Callable[[str], None]
) -> dict[Key, Reals]:
    """Values (1 + n_draw,) of every indicator; the first as stated."""
    found: dict[Key, Reals] = {}
    for number, draw in enumerate(draws):
        progress(f"{year.year}: {'as stated' if number == 0 else f'draw {number}'}")
        with warnings.catch_warnings(), one_blas_thread():
            if number:
                warnings.simplefilter("ignore", PlannerWarning)
            resolved, now = changed(year.resolved, inputs, draw)
            for species in now.profiles:
                for indicator, core, value in year_values(prepare_species(resolved, now, species)):
                    found.setdefault((species, indicator, core), np.full(len(draws), np.nan))[number] = value
    return found


def _row(year: int, scenario: str, key: Key, values: Reals) -> tuple[object, ...]:
    species, indicator, core = key
    low, high = _range(values[1:])
    status = "not defined: no target is reached even without fences" if np.isnan(values[0]) else "ok"
    if indicator in ("conductance_s", "least_cost_m") and values[0] in (0.0, np.inf):
        status = "unreachable"
    interval = f"{LEVEL:.0%} {DRAWN}" if values.size > 1 else ""
    return (year, scenario, species, indicator, core, values[0], low, high, INDICATORS[indicator], interval, status)


def _range(values: Reals) -> tuple[float, float]:
    """Quantiles without interpolation, so that infinity stays infinity; NaN without draws."""
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return float("nan"), float("nan")
    last = known.size - 1
    return float(known[int(np.floor(TAILS[0] * last))]), float(known[int(np.ceil(TAILS[1] * last))])


def _changes(before: int, year: int, first: dict[Key, Reals], second: dict[Key, Reals]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for key in second:
        if key in first:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = second[key] / first[key]
            low, high = _range(ratio[1:])
            rows.append((year, before, *key, ratio[0], low, high))
    return rows


def field_rows(years: Sequence[Year], watch: Watch | None, crime: CrimeData | None) -> pd.DataFrame:
    """What cameras and patrols add: passages in use, and signs of poaching; a year without data is no data."""
    rows: list[tuple[object, ...]] = []
    rates = None if crime is None else encounter_rates(crime)
    for one in years:
        if watch is not None:
            rows += [_in_use(one, watch, species) for species in watch.species]
        if rates is not None:
            rows.append(_signs(one, rates))
    return pd.DataFrame(rows, columns=COLUMNS)


def _in_use(year: Year, watch: Watch, species: str) -> tuple[object, ...]:
    """Watched passages that the species went through, with the Beta interval under Jeffreys' prior."""
    days = watch.days[(watch.days["passage"] != "") & (watch.days["day"].dt.year == year.year)]
    days = days[days["period"] != "before"]
    seen = watch.events[(watch.events["species"] == species) & watch.events["crossing"]]
    seen = seen[(seen["day"].dt.year == year.year) & (seen["period"] != "before")]
    watched, used = set(days["passage"]), set(seen["passage"]) & set(days["passage"])
    head = (year.year, year.resolved.scenario, species, "passages_in_use", "")
    unit, interval = INDICATORS["passages_in_use"], f"{LEVEL:.0%} Beta interval (Jeffreys' prior)"
    if not watched:
        return (*head, np.nan, np.nan, np.nan, unit, interval, "no data: no open passage was watched")
    low, high = jeffreys(len(used), len(watched), LEVEL)
    status = f"{len(used)} of {len(watched)} watched passages; an unseen crossing is not no crossing"
    return (*head, len(used) / len(watched), low, high, unit, interval, status)


def _signs(year: Year, rates: pd.DataFrame) -> tuple[object, ...]:
    found = rates[(rates["type"] == POACHING) & (rates["year"] == str(year.year))]
    head = (year.year, year.resolved.scenario, "", "signs_per_100_km", "")
    unit, interval = INDICATORS["signs_per_100_km"], f"{LEVEL:.0%} interval"
    if found.empty:
        return (*head, np.nan, np.nan, np.nan, unit, interval, "no data: no patrol in this year")
    one = found.iloc[0]
    return (*head, one["per_100_km"], one["low"], one["high"], unit, interval, "ok")
