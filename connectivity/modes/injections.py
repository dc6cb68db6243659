"""Many injections into the same circuit, or one circuit after the other: solved in batches, set up once per circuit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import ready_solver
from connectivity.circuit.solvers import Stop
from connectivity.landscape.laplacian import Laplacian
from connectivity.report import AT_ROUNDING, SolveReport
from rasters.arrays import Reals

__all__ = ["Injection", "from_anchors", "merge_reports", "solve_injections"]


BATCH_CELLS = 2**24
"""Cells times right-hand sides that are solved together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """Currents put into a circuit.

    Parameters
    ----------
    system : Laplacian
        Injections that follow each other with the same object share its set-up.
    rows, cols, amps : (n,) arrays
        Where, and how much [A].
    about : Any
        Handed back with the voltages.
    """

    system: Laplacian
    rows: NDArray[np.integer[Any]]
    cols: NDArray[np.integer[Any]]
    amps: Reals
    about: Any = None


def solve_injections(
    injections: Iterable[Injection], *, method: str = "auto", tolerance: float = 1e-9, stop: Stop = "residual"
) -> Iterator[tuple[Injection, Reals, SolveReport]]:
    """Voltages [V] (height, width) of each injection, in order."""
    ready: Laplacian | None = None
    for batch in _batches(injections):
        if batch[0].system is not ready:
            ready = batch[0].system
            solver = ready_solver(ready, method)
        volts, report = solver(np.stack([_on_cells(one) for one in batch]), tolerance=tolerance, stop=stop)
        for one, volt in zip(batch, volts, strict=True):
            yield one, volt, report


def _batches(injections: Iterable[Injection]) -> Iterator[list[Injection]]:
    """Injections in a row into the same system, as many as are solved together."""
    batch: list[Injection] = []
    for one in injections:
        full = len(batch) >= max(1, BATCH_CELLS // one.system.active.size)
        if batch and (full or one.system is not batch[0].system):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _on_cells(one: Injection) -> Reals:
    current = np.zeros(one.system.shape)
    np.add.at(current, (one.rows, one.cols), one.amps)
    return current


def from_anchors(
    system: Laplacian, component: NDArray[np.int32], cells: Sequence[tuple[int, int]]
) -> tuple[list[Injection], list[int]]:
    """1 A from the first cell of each component to every other one, by position (``about``), and each cell's anchor.

    Voltages of any pair follow by subtraction, so that n cells of a component need n - 1 solves.
    """
    label = [int(component[cell]) for cell in cells]
    anchor = [label.index(number) for number in label]
    amps = np.array([1.0, -1.0])
    out = []
    for i, j in enumerate(anchor):
        if i != j:
            rows, cols = np.array([cells[i], cells[j]]).T
            out.append(Injection(system=system, rows=rows, cols=cols, amps=amps, about=i))
    return out, anchor


def merge_reports(reports: Iterable[SolveReport]) -> SolveReport:
    """One report of many solves: sums of times and iterations, the worst residual."""
    every = list({id(report): report for report in reports}.values())
    if not every:
        return SolveReport(method="none", n_unknowns=0, n_components=0, note="nothing had to be solved")
    return SolveReport(
        method=" + ".join(sorted({r.method for r in every})),
        n_unknowns=max(r.n_unknowns for r in every),
        iterations=tuple(i for r in every for i in r.iterations),
        relative_residual=float(np.fmax.reduce([r.relative_residual for r in every])),
        energy_error=float(np.fmax.reduce([r.energy_error for r in every])),
        converged=all(r.converged for r in every),
        n_components=max(r.n_components for r in every),
        levels=max(r.levels for r in every),
        setup_s=sum(r.setup_s for r in every),
        solve_s=sum(r.solve_s for r in every),
        bytes_peak=max(r.bytes_peak for r in every),
        note="; ".join(
            [f"{len(every)} batches", *([AT_ROUNDING] if any(AT_ROUNDING in r.note for r in every) else [])]
        ),
    )
