"""Messages, help texts, docstrings, pages and translations follow `docs/develop/words.md`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AS_THEY_WERE = (
    "CHANGELOG.md",
    "docs/develop/words.md",
    "docs/develop/decisions",
    "vendor",
    "scenarios/library/ustyurt/data/",
)
"""History, the list of words itself, texts of others."""
FORBIDDEN = {
    "is given twice": r"\bstands? twice\b",
    "unknown species 'x'; choose one of a, b": r"(?<!has )\bno [a-z ]+ \{\w+[\w.\[\]]*!r\}|; there are \{",
    "correct": r"\b[Mm]end(?:s|ed|ing)?\b",
    "named ...": r"\bof this name\b",
    "target of the movement": r"\bmakes? for\b",
    "could not create": r"\bcannot be made\b",
    "zero": r"\bnought\b",
    "this many, or at most n": r"\bso many (?!times|processes that)",
    "restored": r"\bis given back\b",
    "improves connectivity": r"\bgains? anything\b",
    "Show ..., Report ...": r'help="Say |^    """Say ',
    "have the same name": r"\bcalled alike\b",
    "probably out of memory": r"\bwant of memory\b",
    "correlated": r"\bhangs? together\b",
    "may be left out": r"\bneeds not\b",
    "route": r"\b(?:[Cc]heap(?:est|er)|[Ss]hort(?:est|er)|[Dd]ifferent|[Bb]est) ways?\b|\b[Nn]o way\b(?! to (?:tell|know))",
}
"""What to write -> what not."""


def texts() -> list[Path]:
    """Everything that people read."""
    kinds = ("*.py", "*.html", "*.tsv", "*.po", "*.js")
    rooms = [
        path
        for room in ("connectivity", "rasters", "scenarios")
        for kind in kinds
        for path in ROOT.glob(f"{room}/**/{kind}")
    ]
    found = [ROOT / "cli.py", *rooms, *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return [path for path in found if not any(part in path.relative_to(ROOT).as_posix() for part in AS_THEY_WERE)]


@pytest.mark.parametrize(("write", "pattern"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_words_that_are_not_written_any_more(write: str, pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, f"write {write!r}"


def test_the_list_of_words_says_what_is_not_written() -> None:
    page = (ROOT / "docs/develop/words.md").read_text(encoding="utf-8")
    assert [write for write in FORBIDDEN if f"| {write} |" not in page] == []
