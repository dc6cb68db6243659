"""Differences of maps: COGs with a QGIS style beside each, and drawn maps, all in a palette that diverges around zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex
from numpy.typing import NDArray
from shapely import get_coordinates, get_parts

from rasters.files.writing import replacing, write_cog
from scenarios.comparison.sides import Pairing
from scenarios.outputs.audience import badge
from scenarios.outputs.cartography.features import draw_borders, draw_places
from scenarios.outputs.cartography.furniture import block_mean, block_pick, nice_below
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import RunScene, draw_ground, draw_surface, legend_of_ground, paint, run_scene
from scenarios.outputs.cartography.sheet import INK, Sheet, Texts, new_sheet, save_png
from scenarios.outputs.release import reader_of
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import note_of, schematic_note

if TYPE_CHECKING:
    import geopandas as gpd

    from rasters.fences import Fence

__all__ = [
    "DIVERGING",
    "THEMES",
    "ChangeTheme",
    "change_of",
    "change_of_what",
    "common_scales",
    "relative_change",
    "warning_of",
    "write_difference_maps",
]

NOISE = 1e-5
"""Share of a value under which a change is rounding: files keep seven figures, solvers about six."""
CLIP = 0.98
"""Share of the cells that change whose change is within the scale of a drawn map."""

DIVERGING = LinearSegmentedColormap.from_list(
    "difference",
    ["#0a1c57", "#1f4f8f", "#4a87b5", "#9cbfd4", "#f3f0ec", "#dfb698", "#c17a4c", "#8f3d14", "#541005"],
)
"""Blue for less, brown for more, even in lightness on both sides; readable without telling red from green."""

GAINED, LOST, NOWHERE = "#00695c", "#6a1b72", "#a7a1b0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTheme:
    """A surface of a run whose change is mapped."""

    stem: str
    field: str
    title: str
    unit: str
    shown_unit: str
    per_shown: float
    ends: tuple[str, str]
    reading: str
    relative: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A surface of two runs: ``values`` is what changes from ``a`` to ``b``; colours end at ``limit``."""

    theme: ChangeTheme
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    values: NDArray[np.float64]
    limit: float


THEMES = (
    ChangeTheme(
        stem="cost_weighted_distance",
        field="cwd",
        title="Effort to reach the nearest target",
        unit="effective m",
        shown_unit="effective km",
        per_shown=1000.0,
        ends=("less effort", "more effort"),
        reading="Blue ground lies closer to a target than in the base scenario, brown ground farther. An even colour behind a "
        "fence is what crossing or going round it costs.",
    ),
    ChangeTheme(
        stem="current_density",
        field="current_density",
        title="Expected flow of movement",
        unit="A/m",
        shown_unit="\u00b5A/m",
        per_shown=1e-6,
        ends=("less movement", "more movement"),
        reading="The same walkers on other ways: brown is where more of them would pass, blue where fewer would. It ranks "
        "places; it does not count animals.",
    ),
    ChangeTheme(
        stem="corridor",
        field="corridor",
        title="Extra cost of routes",
        unit="effective m",
        shown_unit="effective km",
        per_shown=1000.0,
        ends=("nearer to the best route", "farther from it"),
        relative=False,
        reading="Blue ground lies nearer to the best route than in the base scenario.",
    ),
    ChangeTheme(
        stem="resistance",
        field="resistance",
        title="Resistance to movement",
        unit="1",
        shown_unit="1",
        per_shown=1.0,
        ends=("easier ground", "harder ground"),
        reading="Where the ground itself was given another resistance.",
    ),
)
DRAWN = ("cost_weighted_distance", "current_density", "resistance")
"""Surfaces whose change is drawn as a picture; where nothing changes only the first two are."""


def change_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``b - a`` of two surfaces.

    ``inf`` where only ``a`` has a way, ``-inf`` where only ``b`` has one, NaN where neither has or a value is not known; a
    change under `NOISE` of the value is 0.
    """
    with np.errstate(invalid="ignore"):
        change = b - a
        change[np.isfinite(change) & (np.abs(change) <= NOISE * np.maximum(np.abs(a), np.abs(b)))] = 0.0
    return change


def relative_change(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``100 (b - a) / a`` [%]; 0 where both are 0, ``inf`` where only ``a`` is 0 or has a way, -100 where only ``b`` has one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        change = 100.0 * (b / a - 1.0)
        change[np.abs(change) <= 100.0 * NOISE] = 0.0
    change[(a == 0) & (b == 0)] = 0.0
    return change


def surface_of(run: Any, theme: ChangeTheme) -> NDArray[np.float64]:
    """Values of a theme's surface; impassable ground has infinite resistance."""
    if theme.field == "resistance":
        return np.where(run.surface.barrier, np.inf, np.where(run.surface.nodata, np.nan, run.surface.values))
    values: NDArray[np.float64] = getattr(run, theme.field)
    return values


def common_scales(pairings: Sequence[Pairing]) -> dict[str, float]:
    """Surface -> where the scale of its change ends, the same for all sides of a species so that their maps compare.

    A round number that most cells which change keep to, in the surface's own unit.
    """
    scales: dict[str, float] = {}
    for theme in THEMES:
        changes = (change_of(surface_of(p.a, theme), surface_of(p.b, theme)) for p in pairings)
        scales[theme.stem] = max(map(_limit, changes)) or 1.0
    return scales


def write_difference_maps(
    pairing: Pairing,
    folder: Path,
    scales: Mapping[str, float],
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write what changes from one run to another as rasters, and draw it.

    Parameters
    ----------
    pairing : Pairing
    folder : path
        Made if it is not there.
    scales : mapping of str to float
        See `common_scales`.
    borders : GeoDataFrame, optional
    credits : sequence of str
    say : Language

    Returns
    -------
    list of Path
        A surface that is the same in both has no rasters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scene, written = None, []
    for theme in THEMES:
        a, b = surface_of(pairing.a, theme), surface_of(pairing.b, theme)
        change = Change(theme=theme, a=a, b=b, values=change_of(a, b), limit=scales[theme.stem])
        changed = bool(np.nan_to_num(change.values).any())
        if changed:
            written += _write_rasters(pairing, change, folder)
        if theme.stem in DRAWN and (changed or theme.stem != "resistance"):
            scene = scene or run_scene(pairing.b, borders, credits, say)
            written.append(save_png(_drawn(pairing, scene, change).figure, folder / f"{theme.stem}_difference.png"))
    return written


# -------------------------------------------------------------------------------------------------------------- rasters


def _write_rasters(pairing: Pairing, change: Change, folder: Path) -> list[Path]:
    theme, base, other = change.theme, pairing.base.label, pairing.other.label
    special = f"inf: a route only in {base}; -inf: a route only in {other}; NaN: not known, or no route in both"
    title = f"{theme.title}, {other} minus {base}"
    written = _write_raster(
        pairing, folder / f"{theme.stem}_difference.tif", change.values, theme.unit, (title, special)
    )
    _write_style(written.with_suffix(".qml"), change.limit, theme.unit)
    paths = [written, written.with_suffix(".qml")]
    if theme.relative:
        values = relative_change(change.a, change.b)
        title, special = f"{theme.title}, {other} against {base}", f"{special}, or 0 in {base}"
        written = _write_raster(pairing, folder / f"{theme.stem}_relative.tif", values, "%", (title, special))
        _write_style(written.with_suffix(".qml"), _limit(values) or 1.0, "%")
        paths += [written, written.with_suffix(".qml")]
    return paths


def _write_raster(
    pairing: Pairing, path: Path, values: NDArray[np.float64], unit: str, meaning: tuple[str, str]
) -> Path:
    run = pairing.b
    tags = {
        "study": run.study,
        "species": run.species,
        "reference": pairing.base.label,
        "compared": pairing.other.label,
        "meaning": meaning[0],
        "special_values": meaning[1],
        "rounding": f"changes under {NOISE:g} of the value stand as 0",
        "geometry": warning_of(pairing) or "surveyed",
        "audience": note_of(run),
        "assumptions": " ".join(run.assumptions),
    }
    return write_cog(
        path, values, run.grid, nodata=run.surface.nodata, description=f"{meaning[0]} [{unit}]", unit=unit, tags=tags
    )


def _limit(values: NDArray[np.float64]) -> float:
    """A round number that most changed cells keep to; 0 where none changed."""
    changed = np.abs(values[np.isfinite(values) & (values != 0)])
    if changed.size == 0:
        return 0.0
    top = float(np.quantile(changed, CLIP))
    low = nice_below(top)
    return next(low * step for step in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0) if low * step >= top * (1 - 1e-9))


def _write_style(path: Path, limit: float, unit: str) -> Path:
    """The palette for QGIS, which finds it beside the raster."""
    stops = np.linspace(-1.0, 1.0, 9)
    items = "\n".join(
        f'          <item value="{stop * limit:.9g}" label="{stop * limit:+.3g} {unit}" color="{to_hex(DIVERGING((stop + 1) / 2))}" '
        'alpha="255"/>'
        for stop in stops
    )
    text = f"""<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.28" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" classificationMin="{-limit:.9g}" classificationMax="{limit:.9g}">
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" clip="0" minimumValue="{-limit:.9g}" maximumValue="{limit:.9g}">
{items}
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
  </pipe>
</qgis>
"""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def warning_of(pairing: Pairing) -> str:
    """What is not surveyed in either run: one may have fences that the other has not."""
    return max((schematic_note(run) for run in (pairing.a, pairing.b)), key=len)


# ------------------------------------------------------------------------------------------------------------- pictures


def change_of_what(say: Language, whose: str, theme: ChangeTheme) -> str:
    """``Urial: change of resistance to movement``."""
    title = say(theme.title)
    return say("{whose}: change of {what}").format(whose=whose, what=f"{title[0].lower()}{title[1:]}")


def _drawn(pairing: Pairing, scene: RunScene, change: Change) -> Sheet:
    theme, say = change.theme, scene.say
    run = pairing.b
    species, study = (say(run.titles.get(key, getattr(run, key))) for key in ("species", "study"))
    against = say("“{other}” against “{base}”").format(other=pairing.other.title, base=pairing.base.title)
    texts = Texts(
        title=change_of_what(say, species, theme),
        subtitle=f"{against}   \u00b7   {study}",
        badge=badge(reader_of(run)),
        warning=warning_of(pairing),
        credits=scene.credits,
    )
    sheet = new_sheet(run.grid, run.grid.bounds, texts, say=say)
    shown = block_mean(np.where(np.isfinite(change.values), change.values, np.nan), scene.factor) / theme.per_shown
    if np.nan_to_num(shown).any():
        limit = change.limit / theme.per_shown
        told = say("Change against the base scenario [{unit}]; beyond the ends in the last colour")
        note = told.format(unit=say(theme.shown_unit))
        draw_surface(sheet, scene, shown, DIVERGING, Normalize(-limit, limit, clip=True), note, theme.ends)
    else:
        sheet.panel.heading("Colours")
        alike = (
            "Where both have a way, nothing changes."
            if np.isinf(change.values).any()
            else "The same in both: nothing changes."
        )
        sheet.panel.text(alike, size=9, color=INK)
        draw_ground(sheet, scene)
    for side, values in ((pairing.base, change.a), (pairing.other, change.b)):
        if theme.field == "current_density" and not np.nan_to_num(values).any():
            told = say("No current flows in “{scenario}”: no core is joined to a target.")
            sheet.panel.text(told.format(scenario=side.title), size=8.2, color=INK)
    sheet.panel.heading("Also on the map")
    ground = run.surface.passable
    _paint_ways(sheet, scene, pairing, (np.isposinf(change.a) & ground, np.isposinf(change.b) & ground), theme)
    draw_borders(sheet, scene)
    _draw_fences(sheet, pairing)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, passages=[])
    legend_of_ground(sheet, scene)
    sheet.panel.closing("How to read it", (theme.reading,))
    sheet.panel.closing("Assumed", run.assumptions)
    return sheet


def _paint_ways(
    sheet: Sheet,
    scene: RunScene,
    pairing: Pairing,
    cut_off: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    theme: ChangeTheme,
) -> None:
    """Ground from which only one of the two runs, or neither, has a way."""
    if theme.field == "resistance":
        return
    in_a, in_b = cut_off
    for where, color, label in (
        (in_a & ~in_b, GAINED, sheet.say("a way only in “{scenario}”").format(scenario=pairing.other.title)),
        (in_b & ~in_a, LOST, sheet.say("a way only in “{scenario}”").format(scenario=pairing.base.title)),
        (in_a & in_b, NOWHERE, "no route to any target in both"),
    ):
        if where.any():
            paint(sheet, scene, block_pick(where, scene.factor), color)
            sheet.panel.patch(label, facecolor=color, edgecolor="none")


def _draw_fences(sheet: Sheet, pairing: Pairing) -> None:
    """Fences of both runs, told apart."""
    a, b = ({fence.id: fence for fence in run.cuts.fences} for run in (pairing.a, pairing.b))
    only = sheet.say("fence only in “{scenario}”")
    groups = (
        ([b[i] for i in b if i in a], sheet.say("fence in both"), "solid"),
        ([a[i] for i in a if i not in b], only.format(scenario=pairing.base.title), (0, (2.2, 1.4))),
        ([b[i] for i in b if i not in a], only.format(scenario=pairing.other.title), (0, (5, 1.2))),
    )
    for fences, label, dashes in groups:
        if fences:
            _draw_lines(sheet, fences, label, dashes)


def _draw_lines(sheet: Sheet, fences: Sequence[Fence], label: str, dashes: Any) -> None:
    lines = [get_coordinates(part)[:, :2] for fence in fences for part in get_parts(fence.line)]
    sheet.axes.add_collection(LineCollection(lines, colors="white", linewidths=3.2, zorder=4))
    sheet.axes.add_collection(LineCollection(lines, colors=INK, linewidths=1.5, linestyles=[dashes], zorder=4.1))
    sheet.panel.line(label, color=INK, linewidth=1.5, linestyle=dashes, casing="white")
