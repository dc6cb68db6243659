"""Study file: the grid, and where its layers come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scenarios.study.base import FileName, Metres, Model, Shape

__all__ = ["ContextName", "GridSettings", "LayerSource"]


ContextName = Literal["borders", "countries", "roads", "water", "settlements"]
TERRAIN = ("slope_percent", "slope_deg", "ruggedness")
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
    """Raster; for `burn` and `distance` a vector file; for terrain from `per_cell` on the relief itself, finer than the grid."""
    band: int | None = Field(None, ge=1)
    """Number of the raster's band, from 1. A file with several bands besides alpha needs it."""
    unit: str = "1"
    """Unit of the values: m, percent, class, ..."""
    resampling: Literal["nearest", "bilinear", "average"] | None = None
    """How to bring a raster on another grid to the study's; without it another grid is an error."""
    derive: Literal["slope_percent", "slope_deg", "ruggedness", "escape_distance", "distance", "burn"] | None = None
    """`slope_percent`, `slope_deg`, `ruggedness`: of a `file` of relief on its own cells, gathered in those of the study by
    `per_cell`; or of a layer (`source`) on the study's cells, where slopes fall as cells grow. `escape_distance`: mean distance [m] of
    a cell's ground to slopes of at least `above` percent, both on the cells of the `file` of relief. `burn`: 1 inside the features of
    a vector file. `distance`: metres to the features of a vector file, or to cells of another layer above `above`."""
    source: str | None = None
    """Layer that is derived from."""
    per_cell: Literal["mean", "max", "share"] | None = None
    """How the values on the relief's cells become one of the study's: `mean` of its area, the greatest (`max`), or the `share` of its
    area [1] with at least `above`. So a layer `slope_mean` is `{derive: slope_percent, file: data/dem.tif, per_cell: mean}`, `slope_max`
    the same with `max`, and `share_steeper_than_30` with `per_cell: share, above: 30`; rules use them by these names, in percent and 1.
    A cell is unknown where less than half of it is known."""
    above: float | None = None
    """For `distance` from a layer: cells with a value of at least this; for `per_cell: share` the threshold, for `escape_distance`
    the slope [percent] from which on ground is steep."""
    at_most_m: Metres | None = None
    """For `escape_distance`: distances beyond count as this one [m]. Take it where the species' rule levels off, so that the mean of
    distances gives the mean of resistances."""
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
        if self.derive in TERRAIN and (self.source is None) == (self.file is None):
            raise ValueError(
                f"derive: {self.derive} needs either `source: LAYER`, or the `file` of relief with `per_cell: mean`, `max` or `share`"
            )
        self._require_gathered()
        if self.derive == "burn" and self.file is None:
            raise ValueError("derive: burn needs a vector `file`")
        if self.derive == "distance" and (self.file is None) == (self.source is None):
            raise ValueError("derive: distance needs either a vector `file`, or `source: LAYER` with `above`")
        if self.derive == "distance" and self.source is not None and self.above is None:
            raise ValueError("derive: distance from a layer needs `above`")
        if self.band is not None and self.derive in ("burn", "distance"):
            raise ValueError("`band` chooses one of a raster `file`; drop it, or `derive`")
        return self

    def _require_gathered(self) -> None:
        """What belongs to terrain from fine relief stands there, and nowhere else."""
        fine = self.derive in TERRAIN and self.file is not None
        if (self.per_cell is not None) != fine:
            raise ValueError(
                "`per_cell` belongs to derive: slope_percent, slope_deg or ruggedness of a `file` of relief; give both, or neither"
            )
        if self.per_cell == "share" and self.above is None:
            raise ValueError("per_cell: share needs `above`, the threshold")
        if self.per_cell in ("mean", "max") and self.above is not None:
            raise ValueError(f"per_cell: {self.per_cell} has no threshold; drop `above`, or take per_cell: share")
        escape = self.derive == "escape_distance"
        if escape and (self.file is None or self.source is not None or self.above is None or self.at_most_m is None):
            raise ValueError("derive: escape_distance needs the `file` of relief, `above` [percent] and `at_most_m`")
        if not escape and self.at_most_m is not None:
            raise ValueError("`at_most_m` belongs to derive: escape_distance")

    @property
    def reads_relief(self) -> bool:
        """Whether the file is relief, of which terrain is computed on its own cells."""
        return self.derive == "escape_distance" or self.per_cell is not None
