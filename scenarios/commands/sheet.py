"""`otkel export sheet`: paper sheets for the people who stand at the fence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import LangOption, OneScenarioOption, Summary, reported
from scenarios.commands.completing import one_of, species_typed
from scenarios.commands.export import AudienceOption, ResultsArgument

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["sheet"]


@reported("export sheet")
def sheet(
    reporter: Reporter,
    results: ResultsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.pdf", help="The PDF to write.")],
    overview: Annotated[bool, typer.Option("--overview", help="Everything on one sheet; the default.")] = False,
    passage: Annotated[
        list[str] | None,
        typer.Option(
            "--passage",
            help="A close-up of this passage: its number on maps, its rank (#57) or its id; shortlist for all with a number; may "
            "be given several times.",
        ),
    ] = None,
    fence: Annotated[str | None, typer.Option("--fence", help="A sheet of this fence, or of a stretch of it.")] = None,
    from_km: Annotated[float | None, typer.Option("--from-km", help="Where the stretch starts. Default: 0.")] = None,
    to_km: Annotated[float | None, typer.Option("--to-km", help="Where it ends. Default: the fence's end.")] = None,
    series: Annotated[
        bool, typer.Option("--series", help="Divide the stretch among sheets of one scale, with an index sheet.")
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            help="Denominator: 50000, 100000, 200000, ... Default: 50000 for close-ups (200000 for partners), 100000 for a series, "
            "else what fits.",
        ),
    ] = None,
    paper: Annotated[str, typer.Option("--paper", help="A4 or A3.", **one_of("paper", "A4", "A3"))] = "A4",
    orientation: Annotated[
        str | None,
        typer.Option(
            "--orientation",
            help="landscape or portrait. Default: what suits.",
            **one_of("orientation", "landscape", "portrait"),
        ),
    ] = None,
    species: Annotated[
        str, typer.Option("--species", help="A species, or all together.", autocompletion=species_typed)
    ] = "all",
    scenario: OneScenarioOption = None,
    lang: LangOption = None,
    audience: AudienceOption = None,
    geo: Annotated[
        bool, typer.Option("--geo/--no-geo", help="Georeference the pages, so that phones show where one stands.")
    ] = True,
) -> Summary:
    """Paper sheets as PDF: an overview, close-ups of passages, or a stretch of fence on the SK-42 grid at a round scale."""
    from scenarios.outputs.sheets.document import export_sheet
    from scenarios.outputs.sheets.plan import SheetRequest

    if overview and (passage or fence):
        raise typer.BadParameter("--overview: leave out --passage and --fence, or --overview")
    request = SheetRequest(
        passages=tuple(passage or ()),
        fence=fence or "",
        from_km=from_km,
        to_km=to_km,
        series=series,
        scale=scale,
        paper=paper,
        orientation=orientation,
    )
    return export_sheet(
        results, request, out, scenario=scenario, species=species, audience=audience, lang=lang or "en", geo=geo
    )
