"""How often 90 % intervals of crossing weights hold the truth: tracks simulated from known weights.

``PYTHONPATH=. python tests/support/track_coverage.py [SETS]`` prints the table of `docs/how-to/tracks.md`; the suite runs a short
version.

An animal proposes a step (own lengths, turning from its last heading), takes it with a probability that follows the habitat at its end,
and, if it crosses a fence, with the weight of the fence; otherwise it proposes another. That is what the estimator supposes, and nothing
that it uses: it knows positions and times only, and the map of the habitat.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numba import njit
from shapely import LineString

from scenarios.tracks.crossing import LineWeight, line_weights, with_controls
from scenarios.tracks.lines import Lines
from scenarios.tracks.selection import habitat_preference
from scenarios.tracks.steps import draw_available, make_steps

SPACING_M = 3000.0
SIDE_M = 60_000.0


@dataclass(frozen=True, kw_only=True)
class World:
    """What animals are simulated in.

    ``preference`` is the log weight of a step into the better land (stripes across and along the fences); ``concentration`` that of
    turning angles (von Mises); ``intervals`` the hours between fixes, one for each animal in turn; ``missed`` the share of fixes lost;
    ``spread`` the standard deviation of log weights between animals; ``moods`` the factor by which weeks differ in step length.
    """

    kappa: float
    animals: int = 2
    steps: int = 1000
    mean_m: float = 500.0
    preference: float = 0.0
    concentration: float = 0.0
    intervals: tuple[float, ...] = (2.0,)
    missed: float = 0.0
    spread: float = 0.0
    moods: float = 1.0


def better(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 on the better land: patches of 1.7 by 1.3 km."""
    return np.asarray((np.floor(x / 1700.0) + np.floor(y / 1300.0)) % 2, float)


@njit(cache=True)
def _path(seed, n, kappa, scale, preference, clumped, moods, per_week):  # type: ignore[no-untyped-def]
    """x, y of a walk; headings turn by angles drawn from ``clumped``."""
    np.random.seed(seed)
    out = np.empty((n + 1, 2))
    x = SPACING_M * np.random.uniform(0.3, 0.7) + SPACING_M * np.random.randint(-4, 4)
    y, heading = np.random.uniform(0, 1e4), np.random.uniform(-np.pi, np.pi)
    out[0, 0], out[0, 1] = x, y
    for i in range(1, n + 1):
        mood = moods if (i // per_week) % 2 else 1.0
        while True:
            length = 35.0 + np.random.exponential(scale * mood)
            angle = heading + clumped[np.random.randint(clumped.size)]
            to_x, to_y = x + length * np.cos(angle), y + length * np.sin(angle)
            good = (np.floor(to_x / 1700.0) + np.floor(to_y / 1300.0)) % 2
            if np.random.random() > np.exp(preference * (good - 1.0)):
                continue
            if np.floor(to_x / SPACING_M) != np.floor(x / SPACING_M) and np.random.random() > kappa:
                continue
            break
        x, y, heading = to_x, to_y, angle
        out[i, 0], out[i, 1] = x, y
    return out


def walk(world: World, kappa: float, interval_h: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 3) x, y, hours of one animal among parallel fences at every `SPACING_M`."""
    angles = (
        rng.vonmises(0.0, world.concentration, 20_000) if world.concentration else rng.uniform(-np.pi, np.pi, 20_000)
    )
    scale, per_week = world.mean_m * np.sqrt(interval_h / 2.0), int(168 // interval_h)
    xy = _path(int(rng.integers(2**31)), world.steps, kappa, scale, world.preference, angles, world.moods, per_week)
    kept = np.append(True, rng.random(world.steps) >= world.missed)
    return np.column_stack([xy, np.arange(world.steps + 1) * interval_h])[kept]


def estimate(world: World, rng: np.random.Generator) -> LineWeight:
    """Simulate a set and estimate its weight."""
    tracks = []
    for number in range(world.animals):
        weight = world.kappa * float(np.exp(rng.normal(0.0, world.spread))) if world.spread else world.kappa
        tracks.append(walk(world, weight, world.intervals[number % len(world.intervals)], rng))
    animal = np.repeat(np.arange(world.animals), [len(one) for one in tracks])
    x, y, hours = np.concatenate(tracks).T
    low, high = int(x.min() // SPACING_M) - 1, int(x.max() // SPACING_M) + 2
    fences = [LineString([(SPACING_M * i, y.min() - 2e4), (SPACING_M * i, y.max() + 2e4)]) for i in range(low, high)]
    own = Lines.of(fences, ["fence"] * len(fences))
    lines = with_controls(own, SPACING_M / 2)
    steps = make_steps(x, y, hours, animal)
    available = draw_available(steps, lines, 20, rng, fences=own)
    habitat = None
    if world.preference:
        layer = better(available.ends[:, :, 0], available.ends[:, :, 1])[:, :, None]
        habitat = habitat_preference(available, lines, layer)
    return line_weights(available, lines, habitat, names=["fence"], steps=steps)["fence"]


WORLDS = {f"weight {kappa:g}": World(kappa=kappa) for kappa in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)} | {
    "weight 0.2, habitat preferred threefold": World(kappa=0.2, preference=float(np.log(3))),
    "weight 0.2, clumped headings": World(kappa=0.2, concentration=1.5),
    "weight 0.05, clumped headings, habitat": World(kappa=0.05, concentration=1.5, preference=float(np.log(3))),
    "weight 0.2, fixes every 1 and 4 h, 15 % missed": World(kappa=0.2, intervals=(1.0, 4.0), missed=0.15),
    "weight 0.5, all of these": World(
        kappa=0.5, preference=float(np.log(3)), concentration=1.0, intervals=(1.0, 4.0), missed=0.15, moods=2.0
    ),
    "weight 0.2, 8 animals that differ (log sd 0.5)": World(kappa=0.2, animals=8, steps=400, spread=0.5),
}


def coverage(world: World, sets: int, seed: int = 1) -> tuple[float, float, float]:
    """Share of intervals that hold the truth, share of intervals of the control that hold 1, and the median estimate."""
    rng = np.random.default_rng(seed)
    found = [estimate(world, rng) for _ in range(sets)]
    held = [one.weight.low <= world.kappa <= one.weight.high for one in found]
    control = [one.control.low <= 1.0 <= one.control.high for one in found if one.control.status == "ok"]
    return float(np.mean(held)), float(np.mean(control)), float(np.median([one.weight.middle for one in found]))


def main() -> None:
    """Print the table."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(
        f"| {sets} simulated sets | median estimate | 90 % intervals that hold the truth | controls that hold 1 |\n|---|---|---|---|"
    )
    for name, world in WORLDS.items():
        held, control, middle = coverage(world, sets)
        print(f"| {name} | {middle:.3f} | {100 * held:.1f} % | {100 * control:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
