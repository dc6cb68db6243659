"""Step selection: against another program, by its derivatives, and on simulated choices."""

from __future__ import annotations

import numpy as np
import pytest

from rasters.errors import DataError
from scenarios.statistics.step_selection import fit_steps, log_scores


def choices(
    n: int, m: int, beta: np.ndarray, seed: int, animals: int = 6, spread: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """(n, m, p) covariates with the step taken first, and whose each is; animals differ in their coefficients by ``spread``."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, m, beta.size))
    animal = rng.integers(0, animals, n)
    own = beta + spread * rng.normal(size=(animals, beta.size))
    utility = np.einsum("nmp,np->nm", x, own[animal]) + rng.gumbel(size=(n, m))
    taken = utility.argmax(axis=1)
    rows = np.arange(n)
    x[rows, 0], x[rows, taken] = x[rows, taken].copy(), x[rows, 0].copy()
    return x, animal


def test_coefficients_and_errors_are_those_of_statsmodels() -> None:
    models = pytest.importorskip("statsmodels.discrete.conditional_models")
    x, animal = choices(300, 8, np.array([0.8, -0.5, 0.0]), 1)
    ours = fit_steps(x, animal)
    n, m, p = x.shape
    groups, taken = np.repeat(np.arange(n), m), np.tile(np.arange(m) == 0, n).astype(float)
    theirs = models.ConditionalLogit(taken, x.reshape(-1, p), groups=groups).fit(disp=0, method="newton", tol=1e-12)
    assert ours.beta == pytest.approx(theirs.params, abs=1e-6)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse, abs=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.llf, abs=1e-6)


def test_the_robust_error_is_the_sandwich_written_as_a_loop() -> None:
    x, animal = choices(60, 5, np.array([0.5, -0.3]), 2)
    found = fit_steps(x, animal)
    meat = np.zeros((2, 2))
    for one in np.unique(animal):
        score = np.zeros(2)
        for step in x[animal == one]:
            share = np.exp(step @ found.beta)
            score += step[0] - share @ step / share.sum()
        meat += np.outer(score, score)
    n = np.unique(animal).size
    assert found.robust == pytest.approx(found.covariance @ meat @ found.covariance * n / (n - 1), rel=1e-9)


def test_simulated_coefficients_are_covered_where_animals_differ() -> None:
    """40 sets of 24 animals that differ: errors by animals hold in most; those of the model alone do not."""
    truth, robust, model = np.array([0.6, -0.4]), 0, 0
    for seed in range(40):
        x, animal = choices(1200, 6, truth, seed, animals=24, spread=0.3)
        found = fit_steps(x, animal)
        away = np.abs(found.beta - truth)
        robust += int((away <= 1.645 * np.sqrt(np.diag(found.robust))).sum())
        model += int((away <= 1.645 * np.sqrt(np.diag(found.covariance))).sum())
    assert 64 <= robust <= 79
    assert model < robust - 8


def test_a_step_that_cannot_be_taken_is_as_if_it_were_not_there() -> None:
    x, animal = choices(80, 6, np.array([0.7]), 3)
    weight = np.ones(x.shape[:2])
    weight[:, -2:] = 0.0
    assert fit_steps(x, animal, weight).beta == pytest.approx(fit_steps(x[:, :-2], animal).beta, abs=1e-8)


def test_scores_of_steps_the_fit_did_not_see_sum_to_one() -> None:
    x, _ = choices(5, 4, np.array([0.7]), 4)
    every = [log_scores(np.roll(x, -k, axis=1), np.array([0.7])) for k in range(4)]
    assert np.exp(every).sum(axis=0) == pytest.approx(np.ones(5))


def test_a_covariate_that_never_differs_is_told() -> None:
    x, animal = choices(50, 4, np.array([0.7, 0.1]), 5)
    x[:, :, 1] = 2.0
    with pytest.raises(DataError, match="never differs within a set"):
        fit_steps(x, animal)
