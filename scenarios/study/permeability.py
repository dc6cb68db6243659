"""How a study or a species file states what a fence lets through, and why a bare number will not do."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, model_validator

from rasters import permeability as data
from scenarios.study.base import Amount, Metres, Model

__all__ = ["PermeabilityModel"]

Share = Annotated[float, Field(ge=0, le=1)]

SCALE_MISSING = (
    "does not say at which scale it was measured, and the same share is worth kilometres per encounter and metres per step; "
    "write e.g. {value: 0.3, per: encounter, scale_m: 1000, origin: where from}, {worth_km: 120, origin: assumption}, or "
    "{value: 0, origin: sealed}; see the page on fences"
)


class PermeabilityModel(Model):
    """What a fence lets through, as it was counted: `value`, `per` and `scale_m`; or what it is taken to be worth: `worth_km`.

    A share alone says little: half of the steps that an animal would have made across a fence and half of its encounters with it
    are different fences. With its scale it becomes metres of open land that crossing is worth (`otkel check` prints them); the
    page on fences says how to measure it.
    """

    example: ClassVar[str] = "{value: 0.3, per: encounter, scale_m: 1000, origin: where from}"
    value: Share | None = None
    """Share that ends on the other side [1]: 0 is sealed, and 1 is no hindrance; these two need no scale."""
    per: data.Per | None = None
    """What was counted: `encounter` with the fence; `step` across it, relative to the same step without the fence; or stay
    within a `buffer` around it."""
    scale_m: Metres | None = None
    """Per encounter the mean free path, over which an animal keeps its direction; per step mean squared over mean step
    length; for a buffer its width to one side [m]."""
    without_fence: Annotated[float, Field(gt=0, le=1)] | None = None
    """For a buffer: the share of stays that end on the other side of a line without a fence [1]; about a half."""
    worth_km: Amount | None = None
    """Instead of all these: kilometres of open land that an animal would as soon walk as cross. For assumptions."""
    origin: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """The source, or "expert placeholder" and why this number."""

    @model_validator(mode="before")
    @classmethod
    def _not_bare(cls, given: Any) -> Any:
        if isinstance(given, int | float | str):
            raise ValueError(SCALE_MISSING)
        return given

    @model_validator(mode="after")
    def _one_statement(self) -> PermeabilityModel:
        counted = (self.value, self.per, self.scale_m, self.without_fence)
        if (self.worth_km is None) == (counted == (None,) * 4):
            raise ValueError("give either `worth_km`, or `value` with `per` and `scale_m`")
        if self.worth_km is not None:
            return self
        if self.value is None:
            raise ValueError("value is missing; add it")
        scaled = self.per is not None and self.scale_m is not None
        if not scaled and not (self.value in (0.0, 1.0) and self.per is None and self.scale_m is None):
            raise ValueError(f"value: {self.value:g}: {SCALE_MISSING}")
        if (self.per == "buffer") != (self.without_fence is not None):
            raise ValueError(
                "`without_fence` belongs to `per: buffer`, and a buffer needs it: the share at a line without a fence"
            )
        if self.without_fence is not None and self.value > self.without_fence:
            raise ValueError(
                f"value: {self.value:g}: should be at most {self.without_fence:g}, what crosses where there is no fence"
            )
        return self

    def to_data(self) -> data.Permeability:
        """As plain data."""
        return data.Permeability(**self.model_dump())
