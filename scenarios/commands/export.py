"""`otkel export`: what people hold in their hands, from a folder of results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import LangOption, OneScenarioOption, SpeciesOption, Summary, reported
from scenarios.commands.completing import one_of
from scenarios.outputs.audience import Audience
from scenarios.outputs.kinds import ALL, KINDS

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["AudienceOption", "ResultsArgument", "app"]

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
        **one_of("audience", *Audience),
    ),
]
FolderOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the files; made if it is not there.")
]


def _command(kind: str) -> Callable[..., None]:
    """The command that writes one kind."""

    @reported(f"export {kind}")
    def command(
        reporter: Reporter,
        results: ResultsArgument,
        out: FolderOption,
        scenario: OneScenarioOption = None,
        species: SpeciesOption = None,
        audience: AudienceOption = None,
        lang: LangOption = None,
    ) -> Summary:
        from scenarios.outputs.exporting import export_results

        return export_results(
            results, kind, out, reporter, scenario=scenario, species=species, audience=audience, lang=lang
        )

    return command


STUDY_FORMATS = ("geopackage", "geojson", "kml", "gpx", "shapefile")


@app.command("study")
@reported("export study")
def study(
    reporter: Reporter,
    source: Annotated[str, typer.Argument(metavar="STUDY", help="A study, or a folder that `otkel run` wrote.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="geopackage and kml: one file with a layer for each; geojson, gpx and shapefile: a file for each.",
            **one_of("format", *STUDY_FORMATS),
        ),
    ],
    out: FolderOption,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="fences, passages, reserves or cores; may be given several times. Default: all."),
    ] = None,
    scenario: OneScenarioOption = None,
) -> Summary:
    """Fences, passages, reserves and cores at full precision, as files that `otkel import` takes back."""
    from scenarios.importing.exporting import export_study

    return export_study(source, to, out, kinds=only or (), scenario=scenario)


for name, kind in KINDS.items():
    if not kind.options:
        app.command(name, help=kind.help)(_command(name))
app.command(ALL, help="Every kind that the audience may have.")(_command(ALL))
