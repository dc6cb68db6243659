"""How much memory a study takes, from the size of its grid, before anything of that size is built.

Measured on the bundled study on cells of 4, 2, 1 and 0.5 km; ``docs/how-to/runs.md`` has planned and measured figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from connectivity.machine import available_bytes
from rasters.errors import MemoryBudgetError
from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.study.load import ResolvedStudy

__all__ = ["Size", "Stage", "needed_bytes", "require_memory", "too_big"]

LAYER_BYTES = 9
"""Of a layer and its mask, per cell."""
PREPARED_BYTES = 20
"""Of a species' resistance and numbered places, per cell."""
FINISHED_BYTES = 60
"""Of a solved step that waits for the others of its scenario, per cell."""
RANKED_BYTES = 240
"""Of a species' land while its passages are valued on the reduced network, per cell."""
NODES_PER_PLACE = 1.7
"""Nodes of the reduced network for each place along a fence where a passage may be opened; places are a cell apart at least."""
NETWORKS = 6
"""Square tables of the reduced network's nodes that are held at one time while passages are valued, beside the network's own."""


class Stage(Enum):
    """How far a command goes: bytes at all, and bytes per cell while it works, beside what it keeps."""

    CHECKED = 100 * 2**20, 130
    """Layers are read, resistance is made, land is flooded; nothing is solved."""
    SOLVED = 680 * 2**20, 480
    """Everything is solved, mapped and written: libraries, fonts, the largest part of a step."""

    def __init__(self, base_bytes: int, cell_bytes: int) -> None:
        self.base_bytes, self.cell_bytes = base_bytes, cell_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What memory depends on.

    Parameters
    ----------
    study : str
        Its file, for messages.
    shape : tuple of int
        (height, width) in cells.
    cell_m : float
    layers, species, scenarios : int
    fence_m, every_m : float
        Length of the fences that may be opened, and how far apart.
    """

    study: str
    shape: tuple[int, int]
    cell_m: float
    layers: int
    species: int
    scenarios: int = 1
    fence_m: float = 0.0
    every_m: float = 1.0

    @classmethod
    def of(cls, resolved: ResolvedStudy, grid: Grid, fences: Iterable[Fence], species: Sequence[str] | None) -> Size:
        """One scenario."""
        study = resolved.study
        lines = set(study.fences.active) & set(study.candidates.fence_lines or study.fences.active)
        length = sum(fence.line.length for fence in fences if fence.fence_line in lines)
        return cls(
            study=str(resolved.path),
            shape=grid.shape,
            cell_m=grid.cell_width_m,
            layers=len(study.layers),
            species=len(species or study.species),
            fence_m=length,
            every_m=study.candidates.every_m,
        )

    @property
    def nodes(self) -> float:
        """Of the reduced network, about."""
        return NODES_PER_PLACE * self.fence_m / max(self.every_m, self.cell_m)

    def coarser(self, factor: int) -> Size:
        """On cells that are so many times as wide."""
        height, width = (-(-side // factor) for side in self.shape)
        return replace(self, shape=(height, width), cell_m=self.cell_m * factor)


def needed_bytes(size: Size, stage: Stage) -> int:
    """Largest memory of a command that goes as far as a stage."""
    cells, steps = size.shape[0] * size.shape[1], size.species * size.scenarios
    kept = cells * (LAYER_BYTES * size.layers + PREPARED_BYTES * steps)
    if stage is Stage.CHECKED:
        return stage.base_bytes + kept + cells * stage.cell_bytes
    network = int(8 * size.nodes**2)
    kept += cells * FINISHED_BYTES * (size.species - 1) + network
    return stage.base_bytes + kept + max(cells * stage.cell_bytes, cells * RANKED_BYTES + NETWORKS * network)


def require_memory(size: Size, stage: Stage) -> None:
    """Stop before anything is built that does not fit.

    Raises
    ------
    MemoryBudgetError
        Says what is needed, what there is, and which cells would fit.
    """
    need, free = needed_bytes(size, stage), available_bytes()
    if free is not None and need > free:
        raise MemoryBudgetError(f"{size.study}: {too_big(size, stage, free)}")


def too_big(size: Size, stage: Stage, free: int) -> str:
    """What is needed, what there is, and what to do, in words."""
    height, width = size.shape
    cells = next((size.coarser(n) for n in range(2, 1000) if needed_bytes(size.coarser(n), stage) <= free), None)
    advice = f"take larger cells (--set grid.cell_m={cells.cell_m:g} fits)" if cells else "take a larger machine"
    return (
        f"{height} x {width} cells of {size.cell_m:g} m, {size.layers} layers and {size.species * size.scenarios} steps (species "
        f"times scenarios) need about {needed_bytes(size, stage) / 2**30:.2f} GiB of memory, and {free / 2**30:.2f} GiB are free; "
        f"{advice}, fewer species or scenarios at a time, or say with OTKEL_MEMORY_GIB how much there is"
    )
