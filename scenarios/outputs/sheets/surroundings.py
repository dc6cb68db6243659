"""What lies around on a sheet for orientation: waters, roads, settlements, where the study has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from scenarios.land.places import attribute
from scenarios.outputs.sheets.frame import MapFrame, parts_of
from scenarios.outputs.sheets.ground import WATER, WATER_EDGE
from scenarios.outputs.sheets.page import POINT_MM, Box, Page, text_width
from scenarios.outputs.sheets.placing import Board
from scenarios.outputs.sheets.source import SheetSource
from scenarios.study.land import ContextName

__all__ = ["ROAD", "TOWN", "Around", "draw_around", "draw_settlement_names", "sign_road", "sign_settlement"]

ROAD, TOWN = "#6b5b4b", "#33302c"
ROAD_MM, STREAM_MM, DOT_MM = 0.3, 0.22, 0.55
SIZE = 6.0
FROM_SCALE = 3_000_000.0
"""Smaller scales show none of it."""
AREA_MM2 = 0.6
"""Settlements drawn as areas from this size on paper; smaller ones are dots."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What of it is on a map: waters and roads as lines on paper [mm], settlements with their names and places."""

    water: bool
    roads: list[Points]
    settlements: list[tuple[str, Points]]


def draw_around(page: Page, frame: MapFrame, source: SheetSource) -> Around:
    """Waters below, then roads, then settlements without their names; what of them is on the map."""
    shown = source.around if frame.scale <= FROM_SCALE else {}
    water = _draw_water(page, _on_paper(frame, shown, "water"))
    roads = [line for shape in _on_paper(frame, shown, "roads") for line in parts_of(shape)]
    if roads:
        page.lines(roads, "#ffffff", 2.4 * ROAD_MM, alpha=0.8)
        page.lines(roads, ROAD, ROAD_MM)
    return Around(water=water, roads=roads, settlements=_draw_settlements(page, frame, source, shown))


def _on_paper(frame: MapFrame, shown: Mapping[ContextName, Any], name: ContextName) -> list[Any]:
    """Shapes of a layer on the map [mm], in the order of its features; empty ones where a feature is elsewhere."""
    if name not in shown:
        return []
    near = shapely.clip_by_rect(shown[name].geometry.to_numpy(), *frame.ground_bounds(0.05))
    return [shape if shape.is_empty else frame.on_paper(shape) for shape in near]


def _draw_water(page: Page, shapes: list[Any]) -> bool:
    lines = [line for shape in shapes if shape.area == 0 for line in parts_of(shape)]
    rings = [ring for shape in shapes if shape.area > 0 for ring in parts_of(shape)]
    if lines:
        page.lines(lines, WATER_EDGE, STREAM_MM)
    if rings:
        page.areas(rings, WATER, edge=WATER_EDGE, width=0.12)
    return bool(lines or rings)


def _draw_settlements(
    page: Page, frame: MapFrame, source: SheetSource, shown: Mapping[ContextName, Any]
) -> list[tuple[str, Points]]:
    """Areas where they are large enough on paper, else dots."""
    found = []
    for number, shape in enumerate(_on_paper(frame, shown, "settlements")):
        if shape.is_empty:
            continue
        x, y = shapely.get_coordinates(shape.representative_point())[0]
        if shape.area >= AREA_MM2:
            page.areas(parts_of(shape), TOWN, alpha=0.35)
        else:
            page.disc(x, y, DOT_MM, "#ffffff", edge=TOWN, width=0.3)
        row = shown["settlements"].iloc[number]
        name = attribute(row.get(f"name_{source.say.code}"), attribute(row.get("name"), ""))
        found.append((name, np.array([x, y])))
    return found


def draw_settlement_names(page: Page, board: Board, around: Around) -> None:
    """Names beside their dots, where there is room."""
    for words, at in around.settlements:
        high = 1.17 * SIZE * POINT_MM
        spot = board.place(at[0], at[1], text_width(words, SIZE), high, (0.9, 1.6, 2.6), gap=0.25) if words else None
        if spot is not None:
            base = spot.box.bottom + 0.24 * SIZE * POINT_MM
            page.text(spot.x, base, words, size=SIZE, color=TOWN, anchor="middle", halo=True)


def sign_road(page: Page, box: Box) -> None:
    """A road in the legend."""
    y = box.bottom + box.height / 2
    page.lines([np.array([[box.left, y], [box.right, y]])], ROAD, ROAD_MM)


def sign_settlement(page: Page, box: Box) -> None:
    """A settlement in the legend."""
    page.disc(box.left + box.width / 2, box.bottom + box.height / 2, DOT_MM, "#ffffff", edge=TOWN, width=0.3)
