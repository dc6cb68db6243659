"""One term per idea: catalogues and the bundled study use the glossary's, and none that it refuses."""

from __future__ import annotations

import csv
import re
from functools import cache

import pytest
import yaml

from scenarios.outputs.translate import LOCALE
from scenarios.study.base import OTHER_LANGUAGES
from tests.scenarios.outputs.test_translate import catalogue
from tests.support import glossary_page
from tests.support.places import ROOT

with (LOCALE / "glossary.tsv").open(encoding="utf-8", newline="") as file:
    TERMS = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))
NAMES = {"ru": "russian", "kk": "kazakh"}
EACH = pytest.mark.parametrize("term", TERMS, ids=[term["english"] for term in TERMS])
OTHERS = pytest.mark.parametrize("lang", OTHER_LANGUAGES)


@cache
def study_texts(lang: str) -> list[str]:
    """Every text of the bundled study in a language."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if str(key) == lang or str(key).endswith(f"_{lang}"):
                    found.extend([inner] if isinstance(inner, str) else inner)
                walk(inner)

    for path in ROOT.glob("scenarios/library/ustyurt/**/*.yaml"):
        walk(yaml.safe_load(path.read_text(encoding="utf-8")))
    return found


@EACH
@OTHERS
def test_a_term_is_said_in_its_one_way(term: dict[str, str], lang: str) -> None:
    said, pattern = catalogue(lang), re.compile(term["english_words"], re.IGNORECASE)
    words = re.compile(term[f"{NAMES[lang]}_words"], re.IGNORECASE)
    own = {english: text for english, text in said.items() if pattern.search(re.sub(r"\{\w+\}|\w+\.csv", "", english))}
    assert own, "the catalogue does not use it"
    assert {english: text for english, text in own.items() if not words.search(text)} == {}


@EACH
@OTHERS
def test_no_term_is_said_in_another_way(term: dict[str, str], lang: str) -> None:
    refused = term[f"{NAMES[lang]}_refused"]
    texts = [*catalogue(lang).values(), *study_texts(lang)]
    assert [text for text in texts if refused and re.search(refused, text, re.IGNORECASE)] == []


def test_the_page_is_the_glossary() -> None:
    assert glossary_page.PAGE.read_text(encoding="utf-8") == glossary_page.text()
