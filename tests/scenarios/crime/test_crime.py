"""Patrols and incidents: what is wrong in them, rates with intervals, PIKE, risk, and what leaves for whom."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from scipy.stats import beta, gamma

from rasters.errors import ConfigError, DataError, LayerNotFoundError, PlannerWarning
from scenarios.crime.rates import changes, encounter_rates, pike, rate_ratio
from scenarios.crime.risk import EffortMap, coarse_grid, effort_map, on_grid, risk_map
from scenarios.crime.session import run_crime
from scenarios.crime.tables import read_crime
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.synthetic.patrols import CrimeTruth, simulate_for_study, simulate_patrols, write_patrols
from tests.support.crime_coverage import GRID, LAND, TRUTH, covered
from tests.support.tiny_study import write_tiny_study

LON, LAT = GRID.transformer("EPSG:4326").transform(5_550_000.0, 4_800_000.0, direction="INVERSE")
PATROLS = [
    {"patrol_id": "A", "date": "2024-03-01", "team": "one", "lon": LON, "lat": LAT, "km": 40},
    {"patrol_id": "B", "date": "2024-06-01", "team": "one", "lon": LON + 0.3, "lat": LAT, "km": 60},
    {"patrol_id": "C", "date": "2025-03-01", "team": "two", "lon": LON, "lat": LAT, "km": 100},
]
INCIDENTS = [
    {"incident_id": "1", "date": "2024-03-01", "type": "snare", "lon": LON, "lat": LAT, "patrol_id": "A", "cause": ""},
    {
        "incident_id": "2",
        "date": "2024-03-01",
        "type": "carcass",
        "lon": LON,
        "lat": LAT,
        "patrol_id": "A",
        "cause": "illegal",
    },
    {
        "incident_id": "3",
        "date": "2024-06-01",
        "type": "carcass",
        "lon": LON,
        "lat": LAT,
        "patrol_id": "B",
        "cause": "natural",
    },
    {"incident_id": "4", "date": "2025-03-01", "type": "camp", "lon": LON, "lat": LAT, "patrol_id": "C", "cause": ""},
    {
        "incident_id": "5",
        "date": "2025-04-01",
        "type": "carcass",
        "lon": LON,
        "lat": LAT,
        "patrol_id": "",
        "cause": "unknown",
    },
]


def written(folder: Path, patrols: list[dict], incidents: list[dict], settings: dict | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    pd.DataFrame(patrols).to_csv(folder / "patrols.csv", index=False)
    pd.DataFrame(incidents).to_csv(folder / "incidents.csv", index=False)
    if settings is not None:
        (folder / "crime.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return folder


def with_one(rows: list[dict], number: int, **changed: object) -> list[dict]:
    return [{**row, **changed} if i == number else row for i, row in enumerate(rows)]


def test_counts_are_those_of_the_tables(tmp_path: Path) -> None:
    data = read_crime(written(tmp_path, PATROLS, INCIDENTS), GRID)
    rates = encounter_rates(data).set_index(["type", "year"])
    total = rates.loc[("signs of poaching", "all")]
    assert (total["incidents"], total["km"], total["patrols"], total["off_patrol"]) == (3, 200.0, 3, 0)
    assert rates.loc[("carcass", "all"), "off_patrol"] == 1
    one = rates.loc[("signs of poaching", "2025")]
    low, middle, high = gamma.ppf([0.05, 0.5, 0.95], 1.5, scale=1 / 100)
    assert (one["low"], one["high"]) == (pytest.approx(100 * low), pytest.approx(100 * high))
    assert one["per_100_km"] == pytest.approx(100 * middle)


def test_pike_is_the_beta_posterior_and_names_the_unknown(tmp_path: Path) -> None:
    table = pike(read_crime(written(tmp_path, PATROLS, INCIDENTS), GRID)).set_index("year")
    low, high = beta.ppf([0.05, 0.95], 1.5, 1.5)
    row = table.loc["all"]
    assert (row["pike"], row["low"], row["high"]) == (0.5, pytest.approx(low), pytest.approx(high))
    assert (row["if_unknown_natural"], row["if_unknown_illegal"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert table.loc["2025", "status"].startswith("no data") and np.isnan(table.loc["2025", "pike"])


def test_a_track_is_measured_on_the_ground(tmp_path: Path) -> None:
    """A degree of latitude near 40 N is 111.0 km; in four steps of 27.8 km."""
    track = [
        {"patrol_id": "T", "date": "2024-01-01", "team": "", "lon": LON, "lat": 39.0 + 0.25 * i, "km": ""}
        for i in range(5)
    ]
    data = read_crime(written(tmp_path, track, [{**INCIDENTS[0], "patrol_id": "T"}]), GRID)
    assert data.steps["km"].sum() == pytest.approx(111.0, abs=0.1)
    assert len(data.steps) == 4


FAULTS = {
    "no such type of number": (
        with_one(PATROLS, 0, km="forty"),
        INCIDENTS,
        r"patrols\.csv:2: km: 'forty': must be a number",
    ),
    "negative km": (with_one(PATROLS, 1, km=-3), INCIDENTS, r"patrols\.csv:3: km: '-3'"),
    "swapped": (with_one(PATROLS, 0, lon=LAT, lat=LON), INCIDENTS, r"patrols\.csv:2: lon, lat: .*swap lon and lat"),
    "elsewhere": (
        with_one(PATROLS, 0, lon=2.35, lat=48.85),
        INCIDENTS,
        r"patrols\.csv:2: lon, lat: '2\.35, 48\.85': lies outside",
    ),
    "comma": (
        with_one(PATROLS, 0, lon="56,25"),
        INCIDENTS,
        r"patrols\.csv:2: lon: '56,25': is not a number of degrees",
    ),
    "future": (
        with_one(PATROLS, 2, date="2204-03-01"),
        INCIDENTS,
        r"patrols\.csv:4: date: '2204-03-01': lies before 1990 or in the f",
    ),
    "date": (with_one(PATROLS, 2, date="1 March"), INCIDENTS, r"patrols\.csv:4: date: '1 March': is not a date"),
    "no effort": (
        with_one(PATROLS, 2, km=""),
        INCIDENTS,
        r"patrols\.csv:4: km: patrol C: one point and no km is no effort",
    ),
    "unknown patrol": (
        PATROLS,
        with_one(INCIDENTS, 3, patrol_id="Z"),
        r"incidents\.csv:5: patrol_id: 'Z': no such patrol",
    ),
    "twice": (PATROLS, with_one(INCIDENTS, 3, incident_id="1"), r"incidents\.csv:5: incident_id: '1': is given twice"),
    "cause": (PATROLS, with_one(INCIDENTS, 1, cause="poached"), r"incidents\.csv:3: cause: 'poached': must be illegal"),
    "no type": (PATROLS, with_one(INCIDENTS, 0, type=""), r"incidents\.csv:2: type: is empty"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_names_table_row_and_fix(tmp_path: Path, kind: str) -> None:
    patrols, incidents, message = FAULTS[kind]
    with pytest.raises(DataError, match=message):
        read_crime(written(tmp_path, patrols, incidents), GRID)


def test_jumps_of_the_receiver_are_faults(tmp_path: Path) -> None:
    track = [{"patrol_id": "T", "date": "2024-01-01", "lon": LON, "lat": 39.0 + i, "km": ""} for i in range(2)]
    with pytest.raises(DataError, match=r"patrols\.csv:3: lon, lat: lies 111 km from the point before it"):
        read_crime(written(tmp_path, track, [{**INCIDENTS[0], "patrol_id": "T"}]), GRID)


def test_files_and_columns_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match=r"patrols\.csv: there is no such file.*name the file in crime\.yaml"):
        read_crime(tmp_path, GRID)
    renamed = [{("nummer" if k == "patrol_id" else k): v for k, v in row.items()} for row in PATROLS]
    with pytest.raises(
        DataError, match=r"has no column 'patrol_id'; it has nummer.*columns: \{patrol_id: their_name\}"
    ):
        read_crime(written(tmp_path, renamed, INCIDENTS), GRID)
    data = read_crime(
        written(tmp_path, renamed, INCIDENTS, {"patrols": {"file": "patrols.csv", "columns": {"patrol_id": "nummer"}}}),
        GRID,
    )
    assert data.steps["km"].sum() == 200


def test_words_and_dates_of_others_are_mapped(tmp_path: Path) -> None:
    incidents = with_one(with_one(INCIDENTS, 0, type="петля"), 1, cause="браконьерство")
    patrols = [{**row, "date": pd.Timestamp(row["date"]).strftime("%d.%m.%Y")} for row in PATROLS]
    incidents = [{**row, "date": pd.Timestamp(row["date"]).strftime("%d.%m.%Y")} for row in incidents]
    words = {"type": {"петля": "snare"}, "cause": {"браконьерство": "illegal"}}
    settings = {"date_format": "%d.%m.%Y", "incidents": {"file": "incidents.csv", "values": words}}
    data = read_crime(written(tmp_path, patrols, incidents, settings), GRID)
    assert data.incidents["poaching"].tolist() == [True, True, False, True, False]


def test_settings_say_what_is_wrong_in_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"crime\.yaml: patrols: unknown column 'kilometres'"):
        read_crime(
            written(tmp_path, PATROLS, INCIDENTS, {"patrols": {"file": "patrols.csv", "columns": {"kilometres": "x"}}}),
            GRID,
        )


def test_outside_may_be_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = written(tmp_path, with_one(PATROLS, 1, lon=2.35, lat=48.85), INCIDENTS[:2], {"outside_study": "leave_out"})
    with pytest.warns(PlannerWarning, match="lies outside the study"):
        assert set(read_crime(folder, GRID).steps["patrol_id"]) == {"A", "C"}


def test_ratio_of_equal_years_is_even() -> None:
    block = (np.array([3.0, 1.0, 2.0]), np.array([50.0, 60.0, 40.0]))
    one = rate_ratio(block, block)
    assert one.ratio == pytest.approx(1.0, abs=0.02) and one.probability_of_rise == pytest.approx(0.5, abs=0.02)
    assert one.low == pytest.approx(1 / one.high, rel=0.02)


def test_a_year_without_patrols_is_no_data() -> None:
    one = rate_ratio((np.zeros(0), np.zeros(0)), (np.array([1.0]), np.array([10.0])))
    assert np.isnan(one.ratio) and one.status == "no patrols in one of the years"


def effort_with(signs: dict[tuple[int, int], float], km: float = 50.0) -> EffortMap:
    grid = coarse_grid(GRID, 10.0)
    found = np.zeros(grid.shape)
    for cell, number in signs.items():
        found[cell] = number
    return EffortMap(grid=grid, km=np.full(grid.shape, km), signs=found)


def test_without_signs_the_risk_is_not_known_to_differ() -> None:
    risk = risk_map(effort_with({}), [10.0, 20.0], 1.0)
    assert np.allclose(risk.mean, 1.0) and (risk.low < 0.1).all() and (risk.high > 2.0).all()


def test_risk_stands_where_signs_are_and_fades_with_distance() -> None:
    risk = risk_map(effort_with({(10, 10): 30.0, (30, 30): 2.0}), [20.0], 1.0)
    assert np.unravel_index(risk.mean.argmax(), risk.mean.shape) == (10, 10)
    line = risk.mean[10, 10:18]
    assert (np.diff(line) < 0).all() and risk.mean[20, 20] < 1.0
    assert (risk.low < risk.mean).all() and (risk.mean < risk.high).all()


def test_nobody_looked_means_average_and_wide() -> None:
    effort = effort_with({(5, 5): 10.0})
    effort.km[:, 20:] = 0.0
    risk = risk_map(effort, [10.0], 1.0)
    assert risk.mean[5, 35] == pytest.approx(1.0, abs=1e-6)
    assert risk.high[5, 35] / risk.low[5, 35] > 20 > risk.high[5, 5] / risk.low[5, 5]


def test_bandwidth_follows_the_data() -> None:
    """Single cells full of signs speak for a short reach, a broad trend for a long one."""
    random = np.random.default_rng(1)
    lonely = effort_with({(int(r), int(c)): 12.0 for r, c in random.integers(0, 40, (12, 2))})
    trend = effort_with({(r, c): float(random.poisson(0.15 * r)) for r in range(40) for c in range(40)})
    reaches = [10.0, 20.0, 40.0, 80.0]
    assert risk_map(lonely, reaches, 1.0).bandwidth_km < risk_map(trend, reaches, 1.0).bandwidth_km


def test_coarse_values_on_the_study_grid() -> None:
    coarse = coarse_grid(GRID, 10.0)
    values = on_grid(coarse, np.full(coarse.shape, 3.0), GRID)
    assert values.shape == GRID.shape and np.allclose(values, 3.0)


def test_simulated_hot_spot_is_found(tmp_path: Path) -> None:
    spot = (5_520_000.0, 4_890_000.0)
    truth = CrimeTruth(bases=TRUTH.bases, hot_spots=((*spot, 30.0, 10.0),), patrols_per_year=120)
    write_patrols(tmp_path, *simulate_patrols(GRID, LAND, truth, 4), truth, 4)
    effort = effort_map(read_crime(tmp_path, GRID), GRID)
    risk = risk_map(effort, [10.0, 20.0, 40.0], 1.0)
    known = effort.km > 20
    x = effort.grid.bounds[0] + 10_000 * (np.indices(effort.grid.shape)[1] + 0.5)
    y = effort.grid.bounds[3] - 10_000 * (np.indices(effort.grid.shape)[0] + 0.5)
    agreement = pd.Series(truth.risk(x, y)[known]).corr(pd.Series(risk.mean[known]), method="spearman")
    assert agreement > 0.5


def test_intervals_cover_the_truth() -> None:
    """A short version of ``crime_coverage.py``: of 12 sets the 90 % intervals miss no more than bad luck explains (p < 1e-4)."""
    found = pd.DataFrame(list(covered(12)))
    assert (found.mean() >= 0.5).all(), found.mean()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    study = write_tiny_study(tmp_path_factory.mktemp("study"))
    data = tmp_path_factory.mktemp("patrols")
    resolved = resolve(str(study), None, {})
    inputs = read_inputs(resolved, ["walker"])
    simulate_for_study(prepare_species(resolved, inputs, "walker"), data, 3)
    settings = yaml.safe_load((data / "crime.yaml").read_text()) | {"cell_km": 4.0, "bandwidths_km": [4.0, 8.0]}
    (data / "crime.yaml").write_text(yaml.safe_dump(settings))
    return study, data


def test_for_whom_what_is_written(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    study, data = tiny
    files = {}
    for audience in ("public", "partner", "restricted"):
        run_crime(str(study), data, tmp_path / audience, Reporter(quiet=True), audience=audience)
        files[audience] = {path.name for path in (tmp_path / audience).iterdir()}
        assert "SYNTHETIC DATA" in (tmp_path / audience / "index.html").read_text(encoding="utf-8")
        manifest = json.loads((tmp_path / audience / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["audience"] == audience and bool(manifest["inputs"]) == (audience == "restricted")
    assert not any(name.endswith((".tif", ".yaml")) for name in files["public"]) and "risk.png" not in files["public"]
    assert {"risk_coarse.tif", "effort.png"} <= files["partner"] and "scenario.yaml" not in files["partner"]
    assert {"scenario.yaml", "risk.tif"} <= files["restricted"]
    with rasterio.open(tmp_path / "restricted" / "risk.tif") as file:
        assert file.tags()["synthetic"].startswith("SYNTHETIC")
    with pytest.raises(
        ConfigError, match=r"--audience: unknown audience 'everybody'; choose one of restricted, partner, public"
    ):
        run_crime(str(study), data, tmp_path / "x", Reporter(quiet=True), audience="everybody")


def test_its_scenario_runs_and_changes_what_passages_are_worth(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    from scenarios.model.species_run import run_species

    study, data = tiny
    run_crime(str(study), data, tmp_path / "crime", Reporter(quiet=True), audience="restricted")
    rankings = []
    for scenario in (None, str(tmp_path / "crime" / "scenario.yaml")):
        resolved = resolve(str(study), scenario, {})
        prepared = prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker")
        rankings.append(run_species(prepared).ranking)
    assert "arriving_gain_share" in rankings[1] and "arriving_gain_share" not in rankings[0]
    scores = [ranking.set_index("candidate")["score"].sort_index() for ranking in rankings]
    assert scores[0].index.equals(scores[1].index) and (scores[0] - scores[1]).abs().max() > 0.01
    manifest = json.loads((tmp_path / "crime" / "manifest.json").read_text())
    assert manifest["audience"] == "restricted" and "patrols.csv" in manifest["inputs"]


def test_changes_table_says_by_how_much(tmp_path: Path) -> None:
    table = changes(read_crime(written(tmp_path, PATROLS, INCIDENTS), GRID))
    assert table["year"].tolist() == [2025] and table["low"].iloc[0] < table["ratio"].iloc[0] < table["high"].iloc[0]


def test_one_synthetic_set_serves_cameras_and_patrols(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cli import app

    study = write_tiny_study(tmp_path / "study")
    made = CliRunner().invoke(app, ["evidence", "simulate", str(study), "--out", str(tmp_path / "data")])
    assert made.exit_code == 0, made.stderr
    told = CliRunner().invoke(
        app, ["crime", str(study), str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--json"]
    )
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["synthetic"] is True


@pytest.mark.parametrize(("snare", "shot"), [("Snare", "Shot"), ("SNARE", "SHOT"), ("snare", "shot")])
def test_types_and_causes_are_told_apart_by_their_letters_only(tmp_path: Path, snare: str, shot: str) -> None:
    incidents = with_one(with_one(INCIDENTS, 0, type=snare), 1, type=shot, cause="Illegal")
    data = read_crime(written(tmp_path, PATROLS, incidents), GRID)
    assert data.incidents["type"].tolist()[:2] == ["snare", "shot"] and data.incidents["poaching"].tolist()[:2] == [
        True,
        True,
    ]


def test_types_that_nobody_named_are_listed_with_their_number(tmp_path: Path) -> None:
    incidents = with_one(with_one(INCIDENTS, 0, type="wire snare"), 3, type="wire snare")
    with pytest.warns(
        PlannerWarning, match=r"incidents\.csv:2: type: 'wire snare': 2 incidents of this type count as no sign"
    ):
        data = read_crime(written(tmp_path, PATROLS, incidents), GRID)
    assert data.incidents["poaching"].sum() == 1
    settings = {"other_types": ["Wire Snare"]}
    assert read_crime(written(tmp_path, PATROLS, incidents, settings), GRID).faults == ()


def test_a_track_is_walked_in_order_of_time(tmp_path: Path) -> None:
    hours = [10, 8, 12, 9, 11]
    points = [
        {"patrol_id": "A", "date": f"2024-03-01 {hour:02d}:00:00", "lon": LON + 0.01 * hour, "lat": LAT}
        for hour in hours
    ]
    with pytest.warns(PlannerWarning, match=r"patrols\.csv:3: date: patrol A: time runs backwards at 2 of its points"):
        mixed = read_crime(written(tmp_path, points, [INCIDENTS[0]]), GRID)
    points.sort(key=lambda point: point["date"])
    ordered = read_crime(written(tmp_path, points, [INCIDENTS[0]]), GRID)
    assert mixed.steps["km"].to_numpy() == pytest.approx(ordered.steps["km"].to_numpy())
    assert mixed.faults and ordered.faults == ()
