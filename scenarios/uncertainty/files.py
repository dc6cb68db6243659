"""How firm a ranking is, as tables and as the files of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from connectivity.portfolio.rank_stability import neighbours, top_shares, worst_case
from rasters.fences import Fence
from rasters.files.writing import replacing
from scenarios.model.naming import passage_names
from scenarios.outputs.columns import Column
from scenarios.outputs.tables import write_csv
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.uncertainty.picture import draw_stability
from scenarios.uncertainty.stability import Stability
from scenarios.uncertainty.words import Tables

__all__ = ["said_tables", "stability_tables", "write_stability"]


def stability_tables(found: Stability) -> dict[str, pd.DataFrame]:
    """``stability`` (one row per ranking and candidate), ``parameters`` (per ranking and parameter), ``draws``."""
    rankings = found.rankings
    return {
        "stability": pd.concat([_candidates(found, name) for name in rankings], ignore_index=True),
        "parameters": pd.concat([_parameters(found, name) for name in rankings], ignore_index=True),
        "draws": _draws(found),
    }


def _candidates(found: Stability, ranking: str) -> pd.DataFrame:
    who = found.candidates
    near = neighbours(who["fence_line"].tolist(), who["along_m"].to_numpy(float), found.spacing_m)
    gains, ranks, places = found.gains(ranking), found.ranks(ranking), found.places(ranking)
    columns = ["candidate", "name", "fence", "fence_line", "along_m", "lat", "lon", "geometry_status", "cost"]
    table = who[columns].copy()
    table.insert(0, "ranking", ranking)
    table["rank"], table["place"] = found.stated_ranks(ranking), found.stated_places(ranking)
    table["shortlisted"] = table.index.isin(found.shortlist(ranking))
    for number, measure in enumerate(found.measures):
        drawn = found.gains(ranking, number)
        table[measure] = found.stated_gains(ranking, number)
        table[f"mean_{measure}"], table[f"worst_{measure}"] = drawn.mean(axis=0), worst_case(drawn)
    table["top_share"] = top_shares(ranks, found.top, gains=gains)
    table["top_share_near"] = top_shares(ranks, found.top, gains=gains, near=near)
    table["top_share_place"] = top_shares(places, found.top)
    for name, values in (("rank", ranks), ("place", places)):
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0, method="inverted_cdf")
        table[f"{name}_low"], table[f"{name}_median"], table[f"{name}_high"] = low, middle, high
    return table.sort_values("rank", kind="stable")


def _parameters(found: Stability, ranking: str) -> pd.DataFrame:
    drivers, gains, space = found.drivers(ranking), found.gain_drivers(ranking), found.space
    rows = []
    for axis, name in enumerate(space.axes):
        moved = space.moved_by(axis)
        ends = [(one.nominal, *sorted((one.at(0.0), one.at(1.0)))) for one in moved]
        rows.append(
            {
                "ranking": ranking,
                "parameter": name,
                "numbers": len(moved),
                "stated": " ".join(f"{nominal:g}" for nominal, _, _ in ends),
                "lowest_draw": " ".join(f"{low:.4g}" for _, low, _ in ends),
                "highest_draw": " ".join(f"{high:.4g}" for _, _, high in ends),
                "shape": moved[0].spread.shape,
                "index": drivers.index[axis],
                "error": drivers.error[axis],
                "noise": drivers.noise,
                "matters": bool(drivers.index[axis] > drivers.noise),
                "gain_index": gains.index[axis],
                "gain_error": gains.error[axis],
                "gain_noise": gains.noise,
                "gain_matters": bool(gains.index[axis] > gains.noise),
                "origin": moved[0].spread.origin,
            }
        )
    return pd.DataFrame(rows).sort_values(["index", "parameter"], ascending=[False, True], kind="stable")


def _draws(found: Stability) -> pd.DataFrame:
    """One row per draw: agreement with the stated ranking, and every value that was drawn."""
    shortlist = found.shortlist()
    table = pd.DataFrame({"draw": np.arange(1, len(found.points) + 1)})
    for name in found.rankings:
        table[f"kendall_tau_{name}"] = found.taus(name)
    table["stated_places_kept"] = (found.places()[:, shortlist] <= found.top).sum(axis=1)
    values: dict[str, list[float]] = {}
    for parameter in found.space.parameters:
        values[parameter.name] = [parameter.at(float(point[parameter.axis])) for point in found.points]
    return pd.concat([table, pd.DataFrame(values)], axis=1)


def said_tables(tables: Tables, fences: Sequence[Fence], say: Language) -> dict[str, pd.DataFrame]:
    """The same tables with the names of candidates in a language; what files hold stays as it is."""
    return {
        key: table.assign(name=passage_names(fences, table.drop(columns="name"), say)) if "name" in table else table
        for key, table in tables.items()
    }


def write_stability(
    found: Stability,
    tables: Tables,
    sentences: Sequence[str],
    folder: Path,
    told: Tables | None = None,
    say: Language = ENGLISH,
) -> list[Path]:
    """A CSV of each table, ``stability.txt`` and ``stability.png``; the picture shows the tables ``told`` in a language."""
    own = {name: _drawn(name) for name in (*found.measures, *(one.name for one in found.space.parameters))}
    written = [write_csv(folder / f"{name}.csv", table, of="uncertainty", own=own) for name, table in tables.items()]
    with replacing(folder / "stability.txt") as part:
        part.write_text("\n".join(sentences) + "\n", encoding="utf-8")
    picture = draw_stability(found, tables if told is None else told, folder / "stability.png", say)
    return [*written, folder / "stability.txt", picture]


def _drawn(name: str) -> Column:
    return Column(
        name=name, unit="", title=name, meaning="Number of the study, or what is gained, by this name.", kind="number"
    )
