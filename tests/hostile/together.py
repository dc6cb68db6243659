"""Others at the same time, and odd machines: one folder, one cache, no home, another locale, files that nobody may write, switches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile.commands import ROOT, Round, begin, files_of, finish, kernels, small_study

__all__ = ["together"]

NOBODY = 65534
NAMES = {
    "200 letters": "n" * 200,
    "250 letters": "n" * 250,
    "300 letters": "n" * 300,
    "5000 letters": "n/" * 2500,
    "Kazakh letters": "\u04d9" * 150,
    "a blank": " ",
    "a dash": "-x",
    "a line": "a\nb",
    "a picture": "\U0001f98c",
}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def together(times: int) -> list[Round]:
    """Every odd circumstance; two at once so often."""
    with TemporaryDirectory() as name:
        base = Path(name)
        study = small_study(base / "study")
        wanted = _results(study, base / "whole")
        rounds = [
            _one_folder(study, base / "folder", wanted, times),
            _one_cache(study, base / "cache"),
            _odd(study, base / "odd", wanted),
            _names(study, base / "names"),
            _nobody(base / "nobody", wanted),
        ]
        return rounds


def _run(study: Path, out: Path) -> tuple[object, ...]:
    return ("run", study, "--species", "walker", "--no-cache", "--out", out)


def _results(study: Path, base: Path) -> dict[str, bytes]:
    code, said = finish(begin(*_run(study, base / "out"), temporary=base / "tmp"))
    if code:
        raise RuntimeError(said)
    return files_of(base / "out")


def _one_folder(study: Path, base: Path, wanted: dict[str, bytes], times: int) -> Round:
    found = Round("two runs into one folder")
    for number in range(times):
        out = base / str(number) / "out"
        pair = [begin(*_run(study, out), temporary=base / f"tmp-{which}") for which in range(2)]
        ends = [finish(process) for process in pair]
        for code, said in ends:
            found.clean_end(code, said, (0, 9), "one of two")
        found.check(any(code == 0 for code, _ in ends), f"none of two came through: {ends}")
        found.check(files_of(out) == wanted, "files differ")
        found.check(
            [path.name for path in out.parent.iterdir()] == ["out"], f"left: {[p.name for p in out.parent.iterdir()]}"
        )
    return found


def _one_cache(study: Path, base: Path) -> Round:
    """Two processes compile into one empty cache."""
    found = Round("two processes compile into one cache")
    pair = [
        begin("check", study, temporary=base / f"tmp-{which}", XDG_CACHE_HOME=str(base / "cache"), NUMBA_CACHE_DIR="")
        for which in range(2)
    ]
    for process in pair:
        code, said = finish(process, 550)
        found.clean_end(code, said, (0,), "one of two")
    return found


def _odd(study: Path, base: Path, wanted: dict[str, bytes]) -> Round:
    """Environments and switches; `wanted` must come out of all that end well."""
    found = Round("odd environments")
    base.mkdir()
    (base / "file").write_text("", encoding="utf-8")
    compiled = {"NUMBA_CACHE_DIR": str(kernels())}
    cases: dict[str, tuple[tuple[str, ...], dict[str, str], tuple[int, ...]]] = {
        "python -O": (("-O",), {}, (0,)),
        "python -OO": (("-OO",), {}, (0,)),
        "NUMBA_NUM_THREADS=0": ((), {"NUMBA_NUM_THREADS": "0"}, (0, 3)),
        "NUMBA_NUM_THREADS=x": ((), {"NUMBA_NUM_THREADS": "x"}, (0, 3)),
        "NUMBA_NUM_THREADS=-1": ((), {"NUMBA_NUM_THREADS": "-1"}, (0, 3)),
        "OTKEL_STEPS_GB=inf": ((), {"OTKEL_STEPS_GB": "inf"}, (0, 3)),
        "OTKEL_STEPS_GB=nan": ((), {"OTKEL_STEPS_GB": "nan"}, (3,)),
        "OTKEL_STEPS_GB=-1": ((), {"OTKEL_STEPS_GB": "-1"}, (3,)),
        "OTKEL_STEPS under a file": ((), {"OTKEL_STEPS": str(base / "file" / "steps")}, (0,)),
        "HOME under a file": ((), {"HOME": str(base / "file" / "home"), "OTKEL_STEPS": ""} | compiled, (0,)),
        "no HOME": ((), {"HOME": ""} | compiled, (0,)),
        "cache under a file": (
            (),
            {"XDG_CACHE_HOME": str(base / "file" / "x"), "MPLCONFIGDIR": str(base / "file")} | compiled,
            (0,),
        ),
        "C locale": ((), C_LOCALE, (0,)),
        "C locale, ASCII output": ((), C_LOCALE | {"PYTHONIOENCODING": "ascii"}, (0,)),
        "TMPDIR that is not there": ((), {"TMPDIR": str(base / "not-there")}, (0,)),
    }
    cyrillic = base / "\u049b\u04b1\u043b\u0430\u043d"
    shutil.copytree(study, cyrillic)
    for number, (what, (flags, environment, allowed)) in enumerate(cases.items()):
        out = base / f"out-{number}" / "\u043d\u04d9\u0442\u0438\u0436\u0435"
        command = ("run", cyrillic, "--species", "walker", "--out", out, *(() if "STEPS" in what else ("--no-cache",)))
        code, said = finish(begin(*command, temporary=base / "tmp", flags=flags, **environment))
        found.clean_end(code, said, allowed, what)
        found.check(code != 0 or files_of(out) == wanted, f"{what}: files differ")
    return found


def _names(study: Path, base: Path) -> Round:
    """Names of results that no file system takes, or hardly."""
    found = Round("odd names of results")
    base.mkdir()
    for what, name in NAMES.items():
        for command in (
            ("run", study, "--species", "walker"),
            ("batch", "run", study, "--matrix", study / "matrix.yaml"),
            ("evidence", "simulate", study),
        ):
            code, said = finish(begin(*command, "--out", base / name, temporary=base.parent / "tmp"))
            found.clean_end(code, said, (0, 8), f"{command[0]} into {what}")
        left = [path.name for path in base.iterdir() if path.name.startswith(".")]
        found.check(not left, f"{what}: left {left[:3]}")
        shutil.rmtree(base / name.split("/")[0], ignore_errors=True)
    return found


def _nobody(base: Path, wanted: dict[str, bytes]) -> Round:
    """A user who may read the study and write the results, and nothing else."""
    found = Round("a user without rights")
    if os.getuid() != 0:
        print("  a user without rights: only root can become somebody else; left out")
        return found
    closed = [
        p for p in (Path(sys.executable).resolve(), ROOT) for p in (p, *p.parents) if not p.stat().st_mode & 0o001
    ]
    if closed:
        print(f"  a user without rights: others may not enter {closed[-1]}, where Python or otkel is; left out")
        return found
    study = small_study(base / "study")
    shutil.copytree(kernels(), base / "kernels")
    for folder in (base / "free", base / "tmp"):
        folder.mkdir()
        folder.chmod(0o777)
    for parent in (base, base.parent):
        parent.chmod(0o755)
    for what, out, allowed in (
        ("a free folder", base / "free" / "out", (0,)),
        ("a closed folder", base / "closed", (8,)),
    ):
        command = [sys.executable, str(ROOT / "cli.py"), *map(str, ("run", study, "--species", "walker", "--out", out))]
        environment = {
            **os.environ,
            "HOME": "/nonexistent",
            "TMPDIR": str(base / "tmp"),
            "NUMBA_CACHE_DIR": str(base / "kernels"),
        }
        environment = {
            name: value for name, value in environment.items() if name not in ("XDG_CACHE_HOME", "OTKEL_STEPS")
        }
        process = subprocess.Popen(
            command,
            env=environment,
            user=NOBODY,
            group=NOBODY,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        code, said = finish(process)
        found.clean_end(code, said, allowed, what)
        found.check(code != 0 or files_of(out) == wanted, f"{what}: files differ")
    return found
