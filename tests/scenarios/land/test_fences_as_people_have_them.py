"""Fence files of people and programs: heights and measures, cut names, other scripts, numbers as ids, receivers without a fix."""

from __future__ import annotations

import sqlite3
import struct
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString

from rasters.errors import DataError, PlannerWarning
from rasters.plain import look
from scenarios.land.fence_file import read_fences
from scenarios.land.inputs import study_grid
from scenarios.study.load import resolve
from tests.support.tiny_study import BORDER, CRS, INNER, at_km, edit, line_km, write_tiny_study

WEST = LineString([at_km(*BORDER[0]), at_km(*BORDER[1]), at_km(*BORDER[2])])
EAST = LineString([at_km(*BORDER[2]), at_km(*BORDER[3])])


def plain(settings: dict[str, Any], lines: list[str]) -> None:
    """Only these lines, in all scenarios."""
    settings["fences"] |= {"active": lines, "permeability": {}, "separations": []}
    settings["scenarios"] = {"closed": {"title": "Closed", "set": {}}}


def drawn(
    folder: Path,
    shapes: list[Any],
    lines: list[Any],
    *,
    active: list[str] | None = None,
    name: str = "fences.gpkg",
    **columns: list[Any],
) -> Path:
    """The tiny study with other fences."""
    write_tiny_study(folder, (lambda settings: plain(settings, active)) if active else None)
    ids = [f"border_{i}" for i in range(len(shapes))]
    frame = gpd.GeoDataFrame({"id": ids, "fence_line": lines} | columns, geometry=shapes, crs=CRS)
    (folder / "fences.gpkg").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(folder / name, **({"layer": "fences"} if name.endswith("gpkg") else {}))
    if name != "fences.gpkg":
        edit(folder, "fences", "file", value=name)
        edit(folder, "fences", "table", value=None)
    return folder


def fences_of(folder: Path, scenario: str = "closed") -> list[Any]:
    resolved = resolve(str(folder), scenario)
    return list(read_fences(resolved, study_grid(resolved)))


@pytest.mark.parametrize("height", [3.0, np.nan])
def test_heights_are_left_out(tmp_path: Path, height: float) -> None:
    xy = np.array(line_km(BORDER).coords)
    high = shapely.linestrings(np.column_stack([xy, np.full(len(xy), height)]))
    (fence,) = fences_of(drawn(tmp_path / "s", [high], ["border"], active=["border"]))
    assert not fence.line.has_z
    np.testing.assert_allclose(np.array(fence.line.coords), xy)


def test_measures_are_left_out(tmp_path: Path) -> None:
    """A LINESTRING M, as databases of roads keep them: type 2002 of ISO, which has three numbers a vertex."""
    folder = drawn(tmp_path / "s", [line_km(BORDER)], ["border"], active=["border"])
    xy = np.array(line_km(BORDER).coords)
    shape = struct.pack("<BII", 1, 2002, len(xy)) + b"".join(
        struct.pack("<ddd", x, y, 1000.0 * i) for i, (x, y) in enumerate(xy)
    )
    with sqlite3.connect(folder / "fences.gpkg") as database:
        database.execute("DROP TRIGGER IF EXISTS rtree_fences_geom_update6")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE gpkg_geometry_columns SET m = 2")
        database.execute("UPDATE fences SET geom = ?", (b"GP\x00\x01" + struct.pack("<i", 6933) + shape,))
    (fence,) = fences_of(folder)
    np.testing.assert_allclose(np.array(fence.line.coords), xy)


def test_names_that_a_shapefile_cut_are_found(tmp_path: Path) -> None:
    folder = drawn(
        tmp_path / "s",
        [line_km(BORDER)],
        ["border"],
        active=["border"],
        name="fences.shp",
        geometry_status=["surveyed"],
    )
    assert "geometry_s" in gpd.read_file(folder / "fences.shp").columns
    assert fences_of(folder)[0].geometry_status == "surveyed"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("b\u043erder", "CYRILLIC SMALL LETTER O"),
        ("\u0412order", "CYRILLIC"),
        ("border\u200b", "border"),
        ("bor\u00adder", "border"),
        ("bord\u0435r ", "CYRILLIC SMALL LETTER IE"),
        ("b\uff4frder", "border"),
        ("BORDER", "border"),
    ],
)
def test_a_line_that_only_looks_like_a_used_one_is_refused(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(DataError, match="did you mean 'border'") as told:
        fences_of(drawn(tmp_path / "s", [WEST, EAST, line_km(INNER)], ["border", text, "inner"]))
    assert hint in str(told.value)


def test_accents_written_apart_are_the_same_name(tmp_path: Path) -> None:
    composed = "gr\u00e4nze"
    apart = unicodedata.normalize("NFD", composed)
    assert composed != apart
    fences = fences_of(drawn(tmp_path / "s", [WEST, EAST], [composed, apart], active=[composed]))
    assert {fence.fence_line for fence in fences} == {composed}
    assert fences[1].start_m == pytest.approx(WEST.length)


def test_names_that_differ_to_people_stay_apart() -> None:
    names = ["border", "bored", "inner", "граница", "граница 2", "gränze", "granze", "line 1", "line 11"]
    assert len({look(name) for name in names}) == len(names)


@pytest.mark.parametrize("lines", [[1, 2], [1.0, 2.0], ["1", "2"]])
def test_whole_numbers_are_known_without_a_point(tmp_path: Path, lines: list[Any]) -> None:
    with pytest.warns(PlannerWarning, match="1 of 2 features are on fence lines that no scenario uses"):
        fences = fences_of(drawn(tmp_path / "s", [line_km(BORDER), line_km(INNER)], lines, active=["1"]))
    assert [fence.fence_line for fence in fences] == ["1", "2"]


def test_numbers_with_an_empty_row_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 of 2 features have none"):
        fences_of(drawn(tmp_path / "s", [line_km(BORDER), line_km(INNER)], [1, None], active=["1"]))


def test_a_line_of_the_study_that_a_scenario_sets_aside_is_used(tmp_path: Path) -> None:
    """`Border` and `border` are both active in the study; the scenario that opens all fences has no misspelt ones."""

    def two(settings: dict[str, Any]) -> None:
        settings["fences"] |= {"active": ["border", "Border"], "permeability": {}, "separations": []}

    folder = drawn(tmp_path / "s", [WEST, EAST, line_km(INNER)], ["border", "Border", "inner"])
    write_tiny_study(tmp_path / "t", two)
    (tmp_path / "t" / "study.yaml").rename(folder / "study.yaml")
    for scenario in ("closed", "free", "both"):
        assert len(fences_of(folder, scenario)) == 3


def test_a_receiver_without_a_fix_is_refused(tmp_path: Path) -> None:
    folder = drawn(tmp_path / "s", [line_km(BORDER)], ["border"], active=["border"])
    fences = gpd.read_file(folder / "fences.gpkg").to_crs(4326)
    xy = np.insert(np.array(fences.geometry[0].coords), 2, [0.0, 0.0], axis=0)
    (folder / "fences.gpkg").unlink()
    fences.set_geometry([LineString(xy)], crs=4326).to_file(folder / "fences.gpkg", layer="fences")
    with pytest.raises(DataError, match="1 vertices lie at longitude 0, latitude 0"):
        fences_of(folder)


def test_a_system_without_a_place_and_a_file_without_features_are_told(tmp_path: Path) -> None:
    folder = drawn(tmp_path / "s", [line_km(BORDER)], ["border"], active=["border"])
    fences = gpd.read_file(folder / "fences.gpkg")
    (folder / "fences.gpkg").unlink()
    fences.set_crs('LOCAL_CS["site",UNIT["metre",1]]', allow_override=True).to_file(
        folder / "fences.gpkg", layer="fences"
    )
    with pytest.raises(DataError, match="cannot be brought to"):
        fences_of(folder)
    (folder / "fences.gpkg").unlink()
    fences.iloc[:0].to_file(folder / "fences.gpkg", layer="fences")
    with pytest.raises(DataError, match="holds no features"):
        fences_of(folder)


def test_a_part_of_one_place_is_named_with_what_to_do(tmp_path: Path) -> None:
    point = LineString([at_km(20, 19), at_km(20, 19)])
    with pytest.raises(DataError, match="delete the part that is one place only"):
        fences_of(drawn(tmp_path / "s", [WEST, point], ["border", "border"], active=["border"]))
