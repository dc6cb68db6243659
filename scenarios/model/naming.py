"""What people call fences and the places on them: one name per passage in every product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pandas as pd

from rasters.fences import Fence

__all__ = ["full_names", "passage_names", "section_names"]


def section_names(fences: Sequence[Fence], say: Callable[[str], str] = str) -> dict[str, str]:
    """Fence id -> what it is called: what tells its id apart on its fence line (``KZ–UZ``), or its name where it is the only one.

    Where two lines have a section of the same name, or sections have numbers only, the name of the fence stands before it.
    ``say`` translates names.
    """
    short = {fence.id: _own_part(fence, fences) for fence in fences}
    names = {fence.id: _called(fence, say) for fence in fences}
    count = Counter(short.values())
    return {
        one: part if part and count[part] == 1 and not _is_number(part) else _joined(names[one], part)
        for one, part in short.items()
    }


def full_names(fences: Sequence[Fence], say: Callable[[str], str] = str) -> dict[str, str]:
    """Fence id -> its name; where several of a line share it, with what tells their ids apart: ``Border fence (KZ–UZ)``."""
    alike = Counter(fence.name for fence in fences)
    out = {}
    for fence in fences:
        name = _called(fence, say)
        out[fence.id] = f"{name} ({_own_part(fence, fences)})" if fence.name and alike[fence.name] > 1 else name
    return out


def _called(fence: Fence, say: Callable[[str], str]) -> str:
    """Its name, or its id, as words: ``Border_0`` is ``Border 0``, and is said in a language as the study names it."""
    told = say(fence.name) if fence.name else fence.id
    return told if told != (fence.name or fence.id) else " ".join(told.replace("_", " ").split())


def _is_number(part: str) -> bool:
    return part.replace("\u2013", "").isdigit()


def _joined(name: str, part: str) -> str:
    """The name with what tells a section apart, unless it ends in that already."""
    return name if not part or name.endswith(part) else f"{name} {part}"


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
    """What tells an id apart on its line; empty without others.

    At least two words, ``KZ–TM`` of ``border_kz_tm``, or a number, ``2`` of ``border_2``.
    """
    alike = [other.id.replace("-", "_").split("_") for other in fences if other.fence_line == fence.fence_line]
    if len(alike) == 1:
        return ""
    common = 0
    while all(len(words) > common + 1 and words[common] == alike[0][common] for words in alike):
        common += 1
    words = fence.id.replace("-", "_").split("_")
    own = words[common:]
    return (
        own[0]
        if len(own) == 1 and own[0].isdigit()
        else "\u2013".join(words[min(common, max(len(words) - 2, 0)) :]).upper()
    )
