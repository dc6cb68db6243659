"""``docs/reference/commands.md`` from the command line itself: ``python -m tests.support.commands_page`` writes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer

from cli import app
from tests.support.places import ROOT

PAGE = ROOT / "docs/reference/commands.md"
HEAD = """# Commands

Every command with its arguments and options, as `otkel COMMAND --help` shows them. How commands end: [exit codes](exit-codes.md).
Written by `python -m tests.support.commands_page`.
"""
KINDS = {str: "TEXT", Path: "PATH", int: "INTEGER", float: "NUMBER"}


def page() -> str:
    """The page as text: every command under its full name."""
    return "\n".join([HEAD, *_sections(typer.main.get_command(app), "otkel")])


def _sections(command: Any, name: str) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield f"## `{name}`\n\n{_words(command.help)}\n"
        yield _table(command)
        return
    if name == "otkel":
        yield _table(command)
    for each in sorted(command.commands):
        yield from _sections(command.commands[each], f"{name} {each}")


def _table(command: Any) -> str:
    lines = ["| option | value | meaning | default |", "|---|---|---|---|"]
    for one in command.params:
        is_option = one.param_type_name == "option"
        names = ", ".join(f"`{name}`" for name in [*one.opts, *one.secondary_opts]) if is_option else f"`{_value(one)}`"
        many = (
            " May be given several times."
            if getattr(one, "multiple", False) and "several" not in (one.help or "")
            else ""
        )
        value = "" if not is_option or one.is_flag or getattr(one, "count", False) else f"`{_value(one)}`"
        lines.append(f"| {names} | {value} | {_words(one.help)}{many} | {_default(one)} |")
    return "\n".join(lines) + "\n"


def _value(one: Any) -> str:
    stated = one.type_descriptor.annotation
    kind, *_ = get_args(stated) or (stated,)
    if one.metavar:
        return str(one.metavar)
    return "/".join(kind) if issubclass(kind, Enum) else KINDS[kind]


def _default(one: Any) -> str:
    if one.required:
        return "must be given"
    shown = getattr(one.default, "value", one.default)
    empty = (
        shown is None or shown == () or shown == [] or (one.param_type_name == "option" and (one.is_flag or one.count))
    )
    return "on" if shown is True else "" if empty else f"`{shown:g}`" if isinstance(shown, float) else f"`{shown}`"


def _words(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
