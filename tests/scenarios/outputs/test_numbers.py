"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.outputs.numbers import DASH, MINUS, NO_ROUTE, THIN, figure, percent


@pytest.mark.parametrize(
    ("value", "unit", "digits", "text"),
    [
        (1234567.8, "m", 4, f"1{THIN}234{THIN}568"), (0.000123456, "A", 4, "0.0001235"), (3.0, "", 4, "3"), (0.0, "1", 4, "0"),
        (-2.5, "1", 3, f"{MINUS}2.5"), (123.456, "km", 3, "123"), (12.3456, "km", 3, "12.3"), (1.5e-5, "A/m", 4, f"1.5e{MINUS}05"),
        (math.nan, "ohm", 4, DASH), (math.inf, "effective m", 4, NO_ROUTE), (math.inf, "ohm", 4, NO_ROUTE),
        (math.inf, "camera-days", 4, "\u221e"), (math.inf, "1", 4, "\u221e"), (-math.inf, "effective m", 4, f"{MINUS}\u221e"),
    ],
)  # fmt: skip
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
