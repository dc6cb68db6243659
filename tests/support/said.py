"""What people read of a product, and which of it is in Latin letters: for tests that a product speaks one language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from matplotlib.text import Text

__all__ = ["drawn_words", "latin", "words_of"]

NAMES = (
    "WGS",
    "EPSG",
    "MGRS",
    "GPX",
    "QGIS",
    "PNG",
    "PDF",
    "SVG",
    "UTC",
    "OpenStreetMap",
    "MapLibre",
    "GL",
    "JS",
    "BSD",
    "WebGL",
    "otkel",
    "check",
    "sha256",
    "manifest",
    "content",
    "English",
    "run",
    "GeoTIFF",
    "dPC",
    "PIKE",
    "BACI",
    "AUC",
    "inf",
    "draws",
    "results",
)
"""Proper names, formats, abbreviations, and programs with their commands and options."""
IDS = (
    r"border_0(?:-km[\d.]+)?",
    r"inner(?:_0)?(?:-km[\d.]+)?",
    "tiny",
    "closed",
    "free",
    "all",
    "walker",
    "digger",
    "old",
    "slope_percent",
    r"synthetic-p\d",
    r"S\d+",
    r"P\d+",
    r"FENCE-[A-Z]\d*",
    r"[0-9a-f]{16}",
    r"designs\.[\w.]+",
    r"SYN-\w+-\d+",
)
"""Of the study, and of what stands in it; names for GPS units, which know no other letters; hashes."""
FILES = r"[\w./*-]+\.(?:csv|json|tif|png|pdf|svg|html|gpkg|txt|yaml)\b|maps/|--[a-z-]+"
GRID = r"\b\d{1,2}[C-X] ?[A-Z]{2}\b"
"""The zone and square of a military grid reference."""
KNOWN = re.compile("|".join([FILES, GRID, rf"(?<![\w-])(?:{'|'.join([*IDS, *NAMES])})(?![\w-])"]))


def latin(texts: Iterable[str]) -> list[str]:
    """Texts with a Latin word of two letters or more that is not known."""
    return sorted({text for text in texts if re.search("[A-Za-z]{2,}", KNOWN.sub(" ", text))})


class Words(HTMLParser):
    """What people read of a page: text, and what is read to them; no code, styles or scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside += [tag] if tag in ("style", "script", "code") else []
        self.texts += [str(value) for name, value in attrs if name in ("alt", "aria-label", "title")]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.texts.append(data)


def words_of(html: str) -> list[str]:
    """Texts of a page."""
    reader = Words()
    reader.feed(html)
    return reader.texts


def drawn_words(figure: Any) -> list[str]:
    """Texts of a figure of matplotlib."""
    return [text.get_text() for text in figure.findobj(Text)]
