"""Numbers in settings as people write them: what they mean, or an error; never another number."""

from __future__ import annotations

from pathlib import Path

import pytest

from rasters.errors import ConfigError
from scenarios.study.load import resolve
from tests.support.tiny_study import write_tiny_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("numbers") / "study")


def every_m(study: Path, text: str) -> float:
    own = study.with_name("own")
    own.mkdir(exist_ok=True)
    settings = (study / "study.yaml").read_text(encoding="utf-8")
    assert "every_m: 2000\n" in settings
    (own / "study.yaml").write_text(settings.replace("every_m: 2000\n", f"every_m: {text}\n"), encoding="utf-8")
    return resolve(str(own / "study.yaml")).study.candidates.every_m


@pytest.mark.parametrize("text", ["2000", '"2000"', "02000", "2_000", "2e3", "+2000", "2000.", "0x7D0", "2.0E+3"])
def test_ways_to_write_two_thousand(study: Path, text: str) -> None:
    assert every_m(study, text) == 2000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("33:20", "should be a number"),
        ("yes", "'yes': should be a number"),
        ("on", "a number"),
        ("0o2000", "a number"),
        ("2,000", "without separators: 2000"),
        ("2 000", "without separators: 2000"),
        ("2,5", "with a point: 2.5"),
        ("2k", "a number"),
        ("40%", "40, or 0.4 where a share is meant"),
        ("2000 m", "without a unit: 2000"),
        (".nan", "should be a number"),
    ],
)
def test_what_is_no_number(study: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        every_m(study, text)
    assert words in str(told.value)
    assert "2k" not in text or "without a unit" not in str(told.value)


def test_yes_is_no_number_in_a_list_or_deeper(study: Path) -> None:
    own = study.with_name("deep")
    own.mkdir(exist_ok=True)
    settings = (study / "study.yaml").read_text(encoding="utf-8")
    (own / "study.yaml").write_text(
        settings.replace("like: dem.tif", "crs: EPSG:32640\n  bounds: [yes, 0, 10, 10]\n  cell_m: 1"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"grid\.bounds.*'yes'"):
        resolve(str(own / "study.yaml"))
    (own / "study.yaml").write_text(
        settings.replace("wires_out:\n    width_m: 4", "007:\n    width_m: yes"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"designs\.007\.width_m: 'yes'"):
        resolve(str(own / "study.yaml"))


def test_true_and_false_stay_what_they_are_where_they_belong(study: Path) -> None:
    from scenarios.evidence.settings import EvidenceSettings

    assert EvidenceSettings.model_validate({"synthetic": True}).synthetic is True
