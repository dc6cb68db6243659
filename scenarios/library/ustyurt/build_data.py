"""Rebuild the bundled data of the study from the regional source files.

    python scenarios/library/ustyurt/build_data.py --source ../shared/data/region [--check]

Every source file is held against its sha256 in SOURCES.yaml first. Without ``--check`` the files in ``data/`` are
replaced and their hashes written to SOURCES.yaml. With it nothing is changed: the files are rebuilt aside and their
contents (pixels; geometries and attributes) held against the recorded hashes, so another version of GDAL passes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[2]))

import geopandas as gpd  # noqa: E402
import numpy as np  # noqa: E402
import pyogrio  # noqa: E402
import rasterio  # noqa: E402
import shapely  # noqa: E402
import yaml  # noqa: E402
from pyproj import CRS  # noqa: E402

from rasters.errors import DataError, LayerNotFoundError, PlannerError  # noqa: E402
from scenarios.exit_codes import ExitCode, exit_code_of  # noqa: E402
from scenarios.library.ustyurt.data_borders import (  # noqa: E402
    border_lines,
    build_borders,
    build_fences,
    build_places,
    land_polygons,
)
from scenarios.library.ustyurt.data_rasters import build_rasters  # noqa: E402
from scenarios.library.ustyurt.data_reserves import build_reserves  # noqa: E402
from scenarios.library.ustyurt.study_grid import STUDY_WKT  # noqa: E402

__all__ = ["build", "check_sources", "content_sha256", "file_sha256", "main", "read_sources"]

DATA = HERE / "data"
SOURCES = HERE / "SOURCES.yaml"
PLACES = HERE / "schematic_places.yaml"
FIXED_DATE = "2025-01-01T00:00:00.000Z"
"""GeoPackages carry the time of their last change; ours is always this one, so that a rebuild gives the same file."""


def read_sources(path: Path = SOURCES) -> dict[str, Any]:
    """The record of source files and results."""
    record: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return record


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_sources(folder: Path, record: dict[str, Any]) -> None:
    """Raise unless every source file is in ``folder`` with the recorded sha256; all faults at once."""
    missing = [name for name in record["sources"] if not (folder / name).is_file()]
    if missing:
        raise LayerNotFoundError(f"{folder}: missing {', '.join(missing)}; --source must name the folder that has them")
    found = {name: file_sha256(folder / name) for name in record["sources"]}
    altered = [
        f"{folder / name}: sha256 is {found[name]}, SOURCES.yaml has {entry['sha256']}"
        for name, entry in record["sources"].items()
        if found[name] != entry["sha256"]
    ]
    if altered:
        raise DataError("altered source file; get the original or review and record the new one\n" + "\n".join(altered))


def content_sha256(path: Path) -> str:
    """sha256 of what a file says, whatever library wrote it: pixels or features, CRS and no-data tag."""
    said = raster_content(path) if path.suffix == ".tif" else vector_content(path)
    return hashlib.sha256(said).hexdigest()


def raster_content(path: Path) -> bytes:
    """Header and pixels of a GeoTIFF."""
    with rasterio.open(path) as source:
        header = [source.dtypes[0], source.shape, list(source.transform)[:6], source.nodata, same_crs(source.crs)]
        pixels: np.ndarray[Any, Any] = source.read(1)
    return json.dumps(header).encode() + pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def vector_content(path: Path) -> bytes:
    """Layers, attributes and coordinates (to 0.1 m) of a GeoPackage, features in their order."""
    said: list[Any] = []
    for layer, _ in pyogrio.list_layers(path):
        frame = gpd.read_file(path, layer=layer, engine="pyogrio")
        rounded = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.round(xy, 1) + 0.0)
        table = json.loads(frame.drop(columns="geometry").to_json(orient="split", double_precision=6))
        said.append([layer, same_crs(frame.crs), table, [shape.wkt for shape in shapely.normalize(rounded)]])
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()


def same_crs(crs: Any) -> bool:
    """Whether a CRS is the study's; the text of a CRS differs from library to library."""
    return bool(crs is not None and CRS.from_user_input(crs) == CRS.from_wkt(STUDY_WKT))


def build(source: Path, target: Path) -> None:
    """Write every bundled file into ``target``, an empty folder."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        land = land_polygons(source)
        lines = border_lines(land)
        build_rasters(source, target)
        build_borders(lines, land, target)
        build_places(source, target)
        build_reserves(lines, land, PLACES, target)
        build_fences(lines, land, target)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def compare(fresh: Path, record: dict[str, Any]) -> list[str]:
    """A line for every rebuilt file whose content is not the recorded one."""
    return [
        f"{name}: rebuilt content {content_sha256(fresh / name)}, SOURCES.yaml has {entry.get('content_sha256')}"
        for name, entry in record["results"].items()
        if content_sha256(fresh / name) != entry.get("content_sha256")
    ]


def install(fresh: Path, record: dict[str, Any]) -> None:
    """Move rebuilt files into ``data/`` and write their hashes to SOURCES.yaml."""
    for name, entry in record["results"].items():
        entry.update(sha256=file_sha256(fresh / name), content_sha256=content_sha256(fresh / name))
        (fresh / name).replace(DATA / name)
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=116)
    temporary = SOURCES.with_suffix(".yaml.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(SOURCES)


def run(source: Path, check: bool, say: Callable[[str], object] = print) -> int:
    """Rebuild and either compare or install; the exit code."""
    record = read_sources()
    check_sources(source, record)
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=None if check else DATA) as folder:
        fresh = Path(folder)
        build(source, fresh)
        if check:
            differing = compare(fresh, record)
            say("\n".join(differing) or f"{len(record['results'])} files rebuilt, all as recorded")
            return ExitCode.DIFFERS if differing else ExitCode.OK
        install(fresh, record)
    for name in record["results"]:
        say(f"{name:16} {(DATA / name).stat().st_size:>9,} bytes")
    return ExitCode.OK


def main(arguments: list[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="folder with the regional source files")
    parser.add_argument("--check", action="store_true", help="rebuild aside and compare; change nothing")
    chosen = parser.parse_args(arguments)
    try:
        return run(chosen.source, chosen.check)
    except PlannerError as error:
        print(f"error: {error}", file=sys.stderr)
        return exit_code_of(error)


if __name__ == "__main__":
    sys.exit(main())
