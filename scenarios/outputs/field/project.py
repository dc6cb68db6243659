"""A QGIS project beside its data: open it and the map is there, styled, titled and credited. QGIS is not needed to write it.

The project names its files relative to itself, so that the folder can be moved. It holds a page to print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely

from rasters.files.writing import write_cog, write_geopackage
from rasters.plain import plain_text
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.field.archive import write_archive
from scenarios.outputs.field.content import FieldContent
from scenarios.outputs.field.print_page import CORNERS, corners, crs_element, print_page
from scenarios.outputs.folder import atomic_folder
from scenarios.outputs.gis.geopackage import layers_of, write_run
from scenarios.outputs.gis.qgis_styles import hillshade, pseudocolour, vector_style
from scenarios.outputs.gis.rasters import SURFACES, write_rasters

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["write_project"]

PROJECT = "project.qgz"
SHOWN = {"places", "passages", "standing_passages", "fences", "least_cost_paths", "corridors"}
ORDER = ("places", "passages", "standing_passages", "least_cost_paths", "fences", "corridors")
GEOMETRY = {"passages": "Point", "standing_passages": "Point", "places": "Polygon", "corridors": "Polygon"}
MARGIN = 0.06
LAYER_WORDS = {
    "places": "Places",
    "passages": "Passages",
    "standing_passages": "Passages that stand",
    "least_cost_paths": "Least-cost paths",
    "fences": "Fences",
    "corridors": "Corridors",
    "borders": "Border",
    "elevation": "Relief",
    "water": "Waters",
    "roads": "Roads",
    "settlements": "Settlements",
}
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
            id=f"species_{run.species}_{name}",
            title=content.say(LAYER_WORDS[name]),
            provider="ogr",
            source=f"./{run.species}/results.gpkg|layername={name}",
            geometry=GEOMETRY.get(name, "Line"),
            style=vector_style(name, frames[name], content.say),
            shown=first and name in SHOWN,
        )
        for name in ORDER
        if len(frames[name])
    ]
    return vectors + [
        _Layer(
            id=f"species_{run.species}_{surface.stem}",
            title=content.say(surface.title),
            provider="gdal",
            shown=False,
            source=f"./{run.species}/{surface.stem}.tif",
            style=pseudocolour(
                surface.stem, _stops(surface.stem, _values(run, surface.stem)), surface.unit, 0.85, content.say
            ),
        )
        for surface in SURFACES
    ]


def _values(run: SpeciesRun, stem: str) -> np.ndarray:
    values = {
        "resistance": np.where(run.surface.passable, run.surface.values, np.nan),
        "cost_weighted_distance": run.cwd,
        "corridor": run.corridor,
        "current_density": run.current_density,
    }[stem]
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
        layers.append(
            _Layer(
                id="ground_borders",
                title=content.say("Border"),
                source="./borders.gpkg|layername=borders",
                provider="ogr",
                style=vector_style("borders", content.borders, content.say),
                geometry="Line",
            )
        )
    for name, frame in content.around.items():
        write_geopackage(folder / f"{name}.gpkg", {name: frame}, metadata={"credits": "; ".join(content.credits)})
        layers.insert(
            len(layers) if name == "water" else 0,
            _Layer(
                id=f"ground_{name}",
                title=content.say(LAYER_WORDS[name]),
                source=f"./{name}.gpkg|layername={name}",
                provider="ogr",
                style=vector_style(name, frame, content.say),
                geometry=_geometry(frame),
            ),
        )
    relief = elevation_of(run)
    if relief is not None:
        write_cog(
            folder / "elevation.tif",
            relief.values,
            relief.grid,
            nodata=relief.nodata,
            unit=relief.unit,
            description=f"Elevation [{relief.unit}]",
            tags={"credits": "; ".join(content.credits)},
        )
        layers.append(
            _Layer(
                id="ground_elevation",
                title=content.say("Relief"),
                source="./elevation.tif",
                provider="gdal",
                style=hillshade(),
            )
        )
    return layers


def _geometry(frame: gpd.GeoDataFrame) -> str:
    """What QGIS calls the kind of shapes of a layer: its highest."""
    dimension = int(shapely.get_dimensions(frame.geometry.to_numpy()).max())
    return ("Point", "Line", "Polygon")[dimension]


def _project(content: FieldContent, groups: list[tuple[str, list[_Layer]]], ground: list[_Layer]) -> str:
    """The whole document."""
    grid = content.runs[0].grid
    everything = [layer for _, layers in groups for layer in layers] + ground
    crs, extent = crs_element(grid.pyproj_crs), _extent(content)
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
        f'<ProjectViewSettings UseProjectScales="0"><DefaultViewExtent {corners(extent)}>{crs}</DefaultViewExtent>'
        "</ProjectViewSettings>"
        f"<projectMetadata><title>{escape(content.title)}</title><abstract>{escape(notes)}</abstract>"
        f'<keywords vocabulary="audience"><keyword>{content.audience}</keyword></keywords>'
        f"</projectMetadata>{print_page(content, extent, crs)}</qgis>"
    )


def _extent(content: FieldContent) -> tuple[float, float, float, float]:
    """What the map shows at first: places, fences and passages of all species as far as the study reaches, with a margin."""
    west, south, east, north = content.runs[0].grid.bounds
    boxes = [place.geometry.bounds for run in content.runs for place in run.places]
    boxes += [fence.line.bounds for fence in content.fences]
    boxes += [(x, y, x, y) for x, y in content.passages[["x", "y"]].to_numpy(float)]
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    low, high = np.maximum(low, (west, south)), np.minimum(high, (east, north))
    margin = MARGIN * float(np.max(high - low))
    return (*(float(v) for v in low - margin), *(float(v) for v in high + margin))  # type: ignore[return-value]


def _rectangle(tag: str, box: Sequence[float]) -> str:
    return f"<{tag}>{''.join(f'<{n}>{v:.3f}</{n}>' for n, v in zip(CORNERS, box, strict=True))}</{tag}>"


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
