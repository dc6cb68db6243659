"""Paths that a study names lie beside it: no whole ones, none with `..`, none that some system would take for something else."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from scenarios.study.base import FileName

FILE_NAME = TypeAdapter(FileName)


@pytest.mark.parametrize("path", ["../other.tif", "maps/../../other.tif", "maps/.."])
def test_a_path_out_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="must not climb out"):
        FILE_NAME.validate_python(path)


@pytest.mark.parametrize(
    "path", ["/results/crime/risk.tif", "C:\\maps\\dem.tif", "c:dem.tif", "~/dem.tif", "\\\\host\\dem.tif"]
)
def test_a_whole_path_is_refused_and_says_what_to_do(path: str) -> None:
    with pytest.raises(
        ValidationError, match=r"is a whole path; .*put the file, or a copy of it, beside the one that names it"
    ):
        FILE_NAME.validate_python(path)


@pytest.mark.parametrize(
    "path",
    ["other.tif", "maps/other.tif", "maps/two..dots.tif", ".hidden/risk.tif", "\u043a\u0430\u0440\u0442\u0430.tif"],
)
def test_a_path_in_the_folder_is_taken(path: str) -> None:
    assert FILE_NAME.validate_python(path) == path
