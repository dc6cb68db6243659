"""What multigrid must know of a linear system before it builds levels: regions, held cells, components, memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.multigrid import layout
from connectivity.landscape.laplacian import Laplacian
from connectivity.machine import available_bytes
from rasters.errors import DataError, MemoryBudgetError

__all__ = [
    "BATCH",
    "Components",
    "Flow",
    "GroundRegions",
    "estimate_bytes",
    "held_cells",
    "refuse_if_too_big",
]

Double = NDArray[np.float64]
Int = NDArray[np.int32]
Long = NDArray[np.int64]
Bool = NDArray[np.bool_]

BATCH = 4
"""Right-hand sides iterated together."""
IMBALANCE = 1e-9
"""Share of a component's currents that may fail to cancel where there is no ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundRegions:
    """Cells shorted into one node: flat cells of region i are ``cell[start[i]:start[i + 1]]``."""

    cell: Long
    start: Long

    @classmethod
    def of(cls, region: Int, free: Bool) -> GroundRegions:
        """Regions of more than one cell, cells held at 0 V apart."""
        cell = np.flatnonzero((region > 0) & free)
        order = np.argsort(region.ravel()[cell], kind="stable")
        _, counts = np.unique(region.ravel()[cell], return_counts=True)
        several = np.repeat(counts > 1, counts)
        start = np.concatenate([[0], np.cumsum(counts[counts > 1])])
        return cls(cell=cell[order][several].astype(np.int64), start=start.astype(np.int64))

    @property
    def count(self) -> int:
        """Number of regions."""
        return self.start.size - 1

    @property
    def number(self) -> Int:
        """(n_cell,) number of each cell's region, from 0."""
        return np.repeat(np.arange(self.count, dtype=np.int32), np.diff(self.start))

    def mask(self, shape: tuple[int, int]) -> Bool:
        """(height, width) cells in regions."""
        out = np.zeros(shape, np.bool_)
        out.reshape(-1)[self.cell] = True
        return out

    def gather(self, field: Double) -> None:
        """Sum currents (height, width) of each region at its first cell, zero at its others, in place."""
        if self.count:
            flat = field.reshape(-1)
            sums = np.bincount(self.number, weights=flat[self.cell], minlength=self.count)
            flat[self.cell] = 0.0
            flat[self.cell[self.start[:-1]]] = sums


def held_cells(system: Laplacian) -> Bool:
    """(height, width) cells at 0 V: grounded without resistance, or in a region with such a cell."""
    held: Bool = np.isinf(system.ground) & system.active
    names = np.unique(system.region[held])
    names = names[names > 0]
    return held | np.isin(system.region, names) if names.size else held


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Currents that can flow: components with current, norm [A], and the excess [A] to take from flat cells."""

    n_components: int
    size: float
    cell: Long
    excess: Double


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Connected components of the active cells, -1 elsewhere, and which of them have a way to ground."""

    label: Int
    count: int
    grounded: Bool

    @classmethod
    def of(cls, system: Laplacian, regions: GroundRegions) -> Components:
        """Join cells along edges and regions."""
        parent = np.empty(system.active.size, np.int32)
        count = layout.label_components(system.conductance, system.active, regions.cell, regions.start, parent)
        label = parent.reshape(system.shape)
        grounded = np.zeros(count, np.bool_)
        grounded[label[((system.ground > 0) & system.active) | held_cells(system)]] = True
        return cls(label=label, count=count, grounded=grounded)

    def check(self, current: Double) -> Flow:
        """Refuse currents (height, width) that cannot flow; returns what must be known of the others."""
        row, col = np.nonzero(current)
        if not np.isfinite(current[row, col]).all():
            raise DataError("currents must be finite")
        label = self.label[row, col]
        if (label < 0).any():
            k = int(np.argmax(label < 0))
            raise DataError(
                f"current enters cell ({row[k]}, {col[k]}), which is not a node; move the source onto habitat"
            )
        amount = current[row, col]
        total: Double = np.bincount(label, weights=amount, minlength=self.count).astype(np.float64)
        size = np.bincount(label, weights=np.abs(amount), minlength=self.count)
        loose = ~self.grounded & (np.abs(total) > IMBALANCE * size)
        if loose.any():
            k = int(np.argmax(loose))
            at = int(np.argmax(label == k))
            raise DataError(
                f"currents of the component around cell ({row[at]}, {col[at]}) sum to {total[k]:g} A and it has no ground; "
                "balance its sources and sinks, or ground it"
            )
        return Flow(
            n_components=int(np.count_nonzero(size)),
            size=float(np.linalg.norm(amount)),
            **self._remainder(row * self.label.shape[1] + col, label, amount, total),
        )

    def _remainder(self, cell: Long, label: Int, amount: Double, total: Double) -> dict[str, Any]:
        """Where to take what rounding leaves of a component's sum: at its largest current."""
        order = np.lexsort((-np.abs(amount), label))
        component, first = np.unique(label[order], return_index=True)
        loose = ~self.grounded[component] & (total[component] != 0.0)
        return {"cell": cell[order][first[loose]], "excess": total[component[loose]]}

    def centre(self, voltage: Double) -> None:
        """Shift the voltage (height, width) of each component without ground to a mean of zero over its cells, in place."""
        if self.grounded.all():
            return
        total, size = np.zeros(self.count), np.zeros(self.count, np.int64)
        layout.component_sums(self.label, voltage, total, size)
        layout.shift_components(self.label, np.where(self.grounded, 0.0, -total / size), voltage)


def estimate_bytes(shape: tuple[int, int], n_rhs: int = 1) -> int:
    """Bytes that set-up and solve need beside the `Laplacian`, from above for ordinary landscapes.

    Parameters
    ----------
    shape : tuple of int
        (height, width) in cells.
    n_rhs : int
        Right-hand sides; `BATCH` at most are iterated at a time, and each needs room for its voltage.
    """
    cells = shape[0] * shape[1]
    return 2**23 + cells * (80 + 48 * min(n_rhs, BATCH) + 8 * n_rhs)


def refuse_if_too_big(shape: tuple[int, int], n_rhs: int, *, built: bool = False) -> None:
    """Raise MemoryBudgetError where set-up (unless ``built``) and solve would not fit."""
    needed = estimate_bytes(shape, n_rhs) - (estimate_bytes(shape, 0) if built else 0)
    free = available_bytes()
    if free is not None and needed > free:
        raise MemoryBudgetError(
            f"multigrid needs {needed / 2**30:.1f} GiB for {shape[0]} x {shape[1]} cells and {n_rhs} right-hand sides, "
            f"{free / 2**30:.1f} GiB are free; take fewer at a time, a coarser grid or a larger machine"
        )
