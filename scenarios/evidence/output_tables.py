"""Tables that `otkel evidence` writes, and what each column means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.evidence.findings import Findings
from scenarios.outputs.tables import write_csv

__all__ = ["FILES", "MEANINGS", "UNITS", "evidence_tables", "write_evidence_tables"]

PER_100 = "1/100 camera-days"
UNITS = {
    "days": "camera-days", "rate_per_100": PER_100, "low_per_100": PER_100, "high_per_100": PER_100, "lat": "degrees",
    "lon": "degrees", "x": "m", "y": "m", "along_m": "m", "fence_distance_m": "m", "passage_distance_m": "m",
    "days_to_see": "camera-days", "more_days": "camera-days", "start": "UTC", "end": "UTC", "hour": "local",
    "current": "A/m", "corridor": "effective m", "rate": "1/camera-day", "low": "", "high": "",
}  # fmt: skip

MEANINGS = {
    "deploymentID": "Deployment of the package.",
    "site": "Where the camera stood: location of the package, or its coordinates.",
    "kind": "What was watched: passage, control of one, fence, core place, open country.",
    "watched": "Which passage, control, place or stretch of fence.",
    "passage": "Passage that the camera watches; empty for a design as a whole.",
    "passage_distance_m": "Distance to the nearest passage.",
    "stretch": "Fence and kilometre that the camera watches.",
    "control_of": "Passage that the camera is a control of.",
    "period": "Before or after the passage was opened; empty where no day is stated.",
    "species": "Species of the study.",
    "name": "Scientific name in the data, or name of a place.",
    "days": "Camera-days of effort: deployments from start to end without their gaps.",
    "events": "Independent events.",
    "animals": "Animals, adding up the most seen at once in each event.",
    "group": "Most animals in one record; in occupancy: place or step.",
    "through": "Events of animals that went through.",
    "turned_back": "Events of animals that turned back or went along the fence.",
    "unknown": "Events whose outcome is not recorded.",
    "directions": "Directions that were recorded, with how many events each.",
    "crossings": "Events that went through; where no outcome is recorded, all events.",
    "rate_per_100": "Rate of crossings: median of the posterior.",
    "low_per_100": "Lower end of its 90 % interval.",
    "high_per_100": "Upper end of its 90 % interval.",
    "method": "gamma-Poisson for one block of 28 days, negative binomial for several.",
    "dispersion": "Variation of counts between blocks over that of Poisson counts.",
    "ratio": "Factor by which opening changed crossings beyond the change at controls.",
    "probability_of_rise": "Probability that the factor is above 1.",
    "prior": "Use factor as stated in the study or species file.",
    "prior_low": "Lower end of its 90 % interval, as the prior supposes.",
    "prior_high": "Upper end of that interval.",
    "mean": "Posterior mean of the use factor.",
    "low": "Lower end of the 90 % interval.",
    "high": "Upper end of the 90 % interval.",
    "habituation": "Share of the use factor that was to be expected in the camera-days, by the species file's curve; 1 without one.",
    "psi": "Share of places or steps that the species uses, whether seen or not.",
    "naive": "Share at which it was seen.",
    "days_to_see": "Camera-days after which a used place would have shown the species with 95 %.",
    "probability_used": "Probability that the place is used, given what was seen there.",
    "occasions": "Weeks with a camera at work.",
    "detections": "Weeks in which the species was seen.",
    "spearman": "Rank correlation of predicted current and events per camera-day over sites.",
    "auc": "Probability that a site where the species was seen has the higher predicted current.",
    "corridor_spearman": "Rank correlation of closeness to the corridor and events per camera-day.",
    "verdict": "predicts, does not predict, wrong way, too few data, no prediction or no data.",
    "more_days": "Camera-days at the same sites that are wanting to tell; inf: more sites are needed.",
    "deviance": "Minus twice the log probability of each site's count given all other sites, summed; less is better.",
    "gain": "Deviance of a constant rate minus that of this map: positive is better.",
    "gain_error": "Standard error of the gain over sites.",
    "slope": "Rise of the log rate per standard deviation of the log prediction.",
    "power": "Share of simulated data sets in which a map that predicts is told from chance.",
    "current": "Predicted current density around the site (3 x 3 cells).",
    "corridor": "Minus the extra cost of the best corridor there; 0 is best.",
    "rank_before": "Rank over all species with the passages open and use factors as stated.",
    "rank_after": "The same with use factors as measured.",
    "shortlisted_before": "Whether the shortlist as stated holds it.",
    "shortlisted_after": "Whether the shortlist as measured holds it.",
    "status": "ok, or why a number is missing.",
}

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
    tables = evidence_tables(found)
    rows = [
        (file, column, UNITS.get(column, ""), MEANINGS.get(column, ""))
        for file, table in tables.items()
        for column in map(str, table.columns)
    ]
    tables["columns.csv"] = pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])
    return [write_csv(folder / name, table) for name, table in tables.items()]
