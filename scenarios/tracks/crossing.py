"""What each fence line is worth to a species, from its steps: crossing weights, the control beside each line, and their scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate

from rasters.arrays import Reals
from scenarios.statistics.crossing_weight import ChoiceSets, CrossingWeight, crossing_weight
from scenarios.tracks.lines import Lines
from scenarios.tracks.steps import Available, Steps

__all__ = ["CONTROL", "LineWeight", "line_weights", "with_controls"]

CONTROL = "control of "
ROUNDS = 3
"""Times that each line's weight is found anew with those of the others."""
LEAST = 1e-3
SHIFT = 2.0
"""Distance of a control from its line, in reaches of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineWeight:
    """Crossing weight of one line for one species, and the steps that it holds for.

    Parameters
    ----------
    line : str
    weight : CrossingWeight
    control : CrossingWeight
        Of the line shifted to either side, where no fence stands: 1 within its interval if all is well.
    scale_m : float
        Mean squared over mean length of all steps of the animals [m].
    by_interval : dict of float to (CrossingWeight, float)
        Nominal interval [hours] -> its own weight and scale.
    """

    line: str
    weight: CrossingWeight
    control: CrossingWeight
    scale_m: float
    by_interval: dict[float, tuple[CrossingWeight, float]]


def with_controls(lines: Lines, shift_m: float) -> Lines:
    """The lines, and beside each its control: all its features shifted to either side, across its general direction."""
    shapes, names = list(lines.shapes), [lines.names[i] for i in lines.line]
    for number, name in enumerate(lines.names):
        mine = lines.shapes[lines.line == number]
        dx, dy = _across(mine, shift_m)
        for sign in (1.0, -1.0):
            shapes += [translate(shape, sign * dx, sign * dy) for shape in mine]
            names += [CONTROL + name] * len(mine)
    return Lines.of(shapes, names)


def _across(shapes: NDArray[np.object_], metres: float) -> tuple[float, float]:
    """A shift at right angles to the direction in which most of the length runs."""
    points, part = shapely.get_coordinates(shapely.get_parts(shapes), return_index=True)
    steps = np.diff(points, axis=0)[part[1:] == part[:-1]]
    double = (steps[:, 0] + 1j * steps[:, 1]) ** 2 / np.maximum(np.hypot(*steps.T), 1e-9)
    along = np.angle(double.sum()) / 2
    return float(-metres * np.sin(along)), float(metres * np.cos(along))


def line_weights(
    available: Available, lines: Lines, habitat: Reals | None = None, *, names: Sequence[str], steps: Steps
) -> dict[str, LineWeight]:
    """Weights of the named lines; ``lines`` are those of `with_controls`.

    Parameters
    ----------
    steps : Steps
        All steps of the animals, near lines or not, which say how long a step is.
    habitat : (n, 1 + m) float64, optional
        Log preference of the animal for the end of each step.
    """
    crossed = _crossings(available, lines)
    preference = np.zeros(crossed.shape[:2]) if habitat is None else habitat - habitat.max(axis=1, keepdims=True)
    real = [i for i, name in enumerate(lines.names) if name in names]
    log_weight = np.zeros(len(lines.names))
    for _ in range(ROUNDS if len(real) > 1 else 1):
        for i in real:
            found = crossing_weight(_sets(available.steps, crossed, preference, log_weight, i))
            log_weight[i] = np.log(max(found.best, LEAST)) if found.status == "ok" else 0.0
    return {lines.names[i]: _line(available.steps, lines, crossed, preference, log_weight, i, steps) for i in real}


def _line(
    steps: Steps, lines: Lines, crossed: NDArray[np.bool_], preference: Reals, log_weight: Reals, i: int, whole: Steps
) -> LineWeight:
    sets = _sets(steps, crossed, preference, log_weight, i)
    control = lines.names.index(CONTROL + lines.names[i])
    by_interval = {}
    for interval in np.unique(steps.interval_h):
        mine = steps.interval_h == interval
        by_interval[float(interval)] = (
            crossing_weight(sets.only(mine)),
            whole.only(whole.interval_h == interval).scale_m,
        )
    return LineWeight(
        line=lines.names[i],
        weight=crossing_weight(sets),
        scale_m=whole.scale_m,
        control=crossing_weight(_sets(steps, crossed, preference, log_weight, control)),
        by_interval=by_interval,
    )


def _crossings(available: Available, lines: Lines) -> NDArray[np.bool_]:
    """(n, 1 + m, n_line) what each step, taken or available, crosses."""
    n, m, _ = available.ends.shape
    out = np.zeros((n, m, len(lines.names)), bool)
    for j in range(m):
        out[:, j] = lines.crossed(available.steps.start, np.ascontiguousarray(available.ends[:, j]))
    return out


def _sets(steps: Steps, crossed: NDArray[np.bool_], preference: Reals, log_weight: Reals, i: int) -> ChoiceSets:
    """Choice sets of line i; the other lines weigh what is known of them."""
    others = np.where(np.arange(log_weight.size) == i, 0.0, log_weight)
    weight = np.exp(preference + crossed @ others)
    mine = crossed[:, :, i]
    across = (weight * mine).sum(axis=1)
    alone = weight[:, 1:]
    return ChoiceSets(
        crossed=mine[:, 0],
        across=across,
        beside=weight.sum(axis=1) - across,
        animal=steps.animal,
        block=steps.block,
        share=(alone * mine[:, 1:]).sum(axis=1) / alone.sum(axis=1),
    )
