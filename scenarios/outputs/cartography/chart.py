"""A chart: its page with title and note, and axes without ornaments, in colours that every kind of colour vision tells apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scenarios.outputs.cartography.sheet import INK, MUTED, save_png
from scenarios.outputs.translate import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLUE",
    "CHART_WIDTH",
    "GREEN",
    "GREY",
    "GRID",
    "ORANGE",
    "PINK",
    "SKY",
    "chart",
    "page_of",
    "plain_axes",
    "write_charts",
]

BLUE, ORANGE, GREEN, PINK, SKY, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#9aa3a8"
"""Okabe and Ito 2008, and a grey for what is only to compare with."""
GRID = "#e4e7e9"
CHART_WIDTH = 11.0
"""Of a chart on a page [inches]."""


def page_of(width: float, height: float, **more: Any) -> Figure:
    """A white page without a window [inches]."""
    figure = Figure(figsize=(width, height), **{"dpi": 150, "facecolor": "white", **more})
    FigureCanvasAgg(figure)
    return figure


def chart(height: float, title: str, note: str = "") -> Figure:
    """A page of `CHART_WIDTH` with a title and what the marks mean [inches]."""
    figure = page_of(CHART_WIDTH, height)
    figure.text(0.012, 1 - 0.12 / height, title, fontsize=13, fontweight="bold", color=INK, va="top")
    figure.text(0.012, 1 - 0.42 / height, note, fontsize=8.5, color=MUTED, va="top")
    return figure


def plain_axes(axes: Axes, title: str, label: str = "", size: float = 8.0) -> None:
    """A title, a label below, and lines of the grid across; no frame but the base."""
    axes.set_title(title, fontsize=9.5, fontweight="bold", color=INK, loc="left", pad=6)
    axes.set_xlabel(label, fontsize=size, color=MUTED)
    axes.tick_params(labelsize=size, length=0, colors=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def write_charts(
    charts: Mapping[str, tuple[Callable[[Any, Language], Figure | None], str]],
    found: Any,
    folder: Path,
    say: Language,
    *,
    synthetic: bool,
) -> dict[str, str]:
    """Draw what there are data for, marked where they are synthetic.

    Parameters
    ----------
    charts : mapping of str to (callable, str)
        File name -> what draws it of ``found``, or gives None; what it shows.

    Returns
    -------
    dict of str to str
        File name -> what it shows, in the language.
    """
    out = {}
    for name, (draw, text) in charts.items():
        figure = draw(found, say)
        if figure is None:
            continue
        if synthetic:
            told = say("SYNTHETIC DATA")
            figure.text(0.995, 0.995, told, ha="right", va="top", fontsize=9, fontweight="bold", color=ORANGE)
        save_png(figure, folder / name)
        out[name] = say(text)
    return out
