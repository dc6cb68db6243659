"""Sentences that every map, table, page and manifest repeats: what is schematic, and who may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rasters.fence_faults import fence_faults
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience, audience_note
from scenarios.outputs.release import reader_of

__all__ = [
    "WORKING_NOTE",
    "audience_of",
    "fence_statuses",
    "is_schematic",
    "line_gaps",
    "modelled_status",
    "note_of",
    "schematic_note",
]

WORKING_NOTE = audience_note(Audience.RESTRICTED)
"""Of files that are written at full precision only: plans, corridors, draws, moving windows."""


def note_of(run: Ground) -> str:
    """For whom a run is and what was done to it, in one line."""
    return audience_note(reader_of(run), run.sensitivity_deg)


def audience_of(runs: Iterable[Ground]) -> tuple[Audience, str]:
    """For whom files about several runs are, the most precise of them, and what was done to them; without runs, see `WORKING_NOTE`."""
    listed = list(runs)
    if not listed:
        return Audience.RESTRICTED, WORKING_NOTE
    first = min(map(reader_of, listed), key=lambda reader: reader.level)
    notes = dict.fromkeys(note_of(run) for run in listed if reader_of(run) is first)
    return first, " / ".join(notes)


def fence_statuses(run: Ground) -> dict[str, str]:
    """Fence id -> geometry status."""
    return {fence.id: fence.geometry_status for fence in run.cuts.fences}


def modelled_status(run: Ground) -> str:
    """Geometry status of what a run works out itself: paths and corridors."""
    schematic = any(is_schematic(fence.geometry_status) for fence in run.cuts.fences)
    return "modelled on schematic fences" if schematic else "modelled"


def is_schematic(status: str) -> bool:
    """Whether a geometry status stands for anything but a survey."""
    return status.strip().lower() != "surveyed"


def schematic_note(run: Ground) -> str:
    """What is not surveyed in a run, in one line; empty if everything is."""
    parts = []
    if any(is_schematic(fence.geometry_status) for fence in run.cuts.fences):
        parts.append("fence lines")
    if any(is_schematic(place.geometry_status) for place in run.places):
        parts.append("reserve outlines")
    notes = [f"SCHEMATIC {' and '.join(parts)}"] if parts else []
    gaps = line_gaps(run)
    if any("placeholder" in sentence.lower() for sentence in run.assumptions):
        notes.append("expert placeholder resistances")
    note = "; ".join(notes) + (" \u2013 not surveyed" if parts else "")
    return "; ".join(part for part in (note, gaps) if part)


def line_gaps(run: Ground) -> str:
    """How many gaps fence lines have, and ends that stop just short of a fence; empty without, and where lines are generalised."""
    if reader_of(run) is not Audience.RESTRICTED:
        return ""
    count: Counter[str] = Counter(fault.kind for fault in fence_faults(run.cuts.fences, run.grid))
    words = [
        f"{count[kind]} {name}{'' if count[kind] == 1 else 's'}"
        for kind, name in (("gap", "gap"), ("near miss", "loose end"))
        if count[kind]
    ]
    return f"fence lines with {' and '.join(words)}: see otkel check" if words else ""
