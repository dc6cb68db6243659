"""Numbers as people read them, and the one word for each state that is no number."""

from __future__ import annotations

import math
from typing import SupportsFloat

__all__ = ["CUT_OFF", "DASH", "MINUS", "NO_ROUTE", "THIN", "figure", "percent"]

DASH, MINUS, THIN, INFINITE = "\u2013", "\u2212", "\u202f", "\u221e"
NO_ROUTE = "no route"
"""Between two places, or from a place to any target: an infinite cost or resistance."""
CUT_OFF = "cut off"
"""A core from which no route leads to any target."""
OF_ROUTES = ("", "effective m", "effective km", "ohm", "\u03a9")
"""Units in which infinite means that there is no route; the unit of a value may be missing where rows have units of their own."""


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


def percent(share: SupportsFloat, digits: int = 3) -> str:
    """A share in per cent."""
    text = figure(100.0 * float(share), "%", digits)
    return text if text == DASH else f"{text}{THIN}%"
