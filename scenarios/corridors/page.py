"""``index.html`` of the corridors: the ranking of each species with its map, offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.errors import ExportError
from rasters.io import replacing
from scenarios.corridors.map import MAP_TITLE, READING
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.tables import COLUMNS, meaning_of, route_table
from scenarios.corridors.words import describe_route, route_title
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.page import Column, Table, page_environment
from scenarios.outputs.words import WORKING_NOTE, schematic_note

__all__ = ["write_corridor_index"]

SHOWN = (
    "distinct", "source", "target", "number", "status", "cost_m", "cost_open_m", "length_km", "fence_crossings", "overlap",
    "resistance_ohm", "resistance_open_ohm", "weakest_km", "weakest_share", "share_reserves",
)  # fmt: skip
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
    "corridor_excess.tif": "Extra cost of the best way through each cell (GeoTIFF)",
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
    page = page_environment().get_template("corridors.html").render(
        study=first.titles.get("study", first.study), audience=Audience.RESTRICTED, audience_note=WORKING_NOTE,
        warnings=sorted({schematic_note(one.ground) for one in found} - {""}),
        sections=[_section(one, folder) for one in found], credits=credits,
        manifest=MARKER if (folder / MARKER).is_file() else "",
    )  # fmt: skip
    with replacing(folder / "index.html") as part:
        part.write_text(page, encoding="utf-8")
    return folder / "index.html"


def _section(found: SpeciesCorridors, folder: Path) -> dict[str, Any]:
    run = found.ground
    at = run_folder(run.scenario, run.species)
    names = {place.id: place.name for place in run.places}
    routes = route_table(found)
    listed = routes[routes["distinct"] > 0].sort_values("distinct")
    return {
        "id": f"{run.scenario}--{run.species}", "species": run.titles.get("species", run.species),
        "scenario": run.titles.get("scenario", run.scenario), "map": (at / "corridors.png").as_posix(),
        "map_title": MAP_TITLE, "reading": READING, "n_routes": len(found.routes),
        "n_closed": sum(route.status == "closed" for route in found.routes),
        "in_words": [
            {"title": route_title(found, r), "words": describe_route(found, r)} for r in found.shortlist[:3]
        ],
        "routes": as_table(_named(listed, names, ("source", "target")), SHOWN),
        "best": as_table(_named(_best(found, routes), names, ("source", "target")), BEST),
        "cores": as_table(_named(found.cores, names, ("core",)), NETWORK),
        "indices": {name: _figure(value) for name, value in found.indices.items()},
        "assumptions": run.assumptions,
        "files": [
            {"href": (at / name).as_posix(), "name": name, "text": text}
            for name, text in FILES.items()
            if (folder / at / name).is_file()
        ],
    }  # fmt: skip


def _best(found: SpeciesCorridors, routes: pd.DataFrame) -> pd.DataFrame:
    """The best route of each core."""
    return routes.set_index("route", drop=False).loc[[route.id for route in found.best_of_each_core]]


def _named(table: pd.DataFrame, names: dict[str, str], columns: Sequence[str]) -> pd.DataFrame:
    """Places by name instead of id."""
    return table.assign(**{c: [names.get(i, i) for i in table[c]] for c in columns if c in table.columns})


def as_table(frame: pd.DataFrame, shown: Sequence[str]) -> Table:
    """Chosen columns as text; effective metres become kilometres, shares per cent."""
    names = [name for name in shown if name in frame.columns]
    columns = tuple(
        Column(
            label=COLUMNS[name][0], unit=_unit(name), meaning=meaning_of(name)[1],
            number=pd.api.types.is_numeric_dtype(frame[name]),
        )
        for name in names
    )  # fmt: skip
    rows = tuple(
        tuple(_cell(name, value) for name, value in zip(names, row, strict=True))
        for row in frame[names].itertuples(index=False, name=None)
    )
    return Table(columns=columns, rows=rows)


def _is_share(name: str) -> bool:
    return name == "overlap" or "share" in name


def _unit(name: str) -> str:
    unit = COLUMNS[name][1]
    return "%" if _is_share(name) else {"effective m": "effective km", "ohm": "\u03a9", "1": ""}.get(unit, unit)


def _cell(name: str, value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value) or "\u2013"
    number = float(value)
    if _is_share(name):
        return _figure(100.0 * number)
    return _figure(number / 1000.0 if COLUMNS[name][1] == "effective m" else number)


def _figure(value: float) -> str:
    """Three figures with thin spaces between thousands."""
    if value != value:
        return "\u2013"
    if value in (float("inf"), float("-inf")):
        return "closed"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"
