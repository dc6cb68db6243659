"""`otkel indicators`: the yearly table and chart, from a study and what stood in each year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from scenarios.crime.tables import CrimeData, read_crime
from scenarios.evidence.linking import landmarks_of
from scenarios.evidence.package import TrapData, read_traps
from scenarios.evidence.watching import Watch, watch
from scenarios.field_data.faults import Faults
from scenarios.indicators.files import IndicatorResults, for_audience, write_indicators
from scenarios.indicators.years import Year, field_rows, habituation_sentences, model_rows, parse_years
from scenarios.land.inputs import Inputs, read_inputs, read_profile
from scenarios.outputs.audience import audience_named, audience_note
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, require_language, study_language
from scenarios.progress import Reporter

__all__ = ["run_indicators"]


def run_indicators(
    name: str,
    year_texts: Sequence[str],
    out: Path,
    reporter: Reporter,
    *,
    species: Sequence[str] | None = None,
    traps: Path | None = None,
    patrols: Path | None = None,
    draws: int = 0,
    seed: int = 1,
    audience: str = "partner",
    lang: str | None = None,
) -> Summary[IndicatorResults]:
    """Compute every year's indicators with one code, add what cameras and patrols say, write the table and chart.

    Parameters
    ----------
    name : str
        A study.
    year_texts : sequence of str
        ``YEAR=SCENARIO``: what stood in each year.
    out : path
    reporter : Reporter
    species : sequence of str, optional
    traps, patrols : path, optional
        Camera-trap data and patrol data over all years.
    draws : int
        Draws of the uncertain numbers for the ranges, a power of two; 0 for none.
    seed : int
    audience : {"partner", "restricted", "public"}
        ``public`` leaves out single cores and rounds to two figures.
    lang : str, optional
        Of the page, the chart and what is told; default English. Tables are for programs.
    """
    require_language(lang or "en")
    reader = audience_named(audience)
    years = parse_years(name, year_texts)
    stated = {
        "audience": audience,
        "years": {str(y.year): y.resolved.scenario for y in years},
        "draws": draws,
        "seed": seed,
    }
    said = (reader, audience_note(reader))
    with results_folder(out, [year.resolved for year in years], settings=stated, said=said) as job:
        reporter.expect(len(years) * (1 + draws) + 2, "reading")
        inputs = read_inputs(years[-1].resolved, species)
        say = study_language(lang or "en", years[-1].resolved, inputs)
        titles = {y.resolved.scenario_title: y.resolved.scenario_titles.get(say.code, "") for y in years}
        say = replace(say, own={**say.own, **{title: said for title, said in titles.items() if said}})
        cameras, crime = _field_data(years[-1], inputs, traps, patrols)
        model = model_rows(years, species, draws=draws, seed=seed, progress=reporter.step)
        field = field_rows(years, None if cameras is None else cameras[1], crime)
        synthetic = (cameras is not None and cameras[0].synthetic) or (crime is not None and crime.settings.synthetic)
        parts = [part for part in (model.table, field) if len(part)]
        found = IndicatorResults(
            years=years,
            table=pd.concat(parts, ignore_index=True),
            changes=model.changes,
            draws=draws,
            seed=seed,
            synthetic=synthetic,
            audience=reader,
            habits=tuple(_habits(years, species, say)),
            names=_names(inputs),
            say=say,
        )
        reporter.step("writing")
        write_indicators(for_audience(found), job.folder)
        job.inputs |= {f"traps/{p.name}": p for p in (cameras[0].files if cameras is not None else [])}
        job.inputs |= {f"patrols/{p.name}": p for p in (crime.files if crime is not None else [])}
    rows = {
        "draws": draws,
        "seed": seed,
        "indicators": found.table.to_dict("records"),
        "changes": found.changes.to_dict("records"),
    }
    return job.summary(found, rows, found.sentences())


def _names(inputs: Inputs) -> dict[str, str]:
    """Ids of species and places -> their names."""
    species = {name: profile.labels.get("en", profile.name) for name, profile in inputs.profiles.items()}
    return species | {place.id: place.name for place in inputs.places.values()}


def _habits(years: Sequence[Year], species: Sequence[str] | None, say: Language) -> list[str]:
    last = years[-1].resolved
    profiles = {name: read_profile(last, name) for name in last.study.species if species is None or name in species}
    return habituation_sentences(years, profiles, say)


def _field_data(
    last: Year, inputs: Inputs, traps: Path | None, patrols: Path | None
) -> tuple[tuple[TrapData, Watch] | None, CrimeData | None]:
    """Cameras linked to the study as it last stood, and patrols."""
    if traps is None and patrols is None:
        return None, None
    cameras = None
    if traps is not None:
        data, faults = read_traps(traps), Faults()
        cameras = data, watch(data, landmarks_of(last.resolved, inputs, data.settings.passages), inputs, faults)
        faults.warn()
    return cameras, None if patrols is None else read_crime(patrols, inputs.grid)
