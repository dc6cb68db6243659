"""`otkel compare`: what differs between runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import LangOption, Summary, reported

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["compare"]


@reported("compare")
def compare(
    reporter: Reporter,
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            help="Folders that `otkel run` wrote: one to compare its scenarios, several to compare them with each other; or "
            "RESULTS/SCENARIO for one scenario of a folder.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder for the comparison. Default, for one folder of results: comparison/ in it."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="SCENARIO", help="What the others are compared with. Default: the first."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="First compare every file of the results with its hash in the manifest.")
    ] = False,
    lang: LangOption = None,
) -> Summary:
    """Show what differs between scenarios: every indicator, difference maps, ranks of passages, gains and their cost."""
    from scenarios.comparison.session import run_compare

    return run_compare(results, out, base, reporter, check=check, lang=lang)
