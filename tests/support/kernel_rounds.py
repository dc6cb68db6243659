"""Walk through every compiled kernel on a landscape small enough for bounds checks; say which kernel modules stay unused.

Run as a program in a process of its own, with ``OTKEL_BOUNDSCHECK=1``: an index outside an array is then an IndexError.
Prints the names of the kernel modules, one a line, of which nothing ran.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from connectivity.circuit.solve import solve, solve_circuit  # noqa: E402
from connectivity.focal import FocalRegion, region_labels  # noqa: E402
from connectivity.landscape.laplacian import stencil_laplacian  # noqa: E402
from connectivity.landscape.reachability import reachable_cells  # noqa: E402
from connectivity.landscape.slope_cost import SlopeCost  # noqa: E402
from connectivity.landscape.stencil import with_far_steps  # noqa: E402
from connectivity.least_cost.cost_distance import cost_weighted_distance, cost_weighted_distances  # noqa: E402
from connectivity.least_cost.paths import cost_allocation, least_cost_path  # noqa: E402
from connectivity.modes.cell_circuit import cell_components  # noqa: E402
from connectivity.moving_window.tiles import WindowLandscape, WindowSettings, moving_window  # noqa: E402
from connectivity.network.barriers import least_within  # noqa: E402
from connectivity.openings.edges import openable_edges  # noqa: E402
from connectivity.openings.profile import candidates_along  # noqa: E402
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs, single_sets  # noqa: E402
from connectivity.reduction.reduce import reduce_landscape  # noqa: E402
from rasters import terrain  # noqa: E402
from rasters.fence_terms import row_terms  # noqa: E402
from rasters.fences import FenceTerms  # noqa: E402
from rasters.kernels._jit import BOUNDSCHECK  # noqa: E402
from rasters.surface import Layer  # noqa: E402
from tests.support.landscapes import fence_across, fenced, grid_of, random_surface  # noqa: E402

LIMITS = ("__init__", "_jit", "_blas")
"""Modules of the kernel folders that hold no loops over arrays of their own."""


def main() -> None:
    """Everything once, on 26 x 31 cells with holes and a leaky fence, and with a sealed one."""
    assert BOUNDSCHECK, "set OTKEL_BOUNDSCHECK=1"
    grid = grid_of((26, 31))
    surface = random_surface(8, grid, 0.1)
    for permeability in (0.0, 0.2):
        stencil, cuts, model = fenced(surface, (fence_across(grid),), permeability)
        ends = _corner_regions(stencil.surface)
        _paths(stencil, ends)
        _circuits(stencil, ends)
        candidates = candidates_along(
            cuts, surface, model, ["f"], every_m=400.0, width_m=150.0, design="d", use_factor=0.5
        )
        _sets(
            stencil,
            cuts,
            ends,
            openable_edges(cuts, stencil, *row_terms(cuts, surface, model), [[c] for c in candidates]),
        )
    _layers(surface)
    _many_levels()
    print("\n".join(unused_modules()))


def _corner_regions(surface) -> list[FocalRegion]:  # type: ignore[no-untyped-def]
    corners = []
    for number, (rows, cols) in enumerate(((slice(0, 4), slice(0, 4)), (slice(-4, None), slice(-5, None)))):
        mask = np.zeros(surface.grid.shape, bool)
        mask[rows, cols] = surface.passable[rows, cols]
        corners.append(FocalRegion.from_mask(str(number), mask, surface.grid))
    return corners


def _paths(stencil, ends) -> None:  # type: ignore[no-untyped-def]
    elevation = np.random.default_rng(1).normal(0, 30, stencil.shape)
    for slope in (None, SlopeCost(elevation_m=elevation)):
        distance = cost_weighted_distance(stencil, ends[0], slope=slope)
        least_cost_path(distance, ends[1])
    far = with_far_steps(stencil, 16, FenceTerms.none())
    least_cost_path(cost_weighted_distance(far, ends[0]), ends[1])
    cost_allocation(stencil, ends)
    reachable_cells(stencil, ends[0])
    least_within(distance.cwd, 350.0, stencil.surface.grid)


def _circuits(stencil, ends) -> None:  # type: ignore[no-untyped-def]
    labels = region_labels(ends)
    system = stencil_laplacian(stencil, region=labels, ground=np.where(stencil.surface.passable, 1e-3, 0.0))
    cell_components(system)
    current = np.where(labels == 1, 1.0, 0.0)
    for method in ("multigrid", "sparse-direct"):
        solve_circuit(system, current, method=method)  # type: ignore[arg-type]
    held = stencil_laplacian(stencil, ground=np.where(labels == 2, np.inf, 0.0))
    solve(held, np.stack([current * 0.0] * 3), method="multigrid")
    for settings in (
        WindowSettings(radius=4.0, block=3, flow_potential=True),
        WindowSettings(radius=3.0, method="multigrid"),
    ):
        for region in (None, labels):
            moving_window(
                WindowLandscape.of_stencil(stencil, np.ones(stencil.shape) * stencil.surface.passable, region), settings
            )


def _sets(stencil, cuts, ends, edges) -> None:  # type: ignore[no-untyped-def]
    labels = region_labels(ends)
    network = reduce_landscape(stencil_laplacian(stencil, region=labels), (labels > 0) | edges.cells())
    sets, pairs = single_sets(edges.n_candidates), Pairs.every(2)
    circuit = CircuitOfSets.build(network, edges, 2, pairs)
    circuit.resistances(sets)
    circuit.opened(edges.delta[edges.states(sets[:1])[0]])
    DistancesOfSets.build(stencil, cost_weighted_distances(stencil, ends), edges, pairs).distances(sets)
    network.effective_resistances()


def _many_levels() -> None:
    """Multigrid on more cells than it treats as one block: one right-hand side, and several at once."""
    grid = grid_of((290, 300))
    stencil, _, _ = fenced(random_surface(8, grid, 0.1), (fence_across(grid),), 0.2)
    system = stencil_laplacian(stencil, ground=np.where(stencil.surface.passable, 1e-4, 0.0))
    current = np.where(system.active, np.random.default_rng(2).random((5, *grid.shape)), 0.0)
    for load in (current[0], current):
        solve(system, load, method="multigrid")


def _layers(surface) -> None:  # type: ignore[no-untyped-def]
    z = np.random.default_rng(1).normal(0, 30, surface.grid.shape)
    layer = Layer(name="z", values=z, nodata=surface.nodata, grid=surface.grid, unit="m")
    terrain.slope(layer, "percent")
    terrain.ruggedness(layer, "riley")


def unused_modules() -> list[str]:
    """Kernel modules of which no compiled function has run, itself or within one that calls it."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("rasters", "connectivity")
        for path in sorted((ROOT / package / "kernels").glob("**/*.py"))
        if path.stem not in LIMITS
    ]
    modules = {name: importlib.import_module(name) for name in names}
    used = {name for name, module in modules.items() if any(f.signatures for f in _compiled(module, name))}
    while True:
        called = {f.py_func.__module__ for name in used for f in _compiled(modules[name])} & set(names)
        if called <= used:
            return [name for name in names if name not in used and any(_compiled(modules[name], name))]
        used |= called


def _compiled(module: ModuleType, own: str = "") -> Iterator[Any]:
    """Compiled functions that a module holds; with ``own`` only those defined there."""
    for value in vars(module).values():
        if hasattr(value, "signatures") and (not own or value.py_func.__module__ == own):
            yield value


if __name__ == "__main__":
    main()
