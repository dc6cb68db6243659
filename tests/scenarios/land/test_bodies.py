"""A study's use factors and permeabilities against what fits: errors with file, line, key and figures; 0 shuts a passage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rasters.errors import ConfigError
from scenarios.land.bodies import design_table, fence_table
from scenarios.land.inputs import read_inputs, read_profile
from scenarios.land.prepared import prepare_species
from scenarios.model.landscape import Landscape
from scenarios.outputs.pages.built import write_built
from scenarios.runs.check import _bodies_findings
from scenarios.study.load import resolve
from tests.support.tiny_study import edit, let_through, write_tiny_study

MADE_UP = "made up"
LARGE = {
    "crawls_under_m": {"value": 1.2, "origin": MADE_UP},
    "jumps_m": {"value": 0, "origin": MADE_UP},
    "min_width_m": {"value": 1.5, "origin": MADE_UP},
}
WIRES = {"border": {"top_m": 1.7, "strands": 8, "bottom_m": 0.21, "origin": MADE_UP}}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = write_tiny_study(tmp_path / "study")
    edit(folder, "body", value=LARGE, file="digger.yaml")
    edit(folder, "fences", "wires", value=WIRES)
    edit(folder, "designs", "wires_out", "clearance_m", value=0.85)
    edit(folder, "designs", "bridge", "clearance_m", value="open")
    return folder


def faults(study: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_inputs(resolve(str(study), "closed"))
    return str(caught.value).splitlines()


def line_with(path: Path, *words: str) -> int:
    """Line of a key below others, in order."""
    lines, at = path.read_text().splitlines(), 0
    for word in words:
        at = next(i for i in range(at, len(lines)) if word in lines[i])
    return at + 1


def test_every_impossible_number_is_told_at_once(study: Path) -> None:
    use, permeability = faults(study)
    path = study / "digger.yaml"
    line = line_with(path, "use_factor", "wires_out", "value")
    assert use.startswith(f"{path}:{line}: use_factor.wires_out.value: 0.8: no digger fits through wires_out: too low")
    assert "0.85 m clear, needs 1.2 m" in use and "state 0" in use
    line = line_with(path, "permeability", "default", "value")
    assert permeability.startswith(
        f"{path}:{line}: permeability.default.value: 0.4: no digger gets past border: shut out"
    )
    assert "0.21 m clear, needs 1.2 m" in permeability and "top at 1.7 m, jumps 0 m" in permeability
    assert "body.other_ways" in permeability


def test_values_of_the_study_come_first_and_are_named(study: Path) -> None:
    edit(study, "designs", "wires_out", "use_factor", value={"digger": 0.3})
    edit(study, "fences", "permeability", value={"border": {"digger": let_through(0.1)}})
    use, permeability = faults(study)
    assert f"{study / 'study.yaml'}:" in use and "designs.wires_out.use_factor.digger: 0.3" in use
    assert f"{study / 'study.yaml'}:" in permeability and "fences.permeability.border.digger.value: 0.1" in permeability


def test_what_was_measured_or_built_at_one_place_is_named(study: Path) -> None:
    edit(study, "use_factor", "wires_out", "value", value=0, file="digger.yaml")
    edit(study, "permeability", "default", value=let_through(0), file="digger.yaml")
    opening = {
        "id": "seen",
        "fence_line": "border",
        "design": "wires_out",
        "every_m": 9000,
        "use_factor": {"digger": 0.2},
    }
    narrow = {"id": "slot", "fence_line": "border", "design": "bridge", "every_m": 9000, "width_m": 1}
    edit(study, "openings", value=[opening, narrow])
    told = faults(study)
    assert ["openings[0].use_factor.digger: 0.2" in told[0], len(told)] == [True, 2]
    assert "use_factor.bridge.value: 0.6" in told[1] and "at openings[1]: too narrow (1 m wide, needs 1.5 m)" in told[1]


def test_the_ways_out_that_the_message_names(study: Path) -> None:
    edit(study, "use_factor", "wires_out", "value", value=0, file="digger.yaml")
    edit(study, "body", "other_ways", value={"breaks": MADE_UP}, file="digger.yaml")
    profiles = read_inputs(resolve(str(study), "closed")).profiles
    assert profiles["digger"].use_factor_of("wires_out").value == 0


def test_what_is_not_stated_is_unknown_and_no_error(tmp_path: Path) -> None:
    resolved = resolve(str(write_tiny_study(tmp_path / "study")), "closed")
    profiles = read_inputs(resolved).profiles
    fits = design_table(resolved.study, profiles).filter(like="fits_")
    assert fits.map(lambda text: text.startswith("unknown")).all(axis=None)


def test_a_design_that_none_fits_through_opens_nothing(study: Path) -> None:
    """Its candidates are there, so that species can be combined, and are worth exactly nothing; a closed fence stays closed."""
    edit(study, "use_factor", "wires_out", "value", value=0, file="digger.yaml")
    edit(study, "permeability", "default", value=let_through(0), file="digger.yaml")
    resolved = resolve(str(study), "closed")
    inputs = read_inputs(resolved)
    walker, digger = (Landscape(prepare_species(resolved, inputs, name)) for name in ("walker", "digger"))
    names = [[edges.opening.id for edges in land.prepared.candidates] for land in (walker, digger)]
    assert names[0] == names[1] and names[0]
    each = np.eye(len(names[0]), dtype=bool)
    assert (walker.circuit(names[0]).conductances(each) > 0).any()
    assert (digger.circuit(names[0]).conductances(each) == 0).all()
    assert np.isinf(digger.distances_to_any(names[0]).distances(each)).all()


def test_tables_for_people_name_species_and_leave_out_what_nothing_states(study: Path, tmp_path: Path) -> None:
    edit(study, "use_factor", "wires_out", "value", value=0, file="digger.yaml")
    edit(study, "permeability", "default", "value", value=0, file="digger.yaml")
    resolved = resolve(str(study), "closed")
    profiles = read_inputs(resolved).profiles
    shown = write_built(tmp_path, resolved.study, profiles)
    designs = shown["designs.csv"]
    assert [head.label for head in designs.columns] == ["Design", "Width", "Clear height", "Walker", "Digger", "Origin"]
    assert [head.unit for head in designs.columns] == ["", "m", "m", "", "", ""]
    assert next(row for row in designs.rows if row[0] == "wires out")[4] == "too low (0.85 m clear, needs 1.2 m)"
    written = pd.read_csv(tmp_path / "designs.csv")
    assert written["fits_digger"].tolist() == [row[4] for row in designs.rows]
    assert pd.read_csv(tmp_path / "fence_wires.csv")["fence_line"].tolist() == ["border"]
    page = [cell for row in designs.rows for cell in row]
    assert "0.85" in page and "open" in page
    told = [f.text for f in _bodies_findings(resolved, read_inputs(resolved))]
    assert len(told) == 3 and "digger: too low" in told[0] and "digger: shut out" in told[2]


def test_the_bundled_study_says_who_fits(tmp_path: Path) -> None:
    resolved = resolve("ustyurt", "baseline")
    profiles = {name: read_profile(resolved, name) for name in resolved.study.species}
    table = design_table(resolved.study, profiles).set_index("design")
    assert table.filter(like="fits_").map(lambda text: text.startswith("fits")).all(axis=None)
    assert table.loc["wires_removed", "fits_kulan"] == "fits (0.85 m clear, needs 0.8 m, assumed)"
    fences = fence_table(resolved.study, profiles).set_index("fence_line")
    assert fences.loc["kz_border_fence", "fits_kulan"].startswith("shut out")
    assert fences.loc["kz_border_fence", "fits_urial"] == "fits (weak places, assumed)"
