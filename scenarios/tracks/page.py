"""``index.html`` of `otkel tracks`: sentences, pictures and tables, offline."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import Table, as_table, write_page
from scenarios.outputs.words import WORKING_NOTE, is_schematic
from scenarios.tracks.findings import Findings
from scenarios.tracks.output_tables import FILES
from scenarios.tracks.words import assumptions_of, sentences_of

__all__ = ["write_tracks_page"]

SYNTHETIC = "SYNTHETIC DATA: made by a simulator. Nothing on this page was observed; it shows what the page can say."
SCHEMATIC = "SCHEMATIC fence lines \u2013 not surveyed: which step crosses a fence is as uncertain as they are"
SHOWN_WARNINGS, SHOWN_STRETCHES = 12, 15
SHOWN = (
    "species", "fence_line", "crossings", "expected", "weight", "low", "high", "control", "worth_km", "worth_low_km", "worth_high_km",
    "stated_km", "posterior_km", "status",
)  # fmt: skip
"""Columns of crossings on the page."""


def write_tracks_page(found: Findings, charts: dict[str, str], folder: Path) -> Path:
    """Write the page; ``charts`` are the pictures that were drawn."""
    job = found.job
    schematic = any(is_schematic(fence.geometry_status) for fence in found.ground.fences)
    return write_page(
        folder / "index.html", "tracks.html", study=job.resolved.study.title, audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[SYNTHETIC if job.tracks.synthetic else "", SCHEMATIC if schematic else ""], scenario=job.resolved.scenario_title,
        data=job.tracks.title, words=sentences_of(found), charts=charts, tables=_tables(found),
        faults=[str(f) for f in found.faults[:SHOWN_WARNINGS]], n_faults=len(found.faults), profile=found.profile is not None,
        permeability=found.permeability is not None, assumptions=[*assumptions_of(found), *job.resolved.study.assumptions],
        credits=job.resolved.study.credits,
        files=[(name, text) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER],
    )  # fmt: skip


def _tables(found: Findings) -> dict[str, Table]:
    """Tables for people: few columns, names instead of ids."""
    crossing = found.worth_rows
    shown = {
        "animals": found.animals,
        "crossing": crossing[[name for name in SHOWN if name in crossing]],
        "intervals": found.intervals,
        "stretches": found.stretches.nlargest(SHOWN_STRETCHES, "encounters") if len(found.stretches) else found.stretches,
        "selection": found.coefficients,
        "ranking": pd.DataFrame() if found.reranked is None else _moved(found.reranked.table),
    }  # fmt: skip
    return {name: as_table(_named(found, table), of="tracks", digits=3) for name, table in shown.items() if len(table)}


def _named(found: Findings, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(species=[found.label(one) for one in table["species"]]) if "species" in table else table


def _moved(table: pd.DataFrame) -> pd.DataFrame:
    """The first places of the ranking after the tracks."""
    return table.sort_values("rank_after").head(SHOWN_STRETCHES)[
        ["candidate", "fence", "along_m", "rank_before", "rank_after"]
    ]
