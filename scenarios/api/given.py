"""What scripts may give for a study, for names and for folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.api.results import OpenStudy

__all__ = ["Folder", "Names", "Settings", "Study", "name_of", "names_of", "path_of", "with_evidence"]

Study = OpenStudy | str | Path
Names = Sequence[str] | str | None
Settings = Mapping[str, Any] | None
Folder = str | Path


def with_evidence(study: Study, evidence: Folder | None, overrides: Settings) -> dict[str, Any]:
    """Overrides of evidence, a file or a folder with several, then those that are given, which come first."""
    if evidence is None:
        return dict(overrides or {})
    from scenarios.evidence.taking import take_evidence

    return {**take_evidence(Path(evidence), name_of(study)).overrides, **(overrides or {})}


def name_of(study: Study) -> str:
    """Name or path of a study."""
    return str(study.path if isinstance(study, OpenStudy) else study)


def names_of(names: Names) -> list[str] | None:
    """One name or several, as a list."""
    return [names] if isinstance(names, str) else None if names is None else list(names)


def path_of(folder: Folder | None) -> Path | None:
    """A folder, where one is given."""
    return None if folder is None else Path(folder)
