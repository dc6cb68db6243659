"""Studies whose fence lines come as people have them: in many features, out of order, short, with pieces elsewhere."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from shapely import LineString, MultiLineString
from shapely.ops import substring

from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.candidates import candidate_table
from scenarios.model.results import shortlist
from scenarios.study.load import resolve
from scenarios.uncertainty.draws import score_candidates
from tests.support.places import SHARED
from tests.support.tiny_study import BORDER, line_km, write_fences, write_tiny_study

WHOLE = line_km(BORDER)


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


def test_the_shortlist_keeps_its_distance_along_the_line(tmp_path: Path) -> None:
    whole, study = write_tiny_study(tmp_path / "whole"), write_tiny_study(tmp_path / "cut")
    write_fences(study, cut_into(37))
    one, many = (shortlist(score_candidates(prepared(s))) for s in (whole, study))
    assert np.allclose(
        one[["along_m", "conductance_gain_share"]], many[["along_m", "conductance_gain_share"]], rtol=0.03
    )
    gaps = np.diff(np.sort(many["along_m"].to_numpy()))
    assert len(many) > 1 and gaps.min() >= 6000.0


def test_parts_out_of_order_are_the_line(tmp_path: Path) -> None:
    a, b, c, d, e = cut_into(5)
    study = write_tiny_study(tmp_path / "study")
    write_fences(study, [MultiLineString([d, a.reverse(), e, b, c.reverse()])])
    assert np.allclose(places(prepared(study)), places(prepared(write_tiny_study(tmp_path / "whole"))), atol=0.1)


@pytest.mark.parametrize("name", ["07-one-fence-in-many-features", "08-multilinestring-out-of-order"])
def test_the_published_cases(tmp_path: Path, name: str) -> None:
    case = SHARED / "cases" / name
    if not case.is_dir():
        pytest.skip("the shared cases are not here")
    other = {"07": "fences_45_short_pieces.gpkg", "08": "fences_in_order.gpkg"}[name[:2]]
    shutil.copytree(case / "study", tmp_path / "other")
    shutil.copy(case / other, tmp_path / "other" / "fences.gpkg")
    ours, theirs = places(prepared(case / "study")), places(prepared(tmp_path / "other"))
    assert len(ours) >= 18
    assert np.allclose(np.diff(ours[:, 0]), 2000.0, atol=1e-6) or name.startswith("08")
    assert np.allclose(ours, theirs, atol=30.0)
