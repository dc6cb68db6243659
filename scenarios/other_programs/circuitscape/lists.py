"""Text lists of a Circuitscape job: numbers in columns, strengths and pairs.

Columns stand apart by white space, semicolons or commas. A comma inside a number, where something else parts the columns,
is a decimal comma; where that cannot be told, the line is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectivity.modes.pairs import PairRule
from rasters.arrays import Reals
from rasters.errors import DataError, written
from rasters.files.formats import whole_content

__all__ = [
    "read_pair_list",
    "read_pair_matrix",
    "read_strengths",
    "read_table",
    "split_line",
    "text_lines",
    "whole_numbers",
]


DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
INSIDE = re.compile(r"\S,\S")
LARGEST = 2.0**53
"""Whole numbers beyond this are not all told apart."""


def read_table(path: Path, columns: int, what: str, skip: int = 0) -> Reals:
    """Numbers (n, columns) of a text file; further columns are ignored.

    Raises
    ------
    DataError
        Naming the line that is no ``what``, or whose commas can be read in two ways.
    """
    rows = []
    for number, line in enumerate(text_lines(path), start=1):
        if number > skip and line and line[0] not in "#;":
            rows.append(_numbers(path, number, line, columns, what))
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs lines of {what}")
    return np.array(rows)


def text_lines(path: Path) -> list[str]:
    """Lines of a text file, gzipped or not, without white space around them."""
    raw = whole_content(path)
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return [line.strip() for line in raw.decode(encoding, errors="replace").splitlines()]


def split_line(line: str) -> list[str] | None:
    """Words of a line with decimal points; None where its commas can be read in two ways."""
    semicolons = ";" in line
    words = [word.strip() for word in line.split(";")] if semicolons else line.split()
    if not semicolons and (len(words) == 1 or not INSIDE.search(line)):
        return line.replace(",", " ").split()
    inside = [word for word in words if INSIDE.search(word)]
    if not all(DECIMAL_COMMA.fullmatch(word) for word in inside) or any(w[:1] == "," or w[-1:] == "," for w in words):
        return None
    return [word.replace(",", ".") for word in words]


def _numbers(path: Path, number: int, line: str, columns: int, what: str) -> list[float]:
    words = split_line(line)
    commas_only = words is not None and "," in line and not re.search(r"[\s;]", line)
    if words is None or (commas_only and len(words) > columns and all(word.isdigit() for word in words)):
        raise DataError(
            f"{path}: line {number}: {line!r}: commas may part columns or decimals here; write {what} with decimal points"
        )
    try:
        values = [float(word) for word in words[:columns]]
    except ValueError as error:
        raise DataError(f"{path}: line {number}: {line!r} are not numbers; write {what}") from error
    if len(values) < columns:
        raise DataError(f"{path}: line {number}: {line!r} has {len(words)} columns; write {what}")
    if np.isnan(values).any():
        raise DataError(f"{path}: line {number}: {line!r}: nan is not a number; write {what}")
    return values


def whole_numbers(path: Path, values: Reals) -> NDArray[np.int64]:
    """Numbers of nodes and regions; DataError where one is not whole, or too large to be told from its neighbour."""
    broken = values[(values != np.rint(values)) | ~(np.abs(values) < LARGEST)]
    if broken.size:
        raise DataError(
            f"{path}: {written(broken[0])} is not a whole number of at most 15 digits; focal nodes and regions are numbered"
        )
    return values.astype(np.int64)


def read_strengths(path: Path) -> dict[int, float]:
    """Amperes of each focal node, from lines ``number amps``."""
    table = read_table(path, 2, "number amps")
    return dict(zip(whole_numbers(path, table[:, 0]).tolist(), table[:, 1].tolist(), strict=True))


def read_pair_list(path: Path) -> PairRule:
    """Pairs from lines ``number number`` below ``mode include`` or ``mode exclude``."""
    words = text_lines(path)[0].replace(",", " ").split()
    mode = words[1].lower() if len(words) > 1 else ""
    if mode not in ("include", "exclude"):
        raise DataError(f"{path}: line 1: 'mode {mode}': write 'mode include' or 'mode exclude'")
    table = whole_numbers(path, read_table(path, 2, "number number", skip=1))
    known = {int(n) for n in table.ravel() if n != 0}
    pairs = ((int(a), int(b)) for a, b in table if a and b)
    return PairRule.of("include" if mode == "include" else "exclude", pairs, known)


def read_pair_matrix(path: Path) -> PairRule:
    """Pairs to include: those whose entry lies between ``min`` and ``max``."""
    lines = [words for line in text_lines(path) if line and (words := split_line(line))]
    low, high = (_bound(path, lines, i, name) for i, name in enumerate(("min", "max")))
    try:
        table = np.array([[float(word) for word in words] for words in lines[2:]])
    except ValueError as error:
        raise DataError(f"{path}: the matrix must be square, numbers only: {error}") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise DataError(f"{path}: the matrix must be square, numbers in its first row and column; it is {table.shape}")
    numbers = whole_numbers(path, table[0, 1:])
    if not np.array_equal(numbers, table[1:, 0]):
        raise DataError(f"{path}: the numbers of the matrix's first row and first column differ")
    values = np.where(table[1:, 1:] > high, 0.0, table[1:, 1:])
    wanted = (values >= low) & (values <= high)
    pairs: Iterable[tuple[int, int]] = ((int(numbers[i]), int(numbers[j])) for i, j in np.argwhere(wanted))
    return PairRule.of("include", pairs, (int(n) for n in numbers if n != 0))


def _bound(path: Path, lines: list[list[str]], i: int, name: str) -> float:
    try:
        if lines[i][0].lower() == name:
            return float(lines[i][1])
    except (IndexError, ValueError):
        pass
    raise DataError(f"{path}: line {i + 1} must be '{name}' and a number")
