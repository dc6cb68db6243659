"""`otkel import` for scripts: a function for each kind, a parameter for each option, by the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.api.done import Teller
from scenarios.api.given import Folder, Names, Study, name_of

if TYPE_CHECKING:
    from scenarios.importing.account import Imported

__all__ = ["export_study", "import_cores", "import_fences", "import_passages", "import_reserves"]

Mapped = Mapping[str, str] | Sequence[str]
"""Ours -> attribute of the file: ``{"name": "НАЗВ"}``, or as the option says it."""


def export_study(
    source: Study, to: str, out: Folder, *, only: Names = None, scenario: str | None = None
) -> tuple[Path, ...]:
    """Write fences, passages, reserves and cores of a study, or of results; returns the files.

    ``to`` is one of `scenarios.importing.exporting.FORMATS`.
    """
    from scenarios.importing.exporting import export_study as export

    kinds = (only,) if isinstance(only, str) else tuple(only or ())
    return export(name_of(source), to, Path(out), kinds=kinds, scenario=scenario).found


def import_fences(
    file: Folder,
    study: Study,
    *,
    layer: Names = None,
    mapping: Mapped = (),
    crs: str | None = None,
    encoding: str | None = None,
    swap_xy: bool = False,
    geometry_status: str | None = None,
    origin: str | None = None,
    snap_m: float = 1.0,
    fence_line: str | None = None,
    active: bool = True,
    replace: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Put fence lines of a file into a study; ``entries`` of what it returns are the table that the command prints."""
    return _imported("fences", **locals())


def import_passages(
    file: Folder,
    study: Study,
    *,
    layer: Names = None,
    mapping: Mapped = (),
    crs: str | None = None,
    encoding: str | None = None,
    swap_xy: bool = False,
    origin: str | None = None,
    state: str | None = None,
    design: str | None = None,
    fence_line: str | None = None,
    dry_run: bool = False,
) -> Imported:
    """Put points of a file into a study as openings (``state`` existing or planned) or candidates (proposed)."""
    return _imported("passages", **locals())


def import_reserves(
    file: Folder,
    study: Study,
    *,
    layer: Names = None,
    mapping: Mapped = (),
    crs: str | None = None,
    encoding: str | None = None,
    swap_xy: bool = False,
    geometry_status: str | None = None,
    origin: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Put outlines of reserves into the layer ``reserve`` of a study."""
    return _imported("reserves", **locals())


def import_cores(
    file: Folder,
    study: Study,
    *,
    layer: Names = None,
    mapping: Mapped = (),
    crs: str | None = None,
    encoding: str | None = None,
    swap_xy: bool = False,
    geometry_status: str | None = None,
    origin: str | None = None,
    role: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Put outlines of places into a study; ``role``: ``"from"`` or ``"to"``."""
    return _imported("cores", **locals())


def _imported(kind: str, file: Folder, study: Study, layer: Names, mapping: Mapped, **given: Any) -> Imported:
    from scenarios.importing.session import ImportRequest, import_features

    layers = (layer,) if isinstance(layer, str) else tuple(layer or ())
    pairs = [f"{ours}={theirs}" for ours, theirs in mapping.items()] if isinstance(mapping, Mapping) else list(mapping)
    request = ImportRequest(kind=kind, file=Path(file), study=name_of(study), layers=layers, mapping=pairs, **given)
    return import_features(request, Teller(None))
