"""How firm a ranking is when it is drawn many times: ranks, places, worst cases, and which input moves it.

Rows are draws, columns are candidates. Nothing here knows what was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from rasters.arrays import Ints, Reals

__all__ = [
    "FirstOrder",
    "first_order",
    "kendall_taus",
    "neighbours",
    "place_ranks",
    "ranks_of",
    "top_shares",
    "worst_case",
]


def ranks_of(values: Reals, tie: Ints) -> Ints:
    """(n, c) rank from 1, highest value first; equal values in the order of ``tie`` (c,)."""
    ranks = np.empty(values.shape, np.int64)
    for row, out in zip(values, ranks, strict=True):
        out[np.lexsort((tie, -row))] = np.arange(1, row.size + 1)
    return ranks


def neighbours(line: Sequence[str], along_m: Reals, spacing_m: float) -> NDArray[np.bool_]:
    """(c, c) whether two candidates stand on one line and closer than a spacing; each is near itself."""
    names = np.unique(np.asarray(line), return_inverse=True)[1]
    near: NDArray[np.bool_] = (names[:, None] == names) & (np.abs(along_m[:, None] - along_m) < max(spacing_m, 1e-9))
    return near


def place_ranks(values: Reals, tie: Ints, line: Sequence[str], along_m: Reals, spacing_m: float) -> Ints:
    """Rank of the place that each candidate belongs to, where neighbours count as one place.

    In each draw the best candidate is the first place; it takes in all candidates of its line closer than ``spacing_m``;
    the best of the others is the second place, and so on: the same order as a shortlist with that spacing.

    Parameters
    ----------
    values : (n, c) float64
    tie : (c,) int64
    line : (c,) str
    along_m : (c,) float64
    spacing_m : float

    Returns
    -------
    (n, c) int64
        From 1; ``c + 1`` for candidates of a place that gains nothing.
    """
    near = neighbours(line, along_m, spacing_m)
    ranks = ranks_of(values, tie)
    places = np.full(values.shape, values.shape[1] + 1, np.int64)
    for row, order, out in zip(values, np.argsort(ranks, axis=1), places, strict=True):
        _number_places(row, order, near, out)
    return places


def _number_places(values: Reals, order: Ints, near: NDArray[np.bool_], out: Ints) -> None:
    free = np.ones(values.size, bool)
    place = 0
    for best in order:
        if not values[best] > 0:
            return
        if free[best]:
            place += 1
            taken = near[best] & free
            out[taken] = place
            free &= ~taken


def top_shares(ranks: Ints, k: int, *, gains: Reals | None = None, near: NDArray[np.bool_] | None = None) -> Reals:
    """Share of draws in which each candidate is among the first ``k``.

    Parameters
    ----------
    ranks : (n, c) int64
    gains : (n, c) float64, optional
        A candidate that gains nothing is never among the first.
    near : (c, c) bool, optional
        From `neighbours`: it is enough that a neighbour is among the first.

    Returns
    -------
    (c,) float64
        Rank acceptability, after Lahdelma and Salminen (2001, Operations Research 49:444). Without ``near`` the shares of
        all candidates sum to ``k`` if as many gain, because each draw has ``k`` first ones.
    """
    inside = ranks <= k if gains is None else (ranks <= k) & (gains > 0)
    if near is not None:
        inside = inside @ near
    return np.asarray(inside.mean(axis=0), np.float64)


def worst_case(values: Reals, share: float = 0.1) -> Reals:
    """(c,) value that is undercut in ``share`` of the draws only."""
    return np.asarray(np.quantile(values, share, axis=0), np.float64)


def kendall_taus(values: Reals, reference: Reals) -> Reals:
    """(n,) Kendall's tau-b of each draw with the reference (c,); NaN where one of them is constant."""
    out = np.full(values.shape[0], np.nan)
    if np.ptp(reference) > 0:
        for i, row in enumerate(values):
            if np.ptp(row) > 0:
                out[i] = kendalltau(row, reference).statistic
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOrder:
    """First-order sensitivity indices of inputs.

    Parameters
    ----------
    index : (d,) float64
        Share of the outputs' variance that goes with the input alone [1]; chance can make it slightly negative.
    error : (d,) float64
        Standard error by bootstrap over the draws.
    noise : float
        What the largest of ``d`` indices of inputs without any effect stays under in 95 of 100 cases.
    bins : int
    """

    index: Reals
    error: Reals
    noise: float
    bins: int


def first_order(points: Reals, outputs: Reals, *, seed: int = 0, repeats: int = 300) -> FirstOrder:
    """First-order Sobol indices from given draws, for many outputs together.

    Parameters
    ----------
    points : (n, d) float64
        Inputs as quantiles in [0, 1).
    outputs : (n, q) float64
        The variance is summed over them.
    repeats : int
        Bootstrap samples, and permutations for the noise.

    Notes
    -----
    The share of variance between equal bins of one input, ``Var(E[y | bin]) / Var(y)`` (Plischke, Borgonovo and Smith
    2013, European Journal of Operational Research 226:536), with the usual adjustment for the bins that chance alone would
    explain. For many outputs variances are summed (Gamboa, Janon, Klein and Lagnoux 2014, Electronic Journal of Statistics
    8:575). About the cube root of n bins, a power of two, which a Sobol sequence fills evenly. Wide bins lose what varies
    within them, so indices of wiggly effects come out low.
    """
    n, d = points.shape
    bins = 2 ** max(round(math.log2(max(n, 2)) / 3), 1)
    member = np.minimum((points * bins).astype(np.int64), bins - 1)
    centred = outputs - outputs.mean(axis=0)
    if not np.abs(centred).max(initial=0.0) > 0:
        return FirstOrder(index=np.zeros(d), error=np.zeros(d), noise=0.0, bins=bins)
    rng = np.random.default_rng(seed)
    one = np.ones(n)
    boot = [_shares_between(centred, member, _resampled(rng, n), bins) for _ in range(repeats)]
    chance = [_shares_between(centred, member[rng.permutation(n)], one, bins).max(initial=0.0) for _ in range(repeats)]
    return FirstOrder(
        index=_shares_between(centred, member, one, bins),
        error=np.std(boot, axis=0, ddof=1),
        noise=float(np.quantile(chance, 0.95)),
        bins=bins,
    )


def _resampled(rng: np.random.Generator, n: int) -> Reals:
    """(n,) how often each draw comes in a sample with replacement."""
    return np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)


def _shares_between(outputs: Reals, member: Ints, weight: Reals, bins: int) -> Reals:
    """(d,) adjusted share of variance between bins, of draws that count ``weight`` (n,) times."""
    n = weight.sum()
    mean = ((weight @ outputs) ** 2).sum() / n
    total = weight @ (outputs**2).sum(axis=1) - mean
    out = np.zeros(member.shape[1])
    if not total > 0:
        return out
    for j in range(member.shape[1]):
        held = np.zeros((weight.size, bins))
        held[np.arange(weight.size), member[:, j]] = weight
        size = held.sum(axis=0)
        used = size > 0
        between = (((held.T @ outputs) ** 2).sum(axis=1)[used] / size[used]).sum() - mean
        out[j] = 1.0 - (1.0 - between / total) * (n - 1) / max(n - used.sum(), 1)
    return out
