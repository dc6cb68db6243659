"""What may stand at a key of a settings file, told from its annotation: in plain words, and as an example that would be taken."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scenarios.study.base import Model, Shape

__all__ = ["Expected", "example_of", "in_words", "keys_of", "step_into"]

UNIONS = (Union, types.UnionType)
MOST_KEYS = 8


@dataclass(frozen=True, slots=True)
class Expected:
    """What may stand at a key.

    Parameters
    ----------
    kind : type
        Without its limits and without ``None``; a union stays one.
    limits : tuple
        What else is asked of it: bounds, lengths, shapes.
    default : Any
        None where there is none.
    """

    kind: Any
    limits: tuple[Any, ...] = ()
    default: Any = None

    @classmethod
    def of(cls, annotation: Any, limits: Iterable[Any] = (), default: Any = None) -> Expected:
        """From an annotation as it stands in a model."""
        limits = [*limits]
        while True:
            members = [one for one in get_args(annotation) if one is not type(None)]
            if get_origin(annotation) is Annotated:
                annotation, *more = get_args(annotation)
                limits += [inner for one in more for inner in (one.metadata if isinstance(one, FieldInfo) else [one])]
            elif get_origin(annotation) in UNIONS and len(members) == 1:
                annotation = members[0]
            else:
                return cls(annotation, tuple(limits), default)

    @property
    def origin(self) -> Any:
        """``list`` of ``list[int]``; the kind itself where it holds nothing."""
        return get_origin(self.kind) or self.kind

    @property
    def inner(self) -> list[Expected]:
        """Kinds of what it holds, or of which it may be one."""
        return [Expected.of(one) for one in get_args(self.kind) if one not in (type(None), Ellipsis)]

    @property
    def is_union(self) -> bool:
        """Whether it may be one of several kinds."""
        return self.origin in UNIONS

    @property
    def is_model(self) -> bool:
        """Whether it is a table with known keys."""
        return isinstance(self.kind, type) and issubclass(self.kind, BaseModel)

    def limit(self, name: str) -> Any:
        """A bound or length; None where there is none."""
        return next((value for one in self.limits if (value := getattr(one, name, None)) is not None), None)

    @property
    def shape(self) -> Shape | None:
        """What its author says of it."""
        return next((one for one in self.limits if isinstance(one, Shape)), None)


def keys_of(expected: Expected) -> dict[str, Expected]:
    """Keys of a table as they are written in a file, the ones that must be there first; empty where any key may be."""
    if not expected.is_model:
        return next((keys for one in expected.inner if (keys := keys_of(one))), {}) if expected.is_union else {}
    fields = expected.kind.model_fields.items()
    ordered = sorted(fields, key=lambda item: not item[1].is_required())
    return {
        field.alias or name: Expected.of(field.annotation, field.metadata, _default(field)) for name, field in ordered
    }


def _default(field: FieldInfo) -> Any:
    return None if field.default is PydanticUndefined else field.default


def step_into(expected: Expected, part: str | int) -> tuple[Expected | None, bool]:
    """What may stand below, and whether the step is a key of the file: pydantic also names the members of unions."""
    if expected.is_union:
        return next((one for one in expected.inner if _tag(one) in str(part).lower()), expected), False
    if expected.is_model:
        return keys_of(expected).get(str(part)), True
    inner = expected.inner
    if expected.origin is dict and inner:
        return inner[1], True
    if expected.origin in (list, tuple) and inner and isinstance(part, int):
        return inner[min(part, len(inner) - 1)], True
    return (expected, False) if str(part).startswith(("function-", "constrained-")) else (None, True)


def _tag(expected: Expected) -> str:
    return "literal" if expected.origin is Literal else str(getattr(expected.origin, "__name__", "")).lower()


def in_words(expected: Expected) -> str:
    """What should stand there, as after "should be"."""
    if expected.shape and expected.shape.words:
        return expected.shape.words
    if expected.is_union:
        return ", or ".join(in_words(one) for one in expected.inner)
    if expected.origin is Literal:
        *most, last = [str(one) for one in get_args(expected.kind)]
        return f"{', '.join(most)} or {last}" if most else last
    if expected.is_model:
        return f"a table with the keys {', '.join(_some_keys(expected))}"
    if expected.origin in (list, tuple, dict):
        return _holding(expected)
    return _single(expected)


def _single(expected: Expected) -> str:
    if expected.kind is bool:
        return "true or false"
    if expected.kind in (int, float):
        return ("a whole number" if expected.kind is int else "a number") + _range(expected)
    if expected.kind is str:
        return "text that is not empty" if expected.limit("min_length") else "text"
    return "a value"


def _some_keys(expected: Expected) -> list[str]:
    names = list(keys_of(expected))
    return names if len(names) <= MOST_KEYS else [*names[:MOST_KEYS], "..."]


def _holding(expected: Expected) -> str:
    inner = expected.inner
    if expected.origin is dict:
        each = f"; each value {in_words(inner[1])}" if inner and inner[1].kind is not Any else ""
        return f"a table of names and values{each}"
    if expected.origin is tuple and Ellipsis not in get_args(expected.kind):
        same = len({in_words(one) for one in inner}) == 1
        each = f"each {in_words(inner[0])}" if same else ", ".join(in_words(one) for one in inner)
        return f"a list of exactly {len(inner)}: {each}"
    least = expected.limit("min_length")
    each = f"each item {in_words(inner[0])}" if inner and inner[0].kind is not Any else ""
    return "; ".join(part for part in (f"a list{f' of at least {least}' if least else ''}", each) if part)


def _range(expected: Expected) -> str:
    above, least, below, most = (expected.limit(name) for name in ("gt", "ge", "lt", "le"))
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    words = [f"greater than {above:g}"] if above is not None else []
    words += [f"of at least {least:g}"] if least is not None else []
    words += [f"less than {below:g}"] if below is not None else []
    words += [f"at most {most:g}"] if most is not None else []
    return f" {' and '.join(words)}" if words else ""


def example_of(expected: Expected) -> Any:
    """A value that would be taken, as plain data."""
    if expected.shape:
        return expected.shape.example
    if expected.default is not None and expected.default not in ((), [], {}, "") and not expected.is_model:
        return expected.default
    if expected.is_union:
        return example_of(expected.inner[0])
    if expected.origin is Literal:
        return get_args(expected.kind)[0]
    if expected.is_model:
        return _example_table(expected)
    return _example_holding(expected) if expected.origin in (list, tuple, dict) else _example_single(expected)


def _example_table(expected: Expected) -> Any:
    if issubclass(expected.kind, Model) and expected.kind.example:
        return yaml.safe_load(expected.kind.example)
    keys = keys_of(expected)
    needed = [name for name, field in expected.kind.model_fields.items() if field.is_required()]
    names = [expected.kind.model_fields[name].alias or name for name in needed] or list(keys)[:1]
    return {name: example_of(keys[name]) for name in names}


def _example_holding(expected: Expected) -> Any:
    inner = expected.inner
    if expected.origin is dict:
        return {example_of(inner[0]): example_of(inner[1])} if inner else {"name": "value"}
    return [example_of(one) for one in inner] if inner else []


def _example_single(expected: Expected) -> Any:
    if expected.kind is bool:
        return True
    if expected.kind not in (int, float):
        return "name"
    above, least, below, most = (expected.limit(name) for name in ("gt", "ge", "lt", "le"))
    low, high = (next((v for v in pair if v is not None), None) for pair in ((above, least), (below, most)))
    if high is None:
        return (low or 0) + 1
    return (low + high) // 2 if expected.kind is int else (low + high) / 2
