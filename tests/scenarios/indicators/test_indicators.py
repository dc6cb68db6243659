"""Indicators by year: what they are computed from, ranges over the same draws, field data by year, the command's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rasters.errors import ConfigError
from scenarios.indicators.session import run_indicators
from scenarios.indicators.values import _length_by_factor, fence_open_share, year_values
from scenarios.indicators.years import field_rows, habituation_sentences, model_rows, parse_years
from scenarios.land.inputs import read_inputs, read_profile
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.species_run import run_species
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.synthetic.patrols import simulate_for_study
from tests.support.tiny_study import edit, write_tiny_study


def with_years(settings: dict[str, Any]) -> None:
    settings["mortality"] = {"reach_km": 20, "origin": "made up"}
    rule = {"id": "o", "fence_line": "border", "design": "wires_out", "every_m": 4000}
    settings["scenarios"]["opened"] = {"title": "Wires out", "set": {"openings": [rule]}}
    rows = [
        {"parameter": "fences.model.free_path_m", "factor": [0.4, 2.5], "origin": "made up"},
        {"parameter": "rules.*", "excess": [0.5, 2], "together": "study", "origin": "made up"},
    ]
    settings["uncertainty"] = {"parameters": rows}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_study(tmp_path_factory.mktemp("years"), with_years))


def prepared(study: str, scenario: str, species: str = "walker") -> Prepared:
    resolved = resolve(study, scenario, {})
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


@pytest.mark.parametrize("scenario", ["closed", "opened", "free"])
def test_values_are_those_of_a_whole_run(study: str, scenario: str) -> None:
    """By another road: the maps' solver and its tables."""
    one = prepared(study, scenario, "digger")
    run = run_species(one)
    found = {(name, core): value for name, core, value in year_values(one)}
    to_any = run.pairs[run.pairs["target"] == "any"].set_index("source")
    for core in to_any.index:
        assert 1 / found["conductance_s", core] == pytest.approx(to_any.at[core, "effective_resistance_ohm"], rel=1e-7)
        assert found["least_cost_m", core] == pytest.approx(to_any.at[core, "least_cost_m"], rel=1e-9)
    table = run.indicators.set_index("indicator")["value"]
    assert found["eca_km2", ""] == pytest.approx(table["eca_km2"], rel=1e-9)


def test_no_way_is_zero_conductance_and_infinite_cost(study: str) -> None:
    found = {(name, core): value for name, core, value in year_values(prepared(study, "closed"))}
    assert found["conductance_s", "south_hills"] == 0.0 and found["least_cost_m", "south_hills"] == np.inf
    assert found["arriving_share", "south_hills"] == 0.0


def test_share_of_open_fence(study: str) -> None:
    """Closed it is the share of encounters that end on the other side, without fences 1.

    Passages of 0.8 every 4 km, found from 1 km away, give 0.8 / 2 on top of 0.
    """
    assert fence_open_share(prepared(study, "closed", "digger")) == pytest.approx(1 / (1 + 30_000 / (500 * np.pi)))
    assert fence_open_share(prepared(study, "closed", "walker")) == 0.0
    assert fence_open_share(prepared(study, "free")) == 1.0
    walker = prepared(study, "opened", "walker")
    length = sum(fence.length_m for fence in walker.inputs.cuts.fences)
    served = {round(one.opening.along_m) for one in walker.standing_edges}
    assert fence_open_share(walker) == pytest.approx(0.8 * 2 * 1000 * len(served) / length, rel=0.02)


def test_a_young_passage_counts_with_part_of_its_later_use(tmp_path: Path) -> None:
    """An opening that says nothing is as old as the first year that has it; one that stood from the first year is old."""
    folder = write_tiny_study(tmp_path / "tiny", with_years)
    curve = {"years": [0, 2], "share": [0.25, 1], "origin": "made up"}
    edit(folder, "habituation", value=curve, file="walker.yaml")

    def used(*texts: str) -> list[float]:
        ready = [
            prepare_species(one.resolved, read_inputs(one.resolved, ["walker"]), "walker")
            for one in parse_years(str(folder), texts)
        ]
        return [one.standing[0].edges.opening.use_factor if one.standing else 0.0 for one in ready]

    assert used("2024=closed", "2025=opened", "2026=opened", "2027=opened", "2030=opened") == pytest.approx(
        [0.0, 0.8 * 0.25, 0.8 * 0.625, 0.8, 0.8]
    )
    assert used("2025=opened", "2026=opened") == pytest.approx([0.8, 0.8])
    rule = {"id": "o", "fence_line": "border", "design": "wires_out", "every_m": 4000, "opened": 2026}
    edit(folder, "scenarios", "opened", "set", value={"openings": [rule]})
    assert used("2025=opened", "2026=opened", "2027=opened") == pytest.approx([0.0, 0.8 * 0.25, 0.8 * 0.625])
    profile = read_profile(resolve(str(folder)), "walker")
    told = habituation_sentences(
        parse_years(str(folder), ["2025=opened", "2026=opened", "2029=opened"]), {"walker": profile}
    )
    assert len(told) == 1 and told[0].startswith(
        "2026: o, opened in 2026, counts with part of its later use: Walker 25%."
    )


def test_stretches_that_overlap_count_once_with_the_better_factor() -> None:
    found = _length_by_factor([(1000.0, 1000.0, 0.5), (1250.0, 1000.0, 0.8), (5000.0, 200.0, 0.3)], 0.0, 5050.0)
    by_factor = {factor: sum(m for f, m in found if f == factor) for factor in (0.5, 0.8, 0.3)}
    assert by_factor == {0.5: pytest.approx(250.0), 0.8: pytest.approx(1000.0), 0.3: pytest.approx(150.0)}


def test_ranges_hold_the_same_draws_in_every_year(study: str) -> None:
    years = parse_years(study, ["2025=opened", "2024=closed"])
    assert [one.year for one in years] == [2024, 2025]
    found = model_rows(years, ["digger"], draws=4, seed=1)
    table = found.table[found.table["indicator"] == "least_cost_m"]
    assert (table["low"] < table["high"]).all() and table["interval"].str.contains("draws of the uncertain").all()
    ratio = found.changes[found.changes["indicator"] == "least_cost_m"]
    spread = (table["high"] / table["low"]).max()
    assert (ratio["high"] / ratio["low"]).max() < spread


def test_two_equal_years_did_not_change(study: str) -> None:
    found = model_rows(parse_years(study, ["2024=opened", "2025=opened"]), None, draws=2, seed=1)
    known = found.changes[np.isfinite(found.changes["ratio"])]
    assert len(known) > 5 and np.allclose(known[["ratio", "low", "high"]], 1.0)


def test_without_draws_there_is_no_range(study: str) -> None:
    found = model_rows(parse_years(study, ["2024=closed"]), ["walker"], draws=0, seed=1)
    assert found.table[["low", "high"]].isna().all(axis=None) and not len(found.changes)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2024"], r"--year '2024': write YEAR=SCENARIO"),
        (["x=closed"], r"--year 'x=closed'"),
        (["2024=closed", "2024=free"], r"--year 2024: is given twice"),
        ([], "give at least one --year"),
        (["2024=shut"], "shut"),
    ],
)
def test_years_that_are_wrong(study: str, texts: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_years(study, texts)


def test_a_year_without_patrols_is_no_data(study: str, tmp_path: Path) -> None:
    from scenarios.crime.tables import read_crime

    one = prepared(study, "closed")
    simulate_for_study(one, tmp_path, 2)
    rows = field_rows(parse_years(study, ["2023=closed", "1999=closed"]), None, read_crime(tmp_path, one.inputs.grid))
    table = rows.set_index("year")
    assert table.at[2023, "low"] < table.at[2023, "value"] < table.at[2023, "high"]
    assert table.at[1999, "status"].startswith("no data") and np.isnan(table.at[1999, "value"])


def test_the_command_writes_table_chart_page_and_manifest(study: str, tmp_path: Path) -> None:
    simulate_for_study(prepared(study, "closed"), tmp_path / "", 2)
    summary = run_indicators(
        study,
        ["2023=closed", "2024=opened"],
        tmp_path / "out",
        Reporter(quiet=True),
        patrols=tmp_path,
        draws=2,
        audience="restricted",
    )
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"indicators.csv", "changes.csv", "columns.csv", "indicators.png", "index.html", "manifest.json"}
    table = pd.read_csv(tmp_path / "out" / "indicators.csv")
    assert {"signs_per_100_km", "eca_km2", "fence_open_share"} <= set(table["indicator"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "SYNTHETIC" in page and "Everything here is made up." in page
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (
        manifest["settings"]["years"] == {"2023": "closed", "2024": "opened"}
        and "patrols/patrols.csv" in manifest["inputs"]
    )
    assert any(sentence.startswith("2023: Border closed") for sentence in summary.found.sentences())


def test_the_public_sees_no_single_core_and_two_figures(study: str, tmp_path: Path) -> None:
    run_indicators(study, ["2024=opened"], tmp_path / "out", Reporter(quiet=True), draws=2, audience="public")
    table = pd.read_csv(tmp_path / "out" / "indicators.csv")
    assert table["source"].isna().all() and len(table)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["audience"] == "public" and not manifest["inputs"] and not manifest["command"]
    values = table[["value", "low", "high"]].to_numpy(float).ravel()
    assert all(value == float(f"{value:.2g}") for value in values[np.isfinite(values)])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "south hills" not in page and "south_hills" not in page
