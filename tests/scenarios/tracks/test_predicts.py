"""Maps tried at tracks: scores, null tracks, how much is enough, and which map fits best."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from scipy.stats import norm

from rasters.arrays import Reals
from rasters.grid import Grid
from scenarios.statistics.null_tracks import collar_months, normal_scores, shift_between, shift_of
from scenarios.tracks.ground import Ground, SpeciesTracks, local_ground
from scenarios.tracks.predicts import prediction_sentences, prediction_table
from tests.support.track_coverage import World, better, walk

GRID = Grid("EPSG:6933", Affine(250, 0, 5_740_000, 0, -250, 5_020_000), (400, 400))


def test_scores_are_those_of_ranks_and_ties_share_theirs() -> None:
    rng = np.random.default_rng(1)
    among = rng.gamma(2, 3, 5000)
    scores = normal_scores(rng.gamma(2, 3, 5000), among)
    assert (scores.mean(), scores.std()) == pytest.approx((0.0, 1.0), abs=0.03)
    assert normal_scores(np.array([0.0, -np.inf, 1.0]), np.array([0.0, 0.0, 0.0])) == pytest.approx(
        [0.0, norm.ppf(1 / 8), norm.ppf(7 / 8)]
    )


def made(rng: np.random.Generator, slope: float, n: int = 8) -> tuple[Reals, Reals]:
    """Mean scores of animals whose null tracks vary by 0.3 to 0.8."""
    spread = rng.uniform(0.3, 0.8, n)
    return slope + spread * rng.standard_normal(n), spread[:, None] * rng.standard_normal((n, 200))


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_intervals_of_the_shift_hold_it(slope: float) -> None:
    rng = np.random.default_rng(2)
    found = [shift_of(*made(rng, slope)) for _ in range(400)]
    assert 0.86 <= np.mean([one.low <= slope <= one.high for one in found]) <= 0.96


def test_so_many_collar_months_tell_a_map_from_chance_in_four_of_five_cases() -> None:
    rng = np.random.default_rng(3)
    months = collar_months(shift_of(*made(rng, 0.25, 40)), 40.0, 0.25)
    n = round(months / 1.0)  # a month of each animal
    told = np.mean([shift_of(*made(rng, 0.25, n)).low > 0 for _ in range(300)])
    assert 12 <= n <= 40 and told == pytest.approx(0.8, abs=0.12)
    assert collar_months(shift_of(np.zeros(2), np.zeros((2, 9))), 8.0, 0.5) == np.inf


def test_of_two_maps_that_are_alike_none_is_better() -> None:
    rng = np.random.default_rng(4)
    seen, null = made(rng, 0.5)
    noise, noises = 0.05 * rng.standard_normal(seen.shape), 0.05 * rng.standard_normal(null.shape)
    alike = shift_between(np.stack([seen, seen + noise], -1), np.stack([null, null + noises], -1))
    other = shift_between(np.stack([seen, seen - 0.5 + noise], -1), np.stack([null, null + noises], -1))
    assert alike.low < 0 < alike.high and alike.high < 0.1
    assert other.low > 0.4


@pytest.fixture(scope="module")
def walked() -> tuple[SpeciesTracks, Ground, dict[str, Reals]]:
    """Six animals that prefer the better patches threefold, the map of those patches, one that means nothing, and the opposite."""
    inputs = SimpleNamespace(grid=GRID, cuts=SimpleNamespace(fences=()))
    lon, lat = GRID.lonlat(5_790_000.0, 4_970_000.0)
    ground = local_ground(inputs, float(lon), float(lat))
    rng = np.random.default_rng(5)
    world = World(kappa=1.0, preference=float(np.log(3)), steps=600)
    paths = [walk(world, 1.0, 2.0, rng) for _ in range(6)]
    x, y, hours = np.concatenate(paths).T
    names = tuple(f"K{i}" for i in range(6))
    tracks = SpeciesTracks(
        species="kulan", names=names, animal=np.repeat(np.arange(6), [len(one) for one in paths]), x=x, y=y, hours=hours
    )
    column, row = np.meshgrid(np.arange(400), np.arange(400))
    to = ground.to_map.transform(*GRID.lonlat(*GRID.xy(row, column)))
    patches = better(np.asarray(to[0]), np.asarray(to[1]))
    return tracks, ground, {"noise": rng.standard_normal((400, 400)), "true": patches, "opposite": -patches}


def tried(
    walked: tuple[SpeciesTracks, Ground, dict[str, Reals]], held_out: tuple[str, ...] = ()
) -> dict[str, dict[str, float]]:
    tracks, ground, maps = walked
    table = prediction_table(
        tracks, ground, SimpleNamespace(maps=lambda *_: maps), held_out, np.random.default_rng(6)
    )  # fmt: skip
    return {row["map"]: row for row in table.to_dict("records")}


def test_the_map_that_animals_followed_is_told_from_others(
    walked: tuple[SpeciesTracks, Ground, dict[str, Reals]],
) -> None:
    found = tried(walked)
    assert next(iter(found)) == "true" and found["true"]["low"] > 0.1
    assert found["opposite"]["high"] < -0.1 and found["noise"]["low"] < 0 < found["noise"]["high"]
    assert found["noise"]["behind_low"] > 0 and found["true"]["months"] == pytest.approx(6 * 50 / 30.44, rel=0.01)


def test_the_table_holds_neither_places_nor_names_of_animals_nor_days(
    walked: tuple[SpeciesTracks, Ground, dict[str, Reals]],
) -> None:
    """Counts and mean ranks by map: so it may be handed on, though the folder of tracks may not."""
    table = pd.DataFrame(list(tried(walked).values()))
    numbers = {
        "animals",
        "months",
        "shift",
        "low",
        "high",
        "behind_best",
        "behind_low",
        "behind_high",
        "months_to_tell",
    }
    assert set(table.columns) == {"species", "map"} | numbers
    assert set(table["map"]) == set(walked[2]) and not set(walked[0].names) & set(table["species"])


def test_only_animals_that_are_held_out_are_tried(walked: tuple[SpeciesTracks, Ground, dict[str, Reals]]) -> None:
    found = tried(walked, ("K1", "K4"))
    assert found["true"]["animals"] == 2
    tracks = walked[0].without(["K1", "K4"])
    assert set(np.unique(tracks.animal)) == {0, 2, 3, 5}


def test_the_sentences_say_which_map_predicts_and_how_many_months_would_tell(
    walked: tuple[SpeciesTracks, Ground, dict[str, Reals]],
) -> None:

    rows = list(tried(walked).values())
    said = prediction_sentences(pd.DataFrame(rows), "Kulan", held_out=False)
    assert "it predicts where they went" in said[2] and said[-1] == "Kulan: fits best: true."
    assert any("opposite" in one and "points the wrong way" in one for one in said)
    assert any("noise" in one and ("collar-months would tell" in one or "does not predict" in one) for one in said)
