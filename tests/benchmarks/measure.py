"""Every measurement runs in a process of its own, with a fixed number of threads, warmed up, and reports as JSON."""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
STATUS = Path("/proc/self/status")

Row = dict[str, Any]
Body = Callable[..., Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """Medians of CPU and wall seconds, growth of peak memory [B], and what the last run returned."""

    cpu_s: float
    wall_s: float
    grown: int
    answer: Any


def clocked(run: Callable[[], Any], repeats: int, enough_s: float = 60.0) -> Clocked:
    """Call several times, or until ``enough_s`` have gone; the answer of one call is dropped before the next."""
    before = _resident(forget_peak=True)
    cpu, wall = [], []
    answer = None
    while len(wall) < repeats and sum(wall) < enough_s:
        answer = None
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        answer = run()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    grown = peak_bytes() - before
    return Clocked(cpu_s=statistics.median(cpu), wall_s=statistics.median(wall), grown=grown, answer=answer)


def peak_bytes() -> int:
    """Largest resident size so far, or since it was last forgotten."""
    return _status("VmHWM")


def _resident(*, forget_peak: bool) -> int:
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        if forget_peak:
            Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return _status("VmRSS")


def _status(key: str) -> int:
    if not STATUS.exists():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) * 1024


def in_child(body: Body, threads: int, timeout_s: float = 1800.0, **arguments: Any) -> Row:
    """Run a body in a new process; a crash or a time-out becomes a row with a status."""
    arguments = {**arguments, "threads": threads}
    job = {"module": body.__module__, "body": body.__name__, "arguments": arguments}
    environment = dict(os.environ) | {name: str(threads) for name in THREAD_VARIABLES}
    command = [sys.executable, "-m", "tests.benchmarks.measure", json.dumps(job)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return {**arguments, "status": f"stopped after {timeout_s:.0f} s"}
    if done.returncode:
        words = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {**arguments, "status": f"failed: {words[:300]}"}
    return {**arguments, "status": "done", **json.loads(done.stdout.strip().splitlines()[-1])}


def main() -> None:
    """The child's side."""
    job = json.loads(sys.argv[1])
    row = getattr(importlib.import_module(job["module"]), job["body"])(**job["arguments"])
    print(json.dumps(row))


if __name__ == "__main__":
    main()
