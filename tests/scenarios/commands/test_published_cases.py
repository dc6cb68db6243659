"""Published cases as their pages run them, from the command line.

Their studies are older than what a fence is worth: `todays` says at which scale their two permeabilities were measured, which a study must
say, and leaves the fence model the length of the present formula. Nothing else is changed.
"""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from cli import app
from tests.support.places import SHARED

CASES = SHARED / "cases"
pytestmark = [
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there"),
    pytest.mark.filterwarnings("always"),
]
SCALE: dict[str, Any] = {"per": "encounter", "scale_m": 40_000 / math.pi, "origin": "made up"}


def todays(case: str, folder: Path) -> Path:
    """A copy of a case's study with its permeabilities as they are stated today."""
    shutil.copytree(CASES / case / "study" if case else CASES / "study", folder)
    study, digger = (yaml.safe_load((folder / name).read_text()) for name in ("study.yaml", "digger.yaml"))
    study["fences"]["permeability"]["inner"]["digger"] = {"value": 0.9, **SCALE}
    study["fences"]["model"] = {"free_path_m": 1000, "reach_m": 1000, "origin": "made up"}
    digger["permeability"]["default"] |= SCALE
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    (folder / "digger.yaml").write_text(yaml.safe_dump(digger, sort_keys=False))
    return folder


def told(*words: object) -> tuple[int, str]:
    """Exit code of a command and all that it says, on one line."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, " ".join(done.output.split())


def selected(study: Path, out: Path) -> pd.DataFrame:
    code, said = told("run", study, "--scenario", "closed", "--no-cache", "--out", out)
    assert code == 0, said
    table = pd.read_csv(out / "closed" / "combined.csv")
    return table[table["selected"]].sort_values("x_m")


def test_a_bare_permeability_is_refused_with_what_to_write() -> None:
    code, said = told("check", CASES / "11-mercator-metres" / "study")
    assert code == 4 and "fences.permeability.inner.digger: 0.9: does not say at which scale it was measured" in said


def test_08_parts_out_of_order(tmp_path: Path) -> None:
    case = "08-multilinestring-out-of-order"
    ours = selected(todays(case, tmp_path / "ours"), tmp_path / "a")
    ordered = todays(case, tmp_path / "ordered")
    shutil.copy(CASES / case / "fences_in_order.gpkg", ordered / "fences.gpkg")
    theirs = selected(ordered, tmp_path / "b")
    assert ours["along_m"].tolist() == pytest.approx(theirs["along_m"].tolist(), abs=30)
    xy = ours[["x_m", "y_m"]].to_numpy()
    gaps = np.hypot(*np.diff(xy, axis=0).T)
    assert len(ours) >= 5 and ours["along_m"].is_monotonic_increasing and gaps.min() > 5900


@pytest.mark.parametrize(
    ("file", "words"),
    [("study/fences.gpkg", "1 of 4 features have none: b1"), ("fences_trailing_space.gpkg", "did you mean 'border'?")],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_10_a_piece_without_a_line(tmp_path: Path, file: str, words: str, command: str) -> None:
    case = "10-empty-fence-line"
    study = todays(case, tmp_path / "study")
    shutil.copy(CASES / case / file, study / "fences.gpkg")
    more = ("--scenario", "closed", "--species", "walker", "--out", tmp_path / "out") if command == "run" else ()
    code, said = told(command, study, *more)
    assert code == 4 and words in said and not (tmp_path / "out").exists()


def test_11_metres_of_mercator(tmp_path: Path) -> None:
    study = todays("11-mercator-metres", tmp_path / "study")
    for words in (
        ("run", study, "--scenario", "closed", "--species", "digger", "--out", tmp_path / "a"),
        ("check", study),
    ):
        code, said = told(*words)
        assert code == 0, said
        assert re.search(r"EPSG:3857: a metre on the ground is 1\.3\d.*UTM zone 40N", said), said


def used(case: str, tmp_path: Path) -> tuple[int, str, pd.DataFrame]:
    study = todays("", tmp_path / "study")
    code, said = told("evidence", study, CASES / case, "--no-ranking", "--out", tmp_path / "out")
    file = tmp_path / "out" / "passage_use.csv"
    return code, said, pd.read_csv(file) if file.is_file() else pd.DataFrame()


def test_12_days_first(tmp_path: Path) -> None:
    code, said, _ = used("12-day-first-dates/dmy_dots_noformat", tmp_path)
    assert code == 4 and "01.03.2024" in said and "time_format" in said


def test_12_days_first_as_stated(tmp_path: Path) -> None:
    """2 visits in the 91 days from 1 March to 31 May."""
    code, said, table = used("12-day-first-dates/dmy_format", tmp_path)
    walker = table.set_index("species").loc["walker"]
    assert code == 0 and "91 camera-days from 2024-03-01 to 2024-05-31" in said
    assert (walker["days"], walker["crossings"], walker["period"]) == (91, 2, "after")
    assert walker["low_per_100"] < 100 * 2 / 91 < walker["high_per_100"]


@pytest.mark.parametrize(("name", "days", "warnings"), [("gap1", 25, 0), ("gap2", 19, 0), ("gap_event", 24, 1)])
def test_13_every_gap_counts(tmp_path: Path, name: str, days: int, warnings: int) -> None:
    code, said, table = used(f"13-several-gaps/{name}", tmp_path)
    assert code == 0 and f"watched for {days} camera-days" in said and set(table["days"]) == {days}
    file = tmp_path / "out" / "warnings.csv"
    told_of = file.read_text() if file.is_file() else ""
    assert ("gap" in told_of and "2024-03-12" in told_of) == bool(warnings), told_of


def test_13_a_reversed_gap(tmp_path: Path) -> None:
    code, said, _ = used("13-several-gaps/gap_rev", tmp_path)
    assert code == 4 and "'gap:2024-03-09/2024-03-05': ends before it begins" in said
