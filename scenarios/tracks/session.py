"""`otkel tracks`: collar data of a study, from files to a folder with a page, tables and what the next run takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rasters.errors import OptionError
from scenarios.evidence.overlay import write_overlay
from scenarios.evidence.predicts import results_scenario
from scenarios.land.inputs import chosen_species, read_inputs
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, require_language, study_language
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.tracks.charts import draw_charts
from scenarios.tracks.findings import STEPS_PER_SPECIES, Findings, TracksJob, find
from scenarios.tracks.output_tables import PERMEABILITY, PROFILE, write_tracks_tables
from scenarios.tracks.page import write_tracks_page
from scenarios.tracks.predicts import Results
from scenarios.tracks.reading import read_tracks
from scenarios.tracks.words import ranking_sentences, sentences_of

__all__ = ["run_tracks"]


def run_tracks(
    name: str,
    data: Path,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    settings: Path | None = None,
    ranking: bool = True,
    seed: int = 1,
    lang: str | None = None,
    results: Path | None = None,
    alternatives: Mapping[str, Path] | None = None,
) -> Summary[Findings]:
    """Read, check, estimate, write; the folder appears when it is complete.

    Parameters
    ----------
    name : str
        Study.
    data : Path
        File or folder of tracks, see `scenarios.tracks.reading.read_tracks`.
    ranking : bool
        Rank the candidates again where a permeability was updated.
    seed : int
        Of the steps that are drawn as available, and of null tracks.
    lang : str, optional
        Of the page, the charts and what is told; default English. Tables are for programs.
    results : Path, optional
        Folder of `otkel run` whose maps are tried at the tracks; its scenario is used where none is named.
    alternatives : mapping of str to Path, optional
        Other results folders whose current is compared with its.
    """
    require_language(lang or "en")
    chosen = results_scenario(results, scenario) if results is not None else scenario
    if alternatives and results is None:
        raise OptionError("--alternative: is compared with the maps of --results; give those, too")
    resolved = resolve(name, chosen, overrides or {})
    with results_folder(out, [resolved], kind="tracks", seeds={"available steps": seed}) as job:
        mine = tuple(chosen_species(resolved, species))
        reporter.expect(2 + STEPS_PER_SPECIES * len(mine) + 2 * len(mine) * ranking, "reading")
        tracks = read_tracks(data, settings=settings)
        reporter.step("reading the study")
        asked = TracksJob(
            name=name, resolved=resolved, inputs=read_inputs(resolved), species=mine, tracks=tracks, overrides=dict(overrides or {}),
            ranking=ranking, seed=seed,
            results=None if results is None else Results(folder=results, scenario=str(chosen), alternatives=dict(alternatives or {})),
        )  # fmt: skip
        found = find(asked, reporter.step)
        write_tracks_tables(found, job.folder)
        _write_overlays(found, job.folder)
        say = study_language(lang or "en", resolved, asked.inputs)
        write_tracks_page(found, draw_charts(found, job.folder, say), job.folder, say)
        job.settings = {"synthetic": tracks.synthetic, "tracks": tracks.settings, "ranking": ranking}
        job.inputs = {f"data/{one.name}": one for one in tracks.files}
    return job.summary(found, _rows(found), list(_notes(found, say)))


def _write_overlays(found: Findings, folder: Path) -> None:
    if found.permeability is not None:
        what = (
            "Medians of posteriors; what stood before, and what was seen, stands under `replaced` and in crossing.csv."
        )
        write_overlay(found.permeability, folder / PERMEABILITY, by="otkel tracks", what=what)
    if found.profile is not None:
        what = "Resistances by step selection; coefficients with their intervals are in selection.csv."
        write_overlay(found.profile, folder / PROFILE, by="otkel tracks", what=what)


def _rows(found: Findings) -> dict[str, Any]:
    """Plain data: what was seen, and what follows."""
    return {
        "synthetic": found.job.tracks.synthetic,
        "scenario": found.job.resolved.scenario,
        "animals": {one.species: len(one.names) for one in found.tracks},
        "fixes": {one.species: int(one.x.size) for one in found.tracks},
        "warnings": [str(fault) for fault in found.faults],
        "crossing": found.worth_rows.to_dict("records"),
        "rates": found.rates.to_dict("records"),
        "selection": {one.species: one.status for one in found.selections},
        "predictions": found.predictions.to_dict("records"),
        "ranking": ranking_sentences(found),
    }


def _notes(found: Findings, say: Language) -> Iterator[str]:
    """The sentences of the page."""
    if found.job.tracks.synthetic:
        yield say("SYNTHETIC DATA: nothing here was observed.")
    for lines in sentences_of(found, say).values():
        yield from lines
    if len(found.faults):
        yield say("{n} things to look at in the data: warnings.csv").format(n=len(found.faults))
