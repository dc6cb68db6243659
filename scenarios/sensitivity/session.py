"""``otkel sensitivity``: from a study to a folder that says what an indicator hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.land.inputs import context_layer, read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.ground import ground_of
from scenarios.model.landscape import Landscape
from scenarios.outputs.folder import run_folder
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, require_language, study_language
from scenarios.progress import Reporter
from scenarios.sensitivity.files import Sensitivity, write_sensitivity
from scenarios.sensitivity.indicators import derivative_of
from scenarios.sensitivity.page import write_sensitivity_page
from scenarios.sensitivity.parameters import origins, parameter_table
from scenarios.sensitivity.places import surfaces_of, top_places
from scenarios.sensitivity.words import sentences_of
from scenarios.study.load import resolve

__all__ = ["run_sensitivity", "sensitivity_of"]


def sensitivity_of(land: Landscape, indicator: str) -> Sensitivity:
    """Slopes of one indicator, with their tables."""
    prepared, found = land.prepared, derivative_of(land, indicator)
    shown = surfaces_of(prepared, found, indicator)
    table = parameter_table(prepared, found)
    known = origins(prepared.profile)
    table = table.assign(origin=[known.get(name, "") for name in table["parameter"]])
    return Sensitivity(
        indicator=indicator,
        prepared=prepared,
        ground=ground_of(prepared),
        found=found,
        surfaces=shown,
        parameters=table,
        places=top_places(prepared, shown),
    )


def run_sensitivity(
    name: str,
    scenario: str | None,
    species: Sequence[str] | None,
    indicators: Sequence[str],
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    lang: str | None = None,
) -> Summary[list[Sensitivity]]:
    """Check everything, then solve, then write; the folder appears when it is complete. Maps, page and notes are in a language."""
    require_language(lang or "en")
    resolved = resolve(name, scenario, overrides)
    with results_folder(out, [resolved], settings={"indicators": list(indicators)}) as job:
        inputs = read_inputs(resolved, species)
        say = study_language(lang or "en", resolved, inputs)
        borders = context_layer(resolved, "borders", inputs.grid)
        ready = [prepare_species(resolved, inputs, one) for one in inputs.profiles]
        reporter.expect(len(ready) * len(indicators), "slopes")
        found = [
            one for prepared in ready for one in _of_species(prepared, indicators, job.folder, reporter, borders, say)
        ]
        write_sensitivity_page(job.folder, found, resolved.study.credits, say)
        job.runs = list({one.ground.species: one.ground for one in found}.values())
    notes = [
        f"{say(one.ground.titles.get('species', one.ground.species))}: {text}"
        for one in found
        for text in sentences_of(one, say)
    ]
    return job.summary(found, {"sensitivity": [_row(one) for one in found]}, notes)


def _of_species(
    prepared: Prepared, indicators: Sequence[str], folder: Path, reporter: Reporter, borders: Any, say: Language
) -> list[Sensitivity]:
    land, out = Landscape(prepared), []
    for indicator in indicators:
        reporter.step(f"{prepared.profile.id}: {indicator}")
        one = sensitivity_of(land, indicator)
        at = folder / run_folder(one.ground.scenario, one.ground.species)
        write_sensitivity(one, at, borders=borders, credits=prepared.resolved.study.credits, say=say)
        out.append(one)
    return out


def _row(one: Sensitivity) -> dict[str, Any]:
    """Plain data: the value, the numbers it hangs on, the best place."""
    return {
        "species": one.ground.species,
        "scenario": one.ground.scenario,
        "indicator": one.indicator,
        "value": one.found.value,
        "joined": one.found.joined,
        "pairs": one.found.total,
        "parameters": one.parameters[["parameter", "elasticity_up", "elasticity_down", "status"]].to_dict("records"),
    }
