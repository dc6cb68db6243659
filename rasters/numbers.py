"""Numbers as people read them, and the one word for each state that is no number."""

from __future__ import annotations

import math
from typing import SupportsFloat

__all__ = [
    "CUT_OFF",
    "DASH",
    "MINUS",
    "NO_ROUTE",
    "RAISED",
    "THIN",
    "distance",
    "figure",
    "part_percent",
    "percent",
    "percent_figure",
    "signed_percent",
]

DASH, MINUS, THIN, INFINITE = "\u2013", "\u2212", "\u202f", "\u221e"
NO_ROUTE = "no route"
"""Between two places, or from a place to any target: an infinite cost or resistance."""
CUT_OFF = "cut off"
"""A core from which no route leads to any target."""
OF_ROUTES = ("", "effective m", "effective km", "ohm", "\u03a9")
"""Units in which infinite means that there is no route; the unit of a value may be missing where rows have units of their own."""
RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
"""Digits as exponents."""


def figure(value: SupportsFloat, unit: str = "", digits: int = 4) -> str:
    """A number with thin spaces between thousands; whole numbers in full.

    Parameters
    ----------
    value : float
    unit : str
        Says what infinite means: no route for costs and resistances, boundless for others. It is not part of the text.
    digits : int
        Significant figures of what is not whole.
    """
    number = float(value)
    if math.isnan(number):
        return DASH
    if math.isinf(number):
        return (NO_ROUTE if unit in OF_ROUTES else INFINITE) if number > 0 else MINUS + INFINITE
    if number == int(number) or abs(number) >= 10 ** (digits - 1):
        text = f"{number:,.0f}".replace(",", THIN)
    else:
        text = f"{number:.{digits}g}" if abs(number) >= 1e-4 else f"{number:.1e}"
    return text.replace("-", MINUS)


def percent_figure(share: SupportsFloat, digits: int = 3) -> str:
    """The figure of `percent` without its sign, for columns whose head has it."""
    return figure(0.0 if abs(float(share)) < 1e-6 else 100.0 * float(share), "%", digits)


def percent(share: SupportsFloat, digits: int = 3) -> str:
    """A share in per cent; under a ten-thousandth of one is rounding."""
    text = percent_figure(share, digits)
    return text if text == DASH else f"{text}{THIN}%"


def part_percent(share: float) -> str:
    """A part of a whole in per cent: only all of it is 100 % and nothing of it 0 %."""
    return percent(share) if share in (0.0, 1.0) else f"{min(max(100 * share, 0.1), 99.9):.1f}{THIN}%"


def signed_percent(share: float) -> str:
    """A change in per cent, with its sign; tenfold and more as a factor, a dash where there is none."""
    if not math.isfinite(share):
        return DASH
    if abs(share) >= 10:
        return f"\u00d7{THIN}{1 + share:.3g}" if share > 0 else DASH
    sign = "+" if share > 0 else MINUS if share < 0 else ""
    size = abs(100 * share)
    return f"{sign}{size:.0f}{THIN}%" if size >= 99.5 else f"{sign}{size:.2g}{THIN}%"


def distance(metres: float) -> str:
    """Three figures of metres, from 1,000 m on of kilometres."""
    return f"{figure(metres, 'm', 3)} m" if metres < 1000 else f"{figure(metres / 1000, 'km', 3)} km"
