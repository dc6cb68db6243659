"""Estimators of evidence: closed forms, laws, independent ways, and whether intervals hold the truth."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime, minimize
from scipy.stats import beta, binom, gamma, nbinom, norm, spearmanr

from rasters.errors import DataError
from scenarios.statistics.baci import PRIOR_SD, SiteCounts, baci_effect
from scenarios.statistics.occupancy import OccupancyData, fit_occupancy, log_likelihood, profile_interval
from scenarios.statistics.own_levels import SITE_SD_SCALE
from scenarios.statistics.prediction import (
    CONSTANT,
    PredictionFit,
    _refit,
    auc,
    calibration,
    compare_predictors,
    fit_rate,
    power_of_days,
    spearman,
    standardised,
)
from scenarios.statistics.rates import CLUMP_PRIOR_SCALE, CV_PRIOR_SCALE, LARGEST_CLUMP, rate_posterior
from scenarios.statistics.use_factor import PassageEvidence, use_factors
from tests.support.evidence_coverage import CASES, coverage


def test_one_block_is_the_conjugate_gamma() -> None:
    found = rate_posterior(np.array([7.0]), np.array([200.0]), (0.5, 10.0))
    expected = gamma(7.5, scale=1 / 210)
    assert (found.low, found.middle, found.high) == pytest.approx(tuple(expected.ppf([0.05, 0.5, 0.95])))
    assert found.method == "gamma-Poisson"


def test_no_effort_is_no_data_and_no_event_is_not_zero() -> None:
    nothing = rate_posterior(np.array([]), np.array([]))
    assert nothing.status == "no data" and np.isnan(nothing.middle)
    none = rate_posterior(np.array([0.0, 0.0]), np.array([50.0, 50.0]))
    assert none.events == 0 and 0 < none.low < none.middle < 0.02 < none.high < 0.2


def test_blocks_agree_with_quadrature() -> None:
    y, e = np.array([3.0, 0.0, 9.0]), np.array([28.0, 20.0, 28.0])

    at, cv, clump = (
        np.linspace(np.log(1e-4), np.log(300.0), 200),
        np.linspace(0.02, 3.0, 60),
        np.exp(np.linspace(0, np.log(LARGEST_CLUMP), 60)),
    )
    rate, cv, clump = np.meshgrid(np.exp(at), cv, clump, indexing="ij")
    mean = rate[..., None] * e
    k = 1 / (cv[..., None] ** 2 + (clump[..., None] - 1) / mean)
    prior = np.sqrt(rate / (1 + cv**2 / clump * mean.mean(axis=-1)))
    prior *= norm.pdf(cv / CV_PRIOR_SCALE) * norm.pdf(np.log(clump) / CLUMP_PRIOR_SCALE)
    weights = (nbinom.pmf(y, k, k / (k + mean)).prod(axis=-1) * prior).sum(axis=(1, 2))
    cumulated = np.cumsum(weights) / weights.sum()
    low, high = np.exp(np.interp([0.05, 0.95], cumulated, at))
    found = rate_posterior(y, e)
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.06)


def test_clumped_counts_give_wider_intervals() -> None:
    days = np.full(6, 28.0)
    even = rate_posterior(np.full(6, 5.0), days)
    clumped = rate_posterior(np.array([0.0, 0.0, 25.0, 1.0, 4.0, 0.0]), days)
    assert even.dispersion == pytest.approx(0.0)
    assert clumped.dispersion > 5
    assert clumped.high - clumped.low > 1.5 * (even.high - even.low)


def test_more_days_narrow_an_interval() -> None:
    widths = [(r := rate_posterior(np.full(4, 2.0) * n, np.full(4, 28.0) * n)).high - r.low for n in (1, 4, 16)]
    assert widths[0] > widths[1] > widths[2]


def site(name: str, passage: bool, before: tuple[float, float], after: tuple[float, float]) -> SiteCounts:
    return SiteCounts(site=name, is_passage=passage, before=np.array([before]), after=np.array([after]))


def test_baci_of_many_counts_is_the_ratio_of_ratios() -> None:
    sites = [site("p", True, (200, 100), (900, 150)), site("c", False, (300, 100), (450, 100))]
    found = baci_effect(sites)
    plain = (900 / 150) / (200 / 100) / ((450 / 100) / (300 / 100))
    assert found.ratio == pytest.approx(plain, rel=0.04)
    error = np.sqrt(1 / 200 + 1 / 900 + 1 / 300 + 1 / 450)
    assert np.log(found.high / found.low) > 2 * 2 * 1.645 * error  # one pair: either site may have changed by itself


def test_baci_of_many_sites_that_change_alike_is_nearly_that_of_the_counts() -> None:
    pairs = [
        (site(f"p{i}", True, (200, 100), (900, 150)), site(f"c{i}", False, (300, 100), (450, 100))) for i in range(12)
    ]
    found = baci_effect([one for pair in pairs for one in pair])
    error = np.sqrt((1 / 200 + 1 / 900 + 1 / 300 + 1 / 450) / 12)
    assert found.ratio == pytest.approx(2.0, rel=0.02)
    assert 0.95 * 2 * 1.645 * error < np.log(found.high / found.low) < 2.5 * 2 * 1.645 * error


def test_baci_agrees_with_draws_from_the_prior() -> None:
    """Weighted by the likelihood of two sites, each with its own change."""
    rng, n = np.random.default_rng(1), 1_500_000
    sites = [site("p", True, (2, 60), (9, 80)), site("c", False, (4, 60), (5, 80))]
    change, effect = rng.normal(0, PRIOR_SD, (2, n))
    own = np.abs(rng.normal(0, SITE_SD_SCALE, n)) * rng.normal(size=(2, n))
    weights = np.ones(n)
    for total, after, log_ratio in ((11, 9, change + effect + own[0]), (9, 5, change + own[1])):
        weights *= binom.pmf(after, total, 1 / (1 + np.exp(-log_ratio) * 60 / 80))
    order = np.argsort(effect)
    low, high = np.exp(np.interp([0.05, 0.95], np.cumsum(weights[order]) / weights.sum(), effect[order]))
    found = baci_effect(sites)
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.08)


@pytest.mark.parametrize(
    ("sites", "words"),
    [
        ([], "no camera stood at a passage"),
        ([site("c", False, (5, 50), (5, 50))], "no camera stood at a passage"),
        (
            [site("p", True, (5, 2), (5, 50)), site("c", False, (5, 50), (5, 50))],
            "no passage was watched for 14 days both before",
        ),
        ([site("p", True, (5, 50), (5, 50))], "no control was watched"),
        ([site("p", True, (1, 50), (1, 50)), site("c", False, (0, 50), (1, 50))], "3 events in all"),
    ],
)
def test_baci_says_why_not(sites: list[SiteCounts], words: str) -> None:
    found = baci_effect(sites)
    assert words in found.status and np.isnan(found.ratio)


def test_use_factor_without_evidence_is_the_prior() -> None:
    found = use_factors([PassageEvidence(passage="p", days=100.0)], 0.6, 4.0)
    assert found.status == "no data" and found.passages == {}
    expected = beta(2.4, 1.6)
    assert found.design.mean == pytest.approx(0.6, abs=0.001)
    assert (found.design.low, found.design.high) == pytest.approx(tuple(expected.ppf([0.05, 0.95])), abs=0.005)


def test_use_factor_of_many_alike_passages_is_their_share() -> None:
    seen = [PassageEvidence(passage=str(k), through=350, turned_back=650) for k in range(12)]
    found = use_factors(seen, 0.8, 4.0)
    assert found.design.mean == pytest.approx(0.35, abs=0.02)
    assert all(abs(share.mean - 0.35) < 0.01 for share in found.passages.values())


def test_one_passage_borrows_from_the_others() -> None:
    others = [PassageEvidence(passage=f"o{k}", through=80, turned_back=20) for k in range(6)]
    found = use_factors([*others, PassageEvidence(passage="new", through=0, turned_back=2)], 0.5, 4.0)
    alone = use_factors([PassageEvidence(passage="new", through=0, turned_back=2)], 0.5, 4.0)
    assert alone.passages["new"].mean < found.passages["new"].mean < found.passages["o0"].mean


def test_little_use_in_the_first_year_is_no_failure() -> None:
    """Later use 0.8, of which a quarter at first: 20 of 100 go through. Counted as such the later use is found, and not else."""
    young = [PassageEvidence(passage=str(k), through=20, turned_back=80, share=0.25) for k in range(6)]
    old = [PassageEvidence(passage=str(k), through=20, turned_back=80) for k in range(6)]
    assert use_factors(young, 0.8, 4.0).design.mean == pytest.approx(0.8, abs=0.06)
    assert use_factors(old, 0.8, 4.0).design.mean == pytest.approx(0.2, abs=0.06)


def test_parts_of_one_passage_are_one_passage() -> None:
    whole = use_factors([PassageEvidence(passage="p", through=9, turned_back=3)], 0.5, 4.0)
    parts = [
        PassageEvidence(passage="p", through=4, turned_back=1),
        PassageEvidence(passage="p", through=5, turned_back=2),
    ]
    assert use_factors(parts, 0.5, 4.0).passages["p"].mean == pytest.approx(whole.passages["p"].mean, rel=1e-12)


def test_a_control_tells_the_use_factor_without_outcomes() -> None:
    seen = [
        PassageEvidence(passage=str(k), passes=60, days=100, control_passes=200, control_days=100) for k in range(6)
    ]
    found = use_factors(seen, 0.8, 4.0)
    assert found.design.low < 0.3 < found.design.high and found.design.mean == pytest.approx(0.3, abs=0.05)


def test_pairs_of_passage_and_control_that_differ_widen_the_interval() -> None:
    """The same totals, once alike in every pair, once not: no control sees quite what its passage would."""
    alike = [
        PassageEvidence(passage=str(k), passes=60, days=100, control_passes=200, control_days=100) for k in range(6)
    ]
    apart = [
        PassageEvidence(passage=str(k), passes=60 * f, days=100, control_passes=200, control_days=100)
        for k, f in enumerate((0.2, 0.3, 0.6, 1.0, 1.6, 2.3))
    ]
    narrow, wide = (use_factors(seen, 0.8, 4.0).design for seen in (alike, apart))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def occupancy_data(seed: int = 1, sites: int = 30) -> OccupancyData:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(sites)
    days = np.where(rng.random((sites, 10)) < 0.2, 0.0, rng.uniform(1, 7, (sites, 10)))
    used = rng.random(sites) < 1 / (1 + np.exp(-(0.3 + x)))
    seen = (rng.random(days.shape) < 1 - np.exp(-0.05 * days)) & used[:, None]
    w = np.column_stack([np.ones(sites), rng.standard_normal(sites)])
    return OccupancyData(
        detected=seen.astype(float),
        days=days,
        psi_design=np.column_stack([np.ones(sites), x - x.mean()]),
        rate_design=w,
        psi_names=("one", "x"),
        rate_names=("one", "w"),
    )


def test_the_gradient_of_the_occupancy_likelihood_is_right() -> None:
    data = occupancy_data()
    rng = np.random.default_rng(2)
    for _ in range(5):
        theta = rng.normal(0, 1, 5) + np.array([0.0, 0.0, -3.0, 0.0, 0.5])
        _, gradient = log_likelihood(theta, data)
        numeric = approx_fprime(theta, lambda t: log_likelihood(t, data)[0], 1e-7)
        np.testing.assert_allclose(gradient, numeric, rtol=2e-4, atol=2e-4)


def test_the_occupancy_likelihood_is_that_of_a_plain_loop() -> None:
    data, theta = occupancy_data(), np.array([0.2, -0.5, -3.0, 0.4, 0.8])
    total = 0.0
    for i in range(len(data.detected)):
        psi = 1 / (1 + np.exp(-(data.psi_design[i] @ theta[:2])))
        middle = data.rate_design[i] @ theta[2:4]

        def history(x: float, i: int = i, middle: float = middle) -> float:
            out, rate = norm.pdf(x), np.exp(middle + theta[4] * x)
            for hit, days in zip(data.detected[i], data.days[i], strict=True):
                p = 1 - np.exp(-rate * days)
                out *= 1.0 if days == 0 else p if hit else 1 - p
            return float(out)

        never = not (data.detected[i] * (data.days[i] > 0)).any()
        total += np.log(psi * quad(history, -8, 8)[0] + (1 - psi) * never)
    assert log_likelihood(theta, data)[0] == pytest.approx(total, rel=1e-3)


def seasons_data(seed: int = 3, sites: int = 12) -> OccupancyData:
    """Three seasons of two, three and two occasions."""
    rng = np.random.default_rng(seed)
    season = np.repeat([0, 1, 2], [2, 3, 2])
    days = np.where(rng.random((sites, 7)) < 0.2, 0.0, rng.uniform(1, 7, (sites, 7)))
    used = rng.random((sites, 3)) < 0.5
    seen = (rng.random(days.shape) < 1 - np.exp(-0.1 * days)) & used[:, season]
    ones = np.ones((sites, 1))
    return OccupancyData(
        detected=seen.astype(float), days=days, psi_design=ones, rate_design=ones, psi_names=("one",), rate_names=("one",),
        season=season,
    )  # fmt: skip


def test_the_likelihood_of_several_seasons_is_that_of_all_ways_in_which_use_may_have_changed() -> None:
    data, theta = seasons_data(), np.array([0.3, -2.2, 0.0, 0.7])
    psi, stays = 1 / (1 + np.exp(-0.3)), 1 / (1 + np.exp(-0.7))
    p = 1 - np.exp(-np.exp(-2.2) * data.days)
    each = np.where(data.days == 0, 1.0, np.where(data.detected > 0, p, 1 - p))
    total = 0.0
    for site in range(len(p)):
        by_season = [each[site, data.season == t].prod() for t in range(3)]
        was_seen = [((data.detected[site] > 0) & (data.days[site] > 0))[data.season == t].any() for t in range(3)]
        whole = 0.0
        for path in itertools.product((0, 1), repeat=3):
            chance = psi if path[0] else 1 - psi
            for before, now in itertools.pairwise(path):
                to_used = psi + stays * (1 - psi) if before else psi * (1 - stays)
                chance *= to_used if now else 1 - to_used
            whole += chance * np.prod([by_season[t] if path[t] else float(not was_seen[t]) for t in range(3)])
        total += np.log(whole)
    assert log_likelihood(theta, data)[0] == pytest.approx(total, rel=1e-12)
    for at in (theta, np.array([-1.0, -1.0, 0.8, -1.5])):
        numeric = approx_fprime(at, lambda t: log_likelihood(t, data)[0], 1e-7)
        np.testing.assert_allclose(log_likelihood(at, data)[1], numeric, rtol=2e-4, atol=2e-4)


def test_use_that_never_changes_is_one_season_and_seasons_must_be_in_order() -> None:
    data = seasons_data()
    theta = np.array([0.3, -2.2, 0.4, 40.0])
    one = dataclasses.replace(data, season=None)
    assert log_likelihood(theta, data)[0] == pytest.approx(log_likelihood(theta[:3], one)[0], rel=1e-9)
    assert fit_occupancy(data).used[data.seen].tolist() == [1.0] * int(data.seen.sum())
    with pytest.raises(DataError, match="ascending from 0 by steps of 1"):
        dataclasses.replace(data, season=np.array([0, 0, 2, 2, 2, 3, 3]))


def test_sure_detection_makes_occupancy_a_binomial_share() -> None:
    seen = np.zeros((40, 1))
    seen[:12] = 1.0
    ones = np.ones((40, 1))
    data = OccupancyData(
        detected=np.repeat(seen, 20, axis=1),
        days=np.full((40, 20), 50.0),
        psi_design=ones,
        rate_design=ones,
        psi_names=("one",),
        rate_names=("one",),
    )
    fit = fit_occupancy(data)
    assert fit.converged and fit.psi[0] == pytest.approx(0.3, abs=0.01)
    assert fit.used[20] < 1e-6 and fit.used[0] == 1.0
    low, high = profile_interval(fit, [1.0])
    assert (low, high) == pytest.approx((0.194, 0.427), abs=0.012)


def test_an_unseen_place_that_was_watched_little_may_still_be_used() -> None:
    data = occupancy_data()
    fit = fit_occupancy(data)
    unseen = np.flatnonzero(~data.seen)
    assert (fit.used[unseen] < fit.psi[unseen]).all()
    assert (fit.used[data.seen] == 1).all()


def test_spearman_and_auc_are_those_of_scipy_and_of_counting() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal(40)
    y = x + rng.standard_normal(40)
    found = spearman(x, y)
    assert found.value == pytest.approx(spearmanr(x, y).statistic)
    assert found.low < found.value < found.high < 1
    present = y > 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in x[present] for b in x[~present]]
    assert auc(x, present).value == pytest.approx(np.mean(pairs))
    assert np.isnan(spearman(np.ones(9), y[:9]).value)
    assert np.isnan(auc(x, np.ones(40, bool)).value)


def simulated(slope: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    field, days = np.exp(rng.normal(0, 1.5, n)), rng.uniform(40, 120, n)
    rate = 0.05 * np.exp(slope * standardised(field)) * rng.gamma(4, 0.25, n)
    return field, rng.poisson(rate * days).astype(float), days


def test_the_map_that_made_the_data_fits_best() -> None:
    field, events, days = simulated(1.0, 50, 5)
    noise = np.exp(np.random.default_rng(6).normal(0, 1, 50))
    table = compare_predictors({"true": field, "noise": noise}, events, days)
    assert table["predictor"].iloc[0] == "true"
    assert table["gain"].iloc[0] > 3 * table["gain_error"].iloc[0]
    assert table.set_index("predictor").loc[CONSTANT, "gain"] == 0.0
    assert fit_rate(standardised(field), events, days).slope == pytest.approx(1.0, abs=0.25)


def test_leaving_out_is_refitting_without_the_site() -> None:
    field, events, days = simulated(1.0, 25, 9)
    z, kept = standardised(field), np.arange(25) != 7
    whole = fit_rate(z, events, days)
    plain = minimize(
        lambda t: float(
            -PredictionFit(intercept=t[0], slope=t[1], cv=whole.cv).log_score(z[kept], events[kept], days[kept]).sum()
            + 0.5 * ((t[0] - np.log((events[kept].sum() + 0.5) / days[kept].sum())) / 3.0) ** 2
            + 0.5 * t[1] ** 2
        ),
        [-3.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    ).x
    found = _refit(whole, z[kept], events[kept], days[kept])
    assert (found.intercept, found.slope) == pytest.approx(tuple(plain), abs=1e-5)


def test_no_map_beats_chance_where_nothing_depends_on_one() -> None:
    gains = []
    for seed in range(12):
        field, events, days = simulated(0.0, 30, 10 + seed)
        table = compare_predictors({"map": field}, events, days).set_index("predictor")
        gains.append(table.loc["map", "gain"] > 2 * table.loc["map", "gain_error"])
    assert sum(gains) <= 1


def test_calibration_adds_up_and_rises() -> None:
    field, events, days = simulated(1.2, 60, 7)
    table = calibration(field, events, days)
    assert (table["sites"].sum(), table["events"].sum()) == (60, events.sum())
    assert table["rate"].iloc[-1] > table["rate"].iloc[0]
    assert ((table["low"] < table["rate"]) & (table["rate"] < table["high"])).all()


def test_power_rises_with_days_and_is_small_without_an_effect() -> None:
    field, events, days = simulated(0.5, 30, 8)
    z, fit = standardised(field), fit_rate(standardised(field), events, days)
    power = power_of_days(z, days / 20, type(fit)(intercept=fit.intercept, slope=0.5, cv=0.6), factors=(1.0, 8.0, 64.0))
    assert power[1.0] < power[8.0] <= power[64.0] + 0.05
    none = power_of_days(z, days, type(fit)(intercept=fit.intercept, slope=0.0, cv=0.6), factors=(1.0,), draws=600)
    assert none[1.0] == pytest.approx(0.05, abs=0.03)


SLOW = "seasons"
"""Cases of a second or so a set."""


@pytest.mark.parametrize("name", [name for name in CASES if SLOW not in name])
def test_intervals_hold_the_truth(name: str) -> None:
    """A short version of the tables in the docs: with 40 sets, a true 90 % falls under 75 % once in 200 times."""
    held, width = coverage(CASES[name], 40, seed=11)
    assert held >= 0.75 and width > 0
