"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasters.numbers import DASH, MINUS, NO_ROUTE, THIN, distance, figure, part_percent, percent, signed_percent


@pytest.mark.parametrize(
    ("value", "unit", "digits", "text"),
    [
        (1234567.8, "m", 4, f"1{THIN}234{THIN}568"),
        (0.000123456, "A", 4, "0.0001235"),
        (3.0, "", 4, "3"),
        (0.0, "1", 4, "0"),
        (-2.5, "1", 3, f"{MINUS}2.5"),
        (123.456, "km", 3, "123"),
        (12.3456, "km", 3, "12.3"),
        (1.5e-5, "A/m", 4, f"1.5e{MINUS}05"),
        (math.nan, "ohm", 4, DASH),
        (math.inf, "effective m", 4, NO_ROUTE),
        (math.inf, "ohm", 4, NO_ROUTE),
        (math.inf, "camera-days", 4, "\u221e"),
        (math.inf, "1", 4, "\u221e"),
        (-math.inf, "effective m", 4, f"{MINUS}\u221e"),
    ],
)
def test_figures(value: float, unit: str, digits: int, text: str) -> None:
    assert figure(value, unit, digits) == text


@given(st.floats(-1e12, 1e12), st.integers(2, 5))
def test_a_figure_can_be_read_back_to_its_digits(value: float, digits: int) -> None:
    again = float(figure(value, "m", digits).replace(THIN, "").replace(MINUS, "-"))
    assert again == pytest.approx(
        value, rel=0.5 * 10.0 ** (1 - min(digits, 2 if abs(value) < 1e-4 else digits)) * 1.001
    )


def test_shares_are_per_cent() -> None:
    assert percent(0.1234) == f"12.3{THIN}%" and percent(math.nan) == DASH and percent(1) == f"100{THIN}%"
    assert percent(-0.5) == f"{MINUS}50{THIN}%" and percent(3e-9) == f"0{THIN}%"


def test_only_all_of_it_is_100_per_cent() -> None:
    told = [part_percent(share) for share in (0.0, 1e-6, 0.5, 0.99999, 1.0)]
    assert told == [f"{text}{THIN}%" for text in ("0", "0.1", "50.0", "99.9", "100")]


def test_changes_have_a_sign() -> None:
    told = [signed_percent(share) for share in (0.123, -0.5, 0.0, 1.5, 12.0, -12.0, math.inf)]
    assert told == [f"+12{THIN}%", f"{MINUS}50{THIN}%", f"0{THIN}%", f"+150{THIN}%", f"\u00d7{THIN}13", DASH, DASH]


def test_distances_have_three_figures() -> None:
    assert [distance(m) for m in (0.0, 12.34, 999.0, 1000.0, 49_123.0, 1.234e6)] == [
        "0 m",
        "12.3 m",
        "999 m",
        "1 km",
        "49.1 km",
        f"1{THIN}234 km",
    ]
