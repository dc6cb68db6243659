"""Examples of the documentation run as they stand and give what they show."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOWN = [page for page in sorted(ROOT.glob("docs/**/*.md")) if "\n>>> " in page.read_text(encoding="utf-8")]
RUN = ["docs/theory/corridors.md"]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.stem)
def test_examples_give_what_they_show(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0


def test_there_are_examples() -> None:
    assert "library" in [page.stem for page in SHOWN]


@pytest.mark.parametrize("page", RUN)
def test_code_blocks_run(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
