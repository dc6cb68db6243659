"""Everything that `otkel passages` writes: tables, GeoPackage, pictures, the plan in words, and one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import LineString

from rasters.files.writing import replacing
from scenarios.land.actions import area_shape
from scenarios.model.ground import Ground, ground_of
from scenarios.model.spoken import merged_words
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import write_page
from scenarios.outputs.tables import write_dictionary, write_vectors
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, schematic_note
from scenarios.passages.choose import PortfolioRun
from scenarios.passages.pictures import READING, draw_frontier, write_plan_map
from scenarios.passages.scenario_file import SCENARIO
from scenarios.passages.words import Item, describe_plan, item_name, plan_table

__all__ = ["ground_of_all", "items_in_words", "write_plan_page", "write_portfolio"]

FILES = {
    "plan.csv": "The plan as a table",
    "plan.txt": "The sentences of this page",
    SCENARIO: "The plan as a scenario for otkel run, then sheets and field files",
    "candidates.csv": "Every candidate",
    "bundles.csv": "Pairs that belong together",
    "frontier.csv": "The best plan for each budget",
    "needs.csv": "What can be replaced",
    "columns.csv": "What each column means, and its unit",
    "plan.gpkg": "Layers for QGIS",
    "stability.csv": "Every drawn candidate with its ranks, places and gains in the draws",
    MARKER: "Inputs, versions and settings",
}


def ground_of_all(run: PortfolioRun) -> Ground:
    """Ground, fences and places of all species of a plan."""
    grounds = [ground_of(one) for one in run.prepared.values()]
    places = {place.id: place for one in grounds for place in one.places}
    sentences = dict.fromkeys(sentence for one in grounds for sentence in one.assumptions)
    titles = grounds[0].titles | {"species": "All species"}
    words = [merged_words(*(getattr(one, key) for one in grounds)) for key in ("words", "passage_words")]
    return replace(
        grounds[0],
        species="all",
        titles=titles,
        places=tuple(places.values()),
        assumptions=tuple(sentences),
        seconds=run.seconds,
        words=words[0],
        passage_words=words[1],
    )


def write_portfolio(
    run: PortfolioRun,
    ground: Ground,
    items: Sequence[Item],
    folder: Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write the tables, ``plan.gpkg``, ``plan.txt``, ``frontier.png`` and ``plan.png``."""
    tables = {
        "plan.csv": plan_table(run),
        "candidates.csv": run.candidates,
        "bundles.csv": run.bundles.head(1000),
        "frontier.csv": run.frontier,
        "needs.csv": run.needs,
    }
    written = write_dictionary(folder, tables, of="passages")
    with replacing(folder / "plan.txt") as part:
        words = [*describe_plan(run, say), "", *items_in_words(run, items, say)]
        part.write_text("\n".join(words) + "\n", encoding="utf-8")
    written += [folder / "plan.txt", _write_layers(run, ground, items, folder)]
    written.append(draw_frontier(run, folder / "frontier.png", say))
    written.append(write_plan_map(run, ground, folder / "plan.png", borders=borders, credits=credits, say=say))
    return written


def items_in_words(run: PortfolioRun, items: Sequence[Item], say: Language) -> list[str]:
    """A numbered paragraph on each item, by the name that people call it."""
    return [f"{number}. {item_name(run, name, say)}. {text}" for number, name, text in items]


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
        "study": run.resolved.study.study,
        "scenario": run.resolved.scenario,
        "audience": WORKING_NOTE,
        "objective": run.settings.objective,
        "budget": f"{run.best.budget:g}",
        "geometry": schematic_note(ground) or "surveyed",
        "assumptions": " ".join(ground.assumptions),
    }
    return write_vectors(folder / "plan.gpkg", layers, of="passages", metadata=metadata)


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
            "action": list(actions),
            "title": [a.title for a in actions.values()],
            "kind": [a.kind for a in actions.values()],
            "cost": [a.cost for a in actions.values()],
            "chosen": [n in run.best.actions for n in actions],
        }
    )
    return _frame(run, table, [area_shape(a.area, run.inputs) for a in actions.values() if a.area is not None])


def _fences(run: PortfolioRun) -> gpd.GeoDataFrame:
    fences = run.inputs.cuts.fences
    columns = ("id", "name", "fence_line", "country", "geometry_status")
    return _frame(run, pd.DataFrame([{c: getattr(f, c) for c in columns} for f in fences]), [f.line for f in fences])


def write_plan_page(
    run: PortfolioRun,
    ground: Ground,
    items: Sequence[Item],
    folder: Path,
    *,
    sentences: Sequence[str] = (),
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> Path:
    """Write ``index.html``; ``sentences`` say how firm the candidates are in draws of the uncertain numbers."""
    return write_page(
        folder / "index.html",
        "passages.html",
        study=say(run.resolved.study.title),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[schematic_note(ground)],
        scenario=say(run.resolved.scenario_title),
        summary=describe_plan(run, say),
        items=[(item_name(run, name, say), text) for _, name, text in items],
        reading=say(READING),
        sentences=sentences,
        firm=(folder / "stability.png").is_file(),
        assumptions=[say(one) for one in ground.assumptions],
        credits=credits,
        say=say,
        files=[(name, say(text)) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER],
    )
