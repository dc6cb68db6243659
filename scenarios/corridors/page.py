"""``index.html`` of the corridors: the ranking of each species with its map, offline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.errors import ExportError
from rasters.numbers import figure
from scenarios.corridors.map import MAP_TITLE, READING
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.tables import route_table
from scenarios.corridors.words import describe_route, route_title
from scenarios.model.naming import section_names
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.translate import ENGLISH, Language
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


def write_corridor_index(
    folder: str | Path, found: Sequence[SpeciesCorridors], *, credits: Sequence[str] = (), say: Language = ENGLISH
) -> Path:
    """Write ``index.html`` at the root of a result folder.

    Parameters
    ----------
    folder : path
        Each result's files lie in ``run_folder(scenario, species)`` under it; those that are there are linked.
    found : sequence of SpeciesCorridors
        In the order in which they are shown.
    credits : sequence of str
        Attribution that the data ask for.
    say : Language
    """
    folder = Path(folder)
    if not found:
        raise ExportError(f"{folder / 'index.html'}: there are no corridors to show")
    first = found[0].ground
    return write_page(
        folder / "index.html",
        "corridors.html",
        study=say(first.titles.get("study", first.study)),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=sorted({schematic_note(one.ground) for one in found} - {""}),
        sections=[_section(one, folder, say) for one in found],
        credits=credits,
        manifest=(folder / MARKER).is_file(),
        say=say,
    )


def _section(found: SpeciesCorridors, folder: Path, say: Language) -> dict[str, Any]:
    run = found.ground
    at = run_folder(run.scenario, run.species)
    names = {place.id: say(place.name) for place in run.places}
    routes = _said(route_table(found), found, say)
    shown = partial(as_table, of="corridors", digits=3, say=say)
    listed = routes[routes["distinct"] > 0].sort_values("distinct")
    return {
        "id": f"{run.scenario}--{run.species}",
        "species": say(run.titles.get("species", run.species)),
        "scenario": say(run.titles.get("scenario", run.scenario)),
        "map": (at / "corridors.png").as_posix(),
        "map_title": say(MAP_TITLE),
        "reading": say(READING),
        "n_routes": len(found.routes),
        "n_closed": sum(route.status == "closed" for route in found.routes),
        "in_words": [
            {"title": route_title(found, r, say), "words": describe_route(found, r, say)} for r in found.shortlist[:3]
        ],
        "routes": shown(_named(listed, names, ("source", "target")), shown=SHOWN),
        "best": shown(_named(_best(found, routes), names, ("source", "target")), shown=BEST),
        "cores": shown(_named(found.cores, names, ("core",)), shown=NETWORK),
        "indices": {name: say(figure(value, digits=3)) for name, value in found.indices.items()},
        "assumptions": [say(sentence) for sentence in run.assumptions],
        "files": [
            ((at / name).as_posix(), say(text)) for name, text in FILES.items() if (folder / at / name).is_file()
        ],
    }


def _best(found: SpeciesCorridors, routes: pd.DataFrame) -> pd.DataFrame:
    """The best route of each core."""
    return routes.set_index("route", drop=False).loc[[route.id for route in found.best_of_each_core]]


def _said(routes: pd.DataFrame, found: SpeciesCorridors, say: Language) -> pd.DataFrame:
    """What routes cross and pass, by names in the language of the page."""
    fences = section_names(found.ground.cuts.fences, say)
    place = say("{section} km {km}")
    by_id = {route.id: route for route in found.routes}
    crossed = [
        "; ".join(
            place.format(section=fences[c.fence], km=say(f"{c.along_m / 1000:.1f}")) for c in by_id[one].crossings
        )
        for one in routes["route"]
    ]
    passed = ["; ".join(map(say, by_id[one].passes)) for one in routes["route"]]
    return routes.assign(crossings=crossed, passes=passed)


def _named(table: pd.DataFrame, names: dict[str, str], columns: Sequence[str]) -> pd.DataFrame:
    """Places by name instead of id."""
    return table.assign(**{c: [names.get(i, i) for i in table[c]] for c in columns if c in table.columns})
