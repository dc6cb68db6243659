"""Rules to resistance: tables by hand, laws, what is unknown, impassable or absent, and the bundled species files."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rasters.errors import ConfigError, DataError, FocalNodeError, GridMismatchError, LayerNotFoundError
from rasters.grid import Grid
from rasters.permeability import Permeability
from rasters.profile import Barrier, Rule, Scaling, SpeciesProfile
from rasters.resistance import build_resistance, explain
from rasters.responses import Categories, PiecewiseLinear, Stated, Steps
from rasters.surface import Layer
from scenarios.study.species import SpeciesFile
from tests.support.places import ROOT

SPECIES = ROOT / "scenarios" / "library" / "ustyurt" / "species"
BUNDLED = ("goitered_gazelle", "kulan", "leopard", "urial")
GRID = Grid("EPSG:32640", Affine(1000, 0, 0, 0, -1000, 0), (2, 3))


def layer(name: str, values: Any, unit: str, unknown: Any = None, grid: Grid = GRID) -> Layer:
    array = np.asarray(values).reshape(grid.shape)
    nodata = np.zeros(grid.shape, bool) if unknown is None else np.asarray(unknown, bool).reshape(grid.shape)
    return Layer(name=name, values=array, nodata=nodata, grid=grid, unit=unit)


def steps(breaks: tuple[float, ...], values: tuple[float, ...]) -> Steps:
    return Steps(breaks=breaks, values=values, origins=tuple(f"step {i}" for i in range(len(values))))


def points(at: tuple[float, ...], values: tuple[float, ...]) -> PiecewiseLinear:
    return PiecewiseLinear(at=at, values=values, origins=tuple(f"point {i}" for i in range(len(values))))


def classes(table: dict[int, float], default: float | None = None) -> Categories:
    return Categories(
        classes=tuple((code,) for code in table),
        values=tuple(table.values()),
        origins=tuple(f"class {code}" for code in table),
        default=None if default is None else Stated(value=default, origin="otherwise"),
    )


SLOPE = Rule(layer="slope_percent", unit="percent", response=points((0, 30), (5, 1)), origin="ours")
TOWN = Rule(layer="town_m", unit="m", response=steps((1000,), (50, 1)), origin="ours")
COVER = Rule(layer="landcover", unit="class", response=classes({7: 1, 12: 10}), origin="ours")
RESERVE = Rule(layer="reserve", unit="class", response=classes({0: 1, 1: 0.5}), origin="ours")
ROAD = Rule(layer="road_m", unit="m", response=steps((500,), (20, 1)), origin="ours", optional=True)
WATER = Barrier(layer="water", classes=(1, 2), origin="ours")


def profile(**changes: Any) -> SpeciesProfile:
    base = SpeciesProfile(
        id="beast",
        name="Beast",
        scientific_name="Bestia bestia",
        labels={"en": "Beast"},
        status="expert placeholder",
        combine="maximum",
        rules=(SLOPE, TOWN, ROAD),
        factors=(RESERVE,),
        barriers=(WATER,),
        permeability={"default": Permeability(value=0.3, per="encounter", scale_m=800.0, origin="ours")},
        free_path_m=Stated(value=900, origin="ours"),
        use_factor={"gate": Stated(value=0.5, origin="ours")},
        dispersal_km=Stated(value=10, origin="ours"),
        home_range_km2=Stated(value=100, origin="ours"),
    )
    return replace(base, **changes)


def layers() -> dict[str, Layer]:
    return {
        "slope_percent": layer("slope_percent", [0, 15, 30, 60, 0, 0], "percent"),
        "town_m": layer("town_m", [5000, 5000, 5000, 5000, 999, 5000], "m"),
        "reserve": layer("reserve", [0, 0, 0, 1, 1, 1], "class"),
        "water": layer("water", [0, 0, 0, 0, 0, 1], "class"),
    }


def test_a_small_map_by_hand() -> None:
    surface = build_resistance(layers(), profile())
    np.testing.assert_allclose(surface.values, [[5, 3, 1], [1, 25, np.inf]])
    assert surface.barrier.tolist() == [[False] * 3, [False, False, True]]
    assert not surface.nodata.any()
    assert surface.name == "beast"


def test_steps_take_in_their_lower_end() -> None:
    table = steps((10, 30), (1, 2, 3))
    np.testing.assert_array_equal(table.at_values(np.array([-5, 9.999, 10, 29.999, 30, np.inf])), [1, 1, 2, 2, 3, 3])


def test_points_are_joined_by_lines_and_constant_beyond() -> None:
    values = points((0, 10), (1, 3)).at_values(np.array([-9.0, 0, 2.5, 10, np.inf]))
    np.testing.assert_allclose(values, [1, 1, 1.5, 3, 3])


def test_classes_and_otherwise() -> None:
    values = np.array([7.0, 12, 3, 7.5])
    np.testing.assert_array_equal(classes({12: 10, 7: 1}).at_values(values), [1, 10, np.nan, np.nan])
    np.testing.assert_array_equal(classes({12: 10, 7: 1}, default=4).at_values(values), [1, 10, 4, 4])


@pytest.mark.parametrize(
    ("how", "expected"), [("maximum", 8.0), ("product", 16.0), ("sum", 10.0), ("geometric_mean", 4.0)]
)
def test_ways_to_combine(how: Any, expected: float) -> None:
    rules = (replace(SLOPE, response=steps((), (2,))), replace(TOWN, response=steps((), (8,))))
    surface = build_resistance(layers(), profile(rules=rules, factors=(), barriers=(), combine=how))
    np.testing.assert_allclose(surface.values, expected)


def test_the_floor_holds_after_the_factors() -> None:
    rule = replace(SLOPE, response=steps((), (1.2,)))
    surface = build_resistance(layers(), profile(rules=(rule,), barriers=()))
    np.testing.assert_allclose(surface.values[1], 1.0)
    lower = build_resistance(layers(), profile(rules=(rule,), barriers=(), minimum=0.1))
    np.testing.assert_allclose(lower.values[1], 0.6)


resistance = st.floats(1, 1e4)


@given(
    values=st.lists(resistance, min_size=3, max_size=3),
    extra=st.lists(resistance, min_size=3, max_size=3),
    how=st.sampled_from(["maximum", "product", "sum", "geometric_mean"]),
    slopes=st.lists(st.floats(0, 100), min_size=6, max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_dearer_rules_never_make_a_cheaper_map(
    values: list[float], extra: list[float], how: Any, slopes: list[float]
) -> None:
    there = layers() | {"slope_percent": layer("slope_percent", slopes, "percent")}
    cheap = profile(rules=(replace(SLOPE, response=steps((10, 30), tuple(values))), TOWN), combine=how)
    dear_values = tuple(a + b for a, b in zip(values, extra, strict=True))
    dear = profile(rules=(replace(SLOPE, response=steps((10, 30), dear_values)), TOWN), combine=how)
    one, two = build_resistance(there, cheap), build_resistance(there, dear)
    assert (two.values >= one.values * (1 - 1e-12)).all()
    np.testing.assert_array_equal(one.passable, two.passable)


@given(extra=resistance)
@settings(max_examples=30, deadline=None)
def test_a_further_rule_never_lowers_maximum_product_or_sum(extra: float) -> None:
    further = replace(ROAD, layer="water", unit="class", response=classes({0: extra, 1: extra}), optional=False)
    for how in ("maximum", "product", "sum"):
        before = build_resistance(layers(), profile(combine=how))
        after = build_resistance(layers(), profile(combine=how, rules=(SLOPE, TOWN, further)))
        assert (after.values >= before.values).all()


@given(holes=st.lists(st.booleans(), min_size=24, max_size=24))
@settings(max_examples=80, deadline=None)
def test_unknown_stays_unknown_and_water_impassable(holes: list[bool]) -> None:
    masks = np.array(holes).reshape(4, 2, 3)
    there = {
        name: replace(old, nodata=mask, values=np.where(mask, 1 if name == "water" else -9999.0, old.values))
        for (name, old), mask in zip(layers().items(), masks, strict=True)
    }
    surface = build_resistance(there, profile())
    wet = (layers()["water"].values == 1) & ~masks[3]
    np.testing.assert_array_equal(surface.barrier, wet)
    np.testing.assert_array_equal(surface.nodata, masks.any(axis=0) & ~wet)
    whole = build_resistance(layers(), profile())
    np.testing.assert_array_equal(surface.values[surface.passable], whole.values[surface.passable])


def test_a_rule_may_stand_in_for_unknown_cells_and_counts_them() -> None:
    slopes = layer("slope_percent", [np.nan, 15, 30, 60, 0, 0], "percent", [1, 0, 0, 0, 0, 1])
    there = layers() | {"slope_percent": slopes}
    rule = replace(SLOPE, if_nodata=Stated(value=7, origin="expert placeholder"))
    surface = build_resistance(there, profile(rules=(rule, TOWN)))
    assert surface.values[0, 0] == 7
    assert surface.barrier[1, 2]
    assert "1 cells without slope_percent were given 7 (expert placeholder)" in surface.assumptions


def test_an_optional_layer_is_used_where_it_is_and_named_where_it_is_not() -> None:
    without = build_resistance(layers(), profile())
    assert any("road_m" in line for line in without.assumptions)
    roads = layers() | {"road_m": layer("road_m", [100, 5000, 5000, 5000, 5000, 5000], "m")}
    with_roads = build_resistance(roads, profile())
    assert with_roads.values[0, 0] == 20
    assert not any("road_m" in line for line in with_roads.assumptions)
    assert profile().layers_needed() == ("slope_percent", "town_m", "reserve", "water")
    assert profile().layers_optional() == ("road_m",)


def test_thresholds_are_read_at_the_cell_size_they_were_measured_at() -> None:
    scaled = replace(SLOPE, scaling=Scaling(reference_m=250, exponent=0.5, origin="ours"))
    surface = build_resistance(layers(), profile(rules=(scaled,), factors=(), barriers=()))
    np.testing.assert_allclose(surface.values, [[5, 1, 1], [1, 5, 5]])  # 15 % on 1 km cells reads as 30 %
    assert Scaling(reference_m=30, exponent=0.35, origin="").factor(30) == 1.0


def test_a_missing_layer_is_named_with_what_there_is() -> None:
    there = layers()
    del there["town_m"]
    with pytest.raises(LayerNotFoundError, match=r"needs the layers town_m.*it has reserve, slope_percent, water"):
        build_resistance(there, profile())
    with pytest.raises(LayerNotFoundError, match="none of its rules"):
        build_resistance(layers(), profile(rules=(ROAD,)))


def test_units_grids_and_unlisted_classes_are_refused() -> None:
    degrees = layers() | {"slope_percent": layer("slope_deg", np.zeros(6), "deg")}
    with pytest.raises(DataError, match="slope_percent is in 'deg', its rule is written for 'percent'"):
        build_resistance(degrees, profile())
    shifted = Grid("EPSG:32640", Affine(1000, 0, 500, 0, -1000, 0), (2, 3))
    with pytest.raises(GridMismatchError, match="town_m"):
        build_resistance(layers() | {"town_m": layer("town_m", np.zeros(6), "m", grid=shifted)}, profile())
    odd = layers() | {"landcover": layer("landcover", [7, 7, 12, 12, 99, 99], "class")}
    with pytest.raises(DataError, match=r"landcover = 99 \(1 cells\), first at row 1, col 1; list the class"):
        build_resistance(odd, profile(rules=(COVER,)))
    broken = layers() | {"slope_percent": layer("slope_percent", [np.nan, 0, 0, 0, 0, 0], "percent")}
    with pytest.raises(DataError, match=r"slope_percent = nan \(1 cells\).*; correct the layer, or"):
        build_resistance(broken, profile())


def test_every_cell_can_be_explained_and_the_parts_make_the_whole() -> None:
    there = layers() | {"road_m": layer("road_m", [100, 5000, 5000, 5000, 5000, 5000], "m", [0, 1, 0, 0, 0, 0])}
    surface = build_resistance(there, profile())
    for row, col in np.ndindex(GRID.shape):
        why = explain(there, profile(), row, col)
        assert (why.status == "unknown") == surface.nodata[row, col]
        assert (why.status == "barrier") == surface.barrier[row, col]
        np.testing.assert_array_equal(why.resistance, surface.values[row, col])
        if why.status == "passable":
            rules = max(part.effect for part in why.parts if part.part == "rule")
            factor = math.prod(part.effect for part in why.parts if part.part == "factor")
            assert max(1.0, rules * factor) == pytest.approx(why.resistance)
    text = str(explain(there, profile(), 0, 0))
    assert "road_m" in text
    assert "step 0" in text
    assert "not known here" in str(explain(there, profile(), 0, 1))
    with pytest.raises(FocalNodeError, match="outside"):
        explain(there, profile(), 2, 0)


def test_parameters_can_be_drawn_and_put_back() -> None:
    beast = profile()
    assert beast.parameters()["rules.slope_percent[0]"] == 5
    assert beast.with_parameters(beast.parameters()) == beast
    other = beast.with_parameters(
        {"rules.slope_percent[0]": 9.0, "permeability.default.value": 0.1, "use_factor.gate": 1.0}
    )
    assert build_resistance(layers(), other).values[0, 0] == 9
    assert other.permeability_of("railway").worth_m == pytest.approx(math.pi / 2 * 800 * 9)
    assert other.with_parameters({"free_path_m": 50.0}).free_path_m == Stated(value=50.0, origin="ours")
    assert other.use_factor_of("gate").value == 1.0
    with pytest.raises(ConfigError, match=r"unknown parameter 'rules\.slop'"):
        beast.with_parameters({"rules.slop": 1.0})
    with pytest.raises(ConfigError, match="'tunnel' is not stated; choose one of gate"):
        beast.use_factor_of("tunnel")


def test_tables_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ConfigError, match="one value per interval"):
        steps((1, 2), (1, 2))
    with pytest.raises(ConfigError, match="ascending"):
        points((2, 1), (1, 2))
    with pytest.raises(ConfigError, match="each class once"):
        Categories(classes=((1, 2), (2,)), values=(1, 2), origins=("", ""))


def raw(name: str = "leopard") -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((SPECIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def rule_of(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(rule for rule in data["rules"] if rule["layer"] == name)
    return found


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_species_say_where_every_number_comes_from(name: str) -> None:
    species = SpeciesFile.model_validate(raw(name)).to_profile()
    assert species.id == name
    assert set(species.labels) == {"en", "ru", "kk"}
    origins = [origin for rule in (*species.rules, *species.factors) for origin in rule.response.origins]
    origins += [rule.scaling.origin for rule in species.rules if rule.scaling]
    origins += [stated.origin for stated in (*species.permeability.values(), *species.use_factor.values())]
    assert all(len(origin) > 5 for origin in [*origins, species.dispersal_km.origin])
    assert all(barrier.classes == (1, 2) and barrier.layer == "water" for barrier in species.barriers)
    assert species.barriers
    assert species.status == "expert placeholder"


def test_the_bundled_numbers_are_the_stated_ones() -> None:
    worth = {name: SpeciesFile.model_validate(raw(name)).to_profile().permeability_of("x").worth_m for name in BUNDLED}
    assert worth == {"goitered_gazelle": 283e3, "kulan": math.inf, "leopard": 117e3, "urial": 950e3}
    leopard = SpeciesFile.model_validate(raw("leopard")).to_profile()
    slope = next(rule.response for rule in leopard.rules if rule.layer == "slope_percent")
    assert slope.origins[0] == "expert placeholder: flat open ground"
    np.testing.assert_allclose(slope.at_values(np.array([0.0, 30, 50, 70])), [5, 1, 1, 1])
    gazelle = SpeciesFile.model_validate(raw("goitered_gazelle")).to_profile()
    slope = next(rule.response for rule in gazelle.rules if rule.layer == "slope_percent")
    np.testing.assert_allclose(slope.at_values(np.array([5, 100 * math.tan(math.radians(25))])), [1, 50], rtol=1e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_species_build_on_every_landcover_class(name: str) -> None:
    species = SpeciesFile.model_validate(raw(name)).to_profile()
    grid = Grid("EPSG:32640", Affine(1000, 0, 0, 0, -1000, 0), (1, 18))
    flat = {
        "slope_percent": layer("slope_percent", np.zeros(18), "percent", grid=grid),
        "settlement_distance_m": layer("settlement_distance_m", np.full(18, 5000.0), "m", grid=grid),
        "escape_terrain_distance_m": layer("escape_terrain_distance_m", np.zeros(18), "m", grid=grid),
        "landcover": layer("landcover", np.arange(18, dtype=np.uint8), "class", grid=grid),
        "reserve": layer("reserve", np.zeros(18, np.uint8), "class", grid=grid),
        "water": layer("water", np.where(np.arange(18) == 17, 1, 0), "class", grid=grid),
    }
    surface = build_resistance(flat, species)
    assert surface.barrier[0, 17]
    assert surface.values[0, 13] == 50
    assert surface.values[0, 12] > surface.values[0, 10]
    protected = flat | {"reserve": layer("reserve", np.ones(18, np.uint8), "class", grid=grid)}
    assert (build_resistance(protected, species).values <= surface.values).all()


def breakage(where: str) -> dict[str, Any]:
    data = raw()
    slope, town = rule_of(data, "slope_percent"), rule_of(data, "settlement_distance_m")
    cover = rule_of(data, "landcover")
    edits: dict[str, Any] = {
        "zero": lambda: slope["points"][0].update(value=0),
        "infinite": lambda: slope["points"][0].update(value=math.inf),
        "descending": lambda: slope["points"].reverse(),
        "unsorted steps": lambda: town["steps"][0].update(below=9000),
        "no open end": lambda: town["steps"].pop(),
        "gap": lambda: town["steps"][0].pop("below"),
        "two tables": lambda: slope.update(steps=town["steps"]),
        "no table": lambda: slope.pop("points"),
        "class table on metres": lambda: cover.update(unit="m"),
        "class twice": lambda: cover["classes"][0]["codes"].append(16),
        "otherwise without classes": lambda: slope.update(otherwise={"value": 1, "origin": "x"}),
        "scaled classes": lambda: cover.update(measured_at=slope["measured_at"]),
        "permeability": lambda: data["permeability"]["default"].update(value=1.2),
        "no scale": lambda: data["permeability"].update(default={"value": 0.2, "origin": "x"}),
        "bare": lambda: data["permeability"].update(default=0.2),
        "no default": lambda: data.update(permeability={"railway": {"value": 0, "origin": "x"}}),
        "use factor": lambda: data["use_factor"]["gate"].update(value=-0.1),
        "no origin": lambda: data["dispersal_km"].pop("origin"),
        "empty origin": lambda: town.update(origin=" "),
        "typo": lambda: data.update(dispersal=3),
        "combine": lambda: data.update(combine="max"),
        "layer twice": lambda: data["rules"].append(town),
    }
    edits[where]()
    return data


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("zero", "greater than 0"),
        ("infinite", "finite number"),
        ("descending", "points: at must ascend, but 30 follows 70"),
        ("unsorted steps", "steps: below must ascend, but 3000 follows 9000"),
        ("no open end", "the last row has below: 3000"),
        ("gap", r"steps\[0\]: below is missing"),
        ("two tables", "there is steps and points"),
        ("no table", "exactly one of steps, points, classes; there is none"),
        ("class table on metres", "'m' cannot have a table of classes"),
        ("class twice", "code 16 is there twice"),
        ("otherwise without classes", "otherwise belongs"),
        ("scaled classes", "scales numbers, not classes"),
        ("permeability", "less than or equal to 1"),
        ("no scale", "does not say at which scale it was measured"),
        ("bare", "does not say at which scale it was measured"),
        ("no default", "give a default"),
        ("use factor", "greater than or equal to 0"),
        ("no origin", "Field required"),
        ("empty origin", "at least 1 character"),
        ("typo", "Extra inputs are not permitted"),
        ("combine", "'maximum', 'product', 'sum' or 'geometric_mean'"),
        ("layer twice", "settlement_distance_m is there twice"),
    ],
)
def test_faults_in_a_species_file_are_named(where: str, message: str) -> None:
    SpeciesFile.model_validate(raw())
    with pytest.raises(ValidationError, match=message):
        SpeciesFile.model_validate(breakage(where))
