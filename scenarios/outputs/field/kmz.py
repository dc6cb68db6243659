"""KMZ for earth viewers on phones and desks: styled places, lines and passages, with pictures inside the file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import shapely

from rasters.grid import Grid
from rasters.plain import plain_text
from scenarios.model.results import SpeciesRun
from scenarios.outputs.audience import Audience
from scenarios.outputs.field.archive import write_archive
from scenarios.outputs.field.closeup import closeup_png
from scenarios.outputs.field.content import PROPOSED, FieldContent
from scenarios.outputs.field.lists import head_in
from scenarios.outputs.gis.geopackage import corridor_layer, fence_layer, path_layer
from scenarios.outputs.gis.qgis_styles import (
    CORE,
    CORRIDOR,
    FENCE,
    GAIN_BREAKS,
    GAIN_COLOURS,
    INK,
    STANDS,
    TARGET,
    gain_words,
)
from scenarios.outputs.map import map_png
from scenarios.outputs.tables import profile_table

__all__ = ["write_kmz"]

NAMESPACE = "http://www.opengis.net/kml/2.2"
PICTURE_WIDTH = 1100
ICON, STANDS_ICON = "files/passage.png", "files/stands.png"
PICTURED = 30
"""Passages that stand, up to which each has a picture."""
LISTED = (
    "number",
    "code",
    "name",
    "state",
    "fence_name",
    "km",
    "dms",
    "mgrs",
    "width_m",
    "design",
    "cost",
    "geometry_status",
)
"""Columns of the balloon, before SK-42."""


def write_kmz(content: FieldContent, path: Path) -> Path:
    """Write places, fences, corridors, paths and passages of a scenario, with a map and close-ups."""
    pictures = _pictures(content)
    text = plain_text(
        ET.tostring(_document(content, pictures), encoding="utf-8", xml_declaration=True).decode()
    ).encode()
    icons = {ICON: _icon("#ffd54d"), STANDS_ICON: _icon(STANDS)}
    return write_archive(path, {"doc.kml": text, **icons, **pictures})


def _pictures(content: FieldContent) -> dict[str, bytes]:
    """Name within the file -> PNG: the main map of each species, a close-up of each passage."""
    maps = {
        f"files/map_{run.species}.png": map_png(
            run, borders=content.borders, credits=content.credits, say=content.say, width=PICTURE_WIDTH
        )
        for run in content.runs
    }
    standing = content.passages["state"] != PROPOSED
    shown = content.passages[~standing | (standing.sum() <= PICTURED)]
    spots = {f"files/{p['code']}.png": closeup_png(content, p) for _, p in shown.iterrows()}
    return maps | spots


def _icon(colour: str) -> bytes:
    """A disc with a dark rim."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((16, 16, 240, 240), fill=colour, outline=INK, width=24)
    out = io.BytesIO()
    image.resize((64, 64), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _document(content: FieldContent, pictures: Iterable[str]) -> ET.Element:
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("kml"))
    document = _add(root, "Document")
    _add(document, "name", content.title)
    notes = "".join(f"<p><b>{escape(k)}:</b> {escape(v)}</p>" for k, v in content.notes().items() if v)
    _add(document, "description", notes)
    _styles(document)
    if content.audience is not Audience.PUBLIC:
        for title, proposed in (("Passages that stand", False), ("Proposed passages", True)):
            rows = content.passages[(content.passages["state"] == PROPOSED) == proposed]
            if len(rows) or proposed:
                _passages(_folder(document, content.say(title)), content, rows, pictures)
    _places(_folder(document, content.say("Places")), content)
    _fences(_folder(document, content.say("Fences")), content)
    for number, run in enumerate(content.runs):
        folder = _folder(document, content.species_title(run), shown=number == 0)
        _add(folder, "description", f'<img src="files/map_{run.species}.png" width="900"/>')
        _species(folder, content, run)
    return root


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, _tag(tag), attributes)
    element.text = text
    return element


def _folder(parent: ET.Element, name: str, *, shown: bool = True) -> ET.Element:
    folder = _add(parent, "Folder")
    _add(folder, "name", name)
    if not shown:
        _add(folder, "visibility", "0")
    return folder


def _styles(document: ET.Element) -> None:
    """One style for each kind of thing."""
    for name, href in (("passage", ICON), ("stands", STANDS_ICON)):
        icon = _add(_add(document, "Style", id=name), "IconStyle")
        _add(icon, "scale", "0.9")
        _add(_add(icon, "Icon"), "href", href)
    for number, colour in enumerate(GAIN_COLOURS):
        _line_style(document, f"gain{number}", colour, 3.0 + number)
    _line_style(document, "fence", FENCE, 3.0)
    _line_style(document, "path", INK, 2.0)
    for name, colour, opacity in (("from", CORE, 0.3), ("to", TARGET, 0.3), *_corridor_styles()):
        _area_style(document, name, colour, opacity)


def _corridor_styles() -> list[tuple[str, str, float]]:
    return [(f"corridor{share:g}", colour, 0.6) for share, colour in CORRIDOR.items()]


def _line_style(document: ET.Element, name: str, colour: str, width: float) -> None:
    style = _add(_add(document, "Style", id=name), "LineStyle")
    _add(style, "color", _kml_colour(colour))
    _add(style, "width", f"{width:g}")


def _area_style(document: ET.Element, name: str, colour: str, opacity: float) -> None:
    style = _add(document, "Style", id=name)
    line = _add(style, "LineStyle")
    _add(line, "color", _kml_colour(colour))
    _add(line, "width", "1.5")
    _add(_add(style, "PolyStyle"), "color", _kml_colour(colour, opacity))


def _kml_colour(colour: str, opacity: float = 1.0) -> str:
    """``#rrggbb`` as KML's aabbggrr."""
    return f"{round(255 * opacity):02x}{colour[5:7]}{colour[3:5]}{colour[1:3]}"


def _placemark(folder: ET.Element, name: str, style: str, geometry: Any, grid: Grid, text: str = "") -> ET.Element:
    mark = _add(folder, "Placemark")
    _add(mark, "name", name)
    if text:
        _add(mark, "description", text)
    _add(mark, "styleUrl", f"#{style}")
    _geometry(mark, _in_degrees(geometry, grid))
    return mark


def _in_degrees(geometry: Any, grid: Grid) -> Any:
    return shapely.transform(geometry, lambda xy: np.round(np.column_stack(grid.lonlat(*xy.T)), 6))


def _geometry(parent: ET.Element, shape: Any) -> None:
    """A shape in degrees as KML's."""
    if shape.geom_type.startswith("Multi"):
        several = _add(parent, "MultiGeometry")
        for part in shape.geoms:
            _geometry(several, part)
    elif shape.geom_type == "Point":
        _add(_add(parent, "Point"), "coordinates", _coordinates(shape))
    elif shape.geom_type == "LineString":
        line = _add(parent, "LineString")
        _add(line, "tessellate", "1")
        _add(line, "coordinates", _coordinates(shape))
    else:
        area = _add(parent, "Polygon")
        _add(area, "tessellate", "1")
        _ring(area, "outerBoundaryIs", shape.exterior)
        for hole in shape.interiors:
            _ring(area, "innerBoundaryIs", hole)


def _ring(area: ET.Element, name: str, ring: Any) -> None:
    _add(_add(_add(area, name), "LinearRing"), "coordinates", _coordinates(ring))


def _coordinates(shape: Any) -> str:
    return " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in shapely.get_coordinates(shape))


def _passages(folder: ET.Element, content: FieldContent, rows: pd.DataFrame, pictures: Iterable[str]) -> None:
    there = set(pictures)
    for _, passage in rows.iterrows():
        picture = f"files/{passage['code']}.png"
        image = f'<img src="{picture}" width="480"/><br/>' if picture in there else ""
        mark = _add(folder, "Placemark")
        _add(mark, "name", str(passage["number"]))
        _add(mark, "description", image + _table(content, passage))
        _add(mark, "styleUrl", "#passage" if passage["state"] == PROPOSED else "#stands")
        data = _add(mark, "ExtendedData")
        for key in ("candidate", "crs_operation"):
            value = content.say(content.operation.note) if key == "crs_operation" else passage[key]
            _add(_add(data, "Data", name=key), "value", str(value))
        _geometry(mark, shapely.Point(passage["lon_deg"], passage["lat_deg"]))


def _table(content: FieldContent, passage: Any) -> str:
    """All about a passage as a small table."""
    say = content.say
    rows = [(head_in(say, name), passage[name]) for name in LISTED]
    rows.append(
        (
            f"{say('SK-42')}, {say('Zone')} {passage['sk42_zone']}",
            f"X {passage['sk42_x_north_m']:.0f}, Y {passage['sk42_y_east_m']:.0f}",
        )
    )
    cells = (f"<tr><td>{escape(label)}</td><td><b>{escape(_shown(say, value))}</b></td></tr>" for label, value in rows)
    return f"<table>{''.join(cells)}</table>"


def _shown(say: Any, value: Any) -> str:
    return str(say(value if isinstance(value, str) else f"{value:g}"))


def _places(folder: ET.Element, content: FieldContent) -> None:
    places = {place.id: (place, run.grid) for run in content.runs for place in run.places}
    roles = {"from": content.say("Core area"), "to": content.say("Target area")}
    for place, grid in places.values():
        words = f"{roles.get(place.role, place.role)}; {content.say(place.geometry_status)}"
        _placemark(folder, content.say(place.name), place.role, place.geometry, grid, words)


def _fences(folder: ET.Element, content: FieldContent) -> None:
    for fence in content.fences:
        words = content.say(fence.geometry_status)
        _placemark(folder, content.fence_name(fence), "fence", fence.line, content.runs[0].grid, words)


def _species(folder: ET.Element, content: FieldContent, run: SpeciesRun) -> None:
    """Gains, corridors and paths of one species."""
    for _, row in corridor_layer(run, run.corridor).iterrows():
        name = content.say(f"Corridor, best {100 * row['share']:.0f} %")
        _placemark(folder, name, f"corridor{row['share']:g}", row.geometry, run.grid)
    for number, (words, shape) in _gain_classes(content, run):
        _placemark(folder, words, f"gain{number}", shape, run.grid)
    for _, row in path_layer(run).iterrows():
        names = {place.id: content.say(place.name) for place in run.places}
        title = (
            f"{content.say('Least-cost path')}: {names.get(row['source'], '')} \u2013 {names.get(row['target'], '')}"
        )
        _placemark(folder, title, "path", row.geometry, run.grid)


def _gain_classes(content: FieldContent, run: SpeciesRun) -> Iterator[tuple[int, tuple[str, Any]]]:
    """Stretches of fence by class of their gain per kilometre."""
    frame = fence_layer(run, profile_table(run))
    gain = frame["gain_ohm2_per_km"].to_numpy(float) if len(frame) else np.empty(0)
    top = float(np.nanmax(gain)) if np.isfinite(gain).any() else 0.0
    if top <= 0:
        return
    bounds = np.array(GAIN_BREAKS) * top
    which = np.clip(np.searchsorted(bounds, np.nan_to_num(gain), side="right") - 1, 0, len(GAIN_COLOURS) - 1)
    for number in np.unique(which[np.isfinite(gain)]):
        lines = shapely.line_merge(shapely.union_all(frame.geometry[(which == number) & np.isfinite(gain)].to_numpy()))
        yield int(number), (gain_words(int(number), content.say), lines)
