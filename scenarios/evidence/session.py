"""`otkel evidence`: camera-trap data of a study, from files to a folder with a page, tables and updated use factors."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from rasters.errors import ConfigError
from scenarios.evidence.charts import draw_charts
from scenarios.evidence.findings import STEPS, EvidenceJob, Findings, find
from scenarios.evidence.output_tables import write_evidence_tables
from scenarios.evidence.overlay import write_overlay
from scenarios.evidence.package import read_traps
from scenarios.evidence.page import write_evidence_page
from scenarios.evidence.predicts import results_scenario
from scenarios.evidence.words import sentences_of
from scenarios.land.inputs import input_files, read_inputs
from scenarios.outputs.folder import MARKER, atomic_folder
from scenarios.outputs.manifest import write_manifest
from scenarios.progress import Reporter
from scenarios.records.machine import now
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["OVERLAY", "EvidenceSummary", "run_evidence"]

OVERLAY = "use_factors.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSummary:
    """What was found, for the terminal and for machines."""

    folder: Path
    found: Findings
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        found = self.found
        return {
            "folder": str(self.folder),
            "seconds": round(self.seconds, 2),
            "synthetic": found.job.data.synthetic,
            "scenario": found.job.resolved.scenario,
            "deployments": len(found.watch.links),
            "camera_days": round(float(found.watch.days["days"].sum()), 1),
            "events": {s: int((found.watch.events["species"] == s).sum()) for s in found.watch.species},
            "warnings": [str(fault) for fault in found.faults],
            "baci": found.baci.to_dict("records"),
            "use_factors": found.use_factors[found.use_factors["passage"] == ""].to_dict("records"),
            "verdicts": {} if found.predictions is None else dict(zip(
                found.predictions.summary["species"], found.predictions.summary["verdict"], strict=True)),
            "ranking": list(found.reranked.sentences) if found.reranked else [],
        }  # fmt: skip

    def print(self, console: Console) -> None:
        """The sentences of the page."""
        if self.found.job.data.synthetic:
            console.print("SYNTHETIC DATA: nothing here was observed.", markup=False)
        for lines in sentences_of(self.found).values():
            for line in lines:
                console.print(line, markup=False)
        n = len(self.found.faults)
        looked = f"; {n} things to look at in warnings.csv" if n else ""
        console.print(f"{self.seconds:.0f} s; open {self.folder / 'index.html'}{looked}", markup=False)


def run_evidence(
    name: str,
    data: Path,
    out: Path,
    reporter: Reporter,
    *,
    results: Path | None = None,
    alternatives: Mapping[str, Path] | None = None,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    settings: Path | None = None,
    ranking: bool = True,
    seed: int = 1,
) -> EvidenceSummary:
    """Read, check, estimate, compare, write; the folder appears when it is complete.

    Parameters
    ----------
    name : str
        Study.
    data : Path
        Camtrap DP package, or folder with an ``evidence.yaml`` that maps plain CSV files.
    results : Path, optional
        Folder of `otkel run` to compare with; its scenario is used where none is named.
    alternatives : mapping of str to Path, optional
        Other results folders whose current is compared too.
    ranking : bool
        Rank the candidates again where use factors were updated.
    """
    start, began = time.perf_counter(), now()
    chosen = results_scenario(results, scenario) if results is not None else scenario
    resolved = resolve(name, chosen, overrides or {})
    with atomic_folder(out) as folder:
        mine = _chosen(resolved, species)
        reporter.expect(STEPS + 2 * len(mine) * ranking, "reading")
        traps = read_traps(data, settings=settings)
        job = EvidenceJob(
            name=name, resolved=resolved, inputs=read_inputs(resolved), species=mine, data=traps, overrides=dict(overrides or {}),
            results=results, alternatives=dict(alternatives or {}), ranking=ranking, seed=seed,
        )  # fmt: skip
        found = find(job, reporter.step)
        write_evidence_tables(found, folder)
        if found.updated:
            write_overlay(found.overlay, folder / OVERLAY)
        write_evidence_page(found, draw_charts(found, folder), folder)
        files = {p.name: p for p in input_files(resolved)} | {f"data/{p.name}": p for p in traps.files}
        files |= {"results/manifest.json": results / MARKER} if results is not None else {}
        write_manifest(
            folder, runs=[], kind="evidence", command=["otkel", *sys.argv[1:]], scenarios={resolved.scenario: resolved.settings},
            settings={"synthetic": traps.synthetic, "evidence": traps.settings, "ranking": ranking}, inputs=files,
            seeds={"bootstrap": seed}, started=began, finished=now(),
        )  # fmt: skip
    return EvidenceSummary(folder=out, found=found, seconds=time.perf_counter() - start)


def _chosen(resolved: ResolvedStudy, species: Sequence[str] | None) -> tuple[str, ...]:
    """The species that are asked for; all are read, so that their names in the data are known."""
    known = resolved.study.species
    for name in species or ():
        if name not in known:
            raise ConfigError(f"{resolved.path}: species: no species {name!r}; there are {', '.join(known)}")
    return tuple(species or known)
