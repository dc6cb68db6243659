"""SIGKILL at random moments, then the same command again: the same files, and nothing left behind."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile.commands import Round, begin, files_of, finish, small_study

__all__ = ["kill"]

Command = tuple[object, ...]


def kill(times: int, seed: int = 1) -> list[Round]:
    """Each of `run`, `batch` and `export` is killed so often."""
    rng = random.Random(seed)
    with TemporaryDirectory() as name:
        base = Path(name)
        study = small_study(base / "study")
        results = base / "results"
        code, said = finish(begin("run", study, "--out", results, "--species", "walker", temporary=base / "tmp"))
        if code:
            raise RuntimeError(said)
        commands: dict[str, Command] = {
            "run": ("run", study, "--species", "walker"),
            "batch": ("batch", "run", study, "--matrix", study / "matrix.yaml"),
            "batch of two processes": ("batch", "run", study, "--matrix", study / "matrix.yaml", "--jobs", 2),
            "export": ("export", "all", results),
            "export geopackage": ("export", "geopackage", results),
        }
        return [_killed(what, command, base / what.replace(" ", "_"), times, rng) for what, command in commands.items()]


def _killed(what: str, command: Command, base: Path, times: int, rng: random.Random) -> Round:
    found = Round(f"kill {what}")
    began = time.monotonic()
    code, said = finish(begin(*command, "--out", base / "whole" / "out", temporary=base / "tmp-whole"))
    whole, wanted = time.monotonic() - began, files_of(base / "whole" / "out")
    found.clean_end(code, said, (0,), "undisturbed")
    for number in range(times):
        out, tmp = base / str(number) / "out", base / f"tmp-{number}" / "t"
        process = begin(*command, "--out", out, temporary=tmp)
        moment = rng.uniform(0.2, 1.0) * whole
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        code, said = finish(begin(*command, "--out", out, temporary=tmp))
        found.clean_end(code, said, (0,), f"again after {moment:.1f} of {whole:.1f} s")
        found.check(
            files_of(out) == wanted,
            f"after {moment:.1f} of {whole:.1f} s: files differ: {_different(files_of(out), wanted)}",
        )
        beside = sorted(path.name for path in out.parent.glob("*") if path != out)
        found.check(not beside, f"after {moment:.1f} of {whole:.1f} s: left beside the results: {beside}")
        left = sorted(path.relative_to(tmp).as_posix() for path in tmp.rglob("*"))
        found.check(not left, f"after {moment:.1f} of {whole:.1f} s: left in the temporary folder: {left[:5]}")
    print(f"  {found.told()}", flush=True)
    return found


def _different(files: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    return sorted(name for name in files.keys() | wanted.keys() if files.get(name) != wanted.get(name))[:5]
