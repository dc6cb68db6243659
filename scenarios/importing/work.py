"""What an import is asked for, and what it has found so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasters.errors import OptionError
from rasters.fence_lines import SNAP_M
from rasters.files.foreign import ForeignFile
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.importing.account import Account, some
from scenarios.importing.asking import Asker
from scenarios.importing.features import Feature
from scenarios.importing.fields import KINDS, NAMES, STATUSES, Fields, status_in, text_in
from scenarios.importing.settings import Changes
from scenarios.study.load import ResolvedStudy

__all__ = [
    "ROLES",
    "ImportRequest",
    "Work",
    "attributes_of",
    "origin_asked",
    "require_options",
    "status_asked",
    "tell_statuses",
]

ROLES = ("from", "to")
FARTHEST_SNAP_M = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is asked for; the options of `otkel import`.

    Parameters
    ----------
    kind : {"fences", "passages", "reserves", "cores"}
    layers : sequence of str
        Default: the only one that fits.
    mapping : sequence of str
        ``name=FIELD``: what of ours is which attribute of the file.
    snap_m : float
        Ends at most this far from another end or line are moved onto it [m].
    fence_line : str, optional
        For features that name none. Default: after the file.
    active : bool
        Whether new fence lines stand in the study.
    design, state : str, optional
        Of passages that name none.
    role : {"from", "to"}, optional
        Whether cores are where animals move from, or to.
    replace : bool
        Whether a feature with an id of the study takes its place.
    """

    kind: str
    file: Path
    study: str
    layers: Sequence[str] = ()
    mapping: Sequence[str] = ()
    crs: str | None = None
    encoding: str | None = None
    swap_xy: bool = False
    geometry_status: str | None = None
    origin: str | None = None
    snap_m: float = SNAP_M
    fence_line: str | None = None
    active: bool = True
    design: str | None = None
    state: str | None = None
    role: str | None = None
    replace: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Work:
    """What one import has found so far."""

    request: ImportRequest
    resolved: ResolvedStudy
    grid: Grid
    asker: Asker
    account: Account
    fields: Fields
    origin: str
    changes: Changes = field(default_factory=Changes)
    files: dict[Path, Callable[[Path], None]] = field(default_factory=dict)
    ids: tuple[str, ...] = ()


def require_options(request: ImportRequest) -> None:
    """OptionError for what an option cannot be."""
    for option, value, known in (
        ("kind", request.kind, tuple(KINDS)),
        ("--geometry-status", request.geometry_status, STATUSES),
        ("--role", request.role, ROLES),
    ):
        if value is not None and value not in known:
            raise OptionError(f"{option}: {unknown(option.strip('-').replace('-', ' '), value, known)}")
    if not 0 <= request.snap_m <= FARTHEST_SNAP_M:
        raise OptionError(f"--snap-m {request.snap_m:g}: should be from 0 to 10000 metres")
    for option, text in (("--fence-line", request.fence_line), ("--origin", request.origin)):
        if text is not None and not text.strip():
            raise OptionError(f"{option}: should not be empty")


def origin_asked(request: ImportRequest, file: ForeignFile, fields: Fields, asker: Asker) -> str:
    """Where the features are from, for those that do not say."""
    if request.origin is not None or "origin" in fields.of:
        return request.origin or f"from {file.path.name}"
    return asker.text("Where are these features from?", f"from {file.path.name}", "--origin")


def status_asked(work: Work) -> str:
    """How well the shapes are known, for those that do not say; nobody's guess."""
    request = work.request
    if request.geometry_status is not None or "geometry_status" in work.fields.of:
        return request.geometry_status or "unknown"
    if work.asker.answers:
        return work.asker.choose("How were these shapes made?", STATUSES, "--geometry-status")
    text = (
        "surveyed, digitised or schematic? say it with --geometry-status; only surveyed ones are not shown as schematic"
    )
    work.account.tell("look at", None, "geometry_status is unknown", text)
    return "unknown"


def attributes_of(one: Feature, work: Work, status: str) -> dict[str, Any]:
    """What is kept of a feature, but its id."""
    fields = work.fields
    said = fields.value(one.row, "geometry_status")
    kept = {name: text_in(fields.value(one.row, name)) for name in NAMES[1:]}
    kept["geometry_status"] = status if said is None else status_in(said) or "unknown"
    kept["origin"] = text_in(fields.value(one.row, "origin")) or work.origin
    return kept


def tell_statuses(work: Work, features: Sequence[Feature]) -> None:
    """Tell words of the file that stand for no geometry status."""
    said = [text_in(work.fields.value(one.row, "geometry_status")) for one in features]
    wrong = sorted({text for text in said if text and status_in(text) is None})
    work.account.tell("look at", len(wrong), "words that are no geometry_status, taken for unknown", some(wrong))
