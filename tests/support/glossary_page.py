"""The glossary as a page for readers who correct it: ``python -m tests.support.glossary_page`` writes it."""

from __future__ import annotations

import csv

from scenarios.outputs.translate import LOCALE
from tests.support.places import ROOT

__all__ = ["PAGE", "text"]

PAGE = ROOT / "docs/reference/glossary.md"
HEAD = """# Glossary

One term for each idea, in all products: maps, pages, sheets, lists, files for phones and for QGIS. The Russian and Kazakh terms wait for
the eyes of native readers who work with fences and animals: please correct them.

To correct a term, edit `scenarios/outputs/locale/glossary.tsv` and the sentences in
`scenarios/outputs/locale/*/LC_MESSAGES/otkel.po`, then run `python -m scenarios.outputs.translate` and
`python -m tests.support.glossary_page`. A test holds the sentences to the glossary: each one whose English text has a term uses the
term of its language, and none uses a word of the last columns.

| English | Russian | Kazakh | what it means | not in Russian | not in Kazakh |
|---|---|---|---|---|---|
"""


def text() -> str:
    """The page."""
    with (LOCALE / "glossary.tsv").open(encoding="utf-8", newline="") as file:
        terms = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))
    return HEAD + "".join(_row(term) for term in terms)


def _row(term: dict[str, str]) -> str:
    refused = (_plain(term[f"{name}_refused"]) for name in ("russian", "kazakh"))
    cells = (term["english"], term["russian"], term["kazakh"], term["note"], *refused)
    return f"| {' | '.join(cells)} |\n"


def _plain(pattern: str) -> str:
    """The words of a pattern, each with a hyphen where it goes on."""
    words = pattern.replace("\\b", "").replace("\\w+", "…").replace("[аи]?", "").split("|")
    return ", ".join(word for word in words if word)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(PAGE)
