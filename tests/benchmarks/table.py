"""Measured rows as Markdown tables, and the project's targets beside what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.landscapes import Case
from tests.benchmarks.measure import Row
from tests.benchmarks.peers import OURS

DIRECT = OURS[2]
MULTIGRID = OURS[0]


def markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table, numbers to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in body])


def number(value: Any, form: str = ".3g") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, form)


def seconds(value: float | None) -> str:
    """Three figures."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def permeability(case: Row) -> str:
    """As a table shows it."""
    value = case["permeability"]
    return "none" if value is None else f"{value:g}"


def line(row: Row) -> str:
    """One row as it comes, for the terminal."""
    shown = {key: value for key, value in row.items() if key not in ("case", "tolerance", "repeats")}
    place = Case(**row["case"]).name + " fence " + permeability(row["case"]) + ": " if "case" in row else ""
    return place + " ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in shown.items())


def done(row: Row) -> bool:
    """Whether there is a measurement."""
    return row["status"] == "done"


def _case_key(row: Row) -> tuple[Any, ...]:
    return tuple(row["case"].values())


def pairs(rows: list[Row]) -> str:
    """Every tool on every case; errors against our own direct method, which no subtraction spoils."""
    exact = {_case_key(r): r["resistance"] for r in rows if done(r) and r["tool"] == DIRECT}
    ours = {_case_key(r): r["cpu_s"] for r in rows if done(r) and r["tool"] == MULTIGRID}
    body = []
    for r in rows:
        start = [Case(**r["case"]).name, permeability(r["case"]), r["tool"]]
        if not done(r):
            body.append([*start, r["status"].replace("|", "/"), *[""] * 6])
            continue
        truth, base = exact.get(_case_key(r)), ours.get(_case_key(r))
        error = None if truth is None or r["tool"] == DIRECT else abs(r["resistance"] / truth - 1)
        body.append(
            [
                *start,
                seconds(r["cpu_s"]),
                seconds(r["wall_s"]),
                "–" if base is None else f"{r['cpu_s'] / base:.1f}",
                number(r["iterations"], "d"),
                f"{r['bytes_per_cell']:.0f}",
                number(error, ".0e"),
                number(r["residual"], ".0e"),
            ]
        )
    head = [
        "landscape",
        "fence",
        "tool",
        "CPU s",
        "wall s",
        "CPU, ours = 1",
        "iterations",
        "B/cell",
        "error of R",
        "residual",
    ]
    return markdown(head, body)


def iterations(rows: list[Row]) -> str:
    """Iterations, one row per landscape and one column per permeability; then seconds and bytes of the largest."""
    columns = sorted({permeability(r["case"]) for r in rows}, key=lambda p: -float(p) if p != "none" else -2.0)
    names = list(dict.fromkeys(Case(**r["case"]).name for r in rows))
    body = []
    for name in names:
        here = {permeability(r["case"]): r for r in rows if Case(**r["case"]).name == name}
        good = [r for r in here.values() if done(r)]
        cells = ["–" if p not in here else str(here[p]["iterations"]) if done(here[p]) else "failed" for p in columns]
        last = ["–"] * 4
        if good:
            size = good[0]["case"]["height"] * good[0]["case"]["width"] / 1e6
            per = [1e3 * r["solve_s"] / r["iterations"] / size for r in good]
            last = [
                seconds(_middle([r["setup_s"] for r in good])),
                seconds(_middle([r["solve_s"] for r in good])),
                f"{_middle(per):.0f}",
                f"{_middle([r['bytes_per_cell'] for r in good]):.0f}",
            ]
        body.append([name, *cells, *last])
    head = [
        "landscape",
        *(f"fence {p}" for p in columns),
        "set-up s",
        "solve s",
        "ms per Mcell and iteration",
        "B/cell",
    ]
    return markdown(head, body)


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def tile(rows: list[Row]) -> str:
    """The largest landscape."""
    body = [
        [
            Case(**r["case"]).name,
            permeability(r["case"]),
            seconds(r["setup_s"]),
            seconds(r["solve_s"]),
            seconds(r["cpu_s"]),
            str(r["iterations"]),
            f"{r['residual']:.1e}",
            f"{r['bytes_per_cell']:.0f}",
            f"{r['peak_gib']:.1f}",
        ]
        for r in rows
        if done(r)
    ]
    head = ["landscape", "fence", "set-up s", "solve s", "CPU s", "iterations", "residual", "B/cell", "process GiB"]
    return markdown(head, body)


def batches(rows: list[Row]) -> str:
    """What each further right-hand side adds."""
    body = []
    for r in filter(done, rows):
        first = r["setup_cpu_s"] + r["cpu_s"][0]
        for count, cpu, wall, steps in zip(r["counts"], r["cpu_s"], r["wall_s"], r["iterations"], strict=True):
            each = (cpu - r["cpu_s"][0]) / (count - 1) if count > 1 else None
            body.append(
                [
                    Case(**r["case"]).name,
                    str(count),
                    seconds(cpu),
                    seconds(wall),
                    str(steps),
                    seconds(each),
                    "–" if each is None else f"{each / first:.0%}",
                    "–" if each is None else f"{each / r['cpu_s'][0]:.0%}",
                ]
            )
    head = [
        "landscape",
        "right-hand sides",
        "solve CPU s",
        "wall s",
        "iterations",
        "each further CPU s",
        "of the first with set-up",
        "of the first's solve",
    ]
    return markdown(head, body)


def windows(rows: list[Row]) -> str:
    """Moving windows, ours and the peer's, and the ratio of CPU seconds."""
    body = []
    for r in rows:
        side, radius, block = r["size"]
        start = [f"{side} x {side}", str(radius), str(block)]
        if not done(r):
            body.append([*start, r["status"].replace("|", "/"), *[""] * 6])
            continue
        peer = r["peer_cpu_s"]
        body.append(
            [
                *start,
                str(r["windows"]),
                seconds(r["cpu_s"]),
                seconds(peer),
                number(None if peer is None else r["cpu_s"] / peer, ".2f"),
                number(1000 * r["cpu_s"] / max(r["windows"], 1)),
                number(r["difference"], ".0e"),
                number(r["process_bytes"] / 2**20, ".0f"),
            ]
        )
    head = ["cells", "radius", "block", "windows", "otkel CPU s", "landschaft CPU s", "ratio", "ms per window"]
    return markdown([*head, "maps differ by", "process MiB"], body)


def reductions(rows: list[Row]) -> str:
    """Reduction to few or many nodes."""
    body = []
    for r in rows:
        name = Case(**r["case"]).name if "case" in r else f"bundled study, {r['scenario']}, {r['species']}"
        if not done(r):
            body.append([name, r["status"], *[""] * 8])
            continue
        body.append(
            [
                name,
                str(r["nodes"]),
                str(r["threads"]),
                seconds(r["cpu_s"]),
                seconds(r["wall_s"]),
                f"{r['bytes_per_cell']:.0f}",
                seconds(r["all_pairs_s"]),
                number(r["from_multigrid"], ".0e"),
                number(r["from_direct"], ".0e"),
            ]
        )
    head = [
        "landscape",
        "nodes kept",
        "threads",
        "CPU s",
        "wall s",
        "B/cell",
        "all pairs s",
        "from multigrid",
        "from a direct solve",
    ]
    return markdown(head, body)


def distances(rows: list[Row]) -> str:
    """Cost-weighted distance."""
    body = [
        [
            Case(**r["case"]).name,
            seconds(r["cpu_s"]),
            seconds(r["wall_s"]),
            f"{r['bytes_per_cell']:.0f}",
            f"{r['reached'] / r['cpu_s'] / 1e6:.1f}",
        ]
        for r in rows
        if done(r)
    ]
    return markdown(["landscape", "CPU s", "wall s", "B/cell", "Mcells reached per CPU s"], body)


def bandwidth(rows: list[Row]) -> str:
    """Triad."""
    body = [[str(r["threads"]), f"{r['gb_per_s']:.1f}", f"{r['median_gb_per_s']:.1f}"] for r in filter(done, rows)]
    return markdown(["threads", "best GB/s", "median GB/s"], body)


def roofline(rows: list[Row]) -> str:
    """One iteration against the triad."""
    body = [
        [
            Case(**r["case"]).name,
            str(r["threads"]),
            f"{1e9 * r['iteration_s'] / (r['case']['height'] * r['case']['width']):.1f}",
            f"{r['bytes_moved']:.0f}",
            f"{r['gb_per_s']:.1f}",
            f"{r['triad_gb_per_s']:.1f}",
            f"{r['gb_per_s'] / r['triad_gb_per_s']:.0%}",
        ]
        for r in rows
        if done(r)
    ]
    head = [
        "landscape",
        "threads",
        "ms per Mcell and iteration",
        "B per cell moved",
        "GB/s",
        "triad GB/s",
        "of the triad",
    ]
    return markdown(head, body)


SECTIONS: dict[str, Callable[[list[Row]], str]] = {
    "pairs": pairs,
    "threads": pairs,
    "hard": pairs,
    "iterations": iterations,
    "largest": iterations,
    "tile": tile,
    "batches": batches,
    "windows": windows,
    "reductions": reductions,
    "distances": distances,
    "bandwidth": bandwidth,
    "roofline": roofline,
}


def between(page: str, name: str, text: str) -> str:
    """A page with the text between ``<!-- name -->`` and ``<!-- end name -->`` replaced; as it is without markers."""
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    if start not in page or end not in page:
        return page
    head, rest = page.split(start, 1)
    return f"{head}{start}\n{text}\n{end}{rest.split(end, 1)[1]}"


def machine() -> str:
    """Cores, processor, memory, Python: what anybody may know."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        known = dict(map(str.strip, line.split(":", 1)) for line in info.read_text().splitlines() if ":" in line)
        family, cache = known.get("cpu family", "?"), known.get("cache size", "?")
        model = f"{known.get('model name', model)} (family {family}, {cache} cache)"
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of an {model}, {gib:.0f} GiB of memory, Python {platform.python_version()}."


def targets(found: list[tuple[str, str, str, str]]) -> str:
    """The targets; see `tests.benchmarks.targets`."""
    return markdown(["target", "wanted", "measured", "verdict"], found)
