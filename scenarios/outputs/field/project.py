"""A QGIS project beside its data: open it and the map is there, styled, titled and credited. QGIS is not needed to write it.

The project names its files relative to itself, so that the folder can be moved. It holds a page to print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from rasters.files.writing import write_cog, write_geopackage
from rasters.grid import Grid
from rasters.plain import plain_text
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.field.archive import write_archive
from scenarios.outputs.field.content import FieldContent
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.gis.geopackage import layers_of, write_run
from scenarios.outputs.gis.qgis_styles import hillshade, pseudocolour, vector_style
from scenarios.outputs.gis.rasters import SURFACES, write_rasters

__all__ = ["write_project"]

PROJECT = "project.qgz"
SHOWN = {"places", "passages", "standing_passages", "fences", "least_cost_paths", "corridors"}
ORDER = ("places", "passages", "standing_passages", "least_cost_paths", "fences", "corridors")
GEOMETRY = {"passages": "Point", "standing_passages": "Point", "places": "Polygon", "corridors": "Polygon"}
MARGIN = 0.06
CORNERS = ("xmin", "ymin", "xmax", "ymax")
LAYER_WORDS = {
    "places": "Places", "passages": "Passages", "standing_passages": "Passages that stand",
    "least_cost_paths": "Least-cost paths", "fences": "Fences",
    "corridors": "Corridors", "borders": "Border", "elevation": "Relief",
}  # fmt: skip
QUANTILES = {"corridor": (0.0, 0.01, 0.05, 0.3)}
SPREAD = (0.02, 0.25, 0.5, 0.75, 0.98)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A layer of the project: what it is called, where it lies, how it is drawn.

    QGIS forgets ids of ten characters or fewer.
    """

    id: str
    title: str
    source: str
    provider: str
    style: str
    geometry: str = ""
    shown: bool = True


def write_project(content: FieldContent, target: Path) -> Path:
    """Write a folder with the data of all species and ``project.qgz``; it replaces another such folder."""
    with atomic_folder(target, marker=PROJECT) as folder:
        groups = [(content.species_title(run), _species_layers(content, run, folder)) for run in content.runs]
        text = _project(content, groups, _ground_layers(content, folder))
        write_archive(folder / PROJECT, {"project.qgs": _inert(text).encode()})
    return target / PROJECT


def _inert(text: str) -> str:
    """The document without harmful characters, and without what QGIS would compute in titles, labels and legends: ``[% ... %]``."""
    return plain_text(text).replace("[%", "[ %")


def _species_layers(content: FieldContent, run: SpeciesRun, folder: Path) -> list[_Layer]:
    """Files of one species, and the layers that show them; only the first species is switched on."""
    own, first = folder / run.species, run is content.runs[0]
    own.mkdir(exist_ok=True)
    write_run(run, own / "results.gpkg", content.say)
    write_rasters(run, own)
    frames = layers_of(run)
    vectors = [
        _Layer(
            id=f"species_{run.species}_{name}", title=content.say(LAYER_WORDS[name]), provider="ogr",
            source=f"./{run.species}/results.gpkg|layername={name}", geometry=GEOMETRY.get(name, "Line"),
            style=vector_style(name, frames[name], content.say), shown=first and name in SHOWN,
        )
        for name in ORDER if len(frames[name])
    ]  # fmt: skip
    return vectors + [
        _Layer(
            id=f"species_{run.species}_{surface.stem}", title=content.say(surface.title), provider="gdal", shown=False,
            source=f"./{run.species}/{surface.stem}.tif",
            style=pseudocolour(surface.stem, _stops(surface.stem, _values(run, surface.stem)), surface.unit, 0.85, content.say),
        )
        for surface in SURFACES
    ]  # fmt: skip


def _values(run: SpeciesRun, stem: str) -> np.ndarray:
    values = {
        "resistance": np.where(run.surface.passable, run.surface.values, np.nan), "cost_weighted_distance": run.cwd,
        "corridor": run.corridor, "current_density": run.current_density,
    }[stem]  # fmt: skip
    return np.asarray(values, float)


def _stops(stem: str, values: np.ndarray) -> list[float]:
    """Rising values at which colours stand: quantiles of what is there."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return [0.0, 1.0]
    found = np.unique([float(f"{v:.3g}") for v in np.quantile(finite, QUANTILES.get(stem, SPREAD))])
    return found.tolist() if found.size > 1 else [float(found[0]), float(found[0]) + 1.0]


def _ground_layers(content: FieldContent, folder: Path) -> list[_Layer]:
    """Borders and relief, under everything."""
    run, layers = content.runs[0], []
    if content.borders is not None and len(content.borders):
        write_geopackage(
            folder / "borders.gpkg", {"borders": content.borders}, metadata={"credits": "; ".join(content.credits)}
        )
        layers.append(_Layer(
            id="ground_borders", title=content.say("Border"), source="./borders.gpkg|layername=borders", provider="ogr",
            style=vector_style("borders", content.borders, content.say), geometry="Line",
        ))  # fmt: skip
    relief = elevation_of(run)
    if relief is not None:
        write_cog(
            folder / "elevation.tif", relief.values, relief.grid, nodata=relief.nodata, unit=relief.unit,
            description=f"Elevation [{relief.unit}]", tags={"credits": "; ".join(content.credits)},
        )  # fmt: skip
        layers.append(_Layer(
            id="ground_elevation", title=content.say("Relief"), source="./elevation.tif", provider="gdal", style=hillshade()
        ))  # fmt: skip
    return layers


def _project(content: FieldContent, groups: list[tuple[str, list[_Layer]]], ground: list[_Layer]) -> str:
    """The whole document."""
    grid = content.runs[0].grid
    everything = [layer for _, layers in groups for layer in layers] + ground
    crs, extent = _crs(grid), _extent(content)
    notes = "\n".join(f"{label}: {text}" for label, text in content.notes().items() if text)
    tree = "".join(_group(title, layers, n == 0) for n, (title, layers) in enumerate(groups))
    tree += "".join(map(_tree_layer, ground))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis projectname={quoteattr(content.title)} version="3.22.0-Bia\u0142owie\u017ca"><homePath path=""/>'
        f"<title>{escape(content.title)}</title><projectCrs>{crs}</projectCrs>"
        f"<layer-tree-group><customproperties/>{tree}</layer-tree-group>"
        f'<mapcanvas name="theMapCanvas" annotationsVisible="1"><units>meters</units>{_rectangle("extent", extent)}'
        f"<rotation>0</rotation><destinationsrs>{crs}</destinationsrs></mapcanvas>"
        f"<projectlayers>{''.join(_map_layer(layer, crs) for layer in everything)}</projectlayers>"
        f"{_properties(content)}"
        f'<ProjectViewSettings UseProjectScales="0"><DefaultViewExtent {_corners(extent)}>{crs}</DefaultViewExtent>'
        "</ProjectViewSettings>"
        f"<projectMetadata><title>{escape(content.title)}</title><abstract>{escape(notes)}</abstract>"
        f'<keywords vocabulary="audience"><keyword>{content.audience}</keyword></keywords>'
        f"</projectMetadata>{_layout(content, extent, crs)}</qgis>"
    )


def _crs(grid: Grid) -> str:
    crs = grid.pyproj_crs
    authority = ":".join(crs.to_authority() or ())
    return (
        f"<spatialrefsys><wkt>{escape(crs.to_wkt())}</wkt><proj4>{escape(_proj4(crs))}</proj4>"
        f"<authid>{authority}</authid><description>{escape(crs.name)}</description></spatialrefsys>"
    )


def _proj4(crs: Any) -> str:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a PROJ string says less than WKT, which stands beside it
        return str(crs.to_proj4())


def _extent(content: FieldContent) -> tuple[float, float, float, float]:
    """What the map shows at first: places and passages of all species, with a margin."""
    boxes = [place.geometry.bounds for run in content.runs for place in run.places]
    boxes += [(x, y, x, y) for x, y in content.passages[["x", "y"]].to_numpy(float)]
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    margin = MARGIN * float(np.max(high - low))
    return (*(float(v) for v in low - margin), *(float(v) for v in high + margin))  # type: ignore[return-value]


def _rectangle(tag: str, box: Sequence[float]) -> str:
    return f"<{tag}>{''.join(f'<{n}>{v:.3f}</{n}>' for n, v in zip(CORNERS, box, strict=True))}</{tag}>"


def _corners(box: Sequence[float]) -> str:
    """The same as attributes."""
    return " ".join(f'{n}="{v:.3f}"' for n, v in zip(CORNERS, box, strict=True))


def _group(title: str, layers: list[_Layer], first: bool) -> str:
    return (
        f'<layer-tree-group name={quoteattr(title)} checked="{_checked(first)}" expanded="{int(first)}"><customproperties/>'
        f"{''.join(map(_tree_layer, layers))}</layer-tree-group>"
    )


def _tree_layer(layer: _Layer) -> str:
    return (
        f'<layer-tree-layer id="{layer.id}" name={quoteattr(layer.title)} source={quoteattr(layer.source)} '
        f'providerKey="{layer.provider}" checked="{_checked(layer.shown)}" expanded="0"><customproperties/></layer-tree-layer>'
    )


def _checked(shown: bool) -> str:
    return "Qt::Checked" if shown else "Qt::Unchecked"


def _map_layer(layer: _Layer, crs: str) -> str:
    kind = f'type="vector" geometry="{layer.geometry}" labelsEnabled="{int("<labeling" in layer.style)}"'
    if layer.provider == "gdal":
        kind = 'type="raster"'
    provider = (
        f'<provider encoding="UTF-8">{layer.provider}</provider>'
        if layer.provider == "ogr"
        else "<provider>gdal</provider>"
    )
    return (
        f"<maplayer {kind}><id>{layer.id}</id><datasource>{escape(layer.source)}</datasource>"
        f"<layername>{escape(layer.title)}</layername><srs>{crs}</srs>{provider}{layer.style}</maplayer>"
    )


def _properties(content: FieldContent) -> str:
    """Relative paths; the title above the map and the credits below it."""
    credits = " \u00b7 ".join(map(content.say, [*content.credits, content.audience_note]))
    return (
        '<properties><Paths><Absolute type="bool">false</Absolute></Paths>'
        '<SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys>'
        f"{_decoration('TitleLabel', 'Label', content.title, 6)}"
        f"{_decoration('CopyrightLabel', 'Label', credits, 3)}"
        '<ScaleBar><Enabled type="bool">true</Enabled><Placement type="int">0</Placement></ScaleBar></properties>'
    )


def _decoration(name: str, key: str, text: str, placement: int) -> str:
    return (
        f'<{name}><Enabled type="bool">true</Enabled><{key} type="QString">{escape(text)}</{key}>'
        f'<Placement type="int">{placement}</Placement></{name}>'
    )


def _layout(content: FieldContent, extent: Sequence[float], crs: str) -> str:
    """A page of A4 to print: title, map, legend, scale bar, and below what the map does not say itself."""
    said = content.notes()
    notes = "\n".join(
        f"{label}: {text}" for label, text in said.items() if text and label != content.say("Assumptions")
    )
    box = _shaped(extent, 200.0 / 158.0)
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
        65639, "map", (8, 20, 200, 158), f"<Extent {_corners(box)}/>{crs}",
        'keepLayerSet="false" followPreset="false" drawCanvasItems="true" mapRotation="0" frame="true"',
    )  # fmt: skip
    yield _label("title", (8, 6, 281, 13), content.title, 12, bold=True)
    yield _label("notes", (8, 181, 281, 25), notes, 7)
    yield _item(
        65642, "legend", (212, 20, 77, 120), LEGEND_STYLES,
        'title="" columnCount="1" linkedMap="{map}" map_uuid="{map}" legendFilterByAtlas="0" resizeToContents="1" wrapString="" '
        'splitLayer="0" equalColumnWidth="0" symbolWidth="7" symbolHeight="3.2" legendFilterByMap="1"',
    )  # fmt: skip
    yield _item(
        65646, "scale", (212, 165, 77, 12), _font("scaleBarFont", 8),
        f'style="Single Box" unitType="km" unitLabel={quoteattr(content.say("km"))} numSegmentsLeft="0" '
        'numUnitsPerScaleBarUnit="1" numSegments="2" '
        f'numUnitsPerSegment="{_nice_km(box)}" height="2.5" mapUuid="{{map}}" segmentSizeMode="0"',
    )  # fmt: skip


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
