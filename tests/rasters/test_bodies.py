"""Bodies against wires: every verdict as a row of a table."""

from __future__ import annotations

import math

import pytest

from rasters.bodies import Fit, Gap, Wires, past_fence, through_gap
from rasters.profile import Body, Habituation
from rasters.responses import Stated

BORDER = Wires(top_m=1.7, strands=8, bottom_m=0.21)
MONTANA = Wires(top_m=1.13, strands=4, bottom_m=0.24)
SINGLE = Wires(top_m=0.6, strands=1, bottom_m=0.6)


def body(
    crawls: float | None = None, jumps: float | None = None, width: float | None = None, origin: str = "measured"
) -> Body:
    crawls_under, highest, least = (
        None if v is None else Stated(value=v, origin=origin) for v in (crawls, jumps, width)
    )
    return Body(crawls_under_m=crawls_under, jumps_m=highest, min_width_m=least)


PRONGHORN, DEER, LARGE = body(0.46, 0, 1), body(0.5, 1.2, 1), body(1.2, 0, 1.5)


@pytest.mark.parametrize(
    ("animal", "gap", "fit"),
    [
        (PRONGHORN, Gap(width_m=4, clearance_m=0.46), Fit.FITS),
        (PRONGHORN, Gap(width_m=4, clearance_m=0.45), Fit.LOW),
        (PRONGHORN, Gap(width_m=0.9, clearance_m=0.46), Fit.NARROW),
        (PRONGHORN, Gap(width_m=0.9, clearance_m=0.2), Fit.NARROW),
        (PRONGHORN, Gap(width_m=4), Fit.UNKNOWN),
        (PRONGHORN, Gap(width_m=4, gap_height_m=0.5), Fit.FITS),
        (PRONGHORN, Gap(width_m=4, clearance_m=0.2, gap_height_m=0.5), Fit.FITS),
        (PRONGHORN, Gap(width_m=4, top_m=1.0), Fit.HIGH),
        (PRONGHORN, Gap(width_m=4, clearance_m=0.2, top_m=1.0), Fit.LOW),
        (DEER, Gap(width_m=4, clearance_m=0.2, top_m=1.0), Fit.FITS),
        (LARGE, Gap(width_m=20, clearance_m=math.inf), Fit.FITS),
        (LARGE, Gap(width_m=1.4, clearance_m=math.inf), Fit.NARROW),
        (LARGE, Gap(width_m=4, clearance_m=0.85), Fit.LOW),
        (Body(), Gap(width_m=20, clearance_m=math.inf), Fit.UNKNOWN),
        (body(width=1), Gap(width_m=20, clearance_m=math.inf), Fit.FITS),
        (body(width=1), Gap(width_m=20, clearance_m=0.85), Fit.UNKNOWN),
        (body(crawls=0.5), Gap(width_m=20, clearance_m=0.85), Fit.UNKNOWN),
        (body(crawls=0.5), Gap(width_m=20, clearance_m=0.4), Fit.LOW),
        (body(crawls=0.5), Gap(width_m=20, clearance_m=0.4, top_m=1), Fit.UNKNOWN),
    ],
)
def test_through_a_passage(animal: Body, gap: Gap, fit: Fit) -> None:
    assert through_gap(animal, gap).fit == fit


@pytest.mark.parametrize(
    ("animal", "wires", "fit"),
    [
        (PRONGHORN, BORDER, Fit.CLOSED),
        (PRONGHORN, MONTANA, Fit.CLOSED),
        (PRONGHORN, SINGLE, Fit.FITS),
        (DEER, MONTANA, Fit.FITS),
        (DEER, BORDER, Fit.CLOSED),
        (body(crawls=0.2, jumps=0), BORDER, Fit.FITS),
        (body(crawls=0.212, jumps=0), BORDER, Fit.FITS),
        (body(crawls=0.214, jumps=0), BORDER, Fit.CLOSED),
        (body(crawls=0.5), BORDER, Fit.UNKNOWN),
        (body(jumps=0), BORDER, Fit.UNKNOWN),
        (body(jumps=1.7), BORDER, Fit.FITS),
        (PRONGHORN, None, Fit.UNKNOWN),
        (Body(other_ways={"climbs": "seen"}), BORDER, Fit.FITS),
    ],
)
def test_past_a_fence(animal: Body, wires: Wires | None, fit: Fit) -> None:
    assert past_fence(animal, wires).fit == fit


def test_only_a_certain_no_is_impossible() -> None:
    assert [fit for fit in Fit if not fit.impossible] == [Fit.FITS, Fit.UNKNOWN]


@pytest.mark.parametrize("origin", ["expert placeholder", "assumption: as pronghorn", "Assumed"])
def test_a_fit_that_rests_on_an_assumption_says_so(origin: str) -> None:
    assumed = body(0.8, 0, 1, origin=origin)
    assert str(through_gap(assumed, Gap(width_m=4, clearance_m=0.85))) == "fits (0.85 m clear, needs 0.8 m, assumed)"
    assert str(through_gap(assumed, Gap(width_m=20, clearance_m=math.inf))) == (
        "fits (nothing overhead, 20 m wide, needs 1 m, assumed)"
    )
    assert past_fence(assumed, BORDER).assumed
    assert str(past_fence(Body(other_ways={"weak_places": origin}), BORDER)) == "fits (weak places, assumed)"
    measured = body(0.8, 0, 1)
    assert str(through_gap(measured, Gap(width_m=4, clearance_m=0.5))) == "too low (0.5 m clear, needs 0.8 m)"
    assert not past_fence(measured, BORDER).assumed


def test_use_rises_along_the_curve_and_stays() -> None:
    curve = Habituation(years=(0.0, 1.0, 3.0), share=(0.2, 0.6, 1.0), origin="made up")
    assert [curve.at(years) for years in (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0)] == pytest.approx(
        [0.2, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    )
    assert Habituation(years=(0.0,), share=(1.0,), origin="at once").at(0.0) == 1.0
