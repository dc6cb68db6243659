"""Drawn parameters: what may be drawn, the same numbers however they are computed, and what is said about them."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.stats import qmc
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, PlannerWarning
from scenarios.land.inputs import Inputs, read_inputs
from scenarios.land.parameters import Changes, Parameter, changed, parameter_space, sobol_points
from scenarios.land.prepared import prepare_species
from scenarios.model.parameter_words import short_name
from scenarios.model.ranking import combine_species
from scenarios.model.species_run import run_species
from scenarios.study.load import ResolvedStudy, resolve
from scenarios.study.uncertainty import Spread
from scenarios.uncertainty.draws import DrawJob, evaluate_draws, gains_of, score_candidates
from scenarios.uncertainty.files import stability_tables, write_stability
from scenarios.uncertainty.stability import ALL, Stability, stability_of
from scenarios.uncertainty.words import how_sure, stability_sentences
from tests.support.places import ROOT
from tests.support.tiny_study import let_through, write_tiny_study

ROWS = [
    {"parameter": "rules.*", "excess": [0.5, 2], "together": "rule", "origin": "made up"},
    {"parameter": "permeability.*.value", "odds": [0.25, 4]},
    {"parameter": "use_factor.*", "odds": [0.5, 2], "together": "species"},
    {"parameter": "fences.model.*", "factor": [0.5, 2], "shape": "triangular"},
]


def with_rows(rows: list[dict[str, Any]]) -> Any:
    return lambda settings: settings.update(uncertainty={"parameters": rows})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny", with_rows(ROWS))


@pytest.fixture(scope="module")
def resolved(study: Path) -> ResolvedStudy:
    return resolve(str(study), "closed")


@pytest.fixture(scope="module")
def inputs(resolved: ResolvedStudy) -> Inputs:
    return read_inputs(resolved)


@pytest.fixture(scope="module")
def found(resolved: ResolvedStudy, tmp_path_factory: pytest.TempPathFactory) -> Stability:
    return stability_of(resolved, draws=16, seed=3, top=3, cache=tmp_path_factory.mktemp("draws"))


def parameter(nominal: float, shape: str = "log_uniform", **bounds: Any) -> Parameter:
    spread = Spread(parameter="x", shape=shape, **bounds)  # type: ignore[arg-type]
    return Parameter(key="x", species="", nominal=nominal, axis=0, spread=spread)


def test_scales_by_hand() -> None:
    assert parameter(10.0, factor=(0.5, 2)).at(0.5) == pytest.approx(10.0)
    assert [parameter(10.0, excess=(0.5, 2)).at(u) for u in (0, 1)] == [5.5, 19.0]
    assert parameter(0.5, odds=(0.25, 4)).at(1.0) == pytest.approx(0.8)
    assert [parameter(3.0, "uniform", value=(1, 5)).at(u) for u in (0, 0.25, 1)] == [1.0, 2.0, 5.0]
    triangle = parameter(2.0, "triangular", value=(1, 5))
    assert [triangle.at(u) for u in (0, 0.25, 1)] == pytest.approx([1.0, 2.0, 5.0])
    draws = np.array([triangle.at(u) for u in (np.arange(4000) + 0.5) / 4000])
    assert draws.mean() == pytest.approx((1 + 2 + 5) / 3, rel=1e-4)


@pytest.mark.parametrize("u", [0.0, 0.3, 1.0])
def test_what_is_sealed_stays_sealed_and_best_habitat_stays_best(u: float) -> None:
    assert parameter(0.0, odds=(0.25, 4)).at(u) == 0.0
    assert parameter(1.0, odds=(0.25, 4)).at(u) == 1.0
    assert parameter(1.0, excess=(0.5, 2)).at(u) == 1.0
    assert 0 < parameter(0.999, odds=(0.01, 100)).at(u) < 1


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"factor": (0.5, 2), "odds": (0.5, 2)},
        {"factor": (2, 0.5)},
        {"factor": (0, 2)},
        {"value": (-1, 2), "shape": "uniform"},
        {"value": (0, 2)},
        {"factor": (2, 3), "shape": "triangular"},
    ],
)
def test_bounds_that_make_no_sense_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spread(parameter="x", **row)


def test_only_what_plays_a_part_is_drawn(resolved: ResolvedStudy, inputs: Inputs) -> None:
    """Not the sealed fence, not the best habitat, not a design that nobody builds."""
    space = parameter_space(resolved, inputs)
    assert space.axes == (
        "fences.model.free_path_m",
        "fences.model.reach_m",
        "walker.rules.slope_percent",
        "walker.use_factor.*",
        "digger.rules.slope_percent",
        "digger.permeability.default.value",
        "digger.use_factor.*",
    )
    assert [p.key for p in space.moved_by(2)] == ["rules.slope_percent[0]"]


def test_the_study_s_own_values_are_drawn_in_place_of_the_profile_s(study: Path) -> None:
    resolved = resolve(str(study), "both", {"designs.wires_out.use_factor": {"walker": 0.5}})
    rows = [Spread(parameter=name, odds=(0.5, 2)) for name in ("*permeability.*.value", "*use_factor.*")]
    uncertain = resolved.study.uncertainty.model_copy(update={"parameters": rows})
    resolved = ResolvedStudy(
        **{f: getattr(resolved, f) for f in resolved.__dataclass_fields__ if f != "study"},
        study=resolved.study.model_copy(update={"uncertainty": uncertain}),
    )
    inputs = read_inputs(resolved)
    space = parameter_space(resolved, inputs)
    assert space.axes == (
        "fences.permeability.inner.digger.value",
        "designs.wires_out.use_factor.walker",
        "digger.permeability.default.value",
        "digger.use_factor.wires_out",
    )
    study_now, inputs_now = changed(resolved, inputs, space.at(np.ones(4)))
    assert study_now.study.designs["wires_out"].use_factor["walker"] == pytest.approx(2 / 3)
    assert study_now.study.fences.permeability["inner"]["digger"].value == pytest.approx(18 / 19)
    assert inputs_now.profiles["digger"].permeability_of("border").value == pytest.approx(4 / 7)
    assert resolved.study.designs["wires_out"].use_factor["walker"] == 0.5
    context = prepare_species(study_now, inputs_now, "walker")
    assert context.use_factor("wires_out") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"parameter": "rule.*", "factor": [0.5, 2]}, "names no parameter; choose one of"),
        ({"parameter": "rules.*", "factor": [0.5, 2], "species": ["wolf"]}, "unknown species 'wolf'"),
        ({"parameter": "use_factor.*", "factor": [0.5, 2]}, "would be 1.6; a share is at most 1"),
        ({"parameter": "permeability.*.value", "value": [2, 3]}, "a share is at most 1"),
        ({"parameter": "use_factor.*", "value": [0, 0.5], "shape": "uniform"}, "must stay above 0"),
        ({"parameter": "fences.model.reach_m", "value": [1, 2], "shape": "triangular"}, "should hold 1000"),
        (
            {"parameter": "permeability.*", "odds": [0.5, 2]},
            "scale_m is 12732.4 and no share; give its bounds as `factor`",
        ),
        (
            {"parameter": "permeability.default.value", "odds": [0.5, 2], "species": ["walker"]},
            "no row names a parameter",
        ),
    ],
)
def test_rows_that_cannot_be_are_refused_before_any_solve(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    resolved = resolve(str(write_tiny_study(tmp_path / "study", with_rows([row]))), "closed")
    with pytest.raises(ConfigError, match=message):
        parameter_space(resolved, read_inputs(resolved))


def test_draws_are_balanced_repeatable_and_begin_alike() -> None:
    points = sobol_points(64, 5, 7)
    assert (points == sobol_points(64, 5, 7)).all() and (points != sobol_points(64, 5, 8)).any()
    assert (sobol_points(128, 5, 7)[:64] == points).all()
    assert all((np.bincount((column * 16).astype(int)) == 4).all() for column in points.T)
    with pytest.raises(ConfigError, match=r"60 is not a power of two.*use 64"):
        sobol_points(60, 5, 7)


def test_as_stated_the_ranking_is_that_of_a_run(resolved: ResolvedStudy, inputs: Inputs) -> None:
    """Every number and the order, to the last bit; only what needs a map is missing."""
    runs = {name: run_species(prepare_species(resolved, inputs, name)).ranking for name in inputs.profiles}
    light = {name: score_candidates(prepare_species(resolved, inputs, name)) for name in inputs.profiles}
    for name in runs:
        pd.testing.assert_frame_equal(
            light[name].drop(columns="gain_ohm2"), runs[name].drop(columns="gain_ohm2"), check_exact=True
        )
    pd.testing.assert_frame_equal(combine_species(resolved.study, light), combine_species(resolved.study, runs))


def test_stated_ranks_are_those_of_a_run(resolved: ResolvedStudy, found: Stability, inputs: Inputs) -> None:
    runs = {name: run_species(prepare_species(resolved, inputs, name)).ranking for name in inputs.profiles}
    combined = combine_species(resolved.study, runs).set_index("candidate")
    order = found.candidates["candidate"].to_numpy()[np.argsort(found.stated_ranks())]
    assert order.tolist() == combined.index[: len(order)].tolist()
    assert (found.stated_gains() == combined["score"].loc[found.candidates["candidate"]].to_numpy()).all()
    chosen = combined.index[combined["selected"]].tolist()[:3]
    assert found.candidates["candidate"].iloc[found.shortlist()].tolist() == chosen


def test_a_draw_is_a_run_with_other_numbers(study: Path, resolved: ResolvedStudy, inputs: Inputs) -> None:
    """Against changing the files' numbers and running."""
    changes = Changes(
        profiles={"digger": {"permeability.default.value": 0.2, "rules.slope_percent[0]": 5.0}},
        study={"fences.model.free_path_m": 1500.0, "fences.model.reach_m": 700.0},
    )
    names = tuple(prepare_species(resolved, inputs, "digger").candidates[i].opening.id for i in range(15))
    job = DrawJob(resolved=resolved, species=("digger",), candidates=names)
    gains = gains_of(job, inputs, changes)
    other = resolve(
        str(study),
        "closed",
        {
            "fences.model.free_path_m": 1500.0,
            "fences.model.reach_m": 700.0,
            "fences.permeability": {"border": {"digger": let_through(0.2)}},
        },
    )
    now = read_inputs(other, ["digger"])
    now.profiles["digger"] = now.profiles["digger"].with_parameters({"rules.slope_percent[0]": 5.0})
    ranking = run_species(prepare_species(other, now, "digger")).ranking.set_index("candidate")
    shares = ranking.loc[list(names), ["conductance_gain_share", "least_cost_gain_share"]].to_numpy().T
    np.testing.assert_allclose(gains[0, 1:], shares, rtol=1e-9)


def test_a_sealed_fence_stays_sealed_in_every_draw(resolved: ResolvedStudy, inputs: Inputs) -> None:
    space = parameter_space(resolved, inputs)
    for point in sobol_points(16, len(space.axes), 3):
        study_now, inputs_now = changed(resolved, inputs, space.at(point))
        model = prepare_species(study_now, inputs_now, "walker").model
        assert set(model.worth_m.values()) == {math.inf}
        leaky = prepare_species(study_now, inputs_now, "digger").model
        assert all(30_000 / 4 < worth < 30_000 * 4 for worth in leaky.worth_m.values())


def test_the_numbers_do_not_depend_on_the_number_of_processes(
    resolved: ResolvedStudy, found: Stability, tmp_path: Path
) -> None:
    two = stability_of(resolved, draws=16, seed=3, top=3, jobs=2, cache=tmp_path)
    assert (two.drawn == found.drawn).all() and (two.points == found.points).all()
    assert len(list(tmp_path.glob("draw-*.step"))) == 16


def test_finished_draws_are_taken_up_and_damaged_ones_made_again(
    resolved: ResolvedStudy, inputs: Inputs, tmp_path: Path
) -> None:
    space = parameter_space(resolved, inputs)
    draws = [space.at(point) for point in sobol_points(4, len(space.axes), 0)]
    names = tuple(c.opening.id for c in prepare_species(resolved, inputs, "digger").candidates)
    job = DrawJob(resolved=resolved, species=("digger",), candidates=names)
    told: list[tuple[int, bool]] = []
    first = evaluate_draws(job, inputs, draws, jobs=1, cache=tmp_path)
    sorted(tmp_path.glob("draw-*.step"))[1].write_bytes(b"cut short")
    with pytest.warns(PlannerWarning, match="cannot be used"):
        again = evaluate_draws(job, inputs, draws, jobs=1, cache=tmp_path, done=lambda n, kept: told.append((n, kept)))
    assert (again == first).all()
    assert sorted(kept for _, kept in told) == [False, True, True, True]
    other = DrawJob(resolved=resolved, species=("digger",), candidates=names[:-1])
    evaluate_draws(other, inputs, draws[:1], jobs=1, cache=tmp_path)
    assert len(list(tmp_path.glob("draw-*.step"))) == 5


def outputs(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "manifest.json"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes cannot be killed like that here")
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(study: Path, tmp_path: Path) -> None:
    words = ["uncertainty", str(study), "--draws", "32", "--top", "3", "--quiet"]
    whole = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "whole"), "--cache", str(tmp_path / "one")])
    assert whole.exit_code == 0, whole.stderr
    cache, out = tmp_path / "two", tmp_path / "resumed"
    command = [sys.executable, "-m", "cli", *words, "--out", str(out), "--cache", str(cache), "--jobs", "2"]
    child = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    end = time.monotonic() + 120
    while len(list(cache.glob("draw-*.step"))) < 2 and child.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert not out.exists()
    assert_gone(child.pid)
    kept = len(list(cache.glob("draw-*.step")))
    assert 2 <= kept < 32
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert outputs(out) == outputs(tmp_path / "whole")
    assert len(list(cache.glob("draw-*.step"))) == 32


def assert_gone(group: int) -> None:
    """The processes that it had started end by themselves."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("processes outlive the run that was killed")


def test_tables_agree_with_the_draws(found: Stability) -> None:
    tables = stability_tables(found)
    table = tables["stability"]
    mine = table[table["ranking"] == ALL].sort_index()
    assert mine["top_share"].sum() == pytest.approx(3)
    assert (mine["top_share_near"] >= mine["top_share"]).all()
    assert (mine["worst_score"] <= mine["mean_score"] + 1e-12).all()
    np.testing.assert_allclose(
        mine["mean_score"], 0.7 * found.drawn[:, 0, 0].mean(0) + 0.3 * found.drawn[:, 1, 0].mean(0)
    )
    assert (mine["rank"] == found.stated_ranks()).all()
    assert mine["shortlisted"].sum() == 3
    draws = tables["draws"]
    assert len(draws) == 16 and draws["stated_places_kept"].between(0, 3).all()
    assert draws["kendall_tau_all"].between(-1, 1).all()
    assert draws["digger.permeability.default.value"].between(1 / 7, 8 / 11).all()
    drivers = tables["parameters"]
    assert set(drivers["ranking"]) == {ALL, "walker", "digger"}
    assert set(drivers["parameter"]) == set(found.space.axes)


def test_a_species_is_only_moved_by_its_own_numbers(found: Stability) -> None:
    """Its gains are the same wherever its own numbers and the study's are."""
    walker = parameter_space(found.resolved, read_inputs(found.resolved, ["walker"]))
    assert all(name.startswith(("walker", "fences.model")) for name in walker.axes)
    assert found.drivers("walker").index.shape == (7,)


def test_sentences_say_what_the_tables_say(found: Stability) -> None:
    tables = stability_tables(found)
    words = stability_sentences(found, tables)
    mine = tables["stability"][lambda t: (t["ranking"] == ALL) & t["shortlisted"]]
    firm = mine[mine["top_share_place"] > 0.8]
    assert words[0].startswith(f"{len(firm)} of the 3 best places")
    for row in firm.itertuples():
        assert f"{row.name} ({row.top_share_place:.0%})" in words[0]
    best = mine.iloc[0]
    assert f"In {best['top_share_place']:.0%} of 16 draws" in how_sure(found, tables, best["candidate"])
    assert how_sure(found, tables, "nowhere") == ""


def test_the_picture_shows_every_place(found: Stability, tmp_path: Path) -> None:
    tables = stability_tables(found)
    files = write_stability(found, tables, stability_sentences(found, tables), tmp_path)
    assert [f.name for f in files] == ["stability.csv", "parameters.csv", "draws.csv", "stability.txt", "stability.png"]
    assert (tmp_path / "stability.png").stat().st_size > 20_000
    assert (tmp_path / "stability.csv").read_text().startswith("ranking,candidate,name,fence,")
    for row in pd.read_csv(tmp_path / "parameters.csv", dtype=str).itertuples():
        lows, highs = (np.array(words.split(), float) for words in (row.lowest_draw, row.highest_draw))
        assert (lows <= highs).all()


def test_the_command_says_what_it_found(study: Path, tmp_path: Path) -> None:
    words = ["uncertainty", str(study), "--draws", "4", "--top", "2", "--cache", str(tmp_path / "c"), "--json"]
    done = CliRunner().invoke(app, [*words, "--species", "digger", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["draws"] == 4 and len(told["shortlist"]) == 2
    assert (tmp_path / "out" / "manifest.json").is_file()
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for part in (
        "4 draws of",
        "stability.png",
        "Cautions",
        "SCHEMATIC",
        "parameters.csv",
        "is known to \u00b1 50 percentage points",
    ):
        assert part in page, part
    best = pd.read_csv(tmp_path / "out" / "stability.csv").sort_values("place").iloc[0]
    assert f"<td>{best['name']}</td>" in page and '{"' not in page and " km " in best["name"]
    free = CliRunner().invoke(app, [*words, "--scenario", "free", "--out", str(tmp_path / "free")])
    assert free.exit_code == 3 and "no candidate passage improves connectivity" in free.stderr
    odd = CliRunner().invoke(app, [*words[:2], "--draws", "6", "--out", str(tmp_path / "odd")])
    assert odd.exit_code == 2 and "not a power of two" in odd.stderr


def test_short_sequences_keep_parameters_apart() -> None:
    """Plain Sobol coordinates share whole halves in 64 points; these share none, and up to 14 not even quarters."""
    plain = qmc.Sobol(25, scramble=True, seed=1).random(64) > 0.5
    assert np.abs(np.corrcoef(plain.T) - np.eye(25)).max() == pytest.approx(1.0)
    for seed in range(3):
        halves = sobol_points(64, 25, seed) > 0.5
        assert np.abs(np.corrcoef(halves.T) - np.eye(25)).max() < 1e-12
        quarters = (sobol_points(64, 14, seed) * 4).astype(int)
        for i in range(14):
            for j in range(i):
                assert (np.bincount(quarters[:, i] * 4 + quarters[:, j], minlength=16) == 4).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fences.model.reach_m", "fences: how far they follow a fence"),
        ("leopard.rules.slope_percent", "leopard: slope"),
        ("leopard.permeability.default.value", "leopard: permeability of fences"),
        ("leopard.permeability.inner.scale_m", "leopard: permeability inner scale"),
        ("leopard.permeability.default.worth_km", "leopard: worth of fences [km]"),
        ("free_path_m", "all species: how straight they go"),
        ("leopard.permeability.inner", "leopard: permeability inner"),
        ("kulan.use_factor.gate", "kulan: use of gate"),
        ("use_factor.*", "all species: use of passages"),
        ("permeability.*", "all species: permeability of fences"),
        ("factors.*", "all species: all factors"),
        ("rules.landcover*", "all species: landcover"),
        ("rules.landcover[3]", "all species: landcover[3]"),
        ("designs.gate.use_factor.kulan", "designs.gate.use_factor.kulan"),
    ],
)
def test_short_names(name: str, words: str) -> None:
    assert short_name(name) == words


def test_an_objective_of_passages_is_drawn_too(resolved: ResolvedStudy, found: Stability, tmp_path: Path) -> None:
    """The objective `conductance` is the share that a run shows in its own column."""
    few = found.candidates.iloc[:5]
    other = stability_of(resolved, draws=4, seed=3, top=2, candidates=few, objective="conductance", cache=tmp_path)
    assert other.measures == ("gain",)
    np.testing.assert_allclose(other.stated[:, 0], found.stated[:, 1, :5], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(other.drawn[:, :, 0], found.drawn[:4, :, 1, :5], rtol=1e-8, atol=1e-12)
    assert "its gain is" in how_sure(other, stability_tables(other), few["candidate"].iloc[0])
