"""How firm is a ranking of passages while its numbers are uncertain: ``otkel uncertainty``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from connectivity.machine import one_blas_thread
from connectivity.openings.profile import spaced_shortlist
from connectivity.portfolio.rank_stability import FirstOrder, first_order, kendall_taus, place_ranks, ranks_of
from rasters.arrays import Ints, Reals
from rasters.errors import ConfigError
from scenarios.land.inputs import Inputs, read_inputs
from scenarios.land.parameters import Changes, ParameterSpace, parameter_space, sobol_points
from scenarios.land.prepared import prepare_species
from scenarios.model.naming import passage_names
from scenarios.model.ranking import combine_species
from scenarios.records.cache import cache_folder
from scenarios.study.load import ResolvedStudy
from scenarios.uncertainty.draws import DrawJob, evaluate_draws, gains_of, score_candidates

__all__ = ["ALL", "ALL_SPECIES", "Stability", "stability_of"]

ALL = "all"
"""Name of the weighted mean of all species."""
ALL_SPECIES = "all species together"
BEST = 100
"""Candidates that are drawn: this many of the best, and the best of every place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """A ranking as stated, and in every draw.

    Parameters
    ----------
    resolved : ResolvedStudy
    candidates : DataFrame
        One row per drawn candidate, best first as stated: ``candidate, name, geometry_status, fence, fence_line, along_m, lat, lon,
        cost, score``, and ``selected``, whether it is on the stated shortlist that keeps its distance.
    species : tuple of str
    weight : (n_species,) float64
        Of each species in the mean [1].
    measures : tuple of str
        What was kept of each candidate; the first ranks.
    stated : (n_species, n_measure, n_candidate) float64
    drawn : (n_draw, n_species, n_measure, n_candidate) float64
    points : (n_draw, n_axis) float64
        Quantiles that were drawn.
    space : ParameterSpace
    top : int
        Length of the list that candidates are in or not.
    spacing_m : float
        Candidates of a fence that are closer than this are one place.
    seed : int
    labels : dict of str to str
        Species id -> its name for people.
    """

    resolved: ResolvedStudy
    candidates: pd.DataFrame
    species: tuple[str, ...]
    weight: Reals
    measures: tuple[str, ...]
    stated: Reals
    drawn: Reals
    points: Reals
    space: ParameterSpace
    top: int
    spacing_m: float
    seed: int
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def rankings(self) -> tuple[str, ...]:
        """All species together, then each alone where there are several."""
        return (ALL, *self.species) if len(self.species) > 1 else (ALL,)

    def gains(self, ranking: str = ALL, measure: int = 0) -> Reals:
        """(n_draw, n_candidate) of one species, or the weighted mean of all."""
        return self._of(self.drawn, ranking, measure)

    def stated_gains(self, ranking: str = ALL, measure: int = 0) -> Reals:
        """(n_candidate,) with every number as stated."""
        return np.asarray(self._of(self.stated[None], ranking, measure)[0])

    def _of(self, values: Reals, ranking: str, measure: int) -> Reals:
        if ranking != ALL:
            return values[:, self.species.index(ranking), measure]
        total = np.zeros((values.shape[0], values.shape[-1]))
        for number, weight in enumerate(self.weight):
            total += values[:, number, measure] * weight / self.weight.sum()
        return total

    @property
    def tie(self) -> Ints:
        """(n_candidate,) order of equal gains: cost, then id, as in every ranking here."""
        order = np.lexsort((self.candidates["candidate"].to_numpy(str), self.candidates["cost"].to_numpy(float)))
        tie = np.empty(order.size, np.int64)
        tie[order] = np.arange(order.size)
        return tie

    def ranks(self, ranking: str = ALL) -> Ints:
        """(n_draw, n_candidate) plain ranks."""
        return ranks_of(self.gains(ranking), self.tie)

    def stated_ranks(self, ranking: str = ALL) -> Ints:
        """(n_candidate,) plain ranks as stated."""
        return np.asarray(ranks_of(self.stated_gains(ranking)[None], self.tie)[0])

    def places(self, ranking: str = ALL) -> Ints:
        """(n_draw, n_candidate) rank of the place that each candidate belongs to."""
        return self._places(self.gains(ranking))

    def stated_places(self, ranking: str = ALL) -> Ints:
        """(n_candidate,) rank of its place as stated."""
        return np.asarray(self._places(self.stated_gains(ranking)[None])[0])

    def _places(self, gains: Reals) -> Ints:
        along, line = self.candidates["along_m"].to_numpy(float), self.candidates["fence_line"].tolist()
        return place_ranks(gains, self.tie, line, along, self.spacing_m)

    def shortlist(self, ranking: str = ALL) -> list[int]:
        """Rows of the stated best ``top`` candidates that keep their distance, best first."""
        gains = self.stated_gains(ranking)
        order = [i for i in np.argsort(self.stated_ranks(ranking)).tolist() if gains[i] > 0]
        along, line = self.candidates["along_m"].to_numpy(float), self.candidates["fence_line"].tolist()
        return spaced_shortlist(order, line, along, spacing_m=self.spacing_m, most=self.top)

    def taus(self, ranking: str = ALL) -> Reals:
        """(n_draw,) Kendall's tau with the stated ranking, over all drawn candidates."""
        return kendall_taus(self.gains(ranking), self.stated_gains(ranking))

    def drivers(self, ranking: str = ALL) -> FirstOrder:
        """Which parameter moves the ranking: variance of the logarithm of the place ranks of the stated shortlist.

        With the logarithm, a move from place 1 to 2 counts as much as one from 10 to 20.
        """
        ranks = self.places(ranking)[:, self.shortlist(ranking)]
        return first_order(self.points, np.log(ranks.astype(np.float64)), seed=self.seed)

    def gain_drivers(self, ranking: str = ALL) -> FirstOrder:
        """Which parameter moves what the stated shortlist gains: variance of the measure that ranks."""
        return first_order(self.points, self.gains(ranking)[:, self.shortlist(ranking)], seed=self.seed)


def stability_of(
    resolved: ResolvedStudy,
    inputs: Inputs | None = None,
    *,
    species: Sequence[str] | None = None,
    draws: int = 64,
    seed: int = 1,
    top: int = 10,
    jobs: int = 1,
    best: int = BEST,
    candidates: pd.DataFrame | None = None,
    objective: str = "",
    cache: Path | None = None,
    expect: Callable[[int], None] = lambda steps: None,
    progress: Callable[[str], None] = lambda what: None,
) -> Stability:
    """Draw the uncertain parameters of a study, value the candidates in each draw, and compare.

    Parameters
    ----------
    inputs : Inputs, optional
        Read already for these species.
    draws : int
        A power of two.
    seed : int
        The same seed gives the same draws; more draws begin with the same ones.
    top : int
        Length of the list of the best.
    jobs : int
        Processes. The numbers do not depend on it.
    best : int
        Draw this many of the best candidates, and besides the best one of every place; 0 for all. Ignored with
        ``candidates``.
    candidates : DataFrame, optional
        Exactly these, with the columns ``candidate, fence, fence_line, along_m, lat, lon, cost``: for a portfolio's shortlist.
    objective : str
        Empty for the score of `otkel run`; or an objective of `otkel passages`, then ``candidates`` must be given.
    cache : Path, optional
        Folder for finished draws.
    expect, progress : callable
        Told how many steps there are, and of each.

    Raises
    ------
    ConfigError
        When nothing is uncertain, nothing can be opened, or ``draws`` is no power of two.
    """
    inputs = read_inputs(resolved, species) if inputs is None else inputs
    names = tuple(inputs.profiles)
    space = parameter_space(resolved, inputs)
    points = sobol_points(draws, len(space.axes), seed)
    expect(draws + len(names))
    table = candidates
    if table is None:
        if objective:
            raise ConfigError(f"an objective ({objective}) needs the candidates that are to be drawn")
        table = _stated_candidates(resolved, inputs, best, progress)
    table = _named(table, inputs)
    job = DrawJob(resolved=resolved, species=names, candidates=tuple(table["candidate"]), objective=objective)
    stated = gains_of(job, inputs, Changes.none())
    drawn = evaluate_draws(
        job,
        inputs,
        [space.at(point) for point in points],
        jobs=jobs,
        cache=cache or cache_folder("draws"),
        done=lambda number, kept: progress(f"draw {number + 1}{' (kept)' if kept else ''}"),
    )
    weight = np.array([resolved.study.species[name].weight for name in names])
    if not weight.sum() > 0:
        raise ConfigError(f"{resolved.path}: species: the weights of {', '.join(names)} are all 0; choose others")
    settings = resolved.study.candidates
    return Stability(
        resolved=resolved,
        candidates=table.reset_index(drop=True),
        species=names,
        weight=weight,
        measures=job.measures,
        stated=stated,
        drawn=drawn,
        points=points,
        space=space,
        top=top,
        spacing_m=settings.min_spacing_m,
        seed=seed,
        labels={name: profile.labels.get("en", profile.name) for name, profile in inputs.profiles.items()},
    )


def _named(table: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Candidates with the name that people call them, and the status of the line that they stand on."""
    statuses = {fence.id: fence.geometry_status for fence in inputs.cuts.fences}
    return table.assign(
        name=passage_names(inputs.cuts.fences, table),
        geometry_status=[statuses.get(fence, "unknown") for fence in table["fence"]],
    )


def _stated_candidates(
    resolved: ResolvedStudy, inputs: Inputs, best: int, progress: Callable[[str], None]
) -> pd.DataFrame:
    """The ranking of a run, and of it the candidates that are worth drawing."""
    rankings = {}
    with one_blas_thread():
        for name in inputs.profiles:
            progress(f"{name}: as stated")
            rankings[name] = score_candidates(prepare_species(resolved, inputs, name))
    table = combine_species(resolved.study, rankings)
    if not (table["score"] > 0).any():
        raise ConfigError(
            f"{resolved.path}: no candidate passage improves connectivity in scenario {resolved.scenario} (no active fence, or "
            "fences closed behind each other), so there is no ranking to test"
        )
    if not best:
        return table
    along = table["along_m"].to_numpy(float)
    peaks = spaced_shortlist(
        range(len(table)),
        table["fence_line"].tolist(),
        along,
        spacing_m=resolved.study.candidates.min_spacing_m,
        most=len(table),
    )
    shares = ("conductance_gain_share", "least_cost_gain_share")
    firsts = {
        one["candidate"].iloc[int(one[share].argmax())] for one in rankings.values() if len(one) for share in shares
    }
    wanted = table.index.isin([*range(best), *peaks]) | table["candidate"].isin(firsts)
    return table[wanted].reset_index(drop=True)
