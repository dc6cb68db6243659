"""Sentences that every map, table, page and manifest repeats: what is schematic, and who may see it."""

from __future__ import annotations

from scenarios.results import SpeciesRun

__all__ = ["AUDIENCE", "AUDIENCE_NOTE", "fence_statuses", "is_schematic", "modelled_status", "schematic_note"]

AUDIENCE = "restricted"
AUDIENCE_NOTE = "restricted: full precision; do not publish"


def fence_statuses(run: SpeciesRun) -> dict[str, str]:
    """Fence id -> geometry status."""
    return {fence.id: fence.geometry_status for fence in run.cuts.fences}


def modelled_status(run: SpeciesRun) -> str:
    """Geometry status of what a run works out itself: paths and corridors."""
    schematic = any(is_schematic(fence.geometry_status) for fence in run.cuts.fences)
    return "modelled on schematic fences" if schematic else "modelled"


def is_schematic(status: str) -> bool:
    """Whether a geometry status stands for anything but a survey."""
    return status.strip().lower() != "surveyed"


def schematic_note(run: SpeciesRun) -> str:
    """What is not surveyed in a run, in one line; empty if everything is."""
    parts = []
    if any(is_schematic(fence.geometry_status) for fence in run.cuts.fences):
        parts.append("fence lines")
    if any(is_schematic(place.geometry_status) for place in run.places):
        parts.append("reserve outlines")
    notes = [f"SCHEMATIC {' and '.join(parts)}"] if parts else []
    if any("placeholder" in sentence.lower() for sentence in run.assumptions):
        notes.append("expert placeholder resistances")
    return f"{'; '.join(notes)} \u2013 not surveyed" if notes else ""
