"""Circuitscape's own test cases, through every solver, against the files that its authors publish.

The tolerances are theirs: a map agrees when the sum of squared differences is below 1e-6, a resistance when it differs by
less than 1e-3 (jobs in single precision: 1e-4 and 1e-2). Run this file as a script for a table of what was compared.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.support.places import ROOT

DATA = ROOT.parent / "shared" / "verify" / "circuitscape"
EXPECTED = DATA / "output_verify"
JOBS = sorted(DATA.glob("input/raster/**/*.ini"))
PAIRWISE = [job for job in JOBS if job.stem.startswith("sgVerify")]
METHODS = ["auto", "multigrid"]

needs_data = pytest.mark.skipif(not JOBS, reason="Circuitscape's cases are not here (../shared/verify/circuitscape)")

STALE = re.compile(
    r"sgVerify12_cum_curmap"  # zeros; its maps are off
    r"|sgVerify13_(cur|volt)map_(1_4|1_9|2_4|2_8|2_9|4_8|4_9)"  # excluded pairs
    r"|sgVerify13_resistances_3columns"  # written for other pairs than the matrix beside it
    r"|oneToAllVerify12_(cum_)?(cur|volt)map"  # its maps are off, and were written for other settings
    r"|allToOneVerify12_curmap_4"
)
"""Expected files that no longer belong to their job; Circuitscape does not compare them either."""
MAPS_ON = "\nwrite_cur_maps = True\nwrite_volt_maps = True\n"
MAPS_OFF = "\nwrite_cur_maps = False\nwrite_volt_maps = False\nwrite_cum_cur_map_only = False\n"


class Compared(NamedTuple):
    """One expected file beside ours."""

    name: str
    agrees: bool
    difference: float


def expected_files(job: Path) -> list[Path]:
    found = sorted(EXPECTED.glob(f"{job.stem}_*"))
    return [path for path in found if path.suffix in (".asc", ".out") and not STALE.match(path.name)]


def compare(expected: Path, found: Path, single: bool) -> Compared:
    is_map = expected.suffix == ".asc"
    theirs, ours = (np.loadtxt(path, skiprows=6 if is_map else 0) for path in (expected, found))
    if theirs.shape != ours.shape:
        return Compared(expected.name, False, np.inf)
    gap = float(((theirs - ours) ** 2).sum() if is_map else np.abs(theirs - ours).max())
    return Compared(
        expected.name, gap < (1e-6 if is_map else 1e-3) * (100 if single and is_map else 10 if single else 1), gap
    )


def run_case(job: Path, folder: Path, method: str, settings: str = "") -> None:
    from scenarios.other_programs.circuitscape.job import run_job

    text = job.read_text() + settings
    copy = folder / job.name
    copy.write_text(text)
    run_job(copy, folder, method)


def check_case(job: Path, folder: Path, method: str) -> list[Compared]:
    """Run a job, its maps switched on if there are any to compare with, and compare every file."""
    files = expected_files(job)
    text = job.read_text()
    has_maps = any("map" in path.name for path in files)
    maps_off = not re.search(r"(?im)^write_(cur|volt)_maps\s*=\s*true", text)
    run_case(job, folder, method, MAPS_ON if has_maps and maps_off else "")
    single = bool(re.search(r"(?im)^precision\s*=\s*single", text))
    return [compare(path, folder / path.name, single) for path in files]


@pytest.fixture
def in_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in the jobs start here."""
    monkeypatch.chdir(DATA)


@needs_data
@pytest.mark.usefixtures("in_data")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.stem)
def test_every_file_agrees(job: Path, method: str, tmp_path: Path, record_property) -> None:
    compared = check_case(job, tmp_path, method)
    record_property("files_compared", len(compared))
    assert compared, "nothing to compare with"
    assert not [one for one in compared if not one.agrees]


@needs_data
@pytest.mark.usefixtures("in_data")
@pytest.mark.parametrize("method", ["auto", "reduction", "sparse-direct", *METHODS[1:]])
@pytest.mark.parametrize("job", PAIRWISE, ids=lambda job: job.stem)
def test_resistances_agree_without_maps(job: Path, method: str, tmp_path: Path) -> None:
    run_case(job, tmp_path, method, MAPS_OFF)
    files = [path for path in expected_files(job) if path.suffix == ".out"]
    assert files and not [one for path in files if not (one := compare(path, tmp_path / path.name, False)).agrees]
    assert not list(tmp_path.glob("*map*"))


@needs_data
@pytest.mark.usefixtures("in_data")
def test_a_wrong_solution_is_noticed(tmp_path: Path) -> None:
    """The comparison itself can fail."""
    job = next(job for job in JOBS if job.stem == "sgVerify7")
    run_case(job, tmp_path, "auto", "\nconnect_four_neighbors_only = False\n")
    compared = [compare(path, tmp_path / path.name, False) for path in expected_files(job)]
    assert sum(not one.agrees for one in compared) > 10


@needs_data
def test_inputs_are_found_from_the_folder_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenarios.other_programs.circuitscape.job import run_job

    monkeypatch.chdir(tmp_path)
    job = next(job for job in JOBS if job.stem == "sgVerify15")
    summary = run_job(job, tmp_path)
    assert set(summary.rows["files"]) == {"sgVerify15_resistances.out", "sgVerify15_resistances_3columns.out"}


def main() -> None:
    """Print what was compared, by method."""
    import os

    sys.path.insert(0, str(ROOT))
    os.chdir(DATA)
    for method in METHODS:
        rows: list[Compared] = []
        for job in JOBS:
            with tempfile.TemporaryDirectory() as folder:
                rows += check_case(job, Path(folder), method)
        maps = [row.difference for row in rows if row.name.endswith(".asc")]
        ohms = [row.difference for row in rows if row.name.endswith(".out")]
        print(
            f"{method}: {len(JOBS)} jobs, {len(rows)} files compared, {sum(row.agrees for row in rows)} agree; largest sum of "
            f"squares {max(maps):.1e}, largest resistance difference {max(ohms):.1e}"
        )
        for row in rows:
            if not row.agrees:
                print("  ", *row)


if __name__ == "__main__":
    main()
