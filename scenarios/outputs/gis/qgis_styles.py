"""QGIS styles: how each layer of a run is drawn, as QML for GeoPackages and inside projects. Nothing of QGIS is needed.

The same colours as on the maps; they stay apart for people who see no red or no green.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely

from rasters.numbers import RAISED, figure
from scenarios.outputs.translate import ENGLISH, Language

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["RASTER_COLOURS", "StyleRule", "gain_words", "hillshade", "pseudocolour", "qml", "vector_style"]

Say = Callable[[str], str]

GAIN_COLOURS = ("#fee287", "#feab4b", "#fc5b2e", "#bd0026")
GAIN_BREAKS = (0.0, 0.01, 0.1, 0.3, 1.0)
"""Classes of the gain per kilometre, as shares of the highest."""
FENCE, CORE, TARGET, INK, PASSAGE = "#8c1d04", "#5e3c99", "#00695c", "#0b0b0b", "#ffffff"
STANDS = "#2e8b57"
CORRIDOR = {0.01: "#1f5f94", 0.05: "#8fbcdc"}

DOTS_FROM_SCALE = 500_000
NUMBER = 'if("number" > 0, to_string("number"), \'\')'
STANDING_NUMBER = "'S' || to_string(\"number\")"

RASTER_COLOURS = {
    "resistance": ("#fee838", "#a69d75", "#666970", "#303d6d"),
    "cost_weighted_distance": ("#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"),
    "corridor": ("#1f5f94", "#8fbcdc", "#eef3f7", "#ffffff"),
    "current_density": ("#fcfdbf", "#fe9f6d", "#de4968", "#8c2981", "#3b0f70"),
    "elevation": ("#6f8f72", "#d8d2a4", "#b79b6b", "#8a6f57", "#f4f1ee"),
}
"""Colours of each surface from low to high: cividis, viridis, blues, magma, and those of relief maps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleRule:
    """Features that one symbol draws: a filter in QGIS's expressions (empty: all), words for the legend, the symbol.

    ``scale`` is the smallest scale at which they show, as its denominator; 0 shows them always.
    """

    filter: str
    label: str
    symbol: str
    scale: int = 0


def qml(style: str) -> str:
    """A style as the QML document that QGIS reads from ``layer_styles`` and from files."""
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
    return f'{head}<qgis version="3.22.0" styleCategories="Symbology|Labeling">{style}</qgis>'


def vector_style(layer: str, frame: gpd.GeoDataFrame, say: Language = ENGLISH) -> str:
    """Renderer and labels of a layer of ``results.gpkg``, or of ``borders``, in a language."""
    if layer == "settlements":
        return _settlements(frame, say) + labels(_name(frame, say.code), size=7.5, bold=False)
    if layer == "places":
        return _places(frame, say) + labels(_name(frame, say.code), size=9.0, bold=False)
    make = {
        "least_cost_paths": _paths,
        "corridors": _corridors,
        "fences": _fences,
        "fence_lines": _fence_lines,
        "passages": _passages,
        "standing_passages": _standing,
        "borders": _borders,
        "water": _water,
        "roads": _roads,
    }[layer]
    return make(frame, say)


def _paths(_: gpd.GeoDataFrame, say: Say) -> str:
    symbol = line("#ffffff", 1.0) + line(INK, 0.5, dash="dash")
    return rules("line", [StyleRule(filter="", label=say("Least-cost path"), symbol=symbol)])


def _corridors(_: gpd.GeoDataFrame, say: Say) -> str:
    words = {0.01: say("Corridor, best 1 %"), 0.05: say("Corridor, best 5 %")}
    return rules(
        "fill",
        [
            StyleRule(filter=f'"share" = {share}', label=words[share], symbol=fill(CORRIDOR[share], 0.75))
            for share in (0.05, 0.01)
        ],
    )


def _fences(frame: gpd.GeoDataFrame, say: Say) -> str:
    """Stretches in classes of their gain; those without one in the plain colour."""
    gain = frame["gain_ohm2_per_km"].to_numpy(float) if len(frame) else np.empty(0)
    top = float(np.nanmax(gain)) if np.isfinite(gain).any() else 0.0
    plain = StyleRule(filter="ELSE", label=say("Fence"), symbol=cased(FENCE, 0.8))
    if top <= 0:
        return rules("line", [plain])
    levels = [float(f"{share * top:.2g}") for share in GAIN_BREAKS[1:-1]]
    bounds = [None, *levels, None]
    classes = [
        StyleRule(filter=_between(low, high), label=gain_words(n, say), symbol=cased(colour, 1.0 + 0.25 * n))
        for n, (low, high, colour) in enumerate(zip(bounds[:-1], bounds[1:], GAIN_COLOURS, strict=True))
    ]
    return rules("line", [*classes, plain])


def _between(low: float | None, high: float | None) -> str:
    column = '"gain_ohm2_per_km"'
    tests = [] if low is None else [f"{column} >= {low:g}"]
    tests += [] if high is None else [f"{column} < {high:g}"]
    return " AND ".join(tests)


def gain_words(number: int, say: Say) -> str:
    """What a class of gains is called: its limits as shares of the highest gain per kilometre of fence."""
    low, high = (f"{100 * share:g}" for share in GAIN_BREAKS[number : number + 2])
    numbers = (
        f"< {high}" if number == 0 else f"\u2265 {low}" if number == len(GAIN_COLOURS) - 1 else f"{low} \u2013 {high}"
    )
    return f"{say('Gain of an opening')}: {numbers} {say('% of the highest')}"


def _fence_lines(_: gpd.GeoDataFrame, say: Say) -> str:
    return rules("line", [StyleRule(filter="", label=say("Fence"), symbol=line(FENCE, 0.4))])


def _passages(_: gpd.GeoDataFrame, say: Say) -> str:
    """The proposed ones with the numbers that they have on the maps; all others only when one looks closely."""
    chosen = StyleRule(filter='"selected"', label=say("Proposed passage"), symbol=marker("#ffd54d", 4.6, INK))
    dot = marker(PASSAGE, 1.2, "#777777", 0.1)
    other = StyleRule(filter="ELSE", label=say("Other candidate"), symbol=dot, scale=DOTS_FROM_SCALE)
    return rules("marker", [other, chosen]) + labels(NUMBER, size=8.5, bold=True)


def _standing(_: gpd.GeoDataFrame, say: Say) -> str:
    stands = StyleRule(filter="", label=say("Passage that stands"), symbol=marker(STANDS, 3.4, INK, shape="square"))
    return rules("marker", [stands]) + labels(STANDING_NUMBER, size=8.0, bold=False)


def _places(_: gpd.GeoDataFrame, say: Say) -> str:
    roles = (("from", say("Core area"), CORE), ("to", say("Target area"), TARGET))
    return rules(
        "fill",
        [
            StyleRule(filter=f"\"role\" = '{role}'", label=words, symbol=fill(colour, 0.18, outline=colour))
            for role, words, colour in roles
        ],
    )


def _name(frame: gpd.GeoDataFrame, lang: str) -> str:
    """The name in the language where the place has one."""
    return f'coalesce(nullif("name_{lang}", \'\'), "name")' if f"name_{lang}" in frame else '"name"'


def _borders(_: gpd.GeoDataFrame, say: Say) -> str:
    return rules("line", [StyleRule(filter="", label=say("Border"), symbol=line("#4a4a4a", 0.3, dash="dash dot"))])


def _roads(_: gpd.GeoDataFrame, say: Say) -> str:
    return rules("line", [StyleRule(filter="", label=say("Road"), symbol=line("#ffffff", 0.9) + line("#6b5b4b", 0.4))])


def _water(frame: gpd.GeoDataFrame, say: Say) -> str:
    """Areas, or only lines."""
    if shapely.get_dimensions(frame.geometry.to_numpy()).max() > 1:
        return rules("fill", [StyleRule(filter="", label=say("Water"), symbol=fill("#cfe0ea", 1.0, outline="#6f97b0"))])
    return rules("line", [StyleRule(filter="", label=say("Water"), symbol=line("#6f97b0", 0.3))])


def _settlements(frame: gpd.GeoDataFrame, say: Say) -> str:
    """Areas, or only dots."""
    if shapely.get_dimensions(frame.geometry.to_numpy()).max() > 1:
        return rules("fill", [StyleRule(filter="", label=say("Settlement"), symbol=fill("#33302c", 0.35))])
    return rules("marker", [StyleRule(filter="", label=say("Settlement"), symbol=marker("#ffffff", 1.6, "#33302c"))])


def rules(kind: str, given: Sequence[StyleRule]) -> str:
    """A rule-based renderer; ``kind`` is line, fill or marker."""
    entries = "".join(
        f"<rule key={quoteattr(f'rule-{kind}-{n}')} symbol={quoteattr(str(n))} label={quoteattr(rule.label)}"
        + (f" filter={quoteattr(rule.filter)}" if rule.filter else "")
        + (f' scalemaxdenom="{rule.scale}" scalemindenom="1"' if rule.scale else "")
        + "/>"
        for n, rule in enumerate(given)
    )
    symbols = "".join(
        f'<symbol name="{n}" type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">{rule.symbol}</symbol>'
        for n, rule in enumerate(given)
    )
    return (
        '<renderer-v2 type="RuleRenderer" symbollevels="1" forceraster="0" enableorderby="0">'
        f'<rules key="rules-{kind}">{entries}</rules><symbols>{symbols}</symbols></renderer-v2>'
    )


def line(colour: str, width_mm: float, dash: str = "solid", level: int = 0) -> str:
    """A stroke; those of a higher level are drawn over all of a lower one."""
    return _symbol_layer(
        "SimpleLine",
        {
            "line_color": _rgba(colour),
            "line_width": f"{width_mm:g}",
            "line_width_unit": "MM",
            "line_style": dash,
            "capstyle": "round",
            "joinstyle": "round",
        },
        level,
    )


def cased(colour: str, width_mm: float) -> str:
    """A stroke with a dark edge, that stands out on light and dark ground; the edges of all lie under all strokes."""
    return line("#26211c", width_mm + 0.5) + line(colour, width_mm, level=1)


def fill(colour: str, opacity: float, outline: str = "") -> str:
    """An area, with an outline if one is given."""
    return _symbol_layer(
        "SimpleFill",
        {
            "color": _rgba(colour, opacity),
            "style": "solid",
            "outline_color": _rgba(outline or colour),
            "outline_style": "solid" if outline else "no",
            "outline_width": "0.4",
            "outline_width_unit": "MM",
        },
    )


def marker(colour: str, size_mm: float, outline: str, width_mm: float = 0.35, shape: str = "circle") -> str:
    """A disc, or another shape of QGIS."""
    return _symbol_layer(
        "SimpleMarker",
        {
            "name": shape,
            "color": _rgba(colour),
            "size": f"{size_mm:g}",
            "size_unit": "MM",
            "outline_color": _rgba(outline),
            "outline_width": f"{width_mm:g}",
            "outline_width_unit": "MM",
            "outline_style": "solid",
        },
    )


def _symbol_layer(kind: str, properties: dict[str, str], level: int = 0) -> str:
    """Properties twice: as versions before 3.24 read them, and as later ones do."""
    options = "".join(f'<Option name="{k}" value={quoteattr(v)} type="QString"/>' for k, v in properties.items())
    old = "".join(f"<prop k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in properties.items())
    return f'<layer class="{kind}" enabled="1" locked="0" pass="{level}"><Option type="Map">{options}</Option>{old}</layer>'


def _rgba(colour: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def labels(expression: str, *, size: float, bold: bool) -> str:
    """Words beside features, with a white edge."""
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName={quoteattr(expression)} isExpression="1" fontFamily="DejaVu Sans" fontSize="{size:g}" '
        f'fontSizeUnit="Point" fontWeight="{75 if bold else 50}" textColor="11,11,11,255" textOpacity="1">'
        '<text-buffer bufferDraw="1" bufferSize="0.9" bufferSizeUnits="MM" bufferColor="255,255,255,235" bufferOpacity="1"/>'
        "</text-style>"
        '<placement placement="0" dist="1.2" distUnits="MM" priority="8" centroidWhole="1"/>'
        '<rendering displayAll="0" scaleVisibility="0" obstacle="1"/>'
        "</settings></labeling>"
    )


def pseudocolour(surface: str, stops: Iterable[float], unit: str, opacity: float = 1.0, say: Say = str) -> str:
    """A raster of one band in colours at ``stops``, straight between them."""
    values = list(stops)
    colours = _spread(RASTER_COLOURS[surface], len(values))
    said = [_told(value, unit, say) for value in values]
    items = "".join(
        f'<item value="{value:.9g}" color="{colour}" alpha="255" label={quoteattr(words)}/>'
        for value, colour, words in zip(values, colours, said, strict=True)
    )
    return (
        f'<pipe><rasterrenderer type="singlebandpseudocolor" band="1" opacity="{opacity:g}" alphaBand="-1" nodataColor="" '
        f'classificationMin="{values[0]:.9g}" classificationMax="{values[-1]:.9g}"><rasterTransparency/>'
        '<rastershader><colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" '
        f'minimumValue="{values[0]:.9g}" maximumValue="{values[-1]:.9g}">{items}</colorrampshader></rastershader>'
        '</rasterrenderer><brightnesscontrast brightness="0" contrast="0" gamma="1"/>'
        '<rasterresampler maxOversampling="2"/></pipe>'
    )


def _told(value: float, unit: str, say: Say) -> str:
    """A colour's value as people read it: effective kilometres, small numbers as powers of ten, no unit for plain numbers."""
    value, unit = (value / 1000, "effective km") if unit == "effective m" else (value, "" if unit == "1" else unit)
    number = say(figure(value, unit, 3))
    if value and abs(value) < 1e-3:
        power = math.floor(math.log10(abs(value)))
        number = f"{say(f'{value / 10.0**power:.3g}')}\u00b710{str(power).translate(RAISED)}"
    return f"{number} {say(unit)}".strip()


def _spread(colours: Sequence[str], n: int) -> list[str]:
    """``n`` colours along a row of them."""
    channels = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], float)
    at = np.linspace(0, len(colours) - 1, n)
    mixed = np.column_stack([np.interp(at, np.arange(len(colours)), channels[:, k]) for k in range(3)])
    return ["#" + "".join(f"{round(v):02x}" for v in row) for row in mixed]


def hillshade() -> str:
    """Relief lit from the north-west."""
    return (
        '<pipe><rasterrenderer type="hillshade" band="1" azimuth="315" angle="40" zfactor="4" multidirection="1" '
        'opacity="0.45" alphaBand="-1" nodataColor=""><rasterTransparency/></rasterrenderer>'
        '<brightnesscontrast brightness="0" contrast="0" gamma="1"/><rasterresampler maxOversampling="2"/></pipe>'
    )
