"""How often 90 % intervals hold the truth: estimators of evidence on sets simulated from known numbers.

``PYTHONPATH=. python tests/support/evidence_coverage.py [SETS] [WORD ...]`` prints the table of `docs/how-to/evidence.md`, or its rows with
these words; the suite
runs a short version.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from scenarios.statistics.baci import SiteCounts, baci_effect
from scenarios.statistics.occupancy import OccupancyData, fit_occupancy, profile_interval
from scenarios.statistics.rates import rate_posterior
from scenarios.statistics.use_factor import PassageEvidence, use_factors

Rng = np.random.Generator
Case = Callable[[Rng], tuple[float, float, float]]
"""Simulates one set; returns the truth and both ends of its interval."""


def varied(rng: Rng, cv: float, size: int | tuple[int, ...]) -> np.ndarray:
    """Gamma multipliers of mean 1."""
    return np.ones(size) if cv == 0 else rng.gamma(1 / cv**2, cv**2, size)


def crossing_rate(cv: float, blocks: int = 8, clump: float = 1.0) -> Case:
    """``cv`` of gamma multipliers of blocks; animals come in clumps of a geometric size with the mean ``clump``."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        rate, days = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))), rng.uniform(12, 28, blocks)
        visits = rng.poisson(rate / clump * varied(rng, cv, blocks) * days)
        events = np.array([rng.geometric(1 / clump, n).sum() for n in visits])
        found = rate_posterior(events, days)
        return rate, found.low, found.high

    return draw


def opening_effect(block_cv: float, passages: int = 4, controls: int = 4, own: float = 0.0) -> Case:
    """``own`` is the standard deviation of the log change that each site has by itself."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        effect, change = rng.uniform(0.0, 1.8), rng.normal(0.0, 0.4)

        def period(rate: float, blocks: int) -> np.ndarray:
            days = rng.uniform(14, 28, blocks)
            return np.column_stack([rng.poisson(rate * days * varied(rng, block_cv, blocks)), days])

        sites = []
        for i in range(passages + controls):
            level, at_passage = 0.1 * float(varied(rng, 0.5, 1)[0]), i < passages
            ratio = np.exp(change + effect * at_passage + (rng.normal(0.0, own) if own else 0.0))
            sites.append(
                SiteCounts(site=str(i), is_passage=at_passage, before=period(level, 4), after=period(level * ratio, 8))
            )
        found = baci_effect(sites)
        return float(np.exp(effect)), found.low, found.high

    return draw


def occupancy_seasons(persistence: float, seasons: int = 4, *, told: bool = True) -> Case:
    """Use that changes between seasons; the truth is the probability in a season. Not ``told`` of seasons, all are taken as one."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        psi, sites, weeks = rng.uniform(0.25, 0.75), 24, 8
        used = rng.random((sites, 1)) < psi
        for _ in range(seasons - 1):
            chance = np.where(used[:, -1:], psi + persistence * (1 - psi), psi * (1 - persistence))
            used = np.hstack([used, rng.random((sites, 1)) < chance])
        days = np.where(rng.random((sites, seasons * weeks)) < 0.2, 0.0, rng.uniform(2, 7, (sites, seasons * weeks)))
        seen = (rng.random(days.shape) < 1 - np.exp(-0.04 * days)) & np.repeat(used, weeks, axis=1)
        ones = np.ones((sites, 1))
        data = OccupancyData(
            detected=seen.astype(float), days=days, psi_design=ones, rate_design=ones, psi_names=("intercept",),
            rate_names=("intercept",), season=np.repeat(np.arange(seasons), weeks) if told else None,
        )  # fmt: skip
        low, high = profile_interval(fit_occupancy(data), [1.0])
        return float(psi), low, high

    return draw


def occupancy(covariate: bool = False, sigma: float = 0.0, sites: int = 24, occasions: int = 16) -> Case:
    def draw(rng: Rng) -> tuple[float, float, float]:
        psi = rng.uniform(0.25, 0.75)
        x = rng.standard_normal(sites)
        x -= x.mean()
        logit = np.log(psi / (1 - psi)) + (1.0 * x if covariate else 0.0)
        used = rng.random(sites) < 1 / (1 + np.exp(-logit))
        days = np.where(rng.random((sites, occasions)) < 0.2, 0.0, rng.uniform(2, 7, (sites, occasions)))
        rate = 0.04 * np.exp(rng.normal(0.0, sigma, (sites, 1))) if sigma else 0.04
        seen = rng.random((sites, occasions)) < 1 - np.exp(-rate * days)
        design = np.column_stack([np.ones(sites), x]) if covariate else np.ones((sites, 1))
        data = OccupancyData(
            detected=(seen & used[:, None]).astype(float),
            days=days,
            psi_design=design,
            rate_design=np.ones((sites, 1)),
            psi_names=("intercept", "x")[: design.shape[1]],
            rate_names=("intercept",),
        )
        low, high = profile_interval(fit_occupancy(data), np.eye(design.shape[1])[0])
        return float(psi), low, high

    return draw


def use_factor(with_controls: bool, passages: int = 5, levels: float = 0.0) -> Case:
    """The truth is drawn from the prior, as the interval supposes; log levels of passage and control differ by ``levels`` (sd)."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        mean = rng.beta(0.6 * 4, 0.4 * 4)
        s = float(np.exp(rng.uniform(np.log(2), np.log(200))))
        seen = []
        for k in range(passages):
            u = rng.beta(mean * s, (1 - mean) * s)
            visits = rng.poisson(15)
            through = rng.binomial(visits, u)
            if with_controls:
                level = rng.uniform(0.1, 0.5)
                own, control = rng.poisson(u * level * np.exp(rng.normal(0.0, levels)) * 120), rng.poisson(level * 120)
                one = PassageEvidence(passage=str(k), passes=own, days=120, control_passes=control, control_days=120)
            else:
                one = PassageEvidence(passage=str(k), through=through, turned_back=visits - through)
            seen.append(one)
        found = use_factors(seen, 0.6, 4.0).design
        return float(mean), found.low, found.high

    return draw


CASES: dict[str, Case] = {
    "crossing rate, Poisson": crossing_rate(0.0),
    "crossing rate, cv 0.3": crossing_rate(0.3),
    "crossing rate, cv 0.6": crossing_rate(0.6),
    "crossing rate, cv 1": crossing_rate(1.0),
    "crossing rate, cv 1.5": crossing_rate(1.5),
    "crossing rate, clumps of 3": crossing_rate(0.0, clump=3.0),
    "crossing rate, clumps of 6": crossing_rate(0.0, clump=6.0),
    "crossing rate, cv 0.6, clumps of 3": crossing_rate(0.6, clump=3.0),
    "BACI effect, Poisson": opening_effect(0.0),
    "BACI effect, cv 0.5": opening_effect(0.5),
    "BACI effect, cv 0.5, one pair": opening_effect(0.5, 1, 1),
    "BACI effect, sites change by themselves (log sd 0.3)": opening_effect(0.5, own=0.3),
    "BACI effect, sites change by themselves (log sd 0.6)": opening_effect(0.5, own=0.6),
    "BACI effect, sites change by themselves (log sd 1)": opening_effect(0.5, own=1.0),
    "occupancy": occupancy(),
    "occupancy, detection varies between sites": occupancy(sigma=1.0),
    "occupancy with a covariate": occupancy(covariate=True),
    "occupancy, 4 seasons, use stays (persistence 1)": occupancy_seasons(1.0),
    "occupancy, 4 seasons, persistence 0.6": occupancy_seasons(0.6),
    "occupancy, 4 seasons, persistence 0.2": occupancy_seasons(0.2),
    "use factor, outcomes": use_factor(False),
    "use factor, controls": use_factor(True),
    "use factor, controls, levels differ (log sd 0.3)": use_factor(True, levels=0.3),
    "use factor, controls, levels differ (log sd 0.6)": use_factor(True, levels=0.6),
    "use factor, controls, levels differ (log sd 1)": use_factor(True, levels=1.0),
}


def coverage(case: Case, sets: int, seed: int = 1) -> tuple[float, float]:
    """Share of intervals that hold the truth, and their median width."""
    rng = np.random.default_rng(seed)
    found = np.array([case(rng) for _ in range(sets)])
    held = (found[:, 1] <= found[:, 0]) & (found[:, 0] <= found[:, 2])
    return float(held.mean()), float(np.median(found[:, 2] - found[:, 1]))


def main() -> None:
    """Print the table."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"| {sets} simulated sets | 90 % intervals that hold the truth |\n|---|---|")
    for name, case in ((name, case) for name, case in CASES.items() if all(word in name for word in sys.argv[2:])):
        print(f"| {name} | {100 * coverage(case, sets)[0]:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
