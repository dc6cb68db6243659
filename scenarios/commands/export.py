"""`otkel export`: what people hold in their hands, from a folder of results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.common import (
    JsonOption,
    OneScenarioOption,
    QuietOption,
    SpeciesOption,
    VerboseOption,
    reporting,
    tell,
)

__all__ = ["AudienceOption", "LangOption", "ResultsArgument", "app"]

app = typer.Typer(
    name="export",
    help="Write results for people: coordinate lists, GPS files, maps for other programs, sheets.",
    no_args_is_help=True,
)

ResultsArgument = Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder that `otkel run` wrote.")]
AudienceOption = Annotated[
    str | None,
    typer.Option(
        "--audience",
        help="restricted (full precision), partner (0.01 degree) or public (coarse cells, no passages). Default: the least precise "
        "that this kind of file can serve.",
    ),
]
LangOption = Annotated[str, typer.Option("--lang", help="Language of the words in it: en, ru or kk.")]
FolderOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the files; made if it is not there.")
]

KINDS = {
    "gpx": "GPS units: proposed passages as waypoints, fences as tracks with kilometre posts.",
    "kmz": "Earth viewers on phones: styled places, fences, corridors and passages, with pictures.",
    "xlsx": "A workbook of passages with SK-42 X and Y, degrees and MGRS, and explanations.",
    "csv": "The same list of passages for programs.",
    "geojson": "Every vector layer as GeoJSON (RFC 7946), in degrees on WGS 84.",
    "geopackage": "A GeoPackage for each species, with QGIS styles inside.",
    "qgis": "A QGIS project with its data: a folder that opens styled, with a page to print.",
    "report": "A folder of results for an audience: pages, maps, tables, rasters.",
    "all": "Every kind for which the audience may have it.",
}
"""Kinds of `scenarios.outputs.exporting`, and what each is for."""


def _command(kind: str) -> Callable[..., None]:
    """The command that writes one kind."""

    def command(
        results: ResultsArgument,
        out: FolderOption,
        scenario: OneScenarioOption = None,
        species: SpeciesOption = None,
        audience: AudienceOption = None,
        lang: LangOption = "en",
        as_json: JsonOption = False,
        quiet: QuietOption = False,
        verbose: VerboseOption = 0,
    ) -> None:
        with reporting(f"export {kind}", quiet or as_json, verbose) as reporter:
            from scenarios.outputs.exporting import export_results

            summary = export_results(
                results, kind, out, reporter, scenario=scenario, species=species, audience=audience, lang=lang
            )
        tell(summary, reporter, as_json=as_json, quiet=quiet)

    return command


for name, purpose in KINDS.items():
    app.command(name, help=purpose)(_command(name))
