"""``index.html``: one plain page over all scenarios and species of a result folder; works offline and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.errors import ExportError
from rasters.io import replacing
from scenarios.model.indicators import over_cores
from scenarios.model.results import SpeciesRun, shortlist
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.map import MAPS, map_reading, map_title
from scenarios.outputs.release import reader_of
from scenarios.outputs.tables import BY_PLACE, MEANINGS, UNITS, passage_table
from scenarios.outputs.words import audience_of, is_schematic, schematic_note

__all__ = ["Column", "Table", "as_table", "page_environment", "write_index"]

REPORT = "report.html"
TEMPLATES = Path(__file__).parent / "templates"

LABELS = {
    "source": "From", "target": "To", "status": "Status", "least_cost_m": "Least cost",
    "least_cost_no_fence_m": "Least cost without fences", "effective_resistance_ohm": "Effective resistance",
    "effective_resistance_no_fence_ohm": "Effective resistance without fences", "fence_crossings": "Fences crossed",
    "path_km": "Path length", "rank": "Rank", "candidate": "Candidate", "fence": "Fence", "fence_line": "Fence line",
    "along_m": "Along the fence", "lon_deg": "Longitude", "lat_deg": "Latitude", "x_m": "Easting", "y_m": "Northing",
    "width_m": "Width", "clearance_m": "Clear height", "gap_height_m": "Between strands", "top_m": "Top",
    "strands": "Strands", "bottom_m": "Lowest strand", "origin": "Origin",
    "design": "Design", "score": "Score", "gain_ohm2": "Marginal gain",
    "conductance_gain_s": "Conductance gain", "conductance_gain_share": "Conductance gain, share",
    "resistance_gain_ohm": "Resistance gain", "least_cost_gain_m": "Least-cost gain",
    "least_cost_gain_share": "Least-cost gain, share", "arriving_gain": "Arriving gain",
    "arriving_gain_share": "Arriving gain, share", "pairs_joined": "Cores joined", "selected": "Chosen",
    "geometry_status": "Geometry", "number": "No.", "lat": "Latitude", "lon": "Longitude",
    "role": "Role", "place": "For", "weight_share": "Weight in the mean",
}  # fmt: skip

LENGTH_UNITS = dict.fromkeys(("width_m", "clearance_m", "gap_height_m", "top_m", "bottom_m"), "m")

FILES = {
    "results.gpkg": "Paths, corridors, fences, passages and places for QGIS",
    BY_PLACE: "What each passage gives back to each core and to each target",
    "passages.csv": "Every candidate passage with every component of its score",
    "pairs.csv": "Costs and resistances between cores and targets",
    "fence_profile.csv": "Gain along every fence",
    "indicators.csv": "One number each, for comparing scenarios and years",
    "columns.csv": "What each column means, and its unit",
    "resistance.tif": "Resistance (GeoTIFF)",
    "cost_weighted_distance.tif": "Cost-weighted distance (GeoTIFF)",
    "corridor.tif": "Corridor (GeoTIFF)",
    "current_density.tif": "Current density (GeoTIFF)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Head of a column: what people call it, its unit, what it means, and whether it holds numbers."""

    label: str
    unit: str
    meaning: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as text."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def write_index(
    folder: str | Path,
    runs: Iterable[SpeciesRun],
    *,
    credits: Sequence[str] = (),
    combined: Mapping[str, pd.DataFrame] | None = None,
    built: Mapping[str, pd.DataFrame] | None = None,
) -> Path:
    """Write ``index.html`` at the root of a result folder.

    Parameters
    ----------
    folder : path
        Each run's files lie in ``run_folder(scenario, species)`` under it; those that are there are linked.
    runs : iterable of SpeciesRun
        In the order in which they are shown.
    credits : sequence of str
        Attribution that the data ask for.
    combined : mapping of str to DataFrame, optional
        Scenario id -> ranking over all species together.
    built : mapping of str to DataFrame, optional
        File -> what is built for whom, as `scenarios.outputs.built.write_built` gives it.
    """
    folder, listed = Path(folder), list(runs)
    if not listed:
        raise ExportError(f"{folder / 'index.html'}: there is no run to show")
    audience, note = audience_of(listed)
    page = page_environment().get_template("index.html").render(
        study=listed[0].titles.get("study", listed[0].study),
        audience=audience, audience_note=note, withheld=audience is Audience.PUBLIC,
        warnings=sorted({schematic_note(run) for run in listed} - {""}),
        sections=[_section(run, folder) for run in listed], combined=_combined(listed, combined or {}),
        built=[{"href": name, "table": as_table(table, LENGTH_UNITS)} for name, table in (built or {}).items()],
        credits=credits, manifest=MARKER if (folder / MARKER).is_file() else "",
        report=REPORT if (folder / REPORT).is_file() else "",
    )  # fmt: skip
    with replacing(folder / "index.html") as part:
        part.write_text(page, encoding="utf-8")
    return folder / "index.html"


def _combined(runs: Sequence[SpeciesRun], combined: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """The shortlist over all species of each scenario."""
    titles = {run.scenario: run.titles.get("scenario", run.scenario) for run in runs}
    return [
        {
            "scenario": titles.get(scenario, scenario),
            "href": f"{scenario}/combined.csv",
            "table": as_table(shortlist(table)[_COMBINED + _score_columns(table)], {}),
            "n": len(table),
        }
        for scenario, table in combined.items()
    ]


_COMBINED = ["number", "candidate", "fence_line", "along_m", "lat", "lon", "score"]


def _score_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith("score_")]


def page_environment() -> Any:
    """Templates of the pages, escaped; a name that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _section(run: SpeciesRun, folder: Path) -> dict[str, Any]:
    """All that the page says about one run."""
    at = run_folder(run.scenario, run.species)
    return {
        "id": f"{run.scenario}--{run.species}",
        "scenario": run.titles.get("scenario", run.scenario),
        "species": run.titles.get("species", run.species),
        "summary": _summary(run),
        "maps": [_map(run, stem, at) for stem in MAPS if (folder / at / f"{stem}.png").is_file()],
        "pairs": as_table(_named(run), run.units),
        "passages": as_table(_shown_passages(run), run.units),
        "by_place": as_table(_best_by_place(run), run.units),
        "n_passages": len(run.ranking),
        "schematic_lines": any(is_schematic(fence.geometry_status) for fence in run.cuts.fences),
        "assumptions": run.assumptions,
        "files": [_file(folder, at / name, text) for name, text in FILES.items() if (folder / at / name).is_file()],
    }


def _named(run: SpeciesRun) -> pd.DataFrame:
    """Pairs with the places' names instead of their ids."""
    names = {place.id: place.name for place in run.places} | {"any": "any target"}
    return run.pairs.assign(**{end: [names.get(i, i) for i in run.pairs[end]] for end in ("source", "target")})


def _map(run: SpeciesRun, stem: str, at: Path) -> dict[str, str]:
    who = f"{run.titles.get('species', run.species)}, {run.titles.get('scenario', run.scenario)}"
    title = map_title(run, stem)
    return {
        "src": (at / f"{stem}.png").as_posix(),
        "title": title,
        "alt": f"Map of {title[0].lower()}{title[1:]}: {who}. {map_reading(run, stem)}",
        "caption": map_reading(run, stem),
    }


def _file(folder: Path, path: Path, text: str) -> dict[str, str]:
    size = (folder / path).stat().st_size
    shown = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    return {"href": path.as_posix(), "name": path.name, "text": text, "size": shown}


def _summary(run: SpeciesRun) -> dict[str, str]:
    """One row of the overview."""
    cores = over_cores([path.cost_m for path in run.paths])
    chosen = shortlist(run.ranking)
    best = chosen.iloc[0] if len(chosen) else None
    return {
        "joined": str(cores),
        "cost": _figure(cores.median / 1000.0) if np.isfinite(cores.median) else "no route for half of them or more",
        "crossings": _figure(float(sum(path.fence_crossings for path in run.paths if path.status == "reached"))),
        "best": ("withheld" if reader_of(run) is Audience.PUBLIC else "none")
        if best is None
        else str(best["candidate"]),
        "gain": "\u2013" if best is None else _share(best["least_cost_gain_share"]),
        "flow": "\u2013" if best is None else _share(best["conductance_gain_share"]),
    }


def _share(value: Any) -> str:
    return f"{100.0 * float(value):.3g}\u202f%" if np.isfinite(float(value)) else "\u2013"


def _shown_passages(run: SpeciesRun) -> pd.DataFrame:
    chosen = shortlist(run.ranking)
    table = passage_table(run).set_index("candidate", drop=False).loc[chosen["candidate"]]
    table.insert(0, "number", chosen["number"].to_numpy())
    return table.drop(columns=["x_m", "y_m", "fence", "selected"])


def _best_by_place(run: SpeciesRun) -> pd.DataFrame:
    """The best passage for each core and each target alone, in the order of the study."""
    columns = ["role", "place", "weight_share", "candidate", "conductance_gain_share", "least_cost_gain_share"]
    if not len(run.by_place):
        return pd.DataFrame(columns=columns)
    names = {place.id: place.name for place in run.places}
    best = run.by_place[run.by_place["rank"] == 1].rename(columns={"weight": "weight_share"})
    best["place"] = [names.get(i, i) for i in best["place"]]
    best.loc[~(best["score"] > 0), "candidate"] = "none gains anything"
    return best[columns]


def as_table(frame: pd.DataFrame, units: dict[str, str]) -> Table:
    """A table with labels, units and figures for people; shares become percent."""
    names = [str(name) for name in frame.columns]
    columns = tuple(
        Column(
            label=LABELS.get(name, name.replace("_", " ").capitalize()), unit=_shown_unit(name, units),
            meaning=MEANINGS.get(name, ""), number=_is_number(frame[name]),
        )
        for name in names
    )  # fmt: skip
    rows = tuple(
        tuple(_cell(name, value) for name, value in zip(names, row, strict=True))
        for row in frame.itertuples(index=False, name=None)
    )
    return Table(columns=columns, rows=rows)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _shown_unit(name: str, units: dict[str, str]) -> str:
    if name.endswith("_share"):
        return "%"
    unit = units.get(name, UNITS.get(name, ""))
    return "" if unit in ("1", "bool", "-") else unit.replace("^2", "\u00b2").replace("ohm", "\u03a9")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        number = float(value)
        if name in ("lon_deg", "lat_deg", "lon", "lat"):
            return f"{number:.4f}"
        return _figure(100.0 * number if name.endswith("_share") else number)
    return "\u2013" if value is None or value is pd.NA else str(value)


def _figure(value: float) -> str:
    """Four figures with thin spaces between thousands; unreachable in words."""
    if np.isnan(value):
        return "\u2013"
    if np.isinf(value):
        return "no way" if value > 0 else "\u2212\u221e"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.4g}"
