"""Results side by side: numbers by hand, laws, words for the unreachable, refusals, and files that reopen."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import json
import math
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image
from typer.testing import CliRunner

import scenarios
import scenarios.comparison.session
from cli import app
from rasters.errors import ConfigError, LayerNotFoundError
from rasters.fences import FORMULA
from scenarios.comparison.maps import DIVERGING, NOISE, change_of, relative_change
from scenarios.comparison.session import COMPARISON, run_compare, write_comparison
from scenarios.comparison.sides import Comparison, Side, compare_sides, folder_and_scenario, sides_of
from scenarios.comparison.tables import HIGHER_IS_BETTER
from scenarios.comparison.words import change_words, findings, table_rows
from scenarios.outputs.audience import Audience
from scenarios.outputs.generalise import generalised
from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.progress import Reporter
from scenarios.records.hashing import sha256_of

QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def study(small_study: Path) -> Path:
    return small_study


@pytest.fixture(scope="module")
def results(small_run: Summary[Contents], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(small_run.folder, tmp_path_factory.mktemp("compare") / "results"))


@pytest.fixture(scope="module")
def stored(results: Path) -> StoredResults:
    return read_results(results)


@pytest.fixture(scope="module")
def comparison(stored: StoredResults) -> Comparison:
    return compare_sides(sides_of([stored]))


@pytest.fixture(scope="module")
def written(results: Path) -> Path:
    return run_compare([results], None, None, QUIET).folder


def of_digger(stored: StoredResults, scenario: str) -> Side:
    """One side with one species, which is quicker."""
    side = next(side for side in sides_of([stored]) if side.label == scenario)
    return dataclasses.replace(side, species=("digger",), combined=None)


def row_of(table: pd.DataFrame, **keys: str) -> pd.Series:
    for name, value in keys.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


# ------------------------------------------------------------------------------------------------------------- numbers


def test_every_difference_is_that_of_the_two_runs(stored: StoredResults, comparison: Comparison) -> None:
    table = comparison.differences
    assert not table.duplicated(["species", "other", "source", "target", "indicator"]).any()
    for species, other in itertools.product(stored.species, ("free", "opened")):
        a, b = stored.run("closed", species), stored.run(other, species)
        for one, two in zip(a.pairs.to_dict("records"), b.pairs.to_dict("records"), strict=True):
            for name in ("least_cost_m", "effective_resistance_ohm"):
                row = row_of(
                    table, species=species, other=other, source=one["source"], target=one["target"], indicator=name
                )
                assert (row["a"], row["b"]) == (one[name], two[name])
                if math.isfinite(one[name]):
                    assert row["difference"] == two[name] - one[name]
                    assert row["ratio"] == pytest.approx(two[name] / one[name])


def test_the_unreachable_is_told_in_words(comparison: Comparison) -> None:
    table = comparison.differences
    way = {"species": "walker", "source": "south_hills", "target": "any", "indicator": "least_cost_m"}
    gained = row_of(table, other="free", **way)
    assert (gained["a"], gained["difference"], gained["status"]) == (math.inf, -math.inf, "reached only in b")
    nobody = row_of(table, other="opened", **(way | {"indicator": "fence_crossings"}))
    assert math.isnan(nobody["a"]) and nobody["status"] == "reached only in b"
    known = table[table["status"] == "compared"]
    assert np.isfinite(known[["a", "b", "difference"]].to_numpy()).all()
    unknown = table[table["status"] == "unreachable in both"]
    assert unknown["difference"].isna().all() or (unknown["a"] == 0).all()


def test_turned_round_differences_change_sign(stored: StoredResults) -> None:
    there, back = (
        compare_sides([s for s in sides_of([stored]) if s.label in ("free", "opened")], base=base).differences
        for base in ("free", "opened")
    )
    keys = ["species", "source", "target", "indicator"]
    both = there.merge(back, on=keys, suffixes=("_there", "_back"))
    assert len(both) == len(there) == len(back)
    np.testing.assert_allclose(both["difference_there"], -both["difference_back"])
    known = both["ratio_there"].gt(0) & both["ratio_back"].gt(0)
    np.testing.assert_allclose(both.loc[known, "ratio_there"] * both.loc[known, "ratio_back"], 1.0)


def test_more_openings_are_never_worse(comparison: Comparison) -> None:
    """No fence is at least as good as some openings, which are at least as good as none."""
    free, opened = (
        comparison.differences[comparison.differences["other"] == other].reset_index() for other in ("free", "opened")
    )
    for name, sign in (("least_cost_m", 1), ("effective_resistance_ohm", 1), ("arriving_share", -1), ("eca_km2", -1)):
        mine = free["indicator"] == name
        assert mine.any()
        change_free, change_opened = sign * free.loc[mine, "difference"], sign * opened.loc[mine, "difference"]
        assert (change_opened <= 1e-9).all() and ((change_free <= change_opened + 1e-6) | np.isinf(change_opened)).all()
        assert (name in HIGHER_IS_BETTER) == (sign < 0)


def test_the_share_given_back_and_its_price_by_hand(stored: StoredResults, comparison: Comparison) -> None:
    row = row_of(comparison.gains, species="digger", other="opened")
    a, b = (
        stored.run(scenario, "digger").pairs.set_index(["target", "source"]).loc["any"]
        for scenario in ("closed", "opened")
    )
    shares = []
    for core in a.index:
        now, then = 1 / a.loc[core, "effective_resistance_ohm"], 1 / b.loc[core, "effective_resistance_ohm"]
        free = 1 / a.loc[core, "effective_resistance_no_fence_ohm"]
        shares.append((then - now) / (free - now))
    assert row["conductance_share"] == pytest.approx(np.mean(shares), rel=1e-6)
    assert row["extra_cost"] == 5 and row["status"] == "compared"
    assert row["conductance_share_per_cost"] == pytest.approx(row["conductance_share"] / 5)
    walker = row_of(comparison.gains, species="walker", other="opened")["conductance_share"]
    together = row_of(comparison.gains, species="all", other="opened")
    assert together["conductance_share"] == pytest.approx(0.7 * walker + 0.3 * row["conductance_share"])
    free = row_of(comparison.gains, species="walker", other="free")
    assert free["conductance_share"] == pytest.approx(1.0, abs=1e-6)
    assert free["status"].startswith("no gain per cost") and math.isnan(free["conductance_share_per_cost"])


def test_nothing_can_be_given_back_of_no_fence(stored: StoredResults) -> None:
    turned = compare_sides(sides_of([stored]), base="free")
    assert set(turned.gains["status"]) == {"no share: the fences of a take nothing away"}
    assert turned.base.label == "free" and [side.label for side in turned.others] == ["closed", "opened"]


def test_taus_are_those_of_counting_pairs(comparison: Comparison) -> None:
    """Kendall's tau-b by its definition: concordant less discordant pairs over the untied ones of each side."""
    row = row_of(comparison.agreement, species="digger", other="opened")
    table = comparison.ranks
    own = table[(table["species"] == "digger") & (table["other"] == "opened") & (table["status"] == "compared")]
    assert row["common"] == len(own) > 10
    x, y = own["score_a"].to_numpy(), own["score_b"].to_numpy()
    pairs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in itertools.combinations(range(len(own)), 2)]
    agree = sum(p * q for p, q in pairs)
    untied = [sum(p != 0 for p, _ in pairs), sum(q != 0 for _, q in pairs)]
    assert row["tau_b"] == pytest.approx(agree / math.sqrt(untied[0] * untied[1]))
    best = [set(own.sort_values(f"rank_{side}")["candidate"].head(10)) for side in "ab"]
    assert row["top10_common"] == len(best[0] & best[1])
    assert (own["change"] == own["rank_a"] - own["rank_b"]).all()


def test_without_candidates_there_is_no_tau_but_a_reason(comparison: Comparison) -> None:
    row = row_of(comparison.agreement, species="all", other="free")
    assert math.isnan(row["tau_b"]) and row["status"] == "no candidates in b" and row["best_b"] == "none"


def test_a_run_beside_itself_differs_in_nothing(stored: StoredResults, tmp_path: Path) -> None:
    side = of_digger(stored, "opened")
    same = compare_sides([side, dataclasses.replace(side, label="again")])
    assert (same.differences.loc[same.differences["status"] == "compared", "difference"] == 0).all()
    assert set(same.differences["status"]) == {"compared"}
    np.testing.assert_allclose(same.agreement["tau_b"], 1.0)
    assert same.settings.empty
    write_comparison(same, tmp_path, [stored])
    assert not list(tmp_path.rglob("*.tif"))
    assert len(list(tmp_path.rglob("*_difference.png"))) == 2
    assert "None that the results tell of" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_settings_that_differ_are_listed(comparison: Comparison) -> None:
    assert comparison.settings[["other", "key"]].to_numpy().tolist() == [
        ["free", "fences.active"],
        ["opened", "openings"],
    ]
    assert row_of(comparison.settings, other="free")["a"] == '["border"]'


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"grid.cell_m": 2000}, "grid: 40 x 40"),
        ({"ranking.conductance_weight": 0.25}, "ranking.conductance_weight: 0.5 against 0.25"),
        ({"portfolio.objective": "eca"}, 'portfolio.objective: "conductance" against "eca"'),
        ({"solver.neighbours": 4}, "solver.neighbours: 8 against 4"),
        ({"routes.digger": {"from": ["south_hills"], "to": ["north_park"]}}, "routes.digger: other places"),
        ({"study": "another"}, "study: tiny against another"),
    ],
)
def test_runs_that_do_not_measure_the_same_are_refused(
    study: Path, stored: StoredResults, override: dict[str, Any], named: str
) -> None:
    other = scenarios.run(study, "free", species="digger", overrides=override)
    with pytest.raises(ConfigError, match="free cannot be compared with closed") as error:
        compare_sides([of_digger(stored, "closed"), other.side])
    assert named in str(error.value)


def test_results_of_two_fence_formulas_are_refused_and_old_ones_say_so(results: Path, tmp_path: Path) -> None:
    """A folder that names no formula is of the first one."""
    old = Path(shutil.copytree(results, tmp_path / "old"))
    manifest = json.loads((old / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["fence_formula"] == FORMULA
    del manifest["fence_formula"]
    for entry in manifest["runs"]:
        assert entry.pop("fence_formula") == FORMULA
    (old / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    before = read_results(old)
    assert any("fence formula 1" in sentence for sentence in before.runs[0].assumptions)
    with pytest.raises(ConfigError, match=f"fence formula: {FORMULA} against 1"):
        compare_sides(sides_of([read_results(results), before])[::3])


def test_other_species_and_another_audience_are_refused(stored: StoredResults) -> None:
    closed, free, _ = sides_of([stored])
    with pytest.raises(ConfigError, match="species: digger, walker against digger"):
        compare_sides([closed, dataclasses.replace(free, species=("digger",))])
    public = dataclasses.replace(free, read=lambda name: generalised(free.read(name), Audience.PUBLIC))
    with pytest.raises(ConfigError, match="audience: restricted against public"):
        compare_sides([closed, public])


def test_results_for_the_public_can_be_compared(stored: StoredResults, tmp_path: Path) -> None:
    def public(side: Side) -> Side:
        return dataclasses.replace(
            side, read=lambda name: generalised(side.read(name), Audience.PUBLIC), combined=None, settings={}, inputs={}
        )

    found = compare_sides([public(of_digger(stored, scenario)) for scenario in ("closed", "free")])
    write_comparison(found, tmp_path)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<b>public</b>" in text and "border_0-km" not in text
    assert set(found.agreement["status"]) == {"no candidates in a"}
    with pytest.raises(ConfigError, match="digger: the numbers of opened are withheld from the public"):
        compare_sides([public(of_digger(stored, scenario)) for scenario in ("closed", "opened")])


def test_one_side_is_not_enough(results: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to compare closed with"):
        run_compare([results / "closed"], None, None, QUIET)
    with pytest.raises(LayerNotFoundError, match="unknown scenario 'context'; choose one of closed, free, opened"):
        run_compare([results, results / "context"], None, None, QUIET)
    with pytest.raises(ConfigError, match="--base: unknown side 'nobody'; choose one of closed, free, opened"):
        run_compare([results], None, "nobody", QUIET)


def test_folders_and_scenarios_in_them(results: Path) -> None:
    assert folder_and_scenario(results) == (results, None)
    assert folder_and_scenario(results / "closed") == (results, "closed")
    assert folder_and_scenario("nowhere") == (Path("nowhere"), None)


# ----------------------------------------------------------------------------------------------------------------- maps


def test_changes_of_a_map_keep_apart_what_is_unreachable() -> None:
    a = np.array([1.0, 2.0, np.inf, np.inf, 5.0, 0.0, 0.0, np.nan, 1.0])
    b = np.array([3.0, 1.0, np.inf, 4.0, np.inf, 0.0, 2.0, 1.0, 1.0 + NOISE / 2])
    np.testing.assert_array_equal(change_of(a, b), [2, -1, np.nan, -np.inf, np.inf, 0, 2, np.nan, 0])
    np.testing.assert_array_equal(relative_change(a, b), [200, -50, np.nan, -100, np.inf, 0, np.inf, np.nan, 0])


def test_rasters_of_change_reopen_with_their_meaning(written: Path, stored: StoredResults) -> None:
    a, b = stored.run("closed", "digger"), stored.run("opened", "digger")
    folder = written / "maps" / "opened" / "digger"
    for field, stem in (("cwd", "cost_weighted_distance"), ("current_density", "current_density")):
        one, two = getattr(a, field), getattr(b, field)
        with rasterio.open(folder / f"{stem}_difference.tif") as file:
            change = file.read(1)
            assert file.tags()["reference"] == "closed" and file.tags()["compared"] == "opened"
            assert file.tags()["geometry"].startswith("SCHEMATIC") and file.units[0] in ("effective m", "A/m")
        known = np.isfinite(one) & np.isfinite(two)
        np.testing.assert_allclose(change[known], two[known] - one[known], rtol=1e-5, atol=2 * NOISE * one[known].max())
        with rasterio.open(folder / f"{stem}_relative.tif") as file:
            share = file.read(1)
            assert file.units == ("%",)
        known &= one > 0
        np.testing.assert_allclose(share[known], 100 * (two[known] / one[known] - 1), rtol=1e-4, atol=2e-3)
    assert not list(folder.glob("resistance*"))


def test_ground_that_only_one_run_reaches_from_is_infinite(written: Path, stored: StoredResults) -> None:
    a = stored.run("closed", "walker")
    with rasterio.open(written / "maps" / "free" / "walker" / "cost_weighted_distance_difference.tif") as file:
        change = file.read(1)
    cut_off = np.isinf(a.cwd) & a.surface.passable
    assert cut_off.sum() > 100
    assert (change[cut_off] == -np.inf).all()


def test_styles_are_even_around_zero(written: Path) -> None:
    styles = list(written.rglob("*.qml"))
    assert len(styles) == len(list(written.rglob("*.tif"))) > 8
    for path in styles:
        items = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", path.read_text(encoding="utf-8"))).iter("item")
        stops = [float(item.get("value", "nan")) for item in items]
        np.testing.assert_allclose(stops, -np.array(stops[::-1]))
        assert stops[-1] > 0


def test_the_palette_is_as_light_on_one_side_as_on_the_other() -> None:
    rgb = DIVERGING(np.linspace(0, 1, 101))[:, :3]
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light[:51]) > 0).all() and (np.diff(light[50:]) < 0).all()
    np.testing.assert_allclose(light, light[::-1], atol=0.12)


# ------------------------------------------------------------------------------------------------------- words and page


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (2.0, 1.0, "\u221250\u202f%"),
        (1.0, 1.26, "+26\u202f%"),
        (1.0, 1.0, "same"),
        (1.0, 1.00001, "same"),
        (math.inf, 3.0, "now reached"),
        (3.0, math.inf, "cut off"),
        (math.inf, math.inf, "no route in both"),
        (math.nan, 1.0, "now reached"),
        (0.0, 1.0, "from 0"),
        (1.0, 1000.0, "\u00d7\u202f1e+03"),
        (math.nan, math.nan, "\u2013"),
    ],
)
def test_changes_in_words(a: float, b: float, words: str) -> None:
    assert change_words(a, b) == words


def test_the_findings_and_the_table_agree_with_the_numbers(comparison: Comparison) -> None:
    told = findings(comparison)
    assert (
        told[0]
        == "Walker, No fence: 2 of 2 cores reach a target instead of 0; 100\u202f% of the conductance that the fences take is restored."
    )
    assert len(told) == 4
    rows = table_rows(comparison)
    assert {row.species for row in rows} == {"Walker", "Digger", "All species"}
    assert {len(row.cells) for row in rows} == {5}
    cost = next(row for row in rows if row.species == "Walker" and row.label.startswith("Least cost"))
    assert cost.cells[0] == "no route" and cost.cells[2] == "now reached"
    paid = next(row for row in rows if row.unit == "cost units")
    assert paid.cells == ("0", "0", "same", "5", "+5")


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [str(found[key]) for key in ("href", "src") if key in found]
        self.ids += [str(found["id"])] if "id" in found else []


def test_the_page_is_offline_and_every_link_leads_somewhere(written: Path) -> None:
    page, text = Links(), (written / "index.html").read_text(encoding="utf-8")
    page.feed(text)
    assert len(page.links) > 40
    for link in page.links:
        assert not re.match(r"[a-z]+:|//", link), link
        assert link[1:] in page.ids if link.startswith("#") else (written / link).is_file(), link
    assert "SCHEMATIC fence lines" in text and "full precision; do not publish" in text
    assert not re.search(r"url\(|@import|<script", text)


def test_pictures_for_a_report_are_drawn(written: Path) -> None:
    for name in ("figure", "table"):
        with Image.open(written / f"{name}.png") as image:
            pixels = np.asarray(image.convert("L"))
        assert pixels.shape[1] > 2000 and 0.005 < (pixels < 128).mean() < 0.3
        assert (written / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert "Walker" in (written / f"{name}.svg").read_text(encoding="utf-8")


def test_tables_have_a_dictionary_of_their_columns(written: Path) -> None:
    dictionary = pd.read_csv(written / "columns.csv")
    for name in ("differences", "headlines", "gains", "ranks", "agreement", "settings"):
        assert (
            dictionary.loc[dictionary["file"] == f"{name}.csv", "column"].tolist()
            == pd.read_csv(written / f"{name}.csv").columns.tolist()
        )
    assert (dictionary["meaning"].str.len() > 5).all()


def test_the_results_link_their_comparison_and_still_check_out(written: Path, results: Path) -> None:
    assert written == results / COMPARISON
    assert 'href="comparison/index.html"' in (results / "index.html").read_text(encoding="utf-8")
    read_results(results, check=True)
    before = sha256_of(results / "manifest.json")
    again = {path: sha256_of(path) for path in written.rglob("*") if path.is_file() and path.name != "manifest.json"}
    run_compare([results], None, None, QUIET, check=True)
    assert {path: sha256_of(path) for path in again} == again
    assert (results / "index.html").read_text(encoding="utf-8").count("comparison/index.html") == 1
    assert before != "" and json.loads((written / "manifest.json").read_text())["others"] == ["free", "opened"]


def test_the_command_line(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [
        "compare",
        str(results / "free"),
        str(results / "closed"),
        "--base",
        "closed",
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    monkeypatch.setattr(scenarios.comparison.session, "write_difference_maps", lambda *_, **__: [])
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["base"], told["others"]) == ("closed", ["free"])
    assert (tmp_path / "out" / "index.html").is_file()
    refused = CliRunner().invoke(app, ["compare", str(results / "closed"), "--quiet"])
    assert refused.exit_code == 3 and "nothing to compare" in refused.stderr
    nowhere = CliRunner().invoke(app, ["compare", str(tmp_path / "nowhere"), "--quiet"])
    assert nowhere.exit_code == 4 and "there is no such folder" in nowhere.stderr
