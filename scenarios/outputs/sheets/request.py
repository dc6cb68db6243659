"""What sheets are asked for, and whether that makes sense and may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from rasters.errors import OptionError
from rasters.plain import unknown
from scenarios.outputs.audience import Audience
from scenarios.outputs.sheets.sheet import PAPERS

__all__ = ["PUBLIC_SCALE", "SheetRequest", "require_allowed", "require_sense"]

PUBLIC_SCALE = 2_000_000.0
"""The largest scale for the public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRequest:
    """What sheets are wanted.

    Parameters
    ----------
    passages : tuple of str
        A close-up of each: numbers, ids, ranks, or ``"shortlist"`` or ``"standing"`` for all of them.
    fence : str
        A sheet, or a series, of a stretch of this fence; empty for none.
    from_km, to_km : float or None
        The stretch; None is the fence's end.
    series : bool
    scale : float or None
        None chooses.
    paper : str
    orientation : str or None
        None chooses.
    """

    passages: tuple[str, ...] = ()
    fence: str = ""
    from_km: float | None = None
    to_km: float | None = None
    series: bool = False
    scale: float | None = None
    paper: str = "A4"
    orientation: str | None = None

    @property
    def is_overview(self) -> bool:
        """Whether the whole study is wanted."""
        return not self.passages and not self.fence


def require_sense(request: SheetRequest) -> None:
    """OptionError where a request contradicts itself or asks for what no sheet can be."""
    if request.paper not in PAPERS:
        raise OptionError(f"--paper: {unknown('paper', request.paper, PAPERS)}")
    if request.orientation not in (None, "landscape", "portrait"):
        raise OptionError(f"--orientation: {unknown('orientation', request.orientation, ('landscape', 'portrait'))}")
    if request.passages and request.fence:
        raise OptionError(
            "--passage and --fence: ask for close-ups or for a stretch of fence, not for both in one file"
        )
    if not request.fence and (request.series or request.from_km is not None or request.to_km is not None):
        raise OptionError("--series, --from-km and --to-km need --fence: which fence?")
    if request.scale is not None and not (5_000 <= request.scale <= 50_000_000 and _is_round(request.scale)):
        raise OptionError(
            f"--scale {request.scale:g}: give a round denominator from 5000 to 50000000, such as 50000, 100000 or 200000"
        )


def _is_round(scale: float) -> bool:
    """At most two significant figures, or a quarter."""
    figures = f"{scale:.6e}".split("e")[0].rstrip("0").replace(".", "")
    return len(figures) <= 2 or figures in ("125", "175")


def require_allowed(audience: Audience, request: SheetRequest) -> None:
    """OptionError where a request asks for more than its audience may see."""
    if audience is not Audience.PUBLIC:
        return
    if not request.is_overview:
        raise OptionError(
            "--audience public: close-ups and sheets of a fence would show where passages are planned; the public gets the "
            "overview only (leave out --passage and --fence), partners the sheets to 0.01 degree (--audience partner)"
        )
    if request.scale is not None and request.scale < PUBLIC_SCALE:
        raise OptionError(
            f"--scale {request.scale:g}: the public's overview is 1 : {PUBLIC_SCALE:,.0f} or smaller; leave out --scale"
        )
