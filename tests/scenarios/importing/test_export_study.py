"""`otkel export study`: what goes out comes back the same, in every format, from a study and from results."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import otkel
import pyogrio
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from typer.testing import CliRunner

from cli import app
from scenarios.importing.exporting import FORMATS, export_study
from scenarios.land.fence_file import read_fences
from scenarios.land.inputs import read_places, study_grid
from scenarios.study.load import resolve
from tests.support.foreign_files import HOLED, area
from tests.support.tiny_study import CRS, at_km, edit, line_km, write_tiny_study, write_vectors

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
WITHIN_M = 0.02
SPLIT = shapely.MultiLineString([line_km([(2, 30), (9, 31)]), line_km([(12, 31.5), (20, 30)])])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with all kinds: a line in two parts, a reserve with a hole, names in Kazakh, openings and a proposed place."""
    study = write_tiny_study(tmp_path_factory.mktemp("full") / "study", _more)
    grid = study_grid(resolve(str(study)))
    frame = pyogrio.read_dataframe(study / "fences.gpkg")
    new = frame.iloc[[0]].assign(
        id="far", fence_line="far", name="Ұзақ қоршау", geometry=[SPLIT], geometry_status="surveyed"
    )
    pyogrio.write_dataframe(__import__("pandas").concat([frame, new]), study / "fences.gpkg", layer="fences")
    two = shapely.MultiPolygon([area(30, 30), area(34, 30)])
    write_vectors(study / "reserves.gpkg", "reserves", ["holed", "two"], [HOLED, two], CRS, name=["Қорық", "Two"])
    lon, lat = grid.lonlat(*at_km(12, 20.6))
    rule = {
        "id": "gate",
        "name": "Ворота",
        "fence_line": "border",
        "design": "bridge",
        "lon": round(float(lon), 7),
        "lat": round(float(lat), 7),
        "width_m": 6.5,
        "opened": 2021,
    }
    edit(
        study,
        "openings",
        value=[rule, {"id": "agreed", "fence_line": "border", "design": "wires_out", "every_m": 9000}],
    )
    lon, lat = grid.lonlat(*at_km(24, 18.2))
    edit(
        study,
        "candidates",
        "points",
        value=[{"id": "p1", "design": "bridge", "lon": round(float(lon), 7), "lat": round(float(lat), 7)}],
    )
    return study


def _more(settings: dict[str, Any]) -> None:
    settings["layers"]["reserve"] = {"derive": "burn", "file": "reserves.gpkg"}
    settings["fences"]["wires"] = {"border": {"top_m": 1.7, "strands": 8, "bottom_m": 0.21, "origin": "made up"}}


def emptied(study: Path, folder: Path) -> Path:
    """The study without features."""
    other = Path(shutil.copytree(study, folder / "other"))
    for name, layer in (("fences.gpkg", "fences"), ("reserves.gpkg", "reserves"), ("regions.gpkg", "regions")):
        frame = pyogrio.read_dataframe(other / name)
        (other / name).unlink()
        pyogrio.write_dataframe(frame.iloc[:0], other / name, layer=layer, geometry_type="Unknown")
    edit(other, "openings", value=[])
    edit(other, "candidates", "points", value=[])
    edit(other, "fences", "wires", value={})
    return other


def known(study: Path) -> dict[str, dict[str, tuple[BaseGeometry, Any]]]:
    """Kind -> id -> shape, and what is known of it."""
    resolved = resolve(str(study))
    grid, settings = study_grid(resolved), resolved.study
    reserves = pyogrio.read_dataframe(study / "reserves.gpkg").to_crs(CRS)
    openings = {
        one.id: (
            shapely.Point(grid.map_xy(one.lon, one.lat)),
            (one.name, one.design, one.width_m, one.opened, one.fence_line),
        )
        for one in settings.openings
        if one.lon is not None
    }
    openings |= {
        one.id: (shapely.Point(grid.map_xy(one.lon, one.lat)), one.design) for one in settings.candidates.points
    }
    return {
        "fences": {
            one.id: (one.line, (one.name, one.fence_line, one.geometry_status)) for one in read_fences(resolved, grid)
        },
        "cores": {
            name: (one.geometry, (one.name, one.geometry_status)) for name, one in read_places(resolved, grid).items()
        },
        "reserves": {row["id"]: (row.geometry, row["name"]) for _, row in reserves.iterrows()},
        "passages": openings,
    }


@pytest.mark.parametrize("to", FORMATS)
def test_what_goes_out_comes_back_the_same(to: str, full: Path, tmp_path: Path) -> None:
    files = export_study(str(full), to, tmp_path / "out").found
    other = emptied(full, tmp_path)
    for kind in ("fences", "cores", "reserves", "passages"):
        file = next((path for path in files if path.stem.endswith(kind)), files[0])
        layers = {"layer": kind} if len(files) == 1 else {}
        more = {} if kind == "passages" else {"origin": "round trip"}
        done = getattr(otkel, f"import_{kind}")(file, other, **layers, **more)
        assert done.ids
    before, after = known(full), known(other)
    for kind, features in before.items():
        assert {*features} == {*after[kind]}
        for name, (shape, said) in features.items():
            again, also = after[kind][name]
            assert also == said
            assert shape.hausdorff_distance(again) <= WITHIN_M and shape.geom_type == again.geom_type
            assert abs(shape.area - again.area) <= WITHIN_M * shape.length
    wires = resolve(str(other)).study.fences.wires["border"]
    assert (wires.top_m, wires.strands, wires.bottom_m) == (1.7, 8, 0.21)


def test_results_give_what_stands_with_every_place_of_a_rule(small_run: Any, tmp_path: Path) -> None:
    done = export_study(str(small_run.folder), "geopackage", tmp_path, scenario="opened", kinds=["passages", "fences"])
    layers = {name for name, _ in pyogrio.list_layers(done.found[0])}
    passages = pyogrio.read_dataframe(done.found[0], layer="passages")
    assert layers == {"passages", "fences"} and len(passages) > 3 and set(passages["design"]) == {"wires_out"}
    study = write_tiny_study(tmp_path / "study")
    back = otkel.import_passages(done.found[0], study, layer="passages")
    assert len(back.ids) == len(passages)


def test_rules_without_a_place_are_told_and_unknown_names_are_wrong_use(full: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["export", "study", str(full), "--to", "geojson", "--out", str(tmp_path / "out")])
    assert ran.exit_code == 0 and "agreed is a rule, not a place" in " ".join(ran.stderr.split())
    for options in (["--to", "docx"], ["--to", "kml", "--only", "roads"], ["--to", "kml", "--scenario", "none"]):
        ran = CliRunner().invoke(app, ["export", "study", str(full), *options, "--out", str(tmp_path / "no")])
        assert ran.exit_code == 2 and not (tmp_path / "no").exists()
