"""The small model of a species against whole runs of the same openings, with one fence line and with two sealed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasters.errors import DataError
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.passage_model import choose_candidates, passage_model, read_model, write_model
from scenarios.model.ranking import combine_species
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.study.load import resolve
from tests.support.passage_values import least_costs, resistances, set_score
from tests.support.tiny_study import write_tiny_study

WIDE = ("closed", {"candidates.design": "bridge"})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both fence lines let no walker through."""
    return write_tiny_study(tmp_path_factory.mktemp("study"))


def prepare(study: Path, scenario: str, species: str, **changes: Any) -> Prepared:
    resolved = resolve(str(study), scenario, {k.replace("__", "."): v for k, v in changes.items()})
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


def solved_with(study: Path, scenario: str, species: str, chosen: list[str], **changes: Any) -> SpeciesRun:
    """A whole run in which the chosen candidates stand open."""
    design = changes.get("candidates__design", "wires_out")
    rules = [{"id": f"open-{i}", "fence_line": "border", "design": design, "at": [c]} for i, c in enumerate(chosen)]
    return run_species(prepare(study, scenario, species, openings=rules, **changes))


def table_of(run: SpeciesRun, column: str) -> np.ndarray:
    """(n_origin, n_target + 1) of the table of pairs, in its own order."""
    return run.pairs[column].to_numpy().reshape(run.pairs["source"].nunique(), -1)


@pytest.mark.parametrize(
    ("scenario", "species", "design"),
    [
        ("closed", "walker", "wires_out"),
        ("closed", "digger", "bridge"),
        ("both", "walker", "wires_out"),
        ("both", "digger", "bridge"),
    ],
)
def test_a_set_is_worth_what_a_whole_run_says(study: Path, scenario: str, species: str, design: str) -> None:
    prepared = prepare(study, scenario, species, candidates__design=design)
    ids = [c.opening.id for c in prepared.candidates]
    model = passage_model(prepared, ids)
    border = [i for i in ids if i.startswith("border")]
    inner = [i for i in ids if i.startswith("inner")]
    sets = [[], border[3:4], [border[5], border[6], border[12]], [*border[4:12:4], *inner[3:18:7]]]
    for chosen in sets:
        run = solved_with(study, scenario, species, chosen, candidates__design=design)
        np.testing.assert_allclose(resistances(model, chosen), table_of(run, "effective_resistance_ohm"), rtol=1e-8)
        np.testing.assert_allclose(least_costs(model, chosen), table_of(run, "least_cost_m"), rtol=1e-12)


@pytest.mark.parametrize("scenario", ["closed", "both"])
@pytest.mark.parametrize(
    ("species", "design"), [("walker", "wires_out"), ("digger", "wires_out"), ("digger", "bridge")]
)
def test_searches_that_are_left_out_are_never_missed(study: Path, scenario: str, species: str, design: str) -> None:
    prepared = prepare(study, scenario, species, candidates__design=design, fences__model__free_path_m=3000)
    ids = [c.opening.id for c in prepared.candidates]
    every = Landscape(prepared).distances(ids, Landscape(prepared).pairs_to_any)
    sets = np.random.default_rng(5).random((200, len(ids))) < np.linspace(0.05, 0.9, 200)[:, None]
    model = passage_model(prepared, ids)
    found = [least_costs(model, [ids[i] for i in np.flatnonzero(chosen)])[:, -1] for chosen in sets]
    np.testing.assert_allclose(found, every.distances(sets), rtol=1e-12)
    if scenario == "closed":
        assert np.isfinite(model.cost_m).sum() < 0.8 * np.isfinite(every.cost_m).sum()


def test_a_chain_through_two_sealed_lines_needs_a_passage_in_each(study: Path) -> None:
    prepared = prepare(study, "both", "walker")
    ids = [c.opening.id for c in prepared.candidates]
    border, inner = next(i for i in ids if i.startswith("border")), next(i for i in ids if i.startswith("inner"))
    model = passage_model(prepared, ids)
    assert np.isinf(resistances(model, [border])).all() and np.isinf(least_costs(model, [inner])).all()
    assert (
        np.isfinite(resistances(model, [inner, border])).all()
        and np.isfinite(least_costs(model, [border, inner])).all()
    )


def test_a_single_candidate_scores_as_in_the_ranking(study: Path) -> None:
    prepared = prepare(study, "closed", "digger")
    run = run_species(prepared)
    ids = run.ranking["candidate"].tolist()
    model = passage_model(prepared, ids)
    scores = [set_score(model, [name], run.pairs, run.ranking, (0.5, 0.5)) for name in ids]
    np.testing.assert_allclose(scores, run.ranking["score"], rtol=1e-8, atol=1e-12)


def test_the_chosen_candidates_hold_every_shortlist_and_are_spread_along_all_fences(study: Path) -> None:
    prepared = [prepare(study, "both", name) for name in ("walker", "digger")]
    runs = [run_species(one) for one in prepared]
    rankings = [combine_species(prepared[0].resolved.study, {r.species: r.ranking for r in runs})]
    rankings += [run.ranking for run in runs]
    chosen = choose_candidates(prepared, rankings, most=24)
    selected = {name for table in rankings for name in table.loc[table["selected"], "candidate"]}
    assert selected <= set(chosen) and len(chosen) == len(set(chosen)) == 24
    for line in ("border", "inner"):
        kilometres = sorted(float(name[-6:]) for name in chosen if name.startswith(line))
        assert len(kilometres) >= 8 and np.diff(kilometres).max() < 10
    assert choose_candidates(prepared, rankings, most=5) == chosen[:5]


def test_a_model_is_read_back_as_it_was(study: Path, tmp_path: Path) -> None:
    prepared = prepare(study, "closed", "walker")
    ids = [c.opening.id for c in prepared.candidates][:4]
    model = passage_model(prepared, ids)
    path = write_model(model, tmp_path / "model.npz")
    again = read_model(path)
    assert again.candidates == tuple(ids) and repr(again) == repr(model)
    assert np.array_equal(resistances(again, ids), resistances(model, ids))
    first = path.read_bytes()
    assert write_model(again, path).read_bytes() == first
    path.write_bytes(first[:200])
    with pytest.raises(DataError, match=r"model.npz: is no model"):
        read_model(path)
