"""Who answers for a sheet: copy number, prepared by, agreed, approved; lines to write on, filled by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.page import INK, MUTED, Box, Page, text_width
from scenarios.outputs.sheets.source import SheetSource

__all__ = ["approval_height", "draw_approval"]

HEIGHT_MM = 15.0
COPY_MM = 27.0
HEADING, CAPTION, BODY = 6.2, 4.6, 5.8
GAP_MM = 3.0


def approval_height(audience: Audience) -> float:
    """Height of the block [mm]; the public's overview is signed by nobody."""
    return 0.0 if audience is Audience.PUBLIC else HEIGHT_MM


def draw_approval(page: Page, box: Box, source: SheetSource) -> None:
    """The copy's number, then three blocks with position, signature, name and date."""
    if not box.height:
        return
    say = source.say
    page.rectangle(box, None, edge=INK, width=0.15)
    _copy(page, Box(box.left, box.bottom, COPY_MM, box.height), say)
    wide = (box.width - COPY_MM) / 3
    for number, heading in enumerate((say("Prepared by"), say("Agreed"), say("Approved"))):
        part = Box(box.left + COPY_MM + number * wide, box.bottom, wide, box.height)
        page.lines([np.array([[part.left, part.bottom], [part.left, part.top]])], INK, 0.15, cap=0)
        _signature(page, part, heading, say)


def _copy(page: Page, box: Box, say: Callable[[str], str]) -> None:
    page.text(box.left + 1.5, box.top - 3.2, say("Copy No."), size=HEADING, face="bold")
    _blank(page, box.left + 1.5, box.right - 1.5, box.top - 8.0, "")
    of = say("of copies")
    page.text(box.left + 1.5, box.top - 12.4, of, size=BODY, color=MUTED)
    _blank(page, box.left + 2.5 + text_width(of, BODY), box.right - 1.5, box.top - 12.6, "")


def _signature(page: Page, box: Box, heading: str, say: Callable[[str], str]) -> None:
    """A heading with the date beside it; a line for the position; one for signature and name."""
    left, right = box.left + 1.5, box.right - 1.5
    page.text(left, box.top - 3.2, heading, size=HEADING, face="bold")
    page.text(right, box.top - 3.2, say("\u201c__\u201d ____________ 20__"), size=BODY, color=MUTED, anchor="right")
    _blank(page, left, right, box.top - 7.0, say("position, rank"))
    middle = left + 0.38 * (right - left)
    _blank(page, left, middle - GAP_MM / 2, box.top - 12.3, say("signature"))
    _blank(page, middle + GAP_MM / 2, right, box.top - 12.3, say("surname, initials"))


def _blank(page: Page, left: float, right: float, y: float, caption: str) -> None:
    """A line to write on, and small below it what belongs there."""
    page.lines([np.array([[left, y], [right, y]])], INK, 0.12, cap=0)
    if caption:
        page.text((left + right) / 2, y - 1.9, caption, size=CAPTION, color=MUTED, anchor="middle")
