"""What is wrong in a settings file is told in words of ours: file, line, key, the value, what should stand there, an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from rasters.errors import ConfigError
from scenarios.batch.schema import Matrix
from scenarios.crime.settings import CrimeSettings
from scenarios.evidence.overlay import Overlay
from scenarios.evidence.settings import EvidenceSettings
from scenarios.study.base import Model
from scenarios.study.documents import Document, parse_yaml, read_document, validate
from scenarios.study.load import resolve
from scenarios.study.schema import ScenarioFile, Study
from scenarios.study.shapes import Expected, example_of, keys_of
from scenarios.study.species import SpeciesFile
from tests.support.hostile import HOSTILE
from tests.support.tiny_study import edit, species_settings, study_settings, write_tiny_study, write_yaml

FILES: tuple[type[Model], ...] = (Study, SpeciesFile, ScenarioFile, CrimeSettings, EvidenceSettings, Overlay, Matrix)
RAW = re.compile(
    r"input should|value_error|value error|validation error|union_tag|type=|errors\.pydantic|field required|extra inputs|"
    r"unable to|function-|constrained-|literal\[|input_|should match pattern|not permitted|\bstrings?\b|\binteger|\bfloat\b|"
    r"\bdict(ionary)?\b|\btuple\b|isoformat|NoneType|<class",
    re.IGNORECASE,
)
"""What pydantic and Python say, and nobody should have to read."""
WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "x",
    "12 m",
    "1,5",
    "2024-13-45",
    [],
    ["x", 3],
    [[1]],
    [1, 2, 3],
    {},
    {"x": 1},
    {"value": "x", "orign": 1},
    {1: 2},
    [None],
    "../up",
    *HOSTILE.values(),
)


def models(kind: type[Model] = Model) -> Iterator[type[Model]]:
    for below in kind.__subclasses__():
        yield below
        yield from models(below)


def told_of(model: type[BaseModel], data: Any) -> list[str]:
    """The message about these settings, by line; empty where they are taken."""
    try:
        validate(model, data, Document(path=Path("it.yaml"), data=data, lines={}))
    except ConfigError as error:
        return str(error).splitlines()
    return []


def said(model: type[BaseModel], data: Any, folder: Path) -> list[str]:
    """The same of a file."""
    write_yaml(folder / "it.yaml", data)
    document = read_document(folder / "it.yaml")
    with pytest.raises(ConfigError) as caught:
        validate(model, document.data, document)
    return str(caught.value).splitlines()


def everything(model: type[Model]) -> dict[str, Any]:
    """A file with an example at every key."""
    return {name: example_of(expected) for name, expected in keys_of(Expected.of(model)).items()}


def deepest(data: Any, key: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a file, from the top."""
    if key:
        yield key
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list | tuple) else ()
    for name, inner in pairs:
        yield from deepest(inner, (*key, name))


def with_value(data: Any, key: tuple[Any, ...], value: Any) -> Any:
    if not key:
        return value
    copied = dict(data) if isinstance(data, dict) else dict(enumerate(data))
    copied[key[0]] = with_value(copied[key[0]], key[1:], value)
    return copied if isinstance(data, dict) else list(copied.values())


@pytest.mark.parametrize("model", sorted(set(models()), key=lambda one: one.__name__), ids=lambda one: one.__name__)
def test_every_example_would_be_taken(model: type[Model]) -> None:
    for name, field in model.model_fields.items():
        kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        example = example_of(keys_of(Expected.of(model))[field.alias or name])
        again = parse_yaml(yaml.safe_dump(example))
        TypeAdapter(kind).validate_python(again)
    if model.example:
        model.model_validate(parse_yaml(model.example))


@pytest.mark.parametrize("model", FILES, ids=lambda one: one.__name__)
def test_no_message_is_pydantics(model: type[Model]) -> None:
    """Each kind of wrong value at every place of each file."""
    whole = everything(model)
    written = 0
    for key in deepest(whole):
        for value in WRONG:
            for line in told_of(model, with_value(whole, key, value)):
                written += 1
                ours = line.replace(repr(value)[:70], "")
                assert line.startswith("it.yaml: "), line
                assert not RAW.search(ours), line
    assert written > 100


def test_a_file_with_faults_everywhere_lists_each_once(tmp_path: Path) -> None:
    settings = study_settings()
    settings["grid"] = {"crs": "EPSG:32640", "bounds": [1, 2, 3], "cell_m": "500 m"}
    settings["designs"]["wires_out"] = {"width_m": "4,5", "clearance_m": "none", "months": [3, 13], "costs": 2}
    settings["candidates"]["every_m"] = None
    del settings["regions"]["file"]
    settings["solver"] = {"neighbours": 6}
    settings["fences"]["table"] = 7
    settings["fences"]["permeability"]["inner"]["digger"] = 0.4
    settings["designs"]["Gate 1"] = {"width_m": 4}
    settings["context"] = {5: "borders.gpkg"}
    lines = [line.split("it.yaml:", 1)[1].split(": ", 1)[1] for line in said(Study, settings, tmp_path)]
    assert sorted(lines) == sorted(
        [
            "grid.bounds: [1, 2, 3]: should be a list of four numbers: xmin, ymin, xmax, ymax; "
            "e.g. bounds: [500000, 4800000, 600000, 4900000]",
            "grid.cell_m: '500 m': should be a number greater than 0; write it without a unit: 500; e.g. cell_m: 1000",
            "designs.wires_out.width_m: '4,5': should be a number greater than 0; write decimals with a point: 4.5; e.g. width_m: 1000",
            "designs.wires_out.clearance_m: 'none': should be a number greater than 0, or open; e.g. clearance_m: 1000",
            "designs.wires_out.months[1]: 13: should be a whole number from 1 to 12; e.g. months: [6]",
            "designs.wires_out.costs: unknown key; did you mean 'cost'?",
            "designs.Gate 1: the name 'Gate 1' should be a short name of small letters, digits, - and _, beginning with a letter or "
            "digit; a number or a word like yes as a name needs quotes around it",
            "candidates.every_m: is empty: should be a number greater than 0; e.g. every_m: 1000",
            "regions.file: is missing; add it, e.g. file: north.gpkg",
            "solver.neighbours: 6: should be 4 or 8; e.g. neighbours: 8",
            "fences.table: 7: should be text; put quotes around it; e.g. table: name",
            "fences.permeability.inner.digger: 0.4: does not say at which scale it was measured, and the same share is worth "
            "kilometres per encounter and metres per step; write e.g. {value: 0.3, per: encounter, scale_m: 1000, origin: where from}, "
            "{worth_km: 120, origin: assumption}, or {value: 0, origin: sealed}; see the page on fences",
            "context.5: the name '5' should be borders, countries, roads, water or settlements; "
            "a number or a word like yes as a name needs quotes around it",
        ]
    )


def test_names_of_what_is_not_there_stand_on_a_line_each(tmp_path: Path) -> None:
    settings = study_settings()
    settings["candidates"]["design"] = "wire_out"
    settings["layers"]["slope_percent"] = {"derive": "slope_percent", "source": "den"}
    settings["designs"]["bridge"]["use_factor"] = {"walkr": 0.5}
    settings["done"] = ["plant"]
    lines = said(Study, settings, tmp_path)
    assert [line.split("it.yaml:", 1)[1].split(": ", 1)[1] for line in lines] == [
        "designs.bridge.use_factor: unknown species 'walkr'; did you mean 'walker'?; choose one of walker, digger",
        "layers.slope_percent.source: unknown layer 'den'; did you mean 'dem'?; choose one of dem, slope_percent, water",
        "candidates.design: unknown design 'wire_out'; did you mean 'wires_out'?; choose one of wires_out, bridge",
        "done[0]: unknown action 'plant'; there is none",
    ]
    numbers = [int(line.split("it.yaml:", 1)[1].split(":")[0]) for line in lines]
    assert all(number > 1 for number in numbers)


def test_a_day_that_is_none(tmp_path: Path) -> None:
    passage = {"id": "p", "candidate": "c", "design": "d", "opened": "2024-02-30"}
    (line,) = said(EvidenceSettings, {"passages": [passage]}, tmp_path)
    assert line.endswith(
        "passages[0].opened: '2024-02-30': should be a day of the calendar, written YYYY-MM-DD; e.g. opened: '2024-05-31'"
    )


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (line,) = said(SpeciesFile, species_settings("x", 8.0, 0.5) | {"status": "y" * 5000}, tmp_path)
    assert "status: 'yyyyy" in line and len(line) < 400


def test_faults_reach_people_through_a_command(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    edit(study, "fences", "model", "reach_m", value="1 km")
    with pytest.raises(ConfigError, match=r"study\.yaml:\d+: fences\.model\.reach_m: '1 km': should be a number"):
        resolve(str(study))
