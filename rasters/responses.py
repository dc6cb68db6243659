"""Responses: from the value of a layer to a resistance or a multiplier of it, each number with its origin.

A response is a frozen dataclass. Its ``values`` are the numbers that an uncertainty analysis may draw, ``origins`` one text for
each; ``at_values`` gives the response for an array of any shape, NaN where it has none, and ``origin_at`` says where the number
at one value is from.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.errors import ConfigError

__all__ = ["Categories", "PiecewiseLinear", "Response", "Stated", "Steps", "is_assumed"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A number, and who says so."""

    value: float
    origin: str

    @property
    def assumed(self) -> bool:
        """Whether the origin says that nobody measured it."""
        return is_assumed(self.origin)


def is_assumed(origin: str) -> bool:
    """Whether an origin says that nobody measured it."""
    return any(word in origin.lower() for word in ("assum", "placeholder"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One value per interval: ``values[i]`` on ``breaks[i - 1] <= x < breaks[i]``, open at both ends."""

    breaks: tuple[float, ...]
    values: tuple[float, ...]
    origins: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(len(self.values) == len(self.origins) == len(self.breaks) + 1, "one value per interval", self)
        _require_ascending(self.breaks, self)

    def at_values(self, layer: Float) -> Float:
        """Resistance or multiplier [1] for each value of the layer."""
        return np.asarray(self.values, dtype=np.float64)[np.searchsorted(self.breaks, layer, side="right")]

    def origin_at(self, value: float) -> str:
        """Origin of the number that decides at one value of the layer."""
        return self.origins[int(np.searchsorted(self.breaks, value, side="right"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class PiecewiseLinear:
    """Straight lines between points (``at[i]``, ``values[i]``), constant beyond the first and the last."""

    at: tuple[float, ...]
    values: tuple[float, ...]
    origins: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(len(self.values) == len(self.origins) == len(self.at) > 0, "one value per point", self)
        _require_ascending(self.at, self)

    def at_values(self, layer: Float) -> Float:
        """Resistance or multiplier [1] for each value of the layer."""
        return np.asarray(np.interp(layer, self.at, self.values), dtype=np.float64)

    def origin_at(self, value: float) -> str:
        """Origins of the two points, or the one, that decide at one value of the layer."""
        above = int(np.searchsorted(self.at, value))
        return "; ".join(dict.fromkeys(self.origins[max(0, above - 1) : above + 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """One value per row of classes; a class in no row takes ``default``, and is an error where there is none."""

    classes: tuple[tuple[int, ...], ...]
    values: tuple[float, ...]
    origins: tuple[str, ...]
    default: Stated | None = None

    def __post_init__(self) -> None:
        _require(len(self.values) == len(self.origins) == len(self.classes), "one value per row of classes", self)
        listed = [code for row in self.classes for code in row]
        _require(len(listed) == len(set(listed)), "each class once", self)

    def at_values(self, layer: Float) -> Float:
        """Resistance or multiplier [1] for each class; NaN for one in no row."""
        default = self.default.value if self.default else np.nan
        return np.append(np.asarray(self.values, dtype=np.float64), default)[self._row(layer)]

    def origin_at(self, value: float) -> str:
        """Origin of the row that holds the class, or of the default; empty where there is neither."""
        row = int(self._row(np.array(value)))
        if row < len(self.origins):
            return self.origins[row]
        return self.default.origin if self.default else ""

    def _row(self, layer: Float) -> NDArray[np.int64]:
        """Row of the table that holds each class; the number of rows, one past the last, where none does."""
        pairs = sorted((code, i) for i, codes in enumerate(self.classes) for code in codes)
        none = len(self.classes)
        codes = np.array([code for code, _ in pairs] + [np.inf])
        rows = np.array([i for _, i in pairs] + [none], dtype=np.int64)
        at = np.minimum(np.searchsorted(codes, layer), len(pairs))
        found: NDArray[np.int64] = np.where(codes[at] == layer, rows[at], none)
        return found


Response = Steps | PiecewiseLinear | Categories


def _require(holds: bool, what: str, where: object) -> None:
    if not holds:
        raise ConfigError(f"{type(where).__name__} needs {what}: {where}")


def _require_ascending(numbers: tuple[float, ...], where: object) -> None:
    _require(all(a < b for a, b in itertools.pairwise(numbers)), "ascending numbers", where)
