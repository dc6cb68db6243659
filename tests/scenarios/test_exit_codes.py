"""Exit codes: one meaning each, one place, and a page that says the same."""

from __future__ import annotations

import ast
import errno
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import rasters.errors
from cli import app
from rasters.errors import FolderInUseError, LayerNotFoundError, PlannerError
from scenarios.exit_codes import ExitCode, exit_code_of
from tests.support.places import ROOT

ROOMS = ("connectivity", "rasters", "scenarios")
PRODUCT = [ROOT / "cli.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
SETS_ONE = {"Exit", "exit", "SystemExit"}


def test_the_page_says_what_the_codes_are() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(str(int(code)), code.name, code.meaning) for code in ExitCode]


def test_each_code_means_one_thing() -> None:
    assert len({code.meaning for code in ExitCode}) == len(ExitCode) == len({int(code) for code in ExitCode})
    assert [int(code) for code in ExitCode] == sorted(ExitCode) and ExitCode(7) is ExitCode.MEMORY


def _numbers(node: ast.AST) -> list[int]:
    """Numbers that stand where an exit code is given."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [*(node.args if name in SETS_ONE else ()), *(k.value for k in node.keywords if k.arg == "exit_code")]
        return [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, int)]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and type(node.value.value) is int:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return [node.value.value for name in names if name.lower().startswith(("exit_", "code_"))]
    return []


@pytest.mark.parametrize(
    "text", ["raise typer.Exit(4)", "sys.exit(1)", "EXIT_BUG = 70", "exit_code = 2", "F(exit_code=7)"]
)
def test_a_number_would_be_seen(text: str) -> None:
    assert [number for node in ast.walk(ast.parse(text)) for number in _numbers(node)]


def test_no_code_is_written_as_a_number_elsewhere() -> None:
    for path in PRODUCT:
        found = [number for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for number in _numbers(node)]
        assert not found, f"{path}: {found}"


@pytest.mark.parametrize("name", [n for n in rasters.errors.__all__ if n.endswith("Error")])
def test_every_error_of_ours_is_foreseen(name: str) -> None:
    kind = getattr(rasters.errors, name)
    assert exit_code_of(kind("words")) not in (ExitCode.BUG, ExitCode.OK)


def test_the_nearest_kind_counts_and_a_full_disk_before_all() -> None:
    assert exit_code_of(LayerNotFoundError("dem.tif")) is ExitCode.INPUT_DATA
    assert exit_code_of(FolderInUseError("out")) is ExitCode.FOLDER_IN_USE
    assert exit_code_of(PlannerError("words")) is ExitCode.USAGE
    assert exit_code_of(FileNotFoundError("a library's own")) is ExitCode.BUG
    assert exit_code_of(OSError(errno.ENOSPC, "full", str(Path("a.tif")))) is ExitCode.NOT_WRITTEN


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_threads_that_are_no_number_are_a_wrong_setting(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    done = CliRunner().invoke(app, ["check", "nowhere"])
    assert done.exit_code == ExitCode.CONFIGURATION
    assert f"NUMBA_NUM_THREADS={threads}: is no number of threads" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ImportError("libgdal.so: failed to map segment from shared object"), ExitCode.MEMORY),
        (RuntimeError("can't start new thread"), ExitCode.MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ExitCode.MEMORY),
        (OSError(errno.EFBIG, "File too large"), ExitCode.NOT_WRITTEN),
        (ImportError("no module named x"), ExitCode.BUG),
    ],
)
def test_what_a_system_without_memory_or_disk_says(error: Exception, code: ExitCode) -> None:
    assert exit_code_of(error) is code
