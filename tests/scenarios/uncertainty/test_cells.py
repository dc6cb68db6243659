"""The same draws at other cell sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, spearmanr

from rasters.errors import ConfigError
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.uncertainty.cells import cell_sentences, cell_tables, other_cell_sizes, stability_by_cell
from scenarios.uncertainty.draws import score_candidates
from scenarios.uncertainty.session import run_uncertainty_study
from scenarios.uncertainty.stability import Stability, stability_of
from tests.support.tiny_study import write_tiny_study

ROWS = [{"parameter": "permeability.*.value", "odds": [0.25, 4]}]


def with_cells(settings: dict[str, Any]) -> None:
    settings["uncertainty"] = {"parameters": ROWS, "cell_m": [1000, 2000]}
    settings["layers"]["dem"]["resampling"] = "average"
    settings["layers"]["water"]["resampling"] = "nearest"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny", with_cells)


@pytest.fixture(scope="module")
def by_size(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[float, Stability]:
    cache = tmp_path_factory.mktemp("draws")
    found = stability_of(resolve(str(study), "closed"), species=["digger"], draws=4, seed=3, top=3, cache=cache)
    return stability_by_cell(found, cache=cache)


def test_each_size_is_the_study_on_that_grid(study: Path, by_size: dict[float, Stability]) -> None:
    """The stated scores at 2 km are those of the study with ``grid.cell_m: 2000``; its own size is not drawn twice."""
    from scenarios.land.inputs import read_inputs
    from scenarios.land.prepared import prepare_species

    assert list(by_size) == [1000.0, 2000.0]
    coarse = resolve(str(study), "closed", {"grid.cell_m": 2000})
    ids = by_size[2000.0].candidates["candidate"]
    table = score_candidates(prepare_species(coarse, read_inputs(coarse, ["digger"]), "digger"), frozenset(ids))
    wanted = table.set_index("candidate")["score"].reindex(ids).to_numpy()
    np.testing.assert_allclose(by_size[2000.0].stated_gains("all"), wanted, rtol=1e-12)
    np.testing.assert_array_equal(by_size[1000.0].points, by_size[2000.0].points)


def test_tables_by_hand(by_size: dict[float, Stability]) -> None:
    tables = cell_tables(by_size)
    leads, row = tables["cell_sizes"], tables["cell_agreement"].iloc[0]
    one, two = (found.stated_gains() for found in by_size.values())
    assert row["kendall_tau"] == pytest.approx(kendalltau(one, two).statistic)
    assert row["spearman"] == pytest.approx(spearmanr(one, two).statistic)
    for size, found in by_size.items():
        own = leads[leads["cell_m"] == size].set_index("candidate")
        ranks = pd.DataFrame(found.ranks(), columns=found.candidates["candidate"])
        pd.testing.assert_series_equal(own["lead_share"], (ranks == 1).mean()[own.index], check_names=False)
        assert own["lead_share"].sum() == pytest.approx(1.0)
    said = cell_sentences(by_size, tables)
    assert len(said) == 1
    assert f"2000 m: {row['kendall_tau']:.2f}" in said[0]


def test_one_size_says_nothing(by_size: dict[float, Stability]) -> None:
    only = {1000.0: by_size[1000.0]}
    assert cell_sentences(only, {}) == ()


def test_a_size_that_the_grid_cannot_have_is_refused_before_the_draws(study: Path) -> None:
    with pytest.raises(ConfigError, match="1500 is not a whole multiple"):
        other_cell_sizes(resolve(str(study), "closed", {"uncertainty.cell_m": [1500]}))


def test_the_command_writes_the_tables(study: Path, tmp_path: Path) -> None:
    run_uncertainty_study(
        str(study),
        tmp_path / "out",
        Reporter(quiet=True),
        scenario="closed",
        species=["digger"],
        draws=4,
        top=3,
        cache=tmp_path / "draws",
    )
    sizes, agreement = (pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in ("cell_sizes", "cell_agreement"))
    assert set(sizes["cell_m"]) == {1000.0, 2000.0}
    assert len(agreement) == 1
    assert "Cell size, all species together" in (tmp_path / "out" / "stability.txt").read_text()
