"""Gains of candidates for other values of a study's parameters: one draw after the other, in parallel, kept on disk.

A draw is what a run computes without its maps: resistance, least costs, reduction, gains. Each is kept as a
step as soon as it is finished, under a key made from everything that it depends on, so that a run that was killed goes on
where it stood, and gives the same bytes as one that was not, with any number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from connectivity.machine import one_blas_thread
from rasters.arrays import Reals
from rasters.errors import PlannerWarning
from scenarios.land.inputs import Inputs, input_files, read_inputs
from scenarios.land.parameters import Changes, changed
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.ranking import rank_candidates
from scenarios.model.steps import StepStore
from scenarios.records.content import code_hash, hash_of
from scenarios.records.fingerprint import file_hash
from scenarios.study.base import without_words
from scenarios.study.load import ResolvedStudy

__all__ = ["RANKING", "DrawJob", "evaluate_draws", "gains_of", "score_candidates"]

RANKING = ("score", "conductance_gain_share", "least_cost_gain_share")
"""What is kept of each candidate when draws are ranked as `otkel run` ranks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawJob:
    """What all draws have in common.

    Parameters
    ----------
    resolved : ResolvedStudy
    species : tuple of str
    candidates : tuple of str
        Ids of the candidates that are valued, in the order of `gains_of`.
    objective : str
        Empty for the score of `otkel run`; otherwise an objective of `otkel passages`, valued by `scenarios.model.valuation`.
    """

    resolved: ResolvedStudy
    species: tuple[str, ...]
    candidates: tuple[str, ...]
    objective: str = ""

    @property
    def measures(self) -> tuple[str, ...]:
        """What is kept of each candidate, the first one ranks."""
        return ("gain",) if self.objective else RANKING


def score_candidates(prepared: Prepared, candidates: frozenset[str] | None = None) -> pd.DataFrame:
    """The ranking of a run without its maps, for some of the candidates.

    Parameters
    ----------
    candidates : frozenset of str, optional
        Default all. With some only, the best of these has the score 1.

    Returns
    -------
    DataFrame
        As `scenarios.model.ranking.rank_candidates`; ``gain_ohm2``, which needs a map, is 0.
    """
    kept = [c for c in prepared.candidates if candidates is None or c.opening.id in candidates]
    return rank_candidates(Landscape(prepared, threads=1), kept)


def gains_of(job: DrawJob, inputs: Inputs, changes: Changes) -> Reals:
    """(n_species, n_measure, n_candidate) of one draw; a candidate that opens nothing for a species gains 0."""
    resolved, now = changed(job.resolved, inputs, changes)
    out = np.zeros((len(job.species), len(job.measures), len(job.candidates)))
    with one_blas_thread():
        for place, species in enumerate(job.species):
            table = _table(job, resolved, now, species).set_index("candidate")
            out[place] = table.reindex(list(job.candidates))[list(job.measures)].fillna(0.0).to_numpy().T
    return out


def _table(job: DrawJob, resolved: ResolvedStudy, inputs: Inputs, species: str) -> pd.DataFrame:
    if job.objective:
        from scenarios.model.valuation import evaluate

        return evaluate(resolved, inputs, species, candidates=job.candidates, objective=job.objective)
    return score_candidates(prepare_species(resolved, inputs, species), frozenset(job.candidates))


def evaluate_draws(
    job: DrawJob,
    inputs: Inputs,
    draws: Sequence[Changes],
    *,
    jobs: int,
    cache: Path,
    done: Callable[[int, bool], None] = lambda number, kept: None,
) -> Reals:
    """Gains in every draw.

    Parameters
    ----------
    jobs : int
        Processes; each holds the study's layers and one landscape.
    cache : Path
        Folder of a `StepStore` for the finished draws.
    done : callable
        Told the number of each finished draw, and whether it was kept from before.

    Returns
    -------
    (n_draw, n_species, n_measure, n_candidate) float64
    """
    key, store = _key(job), StepStore(folder=cache)
    names = [f"draw-{hash_of({'all': key, 'draw': asdict(draw)})}" for draw in draws]
    shape = (len(job.species), len(job.measures), len(job.candidates))
    out = np.zeros((len(draws), *shape))
    waiting = []
    for number, name in enumerate(names):
        kept = _kept(store, name, shape)
        if kept is None:
            waiting.append(number)
        else:
            out[number] = kept
            done(number, True)
    for number, gains in _computed(job, inputs, {n: draws[n] for n in waiting}, min(jobs, len(waiting))):
        out[number] = gains
        store.keep(names[number], gains, _facts(job))
        done(number, False)
    return out


def _computed(job: DrawJob, inputs: Inputs, work: dict[int, Changes], jobs: int) -> Iterator[tuple[int, Reals]]:
    """Numbers and gains of the draws as they are finished."""
    if jobs <= 1:
        for number, draw in work.items():
            yield number, _quiet_gains(job, inputs, draw)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_start, initargs=(job,)) as pool:
        waiting: dict[Future[Reals], int] = {pool.submit(_work, draw): number for number, draw in work.items()}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_JOB: list[tuple[DrawJob, Inputs]] = []


def _start(job: DrawJob) -> None:
    """In each process: read the study once, and end when the process that asked for it has gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    with _no_planner_warnings():
        _JOB[:] = [(job, read_inputs(job.resolved, job.species))]


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _work(draw: Changes) -> Reals:
    job, inputs = _JOB[0]
    return _quiet_gains(job, inputs, draw)


def _quiet_gains(job: DrawJob, inputs: Inputs, draw: Changes) -> Reals:
    """Without warnings about the study itself: whoever asked for the draws has seen them."""
    with _no_planner_warnings():
        return gains_of(job, inputs, draw)


@contextmanager
def _no_planner_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        yield


def _kept(store: StepStore, name: str, shape: tuple[int, ...]) -> Reals | None:
    """A finished draw; None where there is none, or none that can be used."""
    found = store.find(name)
    usable = isinstance(found, np.ndarray) and found.shape == shape and found.dtype == np.float64
    return found if usable else None


def _facts(job: DrawJob) -> dict[str, str]:
    return {
        "study": job.resolved.study.study,
        "scenario": job.resolved.scenario,
        "species": ", ".join(job.species),
    }


def _key(job: DrawJob) -> str:
    """Hash of everything but the draw: settings, input files, candidates, the code that computes, its libraries."""
    resolved = job.resolved
    without = {"uncertainty", "portfolio", "corridors", "scenarios", "description"}
    without |= without_words(("title", "assumptions", "credits"))
    valued_by = ("scenarios.model.valuation",) if job.objective else ()
    return hash_of(
        {
            "study": resolved.study.model_dump(mode="json", exclude=without),
            "files": {path.name: file_hash(path) for path in input_files(resolved) if path != resolved.path},
            "species": job.species,
            "candidates": job.candidates,
            "objective": job.objective,
            "code": code_hash("scenarios.uncertainty.draws", *valued_by),
        }
    )
