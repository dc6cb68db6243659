"""Jobs that once ended in a wrong number without a word, as they were reported."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rasters.errors import DataError, FocalNodeError, SolverError
from scenarios.other_programs.circuitscape.job import run_job
from tests.support.places import SHARED

CASES = SHARED / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there")


def last_column(folder: Path, prefix: str) -> list[float]:
    table = np.loadtxt(folder / f"{prefix}_resistances_3columns.out", ndmin=2)
    return [float(value) for value in table[:, 2]]


@pytest.mark.parametrize("method", ["auto", "reduction"])
def test_resistances_over_fifteen_orders_of_magnitude(tmp_path: Path, method: str) -> None:
    done = run_job(CASES / "01-direct-solve-unchecked" / "j.ini", tmp_path, method)
    assert last_column(tmp_path, "o") == [pytest.approx(6.4442932e14, rel=1e-8)]
    assert done.as_dict()["relative_residual"] is None


@pytest.mark.parametrize("method", ["sparse-direct", "amg", "multigrid"])
def test_a_solver_that_misses_writes_nothing(tmp_path: Path, method: str) -> None:
    with pytest.raises(SolverError, match="cap the largest resistances"):
        run_job(CASES / "01-direct-solve-unchecked" / "j.ini", tmp_path, method)
    assert not list(tmp_path.iterdir())


def test_decimal_commas_of_a_network(tmp_path: Path) -> None:
    run_job(CASES / "02-decimal-commas-in-lists" / "net.ini", tmp_path)
    assert last_column(tmp_path, "net") == [pytest.approx(4.0)]


def test_decimal_commas_of_strengths(tmp_path: Path) -> None:
    maps = []
    for name in ("comma", "dot"):
        run_job(CASES / "02-decimal-commas-in-lists" / f"{name}.ini", tmp_path)
        maps.append((tmp_path / f"{name}_cum_curmap.asc").read_text())
    assert maps[0] == maps[1]


@pytest.mark.parametrize("name", ["ok", "sloppy_tag", "no_tag"])
def test_no_data_of_a_region_raster(tmp_path: Path, name: str) -> None:
    """The same resistance however no data is written, or an error that names file, value and count."""
    try:
        run_job(CASES / "03-negative-region-numbers" / f"{name}.ini", tmp_path)
    except DataError as error:
        assert name == "no_tag"
        assert re.search(r"po_no_tag\.tif: \d+ cells have the region number -\d+; numbers must be > 0", str(error))
        return
    assert last_column(tmp_path, name) == [pytest.approx(1.637026, rel=1e-6)]


def test_no_data_of_a_source_raster(tmp_path: Path) -> None:
    run_job(CASES / "03-negative-region-numbers" / "source.ini", tmp_path)
    current = np.loadtxt(tmp_path / "source_curmap.asc", skiprows=6)
    assert current.max() < 1e3


def test_focal_numbers_of_eleven_digits(tmp_path: Path) -> None:
    run_job(CASES / "24-long-focal-numbers" / "j.ini", tmp_path)
    words = (tmp_path / "o_resistances_3columns.out").read_text().split()
    assert words[:2] == ["20240001001", "20240001002"]
    assert (tmp_path / "o_resistances.out").read_text().split()[:3] == ["0", "20240001001", "20240001002"]


def test_number_zero_is_told(tmp_path: Path) -> None:
    done = run_job(CASES / "24-long-focal-numbers" / "zero.ini", tmp_path)
    assert any(
        "1 points have a number that is not > 0, first 0; they are no focal nodes" in note for note in done.notes
    )


def test_a_point_outside_is_told_with_all_its_metres(tmp_path: Path) -> None:
    with pytest.raises(
        FocalNodeError, match=r"first 2 at x=500009\.5, y=4500002\.5; the map covers x 500000\.\.500006"
    ):
        run_job(CASES / "24-long-focal-numbers" / "far.ini", tmp_path)
