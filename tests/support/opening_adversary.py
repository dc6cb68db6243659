"""Somebody who has public files, the fences and the relief, and looks for one opening: three ways, measured.

``python -m tests.support.opening_adversary`` opens a fence of the bundled study at one place after the other, writes what each
audience gets, attacks it, and prints how near the guesses came: median error, guesses within 5 km, beside chance and the promised
cells. An attacker for whom nothing is left guesses where straight lines between the public's places cross the fence.

- *cost classes inverted*: searches over the public resistance with the fence open at one place after the other; the place whose
  costs order the cells most like the public's classes do.
- *peak of corridor and current*: the place along the fence where both are highest.
- *two releases set off*: the place along the fence where the release after the opening differs most from that before.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy.ndimage import binary_dilation
from scipy.stats import spearmanr
from skimage.graph import MCP_Geometric

from rasters.errors import ConfigError
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.species_run import run_species
from scenarios.outputs.audience import Audience, promised_deg
from scenarios.outputs.generalise import generalised
from scenarios.outputs.gis.geopackage import write_layers
from scenarios.outputs.gis.rasters import write_rasters
from scenarios.outputs.release import Release
from scenarios.study.load import resolve
from tests.support.adversary import WGS84, _along, _between_places, _fence_points, _km, _smoothed

Reals = NDArray[np.float64]
NEAR_KM = 5.0
PLACES = 250
"""Places along the fences that are tried."""
CELLS = 30_000
"""Cells of the attacker's searches, at most."""


@dataclass(frozen=True, slots=True)
class Try:
    """One opening, and the files of before and after it for each reader."""

    truth: Reals
    before: dict[str, Path]
    after: dict[str, Path]


READERS: dict[str, Callable[[Release], Release]] = {
    "all, as computed": lambda run: run,
    "classes of promised cells": lambda run: generalised(replace(run, openings_stand=False), Audience.PUBLIC),
    "public": lambda run: generalised(run, Audience.PUBLIC),
}
"""Whose files are attacked; the second is what the public would get if nothing were withheld once an opening stands."""


def prior(after: Path) -> Reals:
    """What is left to an attacker without any layer: where straight lines between places cross the fence."""
    return _between_places(after, _points(after))[0]


def inverted_costs(before: Path, after: Path) -> Reals:
    """The place whose costs order the cells most like the classes do."""
    told = _read(after / "cost_weighted_distance.tif")
    if not np.isfinite(told).any():
        return prior(after)
    spots, costs, step = _searches(after)
    told = told[::step, ::step].ravel()
    some = np.isfinite(told) & np.isfinite(costs).any(axis=0)
    fits = [spearmanr(told[some], np.where(np.isfinite(c[some]), c[some], 1e12)).statistic for c in costs]
    return spots[int(np.nanargmax(fits))]


def highest_flow(before: Path, after: Path) -> Reals:
    """The place along the fence where corridor and current are best."""
    return _best(after, [_flow(after, stem, sign) for stem, sign in FLOWS])


def set_off(before: Path, after: Path) -> Reals:
    """The place along the fence where the releases differ most."""
    changes = [_known(_flow(after, stem, sign)) - _known(_flow(before, stem, sign)) for stem, sign in FLOWS]
    nothing = all(not np.isfinite(_flow(after, stem, sign)).any() for stem, sign in FLOWS)
    return prior(after) if nothing else _best(after, changes)


ATTACKS = {
    "cost classes inverted": inverted_costs,
    "peak of corridor and current": highest_flow,
    "two releases set off": set_off,
}
FLOWS = (("current_density", 1.0), ("corridor", -1.0))


def _flow(folder: Path, stem: str, sign: float) -> Reals:
    return sign * _along(folder / f"{stem}.tif", _points(folder))


def _known(values: Reals) -> Reals:
    """Nothing passes where there is no route: less than the least that is known."""
    finite = np.isfinite(values)
    return np.where(finite, values, values[finite].min() - 1.0 if finite.any() else 0.0)


def _best(folder: Path, layers: Sequence[Reals]) -> Reals:
    points = _points(folder)
    known = [values for values in layers if np.isfinite(values).any() and np.ptp(values[np.isfinite(values)]) > 0]
    if not known:
        return prior(folder)
    score = np.mean([_smoothed(points, _ranks(values), 4) for values in known], axis=0)
    top = np.flatnonzero(score >= score.max() - 1e-12)
    return shapely.get_coordinates(points.geometry)[top[len(top) // 2]]


def _ranks(values: Reals) -> Reals:
    """From 0 to 1, the highest most of all; unknown is 0."""
    out = np.zeros(values.shape)
    finite = np.isfinite(values)
    out[finite] = np.searchsorted(np.sort(values[finite]), values[finite], side="left") / finite.sum()
    return out**8


@lru_cache(maxsize=64)
def _points(folder: Path) -> gpd.GeoDataFrame:
    return _fence_points(folder)


def _read(path: Path) -> Reals:
    with rasterio.open(path) as file:
        values = file.read(1).astype(float)
        return np.where(file.read_masks(1) > 0, values, np.nan) if file.nodata is not None else values


def _searches(folder: Path) -> tuple[Reals, Reals, int]:
    """Places along the fence, the costs to the targets if the fence is open there alone, and each how many cells are looked at."""
    with rasterio.open(folder / "resistance.tif") as file:
        crs, transform = file.crs, file.transform
    places = gpd.read_file(folder / "results.gpkg", layer="places")
    key = (_read(folder / "resistance.tif").tobytes(), _lines(folder), places[places["role"] == "to"].union_all().wkb)
    return _searched(key, folder, str(crs), transform)


def _lines(folder: Path) -> bytes:
    return bytes(gpd.read_file(folder / "results.gpkg", layer="fence_lines").union_all().wkb)


@lru_cache(maxsize=4)
def _searched(key: tuple[bytes, ...], folder: Path, crs: str, transform: rasterio.Affine) -> tuple[Reals, Reals, int]:
    resistance = _read(folder / "resistance.tif")
    step = max(1, int(np.ceil(np.sqrt(resistance.size / CELLS))))
    land = resistance[::step, ::step]
    left, top, width, height = transform.c, transform.f, transform.a * step, transform.e * step
    coarse = rasterio.Affine(width, 0.0, left, 0.0, height, top)
    lines, ends = shapely.from_wkb(key[1]), shapely.from_wkb(key[2])
    fence = rasterize([lines], land.shape, transform=coarse, all_touched=True).astype(bool)
    fence |= binary_dilation(fence, np.array([[0, 1, 0], [0, 1, 1], [0, 0, 0]], bool))  # no diagonal slips through
    targets = rasterize([ends], land.shape, transform=coarse, all_touched=True).astype(bool)
    cost = np.where(np.isfinite(land) & (land > 0), land, -1.0)
    sealed = np.where(fence, -1.0, cost)
    from_targets = _spread(sealed, np.argwhere(targets & (sealed > 0)))
    points = _points(folder).iloc[:: max(1, len(_points(folder)) // PLACES)]
    spots, found = [], []
    for spot, (x, y) in zip(
        shapely.get_coordinates(points.geometry), shapely.get_coordinates(points.to_crs(crs).geometry), strict=True
    ):
        col, row = int(np.floor((x - left) / width)), int(np.floor((y - top) / height))
        if not (0 <= row < land.shape[0] and 0 <= col < land.shape[1]):
            continue
        gate = np.zeros(land.shape, bool)
        gate[max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3] = True
        from_gate = _spread(np.where(gate & (cost > 0), cost, sealed), np.argwhere(gate & (cost > 0)))
        beyond = np.where(binary_dilation(gate, iterations=2), from_targets, np.inf).min()
        spots.append(spot)
        found.append(np.minimum(from_targets, beyond + from_gate).ravel())
    return np.array(spots), np.array(found), step


def _spread(cost: Reals, starts: NDArray[np.int64]) -> Reals:
    if not len(starts):
        return np.full(cost.shape, np.inf)
    return MCP_Geometric(cost, fully_connected=True).find_costs(starts.tolist())[0]


def tries(
    study: str,
    species: str,
    folder: Path,
    *,
    n: int,
    scenario: str | None = None,
    cell_m: float | None = None,
    design: str,
) -> Iterator[Try]:
    """Openings at even distances along the fences, one at a time, and what each reader gets."""
    grid = {} if cell_m is None else {"grid.cell_m": cell_m}
    closed = resolve(study, scenario, grid | {"openings": []})
    inputs = read_inputs(closed, [species])
    before = _written(run_species(prepare_species(closed, inputs, species)), folder / "before")
    fences = inputs.cuts.fences
    ends = np.cumsum([fence.length_m for fence in fences])
    for number, at in enumerate(ends[-1] * (np.arange(n) + 0.5) / n):
        fence = fences[int(np.searchsorted(ends, at))]
        spot = fence.line.interpolate(at - ends[int(np.searchsorted(ends, at))] + fence.length_m)
        if not inputs.grid.holds(*(int(v) for v in inputs.grid.cells_at(spot.x, spot.y))):
            continue
        lon, lat = (float(v) for v in inputs.grid.lonlat(spot.x, spot.y))
        opening = {"id": "one", "fence_line": fence.fence_line, "design": design, "lon": lon, "lat": lat}
        opened = resolve(study, scenario, grid | {"openings": [opening]})
        try:
            ready = prepare_species(opened, read_inputs(opened, [species], layers=inputs.layers), species)
        except ConfigError:  # in water, where nothing passes
            continue
        run = run_species(ready)
        yield Try(np.array([lon, lat]), before, _written(run, folder / f"after-{number}"))


def _written(run: Release, folder: Path) -> dict[str, Path]:
    out = {}
    for number, (reader, shown) in enumerate(READERS.items()):
        out[reader] = folder / str(number)
        out[reader].mkdir(parents=True)
        release = shown(Release.of(run))
        write_rasters(release, out[reader])
        write_layers(release, out[reader])
    return out


def errors_km(every: Sequence[Try]) -> dict[tuple[str, str], Reals]:
    """(attack, reader) -> distance from the guess to the opening in each try [km]."""
    return {
        (name, reader): np.array([_km(attack(one.before[reader], one.after[reader]), one.truth) for one in every])
        for name, attack in ATTACKS.items()
        for reader in READERS
    }


def chance_km(every: Sequence[Try]) -> Reals:
    """Distance from points anywhere along the fence to each opening [km]."""
    points = shapely.get_coordinates(_points(every[0].after["public"]).to_crs(WGS84).geometry)[::20]
    return np.array([[_km(point, one.truth) for point in points] for one in every])


def table(every: Sequence[Try], degrees: float) -> str:
    """Rows of Markdown: one for each attack and reader, and chance."""
    lines = [
        "| attack | files | tries | median error km | within 5 km | promised grid |",
        "|---|---|---:|---:|---:|---|",
    ]
    rows = [(*key, errors, f"{int((errors < NEAR_KM).sum())}") for key, errors in errors_km(every).items()]
    chance = chance_km(every)
    rows.append(("any point of the fence", "none (chance)", chance, f"{len(every) * (chance < NEAR_KM).mean():.1f}"))
    for name, reader, errors, near in rows:
        lines.append(
            f"| {name} | {reader} | {len(every)} | {np.median(errors):.0f} | {near} | {degrees:g} degree, {degrees * 111.2:.0f} km |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure on the bundled study, or on another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", default="ustyurt")
    parser.add_argument("--species", default="kulan", help="one that closed fences keep out")
    parser.add_argument("--design", default="wires_removed")
    parser.add_argument("--scenario")
    parser.add_argument("--cell", type=float, default=4000.0, help="metres")
    parser.add_argument("--tries", type=int, default=17)
    chosen = parser.parse_args()
    settings = {"n": chosen.tries, "scenario": chosen.scenario, "cell_m": chosen.cell, "design": chosen.design}
    with tempfile.TemporaryDirectory() as name:
        every = list(tries(chosen.study, chosen.species, Path(name), **settings))
        print(table(every, promised_deg(0.1)))


if __name__ == "__main__":
    main()
