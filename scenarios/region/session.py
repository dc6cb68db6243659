"""`otkel region`: from bounds to a study that runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from rasters.errors import DataError, OptionError
from scenarios.exit_codes import ExitCode
from scenarios.keys.new_study import require_new
from scenarios.progress import Reporter
from scenarios.records.hashing import sha256_of
from scenarios.region.addresses import cache_of_user
from scenarios.region.cache import Cache
from scenarios.region.fetching import NotReached
from scenarios.region.given import Given
from scenarios.region.limits import MOST_MB
from scenarios.region.profiles import region_profile
from scenarios.region.source import Got, Layers, Place, Source
from scenarios.region.writing import DESIGNS, layers_with, write_study

__all__ = ["Planned", "RegionStudy", "make_region", "plan_region"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStudy:
    """A study that was written.

    Parameters
    ----------
    fetched_bytes, source_bytes : int
        What was fetched for it now; and all that it is made of, with what was kept of earlier times.
    left_out : dict of str to int
        What of the sources was not taken, and how many.
    """

    folder: Path
    files: tuple[str, ...]
    grid: str
    fetched_bytes: int
    source_bytes: int
    coverage: str
    left_out: dict[str, int] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "folder": str(self.folder),
            "files": list(self.files),
            "grid": self.grid,
            "fetched_bytes": self.fetched_bytes,
            "source_bytes": self.source_bytes,
            "coverage": self.coverage,
            "left_out": self.left_out,
        }

    def print(self, console: Console) -> None:
        """What was written, what is not known, and what comes next."""
        console.print(f"{self.folder}: {', '.join(self.files)}")
        console.print(
            f"grid: {self.grid}; {self.fetched_bytes / 1e6:.1f} MB fetched, {self.source_bytes / 1e6:.1f} MB of sources (SOURCES.yaml)"
        )
        if self.left_out:
            console.print("left out: " + ", ".join(f"{number} {what}" for what, number in self.left_out.items()))
        console.print(
            f"fences: coverage {self.coverage}; put lines into data/fences.gpkg and name them under fences.active"
        )
        console.print("replace what is marked PLACEHOLDER in study.yaml, first the two cores")
        console.print(f"then: otkel check {self.folder}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be fetched: address, and bytes; 0 for what is here already and for what the source has not, -1 where only
    fetching tells."""

    rows: tuple[tuple[str, int], ...]
    grid: str
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        files = [{"url": url, "bytes": None if size < 0 else size} for url, size in self.rows]
        return {"grid": self.grid, "files": files}

    def print(self, console: Console) -> None:
        """One line for each file."""
        console.print(f"grid: {self.grid}")
        for url, size in self.rows:
            shown = f"{size / 1e6:8.2f} MB" if size > 0 else "       none" if size == 0 else "    unknown"
            console.print(f"{shown}  {url}")
        more = sum(size < 0 for _, size in self.rows)
        console.print(
            f"{_megabytes(self.rows):.2f} MB to fetch{f', and {more} answers of a size that is not known before' if more else ''}; "
            "none: is kept already, or is not there, which is sea"
        )


def plan_region(bounds_deg: Sequence[float], cell_m: float | None, given: Given) -> Planned:
    """What `make_region` would fetch."""
    place = Place.around(bounds_deg, cell_m)
    rows = _to_fetch(given.sources(place), cache_of_user(), place)
    return Planned(rows=rows, grid=str(place.grid))


def make_region(
    folder: Path,
    bounds_deg: Sequence[float],
    species: Sequence[str],
    reporter: Reporter,
    *,
    given: Given | None = None,
    cell_m: float | None = None,
    offline: bool = False,
    most_mb: float = MOST_MB,
) -> RegionStudy:
    """Fetch what is not kept yet, read it into a grid, write the study.

    Parameters
    ----------
    folder : Path
        New; its name is the study's id.
    bounds_deg : four floats
        West, south, east, north [degrees].
    species : sequence of str
        Names of bundled profiles.
    given : Given, optional
        Files and choices of the user.
    most_mb : float
        Nothing is fetched when it would be more [MB].
    """
    require_new(folder)
    for name in species:
        region_profile(name, (), DESIGNS)
    place, cache = Place.around(bounds_deg, cell_m), cache_of_user(offline=offline)
    if offline and given and given.wdpa_countries:
        raise OptionError("--wdpa-country: what comes of it may not be kept, so --offline has none; give --wdpa FILE")
    sources = (given or Given()).sources(place)
    read = {
        source.key: source.read(place, ()) for source in sources if source.files
    }  # their faults before any is fetched
    _require_little(_to_fetch(sources, cache, place), most_mb)
    layers, rows = Layers(), []
    got = {source.key: _fetched(source, cache, place, reporter) for source in sources if not source.files}
    for source in sources:
        found = read[source.key] if source.files else source.read(place, got[source.key])
        layers = layers.and_then(found)
        rows.append(_row(source, got.get(source.key, ()), found))
    profiles = {name: region_profile(name, layers_with(layers), DESIGNS) for name in species}
    degrees = "west {:g}, south {:g}, east {:g}, north {:g} degrees".format(*bounds_deg)
    files = write_study(folder, place.grid, layers, profiles, rows, degrees)
    pieces = [one for some in got.values() for one in some]
    unkept = sum(one.n_bytes for one in layers.fetched)
    return RegionStudy(
        folder=folder,
        files=files,
        grid=str(place.grid),
        coverage="partial" if "fences" in layers.tables else "unknown",
        fetched_bytes=sum(one.kept.n_bytes for one in pieces if one.is_new) + unkept,
        source_bytes=sum(one.kept.n_bytes for one in pieces)
        + unkept
        + sum(path.stat().st_size for source in sources for path in source.files if path.is_file()),
        left_out=dict(layers.left_out),
    )


def _require_little(rows: Sequence[tuple[str, int]], most_mb: float) -> None:
    total = _megabytes(rows)
    if total > most_mb:
        raise OptionError(
            f"--most-mb {most_mb:g}: {total:.0f} MB would be fetched; --plan lists them; allow more, or give files of yours"
        )


def _megabytes(rows: Sequence[tuple[str, int]]) -> float:
    return sum(size for _, size in rows if size > 0) / 1e6


def _to_fetch(sources: Sequence[Source], cache: Cache, place: Place) -> tuple[tuple[str, int], ...]:
    known = [(ask.url, cache.to_fetch(source, ask)) for source in sources for ask in source.asks(place)]
    return (*known, *((source.title, -1) for source in sources if not source.files and not source.asks(place)))


def _fetched(source: Source, cache: Cache, place: Place, reporter: Reporter) -> list[Got]:
    """Every file of a source; all that cannot be reached in one error."""
    asks, got, faults = source.asks(place), [], []
    reporter.expect(len(asks), source.title)
    for ask in asks:
        try:
            got.append(cache.get(source, ask))
        except NotReached as error:
            faults.append(str(error))
        reporter.step(source.title)
    if faults:
        raise DataError("\n".join(faults))
    if asks and not any(one.path for one in got):
        raise DataError(
            f"{source.title}: has no tile in these bounds; is it all sea? A file can be given: {source.by_hand} FILE"
        )
    return got


def _row(source: Source, got: Sequence[Got], found: Layers) -> dict[str, Any]:
    """A row of SOURCES.yaml."""
    files = [
        {"file": path.name, "sha256": sha256_of(path), "n_bytes": path.stat().st_size}
        if path.is_file()
        else {"file": path.name}
        for path in source.files
    ]
    left_out = {"left_out": dict(found.left_out)} if found.left_out else {}
    return {
        "source": source.key,
        "title": source.title,
        "licence": source.licence,
        "attribution": source.attribution,
        "files": [*files, *(one.as_row() for one in (*(one.kept for one in got), *found.fetched))],
        **left_out,
    }
