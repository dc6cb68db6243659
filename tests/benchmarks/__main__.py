"""Run the benchmarks, section by section: ``python -m tests.benchmarks`` (standard set), ``--full``, ``--sections tile``.

Rows go to results/benchmarks/SECTION.json as they come, in place of older ones of the same tool on the same landscape, and
tables to the terminal; ``--ours`` measures this project's tools only and leaves the peers' rows. ``--write
docs/develop/benchmarks.md`` puts the tables of everything measured so far between that page's markers; with ``--sections none``
without measuring.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connectivity.circuit.multigrid.solver import estimate_bytes
from connectivity.machine import available_bytes
from tests.benchmarks import bench_circuit, bench_moving_window, bench_reduce, bench_roofline, table
from tests.benchmarks.landscapes import TILE_SHAPE, Case
from tests.benchmarks.measure import ROOT, Row
from tests.benchmarks.peers import DIRECT_TOOLS, ITERATIVE_TOOLS, OURS, TOOLS
from tests.benchmarks.targets import targets

STORE = ROOT / "results" / "benchmarks"
TILE = Case(kind="relief", height=TILE_SHAPE[0], width=TILE_SHAPE[1], permeability=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes of one run."""

    full: bool
    ours: bool
    repeats: int
    sides: list[int]

    def tools(self, names: Iterable[str]) -> list[str]:
        """Those of the tools that this run measures."""
        return [name for name in names if name in OURS or not self.ours]


def pairs(plan: Plan) -> Iterator[Row]:
    """One pair on real relief, every tool; beyond 1 Mcell peers see fewer fences unless ``--full``."""
    for n in plan.sides:
        for case in bench_circuit.fenced("relief", [(n, n)]):
            tools, small = [*OURS], n <= 1000
            if small or plan.full or case.permeability == 1e-2:
                tools += ITERATIVE_TOOLS
            if small or case.permeability == 1e-2:
                tools += DIRECT_TOOLS
            yield from bench_circuit.pairs([case], plan.tools(tools), repeats=plan.repeats)


def threads(plan: Plan) -> Iterator[Row]:
    """The same with both threads, for the fastest tools."""
    for n in plan.sides:
        case = Case(kind="relief", height=n, width=n, permeability=1e-2)
        tools = [*OURS, "amgcl SA + CG", "PARDISO", "landschaft, graph"]
        yield from bench_circuit.pairs([case], plan.tools(tools), repeats=plan.repeats, threads=2)


def iterations(plan: Plan) -> Iterator[Row]:
    """Multigrid alone over sizes and permeabilities."""
    sides = [500, 1000, 2000, 4000] if plan.full else [500, 1000, 2000]
    for kind in ("terrain", "relief"):
        cases = bench_circuit.fenced(kind, [(n, n) for n in sides])
        yield from bench_circuit.pairs(cases, [OURS[0]], repeats=1, threads=2)


def largest(plan: Plan) -> Iterator[Row]:
    """Multigrid alone on about 64 million cells."""
    if plan.full:
        shapes = {"terrain": (8000, 8000), "relief": TILE_SHAPE}
        for kind, shape in shapes.items():
            yield from _if_it_fits(bench_circuit.fenced(kind, [shape]))


def hard(plan: Plan) -> Iterator[Row]:
    """Hard cases, every tool."""
    yield from bench_circuit.pairs(bench_circuit.hard([400, 700]), plan.tools(TOOLS), repeats=plan.repeats)


def batches(plan: Plan) -> Iterator[Row]:
    """Several right-hand sides at once."""
    cases = [Case(kind="relief", height=n, width=n, permeability=1e-2) for n in plan.sides]
    yield from bench_circuit.batches(cases, [1, 2, 4, 8], repeats=plan.repeats)


def windows(plan: Plan) -> Iterator[Row]:
    """Moving windows, and landschaft's where it is installed."""
    yield from bench_moving_window.moving_windows(bench_moving_window.SIZES, repeats=plan.repeats, peers=not plan.ours)


def tile(plan: Plan) -> Iterator[Row]:
    """The whole tile with a fence across it."""
    if plan.full:
        yield from _if_it_fits([TILE])


def _if_it_fits(cases: list[Case]) -> Iterator[Row]:
    for case in cases:
        needed = 100 * case.height * case.width + estimate_bytes((case.height, case.width))
        free = available_bytes()
        if free is None or free > needed:
            yield from bench_circuit.pairs([case], [OURS[0]], repeats=1, threads=2, timeout_s=3000.0)
        else:
            print(f"left out: {case.name} needs {needed / 2**30:.0f} GiB, {free / 2**30:.0f} are free")


def reductions(plan: Plan) -> Iterator[Row]:
    """Exact reduction."""

    def relief(n: int) -> Case:
        return Case(kind="relief", height=n, width=n, permeability=1e-2)

    scattered = [(relief(1000), 50), (relief(1000), 1000), (relief(1000), 4000), (relief(2000), 50)]
    if plan.full:
        scattered.append((relief(5000), 50))
    studies = [("second-line", "leopard", 2000)]
    yield from bench_reduce.reductions(scattered, studies, repeats=plan.repeats)


def roofline(plan: Plan) -> Iterator[Row]:
    """One iteration beside what the memory gives."""
    sides = [2000, 4000] if plan.full else [2000]
    cases = [Case(kind=kind, height=n, width=n, permeability=1e-2) for n in sides for kind in ("terrain", "relief")]
    yield from bench_roofline.rooflines(cases, [1, 2])


def distances(plan: Plan) -> Iterator[Row]:
    """Cost-weighted distance on large relief."""
    shape = TILE_SHAPE if plan.full else (2000, 2000)
    yield from bench_reduce.distances([Case(kind="relief", height=shape[0], width=shape[1])])


def bandwidth(plan: Plan) -> Iterator[Row]:
    """What the memory gives."""
    yield from bench_roofline.bandwidth([1, 2])


SECTIONS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    section.__name__: section
    for section in (
        bandwidth,
        roofline,
        pairs,
        threads,
        iterations,
        largest,
        hard,
        batches,
        windows,
        reductions,
        distances,
        tile,
    )
}


def run(name: str, plan: Plan) -> None:
    """Measure one section and keep its rows."""
    kept: dict[str, Row] = {}
    for row in SECTIONS[name](plan):
        print(table.line(row), flush=True)
        kept = {_key(other): other for other in stored(name)}
        kept[_key(row)] = {**row, "date": datetime.date.today().isoformat()}
        STORE.mkdir(parents=True, exist_ok=True)
        (STORE / f"{name}.json").write_text(json.dumps([*kept.values()], indent=1))
    if kept:
        print("\n" + table.SECTIONS[name]([*kept.values()]) + "\n", flush=True)


def stored(name: str) -> list[Row]:
    """Rows of a section measured so far."""
    file = STORE / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else []


def _key(row: Row) -> str:
    """What was measured: landscape, tool, threads and the like."""
    asked = ("case", "tool", "threads", "kept", "scenario", "species", "gap_ends", "counts", "size")
    return json.dumps([row.get(name) for name in asked])


def write(page: Path) -> None:
    """Put all tables measured so far between the page's markers."""
    rows = {name: some for name in SECTIONS if (some := stored(name))}
    text = page.read_text()
    for name, some in rows.items():
        days = sorted({row["date"] for row in some})
        text = table.between(
            text, name, f"{table.SECTIONS[name](some)}\n\nMeasured {' to '.join({days[0]: 0, days[-1]: 0})}."
        )
    text = table.between(text, "machine", table.machine())
    page.write_text(table.between(text, "targets", table.targets(targets(rows))))


def main() -> None:
    """Read the choices."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--sections", nargs="*", default=[*SECTIONS], choices=[*SECTIONS, "none"])
    parser.add_argument("--full", action="store_true", help="all peers at all sizes, and 16 to 64 million cells; hours")
    parser.add_argument("--ours", action="store_true", help="this project's tools only")
    parser.add_argument("--sides", nargs="*", type=int, default=[1000, 2000], help="cells along one side, for pairs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    options = parser.parse_args()
    plan = Plan(full=options.full, ours=options.ours, repeats=options.repeats, sides=options.sides)
    for name in options.sections:
        if name != "none":
            run(name, plan)
    if options.write:
        write(options.write)


if __name__ == "__main__":
    sys.exit(main())
