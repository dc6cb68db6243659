"""`otkel import`: reads a file, cleans what it holds, and puts it into a study."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rasters.errors import DataError, PlannerWarning
from rasters.files.foreign import ForeignLayer, read_foreign
from scenarios.importing.account import Account, Imported
from scenarios.importing.asking import asker_of
from scenarios.importing.features import (
    AREAS,
    GEOMETRIES,
    LINES,
    chosen_layers,
    on_grid,
    require_some_inside,
    split_off,
)
from scenarios.importing.fields import mapped
from scenarios.importing.kinds import TAKEN_IN
from scenarios.importing.work import ImportRequest, Work, origin_asked, require_options
from scenarios.importing.writing import replace_files, require_own
from scenarios.land.fence_file import read_fences
from scenarios.land.inputs import read_places, study_grid
from scenarios.progress import Reporter
from scenarios.study.load import resolve

__all__ = ["ImportRequest", "import_features"]

MOST_FEATURES = 200_000


def import_features(request: ImportRequest, reporter: Reporter) -> Imported:
    """Read, clean and write; with ``dry_run`` everything but the last.

    Raises
    ------
    LayerNotFoundError, DataError, ConfigError
        A file or study that cannot be used; nothing is changed then.
    OptionError
        What has to be said and is not; names the option and the choices.
    """
    require_options(request)
    resolved = resolve(request.study)
    require_own(resolved.path)
    grid, asker, account = study_grid(resolved), asker_of(reporter), Account()
    file = read_foreign(request.file, request.encoding)
    account.tell("read", None, file.kind, str(file.path))
    account.tell("read", None, "text", file.encoding) if file.encoding else None
    for note in file.notes:
        account.tell("look at", None, note)
    layers = chosen_layers(file, request.kind, request.layers, asker, account)
    features = on_grid(file, layers, request.crs, grid, account, swap_xy=request.swap_xy)
    if len(features) > MOST_FEATURES:
        raise DataError(
            f"{file.path}: holds {len(features)} features; choose a layer, or cut the file to the region first"
        )
    fields = mapped(request.kind, _columns(layers), request.mapping, asker, account)
    work = Work(
        request=request,
        resolved=resolved,
        grid=grid,
        asker=asker,
        account=account,
        fields=fields,
        origin=origin_asked(request, file, fields, asker),
    )
    kinds = (*GEOMETRIES[request.kind], *(LINES if request.kind in AREAS else ()))
    features = split_off(features, kinds, account)
    if request.kind not in AREAS:
        features = require_some_inside(features, grid, account, file.path)
    TAKEN_IN[request.kind](work, features)
    return _finished(work)


def _columns(layers: Sequence[ForeignLayer]) -> dict[str, bool]:
    """Attributes of layers, and whether any feature has something there."""
    found: dict[str, bool] = {}
    for layer in layers:
        for name in layer.frame.columns.drop(layer.frame.geometry.name):
            values = layer.frame[name]
            found[str(name)] = found.get(str(name), False) or bool((values.notna() & (values != "")).any())
    return found


def _finished(work: Work) -> Imported:
    """Everything in place, or nothing."""
    path = work.resolved.path
    if work.changes:
        text = work.changes.applied(path.read_text(encoding="utf-8"), path)
        work.files[path] = partial(_write_text, text)
    written, kept = tuple(work.files), None
    if work.files and not work.request.dry_run:
        kept = replace_files(path, work.files, partial(_require_good, work))
    return Imported(
        kind=work.request.kind,
        file=work.request.file,
        study=Path(work.request.study),
        ids=work.ids,
        kept=kept,
        entries=tuple(work.account.entries),
        written=written,
        dry_run=work.request.dry_run,
    )


def _require_good(work: Work) -> None:
    """The study is read as every command would."""
    resolved = resolve(str(work.resolved.path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        if work.request.kind == "fences":
            read_fences(resolved, work.grid)
        elif work.request.kind == "cores":
            read_places(resolved, work.grid)


def _write_text(text: str, part: Path) -> None:
    part.write_text(text, encoding="utf-8")
