"""Packages of evidence for others: only what is on their lists, nothing precise, and nothing that withheld facts could change."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, DataError, LayerNotFoundError
from scenarios.evidence.sharing import share_evidence
from scenarios.evidence.sharing_lists import PARTNER, PUBLIC
from scenarios.outputs.columns import FILED
from scenarios.progress import Reporter
from tests.support.tiny_study import write_tiny_study

QUIET = Reporter(quiet=True)
SPECIES = ("walker", "digger")
PASSAGES = {
    "border_0-km0010.5": (41.290383, 55.545271),
    "gate-north": (41.304417, 55.612939),
    "wires!7": (41.333841, 55.701293),
}
SITES = {f"{name}-cam": (lat + 2.3e-4, lon + 1.7e-4) for name, (lat, lon) in PASSAGES.items()} | {
    "secret-den": (41.451777, 55.338219),
    "41.4821,55.2277": (41.482133, 55.227719),
    "hide-2": (41.487333, 55.211719),
}
STRETCH = "border_0 km 12.3"
INTERVAL = {"rate_per_100": 1.23456, "low_per_100": 0.123456, "high_per_100": 2.3456789}
KINDS = ["passage"] * 3 + ["place", "open", "open"]


def tables() -> dict[str, pd.DataFrame]:
    """What `otkel evidence` writes, by hand: three passages, three other sites, two species."""
    cameras = [
        {
            "deploymentID": f"dep-{site}-{n}",
            "site": site,
            "lat": lat,
            "lon": lon,
            "x": 5409876.543,
            "y": 4968765.432,
            "kind": kind,
            "passage": site[:-4] if kind == "passage" else "",
            "opened": "2024-06-17",
            "along_m": 10512.345,
            "stretch": STRETCH,
            "place": "south_hills" if kind == "place" else "",
            "control_of": "",
            "days": 71.234 + n,
        }
        for (site, (lat, lon)), kind in zip(SITES.items(), KINDS, strict=True)
        for n in range(2)
    ]
    head = {"design": "wires_out", "period": "after", "deployments": 2, "days": 143.468, "events": 9, "animals": 12}
    outcome = {"through": 5, "turned_back": 2, "unknown": 2, "directions": "north by the den 3", "crossings": 5}
    rest = outcome | INTERVAL | {"method": "gamma-Poisson", "dispersion": 1.0, "status": "ok"}
    watched = [("passage", name) for name in PASSAGES] + [("control", f"control of {name}") for name in PASSAGES]
    watched += [("control", "control of any"), ("place", "south_hills"), ("fence", STRETCH), ("open", "open country")]
    use = [
        {"kind": kind, "watched": name} | head | {"species": species} | rest | {"events": 9 + i}
        for i, (kind, name) in enumerate(watched)
        for species in SPECIES
    ]
    prior = {"prior": 0.8123456, "prior_low": 0.41, "prior_high": 0.99, "mean": 0.87654, "low": 0.7, "high": 0.96}
    factors = [
        {"species": s, "design": "wires_out", "passage": name}
        | prior
        | {"through": 5 + i, "turned_back": 2, "status": "updated"}
        for s in SPECIES
        for i, name in enumerate(["", *PASSAGES])
    ]
    units = [("south_hills", "Southern hills", "place"), *((f"step {s}", f"step {s}", "step") for s in list(SITES)[4:])]
    places = [
        {
            "species": s,
            "unit": unit,
            "name": name,
            "group": group,
            "days": 142.468,
            "occasions": 20,
            "detections": 3 + i,
            "probability_used": 0.98765,
            "status": "ok",
        }
        for s in SPECIES
        for i, (unit, name, group) in enumerate(units)
    ]
    numbers = {"sites": 6, "events": 123, "days": 855.678}
    ranks = (
        "spearman",
        "spearman_low",
        "spearman_high",
        "auc",
        "auc_low",
        "auc_high",
        "corridor_spearman",
        "corridor_low",
        "corridor_high",
    )
    predicted = [
        {"species": s}
        | numbers
        | dict.fromkeys(ranks, 0.43219)
        | {"verdict": "predicts", "sentence": "seen at secret-den", "more_days": 0}
        for s in SPECIES
    ]
    fits = [
        {"predictor": p, "slope": 1.23456, "deviance": 400.0 - i, "gain": 10.123 + i, "gain_error": 2.0, "species": s}
        for s in SPECIES
        for i, p in enumerate(["current", "current, den-map", "constant rate"])
    ]
    return {
        "deployments.csv": pd.DataFrame(cameras),
        "events.csv": pd.DataFrame(
            [
                {"deploymentID": c["deploymentID"], "start": "2024-07-11 04:02:46+00:00", "species": "walker"}
                for c in cameras
            ]
        ),
        "passage_use.csv": pd.DataFrame(use),
        "seasons.csv": pd.DataFrame(
            [
                {"species": s, "season": t, "days": 136.129, "crossings": 138} | INTERVAL | {"status": "ok"}
                for s in SPECIES
                for t in ("winter", "summer")
            ]
        ),
        "hours.csv": pd.DataFrame(
            [{"species": s, "hour": 4, "events": 3} | INTERVAL | {"status": "ok"} for s in SPECIES]
        ),
        "use_factors.csv": pd.DataFrame(factors),
        "occupancy.csv": pd.DataFrame(
            [
                {
                    "species": s,
                    "group": g,
                    "units": n,
                    "seen_at": 2,
                    "naive": 0.66667,
                    "psi": 0.65432,
                    "low": 0.3,
                    "high": 0.9,
                    "rate_per_100": 2.78358,
                    "days_to_see": 367.62,
                    "status": "too few data: 2 at secret-den",
                }
                for s in SPECIES
                for g, n in (("place", 6), ("step", 2))
            ]
        ),
        "places.csv": pd.DataFrame(places),
        "prediction.csv": pd.DataFrame(predicted),
        "predictors.csv": pd.DataFrame(fits),
        "sites.csv": pd.DataFrame([{"site": site, "x": 5409876.543} for site in SITES]),
        "power.csv": pd.DataFrame([{"days": 855.678, "power": 0.4567, "species": s} for s in SPECIES]),
    }


def write_evidence(folder: Path, found: dict[str, pd.DataFrame], *, synthetic: bool = True) -> Path:
    folder.mkdir()
    for name, table in found.items():
        table.to_csv(folder / name, index=False)
    manifest = {
        "kind": "evidence",
        "audience": "restricted",
        "settings": {"synthetic": synthetic},
        "command": ["otkel", "secret-den"],
        "outputs": {name: {} for name in found},
        "scenarios": {"closed": {"study": "tiny"}},
        "started": "2024-07-11",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study") / "tiny")


@pytest.fixture(scope="module")
def evidence(study: Path) -> Path:
    return write_evidence(study.parent / "evidence", tables())


@pytest.fixture(scope="module")
def packages(study: Path, evidence: Path) -> dict[str, Path]:
    out = {audience: study.parent / audience for audience in ("partner", "public")}
    for audience, folder in out.items():
        share_evidence(str(study), evidence, folder, QUIET, audience=audience)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_no_byte_of_a_package_holds_a_precise_place_a_name_or_a_date(packages: dict[str, Path]) -> None:
    positions = [*PASSAGES.values(), *SITES.values()]
    names = [
        *PASSAGES,
        *SITES,
        STRETCH,
        "dep-",
        "by the den",
        "den-map",
        "2024",
        "10512",
        "5409876",
        "4968765",
        "tiny_study",
    ]
    shown = [f"{value:.{digits}f}" for pair in positions for value in pair for digits in (3, 4, 5, 6)]
    binary = [
        struct.pack(f"{order}{kind}", value) for pair in positions for value in pair for order in "<>" for kind in "df"
    ]
    for folder in packages.values():
        for name, data in contents(folder).items():
            for word in [*names, *shown]:
                if not (name == "manifest.json" and word in ("2024", "10512")):  # versions and hashes
                    assert word.encode() not in data, (name, word)
            for packed in binary:
                assert packed not in data, name


def test_a_package_holds_the_files_and_columns_of_its_list_and_no_others(packages: dict[str, Path]) -> None:
    always = {"columns.csv", "README.txt", "manifest.json"}
    for audience, lists, extra in (("partner", PARTNER, {"cameras.gpkg"}), ("public", PUBLIC, set())):
        files = set(contents(packages[audience]))
        assert files == {name for name in lists if name in tables()} | always | extra
        words = pd.read_csv(packages[audience] / "columns.csv")
        for name in files & set(lists):
            columns = pd.read_csv(packages[audience] / name).columns
            assert set(columns) <= {FILED.get(one, one) for one in lists[name]}
            assert list(words.loc[words["file"] == name, "column"]) == list(columns)
    assert {"lat", "lon", "x", "y", *FILED.values(), "site", "passage", "watched"}.isdisjoint(
        c for columns in PUBLIC.values() for c in columns
    )


def _moved(found: dict[str, pd.DataFrame]) -> None:
    cameras = found["deployments.csv"]
    cameras["lat"] = np.round(cameras["lat"], 2) + 0.0041
    cameras["lon"] = np.round(cameras["lon"], 2) - 0.0037
    cameras["x"] += 300.0
    cameras["along_m"] += 250.0


def _renamed(found: dict[str, pd.DataFrame]) -> None:
    """Other ids, in another order of the alphabet, and rows in another order."""
    new = {name: f"{chr(ord('z') - i)}-km{i}" for i, name in enumerate([*PASSAGES, *SITES, STRETCH, "den-map"])}
    texts = (
        ("deployments.csv", ["site", "passage", "stretch"]),
        ("passage_use.csv", ["watched"]),
        ("use_factors.csv", ["passage"]),
        ("places.csv", ["unit", "name"]),
        ("predictors.csv", ["predictor"]),
    )
    for file, columns in texts:
        for column in columns:
            for prefix in ("", "control of ", "step ", "current, "):
                found[file][column] = found[file][column].replace(
                    {prefix + old: prefix + name for old, name in new.items()}
                )
        if file != "predictors.csv":
            found[file] = found[file].iloc[::-1]
    found["deployments.csv"]["deploymentID"] = range(len(found["deployments.csv"]))


def _at_another_time(found: dict[str, pd.DataFrame]) -> None:
    found["events.csv"]["start"] = "2024-07-29 23:59:59+00:00"
    found["deployments.csv"]["opened"] = "2024-06-02"
    found["deployments.csv"]["days"] += 0.2


def _told(found: dict[str, pd.DataFrame]) -> None:
    found["prediction.csv"]["sentence"] = "another"
    found["passage_use.csv"]["directions"] = "south 1"
    found["deployments.csv"]["ranger"] = "a column of a later version"


@pytest.mark.parametrize("change", [_moved, _renamed, _at_another_time, _told])
def test_withheld_facts_change_no_byte(
    study: Path, packages: dict[str, Path], tmp_path: Path, change: Callable[[dict[str, pd.DataFrame]], None]
) -> None:
    found = tables()
    change(found)
    other = write_evidence(tmp_path / "evidence", found)
    for audience, folder in packages.items():
        share_evidence(str(study), other, tmp_path / audience, QUIET, audience=audience)
        assert contents(tmp_path / audience) == contents(folder)


def test_facts_that_are_shared_do_change_a_package(study: Path, packages: dict[str, Path], tmp_path: Path) -> None:
    found = tables()
    found["deployments.csv"].loc[0, "lat"] += 0.01
    share_evidence(str(study), write_evidence(tmp_path / "e", found), tmp_path / "p", QUIET, audience="partner")
    changed = {name for name, data in contents(tmp_path / "p").items() if data != contents(packages["partner"])[name]}
    assert {"deployments.csv", "cameras.gpkg"} <= changed


def test_one_numbering_runs_through_all_files(packages: dict[str, Path]) -> None:
    use, factors, places, cameras = (
        pd.read_csv(packages["partner"] / name, keep_default_na=False)
        for name in ("passage_use.csv", "use_factors.csv", "places.csv", "deployments.csv")
    )
    given = tables()["passage_use.csv"]
    events = dict(
        zip(
            given.loc[given["kind"] == "passage", "watched"],
            given.loc[given["kind"] == "passage", "events"],
            strict=True,
        )
    )
    through = tables()["use_factors.csv"].set_index("passage")["through"].to_dict()
    shown = dict(
        zip(use.loc[use["kind"] == "passage", "watched"], use.loc[use["kind"] == "passage", "events"], strict=True)
    )
    pairs = {(shown[one], int(n)) for one, n in zip(factors["passage"], factors["through"], strict=True) if one}
    assert set(shown) == {"passage 1", "passage 2", "passage 3"}
    assert pairs == {(events[name], through[name]) for name in PASSAGES}
    assert set(use.loc[use["kind"] == "control", "watched"]) == {*shown, "all passages"}
    assert set(use.loc[use["kind"] == "fence", "watched"]) == {"stretch 1"}
    steps = places[places["group"] == "step"]
    assert (
        set(steps["unit"]) == set(cameras.loc[cameras["kind"] == "open", "site"])
        and (steps["unit"] == steps["name"]).all()
    )
    assert set(cameras["site"]) == {f"site {i + 1}" for i in range(len(SITES))}


def test_cameras_stand_at_nodes_with_a_dictionary(packages: dict[str, Path]) -> None:
    file = packages["partner"] / "cameras.gpkg"
    cameras = gpd.read_file(file, layer="cameras")
    assert cameras.crs.to_epsg() == 4326 and len(cameras) == 12 and set(cameras["days"]) == {71.0, 72.0}
    for values in (cameras.geometry.x, cameras.geometry.y):
        assert np.allclose(values * 100, np.round(values * 100), atol=1e-6)
    with sqlite3.connect(file) as connection:
        rows = dict(connection.execute("SELECT column_name, description FROM gpkg_data_columns").fetchall())
        said = connection.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0]
    connection.close()
    assert set(rows) == {"site", "kind", "days", "lat_deg", "lon_deg"} and all(rows.values())
    assert "SYNTHETIC" in said and "do not pass on" in said


def test_numbers_for_the_public_have_two_figures_and_rest_on_enough_places(packages: dict[str, Path]) -> None:
    factors, occupancy, seasons = (
        pd.read_csv(packages["public"] / name) for name in ("use_factors.csv", "occupancy.csv", "seasons.csv")
    )
    assert (
        len(factors) == 2 and factors["mean"].isna().all() and set(factors["status"]) == {"withheld"}
    )  # 3 passages of 5
    place, step = (occupancy[occupancy["group"] == group] for group in ("place", "step"))
    assert set(place["psi"]) == {0.65} and set(place["status"]) == {"too few data"}
    assert step[["units", "psi", "low"]].isna().all(axis=None) and set(step["status"]) == {"withheld"}
    assert seasons["crossings"].isna().all()
    assert set(pd.read_csv(packages["public"] / "prediction.csv")["events"]) == {120}


def test_a_species_that_is_less_sensitive_needs_fewer_places(study: Path, evidence: Path, tmp_path: Path) -> None:
    mine = write_tiny_study(tmp_path / "tiny")
    profile = next(mine.rglob("walker.yaml"))
    profile.write_text(profile.read_text() + "\nsensitivity_deg: {value: 0.05, origin: made up}\n")
    share_evidence(str(mine), evidence, tmp_path / "out", QUIET)
    factors = pd.read_csv(tmp_path / "out" / "use_factors.csv").set_index("species")
    assert factors.loc["walker", "mean"] == 0.88 and np.isnan(factors.loc["digger", "mean"])
    assert pd.read_csv(tmp_path / "out" / "seasons.csv").set_index("species").loc["walker", "crossings"].tolist() == [
        140,
        140,
    ]


def test_readme_and_manifest_say_for_whom_and_whether_it_is_real(
    study: Path, packages: dict[str, Path], tmp_path: Path
) -> None:
    share_evidence(str(study), write_evidence(tmp_path / "e", tables(), synthetic=False), tmp_path / "p", QUIET)
    assert b"SYNTHETIC" not in b"".join(contents(tmp_path / "p").values())
    for audience, folder in packages.items():
        readme, manifest = (folder / "README.txt").read_text(), json.loads((folder / "manifest.json").read_text())
        assert "SYNTHETIC" in readme and f"For: {audience.upper()}" in readme and "What was taken away" in readme
        assert manifest["audience"] == audience and "SYNTHETIC" in manifest["audience_note"]
        assert not any(
            manifest[key] for key in ("command", "settings", "inputs", "started", "finished", "seeds", "runs")
        )
        assert set(manifest["outputs"]) == set(contents(folder)) - {"manifest.json"}


def test_every_column_has_a_meaning_somewhere(packages: dict[str, Path]) -> None:
    words = pd.read_csv(packages["partner"] / "columns.csv")
    assert words["meaning"].notna().all()


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda f: (f / "manifest.json").unlink(), LayerNotFoundError, "manifest.json: is not there"),
        (lambda f: (f / "manifest.json").write_text("{"), DataError, "manifest.json: is not a manifest"),
        (lambda f: (f / "deployments.csv").unlink(), LayerNotFoundError, "deployments.csv: is missing"),
        (lambda f: (f / "seasons.csv").unlink(), LayerNotFoundError, "seasons.csv: is missing"),
        (lambda f: (f / "hours.csv").write_text("species,hour\n"), DataError, "hours.csv: has no column events"),
        (
            lambda f: (f / "power.csv").write_text("species,days,power\nwalker,1,2\nwalker,many,2\n"),
            DataError,
            "power.csv, row 3: days: 'many'",
        ),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_left(
    study: Path, tmp_path: Path, damage: Callable[[Path], object], error: type[Exception], words: str
) -> None:
    folder = write_evidence(tmp_path / "evidence", tables())
    damage(folder)
    with pytest.raises(error, match=words):
        share_evidence(str(study), folder, tmp_path / "out", QUIET, audience="partner")
    assert not (tmp_path / "out").exists()


def test_full_precision_and_other_studies_are_refused(
    study: Path, evidence: Path, packages: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="that is the evidence folder itself"):
        share_evidence(str(study), evidence, tmp_path / "o", QUIET, audience="restricted")
    with pytest.raises(ConfigError, match="choose one of partner, public"):
        share_evidence(str(study), evidence, tmp_path / "o", QUIET, audience="friends")
    with pytest.raises(ConfigError, match="evidence of the study tiny, not of ustyurt"):
        share_evidence("ustyurt", evidence, tmp_path / "o", QUIET)
    with pytest.raises(ConfigError, match="lies in the evidence folder"):
        share_evidence(str(study), evidence, evidence / "public", QUIET)
    with pytest.raises(DataError, match="is not of `otkel evidence`"):
        share_evidence(str(study), packages["partner"], tmp_path / "o", QUIET)


def test_the_command_gives_the_public_package(
    study: Path, evidence: Path, packages: dict[str, Path], tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        app, ["evidence", "share", str(study), str(evidence), "--out", str(tmp_path / "o"), "--json"]
    )
    assert done.exit_code == 0 and json.loads(done.stdout)["audience"] == "public"
    assert contents(tmp_path / "o") == contents(packages["public"])
    refused = CliRunner().invoke(
        app, ["evidence", "share", str(study), str(evidence), "--out", str(tmp_path / "r"), "--audience", "restricted"]
    )
    assert refused.exit_code == 2 and "evidence folder itself" in refused.output
