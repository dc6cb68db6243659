"""SYNTHETIC patrols and incidents with a known truth: so that every page can be shown and every estimator checked.

Teams walk or drive from their bases, turning little by little. Along each step they find signs of poaching as a Poisson
process whose rate is the average times the risk of the place, the year, and the luck of the patrol (gamma). Nothing here was
observed by anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.files.writing import replacing
from rasters.grid import Grid
from scenarios.crime.tables import track_km
from scenarios.land.prepared import Prepared
from scenarios.records.hashing import canonical_json

__all__ = ["TYPES", "CrimeTruth", "hot_spots_between", "simulate_for_study", "simulate_patrols", "write_patrols"]

STEP_KM = 2.0
POST_M = 60_000.0
"""Distance between posts along a fence [m]."""
TYPES = {"snare": 0.5, "trap": 0.1, "shot": 0.15, "camp": 0.1, "carcass": 0.15}
SYNTHETIC = "synthetic: made by a simulator, observed by nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeTruth:
    """What the synthetic patrols are drawn from.

    ``hot_spots`` are (x, y [map units], reach [km], factor); ``year_factors`` multiply the rate of each year in turn;
    ``cv`` is the coefficient of variation between patrols; ``pike`` the share of carcasses killed illegally.
    """

    signs_per_100_km: float = 1.5
    hot_spots: tuple[tuple[float, float, float, float], ...] = ()
    first_year: int = 2023
    year_factors: tuple[float, ...] = (1.0, 1.0, 0.6)
    cv: float = 0.6
    pike: float = 0.7
    cause_unknown: float = 0.2
    off_patrol_per_year: float = 4.0
    patrols_per_year: int = 60
    km_per_patrol: float = 60.0
    bases: tuple[tuple[float, float], ...] = field(default=())

    def risk(self, x: Reals, y: Reals) -> Reals:
        """Rate at places relative to ground without a hot spot [1]."""
        log_risk = np.zeros(np.shape(x))
        for at_x, at_y, reach_km, factor in self.hot_spots:
            distance2 = (x - at_x) ** 2 + (y - at_y) ** 2
            log_risk = log_risk + np.log(factor) * np.exp(-0.5 * distance2 / (1000.0 * reach_km) ** 2)
        return np.asarray(np.exp(log_risk))


def simulate_patrols(
    grid: Grid, land: NDArray[np.bool_], truth: CrimeTruth, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patrols and incidents as `scenarios.crime.tables` reads them.

    Parameters
    ----------
    grid : Grid
    land : (height, width) bool
        Where teams can go.
    truth : CrimeTruth
        With at least one base.
    seed : int

    Returns
    -------
    patrols, incidents : DataFrame
    """
    random = np.random.default_rng(seed)
    tracks, found = [], []
    for year_number, year_factor in enumerate(truth.year_factors):
        year = truth.first_year + year_number
        for number in range(truth.patrols_per_year):
            patrol = f"P{year}-{number + 1:03d}"
            base = number % len(truth.bases)
            day = pd.Timestamp(year, 1, 1) + pd.Timedelta(
                days=int(365 * (number + random.random()) / truth.patrols_per_year)
            )
            x, y = _walk(grid, land, truth.bases[base], truth.km_per_patrol * random.uniform(0.5, 1.5), random)
            tracks.append(
                pd.DataFrame({"patrol_id": patrol, "date": day.date(), "team": f"team {base + 1}", "x": x, "y": y})
            )
            luck = random.gamma(1 / truth.cv**2, truth.cv**2) if truth.cv > 0 else 1.0
            found.append(
                _finds(grid, truth, x, y, year_factor * luck, random).assign(patrol_id=patrol, date=day.date())
            )
        found.append(_off_patrol(grid, land, truth, year, random))
    return _patrol_table(pd.concat(tracks), grid), _incident_table(pd.concat(found), grid, truth, random)


def _walk(
    grid: Grid, land: NDArray[np.bool_], base: tuple[float, float], km: float, random: np.random.Generator
) -> tuple[Reals, Reals]:
    """A track that turns little by little and turns round where there is no land."""
    x, y, heading = [base[0]], [base[1]], random.uniform(0, 2 * np.pi)
    for _ in range(max(1, round(km / STEP_KM))):
        for _ in range(12):
            heading += random.normal(0, 0.35)
            to_x, to_y = x[-1] + 1000 * STEP_KM * np.cos(heading), y[-1] + 1000 * STEP_KM * np.sin(heading)
            if _on_land(grid, land, to_x, to_y):
                break
            heading += np.pi / 3
        else:
            break
        x.append(to_x)
        y.append(to_y)
    if len(x) == 1:
        x, y = [base[0], base[0]], [base[1], base[1]]
    return np.array(x), np.array(y)


def _on_land(grid: Grid, land: NDArray[np.bool_], x: float, y: float) -> bool:
    left, _, _, top = grid.bounds
    row, col = int((top - y) // grid.cell_height_m), int((x - left) // grid.cell_width_m)
    return 0 <= row < grid.height and 0 <= col < grid.width and bool(land[row, col])


def _finds(
    grid: Grid, truth: CrimeTruth, x: Reals, y: Reals, factor: float, random: np.random.Generator
) -> pd.DataFrame:
    """Signs along a track."""
    km = track_km(*grid.lonlat(x, y))
    at_x, at_y = 0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1])
    n = random.poisson(truth.signs_per_100_km / 100.0 * truth.risk(at_x, at_y) * km * factor)
    return pd.DataFrame({"x": np.repeat(at_x, n), "y": np.repeat(at_y, n)})


def _off_patrol(
    grid: Grid, land: NDArray[np.bool_], truth: CrimeTruth, year: int, random: np.random.Generator
) -> pd.DataFrame:
    """Signs that herders and others report: near the bases, on no patrol."""
    n = random.poisson(truth.off_patrol_per_year)
    bases = np.array(truth.bases)[random.integers(len(truth.bases), size=n)]
    x, y = (bases + random.normal(0, 15_000, (n, 2))).T if n else (np.empty(0), np.empty(0))
    there = np.array([_on_land(grid, land, a, b) for a, b in zip(x, y, strict=True)], bool)
    days = [(pd.Timestamp(year, 1, 1) + pd.Timedelta(days=int(d))).date() for d in random.integers(365, size=n)]
    return pd.DataFrame({"x": x, "y": y, "patrol_id": "", "date": days})[there]


def _patrol_table(tracks: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    return _with_degrees(tracks, grid)[["patrol_id", "date", "team", "lon", "lat"]]


def _incident_table(found: pd.DataFrame, grid: Grid, truth: CrimeTruth, random: np.random.Generator) -> pd.DataFrame:
    table = _with_degrees(found.reset_index(drop=True), grid)
    table["incident_id"] = [f"S{n + 1:04d}" for n in range(len(table))]
    table["type"] = random.choice(list(TYPES), size=len(table), p=list(TYPES.values()))
    cause = np.where(random.random(len(table)) < truth.pike, "illegal", "natural")
    cause = np.where(random.random(len(table)) < truth.cause_unknown, "unknown", cause)
    table["cause"] = np.where(table["type"] == "carcass", cause, "")
    table["remarks"] = SYNTHETIC
    return table[["incident_id", "date", "type", "lon", "lat", "patrol_id", "cause", "remarks"]]


def _with_degrees(table: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    lon, lat = grid.lonlat(table["x"].to_numpy(), table["y"].to_numpy())
    return table.assign(lon=np.round(lon, 5), lat=np.round(lat, 5))


def write_patrols(
    folder: Path, patrols: pd.DataFrame, incidents: pd.DataFrame, truth: CrimeTruth, seed: int
) -> list[Path]:
    """Write ``patrols.csv``, ``incidents.csv``, ``crime.yaml`` and ``crime_truth.json``, all marked as synthetic."""
    texts = {
        "patrols.csv": patrols.to_csv(index=False, lineterminator="\n"),
        "incidents.csv": incidents.to_csv(index=False, lineterminator="\n"),
        "crime.yaml": "# SYNTHETIC: made by a simulator, observed by nobody.\n" + yaml.safe_dump({"synthetic": True}),
        "crime_truth.json": canonical_json({"note": SYNTHETIC, "seed": seed, **asdict(truth)}),
    }
    for name, text in texts.items():
        with replacing(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def simulate_for_study(prepared: Prepared, folder: Path, seed: int) -> list[Path]:
    """Patrols of a study from its places and from posts along its fences, with hot spots between places and at a fence."""
    inputs = prepared.inputs
    places = [(p.geometry.centroid.x, p.geometry.centroid.y) for p in inputs.places.values()]
    posts = [fence.point_at(along) for fence in inputs.all_fences for along in fence.posts_m(POST_M, POST_M / 2)]
    land = prepared.surface.passable
    bases = [base for base in (*places, *((p.x, p.y) for p in posts)) if _on_land(inputs.grid, land, *base)]
    post = posts[np.random.default_rng(seed).integers(len(posts))] if posts else None
    spots = hot_spots_between(places, seed)
    truth = CrimeTruth(
        bases=tuple(bases),
        patrols_per_year=8 * len(bases),
        hot_spots=(*spots, (post.x, post.y, 25.0, 6.0)) if post is not None else spots,
    )
    return write_patrols(folder, *simulate_patrols(inputs.grid, land, truth, seed), truth, seed)


def hot_spots_between(
    places: Sequence[tuple[float, float]], seed: int, *, reach_km: float = 25.0, factor: float = 6.0, most: int = 3
) -> tuple[tuple[float, float, float, float], ...]:
    """Hot spots half-way between some of the places, drawn by chance."""
    random = np.random.default_rng(seed)
    spots = []
    for _ in range(most):
        a, b = random.choice(len(places), size=2, replace=len(places) < 2)
        share = random.uniform(0.3, 0.7)
        x, y = (places[a][k] + share * (places[b][k] - places[a][k]) for k in (0, 1))
        spots.append((float(x), float(y), reach_km, factor))
    return tuple(spots)
