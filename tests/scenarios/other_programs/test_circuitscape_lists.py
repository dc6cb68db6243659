"""Text lists as spreadsheets of several countries write them: read rightly, or refused with the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rasters.errors import DataError
from scenarios.other_programs.circuitscape.lists import read_strengths, read_table, split_line


@pytest.mark.parametrize(
    "line",
    [
        "1 2.5 -3",
        "1,2.5,-3",
        "1, 2.5, -3",
        "1 2,5 -3",
        "1;2,5;-3",
        "1; 2.5; -3",
        "1\t2,5\t-3",
        "1 ; 2,5 ; -3,0",
        "1,\t2.5,\t-3",
    ],
)
def test_three_numbers(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text(line + "\n")
    assert read_table(tmp_path / "a.txt", 3, "value x y").tolist() == [[1.0, 2.5, -3.0]]


@pytest.mark.parametrize("line", ["1, 2,5, 3", "1,000.5 2 3", "1,2,3,4", "1 500,000,5 4", "1,5,2,5,3,5"])
def test_commas_that_may_mean_two_things_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text(f"9 9 9\n{line}\n")
    with pytest.raises(DataError, match=r"a\.txt: line 2: .*write value x y with decimal points"):
        read_table(tmp_path / "a.txt", 3, "value x y")


def test_further_columns_of_words_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# id amps\n1, 2.5, north\n2 1,5 south park\n")
    assert read_strengths(tmp_path / "a.txt") == {1: 2.5, 2: 1.5}


def test_utf16_and_gzip_are_read_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("1 2,5\r\n".encode("utf-16"))
    assert read_strengths(path) == {1: 2.5}
    whole = gzip.compress(b"1 2.5\n" * 50)
    path.write_bytes(whole)
    assert read_strengths(path) == {1: 2.5}
    path.write_bytes(whole[:-12])
    with pytest.raises(DataError, match=r"a\.txt: the file is damaged"):
        read_strengths(path)
    path.write_text("20240001001000001 1\n")
    with pytest.raises(DataError, match="not a whole number of at most 15 digits"):
        read_strengths(path)
    path.write_text("nan 1\n")
    with pytest.raises(DataError, match="nan is not a number"):
        read_strengths(path)


def test_a_line_that_can_be_read_in_two_ways_has_no_words() -> None:
    assert split_line("1, 2,5") is None
    assert split_line("1,5") == ["1", "5"]
