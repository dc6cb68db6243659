"""Jobs that once ended in a wrong number without a word, as they were reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rasters.errors import SolverError
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
