"""Progress without a terminal: plain lines with the time, at intervals, and none for what is quick or quiet."""

from __future__ import annotations

import re
import time

import pytest

from scenarios import progress


@pytest.mark.parametrize(("quiet", "told"), [(False, True), (True, False)])
def test_a_line_every_so_often_where_nobody_watches(
    quiet: bool, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.05)
    with progress.Reporter(quiet=quiet) as reporter:
        reporter.expect(3, "reading")
        reporter.step("solving [1 A]")
        time.sleep(0.4)
    time.sleep(0.1)
    lines = capsys.readouterr().err.splitlines()
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d 1/3 solving \[1 A\]", line) for line in lines[1:])
    assert (len(lines) >= 3) == told and bool(lines) == told


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Reporter() as reporter:
        reporter.expect(1, "reading")
        reporter.step("writing")
    assert capsys.readouterr().err == ""
