"""The pages and pictures of every command in Russian or Kazakh: no Latin word but ids, names of files and proper names.

Each in one language: what the catalogues themselves say is tested in `test_translate`, for both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenarios.corridors.session import run_corridor_study
from scenarios.crime.session import run_crime
from scenarios.evidence.session import run_evidence
from scenarios.indicators.session import run_indicators
from scenarios.outputs.cartography import sheet
from scenarios.outputs.translate import study_language
from scenarios.passages.session import run_passages
from scenarios.progress import Reporter
from scenarios.runs.reproduce import reproduce
from scenarios.runs.session import run_study
from scenarios.sensitivity.session import run_sensitivity
from scenarios.synthetic.traps import simulate_evidence
from scenarios.synthetic.walkers import simulate_tracks
from scenarios.tracks.charts import draw_charts
from scenarios.tracks.findings import Findings
from scenarios.tracks.page import write_tracks_page
from scenarios.tracks.session import run_tracks
from scenarios.tracks.words import sentences_of
from scenarios.uncertainty.session import run_uncertainty_study
from tests.support.said import drawn_words, latin, words_of
from tests.support.spoken_study import write_spoken_study
from tests.support.tokens import drawn_maps

QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_spoken_study(tmp_path_factory.mktemp("spoken") / "study"))


@pytest.fixture(scope="module")
def field_data(study: str) -> Path:
    out = Path(study).parent / "field"
    simulate_evidence(study, None, out, {"openings": []}, QUIET, seed=3)
    return out


@pytest.fixture(scope="module")
def collars(study: str) -> Findings:
    """What simulated collars say: found once, told in every language."""
    folder = Path(study).parent
    simulate_tracks(study, "closed", folder / "collars", {"openings": []}, QUIET, seed=1, days=20)
    return run_tracks(study, folder / "collars", folder / "tracks", QUIET, scenario="closed", species=["digger"]).found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every text of every picture that is drawn from here on."""
    texts: list[str] = []
    draw = sheet.picture_of
    monkeypatch.setattr(sheet, "picture_of", lambda figure: (texts.extend(drawn_words(figure)), draw(figure))[1])
    with drawn_maps():
        yield texts


def require_one_language(summary: Any, out: Path, drawn: list[str], least: int) -> None:
    """Page, pictures and what is told."""
    texts = words_of((out / "index.html").read_text(encoding="utf-8"))
    told = [str(note) for note in summary.notes if isinstance(note, str)]
    assert len(texts) > least and len(drawn) > 10 and told
    assert latin(texts) == []
    assert latin(drawn) == []


@pytest.mark.parametrize("lang", ["kk"])
def test_corridors(study: str, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_corridor_study(study, ["closed"], ["digger"], tmp_path / "out", {}, QUIET, lang)
    require_one_language(done, tmp_path / "out", drawn, 150)
    assert latin([note for note in done.notes if isinstance(note, str) and "." in note]) == []


@pytest.mark.parametrize("lang", ["ru"])
def test_plans(study: str, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_passages(
        study, "closed", None, tmp_path / "out", {"portfolio.budget": 40}, QUIET, draws=4, top=3, lang=lang
    )
    require_one_language(done, tmp_path / "out", drawn, 40)
    assert latin((tmp_path / "out/plan.txt").read_text(encoding="utf-8").splitlines()) == []


@pytest.mark.parametrize("lang", ["kk"])
def test_uncertainty(study: str, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_uncertainty_study(
        study,
        tmp_path / "out",
        QUIET,
        scenario="closed",
        draws=4,
        top=3,
        overrides={"uncertainty.cell_m": [2000]},
        cache=tmp_path / "cache",
        lang=lang,
    )
    require_one_language(done, tmp_path / "out", drawn, 150)
    assert latin((tmp_path / "out/stability.txt").read_text(encoding="utf-8").splitlines()) == []


@pytest.mark.parametrize("lang", ["ru"])
def test_indicators(study: str, field_data: Path, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_indicators(
        study, ["2023=closed", "2024=free"], tmp_path / "out", QUIET, patrols=field_data, draws=2, lang=lang
    )
    require_one_language(done, tmp_path / "out", drawn, 60)
    assert latin([str(note) for note in done.notes]) == []


@pytest.mark.parametrize(("lang", "audience"), [("ru", "restricted"), ("kk", "public")])
def test_crime(study: str, field_data: Path, tmp_path: Path, drawn: list[str], lang: str, audience: str) -> None:
    done = run_crime(study, field_data, tmp_path / "out", QUIET, audience=audience, lang=lang)
    require_one_language(done, tmp_path / "out", drawn, 60)
    assert latin([str(note) for note in done.notes]) == []


@pytest.mark.parametrize("lang", ["kk"])
def test_evidence(study: str, field_data: Path, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_evidence(study, field_data, tmp_path / "out", QUIET, lang=lang)
    require_one_language(done, tmp_path / "out", drawn, 100)
    assert latin([str(note) for note in done.notes]) == []


@pytest.mark.parametrize("lang", ["kk"])
def test_sensitivity(study: str, tmp_path: Path, drawn: list[str], lang: str) -> None:
    done = run_sensitivity(study, "closed", ["digger"], ["conductance"], tmp_path / "out", {}, QUIET, lang)
    require_one_language(done, tmp_path / "out", drawn, 100)
    assert latin([str(note) for note in done.notes]) == []


@pytest.mark.parametrize("lang", ["ru"])
def test_tracks(collars: Findings, tmp_path: Path, drawn: list[str], lang: str) -> None:
    say = study_language(lang, collars.job.resolved, collars.job.inputs)
    page = write_tracks_page(collars, draw_charts(collars, tmp_path, say), tmp_path, say)
    texts = words_of(page.read_text(encoding="utf-8"))
    told = [text for lines in sentences_of(collars, say).values() for text in lines]
    assert len(texts) > 100 and len(drawn) > 10 and len(told) > 5
    assert latin([*texts, *drawn, *told]) == []


def test_a_run_in_a_language_is_the_same_when_it_is_made_again(study: str, tmp_path: Path, drawn: list[str]) -> None:
    out = tmp_path / "run"
    done = run_study(study, ["closed"], ["digger"], out, {}, QUIET, lang="kk")
    require_one_language(done, out, drawn, 150)
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["settings"]["lang"] == "kk"
    assert reproduce(out, tmp_path / "again", QUIET, study=study).differing == {}


@pytest.mark.parametrize(
    "run",
    [
        run_corridor_study,
        run_passages,
        run_uncertainty_study,
        run_indicators,
        run_crime,
        run_evidence,
        run_sensitivity,
        run_tracks,
    ],
)
def test_a_language_that_nobody_speaks_is_refused_before_anything_is_read(run: Callable[..., Any]) -> None:
    import inspect

    from rasters.errors import OptionError

    names = [one.name for one in inspect.signature(run).parameters.values() if one.default is inspect.Parameter.empty]
    with pytest.raises(OptionError, match="unknown language 'de'"):
        run(**dict.fromkeys(names, ""), lang="de")
