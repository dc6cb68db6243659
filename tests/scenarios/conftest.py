"""One small run, written once, for all tests that read results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shapely import Point

from scenarios.outputs import species
from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from tests.support.tiny_study import at_km, line_km, write_tiny_study, write_vectors
from tests.support.tokens import token_maps


@pytest.fixture(scope="session", autouse=True)
def maps_are_tokens() -> Iterator[None]:
    """Runs within this process write tokens for maps; see `tests.support.tokens`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(species, "write_maps", token_maps)
        yield


def _with_more(settings: dict[str, Any]) -> None:
    """A mortality, what lies around, and a scenario with openings that cost something."""
    settings["mortality"] = {"reach_km": 25, "origin": "made up"}
    settings["context"] = {name: f"{name}.gpkg" for name in ("borders", "water", "roads", "settlements")}
    opened = [{"id": "agreed", "fence_line": "border", "design": "wires_out", "every_m": 8000}]
    settings["scenarios"]["opened"] = {"title": "Wires out", "set": {"openings": opened}}


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study with a mortality, borders, a river, a road, two settlements and a scenario `opened`."""
    folder = write_tiny_study(tmp_path_factory.mktemp("small"), _with_more)
    write_vectors(folder / "borders.gpkg", "borders", ["a-b"], [line_km([(0, 21), (40, 22)])])
    write_vectors(folder / "water.gpkg", "water", ["river"], [line_km([(25, 0), (27, 40)])])
    write_vectors(folder / "roads.gpkg", "roads", ["road"], [line_km([(-90, 17), (90, 23)])])
    towns = [Point(at_km(20.0, 22.5)), Point(at_km(300.0, 22.5))]
    names = {"name": ["Well", "Elsewhere"], "name_ru": ["Колодец", "Нигде"]}
    write_vectors(folder / "settlements.gpkg", "settlements", ["here", "far"], towns, **names)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="session")
def small_run(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Summary[Contents]:
    """Its scenarios `closed`, `free` and `opened`, run and written; do not change the folder, copy it."""
    out = tmp_path_factory.mktemp("small_run") / "results"
    return run_study(str(small_study), ["closed", "free", "opened"], None, out, {}, Reporter(quiet=True))
