"""``index.html`` of the corridors: the ranking of each species with its map, offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.errors import ExportError
from rasters.numbers import figure
from scenarios.corridors.map import MAP_TITLE, READING
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.tables import route_table
from scenarios.corridors.words import describe_route, route_title
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.words import WORKING_NOTE, schematic_note

__all__ = ["write_corridor_index"]

SHOWN = (
    "distinct",
    "source",
    "target",
    "number",
    "status",
    "cost_m",
    "cost_open_m",
    "length_km",
    "fence_crossings",
    "overlap",
    "resistance_ohm",
    "resistance_open_ohm",
    "weakest_km",
    "weakest_share",
    "share_reserves",
)
BEST = ("rank", "source", "target", "cost_m", "cost_open_m", "length_km", "crossings", "passes")
NETWORK = ("core", "area_km2", "links", "centrality_a", "dpc_percent", "dpc_intra", "dpc_flux", "dpc_connector")
FILES = {
    "corridors.gpkg": "Routes, crossings, weakest places, corridors, places and fences for QGIS",
    "routes.csv": "Every route with all its figures",
    "crossings.csv": "Every place where a route meets a fence",
    "pairs.csv": "Costs and resistances between cores and targets",
    "links.csv": "The network: every link between neighbouring cores",
    "cores.csv": "The network: what each core adds",
    "columns.csv": "What each column means, and its unit",
    "corridor_excess.tif": "Extra cost of the best route through each cell (GeoTIFF)",
    "band_current.tif": "Current in the bands around the routes (GeoTIFF)",
    "barrier_score.tif": "What restoring a disc of ground would save on some link, per metre (GeoTIFF)",
}


def write_corridor_index(folder: str | Path, found: Sequence[SpeciesCorridors], *, credits: Sequence[str] = ()) -> Path:
    """Write ``index.html`` at the root of a result folder.

    Parameters
    ----------
    folder : path
        Each result's files lie in ``run_folder(scenario, species)`` under it; those that are there are linked.
    found : sequence of SpeciesCorridors
        In the order in which they are shown.
    credits : sequence of str
        Attribution that the data ask for.
    """
    folder = Path(folder)
    if not found:
        raise ExportError(f"{folder / 'index.html'}: there are no corridors to show")
    first = found[0].ground
    return write_page(
        folder / "index.html",
        "corridors.html",
        study=first.titles.get("study", first.study),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=sorted({schematic_note(one.ground) for one in found} - {""}),
        sections=[_section(one, folder) for one in found],
        credits=credits,
        manifest=(folder / MARKER).is_file(),
    )


def _section(found: SpeciesCorridors, folder: Path) -> dict[str, Any]:
    run = found.ground
    at = run_folder(run.scenario, run.species)
    names = {place.id: place.name for place in run.places}
    routes = route_table(found)
    listed = routes[routes["distinct"] > 0].sort_values("distinct")
    return {
        "id": f"{run.scenario}--{run.species}",
        "species": run.titles.get("species", run.species),
        "scenario": run.titles.get("scenario", run.scenario),
        "map": (at / "corridors.png").as_posix(),
        "map_title": MAP_TITLE,
        "reading": READING,
        "n_routes": len(found.routes),
        "n_closed": sum(route.status == "closed" for route in found.routes),
        "in_words": [{"title": route_title(found, r), "words": describe_route(found, r)} for r in found.shortlist[:3]],
        "routes": as_table(_named(listed, names, ("source", "target")), of="corridors", shown=SHOWN, digits=3),
        "best": as_table(
            _named(_best(found, routes), names, ("source", "target")), of="corridors", shown=BEST, digits=3
        ),
        "cores": as_table(_named(found.cores, names, ("core",)), of="corridors", shown=NETWORK, digits=3),
        "indices": {name: figure(value, digits=3) for name, value in found.indices.items()},
        "assumptions": run.assumptions,
        "files": [((at / name).as_posix(), text) for name, text in FILES.items() if (folder / at / name).is_file()],
    }


def _best(found: SpeciesCorridors, routes: pd.DataFrame) -> pd.DataFrame:
    """The best route of each core."""
    return routes.set_index("route", drop=False).loc[[route.id for route in found.best_of_each_core]]


def _named(table: pd.DataFrame, names: dict[str, str], columns: Sequence[str]) -> pd.DataFrame:
    """Places by name instead of id."""
    return table.assign(**{c: [names.get(i, i) for i in table[c]] for c in columns if c in table.columns})
