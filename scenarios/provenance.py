"""What a manifest says besides settings and results: the inputs, the machine, and how positions were brought to the grid."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba

from rasters.grid import Grid
from scenarios.inputs import input_files
from scenarios.load import ResolvedStudy

__all__ = ["Meter", "crs_operations", "input_paths", "machine", "now", "relative_name"]

VECTORS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gml", ".kml")
LON_LAT = "EPSG:4326"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def input_paths(resolved: Sequence[ResolvedStudy]) -> dict[str, Path]:
    """Every file that a run reads, by its name as the study writes it."""
    return {relative_name(path, one): path for one in resolved for path in input_files(one)}


def relative_name(path: Path, resolved: ResolvedStudy) -> str:
    """A file's place within its study; of a file elsewhere its name only, so that no folder of a machine is told."""
    return path.relative_to(resolved.folder).as_posix() if path.is_relative_to(resolved.folder) else path.name


def machine() -> dict[str, Any]:
    """Processor, memory and system; no name of a machine or of a user."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "threads": numba.get_num_threads(),
    }


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model, where the system tells."""
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class Meter:
    """Seconds since it was made, of the clock and of all processors, and the largest memory of this process so far."""

    began_s: float = field(default_factory=time.perf_counter)
    began_processor_s: float = field(default_factory=time.process_time)

    def read(self) -> dict[str, Any]:
        """``seconds``, ``processor_seconds`` and ``peak_memory_bytes``."""
        unit = 1 if sys.platform == "darwin" else 1024
        return {
            "seconds": round(time.perf_counter() - self.began_s, 2),
            "processor_seconds": round(time.process_time() - self.began_processor_s, 2),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        }


def crs_operations(resolved: Sequence[ResolvedStudy], grid: Grid) -> list[dict[str, Any]]:
    """How vectors, rasters and longitudes and latitudes of a study were brought to its grid.

    Returns
    -------
    list of dict
        ``files`` that are on one coordinate reference system, ``from``, ``to``, the ``operation`` that PROJ takes in the
        middle of the grid with its ``pipeline``, and its stated ``accuracy_m``, None where none is stated. Files that are on
        the grid's own are left out.
    """
    by_crs: dict[str, list[str]] = {LON_LAT: []}
    for name, path in input_paths(resolved).items():
        for crs in _crs_of(path):
            by_crs.setdefault(crs, []).append(name)
    target = grid.pyproj_crs
    return [_operation(crs, sorted(set(names)), grid) for crs, names in by_crs.items() if not target.equals(crs)]


def _crs_of(path: Path) -> Iterable[str]:
    """Coordinate reference systems of a file's layers; none for a file that has no places."""
    if path.suffix.lower() in VECTORS:
        import pyogrio

        found = (pyogrio.read_info(path, layer=name)["crs"] for name in pyogrio.list_layers(path)[:, 0])
        return {str(crs) for crs in found if crs}
    if path.suffix.lower() in (".yaml", ".yml"):
        return ()
    import rasterio

    with rasterio.open(path) as file:
        return (file.crs.to_string(),) if file.crs else ()


def _operation(crs: str, files: list[str], grid: Grid) -> dict[str, Any]:
    from pyproj import CRS

    transformer = grid.transformer(crs)
    x, y = grid.xy(grid.height // 2, grid.width // 2)
    transformer.transform(*transformer.transform(float(x), float(y), direction="INVERSE"))
    used = transformer.get_last_used_operation()
    return {
        "files": files or ["longitudes and latitudes in settings and tables"],
        "from": _title(CRS.from_user_input(crs)),
        "to": _title(grid.pyproj_crs),
        "operation": used.description,
        "pipeline": used.definition,
        "accuracy_m": used.accuracy if used.accuracy is not None and used.accuracy >= 0 else None,
    }


def _title(crs: Any) -> str:
    authority = crs.to_authority()
    return f"{crs.name} ({':'.join(authority)})" if authority else str(crs.name)
