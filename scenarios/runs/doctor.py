"""`otkel doctor`: what is installed and whether the solvers work on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from affine import Affine
from rich.console import Console

from connectivity.circuit.solve import solve
from connectivity.focal import FocalRegion
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from connectivity.reduction.reduce import reduce_landscape
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from scenarios.exit_codes import ExitCode
from scenarios.model.steps import open_store
from scenarios.progress import Reporter
from scenarios.study.load import bundled_studies

__all__ = ["DoctorReport", "examine"]

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "rasterio",
    "geopandas",
    "shapely",
    "pyproj",
    "networkx",
    "scikit-image",
    "highspy",
    "dask",
    "matplotlib",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """Facts about this installation, and whether two solvers agree on a test landscape.

    Parameters
    ----------
    fetched : sequence of mappings
        Files that were fetched and are kept, where they were asked for: ``url``, ``n_bytes``, ``fetched``, ...
    """

    facts: dict[str, str]
    passed: bool
    fetched: Sequence[Mapping[str, Any]] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Whether the solvers agree."""
        return ExitCode.OK if self.passed else ExitCode.SOLVER

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"passed": self.passed, **self.facts, **({"fetched": list(self.fetched)} if self.fetched else {})}

    def print(self, console: Console) -> None:
        """One line per fact."""
        for name, text in self.facts.items():
            console.print(f"{name:22s} {text}", markup=False)
        for one in self.fetched:
            console.print(f"{one['n_bytes'] / 1e6:8.2f} MB  {one['fetched']}  {one['url']}", markup=False)


def examine(
    reporter: Reporter, more: Mapping[str, str] | None = None, fetched: Sequence[Mapping[str, Any]] = ()
) -> DoctorReport:
    """Collect versions, threads and memory; solve one landscape two ways. ``more`` are facts of whoever asks."""
    reporter.expect(2, "looking at what is installed")
    facts = {"otkel": _version("otkel"), "python": platform.python_version(), "system": platform.platform(terse=True)}
    facts |= {name: _version(name) for name in PACKAGES}
    facts["processors"] = str(os.cpu_count())
    facts["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    facts["free disk here"] = f"{shutil.disk_usage('.').free / 2**30:.0f} GiB"
    facts["bundled studies"] = ", ".join(bundled_studies())
    facts["solved steps"] = _kept_steps()
    facts |= more or {}
    reporter.step("solving one landscape in two ways")
    passed, facts["solvers"] = _solvers_agree()
    reporter.step("done")
    return DoctorReport(facts=facts, passed=passed, fetched=fetched)


def _kept_steps() -> str:
    store = open_store()
    number, size = store.size()
    within = f"{store.limit_bytes / 2**30:g} GiB at most; otkel doctor --clear-steps removes them"
    return f"{number} kept in {store.folder} ({size / 2**20:.0f} MiB of {within})"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "NOT INSTALLED"


def _solvers_agree() -> tuple[bool, str]:
    """Effective resistance across a random 200 x 200 landscape by multigrid and by exact reduction."""
    start = time.perf_counter()
    grid = Grid("EPSG:6933", Affine(1000, 0, 0, 0, -1000, 0), (200, 200))
    values = np.exp(np.random.default_rng(7).normal(0, 1, grid.shape))
    a, b = FocalRegion.cell("a", 10, 10, grid), FocalRegion.cell("b", 190, 180, grid)
    system = stencil_laplacian(build_stencil(ResistanceSurface.from_array(values, grid)))
    current = a.mask.astype(float) - b.mask
    voltage, _ = solve(system, current, method="multigrid", tolerance=1e-9)
    network = reduce_landscape(system, a.mask | b.mask)
    ohm = float(voltage[a.mask][0] - voltage[b.mask][0])
    exact = network.effective_resistance(0, 1)
    error = abs(ohm / exact - 1)
    seconds = time.perf_counter() - start
    return error < 1e-6, f"multigrid and exact reduction differ by {error:.1e} ({seconds:.1f} s, compilation included)"
