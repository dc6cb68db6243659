"""Which land animals choose: step selection with the study's layers and fences, checked on animals that the fit did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from rasters.arrays import Ints, Reals
from rasters.errors import DataError
from rasters.surface import Layer
from scenarios.statistics.rates import LEVEL
from scenarios.statistics.step_selection import StepSelection, fit_steps, log_scores
from scenarios.tracks.ground import Ground
from scenarios.tracks.lines import Lines
from scenarios.tracks.steps import Available, Steps, draw_choices

__all__ = ["Covariate", "HeldOut", "Selection", "habitat_preference", "preference_of", "select", "selection_table"]

MOST_SETS, CHOICES = 12_000, 15
LEAST_SETS = 200
LEAST_CLASS = 0.03
"""Share of the available steps that end in a class, for the class to count by itself."""
ENOUGH_ANIMALS = 6
"""Animals from which on errors are clustered by them; with fewer by their weeks."""
QUANTILES = (0.02, 0.25, 0.5, 0.75, 0.98)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """One number about the end of a step.

    ``code`` is the class that it stands for, None for a layer of numbers, which are used as ``(value - mean) / spread``; ``range`` holds
    quantiles of the values at available steps.
    """

    layer: Layer
    code: int | None
    mean: float = 0.0
    spread: float = 1.0
    range: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """``slope_percent`` or ``landcover 7``."""
        return self.layer.name if self.code is None else f"{self.layer.name} {self.code}"

    def of(self, values: Reals) -> Reals:
        """The covariate of values of the layer."""
        return np.asarray((values - self.mean) / self.spread if self.code is None else values == self.code, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """How steps that the fit did not see were predicted.

    ``gain`` is the mean log probability of the step taken over that of blind choice, ``error`` its standard error over clusters;
    ``crossings_seen`` and ``crossings_predicted`` are of all fences. ``by`` says what was held out.
    """

    by: str
    sets: int
    gain: float
    error: float
    crossings_seen: int
    crossings_predicted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Step selection of one species.

    ``names`` are those of the coefficients: covariates, then ``crossing LINE``, ``log length``, ``cos turn``. ``clustered`` says what
    errors are clustered by. ``status`` is ``ok`` or why there is none.
    """

    species: str
    covariates: tuple[Covariate, ...]
    names: tuple[str, ...]
    fit: StepSelection | None
    held_out: HeldOut | None
    animals: int
    clustered: str
    status: str

    def interval(self, i: int, level: float = LEVEL) -> tuple[float, float]:
        """Of a coefficient, from the clustered error."""
        assert self.fit is not None
        half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(self.fit.robust[i, i]))
        return float(self.fit.beta[i]) - half, float(self.fit.beta[i]) + half


def habitat_preference(available: Available, lines: Lines, layers: Reals) -> Reals:
    """(n, 1 + m) log preference for the end of each step, from a step selection with every line beside the layers.

    Parameters
    ----------
    layers : (n, 1 + m, p) float64
        Covariates at the ends.
    """
    x = np.concatenate([layers, _crossed(available, lines)], axis=2)
    told = (np.ptp(x, axis=1) > 0).any(axis=0)
    fit = fit_steps(x[:, :, told], available.steps.animal)
    beta = np.zeros(x.shape[2])
    beta[told] = fit.beta
    return np.asarray(layers @ beta[: layers.shape[2]])


def _crossed(available: Available, lines: Lines) -> Reals:
    """(n, 1 + m, n_line) 1 where a step crosses."""
    ends = available.ends
    each = [lines.crossed(available.steps.start, np.ascontiguousarray(ends[:, j])) for j in range(ends.shape[1])]
    return np.stack(each, axis=1).astype(float)


def select(
    species: str,
    steps: Steps,
    ground: Ground,
    layers: Mapping[str, Layer],
    names: Sequence[str],
    rng: np.random.Generator,
) -> Selection:
    """Fit the step selection of a species.

    Parameters
    ----------
    names : sequence of str
        Layers of the study that are looked at.
    """
    animals = np.unique(steps.animal).size
    available = draw_choices(steps, CHOICES, MOST_SETS, rng)
    values, known = _values(available.ends, ground, [layers[name] for name in names])
    usable = known[:, 0]
    if usable.sum() < LEAST_SETS or not names:
        reason = (
            f"{int(usable.sum())} steps in the study that follow another; {LEAST_SETS} are needed"
            if names
            else "no layer is named"
        )
        return Selection(
            species=species,
            covariates=(),
            names=(),
            fit=None,
            held_out=None,
            animals=animals,
            clustered="",
            status=reason,
        )
    covariates = _covariates([layers[name] for name in names], values, known)
    x = _design(covariates, names, values, available, ground.lines)[usable]
    labels = (
        *(one.name for one in covariates),
        *(f"crossing {line}" for line in ground.lines.names),
        "log length",
        "cos turn",
    )
    possible = known[usable] & _possible(x, len(covariates), len(ground.lines.names))
    told = _telling(x, possible)
    cluster, by = _clusters(available.steps.animal, available.steps.block, usable)
    weight = possible.astype(float)
    try:
        fit = fit_steps(x[:, :, told], cluster, weight)
    except DataError as error:
        return Selection(
            species=species,
            covariates=(),
            names=(),
            fit=None,
            held_out=None,
            animals=animals,
            clustered=by,
            status=str(error),
        )
    kept = tuple(one for one, keep in zip(covariates, told, strict=False) if keep)
    crossing = slice(len(covariates), len(covariates) + len(ground.lines.names))
    held = _held_out(x[:, :, told], cluster, weight, x[:, :, crossing].max(axis=2), by)
    return Selection(
        species=species,
        covariates=kept,
        names=tuple(np.array(labels)[told]),
        fit=fit,
        held_out=held,
        animals=animals,
        clustered=by,
        status="ok",
    )


def _values(ends: Reals, ground: Ground, layers: Sequence[Layer]) -> tuple[Reals, np.ndarray]:
    """(n, 1 + m, n_layer) values of layers at ends, and (n, 1 + m) whether all are known."""
    shape = ends.shape[:2]
    x, y = ground.grid_xy(ends[:, :, 0].ravel(), ends[:, :, 1].ravel())
    on_map = np.isfinite(x) & np.isfinite(y)
    row, col = ground.grid.cells_at(np.where(on_map, x, 0.0), np.where(on_map, y, 0.0))
    inside = on_map & (row >= 0) & (row < ground.grid.height) & (col >= 0) & (col < ground.grid.width)
    row, col = np.where(inside, row, 0), np.where(inside, col, 0)
    out, known = np.zeros((*shape, len(layers))), inside.copy()
    for i, layer in enumerate(layers):
        out[:, :, i] = layer.values[row, col].astype(float).reshape(shape)
        known &= ~layer.nodata[row, col]
    return out, known.reshape(shape)


def _covariates(layers: Sequence[Layer], values: Reals, known: np.ndarray) -> list[Covariate]:
    """Numbers standardised over available ends; every class but the most common that is common enough."""
    out = []
    for i, layer in enumerate(layers):
        seen = values[:, 1:, i][known[:, 1:]]
        if layer.unit == "class":
            codes, counts = np.unique(seen, return_counts=True)
            common = codes[np.argsort(-counts, kind="stable")][1:]
            share = dict(zip(codes, counts / max(1, seen.size), strict=True))
            out += [Covariate(layer=layer, code=int(code)) for code in sorted(common) if share[code] >= LEAST_CLASS]
        elif seen.size and seen.std() > 0:
            quantiles = tuple(float(q) for q in np.quantile(seen, QUANTILES))
            out.append(
                Covariate(layer=layer, code=None, mean=float(seen.mean()), spread=float(seen.std()), range=quantiles)
            )
    return out


def _design(
    covariates: Sequence[Covariate], names: Sequence[str], values: Reals, available: Available, lines: Lines
) -> Reals:
    """(n, 1 + m, p) covariates, crossings of each line, log length and cosine of the turn."""
    land = [one.of(values[:, :, list(names).index(one.layer.name)]) for one in covariates]
    movement = [np.log(available.length_m), np.cos(available.turn)]
    return np.concatenate(
        [*(part[:, :, None] for part in land), _crossed(available, lines), *(m[:, :, None] for m in movement)], axis=2
    )


def _possible(x: Reals, first: int, n_line: int) -> np.ndarray:
    """(n, 1 + m) False for available steps across a line that no step taken crosses: no coefficient of it could be told."""
    crossed = x[:, :, first : first + n_line] > 0
    never = ~crossed[:, 0].any(axis=0)
    return np.asarray(~crossed[:, :, never].any(axis=2))


def _telling(x: Reals, known: np.ndarray) -> np.ndarray:
    """(p,) covariates that differ within at least some sets, by what is known; those that only repeat others are left out."""
    weighted = np.where(known[:, :, None], x, x[:, :1])
    told = (np.ptp(weighted, axis=1) > 0).sum(axis=0) >= 10
    spread = weighted - weighted.mean(axis=1, keepdims=True)
    flat = spread.reshape(-1, x.shape[2])
    kept: list[int] = []
    for i in np.flatnonzero(told):
        columns = flat[:, [*kept, i]]
        if np.linalg.cond(columns / np.maximum(columns.std(axis=0), 1e-12)) < 1e4:
            kept.append(int(i))
    out = np.zeros(x.shape[2], bool)
    out[kept] = True
    return out


def _clusters(animal: Ints, block: Ints, usable: np.ndarray) -> tuple[Ints, str]:
    if np.unique(animal[usable]).size >= ENOUGH_ANIMALS:
        return animal[usable], "animals"
    _, cluster = np.unique(np.column_stack([animal, block])[usable], axis=0, return_inverse=True)
    return np.asarray(cluster.ravel(), np.int64), "weeks of animals"


def _held_out(x: Reals, cluster: Ints, weight: Reals, crosses: Reals, by: str) -> HeldOut | None:
    """Fit on every other cluster, predict the rest; None where either half is too small."""
    names = np.unique(cluster)
    rest = np.isin(cluster, names[1::2])
    if names.size < 4 or min(rest.sum(), (~rest).sum()) < LEAST_SETS // 2:
        return None
    try:
        fit = fit_steps(x[~rest], cluster[~rest], weight[~rest])
    except DataError:
        return None
    blind = -np.log(weight[rest].sum(axis=1))
    gain = log_scores(x[rest], fit.beta, weight[rest]) - blind
    score = x[rest] @ fit.beta + np.log(np.maximum(weight[rest], 1e-300))
    share = np.exp(score - score.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    sums = pd.Series(gain).groupby(cluster[rest]).mean()
    return HeldOut(
        by=by,
        sets=int(rest.sum()),
        gain=float(gain.mean()),
        error=float(sums.std(ddof=1) / np.sqrt(len(sums))),
        crossings_seen=int(crosses[rest][:, 0].sum()),
        crossings_predicted=float((share * crosses[rest]).sum()),
    )


def preference_of(selection: Selection, ends: Reals, ground: Ground) -> Reals:
    """(n, 1 + m) log preference for ends; 0 where the land is not known or the selection tells nothing of it."""
    if selection.fit is None or not selection.covariates:
        return np.zeros(ends.shape[:2])
    layers = list({one.layer.name: one.layer for one in selection.covariates}.values())
    values, known = _values(ends, ground, layers)
    at = [layer.name for layer in layers]
    parts = (
        beta * one.of(values[:, :, at.index(one.layer.name)])
        for one, beta in zip(selection.covariates, selection.fit.beta, strict=False)
    )
    return np.where(known, sum(parts), 0.0)


def selection_table(selection: Selection) -> pd.DataFrame:
    """One row per coefficient: ``species, covariate, coefficient`` (of numbers per standard deviation), ``low, high, model_error,
    robust_error, animals, sets, clusters``."""
    if selection.fit is None:
        return pd.DataFrame()
    fit, rows = selection.fit, []
    for i, name in enumerate(selection.names):
        low, high = selection.interval(i)
        rows.append(
            {
                "species": selection.species,
                "covariate": name,
                "coefficient": float(fit.beta[i]),
                "low": low,
                "high": high,
                "model_error": float(np.sqrt(fit.covariance[i, i])),
                "robust_error": float(np.sqrt(fit.robust[i, i])),
                "animals": selection.animals,
                "sets": fit.sets,
                "clusters": fit.clusters,
            }
        )
    return pd.DataFrame(rows)
