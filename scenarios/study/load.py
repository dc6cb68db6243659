"""YAML and overrides -> one resolved study, with every fault of the file in one message: file, line, key, value, fix.

Order of settings: command line > scenario in a file of its own > scenario of the study > study.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rasters.errors import ConfigError, LayerNotFoundError, OptionError
from rasters.files.confined import confined
from rasters.plain import plain_text, unknown
from scenarios.study.base import OTHER_LANGUAGES
from scenarios.study.faults import KeyPath, dotted, faults_in_words, suggestion
from scenarios.study.schema import ScenarioFile, ScenarioOverrides, Study

__all__ = [
    "Document",
    "ResolvedStudy",
    "bundled_profiles",
    "bundled_studies",
    "find_study",
    "nodes_of",
    "parse_yaml",
    "read_document",
    "resolve",
    "validate",
]

LIBRARY = Path(__file__).parents[1] / "library"
DEEPEST, MOST_NODES = 60, 1_000_000
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep, or stands within itself"
FROM_OPTIONS = ("command line", "--")
"""How the place of what an option says begins, instead of with a file."""
BASELINE = "baseline"
"""Name of the study as it stands, where it has no scenarios."""
log = logging.getLogger(__name__)
ModelT = TypeVar("ModelT", bound=BaseModel)
Layer = tuple[str, dict[str, Any], Callable[[str], str]]


OWN_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+|0b[01_]+"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    ),
}
"""What is a number, as YAML 1.2 has it: 010 is not eight, and 1:30 is not ninety."""


def _whole(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern.pattern})\Z")


class _Loader(yaml.SafeLoader):
    """Plain YAML in which a date is text like any other, as nothing here asks for dates, and numbers are decimal."""

    yaml_implicit_resolvers = {
        first: [
            (tag, _whole(OWN_NUMBERS[tag]) if tag in OWN_NUMBERS else pattern)
            for tag, pattern in pairs
            if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _plain(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """Text without control characters, wherever it goes from here."""
    return plain_text(str(loader.construct_scalar(node)))


for _tag in ("str", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file as plain data, with the line of every key.

    ``overrides`` says of each key that was set from elsewhere where that was.
    """

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(repr=False)
    overrides: dict[KeyPath, str] = field(default_factory=dict)

    def where(self, key: KeyPath) -> str:
        """Where the value of a key was set: file and line, or the override."""
        for n in range(len(key), 0, -1):
            if key[:n] in self.overrides:
                return self.overrides[key[:n]]
        below = [name for name in self.overrides if name[: len(key)] == key]
        if below and key not in self.lines:
            return self.overrides[below[0]]
        line = self.line_of(key)
        return f"{self.path}:{line}" if line else str(self.path)

    def line_of(self, key: KeyPath) -> int | None:
        """Line of a key, or of the nearest parent that stands in the file."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key[:-1]
        return None


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


def parse_yaml(text: str) -> Any:
    """Plain data of a YAML text in which dates are text; yaml.YAMLError for whatever is wrong in it."""
    return _constructed(nodes_of(text))


def nodes_of(text: str) -> yaml.Node | None:
    """Nodes of a YAML text; yaml.YAMLError where they are nested too deeply, in themselves, or stand for too many."""
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError(TOO_DEEP) from error
    waiting, count = [(root, 0)] if root is not None else [], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_NODES:
            raise yaml.YAMLError(
                TOO_DEEP if depth > DEEPEST else f"its aliases stand for more than {MOST_NODES} values"
            )
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        waiting += [(one, depth + 1) for each in inner for one in (each if isinstance(each, tuple) else (each,))]
    return root


def _constructed(root: yaml.Node | None) -> Any:
    """Plain data of nodes."""
    if root is None:
        return None
    try:
        return _Loader("").construct_document(root)
    except (ValueError, LookupError) as error:
        raise yaml.YAMLError(f"{error} does not fit its tag") from error


def read_document(path: Path) -> Document:
    """Read YAML with line numbers; duplicate keys are errors."""
    lines: dict[KeyPath, int] = {}
    faults: list[str] = []
    try:
        root = nodes_of(path.read_text(encoding="utf-8"))
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError(f"{path}: should be a table of keys and values")
        _walk(root, (), lines, faults, path)
        data = _constructed(root)
    except OSError as error:
        raise LayerNotFoundError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{path}:{line}: is not valid YAML: {error.problem}; check indentation and quotes") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: is not valid YAML: {reason}; put quotes around the text that is meant") from error
    if faults:
        raise ConfigError("\n".join(faults))
    return Document(path=path, data=data, lines=lines)


def _walk(node: yaml.Node, key: KeyPath, lines: dict[KeyPath, int], faults: list[str], path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            inner = (*key, str(name.value))
            line = name.start_mark.line + 1
            if inner in lines:
                faults.append(f"{path}:{line}: {dotted(inner)}: is given twice, first on line {lines[inner]}; keep one")
            lines[inner] = line
            _walk(value, inner, lines, faults, path)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            lines[(*key, i)] = value.start_mark.line + 1
            _walk(value, (*key, i), lines, faults, path)


def validate(model: type[ModelT], data: Mapping[str, Any], document: Document) -> ModelT:
    """Build a model, or raise one ConfigError that lists every fault with its line."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = faults_in_words(error, model, document.where)
        raise _kind_of(faults)("\n".join(faults)) from error


def _kind_of(faults: Sequence[str]) -> type[ConfigError]:
    """Of options, where files are faultless."""
    return OptionError if all(fault.startswith(FROM_OPTIONS) for fault in faults) else ConfigError


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
        raise _kind_of([fault])(f"{document.path}: {fault}")
    for part in parts[:-1]:
        where = where.setdefault(part, {}) if isinstance(where, dict) else None
        if not isinstance(where, dict):
            fault = f"{source}: {key}: {part!r} is not a table; only keys of tables can be overridden"
            raise _kind_of([fault])(f"{document.path}: {fault}")
    old = where.get(parts[-1], "(default)")
    where[parts[-1]] = value
    return f"{source}: {key}: {old!r} -> {value!r}"
