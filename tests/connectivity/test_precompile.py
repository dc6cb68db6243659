"""Machine code made beside a run: what is begun, by how many, and that nothing is left running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectivity import precompile


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """Rounds of each process that is begun, on four processors with an empty cache; the processes only sleep."""
    found: list[tuple[str, ...]] = []

    def started(rounds: list[str]) -> subprocess.Popen[bytes]:
        found.append(tuple(rounds))
        return subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])

    monkeypatch.setattr(precompile, "_started", started)
    monkeypatch.setattr(precompile, "usable_threads", lambda: 4)
    monkeypatch.setattr(precompile, "kept_kernels", lambda: tmp_path)
    return found


def test_other_processors_share_what_is_missing(begun, monkeypatch, tmp_path) -> None:
    with precompile.compiled_beside():
        pass
    assert begun == [(name,) for name in precompile.OF_A_RUN]
    begun.clear()
    monkeypatch.setattr(precompile, "usable_threads", lambda: 2)
    (tmp_path / "circuits.made").touch()
    with precompile.compiled_beside():
        pass
    assert begun == [("reduction", "search")]


@pytest.mark.parametrize("why", ["one processor", "nothing is kept", "all is made"])
def test_nothing_is_begun_in_vain(begun, monkeypatch, tmp_path, why) -> None:
    if why == "one processor":
        monkeypatch.setattr(precompile, "usable_threads", lambda: 1)
    elif why == "nothing is kept":
        monkeypatch.setattr(precompile, "kept_kernels", lambda: None)
    else:
        for name in precompile.OF_A_RUN:
            (tmp_path / f"{name}.made").touch()
    with precompile.compiled_beside():
        assert begun == []


def test_what_still_runs_at_the_end_is_ended(begun, monkeypatch) -> None:
    processes = []
    sleeping = precompile._started
    monkeypatch.setattr(precompile, "_started", lambda rounds: processes.append(sleeping(rounds)) or processes[-1])
    with pytest.raises(ZeroDivisionError), precompile.compiled_beside(["search"]):
        raise ZeroDivisionError
    assert [process.returncode < 0 for process in processes] == [True]


def test_rounds_are_told_by_name(capsys) -> None:
    assert precompile.main(["dancing"]) == 2
    assert "dancing" in capsys.readouterr().err


def test_a_round_that_is_killed_is_no_success(monkeypatch) -> None:
    """Its status is negative, and others end with 0."""
    codes = {"search": "import os; os.kill(os.getpid(), 9)", "windows": ""}
    monkeypatch.setattr(precompile, "kept_kernels", lambda: None)
    monkeypatch.setattr(
        precompile, "_started", lambda rounds: subprocess.Popen([sys.executable, "-S", "-c", codes[rounds[0]]])
    )
    assert precompile.main(["windows"]) == 0
    assert precompile.main(["search", "windows"]) == 1


def test_each_round_is_a_job() -> None:
    from connectivity import rounds

    assert set(precompile.ROUNDS) == set(rounds.__all__)
