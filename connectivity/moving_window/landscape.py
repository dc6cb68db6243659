"""What a moving window works on: its sizes, the landscape, and which sources may send current to which targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.stencil import EdgeRule, Neighbours, Stencil
from connectivity.landscape.windows import Window
from connectivity.modes.cell_circuit import edge_conductance
from connectivity.moving_window.circuit import WindowMethod
from rasters.arrays import Reals
from rasters.errors import DataError, GridMismatchError

__all__ = ["Condition", "WindowLandscape", "WindowSettings"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """What a window is.

    Parameters
    ----------
    radius : float
        Sources lie within this distance of a target [cells].
    buffer : float
        Width of the ring around them without sources, through which current may flow [cells].
    block : int
        Side of the square of cells that share one target, its centre [cells]; odd.
    neighbours : {8, 4}
    flow_potential : bool
        Whether the same currents over uniform ground are wanted.
    correct_artifacts : bool
        Whether current is scaled by what blocks do to it on uniform ground.
    cut_block_as_omniscape : bool
        Omniscape leaves out the block's own sources where they stand in a full window, and so the wrong ones where the
        window is cut by the map's upper or left edge. Otherwise the block is left out wherever it is.
    method : {"auto", "direct", "multigrid"}
        Solver of the windows.
    """

    radius: float
    buffer: float = 0.0
    block: int = 1
    neighbours: Neighbours = 8
    flow_potential: bool = False
    correct_artifacts: bool = True
    cut_block_as_omniscape: bool = False
    method: WindowMethod = "auto"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius) and self.radius >= 1):
            raise DataError(f"radius must be at least one cell, not {self.radius!r}")
        if not (math.isfinite(self.buffer) and self.buffer >= 0):
            raise DataError(f"buffer must be >= 0 cells, not {self.buffer!r}")
        if self.block < 1 or self.block % 2 == 0:
            raise DataError(f"block must be an odd number of cells, not {self.block!r}")
        if self.half_block >= self.radius:
            raise DataError(
                f"a block of {self.block} cells leaves no source within a radius of {self.radius:g}; choose a smaller block"
            )
        if self.neighbours not in (4, 8):
            raise DataError(f"neighbours must be 4 or 8, not {self.neighbours!r}")

    @property
    def reach(self) -> int:
        """Half of a window's side [cells], without its centre."""
        return math.floor(self.radius + self.buffer)

    @property
    def half_block(self) -> int:
        """Half of a block's side [cells], without its centre."""
        return (self.block - 1) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which sources may send current to a target: those with a value like the target's.

    Parameters
    ----------
    present : (height, width) float64
        Value of each source cell; NaN where unknown.
    future : (height, width) float64
        Value of target cells, the same array if nothing changes.
    rule : {"within", "equal"}
        ``"within"``: the source's value minus the median of the block's is between ``lower`` and ``upper``; ``"equal"``: it
        is the block's most frequent value.
    """

    present: Reals
    future: Reals
    rule: Literal["within", "equal"]
    lower: float = 0.0
    upper: float = 0.0

    def crop(self, cut: tuple[slice, slice]) -> Condition:
        """Of a part of the landscape."""
        return Condition(
            present=self.present[cut], future=self.future[cut], rule=self.rule, lower=self.lower, upper=self.upper
        )

    def keeps(self, window: tuple[slice, slice], block: tuple[slice, slice]) -> Flags:
        """Cells of the window whose sources may send."""
        here, there = self.present[window], self.future[block]
        if self.rule == "equal":
            return here == _most_frequent(there)
        known = there[~np.isnan(there)]
        change = here - (np.median(known) if known.size else np.nan)
        return (self.lower <= change) & (change <= self.upper)


def _most_frequent(values: Reals) -> float:
    """The value that is first to reach the highest count, column by column; NaN if there is none."""
    counts: dict[float, int] = {}
    best, most = math.nan, 0
    for value in values.ravel(order="F").tolist():
        if value == value:
            counts[value] = counts.get(value, 0) + 1
            if counts[value] > most:
                best, most = value, counts[value]
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLandscape:
    """A landscape, or the part of one that a tile needs.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S] in the order of `rasters.fences.STEPS`; 0 = no edge.
    active : (height, width) bool
        Cells that are nodes.
    source : (height, width) float64
        Strength of each cell as a source [A], 0 where it is none.
    region : (height, width) int32, optional
        Cells with the same number > 0 are one node; windows that hold any are solved more slowly.
    conditions : tuple of Condition
    """

    conductance: Reals
    active: Flags
    source: Reals
    region: NDArray[np.int32] | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        shape = self.active.shape
        fields = [
            self.source.shape,
            *(c.present.shape for c in self.conditions),
            *(c.future.shape for c in self.conditions),
        ]
        fields += [] if self.region is None else [self.region.shape]
        if self.conductance.shape != (4, *shape) or any(field != shape for field in fields):
            raise GridMismatchError(f"conductance, sources and conditions do not all fit cells of shape {shape}")
        if not (np.isfinite(self.source).all() and (self.source >= 0).all()):
            row, col = np.argwhere(~(np.isfinite(self.source) & (self.source >= 0)))[0]
            raise DataError(
                f"source strength must be finite and >= 0, but is {self.source[row, col]:g} at row {row}, col {col}"
            )

    @classmethod
    def of_cells(
        cls,
        conductance: Reals,
        source: Reals,
        conditions: tuple[Condition, ...] = (),
        *,
        neighbours: Neighbours = 8,
        edge_rule: EdgeRule = "mean_conductance",
    ) -> WindowLandscape:
        """From the conductance of each cell [S], 0 where there is none."""
        edges = edge_conductance(conductance, neighbours=neighbours, edge_rule=edge_rule)
        return cls(conductance=edges, active=conductance > 0, source=source, conditions=conditions)

    @classmethod
    def of_stencil(cls, stencil: Stencil, source: Reals, region: NDArray[np.int32] | None = None) -> WindowLandscape:
        """From a stencil, with the edges that fences cut."""
        return cls(conductance=stencil.conductance(), active=stencil.surface.passable, source=source, region=region)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.active.shape
        return height, width

    def crop(self, window: Window) -> WindowLandscape:
        """The landscape of a window."""
        cut = window.slices
        return WindowLandscape(
            conductance=self.conductance[:, cut[0], cut[1]],
            active=self.active[cut],
            source=self.source[cut],
            region=None if self.region is None else self.region[cut],
            conditions=tuple(condition.crop(cut) for condition in self.conditions),
        )
