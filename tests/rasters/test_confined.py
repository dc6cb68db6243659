"""Names that stand in data make no path out of their folder, on any system."""

from __future__ import annotations

from pathlib import Path

import pytest

from rasters.errors import DataError
from rasters.files.confined import below, confined
from tests.support.hostile import PATHS


@pytest.mark.parametrize("name", PATHS.values(), ids=list(PATHS))
def test_hostile_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing outside"):
        confined(tmp_path, "closed", name)
    with pytest.raises(DataError, match="nothing outside"):
        below(name, "walker")


@pytest.mark.parametrize(
    "name", ["closed", "closed+a@2000m/draw-0001", "a.b", "\u0436\u043e\u043b", "x" * 200, "console", "-2"]
)
def test_names_of_ours_are_taken(name: str, tmp_path: Path) -> None:
    assert confined(tmp_path, name, "walker") == tmp_path / name / "walker"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "out").symlink_to(elsewhere)
    (folder / "in").symlink_to(folder)
    with pytest.raises(DataError, match="over a link"):
        confined(folder, "out", "table.csv")
    assert confined(folder, "in", "table.csv") == folder / "in" / "table.csv"


def test_a_folder_that_is_itself_a_link_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "real")
    assert confined(tmp_path / "results", "a.csv") == tmp_path / "results" / "a.csv"
