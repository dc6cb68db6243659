"""What every page shares: the frame that ``templates/base.html`` draws, and tables as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.files.writing import replacing
from rasters.numbers import DASH, figure, percent_figure
from scenarios.outputs.columns import Column, column_of
from scenarios.outputs.folder import MARKER
from scenarios.outputs.translate import ENGLISH, Language

__all__ = ["Head", "Table", "as_table", "write_page"]

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Head of a column: what people call it, its unit, what it means, and whether it holds numbers."""

    label: str
    unit: str
    meaning: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as text."""

    columns: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]


def as_table(
    frame: pd.DataFrame,
    *,
    of: str = "",
    shown: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
    digits: int = 4,
    say: Callable[[str], str] = str,
) -> Table:
    """A table for people: titles for names, shares as per cent, effective kilometres for effective metres, words for no number.

    Parameters
    ----------
    frame : DataFrame
    of : str
        The command whose table it is; see `scenarios.outputs.columns.column_of`.
    shown : sequence of str
        Columns that are shown, where they are there; all if empty.
    titles : mapping of str to str, optional
        Titles that differ from those of the registry.
    digits : int
        Significant figures.
    say : callable
        From English to the language of the page.
    """
    names = [name for name in shown or map(str, frame.columns) if name in frame.columns]
    said = [column_of(name, of) for name in names]
    heads = tuple(
        Head(
            label=say((titles or {}).get(name, one.title)),
            unit=say(one.shown_unit),
            meaning=one.spoken(say),
            number=pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]),
        )
        for name, one in zip(names, said, strict=True)
    )
    rows = frame[names].itertuples(index=False, name=None)
    return Table(
        columns=heads,
        rows=tuple(tuple(say(_cell(one, value, digits)) for one, value in zip(said, row, strict=True)) for row in rows),
    )


def _cell(column: Column, value: Any, digits: int) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, int | float | np.number):
        return DASH if value is None or value is pd.NA or value == "" else str(value)
    if column.kind == "position":
        return f"{value:.4f}" if np.isfinite(value) else DASH
    if column.kind == "share":
        return percent_figure(value, digits)
    return figure(float(value) / column.per_shown, column.unit, digits)


def write_page(
    path: Path,
    template: str,
    *,
    study: str,
    audience: tuple[str, str],
    warnings: Iterable[str] = (),
    credits: Sequence[str] = (),
    manifest: bool = True,
    say: Language = ENGLISH,
    **content: Any,
) -> Path:
    """Write a page that works offline.

    Parameters
    ----------
    path : path
    template : str
        Name in ``templates``; it extends ``base.html``.
    study : str
        Title of the page.
    audience : (str, str)
        For whom it is, and what was done for them; the note begins with the audience's name.
    warnings : iterable of str
        Stand above everything else; empty ones are left out.
    credits : sequence of str
        Attribution that the data ask for.
    manifest : bool
        Whether the manifest lies, or will lie, beside the page.
    say : Language
        Says every word of the template.
    content
        What the template itself asks for; a name that is missing is an error.
    """
    text = (
        _environment()
        .get_template(template)
        .render(
            study=study,
            audience=say(audience[0]),
            audience_note=say(audience[1]),
            say=say,
            warnings=[say(text) for text in warnings if text],
            credits=[say(text) for text in credits],
            manifest=MARKER if manifest else "",
            **content,
        )
    )
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


@cache
def _environment() -> Any:
    """Templates of the pages, escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
