"""Temporary files and folders: what a killed process left is gone when the next one makes its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rasters.errors import ExportError
from rasters.files.scratch import HOST, own_mark, scratch_folder
from rasters.files.writing import replacing


def dead_process() -> int:
    """The number of a process that has just ended."""
    return int(
        subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True).stdout
    )


def test_a_scratch_folder_goes_with_all_in_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), scratch_folder(".x-", tmp_path) as folder:
        (folder / "inner").mkdir()
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == []


def test_only_what_the_dead_of_this_machine_left_is_removed(tmp_path: Path) -> None:
    dead = dead_process()
    gone = tmp_path / f".x-{HOST}-{dead}.abc"
    (gone / "deep").mkdir(parents=True)
    kept = [
        tmp_path / f".x-{own_mark()}.abc",
        tmp_path / f".x-000000-{dead}.abc",
        tmp_path / f".y-{HOST}-{dead}.abc",
        tmp_path / ".x-notes",
    ]
    for path in kept:
        path.mkdir()
    with scratch_folder(".x-", tmp_path) as folder:
        assert {*tmp_path.iterdir()} == {*kept, folder}


def test_a_part_of_a_killed_writer_goes_when_the_file_is_written(tmp_path: Path) -> None:
    left = tmp_path / f".table.{HOST}-{dead_process()}.part.csv"
    left.write_text("half", encoding="utf-8")
    with replacing(tmp_path / "table.csv") as part:
        part.write_text("whole", encoding="utf-8")
    assert list(tmp_path.iterdir()) == [tmp_path / "table.csv"]


def test_a_name_that_is_too_long_is_an_error_of_writing(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="could not be written"), replacing(tmp_path / ("n" * 300)) as part:
        part.write_text("x", encoding="utf-8")
