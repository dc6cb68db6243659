"""`otkel indicators`: the yearly table and chart, from a study and what stood in each year."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from scenarios.crime.tables import CrimeData, read_crime
from scenarios.evidence.linking import landmarks_of
from scenarios.evidence.package import TrapData, read_traps
from scenarios.evidence.watching import Watch, watch
from scenarios.field_data.faults import Faults
from scenarios.indicators.files import IndicatorResults, for_audience, write_indicators
from scenarios.indicators.years import Year, field_rows, model_rows, parse_years
from scenarios.land.inputs import read_inputs
from scenarios.land.provenance import input_paths
from scenarios.model.audience import audience_named, audience_note
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.manifest import write_manifest
from scenarios.progress import Reporter
from scenarios.records.machine import now

__all__ = ["IndicatorSummary", "run_indicators"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSummary:
    """What the years were like, for the terminal and for machines."""

    folder: Path
    results: IndicatorResults
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        found = self.results
        return {
            "folder": str(self.folder), "seconds": round(self.seconds, 2), "draws": found.draws, "seed": found.seed,
            "indicators": found.table.to_dict("records"), "changes": found.changes.to_dict("records"),
        }  # fmt: skip

    def print(self, console: Console) -> None:
        """What changed, in words."""
        for sentence in self.results.sentences():
            console.print(sentence, markup=False)
        console.print(f"{self.seconds:.0f} s; open {self.folder / 'index.html'}", markup=False)


def run_indicators(
    name: str,
    year_texts: Sequence[str],
    out: Path,
    reporter: Reporter,
    *,
    species: Sequence[str] | None = None,
    traps: Path | None = None,
    patrols: Path | None = None,
    draws: int = 0,
    seed: int = 1,
    audience: str = "partner",
) -> IndicatorSummary:
    """Compute every year's indicators with one code, add what cameras and patrols say, write the table and chart.

    Parameters
    ----------
    name : str
        A study.
    year_texts : sequence of str
        ``YEAR=SCENARIO``: what stood in each year.
    out : path
    reporter : Reporter
    species : sequence of str, optional
    traps, patrols : path, optional
        Camera-trap data and patrol data over all years.
    draws : int
        Draws of the uncertain numbers for the ranges, a power of two; 0 for none.
    seed : int
    audience : {"partner", "restricted", "public"}
        ``public`` leaves out single cores and rounds to two figures.
    """
    reader = audience_named(audience)
    start, began = time.perf_counter(), now()
    years = parse_years(name, year_texts)
    reporter.expect(len(years) * (1 + draws) + 2, "reading")
    cameras, crime = _field_data(years[-1], species, traps, patrols)
    model = model_rows(years, species, draws=draws, seed=seed, progress=reporter.step)
    field = field_rows(years, None if cameras is None else cameras[1], crime)
    synthetic = (cameras is not None and cameras[0].synthetic) or (crime is not None and crime.settings.synthetic)
    parts = [part for part in (model.table, field) if len(part)]
    results = IndicatorResults(
        years=years, table=pd.concat(parts, ignore_index=True), changes=model.changes, draws=draws, seed=seed,
        synthetic=synthetic, audience=reader,
    )  # fmt: skip
    with atomic_folder(out) as folder:
        reporter.step("writing")
        write_indicators(for_audience(results), folder)
        write_manifest(
            folder, runs=[], command=["otkel", *sys.argv[1:]], scenarios={y.resolved.scenario: y.resolved.settings for y in years},
            settings={"audience": audience, "years": {str(y.year): y.resolved.scenario for y in years}, "draws": draws, "seed": seed},
            inputs=_inputs(years, cameras, crime), said=(results.audience, audience_note(results.audience)), started=began, finished=now(),
        )  # fmt: skip
    return IndicatorSummary(folder=out, results=results, seconds=time.perf_counter() - start)


def _field_data(
    last: Year, species: Sequence[str] | None, traps: Path | None, patrols: Path | None
) -> tuple[tuple[TrapData, Watch] | None, CrimeData | None]:
    """Cameras linked to the study as it last stood, and patrols."""
    if traps is None and patrols is None:
        return None, None
    inputs = read_inputs(last.resolved, species)
    cameras = None
    if traps is not None:
        data, faults = read_traps(traps), Faults()
        cameras = data, watch(data, landmarks_of(last.resolved, inputs, data.settings.passages), inputs, faults)
        faults.warn()
    return cameras, None if patrols is None else read_crime(patrols, inputs.grid)


def _inputs(years: Sequence[Year], cameras: tuple[TrapData, Watch] | None, crime: CrimeData | None) -> dict[str, Path]:
    found = input_paths([year.resolved for year in years])
    found |= {f"traps/{p.name}": p for p in (cameras[0].files if cameras is not None else [])}
    return found | {f"patrols/{p.name}": p for p in (crime.files if crime is not None else [])}
