"""Use factors after the evidence, as overrides that the next run takes: ``otkel run STUDY --evidence overlay.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rasters.errors import ConfigError
from rasters.files.writing import replacing
from scenarios.evidence.linking import KnownPassage, Landmarks
from scenarios.statistics.use_factor import UseFactors
from scenarios.study.base import Model, without_words
from scenarios.study.load import ResolvedStudy, read_document, validate

__all__ = ["Overlay", "overlay_of", "read_overlay", "write_overlay"]

Found = Mapping[tuple[str, str], UseFactors]
SMALLEST = 0.001


class Overlay(Model):
    """Overrides of a study that evidence gives reason for."""

    study: str
    """Id of the study."""
    note: str
    """What the numbers come from."""
    synthetic: bool = False
    """The evidence was made by a simulator."""
    set: dict[str, Any]
    """Dotted key of the study -> value."""


def overlay_of(
    resolved: ResolvedStudy, marks: Landmarks, found: Found, title: str, *, synthetic: bool, evidence: bool = True
) -> Overlay:
    """Overrides: use factors of designs, and the passages as openings that stand with their own.

    Parameters
    ----------
    evidence : bool
        False leaves the use factors as stated and only opens the passages: what to compare with.
    """
    study = resolved.study
    out: dict[str, Any] = {}
    updated = {key: one for key, one in found.items() if one.status == "updated" and evidence}
    for design in dict.fromkeys(design for _, design in updated):
        own = {species: _figure(one.design.mean) for (species, d), one in updated.items() if d == design}
        out[f"designs.{design}.use_factor"] = {**study.designs[design].use_factor, **own}
    if marks.passages:
        out["openings"] = _openings(resolved, marks, updated)
    if updated:
        source = f"{'SYNTHETIC ' if synthetic else ''}camera traps: {title}"
        out["assumptions"] = [*study.assumptions, f"Use factors of passages are updated by {source}."]
        said = {key: getattr(study, key) for key in without_words(["assumptions"]) - {"assumptions"}}
        out |= {key: [*sentences, ""] for key, sentences in said.items() if sentences}
    return Overlay(study=study.study, note=f"Use factors after {title}", synthetic=synthetic, set=out)


def _openings(resolved: ResolvedStudy, marks: Landmarks, updated: Found) -> list[dict[str, Any]]:
    """The study's openings and each watched passage as one, with what was measured there."""
    measured = {p.id: _measured(p, updated) for p in marks.passages}
    own = [dict(rule) for rule in resolved.settings.get("openings", [])]
    standing = {rule["id"] for rule in own}
    for rule in own:
        if measured.get(rule["id"]):
            rule["use_factor"] = {**rule.get("use_factor", {}), **measured[rule["id"]]}
    new = [(p, _rule(p, marks)) for p in marks.passages if p.id not in standing]
    return [*own, *(rule | ({"use_factor": measured[p.id]} if measured[p.id] else {}) for p, rule in new)]


def _measured(passage: KnownPassage, updated: Found) -> dict[str, float]:
    """Species -> posterior mean of a passage."""
    mine = {s: one.passages for (s, design), one in updated.items() if design == passage.design}
    return {s: _figure(shares[passage.id].mean) for s, shares in mine.items() if passage.id in shares}


def _rule(passage: KnownPassage, marks: Landmarks) -> dict[str, Any]:
    line = next(fence.fence_line for fence in marks.fences if fence.id == passage.fence)
    lon, lat = marks.grid.lonlat(passage.x, passage.y)
    opened = {} if pd.isna(passage.opened) else {"opened": int(passage.opened.year)}
    place = {"lon": round(lon, 6), "lat": round(lat, 6)}
    return {"id": passage.id, "fence_line": line, "design": passage.design, **place, **opened}


def _figure(value: float) -> float:
    return round(min(max(value, SMALLEST), 1.0), 4)


def write_overlay(overlay: Overlay, path: Path) -> Path:
    """Write the overlay as YAML that says what it is."""
    head = (
        "# Written by `otkel evidence`. Use it with: otkel run STUDY --out FOLDER --evidence THIS_FILE\n"
        "# Posterior means; their intervals are in use_factors.csv.\n"
    )
    if overlay.synthetic:
        head = "# SYNTHETIC: from a simulator, not from cameras. For trying things out only.\n" + head
    with replacing(path) as part:
        text = yaml.safe_dump(overlay.model_dump(), sort_keys=False, allow_unicode=True)
        part.write_text(head + text, encoding="utf-8")
    return path


def read_overlay(path: Path, study: str | None = None) -> dict[str, Any]:
    """Overrides of an overlay.

    Raises
    ------
    ConfigError
        Faults with their lines, or an overlay of another study.
    """
    document = read_document(path)
    overlay = validate(Overlay, document.data, document)
    if study is not None and overlay.study != study:
        raise ConfigError(f"{path}: study: {overlay.study!r} is not the study that is run ({study!r})")
    return dict(overlay.set)
