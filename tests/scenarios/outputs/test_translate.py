"""Message catalogues: complete, compiled, and the same in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from rasters.errors import ConfigError
from scenarios.outputs.audience import MARKS, Audience
from scenarios.outputs.columns import column_of
from scenarios.outputs.field import content, lists, project
from scenarios.outputs.gis.rasters import SURFACES
from scenarios.outputs.translate import LANGUAGES, LOCALE, translator
from tests.support.places import ROOT

DOMAINS = sorted(path.stem for path in LOCALE.glob("ru/LC_MESSAGES/*.po"))
OUTPUTS = LOCALE.parent


def messages(path: Path) -> dict[str, str]:
    read = read_po if path.suffix == ".po" else read_mo
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read(file) if m.id}


def catalogue(lang: str, domain: str, suffix: str = ".po") -> Path:
    return LOCALE / lang / "LC_MESSAGES" / f"{domain}{suffix}"


def design_names() -> set[str]:
    """Designs of the bundled study, as files for people write them."""
    settings = yaml.safe_load((ROOT / "scenarios/library/ustyurt/study.yaml").read_text(encoding="utf-8"))
    return {name.replace("_", " ") for name in settings["designs"]}


def field_words() -> set[str]:
    """Every text that the field files put before ``say``."""
    found = {
        *(lists.head_of(name) for name in (*lists.LISTED, "length_km", "name", "role")),
        *(column_of(name).meaning for name in lists.LISTED),
        *project.LAYER_WORDS.values(),
    }
    found |= {*content.KINDS, *content.KINDS.values()}
    found |= {surface.title for surface in SURFACES}
    found |= {*MARKS.values(), *Audience, "schematic", "surveyed", *design_names()}
    for path in [*(OUTPUTS / "field").glob("*.py"), OUTPUTS / "gis" / "qgis_styles.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "say":
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_languages_have_the_same_messages_all_translated(domain):
    russian, kazakh = (messages(catalogue(lang, domain)) for lang in ("ru", "kk"))
    assert russian.keys() == kazakh.keys()
    for texts in (russian, kazakh):
        assert [key for key, text in texts.items() if not text.strip()] == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("lang", ["ru", "kk"])
def test_the_compiled_catalogue_is_the_one_that_people_read(domain, lang):
    assert messages(catalogue(lang, domain, ".mo")) == messages(catalogue(lang, domain))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("lang", ["ru", "kk"])
def test_what_is_filled_in_is_in_every_language(domain, lang):
    for key, text in messages(catalogue(lang, domain)).items():
        assert sorted(re.findall(r"\{\w+[^}]*\}", key)) == sorted(re.findall(r"\{\w+[^}]*\}", text)), key


@pytest.mark.parametrize("lang", ["ru", "kk"])
def test_no_word_of_the_field_files_is_missing(lang):
    known = messages(catalogue(lang, "field")) | messages(catalogue(lang, "terms"))
    assert sorted(field_words() - known.keys()) == []


@pytest.mark.parametrize("domain", ["field", "sheet"])
@pytest.mark.parametrize("lang", ["ru", "kk"])
def test_designs_have_a_name_in_every_language(domain, lang):
    known = messages(catalogue(lang, domain)) | messages(catalogue(lang, "terms"))
    assert sorted(design_names() - known.keys()) == []


def test_kazakh_is_kazakh():
    """Letters that Russian does not have are in most longer texts."""
    long = [text for text in messages(catalogue("kk", "terms")).values() if len(text) > 12]
    assert sum(bool(re.search("[әғқңөұүһіӘҒҚҢӨҰҮҺІ]", text)) for text in long) > 0.9 * len(long)


def test_words_fall_back_to_the_shared_ones_and_english_stays():
    assert translator("en", "field")("Fence") == "Fence"
    assert translator("kk", "field")("Kulan") == "Құлан"
    assert translator("ru", "terms")("Goitered gazelle") == "Джейран"
    assert translator("ru", "field")("never translated") == "never translated"


def test_other_languages_are_errors_that_name_those_there_are():
    with pytest.raises(ConfigError, match="en, ru, kk"):
        translator("de", "field")
    with pytest.raises(ConfigError, match=r"nowhere\.mo"):
        translator("ru", "nowhere")
    assert LANGUAGES == ("en", "ru", "kk")
