"""What is built, for whom: designs and fences with their lengths, and which species fit, as tables of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rasters.profile import SpeciesProfile
from scenarios.land.bodies import design_table, fence_table
from scenarios.outputs.pages import Table, as_table
from scenarios.outputs.tables import write_csv
from scenarios.study.schema import Study

__all__ = ["write_built"]

LENGTHS = ("clearance_m", "gap_height_m", "top_m")


def write_built(folder: Path, study: Study, profiles: Mapping[str, SpeciesProfile]) -> dict[str, Table]:
    """Write ``designs.csv`` and, where wires are stated, ``fence_wires.csv``; the same tables for people, by file name."""
    tables = {"designs.csv": design_table(study, profiles), "fence_wires.csv": fence_table(study, profiles)}
    for name, table in tables.items():
        if len(table):
            write_csv(folder / name, table)
    return {name: _for_people(table, profiles) for name, table in tables.items() if len(table)}


def _for_people(table: pd.DataFrame, profiles: Mapping[str, SpeciesProfile]) -> Table:
    """Without lengths that nothing states; species by their names."""
    unstated = [name for name in LENGTHS if name in table and table[name].isna().all()]
    words = {name: table[name].str.replace("_", " ") for name in ("design",) if name in table}
    titles = {f"fits_{species}": profile.name for species, profile in profiles.items()}
    return as_table(table.drop(columns=unstated).assign(**words), titles=titles)
