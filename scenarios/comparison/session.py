"""From folders of results to a folder that says what differs: tables, maps, a figure and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import OptionError
from rasters.files.writing import replacing
from scenarios.comparison.figure import write_pictures
from scenarios.comparison.maps import common_scales, write_difference_maps
from scenarios.comparison.page import map_folder, write_comparison_page, write_comparison_tables
from scenarios.comparison.sides import Comparison, compare_sides, folder_and_scenario, sides_of
from scenarios.comparison.words import findings
from scenarios.outputs.claim import claimed
from scenarios.outputs.folder import MARKER
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.manifest import outputs_of, refresh_outputs
from scenarios.outputs.report.basis import bases_of
from scenarios.outputs.report.page import write_report
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.stored import StoredResults, read_results
from scenarios.outputs.translate import language, require_language
from scenarios.progress import Reporter
from scenarios.records.hashing import canonical_json, sha256_of, versions

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["COMPARISON", "run_compare", "write_comparison"]

COMPARISON = "comparison"
"""Folder of the comparison within the results that it is about."""
MARK = "<!--comparison-->"
LINK = '<li><a href="comparison/index.html">Scenarios side by side</a></li>'


def run_compare(
    given: Sequence[str | Path],
    out: Path | None,
    base: str | None,
    reporter: Reporter,
    *,
    check: bool = False,
    lang: str | None = None,
) -> Summary[Comparison]:
    """Compare folders of results, or the scenarios of one.

    Parameters
    ----------
    given : sequence of path
        Folders that `otkel run` wrote, or one scenario's folder within such a folder.
    out : path, optional
        Default for a single folder of results: ``comparison`` in it, which its page then links.
    base : str, optional
        The side that the others are compared with; default the first.
    check : bool
        First compare every file of the results with its hash.
    lang : str, optional
        Of the page, the pictures and the maps; the default folder is called after it. Default: English; the map page opens in the
        reader's own.

    Raises
    ------
    ConfigError
        Nothing to compare with, or runs whose numbers do not mean the same.
    """
    spoken = lang or "en"
    require_language(spoken)
    asked = [folder_and_scenario(path) for path in given]
    stored = {folder.resolve(): read_results(folder, check=check) for folder, _ in asked}
    if out is None and len(stored) > 1:
        raise OptionError("--out is missing: say into which folder the comparison of several results goes")
    first = next(iter(stored.values()))
    own = first.folder / f"{COMPARISON}{language(spoken).suffix}"
    final = own if out is None else out
    with results_folder(final) as job:
        reporter.expect(3, "reading")
        sides = sides_of([stored[folder.resolve()] for folder, _ in asked], [scenario for _, scenario in asked])
        comparison = compare_sides(sides, base, spoken)
        reporter.step("drawing")
        write_comparison(comparison, job.folder, list(stored.values()), lang or "")
    if final.resolve() == (first.folder / COMPARISON).resolve():
        _link(first.folder)
    reporter.step("done")
    rows = {
        "base": comparison.base.label,
        "others": [side.label for side in comparison.others],
        "headlines": comparison.headlines.to_dict("records"),
        "gains": comparison.gains.to_dict("records"),
        "agreement": comparison.agreement.to_dict("records"),
    }
    return job.summary(comparison, rows, findings(comparison))


def write_comparison(
    comparison: Comparison, folder: Path, stored: Sequence[StoredResults] = (), lang: str = ""
) -> None:
    """Write every file of a comparison into a folder; borders come from the stored results.

    ``lang`` is what the map page opens in; empty for the reader's own.
    """
    borders = next((one.borders for one in stored if one.borders is not None), None)
    told_by = [*(one.credits for one in stored), *(side.settings.get("credits", ()) for side in comparison.sides)]
    credits = tuple(dict.fromkeys(line for lines in told_by for line in lines))
    for species in comparison.species:
        pairings = comparison.pairings(species)
        scales = common_scales(pairings)
        for pairing in pairings:
            at = folder / map_folder(pairing.other, species)
            write_difference_maps(pairing, at, scales, borders=borders, credits=credits, say=comparison.say)
    write_comparison_tables(comparison, folder)
    write_pictures(comparison, folder)
    write_comparison_page(comparison, folder, credits=credits)
    shown = _side_by_side(comparison, stored, borders, credits)
    write_report(folder, replace(shown, lang=lang))
    _write_manifest(comparison, folder, stored)


def _side_by_side(
    comparison: Comparison, stored: Sequence[StoredResults], borders: gpd.GeoDataFrame | None, credits: tuple[str, ...]
) -> Contents:
    """What the map page shows: every side, the first two with the swipe between them."""
    sides = (comparison.base, *comparison.others)
    labels = {side.label for side in sides}
    bases = {
        label: basis
        for one in stored
        for scenario, basis in bases_of(one.manifest).items()
        for label in (scenario, f"{one.folder.name}/{scenario}")
        if label in labels
    }
    runs = [(side, side.read(species)) for side in sides for species in side.species]
    own = comparison.say.code == "en"  # the page itself says titles in every language
    return Contents(
        runs=tuple(
            replace(run, scenario=side.label, titles=run.titles | ({"scenario": side.title} if own else {}))
            for side, run in runs
        ),
        combined={side.label: side.combined for side in sides if side.combined is not None},
        bases=bases,
        credits=credits,
        borders=borders,
        beside=comparison.others[0].label,
    )


def _write_manifest(comparison: Comparison, folder: Path, stored: Sequence[StoredResults]) -> None:
    """What was compared: the sides, and the manifests of their results by hash."""
    manifest = {
        "kind": "comparison",
        "audience": comparison.audience[0],
        "audience_note": comparison.audience[1],
        "base": comparison.base.label,
        "others": [side.label for side in comparison.others],
        "results": {one.folder.name: sha256_of(one.folder / MARKER) for one in stored},
        "versions": versions(),
        "outputs": outputs_of(folder),
    }
    with replacing(folder / MARKER) as part:
        part.write_text(canonical_json(manifest), encoding="utf-8")


def _link(results: Path) -> None:
    """Link the comparison from the page of the results that it lies in, and list its files in their manifest."""
    page = results / "index.html"
    with claimed(results.resolve()):
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        if LINK not in text:
            with replacing(page) as part:
                part.write_text(text.replace(MARK, LINK), encoding="utf-8")
        refresh_outputs(results)
