"""Each benchmark's body runs once on a tiny landscape, so that none rots; no peer needs to be installed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import (
    bench_circuit,
    bench_moving_window,
    bench_reduce,
    bench_roofline,
    bench_tracks,
    landscapes,
    table,
)
from tests.benchmarks.__main__ import SECTIONS
from tests.benchmarks.landscapes import Case
from tests.benchmarks.measure import in_child
from tests.benchmarks.peers import OURS, TOOLS
from tests.benchmarks.targets import targets

TINY = Case(kind="terrain", height=48, width=56, permeability=1e-3)


def pair(tool: str, case: Case = TINY) -> dict[str, object]:
    arguments = {"tool": tool, "case": dataclasses.asdict(case), "tolerance": 1e-6, "repeats": 1, "threads": 1}
    return {**arguments, "status": "done", **bench_circuit.one_pair(**arguments)}


def test_every_tool_that_is_here_finds_the_same_resistance() -> None:
    installed = [name for name, tool in TOOLS.items() if tool.installed]
    assert {*OURS, "pyamg SA + CG"} <= {*installed}
    rows = [pair(tool) for tool in (*OURS, "pyamg SA + CG")]
    found = [row["resistance"] for row in rows]
    np.testing.assert_allclose(found, found[2], rtol=1e-6)
    assert json.loads(json.dumps(rows)) == rows
    text = table.pairs(rows)
    assert all(tool in text for tool in OURS)
    assert any("effective resistance" in name and verdict == "met" for name, *_, verdict in targets({"pairs": rows}))


@pytest.mark.parametrize("case", bench_circuit.hard([40]), ids=lambda case: case.name)
def test_hard_cases_are_solved_and_right(case: Case) -> None:
    np.testing.assert_allclose(pair(OURS[0], case)["resistance"], pair(OURS[2], case)["resistance"], rtol=1e-6)


def test_a_fence_cuts_all_edges_but_two() -> None:
    open_, shut = (landscapes.build(dataclasses.replace(TINY, permeability=p)) for p in (1.0, 0.0))
    north = landscapes.north_of_fence(TINY.height, TINY.width)
    row, col = np.nonzero((open_.system.conductance[1] > 0) & (shut.system.conductance[1] > 0))
    crossing = north[row, col] != north[row + 1, col]
    assert crossing.sum() == 2
    lost = (open_.system.conductance > 0) & (shut.system.conductance == 0)
    assert 56 < lost.sum() < 300
    assert pair(OURS[2], dataclasses.replace(TINY, permeability=0.0))["resistance"] > 0


def test_batches_reductions_distances_and_bandwidth_run() -> None:
    case = dataclasses.asdict(TINY)
    several = bench_circuit.batch(case=case, counts=[1, 2], repeats=1, threads=1)
    assert len(several["cpu_s"]) == 2
    few = bench_reduce.reduce_to(case=case, kept=9, repeats=1, threads=1)
    assert few["nodes"] == 9
    assert few["from_multigrid"] < 1e-6
    assert bench_reduce.distance(case=case, repeats=1, threads=1)["reached"] > 1000
    assert bench_roofline.triad(size=1000, repeats=1, threads=1)["gb_per_s"] > 0
    assert table.batches([{"status": "done", "case": case, "counts": [1, 2], **several}])
    assert table.reductions([{"status": "done", "case": case, "threads": 1, **few}])


def test_moving_windows_run() -> None:
    row = bench_moving_window.windows_of(size=(40, 12, 5), repeats=1, peers=False, threads=1)
    assert row["windows"] == 64
    assert row["cpu_s"] > 0
    assert "40 x 40 | 12 | 5 | 64" in table.windows([{"status": "done", "size": [40, 12, 5], **row}])


def test_an_iteration_moves_at_least_what_its_finest_level_holds() -> None:
    case = dataclasses.asdict(dataclasses.replace(TINY, height=300, width=280))
    row = bench_roofline.roofline(case=case, repeats=1, size=1000, threads=1)
    assert 229 < row["bytes_moved"] < 500
    assert table.roofline([{"status": "done", "case": case, "threads": 1, **row}])


def test_gap_ends_lie_on_both_sides_of_the_study_s_fences() -> None:
    system, keep = bench_reduce.study_system("second-line", "leopard", 200, cell_m=4000.0)
    assert 200 <= keep.sum() < 400
    assert system.active[keep].all()


def test_tracks_are_taken(tmp_path: Path) -> None:
    bench_tracks.write_collars(tmp_path / "collars.csv", 900, 3)
    row = bench_tracks.taken(str(tmp_path / "collars.csv"))
    assert row["fixes"] == 900 and row["encounters"] == sum(row["classes"].values()) > 5
    assert row["fence_km"] > 2000 and json.loads(json.dumps(row)) == row


def test_a_child_reports_and_a_failure_is_a_row() -> None:
    row = in_child(bench_roofline.triad, 1, size=1000, repeats=1)
    assert row["status"] == "done"
    failed = in_child(bench_roofline.triad, 1, size=-1, repeats=1)
    assert failed["status"].startswith("failed: ValueError")


def test_tables_go_between_their_markers() -> None:
    page = "a\n<!-- pairs -->\nold\n<!-- end pairs -->\nb"
    assert table.between(page, "pairs", "new") == "a\n<!-- pairs -->\nnew\n<!-- end pairs -->\nb"
    assert table.between(page, "hard", "new") == page
    assert {*table.SECTIONS} == {*SECTIONS}
