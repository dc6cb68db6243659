"""Somebody who has only what the public got, and wants to know where the passages are.

``attack`` reads a folder of public files and guesses; it never sees the results. ``python tests/support/adversary.py
PUBLIC RESULTS`` then holds the guesses against the passages and prints how near they came, beside chance.

What is tried: peaks of the current, of the corridor and of the step in cost along the fence, cell by cell and with the
neighbouring cells' values for a place within the cell, all species together; where the corridor's outline and straight lines
between places cross the fence; words, hashes and positions in any file.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import Geod

WGS84 = "EPSG:4326"
GEOD = Geod(ellps="WGS84")
STEP_DEG = 0.005
APART_KM = 8.0
GUESSES = 10


def texts_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and every file within an archive: name, bytes. Tags of rasters and pages of databases are in them."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path.name, path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path.name}/{name}", archive.read(name)
        if path.suffix == ".tif":
            with rasterio.open(path) as file:
                yield f"{path.name} tags", repr([file.tags(), file.tags(1), file.descriptions]).encode()
        if path.suffix in (".png",):
            from PIL import Image

            with Image.open(path) as image:
                yield f"{path.name} text", repr(image.info).encode()
        if path.suffix == ".gpkg":
            with sqlite3.connect(path) as connection:
                yield f"{path.name} dump", "\n".join(connection.iterdump()).encode()


def attack(folder: Path) -> dict[str, np.ndarray]:
    """Name of a way -> (n, 2) longitudes and latitudes where it believes passages to be, surest first."""
    lines = _fence_points(folder)
    rasters = {
        stem: sorted(folder.rglob(f"{stem}.tif")) for stem in ("current_density", "corridor", "cost_weighted_distance")
    }
    current = _mean_rank([_along(path, lines) for path in rasters["current_density"]])
    corridor = _mean_rank([-_along(path, lines) for path in rasters["corridor"]])
    step = _mean_rank([_step(path, lines) for path in rasters["cost_weighted_distance"]])
    ways = {
        "current": current,
        "corridor": corridor,
        "step in cost": step,
        "current x corridor": current * corridor,
        "all together": current * corridor * step,
    }
    found = {name: _peaks(lines, score) for name, score in ways.items()}
    found |= {f"{name}, within cells": _peaks(lines, _smoothed(lines, score)) for name, score in list(ways.items())}
    found["corridor outlines"] = _outlines(folder, lines)
    found["straight lines"] = _between_places(folder, lines)
    found["words and hashes"] = _written(folder, lines)
    return {name: guess for name, guess in found.items() if len(guess)}


def _fence_points(folder: Path) -> gpd.GeoDataFrame:
    """Points along every public fence line, with the line's bearing."""
    path = next(p for p in sorted(folder.rglob("*.gpkg")) if "fence_lines" in set(gpd.list_layers(p)["name"]))
    rows = []
    for _, row in gpd.read_file(path, layer="fence_lines").to_crs(WGS84).iterrows():
        for part in shapely.get_parts(row.geometry):
            at = np.arange(0.0, part.length, STEP_DEG)
            rows += [{"fence": row["fence"], "at": d, "geometry": part.interpolate(d)} for d in at]
    return gpd.GeoDataFrame(rows, crs=WGS84)


def _along(path: Path, lines: gpd.GeoDataFrame) -> np.ndarray:
    with rasterio.open(path) as file:
        xy = shapely.get_coordinates(lines.to_crs(file.crs).geometry)
        return np.array([v[0] for v in file.sample(xy)], float)


def _step(path: Path, lines: gpd.GeoDataFrame, away_m: float = 12_000.0) -> np.ndarray:
    """Difference of the cost on both sides of the line."""
    with rasterio.open(path) as file:
        xy = shapely.get_coordinates(lines.to_crs(file.crs).geometry)
        along = np.gradient(xy, axis=0)
        across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        sides = [np.array([v[0] for v in file.sample(xy + sign * away_m * across)], float) for sign in (1, -1)]
    with np.errstate(invalid="ignore"):
        return np.abs(sides[0] - sides[1])


def _mean_rank(values: list[np.ndarray]) -> np.ndarray:
    """Mean over species of the rank from 0 to 1; what is not known counts nothing."""
    ranks = [pd.Series(np.where(np.isfinite(v), v, np.nan)).rank(pct=True).fillna(0.0).to_numpy() for v in values]
    return np.mean(ranks, axis=0)


def _smoothed(lines: gpd.GeoDataFrame, score: np.ndarray, half: int = 20) -> np.ndarray:
    """The score with its neighbours', as if it were the mean of something smooth: a peak within a cell shows."""
    weights = np.bartlett(2 * half + 1)
    return np.convolve(score, weights / weights.sum(), mode="same")


def _peaks(lines: gpd.GeoDataFrame, score: np.ndarray) -> np.ndarray:
    """The middles of the stretches of the highest scores, apart from each other."""
    lonlat, fence = shapely.get_coordinates(lines.geometry), lines["fence"].to_numpy()
    runs = np.flatnonzero(np.append(True, (np.diff(score) != 0) | (fence[1:] != fence[:-1])))
    ends = np.append(runs[1:], len(score))
    middles = (runs + ends - 1) // 2
    taken: list[int] = []
    for i in middles[np.argsort(-score[middles], kind="stable")]:
        if all(_km(lonlat[i], lonlat[j]) >= APART_KM for j in taken):
            taken.append(int(i))
        if len(taken) == GUESSES:
            break
    return lonlat[taken]


def _km(a: np.ndarray, b: np.ndarray) -> float:
    return GEOD.inv(a[0], a[1], b[0], b[1])[2] / 1000.0


def _outlines(folder: Path, lines: gpd.GeoDataFrame) -> np.ndarray:
    """Middles of the stretches of fence within the best of the corridors."""
    shapes = []
    for path in sorted(folder.rglob("*.gpkg")):
        if "corridors" in set(gpd.list_layers(path)["name"]):
            frame = gpd.read_file(path, layer="corridors")
            shapes += list(frame.to_crs(WGS84).geometry) if len(frame) else []
    lonlat = shapely.get_coordinates(lines.geometry)
    if not shapes:
        return lonlat[:0]
    depth = np.sum([shapely.contains_xy(shape, lonlat[:, 0], lonlat[:, 1]) for shape in shapes], axis=0)
    return _peaks(lines, depth.astype(float)) if depth.any() else lonlat[:0]


def _between_places(folder: Path, lines: gpd.GeoDataFrame) -> np.ndarray:
    """Where straight lines from cores to targets cross the fence."""
    path = next(p for p in sorted(folder.rglob("*.gpkg")) if "places" in set(gpd.list_layers(p)["name"]))
    places = gpd.read_file(path, layer="places").to_crs(WGS84)
    middle = {role: [g.centroid for g in places.geometry[places["role"] == role]] for role in ("from", "to")}
    lonlat = shapely.get_coordinates(lines.geometry)
    score = np.zeros(len(lonlat))
    for a in middle["from"]:
        for b in middle["to"]:
            away = shapely.distance(shapely.points(lonlat), shapely.LineString([a, b]))
            score += np.exp(-away / 0.05)
    return _peaks(lines, score)


def _written(folder: Path, lines: gpd.GeoDataFrame) -> np.ndarray:
    """Kilometres in words such as ``km0096.5``, and hashes of such words in any file."""
    fences = lines["fence"].unique().tolist()
    words, digests = set[bytes](), set[bytes]()
    for _, data in texts_of(folder):
        words |= set(re.findall(rb"[A-Za-z0-9_]+-km[0-9.]*[0-9]", data))
        digests |= {found.lower() for found in re.findall(rb"\b[0-9a-fA-F]{32,64}\b", data)}
    out = []
    for fence in fences:
        mine = lines[lines["fence"] == fence]
        for half_km in range(2 * 3000):
            names = [f"{fence}-km{half_km / 2:06.1f}".encode(), f"{fence}-km{half_km / 2:04.0f}".encode()]
            hashed = {
                f(name).hexdigest().encode() for name in names for f in (hashlib.md5, hashlib.sha1, hashlib.sha256)
            }
            place = int(half_km / 2 / 111.0 / STEP_DEG)
            if (words & set(names) or digests & hashed) and place < len(mine):
                out.append(shapely.get_coordinates(mine.geometry.iloc[[place]])[0])
    return np.array(out).reshape(-1, 2)


def errors_km(guesses: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance from each guess to the nearest passage [km]."""
    return np.array([min(_km(g, t) for t in truth) for g in guesses])


def chance_km(folder: Path, truth: np.ndarray, n: int = 4000, seed: int = 1) -> np.ndarray:
    """The same for points anywhere along the fence."""
    points = shapely.get_coordinates(_fence_points(folder).geometry)
    return errors_km(points[np.random.default_rng(seed).integers(0, len(points), n)], truth)


def medians_within_cells_km(
    folder: Path, guesses: np.ndarray, truth: np.ndarray, degrees: float, n: int = 200, seed: int = 2
) -> np.ndarray:
    """(n,) median errors of sets of points that know the cells of the guesses and nothing else [km].

    Each set has as many points as there are guesses and the same distance between them, anywhere along the fence within the coarse
    cells of the guesses: evenly spaced guesses are nearer to evenly spaced passages than single points are, whatever they know.
    """
    points = shapely.get_coordinates(_fence_points(folder).geometry)
    cells = {tuple(cell) for cell in np.floor(guesses / degrees).astype(int).tolist()}
    near = points[[tuple(cell) in cells for cell in np.floor(points / degrees).astype(int).tolist()]]
    near = near[:: 1 + len(near) // 1000]
    apart, errors = _distances(near, near) >= APART_KM, _distances(near, truth).min(axis=1)
    rng = np.random.default_rng(seed)
    return np.array([np.median(errors[_apart(apart, len(guesses), rng)]) for _ in range(n)])


def _apart(apart: np.ndarray, n: int, rng: np.random.Generator) -> list[int]:
    """Up to n points at random, each far enough from all others."""
    taken: list[int] = []
    free = np.ones(len(apart), bool)
    while len(taken) < n and free.any():
        taken.append(int(rng.choice(np.flatnonzero(free))))
        free &= apart[taken[-1]]
    return taken


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(len(a), len(b)) distances on the ellipsoid [km]."""
    one, other = np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))
    return np.asarray(GEOD.inv(*one.T, *other.T)[2]).reshape(len(a), len(b)) / 1000.0


def promised_deg(folder: Path) -> float:
    """The grid that public files promise [degrees], as their manifest says."""
    manifest = json.loads(next(folder.rglob("manifest.json")).read_text(encoding="utf-8"))
    return max(float(run["promised_deg"]) for run in manifest["runs"])


def report(folder: Path, truth: np.ndarray, degrees: float, say: Callable[[str], Any] = print) -> dict[str, float]:
    """Median error of every way [km], beside chance and beside what cells of so many degrees tell.

    The last line compares the best way with the best of as many random sets, one in the cells of each way: the best of many is
    good by chance alone.
    """
    found, chance = attack(folder), float(np.median(chance_km(folder, truth)))
    medians = {name: float(np.median(errors_km(guesses, truth))) for name, guesses in found.items()}
    random = {name: medians_within_cells_km(folder, guesses, truth, degrees) for name, guesses in found.items()}
    for name, guesses in found.items():
        near = sum(min(_km(g, t) for g in guesses) < 1.0 for t in truth)
        say(
            f"{name}: median {medians[name]:.1f} km; random in the same cells {_spread(random[name])}; "
            f"{near} of {len(truth)} passages within 1 km of a guess"
        )
    best = np.min(list(random.values()), axis=0)
    share = float(np.mean(best <= min(medians.values())))
    say(
        f"best of all ways: median {min(medians.values()):.1f} km; best of random sets {_spread(best)}, as good in {100 * share:.0f} %"
    )
    say(f"chance along the fence: median {chance:.1f} km")
    return medians | {"chance along the fence": chance, "share of random sets as good": share}


def _spread(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:.1f} km (5 to 95 %: {low:.1f} to {high:.1f})"


if __name__ == "__main__":
    public, results = Path(sys.argv[1]), Path(sys.argv[2])
    best = pd.read_csv(results / "combined.csv").query("selected").head(GUESSES)
    promised = promised_deg(public)
    print(f"cells of {promised:g} degree, as the public files promise")
    report(public, best[["lon_deg", "lat_deg"]].to_numpy(), promised)
