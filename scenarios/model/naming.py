"""What people call fences and the places on them: one name per passage in every product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pandas as pd

from rasters.fences import Fence

__all__ = ["full_names", "passage_names", "section_names"]


def section_names(fences: Sequence[Fence], say: Callable[[str], str] = str) -> dict[str, str]:
    """Fence id -> what it is called: what tells its id apart on its fence line (``KZ–UZ``), or its name where it is the only one.

    Where two lines have a section of the same name, the name of the fence stands before it. ``say`` translates names.
    """
    short = {fence.id: _own_part(fence, fences) for fence in fences}
    names = {fence.id: say(fence.name) if fence.name else fence.id for fence in fences}
    count = Counter(short.values())
    return {
        one: names[one] if not part else part if count[part] == 1 else f"{names[one]} {part}" for one, part in short.items()
    }  # fmt: skip


def full_names(fences: Sequence[Fence], say: Callable[[str], str] = str) -> dict[str, str]:
    """Fence id -> its name; where several of a line share it, with what tells their ids apart: ``Border fence (KZ–UZ)``."""
    alike = Counter(fence.name for fence in fences)
    out = {}
    for fence in fences:
        name = say(fence.name) if fence.name else fence.id
        out[fence.id] = f"{name} ({_own_part(fence, fences)})" if fence.name and alike[fence.name] > 1 else name
    return out


def passage_names(fences: Sequence[Fence], table: pd.DataFrame, say: Callable[[str], str] = str) -> list[str]:
    """What each row is called: its own ``name`` where it has one, else section and kilometre, ``KZ–UZ km 516.5``.

    ``say`` translates names, the pattern and numbers.
    """
    sections = section_names(fences, say)
    own = table["name"] if "name" in table else [""] * len(table)
    rows = zip(own, table["fence"], table["along_m"], strict=True)
    place = say("{section} km {km}")
    return [
        say(name) if name else place.format(section=sections.get(fence, fence), km=say(f"{round(along / 1000, 1):g}"))
        for name, fence, along in rows
    ]


def _own_part(fence: Fence, fences: Sequence[Fence]) -> str:
    """The words of an id by which it differs from others of its line, at least two: ``KZ–TM`` of ``border_kz_tm``; empty without others."""
    alike = [other.id.replace("-", "_").split("_") for other in fences if other.fence_line == fence.fence_line]
    if len(alike) == 1:
        return ""
    common = 0
    while all(len(words) > common + 1 and words[common] == alike[0][common] for words in alike):
        common += 1
    words = fence.id.replace("-", "_").split("_")
    return "\u2013".join(words[min(common, max(len(words) - 2, 0)) :]).upper()
