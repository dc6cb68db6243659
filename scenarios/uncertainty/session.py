"""`otkel uncertainty`: from a study to a folder that says how firm its ranking is."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from scenarios.land.inputs import study_grid
from scenarios.land.provenance import crs_operations, input_paths
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.manifest import write_manifest
from scenarios.progress import Reporter
from scenarios.records.machine import machine, now
from scenarios.study.load import resolve
from scenarios.uncertainty.stability import ALL, BEST, Stability, stability_of

__all__ = ["UncertaintySummary", "run_uncertainty_study"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintySummary:
    """What was found, for the terminal and for machines."""

    folder: Path
    found: Stability
    sentences: tuple[str, ...]
    tables: dict[str, pd.DataFrame]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        table = self.tables["stability"]
        best = table[(table["ranking"] == ALL) & table["shortlisted"]]
        drivers = self.tables["parameters"]
        return {
            "folder": str(self.folder),
            "draws": int(self.found.points.shape[0]),
            "seed": self.found.seed,
            "seconds": round(self.seconds, 2),
            "shortlist": best[["candidate", "place", "top_share", "top_share_place"]].to_dict("records"),
            "parameters": drivers[drivers["ranking"] == ALL][["parameter", "index", "error", "noise"]].to_dict(
                "records"
            ),
        }

    def print(self, console: Console) -> None:
        """The sentences."""
        for sentence in self.sentences:
            console.print(sentence, markup=False)
        console.print(f"{self.found.points.shape[0]} draws in {self.seconds:.0f} s; see {self.folder}", markup=False)


def run_uncertainty_study(
    name: str,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    draws: int = 64,
    seed: int = 1,
    top: int = 10,
    jobs: int = 1,
    best: int = BEST,
    cache: Path | None = None,
) -> UncertaintySummary:
    """Draw, compare, and write; the folder appears when it is complete, and finished draws outlive a killed run."""
    from scenarios.uncertainty.files import stability_sentences, stability_tables, write_stability

    start, began = time.perf_counter(), now()
    resolved = resolve(name, scenario, overrides)
    with atomic_folder(out) as folder:
        found = stability_of(
            resolved, species=species, draws=draws, seed=seed, top=top, jobs=jobs, best=best, cache=cache,
            expect=lambda steps: reporter.expect(steps, "drawing"), progress=reporter.step,
        )  # fmt: skip
        tables = stability_tables(found)
        sentences = stability_sentences(found, tables)
        write_stability(found, tables, sentences, folder)
        write_manifest(
            folder, runs=[], command=["otkel", *sys.argv[1:]], scenarios={resolved.scenario: resolved.settings},
            settings={"draws": draws, "seed": seed, "top": top, "best": best},
            inputs=input_paths([resolved]), seeds={"draws": seed}, crs_operations=crs_operations([resolved], study_grid(resolved)),
            machine=machine(), started=began, finished=now(),
        )  # fmt: skip
    return UncertaintySummary(
        folder=out, found=found, sentences=sentences, tables=tables, seconds=time.perf_counter() - start
    )
