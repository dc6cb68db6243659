"""The reference is generated, and what is committed is what would be written now."""

from __future__ import annotations

import pytest

from scenarios.outputs.kinds import KINDS
from tests.support import columns_page, commands_page, keys_page
from tests.support.places import ROOT

EXPORTS = ROOT / "docs" / "how-to" / "exports.md"


@pytest.mark.parametrize(
    "source", [columns_page, commands_page, keys_page], ids=lambda one: one.__name__.rpartition(".")[2]
)
def test_the_page_is_up_to_date(source: object) -> None:
    assert source.PAGE.read_text(encoding="utf-8") == source.page(), f"run python -m {source.__name__}"


def test_every_key_is_explained_and_has_an_example_or_a_table() -> None:
    rows = [line.split(" | ") for line in keys_page.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    assert [row[0] for row in rows if not row[1].strip()] == []
    assert [row[0] for row in rows if not row[2].strip()] == []


def test_every_option_is_explained() -> None:
    rows = [line.split(" | ") for line in commands_page.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert [row[0] for row in rows if not row[2].strip()] == []


def test_the_page_of_exports_lists_every_kind_and_the_least_precise_audience_that_it_serves() -> None:
    rows = [line.strip("|").split("|") for line in EXPORTS.read_text(encoding="utf-8").splitlines()]
    told = {row[0].strip(" `"): row[-1].partition("(")[0].strip() for row in rows if len(row) == 3 and "`" in row[0]}
    assert told == {name: kind.serves.value for name, kind in KINDS.items()}
