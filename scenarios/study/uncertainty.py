"""The part of the study file on what is not known exactly: how far parameters may lie from what is stated."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from scenarios.study.base import Metres, Model, Shape

__all__ = ["Spread", "Uncertainty"]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Bounds = Annotated[tuple[Finite, Finite], Shape("a list of two numbers, the lowest and the highest", [0.5, 2])]
SCALES = ("value", "factor", "excess", "odds")


class Spread(Model):
    """How far some parameters may lie from what is stated. Give one of `value`, `factor`, `excess` and `odds`."""

    example: ClassVar[str] = "{parameter: free_path_m, factor: [0.5, 2]}"
    parameter: Annotated[str, Field(min_length=1)]
    """Name of one or, with `*` for anything, of many parameters: `rules.landcover[*]`, `factors.*`,
    `permeability.*.worth_km`, `use_factor.gate`, `free_path_m`, `fences.model.reach_m`. A parameter takes the first row that
    names it."""
    species: list[str] = []
    """Only for these species; default all."""
    shape: Literal["uniform", "log_uniform", "triangular"] = "log_uniform"
    """How draws lie between the two bounds; `triangular` has its peak at what is stated."""
    value: Bounds | None = None
    """Lowest and highest value itself. Without it a permeability of 0 stays 0."""
    factor: Bounds | None = None
    """Lowest and highest multiple of what is stated [1]."""
    excess: Bounds | None = None
    """Lowest and highest multiple of how far what is stated lies from 1 [1]: best habitat, at 1, stays at 1."""
    odds: Bounds | None = None
    """For a share p: lowest and highest multiple of p / (1 - p) [1]; 0 stays 0 and 1 stays 1."""
    together: Literal["each", "rule", "species", "study"] = "each"
    """What moves with one draw: `each` number alone, all numbers of a `rule` of a species, all that the row names in a
    `species`, or all that it names in the `study`."""
    origin: str = "assumption"
    """Where the bounds come from."""

    @property
    def scale(self) -> str:
        """Which of the four kinds of bounds is given."""
        return next(name for name in SCALES if getattr(self, name) is not None)

    @property
    def bounds(self) -> Bounds:
        """Lowest and highest."""
        found: Bounds = getattr(self, self.scale)
        return found

    @model_validator(mode="after")
    def _complete(self) -> Spread:
        given = [name for name in SCALES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of `value`, `factor`, `excess` and `odds`, each as [lowest, highest]")
        low, high = self.bounds
        if not low < high:
            raise ValueError(f"{given[0]}: [{low:g}, {high:g}] should ascend")
        if low < 0 or (low == 0 and (self.shape == "log_uniform" or given[0] != "value")):
            raise ValueError(f"{given[0]}: the lowest is {low:g}; it should be > 0")
        if self.shape == "triangular" and given[0] != "value" and not low <= 1 <= high:
            raise ValueError(f"{given[0]}: [{low:g}, {high:g}] should hold 1, where a triangle has its peak")
        return self


class Uncertainty(Model):
    """What is drawn in `otkel uncertainty`; what no row names stays as stated."""

    parameters: list[Spread] = []
    cell_m: list[Metres] = []
    """Cell sizes [m] besides the study's own at which the same draws are made again; coarse ones cost little."""
