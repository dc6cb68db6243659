"""Moving windows beside landschaft's Omniscape: the same job, in turns in one process, maps compared.

Resistances are independent, spread over a factor of 150 (e to the 5th): nothing for either to profit from.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from connectivity.moving_window.landscape import WindowLandscape, WindowSettings
from connectivity.moving_window.tiles import moving_window
from connectivity.moving_window.window import artifact_factor
from rasters.arrays import Reals
from tests.benchmarks.measure import Row, in_child, peak_bytes

PEER = "landschaft"
Size = tuple[int, int, int]
SIZES: Sequence[Size] = ((320, 50, 11), (320, 100, 21), (320, 100, 11), (640, 200, 41))
"""Cells along one side, radius, block [cells]."""


def windows_of(*, size: Size, repeats: int, peers: bool, threads: int) -> Row:
    """Median CPU seconds of ours and, where it is installed and asked for, the peer's."""
    side, radius, block = size
    resistance = np.exp(np.random.default_rng(1).uniform(0, 5, (side, side)))
    moving_window(_landscape(resistance[:60, :60]), WindowSettings(radius=12, block=3))
    settings = WindowSettings(radius=radius, block=block, cut_block_as_omniscape=True)
    with_peer = peers and importlib.util.find_spec(PEER) is not None
    ours, theirs, windows, largest, memory = [], [], 0, 0.0, 0
    for _ in range(repeats):
        artifact_factor.cache_clear()
        took, found = _timed(lambda: moving_window(_landscape(resistance), settings, threads=threads))
        ours.append(took)
        windows, memory = found.solved, memory or peak_bytes()
        if with_peer:
            took, other = _timed(lambda: _peer(resistance, radius, block, threads))
            theirs.append(took)
            largest = float(np.linalg.norm(found.current - other) / np.linalg.norm(other))
    return {
        "cpu_s": statistics.median(ours),
        "peer_cpu_s": statistics.median(theirs) if theirs else None,
        "windows": windows,
        "difference": largest if theirs else None,
        "process_bytes": memory,
    }


def _landscape(resistance: Reals) -> WindowLandscape:
    return WindowLandscape.of_cells(1 / resistance, 1 / resistance)


def _peer(resistance: Reals, radius: int, block: int, threads: int) -> Reals:
    import landschaft

    found = landschaft.omniscape(resistance, radius=radius, block_size=block, n_threads=threads)
    return np.asarray(found["cum_currmap"], np.float64)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    answer = run()
    return time.process_time() - start, answer


def moving_windows(sizes: Sequence[Size], *, repeats: int, peers: bool) -> Iterator[Row]:
    """Each size in a process of its own."""
    for size in sizes:
        yield in_child(windows_of, 1, size=list(size), repeats=repeats, peers=peers)
