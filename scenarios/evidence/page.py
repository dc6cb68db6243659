"""``index.html`` of `otkel evidence`: sentences, pictures and tables, offline."""

from __future__ import annotations

from pathlib import Path

from scenarios.evidence.findings import Findings
from scenarios.evidence.output_tables import FILES
from scenarios.evidence.words import assumptions_of, people_table, sentences_of
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import Table, as_table, write_page
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, is_schematic

__all__ = ["write_evidence_page"]

SYNTHETIC = "SYNTHETIC DATA: made by a simulator. Nothing on this page was observed; it shows what the page can say."
SHOWN_WARNINGS = 12


def write_evidence_page(found: Findings, charts: dict[str, str], folder: Path, say: Language = ENGLISH) -> Path:
    """Write the page; ``charts`` are the pictures that were drawn."""
    job = found.job
    return write_page(
        folder / "index.html",
        "evidence.html",
        study=say(job.resolved.study.title),
        say=say,
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[SYNTHETIC if job.data.synthetic else "", _schematic(found, say)],
        scenario=say(job.resolved.scenario_title),
        data=job.data.title,
        words=sentences_of(found, say),
        charts=charts,
        tables=_tables(found, say),
        faults=[str(f) for f in found.faults[:SHOWN_WARNINGS]],
        n_faults=len(found.faults),
        assumptions=[*assumptions_of(found, say), *map(say, job.resolved.study.assumptions)],
        credits=job.resolved.study.credits,
        files=[(name, say(text)) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER],
    )


def _schematic(found: Findings, say: Language) -> str:
    lines = any(is_schematic(fence.geometry_status) for fence in found.marks.fences)
    places = any(is_schematic(place.geometry_status) for place in found.marks.places)
    what = " and ".join(name for name, is_so in (("fence lines", lines), ("reserve outlines", places)) if is_so)
    doubt = say("which camera belongs to which is as uncertain as they are")
    lines_of = say(f"SCHEMATIC {what} \u2013 not surveyed")
    return f"{lines_of}: {doubt}" if what else ""


def _tables(found: Findings, say: Language) -> dict[str, Table]:
    """Tables for people: few columns, names instead of ids."""
    use = found.use[found.use["kind"].isin(["passage", "control"])]
    shown = ["watched", "period", "species", "days", "events", "through", "turned_back", "crossings"]
    shown += ["rate_per_100", "low_per_100", "high_per_100", "status"]
    out = {
        "use": use[shown],
        "seasons": found.seasons.drop(columns="status")[found.seasons["status"] == "ok"],
        "places": found.occupancy,
    }
    if found.predictions is not None:
        summary = found.predictions.summary.drop(columns=["sentence"], errors="ignore")
        out["prediction"] = summary
        if len(found.predictions.predictors):
            out["predictors"] = found.predictions.predictors[
                ["species", "predictor", "deviance", "gain", "gain_error", "slope"]
            ]
    return {
        name: as_table(people_table(found, table, say), of="evidence", digits=3, say=say)
        for name, table in out.items()
        if len(table)
    }
