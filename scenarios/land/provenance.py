"""The inputs of a run as its manifest names them, and how positions were brought to the grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rasters.files.bands import FIRST, open_band
from rasters.files.formats import require_plain_vectors
from rasters.grid import Grid
from scenarios.land.inputs import input_files
from scenarios.study.load import ResolvedStudy

__all__ = ["crs_operations", "input_paths", "relative_name"]

VECTORS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml", ".gpx")
LON_LAT = "EPSG:4326"


def input_paths(resolved: Sequence[ResolvedStudy]) -> dict[str, Path]:
    """Every file that a run reads, by its name as the study writes it."""
    return {relative_name(path, one): path for one in resolved for path in input_files(one)}


def relative_name(path: Path, resolved: ResolvedStudy) -> str:
    """A file's place within its study; of a file elsewhere its name only, so that no folder of a machine is told."""
    return path.relative_to(resolved.folder).as_posix() if path.is_relative_to(resolved.folder) else path.name


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

        require_plain_vectors(path)
        found = (pyogrio.read_info(path, layer=name)["crs"] for name in pyogrio.list_layers(path)[:, 0])
        return {str(crs) for crs in found if crs}
    if path.suffix.lower() in (".yaml", ".yml"):
        return ()
    with open_band(path, FIRST) as band:
        return (band.crs.to_string(),) if band.crs else ()


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
