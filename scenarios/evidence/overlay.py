"""Use factors after the evidence, as overrides that the next run takes: ``otkel run STUDY --evidence overlay.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rasters.errors import ConfigError
from rasters.files.writing import replacing
from scenarios.evidence.linking import KnownPassage, Landmarks
from scenarios.statistics.use_factor import Share, UseFactors
from scenarios.study.base import Model, without_words
from scenarios.study.documents import read_document, validate
from scenarios.study.load import ResolvedStudy
from scenarios.study.schema import Study

__all__ = ["Overlay", "Replaced", "assumed", "overlay_of", "read_overlay", "write_overlay"]

Found = Mapping[tuple[str, str], UseFactors]
SMALLEST = 0.001


class Replaced(Model):
    """One number that evidence replaces."""

    key: str
    """Dotted key of the study or the species file."""
    before: str
    """What stood there, with its interval as it was taken for what it is worth."""
    after: str
    """What stands there now, with its interval."""
    evidence: str
    """What was seen."""


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
    replaced: list[Replaced] = []
    """What stood before and what the evidence is, for those who read it."""

    @property
    def sentences(self) -> list[str]:
        """Each replacement in words."""
        return [f"{one.key}: {one.after} instead of {one.before} ({one.evidence})" for one in self.replaced]


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
        out |= assumed(study, [f"Use factors of passages are updated by {source}."])
    return Overlay(
        study=study.study, note=f"Use factors after {title}", synthetic=synthetic, set=out, replaced=_replaced(updated)
    )


def assumed(study: Study, sentences: Sequence[str]) -> dict[str, list[str]]:
    """Overrides that add sentences to what a study assumes; in other languages they stay as they are."""
    own = {key: getattr(study, key) for key in without_words(["assumptions"])}
    return {
        key: [*said, *(sentences if key == "assumptions" else [""] * len(sentences))]
        for key, said in own.items()
        if said or key == "assumptions"
    }


def _replaced(updated: Found) -> list[Replaced]:
    return [
        Replaced(
            key=f"use factor of {design}, {species}",
            before=_in_words(one.prior),
            after=_in_words(one.design),
            evidence=f"cameras at {len(one.passages)} passages",
        )
        for (species, design), one in updated.items()
    ]


def _in_words(share: Share) -> str:
    return f"{share.mean:.2f} ({share.low:.2f} to {share.high:.2f})"


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


def write_overlay(
    overlay: Overlay,
    path: Path,
    *,
    by: str = "otkel evidence",
    what: str = "Posterior means; their intervals are in use_factors.csv.",
) -> Path:
    """Write the overlay as YAML that says what it is."""
    head = (
        f"# Written by `{by}`. Use it with: otkel run STUDY --out FOLDER --evidence THIS_FILE, or the folder that it lies in\n"
        f"# {what}\n"
    )
    if overlay.synthetic:
        head = "# SYNTHETIC: from a simulator, nothing was observed. For trying things out only.\n" + head
    with replacing(path) as part:
        text = yaml.safe_dump(overlay.model_dump(), sort_keys=False, allow_unicode=True)
        part.write_text(head + text, encoding="utf-8")
    return path


def read_overlay(path: Path, study: str | None = None) -> Overlay:
    """An overlay as it was written.

    Raises
    ------
    ConfigError
        Faults with their lines, or an overlay of another study.
    """
    document = read_document(path)
    overlay = validate(Overlay, document.data, document)
    if study is not None and overlay.study != study:
        raise ConfigError(f"{path}: study: {overlay.study!r} is not the study that is run ({study!r})")
    return overlay
