"""Study file: the grid, and where its layers come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scenarios.study.base import FileName, Metres, Model, Shape

__all__ = ["ContextName", "GridSettings", "LayerSource"]


ContextName = Literal["borders", "countries", "roads", "water", "settlements"]
Bounds = Annotated[
    tuple[float, float, float, float],
    Shape("a list of four numbers: xmin, ymin, xmax, ymax", [500_000, 4_800_000, 600_000, 4_900_000]),
]


class GridSettings(Model):
    """The grid that everything is computed on."""

    like: FileName | None = None
    """Raster file whose grid is taken. Give either this or `crs`, `bounds` and `cell_m`."""
    crs: str | None = None
    """Projected coordinate reference system in metres: an EPSG code, WKT or PROJ string."""
    bounds: Bounds | None = None
    """xmin, ymin, xmax, ymax in metres of `crs`."""
    cell_m: Metres | None = None
    """Cell size [m]. With `like` it coarsens that grid by a whole factor."""

    @model_validator(mode="after")
    def _one_way(self) -> GridSettings:
        if self.like is None and (self.crs is None or self.bounds is None or self.cell_m is None):
            raise ValueError("give either `like: FILE`, or all of `crs`, `bounds` and `cell_m`")
        if self.like is not None and (self.crs is not None or self.bounds is not None):
            raise ValueError("`like` already fixes crs and bounds; drop one of them")
        if self.bounds is not None and (self.bounds[0] >= self.bounds[2] or self.bounds[1] >= self.bounds[3]):
            raise ValueError(
                f"bounds: {list(self.bounds)} should be xmin, ymin, xmax, ymax with xmin < xmax and ymin < ymax"
            )
        return self


class LayerSource(Model):
    """Where a layer comes from: a raster file, or derived from another layer or a vector file."""

    file: FileName | None = None
    """Raster, or for `burn` and `distance` a vector file."""
    band: int | None = Field(None, ge=1)
    """Number of the raster's band, from 1. A file with several bands besides alpha needs it."""
    unit: str = "1"
    """Unit of the values: m, percent, class, ..."""
    resampling: Literal["nearest", "bilinear", "average"] | None = None
    """How to bring a raster on another grid to the study's; without it another grid is an error."""
    derive: Literal["slope_percent", "slope_deg", "ruggedness", "distance", "burn"] | None = None
    """`slope_percent`, `slope_deg`, `ruggedness`: from a terrain layer. `burn`: 1 inside the features of a vector file.
    `distance`: metres to the features of a vector file, or to cells of another layer above `above`."""
    source: str | None = None
    """Layer that is derived from."""
    above: float | None = None
    """For `distance` from a layer: cells with a value of at least this."""
    table: str | None = None
    """Layer within the vector file."""
    where: dict[str, list[str]] | None = None
    """Only features whose attribute is one of the values: `{role: [core, target]}`."""
    fill_nodata: float | None = None
    """Value given to cells without data; counted and reported."""

    @model_validator(mode="after")
    def _complete(self) -> LayerSource:
        if self.derive is None and (self.file is None or self.source is not None):
            raise ValueError("a layer needs `file`, or `derive` with `source` or `file`")
        if self.derive in ("slope_percent", "slope_deg", "ruggedness") and self.source is None:
            raise ValueError(f"derive: {self.derive} needs `source: LAYER`")
        if self.derive == "burn" and self.file is None:
            raise ValueError("derive: burn needs a vector `file`")
        if self.derive == "distance" and (self.file is None) == (self.source is None):
            raise ValueError("derive: distance needs either a vector `file`, or `source: LAYER` with `above`")
        if self.derive == "distance" and self.source is not None and self.above is None:
            raise ValueError("derive: distance from a layer needs `above`")
        if self.band is not None and self.derive is not None:
            raise ValueError("`band` chooses one of a raster `file`; drop it, or `derive`")
        return self
