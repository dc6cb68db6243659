"""The registry of columns: one unit, title and meaning for each, and nothing is written that it does not know."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from rasters.files.writing import write_geopackage
from scenarios.model.indicators import INDICATORS
from scenarios.outputs.audience import PARTNER_DEG
from scenarios.outputs.columns import COLUMNS, KINDS, UNITS, Column, column_dictionary, column_of, descriptions
from scenarios.outputs.tables import write_csv, write_vectors
from scenarios.records.content import source_files
from scenarios.statistics.rates import LEVEL


def test_each_column_stands_once_and_is_explained() -> None:
    keys = [(column.of, column.name) for column in COLUMNS]
    assert len(keys) == len(set(keys)) > 230
    for column in COLUMNS:
        assert (
            (column.title and column.title[0].isupper()) or column.title == "dPC" or column.title.startswith("dPC ")
        ), column
        assert column.meaning.endswith((".", "...")), column
        assert column.meaning[0].isalnum() and "no way" not in column.meaning, column


def test_units_have_one_spelling_and_all_are_used() -> None:
    assert {column.unit for column in COLUMNS} == set(UNITS)
    assert {column.kind for column in COLUMNS} == set(KINDS)


def test_numbers_that_sentences_state_are_those_of_the_code() -> None:
    told = [column.meaning for column in COLUMNS if "% interval" in column.meaning]
    assert told and all(f"{LEVEL:.0%}".replace("%", " %") in text.replace("90%", "90 %") for text in told)
    nodes = [column.meaning for column in COLUMNS if "nearest node" in column.meaning]
    assert len(nodes) == 2 and all(f"{PARTNER_DEG:g} degree grid" in text for text in nodes)


def test_words_have_no_unit_and_shares_are_plain_numbers() -> None:
    for column in COLUMNS:
        assert column.kind not in ("text", "flag") or column.unit in ("", "UTC"), column
        assert (column.kind != "share" or column.unit == "1") and (
            column.kind != "position" or column.unit == "degrees"
        )


def test_the_model_and_the_registry_agree_on_units_of_indicators() -> None:
    """The model does not import the registry, so that kept solves do not depend on its sentences."""
    assert {name: column_of(name, "indicators").unit for name in INDICATORS} == INDICATORS


def test_what_a_command_means_by_a_name_goes_before_what_all_mean() -> None:
    assert column_of("crossings", "corridors").kind == "text" and column_of("crossings", "evidence").kind == "number"
    assert column_of("crossings", "evidence share") == column_of("crossings", "evidence")
    assert column_of("site", "evidence share").meaning.startswith("Number of a place")
    assert column_of("rank", "evidence share") == column_of("rank")


def test_a_pattern_says_whose_the_column_is_and_the_longest_holds() -> None:
    assert column_of("share_reserves").title == "In reserves"
    assert column_of("share_KZ").meaning == "Share of its length in KZ."
    assert column_of("score_saiga").title == "Score, saiga"


def test_a_column_that_nobody_explained_is_not_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"candidate": ["a"], "newest_idea": [1.0]})
    with pytest.raises(KeyError, match="newest_idea"):
        write_csv(tmp_path / "t.csv", table)
    layer = gpd.GeoDataFrame(table, geometry=[shapely.Point(0, 0)], crs="EPSG:4326")
    with pytest.raises(KeyError, match="newest_idea"):
        write_vectors(tmp_path / "t.gpkg", {"t": layer})
    assert list(tmp_path.iterdir()) == []
    own = {
        "newest_idea": Column(name="newest_idea", unit="m", title="Idea", meaning="What a user named.", kind="number")
    }
    write_csv(tmp_path / "t.csv", table, own=own)
    assert column_dictionary({"t.csv": table}, own=own)["unit"].tolist() == ["", "m"]


def test_a_geopackage_says_what_its_columns_are(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"along_m": [3.0]}, geometry=[shapely.Point(0, 0)], crs="EPSG:4326")
    path = write_vectors(tmp_path / "t.gpkg", {"spots": layer})
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, title, description FROM gpkg_data_columns"
        ).fetchall()
        extensions = connection.execute("SELECT table_name, extension_name FROM gpkg_extensions").fetchall()
    assert rows == [("spots", "along_m", "Along the fence", "Distance from the start of the fence line. [m]")]
    assert ("gpkg_data_columns", "gpkg_schema") in extensions
    assert gpd.read_file(path, layer="spots")["along_m"].tolist() == [3.0]
    twice = write_geopackage(tmp_path / "u.gpkg", {"spots": layer}, columns=descriptions({"spots": layer}))
    assert twice.read_bytes() == path.read_bytes()


def test_a_sentence_about_a_column_leaves_kept_solves_valid() -> None:
    assert not [path for path in source_files("scenarios.model.species_run") if "outputs" in Path(path).parts]


def test_positions_have_one_name_in_files(tmp_path: Path) -> None:
    """Whatever they are called in the program."""
    table = pd.DataFrame({"candidate": ["a"], "x": [1.0], "y": [2.0], "lon": [56.0], "lat": [43.0]})
    filed = ["candidate", "x_m", "y_m", "lon_deg", "lat_deg"]
    assert pd.read_csv(write_csv(tmp_path / "a.csv", table)).columns.tolist() == filed
    assert column_dictionary({"a.csv": table})["column"].tolist() == filed
    assert {column.name for column in COLUMNS}.isdisjoint({"x", "y", "lon", "lat"})
