"""A short round of the fuzz harness, and every kind of input that has stopped a reader otherwise than by a clear error."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from tests.hostile import fuzz
from tests.hostile.readers import READERS

INPUTS = 6
SLOW = {"kept steps", "camera traps", "plain tables"}
"""Readers of which the short round tries a few inputs only."""


@pytest.fixture(autouse=True)
def stored_run(small_study: Path, small_run: Summary[Contents], monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of results take the run that all tests share."""

    def write(folder: Path) -> None:
        shutil.copytree(small_study, folder / "study")
        shutil.copytree(small_run.folder, folder / "run")

    for name in ("manifest (--from)", "results: manifest", "results: files"):
        monkeypatch.setitem(READERS, name, replace(READERS[name], write=write, deep=None))


@pytest.mark.parametrize("name", READERS)
def test_a_broken_input_is_refused_or_read(name: str, tmp_path: Path) -> None:
    desk = fuzz.Desk(name, tmp_path)
    for number in range(1, 3 if name in SLOW else 1 + INPUTS):
        end = desk.read(desk.input(number, seed=20))
        assert end.how in ("accepted", "refused"), f"{number}: {end.kind}\n{end.text}"


def test_the_same_seed_breaks_the_same_way(tmp_path: Path) -> None:
    desk = fuzz.Desk("names (--out)", tmp_path / "one")
    again = fuzz.Desk("names (--out)", tmp_path / "two")
    inputs = [desk.input(number, seed=1) for number in range(50)]
    assert inputs == [again.input(number, seed=1) for number in range(50)]
    assert len({one.content for one in inputs}) > 40


def test_a_kept_input_is_read_again(tmp_path: Path) -> None:
    one = fuzz.Desk("names (--out)", tmp_path / "desk").input(3, seed=1)
    one.write(tmp_path / "kept.json")
    assert fuzz.Input.read(tmp_path / "kept.json") == one
    assert fuzz.replay(tmp_path / "kept.json").how in ("accepted", "refused")
