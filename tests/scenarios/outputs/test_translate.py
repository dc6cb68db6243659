"""The catalogues: complete, compiled, the same in both languages; and what a language does with texts, names and numbers."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from rasters.errors import ConfigError
from scenarios.comparison import figure as comparison_figure
from scenarios.comparison.maps import THEMES as CHANGES
from scenarios.comparison.page import FILES
from scenarios.comparison.words import HEADLINES, SETTINGS
from scenarios.corridors import map as corridor_map
from scenarios.corridors import page as corridor_page
from scenarios.crime import files as crime_files
from scenarios.crime import results as crime_results
from scenarios.evidence import page as evidence_page
from scenarios.evidence import words as evidence_words
from scenarios.evidence.charts import CHARTS
from scenarios.evidence.output_tables import FILES as EVIDENCE_FILES
from scenarios.indicators import files as indicator_files
from scenarios.indicators.values import YEARLY
from scenarios.model import parameter_words
from scenarios.outputs import translate
from scenarios.outputs.audience import Audience, audience_note, badge
from scenarios.outputs.columns import column_of
from scenarios.outputs.field import content, lists, project
from scenarios.outputs.gis.rasters import SURFACES
from scenarios.outputs.map import MAPS, PUBLIC_READING, PUBLIC_TITLES, READING, WITHHELD_READING, WITHHELD_TITLE
from scenarios.outputs.pages import index
from scenarios.outputs.report.phrases import PHRASES
from scenarios.outputs.sentences import SENTENCES, taken_apart
from scenarios.outputs.translate import LOCALE, Language, language
from scenarios.passages import files as plan_files
from scenarios.passages import pictures as plan_pictures
from scenarios.passages.words import OBJECTIVES, WINDS
from scenarios.sensitivity import files as sensitivity_files
from scenarios.sensitivity import page as sensitivity_page
from scenarios.sensitivity import words as sensitivity_words
from scenarios.sensitivity.indicators import TITLES
from scenarios.study.base import LANGUAGES, OTHER_LANGUAGES
from scenarios.tracks import page as tracks_page
from scenarios.tracks import words as tracks_words
from scenarios.tracks.charts import CHARTS as TRACKS_CHARTS
from scenarios.tracks.output_tables import FILES as TRACKS_FILES
from scenarios.uncertainty import page as uncertainty_page
from scenarios.uncertainty import words as uncertainty_words
from tests.support.places import ROOT
from tests.support.said import latin

ROOMS = (
    "outputs",
    "comparison",
    "corridors",
    "passages",
    "uncertainty",
    "evidence",
    "indicators",
    "crime",
    "sensitivity",
    "tracks",
)
"""Folders whose products speak."""
SHOWN = [
    *(
        (name, "")
        for name in (*index._COMBINED, *index.PASSAGES_FIRST, *index.STANDING_SHOWN, "place", "role", "weight")
    ),
    *((name, "corridors") for name in (*corridor_page.SHOWN, *corridor_page.BEST, *corridor_page.NETWORK)),
    *((name, "uncertainty") for name in (*uncertainty_page.PLACES, *uncertainty_page.PARAMETERS)),
    *((name, "indicators") for name in YEARLY),
    *((name, "sensitivity") for name in (*sensitivity_page.PARAMETERS, *sensitivity_page.PLACES)),
    *((name, "tracks") for names in tracks_page.SHOWN.values() for name in names),
]
"""Columns that pages show, and the command whose they are."""
OTHERS = pytest.mark.parametrize("lang", OTHER_LANGUAGES)


def messages(path: Path) -> dict[str, str]:
    read = read_po if path.suffix == ".po" else read_mo
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read(file) if m.id}


@cache
def catalogue(lang: str, suffix: str = ".po") -> dict[str, str]:
    return messages(LOCALE / lang / "LC_MESSAGES" / f"otkel{suffix}")


def is_saying(function: ast.expr) -> bool:
    """Whether a call says its text: of a language, or of the panel of a map."""
    on = getattr(getattr(function, "value", None), "attr", "")
    return "say" in (getattr(function, "attr", ""), getattr(function, "id", "")) or on == "panel"


def said() -> set[str]:
    """Every text that the code puts before a language: constants, and the tables of texts that it goes through."""
    found = {
        *(lists.head_of(name) for name in (*lists.LISTED, "length_km", "name", "role")),
        *(column_of(name).meaning for name in lists.LISTED),
        *project.LAYER_WORDS.values(),
        *content.KINDS,
        *content.KINDS.values(),
        *(surface.title for surface in SURFACES),
        *map(str, Audience),
        *map(badge, Audience),
        audience_note(Audience.PARTNER),
        audience_note(Audience.RESTRICTED),
        *MAPS.values(),
        *READING.values(),
        *PUBLIC_TITLES.values(),
        *PUBLIC_READING.values(),
        WITHHELD_TITLE,
        WITHHELD_READING,
        *(text for one in HEADLINES for text in (one.label, one.unit)),
        *SETTINGS.values(),
        *FILES.values(),
        comparison_figure.READING,
        *(text for one in CHANGES for text in (one.title, one.shown_unit, one.reading, *one.ends)),
        "schematic",
        "digitised",
        "surveyed",
        "unknown",
        "modelled",
        *SENTENCES,
        *PHRASES,
        index.WHY_SHARES_DIFFER,
        *index.FILES.values(),
        corridor_map.MAP_TITLE,
        corridor_map.READING,
        *corridor_page.FILES.values(),
        *plan_files.FILES.values(),
        *OBJECTIVES.values(),
        *WINDS,
        plan_pictures.READING,
        *uncertainty_page.FILES.values(),
        *parameter_words.KEY_WORDS.values(),
        *parameter_words.GROUPS.values(),
        *parameter_words.WHOLE.values(),
        *uncertainty_words.MEASURES.values(),
        indicator_files.ASSUMED,
        indicator_files.SYNTHETIC,
        crime_files.BIAS,
        crime_results.SYNTHETIC,
        *crime_results.MEASURES.values(),
        *EVIDENCE_FILES.values(),
        *(text for _, text in CHARTS.values()),
        *evidence_words.WHERE.values(),
        evidence_page.SYNTHETIC,
        *sensitivity_page.CAUTIONS,
        *sensitivity_page.FILES.values(),
        sensitivity_files.READING,
        sensitivity_files.TITLE,
        sensitivity_files.LEGEND,
        "little",
        "much",
        *(title for title, _ in TITLES.values()),
        *sensitivity_words.SLOPES,
        *TRACKS_FILES.values(),
        *(text for _, text in TRACKS_CHARTS.values()),
        *tracks_words.BEHAVIOURS.values(),
        "updated",
        "stays sealed",
        "body",
        "as set",
        "animals",
        "weeks of animals",
        *(
            text
            for name, of in SHOWN
            for one in [column_of(name, of)]
            for text in (one.title, one.shown_unit, one.meaning)
        ),
    }
    for path in (one for room in ROOMS for one in ROOT.glob(f"scenarios/{room}/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and is_saying(node.func):
                found |= {
                    arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    for path in ROOT.glob("scenarios/outputs/pages/templates/*.html"):
        found |= set(re.findall(r'say\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    return {text for text in found if re.search("[A-Za-z]", text)}


def test_both_languages_have_the_same_messages_all_translated():
    russian, kazakh = map(catalogue, OTHER_LANGUAGES)
    assert russian.keys() == kazakh.keys()
    for texts in (russian, kazakh):
        assert [key for key, text in texts.items() if not text.strip()] == []


@OTHERS
def test_the_compiled_catalogue_is_the_one_that_people_read(lang):
    assert catalogue(lang, ".mo") == catalogue(lang)


@OTHERS
def test_what_is_filled_in_is_in_every_language(lang):
    for key, text in catalogue(lang).items():
        assert sorted(re.findall(r"\{\w+[^}]*\}", key)) == sorted(re.findall(r"\{\w+[^}]*\}", text)), key


@OTHERS
def test_no_translation_holds_a_word_in_latin_letters(lang):
    """What a product says in one language it says in the other by the same code: this is what may differ between them."""
    texts = (re.sub(r"\{\w[^}]*\}|\bEsc\b", " ", text) for text in catalogue(lang).values())
    assert latin(texts) == []


@OTHERS
def test_no_text_that_a_product_says_is_missing(lang):
    missing = said() - catalogue(lang).keys()
    assert sorted(text for text in missing if taken_apart(text) is None) == []


def test_kazakh_is_kazakh():
    """Letters that Russian does not have are in most longer texts."""
    long = [text for text in catalogue("kk").values() if len(text) > 12]
    assert sum(bool(re.search("[әғқңөұүһіӘҒҚҢӨҰҮҺІ]", text)) for text in long) > 0.9 * len(long)


def test_what_the_study_says_comes_before_the_catalogue_and_what_nobody_says_stays():
    assert language("en")("Fence") == "Fence"
    assert language("kk")("Fence") == "Қоршау"
    assert Language(code="kk", own={"Fence": "Шарбақ"})("Fence") == "Шарбақ"
    assert language("ru")("never translated") == "never translated"
    assert Language(code="en", own={"wires removed": "three wires out"}).design("wires_removed") == "three wires out"


def test_numbers_and_angles_are_written_as_the_language_writes_them():
    say = language("ru")
    assert [say(text) for text in ("12", "12.5", "\u22120.31", "1\u202f250.5", "12.3\u202f%", "v1.2.3")] == [
        "12",
        "12,5",
        "\u22120,31",
        "1\u202f250,5",
        "12,3\u202f%",
        "v1.2.3",
    ]
    assert say.angle("55°38'05.6\"E") == "55°38'05,6\" в. д."
    assert language("kk").angle("41.28°N") == "41,28° с. е."
    assert language("en").angle("41.28°N") == "41.28°N"


def test_sentences_of_the_model_are_said_with_their_values():
    say = Language(code="ru", own={"Urial": "Уриал"})
    built = "Urial: keeps its direction over 1000 m (expert placeholder: no tracks were used)."
    assert say(built) == "Уриал: сохраняет направление на протяжении 1000 м (предварительная экспертная оценка)."
    assert "назван в исследовании" in say("Urial: kz_border is sealed (Smith 2020).")
    assert not re.search(
        "[A-Za-z]{4}", say("SCHEMATIC fence lines; expert placeholder resistances \u2013 not surveyed")
    )


def test_other_languages_are_errors_that_name_those_there_are(monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match="en, ru, kk"):
        language("de")
    translate._catalogue.cache_clear()
    monkeypatch.setattr(translate, "LOCALE", tmp_path)
    with pytest.raises(ConfigError, match=r"otkel\.mo"):
        language("ru")("Fence")
    translate._catalogue.cache_clear()
    assert LANGUAGES == ("en", "ru", "kk")


def test_english_sentences_call_a_fence_line_by_its_name() -> None:
    say = Language(code="en", own={"border": "Border fence"})
    assert say("border") == "Border fence"
    assert say("Walker: border is sealed (made up).") == "Walker: Border fence is sealed (made up)."
    assert say("Walker: inner is sealed (made up).") == "Walker: inner is sealed (made up)."
    assert say("An outline along the border is schematic.") == "An outline along the border is schematic."
