"""Do the maps of a run predict where animals went? Current, corridor and resistance along their tracks against null tracks.

A null track is the animal's own track turned about its middle by a random angle: the same steps, times and range, led elsewhere.
Tracks that lead into the unknown or the sea are left out. Maps that were made without an animal are tried at it; where the
resistances or permeabilities of a run came from tracks, `held_out` in ``tracks.yaml`` names the animals that they did not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from rasters.errors import DataError
from rasters.files.confined import confined
from rasters.files.reading import read_raster
from rasters.grid import Grid
from rasters.numbers import MINUS
from scenarios.evidence.predicts import ASSUMED_SLOPE, MAPS, results_scenario
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.null_tracks import collar_months, normal_scores, shift_between, shift_of
from scenarios.tracks.ground import Ground, SpeciesTracks

__all__ = ["Results", "map_words", "prediction_sentences", "prediction_table"]

DRAWS, LEAST_DRAWS = 200, 30
MOST_FIXES = 300
"""Fixes of an animal that are looked at, evenly over its time: nearer ones repeat each other."""
LEAST_KNOWN = 0.8
"""Share of a null track that must lie on known land."""
DAYS_A_MONTH = 30.44
OWN = {"current": "current density", "corridor": "corridor", "resistance": "low resistance"}
COLUMNS = (
    "species", "map", "animals", "months", "shift", "low", "high", "behind_best", "behind_low", "behind_high", "months_to_tell",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A results folder of `otkel run`, and others whose current is compared with its."""

    folder: Path
    scenario: str
    alternatives: Mapping[str, Path]

    def maps(self, grid: Grid, species: str) -> dict[str, Reals]:
        """(height, width) of each map, high where much movement is expected, NaN where no current is known; none without the species."""
        own = confined(self.folder, self.scenario, species)
        if not (own / MAPS["current"]).is_file():
            return {}
        out = {OWN[name]: _read(own / file, grid, name) for name, file in MAPS.items()}
        for name, folder in self.alternatives.items():
            known = results_scenario(folder, None)
            with suppress(DataError):
                known = results_scenario(folder, self.scenario)
            out[f"current density, {name}"] = _read(confined(folder, known, species) / MAPS["current"], grid, "current")
        unknown = np.isnan(out[OWN["current"]])
        return {name: np.where(unknown, np.nan, np.nan_to_num(values, nan=-np.inf)) for name, values in out.items()}


def _read(path: Path, grid: Grid, name: str) -> Reals:
    layer = read_raster(path, grid, name=name, unit="1")
    values = np.where(layer.nodata, np.nan, layer.values.astype(float))
    return values if name == "current" else -values


def prediction_table(
    tracks: SpeciesTracks, ground: Ground, results: Results, held_out: tuple[str, ...], rng: np.random.Generator
) -> pd.DataFrame:
    """One row per map, the best first: ``species, map, animals, months, shift`` with its interval, ``behind_best``: how much less than that
    of the best map, with its interval, ``months_to_tell``: collar-months after which a map that predicts is told from chance."""
    maps = results.maps(ground.grid, tracks.species)
    chosen = [i for i, name in enumerate(tracks.names) if not held_out or name in held_out]
    values = [one for i in chosen if maps and (one := _along(tracks, ground, list(maps.values()), i, rng)) is not None]
    if not values:
        return pd.DataFrame(columns=list(COLUMNS))
    months = sum(days for _, _, days in values) / DAYS_A_MONTH
    among = np.concatenate([null.reshape(-1, len(maps)) for _, null, _ in values])
    among = among[~np.isnan(among[:, 0])]
    seen = np.array([_mean_scores(own[None], among)[0] for own, _, _ in values])
    null = [_mean_scores(turned, among) for _, turned, _ in values]
    least = min(len(one) for one in null)
    drawn = np.array([one[:least] for one in null])
    shifts = [shift_of(seen[:, k], drawn[:, :, k]) for k in range(len(maps))]
    order = sorted(range(len(maps)), key=lambda k: -np.nan_to_num(shifts[k].middle, nan=-np.inf))
    rows = []
    for k in order:
        behind = shift_between(seen[:, [order[0], k]], drawn[:, :, [order[0], k]])
        rows.append(
            {
                "species": tracks.species, "map": list(maps)[k], "animals": len(values), "months": months, "shift": shifts[k].middle,
                "low": shifts[k].low, "high": shifts[k].high, "behind_best": behind.middle if k != order[0] else 0.0,
                "behind_low": behind.low, "behind_high": behind.high,
                "months_to_tell": collar_months(shifts[k], months, ASSUMED_SLOPE),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _along(
    tracks: SpeciesTracks, ground: Ground, maps: list[Reals], animal: int, rng: np.random.Generator
) -> tuple[Reals, Reals, float] | None:
    """(n, n_map) values of maps at an animal's fixes, (n_draw, n, n_map) at those of its null tracks, NaN off the known land, and its
    days; None where too few null tracks are possible."""
    mine = np.flatnonzero(tracks.animal == animal)
    mine = mine[np.unique(np.linspace(0, mine.size - 1, min(mine.size, MOST_FIXES)).astype(int))]
    z = tracks.x[mine] + 1j * tracks.y[mine]
    turns = np.exp(1j * rng.uniform(-np.pi, np.pi, DRAWS))
    turned = z.mean() + turns[:, None] * (z - z.mean())
    own, null = (_values(ground, maps, one) for one in (z, turned))
    kept = null[(~np.isnan(null[:, :, 0])).mean(axis=1) >= LEAST_KNOWN]
    if len(kept) < LEAST_DRAWS or np.isnan(own[:, 0]).all():
        return None
    return own, kept, float(tracks.days[animal])


def _values(ground: Ground, maps: list[Reals], z: np.ndarray) -> Reals:
    """(..., n_map) values of maps at places x + iy of the tracks' map."""
    height, width = ground.grid.shape
    row, col = ground.grid.cells_at(*ground.grid_xy(z.real.ravel(), z.imag.ravel()))
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    row, col = np.where(inside, row, 0), np.where(inside, col, 0)
    return np.stack([np.where(inside, one[row, col], np.nan).reshape(z.shape) for one in maps], axis=-1)


def _mean_scores(values: Reals, among: Reals) -> Reals:
    """(n_track, n_map) mean normal score of each track over what is known of it."""
    known = ~np.isnan(values[:, :, 0])
    out = np.empty((len(values), values.shape[2]))
    for k in range(values.shape[2]):
        scores = np.zeros(known.shape)
        scores[known] = normal_scores(values[:, :, k][known], among[:, k])
        out[:, k] = scores.sum(axis=1) / known.sum(axis=1)
    return out


def map_words(name: str, say: Language = ENGLISH) -> str:
    """Name of a map for people; that of other results has their name with it."""
    what, comma, other = name.partition(", ")
    return f"{say(what)}{comma}{other}"


def prediction_sentences(table: pd.DataFrame, name: str, say: Language = ENGLISH, *, held_out: bool) -> list[str]:
    """What the table of one species says; empty where there is none."""
    if not len(table):
        return []
    first, months = table.iloc[0], float(table["months"].iloc[0])
    tried = say(
        "{name}: maps are tried at {n} animals, {months} collar-months, against their own tracks turned about their middle."
    )
    out = [tried.format(name=name, n=first["animals"], months=say(f"{months:.0f}"))]
    if not held_out:
        out.append(say("{name}: the maps should be of a run without evidence of these animals.").format(name=name))
    told = say(
        "{name}, {map}: by {shift} ({low} to {high}) standard deviations higher along the tracks than along turned ones: {verdict}."
    )
    for row in table.itertuples():
        shift, low, high = (say(f"{value:+.2f}".replace("-", MINUS)) for value in (row.shift, row.low, row.high))
        verdict = _verdict(row, months, say)
        out.append(
            told.format(name=name, map=map_words(row.map, say), shift=shift, low=low, high=high, verdict=verdict)
        )
    best = say("{name}: fits best: {map}.").format(name=name, map=map_words(first["map"], say))
    alike = [map_words(row.map, say) for row in table.iloc[1:].itertuples() if not row.behind_low > 0]
    return [*out, best, *([say("May fit as well: {maps}.").format(maps=", ".join(alike))] if alike else [])]


def _verdict(row: Any, months: float, say: Language) -> str:
    if row.low > 0:
        return say("it predicts where they went")
    if row.high < 0:
        return say("it points the wrong way")
    if row.months_to_tell <= months:
        return say("it does not predict; a map that does would have been told in 80 % of such tracks")
    if not np.isfinite(row.months_to_tell):
        return say("nothing can be told here")
    return say("it cannot be told from chance; about {months} collar-months would tell").format(
        months=say(f"{row.months_to_tell:.0f}")
    )
