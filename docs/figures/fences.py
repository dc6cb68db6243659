"""Draw docs/figures/fence_gap.png and fence_ratio.png: the potential around a gap, and how near openings are to the truth.

Run from the repository root: ``python docs/figures/fences.py``. Takes a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import BoundaryNorm

from connectivity.landscape.stencil import build_stencil
from rasters.fence_terms import fence_terms
from rasters.openings import open_edges
from tests.support.far_field import ANGLES, CELL_M, WIDTHS, Plain, held_at, sigma

HERE = Path(__file__).parent
ANGLE, WIDTH_CELLS, SHOWN = 30.0, 0.25, 9.0
OFFSET = (0.31, 0.17)


def in_the_plane(along_m: np.ndarray, across_m: np.ndarray) -> np.ndarray:
    """Potential of the gap in a sheet at 1 A [V]."""
    z = 2.0 * (along_m + 1j * np.abs(across_m)) / (WIDTH_CELLS * CELL_M)
    return np.sign(across_m) * np.arccosh(z).real / (np.pi * sigma(8))


def draw_gap() -> None:
    """Lattice against continuum for a gap a quarter of a cell wide in an oblique sealed fence."""
    land = Plain(ANGLE, OFFSET)
    cuts, model = land.cuts(), land.model(8)
    opening = open_edges(cuts, land.surface, land.opening(WIDTH_CELLS), model)
    stencil = build_stencil(land.surface, fence_terms(cuts, land.surface, model, [opening]))
    rim = np.hypot(land.along_m, land.across_m) > 38 * CELL_M
    held = in_the_plane(land.along_m, land.across_m)
    volts = held_at(stencil, np.where(rim, held, np.nan))
    x, y = land.grid.xy(*np.indices(land.grid.shape))
    middle = land.fence.line.interpolate(0.5, normalized=True)
    x, y = (x - middle.x) / CELL_M, (y - middle.y) / CELL_M
    figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    levels = np.linspace(-0.8, 0.8, 33)
    bands = BoundaryNorm(levels, 256)
    shown = axes.pcolormesh(x, y, volts, cmap="RdBu_r", norm=bands, shading="nearest")
    fine = np.linspace(-SHOWN, SHOWN, 801)
    east, north = np.meshgrid(fine, fine)
    turned = np.exp(-1j * np.radians(ANGLE)) * (east + 1j * north) * CELL_M
    plane = in_the_plane(turned.real, turned.imag)
    for side in (-1, 1):
        here = np.where(np.sign(turned.imag) == side, plane, np.nan)
        axes.contour(east, north, here, levels=levels, colors="black", linewidths=0.9, linestyles="solid")
    along = np.array([np.cos(np.radians(ANGLE)), np.sin(np.radians(ANGLE))])
    for start, end in ((-40, -WIDTH_CELLS / 2), (WIDTH_CELLS / 2, 40)):
        axes.plot(*np.outer(along, (start, end)), color="black", linewidth=2.5)
    axes.set(xlim=(-SHOWN, SHOWN), ylim=(-SHOWN, SHOWN), aspect="equal", xlabel="east [cells]", ylabel="north [cells]")
    axes.set_title(
        f"Potential around a gap of {WIDTH_CELLS:g} cells at 1 A\nbands: cells as solved; lines: a sheet without cells",
        fontsize=10,
    )
    figure.colorbar(shown, label="potential [V]")
    figure.savefig(HERE / "fence_gap.png", dpi=110)


def draw_ratios() -> None:
    """Resistance of openings over the truth, by width and angle, on both stencils."""
    figure, both = plt.subplots(1, 2, figsize=(10.5, 4.2), sharey=True, layout="constrained")
    for axes, neighbours in zip(both, (8, 4), strict=True):
        ratios = np.array([Plain(angle, OFFSET).slit_ratios(WIDTHS, neighbours) for angle in ANGLES])
        shown = axes.imshow(100 * (ratios - 1), vmin=-3, vmax=3, cmap="RdBu_r", aspect="auto")
        for row, col in np.ndindex(ratios.shape):
            axes.text(col, row, f"{100 * (ratios[row, col] - 1):.1f}", ha="center", va="center", fontsize=8)
        axes.set_xticks(range(len(WIDTHS)), [f"{w:g}" for w in WIDTHS], fontsize=8)
        axes.set_yticks(range(len(ANGLES)), [f"{a:g}" for a in ANGLES])
        axes.set(title=f"{neighbours} neighbours", xlabel="width of the opening [cells]")
    both[0].set_ylabel("fence from west-east [degrees]")
    figure.colorbar(shown, ax=both, label="resistance off the truth [%]")
    figure.savefig(HERE / "fence_ratio.png", dpi=110)


if __name__ == "__main__":
    draw_gap()
    draw_ratios()
