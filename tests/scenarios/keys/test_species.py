"""The species library: what it has and says, and files to fill in that keep every value and lose none."""

from __future__ import annotations

import re
from pathlib import Path

import otkel
import pytest
import yaml
from typer.testing import CliRunner

from cli import app
from rasters.errors import OptionError
from scenarios.exit_codes import ExitCode
from scenarios.keys.describe import tables_of
from scenarios.keys.species_list import list_species, numbers_in, read_library, show_species
from scenarios.keys.species_new import new_species, species_text
from scenarios.land.bodies import through_design
from scenarios.region.profiles import region_profile, species_names
from scenarios.region.writing import DESIGNS, LAYERS
from scenarios.study.load import bundled_profiles, resolve
from scenarios.study.species import SpeciesFile
from tests.support.tiny_study import write_tiny_study

NAMES = [*bundled_profiles()]
LIBRARY = ("argali", "lynx", "markhor", "saiga", "wolf")
"""Those that are forms to fill in."""


def test_the_library_has_those_of_the_studies_and_more() -> None:
    assert {"kulan", "goitered_gazelle", "leopard", "urial", *LIBRARY} == set(NAMES)
    assert species_names() == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_is_valid_named_in_three_languages_and_no_more_than_a_placeholder(name: str) -> None:
    file = read_library(name)
    assert file.id == name and file.status == "expert placeholder" and all(file.label.model_dump().values())
    assert len(file.assumptions) == len(file.assumptions_ru) == len(file.assumptions_kk) > 0
    numbers = numbers_in(file.model_dump())
    assert len(numbers) > 20 and all(origin for _, origin in numbers)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_form_calls_every_number_an_assumption_and_fits_where_it_says_it_goes(name: str) -> None:
    file = read_library(name)
    open_claims = {
        o for _, o in numbers_in(file.model_dump(exclude={"sensitivity_deg"})) if not re.search("assum|placeholder", o)
    }
    assert not open_claims
    study, profile = resolve("ustyurt").study, file.to_profile()
    for design, use in profile.use_factor.items():
        assert use.value == 0 or not through_design(study, design, profile).fit.impossible, design
    region = region_profile(name, LAYERS, DESIGNS).data
    SpeciesFile.model_validate(region)
    assert {row["layer"] for row in region["rules"]} <= set(LAYERS) and "landcover" in {
        row["layer"] for row in region["rules"]
    }


def test_the_list_counts_what_is_assumed() -> None:
    rows = {row["name"]: row for row in list_species().rows}
    assert list(rows) == NAMES
    assert rows["kulan"]["border_fence"].startswith("shut out") and rows["urial"]["border_fence"].startswith(
        "fits (weak places"
    )
    assert all(0 < row["assumed"] <= row["numbers"] for row in rows.values())
    text = "rules: [{origin: measured, points: [{at: 0, value: 2}, {at: 1, value: 3, origin: guessed}]}]\nhome: {value: 4, origin: seen}"
    assert numbers_in(yaml.safe_load(text)) == [(2, "measured"), (3, "guessed"), (4, "seen")]


def test_what_is_shown_is_what_the_file_says() -> None:
    shown = show_species("urial")
    rows = {(row["what"], row["where"]): row for row in shown.rows}
    assert rows["rules.escape_terrain_distance_m", "at 2000 m"]["value"] == 10
    near = rows["rules.settlement_distance_m", "below 1000 m"]
    assert near["value"] == 50 and "Khojir study" in near["origin"]
    assert rows["rules.settlement_distance_m", "from 3000 m on"]["value"] == 1
    assert rows["permeability.default", "worth_km"] | {"origin": ""} == {
        "what": "permeability.default",
        "where": "worth_km",
        "value": 950,
        "unit": "km",
        "origin": "",
        "curve": False,
    }
    assert rows["dispersal_km", ""]["unit"] == "km" and shown.assumptions == read_library("urial").assumptions
    assert ("rules.slope_percent", "exponent to read it on cells of 30 m") in {
        (row["what"], row["where"]) for row in show_species("kulan").rows
    }
    printed = CliRunner().invoke(app, ["species", "show", "urial"], env={"COLUMNS": "200"}).stdout
    bars = [line.count("█") for line in printed.splitlines() if "0 m " in line and "█" in line]
    assert max(bars) == 20 and min(bars) == 1


@pytest.mark.parametrize("source", [None, *NAMES])
def test_a_new_file_explains_every_key_and_keeps_every_value(source: str | None) -> None:
    text = species_text("marten", source)
    data = yaml.safe_load(text)
    SpeciesFile.model_validate(data)
    explained = {found.group(1) for found in re.finditer(r"^# +(\w+)\*?: ", text, re.MULTILINE)}
    missing = {key.name for table in tables_of("species") for key in table.keys} - explained
    assert not missing
    assert max(map(len, text.splitlines())) < 200
    if source is not None:
        assert data == yaml.safe_load(bundled_profiles()[source].read_text(encoding="utf-8")) | {"id": "marten"}
    else:
        assert {origin for _, origin in numbers_in(data)} == {"PLACEHOLDER"}


def test_in_a_study_a_new_file_is_one_of_its_species(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    done = CliRunner().invoke(app, ["species", "new", "marten", "--from", "wolf", "--into", str(study)])
    assert done.exit_code == ExitCode.OK and "marten: { profile: species/marten.yaml }" in done.stdout
    file = study / "species/marten.yaml"
    before = file.read_bytes()
    again = CliRunner().invoke(app, ["species", "new", "marten", "--into", str(study)])
    assert again.exit_code == ExitCode.USAGE and "marten.yaml: is there already; choose another name" in again.stderr
    assert file.read_bytes() == before and [path.name for path in file.parent.iterdir()] == ["marten.yaml"]


def test_what_cannot_be_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    for name in ("Marten", "my-marten", "../marten", "", "_x", "1x"):
        with pytest.raises(OptionError, match="should be a short name of small letters"):
            new_species(name, tmp_path)
    with pytest.raises(OptionError, match="unknown species 'urail'; did you mean 'urial'"):
        new_species("marten", tmp_path, "urail")
    with pytest.raises(OptionError, match="there is no such folder"):
        new_species("marten", tmp_path / "none")
    with pytest.raises(OptionError, match="choose one of"):
        show_species("cow")
    assert not list(tmp_path.iterdir())


def test_for_scripts(tmp_path: Path) -> None:
    assert list(otkel.species()["name"]) == NAMES
    shown = otkel.show_species("saiga")
    assert list(shown.columns) == ["what", "where", "value", "unit", "origin"] and len(shown.attrs["assumptions"]) == 2
    assert otkel.new_species("marten", into=tmp_path, source="wolf").path.is_file()
