"""Schematic polygons of the study's reserves: circles of the stated area, fitted to coast, border and fence lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
import yaml
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from scenarios.library.ustyurt.data_borders import (
    KZ_OFFSET_M,
    NAMES,
    TM_OFFSET_M,
    BorderLines,
    grid_box,
    kz_inside,
    tm_inside,
    write_layer,
)
from scenarios.library.ustyurt.study_grid import projector

__all__ = ["build_reserves"]

CLEARANCE_M = 2_000.0
"""Least distance of a polygon from a fence line or a border [m]: no 1 km cell of it lies across one."""

APART_M = 1_000.0
"""Least distance between two polygons [m]."""

SHIFT_M, STEP_M = 20_000.0, 2_000.0
"""The stated centres are good to 20 km; a circle may move that far, in these steps, to find room [m]."""

ENOUGH = 0.9
"""Share of the stated area at which a circle is taken where it stands and cut."""

SOURCE = "general knowledge: centre +-20 km and area; replace from Protected Planet or OpenStreetMap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where the polygons of one country may lie."""

    allowed: BaseGeometry

    def fit(self, x: float, y: float, area_m2: float) -> tuple[Polygon, float]:
        """The circle at or near x, y with room for its area, cut to the room, and how far it moved [m]."""
        shapely.prepare(self.allowed)
        best, moved, best_area = Polygon(), 0.0, 0.0
        for shift, dx, dy in shifts():
            shape = self.cut(circle(x + dx, y + dy, area_m2))
            if shape.area > best_area + 0.005 * area_m2:
                best, moved, best_area = shape, shift, shape.area
            if best_area >= ENOUGH * area_m2:
                break
        return best, moved

    def cut(self, disc: Polygon) -> Polygon:
        """The largest piece of a circle inside the room."""
        if self.allowed.contains(disc):
            return disc
        pieces = [part for part in shapely.get_parts(self.allowed.intersection(disc)) if part.geom_type == "Polygon"]
        return max(pieces, key=lambda part: part.area, default=Polygon())


def circle(x: float, y: float, area_m2: float) -> Polygon:
    """A polygon of 128 corners around x, y with exactly this area."""
    corners = 128
    radius = math.sqrt(area_m2 / (0.5 * corners * math.sin(2.0 * math.pi / corners)))
    return Point(x, y).buffer(radius, quad_segs=corners // 4)


def shifts() -> list[tuple[float, float, float]]:
    """Distance, dx, dy of the moves a circle may make, the shortest first."""
    reach = int(SHIFT_M // STEP_M)
    steps = [(STEP_M * i, STEP_M * j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)]
    return sorted((math.hypot(dx, dy), dx, dy) for dx, dy in steps if math.hypot(dx, dy) <= SHIFT_M)


def rooms(land: dict[str, BaseGeometry], lines: BorderLines) -> dict[str, BaseGeometry]:
    """Country -> land inside its fence lines and clear of its borders."""
    fenced = {"KZ": kz_inside(lines, KZ_OFFSET_M + CLEARANCE_M), "TM": tm_inside(lines, TM_OFFSET_M + CLEARANCE_M)}
    out: dict[str, BaseGeometry] = {}
    for code, shape in land.items():
        country = NAMES[code][0]
        near = [line for pair, line in lines.items() if country in pair.split("-")]
        clear = shape.difference(shapely.union_all([line.buffer(CLEARANCE_M) for line in near]))
        out[country] = clear.intersection(fenced[country]) if country in fenced else clear
    return out


def reserve_row(place: dict[str, Any], shape: Polygon, moved_m: float) -> dict[str, Any]:
    """One reserve with its attributes."""
    stated, area = float(place["area_km2"]), shape.area / 1e6
    names = {f"name_{code}": place.get(f"name_{code}", "") for code in ("en", "ru", "kk", "tk")}
    return {
        "id": place["id"],
        **names,
        "country": place["country"],
        "role": place["role"],
        "candidate_reserve": bool(place.get("candidate_reserve", False)),
        "species": ",".join(place.get("species", [])),
        "stepping_species": ",".join(place.get("stepping_species", [])),
        "area_km2": round(area, 1),
        "stated_area_km2": stated,
        "moved_km": round(moved_m / 1000.0, 1),
        "fitted": fitted(area / stated, moved_m),
        "geometry_status": "schematic",
        "inside_window": bool(grid_box().contains(shape)),
        "source": SOURCE,
        "geometry": shape,
    }


def fitted(share: float, moved_m: float) -> str:
    """In words, what was done to the circle."""
    moved = f"moved {moved_m / 1000.0:.0f} km to find room" if moved_m else ""
    cut = f"cut to {100.0 * share:.0f} % of the stated area" if share < 0.995 else ""
    return "; ".join(part for part in (moved, cut) if part) or "circle of the stated area at the stated centre"


def build_reserves(lines: BorderLines, land: dict[str, BaseGeometry], places: Path, target: Path) -> None:
    """Write reserves.gpkg: one schematic polygon for each place, smallest first so that the large ones make way."""
    table = yaml.safe_load(places.read_text(encoding="utf-8"))["places"]
    room, to_xy = rooms(land, lines), projector()
    rows: dict[str, dict[str, Any]] = {}
    for place in sorted(table, key=lambda place: place["area_km2"]):
        x, y = to_xy.transform(place["lon"], place["lat"])
        area_m2 = 1e6 * place["area_km2"]
        shape, moved_m = circle(x, y, area_m2), 0.0
        if grid_box().contains(Point(x, y)):
            shape, moved_m = Room(allowed=room[place["country"]]).fit(x, y, area_m2)
        rows[place["id"]] = reserve_row(place, shape, moved_m)
        room = {country: free.difference(shape.buffer(APART_M)) for country, free in room.items()}
    write_layer(target / "reserves.gpkg", "reserves", [rows[place["id"]] for place in table])
