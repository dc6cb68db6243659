"""The table of `docs/how-to/import.md`: what came of each real-life file; ``python -m tests.support.import_page`` writes it."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from scenarios.importing.account import Imported
from scenarios.importing.session import ImportRequest, import_features
from scenarios.land.fence_file import read_fences
from scenarios.land.inputs import read_places, study_grid
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy, resolve
from tests.support.foreign_files import CASES, Case
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

PAGE = ROOT / "docs/how-to/import.md"
START, END = "<!-- files -->\n", "<!-- end of files -->\n"
GROUPS = ("corrected", "look at", "left out")


def imported(case: Case, folder: Path, **more: object) -> tuple[Imported, Path]:
    """A case in a study of its own; the folder of the study."""
    study = write_tiny_study(folder / "study")
    (folder / "files").mkdir()
    file = case.write(folder / "files")
    request = ImportRequest(kind=case.kind, file=file, study=str(study), **{**case.options, **more})  # type: ignore[arg-type]
    return import_features(request, Reporter(quiet=True)), study


def shapes_in(study: Path, done: Imported) -> list[tuple[BaseGeometry, str]]:
    """What came in, as the study has it now, with names."""
    resolved = resolve(str(study))
    grid = study_grid(resolved)
    if done.kind == "fences":
        return [(one.line, one.name) for one in read_fences(resolved, grid) if one.id in done.ids]
    if done.kind == "cores":
        places = read_places(resolved, grid)
        return [(places[name].geometry, places[name].name) for name in done.ids]
    return _stated(resolved, done) if done.kind == "passages" else _reserves(resolved)


def _stated(resolved: ResolvedStudy, done: Imported) -> list[tuple[BaseGeometry, str]]:
    grid, study = study_grid(resolved), resolved.study
    rules = [(one.lon, one.lat, one.name) for one in study.openings if one.id in done.ids]
    rules += [(one.lon, one.lat, "") for one in study.candidates.points if one.id in done.ids]
    return [(shapely.Point(grid.map_xy(lon, lat)), name) for lon, lat, name in rules]


def _reserves(resolved: ResolvedStudy) -> list[tuple[BaseGeometry, str]]:
    from rasters.files.vectors import read_vectors

    name = resolved.study.layers["reserve"].file
    assert name is not None
    frame = read_vectors(resolved.file(name), None, study_grid(resolved))
    return list(zip(frame.geometry, frame["name"], strict=True))


def farthest(case: Case, found: list[tuple[BaseGeometry, str]]) -> float:
    """Largest distance of what came in from what should have come in, both ways [m]."""
    ours = [shape for shape, _ in found]
    if len(ours) != len(case.shapes):
        return float("inf")
    return max(min(one.hausdorff_distance(other) for other in ours) for one in case.shapes)


def row(case: Case, done: Imported, away: float) -> str:
    """One file."""
    told = {
        group: "; ".join(
            f"{'' if one.count is None else f'{one.count} '}{one.what}" for one in done.entries if one.group == group
        )
        for group in GROUPS
    }
    cells = [f"`{case.name}`", case.fault, f"{len(done.ids)} {case.kind}", *(told[group] for group in GROUPS)]
    return f"| {' | '.join(cells)} | {max(away, 0.001):.3f} |"


def table() -> str:
    """All files, as Markdown."""
    head = "| file | its fault | came in | corrected | to look at | left out | off by at most [m] |\n|---|---|---|---|---|---|---|"
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done, study = imported(case, Path(folder))
            rows.append(row(case, done, farthest(case, shapes_in(study, done))))
    return "\n".join([head, *rows]) + "\n"


def page(text: str) -> str:
    """The page with a new table."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    if PAGE.is_file():
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(table())
    print(f"{len(CASES)} files; {np.unique([case.name.rpartition('.')[2] for case in CASES]).size} formats")
