"""One small run, written once, for all tests that read results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from tests.support.tiny_study import line_km, write_tiny_study, write_vectors


def _with_more(settings: dict[str, Any]) -> None:
    """A mortality, borders, and a scenario with openings that cost something."""
    settings["mortality"] = {"reach_km": 25, "origin": "made up"}
    settings["context"] = {"borders": "borders.gpkg"}
    opened = [{"id": "agreed", "fence_line": "border", "design": "wires_out", "every_m": 8000}]
    settings["scenarios"]["opened"] = {"title": "Wires out", "set": {"openings": opened}}


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study with a mortality, borders and a scenario `opened`."""
    folder = write_tiny_study(tmp_path_factory.mktemp("small"), _with_more)
    write_vectors(folder / "borders.gpkg", "borders", ["a-b"], [line_km([(0, 21), (40, 22)])])
    return folder


@pytest.fixture(scope="session")
def small_run(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Summary[Contents]:
    """Its scenarios `closed`, `free` and `opened`, run and written; do not change the folder, copy it."""
    out = tmp_path_factory.mktemp("small_run") / "results"
    return run_study(str(small_study), ["closed", "free", "opened"], None, out, {}, Reporter(quiet=True))
