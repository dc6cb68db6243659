"""`otkel export`: what people hold in their hands, from a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
