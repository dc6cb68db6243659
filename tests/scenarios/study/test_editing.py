"""Keys of a settings file are changed in place: what it says is what was meant, and nothing else of its text differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasters.errors import ConfigError
from scenarios.study.documents import parse_yaml
from scenarios.study.editing import with_items, with_value
from scenarios.study.load import LIBRARY

PATH = Path("study.yaml")
TEXT = """\
# begins
a:  {x: 1, y: [1, 2]}   # of a
b:
  - one   # first
  - two

  # about c
c:
  d: >-
    folded
    text
  e: "quoted"  # of e

f: []
g:
h:
- {k: v}
"""
LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))
NEAR = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(LETTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    ("a", "x"),
    ("a", "new"),
    ("b",),
    ("c", "d"),
    ("c", "e"),
    ("c", "new"),
    ("f",),
    ("g",),
    ("h",),
    ("new",),
    ("new", "deep", "er"),
    ("g", "in"),
]


def meant(key: tuple[str, ...], value: Any) -> Any:
    data = table = parse_yaml(TEXT)
    for name in key[:-1]:
        table[name] = table.get(name) or {}
        table = table[name]
    table[key[-1]] = value
    return data


@given(st.sampled_from(KEYS), NEAR)
def test_any_value_anywhere(key: tuple[str, ...], value: Any) -> None:
    new = with_value(TEXT, key, value, PATH)
    assert parse_yaml(new) == meant(key, value)
    for comment in ("# begins", "# of a", "# about c", "# of e"):
        assert comment in new


@given(
    st.sampled_from([("a", "y"), ("b",), ("f",), ("g",), ("h",), ("new",), ("c", "new")]),
    st.lists(st.text("ab: #-", max_size=5), max_size=3),
)
def test_items_join_lists_of_every_form(key: tuple[str, ...], items: list[str]) -> None:
    before = parse_yaml(TEXT)
    for name in key:
        before = (before or {}).get(name)
    assert parse_yaml(with_items(TEXT, key, items, PATH)) == meant(key, [*(before or []), *items])
    rows = [{"id": one, "lon": 1.5} for one in items]
    assert parse_yaml(with_items(TEXT, key, rows, PATH)) == meant(key, [*(before or []), *rows])


def test_every_other_line_stays_as_it_is() -> None:
    text = (LIBRARY / "ustyurt/study.yaml").read_text(encoding="utf-8")
    new = with_items(text, ("fences", "active"), ["second"], PATH)
    new = with_items(new, ("openings",), [{"id": "gate", "lon": 56.25}], PATH)
    new = with_value(new, ("fences", "wires", "second"), {"top_m": 1.2}, PATH)
    old, lines = text.splitlines(), new.splitlines()
    assert [line for line in lines if line not in old] == [
        "  active: [kz_border_fence, second]",
        "    second: {top_m: 1.2}",
        "openings:",
        "  - {id: gate, lon: 56.25}",
    ]
    assert [line for line in old if line not in lines] == ["  active: [kz_border_fence]"]


def test_what_is_shared_by_an_anchor_is_not_changed() -> None:
    text = "a: &x [1]\nb: *x\n"
    with pytest.raises(
        ConfigError, match=r"study.yaml: b: cannot be changed in place, as it is written here; write b: \[2\] there"
    ):
        with_value(text, ("b",), [2], PATH)
