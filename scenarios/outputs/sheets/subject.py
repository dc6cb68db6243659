"""Whose results a sheet shows: one species of a stored run, or all species of a scenario together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rasters.errors import OptionError
from rasters.surface import ResistanceSurface
from scenarios.outputs.gis.geopackage import CORRIDOR_SHARES
from scenarios.outputs.release import Release
from scenarios.outputs.stored import StoredResults

__all__ = ["ALL", "subject_of"]

ALL = "all"


def subject_of(results: StoredResults, scenario: str | None, species: str) -> Release:
    """The run of a species in a scenario (the first by default), or all of them as one.

    Raises
    ------
    ConfigError
        There is no such scenario or species in the results.
    """
    name = results.scenarios[0] if scenario is None else scenario
    if name not in results.scenarios:
        raise OptionError(f"--scenario {name!r}: {results.folder} has {', '.join(results.scenarios)}")
    there = [of for at, of in results.keys if at == name]
    if species != ALL:
        if species not in there:
            raise OptionError(f"--species {species!r}: {name} has {', '.join(there)}; or {ALL}")
        return results.run(name, species)
    return _together([results.run(name, one) for one in there], results)


def _together(runs: list[Release], results: StoredResults) -> Release:
    """Runs of one scenario as one: the combined ranking, every place and path, corridors laid over each other."""
    first = runs[0]
    if len(runs) == 1:
        return first
    barrier = np.logical_and.reduce([run.surface.barrier for run in runs])
    nodata = np.logical_and.reduce([run.surface.nodata for run in runs])
    values = np.where(barrier, np.inf, np.where(nodata, np.nan, 1.0))
    places = {place.id: place for run in reversed(runs) for place in run.places}
    return replace(
        first,
        species=ALL,
        titles=first.titles | {"species": "All species", "scientific": ""},
        surface=ResistanceSurface.from_array(values, first.grid, ALL),
        places=tuple(places.values()),
        corridor=_best_corridor(runs),
        paths=tuple(path for run in runs for path in run.paths),
        ranking=results.combined[first.scenario],
        assumptions=tuple(dict.fromkeys(a for run in runs for a in run.assumptions)),
        sensitivity_deg=max(run.sensitivity_deg for run in runs),
        model=None,
    )


def _best_corridor(runs: list[Release]) -> np.ndarray:
    """Least over species of the extra cost, each in units of what bounds the best 5 % of its own corridor."""
    best = np.full(runs[0].grid.shape, np.inf)
    for run in runs:
        finite = np.isfinite(run.corridor)
        if finite.any():
            limit = max(float(np.quantile(run.corridor[finite], max(CORRIDOR_SHARES))), 1.0)
            best = np.fmin(best, 1000.0 * run.corridor / limit)
    return best
