"""The same draws on grids of other cell sizes: whether a ranking is the land's or the grid's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from connectivity.portfolio.rank_stability import kendall_taus, top_shares
from rasters.fences import Fence
from scenarios.land.inputs import study_grid
from scenarios.model.naming import passage_names
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.study.load import ResolvedStudy
from scenarios.uncertainty.stability import ALL, ALL_SPECIES, Stability, stability_of

__all__ = ["cell_sentences", "cell_tables", "other_cell_sizes", "stability_by_cell"]

BySize = dict[float, Stability]
"""Cell size [m] -> what was found at it, the study's own first."""


def other_cell_sizes(resolved: ResolvedStudy) -> dict[float, ResolvedStudy]:
    """The study at each of the cell sizes that it names besides its own; sizes that its grid cannot have are errors."""
    own, out = study_grid(resolved).cell_width_m, {}
    for size in resolved.study.uncertainty.cell_m:
        grid = resolved.study.grid.model_copy(update={"cell_m": size})
        other = replace(resolved, study=resolved.study.model_copy(update={"grid": grid}))
        if study_grid(other).cell_width_m != own:
            out[size] = other
    return out


def stability_by_cell(
    found: Stability,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    expect: Callable[[int], None] = lambda steps: None,
    progress: Callable[[str], None] = lambda what: None,
) -> BySize:
    """The same candidates in the same draws at the study's own cell size and at each other that it names."""
    out = {study_grid(found.resolved).cell_width_m: found}
    for size, resolved in other_cell_sizes(found.resolved).items():
        out[size] = stability_of(
            resolved,
            species=found.species,
            draws=len(found.points),
            seed=found.seed,
            top=found.top,
            jobs=jobs,
            cache=cache,
            candidates=found.candidates,
            expect=expect,
            progress=partial(_tell, progress, size),
        )
    return out


def _tell(progress: Callable[[str], None], size: float, what: str) -> None:
    progress(f"{size:g} m cells: {what}")


def cell_tables(by_size: BySize) -> dict[str, pd.DataFrame]:
    """``cell_sizes`` (a row per ranking, cell size and candidate), ``cell_agreement`` (per ranking and two sizes)."""
    rankings = next(iter(by_size.values())).rankings
    return {
        "cell_sizes": pd.concat(
            [_leads(f, size, r) for r in rankings for size, f in by_size.items()], ignore_index=True
        ),
        "cell_agreement": pd.DataFrame(
            [_agreement(by_size, r, a, b) for r in rankings for a, b in itertools.combinations(by_size, 2)]
        ),
    }


def _leads(found: Stability, size: float, ranking: str) -> pd.DataFrame:
    gains, ranks, places = found.gains(ranking), found.ranks(ranking), found.places(ranking)
    table = found.candidates[["candidate", "name", "fence", "along_m"]].copy()
    table.insert(0, "cell_m", size)
    table.insert(0, "ranking", ranking)
    table["rank"], table["place"] = found.stated_ranks(ranking), found.stated_places(ranking)
    table["lead_share"] = top_shares(ranks, 1, gains=gains)
    table["lead_share_place"] = top_shares(places, 1)
    table["top_share_place"] = top_shares(places, found.top)
    return table.sort_values("rank", kind="stable")


def _agreement(by_size: BySize, ranking: str, a: float, b: float) -> dict[str, object]:
    """How far the orders as stated agree at two cell sizes, over the drawn candidates."""
    one, two = (by_size[size].stated_gains(ranking) for size in (a, b))
    moved = np.ptp(one) > 0 and np.ptp(two) > 0
    best = [set(by_size[size].shortlist(ranking)) for size in (a, b)]
    kept = by_size[b].stated_places(ranking)[list(best[0])] <= by_size[b].top
    return {
        "ranking": ranking,
        "cell_a_m": a,
        "cell_b_m": b,
        "kendall_tau": float(kendall_taus(two[None], one)[0]),
        "spearman": float(spearmanr(one, two).statistic) if moved else np.nan,
        "places_a": len(best[0]),
        "places_kept": int(kept.sum()),
        "best_a": _best(by_size[a], ranking),
        "best_b": _best(by_size[b], ranking),
    }


def _best(found: Stability, ranking: str) -> str:
    first = int(np.argmin(found.stated_ranks(ranking)))
    return str(found.candidates["candidate"].iloc[first]) if found.stated_gains(ranking)[first] > 0 else "none"


def cell_sentences(
    by_size: BySize, tables: dict[str, pd.DataFrame], fences: Sequence[Fence] = (), say: Language = ENGLISH
) -> tuple[str, ...]:
    """What cell size does to the leading place, in words; nothing where there is one size only."""
    if len(by_size) < 2:
        return ()
    first, *others = by_size
    table = tables["cell_agreement"]
    return tuple(_sentence(by_size, table, ranking, first, others, fences, say) for ranking in by_size[first].rankings)


def _sentence(
    by_size: BySize,
    table: pd.DataFrame,
    ranking: str,
    first: float,
    others: Sequence[float],
    fences: Sequence[Fence],
    say: Language,
) -> str:
    told = []
    for size in (first, *others):
        found = by_size[size]
        shares = top_shares(found.places(ranking), 1)
        lead = int(np.argmax(shares))
        row = found.candidates.iloc[[lead]].drop(columns="name")
        told.append(f"{size:g} {say('m')}: {passage_names(fences, row, say)[0]} ({shares[lead]:.0%})")
    rows = table[(table["ranking"] == ranking) & (table["cell_a_m"] == first)]
    taus = "; ".join(
        f"{size:g} {say('m')}: {say(f'{tau:.2f}')}"
        for tau, size in zip(rows["kendall_tau"], rows["cell_b_m"], strict=True)
    )
    who = say(ALL_SPECIES) if ranking == ALL else say(found.labels.get(ranking, ranking))
    text = say(
        "Cell size, {species}: the place that leads most draws is, at {places}. Kendall’s tau with the order at {metres} m: {taus}."
    )
    return text.format(species=who, places="; ".join(told), metres=f"{first:g}", taus=taus)
