"""What is built, for whom: designs and fences with their lengths, and which species fit, as tables of a run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from rasters.plain import as_meant
from rasters.profile import SpeciesProfile
from scenarios.land.bodies import design_table, fence_table
from scenarios.outputs.pages.frame import Table, as_table
from scenarios.outputs.tables import write_csv
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.study.schema import Study

__all__ = ["copy_built", "write_built"]

FILES = ("designs.csv", "fence_wires.csv")
LENGTHS = ("clearance_m", "gap_height_m", "top_m")


def write_built(
    folder: Path, study: Study, profiles: Mapping[str, SpeciesProfile], say: Language = ENGLISH
) -> dict[str, Table]:
    """Write ``designs.csv`` and, where wires are stated, ``fence_wires.csv``; the same tables for people, by file name.

    Rows are in order of names: a run that is made again from its manifest does not know the study's own order.
    """
    every = zip(FILES, (design_table(study, profiles), fence_table(study, profiles)), strict=True)
    tables = {name: table.sort_values(table.columns[0], ignore_index=True) for name, table in every if len(table)}
    for name, table in tables.items():
        write_csv(folder / name, table)
    names = {id: profile.name for id, profile in profiles.items()}
    return {name: _for_people(table, names, say) for name, table in tables.items()}


def copy_built(stored: Path, folder: Path, species: Mapping[str, str], say: Language = ENGLISH) -> dict[str, Table]:
    """Copy those files of stored results; the same tables for people, with the names of the species."""
    there = [name for name in FILES if (stored / name).is_file()]
    for name in there:
        shutil.copyfile(stored / name, folder / name)
    return {name: _for_people(pd.read_csv(stored / name).map(as_meant), species, say) for name in there}


def _for_people(table: pd.DataFrame, species: Mapping[str, str], say: Language) -> Table:
    """Without lengths that nothing states; species by their names."""
    unstated = [name for name in LENGTHS if name in table and table[name].isna().all()]
    words = {name: table[name].str.replace("_", " ") for name in ("design",) if name in table}
    titles = {f"fits_{id}": name for id, name in species.items()}
    words |= {"origin": [say.origin(str(text)) for text in table["origin"]]} if "origin" in table else {}
    return as_table(table.drop(columns=unstated).assign(**words), titles=titles, say=say)
