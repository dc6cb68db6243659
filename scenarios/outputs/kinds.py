"""Kinds of files that results are exported as: the one list that `otkel export`, its help and its messages read.

Importing this module imports no writer: each is brought in when it is first used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from rasters.files.confined import confined
from scenarios.outputs.audience import Audience
from scenarios.study.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenarios.outputs.field.content import FieldContent
    from scenarios.outputs.stored import StoredResults

__all__ = ["ALL", "KINDS", "Export", "ExportKind"]

ALL = "all"
"""Not a kind: every kind that an audience may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What one kind is asked to write; ``content`` is what field files hold, gathered once for all kinds.

    ``lang`` is empty where none was asked for.
    """

    results: StoredResults
    scenario: str
    species: tuple[str, ...]
    audience: Audience
    lang: str
    out: Path
    content: Callable[[], FieldContent]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportKind:
    """A kind of export.

    Parameters
    ----------
    writer : str
        ``module:function``. It takes a `scenarios.outputs.field.content.FieldContent`, which has been generalised for its
        audience, and where to write; it returns the file, or the files, that it wrote.
    name : str
        Of the file or folder; ``{stem}`` names study, scenario, species and audience. Empty: several files.
    serves : Audience
        The least precise audience that it can serve.
    help : str
    whole : bool
        The writer takes the `Export` itself, not what field files hold.
    options : bool
        Its command has options of its own; this is what `otkel export all` writes.
    speaks : tuple of str
        Languages that it has words in; what programs read has one.
    """

    writer: str
    name: str = ""
    serves: Audience = Audience.PUBLIC
    help: str
    whole: bool = False
    options: bool = False
    speaks: tuple[str, ...] = LANGUAGES

    def write(self, export: Export) -> list[Path]:
        """Write it; the files."""
        write = resolve_name(self.writer)
        if self.whole:
            return list(write(export, export.out))
        content = export.content()
        where = confined(export.out, self.name.format(stem=content.stem)) if self.name else export.out
        found = write(content, where)
        return list(found) if isinstance(found, list) else [found]


FIELD = "scenarios.outputs.field"
KINDS = {
    "gpx": ExportKind(
        writer=f"{FIELD}.gpx:write_gpx",
        name="{stem}.gpx",
        serves=Audience.PARTNER,
        help="GPS units: proposed passages as waypoints, fences as tracks with kilometre posts.",
    ),
    "kmz": ExportKind(
        writer=f"{FIELD}.kmz:write_kmz",
        name="{stem}.kmz",
        help="Earth viewers on phones: styled places, fences, corridors and passages, with pictures.",
    ),
    "xlsx": ExportKind(
        writer=f"{FIELD}.lists:write_workbook",
        name="{stem}.xlsx",
        serves=Audience.PARTNER,
        help="A workbook of passages with SK-42 X and Y, degrees and MGRS, and explanations.",
    ),
    "csv": ExportKind(
        writer=f"{FIELD}.lists:write_csv",
        name="{stem}.csv",
        serves=Audience.PARTNER,
        speaks=("en",),
        help="The same list of passages for programs.",
    ),
    "geojson": ExportKind(
        writer=f"{FIELD}.vectors:write_geojson",
        speaks=("en",),
        help="Every vector layer as GeoJSON (RFC 7946), in degrees on WGS 84.",
    ),
    "geopackage": ExportKind(
        writer=f"{FIELD}.vectors:write_geopackages", help="A GeoPackage for each species, with QGIS styles inside."
    ),
    "qgis": ExportKind(
        writer=f"{FIELD}.project:write_project",
        name="{stem}_qgis",
        help="A QGIS project with its data: a folder that opens styled, with a page to print.",
    ),
    "sheet": ExportKind(
        writer="scenarios.outputs.sheets.document:write_sheets",
        whole=True,
        options=True,
        help="Paper sheets: a close-up of each passage that stands or is proposed; for the public the overview.",
    ),
    "report": ExportKind(
        writer="scenarios.outputs.exporting:write_report_folder",
        whole=True,
        help="A folder of results for an audience: pages, maps, tables, rasters.",
    ),
}
"""Every kind, by name. Lists of coordinates cannot serve the public: it gets no passages."""
