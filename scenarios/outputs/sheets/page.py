"""A page of paper: lines, areas, pictures and text in millimetres, and where every text stands."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

__all__ = [
    "AMBER",
    "AMBER_INK",
    "INK",
    "MUTED",
    "POINT_MM",
    "Box",
    "Page",
    "TextBox",
    "font_name",
    "text_width",
    "wrapped",
]

POINT_MM = 25.4 / 72.0
ASCENT, DESCENT = 0.93, 0.24
"""Of the fonts, in ems: the tallest letters with their marks, and the deepest."""

HALO = 0.17
"""White round letters over a map [ems]."""

INK, MUTED, PAPER = "#1d2326", "#5b6468", "#ffffff"
AMBER, AMBER_INK = "#ffe9b8", "#5a3a00"

Anchor = Literal["left", "middle", "right"]
Points = NDArray[np.float64]
FACES = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "italic": "DejaVuSans-Oblique.ttf"}
Face = Literal["regular", "bold", "italic"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page [mm from its lower left corner]."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.bottom + self.height

    def grown(self, by: float) -> Box:
        """The box with ``by`` mm more on every side."""
        return Box(self.left - by, self.bottom - by, self.width + 2 * by, self.height + 2 * by)

    def meets(self, other: Box) -> bool:
        """Whether both share any area."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, other: Box) -> bool:
        """Whether the other box lies within this one."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )


@dataclass(frozen=True, slots=True)
class TextBox:
    """A text and the box it fills."""

    words: str
    box: Box


@lru_cache(maxsize=1)
def _fonts() -> dict[str, str]:
    """Names of the fonts, registered once: DejaVu Sans, which comes with matplotlib and has all Kazakh letters."""
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = {face: f"otkel-{face}" for face in FACES}
    for face, file in FACES.items():
        pdfmetrics.registerFont(TTFont(names[face], str(folder / file)))
    return names


def font_name(face: Face) -> str:
    """Name under which a face is known to reportlab."""
    return _fonts()[face]


@lru_cache(maxsize=2048)
def _halo(words: str, size: float, face: Face) -> tuple[Points, ...]:
    """Outlines of a text as polygons [mm]."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / FACES[face]
    path = TextPath((0, 0), words, size=size, prop=FontProperties(fname=file))
    return tuple(np.asarray(polygon) * POINT_MM for polygon in path.to_polygons())


def text_width(words: str, size: float, face: Face = "regular") -> float:
    """Width of a line of text [mm] at ``size`` points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(words, font_name(face), size)) * POINT_MM


def wrapped(words: str, size: float, width: float, face: Face = "regular") -> list[str]:
    """The text in lines that are at most ``width`` mm wide; a longer word stands alone."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, face) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


class Page:
    """A page to draw on.

    Parameters
    ----------
    canvas : reportlab Canvas
    width, height : float
        Millimetres.
    """

    def __init__(self, canvas: Canvas, width: float, height: float) -> None:
        self.canvas = canvas
        self.paper = Box(0.0, 0.0, width, height)
        self.texts: list[TextBox] = []
        canvas.setPageSize((width / POINT_MM, height / POINT_MM))
        _fonts()

    @contextmanager
    def clipped(self, box: Box) -> Iterator[None]:
        """Whatever is drawn within is cut off at the box."""
        self.canvas.saveState()
        path = self.canvas.beginPath()
        path.rect(*(v / POINT_MM for v in (box.left, box.bottom, box.width, box.height)))
        self.canvas.clipPath(path, stroke=0, fill=0)
        yield
        self.canvas.restoreState()

    @contextmanager
    def clipped_to(self, rings: Sequence[Points]) -> Iterator[None]:
        """Whatever is drawn within is cut off at areas, by the even-odd rule."""
        self.canvas.saveState()
        path = self.canvas.beginPath()
        _trace(path, rings, closed=True)
        self.canvas.clipPath(path, stroke=0, fill=0, fillMode=0)
        yield
        self.canvas.restoreState()

    def lines(
        self,
        parts: Sequence[Points],
        color: str,
        width: float,
        *,
        dash: Sequence[float] = (),
        alpha: float = 1.0,
        cap: int = 1,
    ) -> None:
        """Polylines of (n, 2) mm; ``width`` and ``dash`` in mm; ends butt (0) or round (1)."""
        canvas = self._pen(color, width, dash, alpha, cap)
        path = canvas.beginPath()
        _trace(path, parts, closed=False)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()

    def areas(
        self,
        rings: Sequence[Points],
        fill: str | None,
        *,
        edge: str | None = None,
        width: float = 0.15,
        alpha: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Rings of (n, 2) mm filled by the even-odd rule, so that a ring within another is a hole."""
        canvas = self._pen(edge or INK, width, dash, 1.0, 0)
        if fill is not None:
            canvas.setFillColor(_colour(fill))
            canvas.setFillAlpha(alpha)
        path = canvas.beginPath()
        _trace(path, rings, closed=True)
        canvas.drawPath(path, stroke=int(edge is not None), fill=int(fill is not None), fillMode=0)
        canvas.restoreState()

    def rectangle(
        self, box: Box, fill: str | None, *, edge: str | None = None, width: float = 0.15, radius: float = 0.0
    ) -> None:
        """A rectangle, its corners rounded by ``radius`` mm."""
        canvas = self._pen(edge or INK, width, (), 1.0, 0)
        if fill is not None:
            canvas.setFillColor(_colour(fill))
        left, bottom, width_pt, height_pt, round_pt = (
            v / POINT_MM for v in (box.left, box.bottom, box.width, box.height, radius)
        )
        canvas.roundRect(
            left, bottom, width_pt, height_pt, round_pt, stroke=int(edge is not None), fill=int(fill is not None)
        )
        canvas.restoreState()

    def disc(
        self, x: float, y: float, radius: float, fill: str | None, *, edge: str | None = None, width: float = 0.15
    ) -> None:
        """A circle."""
        canvas = self._pen(edge or INK, width, (), 1.0, 1)
        if fill is not None:
            canvas.setFillColor(_colour(fill))
        at = (x / POINT_MM, y / POINT_MM, radius / POINT_MM)
        canvas.circle(*at, stroke=int(edge is not None), fill=int(fill is not None))
        canvas.restoreState()

    def picture(self, rgb: NDArray[np.uint8], box: Box) -> None:
        """A picture, its first row at the top, stretched over a box."""
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        packed = io.BytesIO()
        Image.fromarray(rgb).save(packed, format="JPEG", quality=90, subsampling=0)
        packed.seek(0)
        left, bottom, width, height = (v / POINT_MM for v in (box.left, box.bottom, box.width, box.height))
        self.canvas.drawImage(ImageReader(packed), left, bottom, width, height)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 7.0,
        face: Face = "regular",
        color: str = INK,
        anchor: Anchor = "left",
        halo: bool = False,
        turned: bool = False,
    ) -> Box:
        """A line of text whose baseline starts, is centred or ends at ``x``, ``y``; ``turned`` reads upwards."""
        words = re.sub(r"[\t\r\n]+", " ", words)
        width = text_width(words, size, face)
        shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor] * width
        canvas = self.canvas
        canvas.saveState()
        canvas.translate(x / POINT_MM, y / POINT_MM)
        if turned:
            canvas.rotate(90)
        if halo:
            self._draw_halo(words, size, face, shift)
        canvas.setFillColor(_colour(color))
        canvas.setFont(font_name(face), size)
        canvas.drawString(-shift / POINT_MM, 0, words)
        canvas.restoreState()
        box = text_box(x - shift, y, width, size) if not turned else _turned_box(x, y - shift, width, size)
        self.texts.append(TextBox(words, box))
        return box

    def _draw_halo(self, words: str, size: float, face: Face, shift: float) -> None:
        """White round the letters, drawn as outlines, so that the text is in the file once."""
        canvas = self._pen(PAPER, 2 * HALO * size * POINT_MM, (), 0.9, 1)
        path = canvas.beginPath()
        _trace(path, [polygon - np.array([shift, 0.0]) for polygon in _halo(words, size, face)], closed=True)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()

    def _pen(self, color: str, width: float, dash: Sequence[float], alpha: float, cap: int) -> Canvas:
        canvas = self.canvas
        canvas.saveState()
        canvas.setStrokeColor(_colour(color))
        canvas.setLineWidth(width / POINT_MM)
        canvas.setLineCap(cap)
        canvas.setLineJoin(1)
        if alpha < 1.0:
            canvas.setStrokeAlpha(alpha)
        if dash:
            canvas.setDash([d / POINT_MM for d in dash])
        return canvas


def text_box(left: float, baseline: float, width: float, size: float) -> Box:
    """The box that a line of text fills."""
    high = size * POINT_MM
    return Box(left, baseline - DESCENT * high, width, (ASCENT + DESCENT) * high)


def _turned_box(x: float, start: float, width: float, size: float) -> Box:
    high = size * POINT_MM
    return Box(x - ASCENT * high, start, (ASCENT + DESCENT) * high, width)


def _trace(path: Any, parts: Sequence[Points], *, closed: bool) -> None:
    """Straight lines between points, to a hundredth of a printer's point; all at once, for a corridor may have 50,000 rings."""
    if not len(parts):
        return
    scaled = np.round(np.concatenate([np.asarray(part, dtype=np.float64) for part in parts]) / POINT_MM, 2)
    end = " h" if closed else ""
    lines = " ".join("%.2f %.2f m" + " %.2f %.2f l" * (len(part) - 1) + end for part in parts)
    path.moveTo(*scaled[0].tolist())  # from which reportlab knows that a path begins
    path._code_append(lines[len("%.2f %.2f m") :] % tuple(scaled[1:].ravel().tolist()))


def _colour(name: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(name)
