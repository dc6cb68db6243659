"""Draw docs/figures/multigrid_convergence.png: residual by iteration, multigrid beside smoothed aggregation.

Run from the repository root: ``python docs/figures/multigrid_convergence.py``. Takes a few minutes and a gigabyte.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pyamg
from scipy import ndimage, sparse

sys.path.insert(0, str(Path(__file__).parents[2]))
matplotlib.use("Agg")
from matplotlib import pyplot as plt

from connectivity.circuit.multigrid.solver import MultigridSolver
from connectivity.landscape.laplacian import Laplacian, node_graph
from rasters.errors import SolverError
from rasters.fences import STEPS

SIZES = (250, 500, 1000)
PERMEABILITIES = (1.0, 1e-2, 1e-6, 0.0)
TOLERANCE = 1e-10


def terrain(n: int, rng: np.random.Generator) -> np.ndarray:
    """Fractal field on n x n cells, scaled to 0..1: octaves of random numbers, each half as wide and weaker."""
    z = np.zeros((n, n))
    for k in (4, 8, 16, 32, 64, 128):
        coarse = rng.standard_normal((k + 3, k + 3))
        at = np.linspace(0, k + 2, n)
        z += ndimage.map_coordinates(coarse, np.meshgrid(at, at, indexing="ij"), order=1) / np.sqrt(k)
    return (z - z.min()) / np.ptp(z)


def landscape(n: int, permeability: float) -> tuple[Laplacian, np.ndarray]:
    """Resistance over two decades, a tenth no data, a winding fence with two open gaps; current from north to south."""
    rng = np.random.default_rng(2)
    resistance = 100.0 ** terrain(n, rng)
    holes = terrain(n, rng)
    active = holes < np.quantile(holes, 0.9)
    label, _ = ndimage.label(active, structure=np.ones((3, 3)))
    active = label == np.argmax(np.bincount(label.ravel())[1:]) + 1
    padded = np.pad(np.where(active, resistance, np.inf), 1, constant_values=np.inf)
    fence = n // 2 + (0.15 * n * np.sin(5 * np.arange(n + 2) / n)).astype(int)
    north = np.pad(np.arange(n)[:, None] < fence[None, 1:-1], 1, mode="edge")
    conductance = np.zeros((4, n, n))
    for k, (d_row, d_col) in enumerate(STEPS):
        there = slice(1 + d_row, n + 1 + d_row), slice(1 + d_col, n + 1 + d_col)
        conductance[k] = 2.0 / (padded[1:-1, 1:-1] + padded[there]) / np.hypot(d_row, d_col)
        conductance[k][north[1:-1, 1:-1] != north[there]] *= permeability
    for col in (3 * n // 10, 7 * n // 10):
        row = fence[1 + col] - 1
        conductance[1, row, col] = 2.0 / (padded[row + 1, col + 1] + padded[row + 2, col + 1])
    row, col = np.nonzero(active)
    current = np.zeros((n, n))
    for share, amount in ((0.1, 1.0), (0.9, -1.0)):
        nearest = np.argmin((row - share * n) ** 2 + (col - n / 2) ** 2)
        current[row[nearest], col[nearest]] = amount
    system = Laplacian(
        conductance=conductance, active=active, ground=np.zeros((n, n)), region=np.zeros((n, n), np.int32)
    )
    return system, current


def multigrid_history(system: Laplacian, current: np.ndarray) -> list[float]:
    """True relative residual after 1, 2, 3, ... iterations."""
    solver, history = MultigridSolver.build(system), [1.0]
    while history[-1] > TOLERANCE:
        try:
            report = solver.solve(current, tolerance=TOLERANCE, max_iterations=len(history))[1]
        except SolverError as error:
            report = error.report
        history.append(report.relative_residual)
    return history


def aggregation_history(system: Laplacian, current: np.ndarray) -> list[float]:
    """The same for conjugate gradients with pyamg's smoothed aggregation, the sink grounded."""
    graph = node_graph(system)
    b = np.bincount(graph.node[system.active], weights=current[system.active])
    free = np.flatnonzero(b >= 0)
    laplacian = (sparse.diags_array(np.asarray(graph.weight.sum(axis=1)).ravel()) - graph.weight).tocsr()
    matrix, b = laplacian[free][:, free], b[free]
    residuals: list[float] = []
    pyamg.smoothed_aggregation_solver(sparse.csr_matrix(matrix)).solve(
        b, tol=TOLERANCE, accel="cg", maxiter=50, residuals=residuals
    )
    return list(np.array(residuals) / residuals[0])


def main() -> None:
    """Draw the two panels."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0.1, 0.8, len(SIZES)))
    for size, colour in zip(SIZES, colours, strict=True):
        system, current = landscape(size, 1e-6)
        left.semilogy(multigrid_history(system, current), "o-", ms=3, color=colour, label=f"{size} x {size}")
        left.semilogy(aggregation_history(system, current), "--", lw=1, color=colour)
    left.plot([], [], "--", lw=1, color="grey", label="smoothed aggregation + CG")
    left.set(title="fence of permeability $10^{-6}$", xlabel="iteration", ylabel="relative residual", xlim=(0, 50))
    colours = plt.get_cmap("plasma")(np.linspace(0.05, 0.8, len(PERMEABILITIES)))
    for permeability, colour in zip(PERMEABILITIES, colours, strict=True):
        system, current = landscape(SIZES[-1], permeability)
        right.semilogy(multigrid_history(system, current), "o-", ms=3, color=colour, label=f"{permeability:g}")
    right.set(title=f"{SIZES[-1]} x {SIZES[-1]}, by permeability of the fence", xlabel="iteration")
    for axis in (left, right):
        axis.axhline(1e-6, color="grey", lw=0.8)
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=130)


if __name__ == "__main__":
    main()
