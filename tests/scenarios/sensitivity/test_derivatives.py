"""Exact derivatives against finite differences of the same indicators, computed by the ways that `otkel run` computes them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from connectivity.openings.sets import no_sets
from rasters.openings import open_each
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import dispersal_kernel, equivalent_area_km2
from scenarios.sensitivity.indicators import INDICATORS, derivative_of
from scenarios.study.load import resolve

EXACT = {"solver.method": "sparse-direct", "solver.tolerance": 1e-12}


@pytest.fixture(scope="module")
def prepared(small_study: Path) -> Prepared:
    """A species that a fence lets through a little, with passages that stand."""
    return _prepared(str(small_study), ())


@cache
def _prepared(study: str, more: tuple[tuple[str, object], ...]) -> Prepared:
    resolved = resolve(study, "opened", EXACT | dict(more))
    plain = prepare_species(resolved, read_inputs(resolved, ["digger"]), "digger")
    uneven = np.random.default_rng(3).uniform(1.0, 1.3, plain.surface.values.shape)  # no two routes cost the same
    return _on(plain, np.where(plain.surface.passable, plain.surface.values * uneven, plain.surface.values))


def _on(prepared: Prepared, values: np.ndarray) -> Prepared:
    """The same on other land: every opening is laid out again."""
    surface = replace(prepared.surface, values=values)
    edges = open_each(prepared.inputs.cuts, surface, [one.edges.opening for one in prepared.standing], prepared.model)
    standing = tuple(replace(one, edges=new) for one, new in zip(prepared.standing, edges, strict=True))
    return replace(prepared, surface=surface, standing=standing)


def by_reduction(land: Landscape, indicator: str) -> float:
    """The indicator as the other commands have it: by exact reduction or by search, without any potential."""
    weights, none = land.ends.pair_weights, no_sets(0)
    if indicator == "eca":
        return equivalent_area_km2(land, dispersal_kernel(land))
    if indicator == "least_cost":
        return float(weights @ land.distances((), land.counted).distances(none)[0])
    if indicator == "arriving":
        return float(weights @ land.circuit(pairs=land.counted, mortal=True).arriving(none)[0])
    now = land.circuit(pairs=land.counted).conductances(none)[0]
    if indicator == "conductance":
        return float(weights @ now)
    if indicator == "resistance":
        return float(weights @ (1.0 / now))
    shut = Landscape(replace(land.prepared, standing=())).circuit(pairs=land.counted).conductances(none)[0]
    without = land.circuit(pairs=land.counted, fences=False).conductances(none)[0]
    return float(weights @ ((now - shut) / (without - shut)))


@pytest.mark.parametrize("indicator", INDICATORS)
@pytest.mark.parametrize(
    "more",
    [
        (),
        (("solver.edge_rule", "mean_conductance"),),
        (("solver.neighbours", 4),),
        (("solver.neighbours_least_cost", 16),),
    ],
    ids=["8", "mean conductance", "4", "16"],
)
def test_slopes_are_those_of_finite_differences(
    small_study: Path, indicator: str, more: tuple[tuple[str, object], ...]
) -> None:
    """In a random direction over all cells at once, and in one that touches only the land beside a passage."""
    prepared = _prepared(str(small_study), more)
    found = derivative_of(Landscape(prepared), indicator)
    assert found.value == pytest.approx(by_reduction(Landscape(prepared), indicator), rel=1e-9)
    values, passable = prepared.surface.values, prepared.surface.passable
    random, first = np.random.default_rng(7), prepared.standing[0].edges.rows[0]
    cuts = prepared.inputs.cuts
    beside = np.zeros(values.shape)
    beside[cuts.row[first], cuts.col[first]] = 1.0
    for direction in (random.uniform(-1.0, 1.0, values.shape), beside):
        change = direction * np.where(passable, values, 0.0)
        step = 1e-5
        high, low = (
            by_reduction(Landscape(_on(prepared, np.where(passable, values + side * step * change, values))), indicator)
            for side in (1, -1)
        )
        slope = float((found.gradient[passable] * change[passable]).sum())
        assert slope == pytest.approx((high - low) / (2 * step), rel=1e-5, abs=1e-7 * abs(found.value))


def test_doubling_all_land_doubles_a_resistance(prepared: Prepared) -> None:
    """Fences and passages are worth metres of the land beside them, so a resistance is homogeneous in the land (Euler)."""
    found = derivative_of(Landscape(prepared), "resistance")
    passable = prepared.surface.passable
    total = float((found.gradient[passable] * prepared.surface.values[passable]).sum())
    assert total == pytest.approx(found.value, rel=1e-9)
    assert (found.gradient[passable] >= 0).all()  # Rayleigh: more resistance nowhere helps
