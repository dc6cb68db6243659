"""Cost-weighted distance on terrain-like landscapes, beside the other open tools; prints a table.

Run from the root of the repository: ``python -m tests.benchmarks.bench_cost_distance 1000 3000 5000``. Peers that are
not installed (xarray-spatial, GRASS) are left out. Each tool runs in a process of its own, is warmed up on a tiny
landscape first (compilers), and its CPU seconds are the median of the repeats; reading and writing files is not counted.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import STEPS, FenceTerms, Stencil, build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance, cost_weighted_distances
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

CELL_M = 30.0
SCIPY_CELLS = 1_100_000
"""Beyond this the sparse graph takes minutes."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One line of the table."""

    tool: str
    n: int
    fences: bool
    cpu_s: float
    wall_s: float
    cells_per_s: float
    bytes_per_cell: float
    error: float


def landscape(n: int, seed: int = 1) -> NDArray[np.float64]:
    """(n, n) resistance 1 to 100 from the slope of fractal terrain, NaN on lakes (its lowest tenth)."""
    rng = np.random.default_rng(seed)
    wave = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    wave[0, 0] = np.inf
    height = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((n, n))) * wave**-1.8, s=(n, n))
    height = (height - height.min()) / np.ptp(height)
    steep = np.hypot(*np.gradient(height))
    steep /= np.quantile(steep, 0.99)
    resistance = np.exp(np.log(100) * np.clip(0.6 * np.sqrt(steep) + 0.5 * height - 0.1, 0, 1))
    resistance[height < np.quantile(height[:: max(1, n // 500)], 0.1)] = np.nan
    return resistance


def border_fence(n: int) -> FenceTerms:
    """A closed fence that winds from west to east, with a gap of two cells every 300, and a costly one beside it."""
    col = np.arange(n + 1)
    front = (n // 2 + 0.15 * n * np.sin(col / n * 5)).astype(np.int64)
    edges = []
    for shift, price in ((0, np.inf), (max(3, n // 50), 5000.0)):
        south = np.arange(n)[:, None] >= front[None, :n] + shift
        for k, (d_row, d_col) in enumerate(STEPS):
            here = south[: n - d_row, max(0, -d_col) : n - max(0, d_col)]
            there = south[d_row:, max(0, d_col) : n + min(0, d_col)]
            row, column = np.nonzero(here != there)
            column += max(0, -d_col)
            shut = (column % 300 > 2) | (shift > 0)
            edges.append((row[shut], column[shut], np.full(shut.sum(), k), np.full(shut.sum(), price)))
    row, column, step, cost = (np.concatenate(part) for part in zip(*edges, strict=True))
    return FenceTerms(
        row=row.astype(np.int32), col=column.astype(np.int32), step=step.astype(np.int8), cost_m=cost, ohm=cost
    )


def start_of(resistance: NDArray[np.float64]) -> tuple[int, int]:
    """The known cell nearest to the middle of the northern edge."""
    known = np.argwhere(~np.isnan(resistance))
    place = np.argmin(np.hypot(known[:, 0] - 0.05 * len(resistance), known[:, 1] - 0.5 * len(resistance)))
    return int(known[place, 0]), int(known[place, 1])


def stencil_on(resistance: NDArray[np.float64], fences: bool) -> Stencil:
    """Eight neighbours and the mean-resistance rule on a square grid."""
    grid = Grid("EPSG:6933", Affine(CELL_M, 0, 0, 0, -CELL_M, 0), (resistance.shape[0], resistance.shape[1]))
    surface = ResistanceSurface.from_array(resistance, grid)
    return build_stencil(surface, border_fence(grid.height) if fences else None)


Run = Callable[[], NDArray[np.float64]]


def otkel(resistance: NDArray[np.float64], fences: bool) -> Run:
    """This project."""
    stencil, (row, col) = stencil_on(resistance, fences), start_of(resistance)
    source = FocalRegion.cell("start", row, col, stencil.surface.grid)
    return lambda: cost_weighted_distance(stencil, source).cwd


def otkel_two_threads(resistance: NDArray[np.float64], fences: bool) -> Run:
    """Two sources at a time; per source."""
    stencil, (row, col) = stencil_on(resistance, fences), start_of(resistance)
    sources = [FocalRegion.cell(name, row, col, stencil.surface.grid) for name in "ab"]
    return lambda: cost_weighted_distances(stencil, sources, threads=2)[1].cwd


def scikit_image(resistance: NDArray[np.float64], fences: bool) -> Run:
    """`MCP_Geometric`, float64."""
    from skimage.graph import MCP_Geometric

    start, costs = start_of(resistance), np.where(np.isnan(resistance), -1.0, CELL_M * resistance)
    return lambda: np.asarray(MCP_Geometric(costs, fully_connected=True).find_costs([start])[0])


def scipy_sparse(resistance: NDArray[np.float64], fences: bool) -> Run:
    """`scipy.sparse.csgraph.dijkstra` on a graph built beforehand."""
    from scipy.sparse import csgraph, csr_array

    stencil, (row, col) = stencil_on(resistance, fences), start_of(resistance)
    cost = stencil.cost()
    k, first_row, first_col = np.nonzero(np.isfinite(cost))
    width = resistance.shape[1]
    first = first_row * width + first_col
    second = first + np.array([r * width + c for r, c in STEPS])[k]
    graph = csr_array((cost[k, first_row, first_col], (first, second)), shape=(resistance.size, resistance.size))
    graph = csr_array(graph + graph.T)
    return lambda: csgraph.dijkstra(graph, indices=row * width + col).reshape(resistance.shape)


def xarray_spatial(resistance: NDArray[np.float64], fences: bool) -> Run:
    """`xrspatial.cost_distance`; float32."""
    import xarray
    from xrspatial.cost_distance import cost_distance

    axes = {"y": CELL_M * np.arange(len(resistance))[::-1], "x": CELL_M * np.arange(resistance.shape[1])}
    source = np.zeros(resistance.shape)
    source[start_of(resistance)] = 1
    raster, friction = (xarray.DataArray(a, coords=axes, dims=("y", "x")) for a in (source, resistance))
    return lambda: np.asarray(cost_distance(raster, friction).values, dtype=np.float64)


TOOLS: dict[str, Callable[[NDArray[np.float64], bool], Run]] = {
    "otkel": otkel,
    "otkel, 2 threads": otkel_two_threads,
    "scikit-image MCP": scikit_image,
    "scipy dijkstra": scipy_sparse,
    "xarray-spatial": xarray_spatial,
}
CUTS_EDGES = {"otkel", "otkel, 2 threads", "scipy dijkstra"}
"""Tools that can hold a fence between cells; the others would have to burn it into cells."""


def _peak_bytes(reset: bool = False) -> float:
    """Largest resident memory of this process since the last reset; NaN where Linux does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:
        return float("nan")


def _work(tool: str, folder: str, fences: bool, repeats: int) -> tuple[float, float, float]:
    """Median CPU and wall seconds, and growth of peak memory; the result goes to a file. Runs in a child process."""
    TOOLS[tool](landscape(64), fences)()
    resistance = np.load(f"{folder}/resistance.npy")
    run = TOOLS[tool](resistance, fences)
    before = _peak_bytes(reset=True)
    cpu, wall = [], []
    for _ in range(repeats):
        found = np.empty(0)
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        found = run()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    grown = _peak_bytes() - before
    np.save(f"{folder}/found.npy", found)
    return float(np.median(cpu)), float(np.median(wall)), grown


GRASS_SCRIPT = """
set -e
g.region n={n} s=0 e={n} w=0 rows={n} cols={n}
r.in.bin -d input={folder}/resistance.bin output=resistance bytes=8 north={n} south=0 east={n} west=0 rows={n} cols={n} \
anull=-1 --quiet
TIMEFORMAT='%U %S %R'
for i in $(seq {repeats}); do
{{ time r.cost input=resistance output=cost start_coordinates={x},{y} memory=3000 --overwrite --quiet; }} 2>> {folder}/times
done
r.out.bin input=cost output={folder}/cost.bin bytes=8 null=-1 --quiet
"""


def grass_r_cost(resistance: NDArray[np.float64], folder: str, repeats: int) -> tuple[float, float, float]:
    """`r.cost` with 3 GB of memory for its segments; CPU and wall seconds of the command."""
    n, (row, col) = len(resistance), start_of(resistance)
    np.where(np.isnan(resistance), -1.0, resistance).tofile(f"{folder}/resistance.bin")
    script = GRASS_SCRIPT.format(n=n, folder=folder, repeats=repeats, x=col + 0.5, y=n - row - 0.5)
    subprocess.run(["grass", "--tmp-location", "XY", "--exec", "bash", "-c", script], check=True, capture_output=True)
    lines = Path(folder, "times").read_text().splitlines()
    times = np.array([line.split() for line in lines if line.replace(".", "").replace(" ", "").isdigit()], dtype=float)
    cost = np.fromfile(f"{folder}/cost.bin").reshape(n, n)
    np.save(f"{folder}/found.npy", np.where(cost < 0, np.inf, CELL_M * cost))
    return float(np.median(times[:, 0] + times[:, 1])), float(np.median(times[:, 2])), float("nan")


def measure(tool: str, folder: str, n: int, fences: bool, repeats: int, truth: NDArray[np.float64] | None) -> Timing:
    """Run one tool on the landscape in ``folder`` and compare its distances with ``truth``."""
    resistance = np.load(f"{folder}/resistance.npy")
    if tool == "GRASS r.cost":
        cpu, wall, memory = grass_r_cost(resistance, folder, repeats)
    else:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cpu, wall, memory = pool.apply(_work, (tool, folder, fences, repeats))
    found = np.load(f"{folder}/found.npy")
    truth = found if truth is None else truth
    reached = np.isfinite(truth) & (truth > 0)
    error = float(np.max(np.abs(found[reached] - truth[reached]) / truth[reached]))
    searches = 2 if "2 threads" in tool else 1
    speed = searches * reached.sum() / (wall if searches == 2 else cpu)
    return Timing(tool, n, fences, cpu, wall, speed, memory / resistance.size / searches, error)


def tools_for(n: int, fences: bool) -> list[str]:
    """Installed tools that can do the job at this size, this project first."""
    tools = [tool for tool in TOOLS if not fences or tool in CUTS_EDGES]
    if n * n > SCIPY_CELLS:
        tools.remove("scipy dijkstra")
    if "xarray-spatial" in tools and importlib.util.find_spec("xrspatial") is None:
        tools.remove("xarray-spatial")
    if shutil.which("grass") and not fences:
        tools.append("GRASS r.cost")
    return tools


def bench(sizes: list[int], repeats: int) -> list[Timing]:
    """All tools on all sizes, fences off and on; prints each line as it comes."""
    print("size    fences  tool               CPU s   wall s  Mcells/s   B/cell  largest relative difference")
    timings = []
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/resistance.npy", landscape(n))
            for fences in (False, True):
                truth = None
                for tool in tools_for(n, fences):
                    t = measure(tool, folder, n, fences, repeats, truth)
                    truth = np.load(f"{folder}/found.npy") if truth is None else truth
                    timings.append(t)
                    print(
                        f"{n:<7} {'on' if fences else 'off':<7} {tool:<17} {t.cpu_s:7.3f} {t.wall_s:8.3f} "
                        f"{t.cells_per_s / 1e6:9.2f} {t.bytes_per_cell:8.1f}  {t.error:.1e}",
                        flush=True,
                    )
    return timings


def main() -> None:
    """Read sizes from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1000], help="cells along one side")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    bench(options.sizes, options.repeats)


if __name__ == "__main__":
    main()
