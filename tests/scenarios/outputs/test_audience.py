"""Who may see what: what is taken away, and what somebody who has only the public's files can find."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from rich.console import Console
from shapely.geometry import LineString, Point

from rasters.errors import ConfigError
from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.land.inputs import read_inputs
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import prepare_species
from scenarios.model.ground import ground_of
from scenarios.outputs.audience import Audience, audience_note, badge, promised_deg
from scenarios.outputs.exporting import export_results
from scenarios.outputs.generalise import cells_within, generalised, generalised_ranking, snapped
from scenarios.outputs.release import Release
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.words import note_of
from scenarios.progress import Reporter
from scenarios.runs.session import run_study, shortlists
from scenarios.study.load import resolve
from tests.support.adversary import errors_km, medians_within_cells_km, report, texts_of
from tests.support.factory import make_run, small_grid
from tests.support.opening_adversary import ATTACKS, Try, tries
from tests.support.opening_adversary import chance_km as opening_chance_km
from tests.support.tiny_study import write_tiny_study

CELL = 0.1
PROMISED = 0.3


@pytest.fixture(scope="module")
def run() -> Release:
    return make_run()


@pytest.fixture(scope="module")
def partner(run) -> Release:
    return generalised(run, Audience.PARTNER)


@pytest.fixture(scope="module")
def public(run) -> Release:
    return generalised(run, Audience.PUBLIC)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("audience")
    study = write_tiny_study(folder / "study", lambda settings: settings["candidates"].update(every_m=1700))
    with Reporter(quiet=True) as reporter:  # no candidate stands at a kilometre post
        run_study(str(study), ["closed"], None, folder / "results", {}, reporter)
    return folder / "results"


@pytest.fixture(scope="module")
def public_files(results, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("public")
    with Reporter(quiet=True) as reporter:
        export_results(results, "all", out, reporter, audience="public")
    return out


def lon_lat(grid: Grid, x, y) -> np.ndarray:
    return np.column_stack(grid.transformer("EPSG:4326").transform(np.asarray(x), np.asarray(y), direction="INVERSE"))


def on_grid(values: np.ndarray, degrees: float) -> bool:
    return bool(np.allclose(values / degrees, np.round(values / degrees), atol=1e-4))


def test_places_go_to_the_nearest_node_and_never_farther_than_half_a_cell():
    lon, lat = snapped([55.634895, -0.004, 0.15], [41.284459, -41.006, 0.05], 0.01)
    assert lon.tolist() == [55.63, -0.0, 0.15]
    assert lat.tolist() == [41.28, -41.01, 0.05]
    many = np.random.default_rng(1).uniform(-80, 80, 500)
    for degrees in (0.01, 0.02, 0.05, 0.1):
        rounded, _ = snapped(many, many, degrees)
        assert np.abs(rounded - many).max() <= degrees / 2 + 1e-9
        again, _ = snapped(rounded, rounded, degrees)
        assert again.tolist() == rounded.tolist()


def test_restricted_is_the_run_itself(run):
    assert generalised(run, Audience.RESTRICTED) is run


def test_what_was_taken_away_is_gone(partner, public):
    assert generalised(public, Audience.PUBLIC) is public
    with pytest.raises(ConfigError, match="for public already"):
        generalised(public, Audience.PARTNER)
    with pytest.raises(ConfigError, match="for partner already"):
        generalised(partner, Audience.RESTRICTED)
    assert generalised(partner, Audience.PUBLIC).audience is Audience.PUBLIC


def test_notes_say_what_was_done(run, partner, public):
    assert [note_of(r).partition(":")[0] for r in (run, partner, public)] == ["restricted", "partner", "public"]
    assert "0.01 degree" in note_of(partner)
    assert "0.05 degree" in audience_note(Audience.PUBLIC, 0.05)
    assert len({badge(audience) for audience in Audience}) == 3


def test_partners_get_passages_at_whole_kilometres(run, partner):
    before, after = run.ranking, partner.ranking
    assert len(after) == len(before)
    assert (after["along_m"] % 1000 == 0).all()
    assert (before["along_m"] - after["along_m"]).between(0, 999.999).all()
    places = lon_lat(run.grid, after["x"], after["y"])
    assert on_grid(places, 0.01)
    away = np.hypot(after["x"] - before["x"], after["y"] - before["y"])
    assert away.max() < 1000 + 700
    assert after["candidate"].is_unique
    assert after["candidate"].str.fullmatch(r"(border|inner)-km\d{4}(-\d)?").all()
    assert after["score"].tolist() == before["score"].tolist()


def test_a_partners_id_kilometre_and_position_say_the_same(run):
    """Two candidates within a kilometre differ in nothing that places them."""
    table = run.ranking.head(2).assign(
        candidate=["b", "a"], fence="border", along_m=[7400.0, 7900.0], x=[0.0, 1.0], y=[0.0, 1.0]
    )
    both = generalised_ranking(table, run.cuts.fences, run.grid, Audience.PARTNER)
    assert both["candidate"].tolist() == ["border-km0007-2", "border-km0007"]
    assert both[["along_m", "x", "y"]].drop_duplicates().shape[0] == 1


def test_ids_for_partners_are_alike_in_every_table(run):
    other = generalised_ranking(run.ranking.iloc[::-1], run.cuts.fences, run.grid, Audience.PARTNER)
    first = generalised_ranking(run.ranking, run.cuts.fences, run.grid, Audience.PARTNER)
    assert dict(zip(run.ranking["candidate"], first["candidate"], strict=True)) == dict(
        zip(run.ranking["candidate"][::-1], other["candidate"], strict=True)
    )


def test_partners_routes_and_outlines_are_rounded(run, partner):
    for path in partner.paths:
        assert on_grid(lon_lat(run.grid, path.x, path.y), 0.01)
    for place in partner.places:
        assert on_grid(
            shapely.transform(place.geometry, lambda xy: lon_lat(run.grid, *xy.T)).exterior.coords[:] @ np.eye(2), 0.01
        )


def test_fine_rasters_are_averaged_for_partners():
    fine = make_run(Grid.from_bounds(small_grid().crs, (-6000.0, -6000.0, 6000.0, 6000.0), 250.0))
    coarse = generalised(fine, Audience.PARTNER)
    cells = cells_within(fine.grid, 0.01)
    for name in ("cwd", "current_density"):
        values = pd.Series(getattr(coarse, name).ravel()).groupby(cells.ravel())
        assert (values.nunique(dropna=False) == 1).all()
    assert 10 < np.bincount(cells.ravel()).max() < 30


def test_the_public_gets_no_passage_route_gain_or_model(run, public):
    assert public.ranking.empty
    assert public.ranking.columns.tolist() == run.ranking.columns.tolist()
    assert all(path.x.size == 0 for path in public.paths)
    assert public.profile["gain_ohm2"].isna().all() and public.profile["current_a"].isna().all()
    assert len(public.profile) == len(run.cuts.fences) and (public.profile["status"] == "withheld").all()
    assert public.model is None and public.reports == () and public.seconds == {}
    assert set(public.layers) <= {"elevation"}


def test_public_rasters_have_no_structure_within_cells(run, public):
    surfaces = ((PROMISED, public.cwd), (PROMISED, public.corridor), (PROMISED, public.current_density))
    for degrees, values in (*surfaces, (CELL, public.surface.values)):
        per_cell = pd.Series(values.ravel()).groupby(cells_within(run.grid, degrees).ravel())
        assert (per_cell.nunique(dropna=False) == 1).all()
    for values, most in ((public.cwd, 5), (public.corridor, 5), (public.current_density, 4)):
        assert 2 <= np.unique(values[np.isfinite(values)]).size <= most


def test_public_cells_are_means(run, public):
    """Resistance depends on no opening: its means are kept, to two figures."""
    cells = cells_within(run.grid, CELL)
    number = cells[30, 40]
    inside = (cells == number) & run.surface.passable
    mean = run.surface.values[inside].mean()
    assert public.surface.values[30, 40] == pytest.approx(mean, rel=0.05)
    assert float(f"{public.surface.values[30, 40]:.2g}") == public.surface.values[30, 40]


def test_sensitivity_sets_the_cells(run):
    from dataclasses import replace

    finer = generalised(replace(run, sensitivity_deg=0.05), Audience.PUBLIC)
    coarser = generalised(run, Audience.PUBLIC)
    values = [np.unique(one.surface.values[one.surface.passable]).size for one in (coarser, finer)]
    assert values[1] > values[0]
    assert "0.05 degree" in note_of(finer)


def test_public_lines_and_places_are_on_the_grid(run, public):
    for fence in public.cuts.fences:
        assert on_grid(lon_lat(run.grid, *shapely.get_coordinates(fence.line).T), CELL)
    for place in public.places:
        assert on_grid(lon_lat(run.grid, *shapely.get_coordinates(place.geometry).T), CELL)
        assert place.geometry.area >= 0.9 * 8e3 * 11e3


def test_a_tiny_place_and_a_short_fence_become_a_cell(run):
    from dataclasses import replace

    den = FocalPlace(
        id="den", name="Den", role="from", geometry=Point(3210.0, 4567.0).buffer(30), geometry_status="surveyed"
    )
    stub = Fence(id="stub", line=LineString([(100.0, 200.0), (300.0, 250.0)]))
    small = replace(run, places=(den,), cuts=make_run(fences=(stub,), candidates=0).cuts, profile=run.profile.iloc[:0])
    shown = generalised(small, Audience.PUBLIC)
    assert shown.places[0].geometry.area > 5e7
    assert shown.cuts.fences[0].length_m > 5000


def test_sealed_and_unknown_ground_stays_what_it_is():
    run = make_run(sealed=True)
    public = generalised(run, Audience.PUBLIC)
    assert np.isinf(public.cwd).any()
    assert not np.isfinite(public.corridor).any()
    assert public.surface.nodata.any()


def precise_numbers(results: Path) -> set[str]:
    """Every number of the restricted tables that places a passage, with at least three decimals or as whole metres."""
    table = pd.concat([pd.read_csv(p) for p in results.glob("*/*/passages.csv")])
    numbers: set[str] = set()
    for column in ("lon_deg", "lat_deg"):
        numbers |= {f"{v:.{n}f}" for v in table[column] for n in (4, 5, 6)}
    for column in ("x_m", "y_m"):
        numbers |= {f"{v:.{n}f}" for v in table[column] for n in (1, 2, 3)}
    return numbers


def test_no_public_file_holds_a_precise_place_or_id(results, public_files):
    numbers = precise_numbers(results)
    table = pd.concat([pd.read_csv(p) for p in results.glob("*/*/passages.csv")])
    ids = {name.encode() for name in table["candidate"]}
    doubles = {struct.pack("<d", v) for c in ("lon_deg", "lat_deg", "x_m", "y_m") for v in table[c]}
    checked = 0
    for name, data in texts_of(public_files):
        checked += 1
        assert not [i for i in ids if i in data], name
        assert not [d for d in doubles if d in data], f"{name} holds a position as a double"
        if name.endswith((".tif", ".png")):
            continue
        written = set(re.findall(r"-?\d+\.\d+", data.decode("utf-8", "ignore")))
        assert not written & numbers, f"{name}: {sorted(written & numbers)[:3]}"
        assert not re.search(rb"km0*\d{2,4}\.\d", data), name
    assert checked > 40


def test_the_search_would_find_them_in_restricted_files(results, tmp_path):
    """That the test above can fail."""
    with Reporter(quiet=True) as reporter:
        export_results(results, "geopackage", tmp_path, reporter, audience="restricted")
        export_results(results, "kmz", tmp_path, reporter, audience="restricted")
    numbers = precise_numbers(results)
    found = {
        name.partition(".")[2]
        for name, data in texts_of(tmp_path)
        if set(re.findall(r"-?\d+\.\d+", data.decode("utf-8", "ignore"))) & numbers
    }
    assert {"gpkg dump", "kmz/doc.kml"} <= found


def test_public_manifests_name_no_inputs_settings_or_times(results, public_files):
    import json

    manifest = json.loads(next(public_files.rglob("manifest.json")).read_text(encoding="utf-8"))
    assert manifest["audience"] == "public"
    for key in ("command", "settings", "inputs", "machine", "started", "finished"):
        assert not manifest[key], key
    assert all(set(one) == {"credits"} for one in manifest["scenarios"].values())
    restricted = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    assert restricted["inputs"] and restricted["audience"] == "restricted"


def test_an_adversary_finds_no_more_than_the_cells(results, public_files):
    truth = pd.read_csv(results / "closed" / "combined.csv").query("selected")[["lon_deg", "lat_deg"]].to_numpy()
    told: list[str] = []
    found = report(public_files, truth, PROMISED, told.append)
    assert found["share of random sets as good"] > 0.05, told


def test_guesses_that_know_the_places_are_told_from_random_sets(results, public_files):
    """That the test above can fail."""
    truth = pd.read_csv(results / "closed" / "combined.csv").query("selected")[["lon_deg", "lat_deg"]].to_numpy()
    near = truth + 0.003
    random = medians_within_cells_km(public_files, near, truth, PROMISED)
    assert (random > np.median(errors_km(near, truth))).all()


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> list[Try]:
    """One opening after the other in a sealed fence."""
    study = write_tiny_study(tmp_path_factory.mktemp("opened") / "study")
    folder = tmp_path_factory.mktemp("releases")
    return list(tries(str(study), "walker", folder, n=8, scenario="closed", design="wires_out"))


@pytest.mark.parametrize("attack_name", list(ATTACKS))
def test_no_attack_places_an_opening_within_the_promised_grid(opened, attack_name):
    """Each finds the openings in files that hold everything, and from the public's files guesses the same whatever was opened."""
    whole, public = (
        np.array([ATTACKS[attack_name](one.before[reader], one.after[reader]) for one in opened])
        for reader in ("all, as computed", "public")
    )
    truth = np.array([one.truth for one in opened])
    errors = [
        np.median([errors_km(g[None], t[None]) for g, t in zip(guesses, truth, strict=True)])
        for guesses in (whole, public)
    ]
    assert len(opened) >= 5
    assert errors[0] < 1.5
    assert errors[1] > 0.5 * np.median(opening_chance_km(opened))
    assert len(np.unique(public, axis=0)) == 1


def test_releases_of_other_openings_are_the_same_files(tmp_path):
    """Every kind for the public, byte for byte, whether a fence is opened here or at two other places: nothing to set off."""
    study = write_tiny_study(tmp_path / "study")
    openings = [
        {"id": name, "fence_line": "border", "design": "wires_out", "at": [f"border_0-km{km:06.1f}"]}
        for name, km in (("one", 25), ("two", 31), ("three", 37))
    ]
    found = []
    for number, opened in enumerate([openings[:1], openings[1:]]):
        out = tmp_path / str(number)
        with Reporter(quiet=True) as reporter:
            run_study(str(study), ["closed"], ["digger"], out / "results", {"openings": opened}, reporter)
            export_results(out / "results", "all", out / "public", reporter, audience="public")
        files = sorted(path for path in (out / "public").rglob("*") if path.is_file())
        found.append({path.relative_to(out / "public").as_posix(): path.read_bytes() for path in files})
    one, other = found
    assert one.keys() == other.keys() and len(one) > 15
    assert [name for name in one if other[name] != one[name]] == []
    assert (tmp_path / "0/results/closed/digger/pairs.csv").read_bytes() != (
        tmp_path / "1/results/closed/digger/pairs.csv"
    ).read_bytes()
    tables = [pd.read_csv(path) for path in (tmp_path / "0" / "public").rglob("pairs.csv")]
    assert tables and all(table.empty for table in tables)


def test_movement_is_withheld_once_an_opening_stands_or_none_is_said_not_to(run):
    from dataclasses import fields, replace

    assert next(one for one in fields(Release) if one.name == "openings_stand").default is True
    shown = generalised(replace(run, openings_stand=True), Audience.PUBLIC)
    for values in (shown.cwd, shown.corridor, shown.current_density):
        assert np.isnan(values).all()
    assert shown.paths == () and shown.pairs.empty and shown.indicators.empty
    assert shown.surface.passable.any() and shown.cuts.fences and shown.places
    assert generalised(replace(run, openings_stand=True), Audience.PARTNER).pairs.equals(run.pairs)


def test_the_promised_grid_is_one_number_in_every_file(public_files, public):
    import json

    assert promised_deg(CELL) == PROMISED and "no passage is placed better than 0.3 degree" in note_of(public)
    manifest = json.loads(next(public_files.rglob("manifest.json")).read_text(encoding="utf-8"))
    assert {run["promised_deg"] for run in manifest["runs"]} == {PROMISED}
    assert "no passage is placed better than 0.3 degree" in manifest["audience_note"]


def test_results_for_an_audience_are_written_by_run_itself(tmp_path):
    study = write_tiny_study(tmp_path / "study")
    with Reporter(quiet=True) as reporter:
        summary = run_study(
            str(study), ["closed"], ["digger"], tmp_path / "out", {}, reporter, audience=Audience.PUBLIC
        )
    assert all(run.audience is Audience.PUBLIC for run in summary.found.runs)
    assert summary.as_dict()["runs"][0]["shortlist"] == []
    assert not list((tmp_path / "out").rglob("model.npz"))
    summary.print(Console(quiet=True))
    with Reporter(quiet=True) as reporter, pytest.raises(ConfigError, match="for public already"):
        export_results(tmp_path / "out", "geopackage", tmp_path / "x", reporter, audience="partner")


def test_species_that_share_passages_share_the_coarsest_cells(tmp_path):
    """A finer map of one species would place the passages of all."""
    study = write_tiny_study(tmp_path / "study")
    walker = study / "walker.yaml"
    walker.write_text(walker.read_text() + "sensitivity_deg: {value: 0.02, origin: made up}\n")
    resolved = resolve(str(study), "closed")
    both, alone = read_inputs(resolved), read_inputs(resolved, ["walker"])
    assert ground_of(prepare_species(resolved, both, "walker")).sensitivity_deg == 0.1
    assert ground_of(prepare_species(resolved, alone, "walker")).sensitivity_deg == 0.02


@pytest.mark.parametrize("value", [0.001, 2.0])
def test_sensitivity_out_of_range_is_an_error_that_names_the_line(tmp_path, value):
    study = write_tiny_study(tmp_path / "study")
    walker = study / "walker.yaml"
    walker.write_text(walker.read_text() + f"sensitivity_deg: {{value: {value}, origin: made up}}\n")
    with pytest.raises(ConfigError, match=r"walker\.yaml:\d+: sensitivity_deg\.value"):
        read_inputs(resolve(str(study), "closed"), ["walker"])


def test_a_restricted_report_is_the_results_again(results, tmp_path):
    """Every file of the results, byte by byte, but the manifest with its time; its passages can be tried."""
    with Reporter(quiet=True) as reporter:
        export_results(results, "report", tmp_path, reporter, audience="restricted")
    copy = next(tmp_path.iterdir())
    names = {path.relative_to(results) for path in results.rglob("*") if path.is_file()}
    assert names == {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    differ = [str(name) for name in sorted(names) if (results / name).read_bytes() != (copy / name).read_bytes()]
    assert set(differ) <= {"manifest.json"}


def test_no_partners_file_holds_a_precise_place_or_id(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        export_results(results, "all", tmp_path, reporter, audience="partner")
    table = pd.concat([pd.read_csv(p) for p in results.glob("*/*/passages.csv")])
    ids = {name.encode() for name in table["candidate"]}
    numbers = {f"{v:.{n}f}" for c in ("lon_deg", "lat_deg") for v in table[c] for n in (5, 6)}
    doubles = {struct.pack("<d", v) for c in ("x_m", "y_m") for v in table[c]}
    for name, data in texts_of(tmp_path):
        assert not [i for i in ids if i in data], name
        assert not [d for d in doubles if d in data], name
        if not name.endswith((".tif", ".png")):
            found = set(re.findall(r"-?\d+\.\d+", data.decode("utf-8", "ignore"))) & numbers
            assert not found, f"{name}: {sorted(found)}"


def test_the_terminal_does_not_tell_the_public_that_nothing_gains(run, public):
    def told(one):
        return " ".join(shortlists(Contents(runs=(one,), combined={"closed": run.ranking.iloc[:0]})))

    assert "closed: passages are withheld from the public" in told(public)
    assert "improves connectivity" not in told(public)
    assert "closed: no single passage improves connectivity" in told(run)
