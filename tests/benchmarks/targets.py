"""The project's own targets, each with what was measured and by how much it is met or missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from tests.benchmarks.landscapes import Case
from tests.benchmarks.measure import Row
from tests.benchmarks.peers import DIRECT_TOOLS, ITERATIVE_TOOLS, OURS

Rows = dict[str, list[Row]]
Target = tuple[str, str, str, str]

PROTOTYPE_WALL_S = {(1000, 50): 2.0, (1000, 1000): 2.2, (1000, 4000): 7.3, (2000, 50): 8.9, (5000, 50): 82.0}
"""Seconds on 2 threads that a first prototype of the reduction took, by side and nodes kept."""
STUDY_WALL_S = 10.0
FASTER = (("pyamg SA + CG", 20.0), ("landschaft, graph", 8.0), ("amgcl", 5.0))


def targets(rows: Rows) -> list[Target]:
    """(target, wanted, measured, verdict) for everything measured so far."""
    good = {name: [r for r in some if r["status"] == "done"] for name, some in rows.items()}
    found: list[Target] = []
    for part in (_speed, _iterations, _memory, _tile, _batches, _hard, _accuracy, _reductions):
        found += part(good, rows)
    return found


def _at_most(name: str, limit: float, value: float, form: Callable[[float], str]) -> Target:
    verdict = "met" if value <= limit else f"missed by a factor {value / limit:.2g}"
    return name, f"<= {form(limit)}", form(value), verdict


def _at_least(name: str, limit: float, value: float) -> Target:
    verdict = "met" if value >= limit else f"missed by a factor {limit / value:.2g}"
    return name, f">= {limit:g} x", f"{value:.1f} x", verdict


def _of(rows: Sequence[Row], tool: str) -> list[Row]:
    return [r for r in rows if r["tool"].startswith(tool)]


def _cells(row: Row) -> int:
    return int(row["case"]["height"] * row["case"]["width"])


def _speed(good: Rows, _: Rows) -> Iterator[Target]:
    """CPU seconds of peers over ours, smallest and largest over the fences measured on the largest landscape."""
    for threads in (1, 2):
        rows = [r for r in good.get("pairs", []) + good.get("threads", []) if r["threads"] == threads]
        if not rows:
            continue
        size = max(map(_cells, rows))
        big = [r for r in rows if _cells(r) == size]
        clock = "cpu_s" if threads == 1 else "wall_s"
        ours = {tuple(r["case"].values()): r[clock] for r in big if r["tool"] == OURS[0]}
        for tool, wanted in FASTER:
            ratios = [
                min(r[clock] for r in _of(big, tool) if tuple(r["case"].values()) == case) / base
                for case, base in ours.items()
                if any(tuple(r["case"].values()) == case for r in _of(big, tool))
            ]
            if ratios:
                what = "CPU, 1 thread" if threads == 1 else "wall, 2 threads"
                name = f"one pair, {size / 1e6:.0f} Mcells, relief + fence, 1e-6: faster than {tool} ({what})"
                yield _at_least(name, wanted, min(ratios))


def _iterations(good: Rows, _: Rows) -> Iterator[Target]:
    rows = good.get("iterations", []) + good.get("largest", [])
    if rows:
        few, many = (f(r["iterations"] for r in rows) for f in (min, max))
        worst = next(r for r in rows if r["iterations"] == many)
        sizes = sorted({_cells(r) / 1e6 for r in rows})
        name = f"iterations, {sizes[0]:.3g} to {sizes[-1]:.3g} Mcells, every fence ({few} to {many}, most on {Case(**worst['case']).name})"
        yield _at_most(name, 12, many, lambda v: f"{v:.0f}")


def _memory(good: Rows, _: Rows) -> Iterator[Target]:
    rows = [
        r for some in ("pairs", "iterations", "largest", "tile") for r in good.get(some, []) if r["tool"] == OURS[0]
    ]
    rows = [r for r in rows if _cells(r) >= 1_000_000]
    if rows:
        most = max(r["bytes_per_cell"] for r in rows)
        yield _at_most(
            "memory of multigrid beyond the raster, B per cell (process, 1 Mcell and more)",
            120,
            most,
            lambda v: f"{v:.0f}",
        )


def _tile(good: Rows, _: Rows) -> Iterator[Target]:
    for r in good.get("tile", []):
        how = f"residual {r['residual']:.0e}, {r['peak_gib']:.1f} GiB"
        name = f"{_cells(r) / 1e6:.1f} Mcells of relief with a fence, one pair, 2 cores ({how})"
        yield name, "minutes", f"{r['wall_s']:.0f} s", "met" if r["wall_s"] < 600 else "missed"


def _batches(good: Rows, _: Rows) -> Iterator[Target]:
    for r in good.get("batches", []):
        first = r["setup_cpu_s"] + r["cpu_s"][0]
        each = (r["cpu_s"][-1] - r["cpu_s"][0]) / (r["counts"][-1] - 1)
        name = f"each further right-hand side in a batch of {r['counts'][-1]}, {_cells(r) / 1e6:.0f} Mcells, share of the first with set-up"
        yield _at_most(name, 0.4, each / first, lambda v: f"{v:.0%}")


def _hard(good: Rows, rows: Rows) -> Iterator[Target]:
    peers = (*ITERATIVE_TOOLS, *DIRECT_TOOLS)
    hard = good.get("hard", [])
    unsolved = [r for r in rows.get("hard", []) if r["tool"] == OURS[0] and r["status"] != "done"]
    for r in unsolved:
        yield f"hard case solved: {Case(**r['case']).name}", "solved", r["status"], "missed"
    for case in {tuple(r["case"].values()): r["case"] for r in hard}.values():
        cpu = {r["tool"]: r["cpu_s"] for r in hard if r["case"] == case}
        best = min((tool for tool in cpu if tool in peers), key=lambda tool: cpu[tool], default=None)
        for name, tools in (("multigrid", OURS[:1]), ("our faster engine", OURS)):
            if best is not None and any(tool in cpu for tool in tools):
                mine = min(cpu[tool] for tool in tools if tool in cpu)
                what = f"hard case {Case(**case).name}: CPU of {name}, best peer = 1 ({best})"
                yield _at_most(what, 2.0, mine / cpu[best], lambda v: f"{v:.2g}")


def _accuracy(good: Rows, _: Rows) -> Iterator[Target]:
    rows = [r for some in ("pairs", "hard") for r in good.get(some, [])]
    exact = {tuple(r["case"].values()): r["resistance"] for r in rows if r["tool"] == OURS[2]}
    for tool in OURS[:2]:
        errors = [
            abs(r["resistance"] / exact[tuple(r["case"].values())] - 1)
            for r in rows
            if r["tool"] == tool and tuple(r["case"].values()) in exact
        ]
        if errors:
            worst = max(errors)
            name = f"effective resistance against a direct solve, {tool}, largest of {len(errors)} cases"
            yield _at_most(name, 1e-6, worst if math.isfinite(worst) else 1.0, lambda v: f"{v:.0e}")


def _reductions(good: Rows, _: Rows) -> Iterator[Target]:
    for r in good.get("reductions", []):
        if "case" in r:
            limit = PROTOTYPE_WALL_S.get((r["case"]["height"], r["kept"]))
            name = f"reduction, {Case(**r['case']).name}, {r['nodes']} nodes, wall on 2 threads"
        else:
            limit, name = STUDY_WALL_S, f"reduction, bundled study, {r['nodes']} nodes, wall on 2 threads"
        if limit is not None:
            yield _at_most(name, limit, r["wall_s"], lambda v: f"{v:.1f} s")
