"""Layers and a species' rules become a resistance surface, and a cell's value can be taken apart again.

``resistance = max(minimum, combine(rules) x factors)``. Three things are kept apart: a cell in a barrier class is
impassable whatever else is known of it; a cell where a needed layer is unknown is unknown; all others have a cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rasters.errors import DataError, FocalNodeError, LayerNotFoundError
from rasters.grid import Grid
from rasters.profile import Barrier, Combine, Rule, SpeciesProfile
from rasters.responses import Categories
from rasters.surface import Layer, ResistanceSurface

__all__ = ["CellExplanation", "Contribution", "build_resistance", "explain"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
MOST_LISTED = 20
"""Numbers without a value that an error names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one rule, factor or barrier does in one cell.

    Parameters
    ----------
    part : {"rule", "factor", "barrier"}
    layer, unit : str
    value : float
        Of the layer; NaN where unknown.
    read_as : float
        The value after the rule's scaling, the same as ``value`` without one.
    effect : float
        Resistance of a rule, multiplier of a factor, ``inf`` for a barrier that is met and 1 for one that is not; NaN
        where unknown.
    origin : str
        Where the number comes from.
    """

    part: Literal["rule", "factor", "barrier"]
    layer: str
    unit: str
    value: float
    read_as: float
    effect: float
    origin: str

    def __str__(self) -> str:
        scaled = "" if self.read_as == self.value or math.isnan(self.value) else f"(as {self.read_as:.4g})"
        value = f"{self.value:9.4g} {self.unit:7s} {scaled:12s}"
        return f"{self.part:7s} {self.layer:26s} {value} -> {self.effect:<7.4g} {self.origin}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellExplanation:
    """Why a cell has its resistance: one row per rule, factor and barrier."""

    row: int
    col: int
    status: Literal["passable", "barrier", "unknown"]
    resistance: float
    combine: Combine
    minimum: float
    parts: tuple[Contribution, ...]
    absent: tuple[str, ...]

    @property
    def of_rules(self) -> float:
        """Resistance of the rules together, before factors and the minimum [1]; NaN where unknown."""
        return float(_combine((np.array([part.effect]) for part in self.parts if part.part == "rule"), self.combine)[0])

    @property
    def unknown(self) -> tuple[str, ...]:
        """Layers without data here that nothing stands in for."""
        return tuple(dict.fromkeys(part.layer for part in self.parts if math.isnan(part.effect)))

    def __str__(self) -> str:
        head = f"row {self.row}, col {self.col}: {self.status}, resistance {self.resistance:g}"
        head += f" ({self.combine} of rules x factors, at least {self.minimum:g})"
        return "\n".join([head, *(f"  {part}" for part in self.parts), *(f"  {line}" for line in self.absent)])


def build_resistance(layers: Mapping[str, Layer], profile: SpeciesProfile) -> ResistanceSurface:
    """Resistance of every cell for one species.

    Parameters
    ----------
    layers : mapping of name to Layer
        At least `SpeciesProfile.layers_needed`, all on one grid.
    profile : SpeciesProfile

    Returns
    -------
    ResistanceSurface
        ``assumptions`` names the status of the values, the profile's own assumptions, the optional layers that are not
        there and the number of unknown cells that a rule's ``if_nodata`` filled.

    Raises
    ------
    DataError
        Of every rule that has no value for some of its layer's numbers: which, and in how many cells.
    """
    rules, factors, barriers, absent = _applicable(layers, profile)
    grid = _common_grid(layers, [*rules, *factors, *barriers])
    barrier = _barrier_mask(layers, barriers, grid)
    unknown = _unknown_mask(layers, [*rules, *factors, *barriers], grid) & ~barrier
    matters = ~(barrier | unknown)
    faults: list[str] = []
    values = _combine((_effect(layers[rule.layer], rule, matters, faults) for rule in rules), profile.combine)
    for factor in factors:
        values *= _effect(layers[factor.layer], factor, matters, faults)
    if faults:
        raise DataError("\n".join(f"{profile.id}: {fault}" for fault in faults))
    np.maximum(values, profile.minimum, out=values)
    values[unknown] = np.nan
    values[barrier] = np.inf
    notes = (f"{profile.name}: resistances are {profile.status}", *profile.assumptions, *absent)
    filled = tuple(_filled_notes(layers, [*rules, *factors], barrier))
    return ResistanceSurface(
        values=values, nodata=unknown, barrier=barrier, grid=grid, name=profile.id, assumptions=notes + filled
    )


def explain(layers: Mapping[str, Layer], profile: SpeciesProfile, row: int, col: int) -> CellExplanation:
    """Take one cell's resistance apart into its rules, factors and barriers; ``print`` it for a table."""
    rules, factors, barriers, absent = _applicable(layers, profile)
    grid = _common_grid(layers, [*rules, *factors, *barriers])
    if not grid.holds(row, col):
        raise FocalNodeError(f"row {row}, col {col} is outside the grid of {grid.height} x {grid.width} cells")
    used = dict.fromkeys([rule.layer for rule in [*rules, *factors]] + [barrier.layer for barrier in barriers])
    here = {name: _one_cell(layers[name], row, col) for name in used}
    surface = build_resistance(here, profile)
    parts = [_contribution("rule", here, rule) for rule in rules]
    parts += [_contribution("factor", here, factor) for factor in factors]
    parts += [_barrier_contribution(here, barrier) for barrier in barriers]
    status: Literal["passable", "barrier", "unknown"] = "passable"
    if not surface.passable[0, 0]:
        status = "barrier" if surface.barrier[0, 0] else "unknown"
    return CellExplanation(
        row=row,
        col=col,
        status=status,
        resistance=float(surface.values[0, 0]),
        combine=profile.combine,
        minimum=profile.minimum,
        parts=tuple(parts),
        absent=absent,
    )


def _applicable(
    layers: Mapping[str, Layer], profile: SpeciesProfile
) -> tuple[list[Rule], list[Rule], list[Barrier], tuple[str, ...]]:
    """Rules, factors and barriers whose layer is there, and a line for each optional one whose layer is not."""
    missing = [name for name in profile.layers_needed() if name not in layers]
    if missing:
        raise LayerNotFoundError(
            f"{profile.id}: needs the layers {', '.join(missing)}, which the study does not have; "
            f"it has {', '.join(sorted(layers)) or 'none'}. Add them, or mark their rules optional: true"
        )
    rules = [rule for rule in profile.rules if rule.layer in layers]
    if not rules:
        there = ", ".join(sorted(layers)) or "none"
        raise LayerNotFoundError(f"{profile.id}: none of its rules has a layer; the study has {there}")
    factors = [factor for factor in profile.factors if factor.layer in layers]
    barriers = [barrier for barrier in profile.barriers if barrier.layer in layers]
    absent = tuple(
        f"{profile.name}: no layer {name}, so the rule on it was left out"
        for name in profile.layers_optional()
        if name not in layers
    )
    return rules, factors, barriers, absent


def _common_grid(layers: Mapping[str, Layer], parts: Iterable[Rule | Barrier]) -> Grid:
    """The one grid of all layers in use; also checks their units."""
    grid: Grid | None = None
    for part in parts:
        layer = layers[part.layer]
        grid = grid or layer.grid
        grid.require_same(layer.grid, f"layer {part.layer}")
        unit = part.unit if isinstance(part, Rule) else "class"
        if layer.unit != unit:
            raise DataError(f"layer {part.layer} is in {layer.unit!r}, its rule is written for {unit!r}; convert one")
    assert grid is not None
    return grid


def _barrier_mask(layers: Mapping[str, Layer], barriers: Iterable[Barrier], grid: Grid) -> Bool:
    """(height, width) bool: cells known to be of a barrier class."""
    mask = np.zeros(grid.shape, dtype=bool)
    for barrier in barriers:
        layer = layers[barrier.layer]
        mask |= np.isin(layer.values, barrier.classes) & ~layer.nodata
    return mask


def _unknown_mask(layers: Mapping[str, Layer], parts: Iterable[Rule | Barrier], grid: Grid) -> Bool:
    """(height, width) bool: cells where a layer is unknown that no ``if_nodata`` stands in for."""
    mask = np.zeros(grid.shape, dtype=bool)
    for part in parts:
        if isinstance(part, Barrier) or part.if_nodata is None:
            mask |= layers[part.layer].nodata
    return mask


def _effect(layer: Layer, rule: Rule, matters: Bool, faults: list[str]) -> Float:
    """(height, width) resistance or multiplier of one rule, a new array; ``faults`` grows where it gives none."""
    values = _read_as(rule, layer)
    out = rule.response.at_values(values)
    if rule.if_nodata is not None:
        out[layer.nodata] = rule.if_nodata.value
    bad = matters & ~layer.nodata & (np.isnan(out) | np.isnan(values))
    if bad.any():
        row, col = (int(v) for v in np.argwhere(bad)[0])
        found, cells = np.unique(values[bad], return_counts=True)
        most = np.argsort(-cells, kind="stable")[:MOST_LISTED]
        listed = ", ".join(f"{found[i]:g} ({cells[i]} cells)" for i in most)
        more = f" and {found.size - most.size} more" if found.size > most.size else ""
        fix = "list the class or give an otherwise" if isinstance(rule.response, Categories) else "correct the layer"
        faults.append(
            f"no value for {rule.layer} = {listed}{more}, first at row {row}, col {col}; {fix}, or mark the cells as no data"
        )
    return out


def _read_as(rule: Rule, layer: Layer) -> Float:
    """(height, width) layer values as the rule reads them: float64, scaled from the cells they were computed on to the rule's."""
    values = layer.values.astype(np.float64)
    if rule.scaling is not None:
        values *= rule.scaling.factor(layer.computed_on_m)
    return values


def _combine(parts: Iterator[Float], how: Combine) -> Float:
    """One resistance from those of the rules, cell by cell."""
    if how == "maximum":
        return reduce(lambda a, b: np.maximum(a, b, out=a), parts)
    if how == "product":
        return reduce(lambda a, b: np.multiply(a, b, out=a), parts)
    if how == "sum":
        return reduce(lambda a, b: np.add(a, b, out=a), parts)
    logs = [np.log(part) for part in parts]
    return np.asarray(np.exp(sum(logs) / len(logs)), dtype=np.float64)


def _filled_notes(layers: Mapping[str, Layer], rules: Iterable[Rule], barrier: Bool) -> Iterator[str]:
    """A line per rule that stood in for unknown cells, with their number."""
    for rule in rules:
        count = int((layers[rule.layer].nodata & ~barrier).sum())
        if rule.if_nodata is not None and count:
            stated = rule.if_nodata
            yield f"{count} cells without {rule.layer} were given {stated.value:g} ({stated.origin})"


def _one_cell(layer: Layer, row: int, col: int) -> Layer:
    """A layer of one cell, where it was."""
    t = layer.grid.transform
    grid = Grid(layer.grid.crs, Affine(t.a, 0.0, t.c + col * t.a, 0.0, t.e, t.f + row * t.e), (1, 1))
    box = (slice(row, row + 1), slice(col, col + 1))
    return replace(layer, values=layer.values[box], nodata=layer.nodata[box], grid=grid)


def _contribution(part: Literal["rule", "factor"], here: Mapping[str, Layer], rule: Rule) -> Contribution:
    layer = here[rule.layer]
    known = not layer.nodata[0, 0]
    read_as = float(_read_as(rule, layer)[0, 0]) if known else math.nan
    unchecked = np.zeros_like(layer.nodata)
    effect = float(_effect(layer, rule, unchecked, [])[0, 0]) if known or rule.if_nodata else math.nan
    return Contribution(
        part=part,
        layer=rule.layer,
        unit=rule.unit,
        value=float(layer.values[0, 0]) if known else math.nan,
        read_as=read_as,
        effect=effect,
        origin=_origin(rule, read_as),
    )


def _origin(rule: Rule, value: float) -> str:
    """Origin of the number or numbers that decide at one value of the layer."""
    if math.isnan(value):
        return rule.if_nodata.origin if rule.if_nodata else "not known here"
    return rule.response.origin_at(value) or rule.origin


def _barrier_contribution(here: Mapping[str, Layer], barrier: Barrier) -> Contribution:
    layer = here[barrier.layer]
    value = math.nan if layer.nodata[0, 0] else float(layer.values[0, 0])
    effect = math.nan if math.isnan(value) else (math.inf if value in barrier.classes else 1.0)
    where = {"layer": barrier.layer, "unit": "class", "origin": barrier.origin}
    return Contribution(part="barrier", value=value, read_as=value, effect=effect, **where)
