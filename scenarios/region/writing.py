"""Writes what was read as an ordinary study folder; it appears only when it is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import geopandas as gpd
import numpy as np
import yaml
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely import Point, get_parts, union_all

from rasters.errors import DataError, ExportError
from rasters.files.writing import write_cog, write_geopackage
from rasters.grid import Grid
from scenarios.outputs.folder import atomic_folder
from scenarios.region.profiles import RegionProfile
from scenarios.region.sentences import assumptions
from scenarios.region.source import STEEP_PERCENT, CellRelief, Layers
from scenarios.study.base import LANGUAGES

__all__ = ["DESIGNS", "layers_with", "write_study"]

TEMPLATE = Path(__file__).parent / "templates" / "study.yaml"
WATER_CODE = 80
LAYERS = ("elevation_m", "slope_percent", "ruggedness_m", "landcover", "water", "escape_terrain_distance_m")
"""Layers of the study that profiles may use."""
DESIGNS = ("gate",)
LAYER_OF = {
    "roads": ("road_distance_m", "{ derive: distance, file: data/roads.gpkg }"),
    "settlements": ("settlement_distance_m", "{ derive: distance, file: data/settlements.gpkg }"),
    "reserves": ("reserve", "{ derive: burn, file: data/reserves.gpkg }"),
}
"""Table -> the layer that is made of it."""
UNUSED = ("rail", "canals", "rivers")
"""Tables that no bundled profile has rules on."""
CONTEXT = ("borders", "roads", "settlements", "water")
"""Tables that are drawn on maps."""
SEALED = {"value": 0, "origin": "assumption: a wall is sealed"}
AS_BORDER = "assumption: as the profile says of a border fence of another region; nothing is known of these"


def write_study(
    folder: Path,
    grid: Grid,
    layers: Layers,
    profiles: Mapping[str, RegionProfile],
    sources: Sequence[Mapping[str, Any]],
    degrees: str,
) -> tuple[str, ...]:
    """Names of the files that were written.

    Parameters
    ----------
    layers : Layers
        With ground and cover.
    sources : sequence of mappings
        A row of SOURCES.yaml for each source, with its ``attribution``.
    degrees : str
        The bounds, for people.

    Raises
    ------
    ExportError
        The folder cannot be written; nothing is left.
    """
    assert layers.ground is not None and layers.cover is not None
    tables = _with_waters(layers.tables)
    try:
        with atomic_folder(folder) as new:
            (new / "data").mkdir()
            _write_rasters(new / "data", grid, layers.ground, layers.cover, tables)
            _write_places(new / "data", grid, layers.cover, tables.get("fences"))
            for name, table in tables.items():
                write_geopackage(new / "data" / f"{name}.gpkg", {name: table})
            (new / "species").mkdir()
            for name, profile in profiles.items():
                (new / "species" / f"{name}.yaml").write_text(_yaml(profile.data), encoding="utf-8")
            (new / "SOURCES.yaml").write_text(_yaml({"sources": list(sources)}), encoding="utf-8")
            credits = [str(row["attribution"]) for row in sources]
            text = _study_text(folder.name, grid, layers.ground, profiles, credits, degrees, layers, tables)
            (new / "study.yaml").write_text(text, encoding="utf-8")
            return tuple(sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()))
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            f"{folder}: could not be written ({error.strerror}); free space or choose another folder"
        ) from error


def _with_waters(tables: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """The tables, with rivers, canals and lakes in one as maps draw them, and lakes in one of their own."""
    out = dict(tables)
    lakes = out.pop("water", None)
    waters = [table for table in (out.get("rivers"), out.get("canals"), lakes) if table is not None]
    if lakes is not None:
        out["lakes"] = lakes
    if waters:
        out["water"] = gpd.GeoDataFrame(gpd.pd.concat(waters, ignore_index=True), crs=waters[0].crs)
    return out


def _write_rasters(
    data: Path, grid: Grid, ground: CellRelief, cover: NDArray[np.uint8], tables: Mapping[str, gpd.GeoDataFrame]
) -> None:
    for name, values, unit in (
        ("elevation_m", ground.elevation_m, "m"),
        ("slope_percent", ground.slope_percent, "percent"),
        ("slope_max_percent", ground.slope_max_percent, "percent"),
        ("steep_share", ground.steep_share, "1"),
        ("ruggedness_m", ground.ruggedness_m, "m"),
    ):
        write_cog(data / f"{name}.tif", values, grid, description=name, unit=unit)
    water = np.where(cover == 0, 1, np.where(cover == WATER_CODE, 2, 0)).astype(np.uint8)
    if "lakes" in tables:
        shapes = [shape for shape in tables["lakes"].geometry if not shape.is_empty]
        lakes = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, dtype="uint8") if shapes else 0
        water = np.where((water == 0) & (lakes == 1), 2, water).astype(np.uint8)
    for name, codes in (("landcover", cover), ("water", water)):
        write_cog(data / f"{name}.tif", codes, grid, description=name, whole=True)


def _write_places(data: Path, grid: Grid, cover: NDArray[np.uint8], fences: gpd.GeoDataFrame | None) -> None:
    """Two cores that stand for those nobody has named yet, on one side of every fence, and a file of fences without one."""
    rows, cols = np.nonzero((cover != 0) & (cover != WATER_CODE))
    if not rows.size:
        raise DataError("the region is all water; choose other bounds")
    radius = max(3 * grid.cell_width_m, 0.03 * grid.height * grid.cell_height_m)
    spots = []
    for share in (0.9, 0.1):
        nearest = int(np.argmin(np.hypot(rows - share * grid.height, cols - grid.width / 2)))
        x, y = grid.xy(int(rows[nearest]), int(cols[nearest]))
        spots.append(_on_one_side(Point(float(x), float(y)).buffer(radius), fences, grid.cell_width_m))
    cores = gpd.GeoDataFrame(
        {
            "id": ["south", "north"],
            "name_en": ["Placeholder in the south", "Placeholder in the north"],
            "geometry_status": ["schematic"] * 2,
        },
        geometry=spots,
        crs=grid.crs,
    )
    write_geopackage(data / "cores.gpkg", {"cores": cores})
    empty = {key: gpd.pd.Series([], dtype=str) for key in ("id", "name", "fence_line", "geometry_status")}
    nothing = gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=grid.crs))
    write_geopackage(data / "fences.gpkg", {"fences": nothing})


def _on_one_side(spot: Any, fences: gpd.GeoDataFrame | None, cell_m: float) -> Any:
    """The largest part of a core that no fence parts; all of it where fences leave nothing."""
    near = [] if fences is None else [line for line in fences.geometry if line.distance(spot) < 2 * cell_m]
    parts = get_parts(spot.difference(union_all(near).buffer(1.5 * cell_m))) if near else [spot]
    return max((one for one in parts if one.area > cell_m**2), key=lambda one: one.area, default=spot)


def _study_text(
    name: str,
    grid: Grid,
    ground: CellRelief,
    profiles: Mapping[str, RegionProfile],
    credits: Sequence[str],
    degrees: str,
    layers: Layers,
    tables: Mapping[str, gpd.GeoDataFrame],
) -> str:
    every = max(1_000.0, grid.cell_width_m)
    lacking = {layer for profile in profiles.values() for layer in profile.dropped}
    said = assumptions(layers, lacking)
    words = {
        "name": name,
        "title": _title(name),
        "degrees": degrees,
        "crs": grid.crs,
        "bounds": ", ".join(f"{value:.0f}" for value in grid.bounds),
        "cell_m": f"{grid.cell_width_m:g}",
        "fine_m": f"{ground.fine_m:.0f}",
        "steep": f"{STEEP_PERCENT:g}",
        "every_m": f"{every:g}",
        "spacing_m": f"{10 * every:g}",
        **{f"assumptions_{language}": _listed(said[language]) for language in LANGUAGES},
        "credits": _listed(credits),
        **_table_words(tables),
        **_fence_words(tables, profiles),
        "species": "\n".join(f"  {one}: {{ profile: species/{one}.yaml }}" for one in profiles),
        "routes": "\n".join(f"  {one}: {{ from: [south], to: [north] }}" for one in profiles),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(words)


def _table_words(tables: Mapping[str, gpd.GeoDataFrame]) -> dict[str, str]:
    """Layers and surroundings that tables make."""
    used = [f"\n  {LAYER_OF[name][0]}: {LAYER_OF[name][1]}" for name in tables if name in LAYER_OF]
    unused = [
        f"\n  # {name}_distance_m: {{ derive: distance, file: data/{name}.gpkg }} # no bundled profile has a rule on it"
        for name in UNUSED
        if name in tables
    ]
    context = [f"\n  {name}: data/{name}.gpkg" for name in CONTEXT if name in tables]
    return {"more_layers": "".join(used + unused), "context": "".join(context) or " {}"}


def _fence_words(tables: Mapping[str, gpd.GeoDataFrame], profiles: Mapping[str, RegionProfile]) -> dict[str, str]:
    """What the study says of fences, and of the gates in them."""
    if "fences" not in tables:
        return {"coverage": "unknown", "active": "", "permeability": "", "openings": "", "points": ""}
    lines = list(dict.fromkeys(tables["fences"]["fence_line"]))
    passable = {line: {name: _permeability(line, profile) for name, profile in profiles.items()} for line in lines}
    stated = [f"\n  permeability: # assumptions{_nested(passable)}"]
    gates = list(tables["gates"].to_dict("records")) if "gates" in tables else []
    places = [
        {
            "id": gate["id"],
            **({"name": gate["name"]} if isinstance(gate["name"], str) else {}),
            "fence_line": gate["fence_line"],
            "design": "gate",
            "lon": gate["lon_deg"],
            "lat": gate["lat_deg"],
            **({"width_m": gate["width_m"]} if gate["width_m"] > 0 else {}),
        }
        for gate in gates
    ]
    gaps = [place for place, gate in zip(places, gates, strict=True) if gate["kind"] == "entrance"]
    shut = [
        {key: value for key, value in place.items() if key not in ("name", "fence_line")}
        for place, gate in zip(places, gates, strict=True)
        if gate["kind"] != "entrance"
    ]
    openings = f"\n# Gaps without a gate, as OpenStreetMap has them.\nopenings:{_rows(gaps, '  ')}\n" if gaps else ""
    points = f"\n  points: # gates of OpenStreetMap{_rows(shut, '    ')}" if shut else ""
    return {
        "coverage": "partial",
        "active": ", ".join(lines),
        "permeability": "".join(stated),
        "openings": openings,
        "points": points,
    }


def _permeability(line: str, profile: RegionProfile) -> dict[str, Any]:
    return SEALED if line == "osm_wall" else {**profile.data["permeability"]["default"], "origin": AS_BORDER}


def _title(name: str) -> str:
    """The study's id as a name for people."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def layers_with(layers: Layers) -> tuple[str, ...]:
    """Layers that profiles may use, with those of tables."""
    return (*LAYERS, *(LAYER_OF[name][0] for name in layers.tables if name in LAYER_OF))


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"  - {_flow(text)}" for text in texts)


def _nested(tree: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    return "".join(
        f"\n    {name}:" + "".join(f"\n      {key}: {_flow(dict(value))}" for key, value in inner.items())
        for name, inner in tree.items()
    )


def _rows(rows: Sequence[Mapping[str, Any]], indent: str) -> str:
    return "".join(f"\n{indent}- {_flow(dict(row))}" for row in rows)


def _flow(value: Any) -> str:
    """YAML on one line."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True)
    return text.removesuffix("\n...\n").strip()


def _yaml(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
