"""Progress without a terminal: plain lines with the time, at intervals, and none for what is quick or quiet."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
import warnings

import pytest

from scenarios import progress
from tests.support.places import ROOT


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


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("verbose", "told"), [(0, ["ours"]), (1, ["theirs", "ours"])])
def test_libraries_are_heard_only_when_asked_for(
    verbose: int, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.Reporter(verbose=verbose):
        logging.getLogger("rasterio._env").error("theirs")
        logging.getLogger("scenarios.land").warning("ours")
        warnings.warn("a library's", DeprecationWarning, stacklevel=1)
    said = [line for line in capsys.readouterr().err.splitlines() if "library" not in line]
    assert said == told


def test_compiling_is_announced_once_before_it_happens() -> None:
    program = (
        "import numpy as np\n"
        "from scenarios.progress import Reporter\n"
        "with Reporter() as reporter:\n"
        "    from rasters.kernels._jit import kernel\n"
        "    def twice(a):\n        return 2 * a\n"
        "    def thrice(a):\n        return 3 * a\n"
        "    reporter.say('before'); kernel(twice)(1.0); kernel(thrice)(1.0); reporter.say('after')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "OTKEL_KERNEL_CACHE": "0"},
    )
    before, announced, after = done.stderr.splitlines()
    assert (before, after) == ("before", "after") and announced.startswith("compiling: ")


@pytest.mark.parametrize("verbose", [0, 1])
def test_the_shares_of_time_are_told_when_asked_for(
    verbose: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 4.0, 5.0, 9.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    with progress.Reporter(verbose=verbose) as reporter:
        reporter.expect(3, "checking")
        reporter.step("closed, urial: current")
        reporter.step("closed: writing")
        reporter.step("free, kulan: current")
    told = capsys.readouterr().err
    assert ("time: current 78%, checking 11%, writing 11% of 9 s" in told) == bool(verbose)
