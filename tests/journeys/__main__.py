"""The journeys from a wheel in a fresh environment: ``python -m tests.journeys --wheel``; without it, from this checkout.

A wheel is built and installed into an environment of its own with the versions of ``constraints.txt``; the journeys then run away from the
checkout with the command and the modules that were installed. Told at the end: steps, minutes and failures of each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from tests.support.journey import RECORD
from tests.support.places import ROOT, SHARED

TOOLS = ("pytest", "openpyxl", "pypdfium2", "hypothesis")
"""What the journeys themselves need beside otkel."""


def main(words: list[str] | None = None) -> int:
    """Run them; the exit status of pytest."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys", description="Run users' ways and time them.")
    parser.add_argument("--wheel", action="store_true", help="from a wheel in a fresh environment")
    parser.add_argument("--keep", type=Path, help="folder of that environment; used again where it is there")
    parser.add_argument("only", nargs="*", help="names of files: test_script.py")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="journeys-") as folder:
        place = asked.keep or Path(folder)
        python, where = (installed(place) if asked.wheel else Path(sys.executable)), ROOT
        if asked.wheel:
            where = Path(folder) / "away"
            shutil.copytree(ROOT / "tests", where / "tests", ignore=shutil.ignore_patterns("__pycache__"))
            if SHARED.is_dir():
                (Path(folder) / "shared").symlink_to(SHARED)
        record = Path(folder) / "record.jsonl"
        began = time.perf_counter()
        code = run(python, where, record, asked.only)
        tell(record, time.perf_counter() - began)
    return code


def installed(folder: Path) -> Path:
    """Python of an environment into which a wheel of this checkout is installed."""
    python = folder / "venv/bin/python"
    if not python.is_file():
        venv.create(folder / "venv", with_pip=True)
    shutil.rmtree(folder / "wheel", ignore_errors=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder / "wheel"), str(ROOT)]
    subprocess.run(build, check=True)
    wheel = next((folder / "wheel").glob("*.whl"))
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        str(ROOT / "constraints.txt"),
    ]
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    subprocess.run([*pip, str(wheel), *TOOLS], check=True)
    return python


def run(python: Path, where: Path, record: Path, only: list[str]) -> int:
    """Run the journeys with a Python, from a folder that holds ``tests``."""
    files = [f"tests/journeys/{name}" for name in only] or ["tests/journeys"]
    own = {RECORD: str(record), "PYTHONPATH": str(where), "PYTHONDONTWRITEBYTECODE": "1"}
    config = ["-c", os.devnull, "--rootdir", str(where)]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *config, *files]
    return subprocess.run(command, cwd=where, env={**os.environ, **own}, check=False).returncode


def tell(record: Path, seconds: float) -> None:
    """Steps, minutes and failures of each journey."""
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    journeys: dict[str, list[dict[str, object]]] = {}
    for step in map(json.loads, lines):
        journeys.setdefault(str(step["journey"]), []).append(step)
    print(f"{'journey':<70} {'steps':>5} {'minutes':>8} {'failures':>8}")
    for name, steps in journeys.items():
        minutes = sum(float(str(step["seconds"])) for step in steps) / 60
        failed = sum(bool(step["failed"]) for step in steps)
        print(f"{name:<70} {len(steps):>5} {minutes:>8.1f} {failed:>8}")
    print(f"{len(journeys)} journeys, {seconds / 60:.1f} minutes in all")


if __name__ == "__main__":
    sys.exit(main())
