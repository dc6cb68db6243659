"""The figure and the table of a comparison for a report: PNG, PDF and SVG of one page each."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rasters.files.writing import replacing
from scenarios.comparison.sides import Comparison
from scenarios.comparison.words import HEADLINES, Headline, TableRow, change_words, table_rows, value_words
from scenarios.outputs.cartography.chart import page_of
from scenarios.outputs.cartography.sheet import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_figure", "draw_table", "write_pictures"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito's colours, told apart without red against green; shapes differ too."""
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DPI = 200
SHOWN = ("least_cost_m", "effective_resistance_ohm", "arriving_share", "eca_km2")
FORMATS = ("png", "pdf", "svg")


def write_pictures(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``figure`` and ``table`` as PNG, PDF and SVG; under both stands what is schematic and who may see it."""
    drawn = {"figure": draw_figure(comparison), "table": draw_table(comparison)}
    return [_save(figure, folder / f"{name}.{kind}") for name, figure in drawn.items() for kind in FORMATS]


def _save(figure: Figure, path: Path) -> Path:
    """The same figure gives the same bytes: no dates, no random ids."""
    kind = path.suffix[1:]
    dateless: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
    with replacing(path) as part, mpl.rc_context({"svg.hashsalt": "otkel", "pdf.fonttype": 42}):
        figure.savefig(part, format=kind, dpi=DPI, metadata=dateless)
    return path


# ------------------------------------------------------------------------------------------------------------ the figure


def draw_figure(comparison: Comparison) -> Figure:
    """Change of each indicator against the reference: a panel each, a band of rows per species, a mark per side."""
    shown = [h for h in HEADLINES if h.indicator in SHOWN and h.indicator in set(comparison.headlines["indicator"])]
    sides, species = comparison.others, comparison.species
    rows = len(species) * (len(sides) + 0.7)
    body = max(2.2, 0.34 * rows)
    deep = max((len(_title(comparison, headline).split("\n")) for headline in shown), default=0)
    top, bottom = 1.55 + 0.22 * math.ceil(len(sides) / 2) + 0.17 * max(0, deep - 2), 1.15
    width, height = 11.69, top + body + bottom
    figure = page_of(width, height, dpi=100)
    left, gap = 1.55, 0.28
    panel = (width - left - 0.35 - gap * (len(shown) - 1)) / len(shown)
    for number, headline in enumerate(shown):
        box = ((left + number * (panel + gap)) / width, bottom / height, panel / width, body / height)
        _panel(figure.add_axes(box), comparison, headline, first=number == 0)
    _heading(figure, comparison, height)
    _legend(figure, comparison, height)
    _foot(
        figure,
        comparison,
        comparison.say(
            "Large marks: the species as a whole (median over cores, mean for walkers). Small marks: each core."
        ),
    )
    return figure


def _panel(axes: Axes, comparison: Comparison, headline: Headline, *, first: bool) -> None:
    step = len(comparison.others) + 0.7
    reach = 0.0
    for number, species in enumerate(comparison.species):
        base_at = number * step
        if number % 2 == 0:
            axes.axhspan(base_at - 0.6, base_at + step - 0.6, color="#f4f5f3", zorder=0, linewidth=0)
        for place, side in enumerate(comparison.others):
            reach = max(reach, _marks(axes, comparison, headline, species, side.label, place, base_at + place))
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    limit = max(reach * 1.25, 0.5)
    axes.set(xlim=(-limit, limit), ylim=(len(comparison.species) * step - 0.6, -0.6))
    middles = [n * step + (len(comparison.others) - 1) / 2 for n in range(len(comparison.species))]
    names = [_wrapped(comparison.names.get(s, s), 16) for s in comparison.species]
    axes.set_yticks(middles, names if first else [""] * len(names), fontsize=10, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8, colors=MUTED, length=3)
    axes.xaxis.set_major_locator(MaxNLocator(4, symmetric=True, prune="both"))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda v, _: comparison.say(f"{v:+g}\u202f%".replace("-", "\u2212")) if v else "0")
    )
    axes.grid(axis="x", color="#dfe3e2", linewidth=0.6, zorder=0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#a9b0af")
    axes.set_title(_title(comparison, headline), fontsize=10, fontweight="bold", color=INK, loc="left", pad=20)
    better = comparison.say("better")
    words = f"\u2190 {better}" if headline.better == "lower" else f"{better} \u2192"
    where = (0.0, "left") if headline.better == "lower" else (1.0, "right")
    axes.text(
        where[0],
        1.015,
        words,
        transform=axes.transAxes,
        fontsize=8,
        color=MUTED,
        ha=where[1],
        va="bottom",
        style="italic",
    )


def _title(comparison: Comparison, headline: Headline) -> str:
    return _wrapped(comparison.say(headline.label), 24)


def _marks(
    axes: Axes, comparison: Comparison, headline: Headline, species: str, side: str, number: int, at: float
) -> float:
    """Marks of one side in one row; how far they reach [%]."""
    color, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    a, b = (_headline(comparison, species, label, headline.indicator) for label in (comparison.base.label, side))
    words, say = change_words(a, b), comparison.say
    if not (math.isfinite(a) and math.isfinite(b) and a != 0):
        value = f"{say(value_words(b, headline))} {say(headline.unit)}".strip()
        text = {"now reached": f"{say('now reached')}: {value}", "from 0": f"0 \u2192 {value}"}.get(words, say(words))
        axes.text(
            0.5,
            at,
            f"  {text}  ",
            transform=axes.get_yaxis_transform(),
            fontsize=8,
            color=color,
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
            zorder=4,
        )
        return 0.0
    cores = _core_changes(comparison, headline, species, side)
    change = 100 * (b / a - 1)
    axes.plot([0, change], [at, at], color=color, linewidth=2.0, alpha=0.55, zorder=2, solid_capstyle="butt")
    axes.plot(
        cores,
        np.full(len(cores), at),
        linestyle="none",
        marker=marker,
        markersize=3.4,
        color=color,
        alpha=0.4,
        zorder=3,
        markeredgewidth=0,
    )
    axes.plot([change], [at], marker=marker, markersize=8, color=color, markeredgecolor="white", zorder=4)
    ahead = change <= 0
    axes.annotate(
        say("no change" if words == "same" else words),
        (0, at),
        xytext=(7 if ahead else -7, 0),
        textcoords="offset points",
        fontsize=8,
        color=color,
        ha="left" if ahead else "right",
        va="center",
        zorder=5,
    )
    return float(np.abs([change, *cores]).max())


def _headline(comparison: Comparison, species: str, side: str, indicator: str) -> float:
    table = comparison.headlines
    found = table[(table["species"] == species) & (table["side"] == side) & (table["indicator"] == indicator)]["value"]
    return float(found.iloc[0]) if len(found) else math.nan


def _core_changes(comparison: Comparison, headline: Headline, species: str, side: str) -> list[float]:
    """Relative change of each core's own value [%], where both are numbers."""
    table = comparison.differences
    chosen = table[
        (table["species"] == species)
        & (table["other"] == side)
        & (table["indicator"] == headline.indicator)
        & (table["target"] == "any")
        & np.isfinite(table["ratio"])
    ]
    return [100 * (float(ratio) - 1) for ratio in chosen["ratio"]]


def _heading(figure: Figure, comparison: Comparison, height: float) -> None:
    figure.text(0.025, 1 - 0.28 / height, comparison.title, fontsize=15, fontweight="bold", color=INK, va="top")
    figure.text(
        0.025,
        1 - 0.6 / height,
        _against(comparison),
        fontsize=10.5,
        color=MUTED,
        va="top",
    )


def _against(comparison: Comparison) -> str:
    return comparison.say("Scenarios side by side; change against “{base}”").format(base=comparison.base.title)


def _legend(figure: Figure, comparison: Comparison, height: float) -> None:
    axes = figure.add_axes((0.025, 1 - 1.15 / height - 0.0, 0.95, 0.3 / height))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    at = 0.0
    for number, side in enumerate(comparison.others):
        color, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axes.plot([at + 0.008], [0.5], marker=marker, markersize=8, color=color, markeredgecolor="white", clip_on=False)
        axes.text(at + 0.02, 0.5, side.title, fontsize=9.5, color=INK, va="center")
        at += 0.045 + 0.0085 * len(side.title)


def _foot(figure: Figure, comparison: Comparison, first: str) -> None:
    height = figure.get_size_inches()[1]
    notes = (first, comparison.say(comparison.warning), comparison.say(comparison.audience[1]))
    lines = [line for note in notes for line in textwrap.wrap(note, 150)]
    figure.text(0.025, 0.12 / height, "\n".join(lines), fontsize=7.6, color=MUTED, va="bottom", linespacing=1.4)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))


# ------------------------------------------------------------------------------------------------------------- the table

READING = (
    "Costs and resistances are medians over the cores; fences crossed and walkers are means. \u03c4: Kendall\u2019s tau-b over "
    "the common candidates, then how many of the ten best are the same."
)
LINE = 0.235
"""Height of a row [inch]."""


def draw_table(comparison: Comparison) -> Figure:
    """The one-page table: the reference's values, then value and change of each other side."""
    rows = table_rows(comparison)
    blocks = list(dict.fromkeys(row.species for row in rows))
    width = max(11.69, 5.2 + 3.1 * len(comparison.others))
    height = 1.75 + LINE * (len(rows) + 1.35 * len(blocks)) + 0.75
    figure = page_of(width, height, dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    axes.text(0.3, 0.28, comparison.title, fontsize=15, fontweight="bold", color=INK, va="top")
    axes.text(
        0.3,
        0.62,
        _against(comparison),
        fontsize=10.5,
        color=MUTED,
        va="top",
    )
    columns = _columns(width, len(comparison.others))
    at = _table_head(axes, comparison, columns, width)
    for block in blocks:
        axes.add_patch(Rectangle((0.25, at), width - 0.5, LINE * 1.1, facecolor="#e9eff2", edgecolor="none"))
        axes.text(0.3, at + LINE * 0.57, block, fontsize=9.6, fontweight="bold", color=INK, va="center")
        at += LINE * 1.2
        for row in (row for row in rows if row.species == block):
            _table_row(axes, row, columns, at)
            at += LINE
        at += LINE * 0.15
    _foot(figure, comparison, comparison.say(READING))
    return figure


def _columns(width: float, others: int) -> list[float]:
    """Right edges of the columns: the reference, then value and change of each side."""
    first = 5.35
    share = (width - 0.3 - first) / max(others, 1)
    edges = [first]
    for number in range(others):
        edges += [first + number * share + 0.5 * share, first + (number + 1) * share]
    return edges


def _table_head(axes: Axes, comparison: Comparison, columns: Sequence[float], width: float) -> float:
    at = 0.98
    starts = [columns[0] - 1.3, *(columns[2 * n] for n in range(len(comparison.others)))]
    ends = [columns[0], *(columns[2 * n + 2] for n in range(len(comparison.others)))]
    for side, start, end in zip(comparison.sides, starts, ends, strict=True):
        text = _wrapped(side.title, max(14, int((end - start) * 12.5)))
        axes.text(
            end, at + 0.36, text, fontsize=9.2, fontweight="bold", color=INK, ha="right", va="bottom", linespacing=1.15
        )
    axes.plot([0.25, width - 0.25], [at + 0.42, at + 0.42], color=INK, linewidth=1.0)
    return at + 0.48


def _table_row(axes: Axes, row: TableRow, columns: Sequence[float], at: float) -> None:
    middle = at + LINE * 0.5
    unit = f"  [{row.unit}]" if row.unit else ""
    axes.text(0.3, middle, f"{row.label}{unit}", fontsize=8.6, color=INK, va="center")
    for number, (cell, edge) in enumerate(zip(row.cells, columns, strict=True)):
        is_change = number > 0 and number % 2 == 0
        color = MUTED if is_change else INK
        axes.text(edge, middle, cell, fontsize=8.6 if len(cell) < 24 else 7.2, color=color, ha="right", va="center")
    axes.plot([0.25, columns[-1] + 0.05], [at + LINE, at + LINE], color="#e3e6e5", linewidth=0.5)
