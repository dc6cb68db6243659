"""Studies whose fence lines come as people have them: in many features, out of order, short, with pieces elsewhere."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import yaml
from shapely import LineString, MultiLineString
from shapely.ops import substring

from rasters.errors import DataError, PlannerWarning
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.candidates import candidate_table
from scenarios.model.results import shortlist
from scenarios.study.load import resolve
from scenarios.uncertainty.draws import score_candidates
from tests.support.places import SHARED
from tests.support.tiny_study import BORDER, edit, line_km, write_fences, write_tiny_study

WHOLE = line_km(BORDER)
ELSEWHERE = pytest.mark.filterwarnings("ignore:.*lie outside the grid")
"""The line goes on beyond the grid, and so do its pieces."""


def prepared(study: Path) -> Prepared:
    resolved = resolve(str(study), "closed")
    return prepare_species(resolved, read_inputs(resolved), "walker")


def places(one: Prepared) -> np.ndarray:
    """(n, 3) kilometre and position of the candidates, from west to east."""
    table = candidate_table(one.resolved, one.inputs, [one])
    return table[["along_m", "x", "y"]].sort_values("along_m").to_numpy()


def cut_into(n: int) -> list[LineString]:
    ends = np.linspace(0.0, WHOLE.length, n + 1)
    return [substring(WHOLE, a, b) for a, b in itertools.pairwise(ends)]


@ELSEWHERE
@pytest.mark.parametrize("n", [5, 37, 60])
def test_a_line_in_many_features_has_the_candidates_of_the_line(tmp_path: Path, n: int) -> None:
    """Pieces of 0.9 km too, shorter than half the spacing of candidates."""
    write = write_tiny_study(tmp_path / "whole")
    whole = prepared(write)
    pieces = cut_into(n)
    study = write_tiny_study(tmp_path / "cut")
    write_fences(study, [piece.reverse() if k % 3 == 1 else piece for k, piece in enumerate(pieces)][::-1])
    cut = prepared(study)
    assert np.allclose(places(cut), places(whole), atol=0.1)
    assert cut.inputs.cuts.size == whole.inputs.cuts.size
    for a, b in zip(cut.candidates, whole.candidates, strict=False):
        assert a.opening.width_m == b.opening.width_m


@ELSEWHERE
def test_the_shortlist_keeps_its_distance_along_the_line(tmp_path: Path) -> None:
    whole, study = write_tiny_study(tmp_path / "whole"), write_tiny_study(tmp_path / "cut")
    write_fences(study, cut_into(37))
    one, many = (shortlist(score_candidates(prepared(s))) for s in (whole, study))
    assert len(one) == len(many)
    assert np.allclose(one["conductance_gain_share"], many["conductance_gain_share"], rtol=0.03)
    assert one["along_m"].iloc[0] == many["along_m"].iloc[0]
    gaps = np.diff(np.sort(many["along_m"].to_numpy()))
    assert len(many) > 1 and gaps.min() >= 6000.0


def test_parts_out_of_order_are_the_line(tmp_path: Path) -> None:
    a, b, c, d, e = cut_into(5)
    study = write_tiny_study(tmp_path / "study")
    write_fences(study, [MultiLineString([d, a.reverse(), e, b, c.reverse()])])
    assert np.allclose(places(prepared(study)), places(prepared(write_tiny_study(tmp_path / "whole"))), atol=0.1)


@ELSEWHERE
@pytest.mark.parametrize("name", ["07-one-fence-in-many-features", "08-multilinestring-out-of-order"])
def test_the_published_cases(tmp_path: Path, name: str) -> None:
    case = SHARED / "cases" / name
    if not case.is_dir():
        pytest.skip("the shared cases are not here")
    other = {"07": "fences_45_short_pieces.gpkg", "08": "fences_in_order.gpkg"}[name[:2]]
    ours, theirs = (
        places(prepared(with_fences(tmp_path / name[:2] / file.stem, file)))
        for file in (case / "study" / "fences.gpkg", case / other)
    )
    assert len(ours) >= 18
    assert np.allclose(np.diff(ours[:, 0]), 2000.0, atol=1e-6) or name.startswith("08")
    assert np.allclose(ours, theirs, atol=30.0)


def with_fences(folder: Path, file: Path) -> Path:
    """The tiny study, which the published cases are made of, with the fences of one of them."""
    study = write_tiny_study(folder)
    shutil.copy(file, study / f"fences{file.suffix}")
    return study


def features(study: Path, **columns: list) -> None:
    """The border in three features with changed columns, and the inner line."""
    frame = gpd.read_file(study / "fences.gpkg")
    for name, values in columns.items():
        frame[name] = values
    frame.to_file(study / "fences.gpkg", layer="fences", driver="GPKG")


@pytest.fixture
def three(tmp_path: Path) -> Path:
    study = write_tiny_study(tmp_path / "study")
    write_fences(study, cut_into(3))
    return study


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_feature_without_a_line_is_an_error(three: Path, nothing: str | None) -> None:
    features(three, fence_line=["border", nothing, "border", "inner"])
    with pytest.raises(DataError, match=r"fences\.gpkg: fence_line: 1 of 4 features have none: border_1"):
        read_inputs(resolve(str(three), "closed"))


@pytest.mark.parametrize("odd", ["border ", "Border", "bor der"])
def test_a_line_that_differs_by_case_or_blanks_is_an_error(three: Path, odd: str) -> None:
    features(three, fence_line=["border", odd, "border", "inner"])
    with pytest.raises(DataError, match=rf"border_1: '{odd}'; did you mean 'border'\?"):
        read_inputs(resolve(str(three), "closed"))


@pytest.mark.parametrize(
    ("line", "words"), [("bordr", "'bordr' (1; did you mean 'border'?)"), ("old_wall", "'old_wall' (1)")]
)
def test_features_of_no_scenario_are_counted(three: Path, line: str, words: str) -> None:
    features(three, fence_line=["border", line, "border", "inner"])
    with pytest.warns(
        PlannerWarning, match=re.escape(f"1 of 4 features are on fence lines that no scenario uses: {words}")
    ):
        read_inputs(resolve(str(three), "closed"))


def test_a_feature_elsewhere_does_not_stop_the_rest(three: Path) -> None:
    lines = [*cut_into(3)[:2], LineString([(0, 0), (5e3, 0)])]
    write_fences(three, lines)
    with pytest.warns(PlannerWarning, match="1 of 3 active fences lie outside the grid and are left out: border_2"):
        inputs = read_inputs(resolve(str(three), "closed"))
    assert [fence.id for fence in inputs.cuts.fences] == ["border_0", "border_1"]


def test_published_case_of_an_empty_line(tmp_path: Path) -> None:
    file = SHARED / "cases" / "10-empty-fence-line" / "study" / "fences.gpkg"
    if not file.is_file():
        pytest.skip("the shared cases are not here")
    with pytest.raises(DataError, match=r"1 of 4 features have none: b1"):
        read_inputs(resolve(str(with_fences(tmp_path / "study", file)), "closed"))


def test_published_case_of_an_id_column_that_nobody_asked_for(tmp_path: Path) -> None:
    file = SHARED / "cases" / "22-id-column-that-nobody-asked-for" / "kml" / "fences.kml"
    if not file.is_file():
        pytest.skip("the shared cases are not here")
    study = with_fences(tmp_path / "study", file)
    theirs = yaml.safe_load((file.parent / "study.yaml").read_text())["fences"]
    for key in ("file", "table", "id", "line", "name"):
        if key in theirs:
            edit(study, "fences", key, value=theirs[key])
        elif key == "table":
            edit(study, "fences", "table")
    assert read_inputs(resolve(str(study), "closed")).cuts.size


def test_regions_known_by_another_column_may_repeat_their_id(three: Path) -> None:
    regions = gpd.read_file(three / "regions.gpkg")
    regions["code"], regions["id"] = regions["id"], "same"
    regions.to_file(three / "regions.gpkg", layer="regions", driver="GPKG")
    edit(three, "regions", "id", value="code")
    assert len(read_inputs(resolve(str(three), "closed")).regions) == 4
