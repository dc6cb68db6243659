"""Tables that `otkel evidence` writes, and what each column means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.evidence.findings import Findings
from scenarios.outputs.tables import write_dictionary

__all__ = ["FILES", "evidence_tables", "write_evidence_tables"]

FILES = {
    "deployments.csv": "Every camera: where, what it watches, camera-days",
    "events.csv": "Independent events",
    "passage_use.csv": "Crossings per 100 camera-days at passages, controls, places, fences",
    "seasons.csv": "Crossings at open passages by season",
    "hours.csv": "Events at open passages by hour",
    "baci.csv": "Before and after, passages and controls",
    "use_factors.csv": "Use factors before and after the evidence",
    "occupancy.csv": "Share of core places and steps used",
    "places.csv": "Each place and step",
    "prediction.csv": "Does the model predict, per species",
    "sites.csv": "Maps and events at each site",
    "calibration.csv": "Events by predicted current",
    "predictors.csv": "Which map fits best, site by site left out",
    "power.csv": "What more days would tell",
    "ranking.csv": "Candidates before and after the evidence",
    "warnings.csv": "What to look at in the data",
    "columns.csv": "What each column means, and its unit",
    "use_factors.yaml": "Use factors for the next run",
    "manifest.json": "Inputs, versions and settings",
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
            "prediction.csv": p.summary,
            "sites.csv": p.sites,
            "calibration.csv": p.calibration,
            "predictors.csv": p.predictors,
            "power.csv": p.power,
        }
    if found.reranked is not None:
        tables["ranking.csv"] = found.reranked.table.sort_values("rank_after")
    return {name: table for name, table in tables.items() if len(table)}


def write_evidence_tables(found: Findings, folder: Path) -> list[Path]:
    """Write every table and ``columns.csv``."""
    return write_dictionary(folder, evidence_tables(found), of="evidence")
