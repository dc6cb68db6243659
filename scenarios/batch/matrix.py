"""A matrix file -> the runs of a batch: every combination, each with its own name; every fault of the file at once."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from rasters.errors import ConfigError
from rasters.plain import unknown
from scenarios.batch.schema import AXES, Matrix, MatrixBlock
from scenarios.study.documents import Document, read_document, validate
from scenarios.study.faults import dotted
from scenarios.study.load import BASELINE, find_study
from scenarios.study.schema import Study

__all__ = ["BatchRun", "Variant", "expand", "read_matrix", "share_of"]

KeyPath = tuple[str | int, ...]
CELL = "grid.cell_m"
MOST_RUNS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A scenario of the study with overrides on a grid.

    Parameters
    ----------
    id : str
        As in ``baseline+agreed-2km@2000m``; unique in the batch, and good for a folder's name.
    cell_m : float or None
        None for the grid of the study.
    options : dict
        Axis under `set` -> its option: a name, or the value of a dotted key.
    overrides : dict
        Dotted key of the study -> value.
    origins : dict of str to str
        Dotted key -> where the matrix says so.
    """

    id: str
    scenario: str
    cell_m: float | None
    options: dict[str, Any]
    overrides: dict[str, Any]
    origins: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """One run of a batch: a variant, a species and, where numbers are drawn, the number of the draw from 1."""

    variant: Variant
    species: str
    draw: int | None = None

    @property
    def id(self) -> str:
        """Also the run's folder."""
        drawn = "" if self.draw is None else f"/draw-{self.draw:04d}"
        return f"{self.variant.id}{drawn}/{self.species}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """One option of one axis under `set`: ``name`` in the run's own name, ``value`` in `exclude` and in tables."""

    axis: str
    name: str
    value: Any
    overrides: dict[str, Any]
    origins: dict[str, str]


def read_matrix(path: Path, study: str) -> tuple[Matrix, Document]:
    """The matrix as it stands in a file, with the lines of its keys; a file that is not here may lie beside the study."""
    beside = find_study(study).parent / path
    path = beside if not path.exists() and beside.exists() else path
    document = read_document(path)
    return validate(Matrix, document.data, document), document


def expand(matrix: Matrix, document: Document, study: str) -> tuple[BatchRun, ...]:
    """Every run, in the order of the matrix: by cell size, scenario and options, then draw, then species.

    Raises
    ------
    ConfigError
        With every name that the study does not have, every row of `exclude` that leaves nothing out, and every run that
        is given twice, each with its line.
    """
    base = _study_of(study)
    faults = _unknown(matrix, document, base)
    runs = [run for run in _runs(matrix, matrix, (), document, base) if not _excluded(run, matrix)]
    faults += _idle_rows(matrix, document, base)
    if faults:
        raise ConfigError("\n".join(faults))
    for number, block in enumerate(matrix.include):
        runs += _runs(block, matrix, ("include", number), document, base)
    _require_distinct(runs, document)
    if not runs:
        raise ConfigError(f"{document.path}: no run is left after `exclude`; exclude less")
    return tuple(runs)


def share_of(runs: Iterable[BatchRun], task: int, tasks: int) -> tuple[BatchRun, ...]:
    """What task ``task`` of ``tasks``, counted from 1, does: dealt out in a fixed random order, so that shares weigh alike."""
    runs = tuple(runs)
    dealt = sorted(runs, key=lambda run: hashlib.sha256(run.id.encode()).digest())
    mine = {run.id for run in dealt[task - 1 :: tasks]}
    return tuple(run for run in runs if run.id in mine)


def _study_of(name: str) -> Study:
    document = read_document(find_study(name))
    return validate(Study, document.data, document)


def _runs(block: MatrixBlock, whole: Matrix, key: KeyPath, document: Document, study: Study) -> list[BatchRun]:
    scenarios = block.scenario or whole.scenario or list(study.scenarios) or [BASELINE]
    cells: list[float | None] = [*(block.cell_m or whole.cell_m or (None,))]
    species = block.species or whole.species or list(study.species)
    axes = [_options(axis, block.set[axis], (*key, "set"), document) for axis in block.set]
    number = math.prod([len(scenarios), len(cells), len(species), len(_draws(whole)), *map(len, axes)])
    if number > MOST_RUNS:
        raise ConfigError(
            f"{document.path}: {number} runs; at most {MOST_RUNS} are planned at once, so give fewer options or draws"
        )
    variants = [
        _variant(scenario, options, cell, _where(document, (*key, "cell_m")))
        for cell in cells
        for scenario in scenarios
        for options in product(*axes)
    ]
    return [BatchRun(variant=v, species=s, draw=draw) for v in variants for draw in _draws(whole) for s in species]


def _draws(matrix: Matrix) -> list[int | None]:
    if matrix.draws is None:
        return [None]
    return [*([None] if matrix.draws.stated else []), *range(1, matrix.draws.count + 1)]


def _options(axis: str, options: Any, key: KeyPath, document: Document) -> list[_Option]:
    if isinstance(options, list):
        return [
            _Option(
                axis=axis,
                name=f"{axis.rpartition('.')[2]}={value}",
                value=value,
                overrides={axis: value},
                origins={axis: _where(document, (*key, axis, number))},
            )
            for number, value in enumerate(options)
        ]
    return [
        _Option(
            axis=axis,
            name=name,
            value=name,
            overrides=dict(keys),
            origins={one: _where(document, (*key, axis, name, one)) for one in keys},
        )
        for name, keys in options.items()
    ]


def _where(document: Document, key: KeyPath) -> str:
    return f"{document.where(key)}: {dotted(key)}"


def _variant(scenario: str, options: Sequence[_Option], cell_m: float | None, cell_origin: str) -> Variant:
    overrides: dict[str, Any] = {} if cell_m is None else {CELL: cell_m}
    origins: dict[str, str] = {} if cell_m is None else {CELL: cell_origin}
    for option in options:
        for key, value in option.overrides.items():
            if key in overrides:
                raise ConfigError(f"{option.origins[key]}: {origins[key]} sets {key}, too; let one axis set it")
            overrides[key], origins[key] = value, option.origins[key]
    name = "+".join([scenario, *(option.name for option in options)])
    return Variant(
        id=name if cell_m is None else f"{name}@{cell_m:g}m",
        scenario=scenario,
        cell_m=cell_m,
        options={option.axis: option.value for option in options},
        overrides=overrides,
        origins=origins,
    )


def _excluded(run: BatchRun, matrix: Matrix) -> bool:
    return any(_agrees(run, row) for row in matrix.exclude)


def _agrees(run: BatchRun, row: Mapping[str, Any]) -> bool:
    variant = run.variant
    values = {"scenario": variant.scenario, "species": run.species, "cell_m": variant.cell_m, **variant.options}
    return all(values.get(axis) in (wanted if isinstance(wanted, list) else [wanted]) for axis, wanted in row.items())


def _idle_rows(matrix: Matrix, document: Document, study: Study) -> list[str]:
    """Rows of `exclude` that leave nothing out, and what in them is unknown."""
    runs = _runs(matrix, matrix, (), document, study)
    faults = []
    for number, row in enumerate(matrix.exclude):
        where = f"{document.where(('exclude', number))}: exclude[{number}]"
        strange = [axis for axis in row if axis not in (*AXES, *matrix.set)]
        if strange or not row:
            known = ", ".join((*AXES, *matrix.set))
            faults.append(f"{where}: {', '.join(strange) or 'an empty row'}: is no axis; choose one of {known}")
        elif not any(_agrees(run, row) for run in runs):
            faults.append(f"{where}: leaves no run out; see its names against the axes, or remove it")
    return faults


def _unknown(matrix: Matrix, document: Document, study: Study) -> list[str]:
    """Scenarios and species that the study does not have."""
    known = {"scenario": list(study.scenarios) or ["baseline"], "species": list(study.species)}
    blocks: list[tuple[KeyPath, MatrixBlock]] = [((), matrix)]
    blocks += [(("include", number), block) for number, block in enumerate(matrix.include)]
    return [
        f"{_where(document, (*key, axis, number))}: {unknown(axis, name, names)}"
        for key, block in blocks
        for axis, names in known.items()
        for number, name in enumerate(getattr(block, axis) or ())
        if name not in names
    ]


def _require_distinct(runs: list[BatchRun], document: Document) -> None:
    twice = [name for name, count in Counter(run.id for run in runs).items() if count > 1]
    if twice:
        more = f" and {len(twice) - 5} more" if len(twice) > 5 else ""
        raise ConfigError(
            f"{document.path}: include: {', '.join(twice[:5])}{more}: these runs are listed twice; remove one of each, or give the "
            "options different names"
        )
