"""The clock, the processor and the memory of the machine that computes, as manifests state them."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba

__all__ = ["Meter", "machine", "now"]


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine() -> dict[str, Any]:
    """Processor, memory and system; no name of a machine or of a user."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "threads": numba.get_num_threads(),
    }


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model, where the system tells."""
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class Meter:
    """Seconds since it was made, of the clock and of all processors, and the largest memory of this process so far."""

    began_s: float = field(default_factory=time.perf_counter)
    began_processor_s: float = field(default_factory=time.process_time)

    def read(self) -> dict[str, Any]:
        """``seconds``, ``processor_seconds`` and ``peak_memory_bytes``."""
        unit = 1 if sys.platform == "darwin" else 1024
        return {
            "seconds": round(time.perf_counter() - self.began_s, 2),
            "processor_seconds": round(time.process_time() - self.began_processor_s, 2),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        }
