"""Tables that `otkel evidence` writes, and what each column means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.evidence.findings import Findings
from scenarios.outputs.tables import write_dictionary

__all__ = ["FILES", "evidence_tables", "write_evidence_tables"]

FILES = {
    "deployments.csv": "every camera: where, what it watches, camera-days",
    "events.csv": "independent events",
    "passage_use.csv": "crossings per 100 camera-days at passages, controls, places, fences",
    "seasons.csv": "crossings at open passages by season",
    "hours.csv": "events at open passages by hour",
    "baci.csv": "before and after, passages and controls",
    "use_factors.csv": "use factors before and after the evidence",
    "occupancy.csv": "share of core places and steps used",
    "places.csv": "each place and step",
    "prediction.csv": "does the model predict, per species",
    "sites.csv": "maps and events at each site",
    "calibration.csv": "events by predicted current",
    "predictors.csv": "which map fits best, site by site left out",
    "power.csv": "what more days would tell",
    "ranking.csv": "candidates before and after the evidence",
    "warnings.csv": "what to look at in the data",
    "columns.csv": "meaning and unit of every column",
    "use_factors.yaml": "for the next run: otkel run STUDY --evidence use_factors.yaml",
    "manifest.json": "inputs, versions and settings",
}


def evidence_tables(found: Findings) -> dict[str, pd.DataFrame]:
    """File name -> table, only those that have something in them."""
    effort = found.watch.days.groupby("deploymentID")["days"].sum()
    links = found.watch.links.assign(days=found.watch.links["deploymentID"].map(effort).fillna(0.0))
    tables = {
        "deployments.csv": links,
        "events.csv": found.watch.events,
        "passage_use.csv": found.use,
        "seasons.csv": found.seasons,
        "hours.csv": found.hours,
        "baci.csv": found.baci,
        "use_factors.csv": found.use_factors,
        "occupancy.csv": found.occupancy,
        "places.csv": found.places,
        "warnings.csv": pd.DataFrame(
            [
                {"table": f.table, "row": f.row, "field": f.field, "value": f.value, "message": f.message}
                for f in found.faults
            ]
        ),
    }
    if found.predictions is not None:
        p = found.predictions
        tables |= {
            "prediction.csv": p.summary, "sites.csv": p.sites, "calibration.csv": p.calibration, "predictors.csv": p.predictors,
            "power.csv": p.power,
        }  # fmt: skip
    if found.reranked is not None:
        tables["ranking.csv"] = found.reranked.table.sort_values("rank_after")
    return {name: table for name, table in tables.items() if len(table)}


def write_evidence_tables(found: Findings, folder: Path) -> list[Path]:
    """Write every table and ``columns.csv``."""
    return write_dictionary(folder, evidence_tables(found), of="evidence")
