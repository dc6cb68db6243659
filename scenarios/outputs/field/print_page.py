"""The page to print of a QGIS project: title, map, grid of degrees, north, legend, scale, notes."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from pyproj import CRS

from rasters.grid import Grid
from scenarios.outputs.cartography.furniture import graticule_step
from scenarios.outputs.field.content import FieldContent
from scenarios.outputs.gis.qgis_styles import line

__all__ = ["CORNERS", "corners", "crs_element", "print_page"]

CORNERS = ("xmin", "ymin", "xmax", "ymax")
MAP = (14, 23, 178, 151)
"""Left, top, width and height on the page [mm]: outside it stand the degrees."""
NORTH = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 34"><path d="M14 1 L21 25 L14 20 L7 25 Z" fill="#1d2326"/>'
    '<path d="M14 33 V20" stroke="#1d2326" stroke-width="1.4"/></svg>'
)


def crs_element(crs: CRS) -> str:
    """A CRS as QGIS reads it."""
    authority = ":".join(crs.to_authority() or ())
    return (
        f"<spatialrefsys><wkt>{escape(crs.to_wkt())}</wkt><proj4>{escape(_proj4(crs))}</proj4>"
        f"<authid>{authority}</authid><description>{escape(crs.name)}</description></spatialrefsys>"
    )


def _proj4(crs: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a PROJ string says less than WKT, which stands beside it
        return str(crs.to_proj4())


def corners(box: Sequence[float]) -> str:
    """A box as attributes."""
    return " ".join(f'{n}="{v:.3f}"' for n, v in zip(CORNERS, box, strict=True))


def print_page(content: FieldContent, extent: Sequence[float], crs: str) -> str:
    """A page of A4 to print: title, map in a grid of degrees, legend, north, scale bar, and below what the map does not say itself."""
    said = content.notes()
    notes = "\n".join(
        f"{label}: {text}" for label, text in said.items() if text and label != content.say("Assumptions")
    )
    box = _shaped(extent, MAP[2] / MAP[3])
    items = "".join(_items(content, notes, box, crs))
    page = (
        '<PageCollection><symbol name="" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">'
        '<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">'
        '<Option name="color" value="255,255,255,255" type="QString"/><Option name="outline_style" value="no" type="QString"/>'
        '</Option></layer></symbol><LayoutItem type="65638" uuid="{page}" templateUuid="{page}" position="0,0,mm" '
        'positionOnPage="0,0,mm" size="297,210,mm" referencePoint="0" itemRotation="0" visibility="1" id="" zValue="0"/>'
        "</PageCollection>"
    )
    return f'<Layouts><Layout name={quoteattr(content.say("Map"))} units="mm" printResolution="300">{page}{items}</Layout></Layouts>'


def _shaped(extent: Sequence[float], ratio: float) -> tuple[float, float, float, float]:
    """The extent widened to a width : height."""
    west, south, east, north = extent
    width, height = max(east - west, ratio * (north - south)), max(north - south, (east - west) / ratio)
    x, y = (west + east) / 2, (south + north) / 2
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _items(content: FieldContent, notes: str, box: Sequence[float], crs: str) -> Iterator[str]:
    yield _item(
        65639,
        "map",
        MAP,
        f"<Extent {corners(box)}/>{crs}{_grid(content.runs[0].grid, box)}",
        'keepLayerSet="false" followPreset="false" drawCanvasItems="true" mapRotation="0" frame="true"',
    )
    yield _label("title", (8, 6, 281, 13), content.title, 12, bold=True)
    yield _label("notes", (8, 181, 281, 25), notes, 7)
    yield _item(
        65642,
        "legend",
        (200, 20, 89, 120),
        LEGEND_STYLES,
        'title="" columnCount="1" linkedMap="{map}" map_uuid="{map}" legendFilterByAtlas="0" resizeToContents="1" wrapString="" '
        'splitLayer="0" equalColumnWidth="0" symbolWidth="7" symbolHeight="3.2" legendFilterByMap="1"',
    )
    yield _item(
        65640,
        "north",
        (268, 146, 14, 17),
        "",
        f'file="base64:{base64.b64encode(NORTH.encode()).decode()}" mode="1" pictureWidth="14" pictureHeight="17" resizeMode="0" '
        'anchorPoint="4" svgFillColor="29,35,38,255" svgBorderColor="29,35,38,255" svgBorderWidth="0" pictureRotation="0" '
        'mapUuid="{map}" northMode="1" northOffset="0"',
    )
    yield _item(
        65646,
        "scale",
        (200, 165, 89, 12),
        _font("scaleBarFont", 8),
        f'style="Single Box" unitType="km" unitLabel={quoteattr(content.say("km"))} numSegmentsLeft="0" '
        'numUnitsPerScaleBarUnit="1" numSegments="2" '
        f'numUnitsPerSegment="{_nice_km(box)}" height="2.5" mapUuid="{{map}}" segmentSizeMode="0"',
    )


def _grid(grid: Grid, box: Sequence[float]) -> str:
    """Meridians and parallels with their degrees round the frame, whatever the CRS of the map."""
    lon, lat = grid.lonlat([box[0], box[2], box[0], box[2]], [box[1], box[1], box[3], box[3]])
    step = graticule_step(max(float(np.ptp(lon)) * 0.8, float(np.ptp(lat))))
    sides = {"left": 1, "right": 1, "top": 0, "bottom": 0}
    words = " ".join(
        f'{side}AnnotationDisplay="0" {side}AnnotationPosition="1" {side}AnnotationDirection="{turned}"'
        for side, turned in sides.items()
    )
    stroke = line("#3d4a50", 0.1)
    return (
        f'<ComposerMapGrid name="degrees" uuid="{{grid}}" show="1" position="3" gridStyle="0" unit="0" intervalX="{step:g}" '
        f'intervalY="{step:g}" offsetX="0" offsetY="0" crossLength="3" gridFrameStyle="0" gridFrameSideFlags="15" gridFrameWidth="2" '
        f'gridFramePenThickness="0.3" showAnnotation="1" annotationFormat="4" annotationPrecision="0" frameAnnotationDistance="1" {words}>'
        f'<lineStyle><symbol name="" type="line" alpha="0.6" clip_to_extent="1" force_rhr="0">{stroke}</symbol></lineStyle>'
        f"{crs_element(CRS.from_epsg(4326))}{_font('annotationFontProperties', 6)}</ComposerMapGrid>"
    )


def _nice_km(box: Sequence[float]) -> int:
    """About a sixth of the map in a round number of kilometres."""
    wide = (box[2] - box[0]) / 6000.0
    power = 10.0 ** np.floor(np.log10(wide))
    return max(1, int(max(step for step in (1, 2, 5) if step * power <= wide) * power))


def _label(name: str, frame: tuple[float, ...], text: str, size: float, *, bold: bool = False) -> str:
    attributes = f'labelText={quoteattr(text)} htmlState="0" halign="1" valign="32" marginX="0" marginY="0"'
    return _item(65641, name, frame, _font("LabelFont", size, bold), attributes)


def _font(tag: str, size: float, bold: bool = False) -> str:
    """A font as versions before 3.24 read it, and as later ones do."""
    weight = 75 if bold else 50
    return (
        f'<{tag} description="DejaVu Sans,{size:g},-1,5,{weight},0,0,0,0,0" style=""/>'
        f'<text-style fontFamily="DejaVu Sans" fontSize="{size:g}" fontSizeUnit="Point" fontWeight="{weight}" '
        'textColor="11,11,11,255" textOpacity="1"/>'
    )


def _legend_style(name: str, size: float, top_mm: float, bold: bool = False) -> str:
    return (
        f'<style name="{name}" alignment="1" indent="0" marginTop="{top_mm:g}">{_font("styleFont", size, bold)}</style>'
    )


LEGEND_STYLES = (
    "<styles>"
    + _legend_style("group", 8, 2, bold=True)
    + _legend_style("subgroup", 7, 1.6, bold=True)
    + _legend_style("symbol", 7, 1.2)
    + _legend_style("symbolLabel", 7, 1).replace('indent="0"', 'indent="0" marginLeft="2"')
    + "</styles>"
)


def _item(kind: int, name: str, frame: tuple[float, ...], inner: str, attributes: str) -> str:
    x, y, width, height = frame
    place = f'position="{x},{y},mm" positionOnPage="{x},{y},mm" size="{width},{height},mm" referencePoint="0" itemRotation="0"'
    return (
        f'<LayoutItem type="{kind}" id="{name}" uuid="{{{name}}}" templateUuid="{{{name}}}" {place} visibility="1" zValue="1" '
        f'background="false" {attributes}>{inner}<LayoutObject/></LayoutItem>'
    )
