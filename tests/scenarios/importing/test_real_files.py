"""32 real-life files come in as they were meant, what was wrong is told, and `otkel check` passes on the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.progress import Reporter
from scenarios.runs.check import check_study
from tests.support.foreign_files import CASES, Case
from tests.support.import_page import PAGE, farthest, imported, row, shapes_in

QUIET = Reporter(quiet=True)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
"""Of those who write the files, and of fence lines that no scenario uses, which `otkel check` tells."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_real_life_files_come_in_as_they_were_meant(case: Case, tmp_path: Path) -> None:
    done, study = imported(case, tmp_path)
    found = shapes_in(study, done)
    away = farthest(case, found)
    assert away <= case.within_m
    if case.names:
        assert sorted(name for _, name in found) == sorted(case.names)
    lines = [f"{one.group} {one.what}" for one in done.entries]
    lines += [f"{one.group} {one.count} {one.what}" for one in done.entries]
    for told in case.told:
        assert any(line.startswith(told) for line in lines), f"{told!r} is not in the table"
    report = check_study(str(study), None, {}, QUIET)
    assert report.passed, [one.text for one in report.findings if not one.passed]
    shown = row(case, done, away).rsplit("|", 2)[0]
    assert shown in PAGE.read_text(encoding="utf-8"), "python -m tests.support.import_page"
