"""A SYNTHETIC set of camera-trap data with its truth: to show every page and to check every estimate. Nothing in it was seen.

Animals come to a camera at a rate that follows the study's current density with its best passages open, times noise; places
are used or not by chance; at a passage an animal goes through with the passage's own use factor and turns back otherwise;
before the opening it gets past the fence with the species' permeability. Cameras fail, counts clump, records repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from rasters.profile import SpeciesProfile
from scenarios.land.fences import fence_model
from scenarios.land.prepared import prepare_species
from scenarios.outputs.folder import MARKER
from scenarios.outputs.job import Summary, results_folder
from scenarios.progress import Reporter
from scenarios.records.hashing import canonical_json
from scenarios.synthetic.land import SyntheticLand, field_at, synthetic_land
from scenarios.synthetic.package import LABEL, write_package
from scenarios.synthetic.patrols import simulate_for_study

__all__ = ["simulate_evidence", "simulate_traps"]

START, OPENED = pd.Timestamp("2024-01-15"), pd.Timestamp("2024-06-01")
PERIODS = (("before", START, 2, 68), ("after", OPENED, 4, 75))
"""Name, first day, deployments one after the other, days of each."""
CAMERAS_AT_PASSAGE, CAMERAS_IN_PLACE, OPEN_SITES = 2, 3, 24
CONTROL_M = 2500.0
BASE_PER_DAY = (0.012, 0.06)
"""Visits per camera-day at a middling site, least and most of the species."""
SITE_SD, CLUMP_CV, SAMENESS = 0.4, 0.4, 20.0
"""Noise of a site (log), clumping of a deployment, and how alike passages of a design are (a beta's a + b)."""
FIELD_LIMITS = (0.05, 8.0)
PLACE_USED, STEP_USED = 0.7, 0.45
KNOWN_OUTCOME, REPEATED, STOPS_EARLY, HAS_GAP = 0.9, 0.3, 0.15, 0.1
Rng = np.random.Generator


def simulate_evidence(
    name: str, scenario: str | None, out: Path, overrides: Mapping[str, Any], reporter: Reporter, *, seed: int = 1
) -> Summary[SyntheticLand]:
    """Make a synthetic data set of a study in a new folder: camera traps for `otkel evidence`, patrols for `otkel crime`."""
    rng = np.random.default_rng(seed)
    with results_folder(out) as job:
        reporter.expect(12, "synthetic: reading")
        land = synthetic_land(name, scenario, overrides, rng, f"{OPENED:%Y-%m-%d}", reporter)
        deployments, observations = simulate_traps(land, rng, job.folder, seed)
        first = next(iter(land.inputs.profiles))
        simulate_for_study(prepare_species(land.resolved, land.inputs, first), job.folder, seed)
        manifest = {"synthetic": True, "note": LABEL, "study": land.resolved.study.study, "seed": seed}
        (job.folder / MARKER).write_text(canonical_json(manifest), encoding="utf-8")
    passages = [passage.id for passage in land.stated]
    rows = {"synthetic": True, "deployments": deployments, "observations": observations, "passages": passages}
    said = (
        f"{LABEL}.\n{deployments} deployments and {observations} observations, with {len(passages)} opened passages, and patrols "
        "over three years; the truth is in truth.json and crime_truth.json"
    )
    return job.summary(land, rows, [said], opens="")


def simulate_traps(land: SyntheticLand, rng: Rng, folder: Path, seed: int) -> tuple[int, int]:
    """Write a Camtrap DP package, ``evidence.yaml`` and ``truth.json`` into a folder; returns deployments, observations."""
    sites = _sites(land, rng)
    truth = _truth(land, sites, rng, seed)
    deployments = _deployments(sites, rng)
    observations = _observations(land, sites, deployments, truth, rng)
    write_package(land, folder, deployments, observations)
    (folder / "truth.json").write_text(canonical_json(truth), encoding="utf-8")
    return len(deployments), len(observations)


def _sites(land: SyntheticLand, rng: Rng) -> pd.DataFrame:
    """Where cameras stand: ``site, kind, of, x, y``."""
    rows: list[tuple[str, str, str, float, float]] = []
    for passage in land.marks.passages:
        line = next(f for f in land.marks.fences if f.id == passage.fence)
        for k in range(CAMERAS_AT_PASSAGE):
            rows.append((f"{passage.id}-{'ab'[k]}", "passage", passage.id, passage.x + 40.0 * (k - 0.5), passage.y))
        for sign in (1.0, -1.0):
            x, y = _beside(line, passage.along_m, sign * CONTROL_M)
            if _dry(land, x, y):
                rows.append((f"{passage.id}-control", "control", passage.id, x, y))
                break
    for one in land.others.itertuples():
        line = next(f for f in land.marks.fences if f.id == one.fence)
        point = line.point_at(float(one.along_m))
        rows.append((f"fence-{one.candidate}", "fence", one.fence, point.x, point.y))
    for place in land.marks.places:
        for k, (x, y) in enumerate(_within(land, place.geometry, CAMERAS_IN_PLACE, rng)):
            rows.append((f"{place.id}-{k + 1}", "place", place.id, x, y))
    rows += [(f"step-{k + 1:02d}", "step", "", x, y) for k, (x, y) in enumerate(_open_country(land, rng))]
    return pd.DataFrame(rows, columns=["site", "kind", "of", "x", "y"])


def _beside(fence: Any, along_m: float, away_m: float) -> tuple[float, float]:
    """A point at right angles to a fence."""
    a, b = fence.point_at(max(along_m - 500.0, fence.start_m)), fence.point_at(min(along_m + 500.0, fence.end_m))
    dx, dy = b.x - a.x, b.y - a.y
    length = max(float(np.hypot(dx, dy)), 1e-9)
    at = fence.point_at(along_m)
    return at.x - dy / length * away_m, at.y + dx / length * away_m


def _dry(land: SyntheticLand, x: float, y: float) -> bool:
    """On the grid, and on cells that some species enters."""
    west, south, east, north = land.marks.grid.bounds
    if not (west < x < east and south < y < north):
        return False
    row, col = land.marks.grid.cell_at(x=x, y=y)
    return any(bool(field[row, col] > 0) for field in land.current.values())


def _within(land: SyntheticLand, shape: Any, n: int, rng: Rng) -> list[tuple[float, float]]:
    west, south, east, north = shape.bounds
    found: list[tuple[float, float]] = []
    for _ in range(400):
        x, y = float(rng.uniform(west, east)), float(rng.uniform(south, north))
        if len(found) < n and shape.contains(shapely.Point(x, y)) and _dry(land, x, y):
            found.append((x, y))
    return found


def _open_country(land: SyntheticLand, rng: Rng) -> list[tuple[float, float]]:
    """Random places outside reserves, spread evenly over the ranks of the current of all species."""
    west, south, east, north = land.marks.grid.bounds
    x, y = rng.uniform(west, east, 3000), rng.uniform(south, north, 3000)
    outside = [
        i
        for i in range(x.size)
        if _dry(land, float(x[i]), float(y[i]))
        and not any(p.geometry.contains(shapely.Point(x[i], y[i])) for p in land.marks.places)
    ]
    if not outside:
        return []
    x, y = x[outside], y[outside]
    mean = np.mean([pd.Series(field_at(land, s, x, y)).rank().to_numpy() for s in land.current], axis=0)
    order = np.argsort(mean)
    chosen = order[np.linspace(0.3 * order.size, order.size - 1, OPEN_SITES).astype(int)]
    return [(float(x[i]), float(y[i])) for i in np.unique(chosen)]


def _truth(land: SyntheticLand, sites: pd.DataFrame, rng: Rng, seed: int) -> dict[str, Any]:
    """Every number that the data are drawn from."""
    x, y = sites["x"].to_numpy(float), sites["y"].to_numpy(float)
    species: dict[str, Any] = {}
    for name, profile in land.inputs.profiles.items():
        base = float(np.exp(rng.uniform(*np.log(BASE_PER_DAY))))
        field = field_at(land, name, x, y)
        middle = float(np.median(field[field > 0])) if (field > 0).any() else 1.0
        used = _used(sites, rng)
        rate = base * np.clip(field / middle, *FIELD_LIMITS) * np.exp(rng.normal(0.0, SITE_SD, len(sites))) * used
        factors = {}
        for passage in land.marks.passages:
            mean = max(land.use_factor.get((passage.design, name), 0.5), 0.01)
            factors[passage.id] = float(rng.beta(mean * SAMENESS, (1 - mean) * SAMENESS))
        through = fence_model(land.resolved, land.inputs, profile).share_through
        leak = {p.id: through(p.fence) for p in land.marks.passages}
        species[name] = {
            "scientific_name": profile.scientific_name,
            "base_per_day": base,
            "visits_per_day": dict(zip(sites["site"], rate.tolist(), strict=True)),
            "place_used": _used_of(sites, used, "place", "of"),
            "step_used": _used_of(sites, used, "step", "site"),
            "use_factor_of_passage": factors,
            "use_factor_of_design": {d: v for (d, s), v in land.use_factor.items() if s == name},
            "use_factor_stated": {d: stated.value for d, stated in profile.use_factor.items()},
            "past_the_fence_before": leak,
            "habituation": _habituation(profile),
            "baci_ratio": _ratio(sites, rate, factors, leak) * _habituation(profile),
        }
    return {
        "synthetic": True,
        "note": LABEL,
        "seed": seed,
        "study": land.resolved.study.study,
        "opened": f"{OPENED:%Y-%m-%d}",
        "probability_used": {"place": PLACE_USED, "step": STEP_USED},
        "species": species,
    }


def _habituation(profile: SpeciesProfile) -> float:
    """Share of the later use over the days that are watched after the opening [1]."""
    _, _, n, days = PERIODS[1]
    at = (np.arange(n * days) + 0.5) / 365.25
    return float(np.mean([profile.habituation.at(years) for years in at])) if profile.habituation else 1.0


def _used(sites: pd.DataFrame, rng: Rng) -> np.ndarray:
    """Whether each site is used: one draw per place and per step; cameras at fences and passages always are."""
    place = {name: rng.random() < PLACE_USED for name in sites.loc[sites["kind"] == "place", "of"].unique()}
    step = rng.random(len(sites)) < STEP_USED
    kinds = zip(sites["kind"], sites["of"], step, strict=True)
    return np.array(
        [place[of] if kind == "place" else bool(draw) if kind == "step" else True for kind, of, draw in kinds], float
    )


def _used_of(sites: pd.DataFrame, used: np.ndarray, kind: str, by: str) -> dict[str, bool]:
    """Whether each place or step is used."""
    mine = (sites["kind"] == kind).to_numpy()
    return {str(name): bool(value > 0) for name, value in zip(sites.loc[mine, by], used[mine], strict=True)}


def _ratio(sites: pd.DataFrame, rate: np.ndarray, factors: Mapping[str, float], leak: Mapping[str, float]) -> float:
    """Crossings after over before at all passages together; infinite where nobody got past the fence."""
    mine = (sites["kind"] == "passage").to_numpy()
    of = sites.loc[mine, "of"]
    after, before = (float((rate[mine] * of.map(values).to_numpy(float)).sum()) for values in (factors, leak))
    return after / before if before > 0 else float("inf")


def _deployments(sites: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """``deploymentID, site, start, end, gap`` of every camera, local time."""
    rows = []
    for one in sites.itertuples():
        for period, first, n, days in PERIODS:
            if period == "before" and one.kind == "fence":
                continue
            for k in range(n):
                start = first + pd.Timedelta(days=k * days, hours=float(rng.uniform(8, 16)))
                length = days - 0.5 - float(rng.uniform(0, 0.5))
                if rng.random() < STOPS_EARLY:
                    length *= float(rng.uniform(0.2, 0.8))
                end = start + pd.Timedelta(days=length)
                rows.append(
                    (
                        f"syn-{one.site}-{period}-{k + 1}",
                        one.site,
                        start.floor("s"),
                        end.floor("s"),
                        _gap(start, length, rng),
                    )
                )
    return pd.DataFrame(rows, columns=["deploymentID", "site", "start", "end", "gap"]).merge(sites, on="site")


def _gap(start: pd.Timestamp, length: float, rng: Rng) -> str:
    """Some cameras fail for a week in between."""
    if rng.random() >= HAS_GAP or length < 25:
        return ""
    first = (start + pd.Timedelta(days=float(rng.uniform(5, length - 12)))).normalize()
    return f"{first:%Y-%m-%d}/{first + pd.Timedelta(days=6):%Y-%m-%d}"


def _observations(
    land: SyntheticLand, sites: pd.DataFrame, deployments: pd.DataFrame, truth: Mapping[str, Any], rng: Rng
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, (name, known) in enumerate(truth["species"].items()):
        for one in deployments.itertuples():
            days = _watched(one)
            clump = float(rng.gamma(1 / CLUMP_CV**2, CLUMP_CV**2))
            season = 1.0 + 0.3 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 100 - 60 * number) / 365.25)
            expected = known["visits_per_day"][one.site] * clump * season
            for day in np.repeat(np.arange(len(days)), rng.poisson(expected)):
                rows += _records(one, name, number, known, days[int(day)], rng)
    rows += _people(deployments, rng)
    table = pd.DataFrame(rows).sort_values(["deploymentID", "start", "name"], kind="stable").reset_index(drop=True)
    inside = (table["start"] > table["after"]) & (table["start"] < table["until"])
    return table[inside].reset_index(drop=True)


def _watched(one: Any) -> pd.DatetimeIndex:
    """Days of a deployment without its gap."""
    days = pd.date_range(one.start.normalize(), one.end.normalize(), freq="D")
    if not one.gap:
        return days
    first, last = (pd.Timestamp(text) for text in one.gap.split("/"))
    return days[(days < first) | (days > last)]


def _records(
    one: Any, name: str, number: int, known: Mapping[str, Any], day: pd.Timestamp, rng: Rng
) -> list[dict[str, Any]]:
    """A visit: one record, sometimes another a few minutes later."""
    hour = (rng.normal(6.0 + 3.0 * number, 2.0) if rng.random() < 0.6 else rng.normal(20.0, 2.5)) % 24.0
    start = (day + pd.Timedelta(hours=float(hour))).floor("s")
    tags = _tags(one, known, rng)
    common = {
        "deploymentID": one.deploymentID,
        "name": known["scientific_name"],
        "type": "animal",
        "tags": tags,
        "count": 1 + int(rng.poisson(0.2 + 0.8 * (number % 3))),
        "after": one.start,
        "until": one.end,
    }
    times = [start]
    if rng.random() < REPEATED:
        times.append(start + pd.Timedelta(minutes=float(rng.uniform(2, 20))))
    return [
        common | {"start": t.floor("s"), "end": (t + pd.Timedelta(seconds=int(rng.integers(2, 60)))).floor("s")}
        for t in times
    ]


def _tags(one: Any, known: Mapping[str, Any], rng: Rng) -> str:
    """What became of an animal at a passage, where the pictures show it."""
    if one.kind != "passage" or rng.random() >= KNOWN_OUTCOME:
        return ""
    after = one.start >= OPENED
    shares = known["use_factor_of_passage" if after else "past_the_fence_before"]
    if rng.random() >= shares[one.of] * (known["habituation"] if after else 1.0):
        return "crossing:turned_back"
    return f"crossing:through | direction:{'north' if rng.random() < 0.55 else 'south'}"


def _people(deployments: pd.DataFrame, rng: Rng) -> list[dict[str, Any]]:
    """Setting up, and now and then an empty picture."""
    rows = []
    for one in deployments.itertuples():
        for kind, when in (
            ("human", one.start + pd.Timedelta(minutes=1)),
            ("blank", one.start + (one.end - one.start) * rng.random()),
        ):
            when = when.floor("s")
            common = {"deploymentID": one.deploymentID, "name": "", "type": kind, "tags": "", "count": np.nan}
            rows.append(
                common | {"start": when, "end": when + pd.Timedelta(seconds=5), "after": one.start, "until": one.end}
            )
    return rows
