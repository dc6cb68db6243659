"""A run that was killed, interrupted or ran out of disk goes on where it stopped and ends in the same files."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pandas as pd
import PIL.Image
import pyogrio
import pytest
import rasterio.shutil
from typer.testing import CliRunner

import scenarios.outputs.folder as folder_module
from cli import app
from rasters.errors import FolderInUseError
from scenarios.outputs import claim
from scenarios.outputs.claim import claimed, lock_of
from scenarios.outputs.folder import MARKER, atomic_folder
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

PATIENCE_S = 200.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run that nobody disturbs writes; with steps of its own."""
    base = tmp_path_factory.mktemp("whole")
    done = run(study, base / "out", "--cache", str(base / "steps"))
    assert done.exit_code == 0, done.stderr
    return base / "out"


def run(study: Path, out: Path, *options: str) -> Any:
    """In this process, with the threads of a new one: a step is kept under their number, which other tests may have changed."""
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return CliRunner().invoke(app, ["run", str(study), "--out", str(out), *options])


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything but the manifest, which holds times."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def started(study: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "cli.py"), "run", str(study), "--out", str(out)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not what():
        assert process.poll() is None and time.monotonic() < limit, process.communicate()[1]
        time.sleep(0.02)


def steps() -> list[Path]:
    """Whole ones: a part that is being written begins with a dot."""
    return sorted(Path(os.environ["OTKEL_STEPS"]).glob("[!.]*.step"))


def test_a_killed_run_goes_on_and_ends_in_the_same_files(study: Path, whole: Path, tmp_path: Path) -> None:
    """SIGKILL to a real process after its first step: what it leaves is put right, what it solved is not solved again."""
    out = tmp_path / "results" / "out"
    process = started(study, out)
    wait_for(lambda: len(steps()) == 1, process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    left = {path.name for path in out.parent.iterdir()}
    assert not out.exists() and f".{out.name}.lock" in left and any(".part-" in name for name in left)
    assert f"process {process.pid} (otkel run" in lock_of(out).read_text()
    (first,) = steps()
    solved_at = first.read_bytes()

    done = run(study, out, "-v")
    assert done.exit_code == 0, done.stderr
    assert "closed, walker: kept" in done.stderr and "closed, digger: kept" not in done.stderr
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert files_of(out) == files_of(whole)
    assert first.read_bytes() == solved_at and len(steps()) == 4
    seconds = json.loads((out / MARKER).read_text())["runs"][0]["seconds"]
    assert seconds == json.loads(solved_at.splitlines()[1])["seconds"]


def test_an_interrupted_run_says_what_is_kept_and_how_to_go_on(study: Path, tmp_path: Path) -> None:
    process = started(study, tmp_path / "out")
    wait_for(lambda: len(steps()) == 1, process)
    process.send_signal(signal.SIGTERM)
    message = process.communicate()[1]
    assert process.returncode == 6, message
    if len(steps()) == 1:
        assert "run was interrupted" in message
        assert f"1 finished step is kept in {os.environ['OTKEL_STEPS']}; the same command goes on from there" in message
    assert list(tmp_path.iterdir()) == []


def _full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (rasterio.shutil, "copy"),
        (pyogrio, "write_dataframe"),
        (pd.DataFrame, "to_csv"),
        (PIL.Image.Image, "save"),
        (Path, "write_text"),
        (folder_module.tempfile, "mkdtemp"),
    ],
    ids=["raster", "geopackage", "table", "map", "page", "folder"],
)
def test_a_full_disk_ends_in_8_wherever_it_strikes_and_says_how_to_go_on(
    study: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    monkeypatch.setattr(owner, name, _full)
    done = run(study, tmp_path / "out", "--cache", str(whole.parent / "steps"))
    assert done.exit_code == 8, done.stderr
    assert "No space left on device" in done.stderr and "choose another folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
    if name != "mkdtemp":
        assert "the same command goes on from there" in done.stderr


def test_a_disk_that_is_really_full(study: Path, whole: Path, tmp_path: Path) -> None:
    """A file system of 300 kB: the drivers fail each in its own way, and all that is told is that the disk is full."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f'mount -t tmpfs -o size=300k tmpfs "{disk}" && "{sys.executable}" "{ROOT / "cli.py"}" run "{study}"'
    command += f' --cache "{whole.parent / "steps"}" --out "{disk / "out"}"; code=$?; ls -A "{disk}"; exit $code'
    done = subprocess.run(["unshare", "-rm", "sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (8, ""), done.stderr
    assert "the disk is full" in done.stderr and "the same command goes on from there" in done.stderr


def test_two_runs_into_one_folder_cannot_meet(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with claimed(out):
        (tmp_path / ".out.part-living").mkdir()
        done = run(study, out)
        assert done.exit_code == 9
        assert f"process {os.getpid()} (otkel" in done.stderr and "choose another folder" in done.stderr
        assert (tmp_path / ".out.part-living").is_dir() and lock_of(out).is_file() and not out.exists()
    assert not lock_of(out).exists()


def test_an_interruption_while_a_lock_is_taken_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = claim._take

    def interrupted(lock: Any, path: Path) -> None:
        path.touch()
        signal.raise_signal(signal.SIGINT)
        take(lock, path)

    monkeypatch.setattr(claim, "_take", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started deaf to it
    try:
        with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "out"):
            pytest.fail("the interruption was lost")
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_without_a_holder_is_taken_over(tmp_path: Path) -> None:
    lock_of(tmp_path / "out").write_text("process 1 (long gone)")
    with claimed(tmp_path / "out"):
        assert "long gone" not in lock_of(tmp_path / "out").read_text()
        with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"), claimed(tmp_path / "out"):
            pass
        with claimed(tmp_path / "other"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_an_older_result_that_a_killed_process_had_moved_away_comes_back(tmp_path: Path) -> None:
    """Killed between the two renames, or after both: the older result, or the newer one, is there; nothing else is."""
    moved = tmp_path / ".out.part-abc.old"
    moved.mkdir()
    (moved / MARKER).write_text("old")
    (tmp_path / ".out.part-abc").mkdir()
    with pytest.raises(ValueError, match="half way"), atomic_folder(tmp_path / "out"):
        raise ValueError("half way")
    assert (tmp_path / "out" / MARKER).read_text() == "old"
    shutil.copytree(tmp_path / "out", moved)
    with atomic_folder(tmp_path / "out") as part:
        (part / MARKER).write_text("new")
    assert (tmp_path / "out" / MARKER).read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_results_beside_it_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".out2.part-abc").mkdir()
    (tmp_path / ".out").mkdir()
    with atomic_folder(tmp_path / "out") as part:
        (part / MARKER).write_text("new")
    assert {path.name for path in tmp_path.iterdir()} == {".out2.part-abc", ".out", "out"}
