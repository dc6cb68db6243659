"""`otkel region`: from bounds to a study that runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rich.console import Console

from rasters.errors import DataError, OptionError
from rasters.grid import Grid
from scenarios.exit_codes import ExitCode
from scenarios.keys.new_study import checked_bounds, grid_around, require_new
from scenarios.progress import Reporter
from scenarios.records.hashing import sha256_of
from scenarios.region.cache import Cache, Kept
from scenarios.region.fetching import NotReached
from scenarios.region.profiles import region_profile
from scenarios.region.reading import Placed, opened, read_classes, read_ground
from scenarios.region.sources import BOUNDS, Relief, Source, Tile, WorldCover
from scenarios.region.vectors import read_found
from scenarios.region.writing import DESIGNS, layers_with, write_study

__all__ = ["Planned", "RegionStudy", "bounds_of", "make_region", "plan_region"]

DEGREE_M = 111_320.0
MOST_MB = 2000.0
"""More is fetched only when it is asked for [MB]."""
OSM = ("fences, roads, settlements", "ODbL 1.0", "Fences, roads and settlements: (c) OpenStreetMap contributors, ODbL")
WDPA = (
    "reserves", "WDPA terms of use: not to be redistributed, nor used commercially",
    "Reserves: UNEP-WCMC and IUCN, The World Database on Protected Areas (WDPA)",
)  # fmt: skip
"""Layer, licence and attribution of a file of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStudy:
    """A study that was written."""

    folder: Path
    files: tuple[str, ...]
    grid: str
    fetched_bytes: int
    coverage: str
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "folder": str(self.folder),
            "files": list(self.files),
            "grid": self.grid,
            "fetched_bytes": self.fetched_bytes,
        }

    def print(self, console: Console) -> None:
        """What was written, what is not known, and what comes next."""
        console.print(f"{self.folder}: {', '.join(self.files)}")
        console.print(f"grid: {self.grid}; {self.fetched_bytes / 1e6:.1f} MB of sources (SOURCES.yaml)")
        console.print(
            f"fences: coverage {self.coverage}; put lines into data/fences.gpkg and name them under fences.active"
        )
        console.print("replace what is marked PLACEHOLDER in study.yaml, first the two cores")
        console.print(f"then: otkel check {self.folder}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be fetched: address, and bytes, 0 for what is here already and for what the source has not."""

    rows: tuple[tuple[str, int], ...]
    grid: str
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"grid": self.grid, "files": [{"url": url, "bytes": size} for url, size in self.rows]}

    def print(self, console: Console) -> None:
        """One line for each file."""
        console.print(f"grid: {self.grid}")
        for url, size in self.rows:
            console.print(f"{f'{size / 1e6:8.1f} MB' if size else '       none'}  {url}")
        total = sum(size for _, size in self.rows)
        console.print(f"{total / 1e6:.1f} MB to fetch; none: is kept already, or is not there, which is sea")


def bounds_of(bbox: Sequence[float] | None, area: Path | None) -> Sequence[float]:
    """Bounds as they are given or those of a vector file [degrees]; OptionError unless one of both is given."""
    if bbox is not None and area is None:
        return bbox
    if area is not None and bbox is None:
        return _area_bounds(area)
    raise OptionError("give either bbox=(west, south, east, north) or area=FILE (--bbox W S E N, or --area FILE)")


def _area_bounds(path: Path) -> BOUNDS:
    """Bounds of the features of a vector file [degrees]."""
    from pyogrio import read_bounds, read_info
    from pyogrio.errors import DataSourceError
    from pyproj import Transformer

    try:
        crs, (_, boxes) = read_info(path)["crs"], read_bounds(path)
    except DataSourceError as error:
        raise DataError(f"--area {path}: cannot be read as vectors ({error})") from None
    if crs is None or not boxes.size:
        raise DataError(f"--area {path}: has no {'features' if crs else 'coordinate reference system'}")
    whole = (boxes[0].min(), boxes[1].min(), boxes[2].max(), boxes[3].max())
    west, south, east, north = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform_bounds(*whole)
    return west, south, east, north


def plan_region(
    bounds_deg: Sequence[float], cell_m: float | None, *, dem: Path | None, landcover: Path | None
) -> Planned:
    """What `make_region` would fetch."""
    bounds = checked_bounds(bounds_deg, "--bbox")
    grid, cache = grid_around(bounds, cell_m), Cache.of_user()
    sources = _sources(grid, dem, landcover)
    return Planned(rows=_to_fetch(sources, cache, _reach(grid, bounds)), grid=str(grid))


def make_region(
    folder: Path, bounds_deg: Sequence[float], species: Sequence[str], reporter: Reporter, *, cell_m: float | None = None,
    offline: bool = False, dem: Path | None = None, landcover: Path | None = None,
    pbf: Path | None = None, wdpa: Path | None = None, most_mb: float = MOST_MB,
) -> RegionStudy:  # fmt: skip
    """Fetch what is not kept yet, read it into a grid, write the study.

    Parameters
    ----------
    folder : Path
        New; its name is the study's id.
    bounds_deg : four floats
        West, south, east, north [degrees].
    species : sequence of str
        Names of bundled profiles.
    pbf, wdpa : Path, optional
        Extract of OpenStreetMap; WDPA polygons.
    most_mb : float
        Nothing is fetched when it would be more [MB].
    dem, landcover : Path, optional
        Rasters instead of the public ones: heights in metres; codes of WorldCover.
    """
    require_new(folder)
    bounds = checked_bounds(bounds_deg, "--bbox")
    grid, cache = grid_around(bounds, cell_m), Cache.of_user(offline=offline)
    _require_files({"--pbf": pbf, "--wdpa": wdpa})
    found = read_found(grid, _reach(grid, bounds), pbf, wdpa)
    profiles = {name: region_profile(name, layers_with(found), DESIGNS) for name in species}
    (relief, relief_file), (cover, cover_file) = _sources(grid, dem, landcover)
    total = sum(
        size for _, size in _to_fetch(((relief, relief_file), (cover, cover_file)), cache, _reach(grid, bounds))
    )
    if total > most_mb * 1e6:
        raise OptionError(
            f"--most-mb {most_mb:g}: {total / 1e6:.0f} MB would be fetched; --plan lists them; allow more, or give files of yours"
        )
    lon_0 = (bounds[0] + bounds[2]) / 2
    got = {
        source.key: [] if file else _fetched(source, cache, _reach(grid, bounds), reporter)
        for source, file in ((relief, relief_file), (cover, cover_file))
    }
    with _raster(got["relief"], cache, relief_file, lon_0) as source:
        ground = read_ground(source, grid, _pixel_m(source))
    with _raster(got["landcover"], cache, cover_file, lon_0) as source:
        classes = read_classes(source, grid)
    rows = [_row(relief, relief_file, got["relief"]), _row(cover, cover_file, got["landcover"])]
    rows += [_row_of(path, *words) for path, words in ((pbf, OSM), (wdpa, WDPA)) if path is not None]
    degrees = "west {:g}, south {:g}, east {:g}, north {:g} degrees".format(*bounds_deg)
    files = write_study(folder, grid, ground, classes, profiles, rows, degrees, found)
    fetched = sum(kept.n_bytes for pairs in got.values() for _, kept in pairs)
    coverage = "partial" if "fences" in found.tables else "unknown"
    return RegionStudy(folder=folder, files=files, grid=str(grid), fetched_bytes=fetched, coverage=coverage)


def _sources(
    grid: Grid, dem: Path | None, landcover: Path | None
) -> tuple[tuple[Source, Path | None], tuple[Source, Path | None]]:
    _require_files({"--dem": dem, "--landcover": landcover})
    return (Relief(grid.cell_width_m), dem), (WorldCover(), landcover)


def _require_files(given: Mapping[str, Path | None]) -> None:
    for option, path in given.items():
        if path is not None and not path.is_file():
            raise OptionError(f"{option} {path}: is not there")


def _to_fetch(
    sources: Sequence[tuple[Source, Path | None]], cache: Cache, bounds: BOUNDS
) -> tuple[tuple[str, int], ...]:
    return tuple(
        (tile.url, cache.to_fetch(source, tile))
        for source, file in sources
        if file is None
        for tile in source.tiles(bounds)
    )


def _reach(grid: Grid, bounds: BOUNDS) -> BOUNDS:
    """Bounds of the whole grid, which is wider than what it holds [degrees]."""
    left, bottom, right, top = grid.bounds
    x, y = np.meshgrid(np.linspace(left, right, 33), np.linspace(bottom, top, 33))
    lon, lat = grid.lonlat(x.ravel(), y.ravel())
    middle = (bounds[0] + bounds[2]) / 2
    lon = middle + (lon - middle + 180) % 360 - 180
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _fetched(source: Source, cache: Cache, bounds: BOUNDS, reporter: Reporter) -> list[tuple[Tile, Kept]]:
    """Every tile; all that cannot be reached in one error."""
    tiles, got, faults = list(source.tiles(bounds)), [], []
    reporter.expect(len(tiles), source.title)
    for tile in tiles:
        try:
            got.append((tile, cache.get(source, tile)))
        except NotReached as error:
            faults.append(str(error))
        reporter.step(source.title)
    if faults:
        raise DataError("\n".join(faults))
    if not any(kept.sha256 for _, kept in got):
        raise DataError(
            f"{source.title}: has no tile in these bounds; is it all sea? A file can be given: {source.by_hand} FILE"
        )
    return got


@contextmanager
def _raster(got: Sequence[tuple[Tile, Kept]], cache: Cache, file: Path | None, lon_0: float) -> Iterator[Any]:
    if file is None:
        _require_rasters([kept for _, kept in got if kept.sha256], cache)
        placed = [Placed(path=cache.path(kept), west=tile.west) for tile, kept in got if kept.sha256]
        with opened(placed, lon_0) as source:
            yield source
        return
    try:
        source = rasterio.open(file)
    except rasterio.errors.RasterioIOError as error:
        raise DataError(f"{file}: cannot be read as a raster ({error})") from None
    with source:
        if source.crs is None:
            raise DataError(f"{file}: has no coordinate reference system; assign one (gdal_edit -a_srs EPSG:...)")
        yield source


def _require_rasters(files: Sequence[Kept], cache: Cache) -> None:
    """What came and is no raster is not kept."""
    wrong = []
    for kept in files:
        try:
            rasterio.open(cache.path(kept)).close()
        except rasterio.errors.RasterioIOError:
            wrong.append(kept.url)
            cache.path(kept).unlink()
    if wrong:
        raise DataError("\n".join(f"{url}: what came is no raster, and is not kept; try again" for url in wrong))


def _pixel_m(source: Any) -> float:
    return float(-source.transform.e) * (DEGREE_M if source.crs.is_geographic else 1.0)


def _row(source: Source, file: Path | None, got: Sequence[tuple[Tile, Kept]]) -> dict[str, Any]:
    if file is not None:
        return _row_of(file, source.key, "unknown: say it here", f"{source.key}: {file.name}")
    return {
        "layer": source.key, "title": source.title, "licence": source.licence, "attribution": source.attribution,
        "files": [asdict(kept) for _, kept in got],
    }  # fmt: skip


def _row_of(file: Path, layer: str, licence: str, attribution: str) -> dict[str, Any]:
    """A row of SOURCES.yaml for a file of the user."""
    return {
        "layer": layer, "title": file.name, "licence": licence, "attribution": attribution,
        "files": [{"file": file.name, "sha256": sha256_of(file), "n_bytes": file.stat().st_size}],
    }  # fmt: skip
