"""Text without what breaks files and screens: control characters and what XML does not allow."""

from __future__ import annotations

import re

__all__ = ["no_formula", "plain_text"]

HARMFUL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Control characters but tab and line ends, marks that turn the direction of writing, and code points that are no characters."""


def plain_text(text: str) -> str:
    """The text with every harmful character as a blank, so that words stay apart."""
    return HARMFUL.sub(" ", text)


def no_formula(value: object) -> object:
    """A value for spreadsheets: text that one would take for a formula starts with an apostrophe, which they do not show."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
