"""Files of `otkel sensitivity`: two maps as GeoTIFF, a picture, and tables of numbers and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap

from rasters.arrays import Reals
from rasters.files.writing import write_cog
from scenarios.land.prepared import Prepared
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.features import draw_borders, draw_places, draw_plain_fences, draw_standing
from scenarios.outputs.cartography.furniture import block_mean
from scenarios.outputs.cartography.labels import draw_labels
from scenarios.outputs.cartography.scene import draw_surface, legend_of_ground, log_norm, make_scene
from scenarios.outputs.cartography.sheet import Texts, new_sheet, save_png
from scenarios.outputs.tables import write_csv
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, schematic_note
from scenarios.sensitivity.indicators import TITLES, Derivative
from scenarios.sensitivity.places import Surfaces

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["READING", "TITLE", "Sensitivity", "stem_of", "write_sensitivity"]

TITLE = "Where better habitat would pay most"
LEGEND = "Gain of the indicator per km\u00b2 of best habitat [millionths, logarithmic]"
READING = (
    "Dark land is where better habitat would bring most: the share by which the indicator gets better, to first order, when a square "
    "kilometre there becomes the best habitat of the species. It points at places; each on its own, and not at what they bring together."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """One indicator of one species in one scenario."""

    indicator: str
    prepared: Prepared
    ground: Ground
    found: Derivative
    surfaces: Surfaces
    parameters: pd.DataFrame
    places: pd.DataFrame

    @property
    def title(self) -> str:
        """What the indicator is."""
        return TITLES[self.indicator][0]


def stem_of(one: Sensitivity, what: str) -> str:
    """Name of a file without its ending."""
    return f"{what}_{one.indicator}"


def write_sensitivity(
    one: Sensitivity,
    folder: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write ``elasticity_*.tif``, ``restored_*.tif``, ``restored_*.png``, ``parameters_*.csv`` and ``places_*.csv``; ``say`` is the
    map's voice."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _raster(
            one, folder, "elasticity", one.surfaces.elasticity_per_km2, "per cent per per cent of resistance and km2"
        ),
        _raster(one, folder, "restored", one.surfaces.restored_share_per_km2, "share gained per km2 of best habitat"),
        write_csv(folder / f"{stem_of(one, 'parameters')}.csv", one.parameters, of="sensitivity"),
        write_csv(folder / f"{stem_of(one, 'places')}.csv", one.places, of="sensitivity"),
        _map(one, folder / f"{stem_of(one, 'restored')}.png", borders, credits, say),
    ]


def _raster(one: Sensitivity, folder: Path, what: str, values: Reals, meaning: str) -> Path:
    ground = one.ground
    tags = {
        "study": ground.study,
        "scenario": ground.scenario,
        "species": ground.species,
        "indicator": one.title,
        "meaning": meaning,
        "geometry": schematic_note(ground) or "surveyed",
        "audience": WORKING_NOTE,
        "assumptions": " ".join(ground.assumptions),
    }
    return write_cog(
        folder / f"{stem_of(one, what)}.tif",
        values,
        ground.grid,
        nodata=np.isnan(values),
        description=f"{meaning} [1/km2]",
        unit="1/km2",
        tags=tags,
    )


def _map(one: Sensitivity, path: Path, borders: gpd.GeoDataFrame | None, credits: Sequence[str], say: Language) -> Path:
    ground, title = one.ground, say(TITLE)
    scene = make_scene(ground, borders, credits, say)
    names = [say(ground.titles.get(key, getattr(ground, key))) for key in ("species", "study", "scenario")]
    texts = Texts(
        title=f"{names[0]}: {title[0].lower()}{title[1:]}",
        subtitle="   \u00b7   ".join((*names[1:], say(one.title))),
        badge=badge(Audience.RESTRICTED),
        warning=schematic_note(ground),
        credits=scene.credits,
    )
    sheet = new_sheet(ground.grid, ground.grid.bounds, texts, say=say)
    values = block_mean(one.surfaces.restored_share_per_km2 * 1e6, scene.factor)
    values = np.where(values > 0, values, np.nan)
    colours = ListedColormap(mpl.colormaps["YlGnBu"](np.linspace(0.08, 1.0, 256)), name="gain")
    draw_surface(sheet, scene, values, colours, log_norm(values, 0.5, 0.9995), LEGEND, ("little", "much"))
    sheet.panel.heading("Also on the map")
    draw_borders(sheet, scene)
    draw_plain_fences(sheet, scene)
    draw_places(sheet, scene)
    draw_labels(sheet, scene, [], [])
    draw_standing(sheet, scene)
    legend_of_ground(sheet, scene)
    sheet.panel.closing("How to read it", (READING,))
    sheet.panel.closing("Assumed", ground.assumptions)
    return save_png(sheet.figure, path)
