"""`otkel keys`: the keys of all files for people, machines and editors; JSON Schema takes what otkel takes and refuses what it refuses."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import OptionError
from scenarios.keys.describe import FILES, json_schema, tables_named
from scenarios.keys.new_study import write_minimal
from scenarios.study.documents import parse_yaml
from scenarios.study.load import LIBRARY
from tests.support.tiny_study import species_settings, study_settings

BUNDLED = [
    ("study", LIBRARY / "ustyurt/study.yaml"),
    ("matrix", LIBRARY / "ustyurt/batch.yaml"),
    *(("species", path) for path in sorted((LIBRARY / "ustyurt/species").glob("*.yaml"))),
]


def faults(kind: str, data: Any) -> list[str]:
    checker = jsonschema.Draft202012Validator(json_schema(kind))
    return [error.json_path for error in checker.iter_errors(data)]


@pytest.mark.parametrize("kind", FILES)
def test_each_schema_is_one(kind: str) -> None:
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False and schema["title"].startswith("otkel: ")
    assert any("description" in one for one in schema["properties"].values())


@pytest.mark.parametrize(("kind", "path"), BUNDLED, ids=lambda one: getattr(one, "stem", one))
def test_bundled_files_are_valid(kind: str, path: Path) -> None:
    assert faults(kind, parse_yaml(path.read_text(encoding="utf-8"))) == []


def test_minimal_and_tiny_files_are_valid(tmp_path: Path) -> None:
    write_minimal(tmp_path / "mine", (55, 42, 57, 44))
    assert faults("study", parse_yaml((tmp_path / "mine/study.yaml").read_text(encoding="utf-8"))) == []
    assert faults("species", parse_yaml((tmp_path / "mine/animal.yaml").read_text(encoding="utf-8"))) == []
    assert faults("study", study_settings()) == []
    assert faults("species", species_settings("walker", 8.0, 0.0)) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda study: study.update(speces={}), "$"),
        (lambda study: study["grid"].update(cell_m=-5), "$.grid"),
        (lambda study: study["candidates"].update(every_m="wide"), "$.candidates.every_m"),
        (lambda study: study.pop("routes"), "$"),
    ],
)
def test_what_otkel_refuses_an_editor_marks(change: Any, where: str) -> None:
    study = copy.deepcopy(study_settings())
    change(study)
    assert any(fault.startswith(where) for fault in faults("study", study))


def test_sections() -> None:
    assert len([key for table in tables_named(None) for key in table.keys]) > 200
    assert {table.file for table in tables_named("species")} == {"species"}
    assert next(table.place for table in tables_named("fences")) == "fences"
    assert {"fences.wires", "fences.model"} <= {table.place for table in tables_named("study.fences")}
    (one,) = tables_named("study.candidates.every_m")
    assert [(key.name, key.unit, key.default, key.required) for key in one.keys] == [("every_m", "m", "1000", False)]
    with pytest.raises(OptionError, match="unknown section 'fence'; did you mean 'fences'"):
        tables_named("fence")


def test_for_people_machines_and_editors() -> None:
    shown = CliRunner().invoke(app, ["keys", "candidates"])
    assert (
        shown.exit_code == 0
        and "candidates.every_m: a number greater than 0 [m]; default 1000; e.g. every_m: 1000" in shown.stdout
    )
    rows = json.loads(CliRunner().invoke(app, ["keys", "--json"]).stdout)["keys"]
    assert all(row["meaning"] and row["kind"] for row in rows) and {row["file"] for row in rows} == {*FILES}
    for options in (["--json-schema"], ["--json-schema", "--json"]):
        printed = CliRunner().invoke(app, ["keys", "species", *options])
        assert json.loads(printed.stdout) == json_schema("species")
    assert CliRunner().invoke(app, ["keys", "nothing"]).exit_code == 2
