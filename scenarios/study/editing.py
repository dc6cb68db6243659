"""Changes a few keys of a settings file and leaves every other character as it stands: comments, order, quotes.

Values are put where the nodes of the YAML text say that they stand. What comes out is read again and must say what was meant.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rasters.errors import ConfigError
from scenarios.study.documents import nodes_of, parse_yaml
from scenarios.study.faults import KeyPath, dotted

__all__ = ["with_items", "with_value"]


def with_value(text: str, key: KeyPath, value: Any, path: Path) -> str:
    """A YAML text in which a key has another value; the key is added where it is not there.

    Parameters
    ----------
    text : str
    key : tuple
        Names of tables and of the key: ``("fences", "active")``.
    value : plain data
    path : Path
        Of the file, for the message.

    Raises
    ------
    ConfigError
        Where the text is written so that it cannot be changed in place, as by an anchor that several keys share; says what to write.
    """
    root = nodes_of(text)
    node = _node(root, key)
    if node is None:
        return _checked(_added(text, root, key, value), text, key, value, path)
    start, end = node.start_mark.index, _end(node, text)
    blank = " " if start and text[start - 1] not in " \n" else ""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        blank = "  "  # a list may stand as far left as its key, a value may not
    return _checked(text[:start] + blank + _flow(value) + text[end:], text, key, value, path)


def with_items(text: str, key: KeyPath, items: Sequence[Any], path: Path) -> str:
    """A YAML text in which a list has further items at its end; the list is added where it is not there."""
    node = _node(nodes_of(text), key)
    whole = [*(_at(parse_yaml(text), key) or []), *items]
    if not isinstance(node, yaml.SequenceNode) or not node.value or (node.flow_style and _is_plain(items)):
        if node is not None and not _is_plain(items) and not (isinstance(node, yaml.SequenceNode) and node.value):
            start, end = node.start_mark.index, _end(node, text)
            indent = " " * (2 * len(key))
            rows = "".join(f"\n{indent}- {_flow(item)}" for item in items)
            return _checked(text[:start].rstrip(" ") + rows + text[end:], text, key, whole, path)
        return with_value(text, key, whole, path)
    end = _end(node, text)
    if node.flow_style:
        end -= 1
        before = text[:end].rstrip()
        comma = "" if before.endswith(",") else ","
        new = f"{before}{comma} {', '.join(map(_flow, items))}{text[len(before) :]}"
    else:
        end = _line_end(text, end)
        indent = " " * node.start_mark.column
        new = text[:end] + "".join(f"\n{indent}- {_flow(item)}" for item in items) + text[end:]
    return _checked(new, text, key, whole, path)


def _added(text: str, root: yaml.Node | None, key: KeyPath, value: Any) -> str:
    """The text with a key that is not there yet, in the innermost table that is."""
    depth = max(n for n in range(len(key)) if isinstance(_node(root, key[:n]), yaml.MappingNode))
    parent, name = _node(root, key[:depth]), key[depth]
    for inner in reversed(key[depth + 1 :]):
        value = {inner: value}
    assert isinstance(parent, yaml.MappingNode)
    end = _end(parent, text)
    if parent.flow_style:
        end -= 1
        before = text[:end].rstrip()
        comma = "" if not parent.value or before.endswith(",") else ","
        return f"{before}{comma}{' ' if parent.value else ''}{_flow(name)}: {_flow(value)}{text[len(before) :]}"
    end = _line_end(text, end)
    indent = " " * parent.start_mark.column
    if isinstance(value, list) and value and not _is_plain(value):
        written = "".join(f"\n{indent}  - {_flow(item)}" for item in value)
    else:
        written = f" {_flow(value)}"
    return f"{text[:end]}\n{indent}{_flow(name)}:{written}{text[end:]}"


def _node(root: yaml.Node | None, key: KeyPath) -> yaml.Node | None:
    """The node of a value, or None."""
    node = root
    for name in key:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for own, value in node.value if own.value == name), None)
    return node


def _end(node: yaml.Node, text: str) -> int:
    """Where a value ends: the marks of block collections lie behind the comments that follow them."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _line_end(text: str, at: int) -> int:
    """End of the line, behind a comment."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _flow(value: Any) -> str:
    """A value on one line, quoted so that it may stand within brackets."""
    written = yaml.safe_dump([value], default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return written.strip()[1:-1]


def _is_plain(items: Any) -> bool:
    return not any(isinstance(item, dict | list) for item in items)


def _at(data: Any, key: KeyPath) -> Any:
    for name in key:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _checked(new: str, old: str, key: KeyPath, value: Any, path: Path) -> str:
    """The new text, if it says what the old one said but for the key."""
    meant = copy.deepcopy(parse_yaml(old))
    table = meant
    for name in key[:-1]:
        if not isinstance(table.get(name), dict):
            table[name] = {}
        table = table[name]
    table[key[-1]] = value
    try:
        same = parse_yaml(new) == meant
    except yaml.YAMLError:
        same = False
    if not same:
        raise ConfigError(
            f"{path}: {dotted(key)}: cannot be changed in place, as it is written here; write {dotted(key)}: {_flow(value)} there"
        )
    return new
