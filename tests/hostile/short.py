"""Machines with too little: a full disk at every size, too little memory at every limit."""

from __future__ import annotations

import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile.commands import ROOT, Round, begin, files_of, finish, small_study

__all__ = ["disk", "memory"]

MIB = 2**20


def disk(steps: int) -> list[Round]:
    """`run`, `batch` and `export` on a file system of every size up to what they need, in so many steps."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode
    ):
        raise SystemExit("this machine lets nobody mount a small file system (unshare -rm)")
    with TemporaryDirectory() as name:
        base = Path(name)
        study, results = small_study(base / "study"), base / "results"
        code, said = finish(begin("run", study, "--out", results, "--species", "walker", temporary=base / "tmp"))
        if code:
            raise RuntimeError(said)
        commands = {
            "run": ("run", study, "--species", "walker"),
            "batch": ("batch", "run", study, "--matrix", study / "matrix.yaml", "--keep", "maps"),
            "batch of two processes": ("batch", "run", study, "--matrix", study / "matrix.yaml", "--jobs", 2),
            "export": ("export", "all", results),
            "sheet": ("export", "sheet", results),
            "simulate": ("evidence", "simulate", study),
        }
        return [
            _on_small_disks(what, command, base / f"disk-{what.replace(' ', '_')}", steps)
            for what, command in commands.items()
        ]


def _on_small_disks(what: str, command: tuple[object, ...], base: Path, steps: int) -> Round:
    found = Round(f"disk {what}")
    out = "sheet.pdf" if "sheet" in command else "out"
    code, said, left = _on_disk(command, base, out, 500 * MIB)
    found.clean_end(code, said, (0,), "a large disk")
    needed = left
    for step in range(steps):
        size = 4096 * (1 + int(needed * step / steps) // 4096)
        code, said, left = _on_disk(command, base, out, size)
        found.clean_end(code, said, (0, 8), f"{size // 1024} of {needed // 1024} KiB")
        found.check(
            code != 8 or "disk is full" in said or "No space left" in said,
            f"{size // 1024} KiB: does not say that the disk is full: {said[-300:]}",
        )
    print(f"  {found.told()}", flush=True)
    return found


def _on_disk(command: tuple[object, ...], base: Path, out: str, size: int) -> tuple[int, str, int]:
    """Exit code, what was said, and the bytes that were on the disk at the end, of a command with all its folders on a new disk."""
    at = base / "mounted"
    at.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, str(ROOT / "cli.py"), *map(str, command), "--out", str(at / "data" / out)]
    script = (
        f'mount -t tmpfs -o size={size} tmpfs "{at}" && mkdir "{at}/data" "{at}/tmp" && TMPDIR="{at}/tmp" OTKEL_STEPS="{base}/steps" '
        f'{shlex.join(words)}; code=$?; echo; du -s -B1 "{at}" | cut -f1; exit $code'
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, cwd=ROOT, check=False, timeout=900
    )
    return done.returncode, done.stderr, int(done.stdout.split()[-1])


def memory(steps: int) -> list[Round]:
    """`run` and `check` with limits of the address space from what Python alone takes to what they need."""
    found = Round("memory")
    with TemporaryDirectory() as name:
        base = Path(name)
        study = small_study(base / "study")
        for command in (("run", study, "--no-cache", "--out", base / "out"), ("check", study)):
            finish(begin(*command, temporary=base / "tmp"))
            for step in range(steps):
                limit = int((0.15 + 3.0 * step / steps) * 2**30)
                process = subprocess.Popen(
                    [sys.executable, str(ROOT / "cli.py"), *map(str, command)],
                    text=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),  # type: ignore[misc]
                )
                before = files_of(base / "out")
                code, said = finish(process)
                found.clean_end(code, said, (0, 7), f"{command[0]} within {limit // MIB} MiB")
                found.check(
                    code == 0 or files_of(base / "out") == before,
                    f"{limit // MIB} MiB: the results are not as they were",
                )
    return [found]
