"""What does not fit in memory is refused before anything is built, with exit code 7 and the cells that would fit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import MemoryBudgetError
from scenarios.land import inputs, layers
from scenarios.land.memory import Size, Stage, needed_bytes, require_memory
from tests.support.tiny_study import write_tiny_study

SIZE = Size(study="s.yaml", shape=(1000, 1200), cell_m=500.0, layers=9, species=4, fence_m=6e6, every_m=1000.0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.mark.parametrize(
    "more",
    [{"shape": (1000, 1300)}, {"layers": 10}, {"species": 5}, {"scenarios": 2}, {"fence_m": 7e6}, {"every_m": 600}],
)
def test_memory_grows_with_everything_it_depends_on(more: dict[str, int]) -> None:
    assert needed_bytes(replace(SIZE, **more), Stage.SOLVED) > needed_bytes(SIZE, Stage.SOLVED)


def test_checking_takes_less_than_solving_and_larger_cells_less_than_small_ones() -> None:
    assert needed_bytes(SIZE, Stage.CHECKED) < needed_bytes(SIZE, Stage.SOLVED)
    assert SIZE.coarser(3).shape == (334, 400) and SIZE.coarser(3).cell_m == 1500
    assert SIZE.coarser(3).nodes == SIZE.nodes * 1000 / 1500
    assert needed_bytes(SIZE.coarser(2), Stage.SOLVED) < needed_bytes(SIZE, Stage.SOLVED)


def test_the_cells_that_are_proposed_fit_and_the_next_smaller_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.9")
    with pytest.raises(MemoryBudgetError) as error:
        require_memory(SIZE, Stage.SOLVED)
    found = re.search(r"grid.cell_m=([0-9.]+) fits", str(error.value))
    assert found is not None
    factor = round(float(found[1]) / SIZE.cell_m)
    require_memory(SIZE.coarser(factor), Stage.SOLVED)
    with pytest.raises(MemoryBudgetError):
        require_memory(SIZE.coarser(factor - 1), Stage.SOLVED)
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.001")
    with pytest.raises(MemoryBudgetError, match="take a larger machine"):
        require_memory(SIZE, Stage.SOLVED)


MORE = {"explain": ["57", "42"], "indicators": ["--year", "2025=closed"], "window": ["--radius-km", "5"]}


@pytest.mark.parametrize("command", ["run", "corridors", "passages", "uncertainty", "check", *MORE])
def test_every_command_stops_at_once(
    command: str, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((inputs, "read_layers"), (inputs, "cut_edges"), (layers, "read_layer"), (layers, "burn")):
        monkeypatch.setattr(module, name, None)
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.05")
    out = [] if command in ("check", "explain") else ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [command, str(study), *MORE.get(command, ()), *out])
    assert done.exit_code == 7, done.output
    words = " ".join(done.stderr.split())
    assert "study.yaml: 40 x 40 cells of 1000 m" in words and "and 0.05 GiB are free" in words
    assert not (tmp_path / "out").exists()
