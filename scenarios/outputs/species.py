"""Files of `otkel run`: all of one scenario and species, and a whole folder of them for an audience."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenarios.model.passage_model import write_model
from scenarios.model.results import SpeciesRun
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import made_folder, run_folder
from scenarios.outputs.generalise import generalised, generalised_ranking
from scenarios.outputs.gis.context import write_context
from scenarios.outputs.gis.geopackage import write_layers
from scenarios.outputs.gis.rasters import write_rasters
from scenarios.outputs.map import write_maps
from scenarios.outputs.pages.frame import Table
from scenarios.outputs.pages.index import write_index
from scenarios.outputs.parked import parked
from scenarios.outputs.release import MODEL, Release
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.report.page import write_report
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.tables import named_passages, write_combined, write_tables
from scenarios.outputs.translate import ENGLISH, Language, language
from scenarios.study.land import ContextName

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["write_run", "write_species_run"]


def write_species_run(
    run: SpeciesRun,
    folder: str | Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write the rasters, layers, tables and maps of one scenario and species.

    Parameters
    ----------
    run : SpeciesRun
    folder : path
        Made if it is not there; its files are replaced.
    borders : GeoDataFrame, optional
        Lines drawn on the maps, in any CRS.
    credits : sequence of str
        Attribution that the data ask for, printed on the maps.
    say : Language
        Of the maps, and of the legends of layers.

    Returns
    -------
    list of Path
        The files, in the order they were written.
    """
    folder = made_folder(folder)
    return [
        *write_rasters(run, folder),
        write_layers(run, folder, say),
        *write_tables(run, folder),
        *write_maps(run, folder, borders=borders, credits=credits, say=say),
    ]


def write_run(
    folder: Path,
    scenarios: Iterable[tuple[Sequence[SpeciesRun], pd.DataFrame | None]],
    audience: Audience,
    *,
    borders: gpd.GeoDataFrame | None,
    credits: Sequence[str],
    bases: Mapping[str, Basis],
    lang: str = "",
    around: Mapping[ContextName, gpd.GeoDataFrame] | None = None,
    built: Callable[[Language], Mapping[str, Table]] = lambda say: {},
) -> Contents:
    """Write a folder of results, all but its manifest, for an audience: everything goes through `generalised` first.

    Parameters
    ----------
    scenarios : iterable of (sequence of SpeciesRun, DataFrame or None)
        The runs of each scenario as they were computed, and the ranking over all its species; taken one at a time.
    borders, credits
        As in `write_species_run`.
    bases : mapping of str to Basis
        What saved scenarios build on, for the restricted alone: settings name places.
    lang : str
        Language of the maps, of ``index.html``, and that ``report.html`` opens in; empty for English, and for the reader's own.
    around : mapping of str to GeoDataFrame, optional
        As in `write_context`.
    built : callable, optional
        As in `write_index`.

    Returns
    -------
    Contents
        What was written, with the precision that the audience may have.
    """
    done: list[Release] = []
    tables: dict[str, pd.DataFrame] = {}
    for precise, combined in scenarios:
        name, shown = precise[0].scenario, [generalised(run, audience) for run in precise]
        _write_scenario(folder, shown, done[0] if done else None, borders, around or {}, credits, lang)
        if combined is not None:
            tables[name] = generalised_ranking(combined, precise[0].cuts.fences, precise[0].grid, audience)
            write_combined(named_passages(tables[name], shown[0].cuts.fences), folder / name)
        done += map(parked, shown)
        del precise, shown  # before the next scenario is solved
    kept = dict(bases) if audience is Audience.RESTRICTED else {}
    contents = Contents(
        runs=tuple(done), combined=tables, bases=kept, credits=tuple(credits), borders=borders, lang=lang
    )
    write_report(folder, contents)
    say = language(lang or "en", done)
    write_index(folder, done, credits=credits, combined=tables, built=built(say), say=say)
    return contents


def _write_scenario(
    folder: Path,
    shown: Sequence[Release],
    first: Release | None,
    borders: gpd.GeoDataFrame | None,
    around: Mapping[ContextName, gpd.GeoDataFrame],
    credits: Sequence[str],
    lang: str,
) -> None:
    say = language(lang or "en", shown)
    for run in shown:
        at = folder / run_folder(run.scenario, run.species)
        write_species_run(run, at, borders=borders, credits=credits, say=say)
        if run.model is not None:
            write_model(run.model, at / MODEL)
    write_context(folder, shown[0], first=first, borders=borders, around=around, credits=credits)
