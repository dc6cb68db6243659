"""Faults of a settings file in words: where, which key, what stands there, what should, and an example. The one place that
reads pydantic's errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from rasters.plain import like
from scenarios.study.shapes import Expected, example_of, in_words, keys_of, step_into

__all__ = ["KeyFaults", "KeyPath", "dotted", "faults_in_words", "suggestion"]

KeyPath = tuple[str | int, ...]
LONGEST = 80
OWN = ("value_error", "assertion_error")
DECIMAL_COMMA = re.compile(r"^\s*(-?\d+),(\d+)\s*$")
THOUSANDS = re.compile(r"^\s*-?[1-9]\d{0,2}(?:[,\s\u00a0']\d{3})+\s*$")
PERCENT = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*%\s*$")
WITH_UNIT = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*[A-Za-z²]*[a-jl-zA-JL-Z²]\s*$")


class KeyFaults(ValueError):
    """Several faults that a model found at once, each with the key below the model's own."""

    def __init__(self, faults: Sequence[tuple[KeyPath, str]]) -> None:
        super().__init__("; ".join(f"{dotted(key)}: {text}" if key else text for key, text in faults))
        self.faults = tuple(faults)


def dotted(key: KeyPath) -> str:
    """``('fences', 2, 'gap_m')`` -> ``fences[2].gap_m``."""
    out = ""
    for part in key:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def suggestion(word: str, known: Sequence[str]) -> str:
    """What was probably meant, or else all that there is."""
    return like(word, known) or (f"; the keys here are {', '.join(known)}" if known else "; remove it")


def faults_in_words(error: ValidationError, model: type[BaseModel], where: Callable[[KeyPath], str]) -> list[str]:
    """One line for each key that is wrong.

    Parameters
    ----------
    where : callable
        Key -> file and line, or empty.
    """
    lines: dict[str, None] = {}
    faults = error.errors()
    places = {fault["loc"] for fault in faults}
    for fault in faults:
        if fault["type"] == "too_short" and any(
            fault["loc"] == place[: len(fault["loc"])] for place in places - {fault["loc"]}
        ):
            continue  # its items are wrong, and pydantic does not count those
        for key, text in _keyed(fault, model):
            lines[": ".join(part for part in (where(key), dotted(key), text) if part)] = None
    return list(lines)


def _keyed(fault: Any, model: type[BaseModel]) -> list[tuple[KeyPath, str]]:
    key, expected, holder, is_name = _place(fault["loc"], model)
    kind, value = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return [(key, f"unknown key{suggestion(str(key[-1]), list(keys_of(holder)))}")]
    if is_name or kind == "invalid_key":
        return [(key, _bad_name(key, expected if is_name else None))]
    own = fault.get("ctx", {}).get("error") if kind in OWN else None
    if isinstance(own, KeyFaults):
        return [((*key, *inner), text) for inner, text in own.faults]
    if own is not None:
        return [(key, _own_words(str(own), value, key, expected))]
    if kind == "missing" and not (key and isinstance(key[-1], int)):
        return [(key, f"is missing; add it, {_example(key, expected)}")]
    if kind == "missing" or kind in ("too_short", "too_long"):
        return [_wrong_length(fault, model, key)]
    return [(key, f"{_shown(value)}: should be {_should(expected)}{_hint(value, expected)}; {_example(key, expected)}")]


def _place(location: Sequence[str | int], model: type[BaseModel]) -> tuple[KeyPath, Expected | None, Expected, bool]:
    """Key as in the file, what may stand there, the table or list around it, and whether the key's own name is meant."""
    key: KeyPath = ()
    expected: Expected | None = Expected.of(model)
    holder = Expected.of(model)
    for n, part in enumerate(location, 1):
        if part == "[key]":
            return key, holder.inner[0] if holder.inner else None, holder, True
        if expected is None:
            key = (*key, part)
            continue
        if expected.is_union and n == len(location):
            break
        below, is_key = step_into(expected, part)
        if is_key:
            numbered = isinstance(part, int) and expected.origin in (list, tuple)
            holder, key = expected, (*key, part if numbered else str(part))
        expected = below
    return key, expected, holder, False


def _wrong_length(fault: Any, model: type[BaseModel], key: KeyPath) -> tuple[KeyPath, str]:
    """Of a list: told of the list, not of the item that is not there."""
    key = key[:-1] if fault["type"] == "missing" else key
    _, expected, _, _ = _place(key, model)
    return key, f"{_shown(fault['input'])}: should be {_should(expected)}; {_example(key, expected)}"


def _own_words(text: str, value: Any, key: KeyPath, expected: Expected | None) -> str:
    """What a model of ours says, with the value where it is short and an example where it gives none."""
    shown = "" if isinstance(value, dict | list | tuple) or text.startswith(repr(value)) else f"{_shown(value)}: "
    more = "" if not key or "e.g." in text else f"; {_example(key, expected)}"
    return f"{shown}{text}{more}"


def _bad_name(key: KeyPath, expected: Expected | None) -> str:
    should = in_words(expected) if expected else "text"
    return f"the name {key[-1]!r} should be {should}; a number or a word like yes as a name needs quotes around it"


def _shown(value: Any) -> str:
    if value is None:
        return "is empty"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _should(expected: Expected | None) -> str:
    return in_words(expected) if expected else "another value"


def _hint(value: Any, expected: Expected | None) -> str:
    """What goes wrong most often."""
    kind = expected.kind if expected else None
    if kind is str and isinstance(value, bool | int | float):
        return "; put quotes around it"
    if kind in (int, float) and isinstance(value, str):
        if THOUSANDS.match(value):
            plain = re.sub(r"[^\d-]", "", value)
            return f"; write it without separators: {plain}" + ("; or with a decimal point" if "," in value else "")
        if percent := PERCENT.match(value):
            return f"; write it without %: {percent[1]}, or {float(percent[1]) / 100:g} where a share is meant"
        if comma := DECIMAL_COMMA.match(value):
            return f"; write decimals with a point: {comma[1]}.{comma[2]}"
        if unit := WITH_UNIT.match(value):
            return f"; write it without a unit: {unit[1]}"
    return ""


def _example(key: KeyPath, expected: Expected | None) -> str:
    """A line of the file that would be taken; of an item the item alone."""
    value = example_of(expected) if expected else "value"
    name = next((part for part in reversed(key) if isinstance(part, str)), "")
    held = value if key and isinstance(key[-1], str) else [value]
    text = yaml.safe_dump({name: held}, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1000)
    return f"e.g. {text.strip()[1:-1]}"
