"""Plain text: without what breaks files and screens, and the words for a name that is not known."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["HARMFUL", "as_meant", "like", "look", "no_formula", "plain_text", "unknown"]

HARMFUL = re.compile(
    r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Control characters but tab and line ends, returns that overwrite a line, marks that turn the direction of writing, no characters."""


def plain_text(text: str) -> str:
    """The text with every harmful character as a blank, so that words stay apart."""
    return HARMFUL.sub(" ", text)


FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""How text begins that a spreadsheet takes for a formula, or that has an apostrophe before such."""


def no_formula(value: object) -> object:
    """A value for spreadsheets: text that one would take for a formula starts with an apostrophe; numbers as text do not."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) and not _is_number(value) else value


def as_meant(value: object) -> object:
    """The value that `no_formula` was given."""
    return value[1:] if isinstance(value, str) and value[:1] == "'" and FORMULA.match(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


LOOK_ALIKES = str.maketrans(
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u0261\u03bf\u03b1\u03c1\u03bd\u0432\u043a\u043c\u043d\u0442\u0433",
    "aceopxyijshdgoapvbkmhtr",
)
"""Small letters of Cyrillic and Greek (those whose capitals look Latin among them) and the Latin ones that look the same."""


def look(name: str) -> str:
    """What a name looks like: without case, blanks, characters that do not show, accents written apart, and look-alikes.

    Two names that look the same are one to people and two to a program.
    """
    text = unicodedata.normalize("NFKC", name).casefold().translate(LOOK_ALIKES)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn"))


def like(name: object, known: Iterable[object]) -> str:
    """``; did you mean 'x'?`` where one of the known names is like this one."""
    near = difflib.get_close_matches(str(name), [*map(str, known)], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """Words for a name that is not known: what may be meant, and all there are to choose from."""
    names = [*map(str, known)]
    choices = f"choose one of {', '.join(names)}" if names else "there is none"
    return f"unknown {what} {str(name)!r}{like(name, names)}; {choices}"
