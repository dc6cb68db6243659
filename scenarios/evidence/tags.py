"""What the tags of a deployment or an observation say: ``"role:control | gap:2024-03-01/2024-03-09"``."""

from __future__ import annotations

from datetime import date

import pandas as pd

__all__ = ["gap_of", "repeated", "tag_values", "tags_of"]

GAP = "gap"
"""The one tag that may be given several times: days on which a camera did not work."""


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (part.partition(":") for part in text.split("|") if part.strip())
    return [(key.strip(), value.strip()) for key, _, value in parts]


def tags_of(text: str) -> dict[str, str]:
    """``"role:control | passage:p1"`` -> its pairs; a tag without a colon is a key with an empty value."""
    return dict(_pairs(text))


def tag_values(text: str, key: str) -> tuple[str, ...]:
    """Every value that is given for a key, in order."""
    return tuple(value for name, value in _pairs(text) if name == key)


def repeated(text: str) -> dict[str, tuple[str, ...]]:
    """Keys that are given with different values, though only one can hold; several gaps may be."""
    values = {key: tuple(dict.fromkeys(tag_values(text, key))) for key, _ in _pairs(text) if key != GAP}
    return {key: given for key, given in values.items() if len(given) > 1}


def gap_of(value: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a gap.

    Raises
    ------
    ValueError
        It cannot be read, or ends before it begins; says which.
    """
    try:
        first, last = (pd.Timestamp(date.fromisoformat(part.strip())) for part in value.split("/"))
    except ValueError:
        raise ValueError("cannot be read; write it as gap:2024-03-01/2024-03-09") from None
    if last < first:
        raise ValueError(f"ends before it begins; write it as gap:{last:%Y-%m-%d}/{first:%Y-%m-%d}")
    return first, last
