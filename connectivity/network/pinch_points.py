"""Pinch points: where the current between two cores squeezes through a corridor.

The corridor is cut out of the landscape, both cores are shorted into one node each, and 1 A is sent from one to the other
(Pinchpoint Mapper, McRae 2012, after McRae et al. 2008, Ecology 89:2712). High density means that there is no other route:
losing the place would cost much. The voltage is the effective resistance of the corridor, all routes in it together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents, solve
from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import Stencil
from connectivity.landscape.windows import Window, crop_region, crop_stencil, window_of
from connectivity.report import SolveReport
from rasters.grid import Grid

__all__ = ["PinchPoints", "corridor_resistance", "pinch_points"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PinchPoints:
    """Current through one corridor at 1 A from core to core.

    Parameters
    ----------
    a, b : str
        The cores.
    effective_resistance_ohm : float
        Of the corridor, cores shorted [ohm]; inf where it does not join them.
    window : Window
        Rectangle of the grid that the arrays cover.
    current : (window height, window width) float64
        Current through each cell [A]; 0 outside the corridor. Cells of a core show the core's 1 A.
    voltage : (window height, window width) float64
        [V], 0 at ``b``.
    corridor : (window height, window width) bool
        Cells that took part, cores left out.
    status : {"reached", "unreachable"}
    grid : Grid
        The whole grid.
    report : SolveReport, optional
    """

    a: str
    b: str
    effective_resistance_ohm: float
    window: Window
    current: NDArray[np.float64]
    voltage: NDArray[np.float64]
    corridor: NDArray[np.bool_]
    status: Literal["reached", "unreachable"]
    grid: Grid
    report: SolveReport | None = field(default=None)

    @property
    def density(self) -> NDArray[np.float64]:
        """(height, width) of the whole grid: current over cell width [A/m]; 0 outside the corridor and on the cores."""
        own = np.where(self.corridor, self.current, 0.0)
        return self.window.spread(own / self.grid.cell_width_m, self.grid)

    def tightest(self, within: NDArray[np.bool_] | None = None) -> tuple[int, int, float]:
        """Row and column on the whole grid, and current [A], of the corridor cell that carries most.

        Parameters
        ----------
        within : (height, width) bool, optional
            Of the whole grid: look only there.
        """
        looked_at = self.corridor if within is None else self.corridor & within[self.window.slices]
        if self.status == "unreachable" or not looked_at.any():
            return -1, -1, math.nan
        place = int(np.argmax(np.where(looked_at, self.current, -1.0)))
        row, col = divmod(place, self.window.width)
        return row + self.window.row, col + self.window.col, float(self.current[row, col])

    def __repr__(self) -> str:
        return f"PinchPoints({self.a!r} to {self.b!r}, {self.effective_resistance_ohm:.6g} ohm, {self.status})"


def pinch_points(
    stencil: Stencil,
    a: FocalRegion,
    b: FocalRegion,
    corridor: NDArray[np.bool_],
    *,
    method: str = "auto",
    tolerance: float = 1e-6,
) -> PinchPoints:
    """Current from core to core inside a corridor.

    Parameters
    ----------
    stencil : Stencil
    a, b : FocalRegion
        Cores, disjoint; they belong to the circuit whether the corridor covers them or not.
    corridor : (height, width) bool
        Cells that current may use.
    method, tolerance
        As for `connectivity.circuit.solve.solve`.
    """
    circuit = _Circuit.build(stencil, a, b, corridor)
    if not circuit.joined:
        none = np.zeros(circuit.part.shape)
        return _result(stencil.surface.grid, a, b, circuit, none, none.copy(), math.inf, None)
    voltage, report = circuit.solved(method, tolerance)
    current = cell_currents(circuit.system, voltage)
    return _result(stencil.surface.grid, a, b, circuit, current, voltage, circuit.ohm(voltage), report)


def corridor_resistance(
    stencil: Stencil,
    a: FocalRegion,
    b: FocalRegion,
    corridor: NDArray[np.bool_],
    *,
    method: str = "auto",
    tolerance: float = 1e-6,
) -> float:
    """Effective resistance of a corridor, cores shorted [ohm]: `pinch_points` without the currents."""
    circuit = _Circuit.build(stencil, a, b, corridor)
    return circuit.ohm(circuit.solved(method, tolerance)[0]) if circuit.joined else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class _Circuit:
    """A corridor cut out of the landscape with its two cores, numbered 1 and 2."""

    part: Stencil
    window: Window
    labels: NDArray[np.int32]
    ends: tuple[FocalRegion, FocalRegion]
    reached: NDArray[np.bool_]
    system: Laplacian

    @classmethod
    def build(cls, stencil: Stencil, a: FocalRegion, b: FocalRegion, corridor: NDArray[np.bool_]) -> _Circuit:
        inside = corridor | a.mask | b.mask
        window = window_of(inside)
        part = crop_stencil(stencil, window, inside)
        ends = crop_region(a, window), crop_region(b, window)
        labels = region_labels(ends)
        system = stencil_laplacian(part, region=labels, ground=np.where(labels == 2, np.inf, 0.0))
        return cls(
            part=part, window=window, labels=labels, ends=ends, reached=reachable_cells(part, ends[0]), system=system
        )

    @property
    def joined(self) -> bool:
        """Whether anything leads from one core to the other."""
        rows, cols = self.ends[1].check_on(self.part.surface)
        return bool(self.reached[rows, cols].any())

    def solved(self, method: str, tolerance: float) -> tuple[NDArray[np.float64], SolveReport]:
        """Voltage with the first core fed 1 A and the second held at 0 V."""
        feed = np.zeros(self.part.shape)
        rows, cols = self.ends[0].check_on(self.part.surface)
        feed[rows[0], cols[0]] = 1.0
        voltage, report = solve(self.system, feed, method=method, tolerance=tolerance)
        return np.where(self.reached | (self.labels == 1), voltage, 0.0), report

    def ohm(self, voltage: NDArray[np.float64]) -> float:
        """Voltage of the first core at 1 A."""
        return float(voltage[self.ends[0].check_on(self.part.surface)].max())


def _result(
    grid: Grid,
    a: FocalRegion,
    b: FocalRegion,
    circuit: _Circuit,
    current: NDArray[np.float64],
    voltage: NDArray[np.float64],
    ohm: float,
    report: SolveReport | None,
) -> PinchPoints:
    corridor = circuit.part.surface.passable & (circuit.labels == 0)
    return PinchPoints(
        a=a.id,
        b=b.id,
        effective_resistance_ohm=ohm,
        window=circuit.window,
        current=current,
        voltage=voltage,
        corridor=corridor,
        status="reached" if math.isfinite(ohm) else "unreachable",
        grid=grid,
        report=report,
    )
