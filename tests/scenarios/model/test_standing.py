"""Passages that stand: listed with where they were asked for, counted by the spacing, worth what comparing runs says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from connectivity.openings.sets import no_sets
from rasters.fences import Fence
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.naming import full_names, passage_names, section_names
from scenarios.model.ranking import numbered
from scenarios.model.results import SpeciesRun, shortlist
from scenarios.model.species_run import run_species
from scenarios.outputs.audience import Audience
from scenarios.outputs.generalise import generalised
from scenarios.outputs.precision import as_stored
from scenarios.outputs.species import write_species_run
from scenarios.study.load import resolve
from tests.support.tiny_study import write_tiny_study

GATE = {
    "id": "gate",
    "name": "North gate",
    "fence_line": "border",
    "design": "bridge",
    "lon": 56.2,
    "lat": 42.83,
    "state": "planned",
    "months": [4, 3],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("standing"))


def ready(study: Path, *openings: dict[str, object], species: str = "walker") -> Prepared:
    resolved = resolve(str(study), "closed", {"openings": list(openings)})
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


@pytest.fixture(scope="module")
def run(study: Path) -> SpeciesRun:
    return run_species(ready(study, GATE))


def test_each_is_listed_with_where_it_was_asked_for_and_where_it_stands(run: SpeciesRun) -> None:
    (row,) = run.standing.to_dict("records")
    assert (row["number"], row["opening"], row["name"], row["state"], row["months"]) == (
        1,
        "gate",
        "North gate",
        "planned",
        "Mar, Apr",
    )
    assert (row["asked_lon_deg"], row["asked_lat_deg"]) == (56.2, 42.83)
    x, y = run.grid.map_xy(56.2, 42.83)
    assert row["moved_m"] == pytest.approx(np.hypot(x - row["x"], y - row["y"])) and row["moved_m"] > 0
    fence = next(fence for fence in run.cuts.fences if fence.id == row["fence"])
    assert fence.line.distance(fence.point_at(row["along_m"])) < 1e-6
    assert run.grid.map_xy(row["lon"], row["lat"]) == pytest.approx((row["x"], row["y"]))


def test_nothing_is_proposed_nearer_than_the_spacing(study: Path, run: SpeciesRun) -> None:
    without = run_species(ready(study))
    spacing = resolve(str(study), "closed", {}).study.candidates.min_spacing_m
    at = run.standing["along_m"].item()
    assert (abs(shortlist(without.ranking)["along_m"] - at) < spacing).any()
    best = shortlist(run.ranking)
    assert len(best) and (abs(best["along_m"] - at) >= spacing).all()
    _, combined = numbered(resolve(str(study), "closed", {}).study, [run])
    assert (abs(shortlist(combined)["along_m"] - at) >= spacing).all()


def test_what_they_give_back_is_what_two_solves_say(study: Path, run: SpeciesRun) -> None:
    now, shut = (Landscape(ready(study, *openings)) for openings in ((GATE,), ()))
    read = {
        "conductance": lambda land, fences: land.circuit(pairs=land.counted, fences=fences).conductances(no_sets(0))[0],
        "least_cost": lambda land, fences: (
            1.0 / land.distances((), land.counted, fences=fences).distances(no_sets(0))[0]
        ),
    }
    table = run.indicators.set_index("indicator")["value"]
    for name, of in read.items():
        share = (of(now, True) - of(shut, True)) / (of(now, False) - of(shut, True))
        assert table[f"given_back_{name}_share"] == pytest.approx(share.mean(), rel=1e-9)
        assert 0 < share.mean() < 1


def test_files_hold_them_and_give_them_back(run: SpeciesRun, tmp_path: Path) -> None:
    kept = as_stored(run)
    write_species_run(kept, tmp_path)
    table = pd.read_csv(tmp_path / "standing_passages.csv", keep_default_na=False)
    assert table[["number", "opening", "name", "state", "design"]].values.tolist() == [
        [1, "gate", "North gate", "planned", "bridge"]
    ]


def test_partners_get_the_kilometre_and_the_public_nothing(run: SpeciesRun) -> None:
    (row,) = generalised(run, Audience.PARTNER).standing.to_dict("records")
    assert row["along_m"] % 1000 == 0 and np.isnan([row["asked_lon_deg"], row["asked_lat_deg"], row["moved_m"]]).all()
    assert row["opening"].endswith(f"km{row['along_m'] / 1000:04.0f}")
    assert generalised(run, Audience.PUBLIC).standing.empty


def test_a_passage_has_one_number_in_every_ranking_of_a_scenario(study: Path) -> None:
    resolved = resolve(str(study), "closed", {})
    runs, combined = numbered(
        resolved.study, [run_species(ready(study, species=name)) for name in ("walker", "digger")]
    )
    tables = [combined, *(one.ranking for one in runs)]
    number = pd.concat([table.loc[table["number"] > 0, ["candidate", "number"]] for table in tables]).drop_duplicates()
    assert number["candidate"].is_unique and number["number"].is_unique
    assert shortlist(combined)["number"].tolist() == list(range(1, len(shortlist(combined)) + 1))
    assert all((shortlist(table)["number"] > 0).all() for table in tables)


def test_names_of_sections_and_passages() -> None:
    from shapely.geometry import LineString

    line = LineString([(0, 0), (1, 0)])
    fences = [
        Fence(id=f"{line_id}_{pair}", line=line, name=name, fence_line=line_id)
        for line_id, name, pairs in (
            ("kz_border_fence", "Border fence", ("kz_tm", "kz_uz")),
            ("tm_line", "Line", ("ir_tm", "kz_tm")),
            ("inner", "Inner fence", ("a",)),
        )
        for pair in pairs
    ]
    assert list(section_names(fences).values()) == [
        "Border fence KZ\u2013TM",
        "KZ\u2013UZ",
        "IR\u2013TM",
        "Line KZ\u2013TM",
        "Inner fence",
    ]
    assert full_names(fences)["kz_border_fence_kz_uz"] == "Border fence (KZ\u2013UZ)"
    table = pd.DataFrame(
        {"fence": ["kz_border_fence_kz_uz", "inner_a"], "along_m": [516_500.0, 20.0], "name": ["", "Old gate"]}
    )
    assert passage_names(fences, table) == ["KZ\u2013UZ km 516.5", "Old gate"]
