"""Tables that `otkel tracks` writes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.outputs.tables import write_dictionary
from scenarios.tracks.findings import Findings

__all__ = ["FILES", "PERMEABILITY", "PROFILE", "tracks_tables", "write_tracks_tables"]

PERMEABILITY, PROFILE = "permeability.yaml", "profile.yaml"
FILES = {
    "animals.csv": "Every animal: fixes, interval, days, what was left out",
    "encounters.csv": "Every encounter with a fence: where, when, what the animal did",
    "rates.csv": "Encounters per 100 animal-days by fence line and behaviour",
    "stretches.csv": "Encounters by stretch of fence, per kilometre",
    "crossing.csv": "Crossings seen and expected, what each fence is worth, as stated and as measured",
    "intervals.csv": "What a fence is worth by interval between fixes",
    "selection.csv": "Which land animals choose: coefficients of step selection",
    "held_out.csv": "How steps that the fit did not see were predicted",
    "prediction.csv": "Whether maps of a run predict where animals went",
    "ranking.csv": "Candidates before and after the tracks",
    "warnings.csv": "What to look at in the data",
    "columns.csv": "What each column means, and its unit",
    PERMEABILITY: "What fences are worth, for the next run",
    PROFILE: "Measured resistances, for who asks for them",
    "manifest.json": "Inputs, versions and settings",
}


def tracks_tables(found: Findings) -> dict[str, pd.DataFrame]:
    """File name -> table, only those that have something in them."""
    held = [(one.species, one.held_out) for one in found.selections if one.held_out is not None]
    tables = {
        "animals.csv": found.animals, "encounters.csv": found.encounters, "rates.csv": found.rates, "stretches.csv": found.stretches,
        "crossing.csv": found.worth_rows, "intervals.csv": found.intervals, "selection.csv": found.coefficients,
        "held_out.csv": pd.DataFrame(
            [
                {
                    "species": species, "held_out_by": one.by, "sets": one.sets, "gain": one.gain, "gain_error": one.error,
                    "crossings": one.crossings_seen, "predicted": one.crossings_predicted,
                }
                for species, one in held
            ]
        ),
        "prediction.csv": found.predictions,
        "ranking.csv": pd.DataFrame() if found.reranked is None else found.reranked.table.sort_values("rank_after"),
        "warnings.csv": pd.DataFrame(
            [{"table": f.table, "row": f.row, "field": f.field, "value": f.value, "message": f.message} for f in found.faults]
        ),
    }  # fmt: skip
    return {name: table for name, table in tables.items() if len(table)}


def write_tracks_tables(found: Findings, folder: Path) -> list[Path]:
    """Write every table and ``columns.csv``."""
    return write_dictionary(folder, tracks_tables(found), of="tracks")
