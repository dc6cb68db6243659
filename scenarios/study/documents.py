"""YAML files as plain data with the line of every key, and what is wrong with them in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rasters.errors import ConfigError, LayerNotFoundError, OptionError
from rasters.plain import plain_text
from scenarios.study.faults import KeyPath, dotted, faults_in_words

__all__ = ["Document", "kind_of", "nodes_of", "parse_yaml", "read_document", "validate"]

DEEPEST, MOST_NODES = 60, 1_000_000
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep, or stands within itself"
FROM_OPTIONS = ("command line", "--")
"""How the place of what an option says begins, instead of with a file."""
ModelT = TypeVar("ModelT", bound=BaseModel)
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
        raise kind_of(faults)("\n".join(faults)) from error


def kind_of(faults: Sequence[str]) -> type[ConfigError]:
    """The error that faults are: of options, where files are faultless."""
    return OptionError if all(fault.startswith(FROM_OPTIONS) for fault in faults) else ConfigError
