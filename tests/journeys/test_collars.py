"""The tutorial on collars: every command as it stands there, on a study of 40 x 40 cells."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from tests.support.journey import Journey
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

PAGE = ROOT / "docs/tutorial/collars.md"


def commands(study: Path) -> list[list[str]]:
    """Of the page, with the small study in place of the bundled one."""
    lines = [
        line.split()[1:] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("       otkel ")
    ]
    small = {"ustyurt": str(study), "urial": "digger", "120": "60"}
    out = []
    for words in lines:
        kept = [small.get(word, word) for i, word in enumerate(words) if word != "--set" and words[i - 1] != "--set"]
        out.append(kept if words[0] == "compare" else [*kept, "--scenario", "closed"])
    return out


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    user, asked = Journey(folder=tmp_path), commands(study)
    assert [words[0] for words in asked] == ["tracks", "run", "tracks", "run", "compare"]
    said = [user.command(*words) for words in asked]
    truth = json.loads((tmp_path / "demo/collars/truth.json").read_text())["weights"]["digger"]["border"]
    crossing = pd.read_csv(tmp_path / "demo/tracks/crossing.csv").set_index("species").loc["digger"]
    assert crossing["low"] <= truth <= crossing["high"] and crossing["status"] == "updated"
    assert "evidence: fences.permeability.border.digger" in said[3].stderr
    before, after = (
        pd.read_csv(tmp_path / f"demo/{name}/closed/digger/passages.csv") for name in ("stated", "measured")
    )
    assert not before["gain"].equals(after["gain"]) if "gain" in before else not before.equals(after)
    maps = pd.read_csv(tmp_path / "demo/tracks/prediction.csv")
    assert set(maps["map"]) == {"current density", "corridor", "low resistance"} and (maps["animals"] == 8).all()
    page = (tmp_path / "demo/tracks/index.html").read_text(encoding="utf-8")
    assert "tried at 8 animals" in page and "fits best" in page and "SYNTHETIC" in page
    assert (tmp_path / "demo/comparison").is_dir()
