"""A user's way, told as steps: commands in a process of their own, as somebody types them, and what each said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.places import ROOT

__all__ = ["RECORD", "Journey"]

RECORD = "OTKEL_JOURNEYS"
"""Environment variable with the file that steps and their times are written to."""
CHECKOUT = (ROOT / "cli.py").is_file()
"""Else the command and the modules are those that are installed beside this Python."""


@dataclass(slots=True, kw_only=True)
class Journey:
    """Steps so far, and those that failed though the user did what the step before said.

    Parameters
    ----------
    folder : Path
        Where the user works.
    """

    folder: Path
    steps: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def command(self, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Type a command of otkel; ``code`` is how it should end."""
        start = [sys.executable, str(ROOT / "cli.py")] if CHECKOUT else [str(Path(sys.executable).with_name("otkel"))]
        return self._run([*start, *map(str, words)], f"otkel {' '.join(map(str, words))}", code)

    def script(self, text: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a script."""
        return self._run([sys.executable, "-c", text], "python script.py", code)

    def does(self, what: str) -> None:
        """Something done by hand: files copied, a line edited."""
        self.steps.append(what)
        self._record(what, 0.0, failed=False)

    def _record(self, told: str, seconds: float, failed: bool) -> None:
        """Add a step to the file that is asked for, if any."""
        if path := os.environ.get(RECORD):
            journey = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0].rpartition("/")[2]
            step = {"journey": journey, "step": told, "seconds": round(seconds, 2), "failed": failed}
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(step) + "\n")

    def _run(self, command: list[str], told: str, code: int) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join([str(ROOT), str(ROOT / "scenarios/alias")] if CHECKOUT else [])
        own = {"PYTHONPATH": paths, "NO_COLOR": "1", "COLUMNS": "200", "OTKEL_STEPS": str(self.folder / "steps")}
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **own}, capture_output=True, text=True, check=False
        )
        self.steps.append(told)
        self._record(told, time.perf_counter() - began, done.returncode != code)
        if done.returncode != code:
            self.failed.append(f"{told}: {done.returncode}\n{done.stdout}{done.stderr}")
        assert not self.failed, self.failed[-1]
        assert "Traceback" not in done.stderr and "Warning:" not in done.stderr, done.stderr
        return done
