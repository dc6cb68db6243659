"""`otkel import`: what is there stays or comes back, the same file changes nothing, what an option cannot be is one error."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, Point
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, DataError, OptionError
from scenarios.importing.session import ImportRequest, import_features
from scenarios.progress import Reporter
from scenarios.runs.check import check_study
from scenarios.study.load import resolve
from tests.support.foreign_files import CASES, Case, fence, frame, geojson, saved
from tests.support.import_page import imported
from tests.support.tiny_study import CRS, at_km, line_km, write_tiny_study

QUIET = Reporter(quiet=True)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
"""Of those who write the files, and of fence lines that no scenario uses, which `otkel check` tells."""


def case_named(name: str) -> Case:
    return next(one for one in CASES if one.name == name)


def put(study: Path, file: Path, kind: str = "fences", **options: object):
    return import_features(ImportRequest(kind=kind, file=file, study=str(study), **options), QUIET)  # type: ignore[arg-type]


def test_what_is_there_stays_and_a_copy_is_kept(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    text = "# mine\n" + (study / "study.yaml").read_text(encoding="utf-8").replace(
        "  active:\n  - border\n", "  active: [border]  # the one that stands\n"
    )
    (study / "study.yaml").write_text(text, encoding="utf-8")
    before = {path.name: path.read_bytes() for path in study.iterdir() if path.is_file()}
    pyogrio.write_dataframe(frame([Point(at_km(1, 1))]), study / "fences.gpkg", layer="notes")
    before["fences.gpkg"] = (study / "fences.gpkg").read_bytes()
    done = put(study, case_named("ways.geojson").write(tmp_path), geometry_status="digitised", fence_line="north")
    assert done.kept == study / "before-import/001"
    assert {path.name: path.read_bytes() for path in done.kept.iterdir()} == {
        name: before[name] for name in ("fences.gpkg", "study.yaml")
    }
    new = (study / "study.yaml").read_text(encoding="utf-8")
    assert new == text.replace("[border]", "[border, north]")
    assert set(pyogrio.list_layers(study / "fences.gpkg")[:, 0]) == {"fences", "notes"}
    stored = pyogrio.read_dataframe(study / "fences.gpkg", layer="fences")
    assert stored["id"].tolist()[:2] == ["border_0", "inner_0"] and len(stored) == 3
    assert stored.iloc[2][["fence_line", "geometry_status", "origin"]].tolist() == [
        "north",
        "digitised",
        "from ways.geojson",
    ]
    for name, content in before.items():
        if name not in ("fences.gpkg", "study.yaml"):
            assert (study / name).read_bytes() == content


def test_the_same_file_again_changes_nothing_and_its_ids_do_not_hang_on_the_order(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    file = geojson("a.geojson", list(frame([fence(), fence(north=3)]).geometry))(tmp_path)
    first = put(study, file)
    content = (study / "fences.gpkg").read_bytes()
    again = put(study, file)
    assert again.ids == () and again.written == () and again.count("left out", "in the study already") == 2
    assert (study / "fences.gpkg").read_bytes() == content
    other = write_tiny_study(tmp_path / "other")
    turned = geojson("a.geojson", list(frame([shapely.reverse(fence(north=3)), fence()]).geometry))(tmp_path)
    assert sorted(put(other, turned).ids) == sorted(first.ids)


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path: Path) -> None:
    done, study = imported(case_named("knots.gpkg"), tmp_path / "a")
    tried, other = imported(case_named("knots.gpkg"), tmp_path / "b", dry_run=True)
    assert [(e.group, e.count, e.what) for e in tried.entries if e.group != "read"] == [
        (e.group, e.count, e.what) for e in done.entries if e.group != "read"
    ]
    fresh = write_tiny_study(tmp_path / "c")
    for path in fresh.iterdir():
        if path.suffix in (".yaml", ".tif"):
            assert (other / path.name).read_bytes() == path.read_bytes()
    assert not (other / "before-import").exists() and tried.kept is None
    assert len(pyogrio.read_dataframe(other / "fences.gpkg")) == 2
    assert (study / "before-import").exists()


def test_where_the_study_cannot_be_read_afterwards_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_tiny_study(tmp_path / "study")
    before = {path: path.read_bytes() for path in study.iterdir()}
    file = case_named("ways.geojson").write(tmp_path)

    def broken(*_: object) -> None:
        raise ConfigError("cannot be read")

    monkeypatch.setattr("scenarios.importing.session.read_fences", broken)
    with pytest.raises(ConfigError, match="cannot be read"):
        put(study, file)
    assert {path: path.read_bytes() for path in study.iterdir()} == before
    monkeypatch.setattr(
        "scenarios.importing.storing.write_features",
        lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left")),
    )
    with pytest.raises(OSError, match="No space left"):
        put(study, file)
    assert {path: path.read_bytes() for path in study.iterdir()} == before


def test_an_id_of_the_study_is_replaced_only_when_asked(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    moved = line_km([(-5, 15), (45, 15.5)])
    file = saved("new.gpkg", "GPKG", ("f", frame([moved], CRS, id=["inner_0"], fence_line=["inner"])))(tmp_path)
    kept = put(study, file)
    assert kept.ids == () and kept.count("left out", "with an id of another") == 1
    done = put(study, file, replace=True)
    stored = pyogrio.read_dataframe(study / "fences.gpkg").set_index("id")
    assert done.ids == ("inner_0",) and len(stored) == 2
    assert stored.loc["inner_0"].geometry.hausdorff_distance(moved) < 0.001


def test_snapping_moves_nothing_farther_than_it_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for snap_m in (0.0, 2.0, 8.0):
        lines = []
        for k in range(30):
            xy = np.array([at_km(2 + k, 25), at_km(3 + k, 25)]) + rng.uniform(-3, 3, (2, 2))
            lines.append(LineString(xy))
        study = write_tiny_study(tmp_path / f"study{snap_m:g}")
        file = saved(f"{snap_m:g}.gpkg", "GPKG", ("f", frame(lines, CRS)))(tmp_path)
        done = put(study, file, snap_m=snap_m, fence_line="new")
        stored = pyogrio.read_dataframe(study / "fences.gpkg")
        ours = shapely.union_all(stored[stored["fence_line"] == "new"].geometry)
        drawn = shapely.get_coordinates(lines)
        reach = max(shapely.distance(shapely.points(drawn), ours))
        assert reach <= snap_m + 1e-6
        assert (len(done.ids) < 30) == (snap_m > 0)
        if snap_m == 8.0:
            assert len(done.ids) == 1 and ours.geom_type == "LineString"


def test_lines_on_different_fence_lines_and_with_different_names_stay_apart(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    parts = [fence(end=3), fence(start=2)]
    for column in ("fence_line", "name", "country"):
        file = saved(f"{column}.gpkg", "GPKG", ("f", frame(parts, **{column: ["one", "two"]})))(tmp_path)
        assert len(put(study, file, dry_run=True).ids) == 2
    file = saved("same.gpkg", "GPKG", ("f", frame(parts, name=["one", "one"])))(tmp_path)
    assert len(put(study, file, dry_run=True).ids) == 1


def test_cores_join_the_routes_and_a_new_study_loses_its_placeholders(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "mine"), "--minimal", "--bounds", "55", "42", "57", "44"])
    assert done.exit_code == 0
    box = [shapely.box(55.2, 42.2, 55.6, 42.5), shapely.box(56.2, 43.2, 56.6, 43.6)]
    places = geojson("cores.geojson", box, name=["Южное", "Северное"], role=["from", "to"])(tmp_path)
    line = geojson("line.geojson", [LineString([(55.1, 43.0), (56.9, 43.0)])], name=["Ограда"])(tmp_path)
    ran = CliRunner().invoke(app, ["import", "cores", str(places), str(tmp_path / "mine"), "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["ids"] == ["yuzhnoe", "severnoe"]
    ran = CliRunner().invoke(app, ["import", "fences", str(line), str(tmp_path / "mine"), "--fence-line", "north"])
    assert ran.exit_code == 0 and ran.stdout.splitlines()[-1] == f"then: otkel check {tmp_path / 'mine'}", ran.output
    study = resolve(str(tmp_path / "mine")).study
    assert (study.routes["animal"].origin, study.routes["animal"].targets) == (["yuzhnoe"], ["severnoe"])
    assert study.fences.active == ["north"] and not study.fences.separations
    text = (tmp_path / "mine/study.yaml").read_text(encoding="utf-8")
    assert "# The first is the one that is run when none is named." in text
    found = check_study(str(tmp_path / "mine"), None, {}, QUIET)
    assert {one.check for one in found.findings if not one.passed} == {"layer elevation", "layer landcover"}


def test_a_study_that_comes_with_otkel_is_not_changed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="copy it first: otkel new NAME --example ustyurt"):
        put(Path("ustyurt"), case_named("ways.geojson").write(tmp_path))


def test_a_file_that_cannot_be_added_to_gets_a_geopackage_beside_it(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    old = pyogrio.read_dataframe(study / "fences.gpkg")
    old.rename(columns={"geometry_status": "geom_stat"}).to_file(study / "lines.shp")
    text = (study / "study.yaml").read_text(encoding="utf-8")
    text = text.replace("file: fences.gpkg\n  table: fences", "file: lines.shp\n  status: geom_stat")
    (study / "study.yaml").write_text(text, encoding="utf-8")
    put(study, case_named("ways.geojson").write(tmp_path), geometry_status="surveyed")
    settings = resolve(str(study)).study.fences
    assert (settings.file, settings.table) == ("lines.gpkg", "lines")
    stored = pyogrio.read_dataframe(study / "lines.gpkg")
    assert stored["geom_stat"].tolist() == ["schematic", "schematic", "surveyed"]
    assert (study / "lines.shp").is_file() and check_study(str(study), None, {}, QUIET).passed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mapping": ["nmae=a"]}, "did you mean 'name'"),
        ({"mapping": ["name=nothing"]}, "unknown attribute 'nothing'"),
        ({"mapping": ["name"]}, "write it as NAME=FIELD"),
        ({"layers": ["nothing"]}, "unknown layer 'nothing'"),
        ({"crs": "EPSG:1"}, "unknown coordinate reference system"),
        ({"crs": "EPSG:32610"}, "all 2 features lie outside the grid"),
        ({"encoding": "klingon"}, "is no encoding"),
        ({"geometry_status": "guessed"}, "unknown geometry status"),
        ({"snap_m": -1.0}, "should be from 0"),
        ({"snap_m": float("nan")}, "should be from 0"),
        ({"fence_line": " "}, "should not be empty"),
    ],
)
def test_what_an_option_cannot_be_is_one_error(options: dict[str, object], said: str, tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    file = saved("a.gpkg", "GPKG", ("f", frame([fence(), fence(north=3)], name=["a", "b"])))(tmp_path)
    before = {path: path.read_bytes() for path in study.iterdir()}
    with pytest.raises((OptionError, DataError), match=said):
        put(study, file, **options)
    assert {path: path.read_bytes() for path in study.iterdir()} == before


def test_what_is_missing_is_said_with_what_it_looks_like(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    pulkovo = case_named("pulkovo.shp").write(tmp_path)
    with pytest.raises(OptionError, match="zone 10 of Gauss-Krueger on Pulkovo 1942: --crs EPSG:28410"):
        put(study, pulkovo)
    degrees = saved("d.gpkg", "GPKG", ("f", frame([fence()], None)))(tmp_path)
    with pytest.raises(OptionError, match="look like degrees: --crs EPSG:4326"):
        put(study, degrees)
    with pytest.raises(DataError, match="its positions are no degrees"):
        put(study, case_named("metres.geojson").write(tmp_path))
    with pytest.raises(DataError, match="with x and y swapped they would be in it: --swap-xy"):
        put(study, case_named("swapped.geojson").write(tmp_path))
    with pytest.raises(
        OptionError, match=r"--layer: folders.kml has several that fit: West \(1 line\), East \(1 line\)"
    ):
        put(study, case_named("folders.kml").write(tmp_path))
    with pytest.raises(DataError, match=r"holds nothing that passages are made of \(points\); it holds ways: 4 lines"):
        put(study, case_named("ways.geojson").write(tmp_path), kind="passages")
    with pytest.raises(OptionError, match="--state: Are these passages there"):
        put(study, case_named("gates.gpx").write(tmp_path), kind="passages", design="bridge")
    with pytest.raises(OptionError, match="--design: Which design have they"):
        put(study, case_named("gates.gpx").write(tmp_path), kind="passages", state="planned")


def test_passages_are_openings_with_all_that_the_file_says(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    spots = gpd.GeoDataFrame(
        {
            "Name": ["Ворота 1", "Мост", "Far"],
            "Design": ["bridge", "Wires out", "bridge"],
            "width": ["6,5 m", None, None],
            "opened": [2021, None, None],
            "line": ["inner", None, None],
        },
        geometry=[Point(at_km(10, 12.5)), Point(at_km(24, 18.9)), Point(at_km(20, 39.9))],
        crs=CRS,
    )
    file = saved("p.gpkg", "GPKG", ("p", spots))(tmp_path)
    done = put(study, file, kind="passages", state="planned")
    one, two, *_ = resolve(str(study)).study.openings
    assert (one.id, one.name, one.design, one.width_m, one.opened, one.fence_line, one.state) == (
        "vorota_1",
        "Ворота 1",
        "bridge",
        6.5,
        2021,
        "inner",
        "planned",
    )
    assert (two.id, two.design, two.fence_line, two.width_m) == ("most", "wires_out", "border", None)
    assert done.count("look at", "passages beside the fence") == 1 and done.count("left out", "farther than 20 km") == 1
    assert put(study, file, kind="passages", state="planned").ids == ()
    assert check_study(str(study), None, {}, QUIET).passed


def test_permeability_without_its_scale_is_not_taken_and_worth_is(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    numbers = {"permeability": [0.3, 0.0, None], "worth_km": [None, None, 40.0]}
    whole = frame([fence(), fence(north=3), fence(north=6)], fence_line=["a", "b", "c"], **numbers)
    file = saved("p.gpkg", "GPKG", ("p", whole))(tmp_path)
    done = put(study, file, origin="field book")
    stated = resolve(str(study)).study.fences.permeability
    assert set(stated) == {"inner", "b", "c"} and done.count("left out", "permeability of a") == 1
    assert stated["b"]["walker"].value == 0 and stated["c"]["digger"].worth_km == 40
    assert stated["c"]["walker"].origin == "field book"


def test_a_question_is_asked_at_a_terminal_and_answered_by_name_or_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_tiny_study(tmp_path / "study")
    answers, asked = iter(["9", "all", "nazv1", "survey of 2024", "2", "border"]), []

    def ask(self: Reporter, question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(Reporter, "asks", True)
    monkeypatch.setattr(Reporter, "ask", ask)
    whole = [("west", frame([fence(end=3)], nazv1=["Ограда"])), ("east", frame([fence(start=2)], nazv1=["Ограда"]))]
    file = saved("q.gpkg", "GPKG", *whole)(tmp_path)
    done = import_features(ImportRequest(kind="fences", file=file, study=str(study)), QUIET)
    stored = pyogrio.read_dataframe(study / "fences.gpkg").set_index("id").loc[done.ids[0]]
    assert stored[["name", "geometry_status", "origin", "fence_line"]].tolist() == [
        "Ограда",
        "digitised",
        "survey of 2024",
        "border",
    ]
    assert len(asked) == 6 and asked[0] == asked[1] and "west (1 line)" not in asked[2]


def test_a_locked_study_is_not_written(tmp_path: Path) -> None:
    from rasters.errors import FolderInUseError
    from scenarios.outputs.claim import claimed

    study = write_tiny_study(tmp_path / "study")
    file = case_named("ways.geojson").write(tmp_path)
    with claimed(study / "study.yaml"), pytest.raises(FolderInUseError):
        put(study, file)
    assert not (study / "before-import").exists()
