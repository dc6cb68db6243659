"""Maps of effort and risk, and the chart of encounter rates by year."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from scenarios.crime.rates import POACHING
from scenarios.model.ground import ground_of
from scenarios.outputs.audience import badge
from scenarios.outputs.cartography.chart import page_of
from scenarios.outputs.cartography.features import draw_borders, draw_places, draw_plain_fences
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import Scene, draw_surface, legend_of_ground, make_scene
from scenarios.outputs.cartography.sheet import INK, MUTED, Sheet, Texts, new_sheet, save_png
from scenarios.outputs.words import schematic_note
from scenarios.statistics.rates import LEVEL

if TYPE_CHECKING:
    import geopandas as gpd

    from scenarios.crime.results import CrimeResults

__all__ = ["write_maps", "write_rates"]

SYNTHETIC = "SYNTHETIC DATA"
FIRM = 4.0
"""Upper over lower end of the interval from which a cell's risk is drawn faint: it is mostly the prior."""


def write_maps(found: CrimeResults, folder: Path, borders: gpd.GeoDataFrame | None) -> list[Path]:
    """Write ``effort.png`` and ``risk.png``."""
    scene = make_scene(ground_of(found.prepared), borders, found.prepared.resolved.study.credits, found.say)
    effort = np.where(found.effort.km > 0, found.effort.km, np.nan)
    say = found.say
    risk, top = found.risk.mean, max(2.0, float(np.nanmax(found.risk.mean)))
    return [
        _map(
            found,
            scene,
            folder / "effort.png",
            "Where patrols looked",
            effort,
            mpl.colormaps["cividis"],
            LogNorm(1.0, max(10.0, float(np.nanmax(found.effort.km))), clip=True),
            say("Kilometres of patrol in each {km} km cell").format(km=say(f"{found.data.settings.cell_km:g}")),
            ("few", "many"),
            ("Bare land: no patrol came there. What happens there is not known.",),
        ),
        _map(
            found,
            scene,
            folder / "risk.png",
            "Poaching risk",
            np.where(_firm(found), risk, np.nan),
            mpl.colormaps["PuOr_r"],
            LogNorm(1 / top, top, clip=True),
            "Rate of signs relative to the average of all patrols",
            ("lower", "higher"),
            (
                say(
                    "Bare land: nearly nothing is known (the {level} interval spans more than a factor of {factor}); there the average "
                    "is assumed."
                ).format(level=f"{LEVEL:.0%}", factor=say(f"{FIRM:g}")),
                say("Cells learn from neighbours within about {km} km, a distance that the data chose.").format(
                    km=say(f"{found.risk.bandwidth_km:g}")
                ),
                "Patrols go where they expect something: risk where they rarely go is understated or unknown.",
            ),
        ),
    ]


def _firm(found: CrimeResults) -> NDArray[np.bool_]:
    return found.risk.high / np.maximum(found.risk.low, 1e-12) <= FIRM


def _map(
    found: CrimeResults,
    scene: Scene,
    path: Path,
    title: str,
    values: NDArray[np.float64],
    cmap: mpl.colors.Colormap,
    norm: LogNorm,
    note: str,
    ends: tuple[str, str],
    sentences: tuple[str, ...],
) -> Path:
    run = scene.run
    say = found.say
    synthetic = f"{say(SYNTHETIC)}; " if found.data.settings.synthetic else ""
    texts = Texts(
        title=say(title),
        subtitle=say(run.titles["study"]),
        badge=badge(found.audience),
        warning=synthetic + say(schematic_note(run)),
        credits=scene.credits,
    )
    sheet = new_sheet(run.grid, run.grid.bounds, texts, say=say)
    draw_surface(sheet, scene, _blocks(found, scene, values), cmap, norm, note, ends)
    sheet.panel.heading("Also on the map")
    draw_plain_fences(sheet, scene)
    draw_borders(sheet, scene)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, [])
    _circles(found, sheet)
    legend_of_ground(sheet, scene)
    sheet.panel.closing("How to read it", sentences)
    return save_png(sheet.figure, path)


def _blocks(found: CrimeResults, scene: Scene, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coarse values repeated onto the scene's blocks, each block by the coarse cell that holds its centre."""
    coarse, grid = found.effort.grid, scene.run.grid
    cell = scene.factor * grid.cell_width_m, scene.factor * grid.cell_height_m
    xmin, _, _, ymax = grid.bounds
    left, _, _, top = coarse.bounds
    cols = ((xmin - left + cell[0] * (np.arange(scene.water.shape[1]) + 0.5)) // coarse.cell_width_m).astype(np.intp)
    rows = ((top - ymax + cell[1] * (np.arange(scene.water.shape[0]) + 0.5)) // coarse.cell_height_m).astype(np.intp)
    rows, cols = np.clip(rows, 0, coarse.height - 1), np.clip(cols, 0, coarse.width - 1)
    return values[rows[:, None], cols[None, :]]


def _circles(found: CrimeResults, sheet: Sheet) -> None:
    from matplotlib.patches import Circle

    if not found.proposals or found.audience.level > 0:
        return
    for one in found.proposals:
        x, y = found.effort.grid.map_xy(one.lon, one.lat)
        sheet.axes.add_patch(Circle((x, y), one.radius_m, fill=False, edgecolor=INK, linewidth=1.6, zorder=6))
    sheet.panel.patch("patrols proposed (risk times animals)", facecolor="none", edgecolor=INK, linewidth=1.4)


def write_rates(found: CrimeResults, path: Path) -> Path:
    """Encounter rate of signs of poaching by year, with intervals, over the kilometres that were patrolled."""
    rows = found.rates[(found.rates["type"] == POACHING) & (found.rates["year"] != "all")]
    figure = page_of(7.2, 3.9, layout="constrained")
    axes, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    at = np.arange(len(rows))
    middle = rows["per_100_km"].to_numpy()
    spread = np.vstack([middle - rows["low"], rows["high"] - middle])
    axes.errorbar(at, middle, yerr=spread, fmt="o", color="#17445f", capsize=4, linewidth=1.8, markersize=7)
    say = found.say
    axes.set(
        ylabel=textwrap.fill(say("signs of poaching per 100 km"), 20),
        ylim=(0, 1.12 * max(float(rows["high"].max()), 1e-9)),
    )
    axes.set_title(
        say("Encounter rate, {level} intervals").format(level=f"{LEVEL:.0%}"), loc="left", fontsize=11, color=INK
    )
    below.bar(at, rows["km"], width=0.5, color="#b9c7ce")
    below.set(ylabel=say("km"), xticks=at, xticklabels=rows["year"])
    for one in (axes, below):
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=9, colors=MUTED)
    note = f"{say(SYNTHETIC)}.  " if found.data.settings.synthetic else ""
    figure.supxlabel(f"{note}{say(badge(found.audience))}", fontsize=8, color=MUTED)
    return save_png(figure, path)
