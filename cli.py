"""The command line: which commands there are. What each does is in `scenarios.commands`; nothing heavy is imported here."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from scenarios.commands import (
    batch,
    beginning,
    common,
    comparing,
    compatible,
    evidence,
    export,
    importing,
    monitoring,
    planning,
    sheet,
    species,
    tracks,
)

app = typer.Typer(
    name="otkel",
    help="Plan where wild animals can cross border fences.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PLANNING = (
    planning.run,
    planning.plan,
    planning.corridors,
    planning.passages,
    planning.uncertainty,
    planning.sensitivity,
    planning.check,
)
NEGATIVE = {"ignore_unknown_options": True}
"""Lets a longitude of -70 pass for a number rather than for an option."""
MONITORING = (monitoring.crime, monitoring.indicators)
COMPATIBLE = (compatible.circuitscape, compatible.omniscape, compatible.window)

BEGINNING = (beginning.keys, beginning.new, beginning.region, planning.doctor)

for command in (*PLANNING, comparing.compare, *COMPATIBLE, *MONITORING, *BEGINNING):
    app.command()(command)
app.command(context_settings=NEGATIVE)(planning.explain)
export.app.command()(sheet.sheet)
app.add_typer(export.app)
app.add_typer(importing.app)
app.add_typer(batch.app)
app.add_typer(evidence.app)
app.add_typer(species.app)
app.add_typer(tracks.app)


@app.callback()
def otkel(
    version: Annotated[
        bool, typer.Option("--version", callback=common.tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Plan where wild animals can cross border fences."""


def main() -> None:
    """Entry point of the ``otkel`` command; SIGTERM is handled like Ctrl-C."""
    common.require_utf8_names()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, common.stop)
    if sys.platform != "win32" and not sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
