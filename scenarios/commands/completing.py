"""What may stand at an option: names that a shell completes, and the choice of a few. Imports nothing heavy.

A shell asks while somebody types, so a study or folder that cannot be read has no names, and no error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from rasters.errors import PlannerError
from rasters.plain import unknown

__all__ = ["address", "one_of", "profiles_typed", "scenarios_typed", "species_typed", "studies_typed", "unless_named"]


def one_of(kind: str, *names: str) -> dict[str, Any]:
    """Settings of an option that takes one of a few names, or several: others are wrong use, and shells complete these."""

    def known(value: str | list[str] | None) -> str | list[str] | None:
        for one in [value] if isinstance(value, str) else value or ():
            if one not in names:
                raise typer.BadParameter(unknown(kind, one, names))
        return value

    def typed(incomplete: str) -> list[str]:
        return _beginning(incomplete, names)

    return {"callback": known, "autocompletion": typed}


def unless_named(name: str) -> type[TyperGroup]:
    """A group of commands one of which need not be named: ``otkel batch STUDY`` is ``otkel batch run STUDY``."""

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Put the name in front unless a command or help is asked for."""
            if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
                args = [name, *args]
            return list(super().parse_args(ctx, args))

        def shell_complete(self, ctx: Any, incomplete: str) -> Any:
            """Names of commands, and what the first argument of the one that need not be named may be."""
            first = next(one for one in self.commands[name].params if one.param_type_name == "argument")
            return [*super().shell_complete(ctx, incomplete), *first.shell_complete(ctx, incomplete)]

    return Group


def address(value: str | None) -> str | None:
    """Callback of an option that takes the address of a scheduler."""
    if value is not None and not re.fullmatch(r"[a-z]+://.+", value):
        raise typer.BadParameter(f"{value!r}: should be an address such as tcp://node1:8786")
    return value


def studies_typed(incomplete: str) -> list[str]:
    """Bundled studies, and folders with a study.yaml."""
    from scenarios.study.load import bundled_studies

    given = Path(incomplete or ".")
    beside = given if incomplete.endswith("/") or not incomplete else given.parent
    own = sorted(str(path.parent) for path in beside.glob("*/study.yaml"))
    return _beginning(incomplete, [*bundled_studies(), *own])


def profiles_typed(incomplete: str) -> list[str]:
    """Species profiles of the library."""
    from scenarios.study.load import bundled_profiles

    return _beginning(incomplete, bundled_profiles())


def scenarios_typed(ctx: typer.Context, incomplete: str) -> list[str]:
    """Scenarios of the study, or of the results, that stands before."""
    return _beginning(incomplete, _names_in(ctx, "scenarios"))


def species_typed(ctx: typer.Context, incomplete: str) -> list[str]:
    """Species of the study, or of the results, that stands before."""
    return _beginning(incomplete, _names_in(ctx, "species"))


def _beginning(text: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(text)]


def _names_in(ctx: typer.Context, key: str) -> list[str]:
    of = "study" if any(one.name == "study" for one in ctx.command.params) else "results"
    subject = ctx.params.get(of) or next(
        iter(ctx.args), None
    )  # an option without its value keeps arguments from being read
    try:
        if of == "study":
            return list(_study(str(subject)).get(key) or [])
        return [run[key.removesuffix("s") if key == "scenarios" else key] for run in _manifest(str(subject))["runs"]]
    except (OSError, PlannerError, ValueError, LookupError, TypeError):
        return []


def _study(name: str) -> dict[str, Any]:
    from scenarios.study.documents import read_document
    from scenarios.study.load import find_study

    return read_document(find_study(name)).data


def _manifest(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return found
