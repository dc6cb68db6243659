"""`otkel crime`: from patrols and incidents to indicators, a map of risk, and a scenario in which risk counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.grid import Grid
from scenarios.crime.files import write_results
from scenarios.crime.proposals import proposed_patrols
from scenarios.crime.rates import changes, encounter_rates, pike
from scenarios.crime.results import CrimeResults
from scenarios.crime.risk import coverage, effort_map, risk_map
from scenarios.crime.tables import read_crime
from scenarios.land.inputs import context_layer, read_inputs
from scenarios.land.memory import Stage
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.outputs.audience import audience_named, audience_note
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.outputs.translate import require_language, study_language
from scenarios.progress import Reporter
from scenarios.study.load import resolve

__all__ = ["run_crime"]


def run_crime(
    name: str,
    data_folder: Path,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    results: Path | None = None,
    audience: str = "partner",
    lang: str | None = None,
) -> Summary[CrimeResults]:
    """Read, estimate, map, write; the folder appears when it is complete.

    Parameters
    ----------
    name : str
        A study.
    data_folder : path
        Holds ``patrols.csv``, ``incidents.csv`` and perhaps ``crime.yaml``.
    out : path
    reporter : Reporter
    scenario, overrides
        As for a run.
    results : path, optional
        Folder of a run of the study: where its routes and passages are, patrols are proposed and passages counted.
    audience : {"partner", "restricted", "public"}
        ``restricted`` writes the scenario with the surface of risk and the proposed patrols; ``partner`` coarse maps;
        ``public`` tables only, because a map of patrols shows poachers where nobody looks.
    lang : str, optional
        Of the page, the pictures and what is told; default English. Tables and the scenario are for programs.
    """
    require_language(lang or "en")
    reader = audience_named(audience)
    resolved = resolve(name, scenario, overrides)
    with results_folder(out, [resolved], said=(reader, audience_note(reader))) as job:
        reporter.expect(4, "reading")
        inputs = read_inputs(resolved, stage=Stage.CHECKED)
        prepared = prepare_species(resolved, inputs, next(iter(inputs.profiles)))
        data = read_crime(data_folder, inputs.grid)
        stored = None if results is None else read_results(results)
        job.settings, job.inputs = {"audience": audience, "crime": data.settings}, {p.name: p for p in data.files}
        reporter.step("estimating")
        effort = effort_map(data, inputs.grid)
        risk = risk_map(effort, data.settings.bandwidths_km, data.settings.prior_events)
        land = _coarse_land(prepared, effort.grid)
        found = CrimeResults(
            data=data,
            prepared=prepared,
            effort=effort,
            risk=risk,
            land=land,
            rates=encounter_rates(data),
            changes=changes(data),
            pike=pike(data),
            coverage=coverage(data, effort, land, _shortlist(stored)),
            audience=reader,
            proposals=proposed_patrols(risk, _traffic(stored, effort.grid, land), data.settings),
            say=study_language(lang or "en", resolved, inputs),
        )
        reporter.step("writing")
        write_results(found, job.folder, borders=context_layer(resolved, "borders", inputs.grid))
    return job.summary(found, _rows(found), found.sentences())


def _rows(found: CrimeResults) -> dict[str, Any]:
    """Plain data: the indicators."""
    return {
        "synthetic": found.data.settings.synthetic,
        "encounter_rates": found.rates.to_dict("records"),
        "changes": found.changes.to_dict("records"),
        "pike": found.pike.to_dict("records"),
        "coverage": found.coverage_rows(),
        "risk": {"bandwidth_km": found.risk.bandwidth_km, "average_per_100_km": 100 * found.risk.average_per_km},
        "proposed_patrols": [one.as_dict() for one in found.proposals],
    }


def _coarse_land(prepared: Prepared, coarse: Grid) -> NDArray[np.bool_]:
    """Coarse cells at least half of which is passable."""
    surface = prepared.surface
    return _block_mean(surface.passable.astype(float), surface.grid, coarse) >= 0.5


def _block_mean(values: NDArray[np.float64], grid: Grid, coarse: Grid) -> NDArray[np.float64]:
    """Mean of the cells whose centre lies in each coarse cell; 0 where there is none."""
    left, _, _, top = coarse.bounds
    xmin, _, _, ymax = grid.bounds
    cols = ((xmin + grid.cell_width_m * (np.arange(grid.width) + 0.5) - left) // coarse.cell_width_m).astype(np.intp)
    rows = ((top - ymax + grid.cell_height_m * (np.arange(grid.height) + 0.5)) // coarse.cell_height_m).astype(np.intp)
    total, count = np.zeros(coarse.shape), np.zeros(coarse.shape)
    known = np.isfinite(values)
    np.add.at(total, (rows[:, None], cols[None, :]), np.where(known, values, 0.0))
    np.add.at(count, (rows[:, None], cols[None, :]), known)
    return total / np.maximum(count, 1)


def _traffic(stored: StoredResults | None, coarse: Grid, land: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many animals pass each coarse cell, relative [1]: mean current density of all runs; land alike without results."""
    if stored is None:
        return land.astype(float)
    parts = [_block_mean(run.current_density, run.grid, coarse) for run in stored.runs]
    total = np.sum([part / part.max() for part in parts if part.max() > 0], axis=0)
    return np.where(land, total, 0.0)


def _shortlist(stored: StoredResults | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if stored is None:
        return np.empty(0), np.empty(0)
    tables = [table[table["selected"].astype(bool)] for table in stored.combined.values()]
    every = pd.concat(tables).drop_duplicates("candidate") if tables else pd.DataFrame({"x": [], "y": []})
    return every["x"].to_numpy(float), every["y"].to_numpy(float)
