"""What all rounds share: a tiny study, a command of otkel in a process of its own, and what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.tiny_study import write_tiny_study

__all__ = ["Round", "begin", "files_of", "finish", "kernels", "small_study"]

ROOT = Path(__file__).parents[2]
TIMES = ("manifest.json", "log.jsonl", "batch.json")
"""Files that say when something happened, or under which path."""
MATRIX = "scenario: [closed, free]\nspecies: [walker, digger]\n"


def small_study(folder: Path) -> Path:
    """The tiny study on large cells, with two scenarios, and a matrix of four runs."""

    def smaller(settings: dict[str, Any]) -> None:
        settings["grid"]["cell_m"] = 2000
        for name in ("dem", "water"):
            settings["layers"][name]["resampling"] = "nearest"
        settings["candidates"]["every_m"] = 8000

    write_tiny_study(folder, smaller)
    (folder / "matrix.yaml").write_text(MATRIX, encoding="utf-8")
    return folder


def begin(
    *arguments: object, temporary: Path, flags: tuple[str, ...] = (), around: tuple[str, ...] = (), **environment: str
) -> subprocess.Popen[str]:
    """Start a command with a folder for temporary files of its own; ``around`` are words that start it."""
    temporary.mkdir(parents=True, exist_ok=True)
    own = {"TMPDIR": str(temporary), "OTKEL_STEPS": str(temporary.parent / "steps"), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.Popen(
        [*around, sys.executable, *flags, str(ROOT / "cli.py"), *map(str, arguments)], env={**os.environ, **own, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def kernels() -> Path:
    """Where machine code is kept, so that not every case compiles."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("NUMBA_CACHE_DIR") or home / "otkel" / "kernels")


def finish(process: subprocess.Popen[str], seconds: float = 900.0) -> tuple[int, str]:
    """Exit code, and what was said."""
    try:
        out, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, said = process.communicate()
        return -1000, f"hung: {out}{said}"
    return process.returncode, out + said


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file but those that hold times."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in TIMES]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@dataclass(slots=True)
class Round:
    """Counts of what held, and what did not."""

    name: str
    held: int = 0
    faults: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        """Count one; tell it where it does not hold."""
        if holds:
            self.held += 1
        else:
            self.faults.append(what)
            print(f"  {self.name}: {what}", flush=True)

    def clean_end(self, code: int, said: str, allowed: tuple[int, ...], what: str) -> None:
        """One of some exit codes, and a message without a traceback."""
        said = said.strip()
        plain = "Traceback" not in said and "bug of otkel" not in said
        self.check(code in allowed and plain, f"{what}: exit {code}: {said[-700:]}")

    def told(self) -> str:
        """The counts in a line."""
        return f"{self.name}: {self.held + len(self.faults)} checks, {len(self.faults)} do not hold"
