"""SYNTHETIC collars with a known truth: so that every page can be shown and every estimator checked.

An animal proposes a step (own lengths, turning from its last heading), takes it with a probability that falls with the resistance of the
land at its end, and, if it crosses a fence, with the fence's weight; otherwise it proposes another. It stays within its range and out of
what is impassable. Nothing here was observed by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
import yaml

from rasters.arrays import Reals
from rasters.errors import ConfigError
from rasters.files.writing import replacing
from rasters.permeability import PER_SCALE
from scenarios.land.fences import permeability_of
from scenarios.land.inputs import Inputs, chosen_species, read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.outputs.job import Summary, results_folder
from scenarios.progress import Reporter
from scenarios.records.hashing import canonical_json
from scenarios.study.load import ResolvedStudy, resolve
from scenarios.tracks.ground import Ground, local_ground
from scenarios.tracks.settings import SETTINGS

__all__ = ["WalkerTruth", "simulate_tracks", "walk"]

START = pd.Timestamp("2024-03-01", tz="UTC")
EPOCH_H = START.timestamp() / 3600.0
PROPOSALS = 24
RANGE_M = 15_000.0
SYNTHETIC = "synthetic: made by a simulator, observed by nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkerTruth:
    """What the synthetic tracks are drawn from.

    ``weights`` are species -> fence line -> weight of a step across; ``selection`` is the power of the land's resistance by which a step
    is taken less often; ``concentration`` is that of turning angles (von Mises).
    """

    weights: Mapping[str, Mapping[str, float]]
    animals: int = 8
    days: int = 240
    interval_h: float = 2.0
    mean_m: float = 700.0
    concentration: float = 0.8
    selection: float = 0.4
    missed: float = 0.05


def simulate_tracks(
    name: str,
    scenario: str | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    *,
    seed: int = 1,
    days: int = 240,
) -> Summary[WalkerTruth]:
    """Write ``collars.csv`` (as Movebank has it), ``tracks.yaml`` and ``truth.json`` of animals that live along the study's fences.

    Weights are drawn around what the study states: a fence is worth a tenth to ten times as much, at most 30 km, so that something is to be
    found.
    """
    resolved = resolve(name, scenario, overrides)
    rng = np.random.default_rng(seed)
    with results_folder(out, [resolved], kind="synthetic tracks", seeds={"tracks": seed}) as job:
        inputs = read_inputs(resolved)
        if not inputs.cuts.fences:
            raise ConfigError(
                f"{resolved.path}: no fence is active in scenario {resolved.scenario}, so no collar can tell of one"
            )
        species = chosen_species(resolved, None)
        reporter.expect(len(species), "walking")
        ground = ground_around(inputs)
        truth = WalkerTruth(weights=_true_weights(resolved, inputs, species, rng), days=days)
        tables = []
        for one in species:
            reporter.step(f"walking: {one}")
            surface = prepare_species(resolved, inputs, one).surface
            resistance = np.where(surface.nodata | surface.barrier, np.inf, surface.values)
            for number in range(truth.animals):
                track = walk(ground, resistance, truth, truth.weights[one], rng)
                tables.append(_movebank(track, ground, f"SYN-{one}-{number + 1}", inputs.profiles[one].scientific_name))
        _write(pd.concat(tables, ignore_index=True), truth, seed, job.folder)
        job.settings = {"synthetic": True}
    rows = {"synthetic": True, "fixes": int(sum(len(table) for table in tables)), "animals": len(tables)}
    return job.summary(
        truth,
        rows,
        ["SYNTHETIC DATA: nothing here was observed.", f"{len(tables)} animals, {rows['fixes']} fixes"],
        opens="collars.csv",
    )


def _true_weights(
    resolved: ResolvedStudy, inputs: Inputs, species: list[str], rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    scale_m = 2.0 * WalkerTruth(weights={}).mean_m
    out: dict[str, dict[str, float]] = {}
    for one in species:
        for line in dict.fromkeys(fence.fence_line for fence in inputs.cuts.fences):
            stated = permeability_of(resolved, inputs.profiles[one], line).worth_m
            worth = (
                np.inf
                if np.isinf(stated)
                else min(max(stated, 1000.0) * float(np.exp(rng.uniform(-2.3, 2.3))), 30_000.0)
            )
            out.setdefault(one, {})[line] = round(float(1.0 / (1.0 + worth / (PER_SCALE["step"] * scale_m))), 5)
    return out


def ground_around(inputs: Inputs) -> Ground:
    """A map with true distances around the middle of the study's fences."""
    points = np.concatenate([np.array(part.coords)[:, :2] for fence in inputs.cuts.fences for part in fence.parts])
    lon, lat = inputs.grid.lonlat(*np.median(points, axis=0))
    return local_ground(inputs, float(lon), float(lat))


def walk(
    ground: Ground, resistance: Reals, truth: WalkerTruth, weights: Mapping[str, float], rng: np.random.Generator
) -> Reals:
    """(n, 3) x, y [m of the map], hours of one animal that lives beside a fence.

    Parameters
    ----------
    resistance : (height, width) float64
        inf where it cannot go.
    """
    home = _home(ground, resistance, rng)
    weight = np.array([weights[name] for name in ground.lines.names])
    x, y, heading = *home, rng.uniform(-np.pi, np.pi)
    track = [(x, y, EPOCH_H)]
    for i in range(1, int(truth.days * 24 / truth.interval_h) + 1):
        length = 35.0 + rng.exponential(truth.mean_m, PROPOSALS)
        angle = heading + rng.vonmises(0.0, truth.concentration, PROPOSALS)
        ends = np.column_stack([x + length * np.cos(angle), y + length * np.sin(angle)])
        taken = _first_taken(ground, resistance, weight, np.array([x, y]), ends, home, truth, rng)
        if taken is None:
            heading += np.pi
            continue
        x, y = float(ends[taken, 0]), float(ends[taken, 1])
        heading = float(angle[taken])
        if rng.random() >= truth.missed:
            track.append((x, y, EPOCH_H + i * truth.interval_h))
    return np.array(track)


def _first_taken(
    ground: Ground,
    resistance: Reals,
    weight: Reals,
    start: Reals,
    ends: Reals,
    home: tuple[float, float],
    truth: WalkerTruth,
    rng: np.random.Generator,
) -> int | None:
    """Number of the first proposal that is taken."""
    land = _land_at(ground, resistance, ends[:, 0], ends[:, 1])
    share = np.where(np.isfinite(land), np.maximum(land, 1.0) ** -truth.selection, 0.0)
    share = share * (np.hypot(ends[:, 0] - home[0], ends[:, 1] - home[1]) < RANGE_M)
    crossed = ground.lines.crossed(np.repeat(start[None], len(ends), axis=0), ends)
    share = share * np.where(crossed, weight, 1.0).prod(axis=1)
    found = np.flatnonzero(rng.random(len(ends)) < share)
    return int(found[0]) if found.size else None


def _land_at(ground: Ground, resistance: Reals, x: Reals, y: Reals) -> Reals:
    """Resistance at positions on the map; inf outside the grid."""
    row, col = ground.grid.cells_at(*ground.grid_xy(x, y))
    height, width = resistance.shape
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    return np.where(inside, resistance[np.where(inside, row, 0), np.where(inside, col, 0)], np.inf)


def _home(ground: Ground, resistance: Reals, rng: np.random.Generator) -> tuple[float, float]:
    """A place that can be walked on within 2 km of a fence."""
    parts = shapely.get_parts(ground.lines.shapes)
    lengths = shapely.length(parts)
    for _ in range(10_000):
        part = parts[int(rng.choice(lengths.size, p=lengths / lengths.sum()))]
        point = part.interpolate(float(rng.uniform(0.0, part.length)))
        x, y = point.x + rng.uniform(-2000, 2000), point.y + rng.uniform(-2000, 2000)
        if np.isfinite(_land_at(ground, resistance, np.array([x]), np.array([y]))[0]):
            return float(x), float(y)
    raise ConfigError(
        "no land that the species can walk on lies beside the study's fences, so no synthetic animal can live there"
    )


def _movebank(track: Reals, ground: Ground, animal: str, species: str) -> pd.DataFrame:
    lon, lat = ground.lonlat(track[:, 0], track[:, 1])
    time = pd.to_datetime(np.round(track[:, 2] * 3600), unit="s").strftime("%Y-%m-%d %H:%M:%S.000")
    return pd.DataFrame(
        {
            "visible": "true",
            "timestamp": time,
            "location-long": np.round(lon, 7),
            "location-lat": np.round(lat, 7),
            "individual-local-identifier": animal,
            "individual-taxon-canonical-name": species,
            "comments": SYNTHETIC,
        }
    )


def _write(table: pd.DataFrame, truth: WalkerTruth, seed: int, folder: Path) -> None:
    with replacing(folder / "collars.csv") as part:
        table.to_csv(part, index=False, lineterminator="\n")
    with replacing(folder / SETTINGS) as part:
        settings = {"synthetic": True, "files": [{"file": "collars.csv"}]}
        part.write_text(f"# {SYNTHETIC}\n" + yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    with replacing(folder / "truth.json") as part:
        part.write_text(canonical_json({"note": SYNTHETIC, "seed": seed, **asdict(truth)}), encoding="utf-8")
