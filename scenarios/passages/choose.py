"""Which passages and actions for a budget: from a resolved study to the best plan, its frontier, and how firm it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.openings.sets import single_sets
from connectivity.portfolio.objectives import Block, Objective
from rasters.arrays import Reals
from rasters.errors import ConfigError
from scenarios.land.actions import with_done
from scenarios.land.inputs import Inputs, read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.candidates import candidate_table, local_maxima, nearby_pairs, pairs_on_routes, shortlisted
from scenarios.model.landscape import Landscape, candidate_ids
from scenarios.model.ranking import places_of_standing
from scenarios.model.species_run import Clock
from scenarios.model.valuation import Reference, block_of, reference_of
from scenarios.passages.choosing import Choice, PassagePlan, combinations_of_actions
from scenarios.passages.rules import budgets_of, needs_of, parts_of, rules_of, spacing_of, unweighted
from scenarios.study.load import ResolvedStudy
from scenarios.study.portfolio import PortfolioSettings

__all__ = ["PortfolioRun", "choose_portfolio"]

Progress = Callable[[str], None]
CIRCUIT = ("conductance", "resistance", "arriving")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRun:
    """Everything that the choice of passages and actions says.

    Parameters
    ----------
    resolved : ResolvedStudy
    inputs : Inputs
    prepared : dict of str to Prepared
        By species, with the fences and the land as they are.
    candidates : DataFrame
        One row per candidate: where and what it is, ``gain_<species>`` and ``gain`` alone [1], ``local_maximum``,
        ``shortlisted``, ``chosen``, ``next_gain`` on top of the plan [1].
    bundles : DataFrame
        ``first, second, gain``, what both gain together, and ``gain_apart``, the sum of what each gains alone [1].
    best : PassagePlan
        Candidates by their place in ``shortlist``.
    greedy, greedy_pairs : PassagePlan
        What adding one passage, or also two, after the other finds.
    shortlist : tuple of int
        Rows of ``candidates`` among which the set was chosen.
    by_species : dict of str to float
        Gain of the best plan for each species alone [1].
    frontier : DataFrame
        ``species`` (``all`` for the weighted sum), ``budget, cost, gain, bound, gap, plan``: the best plan for each budget.
    needs : DataFrame
        Per chosen passage or action: ``item, gain_without`` (of the best other plan [1]), ``loss`` (share of the gain, at
        least [1]), ``needed`` (whether every near-optimal plan holds it).
    parts : DataFrame
        Per chosen passage or action: ``item``, ``gain`` and ``gain_<species>``, what the plan loses when only that is left
        out [1].
    reference : dict of str to Reference
    settings : PortfolioSettings
    seconds : dict of str to float
    """

    resolved: ResolvedStudy
    inputs: Inputs
    prepared: dict[str, Prepared]
    candidates: pd.DataFrame
    bundles: pd.DataFrame
    best: PassagePlan
    greedy: PassagePlan
    greedy_pairs: PassagePlan
    shortlist: tuple[int, ...]
    by_species: dict[str, float]
    frontier: pd.DataFrame
    needs: pd.DataFrame
    parts: pd.DataFrame
    reference: dict[str, Reference]
    settings: PortfolioSettings
    seconds: dict[str, float]

    def names_of(self, plan: PassagePlan) -> tuple[str, ...]:
        """Actions and candidates of a plan."""
        return (*plan.actions, *(str(self.candidates["candidate"].iloc[self.shortlist[i]]) for i in plan.chosen))


def choose_portfolio(
    resolved: ResolvedStudy, species: Sequence[str] | None = None, progress: Progress = lambda _: None
) -> PortfolioRun:
    """Value every candidate alone and in bundles, take the best of them, and find the best plan for the budget."""
    clock, resolved = Clock(progress), _for_these(resolved, species)
    settings = resolved.study.portfolio
    with clock.step("reading"):
        inputs = read_inputs(resolved, species)
        prepared = {name: prepare_species(resolved, inputs, name) for name in inputs.profiles}
        ids = candidate_ids(list(prepared.values()))
        if not ids:
            raise ConfigError(f"{resolved.path}: no candidate stands on an active fence; see fences.active")
        table = candidate_table(resolved, inputs, list(prepared.values()))
    screened = _Screened.build(resolved, prepared, table, settings, clock)
    shortlist = tuple(screened.shortlist)
    with clock.step("actions"):
        choice = _choice(resolved, inputs, prepared, table.iloc[list(shortlist)], screened, settings)
    with clock.step("best plan"):
        best = choice.best(settings.budget, seconds=settings.seconds)
        greedy, pairs = choice.greedy(settings.budget), choice.greedy(settings.budget, pairs=True)
    with clock.step("how firm"):
        needs = needs_of(choice, best, settings, table, shortlist)
    with clock.step("frontier"):
        frontier = _frontier(choice, settings, table, shortlist, resolved)
    table = _with_results(table, screened, choice, best, shortlist, resolved)
    return PortfolioRun(
        resolved=resolved,
        inputs=inputs,
        prepared=prepared,
        candidates=table,
        bundles=screened.bundles,
        best=best,
        greedy=greedy,
        greedy_pairs=pairs,
        shortlist=shortlist,
        by_species=unweighted(choice.by_species(best), resolved),
        frontier=frontier,
        needs=needs,
        parts=parts_of(choice, best, table, shortlist, resolved),
        reference=screened.reference,
        settings=settings,
        seconds=clock.seconds,
    )


def _for_these(resolved: ResolvedStudy, species: Sequence[str] | None) -> ResolvedStudy:
    """The study with only the chosen species, whose weights so add up to one."""
    known = resolved.study.species
    if not species or not set(species) <= set(known):
        return resolved
    only = {name: entry for name, entry in known.items() if name in species}
    if not sum(entry.weight for entry in only.values()) > 0:
        raise ConfigError(f"{resolved.path}: species: the weights of {', '.join(only)} are all 0; choose others")
    return replace(resolved, study=resolved.study.model_copy(update={"species": only}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Screened:
    """Gains of single candidates and bundles, and who is on the shortlist."""

    reference: dict[str, Reference]
    singles: dict[str, Reals]
    bundles: pd.DataFrame
    shortlist: list[int]
    blocks: dict[str, Block] | None

    @classmethod
    def build(
        cls,
        resolved: ResolvedStudy,
        prepared: Mapping[str, Prepared],
        table: pd.DataFrame,
        settings: PortfolioSettings,
        clock: Clock,
    ) -> _Screened:
        ids = tuple(table["candidate"])
        reference: dict[str, Reference] = {}
        blocks: dict[str, Block] = {}
        for name, one in prepared.items():
            with clock.step(f"{name}: value of every candidate"):
                land = Landscape(one)
                reference[name] = reference_of(land, settings.objective)
                blocks[name] = block_of(land, ids, settings.objective, reference[name], singles_only=True)
        singles = {name: block.values(single_sets(len(ids))) for name, block in blocks.items()}
        exact = settings.objective in CIRCUIT
        with clock.step("bundles"):
            if exact:
                pairs, worth = _bundles(resolved, prepared, table, blocks)
                together = np.sum(list(singles.values()), axis=0)
                bundles = _bundle_table(table, pairs, worth, together)
                moves = _moves(table, together, pairs, worth)
            else:
                bundles = _bundle_table(table, np.empty((0, 2), np.int64), np.empty(0), np.empty(0))
                moves = _moves_by_line(prepared, table, settings.objective, singles)
        shortlist = _shortlist(resolved, table, moves, settings, _crowded(resolved, prepared, table, settings))
        return cls(
            reference=reference, singles=singles, bundles=bundles, shortlist=shortlist, blocks=blocks if exact else None
        )


def _bundles(
    resolved: ResolvedStudy, prepared: Mapping[str, Prepared], table: pd.DataFrame, blocks: Mapping[str, Block]
) -> tuple[NDArray[np.int64], Reals]:
    """Pairs on different lines that are near each other or on one route, and their exact value."""
    if table["fence_line"].nunique() < 2:
        return np.empty((0, 2), np.int64), np.empty(0)
    ids = tuple(table["candidate"])
    found = [nearby_pairs(table, resolved.study.candidates.bundles.apart_m)]
    found += [pairs_on_routes(Landscape(one), table) for one in prepared.values()]
    pairs = np.unique(np.concatenate(found), axis=0)
    worth = np.zeros(len(pairs))
    for start in range(0, len(pairs), 5000):
        part = pairs[start : start + 5000]
        sets = np.zeros((len(part), len(ids)), bool)
        sets[np.arange(len(part))[:, None], part] = True
        worth[start : start + 5000] = sum(block.values(sets) for block in blocks.values())
    return pairs, worth


def _bundle_table(table: pd.DataFrame, pairs: NDArray[np.int64], worth: Reals, singles: Reals) -> pd.DataFrame:
    """The bundles, best first."""
    order = np.argsort(-worth, kind="stable")
    names = table["candidate"].to_numpy()
    first, second = pairs[order].T if len(pairs) else np.empty((2, 0), np.int64)
    apart = singles[first] + singles[second] if len(pairs) else np.empty(0)
    return pd.DataFrame({"first": names[first], "second": names[second], "gain": worth[order], "gain_apart": apart})


def _moves(
    table: pd.DataFrame, singles: Reals, pairs: NDArray[np.int64], worth: Reals
) -> list[tuple[tuple[int, ...], float]]:
    cost = np.maximum(table["cost"].to_numpy(), 1e-9)
    moves = [((i,), float(gain / cost[i])) for i, gain in enumerate(singles)]
    return moves + [((int(a), int(b)), float(g / (cost[a] + cost[b]))) for (a, b), g in zip(pairs, worth, strict=True)]


def _moves_by_line(
    prepared: Mapping[str, Prepared], table: pd.DataFrame, objective: str, singles: Mapping[str, Reals]
) -> list[tuple[tuple[int, ...], float]]:
    """Singles, each valued as if the other fence lines did not stand: behind a closed line no single one gains."""
    lines = list(dict.fromkeys(table["fence_line"]))
    total = np.zeros(len(table)) if len(lines) > 1 else np.sum(list(singles.values()), axis=0)
    for line in lines if len(lines) > 1 else ():
        mine = np.flatnonzero(table["fence_line"] == line)
        ids = tuple(table["candidate"].iloc[mine])
        for one in prepared.values():
            land = Landscape(one, only_line=line)
            block = block_of(land, ids, objective, reference_of(land, objective), singles_only=True)
            total[mine] += block.values(single_sets(len(ids)))
    return _moves(table, total, np.empty((0, 2), np.int64), np.empty(0))


def _shortlist(
    resolved: ResolvedStudy,
    table: pd.DataFrame,
    moves: Sequence[tuple[tuple[int, ...], float]],
    settings: PortfolioSettings,
    crowded: NDArray[np.bool_],
) -> list[int]:
    """Candidates among which the set is chosen; none that is ``crowded`` by a passage that stands."""
    wanted = [name for name in settings.must_have if name not in _on_land(resolved)]
    place = {name: i for i, name in enumerate(table["candidate"])}
    for name in [*wanted, *settings.must_not]:
        if name not in place and name not in resolved.study.actions:
            raise ConfigError(
                f"{resolved.path}: portfolio: unknown candidate or action {name!r}; the ids are in candidates.csv of a run"
            )
    first = [place[name] for name in wanted if name in place] + np.flatnonzero(table["kind"] == "removal").tolist()
    moves = [move for move in moves if not any(crowded[i] for i in move[0])]
    apart = spacing_of(resolved, settings) / 2
    return shortlisted(table, moves, first=first, most=max(settings.best, len(first)), apart_m=apart)


def _crowded(
    resolved: ResolvedStudy, prepared: Mapping[str, Prepared], table: pd.DataFrame, settings: PortfolioSettings
) -> NDArray[np.bool_]:
    """(n_candidate,) passages nearer to one that stands on their line than the least distance between passages."""
    first = next(iter(prepared.values()))
    stands = places_of_standing(first.standing_edges, first.inputs.cuts.fences)
    near = np.zeros(len(table), bool)
    for line, at in stands:
        near |= (table["fence_line"] == line) & (np.abs(table["along_m"] - at) < spacing_of(resolved, settings))
    return near & (table["kind"] == "passage").to_numpy()


def _on_land(resolved: ResolvedStudy) -> dict[str, float]:
    """Actions that may be chosen and change the land, with their costs."""
    study = resolved.study
    names = [n for n in study.portfolio.actions if study.actions[n].on_land and n not in study.done]
    return {name: study.actions[name].cost for name in names if name not in study.portfolio.must_not}


def _choice(
    resolved: ResolvedStudy,
    inputs: Inputs,
    prepared: Mapping[str, Prepared],
    table: pd.DataFrame,
    screened: _Screened,
    settings: PortfolioSettings,
) -> Choice:
    """One objective per combination of actions: the landscape is reduced anew where an action changes it."""
    ids = tuple(table["candidate"])
    cost = _on_land(resolved)
    ceiling = max(settings.budget, budgets_of(settings)[-1])
    must = [name for name in settings.must_have if name in cost]
    combined = combinations_of_actions(cost, must_have=must, budget=ceiling)

    def objective(names: tuple[str, ...]) -> Objective:
        if not names and screened.blocks is not None:
            blocks: dict[str, Block] = {
                name: replace(block, circuit=block.circuit.only(screened.shortlist))  # type: ignore[type-var,attr-defined]
                for name, block in screened.blocks.items()
            }
            return Objective(kind=settings.objective, blocks=blocks)
        lands = _lands(with_done(resolved, names), inputs, list(prepared))
        blocks = {n: block_of(land, ids, settings.objective, screened.reference[n]) for n, land in lands.items()}
        return Objective(kind=settings.objective, blocks=blocks)

    return Choice.build(combined, objective, rules_of(resolved, table, settings, ceiling))


def _lands(resolved: ResolvedStudy, inputs: Inputs, species: Sequence[str]) -> dict[str, Landscape]:
    """The land of each species once more actions are done; fences are read again where one is added."""
    added = any(resolved.study.actions[name].kind == "add_fence" for name in resolved.study.done)
    now = read_inputs(resolved, species) if added else inputs
    return {name: Landscape(prepare_species(resolved, now, name)) for name in species}


def _frontier(
    choice: Choice, settings: PortfolioSettings, table: pd.DataFrame, shortlist: Sequence[int], resolved: ResolvedStudy
) -> pd.DataFrame:
    """The best plan for each budget, for all species together and for each alone."""
    budgets = budgets_of(settings)
    species = list(choice.alternatives[0].chooser.objective.blocks)
    rows = []
    for name in ["all", *(species if len(species) > 1 else [])]:
        one = choice if name == "all" else _for_species(choice, name)
        scale = 1.0 if name == "all" else unweighted({name: 1.0}, resolved)[name]
        for budget in budgets:
            plan = one.best(budget, seconds=settings.seconds / len(budgets))
            names = [*plan.actions, *(str(table["candidate"].iloc[shortlist[i]]) for i in plan.chosen)]
            rows.append((name, budget, plan.cost, plan.value * scale, plan.bound * scale, plan.gap, " ".join(names)))
    frontier = pd.DataFrame(rows, columns=["species", "budget", "cost", "gain", "bound", "gap", "plan"])
    return frontier


def _for_species(choice: Choice, name: str) -> Choice:
    """The same choice for one species alone."""
    alternatives = tuple(
        replace(
            one,
            chooser=replace(
                one.chooser, objective=replace(one.chooser.objective, blocks={name: one.chooser.objective.blocks[name]})
            ),
        )
        for one in choice.alternatives
    )
    return replace(choice, alternatives=alternatives)


def _with_results(
    table: pd.DataFrame,
    screened: _Screened,
    choice: Choice,
    best: PassagePlan,
    shortlist: Sequence[int],
    resolved: ResolvedStudy,
) -> pd.DataFrame:
    out = table.copy()
    for name, gains in unweighted(screened.singles, resolved).items():
        out[f"gain_{name}"] = gains
    out["gain"] = np.sum(list(screened.singles.values()), axis=0)
    out["gain_in_bundle"] = _half_of_bundles(table, screened.bundles)
    out["local_maximum"] = local_maxima(
        table, out["gain"].to_numpy(), spacing_of(resolved, resolved.study.portfolio) / 2
    )
    rows = np.arange(len(out))
    out["shortlisted"] = np.isin(rows, shortlist)
    out["chosen"] = np.isin(rows, [shortlist[i] for i in best.chosen])
    out["next_gain"] = np.nan
    out.loc[list(shortlist), "next_gain"] = choice.next_gains(best)
    return out


def _half_of_bundles(table: pd.DataFrame, bundles: pd.DataFrame) -> Reals:
    """(n,) half of what each candidate gains in its best bundle [1]; NaN where it is in none."""
    place = {name: i for i, name in enumerate(table["candidate"])}
    out = np.full(len(table), np.nan)
    for column in ("first", "second"):
        rows = np.array([place[name] for name in bundles[column]], np.int64)
        np.fmax.at(out, rows, bundles["gain"].to_numpy(float) / 2)
    return out
