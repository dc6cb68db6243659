"""Everything that `otkel passages` writes: tables, GeoPackage, pictures, the plan in words, and one page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import LineString

from rasters.io import replacing, write_geopackage
from scenarios.land.actions import area_shape
from scenarios.model.ground import Ground, ground_of
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.page import page_environment
from scenarios.outputs.tables import write_csv
from scenarios.outputs.words import WORKING_NOTE, schematic_note
from scenarios.passages.choose import PortfolioRun
from scenarios.passages.pictures import READING, draw_frontier, write_plan_map
from scenarios.passages.words import Item, describe_plan, plan_table

__all__ = ["MEANINGS", "ground_of_all", "write_page", "write_portfolio"]

MEANINGS = {
    "candidate": ("", "Candidate passage, or stretch of fence that may be taken away."),
    "item": ("", "Chosen passage or action."),
    "number": ("", "Number on the map; what adds most is 1."),
    "kind": ("", "passage, removal (of a stretch of fence), or the kind of an action."),
    "fence": ("", "Fence that it opens."),
    "fence_line": ("", "Line along the border that the fence belongs to."),
    "country": ("", "Country whose fence it is."),
    "along_m": ("m", "Distance from the start of the fence line."),
    "x": ("m", "Easting in the study's coordinate reference system."),
    "y": ("m", "Northing in the study's coordinate reference system."),
    "lon": ("degrees", "Longitude, WGS 84."),
    "lat": ("degrees", "Latitude, WGS 84."),
    "width_m": ("m", "Width of the opening."),
    "design": ("", "How it would be built, as the study describes."),
    "cost": ("cost units", "Its cost, or that of the plan."),
    "origin": ("", "Where cost and width come from."),
    "geometry_status": ("", "surveyed, or how the line was made; schematic = never surveyed."),
    "gain": ("1", "Share of what all fences take away that is given back, weighted over species."),
    "gain_in_bundle": ("1", "Half of what it gives back with its best partner in another line."),
    "gain_apart": ("1", "Sum of what the two give back, each alone."),
    "local_maximum": ("", "No other candidate near it on the fence gains more alone."),
    "shortlisted": ("", "Whether the plan was chosen among it and others."),
    "chosen": ("", "Whether it is in the plan."),
    "next_gain": ("1", "What it would add to the plan; empty where a rule forbids it or it was not shortlisted."),
    "first": ("", "Candidate of a bundle."),
    "second": ("", "The other, in another fence line."),
    "species": ("", "For whom the plan was made; all = all species by their weights."),
    "budget": ("cost units", "What the plan may cost."),
    "bound": ("1", "No plan for this budget gains more."),
    "gap": ("1", "Share of the bound that may be missing."),
    "plan": ("", "Passages and actions of the best plan for this budget."),
    "gain_without": ("1", "Gain of the best plan without it."),
    "loss": ("1", "Share of the gain that is lost without it, at least."),
    "needed": ("", "Whether every near-optimal plan holds it."),
}
"""Column -> unit and meaning."""


def ground_of_all(run: PortfolioRun) -> Ground:
    """Ground, fences and places of all species of a plan."""
    grounds = [ground_of(one) for one in run.prepared.values()]
    places = {place.id: place for one in grounds for place in one.places}
    sentences = dict.fromkeys(sentence for one in grounds for sentence in one.assumptions)
    titles = grounds[0].titles | {"species": "All species"}
    return replace(
        grounds[0],
        species="all",
        titles=titles,
        places=tuple(places.values()),
        assumptions=tuple(sentences),
        seconds=run.seconds,
    )


def write_portfolio(
    run: PortfolioRun,
    ground: Ground,
    items: Sequence[Item],
    folder: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
) -> list[Path]:
    """Write the tables, ``plan.gpkg``, ``plan.txt``, ``frontier.png`` and ``plan.png``."""
    tables = {
        "plan.csv": plan_table(run), "candidates.csv": run.candidates, "bundles.csv": run.bundles.head(1000),
        "frontier.csv": run.frontier, "needs.csv": run.needs,
    }  # fmt: skip
    written = [write_csv(folder / name, table) for name, table in tables.items()]
    written.append(write_csv(folder / "columns.csv", _dictionary(tables)))
    with replacing(folder / "plan.txt") as part:
        words = [*describe_plan(run), "", *(f"{number}. {name}. {text}" for number, name, text in items)]
        part.write_text("\n".join(words) + "\n", encoding="utf-8")
    written += [folder / "plan.txt", _write_layers(run, ground, items, folder)]
    written.append(draw_frontier(run, folder / "frontier.png"))
    written.append(write_plan_map(run, ground, folder / "plan.png", borders=borders, credits=credits))
    return written


def _dictionary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = [(file, column, *meaning_of(column)) for file, table in tables.items() for column in map(str, table.columns)]
    return pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])


def meaning_of(column: str) -> tuple[str, str]:
    """Unit and meaning of a column."""
    if column in MEANINGS:
        return MEANINGS[column]
    species = column.removeprefix("gain_")
    return ("1", f"The same gain for {species} alone, not weighted.") if species != column else ("", "")


def _write_layers(run: PortfolioRun, ground: Ground, items: Sequence[Item], folder: Path) -> Path:
    words = {name: text for _, name, text in items}
    plan = plan_table(run)
    plan["description"] = [words.get(name, "") for name in plan.get("item", [])]
    layers = {
        "plan": _frame(run, plan, [_spot(run, row) for row in plan.to_dict("records")]),
        "candidates": _frame(run, run.candidates, shapely.points(run.candidates[["x", "y"]].to_numpy(float))),
        "bundles": _frame(run, run.bundles.head(200), _bundle_lines(run)),
        "areas": _areas(run),
        "fences": _fences(run),
        "places": _frame(
            run,
            pd.DataFrame(
                [
                    {"id": p.id, "name": p.name, "role": p.role, "geometry_status": p.geometry_status}
                    for p in ground.places
                ]
            ),
            [p.geometry for p in ground.places],
        ),
    }
    metadata = {
        "study": run.resolved.study.study, "scenario": run.resolved.scenario, "audience": WORKING_NOTE,
        "objective": run.settings.objective, "budget": f"{run.best.budget:g}", "geometry": schematic_note(ground) or "surveyed",
        "assumptions": " ".join(ground.assumptions), "units": json.dumps({k: v[0] for k, v in MEANINGS.items()}, sort_keys=True),
    }  # fmt: skip
    return write_geopackage(folder / "plan.gpkg", layers, metadata=metadata)


def _frame(run: PortfolioRun, table: pd.DataFrame, geometry: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=list(geometry), crs=run.inputs.grid.pyproj_crs)


def _spot(run: PortfolioRun, row: dict[Any, Any]) -> Any:
    action = run.resolved.study.actions.get(row["item"])
    if action is not None and action.area is not None:
        return area_shape(action.area, run.inputs).centroid
    return shapely.Point(row["x"], row["y"]) if row.get("x") is not None else shapely.Point()


def _bundle_lines(run: PortfolioRun) -> list[LineString]:
    spots = {
        n: (x, y) for n, x, y in zip(run.candidates["candidate"], run.candidates["x"], run.candidates["y"], strict=True)
    }
    best = run.bundles.head(200)
    return [LineString([spots[a], spots[b]]) for a, b in zip(best["first"], best["second"], strict=True)]


def _areas(run: PortfolioRun) -> gpd.GeoDataFrame:
    """Areas of all actions that might be chosen."""
    actions = {n: a for n, a in run.resolved.study.actions.items() if a.area is not None and n in run.settings.actions}
    table = pd.DataFrame(
        {
            "action": list(actions), "title": [a.title for a in actions.values()], "kind": [a.kind for a in actions.values()],
            "cost": [a.cost for a in actions.values()], "chosen": [n in run.best.actions for n in actions],
        }
    )  # fmt: skip
    return _frame(run, table, [area_shape(a.area, run.inputs) for a in actions.values() if a.area is not None])


def _fences(run: PortfolioRun) -> gpd.GeoDataFrame:
    fences = run.inputs.cuts.fences
    columns = ("id", "name", "fence_line", "country", "geometry_status")
    return _frame(run, pd.DataFrame([{c: getattr(f, c) for c in columns} for f in fences]), [f.line for f in fences])


def write_page(
    run: PortfolioRun,
    ground: Ground,
    items: Sequence[Item],
    folder: Path,
    *,
    sentences: Sequence[str] = (),
    credits: Sequence[str] = (),
) -> Path:
    """Write ``index.html``; ``sentences`` say how firm the candidates are in draws of the uncertain numbers."""
    files = {
        "plan.csv": "the plan as a table", "plan.txt": "this page's sentences", "candidates.csv": "every candidate",
        "bundles.csv": "pairs that belong together", "frontier.csv": "the best plan for each budget", "needs.csv": "what can be replaced",
        "columns.csv": "meaning and unit of every column", "plan.gpkg": "layers for QGIS", "stability.csv": "candidates in the draws",
        MARKER: "inputs, versions and settings of this run",
    }  # fmt: skip
    page = page_environment().get_template("passages.html").render(
        study=run.resolved.study.title, scenario=run.resolved.scenario_title, audience=Audience.RESTRICTED, audience_note=WORKING_NOTE,
        warning=schematic_note(ground), summary=describe_plan(run), items=items, reading=READING, sentences=sentences,
        firm=(folder / "stability.png").is_file(), assumptions=ground.assumptions, credits=credits,
        files=[(name, text) for name, text in files.items() if (folder / name).is_file() or name == MARKER],
    )  # fmt: skip
    with replacing(folder / "index.html") as part:
        part.write_text(page, encoding="utf-8")
    return folder / "index.html"
