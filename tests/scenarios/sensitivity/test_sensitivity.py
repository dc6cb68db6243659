"""What an indicator hangs on: numbers of the profile against new solves, the squares that matter, and the folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError
from scenarios.commands.planning import SLOPED
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.landscape import Landscape
from scenarios.sensitivity.indicators import BETTER, INDICATORS, TITLES, derivative_of
from scenarios.sensitivity.parameters import parameter_table
from scenarios.sensitivity.places import surfaces_of, top_places
from scenarios.study.load import resolve
from tests.scenarios.sensitivity.test_derivatives import EXACT


def test_the_command_knows_every_indicator() -> None:
    """The names are written twice, so that the command starts without the solvers."""
    assert tuple(INDICATORS) == SLOPED and set(TITLES) == set(BETTER) == set(SLOPED)


def _land(study: Path, species: str, changes: dict[str, float]) -> Landscape:
    resolved = resolve(str(study), "opened", EXACT)
    inputs = read_inputs(resolved, [species])
    profile = inputs.profiles[species].with_parameters(changes)
    return Landscape(prepare_species(resolved, replace(inputs, profiles={species: profile}), species))


@pytest.mark.parametrize("indicator", ["conductance", "arriving", "given_back"])
@pytest.mark.parametrize("species", ["digger", "walker"])
def test_elasticities_are_those_of_new_solves(small_study: Path, species: str, indicator: str) -> None:
    """Every number of the profile that moves smoothly, raised and lowered by a little and everything solved again."""
    land = _land(small_study, species, {})
    found = derivative_of(land, indicator)
    table = parameter_table(land.prepared, found).set_index("parameter")
    smooth = table[(table["status"] == "smooth") & ~table.index.isin(found.more)]
    assert len(smooth) >= 2
    for name, row in smooth.iterrows():
        step = 1e-4 * row["stated"]
        high, low = (
            derivative_of(_land(small_study, species, {str(name): row["stated"] + side * step}), indicator).value
            for side in (1, -1)
        )
        solved = (high - low) / (2 * step) * row["stated"] / found.value
        said = 0.5 * (row["elasticity_up"] + row["elasticity_down"])
        assert said == pytest.approx(solved, rel=2e-4, abs=1e-7), name


@pytest.mark.parametrize(("indicator", "key"), [("arriving", "mortality.reach_km"), ("eca", "dispersal_km")])
def test_numbers_beside_the_land_have_slopes_too(small_study: Path, indicator: str, key: str) -> None:
    """How far an animal gets before it dies, and how far it disperses."""
    land = _land(small_study, "digger", {})
    found = derivative_of(land, indicator)
    stated, slope = found.more[key]

    def value(factor: float) -> float:
        if key == "mortality.reach_km":
            resolved = resolve(str(small_study), "opened", EXACT | {key: stated * factor})
            again = prepare_species(resolved, read_inputs(resolved, ["digger"]), "digger")
        else:
            far = replace(land.prepared.profile.dispersal_km, value=stated * factor)
            again = replace(land.prepared, profile=replace(land.prepared.profile, dispersal_km=far))
        return derivative_of(Landscape(again), indicator).value

    step = 1e-4
    assert slope == pytest.approx((value(1 + step) - value(1 - step)) / (2 * step), rel=1e-5)


def test_restoring_a_square_brings_at_least_what_is_said(small_study: Path) -> None:
    """Resistance is concave in the land, so its tangent promises less than the whole change brings."""
    land = _land(small_study, "digger", {})
    prepared, found = land.prepared, derivative_of(land, "resistance")
    best = top_places(prepared, surfaces_of(prepared, found, "resistance")).iloc[0]
    row, col = prepared.surface.grid.cell_at(x=best["x"], y=best["y"])
    square = np.zeros(prepared.surface.grid.shape, bool)
    square[row // 10 * 10 : row // 10 * 10 + 10, col // 10 * 10 : col // 10 * 10 + 10] = True
    values = prepared.surface.values
    least = np.where(square & prepared.surface.passable, np.minimum(values, prepared.profile.minimum), values)
    again = replace(prepared, surface=replace(prepared.surface, values=least))
    after = derivative_of(Landscape(again), "resistance").value
    assert (found.value - after) / found.value >= best["restored_share"] * (1 - 1e-9) > 0.0


def test_what_has_no_slope_is_said(small_study: Path) -> None:
    """Nothing joins the cores to the targets through a sealed fence; no passage stands."""
    resolved = resolve(str(small_study), "closed", {})
    land = Landscape(prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker"))
    for indicator, words in (("resistance", "choose conductance"), ("given_back", "has none")):
        with pytest.raises(ConfigError, match=words):
            derivative_of(land, indicator)
    table = parameter_table(land.prepared, derivative_of(land, "conductance"))
    assert (table["elasticity_up"].fillna(0.0) == 0.0).all()


def test_the_folder(small_study: Path, tmp_path: Path) -> None:
    """Maps, tables and a page; what is told is what the tables hold."""
    out = tmp_path / "out"
    asked = ["--scenario", "opened", "--indicator", "conductance", "--indicator", "eca", "--out", str(out), "--json"]
    done = CliRunner().invoke(app, ["sensitivity", str(small_study), *asked])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)["sensitivity"]
    assert [(one["species"], one["indicator"]) for one in said] == [
        (species, indicator) for species in ("walker", "digger") for indicator in ("conductance", "eca")
    ]
    at = out / "opened" / "digger"
    table = pd.read_csv(at / "parameters_conductance.csv")
    assert table["parameter"].tolist() == [row["parameter"] for row in said[2]["parameters"]]
    with rasterio.open(at / "elasticity_conductance.tif") as file:
        total = float(np.nansum(file.read(1, masked=True).filled(np.nan)))
    assert total == pytest.approx(
        -1.0, rel=1e-6
    )  # homogeneous: twice the resistance everywhere is half the conductance
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Where better habitat would pay most" in page and "how far they disperse" in page
