"""``index.html`` of `otkel tracks`: sentences, pictures and tables, offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from scenarios.model.naming import passage_names, section_names
from scenarios.model.parameter_words import named
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import Table, as_table, write_page
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, is_schematic
from scenarios.tracks.findings import Findings
from scenarios.tracks.output_tables import FILES
from scenarios.tracks.predicts import map_words
from scenarios.tracks.words import assumptions_of, covariate_words, sentences_of

__all__ = ["write_tracks_page"]

SYNTHETIC = "SYNTHETIC DATA: made by a simulator. Nothing on this page was observed; it shows what the page can say."
SCHEMATIC = "SCHEMATIC fence lines \u2013 not surveyed"
SHOWN_WARNINGS, SHOWN_STRETCHES = 12, 15
RANGES = ("species", "fence_line")
SHOWN = {
    "animals": (
        "species", "animal", "fixes", "fix_interval_h", "animal_days", "longest_gap_h", "encounters", "rows", "no_fix", "repeated",
        "too_fast", "not_worn",
    ),
    "crossing": (
        *RANGES, "crossings", "expected", "weight", "low", "high", "control", "worth_km", "worth_low_km", "worth_high_km", "stated_km",
        "posterior_km", "status",
    ),
    "intervals": (
        *RANGES, "fix_interval_h", "fixes_used", "crossings", "expected", "weight", "low", "high", "scale_m", "worth_km", "worth_low_km",
        "worth_high_km",
    ),
    "stretches": (
        *RANGES, "fence", "start_m", "end_m", "lat_deg", "lon_deg", "met", "encounters", "quick_cross", "bounce", "average_movement",
        "back_and_forth", "trace", "trapped", "unknown", "rate_per_100", "low_per_100", "high_per_100",
    ),
    "selection": ("species", "covariate", "coefficient", "low", "high", "model_error", "robust_error", "animals", "sets", "clusters"),
    "prediction": (
        "species", "map", "animals", "months", "shift", "low", "high", "behind_best", "behind_low", "behind_high", "months_to_tell",
    ),
    "ranking": ("name", "rank_before", "rank_after"),
}  # fmt: skip
"""Columns of each table on the page."""


def write_tracks_page(found: Findings, charts: dict[str, str], folder: Path, say: Language = ENGLISH) -> Path:
    """Write the page; ``charts`` are the pictures that were drawn."""
    job = found.job
    return write_page(
        folder / "index.html",
        "tracks.html",
        study=say(job.resolved.study.title),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[SYNTHETIC if job.tracks.synthetic else "", _schematic(found, say)],
        scenario=say(job.resolved.scenario_title),
        data=job.tracks.title,
        words=sentences_of(found, say),
        charts=charts,
        tables=_tables(found, say),
        faults=[str(f) for f in found.faults[:SHOWN_WARNINGS]],
        n_faults=len(found.faults),
        profile=found.profile is not None,
        permeability=found.permeability is not None,
        assumptions=[*assumptions_of(found, say), *map(say, job.resolved.study.assumptions)],
        credits=job.resolved.study.credits,
        files=[(name, say(text)) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER],
        say=say,
    )


def _schematic(found: Findings, say: Language) -> str:
    if not any(is_schematic(fence.geometry_status) for fence in found.ground.fences):
        return ""
    return f"{say(SCHEMATIC)}: {say('which step crosses a fence is as uncertain as they are')}"


def _tables(found: Findings, say: Language) -> dict[str, Table]:
    """Tables for people: few columns, names instead of ids."""
    stretches = found.stretches
    tables = {
        "animals": found.animals,
        "crossing": found.worth_rows,
        "intervals": found.intervals,
        "stretches": stretches.nlargest(SHOWN_STRETCHES, "encounters") if len(stretches) else stretches,
        "selection": _covariates(found, say),
        "prediction": found.predictions,
        "ranking": pd.DataFrame() if found.reranked is None else _moved(found, found.reranked.table, say),
    }
    return {
        name: as_table(_named(found, table, say), of="tracks", shown=SHOWN[name], digits=3, say=say)
        for name, table in tables.items()
        if len(table)
    }


def _named(found: Findings, table: pd.DataFrame, say: Language) -> pd.DataFrame:
    sections = section_names(found.ground.fences, say)
    names: dict[str, Callable[[str], str]] = {
        "species": lambda one: found.label(one, say),
        "fence_line": lambda one: found.line_label(one, say),
        "fence": lambda one: sections.get(one, one),
        "map": lambda one: map_words(one, say),
    }
    return table.assign(**{key: [name(one) for one in table[key]] for key, name in names.items() if key in table})


def _covariates(found: Findings, say: Language) -> pd.DataFrame:
    """Coefficients by the names of layers and lines."""
    table = found.coefficients
    words = {one.name: covariate_words(one, say) for mine in found.selections for one in mine.covariates}
    told = say("crossing: {line}")
    words |= {f"crossing {line}": told.format(line=found.line_label(line, say)) for line in found.ground.lines.names}
    return (
        table.assign(covariate=[words.get(one) or named(one, say) for one in table["covariate"]])
        if len(table)
        else table
    )


def _moved(found: Findings, table: pd.DataFrame, say: Language) -> pd.DataFrame:
    """The first places of the ranking after the tracks."""
    first = table.sort_values("rank_after").head(SHOWN_STRETCHES)
    return first.assign(name=passage_names(found.job.inputs.cuts.fences, first, say))
