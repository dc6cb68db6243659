"""Sheets of made-up runs for tests: fences that wind, borders, and the pages drawn from them."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
from shapely.geometry import LineString

from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.model.results import own_numbers
from scenarios.outputs.audience import Audience
from scenarios.outputs.generalise import generalised
from scenarios.outputs.release import Release
from scenarios.outputs.sheets.document import DrawnPage, draw_pages
from scenarios.outputs.sheets.plan import SheetRequest
from scenarios.outputs.sheets.source import SheetSource, shaded_relief
from scenarios.outputs.sk42 import operation_of
from scenarios.outputs.translate import language
from tests.support.factory import make_run, small_grid

__all__ = ["drawn", "source_of", "winding_run"]


def winding_fences(grid: Grid) -> tuple[Fence, ...]:
    """A fence that winds like a cliff, one that runs north, and a straight one, the first two of the same name."""
    west, south, east, north = grid.bounds
    x = np.linspace(west + 3000, east - 3000, 400)
    y = 4000.0 * np.sin(x / 2600.0) + 2500.0 * np.sin(x / 900.0) + 4000.0
    up = np.linspace(south + 2000, north - 2000, 80)
    return (
        Fence(
            id="wall_a_b",
            line=LineString(np.column_stack([x, y])),
            name="Border fence",
            fence_line="wall",
            country="KZ",
        ),
        Fence(
            id="wall_a_c",
            line=LineString(np.column_stack([8000.0 + 0.1 * up, up])),
            name="Border fence",
            fence_line="wall",
        ),
        Fence(
            id="inner",
            line=LineString([(west + 5000, -12000.0), (east - 9000, -15000.0)]),
            name="Inner",
            fence_line="in",
        ),
    )


def winding_run() -> Release:
    """A run over winding fences, with ten numbered passages and the datum operation of `gauss_kruger`."""
    grid = small_grid()
    run = make_run(grid, fences=winding_fences(grid), candidates=40)
    ranking = own_numbers(run.ranking.assign(selected=run.ranking["rank"] <= 10))
    return replace(run, ranking=ranking, sk42_operation="EPSG:15865")


def source_of(run: Release, lang: str = "en", audience: Audience = Audience.RESTRICTED) -> SheetSource:
    """What sheets of a run need, with a border a little south of the winding fence."""
    shown = generalised(run, audience)
    line = shown.cuts.fences[0].line
    border = LineString([(x, y - 700.0) for part in getattr(line, "geoms", [line]) for x, y in part.coords])
    borders = gpd.GeoDataFrame({"country_a": ["KZ"], "country_b": ["TM"]}, geometry=[border], crs=run.grid.pyproj_crs)
    return SheetSource(
        run=shown,
        operation=operation_of(run),
        borders=borders,
        credits=("Nobody in particular", "Somebody else"),
        trace="otkel test",
        say=language(lang, [run]),
        shade=shaded_relief(shown),
    )


def drawn(source: SheetSource, **request: object) -> tuple[bytes, list[DrawnPage]]:
    """The PDF and pages of a request."""
    return draw_pages(source, SheetRequest(**request))  # type: ignore[arg-type]
