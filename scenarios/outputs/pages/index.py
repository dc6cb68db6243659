"""``index.html``: one plain page over all scenarios and species of a result folder; works offline and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.errors import ExportError
from rasters.fences import Fence
from rasters.numbers import DASH, NO_ROUTE, figure, percent
from scenarios.model.indicators import over_cores
from scenarios.model.naming import passage_names
from scenarios.model.results import SpeciesRun, shortlist
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.map import MAPS, map_reading, map_title
from scenarios.outputs.pages.frame import Table, as_table, write_page
from scenarios.outputs.release import is_withheld, reader_of
from scenarios.outputs.tables import BY_PLACE, given_back, named_passages, passage_table, standing_passages
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import audience_of, is_schematic, schematic_note

__all__ = ["write_index"]

REPORT = "report.html"
WHY_SHARES_DIFFER = (
    "Two shares: the least-cost gain looks at the cheapest route alone, the conductance gain at all routes together, many of which pass "
    "elsewhere. A passage on the cheapest route can give much of the one and little of the other."
)

FILES = {
    "results.gpkg": "Paths, corridors, fences, passages and places for QGIS",
    BY_PLACE: "What each passage gives back to each core and to each target",
    "passages.csv": "Every candidate passage with every component of its score",
    "standing_passages.csv": "Passages that stand or are planned",
    "pairs.csv": "Costs and resistances between cores and targets",
    "fence_profile.csv": "Gain along every fence",
    "indicators.csv": "One number each, for comparing scenarios and years",
    "columns.csv": "What each column means, and its unit",
    "resistance.tif": "Resistance (GeoTIFF)",
    "cost_weighted_distance.tif": "Cost-weighted distance (GeoTIFF)",
    "corridor.tif": "Corridor (GeoTIFF)",
    "current_density.tif": "Current density (GeoTIFF)",
}


def write_index(
    folder: str | Path,
    runs: Iterable[SpeciesRun],
    *,
    credits: Sequence[str] = (),
    combined: Mapping[str, pd.DataFrame] | None = None,
    built: Mapping[str, Table] | None = None,
    say: Language = ENGLISH,
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
    built : mapping of str to Table, optional
        File -> what is built for whom, as `scenarios.outputs.pages.built.write_built` gives it.
    say : Language
    """
    folder, listed = Path(folder), list(runs)
    if not listed:
        raise ExportError(f"{folder / 'index.html'}: there is no run to show")
    audience, note = audience_of(listed)
    return write_page(
        folder / "index.html",
        "index.html",
        study=_title(listed[0], "study", say),
        audience=(audience, note),
        withheld=audience is Audience.PUBLIC,
        warnings=sorted({schematic_note(run) for run in listed} - {""}),
        sections=[_section(run, folder, say) for run in listed],
        combined=_combined(listed, combined or {}, say),
        built=[{"href": name, "table": table} for name, table in (built or {}).items()],
        credits=credits,
        manifest=(folder / MARKER).is_file(),
        differ=say(WHY_SHARES_DIFFER),
        say=say,
        report=REPORT if (folder / REPORT).is_file() else "",
    )


def _title(run: SpeciesRun, key: str, say: Language) -> str:
    """Title of the study or the scenario, or name of the species."""
    return say(run.titles.get(key, getattr(run, key)))


def _combined(runs: Sequence[SpeciesRun], combined: Mapping[str, pd.DataFrame], say: Language) -> list[dict[str, Any]]:
    """The shortlist over all species of each scenario."""
    titles = {run.scenario: _title(run, "scenario", say) for run in runs}
    fences = {run.scenario: run.cuts.fences for run in runs}
    standing = {run.scenario: len(run.standing) for run in runs}
    return [
        {
            "scenario": titles.get(scenario, scenario),
            "href": f"{scenario}/combined.csv",
            "table": as_table(
                _named_passages(named_passages(shortlist(table), fences[scenario]), fences[scenario], say),
                shown=_COMBINED + _score_columns(table),
                titles=_score_titles(runs, say),
                say=say,
            ),
            "standing": standing.get(scenario, 0),
            "n": len(table),
        }
        for scenario, table in combined.items()
    ]


_COMBINED = ["number", "name", "along_m", "lat", "lon", "geometry_status", "score"]
PASSAGES_FIRST = (
    "number",
    "name",
    "along_m",
    "lat_deg",
    "lon_deg",
    "geometry_status",
    "design",
    "width_m",
    "use_factor",
    "cost",
    "score",
    "conductance_gain_share",
    "least_cost_gain_share",
    "arriving_gain_share",
    "pairs_joined",
)
"""Columns that people read first: where, what, and gains relative to what the fences take away; ohm and siemens come after."""


LISTED = 20
"""Passages that stand, up to which the page lists them."""
STANDING_SHOWN = (
    "number",
    "name",
    "state",
    "along_m",
    "lat_deg",
    "lon_deg",
    "geometry_status",
    "moved_m",
    "design",
    "width_m",
    "months",
    "opened_year",
    "use_factor",
)


def _named_passages(table: pd.DataFrame, fences: Sequence[Fence], say: Language) -> pd.DataFrame:
    """Names of candidates in the language of the page; a candidate has no name of its own."""
    return table.assign(name=passage_names(fences, table.drop(columns="name", errors="ignore"), say))


def _score_titles(runs: Sequence[SpeciesRun], say: Language) -> dict[str, str]:
    """Columns of the species' scores by the species' names."""
    return {f"score_{run.species}": f"{say('Score')}: {_title(run, 'species', say)}" for run in runs}


def _score_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith("score_")]


def _section(run: SpeciesRun, folder: Path, say: Language) -> dict[str, Any]:
    """All that the page says about one run."""
    at = run_folder(run.scenario, run.species)
    return {
        "id": f"{run.scenario}--{run.species}",
        "scenario": _title(run, "scenario", say),
        "species": _title(run, "species", say),
        "summary": {key: say(text) for key, text in _summary(run, say).items()},
        "maps": [_map(run, stem, at, say) for stem in MAPS if (folder / at / f"{stem}.png").is_file()],
        "pairs": as_table(_named(run, say), say=say),
        "passages": as_table(_shown_passages(run, say), say=say),
        "standing": as_table(_standing(run, say), shown=STANDING_SHOWN, say=say),
        "n_standing": len(run.standing),
        "given_back": {key: say(percent(value)) for key, value in given_back(run).items()},
        "by_place": as_table(_best_by_place(run, say), say=say),
        "n_passages": len(run.ranking),
        "schematic_lines": any(is_schematic(fence.geometry_status) for fence in run.cuts.fences),
        "assumptions": [say(sentence) for sentence in run.assumptions],
        "files": [
            _file(folder, at / name, text, say) for name, text in FILES.items() if (folder / at / name).is_file()
        ],
    }


def _standing(run: SpeciesRun, say: Language) -> pd.DataFrame:
    """The first of those that stand, with names in the language of the page."""
    table = standing_passages(run).assign(name=passage_names(run.cuts.fences, run.standing, say)).head(LISTED)
    return table.assign(design=[str(name).replace("_", " ") for name in table["design"]])


def _named(run: SpeciesRun, say: Language) -> pd.DataFrame:
    """Pairs with the places' names instead of their ids."""
    names = {place.id: say(place.name) for place in run.places} | {"any": "any target"}
    return run.pairs.assign(**{end: [names.get(i, i) for i in run.pairs[end]] for end in ("source", "target")})


def _map(run: SpeciesRun, stem: str, at: Path, say: Language) -> dict[str, str]:
    who = f"{_title(run, 'species', say)}, {_title(run, 'scenario', say)}"
    title, reading = say(map_title(run, stem)), say(map_reading(run, stem))
    return {
        "src": (at / f"{stem}.png").as_posix(),
        "title": title,
        "alt": f"{say('Map')}: {title[0].lower()}{title[1:]}; {who}. {reading}",
        "caption": reading,
    }


def _file(folder: Path, path: Path, text: str, say: Language) -> tuple[str, str]:
    size = (folder / path).stat().st_size
    shown, unit = (f"{size / 1e6:.1f}", "MB") if size >= 1e6 else (f"{max(1, round(size / 1e3))}", "kB")
    return path.as_posix(), f"{say(text)}, {say(shown)} {say(unit)}"


def _summary(run: SpeciesRun, say: Language) -> dict[str, str]:
    """One row of the overview."""
    if is_withheld(run):
        return dict.fromkeys(("joined", "cost", "crossings", "best", "gain", "flow"), "withheld")
    cores = over_cores([path.cost_m for path in run.paths])
    chosen = shortlist(run.ranking)
    best = chosen.iloc[0] if len(chosen) else None
    return {
        "joined": str(cores),
        "cost": figure(cores.median / 1000.0) if np.isfinite(cores.median) else f"{NO_ROUTE} for half of them or more",
        "crossings": figure(sum(path.fence_crossings for path in run.paths if path.status == "reached")),
        "best": ("withheld" if reader_of(run) is Audience.PUBLIC else "none")
        if best is None
        else passage_names(run.cuts.fences, chosen, say)[0],
        "gain": DASH if best is None else percent(best["least_cost_gain_share"]),
        "flow": DASH if best is None else percent(best["conductance_gain_share"]),
    }


def _shown_passages(run: SpeciesRun, say: Language) -> pd.DataFrame:
    chosen = shortlist(run.ranking)
    table = passage_table(run).set_index("candidate", drop=False).loc[chosen["candidate"]]
    table = _named_passages(table, run.cuts.fences, say).assign(
        design=[str(one).replace("_", " ") for one in table["design"]]
    )
    first = [name for name in PASSAGES_FIRST if name in table]
    rest = [name for name in table if name not in (*first, "x_m", "y_m", "fence", "selected", "candidate")]
    return table[[*first, *rest, "candidate"]]


def _best_by_place(run: SpeciesRun, say: Language) -> pd.DataFrame:
    """The best passage for each core and each target alone, in the order of the study."""
    columns = ["role", "place", "weight", "name", "conductance_gain_share", "least_cost_gain_share"]
    if not len(run.by_place):
        return pd.DataFrame(columns=columns)
    names = {place.id: place.name for place in run.places}
    best = run.by_place[run.by_place["rank"] == 1]
    best = best.assign(place=[names.get(i, i) for i in best["place"]])
    called = dict(zip(run.ranking["candidate"], passage_names(run.cuts.fences, run.ranking, say), strict=True))
    firsts = zip(best["candidate"], best["score"], strict=True)
    best["name"] = [called[one] if score > 0 else "none improves connectivity" for one, score in firsts]
    return best[columns]
