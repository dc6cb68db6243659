"""`otkel passages` on the tiny study: what is chosen, what it is worth when the study is solved again, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError
from scenarios.land.actions import acted_surface, mortality_ground
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import evaluate, reference_of
from scenarios.passages.choose import PortfolioRun, choose_portfolio
from scenarios.passages.words import describe_items, describe_plan
from scenarios.study.load import ResolvedStudy, resolve
from tests.support.tiny_study import write_tiny_study

AREA = {"lon": 56.17, "lat": 42.75, "radius_m": 4000}


def settings(data: dict[str, Any]) -> None:
    """Actions, mortality and a small budget."""
    data["portfolio"] = {"budget": 3, "min_spacing_m": 4000, "steps": 2, "seconds": 2}
    data["mortality"] = {"reach_km": 20, "origin": "made up"}
    data["actions"] = {
        "park": {
            "kind": "protect",
            "title": "A park",
            "cost": 1,
            "resistance_factor": 0.3,
            "mortality_factor": 0.2,
            "habitat_factor": 2,
            "area": {"region": "north_park", "buffer_m": 6000},
        },
        "guards": {"kind": "patrol", "cost": 1, "mortality_factor": 0.1, "area": AREA},
        "walkers_only": {
            "kind": "restore",
            "cost": 1,
            "resistance_factor": 0.5,
            "species": ["walker"],
            "area": {"polygon": [[56.0, 42.7], [56.3, 42.7], [56.3, 42.8]]},
        },
        "gap": {"kind": "remove_fence", "fence": "border_0", "from_m": 20000, "to_m": 26000, "cost": 2},
        "wall": {"kind": "add_fence", "fence_line": "border", "line": [[55.9, 42.78], [56.5, 42.78]], "cost": 0},
    }
    data["designs"]["bridge"]["cost"] = 3


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny", settings)


def chosen(study: Path, scenario: str = "closed", **overrides: Any) -> PortfolioRun:
    keys = {key.replace("__", "."): value for key, value in overrides.items()}
    return choose_portfolio(resolve(str(study), scenario, keys))


@pytest.fixture(scope="module")
def plain(study: Path) -> PortfolioRun:
    return chosen(study)


@pytest.fixture(scope="module")
def both(study: Path) -> PortfolioRun:
    return chosen(study, "both", portfolio__budget=4)


def solved_with(study: Path, run: PortfolioRun) -> dict[str, float]:
    """Gain of each species when the study itself does what was chosen and is solved from scratch."""
    done = [name for name in run.names_of(run.best) if name in run.resolved.study.actions]
    names = [name for name in run.names_of(run.best) if name not in run.resolved.study.actions]
    rules = [
        {"id": f"opened_{line}", "fence_line": line, "design": "wires_out", "at": at}
        for line in dict.fromkeys(run.candidates["fence_line"])
        if (at := [n for n in names if run.candidates.set_index("candidate").at[n, "fence_line"] == line])
    ]
    changed = resolve(str(study), run.resolved.scenario, {"openings": rules, "done": done})
    inputs = read_inputs(changed)
    out = {}
    for species, before in run.reference.items():
        after = reference_of(Landscape(prepare_species(changed, inputs, species)), run.settings.objective).now
        out[species] = _regained(run.settings.objective, before.now, after, before.without)
    return out


def _regained(objective: str, now: np.ndarray, after: np.ndarray, without: np.ndarray) -> float:
    """Mean share of what the fences take, by the definition."""
    if objective == "least_cost":
        now, after, without = 1 / now, 1 / after, 1 / without
    share = np.divide(after - now, without - now, out=np.zeros_like(now), where=np.abs(without - now) > 1e-12)
    return float(share.mean())


@pytest.mark.parametrize("objective", ["conductance", "least_cost", "eca", "arriving"])
@pytest.mark.parametrize("scenario", ["closed", "both"])
def test_the_plan_is_worth_what_solving_the_study_again_says(study: Path, objective: str, scenario: str) -> None:
    run = chosen(study, scenario, portfolio__objective=objective, portfolio__best=12)
    assert run.best.value > 0 and run.best.gap < 1e-5
    assert solved_with(study, run) == pytest.approx(run.by_species, rel=1e-6)


def test_resistance_where_every_core_is_joined(study: Path) -> None:
    digger = resolve(str(study), "closed", {"portfolio.objective": "resistance"})
    run = choose_portfolio(digger, ["digger"])
    assert solved_with(study, run) == pytest.approx(run.by_species, rel=1e-6)
    with pytest.raises(ConfigError, match=r"south_hills, south_plain is cut off.*choose conductance"):
        choose_portfolio(digger, ["walker"])


def test_every_candidate_s_own_gain(study: Path, plain: PortfolioRun) -> None:
    """The same from the function that uncertainty draws call, for all and for some."""
    resolved, inputs = plain.resolved, plain.inputs
    table = evaluate(resolved, inputs, "digger").set_index("candidate")["gain"]
    own = plain.candidates.set_index("candidate")["gain_digger"]
    pd.testing.assert_series_equal(table.loc[own.index], own, check_names=False)
    some = list(own.index[:3])
    few = evaluate(resolved, inputs, "digger", candidates=some).set_index("candidate")["gain"]
    np.testing.assert_allclose(few, own.loc[some], rtol=1e-9)
    other = evaluate(resolved, inputs, "digger", {"permeability.default.value": 0.9}, candidates=some)
    assert (other["gain"].to_numpy() != few.to_numpy()).all()


def test_one_fence_one_by_one_is_nearly_best_and_two_fences_need_bundles(
    plain: PortfolioRun, both: PortfolioRun
) -> None:
    assert plain.greedy.value > 0.9 * plain.best.value
    assert plain.bundles.empty
    assert (both.candidates["gain_walker"] == 0).all(), "sealed twice: nothing alone"
    assert (both.bundles["gain"].iloc[0] > both.bundles["gain_apart"].iloc[0]) and len(both.bundles) > 3
    lines = both.candidates[both.candidates["chosen"]]["fence_line"]
    assert set(lines) == {"border", "inner"}


def test_a_sealed_species_behind_two_fences(study: Path) -> None:
    """The best single opening gains nothing, so that nothing is ever added; the search finds a bundle."""
    run = choose_portfolio(resolve(str(study), "both", {"portfolio.budget": 4}), ["walker"])
    assert run.greedy.value == 0 and run.names_of(run.greedy) == ()
    assert run.greedy_pairs.value > 0.5 * run.best.value > 0
    assert "would bring nothing" in describe_items(run)[0][2]


def test_the_frontier_rises_and_more_budget_never_gains_less(plain: PortfolioRun) -> None:
    for _, rows in plain.frontier.groupby("species"):
        assert (np.diff(rows["gain"]) >= -1e-9).all() and (rows["cost"] <= rows["budget"] + 1e-9).all()
    at = plain.frontier[(plain.frontier["species"] == "all") & (plain.frontier["budget"] == 3)]
    assert at["gain"].iloc[0] == pytest.approx(plain.best.value, rel=1e-6)


def test_parts_and_needs(plain: PortfolioRun) -> None:
    weights = {"walker": 0.7, "digger": 0.3}
    for row in plain.parts.to_dict("records"):
        assert row["gain"] == pytest.approx(sum(w * row[f"gain_{s}"] for s, w in weights.items()), rel=1e-6)
    assert (plain.needs["gain_without"] <= plain.best.value + 1e-12).all()
    assert plain.best.value == pytest.approx(sum(w * plain.by_species[s] for s, w in weights.items()))


def test_rules_of_the_study_file(study: Path) -> None:
    some = chosen(study).candidates["candidate"]
    run = chosen(
        study,
        portfolio__must_have=[some[1]],
        portfolio__must_not=[some[9]],
        portfolio__most=2,
        portfolio__at_most=[{"most": 1, "fence": "border_0", "from_km": 10, "to_km": 50}],
    )
    names = run.names_of(run.best)
    assert some[1] in names and some[9] not in names and len(names) <= 2
    along = run.candidates.set_index("candidate").loc[list(names), "along_m"]
    assert (along >= 10_000).sum() <= 1
    assert "asked for as a must-have" in " ".join(text for _, _, text in describe_items(run))
    with pytest.raises(ConfigError, match="unknown candidate or action 'nowhere'"):
        chosen(study, portfolio__must_have=["nowhere"])
    with pytest.raises(ConfigError, match="unknown action 'nothing'"):
        chosen(study, portfolio__actions=["nothing"])


def test_several_designs_at_a_place(study: Path) -> None:
    run = chosen(study, candidates__more_designs=["bridge"], candidates__every_m=4000)
    designs = run.candidates.groupby("along_m")["design"].apply(set)
    assert {"wires_out", "bridge"} in designs.to_list()
    picked = run.candidates[run.candidates["chosen"]]
    assert picked["along_m"].is_unique and picked["cost"].sum() <= 3


def test_actions_compete_with_passages(study: Path) -> None:
    run = chosen(study, portfolio__actions=["park", "gap"])
    assert "gap" in set(run.candidates["candidate"]) and len(run.frontier)
    with_park = (
        run if "park" in run.best.actions else chosen(study, portfolio__actions=["park"], portfolio__must_have=["park"])
    )
    assert with_park.best.actions == ("park",)
    assert solved_with(study, with_park) == pytest.approx(with_park.by_species, rel=1e-6)
    assert run.best.value >= chosen(study).best.value - 1e-9
    words = " ".join(text for _, _, text in describe_items(with_park))
    assert "A park (protect)" in words


def test_a_removed_stretch_in_a_scenario_is_what_the_choice_said(study: Path) -> None:
    run = chosen(study, portfolio__actions=["gap"], portfolio__must_have=["gap"], portfolio__budget=2)
    assert run.names_of(run.best) == ("gap",)
    assert solved_with(study, run) == pytest.approx(run.by_species, rel=1e-6)


def test_what_actions_do_to_the_land(study: Path) -> None:
    def surfaces(*done: str) -> dict[str, np.ndarray]:
        resolved = resolve(str(study), "closed", {"done": list(done)})
        inputs = read_inputs(resolved)
        return {s: prepare_species(resolved, inputs, s).surface.values for s in ("walker", "digger")}

    before, after = surfaces(), surfaces("park", "walkers_only")
    assert (after["walker"] <= before["walker"]).all() and (after["walker"] < before["walker"]).any()
    assert after["walker"].min() >= min(1.0, before["walker"].min())
    changed = {s: (after[s] != before[s]).sum() for s in after}
    assert changed["walker"] > changed["digger"] > 0


def test_patrols_and_zones_change_who_arrives(study: Path) -> None:
    def ground(**overrides: Any) -> tuple[np.ndarray, ResolvedStudy]:
        resolved = resolve(str(study), "closed", {k.replace("__", "."): v for k, v in overrides.items()})
        return mortality_ground(resolved, read_inputs(resolved), "walker"), resolved

    usual, resolved = ground()
    assert usual == pytest.approx(np.full((40, 40), 1000.0**2 / 20_000.0**2))
    assert np.unique(ground(done=["guards"])[0] / usual).tolist() == pytest.approx([0.1, 1.0])
    zone = {"reach_km": 20, "zones": [{"area": AREA, "factor": 5}]}
    assert np.unique(ground(mortality=zone)[0] / usual).tolist() == pytest.approx([1.0, 5.0])
    with pytest.raises(ConfigError, match="the objective arriving needs it"):
        ground(mortality=None)
    profile = read_inputs(resolved).profiles["walker"]
    surface = prepare_species(resolved, read_inputs(resolved), "walker").surface
    assert acted_surface(resolved, read_inputs(resolved), profile, surface) is surface


def test_guards_help_walkers_to_arrive(study: Path) -> None:
    run = chosen(study, portfolio__objective="arriving", portfolio__actions=["guards"], portfolio__best=8)
    without = chosen(study, portfolio__objective="arriving", portfolio__best=8)
    assert run.best.value >= without.best.value


def test_an_added_fence_takes_something_away(study: Path) -> None:
    resolved = resolve(str(study), "closed", {"done": ["wall"]})
    inputs = read_inputs(resolved)
    assert [f.id for f in inputs.cuts.fences] == ["border_0", "wall"]
    run = chosen(study, portfolio__actions=["wall"], portfolio__must_have=["wall"])
    assert run.best.value < chosen(study).best.value


def test_a_seasonal_passage(study: Path) -> None:
    def use(**overrides: Any) -> list[float]:
        keys = {"designs.wires_out": {"width_m": 4, "cost": 1, "months": [3, 4, 5]}, **overrides}
        resolved = resolve(str(study), "closed", keys)
        found = prepare_species(resolved, read_inputs(resolved), "walker").candidates
        return [c.opening.use_factor for c in found]

    assert np.unique(use()) == pytest.approx([0.8 * 3 / 12])
    assert set(use(month=4)) == {0.8}
    assert use(month=8) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a["park"].update(area=None), "protect needs an `area`"),
        (lambda a: a["guards"].update(mortality_factor=1), "changes nothing"),
        (lambda a: a["gap"].update(to_m=5), "should be more than from_m"),
        (lambda a: a["gap"].update(fence="nofence"), "unknown fence 'nofence'"),
        (lambda a: a["gap"].update(from_m=1e9, to_m=2e9), "does not lie on border_0"),
        (lambda a: a["wall"].update(line=[[56.0, 42.0]]), "needs `line`"),
        (lambda a: a["park"].update(area={"region": "nowhere"}), "nowhere"),
        (lambda a: a["park"].update(area={"lon": 1.0, "lat": 2.0}), "together"),
        (lambda a: a["park"].update(species=["yeti"]), "unknown species 'yeti'"),
    ],
)
def test_wrong_actions_are_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str) -> None:
    def edit(data: dict[str, Any]) -> None:
        settings(data)
        change(data["actions"])

    folder = write_tiny_study(tmp_path / "tiny", edit)
    with pytest.raises(ConfigError, match=message):
        chosen(folder)


def test_words_come_from_the_numbers(plain: PortfolioRun, both: PortfolioRun) -> None:
    words = " ".join(describe_plan(plain))
    assert f"{100 * plain.best.value:.3g}\u202f%" in words and "this is proven" in words
    first = describe_items(plain)[0]
    row = plain.candidates.set_index("candidate").loc[first[1]]
    assert f"{row['lat']:.3f}\u00b0N" in first[2] and f"{100 * row['gain']:.3g}\u202f%" in first[2]
    assert first[1] == plain.parts.sort_values("gain", ascending=False)["item"].iloc[0]
    closed = [text for _, name, text in describe_items(both) if "would bring nothing" in text]
    alone = both.candidates.set_index("candidate")["gain"]
    assert len(closed) == sum(alone[name] == 0 for name in both.names_of(both.best))


def test_from_the_command_line(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app,
        ["passages", str(study), "--scenario", "both", "--budget", "4", "--k", "4", "--out", str(out), "--json"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["plan"]["gap"] < 1e-5 and len(summary["plan"]["items"]) <= 4
    assert summary["greedy"]["gain"] <= summary["plan"]["gain"]
    files = {p.name for p in out.iterdir()}
    assert files == {
        "plan.csv",
        "candidates.csv",
        "bundles.csv",
        "frontier.csv",
        "needs.csv",
        "columns.csv",
        "plan.txt",
        "plan.gpkg",
        "plan.png",
        "frontier.png",
        "index.html",
        "manifest.json",
        "scenario.yaml",
    }
    columns = pd.read_csv(out / "columns.csv", keep_default_na=False)
    assert (columns["meaning"] != "").all()
    layers = gpd.list_layers(out / "plan.gpkg")["name"].tolist()
    assert layers == ["plan", "candidates", "bundles", "areas", "fences", "places"]
    plan = gpd.read_file(out / "plan.gpkg", layer="plan")
    assert plan.crs.to_epsg() == 6933 and set(plan["item"]) == set(summary["plan"]["items"])
    assert plan["description"].str.len().min() > 80
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("<li><strong>") == len(summary["plan"]["items"]) and "RESTRICTED" in page.upper()
    assert not any(item in page for item in summary["plan"]["items"]), "passages have names, not ids"
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["portfolio"]["budget"] == 4


def test_nothing_to_choose_is_an_answer(study: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no candidate stands on an active fence"):
        chosen(study, "free")
    run = chosen(study, portfolio__budget=0)
    assert run.names_of(run.best) == () and "nothing that may be chosen improves connectivity" in describe_plan(run)[0]
