"""Focal nodes by number, and which pairs of them are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rasters.arrays import Ints
from rasters.errors import FocalNodeError

__all__ = ["FocalCells", "PairRule", "kept_focal"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FocalCells:
    """Cells with the number of the focal point or region that they belong to.

    Parameters
    ----------
    ids : (n,) int64
        Number > 0 of each cell, increasing. Two numbers may share a cell.
    rows, cols : (n,) int64
    """

    ids: Ints
    rows: Ints
    cols: Ints

    @classmethod
    def at(cls, ids: ArrayLike, rows: ArrayLike, cols: ArrayLike) -> FocalCells:
        """From lists, in any order; cells of one number stay in the order given."""
        number = np.atleast_1d(np.asarray(ids, np.int64))
        order = np.argsort(number, kind="stable")
        row, col = (np.atleast_1d(np.asarray(v, np.int64)) for v in (rows, cols))
        if not number.size == row.size == col.size:
            raise FocalNodeError(f"{number.size} focal numbers, {row.size} rows and {col.size} columns do not match")
        if number.size and number[order[0]] <= 0:
            raise FocalNodeError(f"focal numbers must be > 0, not {number[order[0]]}")
        return cls(ids=number[order], rows=row[order], cols=col[order])

    @property
    def numbers(self) -> tuple[int, ...]:
        """Distinct numbers, increasing."""
        return tuple(int(i) for i in np.unique(self.ids))

    @property
    def are_points(self) -> bool:
        """Whether every number has one cell; if not, all of them are regions."""
        return len(self.numbers) == self.ids.size

    def cells(self, number: int) -> tuple[Ints, Ints]:
        """Rows and columns of one number's cells."""
        span = slice(*np.searchsorted(self.ids, [number, number + 1]))
        return self.rows[span], self.cols[span]

    def only(self, numbers: Iterable[int]) -> FocalCells:
        """Without the cells of all other numbers."""
        keep = np.isin(self.ids, list(numbers))
        return FocalCells(ids=self.ids[keep], rows=self.rows[keep], cols=self.cols[keep])

    def check_on(self, shape: tuple[int, int]) -> None:
        """Raise FocalNodeError for a cell outside the raster, or fewer than two numbers."""
        outside = (self.rows < 0) | (self.cols < 0) | (self.rows >= shape[0]) | (self.cols >= shape[1])
        if outside.any():
            i = int(np.flatnonzero(outside)[0])
            raise FocalNodeError(
                f"focal node {self.ids[i]} is at row {self.rows[i]}, col {self.cols[i]}, outside the raster of "
                f"{shape[0]} x {shape[1]} cells; move or drop it"
            )
        if len(self.numbers) < 2:
            raise FocalNodeError(f"two or more focal nodes are needed, there are {len(self.numbers)}: {self.numbers}")

    def __repr__(self) -> str:
        kind = "points" if self.are_points else "regions"
        return f"FocalCells({len(self.numbers)} {kind}, {self.ids.size} cells)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRule:
    """Which pairs of focal nodes are wanted.

    Parameters
    ----------
    mode : {"all", "include", "exclude"}
        Include: only the listed pairs, and only numbers of ``known``. Exclude: all but the listed pairs.
    listed : frozenset of (int, int)
        Pairs, smaller number first.
    known : frozenset of int
        Numbers that the list names at all.
    """

    mode: Literal["all", "include", "exclude"] = "all"
    listed: frozenset[tuple[int, int]] = frozenset()
    known: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, mode: Literal["include", "exclude"], pairs: Iterable[tuple[int, int]], known: Iterable[int]
    ) -> PairRule:
        """From pairs in any order."""
        listed = frozenset((min(a, b), max(a, b)) for a, b in pairs if a != b)
        return cls(mode=mode, listed=listed, known=frozenset(known))

    def keeps(self, number: int) -> bool:
        """Whether a focal node takes part at all."""
        return self.mode != "include" or number in self.known

    def allows(self, first: int, second: int) -> bool:
        """Whether a pair is wanted."""
        here = (min(first, second), max(first, second)) in self.listed
        return self.mode == "all" or here == (self.mode == "include")

    def of_numbers(self, numbers: Iterable[int]) -> Iterator[tuple[int, int, bool]]:
        """Every pair of increasing numbers, smaller first, and whether it is wanted."""
        every = tuple(numbers)
        for i, first in enumerate(every):
            for second in every[i + 1 :]:
                yield first, second, self.allows(first, second)


def kept_focal(shape: tuple[int, int], focal: FocalCells, pairs: PairRule | None) -> tuple[PairRule, FocalCells]:
    """The rule, and the focal nodes that it leaves; FocalNodeError if they do not fit a raster of this shape."""
    wanted = pairs or PairRule()
    left = focal.only(number for number in focal.numbers if wanted.keeps(number))
    left.check_on(shape)
    return wanted, left
