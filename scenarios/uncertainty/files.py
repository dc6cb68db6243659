"""How firm a ranking is, as tables, sentences and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from connectivity.portfolio.rank_stability import neighbours, top_shares, worst_case
from rasters.fences import Fence
from rasters.files.writing import replacing
from rasters.profile import MOVEMENT
from scenarios.model.naming import passage_names
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.cartography.sheet import INK, MUTED, save_png
from scenarios.outputs.columns import Column
from scenarios.outputs.tables import write_csv
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.uncertainty.stability import ALL, Stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FIRM",
    "how_sure",
    "names_of_species",
    "said_tables",
    "short_name",
    "stability_sentences",
    "stability_tables",
    "write_stability",
]

FIRM = 0.8
"""Share of draws from which a place counts as firm."""
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#b8bec2"
"""Apart for every kind of colour vision (Okabe and Ito 2008)."""
DRIVERS = 10
"""Parameters shown in the picture."""

Tables = Mapping[str, pd.DataFrame]


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
        ends = [(one.nominal, one.at(0.0), one.at(1.0)) for one in moved]
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


def stability_sentences(found: Stability, tables: Tables, say: Language = ENGLISH) -> tuple[str, ...]:
    """What the numbers say, in words, from numbers only."""
    table = tables["stability"]
    mine = table[table["ranking"] == ALL]
    places, plain = mine[mine["shortlisted"]], mine[mine["rank"] <= found.top]
    firm, firm_plain = places[places["top_share_place"] > FIRM], plain[plain["top_share"] > FIRM]
    values = {
        "top": found.top,
        "firm": f"{FIRM:.0%}",
        "draws": len(found.points),
        "km": say(f"{found.spacing_m / 1000:g}"),
    }
    by_place = say(
        "{n} of the {total} best places as stated stay among the best {top} places in over {firm} of {draws} draws{names}. A place is "
        "all candidates within {km} km of its best."
    )
    by_km = say(
        "Kilometre by kilometre, {n} of the {total} best candidates as stated stay among the best {top} candidates in over {firm} of "
        "draws{names}; counting neighbours within {km} km too, {near} of them."
    )
    return (
        by_place.format(n=len(firm), total=len(places), names=_listed(firm, "top_share_place"), **values),
        by_km.format(
            n=len(firm_plain),
            total=len(plain),
            names=_listed(firm_plain, "top_share"),
            near=int((plain["top_share_near"] > FIRM).sum()),
            **values,
        ),
        _tau_sentence(found, say),
        _driver_sentence(found, tables["parameters"], "", say("the ranks of the best places as stated"), say),
        _driver_sentence(
            found, tables["parameters"], "gain_", say(MEASURES.get(found.measures[0], found.measures[0])), say
        ),
    )


def _tau_sentence(found: Stability, say: Language) -> str:
    """How far the order of a draw agrees with the order as stated."""
    taus = found.taus()
    if not np.isfinite(taus).any():
        return say("Kendall’s tau with the ranking as stated cannot be told: too few candidates differ.")
    low, middle, high = (say(f"{np.nanquantile(taus, share):.2f}") for share in (0.1, 0.5, 0.9))
    told = say(
        "Kendall’s tau with the ranking as stated is {middle} in the middle draw, {low} to {high} in the middle 80 % of draws, over {n} "
        "candidates."
    )
    return told.format(low=low, middle=middle, high=high, n=len(found.candidates))


def _driver_sentence(found: Stability, parameters: pd.DataFrame, prefix: str, what: str, say: Language) -> str:
    mine = parameters[parameters["ranking"] == ALL].sort_values(f"{prefix}index", ascending=False, kind="stable")
    known = mine[mine[f"{prefix}matters"]].head(4)
    floor = say(f"{mine[f'{prefix}noise'].iloc[0]:.2f}")
    if not len(known):
        told = say(
            "No single parameter that moves {what} can be told from chance (chance alone reaches {floor}): draw more, or read them as "
            "acting jointly."
        )
        return told.format(what=what, floor=floor)
    numbers = zip(known["parameter"], known[f"{prefix}index"], known[f"{prefix}error"], strict=True)
    names = names_of_species(found)
    listed = [
        f"{short_name(name, say, names)} ({say(f'{index:.2f}')} \u00b1 {say(f'{error:.2f}')})"
        for name, index, error in numbers
    ]
    told = say(
        "What moves {what} most: {names}. Numbers are shares of the variance that go with each alone; chance alone reaches {floor}."
    )
    return told.format(what=what, names="; ".join(listed), floor=floor)


def names_of_species(found: Stability) -> dict[str, str]:
    """Species id -> its name for people."""
    labels = found.labels or {}
    return {name: labels.get(name, name) for name in found.species}


def _listed(rows: pd.DataFrame, column: str) -> str:
    """``: `` and the places, or nothing where there is none."""
    listed = (f"{row.name} ({getattr(row, column):.0%})" for row in rows.itertuples())
    return f": {', '.join(listed)}" if len(rows) else ""


def how_sure(found: Stability, tables: Tables, candidate: str, say: Language = ENGLISH) -> str:
    """One sentence on one candidate, for a paragraph about it; empty where it was not drawn."""
    table = tables["stability"]
    row = table[(table["ranking"] == ALL) & (table["candidate"] == candidate)]
    if not len(row):
        return ""
    one, measure = row.iloc[0], found.measures[0]
    told = say(
        "In {share} of {draws} draws of the uncertain numbers it belongs to the best {top} places (itself or a neighbour within {km} "
        "km); its {measure} is {stated} as stated, {mean} on average, and under {worst} in one draw of ten."
    )
    return told.format(
        share=f"{one['top_share_place']:.0%}",
        draws=len(found.points),
        top=found.top,
        km=say(f"{found.spacing_m / 1000:g}"),
        measure=say(measure),
        stated=say(f"{one[measure]:.3g}"),
        mean=say(f"{one[f'mean_{measure}']:.3g}"),
        worst=say(f"{one[f'worst_{measure}']:.3g}"),
    )


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


def draw_stability(found: Stability, tables: Tables, path: Path, say: Language = ENGLISH) -> Path:
    """The best places with the ranks that they take, how often they stay among the best, and what moves them."""
    table = tables["stability"]
    best = table[(table["ranking"] == ALL) & table["shortlisted"]].sort_values("place")
    drivers = tables["parameters"]
    drivers = drivers[drivers["ranking"] == ALL].head(DRIVERS)
    width, height = 12.0, 2.6 + 0.36 * max(len(best), len(drivers), 4)
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    names, species = best["name"].tolist(), names_of_species(found)
    causes = [short_name(name, say, species) for name in drivers["parameter"]]
    room, cause_room = _room(names), _room(causes)
    free = width - room - cause_room - 0.85
    lefts = (room, room + 0.52 * free + 0.2, width - 0.55 - 0.24 * free)
    bottom, top = 1.0 / height, 1.0 - 1.25 / height
    axes = [
        figure.add_axes((left / width, bottom, share * free / width, top - bottom))
        for left, share in zip(lefts, (0.52, 0.2, 0.24), strict=True)
    ]
    _draw_ranks(axes[0], found, best, names, say)
    _draw_shares(axes[1], found, best, say)
    _draw_drivers(axes[2], drivers, causes, say)
    _write_head(figure, found, height, say)
    return save_png(figure, path)


def _room(labels: Sequence[str]) -> float:
    """Inches for labels of 8 points."""
    return 0.3 + 0.068 * max(map(len, labels), default=0)


def _write_head(figure: Figure, found: Stability, height: float, say: Language) -> None:
    resolved, names = found.resolved, names_of_species(found)
    species = ", ".join(say(names[name]) for name in found.species)
    drawn = say("{n} Sobol draws of {m} uncertain parameters, seed {seed}")
    told = drawn.format(n=len(found.points), m=len(found.space.axes), seed=found.seed)
    titles = "   \u00b7   ".join((say(resolved.study.title), say(resolved.scenario_title), species, told))
    figure.text(
        0.02, 1 - 0.2 / height, say("How firm is the ranking?"), fontsize=15, fontweight="bold", color=INK, va="top"
    )
    figure.text(0.02, 1 - 0.52 / height, titles, fontsize=8.5, color=MUTED, va="top")
    note = say(
        "A place is all candidates within {km} km of its best. Bounds of the parameters are the study’s assumptions."
    )
    words = f"{note.format(km=say(f'{found.spacing_m / 1000:g}'))}  {say(badge(Audience.RESTRICTED))}"
    figure.text(0.02, 0.2 / height, words, fontsize=7.5, color=MUTED, va="bottom")


def _plain(axes: Axes, title: str, label: str, n: int) -> None:
    axes.set_title(title, fontsize=9.5, fontweight="bold", color=INK, loc="left", pad=6)
    axes.set_xlabel(label, fontsize=8, color=MUTED)
    axes.set_ylim(n - 0.4, -0.6)
    axes.set_yticks(range(n))
    axes.tick_params(labelsize=8, length=0, colors=INK)
    axes.grid(axis="x", color="#e4e7e9", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _draw_ranks(axes: Axes, found: Stability, best: pd.DataFrame, names: Sequence[str], say: Language) -> None:
    y = np.arange(len(best))
    _plain(
        axes, say("Rank among places"), say("rank in the draws (logarithmic): bar 10 to 90 %, line: middle"), len(best)
    )
    if len(best):
        ranks = found.places()[:, best.index]
        axes.hlines(y, ranks.min(axis=0), ranks.max(axis=0), color=GREY, linewidth=1.2, zorder=2)
        axes.hlines(y, best["place_low"], best["place_high"], color=BLUE, linewidth=8, alpha=0.55, zorder=3)
        axes.plot(best["place_median"], y, "|", color=INK, markersize=11, markeredgewidth=2, zorder=4)
        axes.plot(best["place"], y, "D", color=ORANGE, markersize=5, zorder=5, label=say("as stated"))
        axes.legend(
            fontsize=7.5, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderpad=0, handletextpad=0.2
        )
    axes.set_xscale("log")
    axes.axvline(found.top + 0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    last = max(float(found.places()[:, best.index].max(initial=1)), found.top + 1.0)
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500) if t <= last * 1.2]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(0.85, last * 1.15)
    axes.set_yticklabels(names)


def _draw_shares(axes: Axes, found: Stability, best: pd.DataFrame, say: Language) -> None:
    y = np.arange(len(best))
    _plain(axes, say("Among the best {n}").format(n=found.top), say("share of draws"), len(best))
    axes.barh(
        y, best["top_share_place"], height=0.62, color=[BLUE if s > FIRM else GREY for s in best["top_share_place"]]
    )
    for at, share in zip(y.tolist(), best["top_share_place"], strict=True):
        inside = share > 0.3
        axes.text(
            share - 0.03 if inside else share + 0.03,
            at,
            f"{share:.0%}",
            fontsize=8,
            va="center",
            ha="right" if inside else "left",
            color="white" if share > FIRM else INK,
            fontweight="bold",
        )
    axes.axvline(FIRM, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlim(0, 1)
    axes.set_xticks([0, FIRM / 2, FIRM], ["0", f"{FIRM / 2:.0%}", f"{FIRM:.0%}"])
    axes.set_yticklabels([])


def _draw_drivers(axes: Axes, drivers: pd.DataFrame, names: Sequence[str], say: Language) -> None:
    y = np.arange(len(drivers))
    _plain(axes, say("What moves the ranking"), say("share of variance, ± 1 standard error"), len(drivers))
    noise = float(drivers["noise"].iloc[0]) if len(drivers) else 0.0
    axes.axvspan(-1, noise, color="#f0f1f2", zorder=0)
    colour = [ORANGE if matters else GREY for matters in drivers["matters"]]
    axes.barh(y, drivers["index"].clip(lower=0), height=0.62, color=colour, zorder=2)
    axes.errorbar(
        drivers["index"].clip(lower=0), y, xerr=drivers["error"], fmt="none", ecolor=INK, elinewidth=1, zorder=3
    )
    axes.set_xlim(0, max(1.15 * float((drivers["index"] + drivers["error"]).max()), 1.2 * noise, 0.05))
    axes.text(
        noise, len(drivers) - 0.42, say("chance") + " ", fontsize=7, color=MUTED, ha="right", va="bottom", rotation=90
    )
    axes.set_yticklabels(names)


def short_name(name: str, say: Callable[[str], str] = str, species: Mapping[str, str] | None = None) -> str:
    """A parameter's name in a few words.

    Parameters
    ----------
    name : str
        Of the study, as ``leopard.rules.slope_percent.*`` or ``permeability.*.worth_km``.
    say : callable
    species : mapping of str to str
        Species id -> its name for people.
    """
    if name.startswith("designs."):
        return name
    if name.startswith("fences.model."):
        key = name.removeprefix("fences.model.")
        return f"{say('fences')}: {say(KEY_WORDS.get(key, key))}"
    words = name.rstrip("*").rstrip(".")
    who, _, last = words.rpartition(".")
    if last in MOVEMENT:
        return f"{_who(who, say, species)}: {say(KEY_WORDS[last])}"
    for group, said in GROUPS.items():
        who, found, what = f".{words}.".partition(f".{group}.")
        if found:
            return f"{_who(who.strip('.'), say, species)}: {_what(group, said, what, say)}"
    return words


KEY_WORDS = {"free_path_m": "how straight they go", "reach_m": "how far they follow a fence"}
GROUPS = {"rules": "", "factors": "", "permeability": "permeability", "use_factor": "use of"}
WHOLE = {
    "rules": "all rules",
    "factors": "all factors",
    "permeability": "permeability of fences",
    "use_factor": "use of passages",
}
MEASURES = {"score": "their score", "gain": "their gain"}
"""Measure that ranks -> the same of the places on the list."""
SUFFIXES = ("_m", "_percent", "_deg", "_km")


def _who(who: str, say: Callable[[str], str], species: Mapping[str, str] | None) -> str:
    return say((species or {}).get(who, who)) if who else say("all species")


def _what(group: str, said: str, what: str, say: Callable[[str], str]) -> str:
    """Layer, fence line or design that a parameter is about."""
    parts = [part for part in what.strip(".").split(".") if part not in ("", "*", "default", "worth_km")]
    if not parts:
        return say(WHOLE[group])
    plain = [_layer(part) if group in ("rules", "factors") else part.replace("_", " ") for part in parts]
    return " ".join([*([say(said)] if said else []), *map(say, plain)])


def _layer(name: str) -> str:
    """A layer's id without its unit, as words."""
    suffix = next((end for end in SUFFIXES if name.endswith(end)), "")
    return name.removesuffix(suffix).replace("_", " ")
