"""For whom a file is, and what its readers must know."""

from __future__ import annotations

from enum import StrEnum

from rasters.errors import OptionError
from rasters.plain import unknown

__all__ = ["FIGURES", "MARKS", "PARTNER_DEG", "Audience", "audience_named", "audience_note", "badge", "promised_deg"]

PARTNER_DEG = 0.01


FIGURES = 2
"""Significant figures of numbers for the public: too few to find by trial which passages they were computed with."""


WIDER = 3
"""Factor by which public cells of how animals move are larger than those of the land."""


def promised_deg(sensitivity_deg: float) -> float:
    """Size of the cells within which nobody can place a passage from the public's files [degrees]: the one number promised."""
    return round(WIDER * sensitivity_deg, 9)


class Audience(StrEnum):
    """For whom a file is; from the most precise to the least."""

    RESTRICTED = "restricted"
    PARTNER = "partner"
    PUBLIC = "public"

    @property
    def level(self) -> int:
        """0 is the most precise."""
        return list(Audience).index(self)


def audience_named(name: str) -> Audience:
    """The audience that somebody asked for.

    Raises
    ------
    ConfigError
        No such audience; lists those that there are.
    """
    if name not in list(Audience):
        raise OptionError(f"--audience: {unknown('audience', name, Audience)}")
    return Audience(name)


def audience_note(audience: Audience, sensitivity_deg: float = 0.1) -> str:
    """What was done for an audience: one line for the metadata of every file."""
    if audience is Audience.RESTRICTED:
        return "restricted: full precision; do not publish"
    if audience is Audience.PARTNER:
        return (
            f"partner: passages at whole kilometres of fence, positions rounded to the {PARTNER_DEG:g} degree grid, "
            "rasters not finer than that; do not pass on"
        )
    return (
        f"public: no passage is placed better than {promised_deg(sensitivity_deg):g} degree. Resistance is the mean of fixed cells of "
        f"{sensitivity_deg:g} degree; cost, corridor and current are classes of cells of {promised_deg(sensitivity_deg):g} degree, and "
        f"withheld with all that is computed from them once an opening stands; numbers have {FIGURES} figures; passages, routes and gains "
        "along fences are withheld"
    )


MARKS = {
    Audience.RESTRICTED: "full precision, do not publish",
    Audience.PARTNER: f"rounded to {PARTNER_DEG:g}\u00b0, do not pass on",
    Audience.PUBLIC: "coarse cells, passages withheld",
}
"""What readers must know of each audience, in few words."""


def badge(audience: Audience) -> str:
    """The mark on maps and pages."""
    return f"{audience.value.upper()} \u2013 {MARKS[audience]}"
