"""What a study says in other languages: gathered from its files, kept with its results, and no way to a passage."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from rasters.errors import ConfigError
from scenarios.land.inputs import read_inputs, read_profile
from scenarios.land.prepared import prepare_species
from scenarios.model.ground import Ground, ground_of
from scenarios.model.spoken import passage_words, study_words
from scenarios.model.steps import step_key
from scenarios.outputs.translate import language
from scenarios.study.base import OTHER_LANGUAGES
from scenarios.study.load import find_study, resolve
from tests.support.spoken_study import write_spoken_study
from tests.support.tiny_study import edit, write_yaml


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spoken_study(tmp_path_factory.mktemp("spoken"))


def ground(study: Path, scenario: str = "closed") -> Ground:
    resolved = resolve(str(study), scenario)
    return ground_of(prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker"))


def test_every_kind_of_name_and_sentence_is_said(study: Path) -> None:
    say = language("kk", [ground(study)])
    texts = (
        "A tiny study",
        "Border closed",
        "Walker",
        "Border_0",
        "wires out",
        "Southern hills",
        "Everything here is made up.",
        "Nobody",
        "Nobody was asked.",
        "Old crossing",
    )
    assert [say(text) for text in texts] == [
        "Шағын зерттеу",
        "Шекара жабық",
        "Жүргінші",
        "Шекара қоршауы",
        "сымдар алынған",
        "Оңтүстік төбелер",
        "Мұнда бәрі ойдан шығарылған.",
        "Ешкім",
        "Ешкімнен сұралған жоқ.",
        "Ескі өткел",
    ]
    assert [language(code, [ground(study)]).design("bridge") for code in ("en", "ru")] == ["footbridge", "мостик"]


def test_a_scenario_in_a_file_of_its_own_says_its_title(study: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    write_yaml(path, {"scenario": "mine", "title": "Mine", "title_ru": "Мой", "study": "tiny", "base": "both"})
    resolved = resolve(str(study), str(path))
    assert (resolved.scenario_title, resolved.scenario_titles) == ("Mine", {"ru": "Мой"})


def test_words_on_passages_stand_apart_from_those_that_everybody_gets(study: Path) -> None:
    resolved = resolve(str(study), "closed")
    prepared = prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker")
    public = {
        text
        for texts in study_words(resolved, prepared.profile, prepared.inputs).values()
        for pair in texts.items()
        for text in pair
    }
    secret = {text for texts in passage_words(resolved.study).values() for pair in texts.items() for text in pair}
    assert secret == {"Old crossing", "Старый переход", "Ескі өткел"} and not public & secret


def test_translations_change_no_step(tmp_path: Path) -> None:
    study = write_spoken_study(tmp_path / "study")

    def key() -> str:
        resolved = resolve(str(study), "closed")
        inputs = read_inputs(resolved, ["walker"])
        return step_key(resolved, inputs.profiles["walker"])

    before = key()
    for path in (
        ("title_ru",),
        ("credits_kk",),
        ("scenarios", "closed", "title_ru"),
        ("designs", "bridge", "title_kk"),
    ):
        edit(study, *path)
    edit(study, "assumptions_ru", file="walker.yaml")
    assert key() == before


def test_sentences_are_translated_each_or_none(tmp_path: Path) -> None:
    study = write_spoken_study(tmp_path / "study")
    edit(study, "assumptions_ru", value=["Раз.", "Два."])
    with pytest.raises(
        ConfigError, match=r"assumptions_ru: has 2 rows, but assumptions has 1; translate each, in order"
    ):
        resolve(str(study), "closed")


def test_what_is_not_said_stays_as_the_study_has_it(tmp_path: Path) -> None:
    study = write_spoken_study(tmp_path / "study")
    edit(study, "title_ru")
    assert language("ru", [ground(study)])("A tiny study") == "A tiny study"
    assert language("kk", [ground(study)])("A tiny study") == "Шағын зерттеу"


@pytest.mark.parametrize("lang", OTHER_LANGUAGES)
def test_the_bundled_study_says_everything(lang: str) -> None:
    path = find_study("ustyurt")
    study = resolve("ustyurt").study
    titled = {"study": study, **study.scenarios, **study.designs, **study.actions}
    assert [name for name, one in titled.items() if not getattr(one, f"title_{lang}")] == []
    assert all(
        len(getattr(study, f"{key}_{lang}")) == len(getattr(study, key)) > 0 for key in ("assumptions", "credits")
    )
    for name in study.species:
        profile = read_profile(resolve("ustyurt"), name)
        assert set(profile.assumptions_in[lang]) == set(profile.assumptions) and profile.labels[lang]
    for file, layer in (("fences", "fences"), ("reserves", "reserves")):
        names = gpd.read_file(path.parent / f"data/{file}.gpkg", layer=layer)[f"name_{lang}"]
        assert names.str.contains("[а-яА-Я]", regex=True).all()
