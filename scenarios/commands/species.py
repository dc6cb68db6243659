"""Commands on the species library: what it has, what a profile says, a new one to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import Summary, reported
from scenarios.commands.completing import profiles_typed

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["app"]

app = typer.Typer(
    name="species",
    help="Species profiles: `list` those of the library, `show` one with its origins, write a `new` one to fill in.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("list")
@reported("species list", listing=True)
def list_(reporter: Reporter) -> Summary:
    """List the species of the library: name, body, whether the border fence lets it through, origin of its numbers."""
    from scenarios.keys.species_list import list_species

    return list_species()


@app.command()
@reported("species show", listing=True)
def show(
    reporter: Reporter,
    profile: Annotated[
        str, typer.Argument(metavar="NAME", help="A species of the library.", autocompletion=profiles_typed)
    ],
) -> Summary:
    """Show the numbers of a profile with units, curves and origins."""
    from scenarios.keys.species_list import show_species

    return show_species(profile)


@app.command()
@reported("species new", listing=True)
def new(
    reporter: Reporter,
    profile: Annotated[str, typer.Argument(metavar="NAME", help="Id of the species, and name of the file.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="A species of the library whose values it takes. Default: placeholders.",
            autocompletion=profiles_typed,
        ),
    ] = None,
    into: Annotated[
        Path, typer.Option("--into", metavar="FOLDER", help="A study, or another folder. Default: here.")
    ] = Path(),
) -> Summary:
    """Write a species file with every key explained; nothing is overwritten."""
    from scenarios.keys.species_new import new_species

    return new_species(profile, into, source)
