"""From synthetic camera traps of a tiny study to the page, the overlay and the next ranking."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, DataError, LayerNotFoundError, PlannerWarning
from rasters.profile import Habituation
from scenarios.evidence.findings import Findings
from scenarios.evidence.linking import landmarks_of
from scenarios.evidence.overlay import read_overlay
from scenarios.evidence.package import read_traps
from scenarios.evidence.places import occupancy_tables
from scenarios.evidence.predicts import _verdict
from scenarios.evidence.session import run_evidence
from scenarios.evidence.settings import StatedPassage
from scenarios.evidence.sharing import share_evidence
from scenarios.evidence.tags import tags_of
from scenarios.evidence.use import use_factor_table, use_table
from scenarios.evidence.watching import watch
from scenarios.evidence.words import sentences_of
from scenarios.field_data.faults import Faults
from scenarios.land.inputs import read_inputs
from scenarios.outputs.job import Summary
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from scenarios.statistics.prediction import Interval
from scenarios.study.load import resolve
from scenarios.synthetic.traps import simulate_evidence
from tests.support.tiny_study import write_tiny_study

QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study") / "tiny")


@pytest.fixture(scope="module")
def traps(study: Path) -> Path:
    out = study.parent / "traps"
    simulate_evidence(str(study), None, out, {}, QUIET, seed=3)
    return out


@pytest.fixture(scope="module")
def results(study: Path) -> Path:
    out = study.parent / "results"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        run_study(str(study), ["closed"], None, out, {}, QUIET)
    return out


@pytest.fixture(scope="module")
def summary(study: Path, traps: Path, results: Path) -> Summary[Findings]:
    return run_evidence(str(study), traps, study.parent / "evidence", QUIET, results=results)


def watched(study: Path, traps: Path) -> Any:
    data, resolved = read_traps(traps), resolve(str(study))
    inputs, faults = read_inputs(resolved), Faults()
    marks = landmarks_of(resolved, inputs, data.settings.passages)
    return watch(data, marks, inputs, faults), marks, faults


def test_synthetic_data_are_labelled_everywhere_and_read_without_a_fault(traps: Path) -> None:
    data = read_traps(traps)
    assert data.synthetic and data.faults == () and "SYNTHETIC" in data.title
    assert data.deployments["deploymentComments"].str.contains("SYNTHETIC").all()
    assert data.observations["observationComments"].eq("SYNTHETIC").all()
    assert data.media["mediaComments"].str.contains("SYNTHETIC").all()
    assert (traps / "evidence.yaml").read_text().startswith("# SYNTHETIC")
    assert json.loads((traps / "truth.json").read_text())["synthetic"] is True


def test_the_same_seed_gives_the_same_data(study: Path, traps: Path, tmp_path: Path) -> None:
    simulate_evidence(str(study), None, tmp_path / "again", {}, QUIET, seed=3)
    for name in ("deployments.csv", "observations.csv", "truth.json", "evidence.yaml"):
        assert (tmp_path / "again" / name).read_bytes() == (traps / name).read_bytes()


def test_cameras_are_linked_to_what_the_simulator_put_them_at(study: Path, traps: Path) -> None:
    seen, _, faults = watched(study, traps)
    assert not faults.errors
    tags = read_traps(traps).deployments.set_index("deploymentID")["deploymentTags"].map(tags_of)
    kinds = {"passage": "passage", "fence": "fence", "place": "place", "step": "open"}
    for one in seen.links.itertuples():
        meant = tags[one.deploymentID]["kind"]
        if meant == "control":
            assert one.control_of and one.kind != "passage"
        elif meant in ("passage", "place"):
            assert one.kind == kinds[meant]
        if one.kind == "passage":
            assert one.site.startswith(one.passage) and one.passage_distance_m < 60
    periods = seen.days[seen.days["kind"] == "passage"]
    assert ((periods["day"] < "2024-06-01") == (periods["period"] == "before")).all()


def test_counts_are_those_of_the_files(study: Path, traps: Path) -> None:
    seen, _, _ = watched(study, traps)
    table = use_table(seen, (0.5, 0.0))
    raw = pd.read_csv(traps / "observations.csv")
    raw = raw[raw["deploymentID"].str.contains("-p1-[ab]-after")]
    raw = raw[(raw["scientificName"] == "Fictus walker")].sort_values(["deploymentID", "eventStart"])
    start, end = (pd.to_datetime(raw[c]) for c in ("eventStart", "eventEnd"))
    fresh = (start - end.groupby(raw["deploymentID"]).shift() >= pd.Timedelta(minutes=30)) | ~raw[
        "deploymentID"
    ].duplicated()
    mine = table[
        (table["watched"] == "synthetic-p1") & (table["species"] == "walker") & (table["period"] == "after")
    ].iloc[0]
    assert mine["events"] == fresh.sum()
    assert mine["through"] + mine["turned_back"] + mine["unknown"] == mine["events"]
    assert table["days"].groupby([table["kind"], table["watched"], table["period"]]).first().sum() == pytest.approx(
        seen.days["days"].sum()
    )


def test_estimates_meet_the_truth(summary: Summary[Findings], traps: Path) -> None:
    """Most 90 % intervals hold what the data were drawn from."""
    truth = json.loads((traps / "truth.json").read_text())["species"]
    table = summary.found.use_factors
    single = table[(table["passage"] != "") & (table["status"] == "updated")]
    held = [
        low <= truth[s]["use_factor_of_passage"][p] <= high
        for s, p, low, high in zip(single["species"], single["passage"], single["low"], single["high"], strict=True)
    ]
    assert len(held) >= 6 and np.mean(held) > 0.6
    places = summary.found.places
    for row in places[places["group"] == "place"].itertuples():
        if row.detections:
            assert truth[row.species]["place_used"][row.unit]


def test_a_young_passage_is_judged_by_what_could_be_expected_of_it(
    summary: Summary[Findings], study: Path, traps: Path
) -> None:
    """With a curve the same counts stand for a higher later use; the table and the words say how far animals were used to it."""
    seen, _, _ = watched(study, traps)
    resolved = resolve(str(study))
    inputs = read_inputs(resolved)
    curve = Habituation(years=(0.0, 2.0), share=(0.4, 1.0), origin="made up")
    slow = replace(inputs, profiles={name: replace(p, habituation=curve) for name, p in inputs.profiles.items()})
    at_once, later = (use_factor_table(seen, resolved, one, 4.0)[0] for one in (inputs, slow))
    counts = ["species", "design", "passage", "through", "turned_back", "status"]
    pd.testing.assert_frame_equal(at_once[counts], later[counts])
    updated = (later["status"] == "updated") & (later["passage"] != "")
    assert (at_once.loc[updated, "habituation"] == 1).all() and later.loc[updated, "habituation"].between(
        0.4, 0.7
    ).all()
    assert (later.loc[updated, "mean"] > at_once.loc[updated, "mean"]).all()
    young = replace(summary.found, job=replace(summary.found.job, inputs=slow), use_factors=later)
    assert not any("young" in line for line in sentences_of(summary.found)["use"])
    assert all("so little use now is no failure" in line and "(made up)" in line for line in sentences_of(young)["use"])
    rules = summary.found.overlay.set["openings"]
    assert rules and all(rule["opened"] == 2024 for rule in rules)


def test_the_folder_holds_what_the_page_names(summary: Summary[Findings]) -> None:
    page = (summary.folder / "index.html").read_text()
    assert "SYNTHETIC DATA" in page and "SCHEMATIC" in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    for name in (
        "use.png",
        "baci.png",
        "use_factors.png",
        "ranking.png",
        "cameras.png",
        "places.png",
        "passage_use.csv",
    ):
        assert f'"{name}"' in page and (summary.folder / name).stat().st_size > 0
    columns = pd.read_csv(summary.folder / "columns.csv")
    written = {p.name for p in summary.folder.glob("*.csv")} - {"columns.csv"}
    assert set(columns["file"]) == written
    manifest = json.loads((summary.folder / "manifest.json").read_text())
    assert {"data/deployments.csv", "data/evidence.yaml", "results/manifest.json"} <= set(manifest["inputs"])
    assert manifest["settings"]["synthetic"] is True
    assert json.loads(json.dumps(summary.as_dict(), default=str))["synthetic"] is True


def test_the_overlay_moves_the_next_run(summary: Summary[Findings], study: Path, tmp_path: Path) -> None:
    overlay = read_overlay(summary.folder / "use_factors.yaml", "tiny").set
    resolved = resolve(str(study), "closed", overlay)
    table = summary.found.use_factors
    for row in table[(table["passage"] == "") & (table["status"] == "updated")].itertuples():
        assert resolved.study.designs[row.design].use_factor[row.species] == pytest.approx(row.mean, abs=1e-4)
    assert [rule.id for rule in resolved.study.openings] == [p.id for p in summary.found.marks.passages]
    assert any("SYNTHETIC" in sentence for sentence in resolved.study.assumptions)
    ranking = summary.found.reranked
    assert ranking is not None and (ranking.table["score_before"] != ranking.table["score_after"]).any()
    done = CliRunner().invoke(
        app,
        [
            "run",
            str(study),
            "--scenario",
            "closed",
            "--species",
            "walker",
            "--out",
            str(tmp_path / "r"),
            "-q",
            "--no-cache",
            "--evidence",
            str(summary.folder / "use_factors.yaml"),
        ],
    )
    assert done.exit_code == 0, done.output
    passages = pd.read_csv(tmp_path / "r" / "closed" / "walker" / "passages.csv").set_index("candidate")
    both = ranking.table.set_index("candidate")["rank_after_walker"]
    assert passages["rank"].to_dict() == both[both.notna()].astype(int).to_dict()


def test_an_overlay_of_another_study_is_refused(summary: Summary[Findings], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not the study that is run \('other'\)"):
        read_overlay(summary.folder / "use_factors.yaml", "other")
    wrong = yaml.safe_load((summary.folder / "use_factors.yaml").read_text()) | {"sets": {}}
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(ConfigError, match="did you mean 'set'"):
        read_overlay(tmp_path / "wrong.yaml")


def without(traps: Path, folder: Path, keep: str) -> Path:
    """A copy with only the deployments whose id matches."""
    folder.mkdir()
    for path in traps.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for name in ("deployments", "media", "observations"):
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        table[table["deploymentID"].str.contains(keep)].to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_no_data_is_no_data(study: Path, traps: Path, tmp_path: Path) -> None:
    few = without(traps, tmp_path / "few", "synthetic-p1-a-after")
    found = run_evidence(str(study), few, tmp_path / "out", QUIET, ranking=False).found
    passages = found.use[found.use["kind"] == "passage"]
    watched_one = passages["watched"] == "synthetic-p1"
    assert (passages.loc[watched_one, "status"] == "ok").all()
    assert (passages.loc[~watched_one, "status"] == "no data").all()
    assert passages.loc[~watched_one, "rate_per_100"].isna().all()
    assert found.baci["status"].str.contains("no passage was watched").all() and found.baci["ratio"].isna().all()
    others = found.use_factors[~found.use_factors["passage"].isin(["", "synthetic-p1"])]
    assert (others["status"] == "no data").all()
    assert (found.places["status"] == "no data").all()
    page = (tmp_path / "out" / "index.html").read_text()
    assert "No camera stood in a core place" in page and "No results of a run were given" in page


def test_cameras_that_saw_nothing_still_make_a_page(study: Path, traps: Path, results: Path, tmp_path: Path) -> None:
    empty = without(traps, tmp_path / "empty", "after")
    observations = pd.read_csv(empty / "observations.csv", dtype=str, keep_default_na=False)
    observations[observations["observationType"] == "human"].to_csv(empty / "observations.csv", index=False)
    found = run_evidence(str(study), empty, tmp_path / "out", QUIET, results=results).found
    assert (found.use["events"] == 0).all() and (found.use["status"] == "ok").all()
    assert (found.use["low_per_100"] < found.use["high_per_100"]).all()
    assert not found.updated and not (tmp_path / "out" / "use_factors.yaml").exists()
    assert found.occupancy["status"].str.contains("never seen").all()
    assert found.predictions is not None and set(found.predictions.summary["verdict"]) == {"too few data"}
    assert "not proof of absence" in (tmp_path / "out" / "index.html").read_text()


def test_deployments_elsewhere_are_refused(study: Path, traps: Path, tmp_path: Path) -> None:
    away = without(traps, tmp_path / "away", "step-01-after")
    table = pd.read_csv(away / "deployments.csv", dtype=str, keep_default_na=False).assign(latitude="12.34567")
    table.to_csv(away / "deployments.csv", index=False)
    (away / "evidence.yaml").write_text("outside_study: leave_out\n")
    with pytest.raises(DataError, match=f"none of its {len(table)} deployments lies in the study"):
        run_evidence(str(study), away, tmp_path / "out", QUIET)


def test_too_few_places_are_said_to_be_too_few(study: Path, traps: Path, tmp_path: Path) -> None:
    seen, marks, _ = watched(study, without(traps, tmp_path / "few", "south_hills|step-0[12]-"))
    groups, units = occupancy_tables(seen, marks)
    assert groups["status"].str.contains("too few data").all() and groups["psi"].isna().all()
    assert units["probability_used"].isna().all()


def test_commands(study: Path, traps: Path, results: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(
        app,
        [
            "evidence",
            str(study),
            str(traps),
            "--out",
            str(tmp_path / "e"),
            "--results",
            str(results),
            "--no-ranking",
            "--json",
            "--alternative",
            f"same={results}",
        ],
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["synthetic"] and set(told["verdicts"]) == {"walker", "digger"}
    predictors = pd.read_csv(tmp_path / "e" / "predictors.csv")
    gains = predictors[predictors["species"] == "digger"].set_index("predictor")["gain"]
    assert gains["current, same"] == pytest.approx(gains["current"])
    named = runner.invoke(
        app, ["evidence", "report", str(study), str(traps), "--out", str(tmp_path / "f"), "--no-ranking", "-q"]
    )
    assert named.exit_code == 0 and (tmp_path / "f" / "index.html").is_file()
    assert runner.invoke(app, ["evidence", "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--scenario", "nowhere"], 4), (["--alternative", "x"], 2), (["--settings", "missing.yaml"], 4)],
)
def test_wrong_arguments(
    study: Path, traps: Path, results: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    command = [
        "evidence",
        str(study),
        str(traps),
        "--out",
        str(tmp_path / "e"),
        "--results",
        str(results),
        "-q",
        *arguments,
    ]
    assert CliRunner().invoke(app, command).exit_code == code
    assert not (tmp_path / "e").exists()


def test_wrong_passages_and_places_are_told(study: Path, traps: Path, tmp_path: Path) -> None:
    resolved = resolve(str(study))
    inputs = read_inputs(resolved)
    for stated, words in (
        (StatedPassage(id="p", candidate="border_0-km003.0", design="tunnel"), "unknown design 'tunnel'"),
        (StatedPassage(id="p", candidate="nowhere-km003.0", design="bridge"), "no candidate"),
        (StatedPassage(id="p", lon=10.0, lat=42.0, design="bridge"), "km from the nearest fence"),
    ):
        with pytest.raises(ConfigError, match=words):
            landmarks_of(resolved, inputs, [stated])
    moved = without(traps, tmp_path / "moved", "after")
    table = pd.read_csv(moved / "deployments.csv", dtype=str, keep_default_na=False)
    table.loc[:1, ["latitude", "longitude"]] = table.loc[:1, ["longitude", "latitude"]].to_numpy()
    table.loc[2, "latitude"] = "12.34567"
    table.to_csv(moved / "deployments.csv", index=False)
    with pytest.raises(DataError) as error:
        run_evidence(str(study), moved, tmp_path / "out", QUIET)
    assert str(error.value).count("swap latitude and longitude") == 2 and "outside_study: leave_out" in str(error.value)
    with pytest.raises(LayerNotFoundError, match="otkel run"):
        run_evidence(str(study), traps, tmp_path / "out", QUIET, results=tmp_path)


@pytest.mark.parametrize(
    ("agreement", "power", "verdict", "more"),
    [
        ((0.5, 0.2, 0.7), {1.0: 0.3, 2.0: 0.9}, "predicts", 0.0),
        ((-0.5, -0.7, -0.2), {1.0: 0.3, 2.0: 0.9}, "wrong way", 0.0),
        ((0.1, -0.2, 0.4), {1.0: 0.85, 2.0: 0.9}, "does not predict", 0.0),
        ((0.1, -0.2, 0.4), {1.0: 0.3, 2.0: 0.6, 4.0: 0.82}, "too few data", 3000.0),
        ((0.1, -0.2, 0.4), {1.0: 0.3, 2.0: 0.4, 4.0: 0.5}, "too few data", np.inf),
    ],
)
def test_verdicts(agreement: tuple[float, float, float], power: dict[float, float], verdict: str, more: float) -> None:
    value, low, high = agreement
    word, sentence, days = _verdict(Interval(value=value, low=low, high=high), power, 1000.0)
    assert (word, days) == (verdict, more)
    assert ("3,000 more camera-days" in sentence) == (more == 3000.0)
    assert ("more sites are needed" in sentence) == (more == np.inf)


def test_an_opening_of_the_study_is_a_passage_and_keeps_its_place(study: Path, traps: Path, tmp_path: Path) -> None:
    stated = yaml.safe_load((traps / "evidence.yaml").read_text())["passages"][0]
    copy = without(traps, tmp_path / "copy", "synthetic-p1-[ab]-after")
    (copy / "evidence.yaml").write_text("synthetic: true\n")
    opening = {"id": "gate", "fence_line": "border", "design": stated["design"], "at": [stated["candidate"]]}
    overrides = {"openings": [opening | {"use_factor": {"digger": 0.2}}]}
    found = run_evidence(
        str(study), copy, tmp_path / "out", QUIET, overrides=overrides, species=["walker"], ranking=False
    ).found
    assert set(found.use.loc[found.use["kind"] == "passage", "watched"]) == {"gate"}
    assert set(found.use["species"]) == {"walker"} and not any("no species" in str(f) for f in found.faults)
    rules = found.overlay.set["openings"]
    mean = found.factors["walker", stated["design"]].passages["gate"].mean
    assert [(rule["id"], rule["at"]) for rule in rules] == [("gate", [stated["candidate"]])]
    assert rules[0]["use_factor"] == {"digger": 0.2, "walker": pytest.approx(mean, abs=1e-4)}
    with pytest.raises(ConfigError, match="unknown species 'yeti'"):
        run_evidence(str(study), copy, tmp_path / "no", QUIET, species=["yeti"])


def test_packages_are_made_of_what_is_really_written(study: Path, summary: Summary[Findings], tmp_path: Path) -> None:
    cameras = pd.read_csv(summary.folder / "deployments.csv")
    for audience in ("partner", "public"):
        share_evidence(str(study), summary.folder, tmp_path / audience, QUIET, audience=audience)
        data = b"".join(path.read_bytes() for path in sorted((tmp_path / audience).iterdir()))
        for name in {*cameras["deploymentID"], *cameras["site"], *cameras["stretch"].dropna(), "synthetic-p1"}:
            assert name.encode() not in data
        for value in {*cameras["lat_deg"], *cameras["lon_deg"]}:
            assert f"{value:.4f}".encode() not in data
    assert len(pd.read_csv(tmp_path / "partner" / "deployments.csv")) == len(cameras)
