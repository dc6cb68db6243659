"""YAML and overrides -> one resolved study, with every fault of the file in one message: file, line, key, value, fix.

Order of settings: command line > scenario in a file of its own > scenario of the study > study.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rasters.errors import ConfigError, LayerNotFoundError, OptionError
from rasters.files.confined import confined
from rasters.plain import unknown
from scenarios.study.base import OTHER_LANGUAGES
from scenarios.study.documents import Document, kind_of, read_document, validate
from scenarios.study.faults import KeyPath, suggestion
from scenarios.study.schema import ScenarioFile, ScenarioOverrides, Study

__all__ = ["BASELINE", "LIBRARY", "ResolvedStudy", "bundled_profiles", "bundled_studies", "find_study", "resolve"]

LIBRARY = Path(__file__).parents[1] / "library"
BASELINE = "baseline"
"""Name of the study as it stands, where it has no scenarios."""
log = logging.getLogger(__name__)
Layer = tuple[str, dict[str, Any], Callable[[str], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedStudy:
    """A study with one scenario's overrides applied.

    ``settings`` is the study as plain data after all overrides, enough to run it again; ``changes`` lists each override.
    ``base`` is the scenario in the study's file, ``overrides`` what was set besides it: in a scenario's own file or on the
    command line. ``scenario_titles`` has the scenario's title in other languages. ``as_filed`` is the study before all overrides.
    """

    study: Study
    scenario: str
    scenario_title: str
    folder: Path
    path: Path
    settings: dict[str, Any]
    changes: tuple[str, ...]
    scenario_file: Path | None = None
    base: str = ""
    overrides: dict[str, Any] = field(default_factory=dict)
    scenario_titles: dict[str, str] = field(default_factory=dict)
    as_filed: Study | None = field(default=None, repr=False)

    def file(self, name: str) -> Path:
        """A file named in the study, found beside it; one that the scenario's own file names may lie beside that."""
        if self.scenario_file is not None and name in _texts_of(self.overrides):
            beside = confined(self.scenario_file.parent, name)
            if beside.is_file():
                return beside
        return self.folder / name


def _texts_of(values: Any) -> set[str]:
    """Every text in plain data."""
    if isinstance(values, str):
        return {values}
    inner = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    return {text for one in inner for text in _texts_of(one)}


def bundled_studies() -> list[str]:
    """Names of the studies that come with otkel."""
    return sorted(p.parent.name for p in LIBRARY.glob("*/study.yaml"))


def bundled_profiles() -> dict[str, Path]:
    """Name -> file of every species profile that comes with otkel: of its studies, then of its library."""
    files = [*sorted(LIBRARY.glob("*/species/*.yaml")), *sorted((LIBRARY / "species").glob("*.yaml"))]
    return {path.stem: path for path in files}


def find_study(name: str) -> Path:
    """Path of a study file: a path, a folder with a study.yaml, or the name of a bundled study."""
    given = Path(name)
    tried = [given, given / "study.yaml", LIBRARY / name / "study.yaml"]
    for path in tried:
        if path.is_file():
            return path
    bundled = ", ".join(bundled_studies())
    raise LayerNotFoundError(
        f"unknown study {name!r}: neither a file, nor a folder with a study.yaml, nor one of the bundled studies ({bundled})"
    )


def resolve(
    name: str,
    scenario: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    said_in: Mapping[str, str] | None = None,
) -> ResolvedStudy:
    """Read a study and apply one scenario and the command line's overrides.

    ``scenario`` is a name in the study, or a YAML file with a scenario of its own. ``said_in`` says of overrides that are
    not from the command line where they stand.

    Raises
    ------
    ConfigError
        With every fault found, each with file, line, key and value.
    """
    document = read_document(find_study(name))
    base = validate(Study, document.data, document)
    chosen = _chosen(base, document, scenario)
    settings, changes = copy.deepcopy(document.data), []
    set_by: dict[KeyPath, str] = {}
    outside = ("", dict(overrides or {}), lambda key: (said_in or {}).get(key, "command line"))
    for source, values, where in (*chosen.layers, outside):
        for key, value in values.items():
            changes.append(_override(settings, key, value, source or where(key), document))
            set_by[tuple(key.split("."))] = where(key)
    for change in changes:
        log.info("%s", change)
    study = validate(Study, settings, replace(document, overrides=set_by))
    return ResolvedStudy(
        study=study,
        scenario=chosen.id,
        scenario_title=chosen.title,
        folder=document.path.parent,
        path=document.path,
        settings=settings,
        changes=tuple(changes),
        scenario_file=chosen.file,
        base=chosen.base,
        overrides=chosen.besides | dict(overrides or {}),
        scenario_titles=chosen.titles,
        as_filed=base,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A scenario and its overrides, the ones that win last: who says so, key -> value, where each key stands."""

    id: str
    title: str
    titles: dict[str, str]
    layers: tuple[Layer, ...]
    base: str
    besides: dict[str, Any] = field(default_factory=dict)
    file: Path | None = None


def _chosen(study: Study, document: Document, scenario: str | None) -> _Chosen:
    if scenario is not None and Path(scenario).suffix in (".yaml", ".yml"):
        return _chosen_file(study, document, Path(scenario))
    name = next(iter(study.scenarios), BASELINE) if scenario is None else scenario
    found = _scenario(study, name)

    def where(key: str) -> str:
        return f"{document.path}:{document.line_of(('scenarios', name, 'set', key))}: scenarios.{name}.set"

    return _Chosen(
        id=name,
        title=found.title or name,
        titles=_titles(found),
        layers=((f"scenario {name}", found.set, where),),
        base=name,
    )


def _titles(found: ScenarioOverrides | ScenarioFile) -> dict[str, str]:
    """Language -> title, where there is one."""
    return {lang: title for lang in OTHER_LANGUAGES if (title := getattr(found, f"title_{lang}"))}


def _chosen_file(study: Study, document: Document, path: Path) -> _Chosen:
    """A scenario in a file of its own, as the report page saves it, on top of one of the study's."""
    own = read_document(path)
    file = validate(ScenarioFile, own.data, own)
    if file.study != study.study:
        raise ConfigError(
            f"{own.where(('study',))}: study: {file.study!r}: this scenario is for another study than {study.study!r}; "
            "run it with its own"
        )
    if file.base is not None and file.base not in _scenarios_of(study):
        told = unknown("scenario", file.base, _scenarios_of(study))
        raise ConfigError(f"{own.where(('base',))}: base: {told}")
    base = _chosen(study, document, file.base)
    layer = (f"scenario {file.scenario}", file.set, lambda key: f"{own.where(('set', key))}: set")
    return _Chosen(
        id=file.scenario,
        title=file.title or file.scenario,
        titles=_titles(file),
        layers=(*base.layers, layer),
        base=base.id,
        besides=file.set,
        file=path,
    )


def _scenario(study: Study, name: str) -> ScenarioOverrides:
    if not study.scenarios and name == BASELINE:
        return ScenarioOverrides(title=study.title, title_ru=study.title_ru, title_kk=study.title_kk)
    if name not in study.scenarios:
        raise OptionError(f"--scenario: {unknown('scenario', name, _scenarios_of(study))}")
    return study.scenarios[name]


def _scenarios_of(study: Study) -> list[str]:
    return list(study.scenarios) or [BASELINE]


def _override(settings: dict[str, Any], key: str, value: Any, source: str, document: Document) -> str:
    """Set a dotted key in place; parents must exist or belong to the schema."""
    parts = key.split(".")
    where: Any = settings
    if parts[0] not in Study.model_fields:
        fault = f"{source}: {key}: unknown key{suggestion(parts[0], list(Study.model_fields))}"
        raise kind_of([fault])(f"{document.path}: {fault}")
    for part in parts[:-1]:
        where = where.setdefault(part, {}) if isinstance(where, dict) else None
        if not isinstance(where, dict):
            fault = f"{source}: {key}: {part!r} is not a table; only keys of tables can be overridden"
            raise kind_of([fault])(f"{document.path}: {fault}")
    old = where.get(parts[-1], "(default)")
    where[parts[-1]] = value
    return f"{source}: {key}: {old!r} -> {value!r}"
