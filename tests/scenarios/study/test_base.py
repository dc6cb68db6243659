"""Paths that a study names: beside it, or whole ones, as the scenario of `otkel crime` names its risk map; never with `..`."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from scenarios.study.base import FileName

FILE_NAME = TypeAdapter(FileName)


@pytest.mark.parametrize("path", ["../other.tif", "maps/../../other.tif", "/maps/../other.tif"])
def test_a_path_out_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="must not climb out"):
        FILE_NAME.validate_python(path)


@pytest.mark.parametrize("path", ["other.tif", "maps/other.tif", "maps/two..dots.tif", "/results/crime/risk.tif"])
def test_a_path_in_the_folder_or_a_whole_one_is_taken(path: str) -> None:
    assert FILE_NAME.validate_python(path) == path
