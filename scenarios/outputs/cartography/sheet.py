"""A map sheet: title, map, side panel with colours, legend, scale and north, and a footer that warns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from rasters.files.writing import replacing
from rasters.grid import Grid
from rasters.numbers import RAISED, figure
from scenarios.outputs.cartography.furniture import Bounds, Say, graticule, ground_scale, nice_below, north_bearing_deg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.text import Text
    from PIL import Image

__all__ = ["INK", "MUTED", "Panel", "Sheet", "Texts", "new_sheet", "picture_of", "save_png"]

DPI = 150
WIDTH = 12.0
MARGIN, TICKS, GUTTER, PANEL = 0.35, 0.28, 0.3, 2.95
HEAD, FOOT = 0.95, 0.95
"""Inches: page width, margins, room for degrees, between map and panel, panel width, title block, footer block."""

INK, MUTED = "#1d2326", "#5b6468"
PAPER, AMBER, AMBER_INK = "#ffffff", "#ffe9b8", "#5a3a00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Words around a map: title, subtitle and credits as they stand, badge and warning to be said in the sheet's language."""

    title: str
    subtitle: str
    badge: str
    warning: str
    credits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet with its map axes, side panel, and an optional strip under the map; ``say`` says its words."""

    figure: Figure
    axes: Axes
    panel: Panel
    strip: Bounds | None
    say: Say = str


class Panel:
    """Side panel that is filled from the top; lengths in inches, y downwards. It says what it is given through ``say``."""

    def __init__(self, figure: Figure, left: float, bottom: float, height: float, say: Say = str) -> None:
        self.say = say
        page = figure.get_size_inches()
        self.figure, self.height, self.at = figure, height, 0.0
        self._left, self._bottom, self._page = left, bottom, page
        self.axes = figure.add_axes((left / page[0], bottom / page[1], PANEL / page[0], height / page[1]))
        self.axes.set(xlim=(0, PANEL), ylim=(height, 0))
        self.axes.axis("off")

    def heading(self, text: str) -> None:
        """A bold line, with room above unless it is the first."""
        self.at += 0.16 if self.at else 0.0
        self.axes.text(0, self.at, self.say(text), fontsize=9.5, fontweight="bold", color=INK, va="top")
        self.at += 0.25

    def text(self, text: str, size: float = 8.0, color: str = MUTED) -> None:
        """Wrapped running text."""
        lines = _wrapped(self.say(text), size)
        self.axes.text(0, self.at, "\n".join(lines), fontsize=size, color=color, va="top", linespacing=1.35)
        self.at += len(lines) * size * 1.6 / 72 + 0.05

    def closing(self, title: str, sentences: Sequence[str]) -> None:
        """Running text, as many whole sentences as there is room for above the scale bar."""
        room = self.height - self.at - 1.15
        for number, sentence in enumerate(sentences):
            room -= 0.1 + 0.178 * len(_wrapped(self.say(sentence), 8.0))
            if room < 0:
                return
            if number == 0:
                self.heading(title)
            self.text(sentence)

    def row(
        self,
        cells: Sequence[str],
        columns: Sequence[float],
        *,
        bold: bool = False,
        wide: Mapping[int, float] | None = None,
    ) -> None:
        """A line of a small table; a column at a negative place is right-aligned there.

        ``wide`` says how many inches a cell may be wide before it goes on in another line.
        """
        most = 1
        for number, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            lines = [self.say(cell)]
            if wide and number in wide:
                lines = _wrapped(lines[0], 7.6, wide[number]) or [""]
            most = max(most, len(lines))
            self.axes.text(
                abs(column),
                self.at,
                "\n".join(lines),
                fontsize=7.6,
                color=INK,
                va="top",
                linespacing=1.15,
                ha="right" if column < 0 else "left",
                fontweight="bold" if bold else "normal",
            )
        self.at += 0.165 + 0.13 * (most - 1)

    def line(self, label: str, **style: Any) -> None:
        """Legend entry of a line."""
        casing = style.pop("casing", None)
        middle = self.at + 0.075
        if casing:
            self.axes.plot([0, 0.34], [middle, middle], color=casing, linewidth=style.get("linewidth", 1.0) + 1.8)
        self.axes.plot([0, 0.34], [middle, middle], **style)
        self._label(label)

    def patch(self, label: str, **style: Any) -> None:
        """Legend entry of an area."""
        self.axes.add_patch(Rectangle((0.0, self.at + 0.005), 0.34, 0.14, **style))
        self._label(label)

    def badge(self, label: str) -> None:
        """Legend entry of a numbered passage."""
        self.axes.add_patch(Circle((0.17, self.at + 0.075), 0.085, facecolor="white", edgecolor=INK, linewidth=1.0))
        self.axes.text(0.17, self.at + 0.08, "1", fontsize=7, fontweight="bold", ha="center", va="center", color=INK)
        self._label(label)

    def mark(self, label: str, **look: Any) -> None:
        """Legend entry of a point."""
        self.axes.plot([0.17], [self.at + 0.075], **look)
        self._label(label)

    def _label(self, label: str) -> None:
        lines = _wrapped(self.say(label), 8.2, PANEL - 0.46)
        self.axes.text(0.46, self.at - 0.005, "\n".join(lines), fontsize=8.2, color=INK, va="top", linespacing=1.25)
        self.at += 0.21 + 0.15 * (len(lines) - 1)

    def colour_bar(self, cmap: Colormap, norm: Normalize, label: str, ends: tuple[str, str] = ("", "")) -> None:
        """A horizontal colour bar with its label above and words at its ends."""
        self.text(label, size=8.2, color=INK)
        box = (self._left, self._bottom + self.height - self.at - 0.15, PANEL - 0.12, 0.15)
        page = self._page
        axes = self.figure.add_axes((box[0] / page[0], box[1] / page[1], box[2] / page[0], box[3] / page[1]))
        bar = self.figure.colorbar(ScalarMappable(norm=norm, cmap=cmap), cax=axes, orientation="horizontal")
        bar.outline.set_linewidth(0.5)
        bar.set_ticks(_ticks(norm), labels=[self.say(_figure(tick)) for tick in _ticks(norm)])
        axes.tick_params(labelsize=7.6, length=2.5, width=0.5, colors=MUTED)
        bar.minorticks_off()
        self.at += 0.15 + 0.22
        if any(ends):
            self.axes.text(0, self.at, self.say(ends[0]), fontsize=7.6, color=MUTED, va="top", style="italic")
            self.axes.text(
                PANEL - 0.12,
                self.at,
                self.say(ends[1]),
                fontsize=7.6,
                color=MUTED,
                va="top",
                ha="right",
                style="italic",
            )
            self.at += 0.2

    def scale_and_north(self, grid: Grid, bounds: Bounds, map_width: float) -> None:
        """Scale bar, true to the middle of the map, and an arrow to true north, at the foot of the panel."""
        scale = ground_scale(grid, bounds)
        metres = nice_below(scale * (bounds[2] - bounds[0]) / map_width * (PANEL - 1.0))
        length = metres / scale * map_width / (bounds[2] - bounds[0])
        base = self.height - 0.26
        for part in range(4):
            color = INK if part % 2 == 0 else "white"
            box = Rectangle((part * length / 4, base), length / 4, 0.07, facecolor=color, edgecolor=INK, linewidth=0.6)
            self.axes.add_patch(box)
        unit, per = ("km", 1000.0) if metres >= 2000 else ("m", 1.0)
        for share in (0.0, 0.5, 1.0):
            words = self.say(f"{share * metres / per:g}") + (f" {self.say(unit)}" if share == 1.0 else "")
            self.axes.text(
                share * length,
                base - 0.04,
                words,
                fontsize=7.8,
                color=INK,
                ha="center" if share else "left",
                va="bottom",
            )
        self.axes.text(0, base + 0.11, self.say("in the middle of the map"), fontsize=6.8, color=MUTED, va="top")
        _north_arrow(self.axes, PANEL - 0.3, self.height - 0.32, north_bearing_deg(grid, bounds), self.say("N"))


def _wrapped(text: str, size: float, inches: float = PANEL) -> list[str]:
    """Lines of running text; letters of Cyrillic are wider than those of Latin."""
    per_inch = 125 if text.isascii() else 114
    return textwrap.wrap(text, int(inches * per_inch / size))


def _ticks(norm: Normalize) -> list[float]:
    """Round values along a colour bar: decades, or 1-2-5 where there are few, or even steps."""
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 1.0)
    if not isinstance(norm, LogNorm):
        return [float(tick) for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
    powers = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0,) if math.log10(high / low) > 2.2 else (1.0, 2.0, 5.0)
    return [float(s * p) for p in powers for s in steps if low * (1 - 1e-9) <= s * p <= high * (1 + 1e-9)]


def _figure(value: float) -> str:
    """A tick's label: plain with thin spaces between thousands, or a power of ten."""
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        power = str(round(math.log10(value))).translate(RAISED)
        return f"10{power}" if math.log10(value).is_integer() else f"{value:.0e}"
    return figure(value)


def _north_arrow(axes: Axes, x: float, y: float, bearing_deg: float, letter: str) -> None:
    from matplotlib.transforms import Affine2D

    turn = Affine2D().rotate_deg(bearing_deg).translate(x, y) + axes.transData
    axes.add_patch(
        Polygon([(0, -0.28), (-0.11, 0.16), (0, 0.07)], facecolor=INK, edgecolor=INK, linewidth=0.7, transform=turn)
    )
    axes.add_patch(
        Polygon([(0, -0.28), (0.11, 0.16), (0, 0.07)], facecolor="white", edgecolor=INK, linewidth=0.7, transform=turn)
    )
    axes.text(0, -0.31, letter, fontsize=9, fontweight="bold", color=INK, ha="center", va="bottom", transform=turn)


def new_sheet(grid: Grid, bounds: Bounds, texts: Texts, *, strip: float = 0.0, say: Say = str) -> Sheet:
    """An empty sheet whose map shows ``bounds``; ``strip`` inches are kept free under it."""
    room = WIDTH - 2 * MARGIN - TICKS - GUTTER - PANEL
    aspect = (bounds[3] - bounds[1]) / (bounds[2] - bounds[0])
    width = min(room, 9.6 / aspect)
    high = width * aspect
    body = max(high + TICKS + strip, 5.6)
    page = (WIDTH, HEAD + body + FOOT)
    figure = Figure(figsize=page, dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    left, top = MARGIN + TICKS + (room - width) / 2, page[1] - HEAD
    axes = figure.add_axes((left / page[0], (top - high) / page[1], width / page[0], high / page[1]))
    axes.set(xlim=(bounds[0], bounds[2]), ylim=(bounds[1], bounds[3]), facecolor="#f4f2ee")
    for spine in axes.spines.values():
        spine.set(linewidth=0.8, color="#444444")
    panel = Panel(figure, WIDTH - MARGIN - PANEL, top - body + TICKS, body - TICKS, say)
    graticule(axes, grid, bounds, say)
    panel.scale_and_north(grid, bounds, width)
    _write_around(figure, page, texts, say)
    below = (left, top - high - TICKS - strip, width, strip) if strip else None
    return Sheet(figure=figure, axes=axes, panel=panel, strip=below, say=say)


def _write_around(figure: Figure, page: tuple[float, float], texts: Texts, say: Say) -> None:
    x, right, top = MARGIN / page[0], 1 - MARGIN / page[0], page[1]
    box = {"boxstyle": "round,pad=0.35", "facecolor": INK, "edgecolor": "none"}
    mark = figure.text(
        right, (top - 0.36) / top, say(texts.badge), fontsize=8, color="white", ha="right", va="top", bbox=box
    )
    free = right - x - _share(figure, mark) - 0.025
    title = figure.text(x, (top - 0.3) / top, texts.title, fontsize=17, fontweight="bold", color=INK, va="top")
    subtitle = figure.text(x, (top - 0.64) / top, texts.subtitle, fontsize=10.5, color=MUTED, va="top")
    _fit(figure, title, free)
    _fit(figure, subtitle, right - x)
    if texts.warning:
        band = Rectangle(
            (x, 0.42 / top), right - x, 0.3 / top, facecolor=AMBER, edgecolor="none", transform=figure.transFigure
        )
        figure.add_artist(band)
        words = f"\u26a0  {say(texts.warning)}"
        told = figure.text(x + 0.008, 0.57 / top, words, fontsize=9, fontweight="bold", color=AMBER_INK, va="center")
        _fit(figure, told, right - x - 0.016)
    _fit(figure, figure.text(x, 0.31 / top, texts.credits, fontsize=7.2, color=MUTED, va="top"), right - x)


def _share(figure: Figure, text: Text) -> float:
    """Width of a text as a share of the figure's."""
    box = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    return float(box.width / figure.bbox.width)


def _fit(figure: Figure, text: Text, room: float) -> None:
    """Make a text smaller until it is at most a share of the figure's width wide."""
    text.set_fontsize(float(text.get_fontsize()) * min(1.0, room / max(_share(figure, text), 1e-9)))


def save_png(figure: Figure, path: Path) -> Path:
    """Write a figure; the same figure gives the same bytes."""
    with replacing(path) as part:
        picture_of(figure).save(part, format="PNG", compress_level=5)
    return path


def picture_of(figure: Figure) -> Image.Image:
    """A figure as pixels. 64 levels per colour halve the size of its file, unseen."""
    from PIL import Image

    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].astype(np.uint16)
    return Image.fromarray(np.minimum((pixels + 2) // 4 * 4, 255).astype(np.uint8))
