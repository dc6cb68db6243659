"""`otkel evidence`: camera-trap data of a study, from files to a folder with a page, tables and updated use factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.evidence.charts import draw_charts
from scenarios.evidence.findings import STEPS, EvidenceJob, Findings, find
from scenarios.evidence.output_tables import write_evidence_tables
from scenarios.evidence.overlay import write_overlay
from scenarios.evidence.package import read_traps
from scenarios.evidence.page import write_evidence_page
from scenarios.evidence.predicts import results_scenario
from scenarios.evidence.words import ranking_sentences, sentences_of
from scenarios.land.inputs import chosen_species, read_inputs
from scenarios.outputs.folder import MARKER
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, require_language, study_language
from scenarios.progress import Reporter
from scenarios.study.load import resolve

__all__ = ["OVERLAY", "run_evidence"]

OVERLAY = "use_factors.yaml"


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
    lang: str | None = None,
) -> Summary[Findings]:
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
    lang : str, optional
        Of the page, the charts and what is told; default English. Tables are for programs.
    """
    require_language(lang or "en")
    chosen = results_scenario(results, scenario) if results is not None else scenario
    resolved = resolve(name, chosen, overrides or {})
    with results_folder(out, [resolved], kind="evidence", seeds={"bootstrap": seed}) as job:
        mine = tuple(chosen_species(resolved, species))
        reporter.expect(STEPS + 2 * len(mine) * ranking, "reading")
        traps = read_traps(data, settings=settings)
        asked = EvidenceJob(
            name=name,
            resolved=resolved,
            inputs=read_inputs(resolved),
            species=mine,
            data=traps,
            overrides=dict(overrides or {}),
            results=results,
            alternatives=dict(alternatives or {}),
            ranking=ranking,
            seed=seed,
        )
        found = find(asked, reporter.step)
        write_evidence_tables(found, job.folder)
        if found.updated:
            write_overlay(found.overlay, job.folder / OVERLAY)
        say = study_language(lang or "en", resolved, asked.inputs)
        write_evidence_page(found, draw_charts(found, job.folder, say), job.folder, say)
        job.settings = {"synthetic": traps.synthetic, "evidence": traps.settings, "ranking": ranking}
        job.inputs = {f"data/{p.name}": p for p in traps.files}
        job.inputs |= {"results/manifest.json": results / MARKER} if results is not None else {}
    return job.summary(found, _rows(found), list(_notes(found, say)))


def _rows(found: Findings) -> dict[str, Any]:
    """Plain data: what was seen, and what follows."""
    told = found.predictions
    return {
        "synthetic": found.job.data.synthetic,
        "scenario": found.job.resolved.scenario,
        "deployments": len(found.watch.links),
        "camera_days": round(float(found.watch.days["days"].sum()), 1),
        "events": {s: int((found.watch.events["species"] == s).sum()) for s in found.watch.species},
        "warnings": [str(fault) for fault in found.faults],
        "baci": found.baci.to_dict("records"),
        "use_factors": found.use_factors[found.use_factors["passage"] == ""].to_dict("records"),
        "verdicts": {} if told is None else dict(zip(told.summary["species"], told.summary["verdict"], strict=True)),
        "ranking": ranking_sentences(found),
    }


def _notes(found: Findings, say: Language) -> Iterator[str]:
    """The sentences of the page."""
    if found.job.data.synthetic:
        yield say("SYNTHETIC DATA: nothing here was observed.")
    for lines in sentences_of(found, say).values():
        yield from lines
    if len(found.faults):
        yield say("{n} things to look at in the data: warnings.csv").format(n=len(found.faults))
