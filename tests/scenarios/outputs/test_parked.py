"""Runs that are written wait for the pages on disk, unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenarios.outputs.audience import Audience
from scenarios.outputs.parked import parked
from scenarios.outputs.species import write_run
from tests.support.factory import make_run

RASTERS = ("cwd", "corridor", "current_density")


def test_what_is_parked_is_what_it_was_and_not_in_memory() -> None:
    run = make_run(sealed=True)
    away = parked(run)
    for name in RASTERS:
        assert isinstance(getattr(away, name), np.memmap)
        assert getattr(away, name).tobytes() == getattr(run, name).tobytes()
    assert away.surface.values.tobytes() == run.surface.values.tobytes()
    assert away.surface.values.base is not None
    assert all(away.layers[name].values.tobytes() == layer.values.tobytes() for name, layer in run.layers.items())
    assert away.ranking is run.ranking


def test_a_scenario_leaves_memory_before_the_next_is_made(tmp_path: Path) -> None:
    made = []

    def scenarios():  # type: ignore[no-untyped-def]
        import weakref

        for _ in range(2):
            assert all(earlier() is None for earlier in made)
            run = make_run(candidates=0)
            made.append(weakref.ref(run.cwd))
            runs = [run]
            del run
            yield runs, None
            del runs

    found = write_run(tmp_path, scenarios(), Audience.RESTRICTED, borders=None, credits=(), bases={})
    assert len(made) == 2 and all(isinstance(run.cwd, np.memmap) for run in found.runs)
