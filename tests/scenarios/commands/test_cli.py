"""The command line itself: help, streams, exit codes, machine-readable output."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import scenarios.runs.check
import scenarios.runs.doctor
import scenarios.runs.session
from cli import app
from rasters.errors import ExportError, LayerNotFoundError, MemoryBudgetError, PlannerError, SolverError
from scenarios.progress import Reporter
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

COMMANDS = ("run", "check", "doctor")


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_help_names_every_command() -> None:
    for flag in ("--help", "-h"):
        done = invoke(flag)
        assert done.exit_code == 0
        assert all(name in done.stdout for name in COMMANDS)
    for name in COMMANDS:
        done = invoke(name, "--help")
        assert done.exit_code == 0 and "Usage" in done.stdout


def test_no_command_is_usage_and_an_unknown_one_too() -> None:
    assert invoke().exit_code == 2
    done = invoke("rum")
    assert done.exit_code == 2
    assert "No such command 'rum'" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (PlannerError("correct it"), 2, "correct it"),
        (LayerNotFoundError("there is no dem.tif"), 4, "there is no dem.tif"),
        (SolverError("stopped at 1e-3", None), 5, "stopped at 1e-3"),
        (MemoryBudgetError("needs 40 GiB"), 7, "needs 40 GiB"),
        (ExportError("disk is full"), 8, "disk is full"),
        (MemoryError(), 7, "out of memory"),
        (KeyboardInterrupt(), 6, "run was interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "a.tif"), 8, "disk is full"),
        (ValueError("what is [this]"), 70, "ValueError: what is [this]"),
    ],
)
def test_exit_code_of_each_kind_of_error(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(scenarios.runs.session, "run_study", fail)
    for options in ((), ("--json",), ("--quiet",)):
        done = invoke("run", "ustyurt", "--out", "nowhere", *options)
        assert (done.exit_code, done.stdout) == (code, "")
        assert words in done.stderr and done.stderr.count("error:") == 1
        assert "Traceback" not in done.stderr


def test_a_bug_shows_its_traceback_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(scenarios.runs.session, "run_study", fail)
    done = invoke("run", "ustyurt", "--out", "nowhere", "-v")
    assert done.exit_code == 70
    assert "Traceback" in done.stderr and "by nought" in done.stderr
    monkeypatch.setenv("OTKEL_TRACEBACK", "1")
    assert "Traceback" in invoke("run", "ustyurt", "--out", "nowhere").stderr


def test_overrides_are_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def catch(name: str, scenarios: list[str], overrides: dict[str, Any], *_: Any) -> Any:
        seen.update(overrides, name=name, scenarios=scenarios)
        raise PlannerError("enough")

    monkeypatch.setattr(scenarios.runs.check, "check_study", catch)
    invoke(
        "check",
        "tiny",
        "--set",
        "a.b=1.5",
        "--set",
        "c=[x, y]",
        "--set",
        "d= text=with=equals",
        "--set",
        "e=",
        "--scenario",
        "one",
        "--scenario",
        "two",
    )
    assert seen == {
        "a.b": 1.5,
        "c": ["x", "y"],
        "d": "text=with=equals",
        "e": None,
        "name": "tiny",
        "scenarios": ["one", "two"],
    }


def test_doctor_for_people_and_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios.runs.doctor, "_solvers_agree", lambda: (True, "agree"))
    done = invoke("doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["passed"], report["solvers"]) == (0, True, "agree")
    assert "ustyurt" in report["bundled studies"] and report["numpy"][0].isdigit()
    assert "numba" in invoke("doctor").stdout
    assert invoke("--version").stdout.startswith("otkel 0.")
    monkeypatch.setattr(scenarios.runs.doctor, "_solvers_agree", lambda: (False, "differ"))
    assert invoke("doctor", "--json").exit_code == 5


def test_a_command_leaves_the_process_as_it_was() -> None:
    show, level = warnings.showwarning, logging.getLogger().level
    invoke("run", "no-such-study", "--out", "nowhere")
    assert warnings.showwarning is show
    assert logging.getLogger().level in (level, logging.WARNING, logging.ERROR)


def test_interrupting_leaves_nothing_and_keeps_the_earlier_result(tmp_path: Path) -> None:
    """SIGINT to a real process in the middle of its work: code 6, no traceback, the old folder untouched."""
    study, out = write_tiny_study(tmp_path / "study"), tmp_path / "results" / "out"
    out.mkdir(parents=True)
    (out / "manifest.json").write_text("{}")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "run", str(study), "--out", str(out), "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    deadline = time.monotonic() + 60
    while len(list(out.parent.iterdir())) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 6, stderr
    assert stdout == "" and "Traceback" not in stderr and "interrupted" in stderr
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    assert [p.name for p in out.iterdir()] == ["manifest.json"]


def test_a_signal_that_compiled_code_lost_is_heeded_at_the_next_step() -> None:
    reporter = Reporter(quiet=True)
    reporter.step("before")
    reporter.asked_to_stop = lambda: True
    with pytest.raises(KeyboardInterrupt):
        reporter.step("after")
